"""The time-expanded network in short steps, each edge only when it is likely to be of use.

A window says from which step to which an edge may be entered. With all edges open whenever they can
matter, the flow is that of the whole network; with the windows in which a flow in long steps uses
an edge, the network is a tenth as large and the flow hardly smaller.

The horizon rises: first the most people who can be safe by an early step, then, on what those leave
free and by sending them elsewhere where need be, the most by a later one, and so on until all are
safe. So most people are safe long before the last, and no step of the work is done twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.flows.quick_queues import Movements, without_loops
from resilience_geo.flows.quick_steps import UNBOUNDED, most_flow, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.flows.quick_steps import StepProblem

    Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """When edges may be entered.

    Parameters
    ----------
    edge
        Edges, each once.
    first, last
        First and last step of each.
    """

    edge: Integers
    first: Integers
    last: Integers

    @property
    def size(self) -> int:
        """Count of movements."""
        return int(np.maximum(self.last - self.first + 1, 0).sum())

    def joined(self, edge: Integers, first: Integers, last: Integers) -> Windows:
        """Return windows that hold some more steps; edges may come more than once."""
        edges, place = np.unique(np.append(self.edge, edge), return_inverse=True)
        begin, finish = np.full(edges.size, UNBOUNDED), np.full(edges.size, -UNBOUNDED)
        np.minimum.at(begin, place, np.append(self.first, first))
        np.maximum.at(finish, place, np.append(self.last, last))
        return Windows(edges, begin, finish)

    def by(self, problem: StepProblem, horizon: int, late: int) -> Windows:
        """Return the windows open so many steps longer, but only as long as is of use."""
        edge = self.edge
        begin = np.maximum(self.first, problem.earliest[problem.tail[edge]])
        in_time = horizon - problem.travel_time[edge] - problem.to_sink[problem.head[edge]]
        finish = np.minimum(self.last + late, in_time)
        finish = np.where(problem.at_once[edge], np.minimum(finish, 0), finish)
        some = begin <= finish
        return Windows(edge[some], begin[some], finish[some])


def all_windows(problem: StepProblem) -> Windows:
    """Return windows in which nothing is left out."""
    edge = np.flatnonzero(problem.passable)
    return Windows(edge, np.zeros_like(edge), np.full(edge.size, UNBOUNDED))


@dataclass(frozen=True)
class WindowNetwork:
    """The time-expanded network in windows, for every horizon up to one.

    Parameters
    ----------
    arcs
        Tail, head and room of every arc: movements, waiting, arrivals, seats, people, in this
        order; the last two nodes are where people come from and where they are safe.
    safe_at
        First horizon in which each arc is of use.
    n_nodes
        Count of nodes.
    edge, step
        Edge and step of every movement.
    source
        Nodes with people.
    """

    arcs: tuple[Integers, Integers, Integers]
    safe_at: Integers
    n_nodes: int
    edge: Integers
    step: Integers
    source: Integers

    def served(self, flow: Integers) -> Integers:
        """Return the people of each source who get to a sink by a flow."""
        return flow[flow.size - self.source.size :]

    def movements(self, problem: StepProblem, flow: Integers) -> Movements:
        """Return who enters which edge when, without those who go round in circles."""
        people = flow[: self.edge.size].copy()
        instant = np.flatnonzero((problem.travel_time[self.edge] == 0) & (people > 0))
        tail, head, _ = self.arcs
        people[instant] = without_loops(tail[instant], head[instant], people[instant])
        moving = people > 0
        return Movements(self.edge[moving], self.step[moving], people[moving])


def window_network(problem: StepProblem, windows: Windows) -> WindowNetwork:
    """Expand a problem over time in windows.

    Parameters
    ----------
    problem
        The evacuation; nobody lives at a sink, and no edge leads on from one.
    windows
        From `Windows.by` or `all_windows`.
    """
    taken = problem.travel_time
    edge, late = spread(windows.last - windows.first + 1)
    step, edge = windows.first[edge] + late, windows.edge[edge]
    first, last = _node_steps(problem, windows)
    there = last >= first
    count = np.where(there, last - first + 1, 0)
    place = np.cumsum(count) - count - np.where(there, first, 0)
    is_sink = there & (problem.places > 0)
    node, waited = spread(np.where(is_sink, 0, np.maximum(count - 1, 0)))
    waits_at = first[node] + waited
    source, sink = np.flatnonzero((problem.supply > 0) & there), np.flatnonzero(is_sink)
    arrival, at = spread(count[sink])
    arrives = first[sink[arrival]] + at
    n_steps, everybody = int(count.sum()), int(problem.supply.sum())
    seats, n_nodes = n_steps + np.arange(sink.size), n_steps + sink.size + 2
    ends = (
        (place[problem.tail[edge]] + step, place[problem.head[edge]] + step + taken[edge]),
        (place[node] + waits_at, place[node] + waits_at + 1),
        (place[sink[arrival]] + arrives, seats[arrival]),
        (seats, np.full(sink.size, n_nodes - 1)),
        (np.full(source.size, n_nodes - 2), place[source]),
    )
    room = (
        np.minimum(problem.capacity[edge], everybody),
        np.full(node.size + arrival.size, everybody),
        np.minimum(problem.places[sink], everybody),
        problem.supply[source],
    )
    safe_at = (
        step + taken[edge] + problem.to_sink[problem.head[edge]],
        waits_at + 1 + problem.to_sink[node],
        arrives,
        np.zeros(sink.size + source.size, dtype=np.int64),
    )
    return WindowNetwork(
        arcs=(
            np.concatenate([tail for tail, _ in ends]),
            np.concatenate([head for _, head in ends]),
            np.concatenate(room),
        ),
        safe_at=np.concatenate(safe_at),
        n_nodes=n_nodes,
        edge=edge,
        step=step,
        source=source,
    )


def _node_steps(problem: StepProblem, windows: Windows) -> tuple[Integers, Integers]:
    """Return the first and last step at which windows come to or go from each node."""
    first, last = np.full(problem.n_nodes, UNBOUNDED), np.full(problem.n_nodes, -UNBOUNDED)
    taken = problem.travel_time[windows.edge]
    for node, delay in ((problem.tail[windows.edge], 0), (problem.head[windows.edge], taken)):
        np.minimum.at(first, node, windows.first + delay)
        np.maximum.at(last, node, windows.last + delay)
    first[(last >= 0) & (problem.supply > 0)] = 0
    return first, last


def risen_flow(network: WindowNetwork, flow: Integers, horizon: int) -> Integers:
    """Bring more people to safety, as many as at all possible by a horizon.

    Who is on the way already is sent elsewhere where that helps, so whatever the flow was before
    it is the most there is for the horizon afterwards; but most of those who were early stay so.

    Parameters
    ----------
    network
        From `window_network`.
    flow
        Of an earlier horizon; zeros at first.
    horizon
        Step by which people are to be safe.
    """
    tail, head, room = network.arcs
    left = np.where(network.safe_at <= horizon, room - flow, 0)
    there, back = np.flatnonzero(left), np.flatnonzero(flow)
    _, more = most_flow(
        (
            np.append(tail[there], head[back]),
            np.append(head[there], tail[back]),
            np.append(left[there], flow[back]),
        ),
        network.n_nodes,
    )
    risen = flow.copy()
    risen[there] += more[: there.size]
    risen[back] -= more[there.size :]
    return risen
