from __future__ import annotations

import dataclasses
import importlib.util
import re
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from resilience_geo.errors import InputError, OutputError
from resilience_geo.maps.options import MapOptions
from resilience_geo.maps.xml_text import legal, without_markup
from resilience_geo.route_files import FILES, save_route_files

GPX = "{http://www.topografix.com/GPX/1/1}"
KML = "{http://www.opengis.net/kml/2.2}"
EVIL = (
    "<script>alert(1)</script>",
    'Jum\'at & "Sabtu" ]]> <![CDATA[x]]> \x00\x0b\x1f😀',
    "$[name] &lt;b&gt; {0} %s \ud800x",
)


@pytest.fixture(scope="session")
def toy():
    name = "toy_plan_for_tests"
    if name not in sys.modules:
        path = Path(__file__).parent / "maps" / "toy_plan.py"
        spec = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="module")
def second_plan(toy):
    """Return the toy with a second route for the first settlement."""
    plan = toy.toy_plan()
    row = plan.routes.iloc[[0]].assign(
        route_id="r1-2",
        rank=2,
        shelter_id="s2",
        geometry=[toy.line((400, 400), (400, 600), (2200, 1600))],
    )
    row["distance_m"] = row.geometry.length
    parts = [plan.routes, row]
    routes = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=toy.CRS)
    return dataclasses.replace(plan, routes=routes)


@pytest.fixture(scope="module")
def files(second_plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("routes") / "a" / "b"
    written = save_route_files(second_plan, folder)
    assert written == [folder / name for name in FILES]
    return written


def _gpx(path):
    return ET.fromstring(path.read_bytes())


def _texts(root, tag):
    return [element.text for element in root.iter(tag)]


def _tracks(path):
    """Return the lines of a GPX file by name."""
    return {
        track.find(f"{GPX}name").text: LineString(
            [(float(p.get("lon")), float(p.get("lat"))) for p in track.iter(f"{GPX}trkpt")]
        )
        for track in _gpx(path).iter(f"{GPX}trk")
    }


def _metric(lines, crs):
    return gpd.GeoSeries(lines, crs=4326).to_crs(crs)


def test_tracks_are_the_routes_of_the_plan(files, toy, second_plan):
    tracks = _tracks(files[0])
    assert list(tracks) == [
        "Lubuk Rengas ke SD Negeri 1",
        "Tanjung Kembang ke SMP Negeri 2",
        "Lubuk Rengas ke SMP Negeri 2 (jalur kedua)",
    ]
    routes = second_plan.routes.set_index("route_id")
    routes = routes[routes["departure"] == "early"]
    for got, name in zip(
        _metric(list(tracks.values()), toy.CRS), ("r1", "r3", "r1-2"), strict=True
    ):
        true = routes.loc[name, "geometry"]
        assert shapely.hausdorff_distance(got, true) < 2.0
        assert got.length == pytest.approx(true.length, rel=0.002)
        for end in (0, -1):  # from the settlement to the shelter, and not the other way
            assert Point(got.coords[end]).distance(Point(true.coords[end])) < 0.2


def test_kml_holds_the_same_lines_in_folders(files):
    root = _gpx(files[1])
    folders = {
        folder.find(f"{KML}name").text: folder.findall(f"{KML}Placemark")
        for folder in root.iter(f"{KML}Folder")
    }
    assert {name: len(places) for name, places in folders.items()} == {
        "Tempat evakuasi": 6,
        "Jalur utama": 2,
        "Jalur kedua": 1,
        "Titik berangkat": 3,
    }
    lines = {
        place.find(f"{KML}name").text: [
            tuple(map(float, pair.split(",")))
            for pair in place.find(f"{KML}LineString/{KML}coordinates").text.split()
        ]
        for name in ("Jalur utama", "Jalur kedua")
        for place in folders[name]
    }
    assert lines == {name: list(line.coords) for name, line in _tracks(files[0]).items()}
    styles = {element.get("id") for element in root.iter(f"{KML}Style")}
    assert {f"#{name}" for name in styles} >= set(_texts(root, f"{KML}styleUrl"))


def test_places_say_where_to_go_and_what_not_to_use(files):
    root = _gpx(files[0])
    places = {
        element.find(f"{GPX}name").text: (
            element.find(f"{GPX}desc").text,
            element.find(f"{GPX}sym").text,
        )
        for element in root.iter(f"{GPX}wpt")
    }
    assert len(places) == 9
    words, symbol = places["SD Negeri 1"]
    assert words.startswith("Tempat evakuasi; berdiri di daerah tanpa bahaya")
    assert words.endswith("; Daya tampung: 200; Warga yang datang: 150")
    assert symbol == "Flag, Green"
    assert places["JANGAN DIPAKAI: Masjid Raya"][1] == "Danger Area"
    assert "Masjid Raya" not in places
    # 640 s are 10 minutes and 40 seconds.
    words, symbol = places["Tanjung Kembang"]
    assert words.split("; ") == [
        "80 jiwa → SMP Negeri 2 (11 menit)",
        "7 jiwa: Belum dapat tempat (Terlalu jauh dari jalan)",
        "5 jiwa: Belum dapat tempat (Terlalu lama berjalan)",
    ]
    assert symbol == "Residence"


def test_a_settlement_lies_where_most_of_its_people_are(files, toy):
    places = {
        element.find(f"{GPX}name").text: (float(element.get("lon")), float(element.get("lat")))
        for element in _gpx(files[0]).iter(f"{GPX}wpt")
    }
    point = _metric([Point(places["Muara Pinang"])], toy.CRS).iloc[0]
    assert point.distance(Point(toy.at(2600, 900))) < 0.2  # o6 with 60 people, not o7 with 11


def test_routes_say_how_far_and_how_long(files):
    words = _texts(_gpx(files[0]), f"{GPX}desc")
    # 600 m + 500 m * sqrt(2) are 1307 m; 640 s are 11 minutes.
    assert "150 jiwa; 1,3 km; 11 menit jalan kaki; Lewat bahaya (m): 120" in words


def test_headings_say_when_by_whom_and_that_it_is_made_up(files):
    gpx, kml = (_gpx(path) for path in files)
    assert gpx.find(f"{GPX}metadata/{GPX}name").text.startswith("DATA CONTOH: Peta Evakuasi")
    assert gpx.find(f"{GPX}metadata/{GPX}time").text == "2026-11-22T03:00:00Z"
    said = gpx.find(f"{GPX}metadata/{GPX}desc").text
    assert said == kml.find(f"{KML}Document/{KML}description").text
    for words in ("sebelum air datang", "tidak nyata", "bukan peringatan", "22 November 2026"):
        assert words in said


def test_elements_of_gpx_come_in_the_order_of_its_schema(files):
    root = _gpx(files[0])
    assert root.get("version") == "1.1"
    kinds = [element.tag.removeprefix(GPX) for element in root]
    assert kinds == ["metadata", *["wpt"] * 9, *["trk"] * 3]
    for element in root[1:]:
        order = ("name", "desc", "sym", "number", "type", "trkseg")
        tags = [part.tag.removeprefix(GPX) for part in element]
        assert tags == [tag for tag in order if tag in tags]


def test_other_programs_read_both(files):
    gpxpy = pytest.importorskip("gpxpy")
    read = gpxpy.parse(files[0].read_text(encoding="utf-8"))
    lines = {track.name: track.segments[0].points for track in read.tracks}
    assert {name: len(points) for name, points in lines.items()} == {
        name: len(line.coords) for name, line in _tracks(files[0]).items()
    }
    assert len(read.waypoints) == 9
    tracks = pyogrio.read_dataframe(files[0], layer="tracks")
    assert tracks["name"].tolist() == list(lines)
    assert tracks.crs.to_epsg() == 4326
    layers = [str(name) for name, _ in pyogrio.list_layers(files[1])]
    assert "Jalur utama" in layers
    main = pyogrio.read_dataframe(files[1], layer="Jalur utama")
    expected = [lines[name] for name in main["Name"]]
    for line, points in zip(main.geometry, expected, strict=True):
        got = shapely.get_coordinates(line)
        assert got.tolist() == [[point.longitude, point.latitude] for point in points]


@pytest.mark.parametrize("language", ["id", "en"])
def test_hostile_names_are_text(toy, tmp_path, language):
    plan = toy.toy_plan(names=EVIL, shelter_names=EVIL[:2])
    for path in save_route_files(plan, tmp_path, language=language):
        raw = path.read_text(encoding="utf-8")
        root = ET.fromstring(raw)
        tags = {element.tag.partition("}")[2] for element in root.iter()}
        assert not tags & {"script", "b", "x"}
        names = _texts(root, GPX + "name") + _texts(root, KML + "name")
        assert any(EVIL[0] in name for name in names)
        assert any('Jum\'at & "Sabtu" ]]> <![CDATA[x]]> 😀' in name for name in names)
        descriptions = _texts(root, GPX + "desc") + _texts(root, KML + "description")
        assert not any("<" in words or "$[" in words for words in descriptions)
        assert any("alert(1)" in words for words in descriptions)
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", raw)


@given(st.text())
def test_any_text_becomes_legal_xml(words):
    element = ET.Element("a", b=legal(words))
    element.text = legal(words)
    back = ET.fromstring(ET.tostring(element, encoding="UTF-8"))
    assert (back.text or "") == legal(words).replace("\r\n", "\n").replace("\r", "\n")
    plain = without_markup(words)
    assert not set("<>\n\r\t") & set(plain)
    assert "$[" not in plain


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_usual_text_stays_as_it_is(words):
    assert legal(words) == words


def test_settlements_have_routes_of_their_own(toy, tmp_path):
    middles = [Point(toy.at(*place)) for place in ((400, 400), (900, 900), (1700, 500))]
    settlements = gpd.GeoDataFrame(
        {"settlement_id": ["d1", "d2", "d3"], "name": ["Dusun I", "Dusun II", "Dusun III"]},
        geometry=[middle.buffer(200) for middle in middles],
        crs=toy.CRS,
    ).to_crs(4326)
    options = MapOptions(settlements=settlements)
    paths = save_route_files(toy.toy_plan(), tmp_path, options=options)
    assert list(_tracks(paths[0])) == [
        "Dusun I, Lubuk Rengas ke SD Negeri 1",
        "Dusun II, Lubuk Rengas ke SD Negeri 1",
        "Dusun III, Tanjung Kembang ke SMP Negeri 2",
    ]
    names = _texts(_gpx(paths[0]), f"{GPX}name")
    assert "Muara Pinang" in names  # people outside all settlements go by their village


def test_the_early_departure_counts_and_a_late_plan_has_its_own(toy, tmp_path):
    early, late = tmp_path / "early", tmp_path / "late"
    both = save_route_files(toy.toy_plan(), early)
    one = save_route_files(toy.toy_plan(departure="late"), late)
    assert "sebelum air datang" in both[0].read_text(encoding="utf-8")
    said = one[0].read_text(encoding="utf-8")
    assert "150 jiwa → SD Negeri 1" in both[0].read_text(encoding="utf-8")
    assert "120 jiwa → SD Negeri 1" in said
    assert "30 jiwa: Belum dapat tempat (Jalan terputus)" in said


def test_a_plan_without_routes_has_places_only(toy, tmp_path):
    plan = toy.toy_plan()
    lost = plan.origins.assign(status="cut_off", shelter_id=None)
    plan = dataclasses.replace(plan, origins=lost, routes=plan.routes.iloc[:0])
    paths = save_route_files(plan, tmp_path)
    assert _tracks(paths[0]) == {}
    assert len(_texts(_gpx(paths[0]), f"{GPX}sym")) == 9


def test_lines_are_thinned_but_stay_in_place(toy, tmp_path):
    plan = toy.toy_plan(departure="early")
    x = np.linspace(0, 1000, 2001)
    wavy = LineString(np.column_stack([x + toy.EAST, 0.5 * np.sin(x) + toy.NORTH]))
    routes = plan.routes.assign(geometry=[wavy] * len(plan.routes))
    paths = save_route_files(dataclasses.replace(plan, routes=routes), tmp_path)
    for line in _metric(list(_tracks(paths[0]).values()), toy.CRS):
        assert shapely.get_num_coordinates(line) < 50
        assert shapely.hausdorff_distance(line, wavy) < 1.7


def test_the_same_plan_gives_the_same_files(second_plan, files, tmp_path):
    time.sleep(1.1)
    for one, other in zip(save_route_files(second_plan, tmp_path), files, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_a_failure_leaves_what_was_there(toy, tmp_path, monkeypatch):
    (tmp_path / "routes.gpx").write_text("before")
    monkeypatch.setattr("resilience_geo.route_files._kml", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_route_files(toy.toy_plan(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["routes.gpx"]
    assert (tmp_path / "routes.gpx").read_text() == "before"


def test_what_cannot_be_is_refused(toy, tmp_path):
    with pytest.raises(InputError):
        save_route_files(toy.toy_plan(), tmp_path / "a", language="xx")
    assert not (tmp_path / "a").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        save_route_files(toy.toy_plan(), tmp_path / "file" / "x")


def test_no_two_tracks_or_places_share_a_name(toy, tmp_path):
    plan = toy.toy_plan()
    twice = plan.shelters.assign(name="Masjid Raya")
    same = plan.villages.assign(village_name="Sukamaju")
    rows = plan.routes[plan.routes["departure"] == "early"].iloc[[0, 0]]
    rows = rows.assign(route_id=["r1-2", "r3-2"], rank=2, shelter_id="s2")
    routes = gpd.GeoDataFrame(pd.concat([plan.routes, rows], ignore_index=True), crs=toy.CRS)
    plan = dataclasses.replace(plan, shelters=twice, villages=same, routes=routes)
    gpx = _gpx(save_route_files(plan, tmp_path)[0])
    for kind, least in (("trk", 4), ("wpt", 9)):
        names = [element.find(f"{GPX}name").text for element in gpx.iter(GPX + kind)]
        assert len(names) >= least
        assert len(set(names)) == len(names)
