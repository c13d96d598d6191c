"""The evacuation network: stretches, the places where shelters are reached, and ways to them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from resilience_geo.analysis.passability import UNSURE, hazard_pieces, piece_states
from resilience_geo.analysis.stretches import (
    Stretches,
    is_hazardous,
    make_stretches,
    penalties,
    slope_factors,
    split_stretches,
)
from resilience_geo.analysis.walks import (
    Walks,
    best_per_point,
    nearest_walks,
    passable_walks,
    wading_less_deep,
)
from resilience_geo.flows.ways import Arcs, SearchGraph, WayTree, nearest_targets, search_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.analysis.network import Roads
    from resilience_geo.analysis.passability import Pieces
    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.inputs.hazard import Hazard
    from resilience_geo.inputs.rasters import Grid

DEPARTURES: tuple[str, ...] = ("early", "late")
# Who needs assistance wades less deep: late, shelters are reached from other roads.
LATE_ASSISTED = "late assisted"


@dataclass(frozen=True)
class Accesses:
    """From which nodes of the roads shelters are reached: three arrays of equal length.

    Parameters
    ----------
    shelter
        Position of the shelter; one that no road comes near has no row, some have two.
    node
        Node from which it is reached.
    walk_m
        Straight walk from there to the shelter (m).
    """

    shelter: NDArray[np.int64]
    node: NDArray[np.int64]
    walk_m: NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """Roads cut into stretches, with the places at which shelters are reached.

    Parameters
    ----------
    roads, pieces, states
        The roads, their pieces over the hazard, and the state of each piece.
    stretches
        Parts of one state each.
    piece, main_piece
        Connected piece of the roads each stretch belongs to, hazard or not; -1 where the mode may
        not go; and the piece that holds most metres.
    accesses, n_shelters
        By departure, and late for people who need assistance: from which nodes shelters are
        reached; and how many shelters there are.
    hazard
        The hazard the roads were cut by.
    assumptions
        The choices.
    """

    roads: Roads
    pieces: Pieces
    states: NDArray[np.int64]
    stretches: Stretches
    piece: NDArray[np.int64]
    main_piece: int
    accesses: dict[str, Accesses]
    n_shelters: int
    hazard: Hazard
    assumptions: EvacuationAssumptions


@dataclass(frozen=True)
class Travel:
    """The network as it can be travelled at a departure.

    Parameters
    ----------
    departure
        `early` or `late`.
    assisted
        Whether it is travelled by people who need assistance.
    allowed
        Which stretches may be used.
    times
        Time forward and backward on each stretch (s), and what a second of it weighs.
    graph
        The arcs to be searched.
    arc_stretch
        Stretch of each arc; -1: the walk to a shelter.
    arc_values
        Of each arc: seconds, metres, metres in hazard, metres unknown.
    """

    departure: str
    assisted: bool
    allowed: NDArray[np.bool_]
    times: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
    graph: SearchGraph
    arc_stretch: NDArray[np.int64]
    arc_values: tuple[NDArray[np.float64], ...]

    @property
    def key(self) -> str:
        """What the accesses of shelters and the rule of walking go by."""
        return LATE_ASSISTED if self.assisted and self.departure == "late" else self.departure


@dataclass(frozen=True)
class Ways:
    """The way of each origin to the nearest of some shelters, for one departure.

    Parameters
    ----------
    travel_time_s, distance_m, hazardous_m, unknown_m
        Of the way, the walks to and from the road included; infinite where there is none.
    shelter
        Position of the shelter; -1 where there is no way.
    walk_to_road_m
        Straight walk from the origin to the road (m).
    stretch, share
        Where the road is entered: the stretch, and how far along it (0..1).
    toward_end
        Whether the way then leads toward the end of the stretch.
    trees, tree
        The trees of ways behind it, each with the stretch of each arc (-1: to a shelter), and
        which of them each origin's way is on.
    """

    travel_time_s: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    hazardous_m: NDArray[np.float64]
    unknown_m: NDArray[np.float64]
    shelter: NDArray[np.int64]
    walk_to_road_m: NDArray[np.float64]
    stretch: NDArray[np.int64]
    share: NDArray[np.float64]
    toward_end: NDArray[np.bool_]
    trees: Sequence[tuple[WayTree, NDArray[np.int64]]]
    tree: NDArray[np.int64]


def build_network(
    roads: Roads,
    hazard: Hazard,
    shelter_points: NDArray[np.object_],
    assumptions: EvacuationAssumptions,
    *,
    elevation: Grid | None = None,
    assisted: bool = False,
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
    assisted
        Whether people who need assistance, and wade less deep, travel apart.
    """
    pieces = hazard_pieces(roads, hazard)
    states, factor = piece_states(roads, pieces, hazard, assumptions.mode, assumptions)
    assisted_states = None
    if assisted:
        shallower = wading_less_deep(assumptions)
        assisted_states, _ = piece_states(roads, pieces, hazard, assumptions.mode, shallower)
    slopes = slope_factors(roads, elevation, assumptions.downhill_speed_cap)
    whole = make_stretches(
        roads, pieces, states, factor, assumptions, slopes=slopes, assisted_states=assisted_states
    )
    piece, main = _pieces_of_roads(roads, assumptions.mode)
    reached = {
        key: _reached_from(
            walking_rule(whole.lines, key, hazard, roads.crs, assumptions),
            _allowed(whole, key, assumptions),
            piece[whole.road] == main,
            shelter_points,
            assumptions.max_gap_m,
        )
        for key in ((*DEPARTURES, LATE_ASSISTED) if assisted else DEPARTURES)
    }
    stretches, node = split_stretches(
        whole,
        np.concatenate([found.stretch for found in reached.values()]),
        np.concatenate([found.share for found in reached.values()]),
    )
    nodes = np.split(node, np.cumsum([found.point.size for found in reached.values()])[:-1])
    return Network(
        roads=roads,
        pieces=pieces,
        states=states,
        stretches=stretches,
        piece=piece[stretches.road],
        main_piece=main,
        accesses={
            key: Accesses(found.point, node, found.distance_m)
            for (key, found), node in zip(reached.items(), nodes, strict=True)
        },
        n_shelters=int(shelter_points.size),
        hazard=hazard,
        assumptions=assumptions,
    )


def _pieces_of_roads(roads: Roads, mode: str) -> tuple[NDArray[np.int64], int]:
    """Return the connected piece of each road, -1 where the mode may not go, and the largest.

    A lost road is a piece of its own, and joins nothing.
    """
    usable = roads.usable(mode)
    there = usable.copy()
    if roads.lost_road >= 0:
        usable[roads.lost_road] = False
    links = sparse.csr_array(
        (np.ones(int(usable.sum())), (roads.start[usable], roads.end[usable])),
        shape=(roads.node_x.size, roads.node_x.size),
    )
    _, label = connected_components(links, directed=False)
    piece = label[roads.start].astype(np.int64)
    main = int(np.argmax(np.bincount(piece, roads.length_m * usable)))
    if roads.lost_road >= 0:
        piece[roads.lost_road] = piece.max() + 1
    return np.where(there, piece, -1), main


def _reached_from(
    walks: Callable[[NDArray[np.bool_], NDArray[np.object_]], Walks],
    allowed: NDArray[np.bool_],
    main: NDArray[np.bool_],
    points: NDArray[np.object_],
    gap_m: float,
) -> Walks:
    """Return where shelters are reached from: the nearest road, and one of the main piece.

    A footpath drawn in a school yard and joined to nothing must not cut the school off, so a road
    of the main piece that is hardly farther counts as well.
    """
    nearest = walks(allowed, points).one_per_point()
    alone = np.flatnonzero(~main[nearest.stretch])
    found = walks(allowed & main, points[nearest.point[alone]]).one_per_point()
    close = found.distance_m <= nearest.distance_m[alone][found.point] + gap_m
    return nearest.joined(found.rows(close).of(nearest.point[alone]))


def walking_rule(
    lines: NDArray[np.object_],
    key: str,
    hazard: Hazard,
    crs: pyproj.CRS,
    assumptions: EvacuationAssumptions,
) -> Callable[[NDArray[np.bool_], NDArray[np.object_]], Walks]:
    """Return the rule by which people walk to a road: early, late, or late with assistance."""
    if key == "early":
        return lambda allowed, points: nearest_walks(lines, allowed, points, assumptions.max_snap_m)
    rule = wading_less_deep(assumptions) if key == LATE_ASSISTED else assumptions
    return lambda allowed, points: passable_walks(lines, allowed, points, hazard, crs, rule)


def _allowed(
    stretches: Stretches, key: str, assumptions: EvacuationAssumptions
) -> NDArray[np.bool_]:
    """Say which stretches may be used: early, late, or late with assistance."""
    if key == "early":
        return stretches.usable.copy()
    return stretches.passable_late(
        unknown_passes=assumptions.unknown_roads_pass_late, assisted=key == LATE_ASSISTED
    )


def find_ways(
    network: Network,
    travel: Travel,
    points: NDArray[np.object_],
    shelters: NDArray[np.bool_],
) -> Ways:
    """Find the way of each point to the nearest of some shelters.

    The way begins at the nearest road; late at the nearest of the same connected piece of roads
    that is open and leads on, and nobody walks into something worse than where they stand to reach
    it. Early every road is open and time in hazard is weighed up.

    Parameters
    ----------
    network
        From `build_network`.
    travel
        From `travel_at`, for a departure.
    points
        Where people are, in the metric CRS of the roads.
    shelters
        Whether each shelter may be used.
    """
    assumptions, stretches = network.assumptions, network.stretches
    reachable = np.unique(network.accesses[travel.key].shelter)
    targets = stretches.n_nodes + reachable[shelters[reachable]]
    tree = nearest_targets(travel.graph, targets)
    seconds, metres, hazardous, unknown = tree.along(*travel.arc_values)
    reached = np.isfinite(tree.cost)
    forward_s, backward_s, _ = travel.times
    served = (np.isfinite(backward_s) & reached[stretches.start]) | (
        np.isfinite(forward_s) & reached[stretches.end]
    )
    nearest = _walks_to_roads(network, travel, points, travel.allowed & served)
    entry = _entries(stretches, tree, nearest, travel.times)
    sums = [values[entry.node] for values in (seconds, metres, hazardous, unknown)]
    part_m = entry.part * stretches.length_m[entry.stretch]
    state = stretches.state[entry.stretch]
    ways = _no_ways(points.size, tree, travel.arc_stretch)
    at = entry.point
    ways.travel_time_s[at] = entry.walk_m / assumptions.walking_speed_mps + entry.seconds + sums[0]
    ways.distance_m[at] = entry.walk_m + part_m + sums[1]
    ways.hazardous_m[at] = part_m * is_hazardous(state) + sums[2]
    ways.unknown_m[at] = part_m * (state == UNSURE) + sums[3]
    ways.shelter[at] = tree.target[entry.node] - stretches.n_nodes
    ways.walk_to_road_m[at] = entry.walk_m
    ways.stretch[at], ways.share[at] = entry.stretch, entry.share
    ways.toward_end[at] = entry.toward_end
    return ways


def _walks_to_roads(
    network: Network, travel: Travel, points: NDArray[np.object_], leading_on: NDArray[np.bool_]
) -> Walks:
    """Return the walks of points to the nearest stretches that lead on to a shelter.

    Only stretches of the piece of roads a point is nearest to count, and others that are hardly
    farther: the way over to another piece may lead through the river that parts them.
    """
    lines, assumptions = network.stretches.lines, network.assumptions
    walks = walking_rule(lines, travel.key, network.hazard, network.roads.crs, assumptions)
    home = nearest_walks(lines, network.stretches.usable, points, assumptions.max_snap_m)
    home = home.one_per_point()
    home_piece = network.piece[home.stretch]
    on_main = home_piece == network.main_piece
    there = home.point[on_main]
    found = walks(leading_on & (network.piece == network.main_piece), points[there]).of(there)
    apart, piece = home.point[~on_main], home_piece[~on_main]
    reach_m = home.distance_m[~on_main] + assumptions.max_gap_m
    for stretches in (leading_on & (network.piece != network.main_piece), leading_on):
        near = walks(stretches, points[apart])
        fine = network.piece[near.stretch] == piece[near.point]
        fine |= near.distance_m <= reach_m[near.point]
        near = near.rows(fine)
        found = found.joined(near.of(apart))
        left = ~np.isin(np.arange(apart.size), near.point)
        apart, piece, reach_m = apart[left], piece[left], reach_m[left]
    return found


@dataclass(frozen=True)
class _Entries:
    """Where points enter the roads: one row per point that has a way."""

    point: NDArray[np.int64]
    stretch: NDArray[np.int64]
    share: NDArray[np.float64]
    walk_m: NDArray[np.float64]
    toward_end: NDArray[np.bool_]
    node: NDArray[np.int64]
    seconds: NDArray[np.float64]
    part: NDArray[np.float64]


def _entries(
    stretches: Stretches,
    tree: WayTree,
    nearest: Walks,
    times: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
) -> _Entries:
    """Choose, of the nearest stretches of each point and their two ends, the cheapest way on."""
    point, stretch, share, walk = (
        nearest.point,
        nearest.stretch,
        nearest.share,
        nearest.distance_m,
    )
    forward_s, backward_s, weight = times
    with np.errstate(invalid="ignore"):
        to_start = np.where(share > 0.0, backward_s[stretch] * share, 0.0)
        to_end = np.where(share < 1.0, forward_s[stretch] * (1.0 - share), 0.0)
    by_start = to_start * weight[stretch] + tree.cost[stretches.start[stretch]]
    by_end = to_end * weight[stretch] + tree.cost[stretches.end[stretch]]
    toward_end = by_end < by_start
    cost = np.where(toward_end, by_end, by_start)
    best = best_per_point(point, cost, stretch)
    best = best[np.isfinite(cost[best])]
    ahead = toward_end[best]
    return _Entries(
        point=point[best],
        stretch=stretch[best],
        share=share[best],
        walk_m=walk[best],
        toward_end=ahead,
        node=np.where(ahead, stretches.end[stretch[best]], stretches.start[stretch[best]]),
        seconds=np.where(ahead, to_end[best], to_start[best]),
        part=np.where(ahead, 1.0 - share[best], share[best]),
    )


def _no_ways(count: int, tree: WayTree, arc_stretch: NDArray[np.int64]) -> Ways:
    """Return ways of points that have none yet."""
    return Ways(
        travel_time_s=np.full(count, np.inf),
        distance_m=np.full(count, np.inf),
        hazardous_m=np.full(count, np.inf),
        unknown_m=np.full(count, np.inf),
        shelter=np.full(count, -1),
        walk_to_road_m=np.full(count, np.inf),
        stretch=np.zeros(count, dtype=np.int64),
        share=np.zeros(count),
        toward_end=np.zeros(count, dtype=bool),
        trees=((tree, arc_stretch),),
        tree=np.zeros(count, dtype=np.int64),
    )


def with_other_ways(ways: Ways, other: Ways, chosen: NDArray[np.int64]) -> Ways:
    """Return ways of which some are replaced.

    Parameters
    ----------
    ways
        Ways of all origins.
    other
        New ways, one per origin in `chosen`.
    chosen
        Positions of the origins whose way is replaced.
    """

    def put(name: str) -> NDArray[Any]:
        values = getattr(ways, name).copy()
        values[chosen] = getattr(other, name)
        return np.asarray(values)

    replaced = {field.name: put(field.name) for field in fields(Ways) if field.name != "trees"}
    replaced["tree"][chosen] += len(ways.trees)
    return Ways(**replaced, trees=(*ways.trees, *other.trees))


def near_a_road(network: Network, points: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Say which points have any road of the mode within `max_snap_m`, open or not."""
    near = np.zeros(points.size, dtype=bool)
    lines = network.stretches.lines[network.stretches.usable]
    if points.size and lines.size:
        found = shapely.STRtree(lines).query_nearest(
            points, max_distance=network.assumptions.max_snap_m, all_matches=False
        )
        near[found[0]] = True
    return near


def _times(
    network: Network, departure: str, state: NDArray[np.int64], *, weighed: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return time forward and backward on each stretch (s), and what a second of it weighs."""
    stretches, assumptions = network.stretches, network.assumptions
    weight = np.ones(stretches.road.size)
    if departure == "late":
        return stretches.wet_forward_s, stretches.wet_backward_s, weight
    if weighed:
        weight = penalties(state, assumptions.slowed_penalty, assumptions.closed_penalty)
    return stretches.dry_forward_s, stretches.dry_backward_s, weight


def travel_at(
    network: Network, departure: str, *, weighed: bool = True, assisted: bool = False
) -> Travel:
    """Return the network as it can be travelled at a departure.

    Shelters are nodes after the network's own: node = n_nodes + position of the shelter. No way
    leads on from them, so one graph serves for any choice of shelters.

    Parameters
    ----------
    network
        From `build_network`.
    departure
        `early` or `late`.
    weighed
        Whether time in hazard weighs more when a way is chosen early.
    assisted
        Whether people who need assistance travel; times are still those of everyone's speed.
    """
    stretches, assumptions = network.stretches, network.assumptions
    key = LATE_ASSISTED if assisted and departure == "late" else departure
    allowed = _allowed(stretches, key, assumptions)
    allowed &= stretches.road != network.roads.lost_road
    state = stretches.state_for(assisted=assisted)
    times = _times(network, departure, state, weighed=weighed)
    forward_s, backward_s, weight = times
    used = np.flatnonzero(allowed)
    access = network.accesses[key]
    start, end = stretches.start[used], stretches.end[used]
    walk_s = access.walk_m / assumptions.walking_speed_mps
    seconds = np.concatenate([forward_s[used], backward_s[used], walk_s])
    metres = np.concatenate([np.tile(stretches.length_m[used], 2), access.walk_m])
    zero = np.zeros(access.node.size)
    hazardous = np.concatenate([np.tile(is_hazardous(state[used]), 2), zero])
    unknown = np.concatenate([np.tile(state[used] == UNSURE, 2), zero])
    arcs = Arcs(
        tail=np.concatenate([start, end, access.node]),
        head=np.concatenate([end, start, stretches.n_nodes + access.shelter]),
        cost=seconds * np.concatenate([np.tile(weight[used], 2), zero + 1.0]),
        n_nodes=stretches.n_nodes + network.n_shelters,
    )
    return Travel(
        departure=departure,
        assisted=assisted,
        allowed=allowed,
        times=times,
        graph=search_graph(arcs),
        arc_stretch=np.concatenate([used, used, np.full(zero.size, -1)]),
        arc_values=(seconds, metres, metres * hazardous, metres * unknown),
    )
