"""Directions in words: the legs of a route as numbered steps a resident can follow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resilience_geo.maps import text
from resilience_geo.maps.content import SOME_ROAD_M
from resilience_geo.maps.drill_answers import compass

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

WALK = "walk"
"""What `route_directions` calls a leg off the roads."""
_ROAD_WORDS: dict[str, str] = {
    "footway": "road_path",
    "path": "road_path",
    "pedestrian": "road_path",
    "cycleway": "road_path",
    "bridleway": "road_path",
    "steps": "road_steps",
    "track": "road_track",
    WALK: "road_off",
}
LEAST_SHOWN_M = 10.0
"""Shorter legs are written as 10 m: no one walks "0 m"."""
_NAMED_ROADS = 3
_MAIN_SHARE = 1.0 / 3.0
"""A road that is less of several legs is not their main one."""
_DOOR_M = 30.0
_MOST_LETTERS = 60


@dataclass(frozen=True, kw_only=True)
class Step:
    """One numbered line of the directions.

    Parameters
    ----------
    turn
        Which sign it has, one of the turns of `route_directions`.
    words
        What to do, with its distance.
    distance_m
        How far the step leads (m).
    """

    turn: str
    words: str
    distance_m: float


def way_steps(legs: pd.DataFrame, shelter: str, language: str, *, most: int = 10) -> list[Step]:
    """Return the legs of one route as at most so many steps; the shortest neighbours are joined.

    Parameters
    ----------
    legs
        Rows of one route, as `route_directions` returns them.
    shelter
        Name of the shelter.
    language
        `id` or `en`.
    most
        How many steps there may be, at least 2.

    Returns
    -------
    list of Step
        Their distances sum to that of the legs. The last one arrives.
    """
    # That a turn is at the place one goes to tells nobody where it is.
    known = legs.assign(landmark=legs["landmark"].where(legs["landmark"] != shelter, ""))
    rows = known.to_dict("records")
    groups = [[row] for row in rows if row["turn"] != "arrive"]
    arrived = sum(float(row["distance_m"]) for row in rows if row["turn"] == "arrive")
    end = rows[-1]
    if len(groups) > 1 and _at_the_door(groups[-1][0]):
        (end,) = groups.pop()
        arrived += float(end["distance_m"])
    while len(groups) > max(1, most - 1):
        lengths = [sum(float(row["distance_m"]) for row in group) for group in groups]
        # Never the first pair while there is another: people look hardest where they set out.
        first = 1 if len(groups) > 2 else 0  # noqa: PLR2004  two groups have one pair
        pairs = [lengths[one] + lengths[one + 1] for one in range(first, len(groups) - 1)]
        place = first + pairs.index(min(pairs))
        groups[place : place + 2] = [groups[place] + groups[place + 1]]
    shelter = short_name(shelter)
    before = ""
    steps = []
    for number, group in enumerate(groups):
        last = number == len(groups) - 1
        after = end if last else groups[number + 1][0]
        steps.append(_step(group, before, shelter if last else "", language, after=after))
        before = str(group[-1]["road_name"])
    words = text.word("turn_arrive", language, shelter=shelter)
    return [*steps, Step(turn="arrive", words=words, distance_m=arrived)]


def _at_the_door(leg: Any) -> bool:
    """Return whether a last leg, on a way without a name, is so short that one sees the place."""
    nameless = not str(leg["road_name"]) and str(leg["highway"]) != WALK
    dry = not float(leg.get("hazardous_m", 0.0)) >= SOME_ROAD_M
    return nameless and dry and float(leg["distance_m"]) < _DOOR_M


def _step(group: Sequence[Any], before: str, shelter: str, language: str, *, after: Any) -> Step:
    """Return one or several legs as a step; `shelter` where the way ends with it.

    `before` is the name of the road before it, `after` the leg that begins where it ends.
    """
    words = _leg_words(group[0], before, shelter if len(group) == 1 else "", language)
    if len(group) == 2:  # noqa: PLR2004  two legs are both said
        second = _leg_words(group[1], str(group[0]["road_name"]), shelter, language)
        words = text.word("way_then", language, first=words, second=lower_first(second))
    elif len(group) > 2:  # noqa: PLR2004  of more only the main road and where it leads
        words = _many_words(words, group[1:], after, language)
    distance_m = sum(float(row["distance_m"]) for row in group)
    shown = text.distance(max(distance_m, LEAST_SHOWN_M), language)
    words = text.word("way_length", language, words=words, distance=shown)
    hazardous_m = sum(float(row.get("hazardous_m", 0.0)) for row in group)
    if hazardous_m >= SOME_ROAD_M:
        shown = text.distance(max(hazardous_m, LEAST_SHOWN_M), language)
        words = f"{words} ({text.word('way_hazard', language, distance=shown)})"
    return Step(turn=str(group[0]["turn"]), words=words, distance_m=distance_m)


def _many_words(first: str, legs: Sequence[Any], after: Any, language: str) -> str:
    """Return many short legs after the first one as their main road, direction and end."""
    lengths: dict[str, float] = {}
    for leg in legs:
        lengths[road_name(leg)] = lengths.get(road_name(leg), 0.0) + float(leg["distance_m"])
    whole_m = sum(lengths.values())
    lengths.pop("", None)
    main = max(lengths, key=lambda name: lengths[name], default="")
    roads = text.word("way_small_roads", language)
    if main and lengths[main] >= _MAIN_SHARE * whole_m:
        roads = text.word("way_mainly", language, road=main)
    east, north = (float(after[axis]) - float(legs[0][axis]) for axis in ("x", "y"))
    side = text.word(f"compass_{compass(math.degrees(math.atan2(east, north)))}", language)
    then = road_name(after)
    words = text.word("way_many", language, first=first, roads=roads, compass=side)
    if not then or then == main:
        return words
    return text.word("way_many_until", language, words=words, road=then)


def road_name(leg: Any) -> str:
    """Return the name of the road of a leg, short enough to stand in a sentence; "" without one."""
    return short_name(str(leg["road_name"]))


def _leg_words(leg: Any, before: str, shelter: str, language: str) -> str:
    """Return what to do at the start of a leg, and on which road."""
    turn = str(leg["turn"])
    off_road = str(leg["highway"]) == WALK
    side = text.word(f"compass_{compass(float(leg['bearing_degrees']))}", language)
    if turn == "start" and off_road:
        words = text.word("turn_home", language, compass=side)
    else:
        said = text.word(f"turn_{turn}", language, compass=side)
        if off_road and shelter:
            words = text.word("way_last", language, turn=said, shelter=shelter)
        else:
            name = str(leg["road_name"])
            term = "way_onto"
            if turn == "start":
                term = "way_through"
            elif name and name == before:
                term = "way_stay"
            words = text.word(term, language, turn=said, road=road_words(leg, language))
    if bool(leg["on_bridge"]):
        words = text.word("way_bridge", language, words=words)
    landmark = short_name(str(leg["landmark"]))
    if not landmark:
        return words
    if turn in ("start", "straight"):
        return text.word("way_near", language, words=words, landmark=landmark)
    return text.word("way_at", language, words=lower_first(words), landmark=landmark)


def road_words(leg: Any, language: str) -> str:
    """Return the name of the road of a leg, or of which kind a nameless one is."""
    name = short_name(str(leg["road_name"]))
    kind = _ROAD_WORDS.get(str(leg["highway"]), "road_unnamed")
    return name or text.word(kind, language)


def main_roads(legs: pd.DataFrame, language: str) -> str:
    """Return the longest named roads of a route in the order in which they come."""
    named = legs[(legs["road_name"] != "") & (legs["turn"] != "arrive")]
    if named.empty:
        kinds = legs[legs["highway"] != WALK]
        leg = (kinds if len(kinds) else legs).to_dict("records")[0]
        return road_words(leg, language)
    lengths = named.groupby("road_name", sort=False)["distance_m"].sum()
    longest = set(lengths.sort_values(ascending=False, kind="stable").index[:_NAMED_ROADS])
    return text.listing(
        [short_name(str(name)) for name in lengths.index if name in longest], language
    )


def short_name(name: str) -> str:
    """Return a name short enough to stand in a sentence."""
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 3].rstrip()}..."


def lower_first(words: str) -> str:
    """Return words to stand inside a sentence."""
    return words[:1].lower() + words[1:]
