"""Routes cut into chains: every piece of way once, however many routes pass it.

Routes to one place run together for most of their length. A chain is a longest run of way that no
route joins, leaves, begins or ends within, so that everyone on it walks all of it: it is drawn
once, and the people on it are one number. Where a route begins in the middle of a straight piece
that others walk whole, the piece is cut there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME_PLACE_M = 0.001
_ON_A_PIECE_M = 0.002
_WHO = np.iinfo(np.int64).max


@dataclass(frozen=True)
class SharedRoutes:
    """Routes as runs of chains.

    Parameters
    ----------
    chains
        A LineString each, in the CRS of the routes, as the first route walks it.
    offsets
        Where the chains of each route begin in `walks`; one more than there are routes.
    walks
        Chains of all routes in walking order: number + 1, negative where walked backwards. A route
        that is only a point has none.
    """

    chains: NDArray[np.object_]
    offsets: NDArray[np.int64]
    walks: NDArray[np.int64]

    @property
    def route(self) -> NDArray[np.int64]:
        """Route of every entry of `walks`."""
        return np.repeat(np.arange(self.offsets.size - 1), np.diff(self.offsets))


@dataclass(frozen=True)
class _Passes:
    """Every piece of way as the routes pass it, in walking order.

    `half` is 2 x the piece, + 1 where it is walked from its second end: the end by which it is
    entered; `half ^ 1` is the end by which it is left.
    """

    half: NDArray[np.int64]
    route: NDArray[np.int64]
    ends: NDArray[np.int64]  # the two points of every piece
    points: NDArray[np.float64]


def share_routes(lines: NDArray[np.object_]) -> SharedRoutes:
    """Cut routes into chains.

    Parameters
    ----------
    lines
        LineStrings in a metric CRS, in walking direction. Points on the same millimetre are one.

    Returns
    -------
    SharedRoutes
        Chains in the order in which routes first walk them, so that one mostly begins where the one
        before it ends.
    """
    passes = _passes(np.asarray(lines, dtype=object))
    if not passes.half.size:
        nothing = np.empty(0, dtype=np.int64)
        return SharedRoutes(np.empty(0, object), np.zeros(len(lines) + 1, np.int64), nothing)
    joined = _joints(passes)
    chain_of = _chains_of_pieces(joined, passes.ends.shape[0])
    piece = passes.half >> 1
    begins = np.ones(piece.size, dtype=bool)  # whether a pass is the first of a visit to a chain
    left, entered = passes.half[:-1] ^ 1, passes.half[1:]
    begins[1:] = (passes.route[1:] != passes.route[:-1]) | (joined[left] != entered)
    starts = np.flatnonzero(begins)
    _, first, visited = np.unique(chain_of[piece[starts]], return_index=True, return_inverse=True)
    rank = np.empty(first.size, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(first.size)
    visited = rank[visited]
    first = np.sort(first)
    # A visit goes the way of the first one where it enters its first piece by the same end.
    stops = np.append(starts[1:], piece.size)
    walked_first = _ranges(starts[first], stops[first])
    as_first = np.full(passes.ends.shape[0], -1)
    as_first[piece[walked_first]] = passes.half[walked_first]
    forward = as_first[piece[starts]] == passes.half[starts]
    walks = np.where(forward, visited + 1, -visited - 1)
    counts = np.bincount(passes.route[starts], minlength=len(lines))
    return SharedRoutes(
        _chain_lines(passes, walked_first, (stops - starts)[first]),
        np.append(0, np.cumsum(counts)).astype(np.int64),
        walks.astype(np.int64),
    )


def routes_of_chains(
    shared: SharedRoutes, chains: NDArray[np.object_] | None = None
) -> NDArray[np.object_]:
    """Return every route put together again from its chains.

    Parameters
    ----------
    shared
        From `share_routes`.
    chains
        Lines to take instead of `shared.chains`, for instance with fewer points; each must begin
        and end where its chain does.

    Returns
    -------
    ndarray of LineString
        None for a route without a chain.
    """
    lines = shared.chains if chains is None else chains
    routes = np.full(shared.offsets.size - 1, None, dtype=object)
    if not shared.walks.size:
        return routes
    places = shapely.get_coordinates(lines)
    offsets = np.append(0, np.cumsum(shapely.get_num_coordinates(lines)))
    chain, route = np.abs(shared.walks) - 1, shared.route
    goes_on = np.append(False, route[1:] == route[:-1])  # its first point is there already
    sizes = np.diff(offsets)[chain]
    which = np.repeat(np.arange(chain.size), sizes)
    rank = np.arange(which.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    kept = ~(goes_on[which] & (rank == 0))
    rank = np.where(shared.walks[which] > 0, rank, sizes[which] - 1 - rank)
    points = places[offsets[chain][which] + rank][kept]
    walked, owner = np.unique(route[which][kept], return_inverse=True)
    routes[walked] = shapely.linestrings(points, indices=owner)
    return routes


def people_on_chains(
    shared: SharedRoutes, people: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many people walk every chain: along its line, and against it.

    Parameters
    ----------
    shared
        From `share_routes`.
    people
        Of every route; 0 for those not to count.
    """
    size = len(shared.chains)
    each = people[shared.route]
    chain = np.abs(shared.walks) - 1
    along = np.bincount(chain, np.where(shared.walks > 0, each, 0), minlength=size)
    against = np.bincount(chain, np.where(shared.walks < 0, each, 0), minlength=size)
    return np.rint(along).astype(np.int64), np.rint(against).astype(np.int64)


def walk_tree(
    shared: SharedRoutes, routes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return some routes as a tree of what remains to be walked: routes share their ends.

    Parameters
    ----------
    shared
        From `share_routes`.
    routes
        Positions of the routes to put into the tree.

    Returns
    -------
    chain, following, node
        Of every node its signed chain and the node after it (-1: the route ends there), always one
        with a smaller number; and of every one of `routes` the node it begins with, -1 for a route
        without a chain.
    """
    size = np.diff(shared.offsets)[routes]
    node = np.full(routes.size, -1)
    chains, nexts, firsts, depths = [], [], [], []
    made = 0
    span = 2 * len(shared.chains) + 1
    for depth in range(int(size.max(initial=0))):
        walking = np.flatnonzero(size > depth)
        chain = shared.walks[shared.offsets[routes[walking] + 1] - 1 - depth]
        keys = (node[walking] + 1) * span + chain + len(shared.chains)
        found, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        nexts.append(found // span - 1)
        chains.append(found % span - len(shared.chains))
        firsts.append(walking[first])
        depths.append(np.full(len(found), depth))
        node[walking] = made + inverse
        made += len(found)
    if not made:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing, node
    # Nodes of one route follow one another, which keeps their numbers near.
    order = np.lexsort((np.concatenate(depths), np.concatenate(firsts)))
    place = np.empty(made, dtype=np.int64)
    place[order] = np.arange(made)
    following = np.concatenate(nexts)[order]
    following = np.where(following < 0, -1, place[following])
    return np.concatenate(chains)[order], following, np.where(node < 0, -1, place[node])


def _passes(lines: NDArray[np.object_]) -> _Passes:
    """Return the pieces of way between points, and who passes them."""
    places, line_of = shapely.get_coordinates(lines, return_index=True)
    point, points = _distinct_points(places)
    steps = (line_of[1:] == line_of[:-1]) & (point[1:] != point[:-1])
    begin, end, route = point[:-1][steps], point[1:][steps], line_of[:-1][steps]
    if not begin.size:
        nothing = np.empty(0, dtype=np.int64)
        return _Passes(nothing, nothing, nothing.reshape(0, 2), points)
    segment, segment_ends = _distinct_pairs(begin, end)
    path, path_offsets = _with_points_between(segment_ends, points)
    count = np.diff(path_offsets) - 1
    part, part_ends = _parts_of_paths(path, path_offsets)
    part_offsets = np.append(0, np.cumsum(count))
    # Each pass of a segment becomes passes of its parts, backwards where it is walked backwards.
    backwards = segment_ends[segment, 0] != begin
    repeats = count[segment]
    which = np.repeat(np.arange(segment.size), repeats)
    rank = np.arange(which.size) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    rank = np.where(backwards[which], repeats[which] - 1 - rank, rank)
    half = part[part_offsets[segment[which]] + rank]
    return _Passes(half ^ backwards[which], route[which], part_ends, points)


def _distinct_points(
    places: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the number of the point each place is, and the points."""
    if not len(places):
        return np.empty(0, dtype=np.int64), places
    cells = np.rint((places - places.min(axis=0)) / SAME_PLACE_M).astype(np.int64)
    keys = cells[:, 0] * (cells[:, 1].max() + 1) + cells[:, 1]
    number, _ = pd.factorize(keys)
    _, first = np.unique(number, return_index=True)
    return number.astype(np.int64), places[first]


def _distinct_pairs(
    one: NDArray[np.int64], other: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of the undirected pair each pair is, and the pairs, smaller point first."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    number, keys = pd.factorize(low * (int(high.max()) + 1) + high)
    return number.astype(np.int64), np.column_stack(np.divmod(keys, int(high.max()) + 1))


def _with_points_between(
    ends: NDArray[np.int64], points: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the points along every segment, its ends and those that lie on it; and offsets."""
    begin, end = points[ends[:, 0]], points[ends[:, 1]]
    segments = shapely.linestrings(np.stack([begin, end], axis=1))
    spot, segment = shapely.STRtree(segments).query(
        shapely.points(points), predicate="dwithin", distance=_ON_A_PIECE_M
    )
    between = (spot != ends[segment, 0]) & (spot != ends[segment, 1])
    spot, segment = spot[between], segment[between]
    along = end[segment] - begin[segment]
    share = ((points[spot] - begin[segment]) * along).sum(axis=1) / (along**2).sum(axis=1)
    between = (share > 0.0) & (share < 1.0)
    number = np.arange(len(ends))
    of_segment = np.concatenate([number, segment[between], number])
    where = np.concatenate([np.full(number.size, -1.0), share[between], np.full(number.size, 2.0)])
    point = np.concatenate([ends[:, 0], spot[between], ends[:, 1]])
    order = np.lexsort((where, of_segment))
    sizes = np.bincount(of_segment, minlength=number.size)
    return point[order], np.append(0, np.cumsum(sizes))


def _parts_of_paths(
    path: NDArray[np.int64], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the half of the piece entered by each step of the paths, and the ends of pieces."""
    step = np.ones(path.size - 1, dtype=bool)
    step[offsets[1:-1] - 1] = False
    begin, end = path[:-1][step], path[1:][step]
    piece, ends = _distinct_pairs(begin, end)
    return 2 * piece + (ends[piece, 0] != begin), ends


def _joints(passes: _Passes) -> NDArray[np.int64]:
    """Return the half of a piece that everyone enters who leaves by a half, and the other way.

    -1 where some go elsewhere, begin or end.
    """
    size = 2 * passes.ends.shape[0]
    left, entered = passes.half[:-1] ^ 1, passes.half[1:]
    on = passes.route[1:] == passes.route[:-1]
    cut = np.zeros(size, dtype=bool)
    cut[left[~on]] = cut[entered[~on]] = True
    cut[passes.half[0]] = cut[passes.half[-1] ^ 1] = True
    left, entered = left[on], entered[on]
    least, most = np.full(size, _WHO), np.full(size, -1)
    for one, other in ((left, entered), (entered, left)):
        np.minimum.at(least, one, other)
        np.maximum.at(most, one, other)
    halves = np.arange(size)
    partner = np.where((least == most) & ~cut, most, -1)
    mutual = (partner >= 0) & (partner[partner] == halves) & (partner >> 1 != halves >> 1)
    return np.where(mutual, partner, -1)


def _chains_of_pieces(joined: NDArray[np.int64], n_pieces: int) -> NDArray[np.int64]:
    """Return the number of the chain of every piece."""
    halves = np.flatnonzero(joined >= 0)
    links = (np.ones(halves.size, dtype=np.int8), (halves >> 1, joined[halves] >> 1))
    graph = coo_matrix(links, shape=(n_pieces, n_pieces))
    _, chain = connected_components(graph, directed=False)
    return np.asarray(chain, dtype=np.int64)


def _ranges(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the whole numbers of many ranges, one after the other."""
    sizes = ends - begins
    shift = np.repeat(begins - np.append(0, np.cumsum(sizes)[:-1]), sizes)
    numbers: NDArray[np.int64] = np.arange(shift.size) + shift
    return numbers


def _chain_lines(
    passes: _Passes, walked: NDArray[np.int64], sizes: NDArray[np.int64]
) -> NDArray[np.object_]:
    """Return the line of every chain from the passes of its first visit."""
    half = passes.half[walked]
    chain = np.repeat(np.arange(sizes.size), sizes)
    is_first = np.append(True, chain[1:] != chain[:-1])
    begin, end = passes.ends[half >> 1, half & 1], passes.ends[half >> 1, 1 - (half & 1)]
    point = np.concatenate([begin[is_first], end])
    owner = np.concatenate([chain[is_first], chain])
    order = np.argsort(owner, kind="stable")
    lines: NDArray[np.object_] = shapely.linestrings(
        passes.points[point[order]], indices=owner[order]
    )
    return lines
