"""What route cards say besides the directions: who goes where, who has no place, who needs help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resilience_geo.inputs.vulnerable_columns import VULNERABLE_GROUPS
from resilience_geo.maps import content, text
from resilience_geo.maps.drill_answers import without_place
from resilience_geo.maps.drill_directions import LEAST_SHOWN_M, lower_first, main_roads, short_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import pandas as pd

    from resilience_geo.maps.drill_answers import Answer, Part
    from resilience_geo.plan import EvacuationPlan

MOST_PARTS = 3
_NAMED_REST = 2
_LONGER_S = 90.0
"""Fewer seconds are within what such a plan can say."""
_SHARED = 0.1
"""Less of a second route on the first one is not worth a word."""


def hazard_words(plan: EvacuationPlan, language: str) -> str:
    """Return what the hazards of a plan are called."""
    return text.listing([text.word(kind, language) for kind in plan.hazard.kinds], language)


def time_words(part: Part, plan: EvacuationPlan, language: str) -> str:
    """Return how long the people of a part take and by what, as "34 menit jalan kaki"."""
    mode = text.word(plan.assumptions.mode, language)
    return f"{text.minutes(part.travel_time_s, language)} {mode}"


def part_sentences(answer: Answer, language: str) -> list[str]:
    """Return which part of a settlement goes where; nothing where all go to one shelter."""
    if len(answer.parts) < 2:  # noqa: PLR2004  one part is no division
        return []
    said = [
        text.word(
            "card_part",
            language,
            people=text.number(part.people, language),
            where=where_words(part, language),
            shelter=short_name(part.shelter),
            minutes=text.minutes(part.travel_time_s, language),
        )
        for part in answer.parts[:MOST_PARTS]
    ]
    rest = answer.parts[MOST_PARTS:]
    if rest:
        people = text.number(sum(part.people for part in rest), language)
        names = text.listing([short_name(part.shelter) for part in rest], language)
        if len(rest) > _NAMED_REST:
            count = text.number(len(rest), language)
            names = text.word("card_other_places", language, count=count)
        said.append(text.word("card_parts_rest", language, people=people, shelters=names))
    return said


def where_words(part: Part, language: str) -> str:
    """Return on which side of the settlement a part lives, in brackets; nothing where all over."""
    if not part.side:
        return ""
    side = text.word(f"compass_{part.side}", language)
    return text.word("card_where", language, compass=side)


def reason_words(cause: str, plan: EvacuationPlan, language: str) -> str:
    """Return why people have no place, as a sentence."""
    minutes = text.plain_number(float(plan.assumptions.time_limit_min), language)
    return text.word(f"card_why_{cause}", language, minutes=minutes)


def left_sentence(answer: Answer, language: str) -> str:
    """Return how many have no place and why; nothing where all have one."""
    people = without_place(answer.left)
    if not people:
        return ""
    reasons = [
        f"{lower_first(text.word(cause, language))} ({text.number(count, language)})"
        for cause, count in answer.left
    ]
    return text.word(
        "card_left",
        language,
        people=text.number(people, language),
        reasons=", ".join(reasons),
    )


def way_heading(part: Part, language: str, *, few: bool = False) -> str:
    """Return how long the route of a part is, how long it takes, and how much of it is hazard.

    Where only few have a place, the heading says how many, and where.
    """
    said = {"people": text.number(part.people, language), "shelter": short_name(part.shelter)}
    words = text.word(
        "card_way_few" if few else "card_way",
        language,
        **(said if few else {}),
        distance=text.distance(part.distance_m, language),
        minutes=text.minutes(part.route_time_s, language),
    )
    if not part.hazardous_m >= content.SOME_ROAD_M:
        return words
    distance = text.distance(max(part.hazardous_m, LEAST_SHOWN_M), language)
    return text.word("card_way_hazard", language, way=words, distance=distance)


def unknown_sentence(part: Part, language: str) -> str:
    """Return on how much of the route of a part the hazard is unknown; or nothing."""
    if not part.unknown_m >= content.SOME_ROAD_M:
        return ""
    distance = text.distance(max(part.unknown_m, LEAST_SHOWN_M), language)
    return text.word("card_hazard_unknown", language, distance=distance)


def second_sentence(
    part: Part,
    second: Mapping[str, Any] | None,
    legs: pd.DataFrame | None,
    names: Mapping[str, str],
    language: str,
) -> str:
    """Return the second route of a part, or that there is none.

    Parameters
    ----------
    part
        Whose second route it is.
    second
        Its row of `plan.routes`; None where there is none.
    legs
        Its directions.
    names
        Of the shelters, by identifier.
    language
        `id` or `en`.
    """
    if second is None or legs is None:
        return text.word("card_no_second", language)
    facts = text.word(
        "card_second_way",
        language,
        minutes=text.minutes(float(second["travel_time_s"]), language),
        distance=text.distance(float(second["distance_m"]), language),
        roads=main_roads(legs, language),
    )
    shared_m = float(second.get("shared_m", 0.0))
    if shared_m > _SHARED * float(second["distance_m"]):
        shared = text.distance(shared_m, language)
        facts = text.word("card_second_shared", language, facts=facts, shared=shared)
    shelter_id = str(second["shelter_id"])
    if shelter_id != part.shelter_id:
        shelter = short_name(names.get(shelter_id, shelter_id))
        facts = text.word("card_second_to", language, shelter=shelter, facts=facts)
    return text.word("card_second", language, facts=facts)


def late_sentence(answer: Answer, language: str) -> str:
    """Return what it costs the people of a settlement to leave late.

    Of people who have a place only late nothing is said: they have it because others lost theirs,
    and a card must not praise waiting.
    """
    if not answer.parts or not (answer.late_parts or answer.late_left):
        return ""
    said = []
    if not answer.late_parts:
        said.append(text.word("card_late_all", language))
    else:
        said += _late_changes(answer, language)
    return text.word("card_late", language, said="; ".join(said))


def _late_changes(answer: Answer, language: str) -> list[str]:
    """Return what changes for people who leave late and still have a place, at least one thing."""
    main, late = answer.parts[0], answer.late_parts[0]
    said = [words for words in (_late_without_place(answer, language),) if words]
    minutes, before = (text.minutes(one.travel_time_s, language) for one in (late, main))
    if late.shelter_id != main.shelter_id:
        shelter = short_name(late.shelter)
        if 2 * late.people > answer.evacuees:
            words = text.word("card_late_other", language, shelter=shelter, minutes=minutes)
        else:
            people = text.number(late.people, language)
            words = text.word(
                "card_late_some", language, people=people, shelter=shelter, minutes=minutes
            )
        said.append(words)
    elif late.travel_time_s > main.travel_time_s + _LONGER_S:
        said.append(text.word("card_late_longer", language, minutes=minutes, before=before))
    return said or [text.word("card_late_same", language)]


def _late_without_place(answer: Answer, language: str) -> str:
    """Return how many have no place late, and how many of them had one early.

    Where fewer have none late than early only those who lost theirs are told.
    """
    left, late_left = (without_place(each) for each in (answer.left, answer.late_left))
    lost = answer.lost_if_late
    number = text.number(lost, language)
    if late_left <= left:
        return text.word("late_lost", language, lost=number) if lost else ""
    people = text.number(answer.evacuees, language)
    if lost == late_left:
        return text.word("card_late_lost", language, lost=number, people=people)
    words = text.word(
        "card_late_left", language, left=text.number(late_left, language), people=people
    )
    if not lost:
        return words
    words_lost = text.word("late_lost", language, lost=number)
    return text.word("card_late_left_lost", language, left=words, lost=words_lost)


def needs_sentence(answer: Answer, language: str) -> str:
    """Return who needs help and from how many helpers; nothing where nobody does."""
    needs = answer.needs
    if not needs.people:
        return ""
    groups = [
        text.word(
            "card_needs_group",
            language,
            count=text.number(needs.groups[name], language),
            group=lower_first(text.word(name, language)),
        )
        for name in VULNERABLE_GROUPS
        if needs.groups[name]
    ]
    return text.word(
        "card_needs",
        language,
        people=text.number(needs.people, language),
        helpers=text.number(needs.helpers, language),
        estimate=estimate_mark(answer, language),
        without=_without_children(answer, language),
        groups=text.listing(groups, language),
    )


def _without_children(answer: Answer, language: str) -> str:
    """Return in brackets that those to be helped are counted without small children, if so.

    Whether small children need a helper is a choice of the plan; without a word the figures of the
    groups would not add up with those to be helped.
    """
    groups = dict(answer.needs.groups)
    children = groups.pop("children_under_5", 0)
    counted = not children or answer.needs.people != sum(groups.values())
    return "" if counted else text.word("card_needs_without", language)


def estimate_mark(answer: Answer, language: str) -> str:
    """Return in brackets that figures of those who need help are estimates; nothing if counted."""
    source = answer.needs.source
    if source == "table" and answer.needs.estimated:
        source = "mixed"
    return content.estimate_mark(source, language)
