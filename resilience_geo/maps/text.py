"""How words, numbers, times and dates are written for people, in Indonesian and in English."""

from __future__ import annotations

import datetime as dt
import math
import re
from numbers import Integral, Real
from typing import TYPE_CHECKING

from resilience_geo.errors import InputError, Message, Problem
from resilience_geo.maps.assumption_words import (
    ASSUMPTION_CHOICES,
    ASSUMPTION_NAMES,
    ASSUMPTION_UNITS,
)
from resilience_geo.maps.messages import MESSAGES_ID
from resilience_geo.maps.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable

LANGUAGES: tuple[str, ...] = ("id", "en")

_CODES = frozenset({"band", "code", "crs", "epsg", "key", "row", "value", "year"})
"""Values of messages that are copied, not counted."""

_FIELDS_ID: dict[str, str] = {"capacity_people": "daya tampung", "floor_area_m2": "luas lantai"}
"""What columns of ours are called where a message says what it took them from."""

_REST = re.compile(r" and (\d+) more$")
"""The end of a list that is cut off, as `inputs.features.rows_text` writes it."""

_MONTHS: dict[str, tuple[str, ...]] = {
    "id": (
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}


def check_language(language: str) -> str:
    """Return `language` when there are words in it.

    Raises
    ------
    InputError
        There are none.
    """
    if language not in WORDS:
        raise InputError(
            Problem(
                found=Message("language {language}", language=repr(language)),
                expected=Message("one of {names}", names=", ".join(LANGUAGES)),
                remedy=Message("choose one of them"),
            )
        )
    return language


def word(term: str, language: str, **values: object) -> str:
    """Return the words for a term, with its placeholders filled.

    Examples
    --------
    >>> word("summary_need", "id", evacuees=number(1234, "id"))
    '1.234 jiwa perlu mengungsi.'
    """
    return WORDS[language][term].format(**values)


def shelter_kind(kind: str, language: str) -> str:
    """Return the kind of a shelter in words; one without words as it is.

    Examples
    --------
    >>> shelter_kind("place_of_worship", "id"), shelter_kind("Masjid", "id")
    ('tempat ibadah', 'Masjid')
    """
    return WORDS[language].get(f"kind_{kind}", kind)


def number(value: float | None, language: str, decimals: int = 0) -> str:
    """Return a number as it is written in a language; not a number is "unknown".

    Examples
    --------
    >>> number(1234.5, "id", 1), number(1234.5, "en", 1), number(float("nan"), "id")
    ('1.234,5', '1,234.5', 'tidak diketahui')
    """
    if value is None or math.isnan(value):
        return word("unknown", language)
    text = f"{value:,.{decimals}f}"
    if text.strip("-0.,") == "":
        text = text.lstrip("-")
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


def plain_number(value: float, language: str) -> str:
    """Return a number with as many decimals as it has.

    Examples
    --------
    >>> plain_number(0.76, "id"), plain_number(500.0, "id")
    ('0,76', '500')
    """
    shown = f"{value:.10f}".rstrip("0")
    return number(value, language, len(shown.partition(".")[2]))


def people(value: float | None, language: str) -> str:
    """Return a number of people as whole people; a share of one person counts as "<1"."""
    if value is not None and 0 < value < 0.5:  # noqa: PLR2004  half a person rounds to none
        return "<1"
    return number(value, language)


def minutes(seconds: float | None, language: str) -> str:
    """Return a time in whole minutes, never shorter than it is."""
    if seconds is None or math.isnan(seconds):
        return word("unknown", language)
    if seconds < 60:  # noqa: PLR2004  seconds in a minute
        return word("under_one_minute", language)
    return word("minutes", language, minutes=number(math.ceil(seconds / 60.0 - 1e-9), language))


def distance(metres: float | None, language: str) -> str:
    """Return a distance in steps of 10 m, from 1 km on in tenths of a kilometre."""
    if metres is None or math.isnan(metres):
        return word("unknown", language)
    if metres < 995:  # noqa: PLR2004  what rounds to less than a kilometre
        return f"{number(round(metres, -1), language)} m"
    return f"{number(metres / 1000.0, language, 1)} km"


def date(text: object, language: str) -> str:
    """Return an ISO date or time as a date people read; any other text as it is.

    Examples
    --------
    >>> date("2026-11-22T05:02:00+00:00", "id")
    '22 November 2026'
    """
    try:
        day = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return str(text)
    return f"{day.day} {_MONTHS[language][day.month - 1]} {day.year}"


def listing(names: Iterable[str], language: str) -> str:
    """Return names as a list with "and" before the last.

    Examples
    --------
    >>> listing(["Alak", "Manutapen", "Mantasi"], "id")
    'Alak, Manutapen dan Mantasi'
    """
    parts = list(names)
    if len(parts) < 2:  # noqa: PLR2004  nothing to join
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word('and', language)} {parts[-1]}"


class _Figure:
    """A number of a message that enters its template as it is written in a language."""

    def __init__(self, value: float, language: str) -> None:
        self.value = value
        self.language = language

    def __format__(self, spec: str) -> str:
        """Fill a placeholder; a format the template asks for keeps its decimals."""
        if not math.isfinite(self.value):
            return format(self.value, spec)
        if not spec:
            return plain_number(self.value, self.language)
        shown = format(self.value, spec)
        bare, percent, _ = shown.replace(",", "").partition("%")
        if "e" in bare:
            return plain_number(float(bare), self.language)
        try:
            return number(float(bare), self.language, len(bare.partition(".")[2])) + percent
        except ValueError:  # hexadecimal: as the template wants it
            return shown

    def __str__(self) -> str:
        """Return the number as people write it."""
        return format(self, "")


def message(note: object, language: str) -> str:
    """Return a note of a plan in a language, numbers included; codes and names stay as they are.

    A note without a translation stays English.

    Examples
    --------
    >>> message(Message("{people} people in {village}", people=1994, village="1671"), "id")
    '1.994 people in 1671'
    """
    if not isinstance(note, Message):
        return str(note)
    template = note.template
    if language == "id":
        template = MESSAGES_ID.get(template, template)
    return template.format(
        **{
            name: value if name in _CODES else _value(name, value, language)
            for name, value in note.values.items()
        }
    )


def cut_list(words: str, language: str) -> str:
    """Return a list as `rows_text` writes it, the count of the rest in a language.

    Examples
    --------
    >>> cut_list("1, 2, 3 and 4 more", "id")
    '1, 2, 3 dan 4 lainnya'
    """
    return _REST.sub(r" dan \1 lainnya", words) if language == "id" else words


def _value(name: str, value: object, language: str) -> object:
    """Return a value of a message as it is said in a language."""
    if not isinstance(value, str):
        return _figure(value, language)
    if name == "target" and language == "id":
        return _FIELDS_ID.get(value, value)
    return cut_list(value, language)


def _figure(value: object, language: str) -> object:
    """Return a whole or decimal number so that it is written in a language; all else as it is."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return value
    return _Figure(int(value) if isinstance(value, Integral) else float(value), language)


def departure_name(departure: str, hazard_kind: str, language: str) -> str:
    """Return the name of a departure, fitting the kind of hazard."""
    if departure == "early" and hazard_kind in ("landslide", "generic"):
        return word(f"early_{hazard_kind}", language)
    return word(departure, language)


def assumption_name(name: str, language: str) -> str:
    """Return what an assumption is called; one without words keeps its field name."""
    return ASSUMPTION_NAMES[language].get(name, name)


def assumption_choice(value: str, language: str) -> str:
    """Return a value of an assumption that is a word, as people say it."""
    return ASSUMPTION_CHOICES[language].get(value, value)


def assumption_unit(unit: str, language: str) -> str:
    """Return the unit of an assumption, in words where it is one."""
    return ASSUMPTION_UNITS[language].get(unit, unit)
