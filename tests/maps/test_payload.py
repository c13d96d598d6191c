from __future__ import annotations

import functools
import itertools
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, Point, box

import resilience_geo as rg
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.inputs.basemap import Basemap
from resilience_geo.maps import content, style, text
from resilience_geo.maps.options import MapOptions
from resilience_geo.maps.payload import map_data
from resilience_geo.maps.payload_base import road_classes
from resilience_geo.maps.payload_routes import STATUSES
from resilience_geo.maps.polylines import decode, decode_numbers, unpack_lines
from resilience_geo.tables import UNSERVED_CAUSES

EVIL = ("<script>a</script>", "{{ 7*7 }} \u2028", "x\" onerror='1'")


_numbers = functools.lru_cache(maxsize=8)(decode_numbers)


def answers_of(data, departure):
    """Return the answers of a departure as the page unpacks them."""
    columns = {name: decode_numbers(words) for name, words in data["answers"][departure].items()}
    of_second = [name for name in columns if name.startswith("second") and name[6:7].isupper()]
    place = np.cumsum(columns["place"]).tolist()
    with_second = np.cumsum(columns["second"]) - 1
    shown = []
    for number in range(len(place)):
        answer = {name: columns[name][number] for name in columns if name not in of_second}
        answer |= {"place": place[number], "chains": chains_of(data, answer["walk"])}
        if answer["second"]:
            row = with_second[number]
            answer["second"] = {name: columns[name][row] for name in of_second}
        shown.append(answer)
    assert {len(columns[name]) for name in of_second} == {sum(columns["second"])}
    return shown


def chains_of(data, node):
    chain, back = (_numbers(data["walks"][name]) for name in ("chain", "next"))
    found = []
    while node >= 0:
        found.append(chain[node])
        node = node - back[node] if back[node] else -1
    return found


def flows_of(data, departure):
    return decode_numbers(data["flows"][departure]), decode_numbers(data["ways"][departure])


def metres(points, crs):
    """Return (latitude, longitude) points in metres."""
    degrees = gpd.GeoSeries(
        gpd.points_from_xy([p[1] for p in points], [p[0] for p in points]), crs=4326
    )
    return shapely.get_coordinates(degrees.to_crs(crs).array)


def changed(plan, **tables):
    return type(plan)(**{**plan.__dict__, **tables})


@pytest.fixture(scope="module")
def data(plan):
    return map_data(plan, "id")


@pytest.fixture(scope="module")
def real_plan():
    files = rg.sample_files()
    villages = rg.read_villages(files["villages"])
    return rg.plan_evacuation(
        villages,
        rg.read_hazard(files["flood"], kind="flood", unit="m"),
        rg.read_population(files["population"]),
        rg.read_roads(files["roads"], within=villages),
        rg.read_shelters(files["shelters"], capacity_column="kapasitas"),
    )


def test_everything_is_plain_json(data):
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_flows_of_the_toy_on_paper(data, toy):
    # o2 walks north into the end of r1: three routes that share nothing but a point.
    lines = unpack_lines(data["chains"])
    assert len(lines) == 3
    ends = [metres([line[0], line[-1]], toy.CRS) for line in lines]
    expected = [((400, 400), (900, 1500)), ((900, 900), (900, 1500)), ((1700, 500), (2200, 1600))]
    for found, (begin, end) in zip(ends, expected, strict=True):
        np.testing.assert_allclose(found, [toy.at(*begin), toy.at(*end)], atol=1.2)
    assert flows_of(data, "early") == ([120, 30, 80], [1, 1, 1])
    assert flows_of(data, "late") == ([120, 0, 80], [1, 0, 1])


def test_answers_of_the_toy_on_paper(data, toy, plan):
    early, late = answers_of(data, "early"), answers_of(data, "late")
    places = metres(decode(data["taps"]["at"]), toy.CRS)
    np.testing.assert_allclose(
        places, [point.coords[0] for point in plan.origins.geometry[:7]], atol=1.2
    )
    assert decode_numbers(data["taps"]["village"]) == [0, 0, 1, 1, 1, 2, 2]
    assert decode_numbers(data["taps"]["settlement"]) == [-1] * 7
    assert [one["place"] for one in early] == list(range(7))
    assert [one["people"] for one in early] == [120, 30, 80, 7, 5, 60, 11]
    assert [STATUSES[one["status"]] for one in early] == [
        *["allocated"] * 3,
        *["no_road", "too_far", "shelters_full", "capacity_unknown"],
    ]
    names = [shelter["name"] for shelter in data["shelters"]["early"]]
    assert [one["shelter"] for one in early] == [0, 0, 1, -1, -1, -1, -1]
    assert names[:2] == ["SD Negeri 1", "SMP Negeri 2"]
    assert [one["chains"] for one in early] == [[1], [2], [3], [], [], [], []]
    assert [one["sharing"] for one in early] == [120, 30, 80, 0, 0, 0, 0]
    assert {(one["seconds"], one["hazardMetres"], one["unknownMetres"]) for one in early[:3]} == {
        (640, 120, 0)
    }
    # 600 m and 500 * sqrt(2) m, written in tenths of a kilometre; 600 m; 500 and 1100 m
    assert [one["metres"] for one in early[:3]] == [1300, 600, 1600]
    assert [one["group"] for one in early] == [-1] * 7
    assert STATUSES[late[1]["status"]] == "cut_off"
    assert (late[1]["shelter"], late[1]["walk"], late[1]["chains"]) == (-1, -1, [])


def test_second_routes_are_of_their_main_route(toy):
    plan = toy.toy_plan()
    main = plan.routes[plan.routes["departure"] == "early"].iloc[[2]]
    second = main.assign(
        route_id="r3-2",
        shelter_id="s1",
        rank=2,
        travel_time_s=900.2,
        distance_m=1449.0,
        shared_m=504.0,
    ).set_geometry([toy.line((1700, 500), (2200, 500), (900, 1500))], crs=toy.CRS)
    routes = pd.concat([plan.routes, second], ignore_index=True)
    data = map_data(changed(plan, routes=routes), "id")
    early, late = answers_of(data, "early"), answers_of(data, "late")
    assert [bool(one["second"]) for one in early] == [False, False, True, *[False] * 4]
    assert not any(one["second"] for one in late)
    found = early[2]["second"]
    assert found["secondShelter"] == 0
    assert (found["secondSeconds"], found["secondMetres"], found["secondShared"]) == (
        901,
        1400,
        500,
    )
    # It shares 500 m with the main route, which is cut there; nobody walks the rest of it.
    shared, rest = early[2]["chains"]
    assert chains_of(data, found["secondWalk"])[0] == shared
    (other,) = chains_of(data, found["secondWalk"])[1:]
    flows, ways = flows_of(data, "early")
    assert [flows[abs(number) - 1] for number in (shared, rest, other)] == [80, 80, 0]
    assert ways[other - 1] == 0


def test_groups_have_answers_of_their_own(plan, toy):
    data = map_data(toy.with_groups(plan), "id")
    early = answers_of(data, "early")
    assert data["groups"] == [text.word("elderly", "id"), text.word("general", "id")]
    assert sum(one["people"] for one in early) == 313
    at_first = [(one["group"], one["people"]) for one in early if one["place"] == 0]
    assert at_first == [(1, 118), (0, 2)]


@pytest.mark.parametrize("departure", ["early", "late"])
def test_a_plan_of_one_departure(toy, departure):
    data = map_data(toy.toy_plan(departure=departure), "en")
    assert set(data["answers"]) == set(data["flows"]) == {departure}
    assert sum(one["people"] for one in answers_of(data, departure)) == 313


def test_a_plan_without_routes_and_without_open_roads(plan):
    origins = plan.origins.assign(status="cut_off", shelter_id=None, travel_time_s=np.nan)
    bare = changed(
        plan,
        origins=origins,
        routes=plan.routes.iloc[:0],
        stretches=plan.stretches.assign(state="closed"),
        roads=plan.roads.iloc[:0],
    )
    data = map_data(bare, "id")
    assert data["chains"] == ["", ""]
    assert {one["walk"] for one in answers_of(data, "early")} == {-1}
    assert sum(one["people"] for one in answers_of(data, "late")) == 313
    assert unpack_lines(data["roads"]["closed"])
    assert data["base"]["roads"] == {"major": ["", ""], "minor": ["", ""], "path": ["", ""]}
    nobody = map_data(changed(bare, origins=plan.origins.iloc[:0]), "id")
    assert answers_of(nobody, "early") == []
    assert nobody["taps"]["at"] == nobody["unserved"]["early"]["at"] == ""


def test_many_origins_become_few_places_and_nobody_is_lost(plan):
    some = plan.origins[plan.origins["departure"] == "early"]
    many = some.loc[some.index.repeat(600)].reset_index(drop=True)
    step = np.arange(len(many))
    points = many.geometry.translate()
    many = many.set_geometry(
        gpd.points_from_xy(points.x + 7 * (step % 60), points.y + 7 * (step // 60 % 60)),
        crs=many.crs,
    )
    data = map_data(changed(plan, origins=many), "id")
    places = len(decode(data["taps"]["at"]))
    assert 100 < places <= 1200  # 600 for the first village and 300 for each of the others
    early = answers_of(data, "early")
    assert sum(one["people"] for one in early) == many["evacuees"].sum() == 600 * 313
    for cause in UNSERVED_CAUSES:
        shown = sum(one["people"] for one in early if STATUSES[one["status"]] == cause)
        assert shown == many.loc[many["status"] == cause, "evacuees"].sum()
    assert max(one["place"] for one in early) == places - 1
    assert answers_of(data, "late") == []


def test_more_settlements_than_places_come_to_an_end(plan, toy):
    # 2100 origins side by side, each in a settlement of its own: 1200 places at most.
    some = plan.origins[plan.origins["departure"] == "early"]
    many = some.loc[some.index.repeat(300)].reset_index(drop=True)
    step = np.arange(len(many))
    x, y = 20.0 + 14.0 * (step % 80), 20.0 + 14.0 * (step // 80)
    many = many.assign(village_code=toy.CODES[0]).set_geometry(
        gpd.points_from_xy(toy.EAST + x, toy.NORTH + y), crs=many.crs
    )
    cells = shapely.box(toy.EAST + x - 7, toy.NORTH + y - 7, toy.EAST + x + 7, toy.NORTH + y + 7)
    table = gpd.GeoDataFrame(
        {"settlement_id": step.astype(str), "name": step.astype(str)}, geometry=cells, crs=many.crs
    )
    data = map_data(changed(plan, origins=many), "id", MapOptions(settlements=table))
    settlement = decode_numbers(data["taps"]["settlement"])
    assert 100 < len(settlement) <= 1200
    assert min(settlement) >= 0
    assert sum(one["people"] for one in answers_of(data, "early")) == 300 * 313
    assert sum(one["people"] for one in data["settlements"]) == 300 * 313


def test_a_place_shows_the_way_of_its_largest_origin(plan, toy):
    def at_one_place(table, points):
        table = table[(table["departure"] == "early") & (table["origin_id"].isin(["o1", "o2"]))]
        return table.assign(evacuees=[10, 90]).set_geometry(points, crs=toy.CRS)

    home = Point(toy.at(400, 400))
    lines = [toy.line((400, 400), (900, 400)), toy.line((400, 400), (400, 1000))]
    early = changed(
        plan,
        origins=at_one_place(plan.origins, [home, home]),
        routes=at_one_place(plan.routes, lines).assign(distance_m=[500.0, 600.0]),
    )
    data = map_data(early, "id")
    (answer,) = answers_of(data, "early")
    assert (answer["people"], answer["metres"], answer["sharing"]) == (100, 600, 90)
    (number,) = answer["chains"]
    line = metres(unpack_lines(data["chains"])[number - 1], toy.CRS)
    np.testing.assert_allclose(line[-1], toy.at(400, 1000), atol=1.2)


def test_settlements_say_who_of_them_has_a_place(plan, toy):
    table = gpd.GeoDataFrame(
        {"settlement_id": ["a", "b", "c"], "name": EVIL},
        geometry=[
            box(*toy.at(0, 0), *toy.at(1200, 2000)),
            box(*toy.at(1200, 0), *toy.at(2400, 2000)),
            box(*toy.at(2400, 0), *toy.at(3500, 2000)),
        ],
        crs=toy.CRS,
    ).to_crs(4326)
    data = map_data(plan, "id", MapOptions(settlements=table))
    shown = data["settlements"]
    assert [one["name"] for one in shown] == list(EVIL)
    assert [one["village"] for one in shown] == [0, 1, 2]
    assert [one["people"] for one in shown] == [150, 92, 71]
    # 20 people of the first village live where the hazard is unknown.
    assert [one["doubtful"] for one in shown] == [True, False, False]
    assert [(one["early"], one["late"]) for one in shown] == [
        ([150], [120]),
        ([80], [80]),
        ([0], [0]),
    ]
    assert shown[1]["causes"]["early"] == {"no_road": 7, "too_far": 5}
    assert shown[0]["causes"] == {"early": {}, "late": {"cut_off": 30}}
    first = data["shelters"]["early"][shown[0]["goals"]["early"][0][0]]["name"]
    assert first == plan.shelters["name"].iloc[0]
    assert [goal[1:] for goal in shown[0]["goals"]["early"]] == [[150, 640]]
    assert [goal[1:] for goal in shown[0]["goals"]["late"]] == [[120, 640]]
    assert shown[2]["goals"] == {"early": [], "late": []}
    assert decode_numbers(data["taps"]["settlement"]) == [0, 0, 1, 1, 1, 2, 2]
    assert len(shown[0]["rings"]) == 1


def test_shelters_say_role_and_room(data):
    shelters = {one["name"]: one for one in data["shelters"]["early"]}
    assert (shelters["SD Negeri 1"]["capacity"], shelters["SD Negeri 1"]["left"]) == (200, 50)
    assert shelters["SMP Negeri 2"]["left"] == 0
    assert (shelters["Balai Desa"]["capacity"], shelters["Balai Desa"]["left"]) == (None, None)
    assert shelters["Masjid Raya"]["left"] is None  # in hazard: its places are no places
    assert {one["role"] for one in shelters.values()} == {"shelter"}


def test_unserved_people_are_all_there(data, plan):
    for name in ("early", "late"):
        packed = data["unserved"][name]
        people, status = (decode_numbers(packed[key]) for key in ("people", "status"))
        assert len(decode(packed["at"])) == len(people)
        for cause in UNSERVED_CAUSES:
            shown = sum(
                n for n, which in zip(people, status, strict=True) if STATUSES[which] == cause
            )
            assert shown == content.total(plan, cause, name)


def test_the_hazard_has_a_look_for_every_class(plan):
    for palette, colours in style.PALETTES.items():
        looks = map_data(plan, "id", MapOptions(palette=palette))["hazard"]["looks"]
        assert [one["key"] for one in looks] == ["low", "medium", "high", "unknown"]
        assert [one["value"] for one in looks] == [50, 100, 150, 200]
        assert [one["color"] for one in looks[:3]] == list(colours.values())
        assert len({one["hatch"] for one in looks}) == 4
        assert [CLASS_NAMES[one["value"] // 50] for one in looks] == [one["key"] for one in looks]


@pytest.mark.parametrize("several", [False, True])
def test_polygons_and_several_hazards(toy, several):
    hazard = toy.polygon_hazard()
    if several:
        hazard = toy.ToyHazard(kind="generic", parts=(toy.raster_hazard(), hazard))
    data = map_data(toy.toy_plan(hazard=hazard), "id")
    assert data["hazard"]["classes"].startswith("data:image/png;base64,")


def test_names_stay_as_they_are(toy):
    plan = toy.toy_plan(names=EVIL, shelter_names=EVIL, road_name=EVIL[0])
    data = map_data(plan, "id")
    assert [village["name"] for village in data["villages"]] == list(EVIL)
    assert [one["name"] for one in data["shelters"]["early"][:2]] == list(EVIL[:2])
    assert EVIL[0] in [name for name, *_ in data["base"]["roadNames"]]


def _road_plan(plan, toy, *lines, names, highway="residential"):
    roads = gpd.GeoDataFrame(
        {"name": list(names), "highway": highway, "bridge": False},
        geometry=list(lines),
        crs=toy.CRS,
    )
    return changed(plan, roads=roads)


def test_roads_are_told_apart_by_class():
    kinds = ["motorway", "tertiary_link", "residential", "unclassified", "steps", "footway", None]
    assert road_classes(np.array(kinds, dtype=object)).tolist() == [
        *["major"] * 2,
        *["minor"] * 2,
        *["path"] * 2,
        "minor",
    ]


def test_road_names_lie_along_their_roads(plan, toy):
    roads = (
        toy.line((0, 100), (700, 100)),
        toy.line((700, 100), (1300, 100)),  # the same road: two names on 1300 m
        toy.line((200, 300), (200, 900)),
        toy.line((300, 1500), (500, 1300)),
        toy.line((600, 600), (620, 600)),  # too short for a name
        toy.line((900, 900), (990, 990)),
        toy.line((90_000, 0), (91_000, 0)),  # beyond the map
    )
    names = ("Jalan Raya", "Jalan Raya", "Jalan Baru", "Gang Miring", "Pendek", None, "Jauh")
    found = map_data(_road_plan(plan, toy, *roads, names=names), "id")["base"]["roadNames"]
    assert sorted(name for name, *_ in found) == [
        *["Gang Miring", "Jalan Baru", "Jalan Raya", "Jalan Raya"]
    ]
    turned = {name: degrees for name, _, _, degrees, _ in found}
    # Grid north of the zone is not true north; a degree is more than the difference.
    assert turned["Jalan Raya"] == pytest.approx(0, abs=1)
    assert abs(turned["Jalan Baru"]) == pytest.approx(90, abs=1)
    assert turned["Gang Miring"] == pytest.approx(-45, abs=1)
    places = metres([(lat, lon) for _, lat, lon, _, _ in found], toy.CRS)
    by_name = {name: [] for name in names if name}
    for (name, *_), place in zip(found, places, strict=True):
        by_name[name].append(place - toy.at(0, 0))
    np.testing.assert_allclose(
        sorted(by_name["Jalan Raya"], key=lambda at: at[0]), [[325, 100], [975, 100]], atol=1.5
    )
    np.testing.assert_allclose(by_name["Jalan Baru"], [[200, 600]], atol=1.5)
    weights = [weight for *_, weight in found]
    assert weights == sorted(weights, reverse=True)


def test_roads_beyond_the_map_are_left_out(plan, toy):
    roads = (toy.line((0, 100), (700, 100)), toy.line((90_000, 0), (91_000, 0)))
    data = map_data(_road_plan(plan, toy, *roads, names=("a", "b")), "id")
    (line,) = unpack_lines(data["base"]["roads"]["minor"])
    np.testing.assert_allclose(metres(line, toy.CRS), [toy.at(0, 100), toy.at(700, 100)], atol=1.2)


def _basemap(**layers):
    empty = {
        "water": ("name",),
        "waterways": ("name", "kind"),
        "buildings": (),
        "places": ("name", "kind"),
        "landmarks": ("name", "kind"),
    }
    tables = {
        name: gpd.GeoDataFrame({column: [] for column in columns}, geometry=[], crs=4326)
        for name, columns in empty.items()
    } | {name: table.to_crs(4326) for name, table in layers.items()}
    return Basemap(**tables, source="toy", date="", notes=())


def _layer(toy, shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=toy.CRS)


def test_the_basemap_is_drawn_within_the_map(plan, toy):
    pond = box(*toy.at(100, 100), *toy.at(400, 400)) - box(*toy.at(200, 200), *toy.at(300, 300))
    basemap = _basemap(
        water=_layer(toy, [pond, box(*toy.at(50_000, 0), *toy.at(51_000, 900))], name=["", ""]),
        waterways=_layer(
            toy, [LineString([toy.at(0, 900), toy.at(90_000, 900)])], name=["Kali"], kind=["river"]
        ),
        buildings=_layer(toy, [box(*toy.at(500, 500), *toy.at(510, 520))]),
        places=_layer(toy, [Point(toy.at(600, 600))], name=[EVIL[0]], kind=["hamlet"]),
        landmarks=_layer(
            toy,
            [Point(toy.at(700, 700)), Point(toy.at(800, 800)), Point(toy.at(80_000, 0))],
            name=[EVIL[1], "", "Jauh"],
            kind=["school", "worship", "school"],
        ),
    )
    base = map_data(plan, "id", MapOptions(basemap=basemap))["base"]
    ((shell, hole),) = base["water"]
    assert (len(decode(shell)), len(decode(hole))) == (5, 5)
    (river,) = unpack_lines(base["waterways"])
    assert metres(river, toy.CRS)[:, 0].max() < toy.at(10_000, 0)[0]
    (house,) = unpack_lines(base["buildings"])
    assert len(house) == 5
    assert [(name, kind) for name, _, _, kind in base["places"]] == [(EVIL[0], "hamlet")]
    assert [(name, kind) for name, _, _, kind in base["landmarks"]] == [(EVIL[1], "school")]
    assert base["left_out"] == {}


def test_of_very_many_buildings_those_near_the_villages_stay(plan, toy):
    # From 1200 m west of the villages to the far end of the second one.
    east = np.arange(-1200.0, 2390.0, 0.45)
    houses = shapely.box(toy.EAST + east, toy.NORTH + 5, toy.EAST + east + 6, toy.NORTH + 11)
    basemap = _basemap(buildings=_layer(toy, houses))
    base = map_data(plan, "id", MapOptions(basemap=basemap))["base"]
    seen = unpack_lines(base["buildings"])
    assert len(seen) == 6000
    assert 0 < base["left_out"]["buildings"] < east.size - 6000  # some are beyond the map
    corners = metres([point for house in seen for point in house], toy.CRS)
    west = corners.reshape(6000, 5, 2)[:, :, 0].min(axis=1) - toy.EAST
    np.testing.assert_allclose(np.sort(west), east[-6000:], atol=1.2)


def _in_metres(lines, crs):
    """Return lines of (latitude, longitude) in metres, all moved at once."""
    sizes = np.cumsum([len(line) for line in lines])[:-1]
    return np.split(metres([point for line in lines for point in line], crs), sizes)


def test_people_and_metres_are_those_of_the_plan(real_plan):
    plan, crs = real_plan, real_plan.routes.crs
    data = map_data(plan, "id")
    lines = _in_metres(unpack_lines(data["chains"]), crs)
    lengths = np.array([LineString(line).length for line in lines])
    taps = metres(decode(data["taps"]["at"]), crs)
    for name in ("early", "late"):
        answers = answers_of(data, name)
        assert sum(one["people"] for one in answers) == content.total(plan, "evacuees", name)
        served = [one for one in answers if one["status"] == 0]
        assert sum(one["people"] for one in served) == content.total(plan, "allocated", name)
        coming = [shelter["people"] for shelter in data["shelters"][name]]
        found = np.bincount(
            [one["shelter"] for one in served], [one["people"] for one in served], len(coming)
        )
        assert found.tolist() == coming
        flows, ways = (np.array(part) for part in flows_of(data, name))
        main = content.of_departure(plan.routes[plan.routes["rank"] == 1], name)
        walked = (main["evacuees"] * main.length).sum()
        assert (flows * lengths).sum() == pytest.approx(walked, rel=0.01)
        shelters = metres([shelter["at"] for shelter in data["shelters"][name]], crs)
        for one in served:
            chains = np.array(one["chains"])
            assert one["sharing"] == flows[np.abs(chains) - 1].max()
            assert flows[np.abs(chains) - 1].min() >= 1
            assert np.isin(ways[np.abs(chains) - 1] * np.sign(chains), (0, 1)).all()
            parts = [lines[abs(number) - 1][:: np.sign(number)] for number in chains]
            for before, after in itertools.pairwise(parts):
                np.testing.assert_allclose(before[-1], after[0], atol=0.01)
            assert np.hypot(*(parts[-1][-1] - shelters[one["shelter"]])) < 2.5
            assert np.hypot(*(parts[0][0] - taps[one["place"]])) < 150
            length = lengths[np.abs(chains) - 1].sum()
            assert length == pytest.approx(one["metres"], rel=0.04, abs=60)


def test_the_same_plan_gives_the_same_data(plan, toy):
    assert json.dumps(map_data(plan, "id")) == json.dumps(map_data(toy.toy_plan(), "id"))
