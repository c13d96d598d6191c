"""Ways from every point to every shelter within the time limit, measured but not yet drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from resilience_geo.analysis.entries import entries_of
from resilience_geo.analysis.evacuation_network import travel_at
from resilience_geo.analysis.walks import best_per_point
from resilience_geo.flows.ways import nearest_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network, Travel
    from resilience_geo.analysis.walks import Walks

# Trees of so many shelters are held at once.
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
    fast = travel_at(network, departure, weighed=False, assisted=assisted)
    drier = fast
    if departure == "early":
        drier = travel_at(network, departure, assisted=assisted)
    shelters = np.unique(network.accesses[fast.key].shelter)
    shelters = shelters[usable[shelters]]
    entries = entries_of(network, fast, points, leads_on(network, fast, shelters))
    has_way = np.zeros(points.size, dtype=bool)
    has_way[entries.point] = True
    found = list(_pairs_by_shelter(network, (drier, fast), entries, shelters, limit_s))
    point = np.concatenate([pair[0] for pair in found] or [np.empty(0, dtype=np.int64)])
    shelter = np.repeat(shelters, [pair[0].size for pair in found])
    order = sorted_order(point, shelter, (points.size, network.n_shelters))
    fastest = _joined([pair[1] for pair in found]).rows(order)
    preferred = _joined([pair[2] for pair in found]).rows(order)
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
    """Say from which stretches some of these shelters (positions) are reached."""
    stretches = network.stretches
    tree = nearest_targets(travel.graph, stretches.n_nodes + shelters)
    reached = np.isfinite(tree.cost)
    forward_s, backward_s, _ = travel.times
    onward: NDArray[np.bool_] = (np.isfinite(backward_s) & reached[stretches.start]) | (
        np.isfinite(forward_s) & reached[stretches.end]
    )
    return onward & travel.allowed


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


def _pairs_by_shelter(
    network: Network,
    travels: tuple[Travel, Travel],
    entries: Walks,
    shelters: NDArray[np.int64],
    limit_s: float,
) -> Iterator[tuple[NDArray[np.int64], Choice, Choice]]:
    """Yield, shelter by shelter, the points within the limit and how their ways begin."""
    drier, fast = travels
    stretches = network.stretches
    targets = stretches.n_nodes + shelters
    start, end = stretches.start[entries.stretch], stretches.end[entries.stretch]
    heaviest = float(drier.times[2].max(initial=1.0))
    for begin in range(0, targets.size, _AT_ONCE):
        some = targets[begin : begin + _AT_ONCE]
        seconds = dijkstra(fast.graph.matrix, indices=some, limit=limit_s)
        if drier is not fast:
            # A way within the limit weighs at most so many times the limit.
            costs, before = dijkstra(
                drier.graph.matrix,
                indices=some,
                limit=limit_s * heaviest,
                return_predecessors=True,
            )
        for row in range(some.size):
            near = np.isfinite(seconds[row])
            rows = np.flatnonzero(near[start] | near[end])
            quick = _beginnings(network, fast, entries.rows(rows), seconds[row], seconds[row])
            best = np.flatnonzero(quick.seconds <= limit_s)
            best = best[_first_of_each(entries.point[rows[best]], quick.seconds[best])]
            point = entries.point[rows[best]]
            fastest = Choice(rows[quick.entry[best]], quick.toward_end[best], quick.seconds[best])
            if drier is fast:
                yield point, fastest, fastest
                continue
            real = _seconds_along(drier, near, before[row], some[row])
            weighed = _beginnings(network, drier, entries.rows(rows), costs[row], real)
            preferred = _preferred(weighed, rows, entries, point)
            yield point, fastest, preferred


def _first_of_each(point: NDArray[np.int64], cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the row of least cost of each point; points rise, and few have several rows."""
    if (point[1:] > point[:-1]).all():
        return np.arange(point.size)
    return best_per_point(point, cost, np.arange(point.size))


@dataclass(frozen=True)
class _Beginnings(Choice):
    """Ways of entries to one shelter, with the cost by which an end was chosen."""

    cost: NDArray[np.float64]


def _beginnings(
    network: Network,
    travel: Travel,
    entries: Walks,
    node_cost: NDArray[np.float64],
    node_seconds: NDArray[np.float64],
) -> _Beginnings:
    """Choose the better end of each entry's stretch."""
    stretches = network.stretches
    stretch, share = entries.stretch, entries.share
    forward_s, backward_s, weight = travel.times
    with np.errstate(invalid="ignore"):
        to_start = np.where(share > 0.0, backward_s[stretch] * share, 0.0)
        to_end = np.where(share < 1.0, forward_s[stretch] * (1.0 - share), 0.0)
    start, end = stretches.start[stretch], stretches.end[stretch]
    by_start = to_start * weight[stretch] + node_cost[start]
    by_end = to_end * weight[stretch] + node_cost[end]
    toward_end = by_end < by_start
    walk_s = entries.distance_m / network.assumptions.walking_speed_mps
    return _Beginnings(
        entry=np.arange(stretch.size),
        toward_end=toward_end,
        seconds=walk_s
        + np.where(toward_end, to_end + node_seconds[end], to_start + node_seconds[start]),
        cost=walk_s + np.where(toward_end, by_end, by_start),
    )


def _preferred(
    weighed: _Beginnings,
    rows: NDArray[np.int64],
    entries: Walks,
    point: NDArray[np.int64],
) -> Choice:
    """Return the way of least weighed cost of each of some points; they are sorted."""
    best = _first_of_each(entries.point[rows], weighed.cost)
    at = np.searchsorted(entries.point[rows[best]], point)
    best = best[at]
    return Choice(rows[best], weighed.toward_end[best], weighed.seconds[best])


def _seconds_along(
    travel: Travel, near: NDArray[np.bool_], before: NDArray[np.int32], target: int
) -> NDArray[np.float64]:
    """Return the real time of weighed ways to one shelter (s) from the nodes near it.

    A way that leaves the nodes from which the fastest way is within the limit is over it.
    """
    nodes = np.flatnonzero(near)
    place = np.full(near.size, -1)
    place[nodes] = np.arange(nodes.size)
    ahead_node = before[nodes].astype(np.int64)
    moving = ahead_node >= 0
    total = np.full(nodes.size, np.inf)
    total[place[target]] = 0.0
    total[moving] = travel.arc_values[0][travel.graph.arcs(nodes[moving], ahead_node[moving])]
    ahead = np.where(moving, place[np.maximum(ahead_node, 0)], np.arange(nodes.size))
    outside = ahead < 0
    total[outside] = np.inf
    ahead[outside] = np.flatnonzero(outside)
    while True:
        further = ahead[ahead]
        again = ahead != np.arange(nodes.size)
        total[again] += total[ahead[again]]
        if np.array_equal(further, ahead):
            break
        ahead = further
    seconds = np.full(near.size, np.inf)
    seconds[nodes] = total
    return seconds
