"""Which settlement - dusun, RW or RT - people belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from resilience_geo.crs import metric_crs_of
from resilience_geo.errors import CrsError, Message, Problem
from resilience_geo.tables import check_columns

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

# A tenth: borders of villages and of settlements that were drawn apart overlap by slivers.
_REAL_SHARE = 0.1
# A cell of the population, 3 arc-seconds at the equator.
_CELL_M = 100.0


def settlement_of(
    points: gpd.GeoSeries, settlements: gpd.GeoDataFrame, *, reach_m: float = 1000.0
) -> NDArray[np.int64]:
    """Return which settlement each point belongs to; for origins see `origin_settlements`.

    Parameters
    ----------
    points
        Points of any CRS; a metric one is measured in, else the UTM zone of their middle.
    settlements
        From `read_settlements`: polygons or points, with a unique `settlement_id`.
    reach_m
        How far a settlement that is only a point reaches (m), more than 0.

    Returns
    -------
    ndarray of int64
        Position in `settlements`: of the polygon that holds the point, else of the nearest point
        within reach, else -1. On a border, or as near to two, the one whose `settlement_id` comes
        first counts, so that the order of the rows changes nothing.

    Raises
    ------
    ColumnError
        No `settlement_id`.
    CrsError
        Points or settlements have no CRS.
    """
    _check(points, settlements)
    if len(points) == 0 or len(settlements) == 0:
        return np.full(len(points), -1)
    crs = points.crs
    if not crs.is_projected:
        west, south, east, north = points.total_bounds
        crs = metric_crs_of((west, south, east, north), crs)
    places = np.asarray(points.to_crs(crs).array)
    shapes = np.asarray(settlements.geometry.to_crs(crs).array)
    first = np.argsort(settlements["settlement_id"].astype(str).to_numpy(), kind="stable")
    areas = first[shapely.get_dimensions(shapes[first]) == 2]  # noqa: PLR2004 - polygons
    spots = first[shapely.get_type_id(shapes[first]) == 0]
    found = np.full(places.size, -1)
    outside = np.arange(places.size)
    if areas.size:
        point, area = shapely.STRtree(shapes[areas]).query(places, predicate="intersects")
        found = _least(point, area, areas, places.size)
        outside = np.flatnonzero(found < 0)
    if spots.size and outside.size:
        point, spot = shapely.STRtree(shapes[spots]).query_nearest(
            places[outside], max_distance=reach_m
        )
        found[outside] = _least(point, spot, spots, outside.size)
    return found


def _check(points: gpd.GeoSeries | gpd.GeoDataFrame, settlements: gpd.GeoDataFrame) -> None:
    """Refuse settlements without identifiers, and tables without a CRS."""
    check_columns(settlements, ("settlement_id",), "settlements")
    if points.crs is None or settlements.crs is None:
        raise CrsError(
            Problem(
                found=Message("no coordinate reference system"),
                expected=Message("a table with a CRS"),
                remedy=Message("set it with origins.set_crs(...)"),
            )
        )


def _least(
    point: NDArray[np.int64], hit: NDArray[np.int64], positions: NDArray[np.int64], n_points: int
) -> NDArray[np.int64]:
    """Return the position of the first hit of each point; -1 where there is none."""
    least = np.full(n_points, positions.size)
    np.minimum.at(least, point, hit)
    first: NDArray[np.int64] = np.append(positions, -1)[least]
    return first


def origin_settlements(
    origins: gpd.GeoDataFrame,
    settlements: gpd.GeoDataFrame | None,
    villages: gpd.GeoDataFrame,
    *,
    reach_m: float = 1000.0,
) -> NDArray[np.int64]:
    """Return the settlement of each origin of a plan, which is never one of another village.

    An origin is the middle of a cell of the population, and may lie a little outside the village
    its people belong to, in a settlement of the neighbours.

    Parameters
    ----------
    origins, villages
        Tables of a plan.
    settlements
        From `read_settlements`; None: every village is one settlement.
    reach_m
        How far a settlement that is only a point reaches (m), more than 0.

    Returns
    -------
    ndarray of int64
        As `settlement_of`, among the settlements that have a tenth of their area (or, a point,
        stand) in the village of the origin; where none of them holds it, the nearest polygon
        within 100 m, a cell of the population, then the nearest point. Without settlements the
        position of the village.
    """
    village: NDArray[np.int64] = villages.index.get_indexer(pd.Index(origins["village_code"]))
    if settlements is None:
        return village
    _check(origins, settlements)
    found = np.full(village.size, -1)
    points = origins.geometry.to_crs(villages.crs)
    shapes = settlements.to_crs(villages.crs)
    owner, own = _settlements_of_villages(shapes, villages)
    for number in np.unique(village):
        mine = np.flatnonzero(village == number)
        choice = own[owner == number]
        nearest = _nearest_of(points.iloc[mine], shapes.iloc[choice], reach_m)
        found[mine] = np.append(choice, -1)[nearest]
    return found


def _nearest_of(
    points: gpd.GeoSeries, settlements: gpd.GeoDataFrame, reach_m: float
) -> NDArray[np.int64]:
    """Return the settlement that holds each point, else the nearest polygon, else point."""
    if len(settlements) == 0:
        return np.full(len(points), -1)
    area = shapely.get_dimensions(settlements.geometry.array) > 0
    found = settlement_of(points, settlements, reach_m=reach_m)
    outside = np.flatnonzero((found < 0) | ~np.append(area, False)[found])
    if area.any() and outside.size:
        ids = settlements["settlement_id"].astype(str).to_numpy()
        areas = np.flatnonzero(area)
        areas = areas[np.argsort(ids[areas], kind="stable")]
        tree = shapely.STRtree(settlements.geometry.array[areas])
        point, hit = tree.query_nearest(points.array[outside], max_distance=_CELL_M)
        nearest = _least(point, hit, areas, outside.size)
        found[outside] = np.where(nearest >= 0, nearest, found[outside])
    return found


def _settlements_of_villages(
    settlements: gpd.GeoDataFrame, villages: gpd.GeoDataFrame
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which settlements each village has: positions of villages and of settlements."""
    shapes = shapely.make_valid(np.asarray(settlements.geometry.array))
    polygons = np.asarray(villages.geometry.array)
    village, settlement = shapely.STRtree(shapes).query(polygons, predicate="intersects")
    area = shapely.area(shapes)[settlement]
    shared = shapely.area(shapely.intersection(polygons[village], shapes[settlement]))
    real = shared >= area * _REAL_SHARE
    return village[real], settlement[real]
