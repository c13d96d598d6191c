"""What maps and tables say about a plan: capacity, what is drawn, whose data it is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import shapely

from resilience_geo import console
from resilience_geo.maps import content, text
from resilience_geo.maps.legend import legend
from resilience_geo.maps.payload import map_data
from resilience_geo.maps.printed import print_figure
from resilience_geo.maps.unserved import unserved_places
from resilience_geo.maps.web import panel
from resilience_geo.tables import UNSERVED_CAUSES

SPOKEN = (
    "Berangkatlah sebelum air datang. Bila terlambat, 30 jiwa tidak lagi mendapat tempat dan 640 m "
    "jalan tertutup."
)
CAUSES = (
    "230 jiwa mendapat tempat, 83 jiwa belum: tempat evakuasi penuh (60), daya tampung tidak "
    "diketahui (11), terlalu jauh dari jalan (7), terlalu lama berjalan (5)."
)


def _changed(plan, **columns):
    """Return the plan with other columns of its villages."""
    return dataclasses.replace(plan, villages=plan.villages.assign(**columns))


def _slower(plan, extra_s):
    """Return the plan in which the people of origins take so many seconds more when late."""
    origins = plan.origins.copy()
    late = origins["departure"] == "late"
    more = origins["origin_id"].map(extra_s).fillna(0.0)
    origins.loc[late, "quickest_time_s"] += more[late]
    return dataclasses.replace(plan, origins=origins)


def test_who_has_a_place_and_who_has_none_by_cause(plan):
    assert content.placed_sentence(plan, "early", "id") == CAUSES
    late = content.placed_sentence(plan, "late", "id")
    assert late.startswith("200 jiwa mendapat tempat, 113 jiwa belum: tempat evakuasi penuh (60), ")
    assert "jalan terputus (30)" in late
    assert sum(content.causes(plan, "late").values()) == 113
    assert content.placed_sentence(plan, "early", "id", whole=False) == (
        "230 jiwa mendapat tempat, 83 jiwa belum, terbanyak karena tempat evakuasi penuh (60)."
    )


def test_all_have_a_place(plan):
    nobody = dict.fromkeys(UNSERVED_CAUSES, 0)
    all_fit = _changed(plan, **nobody, allocated=plan.villages["evacuees"])
    said = "Semua 313 jiwa itu mendapat tempat."
    for whole in (True, False):
        assert content.placed_sentence(all_fit, "early", "id", whole=whole) == said


def test_one_cause_is_no_main_cause(plan):
    few = dict.fromkeys(UNSERVED_CAUSES, 0) | {"cut_off": [0, 12, 71]}
    said = "230 people get a place, 83 do not: cut off (83)."
    assert content.placed_sentence(_changed(plan, **few), "early", "en", whole=False) == said


def test_the_sentence_a_trainer_says(plan):
    assert content.lost_sentence(plan, "id") == SPOKEN
    assert content.lost_sentence(plan, "en") == (
        "Leave before the water comes. If late, 30 people no longer get a place and 640 m of road "
        "close."
    )


def test_minutes_count_each_person_once(plan, toy):
    # 120 people of o1 take 600 s more, 80 of o3 no more: 360 s each. The mean of the two villages
    # would be 300 s. The 30 of o2, who do not arrive late, count nowhere.
    slower = _slower(plan, {"o1": 600.0})
    assert slower.late_extra_time_s == pytest.approx(360.0)
    assert content.lost_sentence(slower, "id") == (
        "Berangkatlah sebelum air datang. Bila terlambat, 30 jiwa tidak lagi mendapat tempat, "
        "640 m jalan tertutup, dan jalan bagi yang masih bisa keluar rata-rata 6 menit lebih lama."
    )
    village = _changed(plan, late_extra_time_s=[30.0, 31.0, np.nan])
    assert "menit" not in content.lost_sentence(village, "id", toy.CODES[0])
    assert "rata-rata 1 menit lebih lama" in content.lost_sentence(village, "id", toy.CODES[1])


def test_minutes_of_groups_of_one_origin_are_kept_apart(plan, toy):
    # At o1 the 2 old people take no longer, the 118 others 600 s: 118 * 600 / 200 on average.
    apart = toy.with_groups(plan)
    origins = apart.origins.copy()
    slower = (origins["departure"] == "late") & (origins["origin_id"] == "o1")
    origins.loc[slower & (origins["group"] == "general"), "quickest_time_s"] += 600.0
    apart = dataclasses.replace(apart, origins=origins)
    assert apart.late_extra_time_s == pytest.approx(354.0)


@pytest.mark.parametrize(("extra_s", "said"), [(49.0, False), (51.0, True), (-900.0, False)])
def test_half_a_minute_is_not_said(plan, extra_s, said):
    slower = _slower(plan, {"o1": extra_s})  # 120 of 200 people: 0.6 of it on average
    assert ("1 menit lebih lama" in content.lost_sentence(slower, "id")) is said
    assert ("menit" in content.lost_sentence(slower, "id")) is said


def test_nobody_loses_a_place(plan, toy):
    none = _changed(plan, lost_if_late_people=0)
    assert content.lost_sentence(none, "id", toy.CODES[1]) == (
        "Berangkatlah sebelum air datang. Bila terlambat, tidak ada yang kehilangan tempat."
    )
    # The third village has no place to lose, and none of its roads close.
    assert content.lost_sentence(plan, "id", toy.CODES[2]) == ""
    roads = _changed(plan, late_closed_road_m=[640.0, 0.0, 12_340.0])
    assert content.lost_sentence(roads, "id", toy.CODES[2]) == (
        "Berangkatlah sebelum air datang. Bila terlambat, 12,3 km jalan tertutup."
    )


@pytest.mark.parametrize(
    ("metres", "said"),
    [
        (4.0, ""),
        (96.0, "100 m"),
        (99_949.0, "99,9 km"),
        (99_950.0, "100 km"),
        (1.2345e6, "1.234 km"),
    ],
)
def test_lengths_of_closed_roads(plan, toy, metres, said):
    roads = _changed(plan, late_closed_road_m=[0.0, 0.0, metres])
    spoken = content.lost_sentence(roads, "id", toy.CODES[2])
    assert spoken.endswith(f" Bila terlambat, {said} jalan tertutup." if said else "")
    assert bool(spoken) is bool(said)


def test_other_hazards_than_water(plan, toy):
    for kind, word in (("landslide", "bahaya"), ("generic", "bahaya"), ("tsunami", "air")):
        other = dataclasses.replace(plan, hazard=toy.ToyHazard(kind=kind))
        said = content.lost_sentence(other, "id")
        assert said.startswith(f"Berangkatlah sebelum {word} datang. Bila terlambat, 30 jiwa ")
    parts = (toy.ToyHazard(), toy.ToyHazard(kind="landslide"))
    both = dataclasses.replace(plan, hazard=toy.ToyHazard(kind="generic", parts=parts))
    assert "sebelum bahaya datang" in content.lost_sentence(both, "id")


def test_who_gains_a_place_late_is_said(plan):
    assert content.gained_sentences(plan, "id") == []
    # 230 early, 30 of them lost, 207 late: 7 others.
    more = _changed(plan, late_allocated=[120, 87, 0])
    assert content.gained_sentences(more, "id") == ["Sementara itu 7 jiwa lain mendapat tempat."]
    assert "7 jiwa lain" in " ".join(content.summary(more, "id", whole=True))
    assert "7 jiwa lain" in " ".join(content.summary(more, "id"))


@pytest.mark.parametrize(
    ("source", "mark"),
    [
        ("table", ""),
        ("national", " (perkiraan nasional)"),
        ("mixed", " (sebagian perkiraan nasional)"),
    ],
)
def test_who_needs_help(plan, source, mark):
    of = _changed(plan, shares_from=source)
    said = f"69 di antaranya perlu dibantu, oleh 36 pendamping{mark}."
    assert content.help_sentences(of, "id") == [said]
    assert content.summary(of, "id")[1] == said
    assert said in "\n".join(console._need_lines(of, "id"))
    assert said in _column_words(of)
    assert content.help_sentences(_changed(of, need_help_people=0), "id") == []


def test_assumptions_about_groups_are_shown_where_they_are_planned_apart(plan, toy):
    of_groups = {
        "Kecepatan jalan kaki dengan balita",
        "Kecepatan jalan kaki lansia",
        "Kecepatan jalan penyandang disabilitas",
        "Kecepatan jalan kaki ibu hamil",
        "Batas kedalaman air untuk kelompok rentan",
        "Jiwa per pendamping",
    }
    together = dict(content.key_assumptions(plan, "id"))
    apart = dict(content.key_assumptions(toy.with_groups(plan), "id"))
    assert set(apart) - set(together) == of_groups
    assert apart["Batas kedalaman air untuk kelompok rentan"].endswith(" m")


def _column_words(plan):
    """Return the text on and beside the printed map."""
    return " ".join(_printed_words(plan))


def _printed_words(plan, **sheet):
    figure = print_figure(plan, **sheet)
    return [each.get_text() for axes in figure.axes for each in axes.texts]


def test_sources_of_shares_together(plan):
    assert content.shares_from(plan) == "mixed"
    assert (
        content.shares_from(_changed(plan, shares_from=["table", "table", "national"])) == "mixed"
    )
    assert content.shares_from(_changed(plan, shares_from="national")) == "national"


def test_screen_paper_and_console_say_the_same(plan):
    assert f'<span class="rg-strong">{SPOKEN}' in panel(plan, "id")
    assert SPOKEN in _column_words(plan)
    assert CAUSES in _column_words(plan)
    assert SPOKEN in console._need_lines(plan, "id")


def test_the_console_is_short(plan):
    early = "Tempat evakuasi penuh: 60; Daya tampung tidak diketahui: 11"
    late = "Tempat evakuasi penuh: 60; Jalan terputus: 30; Daya tampung tidak diketahui: 11"
    rest = "Terlalu jauh dari jalan: 7; Terlalu lama berjalan: 5"
    assert console._need_lines(plan, "id") == [
        "313 jiwa perlu mengungsi.",
        "69 di antaranya perlu dibantu, oleh 36 pendamping (sebagian perkiraan nasional).",
        "Berangkat sebelum air datang: 230 jiwa mendapat tempat, 83 jiwa belum.",
        f"  {early}; {rest}",
        "Berangkat terlambat: 200 jiwa mendapat tempat, 113 jiwa belum.",
        f"  {late}; {rest}",
        SPOKEN,
    ]


@pytest.mark.parametrize("departure", ["early", "late"])
def test_one_departure_says_nothing_of_waiting(toy, departure):
    plan = toy.toy_plan(departure=departure)
    for said in (content.summary(plan, "id", whole=True), console._need_lines(plan, "id")):
        assert "kehilangan" not in " ".join(said)


def test_groups(plan, toy):
    assert content.group_figures(plan).empty
    apart = toy.with_groups(plan)
    table = content.group_figures(apart)
    # Of the 7 origins of 120, 30, 80, 7, 5, 60 and 11 people, each has 2 old people and the rest.
    assert table.index.tolist() == ["general", "elderly"]
    assert table.to_dict() == {
        "evacuees": {"general": 299, "elderly": 14},
        "allocated": {"general": 224, "elderly": 6},
        "late_allocated": {"general": 196, "elderly": 4},
    }
    late = content.group_figures(toy.with_groups(toy.toy_plan(departure="late")))
    assert late.to_dict() == {
        "evacuees": {"general": 299, "elderly": 14},
        "allocated": {"general": 196, "elderly": 4},
    }


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
    assert (text.word("shelter_unreachable", "id") in _column_words(far)) is drawn
    assert len(far.shelters) == len(plan.shelters)


@pytest.mark.parametrize("language", text.LANGUAGES)
def test_only_real_data_is_of_openstreetmap(toy, language):
    for sample in (True, False):
        plan = toy.toy_plan(is_sample=sample)
        page = panel(plan, language)
        words = _column_words(plan)
        for said in (page, words, map_data(plan, language)["osm"]):
            assert ("OpenStreetMap" in said) is not sample


def test_the_printed_table_says_who_is_left_and_who_comes(plan):
    for paper in ("A4", "A3"):
        words = _printed_words(plan, paper=paper)
        place = words.index("SD Negeri 1")
        assert words[place + 1] == "150"
        assert any(one.startswith("BELUM") for one in words)


def test_several_hazards_are_named_in_title_and_legend(toy):
    water, slide = toy.raster_hazard(), toy.polygon_hazard()
    both = toy.toy_plan(hazard=toy.ToyHazard(kind="generic", parts=(water, slide)))
    title = content.title(both, "id")
    assert title.startswith("Peta Evakuasi Banjir dan Tanah Longsor: ")
    labels = {entry.key: entry.label for entry in legend(both, "en")}
    assert labels["hazard_high"] == "High hazard (flood / landslide)"
    assert labels["hazard_unknown"] == "Hazard unknown (flood / landslide)"
    assert labels["road_open"] == "Road stays open"
    page = panel(both, "id")
    assert "Bahaya tinggi (banjir / tanah longsor)" in page
    # Water and slides need one word for leaving before either of them.
    assert "Leaving before the hazard comes" in panel(both, "en")
    alone = {entry.key: entry.label for entry in legend(toy.toy_plan(hazard=water), "en")}
    assert alone["hazard_high"] == "High hazard"


def test_each_of_several_hazards_says_its_source_and_cut_points(toy):
    parts = [
        {"source": "banjir.tif", "kind": "flood", "unit": "m", "cuts": [0.1, 0.76, 1.5]},
        {"source": "longsor.gpkg", "kind": "landslide", "unit": "class", "cuts": None},
    ]
    plan = toy.toy_plan()
    inputs = {"hazard": {"source": "banjir.tif, longsor.gpkg", "parts": parts}}
    plan = dataclasses.replace(plan, provenance={**plan.provenance, "inputs": inputs})
    ((_, words),) = content.sources(plan, "en")
    cuts = text.word("cuts_at", "en", cuts="0.1 / 0.76 / 1.5 m")
    assert words == f"Flood: banjir.tif; {cuts}; Landslide: longsor.gpkg"


def _routes(*rows):
    names = ("departure", "village_code", "shelter_id", "origin_id", "evacuees", "travel_time_s")
    table = pd.DataFrame(rows, columns=[*names, "rank"])
    return table.assign(route_id=[f"r{number}" for number in range(len(table))])


def test_one_route_per_village_and_shelter():
    routes = _routes(
        ("early", "B", "s1", "o9", 5, 60.0, 1),
        ("early", "A", "s2", "o3", 7, 60.0, 1),
        ("early", "A", "s1", "o2", 6, 90.0, 1),  # o2: 6 + 4 people, more than the 8 of o1
        ("early", "A", "s1", "o2", 4, 30.0, 1),
        ("early", "A", "s1", "o1", 8, 10.0, 1),
        ("early", "A", "s1", "o2", 99, 10.0, 2),  # a second route
        ("early", "A", "s2", "o4", 7, 10.0, 1),  # as many as o3, which comes first by its name
        ("late", "A", "s1", "o1", 50, 10.0, 1),
    )
    rows, people = content.main_route_rows(routes, "early")
    assert rows.tolist() == [2, 1, 0]
    assert people.tolist() == [18, 14, 5]
    assert content.main_route_rows(routes, "late")[0].tolist() == [7]
    # Of both departures together the 50 people of o1 late lead.
    found = content.main_routes(routes)
    assert found["route_id"].tolist() == ["r7", "r1", "r0"]
    assert found["evacuees"].tolist() == [68, 14, 5]
    assert content.main_routes(routes.iloc[:0]).empty


def test_groups_of_one_origin_lend_the_row_of_most_people_then_the_quicker_one():
    routes = _routes(
        ("early", "A", "s1", "o1", 3, 90.0, 1),
        ("early", "A", "s1", "o1", 3, 80.0, 1),
        ("early", "A", "s1", "o1", 2, 10.0, 1),
    )
    rows, people = content.main_route_rows(routes, "early")
    assert (rows.tolist(), people.tolist()) == ([1], [8])


def test_of_one_village_its_own_minutes_are_said(plan, toy):
    # 120 people of o1 take 600 s more, as its village says.
    villages = plan.villages.assign(late_extra_time_s=[600.0, 0.0, np.nan]).iloc[:1]
    alone = dataclasses.replace(plan, villages=villages)
    said = content.lost_sentence(alone, "id")
    assert "rata-rata 10 menit lebih lama" in said
    assert said == content.lost_sentence(alone, "id", toy.CODES[0])


def test_the_box_holds_villages_routes_and_the_shelters_people_go_to(plan, monkeypatch):
    used = set(plan.routes["shelter_id"])
    shelters = plan.shelters[plan.shelters["shelter_id"].isin(used)]
    boxes = [
        layer.geometry.to_crs(4326).total_bounds for layer in (plan.villages, plan.routes, shelters)
    ]
    west, south = np.min(boxes, axis=0)[:2]
    east, north = np.max(boxes, axis=0)[2:]
    margin = 0.04 * max(east - west, north - south) + 0.001
    wanted = (west - margin, south - margin, east + margin, north + margin)
    assert content.plan_bounds(plan) == pytest.approx(wanted, abs=1e-12)
    monkeypatch.setattr(content, "_MANY_POINTS", 1)  # each point once
    assert content.plan_bounds(plan) == pytest.approx(wanted, abs=1e-12)


def test_people_without_a_place_are_put_together_by_cause_and_square(plan):
    middles = [(10.0, 10.0), (30.0, 50.0), (12.0, 13.0), (20.0, 20.0), (250.0, 10.0)]
    rows = plan.origins.iloc[[0] * len(middles)].reset_index(drop=True)
    rows = rows.assign(
        departure="early",
        status=["too_far", "too_far", "no_road", "allocated", "too_far"],
        evacuees=[1, 3, 2, 9, 4],
    ).set_geometry(list(shapely.points(middles)), crs=plan.origins.crs)
    few = dataclasses.replace(plan, origins=rows)
    apart = unserved_places(few, "early", rows.crs)
    assert apart["people"].tolist() == [4, 3, 2, 1]
    assert apart["x"].tolist() == [250.0, 30.0, 12.0, 10.0]
    # (10, 10) with 1 and (30, 50) with 3 people: their middle is (25, 40).
    for together in (
        unserved_places(few, "early", rows.crs, cell_m=100.0),
        unserved_places(few, "early", rows.crs, most=3),
    ):
        assert together.to_numpy().tolist() == [
            [25.0, 40.0, "too_far", 4],
            [250.0, 10.0, "too_far", 4],
            [12.0, 13.0, "no_road", 2],
        ]
    assert unserved_places(few, "late", rows.crs).empty
