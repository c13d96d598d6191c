"""Where lines without node numbers meet: at shared vertices, and where they cross.

All computing is done on whole numbers (multiples of the layer's precision), so that the test
whether two lines cross is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_PAIRS_AT_ONCE = 200_000
_TOUCH = 1.0  # precision steps within which an end lies on a line


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Lines as their vertices in whole precision steps, one line after another.

    Parameters
    ----------
    x, y
        Position of each vertex, shape (vertices,).
    start
        Where each line begins, shape (lines + 1,).
    level
        Height of each line over its surroundings, 0 for the ground, shape (lines,).
    apart
        Lines that meet others at vertices only: bridges, tunnels, motorways; shape (lines,).
    """

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    start: NDArray[np.int64]
    level: NDArray[np.int64]
    apart: NDArray[np.bool_]

    @property
    def line(self) -> NDArray[np.int64]:
        """The line of each vertex."""
        return np.repeat(np.arange(len(self.level)), np.diff(self.start))

    @property
    def is_end(self) -> NDArray[np.bool_]:
        """Which vertices are the first or last of their line."""
        ends = np.zeros(len(self.x), dtype=bool)
        ends[self.start[:-1]] = True
        ends[self.start[1:] - 1] = True
        return ends


@dataclass(frozen=True)
class _Segments:
    """Segments of all lines: where they begin, whose they are."""

    x0: NDArray[np.int64]
    y0: NDArray[np.int64]
    x1: NDArray[np.int64]
    y1: NDArray[np.int64]
    vertex: NDArray[np.int64]
    line: NDArray[np.int64]


@dataclass(frozen=True)
class _Insertions:
    """Vertices to insert: after which vertex, how far along its segment, and where."""

    vertex: NDArray[np.int64]
    share: NDArray[np.float64]
    x: NDArray[np.int64]
    y: NDArray[np.int64]


def with_crossings(lines: Lines) -> tuple[Lines, int]:
    """Give lines a vertex wherever they meet another line.

    Parameters
    ----------
    lines
        The lines.

    Returns
    -------
    lines
        The same lines with the vertices added.
    count
        How many crossings without a vertex of their own were made meeting points.
    """
    segments = _segments(lines)
    found: list[_Insertions] = []
    count = 0
    for first, second in _candidates(segments):
        compatible = _compatible(lines, segments.line[first], segments.line[second])
        touches, touched = _touches(lines, segments, first, second, compatible)
        crosses = compatible & ~touched
        crossings = _crossings(segments, first[crosses], second[crosses])
        count += len(crossings.vertex) // 2
        found += [touches, crossings]
    return _inserted(lines, found), count


def meeting_points(lines: Lines) -> NDArray[np.int64]:
    """Return the identity of each vertex: equal where lines meet.

    A vertex inside a line that is not on the ground meets only lines of its own level; the ends
    of such a line come down to the ground, unless a line of its own level runs on there.
    """
    _, place_x = np.unique(lines.x, return_inverse=True)
    _, place_y = np.unique(lines.y, return_inverse=True)
    place = place_x.astype(np.int64) * (int(place_y.max(initial=0)) + 1) + place_y
    level = lines.level[lines.line]
    if level.any():
        steps, step = np.unique(level, return_inverse=True)
        _, place = np.unique(place, return_inverse=True)
        at_level = place * len(steps) + step
        runs_on = np.isin(at_level, at_level[~lines.is_end])
        ground = np.searchsorted(steps, 0)
        grounded = lines.is_end & ~runs_on
        place = np.where(grounded, place * len(steps) + ground, at_level)
    _, identity = np.unique(place, return_inverse=True)
    return np.asarray(identity, dtype=np.int64)


def _segments(lines: Lines) -> _Segments:
    """Return the segments of all lines."""
    line = lines.line
    vertex = np.flatnonzero(line[:-1] == line[1:])
    return _Segments(
        lines.x[vertex],
        lines.y[vertex],
        lines.x[vertex + 1],
        lines.y[vertex + 1],
        vertex,
        line[vertex],
    )


def _candidates(segments: _Segments) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return the pairs of segments whose boxes touch, each pair once, in chunks."""
    boxes = shapely.box(
        np.minimum(segments.x0, segments.x1) - _TOUCH,
        np.minimum(segments.y0, segments.y1) - _TOUCH,
        np.maximum(segments.x0, segments.x1) + _TOUCH,
        np.maximum(segments.y0, segments.y1) + _TOUCH,
    )
    tree = shapely.STRtree(boxes)
    for begin in range(0, len(boxes), _PAIRS_AT_ONCE):
        first, second = tree.query(boxes[begin : begin + _PAIRS_AT_ONCE])
        first = first + begin
        once = first < second
        yield first[once], second[once]


def _compatible(
    lines: Lines, first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which pairs of lines meet where they merely cross."""
    met: NDArray[np.bool_] = (
        ~lines.apart[first] & ~lines.apart[second] & (lines.level[first] == lines.level[second])
    )
    return met


def _touches(
    lines: Lines,
    segments: _Segments,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    compatible: NDArray[np.bool_],
) -> tuple[_Insertions, NDArray[np.bool_]]:
    """Find vertices of one segment that lie on the other, and the pairs that have any."""
    is_end = lines.is_end
    touched = np.zeros(len(first), dtype=bool)
    found = []
    for at_end in (False, True):
        for mover, carrier in ((first, second), (second, first)):
            x = segments.x1[mover] if at_end else segments.x0[mover]
            y = segments.y1[mover] if at_end else segments.y0[mover]
            share, on_it = _on_segment(segments, carrier, x, y)
            touched |= on_it
            vertex = segments.vertex[mover] + int(at_end)
            level = lines.level[segments.line[carrier]]
            comes_down = is_end[vertex] & (
                (level == 0) | (level == lines.level[segments.line[mover]])
            )
            take = on_it & (compatible | comes_down)
            found.append(_Insertions(segments.vertex[carrier][take], share[take], x[take], y[take]))
    return _joined(found), touched


def _on_segment(
    segments: _Segments, carrier: NDArray[np.int64], x: NDArray[np.int64], y: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return how far along its segment each point lies, and whether it lies on its inside."""
    run_x = segments.x1[carrier] - segments.x0[carrier]
    run_y = segments.y1[carrier] - segments.y0[carrier]
    from_x, from_y = x - segments.x0[carrier], y - segments.y0[carrier]
    along = run_x * from_x + run_y * from_y
    squared = run_x * run_x + run_y * run_y
    inside = (along > 0) & (along < squared)
    inside &= (from_x != 0) | (from_y != 0)
    inside &= (x != segments.x1[carrier]) | (y != segments.y1[carrier])
    length = np.sqrt(np.maximum(squared, 1).astype(np.float64))
    aside = np.abs(run_x * from_y - run_y * from_x).astype(np.float64) / length
    return along / np.maximum(squared, 1), inside & (aside <= _TOUCH)


def _crossings(
    segments: _Segments, first: NDArray[np.int64], second: NDArray[np.int64]
) -> _Insertions:
    """Find where two segments cross inside both; two insertions for each crossing."""
    ax, ay = segments.x0[first], segments.y0[first]
    bx, by = segments.x0[second], segments.y0[second]
    a_run_x, a_run_y = segments.x1[first] - ax, segments.y1[first] - ay
    b_run_x, b_run_y = segments.x1[second] - bx, segments.y1[second] - by
    across = a_run_x * b_run_y - a_run_y * b_run_x
    gap_x, gap_y = bx - ax, by - ay
    on_first = gap_x * b_run_y - gap_y * b_run_x
    on_second = gap_x * a_run_y - gap_y * a_run_x
    sign = np.sign(across)
    crosses = (
        (across != 0)
        & (sign * on_first > 0)
        & (sign * on_first < sign * across)
        & (sign * on_second > 0)
        & (sign * on_second < sign * across)
    )
    first, second = first[crosses], second[crosses]
    share = on_first[crosses] / across[crosses]
    other_share = on_second[crosses] / across[crosses]
    x = ax[crosses] + np.rint(share * a_run_x[crosses]).astype(np.int64)
    y = ay[crosses] + np.rint(share * a_run_y[crosses]).astype(np.int64)
    return _Insertions(
        np.concatenate([segments.vertex[first], segments.vertex[second]]),
        np.concatenate([share, other_share]),
        np.concatenate([x, x]),
        np.concatenate([y, y]),
    )


def _joined(found: list[_Insertions]) -> _Insertions:
    """Return several sets of insertions as one."""
    return _Insertions(
        np.concatenate([part.vertex for part in found]),
        np.concatenate([part.share for part in found]),
        np.concatenate([part.x for part in found]),
        np.concatenate([part.y for part in found]),
    )


def _inserted(lines: Lines, found: list[_Insertions]) -> Lines:
    """Return the lines with the vertices inserted in their order along each line."""
    if not any(len(part.vertex) for part in found):
        return lines
    new = _joined(found)
    vertex = np.concatenate([np.arange(len(lines.x)), new.vertex])
    share = np.concatenate([np.zeros(len(lines.x)), new.share])
    order = np.lexsort((share, vertex))
    count = np.bincount(lines.line[vertex], minlength=len(lines.level))
    return Lines(
        x=np.concatenate([lines.x, new.x])[order],
        y=np.concatenate([lines.y, new.y])[order],
        start=np.concatenate([[0], np.cumsum(count)]),
        level=lines.level,
        apart=lines.apart,
    )
