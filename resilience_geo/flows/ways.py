"""Shortest ways on arrays: from every node to the nearest of some places, as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
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
class SearchGraph:
    """Arcs in the order a search needs them; made once, searched for any targets.

    Parameters
    ----------
    matrix
        Costs; rows are heads and columns tails, because the search runs from the targets against
        the direction of travel.
    pair
        Row-major place of every stored arc, rising.
    arc
        Number of every stored arc in `Arcs`.
    """

    matrix: sparse.csr_array
    pair: NDArray[np.int64]
    arc: NDArray[np.int64]

    def arcs(self, tail: NDArray[np.int64], head: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the cheapest arc from each tail to each head; it must exist."""
        found: NDArray[np.int64] = self.arc[
            np.searchsorted(self.pair, head * self.matrix.shape[0] + tail)
        ]
        return found


@dataclass(frozen=True)
class WayTree:
    """From every node, the cheapest way to the nearest target.

    Parameters
    ----------
    cost
        Cost of the way; infinite where there is none.
    graph
        What was searched.
    before, source
        What SciPy found: the node from which each node was reached, and the target it belongs to;
        below 0 where there is none.
    """

    cost: NDArray[np.float64]
    graph: SearchGraph
    before: NDArray[np.int32]
    source: NDArray[np.int32]

    @cached_property
    def next_node(self) -> NDArray[np.int64]:
        """Next node on the way; -1 at targets and where there is no way."""
        return np.maximum(self.before, -1).astype(np.int64)

    @cached_property
    def target(self) -> NDArray[np.int64]:
        """The target reached; -1 where there is no way."""
        return np.maximum(self.source, -1).astype(np.int64)

    @cached_property
    def next_arc(self) -> NDArray[np.int64]:
        """Arc to the next node; -1 at targets and where there is no way."""
        moving = np.flatnonzero(self.next_node >= 0)
        arcs = np.full(self.next_node.size, -1)
        arcs[moving] = self.graph.arcs(moving, self.next_node[moving])
        return arcs

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


def search_graph(arcs: Arcs) -> SearchGraph:
    """Put arcs in order for searching. Of parallel arcs the cheapest counts (SciPy adds them up).

    Parameters
    ----------
    arcs
        The network; arcs of infinite cost and loops are left out.
    """
    usable = np.flatnonzero(np.isfinite(arcs.cost) & (arcs.tail != arcs.head))
    head, cost = arcs.head[usable], arcs.cost[usable]
    pair = head * arcs.n_nodes + arcs.tail[usable]
    order = np.lexsort((cost, pair))
    pair = pair[order]
    first = np.append(True, pair[1:] != pair[:-1])[: pair.size]
    order, pair = order[first], pair[first]
    counts = np.bincount(head[order], minlength=arcs.n_nodes)
    matrix = sparse.csr_array(
        (
            cost[order],
            arcs.tail[usable][order].astype(np.int32),
            np.append(0, np.cumsum(counts)).astype(np.int32),
        ),
        shape=(arcs.n_nodes, arcs.n_nodes),
    )
    return SearchGraph(matrix, pair, usable[order])


def nearest_targets(graph: SearchGraph, targets: NDArray[np.int64]) -> WayTree:
    """Find the cheapest way from every node to the nearest target (Dijkstra from all targets).

    Parameters
    ----------
    graph
        From `search_graph`.
    targets
        Nodes to be reached.
    """
    size = graph.matrix.shape[0]
    if targets.size == 0:
        nowhere = np.full(size, -1, dtype=np.int32)
        return WayTree(np.full(size, np.inf), graph, nowhere, nowhere)
    cost, before, source = dijkstra(
        graph.matrix,
        directed=True,
        indices=np.unique(targets),
        min_only=True,
        return_predecessors=True,
    )
    return WayTree(cost, graph, before, source)
