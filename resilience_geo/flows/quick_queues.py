"""People who walk in order: whoever comes first leaves first, and waits where an edge is full.

A flow says how many people leave a node by which edge, and in which order. Carried out by people
who never wait without need, nobody comes later than the flow says, and queues stand where an edge
is too narrow, not somewhere before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from resilience_geo.flows.quick_steps import UNBOUNDED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.flows.quick_steps import StepProblem

    Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Movements:
    """How many people enter which edge at which step; three arrays of equal length.

    Parameters
    ----------
    edge, step, people
        Edge of the problem, step, people; rows with nobody are left out.
    """

    edge: Integers
    step: Integers
    people: Integers


@dataclass(frozen=True)
class _Orders:
    """By which edges people leave each node, in the order in which they come.

    Edges in use are sorted by tail. A turn is what a node sends out in one step of the flow; a
    share is what one edge gets of a turn.
    """

    edge: Integers
    head: Integers
    travel_time: Integers
    capacity: Integers
    first_edge: Integers  # of each node, shape (n_nodes + 1,)
    first_turn: Integers  # of each node, shape (n_nodes + 1,)
    turn_people: Integers
    turn_through: Integers  # people of the node up to the end of the turn
    turn_shares: Integers  # where the shares of the turn begin, one per edge of the node
    share: Integers
    share_before: Integers  # people of the edge before the turn


def without_loops(tail: Integers, head: Integers, people: Integers) -> Integers:
    """Return the people of each arc without those who only go round in circles.

    Parameters
    ----------
    tail, head, people
        Arcs of a flow that take no time; where they form circles, the flow may run round them.
    """
    left = people.copy()
    while True:
        used = np.flatnonzero(left > 0)
        if used.size == 0:
            return left
        nodes, ends = np.unique(np.concatenate([tail[used], head[used]]), return_inverse=True)
        begin, end = np.split(ends, 2)
        matrix = sparse.csr_array((np.ones(used.size), (begin, end)), shape=(nodes.size,) * 2)
        _, label = connected_components(matrix, connection="strong")
        inside = np.flatnonzero(label[begin] == label[end])
        if inside.size == 0:
            return left
        # One way out of each node: whoever follows it long enough is on a circle.
        ahead = np.arange(nodes.size)
        chosen = np.full(nodes.size, -1)
        chosen[begin[inside]] = used[inside]
        ahead[begin[inside]] = end[inside]
        # The last edge written may differ between the two, so the end follows the chosen edge.
        place = np.full(left.size, -1)
        place[used] = np.arange(used.size)
        out = np.flatnonzero(chosen >= 0)
        ahead[out] = end[place[chosen[out]]]
        far, circle = ahead, np.arange(nodes.size)
        for _ in range(int(nodes.size).bit_length() + 1):
            circle = np.minimum(circle, circle[far])
            far = far[far]
        on_circle = np.unique(far)
        on_circle = on_circle[chosen[on_circle] >= 0]
        least = np.full(nodes.size, UNBOUNDED)
        np.minimum.at(least, circle[on_circle], left[chosen[on_circle]])
        left[chosen[on_circle]] -= least[circle[on_circle]]


def _orders_of(problem: StepProblem, flow: Movements) -> _Orders:
    """Sort a flow by node, step and edge."""
    n_nodes = problem.n_nodes
    used = np.unique(flow.edge)
    used = used[np.argsort(problem.tail[used], kind="stable")]
    place = np.full(problem.tail.size, -1)
    place[used] = np.arange(used.size)
    node = problem.tail[flow.edge]
    first_edge = np.searchsorted(problem.tail[used], np.arange(n_nodes + 1))
    lowest = int(flow.step.min(initial=0))
    span = int(flow.step.max(initial=0)) - lowest + 1
    turns, turn = np.unique(node * span + (flow.step - lowest), return_inverse=True)
    turn_node = turns // span
    turn_people = np.zeros(turns.size, dtype=np.int64)
    np.add.at(turn_people, turn, flow.people)
    first_turn = np.searchsorted(turn_node, np.arange(n_nodes + 1))
    degree = np.diff(first_edge)[turn_node]
    turn_shares = np.cumsum(degree) - degree
    share = np.zeros(int(degree.sum()), dtype=np.int64)
    slot = turn_shares[turn] + place[flow.edge] - first_edge[node]
    np.add.at(share, slot, flow.people)
    owner = np.repeat(first_edge[turn_node] - turn_shares, degree) + np.arange(share.size)
    order = np.argsort(owner, kind="stable")
    return _Orders(
        edge=used,
        head=problem.head[used],
        travel_time=problem.travel_time[used],
        capacity=problem.capacity[used],
        first_edge=first_edge,
        first_turn=first_turn,
        turn_people=turn_people,
        turn_through=_sums_within(turn_people, turn_node) + turn_people,
        turn_shares=turn_shares,
        share=share,
        share_before=_sums_within(share[order], owner[order])[np.argsort(order)],
    )


def _sums_within(values: Integers, owner: Integers) -> Integers:
    """Sum the values of the same owner before each; owners stand together."""
    before = np.cumsum(values) - values
    first = np.append(True, np.diff(owner) != 0)[: owner.size]
    sums: Integers = (
        before - before[np.maximum.accumulate(np.where(first, np.arange(owner.size), 0))]
    )
    return sums


@dataclass(frozen=True)
class _Crowd:
    """Who has come where so far; the arrays are changed step by step."""

    come: Integers  # to each node
    turn: Integers  # whose turn it is at each node
    assigned: Integers  # to each edge in use
    entered: Integers  # each edge in use


def walk_in_order(
    problem: StepProblem, flow: Movements, leaving: Integers, horizon: int
) -> Movements:
    """Carry out a flow by people who never wait without need.

    Parameters
    ----------
    problem
        The evacuation in short steps.
    flow
        The flow to follow; its steps may be long ones, only their order counts.
    leaving
        People of each node who leave it at all, shape (n_nodes,).
    horizon
        Last step that is carried out.

    Returns
    -------
    Movements
        In short steps; never more people on an edge per step than it lets through.
    """
    orders = _orders_of(problem, flow)
    crowd = _Crowd(
        come=np.zeros(problem.n_nodes, dtype=np.int64),
        turn=orders.first_turn[:-1].copy(),
        assigned=np.zeros(orders.edge.size, dtype=np.int64),
        entered=np.zeros(orders.edge.size, dtype=np.int64),
    )
    due: dict[int, list[tuple[Integers, Integers]]] = {0: [(np.arange(leaving.size), leaving)]}
    queued = np.empty(0, dtype=np.int64)
    done: list[Movements] = []
    for step in range(horizon + 1):
        arriving = due.pop(step, [])
        if not arriving and queued.size == 0:
            if not due:
                break
            continue
        moved, queued = _one_step(problem, orders, crowd, arriving, queued)
        done.append(Movements(orders.edge[moved.edge], moved.step + step, moved.people))
        taken = orders.travel_time[moved.edge]
        for lasting in np.unique(taken[taken > 0]):
            here = taken == lasting
            due.setdefault(step + int(lasting), []).append(
                (orders.head[moved.edge[here]], moved.people[here])
            )
    return (
        Movements(
            *(
                np.concatenate([np.empty(0, dtype=np.int64), *parts])
                for parts in zip(*((m.edge, m.step, m.people) for m in done), strict=True)
            )
        )
        if done
        else Movements(queued, queued, queued)
    )


def _one_step(
    problem: StepProblem,
    orders: _Orders,
    crowd: _Crowd,
    arriving: list[tuple[Integers, Integers]],
    queued: Integers,
) -> tuple[Movements, Integers]:
    """Let everybody enter the next edge who can; edges of no time lead on in the same step."""
    before = crowd.entered.copy()
    touched = [queued]
    edges = queued
    nodes, people = (
        (np.concatenate(parts) for parts in zip(*arriving, strict=True))
        if (arriving)
        else (np.empty(0, dtype=np.int64),) * 2
    )
    while True:
        fresh = _assign(problem, orders, crowd, nodes, people)
        edges = np.union1d(edges, fresh)
        touched.append(edges)
        waiting = crowd.assigned[edges] - crowd.entered[edges]
        room = before[edges] + orders.capacity[edges] - crowd.entered[edges]
        entering = np.minimum(waiting, room)
        crowd.entered[edges] += entering
        at_once = (orders.travel_time[edges] == 0) & (entering > 0)
        nodes, people = orders.head[edges[at_once]], entering[at_once]
        edges = np.empty(0, dtype=np.int64)
        if nodes.size == 0:
            break
    used = np.unique(np.concatenate(touched))
    entered = crowd.entered[used] - before[used]
    moved = used[entered > 0]
    left = used[crowd.assigned[used] > crowd.entered[used]]
    return Movements(moved, np.zeros_like(moved), entered[entered > 0]), left


def _assign(
    problem: StepProblem, orders: _Orders, crowd: _Crowd, nodes: Integers, people: Integers
) -> Integers:
    """Give each who comes to a node the next edge in its order; return the edges given."""
    more = np.bincount(nodes, people, minlength=problem.n_nodes).astype(np.int64)
    degree = np.diff(orders.first_edge)
    node = np.flatnonzero((more > 0) & (degree > 0))
    if node.size == 0:
        return np.empty(0, dtype=np.int64)
    crowd.come[node] += more[node]
    last_turn = orders.first_turn[node + 1] - 1
    while True:
        turn = crowd.turn[node]
        over = (crowd.come[node] > orders.turn_through[turn]) & (turn < last_turn)
        if not over.any():
            break
        crowd.turn[node[over]] += 1
    begin = np.cumsum(degree[node]) - degree[node]
    owner = np.repeat(np.arange(node.size), degree[node])
    number = np.arange(owner.size) - begin[owner]
    edge, slot = orders.first_edge[node][owner] + number, orders.turn_shares[turn][owner] + number
    in_turn = orders.turn_people[turn]
    of_turn = np.minimum(crowd.come[node] - orders.turn_through[turn] + in_turn, in_turn)
    rounded_up = -(-orders.share[slot] * of_turn[owner] // in_turn[owner])
    free = crowd.come[node] - np.add.reduceat(crowd.assigned[edge], begin)
    # Turns that are over come first; of the turn that is not, the first edges take the odd ones.
    for due in (orders.share_before[slot], orders.share_before[slot] + rounded_up):
        wanted = np.maximum(due - crowd.assigned[edge], 0)
        given = np.clip(free[owner] - _sums_within(wanted, owner), 0, wanted)
        crowd.assigned[edge] += given
        free -= np.add.reduceat(given, begin)
    touched: Integers = edge
    return touched
