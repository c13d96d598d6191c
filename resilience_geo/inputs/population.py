"""Reading a population layer and guarding its unit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from resilience_geo.errors import InputError, Message, Problem, UnitError
from resilience_geo.inputs.rasters import (
    Grid,
    around,
    cell_areas_m2,
    name_of,
    read_grid,
    source_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
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
        return self.counted(rows, *self.grid.read(rows, columns))

    def counted(
        self, rows: slice, values: NDArray[Any], valid: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Return people per cell of a window that is read already.

        Parameters
        ----------
        rows
            Its rows.
        values, valid
            What `grid.read` gave for it.
        """
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
    within: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
) -> Population:
    """Read a population raster.

    Parameters
    ----------
    path
        Raster (or a `Grid`) of people: counts per cell, or densities. As a file or as an address
        (https://...).
    unit
        "people_per_cell", "people_per_ha" or "people_per_km2".
    scale
        Raw value x scale = value in `unit`; persons per 10 ha are `unit="people_per_ha"`,
        `scale=0.1`.
    band
        Number of the band, or name of the variable, where there are several.
    within
        Villages: only the box around them, 3 km wider, is read and checked, and is the layer.

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
    name = path.name if isinstance(path, Grid) else name_of(path)
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
    if isinstance(path, Grid):
        grid = path if within is None else around(within, path)
    else:
        grid = read_grid(path, band=band, within=within)
    _check_stated_unit(grid, unit)
    source = name if isinstance(path, Grid) else source_of(path)
    people = Population(grid=grid, unit=unit, scale=scale, source=source, notes=grid.notes)
    _check_people(people)
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


def _check_people(people: Population) -> None:
    """Refuse negative numbers, and values that are far denser than people live."""
    grid = people.grid
    n_negative, first = 0, ""
    total = crowded = densest = 0.0
    for rows, columns in grid.windows():
        values, valid = grid.read(rows, columns)
        if not valid.any():
            continue
        negative = valid & (values < 0)
        if negative.any() and not n_negative:
            row, column = np.argwhere(negative)[0]
            where = f"{row + rows.start}, column {column + columns.start}"
            first = f"{where} ({values[row, column]})"
        n_negative += int(negative.sum())
        counts = people.counted(rows, values, valid)
        per_km2 = counts / (cell_areas_m2(grid, rows) / 1e6)[:, np.newaxis]
        total += float(counts.sum())
        crowded += float(counts[per_km2 > CROWDED_PEOPLE_PER_KM2].sum())
        densest = max(densest, float(per_km2.max(initial=0.0)))
    _refuse_negative(grid, n_negative, first)
    if total > _GUARDED_TOTAL and crowded > _CROWDED_SHARE * total:
        _refuse_crowd(people, total, crowded, densest)


def _refuse_negative(grid: Grid, count: int, first: str) -> None:
    """Refuse negative numbers of people, if there are any; `first` is where."""
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


def _refuse_crowd(people: Population, total: float, crowded: float, densest: float) -> None:
    """Raise the error for values that are no people in this unit."""
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
