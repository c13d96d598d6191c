"""Trees of ways around shelters: only what lies within a limit, for many shelters side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import dijkstra

from resilience_geo.analysis.evacuation_network import travel_at
from resilience_geo.analysis.remembered import remembered

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network, Travel
    from resilience_geo.flows.ways import SearchGraph

# Twice the time limit weighs nearly every way that is within it; few searches are made again.
_MOSTLY_ENOUGH = 2.0
# So many trees of so many nodes at most are kept for a graph: a hundred megabytes at worst.
_TREES = 512
_TREE_NODES = 8_192
# What adding up times in another order may leave over.
_SLACK = 1.0 + 1e-9


@dataclass(frozen=True)
class NearTrees:
    """Trees of several targets, their nodes one after another (cells).

    Parameters
    ----------
    tree
        Position of the tree among the targets, rising.
    node
        Node of each cell, rising within a tree.
    cost
        What decides the way, from there on.
    ahead
        The next cell on the way; a target is its own.
    n_nodes
        Count of nodes of the network.
    """

    tree: NDArray[np.int64]
    node: NDArray[np.int64]
    cost: NDArray[np.float64]
    ahead: NDArray[np.int64]
    n_nodes: int

    def cells(self, tree: NDArray[np.int64], node: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the cell of each node in a tree; -1 where it is beyond the limit."""
        if self.node.size == 0:
            return np.full(node.size, -1)
        known, asked = self.tree * self.n_nodes + self.node, tree * self.n_nodes + node
        cell = np.minimum(np.searchsorted(known, asked), known.size - 1)
        return np.where(known[cell] == asked, cell, -1)


def travel_of(
    network: Network, departure: str, *, weighed: bool = True, assisted: bool = False
) -> Travel:
    """Return what `travel_at` does, made once for a network and handed out again.

    Parameters
    ----------
    network, departure, weighed, assisted
        As for `travel_at`.
    """
    return remembered(
        network,
        "travel",
        (departure, weighed, assisted),
        lambda: travel_at(network, departure, weighed=weighed, assisted=assisted),
        at_most=8,
    )


def near_trees(graph: SearchGraph, targets: NDArray[np.int64], limit: float = np.inf) -> NearTrees:
    """Search the ways from all nodes within a limit of each target.

    Parameters
    ----------
    graph
        From `search_graph`.
    targets
        Nodes to be reached.
    limit
        Greatest cost.
    """
    return _stacked(
        [
            _kept(graph, "near", (target, limit), partial(_near_tree, graph, target, limit))
            for target in targets.tolist()
        ],
        graph.matrix.shape[0],
    )


@dataclass(frozen=True)
class _Tree:
    """What lies around one target: `ahead` is the place among its nodes, -1 beyond them."""

    node: NDArray[np.int32]
    cost: NDArray[np.float64]
    ahead: NDArray[np.int32]
    weighed: NDArray[np.float64] | None = None


def _kept(
    graph: SearchGraph, kind: str, key: tuple[object, ...], make: Callable[[], _Tree]
) -> _Tree:
    """Return a tree searched before, or search it; large ones are not kept."""
    return remembered(
        graph, kind, key, make, at_most=_TREES, fits=lambda tree: tree.node.size <= _TREE_NODES
    )


def _near_tree(graph: SearchGraph, target: int, limit: float) -> _Tree:
    """Search the ways from all nodes within a limit of a target."""
    (cost,), (before,) = dijkstra(
        graph.matrix, indices=np.array([target]), limit=limit, return_predecessors=True
    )
    node = np.flatnonzero(np.isfinite(cost))
    # Whoever is before one within the limit is so too; only the target has none.
    before[target] = target
    place = np.empty(cost.size, dtype=np.int32)
    place[node] = np.arange(node.size, dtype=np.int32)
    return _Tree(node.astype(np.int32), cost[node], place[before[node]])


def _stacked(trees: list[_Tree], n_nodes: int) -> NearTrees:
    """Put trees one after another."""
    size = np.array([tree.node.size for tree in trees], dtype=np.int64)
    tree = np.repeat(np.arange(size.size), size)
    nothing = np.empty(0, dtype=np.int64)
    ahead = np.concatenate([nothing, *(each.ahead for each in trees)])
    return NearTrees(
        tree=tree,
        node=np.concatenate([nothing, *(each.node for each in trees)]),
        cost=np.concatenate([np.empty(0), *(each.cost for each in trees)]),
        ahead=np.where(ahead >= 0, ahead + (np.cumsum(size) - size)[tree], -1),
        n_nodes=n_nodes,
    )


@dataclass(frozen=True)
class Beside:
    """What lies at each node, as rows of a list: `rows[offsets[n] : offsets[n + 1]]` at node n."""

    offsets: NDArray[np.int64]
    rows: NDArray[np.int64]

    def at(self, node: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows at some nodes, node after node, and how many there are at each."""
        count = self.offsets[node + 1] - self.offsets[node]
        shift = self.offsets[node] - (np.cumsum(count) - count)
        place = np.arange(int(count.sum())) + np.repeat(shift, count)
        return self.rows[place], count


def beside(node: NDArray[np.int64], rows: NDArray[np.int64], n_nodes: int) -> Beside:
    """Put rows by the node they lie at."""
    order = np.argsort(node, kind="stable")
    offsets = np.append(0, np.cumsum(np.bincount(node, minlength=n_nodes)))
    return Beside(offsets, rows[order])


def weighed_near_trees(
    near: tuple[SearchGraph, float],
    drier: tuple[SearchGraph, float],
    targets: NDArray[np.int64],
    neighbours: Beside,
) -> tuple[NearTrees, NDArray[np.float64]]:
    """Search the drier ways of all nodes within a limit of each target by the fastest way.

    Parameters
    ----------
    near
        The graph of the fastest ways, and the limit.
    drier
        The graph in which hazard weighs more, and the greatest weight. A way within the limit
        weighs at most so many times the limit.
    targets
        Nodes to be reached.
    neighbours
        The other ends of the stretches at each node; always the same for a graph. They may be
        beyond the limit, but what they cost is asked.

    Returns
    -------
    tuple
        The cells near each target and their neighbours, with the cost of the fastest way (infinite
        beyond the limit), `ahead` on the drier way (-1 where it leaves these cells), and the cost
        of the drier way.
    """
    graph, limit = drier[0], near[1]
    trees = [
        _kept(
            graph,
            "weighed",
            (target, limit),
            partial(_weighed_tree, near, drier, target, neighbours),
        )
        for target in targets.tolist()
    ]
    weighed = [tree.weighed for tree in trees if tree.weighed is not None]
    return _stacked(trees, graph.matrix.shape[0]), np.concatenate([np.empty(0), *weighed])


def _weighed_tree(
    near: tuple[SearchGraph, float],
    drier: tuple[SearchGraph, float],
    target: int,
    neighbours: Beside,
) -> _Tree:
    """Search the drier ways around one target."""
    (fast_graph, limit), (drier_graph, heaviest) = near, drier
    at = np.array([target])
    (cost,) = dijkstra(fast_graph.matrix, indices=at, limit=limit)
    here = np.isfinite(cost)
    here[neighbours.at(np.flatnonzero(here))[0]] = True
    node = np.flatnonzero(here)
    for times in (min(_MOSTLY_ENOUGH, heaviest), heaviest):
        (weighed,), (before,) = dijkstra(
            drier_graph.matrix, indices=at, limit=limit * times, return_predecessors=True
        )
        if np.isfinite(weighed[node]).all():
            break
    place = np.full(cost.size + 1, -1, dtype=np.int32)
    place[node] = np.arange(node.size, dtype=np.int32)
    before[target] = target
    # Nodes without a way are sent to the place behind all nodes, which is none of these.
    ahead = np.where(before[node] >= 0, before[node], cost.size)
    return _Tree(node.astype(np.int32), cost[node], place[ahead], weighed[node])


def within_reach(
    travel: Travel, nodes: NDArray[np.int64], targets: NDArray[np.int64], limit: float
) -> NDArray[np.int64]:
    """Return those of the targets to which a way within the limit leads from any of some nodes.

    One search from all the nodes at once, in the direction of travel, so that the searches from
    the targets need not be made for those that nobody could reach.

    Parameters
    ----------
    travel
        From `travel_at`.
    nodes
        Nodes at which ways may begin.
    targets
        Nodes to be reached.
    limit
        Greatest cost.
    """
    if nodes.size == 0:
        return targets[:0]
    onward = remembered(travel, "onward", None, travel.graph.matrix.T.tocsr)
    cost = dijkstra(onward, indices=np.unique(nodes), limit=limit * _SLACK, min_only=True)
    return targets[np.isfinite(cost[targets])]
