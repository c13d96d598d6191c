"""The page of several plans in a real Chromium: nobody is lost, and what is said is complete."""

from __future__ import annotations

import dataclasses
import shutil

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from resilience_geo.maps.options import MapOptions
from resilience_geo.maps.web import save_web_map

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Return a function that opens the page of a plan on a phone without a network."""
    folder = tmp_path_factory.mktemp("pages")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )

        def open_page(plan, **options):
            path = save_web_map(plan, folder / "peta.html", options=MapOptions(**options))
            context = browser.new_context(viewport=PHONE)
            context.set_offline(True)
            page = context.new_page()
            page.errors = []
            page.on("pageerror", lambda error: page.errors.append(str(error)))
            page.on(
                "console",
                lambda said: page.errors.append(said.text) if said.type == "error" else None,
            )
            page.goto(path.as_uri())
            page.wait_for_selector("[data-ready=all][data-hazard=drawn]", timeout=20_000)
            return page

        yield open_page
        browser.close()


def _choose(page, number):
    page.evaluate("number => void map_resilience_geo.evacuation.choose(number)", number)


def _people_by_status(page, departure):
    return page.evaluate(
        """departure => {
          const view = map_resilience_geo.evacuation, people = {};
          view.answers(departure).flat().forEach(answer => {
            const status = view.data.statuses[answer.status];
            people[status] = (people[status] || 0) + answer.people;
          });
          return people;
        }""",
        departure,
    )


@pytest.mark.parametrize("departure", ["both", "early", "late"])
def test_people_on_the_page_are_the_evacuees_of_the_plan(opened, toy, departure):
    plan = toy.toy_plan(departure=departure)
    page = opened(plan)
    late = {"allocated": 200, "cut_off": 30}
    others = {"no_road": 7, "too_far": 5, "shelters_full": 60, "capacity_unknown": 11}
    for name, served in (("early", {"allocated": 230}), ("late", late)):
        if departure in ("both", name):
            assert _people_by_status(page, name) == {**served, **others}
    assert page.locator("[data-departure]").count() == (2 if departure == "both" else 0)
    assert page.errors == []


def test_a_plan_without_evacuees_opens(opened, toy):
    plan = toy.toy_plan()

    def emptied(table):
        empty = table.iloc[:0].copy()
        texts = [name for name in ("origin_id", "route_id") if name in empty.columns]
        return empty.astype(dict.fromkeys(texts, np.float64))  # as tables made of nothing are

    nobody = dataclasses.replace(
        plan,
        origins=emptied(plan.origins),
        routes=emptied(plan.routes),
        unserved=plan.unserved.iloc[:0],
        shelters=plan.shelters.assign(allocated_people=0),
        stretches=plan.stretches.assign(evacuees_early=0, evacuees_late=0),
    )
    page = opened(nobody)
    assert _people_by_status(page, "early") == {}
    assert page.locator(".rg-unserved").is_hidden()
    assert page.locator(".rg-notice").is_hidden()
    page.locator("[data-departure=late]").click()
    assert page.errors == []


def test_groups_without_a_place_are_counted_together(opened, toy):
    plan = toy.toy_plan()
    origins = plan.origins.assign(group="general")
    of_o6 = origins["origin_id"] == "o6"
    frail = origins[of_o6].assign(group="elderly", evacuees=15)
    origins.loc[of_o6, "evacuees"] = 45
    parts = pd.concat([origins, frail], ignore_index=True)
    page = opened(dataclasses.replace(plan, origins=gpd.GeoDataFrame(parts, crs=plan.origins.crs)))
    _choose(page, 5)
    assert page.locator(".rg-lost strong").inner_text() == "60 jiwa di sini belum mendapat tempat"
    assert "45 jiwa belum mendapat tempat" in page.locator(".rg-card").inner_text()
    assert "15 jiwa belum mendapat tempat" in page.locator(".rg-card").inner_text()


@pytest.mark.parametrize(("placed", "first"), [(20, "lost"), (30, "lost"), (40, "go")])
def test_the_greater_part_of_a_place_is_told_first(opened, toy, placed, first):
    # Of the 60 people of o6 some get a seat at the shelter of o1.
    plan = toy.toy_plan(departure="early")
    origins = plan.origins
    of_o6 = origins["origin_id"] == "o6"
    some = origins[of_o6].assign(
        status="allocated", shelter_id=origins["shelter_id"].iloc[0], evacuees=placed
    )
    origins = origins.assign(evacuees=origins["evacuees"].where(~of_o6, 60 - placed))
    parts = pd.concat([origins, some], ignore_index=True)
    page = opened(dataclasses.replace(plan, origins=gpd.GeoDataFrame(parts, crs=plan.origins.crs)))
    _choose(page, 5)
    card = page.locator(".rg-card")
    said = card.locator(".rg-lost strong")
    assert said.inner_text() == f"{60 - placed} dari 60 jiwa di sini belum mendapat tempat"
    assert "Yang perlu dilakukan warga di sini" in card.inner_text()
    if first == "go":
        assert card.locator(".rg-goal").inner_text() == "SD Negeri 1"
        frame, box = card.bounding_box(), card.locator(".rg-lost").bounding_box()
        assert box["y"] + box["height"] <= frame["y"] + frame["height"]
        assert page.locator(".rg-pulse").count() == 1
    else:
        assert card.locator(".rg-goal").count() == 0
        assert f"{placed} jiwa ke SD Negeri 1" in card.inner_text()
        assert page.locator(".rg-pulse").count() == 0


def test_people_without_a_place_hear_what_to_do(opened, toy):
    page = opened(toy.toy_plan(), contact="Pos Siaga 0730 123")
    page.locator("[data-departure=late]").click()
    _choose(page, 1)
    advice = page.locator(".rg-act").inner_text()
    assert "Berangkatlah sebelum bahaya datang: saat itu masih ada tempat." in advice
    assert "Tanyakan rencana untuk warga di sini: Pos Siaga 0730 123." in advice
    page.locator("[data-departure=early]").click()
    assert page.locator(".rg-act").count() == 0
    _choose(page, 5)  # full whenever they leave: to leave earlier would not help
    advice = page.locator(".rg-act").inner_text()
    assert "Sepakati tempat aman lain" in advice
    assert "saat itu masih ada tempat" not in advice


def test_a_table_of_a_shelter_is_closed_with_its_departure_and_by_escape(opened, plan):
    page = opened(plan)
    popup = page.locator(".rg-popup")
    page.evaluate("map_resilience_geo.evacuation.shelters.early[0].open()")
    assert "150 jiwa" in popup.inner_text()
    assert not page.locator(".leaflet-control-zoom").is_visible()  # it would cover the table
    frame, table = page.locator(".folium-map").bounding_box(), popup.bounding_box()
    assert table["height"] < frame["height"]
    page.locator("[data-departure=late]").click()
    assert popup.count() == 0
    assert page.locator(".leaflet-control-zoom").is_visible()
    page.evaluate("map_resilience_geo.evacuation.shelters.late[0].open()")
    assert "120 jiwa" in popup.inner_text()
    page.locator("h1").click()
    page.keyboard.press("Escape")
    assert popup.count() == 0


def test_start_and_goal_of_a_route_lie_beside_the_buttons(opened, plan):
    page = opened(plan)
    for number in (0, 1, 2):
        _choose(page, number)
        spots, size = page.evaluate(
            """() => {
              const view = map_resilience_geo.evacuation, map = map_resilience_geo;
              const start = latlng => map.latLngToContainerPoint(latlng);
              const at = view.chosen.at, size = map.getSize();
              const lat = Math.atan(Math.sinh(Math.PI * (1 - 2 * at[1]))) * 180 / Math.PI;
              return [[start([lat, at[0] * 360 - 180]),
                start(view.shelters.early[view.chosen.shelter].at)]
                .map(point => [point.x, point.y]), [size.x, size.y]];
            }"""
        )
        for x, y in spots:
            assert 60 <= x <= size[0] - 60, spots
            assert 20 <= y <= size[1] - 20, spots
