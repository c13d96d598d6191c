"""Class shares of population cells under one hazard: how much of each cell lies in each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.analysis.cell_shares import (
    N_CLASSES,
    Window,
    aligned_offset,
    grid_class_shares,
    polygon_cell_shares,
    shifted,
    warped_class_shares,
)
from resilience_geo.crs import transformer
from resilience_geo.hazard_classes import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.inputs.hazard import Hazard
    from resilience_geo.inputs.rasters import Grid


@dataclass(frozen=True)
class PlacedHazard:
    """A hazard beside a population layer.

    Parameters
    ----------
    hazard
        A single map, or hazards together whose cells are the same.
    polygons
        Its polygons in the CRS of the population layer; None for a raster.
    """

    hazard: Hazard
    polygons: gpd.GeoDataFrame | None

    @property
    def grid(self) -> Grid:
        """Grid of a raster."""
        if self.hazard.grid is None:
            message = "a hazard holds a grid or polygons"
            raise AssertionError(message)
        return self.hazard.grid


def placed_hazards(hazard: Hazard, crs: pyproj.CRS) -> tuple[PlacedHazard, ...]:
    """Return the hazards that have to be laid over one another, with polygons in a CRS.

    Hazards together whose cells are the same are one raster already.
    """
    maps = (hazard,) if hazard.grid is not None else hazard.maps
    return tuple(
        PlacedHazard(one, None if one.polygons is None else one.polygons.to_crs(crs))
        for one in maps
    )


def hazard_cells_per_cell(layers: Sequence[PlacedHazard], grid: Grid) -> float:
    """Return about how many hazard cells lie under one population cell; at least 1.

    The lines of several rasters cut a cell together: its side into the sum of their parts.
    """
    side = 0.0
    for layer in layers:
        if layer.polygons is not None:
            continue
        hazard_grid = layer.grid
        move = transformer(grid.crs, hazard_grid.crs)
        west, south, east, north = move.transform_bounds(*grid.bounds)
        hazard_cell = abs(hazard_grid.transform.a * hazard_grid.transform.e)
        area = (east - west) * (north - south) / hazard_cell
        side += float(np.sqrt(area / (grid.shape[0] * grid.shape[1])))
    return max(1.0, side**2)


def single_class_shares(
    window: Window, counts: NDArray[np.float64], crs: pyproj.CRS, layer: PlacedHazard
) -> NDArray[np.float64]:
    """Return the area share of each class of one hazard in each cell of a block.

    Parameters
    ----------
    window, crs
        The cells and their CRS.
    counts
        People of each cell; in another CRS than the hazard's, cells without people stay unknown.
    layer
        The hazard.

    Returns
    -------
    ndarray
        Shape (5, n_cells); columns sum to 1.
    """
    if layer.polygons is not None:
        return _polygon_class_shares(window, layer.polygons)
    only = only_classes(window, crs, (layer,))
    if only is not None:
        return np.asarray(only == np.arange(N_CLASSES)[:, None], dtype=np.float64)
    hazard, grid = layer.hazard, layer.grid
    if crs == grid.crs:
        rows, columns = cells_under(window.bounds, grid)
        transform = shifted(grid.transform, rows.start, columns.start)
        return grid_class_shares(window, hazard.classes(rows, columns), transform)
    cells = np.flatnonzero(counts > 0.0)
    bounds = transformer(crs, grid.crs).transform_bounds(*window.bounds)
    rows, columns = cells_under(bounds, grid)
    transform = shifted(grid.transform, rows.start, columns.start)
    hazard_window = Window(transform, rows.stop - rows.start, columns.stop - columns.start)
    shares = np.zeros((N_CLASSES, window.n_cells))
    shares[UNKNOWN] = 1.0
    if hazard_window.n_cells:
        classes = hazard.classes(rows, columns)
        shares[:, cells] = warped_class_shares(window, cells, crs, classes, hazard_window, grid.crs)
    return shares


def only_classes(
    window: Window, crs: pyproj.CRS, layers: Sequence[PlacedHazard]
) -> NDArray[np.uint8] | None:
    """Return the class of each cell of a block where its cells are those of the one hazard raster.

    Parameters
    ----------
    window, crs
        The cells and their CRS.
    layers
        The hazards.

    Returns
    -------
    ndarray of uint8, or None
        Shape (n_cells,), unknown beyond the raster; None where cells may have several classes.
    """
    if len(layers) != 1 or layers[0].polygons is not None or layers[0].grid.crs != crs:
        return None
    grid = layers[0].grid
    offset = aligned_offset(window, grid.transform)
    if offset is None:
        return None
    row, column = offset
    top, bottom = max(row, 0), min(row + window.n_rows, grid.shape[0])
    left, right = max(column, 0), min(column + window.n_columns, grid.shape[1])
    own = np.full((window.n_rows, window.n_columns), UNKNOWN, dtype=np.uint8)
    if bottom > top and right > left:
        own[top - row : bottom - row, left - column : right - column] = layers[0].hazard.classes(
            slice(top, bottom), slice(left, right)
        )
    return own.ravel()


def cells_under(bounds: tuple[float, float, float, float], grid: Grid) -> tuple[slice, slice]:
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
