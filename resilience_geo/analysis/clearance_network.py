"""The roads as an evacuation in whole steps: chains of stretches, homes and shelters.

Stretches between two crossings become one edge each way: their times are added, their narrowest
part says how many people get through. Times become whole steps by each place's own clock: the time
to the nearest shelter is rounded up once, at home, and what an edge leads off the nearest way is
rounded up at that edge. So no way to a shelter is counted shorter than it is, and the nearest one
is too long by less than a step, however many short stretches it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.analysis.road_capacity import people_per_second, road_widths
from resilience_geo.flows.quick_steps import UNBOUNDED, StepProblem
from resilience_geo.flows.ways import nearest_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network, Travel, Ways

    Integers = NDArray[np.int64]
    Floats = NDArray[np.float64]

_SAME_STEP = 1e-6
_SAME_PLACE_M = 1e-3


@dataclass(frozen=True)
class RoadSteps:
    """An evacuation on roads, in whole steps.

    Parameters
    ----------
    problem
        Edges, people and shelters.
    stretch
        Narrowest stretch of each edge; -1 for the walks from homes and to shelters.
    step_s
        Length of a step (s).
    """

    problem: StepProblem
    stretch: Integers
    step_s: float


@dataclass(frozen=True)
class _Chains:
    """Edges from crossing to crossing: tail, head, seconds, narrowest people/s and its stretch.

    `last` is the last arc of each; arcs are the open stretches forward, then backward.
    """

    tail: Integers
    head: Integers
    seconds: Floats
    people_per_s: Floats
    stretch: Integers
    last: Integers

    def rows(self, kept: NDArray[np.bool_]) -> _Chains:
        """Return some of the edges."""
        return _Chains(
            self.tail[kept],
            self.head[kept],
            self.seconds[kept],
            self.people_per_s[kept],
            self.stretch[kept],
            self.last[kept],
        )


def road_steps(
    network: Network,
    travel: Travel,
    ways: Ways,
    people: Integers,
    seats: Integers,
    step_s: float,
) -> RoadSteps:
    """Make the evacuation of some people on the roads, in whole steps.

    People enter the roads where their way does. On the rest of their own road they are counted
    against its width where they leave it, at the next crossing or shelter.

    Parameters
    ----------
    network, travel
        From `build_network` and `travel_at(..., weighed=False)`.
    ways
        From `find_ways` for the same travel, to shelters with seats.
    people
        People of each origin; those without a way are left out.
    seats
        People each shelter takes; 0 where it may not be used.
    step_s
        Length of a step (s).
    """
    stretches = network.stretches
    n_roads = stretches.n_nodes
    tree = nearest_targets(travel.graph, n_roads + np.flatnonzero(seats > 0))
    cost = tree.cost
    access = network.accesses[travel.key]
    open_access = seats[access.shelter] > 0
    joins, shelter = access.node[open_access], n_roads + access.shelter[open_access]
    walk_s = access.walk_m[open_access] / network.assumptions.walking_speed_mps
    keep = _crossings(network, travel, joins)
    chains, last, least, narrowest = _chains(network, travel, keep)
    chains = _without_dead_ends(chains, cost, joins)
    clock = np.zeros(cost.size, dtype=np.int64)
    reached = np.isfinite(cost)
    clock[reached] = _steps_up(cost[reached], step_s)

    def steps(tail: Integers, head: Integers, seconds: Floats) -> Integers:
        off_way = _steps_up(seconds - (cost[tail] - cost[head]), step_s)
        taken: Integers = clock[tail] - clock[head] + np.maximum(off_way, 0)
        return taken

    lives = np.flatnonzero((ways.shelter >= 0) & (people > 0))
    entry = np.where(ways.toward_end, stretches.end[ways.stretch], stretches.start[ways.stretch])
    crossing = _next_kept(tree.next_node, keep)[entry[lives]]
    away = np.maximum(_steps_up(ways.travel_time_s[lives], step_s) - clock[crossing], 0)
    arc = _open_arc(travel, ways, lives)
    part = np.where(ways.toward_end[lives], 1.0 - ways.share[lives], ways.share[lives])
    on_road = (part * stretches.length_m[ways.stretch[lives]] > _SAME_PLACE_M) | ~keep[entry[lives]]
    needed = _needed_gates(last, arc[on_road], people[lives[on_road]], _room(least, step_s))
    gate_of_last = np.full(last.size, -1)
    gate_of_last[last[needed]] = cost.size + np.arange(needed.size)
    gate_end = np.full(last.size, -1)
    gate_end[last[arc]] = crossing
    gated = gate_of_last[chains.last]
    first_place = np.where(on_road, gate_of_last[last[arc]], -1)
    homes, home = np.unique(
        np.column_stack([np.where(first_place < 0, crossing, first_place), away]),
        axis=0,
        return_inverse=True,
    )
    n_places = cost.size + needed.size
    supply, places = np.zeros((2, n_places + homes.shape[0]), dtype=np.int64)
    np.add.at(supply, n_places + home.ravel(), people[lives])
    places[n_roads : cost.size] = seats
    parts = (
        (
            chains.tail,
            np.where(gated < 0, chains.head, gated),
            steps(chains.tail, chains.head, chains.seconds),
            _room(chains.people_per_s, step_s),
            chains.stretch,
        ),
        (
            gate_of_last[last[needed]],
            gate_end[last[needed]],
            np.zeros(needed.size, dtype=np.int64),
            _room(least[needed], step_s),
            narrowest[needed],
        ),
        (joins, shelter, steps(joins, shelter, walk_s), *_open_to_all(joins.size)),
        (
            n_places + np.arange(homes.shape[0]),
            homes[:, 0],
            homes[:, 1],
            *_open_to_all(homes.shape[0]),
        ),
    )
    tail, head, travel_time, capacity, stretch = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    used, ends = np.unique(np.concatenate([tail, head]), return_inverse=True)
    tail, head = np.split(ends, 2)
    return RoadSteps(
        StepProblem(tail, head, travel_time, capacity, supply[used], places[used]), stretch, step_s
    )


def _open_to_all(count: int) -> tuple[Integers, Integers]:
    """Return the capacity and the stretch of walks off the roads."""
    return np.full(count, UNBOUNDED), np.full(count, -1)


def _needed_gates(last: Integers, arc: Integers, people: Integers, room: Integers) -> Integers:
    """Return, for each chain whose end its own people could fill, the arc that says how narrow.

    Who lives along a chain leaves it at its end, where those who pass along it leave it too. A gate
    there counts only where more people live along it than get through in a step.

    Parameters
    ----------
    last, room
        Of every arc: the last arc of its chain, and people per step from it to the end.
    arc, people
        Where people live, and how many.
    """
    order = np.lexsort((room[arc], last[arc]))
    ends, first = np.unique(last[arc[order]], return_index=True)
    live_there = np.bincount(np.searchsorted(ends, last[arc]), people, minlength=ends.size)
    narrowest: Integers = arc[order][first]
    return narrowest[live_there > room[narrowest]]


def _open_arc(travel: Travel, ways: Ways, lives: Integers) -> Integers:
    """Return the arc along which each way begins."""
    position = np.cumsum(travel.allowed) - 1
    begins = position[ways.stretch[lives]]
    arc: Integers = np.where(ways.toward_end[lives], begins, begins + travel.allowed.sum())
    return arc


def _room(people_per_s: Floats, step_s: float) -> Integers:
    """Return how many whole people get through in a step; at least one."""
    return np.maximum(np.floor(people_per_s * step_s + _SAME_STEP), 1.0).astype(np.int64)


def _steps_up(seconds: Floats, step_s: float) -> Integers:
    """Round times up to whole steps; what is whole but for noise stays."""
    return np.ceil(seconds / step_s - _SAME_STEP).astype(np.int64)


def _crossings(network: Network, travel: Travel, joins: Integers) -> NDArray[np.bool_]:
    """Say which nodes stay: all but those where one open stretch goes over into one other."""
    stretches, allowed = network.stretches, travel.allowed
    start, end = stretches.start[allowed], stretches.end[allowed]
    degree = np.bincount(np.concatenate([start, end]), minlength=travel.graph.matrix.shape[0])
    keep: NDArray[np.bool_] = degree != 2  # noqa: PLR2004 - two stretches meet
    keep[joins] = True
    keep[start[start == end]] = True
    return keep


def _chains(
    network: Network, travel: Travel, keep: NDArray[np.bool_]
) -> tuple[_Chains, Integers, Floats, Integers]:
    """Follow open stretches from each crossing to the next, both ways.

    Returns
    -------
    tuple
        The chains; and of every arc the last arc of its chain, the least people/s from the arc to
        the end of the chain, and the stretch of that.
    """
    stretches = network.stretches
    used = np.flatnonzero(travel.allowed)
    forward_s, backward_s, _ = travel.times
    tail = np.concatenate([stretches.start[used], stretches.end[used]])
    head = np.concatenate([stretches.end[used], stretches.start[used]])
    seconds = np.concatenate([forward_s[used], backward_s[used]])
    widths = road_widths(network.roads, network.assumptions)
    flow = people_per_second(widths, network.assumptions)[stretches.road[used]]
    flow = np.concatenate([flow, flow])
    arc = np.arange(tail.size)
    twin = np.roll(arc, used.size)
    # Where two stretches meet two arcs lead out: back, and on.
    out_sum = np.zeros(keep.size, dtype=np.int64)
    np.add.at(out_sum, tail, arc)
    ahead = np.where(keep[head], arc, out_sum[head] - twin)
    is_last = ahead == arc
    total, least, where = np.where(is_last, 0.0, seconds), np.where(is_last, np.inf, flow), arc
    # Pointer jumping: after k rounds every sum covers 2^k stretches. Rings without a crossing go
    # on for ever, and nothing begins there.
    for _ in range(int(tail.size).bit_length()):
        total = total + total[ahead]
        narrower = least[ahead] < least
        least, where = (
            np.where(narrower, least[ahead], least),
            np.where(narrower, where[ahead], where),
        )
        further = ahead[ahead]
        if np.array_equal(further, ahead):
            break
        ahead = further
    narrower = flow[ahead] < least
    least, where = np.where(narrower, flow[ahead], least), np.where(narrower, ahead, where)
    narrowest = used[where % used.size]
    first = np.flatnonzero(keep[tail])
    last = ahead[first]
    chains = _Chains(
        tail=tail[first],
        head=head[last],
        seconds=total[first] + seconds[last],
        people_per_s=least[first],
        stretch=narrowest[first],
        last=last,
    )
    return chains, ahead, least, narrowest


def _without_dead_ends(chains: _Chains, cost: Floats, joins: Integers) -> _Chains:
    """Leave out loops, what leads nowhere, and ways into dead ends."""
    fine = (chains.tail != chains.head) & np.isfinite(chains.seconds)
    chains = chains.rows(fine & np.isfinite(cost[chains.tail]) & np.isfinite(cost[chains.head]))
    while True:
        pairs = np.unique(chains.tail * cost.size + chains.head)
        begin, end = np.divmod(pairs, cost.size)
        ways_on = np.bincount(begin, minlength=cost.size)
        ways_on[joins] += 1
        neighbour = np.full(cost.size, -1)
        neighbour[begin] = end
        alone = (ways_on[chains.head] == 1) & (neighbour[chains.head] == chains.tail)
        blind = alone | (ways_on[chains.head] == 0)
        if not blind.any():
            return chains
        chains = chains.rows(~blind)


def _next_kept(next_node: Integers, keep: NDArray[np.bool_]) -> Integers:
    """Return the first crossing or shelter on the way of each node."""
    here = np.arange(next_node.size)
    ahead = np.where(keep | (next_node < 0), here, next_node)
    while True:
        further = ahead[ahead]
        if np.array_equal(further, ahead):
            return further
        ahead = further
