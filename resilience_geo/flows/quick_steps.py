"""An evacuation in whole steps, and what a flow without steps says about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from resilience_geo.flows.flow_solvers import largest_flow

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

    @cached_property
    def passable(self) -> NDArray[np.bool_]:
        """Whether somebody can get to an edge, and from it to a sink."""
        reached: NDArray[np.bool_] = self.earliest[self.tail] < UNBOUNDED
        return reached & (self.to_sink[self.head] < UNBOUNDED)

    @cached_property
    def at_once(self) -> NDArray[np.bool_]:
        """Whether an edge is the only one at a home, and everybody may enter it at once."""
        n_ways = np.bincount(self.tail, minlength=self.n_nodes)
        n_ways += np.bincount(self.head, minlength=self.n_nodes)
        alone: NDArray[np.bool_] = (n_ways == 1) & (self.supply > 0) & (self.places == 0)
        return alone[self.tail] & (self.capacity >= UNBOUNDED)

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


def spread(count: Integers) -> tuple[Integers, Integers]:
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
    return largest_flow(*arcs, (n_nodes - 2, n_nodes - 1))


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
