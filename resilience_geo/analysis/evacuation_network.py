"""The evacuation network: stretches, the places where shelters are reached, and ways to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from resilience_geo.analysis.passability import UNSURE, hazard_pieces, piece_states
from resilience_geo.analysis.stretches import (
    Stretches,
    is_hazardous,
    make_stretches,
    nodes_at,
    penalties,
    slope_factors,
)
from resilience_geo.analysis.ways import Arcs, WayTree, nearest_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from resilience_geo.inputs.hazard import Hazard

    from resilience_geo.analysis.network import Roads
    from resilience_geo.analysis.passability import Pieces
    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.inputs.rasters import Grid

DEPARTURES: tuple[str, ...] = ("early", "late")


@dataclass(frozen=True)
class Network:
    """Roads cut into stretches, with the places at which shelters are reached.

    Parameters
    ----------
    roads, pieces, states
        The roads, their pieces over the hazard, and the state of each piece.
    stretches
        Parts of one state each.
    shelter_node, shelter_walk_m
        By departure: node at which each shelter is reached, -1 where no road is near; and the walk
        from there to the shelter (m).
    assumptions
        The choices.
    """

    roads: Roads
    pieces: Pieces
    states: NDArray[np.int64]
    stretches: Stretches
    shelter_node: dict[str, NDArray[np.int64]]
    shelter_walk_m: dict[str, NDArray[np.float64]]
    assumptions: EvacuationAssumptions


@dataclass(frozen=True)
class Ways:
    """The way of each origin to the nearest of some shelters, for one departure.

    Parameters
    ----------
    cost
        What was minimised (s, weighed by hazard); infinite where there is no way.
    travel_time_s, distance_m, hazardous_m, unknown_m
        Of the way, the walks to and from the road included.
    shelter
        Position of the shelter; -1 where there is no way.
    walk_to_road_m
        Straight walk from the origin to the road (m).
    stretch, share
        Where the road is entered: the stretch, and how far along it (0..1).
    toward_end
        Whether the way then leads toward the end of the stretch.
    near_road
        Whether any road of the mode lies within `max_snap_m`, open or not.
    tree, arc_stretch
        The tree of ways behind it, and the stretch of each arc (-1: to a shelter).
    """

    cost: NDArray[np.float64]
    travel_time_s: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    hazardous_m: NDArray[np.float64]
    unknown_m: NDArray[np.float64]
    shelter: NDArray[np.int64]
    walk_to_road_m: NDArray[np.float64]
    stretch: NDArray[np.int64]
    share: NDArray[np.float64]
    toward_end: NDArray[np.bool_]
    near_road: NDArray[np.bool_]
    tree: WayTree
    arc_stretch: NDArray[np.int64]


def build_network(
    roads: Roads,
    hazard: Hazard,
    shelter_points: NDArray[np.object_],
    assumptions: EvacuationAssumptions,
    *,
    elevation: Grid | None = None,
) -> Network:
    """Cut roads where their state changes and where shelters are reached.

    Parameters
    ----------
    roads
        From `road_arrays`.
    hazard
        From `read_hazard`.
    shelter_points
        Points in the metric CRS of `roads`.
    assumptions
        Speeds, limits, mode.
    elevation
        Heights (m) for Tobler's speeds; None: flat, or the graph's node elevations.
    """
    pieces = hazard_pieces(roads, hazard)
    states, factor = piece_states(roads, pieces, hazard, assumptions.mode, assumptions)
    slopes = slope_factors(roads, elevation, assumptions.downhill_speed_cap)
    whole = make_stretches(roads, pieces, states, factor, assumptions, slopes=slopes)
    lines = whole.geometries()
    cut_road, cut_metre, reached = [], [], {}
    for departure in DEPARTURES:
        shelter, stretch, share, away = _nearest(
            lines, _allowed(whole, departure, assumptions), shelter_points, assumptions.max_snap_m
        )
        best = _best_per_point(shelter, away, stretch)
        shelter, stretch, share = shelter[best], stretch[best], share[best]
        metre = whole.start_m[stretch] + share * whole.length_m[stretch]
        reached[departure] = (shelter, whole.road[stretch], metre, away[best])
        cut_road.append(whole.road[stretch])
        cut_metre.append(metre)
    cuts = (np.concatenate(cut_road), np.concatenate(cut_metre))
    stretches = make_stretches(roads, pieces, states, factor, assumptions, slopes=slopes, cuts=cuts)
    shelter_node, shelter_walk_m = {}, {}
    for departure, (shelter, road, metre, away) in reached.items():
        shelter_node[departure] = np.full(shelter_points.size, -1)
        shelter_node[departure][shelter] = nodes_at(roads, stretches, road, metre)
        shelter_walk_m[departure] = np.full(shelter_points.size, np.inf)
        shelter_walk_m[departure][shelter] = away
    return Network(
        roads=roads,
        pieces=pieces,
        states=states,
        stretches=stretches,
        shelter_node=shelter_node,
        shelter_walk_m=shelter_walk_m,
        assumptions=assumptions,
    )


def _allowed(
    stretches: Stretches, departure: str, assumptions: EvacuationAssumptions
) -> NDArray[np.bool_]:
    """Say which stretches may be used at a departure."""
    if departure == "early":
        return stretches.usable
    return stretches.passable_late(unknown_passes=assumptions.unknown_roads_pass_late)


def _nearest(
    lines: NDArray[np.object_],
    allowed: NDArray[np.bool_],
    points: NDArray[np.object_],
    max_distance_m: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the nearest allowed lines of the points: point, line, share along it, and distance (m).

    A point with no line within reach has no row; one with several at one distance has a row each.
    """
    candidates = np.flatnonzero(allowed)
    if candidates.size == 0 or points.size == 0:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing, np.empty(0), np.empty(0)
    (point, found), distance = shapely.STRtree(lines[candidates]).query_nearest(
        points, max_distance=max_distance_m, return_distance=True
    )
    line = candidates[found]
    share = shapely.line_locate_point(lines[line], points[point], normalized=True)
    return point, line, share, distance


def _best_per_point(
    point: NDArray[np.int64], cost: NDArray[np.float64], tie: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the row of the least cost for each point that has rows."""
    order = np.lexsort((tie, cost, point))
    if order.size == 0:
        return order
    return order[np.append(True, np.diff(point[order]) > 0)]


def find_ways(
    network: Network,
    points: NDArray[np.object_],
    departure: str,
    shelters: NDArray[np.int64],
) -> Ways:
    """Find the way of each point to the nearest of some shelters.

    The way begins at the nearest point of a road from which a shelter can be reached; early on
    every road is open and time in hazard is weighed up, late closed stretches are no way.

    Parameters
    ----------
    network
        From `build_network`.
    points
        Where people are, in the metric CRS of the roads.
    departure
        `early` or `late`.
    shelters
        Positions of the shelters that may be used.
    """
    assumptions, stretches = network.assumptions, network.stretches
    allowed = _allowed(stretches, departure, assumptions)
    arcs, arc_stretch, values = _arcs(network, departure, allowed, shelters)
    nodes = network.shelter_node[departure][shelters]
    tree = nearest_targets(arcs, stretches.n_nodes + shelters[nodes >= 0])
    seconds, metres, hazardous, unknown = tree.along(*values)
    reached = np.isfinite(tree.cost)
    served = allowed & (reached[stretches.start] | reached[stretches.end])
    lines = stretches.geometries()
    entry = _entries(
        network, departure, tree, _nearest(lines, served, points, assumptions.max_snap_m)
    )
    sums = [values[entry.node] for values in (seconds, metres, hazardous, unknown)]
    part_m = entry.part * stretches.length_m[entry.stretch]
    state = stretches.state[entry.stretch]
    ways = _no_ways(points.size, tree, arc_stretch)
    at = entry.point
    ways.cost[at] = entry.walk_m / assumptions.walking_speed_mps + entry.cost
    ways.travel_time_s[at] = entry.walk_m / assumptions.walking_speed_mps + entry.seconds + sums[0]
    ways.distance_m[at] = entry.walk_m + part_m + sums[1]
    ways.hazardous_m[at] = part_m * is_hazardous(state) + sums[2]
    ways.unknown_m[at] = part_m * (state == UNSURE) + sums[3]
    ways.shelter[at] = tree.target[entry.node] - stretches.n_nodes
    ways.walk_to_road_m[at] = entry.walk_m
    ways.stretch[at], ways.share[at] = entry.stretch, entry.share
    ways.toward_end[at], ways.near_road[at] = entry.toward_end, True
    missing = np.flatnonzero(~ways.near_road)
    ways.near_road[missing] = _within_reach(
        lines[stretches.usable], points[missing], assumptions.max_snap_m
    )
    return ways


@dataclass(frozen=True)
class _Entries:
    """Where points enter the roads: one row per point that has a way."""

    point: NDArray[np.int64]
    stretch: NDArray[np.int64]
    share: NDArray[np.float64]
    walk_m: NDArray[np.float64]
    toward_end: NDArray[np.bool_]
    node: NDArray[np.int64]
    cost: NDArray[np.float64]
    seconds: NDArray[np.float64]
    part: NDArray[np.float64]


def _entries(
    network: Network,
    departure: str,
    tree: WayTree,
    nearest: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
) -> _Entries:
    """Choose, of the nearest stretches of each point and their two ends, the cheapest way on."""
    stretches = network.stretches
    point, stretch, share, walk = nearest
    forward_s, backward_s, weight = _times(network, departure)
    with np.errstate(invalid="ignore"):
        to_start = np.where(share > 0.0, backward_s[stretch] * share, 0.0)
        to_end = np.where(share < 1.0, forward_s[stretch] * (1.0 - share), 0.0)
    by_start = to_start * weight[stretch] + tree.cost[stretches.start[stretch]]
    by_end = to_end * weight[stretch] + tree.cost[stretches.end[stretch]]
    toward_end = by_end < by_start
    cost = np.where(toward_end, by_end, by_start)
    best = _best_per_point(point, cost, stretch)
    best = best[np.isfinite(cost[best])]
    ahead = toward_end[best]
    return _Entries(
        point=point[best],
        stretch=stretch[best],
        share=share[best],
        walk_m=walk[best],
        toward_end=ahead,
        node=np.where(ahead, stretches.end[stretch[best]], stretches.start[stretch[best]]),
        cost=cost[best],
        seconds=np.where(ahead, to_end[best], to_start[best]),
        part=np.where(ahead, 1.0 - share[best], share[best]),
    )


def _no_ways(count: int, tree: WayTree, arc_stretch: NDArray[np.int64]) -> Ways:
    """Return ways of points that have none yet."""
    return Ways(
        *(np.full(count, np.inf) for _ in range(5)),
        shelter=np.full(count, -1),
        walk_to_road_m=np.full(count, np.inf),
        stretch=np.zeros(count, dtype=np.int64),
        share=np.zeros(count),
        toward_end=np.zeros(count, dtype=bool),
        near_road=np.zeros(count, dtype=bool),
        tree=tree,
        arc_stretch=arc_stretch,
    )


def _within_reach(
    lines: NDArray[np.object_], points: NDArray[np.object_], distance_m: float
) -> NDArray[np.bool_]:
    """Say which points have any of the lines within a distance."""
    near = np.zeros(points.size, dtype=bool)
    if points.size and lines.size:
        found = shapely.STRtree(lines).query_nearest(
            points, max_distance=distance_m, all_matches=False
        )
        near[found[0]] = True
    return near


def _times(
    network: Network, departure: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return time forward and backward on each stretch (s), and what a second of it weighs."""
    stretches, assumptions = network.stretches, network.assumptions
    if departure == "late":
        weight = np.ones(stretches.road.size)
        return stretches.wet_forward_s, stretches.wet_backward_s, weight
    weight = penalties(stretches.state, assumptions.slowed_penalty, assumptions.closed_penalty)
    return stretches.dry_forward_s, stretches.dry_backward_s, weight


def _arcs(
    network: Network,
    departure: str,
    allowed: NDArray[np.bool_],
    shelters: NDArray[np.int64],
) -> tuple[Arcs, NDArray[np.int64], list[NDArray[np.float64]]]:
    """Return arcs of allowed stretches and of the last walks to shelters, and their measures.

    Shelters are nodes after the network's own: node = n_nodes + position of the shelter.
    """
    stretches, assumptions = network.stretches, network.assumptions
    forward_s, backward_s, weight = _times(network, departure)
    used = np.flatnonzero(allowed)
    nodes = network.shelter_node[departure][shelters]
    walk_m = network.shelter_walk_m[departure][shelters]
    near = nodes >= 0
    n_shelters = network.shelter_node[departure].size
    walk_s = walk_m[near] / assumptions.walking_speed_mps
    start, end = stretches.start[used], stretches.end[used]
    seconds = np.concatenate([forward_s[used], backward_s[used], walk_s])
    metres = np.concatenate([np.tile(stretches.length_m[used], 2), walk_m[near]])
    zero = np.zeros(int(near.sum()))
    hazardous = np.concatenate([np.tile(is_hazardous(stretches.state[used]), 2), zero])
    unknown = np.concatenate([np.tile(stretches.state[used] == UNSURE, 2), zero])
    arcs = Arcs(
        tail=np.concatenate([start, end, nodes[near]]),
        head=np.concatenate([end, start, stretches.n_nodes + shelters[near]]),
        cost=seconds * np.concatenate([np.tile(weight[used], 2), zero + 1.0]),
        n_nodes=stretches.n_nodes + n_shelters,
    )
    owner = np.concatenate([used, used, np.full(zero.size, -1)])
    return arcs, owner, [seconds, metres, metres * hazardous, metres * unknown]
