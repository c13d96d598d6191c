"""The table of a poster: where the people of each settlement go, in letters read from 2 m."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resilience_geo.maps import text
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
    from resilience_geo.maps.drill_answers import Answer

POSTER_MM = (420.0, 594.0)
"""Width and height: A2, upright."""
MARGIN_MM = 16.0
SMALL = 0.6
"""Letters of what is said beside the names, to those of the names."""
_FROM_SHARE, _MINUTES_SHARE = 0.33, 0.15
_MOST_LINES = 2
_NAME_LINES = 3


@dataclass(frozen=True, kw_only=True)
class Line:
    """One way out of a settlement in the table: to whom it applies, where to, how long."""

    shelter: str
    note: str
    minutes: str


@dataclass(frozen=True, kw_only=True)
class Block:
    """A settlement in the table: its name, its lines, and how many have no place."""

    name: str
    lines: tuple[Line, ...]
    note: str
    unserved: str


def block_of(answer: Answer, language: str) -> Block:
    """Return a settlement as it stands in the table."""
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
        for part in answer.parts[:_MOST_LINES]
    )
    rest = sum(part.people for part in answer.parts[_MOST_LINES:])
    left = sum(people for _, people in answer.left)
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
    if block.unserved:
        room = second + third - 6.0
        high = len(lines_of(block.unserved, room, small, bold=True)) * small * LINE * MM_PER_POINT
        box(page, (at, down, second + third, high + 2.0 * gap * 0.6), fill="black")
        place = (at + 3.0, down + gap * 0.6, room)
        down = write(page, place, block.unserved, small, bold=True, colour="white") + gap * 0.9
    end = max(down, down_left) + gap * 0.5
    rule(page, (left, end), (POSTER_MM[0] - MARGIN_MM, end), line=1.2)
    return end - top if page is None else end


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
