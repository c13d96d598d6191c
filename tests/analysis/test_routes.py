"""Routes on toy networks whose times are worked out on paper."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from numpy.testing import assert_allclose
from shapely.geometry import Point

import resilience_geo as rg
from resilience_geo.analysis.evacuation_network import build_network
from resilience_geo.analysis.network import road_arrays
from resilience_geo.flows.ways import Arcs, nearest_targets, search_graph
from resilience_geo.inputs.rasters import Grid
from tests.analysis.toys import (
    CRS,
    WALK_MPS,
    at,
    flood_patches,
    homes,
    line,
    rect,
    road_graph,
    routes,
    shelters,
)

NAN = float("nan")
DRY = flood_patches()

# Five roads: straight from 1 by 2 to 3 (800 m), or round by 4 and 5 (300 + 800 + 300 = 1400 m).
FIVE_NODES = {1: (105, 105), 2: (505, 105), 3: (905, 105), 4: (105, 405), 5: (905, 405)}
FIVE_ROADS = ((1, 2), (2, 3), (1, 4), (4, 5), (5, 3))
AT_3 = shelters((905, 105))


def five_roads(**tags_of_2_3):
    roads = [(u, v, tags_of_2_3 if (u, v) == (2, 3) else {}) for u, v in FIVE_ROADS]
    return road_graph(FIVE_NODES, *roads)


def flood_of_the_middle(depth=1.0):
    """Put 100 m of the road from 2 to 3 in water; 2 and 3 stay dry."""
    return flood_patches((650, 100, 750, 110, depth))


def straight(length=800, tags=None):
    """Make one road from (100, 105) to the east."""
    return road_graph({1: (100, 105), 2: (100 + length, 105)}, (1, 2, tags or {}))


def one(table, departure="early", home=0):
    return table.loc[(departure, home)]


def test_time_is_walk_and_road_over_speed():
    # 30 m to the road, 700 m along it, 40 m to the shelter.
    table = routes([(200, 135)], shelters((900, 145)), straight(), DRY, "early")
    row = one(table)
    assert row["status"] == "allocated"
    assert row["shelter_id"] == "S0"
    assert_allclose(row["walk_to_road_m"], 30)
    assert_allclose(row["distance_m"], 30 + 700 + 40)
    assert_allclose(row["travel_time_s"], (30 + 700 + 40) / WALK_MPS)
    assert row["hazardous_m"] == 0
    assert row["unknown_m"] == 0


def test_road_is_entered_at_its_nearest_point_not_at_a_node():
    # The shelter is 300 m to the east; by the nearest node it would be 100 m back and 400 ahead.
    table = routes([(200, 115)], shelters((500, 105)), straight(), DRY, "early")
    assert_allclose(one(table)["distance_m"], 10 + 300)
    assert_allclose(
        shapely.get_coordinates(one(table)["geometry"]),
        [at(200, 115), at(200, 105), at(500, 105)],
    )


def test_late_detour_round_the_flooded_middle_of_a_road_with_dry_ends():
    table = routes([(105, 105)], AT_3, five_roads(), flood_of_the_middle(), "both")
    early, late = one(table, "early"), one(table, "late")
    # Early: 700 m dry and 100 m that weigh three times, 1000 < 1400: straight on.
    assert_allclose(early["distance_m"], 800)
    assert_allclose(early["travel_time_s"], 800 / WALK_MPS)
    assert_allclose(early["hazardous_m"], 100)
    assert_allclose(late["distance_m"], 1400)
    assert_allclose(late["travel_time_s"], 1400 / WALK_MPS)
    assert late["hazardous_m"] == 0
    assert late["geometry"].distance(Point(at(700, 105))) > 90


@pytest.mark.parametrize(
    ("x", "late_distance"),
    [
        # West of the water: back to 1 and round; 600 is 95 m from 2, so 495 + 1400.
        (600, 495 + 1400),
        # East of the water: by the dry end, 105 m to the shelter.
        (800, 105),
    ],
)
def test_house_on_the_dry_part_of_a_closed_road_leaves_by_its_dry_end(x, late_distance):
    table = routes([(x, 105)], AT_3, five_roads(), flood_of_the_middle(), "late")
    assert_allclose(one(table, "late")["distance_m"], late_distance)
    assert one(table, "late")["status"] == "allocated"


def test_no_late_route_passes_a_closed_stretch():
    water = rect(650, 100, 750, 110)
    places = [(x, y) for x in range(110, 900, 60) for y in (105, 405)]
    table = routes(places, AT_3, five_roads(), flood_of_the_middle(), "late")
    assert (table["status"] == "allocated").all()
    # Only the house in the water, at 710, walks in it: 40 m out to the east.
    wet = [shape.intersection(water).length for shape in table["geometry"]]
    assert_allclose(np.sort(wet), [0] * (len(wet) - 1) + [40], atol=1e-6)
    assert_allclose(table["walk_to_road_m"].max(), 40)


def test_early_penalty_chooses_the_dry_detour_and_is_not_in_its_time():
    # 500 m of the straight way will close and weigh 1500: 300 + 1500 > 1400, so round it goes.
    hazard = flood_patches((350, 100, 850, 110, 1.0))
    row = one(routes([(105, 105)], AT_3, five_roads(), hazard, "early"))
    assert_allclose(row["distance_m"], 1400)
    assert_allclose(row["travel_time_s"], 1400 / WALK_MPS)
    # With no penalty the straight way is taken, at its plain time.
    row = one(
        routes(
            [(105, 105)], AT_3, five_roads(), hazard, "early", closed_penalty=1, slowed_penalty=1
        )
    )
    assert_allclose(row["travel_time_s"], 800 / WALK_MPS)
    assert_allclose(row["hazardous_m"], 500)


def test_early_slowed_penalty_weighs_half_as_much_again():
    # 0.2 m over d metres weighs 800 + d / 2 against 1400: no detour even at d = 700 (1150).
    hazard = flood_patches((150, 100, 850, 110, 0.2))
    row = one(routes([(105, 105)], AT_3, five_roads(), hazard, "early"))
    assert_allclose(row["distance_m"], 800)
    row = one(routes([(105, 105)], AT_3, five_roads(), hazard, "early", slowed_penalty=1.9))
    # 800 + 0.9 x 700 = 1430 > 1400.
    assert_allclose(row["distance_m"], 1400)


@pytest.mark.parametrize(("depth", "factor"), [(0.1, 0.7), (0.29, 0.7), (0.3, 0.5), (0.49, 0.5)])
def test_water_slows_late_walkers_by_its_depth(depth, factor):
    # 100 m of 800 m in water; early it takes its dry time.
    hazard = flood_patches((300, 100, 400, 110, depth))
    table = routes([(100, 105)], shelters((900, 105)), straight(), hazard, "both")
    assert_allclose(one(table, "early")["travel_time_s"], 800 / WALK_MPS)
    assert_allclose(one(table, "late")["travel_time_s"], (700 + 100 / factor) / WALK_MPS)
    assert_allclose(table["hazardous_m"], 100)


def test_water_at_the_limit_closes_late():
    hazard = flood_patches((300, 100, 400, 110, 0.5))
    graph = road_graph({1: (100, 105), 2: (900, 105)}, (1, 2))
    table = routes([(100, 105)], shelters((900, 105)), graph, hazard, "both", max_snap_m=50)
    assert one(table, "early")["status"] == "allocated"
    assert one(table, "late")["status"] == "cut_off"
    assert one(table, "late")["geometry"] is None
    assert np.isnan(one(table, "late")["travel_time_s"])
    assert one(table, "late")["shelter_id"] is None


def test_late_with_every_road_closed_is_cut_off():
    hazard = flood_patches((0, 0, 1000, 200, 2.0), (850, 100, 1000, 200, 0.0))
    graph = straight(700)
    table = routes([(100, 105)], shelters((900, 105)), graph, hazard, "late")
    assert table["status"].to_list() == ["cut_off"]


def test_nobody_allocated_gives_an_empty_answer_not_an_error():
    table = routes([(100, 905)], shelters((900, 105)), straight(), DRY, "both", max_snap_m=10)
    assert table["status"].to_list() == ["no_road", "no_road"]
    assert table["geometry"].isna().all()


def test_no_origins_give_an_empty_table():
    table = routes(homes(), shelters((900, 105)), straight(), DRY, "both")
    assert len(table) == 0
    assert {"status", "travel_time_s", "geometry"} <= set(table.columns)


def test_unknown_part_is_not_passed_late_unless_that_is_assumed():
    hazard = flood_patches((300, 100, 400, 110, NAN))
    graph = straight()
    where = [(150, 105)], shelters((900, 105)), graph, hazard, "both"
    table = routes(*where, max_snap_m=50)
    assert one(table, "late")["status"] == "cut_off"
    assert_allclose(one(table, "early")["unknown_m"], 100)
    assert_allclose(table["hazardous_m"].iloc[0], 0)
    table = routes(*where, unknown_roads_pass_late=True)
    late = one(table, "late")
    assert late["status"] == "allocated"
    assert_allclose(late["travel_time_s"], 750 / WALK_MPS)
    assert_allclose(late["unknown_m"], 100)


def test_early_unknown_weighs_as_much_as_closed():
    hazard = flood_patches((350, 100, 850, 110, NAN))
    row = one(routes([(105, 105)], AT_3, five_roads(), hazard, "early"))
    assert_allclose(row["distance_m"], 1400)


@pytest.mark.parametrize(
    ("rule", "distance", "seconds"),
    [
        # caution: slowed in name, but the deck is dry: full speed, 800 m.
        ("caution", 800, 800 / WALK_MPS),
        ("open", 800, 800 / WALK_MPS),
        ("raster", 1400, 1400 / WALK_MPS),
    ],
)
def test_late_bridge_over_deep_water_follows_its_rule(rule, distance, seconds):
    graph = five_roads(bridge="yes")
    table = routes([(105, 105)], AT_3, graph, flood_of_the_middle(3.0), "late", bridge_rule=rule)
    row = one(table, "late")
    assert_allclose(row["distance_m"], distance)
    assert_allclose(row["travel_time_s"], seconds)


@pytest.mark.parametrize("tags", [{"tunnel": "yes"}, {"ford": "yes"}])
def test_late_tunnel_in_shallow_water_and_ford_are_no_way(tags):
    # 0.1 m would only slow a plain road.
    hazard = flood_of_the_middle(0.1)
    plain = routes([(105, 105)], AT_3, five_roads(), hazard, "late")
    tagged = routes([(105, 105)], AT_3, five_roads(**tags), hazard, "late")
    assert_allclose(one(plain, "late")["distance_m"], 800)
    assert_allclose(one(tagged, "late")["distance_m"], 1400)


def test_of_parallel_roads_the_shorter_is_taken_not_their_sum():
    around = {"via": [(100, 305), (900, 305)]}
    graph = road_graph({1: (100, 105), 2: (900, 105)}, (1, 2, around), (1, 2), (2, 1, around))
    row = one(routes([(100, 105)], shelters((900, 105)), graph, DRY, "early"))
    assert_allclose(row["travel_time_s"], 800 / WALK_MPS)
    # And late, with water on the straight one, the other of the pair: 200 + 800 + 200.
    hazard = flood_patches((300, 100, 400, 110, 1.0))
    row = one(routes([(100, 105)], shelters((900, 105)), graph, hazard, "late"), "late")
    assert_allclose(row["distance_m"], 1200)


@pytest.mark.parametrize("highway", ["motorway", "motorway_link"])
def test_walkers_keep_off_motorways(highway):
    row = one(routes([(105, 105)], AT_3, five_roads(highway=highway), DRY, "early"))
    assert_allclose(row["distance_m"], 1400)
    row = one(routes([(105, 105)], AT_3, five_roads(highway=highway), DRY, "early", mode="car"))
    assert_allclose(row["distance_m"], 800)


@pytest.mark.parametrize(
    ("tags", "distance"),
    [
        ({"access": "private"}, 1400),
        ({"access": "no"}, 1400),
        ({"access": "private", "foot": "yes"}, 800),
        ({"foot": "no"}, 1400),
    ],
)
def test_walkers_keep_off_private_roads(tags, distance):
    row = one(routes([(105, 105)], AT_3, five_roads(**tags), DRY, "early"))
    assert_allclose(row["distance_m"], distance)


def test_oneway_binds_cars_and_not_walkers():
    # The road is one-way from 3 to 2, against the way to the shelter.
    graph = road_graph(
        FIVE_NODES,
        *[(3, 2, {"oneway": True}) if (u, v) == (2, 3) else (u, v) for u, v in FIVE_ROADS],
    )
    walk = one(routes([(105, 105)], AT_3, graph, DRY, "early"))
    car = one(routes([(105, 105)], AT_3, graph, DRY, "early", mode="car"))
    assert_allclose(walk["distance_m"], 800)
    assert_allclose(car["distance_m"], 1400)
    assert_allclose(car["travel_time_s"], 1400 / (20 / 3.6))


def test_drivers_walk_to_their_road_and_drive_along_it():
    # 55 m on foot at 1.1 m/s, 700 m at 20 km/h.
    table = routes([(200, 160)], shelters((900, 105)), straight(), DRY, "early", mode="car")
    assert_allclose(one(table)["travel_time_s"], 50 + 700 / (20 / 3.6))


def test_car_looks_past_a_one_way_road_that_leads_nowhere():
    # From (300, 110) the one-way 1 -> 2 is 5 m away and ends at 2; the two-way 4 - 3 is 95 m away.
    graph = road_graph(
        {1: (105, 105), 2: (505, 105), 3: (305, 205), 4: (105, 205)},
        (1, 2, {"oneway": True}),
        (1, 4),
        (4, 3),
    )
    row = one(routes([(300, 110)], shelters((105, 205)), graph, DRY, "early", mode="car"))
    assert row["status"] == "allocated"
    assert_allclose(row["walk_to_road_m"], 95)
    assert_allclose(row["distance_m"], 95 + 195)


def test_car_goes_round_a_one_way_loop():
    # Square loop of 4 x 400 m, one-way to the east first; the house is 100 m along it.
    square = {"via": [(500, 105), (500, 505), (100, 505)], "oneway": True}
    graph = road_graph({1: (100, 105), 2: (50, 105)}, (1, 2), (1, 1, square))
    row = one(routes([(200, 105)], shelters((50, 105)), graph, DRY, "early", mode="car"))
    assert_allclose(row["distance_m"], 1500 + 50)
    row = one(routes([(200, 105)], shelters((50, 105)), graph, DRY, "early"))
    assert_allclose(row["distance_m"], 100 + 50)


def test_beyond_the_snap_limit_there_is_no_road():
    table = routes(
        [(300, 154), (300, 156)], shelters((900, 105)), straight(), DRY, "early", max_snap_m=50
    )
    assert table["status"].to_list() == ["allocated", "no_road"]


def test_late_looks_past_the_wet_road_to_a_dry_one():
    # The near road (10 m) is in water from end to end; the next one lies 90 m off.
    graph = road_graph(
        {1: (105, 105), 2: (905, 105), 3: (105, 205), 4: (905, 205)}, (1, 2), (3, 4), (2, 4)
    )
    hazard = flood_patches((100, 100, 880, 110, 1.0))
    table = routes([(305, 115)], shelters((905, 205)), graph, hazard, "both")
    assert_allclose(one(table, "early")["walk_to_road_m"], 10)
    assert_allclose(one(table, "late")["walk_to_road_m"], 90)
    assert_allclose(one(table, "late")["distance_m"], 90 + 600)


@pytest.mark.parametrize("departure", ["early", "late"])
@pytest.mark.parametrize(("gap_m", "walk_m"), [(85.0, np.nan), (95.0, 95.0)])
def test_isolated_piece_of_road_is_passed_over_only_for_one_hardly_farther(
    departure, gap_m, walk_m
):
    # The house is 5 m from a piece joined to nothing, and 95 m from the road to the shelter: 90 m
    # farther. What parts the two pieces may be a river.
    graph = road_graph({1: (105, 105), 2: (905, 105), 3: (250, 205), 4: (350, 205)}, (1, 2), (3, 4))
    targets = shelters((905, 105))
    row = routes([(300, 200)], targets, graph, DRY, departure, max_gap_m=gap_m).iloc[0]
    assert_allclose(row["walk_to_road_m"], walk_m)
    assert row["status"] == ("cut_off" if np.isnan(walk_m) else "allocated")


@pytest.mark.parametrize("departure", ["early", "late"])
def test_piece_of_roads_with_its_own_shelter_serves_its_houses(departure):
    graph = road_graph({1: (105, 105), 2: (905, 105), 3: (250, 405), 4: (350, 405)}, (1, 2), (3, 4))
    targets = shelters((905, 105), (345, 405))
    table = routes([(300, 400), (300, 110)], targets, graph, DRY, departure)
    assert table["shelter_id"].to_list() == ["S1", "S0"]


def test_only_an_isolated_piece_in_reach_is_cut_off():
    graph = road_graph({1: (105, 105), 2: (905, 105), 3: (250, 805), 4: (350, 805)}, (1, 2), (3, 4))
    table = routes([(300, 800)], shelters((905, 105)), graph, DRY, "early", max_snap_m=300)
    assert table["status"].to_list() == ["cut_off"]


@pytest.mark.parametrize(("x", "distance"), [(250, 150), (550, 150), (400, 0)])
def test_shelter_on_the_stretch_of_the_origin_is_reached_without_a_detour(x, distance):
    table = routes([(x, 105)], shelters((400, 105)), straight(), DRY, "both")
    assert_allclose(table["distance_m"], distance, atol=1e-9)
    assert_allclose([shape.length for shape in table["geometry"]], distance, atol=1e-9)


def test_several_shelters_on_one_road_are_each_reached_where_they_stand():
    targets = shelters((300, 105), (400, 125), (800, 105))
    table = routes([(200, 105), (380, 105), (700, 105)], targets, straight(), DRY, "early")
    assert table["shelter_id"].to_list() == ["S0", "S1", "S2"]
    assert_allclose(table["distance_m"], [100, 20 + 20, 100])


def test_shelter_in_the_hazard_is_never_a_destination():
    # The near one stands in 1 m of water, early and late.
    hazard = flood_patches((300, 100, 340, 110, 1.0))
    targets = shelters((320, 105), (850, 105))
    table = routes([(200, 105)], targets, five_roads(), hazard, "both")
    assert table["shelter_id"].to_list() == ["S1", "S1"]


def test_no_usable_shelter_is_an_error_that_counts_them():
    hazard = flood_patches((300, 100, 340, 110, 1.0), (500, 100, 510, 110, NAN))
    with pytest.raises(rg.ResilienceGeoError, match="in_hazard 1, unknown_hazard 1"):
        routes([(200, 105)], shelters((320, 105), (505, 105)), straight(), hazard)


@pytest.mark.parametrize(
    ("capacities", "options", "expected"),
    [
        # S0 is 100 m away, S1 600 m.
        ([10, 10], {}, ("allocated", "S0")),
        ([0, 10], {}, ("allocated", "S1")),
        ([NAN, 10], {}, ("allocated", "S1")),
        ([NAN, 10], {"unknown_capacity_people": 50}, ("allocated", "S0")),
        ([0, 10], {"unknown_capacity_people": 50}, ("allocated", "S1")),
        ([NAN, NAN], {}, ("capacity_unknown", None)),
        ([0, 0], {}, ("shelters_full", None)),
        ([0, NAN], {}, ("shelters_full", None)),
        # S1 takes people but is over the limit of 5 min (330 m); S0 is within it.
        ([NAN, 10], {"time_limit_min": 5}, ("capacity_unknown", None)),
        ([0, 10], {"time_limit_min": 5}, ("shelters_full", None)),
        ([10, 10], {"time_limit_min": 1}, ("too_far", None)),
        ([NAN, NAN], {"time_limit_min": 1}, ("too_far", None)),
        ([0, 0], {"time_limit_min": 1}, ("too_far", None)),
    ],
)
def test_capacity_says_who_takes_people_and_why_not(capacities, options, expected):
    targets = shelters((300, 105), (800, 105), capacity=capacities)
    row = one(routes([(200, 105)], targets, straight(), DRY, "early", **options))
    assert (row["status"], row["shelter_id"]) == expected


def test_time_limit_is_kept_to_the_second():
    # 660 m at 1.1 m/s are exactly 10 minutes.
    where = [(200, 105), (199, 105)], shelters((860, 105)), straight(), DRY, "early"
    table = routes(*where, time_limit_min=10.001)
    assert table["status"].to_list() == ["allocated", "too_far"]


def test_early_nobody_is_too_far_who_has_a_way_within_the_limit():
    # Straight: 800 m (727 s), of which 500 m will close; round: 1400 m (1273 s). Within 15 min
    # (900 s) only the straight way; early it is open.
    hazard = flood_patches((350, 100, 850, 110, 1.0))
    row = one(routes([(105, 105)], AT_3, five_roads(), hazard, "early", time_limit_min=15))
    assert row["status"] == "allocated"
    assert_allclose(row["travel_time_s"], 800 / WALK_MPS)
    assert_allclose(row["hazardous_m"], 500)
    assert_allclose(row["geometry"].length, 800)


@pytest.mark.parametrize(
    ("capacity", "status"), [(NAN, "capacity_unknown"), (0, "shelters_full"), (9, "allocated")]
)
def test_early_cause_is_found_on_the_open_way_within_the_limit(capacity, status):
    # As above: within 15 min only the straight way; the only shelter takes nobody, and that is
    # the cause, not the distance.
    hazard = flood_patches((350, 100, 850, 110, 1.0))
    targets = shelters((905, 105), capacity=capacity)
    row = one(routes([(105, 105)], targets, five_roads(), hazard, "early", time_limit_min=15))
    assert row["status"] == status


def slope(rise_per_m):
    """Make ground that rises to the east."""
    heights = np.tile(np.arange(250) * 10.0 * rise_per_m + 5.0 * rise_per_m, (120, 1))
    left, top = at(0, 1200)
    return Grid.from_array(heights, Affine(10, 0, left, 0, -10, top), CRS)


def tobler(gradient):
    return np.exp(-3.5 * abs(gradient + 0.05)) / np.exp(-3.5 * 0.05)


@pytest.mark.parametrize("gradient", [0.1, 0.02])
def test_uphill_takes_longer_by_tobler_and_downhill_gains_nothing(gradient):
    # A road of 800 m; east is up. Downhill at 2 % Tobler is faster than on the flat: capped at 1.
    up = routes([(100, 105)], shelters((900, 105)), straight(), DRY, "early", slope(gradient))
    down = routes([(900, 105)], shelters((100, 105)), straight(), DRY, "early", slope(gradient))
    assert_allclose(up["travel_time_s"], 800 / (WALK_MPS * tobler(gradient)), rtol=1e-6)
    assert_allclose(
        down["travel_time_s"], 800 / (WALK_MPS * min(1.0, tobler(-gradient))), rtol=1e-6
    )
    assert up["travel_time_s"].iloc[0] > down["travel_time_s"].iloc[0]


def test_downhill_cap_is_a_choice():
    table = routes(
        [(900, 105)],
        shelters((100, 105)),
        straight(),
        DRY,
        "early",
        slope(0.04),
        downhill_speed_cap=0.9,
    )
    assert_allclose(table["travel_time_s"], 800 / (WALK_MPS * 0.9), rtol=1e-6)


def test_elevation_of_the_nodes_is_used_where_there_is_no_grid():
    graph = straight()
    graph.nodes[1]["elevation"], graph.nodes[2]["elevation"] = 0.0, 80.0
    table = routes([(100, 105)], shelters((900, 105)), graph, DRY, "early")
    assert_allclose(table["travel_time_s"], 800 / (WALK_MPS * tobler(0.1)), rtol=1e-6)


def test_length_the_graph_states_counts_over_the_drawn_one():
    graph = straight(800, {"length": 1600.0})
    table = routes([(300, 105)], shelters((900, 105)), graph, DRY, "early")
    assert_allclose(table["distance_m"], 1200)


def test_origin_columns_index_and_order_are_kept():
    origins = homes((500, 105), (200, 105)).assign(family=["Umar", "Sari"])
    origins.index = pd.Index(["b", "a"], name="house")
    table = rg.evacuation_routes(origins, shelters((900, 105)), straight(), DRY, departure="both")
    assert table.index.to_list() == ["b", "a", "b", "a"]
    assert table["departure"].to_list() == ["early", "early", "late", "late"]
    assert table["family"].to_list() == ["Umar", "Sari"] * 2
    assert table.crs == CRS


def test_unknown_departure_is_refused():
    with pytest.raises(rg.ResilienceGeoError, match="early, late or both"):
        routes([(200, 105)], shelters((900, 105)), straight(), DRY, "soon")


def test_building_is_reached_at_a_point_inside_it():
    row = one(routes([(200, 105)], shelters(rect(500, 150, 520, 170)), straight(), DRY, "early"))
    inside = Point(row["geometry"].coords[-1])
    assert rect(500, 150, 520, 170).contains(inside)
    assert_allclose(row["distance_m"], row["geometry"].length)


def random_arcs(rng, n_nodes, n_arcs):
    """Make arcs with loops and parallels, some of infinite cost."""
    tail, head = rng.integers(0, n_nodes, (2, n_arcs))
    cost = rng.uniform(1, 100, n_arcs)
    cost[rng.random(n_arcs) < 0.05] = np.inf
    return Arcs(tail=tail, head=head, cost=cost, n_nodes=n_nodes)


@pytest.mark.parametrize("seed", range(8))
def test_costs_agree_with_networkx_on_random_graphs_with_parallel_arcs(seed):
    rng = np.random.default_rng(seed)
    arcs = random_arcs(rng, 40, 110)
    targets = rng.choice(40, 3, replace=False)
    tree = nearest_targets(search_graph(arcs), targets)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(40))
    for tail, head, cost in zip(arcs.tail, arcs.head, arcs.cost, strict=True):
        if np.isfinite(cost):
            graph.add_edge(int(head), int(tail), weight=float(cost))  # searched from the targets
    expected = nx.multi_source_dijkstra_path_length(graph, {int(node) for node in targets})
    assert_allclose(tree.cost, [expected.get(node, np.inf) for node in range(40)])
    (along,) = tree.along(arcs.cost)
    served = np.isfinite(tree.cost)
    assert_allclose(along[served], tree.cost[served])
    assert set(tree.target[served]) <= set(targets.tolist())
    assert (tree.target[~served] == -1).all()


def random_town(rng, n_nodes=25, n_roads=45):
    """Make a network of straight and bent roads, some parallel, whose lengths are those drawn."""
    places = rng.uniform(50, 950, (n_nodes, 2))
    nodes = {number: tuple(place) for number, place in enumerate(places)}
    roads = []
    for _ in range(n_roads):
        u, v = (int(node) for node in rng.choice(n_nodes, 2, replace=False))
        via = [tuple(rng.uniform(50, 950, 2))] if rng.random() < 0.4 else []
        roads.append((u, v, {"via": via}))
    return nodes, road_graph(nodes, *roads)


@pytest.mark.parametrize("seed", range(6))
def test_distances_and_drawn_lengths_agree_with_networkx(seed):
    rng = np.random.default_rng(100 + seed)
    nodes, graph = random_town(rng)
    ends = [int(node) for node in rng.choice(25, 3, replace=False)]
    targets = shelters(*(nodes[node] for node in ends))
    joined = sorted({node for node in nodes if graph.degree(node)})
    table = routes([nodes[node] for node in joined], targets, graph, DRY, "early", max_snap_m=1e-3)
    lengths = nx.multi_source_dijkstra_path_length(
        graph, {node for node in ends if graph.degree(node)}, weight="length"
    )
    for number, node in enumerate(joined):
        row = one(table, "early", number)
        if node not in lengths:
            assert row["status"] == "cut_off"
        elif lengths[node] > 3600 * WALK_MPS:
            assert row["status"] == "too_far"
        else:
            assert_allclose(row["distance_m"], lengths[node], rtol=1e-6, atol=1e-3)
            assert_allclose(row["geometry"].length, row["distance_m"], rtol=1e-6, atol=1e-3)
            assert row["geometry"].coords[0] == pytest.approx(at(*nodes[node]), abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("departure", ["early", "late"])
def test_drawn_route_is_as_long_as_stated_with_water_and_walks(seed, departure):
    rng = np.random.default_rng(200 + seed)
    nodes, graph = random_town(rng)
    depths = rng.choice([0.0, 0.0, 0.0, 0.2, 0.4, 0.9], 25)
    corners = rng.uniform(0, 900, (25, 2)).round(-1)
    patches = [(x, y, x + 40, y + 40, depth) for (x, y), depth in zip(corners, depths, strict=True)]
    hazard = flood_patches(*patches, width=1000)
    origins = [tuple(place) for place in rng.uniform(0, 1000, (40, 2))]
    targets = shelters(*(nodes[node] for node in range(6)))
    table = routes(origins, targets, graph, hazard, departure, closed_penalty=2.0)
    table = table[table["status"] == "allocated"]
    assert len(table) > 20
    assert_allclose(table.geometry.length, table["distance_m"], rtol=1e-3)
    places = targets.set_index("shelter_id").geometry
    for (_, home), row in table.iterrows():
        assert row["geometry"].coords[0] == pytest.approx(at(*origins[home]), abs=1e-6)
        last = Point(row["geometry"].coords[-1])
        assert last.distance(places[row["shelter_id"]]) < 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_stretches_of_a_road_sum_to_its_length_and_its_line(seed):
    rng = np.random.default_rng(300 + seed)
    nodes, graph = random_town(rng)
    hazard = flood_patches(
        *(
            (x, y, x + 60, y + 60, 0.3 * k)
            for k, (x, y) in enumerate(rng.uniform(0, 900, (9, 2)).round(-1))
        )
    )
    roads = road_arrays(graph)
    points = shapely.points(
        [at(*nodes[node]) for node in range(5)]
        + [at(*place) for place in rng.uniform(50, 900, (9, 2))]
    )
    network = build_network(roads, hazard, points, rg.EvacuationAssumptions())
    stretches = network.stretches
    assert_allclose(
        np.bincount(stretches.road, stretches.length_m, minlength=roads.n_roads), roads.length_m
    )
    drawn = shapely.length(stretches.lines)
    assert_allclose(
        np.bincount(stretches.road, drawn, minlength=roads.n_roads),
        shapely.length(roads.geometries()),
        rtol=1e-9,
    )
    assert (stretches.length_m > 0).all()
    inner = np.flatnonzero(stretches.road[1:] == stretches.road[:-1])
    assert (stretches.end[inner] == stretches.start[inner + 1]).all()


def test_route_along_a_bent_road_follows_its_bends():
    graph = road_graph({1: (105, 105), 2: (505, 505)}, (1, 2, {"via": [(505, 105)]}))
    row = one(routes([(305, 105)], shelters((505, 505)), graph, DRY, "early"))
    assert row["geometry"].equals(line((305, 105), (505, 105), (505, 505)))
