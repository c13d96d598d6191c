"""Shortest ways on arrays: from every node to the nearest of some places, as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Arcs:
    """Directed arcs of a network.

    Parameters
    ----------
    tail, head
        Node an arc leaves and node it reaches, in the direction of travel.
    cost
        What decides the way; not negative; infinite where there is no way.
    n_nodes
        Count of nodes.
    """

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    cost: NDArray[np.float64]
    n_nodes: int


@dataclass(frozen=True)
class WayTree:
    """From every node, the cheapest way to the nearest target.

    Parameters
    ----------
    cost
        Cost of the way; infinite where there is none.
    next_node
        Next node on the way; -1 at targets and where there is no way.
    next_arc
        Arc to it; -1 likewise.
    target
        The target reached; -1 where there is no way.
    """

    cost: NDArray[np.float64]
    next_node: NDArray[np.int64]
    next_arc: NDArray[np.int64]
    target: NDArray[np.int64]

    def along(self, *arc_values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Sum values of arcs (metres, seconds, ...) along the way of every node.

        Returns
        -------
        list of ndarray
            One array per argument, shape (n_nodes,); 0 where there is no way.
        """
        moving = self.next_node >= 0
        ahead = np.where(moving, self.next_node, np.arange(self.next_node.size))
        sums = [np.zeros(moving.size) for _ in arc_values]
        for total, values in zip(sums, arc_values, strict=True):
            total[moving] = values[self.next_arc[moving]]
        # Pointer jumping: after k rounds every sum covers 2^k arcs.
        while True:
            further = ahead[ahead]
            for total in sums:
                total += total[ahead]  # noqa: PLW2901 - the array is changed in place
            if np.array_equal(further, ahead):
                return sums
            ahead = further


def nearest_targets(arcs: Arcs, targets: NDArray[np.int64]) -> WayTree:
    """Find the cheapest way from every node to the nearest target (Dijkstra from all targets).

    Of parallel arcs the cheapest counts; SciPy would add them up.

    Parameters
    ----------
    arcs
        The network.
    targets
        Nodes to be reached.
    """
    usable = np.flatnonzero(np.isfinite(arcs.cost) & (arcs.tail != arcs.head))
    tail, head, cost = arcs.tail[usable], arcs.head[usable], arcs.cost[usable]
    # Rows are heads: the search runs from the targets against the direction of travel.
    order = np.lexsort((cost, tail, head))
    pair = head[order] * arcs.n_nodes + tail[order]
    first = order[np.append(True, pair[1:] != pair[:-1])] if order.size else order
    counts = np.bincount(head[first], minlength=arcs.n_nodes)
    matrix = sparse.csr_array(
        (
            cost[first],
            tail[first].astype(np.int32),
            np.append(0, np.cumsum(counts)).astype(np.int32),
        ),
        shape=(arcs.n_nodes, arcs.n_nodes),
    )
    if targets.size == 0:
        nowhere = np.full(arcs.n_nodes, -1)
        return WayTree(np.full(arcs.n_nodes, np.inf), nowhere, nowhere, nowhere)
    distance, before, source = dijkstra(
        matrix, directed=True, indices=np.unique(targets), min_only=True, return_predecessors=True
    )
    next_node = np.where(before < 0, -1, before).astype(np.int64)
    target = np.where(np.isfinite(distance), source, -1).astype(np.int64)
    target[targets] = targets
    moving = np.flatnonzero(next_node >= 0)
    kept = head[first] * arcs.n_nodes + tail[first]
    at = np.searchsorted(kept, next_node[moving] * arcs.n_nodes + moving)
    next_arc = np.full(arcs.n_nodes, -1)
    next_arc[moving] = usable[first[at]]
    return WayTree(distance, next_node, next_arc, target)
