"""The hazard at places: where lines leave a cell or polygon, and the class and depth of points.

Hazards together are each asked in their own coordinate system.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from resilience_geo.crs import transform_points
from resilience_geo.hazard_classes import UNKNOWN
from resilience_geo.inputs.hazard_map import CLASS_GRAVITY, graver_class

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from resilience_geo.inputs.hazard import Hazard
    from resilience_geo.inputs.rasters import Grid

_ON_LINE = 1e-6
_AT_END = 1e-9
_MAX_WINDOW_CELLS = 20_000_000


def _grid(hazard: Hazard) -> Grid:
    """Return the grid of a raster hazard."""
    if hazard.grid is None:
        message = "a hazard holds a grid or polygons"
        raise AssertionError(message)
    return hazard.grid


def cut_segments(
    x0: NDArray[np.float64],
    y0: NDArray[np.float64],
    x1: NDArray[np.float64],
    y1: NDArray[np.float64],
    hazard: Hazard,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Cut straight segments into parts that lie in one cell or one polygon of the hazard.

    Parameters
    ----------
    x0, y0, x1, y1
        Ends of the segments in the hazard's CRS.
    hazard
        A single hazard, or hazards together whose cells are the same.

    Returns
    -------
    tuple of ndarray
        Segment of each part, and where on it the part begins and ends (0..1).
    """
    if hazard.polygons is not None:
        return _cut_at_polygons(x0, y0, x1, y1, hazard.polygons)
    return _cut_at_cells(x0, y0, x1, y1, _grid(hazard))


def united_cuts(
    n_segments: int,
    cuts: Sequence[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the parts of segments that are cut by several hazards, each cut counted once.

    Parameters
    ----------
    n_segments
        How many segments there are.
    cuts
        What `cut_segments` found for each hazard.

    Returns
    -------
    tuple of ndarray
        As of `cut_segments`.
    """
    segment = np.concatenate([cut[0] for cut in cuts])
    begin = np.concatenate([cut[1] for cut in cuts])
    order = np.lexsort((begin, segment))
    segment, begin = segment[order], begin[order]
    inner = (begin > _AT_END) & (begin < 1.0 - _AT_END)
    segment, begin = segment[inner], begin[inner]
    # Cells of two grids often share lines; between two cuts at one line there is nothing.
    new = np.append(True, (np.diff(begin) > _AT_END) | (np.diff(segment) > 0))[: segment.size]
    return _parts(n_segments, [(segment[new], begin[new])])


def _cut_at_cells(
    x0: NDArray[np.float64],
    y0: NDArray[np.float64],
    x1: NDArray[np.float64],
    y1: NDArray[np.float64],
    grid: Grid,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Cut segments at the lines between cells; return segment, start and end share of each part."""
    n_rows, n_columns = grid.shape
    transform = grid.transform
    cuts = [
        _crossings((x0 - transform.c) / transform.a, (x1 - transform.c) / transform.a, n_columns),
        _crossings((y0 - transform.f) / transform.e, (y1 - transform.f) / transform.e, n_rows),
    ]
    return _parts(x0.size, cuts)


def _crossings(
    start: NDArray[np.float64], end: NDArray[np.float64], n_lines: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return which segments cross which whole numbers 0..n_lines, as (segment, share)."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    first = np.clip(np.floor(low) + 1, 0, n_lines + 1).astype(np.int64)
    last = np.clip(np.ceil(high), 0, n_lines + 1).astype(np.int64)
    count = np.maximum(last - first, 0)
    segment = np.repeat(np.arange(start.size), count)
    line = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[segment]
    return segment, (line - start[segment]) / (end - start)[segment]


def _parts(
    n_segments: int, cuts: list[tuple[NDArray[np.int64], NDArray[np.float64]]]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the parts between cuts, in order along each segment; none of them is empty."""
    segment = np.concatenate([np.arange(n_segments), *(cut[0] for cut in cuts)])
    begin = np.concatenate([np.zeros(n_segments), *(cut[1] for cut in cuts)])
    order = np.lexsort((begin, segment))
    segment, begin = segment[order], begin[order]
    end = np.append(begin[1:], 1.0)
    end[np.append(segment[1:] != segment[:-1], True)] = 1.0
    # A segment through the corner of four cells is cut twice at one place.
    kept = (end > begin) | (begin == 0.0)
    segment, begin = segment[kept], begin[kept]
    end = np.append(begin[1:], 1.0)
    end[np.append(segment[1:] != segment[:-1], True)] = 1.0
    return segment, begin, end


def _cut_at_polygons(
    x0: NDArray[np.float64],
    y0: NDArray[np.float64],
    x1: NDArray[np.float64],
    y1: NDArray[np.float64],
    polygons: gpd.GeoDataFrame,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Cut segments where they cross the edges of polygons."""
    edges = shapely.get_parts(shapely.boundary(np.asarray(polygons.geometry.array)))
    corners, line = shapely.get_coordinates(edges, return_index=True)
    joined = np.flatnonzero(line[1:] == line[:-1])
    edge_lines = shapely.linestrings(np.stack([corners[joined], corners[joined + 1]], axis=1))
    lines = shapely.linestrings(
        np.stack([np.column_stack([x0, y0]), np.column_stack([x1, y1])], axis=1)
    )
    segment, edge = shapely.STRtree(edge_lines).query(lines, predicate="intersects")
    points = shapely.intersection(lines[segment], edge_lines[edge])
    # Where a road runs along an edge, both ends of the common part are cuts.
    places, which = shapely.get_coordinates(points, return_index=True)
    segment = segment[which]
    dx, dy = (x1 - x0)[segment], (y1 - y0)[segment]
    square = np.maximum(dx**2 + dy**2, 1e-300)
    share = ((places[:, 0] - x0[segment]) * dx + (places[:, 1] - y0[segment]) * dy) / square
    inner = (share > _AT_END) & (share < 1.0 - _AT_END)
    return _parts(x0.size, [(segment[inner], share[inner])])


def hazard_at(
    hazard: Hazard, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return hazard class and water depth (m) of points given in the hazard's CRS.

    A point on the line between cells or polygons takes the worse side; of hazards together it
    takes the gravest class and the greatest depth that is known.

    Returns
    -------
    tuple of ndarray
        Class numbers (unknown outside the hazard), and depths (NaN where unknown or where the
        hazard is not a depth).
    """
    if hazard.parts:
        return gravest_of(
            [
                hazard_at(part, *transform_points(x, y, hazard.crs, part.crs))
                for part in hazard.parts
            ]
        )
    if hazard.polygons is not None:
        return _polygon_class_at(hazard.polygons, x, y), np.full(x.size, np.nan)
    transform = _grid(hazard).transform
    across = (x - transform.c) / transform.a
    down = (y - transform.f) / transform.e
    classes, depths = _cell_at(hazard, np.floor(down), np.floor(across))
    on_line = (np.abs(across - np.round(across)) < _ON_LINE) | (
        np.abs(down - np.round(down)) < _ON_LINE
    )
    some = np.flatnonzero(on_line)
    if some.size:
        sides = [
            _cell_at(hazard, np.floor(down[some] + shift), np.floor(across[some] + other))
            for shift in (-_ON_LINE, _ON_LINE)
            for other in (-_ON_LINE, _ON_LINE)
        ]
        n_rows, n_columns = _grid(hazard).shape
        side = _worst_side(sides, (down[some], across[some]), (n_rows, n_columns))
        classes[some], depths[some] = side
    return classes, depths


def gravest_of(
    found: Sequence[tuple[NDArray[np.uint8], NDArray[np.float64]]],
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the gravest class and the greatest known depth of what several hazards say.

    Parameters
    ----------
    found
        Class and depth (m) of the same places by each hazard.
    """
    classes, depths = found[0]
    for other_classes, other_depths in found[1:]:
        classes, depths = graver_class(classes, other_classes), np.fmax(depths, other_depths)
    return classes, depths


def _worst_side(
    sides: list[tuple[NDArray[np.uint8], NDArray[np.float64]]],
    place: tuple[NDArray[np.float64], NDArray[np.float64]],
    shape: tuple[int, int],
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return class and depth of the worst of the four sides of points on lines between cells.

    Unknown is worse than none and low. A side beyond the edge of the raster counts only where all
    are: on the outer edge the inner side is what is known.
    """
    down, across = place
    beyond = np.array(
        [
            (down + shift < 0)
            | (down + shift > shape[0])
            | (across + other < 0)
            | (across + other > shape[1])
            for shift in (-_ON_LINE, _ON_LINE)
            for other in (-_ON_LINE, _ON_LINE)
        ]
    )
    classes = np.array([side[0] for side in sides])
    depths = np.array([side[1] for side in sides])
    gravity = np.where(beyond, -1.0, CLASS_GRAVITY[classes])
    # Within a class the deeper side is the worse one.
    gravity += np.clip(np.nan_to_num(depths, nan=0.0), 0.0, 1e6) / 1e7
    worst = np.argmax(gravity, axis=0)
    at = np.arange(worst.size)
    return classes[worst, at], depths[worst, at]


def _cell_at(
    hazard: Hazard, row: NDArray[np.float64], column: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return class and depth of cells; unknown outside the raster. Reads window by window."""
    n_rows, n_columns = _grid(hazard).shape
    classes = np.full(row.size, UNKNOWN, dtype=np.uint8)
    depths = np.full(row.size, np.nan)
    inside = np.flatnonzero((row >= 0) & (column >= 0) & (row < n_rows) & (column < n_columns))
    if inside.size == 0:
        return classes, depths
    rows, columns = row[inside].astype(np.int64), column[inside].astype(np.int64)
    across = slice(int(columns.min()), int(columns.max()) + 1)
    band = max(1, _MAX_WINDOW_CELLS // (across.stop - across.start))
    for start in range(int(rows.min()), int(rows.max()) + 1, band):
        window = slice(start, min(start + band, int(rows.max()) + 1))
        here = (rows >= window.start) & (rows < window.stop)
        place = (rows[here] - window.start, columns[here] - across.start)
        classes[inside[here]] = hazard.classes(window, across)[place]
        if hazard.unit == "m":
            depths[inside[here]] = hazard.depths_m(window, across)[place]
    return classes, depths


def _polygon_class_at(
    polygons: gpd.GeoDataFrame, x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Return the worst class of the polygons at points; what none covers is unknown."""
    shapes = np.asarray(polygons.geometry.array)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    numbers = polygons["hazard_class"].to_numpy(dtype=np.int64)[owner]
    point, part = shapely.STRtree(parts).query(shapely.points(x, y), predicate="intersects")
    severity = np.full(x.size, -1, dtype=np.int64)
    known = numbers[part] != UNKNOWN
    np.maximum.at(severity, point[known], numbers[part[known]])
    classes = np.full(x.size, UNKNOWN, dtype=np.uint8)
    classes[severity >= 0] = severity[severity >= 0]
    return classes
