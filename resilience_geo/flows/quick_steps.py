"""An evacuation in whole steps, and how it is seen through longer steps.

All of Jakarta over 200 steps of a minute is some twelve million arcs of a time-expanded network.
Steps several times as long make it small. Each node has its own clock: a long step at a node begins
later by what its travel time to the nearest sink lacks to whole long steps. By these clocks the
nearest way to a sink is rounded once, not at every edge, and a way that leads off it is rounded up
where it does. A flow in long steps can therefore be carried out in the short ones; one that does
not exist says nothing, and that is what `static_bound` is for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

UNBOUNDED = 2**40
"""Capacity of edges that everybody may enter at once; steps to nodes that are not reached."""


@dataclass(frozen=True)
class StepProblem:
    """Who is where, which edges lead on, and where people are safe.

    Parameters
    ----------
    tail, head
        Nodes of the directed edges, shape (n_edges,).
    travel_time
        Whole steps from tail to head; 0 is allowed.
    capacity
        People who may enter per step; `UNBOUNDED` where everybody may.
    supply
        People at each node at step 0, shape (n_nodes,).
    places
        People each node takes in all; 0 where it is no sink. Whoever reaches a sink stays there.
    """

    tail: Integers
    head: Integers
    travel_time: Integers
    capacity: Integers
    supply: Integers
    places: Integers

    @property
    def n_nodes(self) -> int:
        """Count of nodes."""
        return int(self.supply.size)

    @cached_property
    def earliest(self) -> Integers:
        """Steps after which somebody can be at each node at all."""
        arcs = (self.tail, self.head, self.travel_time)
        return _fewest_steps(arcs, self.n_nodes, np.flatnonzero(self.supply > 0))

    @cached_property
    def to_sink(self) -> Integers:
        """Fewest steps from each node to a sink."""
        arcs = (self.head, self.tail, self.travel_time)
        return _fewest_steps(arcs, self.n_nodes, np.flatnonzero(self.places > 0))

    def on_edges(self, edges: NDArray[np.bool_] | Integers) -> StepProblem:
        """Return the same people and sinks with some of the edges."""
        return replace(
            self,
            tail=self.tail[edges],
            head=self.head[edges],
            travel_time=self.travel_time[edges],
            capacity=self.capacity[edges],
        )


def _fewest_steps(
    arcs: tuple[Integers, Integers, Integers], n_nodes: int, begin: Integers
) -> Integers:
    """Return the fewest steps from some nodes to every node; `UNBOUNDED` where there is no way."""
    tail, head, steps = arcs
    tails = np.concatenate([tail, np.full(begin.size, n_nodes)])
    heads = np.concatenate([head, begin])
    # A matrix has one value per pair, and an edge of no time must not look like no edge.
    scale = n_nodes + 2
    cost = np.concatenate([steps * scale + 1, np.ones(begin.size, dtype=np.int64)])
    order = np.lexsort((cost, heads, tails))
    tails, heads, cost = tails[order], heads[order], cost[order]
    first = np.append(True, (np.diff(tails) != 0) | (np.diff(heads) != 0))[: tails.size]
    matrix = sparse.csr_array(
        (cost[first].astype(np.float64), (tails[first], heads[first])),
        shape=(n_nodes + 1, n_nodes + 1),
    )
    found = dijkstra(matrix, indices=np.array([n_nodes]))[0, :n_nodes]
    fewest = np.full(n_nodes, UNBOUNDED)
    reached = np.isfinite(found)
    fewest[reached] = found[reached].astype(np.int64) // scale
    return fewest


@dataclass(frozen=True)
class LongSteps:
    """Arcs of the time-expanded network in long steps.

    Parameters
    ----------
    arcs
        Tail, head and capacity of every arc: movements, waiting, people, sinks, in this order; the
        last two nodes are where people come from and where they are safe.
    edge, step, taken
        Edge of every movement, the long step at which it begins, and the long steps it takes.
    source, sink
        Nodes with people and with places.
    last_step
        Last step, in short ones, by which everybody is safe who gets through.
    """

    arcs: tuple[Integers, Integers, Integers]
    n_nodes: int
    edge: Integers
    step: Integers
    taken: Integers
    source: Integers
    sink: Integers
    last_step: int


def long_steps(problem: StepProblem, horizon: int, length: int) -> LongSteps:
    """Expand a problem over time in long steps that fit into a horizon.

    A way in long steps never takes less time than in short ones.

    Parameters
    ----------
    problem
        The evacuation in short steps.
    horizon
        Last short step that counts.
    length
        Short steps in a long one; 1 gives the time-expanded network itself.
    """
    tail, head = problem.tail, problem.head
    to_sink = problem.to_sink
    open_edge = (problem.earliest[tail] < UNBOUNDED) & (to_sink[head] < UNBOUNDED)
    remaining = np.where(to_sink < UNBOUNDED, -(-to_sink // length), 0)
    off_way = problem.travel_time + to_sink[head] - to_sink[tail]
    taken = remaining[tail] - remaining[head] - (-np.where(open_edge, off_way, 0) // length)
    last = (horizon + 1) // length - 1
    first = replace(problem.on_edges(open_edge), travel_time=taken[open_edge]).earliest
    spare = np.where((first < UNBOUNDED) & (to_sink < UNBOUNDED), last - remaining - first + 1, 0)
    spare = np.maximum(spare, 0)
    begin = np.cumsum(spare) - spare
    latest = last - taken - remaining[head]
    count = np.where(open_edge, np.maximum(latest - first[tail] + 1, 0), 0)
    edge, late = _spread(count)
    step = first[tail[edge]] + late
    arrive = step + taken[edge] - first[head[edge]]
    waiting, place = _spread(np.maximum(spare - 1, 0))
    source = np.flatnonzero((problem.supply > 0) & (spare > 0))
    sink = np.flatnonzero((problem.places > 0) & (spare > 0))
    n_nodes = int(spare.sum())
    everybody = int(problem.supply.sum())
    room = np.minimum(problem.capacity * length, everybody)
    ends = np.concatenate(
        [
            [begin[tail[edge]] + late, begin[head[edge]] + arrive, room[edge]],
            [begin[waiting] + place, begin[waiting] + place + 1, np.full(place.size, everybody)],
            [np.full(source.size, n_nodes), begin[source], problem.supply[source]],
            [
                (begin + spare)[sink] - 1,
                np.full(sink.size, n_nodes + 1),
                np.minimum(problem.places[sink], everybody),
            ],
        ],
        axis=1,
    )
    return LongSteps(
        arcs=(ends[0], ends[1], ends[2]),
        n_nodes=n_nodes + 2,
        edge=edge,
        step=step,
        taken=taken[edge],
        source=source,
        sink=sink,
        last_step=(last + 1) * length - 1,
    )


def _spread(count: Integers) -> tuple[Integers, Integers]:
    """Return an owner and a number 0, 1, ... for so many things of each owner."""
    owner = np.repeat(np.arange(count.size), count)
    return owner, np.arange(owner.size) - (np.cumsum(count) - count)[owner]


def most_flow(arcs: tuple[Integers, Integers, Integers], n_nodes: int) -> tuple[int, Integers]:
    """Return the most that flows from the last node but one to the last, and the flow of each arc.

    Raises
    ------
    RuntimeError
        The solver did not find an optimum, which whole numbers of this size never cause.
    """
    from ortools.graph.python import max_flow  # noqa: PLC0415 - heavy, and only needed here

    solver = max_flow.SimpleMaxFlow()
    numbers = solver.add_arcs_with_capacity(*arcs)
    if arcs[0].size == 0:
        return 0, np.zeros(0, dtype=np.int64)
    if solver.solve(n_nodes - 2, n_nodes - 1) != solver.OPTIMAL:
        message = "the maximum flow was not found"
        raise RuntimeError(message)
    return int(solver.optimal_flow()), np.asarray(solver.flows(numbers), dtype=np.int64)


def most_served(problem: StepProblem) -> int:
    """Return how many people can be safe at all, however long it takes."""
    passable = np.full(problem.tail.size, UNBOUNDED)
    return _static_flow(problem, passable)


def static_bound(problem: StepProblem, people: int) -> int:
    """Return a step before which so many people cannot be safe.

    Whoever enters an edge and is safe by step `T` enters it at one of `T - earliest(tail) -
    travel_time - to_sink(head) + 1` steps. Together they are a flow without steps within these
    capacities: where that flow is too small, `T` is too early.

    Parameters
    ----------
    problem
        The evacuation.
    people
        At most `most_served`.
    """
    start, finish = problem.earliest[problem.tail], problem.to_sink[problem.head]
    passable = (start < UNBOUNDED) & (finish < UNBOUNDED)
    least = np.where(passable, start + problem.travel_time + finish, 0)

    def fits(last: int) -> bool:
        steps = np.where(passable, np.maximum(last + 1 - least, 0), 0)
        return _static_flow(problem, problem.capacity * steps) >= people

    late = 1
    while not fits(late):
        late *= 2
    early = late // 2 if late > 1 else -1
    while late - early > 1:
        middle = (early + late) // 2
        early, late = (early, middle) if fits(middle) else (middle, late)
    return late


def _static_flow(problem: StepProblem, capacity: Integers) -> int:
    """Return the most people who get to sinks when each edge lets through so many in all."""
    n_nodes, everybody = problem.n_nodes, int(problem.supply.sum())
    source, sink = np.flatnonzero(problem.supply > 0), np.flatnonzero(problem.places > 0)
    arcs = (
        np.concatenate([problem.tail, np.full(source.size, n_nodes), sink]),
        np.concatenate([problem.head, source, np.full(sink.size, n_nodes + 1)]),
        np.minimum(
            np.concatenate([capacity, problem.supply[source], problem.places[sink]]), everybody
        ),
    )
    return most_flow(arcs, n_nodes + 2)[0]
