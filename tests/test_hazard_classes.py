"""Cut points and words of hazard classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resilience_geo.hazard_classes import (
    CLASS_NAMES,
    FIVE_CLASS_CODES,
    HAZARD_KINDS,
    HIGH,
    KLSGTN_CODES,
    LOW,
    MEDIUM,
    NONE,
    SCHEMES,
    THREE_CLASS_CODES,
    UNKNOWN,
    class_of_text,
    classify,
    classify_codes,
    cuts_as,
)

FLOOD = SCHEMES["flood", "m"].cuts


def classes_of(values, cuts=FLOOD, dtype="float64"):
    array = np.array(values, dtype=dtype)
    return classify(array, np.ones(array.shape, dtype=bool), cuts).tolist()


def test_classes_are_ordered_and_unknown_is_apart():
    assert tuple(range(5)) == (NONE, LOW, MEDIUM, HIGH, UNKNOWN)
    assert CLASS_NAMES == ("none", "low", "medium", "high", "unknown")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_value_on_a_cut_is_of_the_class_above(dtype):
    assert classes_of([0.0, 0.1, 0.75, 0.76, 1.49, 1.5, 9], dtype=dtype) == [0, 1, 1, 2, 2, 3, 3]


def test_float32_point_one_is_not_below_point_one():
    # As float64 the number written as 0.1 is 0.10000000149, and 0.76 is 0.75999999.
    assert float(np.float32(0.76)) < 0.76
    assert classes_of([0.76], dtype="float32") == [MEDIUM]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64"])
def test_whole_numbers_are_compared_with_the_next_whole_number(dtype):
    assert classes_of([0, 1, 2], dtype=dtype) == [NONE, MEDIUM, HIGH]
    assert cuts_as(np.dtype(dtype), FLOOD).tolist() == [1, 1, 2]


def test_negative_values_are_none_and_invalid_cells_unknown():
    values = np.array([-1.0, np.nan, 2.0])
    found = classify(values, np.array([True, False, False]), FLOOD)
    assert found.tolist() == [NONE, UNKNOWN, UNKNOWN]
    assert found.dtype == np.uint8


def test_index_of_zero_is_none_and_anything_above_is_low():
    cuts = SCHEMES["landslide", "index"].cuts
    assert classes_of([0.0, 1e-5, 0.333, 0.666], cuts) == [NONE, LOW, MEDIUM, HIGH]


def test_codes_not_named_are_unknown():
    codes = np.array([0, 1, 2, 3, 9, 1])
    valid = np.array([True] * 5 + [False])
    found = classify_codes(codes, valid, THREE_CLASS_CODES)
    assert found.tolist() == [NONE, LOW, MEDIUM, HIGH, UNKNOWN, UNKNOWN]


def test_every_scheme_rises_and_names_its_source():
    for (kind, unit), scheme in SCHEMES.items():
        assert kind in HAZARD_KINDS
        assert scheme.unit == unit
        assert list(scheme.cuts) == sorted(set(scheme.cuts))
        assert scheme.source
        assert scheme.confidence in {"S", "S2", "R", "J"}


def test_code_tables_never_fall():
    for table in (THREE_CLASS_CODES, FIVE_CLASS_CODES):
        assert list(table.values()) == sorted(table.values())
    assert KLSGTN_CODES[999] == UNKNOWN


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Tinggi", HIGH),
        ("SANGAT TINGGI", HIGH),
        ("sedang", MEDIUM),
        ("Menengah", MEDIUM),
        ("rendah", LOW),
        ("sangat_rendah", LOW),
        ("aman", NONE),
        ("tidak ada", NONE),
        ("Tidak ada data", UNKNOWN),
        ("no data", UNKNOWN),
        ("Zona Aliran Bahan Rombakan", HIGH),
        ("danau", None),
        ("", None),
    ],
)
def test_words_say_classes(word, expected):
    assert class_of_text(word) == expected


@given(
    depth=st.floats(0, 100, allow_nan=False, width=32),
    more=st.floats(0, 10, allow_nan=False, width=32),
)
@settings(max_examples=200, deadline=None)
def test_deeper_is_never_a_lower_class(depth, more):
    one, other = classes_of(
        [np.float32(depth), np.float32(depth) + np.float32(more)], dtype="float32"
    )
    assert other >= one
