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
    aligned_offset,
    grid_class_shares,
    polygon_cell_shares,
    shifted,
    warped_class_shares,
)
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.crs import transformer
from resilience_geo.errors import Message, OverlapError, Problem
from resilience_geo.hazard_classes import CLASS_NAMES, UNKNOWN
from resilience_geo.tables import village_table

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    hazard: Hazard,
    people: Population,
    *,
    assumptions: EvacuationAssumptions | None = None,
) -> pd.DataFrame:
    """Count exposed people (people) of every village by hazard class.

    A population cell that a border crosses counts by the exact share of its area inside; where
    the hazard is on another grid, in another CRS or made of polygons, a cell's people are split
    by the area share of each class inside the cell. No person is lost or counted twice.

    Parameters
    ----------
    villages
        From `read_villages`.
    hazard
        From `read_hazard`.
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
    exposure = expose(villages, hazard, people, assumptions or EvacuationAssumptions())
    return exposure_table(villages, exposure, assumptions or EvacuationAssumptions())


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
    hazard_polygons = _hazard_polygons(hazard, grid.crs)
    overlapping = _overlapping(villages, polygons)
    totals = np.zeros((len(villages), N_CLASSES))
    outside = np.zeros(N_CLASSES)
    known = np.zeros(len(villages))
    found: list[tuple[NDArray[np.int64], ...]] = []
    touched = False
    for rows, window in _blocks(grid, _hazard_cells_per_cell(hazard, grid)):
        columns = slice(0, window.n_columns)
        counts = people.people(rows, columns).ravel()
        by_class = counts * _class_shares(window, counts, grid.crs, hazard, hazard_polygons)
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


def _hazard_cells_per_cell(hazard: Hazard, grid: Grid) -> float:
    """Return about how many hazard cells lie under one population cell; at least 1."""
    if hazard.grid is None:
        return 1.0
    west, south, east, north = transformer(grid.crs, hazard.grid.crs).transform_bounds(*grid.bounds)
    hazard_cell = abs(hazard.grid.transform.a * hazard.grid.transform.e)
    return max(1.0, (east - west) * (north - south) / hazard_cell / (grid.shape[0] * grid.shape[1]))


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


def _hazard_polygons(hazard: Hazard, crs: pyproj.CRS) -> gpd.GeoDataFrame | None:
    """Return the polygons of the hazard in the population layer's CRS; None for a raster."""
    return None if hazard.polygons is None else hazard.polygons.to_crs(crs)


def _class_shares(
    window: Window,
    counts: NDArray[np.float64],
    crs: pyproj.CRS,
    hazard: Hazard,
    hazard_polygons: gpd.GeoDataFrame | None,
) -> NDArray[np.float64]:
    """Return the area share of each hazard class in each cell of a block, shape (5, n_cells)."""
    if hazard_polygons is not None:
        return _polygon_class_shares(window, hazard_polygons)
    grid = hazard.grid
    if grid is None:
        message = "a hazard holds a grid or polygons"
        raise AssertionError(message)
    if crs == grid.crs:
        rows, columns = _cells_under(window.bounds, grid)
        offset = aligned_offset(window, shifted(grid.transform, rows.start, columns.start))
        classes = hazard.classes(rows, columns)
        if offset is not None:
            return _one_class_each(window, classes, offset)
        transform = shifted(grid.transform, rows.start, columns.start)
        return grid_class_shares(window, classes, transform)
    cells = np.flatnonzero(counts > 0.0)
    bounds = transformer(crs, grid.crs).transform_bounds(*window.bounds)
    rows, columns = _cells_under(bounds, grid)
    transform = shifted(grid.transform, rows.start, columns.start)
    hazard_window = Window(transform, rows.stop - rows.start, columns.stop - columns.start)
    shares = np.zeros((N_CLASSES, window.n_cells))
    shares[UNKNOWN] = 1.0
    if hazard_window.n_cells:
        classes = hazard.classes(rows, columns)
        shares[:, cells] = warped_class_shares(window, cells, crs, classes, hazard_window, grid.crs)
    return shares


def _one_class_each(
    window: Window, classes: NDArray[np.uint8], offset: tuple[int, int]
) -> NDArray[np.float64]:
    """Return shares of 1 or 0 where the cells of both grids are the same."""
    own = np.full((window.n_rows, window.n_columns), UNKNOWN, dtype=np.uint8)
    row, column = offset
    top, left = max(-row, 0), max(-column, 0)
    bottom = min(window.n_rows, classes.shape[0] - row)
    right = min(window.n_columns, classes.shape[1] - column)
    if bottom > top and right > left:
        own[top:bottom, left:right] = classes[
            top + row : bottom + row, left + column : right + column
        ]
    shares: NDArray[np.float64] = (own.ravel() == np.arange(N_CLASSES)[:, None]).astype(np.float64)
    return shares


def _cells_under(bounds: tuple[float, float, float, float], grid: Grid) -> tuple[slice, slice]:
    """Return rows and columns of a grid that a box touches, one cell wider, inside the grid."""
    west, south, east, north = bounds
    n_rows, n_columns = grid.shape
    transform = grid.transform
    first_column = int(np.clip(np.floor((west - transform.c) / transform.a) - 1, 0, n_columns))
    last_column = int(np.clip(np.ceil((east - transform.c) / transform.a) + 1, 0, n_columns))
    first_row = int(np.clip(np.floor((north - transform.f) / transform.e) - 1, 0, n_rows))
    last_row = int(np.clip(np.ceil((south - transform.f) / transform.e) + 1, 0, n_rows))
    return slice(first_row, max(last_row, first_row)), slice(
        first_column, max(last_column, first_column)
    )


def _polygon_class_shares(window: Window, polygons: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return class shares of a hazard given as polygons, one (multi)polygon per class."""
    parts = polygon_cell_shares(np.asarray(polygons.geometry.array), window)
    classes = polygons["hazard_class"].to_numpy(dtype=np.int64)[parts.polygon]
    flat = np.bincount(
        classes * window.n_cells + parts.cell, parts.share, minlength=N_CLASSES * window.n_cells
    )
    shares = flat.astype(np.float64).reshape(N_CLASSES, window.n_cells)
    covered = shares.sum(axis=0)
    shares /= np.maximum(covered, 1.0)
    rest = np.clip(1.0 - covered, 0.0, None)
    shares[UNKNOWN] += rest
    return shares


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
