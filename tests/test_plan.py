"""The plan of a toy district, worked out on paper, and what holds for every plan."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import resilience_geo as rg
from resilience_geo.tables import (
    EXPOSURE_COLUMNS,
    ORIGIN_COLUMNS,
    ROUTE_COLUMNS,
    SHELTER_COLUMNS,
    UNSERVED_CAUSES,
    VILLAGE_COLUMNS,
)
from tests.analysis.toys import (
    WALK_MPS,
    assert_plan_keeps_the_contract,
    flood_patches,
    people,
    rect,
    road_graph,
    shelters,
    villages,
)

NODES = {1: (105, 105), 2: (505, 105), 3: (905, 105), 4: (105, 405), 5: (905, 405)}
ROADS = ((1, 2), (2, 3), (1, 4), (4, 5), (5, 3))

# Houses stand in water of 1 m (medium): 12.4 and 2.3 people of A, 7 of B; D is dry; C is far off.
# On cells of 100 m the houses are at (350, 250), (450, 250) and (750, 250), 145 m above the road
# from 1 by 2 to 3. The road is in water from 600 to 650, where it closes late.
HOUSES = {(3, 2): 12.4, (4, 2): 2.3, (7, 2): 7.0, (2, 5): 40.0}
WATER = (
    (300, 200, 500, 300, 1.0),
    (700, 200, 800, 300, 1.0),
    (600, 100, 650, 110, 1.0),
)
# 27.5 min are 1815 m at 1.1 m/s.
LIMIT_MIN = 27.5


def district():
    return villages(
        D=rect(0, 500, 1000, 600),
        C=rect(8000, 0, 9000, 1000),
        B=rect(500, 0, 1000, 500),
        A=rect(0, 0, 500, 500),
    )


def population():
    counts = np.zeros((6, 10))
    for (column, row), number in HOUSES.items():
        counts[5 - row, column] = number
    return people(counts, cell=100)


def places():
    # S0 at node 3 has room for all; S1 stands in the water; S2 is 595 m from any road.
    return shelters((905, 105), (350, 250), (1500, 105), capacity=[30, 500, 500])


def make(departure="both", water=WATER, targets=None, **assumptions):
    assumptions.setdefault("time_limit_min", LIMIT_MIN)
    return rg.plan_evacuation(
        district(),
        flood_patches(*water),
        population(),
        road_graph(NODES, *ROADS),
        places() if targets is None else targets,
        departure=departure,
        assumptions=rg.EvacuationAssumptions(**assumptions),
    )


@pytest.fixture(scope="module")
def plan():
    return make()


def test_evacuees_of_a_village_are_its_rounded_total(plan):
    # A: 12.4 + 2.3 = 14.7 -> 15, as 12 + 2 and one more for the remainder 0.4: 13 + 2.
    assert plan.exposure["evacuees"].to_dict() == {"D": 0, "C": 0, "B": 7, "A": 15}
    early = plan.origins[plan.origins["departure"] == "early"]
    assert early.groupby("village_code")["evacuees"].apply(list).to_dict() == {
        "A": [13, 2],
        "B": [7],
    }


def test_times_early_and_late(plan):
    seconds = plan.origins.set_index(["departure", "origin_id"])["travel_time_s"] * WALK_MPS
    # Early straight on: 145 + 555, 145 + 455 and 145 + 155 m.
    assert_allclose(seconds["early"].loc[["A-00001", "A-00002", "B-00001"]], [700, 600, 300])
    # Late the people of A go back to 1 and round: 145 + 245 + 1400 = 1790 m; those of the second
    # house would need 1890 m, which is over the limit.
    assert_allclose(seconds["late"].loc[["A-00001", "B-00001"]], [1790, 300])
    assert np.isnan(seconds["late"].loc["A-00002"])


def test_villages_table_early_and_late(plan):
    early = plan.villages.loc["A"]
    assert early[["evacuees", "allocated", *UNSERVED_CAUSES]].to_list() == [15, 15, 0, 0, 0, 0, 0]
    # Two people at 545 s, thirteen at 636 s: the median is the thirteen's.
    assert_allclose(early["median_travel_time_s"], 700 / WALK_MPS)
    bands = [f"people_within_{minutes}_min" for minutes in (5, 10, 15, 30)]
    assert early[bands].to_list() == [0, 2, 15, 15]
    assert plan.villages.loc["B", bands].to_list() == [7, 7, 7, 7]
    late = early[[f"late_{name}" for name in ("evacuees", "allocated", "too_far", *bands)]]
    assert late.to_list() == [15, 13, 2, 0, 0, 0, 13]
    assert_allclose(early["late_median_travel_time_s"], 1790 / WALK_MPS)
    assert plan.villages["lost_if_late_people"].to_dict() == {"D": 0, "C": 0, "B": 0, "A": 2}
    assert np.isnan(plan.villages.loc["D", "median_travel_time_s"])


def test_unserved_table_names_village_and_cause(plan):
    assert plan.unserved.to_dict("records") == [
        {"departure": "late", "village_code": "A", "cause": "too_far", "evacuees": 2}
    ]


def test_shelters_say_who_comes_and_who_cannot(plan):
    table = plan.shelters.set_index(["departure", "shelter_id"])
    for departure, people_at_s0 in (("early", 22), ("late", 20)):
        one = table.loc[departure]
        assert one["status"].to_list() == ["usable", "in_hazard", "unreachable"]
        assert one["allocated_people"].to_list() == [people_at_s0, 0, 0]
    assert (plan.shelters["capacity_people"] == [30, 500, 500] * 2).all()


def test_shelter_that_is_too_small_fills_up_with_the_nearest():
    # Room for 10 of 22: the seven of B are nearest, then of A the two at 600 m and one at 700 m.
    plan = make(targets=shelters((905, 105), capacity=10), departure="early")
    rows = plan.origins[["origin_id", "evacuees", "status"]].to_numpy().tolist()
    assert rows == [
        ["B-00001", 7, "allocated"],
        ["A-00001", 1, "allocated"],
        ["A-00001", 12, "shelters_full"],
        ["A-00002", 2, "allocated"],
    ]
    assert plan.origins["shelter_id"].isna().to_list() == [False, False, True, False]
    assert plan.villages["shelters_full"].to_dict() == {"D": 0, "C": 0, "B": 0, "A": 12}
    assert plan.shelters["allocated_people"].to_list() == [10]
    main = plan.routes[plan.routes["rank"] == 1]
    assert main["evacuees"].to_list() == [7, 1, 2]
    assert any("12 people find every shelter within the time limit full" in n for n in plan.notes)


def test_second_routes_are_as_different_as_the_roads_allow(plan):
    routes = plan.routes.set_index(["departure", "origin_id", "rank"])
    # From A's first house the ring goes round by 1: 145 + 245 + 300 + 800 + 300 = 1790 m; of the
    # main route, 555 m on the southern road, nothing is shared.
    second = routes.loc["early"].loc[("A-00001", 2)]
    assert_allclose([second["distance_m"], second["shared_m"]], [1790, 0])
    assert second["route_id"] == "A-00001-1-2"
    assert (plan.routes.loc[plan.routes["rank"] == 1, "shared_m"].isna()).all()
    origins = plan.origins.set_index(["departure", "origin_id"])
    assert origins.loc["early", "has_second_route"].to_dict() == {
        "A-00001": True,
        # 145 + 345 + 1400 = 1890 and 145 + 645 + 1400 = 2190 m are over the limit.
        "A-00002": False,
        "B-00001": False,
    }
    # A's second house, two people, and the seven of B have one way only.
    single = plan.villages["no_second_route_people"].to_dict()
    assert single == {"D": 0, "C": 0, "B": 7, "A": 2}
    # Late the southern road is cut: from A one road leads round, and all hangs on it.
    late = origins.loc["late"]
    assert late.loc["A-00001", "has_second_route"] == np.False_
    assert late.loc["A-00001", "hangs_on_road_id"] >= 0
    assert late.loc["A-00001", "unavoidable_m"] > 0


def test_roads_carry_the_people_who_pass(plan):
    roads = plan.roads.set_index(["u", "v"])
    # Road 2 to 3: 15 of A all along, B joins at 750. Late only B, and A's 13 go round.
    early = {(1, 2): 15, (2, 3): 22, (1, 4): 0, (4, 5): 0, (3, 5): 0}
    late = {(1, 2): 13, (2, 3): 7, (1, 4): 13, (4, 5): 13, (3, 5): 13}
    assert roads["evacuees_early"].to_dict() == early
    assert roads["evacuees_late"].to_dict() == late
    assert roads.loc[(2, 3), "state"] == "closed"
    assert_allclose(roads["length_m"].sum(), 400 + 400 + 300 + 800 + 300)


def test_stretches_carry_the_people_who_pass_them(plan):
    table = plan.stretches
    closed = table[table["state"] == "closed"]
    assert_allclose(closed["length_m"].sum(), 50)
    assert (closed["evacuees_early"] == 15).all()
    assert (closed["evacuees_late"] == 0).all()
    assert_allclose(table.groupby("road_id")["length_m"].sum(), plan.roads["length_m"])


def test_routes_draw_the_closed_part_early_and_avoid_it_late(plan):
    routes = plan.routes[plan.routes["rank"] == 1].set_index(["departure", "origin_id"])
    water = rect(600, 100, 650, 110)
    assert_allclose(routes.loc[("early", "A-00001"), "geometry"].intersection(water).length, 50)
    assert_allclose(routes.loc[("early", "A-00001"), "hazardous_m"], 50)
    assert not routes.loc[("late", "A-00001"), "geometry"].intersects(water)
    assert_allclose(routes.geometry.length, routes["distance_m"])


def test_summary_puts_the_worst_first_and_keeps_all(plan):
    table = plan.summary()
    # A loses two late; B has evacuees; D and C follow as they came.
    assert table.index.to_list() == ["A", "B", "D", "C"]
    assert table.loc["C", "people_total"] == 0
    assert table.columns[:3].to_list() == ["village_name", "people_total", "people_unknown"]
    assert "geometry" not in table.columns


def test_people_outside_all_villages_are_kept(plan):
    total = plan.exposure["people_total"].sum() + plan.outside["total"]
    assert_allclose(total, sum(HOUSES.values()))


@pytest.mark.parametrize("departure", ["early", "late", "both"])
def test_every_plan_keeps_the_contract(departure):
    assert_plan_keeps_the_contract(make(departure), district())


@pytest.mark.parametrize("departure", ["early", "late", "both"])
def test_tables_have_the_columns_of_the_contract(departure):
    plan = make(departure)
    marked = ("departure",) if departure == "both" else ()
    for table, columns in (
        (plan.exposure, EXPOSURE_COLUMNS),
        (plan.origins, (*marked, *ORIGIN_COLUMNS)),
        (plan.routes, (*marked, *ROUTE_COLUMNS)),
        (plan.shelters, (*marked, *SHELTER_COLUMNS)),
        (plan.unserved, (*marked, "village_code", "evacuees")),
        (plan.villages, VILLAGE_COLUMNS),
    ):
        assert [name for name in columns if name in table.columns] == list(columns)
    assert plan.exposure.index.name == "village_code"
    assert plan.villages.index.name == "village_code"
    for table in (plan.origins, plan.routes, plan.shelters, plan.unserved):
        assert ("departure" in table.columns) == (departure == "both")
    late = {f"late_{name}" for name in VILLAGE_COLUMNS} | {"lost_if_late_people"}
    assert (late <= set(plan.villages.columns)) == (departure == "both")
    assert any(str(name).startswith("late_") for name in plan.villages) == (departure == "both")


def test_early_rows_come_first():
    plan = make("both")
    for table in (plan.origins, plan.routes, plan.shelters):
        marks = table["departure"].to_list()
        assert marks == sorted(marks)
        assert table.index.to_list() == list(range(len(table)))


@pytest.mark.parametrize("departure", ["early", "late"])
def test_one_departure_is_the_same_as_its_half_of_both(plan, departure):
    alone = make(departure)
    half = plan.origins[plan.origins["departure"] == departure].drop(columns="departure")
    pd.testing.assert_frame_equal(
        pd.DataFrame(alone.origins), pd.DataFrame(half.reset_index(drop=True))
    )
    prefix = "late_" if departure == "late" else ""
    for name in VILLAGE_COLUMNS:
        pd.testing.assert_series_equal(
            alone.villages[name], plan.villages[prefix + name], check_names=False
        )


def test_whole_people_are_integers(plan):
    for table, column in (
        (plan.villages, "evacuees"),
        (plan.villages, "late_allocated"),
        (plan.villages, "people_within_30_min"),
        (plan.villages, "lost_if_late_people"),
        (plan.origins, "evacuees"),
        (plan.routes, "evacuees"),
        (plan.shelters, "allocated_people"),
        (plan.unserved, "evacuees"),
        (plan.exposure, "evacuees"),
    ):
        assert np.issubdtype(table[column].dtype, np.integer)


@pytest.mark.parametrize("departure", ["early", "both"])
def test_plan_in_which_nobody_leaves(departure):
    plan = make(departure, water=())
    assert_plan_keeps_the_contract(plan, district())
    assert plan.villages["evacuees"].sum() == 0
    assert len(plan.origins) == 0
    assert len(plan.routes) == 0
    assert len(plan.unserved) == 0


def test_plan_in_which_everybody_is_cut_off_late():
    # The shelter's own end of every road is deep in water, its own cell is not.
    ring = ((850, 100, 900, 110, 2.0), (900, 110, 910, 200, 2.0))
    plan = make("both", water=(*WATER, *ring), max_snap_m=150)
    assert_plan_keeps_the_contract(plan, district())
    assert plan.villages["late_cut_off"].to_dict() == {"D": 0, "C": 0, "B": 7, "A": 15}
    assert plan.villages["lost_if_late_people"].sum() == 22


def test_house_and_shelter_on_one_road():
    plan = rg.plan_evacuation(
        villages(A=rect(0, 0, 1000, 500)),
        flood_patches((300, 200, 400, 300, 1.0)),
        people([[0, 0, 0, 6, 0]], cell=100, south=200),
        road_graph({1: (105, 105), 2: (905, 105)}, (1, 2)),
        shelters((905, 105)),
    )
    assert plan.villages["allocated"].to_list() == [6]
    assert plan.stretches["evacuees_early"].max() == 6
    assert_allclose(plan.routes["distance_m"], 145 + 555)


def test_capacity_unknown_says_how_many_people_it_could_change():
    # The other shelter stands in the water.
    targets = shelters((905, 105), (350, 250), capacity=[np.nan, 500])
    plan = make("early", targets=targets)
    assert plan.villages["capacity_unknown"].sum() == 22
    assert any("22 more people would have a place" in note for note in plan.notes)
    taken = make("early", targets=targets, unknown_capacity_people=5)
    assert taken.villages["allocated"].sum() == 5
    assert taken.villages["shelters_full"].sum() == 17
    assert any("17 more people would have a place" in note for note in taken.notes)


def test_assumptions_inputs_and_versions_are_in_the_plan(plan):
    assert plan.assumptions.time_limit_min == LIMIT_MIN
    assert plan.provenance["inputs"]["villages"]["count"] == 4
    assert plan.provenance["software"].startswith("resilience-geo ")
    assert plan.departure == "both"
    assert not plan.is_sample


def test_plan_is_frozen(plan):
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.departure = "late"


def test_plan_survives_pickling_and_copying(plan):
    for again in (pickle.loads(pickle.dumps(plan)), copy.deepcopy(plan)):
        pd.testing.assert_frame_equal(again.summary(), plan.summary())
        assert again.notes == plan.notes


def test_inputs_are_left_as_they_were():
    frame, targets, graph = district(), places(), road_graph(NODES, *ROADS)
    before = frame.copy(), targets.copy(), copy.deepcopy(dict(graph.edges))
    rg.plan_evacuation(frame, flood_patches(*WATER), population(), graph, targets)
    assert frame.equals(before[0])
    assert targets.equals(before[1])
    assert dict(graph.edges) == before[2]


def test_unknown_departure_is_refused():
    with pytest.raises(rg.ResilienceGeoError, match="early, late or both"):
        make("tomorrow")


@pytest.mark.parametrize("missing", ["shelter_id", "name", "capacity_people"])
def test_shelters_without_a_needed_column_are_refused(missing):
    with pytest.raises(rg.ResilienceGeoError, match=missing):
        make(targets=places().drop(columns=missing))


def test_depth_that_rises_never_serves_more_people_late():
    served = [
        make("late", water=[(*patch[:4], depth) for patch in WATER])
        .villages[["evacuees", "allocated"]]
        .sum()
        for depth in (0.8, 1.6, 5.0)
    ]
    assert len({int(row["evacuees"]) for row in served}) == 1
    allocated = [int(row["allocated"]) for row in served]
    assert allocated == sorted(allocated, reverse=True)
