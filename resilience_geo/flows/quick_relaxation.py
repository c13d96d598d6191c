"""An evacuation seen through long steps that only ever flatter it: what fails there fails at all.

Steps of a node are put together to long ones by the node's own clock. A movement begins in a long
step of one node and ends in a long step of another; of the short steps in which it may begin, those
that lead to the same long step are put together, and as many people may move as in all of them. So
every evacuation by a horizon is also a flow in long steps. Where that flow cannot bring everybody
to safety, no evacuation can: the horizon is too short. This holds for any clocks; with good ones
(`quick_clocks`) it is nearly the truth, because along the ways that matter nothing is rounded.
(Bounds from coarser steps: Boland, Hewitt, Marshall and Savelsbergh 2017, for service networks.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.flows.quick_steps import UNBOUNDED, most_flow, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.flows.quick_steps import StepProblem

    Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Relaxed:
    """The most people who might be safe by a horizon, and which edges they would use when.

    Parameters
    ----------
    people
        No evacuation has more people safe by the horizon.
    edge, first, last
        Edges in use, and the first and last short step of each long step of use.
    """

    people: int
    edge: Integers
    first: Integers
    last: Integers


def relaxed_size(problem: StepProblem, horizon: int, length: int) -> int:
    """Return about how many movements the network in long steps has."""
    least = problem.earliest[problem.tail] + problem.travel_time + problem.to_sink[problem.head]
    spare = horizon + 1 - least
    return (
        int((spare[spare > 0] // length + 2).sum()) if length > 1 else int(spare[spare > 0].sum())
    )


def relaxed_flow(problem: StepProblem, horizon: int, length: int, clock: Integers) -> Relaxed:
    """Find the most people safe by a horizon in long steps.

    Parameters
    ----------
    problem
        The evacuation in short steps.
    horizon
        Last short step that counts.
    length
        Short steps in a long one; 1 gives the most people safe by the horizon itself.
    clock
        A long step begins at a node whenever its clock, ahead by so many steps, is a multiple of
        `length`; shape (n_nodes,).
    """
    tail, head, taken, edge_number, begin, finish = _open_edges(problem, horizon)
    from_step, to_step = _node_steps(problem, horizon)
    there = to_step >= from_step
    low = np.where(there, (from_step + clock) // length, 0)
    count = np.where(there, (to_step + clock) // length - low + 1, 0)
    place = np.cumsum(count) - count
    first_long = (begin + clock[tail]) // length
    edge, late = spread((finish + clock[tail]) // length - first_long + 1)
    long_step = first_long[edge] + late
    opens = long_step * length - clock[tail[edge]]
    first = np.maximum(opens, begin[edge])
    last = np.minimum(opens + length - 1, finish[edge])
    ahead = taken[edge] + clock[head[edge]]
    reached = (first + ahead) // length
    # Who begins after this reaches the next long step.
    turn = np.minimum(last, (reached + 1) * length - 1 - ahead)
    parted = np.flatnonzero(turn < last)
    start = place[tail[edge]] + long_step - low[tail[edge]]
    end = place[head[edge]] + reached - low[head[edge]]
    room = np.minimum(problem.capacity[edge_number], int(problem.supply.sum()))[edge]
    movements = (
        np.append(start, start[parted]),
        np.append(end, end[parted] + 1),
        np.append(room * (turn - first + 1), room[parted] * (last - turn)[parted]),
    )
    arcs = _with_ends(problem, movements, place, count)
    value, flow = most_flow(arcs, int(count.sum()) + 2)
    used = np.flatnonzero(flow[: movements[0].size] > 0)
    of = np.append(np.arange(edge.size), parted)[used]
    second = used >= edge.size
    return Relaxed(
        people=value,
        edge=edge_number[edge[of]],
        first=np.where(second, turn[of] + 1, first[of]),
        last=np.where(second, last[of], turn[of]),
    )


def _open_edges(
    problem: StepProblem, horizon: int
) -> tuple[Integers, Integers, Integers, Integers, Integers, Integers]:
    """Return tail, head, time and number of the edges in time, and first and last step to enter."""
    begin = problem.earliest[problem.tail]
    finish = horizon - problem.travel_time - problem.to_sink[problem.head]
    # Homes are left at once: whoever waits can do so where the free walk leads.
    finish = np.where(problem.at_once, np.minimum(finish, 0), finish)
    edge = np.flatnonzero(begin <= finish)
    return (
        problem.tail[edge],
        problem.head[edge],
        problem.travel_time[edge],
        edge,
        begin[edge],
        finish[edge],
    )


def _node_steps(problem: StepProblem, horizon: int) -> tuple[Integers, Integers]:
    """Return the first and last step at which each node matters; last before first if at none."""
    first, last = problem.earliest, horizon - problem.to_sink
    last = last.copy()
    homes = problem.tail[problem.at_once]
    last[homes] = np.minimum(last[homes], 0)
    out = (first >= UNBOUNDED) | (problem.to_sink >= UNBOUNDED)
    return np.where(out, 0, first), np.where(out, -1, last)


def _with_ends(
    problem: StepProblem,
    movements: tuple[Integers, Integers, Integers],
    place: Integers,
    count: Integers,
) -> tuple[Integers, Integers, Integers]:
    """Add waiting, the people and the seats to movements."""
    source = np.flatnonzero((problem.supply > 0) & (count > 0))
    sink = np.flatnonzero((problem.places > 0) & (count > 0))
    node, late = spread(np.maximum(count - 1, 0))
    waiting = place[node] + late
    n_nodes, everybody = int(count.sum()), int(problem.supply.sum())
    tail, head, room = movements
    return (
        np.concatenate([tail, waiting, np.full(source.size, n_nodes), (place + count)[sink] - 1]),
        np.concatenate([head, waiting + 1, place[source], np.full(sink.size, n_nodes + 1)]),
        np.concatenate(
            [
                np.minimum(room, everybody),
                np.full(waiting.size, everybody),
                problem.supply[source],
                np.minimum(problem.places[sink], everybody),
            ]
        ),
    )
