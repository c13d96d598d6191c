"""The options of a hazard map: kind, unit, cut points, and what codes and words mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from resilience_geo.errors import InputError, Message, Problem, UnitError
from resilience_geo.hazard_classes import (
    CLASS_NAMES,
    HAZARD_KINDS,
    HAZARD_UNITS,
    SCHEMES,
    class_of_text,
)

NODATA_MEANINGS = ("unknown", "none")
CM_PER_M = 100.0

Classes = Mapping[Any, Any] | Sequence[float] | None
"""Three cut points, or code or word to class name."""

Cuts = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class HazardChoices:
    """What the caller said about a hazard map, checked.

    Parameters
    ----------
    name
        File, for messages.
    kind, unit
        As in `read_hazard`; `unit` is None when it was left out.
    cuts
        Cut points given, in `unit`.
    mapping
        Text of a code or word, lower case, to hazard class, as given.
    """

    name: str
    kind: str
    unit: str | None
    cuts: Cuts | None = None
    mapping: Mapping[str, int] | None = None

    @property
    def scale(self) -> float:
        """Raw value x scale = value in the unit of the hazard."""
        return 1.0 / CM_PER_M if self.unit == "cm" else 1.0

    def scheme(self, unit: str) -> tuple[Cuts, str]:
        """Return the cut points that hold in `unit` ("m" or "index"), and where they come from.

        Raises
        ------
        UnitError
            None are given and none are known for this kind and unit.
        """
        if self.cuts is not None:
            per_metre = CM_PER_M if self.unit == "cm" else 1.0
            low, medium, high = (value / per_metre for value in self.cuts)
            return (low, medium, high), "given by the user"
        scheme = SCHEMES.get((self.kind, unit))
        if scheme is None:
            raise UnitError(
                Problem(
                    file=self.name,
                    found=Message("a {kind} map in {unit}", kind=self.kind, unit=unit),
                    expected=Message("a kind and unit with known cut points"),
                    remedy=Message("give three cut points with classes=(low, medium, high)"),
                )
            )
        return scheme.cuts, f"{scheme.source} [{scheme.confidence}]"


def checked_choices(
    name: str, *, kind: str, unit: str | None, classes: Classes, nodata: str
) -> HazardChoices:
    """Check the options of `read_hazard`, all at once.

    Raises
    ------
    UnitError
        Only the unit is unknown.
    InputError
        Another word is not of the contract, cut points do not rise, a class name says nothing, or
        `classes` does not go with `unit`.
    """
    problems = [
        Problem(
            file=name,
            found=Message("{option}={value}", option=option, value=repr(value)),
            expected=Message("one of {choices}", choices=", ".join(choices)),
            remedy=Message("choose one of them with {option}=", option=option),
        )
        for option, value, choices in (
            ("unit", unit, HAZARD_UNITS),
            ("kind", kind, HAZARD_KINDS),
            ("nodata", nodata, NODATA_MEANINGS),
        )
        if value not in choices and not (option == "unit" and value is None)
    ]
    if len(problems) == 1 and unit not in {None, *HAZARD_UNITS}:
        raise UnitError(problems)
    if problems:
        raise InputError(problems)
    if classes is None:
        return HazardChoices(name=name, kind=kind, unit=unit)
    if isinstance(classes, Mapping):
        if unit not in {None, "class"}:
            raise _does_not_go(name, unit, Message("three cut points in that unit"))
        mapping = {
            _key(code): class_number(word, file=name, option="classes")
            for code, word in classes.items()
        }
        return HazardChoices(name=name, kind=kind, unit=unit, mapping=mapping)
    if unit == "class":
        raise _does_not_go(name, unit, Message("a mapping of code to class name"))
    return HazardChoices(name=name, kind=kind, unit=unit, cuts=_cuts(classes, name))


def _does_not_go(name: str, unit: str | None, expected: Message) -> InputError:
    """Return the error for classes that the unit has no use for."""
    return InputError(
        Problem(
            file=name,
            found=Message("classes= that do not go with the unit {unit}", unit=unit),
            expected=expected,
            remedy=Message("change classes= or unit="),
        )
    )


def _key(code: object) -> str:
    """Return a code as the text it is compared by: 1, 1.0 and "1" are the same."""
    text = str(code).strip().lower()
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else text


def _cuts(values: Sequence[float], name: str) -> Cuts:
    """Return three rising numbers."""
    try:
        low, medium, high = (float(value) for value in values)
        rising = all(first < second for first, second in pairwise((low, medium, high)))
    except (TypeError, ValueError):
        rising = False
    if not rising:
        raise InputError(
            Problem(
                file=name,
                found=Message("classes={classes}", classes=values),
                expected=Message("three rising cut points, or a mapping to class names"),
                remedy=Message("give the lower bounds of low, medium and high: (0.1, 0.76, 1.5)"),
            )
        )
    return low, medium, high


def class_number(value: object, *, file: str, option: str) -> int:
    """Return the number of a class given by its name, by an Indonesian word, or as 0..4.

    Raises
    ------
    InputError
        It says no class.
    """
    if isinstance(value, str):
        lowered = value.strip().lower()
        found = CLASS_NAMES.index(lowered) if lowered in CLASS_NAMES else class_of_text(value)
        if found is not None:
            return found
    elif isinstance(value, (int, np.integer)) and value in range(len(CLASS_NAMES)):
        return int(value)
    raise InputError(
        Problem(
            file=file,
            found=Message("the hazard class {value}", value=repr(value)),
            expected=Message("one of {names}", names=", ".join(CLASS_NAMES)),
            remedy=Message("correct the class names in {option}=", option=option),
        )
    )
