from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString

from resilience_geo.maps.shared_routes import (
    people_on_chains,
    routes_of_chains,
    share_routes,
    walk_tree,
)

UNIT = 10.0


def _lines(*routes):
    lines = np.empty(len(routes), dtype=object)
    lines[:] = [LineString(route) for route in routes]
    return lines


def _walks(shared):
    return [part.tolist() for part in np.split(shared.walks, shared.offsets[1:-1])]


def _points(shared):
    return [list(chain.coords) for chain in shared.chains]


def test_two_ways_that_join_share_the_rest():
    shared = share_routes(
        _lines([(0, 0), (100, 0), (150, 5), (200, 0)], [(100, 90), (100, 0), (150, 5), (200, 0)])
    )
    assert _points(shared) == [
        [(0, 0), (100, 0)],
        [(100, 0), (150, 5), (200, 0)],
        [(100, 90), (100, 0)],
    ]
    assert _walks(shared) == [[1, 2], [3, 2]]
    along, against = people_on_chains(shared, np.array([7, 5]))
    assert (along.tolist(), against.tolist()) == ([7, 12, 5], [0, 0, 0])
    # Routes that are not to count have no people, yet their chains stay.
    assert people_on_chains(shared, np.array([7, 0]))[0].tolist() == [7, 7, 0]


def test_who_enters_in_the_middle_of_a_piece_cuts_it():
    shared = share_routes(_lines([(0, 0), (200, 0)], [(50, 30), (50, 0), (200, 0)]))
    assert _points(shared) == [[(0, 0), (50, 0)], [(50, 0), (200, 0)], [(50, 30), (50, 0)]]
    assert _walks(shared) == [[1, 2], [3, 2]]


def test_pieces_that_overlap_in_part_are_cut_at_both_ends():
    shared = share_routes(_lines([(0, 0), (200, 0)], [(300, 0), (100, 0)]))
    assert _walks(shared) == [[1, 2], [3, -2]]
    along, against = people_on_chains(shared, np.array([4, 9]))
    assert (along[1], against[1]) == (4, 9)
    assert [chain.length for chain in shared.chains] == [100, 100, 100]


def test_the_same_road_both_ways_is_one_chain():
    shared = share_routes(_lines([(0, 0), (60, 9), (100, 0)], [(100, 0), (60, 9), (0, 0)]))
    assert _walks(shared) == [[1], [-1]]
    along, against = people_on_chains(shared, np.array([3, 4]))
    assert (along.tolist(), against.tolist()) == ([3], [4])


def test_ways_that_only_cross_stay_whole():
    shared = share_routes(_lines([(0, 0), (50, 0), (100, 0)], [(50, -50), (50, 0), (50, 50)]))
    assert _walks(shared) == [[1], [2]]


def test_a_way_that_ends_on_another_cuts_it():
    shared = share_routes(_lines([(0, 0), (50, 0), (100, 0)], [(0, 0), (50, 0)]))
    assert _walks(shared) == [[1, 2], [1]]


def test_a_way_that_turns_back_walks_its_chain_twice():
    shared = share_routes(_lines([(0, 0), (50, 0), (0, 0)]))
    assert _walks(shared) == [[1, -1]]


def test_routes_that_are_points_have_no_chain():
    shared = share_routes(_lines([(5, 5), (5, 5)], [(0, 0), (50, 0)], [(1, 1), (1, 1)]))
    assert _walks(shared) == [[], [1], []]
    whole = routes_of_chains(shared)
    assert whole[0] is None
    assert list(whole[1].coords) == [(0, 0), (50, 0)]
    assert walk_tree(shared, np.array([0, 1, 2]))[2].tolist() == [-1, 0, -1]
    for nothing in (_lines(), _lines([(5, 5), (5, 5)])):
        shared = share_routes(nothing)
        assert len(shared.chains) == shared.walks.size == 0
        assert shared.offsets.size == len(nothing) + 1
        assert [part.size for part in walk_tree(shared, np.arange(len(nothing)))[:2]] == [0, 0]


def test_the_tree_holds_a_shared_end_once():
    shared = share_routes(
        _lines(
            [(0, 0), (100, 0), (200, 0)],
            [(100, 90), (100, 0), (200, 0)],
            [(100, 0), (200, 0)],
        )
    )
    chain, following, node = walk_tree(shared, np.array([0, 1, 2]))
    assert len(chain) == 3
    assert [_chains(chain, following, start) for start in node] == [[1, 2], [3, 2], [2]]


def _chains(chain, following, node):
    found = []
    while node >= 0:
        found.append(int(chain[node]))
        node = following[node]
    return found


turns = st.sampled_from([(1, 0), (0, 1), (-1, 0), (0, -1)])
cells = st.integers(0, 4)
walks_on_a_grid = st.lists(
    st.tuples(st.tuples(cells, cells), st.lists(st.tuples(turns, st.integers(1, 3)), max_size=7)),
    min_size=1,
    max_size=8,
)


def _on_the_grid(walk):
    """Return the corners of a walk, some of them far apart, and all its steps of one unit."""
    (x, y), moves = walk
    corners, steps = [(x, y)], []
    for (east, north), length in moves:
        for _ in range(length):
            steps.append(((x, y), (x + east, y + north)))
            x, y = x + east, y + north
        corners.append((x, y))
    return corners if len(corners) > 1 else corners * 2, steps


def _unit_steps(line):
    """Return the steps of one unit along a line on the grid."""
    steps = []
    corners = [(round(x / UNIT), round(y / UNIT)) for x, y in line.coords]
    for begin, end in itertools.pairwise(corners):
        length = max(abs(end[0] - begin[0]), abs(end[1] - begin[1]))
        east, north = (end[0] - begin[0]) // length, (end[1] - begin[1]) // length
        places = [(begin[0] + east * at, begin[1] + north * at) for at in range(length + 1)]
        steps += itertools.pairwise(places)
    return steps


@given(walks_on_a_grid, st.data())
def test_chains_hold_every_step_once_with_exactly_its_people(walks, data):
    routes = [_on_the_grid(walk) for walk in walks]
    people = np.array(
        data.draw(st.lists(st.integers(0, 9), min_size=len(routes), max_size=len(routes)))
    )
    shared = share_routes(_lines(*([(UNIT * x, UNIT * y) for x, y in one[0]] for one in routes)))
    passing = Counter()
    for (_, steps), count in zip(routes, people.tolist(), strict=True):
        for step in steps:
            passing[step] += count
    along, against = people_on_chains(shared, people)
    seen = Counter()
    for chain, ahead, back in zip(shared.chains, along, against, strict=True):
        for begin, end in _unit_steps(chain):
            seen[frozenset((begin, end))] += 1
            assert (passing[begin, end], passing[end, begin]) == (ahead, back)
    walked = {frozenset(step) for _, steps in routes for step in steps}
    assert set(seen) == walked
    assert set(seen.values()) <= {1}
    # Every route comes back from its chains, step by step.
    for line, (_, steps) in zip(routes_of_chains(shared), routes, strict=True):
        assert ([] if line is None else _unit_steps(line)) == steps


@given(walks_on_a_grid)
def test_no_two_chains_could_be_one(walks):
    routes = [_on_the_grid(walk)[0] for walk in walks]
    shared = share_routes(_lines(*([(UNIT * x, UNIT * y) for x, y in one] for one in routes)))
    parts = _walks(shared)
    visits = Counter(abs(number) for part in parts for number in part)
    pairs = Counter()
    for part in parts:
        for one, other in itertools.pairwise(part):
            pairs[min((one, other), (-other, -one))] += 1
    for (one, other), count in pairs.items():
        if abs(one) != abs(other):
            assert not count == visits[abs(one)] == visits[abs(other)]


@given(walks_on_a_grid, st.data())
def test_the_tree_gives_back_the_walks(walks, data):
    routes = [_on_the_grid(walk)[0] for walk in walks]
    shared = share_routes(_lines(*([(UNIT * x, UNIT * y) for x, y in one] for one in routes)))
    some = np.array(
        data.draw(st.lists(st.integers(0, len(routes) - 1), max_size=len(routes))), dtype=np.int64
    )
    chain, following, node = walk_tree(shared, some)
    assert (following < np.arange(chain.size)).all()
    parts = _walks(shared)
    for route, start in zip(some.tolist(), node, strict=True):
        assert _chains(chain, following, start) == parts[route]
    # A node is one end of a walk: there are as many as different ends.
    ends = {tuple(parts[route][at:]) for route in some for at in range(len(parts[route]))}
    assert len(chain) == len(ends)


def test_thinned_chains_still_meet():
    rng = np.random.default_rng(5)
    trunk = [(10.0 * x, float(y)) for x, y in enumerate(rng.uniform(-2, 2, 60))]
    routes = _lines(*([(10.0 * at, 50.0), *trunk[at:]] for at in (0, 7, 20, 41)))
    shared = share_routes(routes)
    thin = routes_of_chains(shared, shapely.simplify(shared.chains, 3.0))
    for whole, light in zip(routes, thin, strict=True):
        assert len(light.coords) < len(whole.coords)
        assert whole.hausdorff_distance(light) <= 3.0 + 1e-9
        assert (light.coords[0], light.coords[-1]) == (whole.coords[0], whole.coords[-1])
    assert sum(len(chain.coords) for chain in shared.chains) < sum(
        len(line.coords) for line in routes
    )


def test_the_order_of_routes_changes_no_flow():
    rng = np.random.default_rng(8)
    routes = _lines(*(np.cumsum(rng.integers(-1, 2, (30, 2)), axis=0).tolist() for _ in range(20)))
    people = rng.integers(1, 9, 20)

    def lengths_by_people(order):
        shared = share_routes(routes[order])
        both = sum(people_on_chains(shared, people[order]))
        return Counter(
            {
                count: round(float(shapely.length(shared.chains[both == count]).sum()), 6)
                for count in both.tolist()
            }
        )

    assert lengths_by_people(np.arange(20)) == lengths_by_people(np.arange(20)[::-1])


@pytest.mark.parametrize("away", [0.0, 700_000.0, 9_300_000.0])
def test_places_that_differ_by_rounding_are_one(away):
    shared = share_routes(
        _lines([(away, 0), (away + 100, 0)], [(away + 3e-7, 0), (away + 100, 3e-7)])
    )
    assert _walks(shared) == [[1], [1]]
