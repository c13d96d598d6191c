"""The page in a real Chromium with the network cut: what it shows, and what a tap answers."""

from __future__ import annotations

import dataclasses
import io
import re
import shutil
import subprocess

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
from PIL import Image
from shapely.geometry import LineString, Point, box

from resilience_geo.inputs.basemap import Basemap
from resilience_geo.maps import text
from resilience_geo.maps.legend import legend
from resilience_geo.maps.options import MapOptions
from resilience_geo.maps.web import save_web_map
from resilience_geo.maps.words_web import INDONESIAN

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]
SIZES = {"phone": (390, 844), "desktop": (1366, 768)}
EVIL = (
    "<b>Tebal</b>\"'</script><script>window.hacked=1</script>",
    "{{ 7*7 }} {% if x %} <img src=x onerror=window.hacked=2>",
    'Muara & "Pinang" \\ `${window.hacked=3}` \u2028 <!-- ',
    "<svg onload=window.hacked=4><a href=javascript:window.hacked=5>x</a>",
    "[x](javascript:window.hacked=6) **tebal** \u202eterbalik\u202c \u200f",
    "</title></style></textarea><iframe srcdoc='<script>parent.hacked=7</script>'>",
    "' onmouseover='window.hacked=8' x='",
)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield opened
        opened.close()


@pytest.fixture
def look(browser):
    """Open a file without a network; collect requests for anything else and errors of the page."""
    contexts = []

    def opened(path, size="desktop", **more):
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        contexts.append(context)
        context.set_offline(True)
        page = context.new_page()
        page.asked, page.errors = [], []

        def ask(request):
            if request.url != path.as_uri() and not request.url.startswith("data:"):
                page.asked.append(request.url)

        page.on("request", ask)
        page.on("requestfailed", lambda request: page.asked.append(f"failed {request.url}"))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on(
            "console", lambda said: page.errors.append(said.text) if said.type == "error" else None
        )
        page.goto(path.as_uri())
        page.wait_for_selector("[data-ready=all][data-hazard=drawn]", timeout=20_000)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def file(plan, tmp_path_factory):
    return save_web_map(plan, tmp_path_factory.mktemp("browser") / "peta.html")


def _degrees(toy, x, y):
    east, north = toy.at(x, y)
    move = pyproj.Transformer.from_crs(toy.CRS, 4326, always_xy=True)
    longitude, latitude = move.transform(east, north)
    return latitude, longitude


def _spot(page, toy, x, y):
    """Return where a place of the toy lies in the window."""
    return page.evaluate(
        """at => {
          const point = map_resilience_geo.latLngToContainerPoint(at);
          const frame = map_resilience_geo.getContainer().getBoundingClientRect();
          return [point.x + frame.left, point.y + frame.top];
        }""",
        list(_degrees(toy, x, y)),
    )


def _tap(page, toy, x, y):
    page.mouse.click(*_spot(page, toy, x, y))


def _labels(page, kind):
    return page.evaluate(
        """kind => map_resilience_geo.evacuation.labels
             .filter(label => label.kind === kind).map(label => label.text)""",
        kind,
    )


def _home(page):
    page.evaluate(
        """void map_resilience_geo.fitBounds(
             map_resilience_geo.evacuation.planned, {animate: false})"""
    )


def _zoom(page, by):
    page.evaluate(
        f"void map_resilience_geo.setZoom(map_resilience_geo.getZoom() + {by}, {{animate: false}})"
    )


def _colour(page, pane, spot):
    """Return red, green, blue and opacity of one canvas at a place in the window."""
    return page.evaluate(
        """([pane, x, y]) => {
          const canvas = document.querySelector(`.leaflet-rg-${pane}-pane canvas`);
          const box = canvas.getBoundingClientRect();
          const ratio = canvas.width / box.width;
          return [...canvas.getContext("2d").getImageData(
            Math.round((x - box.left) * ratio), Math.round((y - box.top) * ratio), 1, 1).data];
        }""",
        [pane, *spot],
    )


@pytest.mark.parametrize("size", list(SIZES))
def test_the_page_opens_without_a_network_and_without_errors(look, file, size):
    page = look(file, size)
    assert page.asked == []
    assert page.errors == []
    assert page.locator(".rg-stamp").inner_text() == "DATA CONTOH"
    assert page.locator(".leaflet-control-scale-line").count() == 1
    assert "Data contoh rekaan" in page.locator(".leaflet-control-attribution").inner_text()
    assert page.locator(".leaflet-control-attribution a").count() == 0
    frame = page.locator(".folium-map").bounding_box()
    assert frame["height"] >= 0.35 * SIZES[size][1]
    assert frame["width"] >= 0.6 * SIZES[size][0]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("size", list(SIZES))
def test_letters_are_large_enough_for_the_back_row(look, toy, file, size):
    page = look(file, size)
    _tap(page, toy, 400, 400)
    sizes = page.evaluate(
        """[...document.querySelectorAll(`.rg-key span, .rg-summary, h1, button, .rg-card *, dt,
             input[type=search], .rg-points li, dd`)].filter(node => node.offsetParent)
           .map(node => parseFloat(getComputedStyle(node).fontSize))"""
    )
    assert len(sizes) > 20
    assert min(sizes) >= 14
    goal = page.locator(".rg-goal strong").evaluate("n => parseFloat(getComputedStyle(n).fontSize)")
    assert goal >= 24


def test_buttons_of_a_phone_fit_a_thumb_and_do_not_overlap(look, toy, file):
    page = look(file, "phone")
    measure = """() => [...document.querySelectorAll(
        'button:not(.rg-more), input[type=search], .leaflet-bar a, .leaflet-control-layers-toggle')]
      .map(node => node.getBoundingClientRect()).filter(b => b.width && b.height)
      .map(b => [b.left, b.top, b.right, b.bottom])"""
    for boxes in (page.evaluate(measure), (_tap(page, toy, 400, 400), page.evaluate(measure))[1]):
        assert len(boxes) >= 6
        for number, (left, top, right, bottom) in enumerate(boxes):
            assert right - left >= 44, boxes[number]
            assert bottom - top >= 44, boxes[number]
            for other in boxes[number + 1 :]:
                apart = (
                    other[0] >= right - 2
                    or other[2] <= left + 2
                    or other[1] >= bottom - 2
                    or other[3] <= top + 2
                )
                assert apart, (boxes[number], other)


def test_layers_are_in_order_and_turn_off_and_on(look, file):
    page = look(file)
    page.hover(".leaflet-control-layers")
    names = page.locator(".leaflet-control-layers-overlays label")
    assert [name.strip() for name in names.all_inner_texts()] == [
        "Peta dasar",
        "Bahaya",
        "Desa/kelurahan",
        "Jalan",
        "Jalur evakuasi",
        "Warga belum terlayani",
        "Tempat evakuasi",
    ]
    icons = page.locator(".rg-place svg")
    before = icons.count()
    assert before > 3
    assert "SD Negeri 1 (150 jiwa)" in _labels(page, "shelter")
    names.nth(6).click()
    assert icons.count() == 0
    assert _labels(page, "shelter") == []
    names.nth(6).click()
    assert icons.count() == before
    canvas = page.locator(".leaflet-rg-hazard-pane canvas")
    assert canvas.count() == 1
    names.nth(1).click()
    assert canvas.count() == 0
    assert page.errors == []


def test_the_legend_has_every_entry_in_order(look, plan, file):
    page = look(file)
    shown = page.locator(".rg-legend .rg-key").all_inner_texts()
    assert [line.strip() for line in shown] == [entry.label for entry in legend(plan, "id")]
    assert page.locator(".rg-legend .rg-key svg").count() >= len(shown)


def test_hazard_has_the_colour_of_its_class_and_a_hatch(look, toy, file):
    page = look(file)
    shown = {}
    for name, (x, y) in {"high": (1500, 1000), "unknown": (100, 1950)}.items():
        left, top = _spot(page, toy, x, y)
        shown[name] = {
            tuple(_colour(page, "hazard", (left + across, top + down)))
            for across in range(-8, 9, 2)
            for down in range(-8, 9, 2)
        }
        assert len(shown[name]) > 2  # ground, ink and the edge between them
    ground = max(shown["high"], key=lambda colour: colour[0])
    assert ground[:3] == pytest.approx((240, 59, 32), abs=4)  # style.HAZARD_COLOURS
    assert 0.5 < ground[3] / 255 < 0.8
    grey = max(shown["unknown"], key=lambda colour: colour[0])
    assert max(grey[:3]) - min(grey[:3]) <= 3
    assert _colour(page, "hazard", _spot(page, toy, -450, 0))[3] == 0


def test_a_tap_answers_what_the_tables_of_the_plan_say(look, toy, plan, file):
    page = look(file)
    _tap(page, toy, 400, 400)
    card = page.locator(".rg-card").inner_text()
    origin = plan.origins[plan.origins["departure"] == "early"].iloc[0]
    route = plan.routes[plan.routes["departure"] == "early"].iloc[0]
    assert (origin["evacuees"], route["hazardous_m"]) == (120, 120.0)
    assert "Dari Lubuk Rengas" in card
    assert page.locator(".rg-goal").inner_text() == "SD Negeri 1"
    figures = page.locator(".rg-figures b").all_inner_texts()
    assert figures == ["11 menit", "1,3 km"]  # 640 s rounded up; 600 m and 500 m * sqrt(2)
    assert "Melewati 120 m daerah bahaya." in card
    assert "120 jiwa memakai jalan yang sama." in card
    assert "120 jiwa berangkat dari sini." in card
    assert "Tidak ada jalur kedua dari sini." in card
    assert "Bila terlambat: jalannya sama." in card
    # Half way along its second leg the route is painted, in its own dark blue or under an arrow.
    red, green, blue, opacity = _colour(page, "chosen", _spot(page, toy, 400, 950))
    assert opacity == 255
    assert (red, green, blue) in {(8, 48, 107), (0, 112, 60), (255, 255, 255)}
    assert _colour(page, "chosen", _spot(page, toy, 800, 1000))[3] == 0
    assert page.locator(".rg-pulse").count() == 1
    _tap(page, toy, 400, 400)
    assert page.locator(".rg-card").is_hidden()
    assert page.locator(".rg-pulse").count() == 0
    assert page.errors == []


def test_people_without_a_place_hear_why(look, toy, file):
    page = look(file)
    _tap(page, toy, 2600, 880)
    lost = page.locator(".rg-lost")
    assert lost.locator("strong").inner_text() == "60 jiwa di sini belum mendapat tempat"
    assert "Semua tempat evakuasi yang bisa dicapai sudah penuh." in lost.inner_text()
    card = page.locator(".rg-card").inner_text()
    # SMP Negeri 2 stands 700 m north and 400 m west of them.
    assert "Tempat evakuasi terdekat: SMP Negeri 2, 810 m garis lurus (penuh)." in card
    assert page.locator(".rg-pulse").count() == 0


def test_late_is_told_and_shown(look, toy, file):
    page = look(file)
    _tap(page, toy, 900, 900)
    then = page.locator(".rg-then")
    assert then.inner_text() == "Bila terlambat: tidak mendapat tempat, karena jalan terputus."
    page.locator("[data-departure=late]").click()
    assert page.locator("[data-departure=late]").get_attribute("aria-pressed") == "true"
    assert page.locator("[data-departure=early]").get_attribute("aria-pressed") == "false"
    assert "Jalan terputus" in page.locator(".rg-lost").inner_text()
    assert "Bila berangkat lebih awal: ke SD Negeri 1, 11 menit" in then.inner_text()
    page.keyboard.press("Escape")
    assert page.locator(".rg-card").is_hidden()
    assert "SD Negeri 1 (120 jiwa)" in _labels(page, "shelter")
    assert page.errors == []


def test_far_from_everybody_a_tap_opens_the_village(look, toy, file):
    page = look(file)
    _zoom(page, 2)
    page.evaluate(
        "at => void map_resilience_geo.panTo(at, {animate: false})",
        list(_degrees(toy, 800, 300)),
    )
    _tap(page, toy, 1000, 200)
    popup = page.locator(".rg-popup")
    popup.wait_for()
    assert popup.locator("h2").inner_text() == "Lubuk Rengas"
    assert popup.locator("thead th").all_inner_texts() == ["", "Sebelum", "Terlambat"]
    page.keyboard.press("Escape")


def test_a_shelter_says_its_room_and_state(look, file):
    page = look(file)
    page.locator(".leaflet-marker-icon[title='Balai Desa']").click()
    popup = page.locator(".rg-popup")
    popup.wait_for()
    assert "tidak diketahui" in popup.inner_text()
    assert page.locator(".leaflet-popup-close-button").get_attribute("aria-label") == "Tutup"


def test_those_without_a_place_are_listed_and_lead_there(look, file):
    page = look(file)
    rows = page.locator(".rg-unserved button")
    assert rows.locator("b").all_inner_texts() == ["Muara Pinang", "Tanjung Kembang"]
    assert rows.locator("span").all_inner_texts() == [
        "71 jiwa",
        "60 jiwa: tempat evakuasi penuh",
        "11 jiwa: daya tampung tidak diketahui",
        "12 jiwa",
        "7 jiwa: terlalu jauh dari jalan",
        "5 jiwa: terlalu lama berjalan",
    ]
    rows.nth(1).click()
    assert "7 jiwa di sini belum mendapat tempat" in page.locator(".rg-lost").inner_text()
    page.keyboard.press("Escape")
    page.locator("[data-departure=late]").click()
    assert rows.locator("span").all_inner_texts()[3] == "30 jiwa: jalan terputus"


def test_a_settlement_found_by_name_has_a_card_of_all_its_people(look, toy, plan, tmp_path):
    # It holds o1 and o2 (120 + 30), of which o2 has no place when late.
    options = _furniture(toy, "Rengas", "SD", "Dusun Rengas", "Kali")
    far = options.basemap.places.assign(name="Kembang")
    places = pd.concat(
        [options.basemap.places.set_geometry([Point(*_degrees(toy, 900, 300)[::-1])]), far]
    )
    basemap = dataclasses.replace(options.basemap, places=places)
    options = dataclasses.replace(options, basemap=basemap)
    page = look(save_web_map(plan, tmp_path / "peta.html", options=options), "phone")
    search = page.locator(".rg-search input")
    search.fill("kembang")
    assert "Kembang" in page.locator(".rg-hit").all_inner_texts()
    search.fill("rengas")  # the place of the same name inside the settlement is not offered
    assert page.locator(".rg-hit").all_inner_texts() == ["Dusun Rengas", "Lubuk Rengas"]
    search.press("Enter")
    card = page.locator(".rg-card")
    assert card.locator(".rg-from").inner_text() == "Seluruh Dusun Rengas, Lubuk Rengas"
    assert card.locator(".rg-whole").inner_text() == "150 dari 150 jiwa di sini mendapat tempat"
    assert "150 jiwa ke SD Negeri 1, paling lama 11 menit" in card.inner_text()
    assert "Ketuk rumah Anda di peta" in card.inner_text()
    assert card.locator(".rg-lost").count() == 0
    page.locator("[data-departure=late]").click()
    lost = card.locator(".rg-lost strong")
    assert lost.inner_text() == "30 dari 150 jiwa di sini belum mendapat tempat"
    assert "120 jiwa ke SD Negeri 1" in card.inner_text()
    _tap(page, toy, 400, 400)
    assert card.locator(".rg-from").inner_text() == "Dari Dusun Rengas, Lubuk Rengas"
    page.locator(".rg-close").click()
    row = page.locator(".rg-unserved button", has_text="Dusun Rengas")
    page.locator(".rg-all > summary").click()
    row.click()
    assert card.locator(".rg-from").inner_text() == "Seluruh Dusun Rengas, Lubuk Rengas"
    assert page.errors == []


def test_faint_green_of_the_official_palette_is_said_to_be_no_safe_ground(look, plan, tmp_path):
    options = MapOptions(palette="official")
    page = look(save_web_map(plan, tmp_path / "peta.html", options=options))
    assert page.locator(".rg-green").inner_text() == INDONESIAN["web_green"]
    looks = page.evaluate("map_resilience_geo.evacuation.data.hazard.looks")
    assert {one["key"]: one["ground"] < 1 for one in looks} == {
        "low": True,
        "medium": False,
        "high": False,
        "unknown": False,
    }


@pytest.fixture(scope="module")
def furnished(toy, tmp_path_factory):
    """Return the page of the toy with settlements, water, buildings and names from EVIL."""
    return save_web_map(
        toy.toy_plan(names=EVIL[:3], shelter_names=EVIL[3:5], road_name=EVIL[5]),
        tmp_path_factory.mktemp("evil") / "peta.html",
        options=_furniture(toy, EVIL[6], EVIL[0], EVIL[1], EVIL[2]),
    )


def _furniture(toy, place, landmark, settlement, water):
    def table(geometry, **columns):
        return gpd.GeoDataFrame(columns, geometry=geometry, crs=toy.CRS).to_crs(4326)

    canal = LineString([toy.at(0, 200), toy.at(3000, 200)])
    basemap = Basemap(
        water=table([box(*toy.at(2600, 200), *toy.at(2900, 500))], name=[water]),
        waterways=table([canal], name=[water], kind=["canal"]),
        buildings=table([box(*toy.at(1000, 300), *toy.at(1020, 320))]),
        places=table([Point(toy.at(1900, 300))], name=[place], kind=["hamlet"]),
        landmarks=table([Point(toy.at(600, 1700))], name=[landmark], kind=["school"]),
        source="peta.osm.pbf",
        date="2026-10-01",
        notes=(),
    )
    settlements = gpd.GeoDataFrame(
        {"settlement_id": ["a", "b"], "name": [settlement, "Dusun Kéras"]},
        geometry=[
            box(*toy.at(100, 100), *toy.at(1100, 1000)),
            box(*toy.at(2450, 700), *toy.at(2950, 1700)),
        ],
        crs=toy.CRS,
    ).to_crs(4326)
    return MapOptions(basemap=basemap, settlements=settlements)


def test_names_that_hold_markup_show_as_they_are(look, toy, furnished):
    page = look(furnished)
    assert set(_labels(page, "village")) <= set(EVIL[:3])
    assert _labels(page, "village")
    assert EVIL[0] in page.locator("h1").evaluate("node => node.textContent")
    for marker in page.locator(".rg-place").all():
        marker.hover(force=True)
    page.evaluate("map_resilience_geo.evacuation.shelters.early[0].open()")
    assert page.locator(".rg-popup h2").evaluate("node => node.textContent") == EVIL[3]
    page.keyboard.press("Escape")
    _home(page)  # the map moved to show all of the table
    _tap(page, toy, 400, 400)
    card = page.locator(".rg-card")
    assert card.locator(".rg-from").evaluate("n => n.textContent") == f"Dari {EVIL[1]}, {EVIL[0]}"
    assert card.locator(".rg-goal strong").evaluate("n => n.textContent") == EVIL[3]
    card.locator(".rg-wide").click()
    assert page.locator(".rg-popup h2").evaluate("node => node.textContent") == EVIL[0]
    box_ = page.locator(".rg-search input")
    seen = set()
    for asked in ("tebal", "7*7", "muara", "svg", "x", "title", "onmouseover"):
        box_.fill(asked)
        seen |= set(page.locator(".rg-hit").evaluate_all("all => all.map(n => n.textContent)"))
    assert seen == {*EVIL[:5], EVIL[5][:60], EVIL[6]}  # names of roads are cut at 60 letters
    for asked in ("title", "onmouseover", "tebal"):
        box_.fill(asked)
        box_.press("Enter")
    _zoom(page, 2)
    page.locator("[data-departure=late]").click()
    assert page.evaluate("typeof window.hacked") == "undefined"
    assert page.locator("b").filter(has_text=re.compile("^Tebal$")).count() == 0
    assert page.locator("iframe, a[href^=javascript], [onload], [onmouseover]").count() == 0
    assert page.asked == []
    assert page.errors == []


def test_search_finds_without_accents_and_by_keyboard(look, furnished):
    page = look(furnished, "phone")
    search = page.locator(".rg-search input")
    search.fill("KERAS")
    assert page.locator(".rg-hit").all_inner_texts() == ["Dusun Kéras"]
    assert page.locator(".rg-search small").all_inner_texts() == ["permukiman"]
    assert search.get_attribute("aria-expanded") == "true"
    search.press("ArrowDown")
    assert page.locator("#rg-hit-0").get_attribute("aria-selected") == "true"
    search.press("Enter")
    card = page.locator(".rg-card")
    assert card.locator(".rg-from").inner_text().startswith("Seluruh Dusun Kéras")
    assert card.locator(".rg-lost").count() == 1
    page.locator(".rg-close").click()
    search.fill("tidak ada ini")
    assert page.locator(".rg-none").inner_text() == "Nama itu tidak ada di peta ini."
    search.press("Escape")
    assert page.locator("#rg-hits").is_hidden()
    search.fill("a")
    assert 0 < page.locator(".rg-hit").count() <= 8


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ((410, 420), "Anda di sini, tepat sampai 20 m."),
        ((90_000, 400), "Anda berada di luar wilayah peta ini."),
    ],
)
def test_the_position_opens_the_nearest_card(look, toy, file, place, said):
    latitude, longitude = _degrees(toy, *place)
    page = look(
        file,
        "phone",
        geolocation={"latitude": latitude, "longitude": longitude, "accuracy": 20},
        permissions=["geolocation"],
    )
    page.locator(".rg-locate").click()
    page.wait_for_function(
        "said => document.querySelector('.rg-notice').textContent === said", arg=said
    )
    near = place[0] < 1000
    assert page.locator(".rg-card").is_visible() == near
    if near:
        assert page.locator(".rg-goal").inner_text() == "SD Negeri 1"


def test_a_refused_position_says_what_to_do(look, file):
    page = look(file, "phone")
    page.evaluate(
        """() => { navigator.geolocation.getCurrentPosition =
             (found, failed) => failed({code: 1}); }"""
    )
    page.locator(".rg-locate").click()
    notice = page.locator(".rg-notice")
    assert notice.inner_text() == INDONESIAN["web_locate_refused"]
    page.evaluate(
        """() => { navigator.geolocation.getCurrentPosition =
             (found, failed) => failed({code: 3}); }"""
    )
    page.locator(".rg-locate").click()
    assert notice.inner_text() == INDONESIAN["web_locate_failed"]


def test_in_english_no_indonesian_word_is_left(look, toy, plan, tmp_path):
    options = dataclasses.replace(
        _furniture(toy, "Place", "School", "Hamlet", "River"), agency="Agency", contact="1"
    )
    path = save_web_map(plan, tmp_path / "map.html", language="en", options=options)
    page = look(path, "phone")
    seen = page.evaluate("document.body.textContent.split('{\"')[0]")
    page.locator(".rg-all > summary").click()
    seen += page.locator("body").inner_text()
    seen += " ".join(
        page.evaluate(
            """[...document.querySelectorAll('[title], [aria-label], [placeholder]')].map(
                 n => [n.title, n.ariaLabel, n.placeholder].join(' '))"""
        )
    )
    page.locator(".rg-all > summary").click()
    for place in ((400, 400), (2600, 880)):
        _home(page)
        _tap(page, toy, *place)
        seen += page.locator(".rg-card").inner_text()
        page.locator(".rg-close").click()
    assert "Go to" in seen
    assert "11 min" in seen
    assert "1.3 km" in seen
    for name in plan.shelters["name"].unique():  # a name is no word of ours
        seen = seen.replace(name, "")
    for term, words in text.WORDS["id"].items():
        parts = [part.strip(" .:,;") for part in words.replace("}", "{").split("{")[::2]]
        for part in parts:
            if len(part) > 6 and part not in text.WORDS["en"][term]:
                assert part not in seen, (term, part)


def test_on_a_phone_the_legend_opens_and_closes_and_the_text_unfolds(look, file):
    page = look(file, "phone")
    key = page.locator(".rg-legend")
    assert not key.is_visible()
    page.locator(".rg-all > summary").click()
    assert key.is_visible()
    assert page.locator(".folium-map").bounding_box()["height"] >= 0.3 * 844
    page.locator(".rg-all > summary").click()
    need = page.locator(".rg-summary span").first
    assert not need.is_visible()
    page.locator(".rg-more").click()
    assert need.is_visible()
    assert page.locator(".rg-more").inner_text() == "Ringkas"


def test_a_card_on_a_phone_leaves_the_map_in_sight(look, toy, file):
    page = look(file, "phone")
    _tap(page, toy, 400, 400)
    card = page.locator(".rg-card").bounding_box()
    frame = page.locator(".folium-map").bounding_box()
    assert frame["height"] >= 0.3 * 844
    assert frame["y"] + frame["height"] <= card["y"] + 1
    assert card["y"] + card["height"] <= 845
    inside = page.evaluate(
        """() => { const view = map_resilience_geo.evacuation, size = map_resilience_geo.getSize();
          const at = map_resilience_geo.latLngToContainerPoint(
            view.shelters.early[view.chosen.shelter].at);
          return at.x > 0 && at.y > 0 && at.x < size.x && at.y < size.y; }"""
    )
    assert inside


def _printed(page, path, **more):
    path.write_bytes(page.pdf(format="A4", print_background=True, **more))
    words = subprocess.run(
        ["pdftotext", "-layout", path, "-"], capture_output=True, check=True, text=True
    ).stdout
    picture = subprocess.run(
        ["pdftoppm", "-r", "40", "-f", "1", "-l", "1", "-png", path],
        capture_output=True,
        check=True,
    ).stdout
    return words, np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no poppler on this machine")
@pytest.mark.parametrize("across", [False, True])
def test_it_prints_on_a4(look, file, tmp_path, across):
    page = look(file)
    words, first = _printed(page, tmp_path / "peta.pdf", landscape=across)
    assert words.count("\f") <= 2 + across
    for said in (
        "Peta Evakuasi Banjir",
        "DATA CONTOH",
        "Keterangan",
        "banjir.tif",
        "Bahaya tinggi",
        "Ketelitian peta",
        "bukan prakiraan",
    ):
        assert said in words, said
    assert "Cari dusun" not in words
    assert "Selengkapnya" not in words
    reddish = (first[..., 0] > 200) & (first[..., 1] < 150) & (first[..., 2] < 140)
    navy = (first[..., 0] < 60) & (first[..., 2] > 80) & (first[..., 1] < 80)
    height, width = reddish.shape
    right = np.arange(width) >= (width * 0.4 if across else 0)
    assert (reddish & right).sum() > 0.01 * height * width  # the hazard of the map, not the legend
    assert (navy & right).sum() > 20
    # After printing the page is what it was.
    assert page.locator(".rg-sheet").count() == 0
    assert page.locator(".folium-map").bounding_box()["height"] == 768
    assert page.errors == []


def test_print_layout_hides_what_paper_cannot_do(look, file):
    page = look(file)
    page.emulate_media(media="print")
    for hidden in (".rg-search", ".rg-locate", ".rg-print", ".leaflet-control-zoom"):
        assert not page.locator(hidden).is_visible(), hidden
    for shown in ("h1", ".rg-legend", ".leaflet-control-scale", ".rg-north", ".rg-disclaimer"):
        assert page.locator(shown).is_visible(), shown


def test_online_tiles_go_quietly(look, plan, tmp_path):
    path = save_web_map(plan, tmp_path / "peta.html", offline=False)
    page = look(path)
    page.wait_for_function(
        "document.querySelector('.rg-notice').textContent.startsWith('Peta daring tidak termuat')"
    )
    assert page.locator("img.leaflet-tile").count() == 0
    assert all("tile.openstreetmap.org" in url for url in page.asked)
    assert not [error for error in page.errors if "Failed to load resource" not in error]
    page.hover(".leaflet-control-layers")
    first = page.locator(".leaflet-control-layers-overlays label").first
    assert first.inner_text().strip() == "Peta daring OpenStreetMap (perlu internet)"
    assert not first.locator("input").is_checked()


@pytest.fixture(scope="module")
def city(toy, tmp_path_factory):
    """Return the page of a plan with shelters as close together as those of a whole city."""
    plan = toy.toy_plan()
    many = pd.concat([plan.shelters] * 60, ignore_index=True)
    steps = np.arange(len(many)) // len(plan.shelters)
    many["allocated_people"] = 10
    many = many.set_geometry(
        gpd.points_from_xy(
            many.geometry.x + steps % 8 * 61, many.geometry.y + steps // 8 * 53, crs=many.crs
        )
    )
    crowded = dataclasses.replace(plan, shelters=many)
    return save_web_map(crowded, tmp_path_factory.mktemp("city") / "peta.html")


@pytest.mark.parametrize("size", list(SIZES))
def test_crowded_shelters_are_dots_until_one_zooms_in(look, city, size):
    page = look(city, size)
    symbols = page.locator(".rg-place svg")
    hint = page.locator(".rg-hint")
    assert symbols.count() == 0
    assert _labels(page, "shelter") == []
    assert hint.is_visible()
    assert _labels(page, "village")
    _zoom(page, 5)
    assert symbols.count() > 0
    assert not hint.is_visible()
    _zoom(page, -5)
    assert symbols.count() == 0
    assert page.errors == []


def test_a_dot_opens_the_table_of_its_shelter(look, city):
    page = look(city)
    spot = page.evaluate(
        """() => {
          const view = map_resilience_geo.evacuation;
          const found = view.dots.find(pair => pair[0].shelter.state === "usable");
          const frame = map_resilience_geo.getContainer().getBoundingClientRect();
          return [found[1].x + frame.left, found[1].y + frame.top];
        }"""
    )
    page.mouse.click(*spot)
    page.locator(".rg-popup").wait_for()
    assert "Daya tampung" in page.locator(".rg-popup").inner_text()


@pytest.mark.parametrize("size", list(SIZES))
def test_labels_never_cover_one_another(look, file, size):
    page = look(file, size)
    for _ in range(4):
        boxes = page.evaluate("map_resilience_geo.evacuation.labels.map(label => label.box)")
        assert boxes
        for number, one in enumerate(boxes):
            for other in boxes[number + 1 :]:
                apart = (
                    one[0] >= other[2]
                    or one[2] <= other[0]
                    or one[1] >= other[3]
                    or one[3] <= other[1]
                )
                assert apart, (one, other)
        _zoom(page, 1)


def test_the_page_answers_within_three_seconds_on_a_phone_four_times_slower(look, toy, file):
    """The time of the page's own thread, so that other work on this machine does not count."""
    page = look(file, "phone")
    session = page.context.new_cdp_session(page)
    session.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
    session.send("Performance.enable")
    page.reload()
    page.wait_for_selector("[data-ready=all][data-hazard=drawn]")
    _tap(page, toy, 400, 400)
    assert page.locator(".rg-card").is_visible()
    metrics = session.send("Performance.getMetrics")["metrics"]
    busy = {entry["name"]: entry["value"] for entry in metrics}["TaskDuration"]
    assert 0 < 4 * busy < 3
