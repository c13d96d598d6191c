"""A second way out for every origin, as different from its first as the roads allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.analysis.evacuation_network import Ways
from resilience_geo.analysis.least_shared import (
    MM_PER_M,
    US_PER_S,
    LeastShared,
    ShelterArcs,
    arcs_to_shelters,
    least_shared_way,
)
from resilience_geo.analysis.passability import UNSURE
from resilience_geo.analysis.remembered import remembered
from resilience_geo.analysis.stretches import is_hazardous
from resilience_geo.analysis.unavoidable import Hanging, Unavoidable, unavoidable_roads
from resilience_geo.analysis.way_lines import steps_of
from resilience_geo.analysis.way_steps import Steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network, Travel


@dataclass(frozen=True)
class SecondWays:
    """Second ways: one row per way in `chosen`.

    Parameters
    ----------
    ways
        The second ways with their measures, as `find_ways` returns them but without trees; where
        there is none, the shelter is -1 and the measures are infinite.
    has_second
        Whether there is a second way: one that leaves out some of the first, or any where the
        first needs no road at all.
    shared_m
        Road the second way shares with the first (m); all of the first where there is no second.
    first_road_m
        Road of the first way (m), without the walks at its ends.
    unavoidable_m
        Road that every way to every usable shelter must pass, within the time limit or not (m).
    hangs_on_road
        Position in `network.roads` of the most telling of these roads: the nearest OSM bridge,
        else the one with the longest unavoidable part; -1 where no road is unavoidable.
    route, routes
        Which of the routes each second way takes after the stretch it begins on; -1: none.
    """

    ways: Ways
    has_second: NDArray[np.bool_]
    shared_m: NDArray[np.float64]
    first_road_m: NDArray[np.float64]
    unavoidable_m: NDArray[np.float64]
    hangs_on_road: NDArray[np.int64]
    route: NDArray[np.int64]
    routes: Routes

    def steps(self, rows: NDArray[np.int64]) -> Steps:
        """Return the steps of some rows that have a second way, as `draw_ways` takes them.

        Parameters
        ----------
        rows
            Rows, rising.
        """
        begin, end = (
            self.routes.offsets[self.route[rows]],
            self.routes.offsets[self.route[rows] + 1],
        )
        count = end - begin
        place = np.arange(count.sum()) + np.repeat(begin - (np.cumsum(count) - count), count)
        return Steps(np.repeat(rows, count), self.routes.stretch[place], self.routes.forward[place])


@dataclass(frozen=True)
class Routes:
    """Ways from ends of stretches to shelters, one after another; many origins may share one.

    Parameters
    ----------
    offsets
        Where the steps of each route begin; shape (n_routes + 1,).
    stretch, forward
        Stretch of each step, and whether it is walked from start to end.
    access
        Row of the accesses by which each route reaches its shelter.
    shared_mm
        Length shared with the first way.
    """

    offsets: NDArray[np.int64]
    stretch: NDArray[np.int64]
    forward: NDArray[np.bool_]
    access: NDArray[np.int64]
    shared_mm: NDArray[np.float64]

    def sums(
        self, forward: NDArray[np.float64], backward: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Sum values of stretches along each route, by the direction in which they are walked."""
        values = np.where(self.forward, forward[self.stretch], backward[self.stretch])
        owner = np.repeat(np.arange(self.access.size), np.diff(self.offsets))
        return np.bincount(owner, values, minlength=self.access.size).astype(np.float64)


@dataclass(frozen=True)
class _FirstWays:
    """First ways, put in groups that enter one stretch, set out alike and go on alike.

    `toward_end` and `group`: the direction and the group of each way; `entry` and `after`: the
    stretch of entry of each group, and the stretches after it with their length (mm).
    """

    toward_end: NDArray[np.bool_]
    group: NDArray[np.int64]
    entry: list[int]
    after: list[dict[int, int]]


@dataclass(frozen=True)
class _Starts:
    """How each way may begin: column 0 as the first way does, column 1 the other way.

    `toward_end` and `node`: the end of the stretch of entry that is reached; `part` of the stretch
    that is walked (0..1); `to_node_s` from the door to there, infinite where that is not allowed;
    `shared_mm` with the first way until there; `least_us` what a way to a shelter costs at least;
    `spare_us` how much longer than the fastest way from there the rest may take.
    """

    toward_end: NDArray[np.bool_]
    node: NDArray[np.int64]
    part: NDArray[np.float64]
    to_node_s: NDArray[np.float64]
    shared_mm: NDArray[np.float64]
    least_us: NDArray[np.float64]
    spare_us: NDArray[np.float64]


def second_ways(
    network: Network,
    travel: Travel,
    ways: Ways,
    chosen: NDArray[np.int64],
    usable: NDArray[np.bool_],
    *,
    limit_s: float | NDArray[np.float64],
    steps: Steps | None = None,
) -> SecondWays:
    """Find for each way a second one that is as different from it as the roads allow.

    Of all ways that reach any usable shelter within the time limit, the second way is the one that
    shares the fewest metres of road with the first, and of those the one of least cost (time,
    weighed up in hazard early). It begins where the first enters the road, in the same direction
    or in the other, and may end at the same shelter, at another, or at one that is full: it is for
    the day on which the first way fails. Road counts as shared in whichever direction it is
    walked, to the millimetre. Where every such way shares all of the first, there is no second.

    Parameters
    ----------
    network, travel
        From `build_network` and `travel_at`.
    ways
        The first ways.
    chosen
        Positions of the ways that need a second, rising; each must have a shelter.
    usable
        Whether each shelter may be the end of a second way.
    limit_s
        Longest travel time from door to door (s): one for all, or one per row of `chosen`.
    steps
        The steps of all first ways, where they are known; None: they are followed along the trees.
    """
    arcs = arcs_to_shelters(network, travel, usable)
    first = _first_ways(network, ways, chosen, steps)
    longest_s = np.broadcast_to(np.asarray(limit_s, dtype=np.float64), chosen.shape)
    starts = _starts(network, travel, ways, chosen, arcs, (first.toward_end, longest_s))
    unavoidable = unavoidable_roads(network, arcs)
    # No way leads through a dead end: left out, it is not looked into once for every origin.
    through = remembered(arcs, "through", None, lambda: arcs.rows(unavoidable.onward))
    side, route, found = _least_shared(through, first, starts)
    routes = _routes(network, found)
    after_mm = np.array([sum(lengths.values()) for lengths in first.after], dtype=np.float64)
    first_mm = starts.shared_mm[:, 0] + after_mm[first.group]
    shared_mm = first_mm.copy()
    some = np.flatnonzero(route >= 0)
    shared_mm[some] = starts.shared_mm[some, side[some]] + routes.shared_mm[route[some]]
    has_second = (route >= 0) & ((shared_mm < first_mm) | (first_mm == 0.0))
    # A way that shares all of the first is no second way, even if it leads on to another shelter.
    shared_mm[~has_second] = first_mm[~has_second]
    route = np.where(has_second, route, -1)
    hanging = _hanging(network, unavoidable, ways.stretch[chosen], starts)
    return SecondWays(
        ways=_measured(network, travel, ways, chosen, starts, (side, route, routes)),
        has_second=has_second,
        shared_m=shared_mm / MM_PER_M,
        first_road_m=first_mm / MM_PER_M,
        unavoidable_m=hanging.length_mm / MM_PER_M,
        hangs_on_road=hanging.road,
        route=route,
        routes=routes,
    )


def _first_ways(
    network: Network, ways: Ways, chosen: NDArray[np.int64], steps: Steps | None
) -> _FirstWays:
    """Put first ways in groups and look up the stretches of each group."""
    alike = np.column_stack([ways.tree, ways.stretch, ways.toward_end])[chosen]
    _, first, group = np.unique(alike, axis=0, return_index=True, return_inverse=True)
    shown = chosen[np.sort(first)]
    if steps is None:
        owner, stretch, _ = steps_of(network, ways, shown)
        owner = shown[owner]
    else:
        owner, stretch = steps.owner, steps.stretch
    length_mm = np.rint(network.stretches.length_m * MM_PER_M).astype(np.int64)
    begin = np.searchsorted(owner, chosen[first])
    end = np.searchsorted(owner, chosen[first], side="right")
    passed, lengths = stretch.tolist(), length_mm[stretch].tolist()
    after = [
        dict(zip(passed[i:j], lengths[i:j], strict=True))
        for i, j in zip(begin.tolist(), end.tolist(), strict=True)
    ]
    entry = ways.stretch[chosen[first]].tolist()
    # Who enters at the very end of a stretch may turn back on it: that is to set out along it.
    turns = np.array([after[k].pop(entry[k], None) is not None for k in range(len(entry))], bool)
    group = group.ravel()
    return _FirstWays(ways.toward_end[chosen] ^ turns[group], group, entry, after)


def _starts(
    network: Network,
    travel: Travel,
    ways: Ways,
    chosen: NDArray[np.int64],
    arcs: ShelterArcs,
    first: tuple[NDArray[np.bool_], NDArray[np.float64]],
) -> _Starts:
    """Return how each way may begin: in the direction of the first way, and in the other."""
    ahead, longest_s = first
    stretches = network.stretches
    forward_s, backward_s, weight = travel.times
    entry, share = ways.stretch[chosen, None], ways.share[chosen, None]
    toward_end = ahead[:, None] ^ np.array([False, True])
    node = np.where(toward_end, stretches.end[entry], stretches.start[entry])
    part = np.where(toward_end, 1.0 - share, share)
    with np.errstate(invalid="ignore"):
        part_s = np.where(toward_end, forward_s[entry], backward_s[entry]) * part
    # No way is needed along nothing, even against a one-way road.
    part_s = np.where(part > 0.0, part_s, 0.0)
    to_node_s = ways.walk_to_road_m[chosen, None] / network.assumptions.walking_speed_mps + part_s
    cost_left, time_left = arcs.by_cost.cost[node], arcs.by_time.cost[node]
    possible = np.isfinite(to_node_s) & np.isfinite(time_left)
    to_node_s[~possible] = np.inf
    least_us, spare_us = np.full(node.shape, np.inf), np.full(node.shape, -np.inf)
    least_us[possible] = (part_s * weight[entry] * US_PER_S + cost_left)[possible]
    longest_s = np.broadcast_to(longest_s[:, None], node.shape)
    left_us = np.floor((longest_s[possible] - to_node_s[possible]) * US_PER_S)
    spare_us[possible] = left_us - time_left[possible]
    shared_mm = np.rint(part * stretches.length_m[entry] * MM_PER_M)
    shared_mm[:, 1] = 0.0
    return _Starts(toward_end, node, part, to_node_s, shared_mm, least_us, spare_us)


def _least_shared(
    arcs: ShelterArcs, first: _FirstWays, starts: _Starts
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[tuple[int, LeastShared]]]:
    """Choose for each way the side by which it begins, and the way on from there.

    Every side has a bound: no way that begins there shares or costs less. The better side is
    searched, once for all ways of a group and with the time of the one that has most; a way for
    which the answer is too slow, or worse than the bound of the other side, asks again. So most
    groups are searched once, and each answer is exact for the time of its own way.

    Returns
    -------
    tuple
        Side and number of the way on (-1: none is fast enough), and the ways on with their starts.
    """
    shared_mm, cost_us = starts.shared_mm.copy(), starts.least_us.copy()
    shared_mm[starts.spare_us < 0.0] = np.inf
    number = np.full(shared_mm.shape, -1)
    taken_us = np.zeros(shared_mm.shape)
    found: list[tuple[int, LeastShared]] = []
    side = np.zeros(first.group.size, dtype=np.int64)
    asking = np.arange(first.group.size)
    while asking.size:
        one, other = shared_mm[asking].T
        costs = cost_us[asking]
        side[asking] = (other < one) | ((other == one) & (costs[:, 1] < costs[:, 0]))
        at = (asking, side[asking])
        answered = (number[at] >= 0) & (taken_us[at] <= starts.spare_us[at])
        answered |= np.isinf(shared_mm[at])
        asking = asking[~answered]
        key = 2 * first.group[asking] + side[asking]
        order = np.lexsort((asking, -starts.spare_us[asking, side[asking]], key))
        asking, key = asking[order], key[order]
        for ways in np.split(asking, np.flatnonzero(np.diff(key)) + 1):
            if ways.size == 0:
                continue
            at = (ways, side[ways])
            way = _search(arcs, first, starts, int(ways[0]), int(side[ways[0]]))
            if way is None:
                shared_mm[at] = np.inf
                continue
            number[at] = len(found)
            found.append((int(starts.node[ways[0], side[ways[0]]]), way))
            shared_mm[at] = starts.shared_mm[at] + way.shared_mm
            cost_us[at] = starts.least_us[at] + way.cost_us
            taken_us[at] = way.time_us
    chosen = (np.arange(side.size), side)
    return side, np.where(np.isfinite(shared_mm[chosen]), number[chosen], -1), found


def _search(
    arcs: ShelterArcs, first: _FirstWays, starts: _Starts, way: int, side: int
) -> LeastShared | None:
    """Search the way on from one end of the stretch of entry."""
    group = first.group[way]
    # Who leaves by the other end and comes back over the stretch of entry passes the own door.
    return least_shared_way(
        arcs,
        int(starts.node[way, side]),
        first.after[group],
        spare_us=float(starts.spare_us[way, side]),
        without=first.entry[group] if side == 1 else -1,
    )


def _routes(network: Network, found: list[tuple[int, LeastShared]]) -> Routes:
    """Return found ways as arrays; the last step of each is its walk to the shelter."""
    stretches = network.stretches
    count = np.array([len(way.steps) - 1 for _, way in found], dtype=np.int64)
    offsets = np.append(0, np.cumsum(count))
    passed = np.array(
        [step for _, way in found for step in way.steps[:-1]], dtype=np.int64
    ).reshape(-1, 2)
    return Routes(
        offsets=offsets,
        stretch=passed[:, 0],
        forward=stretches.end[passed[:, 0]] == passed[:, 1],
        access=np.array([way.steps[-1][0] for _, way in found], dtype=np.int64)
        - stretches.road.size,
        shared_mm=np.array([way.shared_mm for _, way in found], dtype=np.float64),
    )


def _measured(
    network: Network,
    travel: Travel,
    ways: Ways,
    chosen: NDArray[np.int64],
    starts: _Starts,
    taken: tuple[NDArray[np.int64], NDArray[np.int64], Routes],
) -> Ways:
    """Return the second ways with their measures, walks included."""
    side, route, routes = taken
    stretches, access = network.stretches, network.accesses[travel.key]
    rows = np.flatnonzero(route >= 0)
    begun = (rows, side[rows])
    forward_s, backward_s, _ = travel.times
    state, length_m = stretches.state_for(assisted=travel.assisted), stretches.length_m
    hazardous_m, unknown_m = length_m * is_hazardous(state), length_m * (state == UNSURE)
    entry, part = ways.stretch[chosen], starts.part[begun]
    walk_m = access.walk_m[routes.access]

    def whole(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
        values = np.full(chosen.size, np.inf)
        values[rows] = before + after[route[rows]]
        return values

    def metres(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return whole(part * values[entry[rows]], routes.sums(values, values))

    shelter = np.full(chosen.size, -1)
    shelter[rows] = access.shelter[routes.access[route[rows]]]
    walk_s = walk_m / network.assumptions.walking_speed_mps
    to_road_m = ways.walk_to_road_m[chosen]
    return Ways(
        travel_time_s=whole(starts.to_node_s[begun], routes.sums(forward_s, backward_s) + walk_s),
        distance_m=metres(length_m) + to_road_m + whole(np.zeros(rows.size), walk_m),
        hazardous_m=metres(hazardous_m),
        unknown_m=metres(unknown_m),
        shelter=shelter,
        walk_to_road_m=to_road_m,
        stretch=entry,
        share=ways.share[chosen],
        toward_end=starts.toward_end[np.arange(chosen.size), side],
        trees=(),
        tree=np.zeros(chosen.size, dtype=np.int64),
    )


def _hanging(
    network: Network, unavoidable: Unavoidable, entry: NDArray[np.int64], starts: _Starts
) -> Hanging:
    """Return the roads each origin cannot avoid, the stretch of entry included."""
    stretches = network.stretches
    ahead, behind = starts.node[:, 0], starts.node[:, 1]
    open_behind = np.isfinite(starts.to_node_s[:, 1])
    nearest = np.where(open_behind, behind, ahead)
    # Where the other end leads nowhere but back, every way goes as the first does.
    forced = ~open_behind | (unavoidable.only_stretch[behind] == entry)
    forced &= starts.shared_mm[:, 0] > 0.0
    road = np.where(forced, stretches.road[entry], -1)
    after = unavoidable.hanging.rows(unavoidable.common(ahead, nearest))
    return after.before(road, starts.shared_mm[:, 0], (road >= 0) & network.roads.bridge[road])
