"""Observer sheets: one for each post, with the plan's numbers and blanks for what happens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resilience_geo.maps import content, text
from resilience_geo.maps.drill_cards import draw_stamp, stamp_mm
from resilience_geo.maps.drill_page import (
    MM_PER_POINT,
    blank,
    box,
    cut_to,
    lines_of,
    rule,
    size_that_fits,
    width_mm,
    write,
)
from resilience_geo.maps.drill_sentences import hazard_words
from resilience_geo.maps.printed_signs import draw_shelter
from resilience_geo.maps.symbols import shelter_role, shelter_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from resilience_geo.maps.drill_answers import Answer, Part
    from resilience_geo.maps.drill_land import Land
    from resilience_geo.maps.drill_ways import Ways
    from resilience_geo.plan import EvacuationPlan

SHEET_MM = (210.0, 297.0)
RECORD_COLUMNS: tuple[str, ...] = (
    "shelter_id",
    "shelter_name",
    "village_code",
    "settlement_name",
    "planned_people",
    "planned_median_time_s",
    "planned_longest_time_s",
    "planned_main_route_time_s",
    "planned_main_route_distance_m",
    "signal_time",
    "left_time",
    "first_arrival_time",
    "last_arrival_time",
    "arrived_people",
    "helped_people",
    "obstacles",
    "observer_name",
)
_BLANKS = 8
"""Columns of `RECORD_COLUMNS` that are filled in after the drill."""
_MARGIN = 12.0
_ROW_MM, _HEAD_MM = 8.6, 12.5
_ROWS_FIRST, _ROWS_MORE = 4, 26
"""More rows on the first page would leave no room to write below them."""
_LETTERS, _SMALL = 10.0, 9.0
_COLUMN_MM = (49.0, 16.0, 18.0, 17.0, 19.0, 17.0, 19.0, 15.0, 16.0)
_COLUMNS = ("from", "expected", "planned", "helped_planned", "left", "first", "last", "arrived")
_STEPS = ("signal", "leave", "first", "last", "roll", "end")
_QUESTIONS = ("aim", "active", "equipment", "response", "help")


@dataclass(frozen=True, kw_only=True)
class Row:
    """People of one settlement who come to a post."""

    answer: Answer
    part: Part


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One page of the observer sheets.

    Parameters
    ----------
    shelter
        Row of the post in the table of shelters.
    rows
        Those listed on this page.
    all_rows
        Those of the post on all of its pages.
    page, pages
        Which page of the post this is, from 1, and how many it has.
    """

    shelter: Mapping[str, Any]
    rows: tuple[Row, ...]
    all_rows: tuple[Row, ...]
    page: int
    pages: int


def sheet_pages(answers: Sequence[Answer], ways: Ways, plan: EvacuationPlan) -> list[Sheet]:
    """Return the pages of all posts: shelters people come to, in the order of the plan."""
    found: dict[str, list[Row]] = {}
    for answer in answers:
        for part in answer.parts:
            found.setdefault(part.shelter_id, []).append(Row(answer=answer, part=part))
    shelters = content.of_departure(plan.shelters, content.departures(plan)[0])
    sheets = []
    for shelter_id in shelters["shelter_id"].astype(str):
        rows = tuple(sorted(found.get(shelter_id, []), key=lambda row: -row.part.people))
        if not rows:
            continue
        starts = [0, *range(_ROWS_FIRST, len(rows), _ROWS_MORE)]
        ends = [*starts[1:], len(rows)]
        sheets += [
            Sheet(
                shelter=ways.shelters[shelter_id],
                rows=rows[start:end],
                all_rows=rows,
                page=number,
                pages=len(starts),
            )
            for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1)
        ]
    return sheets


def record_rows(answers: Sequence[Answer], plan: EvacuationPlan) -> list[list[object]]:
    """Return the rows of the table to fill in: one per settlement and post."""
    shelters = content.of_departure(plan.shelters, content.departures(plan)[0])
    order = {name: number for number, name in enumerate(shelters["shelter_id"].astype(str))}
    rows: list[tuple[int, list[object]]] = []
    for answer in answers:
        for part in answer.parts:
            planned: list[object] = [
                part.shelter_id,
                part.shelter,
                answer.village_code,
                answer.name,
                part.people,
                _whole(part.travel_time_s),
                _whole(part.longest_s),
                _whole(part.route_time_s),
                _whole(part.distance_m),
            ]
            rows.append((order[part.shelter_id], planned + [""] * _BLANKS))
    return [row for _, row in sorted(rows, key=lambda one: one[0])]


def _whole(value: float) -> object:
    """Return a figure as a whole number, nothing where it is unknown."""
    return "" if math.isnan(value) else round(value)


def draw_sheet(page: Any, sheet: Sheet, land: Land, language: str) -> None:
    """Draw a page of the observer sheets.

    Parameters
    ----------
    page
        Axes of the page, from `page_axes`.
    sheet
        What it holds.
    land
        From `prepare_land`.
    language
        `id` or `en`.
    """
    left, wide = _MARGIN, SHEET_MM[0] - 2.0 * _MARGIN
    down = _head(page, (left, 9.0, wide), sheet, land.plan, language)
    if sheet.page == 1:
        down = _circumstances(page, (left, down + 2.0, wide), language)
    down = _arrivals(page, (left, down + 3.0, wide), sheet, language)
    if sheet.page == 1:
        down = _steps(page, (left, down + 3.5, wide), language)
        down = _questions(page, (left, down + 3.5, wide), language)
        _remarks(page, (left, down + 3.0, wide), language)
    _foot(page, (left, SHEET_MM[1] - 19.0, wide), sheet, land, language)


def _head(
    page: Any, place: tuple[float, float, float], sheet: Sheet, plan: EvacuationPlan, language: str
) -> float:
    """Write which post this is and who is expected; return where the rest begins."""
    left, top, wide = place
    room = wide
    if plan.is_sample:
        stamp = text.word("sample", language)
        draw_stamp(page, left + wide, top, stamp, 11.0)
        room -= stamp_mm(stamp, 11.0) + 3.0
    hazard = hazard_words(plan, language)
    title = text.word("observer_title", language, hazard=hazard)
    size = size_that_fits(title, room, (16.0, 14.0, 12.0, 10.0), bold=True)
    down = write(page, (left, top, room), cut_to(title, room, size, bold=True), size, bold=True)
    sign = 15.0
    state = shelter_state(str(sheet.shelter["status"]), float(sheet.shelter["capacity_people"]))
    middle = (left + sign / 2.0, down + 2.0 + sign / 2.0)
    role = shelter_role(str(sheet.shelter.get("kind", "")))
    draw_shelter(page, middle, state, sign / MM_PER_POINT, role=role)
    at, room = left + sign + 3.0, wide - sign - 3.0
    words = text.word("observer_post", language)
    if sheet.pages > 1:
        count = text.word("observer_page", language, page=sheet.page, pages=sheet.pages)
        words = f"{words} · {count}"
    down = write(page, (at, down + 1.0, room), words, _LETTERS)
    name = str(sheet.shelter["name"])
    size = size_that_fits(name, room, (18.0, 16.0, 14.0), bold=True)
    down = write(page, (at, down, room), cut_to(name, room, size, bold=True), size, bold=True)
    words = text.word(
        "observer_plan",
        language,
        people=text.number(sum(row.part.people for row in sheet.all_rows), language),
        count=text.number(len(sheet.all_rows), language),
        capacity=text.number(float(sheet.shelter["capacity_people"]), language),
    )
    return write(page, (at, down + 0.5, room), words, _LETTERS)


def _field(
    page: Any, place: tuple[float, float, float], words: str, size: float = _LETTERS
) -> None:
    """Write a word and a dotted line to fill in after it."""
    left, base, wide = place
    write(page, (left, base - size * MM_PER_POINT, wide), words, size)
    blank(page, left + width_mm(words, size) + 1.5, left + wide, base)


def _circumstances(page: Any, place: tuple[float, float, float], language: str) -> float:
    """Draw the blanks of day, observer and alarm."""
    left, top, wide = place
    half = wide / 2.0
    base = top + 6.5
    _field(page, (left, base, half - 4.0), text.word("observer_date", language))
    _field(page, (left + half, base, half), text.word("observer_name", language))
    base += 8.0
    _field(page, (left, base, wide * 0.78), text.word("observer_signal", language))
    return base


def _arrivals(page: Any, place: tuple[float, float, float], sheet: Sheet, language: str) -> float:
    """Draw the table of who is expected, and blanks of who came."""
    left, top, _ = place
    down = write(
        page, (left, top, 150.0), text.word("observer_arrivals", language), 12.0, bold=True
    )
    terms = [f"observer_{name}" for name in (*_COLUMNS, "helped")]
    heads = [text.word(term, language) for term in terms]
    down = _grid_head(page, (left, down + 0.5), heads)
    for row in sheet.rows:
        cells = [
            row.answer.name,
            text.number(row.part.people, language),
            _minutes_words(row.part, language),
            text.number(row.part.need_help, language),
        ]
        down = _grid_row(page, (left, down), cells)
    if sheet.page == sheet.pages:
        total = text.number(sum(row.part.people for row in sheet.all_rows), language)
        help_total = text.number(sum(row.part.need_help for row in sheet.all_rows), language)
        cells = [text.word("observer_total", language), total, "", help_total]
        down = _grid_row(page, (left, down), cells, bold=True)
    return down


def _minutes_words(part: Part, language: str) -> str:
    """Return the minutes of half of the people and of the last one, as "14-21"."""
    first, last = (
        text.minutes(seconds, language).rsplit(" ", 1)[0]
        for seconds in (part.travel_time_s, part.longest_s)
    )
    return first if first == last else f"{first}-{last}"


def _grid_head(page: Any, place: tuple[float, float], heads: Sequence[str]) -> float:
    """Draw the heads of a table; the parts to fill in are grey."""
    left, top = place
    for number, (head, wide) in enumerate(zip(heads, _COLUMN_MM, strict=True)):
        box(
            page,
            (left, top, wide, _HEAD_MM),
            fill="#E4E4E4" if number < 4 else "white",  # noqa: PLR2004  the columns of the plan
            edge="black",
            line=0.7,
        )
        write(page, (left + 1.0, top + 0.8, wide - 1.6), head, _SMALL, bold=number == 0)
        left += wide
    return top + _HEAD_MM


def _grid_row(
    page: Any, place: tuple[float, float], cells: Sequence[str], *, bold: bool = False
) -> float:
    """Draw a row of a table, its last columns to fill in."""
    left, top = place
    shown = [*cells, *[""] * (len(_COLUMN_MM) - len(cells))]
    for number, (cell, wide) in enumerate(zip(shown, _COLUMN_MM, strict=True)):
        box(page, (left, top, wide, _ROW_MM), edge="black", line=0.7)
        room = wide - 2.0
        two = len(lines_of(cell, room, _LETTERS, bold=bold)) > 1
        size = _SMALL if two else _LETTERS
        words = cut_to(cell, room, size, bold=bold, lines=2)
        align = "left" if number == 0 else "center"
        write(
            page,
            (left + 1.0, top + (0.4 if two else 2.2), room),
            words,
            size,
            bold=bold or number == 1,
            align=align,
        )
        left += wide
    return top + _ROW_MM


def _steps(page: Any, place: tuple[float, float, float], language: str) -> float:
    """Draw the table of how long each step took."""
    left, top, wide = place
    down = write(page, (left, top, wide), text.word("observer_steps", language), 12.0, bold=True)
    widths = (70.0, 26.0, 28.0, wide - 124.0)
    heads = [text.word(f"observer_{name}", language) for name in ("step", "at", "took", "note")]
    rows = [[text.word(f"observer_step_{name}", language), "", "", ""] for name in _STEPS]
    return _table(page, (left, down + 0.5), widths, [heads, *rows])


def _questions(page: Any, place: tuple[float, float, float], language: str) -> float:
    """Draw the questions of the evaluation with boxes to tick."""
    left, top, wide = place
    down = write(
        page, (left, top, wide), text.word("observer_questions", language), 12.0, bold=True
    )
    answers = ("yes", "observer_partly", "no")
    down += 0.5
    for name in _QUESTIONS:
        words = text.word(f"observer_question_{name}", language)
        write(page, (left, down, wide - 62.0), cut_to(words, wide - 62.0, _LETTERS), _LETTERS)
        at = left + wide - 60.0
        for term in answers:
            box(page, (at, down + 0.6, 3.4, 3.4), edge="black", line=0.8)
            write(page, (at + 4.6, down, 20.0), text.word(term, language), _LETTERS)
            at += 14.0 if term == "yes" else 27.0
        down += 5.2
    return down


def _remarks(page: Any, place: tuple[float, float, float], language: str) -> None:
    """Draw dotted lines for obstacles, what was good and what to improve, and the signature."""
    left, top, wide = place
    end = SHEET_MM[1] - 28.5
    terms = ("observer_obstacles", "observer_good", "observer_improve")
    each = (end - top) / len(terms)
    for term in terms:
        write(page, (left, top, wide), text.word(term, language), _LETTERS, bold=True)
        base = top + 11.0
        while base <= top + each - 0.5:
            blank(page, left, left + wide, base)
            base += 7.0
        top += each
    _field(
        page,
        (left + wide - 85.0, SHEET_MM[1] - 20.5, 85.0),
        text.word("observer_signature", language),
    )


def _table(
    page: Any,
    place: tuple[float, float],
    widths: Sequence[float],
    rows: Sequence[Sequence[str]],
) -> float:
    """Draw a table whose first row is its head."""
    left, top = place
    for number, row in enumerate(rows):
        high = 6.0 if number == 0 else 7.2
        at = left
        for cell, wide in zip(row, widths, strict=True):
            fill = "#E4E4E4" if number == 0 else "none"
            box(page, (at, top, wide, high), fill=fill, edge="black", line=0.7)
            size = _SMALL if number == 0 else _LETTERS
            words = cut_to(cell, wide - 2.0, size)
            write(page, (at + 1.2, top + (high - size * 0.44) / 2.0, wide - 2.0), words, size)
            at += wide
        top += high
    return top


def _foot(
    page: Any, place: tuple[float, float, float], sheet: Sheet, land: Land, language: str
) -> None:
    """Write what the numbers rest on and who publishes the sheet."""
    left, top, wide = place
    options = land.options
    departure = text.departure_name(
        content.departures(land.plan)[0], land.plan.hazard.kinds[0], language
    )
    said = [
        f"{part}."
        for part in (
            ", ".join(each for each in (options.agency, options.contact) if each),
            text.word("card_departed", language, departure=departure).rstrip("."),
            f"{text.word('made_on', language)} {content.made_on(land.plan, language)}",
        )
        if part
    ]
    said.append(text.word("observer_minutes", language))
    if any(row.answer.needs.estimated for row in sheet.all_rows):
        said.append(text.word("observer_estimate", language))
    rule(page, (left, top), (left + wide, top), line=0.5)
    write(page, (left, top + 1.0, wide), cut_to(" ".join(said), wide, _SMALL, lines=3), _SMALL)
