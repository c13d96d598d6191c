"""Settlements: people counted to the last one, borders, villages, medians and who needs help."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

import resilience_geo as rg
from resilience_geo.analysis.settlements import (
    origin_settlements,
    settlement_answers,
    settlement_needs,
    settlement_of,
)
from resilience_geo.errors import ColumnError, CrsError
from resilience_geo.tables import UNSERVED_CAUSES
from tests.analysis.toys import CRS, at, rect

CODES = ("V1", "V2")
GROUPS = ("general", "children_under_5", "elderly", "disabled", "pregnant")
NEEDS = (*GROUPS[1:], "need_help_people", "helpers")


def make_settlements(**shapes):
    return gpd.GeoDataFrame(
        {"settlement_id": list(shapes), "name": [f"Dusun {name}" for name in shapes]},
        geometry=list(shapes.values()),
        crs=CRS,
    )


def make_villages(**figures):
    """Make V1 from 0 to 1000 m and V2 from 1000 to 2000 m."""
    return gpd.GeoDataFrame(
        {"village_name": ["Desa Satu", "Desa Dua"], **figures},
        index=pd.Index(CODES, name="village_code"),
        geometry=[rect(0, 0, 1000, 1000), rect(1000, 0, 2000, 1000)],
        crs=CRS,
    )


def make_origins(*rows, **more):
    """Make origins of (id, village, place, people, status, shelter, seconds, second way)."""
    columns = ["origin_id", "village_code", "evacuees", "status", "shelter_id", "travel_time_s"]
    values = [(row[0], row[1], *row[3:7]) for row in rows]
    return gpd.GeoDataFrame(
        pd.DataFrame(values, columns=columns).assign(
            has_second_route=[row[7] for row in rows], **more
        ),
        geometry=[Point(at(*row[2])) for row in rows],
        crs=CRS,
    )


def make_routes(*rows):
    """Make main routes of (id, origin, shelter, seconds, metres, metres in hazard)."""
    columns = ["route_id", "origin_id", "shelter_id", "travel_time_s", "distance_m", "hazardous_m"]
    return gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=columns).assign(unknown_m=0.0, rank=1),
        geometry=[LineString([at(0, 0), at(1, 1)])] * len(rows),
        crs=CRS,
    )


def spots(*places):
    return gpd.GeoSeries([Point(at(*place)) for place in places], crs=CRS)


WEST, EAST = rect(0, 0, 500, 1000), rect(500, 0, 1000, 1000)
NAN = float("nan")


def test_a_point_belongs_to_the_polygon_that_holds_it():
    found = settlement_of(
        spots((100, 100), (900, 100), (1500, 100)), make_settlements(a=WEST, b=EAST)
    )
    assert found.tolist() == [0, 1, -1]


def test_on_a_border_the_first_by_its_identifier_counts():
    place = spots((500, 300))
    assert settlement_of(place, make_settlements(a=WEST, b=EAST)).tolist() == [0]
    assert settlement_of(place, make_settlements(b=EAST, a=WEST)).tolist() == [1]
    assert settlement_of(place, make_settlements(b=WEST, a=EAST)).tolist() == [1]
    assert settlement_of(place, make_settlements(x=WEST, b=WEST.buffer(5))).tolist() == [1]


def test_settlements_that_are_points_reach_so_far():
    here = make_settlements(a=Point(at(0, 0)), b=Point(at(1000, 0)))
    places = spots((499, 0), (501, 0), (500, 0), (1000, 300), (1000, 301))
    assert settlement_of(places, here, reach_m=500.5).tolist() == [0, 1, 0, 1, 1]
    assert settlement_of(places, here, reach_m=300.5).tolist() == [-1, -1, -1, 1, -1]
    assert settlement_of(places, here).tolist() == [0, 1, 0, 1, 1]
    # Also from places in degrees reach is in metres.
    in_degrees = settlement_of(places.to_crs(4326), here.to_crs(4326), reach_m=300.5)
    assert in_degrees.tolist() == [-1, -1, -1, 1, -1]


def test_a_polygon_comes_before_a_nearer_point():
    mixed = make_settlements(a=Point(at(100, 100)), b=WEST)
    assert settlement_of(spots((101, 100), (600, 100)), mixed).tolist() == [1, 0]


def test_nothing_belongs_to_nothing():
    nowhere = make_settlements(a=WEST).iloc[:0]
    assert settlement_of(spots((1, 1)), nowhere).tolist() == [-1]
    assert settlement_of(spots((1, 1)).iloc[:0], make_settlements(a=WEST)).tolist() == []


def test_settlements_without_a_crs_or_an_identifier_are_refused():
    table = make_settlements(a=WEST)
    with pytest.raises(CrsError):
        settlement_of(spots((1, 1)), table.set_crs(None, allow_override=True))
    with pytest.raises(ColumnError, match="settlement_id"):
        settlement_of(spots((1, 1)), table.drop(columns="settlement_id"))


def origins_at(*rows):
    return make_origins(
        *((f"o{i}", code, place, 1, "too_far", None, NAN, False) for i, (code, place) in rows)
    )


def test_people_stay_with_the_settlements_of_their_village():
    # The middle of a cell on the border lies 20 m into the neighbours, another 120 m.
    table = make_settlements(a=WEST, b=EAST, c=rect(1000, 0, 1500, 1000))
    origins = origins_at(
        *enumerate(
            [("V1", (1020, 500)), ("V1", (1120, 500)), ("V2", (980, 500)), ("V2", (1900, 9))]
        )
    )
    found = origin_settlements(origins, table, make_villages())
    assert found.tolist() == [1, -1, 2, -1]
    assert origin_settlements(origins, None, make_villages()).tolist() == [0, 0, 1, 1]


def test_a_sliver_of_a_settlement_is_none_of_the_village_but_a_tenth_is():
    origins = origins_at(*enumerate([("V2", (1001, 500)), ("V1", (500, 500))]))
    sliver, tenth = rect(500, 0, 1040, 1000), rect(500, 0, 1060, 1000)
    assert origin_settlements(origins, make_settlements(a=sliver), make_villages()).tolist() == [
        -1,
        0,
    ]
    assert origin_settlements(origins, make_settlements(a=tenth), make_villages()).tolist() == [
        0,
        0,
    ]


def test_points_of_another_village_are_passed_over():
    table = make_settlements(a=Point(at(990, 500)), b=Point(at(1500, 500)))
    origins = origins_at(*enumerate([("V2", (1010, 500)), ("V1", (1010, 500))]))
    assert origin_settlements(origins, table, make_villages()).tolist() == [1, 0]
    near = origin_settlements(origins, table, make_villages(), reach_m=100.0)
    assert near.tolist() == [-1, 0]


ORIGINS = make_origins(
    ("o1", "V1", (100, 100), 10, "allocated", "S1", 600.0, True),
    ("o2", "V1", (200, 100), 30, "allocated", "S1", 900.0, False),
    ("o3", "V1", (300, 100), 25, "allocated", "S1", 1200.0, True),
    ("o3", "V1", (300, 100), 5, "allocated", "S2", 300.0, True),
    ("o3", "V1", (300, 100), 2, "shelters_full", None, NAN, False),
    ("o4", "V1", (700, 100), 8, "allocated", "S2", 60.0, False),
    ("o5", "V1", (1500, 100), 3, "cut_off", None, NAN, False),
    ("o6", "V2", (1500, 500), 4, "too_far", None, NAN, False),
)
ROUTES = make_routes(
    ("o1-1", "o1", "S1", 600.0, 660.0, 1.0),
    ("o2-1", "o2", "S1", 900.0, 990.0, 2.0),
    ("o3-1", "o3", "S1", 1200.0, 1320.0, 3.0),
    ("o3-2", "o3", "S2", 300.0, 330.0, 4.0),
    ("o4-1", "o4", "S2", 60.0, 66.0, 5.0),
)


def answers_of(origins=ORIGINS, routes=ROUTES, settlements=None):
    return settlement_answers(origins, routes, settlements, make_villages())


def test_answers_on_paper():
    table = answers_of(settlements=make_settlements(a=WEST, b=EAST))
    where = table[["settlement", "village_code", "status", "shelter_id", "evacuees"]]
    assert list(where.itertuples(index=False, name=None)) == [
        (0, "V1", "allocated", "S1", 65),
        (0, "V1", "allocated", "S2", 5),
        (0, "V1", "shelters_full", "", 2),
        (1, "V1", "allocated", "S2", 8),
        (-1, "V1", "cut_off", "", 3),
        (-1, "V2", "too_far", "", 4),
    ]
    # 10 people at 600 s, 30 at 900 s, 25 at 1200 s: the 33rd of 65 walks 900 s.
    np.testing.assert_equal(table["travel_time_s"].to_numpy(), [900.0, 300.0, NAN, 60.0, NAN, NAN])
    np.testing.assert_equal(
        table["longest_travel_time_s"].to_numpy(), [1200.0, 300.0, NAN, 60.0, NAN, NAN]
    )
    assert table["route_id"].tolist() == ["o2-1", "o3-2", "", "o4-1", "", ""]
    np.testing.assert_equal(table["distance_m"].to_numpy(), [990.0, 330.0, NAN, 66.0, NAN, NAN])
    np.testing.assert_equal(table["hazardous_m"].to_numpy(), [2.0, 4.0, NAN, 5.0, NAN, NAN])
    np.testing.assert_equal(
        table["route_travel_time_s"].to_numpy(), [900.0, 300.0, NAN, 60.0, NAN, NAN]
    )
    assert table["second_route_people"].tolist() == [35, 5, 0, 0, 0, 0]


def test_without_settlements_every_village_is_one():
    table = answers_of()
    where = table[["settlement", "village_code", "status", "shelter_id", "evacuees"]]
    assert list(where.itertuples(index=False, name=None)) == [
        (0, "V1", "allocated", "S1", 65),
        (0, "V1", "allocated", "S2", 13),
        (0, "V1", "cut_off", "", 3),
        (0, "V1", "shelters_full", "", 2),
        (1, "V2", "too_far", "", 4),
    ]


def test_second_ways_are_known_from_the_routes_too():
    second = ROUTES.iloc[[0, 2]].assign(rank=2, route_id=["o1-1-2", "o3-1-2"], shelter_id="S9")
    routes = pd.concat([ROUTES, second], ignore_index=True)
    table = answers_of(ORIGINS.drop(columns="has_second_route"), routes)
    assert table["second_route_people"].tolist() == [35, 0, 0, 0, 0]


def test_both_departures_have_their_own_routes_of_the_same_names():
    late = ORIGINS.assign(travel_time_s=ORIGINS["travel_time_s"] * 2)
    origins = pd.concat([ORIGINS.assign(departure="early"), late.assign(departure="late")])
    late_routes = ROUTES.assign(departure="late", distance_m=ROUTES["distance_m"] * 3)
    routes = pd.concat([late_routes, ROUTES.assign(departure="early")], ignore_index=True)
    table = answers_of(origins, routes)
    assert table["departure"].tolist() == ["early"] * 5 + ["late"] * 5
    one = answers_of().drop(columns=["distance_m", "travel_time_s"])
    for name, times, metres in (("early", 1, 1), ("late", 2, 3)):
        mine = table[table["departure"] == name].reset_index(drop=True)
        same = [column for column in one.columns if "time_s" not in column]
        pd.testing.assert_frame_equal(mine[same], one[same])
        np.testing.assert_equal(mine["travel_time_s"].iloc[0], 900.0 * times)
        np.testing.assert_equal(mine["distance_m"].iloc[0], 990.0 * metres)


def test_of_groups_apart_the_origin_with_most_people_leads():
    # o1 has 12 + 9 people, o2 20 in one group: o1 leads, by the way of its 12.
    origins = make_origins(
        ("o1", "V1", (1, 1), 9, "allocated", "S1", 100.0, True),
        ("o1", "V1", (1, 1), 12, "allocated", "S1", 200.0, True),
        ("o2", "V1", (2, 2), 20, "allocated", "S1", 50.0, True),
        group=["elderly", "general", "general"],
    )
    routes = make_routes(
        ("o1-1", "o1", "S1", 100.0, 1.0, 0.0),
        ("o1-2", "o1", "S1", 200.0, 2.0, 0.0),
        ("o2-1", "o2", "S1", 50.0, 3.0, 0.0),
    ).assign(group=["elderly", "general", "general"])
    for shown in (routes, routes.iloc[::-1]):
        table = answers_of(origins, shown)
        assert table["route_id"].tolist() == ["o1-2"]
        assert table["evacuees"].tolist() == [41]
        # 20 at 50 s, 9 at 100 s, 12 at 200 s: the 21st of 41 walks 100 s.
        assert table["travel_time_s"].tolist() == [100.0]


def test_nobody_to_answer():
    table = settlement_answers(ORIGINS.iloc[:0], ROUTES.iloc[:0], None, make_villages())
    assert len(table) == 0
    assert "route_id" in table.columns


def test_a_table_without_origins_of_routes_is_refused():
    with pytest.raises(ColumnError, match="origin_id"):
        answers_of(routes=ROUTES.drop(columns="origin_id"))
    with pytest.raises(ColumnError, match="status"):
        answers_of(origins=ORIGINS.drop(columns="status"))


PLACES = st.tuples(st.integers(-300, 2300), st.integers(-300, 1300))
ROWS = st.lists(
    st.tuples(
        st.sampled_from(CODES),
        PLACES,
        st.integers(1, 50),
        st.sampled_from(["S1", "S2", "S3", *UNSERVED_CAUSES]),
        st.integers(0, 5000),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)
# Borders between whole metres, so that no place is on one whatever the CRS.
SHAPES = st.lists(
    st.one_of(
        PLACES.map(lambda place: Point(at(place[0] + 0.37, place[1] + 0.21))),
        st.tuples(PLACES, st.integers(50, 900), st.integers(50, 900)).map(
            lambda box: rect(
                box[0][0] + 0.43,
                box[0][1] + 0.43,
                box[0][0] + box[1] + 0.43,
                box[0][1] + box[2] + 0.43,
            )
        ),
    ),
    max_size=8,
)


def drawn(rows):
    served = [row[3].startswith("S") for row in rows]
    origins = make_origins(
        *(
            (f"o{i:02d}", code, place, people, "allocated" if ok else what, what if ok else None,
             float(seconds) if ok else NAN, second and ok)
            for i, ((code, place, people, what, seconds, second), ok) in enumerate(
                zip(rows, served, strict=True)
            )
        )
    )  # fmt: skip
    mine = origins[origins["status"] == "allocated"]
    routes = make_routes(
        *(
            (f"{one}-1", one, shelter, seconds, seconds * 1.1, seconds / 7)
            for one, shelter, seconds in zip(
                mine["origin_id"], mine["shelter_id"], mine["travel_time_s"], strict=True
            )
        )
    )
    return origins, routes


@settings(max_examples=80, deadline=None)
@given(rows=ROWS, shapes=SHAPES, seed=st.integers(0, 999))
def test_people_are_counted_to_the_last_one_by_brute_force(rows, shapes, seed):
    origins, routes = drawn(rows)
    table = make_settlements(**{f"s{number}": shape for number, shape in enumerate(shapes)})
    villages = make_villages()
    where = origin_settlements(origins, table, villages)
    answers = settlement_answers(origins, routes, table, villages)
    counted = {}
    for row, settlement in zip(origins.itertuples(), where, strict=True):
        shelter = row.shelter_id if row.status == "allocated" else ""
        key = (settlement, row.village_code, row.status, shelter)
        counted.setdefault(key, []).extend([(row.travel_time_s, row)] * row.evacuees)
    keys = list(
        answers[["settlement", "village_code", "status", "shelter_id"]].itertuples(index=False)
    )
    assert len(keys) == len(set(map(tuple, keys)))
    assert set(map(tuple, keys)) == set(counted)
    for key, answer in zip(keys, answers.itertuples(), strict=True):
        everyone = counted[tuple(key)]
        assert answer.evacuees == len(everyone)
        assert answer.second_route_people == sum(row.has_second_route for _, row in everyone)
        if key.status != "allocated":
            assert answer.route_id == ""
            continue
        seconds = sorted(time for time, _ in everyone)
        assert answer.travel_time_s == seconds[(len(seconds) - 1) // 2]
        assert answer.longest_travel_time_s == seconds[-1]
        lead = min(everyone, key=lambda one: (-one[1].evacuees, one[1].origin_id))[1]
        assert answer.route_id == f"{lead.origin_id}-1"
        assert answer.distance_m == pytest.approx(lead.travel_time_s * 1.1)
    # Neither the order of the tables nor the CRS of the settlements changes who goes where.
    mixed = np.random.default_rng(seed).permutation(len(table))
    other = table.iloc[mixed].to_crs(4326)
    again = origin_settlements(origins, other, villages)
    assert np.append(mixed, -1)[again].tolist() == where.tolist()
    swapped = np.random.default_rng(seed).permutation(len(origins))
    moved = settlement_answers(origins.iloc[swapped], routes, table, villages)
    pd.testing.assert_frame_equal(moved, answers)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, shapes=SHAPES)
def test_a_settlement_is_the_first_that_holds_a_point_by_brute_force(rows, shapes):
    table = make_settlements(**{f"s{number}": shape for number, shape in enumerate(shapes)})
    places = spots(*(row[1] for row in rows))
    for place, found in zip(places, settlement_of(places, table, reach_m=400.0), strict=True):
        holding = [i for i, shape in enumerate(shapes) if shape.area and shape.contains(place)]
        near = sorted(
            (shape.distance(place), i)
            for i, shape in enumerate(shapes)
            if not shape.area and shape.distance(place) <= 400.0
        )
        expected = holding[0] if holding else near[0][1] if near else -1
        assert found == expected


def needs_of(origins, settlements=None, **figures):
    return settlement_needs(origins, settlements, make_villages(**figures))


FIGURES = {
    "evacuees": [83, 4],
    "children_under_5": [8, 1],
    "elderly": [10, 0],
    "disabled": [4, 0],
    "pregnant": [1, 0],
    "need_help_people": [15, 0],
    "helpers": [8, 0],
    "shares_from": ["table", "national"],
}


def test_needs_of_a_village_are_shared_out_in_proportion():
    # V1: 72 people in the west, 8 in the east, 3 outside. Elderly 10 x 72/83 = 8.7, 0.96, 0.36.
    table = needs_of(ORIGINS, make_settlements(a=WEST, b=EAST), **FIGURES)
    assert list(zip(table["settlement"], table["village_code"], strict=True)) == [
        (0, "V1"),
        (1, "V1"),
        (-1, "V1"),
        (-1, "V2"),
    ]
    assert table["evacuees"].tolist() == [72, 8, 3, 4]
    for name in NEEDS:
        assert table.groupby("village_code")[name].sum().tolist() == FIGURES[name]
    for name in GROUPS[1:]:
        share = np.array([72, 8, 3]) / 83 * FIGURES[name][0]
        assert (np.abs(table[name].to_numpy()[:3] - share) < 1.0).all()
    sure = table[["elderly", "disabled", "pregnant"]].sum(axis=1)
    assert table["need_help_people"].tolist() == sure.tolist()
    assert table["estimated"].all()


def test_small_children_who_need_a_helper_count_where_the_plan_says_so():
    figures = {**FIGURES, "need_help_people": [23, 1], "helpers": [12, 1]}
    table = needs_of(ORIGINS, make_settlements(a=WEST, b=EAST), **figures)
    helped = table[["children_under_5", "elderly", "disabled", "pregnant"]].sum(axis=1)
    assert table["need_help_people"].tolist() == helped.tolist()
    assert table.groupby("village_code")["helpers"].sum().tolist() == [12, 1]


def test_helpers_by_largest_remainder():
    # People who need one: 5, 3 and 2 of 10; 5 helpers are 2.5, 1.5 and 1: the larger comes first.
    origins = make_origins(
        ("o1", "V1", (100, 1), 5, "too_far", None, NAN, False),
        ("o2", "V1", (400, 1), 3, "too_far", None, NAN, False),
        ("o3", "V1", (700, 1), 2, "too_far", None, NAN, False),
        group=["elderly"] * 3,
    )
    thirds = make_settlements(a=rect(0, 0, 300, 9), b=rect(300, 0, 600, 9), c=rect(600, 0, 900, 9))
    figures = {
        **{name: [0, 0] for name in (*NEEDS, "evacuees")},
        "evacuees": [10, 0],
        "elderly": [10, 0],
        "need_help_people": [10, 0],
        "helpers": [5, 0],
        "shares_from": ["table", "national"],
    }
    table = needs_of(origins, thirds, **figures)
    assert table["need_help_people"].tolist() == [5, 3, 2]
    assert table["helpers"].tolist() == [3, 1, 1]
    assert not table["estimated"].any()


def test_groups_apart_are_counted_and_not_estimated():
    groups = ["general", "elderly", "disabled", "general", "children_under_5", "pregnant"]
    origins = make_origins(
        *(
            ("o1", code, place, people, "too_far", None, NAN, False)
            for code, place, people in [
                ("V1", (1, 1), 7),
                ("V1", (1, 1), 2),
                ("V1", (700, 1), 1),
                ("V2", (1500, 1), 5),
                ("V2", (1500, 1), 3),
                ("V2", (1500, 1), 1),
            ]
        ),
        group=groups,
    )
    figures = {
        "evacuees": [10, 9],
        "children_under_5": [0, 3],
        "elderly": [2, 0],
        "disabled": [1, 0],
        "pregnant": [0, 1],
        "need_help_people": [3, 1],
        "helpers": [2, 1],
        "shares_from": ["table", "mixed"],
    }
    both = pd.concat([origins.assign(departure=name) for name in ("early", "late")])
    for table in (origins, both):
        needs = needs_of(table, make_settlements(a=WEST, b=EAST), **figures)
        assert needs["settlement"].tolist() == [0, 1, -1]
        assert needs["evacuees"].tolist() == [9, 1, 9]
        assert needs[list(GROUPS[1:])].to_numpy().tolist() == [
            [0, 2, 0, 0],
            [0, 0, 1, 0],
            [3, 0, 0, 1],
        ]
        assert needs["need_help_people"].tolist() == [2, 1, 1]
        assert needs["helpers"].tolist() == [1, 1, 1]
        assert needs["estimated"].tolist() == [False, False, True]


def test_a_village_of_which_only_some_are_in_the_table_is_scaled():
    some = ORIGINS[ORIGINS["village_code"] == "V2"]
    table = needs_of(some, **{**FIGURES, "evacuees": [83, 8]})
    assert table["evacuees"].tolist() == [4]
    # One small child among 8 evacuees: half a child among 4, rounded up before the others.
    assert table["children_under_5"].tolist() == [1]


def test_nobody_needs_anything_where_nobody_is():
    assert len(needs_of(ORIGINS.iloc[:0], **FIGURES)) == 0
    with pytest.raises(ColumnError, match="shares_from"):
        needs_of(ORIGINS, **{name: v for name, v in FIGURES.items() if name != "shares_from"})


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, shapes=SHAPES, counts=st.lists(st.integers(0, 20), min_size=8, max_size=8))
def test_needs_sum_to_the_villages_whoever_lives_where(rows, shapes, counts):
    origins, _ = drawn(rows)
    people = origins.groupby("village_code")["evacuees"].sum().reindex(CODES, fill_value=0)
    by_group = np.array(counts).reshape(2, 4)
    while (by_group.sum(axis=1) > people.to_numpy()).any():
        by_group = by_group // 2
    figures = {name: by_group[:, i] for i, name in enumerate(GROUPS[1:])}
    helped = by_group[:, 1:].sum(axis=1)
    table = needs_of(
        origins,
        make_settlements(**{f"s{number}": shape for number, shape in enumerate(shapes)}),
        evacuees=people.to_numpy(),
        **figures,
        need_help_people=helped,
        helpers=(helped + 1) // 2,
        shares_from=["national", "national"],
    )
    totals = table.groupby("village_code")[["evacuees", *NEEDS]].sum().reindex(CODES, fill_value=0)
    assert totals["evacuees"].tolist() == people.tolist()
    assert totals[list(GROUPS[1:])].to_numpy().tolist() == by_group.tolist()
    assert totals["need_help_people"].tolist() == helped.tolist()
    assert totals["helpers"].tolist() == ((helped + 1) // 2).tolist()
    assert (table[list(GROUPS[1:])].sum(axis=1) <= table["evacuees"]).all()
    assert (table["helpers"] <= table["need_help_people"]).all()


def test_the_sample_by_its_own_dusun():
    files = rg.sample_files()
    villages = rg.read_villages(files["villages"])
    inputs = (
        villages,
        rg.read_hazard(files["flood"], kind="flood", unit="m"),
        rg.read_population(files["population"]),
        rg.read_roads(files["roads"], within=villages),
        rg.read_shelters(files["shelters"], capacity_column="kapasitas"),
    )
    dusun = gpd.read_file(files["hamlets"]).rename(columns={"village_code": "settlement_id"})
    for vulnerable in (None, rg.read_vulnerable(files["vulnerable"], villages)):
        plan = rg.plan_evacuation(*inputs, vulnerable=vulnerable)
        for table in (dusun, None):
            answers = settlement_answers(plan.origins, plan.routes, table, plan.villages)
            columns = ["departure", "village_code", "status"]
            ours = answers.groupby(columns)["evacuees"].sum()
            theirs = plan.origins.groupby(columns)["evacuees"].sum()
            pd.testing.assert_series_equal(ours, theirs, check_index_type=False)
            taken = answers[answers["status"] == "allocated"]
            taken = taken.groupby(["departure", "shelter_id"])["evacuees"].sum()
            places = plan.shelters.set_index(["departure", "shelter_id"])["allocated_people"]
            assert taken.to_dict() == places[places > 0].to_dict()
            second = answers.groupby("departure")["second_route_people"].sum()
            for name, prefix in (("early", ""), ("late", "late_")):
                single = plan.villages[f"{prefix}no_second_route_people"].sum()
                assert second[name] == plan.villages[f"{prefix}allocated"].sum() - single
            needs = settlement_needs(plan.origins, table, plan.villages)
            for name in ("evacuees", *NEEDS):
                mine = needs.groupby("village_code")[name].sum()
                assert mine.to_dict() == plan.villages[name].to_dict()
            assert needs["estimated"].all() == (vulnerable is None)
        # By village: the median of the plan itself is that of all shelters together.
        alone = answers[answers["status"] == "allocated"].drop_duplicates(
            ["departure", "village_code"], keep=False
        )
        for row in alone.itertuples():
            name = (
                "median_travel_time_s" if row.departure == "early" else "late_median_travel_time_s"
            )
            assert row.travel_time_s == plan.villages.loc[row.village_code, name]
    routes = plan.routes.set_index(["departure", "route_id"])
    served = answers[answers["status"] == "allocated"]
    for row in served.itertuples():
        route = routes.loc[(row.departure, row.route_id)]
        assert route["shelter_id"] == row.shelter_id
        assert route["rank"] == 1
        assert route["distance_m"] == row.distance_m
    assert shapely.is_valid(plan.routes.geometry.array).all()
