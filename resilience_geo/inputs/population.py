"""Reading a population layer and guarding its unit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.errors import InputError, Message, Problem, UnitError
from resilience_geo.inputs.rasters import Grid, cell_areas_m2, read_grid

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# Square metres that the people of a cell are given for; None: the cell itself.
POPULATION_UNITS: dict[str, float | None] = {
    "people_per_cell": None,
    "people_per_ha": 10_000.0,
    "people_per_km2": 1_000_000.0,
}

# The densest kelurahan of Indonesia have about 100 000 people per km2 (judgement: twice that).
CROWDED_PEOPLE_PER_KM2 = 200_000.0
_GUARDED_TOTAL = 1_000_000.0
_CROWDED_SHARE = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class Population:
    """People on a grid.

    Parameters
    ----------
    grid
        The raster.
    unit
        "people_per_cell", "people_per_ha" or "people_per_km2".
    scale
        Raw value x scale = value in `unit`.
    source
        File the layer comes from.
    notes
        What was assumed when it was read.
    """

    grid: Grid
    unit: str = "people_per_cell"
    scale: float = 1.0
    source: str = ""
    notes: tuple[Message, ...] = ()

    def people(self, rows: slice, columns: slice) -> NDArray[np.float64]:
        """Return people per cell of a window; cells without data hold 0."""
        values, valid = self.grid.read(rows, columns)
        people = np.where(valid, values, 0).astype(np.float64) * self.scale
        per_m2 = POPULATION_UNITS[self.unit]
        if per_m2 is not None:
            people *= (cell_areas_m2(self.grid, rows) / per_m2)[:, np.newaxis]
        return np.asarray(people)

    @cached_property
    def total(self) -> float:
        """All people of the layer."""
        return float(sum(self.people(*window).sum() for window in self.grid.windows()))


# Units as hazard and height rasters state them; a population layer holds none of these.
_NO_PEOPLE = frozenset({"m", "metre", "meter", "metres", "meters", "cm", "index", "class"})


def read_population(
    path: str | Path | Grid,
    unit: str = "people_per_cell",
    scale: float = 1.0,
    *,
    band: int | str | None = None,
) -> Population:
    """Read a population raster.

    Parameters
    ----------
    path
        Raster (or a `Grid`) of people: counts per cell, or densities.
    unit
        "people_per_cell", "people_per_ha" or "people_per_km2".
    scale
        Raw value x scale = value in `unit`; persons per 10 ha are `unit="people_per_ha"`,
        `scale=0.1`.
    band
        Number of the band, or name of the variable, where there are several.

    Returns
    -------
    Population
        People per cell in windows, nodata as 0.

    Raises
    ------
    InputFileError, CrsError
        As `read_grid`.
    InputError
        A cell holds a negative number.
    UnitError
        The unit is unknown, or the values cannot be people in this unit: more than a million
        people in all, more than a tenth of them in cells with over 200 000 people per km2.
    """
    name = path.name if isinstance(path, Grid) else str(path).replace("\\", "/").rpartition("/")[2]
    if unit not in POPULATION_UNITS:
        raise UnitError(
            Problem(
                file=name,
                found=Message("the population unit {unit}", unit=repr(unit)),
                expected=Message("one of {units}", units=", ".join(POPULATION_UNITS)),
                remedy=Message("choose one of them with unit="),
            )
        )
    if not 0 < scale < np.inf:
        raise UnitError(
            Problem(
                file=name,
                found=Message("the scale {scale}", scale=scale),
                expected=Message("a number above 0"),
                remedy=Message("give scale= such that raw value x scale is in {unit}", unit=unit),
            )
        )
    grid = path if isinstance(path, Grid) else read_grid(path, band=band)
    _check_stated_unit(grid, unit)
    source = name if isinstance(path, Grid) else str(path)
    people = Population(grid=grid, unit=unit, scale=scale, source=source, notes=grid.notes)
    _check_sign(grid)
    _check_density(people)
    return people


def _check_stated_unit(grid: Grid, unit: str) -> None:
    """Refuse a unit that the file itself contradicts: depths are no people, counts no densities."""
    stated = (grid.stated_unit or "").strip().lower()
    counts = stated in {"people", "persons", "jiwa"}
    if stated in _NO_PEOPLE or (counts and unit != "people_per_cell"):
        raise UnitError(
            Problem(
                file=grid.name,
                found=Message(
                    "the unit {unit}, while the file itself states {stated}",
                    unit=unit,
                    stated=grid.stated_unit,
                ),
                expected=Message("one unit"),
                remedy=Message("correct unit=, or choose the population layer"),
            )
        )


def _check_sign(grid: Grid) -> None:
    """Refuse negative numbers of people."""
    count, first = 0, ""
    for rows, columns in grid.windows():
        values, valid = grid.read(rows, columns)
        negative = valid & (values < 0)
        if negative.any() and not count:
            row, column = np.argwhere(negative)[0]
            first = f"{row + rows.start}, column {column} ({values[row, column]})"
        count += int(negative.sum())
    if count:
        raise InputError(
            Problem(
                file=grid.name,
                row=first,
                found=Message("{count} cells with less than 0 people", count=count),
                expected=Message("0 or more people in every cell"),
                remedy=Message(
                    "declare that value as nodata (gdal_edit.py -a_nodata) if it means no data"
                ),
            )
        )


def _check_density(people: Population) -> None:
    """Refuse values that are far denser than people live."""
    total = crowded = densest = 0.0
    for rows, columns in people.grid.windows():
        counts = people.people(rows, columns)
        per_km2 = counts / (cell_areas_m2(people.grid, rows) / 1e6)[:, np.newaxis]
        total += float(counts.sum())
        crowded += float(counts[per_km2 > CROWDED_PEOPLE_PER_KM2].sum())
        densest = max(densest, float(per_km2.max(initial=0.0)))
    if total > _GUARDED_TOTAL and crowded > _CROWDED_SHARE * total:
        raise UnitError(
            Problem(
                file=people.grid.name,
                found=Message(
                    "{total:,.0f} people in all, {share:.0%} of them in cells with more than "
                    "{limit:,.0f} per km2 (up to {densest:,.0f}), read as {unit}, scale {scale}",
                    total=total,
                    share=crowded / total,
                    limit=CROWDED_PEOPLE_PER_KM2,
                    densest=densest,
                    unit=people.unit,
                    scale=people.scale,
                ),
                expected=Message("a density people live at"),
                remedy=Message(
                    "state the raster's own unit= and scale=, for instance people_per_ha and 0.1 "
                    "for persons per 10 hectares"
                ),
            )
        )
