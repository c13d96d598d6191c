"""Reading a hazard that moves: maps of one kind and unit, each with its time after the warning."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience_geo.errors import (
    InputError,
    Message,
    Problem,
    ResilienceGeoError,
    UnitError,
    raise_problems,
)
from resilience_geo.inputs.grids import Grid
from resilience_geo.inputs.hazard import Hazard, read_hazard

if TYPE_CHECKING:
    from collections.abc import Iterable

    from resilience_geo.inputs.hazard_choices import Classes

Source = str | Path | Grid | Mapping[str, str | Path] | Hazard
"""What `read_hazard` reads, or a hazard that has been read."""

Found = list[tuple[type[ResilienceGeoError], Problem]]


@dataclass(frozen=True, kw_only=True, eq=False)
class HazardSeries:
    """A hazard at several times, as it comes.

    Parameters
    ----------
    times_min
        Minutes after the warning, rising, each once; 0 or more.
    hazards
        The hazard at each of these times, all of one kind and unit.
    kind
        Kind of all of them.
    notes
        What was assumed when they were read.
    """

    times_min: tuple[float, ...]
    hazards: tuple[Hazard, ...]
    kind: str
    notes: tuple[Message, ...] = ()

    @property
    def unit(self) -> str:
        """Unit of all maps."""
        return self.hazards[0].unit

    @property
    def source(self) -> str:
        """Files of all maps, in their order."""
        return ", ".join(hazard.source for hazard in self.hazards)


def read_hazard_series(
    files: Mapping[float, Source] | Iterable[tuple[float, Source]],
    kind: str = "flood",
    unit: str | None = None,
    classes: Classes = None,
    *,
    nodata: str = "unknown",
    class_column: str | None = None,
    band: int | str | None = None,
    layer: str | None = None,
) -> HazardSeries:
    """Read a hazard that moves, such as a flood that spreads: one map for each of several times.

    Parameters
    ----------
    files
        Minutes after the warning to map, `{0: "t0.tif", 60: "t60.tif"}`, or pairs of the two, in
        the order of time. A map is whatever `read_hazard` reads, or a `Hazard` read before (one
        band of a file each, for instance).
    kind, unit, classes, nodata, class_column, band, layer
        As for `read_hazard`, the same for every map that is not yet read.

    Returns
    -------
    HazardSeries
        The maps with their times.

    Raises
    ------
    InputError
        No map, times that are no numbers, negative, repeated or out of order, or maps of several
        kinds; also where problems of several sorts come together.
    UnitError
        Maps of several units, or whatever else `read_hazard` finds wrong with a unit.
    InputFileError, CrsError, ColumnError
        A map cannot be read. All that is wrong with times and maps is named at once.
    """
    pairs, problems = _pairs(files)
    problems += _problems_with_times([time for time, _ in pairs])
    hazards: list[Hazard] = []
    for _, source in pairs:
        if isinstance(source, Hazard):
            hazards.append(source)
            continue
        try:
            hazard = read_hazard(
                source,
                kind,
                unit,
                classes,
                nodata=nodata,
                class_column=class_column,
                band=band,
                layer=layer,
            )
        except ResilienceGeoError as error:
            # A file that stands for several times is complained of once.
            new = [(type(error), problem) for problem in error.problems]
            problems += [one for one in new if one not in problems]
        else:
            hazards.append(hazard)
    problems += _problems_with_company(hazards)
    raise_problems(problems)
    return HazardSeries(
        times_min=tuple(float(time) for time, _ in pairs),
        hazards=tuple(hazards),
        kind=hazards[0].kind,
        notes=_notes(hazards),
    )


def _pairs(files: Any) -> tuple[list[tuple[Any, Any]], Found]:
    """Return times and maps in the order given, and what is wrong with that list."""
    rows = list(files.items()) if isinstance(files, Mapping) else files
    listed = not isinstance(rows, (str, bytes, Path, Hazard, Grid)) and hasattr(rows, "__iter__")
    rows = list(rows) if listed else [rows]
    pairs = [tuple(row) for row in rows if isinstance(row, (tuple, list)) and len(row) == 2]  # noqa: PLR2004 - a pair
    if rows and len(pairs) == len(rows):
        return [(time, source) for time, source in pairs], []
    strange = next((row for row in rows if not isinstance(row, (tuple, list))), None)
    found = Message("no hazard map at all") if not rows else Message("{value}", value=repr(strange))
    if rows and strange is None:
        found = Message("rows that are not two things each")
    return [], [
        (
            InputError,
            Problem(
                found=found,
                expected=Message("hazard maps, each with its minutes after the warning"),
                remedy=Message("give a mapping of minutes to files, or pairs of the two"),
            ),
        )
    ]


def _problems_with_times(times: list[Any]) -> Found:
    """Return what is wrong with the times of a series."""
    wrong = [time for time in times if not _is_time(time)]
    problems: Found = [
        (
            InputError,
            Problem(
                found=Message("the time {time}", time=repr(time)),
                expected=Message("minutes after the warning, a number of 0 or more"),
                remedy=Message("correct the time of this map"),
            ),
        )
        for time in wrong
    ]
    fine = [time for time in times if _is_time(time)]
    if any(after <= before for before, after in pairwise(fine)):
        problems.append(
            (
                InputError,
                Problem(
                    found=Message("maps at {times} min", times=", ".join(f"{t:g}" for t in fine)),
                    expected=Message("rising times, each once"),
                    remedy=Message("list the maps in the order of their times, one for each time"),
                ),
            )
        )
    return problems


def _is_time(time: Any) -> bool:
    """Say whether a value can be minutes after the warning."""
    number = isinstance(time, Real) and not isinstance(time, bool)
    return number and math.isfinite(time) and time >= 0


def _problems_with_company(hazards: list[Hazard]) -> Found:
    """Return which maps are of another kind or unit than the first."""
    return [
        (
            InputError if hazard.kind != hazards[0].kind else UnitError,
            Problem(
                file=hazard.source or None,
                found=Message("a map of {kind} in {unit}", kind=hazard.kind, unit=hazard.unit),
                expected=Message(
                    "a map of {kind} in {unit}, like the first of the series",
                    kind=hazards[0].kind,
                    unit=hazards[0].unit,
                ),
                remedy=Message("give maps of one kind and one unit"),
            ),
        )
        for hazard in hazards
        if (hazard.kind, hazard.unit) != (hazards[0].kind, hazards[0].unit)
    ]


def _notes(hazards: list[Hazard]) -> tuple[Message, ...]:
    """Return the notes of all maps, each once.

    Before the water comes a map is shallow; that its unit should be checked is said only where
    every map of the series is that strange.
    """
    strange = [any("deepest" in note.values for note in hazard.notes) for hazard in hazards]
    notes = dict.fromkeys(note for hazard in hazards for note in hazard.notes)
    return tuple(note for note in notes if all(strange) or "deepest" not in note.values)
