"""The page in a real Chromium: nothing is asked of the network, no name becomes markup."""

from __future__ import annotations

import dataclasses
import shutil

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from resilience_geo.maps.web import save_web_map

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]
SIZES = {"phone": (390, 844), "desktop": (1366, 768)}
EVIL = (
    "<b>Tebal</b>\"'</script><script>window.hacked=1</script>",
    "{{ 7*7 }} <img src=x onerror=window.hacked=2>",
    'Muara & "Pinang" \\ `${1}` \u2028 <!-- ',
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
    """Open a file; collect requests for anything else and errors of the page."""
    pages = []

    def opened(path, size="desktop"):
        width, height = SIZES[size]
        page = browser.new_page(viewport={"width": width, "height": height})
        page.asked, page.errors = [], []

        def meet(route):
            url = route.request.url
            if url == path.as_uri() or url.startswith("data:"):
                route.continue_()
            else:
                page.asked.append(url)
                route.abort()

        page.route("**/*", meet)
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on(
            "console", lambda said: page.errors.append(said.text) if said.type == "error" else None
        )
        page.goto(path.as_uri())
        page.wait_for_selector(".rg-label", state="attached", timeout=10_000)
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()


@pytest.fixture(scope="module")
def file(plan, tmp_path_factory):
    return save_web_map(plan, tmp_path_factory.mktemp("browser") / "peta.html")


@pytest.mark.parametrize("size", list(SIZES))
def test_the_page_opens_without_a_network_and_without_errors(look, file, size):
    page = look(file, size)
    assert page.asked == []
    assert page.errors == []
    assert page.locator(".rg-stamp").inner_text() == "DATA CONTOH"
    assert page.locator(".leaflet-control-scale-line").count() == 1
    assert "Data contoh rekaan" in page.locator(".leaflet-control-attribution").inner_text()
    assert page.locator(".leaflet-control-attribution a").count() == 0
    box = page.locator(".folium-map").bounding_box()
    assert box["height"] >= 0.35 * SIZES[size][1]
    assert box["width"] >= 0.6 * SIZES[size][0]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("size", list(SIZES))
def test_letters_are_large_enough_for_the_back_row(look, file, size):
    page = look(file, size)
    sizes = page.evaluate(
        """[...document.querySelectorAll('.rg-label span, .rg-key span, .rg-summary, h1, button')]
           .map(node => parseFloat(getComputedStyle(node).fontSize))"""
    )
    assert sizes
    assert min(sizes) >= 14


def test_layers_turn_off_and_on(look, file):
    page = look(file)
    page.hover(".leaflet-control-layers")
    names = page.locator(".leaflet-control-layers-overlays label")
    assert [name.strip() for name in names.all_inner_texts()] == [
        "Bahaya",
        "Desa/kelurahan",
        "Jalan",
        "Arus warga",
        "Jalur evakuasi",
        "Warga belum terlayani",
        "Tempat evakuasi",
    ]
    icons = page.locator(".leaflet-marker-icon svg")
    before = icons.count()
    names.nth(6).click()
    assert icons.count() < before
    names.nth(6).click()
    assert icons.count() == before
    assert page.locator("img.leaflet-image-layer").count() == 1
    names.nth(0).click()
    assert page.locator("img.leaflet-image-layer").count() == 0
    assert page.errors == []


def test_the_two_departures_differ_and_a_hidden_layer_stays_hidden(look, file):
    page = look(file)
    late = page.locator("[data-departure=late]")
    labels = ".rg-label-shelter span"
    assert "SD Negeri 1 (150 jiwa)" in page.locator(labels).all_inner_texts()
    late.click()
    assert late.get_attribute("aria-pressed") == "true"
    assert page.locator("[data-departure=early]").get_attribute("aria-pressed") == "false"
    assert "SD Negeri 1 (120 jiwa)" in page.locator(labels).all_inner_texts()
    page.hover(".leaflet-control-layers")
    page.locator(".leaflet-control-layers-overlays label").nth(6).click()
    page.locator("[data-departure=early]").click()
    assert page.locator(labels).count() == 0
    assert page.errors == []


def test_popups_of_villages_and_shelters(look, file):
    page = look(file)
    box = page.locator(".folium-map").bounding_box()
    page.locator(".leaflet-marker-icon[title='Balai Desa']").click()
    popup = page.locator(".rg-popup")
    popup.wait_for()
    assert "tidak diketahui" in popup.inner_text()
    # The map moves to show the whole popup; a click on it counts once it stands still.
    still = "() => document.querySelector('.leaflet-pan-anim') === null"
    page.wait_for_function(still)
    page.locator(".leaflet-popup-close-button").click()
    popup.wait_for(state="detached")
    page.wait_for_function(still)
    page.mouse.click(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.68)
    popup.wait_for()
    assert popup.locator("h2").inner_text() == "Lubuk Rengas"
    assert popup.locator("thead th").all_inner_texts() == ["", "Sebelum", "Terlambat"]


def test_names_that_hold_markup_show_as_they_are(look, toy, tmp_path):
    plan = toy.toy_plan(names=EVIL, shelter_names=EVIL, road_name=EVIL[0])
    page = look(save_web_map(plan, tmp_path / "peta.html"))
    assert page.evaluate("typeof window.hacked") == "undefined"
    texts = page.locator(".rg-label-village span").evaluate_all(
        "all => all.map(n => n.textContent)"
    )
    assert sorted(texts) == sorted(EVIL)
    assert EVIL[0] in page.locator("h1").evaluate("node => node.textContent")
    page.locator(".leaflet-marker-icon svg").first.click()
    page.locator("[data-departure=late]").click()
    assert page.evaluate("typeof window.hacked") == "undefined"
    assert page.locator("b >> text=Tebal").count() == 0
    assert page.asked == []
    assert page.errors == []


def test_on_a_phone_the_legend_opens_and_closes(look, file):
    page = look(file, "phone")
    legend = page.locator(".rg-legend")
    assert not legend.is_visible()
    page.locator(".rg-all > summary").click()
    assert legend.is_visible()
    assert page.locator(".folium-map").bounding_box()["height"] >= 0.3 * 844


@pytest.fixture(scope="module")
def city(toy, tmp_path_factory):
    """Return the page of a plan with shelters as close together as those of a whole city."""
    plan = toy.toy_plan()
    many = pd.concat([plan.shelters] * 60, ignore_index=True)
    steps = np.arange(len(many)) // len(plan.shelters)
    many = many.set_geometry(
        gpd.points_from_xy(
            many.geometry.x + steps % 8 * 61, many.geometry.y + steps // 8 * 53, crs=many.crs
        )
    )
    crowded = dataclasses.replace(plan, shelters=many)
    return save_web_map(crowded, tmp_path_factory.mktemp("city") / "peta.html")


def _zoom(page, by):
    page.evaluate(
        f"void map_resilience_geo.setZoom(map_resilience_geo.getZoom() + {by}, {{animate: false}})"
    )


@pytest.mark.parametrize("size", list(SIZES))
def test_crowded_shelters_are_dots_until_one_zooms_in(look, city, size):
    page = look(city, size)
    symbols = page.locator(".rg-place svg")
    hint = page.locator(".rg-hint")
    assert symbols.count() == 0
    assert page.locator(".rg-label-shelter").count() == 0
    assert hint.is_visible()
    assert page.locator(".rg-label-village span:not(.rg-hidden)").count() > 0
    _zoom(page, 6)
    assert symbols.count() > 0
    assert not hint.is_visible()
    _zoom(page, -6)
    assert symbols.count() == 0
    page.locator("[data-departure=late]").click()
    assert symbols.count() == 0
    assert page.errors == []


def test_a_dot_opens_the_table_of_its_shelter(look, city):
    page = look(city)
    spot = page.evaluate(
        """() => {
          let found = null;
          map_resilience_geo.eachLayer(layer => {
            if (layer.options.state === "usable" && layer._point) { found = layer; }
          });
          const point = map_resilience_geo.latLngToContainerPoint(found.getLatLng());
          const box = map_resilience_geo.getContainer().getBoundingClientRect();
          return [point.x + box.left, point.y + box.top];
        }"""
    )
    page.mouse.click(*spot)
    page.locator(".rg-popup").wait_for()
    assert "Daya tampung" in page.locator(".rg-popup").inner_text()


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("by", [0, 1, 2])
def test_labels_never_cover_one_another(look, file, size, by):
    page = look(file, size)
    _zoom(page, by)
    overlaps = page.evaluate(
        """() => {
          const boxes = [...document.querySelectorAll(".rg-label span:not(.rg-hidden)")]
            .map(node => node.getBoundingClientRect());
          return boxes.filter((one, index) => boxes.some((other, place) => place > index &&
            one.left < other.right - 1 && one.right > other.left + 1 &&
            one.top < other.bottom - 1 && one.bottom > other.top + 1)).length;
        }"""
    )
    assert overlaps == 0
