"""Directions: toys on paper, streets of a grid, and every leg of real plans by brute force."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate
from shapely.geometry import LineString, Point

import resilience_geo as rg
from resilience_geo.analysis.directions import route_directions
from resilience_geo.errors import ColumnError
from tests.analysis.toys import CRS, at, line

TURNS = {
    "start",
    "straight",
    "slight_left",
    "left",
    "sharp_left",
    "slight_right",
    "right",
    "sharp_right",
    "arrive",
}


def make_roads(*rows):
    """Make roads of (name, highway, points) or (name, highway, points, more columns)."""
    table = gpd.GeoDataFrame(
        {
            "road_id": range(len(rows)),
            "name": [row[0] for row in rows],
            "highway": [row[1] for row in rows],
            "bridge": [bool(row[3].get("bridge")) if len(row) > 3 else False for row in rows],
        },
        geometry=[line(*row[2]) for row in rows],
        crs=CRS,
    )
    return table.assign(length_m=table.length)


def make_routes(*points_of_routes):
    return gpd.GeoDataFrame(
        {"route_id": [f"r{number}" for number in range(len(points_of_routes))]},
        geometry=[line(*points) for points in points_of_routes],
        crs=CRS,
    )


def directions(roads, *points, **options):
    return route_directions(make_routes(points), roads, **options)


def told(table):
    """Return (turn, name or highway, metres) of each leg but the arrival."""
    assert table["turn"].iloc[-1] == "arrive"
    assert table["distance_m"].iloc[-1] == 0.0
    assert table["leg"].tolist() == list(range(len(table)))
    return [
        (turn, name or highway, round(metres, 6))
        for turn, name, highway, metres in table[["turn", "road_name", "highway", "distance_m"]]
        .iloc[:-1]
        .itertuples(index=False)
    ]


def circle(x, y, radius, begin, end, parts):
    """Return vertices of an arc, compass degrees from the north, `parts` pieces."""
    degrees = np.radians(np.linspace(begin, end, parts + 1))
    east, north = x + radius * np.sin(degrees), y + radius * np.cos(degrees)
    return list(zip(east.tolist(), north.tolist(), strict=True))


CORNER = (
    ("Jalan Mawar", "residential", [(0, 0), (100, 0)]),
    ("Gang Melati", "path", [(100, 0), (100, 80)]),
)


def test_an_l_of_two_streets_is_two_legs():
    table = directions(make_roads(*CORNER), (0, 0), (100, 0), (100, 80))
    assert told(table) == [("start", "Jalan Mawar", 100.0), ("left", "Gang Melati", 80.0)]
    np.testing.assert_allclose(table["bearing_degrees"], [90.0, 0.0, np.nan])
    np.testing.assert_allclose(table[["x", "y"]], [at(0, 0), at(100, 0), at(100, 80)])
    assert table["highway"].tolist() == ["residential", "path", ""]
    assert not table["on_bridge"].any()


def test_the_way_back_turns_the_other_way():
    table = directions(make_roads(*CORNER), (100, 80), (100, 0), (0, 0))
    assert told(table) == [("start", "Gang Melati", 80.0), ("right", "Jalan Mawar", 100.0)]
    np.testing.assert_allclose(table["bearing_degrees"], [180.0, 270.0, np.nan])


@pytest.mark.parametrize("pieces", [[[0, 1, 2]], [[0, 1], [1, 2]]])
@pytest.mark.parametrize("name", ["Jalan Mawar", ""])
def test_a_street_that_turns_a_corner_is_told_twice(pieces, name):
    points = [(0, 0), (100, 0), (100, 80)]
    roads = make_roads(*((name, "path", [points[i] for i in piece]) for piece in pieces))
    street = name or "path"
    assert told(directions(roads, *points)) == [("start", street, 100.0), ("left", street, 80.0)]


def test_pieces_of_a_street_that_goes_on_are_one_leg():
    points = [(0, 0), (60, 0), (120, 10), (200, 40), (300, 100)]
    pieces = list(pairwise(points))
    for name in ("Jalan Mawar", ""):
        roads = make_roads(*((name, "residential", list(piece)) for piece in pieces))
        legs = told(directions(roads, *points))
        assert [leg[:2] for leg in legs] == [("start", name or "residential")]
        assert legs[0][2] == pytest.approx(line(*points).length, abs=1e-6)


@pytest.mark.parametrize(
    ("degrees", "turn"),
    [
        (0, "straight"),
        (24, "straight"),
        (-24, "straight"),
        (26, "slight_right"),
        (-26, "slight_left"),
        (59, "slight_right"),
        (-59, "slight_left"),
        (61, "right"),
        (-61, "left"),
        (119, "right"),
        (-119, "left"),
        (121, "sharp_right"),
        (-121, "sharp_left"),
        (170, "sharp_right"),
    ],
)
def test_words_of_turns(degrees, turn):
    end = (100 * np.sin(np.radians(degrees)), 100 + 100 * np.cos(np.radians(degrees)))
    roads = make_roads(
        ("Jalan A", "residential", [(0, 0), (0, 100)]),
        ("Jalan B", "residential", [(0, 100), end]),
    )
    table = directions(roads, (0, 0), (0, 100), end)
    assert told(table) == [("start", "Jalan A", 100.0), (turn, "Jalan B", 100.0)]


@pytest.mark.parametrize(("x", "turn"), [(90, "right"), (-90, "left")])
def test_a_t_crossing(x, turn):
    roads = make_roads(
        ("Gang Buntu", "path", [(0, 0), (0, 100)]),
        ("Jalan Raya", "secondary", [(-90, 100), (0, 100)]),
        ("Jalan Raya", "secondary", [(0, 100), (90, 100)]),
    )
    table = directions(roads, (0, 0), (0, 100), (x, 100))
    assert told(table) == [("start", "Gang Buntu", 100.0), (turn, "Jalan Raya", 90.0)]


@pytest.mark.parametrize("radius", [6.0, 9.0, 12.0, 14.0, 16.0, 20.0])
@pytest.mark.parametrize(
    ("exit_degrees", "turn"), [(270, "left"), (360, "straight"), (450, "right")]
)
@pytest.mark.parametrize("arc_name", ["", "Jalan Selatan", "Jalan Lain"])
def test_a_small_roundabout_is_no_street(radius, exit_degrees, turn, arc_name):
    # From the south clockwise, as one drives on the left; the arcs end where the arms meet.
    arms = [circle(0, 0, radius, begin, begin + 90, 6) for begin in (180, 270, 360)]
    end = circle(0, 0, radius + 100, exit_degrees, exit_degrees, 1)[0]
    roads = make_roads(
        ("Jalan Selatan", "tertiary", [(0, -100 - radius), (0, -radius)]),
        *((arc_name, "tertiary", arm) for arm in arms),
        ("Jalan Lain", "tertiary", [arms[-1][-1], end]),
        ("Jalan Lain", "tertiary", [arms[0][-1], end]),
        ("Jalan Lain", "tertiary", [arms[1][-1], end]),
    )
    arcs = [point for arm in arms[: (exit_degrees - 180) // 90] for point in arm]
    table = directions(roads, (0, -100 - radius), *arcs, end)
    assert [leg[:2] for leg in told(table)] == [("start", "Jalan Selatan"), (turn, "Jalan Lain")]
    length = 200.0 + LineString(arcs).length
    assert table["distance_m"].sum() == pytest.approx(length, abs=1e-6)


def test_the_piece_between_two_carriageways_is_part_of_the_turn():
    roads = make_roads(
        ("Gang A", "path", [(0, 0), (0, 100)]),
        ("Jalan Raya", "primary", [(200, 100), (0, 100)]),
        ("", "primary_link", [(0, 100), (0, 112)]),
        ("Jalan Raya", "primary", [(0, 112), (200, 112)]),
    )
    table = directions(roads, (0, 0), (0, 100), (0, 112), (200, 112))
    assert told(table) == [("start", "Gang A", 100.0), ("right", "Jalan Raya", 212.0)]


def test_a_street_shifted_at_a_crossing_goes_straight_on():
    roads = make_roads(
        ("Gang A", "path", [(0, 0), (0, 100)]),
        ("Jalan Raya", "primary", [(0, 100), (10, 100)]),
        ("Gang A", "path", [(10, 100), (10, 200)]),
    )
    table = directions(roads, (0, 0), (0, 100), (10, 100), (10, 200))
    assert told(table) == [("start", "Gang A", 210.0)]


def test_a_corner_cut_in_three_is_one_turn():
    points = [(0, 0), (95, 0), (98, 1), (99, 2), (100, 5), (100, 100)]
    table = directions(make_roads(("", "path", points)), *points)
    legs = told(table)
    assert [leg[:2] for leg in legs] == [("start", "path"), ("left", "path")]
    assert sum(leg[2] for leg in legs) == pytest.approx(line(*points).length, abs=1e-5)


def test_on_a_bridge_the_road_below_does_not_count():
    # The middle of the piece on the bridge lies on the road below, which is longer and named.
    roads = make_roads(
        ("Jalan Bawah", "primary", [(-900, 0), (900, 0)]),
        ("Jalan Atas", "tertiary", [(0, -200), (0, -50)]),
        ("Jembatan Merah", "tertiary", [(0, -50), (0, 50)], {"bridge": True}),
    )
    table = directions(roads, (0, -200), (0, -50), (0, 50))
    assert told(table) == [("start", "Jalan Atas", 150.0), ("straight", "Jembatan Merah", 100.0)]
    assert table["on_bridge"].tolist() == [False, True, False]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_roads_upon_one_another_the_one_that_goes_on_counts(order):
    rows = [
        ("Jalur Sepeda", "cycleway", [(0, 0), (100, 0)]),
        ("Jalan Raya", "primary", [(0, 0), (100, 0)]),
        ("Jalan Raya", "primary", [(100, 0), (300, 0)]),
    ]
    table = directions(make_roads(*(rows[i] for i in order)), (0, 0), (100, 0), (300, 0))
    assert told(table) == [("start", "Jalan Raya", 300.0)]


def test_walks_off_the_road_are_legs_of_their_own():
    roads = make_roads(("Jalan Mawar", "residential", [(-50, 0), (100, 0)]))
    table = directions(roads, (0, -40), (0, 0), (100, 0), (100, 30))
    assert told(table) == [
        ("start", "walk", 40.0),
        ("right", "Jalan Mawar", 100.0),
        ("left", "walk", 30.0),
    ]
    assert table["road_name"].tolist() == ["", "Jalan Mawar", "", ""]


def test_a_door_beside_the_road_is_no_leg():
    roads = make_roads(("Jalan Mawar", "residential", [(-50, 0), (100, 0)]))
    table = directions(roads, (0, -4), (0, 0), (100, 0), (100, 3))
    assert told(table) == [("start", "Jalan Mawar", 107.0)]
    # The direction is that of the street, not that of the door.
    assert table["bearing_degrees"].iloc[0] == pytest.approx(90.0)


def test_a_walk_along_no_road_a_shelter_at_the_door_and_no_route_at_all():
    roads = make_roads(("Jalan Mawar", "residential", [(-50, 0), (100, 0)]))
    routes = make_routes([(0, 50), (30, 50)], [(5, 5), (5, 5)], [(0, 0), (1, 0)])
    routes.loc[2, "geometry"] = None
    table = route_directions(routes, roads)
    assert table["route_id"].tolist() == ["r0", "r0", "r1", "r1"]
    assert table["turn"].tolist() == ["start", "arrive"] * 2
    assert table["distance_m"].tolist() == [30.0, 0.0, 0.0, 0.0]
    assert np.isnan(table["bearing_degrees"].iloc[2])
    assert len(route_directions(routes.iloc[:0], roads)) == 0
    assert told(route_directions(routes.iloc[:1], roads.iloc[:0])) == [("start", "walk", 30.0)]


def test_an_unnamed_path_after_an_unnamed_street_is_told():
    roads = make_roads(
        ("", "residential", [(0, 0), (0, 100)]),
        (None, "path", [(0, 100), (0, 200)]),
        ("  ", "path", [(0, 200), (0, 300)]),
    )
    table = directions(roads, (0, 0), (0, 100), (0, 200), (0, 300))
    assert told(table) == [("start", "residential", 100.0), ("straight", "path", 200.0)]
    assert table["road_name"].tolist() == ["", "", ""]


def test_landmarks_are_the_nearest_named_ones_at_the_turn():
    marks = gpd.GeoDataFrame(
        {
            "name": ["Masjid Jauh", "Masjid Al-Huda", "", "Pos Ronda", None, "SDN 1"],
            "kind": ["worship", "worship", "other", "other", "school", "school"],
        },
        geometry=[
            Point(at(*place))
            for place in [(100, 41), (120, 20), (101, 1), (0, 30), (100, 2), (100, 100)]
        ],
        crs=CRS,
    )
    marks.loc[5, "geometry"] = Point(at(100, 90)).buffer(5)
    for table in (marks, marks.to_crs(4326), marks.iloc[::-1]):
        found = directions(make_roads(*CORNER), (0, 0), (100, 0), (100, 80), landmarks=table)
        assert found["landmark"].tolist() == ["Pos Ronda", "Masjid Al-Huda", "SDN 1"]
    # 41 m from the corner is too far, 39 m from the end is not.
    far = directions(make_roads(*CORNER), (0, 0), (100, 0), (100, 80), landmarks=marks.iloc[[0]])
    assert far["landmark"].tolist() == ["", "", "Masjid Jauh"]
    for table in (None, marks.iloc[:0], marks.iloc[[2]]):
        found = directions(make_roads(*CORNER), (0, 0), (100, 0), (100, 80), landmarks=table)
        assert found["landmark"].tolist() == ["", "", ""]


def test_hazard_on_the_way():
    roads = make_roads(*CORNER).assign(state=["closed", "open"])
    parts = gpd.GeoDataFrame(
        {"road_id": [0, 0, 0, 1], "state": ["open", "slowed", "closed", "unknown"]},
        geometry=[
            line((0, 0), (50, 0)),
            line((50, 0), (70, 0)),
            line((70, 0), (100, 0)),
            line((100, 0), (100, 80)),
        ],
        crs=CRS,
    )
    points = [(40, 0), (50, 0), (70, 0), (100, 0), (100, 80)]
    table = directions(roads, *points, stretches=parts)
    assert told(table) == [("start", "Jalan Mawar", 60.0), ("left", "Gang Melati", 80.0)]
    np.testing.assert_allclose(table["hazardous_m"], [50.0, 0.0, 0.0], atol=1e-9)
    assert table["hazardous"].tolist() == [True, False, False]
    without = directions(roads, *points)
    assert without["hazardous"].tolist() == [True, False, False]
    assert without["hazardous_m"].isna().all()


def test_legs_sum_to_the_length_that_the_plan_gives():
    routes = make_routes([(0, 0), (100, 0), (100, 80)]).assign(distance_m=[180.9])
    table = route_directions(routes, make_roads(*CORNER))
    np.testing.assert_allclose(table["distance_m"], [100.5, 80.4, 0.0])


def test_departures_are_kept_apart_and_rows_keep_the_order_of_the_routes():
    routes = make_routes([(100, 80), (100, 0), (0, 0)], [(0, 0), (100, 0)])
    routes = pd.concat([routes.assign(departure=name) for name in ("early", "late")])
    table = route_directions(routes, make_roads(*CORNER))
    assert list(zip(table["departure"], table["route_id"], table["leg"], strict=True)) == [
        (departure, *leg)
        for departure in ("early", "late")
        for leg in [("r0", 0), ("r0", 1), ("r0", 2), ("r1", 0), ("r1", 1)]
    ]


def test_tables_that_lack_a_column_are_refused():
    roads, routes = make_roads(*CORNER), make_routes([(0, 0), (100, 0)])
    with pytest.raises(ColumnError, match="route_id"):
        route_directions(routes.drop(columns="route_id"), roads)
    with pytest.raises(ColumnError, match="bridge"):
        route_directions(routes, roads.drop(columns="bridge"))
    with pytest.raises(ColumnError, match="name"):
        route_directions(routes, roads, roads[["geometry"]])
    with pytest.raises(ColumnError, match="state"):
        route_directions(routes, roads, stretches=roads.drop(columns="name"))


# Streets of a grid, 60 m apart: rows are named, columns are unnamed paths.
SIZE, STEP = 6, 60.0
GRID = make_roads(
    *(
        (f"Jalan {row}", "residential", [(x * STEP, row * STEP), ((x + 1) * STEP, row * STEP)])
        for row in range(SIZE)
        for x in range(SIZE - 1)
    ),
    *(
        ("", "path", [(x * STEP, row * STEP), (x * STEP, (row + 1) * STEP)])
        for x in range(SIZE)
        for row in range(SIZE - 1)
    ),
)
HEADINGS = ((0, 1), (1, 0), (0, -1), (-1, 0))


@st.composite
def walks_on_the_grid(draw):
    """Draw a walk that never turns round on the spot: its crossings and headings."""
    place = (draw(st.integers(0, SIZE - 1)), draw(st.integers(0, SIZE - 1)))
    places, headings = [place], []
    for _ in range(draw(st.integers(1, 12))):
        x, y = places[-1]
        possible = [
            number
            for number, (east, north) in enumerate(HEADINGS)
            if 0 <= x + east < SIZE
            and 0 <= y + north < SIZE
            and not (headings and (number - headings[-1]) % 4 == 2)
        ]
        heading = draw(st.sampled_from(possible))
        places.append((x + HEADINGS[heading][0], y + HEADINGS[heading][1]))
        headings.append(heading)
    return places, headings


def expected_legs(places, headings):
    legs = []
    for (_, y), heading in zip(places, headings, strict=False):
        if legs and heading == legs[-1][3]:
            legs[-1][2] += STEP
            continue
        turn = "start" if not legs else {1: "right", 3: "left"}[(heading - legs[-1][3]) % 4]
        legs.append([turn, f"Jalan {y}" if heading % 2 else "path", STEP, heading])
    return [(turn, street, metres) for turn, street, metres, _ in legs]


@settings(max_examples=60, deadline=None)
@given(walks=st.lists(walks_on_the_grid(), min_size=1, max_size=4), degrees=st.floats(0.0, 360.0))
def test_walks_on_a_grid_however_it_lies(walks, degrees):
    routes = make_routes(*([(x * STEP, y * STEP) for x, y in places] for places, _ in walks))
    roads = GRID

    def turned(table):
        shapes = [rotate(shape, -degrees, origin=at(0, 0)) for shape in table.geometry]
        return table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=CRS))

    for turn_by, table in (
        (0.0, route_directions(routes, roads)),
        (degrees, route_directions(turned(routes), turned(roads))),
    ):
        assert set(table["turn"]) <= TURNS
        for number, (places, headings) in enumerate(walks):
            mine = table[table["route_id"] == f"r{number}"]
            assert told(mine.reset_index(drop=True)) == expected_legs(places, headings)
            bearing = (90.0 * headings[0] + turn_by) % 360.0
            off = abs(mine["bearing_degrees"].iloc[0] - bearing) % 360.0
            assert min(off, 360.0 - off) < 1e-5


def assert_directions_are_true(plan, sampled):
    """Hold the directions of a plan against its routes, and some leg by leg by brute force."""
    routes = plan.routes
    table = route_directions(routes, plan.roads, stretches=plan.stretches)
    number = (table["leg"] == 0).cumsum().to_numpy() - 1
    assert table["route_id"].tolist() == routes["route_id"].to_numpy()[number].tolist()
    totals = np.bincount(number, table["distance_m"])
    np.testing.assert_allclose(totals, routes["distance_m"], rtol=0, atol=1e-6)
    assert (table["turn"].eq("arrive") == table["distance_m"].eq(0.0)).all()
    assert (table["hazardous_m"] <= table["distance_m"] + 1e-6).all()
    hazardous = np.bincount(number, table["hazardous_m"])
    general = np.ones(len(routes), dtype=bool)
    if "group" in routes.columns:
        general = routes["group"].eq("general").to_numpy()
    more = hazardous - routes["hazardous_m"].to_numpy()
    # Who walks beside a closed road, off it, is on it by the map: more hazard, never less.
    assert (more[general] > -1e-3).all()
    assert (more[general] > 1e-3).mean() < 0.005
    shapes, names = plan.roads.geometry.to_numpy(), plan.roads["name"].to_numpy()
    for one in sampled:
        legs = table[number == one].iloc[:-1]
        points = shapely.get_coordinates(routes.geometry.iloc[one])
        ends = np.cumsum(legs["distance_m"]) / routes["distance_m"].iloc[one]
        walked = np.append(0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
        unlike_m = 0.0
        for begin, end, from_m, to_m in zip(points, points[1:], walked, walked[1:], strict=False):
            probes = [Point(begin), Point((begin + end) / 2), Point(end)]
            on = np.all([shapely.distance(shapes, probe) < 0.05 for probe in probes], axis=0)
            leg = np.searchsorted(ends, (from_m + to_m) / 2 / walked[-1])
            said = legs["road_name"].iloc[min(leg, len(legs) - 1)]
            walks = legs["highway"].iloc[min(leg, len(legs) - 1)] == "walk"
            right = said in names[on] and not walks if on.any() else walks
            unlike_m += 0.0 if right else to_m - from_m
        # What is unlike are doors and crossings that went into a neighbour: below 15 m each.
        assert unlike_m < 15.0 * (len(legs) + 1)


def some_of(routes, count):
    return np.random.default_rng(0).choice(len(routes), count, replace=False)


def test_directions_of_the_sample(sample_plan):
    second = np.flatnonzero(sample_plan.routes["rank"] == 2)
    sampled = [*some_of(sample_plan.routes, 25), *second[:10]]
    assert_directions_are_true(sample_plan, sampled)


@pytest.fixture(scope="module")
def sample_plan():
    files = rg.sample_files()
    villages = rg.read_villages(files["villages"])
    return rg.plan_evacuation(
        villages,
        rg.read_hazard(files["flood"], kind="flood", unit="m"),
        rg.read_population(files["population"]),
        rg.read_roads(files["roads"], within=villages),
        rg.read_shelters(files["shelters"], capacity_column="kapasitas"),
        vulnerable=rg.read_vulnerable(files["vulnerable"], villages),
    )


@pytest.mark.real_data
def test_directions_of_a_kelurahan_of_jakarta(real_data):
    folder = real_data / "jakarta"
    villages = rg.read_villages(folder / "kelurahan_jakarta.shp")
    villages = villages[villages["village_name"].str.upper() == "CAKUNG BARAT"]
    assert len(villages) == 1
    plan = rg.plan_evacuation(
        villages,
        rg.read_hazard(folder / "Flood_Current_Depth_Jakarta_geographic.asc", unit="m"),
        rg.read_population(
            folder / "Population_Jakarta_geographic.asc", unit="people_per_ha", scale=0.1
        ),
        rg.read_roads(folder / "jakarta_roads.shp", within=villages),
        rg.read_shelters(folder / "shelters_standin.geojson"),
        departure="early",
    )
    assert_directions_are_true(plan, some_of(plan.routes, 10))
