"""Exact shares of raster cells: inside polygons, and between two rasters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from affine import Affine
from exactextract import exact_extract
from exactextract.feature import Feature, FeatureSource
from exactextract.raster import NumPyRasterSource
from exactextract.writer import Writer
from scipy import sparse

from resilience_geo.crs import transform_points
from resilience_geo.hazard_classes import CLASS_NAMES, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyproj
    from numpy.typing import NDArray

N_CLASSES = len(CLASS_NAMES)
_SAME_CELL = 1e-3


def shifted(transform: Affine, row: int, column: int) -> Affine:
    """Return the transform of a raster that begins at another cell."""
    return Affine(
        transform.a,
        0.0,
        transform.c + column * transform.a,
        0.0,
        transform.e,
        transform.f + row * transform.e,
    )


@dataclass(frozen=True)
class Window:
    """A rectangle of cells of a north-up raster.

    Parameters
    ----------
    transform
        Affine of the window's own first cell.
    n_rows, n_columns
        Its size in cells.
    """

    transform: Affine
    n_rows: int
    n_columns: int

    @property
    def n_cells(self) -> int:
        """Count of cells."""
        return self.n_rows * self.n_columns

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north edge."""
        west, north = self.transform.c, self.transform.f
        return (
            west,
            north + self.transform.e * self.n_rows,
            west + self.transform.a * self.n_columns,
            north,
        )

    def centres(self, cells: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return x and y of the centres of cells given by their row-major number."""
        rows, columns = np.divmod(cells, self.n_columns)
        return (
            self.transform.c + (columns + 0.5) * self.transform.a,
            self.transform.f + (rows + 0.5) * self.transform.e,
        )


class _Polygon(Feature):  # type: ignore[misc]
    """One polygon as exactextract asks for it, and as it hands back its cells."""

    def __init__(self, wkb: bytes | None = None) -> None:
        super().__init__()
        self.wkb = wkb
        self.found: dict[str, NDArray[Any]] = {}

    def geometry(self) -> bytes | None:
        return self.wkb

    def set_geometry_format(self) -> str:
        return "wkb"

    def set_geometry(self, _wkb: bytes | None) -> None:
        """Keep no geometry in results."""

    def set(self, name: str, value: NDArray[Any]) -> None:
        self.found[name] = value

    def get(self, name: str) -> NDArray[Any]:
        return self.found[name]

    def fields(self) -> list[str]:
        return list(self.found)


class _Polygons(FeatureSource):  # type: ignore[misc]
    """Polygons as WKB: exactextract's GeoPandas source goes through GeoJSON, four times slower."""

    def __init__(self, polygons: NDArray[np.object_]) -> None:
        super().__init__()
        self.wkb = shapely.to_wkb(polygons)

    def count(self) -> int:
        return len(self.wkb)

    def __iter__(self) -> Iterator[_Polygon]:
        return map(_Polygon, self.wkb)

    def srs_wkt(self) -> None:
        """Return none: polygons and cells are in one CRS already."""


class _Collected(Writer):  # type: ignore[misc]
    """Cells and shares of one polygon after another."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[NDArray[Any]] = []
        self.shares: list[NDArray[Any]] = []

    def add_operation(self, _operation: object) -> None:
        """Take any operation; the two asked for are named in `write`."""

    def features(self) -> None:
        """Return nothing: the lists are read directly."""

    def write(self, feature: Any) -> None:
        polygon = _Polygon()
        feature.copy_to(polygon)
        self.cells.append(polygon.found["cell_id"])
        self.shares.append(polygon.found["coverage"])


@dataclass(frozen=True)
class CellShares:
    """Which polygon covers which cell, and how much of it: three arrays of equal length.

    Parameters
    ----------
    polygon
        Position of the polygon.
    cell
        Row-major number of the cell in its window.
    share
        Share of the cell's area inside the polygon, above 0 and at most 1.
    """

    polygon: NDArray[np.int64]
    cell: NDArray[np.int64]
    share: NDArray[np.float64]


def polygon_cell_shares(polygons: NDArray[np.object_], window: Window) -> CellShares:
    """Return the exact share of every cell inside every polygon.

    Parameters
    ----------
    polygons
        Valid polygons or multipolygons in the CRS of the window; None and empty ones cover nothing.
    window
        The cells.

    Notes
    -----
    The engine is exactextract (Baston): areas of intersection, not cell centres.
    """
    west, south, east, north = window.bounds
    bounds = shapely.bounds(polygons)
    near = np.flatnonzero(
        (bounds[:, 0] < east)
        & (bounds[:, 2] > west)
        & (bounds[:, 1] < north)
        & (bounds[:, 3] > south)
    )
    if near.size == 0 or window.n_cells == 0:
        nothing = np.empty(0, dtype=np.int64)
        return CellShares(nothing, nothing, np.empty(0))
    source = NumPyRasterSource(
        np.zeros((window.n_rows, window.n_columns), dtype=np.uint8), west, south, east, north
    )
    collected = _Collected()
    exact_extract(source, _Polygons(polygons[near]), ["cell_id", "coverage"], output=collected)
    counts = np.fromiter((len(cells) for cells in collected.cells), dtype=np.int64)
    share = np.concatenate(collected.shares).astype(np.float64)
    cell = np.concatenate(collected.cells).astype(np.int64)
    polygon = np.repeat(near, counts)
    kept = share > 0.0
    return CellShares(polygon[kept], cell[kept], share[kept])


def aligned_offset(window: Window, other: Affine) -> tuple[int, int] | None:
    """Return (row, column) of the window's first cell in another grid; None if cells do not match.

    Two grids match when their cells have one size and lie on one another to a thousandth of a
    cell over the whole window.
    """
    own = window.transform
    column = (own.c - other.c) / other.a
    row = (own.f - other.f) / other.e
    drift = max(
        abs(own.a / other.a - 1.0) * window.n_columns, abs(own.e / other.e - 1.0) * window.n_rows
    )
    off = max(abs(column - round(column)), abs(row - round(row)))
    return (round(row), round(column)) if drift + off < _SAME_CELL else None


def _overlaps(
    start: float, step: float, count: int, other_start: float, other_step: float, other_count: int
) -> sparse.csr_array:
    """Return the share of each cell of one axis that lies in each cell of another axis.

    Both axes run the same way; shape (count, other_count).
    """
    edges = (start + step * np.arange(count + 1) - other_start) / other_step
    lower, upper = edges[:-1], edges[1:]
    first = np.clip(np.floor(lower), 0, other_count).astype(np.int64)
    last = np.clip(np.ceil(upper), 0, other_count).astype(np.int64)
    n_touched = np.maximum(last - first, 0)
    own = np.repeat(np.arange(count), n_touched)
    ends = np.cumsum(n_touched)
    other = np.arange(n_touched.sum()) - np.repeat(ends - n_touched, n_touched) + first[own]
    length = np.minimum(upper[own], other + 1.0) - np.maximum(lower[own], other)
    share = np.clip(length, 0.0, None) / (upper[own] - lower[own])
    return sparse.csr_array((share, (own, other)), shape=(count, other_count))


def grid_class_shares(
    window: Window, classes: NDArray[np.uint8], transform: Affine
) -> NDArray[np.float64]:
    """Return the area share of each hazard class in each cell, both rasters in one CRS.

    Parameters
    ----------
    window
        The cells to be split.
    classes
        Class numbers of the hazard raster, shape (rows, columns).
    transform
        Affine of `classes`.

    Returns
    -------
    ndarray
        Shape (5, n_cells); columns sum to 1; what lies beyond `classes` is unknown.
    """
    n_rows, n_columns = classes.shape
    own = window.transform
    along_rows = _overlaps(own.f, own.e, window.n_rows, transform.f, transform.e, n_rows)
    along_columns = _overlaps(own.c, own.a, window.n_columns, transform.c, transform.a, n_columns)
    shares = np.zeros((N_CLASSES, window.n_cells))
    for hazard_class in range(UNKNOWN):
        inside = sparse.csr_array(classes == hazard_class, dtype=np.float64)
        shares[hazard_class] = (along_rows @ inside @ along_columns.T).toarray().ravel()
    shares[UNKNOWN] = np.clip(1.0 - shares[:UNKNOWN].sum(axis=0), 0.0, None)
    return shares


def quads(
    transform: Affine,
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    columns: tuple[NDArray[np.int64], NDArray[np.int64]],
    source: pyproj.CRS,
    target: pyproj.CRS,
) -> NDArray[np.float64]:
    """Return the corners of blocks of cells in another CRS.

    Parameters
    ----------
    transform, source
        Affine of the raster and its CRS.
    rows, columns
        First row and the row behind the last of each block; columns likewise.
    target
        CRS of the corners.

    Returns
    -------
    ndarray
        Shape (n, 5, 2), closed rings.
    """
    corner_columns = np.stack([columns[side] for side in (0, 1, 1, 0, 0)], axis=1)
    corner_rows = np.stack([rows[side] for side in (0, 0, 1, 1, 0)], axis=1)
    x = np.asarray(transform.c + corner_columns * transform.a, dtype=np.float64)
    y = np.asarray(transform.f + corner_rows * transform.e, dtype=np.float64)
    moved_x, moved_y = transform_points(x.ravel(), y.ravel(), source, target)
    return np.stack([moved_x.reshape(x.shape), moved_y.reshape(y.shape)], axis=-1)


def cell_quads(
    window: Window, cells: NDArray[np.int64], source: pyproj.CRS, target: pyproj.CRS
) -> NDArray[np.float64]:
    """Return the corners of cells of a window in another CRS, shape (n, 5, 2), closed rings."""
    rows, columns = np.divmod(cells, window.n_columns)
    return quads(window.transform, (rows, rows + 1), (columns, columns + 1), source, target)


def warped_class_shares(
    window: Window,
    cells: NDArray[np.int64],
    source: pyproj.CRS,
    classes: NDArray[np.uint8],
    hazard_window: Window,
    target: pyproj.CRS,
) -> NDArray[np.float64]:
    """Return the area share of each hazard class in some cells, the rasters in different CRSs.

    A cell whose surroundings are all of one class is that class; only the others are intersected.

    Parameters
    ----------
    window, cells, source
        Cells (row-major numbers in `window`) to be split, and their CRS.
    classes, hazard_window, target
        Class numbers of the hazard raster, shape (rows, columns), where they lie, and their CRS.

    Returns
    -------
    ndarray
        Shape (5, len(cells)); columns sum to 1.
    """
    quads = cell_quads(window, cells, source, target)
    shares = np.zeros((N_CLASSES, cells.size))
    if cells.size == 0:
        return shares
    only = _only_class(quads, classes, hazard_window)
    clear = np.flatnonzero(only >= 0)
    shares[only[clear], clear] = 1.0
    mixed = np.flatnonzero(only < 0)
    polygons = shapely.polygons(quads[mixed])
    parts = polygon_cell_shares(polygons, hazard_window)
    cell_area = abs(hazard_window.transform.a * hazard_window.transform.e)
    part = parts.share * cell_area / shapely.area(polygons)[parts.polygon]
    flat = classes.ravel()[parts.cell].astype(np.int64) * mixed.size + parts.polygon
    split = np.bincount(flat, weights=part, minlength=N_CLASSES * mixed.size).astype(np.float64)
    split = split.reshape(N_CLASSES, mixed.size)
    known = split[:UNKNOWN].sum(axis=0)
    split[:UNKNOWN] /= np.maximum(known, 1.0)
    split[UNKNOWN] = np.clip(1.0 - split[:UNKNOWN].sum(axis=0), 0.0, None)
    shares[:, mixed] = split
    return shares


def _only_class(
    quads: NDArray[np.float64], classes: NDArray[np.uint8], window: Window
) -> NDArray[np.int64]:
    """Return the one class of all cells around each quad, -1 where there are several."""
    n_rows, n_columns = classes.shape
    across = (quads[:, :, 0] - window.transform.c) / window.transform.a
    down = (quads[:, :, 1] - window.transform.f) / window.transform.e
    first_column = np.floor(across.min(axis=1)).astype(np.int64)
    last_column = np.ceil(across.max(axis=1)).astype(np.int64)
    first_row = np.floor(down.min(axis=1)).astype(np.int64)
    last_row = np.ceil(down.max(axis=1)).astype(np.int64)
    outside = (
        (last_column <= 0) | (last_row <= 0) | (first_column >= n_columns) | (first_row >= n_rows)
    )
    inside = (first_column >= 0) & (first_row >= 0) & (last_column <= n_columns)
    inside &= last_row <= n_rows
    only = np.where(outside, UNKNOWN, -1)
    chosen = np.flatnonzero(inside)
    low_row, high_row = first_row[chosen], last_row[chosen]
    low_column, high_column = first_column[chosen], last_column[chosen]
    size = (high_row - low_row) * (high_column - low_column)
    for hazard_class in range(N_CLASSES):
        # Summed-area table: how many cells of the class lie in a box, without visiting them.
        table = np.zeros((n_rows + 1, n_columns + 1), dtype=np.int64)
        table[1:, 1:] = (classes == hazard_class).cumsum(axis=0).cumsum(axis=1)
        count = (
            table[high_row, high_column]
            - table[low_row, high_column]
            - table[high_row, low_column]
            + table[low_row, low_column]
        )
        only[chosen[count == size]] = hazard_class
    return only
