"""Clearance times on small roads worked out on paper, and on kelurahan of Jakarta."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import resilience_geo as rg
from resilience_geo.analysis.clearance import network_clearance
from resilience_geo.analysis.clearance_network import road_steps
from resilience_geo.analysis.evacuation_network import build_network, find_ways, travel_at
from resilience_geo.analysis.network import road_arrays
from resilience_geo.analysis.road_capacity import people_per_second, road_widths
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.errors import AssumptionError
from tests.analysis.toys import at, flood_patches, road_graph

LEAD_MIN = 15.0  # warning 5, reaction 10
# 2 m wide: 1.3 x (2.0 - 0.3) = 2.21 people per second, 132 whole people in a minute.
NARROW = {"width": "2"}
PER_MIN = 132


def clearance(nodes, roads, homes, shelters, hazard=None, departure="early", **options):
    """Clear homes [(x, y, people)] to shelters [(x, y, seats)]."""
    assumptions = EvacuationAssumptions(**options.pop("assumptions", {}))
    arrays = road_arrays(road_graph(nodes, *roads))
    network = build_network(
        arrays,
        hazard or flood_patches(width=4000.0, height=400.0),
        shapely.points([at(x, y) for x, y, _ in shelters]),
        assumptions,
    )
    return network_clearance(
        network,
        departure,
        shapely.points([at(x, y) for x, y, _ in homes]),
        np.array([number for *_, number in homes]),
        np.array([number for *_, number in shelters]),
        **options,
    )


STRAIGHT = {"A": (10, 100), "B": (1110, 100)}


def test_one_road_takes_the_walk_and_the_time_to_pass():
    # 1100 m at 1.1 m/s: 1000 s, 17 steps. 1000 people, 132 per minute: 8 loads, at steps 0 to 7.
    # The last load is safe in step 24, which is over after 25 minutes.
    found = clearance(STRAIGHT, [("A", "B", NARROW)], [(10, 100, 1000)], [(1110, 100, 5000)])
    assert (found.method, found.moving_min, found.clearance_min) == ("exact", 25.0, 25.0 + LEAD_MIN)
    assert (found.lower_bound_min, found.gap) == (25.0, 0.0)
    assert (found.safe_people, found.unserved_people) == (1000, 0)
    assert found.is_earliest_arrival
    assert found.curve["minute"].iloc[0] == LEAD_MIN
    assert found.curve["minute"].iloc[-1] == found.clearance_min
    assert found.curve["people_safe"].iloc[-3:].to_list() == [6 * PER_MIN, 7 * PER_MIN, 1000]
    worst = found.bottlenecks.iloc[0]
    assert (worst["width_m"], worst["people"], worst["minutes_full"]) == (2.0, 1000, 7.0)
    assert worst["longest_queue_people"] == 1000 - PER_MIN
    assert found.queues["people_waiting"].max() == 1000 - PER_MIN


def groups_clear(people, slower, **options):
    """Clear groups at home on the straight road to a shelter with room for all."""
    arrays = road_arrays(road_graph(STRAIGHT, ("A", "B", NARROW)))
    place = shapely.points([at(1110, 100)])
    dry = flood_patches(width=4000.0, height=400.0)
    network = build_network(arrays, dry, place, EvacuationAssumptions())
    return network_clearance(
        network,
        "early",
        shapely.points([at(10, 100)]),
        np.array([people]),
        np.array([9000]),
        slower=np.array(slower),
        **options,
    )


def test_a_slow_group_arrives_as_late_as_it_walks():
    # 1100 m: 1000 s at 1.1 m/s are 17 steps; at 0.55 m/s 2000 s, 34 steps. Ten people of each: the
    # first are safe after 17 + 1 minutes, the last after 34 + 1.
    found = groups_clear([10, 10], [1.0, 2.0])
    assert found.moving_min == 35.0
    safe = found.curve.set_index("minute")["people_safe"]
    assert safe[LEAD_MIN + 17] == 0
    assert safe[LEAD_MIN + 18] == safe[LEAD_MIN + 34] == 10
    assert safe[LEAD_MIN + 35] == 20
    assert groups_clear([10, 0], [1.0, 2.0]).moving_min == 18.0


def test_groups_of_one_speed_are_one_crowd():
    apart, together = groups_clear([600, 400], [1.0, 1.0]), groups_clear([1000], [1.0])
    assert apart.curve.equals(together.curve)


def test_time_between_many_cuts_is_rounded_once():
    # Water 0.2 m deep cuts the road into 11 stretches; early it is walked at full speed.
    ponds = [(x, 0, x + 30, 200, 0.2) for x in range(100, 1100, 200)]
    hazard = flood_patches(*ponds, width=4000.0, height=400.0)
    found = clearance(
        STRAIGHT, [("A", "B", NARROW)], [(10, 100, 100)], [(1110, 100, 5000)], hazard=hazard
    )
    # 17 steps, and the step in which the one load arrives.
    assert found.moving_min == 18.0


def test_water_slows_late():
    # 150 m of water at 0.7 of the speed: 950 m + 150 m / 0.7 = 1164 m at 1.1 m/s, 1058.4 s.
    hazard = flood_patches((500, 0, 650, 200, 0.2), width=4000.0, height=400.0)
    late = clearance(
        STRAIGHT,
        [("A", "B", NARROW)],
        [(10, 100, 100)],
        [(1110, 100, 5000)],
        hazard=hazard,
        departure="late",
    )
    assert late.moving_min == 19.0


def test_the_narrowest_part_of_a_chain_counts():
    nodes = {"A": (10, 100), "M": (510, 100), "B": (1110, 100)}
    roads = [("A", "M", {"width": "6"}), ("M", "B", NARROW)]
    found = clearance(nodes, roads, [(10, 100, 1000)], [(1110, 100, 5000)])
    assert found.moving_min == 25.0
    assert found.bottlenecks["width_m"].to_list() == [2.0]
    assert found.bottlenecks.geometry.iloc[0].length == pytest.approx(600.0)


def test_two_roads_clear_sooner_than_one():
    # 1110 m take 17 steps; the second road is 0.2 m longer, which is rounded up: 18 steps. Until
    # step T loads of 132 come in T - 16 and T - 17 times: 8 loads at T = 21, over after 22 minutes.
    nodes = {"H": (10, 100), "A": (20, 100), "B": (1120, 100), "X": (570, 101)}
    roads = [
        ("H", "A", {"width": "20"}),
        ("A", "B", NARROW),
        ("A", "B", {**NARROW, "via": ((570, 110),)}),
    ]
    one = clearance(nodes, roads[:2], [(10, 100, 1000)], [(1120, 100, 5000)])
    two = clearance(nodes, roads, [(10, 100, 1000)], [(1120, 100, 5000)])
    assert one.moving_min == 25.0
    assert two.moving_min == 22.0


def test_a_full_shelter_sends_the_rest_farther():
    nodes = {"A": (10, 100), "B": (1110, 100), "C": (2210, 100)}
    roads = [("A", "B", {"width": "30"}), ("B", "C", {"width": "30"})]
    found = clearance(nodes, roads, [(10, 100, 50)], [(1110, 100, 30), (2210, 100, 15)])
    # 2200 m take 2000 s, 34 steps.
    assert (found.safe_people, found.unserved_people, found.moving_min) == (45, 5, 35.0)


def test_nobody_safe_and_nobody_there():
    nodes = STRAIGHT
    for homes, seats in (([(10, 100, 0)], 10), ([(10, 100, 7)], 0)):
        found = clearance(nodes, [("A", "B", NARROW)], homes, [(1110, 100, seats)])
        assert np.isnan(found.clearance_min)
        assert found.safe_people == 0
        assert found.unserved_people == homes[0][2]
        assert found.bottlenecks.empty


@pytest.mark.parametrize(
    ("tags", "width"),
    [
        ({"width": "3.5 m"}, 3.5),
        ({"width": "3,5"}, 3.5),
        ({"width": ["5", "2.5"]}, 2.5),
        ({"width": 4.0}, 4.0),
        ({"width": "4", "lanes": "3"}, 4.0),
        ({"width": "narrow", "lanes": "2;3"}, 6.0),
        ({"width": "12'6\"", "highway": "primary"}, 7.0),
        ({"width": "0", "highway": "primary_link"}, 6.0),
        ({"highway": ["residential", "footway"]}, 1.5),
        ({"highway": "living_street"}, 3.5),
        ({"highway": "path"}, 1.5),
    ],
)
def test_width_is_what_is_stated_or_what_is_taken_for_the_class(tags, width):
    roads = road_arrays(road_graph(STRAIGHT, ("A", "B", tags)))
    assert road_widths(roads, EvacuationAssumptions()).tolist() == [width]


def test_flow_by_width_with_its_edges_taken_off():
    flow = people_per_second(np.array([2.0, 0.1]), EvacuationAssumptions())
    assert flow == pytest.approx([2.21, 0.65])


def test_rounded_ways_are_never_shorter_than_they_are():
    # Every way from home to shelter: its steps last at least as long as its seconds.
    nodes = {(x, y): (10 + 90 * x, 10 + 70 * y) for x in range(5) for y in range(4)}
    roads = [(a, b) for a in nodes for b in nodes if b in {(a[0] + 1, a[1]), (a[0], a[1] + 1)}]
    arrays = road_arrays(road_graph(nodes, *roads))
    points = shapely.points([at(10, 10), at(10 + 90 * 4, 10 + 70 * 3)])
    network = build_network(
        arrays, flood_patches(width=4000.0, height=400.0), points, EvacuationAssumptions()
    )
    travel = travel_at(network, "early", weighed=False)
    homes = shapely.points([at(190, 150), at(100, 220)])
    ways = find_ways(network, travel, homes, np.ones(2, dtype=bool))
    made = road_steps(network, travel, ways, np.array([5, 7]), np.array([9, 9]), 60.0)
    problem = made.problem
    own = np.flatnonzero(problem.supply > 0)
    fewest = problem.to_sink[own] * 60.0
    times = dict(zip((5, 7), ways.travel_time_s, strict=True))
    for people, steps_s in zip(problem.supply[own], fewest, strict=True):
        assert times[int(people)] <= steps_s < times[int(people)] + 60.0


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 2000),
    st.floats(0.5, 12.0),
    st.floats(100.0, 1500.0),
    st.sampled_from([30.0, 60.0]),
)
def test_one_road_by_the_formula(number, width, length, step_s):
    nodes = {"A": (10, 100), "B": (10 + length, 100)}
    found = clearance(
        nodes,
        [("A", "B", {"width": f"{width:.3f}"})],
        [(10, 100, number)],
        [(10 + length, 100, 5000)],
        step_s=step_s,
    )
    per_step = np.floor(1.3 * max(round(width, 3) - 0.3, 0.5) * step_s + 1e-6)
    steps = np.ceil(length / 1.1 / step_s - 1e-6) + np.ceil(number / per_step)
    assert found.moving_min == pytest.approx(steps * step_s / 60.0)


def test_choices_that_do_not_exist_are_refused():
    for options in ({"method": "best"}, {"step_s": 0.0}, {"step_s": float("nan")}, {"step_s": "x"}):
        with pytest.raises(AssumptionError, match=next(iter(options))):
            clearance(STRAIGHT, [("A", "B", NARROW)], [(10, 100, 9)], [(1110, 100, 9)], **options)


def test_who_lives_along_a_road_fills_it_too():
    # 600 people live along the road, 550 m from the shelter: 500 s, 9 steps, and 5 loads of 132.
    found = clearance(STRAIGHT, [("A", "B", NARROW)], [(560, 100, 600)], [(1110, 100, 5000)])
    assert found.moving_min == 9 + 5
    # As many more come from its far end: 17 steps; the end of the road is free from step 14 on.
    both = clearance(
        STRAIGHT,
        [("A", "B", NARROW)],
        [(560, 100, 600), (10, 100, 600)],
        [(1110, 100, 5000)],
    )
    assert both.moving_min == 17 + 5


@pytest.fixture(scope="module")
def jakarta(real_data):
    folder = real_data / "jakarta"
    villages = rg.read_villages(folder / "kelurahan_jakarta.shp")
    hazard = rg.read_hazard(folder / "Flood_Current_Depth_Jakarta_geographic.asc", unit="m")
    people = rg.read_population(
        folder / "Population_Jakarta_geographic.asc", unit="people_per_ha", scale=0.1
    )
    # Kelurahan with many, some and few evacuees, and what lies 3 km around them.
    few = villages[villages["village_code"].astype(str).isin(["243", "166"])]
    roads = rg.read_roads(folder / "jakarta_roads.shp", within=few)
    shelters = rg.read_shelters(folder / "shelters_standin.geojson")
    return rg.plan_evacuation(few, hazard, people, roads, shelters, departure="early")


@pytest.mark.real_data
@pytest.mark.parametrize("code", ["243", "166"])
def test_fast_is_near_exact_in_kelurahan_of_jakarta(jakarta, code):
    exact = rg.clearance_time(jakarta, village_codes=[code])
    fast = rg.clearance_time(jakarta, village_codes=[code], method="fast")
    assert exact.method == "exact"
    assert exact.safe_people == fast.safe_people > 1000
    assert fast.lower_bound_min <= exact.moving_min <= fast.moving_min <= 1.05 * exact.moving_min
    assert exact.safe_people + exact.unserved_people == jakarta.exposure.loc[code, "evacuees"]
    assert (exact.bottlenecks["people"] <= exact.safe_people).all()


@pytest.mark.real_data
def test_plans_without_that_departure_or_village_are_refused(jakarta):
    with pytest.raises(AssumptionError, match="late"):
        rg.clearance_time(jakarta, departure="late")
    with pytest.raises(AssumptionError, match="999"):
        rg.clearance_time(jakarta, village_codes=["999"])
