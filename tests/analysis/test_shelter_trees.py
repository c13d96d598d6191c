"""Trees around shelters against networkx; parts of a place give what the whole gives; memory."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import resilience_geo as rg
from resilience_geo.analysis.entries import entries_of
from resilience_geo.analysis.evacuation_network import build_network
from resilience_geo.analysis.network import road_arrays
from resilience_geo.analysis.remembered import remembered
from resilience_geo.analysis.shelter_trees import (
    beside,
    near_trees,
    travel_of,
    weighed_near_trees,
    within_reach,
)
from resilience_geo.analysis.way_pairs import find_pairs, leads_on
from resilience_geo.analysis.way_steps import chosen_ways
from resilience_geo.flows.ways import Arcs, search_graph
from tests.analysis.toys import at, flood_patches, road_graph

HOUR_S = 3600.0


def graph_of(arcs, n_nodes):
    tail, head, cost = (np.array(column) for column in zip(*arcs, strict=True))
    return search_graph(Arcs(tail, head, cost.astype(float), n_nodes))


def test_a_chain_is_cut_at_the_limit():
    # 0 -> 1 -> 2 -> 3 takes 5, 3 and 4; from the end 7 reaches back to 1 only.
    tree = near_trees(graph_of([(0, 1, 5), (1, 2, 3), (2, 3, 4)], 4), np.array([3]), 7.0)
    assert tree.node.tolist() == [1, 2, 3]
    assert tree.cost.tolist() == [7, 4, 0]
    assert tree.ahead.tolist() == [1, 2, 2]
    assert tree.cells(np.zeros(4, dtype=int), np.arange(4)).tolist() == [-1, 0, 1, 2]


def test_the_drier_way_is_weighed_and_named_only_among_the_near():
    # Fast: 0 -> 1 -> 3 (2 + 2). In hazard 1 -> 3 weighs 12, and the way about by 2 weighs 8 + 8,
    # by 4 one of 4 + 5: node 4 is 9 by time, beyond the limit of 6, but beside the near node 1.
    fast = graph_of([(0, 1, 2), (1, 3, 2), (1, 4, 4), (4, 3, 9), (2, 3, 20)], 5)
    drier = graph_of([(0, 1, 2), (1, 3, 12), (1, 4, 4), (4, 3, 5), (2, 3, 20)], 5)
    neighbours = beside(np.array([1, 4]), np.array([4, 1]), 5)
    tree, weighed = weighed_near_trees((fast, 6.0), (drier, 3.0), np.array([3]), neighbours)
    assert tree.node.tolist() == [0, 1, 3, 4]
    assert tree.cost.tolist() == [4, 2, 0, np.inf]
    assert weighed.tolist() == [11, 9, 0, 5]
    assert tree.ahead.tolist() == [1, 3, 2, 2]


@st.composite
def networks(draw):
    n_nodes = draw(st.integers(2, 9))
    arc = st.tuples(st.integers(0, n_nodes - 1), st.integers(0, n_nodes - 1), st.integers(1, 9))
    arcs = [each for each in draw(st.lists(arc, min_size=1, max_size=25)) if each[0] != each[1]]
    arcs = arcs or [(0, 1, 1)]
    targets = draw(st.lists(st.integers(0, n_nodes - 1), min_size=1, max_size=3, unique=True))
    return n_nodes, arcs, targets, draw(st.integers(0, 20))


def backward(n_nodes, arcs):
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(n_nodes))
    graph.add_weighted_edges_from((head, tail, cost) for tail, head, cost in arcs)
    return graph


@settings(max_examples=150, deadline=None)
@given(networks())
def test_near_trees_are_those_of_networkx(drawn):
    n_nodes, arcs, targets, limit = drawn
    graph = graph_of(arcs, n_nodes)
    cheapest = {(tail, head): cost for tail, head, cost in sorted(arcs, key=lambda arc: -arc[2])}
    for _ in range(2):  # searched, and then remembered
        trees = near_trees(graph, np.array(targets), float(limit))
        for number, target in enumerate(targets):
            truth = nx.single_source_dijkstra_path_length(
                backward(n_nodes, arcs), target, cutoff=limit
            )
            mine = np.flatnonzero(trees.tree == number)
            assert dict(zip(trees.node[mine].tolist(), trees.cost[mine], strict=True)) == truth
            ahead = trees.ahead[mine]
            assert set(ahead.tolist()) <= set(mine.tolist())
            for cell, further in zip(mine.tolist(), ahead.tolist(), strict=True):
                node, then = int(trees.node[cell]), int(trees.node[further])
                if node == target:
                    assert further == cell
                else:
                    step = cheapest[node, then]
                    assert trees.cost[cell] == step + trees.cost[further]


@settings(max_examples=150, deadline=None)
@given(networks(), st.lists(st.integers(0, 8), min_size=1, max_size=3))
def test_within_reach_leaves_out_none_that_can_be_reached(drawn, begins):
    @dataclass(frozen=True)
    class Bare:
        graph: object

    n_nodes, arcs, targets, limit = drawn
    nodes = np.array([node for node in begins if node < n_nodes], dtype=np.int64)
    found = within_reach(Bare(graph_of(arcs, n_nodes)), nodes, np.array(targets), float(limit))
    truth = [
        target
        for target in targets
        if nodes.size
        and min(
            nx.single_source_dijkstra_path_length(backward(n_nodes, arcs), target).get(node, np.inf)
            for node in nodes.tolist()
        )
        <= limit
    ]
    assert found.tolist() == truth


def test_what_is_remembered_goes_with_its_owner():
    @dataclass(frozen=True)
    class Owner:
        name: str

    class Value:
        pass

    owner, made = Owner("one"), []

    def make():
        made.append(Value())
        return made[-1]

    first = remembered(owner, "kind", 1, make)
    assert remembered(owner, "kind", 1, make) is first
    assert remembered(owner, "kind", 2, make) is not first
    assert remembered(Owner("one"), "kind", 1, make) is not first
    large = remembered(owner, "large", 1, make, fits=lambda _: False)
    assert remembered(owner, "large", 1, make, fits=lambda _: False) is not large
    for key in range(3, 7):
        remembered(owner, "kind", key, make)
    again = remembered(owner, "kind", 1, make)
    assert again is not first
    gone = weakref.ref(again)
    made.clear()
    del first, large, again
    gc.collect()
    assert gone() is not None
    del owner
    gc.collect()
    assert gone() is None


# Streets every 100 m; the river (x 400 to 430) is bridged in the south only, and a pond lies in
# the way of the second street.
COLUMNS, ROWS = range(8), range(5)
NODES = {10 * i + j: (105 + 100 * i, 105 + 100 * j) for i in COLUMNS for j in ROWS}
STREETS = [(10 * i + j, 10 * (i + 1) + j) for i in COLUMNS[:-1] for j in ROWS]
STREETS += [(10 * i + j, 10 * i + j + 1) for i in COLUMNS for j in ROWS[:-1]]
WATER = flood_patches(
    (400, 150, 430, 1000, 2.0), (160, 180, 240, 240, 0.35), (560, 260, 640, 330, 1.2)
)


def world(limit_min):
    assumptions = rg.EvacuationAssumptions(time_limit_min=limit_min)
    places = np.array([shapely.Point(at(*place)) for place in ((105, 505), (805, 505), (805, 105))])
    return build_network(road_arrays(road_graph(NODES, *STREETS)), WATER, places, assumptions)


@pytest.mark.parametrize("departure", ["early", "late"])
@pytest.mark.parametrize("limit_min", [4.0, 9.0])
def test_the_pairs_of_a_part_are_those_of_the_whole(departure, limit_min):
    rng = np.random.default_rng(5)
    points = shapely.points(np.array(at(0, 0)) + rng.uniform([60, 60], [860, 560], (60, 2)))
    usable = np.ones(3, dtype=bool)
    limit_s = limit_min * 60.0
    whole = find_pairs(world(limit_min), departure, points, usable, limit_s=limit_s)
    shared = world(limit_min)
    parts = np.array_split(np.argsort(shapely.get_x(points), kind="stable"), 5)
    for part in parts:
        found = find_pairs(shared, departure, points[part], usable, limit_s=limit_s)
        for name in ("fastest", "preferred"):
            ours, theirs = getattr(found, name), getattr(whole, name)
            mine = {
                (int(part[point]), int(shelter)): row
                for row, (point, shelter) in enumerate(zip(found.point, found.shelter, strict=True))
            }
            truth = {
                (int(point), int(shelter)): row
                for row, (point, shelter) in enumerate(zip(whole.point, whole.shelter, strict=True))
                if point in part
            }
            assert mine.keys() == truth.keys()
            rows = np.array([mine[key] for key in truth], dtype=int)
            others = np.array(list(truth.values()), dtype=int)
            assert_array_equal(ours.seconds[rows], theirs.seconds[others])
            assert_array_equal(ours.toward_end[rows], theirs.toward_end[others])
            assert_array_equal(
                found.entries.stretch[ours.entry[rows]],
                whole.entries.stretch[theirs.entry[others]],
            )
    assert whole.point.size > 0


def by_networkx(network, travel):
    """Seconds of the fastest way from every node to every shelter, as networkx finds them."""
    stretches = network.stretches
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(stretches.n_nodes + network.n_shelters))
    for row in np.flatnonzero(travel.allowed):
        start, end = int(stretches.start[row]), int(stretches.end[row])
        graph.add_edge(end, start, weight=travel.times[0][row])
        graph.add_edge(start, end, weight=travel.times[1][row])
    access = network.accesses[travel.key]
    for shelter, node, walk_m in zip(access.shelter, access.node, access.walk_m, strict=True):
        graph.add_edge(
            stretches.n_nodes + int(shelter),
            int(node),
            weight=walk_m / network.assumptions.walking_speed_mps,
        )
    return [
        nx.single_source_dijkstra_path_length(graph, stretches.n_nodes + shelter)
        for shelter in range(network.n_shelters)
    ]


@pytest.mark.parametrize("departure", ["early", "late"])
def test_fastest_ways_and_their_steps_are_as_long_as_networkx_says(departure):
    network = world(9.0)
    rng = np.random.default_rng(11)
    points = shapely.points(np.array(at(0, 0)) + rng.uniform([60, 60], [860, 560], (40, 2)))
    pairs = find_pairs(network, departure, points, np.ones(3, dtype=bool), limit_s=540.0)
    travel = pairs.travels[1]
    truth = by_networkx(network, travel)
    stretches, entries = network.stretches, pairs.entries
    best = np.full((points.size, 3), np.inf)
    for point, stretch, share, walk_m in zip(
        entries.point, entries.stretch, entries.share, entries.distance_m, strict=True
    ):
        ends = (
            (int(stretches.start[stretch]), travel.times[1][stretch] * share),
            (int(stretches.end[stretch]), travel.times[0][stretch] * (1.0 - share)),
        )
        for shelter, node, part_s in ((s, *end) for s in range(3) for end in ends):
            seconds = walk_m / 1.1 + part_s + truth[shelter].get(node, np.inf)
            best[point, shelter] = min(best[point, shelter], seconds)
    within = np.argwhere(best <= 540.0)
    assert_array_equal(np.column_stack([pairs.point, pairs.shelter]), within)
    assert_allclose(pairs.fastest.seconds, best[tuple(within.T)])
    ways, steps = chosen_ways(
        network, [travel], entries, pairs.fastest, np.zeros(pairs.point.size, int), pairs.shelter
    )
    assert_allclose(ways.travel_time_s, pairs.fastest.seconds)
    assert (np.diff(steps.owner) >= 0).all()
    # Each way hangs together: it leaves each stretch where it enters the next.
    leaves = np.where(steps.forward, stretches.end[steps.stretch], stretches.start[steps.stretch])
    enters = np.where(steps.forward, stretches.start[steps.stretch], stretches.end[steps.stretch])
    same = steps.owner[1:] == steps.owner[:-1]
    assert_array_equal(leaves[:-1][same], enters[1:][same])


@pytest.mark.parametrize("times", [0.01, 1.0])
def test_steps_do_not_hang_on_how_far_trees_reach(times):
    # With a limit of a hundredth every tree is searched again, and reaches everywhere.
    network = world(9.0)
    points = shapely.points(np.array(at(0, 0)) + np.array([[120.0, 90.0], [330, 460], [700, 120]]))
    pairs = find_pairs(network, "early", points, np.ones(3, dtype=bool), limit_s=3600.0)
    other = replace(network, assumptions=replace(network.assumptions, time_limit_min=60.0 * times))
    which = np.zeros(pairs.point.size, dtype=int)
    ways, steps = chosen_ways(
        other, [pairs.travels[0]], pairs.entries, pairs.preferred, which, pairs.shelter
    )
    assert_allclose(ways.travel_time_s, pairs.preferred.seconds)
    assert_array_equal(np.unique(steps.owner), np.arange(9))


def test_entries_are_the_nearest_of_every_part_that_leads_on():
    # Late the river parts the streets but for the bridge in the south; brute force by shapely.
    network = world(9.0)
    travel = travel_of(network, "late")
    assert travel_of(network, "late") is travel
    leading_on = leads_on(network, travel, np.arange(3))
    rng = np.random.default_rng(3)
    points = shapely.points(np.array(at(0, 0)) + rng.uniform([60, 60], [860, 560], (50, 2)))
    graph = nx.Graph()
    stretches = network.stretches
    for row in np.flatnonzero(travel.allowed):
        graph.add_edge(int(stretches.start[row]), int(stretches.end[row]))
    part_of = {
        node: number
        for number, nodes in enumerate(nx.connected_components(graph))
        for node in nodes
    }
    found = entries_of(network, travel_of(network, "early"), points, leading_on)
    apart = shapely.distance(points[found.point], stretches.lines[found.stretch])
    assert_allclose(found.distance_m, apart, atol=1e-9)
    early_parts = dict.fromkeys(np.flatnonzero(leading_on), 0)
    late = entries_of(network, travel, points, leading_on)
    for entries, parts in (
        (found, early_parts),
        (late, {row: part_of[int(stretches.start[row])] for row in early_parts}),
    ):
        rows = np.array(list(parts))
        numbers = np.array(list(parts.values()))
        for point in range(points.size):
            mine = entries.rows(entries.point == point)
            distance = shapely.distance(points[point], stretches.lines[rows])
            for number in np.unique(numbers):
                nearest = distance[numbers == number].min()
                ours = [
                    metres
                    for stretch, metres in zip(mine.stretch, mine.distance_m, strict=True)
                    if parts[stretch] == number
                ]
                # Late a walk may be barred by water; what is walked is never nearer than nearest.
                if entries is found:
                    assert_allclose(ours, nearest)
                assert all(metres >= nearest - 1e-9 for metres in ours)
