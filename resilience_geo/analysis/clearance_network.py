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


@dataclass(frozen=True)
class _Along:
    """Of every arc: the last of its chain, the least people/s from it on, and where that is."""

    last: Integers
    people_per_s: Floats
    stretch: Integers


@dataclass(frozen=True)
class _Clock:
    """Steps between places, each by its own clock: the steps to its nearest shelter."""

    seconds: Floats
    steps: Integers
    step_s: float

    def between(self, tail: Integers, head: Integers, seconds: Floats) -> Integers:
        """Return the steps of edges; what they lead off the nearest way is rounded up."""
        off_way = _steps_up(seconds - (self.seconds[tail] - self.seconds[head]), self.step_s)
        taken: Integers = self.steps[tail] - self.steps[head] + np.maximum(off_way, 0)
        return taken


def road_steps(
    network: Network,
    travel: Travel,
    ways: Ways,
    people: Integers,
    seats: Integers,
    step_s: float,
    *,
    slower: Floats | None = None,
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
    slower
        By how much the people of each origin are slower than everyone. What their nearest way takes
        them longer counts before they enter the roads; None where all walk alike.
    """
    n_roads = network.stretches.n_nodes
    tree = nearest_targets(travel.graph, n_roads + np.flatnonzero(seats > 0))
    access = network.accesses[travel.key]
    open_access = seats[access.shelter] > 0
    joins, shelter = access.node[open_access], n_roads + access.shelter[open_access]
    walk_s = access.walk_m[open_access] / network.assumptions.walking_speed_mps
    keep = _crossings(network, travel, joins)
    chains, along = _chains(network, travel, keep)
    chains = _without_dead_ends(chains, tree.cost, joins)
    steps = np.zeros(tree.cost.size, dtype=np.int64)
    reached = np.isfinite(tree.cost)
    steps[reached] = _steps_up(tree.cost[reached], step_s)
    clock = _Clock(tree.cost, steps, step_s)
    homes = _homes(network, travel, ways, people, (_next_kept(tree.next_node, keep), keep))
    longer = 1.0 if slower is None else slower[homes.origin]
    gates = _gates(homes, along, step_s, tree.cost.size)
    away = np.maximum(_steps_up(homes.seconds * longer, step_s) - steps[homes.crossing], 0)
    gate = gates.of_last[along.last[homes.arc]]
    begins = np.where(homes.on_road & (gate >= 0), gate, homes.crossing)
    first, home = np.unique(np.column_stack([begins, away]), axis=0, return_inverse=True)
    n_places = tree.cost.size + gates.stretch.size
    supply, places = np.zeros((2, n_places + first.shape[0]), dtype=np.int64)
    np.add.at(supply, n_places + home.ravel(), homes.people)
    places[n_roads : tree.cost.size] = seats
    gated = gates.of_last[chains.last]
    at_home = n_places + np.arange(first.shape[0])
    parts = (
        (
            chains.tail,
            np.where(gated < 0, chains.head, gated),
            clock.between(chains.tail, chains.head, chains.seconds),
            _room(chains.people_per_s, step_s),
            chains.stretch,
        ),
        (gates.tail, gates.head, np.zeros_like(gates.tail), gates.room, gates.stretch),
        (joins, shelter, clock.between(joins, shelter, walk_s), *_open_to_all(joins.size)),
        (at_home, first[:, 0], first[:, 1], *_open_to_all(at_home.size)),
    )
    tail, head, travel_time, capacity, stretch = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    used, ends = np.unique(np.concatenate([tail, head]), return_inverse=True)
    tail, head = np.split(ends, 2)
    problem = StepProblem(tail, head, travel_time, capacity, supply[used], places[used])
    return RoadSteps(problem, stretch, step_s)


@dataclass(frozen=True)
class _Homes:
    """Where people live: their origin, the crossing they come to, the arc, how far they walk.

    `seconds` is their whole way to the nearest shelter, `on_road` whether they live along the arc
    and not at its end.
    """

    origin: Integers
    people: Integers
    crossing: Integers
    arc: Integers
    on_road: NDArray[np.bool_]
    seconds: Floats


def _homes(
    network: Network,
    travel: Travel,
    ways: Ways,
    people: Integers,
    crossings: tuple[Integers, NDArray[np.bool_]],
) -> _Homes:
    """Find where those who have a way enter the roads; crossings: the next one, which stay."""
    next_kept, keep = crossings
    stretches = network.stretches
    lives = np.flatnonzero((ways.shelter >= 0) & (people > 0))
    toward_end, stretch = ways.toward_end[lives], ways.stretch[lives]
    entry = np.where(toward_end, stretches.end[stretch], stretches.start[stretch])
    part = np.where(toward_end, 1.0 - ways.share[lives], ways.share[lives])
    return _Homes(
        origin=lives,
        people=people[lives],
        crossing=next_kept[entry],
        arc=_open_arc(travel, ways, lives),
        on_road=(part * stretches.length_m[stretch] > _SAME_PLACE_M) | ~keep[entry],
        seconds=ways.travel_time_s[lives],
    )


@dataclass(frozen=True)
class _Gates:
    """Ends of chains that their own people could fill: an edge of no time each.

    `of_last` is the gate at the end of the chain with a last arc; -1 where there is none.
    """

    of_last: Integers
    tail: Integers
    head: Integers
    room: Integers
    stretch: Integers


def _gates(homes: _Homes, along: _Along, step_s: float, first_node: int) -> _Gates:
    """Make the gates that are needed, as nodes from a first number on."""
    on = np.flatnonzero(homes.on_road)
    room = _room(along.people_per_s, step_s)
    needed = _needed_gates(along.last, homes.arc[on], homes.people[on], room)
    node = first_node + np.arange(needed.size)
    of_last, end = np.full((2, along.last.size), -1)
    of_last[along.last[needed]] = node
    end[along.last[homes.arc]] = homes.crossing
    return _Gates(of_last, node, end[along.last[needed]], room[needed], along.stretch[needed])


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


def _chains(network: Network, travel: Travel, keep: NDArray[np.bool_]) -> tuple[_Chains, _Along]:
    """Follow open stretches from each crossing to the next, both ways."""
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
    return chains, _Along(ahead, least, narrowest)


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
