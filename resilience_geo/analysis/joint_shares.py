"""Class shares of population cells under several hazards: each place takes its gravest class.

How much of a cell lies in which class depends on where in the cell each hazard changes, not on the
share of each hazard alone. Three ways lead to the exact share:

- Rasters in the CRS of the population layer: the lines of all rasters together cut every cell into
  rectangles, and in each rectangle every hazard has one class.
- A cell in which at most one hazard has more than one class: there the shares multiply.
- Any other cell: what each hazard has in it is cut out as polygons and laid over one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from resilience_geo.analysis.cell_shares import N_CLASSES, Window, cell_quads, quads
from resilience_geo.analysis.class_shares import PlacedHazard, cells_under, single_class_shares
from resilience_geo.hazard_classes import UNKNOWN
from resilience_geo.inputs.features import polygonal
from resilience_geo.inputs.hazard_map import CLASS_GRAVITY, CLASS_OF_GRAVITY, graver_class

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.inputs.rasters import Grid

# Cutting polygons by cells leaves errors of this size in shares.
_WHOLLY = 1e-6
_SAME_LINE = 1e-6
_MAX_PAIRS = 400_000
_MAX_CORNERS = 200
_MAX_HALVINGS = 40
_AREA = 2  # dimensions
_COLLECTION = 7  # type of geometry


@dataclass(frozen=True)
class _Patches:
    """Parts of cells in which a hazard has one class: three arrays of equal length."""

    cell: NDArray[np.int64]
    shape: NDArray[np.object_]
    hazard_class: NDArray[np.uint8]


def class_shares(
    window: Window,
    counts: NDArray[np.float64],
    crs: pyproj.CRS,
    layers: Sequence[PlacedHazard],
) -> NDArray[np.float64]:
    """Return the area share of each class in each cell of a block, over all hazards together.

    Parameters
    ----------
    window, crs
        The cells and their CRS.
    counts
        People of each cell; the shares of cells without people are not worked out everywhere.
    layers
        The hazards, from `placed_hazards`.

    Returns
    -------
    ndarray
        Shape (5, n_cells); columns sum to 1.
    """
    if len(layers) == 1:
        return single_class_shares(window, counts, crs, layers[0])
    if all(layer.polygons is None and layer.grid.crs == crs for layer in layers):
        return _by_rectangles(window, layers)
    each = [single_class_shares(window, counts, crs, layer) for layer in layers]
    shares = multiplied(each)
    several = np.sum([one.max(axis=0) < 1.0 - _WHOLLY for one in each], axis=0) > 1
    cells = np.flatnonzero(several & (counts > 0.0))
    if cells.size:
        shares[:, cells] = _overlaid(window, cells, crs, layers)
    return shares


def multiplied(shares: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the shares of the gravest class where hazards lie independently of one another.

    It is exact where at most one of them has more than one class.

    Parameters
    ----------
    shares
        Shape (5, n_cells) each, columns sum to 1.

    Examples
    --------
    Half of a cell is low by one hazard; all of it is unknown, or none, by the other:

    >>> half = np.array([[0.5], [0.5], [0], [0], [0]])
    >>> multiplied([half, np.array([[0], [0], [0], [0], [1.0]])]).ravel().tolist()
    [0.0, 0.0, 0.0, 0.0, 1.0]
    >>> multiplied([half, np.array([[1.0], [0], [0], [0], [0]])]).ravel().tolist()
    [0.5, 0.5, 0.0, 0.0, 0.0]
    """
    # The gravest is at most so grave where each is.
    at_most = np.prod([np.cumsum(one[CLASS_OF_GRAVITY], axis=0) for one in shares], axis=0)
    by_gravity = np.clip(np.diff(at_most, axis=0, prepend=0.0), 0.0, None)
    return np.asarray(by_gravity[CLASS_GRAVITY])


def _by_rectangles(window: Window, layers: Sequence[PlacedHazard]) -> NDArray[np.float64]:
    """Return the shares under rasters in the CRS of the cells, by their common rectangles."""
    own = window.transform
    grids = [layer.grid for layer in layers]
    down = _lines(
        window.n_rows,
        [((g.transform.f - own.f) / own.e, g.transform.e / own.e, g.shape[0]) for g in grids],
    )
    across = _lines(
        window.n_columns,
        [((g.transform.c - own.c) / own.a, g.transform.a / own.a, g.shape[1]) for g in grids],
    )
    y = own.f + (down[1:] + down[:-1]) / 2.0 * own.e
    x = own.c + (across[1:] + across[:-1]) / 2.0 * own.a
    gravest = np.zeros((y.size, x.size), dtype=np.uint8)
    for layer in layers:
        gravest = graver_class(gravest, _classes_at(layer, window, x, y))
    area = np.diff(down)[:, None] * np.diff(across)
    first_row = np.searchsorted(down, np.arange(window.n_rows))
    first_column = np.searchsorted(across, np.arange(window.n_columns))
    shares = np.zeros((N_CLASSES, window.n_cells))
    for hazard_class in np.unique(gravest):
        parts = np.where(gravest == hazard_class, area, 0.0)
        by_row = np.add.reduceat(parts, first_row, axis=0)
        shares[hazard_class] = np.add.reduceat(by_row, first_column, axis=1).ravel()
    return shares


def _lines(count: int, others: Sequence[tuple[float, float, int]]) -> NDArray[np.float64]:
    """Return the lines between cells of one axis, own ones and those of other rasters.

    Parameters
    ----------
    count
        Cells of the axis; its own lines are the whole numbers from 0 to this.
    others
        First line, step and count of cells of each other raster, in own cells.
    """
    found = []
    for start, step, n_cells in others:
        first = int(np.clip(np.floor(-start / step), 0, n_cells))
        last = int(np.clip(np.ceil((count - start) / step), 0, n_cells))
        found.append(start + step * np.arange(first, last + 1))
    lines = np.unique(np.concatenate(found))
    # Own lines stay where they are; others that lie on one of them or on one another count once.
    apart = np.abs(lines - np.round(lines)) > _SAME_LINE
    lines = lines[apart & (lines > 0.0) & (lines < count)]
    lines = lines[np.append(True, np.diff(lines) > _SAME_LINE)[: lines.size]]
    return np.union1d(np.arange(count + 1.0), lines)


def _classes_at(
    layer: PlacedHazard, window: Window, x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Return the classes of a raster at crossings of columns x and rows y; unknown beyond it."""
    grid = layer.grid
    row = np.floor((y - grid.transform.f) / grid.transform.e).astype(np.int64)
    column = np.floor((x - grid.transform.c) / grid.transform.a).astype(np.int64)
    return _looked_up(layer, cells_under(window.bounds, grid), row[:, None], column)


def _looked_up(
    layer: PlacedHazard,
    within: tuple[slice, slice],
    row: NDArray[np.int64],
    column: NDArray[np.int64],
) -> NDArray[np.uint8]:
    """Return the classes of cells of a raster, read as one window; unknown beyond the raster."""
    rows, columns = within
    n_rows, n_columns = rows.stop - rows.start, columns.stop - columns.start
    # A frame of unknown cells around the window takes what lies beyond.
    framed = np.full((n_rows + 2, n_columns + 2), UNKNOWN, dtype=np.uint8)
    if n_rows > 0 and n_columns > 0:
        framed[1:-1, 1:-1] = layer.hazard.classes(rows, columns)
    own_row = np.clip(row - rows.start + 1, 0, n_rows + 1)
    own_column = np.clip(column - columns.start + 1, 0, n_columns + 1)
    found: NDArray[np.uint8] = framed[own_row, own_column]
    return found


def _overlaid(
    window: Window, cells: NDArray[np.int64], crs: pyproj.CRS, layers: Sequence[PlacedHazard]
) -> NDArray[np.float64]:
    """Return the shares in some cells by laying polygons over one another, shape (5, len(cells)).

    All polygons are in the CRS of the cells; cells of rasters in another CRS are moved there by
    their corners.
    """
    shares = np.zeros((N_CLASSES, cells.size))
    for chunk in _chunks(window, cells, crs, layers):
        some = cells[chunk]
        boxes = shapely.polygons(cell_quads(window, some, crs, crs))
        patches = _patches(window, some, crs, layers[0], boxes)
        for layer in layers[1:]:
            patches = _crossed(patches, _patches(window, some, crs, layer, boxes))
        flat = patches.hazard_class.astype(np.int64) * some.size + patches.cell
        areas = np.bincount(flat, shapely.area(patches.shape), minlength=N_CLASSES * some.size)
        areas = areas.reshape(N_CLASSES, some.size)
        shares[:, chunk] = areas / areas.sum(axis=0)
    return shares


def _chunks(
    window: Window, cells: NDArray[np.int64], crs: pyproj.CRS, layers: Sequence[PlacedHazard]
) -> Iterator[slice]:
    """Yield runs of the cells that few enough cells of the rasters lie under."""
    weight = np.ones(cells.size)
    for layer in layers:
        if layer.polygons is None:
            first_row, last_row, first_column, last_column = _ranges(window, cells, crs, layer.grid)
            weight += (last_row - first_row) * (last_column - first_column)
    number = np.cumsum(weight) // _MAX_PAIRS
    ends = np.append(np.flatnonzero(np.diff(number)) + 1, cells.size)
    start = 0
    for end in ends:
        yield slice(start, int(end))
        start = int(end)


def _ranges(
    window: Window, cells: NDArray[np.int64], crs: pyproj.CRS, grid: Grid
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the first row, the row behind the last, and likewise columns of a raster by cell.

    They may lie beyond the raster.
    """
    corners = cell_quads(window, cells, crs, grid.crs)
    across = (corners[:, :, 0] - grid.transform.c) / grid.transform.a
    down = (corners[:, :, 1] - grid.transform.f) / grid.transform.e
    return (
        np.floor(down.min(axis=1) - _SAME_LINE).astype(np.int64),
        np.ceil(down.max(axis=1) + _SAME_LINE).astype(np.int64),
        np.floor(across.min(axis=1) - _SAME_LINE).astype(np.int64),
        np.ceil(across.max(axis=1) + _SAME_LINE).astype(np.int64),
    )


def _patches(
    window: Window,
    cells: NDArray[np.int64],
    crs: pyproj.CRS,
    layer: PlacedHazard,
    boxes: NDArray[np.object_],
) -> _Patches:
    """Return the parts of cells that lie in each class of one hazard; together they are the cell.

    `boxes` are the cells as polygons.
    """
    if layer.polygons is not None:
        return _polygon_patches(layer, boxes)
    grid = layer.grid
    first_row, last_row, first_column, last_column = _ranges(window, cells, crs, grid)
    wide = last_column - first_column
    count = (last_row - first_row) * wide
    cell = np.repeat(np.arange(cells.size), count)
    inner = np.arange(cell.size) - np.repeat(np.cumsum(count) - count, count)
    row = first_row[cell] + inner // wide[cell]
    column = first_column[cell] + inner % wide[cell]
    classes = _looked_up(
        layer, (_within(row, grid.shape[0]), _within(column, grid.shape[1])), row, column
    )
    # Cells of one class beside one another in a row are one piece.
    begins = np.append(True, (np.diff(cell) != 0) | (np.diff(row) != 0) | (np.diff(classes) != 0))
    first = np.flatnonzero(begins)
    last = np.append(first[1:], cell.size) - 1
    corners = quads(
        grid.transform,
        (row[first], row[first] + 1),
        (column[first], column[last] + 1),
        grid.crs,
        crs,
    )
    shapes = shapely.intersection(boxes[cell[first]], shapely.polygons(corners))
    return _not_empty(cell[first], shapes, classes[first])


def _within(numbers: NDArray[np.int64], count: int) -> slice:
    """Return the part of an axis of a raster that holds some rows or columns."""
    first, last = (int(np.clip(value, 0, count)) for value in (numbers.min(), numbers.max() + 1))
    return slice(first, last)


def _polygon_patches(layer: PlacedHazard, boxes: NDArray[np.object_]) -> _Patches:
    """Return the parts of cells in each class of hazard polygons; what none covers is unknown."""
    table = layer.polygons
    if table is None:
        message = "a hazard holds a grid or polygons"
        raise AssertionError(message)
    parts, numbers = _halved(
        np.asarray(table.geometry.array),
        table["hazard_class"].to_numpy(dtype=np.uint8),
        shapely.box(*shapely.total_bounds(boxes)),
    )
    cell, part = shapely.STRtree(parts).query(boxes, predicate="intersects")
    found = _not_empty(cell, shapely.intersection(boxes[cell], parts[part]), numbers[part])
    order = np.argsort(found.cell, kind="stable")
    count = np.bincount(found.cell, minlength=boxes.size)
    rank = np.arange(order.size) - np.repeat(np.cumsum(count) - count, count)
    in_cells = np.full((boxes.size, int(count.max(initial=0)) + 1), None, dtype=object)
    in_cells[found.cell[order], rank] = found.shape[order]
    rest = shapely.difference(boxes, shapely.union_all(in_cells, axis=1))
    bare = shapely.area(rest) > shapely.area(boxes) * _WHOLLY
    return _Patches(
        np.concatenate([found.cell, np.flatnonzero(bare)]),
        np.concatenate([found.shape, rest[bare]]),
        np.concatenate([found.hazard_class, np.full(bare.sum(), UNKNOWN, dtype=np.uint8)]),
    )


def _halved(
    shapes: NDArray[np.object_], numbers: NDArray[np.uint8], within: shapely.Polygon
) -> tuple[NDArray[np.object_], NDArray[np.uint8]]:
    """Cut polygons within a box into parts of few corners, with the class of each.

    A polygon of a hundred thousand corners would be walked through once for every cell.
    """
    near = shapely.intersects(shapes, within)
    parts, owner = shapely.get_parts(shapely.intersection(shapes[near], within), return_index=True)
    numbers = numbers[near][owner]
    for _ in range(_MAX_HALVINGS):
        large = shapely.get_num_coordinates(parts) > _MAX_CORNERS
        if not large.any():
            break
        west, south, east, north = shapely.bounds(parts[large]).T
        wide = east - west > north - south
        x, y = (west + east) / 2.0, (south + north) / 2.0
        one = shapely.box(west, south, np.where(wide, x, east), np.where(wide, north, y))
        other = shapely.box(np.where(wide, x, west), np.where(wide, south, y), east, north)
        halves = np.stack([shapely.intersection(parts[large], half) for half in (one, other)])
        pieces, owner = shapely.get_parts(halves.ravel(), return_index=True)
        numbers = np.concatenate([numbers[~large], np.tile(numbers[large], 2)[owner]])
        parts = np.concatenate([parts[~large], pieces])
    # Where a polygon touches a box from outside, only an edge or a corner is common.
    areal = shapely.get_dimensions(parts) == _AREA
    return parts[areal], numbers[areal]


def _crossed(one: _Patches, other: _Patches) -> _Patches:
    """Return where patches of two hazards meet in a cell, with the graver class of the two."""
    left, right = shapely.STRtree(other.shape).query(one.shape, predicate="intersects")
    same = one.cell[left] == other.cell[right]
    left, right = left[same], right[same]
    return _not_empty(
        one.cell[left],
        shapely.intersection(one.shape[left], other.shape[right]),
        graver_class(one.hazard_class[left], other.hazard_class[right]),
    )


def _not_empty(
    cell: NDArray[np.int64], shapes: NDArray[np.object_], classes: NDArray[np.uint8]
) -> _Patches:
    """Leave out patches without area, and edges beside areas: neighbours that only touch."""
    kept = shapely.area(shapes) > 0.0
    cell, shapes, classes = cell[kept], shapes[kept], classes[kept]
    mixed = shapely.get_type_id(shapes) == _COLLECTION
    shapes[mixed] = polygonal(shapes[mixed])
    return _Patches(cell, shapes, classes)
