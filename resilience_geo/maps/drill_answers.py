"""Where the people of each settlement go, gathered for cards, observer sheets and posters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from resilience_geo.analysis.departure_difference import people_and_minutes_lost
from resilience_geo.analysis.groups import evacuating_groups
from resilience_geo.analysis.settlement_places import origin_settlements
from resilience_geo.analysis.settlements import settlement_answers, settlement_needs
from resilience_geo.inputs.vulnerable_columns import VULNERABLE_GROUPS
from resilience_geo.maps import content, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from resilience_geo.maps.options import MapOptions
    from resilience_geo.plan import EvacuationPlan

ALLOCATED = "allocated"
COMPASS: tuple[str, ...] = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
_APART = 0.5
"""A part is told by its side when its middle lies this far out, to the spread of the settlement."""
_FEW_PLACES = 3
"""With fewer places of departure on either side a side means nothing."""

Key = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class Part:
    """People of one settlement who go to one shelter.

    Parameters
    ----------
    shelter_id, shelter
        Identifier and name of the shelter.
    people
        How many they are.
    travel_time_s, longest_s
        What half of them need at most, and the last one (s).
    route_id
        The route of the place where most of them live; "" where there is none.
    route_time_s, distance_m, hazardous_m, unknown_m
        Of that route (s, m).
    side
        On which side of the settlement they live, one of `COMPASS`; "" where they live all over.
    need_help
        How many of them need help.
    """

    shelter_id: str
    shelter: str
    people: int
    travel_time_s: float
    longest_s: float
    route_id: str
    route_time_s: float
    distance_m: float
    hazardous_m: float
    unknown_m: float
    side: str = ""
    need_help: int = 0


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Who needs help in a settlement.

    Parameters
    ----------
    people, helpers
        Those who need help, and how many helpers they need.
    groups
        People of each vulnerable group, by its name.
    source
        Where the figures are from: `table`, `national` or `mixed`.
    estimated
        Whether they are no count of this settlement.
    """

    people: int
    helpers: int
    groups: Mapping[str, int]
    source: str
    estimated: bool


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Where the people of one settlement go.

    Parameters
    ----------
    position
        In the settlements, without them in the villages; -1 for people outside all settlements.
    name, village_name, village_code
        What the settlement is called, and the village most of its people belong to.
    outside
        Whether these are the people of a village who live in none of its settlements.
    evacuees
        People who leave; those of `parts` and of `left` together.
    parts
        By shelter, most people first.
    left
        Cause and people of those without a place, most people first.
    late_parts, late_left
        The same when people leave late; both empty where the plan has one departure.
    lost_if_late
        Those who have a place early and none late, counted as the plan counts them by village.
    needs
        Who needs help.
    places
        Where people leave from: x and y in the CRS of the plan, one row each.
    goes_to
        Position in `parts` of each of these places, -1 for people left.
    """

    position: int
    name: str
    village_name: str
    village_code: str
    outside: bool
    evacuees: int
    parts: tuple[Part, ...]
    left: tuple[tuple[str, int], ...]
    late_parts: tuple[Part, ...]
    late_left: tuple[tuple[str, int], ...]
    lost_if_late: int
    needs: Needs
    places: NDArray[np.float64]
    goes_to: NDArray[np.int64]


def drill_answers(plan: EvacuationPlan, options: MapOptions, language: str) -> tuple[Answer, ...]:
    """Return the answers of all settlements with evacuees, village by village.

    A settlement that reaches into two villages is one answer, of the village of most of its people.

    Parameters
    ----------
    plan
        The plan.
    options
        Whose `settlements` are meant; without them every village is one.
    language
        Of the words for people outside all settlements.
    """
    first = content.departures(plan)[0]
    table = settlement_answers(plan.origins, plan.routes, options.settlements, plan.villages)
    table = table[table["evacuees"] > 0]
    table = table.assign(village=plan.villages.index.get_indexer(table["village_code"]))
    keys = _keys(table["village_code"].astype(str), table["settlement"].to_numpy(dtype=np.int64))
    rows = table.assign(key=pd.Series(keys, index=table.index, dtype=object))
    early = content.of_departure(rows, first)
    late = content.of_departure(rows, "late") if plan.departure == "both" else rows.iloc[:0]
    late_by_key = dict(iter(late.groupby("key", sort=False)))
    shelters = content.of_departure(plan.shelters, first).set_index("shelter_id")["name"]
    needs = _needs(plan, options)
    living = _living(plan, options)
    lost = _lost(plan, options)
    found = []
    for key, part in early.groupby("key", sort=False):
        people = part.groupby("village")["evacuees"].sum()
        village = int(people.index[int(np.argmax(people.to_numpy()))])
        home = living[key]
        left = _left(part)
        parts = _with_sides(_parts(part, shelters), home)
        parts = _with_help(parts, without_place(left), needs[key].people, home)
        late_rows = late_by_key.get(key, late.iloc[:0])
        position = {one.shelter_id: number for number, one in enumerate(parts)}
        answer = Answer(
            position=key[1],
            name=_name(plan, options, key, village, language),
            village_name=str(plan.villages["village_name"].iloc[village]),
            village_code=str(plan.villages.index[village]),
            outside=key[1] < 0,
            evacuees=int(part["evacuees"].sum()),
            parts=parts,
            left=left,
            late_parts=_parts(late_rows, shelters),
            late_left=_left(late_rows),
            lost_if_late=lost.get(key, 0),
            needs=needs[key],
            places=home.places,
            goes_to=np.array([position.get(one, -1) for one in home.going], dtype=np.int64),
        )
        found.append(((village, key[1] < 0, key[1]), answer))
    return tuple(answer for _, answer in sorted(found, key=lambda one: one[0]))


def without_place(left: tuple[tuple[str, int], ...]) -> int:
    """Return how many people have no place, of `left` or `late_left` of an answer."""
    return sum(people for _, people in left)


def mostly_without_place(answer: Answer) -> bool:
    """Return whether those without a place are at least as many as those who have one."""
    return 2 * without_place(answer.left) >= answer.evacuees


def _lost(plan: EvacuationPlan, options: MapOptions) -> dict[Key, int]:
    """Return who loses a place by leaving late in each settlement; nobody with one departure."""
    if plan.departure != "both":
        return {}
    origins = plan.origins[plan.origins["evacuees"] > 0]
    numbers = origin_settlements(origins, options.settlements, plan.villages)
    number, keys = pd.factorize(
        pd.Series(_keys(origins["village_code"].astype(str), numbers), dtype=object)
    )
    # A settlement is to this count what a village is in the plan.
    placed = origins.assign(village_code=number)
    early, late = (content.of_departure(placed, name) for name in ("early", "late"))
    lost = people_and_minutes_lost(early, late, pd.RangeIndex(len(keys)))["lost_if_late_people"]
    return dict(zip(keys, lost.astype(int).to_list(), strict=True))


def _keys(codes: Iterable[str], numbers: NDArray[np.int64]) -> list[Key]:
    """Return which settlement each row is of; of people outside all, which village."""
    return [
        (code, -1) if number < 0 else ("", number)
        for code, number in zip(codes, numbers.tolist(), strict=True)
    ]


def _name(plan: EvacuationPlan, options: MapOptions, key: Key, village: int, language: str) -> str:
    """Return what a settlement is called."""
    if key[1] < 0:
        name = str(plan.villages.loc[key[0], "village_name"])
        return text.word("outside_settlements", language, village=name)
    if options.settlements is None:
        return str(plan.villages["village_name"].iloc[village])
    return str(options.settlements["name"].iloc[key[1]])


def _parts(rows: pd.DataFrame, shelters: pd.Series[Any]) -> tuple[Part, ...]:
    """Return the people of one settlement by shelter, most people first."""
    served = rows[rows["status"] == ALLOCATED]
    found = []
    for shelter_id, part in served.groupby("shelter_id", sort=True):
        # Of a settlement in two villages the figures of the larger part count.
        lead = part.iloc[int(np.argmax(part["evacuees"].to_numpy()))]
        found.append(
            Part(
                shelter_id=str(shelter_id),
                shelter=str(shelters[shelter_id]),
                people=int(part["evacuees"].sum()),
                travel_time_s=float(lead["travel_time_s"]),
                longest_s=float(part["longest_travel_time_s"].max()),
                route_id=str(lead["route_id"]),
                route_time_s=float(lead["route_travel_time_s"]),
                distance_m=float(lead["distance_m"]),
                hazardous_m=float(lead["hazardous_m"]),
                unknown_m=float(lead["unknown_m"]),
            )
        )
    return tuple(sorted(found, key=lambda one: -one.people))


def _left(rows: pd.DataFrame) -> tuple[tuple[str, int], ...]:
    """Return cause and people of those without a place, most people first."""
    left = rows[rows["status"] != ALLOCATED].groupby("status", sort=True)["evacuees"].sum()
    return tuple(
        (str(cause), int(people))
        for cause, people in sorted(left.items(), key=lambda one: -int(one[1]))
    )


def _needs(plan: EvacuationPlan, options: MapOptions) -> dict[Key, Needs]:
    """Return who needs help in each settlement."""
    table = settlement_needs(plan.origins, options.settlements, plan.villages)
    sums: dict[Key, list[pd.Series[Any]]] = {}
    for _, row in table.iterrows():
        number = int(row["settlement"])
        key = (str(row["village_code"]), -1) if number < 0 else ("", number)
        sums.setdefault(key, []).append(row)
    found = {}
    for key, rows in sums.items():
        sources = {str(plan.villages.loc[row["village_code"], "shares_from"]) for row in rows}
        found[key] = Needs(
            people=sum(int(row["need_help_people"]) for row in rows),
            helpers=sum(int(row["helpers"]) for row in rows),
            groups={name: sum(int(row[name]) for row in rows) for name in VULNERABLE_GROUPS},
            source=sources.pop() if len(sources) == 1 else "mixed",
            estimated=any(bool(row["estimated"]) for row in rows),
        )
    return found


@dataclass(frozen=True, kw_only=True)
class _Homes:
    """Where the people of one settlement leave from.

    Parameters
    ----------
    places
        x and y, one row each.
    going
        To which shelter each goes, "" to none.
    helped
        How many of each need help; None where groups are not apart.
    """

    places: NDArray[np.float64]
    going: tuple[str, ...]
    helped: NDArray[np.int64] | None


def _living(plan: EvacuationPlan, options: MapOptions) -> dict[Key, _Homes]:
    """Return where the people of each settlement leave from."""
    origins = content.of_departure(plan.origins, content.departures(plan)[0])
    origins = origins[origins["evacuees"] > 0]
    numbers = origin_settlements(origins, options.settlements, plan.villages)
    served = (origins["status"] == ALLOCATED).to_numpy()
    shelters = origins["shelter_id"].to_list()
    points = shapely.get_coordinates(np.asarray(origins.geometry.array))
    helped = None
    if "group" in origins.columns:
        needy = [group.name for group in evacuating_groups(plan.assumptions) if group.needs_helper]
        people = origins["evacuees"].to_numpy(dtype=np.int64)
        helped = np.where(origins["group"].isin(needy).to_numpy(), people, 0)
    rows: dict[Key, list[int]] = {}
    for row, key in enumerate(_keys(origins["village_code"].astype(str), numbers)):
        rows.setdefault(key, []).append(row)
    return {
        key: _Homes(
            places=points[chosen],
            going=tuple(str(shelters[row]) if served[row] else "" for row in chosen),
            helped=None if helped is None else helped[chosen],
        )
        for key, chosen in rows.items()
    }


def _with_sides(parts: tuple[Part, ...], home: _Homes) -> tuple[Part, ...]:
    """Return the parts with the side of the settlement on which each lives."""
    places = home.places
    middle = places.mean(axis=0)
    spread = float(np.sqrt(((places - middle) ** 2).sum(axis=1).mean()))
    shelters = np.array(home.going, dtype=object)
    found = []
    for part in parts:
        own = places[shelters == part.shelter_id]
        away = own.mean(axis=0) - middle if len(own) else np.zeros(2)
        many = min(len(own), len(places) - len(own)) >= _FEW_PLACES
        told = many and float(np.hypot(*away)) > _APART * spread
        side = compass(float(np.degrees(np.arctan2(away[0], away[1])))) if told else ""
        found.append(replace(part, side=side))
    return tuple(found)


def _with_help(
    parts: tuple[Part, ...], left: int, need_help: int, home: _Homes
) -> tuple[Part, ...]:
    """Return the parts with how many need help: counted, else shared out by largest remainder."""
    if home.helped is not None:
        shelters = np.array(home.going, dtype=object)
        return tuple(
            replace(part, need_help=int(home.helped[shelters == part.shelter_id].sum()))
            for part in parts
        )
    people = np.array([*(part.people for part in parts), left], dtype=np.int64)
    whole, rest = np.divmod(need_help * people, max(int(people.sum()), 1))
    missing = need_help - int(whole.sum())
    whole[np.argsort(-rest, kind="stable")[:missing]] += 1
    return tuple(
        replace(part, need_help=int(count)) for part, count in zip(parts, whole, strict=False)
    )


def compass(bearing_degrees: float) -> str:
    """Return the name of a bearing, clockwise from north; north where there is none.

    Examples
    --------
    >>> compass(0.0), compass(100.0), compass(-45.0), compass(359.0)
    ('n', 'e', 'nw', 'n')
    """
    return COMPASS[0 if np.isnan(bearing_degrees) else round(bearing_degrees / 45.0) % 8]
