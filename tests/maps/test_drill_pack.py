from __future__ import annotations

import builtins
import csv
import dataclasses
import io
import itertools
import math
import re
import shutil
import subprocess

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, box

from resilience_geo.errors import DependencyError, InputError, OutputError
from resilience_geo.inputs.basemap import Basemap
from resilience_geo.maps import drill_pack, words_drill
from resilience_geo.maps.drill_answers import drill_answers
from resilience_geo.maps.drill_land import prepare_land
from resilience_geo.maps.drill_map import Place, View, draw_drill_map
from resilience_geo.maps.drill_pack import FILES, save_drill_pack
from resilience_geo.maps.drill_page import page_axes
from resilience_geo.maps.drill_sheets import draw_sheet, sheet_pages
from resilience_geo.maps.drill_ways import card_ways
from resilience_geo.maps.options import MapOptions
from resilience_geo.maps.text import word

pytest.importorskip("matplotlib")
pytest.importorskip("segno")
from matplotlib.figure import Figure

CARDS, SHEETS, POSTER, TABLE = FILES
EVIL = "<script>alert(1)</script>"
FORMULA = "=cmd|' /C calc'!A0"
WIDE_MARKS = "\uff1d\uff0b\uff0d\uff20"  # = + - @ as full-width letters


def command(*words):
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]} on this machine")
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def words_in(path):
    return " ".join(command("pdftotext", "-layout", str(path), "-").split())


def sizes_of(path):
    """Return width and height of every page in millimetres."""
    told = command("pdfinfo", "-l", "999", str(path))
    found = re.findall(r"size:\s+([\d.]+) x ([\d.]+) pts", told)
    return [tuple(round(float(side) * 25.4 / 72, 1) for side in page) for page in found]


def rows_of(path):
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def with_second_route(plan):
    """Return the plan with a second way of o1, to the other school."""
    second = plan.routes.iloc[[0]].assign(
        route_id="r1-2", rank=2, shelter_id="s2", distance_m=2300.0, travel_time_s=1500.0
    )
    second["shared_m"] = 600.0
    routes = pd.concat([plan.routes.assign(shared_m=np.nan), second], ignore_index=True)
    return dataclasses.replace(plan, routes=gpd.GeoDataFrame(routes, crs=plan.routes.crs))


@pytest.fixture(scope="module")
def basemap(toy):
    def table(shapes, **columns):
        return gpd.GeoDataFrame(columns, geometry=shapes, crs=toy.CRS).to_crs(4326)

    return Basemap(
        water=table([box(*toy.at(0, 100), *toy.at(300, 200))], name=["Danau"]),
        waterways=table(
            [LineString([toy.at(0, 800), toy.at(1200, 800)])], name=["Kali"], kind=["river"]
        ),
        buildings=table([box(*toy.at(390, 380), *toy.at(410, 395))]),
        places=table([Point(*toy.at(500, 500))], name=["Dusun"], kind=["hamlet"]),
        landmarks=table(
            [Point(*toy.at(405, 402)), Point(*toy.at(300, 600))],
            name=["Masjid Al-Huda", ""],
            kind=["worship", "field"],
        ),
        source="peta.osm.pbf",
        date="2026-10-01",
        notes=(),
    )


@pytest.fixture(scope="module")
def options(basemap):
    return MapOptions(
        basemap=basemap,
        agency="BPBD Kabupaten Contoh",
        contact="(0700) 123 456",
        link="https://contoh.example/peta",
        emergency_numbers={"Posko": "(0700) 111 222"},
    )


@pytest.fixture(scope="module")
def pack(toy, options, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drill") / "made"
    written = save_drill_pack(with_second_route(toy.toy_plan()), folder, options=options)
    assert written == [folder / name for name in FILES]
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    return folder


def test_every_settlement_with_evacuees_has_a_card(pack, toy):
    words = words_in(pack / CARDS)
    for name, code, people in zip(toy.NAMES, toy.CODES, ("150", "92", "71"), strict=True):
        assert f"{name} Kode wilayah {code} · {people} jiwa mengungsi dari sini" in words
    assert "Mengungsi ke SD Negeri 1" in words or "SD Negeri 1" in words
    assert words.count("DATA CONTOH") == 3
    assert "11 menit jalan kaki" in words
    assert "Berangkat sebelum air datang" in words
    assert "22 November 2026" in words


def test_a_card_tells_the_way_and_the_second_way(pack):
    words = words_in(pack / CARDS)
    assert "1. Ke arah utara" in words
    assert "lewat Jalan Sungai, dekat Masjid Al-Huda, 1,3 km" in words
    assert "Sampai di SD Negeri 1" in words
    assert "ke SMP Negeri 2, 25 menit, 2,3 km" in words
    assert "600 m di antaranya sama dengan jalur pertama" in words
    assert "Tidak ada jalur kedua" in words  # of the second village
    assert "30 dari 150 jiwa tidak lagi mendapat tempat" in words
    assert "BPBD Kabupaten Contoh" in words


def test_people_without_a_place_are_told_so_and_why(pack):
    words = words_in(pack / CARDS)
    assert "BELUM ADA TEMPAT EVAKUASI" in words
    assert "untuk 71 jiwa di sini" in words
    assert "Tempat evakuasi yang terjangkau sudah penuh (60 jiwa)" in words
    assert "Daya tampung tempat terdekat tidak diketahui (11 jiwa)" in words
    assert "ke mana kami harus mengungsi?" in words
    assert "12 jiwa BELUM mendapat tempat" in words


def test_two_cards_stand_on_an_upright_a4_page(pack):
    assert sizes_of(pack / CARDS) == [(210.0, 297.0)] * 2
    assert sizes_of(pack / SHEETS) == [(210.0, 297.0)] * 2
    assert sizes_of(pack / POSTER) == [(420.0, 594.0)] * 3


@pytest.mark.parametrize("name", [CARDS, SHEETS, POSTER])
def test_letters_are_embedded_and_nothing_is_a_picture(pack, name):
    fonts = command("pdffonts", str(pack / name)).splitlines()[2:]
    assert fonts
    assert all(re.search(r"TrueType\s+\S+\s+yes yes", line) for line in fonts)
    assert len(command("pdfimages", "-list", str(pack / name)).splitlines()) == 2


def test_an_observer_has_a_sheet_per_post_with_who_is_expected(pack, plan):
    words = words_in(pack / SHEETS)
    assert words.count("Lembar Pengamat Latihan Evakuasi Banjir") == 2
    assert "Menurut rencana 150 jiwa datang ke sini dari 1 tempat; daya tampung 200." in words
    assert "Menurut rencana 80 jiwa datang ke sini dari 1 tempat; daya tampung 80." in words
    for blank in ("Nama pengamat", "Tanda tangan", "sirene", "kentongan", "Hambatan di jalur"):
        assert words.count(blank) == 2
    for name in ("Yang sudah baik", "Yang perlu diperbaiki", "Lama (menit)", "Dibantu"):
        assert name in words
    rows = rows_of(pack / TABLE)
    people = {row["shelter_id"]: int(row["planned_people"]) for row in rows}
    early = plan.shelters[plan.shelters["departure"] == "early"].set_index("shelter_id")
    placed = early["allocated_people"]
    assert people == placed[placed > 0].to_dict()
    assert {row["left_time"] for row in rows} == {""}


def test_a_post_of_many_settlements_has_more_pages(plan):
    answers = drill_answers(plan, MapOptions(), "id")
    ways = card_ways(prepare_land(plan, MapOptions()), answers)
    many = tuple(dataclasses.replace(answers[0], name=f"Dusun {number}") for number in range(40))
    sheets = sheet_pages(many, ways, plan)
    assert [sheet.page for sheet in sheets] == list(range(1, len(sheets) + 1))
    names = [row.answer.name for sheet in sheets for row in sheet.rows]
    assert sorted(names) == sorted(answer.name for answer in many)
    assert len(sheets) == 3
    # On the first page there is room to write below the list.
    assert len(sheets[0].rows) == 4
    assert all(len(sheet.rows) <= 26 for sheet in sheets)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 30, 31, 60])
@pytest.mark.parametrize("language", ["id", "en"])
def test_every_remark_has_two_lines_to_write_on(plan, count, language):
    land = prepare_land(plan, MapOptions())
    answers = drill_answers(plan, MapOptions(), "id")
    many = tuple(dataclasses.replace(answers[0], name=f"Dusun {n}") for n in range(count))
    sheets = sheet_pages(many, card_ways(land, answers), plan)
    assert sum(len(sheet.rows) for sheet in sheets) == count
    figure = Figure(figsize=(210 / 25.4, 297 / 25.4))
    page = page_axes(figure)
    draw_sheet(page, sheets[0], land, language)
    tops = {text.get_text(): text.get_position()[1] for text in page.texts}
    terms = ("observer_obstacles", "observer_good", "observer_improve", "observer_signature")
    places = [tops[word(term, language)] for term in terms]
    # The dotted lines over the whole width of the page.
    lines = [line.get_ydata()[0] for line in page.lines if np.ptp(line.get_xdata()) > 180]
    for above, below in itertools.pairwise(places):
        assert len({base for base in lines if above < base < below}) >= 2
    assert not any(text.get_text().endswith("...") for text in page.texts)
    assert max(text.get_position()[1] for text in page.texts) < 292.0


def test_a_poster_says_where_to_go_what_to_do_and_whom_to_call(pack, toy):
    words = words_in(pack / POSTER)
    assert words.count("Ke mana kita mengungsi?") == 3
    assert all(name in words for name in toy.NAMES)
    assert "Posko: (0700) 111 222" in words
    assert "BELUM ADA TEMPAT: 71 jiwa." in words
    assert "11 menit" in words


def test_the_same_plan_gives_the_same_bytes(pack, toy, options, tmp_path):
    again = save_drill_pack(with_second_route(toy.toy_plan()), tmp_path, options=options)
    for path in again:
        assert path.read_bytes() == (pack / path.name).read_bytes(), path.name


def test_english_has_no_indonesian_words(toy, tmp_path):
    plan = toy.toy_plan(
        names=("Amber", "Birch", "Cedar"), shelter_names=("Delta", "Echo"), road_name="Fir"
    )
    save_drill_pack(plan, tmp_path, language="en")
    said = {
        word
        for name in (CARDS, SHEETS, POSTER)
        for word in re.findall(r"[a-z]{3,}", words_in(tmp_path / name).lower())
    }
    english = {
        word for words in words_drill.ENGLISH.values() for word in re.findall("[a-z]{3,}", words)
    }
    indonesian = {
        word
        for words in words_drill.INDONESIAN.values()
        for word in re.findall("[a-z]{3,}", words.lower())
    }
    assert {"arrive", "turn", "people", "sheet"} <= said
    assert said & (indonesian - english) <= {"bpbd", "raya", "jalan", "desa"}  # names of the plan


def test_hostile_names_stay_words(toy, tmp_path):
    evil = f"{EVIL} $x^2_{{$ \u202eabc\n\x07{'W' * 120}"
    plan = toy.toy_plan(
        names=(evil, FORMULA, f"{WIDE_MARKS[3]}SUM(1)"),
        shelter_names=(FORMULA, evil),
        road_name=evil,
    )
    options = MapOptions(agency=evil, contact=FORMULA, emergency_numbers={evil: FORMULA})
    save_drill_pack(plan, tmp_path, options=options)
    for name in (CARDS, SHEETS, POSTER):
        assert EVIL in words_in(tmp_path / name), name
    for row in csv.reader(io.StringIO((tmp_path / TABLE).read_text(encoding="utf-8-sig"))):
        for cell in row:
            assert not cell.lstrip().startswith(tuple("=+-@" + WIDE_MARKS))
            assert cell.isprintable()


def test_one_departure_and_polygons_of_hazard_make_a_pack(toy, tmp_path):
    plan = toy.toy_plan(departure="late", hazard=toy.polygon_hazard(), is_sample=False)
    save_drill_pack(plan, tmp_path)
    words = words_in(tmp_path / CARDS)
    assert "Tanah Longsor" in words
    assert "Berangkat terlambat" in words
    assert "Bila terlambat" not in words
    assert "DATA CONTOH" not in words
    assert "© kontributor OpenStreetMap" in words


def test_with_nobody_to_evacuate_only_the_posters_are_written(toy, tmp_path):
    plan = toy.toy_plan()
    empty = dataclasses.replace(plan, origins=plan.origins.iloc[:0], routes=plan.routes.iloc[:0])
    assert save_drill_pack(empty, tmp_path / "new") == [tmp_path / "new" / POSTER]
    assert "Tidak ada warga yang perlu mengungsi" in words_in(tmp_path / "new" / POSTER)


def test_all_files_are_written_or_none(plan, tmp_path, monkeypatch):
    (tmp_path / CARDS).write_bytes(b"before")
    drawn = []

    def fails_at_the_second(*_):
        drawn.append(b"new")
        if len(drawn) > 1:
            raise OSError(28, "no space left")
        return drawn[0]

    monkeypatch.setattr(drill_pack, "_document", fails_at_the_second)
    with pytest.raises(OutputError):
        save_drill_pack(plan, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [CARDS]
    assert (tmp_path / CARDS).read_bytes() == b"before"


def test_without_matplotlib_one_is_told_what_to_install(plan, tmp_path, monkeypatch):
    real = builtins.__import__

    def refuses(name, *rest):
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuses)
    with pytest.raises(DependencyError):
        save_drill_pack(plan, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_language_is_refused(plan, tmp_path):
    with pytest.raises(InputError):
        save_drill_pack(plan, tmp_path, language="xx")


@pytest.mark.parametrize(("wide", "high"), [(82.0, 42.0), (60.0, 90.0)])
def test_the_scale_bar_of_a_small_map_measures_true(plan, toy, wide, high):
    figure = Figure(figsize=(210 / 25.4, 297 / 25.4))
    view = View(
        main=(plan.routes.geometry.iloc[0],),
        places=(Place(x=toy.at(400, 400)[0], y=toy.at(400, 400)[1]),),
    )
    land = prepare_land(plan, MapOptions())
    axes = draw_drill_map(figure, (10.0, 10.0, wide, high), land, view, "id")
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    assert (east - west) / wide == pytest.approx((north - south) / high)
    bar = next(line for line in axes.lines if line.get_gid() == "scale_bar")
    length = np.ptp(bar.get_xdata())
    words = {text.get_text() for text in axes.texts}
    assert f"{length:.0f} m" in words
    # All of the way is on the map, and the bar in a corner that does not hide its start.
    for x, y in np.asarray(plan.routes.geometry.iloc[0].coords):
        assert west < x < east
        assert south < y < north
    start = toy.at(400, 400)
    inside = bar.get_xdata().min() - 5 < start[0] < bar.get_xdata().max() + 5
    assert not (inside and math.dist(start, (start[0], bar.get_ydata().min())) < length / 4)


@pytest.mark.parametrize("unknown", [0.0, 20.0])
def test_a_poster_never_calls_unknown_safe(toy, tmp_path, unknown):
    plan = toy.toy_plan()
    exposure = plan.exposure.assign(people_unknown=[unknown, 0.0, 0.0])
    far = dataclasses.replace(
        plan, exposure=exposure, origins=plan.origins.iloc[:0], routes=plan.routes.iloc[:0]
    )
    save_drill_pack(far, tmp_path / "made")
    words = words_in(tmp_path / "made" / POSTER)
    assert words.count("Tidak ada warga yang perlu mengungsi") == 3
    assert words.count("belum tentu aman") == (1 if unknown else 0)
