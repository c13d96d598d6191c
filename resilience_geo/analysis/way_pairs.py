"""Ways from every point to every shelter within the time limit, measured but not yet drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from resilience_geo.analysis.entries import entries_of
from resilience_geo.analysis.remembered import remembered
from resilience_geo.analysis.shelter_trees import (
    Beside,
    NearTrees,
    beside,
    near_trees,
    travel_of,
    weighed_near_trees,
    within_reach,
)
from resilience_geo.analysis.walks import best_per_point
from resilience_geo.flows.ways import nearest_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network, Travel
    from resilience_geo.analysis.walks import Walks

# So many shelters are looked at side by side.
_AT_ONCE = 64


@dataclass(frozen=True)
class Choice:
    """By which of its entries, and which end of the stretch, a pair's way begins.

    Parameters
    ----------
    entry
        Row in `WayPairs.entries`.
    toward_end
        Whether the way leads toward the end of that stretch.
    seconds
        Travel time from door to door (s).
    """

    entry: NDArray[np.int64]
    toward_end: NDArray[np.bool_]
    seconds: NDArray[np.float64]

    def rows(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> Choice:
        """Keep some rows."""
        return Choice(self.entry[chosen], self.toward_end[chosen], self.seconds[chosen])


@dataclass(frozen=True)
class WayPairs:
    """Pairs of a point and a shelter that a way within the time limit joins.

    Parameters
    ----------
    point, shelter
        Positions, sorted by point and shelter.
    fastest
        The fastest way of each pair.
    preferred
        The way that is taken if it is within the limit: early the one that avoids hazard, late the
        fastest.
    entries
        Where each point may enter the roads.
    has_way
        Whether a point has a way to any usable shelter, however far.
    travels
        The network of the preferred and of the fastest ways.
    """

    point: NDArray[np.int64]
    shelter: NDArray[np.int64]
    fastest: Choice
    preferred: Choice
    entries: Walks
    has_way: NDArray[np.bool_]
    travels: tuple[Travel, Travel]

    def quickest_s(self) -> NDArray[np.float64]:
        """Return the time of each point's fastest way to any usable shelter; infinite: none."""
        seconds = np.full(self.has_way.size, np.inf)
        np.minimum.at(seconds, self.point, self.fastest.seconds)
        return seconds

    def reach(self, network: Network, shelters: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Say which points have a way to some of certain shelters, however far."""
        fast = self.travels[1]
        entries = self.entries
        leading_on = leads_on(network, fast, np.flatnonzero(shelters))
        found = np.zeros(self.has_way.size, dtype=bool)
        found[entries.point[leading_on[entries.stretch]]] = True
        return found


def find_pairs(
    network: Network,
    departure: str,
    points: NDArray[np.object_],
    usable: NDArray[np.bool_],
    *,
    limit_s: float,
    assisted: bool = False,
) -> WayPairs:
    """Find the ways of all points to all usable shelters within a time limit.

    Parameters
    ----------
    network
        From `build_network`.
    departure
        `early` or `late`.
    points
        Where people are, in the metric CRS of the roads.
    usable
        Whether each shelter may be used.
    limit_s
        Longest travel time (s) at everyone's walking speed.
    assisted
        Whether people walk who need assistance and wade less deep.
    """
    fast = travel_of(network, departure, weighed=False, assisted=assisted)
    drier = fast
    if departure == "early":
        drier = travel_of(network, departure, assisted=assisted)
    shelters = np.unique(network.accesses[fast.key].shelter)
    shelters = shelters[usable[shelters]]
    entries = entries_of(network, fast, points, leads_on(network, fast, shelters))
    has_way = np.zeros(points.size, dtype=bool)
    has_way[entries.point] = True
    found = list(_pairs_of_shelters(network, (drier, fast), entries, shelters, limit_s))
    nothing = np.empty(0, dtype=np.int64)
    point = np.concatenate([nothing, *(pair[0] for pair in found)])
    shelter = np.concatenate([nothing, *(pair[1] for pair in found)])
    order = sorted_order(point, shelter, (points.size, network.n_shelters))
    fastest = _joined([pair[2] for pair in found]).rows(order)
    preferred = _joined([pair[3] for pair in found]).rows(order)
    return WayPairs(
        point=point[order],
        shelter=shelter[order],
        fastest=fastest,
        preferred=preferred,
        entries=entries,
        has_way=has_way,
        travels=(drier, fast),
    )


def leads_on(network: Network, travel: Travel, shelters: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say from which stretches some of these shelters (positions) are reached.

    Kept for the network as it is travelled: the answer does not depend on who asks.
    """
    return remembered(
        travel, "leads on", shelters.tobytes(), lambda: _leads_on(network, travel, shelters)
    )


def _leads_on(network: Network, travel: Travel, shelters: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Search from these shelters, however far."""
    stretches = network.stretches
    tree = nearest_targets(travel.graph, stretches.n_nodes + shelters)
    reached = np.isfinite(tree.cost)
    forward_s, backward_s, _ = travel.times
    onward: NDArray[np.bool_] = (np.isfinite(backward_s) & reached[stretches.start]) | (
        np.isfinite(forward_s) & reached[stretches.end]
    )
    onward &= travel.allowed
    onward.setflags(write=False)
    return onward


def sorted_order(
    row: NDArray[np.int64], column: NDArray[np.int64], shape: tuple[int, int]
) -> NDArray[np.int64]:
    """Return the order that sorts distinct pairs by row and column, in linear time.

    Millions of pairs are sorted; turning a sparse matrix over twice is several times faster than a
    sort by two keys.
    """
    numbers = sparse.coo_array((np.arange(row.size), (row, column)), shape=shape)
    order: NDArray[np.int64] = numbers.tocsc().tocsr().data
    return order


def _joined(choices: list[Choice]) -> Choice:
    """Put choices under one another."""
    nothing = np.empty(0, dtype=np.int64)
    return Choice(
        np.concatenate([nothing, *(choice.entry for choice in choices)]),
        np.concatenate([nothing.astype(bool), *(choice.toward_end for choice in choices)]),
        np.concatenate([nothing.astype(float), *(choice.seconds for choice in choices)]),
    )


def _pairs_of_shelters(
    network: Network,
    travels: tuple[Travel, Travel],
    entries: Walks,
    shelters: NDArray[np.int64],
    limit_s: float,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], Choice, Choice]]:
    """Yield points and shelters within the limit and how the ways begin, some shelters at a time.

    The pairs are sorted by shelter and point.
    """
    drier, fast = travels
    stretches = network.stretches
    start, end = stretches.start[entries.stretch], stretches.end[entries.stretch]
    n_nodes = stretches.n_nodes + network.n_shelters
    ends = np.concatenate([start, end])
    entries_at = beside(ends, np.tile(np.arange(start.size), 2), n_nodes)
    neighbours = remembered(drier, "neighbours", None, lambda: _neighbours(network, drier))
    targets = within_reach(fast, ends, stretches.n_nodes + shelters, limit_s)
    heaviest = float(drier.times[2].max(initial=1.0))
    n_points = int(entries.point.max(initial=-1)) + 1
    for begin in range(0, targets.size, _AT_ONCE):
        some = targets[begin : begin + _AT_ONCE]
        if drier is fast:
            near, costs = near_trees(fast.graph, some, limit_s), np.empty(0)
        else:
            near, costs = weighed_near_trees(
                (fast.graph, limit_s), (drier.graph, heaviest), some, neighbours
            )
        tree, row = _entries_near(near, entries_at, (some.size, entries.point.size))
        group = tree * n_points + entries.point[row]
        cells = _cells_of_ends(near, n_nodes, tree, start[row], end[row])
        quick = _beginnings(network, fast, entries.rows(row), cells, near.cost, near.cost)
        best = np.flatnonzero(quick.seconds <= limit_s)
        best = best[_first_of_each(group[best], quick.seconds[best])]
        point, shelter = entries.point[row[best]], some[tree[best]] - stretches.n_nodes
        fastest = Choice(row[best], quick.toward_end[best], quick.seconds[best])
        preferred = fastest
        if drier is not fast:
            real_s = _seconds_along(drier, near)
            weighed = _beginnings(network, drier, entries.rows(row), cells, costs, real_s)
            # All that are within the limit are among those near, so that the groups are found.
            first = _first_of_each(group, weighed.cost)
            first = first[np.searchsorted(group[first], group[best])]
            preferred = Choice(row[first], weighed.toward_end[first], weighed.seconds[first])
        yield point, shelter, fastest, preferred


def _neighbours(network: Network, travel: Travel) -> Beside:
    """Return the other ends of the open stretches at each node."""
    stretches = network.stretches
    start, end = stretches.start[travel.allowed], stretches.end[travel.allowed]
    one, other = np.concatenate([start, end]), np.concatenate([end, start])
    return beside(one, other, stretches.n_nodes + network.n_shelters)


def _entries_near(
    near: NearTrees, entries_at: Beside, shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return tree and row of the entries at nodes near each target, sorted by these."""
    inside = np.isfinite(near.cost)
    entry, count = entries_at.at(near.node[inside])
    found = np.zeros(shape, dtype=bool)
    found[np.repeat(near.tree[inside], count), entry] = True
    tree, row = np.divmod(np.flatnonzero(found), max(shape[1], 1))
    return tree, row


def _cells_of_ends(
    near: NearTrees,
    n_nodes: int,
    tree: NDArray[np.int64],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the cell of both ends of entered stretches; -1 where an end is not near."""
    cell = np.full((int(tree.max(initial=-1)) + 1) * n_nodes, -1, dtype=np.int32)
    inside = near.tree * n_nodes + near.node
    inside = inside[: np.searchsorted(inside, cell.size)]
    cell[inside] = np.arange(inside.size)
    return (
        cell[tree * n_nodes + start].astype(np.int64),
        cell[tree * n_nodes + end].astype(np.int64),
    )


def _first_of_each(group: NDArray[np.int64], cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the row of least cost of each group; groups rise, and few have several rows."""
    again = group[1:] == group[:-1]
    if not again.any():
        return np.arange(group.size)
    several = np.append(again, False) | np.append(False, again)
    some = np.flatnonzero(several)
    best = best_per_point(group[some], cost[some], some)
    single = ~several
    single[some[best]] = True
    return np.flatnonzero(single)


@dataclass(frozen=True)
class _Beginnings(Choice):
    """Ways of entries to one shelter, with the cost by which an end was chosen."""

    cost: NDArray[np.float64]


def _beginnings(
    network: Network,
    travel: Travel,
    entries: Walks,
    cells: tuple[NDArray[np.int64], NDArray[np.int64]],
    cell_cost: NDArray[np.float64],
    cell_seconds: NDArray[np.float64],
) -> _Beginnings:
    """Choose the better end of each entry's stretch."""
    stretch, share = entries.stretch, entries.share
    forward_s, backward_s, weight = travel.times
    with np.errstate(invalid="ignore"):
        to_start = np.where(share > 0.0, backward_s[stretch] * share, 0.0)
        to_end = np.where(share < 1.0, forward_s[stretch] * (1.0 - share), 0.0)
    # Beyond the last cell there is one for all nodes that are not near: cell -1.
    costs, seconds = np.append(cell_cost, np.inf), np.append(cell_seconds, np.inf)
    start, end = cells
    by_start = to_start * weight[stretch] + costs[start]
    by_end = to_end * weight[stretch] + costs[end]
    toward_end = by_end < by_start
    walk_s = entries.distance_m / network.assumptions.walking_speed_mps
    return _Beginnings(
        entry=np.arange(stretch.size),
        toward_end=toward_end,
        seconds=walk_s + np.where(toward_end, to_end + seconds[end], to_start + seconds[start]),
        cost=walk_s + np.where(toward_end, by_end, by_start),
    )


def _seconds_along(travel: Travel, near: NearTrees) -> NDArray[np.float64]:
    """Return the real time of weighed ways (s) from each cell.

    A way that leaves the nodes from which the fastest way is within the limit is over it.
    """
    here = np.arange(near.node.size)
    outside = (near.ahead < 0) | np.isinf(near.cost)
    ahead = np.where(outside, here, near.ahead)
    moving = ahead != here
    total = np.where(outside, np.inf, 0.0)
    total[moving] = travel.arc_values[0][
        travel.graph.arcs(near.node[moving], near.node[ahead[moving]])
    ]
    while True:
        further = ahead[ahead]
        again = ahead != here
        total[again] += total[ahead[again]]
        if np.array_equal(further, ahead):
            return total
        ahead = further
