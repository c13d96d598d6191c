"""What a map or a table says about a plan besides its figures: the same for screen and paper."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from resilience_geo.analysis.groups import GROUPS
from resilience_geo.crs import GEOGRAPHIC, metric_crs_of, to_lat_lon
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.inputs.village_codes import code_system
from resilience_geo.inputs.vulnerable_columns import VULNERABLE_GROUPS
from resilience_geo.maps import text
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from resilience_geo.plan import EvacuationPlan

INPUTS: tuple[str, ...] = ("villages", "hazard", "population", "roads", "shelters")
_DOTTED_CODE = re.compile(r"\d{2}(\.\d+)+")
_FALLBACK_TIME = "1980-01-01T00:00:00+00:00"
_NAMED_VILLAGES = 3
_LISTED_VILLAGES = 12
_DRAWN_UNREACHABLE_M = 3000.0
_HALF_A_MINUTE_S = 30.0
_NOBODY_PEOPLE = 1e-3
_MANY_POINTS = 500
POORLY_COVERED = 0.5
"""Share of a village below which the population layer says too little of it."""
_LONG_M = 99_950.0  # what rounds to 100.0 km
SOME_ROAD_M = 5.0
"""Less road than this is written as 0 m."""
KEY_ASSUMPTIONS: tuple[str, ...] = (
    "mode",
    "walking_speed_mps",
    "time_limit_min",
    "max_snap_m",
    "evacuating_classes",
    "unknown_capacity_people",
    "bridge_rule",
    "unknown_roads_pass_late",
)


def departures(plan: EvacuationPlan) -> tuple[str, ...]:
    """Return the departures of a plan, early first."""
    return ("early", "late") if plan.departure == "both" else (plan.departure,)


def of_departure(table: Any, departure: str) -> Any:
    """Return the rows of a table of one departure; all rows of a table that has no such column."""
    if "departure" not in table.columns:
        return table
    return table[is_departure(table, departure)]


def is_departure(table: Any, departure: str) -> NDArray[np.bool_]:
    """Return which rows of a table are of a departure; all of a table that has no such column."""
    if "departure" not in table.columns:
        return np.ones(len(table), dtype=bool)
    return np.asarray(table["departure"].to_numpy(dtype=object) == departure, dtype=bool)


def with_unknown(plan: EvacuationPlan) -> NDArray[np.bool_]:
    """Return in which villages people live where the hazard is unknown, in their order."""
    # Sums of shares leave a hair where there is nobody.
    unknown: NDArray[np.bool_] = plan.exposure["people_unknown"].to_numpy() > _NOBODY_PEOPLE
    return unknown


def unknown_sentence(plan: EvacuationPlan, village: int, language: str) -> str:
    """Return that people of a village live where the hazard is unknown; empty where none do.

    It belongs beside every word that somebody need not leave: unknown is not safe.
    """
    said = [text.word("part_unknown", language)] if with_unknown(plan)[village] else []
    if plan.exposure["population_known_share"].iloc[village] < POORLY_COVERED:
        said.append(text.word("part_people_unknown", language))
    return " ".join(said)


def village_figure(plan: EvacuationPlan, column: str, departure: str) -> pd.Series[Any]:
    """Return a column of `plan.villages` for a departure: late figures have a `late_` twin."""
    if plan.departure == "both" and departure == "late":
        column = f"late_{column}"
    figures: pd.Series[Any] = plan.villages[column]
    return figures


def total(plan: EvacuationPlan, column: str, departure: str) -> int:
    """Return the sum of a whole-people column over all villages."""
    return int(np.nansum(village_figure(plan, column, departure).to_numpy()))


def title(plan: EvacuationPlan, language: str) -> str:
    """Return the title: the hazard and the places."""
    hazard = text.listing(_hazard_kinds(plan, language), language)
    heading = text.word("evacuation_map", language, hazard=hazard)
    return f"{heading}: {place_names(plan, language)}"


def _hazard_kinds(plan: EvacuationPlan, language: str) -> list[str]:
    """Return what the hazards of a plan are called."""
    return [text.word(kind, language) for kind in plan.hazard.kinds]


def hazard_label(hazard_class: int, plan: EvacuationPlan, language: str) -> str:
    """Return the words of a hazard class for a legend; of several hazards with their names."""
    words = text.word(f"hazard_{CLASS_NAMES[hazard_class]}", language)
    kinds = _hazard_kinds(plan, language)
    return words if len(kinds) == 1 else f"{words} ({' / '.join(kinds).lower()})"


def place_names(plan: EvacuationPlan, language: str) -> str:
    """Return the names of the villages, or how many they are."""
    names = [str(name) for name in plan.villages["village_name"]]
    if len(names) <= _NAMED_VILLAGES:
        return text.listing(names, language)
    return text.word("villages_count", language, count=text.number(len(names), language))


def more_names(plan: EvacuationPlan) -> list[str]:
    """Return the names of the villages as one text when the title only counts them."""
    names = [str(name) for name in plan.villages["village_name"]]
    return [", ".join(names)] if _NAMED_VILLAGES < len(names) <= _LISTED_VILLAGES else []


def area_code(plan: EvacuationPlan) -> str:
    """Return the code that all villages share: whole, or as far as it is the same.

    Codes are split at their dots; codes without dots are cut at the lengths that both BPS and
    Kemendagri use for province and kabupaten, 2 and 4. Empty where one is no such code.
    """
    codes = [official_code(str(code)) for code in plan.villages.index]
    if not all(codes):
        return ""
    if len(codes) == 1:
        return codes[0]
    if all("." in code for code in codes):
        parts = [code.split(".") for code in codes]
        shared = []
        for level in zip(*parts, strict=False):
            if len(set(level)) > 1:
                break
            shared.append(level[0])
        return ".".join(shared)
    for length in (4, 2):
        heads = {code[:length] for code in codes}
        if len(heads) == 1 and all(code.isdigit() and len(code) > length for code in codes):
            return heads.pop()
    return ""


def official_code(code: str) -> str:
    """Return the code of a village as it is; empty for numbers of rows and names of RW.

    Examples
    --------
    >>> official_code("31.73.01.1002"), official_code("3171010001"), official_code("4")
    ('31.73.01.1002', '3171010001', '')
    """
    known = code_system(code) != "other" or _DOTTED_CODE.fullmatch(code)
    return code if known else ""


def created(plan: EvacuationPlan) -> dt.datetime:
    """Return when the plan was made, with its time zone."""
    try:
        moment = dt.datetime.fromisoformat(str(plan.provenance.get("created", "")))
    except ValueError:
        moment = dt.datetime.fromisoformat(_FALLBACK_TIME)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def made_on(plan: EvacuationPlan, language: str) -> str:
    """Return the date the plan was made."""
    return text.date(plan.provenance.get("created", ""), language)


def summary(plan: EvacuationPlan, language: str, *, whole: bool = False) -> list[str]:
    """Return the sentences a session opens with: who must go, who has a place, who loses it.

    Parameters
    ----------
    plan
        The plan.
    language
        `id` or `en`.
    whole
        Whether every cause is named: where there is room for it. A screen needs its room for the
        map.
    """
    unknown = float(plan.exposure["people_unknown"].sum())
    sentences = []
    if total(plan, "evacuees", departures(plan)[0]) == 0:
        sentences.append(text.word("summary_nobody", language))
    else:
        sentences += _evacuee_sentences(plan, language, whole=whole)
    if round(unknown) > 0:
        sentences.append(
            text.word("summary_unknown", language, unknown=text.number(unknown, language))
        )
    if (plan.exposure["population_known_share"] < POORLY_COVERED).all():
        sentences.append(text.word("part_people_unknown", language))
    return sentences


def _evacuee_sentences(plan: EvacuationPlan, language: str, *, whole: bool) -> list[str]:
    """Return what becomes of the evacuees."""
    first = departures(plan)[0]
    sentences = [
        need_sentence(plan, language),
        *help_sentences(plan, language),
        placed_sentence(plan, first, language, whole=whole),
    ]
    if plan.departure == "both":
        sentences.append(lost_sentence(plan, language))
        sentences += gained_sentences(plan, language)
    return [each for each in sentences if each]


def need_sentence(plan: EvacuationPlan, language: str) -> str:
    """Return how many people must leave."""
    evacuees = total(plan, "evacuees", departures(plan)[0])
    return text.word("summary_need", language, evacuees=text.number(evacuees, language))


def causes(plan: EvacuationPlan, departure: str) -> dict[str, int]:
    """Return how many people have no place, by cause, most first; causes of nobody are left out."""
    people = {cause: total(plan, cause, departure) for cause in UNSERVED_CAUSES}
    return {
        cause: count
        for cause, count in sorted(people.items(), key=lambda one: -one[1])
        if count > 0
    }


def placed_sentence(
    plan: EvacuationPlan, departure: str, language: str, *, whole: bool = True
) -> str:
    """Return how many people get a place, and why the others have none: all causes or the worst."""
    left = causes(plan, departure)
    words = [
        f"{_lower(text.word(cause, language))} ({text.number(people, language)})"
        for cause, people in left.items()
    ]
    few = "summary_causes" if whole or len(left) == 1 else "summary_worst_cause"
    return text.word(
        few if left else "summary_all",
        language,
        allocated=text.number(total(plan, "allocated", departure), language),
        unserved=text.number(sum(left.values()), language),
        causes=", ".join(words if whole else words[:1]),
    )


def _lower(words: str) -> str:
    """Return words to stand inside a sentence."""
    return words[:1].lower() + words[1:]


def lost_sentence(plan: EvacuationPlan, language: str, village_code: str | None = None) -> str:
    """Return what a trainer says aloud: what it costs to leave late.

    Parameters
    ----------
    plan
        With both departures.
    language
        `id` or `en`.
    village_code
        Of which village to speak; None: of all of them.

    Returns
    -------
    str
        Empty where nobody has a place to lose and no road closes.
    """
    villages = plan.villages
    one = village_code is not None or len(villages) == 1
    at = villages.index.get_loc(village_code) if village_code is not None else 0
    rows = slice(at, at + 1) if one else slice(None)
    lost = int(villages["lost_if_late_people"].to_numpy()[rows].sum())
    closed_m = float(np.nansum(villages["late_closed_road_m"].to_numpy()[rows]))
    extra_s = float(villages["late_extra_time_s"].iloc[at]) if one else plan.late_extra_time_s
    losses = []
    if lost:
        losses.append(text.word("late_lost", language, lost=text.number(lost, language)))
    elif int(villages["allocated"].to_numpy()[rows].sum()):
        losses.append(text.word("late_lost_nobody", language))
    if closed_m >= SOME_ROAD_M:
        distance = _road_length(closed_m, language)
        losses.append(text.word("late_closed", language, distance=distance))
    if extra_s > _HALF_A_MINUTE_S:
        minutes = text.number(math.floor(extra_s / 60.0 + 0.5), language)
        losses.append(text.word("late_longer", language, minutes=minutes))
    if not losses:
        return ""
    water = set(plan.hazard.kinds) <= {"flood", "tsunami"}
    return text.word(
        "if_late",
        language,
        leave=text.word("leave_water" if water else "leave_hazard", language),
        losses=_clauses(losses, language),
    )


def _road_length(metres: float, language: str) -> str:
    """Return a length of roads; of a hundred kilometres and more nobody says the tenths."""
    if metres < _LONG_M:
        return text.distance(metres, language)
    return f"{text.number(metres / 1000.0, language)} km"


def _clauses(parts: list[str], language: str) -> str:
    """Return clauses as one, with a comma before the last "and" of three."""
    if len(parts) < 3:  # noqa: PLR2004  a list of three or more has commas
        return text.listing(parts, language)
    return f"{', '.join(parts[:-1])}, {text.word('and', language)} {parts[-1]}"


def gained_people(plan: EvacuationPlan) -> pd.Series[Any]:
    """Return, per village of a plan with both departures, who has a place only late (people)."""
    villages = plan.villages
    gained: pd.Series[Any] = (
        villages["late_allocated"] - villages["allocated"] + villages["lost_if_late_people"]
    )
    return gained


def gained_sentences(plan: EvacuationPlan, language: str) -> list[str]:
    """Return how many people have a place only late, when others no longer reach it; or nothing.

    Without it the people lost would not add up with those placed early and late.
    """
    gained = int(gained_people(plan).sum())
    if gained <= 0:
        return []
    return [text.word("late_gained", language, gained=text.number(gained, language))]


def help_sentences(plan: EvacuationPlan, language: str) -> list[str]:
    """Return how many evacuees need help, and from how many helpers; nothing where nobody does."""
    people = int(plan.villages["need_help_people"].sum())
    if not people:
        return []
    helpers = int(plan.villages["helpers"].sum())
    return [
        text.word(
            "summary_help",
            language,
            people=text.number(people, language),
            helpers=text.number(helpers, language),
            estimate=estimate_mark(shares_from(plan), language),
        )
    ]


def shares_from(plan: EvacuationPlan) -> str:
    """Return where the vulnerable groups are from: "table", "national", or "mixed" of both."""
    sources = {str(source) for source in plan.villages["shares_from"]}
    return sources.pop() if len(sources) == 1 else "mixed"


def estimate_mark(source: str, language: str) -> str:
    """Return in brackets that numbers are national shares and no count; nothing where counted."""
    return "" if source == "table" else f" ({text.word(f'shares_{source}', language)})"


def group_figures(plan: EvacuationPlan) -> pd.DataFrame:
    """Return the people of each group and how many of them get a place.

    Returns
    -------
    DataFrame
        Index `group`; `evacuees`, `allocated` and, with both departures, `late_allocated`
        (people). Empty where groups were not planned apart.
    """
    if "group" not in plan.origins.columns:
        return pd.DataFrame(columns=["evacuees", "allocated"])
    figures: dict[str, Any] = {}
    for name in departures(plan):
        rows = of_departure(plan.origins, name)
        late = "late_" if plan.departure == "both" and name == "late" else ""
        served = rows["evacuees"].where(rows["status"] == "allocated", 0)
        figures.setdefault("evacuees", rows.groupby("group")["evacuees"].sum())
        figures[f"{late}allocated"] = served.groupby(rows["group"]).sum()
    table = pd.DataFrame(figures)
    return table.loc[[name for name in GROUPS if name in table.index]].astype(np.int64)


def drawn_shelters(plan: EvacuationPlan) -> gpd.GeoDataFrame:
    """Return the shelters to draw: all but those out of reach and far from every village.

    Roads are read around the villages only, so a shelter far away is out of reach for that alone;
    tables still hold it.
    """
    shelters = plan.shelters
    doubtful = shelters["status"].to_numpy(dtype=object) == "unreachable"
    if not doubtful.any():
        return shelters
    crs = metric_crs_of(plan_bounds(plan), GEOGRAPHIC)
    tree = shapely.STRtree(plan.villages.geometry.to_crs(crs).to_numpy())
    places = shelters.geometry.to_crs(crs).to_numpy()
    near, _ = tree.query(places, predicate="dwithin", distance=_DRAWN_UNREACHABLE_M)
    kept = ~doubtful
    kept[np.unique(near)] = True
    return shelters[kept]


def attribution(plan: EvacuationPlan, language: str) -> str:
    """Return who made the roads; nobody did those of made-up data."""
    return text.word("osm_sample" if plan.is_sample else "osm", language)


def sources(plan: EvacuationPlan, language: str) -> list[tuple[str, str]]:
    """Return pairs of what a source is for and its name with its date."""
    inputs = plan.provenance.get("inputs", {})
    return [
        (text.word(f"source_{name}", language), _source(inputs[name], language))
        for name in INPUTS
        if name in inputs
    ]


def _source(value: object, language: str) -> str:
    """Return a source as text: file names, the date of the data, the cut points of a hazard."""
    if not isinstance(value, Mapping):
        return text.word("unknown", language) if value is None else _file_names(value)
    if value.get("parts"):  # several hazards, each with its own file and cut points
        return "; ".join(
            f"{text.word(str(part['kind']), language)}: {_source(part, language)}"
            for part in value["parts"]
        )
    parts = [_file_names(value["source"])] if value.get("source") else []
    for key, part in value.items():
        if str(key).endswith("date") and part:
            parts.append(text.word("data_of", language, date=text.date(part, language)))
    if value.get("cuts"):
        cuts = " / ".join(text.plain_number(float(cut), language) for cut in value["cuts"])
        unit = value.get("unit") or ""
        parts.append(text.word("cuts_at", language, cuts=f"{cuts} {unit}".strip()))
    if value.get("nodata_means") == "none":
        parts.append(text.word("nodata_is_none", language))
    return "; ".join(parts) or text.word("unknown", language)


def _file_names(source: object) -> str:
    """Return the names of files without their folders; any other text as it is."""
    return ", ".join(
        PurePath(part.replace("\\", "/")).name if "/" in part or "\\" in part else part
        for part in str(source).split(", ")
    )


def limits(plan: EvacuationPlan, language: str) -> list[str]:
    """Return the limits of the data, each once."""
    return list(dict.fromkeys(text.message(note, language) for note in plan.notes))


def key_assumptions(plan: EvacuationPlan, language: str) -> list[tuple[str, str]]:
    """Return name and value of the assumptions that matter most, and of all that were changed.

    Where groups are planned apart, how fast each walks, their depth limit and helpers matter too.
    """
    mode = plan.assumptions.mode
    shown = [*KEY_ASSUMPTIONS, f"{mode}_depth_limit_m"]
    if "group" in plan.origins.columns:
        shown += [f"{name}_walking_speed_mps" for name in VULNERABLE_GROUPS]
        shown += ["assisted_depth_limit_m", "people_per_helper"]
    entries = plan.assumptions.as_dict()
    names = [name for name in entries if name in shown or entries[name]["changed"]]
    return [
        (text.assumption_name(name, language), assumption_value(entries[name], language))
        for name in names
    ]


def assumption_value(entry: Mapping[str, Any], language: str) -> str:
    """Return the value of an assumption with its unit."""
    value = entry["value"]
    if isinstance(value, bool):
        return text.word("yes" if value else "no", language)
    if isinstance(value, (list, tuple)):
        return ", ".join(text.assumption_choice(str(part), language) for part in value)
    if isinstance(value, str):
        return text.assumption_choice(value, language)
    unit = text.assumption_unit(entry["unit"], language)
    return f"{text.plain_number(float(value), language)} {unit}".strip()


def plan_bounds(plan: EvacuationPlan) -> tuple[float, float, float, float]:
    """Return west, south, east and north in degrees of villages, routes and their shelters."""
    used = set(plan.routes["shelter_id"].to_numpy(dtype=object))
    ids = plan.shelters["shelter_id"].to_numpy(dtype=object)
    reached = np.array([each in used for each in ids], dtype=bool)
    shelters = np.asarray(plan.shelters.geometry.array)[reached]
    boxes = [
        _box_in_degrees(np.asarray(shapes), crs)
        for shapes, crs in (
            (plan.villages.geometry.array, plan.villages.crs),
            (plan.routes.geometry.array, plan.routes.crs),
            (shelters, plan.shelters.crs),
        )
        if len(shapes)
    ]
    west, south = (min(float(box[side]) for box in boxes) for side in (0, 1))
    east, north = (max(float(box[side]) for box in boxes) for side in (2, 3))
    margin = 0.04 * max(east - west, north - south) + 0.001
    return west - margin, south - margin, east + margin, north + margin


def _box_in_degrees(shapes: NDArray[np.object_], crs: Any) -> NDArray[np.float64]:
    """Return west, south, east and north of shapes in degrees; not numbers where all are empty."""
    places = shapely.get_coordinates(shapes)
    if not len(places):
        return np.full(4, np.nan)
    if len(places) > _MANY_POINTS:  # routes share most of their points, and degrees take long
        places = pd.unique(places.view(np.complex128).ravel()).view(np.float64).reshape(-1, 2)
    latitude, longitude = to_lat_lon(places, crs).T
    return np.array([longitude.min(), latitude.min(), longitude.max(), latitude.max()])


def main_routes(routes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the routes of `main_route_rows`, with the people each stands for as `evacuees`."""
    rows, people = main_route_rows(routes)
    return routes.iloc[rows].assign(evacuees=people)


def main_route_rows(
    routes: pd.DataFrame, departure: str | None = None
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return one route per village and shelter: the first route of the origin with most people.

    The same ones as `settlement_answers` without settlements: of equal origins the first by its
    identifier; of an origin in several rows (groups apart) the row of most people, then of the
    quicker way.

    Parameters
    ----------
    routes
        As in a plan.
    departure
        Of which departure; None: of all.

    Returns
    -------
    rows, people
        Positions of the routes, by village and shelter; the people of all routes each stands for.
    """
    chosen = np.ones(len(routes), dtype=bool)
    if departure is not None:
        chosen &= is_departure(routes, departure)
    if "rank" in routes.columns:
        chosen &= routes["rank"].to_numpy() == 1
    first = np.flatnonzero(chosen)

    def numbers(name: str) -> NDArray[np.int64]:
        """Return a number per route for the texts of a column, in their order."""
        codes, _ = pd.factorize(routes[name].to_numpy(dtype=object)[first], sort=True)
        return np.asarray(codes, dtype=np.int64)

    village, shelter, origin = map(numbers, ("village_code", "shelter_id", "origin_id"))
    pair = village * (shelter.max(initial=0) + 1) + shelter
    whose = pair * (origin.max(initial=0) + 1) + origin
    if departure is None and "departure" in routes.columns:
        when = numbers("departure")
        whose = whose * (when.max(initial=0) + 1) + when
    evacuees = routes["evacuees"].to_numpy()[first]
    seconds = routes["travel_time_s"].to_numpy()[first]
    together = _sums(whose, evacuees)
    order = np.lexsort((numbers("route_id"), seconds, -evacuees, origin, -together))
    rows = order[np.unique(pair[order], return_index=True)[1]]
    return first[rows], _sums(pair, evacuees)[rows]


def _sums(keys: NDArray[np.int64], values: NDArray[Any]) -> NDArray[Any]:
    """Return for each row the sum of the values of all rows of its key."""
    number, known = pd.factorize(keys)
    return np.bincount(number, values, minlength=len(known)).astype(values.dtype)[number]
