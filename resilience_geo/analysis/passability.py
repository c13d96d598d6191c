"""Passability: which stretches of a road are open, slowed, closed or unknown for whom.

A road is followed along its whole line over the hazard: it is cut where it leaves a raster cell
or crosses the edge of a hazard polygon, and each piece takes the hazard of the place it lies in.
Where several hazards count together, each judges the roads by its own rules and the gravest state
holds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from resilience_geo.analysis.hazard_places import (
    cut_segments,
    gravest_of,
    hazard_at,
    united_cuts,
)
from resilience_geo.analysis.network import Roads, road_arrays
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.crs import transform_points
from resilience_geo.hazard_classes import CLASS_NAMES, HIGH, LOW, MEDIUM, UNKNOWN, cuts_as
from resilience_geo.inputs.hazards import combine_hazards

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.inputs.hazard import Hazard

ROAD_STATES: tuple[str, ...] = ("open", "slowed", "closed", "unknown")
OPEN, SLOWED, CLOSED, UNSURE = range(4)
# The state of a whole road is the gravest of its stretches.
_GRAVITY = np.array([0, 1, 3, 2])
_STATE_OF_GRAVITY = np.argsort(_GRAVITY)


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
        Class number; of several hazards the gravest.
    depth_m
        Water depth (m); NaN where it is unknown or the hazard has no depth.
    by_hazard
        Class and depth by each of several hazards, in their order; empty for a single hazard.
    """

    road: NDArray[np.int64]
    start_m: NDArray[np.float64]
    end_m: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    bend: NDArray[np.bool_]
    hazard_class: NDArray[np.uint8]
    depth_m: NDArray[np.float64]
    by_hazard: tuple[tuple[NDArray[np.uint8], NDArray[np.float64]], ...] = ()


def hazard_pieces(roads: Roads, hazard: Hazard) -> Pieces:
    """Cut roads into pieces that lie in one raster cell or one hazard polygon each.

    Parameters
    ----------
    roads
        From `road_arrays`.
    hazard
        From `read_hazard`; by several hazards together the roads are cut in turn, so that each
        piece lies in one cell or polygon of each.
    """
    first = roads.segment_first
    ends = [_segment_ends(roads, part.crs) for part in hazard.maps]
    if hazard.grid is not None or hazard.polygons is not None:
        segment, t0, t1 = cut_segments(*ends[0], hazard)
    else:
        cuts = [cut_segments(*own, part) for own, part in zip(ends, hazard.maps, strict=True)]
        segment, t0, t1 = united_cuts(first.size, cuts)
    middle = (t0 + t1) / 2.0
    found = tuple(
        hazard_at(
            part,
            x0[segment] + (x1 - x0)[segment] * middle,
            y0[segment] + (y1 - y0)[segment] * middle,
        )
        for part, (x0, y0, x1, y1) in zip(hazard.maps, ends, strict=True)
    )
    hazard_class, depth = gravest_of(found)
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
        by_hazard=found if hazard.parts else (),
    )


def _segment_ends(
    roads: Roads, crs: pyproj.CRS
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y of the beginnings and of the ends of all segments in a CRS."""
    x, y = transform_points(roads.x, roads.y, roads.crs, crs)
    first = roads.segment_first
    return x[first], y[first], x[first + 1], y[first + 1]


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
    - Of several hazards each judges by its own rules; the gravest state (closed, unknown, slowed,
      open) and the lowest speed hold.
    """
    if hazard.parts:
        judged = [
            piece_states(roads, pieces_of_part, part, mode, assumptions)
            for part, pieces_of_part in zip(hazard.parts, _by_hazard(pieces), strict=True)
        ]
        gravest = np.max([_GRAVITY[states] for states, _ in judged], axis=0)
        return _STATE_OF_GRAVITY[gravest], np.min([factor for _, factor in judged], axis=0)
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


def _by_hazard(pieces: Pieces) -> list[Pieces]:
    """Return the pieces as each of several hazards alone sees them."""
    return [
        replace(pieces, hazard_class=hazard_class, depth_m=depth_m, by_hazard=())
        for hazard_class, depth_m in pieces.by_hazard
    ]


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
        table[f"state_{mode}"] = np.array(ROAD_STATES)[_STATE_OF_GRAVITY[gravity]]
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
    hazard: Hazard | Sequence[Hazard],
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
        From `read_hazard`; several in a list count together, see `combine_hazards`.
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
    together = combine_hazards(hazard)
    pieces = hazard_pieces(arrays, together)
    states, _ = piece_states(arrays, pieces, together, mode, chosen)
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
