"""Posters for the wall: where the people of each settlement of a village go, to read from 2 m."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from resilience_geo.maps import content, style, text
from resilience_geo.maps.drill_cards import draw_stamp
from resilience_geo.maps.drill_map import Place, View, draw_drill_map
from resilience_geo.maps.drill_page import (
    LINE,
    MM_PER_POINT,
    Item,
    blank,
    box,
    cut_to,
    rule,
    size_that_fits,
    width_mm,
    write,
    write_items,
)
from resilience_geo.maps.drill_poster_table import (
    MARGIN_MM,
    POSTER_MM,
    SMALL,
    Block,
    block_mm,
    block_of,
    columns,
    draw_block,
)
from resilience_geo.maps.drill_sentences import MOST_PARTS, hazard_words
from resilience_geo.maps.drill_ways import shelter_place
from resilience_geo.maps.printed_frame import draw_qr
from resilience_geo.maps.printed_panels import procedure_sentences
from resilience_geo.maps.printed_signs import draw_shelter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from resilience_geo.maps.drill_answers import Answer
    from resilience_geo.maps.drill_land import Land
    from resilience_geo.maps.drill_ways import Ways

_SIZES = (44.0, 40.0, 36.0, 33.0, 30.0, 27.0, 24.0)
"""Sizes of the letters of the table; 40 points are 10 mm high, read from 2 m."""
_TABLE_TOP, _TABLE_MM = 126.0, 236.0
_MAP_SHARE = 0.54
_MAP_ZOOM = 2.0
_FOOT_MM, _STRIP_MM = 24.0, 48.0
_NUMBERS_SHARE = 0.62
_NUMBER_MM = 11.0
_MOST_NUMBERS = 6
_BLANKS = ("village", "rt", "clinic", "bpbd")
_TITLE_SIZES = (96.0, 88.0, 80.0, 72.0, 64.0, 60.0, 56.0, 52.0, 48.0)
_ADVICE_SIZES = (26.0, 24.0, 22.0, 20.0, 18.0, 17.0, 16.0, 15.0, 14.0)


@dataclass(frozen=True, kw_only=True)
class Poster:
    """One page.

    Parameters
    ----------
    village
        Position of the village in the plan.
    blocks
        The settlements on this page.
    size
        Of the letters of the table, in points.
    answers
        Of all settlements of the village.
    stay
        Names of the settlements from which nobody needs to leave.
    page
        Which page of the village this is, from 1.
    """

    village: int
    blocks: tuple[Block, ...]
    size: float
    answers: tuple[Answer, ...]
    stay: tuple[str, ...]
    page: int


def poster_pages(answers: Sequence[Answer], land: Land, language: str) -> list[Poster]:
    """Return the pages of all villages; a village of many settlements has several."""
    staying = _staying(answers, land)
    posters = []
    for village, code in enumerate(land.plan.villages.index.astype(str)):
        own = tuple(answer for answer in answers if answer.village_code == code)
        blocks = [block_of(answer, language) for answer in own]
        size = next(
            (one for one in _SIZES if sum(block_mm(each, one) for each in blocks) <= _TABLE_MM),
            _SIZES[-1],
        )
        pages: list[list[Block]] = [[]]
        for block in blocks:
            used = sum(block_mm(each, size) for each in pages[-1])
            if pages[-1] and used + block_mm(block, size) > _TABLE_MM:
                pages.append([])
            pages[-1].append(block)
        posters += [
            Poster(
                village=village,
                blocks=tuple(page),
                size=size,
                answers=own,
                stay=staying[village],
                page=number,
            )
            for number, page in enumerate(pages, start=1)
        ]
    return posters


def _staying(answers: Sequence[Answer], land: Land) -> list[tuple[str, ...]]:
    """Return the settlements of each village from which nobody needs to leave."""
    found: list[list[str]] = [[] for _ in range(len(land.plan.villages))]
    settlements = land.options.settlements
    if settlements is not None and len(settlements):
        leaving = {answer.position for answer in answers}
        points = shapely.point_on_surface(land.layers["settlements"])
        tree = shapely.STRtree(land.layers["villages"])
        pairs = tree.query(points, predicate="intersects").T.tolist()
        home: dict[int, int] = dict(reversed(pairs))
        for position, name in enumerate(settlements["name"].astype(str)):
            if position in home and position not in leaving:
                found[home[position]].append(name)
    return [tuple(names) for names in found]


def draw_poster(page: Any, poster: Poster, land: Land, ways: Ways, language: str) -> None:
    """Draw a poster.

    Parameters
    ----------
    page
        Axes of the page, from `page_axes`.
    poster
        What it holds.
    land, ways
        From `prepare_land` and `card_ways`.
    language
        `id` or `en`.
    """
    _title(page, poster, land, language)
    down = _table(page, poster, land, language)
    top = max(down + 6.0, 0.0)
    end = POSTER_MM[1] - _FOOT_MM - _STRIP_MM
    wide = POSTER_MM[0] - 2.0 * MARGIN_MM
    advice = procedure_sentences(land.options, language, land.plan.assumptions.mode)
    map_wide = wide * _MAP_SHARE if advice else wide
    draw_drill_map(
        page.get_figure(),
        (MARGIN_MM, top, map_wide, end - top),
        land,
        _view(poster, land, ways),
        language,
    )
    if advice:
        place = (MARGIN_MM + map_wide + 8.0, top, wide - map_wide - 8.0)
        _advice(page, place, end, advice)
    _strip(page, end + 5.0, land, language)
    _foot(page, POSTER_MM[1] - _FOOT_MM + 1.0, land, language)


def _title(page: Any, poster: Poster, land: Land, language: str) -> None:
    """Draw the question, the sign and the village."""
    plan = land.plan
    wide = POSTER_MM[0]
    high = 62.0
    box(page, (0.0, 0.0, wide, high), fill=style.SHELTER_USABLE)
    sign = 44.0
    draw_shelter(page, (MARGIN_MM + sign / 2.0, high / 2.0), "usable", sign / MM_PER_POINT)
    left = MARGIN_MM + sign + 10.0
    room = wide - left - MARGIN_MM
    words = text.word("poster_title", language)
    size = size_that_fits(words, room, _TITLE_SIZES, bold=True)
    top = high / 2.0 - size * LINE * MM_PER_POINT / 2.0
    write(page, (left, top, room), words, size, bold=True, colour="white")
    room = wide - 2.0 * MARGIN_MM
    top = high + 5.0
    if plan.is_sample:
        stamp = text.word("sample", language)
        draw_stamp(page, wide - MARGIN_MM, top + 4.0, stamp, 30.0)
        room -= 95.0
    name = str(plan.villages["village_name"].iloc[poster.village])
    if poster.page > 1:
        name = f"{name} ({text.word('poster_more', language)})"
    size = size_that_fits(name, room, (64.0, 56.0, 48.0, 40.0), bold=True)
    down = write(page, (MARGIN_MM, top, room), cut_to(name, room, size, bold=True), size, bold=True)
    departure = text.departure_name(content.departures(plan)[0], plan.hazard.kinds[0], language)
    code = content.official_code(str(plan.villages.index[poster.village]))
    parts = [hazard_words(plan, language), departure]
    parts += [f"{text.word('area_code', language)} {code}"] if code else []
    line = " · ".join(parts)
    size = size_that_fits(line, room, (26.0, 24.0, 22.0, 20.0))
    write(page, (MARGIN_MM, down, room), cut_to(line, room, size), size)


def _table(page: Any, poster: Poster, land: Land, language: str) -> float:
    """Draw who goes where; return where it ends."""
    top = _TABLE_TOP
    left, right = MARGIN_MM, POSTER_MM[0] - MARGIN_MM
    wide = right - left
    doubt = content.unknown_sentence(land.plan, poster.village, language)
    if not poster.blocks:
        words = f"{text.word('summary_nobody', language)} {doubt}".strip()
        return write(page, (left, top, wide), words, 40.0, bold=True)
    first, second, third = columns()
    size = poster.size * SMALL
    high = size * LINE * MM_PER_POINT
    for term, at, room, align in (
        ("poster_from", left, first, "left"),
        ("poster_to", left + first, second, "left"),
        ("walk", left + first + second, third, "right"),
    ):
        words = text.word(land.plan.assumptions.mode if term == "walk" else term, language)
        write(page, (at, top - high - 1.0, room), words, size, align=align)
    rule(page, (left, top), (right, top), line=2.5)
    for block in poster.blocks:
        top = draw_block(page, top, block, poster.size)
    if poster.stay:
        words = text.word("poster_stay", language, names=text.listing(poster.stay, language))
        words = f"{words} {doubt}".strip()
        top = write(page, (left, top + 3.0, wide), words, 22.0)
    return top


def _advice(
    page: Any,
    place: tuple[float, float, float],
    end: float,
    advice: list[tuple[str, list[str]]],
) -> None:
    """Write what to do, from a place down to an end: first what counts when the alarm sounds."""
    left, top, wide = place
    items = []
    for heading, sentences in [*advice[1:], *advice[:1]]:
        items.append(Item(words=heading, bold=True, share=1.15, before=0.5))
        items += [Item(words=words, number="•") for words in sentences]
    fits = (one for one in _ADVICE_SIZES if write_items(None, (left, top, wide), items, one) <= end)
    size = next(fits, _ADVICE_SIZES[-1])
    while len(items) > 1 and write_items(None, (left, top, wide), items, size) > end:
        items.pop()
    write_items(page, (left, top, wide), items, size)


def _strip(page: Any, top: float, land: Land, language: str) -> None:
    """Write the emergency numbers, in two columns, and who publishes the poster."""
    options = land.options
    contact = bool(options.link or options.agency or options.contact)
    wide = (POSTER_MM[0] - 2.0 * MARGIN_MM) * (_NUMBERS_SHARE if contact else 1.0) - 8.0
    rule(page, (MARGIN_MM, top), (POSTER_MM[0] - MARGIN_MM, top), line=1.2)
    top += 2.0
    down = write(
        page, (MARGIN_MM, top, wide), text.word("print_emergency", language), 26.0, bold=True
    )
    names = {str(name): str(number) for name, number in options.emergency_numbers.items()}
    names = names or {text.word(f"print_emergency_{term}", language): "" for term in _BLANKS}
    half = wide / 2.0
    for place, (name, number) in enumerate(list(names.items())[:_MOST_NUMBERS]):
        left, at = MARGIN_MM + (place % 2) * half, down + (place // 2) * _NUMBER_MM
        words = f"{name}: {number}".strip()
        bold = bool(number)
        size = size_that_fits(words, half - 4.0, (22.0, 20.0, 18.0, 16.0), bold=bold)
        write(
            page,
            (left, at, half - 4.0),
            cut_to(words, half - 4.0, size, bold=bold),
            size,
            bold=bold,
        )
        if not number:
            start = left + width_mm(words, size) + 2.0
            blank(page, min(start, left + half * 0.7), left + half - 6.0, at + 9.0)
    if contact:
        _contact(
            page,
            (MARGIN_MM + wide + 8.0, top + 1.0, POSTER_MM[0] - 2.0 * MARGIN_MM - wide - 8.0),
            land,
            language,
        )


def _contact(page: Any, place: tuple[float, float, float], land: Land, language: str) -> None:
    """Draw the code that leads to the map, and who publishes the poster."""
    left, top, wide = place
    options = land.options
    indent = 0.0
    if options.link:
        side = 40.0
        draw_qr(page, left, top, side, options.link)
        indent = side + 5.0
    room = wide - indent
    items = [
        Item(words=cut_to(words, room, 16.0, bold=bold, lines=2), bold=bold)
        for words, bold in (
            (options.agency, True),
            (options.contact, False),
            (text.word("card_scan", language) if options.link else "", False),
        )
        if words
    ]
    write_items(page, (left + indent, top, room), items, 16.0)


def _foot(page: Any, top: float, land: Land, language: str) -> None:
    """Write what the poster rests on."""
    said = (
        text.word("disclaimer", language),
        text.word("card_indicative", language),
        f"{content.attribution(land.plan, language)}.",
        f"{text.word('made_on', language)} {content.made_on(land.plan, language)}.",
    )
    wide = POSTER_MM[0] - 2.0 * MARGIN_MM
    words = cut_to(" ".join(said), wide, 14.0, lines=3)
    write(page, (MARGIN_MM, top, wide), words, 14.0)


def _view(poster: Poster, land: Land, ways: Ways) -> View:
    """Return what the map of a poster shows: the village, its ways and its shelters."""
    main, other = [], []
    shelters: dict[str, None] = {}
    places = []
    for answer in poster.answers:
        lines = [ways.routes[part.route_id]["geometry"] for part in answer.parts if part.route_id]
        main += lines[:1]
        other += lines[1:MOST_PARTS]
        shelters |= {part.shelter_id: None for part in answer.parts[:MOST_PARTS]}
        if not (len(poster.answers) == 1 and answer.name == answer.village_name):
            x, y = answer.places.mean(axis=0).tolist()
            places.append(Place(x=x, y=y, words=answer.name, kind="settlement"))
    signs = [shelter_place(shelter_id, ways) for shelter_id in shelters]
    homes = [
        np.column_stack([answer.places, np.minimum(answer.goes_to, 0).astype(np.float64)])
        for answer in poster.answers
    ]
    return View(
        main=tuple(main),
        other=tuple(other),
        places=(*signs, *places),
        homes=np.concatenate(homes) if homes else np.empty((0, 3)),
        shapes=tuple(shapely.Point(sign.x, sign.y) for sign in signs)
        or (land.layers["villages"][poster.village],),
        landmarks=False,
        zoom=_MAP_ZOOM,
    )
