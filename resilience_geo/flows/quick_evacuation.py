"""A fast evacuation of a large network, and a bound below which none can be.

For a village with its surroundings the best evacuation is found exactly (`time_expanded`). For a
city it is not; here a good one is found, always one that can be carried out:

1. How many can be safe at all is a flow without steps.
2. Where the network is small enough in its own steps, the fewest steps in which so many are safe
   are found by maximum flows on all of it.
3. Else it is seen through long steps that only ever flatter it (`quick_relaxation`): a horizon that
   is too short there is too short, which bounds every evacuation from below. Shorter steps follow
   as long as the size allows.
4. The edges in use there, open about when they were in use, are few enough to be looked at in the
   steps of the problem (`quick_windows`): the shortest horizon found on these is the answer.
5. People walk by that flow, in order and without needless waiting (`quick_queues`). What they do
   keeps every capacity in every step, and nobody is later than the flow says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.flows.quick_clocks import node_clocks
from resilience_geo.flows.quick_queues import Movements, walk_in_order
from resilience_geo.flows.quick_relaxation import relaxed_flow, relaxed_size
from resilience_geo.flows.quick_steps import (
    UNBOUNDED,
    StepProblem,
    most_served,
    static_bound,
)
from resilience_geo.flows.quick_windows import (
    Windows,
    all_windows,
    risen_flow,
    window_network,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

MOST_ARCS = 1_500_000
"""Movements of a time-expanded network up to which it is solved in full, in about four seconds."""

_LENGTHS = (2, 5, 10, 20, 40, 80, 160, 320)
"""Short steps in a long one, from which the planner chooses."""

_SIZES = (0.6, 1.2)
"""Sizes of the networks in long steps, as shares of `most_arcs`: each narrows down the next."""

_ROUGH, _CLOSE = 0.08, 0.035
"""Share of the horizon that may stay open before shorter steps are tried: at first, and then."""

_FINE = 0.03
"""Share of the horizon by which the plan may be longer than the shortest on the edges it uses."""

_EARLY = (0.3, 0.45, 0.6, 0.75, 0.9)
"""Shares of the horizon by which as many as possible should be safe already."""

_HOPE = 1.03
"""Horizon first tried in short steps, as a multiple of what long steps leave possible."""

_ROOM = 1.15
"""Horizon for which windows are made at once, as a multiple of the first that is tried."""

_MARGIN = 1.3
"""How much further on to look than the people lacking at the last two horizons suggest."""

_SLACK = 8
"""Steps, at least, that edges stay open longer than in long steps."""

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
    """A flow by which everybody is safe, and who they are."""

    flow: Movements
    served: Integers


def quick_evacuation(problem: StepProblem, *, most_arcs: int = MOST_ARCS) -> QuickEvacuation:
    """Plan an evacuation of as many people as can be safe at all, in a short time.

    Parameters
    ----------
    problem
        Who is where, and which edges lead on.
    most_arcs
        Movements of the networks that are solved: more take longer and come nearer to the best.
    """
    whole = _with_apart_sinks(problem)
    people = most_served(whole)
    if people == 0:
        nothing = np.zeros(0, dtype=np.int64)
        nobody = np.zeros(problem.n_nodes, dtype=np.int64)
        return QuickEvacuation(Movements(nothing, nothing, nothing), nobody, np.zeros(1, int), 0, 0)
    bound = static_bound(whole, people)
    windows = all_windows(whole)
    if windows.by(whole, 2 * bound, 0).size <= most_arcs:
        found, tried = _rising(whole, people, windows, (bound - 1, bound), 0.0)
        bound = tried.late
    else:
        bound, windows, late = _through_long_steps(whole, people, bound, most_arcs)
        guess = (bound - 1, int(_HOPE * late))
        found, tried = _rising(whole, people, windows, guess, _FINE)
    best = _carried_out(whole, found, tried.late)
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


@dataclass(frozen=True)
class _Tried:
    """Horizons that were tried: the longest that are too short, and the shortest long enough.

    Parameters
    ----------
    early
        Longest horizon known to be too short.
    late
        Shortest known to be long enough; -1 while none is.
    lacking
        Horizons that were tried and too short, rising, and how many people were not safe by them.
    """

    early: int
    late: int = -1
    lacking: tuple[tuple[int, int], ...] = ()

    def with_trial(self, horizon: int, lacking: int) -> _Tried:
        """Return this with one more horizon and how many were not safe by it."""
        if lacking <= 0:
            return replace(self, late=horizon)
        return replace(self, early=horizon, lacking=(*self.lacking, (horizon, lacking)))

    def is_close(self, share: float) -> bool:
        """Whether what is open is at most a share of the horizon, or a single step."""
        return self.late >= 0 and self.late - self.early <= max(int(share * self.late), 1)

    @property
    def next_trial(self) -> int:
        """Where to look next: halfway, or as far on as those who were lacking need."""
        if self.late >= 0:
            return (self.early + self.late) // 2
        ahead = max(self.early // 30, 1)
        if len(self.lacking) > 1:
            (before, many), (after, fewer) = self.lacking[-2:]
            if many > fewer:
                # The last people need more time each than those before them.
                ahead = int(_MARGIN * fewer * (after - before) / (many - fewer)) + 1
        return self.early + min(ahead, max(self.early // 8, 1))


def _rising(
    whole: StepProblem,
    people: int,
    windows: Windows,
    guess: tuple[int, int],
    close: float,
) -> tuple[_Found, _Tried]:
    """Let the horizon rise until so many are safe.

    Parameters
    ----------
    whole, people
        The evacuation, and how many are to be safe.
    windows
        When edges may be of use; all together they carry everybody.
    guess
        A step by which they cannot be safe, and the first to try.
    close
        Share of the horizon that may stay open.
    """
    longest = max(int(_ROOM * guess[1]), guess[1] + 10)
    slack = max(longest // 16, _SLACK)
    while True:
        network = window_network(whole, windows.by(whole, longest, slack))
        flow = np.zeros(network.safe_at.size, dtype=np.int64)
        for step in _early_steps(guess[1]):
            flow = risen_flow(network, flow, step)
        tried, trial, found = _Tried(guess[0]), guess[1], flow
        while trial <= longest and not tried.is_close(close):
            risen = risen_flow(network, flow, trial)
            tried = tried.with_trial(trial, people - int(network.served(risen).sum()))
            if tried.late == trial:
                found = risen
            else:
                flow = risen
            trial = tried.next_trial
        if tried.late >= 0:
            break
        longest, slack = 2 * longest, 2 * longest
    served = np.zeros(whole.n_nodes, dtype=np.int64)
    served[network.source] = network.served(found)
    return _Found(network.movements(whole, found), served), tried


def _early_steps(horizon: int) -> list[int]:
    """Return the steps before a horizon by which many should be safe already."""
    return sorted({int(share * horizon) for share in _EARLY} - {horizon})


def _through_long_steps(
    whole: StepProblem, people: int, bound: int, most_arcs: int
) -> tuple[int, Windows, int]:
    """Look at the evacuation through ever shorter long steps.

    Returns
    -------
    tuple
        A step before which so many cannot be safe; when edges may be of use; and a step by which so
        many might be safe, as far as long steps can say.
    """
    clock = node_clocks(whole)
    nothing = np.zeros(0, dtype=np.int64)
    windows = Windows(nothing, nothing, nothing)
    late, early = 2 * bound, bound - 1
    length = 0
    for share in _SIZES:
        longer, length = length, _shortest_step(whole, late, int(share * most_arcs))
        if length == longer:
            continue
        tried, windows = _relaxed_search(whole, people, (length, clock), (early, late), windows)
        early, late = tried.early, tried.late
    return early + 1, windows, late


def _shortest_step(whole: StepProblem, horizon: int, most_arcs: int) -> int:
    """Return the shortest long step in which the network is not too large."""
    fitting = (n for n in _LENGTHS if relaxed_size(whole, horizon, n) <= most_arcs)
    return next(fitting, _LENGTHS[-1])


def _relaxed_search(
    whole: StepProblem,
    people: int,
    steps: tuple[int, Integers],
    guess: tuple[int, int],
    windows: Windows,
) -> tuple[_Tried, Windows]:
    """Narrow down, in long steps, when so many might be safe.

    Parameters
    ----------
    whole, people
        The evacuation, and how many are to be safe.
    steps
        Short steps in a long one, and the clocks of the nodes.
    guess
        A step by which they cannot be safe, and one by which they might.
    windows
        When edges may be of use.

    Returns
    -------
    tuple
        What was tried, and the windows with what was in use.
    """
    close = _CLOSE if windows.edge.size else _ROUGH
    tried, trial = _Tried(guess[0]), guess[1]
    while not tried.is_close(close):
        flow = relaxed_flow(whole, trial, *steps)
        windows = windows.joined(flow.edge, flow.first, flow.last)
        tried = tried.with_trial(trial, people - flow.people)
        trial = tried.next_trial
    return tried, windows


def _carried_out(problem: StepProblem, found: _Found, horizon: int) -> QuickEvacuation:
    """Let people walk by a flow, and say when they are safe."""
    moves = walk_in_order(problem, found.flow, found.served, _PATIENCE * (horizon + 1))
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
