"""Codes of villages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resilience_geo.inputs.village_codes import clean_code, code_system, is_sample_code


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("31.71.01.1001", "31.71.01.1001"),
        (" 31.71.01.1001\t", "31.71.01.1001"),
        (3171010001, "3171010001"),
        (np.int32(165), "165"),
        (3171010001.0, "3171010001"),
        ("3171010001.0", "3171010001"),
        ("3171010001.00", "3171010001"),
        ("id6471050003", "id6471050003"),
        ("0012", "0012"),
        (None, ""),
        (float("nan"), ""),
        (pd.NA, ""),
        (pd.NaT, ""),
        ("", ""),
        ("  ", ""),
    ],
)
def test_clean_code(value, text):
    assert clean_code(value) == text


@given(st.integers(min_value=10**9, max_value=10**10 - 1))
def test_numbers_and_floats_of_ten_digits_keep_every_digit(number):
    assert clean_code(number) == clean_code(float(number)) == clean_code(f" {number} ")


@pytest.mark.parametrize(
    ("code", "system"),
    [
        ("33.73.04.1001", "kemendagri"),
        ("3373041001", "ambiguous"),  # Kemendagri without dots, or BPS desa 001 of kecamatan 041
        ("3171010001", "bps"),  # the seventh digit is neither 1, 2 nor 3
        ("id6471050003", "bps"),
        ("ID1503031022", "bps"),
        ("33.73.041001", "other"),
        ("RW 03", "other"),
        ("", "other"),
    ],
)
def test_code_system(code, system):
    assert code_system(code) == system


@pytest.mark.parametrize(
    ("code", "made_up"),
    [
        ("99.01.01.2001", True),
        ("9901012001", True),
        ("99", False),
        ("33.99.01.2001", False),
        ("9901", False),
    ],
)
def test_is_sample_code(code, made_up):
    assert is_sample_code(code) is made_up
