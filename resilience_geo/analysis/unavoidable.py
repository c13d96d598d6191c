"""Roads that every way from a place to every usable shelter must pass."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.analysis.least_shared import MM_PER_M
from resilience_geo.analysis.remembered import remembered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network
    from resilience_geo.analysis.least_shared import ShelterArcs


@dataclass(frozen=True)
class Hanging:
    """What places hang on: one row per node, or per place.

    Parameters
    ----------
    length_mm
        Length of all road that every way passes.
    run_road, run_mm
        The road that begins at the place itself and cannot be avoided, and how long it stays so;
        -1 and 0 where there is a choice.
    road, road_mm, is_bridge
        The most telling of all unavoidable roads, -1 where there is none: the nearest OSM bridge;
        where there is no bridge, the one with the longest unavoidable part, and of equal ones the
        nearest. The length of that part, and whether it is a bridge.
    """

    length_mm: NDArray[np.float64]
    run_road: NDArray[np.int64]
    run_mm: NDArray[np.float64]
    road: NDArray[np.int64]
    road_mm: NDArray[np.float64]
    is_bridge: NDArray[np.bool_]

    def rows(self, chosen: NDArray[np.int64]) -> Hanging:
        """Return some rows."""
        return Hanging(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def before(
        self, road: NDArray[np.int64], length_mm: NDArray[np.float64], is_bridge: NDArray[np.bool_]
    ) -> Hanging:
        """Return what places hang on that lie one unavoidable road before these.

        Parameters
        ----------
        road, length_mm, is_bridge
            The road passed to get here; -1 where there are several ways to get here.
        """
        single = road >= 0
        run_mm = np.where(single, length_mm + self.run_mm * (self.run_road == road), 0.0)
        better = single & (is_bridge | (~self.is_bridge & (run_mm >= self.road_mm)))
        return Hanging(
            length_mm=self.length_mm + np.where(single, length_mm, 0.0),
            run_road=np.where(single, road, -1),
            run_mm=run_mm,
            road=np.where(better, road, self.road),
            road_mm=np.where(better, run_mm, self.road_mm),
            is_bridge=np.where(better, is_bridge, self.is_bridge),
        )


@dataclass(frozen=True)
class Unavoidable:
    """What cannot be avoided from each node on.

    Parameters
    ----------
    next_node
        The next node that every way passes; itself at the goal and where there is no way.
    only_stretch
        The stretch by which every way leaves the node; -1 where there is a choice, or where it is
        the walk to a shelter.
    hanging
        What each node hangs on.
    onward
        Of each arc, whether it leads anywhere but into what lies behind its tail: from there every
        way leads back to the tail.
    """

    next_node: NDArray[np.int64]
    only_stretch: NDArray[np.int64]
    hanging: Hanging
    onward: NDArray[np.bool_]

    def common(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the first node that every way from either of two nodes passes."""
        return _nearest_common(*self._above, one, other)

    @cached_property
    def _above(self) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
        """The nodes that cannot be avoided 1, 2, 4, ... on, and how many there are."""
        return _levels(self.next_node)


def unavoidable_roads(network: Network, arcs: ShelterArcs) -> Unavoidable:
    """Find what every way to every usable shelter must pass, from every node at once.

    With all usable shelters put together as one goal, the nodes that cannot be avoided are the
    dominators of graph theory; a stretch cannot be avoided if it is the only one that leads out of
    a node but into what lies behind that node. Exact for one-way roads as well; on roads that are
    walked both ways these stretches are the bridges (cut edges) of the graph.

    Parameters
    ----------
    network
        From `build_network`.
    arcs
        From `arcs_to_shelters`.

    Notes
    -----
    Found once for the arcs, whoever then asks for places.
    """
    return remembered(arcs, "unavoidable", None, lambda: _unavoidable(network, arcs))


def _unavoidable(network: Network, arcs: ShelterArcs) -> Unavoidable:
    """Find the dominators, and what lies between each node and the next of them."""
    stretches = network.stretches
    next_node = _dominators(arcs)
    ups, depth = _levels(next_node)
    # An arc into what lies behind its tail leads back to the tail before it leads to a shelter.
    onward = _nearest_common(ups, depth, arcs.head, arcs.tail) != arcs.tail
    single = np.bincount(arcs.tail[onward], minlength=next_node.size) == 1
    only = np.full(next_node.size, -1)
    chosen = onward & single[arcs.tail] & (arcs.via < stretches.road.size)
    only[arcs.tail[chosen]] = arcs.via[chosen]
    road = np.where(only >= 0, stretches.road[only], -1)
    length_mm = np.where(only >= 0, np.rint(stretches.length_m * MM_PER_M)[only], 0.0)
    is_bridge = (only >= 0) & network.roads.bridge[road]
    hanging = _on_nothing(next_node.size)
    order = np.argsort(depth, kind="stable")
    for nodes in np.split(order, np.flatnonzero(np.diff(depth[order])) + 1)[1:]:
        level = hanging.rows(next_node[nodes])
        level = level.before(road[nodes], length_mm[nodes], is_bridge[nodes])
        for field in fields(Hanging):
            getattr(hanging, field.name)[nodes] = getattr(level, field.name)
    return Unavoidable(next_node, only, hanging, onward)


def _on_nothing(count: int) -> Hanging:
    """Return rows of places that hang on nothing."""
    return Hanging(
        length_mm=np.zeros(count),
        run_road=np.full(count, -1),
        run_mm=np.zeros(count),
        road=np.full(count, -1),
        road_mm=np.zeros(count),
        is_bridge=np.zeros(count, dtype=bool),
    )


def _dominators(arcs: ShelterArcs) -> NDArray[np.int64]:
    """Return the next node that every way from each node to the goal passes.

    Begins with the fastest ways as a tree. As long as some arc leads past the next node of its
    tail, that next node moves on to where both ways meet; what remains is the tree of dominators.
    Every node that cannot be avoided stays ahead in the tree throughout, and in the end nothing
    else is left (the iteration of Cooper, Harvey and Kennedy 2001, for all arcs at once).
    """
    nodes = np.arange(arcs.goal + 1)
    fastest = np.where(arcs.by_time.next_node >= 0, arcs.by_time.next_node, nodes)
    following = _past_loops(arcs, fastest)
    while True:
        ups, depth = _levels(following)
        meeting = _nearest_common(ups, depth, arcs.head, following[arcs.tail])
        # Of several, the one nearest to the goal; all lie on one way to it.
        order = np.argsort(-depth[meeting], kind="stable")
        moved = following.copy()
        moved[arcs.tail[order]] = meeting[order]
        if np.array_equal(moved, following):
            return following
        following = moved


def _past_loops(arcs: ShelterArcs, fastest: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a tree in which nodes on a loop already lead to where the loop is closed.

    Who can go back along the tree to an arc that leads across it can leave out all between. One
    pass does what would else take a round for every node of a ring road.
    """
    ups, depth = _levels(fastest)
    reached = depth.copy()
    np.minimum.at(reached, arcs.tail, depth[_nearest_common(ups, depth, arcs.head, arcs.tail)])
    both_ways = np.zeros(fastest.size, dtype=bool)
    both_ways[arcs.head[fastest[arcs.head] == arcs.tail]] = True
    order = np.argsort(depth, kind="stable")
    for level in np.split(order, np.flatnonzero(np.diff(depth[order])) + 1)[:0:-1]:
        back = level[both_ways[level]]
        np.minimum.at(reached, fastest[back], reached[back])
    return _climbed(ups, np.arange(fastest.size), depth - reached)


def _levels(parent: NDArray[np.int64]) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Return the ancestors of every node of a tree 1, 2, 4, ... levels up, and its depth."""
    ups = [parent]
    depth = (parent != np.arange(parent.size)).astype(np.int64)
    while True:
        last = ups[-1]
        depth = depth + depth[last]
        further = last[last]
        if np.array_equal(further, last):
            return ups, depth
        ups.append(further)


def _climbed(
    ups: list[NDArray[np.int64]], node: NDArray[np.int64], levels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the ancestors of nodes so many levels up."""
    for number, up in enumerate(ups):
        node = np.where((levels >> number) & 1, up[node], node)
    return node


def _nearest_common(
    ups: list[NDArray[np.int64]],
    depth: NDArray[np.int64],
    one: NDArray[np.int64],
    other: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the nearest node that is on the way to the root from both of two nodes."""
    lower = depth[one] >= depth[other]
    low, high = np.where(lower, one, other), np.where(lower, other, one)
    low = _climbed(ups, low, depth[low] - depth[high])
    for up in reversed(ups):
        apart = up[low] != up[high]
        low, high = np.where(apart, up[low], low), np.where(apart, up[high], high)
    return np.where(low == high, low, ups[0][low])
