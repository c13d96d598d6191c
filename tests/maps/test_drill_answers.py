from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import box

from resilience_geo.maps.drill_answers import (
    COMPASS,
    compass,
    drill_answers,
    mostly_without_place,
)
from resilience_geo.maps.drill_poster_table import block_of
from resilience_geo.maps.drill_sentences import (
    late_sentence,
    left_sentence,
    needs_sentence,
    part_sentences,
)
from resilience_geo.maps.options import MapOptions


@pytest.fixture(scope="module")
def hamlets(toy):
    """One settlement around o1, one around o3 and o4; o2 and o5 to o7 are outside."""
    shapes = [
        box(*toy.at(300, 300), *toy.at(500, 500)),
        box(*toy.at(1400, 400), *toy.at(1750, 1800)),
    ]
    return gpd.GeoDataFrame(
        {"settlement_id": ["a", "b"], "name": ["Dusun Satu", "Dusun Dua"]},
        geometry=shapes,
        crs=toy.CRS,
    ).to_crs(4326)


def test_without_settlements_every_village_is_one(plan, toy):
    answers = drill_answers(plan, MapOptions(), "id")
    assert [answer.name for answer in answers] == list(toy.NAMES)
    assert [answer.evacuees for answer in answers] == [150, 92, 71]
    first, second, third = answers
    assert [(part.shelter_id, part.people) for part in first.parts] == [("s1", 150)]
    assert first.parts[0].route_id == "r1"
    assert second.left == (("no_road", 7), ("too_far", 5))
    assert third.parts == ()
    assert third.left == (("shelters_full", 60), ("capacity_unknown", 11))


def test_people_outside_all_settlements_have_an_answer_of_their_own(plan, hamlets):
    answers = drill_answers(plan, MapOptions(settlements=hamlets), "id")
    assert [(answer.name, answer.evacuees) for answer in answers] == [
        ("Dusun Satu", 120),
        ("Bagian lain Lubuk Rengas", 30),
        ("Dusun Dua", 87),
        ("Bagian lain Tanjung Kembang", 5),
        ("Bagian lain Muara Pinang", 71),
    ]
    assert sum(answer.evacuees for answer in answers) == 150 + 92 + 71


def test_parts_and_people_left_sum_to_the_evacuees(plan, hamlets):
    for answer in drill_answers(plan, MapOptions(settlements=hamlets), "id"):
        people = sum(part.people for part in answer.parts) + sum(n for _, n in answer.left)
        assert people == answer.evacuees
        assert len(answer.places) == len(answer.goes_to)
        assert set(answer.goes_to.tolist()) <= {-1, *range(len(answer.parts))}


def test_the_order_of_settlements_changes_no_answer(plan, hamlets):
    def told(table):
        return {
            (answer.name, answer.evacuees, answer.parts, answer.left)
            for answer in drill_answers(plan, MapOptions(settlements=table), "id")
        }

    assert told(hamlets) == told(hamlets.iloc[::-1].reset_index(drop=True))


def test_those_who_need_help_sum_to_the_village(plan, hamlets):
    answers = drill_answers(plan, MapOptions(settlements=hamlets), "id")
    for village, people in zip(plan.villages.index, (33, 21, 15), strict=True):
        own = [answer for answer in answers if answer.village_code == village]
        assert sum(answer.needs.people for answer in own) == people
    for answer in drill_answers(plan, MapOptions(), "id"):
        helped = sum(part.need_help for part in answer.parts)
        assert helped <= answer.needs.people
        if not answer.left:
            assert helped == answer.needs.people


def test_groups_apart_are_counted(toy):
    plan = toy.with_groups(toy.toy_plan())
    answers = drill_answers(plan, MapOptions(), "id")
    # Two old people at each of the two origins of the first village that go to s1.
    assert answers[0].parts[0].need_help == 4
    assert answers[0].needs.groups["elderly"] == 4


def test_a_split_settlement_says_which_side_goes_where(toy):
    plan = toy.toy_plan(departure="early")
    rows = []
    for number in range(12):
        row = plan.origins.iloc[[0]].assign(origin_id=f"p{number}", evacuees=1)
        row["shelter_id"] = "s1" if number < 6 else "s2"
        place = toy.at(100.0 * (number % 3), 0.0 if number < 6 else 2000.0)
        row["geometry"] = gpd.points_from_xy([place[0]], [place[1]])
        rows.append(row)
    origins = gpd.GeoDataFrame(gpd.pd.concat(rows, ignore_index=True), crs=toy.CRS)
    split = toy.ToyPlan(**{**plan.__dict__, "origins": origins})
    parts = {part.shelter_id: part for part in drill_answers(split, MapOptions(), "id")[0].parts}
    assert (parts["s1"].side, parts["s2"].side) == ("s", "n")
    said = part_sentences(drill_answers(split, MapOptions(), "id")[0], "id")
    assert said[0].startswith("6 jiwa (bagian selatan) ke SD Negeri 1:")


def test_bearings_have_the_names_of_their_eighth():
    assert [compass(45.0 * number) for number in range(8)] == list(COMPASS)
    assert compass(22.0) == "n"
    assert compass(23.0) == "ne"
    assert compass(-90.0) == "w"


def test_cards_say_what_being_late_costs_and_never_praise_it(plan):
    first, second, third = drill_answers(plan, MapOptions(), "id")
    assert late_sentence(first, "id") == (
        "Bila terlambat: 30 dari 150 jiwa tidak lagi mendapat tempat."
    )
    assert late_sentence(second, "id") == "Bila terlambat: tempatnya tetap sama."
    assert late_sentence(third, "id") == ""


def late_of(answer, **changes):
    return late_sentence(dataclasses.replace(answer, **changes), "id")


def test_late_words_are_of_all_evacuees_of_the_settlement(plan):
    first = drill_answers(plan, MapOptions(), "id")[0]
    assert first.lost_if_late == 30
    other = dataclasses.replace(first.late_parts[0], shelter_id="s2", shelter="SMP", people=40)
    cut = (("cut_off", 110),)
    # 40 of 150 are not most; the 20 without a place early are not lost by being late.
    assert late_of(
        first, left=(("too_far", 20),), late_left=cut, lost_if_late=90, late_parts=(other,)
    ) == (
        "Bila terlambat: 110 dari 150 jiwa tidak mendapat tempat (90 jiwa tidak lagi mendapat "
        "tempat); 40 jiwa ke SMP, 11 menit."
    )
    most = dataclasses.replace(other, people=76)
    said = late_of(first, late_left=(), lost_if_late=0, late_parts=(most,))
    assert said == "Bila terlambat: kebanyakan warga ke SMP, 11 menit."
    half = dataclasses.replace(other, people=75)
    assert "75 jiwa ke SMP" in late_of(first, late_left=(), lost_if_late=0, late_parts=(half,))


def test_fewer_without_a_place_late_is_no_praise_of_waiting(plan):
    first = drill_answers(plan, MapOptions(), "id")[0]
    said = late_of(first, left=(("shelters_full", 50),), late_left=(("cut_off", 40),))
    assert said == "Bila terlambat: 30 jiwa tidak lagi mendapat tempat."


def test_people_who_lose_their_place_sum_to_the_village(plan, hamlets):
    answers = drill_answers(plan, MapOptions(settlements=hamlets), "id")
    # o2, the one cut off late, is outside the settlements.
    assert [answer.lost_if_late for answer in answers] == [0, 30, 0, 0, 0]


def test_where_half_have_no_place_that_comes_first(plan):
    first, second, third = drill_answers(plan, MapOptions(), "id")
    assert [mostly_without_place(each) for each in (first, second, third)] == [False, False, True]
    part = dataclasses.replace(first.parts[0], people=75)
    half = dataclasses.replace(first, parts=(part,), left=(("too_far", 75),))
    assert mostly_without_place(half)


def test_a_handful_comes_last_on_the_poster(plan):
    first = drill_answers(plan, MapOptions(), "id")[0]
    part = first.parts[0]
    few = dataclasses.replace(
        first, parts=(dataclasses.replace(part, people=7),), left=(("too_far", 143),)
    )
    block = block_of(few, "id")
    assert block.lines == ()
    assert block.unserved.startswith("BELUM ADA TEMPAT: 143 jiwa.")
    assert block.few == "7 jiwa ke SD Negeri 1: 11 menit"
    assert block.unserved_first
    assert not block_of(first, "id").unserved_first
    line = dataclasses.replace(
        first, parts=(dataclasses.replace(part, people=8),), left=(("too_far", 142),)
    )
    assert [each.shelter for each in block_of(line, "id").lines] == ["SD Negeri 1"]
    assert block_of(line, "id").few == ""


def test_one_departure_says_nothing_of_late(toy):
    for departure in ("early", "late"):
        for answer in drill_answers(toy.toy_plan(departure=departure), MapOptions(), "id"):
            assert answer.late_parts == ()
            assert late_sentence(answer, "id") == ""


def test_people_without_a_place_are_counted_with_their_causes(plan):
    _, second, _ = drill_answers(plan, MapOptions(), "id")
    assert left_sentence(second, "id") == (
        "12 jiwa BELUM mendapat tempat, karena: terlalu jauh dari jalan (7), terlalu lama "
        "berjalan (5). Tanyakan sebelum latihan."
    )


def test_who_needs_help_is_named_and_estimates_are_marked(plan):
    first, second, _ = drill_answers(plan, MapOptions(), "id")
    assert needs_sentence(second, "id") == (
        "Perlu dibantu: 21 jiwa (balita tidak dihitung), oleh 11 pendamping (perkiraan nasional). "
        "Yang rentan di sini: 7 balita, 11 lansia, 8 penyandang disabilitas dan 2 ibu hamil."
    )
    assert "perkiraan" in needs_sentence(first, "id")  # groups not apart: shares, not a count


def test_nobody_to_evacuate_is_no_answer(toy):
    plan = toy.toy_plan()
    empty = toy.ToyPlan(**{**plan.__dict__, "origins": plan.origins.iloc[:0]})
    assert drill_answers(empty, MapOptions(), "id") == ()
    assert np.size(drill_answers(plan, MapOptions(), "id")[0].places) == 4
