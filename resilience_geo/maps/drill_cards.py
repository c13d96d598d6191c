"""Route cards: half a page for each settlement, with its way turn by turn and a small map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resilience_geo.maps import content, style, text
from resilience_geo.maps.drill_answers import mostly_without_place, without_place
from resilience_geo.maps.drill_directions import way_steps
from resilience_geo.maps.drill_map import draw_drill_map
from resilience_geo.maps.drill_page import (
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
from resilience_geo.maps.drill_sentences import (
    hazard_words,
    late_sentence,
    left_sentence,
    needs_sentence,
    part_sentences,
    reason_words,
    second_sentence,
    time_words,
    unknown_sentence,
    way_heading,
)
from resilience_geo.maps.drill_ways import card_view
from resilience_geo.maps.printed_frame import draw_qr
from resilience_geo.maps.printed_signs import draw_cause, draw_shelter
from resilience_geo.maps.symbols import shelter_role, shelter_state

if TYPE_CHECKING:
    from resilience_geo.maps.drill_answers import Answer
    from resilience_geo.maps.drill_land import Land
    from resilience_geo.maps.drill_ways import Ways
    from resilience_geo.plan import EvacuationPlan

CARD_MM = (210.0, 148.5)
"""Width and height of a card: half of an upright A4 page."""
_MARGIN = 9.0
_MAP_WIDE = 82.0
_BAND_TOP, _BAND_MM = 25.0, 16.5
_BODY_TOP, _BODY_END = 42.5, 134.0
_LEAST_MAP_MM = 42.0
_CODE_MM = 21.0
_HELPER_MM = 7.0
_GAP = 2.0
_SIZES = (11.0, 10.5, 10.0, 9.5, 9.0)
"""Sizes of the letters, the first that fits is taken."""
_MOST_STEPS = 10
_SMALL = 9.0


def draw_card(page: Any, top: float, answer: Answer, land: Land, ways: Ways, language: str) -> None:
    """Draw a card on a page.

    Parameters
    ----------
    page
        Axes of the page, from `page_axes`.
    top
        Where on the page the card begins (mm).
    answer
        Whose card it is.
    land, ways
        From `prepare_land` and `card_ways`.
    language
        `id` or `en`.
    """
    left, wide = _MARGIN, CARD_MM[0] - 2.0 * _MARGIN
    _head(page, (left, top + 6.0, wide), answer, land.plan, language)
    band = (left, top + _BAND_TOP, wide, _BAND_MM)
    if not mostly_without_place(answer):
        _band(page, band, answer, land.plan, ways, language)
    else:
        _warning_band(page, band, answer, language)
    layout = _layout(answer, land, ways, language)
    text_wide = wide - _MAP_WIDE - 4.0
    write_items(page, (left, top + _BODY_TOP, text_wide), layout.way, layout.size)
    map_box = (left + text_wide + 4.0, top + _BODY_TOP, _MAP_WIDE, layout.map_mm)
    draw_drill_map(page.get_figure(), map_box, land, card_view(answer, ways), language)
    under = top + _BODY_TOP + layout.map_mm + _GAP
    write_items(page, (left, under, _rest_wide(land)), layout.rest, layout.size)
    if land.options.link:
        code = (left + wide - _CODE_MM, under)
        draw_qr(page, *code, _CODE_MM, land.options.link)
        words = text.word("card_scan", language)
        place = (left, under + _CODE_MM, wide)
        write(page, place, words, _SMALL, align="right")
    if layout.helper:
        _helper_lines(page, (left, top + _BODY_END - 1.0, _rest_wide(land)), language)
    rule(page, (left, top + _BODY_END + 1.2), (left + wide, top + _BODY_END + 1.2), line=0.5)
    words = cut_to(_foot_words(land, language), wide, _SMALL, lines=2)
    write(page, (left, top + _BODY_END + 1.7, wide), words, _SMALL)


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """What the body of a card says, and in which size.

    Parameters
    ----------
    size
        Of the letters, in points.
    way, rest
        Beside the map, and below it.
    map_mm
        Height of the map.
    helper
        Whether there is room for the name of a helper.
    """

    size: float
    way: list[Item]
    rest: list[Item]
    map_mm: float
    helper: bool


def _rest_wide(land: Land) -> float:
    """Return how wide the text below the map is (mm)."""
    wide = CARD_MM[0] - 2.0 * _MARGIN
    return wide - _CODE_MM - 9.0 if land.options.link else wide


def _layout(answer: Answer, land: Land, ways: Ways, language: str) -> _Layout:
    """Return the layout of a card in the largest letters that fit.

    Lines for a helper's name give way before directions are shortened; of what still finds no room
    the end is left out.
    """
    whole = _BODY_END - _BODY_TOP
    text_wide = CARD_MM[0] - 2.0 * _MARGIN - _MAP_WIDE - 4.0
    below_least = _CODE_MM + 5.0 if land.options.link else 0.0
    rest = _rest_items(answer, land, ways, language)
    for helper, size in [(True, each) for each in _SIZES] + [(False, _SIZES[-1])]:
        rest_mm = write_items(None, (0.0, 0.0, _rest_wide(land)), rest, size)
        below = max(rest_mm + (_HELPER_MM if helper else 0.0), below_least)
        map_mm = whole - below - _GAP
        way = _way_items(answer, land, ways, language, _MOST_STEPS)
        way_mm = write_items(None, (0.0, 0.0, text_wide), way, size)
        if map_mm >= max(way_mm, _LEAST_MAP_MM):
            return _Layout(size=size, way=way, rest=rest, map_mm=map_mm, helper=helper)
    while len(rest) > 1 and whole - rest_mm - _GAP < _LEAST_MAP_MM:
        rest = rest[:-1]
        rest_mm = write_items(None, (0.0, 0.0, _rest_wide(land)), rest, size)
    map_mm = whole - max(rest_mm, below_least) - _GAP
    for most in range(_MOST_STEPS, 1, -1):
        way = _way_items(answer, land, ways, language, most)
        if write_items(None, (0.0, 0.0, text_wide), way, size) <= map_mm:
            break
    return _Layout(size=size, way=way, rest=rest, map_mm=map_mm, helper=False)


def _helper_lines(page: Any, place: tuple[float, float, float], language: str) -> None:
    """Draw lines for the name and telephone of a helper."""
    left, base, wide = place
    words, phone = (text.word(f"card_{name}", language) for name in ("leader", "phone"))
    middle = left + wide * 0.56
    write(page, (left, base - 3.3, wide), words, _SMALL)
    blank(page, left + width_mm(words, _SMALL) + 1.5, middle, base)
    write(page, (middle + 2.0, base - 3.3, wide), phone, _SMALL)
    blank(page, middle + 3.5 + width_mm(phone, _SMALL), left + wide, base)


def _foot_words(land: Land, language: str) -> str:
    """Return who made the card and what it is not."""
    options = land.options
    published = ", ".join(part for part in (options.agency, options.contact) if part)
    said = (
        text.word("card_caution", language),
        text.word("card_indicative", language),
        f"{content.attribution(land.plan, language)}.",
        f"{published}." if published else "",
    )
    return " ".join(part for part in said if part)


def _head(
    page: Any,
    place: tuple[float, float, float],
    answer: Answer,
    plan: EvacuationPlan,
    language: str,
) -> None:
    """Write whose card it is."""
    left, top, wide = place
    stamp = text.word("sample", language) if plan.is_sample else ""
    room = wide
    if stamp:
        room -= stamp_mm(stamp, 11.0) + 4.0
        draw_stamp(page, left + wide, top, stamp, 11.0)
    hazard = hazard_words(plan, language)
    departure = text.departure_name(content.departures(plan)[0], plan.hazard.kinds[0], language)
    made = f"{text.word('made_on', language)} {content.made_on(plan, language)}"
    line = f"{text.word('card_title', language, hazard=hazard)} · {departure} · {made}"
    down = write(page, (left, top, room), cut_to(line, room, _SMALL), _SMALL)
    size = size_that_fits(answer.name, room, (22.0, 20.0, 18.0, 16.0), bold=True)
    name = cut_to(answer.name, room, size, bold=True)
    down = write(page, (left, down, room), name, size, bold=True)
    people = text.number(answer.evacuees, language)
    where = (
        "" if answer.name == answer.village_name or answer.outside else f"{answer.village_name} · "
    )
    code = content.official_code(answer.village_code)
    said = f"{text.word('area_code', language)} {code} · " if code else ""
    line = f"{where}{said}{text.word('card_people', language, people=people)}"
    write(page, (left, down, wide), cut_to(line, wide, 10.5), 10.5)


def stamp_mm(words: str, size: float) -> float:
    """Return how wide the stamp of made-up data is (mm)."""
    return width_mm(words, size, bold=True) + 4.0


def draw_stamp(page: Any, right: float, top: float, words: str, size: float) -> None:
    """Draw the stamp of made-up data, its upper right at a place."""
    wide, high = stamp_mm(words, size), size * MM_PER_POINT * 1.7
    box(page, (right - wide, top, wide, high), fill="black")
    place = (right - wide, top + high * 0.13, wide)
    write(page, place, words, size, bold=True, colour="white", align="center")


def _band(
    page: Any,
    place: tuple[float, float, float, float],
    answer: Answer,
    plan: EvacuationPlan,
    ways: Ways,
    language: str,
) -> None:
    """Draw where to go: the sign, the name of the shelter and how long it takes."""
    left, top, wide, high = place
    part = answer.parts[0]
    shelter = ways.shelters[part.shelter_id]
    box(page, place, fill=style.SHELTER_USABLE)
    state = shelter_state(str(shelter["status"]), float(shelter["capacity_people"]))
    sign = (high - 2.0) / MM_PER_POINT
    middle = (left + high / 2.0, top + high / 2.0)
    draw_shelter(page, middle, state, sign, role=shelter_role(str(shelter.get("kind", ""))))
    facts_wide = 62.0
    room = wide - high - facts_wide - 4.0
    at = left + high + 1.0
    size = size_that_fits(part.shelter, room, (20.0, 18.0, 17.0, 16.0, 0.0), bold=True)
    if size:
        down = write(
            page, (at, top + 0.7, room), text.word("card_to", language), 10.0, colour="white"
        )
        write(page, (at, down - 0.2, room), part.shelter, size, bold=True, colour="white")
    else:  # a long name takes both lines
        name = cut_to(part.shelter, room, 16.0, bold=True, lines=2)
        write(page, (at, top + 0.6, room), name, 16.0, bold=True, colour="white")
    facts = (left + wide - facts_wide - 2.5, top + 0.4, facts_wide)
    words = text.word("card_half", language)
    down = write(page, facts, words, _SMALL, align="right", colour="white")
    words = time_words(part, plan, language)
    size = size_that_fits(words, facts_wide, (18.0, 16.0, 14.0), bold=True)
    minutes_place = (facts[0], down - 0.2, facts_wide)
    down = write(page, minutes_place, words, size, align="right", bold=True, colour="white")
    last = text.minutes(part.longest_s, language)
    words = text.word("card_last", language, minutes=last)
    write(page, (facts[0], down - 0.2, facts_wide), words, _SMALL, align="right", colour="white")


def _warning_band(
    page: Any, place: tuple[float, float, float, float], answer: Answer, language: str
) -> None:
    """Draw that most or all have no place yet: black on white, in a thick frame with a cross."""
    left, top, wide, high = place
    inset = 1.0
    box(
        page,
        (left + inset, top + inset, wide - 2.0 * inset, high - 2.0 * inset),
        edge="black",
        line=2.0 * inset / MM_PER_POINT,
    )
    cause = answer.left[0][0]
    middle = (left + high / 2.0 + 1.0, top + high / 2.0)
    draw_cause(page, middle, cause, (high - 5.0) / MM_PER_POINT)
    at, room = left + high + 2.0, wide - high - 5.0
    words = text.word("card_nobody", language)
    size = size_that_fits(words, room, (20.0, 18.0, 16.0), bold=True)
    down = write(page, (at, top + 1.2, room), words, size, bold=True)
    people = text.number(answer.evacuees, language)
    words = text.word("card_nobody_people", language, people=people)
    if answer.parts:
        left_people = text.number(without_place(answer.left), language)
        words = text.word("card_nobody_most", language, left=left_people, people=people)
    write(page, (at, down - 0.9, room), words, 11.0, bold=True)


def _way_items(answer: Answer, land: Land, ways: Ways, language: str, most: int) -> list[Item]:
    """Return what stands beside the map: the directions, or why there are none."""
    if not answer.parts:
        return _reason_items(answer, land, language)
    part = answer.parts[0]
    legs = ways.legs.get(part.route_id)
    if legs is None:
        return []
    steps = way_steps(legs, part.shelter, language, most=most)
    return [
        Item(
            words=way_heading(part, language, few=mostly_without_place(answer)),
            bold=True,
            share=1.05,
        ),
        *(
            Item(words=step.words, number=f"{number}.", turn=step.turn, before=0.18)
            for number, step in enumerate(steps, start=1)
        ),
    ]


def _rest_items(answer: Answer, land: Land, ways: Ways, language: str) -> list[Item]:
    """Return what stands below the map, what matters most first."""
    if not answer.parts:
        return _ask_items(answer, land, language)
    part = answer.parts[0]
    names = {key: str(row["name"]) for key, row in ways.shelters.items()}
    second = ways.routes.get(f"{part.route_id}-2")
    second_legs = ways.legs.get(f"{part.route_id}-2")
    parts = " ".join(part_sentences(answer, language))
    division = f"{text.word('card_parts', language)}: {parts}" if parts else ""
    ends = [
        (second_sentence(part, second, second_legs, names, language), False),
        (needs_sentence(answer, language), False),
    ]
    if mostly_without_place(answer):  # the second route is only of the few
        ends.reverse()
    sentences = (
        (left_sentence(answer, language), True),
        (division, False),
        (late_sentence(answer, language), True),
        *ends,
        (unknown_sentence(part, language), False),
        (text.word("card_signs", language), False),
    )
    return [Item(words=words, bold=bold, before=0.2) for words, bold in sentences if words]


def _reason_items(answer: Answer, land: Land, language: str) -> list[Item]:
    """Return why the people of a settlement have no place."""
    return [
        Item(
            words=text.word(
                "card_reason",
                language,
                reason=reason_words(cause, land.plan, language).rstrip("."),
                people=text.number(people, language),
            ),
            bold=True,
            share=1.2,
            before=0.5,
        )
        for cause, people in answer.left
    ]


def _ask_items(answer: Answer, land: Land, language: str) -> list[Item]:
    """Return what people without a place are to ask, and whom, with room for the answer."""
    agency = ", ".join(part for part in (land.options.agency, land.options.contact) if part)
    whom = f"{text.word('card_ask_whom', language)} {agency}".strip()
    dots = " ." * 44
    items = [
        Item(words=text.word("card_ask", language), bold=True, share=1.25),
        Item(words=whom),
    ]
    items += [
        Item(words=f"{text.word(term, language)}:{dots}", before=0.7)
        for term in ("card_fill_in", "card_fill_way")
    ]
    needs = needs_sentence(answer, language)
    return [*items, Item(words=needs, before=0.5)] if needs else items
