"""The options of a run over many villages, from a configuration file and from what is said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience_geo.analysis.workings import NATIONAL
from resilience_geo.errors import InputError, Message, Problem
from resilience_geo.inputs.grids import is_remote
from resilience_geo.run_config import read_config
from resilience_geo.run_options import (
    BATCH_DETAILS,
    BATCH_FLAGS,
    DETAILS,
    INPUTS,
    MAP_DETAILS,
    OPTIONAL,
    PLAN_DETAILS,
    UNSAID,
    option_field,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

FILE_OPTIONS: tuple[str, ...] = (
    *(option_field(flag) for flag, *_ in DETAILS["basemap"].values()),
    "logo",
)
"""Options besides the inputs that name files."""
_SEVERAL = ("hazard", *(option_field(flag) for flag, *_ in DETAILS["hazard"].values()))
_LISTS = ("village", "emergency")


def run_defaults() -> dict[str, Any]:
    """Return every option of a run by name, with its default or None."""
    found: dict[str, Any] = dict.fromkeys(INPUTS)
    details = [detail for each in DETAILS.values() for detail in each.values()]
    details += [*PLAN_DETAILS.values(), *MAP_DETAILS.values(), *BATCH_DETAILS.values()]
    for flag, _, *default in details:
        found[option_field(flag)] = default[0] if default else None
    found |= {"village": (), "emergency": (), "scale": None, "procedure": True}
    return found | dict.fromkeys(BATCH_FLAGS, False)


def batch_options(
    config: str | os.PathLike[str] | None, given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return all options of a run, and the assumptions its configuration file states.

    Parameters
    ----------
    config
        TOML file, or None.
    given
        Options by name; they go before those of the file.

    Raises
    ------
    InputError
        Names that do not exist, words that are none of the choices, inputs that are missing.
    """
    said = {} if config is None else read_config(Path(config))
    assumed = dict(pair.partition("=")[::2] for pair in said.pop("assume", ()))
    said.pop("workers", None)  # of the machine, not of the plan
    known = run_defaults()
    given = {name: value for name, value in given.items() if value is not None}
    options = {**known, **said, **given}
    problems = [
        *_unknown(given, known),
        *_missing(options),
        *_wrong_words(options),
    ]
    if problems:
        raise InputError(problems)
    for name in (*_SEVERAL, *_LISTS):
        value = options[name]
        if not _is_list(value):
            options[name] = () if value is None else (value,)
    options[UNSAID] = {name for name in options if name not in said and name not in given}
    return options, assumed


def as_read(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with every path whole, so that a worker elsewhere finds the same file."""
    found = dict(options)
    for name in (*INPUTS, *FILE_OPTIONS):
        value = options.get(name)
        if isinstance(value, (list, tuple)):
            found[name] = tuple(map(_whole_path, value))
        elif value:
            found[name] = _whole_path(value)
    return found


def _is_list(value: Any) -> bool:
    """Return whether an option was given as a list."""
    return isinstance(value, (list, tuple))


def _whole_path(value: Any) -> Any:
    """Return a path from the root of the disk; words and addresses stay."""
    if str(value) == NATIONAL or is_remote(value):
        return value
    return Path(value).absolute()


def _unknown(given: Iterable[str], known: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of names that do not exist."""
    return [
        Problem(
            found=Message("an option {text}", text=name),
            expected=Message("one of {names}", names=", ".join(known)),
            remedy=Message("see resilience-geo batch --help"),
        )
        for name in given
        if name not in known
    ]


def _missing(options: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of inputs nobody named."""
    return [
        Problem(
            found=Message("no {name}", name=name),
            expected=Message("the path of a file"),
            remedy=Message("name it, or a configuration file that does"),
        )
        for name in INPUTS
        if name not in OPTIONAL and not options.get(name)
    ]


def _wrong_words(options: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of options that may be one of some words."""
    details = [detail for each in DETAILS.values() for detail in each.values()]
    details += [*PLAN_DETAILS.values(), *MAP_DETAILS.values(), *BATCH_DETAILS.values()]
    chosen = [
        (flag, value, more[1].split())
        for flag, _, *more in details
        if len(more) > 1
        for value in _listed(options.get(option_field(flag)))
    ]
    return [
        Problem(
            file=flag,
            found=Message("{value}", value=repr(value)),
            expected=Message("one of {names}", names=", ".join(choices)),
            remedy=Message("write it that way"),
        )
        for flag, value, choices in chosen
        if value not in (None, "", *choices)
    ]


def _listed(value: Any) -> list[Any]:
    """Return the values of an option, given once or several times."""
    return list(value) if _is_list(value) else [value]
