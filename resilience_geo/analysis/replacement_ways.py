"""What every way costs once a road is lost, for all roads of a tree of ways together.

The loss of a road touches only the nodes whose way runs over it: the subtrees of the tree of ways
that hang on the road. From each of them the cheapest way now goes through such nodes to one whose
way was never touched, and on from there as before. So a search inside the subtrees, begun at
their borders with the untouched costs, finds the new costs exactly; and the searches of many roads
are one search of a graph made of many blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import depth_first_order, dijkstra

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from resilience_geo.flows.ways import Arcs, WayTree

# So many nodes are searched at once: large enough to be few calls, small enough for the cache.
_NODES_AT_ONCE = 200_000
_NO_TWIN = -2


@dataclass(frozen=True)
class RoadArcs:
    """Arcs by the node they leave; of parallel ones the cheapest, and the cheapest beside its road.

    Parameters
    ----------
    arc_road, arc_seconds
        Of every arc as it was numbered: its road (-1: no road, never lost) and its seconds.
    offsets
        Where the arcs of each node begin below; shape (n_nodes + 1,).
    head, cost, seconds, road
        Node reached, what decides the way, time (s) and road of each arc kept.
    twin_road
        Road of the cheaper arc between the same nodes, which this one replaces; -2: none.
    """

    arc_road: NDArray[np.int64]
    arc_seconds: NDArray[np.float64]
    offsets: NDArray[np.int64]
    head: NDArray[np.int64]
    cost: NDArray[np.float64]
    seconds: NDArray[np.float64]
    road: NDArray[np.int64]
    twin_road: NDArray[np.int64]


@dataclass(frozen=True)
class NearTree:
    """The part of a tree of ways within a cost of its targets, its nodes numbered anew.

    Parameters
    ----------
    bound
        Nodes of at most this cost are in it.
    node, number
        The node of each number, and the number of each node (-1: beyond the bound).
    ahead
        Next node on the way (numbers); a target is its own.
    road
        Road of the arc to it; -1 at targets and on the walk to a shelter.
    cost, seconds
        Of the way.
    place, size
        Place in an order in which every subtree lies together behind its root, and its size.
    offsets, arc, head
        Arcs that stay within the bound, by the node they leave (numbers).
    is_border
        Whether an arc leads beyond the bound to where there is a way.
    """

    bound: float
    node: NDArray[np.int64]
    number: NDArray[np.int64]
    ahead: NDArray[np.int64]
    road: NDArray[np.int64]
    cost: NDArray[np.float64]
    seconds: NDArray[np.float64]
    place: NDArray[np.int64]
    size: NDArray[np.int64]
    offsets: NDArray[np.int64]
    arc: NDArray[np.int64]
    head: NDArray[np.int64]
    is_border: NDArray[np.bool_]


def road_arcs(arcs: Arcs, seconds: NDArray[np.float64], road: NDArray[np.int64]) -> RoadArcs:
    """Put arcs in order for searches that leave out one road.

    Parameters
    ----------
    arcs
        The network; arcs of infinite cost and loops are left out.
    seconds
        Time of each arc (s).
    road
        Road of each arc; -1: none, as on the walk to a shelter.
    """
    open_arcs = np.flatnonzero(np.isfinite(arcs.cost) & (arcs.tail != arcs.head))
    pair = arcs.tail[open_arcs] * arcs.n_nodes + arcs.head[open_arcs]
    order = np.lexsort((road[open_arcs], arcs.cost[open_arcs], pair))
    kept, pair = open_arcs[order], pair[order]
    first = _first_of_run(pair)
    cheapest = np.flatnonzero(first)[np.cumsum(first) - 1]
    # Whichever road is lost, the cheapest arc beside it is one of two.
    other = np.flatnonzero(road[kept] != road[kept[cheapest]])
    other = other[_first_of_run(pair[other])]
    twin = np.full(kept.size, _NO_TWIN)
    twin[other] = road[kept[cheapest[other]]]
    first[other] = True
    kept, twin = kept[first], twin[first]
    counts = np.bincount(arcs.tail[kept], minlength=arcs.n_nodes)
    return RoadArcs(
        arc_road=road,
        arc_seconds=seconds,
        offsets=np.append(0, np.cumsum(counts)),
        head=arcs.head[kept],
        cost=arcs.cost[kept],
        seconds=seconds[kept],
        road=road[kept],
        twin_road=twin,
    )


def near_tree(tree: WayTree, arcs: RoadArcs, bound: float) -> NearTree:
    """Take the part of a tree of ways that lies within a cost of its targets.

    Parameters
    ----------
    tree
        From `nearest_targets`.
    arcs
        From `road_arcs`, of the arcs that were searched.
    bound
        Largest cost.
    """
    node = np.flatnonzero(tree.cost <= min(bound, np.finfo(np.float64).max))
    number = np.full(tree.cost.size, -1)
    number[node] = np.arange(node.size)
    before = tree.before[node].astype(np.int64)
    moving = np.flatnonzero(before >= 0)
    ahead = np.arange(node.size)
    ahead[moving] = number[before[moving]]
    found = np.searchsorted(tree.graph.pair, before[moving] * tree.cost.size + node[moving])
    step = tree.graph.arc[found]
    road = np.full(node.size, -1)
    road[moving] = arcs.arc_road[step]
    seconds, depth = np.zeros(node.size), np.zeros(node.size, dtype=np.int64)
    seconds[moving] = arcs.arc_seconds[step]
    depth[moving] = 1
    place = _places(np.where(before >= 0, ahead, node.size))
    mirrored = _places(np.where(before >= 0, node.size - 1 - ahead, node.size)[::-1])[::-1]
    _sum_along(ahead, seconds)
    _sum_along(ahead, depth)
    # Before a node come, in the one order, its ancestors and all on its left; in the mirrored
    # order its ancestors and all on its right. What is left of the whole is its subtree.
    size = node.size + 1 - place - mirrored + depth + 1
    leaving, arc = numbers_in(arcs.offsets[node], arcs.offsets[node + 1])
    head = number[arcs.head[arc]]
    beyond = (head < 0) & np.isfinite(tree.cost[arcs.head[arc]])
    is_border = np.zeros(node.size, dtype=bool)
    is_border[leaving[beyond]] = True
    stays = head >= 0
    counts = np.bincount(leaving[stays], minlength=node.size)
    return NearTree(
        bound=bound,
        node=node,
        number=number,
        ahead=ahead,
        road=road,
        cost=tree.cost[node],
        seconds=seconds,
        place=place,
        size=size,
        offsets=np.append(0, np.cumsum(counts)),
        arc=arc[stays],
        head=head[stays],
        is_border=is_border,
    )


def roads_ahead(
    near: NearTree, node: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the roads that the ways of nodes run over, each once.

    Parameters
    ----------
    near
        From `near_tree`.
    node
        Nodes of the network; those beyond the bound have none.

    Returns
    -------
    tuple of ndarray
        Position in `node`, and road; ascending.
    """
    who = np.flatnonzero(near.number[node] >= 0)
    at = near.number[node[who]]
    n_roads = int(near.road.max(initial=0)) + 1
    keys = [np.empty(0, dtype=np.int64)]
    while who.size:
        on_road = near.road[at] >= 0
        keys.append(who[on_road] * n_roads + near.road[at[on_road]])
        moving = near.ahead[at] != at
        who, at = who[moving], near.ahead[at[moving]]
    key = np.unique(np.concatenate(keys))
    return key // n_roads, key % n_roads


def costs_without(
    near: NearTree, arcs: RoadArcs, lost: NDArray[np.int64], node: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Find what the way of a node costs when a road is lost.

    Parameters
    ----------
    near, arcs
        From `near_tree` and `road_arcs`.
    lost, node
        A road that is lost and a node of the network, one question each.

    Returns
    -------
    tuple of ndarray
        Cost and seconds of the best way left, and whether they are the true ones. Where they are
        not, the true cost is above `near.bound`.
    """
    at = near.number[node]
    inside = at >= 0
    at = np.where(inside, at, 0)
    cost = np.where(inside, near.cost[at], np.inf)
    seconds = np.where(inside, near.seconds[at], np.inf)
    is_true = inside.copy()
    if lost.size == 0:
        return cost, seconds, is_true
    roads, case = np.unique(lost, return_inverse=True)
    for block in _blocks(near, roads):
        asked = np.flatnonzero(inside & (case >= block.first_case) & (case <= block.last_case))
        member = block.member(near, case[asked], at[asked])
        asked, member = asked[member >= 0], member[member >= 0]
        if asked.size == 0:
            continue
        block_cost, block_seconds, sealed = _search(near, arcs, block, roads)
        cost[asked], seconds[asked] = block_cost[member], block_seconds[member]
        is_true[asked] = sealed[case[asked] - block.first_case]
    is_true |= cost <= near.bound
    return cost, seconds, is_true


@dataclass(frozen=True)
class _Block:
    """Subtrees of some lost roads (cases), which lie in runs of places, one run after another."""

    n_places: int
    case: NDArray[np.int64]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    offset: NDArray[np.int64]

    @property
    def first_case(self) -> int:
        """The first case in it."""
        return int(self.case[0])

    @property
    def last_case(self) -> int:
        """The last case in it."""
        return int(self.case[-1])

    def member(
        self, near: NearTree, case: NDArray[np.int64], at: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the member a node is in a case; -1 where the loss does not touch it."""
        place = near.place[at]
        starts = self.case * self.n_places + self.begin
        run = np.searchsorted(starts, case * self.n_places + place, side="right") - 1
        fits = (run >= 0) & (self.case[run] == case) & (place < self.end[run])
        return np.where(fits, self.offset[run] + place - self.begin[run], -1)


def _blocks(near: NearTree, roads: NDArray[np.int64]) -> Iterator[_Block]:
    """Return the subtrees that hang on each road, some roads at a time."""
    case = np.searchsorted(roads, near.road)
    case[case == roads.size] = 0
    top = np.flatnonzero((near.road >= 0) & (roads[case] == near.road))
    if top.size == 0:
        return
    case, begin = case[top], near.place[top]
    end = begin + near.size[top]
    order = np.lexsort((begin, case))
    case, begin, end = case[order], begin[order], end[order]
    # A road may be passed twice on one way: the subtree farther back lies in the other.
    n_places = near.node.size + 2
    furthest = np.maximum.accumulate(case * n_places + end)
    outer = np.append(True, case[1:] * n_places + begin[1:] >= furthest[:-1])[: case.size]
    case, begin, end = case[outer], begin[outer], end[outer]
    sizes = end - begin
    new_case = _first_of_run(case)
    # Cases stay whole: each goes to the block in which it begins.
    total = np.cumsum(sizes) - sizes
    block = (total // _NODES_AT_ONCE)[np.flatnonzero(new_case)][np.cumsum(new_case) - 1]
    cuts = np.flatnonzero(_first_of_run(block))
    for low, high in zip(cuts, np.append(cuts[1:], case.size), strict=True):
        part = slice(low, high)
        offset = np.cumsum(sizes[part]) - sizes[part]
        yield _Block(n_places, case[part], begin[part], end[part], offset)


def _search(
    near: NearTree, arcs: RoadArcs, block: _Block, roads: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Search the subtrees of a block from their borders.

    Returns cost and seconds of each member, and of each case whether no arc leads beyond the bound,
    so that what is found holds whatever it costs.
    """
    at_place = np.empty(near.node.size + 1, dtype=np.int64)
    at_place[near.place] = np.arange(near.node.size)
    run, place = numbers_in(block.begin, block.end)
    at, case = at_place[place], block.case[run]
    sealed = np.ones(block.last_case - block.first_case + 1, dtype=bool)
    sealed[case[near.is_border[at]] - block.first_case] = False
    tail, link = numbers_in(near.offsets[at], near.offsets[at + 1])
    arc, lost = near.arc[link], roads[case][tail]
    twin = arcs.twin_road[arc]
    is_open = (arcs.road[arc] != lost) & ((twin == _NO_TWIN) | (twin == lost))
    tail, arc, link = tail[is_open], arc[is_open], link[is_open]
    head = near.head[link]
    member = block.member(near, case[tail], head)
    inner = member >= 0
    # Over the border: the untouched cost from there on. Of several ways over, the cheapest.
    out, out_arc, out_head = tail[~inner], arc[~inner], head[~inner]
    out_cost = arcs.cost[out_arc] + near.cost[out_head]
    order = np.lexsort((out_cost, out))
    order = order[_first_of_run(out[order])]
    out, out_cost = out[order], out_cost[order]
    tail, head, arc = tail[inner], member[inner], arc[inner]
    cost, before = _from_border(at.size, (tail, head, arcs.cost[arc]), (out, out_cost))
    ahead = np.where((before < 0) | (before == at.size), np.arange(at.size), before)
    seconds = np.where(np.isfinite(cost), 0.0, np.inf)
    seconds[out] = arcs.seconds[out_arc[order]] + near.seconds[out_head[order]]
    taken = ahead[tail] == head
    seconds[tail[taken]] = arcs.seconds[arc[taken]]
    last = ahead == np.arange(at.size)
    over_border = np.where(last, seconds, 0.0)
    seconds[last] = 0.0
    ahead = _sum_along(ahead, seconds)
    return cost, seconds + over_border[ahead], sealed


def _from_border(
    size: int,
    inner: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    border: tuple[NDArray[np.int64], NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Search from one place that is joined to all borders; return cost and the next member.

    The next member of one at the border is `size`; of one without a way it is below 0.
    """
    tail, head, cost = inner
    out, out_cost = border
    by_tail = np.append(0, np.cumsum(np.bincount(tail, minlength=size)))
    turned = sparse.csr_array((cost, head, by_tail), shape=(size, size)).T.tocsr()
    matrix = sparse.csr_array(
        (
            np.concatenate([turned.data, out_cost]),
            np.concatenate([turned.indices, out]).astype(np.int32),
            np.append(turned.indptr, turned.indptr[-1] + out.size).astype(np.int32),
        ),
        shape=(size + 1, size + 1),
    )
    root = np.array([size])
    found, before = dijkstra(matrix, directed=True, indices=root, return_predecessors=True)
    return found[0, :size], before[0, :size].astype(np.int64)


def _places(parent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of every node in preorder, from 1; a root's parent is the count of nodes."""
    children = np.argsort(parent, kind="stable")
    counts = np.bincount(parent, minlength=parent.size + 1)
    tree = sparse.csr_array(
        (np.ones(parent.size), children, np.append(0, np.cumsum(counts))),
        shape=(parent.size + 1, parent.size + 1),
    )
    order = depth_first_order(tree, parent.size, directed=True, return_predecessors=False)
    place = np.empty(parent.size + 1, dtype=np.int64)
    place[order] = np.arange(order.size)
    return place[: parent.size]


def _sum_along(
    ahead: NDArray[np.int64], values: NDArray[np.float64] | NDArray[np.int64]
) -> NDArray[np.int64]:
    """Add to each value those ahead of it, in place; the last ones must be 0. Return the last ones.

    Pointer jumping: after k rounds every sum covers 2^k steps.
    """
    while True:
        further = ahead[ahead]
        values += values[ahead]
        if np.array_equal(further, ahead):
            return ahead
        ahead = further


def numbers_in(
    begin: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all numbers of ranges one after another, and of which range each is."""
    size = end - begin
    owner = np.repeat(np.arange(size.size), size)
    first = np.cumsum(size) - size
    return owner, np.arange(owner.size) + (begin - first)[owner]


def _first_of_run(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which values differ from the one before them."""
    changed: NDArray[np.bool_] = np.append(True, values[1:] != values[:-1])[: values.size]
    return changed
