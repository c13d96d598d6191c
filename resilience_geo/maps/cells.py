"""Text in the cells of tables: names from data stay names and never act as formulas."""

from __future__ import annotations

import re

from resilience_geo.maps.xml_text import legal

MOST_LETTERS = 32_767
"""Letters that a cell of Excel holds."""
MOST_ROWS = 1_048_576
"""Rows that a sheet of Excel holds."""

_CUT = "…"
# Programs that open CSV strip blanks, marks of byte order and quotation marks, and some take the
# full-width signs of East Asian keyboards for the usual ones.
_BEGINS_FORMULA = re.compile("[\\s\x00-\x20\u200b-\u200f\u2060\ufeff\"'`]*[=+\\-@|%＝＋－＠−]")  # noqa: RUF001
_BREAKS = re.compile("[\t\r\n\x85\u2028\u2029]+")


def sheet_text(value: object) -> str:
    r"""Return a text that a cell of a spreadsheet can hold.

    Parameters
    ----------
    value
        Anything; what is no text is written as one.

    Examples
    --------
    >>> sheet_text("SD \x00Negeri"), len(sheet_text("A" * 40_000))
    ('SD Negeri', 32767)
    """
    words = legal(str(value))
    return words if len(words) <= MOST_LETTERS else words[: MOST_LETTERS - 1] + _CUT


def csv_text(value: object) -> str:
    r"""Return a text that no spreadsheet takes for a formula when it opens a CSV file.

    A spreadsheet guesses what a cell of a CSV file is; an apostrophe before it says text, as OWASP
    advises ("CSV Injection"). A line break becomes a blank: some writers do not quote a carriage
    return, and what follows it would begin a row.

    Examples
    --------
    >>> csv_text("=1+1"), csv_text("SD 1"), csv_text("\t@SUM(A1)")
    ("'=1+1", 'SD 1', "' @SUM(A1)")
    """
    words = _BREAKS.sub(" ", sheet_text(value))
    return f"'{words}" if _BEGINS_FORMULA.match(words) else words
