"""Critical roads: toys worked out on paper, random networks and a kelurahan by brute force."""

from __future__ import annotations

from dataclasses import fields, replace
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

import resilience_geo as rg
from resilience_geo.analysis import replacement_ways
from resilience_geo.analysis import road_losses as road_losses_room
from resilience_geo.analysis.criticality import cut_edges
from resilience_geo.analysis.evacuation_network import build_network, find_ways, travel_at
from resilience_geo.analysis.network import road_arrays
from resilience_geo.analysis.replacement_ways import near_tree, road_arcs
from resilience_geo.analysis.road_losses import road_losses
from resilience_geo.errors import AssumptionError
from resilience_geo.flows.ways import Arcs, nearest_targets, search_graph
from tests.analysis.toys import (
    WALK_MPS,
    flood_patches,
    homes,
    people,
    rect,
    road_graph,
    shelters,
    villages,
)

DRY = flood_patches()
HOUR_S = 3600.0


def world(graph, targets, hazard=DRY, **assumptions):
    """Build the network of a toy."""
    arrays = road_arrays(graph)
    points = np.asarray(targets.geometry.array)
    return build_network(arrays, hazard, points, rg.EvacuationAssumptions(**assumptions))


def points_of(*places):
    return np.asarray(homes(*places).geometry.array)


def joined(parts):
    """Put ways of several searches in one value, and say of which search each is."""
    values = {
        field.name: np.concatenate([getattr(ways, field.name) for ways in parts])
        for field in fields(parts[0])
        if field.name not in {"trees", "tree"}
    }
    trees, tree = [], []
    for ways in parts:
        tree.append(ways.tree + len(trees))
        trees += ways.trees
    part = np.repeat(np.arange(len(parts)), [ways.tree.size for ways in parts])
    whole = replace(parts[0], **values, trees=tuple(trees), tree=np.concatenate(tree))
    return whole, part


def lose(network, places, counts, *, to=None, departure="early", limit_s=HOUR_S):
    """Lose every road of a toy; each home goes to the shelter `to`, or the nearest."""
    travel = travel_at(network, departure)
    every = np.ones(network.n_shelters, dtype=bool)
    goals = [every if to is None else np.arange(every.size) == one for one in to or [None]]
    points = points_of(*places)
    ways, _ = joined([find_ways(network, travel, points, goal) for goal in goals])
    counts = np.asarray(counts)
    if to is not None:
        # One search for each home's shelter: of each only that home's way counts.
        mine = np.eye(len(to), dtype=np.int64).ravel()
        counts = np.tile(counts, len(to)) * mine
    losses = road_losses(
        network, ways, counts, departure=departure, shelters=every, time_limit_s=limit_s
    )
    roads = network.roads
    name = [
        "-".join(sorted((str(roads.node_ids[one]), str(roads.node_ids[other]))))
        for one, other in zip(roads.start, roads.end, strict=True)
    ]
    return {
        name[road]: (
            int(losses.people[row]),
            int(losses.stranded_people[row]),
            int(losses.cut_off_people[row]),
            int(losses.delayed_people[row]),
            pytest.approx(losses.delay_person_s[row] * WALK_MPS, abs=1e-6),
        )
        for row, road in enumerate(losses.road)
    }


# --- paper ---------------------------------------------------------------------------------------

STREET = road_graph({1: (100, 105), 2: (300, 105), 3: (500, 105)}, (1, 2), (2, 3))
# A square block of 400 m by 300 m: 1 and 2 in the south, 4 and 3 in the north.
CORNERS = {1: (100, 105), 2: (500, 105), 3: (500, 405), 4: (100, 405)}
BLOCK = road_graph(CORNERS, (1, 2), (2, 3), (3, 4), (4, 1))
AT_2 = shelters((500, 105))


def test_dead_end_strands_everyone_behind_the_loss():
    network = world(STREET, shelters((500, 105)))
    found = lose(network, [(100, 105), (350, 105)], [10, 5])
    # 1-2 lost: the ten of node 1. 2-3 lost: they, and the five who live on it and go back in vain.
    assert found == {"1-2": (10, 10, 10, 0, 0.0), "2-3": (15, 15, 15, 0, 0.0)}


def test_who_lives_before_the_loss_is_not_touched():
    network = world(STREET, shelters((100, 105)))
    assert lose(network, [(250, 105)], [4]) == {"1-2": (4, 4, 4, 0, 0.0)}


def test_round_the_block():
    # 400 m straight; without it 300 + 400 + 300.
    assert lose(world(BLOCK, AT_2), [(100, 105)], [10]) == {"1-2": (10, 0, 0, 10, 10 * 600.0)}


def test_house_on_the_lost_road_leaves_by_the_other_end():
    # 300 m straight on; back 100 m and round by 1000 m: 800 m more.
    assert lose(world(BLOCK, AT_2), [(200, 105)], [3]) == {"1-2": (3, 0, 0, 3, 3 * 800.0)}


def test_way_longer_than_the_time_limit_strands_but_does_not_cut_off():
    network = world(BLOCK, AT_2)
    # 1000 m take 909.1 s.
    assert lose(network, [(100, 105)], [10], limit_s=909.0)["1-2"] == (10, 10, 0, 0, 0.0)
    assert lose(network, [(100, 105)], [10], limit_s=909.2)["1-2"] == (10, 0, 0, 10, 6000.0)


def test_people_keep_their_shelter_however_near_another_is():
    # The other shelter is at 4, 300 m from 1.
    network = world(BLOCK, shelters((500, 105), (100, 405)))
    found = lose(network, [(100, 105)], [10], to=[0])
    assert found == {"1-2": (10, 0, 0, 10, 6000.0)}


def test_stranded_is_not_cut_off_where_another_shelter_is_left():
    # A spur to the east of 2 ends at the shelter; another shelter is at 4.
    graph = road_graph({**CORNERS, 5: (700, 105)}, (1, 2), (2, 3), (3, 4), (4, 1), (2, 5))
    network = world(graph, shelters((700, 105), (100, 405)))
    found = lose(network, [(100, 105)], [10], to=[0])
    assert found == {"1-2": (10, 0, 0, 10, 6000.0), "2-5": (10, 10, 0, 0, 0.0)}


def test_ways_to_two_shelters_over_one_road_are_summed():
    network = world(STREET, shelters((500, 105), (100, 105)))
    found = lose(network, [(150, 105), (450, 105)], [7, 2], to=[0, 1])
    # Each road holds the house of one and the way of the other. Nobody is left without the other's
    # shelter: it lies behind them.
    assert found == {"1-2": (9, 9, 0, 0, 0.0), "2-3": (9, 9, 0, 0, 0.0)}


def test_parallel_road_stands_in_even_though_the_search_graph_holds_only_the_faster():
    # 400 m straight, or 100 + 400 + 100 by the north.
    graph = road_graph(
        {1: (100, 105), 2: (500, 105)}, (1, 2), (1, 2, {"via": ((100, 205), (500, 205))})
    )
    network = world(graph, AT_2)
    assert lose(network, [(100, 105)], [10]) == {"1-2": (10, 0, 0, 10, 2000.0)}
    assert not cut_edges(network.roads, network.roads.usable("walk")).any()


def test_shelter_amid_the_lost_road_is_lost_from_both_sides():
    network = world(BLOCK, shelters((300, 105)))
    # From 1 and from 2 it is 200 m; both ways end on the same road. Who lives at (250, 105) walks
    # back to 1 and finds no other way in.
    found = lose(network, [(100, 105), (500, 105), (250, 105)], [1, 2, 4])
    assert found == {"1-2": (7, 7, 7, 0, 0.0)}


def test_house_between_two_shelters_on_its_road_walks_back_to_one_behind():
    # A tree to both shelters: from (250, 105) the one at 300 is ahead, the one at 100 behind.
    network = world(STREET, shelters((100, 105), (300, 105)))
    found = lose(network, [(250, 105)], [4])
    assert found == {"1-2": (4, 0, 0, 4, 4 * 100.0)}
    # Both stand on the one road, so that a cut parts the stretch of the house from its end.
    network = world(STREET, shelters((150, 105), (300, 105)))
    assert lose(network, [(250, 105)], [4]) == {"1-2": (4, 0, 0, 4, 4 * 50.0)}


def test_house_in_water_amid_its_road_walks_back_over_every_stretch_behind():
    # Water from 150 to 200 cuts the road in three; the house stands east of it at 250.
    hazard = flood_patches((150, 100, 200, 110, 0.2))
    network = world(BLOCK, AT_2, hazard)
    # Back 150 m and round 1000 m; 250 m straight on. Early nobody is slowed by water.
    assert lose(network, [(250, 105)], [2]) == {"1-2": (2, 0, 0, 2, 2 * 900.0)}
    closed = world(BLOCK, AT_2, flood_patches((150, 100, 200, 110, 2.0)))
    assert lose(closed, [(250, 105)], [2], departure="late") == {"1-2": (2, 2, 2, 0, 0.0)}


# From 1 to 2: 400 m straight, 800 m round by the north, 1800 m round by the south.
TWO_BLOCKS = road_graph(
    {1: (100, 705), 2: (500, 705), 3: (500, 905), 4: (100, 905), 5: (100, 5), 6: (500, 5)},
    (1, 2),
    (2, 3),
    (3, 4),
    (4, 1),
    (1, 5),
    (5, 6),
    (6, 2),
)


def test_early_the_way_left_avoids_hazard_unless_that_takes_too_long():
    network = world(TWO_BLOCKS, shelters((500, 705)), flood_patches((100, 890, 500, 920, 2.0)))
    # North: 200 + 400 x 3 + 200 = 1600 weighed, south 1800: through the water, 400 m more.
    assert lose(network, [(100, 705)], [1])["1-2"] == (1, 0, 0, 1, 400.0)
    deeper = flood_patches((100, 690, 500, 920, 2.0), (100, 700, 500, 710, 0.0))
    network = world(TWO_BLOCKS, shelters((500, 705)), deeper)
    # Now the 200 m up and down lie in water too: 2400 weighed, so south: 1400 m more.
    assert lose(network, [(100, 705)], [1])["1-2"] == (1, 0, 0, 1, pytest.approx(1400.0, abs=60))
    # The south takes 1636 s, the north 727 s.
    assert lose(network, [(100, 705)], [1], limit_s=900.0)["1-2"] == (1, 0, 0, 1, 400.0)
    assert lose(network, [(100, 705)], [1], limit_s=700.0)["1-2"] == (1, 1, 0, 0, 0.0)


def test_slower_people_are_delayed_by_more_and_stranded_sooner():
    network = world(BLOCK, AT_2)
    every = np.ones(1, dtype=bool)
    ways = find_ways(network, travel_at(network, "early"), points_of((100, 105)), every)
    options = {"departure": "early", "shelters": every, "pace": np.array([2.0])}
    losses = road_losses(network, ways, np.array([1]), time_limit_s=HOUR_S, **options)
    assert_allclose(losses.delay_person_s, [2 * 600 / WALK_MPS])
    losses = road_losses(network, ways, np.array([1]), time_limit_s=1800.0, **options)
    assert losses.stranded_people.tolist() == [1]


def test_nobody_and_nowhere_lose_nothing():
    network = world(BLOCK, AT_2)
    assert lose(network, [(100, 105)], [0]) == {}
    # A house at the shelter's node passes no road.
    assert lose(network, [(500, 105)], [5]) == {}


def test_tree_of_another_departure_is_refused():
    network = world(BLOCK, AT_2, flood_patches((150, 100, 200, 110, 2.0)))
    every = np.ones(1, dtype=bool)
    ways = find_ways(network, travel_at(network, "late"), points_of((100, 105)), every)
    with pytest.raises(ValueError, match="not searched"):
        road_losses(
            network, ways, np.array([1]), departure="early", shelters=every, time_limit_s=HOUR_S
        )


# --- the table -----------------------------------------------------------------------------------

ISLAND = {
    1: (100, 105),
    2: (500, 105),
    3: (500, 405),
    4: (100, 405),
    5: (900, 105),
    6: (100, 805),
}


@pytest.fixture(scope="module")
def island_plan():
    """Make a plan: a block, a bridge east to the shelter at 5, and a bridge north to nowhere."""
    graph = road_graph(
        ISLAND,
        (1, 2),
        (2, 3),
        (3, 4),
        (4, 1),
        (2, 5, {"bridge": "yes", "name": "Jembatan Timur"}),
        (4, 6, {"bridge": "yes", "name": "Jembatan Utara"}),
    )
    counts = np.zeros((10, 20))
    # Cells of 100 m whose centres are at (150, 150) and (450, 450): 20 and 30 people, all in water.
    counts[8, 1], counts[5, 4] = 20, 30
    return rg.plan_evacuation(
        villages(A=rect(0, 0, 2000, 1000)),
        flood_patches((100, 100, 200, 200, 1.0), (400, 400, 500, 500, 1.0)),
        people(counts, cell=100.0),
        graph,
        shelters((900, 105)),
    )


def test_ranks_the_bridge_that_strands_everyone_first(island_plan):
    table = rg.critical_roads(island_plan)
    assert table.columns.to_list() == [
        "rank",
        "road_id",
        "name",
        "highway",
        "bridge",
        "is_cut_edge",
        "people",
        "stranded_people",
        "cut_off_people",
        "delayed_people",
        "delay_person_min",
        "mean_delay_min",
        "length_m",
        "geometry",
    ]
    first = table.iloc[0]
    assert (first["rank"], first["name"], first["bridge"]) == (1, "Jembatan Timur", True)
    assert first["is_cut_edge"]
    assert (first["people"], first["stranded_people"], first["cut_off_people"]) == (50, 50, 50)
    assert np.isnan(first["mean_delay_min"])
    # The bridge nobody uses is listed with nothing lost; other roads nobody uses are not.
    last = table.iloc[-1]
    assert (last["name"], last["people"], last["stranded_people"]) == ("Jembatan Utara", 0, 0)
    assert last["delay_person_min"] == 0
    assert table["rank"].to_list() == list(range(1, len(table) + 1))
    assert not table.loc[~table["bridge"], "is_cut_edge"].any()
    assert table.crs == island_plan.roads.crs
    roads = island_plan.roads.set_index("road_id").loc[table["road_id"]]
    assert shapely.equals(np.asarray(table.geometry.array), np.asarray(roads.geometry.array)).all()
    assert_array_equal(table["length_m"], roads["length_m"])
    assert (table["people"].to_numpy() >= roads["evacuees_early"].to_numpy()).all()


def test_delay_of_the_block_is_that_on_paper(island_plan):
    table = rg.critical_roads(island_plan).set_index("road_id")
    # Without 1-2 the twenty at (150, 150) are 50 m from 4-1 or 45 m from 1-2: they go straight on
    # 350 m to 2, or back 50 m and round 1000 m: 700 m more.
    row = table.loc[0]
    assert (row["people"], row["delayed_people"], row["stranded_people"]) == (20, 20, 0)
    assert_allclose(row["mean_delay_min"], 700 / WALK_MPS / 60, atol=1e-6)
    assert_allclose(row["delay_person_min"], 20 * row["mean_delay_min"], atol=1e-4)


def test_count_keeps_the_worst_and_order_is_the_contract(island_plan):
    table = rg.critical_roads(island_plan)
    assert rg.critical_roads(island_plan, count=2).equals(table.head(2))
    keys = table[["stranded_people", "delay_person_min", "people"]].to_numpy()
    assert [tuple(key) for key in keys] == sorted(map(tuple, keys), reverse=True)


def test_late_is_another_question(island_plan):
    late = rg.critical_roads(island_plan, departure="late")
    assert (late["stranded_people"] <= late["people"]).all()
    assert not late.equals(rg.critical_roads(island_plan))


def test_what_cannot_be_answered_is_refused(island_plan):
    with pytest.raises(AssumptionError, match="departure 'both'"):
        rg.critical_roads(island_plan, departure="both")
    with pytest.raises(AssumptionError, match="count=0"):
        rg.critical_roads(island_plan, count=0)
    with pytest.raises(AssumptionError, match="without its workings"):
        rg.critical_roads(SimpleNamespace(workings=None))


# --- brute force on random networks --------------------------------------------------------------


def random_world(seed):
    """Make a jittered grid of roads, some doubled, some one-way, with water, shelters and homes."""
    rng = np.random.default_rng(seed)
    wide, high = rng.integers(2, 5, 2)
    nodes = {
        int(x * high + y): (
            150 + 250 * x + float(rng.uniform(-80, 80)),
            150 + 250 * y + float(rng.uniform(-80, 80)),
        )
        for x in range(wide)
        for y in range(high)
    }
    pairs = [
        (int(x * high + y), int(other))
        for x in range(wide)
        for y in range(high)
        for other in ((x + 1) * high + y, x * high + y + 1)
        if (other == x * high + y + 1 and y + 1 < high)
        or (other == (x + 1) * high + y and x + 1 < wide)
    ]
    roads = []
    for u, v in pairs:
        for _ in range(rng.choice([0, 1, 2], p=[0.15, 0.7, 0.15])):
            middle = (np.array(nodes[u]) + nodes[v]) / 2 + rng.uniform(-60, 60, 2)
            tags = {"oneway": bool(rng.random() < 0.2)}
            if rng.random() < 0.5:
                tags["via"] = (tuple(middle),)
            roads.append((u, v, tags))
    roads = roads or [(*pairs[0], {})]
    patches = []
    for _ in range(rng.integers(0, 5)):
        x, y = rng.integers(0, 100, 2)
        patch = (10 * x, 10 * y, 10 * x + rng.choice([50, 200]), 10 * y + rng.choice([50, 200]))
        patches.append((*map(float, patch), float(rng.choice([0.2, 0.4, 1.0]))))
    used = {node for road in roads for node in road[:2]}
    graph = road_graph({node: nodes[node] for node in used}, *roads)
    targets = shelters(*(tuple(rng.uniform(100, 1000, 2)) for _ in range(rng.integers(1, 4))))
    mode = "walk" if rng.random() < 0.7 else "car"
    hazard = flood_patches(*patches, width=2000.0, height=2000.0)
    network = world(graph, targets, hazard, mode=mode)
    places = [tuple(rng.uniform(50, 1050, 2)) for _ in range(10)]
    return network, points_of(*places), rng


def arcs_of(network, travel, lost):
    """Yield tail, head, cost and seconds of every open arc but those of a lost road."""
    stretches = network.stretches
    forward_s, backward_s, weight = travel.times
    for one in np.flatnonzero(travel.allowed & (stretches.road != lost)):
        start, end = int(stretches.start[one]), int(stretches.end[one])
        for tail, head, seconds in ((start, end, forward_s[one]), (end, start, backward_s[one])):
            if np.isfinite(seconds):
                yield tail, head, float(seconds * weight[one]), float(seconds)
    access = network.accesses[travel.key]
    for shelter, node, walk_m in zip(access.shelter, access.node, access.walk_m, strict=True):
        seconds = float(walk_m / network.assumptions.walking_speed_mps)
        yield int(node), int(stretches.n_nodes + shelter), seconds, seconds


def left_by_networkx(network, travel, lost, goals):
    """Return cost, seconds and path (from node to goal) of every node without a road."""
    graph = nx.DiGraph()
    graph.add_nodes_from(goals)
    for tail, head, cost, seconds in arcs_of(network, travel, lost):
        if not graph.has_edge(head, tail) or graph[head][tail]["cost"] > cost:
            graph.add_edge(head, tail, cost=cost, seconds=seconds)
    costs, paths = nx.multi_source_dijkstra(graph, set(goals), weight="cost")
    seconds = {
        node: sum(graph[a][b]["seconds"] for a, b in nx.utils.pairwise(path))
        for node, path in paths.items()
    }
    return costs, seconds, {node: path[::-1] for node, path in paths.items()}


def fastest_stretches(network, travel):
    """Return the stretch that is cheapest from a node to the next, by both."""
    stretches = network.stretches
    forward_s, backward_s, weight = travel.times
    found = {}
    for one in np.flatnonzero(travel.allowed).tolist():
        start, end = int(stretches.start[one]), int(stretches.end[one])
        for pair, seconds in (((start, end), forward_s[one]), ((end, start), backward_s[one])):
            cost = float(seconds * weight[one])
            if cost < found.get(pair, (np.inf, -1))[0]:
                found[pair] = (cost, one)
    return {pair: one for pair, (_, one) in found.items()}


def exits_of(network, travel, entry, lost, first_step):
    """Return node, cost and seconds by which one may leave the place of entry."""
    stretches = network.stretches
    forward_s, backward_s, weight = travel.times
    stretch, share, toward_end = entry
    to_start = backward_s[stretch] * share if share > 0 else 0.0
    to_end = forward_s[stretch] * (1 - share) if share < 1 else 0.0
    ends = {False: (int(stretches.start[stretch]), to_start)}
    ends[True] = (int(stretches.end[stretch]), to_end)
    if stretches.road[stretch] != lost:
        return [(node, seconds * weight[stretch], seconds) for node, seconds in ends.values()]
    found = []
    if share == (1.0 if toward_end else 0.0):
        found.append((ends[toward_end][0], 0.0, 0.0))
        if first_step == stretch:
            toward_end = not toward_end
    node, seconds = ends[not toward_end]
    cost = seconds * weight[stretch]
    found.append((node, cost, seconds))
    road = np.flatnonzero(stretches.road == lost)
    while True:
        if toward_end:
            behind = road[stretches.end_m[road] == stretches.start_m[stretch]]
        else:
            behind = road[stretches.start_m[road] == stretches.end_m[stretch]]
        if behind.size == 0 or not travel.allowed[behind[0]]:
            return found
        stretch = behind[0]
        step_s = (backward_s if toward_end else forward_s)[stretch]
        node = int((stretches.start if toward_end else stretches.end)[stretch])
        cost, seconds = cost + step_s * weight[stretch], seconds + step_s
        found.append((node, cost, seconds))


def brute_force(network, departure, parts, usable, limit_s, left=left_by_networkx, only=None):
    """Lose each road by taking it out and searching again.

    `parts` are (travel, goals, ways, people). Returns people, stranded, cut off, delayed and
    person-seconds of each road that is passed.
    """
    direct = travel_at(network, departure, weighed=False)
    every = (network.stretches.n_nodes + np.flatnonzero(usable)).tolist()
    searched, drawn = {}, {}

    def after(travel, lost, goals):
        key = (id(travel), lost, tuple(goals))
        if key not in searched:
            searched[key] = left(network, travel, lost, goals)
        return searched[key]

    def best(travel, goals, entry, lost, first):
        costs, seconds, _ = after(travel, lost, goals)
        found = [
            (cost + costs[node], so_far + seconds[node])
            for node, cost, so_far in exits_of(network, travel, entry, lost, first)
            if node in costs
        ]
        return min(found, default=(np.inf, np.inf))[1]

    result = {}
    for travel, goals, ways, counts in parts:
        between = drawn.setdefault(id(travel), fastest_stretches(network, travel))
        for way in np.flatnonzero((ways.shelter >= 0) & (counts > 0)):
            entry = int(ways.stretch[way]), float(ways.share[way]), bool(ways.toward_end[way])
            passed, first = roads_passed(network, after(travel, -1, goals)[2], between, entry)
            walk_s = ways.walk_to_road_m[way] / network.assumptions.walking_speed_mps
            people_here = int(counts[way])
            for lost in passed if only is None else passed & only:
                time_s = walk_s + best(travel, goals, entry, lost, first)
                if time_s > limit_s + 1e-6:
                    time_s = walk_s + best(direct, goals, entry, lost, first)
                stranded = time_s > limit_s + 1e-6 or time_s == np.inf
                cut_off = stranded and best(direct, every, entry, lost, first) == np.inf
                extra_s = 0.0 if stranded else time_s - ways.travel_time_s[way]
                delayed = extra_s > 1e-6
                row = np.array([1.0, stranded, cut_off, delayed, extra_s * delayed])
                result[lost] = result.get(lost, 0.0) + people_here * row
    return result


def roads_passed(network, paths, between, entry):
    """Return the roads a way runs over, and the stretch it runs over after its entry, or None."""
    stretches = network.stretches
    stretch, share, toward_end = entry
    path = paths[int((stretches.end if toward_end else stretches.start)[stretch])]
    steps = [between.get(pair) for pair in nx.utils.pairwise(path)]
    passed = {int(stretches.road[one]) for one in steps if one is not None}
    if share != (1.0 if toward_end else 0.0):
        passed.add(int(stretches.road[stretch]))
    return passed, steps[0] if steps else None


def assert_same(losses, expected):
    assert losses.road.tolist() == sorted(expected)
    rows = np.array([expected[road] for road in sorted(expected)]).reshape(-1, 5)
    assert_array_equal(losses.people, rows[:, 0])
    assert_array_equal(losses.stranded_people, rows[:, 1])
    assert_array_equal(losses.cut_off_people, rows[:, 2])
    assert_array_equal(losses.delayed_people, rows[:, 3])
    assert_allclose(losses.delay_person_s, rows[:, 4], rtol=1e-9, atol=1e-3)


def searches(network, travels, points, usable):
    """Return ways to the nearest shelter and to each single one, on each network."""
    n_nodes, every = network.stretches.n_nodes, np.arange(network.n_shelters)
    goals = [every] if every.size == 1 else [every, *([one] for one in every)]
    return [
        (travel, (n_nodes + np.asarray(goal)).tolist(), find_ways(network, travel, points, chosen))
        for travel in travels
        for goal in goals
        for chosen in [np.isin(every, goal) & usable]
    ]


@given(
    seed=st.integers(0, 2**32 - 1),
    departure=st.sampled_from(("early", "late")),
    limit_s=st.sampled_from((400.0, 900.0, 1800.0, np.inf)),
    small=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_losses_of_random_networks_are_those_of_brute_force(seed, departure, limit_s, small):
    network, points, rng = random_world(seed)
    usable = np.ones(network.n_shelters, dtype=bool)
    travels = [travel_at(network, departure)]
    if departure == "early":
        travels.append(travel_at(network, departure, weighed=False))
    parts = [
        (travel, goals, ways, np.where(ways.travel_time_s <= limit_s, rng.integers(0, 9, 10), 0))
        for travel, goals, ways in searches(network, travels, points, usable)
    ]
    ways, _ = joined([part[2] for part in parts])
    counts = np.concatenate([part[3] for part in parts])
    with pytest.MonkeyPatch.context() as patch:
        if small:
            # Blocks of a few nodes, and searches that widen again and again.
            patch.setattr(replacement_ways, "_NODES_AT_ONCE", 5)
            patch.setattr(road_losses_room, "_FIRST_DETOUR", 1.0)
            patch.setattr(road_losses_room, "_FIRST_DETOUR_S", 0.0)
            patch.setattr(road_losses_room, "_WIDENING", 1.2)
        losses = road_losses(
            network, ways, counts, departure=departure, shelters=usable, time_limit_s=limit_s
        )
    assert_same(losses, brute_force(network, departure, parts, usable, limit_s))


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_subtrees_lie_together_behind_their_roots(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 40))
    graph = nx.gnm_random_graph(size, int(rng.integers(1, 3 * size)), seed=seed, directed=True)
    tail, head = np.array([*graph.edges, (0, 1)]).T
    arcs = Arcs(tail, head, rng.uniform(0, 1, tail.size).round(1), size)
    goals = np.unique(rng.integers(0, size, 2))
    tree = nearest_targets(search_graph(arcs), goals)
    near = near_tree(tree, road_arcs(arcs, arcs.cost, np.arange(tail.size)), 1.5)
    assert_array_equal(near.node, np.flatnonzero(tree.cost <= 1.5))
    assert sorted(near.place) == list(range(1, near.node.size + 1))
    for root in range(near.node.size):
        members = {root}
        while True:
            more = {one for one in range(near.node.size) if near.ahead[one] in members}
            if more <= members:
                break
            members |= more
        begin = near.place[root]
        assert {near.place[one] for one in members} == {*range(begin, begin + near.size[root])}
    assert_allclose(near.seconds, near.cost)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_cut_edges_are_the_roads_without_which_the_network_has_more_pieces(seed):
    rng = np.random.default_rng(seed)
    start, end = rng.integers(0, 12, (2, 16))
    usable = rng.random(16) < 0.9
    roads = SimpleNamespace(start=start, end=end, n_roads=16)

    def pieces(kept):
        graph = nx.MultiGraph()
        graph.add_nodes_from(range(12))
        graph.add_edges_from(zip(start[kept], end[kept], strict=True))
        return nx.number_connected_components(graph)

    some = np.flatnonzero(usable)
    expected = [usable[road] and pieces(some[some != road]) > pieces(some) for road in range(16)]
    assert cut_edges(roads, usable).tolist() == expected


# --- a kelurahan ---------------------------------------------------------------------------------


class _Paths:
    """Paths of nodes to a goal, followed when they are asked for."""

    def __init__(self, before):
        self.before = before

    def __getitem__(self, node):
        path = [node]
        while self.before[path[-1]] >= 0:
            path.append(int(self.before[path[-1]]))
        return path


def left_by_scipy(network, travel, lost, goals):
    """As `left_by_networkx`, on arrays."""
    stretches = network.stretches
    forward_s, backward_s, weight = travel.times
    some = np.flatnonzero(travel.allowed & (stretches.road != lost))
    access = network.accesses[travel.key]
    walk_s = access.walk_m / network.assumptions.walking_speed_mps
    start, end = stretches.start[some], stretches.end[some]
    tail = np.concatenate([start, end, access.node])
    head = np.concatenate([end, start, stretches.n_nodes + access.shelter])
    seconds = np.concatenate([forward_s[some], backward_s[some], walk_s])
    cost = seconds * np.concatenate([weight[some], weight[some], np.ones(walk_s.size)])
    order = np.lexsort((cost, tail, head))
    order = order[np.isfinite(cost[order])]
    first = np.append(True, (np.diff(tail[order]) != 0) | (np.diff(head[order]) != 0))
    tail, head, cost, seconds = (values[order[first]] for values in (tail, head, cost, seconds))
    size = stretches.n_nodes + network.n_shelters
    # Zeros would be no arcs.
    matrix = sparse.csr_array((np.maximum(cost, 1e-12), (head, tail)), shape=(size, size))
    costs, before, _ = dijkstra(matrix, indices=goals, min_only=True, return_predecessors=True)
    key = head * size + tail
    so_far = np.zeros(size)
    for node in np.argsort(costs):
        if before[node] >= 0 and np.isfinite(costs[node]):
            arc = np.searchsorted(key, before[node] * size + node)
            so_far[node] = so_far[before[node]] + seconds[arc]
    finite = np.flatnonzero(np.isfinite(costs)).tolist()
    return (
        dict(zip(finite, costs[finite].tolist(), strict=True)),
        dict(zip(finite, so_far[finite].tolist(), strict=True)),
        _Paths(before),
    )


@pytest.mark.real_data
@pytest.mark.parametrize("departure", ["early", "late"])
def test_kapuk_loses_what_it_loses_by_brute_force(kapuk_plan, departure):
    table = rg.critical_roads(kapuk_plan, departure=departure)
    network = kapuk_plan.workings.network
    served = kapuk_plan.workings.served[departure]
    ways, usable = served.ways, kapuk_plan.workings.places.usable
    rules = [travel_at(network, departure, weighed=weighed) for weighed in (True, False)]
    parts = []
    for number in np.unique(ways.tree[ways.shelter >= 0]):
        tree, _ = ways.trees[int(number)]
        rows = np.flatnonzero((ways.tree == number) & (ways.shelter >= 0))
        travel = next(
            one for one in rules if np.array_equal(one.graph.matrix.data, tree.graph.matrix.data)
        )
        goals = [int(network.stretches.n_nodes + ways.shelter[rows[0]])]
        mine = SimpleNamespace(
            **{
                field.name: getattr(ways, field.name)[rows]
                for field in fields(ways)
                if field.name != "trees"
            }
        )
        parts.append((travel, goals, mine, served.people[rows]))
    # The worst, those that delay most, and some of the rest.
    only = set(table["road_id"].head(6)) | set(table.nlargest(3, "delayed_people")["road_id"])
    only |= set(table["road_id"].iloc[6::50].head(8))
    limit_s = kapuk_plan.assumptions.time_limit_min * 60.0
    expected = brute_force(network, departure, parts, usable, limit_s, left_by_scipy, only)
    assert len(expected) == len(only) > 5
    found = table.set_index("road_id").loc[sorted(expected)]
    rows = np.array([expected[road] for road in sorted(expected)])
    names = ["people", "stranded_people", "cut_off_people", "delayed_people"]
    assert_array_equal(found[names], rows[:, :4])
    assert_allclose(found["delay_person_min"], rows[:, 4] / 60, rtol=1e-6, atol=1e-4)
    assert found["stranded_people"].sum() > 0
    assert found["delayed_people"].sum() > 0


@pytest.fixture(scope="module")
def kapuk_plan(real_data):
    folder = real_data / "jakarta"
    every = rg.read_villages(folder / "kelurahan_jakarta.shp")
    kapuk = every[every["village_name"].str.upper() == "KAPUK"]
    return rg.plan_evacuation(
        kapuk,
        rg.read_hazard(folder / "Flood_Current_Depth_Jakarta_geographic.asc", unit="m"),
        rg.read_population(
            folder / "Population_Jakarta_geographic.asc", unit="people_per_ha", scale=0.1
        ),
        rg.read_roads(folder / "jakarta_roads.shp", within=kapuk, buffer_m=3000),
        rg.read_shelters(folder / "shelters_standin.geojson"),
    )
