"""From one node to any usable shelter: the way that shares least with a way already given."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.analysis.remembered import remembered
from resilience_geo.flows.ways import Arcs, WayTree, nearest_targets, search_graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network, Travel

# Metres and seconds are counted in whole thousandths and millionths, so that two ways over the
# same stretches in another order are equal, and not different by what adding up leaves over.
MM_PER_M = 1_000.0
US_PER_S = 1_000_000.0


@dataclass(frozen=True)
class ShelterArcs:
    """Arcs that lead on to usable shelters, all of them put together as one goal.

    Parallel roads between the same two crossings are all here: the one is a second way for the
    other.

    Parameters
    ----------
    tail, head
        Nodes in the direction of travel.
    via
        Stretch of each arc; from `n_stretches` on, the access that is walked to a shelter.
    cost_us, time_us
        Cost of the way as it is chosen (weighed early), and time on it, whole microseconds. Times
        are rounded up, so that a way within a limit is within it indeed.
    goal
        Node that stands for all usable shelters.
    by_cost, by_time
        The cheapest and the fastest way from every node to the goal.
    """

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    via: NDArray[np.int64]
    cost_us: NDArray[np.float64]
    time_us: NDArray[np.float64]
    goal: int
    by_cost: WayTree
    by_time: WayTree

    def rows(self, chosen: NDArray[np.bool_]) -> ShelterArcs:
        """Keep some arcs; the best ways must all be among them."""
        return replace(
            self,
            tail=self.tail[chosen],
            head=self.head[chosen],
            via=self.via[chosen],
            cost_us=self.cost_us[chosen],
            time_us=self.time_us[chosen],
        )

    @cached_property
    def leaving(self) -> list[list[tuple[int, float, float, int]]]:
        """Arcs by the node they leave: head, cost and time lost to the best way on, `via`.

        What an arc costs beyond what it saves is never negative and nothing along the best way, so
        a search that counts it goes toward the shelters first (the potentials of A*).
        """
        cost_left, time_left = self.by_cost.cost, self.by_time.cost
        rows = zip(
            self.head.tolist(),
            (self.cost_us + cost_left[self.head] - cost_left[self.tail]).tolist(),
            (self.time_us + time_left[self.head] - time_left[self.tail]).tolist(),
            self.via.tolist(),
            strict=True,
        )
        arcs = list(rows)
        ends = np.cumsum(np.bincount(self.tail, minlength=self.goal + 1)).tolist()
        return [arcs[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]


@dataclass(frozen=True)
class LeastShared:
    """A way to a usable shelter.

    Parameters
    ----------
    shared_mm
        Length of what it shares with the first way.
    cost_us, time_us
        What it costs and takes more than the cheapest and the fastest way from its start.
    steps
        What it passes in order: `via` of each arc, and the node it leads to.
    """

    shared_mm: int
    cost_us: float
    time_us: float
    steps: list[tuple[int, int]]


def arcs_to_shelters(network: Network, travel: Travel, usable: NDArray[np.bool_]) -> ShelterArcs:
    """Return the arcs that lead on to usable shelters at a departure.

    Parameters
    ----------
    network, travel
        From `build_network` and `travel_at`.
    usable
        Whether each shelter may be the end of a way.

    Notes
    -----
    Made once for a travel, whoever then asks for ways.
    """
    return remembered(
        travel, "arcs to shelters", usable.tobytes(), lambda: _arcs(network, travel, usable)
    )


def _arcs(network: Network, travel: Travel, usable: NDArray[np.bool_]) -> ShelterArcs:
    """Put the arcs together and search them from the goal."""
    stretches, goal = network.stretches, network.stretches.n_nodes
    access = network.accesses[travel.key]
    open_access = np.flatnonzero(usable[access.shelter])
    used = np.flatnonzero(travel.allowed & (stretches.start != stretches.end))
    start, end = stretches.start[used], stretches.end[used]
    forward_s, backward_s, weight = travel.times
    walk_s = access.walk_m[open_access] / network.assumptions.walking_speed_mps
    tail = np.concatenate([start, end, access.node[open_access]])
    head = np.concatenate([end, start, np.full(open_access.size, goal)])
    via = np.concatenate([used, used, stretches.road.size + open_access])
    time_us = np.ceil(np.concatenate([forward_s[used], backward_s[used], walk_s]) * US_PER_S)
    weights = np.concatenate([weight[used], weight[used], np.ones(open_access.size)])
    cost_us = np.rint(time_us * weights)

    def best(values: NDArray[np.float64]) -> WayTree:
        return nearest_targets(search_graph(Arcs(tail, head, values, goal + 1)), np.array([goal]))

    by_cost, by_time = best(cost_us), best(time_us)
    leads_on = np.isfinite(time_us) & np.isfinite(by_time.cost[head])
    order = np.flatnonzero(leads_on)
    order = order[np.lexsort((via[order], tail[order]))]
    return ShelterArcs(
        tail=tail[order],
        head=head[order],
        via=via[order],
        cost_us=cost_us[order],
        time_us=time_us[order],
        goal=goal,
        by_cost=by_cost,
        by_time=by_time,
    )


def least_shared_way(
    arcs: ShelterArcs,
    start: int,
    first_mm: dict[int, int],
    *,
    spare_us: float,
    without: int = -1,
) -> LeastShared | None:
    """Find the way that shares fewest metres with a first way, and of those costs least.

    Exact under a bound on time: of all ways that lose at most `spare_us` to the fastest, the least
    by metres shared, then by cost. Dijkstra's search on these two, in which a node is passed again
    only by a way that is faster than all before (label setting under a resource limit; Hart et
    al. 1968 for the potentials, Desrochers and Soumis 1988 for the labels).

    Parameters
    ----------
    arcs
        From `arcs_to_shelters`.
    start
        Node at which the way begins.
    first_mm
        Length of each stretch of the first way (mm); it counts in both directions.
    spare_us
        How much longer than the fastest way from `start` it may take.
    without
        A stretch that may not be passed.

    Returns
    -------
    LeastShared or None
        None where no way is fast enough.
    """
    goal, leaving = arcs.goal, arcs.leaving
    pop, push, length_of = heapq.heappop, heapq.heappush, first_mm.get
    labels: list[tuple[int, float, float, int, int, int]] = [(0, 0.0, 0.0, start, -1, -1)]
    least_time: dict[int, float] = {}
    known = least_time.get
    trail: list[tuple[int, int, int]] = []
    while labels:
        shared, cost, time, node, via, before = pop(labels)
        if known(node, inf) <= time:
            continue
        least_time[node] = time
        here = len(trail)
        trail.append((before, via, node))
        if node == goal:
            return LeastShared(shared, cost, time, _steps(trail))
        for head, more_cost, more_time, stretch in leaving[node]:
            later = time + more_time
            if later > spare_us or stretch == without or known(head, inf) <= later:
                continue
            again = length_of(stretch, 0)
            label = (shared + again, cost + more_cost, later, head, stretch, here)
            push(labels, label)
    return None


def _steps(trail: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Return the steps that led to the last place of a trail, in order."""
    steps = []
    before, via, node = trail[-1]
    while before >= 0:
        steps.append((via, node))
        before, via, node = trail[before]
    return steps[::-1]
