"""What maps and tables say about a plan: capacity, what is drawn, whose data it is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from resilience_geo import console
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.maps import content, text
from resilience_geo.maps.legend import legend
from resilience_geo.maps.payload import map_data
from resilience_geo.maps.printed import print_figure
from resilience_geo.maps.web import panel


def _sent(plan, shelter, people):
    """Return the plan with so many people sent to a shelter early, and none of them late."""
    shelters = plan.shelters.copy()
    here = (shelters["shelter_id"] == shelter) & (shelters["departure"] == "early")
    shelters.loc[here, "allocated_people"] = people
    return dataclasses.replace(plan, shelters=shelters)


def test_all_fit(plan):
    assert content.over_capacity(plan) == 0
    assert content.over_capacity_sentences(plan, "id") == []
    assert "daya tampung" not in " ".join(content.summary(plan, "id"))


def test_more_come_than_fit(plan):
    over = _sent(plan, "s1", 1234)
    assert content.over_capacity(over) == 1034
    said = "Di antaranya 1.034 jiwa melebihi daya tampung tempat evakuasi."
    assert content.summary(over, "id")[1] == said
    assert said in panel(over, "id")
    assert "Of these, 1,034 people are more than the shelters hold." in panel(over, "en")
    words = " ".join(each.get_text() for each in print_figure(over).axes[1].texts)
    assert "1.034 jiwa" in words
    assert said in "\n".join(console._need_lines(over, "id"))


def test_who_loses_the_way_is_the_strong_sentence(plan):
    for each in (plan, _sent(plan, "s1", 1234)):
        assert '<span class="rg-strong">Bila terlambat' in panel(each, "id")


def test_unknown_capacity_holds_what_is_assumed(plan):
    over = _sent(plan, "s3", 40)
    assert content.over_capacity(over) == 40
    assumed = EvacuationAssumptions(unknown_capacity_people=30)
    assert content.over_capacity(dataclasses.replace(over, assumptions=assumed)) == 10


def test_late_alone_counts_late(toy):
    plan = toy.toy_plan(departure="late")
    plan.shelters["capacity_people"] = np.where(plan.shelters["shelter_id"] == "s1", 100.0, 80.0)
    assert content.over_capacity(plan) == 20


@pytest.mark.parametrize(("east", "drawn"), [(-2900, True), (-3200, False)])
def test_unreachable_far_from_villages_is_not_drawn(plan, toy, east, drawn):
    shelters = plan.shelters.copy()
    for name in ("s5", "s6"):
        rows = np.flatnonzero(shelters["shelter_id"] == name)
        points = [toy.Point(toy.at(east, 1900))] * len(rows)
        shelters.loc[shelters.index[rows], "geometry"] = points
    far = dataclasses.replace(plan, shelters=shelters)
    names = [row["name"] for row in map_data(far, "id")["shelters"]["early"]]
    assert ("Puskesmas" in names) is drawn
    assert "Gereja" in names
    assert ("shelter_unreachable" in {entry.key for entry in legend(far, "id")}) is drawn
    words = " ".join(each.get_text() for each in print_figure(far).axes[1].texts)
    assert (text.word("shelter_unreachable", "id") in words) is drawn
    assert len(far.shelters) == len(plan.shelters)


@pytest.mark.parametrize("language", text.LANGUAGES)
def test_only_real_data_is_of_openstreetmap(toy, language):
    for sample in (True, False):
        plan = toy.toy_plan(is_sample=sample)
        page = panel(plan, language)
        words = " ".join(each.get_text() for each in print_figure(plan).axes[1].texts)
        for said in (page, words, map_data(plan, language)["osm"]):
            assert ("OpenStreetMap" in said) is not sample


def test_printed_shelters_say_that_people_come(plan):
    words = [each.get_text() for each in print_figure(plan).axes[0].texts]
    assert "SD Negeri 1, 150 datang" in words


def test_the_printed_table_of_villages_says_who_is_left(plan):
    for paper in ("A4", "A3"):
        words = [each.get_text() for each in print_figure(plan, paper=paper).axes[1].texts]
        assert "Belum" in words
