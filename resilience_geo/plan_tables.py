"""How the tables of a plan are put together from what the analysis found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from resilience_geo.analysis.allocation import allocation_columns
from resilience_geo.analysis.coverage import shelter_coverage
from resilience_geo.analysis.departure_difference import people_and_minutes_lost, roads_lost
from resilience_geo.analysis.passability import ROAD_STATES, piece_states, summarise_roads
from resilience_geo.analysis.routes import ALLOCATED
from resilience_geo.analysis.way_lines import people_on_stretches
from resilience_geo.assumptions import MODES
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.plan_routes import plan_routes
from resilience_geo.tables import UNSERVED_CAUSES, village_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network
    from resilience_geo.analysis.workings import Workings
    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.inputs.hazard import Hazard


@dataclass(frozen=True)
class Departed:
    """The tables of one departure.

    Parameters
    ----------
    origins, routes, shelters
        As in `EvacuationPlan`.
    people_on_stretches
        People who pass each stretch (people).
    """

    origins: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    shelters: gpd.GeoDataFrame
    people_on_stretches: NDArray[np.int64]


def departed(departure: str, workings: Workings) -> Departed:
    """Return the tables of one departure."""
    network, allocation = workings.network, workings.served[departure]
    shelters = workings.layers.shelters
    ids = shelters["shelter_id"].to_numpy(dtype=object)
    table = workings.origins.iloc[allocation.origin].reset_index(drop=True)
    table["evacuees"] = allocation.people
    if workings.groups_apart:
        names = np.array([party.name for party in workings.parties], dtype=object)
        table.insert(2, "group", names[allocation.party])
    for name, values in allocation_columns(allocation, ids).items():
        table[name] = values
    table = table[[*(name for name in table.columns if name != "geometry"), "geometry"]]
    found = plan_routes(workings, departure, table)
    table.insert(table.shape[1] - 1, "has_second_route", found.has_second)
    table.insert(table.shape[1] - 1, "unavoidable_m", found.unavoidable_m)
    table.insert(table.shape[1] - 1, "hangs_on_road_id", found.hangs_on_road_id)
    names = np.append(network.roads.name, "")[found.hangs_on_road_id]
    table.insert(table.shape[1] - 1, "hangs_on_road", names)
    ways = allocation.ways
    people = np.where(allocation.status == ALLOCATED, allocation.people, 0)
    chosen = np.flatnonzero(people)
    return Departed(
        origins=table,
        routes=found.routes,
        shelters=shelter_result(
            workings,
            departure,
            np.bincount(ways.shelter[chosen], people[chosen], minlength=len(shelters)),
        ),
        people_on_stretches=people_on_stretches(network, ways, people, allocation.steps),
    )


def shelter_result(
    workings: Workings, departure: str, allocated_people: NDArray[Any]
) -> gpd.GeoDataFrame:
    """Return the shelters at a departure with status and the people who come."""
    facts, network = workings.shelter_facts, workings.network
    shelters = workings.layers.shelters
    on_a_road = np.isin(np.arange(len(shelters)), network.accesses[departure].shelter)
    status = facts.status.copy()
    status[(status == "usable") & ~on_a_road] = "unreachable"
    table = shelters.assign(capacity_people=facts.capacity_people).to_crs(network.roads.crs)
    kept = [
        name
        for name in ("shelter_id", "name", "kind", "accessible", "floor_area_m2", "capacity_people")
        if name in table.columns
    ]
    result = table[kept].copy()
    result.insert(2, "status", status)
    for column, by_kind in facts.by_hazard.items():
        result[column] = by_kind
    result["hazard_class"] = np.array(CLASS_NAMES, dtype=object)[facts.hazard_class]
    result["allocated_people"] = np.round(allocated_people).astype(np.int64)
    return gpd.GeoDataFrame(result, geometry=table.geometry, crs=network.roads.crs)


def stack(tables: Mapping[str, gpd.GeoDataFrame], *, both: bool) -> gpd.GeoDataFrame:
    """Put the tables of both departures under one another, early rows first."""
    if not both:
        return next(iter(tables.values()))
    marked = []
    for name, table in tables.items():
        copy = table.copy()
        copy.insert(0, "departure", name)
        marked.append(copy)
    return pd.concat(marked, ignore_index=True)


def village_result(workings: Workings, departed_tables: Mapping[str, Departed]) -> gpd.GeoDataFrame:
    """Return the villages with their figures; with both departures also what waiting costs."""
    frame = village_table(workings.layers.villages)
    network = workings.network
    figures = {
        name: shelter_coverage(each.origins, frame.index).assign(
            no_second_route_people=_without_second(each.origins, frame.index)
        )
        for name, each in departed_tables.items()
    }
    shapes = frame.geometry.to_crs(network.roads.crs)
    first, *others = figures.values()
    table = pd.DataFrame({"village_name": frame["village_name"]}, index=frame.index).join(first)
    if others:
        table = table.join(others[0].add_prefix("late_"))
        early, late = departed_tables["early"].origins, departed_tables["late"].origins
        table = table.join(people_and_minutes_lost(early, late, frame.index))
        places = gpd.GeoDataFrame(geometry=shapes)
        table = table.assign(**roads_lost(network, places))
    table = table.join(workings.groups.drop(columns="general"))
    return gpd.GeoDataFrame(table, geometry=shapes, crs=network.roads.crs)


def late_extra_time_s(origins: gpd.GeoDataFrame) -> float:
    """Return how much longer the fastest way takes late, on average over all people (s).

    Parameters
    ----------
    origins
        Of both departures; NaN where nobody has a way at both.
    """
    columns = ["origin_id", "evacuees", "status", "quickest_time_s"]
    if "group" in origins.columns:
        columns.append("group")  # the groups of one origin do not take the same time
    early, late = (
        pd.DataFrame(origins.loc[origins["departure"] == name, columns]).assign(village_code="")
        for name in ("early", "late")
    )
    return float(people_and_minutes_lost(early, late, pd.Index([""]))["late_extra_time_s"].iloc[0])


def _without_second(origins: gpd.GeoDataFrame, codes: pd.Index) -> NDArray[np.int64]:
    """Count the people of each village who have a place but only one way to any."""
    single = (origins["status"] == "allocated") & ~origins["has_second_route"]
    people = origins["evacuees"].to_numpy(dtype=np.float64) * single.to_numpy()
    village = codes.get_indexer(pd.Index(origins["village_code"]))
    return np.round(np.bincount(village, people, minlength=len(codes))).astype(np.int64)


def unserved(villages: gpd.GeoDataFrame, *, both: bool, late: bool) -> pd.DataFrame:
    """Return people without a place: a row per village and cause that has any."""
    parts = []
    for departure in ("early", "late") if both else ("late" if late else "early",):
        prefix = "late_" if both and departure == "late" else ""
        counts = villages[[f"{prefix}{cause}" for cause in UNSERVED_CAUSES]].to_numpy()
        village, cause = np.nonzero(counts)
        table = pd.DataFrame(
            {
                "village_code": villages.index.to_numpy()[village],
                "cause": np.array(UNSERVED_CAUSES, dtype=object)[cause],
                "evacuees": counts[village, cause],
            }
        )
        if both:
            table.insert(0, "departure", departure)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def road_result(
    network: Network, hazard: Hazard, assumptions: EvacuationAssumptions
) -> gpd.GeoDataFrame:
    """Return each road once: states by mode and hazard along it."""
    roads = network.roads
    states = {
        mode: network.states
        if mode == assumptions.mode
        else piece_states(roads, network.pieces, hazard, mode, assumptions)[0]
        for mode in MODES
    }
    summary = summarise_roads(roads, network.pieces, states)
    first_edge = np.unique(roads.edge_road, return_index=True)[1]
    table: dict[str, Any] = {
        "road_id": np.arange(roads.n_roads),
        "u": roads.node_ids[roads.edge_start[first_edge]],
        "v": roads.node_ids[roads.edge_end[first_edge]],
        "key": roads.edge_key[first_edge],
        "osmid": roads.osmid,
        "name": roads.name,
        "highway": roads.highway,
        "bridge": roads.bridge,
        "tunnel": roads.tunnel,
        "ford": roads.ford,
        "usable": roads.usable(assumptions.mode),
        "state": summary[f"state_{assumptions.mode}"],
        **summary,
        "length_m": roads.length_m,
    }
    return gpd.GeoDataFrame(table, geometry=roads.geometries(), crs=roads.crs)


def stretch_result(network: Network) -> gpd.GeoDataFrame:
    """Return the parts of roads of one state."""
    stretches = network.stretches
    table: dict[str, Any] = {
        "road_id": stretches.road,
        "state": np.array(ROAD_STATES, dtype=object)[stretches.state],
        "hazard_class": np.array(CLASS_NAMES, dtype=object)[stretches.hazard_class],
        "usable": stretches.usable,
        "length_m": stretches.length_m,
    }
    return gpd.GeoDataFrame(table, geometry=stretches.lines, crs=network.roads.crs)


def with_people(
    roads: gpd.GeoDataFrame,
    stretches: gpd.GeoDataFrame,
    people_on_stretches: Mapping[str, NDArray[np.int64]],
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return roads and stretches with the people who pass each, by departure.

    A road has the people of that of its stretches which most of them pass.
    """
    roads, stretches = roads.copy(deep=False), stretches.copy(deep=False)
    road = stretches["road_id"].to_numpy()
    for departure, people in people_on_stretches.items():
        most = np.zeros(len(roads), dtype=np.int64)
        np.maximum.at(most, road, people)
        for table, values in ((roads, most), (stretches, people)):
            table.insert(table.shape[1] - 1, f"evacuees_{departure}", values)
    return roads, stretches
