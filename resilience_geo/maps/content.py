"""What a map or a table says about a plan besides its figures: the same for screen and paper."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from resilience_geo.analysis.coverage import people_over_capacity
from resilience_geo.crs import GEOGRAPHIC, metric_crs_of
from resilience_geo.maps import text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from resilience_geo.plan import EvacuationPlan

INPUTS: tuple[str, ...] = ("villages", "hazard", "population", "roads", "shelters")
_FALLBACK_TIME = "1980-01-01T00:00:00+00:00"
_NAMED_VILLAGES = 3
_LISTED_VILLAGES = 12
_DRAWN_UNREACHABLE_M = 3000.0
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
    return table[table["departure"] == departure]


def village_figure(plan: EvacuationPlan, column: str, departure: str) -> pd.Series[Any]:
    """Return a column of `plan.villages` for a departure: late figures have a `late_` twin."""
    if plan.departure == "both" and departure == "late":
        column = f"late_{column}"
    figures: pd.Series[Any] = plan.villages[column]
    return figures


def total(plan: EvacuationPlan, column: str, departure: str) -> int:
    """Return the sum of a whole-people column over all villages."""
    return int(village_figure(plan, column, departure).sum())


def title(plan: EvacuationPlan, language: str) -> str:
    """Return the title: the hazard and the places."""
    hazard = text.word(str(plan.hazard.kind), language)
    return f"{text.word('evacuation_map', language)} {hazard}: {place_names(plan, language)}"


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
    Kemendagri use for province and kabupaten, 2 and 4.
    """
    codes = [str(code) for code in plan.villages.index]
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


def summary(plan: EvacuationPlan, language: str) -> list[str]:
    """Return the sentences a session opens with: who must go, who arrives, who loses the way."""
    first = departures(plan)[0]
    evacuees = total(plan, "evacuees", first)
    unknown = float(plan.exposure["people_unknown"].sum())
    sentences = []
    if evacuees == 0:
        sentences.append(text.word("summary_nobody", language))
    else:
        sentences += _evacuee_sentences(plan, evacuees, language)
    if round(unknown) > 0:
        sentences.append(
            text.word("summary_unknown", language, unknown=text.number(unknown, language))
        )
    return sentences


def _evacuee_sentences(plan: EvacuationPlan, evacuees: int, language: str) -> list[str]:
    """Return what becomes of the evacuees."""
    sentences = [text.word("summary_need", language, evacuees=text.number(evacuees, language))]
    sentences += over_capacity_sentences(plan, language)
    if plan.departure != "both":
        allocated = total(plan, "allocated", plan.departure)
        sentences.append(
            text.word(
                "summary_one",
                language,
                allocated=text.number(allocated, language),
                unserved=text.number(evacuees - allocated, language),
            )
        )
        return sentences
    return [*sentences, lost_sentence(plan, language)]


def lost_sentence(plan: EvacuationPlan, language: str) -> str:
    """Return how many people no longer reach a shelter when they leave late."""
    lost = int(plan.villages["lost_if_late_people"].sum())
    return text.word("summary_lost", language, lost=text.number(lost, language))


def over_capacity(plan: EvacuationPlan) -> int:
    """Return how many people more than they hold are sent to shelters, at the first departure."""
    shelters = of_departure(plan.shelters, departures(plan)[0])
    return math.ceil(float(people_over_capacity(shelters, plan.assumptions).sum()))


def over_capacity_sentences(plan: EvacuationPlan, language: str) -> list[str]:
    """Return that more people are sent to shelters than they hold; nothing when all fit."""
    over = over_capacity(plan)
    return [text.word("summary_over", language, over=text.number(over, language))] if over else []


def drawn_shelters(plan: EvacuationPlan) -> gpd.GeoDataFrame:
    """Return the shelters to draw: all but those out of reach and far from every village.

    Roads are read around the villages only, so a shelter far away is out of reach for that alone;
    tables still hold it.
    """
    shelters = plan.shelters
    doubtful = (shelters["status"] == "unreachable").to_numpy()
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
    """Return name and value of the assumptions that matter most, and of all that were changed."""
    mode = plan.assumptions.mode
    shown = [*KEY_ASSUMPTIONS, f"{mode}_depth_limit_m"]
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
    layers = [plan.villages, plan.routes]
    layers.append(plan.shelters[plan.shelters["allocated_people"] > 0])
    boxes = [layer.geometry.to_crs(4326).total_bounds for layer in layers if len(layer)]
    west, south = (min(float(box[side]) for box in boxes) for side in (0, 1))
    east, north = (max(float(box[side]) for box in boxes) for side in (2, 3))
    margin = 0.04 * max(east - west, north - south) + 0.001
    return west - margin, south - margin, east + margin, north + margin


def main_routes(routes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return one route per village and shelter: the first route of the origin with most people.

    `evacuees` is then the people of all routes it stands for.
    """
    first = routes[routes["rank"] == 1] if "rank" in routes.columns else routes
    keys = ["village_code", "shelter_id"]
    people = first.groupby(keys, sort=False)["evacuees"].sum()
    chosen = first.sort_values(
        ["evacuees", "route_id"], ascending=[False, True], kind="stable"
    ).drop_duplicates(keys)
    chosen = chosen.sort_values(keys, kind="stable").copy()
    chosen["evacuees"] = people.loc[list(zip(chosen[keys[0]], chosen[keys[1]], strict=True))].array
    return chosen
