"""The table of a poster: where the people of each settlement go, in letters read from 2 m."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resilience_geo.maps import text
from resilience_geo.maps.drill_answers import mostly_without_place, without_place
from resilience_geo.maps.drill_directions import short_name
from resilience_geo.maps.drill_page import (
    LINE,
    MM_PER_POINT,
    box,
    cut_to,
    lines_of,
    rule,
    size_that_fits,
    width_mm,
    write,
)
from resilience_geo.maps.drill_sentences import where_words
from resilience_geo.maps.printed_signs import draw_arrow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from resilience_geo.maps.drill_answers import Answer, Part

POSTER_MM = (420.0, 594.0)
"""Width and height: A2, upright."""
MARGIN_MM = 16.0
SMALL = 0.6
"""Letters of what is said beside the names, to those of the names."""
_FROM_SHARE, _MINUTES_SHARE = 0.33, 0.15
_MOST_LINES = 2
_NAME_LINES = 3
_HANDFUL_SHARE = 0.05
"""A shelter that fewer of a settlement go to is no line to be read from afar."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One way out of a settlement in the table: to whom it applies, where to, how long."""

    shelter: str
    note: str
    minutes: str


@dataclass(frozen=True, kw_only=True)
class Block:
    """A settlement in the table: its name, its lines, how many have no place, and the few.

    Where those without a place are the most, they are told first.
    """

    name: str
    lines: tuple[Line, ...]
    note: str
    unserved: str
    few: str = ""
    unserved_first: bool = False


def block_of(answer: Answer, language: str) -> Block:
    """Return a settlement as it stands in the table."""
    # Most people first: those to whom only a handful goes come last.
    many = [part for part in answer.parts if part.people >= _HANDFUL_SHARE * answer.evacuees]
    several = len(answer.parts) > 1 or bool(answer.left)
    lines = tuple(
        Line(
            shelter=part.shelter,
            note=text.word(
                "poster_part",
                language,
                people=text.number(part.people, language),
                where=where_words(part, language),
            )
            if several
            else "",
            minutes=text.minutes(part.travel_time_s, language),
        )
        for part in many[:_MOST_LINES]
    )
    rest = sum(part.people for part in many[_MOST_LINES:])
    few = _few_words(answer.parts[len(many) :], language)
    if rest:
        rest, few = sum(part.people for part in answer.parts[_MOST_LINES:]), ""
    left = without_place(answer.left)
    people = text.number(left, language)
    return Block(
        name=answer.name,
        lines=lines,
        note=text.word("poster_rest", language, people=text.number(rest, language)) if rest else "",
        unserved=f"{text.word('poster_nobody', language)}: "
        f"{text.word('poster_main', language, people=people)}. "
        f"{text.word('poster_nobody_ask', language)}."
        if left
        else "",
        few=few,
        unserved_first=mostly_without_place(answer),
    )


def _few_words(parts: Sequence[Part], language: str) -> str:
    """Return where a handful of people goes, in small letters; nothing without them."""
    if len(parts) > _MOST_LINES:
        people = text.number(sum(part.people for part in parts), language)
        return text.word("poster_rest", language, people=people)
    return "; ".join(
        text.word(
            "poster_few",
            language,
            people=text.number(part.people, language),
            where=where_words(part, language),
            shelter=short_name(part.shelter),
            minutes=text.minutes(part.travel_time_s, language),
        )
        for part in parts
    )


def columns() -> tuple[float, float, float]:
    """Return the widths of the table: from, to, minutes (mm)."""
    wide = POSTER_MM[0] - 2.0 * MARGIN_MM
    return (
        wide * _FROM_SHARE,
        wide * (1.0 - _FROM_SHARE - _MINUTES_SHARE),
        wide * _MINUTES_SHARE,
    )


def block_mm(block: Block, size: float) -> float:
    """Return how high a block is (mm)."""
    return draw_block(None, 0.0, block, size)


def draw_block(page: Any, top: float, block: Block, size: float) -> float:
    """Draw a settlement of the table and return where the next one begins."""
    first, second, third = columns()
    left, gap = MARGIN_MM, size * MM_PER_POINT * 0.35
    small = size * SMALL
    name = cut_to(block.name, first - 6.0, size, bold=True, lines=_NAME_LINES)
    down_left = write(page, (left, top + gap, first - 6.0), name, size, bold=True)
    at, down = left + first, top + gap
    arrow = size * 1.05
    indent = arrow * MM_PER_POINT + 4.0
    if block.unserved and block.unserved_first:
        down = _black_line(page, (at, down), block.unserved, size)
    for line in block.lines:
        if page is not None:
            middle = (at + arrow * MM_PER_POINT / 2.0, down + arrow * MM_PER_POINT * 0.6)
            draw_arrow(page, middle, 0.0, arrow)
        minutes = (at + second, down, third)
        write(
            page, minutes, line.minutes, _minutes_size(line.minutes, size), bold=True, align="right"
        )
        down = _destination(page, (at + indent, down, second - indent - 4.0), line, size)
        down += gap * 0.5
    if block.note:
        down = (
            write(page, (at + indent, down, second + third - indent), block.note, small) + gap * 0.5
        )
    if block.unserved and not block.unserved_first:
        down = _black_line(page, (at, down), block.unserved, size)
    if block.few:
        room = second + third - indent
        down = write(page, (at + indent, down, room), block.few, small) + gap * 0.5
    end = max(down, down_left) + gap * 0.5
    rule(page, (left, end), (POSTER_MM[0] - MARGIN_MM, end), line=1.2)
    return end - top if page is None else end


def _black_line(page: Any, place: tuple[float, float], words: str, size: float) -> float:
    """Write white on black how many have no place; return where the next line begins."""
    left, top = place
    wide, gap, small = sum(columns()[1:]), size * MM_PER_POINT * 0.35, size * SMALL
    room = wide - 6.0
    high = len(lines_of(words, room, small, bold=True)) * small * LINE * MM_PER_POINT
    box(page, (left, top, wide, high + 2.0 * gap * 0.6), fill="black")
    place = (left + 3.0, top + gap * 0.6)
    return write(page, (*place, room), words, small, bold=True, colour="white") + gap * 0.9


def _destination(page: Any, place: tuple[float, float, float], line: Line, size: float) -> float:
    """Write a shelter, and after it or below it to whom it applies; return where it ends."""
    left, _, room = place
    small = size * SMALL
    shelter = cut_to(line.shelter, room, size, bold=True, lines=_NAME_LINES)
    end = write(page, place, shelter, size, bold=True)
    if not line.note:
        return end
    lines = lines_of(shelter, room, size, bold=True)
    used = width_mm(lines[-1], size, bold=True) + size * 0.15
    if used + width_mm(line.note, small) > room:
        return write(page, (left, end, room), line.note, small)
    base = end - size * LINE * MM_PER_POINT + (size - small) * 0.93 * MM_PER_POINT
    write(page, (left + used, base, room), line.note, small)
    return end


def _minutes_size(words: str, size: float) -> float:
    """Return the size of letters at which minutes stand on one line."""
    return size_that_fits(
        words, columns()[2], (size, size * 0.85, size * 0.7, size * 0.55), bold=True
    )
