"""Coverage: which shelters are usable for this hazard, and whom they serve within what time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from resilience_geo.analysis.cell_shares import Window, polygon_cell_shares, shifted
from resilience_geo.analysis.hazard_places import hazard_at
from resilience_geo.hazard_classes import LOW, NONE, UNKNOWN
from resilience_geo.inputs.hazard_map import graver_class
from resilience_geo.tables import SERVICE_BANDS_MIN, UNSERVED_CAUSES, check_columns

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.inputs.hazard import Hazard

# Areas of parts add up to the whole but for rounding.
_WHOLLY = 1e-6


def shelter_points(shelters: gpd.GeoDataFrame, crs: pyproj.CRS) -> NDArray[np.object_]:
    """Return one point per shelter in a CRS; of a building a point inside it."""
    shapes = np.asarray(shelters.geometry.to_crs(crs).array)
    points = shapes.copy()
    other = shapely.get_type_id(shapes) != 0
    points[other] = shapely.point_on_surface(shapes[other])
    return points


def capacity_of(
    shelters: gpd.GeoDataFrame, assumptions: EvacuationAssumptions
) -> NDArray[np.float64]:
    """Return how many people each shelter holds (people); NaN where that is unknown.

    With `capacity_from_floor_area` a shelter of unknown capacity holds its floor area times the
    usable share over the space a person needs, whole people.
    """
    capacity: NDArray[np.float64] = shelters["capacity_people"].to_numpy(dtype=np.float64).copy()
    if assumptions.capacity_from_floor_area and "floor_area_m2" in shelters.columns:
        area = shelters["floor_area_m2"].to_numpy(dtype=np.float64)
        per_person = assumptions.shelter_space_m2_per_person
        estimate = np.floor(area * assumptions.usable_floor_share / per_person)
        capacity = np.where(np.isnan(capacity), estimate, capacity)
    return capacity


def shelter_status(
    shelters: gpd.GeoDataFrame, hazard: Hazard
) -> tuple[NDArray[np.object_], NDArray[np.uint8]]:
    """Say which shelters can be used for this hazard, and in which class each stands.

    A building stands in the worst class that any part of it touches, and where several hazards
    count together, in the gravest of any of them.

    Returns
    -------
    tuple of ndarray
        Status text (`usable` in class none or low, `in_hazard`, `unknown_hazard`), and class
        numbers.
    """
    classes = np.full(len(shelters), NONE, dtype=np.uint8)
    for part in hazard.maps:
        classes = graver_class(classes, _shelter_class(shelters, part))
    return _status_of(classes), classes


def status_by_hazard(shelters: gpd.GeoDataFrame, hazard: Hazard) -> dict[str, NDArray[np.object_]]:
    """Say for each of several hazards which shelters can be used; a school may be right for one.

    Returns
    -------
    dict of str to ndarray
        Column name to status text as of `shelter_status`: `status_flood`, `status_landslide`, ...;
        a second hazard of one kind is `status_flood_2`. Empty for a single hazard, whose status
        says it all.
    """
    columns: dict[str, NDArray[np.object_]] = {}
    for number, part in enumerate(hazard.parts):
        same = [other for other in hazard.parts[:number] if other.kind == part.kind]
        name = f"status_{part.kind}" + (f"_{len(same) + 1}" if same else "")
        columns[name] = _status_of(_shelter_class(shelters, part))
    return columns


def _status_of(classes: NDArray[np.uint8]) -> NDArray[np.object_]:
    """Return the status of shelters in these classes."""
    status = np.where(classes <= LOW, "usable", "in_hazard").astype(object)
    status[classes == UNKNOWN] = "unknown_hazard"
    return status


def _shelter_class(shelters: gpd.GeoDataFrame, hazard: Hazard) -> NDArray[np.uint8]:
    """Return the class in which each shelter stands by a single hazard."""
    shapes = np.asarray(shelters.geometry.to_crs(hazard.crs).array)
    points = shelter_points(shelters, hazard.crs)
    classes, _ = hazard_at(hazard, shapely.get_x(points), shapely.get_y(points))
    buildings = np.flatnonzero(shapely.get_dimensions(shapes) > 0)
    if buildings.size:
        classes[buildings] = _worst_class_of(shapes[buildings], hazard)
    return classes


def _worst_class_of(shapes: NDArray[np.object_], hazard: Hazard) -> NDArray[np.uint8]:
    """Return the worst class any part of a polygon touches; unknown where nothing is known."""
    worst = np.full(shapes.size, -1, dtype=np.int64)
    if hazard.polygons is not None:
        polygons = np.asarray(hazard.polygons.geometry.array)
        numbers = hazard.polygons["hazard_class"].to_numpy(dtype=np.int64)
        shape, polygon = shapely.STRtree(polygons).query(shapes, predicate="intersects")
        classes = numbers[polygon]
        mapped = shapely.area(shapely.intersection(shapes[shape], polygons[polygon]))
        inside = np.bincount(shape, mapped, minlength=shapes.size)
        beyond = inside < shapely.area(shapes) * (1.0 - _WHOLLY)
    elif hazard.grid is not None:
        grid = hazard.grid
        transform = grid.transform
        west, south, east, north = shapely.total_bounds(shapes)
        n_rows, n_columns = grid.shape
        columns = slice(
            int(np.clip((west - transform.c) // transform.a, 0, n_columns)),
            int(np.clip((east - transform.c) // transform.a + 1, 0, n_columns)),
        )
        rows = slice(
            int(np.clip((north - transform.f) // transform.e, 0, n_rows)),
            int(np.clip((south - transform.f) // transform.e + 1, 0, n_rows)),
        )
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return np.full(shapes.size, UNKNOWN, dtype=np.uint8)
        window = Window(
            shifted(transform, rows.start, columns.start),
            rows.stop - rows.start,
            columns.stop - columns.start,
        )
        parts = polygon_cell_shares(shapes, window)
        shape = parts.polygon
        classes = hazard.classes(rows, columns).ravel()[parts.cell].astype(np.int64)
        beyond = ~shapely.covered_by(shapes, shapely.box(*grid.bounds))
    known = classes != UNKNOWN
    np.maximum.at(worst, shape[known], classes[known])
    # A part that is unknown keeps a building from being called safe.
    unsure = beyond.copy()
    unsure[shape[~known]] = True
    return np.where((worst < 0) | (unsure & (worst <= LOW)), UNKNOWN, worst).astype(np.uint8)


def shelter_coverage(origins: gpd.GeoDataFrame, village_codes: pd.Index) -> pd.DataFrame:
    """Count who is served, who is not and why, and who arrives within 5, 10, 15 and 30 minutes.

    Parameters
    ----------
    origins
        Rows of one departure with `village_code`, `evacuees`, `status`, `travel_time_s`.
    village_codes
        Villages of the result, in order; one without evacuees has zeros.

    Returns
    -------
    pandas.DataFrame
        Index `village_code`; `evacuees`, `allocated`, each unserved cause (whole people),
        `median_travel_time_s` (of the people allocated; NaN where nobody is),
        `people_within_5_min` and so on (of the people allocated, cumulative).
    """
    check_columns(origins, ("village_code", "evacuees", "status", "travel_time_s"), "origins")
    village = village_codes.get_indexer(pd.Index(origins["village_code"]))
    people = origins["evacuees"].to_numpy(dtype=np.int64)
    status = origins["status"].to_numpy(dtype=object)
    seconds = origins["travel_time_s"].to_numpy(dtype=np.float64)
    size = len(village_codes)

    def count(chosen: Any) -> NDArray[np.int64]:
        totals = np.bincount(village[chosen], people[chosen], minlength=size)
        return np.round(totals).astype(np.int64)

    allocated = status == "allocated"
    table: dict[str, NDArray[Any]] = {
        "evacuees": count(np.ones(people.size, dtype=bool)),
        "allocated": count(allocated),
        **{cause: count(status == cause) for cause in UNSERVED_CAUSES},
        "median_travel_time_s": _weighted_median(
            village[allocated], seconds[allocated], people[allocated], size
        ),
    }
    for minutes in SERVICE_BANDS_MIN:
        table[f"people_within_{minutes}_min"] = count(allocated & (seconds <= minutes * 60.0))
    return pd.DataFrame(table, index=village_codes)


def _weighted_median(
    group: NDArray[np.int64],
    values: NDArray[np.float64],
    weights: NDArray[np.int64],
    n_groups: int,
) -> NDArray[np.float64]:
    """Return, per group, the least value that at least half of the people do not exceed."""
    some = weights > 0
    order = np.lexsort((values[some], group[some]))
    group, values, weights = group[some][order], values[some][order], weights[some][order]
    along = np.cumsum(weights)
    totals = np.bincount(group, weights, minlength=n_groups)
    before = np.concatenate([[0.0], np.cumsum(totals)])[:-1]
    half = (along - before[group]) * 2 >= totals[group]
    median = np.full(n_groups, np.nan)
    reached, first = np.unique(group[half], return_index=True)
    median[reached] = values[half][first]
    return median
