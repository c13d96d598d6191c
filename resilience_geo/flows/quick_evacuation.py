"""A fast evacuation of a large network, and a bound below which none can be.

For a village with its surroundings the best evacuation is found exactly (`time_expanded`). For a
city it is not; here a good one is found, always one that can be carried out:

1. How many can be safe at all is a flow without steps.
2. In long steps (`quick_steps`) the fewest steps in which so many are safe are found by maximum
   flows; long steps only ever overstate the time.
3. On the edges in use, and there only, the same is done in shorter steps, again and again, as
   short as the size allows.
4. People walk by the flow found last, in order and without needless waiting (`quick_queues`). What
   they do is the answer: it keeps every capacity in every step.

Where all edges were looked at in steps of their own length the answer is the shortest there is, and
`lower_bound` says so. Else it is a flow without steps that no evacuation can undercut
(`quick_steps.static_bound`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.flows.quick_queues import Movements, walk_in_order, without_loops
from resilience_geo.flows.quick_steps import (
    UNBOUNDED,
    StepProblem,
    long_steps,
    most_flow,
    most_served,
    static_bound,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.flows.quick_steps import LongSteps

    Integers = NDArray[np.int64]

MOST_ARCS = 1_500_000
"""Arcs of a time-expanded network up to which it is solved, about four seconds each time."""

_LENGTHS = (1, 2, 5, 10, 20, 40, 80, 160, 320)
"""Short steps in a long one, from which the planner chooses."""

_ROUGH, _CLOSE = 0.1, 0.04
"""Share of the steps that may be too many before shorter ones are tried: at first, and then."""


_PATIENCE = 4
"""Times the horizon that people are let walk; they are never later than the flow says."""


@dataclass(frozen=True)
class QuickEvacuation:
    """An evacuation that can be carried out, and what none can undercut.

    Parameters
    ----------
    movements
        How many people enter which edge at which step.
    served
        People of each node who get to a sink, shape (n_nodes,); in all as many as possible.
    arrivals
        People safe by each step, cumulative, shape (clearance + 1,).
    clearance
        Step of the last arrival.
    lower_bound
        Step before which so many people cannot be safe, whatever they do.
    """

    movements: Movements
    served: Integers
    arrivals: Integers
    clearance: int
    lower_bound: int


@dataclass(frozen=True)
class _Found:
    """A flow in long steps by which everybody is safe."""

    flow: Movements
    served: Integers
    last_step: int


def quick_evacuation(problem: StepProblem, *, most_arcs: int = MOST_ARCS) -> QuickEvacuation:
    """Plan an evacuation of as many people as can be safe at all, in a short time.

    Parameters
    ----------
    problem
        Who is where, and which edges lead on.
    most_arcs
        Arcs of the networks that are solved: more take longer and come nearer to the best.
    """
    whole = _with_apart_sinks(problem)
    people = most_served(whole)
    if people == 0:
        nothing = np.zeros(0, dtype=np.int64)
        nobody = np.zeros(problem.n_nodes, dtype=np.int64)
        return QuickEvacuation(Movements(nothing, nothing, nothing), nobody, np.zeros(1, int), 0, 0)
    bound = static_bound(whole, people)
    length = _finest(whole, 2 * bound, most_arcs // 2)
    found = _fewest_steps(
        whole, people, length, (bound, 2 * bound), close=_ROUGH if length > 1 else 0.0
    )
    bound = found.last_step if length == 1 else bound
    best = _carried_out(whole, found)
    used = np.arange(whole.tail.size)
    while length > 1:
        used = used[np.unique(found.flow.edge)]
        few = whole.on_edges(used)
        finest = _finest(few, best.clearance, most_arcs)
        if finest >= length:
            break
        length = max(shorter for shorter in _LENGTHS if shorter < length)
        close = 0.0 if length == finest else _CLOSE
        found = _fewest_steps(few, people, length, (bound, best.clearance), close=close)
        walked = _carried_out(few, found)
        if walked.clearance < best.clearance:
            edges = used[walked.movements.edge]
            best = replace(walked, movements=replace(walked.movements, edge=edges))
    real = best.movements.edge < problem.tail.size
    moves = best.movements
    return replace(
        best,
        movements=Movements(moves.edge[real], moves.step[real], moves.people[real]),
        served=best.served[: problem.n_nodes],
        lower_bound=bound,
    )


def _with_apart_sinks(problem: StepProblem) -> StepProblem:
    """Give each sink that edges lead on from a node of its own, so that people may pass by it."""
    passed = np.unique(problem.tail[problem.places[problem.tail] > 0])
    passed = np.union1d(passed, np.flatnonzero((problem.places > 0) & (problem.supply > 0)))
    places = np.concatenate([problem.places, problem.places[passed]])
    places[passed] = 0
    return StepProblem(
        tail=np.concatenate([problem.tail, passed]),
        head=np.concatenate([problem.head, problem.n_nodes + np.arange(passed.size)]),
        travel_time=np.concatenate([problem.travel_time, np.zeros_like(passed)]),
        capacity=np.concatenate([problem.capacity, np.full(passed.size, UNBOUNDED)]),
        supply=np.concatenate([problem.supply, np.zeros_like(passed)]),
        places=places,
    )


def _finest(problem: StepProblem, horizon: int, most_arcs: int) -> int:
    """Return the shortest steps in which the time-expanded network is not too large."""
    start, finish = problem.earliest[problem.tail], problem.to_sink[problem.head]
    least = start + problem.travel_time + finish
    arcs = int(np.maximum(horizon + 1 - least, 0).sum())
    return next((length for length in _LENGTHS if arcs <= length * most_arcs), _LENGTHS[-1])


def _fewest_steps(
    problem: StepProblem, people: int, length: int, guess: tuple[int, int], *, close: float
) -> _Found:
    """Find the fewest long steps in which so many are safe, or nearly the fewest.

    Parameters
    ----------
    problem, people, length
        The evacuation, how many are to be safe, short steps in a long one.
    guess
        A short step before which they cannot be safe, and one by which they may be.
    close
        Share of the steps that may be too many.
    """
    early, late, found = guess[0] // length, 0, None
    trial = max(-(-(guess[1] + 1) // length), early + 1)
    while found is None or late - early > max(int(close * late), 1):
        steps = long_steps(problem, trial * length - 1, length)
        value, flow = most_flow(steps.arcs, steps.n_nodes)
        if value >= people:
            late, found = trial, _found(problem, steps, flow)
            # What was guessed is near: go down by an eighth before halving.
            trial = max((early + late) // 2, late - max(late // 8, 1))
        else:
            early = trial
            trial = (early + late + 1) // 2 if late else early + max(early // 4, 1)
    return found


def _found(problem: StepProblem, steps: LongSteps, flow: Integers) -> _Found:
    """Read a flow: who moves when, without those who go round in circles, and who is served."""
    n_moves, n_sources = steps.edge.size, steps.source.size
    people = flow[:n_moves].copy()
    at_once = np.flatnonzero((steps.taken == 0) & (people > 0))
    people[at_once] = without_loops(steps.arcs[0][at_once], steps.arcs[1][at_once], people[at_once])
    moving = people > 0
    served = np.zeros(problem.n_nodes, dtype=np.int64)
    first = flow.size - n_sources - steps.sink.size
    served[steps.source] = flow[first : first + n_sources]
    return _Found(
        flow=Movements(steps.edge[moving], steps.step[moving], people[moving]),
        served=served,
        last_step=steps.last_step,
    )


def _carried_out(problem: StepProblem, found: _Found) -> QuickEvacuation:
    """Let people walk by a flow, and say when they are safe."""
    moves = walk_in_order(problem, found.flow, found.served, _PATIENCE * (found.last_step + 1))
    safe_at = moves.step + problem.travel_time[moves.edge]
    safe = problem.places[problem.head[moves.edge]] > 0
    clearance = int(safe_at[safe].max(initial=0))
    by_step = np.bincount(safe_at[safe], moves.people[safe], minlength=clearance + 1)
    return QuickEvacuation(
        movements=moves,
        served=found.served,
        arrivals=np.cumsum(by_step.astype(np.int64)),
        clearance=clearance,
        lower_bound=0,
    )
