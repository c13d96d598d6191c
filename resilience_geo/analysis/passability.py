"""Passability: which stretches of a road are open, slowed, closed or unknown for whom.

A road is followed along its whole line over the hazard: it is cut where it leaves a raster cell
or crosses the edge of a hazard polygon, and each piece takes the hazard of the place it lies in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from resilience_geo.analysis.network import Roads, road_arrays
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.crs import transform_points
from resilience_geo.hazard_classes import CLASS_NAMES, HIGH, LOW, MEDIUM, UNKNOWN, cuts_as

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.inputs.hazard import Hazard
    from resilience_geo.inputs.rasters import Grid

ROAD_STATES: tuple[str, ...] = ("open", "slowed", "closed", "unknown")
OPEN, SLOWED, CLOSED, UNSURE = range(4)
# The state of a whole road is the gravest of its stretches.
_GRAVITY = np.array([0, 1, 3, 2])
# Of two classes on one line: none, low, unknown, medium, high.
_CLASS_GRAVITY = np.array([0.0, 1.0, 3.0, 4.0, 2.0])
_ON_LINE = 1e-6
_AT_END = 1e-9
_MAX_WINDOW_CELLS = 20_000_000


@dataclass(frozen=True)
class Pieces:
    """Parts of roads that lie in one place of the hazard, in order along each road.

    Parameters
    ----------
    road
        Position of the road in `Roads`, ascending.
    start_m, end_m
        Where the piece begins and ends along the road (m).
    x, y
        Where it begins, in the metric CRS of the roads.
    bend
        Whether it begins at a vertex of the road (or only at the edge of a cell).
    hazard_class
        Class number.
    depth_m
        Water depth (m); NaN where it is unknown or the hazard has no depth.
    """

    road: NDArray[np.int64]
    start_m: NDArray[np.float64]
    end_m: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    bend: NDArray[np.bool_]
    hazard_class: NDArray[np.uint8]
    depth_m: NDArray[np.float64]


def hazard_pieces(roads: Roads, hazard: Hazard) -> Pieces:
    """Cut roads into pieces that lie in one raster cell or one hazard polygon each."""
    x, y = transform_points(roads.x, roads.y, roads.crs, hazard_crs(hazard))
    first = roads.segment_first
    x0, y0, x1, y1 = x[first], y[first], x[first + 1], y[first + 1]
    segment, t0, t1 = cut_segments(x0, y0, x1, y1, hazard)
    middle = (t0 + t1) / 2.0
    middle_x = x0[segment] + (x1 - x0)[segment] * middle
    middle_y = y0[segment] + (y1 - y0)[segment] * middle
    hazard_class, depth = hazard_at(hazard, middle_x, middle_y)
    vertex = first[segment]
    length = roads.measure_m[vertex + 1] - roads.measure_m[vertex]
    begins = roads.measure_m[vertex]
    return Pieces(
        road=roads.segment_road[segment],
        start_m=begins + length * t0,
        end_m=begins + length * t1,
        x=roads.x[vertex] + (roads.x[vertex + 1] - roads.x[vertex]) * t0,
        y=roads.y[vertex] + (roads.y[vertex + 1] - roads.y[vertex]) * t0,
        bend=t0 == 0.0,
        hazard_class=hazard_class,
        depth_m=depth,
    )


def _grid(hazard: Hazard) -> Grid:
    """Return the grid of a raster hazard."""
    if hazard.grid is None:
        message = "a hazard holds a grid or polygons"
        raise AssertionError(message)
    return hazard.grid


def hazard_crs(hazard: Hazard) -> pyproj.CRS:
    """Return the CRS of a hazard, raster or polygons."""
    return hazard.polygons.crs if hazard.polygons is not None else _grid(hazard).crs


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
        The hazard.

    Returns
    -------
    tuple of ndarray
        Segment of each part, and where on it the part begins and ends (0..1).
    """
    if hazard.polygons is not None:
        return _cut_at_polygons(x0, y0, x1, y1, hazard.polygons)
    return _cut_at_cells(x0, y0, x1, y1, _grid(hazard))


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

    A point on the line between cells or polygons takes the worse side.

    Returns
    -------
    tuple of ndarray
        Class numbers (unknown outside the hazard), and depths (NaN where unknown or where the
        hazard is not a depth).
    """
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
    gravity = np.where(beyond, -1.0, _CLASS_GRAVITY[classes])
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


def piece_states(
    roads: Roads, pieces: Pieces, hazard: Hazard, mode: str, assumptions: EvacuationAssumptions
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the state of each piece for a mode, and the speed factor while the hazard is there.

    Rules
    -----
    - Water depth: closed from the mode's limit on, slowed from `wet_depth_m` on.
    - Classes without depth: flood and tsunami medium and high closed, low slowed; landslide and
      generic high closed, medium slowed.
    - In a flood or tsunami bridges go by `bridge_rule`, a tunnel or underpass is closed as soon
      as it is wet anywhere, and a ford is closed.
    - Unknown hazard is an unknown road, whatever lies around it.
    """
    states, factor = states_of(hazard, pieces.hazard_class, pieces.depth_m, mode, assumptions)
    if hazard.kind in {"flood", "tsunami"}:
        states[roads.ford[pieces.road] & (states != UNSURE)] = CLOSED
        wet_tunnel = np.zeros(roads.n_roads, dtype=bool)
        wet = (states == SLOWED) | (states == CLOSED)
        wet_tunnel[pieces.road[wet]] = True
        wet_tunnel &= roads.tunnel
        states[wet_tunnel[pieces.road]] = CLOSED
    on_bridge = roads.bridge[pieces.road]
    if hazard.kind not in {"flood", "tsunami"}:
        # A slide takes a bridge as it takes a road; only water runs under it.
        return states, factor
    if assumptions.bridge_rule == "open":
        states[on_bridge & (states != UNSURE)] = OPEN
        factor[on_bridge] = 1.0
    elif assumptions.bridge_rule == "caution":
        states[on_bridge & (states == CLOSED)] = SLOWED
        factor[on_bridge] = 1.0
    return states, factor


def states_of(
    hazard: Hazard,
    hazard_class: NDArray[np.uint8],
    depth_m: NDArray[np.float64],
    mode: str,
    assumptions: EvacuationAssumptions,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the state, and the speed factor, of places by their hazard alone."""
    if hazard.unit == "m":
        states, factor = _states_by_depth(depth_m, mode, assumptions)
    else:
        states, factor = _states_by_class(hazard_class, hazard.kind, assumptions)
    states[hazard_class == UNKNOWN] = UNSURE
    return states, factor


def _states_by_depth(
    depth_m: NDArray[np.float64], mode: str, assumptions: EvacuationAssumptions
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return states and walking speed factors by water depth."""
    # Depths come from float32 rasters as a rule: 0.5 written there must be the limit 0.5.
    depth = depth_m.astype(np.float32)
    limit, wet, wading = cuts_as(
        depth.dtype,
        (assumptions.depth_limit_m(mode), assumptions.wet_depth_m, assumptions.wading_depth_m),
    )
    states = np.where(depth >= limit, CLOSED, np.where(depth >= wet, SLOWED, OPEN))
    factor = np.where(
        depth >= wading,
        assumptions.wading_speed_factor,
        np.where(depth >= wet, assumptions.shallow_water_speed_factor, 1.0),
    )
    return states.astype(np.int64), factor


def _states_by_class(
    hazard_class: NDArray[np.uint8], kind: str, assumptions: EvacuationAssumptions
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return states by class where there is no depth."""
    by_class = np.array([OPEN, OPEN, SLOWED, CLOSED, UNSURE])
    factors = np.ones(len(CLASS_NAMES))
    if kind in {"flood", "tsunami"}:
        by_class[[LOW, MEDIUM, HIGH]] = SLOWED, CLOSED, CLOSED
        factors[LOW] = assumptions.wading_speed_factor
    return by_class[hazard_class], factors[hazard_class]


def summarise_roads(
    roads: Roads, pieces: Pieces, states: dict[str, NDArray[np.int64]]
) -> dict[str, NDArray[Any]]:
    """Return what is known of each road: states by mode, shares by class, and worst values.

    Parameters
    ----------
    roads, pieces
        The roads and their pieces.
    states
        State of each piece by mode.

    Returns
    -------
    dict of ndarray
        `state_{mode}` (text), `worst_class` (text; the worst known one, unknown where nothing is
        known), `max_depth_m`, `share_{class}` (of the road's length), one value per road.
    """
    length = pieces.end_m - pieces.start_m
    flat = pieces.road * len(CLASS_NAMES) + pieces.hazard_class
    metres = np.bincount(flat, length, minlength=roads.n_roads * len(CLASS_NAMES))
    metres = metres.reshape(roads.n_roads, len(CLASS_NAMES))
    shares = metres / np.maximum(metres.sum(axis=1, keepdims=True), 1e-300)
    table: dict[str, NDArray[Any]] = {}
    for mode, state in states.items():
        gravity = np.zeros(roads.n_roads, dtype=np.int64)
        np.maximum.at(gravity, pieces.road, _GRAVITY[state])
        table[f"state_{mode}"] = np.array(ROAD_STATES)[np.argsort(_GRAVITY)[gravity]]
    known = pieces.hazard_class != UNKNOWN
    worst = np.full(roads.n_roads, -1, dtype=np.int64)
    np.maximum.at(worst, pieces.road[known], pieces.hazard_class[known].astype(np.int64))
    table["worst_class"] = np.array([*CLASS_NAMES[:UNKNOWN], "unknown"])[
        np.where(worst < 0, UNKNOWN, worst)
    ]
    depth = np.full(roads.n_roads, -np.inf)
    np.fmax.at(depth, pieces.road, pieces.depth_m)
    table["max_depth_m"] = np.where(np.isfinite(depth), depth, np.nan)
    for position, name in enumerate(CLASS_NAMES):
        table[f"share_{name}"] = shares[:, position]
    return table


def road_states(
    roads: Any,
    hazard: Hazard,
    mode: str = "walk",
    *,
    assumptions: EvacuationAssumptions | None = None,
) -> gpd.GeoDataFrame:
    """Say of every road whether it is open, slowed, closed or unknown while the hazard is there.

    Parameters
    ----------
    roads
        OSMnx graph, from `read_roads`.
    hazard
        From `read_hazard`.
    mode
        `walk`, `motorcycle`, `car` or `truck`.
    assumptions
        Depth limits and the rule for bridges.

    Returns
    -------
    geopandas.GeoDataFrame
        Index `(u, v, key)` as the graph's edges, in their order; columns `state` (the gravest
        along the whole line), `worst_class`, `max_depth_m`, `share_none`, `share_low`,
        `share_medium`, `share_high`, `share_unknown` (of the length), `length_m`, `geometry`.

    Notes
    -----
    What closes is the stretch, not the road: routes use the stretches, this table is the overview.
    """
    chosen = assumptions or EvacuationAssumptions()
    chosen.depth_limit_m(mode)
    arrays = road_arrays(roads)
    pieces = hazard_pieces(arrays, hazard)
    states, _ = piece_states(arrays, pieces, hazard, mode, chosen)
    summary = summarise_roads(arrays, pieces, {mode: states})
    road = arrays.edge_road
    return gpd.GeoDataFrame(
        {
            "state": summary.pop(f"state_{mode}")[road],
            **{name: values[road] for name, values in summary.items()},
            "length_m": arrays.length_m[road],
        },
        index=arrays.edge_index(),
        geometry=arrays.geometries()[road],
        crs=arrays.crs,
    )
