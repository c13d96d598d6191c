"""The data of the web map: a plan as plain lists that go into the page as JSON.

Everything a user named stays a value here and becomes text of the page, never markup.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience_geo.crs import GEOGRAPHIC, metric_crs_of, to_lat_lon
from resilience_geo.maps import content, polylines, style, text
from resilience_geo.maps.hazard_picture import WEB_MERCATOR, hazard_picture
from resilience_geo.maps.symbols import shelter_state
from resilience_geo.maps.unserved import unserved_places
from resilience_geo.tables import SERVICE_BANDS_MIN, UNSERVED_CAUSES

if TYPE_CHECKING:
    import geopandas as gpd

    from resilience_geo.plan import EvacuationPlan

_MOST_UNSERVED_SIGNS = 1200
_MOST_BRIDGES = 150
_LABEL_LETTERS = 24
_CLASSES = ("none", "low", "medium", "high", "unknown")


def map_data(plan: EvacuationPlan, language: str) -> dict[str, Any]:
    """Return everything the page draws.

    Parameters
    ----------
    plan
        What to draw.
    language
        `id` or `en`.
    """
    bounds = content.plan_bounds(plan)
    picture = hazard_picture(plan.hazard, bounds, WEB_MERCATOR)
    west, south, east, north = picture.geographic_bounds()
    departures = content.departures(plan)
    return {
        "departures": list(departures),
        "hazard": {"picture": picture.data_uri(), "bounds": [[south, west], [north, east]]},
        "villages": _villages(plan, language),
        "columns": [text.word(f"{name}_short", language) for name in departures]
        if len(departures) > 1
        else [],
        "roads": _roads(plan),
        "flows": {name: _flows(plan, name) for name in departures},
        "bridges": {name: _bridges(plan, name, language) for name in departures},
        "routes": {name: _routes(plan, name, language) for name in departures},
        "unserved": {name: _unserved(plan, name) for name in departures},
        "shelters": {name: _shelters(plan, name, language) for name in departures},
        "sample": text.word("sample", language) if plan.is_sample else "",
        "language": language,
        "people": text.word("people", language),
        "causes": {cause: text.word(cause, language) for cause in UNSERVED_CAUSES},
        "layers": text.word("layers", language),
        "north": text.word("north", language),
        "osm": content.attribution(plan, language),
        "zoomIn": text.word("zoom_in", language),
        "flowLabels": _flow_labels(language),
        "style": _styles(),
    }


def _styles() -> dict[str, Any]:
    """Return colours, widths and dashes for the drawing script."""
    return {
        "roads": {
            state: {"color": line.colour, "weight": line.width, "dash": list(line.dash)}
            for state, line in style.ROADS.items()
        },
        "route": {
            "color": style.ROUTE.colour,
            "weight": style.ROUTE.width,
            "casing": style.ROUTE.casing,
        },
        "flow": {"color": style.FLOW_COLOUR, "widths": list(style.FLOW_WIDTHS)},
        "village": {"color": style.VILLAGE.colour, "weight": style.VILLAGE.width},
        "outside": {"color": style.OUTSIDE_COLOUR, "opacity": style.OUTSIDE_OPACITY},
        "unserved": style.UNSERVED_COLOUR,
        "signs": style.CAUSE_SIGNS,
        "usable": style.SHELTER_USABLE,
        "unusable": style.SHELTER_UNUSABLE,
        "unknownShelter": style.SHELTER_UNKNOWN,
    }


def _flow_labels(language: str) -> list[str]:
    """Return what each width of a flow line means."""
    labels = []
    for low, high in zip(style.FLOW_CUTS, (*style.FLOW_CUTS[1:], None), strict=True):
        if high is None:
            labels.append(
                text.word("flow_people_over", language, low=text.number(low - 1, language))
            )
        else:
            labels.append(
                text.word(
                    "flow_people",
                    language,
                    low=text.number(low, language),
                    high=text.number(high - 1, language),
                )
            )
    return labels


def _lat_lon(points: gpd.GeoSeries) -> list[list[float]]:
    """Return points as [latitude, longitude] with six decimals."""
    xy = np.column_stack([points.x.to_numpy(), points.y.to_numpy()])
    places: list[list[float]] = np.round(to_lat_lon(xy, points.crs), 6).tolist()
    return places


def inside_points(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return a point of each shape: itself if it is one, else a point inside it."""
    if bool((geometry.geom_type == "Point").all()):
        return geometry
    return geometry.representative_point()


def _villages(plan: EvacuationPlan, language: str) -> list[dict[str, Any]]:
    """Return borders, label places and tables of the villages."""
    villages = plan.villages
    rings = polylines.packed_each(villages.geometry)
    places = _lat_lon(inside_points(villages.geometry))
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
        }
        for code, name, place, ring, weight in zip(
            villages.index, villages["village_name"], places, rings, first, strict=True
        )
    ]


def village_tables(plan: EvacuationPlan, language: str) -> dict[Any, list[list[Any]]]:
    """Return the popup table of every village: rows of a label, a value per departure, a weight.

    Rows that do not depend on the departure hold one value; the weight is 1 for main rows.
    """
    exposure = plan.exposure
    departures = content.departures(plan)
    late = {column: content.village_figure(plan, column, departures[-1]) for column in _FIGURES}
    early = {column: content.village_figure(plan, column, departures[0]) for column in _FIGURES}
    both = len(departures) > 1
    gained = content.gained_people(plan) if both else None
    tables = {}
    for code in plan.villages.index:
        rows: list[list[Any]] = [
            [
                text.word(f"people_{name}", language),
                [text.people(float(exposure.loc[code, f"people_{name}"]), language)],
                int(name == "total"),
            ]
            for name in ("total", *_CLASSES)
        ]
        for column in _FIGURES:
            figures = [early[column][code], *([late[column][code]] if both else [])]
            if column in UNSERVED_CAUSES and not any(figures):
                continue
            rows.append(_figure_row(column, figures, language))
        if early["evacuees"][code]:
            if gained is not None:
                rows += _waiting_rows(plan.villages.loc[code], int(gained[code]), language)
            rows += _help_rows(plan.villages.loc[code], language)
            said = content.lost_sentence(plan, language, str(code)) if both else ""
            rows += [[text.word("said_aloud", language), [said], 0]] if said else []
        tables[code] = rows
    return tables


def _waiting_rows(village: pd.Series[Any], gained: int, language: str) -> list[list[Any]]:
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


def _help_rows(village: pd.Series[Any], language: str) -> list[list[Any]]:
    """Return who of a village needs help, and the helpers; marked where that is an estimate."""
    mark = content.estimate_mark(str(village["shares_from"]), language)
    return [
        [text.word(name, language) + mark, [text.people(village[name], language)], 0]
        for name in ("need_help_people", "helpers")
    ]


_FIGURES = (
    "evacuees",
    "allocated",
    *UNSERVED_CAUSES,
    "median_travel_time_s",
    *(f"people_within_{minutes}_min" for minutes in SERVICE_BANDS_MIN),
)


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


def _roads(plan: EvacuationPlan) -> dict[str, list[str]]:
    """Return the stretches of each state, all of one state as one layer."""
    stretches = plan.stretches
    lines = {
        state: polylines.packed(stretches.geometry[stretches["state"] == state])
        for state in style.ROAD_STATES
    }
    if not lines["open"]:
        lines["open"] = polylines.packed(plan.roads.geometry[plan.roads["state"] == "open"])
    return lines


def _flows(plan: EvacuationPlan, departure: str) -> list[list[str]]:
    """Return the stretches people pass, by width."""
    stretches = plan.stretches
    column = f"evacuees_{departure}"
    if column not in stretches.columns:
        return [[] for _ in style.FLOW_WIDTHS]
    bins = np.searchsorted(style.FLOW_CUTS, stretches[column].to_numpy(), side="right") - 1
    return [
        polylines.packed(stretches.geometry[bins == number])
        for number in range(len(style.FLOW_WIDTHS))
    ]


def _bridges(plan: EvacuationPlan, departure: str, language: str) -> list[list[Any]]:
    """Return the bridges most people pass: place, name, how many."""
    roads = plan.roads
    column = f"evacuees_{departure}"
    if column not in roads.columns or "bridge" not in roads.columns:
        return []
    used = roads[roads["bridge"].fillna(value=False).astype(bool) & (roads[column] > 0)]
    used = used.sort_values(column, ascending=False, kind="stable").head(_MOST_BRIDGES)
    if used.empty:
        return []
    metres = used.geometry.to_crs(used.estimate_utm_crs())
    places = _lat_lon(metres.interpolate(0.5, normalized=True))
    return [
        [place, _plain(name), f"{text.number(people, language)} {text.word('people', language)}"]
        for place, name, people in zip(places, used["name"], used[column], strict=True)
    ]


def _plain(name: object) -> str:
    """Return a name as text; a missing one is empty."""
    return "" if name is None or name != name else str(name)  # noqa: PLR0124  NaN


def _routes(plan: EvacuationPlan, departure: str, language: str) -> list[list[Any]]:
    """Return one route per village and shelter: line, destination, rows of its table."""
    routes = content.main_routes(content.of_departure(plan.routes, departure))
    if routes.empty:
        return []
    names = dict(zip(plan.shelters["shelter_id"], plan.shelters["name"], strict=True))
    villages = plan.villages["village_name"]
    lines = polylines.packed_each(routes.geometry)
    result = []
    for line, row in zip(lines, routes.itertuples(), strict=True):
        rows = [
            [text.word("village", language), str(villages.get(row.village_code, ""))],
            [text.word("distance", language), text.distance(row.distance_m, language)],
            [text.word("travel_time", language), text.minutes(row.travel_time_s, language)],
            [text.word("route_people", language), text.people(row.evacuees, language)],
        ]
        rows += [
            [text.word(column, language), text.number(value, language)]
            for column in ("hazardous_m", "unknown_m")
            if (value := float(getattr(row, column, 0.0) or 0.0)) >= 1.0
        ]
        title = _plain(names.get(row.shelter_id)) or str(row.shelter_id)
        result.append([line, title, rows])
    return result


def _unserved(plan: EvacuationPlan, departure: str) -> list[list[Any]]:
    """Return where people are not served: place, cause, people; the page gathers them further."""
    if plan.origins.empty:
        return []
    crs = metric_crs_of(content.plan_bounds(plan), GEOGRAPHIC)
    table = unserved_places(plan, departure, crs, most=_MOST_UNSERVED_SIGNS)
    places = np.round(to_lat_lon(table[["x", "y"]].to_numpy(), crs), 6).tolist()
    return [
        [place, cause, people]
        for place, cause, people in zip(
            places, table["cause"], table["people"].tolist(), strict=True
        )
    ]


def _shelters(plan: EvacuationPlan, departure: str, language: str) -> list[dict[str, Any]]:
    """Return the shelters: place, state, people, label, rows of the popup."""
    shelters = content.of_departure(content.drawn_shelters(plan), departure)
    if shelters.empty:
        return []
    places = _lat_lon(inside_points(shelters.geometry))
    result = []
    for place, row in zip(places, shelters.itertuples(), strict=True):
        capacity = float(row.capacity_people)
        state = shelter_state(str(row.status), capacity)
        coming = int(row.allocated_people)
        name = _plain(row.name) or str(row.shelter_id)
        people = f"{text.number(coming, language)} {text.word('people', language)}"
        rows = [
            [
                text.word("kind", language),
                text.shelter_kind(_plain(getattr(row, "kind", "")), language),
            ],
            [text.word("capacity", language), text.number(capacity, language)],
            [
                text.word("people_coming", language),
                people + _seats_left(str(row.status), coming, capacity, language),
            ],
            [
                text.word("status", language),
                f"{text.word(f'shelter_{state}', language)}: {text.word(f'why_{state}', language)}",
            ],
        ]
        result.append(
            {
                "at": place,
                "name": name,
                "state": state,
                "people": coming,
                "label": f"{_short(name)} ({people})" if coming else "",
                "rows": [row_ for row_ in rows if row_[1]],
            }
        )
    return result


def _short(name: str) -> str:
    """Return a name that leaves room for the number beside it; the popup holds all of it."""
    return name if len(name) <= _LABEL_LETTERS else f"{name[: _LABEL_LETTERS - 1].rstrip()}…"


def _seats_left(status: str, coming: int, capacity: float, language: str) -> str:
    """Return how many places of a usable shelter are left, or that it is full."""
    if status != "usable" or math.isnan(capacity):
        return ""
    left = math.floor(capacity) - coming
    said = text.word("seats_free", language, seats=text.number(left, language))
    return f" ({said if left > 0 else text.word('full', language)})"
