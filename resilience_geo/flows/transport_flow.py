"""Solve the transport problem on few pairs, and prove that the others do not matter.

1. **How many.** A maximum flow says how many can be served at all. The sets of people that can be
   served together form a matroid (a gammoid), so serving the most urgent first costs nobody a seat
   in total, and one number of served people per priority says all.
2. **Where to.** Who is not served goes to one more column, "unserved", of cost 0 and of known size.
   That leaves a transport problem in which everybody has a place, and a minimum-cost flow solves
   it with no penalty.
3. **Proof.** From that flow follow prices of seats (LP duality: shortest paths between the columns
   in the residual graph). A pair left out can only help where its time and the price of its
   seat are together below what the row pays now. Such pairs are added and step 2 is repeated; when
   there are none, the answer is the optimum over all eligible pairs. The same holds for step 1,
   with the minimum cut in the place of prices.

The pairs to begin with are those that look best at the prices of a smaller problem, made of every
eighth row. See R. K. Ahuja, T. L. Magnanti, J. B. Orlin, *Network Flows* (Prentice Hall, 1993), for
maximum flows and cuts, minimum-cost flows, and their optimality by reduced costs.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Up to this many pairs are solved at once; beyond, prices of a smaller problem pick the first ones.
_PAIRS_AT_ONCE = 60_000
_ROWS_PER_SAMPLED_ROW = 8
# Pairs a row begins with, on average, and how many a row may be given in one round.
_FIRST_PAIRS_PER_ROW = 1.6
_NEW_PAIRS_PER_ROW = 4
# Times become whole numbers of at most 2^32 steps, fewer where the flow would overflow.
_COST_BITS = 32
# More than any cost; twice of it does not fit.
_FAR = np.int64(2**62)


@dataclass(frozen=True)
class Pairs:
    """Rows, columns and eligible pairs, sorted by row and column, each once.

    Costs are whole steps of time. Rows of level 0 are served first, then those of level 1, ...
    Wherever rooms are counted, the seats of the columns come first, then the people of each level
    who stay unserved, as one more column each.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    cost: NDArray[np.int64]
    supply: NDArray[np.int64]
    capacity: NDArray[np.int64]
    level: NDArray[np.int64]
    n_levels: int


@dataclass(frozen=True)
class Flow:
    """Flows on pairs, people set aside per row, prices of all rooms, and how it went."""

    pair: NDArray[np.int64]
    people: NDArray[np.int64]
    aside: NDArray[np.int64]
    price: NDArray[np.int64]
    proven: bool
    rounds: int
    pairs_used: int


def whole_steps(times_s: NDArray[np.float64], n_nodes: int) -> float:
    """Return the step to which times are rounded (s): a power of 2, so that halves stay exact.

    The flow multiplies costs by the number of nodes and adds them up along ways, in 64 bits.
    """
    longest_s = float(times_s.max(initial=0.0))
    bits = min(_COST_BITS, 52 - math.ceil(math.log2(n_nodes + 4)))
    return 2.0 ** (math.frexp(longest_s)[1] - bits) if longest_s > 0.0 else 1.0


def solve(problem: Pairs, deadline: float) -> Flow:
    """Solve a problem on pairs that grow until none is missing.

    Parameters
    ----------
    problem
        Rows, columns, pairs; costs small enough as `whole_steps` makes them.
    deadline
        Time (`time.monotonic`, s) after which no further round begins.

    Returns
    -------
    Flow
        The optimum over all pairs where `proven`, else the best known so far.

    Raises
    ------
    OverflowError
        Where costs are too large for the flow; coarser steps will do.
    """
    n_columns, people = problem.capacity.size, problem.supply > 0
    if problem.row.size <= _PAIRS_AT_ONCE or problem.supply.size <= _ROWS_PER_SAMPLED_ROW:
        price = np.append(np.zeros(n_columns, dtype=np.int64), np.full(problem.n_levels, _FAR))
        chosen, may_stay = np.ones(problem.row.size, dtype=bool), people.copy()
    else:
        price = solve(_sample(problem), deadline).price
        chosen, may_stay = _promising(problem, price)
    answer = _most_served(problem, chosen, price, deadline)
    may_stay |= answer.aside > 0
    staying = add_up(problem.level, answer.aside, problem.n_levels)
    room = np.append(problem.capacity, staying)
    may_stay &= staying[problem.level] > 0
    while time.monotonic() < deadline:
        answer = replace(_least_cost(problem, chosen, may_stay, room), rounds=answer.rounds + 1)
        pairs, rows = _missing(problem, chosen, may_stay, answer.price)
        if not pairs.size and not rows.size:
            return answer
        chosen[pairs] = True
        may_stay[rows] = True
    return replace(answer, proven=False)


def _sample(problem: Pairs) -> Pairs:
    """Return the problem of every eighth row, each with as many people as its neighbours."""
    stands = np.arange(problem.supply.size) % _ROWS_PER_SAMPLED_ROW == 0
    stands &= np.bincount(problem.row, minlength=stands.size) > 0
    renumbered = np.cumsum(stands) - 1
    kept = stands[problem.row]
    supply = problem.supply[stands]
    reaching = np.unique(problem.row)
    share = problem.supply[reaching].sum() / max(int(supply.sum()), 1)
    return replace(
        problem,
        row=renumbered[problem.row[kept]],
        column=problem.column[kept],
        cost=problem.cost[kept],
        supply=np.rint(supply * share).astype(np.int64),
        level=problem.level[stands],
    )


def _promising(
    problem: Pairs, price: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return pairs to begin with, and rows that may stay unserved: what costs least too much."""
    paid = problem.cost + price[problem.column]
    stay = price[problem.capacity.size + problem.level]
    level = np.minimum(_least_per_row(problem, np.arange(paid.size), paid), stay)
    excess = paid - level[problem.row]
    count = min(int(_FIRST_PAIRS_PER_ROW * problem.supply.size), excess.size - 1)
    width = np.partition(excess, count)[count]
    return excess <= width, (stay - level <= width) & (problem.supply > 0)


def _most_served(
    problem: Pairs, chosen: NDArray[np.bool_], price: NDArray[np.int64], deadline: float
) -> Flow:
    """Serve the most people of the first level, then of the next, ...; `chosen` grows.

    A maximum flow on the chosen pairs is one on all pairs if none of the others leads across its
    minimum cut.
    """
    at_most = np.zeros(problem.n_levels, dtype=np.int64)
    paid = problem.cost + price[problem.column]
    n_rows = problem.supply.size
    pair = people = np.zeros(0, dtype=np.int64)
    for level in range(problem.n_levels):
        at_most[level] = problem.supply[problem.level == level].sum()
        while True:
            pair = np.flatnonzero(chosen)
            people, near = _maximum_flow(problem, pair, at_most)
            across = near[problem.row] & ~near[n_rows + problem.column] & ~chosen
            missing = np.flatnonzero(across)
            if not missing.size or time.monotonic() >= deadline:
                break
            chosen[_cheapest(problem, missing, paid[missing])] = True
        at_most[level] = people.sum() - at_most[:level].sum()
    if problem.n_levels > 1:
        # As many of each level as it is due leave no choice among the levels.
        people, _ = _maximum_flow(problem, pair, at_most)
    carries = people > 0
    aside = problem.supply - add_up(problem.row[pair], people, n_rows)
    return Flow(pair[carries], people[carries], aside, price, False, 0, int(pair.size))


def _maximum_flow(
    problem: Pairs, pair: NDArray[np.int64], at_most: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the flow on each pair, and which rows and columns lie before the minimum cut."""
    from ortools.graph.python import max_flow  # noqa: PLC0415 - heavy, and only needed here

    n_rows, n_columns = problem.supply.size, problem.capacity.size
    rows, columns = np.arange(n_rows), n_rows + np.arange(n_columns)
    levels = n_rows + n_columns + np.arange(problem.n_levels)
    source, sink = n_rows + n_columns + problem.n_levels + np.arange(2)
    flow = max_flow.SimpleMaxFlow()
    arcs = flow.add_arcs_with_capacity(
        _joined(problem.row[pair], np.full(levels.size, source), levels[problem.level], columns),
        _joined(columns[problem.column[pair]], levels, rows, np.full(n_columns, sink)),
        np.concatenate(
            (problem.supply[problem.row[pair]], at_most, problem.supply, problem.capacity)
        ),
    )
    status = flow.solve(int(source), int(sink))
    if status != flow.OPTIMAL:  # pragma: no cover - a flow of nobody is always there
        message = f"the flow solver ended with {status}"
        raise RuntimeError(message)
    near = np.zeros(sink + 1, dtype=bool)
    near[flow.get_source_side_min_cut()] = True
    return flow.flows(arcs[: pair.size]), near


def _least_cost(
    problem: Pairs,
    chosen: NDArray[np.bool_],
    may_stay: NDArray[np.bool_],
    room: NDArray[np.int64],
) -> Flow:
    """Give everybody a seat or a place among the unserved, at least cost on the chosen pairs."""
    n_rows = problem.supply.size
    pair, stay = np.flatnonzero(chosen), np.flatnonzero(may_stay)
    row = np.append(problem.row[pair], stay)
    into = np.append(problem.column[pair], problem.capacity.size + problem.level[stay])
    cost = np.append(problem.cost[pair], np.zeros(stay.size, dtype=np.int64))
    # Most rows have one choice only, and no part in the search.
    choice = np.bincount(row, minlength=n_rows)[row] > 1
    people = np.where(choice, 0, problem.supply[row])
    left = room - add_up(into, people, room.size)
    people[choice] = _minimum_cost_flow(
        row[choice], into[choice], cost[choice], problem.supply, left
    )
    price = _prices(row[choice], into[choice], cost[choice], people[choice], room.size)
    price[problem.capacity.size :][room[problem.capacity.size :] == 0] = _FAR
    carries = np.flatnonzero(people[: pair.size])
    aside = np.zeros(n_rows, dtype=np.int64)
    aside[stay] = people[pair.size :]
    return Flow(pair[carries], people[carries], aside, price, True, 0, int(pair.size))


def _minimum_cost_flow(
    row: NDArray[np.int64],
    into: NDArray[np.int64],
    cost: NDArray[np.int64],
    supply: NDArray[np.int64],
    room: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the flow of least cost that takes all people of the rows named into the rooms."""
    from ortools.graph.python import min_cost_flow  # noqa: PLC0415 - heavy, and only needed here

    if not row.size:
        return np.zeros(0, dtype=np.int64)
    present, number = np.unique(row, return_inverse=True)
    rooms = present.size + np.arange(room.size)
    sink = present.size + room.size
    flow = min_cost_flow.SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        _joined(number, rooms),
        _joined(rooms[into], np.full(room.size, sink)),
        np.append(supply[row], room),
        np.append(cost, np.zeros(room.size, dtype=np.int64)),
    )
    flow.set_nodes_supplies(
        _joined(np.arange(present.size), [sink]),
        np.append(supply[present], -supply[present].sum()),
    )
    status = flow.solve()
    if status == flow.BAD_COST_RANGE:
        message = "costs too large for 64 bits"
        raise OverflowError(message)
    if status != flow.OPTIMAL:  # pragma: no cover - the rooms hold everybody
        message = f"the flow solver ended with {status}"
        raise RuntimeError(message)
    people: NDArray[np.int64] = flow.flows(arcs[: row.size])
    return people


def _prices(
    row: NDArray[np.int64],
    into: NDArray[np.int64],
    cost: NDArray[np.int64],
    people: NDArray[np.int64],
    n_rooms: int,
) -> NDArray[np.int64]:
    """Return what one more place in each room would save: shortest paths in the residual graph.

    Somebody of a row may leave room s for room t, which costs the difference; who leaves makes
    place for another, and so on. The cheapest chain that ends in a room is minus its price, and
    there is no cycle below zero since the flow is the cheapest. (Bellman-Ford.)
    """
    order = np.argsort(row, kind="stable")
    row, into, cost, people = row[order], into[order], cost[order], people[order]
    leaving = np.flatnonzero(people)
    first = np.searchsorted(row, row[leaving])
    count = np.searchsorted(row, row[leaving], side="right") - first
    before = np.cumsum(count) - count
    other = np.arange(count.sum()) + np.repeat(first - before, count)
    leaving = np.repeat(leaving, count)
    key, gain = into[other] * n_rooms + into[leaving], cost[other] - cost[leaving]
    order = np.lexsort((gain, key))
    order = order[row_starts(key[order])]
    to, out, gain = *np.divmod(key[order], n_rooms), gain[order]
    heads = row_starts(to)
    chain = np.zeros(n_rooms, dtype=np.int64)
    for _ in range(n_rooms if heads.size else 0):
        shorter = np.minimum.reduceat(chain[out] + gain, heads)
        if (shorter >= chain[to[heads]]).all():
            break
        chain[to[heads]] = np.minimum(chain[to[heads]], shorter)
    return -chain


def _missing(
    problem: Pairs,
    chosen: NDArray[np.bool_],
    may_stay: NDArray[np.bool_],
    price: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs, and rows that should be free to stay, that beat what the row pays now."""
    paid = problem.cost + price[problem.column]
    stay = price[problem.capacity.size + problem.level]
    pair = np.flatnonzero(chosen)
    pays = _least_per_row(problem, pair, paid[pair])
    pays = np.where(may_stay, np.minimum(pays, stay), pays)
    better = np.flatnonzero((paid < pays[problem.row]) & ~chosen)
    rows = np.flatnonzero((stay < pays) & ~may_stay & (problem.supply > 0))
    return _cheapest(problem, better, paid[better]), rows


def _cheapest(
    problem: Pairs, pair: NDArray[np.int64], paid: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return those of some pairs that are among the few cheapest of their row."""
    order = np.lexsort((paid, problem.row[pair]))
    row = problem.row[pair[order]]
    rank = np.arange(row.size) - np.searchsorted(row, row)
    return pair[order[rank < _NEW_PAIRS_PER_ROW]]


def _least_per_row(
    problem: Pairs, pair: NDArray[np.int64], values: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the least value of some pairs, in order, of each row; `_FAR` where it has none."""
    least = np.full(problem.supply.size, _FAR)
    first = row_starts(problem.row[pair])
    if first.size:
        least[problem.row[pair[first]]] = np.minimum.reduceat(values, first)
    return least


def row_starts(ordered: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each new value begins in an array in order."""
    return np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: ordered.size])


def add_up(place: NDArray[np.int64], people: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Add up people per place (exact: below 2^53)."""
    return np.bincount(place, people, size).astype(np.int64)


def _joined(*parts: ArrayLike) -> NDArray[np.int32]:
    """Return node numbers in one array, as the flow wants them."""
    return np.concatenate(parts).astype(np.int32)
