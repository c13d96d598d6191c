"""Second ways: answers worked out on paper, then against every way there is, then Jakarta."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import resilience_geo as rg
from resilience_geo.analysis.coverage import shelter_points, shelter_status
from resilience_geo.analysis.evacuation_network import build_network, find_ways, travel_at
from resilience_geo.analysis.least_shared import arcs_to_shelters
from resilience_geo.analysis.network import road_arrays
from resilience_geo.analysis.second_ways import second_ways
from resilience_geo.analysis.unavoidable import unavoidable_roads
from resilience_geo.analysis.way_lines import draw_ways, steps_of
from resilience_geo.analysis.way_steps import Steps
from tests.analysis.toys import WALK_MPS, at, flood_patches, road_graph

DRY = flood_patches()
HOUR_S = 3600.0


@dataclass(frozen=True)
class Answer:
    """Second ways of homes, with what they were found on."""

    network: object
    travel: object
    ways: object
    chosen: object
    second: object
    homes: object
    places: object

    def road(self, row=0):
        """Return the osmid of the road a home hangs on."""
        position = self.second.hangs_on_road[row]
        return self.network.roads.osmid[position] if position >= 0 else None

    def shown(self, row=0):
        """Return the second way as drawn, in the metres of the toy."""
        rows = np.array([row])
        line = draw_ways(
            self.network,
            self.second.ways,
            rows,
            self.homes[self.chosen],
            self.places,
            self.second.steps(rows),
        )[0]
        return shapely.get_coordinates(line) - at(0, 0)


def points_at(places):
    return np.array([shapely.Point(at(*place)) for place in places], dtype=object)


def answer(graph, homes, targets, *, hazard=DRY, departure="early", limit_s=HOUR_S, **options):
    """Find second ways of homes; `takes` and `usable` say which shelters are for whom."""
    takes = np.array(options.pop("takes", [True] * len(targets)))
    usable = np.array(options.pop("usable", takes))
    assumptions = rg.EvacuationAssumptions(**options)
    homes, places = points_at(homes), points_at(targets)
    network = build_network(road_arrays(graph), hazard, places, assumptions)
    travel = travel_at(network, departure)
    ways = find_ways(network, travel, homes, takes)
    chosen = np.flatnonzero(ways.shelter >= 0)
    second = second_ways(network, travel, ways, chosen, usable, limit_s=limit_s)
    return Answer(network, travel, ways, chosen, second, homes, places)


# A block of 400 m by 200 m; the road along the south and the one along the north are one each.
BLOCK = {1: (100, 105), 2: (500, 105), 3: (500, 305), 4: (100, 305)}
RING = ((1, 2), (2, 3), (3, 4), (4, 1))


def test_round_a_block_the_two_ways_share_nothing():
    # From (200, 105) east to (500, 205): 300 + 100 = 400; west about: 100 + 200 + 400 + 100 = 800.
    found = answer(road_graph(BLOCK, *RING), [(200, 105)], [(500, 205)])
    assert_allclose(found.ways.distance_m, 400)
    assert found.second.has_second[0]
    assert found.second.shared_m[0] == 0
    assert_allclose(found.second.first_road_m, 400)
    assert_allclose(found.second.ways.distance_m, 800)
    assert_allclose(found.second.ways.travel_time_s, 800 / WALK_MPS)
    assert found.second.unavoidable_m[0] == 0
    assert found.road() is None
    corners = [(200, 105), (100, 105), (100, 305), (500, 305), (500, 205)]
    assert_allclose(found.shown(), corners, atol=1e-6)


def test_walks_at_both_ends_count_in_the_second_way_too():
    # 30 m to the road and 40 m from it, on either way.
    found = answer(road_graph(BLOCK, *RING), [(200, 75)], [(540, 205)])
    assert_allclose(found.ways.distance_m, 30 + 400 + 40)
    assert_allclose(found.second.ways.distance_m, 30 + 800 + 40)
    assert_allclose(found.second.ways.travel_time_s, (30 + 800 + 40) / WALK_MPS)
    assert_allclose(found.second.first_road_m, 400)


def test_a_lane_without_another_end_is_shared_and_named():
    # The lane joins the block at 1; the house is 80 m up it.
    nodes = BLOCK | {5: (100, 5)}
    graph = road_graph(nodes, *RING, (1, 5, {"osmid": 77}))
    found = answer(graph, [(100, 25)], [(500, 205)])
    assert_allclose(found.second.shared_m, 80)
    assert_allclose(found.second.unavoidable_m, 80)
    assert found.road() == "77"
    assert found.second.has_second[0]
    assert_allclose(found.second.first_road_m, 80 + 400 + 100)
    assert_allclose(found.second.ways.distance_m, 80 + 200 + 400 + 100)


@pytest.mark.parametrize("home", [(150, 105), (250, 105), (350, 105)])
def test_what_hangs_on_one_bridge_has_no_second_way_and_the_bridge_is_named(home):
    # One road in three parts; the middle one, 50 m, is the bridge; the last part is the longest.
    nodes = {1: (100, 105), 2: (300, 105), 3: (350, 105), 4: (900, 105)}
    parts = ((1, 2, {"osmid": 1}), (2, 3, {"osmid": 2, "bridge": "yes"}), (3, 4, {"osmid": 3}))
    found = answer(road_graph(nodes, *parts), [home], [(900, 105)])
    assert not found.second.has_second[0]
    assert_allclose(found.second.shared_m, 900 - home[0])
    assert_allclose(found.second.unavoidable_m, 900 - home[0])
    assert_allclose(found.second.first_road_m, 900 - home[0])
    # Who lives beyond the bridge hangs on the road alone.
    assert found.road() == ("2" if home[0] < 350 else "3")
    assert found.second.ways.shelter[0] == -1
    assert np.isinf(found.second.ways.travel_time_s[0])
    assert found.second.route[0] == -1


def test_of_two_bridges_the_nearer_is_named_and_without_one_the_longest_road():
    nodes = {n: (100 + 200 * n, 105) for n in range(5)}
    tags = [{"osmid": n, "bridge": "yes"} if n in {1, 2} else {"osmid": n} for n in range(4)]
    two_bridges = road_graph(nodes, *((n, n + 1, tags[n]) for n in range(4)))
    assert answer(two_bridges, [(150, 105)], [(900, 105)]).road() == "1"
    # 100 m, 300 m, 200 m: the second is the longest part.
    nodes = {0: (100, 105), 1: (200, 105), 2: (500, 105), 3: (700, 105)}
    plain = road_graph(nodes, *((n, n + 1, {"osmid": n}) for n in range(3)))
    assert answer(plain, [(100, 105)], [(700, 105)]).road() == "1"
    # From the house 180 m before the end of that part, the last part is longer.
    assert answer(plain, [(320, 105)], [(700, 105)]).road() == "2"


def test_parts_of_one_road_count_together_when_the_longest_is_sought():
    # Water parts the first road into 150 + 100 + 150 m; together they beat the 300 m after it.
    nodes = {0: (100, 105), 1: (500, 105), 2: (800, 105)}
    graph = road_graph(nodes, (0, 1, {"osmid": 5}), (1, 2, {"osmid": 6}))
    water = flood_patches((250, 100, 350, 110, 1.0))
    found = answer(graph, [(100, 105)], [(800, 105)], hazard=water)
    assert found.network.stretches.road.size > 2
    assert_allclose(found.second.unavoidable_m, 700)
    assert found.road() == "5"


def test_a_parallel_road_is_a_second_way():
    # From 1 to 2: straight 400 m, or by (300, 205): 2 x hypot(200, 100).
    nodes = {0: (50, 105), 1: (100, 105), 2: (500, 105)}
    graph = road_graph(nodes, (0, 1), (1, 2), (1, 2, {"via": [(300, 205)]}))
    found = answer(graph, [(100, 105)], [(500, 105)])
    assert found.second.shared_m[0] == 0
    assert_allclose(found.second.ways.distance_m, 2 * np.hypot(200, 100))
    assert found.road() is None
    # From 50 m before the fork these are shared.
    found = answer(graph, [(50, 105)], [(500, 105)])
    assert_allclose(found.second.shared_m, 50)
    assert_allclose(found.second.unavoidable_m, 50)


def test_the_second_way_leaves_by_the_other_end_for_another_shelter():
    graph = road_graph({1: (100, 105), 2: (900, 105)}, (1, 2))
    found = answer(graph, [(400, 105)], [(100, 105), (900, 105)])
    assert found.ways.shelter[0] == 0
    assert found.second.ways.shelter[0] == 1
    assert found.second.ways.toward_end[0] != found.ways.toward_end[0]
    assert found.second.shared_m[0] == 0
    assert_allclose(found.second.ways.distance_m, 500)
    assert found.road() is None
    assert found.second.unavoidable_m[0] == 0


def test_a_shelter_that_is_full_ends_a_second_way_but_one_that_is_not_usable_does_not():
    graph = road_graph({1: (100, 105), 2: (900, 105)}, (1, 2))
    places = [(100, 105), (900, 105)]
    full = answer(graph, [(400, 105)], places, takes=[True, False], usable=[True, True])
    assert full.second.ways.shelter[0] == 1
    unsafe = answer(graph, [(400, 105)], places, takes=[True, False], usable=[True, False])
    assert not unsafe.second.has_second[0]
    assert_allclose(unsafe.second.unavoidable_m, 300)


def test_a_shelter_farther_along_the_first_way_is_no_second_way():
    # The second shelter lies behind the first on the only road: nothing is left out.
    graph = road_graph({1: (100, 105), 2: (900, 105)}, (1, 2))
    found = answer(graph, [(100, 105)], [(500, 105), (900, 105)])
    assert found.ways.shelter[0] == 0
    assert not found.second.has_second[0]
    assert_allclose(found.second.shared_m, 400)


def test_fewest_shared_metres_come_before_time():
    # From 1 to 4: by 2, 300 m in all. Two others: leave the first way at 2 and be 100 m + 400 m
    # (shares 100 m), or leave it at once for 900 m (shares nothing).
    nodes = {1: (100, 105), 2: (200, 105), 4: (400, 105)}
    roads = [(1, 2), (2, 4), (2, 4, {"length": 400.0, "via": [(300, 155)]})]
    graph = road_graph(nodes, *roads, (1, 4, {"length": 900.0, "via": [(250, 305)]}))
    found = answer(graph, [(100, 105)], [(400, 105)])
    assert_allclose(found.ways.distance_m, 300)
    assert found.second.shared_m[0] == 0
    assert_allclose(found.second.ways.distance_m, 900)
    # With time for 600 m only, the way that shares 100 m is what can be had.
    found = answer(graph, [(100, 105)], [(400, 105)], limit_s=600 / WALK_MPS)
    assert_allclose(found.second.shared_m, 100)
    assert_allclose(found.second.ways.distance_m, 500)
    # With time for 450 m there is no second way, though no road is unavoidable.
    found = answer(graph, [(100, 105)], [(400, 105)], limit_s=450 / WALK_MPS)
    assert not found.second.has_second[0]
    assert_allclose(found.second.shared_m, 300)
    assert found.second.unavoidable_m[0] == 0
    assert found.road() is None


def test_a_faster_way_to_a_crossing_is_kept_though_it_shares_more():
    # A lane of 50 m to 1, two roads from 1 to 2 (100 and 500 m) and two from 2 to 3 (150 and
    # 300 m); the first way is 50 + 100 + 150. In 850 m only the lane is shared. Within 750 m the
    # choice at 2 lies between having shared the lane after 550 m, which leaves time only for the
    # first way's 150 m, and having shared 150 m after 150 m, which leaves time for the other
    # 300 m: 150 m are fewer than 200 m.
    nodes = {0: (50, 105), 1: (100, 105), 2: (200, 105), 3: (350, 105)}
    graph = road_graph(
        nodes,
        (0, 1),
        (1, 2),
        (1, 2, {"length": 500.0, "via": [(150, 205)]}),
        (2, 3),
        (2, 3, {"length": 300.0, "via": [(250, 205)]}),
    )
    found = answer(graph, [(50, 105)], [(350, 105)])
    assert_allclose(found.second.shared_m, 50)
    assert_allclose(found.second.ways.distance_m, 850)
    found = answer(graph, [(50, 105)], [(350, 105)], limit_s=750 / WALK_MPS)
    assert_allclose(found.second.shared_m, 150)
    assert_allclose(found.second.ways.distance_m, 450)


@pytest.mark.parametrize(("bend_to", "distance_m"), [(805, 500), (45, 320)])
def test_of_both_sides_that_share_alike_the_cheaper_is_taken(bend_to, distance_m):
    # From the middle of 1-2 (100 m) east: 50 + 100 (2-3) + 50 (3-4) = 200. West about 1-3 (400 m)
    # the last 50 m are shared: 50 + 400 + 50. East again the first 50 m are shared, and a bend
    # leads from 2 to 4: 50 + 2 x 700 + 150, or 50 + 2 x 60 + 150.
    nodes = {1: (100, 105), 2: (200, 105), 3: (300, 105), 4: (350, 105)}
    graph = road_graph(
        nodes,
        (1, 2),
        (2, 3),
        (3, 4),
        (1, 3, {"via": [(100, 205), (300, 205)]}),
        (2, 4, {"via": [(200, bend_to), (350, bend_to)]}),
    )
    found = answer(graph, [(150, 105)], [(350, 105)])
    assert_allclose(found.ways.distance_m, 200)
    assert_allclose(found.second.shared_m, 50)
    assert_allclose(found.second.ways.distance_m, distance_m)
    assert found.road() is None


def test_neighbours_of_one_group_each_have_their_own_limit():
    # Both set out east from the southern road; west about it is 100 m longer for the farther one.
    found = answer(
        road_graph(BLOCK, *RING),
        [(200, 105), (300, 105)],
        [(500, 205)],
        limit_s=np.array([850.0, 850.0]) / WALK_MPS,
    )
    assert_array_equal(found.second.has_second, [True, False])
    assert_allclose(found.second.ways.distance_m[0], 800)
    found = answer(
        road_graph(BLOCK, *RING),
        [(200, 105), (300, 105)],
        [(500, 205)],
        limit_s=np.array([750.0, 950.0]) / WALK_MPS,
    )
    assert_array_equal(found.second.has_second, [False, True])
    assert_allclose(found.second.ways.distance_m[1], 900)


def test_the_same_road_walked_the_other_way_is_shared():
    # 1-2-3 leads to the shelter at 3. The only other way out of 2 comes back to 1: from a house at
    # 2 nothing avoids 2-3; from 1 the loop by 4 leads to 2 again.
    nodes = {1: (100, 105), 2: (300, 105), 3: (500, 105), 4: (200, 205)}
    graph = road_graph(nodes, (1, 2), (2, 3), (1, 4), (4, 2))
    found = answer(graph, [(100, 105), (300, 105)], [(500, 105)])
    assert_allclose(found.second.shared_m, [200, 200])
    assert_allclose(found.second.unavoidable_m, [200, 200])
    assert_array_equal(found.second.has_second, [True, False])
    assert_allclose(found.second.ways.distance_m[0], 2 * np.hypot(100, 100) + 200)


def test_late_what_is_closed_is_no_second_way_and_early_its_hazard_is_stated():
    # The north of the block stands in 1 m of water for 100 m.
    water = flood_patches((200, 300, 300, 310, 1.0))
    graph = road_graph(BLOCK, *RING)
    early = answer(graph, [(200, 105)], [(500, 205)], hazard=water)
    assert early.second.shared_m[0] == 0
    assert_allclose(early.second.ways.hazardous_m, 100)
    assert_allclose(early.second.ways.travel_time_s, 800 / WALK_MPS)
    late = answer(graph, [(200, 105)], [(500, 205)], hazard=water, departure="late")
    assert not late.second.has_second[0]
    assert_allclose(late.second.unavoidable_m, 400)


def test_among_ways_that_share_nothing_the_dry_one_is_taken_unless_it_takes_too_long():
    # Straight 400 m; a bend of 600 m with 100 m under water (weighs 600 + 2 x 100 = 800); 700 m
    # dry. Where only 650 m can be walked in time, the wet one is taken.
    nodes = {1: (100, 105), 2: (500, 105)}
    graph = road_graph(
        nodes,
        (1, 2),
        (1, 2, {"via": [(100, 205), (500, 205)]}),
        (1, 2, {"via": [(100, 255), (500, 255)]}),
    )
    water = flood_patches((250, 200, 350, 210, 1.0))
    dry = answer(graph, [(100, 105)], [(500, 105)], hazard=water)
    assert_allclose(dry.second.ways.distance_m, 700)
    assert dry.second.ways.hazardous_m[0] == 0
    wet = answer(graph, [(100, 105)], [(500, 105)], hazard=water, limit_s=650 / WALK_MPS)
    assert_allclose(wet.second.ways.distance_m, 600)
    assert_allclose(wet.second.ways.hazardous_m, 100)


def test_a_house_at_the_door_of_a_shelter_needs_no_road():
    graph = road_graph(BLOCK, *RING)
    found = answer(graph, [(500, 215)], [(490, 215)])
    assert_allclose(found.second.first_road_m, 0, atol=1e-3)
    assert found.second.has_second[0]
    assert found.second.shared_m[0] == 0
    assert found.road() is None


def test_one_way_streets_make_a_road_unavoidable_for_cars_but_not_on_foot():
    # By car the block leads round 1-2-3-4 only; shelter at 3: who lives at 1 must pass 2.
    graph = road_graph(BLOCK, *((u, v, {"oneway": True}) for u, v in RING))
    on_foot = answer(graph, [(100, 105)], [(500, 305)])
    assert on_foot.second.shared_m[0] == 0
    by_car = answer(graph, [(100, 105)], [(500, 305)], mode="car")
    assert not by_car.second.has_second[0]
    assert_allclose(by_car.second.unavoidable_m, 600)


def test_no_ways_and_no_shelters_are_no_trouble():
    graph = road_graph(BLOCK, *RING)
    none = answer(graph, [], [(500, 205)])
    assert none.second.has_second.shape == (0,)
    assert none.second.steps(np.empty(0, dtype=np.int64)).owner.size == 0
    nowhere = answer(graph, [(200, 105)], [(500, 205)], takes=[True], usable=[False])
    assert not nowhere.second.has_second[0]
    assert_allclose(nowhere.second.shared_m, 400)


def test_steps_given_are_used_and_may_hold_other_ways():
    found = answer(road_graph(BLOCK, *RING), [(200, 105), (450, 305)], [(500, 205)])
    owner, stretch, forward = steps_of(found.network, found.ways, found.chosen)
    alone = np.array([1])
    given = second_ways(
        found.network,
        found.travel,
        found.ways,
        alone,
        np.array([True]),
        limit_s=HOUR_S,
        steps=Steps(found.chosen[owner], stretch, forward),
    )
    assert_allclose(given.ways.distance_m, found.second.ways.distance_m[alone])
    # 50 + 100 m the short way; 400 + 200 + 400 + 100 - 50 the other.
    assert_allclose(given.ways.distance_m, 1050)


# Small random worlds, solved by walking every way there is.

SEEDS = st.integers(0, 2**32 - 1)
ROOMY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MM = 1000


def world(rng, *, one_way=0.0):
    """Make a few crossings with roads between them, some twice, some over bridges."""
    count = int(rng.integers(3, 7))
    nodes = {n: (float(x), float(y)) for n, (x, y) in enumerate(rng.uniform(100, 900, (count, 2)))}
    # A tree, so that most is joined, and some roads besides.
    pairs = [(int(rng.integers(n)), n) for n in range(1, count)]
    pairs += [tuple(map(int, rng.choice(count, 2, False))) for _ in range(rng.integers(0, 6))]
    roads = []
    for number, (u, v) in enumerate(pairs):
        tags = {"osmid": number, "via": [tuple(rng.uniform(100, 900, 2))]}
        if rng.random() < 0.2:
            tags["bridge"] = "yes"
        if rng.random() < one_way:
            tags["oneway"] = True
        roads.append((u, v, tags))
    return nodes, roads


def wet(rng):
    """Make one patch of water somewhere."""
    x, y = rng.uniform(100, 700, 2).round(-1)
    return flood_patches((x, y, x + 200, y + 200, float(rng.choice([0.2, 1.0]))))


def add(graph, travel, ends, part, seconds):
    """Add an edge over part of a stretch where one may go."""
    if np.isfinite(seconds):
        cost = seconds * travel.times[2][part[0]]
        graph.add_edge(*ends, stretch=part[0], covers=part[1], s=seconds, cost=cost)


def door(graph, found, row):
    """Add the house to a graph, with its ways to both ends of the stretch it stands on."""
    stretches, travel, way = found.network.stretches, found.travel, found.chosen[row]
    entry, share = int(found.ways.stretch[way]), float(found.ways.share[way])
    forward, backward, _ = travel.times
    to_start = backward[entry] * share if share else 0.0
    to_end = forward[entry] * (1 - share) if share < 1 else 0.0
    add(graph, travel, ("home", int(stretches.start[entry])), (entry, (0, share)), to_start)
    add(graph, travel, ("home", int(stretches.end[entry])), (entry, (share, 1)), to_end)


def whole_graph(found, usable, row):
    """Return every stretch as edges, with the house as `home` and all shelters as `goal`.

    `covers` says which part of the stretch an edge passes, as shares of it.
    """
    network, travel = found.network, found.travel
    stretches = network.stretches
    forward, backward, _ = travel.times
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(["home", "goal"])
    for stretch in np.flatnonzero(travel.allowed).tolist():
        start, end = int(stretches.start[stretch]), int(stretches.end[stretch])
        add(graph, travel, (start, end), (stretch, (0, 1)), forward[stretch])
        add(graph, travel, (end, start), (stretch, (0, 1)), backward[stretch])
    door(graph, found, row)
    access = network.accesses[travel.key]
    for shelter, node, walk_m in zip(access.shelter, access.node, access.walk_m, strict=True):
        if usable[shelter]:
            seconds = walk_m / WALK_MPS
            graph.add_edge(int(node), "goal", stretch=-1, covers=(0, 1), s=seconds, cost=seconds)
    return graph


def first_covers(found, row):
    """Return which part of each stretch the first way passes, as shares of it."""
    way = found.chosen[row]
    _, passed, _ = steps_of(found.network, found.ways, np.array([way]))
    share = float(found.ways.share[way])
    entry = int(found.ways.stretch[way])
    covers = {entry: (share, 1) if found.ways.toward_end[way] else (0, share)}
    # Who enters at the end of a stretch may still walk all of it afterwards.
    return covers | {int(stretch): (0, 1) for stretch in passed}


def length_mm(found, stretch, covers=(0, 1)):
    return round(float(found.network.stretches.length_m[stretch]) * (covers[1] - covers[0]) * MM)


def shared_mm(found, first, edge):
    """Return what an edge has in common with the first way (mm)."""
    if edge["stretch"] not in first:
        return 0
    one, other = first[edge["stretch"]], edge["covers"]
    begin, end = max(one[0], other[0]), min(one[1], other[1])
    return length_mm(found, edge["stretch"], (begin, max(begin, end)))


def whole_first_mm(found, first):
    return sum(length_mm(found, stretch, covers) for stretch, covers in first.items())


def every_way(found, usable, row):
    """Return (shared mm, cost, seconds) of every way without a loop."""
    graph = whole_graph(found, usable, row)
    first = first_covers(found, row)
    results = []
    for path in nx.all_simple_edge_paths(graph, "home", "goal"):
        edges = [graph.edges[edge] for edge in path]
        shared = sum(shared_mm(found, first, edge) for edge in edges)
        results.append((shared, sum(e["cost"] for e in edges), sum(e["s"] for e in edges)))
    return results


def cost_of(found, row):
    """Return cost and seconds of a second way as found, step by step, and check that it joins."""
    network, travel, second = found.network, found.travel, found.second
    stretches = network.stretches
    times, weight = travel.times[:2], travel.times[2]
    steps = second.steps(np.array([row]))
    ways = second.ways
    entry, ahead = ways.stretch[row], ways.toward_end[row]
    share = 1 - ways.share[row] if ahead else ways.share[row]
    seconds = [share * times[0 if ahead else 1][entry]] if share else [0.0]
    cost = [seconds[0] * weight[entry]]
    node = stretches.end[entry] if ahead else stretches.start[entry]
    for stretch, forward in zip(steps.stretch, steps.forward, strict=True):
        assert travel.allowed[stretch]
        ends = (stretches.start[stretch], stretches.end[stretch])
        assert ends[0 if forward else 1] == node
        node = ends[1 if forward else 0]
        seconds.append(times[0 if forward else 1][stretch])
        cost.append(seconds[-1] * weight[stretch])
    access = network.accesses[travel.key]
    walk_s = access.walk_m[second.routes.access[second.route[row]]] / WALK_MPS
    assert access.node[second.routes.access[second.route[row]]] == node
    return sum(cost) + walk_s, sum(seconds) + walk_s


def random_answer(rng, **options):
    nodes, roads = world(rng, one_way=options.pop("one_way", 0.0))
    homes = [tuple(place) for place in rng.uniform(100, 900, (3, 2))]
    targets = [tuple(place) for place in rng.uniform(100, 900, (int(rng.integers(1, 3)), 2))]
    takes = [True] + [bool(rng.random() < 0.5) for _ in targets[1:]]
    return answer(
        road_graph(nodes, *roads), homes, targets, takes=takes, usable=[True] * len(targets),
        **options,
    )  # fmt: skip


def assert_least_shared(found, limit_s):
    usable = np.ones(len(found.places), dtype=bool)
    second = found.second
    for row in range(found.chosen.size):
        walk_s = found.ways.walk_to_road_m[found.chosen[row]] / WALK_MPS
        ways = [way for way in every_way(found, usable, row) if way[2] + walk_s <= limit_s]
        first_mm = whole_first_mm(found, first_covers(found, row))
        least = min(ways, default=(first_mm, np.inf, np.inf))
        if least[0] >= first_mm > 0 or not ways:
            assert not second.has_second[row]
            assert second.ways.shelter[row] == -1
            assert round(second.shared_m[row] * MM) == first_mm
            continue
        assert second.has_second[row]
        assert round(second.shared_m[row] * MM) == least[0]
        cost, seconds = cost_of(found, row)
        assert_allclose(cost, least[1], atol=1e-3)
        assert_allclose(second.ways.travel_time_s[row], walk_s + seconds)
        assert second.ways.travel_time_s[row] <= limit_s


@given(seed=SEEDS)
@ROOMY
def test_of_all_ways_in_time_the_second_shares_least_and_then_costs_least(seed):
    rng = np.random.default_rng(seed)
    limit_s = float(rng.choice([1200.0, 2000.0, 3600.0, np.inf]))
    departure = str(rng.choice(["early", "late"]))
    found = random_answer(rng, hazard=wet(rng), departure=departure, limit_s=limit_s)
    assert_least_shared(found, limit_s)


@given(seed=SEEDS)
@settings(ROOMY, max_examples=30)
def test_one_way_streets_are_kept_by_cars(seed):
    rng = np.random.default_rng(seed)
    limit_s = float(rng.choice([300.0, np.inf]))
    found = random_answer(rng, mode="car", one_way=0.5, limit_s=limit_s)
    assert_least_shared(found, limit_s)


@pytest.mark.parametrize("mode", ["walk", "car"])
@given(seed=SEEDS)
@ROOMY
def test_unavoidable_is_what_no_way_is_left_without(mode, seed):
    rng = np.random.default_rng(seed)
    one_way = 0.5 if mode == "car" else 0.0
    found = random_answer(rng, mode=mode, one_way=one_way, limit_s=np.inf)
    usable = np.ones(len(found.places), dtype=bool)
    roads, stretches = found.network.roads, found.network.stretches
    for row in range(found.chosen.size):
        graph = whole_graph(found, usable, row)
        first = first_covers(found, row)
        unavoidable = []
        for stretch, covers in first.items():
            # The house stands on its stretch: only the part that the first way walks is cut.
            part = {stretch: covers}
            cut = [e for e in graph.edges(keys=True) if shared_mm(found, part, graph.edges[e])]
            rest = graph.copy()
            rest.remove_edges_from(cut)
            if cut and not nx.has_path(rest, "home", "goal"):
                unavoidable.append(stretch)
        expected = sum(length_mm(found, stretch, first[stretch]) for stretch in unavoidable)
        second = found.second
        assert round(second.unavoidable_m[row] * MM) == expected
        assert second.shared_m[row] * MM >= expected - 0.5
        # Without a limit, there is no second way only where all of the first is unavoidable.
        if not second.has_second[row]:
            assert_allclose(second.unavoidable_m[row], second.first_road_m[row])
        named = second.hangs_on_road[row]
        candidates = {int(stretches.road[stretch]) for stretch in unavoidable}
        bridges = {road for road in candidates if roads.bridge[road]}
        assert named in (bridges or candidates or {-1})


@given(seed=SEEDS)
@settings(ROOMY, max_examples=30)
def test_order_and_direction_of_roads_are_of_no_account(seed):
    rng = np.random.default_rng(seed)
    nodes, roads = world(rng)
    homes = [tuple(place) for place in rng.uniform(100, 900, (4, 2))]
    targets = [tuple(place) for place in rng.uniform(100, 900, (2, 2))]
    hazard = wet(rng)
    turned = [
        (v, u, tags) if rng.random() < 0.5 else (u, v, tags)
        for u, v, tags in (roads[k] for k in rng.permutation(len(roads)))
    ]
    one = answer(road_graph(nodes, *roads), homes, targets, hazard=hazard)
    other = answer(road_graph(nodes, *turned), homes, targets, hazard=hazard)
    assert_array_equal(one.second.has_second, other.second.has_second)
    for name in ("shared_m", "unavoidable_m", "first_road_m"):
        assert_allclose(getattr(one.second, name), getattr(other.second, name), atol=0.01)
    assert_allclose(one.second.ways.travel_time_s, other.second.ways.travel_time_s, atol=0.01)
    assert [one.road(row) for row in range(one.chosen.size)] == [
        other.road(row) for row in range(one.chosen.size)
    ]


@given(seed=SEEDS)
@settings(ROOMY, max_examples=30)
def test_more_time_never_shares_more(seed):
    rng = np.random.default_rng(seed)
    limits = np.sort(rng.uniform(300, 4000, 2))
    state = rng.bit_generator.state
    answers = []
    for limit_s in limits:
        rng.bit_generator.state = state
        answers.append(random_answer(rng, limit_s=float(limit_s)))
    for short, long in pairwise(answers):
        assert (long.second.shared_m <= short.second.shared_m + 1e-9).all()


def test_second_ways_are_drawn_from_door_to_door_as_long_as_they_say():
    rng = np.random.default_rng(5)
    drawn = 0
    for _ in range(10):
        found = random_answer(rng)
        rows = np.flatnonzero(found.second.has_second)
        steps = found.second.steps(rows)
        homes = found.homes[found.chosen]
        lines = draw_ways(found.network, found.second.ways, rows, homes, found.places, steps)
        assert_allclose(shapely.length(lines), found.second.ways.distance_m[rows], rtol=1e-6)
        ends = shapely.get_point(lines, -1)
        targets = found.places[found.second.ways.shelter[rows]]
        assert shapely.distance(shapely.get_point(lines, 0), homes[rows]).max(initial=0) < 1e-6
        assert shapely.distance(ends, targets).max(initial=0) < 1e-6
        drawn += rows.size
    assert drawn > 10


# Jakarta.


@pytest.fixture(scope="module")
def jakarta(real_data):
    """Second ways from one kelurahan and 3 km around it, a house every 100 m, with no limit."""
    folder = real_data / "jakarta"
    village = rg.read_villages(folder / "kelurahan_jakarta.shp").iloc[[100]]
    hazard = rg.read_hazard(folder / "Flood_Current_Depth_Jakarta_geographic.asc", unit="m")
    roads = road_arrays(rg.read_roads(folder / "jakarta_roads.shp", within=village))
    shelters = rg.read_shelters(folder / "shelters_standin.geojson")
    places = shelter_points(shelters, roads.crs)
    usable = shelter_status(shelters, hazard)[0] == "usable"
    network = build_network(roads, hazard, places, rg.EvacuationAssumptions())
    area = village.to_crs(roads.crs).geometry.iloc[0]
    west, south, east, north = area.bounds
    grid = np.meshgrid(np.arange(west, east, 100.0), np.arange(south, north, 100.0))
    homes = shapely.points(np.column_stack([axis.ravel() for axis in grid]))
    homes = homes[shapely.contains(area, homes)]
    travel = travel_at(network, "early")
    ways = find_ways(network, travel, homes, usable)
    chosen = np.flatnonzero(ways.shelter >= 0)
    second = second_ways(network, travel, ways, chosen, usable, limit_s=np.inf)
    return Answer(network, travel, ways, chosen, second, homes, places), usable


@pytest.mark.real_data
def test_second_ways_of_one_kelurahan_are_those_of_networkx(jakarta):
    found, usable = jakarta
    entries = np.column_stack([found.ways.stretch, found.ways.toward_end])[found.chosen]
    _, rows = np.unique(entries, axis=0, return_index=True)
    assert rows.size > 15
    graph = whole_graph(found, usable, 0)
    for row in rows.tolist():
        # The same city, with the door of another house.
        graph.remove_node("home")
        door(graph, found, row)
        first = first_covers(found, row)

        def weigh(_tail, _head, edges, first=first):
            # Whole numbers of any size: shared millimetres first, then microseconds.
            return min(
                shared_mm(found, first, edge) * 10**15 + round(edge["cost"] * 10**6)
                for edge in edges.values()
            )

        shared, cost_us = divmod(nx.dijkstra_path_length(graph, "home", "goal", weigh), 10**15)
        if shared >= whole_first_mm(found, first):
            assert not found.second.has_second[row]
            continue
        assert abs(found.second.shared_m[row] * MM - shared) <= 1
        assert_allclose(cost_of(found, row)[0], cost_us / 10**6, atol=0.01)


@pytest.mark.real_data
def test_unavoidable_roads_of_jakarta_are_the_bridges_of_networkx(jakarta):
    found, usable = jakarta
    arcs = arcs_to_shelters(found.network, found.travel, usable)
    unavoidable = unavoidable_roads(found.network, arcs)
    # On foot every road goes both ways: what all ways pass are cut edges, seen from the shelters.
    graph = nx.MultiGraph()
    edges = {(via, *sorted(pair)) for via, *pair in zip(
        arcs.via.tolist(), arcs.tail.tolist(), arcs.head.tolist(), strict=True
    )}  # fmt: skip
    graph.add_edges_from((one, other, via) for via, one, other in edges)
    cut = set(map(frozenset, nx.bridges(nx.Graph(graph))))
    single = {
        via
        for via, one, other in edges
        if frozenset((one, other)) in cut and graph.number_of_edges(one, other) == 1
    }
    only = unavoidable.only_stretch
    assert len(single) > 100
    # The walk to a shelter is no road.
    n_stretches = found.network.stretches.road.size
    assert set(only[only >= 0].tolist()) == {via for via in single if via < n_stretches}


@pytest.mark.real_data
def test_in_an_hour_ways_share_at_least_what_they_would_without_a_limit(jakarta):
    found, usable = jakarta
    second = second_ways(
        found.network, found.travel, found.ways, found.chosen, usable, limit_s=HOUR_S
    )
    assert (second.ways.travel_time_s[second.has_second] <= HOUR_S).all()
    assert (second.shared_m >= found.second.shared_m - 1e-9).all()
    assert (second.shared_m <= second.first_road_m).all()
    assert (found.second.shared_m >= found.second.unavoidable_m - 1e-6).all()
