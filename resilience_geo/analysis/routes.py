"""Routes from where people live to the nearest usable shelter, and why some have none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from resilience_geo.analysis.coverage import capacity_of, shelter_points, shelter_status
from resilience_geo.analysis.evacuation_network import (
    DEPARTURES,
    Network,
    Ways,
    build_network,
    find_ways,
    near_a_road,
    travel_at,
    with_other_ways,
)
from resilience_geo.analysis.network import road_arrays
from resilience_geo.analysis.way_lines import draw_ways
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.errors import (
    AssumptionError,
    CrsError,
    InputError,
    Message,
    Problem,
    ShelterError,
    raise_problems,
)
from resilience_geo.inputs.hazards import combine_hazards
from resilience_geo.tables import check_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.inputs.hazard import Hazard
    from resilience_geo.inputs.rasters import Grid

STATUSES: tuple[str, ...] = (
    "allocated",
    "no_road",
    "cut_off",
    "too_far",
    "shelters_full",
    "capacity_unknown",
)
ALLOCATED, NO_ROAD, CUT_OFF, TOO_FAR, SHELTERS_FULL, CAPACITY_UNKNOWN = range(6)


@dataclass(frozen=True)
class ServedWays:
    """Ways of origins to shelters that take people, and the cause where there is none.

    Parameters
    ----------
    ways
        To the nearest usable shelter that takes people.
    status
        Number in `STATUSES`, per origin.
    """

    ways: Ways
    status: NDArray[np.int64]


def departures(departure: str) -> tuple[str, ...]:
    """Return the departures that a word stands for.

    Raises
    ------
    AssumptionError
        The word is not `early`, `late` or `both`.
    """
    if departure == "both":
        return DEPARTURES
    if departure in DEPARTURES:
        return (departure,)
    raise AssumptionError(
        Problem(
            found=Message("departure {departure}", departure=repr(departure)),
            expected=Message("early, late or both"),
            remedy=Message("choose one of them"),
        )
    )


def refuse_without_shelters(status: NDArray[np.object_], source: str | None) -> None:
    """Stop where nobody could be sent anywhere.

    Raises
    ------
    ShelterError
        No shelter stands in hazard class none or low.
    """
    if (status == "usable").any():
        return
    counts = ", ".join(
        f"{name} {int((status == name).sum())}" for name in ("in_hazard", "unknown_hazard")
    )
    raise ShelterError(
        Problem(
            file=source,
            found=Message(
                "no usable shelter among {count} ({counts})", count=status.size, counts=counts
            ),
            expected=Message("at least one shelter in hazard class none or low"),
            remedy=Message(
                "add shelters on safe ground, or check the hazard's unit, nodata and extent"
            ),
        )
    )


def origin_points(origins: gpd.GeoDataFrame, crs: pyproj.CRS) -> NDArray[np.object_]:
    """Return where people are, in the metric CRS of the roads.

    Raises
    ------
    CrsError
        The table has no CRS.
    InputError
        Geometries that are no points, or none; all of them at once.
    """
    if origins.crs is None:
        raise CrsError(
            Problem(
                found=Message("origins without a coordinate reference system"),
                expected=Message("a table with a CRS"),
                remedy=Message("set it with origins.set_crs(...)"),
            )
        )
    shapes = np.asarray(origins.geometry.array)
    wrong = np.flatnonzero((shapely.get_type_id(shapes) != 0) | shapely.is_empty(shapes))
    raise_problems(
        (
            InputError,
            Problem(
                column=str(origins.geometry.name),
                row=str(origins.index[row]),
                found=Message("{value}", value=str(shapes[row])[:60]),
                expected=Message("a point"),
                remedy=Message("give each origin a point, such as representative_point()"),
            ),
        )
        for row in wrong
    )
    return np.asarray(origins.geometry.to_crs(crs).array)


def serve(
    network: Network,
    points: NDArray[np.object_],
    departure: str,
    *,
    usable: NDArray[np.bool_],
    capacity_people: NDArray[np.float64],
) -> ServedWays:
    """Find each origin's way to the nearest shelter that takes people, or the cause why not.

    Parameters
    ----------
    network, points, departure
        As for `find_ways`.
    usable
        Whether each shelter stands in hazard class none or low.
    capacity_people
        Capacity of each shelter, NaN where unknown. A shelter of capacity 0 takes nobody; one of
        unknown capacity takes nobody unless `unknown_capacity_people` says otherwise.
    """
    assumptions = network.assumptions
    limit_s = assumptions.time_limit_min * 60.0
    unknown = np.isnan(capacity_people)
    takes = usable & np.where(unknown, assumptions.unknown_capacity_people > 0, capacity_people > 0)
    travel = travel_at(network, departure)
    ways = find_ways(network, travel, points, takes)
    slow = np.flatnonzero((ways.shelter >= 0) & (ways.travel_time_s > limit_s))
    if departure == "early" and slow.size:
        # A detour round the hazard that takes too long is no reason to call people lost: early
        # the direct way is still open.
        unweighed = travel_at(network, departure, weighed=False)
        direct = find_ways(network, unweighed, points[slow], takes)
        ways = with_other_ways(ways, direct, slow)
    status = np.full(points.size, TOO_FAR)
    status[ways.travel_time_s <= limit_s] = ALLOCATED
    nowhere = np.flatnonzero(ways.shelter < 0)
    status[nowhere[~near_a_road(network, points[nowhere])]] = NO_ROAD
    left = np.flatnonzero(status == TOO_FAR)
    if departure == "early" and left.size:
        travel = travel_at(network, departure, weighed=False)
    has_way = ways.shelter[left] >= 0
    for shelters, cause in (
        (usable & unknown & ~takes, CAPACITY_UNKNOWN),
        (usable & ~unknown & ~takes, SHELTERS_FULL),
    ):
        if left.size and shelters.any():
            other = find_ways(network, travel, points[left], shelters)
            status[left[other.travel_time_s <= limit_s]] = cause
            has_way |= other.shelter >= 0
    # Beyond every time limit, but with a way: too far. With no way at all: cut off.
    status[left[(status[left] == TOO_FAR) & ~has_way]] = CUT_OFF
    return ServedWays(ways, status)


def evacuation_routes(
    origins: gpd.GeoDataFrame,
    shelters: gpd.GeoDataFrame,
    roads: Any,
    hazard: Hazard | Sequence[Hazard],
    *,
    departure: str = "both",
    assumptions: EvacuationAssumptions | None = None,
    elevation: Grid | None = None,
) -> gpd.GeoDataFrame:
    """Find the route from each origin to the nearest usable shelter, before and in the hazard.

    Parameters
    ----------
    origins
        Points where people are, any CRS.
    shelters
        From `read_shelters`.
    roads
        OSMnx graph, from `read_roads`.
    hazard
        From `read_hazard`.
    departure
        `early` (every road open, time in hazard weighed up when choosing), `late` (closed
        stretches are no way, water slows) or `both`.
    assumptions
        Speeds, limits, mode.
    elevation
        Heights (m), for Tobler's walking speeds.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per origin and departure, early rows first, each in the order and with the index
        of `origins`; their columns, and `departure`, `status` (`allocated` or the cause why not),
        `shelter_id`, `travel_time_s`, `distance_m`, `hazardous_m` (metres on stretches that are
        slowed or closed when the hazard is there), `unknown_m`, `walk_to_road_m`; the geometry is
        drawn from origin to shelter in the metric CRS of the roads, None where there is no route.
        Capacity is not bound here.

    Raises
    ------
    ShelterError
        No shelter is usable.
    """
    hazard = combine_hazards(hazard)
    check_columns(shelters, ("shelter_id", "capacity_people"), "shelters")
    chosen = assumptions or EvacuationAssumptions()
    arrays = road_arrays(roads)
    hazard_status, _ = shelter_status(shelters, hazard)
    refuse_without_shelters(hazard_status, shelters.attrs.get("source"))
    places = shelter_points(shelters, arrays.crs)
    network = build_network(arrays, hazard, places, chosen, elevation=elevation)
    points = origin_points(origins, arrays.crs)
    tables = []
    for name in departures(departure):
        served = serve(
            network,
            points,
            name,
            usable=hazard_status == "usable",
            capacity_people=capacity_of(shelters, chosen),
        )
        table = way_table(served, shelters["shelter_id"].to_numpy())
        lines = np.full(points.size, None, dtype=object)
        allocated = np.flatnonzero(served.status == ALLOCATED)
        lines[allocated] = draw_ways(network, served.ways, allocated, points, places)
        tables.append(
            gpd.GeoDataFrame(
                {
                    **{
                        column: origins[column].to_numpy()
                        for column in origins.columns.drop(origins.geometry.name)
                    },
                    "departure": name,
                    **table,
                },
                index=origins.index,
                geometry=lines,
                crs=arrays.crs,
            )
        )
    return tables[0] if len(tables) == 1 else pd.concat(tables)


def way_table(served: ServedWays, shelter_ids: NDArray[np.object_]) -> dict[str, NDArray[Any]]:
    """Return status, shelter and measures of every origin; empty where nobody is allocated."""
    ways = served.ways
    allocated = served.status == ALLOCATED
    shelter = np.full(allocated.size, None, dtype=object)
    shelter[allocated] = shelter_ids[ways.shelter[allocated]]
    measures = {
        name: np.where(allocated, getattr(ways, name), np.nan)
        for name in ("travel_time_s", "distance_m", "hazardous_m", "unknown_m", "walk_to_road_m")
    }
    return {"status": np.array(STATUSES)[served.status], "shelter_id": shelter, **measures}
