"""Static network flows on arrays: the door to the solvers of OR-tools.

Everything is whole numbers, and the same input gives the same flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class FlowArcs:
    """Directed arcs that people flow along.

    Parameters
    ----------
    begin, end
        Node an arc leaves and node it reaches.
    room
        Most people on it.
    cost
        What one person on it costs.
    """

    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    room: NDArray[np.int64]
    cost: NDArray[np.int64]


def _cheapest_solver(arcs: FlowArcs) -> Any:
    """Make a solver by cost scaling (Goldberg and Tarjan 1990)."""
    from ortools.graph.python import min_cost_flow  # noqa: PLC0415 - heavy, and only needed here

    solver = min_cost_flow.SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(arcs.begin, arcs.end, arcs.room, arcs.cost)
    return solver


def _solved(solver: Any, status: Any, n_arcs: int) -> NDArray[np.int64]:
    """Give the people on each arc, or fail where the solver did."""
    if status != solver.OPTIMAL:
        message = f"the flow solver ended with {status}"
        raise RuntimeError(message)
    return np.asarray(solver.flows(np.arange(n_arcs)), dtype=np.int64)


def cheapest_largest_flow(arcs: FlowArcs, source: int, sink: int, people: int) -> NDArray[np.int64]:
    """Bring the most people, up to a number, from source to sink; of all such flows the cheapest.

    Returns
    -------
    ndarray
        People on each arc.
    """
    solver = _cheapest_solver(arcs)
    solver.set_node_supply(source, people)
    solver.set_node_supply(sink, -people)
    return _solved(solver, solver.solve_max_flow_with_min_cost(), arcs.begin.size)


def cheapest_flow_of(arcs: FlowArcs, given: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bring people from nodes that give some to nodes that take some, at the least cost.

    Parameters
    ----------
    arcs
        The network.
    given
        People each node gives; below 0 where it takes them. The sum is 0, and a way exists.

    Returns
    -------
    ndarray
        People on each arc.
    """
    solver = _cheapest_solver(arcs)
    uneven = np.flatnonzero(given)
    solver.set_nodes_supplies(uneven, given[uneven])
    return _solved(solver, solver.solve(), arcs.begin.size)


def largest_flow(
    begin: NDArray[np.int64], end: NDArray[np.int64], room: NDArray[np.int64], ends: tuple[int, int]
) -> tuple[int, NDArray[np.int64]]:
    """Return the most people who can come from one node to another, and those on each arc.

    Parameters
    ----------
    begin, end, room
        As in `FlowArcs`.
    ends
        Where all begin, and where all end.
    """
    from ortools.graph.python import max_flow  # noqa: PLC0415 - heavy, and only needed here

    if begin.size == 0:
        return 0, np.zeros(0, dtype=np.int64)
    solver = max_flow.SimpleMaxFlow()
    solver.add_arcs_with_capacity(begin, end, room)
    people = _solved(solver, solver.solve(*ends), begin.size)
    return int(solver.optimal_flow()), people
