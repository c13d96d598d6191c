"""Streets joined through their crossings, as one would draw them without lifting the pen.

A street that twenty side streets meet is twenty-one pieces of a road network, but one stroke of a
pen: the continuity of roads on which maps are generalised (Thomson and Richardson 1999). One long
line takes fewer letters than many short ones, and loses the points at its crossings where it runs
straight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

STRAIGHT_ON_DEGREES = 50.0
_SAME_PLACE_M = 0.01
_MOST_AT_A_CROSSING = 12
_ROUNDS = 8  # a pair is found in every round, and a crossing rarely has more than three


def strokes(lines: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return lines joined at their ends, each with the one that goes on straightest.

    Parameters
    ----------
    lines
        LineStrings in a metric CRS.

    Returns
    -------
    ndarray of LineString
        The same ways, in fewer lines. Two lines are joined where nothing else ends, at any angle;
        where several meet, only those that turn by less than 50 degrees, straightest first.
    """
    return strokes_by_kind(lines, np.zeros(len(lines), dtype=np.int64))[0]


def strokes_by_kind(
    lines: NDArray[np.object_], kind: NDArray[np.int64]
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return lines joined as `strokes` does, each kind for itself.

    Parameters
    ----------
    lines
        LineStrings in a metric CRS.
    kind
        Of each line: a whole number from 0 on.

    Returns
    -------
    strokes, kind
        Those of one kind follow one another.
    """
    kept = np.flatnonzero(shapely.length(lines) > 0.0)
    kept = kept[np.argsort(kind[kept], kind="stable")]
    lines, kind = lines[kept], kind[kept]
    if not lines.size:
        return lines, kind
    node, bearing = _ends(lines)
    one, other = _pairs(node * (kind.max() + 1) + np.repeat(kind, 2), bearing)
    links = (np.ones(one.size, dtype=np.int8), (one >> 1, other >> 1))
    graph = coo_matrix(links, shape=(lines.size, lines.size))
    _, stroke = connected_components(graph, directed=False)
    alone = np.bincount(stroke)[stroke] == 1
    drawn = np.empty(stroke.max() + 1, dtype=object)
    drawn[stroke[alone]] = shapely.remove_repeated_points(lines[alone])  # as a merge does
    several = np.flatnonzero(~alone)
    several = several[np.argsort(stroke[several], kind="stable")]
    if several.size:
        named, bundle = np.unique(stroke[several], return_inverse=True)
        bundles = shapely.multilinestrings(lines[several], indices=bundle)
        drawn[named] = shapely.line_merge(bundles)
    kind_of_stroke = np.empty(drawn.size, dtype=np.int64)
    kind_of_stroke[stroke] = kind
    joined, of_stroke = shapely.get_parts(drawn, return_index=True)
    return joined, kind_of_stroke[of_stroke]


def _ends(lines: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return, for 2 x line and 2 x line + 1, the place where it ends and its bearing from there."""
    places, offsets = shapely.get_coordinates(lines), np.cumsum(shapely.get_num_coordinates(lines))
    last = offsets - 1
    first = np.append(0, offsets[:-1])
    spots = np.stack([places[first], places[last]], axis=1).reshape(-1, 2)
    inner = np.stack([places[first + 1], places[last - 1]], axis=1).reshape(-1, 2)
    cells = np.rint((spots - spots.min(axis=0)) / _SAME_PLACE_M).astype(np.int64)
    node, _ = pd.factorize(cells[:, 0] * (cells[:, 1].max() + 1) + cells[:, 1])
    east, north = (inner - spots).T
    return node.astype(np.int64), np.degrees(np.arctan2(north, east))


def _pairs(
    node: NDArray[np.int64], bearing: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ends that are joined: each end at most once."""
    meeting = np.bincount(node)[node]
    half = np.flatnonzero((meeting > 1) & (meeting <= _MOST_AT_A_CROSSING))
    # Every end with all ends at its place.
    order = np.argsort(node[half], kind="stable")
    begins = np.searchsorted(node[half[order]], node[half])
    repeats = meeting[half]
    one = np.repeat(half, repeats)
    rank = np.arange(one.size) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    other = half[order[np.repeat(begins, repeats) + rank]]
    bend = np.abs(180.0 - np.abs(bearing[one] - bearing[other]))
    kept = (one >> 1 != other >> 1) & ((bend < STRAIGHT_ON_DEGREES) | (meeting[one] == 2))  # noqa: PLR2004
    one, other, bend = one[kept], other[kept], bend[kept]
    order = np.lexsort((np.minimum(one, other), bend))
    one, other = one[order], other[order]
    found: list[NDArray[np.int64]] = []
    for _ in range(_ROUNDS):
        if not one.size:
            break
        rank = np.arange(one.size)
        best = np.full(node.size, one.size)
        np.minimum.at(best, one, rank)
        np.minimum.at(best, other, rank)
        chosen = (best[one] == rank) & (best[other] == rank)
        taken = np.zeros(node.size, dtype=bool)
        taken[one[chosen]] = taken[other[chosen]] = True
        found.append(np.column_stack([one[chosen], other[chosen]]))
        free = ~taken[one] & ~taken[other]
        one, other = one[free], other[free]
    joined = np.concatenate([np.empty((0, 2), dtype=np.int64), *found])
    return joined[:, 0], joined[:, 1]
