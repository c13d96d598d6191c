"""What the web map says to who taps a place: where its people go, by which way, with how many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from resilience_geo.analysis.settlements import origin_settlements
from resilience_geo.crs import to_lat_lon
from resilience_geo.maps import content, polylines, text
from resilience_geo.maps.polylines import encode_numbers
from resilience_geo.maps.shared_routes import (
    SharedRoutes,
    people_on_chains,
    share_routes,
    walk_tree,
)
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd

    from resilience_geo.plan import EvacuationPlan

STATUSES: tuple[str, ...] = ("allocated", *UNSERVED_CAUSES)

_FEW_PLACES, _PLACES_PER_VILLAGE, _MOST_PLACES = 600, 300, 3000
_FIRST_SQUARE_M = 50.0
_CHAIN_TOLERANCE_M = 2.5
_SECOND = 2
_SAME_TIME_S = 1e-6
_KILOMETRE_FROM_M = 995.0
_METRES = ("distance_m", "hazardous_m", "unknown_m")
_TEXTS = ("departure", "group", "origin_id", "village_code", "status", "shelter_id", "route_id")
_OF_ORIGINS = (*_TEXTS[:-1], "evacuees")
_OF_ROUTES = (*_TEXTS, "evacuees", "rank", "travel_time_s", *_METRES, "shared_m")

_Columns = dict[str, NDArray[Any]]
"""Columns of a table by name, a value per row."""


def routes_data(
    plan: EvacuationPlan,
    settlements: gpd.GeoDataFrame | None,
    shelters: dict[str, gpd.GeoDataFrame],
    language: str,
) -> dict[str, Any]:
    """Return chains, flows, tap places and the answers there.

    Parameters
    ----------
    plan
        The plan.
    settlements
        From `read_settlements`, or None.
    shelters
        The drawn shelters by departure, in the order of the page.
    language
        `id` or `en`.
    """
    origins, taps = _with_places(plan, settlements)
    lines, routes = np.asarray(plan.routes.geometry.array), _columns_of(plan.routes, _OF_ROUTES)
    if "shared_m" not in routes:  # a table without second routes
        routes["shared_m"] = np.full(len(lines), np.nan)
    groups = list(dict.fromkeys(origins.get("group", ())))
    answers = _answers(origins, routes, groups)
    main = routes["rank"] == 1
    needed = main.copy()
    for column in ("route", "second"):
        needed[answers[column][answers[column] >= 0]] = True
    drawn = np.flatnonzero(needed)
    shared = share_routes(lines[drawn])
    position = np.full(len(lines) + 1, -1)  # the last one is of answers without a route
    position[drawn] = np.arange(drawn.size)
    wanted = pd.unique(np.concatenate([answers["route"], answers["second"]]))
    wanted = wanted[wanted >= 0]
    chain, following, first = walk_tree(shared, position[wanted])
    node = np.full(len(lines) + 1, -1)
    node[wanted] = first
    result: dict[str, Any] = {
        "chains": _chains(shared, plan.routes.crs),
        "flows": {},
        "ways": {},
        "walks": {
            "chain": encode_numbers(chain),
            "next": encode_numbers(np.where(following < 0, 0, np.arange(chain.size) - following)),
        },
        "taps": taps,
        "answers": {},
        "statuses": list(STATUSES),
        "groups": [text.word(name, language) for name in groups],
    }
    for name in content.departures(plan):
        people = np.where(main & _is_departure(routes, name), routes["evacuees"], 0)
        people = people[drawn].astype(np.int64)
        along, against = people_on_chains(shared, people)
        result["flows"][name] = encode_numbers(along + against)
        result["ways"][name] = encode_numbers(
            np.where(against == 0, np.sign(along), np.where(along == 0, -1, 0))
        )
        sharing = np.append(_busiest(shared, along + against), 0)[position]
        rows = _is_departure(answers, name)
        result["answers"][name] = _packed_answers(
            {column: values[rows] for column, values in answers.items()},
            routes,
            _words(shelters[name]["shelter_id"]).tolist(),
            node,
            sharing,
        )
    return result


def _columns_of(table: pd.DataFrame, names: tuple[str, ...]) -> _Columns:
    """Return those columns of a table that it has, texts as texts: arrays of a row each."""
    return {
        name: _words(table[name]) if name in _TEXTS else table[name].to_numpy()
        for name in names
        if name in table.columns
    }


def _with_places(
    plan: EvacuationPlan, settlements: gpd.GeoDataFrame | None
) -> tuple[_Columns, dict[str, str]]:
    """Return the origins with the number of their tap place, and the tap places.

    Origins near one another become one place where there are very many of them: of one village, and
    of one settlement unless these are very many too. A place stands where its origin with most
    people stands, and belongs to the settlement of that one.
    """
    table = _columns_of(plan.origins, _OF_ORIGINS)
    count = len(plan.origins)
    if not count:
        table["place"] = np.empty(0, dtype=np.int64)
        return table, dict.fromkeys(("at", "village", "settlement"), "")
    metres = shapely.get_coordinates(plan.origins.geometry.array)
    position = {str(code): number for number, code in enumerate(plan.villages.index)}
    village = np.array([position.get(code, -1) for code in table["village_code"]], dtype=np.int64)
    settlement = (
        np.full(count, -1)
        if settlements is None
        else origin_settlements(plan.origins.reset_index(drop=True), settlements, plan.villages)
    )
    most = min(_MOST_PLACES, _FEW_PLACES + _PLACES_PER_VILLAGE * (len(plan.villages) - 1))
    apart = _numbered([village, settlement])
    if apart.max() + 1 > most // 2:  # a city with all its neighbourhoods
        apart = _numbered([village])
    most = max(most, apart.max() + 1)
    side = 0.1  # the same place in both departures
    place = _numbered([apart, *np.floor(metres.T / side)])
    while place.max() >= most:
        side = max(_FIRST_SQUARE_M, 2.0 * side)
        place = _numbered([apart, *np.floor(metres.T / side)])
    table["place"] = place
    order = np.lexsort((-table["evacuees"], place))
    largest = order[np.unique(place[order], return_index=True)[1]]
    return table, {
        "at": polylines.encode_points(to_lat_lon(metres[largest], plan.origins.crs)[:, ::-1]),
        "village": encode_numbers(village[largest]),
        "settlement": encode_numbers(settlement[largest]),
    }


def _answers(origins: _Columns, routes: _Columns, groups: list[str]) -> _Columns:
    """Return who goes where from every tap place: one row per place, status, shelter and group.

    `route` and `second` are positions of the main and the second route of the origin with most
    people there, -1 where there is none.
    """
    keys = [name for name in ("departure", "group") if name in origins]
    some = origins["evacuees"] > 0
    whose = {name: values[some] for name, values in origins.items()}
    main, other = (np.flatnonzero(routes["rank"] == rank) for rank in (1, _SECOND))
    match = [name for name in ("origin_id", "shelter_id", *keys) if name in routes]
    route = _first_like([whose[name] for name in match], [routes[name][main] for name in match])
    route = np.append(main, -1)[route]
    own = [np.append(routes["route_id"], "")[route]]
    firsts = [_texts(one.removesuffix("-2") for one in routes["route_id"][other])]
    if "departure" in keys:
        own.append(whose["departure"])
        firsts.append(routes["departure"][other])
    second = np.append(other, -1)[_first_like(own, firsts)]
    second[route < 0] = -1
    place, evacuees = whose["place"], whose["evacuees"]
    together = _numbered([place, whose["status"], whose["shelter_id"], *(whose[n] for n in keys)])
    order = np.argsort(-evacuees, kind="stable")
    order = order[np.sort(np.unique(together[order], return_index=True)[1])]
    people = np.rint(np.bincount(together, evacuees)[together[order]]).astype(np.int64)
    final = np.lexsort((-people, place[order]))
    order = order[final]
    number = {name: position for position, name in enumerate(groups)}
    of_group = [number[name] for name in whose["group"][order]] if groups else -1
    return {
        **{name: whose[name][order] for name in ("status", "shelter_id", *keys)},
        "place": place[order],
        "people": people[final],
        "route": route[order],
        "second": second[order],
        "group_number": np.broadcast_to(np.array(of_group, dtype=np.int64), order.shape),
    }


def _words(values: pd.Series[Any]) -> NDArray[np.object_]:
    """Return texts; a missing one is empty."""
    found = values.to_numpy(dtype=object)
    return _texts(
        "" if gone else str(each) for each, gone in zip(found, pd.isna(found), strict=True)
    )


def _texts(values: Iterable[str]) -> NDArray[np.object_]:
    """Return texts as an array."""
    return np.array(list(values), dtype=object)


def _numbered(columns: list[NDArray[Any]]) -> NDArray[np.int64]:
    """Return a number per row, the same for rows that hold the same."""
    numbers = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        own, values = pd.factorize(column)
        numbers, _ = pd.factorize(numbers * (len(values) + 1) + own)
    return numbers.astype(np.int64)


def _first_like(
    rows: list[NDArray[np.object_]], others: list[NDArray[np.object_]]
) -> NDArray[np.int64]:
    """Return for each row the position of the first one of `others` that holds the same, or -1."""
    count = len(rows[0])
    numbers = _numbered([np.concatenate(pair) for pair in zip(rows, others, strict=True)])
    first = np.full(numbers.max(initial=-1) + 1, -1)
    known, position = np.unique(numbers[count:], return_index=True)
    first[known] = position
    return first[numbers[:count]]


def _is_departure(columns: _Columns, departure: str) -> NDArray[np.bool_]:
    """Return which rows are of a departure; all where there is only one."""
    if "departure" not in columns:
        return np.ones(len(next(iter(columns.values()))), dtype=bool)
    return np.asarray(columns["departure"] == departure, dtype=bool)


def _chains(shared: SharedRoutes, crs: Any) -> list[str]:
    """Return the chains as a pack; simplified after they were cut, so that their ends meet."""
    if not len(shared.chains):
        return ["", ""]
    light = shapely.simplify(shared.chains, _CHAIN_TOLERANCE_M)
    return polylines.pack_lines(light, crs, ordered=True)


def _busiest(shared: SharedRoutes, people: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many people walk the busiest chain of every route."""
    most = np.zeros(shared.offsets.size - 1, dtype=np.int64)
    np.maximum.at(most, shared.route, people[np.abs(shared.walks) - 1])
    return most


def _packed_answers(
    rows: _Columns,
    routes: _Columns,
    shelter_ids: list[str],
    node: NDArray[np.int64],
    sharing: NDArray[np.int64],
) -> dict[str, str]:
    """Return answers as columns of numbers."""
    main, has_second = rows["route"], rows["second"] >= 0
    second = rows["second"][has_second]
    place = {name: number for number, name in enumerate(shelter_ids)}
    status = {name: number for number, name in enumerate(STATUSES)}
    columns = {
        "place": np.diff(rows["place"], prepend=0),
        "people": rows["people"],
        "status": np.array([status[name] for name in rows["status"]]),
        "shelter": np.array([place.get(name, -1) for name in rows["shelter_id"]]),
        **_measures(routes, main, ""),
        "walk": node[main],
        "sharing": sharing[main],
        "group": rows["group_number"],
        "second": has_second,
        "secondShelter": np.array([place.get(name, -1) for name in routes["shelter_id"][second]]),
        **_measures(routes, second, "second"),
        "secondShared": _said_metres(routes["shared_m"][second]),
        "secondWalk": node[second],
    }
    return polylines.encode_columns(columns)


def _measures(
    routes: _Columns, chosen: NDArray[np.int64], prefix: str
) -> dict[str, NDArray[np.float64]]:
    """Return time and lengths of some routes as the page says them; 0 where there is no route."""

    def of(column: str) -> NDArray[np.float64]:
        values = np.append(routes[column].astype(np.float64), np.nan)
        return values[chosen]  # -1 is no route

    names = ("metres", "hazardMetres", "unknownMetres")
    found = {"seconds": np.ceil(np.nan_to_num(of("travel_time_s")) - _SAME_TIME_S)} | {
        name: _said_metres(of(column)) for name, column in zip(names, _METRES, strict=True)
    }
    return {
        f"{prefix}{name[0].upper()}{name[1:]}" if prefix else name: values
        for name, values in found.items()
    }


def _said_metres(metres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return lengths rounded as `text.distance` writes them; 0 where there is none."""
    known = np.nan_to_num(metres)
    return np.where(known < _KILOMETRE_FROM_M, np.round(known, -1), np.round(known, -2))
