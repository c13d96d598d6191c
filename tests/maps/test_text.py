from __future__ import annotations

import string

import numpy as np
import pytest

from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.errors import InputError, Message
from resilience_geo.inputs.features import rows_text
from resilience_geo.maps import text
from resilience_geo.maps.assumption_words import ASSUMPTION_NAMES
from resilience_geo.maps.words import WORDS


def _placeholders(words):
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def test_both_languages_hold_the_same_terms_with_the_same_placeholders():
    indonesian, english = WORDS["id"], WORDS["en"]
    assert indonesian.keys() == english.keys()
    for term in indonesian:
        assert _placeholders(indonesian[term]) == _placeholders(english[term]), term


def test_every_assumption_has_a_name_in_both_languages():
    fields = set(EvacuationAssumptions.table())
    assert set(ASSUMPTION_NAMES["id"]) >= fields
    assert set(ASSUMPTION_NAMES["en"]) >= fields


def test_nobody_is_told_to_run():
    for words in WORDS["id"].values():
        assert "lari" not in words.lower().split()
        assert "berlari" not in words.lower()


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (0, 0, "0"),
        (1234567, 0, "1.234.567"),
        (1234.5, 1, "1.234,5"),
        (-0.2, 0, "0"),
        (float("nan"), 0, "tidak diketahui"),
        (None, 0, "tidak diketahui"),
    ],
)
def test_numbers_are_indonesian(value, decimals, shown):
    assert text.number(value, "id", decimals) == shown


def test_people_are_never_rounded_to_nobody():
    assert text.people(0.3, "id") == "<1"
    assert text.people(0.0, "id") == "0"
    assert text.people(12.6, "id") == "13"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(30, "kurang dari 1 menit"), (60, "1 menit"), (61, "2 menit"), (900, "15 menit")],
)
def test_times_are_never_shorter_than_they_are(seconds, shown):
    assert text.minutes(seconds, "id") == shown


@pytest.mark.parametrize(("metres", "shown"), [(4, "0 m"), (852, "850 m"), (1250, "1,2 km")])
def test_distances(metres, shown):
    assert text.distance(metres, "id") == shown


def test_dates():
    assert text.date("2026-11-22", "id") == "22 November 2026"
    assert text.date("2026-08-01T10:00:00+07:00", "en") == "1 August 2026"
    assert text.date("musim hujan", "id") == "musim hujan"


def test_a_language_without_words_is_refused():
    with pytest.raises(InputError, match="'jv'"):
        text.check_language("jv")


def test_a_message_is_translated_and_one_without_translation_is_not_lost():
    known = Message("one of {names}", names="a, b")
    assert text.message(known, "id") == "salah satu dari a, b"
    assert text.message(known, "en") == "one of a, b"
    assert text.message(Message("something new: {x}", x=1), "id") == "something new: 1"
    assert text.message("plain {text}", "id") == "plain {text}"


def test_numbers_of_a_message_are_written_as_people_write_them():
    note = Message("{people} people too many in {name}", people=1994, name="Desa 2001")
    assert text.message(note, "id") == "1.994 people too many in Desa 2001"
    assert text.message(note, "en") == "1,994 people too many in Desa 2001"
    assert str(note) == "1994 people too many in Desa 2001"
    known = Message("the roads form {count} pieces; the largest holds {share} % of the length",
                    count=np.int64(1200), share=np.float64(99.7))  # fmt: skip
    assert "1.200 bagian" in text.message(known, "id")
    assert "99,7 %" in text.message(known, "id")


@pytest.mark.parametrize(
    ("template", "value", "shown"),
    [
        ("{x:g}", 1234.5, "1.234,5"),
        ("{x:g}", 2.5e7, "25.000.000"),
        ("{x:,.0f}", 1234567.0, "1.234.567"),
        ("{x:.1%}", 0.0421, "4,2%"),
        ("{x}", "1671", "1671"),
        ("{x}", True, "True"),
        ("{x}", float("nan"), "nan"),
        ("{x}", -0.5, "-0,5"),
        ("{x:x}", 255, "ff"),
    ],
)
def test_placeholders_keep_what_their_template_asks(template, value, shown):
    assert text.message(Message(template, x=value), "id") == shown


def test_codes_of_a_message_are_copied_not_counted():
    assert text.message(Message("row {row}, code {code}", row=1234, code=3201), "id") == (
        "row 1234, code 3201"
    )


def test_our_columns_and_cut_lists_are_said_in_indonesian():
    taken = Message(
        "{file}: {target} is of {column}", file="tes.csv", target="capacity_people", column="muat"
    )
    assert text.message(taken, "id") == "tes.csv: daya tampung diambil dari kolom muat"
    assert text.message(taken, "en") == "tes.csv: capacity_people is of muat"
    cut = Message("the codes {codes}", codes=rows_text(range(12)))
    assert text.message(cut, "id").endswith("8, 9 dan 2 lainnya")
    assert text.message(cut, "en").endswith("8, 9 and 2 more")
    whole = Message("the codes {codes}", codes=rows_text(range(3)))
    assert text.message(whole, "id").endswith("0, 1, 2")
