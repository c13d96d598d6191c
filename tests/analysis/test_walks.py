"""Straight walks to and from roads: late, nobody walks into something worse."""

from __future__ import annotations

import pytest
from numpy.testing import assert_allclose

from tests.analysis.toys import WALK_MPS, flood_patches, road_graph, routes, shelters

NAN = float("nan")
# A road south (y 205) and one north (y 505), joined in the east at x 905; the shelter stands in
# the north east. A river (y 400 to 420) parts them; the road east of it has no bridge.
NODES = {1: (105, 205), 2: (905, 205), 3: (105, 505), 4: (905, 505)}
BOTH_BANKS = road_graph(NODES, (1, 2), (3, 4), (2, 4))
SHELTER = shelters((905, 505))
RIVER = (0, 400, 2000, 420, 2.0)


def one(hazard, departure, home=(305, 305), graph=BOTH_BANKS, targets=SHELTER, **assumptions):
    return routes([home], targets, graph, hazard, departure, **assumptions).iloc[0]


def test_nobody_walks_through_a_river_to_the_open_road_on_the_other_bank():
    # The southern road is dry and leads nowhere: the way over the river is closed.
    row = one(flood_patches(RIVER), "late")
    assert row["status"] == "cut_off"
    early = one(flood_patches(RIVER), "early")
    assert_allclose(early["distance_m"], 100 + 600 + 300)


def test_shallow_water_on_the_walk_stops_nobody():
    # In 0.4 m one can wade; the road over the river is open for walkers too.
    row = one(flood_patches((0, 400, 2000, 420, 0.4)), "late")
    assert_allclose(row["walk_to_road_m"], 100)


def test_people_in_water_walk_out_of_it():
    # The house stands in 1 m; the road, 100 m to the south, is dry.
    row = one(flood_patches((200, 250, 400, 350, 1.0)), "late")
    assert row["status"] == "allocated"
    assert_allclose(row["travel_time_s"], (100 + 600 + 300) / WALK_MPS)


def test_people_in_water_do_not_walk_through_deeper_water_but_the_other_way_round():
    # 1.2 m between the house and the southern road; to the northern one it is 200 m, all dry.
    deep = ((200, 250, 400, 350, 1.0), (0, 240, 2000, 250, 1.2))
    row = one(flood_patches(*deep), "late")
    assert_allclose(row["walk_to_road_m"], 200)
    assert_allclose(row["distance_m"], 200 + 600)


@pytest.mark.parametrize(("passes", "status"), [(False, "cut_off"), (True, "allocated")])
def test_unknown_ground_on_the_walk_is_passed_only_where_that_is_assumed(passes, status):
    unknown = ((0, 240, 2000, 250, NAN), (0, 450, 2000, 460, NAN))
    row = one(flood_patches(*unknown), "late", unknown_roads_pass_late=passes)
    assert row["status"] == status


def test_shelter_beyond_deep_water_is_not_walked_to_late():
    # The shelter is dry, 100 m north of the southern road, in the middle of a ring of 2 m.
    ring = ((460, 270, 550, 340, 2.0), (490, 290, 520, 320, 0.0))
    targets = shelters((505, 305))
    assert one(flood_patches(*ring), "early", (305, 205), targets=targets)["status"] == "allocated"
    assert one(flood_patches(*ring), "late", (305, 205), targets=targets)["status"] == "cut_off"


def test_high_landslide_class_bars_a_walk_and_medium_does_not():
    for index, status in ((0.9, "cut_off"), (0.5, "allocated")):
        bars = ((0, 240, 2000, 250, index), (0, 450, 2000, 460, index))
        assert one(flood_patches(*bars, kind="landslide"), "late")["status"] == status


def test_shelter_beside_a_footpath_joined_to_nothing_is_reached_from_the_street():
    # The path passes 5 m from the school, the street 35 m; nobody comes by the path.
    graph = road_graph(
        {1: (105, 205), 2: (905, 205), 5: (480, 245), 6: (520, 245)},
        (1, 2),
        (5, 6, {"highway": "footway"}),
    )
    row = one(flood_patches(), "early", (305, 205), graph, shelters((500, 240)))
    assert_allclose(row["walk_to_road_m"], 0)
    assert_allclose(row["distance_m"], 195 + 35)
