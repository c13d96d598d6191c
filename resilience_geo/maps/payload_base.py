"""The basemap of the web map, drawn from the data: roads by class with names, water, places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from resilience_geo.crs import GEOGRAPHIC, metric_crs_of, transform_points
from resilience_geo.maps import polylines
from resilience_geo.maps.payload_villages import lat_lon

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.inputs.basemap import Basemap
    from resilience_geo.plan import EvacuationPlan

MAJOR: frozenset[str] = frozenset(
    f"{name}{ending}"
    for name in ("motorway", "trunk", "primary", "secondary", "tertiary")
    for ending in ("", "_link")
)
PATHS: frozenset[str] = frozenset(
    ("path", "footway", "steps", "track", "pedestrian", "cycleway", "bridleway")
)
DETOUR_STATES: tuple[str, ...] = ("slowed", "closed", "unknown")

Bounds = tuple[float, float, float, float]

_MARGIN = 0.1  # of the map's sides
_NAME_EVERY_M = 600.0
_SHORTEST_NAMED_M = 60.0
_NAME_LETTERS = 60
_MOST_NAMES, _MORE_NAMES = 150, 60  # of the first village, and of every further one
_MOST_NAMES_OF_A_CITY = 3000
_MOST_BUILDINGS = 6000
_MOST_LANDMARKS = 600
_BUILDING_TOLERANCE_M = 1.5
_WATER_TOLERANCE_M = 4.0
_NEAR_ENOUGH_M = 10.0
_RIGHT_ANGLE = 90.0
_RANK = {"major": 3.0, "minor": 1.0, "path": 0.5}
"""How much longer a road of each class counts when names compete for room."""


def base(plan: EvacuationPlan, bounds: Bounds, basemap: Basemap | None) -> dict[str, Any]:
    """Return roads by class, their names, and what a basemap holds within a frame.

    Parameters
    ----------
    plan
        The plan.
    bounds
        West, south, east, north of the map in degrees; what lies a little beyond is drawn too.
    basemap
        From `read_basemap`; None: roads only.

    Returns
    -------
    dict
        `left_out` says of what layer how many things were left out so that the page stays small.
    """
    frame = _frame(bounds)
    crs = plan.roads.crs
    lines = np.asarray(plan.roads.geometry.array)
    inside = _within(lines, crs, frame)
    lines = lines[inside]
    classes = road_classes(plan.roads["highway"].to_numpy(dtype=object)[inside])
    names = plan.roads["name"].to_numpy(dtype=object)[inside]
    most = min(_MOST_NAMES + _MORE_NAMES * (len(plan.villages) - 1), _MOST_NAMES_OF_A_CITY)
    result: dict[str, Any] = {
        "roads": _packs(lines, classes, tuple(_RANK), crs),
        "roadNames": _road_names(lines, crs, names, classes, most),
        "water": [],
        "waterways": ["", ""],
        "buildings": ["", ""],
        "places": [],
        "landmarks": [],
        "left_out": {},
    }
    if basemap is not None:
        result |= _land(plan.villages.geometry, basemap, shapely.box(*frame))
    return result


def detours(plan: EvacuationPlan, bounds: Bounds) -> dict[str, list[str]]:
    """Return the stretches that are not open, by state, within the map's bounds and beside them."""
    crs = plan.stretches.crs
    states = plan.stretches["state"].to_numpy(dtype=object)
    rows = np.flatnonzero(states != "open")
    lines = np.asarray(plan.stretches.geometry.array)[rows]
    inside = _within(lines, crs, _frame(bounds))
    return _packs(lines[inside], states[rows[inside]], DETOUR_STATES, crs)


def _packs(
    lines: NDArray[np.object_], kinds: NDArray[np.object_], names: tuple[str, ...], crs: pyproj.CRS
) -> dict[str, list[str]]:
    """Return the lines of each kind, joined where they go on, as a pack by name."""
    number = {name: position for position, name in enumerate(names)}
    kind = np.array([number[name] for name in kinds], dtype=np.int64)
    packs = polylines.packed_by_kind(lines, kind, len(names), crs)
    return dict(zip(names, packs, strict=True))


def road_classes(highway: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return `major`, `minor` or `path` for values of OpenStreetMap's `highway`.

    Examples
    --------
    >>> road_classes(np.array(["primary_link", "residential", "steps"], dtype=object)).tolist()
    ['major', 'minor', 'path']
    """
    return np.select(
        [np.isin(highway, list(MAJOR)), np.isin(highway, list(PATHS))], ["major", "path"], "minor"
    ).astype(object)


def _frame(bounds: Bounds) -> Bounds:
    """Return bounds with a margin."""
    west, south, east, north = bounds
    margin = _MARGIN * max(east - west, north - south)
    return west - margin, south - margin, east + margin, north + margin


def _within(lines: NDArray[np.object_], crs: pyproj.CRS, frame: Bounds) -> NDArray[np.bool_]:
    """Return which lines touch a frame given in degrees; those that are empty or missing do not."""
    corners = shapely.get_coordinates(shapely.box(*frame))
    moved = shapely.polygons(
        np.column_stack(transform_points(corners[:, 0], corners[:, 1], GEOGRAPHIC, crs))
    )
    shapely.prepare(moved)
    return np.asarray(shapely.intersects(lines, moved), dtype=bool)


def _road_names(
    roads: NDArray[np.object_],
    crs: pyproj.CRS,
    names: NDArray[np.object_],
    classes: NDArray[np.object_],
    most: int,
) -> list[list[Any]]:
    """Return where names of roads are written: name, place, degrees there, weight; heaviest first.

    One per road about every 600 m. `degrees` is counted against the clock from the east, -90..90.
    """
    named = np.array([isinstance(name, str) and name.strip() != "" for name in names], dtype=bool)
    if not named.any():
        return []
    words, number = np.unique(names[named].astype(str), return_inverse=True)
    order = np.argsort(number, kind="stable")
    lines = roads[named]
    bundles = shapely.multilinestrings(lines[order], indices=number[order])
    merged, of_name = shapely.get_parts(shapely.line_merge(bundles), return_index=True)
    length = shapely.length(merged)
    rank = np.zeros(words.size)
    np.maximum.at(rank, number, np.vectorize(_RANK.get, otypes=[float])(classes[named]))
    count = np.maximum(1, (length / _NAME_EVERY_M).astype(np.int64)) * (length > _SHORTEST_NAMED_M)
    which = np.repeat(np.arange(merged.size), count)
    step = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count)
    at_m = (step + 0.5) * length[which] / count[which]
    places = shapely.line_interpolate_point(merged[which], at_m)
    before = shapely.get_coordinates(
        shapely.line_interpolate_point(merged[which], np.maximum(at_m - 20.0, 0.0))
    )
    after = shapely.get_coordinates(shapely.line_interpolate_point(merged[which], at_m + 20.0))
    east, north = (after - before).T
    degrees = np.rint(np.degrees(np.arctan2(north, east)))
    degrees = np.where(np.abs(degrees) > _RIGHT_ANGLE, degrees - np.sign(degrees) * 180.0, degrees)
    weight = np.minimum(length[which], 4 * _NAME_EVERY_M) * rank[of_name[which]]
    kept = _apart(shapely.get_coordinates(places), of_name[which], weight)[:most]
    spots = lat_lon(shapely.get_coordinates(places[kept]), crs)
    return [
        [words[name][:_NAME_LETTERS], *spot, int(angle), int(heavy)]
        for name, spot, angle, heavy in zip(
            of_name[which][kept], spots, degrees[kept], weight[kept], strict=True
        )
    ]


def _apart(
    places: NDArray[np.float64], owner: NDArray[np.int64], weight: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return which places stay, heaviest first: of one owner only one in a square of 600 m."""
    order = np.argsort(-weight, kind="stable")
    squares = np.floor(places[order] / _NAME_EVERY_M).astype(np.int64)
    keys = np.column_stack([owner[order], squares])
    _, first = np.unique(keys, axis=0, return_index=True)
    return order[np.sort(first)]


def _land(villages: gpd.GeoSeries, basemap: Basemap, frame: shapely.Polygon) -> dict[str, Any]:
    """Return what the basemap holds within a frame; of very many things those near the villages."""
    water = basemap.water.geometry.intersection(frame)
    water = water[~water.is_empty].explode()
    water = water[water.geom_type == "Polygon"]  # where one only touches the frame a line is left
    landmarks = basemap.landmarks[basemap.landmarks.geometry.intersects(frame)]
    landmarks = landmarks[landmarks["name"].fillna("") != ""]
    buildings = basemap.buildings[basemap.buildings.geometry.intersects(frame)]
    layers = {"landmarks": (landmarks, _MOST_LANDMARKS), "buildings": (buildings, _MOST_BUILDINGS)}
    near = {
        name: layer.iloc[_nearest(villages, layer.geometry, most)]
        for name, (layer, most) in layers.items()
    }
    places = basemap.places[basemap.places.geometry.intersects(frame)]
    return {
        "water": polylines.packed_areas(water, tolerance_m=_WATER_TOLERANCE_M),
        "waterways": polylines.packed(
            basemap.waterways.geometry.intersection(frame), tolerance_m=_WATER_TOLERANCE_M
        ),
        "buildings": _outlines(near["buildings"].geometry),
        "places": _named_points(places),
        "landmarks": _named_points(near["landmarks"]),
        "left_out": {
            name: len(layer) - most for name, (layer, most) in layers.items() if len(layer) > most
        },
    }


def _nearest(villages: gpd.GeoSeries, shapes: gpd.GeoSeries, most: int) -> NDArray[np.intp]:
    """Return the positions of the shapes nearest to the villages, in their order."""
    if len(shapes) <= most:
        return np.arange(len(shapes))
    area = villages.simplify(_NEAR_ENOUGH_M).union_all()
    shapely.prepare(area)
    away = np.asarray(shapes.representative_point().to_crs(villages.crs).distance(area))
    return np.sort(np.argsort(away, kind="stable")[:most])


def _outlines(buildings: gpd.GeoSeries) -> list[str]:
    """Return the outer rings of buildings, simplified."""
    if buildings.empty:
        return ["", ""]
    crs = metric_crs_of(tuple(buildings.total_bounds), GEOGRAPHIC)
    light = buildings.to_crs(crs).simplify(_BUILDING_TOLERANCE_M).to_crs(GEOGRAPHIC)
    parts = shapely.get_parts(np.asarray(light.array))
    return polylines.pack_lines(shapely.get_exterior_ring(parts))


def _named_points(table: gpd.GeoDataFrame) -> list[list[Any]]:
    """Return name, latitude, longitude and kind of points."""
    if table.empty:
        return []
    return [
        [str(name), *spot, str(kind)]
        for name, spot, kind in zip(
            table["name"],
            lat_lon(shapely.get_coordinates(table.geometry.array), table.crs),
            table["kind"],
            strict=True,
        )
    ]
