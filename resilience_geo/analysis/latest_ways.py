"""The latest moment at which one may be anywhere and still get away, on arrays.

Arcs close for good, and one is slower on them as time goes on. The speed belongs to the moment,
not to the departure: who is on an arc when the water comes slows down there. So nobody overtakes
by leaving later (first in, first out), and the latest moments can be settled once each, from the
latest to the earliest, as Dijkstra's algorithm settles distances. Speeds that are constant in
each of several intervals: Sung, Bell, Seong and Park 2000 (European Journal of Operational
Research 121), and Constantinou et al. 2014 (arXiv 1408.4113) with Dijkstra's algorithm.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.flows.ways import Arcs, nearest_targets, search_graph

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class TimedArcs:
    """Directed arcs that close, walked at a speed that changes with time.

    Parameters
    ----------
    tail, head
        Node an arc leaves and node it reaches.
    seconds
        Time to walk the whole arc at the speed of each phase (s), shape (n_phases, n_arcs);
        infinite where there is no way.
    closes_s
        Moment by which the arc must have been left (s after the warning); infinite: never closes;
        minus infinite: never open.
    phase_ends_s
        Moments at which all phases but the last end (s), rising, shape (n_phases - 1,).
    n_nodes
        Count of nodes.
    """

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    seconds: NDArray[np.float64]
    closes_s: NDArray[np.float64]
    phase_ends_s: NDArray[np.float64]
    n_nodes: int


@dataclass(frozen=True)
class LatestTree:
    """Per node, the latest moment at which one may be there, and the way on.

    Parameters
    ----------
    latest_s
        Latest moment (s after the warning), 0 or more; infinite where a way stays open as far as
        is known, minus infinite where there is none.
    to_go_s
        Where the way stays open: how long it takes at the last speeds (s); else NaN.
    next_node, next_arc, target
        Next node and arc on the way, and the target it leads to; -1 where there is none.
    """

    latest_s: NDArray[np.float64]
    to_go_s: NDArray[np.float64]
    next_node: NDArray[np.int64]
    next_arc: NDArray[np.int64]
    target: NDArray[np.int64]


def latest_entry_s(
    exit_s: NDArray[np.float64], seconds: NDArray[np.float64], phase_ends_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the latest moments at which arcs may be entered so as to be left by given moments.

    Parameters
    ----------
    exit_s
        Moment by which each arc must be left (s); may be infinite either way.
    seconds
        Time to walk each arc at the speed of each phase (s), shape (n_phases, n_arcs).
    phase_ends_s
        Ends of all phases but the last (s).

    Examples
    --------
    An arc takes 60 s, and 120 s after the moment 100. To leave it at 140, 40 s of slow walking
    cover a third of it, and the other two thirds take 40 s before: it is entered at 60.

    >>> latest_entry_s(np.array([140.0]), np.array([[60.0], [120.0]]), np.array([100.0]))
    array([60.])
    """
    moment = np.array(exit_s, dtype=np.float64)
    left = np.ones(moment.size)
    begins = np.append(-np.inf, phase_ends_s)
    with np.errstate(invalid="ignore", divide="ignore"):
        for phase in range(seconds.shape[0] - 1, -1, -1):
            begin = begins[phase]
            walking = (left > 0.0) & (moment > begin)
            needed = left * seconds[phase]
            through = walking & (moment - needed >= begin)
            cut = walking & ~through
            left = np.where(cut, left - (moment - begin) / seconds[phase], left)
            moment = np.where(through, moment - needed, np.where(cut, begin, moment))
            left[through] = 0.0
    moment[~np.isfinite(seconds).any(axis=0)] = -np.inf
    return moment


def arrival_s(
    entry_s: NDArray[np.float64], seconds: NDArray[np.float64], phase_ends_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the moments at which arcs are left that are entered at given moments.

    Parameters
    ----------
    entry_s
        Moment at which each arc is entered (s), finite.
    seconds, phase_ends_s
        As for `latest_entry_s`.

    Examples
    --------
    >>> arrival_s(np.array([60.0]), np.array([[60.0], [120.0]]), np.array([100.0]))
    array([140.])
    """
    moment = np.array(entry_s, dtype=np.float64)
    left = np.ones(moment.size)
    ends = np.append(phase_ends_s, np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        for phase, end in enumerate(ends):
            walking = (left > 0.0) & (moment < end)
            needed = left * seconds[phase]
            through = walking & (moment + needed <= end)
            cut = walking & ~through
            left = np.where(cut, left - (end - moment) / seconds[phase], left)
            moment = np.where(through, moment + needed, np.where(cut, end, moment))
            left[through] = 0.0
    return moment


def latest_tree(arcs: TimedArcs, targets: NDArray[np.int64]) -> LatestTree:
    """Find the latest moment at which one may be at each node and still reach some target.

    One may be at the tail of an arc as late as lets one leave the arc before it closes, and be at
    its head in time: L(tail) = max over arcs of entry(min(L(head), closes)). At a target it is
    never too late. Of ways that can be left equally late, that is taken which from every node on
    can be left latest; where ways stay open, the fastest at the last speeds.

    Parameters
    ----------
    arcs
        The network.
    targets
        Nodes to be reached.

    Returns
    -------
    LatestTree
        The same for the same arcs in the same order.
    """
    lasting = np.where(np.isinf(arcs.closes_s) & (arcs.closes_s > 0), arcs.seconds[-1], np.inf)
    tree = nearest_targets(search_graph(Arcs(arcs.tail, arcs.head, lasting, arcs.n_nodes)), targets)
    open_ended = np.isfinite(tree.cost)
    latest = np.where(open_ended, np.inf, -np.inf)
    next_arc = np.where(open_ended, tree.next_arc, -1)
    order = _settle(arcs, latest, next_arc)
    next_node = np.where(next_arc >= 0, arcs.head[next_arc], -1)
    target = np.where(open_ended, tree.target, -1)
    # A node is settled after the one its way goes on to.
    for node in order:
        target[node] = target[next_node[node]]
    return LatestTree(latest, np.where(open_ended, tree.cost, np.nan), next_node, next_arc, target)


def _settle(
    arcs: TimedArcs, latest_s: NDArray[np.float64], next_arc: NDArray[np.int64]
) -> list[int]:
    """Settle the nodes whose ways close, from the latest to the earliest, in place.

    Parameters
    ----------
    arcs
        The network.
    latest_s, next_arc
        Infinite and known where a way stays open; filled for the other nodes.

    Returns
    -------
    list of int
        Nodes that were settled, in that order.
    """
    useful = np.isfinite(arcs.seconds).any(axis=0) & (arcs.closes_s >= 0.0)
    useful &= ~np.isposinf(latest_s[arcs.tail]) & (arcs.tail != arcs.head)
    arc_number = np.flatnonzero(useful)
    arc_number = arc_number[np.argsort(arcs.head[arc_number], kind="stable")]
    first = np.searchsorted(arcs.head[arc_number], np.arange(arcs.n_nodes + 1)).tolist()
    tails, closes = arcs.tail[arc_number].tolist(), arcs.closes_s[arc_number].tolist()
    seconds = arcs.seconds[:, arc_number].T.tolist()
    ends = arcs.phase_ends_s.tolist()
    begins = [-np.inf, *ends]
    latest = latest_s.tolist()
    arc_on = next_arc.tolist()
    settled = np.isposinf(latest_s).tolist()
    done: list[int] = []
    lasting_head = np.isposinf(latest_s[arcs.head[arc_number]])
    # Arcs into what stays open come first; the moments of all of them are found at once.
    at_once = np.flatnonzero(lasting_head)
    entries = latest_entry_s(
        arcs.closes_s[arc_number[at_once]], arcs.seconds[:, arc_number[at_once]], arcs.phase_ends_s
    ).tolist()
    for place, entry in zip(at_once.tolist(), entries, strict=True):
        if entry >= 0.0 and entry > latest[tails[place]]:
            latest[tails[place]], arc_on[tails[place]] = entry, place
    queue = [
        (-moment, node) for node, moment in enumerate(latest) if moment >= 0.0 and not settled[node]
    ]
    heapify(queue)
    while queue:
        _, node = heappop(queue)
        if settled[node]:
            continue
        settled[node] = True
        done.append(node)
        for place in range(first[node], first[node + 1]):
            tail = tails[place]
            if settled[tail]:
                continue
            moment = min(latest[node], closes[place])
            if moment <= latest[tail]:
                continue
            # The scalar twin of latest_entry_s.
            left, phase = 1.0, bisect_left(ends, moment)
            while moment - left * seconds[place][phase] < begins[phase]:
                left -= (moment - begins[phase]) / seconds[place][phase]
                moment = begins[phase]
                phase -= 1
            moment -= left * seconds[place][phase]
            if moment >= 0.0 and moment > latest[tail]:
                latest[tail], arc_on[tail] = moment, place
                heappush(queue, (-moment, tail))
    latest_s[:] = latest
    chosen = np.array(done, dtype=np.int64)
    next_arc[chosen] = arc_number[np.array(arc_on, dtype=np.int64)[chosen]]
    return done
