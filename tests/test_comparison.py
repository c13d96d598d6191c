"""Plans beside one another, and what changes if things turn out worse; toys on paper."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import resilience_geo as rg
from resilience_geo.errors import AssumptionError, InputError
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

# Ten people in 1 m of water (medium) at (350, 105), on a road of 800 m with a bridge from 505 to
# 605; S0 at its end, at 905, holds 8; a way round of 400 m more avoids the bridge.
NODES = {1: (105, 105), 2: (505, 105), 3: (605, 105), 4: (905, 105), 5: (505, 305), 6: (605, 305)}
ROADS = (
    (1, 2),
    (2, 3, {"bridge": "yes", "name": "Jembatan Tua"}),
    (3, 4),
    (2, 5),
    (5, 6),
    (6, 3),
)
WET = ((300, 50, 400, 150, 1.0), (100, 50, 200, 150, 0.7))


def make(departure="early", capacity=8.0, water=WET, **options):
    counts = np.zeros((10, 20))
    counts[10 - 1, 3] = 10  # cell (300..400, 0..100) is wet in its upper half
    counts[10 - 2, 3] = 0
    frame = villages(A=rect(0, 0, 2000, 1000))
    plan = rg.plan_evacuation(
        frame,
        flood_patches(*water),
        people(counts, cell=100),
        road_graph(NODES, *ROADS),
        shelters((905, 105), capacity=capacity),
        departure=departure,
        assumptions=rg.EvacuationAssumptions(**options),
    )
    assert_plan_keeps_the_contract(plan, frame)
    return plan


@pytest.fixture(scope="module")
def plan():
    return make()


def test_the_toy(plan):
    # Half of the cell's ten people are in the water: five leave, from its centre at (350, 50).
    assert plan.villages["evacuees"].to_list() == [5]
    assert plan.villages["allocated"].to_list() == [5]
    # The second route goes round the bridge.
    assert_allclose(plan.routes["distance_m"], [55 + 555, 55 + 955])


def test_plans_stand_beside_one_another(plan):
    table = rg.compare_plans({"sekarang": plan, "kecil": make(capacity=2.0)})
    assert table.index.to_list() == ["sekarang", "kecil"]
    assert table["allocated"].to_list() == [5, 2]
    assert table["allocated_change"].to_list() == [0, -3]
    assert table["shelters_full"].to_list() == [0, 3]
    assert table["seats_people"].to_list() == [8, 2]
    assert_allclose(table["mean_travel_time_min"], 610 / WALK_MPS / 60)


def test_plans_by_village(plan):
    other = make("both", capacity=2.0)
    table = rg.compare_plans({"sekarang": plan, "kecil": other}, by="village")
    assert table.index.to_list() == ["A"]
    assert table["allocated"].loc["A"].to_dict() == {"sekarang": 5, "kecil": 2}
    # The first plan knows nothing of a late departure.
    assert table["late_allocated"].columns.to_list() == ["kecil"]


@pytest.mark.parametrize(("plans", "by"), [({}, "plan"), ({"a": None}, "kecamatan")])
def test_nothing_to_compare_is_refused(plans, by):
    with pytest.raises(InputError, match="at least one plan"):
        rg.compare_plans(plans, by=by)


def test_what_usually_goes_wrong(plan):
    table = rg.plan_sensitivity(plan)
    assert table.index.to_list() == [
        "as planned",
        "slower walking",
        "water a quarter deeper",
        "half the capacity",
        "a lost bridge: Jembatan Tua",
    ]
    assert (table["departure"] == "early").all()
    # 0.7 m becomes 0.875 m, medium: nobody lives there, and the five stay five.
    assert table["evacuees"].to_list() == [5] * 5
    assert table["allocated"].to_list() == [5, 5, 5, 4, 5]
    assert table["shelters_full"].to_list() == [0, 0, 0, 1, 0]
    assert table["allocated_change"].to_list() == [0, 0, 0, -1, 0]
    assert table["unserved"].to_list() == table["unserved_change"].to_list() == [0, 0, 0, 1, 0]
    metres = table["mean_travel_time_min"] * 60 * WALK_MPS
    assert_allclose(metres, [610, 610 * 1.1 / 0.894, 610, 610, 610 + 400], rtol=1e-9)


def test_deeper_water_makes_more_people_leave():
    # 0.7 m is low and nobody leaves; 0.875 m is medium.
    plan = make(water=((300, 50, 400, 150, 0.7), (500, 800, 600, 900, 1.0)))
    assert plan.villages["evacuees"].sum() == 0
    table = rg.plan_sensitivity(plan, [rg.Scenario(name="deeper", depth_factor=1.25)])
    assert table.loc["deeper", "evacuees"] == 5
    assert table.loc["deeper", "evacuees_change"] == 5


def test_both_departures_have_rows_of_their_own():
    table = rg.plan_sensitivity(make("both"), [rg.Scenario(name="half", capacity_factor=0.5)])
    assert table.reset_index()[["scenario", "departure"]].to_numpy().tolist() == [
        ["as planned", "early"],
        ["as planned", "late"],
        ["half", "early"],
        ["half", "late"],
    ]


def test_what_ifs_leave_the_plan_as_it_was(plan):
    before = plan.summary().copy(), plan.origins.copy()
    rg.plan_sensitivity(plan)
    pd.testing.assert_frame_equal(plan.summary(), before[0])
    pd.testing.assert_frame_equal(plan.origins, before[1])


def test_depths_of_a_hazard_without_depth_cannot_change():
    frame = villages(A=rect(0, 0, 2000, 1000))
    counts = np.zeros((10, 20))
    counts[9, 3] = 10
    slide = rg.plan_evacuation(
        frame,
        flood_patches((300, 50, 400, 150, 0.9), kind="landslide"),
        people(counts, cell=100),
        road_graph(NODES, *ROADS),
        shelters((905, 105), capacity=8.0),
        departure="early",
    )
    assert "water a quarter deeper" not in rg.plan_sensitivity(slide).index
    with pytest.raises(InputError, match="water depths"):
        rg.plan_sensitivity(slide, [rg.Scenario(name="x", depth_factor=2.0)])


def test_a_plan_without_workings_is_refused(plan):
    bare = dataclasses.replace(plan, workings=None)
    with pytest.raises(InputError, match="without its workings"):
        rg.plan_sensitivity(bare)


@pytest.mark.parametrize(
    "wrong",
    [
        {"depth_factor": np.nan},
        {"depth_factor": 0},
        {"capacity_factor": -1},
        {"walking_speed_factor": "a"},
        {"lost_road_id": 1.5},
        {"lost_road_id": "Jembatan"},
    ],
)
def test_scenario_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(AssumptionError, match=next(iter(wrong))):
        rg.Scenario(name="x", **wrong)


@pytest.mark.parametrize("road", [-1, 10**6])
def test_a_road_the_plan_does_not_have_cannot_be_lost(plan, road):
    with pytest.raises(InputError, match="road_id"):
        rg.plan_sensitivity(plan, [rg.Scenario(name="x", lost_road_id=road)])


def test_nobody_walks_across_country_because_a_road_is_lost(plan):
    # Without its last road, from 605 to 905, S0 is 300 m from any other, and takes nobody.
    roads = plan.roads.set_index(["u", "v"])["road_id"]
    last = roads.get((3, 4), roads.get((4, 3)))
    table = rg.plan_sensitivity(plan, [rg.Scenario(name="lost", lost_road_id=int(last))])
    assert table.loc["lost", ["allocated", "cut_off"]].to_list() == [0, 5]
