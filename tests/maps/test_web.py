from __future__ import annotations

import dataclasses
import json
import re

import folium
import geopandas as gpd
import pytest
from PIL import Image
from shapely.geometry import box

from resilience_geo.errors import InputError, OutputError
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.maps import content, text, web
from resilience_geo.maps.offline import external_loads
from resilience_geo.maps.options import MapOptions
from resilience_geo.maps.payload import map_data, village_tables
from resilience_geo.maps.polylines import decode, decode_numbers
from resilience_geo.maps.web import TILES, explore, save_web_map
from resilience_geo.maps.web_panel import detail_sentences, panel
from resilience_geo.maps.words import WORDS
from resilience_geo.tables import UNSERVED_CAUSES

EVIL = (
    "<b>Tebal</b>\"'</script><script>window.hacked=1</script>",
    "{{ 7*7 }} {% if x %} <img src=x onerror=window.hacked=2>",
    'Muara & "Pinang" \\ `${1}` \u2028 <!-- ',
)


def data_of(html):
    packed = re.search(r'id="rg-data">(.*?)</script>', html, re.DOTALL)[1]
    return json.loads(packed)


@pytest.fixture(scope="module")
def html(plan, tmp_path_factory):
    path = save_web_map(plan, tmp_path_factory.mktemp("web") / "peta.html")
    return path.read_text(encoding="utf-8")


def test_explore_gives_a_folium_map_with_named_layers(plan):
    page = explore(plan)
    assert isinstance(page, folium.Map)
    layers = [child for child in page._children.values() if isinstance(child, folium.FeatureGroup)]
    assert [layer.layer_name for layer in layers] == [
        "Peta dasar",
        "Bahaya",
        "Desa/kelurahan",
        "Jalan",
        "Jalur evakuasi",
        "Warga belum terlayani",
        "Tempat evakuasi",
    ]
    assert any(isinstance(child, folium.LayerControl) for child in page._children.values())
    folium.Marker([-6, 106], popup="mine").add_to(page)
    assert "mine" in page.get_root().render()


def test_folium_itself_is_left_as_it_was(plan):
    before = list(folium.Map.default_js), list(folium.Map.default_css)
    explore(plan)
    assert (folium.Map.default_js, folium.Map.default_css) == before
    assert folium.Map().get_root().render().count("bootstrap") > 0


def test_the_page_loads_nothing(html):
    assert external_loads(html) == []
    for name in ("bootstrap", "fontawesome", "cdn.jsdelivr", "tile.openstreetmap"):
        assert name not in html
    assert html.count("<script src") == 0


def test_the_page_says_its_language(html, plan, tmp_path):
    assert '<html lang="id">' in html
    english = save_web_map(plan, tmp_path / "map.html", language="en").read_text("utf-8")
    assert '<html lang="en">' in english


def test_a_map_for_the_network_asks_for_tiles_and_nothing_else(plan, tmp_path):
    page = save_web_map(plan, tmp_path / "peta.html", offline=False).read_text(encoding="utf-8")
    assert page.count(TILES) == 1
    assert external_loads(page, but=(TILES,)) == []
    assert len(external_loads(page)) == 1
    assert "Peta daring OpenStreetMap (perlu internet)" in page
    assert "bootstrap" not in page


def test_options_reach_the_page_and_are_text(plan, toy, tmp_path):
    logo = tmp_path / "logo.png"
    Image.new("RGB", (4, 3), "red").save(logo)
    settlements = gpd.GeoDataFrame(
        {"settlement_id": ["a"], "name": ["Dusun <b>Satu</b>"]},
        geometry=[box(*toy.at(100, 100), *toy.at(1100, 1000))],
        crs=toy.CRS,
    ).to_crs(4326)
    options = MapOptions(
        agency="BPBD <b>Contoh</b>", contact='" onload=x', logo=logo, settlements=settlements
    )
    page = save_web_map(plan, tmp_path / "peta.html", options=options).read_text("utf-8")
    assert external_loads(page) == []
    assert "<dt>Diterbitkan oleh</dt><dd>BPBD &lt;b&gt;Contoh&lt;/b&gt;<img" in page
    assert "<dt>Hubungi</dt><dd>&#34; onload=x</dd>" in page
    assert 'src="data:image/png;base64,' in page
    assert "<b>Satu" not in page
    assert [one["name"] for one in data_of(page)["settlements"]] == ["Dusun <b>Satu</b>"]
    assert "Dusun/RW/RT" in page


def test_the_panel_says_how_closely_the_map_may_be_read(plan, toy):
    cells, shapes = detail_sentences(plan, "id")
    assert cells.startswith("Bahaya digambar dalam petak 50 m.")  # 50 m in the toy's grid
    assert shapes.startswith("Garis disederhanakan")
    lines, _ = detail_sentences(toy.toy_plan(hazard=toy.polygon_hazard()), "en")
    assert lines.startswith("The borders of the hazard follow their source")


def test_every_word_of_the_script_is_there_in_both_languages(plan):
    asked = set()
    for name in web._SCRIPTS:
        asked |= set(re.findall(r"(?:say\(\s*|words\.)\"?(\w+)\"?[,)\s;]", web.page_file(name)))
    terms = asked & set(WORDS["id"])
    assert {"web_close", "web_from", "web_second", "minutes", "web_tap_hint"} <= terms
    assert not [
        term
        for term in asked
        if term.startswith("web_") and not term.endswith("_") and term not in WORDS["id"]
    ]
    for language in ("id", "en"):
        assert terms <= set(map_data(plan, language)["words"])


def test_the_same_plan_gives_the_same_bytes(plan, toy, tmp_path):
    one = save_web_map(plan, tmp_path / "one.html").read_bytes()
    other = save_web_map(toy.toy_plan(), tmp_path / "other.html").read_bytes()
    assert one == other


def test_the_panel_says_what_a_session_needs(plan, html):
    for words in (
        "Peta Evakuasi Banjir: Lubuk Rengas, Tanjung Kembang dan Muara Pinang",
        "Kode wilayah 16.02.05",
        "22 November 2026",
        "313 jiwa perlu mengungsi",
        "Bila terlambat, 30 jiwa tidak lagi mendapat tempat dan 640 m jalan tertutup.",
        "69 di antaranya perlu dibantu, oleh 36 pendamping (sebagian perkiraan nasional).",
        "Berangkat sebelum air datang",
        "Berangkat terlambat",
        "<b>230 jiwa mendapat tempat</b>",
        "<b>200 jiwa mendapat tempat</b>",
        "DATA CONTOH",
        "Bahaya tidak diketahui",
        "bukan prakiraan",
        "<p>Data contoh rekaan</p>",
        "a note about 3 cells",
        "banjir.tif; batas kelas 0,1 / 0,76 / 1,5 m",
        "data 1 Oktober 2026",
    ):
        assert words in html, words
    english = panel(plan, "en")
    assert "313 people need to evacuate" in english
    assert "SAMPLE DATA" in english


def test_a_real_plan_has_no_stamp(toy, tmp_path):
    page = save_web_map(toy.toy_plan(is_sample=False), tmp_path / "a.html").read_text("utf-8")
    assert "DATA CONTOH" not in page
    assert data_of(page)["sample"] == ""


@pytest.mark.parametrize("departure", ["early", "late"])
def test_a_plan_of_one_departure(toy, departure):
    plan = toy.toy_plan(departure=departure)
    data = map_data(plan, "id")
    assert data["departures"] == [departure]
    assert data["columns"] == []
    assert "data-departure" not in panel(plan, "id")
    assert f"{content.total(plan, 'allocated', departure)} jiwa mendapat tempat, " in panel(
        plan, "id"
    )
    assert "terlambat, " not in panel(plan, "id").partition("rg-body")[0]


def test_village_tables_hold_every_class_and_both_departures(plan, toy):
    rows = {row[0]: row[1] for row in village_tables(plan, "id")[toy.CODES[0]]}
    for name in CLASS_NAMES:
        assert text.word(f"people_{name}", "id") in rows
    assert rows["Bahaya tidak diketahui"] == ["20"]
    assert rows["Mendapat tempat"] == ["150", "120"]
    assert rows["Jalan terputus"] == ["0", "30"]
    assert rows["Kehilangan tempat bila terlambat"] == ["30"]
    assert rows["Jalan tertutup bila terlambat"] == ["640 m"]
    assert rows["Jalan yang keadaannya tidak diketahui bila terlambat"] == ["400 m"]
    assert rows["Untuk diucapkan"] == [content.lost_sentence(plan, "id", toy.CODES[0])]
    said = "30 jiwa tidak lagi mendapat tempat dan 640 m jalan tertutup"
    assert said in rows["Untuk diucapkan"][0]
    assert "Baru mendapat tempat bila terlambat" not in rows
    other = {row[0]: row[1] for row in village_tables(plan, "id")[toy.CODES[1]]}
    assert "Jalan tertutup bila terlambat" not in other


def test_the_table_of_a_village_says_who_gains_a_place_by_the_lateness_of_others(plan, toy):
    # 150 early, 30 of them lost, 125 late: 5 who had none early.
    villages = plan.villages.assign(late_allocated=[125, 80, 0])
    gaining = dataclasses.replace(plan, villages=villages)
    rows = {row[0]: row[1] for row in village_tables(gaining, "id")[toy.CODES[0]]}
    assert rows["Baru mendapat tempat bila terlambat"] == ["5"]
    assert "Sementara itu 5 jiwa lain mendapat tempat." in panel(gaining, "id")


def test_village_tables_say_who_needs_help_and_what_is_an_estimate(plan, toy):
    shown = []
    for code in toy.CODES:
        rows = [
            row for row in village_tables(plan, "id")[code] if row[0][:6] in {"Perlu ", "Pendam"}
        ]
        shown += [(row[0], row[1][0]) for row in rows]
    assert shown == [
        ("Perlu dibantu", "33"),
        ("Pendamping yang diperlukan", "17"),
        ("Perlu dibantu (perkiraan nasional)", "21"),
        ("Pendamping yang diperlukan (perkiraan nasional)", "11"),
        ("Perlu dibantu (sebagian perkiraan nasional)", "15"),
        ("Pendamping yang diperlukan (sebagian perkiraan nasional)", "8"),
    ]


def test_a_village_nobody_leaves_has_no_rows_of_waiting(toy):
    plan = toy.toy_plan()
    plan.villages.loc[toy.CODES[0], ["evacuees", "allocated"]] = 0
    labels = {row[0] for row in village_tables(plan, "id")[toy.CODES[0]]}
    assert "Penduduk" in labels
    assert not {"Untuk diucapkan", "Perlu dibantu", "Jalan tertutup bila terlambat"} & labels


def test_shelters_say_how_many_places_are_left(plan):
    def coming(departure):
        return {
            shelter["name"]: dict(map(tuple, shelter["rows"]))["Warga yang datang"]
            for shelter in map_data(plan, "id")["shelters"][departure]
        }

    early = coming("early")
    assert early["SD Negeri 1"] == "150 jiwa (sisa 50 tempat)"
    assert early["SMP Negeri 2"] == "80 jiwa (penuh)"
    assert early["Balai Desa"] == "0 jiwa"  # nobody knows how many it holds
    assert early["Masjid Raya"] == "0 jiwa"  # in hazard: its places are no places
    assert coming("late")["SD Negeri 1"] == "120 jiwa (sisa 80 tempat)"


def test_a_part_of_a_place_is_no_place(toy):
    plan = toy.toy_plan()
    plan.shelters["capacity_people"] = plan.shelters["capacity_people"] + 0.9
    shelters = {each["name"]: each["rows"] for each in map_data(plan, "id")["shelters"]["early"]}
    assert dict(map(tuple, shelters["SMP Negeri 2"]))["Warga yang datang"] == "80 jiwa (penuh)"


def test_figures_of_the_page_are_those_of_the_plan(plan, html):
    data = data_of(html)
    for name in ("early", "late"):
        shown = sum(decode_numbers(data["unserved"][name]["people"]))
        assert shown == sum(content.total(plan, cause, name) for cause in UNSERVED_CAUSES)
        coming = sum(shelter["people"] for shelter in data["shelters"][name])
        assert coming == content.total(plan, "allocated", name)
    assert decode_numbers(data["flows"]["early"]) == [120, 30, 80]
    assert decode_numbers(data["flows"]["late"]) == [120, 0, 80]


def test_geometry_lies_where_it_should(plan, html):
    data = data_of(html)
    west, south, east, north = plan.villages.to_crs(4326).total_bounds
    points = [
        point for village in data["villages"] for ring in village["rings"] for point in decode(ring)
    ]
    assert min(lat for lat, _ in points) == pytest.approx(south, abs=2e-5)
    assert max(lon for _, lon in points) == pytest.approx(east, abs=2e-5)
    (low_lat, low_lon), (high_lat, high_lon) = data["hazard"]["bounds"]
    assert low_lat < south
    assert low_lon < west
    assert high_lat > north
    assert high_lon > east


def test_many_unserved_origins_are_gathered_without_losing_anyone(toy):
    plan = toy.toy_plan()
    some = plan.origins[plan.origins["departure"] == "early"]
    many = some.loc[some.index.repeat(600)].copy()
    many["geometry"] = many.geometry.translate().array
    shifted = many.geometry.to_numpy()
    many["geometry"] = [
        type(point)(point.x + 7 * (number % 60), point.y + 7 * (number // 60 % 60))
        for number, point in enumerate(shifted)
    ]
    large = toy.ToyPlan(**{**plan.__dict__, "origins": many})
    groups = decode_numbers(map_data(large, "id")["unserved"]["early"]["people"])
    assert 0 < len(groups) <= 1200
    left = many[many["status"] != "allocated"]
    assert sum(groups) == left["evacuees"].sum()


def test_hostile_names_are_text(toy, tmp_path):
    plan = toy.toy_plan(names=EVIL, shelter_names=EVIL, road_name=EVIL[0])
    page = save_web_map(plan, tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<script>window.hacked" not in page
    assert "<img src=x" not in page
    assert "49" not in re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)[1]
    assert [village["name"] for village in data_of(page)["villages"]] == list(EVIL)


@pytest.mark.parametrize("kind", ["landslide", "tsunami", "generic"])
def test_other_hazards_have_their_own_words(toy, kind):
    hazard = toy.raster_hazard()
    plan = toy.toy_plan(hazard=toy.ToyHazard(kind=kind, grid=hazard.grid, values=hazard.values))
    assert text.word(kind, "id") in content.title(plan, "id")
    shown = panel(plan, "id")
    assert ("sebelum air datang" in shown) == (kind == "tsunami")


def test_polygon_hazards_draw(toy):
    data = map_data(toy.toy_plan(hazard=toy.polygon_hazard()), "id")
    assert data["hazard"]["classes"].startswith("data:image/png")


def test_area_codes(toy):
    plan = toy.toy_plan()
    assert content.area_code(plan) == "16.02.05"

    def with_codes(codes):
        villages = plan.villages.set_axis(codes, axis=0)
        return toy.ToyPlan(**{**plan.__dict__, "villages": villages})

    assert content.area_code(with_codes(["3171010001", "3171020001", "3171020002"])) == "3171"
    assert content.area_code(with_codes(["3171010001", "3172020001", "3174020002"])) == "31"
    assert content.area_code(with_codes(["a", "b", "c"])) == ""
    assert content.area_code(with_codes(["1", "2", "3"])) == ""
    assert content.area_code(with_codes(["3171010001", "3171020001", "RW 03"])) == ""


def test_a_folder_that_is_not_there_is_an_output_error(plan, tmp_path):
    with pytest.raises(OutputError, match="folder"):
        save_web_map(plan, tmp_path / "no" / "peta.html")
    with pytest.raises(InputError, match="language"):
        save_web_map(plan, tmp_path / "peta.html", language="fr")
    assert list(tmp_path.iterdir()) == []


def test_nothing_half_written_stays(plan, tmp_path, monkeypatch):
    path = tmp_path / "peta.html"
    path.write_text("before")

    def fail(*_):
        raise PermissionError(13, "held by another program")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OutputError, match="held by another program"):
        save_web_map(plan, path)
    assert [file.name for file in tmp_path.iterdir()] == ["peta.html"]
    assert path.read_text() == "before"


def test_names_that_look_like_the_marks_of_the_frame_stay_where_they_are(toy, tmp_path):
    names = ("[the data]", "[the panel]", "[12.345678, 87.654321]")
    plan = toy.toy_plan(names=names)
    html = web.save_web_map(plan, tmp_path / "a.html").read_text(encoding="utf-8")
    (data,) = re.findall(r'<script type="application/json" id="rg-data">(.*?)</script>', html)
    assert [each["name"] for each in json.loads(data)["villages"]] == list(names)
    assert html.count('id="rg-data"') == html.count('id="rg-icons"') == 1
    assert html.count("<aside") == 1


def test_the_frame_of_one_page_does_not_leak_into_another(toy, tmp_path):
    plan = toy.toy_plan()
    kinds = [(language, offline) for language in ("id", "en") for offline in (True, False)]
    pages = {}
    for _ in range(2):
        for language, offline in kinds:
            path = web.save_web_map(plan, tmp_path / "a.html", language=language, offline=offline)
            html = path.read_text(encoding="utf-8")
            assert pages.setdefault((language, offline), html) == html
            assert f'<html lang="{language}">' in html
            assert (web.TILES in html) is not offline
    assert len(set(pages.values())) == len(kinds)
