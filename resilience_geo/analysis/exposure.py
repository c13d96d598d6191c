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
from resilience_geo.analysis.class_shares import hazard_cells_per_cell, placed_hazards
from resilience_geo.analysis.joint_shares import class_shares
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.errors import Message, OverlapError, Problem
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.inputs.hazards import combine_hazards
from resilience_geo.tables import village_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import geopandas as gpd
    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.inputs.hazard import Hazard
    from resilience_geo.inputs.population import Population
    from resilience_geo.inputs.rasters import Grid

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
    exposure = expose(villages, combine_hazards(hazard), people, chosen)
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
) -> Exposure:
    """Compute exposure block by block, so that a raster larger than memory passes through."""
    grid = people.grid
    polygons = np.asarray(villages.geometry.to_crs(grid.crs).array)
    evacuating = [CLASS_NAMES.index(name) for name in assumptions.evacuating_classes]
    layers = placed_hazards(hazard, grid.crs)
    overlapping = _overlapping(villages, polygons)
    totals = np.zeros((len(villages), N_CLASSES))
    outside = np.zeros(N_CLASSES)
    known = np.zeros(len(villages))
    found: list[tuple[NDArray[np.int64], ...]] = []
    touched = False
    for rows, window in _blocks(grid, hazard_cells_per_cell(layers, grid)):
        columns = slice(0, window.n_columns)
        counts = people.people(rows, columns).ravel()
        by_class = counts * class_shares(window, counts, grid.crs, layers)
        shares = polygon_cell_shares(polygons, window)
        valid = grid.read(rows, columns)[1].ravel()
        known += np.bincount(
            shares.polygon, shares.share * valid[shares.cell], minlength=len(villages)
        )
        if overlapping.size:
            shares = _without_double_counting(shares, polygons, overlapping, window)
        touched = touched or shares.cell.size > 0
        for position in range(N_CLASSES):
            weights = shares.share * by_class[position, shares.cell]
            totals[:, position] += np.bincount(shares.polygon, weights, minlength=len(villages))
        inside = np.bincount(shares.cell, shares.share, minlength=window.n_cells)
        outside += (by_class * np.clip(1.0 - inside, 0.0, None)).sum(axis=1)
        leaving = shares.share * by_class[evacuating].sum(axis=0)[shares.cell]
        some = leaving > 0.0
        x, y = window.centres(shares.cell[some])
        found.append((shares.polygon[some], x, y, leaving[some]))  # type: ignore[arg-type]
    if not touched:
        raise OverlapError(_no_overlap(villages, people))
    cell_area = abs(grid.transform.a * grid.transform.e)
    area = np.maximum(shapely.area(polygons), 1e-300)
    return Exposure(
        people=totals,
        outside=outside,
        known_area=np.clip(known * cell_area / area, 0.0, 1.0),
        cells=_gather(found, grid.crs),
    )


def _gather(found: list[tuple[NDArray[np.int64], ...]], crs: pyproj.CRS) -> PopulatedCells:
    """Join the cells of all blocks, village by village, north to south and west to east."""
    village, x, y, leaving = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((x, -y, village))
    return PopulatedCells(village[order], x[order], y[order], leaving[order], crs)


def _blocks(grid: Grid, hazard_cells: float) -> Iterator[tuple[slice, Window]]:
    """Yield bands of rows, and where they lie, that keep both rasters within the block size."""
    n_rows, n_columns = grid.shape
    step = max(1, int(MAX_BLOCK_CELLS / max(n_columns, 1) / max(1.0, hazard_cells / 4.0)))
    for start in range(0, n_rows, step):
        stop = min(start + step, n_rows)
        transform = shifted(grid.transform, start, 0)
        yield slice(start, stop), Window(transform, stop - start, n_columns)


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
    their shares.
    """
    among = np.zeros(polygons.size, dtype=bool)
    among[overlapping] = True
    claimed = among[shares.polygon]
    total = np.bincount(shares.cell[claimed], shares.share[claimed], minlength=window.n_cells)
    union = np.array([shapely.union_all(polygons[overlapping])], dtype=object)
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
