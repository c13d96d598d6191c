"""Which road every piece of a route lies on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Routes are drawn from the lines of roads, so that they lie on them but for rounding.
_ON_ROAD_M = 0.05
_MM_PER_M = 1000.0


@dataclass(frozen=True)
class RoutePieces:
    """The straight pieces of routes, from vertex to vertex, in the order of walking.

    Parameters
    ----------
    route
        Position of the route of each piece, rising.
    begin, end
        Shape (n_pieces, 2): where each begins and ends, in a metric CRS.
    length_m
        Length on the map (m); 0 only where a whole route has none.
    """

    route: NDArray[np.int64]
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    length_m: NDArray[np.float64]


def route_pieces(lines: NDArray[np.object_]) -> RoutePieces:
    """Cut routes, LineStrings in a metric CRS, at their vertices; a missing line has no pieces."""
    places, line = shapely.get_coordinates(lines, return_index=True)
    same = line[1:] == line[:-1]
    begin, end, route = places[:-1][same], places[1:][same], line[:-1][same]
    length_m = np.hypot(*(end - begin).T)
    # A shelter at the door leaves a route of one piece without length; others are left out.
    moves = np.bincount(route[length_m > 0.0], minlength=len(lines)) > 0
    first = np.append(True, route[1:] != route[:-1]) if route.size else np.empty(0, dtype=bool)
    kept = (length_m > 0.0) | (first & ~moves[route])
    return RoutePieces(route[kept], begin[kept], end[kept], length_m[kept])


def line_of_pieces(
    pieces: RoutePieces, lines: NDArray[np.object_], groupings: tuple[NDArray[np.int64], ...] = ()
) -> NDArray[np.int64]:
    """Return the line on which each piece of a route lies.

    Parameters
    ----------
    pieces
        From `route_pieces`.
    lines
        LineStrings of roads, or of parts of roads, in the CRS of the routes.
    groupings
        What lines belong to, such as their road and their street, the narrowest first.

    Returns
    -------
    ndarray of int64
        Position in `lines`; -1 for a walk off the roads. Where lines lie upon one another, at a
        bridge or where a road was drawn twice, the line along which the route goes farthest, then
        the one whose road, whose street it follows farthest, then the first.
    """
    unique, at_unique = _unique_pieces(pieces)
    begin, end = pieces.begin[unique], pieces.end[unique]
    piece, line = _lines_along(begin, end, lines)
    # Every piece of a route with every line it could be on.
    order = np.argsort(piece, kind="stable")
    piece, line = piece[order], line[order]
    sizes = np.bincount(piece, minlength=unique.size)
    starts = np.cumsum(sizes) - sizes
    count = sizes[at_unique]
    own = np.repeat(np.arange(at_unique.size), count)
    within = np.arange(own.size) - np.repeat(np.cumsum(count) - count, count)
    candidate = line[np.repeat(starts[at_unique], count) + within]
    scores = []
    for group in (np.arange(len(lines)), *groupings):
        key = pieces.route[own] * np.int64(max(int(group.max(initial=0)) + 1, 1)) + group[candidate]
        _, number = np.unique(key, return_inverse=True)
        along_m = np.bincount(number.reshape(-1), pieces.length_m[own])
        # To the millimetre, so that the order of summing decides nothing.
        scores.append(-np.round(along_m, 3)[number.reshape(-1)])
    best = np.lexsort((candidate, *scores[::-1], own))
    chosen = best[np.append(True, own[1:] != own[:-1])] if own.size else best
    found = np.full(pieces.route.size, -1)
    found[own[chosen]] = candidate[chosen]
    return found


def _unique_pieces(pieces: RoutePieces) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return one of each piece that routes share, either way, and which of them each piece is."""
    if pieces.route.size == 0:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty
    corner = np.minimum(pieces.begin.min(axis=0), pieces.end.min(axis=0))
    ends = []
    for places in (pieces.begin, pieces.end):
        east, north = np.round((places - corner) * _MM_PER_M).astype(np.int64).T
        ends.append((east << 32) + north)
    low, high = np.minimum(*ends), np.maximum(*ends)
    order = np.lexsort((high, low))
    new = np.append(True, (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0))
    at_unique = np.empty_like(order)
    at_unique[order] = np.cumsum(new) - 1
    return order[new], at_unique


def _lines_along(
    begin: NDArray[np.float64], end: NDArray[np.float64], lines: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of a piece and a line on which it lies from its begin to its end."""
    places, line = shapely.get_coordinates(lines, return_index=True)
    same = np.flatnonzero(line[1:] == line[:-1])
    if same.size == 0 or len(begin) == 0:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty
    middle = (begin + end) / 2.0
    low, high = middle.min(axis=0) - _ON_ROAD_M, middle.max(axis=0) + _ON_ROAD_M
    from_place, to_place = places[same], places[same + 1]
    near = (np.maximum(from_place, to_place) >= low) & (np.minimum(from_place, to_place) <= high)
    same = same[near.all(axis=1)]
    straight = shapely.linestrings(np.stack([places[same], places[same + 1]], axis=1))
    piece, number = shapely.STRtree(straight).query(
        shapely.points(middle), predicate="dwithin", distance=_ON_ROAD_M
    )
    held = np.ones(piece.size, dtype=bool)
    for point in (begin, end):
        part = places[same[number]], places[same[number] + 1]
        held &= _distance_m(point[piece], *part) <= _ON_ROAD_M
    # A piece may span a vertex that its line has: then the whole line must hold both ends.
    rest = np.flatnonzero(~np.isin(piece, piece[held]))
    whole = lines[line[same[number[rest]]]]
    for point in (begin, end):
        rest_m = shapely.distance(shapely.points(point[piece[rest]]), whole)
        rest, whole = rest[rest_m <= _ON_ROAD_M], whole[rest_m <= _ON_ROAD_M]
    held[rest] = True
    pairs = np.unique(np.stack([piece[held], line[same[number[held]]]]), axis=1)
    return pairs[0], pairs[1]


def _distance_m(
    point: NDArray[np.float64], begin: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the distance of each point from its straight line between two points (m)."""
    along = end - begin
    square = np.maximum((along**2).sum(axis=1), 1e-12)
    share = np.clip(((point - begin) * along).sum(axis=1) / square, 0.0, 1.0)
    distance: NDArray[np.float64] = np.hypot(*(point - begin - share[:, None] * along).T)
    return distance
