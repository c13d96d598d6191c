from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString

from resilience_geo.maps.strokes import strokes, strokes_by_kind


def _lines(*lines):
    made = np.empty(len(lines), dtype=object)
    made[:] = [LineString(line) for line in lines]
    return made


def _corners(found):
    """Return the points of every line, whichever way it runs."""
    return sorted(min(tuple(line.coords), tuple(line.coords)[::-1]) for line in found)


def test_a_street_goes_on_where_side_streets_meet_it():
    found = strokes(
        _lines(
            [(0, 0), (100, 0)], [(100, 0), (200, 9)], [(100, 0), (100, 80)], [(200, 9), (300, 9)]
        )
    )
    assert _corners(found) == [
        ((0, 0), (100, 0), (200, 9), (300, 9)),
        ((100, 0), (100, 80)),
    ]


def test_two_streets_cross():
    arms = [(100, 0), (0, 100), (-100, 0), (0, -100)]
    found = strokes(_lines(*([(0, 0), arm] for arm in arms)))
    assert _corners(found) == [((-100, 0), (0, 0), (100, 0)), ((0, -100), (0, 0), (0, 100))]


def test_the_straightest_go_on():
    # From the west: 40 degrees to the left, or 10 to the right, which wins.
    ends = [(100 * math.cos(math.radians(a)), 100 * math.sin(math.radians(a))) for a in (40, -10)]
    found = strokes(_lines([(-100, 0), (0, 0)], *([(0, 0), end] for end in ends)))
    assert sorted(len(line.coords) for line in found) == [2, 3]
    (whole,) = [line for line in found if len(line.coords) == 3]
    assert LineString([(-100, 0), (0, 0), ends[1]]).equals(whole)


def test_a_fork_of_even_arms_stays_apart_and_a_corner_alone_is_joined():
    arms = [(math.cos(turn), math.sin(turn)) for turn in (0.0, 2 * math.pi / 3, 4 * math.pi / 3)]
    assert len(strokes(_lines(*([(0, 0), arm] for arm in arms)))) == 3
    assert len(strokes(_lines([(0, 0), (50, 0)], [(50, 0), (0, 1)]))) == 1


def test_a_round_of_lines_and_a_star_of_many():
    corners = [(0, 0), (50, 0), (50, 50), (0, 50), (0, 0)]
    (ring,) = strokes(_lines(*itertools.pairwise(corners)))
    assert ring.is_ring
    star = _lines(
        *([(0, 0), (math.cos(turn), math.sin(turn))] for turn in np.linspace(0, 6, 20).tolist())
    )
    assert len(strokes(star)) == 20


def test_nothing_and_points():
    assert strokes(_lines()).size == 0
    assert strokes(_lines([(1, 1), (1, 1)])).size == 0


spots = st.tuples(st.integers(0, 4), st.integers(0, 4))


@given(
    st.sets(st.tuples(spots, spots).filter(lambda pair: pair[0] < pair[1]), min_size=1, max_size=25)
)
def test_no_way_is_lost_or_doubled(pairs):
    lines = _lines(
        *[
            (tuple(10.0 * n for n in one), tuple(10.0 * n for n in two))
            for one, two in sorted(pairs)
        ]
    )
    found = strokes(lines)
    assert len(found) <= len(lines)
    pieces = sorted(
        tuple(sorted(piece)) for line in found for piece in itertools.pairwise(line.coords)
    )
    assert pieces == sorted(tuple(sorted(line.coords)) for line in lines)
    assert shapely.length(found).sum() == pytest.approx(shapely.length(lines).sum())


def test_lines_of_two_kinds_are_not_joined():
    lines = _lines([(0, 0), (9, 0)], [(9, 0), (20, 0)], [(9, 0), (9, 7)], [(20, 0), (30, 0)])
    found, kind = strokes_by_kind(lines, np.array([1, 0, 1, 1]))
    assert kind.tolist() == [0, 1, 1]
    assert _corners(found[:1]) == [((9, 0), (20, 0))]
    # Two lines of a kind meet at (9, 0): a corner alone is joined.
    assert _corners(found[1:]) == [((0, 0), (9, 0), (9, 7)), ((20, 0), (30, 0))]
    assert [part.size for part in strokes_by_kind(lines[:0], np.empty(0, int))] == [0, 0]
