"""Villages and settlements of the web map: borders, label places, tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from resilience_geo.analysis.settlements import settlement_answers
from resilience_geo.crs import to_lat_lon
from resilience_geo.maps import content, polylines, text
from resilience_geo.tables import SERVICE_BANDS_MIN, UNSERVED_CAUSES

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.plan import EvacuationPlan

_CLASSES = ("none", "low", "medium", "high", "unknown")
_FIGURES = (
    "evacuees",
    "allocated",
    *UNSERVED_CAUSES,
    "median_travel_time_s",
    *(f"people_within_{minutes}_min" for minutes in SERVICE_BANDS_MIN),
)
_WAITING = ("lost_if_late_people", "late_closed_road_m", "late_unknown_road_m")
_HELP = ("shares_from", "need_help_people", "helpers")


def lat_lon(places: NDArray[np.float64], crs: pyproj.CRS) -> list[list[float]]:
    """Return places, shape (n, 2), as [latitude, longitude] with five decimals, about a metre."""
    found: list[list[float]] = np.round(to_lat_lon(places, crs), 5).tolist()
    return found


def inside_places(geometry: gpd.GeoSeries) -> list[list[float]]:
    """Return a point of each shape as [latitude, longitude], see `inside_points`."""
    return lat_lon(shapely.get_coordinates(inside_points(geometry).array), geometry.crs)


def inside_points(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return a point of each shape: itself if it is one, else a point inside it."""
    if (shapely.get_type_id(np.asarray(geometry.array)) == shapely.GeometryType.POINT).all():
        return geometry
    return geometry.representative_point()


def villages(plan: EvacuationPlan, language: str) -> list[dict[str, Any]]:
    """Return borders, label places and tables of the villages."""
    table = plan.villages
    rings = polylines.packed_areas(table.geometry)
    places = inside_places(table.geometry)
    tables = village_tables(plan, language)
    first = content.village_figure(plan, "evacuees", content.departures(plan)[0])
    return [
        {
            "name": str(name),
            "code": str(code),
            "at": place,
            "rings": ring,
            "people": int(weight),
            "rows": tables[code],
            "said": content.lost_sentence(plan, language, str(code))
            if plan.departure == "both" and weight
            else "",
        }
        for code, name, place, ring, weight in zip(
            table.index, table["village_name"], places, rings, first, strict=True
        )
    ]


def settlements(
    plan: EvacuationPlan,
    table: gpd.GeoDataFrame | None,
    shelters: dict[str, gpd.GeoDataFrame],
) -> list[dict[str, Any]]:
    """Return border, village and people of every settlement, in the order of `table`.

    Parameters
    ----------
    plan
        The plan.
    table
        From `read_settlements`; None: there are none.
    shelters
        The drawn shelters by departure, in the order of the page.

    Returns
    -------
    list of dict
        `village` is the position of the village most people of it belong to, else -1; `people`
        those who must leave; per departure a list of those with a place, and the others by cause.
        `doubtful`: whether the hazard of some people of its village is unknown. `goals`, per
        departure: shelter (its position), people and the longest time of them (s),
        most people first.
    """
    if table is None or table.empty:
        return []
    answers = settlement_answers(plan.origins, plan.routes, table, plan.villages)
    answers = answers[answers["settlement"] >= 0]
    names = content.departures(plan)
    first = content.of_departure(answers, names[0])
    people = first.groupby("settlement")["evacuees"].sum()
    codes = first.groupby(["settlement", "village_code"])["evacuees"].sum().reset_index()
    codes = codes.sort_values("evacuees", ascending=False, kind="stable")
    village_of = codes.drop_duplicates("settlement").set_index("settlement")["village_code"]
    position = {str(code): number for number, code in enumerate(plan.villages.index)}
    sums = {
        name: content.of_departure(answers, name)
        .groupby(["settlement", "status"])["evacuees"]
        .sum()
        for name in names
    }
    goals = {name: _goals(content.of_departure(answers, name), shelters[name]) for name in names}
    rings = polylines.packed_areas(table.geometry)
    places = inside_places(table.geometry)
    result = []
    doubtful = _doubtful(plan, table)
    for number, (name, place, ring) in enumerate(zip(table["name"], places, rings, strict=True)):
        result.append(
            {
                "name": str(name),
                "village": position.get(str(village_of.get(number, "")), -1),
                "at": place,
                "rings": ring,
                "people": int(people.get(number, 0)),
                "doubtful": bool(doubtful[number]),
                **{which: [int(sums[which].get((number, "allocated"), 0))] for which in names},
                "causes": {
                    which: {
                        cause: int(sums[which].get((number, cause)))
                        for cause in UNSERVED_CAUSES
                        if sums[which].get((number, cause), 0)
                    }
                    for which in names
                },
                "goals": {which: goals[which].get(number, []) for which in names},
            }
        )
    return result


def _doubtful(plan: EvacuationPlan, table: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Return which settlements lie in a village with people of unknown hazard, or in none."""
    points = inside_points(table.geometry).to_crs(plan.villages.crs)
    tree = shapely.STRtree(np.asarray(plan.villages.geometry.array))
    settlement, village = tree.query(np.asarray(points.array), predicate="intersects")
    unknown = content.with_unknown(plan)
    doubtful = np.ones(len(points), dtype=bool)
    doubtful[settlement] = False
    doubtful[settlement[unknown[village]]] = True
    return doubtful


def _goals(answers: pd.DataFrame, shelters: gpd.GeoDataFrame) -> dict[int, list[list[int]]]:
    """Return by settlement the shelters its people go to: position, people, longest time (s)."""
    placed = answers[answers["status"] == "allocated"]
    position = {str(name): number for number, name in enumerate(shelters["shelter_id"])}
    sums = placed.groupby(["settlement", "shelter_id"], as_index=False).agg(
        people=("evacuees", "sum"), longest_s=("longest_travel_time_s", "max")
    )
    sums = sums.sort_values("people", ascending=False, kind="stable")
    found: dict[int, list[list[int]]] = {}
    columns = (sums[name] for name in ("settlement", "shelter_id", "people", "longest_s"))
    for number, shelter, people, seconds in zip(*columns, strict=True):
        goal = [position.get(str(shelter), -1), int(people), math.ceil(seconds)]
        found.setdefault(int(number), []).append(goal)
    return found


def village_tables(plan: EvacuationPlan, language: str) -> dict[Any, list[list[Any]]]:
    """Return the popup table of every village: rows of a label, a value per departure, a weight.

    Rows that do not depend on the departure hold one value; the weight is 1 for main rows.
    """
    departures = content.departures(plan)
    both = len(departures) > 1
    row_of = plan.exposure.index.get_indexer(plan.villages.index)
    people = {
        name: plan.exposure[f"people_{name}"].to_numpy()[row_of] for name in ("total", *_CLASSES)
    }
    figures = {
        column: [content.village_figure(plan, column, name).to_numpy() for name in departures]
        for column in _FIGURES
    }
    own = {name: plan.villages[name].to_numpy() for name in (*_HELP, *(_WAITING if both else ()))}
    gained = content.gained_people(plan).to_numpy() if both else None
    tables = {}
    for at, code in enumerate(plan.villages.index):
        rows: list[list[Any]] = [
            [
                text.word(f"people_{name}", language),
                [text.people(float(values[at]), language)],
                int(name == "total"),
            ]
            for name, values in people.items()
        ]
        for column, by_departure in figures.items():
            shown = [values[at] for values in by_departure]
            if column in UNSERVED_CAUSES and not any(shown):
                continue
            rows.append(_figure_row(column, shown, language))
        if figures["evacuees"][0][at]:
            village = {name: values[at] for name, values in own.items()}
            if gained is not None:
                rows += _waiting_rows(village, int(gained[at]), language)
            rows += _help_rows(village, language)
            said = content.lost_sentence(plan, language, str(code)) if both else ""
            rows += [[text.word("said_aloud", language), [said], 0]] if said else []
        tables[code] = rows
    return tables


def _waiting_rows(village: dict[str, Any], gained: int, language: str) -> list[list[Any]]:
    """Return what it costs a village to leave late, and who of it gains a place by that."""
    lost = text.people(village["lost_if_late_people"], language)
    rows = [[text.word("lost_if_late", language), [lost], 1]]
    if gained > 0:
        rows.append([text.word("gained_if_late", language), [text.people(gained, language)], 0])
    for column, term in (
        ("late_closed_road_m", "late_closed_road"),
        ("late_unknown_road_m", "late_unknown_road"),
    ):
        metres = float(village[column])
        if metres >= content.SOME_ROAD_M:
            rows.append([text.word(term, language), [text.distance(metres, language)], 0])
    return rows


def _help_rows(village: dict[str, Any], language: str) -> list[list[Any]]:
    """Return who of a village needs help, and the helpers; marked where that is an estimate."""
    mark = content.estimate_mark(str(village["shares_from"]), language)
    return [
        [text.word(name, language) + mark, [text.people(village[name], language)], 0]
        for name in ("need_help_people", "helpers")
    ]


def _figure_row(column: str, figures: list[float], language: str) -> list[Any]:
    """Return one row of a village's table."""
    main = int(column in ("evacuees", "allocated"))
    if column == "median_travel_time_s":
        label = text.word("median_time", language)
        return [label, [_time(figure, language) for figure in figures], main]
    if column.startswith("people_within_"):
        minutes = column.split("_")[2]
        label = text.word("within_minutes", language, minutes=minutes)
    else:
        label = text.word(column, language)
    return [label, [text.people(figure, language) for figure in figures], main]


def _time(seconds: float, language: str) -> str:
    """Return a time; a dash when nobody travels."""
    return "–" if pd.isna(seconds) else text.minutes(float(seconds), language)  # noqa: RUF001
