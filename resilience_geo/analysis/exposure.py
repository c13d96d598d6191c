"""Exposed people: how many people of each village live in each hazard class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from resilience_geo.analysis.cell_shares import (
    N_CLASSES,
    CellShares,
    Window,
    polygon_cell_shares,
    shifted,
)
from resilience_geo.analysis.class_shares import (
    PlacedHazard,
    hazard_cells_per_cell,
    only_classes,
    placed_hazards,
)
from resilience_geo.analysis.joint_shares import class_shares
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.errors import Message, OverlapError, Problem
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.inputs.hazards import combine_hazards
from resilience_geo.tables import village_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.inputs.hazard import Hazard
    from resilience_geo.inputs.population import Population
    from resilience_geo.inputs.rasters import Grid

    # Position of the village, row-major number of the cell in the whole grid, and people.
    _Leaving = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]

MAX_BLOCK_CELLS = 2_000_000


@dataclass(frozen=True)
class PopulatedCells:
    """Parts of population cells inside villages whose people leave.

    Parameters
    ----------
    village
        Position of the village, ascending.
    x, y
        Centre of the cell in the population layer's CRS.
    people
        People of the evacuating classes in the part, above 0, not whole.
    crs
        CRS of `x` and `y`.
    """

    village: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    people: NDArray[np.float64]
    crs: pyproj.CRS


@dataclass(frozen=True)
class Exposure:
    """People by village and hazard class, and where those who leave live.

    Parameters
    ----------
    people
        Shape (n_villages, 5): people per class.
    outside
        Shape (5,): people of the layer outside all villages.
    known_area
        Shape (n_villages,): share of the village's area where the population layer has a value.
    cells
        Cells whose people leave.
    """

    people: NDArray[np.float64]
    outside: NDArray[np.float64]
    known_area: NDArray[np.float64]
    cells: PopulatedCells


def village_exposure(
    villages: gpd.GeoDataFrame,
    hazard: Hazard | Sequence[Hazard],
    people: Population,
    *,
    assumptions: EvacuationAssumptions | None = None,
) -> pd.DataFrame:
    """Count exposed people (people) of every village by hazard class.

    A population cell that a border crosses counts by the exact share of its area inside; where
    the hazard is on another grid, in another CRS or made of polygons, a cell's people are split
    by the area share of each class inside the cell. No person is lost or counted twice. Where
    several hazards count together, every place takes the gravest class of any of them.

    Parameters
    ----------
    villages
        From `read_villages`.
    hazard
        From `read_hazard`; several in a list count together, see `combine_hazards`.
    people
        From `read_population`.
    assumptions
        `evacuating_classes` decides who is an evacuee.

    Returns
    -------
    pandas.DataFrame
        Index `village_code` in the order of `villages`; columns `village_name`, `people_total`,
        `people_none`, `people_low`, `people_medium`, `people_high`, `people_unknown` (people, not
        rounded), `evacuees` (whole people), `population_known_share` (share of the area where the
        population layer has a value). `attrs["outside"]` maps each class and `total` to the
        people of the layer outside all villages: villages + outside = the layer.

    Raises
    ------
    OverlapError
        The villages lie wholly outside the population layer.
    """
    chosen = assumptions or EvacuationAssumptions()
    exposure = expose(villages, combine_hazards(hazard), people, chosen, keep_cells=False)
    return exposure_table(villages, exposure, chosen)


def exposure_table(
    villages: gpd.GeoDataFrame, exposure: Exposure, assumptions: EvacuationAssumptions
) -> pd.DataFrame:
    """Return the exposure as the table of `village_exposure`."""
    frame = village_table(villages)
    table = pd.DataFrame({"village_name": frame["village_name"]}, index=frame.index)
    table["people_total"] = exposure.people.sum(axis=1)
    for position, name in enumerate(CLASS_NAMES):
        table[f"people_{name}"] = exposure.people[:, position]
    evacuating = [CLASS_NAMES.index(name) for name in assumptions.evacuating_classes]
    table["evacuees"] = whole(exposure.people[:, evacuating].sum(axis=1))
    table["population_known_share"] = exposure.known_area
    table.attrs["outside"] = {
        "total": float(exposure.outside.sum()),
        **{name: float(exposure.outside[i]) for i, name in enumerate(CLASS_NAMES)},
    }
    return table


def whole(people: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round people to whole people, halves up (half a person is somebody)."""
    # A sum of shares may end a hair below the half it stands for.
    return np.floor(people + 0.5 + 1e-9).astype(np.int64)


def whole_per_village(
    village: NDArray[np.int64], people: NDArray[np.float64], totals: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Make whole people per cell by largest remainder, so that a village keeps its rounded total.

    Parameters
    ----------
    village
        Position of the village of each cell.
    people
        People of each cell, not whole.
    totals
        Whole people of each village.

    Returns
    -------
    ndarray of int64
        Whole people per cell; ties go to the earlier cell.
    """
    floors = np.floor(people + 1e-9).astype(np.int64)
    remainder = np.maximum(people - floors, 0.0)
    missing = totals - np.bincount(village, weights=floors, minlength=totals.size).astype(np.int64)
    # Rounding to 1e-9 keeps float noise from deciding between equal remainders.
    order = np.lexsort((np.arange(people.size), -np.round(remainder, 9), village))
    sizes = np.bincount(village, minlength=totals.size)
    starts = np.cumsum(sizes) - sizes
    rank = np.arange(people.size) - starts[village[order]]
    floors[order[rank < missing[village[order]]]] += 1
    return floors


def expose(
    villages: gpd.GeoDataFrame,
    hazard: Hazard,
    people: Population,
    assumptions: EvacuationAssumptions,
    *,
    keep_cells: bool = True,
) -> Exposure:
    """Compute exposure block by block, so that a raster larger than memory passes through.

    Blocks without a village are read too: people outside all villages are counted as well.

    Parameters
    ----------
    villages, hazard, people, assumptions
        As `village_exposure`; one hazard.
    keep_cells
        Whether to say in which cells those who leave live; there are tens of millions of them in
        a nation.
    """
    grid, n_villages = people.grid, len(villages)
    polygons = np.asarray(villages.geometry.to_crs(grid.crs).array)
    bounds = shapely.bounds(polygons)
    evacuating = [CLASS_NAMES.index(name) for name in assumptions.evacuating_classes]
    layers = placed_hazards(hazard, grid.crs)
    overlapping = _overlapping(villages, polygons)
    totals, outside = np.zeros((n_villages, N_CLASSES)), np.zeros(N_CLASSES)
    known = np.zeros(n_villages)
    found: list[_Leaving] = []
    touched = False
    for rows, columns in grid.windows(_block_cells(hazard_cells_per_cell(layers, grid))):
        window = _window(grid, rows, columns)
        near = _near(bounds, window)
        values, valid = grid.read(rows, columns)
        if not near.size and not valid.any():
            continue
        shares = polygon_cell_shares(polygons[near], window)
        shares = CellShares(near[shares.polygon], shares.cell, shares.share)
        touched = touched or shares.cell.size > 0
        known += np.bincount(
            shares.polygon, shares.share * valid.ravel()[shares.cell], minlength=n_villages
        )
        counts = people.counted(rows, values, valid).ravel()
        if not counts.any():
            continue
        if overlapping.size:
            shares = _without_double_counting(shares, polygons, overlapping, window)
        by_class, beyond = _by_class(window, counts, shares, grid.crs, layers)
        outside += beyond
        for position in range(N_CLASSES):
            totals[:, position] += np.bincount(
                shares.polygon, by_class[position], minlength=n_villages
            )
        if keep_cells:
            leaving = by_class[evacuating].sum(axis=0)
            some = leaving > 0.0
            row, column = np.divmod(shares.cell[some], window.n_columns)
            place = (row + rows.start) * grid.shape[1] + column + columns.start
            found.append((shares.polygon[some], place, leaving[some]))
    if not touched:
        raise OverlapError(_no_overlap(villages, people))
    cell_area = abs(grid.transform.a * grid.transform.e)
    area = np.maximum(shapely.area(polygons), 1e-300)
    return Exposure(
        people=totals,
        outside=outside,
        known_area=np.clip(known * cell_area / area, 0.0, 1.0),
        cells=_gather(found, grid),
    )


def _by_class(
    window: Window,
    counts: NDArray[np.float64],
    shares: CellShares,
    crs: pyproj.CRS,
    layers: Sequence[PlacedHazard],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return people of each part of a cell by class, and people outside all villages by class.

    Shapes (5, n_parts) and (5,).
    """
    inside = np.bincount(shares.cell, shares.share, minlength=window.n_cells)
    rest = counts * np.clip(1.0 - inside, 0.0, None)
    # Shares are exact to seven digits: together they may be a hair more than the whole cell.
    people = shares.share * (counts / np.maximum(inside, 1.0))[shares.cell]
    only = only_classes(window, crs, layers)
    if only is not None:
        by_class = np.where(only[shares.cell] == np.arange(N_CLASSES)[:, None], people, 0.0)
        return by_class, np.bincount(only, rest, minlength=N_CLASSES).astype(np.float64)
    split = class_shares(window, counts, crs, layers)
    beyond = np.array([rest @ share for share in split])
    return people * split[:, shares.cell], beyond


def _gather(found: list[_Leaving], grid: Grid) -> PopulatedCells:
    """Join the cells of all blocks, village by village, north to south and west to east."""
    nothing = np.empty(0, dtype=np.int64)
    parts = [(nothing, nothing, np.empty(0)), *found]
    village, place = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
    leaving = np.concatenate([part[2] for part in parts])
    order = np.lexsort((place, village))
    cells = Window(grid.transform, *grid.shape)
    x, y = cells.centres(place[order])
    return PopulatedCells(village[order], x, y, leaving[order], grid.crs)


def _block_cells(hazard_cells: float) -> int:
    """Return how many cells a block may have so that both rasters keep within the block size."""
    return max(1, int(MAX_BLOCK_CELLS / max(1.0, hazard_cells / 4.0)))


def _window(grid: Grid, rows: slice, columns: slice) -> Window:
    """Return where a block lies."""
    transform = shifted(grid.transform, rows.start, columns.start)
    return Window(transform, rows.stop - rows.start, columns.stop - columns.start)


def _near(bounds: NDArray[np.float64], window: Window) -> NDArray[np.int64]:
    """Return positions of the boxes that reach into a window."""
    west, south, east, north = window.bounds
    return np.flatnonzero(
        (bounds[:, 0] < east)
        & (bounds[:, 2] > west)
        & (bounds[:, 1] < north)
        & (bounds[:, 3] > south)
    )


def _overlapping(villages: gpd.GeoDataFrame, polygons: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return positions of villages that share area with another; read_villages has looked."""
    codes, area = villages.attrs.get("overlaps", ((), None))
    # Polygons that were changed since they were read have another area.
    if area == float(shapely.area(np.asarray(villages.geometry.array)).sum()):
        return np.flatnonzero(village_table(villages).index.isin(codes))
    tree = shapely.STRtree(polygons)
    one, other = tree.query(polygons)
    pair = one < other
    one, other = one[pair], other[pair]
    shared = shapely.area(shapely.intersection(polygons[one], polygons[other])) > 0.0
    return np.unique(np.concatenate([one[shared], other[shared]]))


def _without_double_counting(
    shares: CellShares,
    polygons: NDArray[np.object_],
    overlapping: NDArray[np.int64],
    window: Window,
) -> CellShares:
    """Share a cell's people among villages that overlap in it, so that nobody counts twice.

    The part of a cell that they cover together is what counts; it is divided in the proportion of
    their shares. Only cells with several of them are concerned.
    """
    among = np.zeros(polygons.size, dtype=bool)
    among[overlapping] = True
    claimed = among[shares.polygon]
    claims = np.bincount(shares.cell[claimed], minlength=window.n_cells)
    claimed &= claims[shares.cell] > 1
    if not claimed.any():
        return shares
    total = np.bincount(shares.cell[claimed], shares.share[claimed], minlength=window.n_cells)
    concerned = np.unique(shares.polygon[claimed])
    union = np.array([shapely.union_all(polygons[concerned])], dtype=object)
    together = polygon_cell_shares(union, window)
    covered = np.zeros(window.n_cells)
    covered[together.cell] = together.share
    factor = np.divide(covered, total, out=np.ones(window.n_cells), where=total > 0.0)
    scaled = np.where(claimed, np.minimum(factor[shares.cell], 1.0), 1.0)
    return CellShares(shares.polygon, shares.cell, shares.share * scaled)


def _no_overlap(villages: gpd.GeoDataFrame, people: Population) -> Problem:
    """Say that villages and population lie apart, with both extents."""
    extent = [round(float(value), 4) for value in villages.to_crs(people.grid.crs).total_bounds]
    other = [round(float(value), 4) for value in people.grid.bounds]
    return Problem(
        file=str(villages.attrs.get("source", "")) or None,
        found=Message("villages within {extent}", extent=extent),
        expected=Message("villages that touch the population layer within {other}", other=other),
        remedy=Message(
            "check the coordinate reference systems of both layers, or take a population layer "
            "of this area"
        ),
    )
