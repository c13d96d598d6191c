"""Routes of a plan: the main one of every settlement, and a second way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from resilience_geo.analysis.second_ways import SecondWays, second_ways
from resilience_geo.analysis.shelter_trees import travel_of
from resilience_geo.analysis.way_lines import draw_ways

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.workings import Workings

_COLUMNS = (
    "origin_id",
    "village_code",
    "group",
    "shelter_id",
    "evacuees",
    "travel_time_s",
    "distance_m",
    "hazardous_m",
    "unknown_m",
)


@dataclass(frozen=True)
class PlanRoutes:
    """Routes, and what the second ways say of the origins.

    Parameters
    ----------
    routes
        Main routes first, then second ones; see the contract of columns.
    has_second
        Whether each row of origins has a second way; False for those without a place.
    unavoidable_m
        Road that every way from there must pass (m); NaN for those without a place.
    hangs_on_road_id
        The most telling of these roads; -1 where none.
    """

    routes: gpd.GeoDataFrame
    has_second: NDArray[np.bool_]
    unavoidable_m: NDArray[np.float64]
    hangs_on_road_id: NDArray[np.int64]


def plan_routes(workings: Workings, departure: str, origins: gpd.GeoDataFrame) -> PlanRoutes:
    """Return the routes of a departure.

    Parameters
    ----------
    workings
        What the plan was computed from.
    departure
        `early` or `late`.
    origins
        Rows of origins, one per row of the allocation.
    """
    allocation, network = workings.served[departure], workings.network
    chosen = np.flatnonzero(allocation.ways.shelter >= 0)
    points = np.asarray(origins.geometry.array)
    places = workings.shelter_facts.points
    main = _main_routes(origins, chosen)
    lines = draw_ways(network, allocation.ways, chosen, points, places, allocation.steps)
    tables = [gpd.GeoDataFrame(main, geometry=lines, crs=network.roads.crs)]
    number = np.full(len(origins), -1)
    number[chosen] = np.arange(chosen.size)
    has_second = np.zeros(len(origins), dtype=bool)
    unavoidable_m = np.full(len(origins), np.nan)
    hangs_on = np.full(len(origins), -1)
    assisted = np.array([party.assisted for party in workings.parties])[allocation.party]
    for with_help in np.unique(assisted[chosen]):
        rows = chosen[assisted[chosen] == with_help]
        found, slower = _second_ways(workings, departure, rows, assisted=bool(with_help))
        has_second[rows] = found.has_second
        unavoidable_m[rows] = found.unavoidable_m
        hangs_on[rows] = found.hangs_on_road
        some = np.flatnonzero(found.has_second)
        table = _second_routes(workings, main.iloc[number[rows[some]]], found, some)
        table["travel_time_s"] *= slower[some]
        lines = draw_ways(network, found.ways, some, points[rows], places, found.steps(some))
        tables.append(gpd.GeoDataFrame(table, geometry=lines, crs=network.roads.crs))
    routes = pd.concat([each for each in tables if len(each)] or tables[:1], ignore_index=True)
    return PlanRoutes(routes, has_second, unavoidable_m, hangs_on)


def _main_routes(origins: gpd.GeoDataFrame, chosen: NDArray[np.int64]) -> pd.DataFrame:
    """Return the main routes: a row per row of origins that has a place, with its number."""
    columns = [name for name in _COLUMNS if name in origins.columns]
    routes = pd.DataFrame(origins.iloc[chosen][columns]).reset_index(drop=True)
    number = routes.groupby("origin_id", sort=False).cumcount().to_numpy() + 1
    ids = [f"{one}-{count}" for one, count in zip(routes["origin_id"], number, strict=True)]
    routes.insert(0, "route_id", ids)
    routes["shared_m"] = np.nan
    routes["rank"] = 1
    return routes


def _second_ways(
    workings: Workings, departure: str, rows: NDArray[np.int64], *, assisted: bool
) -> tuple[SecondWays, NDArray[np.float64]]:
    """Find the second ways of some rows of an allocation; return them and how much slower they go.

    A second way may lead to any usable shelter, for the day on which the first way fails; people
    who need an accessible one are not kept from the others then.
    """
    network, allocation = workings.network, workings.served[departure]
    everyone_mps = workings.assumptions.walking_speed_mps
    speed = np.array([party.walking_speed_mps for party in workings.parties])
    slower = everyone_mps / speed[allocation.party[rows]]
    limit_s = workings.assumptions.time_limit_min * 60.0 / slower
    found = second_ways(
        network,
        travel_of(network, departure, assisted=assisted),
        allocation.ways,
        rows,
        workings.places.usable,
        limit_s=limit_s,
        steps=allocation.steps,
    )
    return found, slower


def _second_routes(
    workings: Workings, main: pd.DataFrame, found: SecondWays, some: NDArray[np.int64]
) -> pd.DataFrame:
    """Return the table of second routes, those of `some` rows, beside their main routes."""
    ids = workings.layers.shelters["shelter_id"].to_numpy(dtype=object)
    ways = found.ways
    values: dict[str, Any] = {
        "route_id": [f"{one}-2" for one in main["route_id"]],
        "shelter_id": ids[ways.shelter[some]],
        "travel_time_s": ways.travel_time_s[some],
        "distance_m": ways.distance_m[some],
        "hazardous_m": ways.hazardous_m[some],
        "unknown_m": ways.unknown_m[some],
        "shared_m": found.shared_m[some],
        "rank": 2,
    }
    return main.assign(**values)
