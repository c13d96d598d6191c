"""Routes cut into the legs a walker is told of: a street each, and the turn into it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.route_roads import RoutePieces

TURNS: tuple[str, ...] = (
    "start",
    "straight",
    "slight_left",
    "left",
    "sharp_left",
    "slight_right",
    "right",
    "sharp_right",
    "arrive",
)
"""How a leg begins."""

# Below 25 degrees people say straight on, from 60 a turn, above 120 a sharp one.
_SLIGHT, _TURN, _SHARP = 25.0, 60.0, 120.0
# Directions are taken over so much of the way before and after: long enough for the kinks of a
# crossing, short enough for the street it leads into.
_CHORD_M = 18.0
_CORNER_M = 15.0
# What is shorter is part of a crossing and not worth a sentence.
_TINY_M = 15.0
# The arcs of a roundabout of at most this radius are too; people do not see a larger one whole.
_ROUND_RADIUS_M = 25.0
_ROUND_DEGREES = 40.0
_ROUND_M = 120.0
_EVEN_SHARE = 0.25
# Streets of negative numbers: off the road, and unnamed ones by their class below it.
WALK = -1


@dataclass(frozen=True)
class Legs:
    """Legs of all routes, in order of walking.

    Parameters
    ----------
    first
        First piece of each leg, rising; it ends where the next begins.
    street
        Number of the street along which most of it goes.
    turn_degrees
        Change of direction where it begins, clockwise, -180 to 180; NaN at the start of a route.
    bearing_degrees
        Compass direction in which it begins, 0 to 360; NaN for a route without length.
    """

    first: NDArray[np.int64]
    street: NDArray[np.int64]
    turn_degrees: NDArray[np.float64]
    bearing_degrees: NDArray[np.float64]


@dataclass(frozen=True)
class _Cuts:
    """Legs while they are joined; `gap_m` is what a crossing took at the beginning of each."""

    first: NDArray[np.int64]
    street: NDArray[np.int64]
    main_m: NDArray[np.float64]
    gap_m: NDArray[np.float64]


def route_legs(pieces: RoutePieces, street: NDArray[np.int64]) -> Legs:
    """Cut routes into legs.

    A leg begins where the street changes and at a corner of 60 degrees or more. Legs below 15 m
    are part of a crossing and go into their neighbour: so do the arcs of a small roundabout and
    the piece between two carriageways. A turn is then taken from the direction before the
    crossing to the one after it.

    Parameters
    ----------
    pieces
        From `route_pieces`.
    street
        Number of the street of each piece; `WALK` off the roads.
    """
    along_m = np.cumsum(pieces.length_m) - pieces.length_m
    cuts = _first_cuts(pieces, street, along_m)
    while (joined := _without_tiny(pieces, cuts, along_m)) is not None:
        cuts = joined
    while True:
        before, after = _directions(pieces, along_m, cuts.first, cuts.gap_m, _CHORD_M)
        turn = _turned(before, after)
        straight = (np.abs(turn) < _TURN) & _follows(cuts.street)
        if not straight.any():
            return Legs(cuts.first, cuts.street, turn, after)
        keep = ~straight
        cuts = _Cuts(cuts.first[keep], cuts.street[keep], cuts.main_m[keep], cuts.gap_m[keep])


def turn_words(turn_degrees: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return the word of `TURNS` for a change of direction, clockwise; NaN is a start."""
    size = np.abs(turn_degrees)
    level = (size >= _SLIGHT).astype(np.int64) + (size >= _TURN) + (size > _SHARP)
    number = np.where(level == 0, 1, np.where(turn_degrees < 0, 1, 4) + level)
    words: NDArray[np.object_] = np.array(TURNS, dtype=object)[
        np.where(np.isnan(turn_degrees), 0, number)
    ]
    return words


def _follows(street: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say where a leg goes along the same street as the one before it."""
    return np.append(False, street[1:] == street[:-1])


def _first_cuts(
    pieces: RoutePieces, street: NDArray[np.int64], along_m: NDArray[np.float64]
) -> _Cuts:
    """Cut routes where the street changes and where it has a corner."""
    size = street.size
    begins = np.append(True, pieces.route[1:] != pieces.route[:-1])[:size]
    begins |= ~_follows(street)
    runs = np.flatnonzero(begins)
    run = np.cumsum(begins) - 1
    last = np.append(runs[1:], size) - 1
    # At every vertex within a street: over what is left of the street on both sides.
    here = np.flatnonzero(~begins)
    bearing = _bearing(pieces.begin, pieces.end)
    ends_m = along_m + pieces.length_m
    back_m = np.maximum(along_m[here] - _CORNER_M, along_m[runs[run[here]]])
    ahead_m = np.minimum(along_m[here] + _CORNER_M, ends_m[last[run[here]]])
    bounds = runs[run[here]], last[run[here]]
    before = _bearing(_place(pieces, along_m, back_m, *bounds), pieces.begin[here])
    after = _bearing(pieces.begin[here], _place(pieces, along_m, ahead_m, *bounds))
    # A kink that leads nowhere else, as where a roundabout is entered, is joined again later.
    kink = _difference(bearing[here - 1], bearing[here])
    corner = np.maximum(np.abs(_difference(before, after)), np.abs(kink)) >= _TURN
    begins[here[corner]] = True
    first = np.flatnonzero(begins)
    main_m = np.add.reduceat(pieces.length_m, first) if first.size else np.empty(0)
    return _Cuts(first, street[first], main_m, np.zeros(first.size))


def _without_tiny(pieces: RoutePieces, cuts: _Cuts, along_m: NDArray[np.float64]) -> _Cuts | None:
    """Join each tiny leg that is shorter than its neighbours to the next; None: there is none."""
    first, count = cuts.first, cuts.first.size
    if count == 0:
        return None
    length_m = np.add.reduceat(pieces.length_m, first)
    route = pieces.route[first]
    opens = np.append(True, route[1:] != route[:-1])
    closes = np.append(opens[1:], True)
    same = _follows(cuts.street) & ~opens
    beside = same | np.append(same[1:], False)
    rounded = _is_round(pieces, along_m, first, length_m) & ((cuts.street < WALK) | beside)
    tiny = ((length_m < _TINY_M) | rounded) & ~(opens & closes)
    size_m = np.where(tiny, length_m, np.inf)
    earlier = np.where(opens, np.inf, np.append(np.inf, size_m[:-1]))
    later = np.where(closes, np.inf, np.append(size_m[1:], np.inf))
    least = tiny & (size_m < earlier) & (size_m <= later)
    into_next = np.flatnonzero(least & ~closes)
    into_last = np.flatnonzero(least & closes) if into_next.size == 0 else into_next[:0]
    if into_next.size + into_last.size == 0:
        return None
    street, main_m, gap_m = cuts.street.copy(), cuts.main_m.copy(), cuts.gap_m.copy()
    gone = np.concatenate([into_next + 1, into_last])
    kept = np.concatenate([into_next, into_last - 1])
    gap_m[into_next] = length_m[into_next] + gap_m[into_next + 1]
    main_m[kept] += np.where(street[kept] == street[gone], main_m[gone], 0.0)
    longer = (street[kept] != street[gone]) & (main_m[gone] > main_m[kept])
    street[kept[longer]], main_m[kept[longer]] = street[gone[longer]], main_m[gone[longer]]
    keep = np.ones(count, dtype=bool)
    keep[gone] = False
    return _Cuts(first[keep], street[keep], main_m[keep], gap_m[keep])


def _is_round(
    pieces: RoutePieces,
    along_m: NDArray[np.float64],
    first: NDArray[np.int64],
    length_m: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Say which legs are arcs as of a small roundabout: they turn tightly and all along.

    From the directions of their three thirds: a corner, or a kink at the door of a shelter, turns
    too but in one place, and there people must be told.
    """
    last = np.append(first[1:], along_m.size) - 1
    steps = [along_m[first] + length_m * share for share in (0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0)]
    places = [_place(pieces, along_m, at_m, first, last) for at_m in steps]
    thirds = [_bearing(begin, end) for begin, end in itertools.pairwise(places)]
    one, two = (np.nan_to_num(_difference(*pair)) for pair in itertools.pairwise(thirds))
    evenly = one * two > _EVEN_SHARE * np.maximum(np.abs(one), np.abs(two)) ** 2
    turned = np.abs(one + two) * 1.5  # the middles of the outer thirds are two thirds apart
    tight = length_m <= _ROUND_RADIUS_M * np.radians(turned)
    round_arc: NDArray[np.bool_] = (
        evenly & tight & (turned >= _ROUND_DEGREES) & (length_m <= _ROUND_M)
    )
    return round_arc


def _directions(
    pieces: RoutePieces,
    along_m: NDArray[np.float64],
    first: NDArray[np.int64],
    gap_m: NDArray[np.float64],
    chord_m: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the bearings before (NaN at a start) and after the beginning of each leg."""
    if first.size == 0:
        return np.empty(0), np.empty(0)
    last = np.append(first[1:], along_m.size) - 1
    ends_m = along_m[last] + pieces.length_m[last]
    from_m = along_m[first] + gap_m
    ahead_m = np.minimum(from_m + chord_m, ends_m)
    after = _bearing(
        _place(pieces, along_m, from_m, first, last), _place(pieces, along_m, ahead_m, first, last)
    )
    back_m = np.maximum(ends_m - chord_m, from_m)
    leaving = _bearing(_place(pieces, along_m, back_m, first, last), pieces.end[last])
    before = np.append(np.nan, leaving[:-1])
    before[np.append(True, np.diff(pieces.route[first]) != 0)] = np.nan
    return before, after


def _turned(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the turns between bearings; only the start of a route has none (NaN)."""
    turn = _difference(before, after)
    turn[~np.isnan(before) & np.isnan(after)] = 0.0
    return turn


def _place(
    pieces: RoutePieces,
    along_m: NDArray[np.float64],
    at_m: NDArray[np.float64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the places at a distance along all routes, each within its own pieces."""
    piece = np.clip(np.searchsorted(along_m, at_m, side="right") - 1, first, last)
    length_m = np.maximum(pieces.length_m[piece], 1e-12)
    share = np.clip((at_m - along_m[piece]) / length_m, 0.0, 1.0)[:, None]
    places: NDArray[np.float64] = pieces.begin[piece] * (1.0 - share) + pieces.end[piece] * share
    return places


def _bearing(begin: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return compass bearings, 0 to 360 degrees; NaN between a place and itself."""
    east, north = (end - begin).T
    bearing = np.degrees(np.arctan2(east, north)) % 360.0
    return np.where(np.hypot(east, north) > 0.0, bearing, np.nan)


def _difference(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the turn from one bearing to another, clockwise, -180 to 180 degrees."""
    return (after - before + 180.0) % 360.0 - 180.0
