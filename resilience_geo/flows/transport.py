"""The exact answer to "who goes to which shelter": the transport problem with capacities.

Rows are places with people, columns are shelters with seats, and only some pairs are eligible.
First as many people as possible are served, then in the least total time; `transport_flow` does it.
The nearest-first rule, which serves fewer people and sends the last of them far away, stands beside
it as the yardstick.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.errors import InputError, Message, Problem, raise_problems
from resilience_geo.flows.transport_flow import Pairs, add_up, row_starts, solve, whole_steps

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Transport:
    """Who goes where.

    Parameters
    ----------
    row, column, people
        Positive flows, sorted by row and then column; shape (n_flows,).
    unserved_people
        People of each row who find no seat; shape (n_rows,).
    price_s
        What one more seat in each column would save (person-seconds) if no more people were
        served; 0 where seats are free and where there never was one; shape (n_columns,).
    total_person_seconds
        Time of all who are served.
    bound_person_seconds
        No answer that serves as many of each priority takes less; computed from the prices over
        all eligible pairs, so it does not rest on the search. 0 where nothing is known.
    proven
        Whether the number served (by priority) and the time are both proved optimal.
    rounds
        Minimum-cost flows that were solved on the whole problem.
    pairs_used
        Eligible pairs in the last of them.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    people: NDArray[np.int64]
    unserved_people: NDArray[np.int64]
    price_s: NDArray[np.float64]
    total_person_seconds: float
    bound_person_seconds: float
    proven: bool
    rounds: int
    pairs_used: int


def least_time_transport(
    indptr: ArrayLike,
    column: ArrayLike,
    cost_s: ArrayLike,
    supply_people: ArrayLike,
    capacity_people: ArrayLike,
    *,
    priority: ArrayLike | None = None,
    time_limit_s: float | None = None,
) -> Transport:
    """Serve the most people, then in the least total time: the true optimum, with its proof.

    Identical input gives the identical answer. Among answers of equal worth the order of rows and
    columns decides, so callers put both in an order of their own (by identifier) first.

    Parameters
    ----------
    indptr, column, cost_s
        Eligible pairs as compressed rows: pairs of row i are `indptr[i]:indptr[i + 1]`; their
        columns, in any order, and times (s). Of a pair given twice the shorter time counts; an
        infinite time is no pair. Shapes (n_rows + 1,), (n_pairs,), (n_pairs,).
    supply_people, capacity_people
        Whole people per row, seats per column; shapes (n_rows,), (n_columns,).
    priority
        Rows of the smallest number are served first: as many of them as at all possible, then as
        many of the next. The total served is the same with any priorities. None: all rows alike.
        Meant for a handful of different numbers; each costs a maximum flow.
    time_limit_s
        Seconds after which no further round begins; the answer is then the best one known, its
        bound says how much better another one could be, and it may differ from run to run. None:
        until proved.

    Raises
    ------
    InputError
        Where people or seats are negative, or a time is negative or not a number.

    Examples
    --------
    Nearest first sends the first place to the first shelter, and the second far away:

    >>> places = least_time_transport([0, 2, 4], [0, 1, 0, 1], [1, 2, 3, 100], [5, 5], [5, 5])
    >>> places.column.tolist(), places.total_person_seconds, places.proven
    ([1, 0], 25.0, True)
    """
    deadline = math.inf if time_limit_s is None else time.monotonic() + time_limit_s
    problem, times_s = _checked(indptr, column, cost_s, supply_people, capacity_people, priority)
    step_s = whole_steps(times_s, problem.supply.size + problem.capacity.size)
    while True:
        try:
            whole = np.rint(times_s / step_s).astype(np.int64)
            answer = solve(replace(problem, cost=whole), deadline)
            break
        except OverflowError:
            step_s *= 16.0
    price_s = answer.price[: problem.capacity.size].astype(np.float64) * step_s
    total_s = float(answer.people @ times_s[answer.pair])
    load = add_up(problem.column[answer.pair], answer.people, problem.capacity.size)
    return Transport(
        row=problem.row[answer.pair],
        column=problem.column[answer.pair],
        people=answer.people,
        unserved_people=answer.aside,
        price_s=np.where(load < problem.capacity, 0.0, price_s),
        total_person_seconds=total_s,
        bound_person_seconds=min(_bound(problem, times_s, price_s, answer.aside), total_s),
        proven=answer.proven,
        rounds=answer.rounds,
        pairs_used=answer.pairs_used,
    )


def greedy_transport(
    indptr: ArrayLike,
    column: ArrayLike,
    cost_s: ArrayLike,
    supply_people: ArrayLike,
    capacity_people: ArrayLike,
    *,
    priority: ArrayLike | None = None,
) -> Transport:
    """Send people nearest first: the yardstick planners know, and neither optimum.

    All pairs in order of time, rows of smaller `priority` before others; each takes as many as are
    left of its row and fit into its column. Ties go by row, then column.

    Parameters
    ----------
    indptr, column, cost_s, supply_people, capacity_people, priority
        As in `least_time_transport`.

    Raises
    ------
    InputError
        As in `least_time_transport`.

    Examples
    --------
    >>> places = greedy_transport([0, 2, 4], [0, 1, 0, 1], [1, 2, 3, 100], [5, 5], [5, 5])
    >>> places.column.tolist(), places.total_person_seconds, places.proven
    ([0, 1], 505.0, False)
    """
    problem, times_s = _checked(indptr, column, cost_s, supply_people, capacity_people, priority)
    order = np.lexsort((times_s, problem.level[problem.row]))
    left, seats = problem.supply.tolist(), problem.capacity.tolist()
    pair, people = [], []
    # One after another by nature; plain lists make it a second or so per million pairs.
    rows, columns = problem.row[order].tolist(), problem.column[order].tolist()
    for place, (row, into) in enumerate(zip(rows, columns, strict=True)):
        fits = min(left[row], seats[into])
        if fits:
            left[row] -= fits
            seats[into] -= fits
            pair.append(place)
            people.append(fits)
    taken = order[np.array(pair, dtype=np.int64)]
    sort = np.argsort(taken)
    flows = np.array(people, dtype=np.int64)[sort]
    taken = taken[sort]
    return Transport(
        row=problem.row[taken],
        column=problem.column[taken],
        people=flows,
        unserved_people=np.array(left, dtype=np.int64),
        price_s=np.zeros(problem.capacity.size),
        total_person_seconds=float(flows @ times_s[taken]),
        bound_person_seconds=0.0,
        proven=False,
        rounds=0,
        pairs_used=problem.row.size,
    )


def _checked(
    indptr: ArrayLike,
    column: ArrayLike,
    cost_s: ArrayLike,
    supply_people: ArrayLike,
    capacity_people: ArrayLike,
    priority: ArrayLike | None,
) -> tuple[Pairs, NDArray[np.float64]]:
    """Return the pairs that matter, in order and each once, and their times (s)."""
    supply, capacity = (np.asarray(v, dtype=np.int64) for v in (supply_people, capacity_people))
    columns, times_s = np.asarray(column, dtype=np.int64), np.asarray(cost_s, dtype=np.float64)
    _check_numbers(supply, capacity, times_s)
    begin = np.asarray(indptr, dtype=np.int64)
    rows = np.repeat(np.arange(supply.size), begin[1:] - begin[:-1])
    useful = np.isfinite(times_s) & (supply[rows] > 0) & (capacity[columns] > 0)
    if not useful.all():
        rows, columns, times_s = rows[useful], columns[useful], times_s[useful]
    key = rows * max(capacity.size, 1) + columns
    if not (key[1:] > key[:-1]).all():
        order = np.lexsort((times_s, key))
        order = order[np.append(True, np.diff(key[order]) > 0)[: order.size]]
        rows, columns, times_s = rows[order], columns[order], times_s[order]
    urgency = np.zeros(supply.size) if priority is None else np.asarray(priority)
    values, level = np.unique(urgency, return_inverse=True)
    problem = Pairs(
        row=rows,
        column=columns,
        cost=np.zeros(0, dtype=np.int64),
        supply=supply,
        # Seats beyond all people change nothing, and sums of them could overflow.
        capacity=np.minimum(capacity, supply.sum()),
        level=level.astype(np.int64),
        n_levels=values.size,
    )
    return problem, times_s


def _check_numbers(
    supply: NDArray[np.int64], capacity: NDArray[np.int64], times_s: NDArray[np.float64]
) -> None:
    """Refuse people, seats and times that cannot be."""
    wrong = []
    if (supply < 0).any() or (capacity < 0).any():
        wrong.append(
            Problem(
                found=Message("a negative number of people or seats"),
                expected=Message("whole numbers that are not negative"),
                remedy=Message("mend the table of people or of capacities"),
            )
        )
    if not (times_s >= 0.0).all():
        wrong.append(
            Problem(
                found=Message("a travel time that is negative or not a number"),
                expected=Message("seconds that are not negative"),
                remedy=Message("leave out pairs that have no way"),
            )
        )
    raise_problems((InputError, problem) for problem in wrong)


def _bound(
    problem: Pairs,
    times_s: NDArray[np.float64],
    price_s: NDArray[np.float64],
    aside: NDArray[np.int64],
) -> float:
    """Return a time that no answer with as many served of each level beats (LP duality).

    Let everybody pay the price of the seat taken. Then capacities may be forgotten: the people who
    pay least are served, and what the seats bring in is taken off.
    """
    pays = np.full(problem.supply.size, np.inf)
    first = row_starts(problem.row)
    if first.size:
        pays[problem.row[first]] = np.minimum.reduceat(times_s + price_s[problem.column], first)
    served = add_up(problem.level, problem.supply - aside, problem.n_levels)
    order = np.lexsort((pays, problem.level))
    level, supply = problem.level[order], problem.supply[order]
    ahead = np.cumsum(supply) - supply
    ahead -= ahead[np.searchsorted(level, np.arange(problem.n_levels))][level]
    taken = np.clip(served[level] - ahead, 0, supply)
    paid = np.where(taken > 0, pays[order], 0.0)
    return float(taken @ paid - problem.capacity @ price_s)
