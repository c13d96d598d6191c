"""A clock for each node, by which the best ways to seats take no time.

Where seats are scarce people do not go to the nearest sink. Prices of the cheapest flow of people
to seats, without steps and without narrow edges, say what each node is away from safety all the
same: along every way that flow uses, the price falls by just the time it takes. Clocks set by these
prices let a network be seen through long steps with hardly anything rounded on the ways that matter
(`quick_relaxation`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.flows.flow_solvers import FlowArcs, cheapest_largest_flow
from resilience_geo.flows.quick_steps import UNBOUNDED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.flows.quick_steps import StepProblem

    Integers = NDArray[np.int64]


def node_clocks(problem: StepProblem) -> Integers:
    """Return what each node is away from a free seat, in steps, when seats are shared at best.

    No edge leads to a node that is further away by more than its travel time, and the edges that
    the cheapest flow uses lead to nodes nearer by exactly that (complementary slackness).

    Parameters
    ----------
    problem
        The evacuation.

    Returns
    -------
    ndarray
        Shape (n_nodes,); 0 where no sink is reached.
    """
    n_nodes = problem.n_nodes
    inside = problem.passable
    edges = problem.on_edges(inside)
    source, sink = np.flatnonzero(problem.supply > 0), np.flatnonzero(problem.places > 0)
    everybody = int(problem.supply.sum())
    arcs = FlowArcs(
        np.concatenate([edges.tail, sink, np.full(source.size, n_nodes + 1)]),
        np.concatenate([edges.head, np.full(sink.size, n_nodes), source]),
        np.concatenate(
            [np.full(edges.tail.size, everybody), problem.places[sink], problem.supply[source]]
        ),
        np.append(edges.travel_time, np.zeros(sink.size + source.size, dtype=np.int64)),
    )
    flow = cheapest_largest_flow(arcs, n_nodes + 1, n_nodes, everybody)
    used = np.flatnonzero(flow[: edges.tail.size] > 0)
    has_seat = flow[edges.tail.size : edges.tail.size + sink.size] < problem.places[sink]
    # Back along an edge in use: one person less goes there and the other's place is free.
    tail = np.concatenate([edges.tail, edges.head[used]])
    head = np.concatenate([edges.head, edges.tail[used]])
    steps = np.concatenate([edges.travel_time, -edges.travel_time[used]])
    # A full sink is as if it had more seats, but beyond all others.
    away = np.full(n_nodes, UNBOUNDED)
    away[sink] = np.where(has_seat, 0, int(edges.travel_time.sum()) + 1)
    away = _nearest(away, tail, head, steps)
    clocks: Integers = np.where(away < UNBOUNDED // 2, away, 0)
    return clocks


def _nearest(away: Integers, tail: Integers, head: Integers, steps: Integers) -> Integers:
    """Return the fewest steps from each node to where some are known (Bellman and Ford).

    Steps may be below 0; circles of less than no steps there are none.
    """
    if tail.size == 0:
        return away
    order = np.argsort(tail, kind="stable")
    head, steps = head[order], steps[order]
    begins = np.flatnonzero(np.append(True, np.diff(tail[order]) != 0))
    node = tail[order][begins]
    away = away.copy()
    while True:
        nearest = np.minimum(np.minimum.reduceat(away[head] + steps, begins), away[node])
        if np.array_equal(nearest, away[node]):
            return away
        away[node] = nearest
