"""What the web map says to who taps a place: where its people go, by which way, with how many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from resilience_geo.analysis.settlements import origin_settlements
from resilience_geo.crs import GEOGRAPHIC
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
    from numpy.typing import NDArray

    from resilience_geo.plan import EvacuationPlan

STATUSES: tuple[str, ...] = ("allocated", *UNSERVED_CAUSES)

_FEW_PLACES, _PLACES_PER_VILLAGE, _MOST_PLACES = 600, 300, 3000
_FIRST_SQUARE_M = 50.0
_CHAIN_TOLERANCE_M = 2.5
_SECOND = 2
_SAME_TIME_S = 1e-6
_KILOMETRE_FROM_M = 995.0
_METRES = ("distance_m", "hazardous_m", "unknown_m")


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
    routes = plan.routes.reset_index(drop=True)
    if "shared_m" not in routes.columns:  # a table without second routes
        routes["shared_m"] = np.nan
    groups = list(dict.fromkeys(origins["group"].astype(str))) if "group" in origins.columns else []
    answers = _answers(origins, routes, groups)
    needed = np.array(routes["rank"] == 1)
    for column in ("route", "second"):
        needed[answers[column][answers[column] >= 0]] = True
    drawn = np.flatnonzero(needed)
    shared = share_routes(np.asarray(routes.geometry.array)[drawn])
    position = np.full(len(routes) + 1, -1)  # the last one is of answers without a route
    position[drawn] = np.arange(drawn.size)
    wanted = pd.unique(pd.concat([answers["route"], answers["second"]])).astype(np.int64)
    wanted = wanted[wanted >= 0]
    chain, following, first = walk_tree(shared, position[wanted])
    node = np.full(len(routes) + 1, -1)
    node[wanted] = first
    result: dict[str, Any] = {
        "chains": _chains(shared, routes.crs),
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
        counted = (routes["rank"] == 1).to_numpy() & _is_departure(routes, name)
        people = np.where(counted, routes["evacuees"], 0)[drawn].astype(np.int64)
        along, against = people_on_chains(shared, people)
        result["flows"][name] = encode_numbers(along + against)
        result["ways"][name] = encode_numbers(
            np.where(against == 0, np.sign(along), np.where(along == 0, -1, 0))
        )
        sharing = np.append(_busiest(shared, along + against), 0)[position]
        result["answers"][name] = _packed_answers(
            answers[_is_departure(answers, name)],
            routes,
            shelters[name]["shelter_id"].astype(str).tolist(),
            node,
            sharing,
        )
    return result


def _with_places(
    plan: EvacuationPlan, settlements: gpd.GeoDataFrame | None
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the origins with the number of their tap place, and the tap places.

    Origins near one another become one place where there are very many of them: of one village, and
    of one settlement unless these are very many too. A place stands where its origin with most
    people stands, and belongs to the settlement of that one.
    """
    origins = plan.origins.reset_index(drop=True)
    table = pd.DataFrame(origins.drop(columns="geometry"))
    if origins.empty:
        return table.assign(place=np.empty(0, np.int64)), dict.fromkeys(
            ("at", "village", "settlement"), ""
        )
    metres = origins.geometry
    position = {str(code): number for number, code in enumerate(plan.villages.index)}
    table["village"] = table["village_code"].astype(str).map(position).fillna(-1).astype(np.int64)
    table["settlement"] = (
        -1 if settlements is None else origin_settlements(origins, settlements, plan.villages)
    )
    most = min(_MOST_PLACES, _FEW_PLACES + _PLACES_PER_VILLAGE * (len(plan.villages) - 1))
    apart = ["village", "settlement"]
    if len(table[apart].drop_duplicates()) > most // 2:  # a city with all its neighbourhoods
        apart = ["village"]
    most = max(most, len(table[apart].drop_duplicates()))
    side = 0.1  # the same place in both departures
    while True:
        table["column"] = np.floor(metres.x.to_numpy() / side)
        table["row"] = np.floor(metres.y.to_numpy() / side)
        table["place"] = table.groupby([*apart, "column", "row"], sort=False).ngroup()
        if table["place"].max() < most:
            break
        side = max(_FIRST_SQUARE_M, 2.0 * side)
    largest = table.sort_values(["place", "evacuees"], ascending=[True, False], kind="stable")
    largest = largest.drop_duplicates("place")
    spots = np.asarray(origins.geometry.to_crs(GEOGRAPHIC).array)[largest.index]
    return table, {
        "at": polylines.encode_points(shapely.get_coordinates(spots)),
        "village": encode_numbers(largest["village"].to_numpy()),
        "settlement": encode_numbers(largest["settlement"].to_numpy()),
    }


def _answers(origins: pd.DataFrame, routes: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    """Return who goes where from every tap place: one row per place, status, shelter and group.

    `route` and `second` are positions of the main and the second route of the origin with most
    people there, -1 where there is none.
    """
    keys = [name for name in ("departure", "group") if name in origins.columns]
    main = routes[routes["rank"] == 1]
    match = [*(name for name in keys if name in main.columns), "origin_id", "shelter_id"]
    # An empty table has columns of no type.
    texts = dict.fromkeys(("route_id", *match), str)
    first = main.reset_index(names="route")[["route", *texts]].drop_duplicates(match).astype(texts)
    whose = origins.assign(shelter_id=origins["shelter_id"].fillna("")).astype(
        dict.fromkeys(match, str)
    )
    rows = whose.merge(first, on=match, how="left")
    other = routes[routes["rank"] == _SECOND].reset_index(names="second")
    other = other.assign(route_id=other["route_id"].astype(str).str.removesuffix("-2"))
    match = ["route_id", *(["departure"] if "departure" in keys else [])]
    rows = rows.merge(other[["second", *match]].drop_duplicates(match), on=match, how="left")
    rows = rows[rows["evacuees"] > 0]
    by = ["place", "status", "shelter_id", *keys]
    people = rows.groupby(by, sort=False)["evacuees"].sum()
    rows = rows.sort_values("evacuees", ascending=False, kind="stable").drop_duplicates(by)
    rows["people"] = people.loc[pd.MultiIndex.from_frame(rows[by])].to_numpy()
    for column in ("route", "second"):
        rows[column] = rows[column].fillna(-1).astype(np.int64)
    number = {name: position for position, name in enumerate(groups)}
    rows["group_number"] = rows["group"].map(number) if groups else -1
    return rows.sort_values(["place", "people"], ascending=[True, False], kind="stable")


def _is_departure(table: pd.DataFrame, departure: str) -> NDArray[np.bool_]:
    """Return which rows of a table are of a departure; all where it has only one."""
    if "departure" not in table.columns:
        return np.ones(len(table), dtype=bool)
    return np.asarray(table["departure"] == departure)


def _chains(shared: SharedRoutes, crs: Any) -> list[str]:
    """Return the chains as a pack; simplified after they were cut, so that their ends meet."""
    if not len(shared.chains):
        return ["", ""]
    light = shapely.simplify(shared.chains, _CHAIN_TOLERANCE_M)
    degrees = gpd.GeoSeries(light, crs=crs).to_crs(GEOGRAPHIC)
    return polylines.pack_lines(np.asarray(degrees.array), ordered=True)


def _busiest(shared: SharedRoutes, people: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many people walk the busiest chain of every route."""
    most = np.zeros(shared.offsets.size - 1, dtype=np.int64)
    np.maximum.at(most, shared.route, people[np.abs(shared.walks) - 1])
    return most


def _packed_answers(
    rows: pd.DataFrame,
    routes: pd.DataFrame,
    shelter_ids: list[str],
    node: NDArray[np.int64],
    sharing: NDArray[np.int64],
) -> dict[str, str]:
    """Return answers as columns of numbers."""
    main = rows["route"].to_numpy()
    place = {name: number for number, name in enumerate(shelter_ids)}
    status = {name: number for number, name in enumerate(STATUSES)}
    with_second = np.flatnonzero(rows["second"].to_numpy() >= 0)
    second = rows["second"].to_numpy()[with_second]
    columns = {
        "place": np.diff(rows["place"].to_numpy(), prepend=0),
        "people": rows["people"].to_numpy(),
        "status": rows["status"].map(status).to_numpy(),
        "shelter": rows["shelter_id"].map(place).fillna(-1).to_numpy(),
        **_measures(routes, main, ""),
        "walk": node[main],
        "sharing": sharing[main],
        "group": rows["group_number"].to_numpy(),
        "second": (rows["second"] >= 0).to_numpy(),
        "secondShelter": routes["shelter_id"].astype(str).map(place).fillna(-1).to_numpy()[second],
        **_measures(routes, second, "second"),
        "secondShared": _said_metres(routes["shared_m"].to_numpy(dtype=np.float64)[second]),
        "secondWalk": node[second],
    }
    return {name: encode_numbers(values.astype(np.int64)) for name, values in columns.items()}


def _measures(routes: pd.DataFrame, chosen: NDArray[np.int64], prefix: str) -> dict[str, Any]:
    """Return time and lengths of some routes as the page says them; 0 where there is no route."""
    rows = routes.reindex(chosen)  # -1 is no row
    names = ("metres", "hazardMetres", "unknownMetres")
    seconds = np.ceil(rows["travel_time_s"].fillna(0.0).to_numpy() - _SAME_TIME_S)
    found = {"seconds": seconds} | {
        name: _said_metres(rows[column].to_numpy(dtype=np.float64))
        for name, column in zip(names, _METRES, strict=True)
    }
    return {
        f"{prefix}{name[0].upper()}{name[1:]}" if prefix else name: values
        for name, values in found.items()
    }


def _said_metres(metres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return lengths rounded as `text.distance` writes them; 0 where there is none."""
    known = np.nan_to_num(metres)
    return np.where(known < _KILOMETRE_FROM_M, np.round(known, -1), np.round(known, -2))
