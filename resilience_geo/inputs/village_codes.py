"""Codes of villages: two systems of ten digits that must never be joined by string."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

_DOTTED = re.compile(r"\d{2}\.\d{2}\.\d{2}\.\d{4}")
_PLAIN = re.compile(r"\d{10}")
_PCODE = re.compile(r"id(\d{10})", re.IGNORECASE)
_KINDS_OF_VILLAGE = frozenset("123")


def clean_code(value: object) -> str:
    """Return a code, or any other cell, as text.

    Parameters
    ----------
    value
        Text, a whole number, or a float that a spreadsheet made of one.

    Returns
    -------
    str
        Text without blanks around it; whole floats without their fraction; empty for no value.

    Examples
    --------
    >>> clean_code(3171010001.0), clean_code(" 31.71.01.1001 "), clean_code(None)
    ('3171010001', '31.71.01.1001', '')
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, (float, np.floating)):
        if np.isnan(value):
            return ""
        return str(int(value)) if float(value).is_integer() else str(value)
    text = str(value).strip()
    if re.fullmatch(r"\d{10}\.0+", text):
        return text.partition(".")[0]
    return "" if text.lower() in {"nan", "<na>", "none", "null"} else text


def code_system(code: str) -> str:
    """Return which system a village code is of.

    Kemendagri writes PP.KK.CC.DDDD, the first digit of DDDD being 1 (kelurahan), 2 (desa) or
    3 (desa adat). BPS writes PPKKCCCDDD. Without dots both are ten digits: a code whose seventh
    digit is none of 1, 2, 3 must be of BPS; any other may be of either.

    Parameters
    ----------
    code
        Code as text.

    Returns
    -------
    str
        "kemendagri", "bps", "ambiguous" (ten digits that may be of either) or "other".

    Notes
    -----
    An OCHA p-code (ID and ten digits) is a BPS code. Source: Permendagri 137/2017, and
    section 7 of the domain notes.

    Examples
    --------
    >>> code_system("33.73.04.1001"), code_system("id6471050003"), code_system("3171010001")
    ('kemendagri', 'bps', 'bps')
    >>> code_system("3171011001"), code_system("RW 03")
    ('ambiguous', 'other')
    """
    if _DOTTED.fullmatch(code):
        return "kemendagri"
    if _PCODE.fullmatch(code):
        return "bps"
    if _PLAIN.fullmatch(code):
        return "ambiguous" if code[6] in _KINDS_OF_VILLAGE else "bps"
    return "other"


def is_sample_code(code: str) -> bool:
    """Return whether a code is of province 99, which only the embedded made-up sample uses.

    Examples
    --------
    >>> is_sample_code("99.01.01.2001"), is_sample_code("9901012001"), is_sample_code("991")
    (True, True, False)
    """
    known = _DOTTED.fullmatch(code) is not None or _PLAIN.fullmatch(code) is not None
    return known and code.startswith("99")
