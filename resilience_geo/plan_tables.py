"""How the tables of a plan are put together from what the analysis found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from resilience_geo.analysis.coverage import shelter_coverage
from resilience_geo.analysis.exposure import whole_per_village
from resilience_geo.analysis.passability import ROAD_STATES, piece_states, summarise_roads
from resilience_geo.analysis.routes import ALLOCATED, way_table
from resilience_geo.analysis.way_lines import draw_ways, people_on_stretches
from resilience_geo.assumptions import MODES
from resilience_geo.crs import transform_points
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network
    from resilience_geo.analysis.exposure import PopulatedCells
    from resilience_geo.analysis.routes import ServedWays
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


def origin_table(
    codes: pd.Index, cells: PopulatedCells, evacuees: pd.Series, crs: pyproj.CRS
) -> gpd.GeoDataFrame:
    """Return cells with at least one whole evacuee: `origin_id`, `village_code`, `evacuees`."""
    counts = whole_per_village(cells.village, cells.people, evacuees.to_numpy(dtype=np.int64))
    some = counts > 0
    village = cells.village[some]
    sizes = np.bincount(village, minlength=len(codes))
    rank = np.arange(village.size) - np.repeat(np.cumsum(sizes) - sizes, sizes) + 1
    code = codes.to_numpy(dtype=object)[village]
    x, y = transform_points(cells.x[some], cells.y[some], cells.crs, crs)
    return gpd.GeoDataFrame(
        {
            "origin_id": [f"{one}-{number:05d}" for one, number in zip(code, rank, strict=True)],
            "village_code": code,
            "evacuees": counts[some],
        },
        geometry=shapely.points(x, y),
        crs=crs,
    )


def departed(
    departure: str,
    origins: gpd.GeoDataFrame,
    shelters: gpd.GeoDataFrame,
    served: ServedWays,
    network: Network,
    shelter_facts: tuple[NDArray[np.object_], NDArray[np.uint8], NDArray[np.object_]],
) -> Departed:
    """Return the tables of one departure.

    Parameters
    ----------
    departure
        `early` or `late`.
    origins, shelters
        Tables of the plan and of the input.
    served, network
        Ways of the origins, and the network they run on.
    shelter_facts
        Status by hazard, class number and point of each shelter.
    """
    hazard_status, hazard_class, places = shelter_facts
    ids = shelters["shelter_id"].to_numpy(dtype=object)
    table = origins.assign(**way_table(served, ids))
    table = table[[*(name for name in table.columns if name != "geometry"), "geometry"]]
    allocated = served.status == ALLOCATED
    people = np.where(allocated, origins["evacuees"].to_numpy(dtype=np.int64), 0)
    chosen = np.flatnonzero(allocated)
    points = np.asarray(origins.geometry.array)
    lines = draw_ways(network, served.ways, chosen, points, places)
    columns = [
        "origin_id",
        "village_code",
        "shelter_id",
        "evacuees",
        "travel_time_s",
        "distance_m",
        "hazardous_m",
        "unknown_m",
    ]
    routes = gpd.GeoDataFrame(
        table.iloc[chosen][columns].reset_index(drop=True), geometry=lines, crs=network.roads.crs
    )
    routes.insert(0, "route_id", [f"{origin}-1" for origin in routes["origin_id"]])
    routes.insert(9, "rank", 1)
    return Departed(
        origins=table,
        routes=routes,
        shelters=_shelter_result(
            shelters,
            (hazard_status, hazard_class),
            np.isin(np.arange(len(shelters)), network.accesses[departure].shelter),
            np.bincount(served.ways.shelter[chosen], people[chosen], minlength=len(shelters)),
            network.roads.crs,
        ),
        people_on_stretches=people_on_stretches(network, served.ways, people),
    )


def _shelter_result(
    shelters: gpd.GeoDataFrame,
    hazard_facts: tuple[NDArray[np.object_], NDArray[np.uint8]],
    on_a_road: NDArray[np.bool_],
    allocated_people: NDArray[Any],
    crs: pyproj.CRS,
) -> gpd.GeoDataFrame:
    """Return the shelters with status and the people who come."""
    hazard_status, hazard_class = hazard_facts
    status = hazard_status.copy()
    status[(status == "usable") & ~on_a_road] = "unreachable"
    table = shelters.to_crs(crs)
    kept = [
        name
        for name in ("shelter_id", "name", "kind", "accessible", "floor_area_m2", "capacity_people")
        if name in table.columns
    ]
    result = table[kept].copy()
    result.insert(2, "status", status)
    result["hazard_class"] = np.array(CLASS_NAMES, dtype=object)[hazard_class]
    result["allocated_people"] = np.round(allocated_people).astype(np.int64)
    return gpd.GeoDataFrame(result, geometry=table.geometry, crs=crs)


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


def village_result(
    frame: gpd.GeoDataFrame, departed_tables: Mapping[str, Departed], crs: pyproj.CRS
) -> gpd.GeoDataFrame:
    """Return the villages with their figures; with both departures also the late twins."""
    figures = {
        name: shelter_coverage(each.origins, frame.index) for name, each in departed_tables.items()
    }
    first, *others = figures.values()
    table = pd.DataFrame({"village_name": frame["village_name"]}, index=frame.index).join(first)
    if others:
        table = table.join(others[0].add_prefix("late_"))
        early, late = departed_tables["early"].origins, departed_tables["late"].origins
        lost = (early["status"] == "allocated") & (late["status"] != "allocated")
        people = early["evacuees"].where(lost, 0).groupby(early["village_code"]).sum()
        table["lost_if_late_people"] = people.reindex(frame.index, fill_value=0).astype("int64")
    return gpd.GeoDataFrame(table, geometry=frame.geometry.to_crs(crs), crs=crs)


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
    network: Network,
    hazard: Hazard,
    assumptions: EvacuationAssumptions,
    departed_tables: Mapping[str, Departed],
) -> gpd.GeoDataFrame:
    """Return each road once: states by mode, hazard along it, and the people who pass."""
    roads, stretches = network.roads, network.stretches
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
    for departure, each in departed_tables.items():
        most = np.zeros(roads.n_roads, dtype=np.int64)
        np.maximum.at(most, stretches.road, each.people_on_stretches)
        table[f"evacuees_{departure}"] = most
    return gpd.GeoDataFrame(table, geometry=roads.geometries(), crs=roads.crs)


def stretch_result(network: Network, departed_tables: Mapping[str, Departed]) -> gpd.GeoDataFrame:
    """Return the parts of roads of one state, with the people who pass each."""
    stretches = network.stretches
    table: dict[str, Any] = {
        "road_id": stretches.road,
        "state": np.array(ROAD_STATES, dtype=object)[stretches.state],
        "hazard_class": np.array(CLASS_NAMES, dtype=object)[stretches.hazard_class],
        "usable": stretches.usable,
        "length_m": stretches.length_m,
    }
    for departure, each in departed_tables.items():
        table[f"evacuees_{departure}"] = each.people_on_stretches
    return gpd.GeoDataFrame(table, geometry=stretches.lines, crs=network.roads.crs)
