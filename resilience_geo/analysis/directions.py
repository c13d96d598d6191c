"""Routes as directions people can follow: street by street, with turns and landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from resilience_geo.analysis.passability import CLOSED, ROAD_STATES, SLOWED
from resilience_geo.analysis.route_legs import WALK, route_legs, turn_words
from resilience_geo.analysis.route_roads import line_of_pieces, route_pieces
from resilience_geo.tables import check_columns

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.analysis.route_legs import Legs
    from resilience_geo.analysis.route_roads import RoutePieces

# From a corner people see what stands at it and across the road.
_LANDMARK_M = 40.0
_COLUMNS = (
    "departure",
    "route_id",
    "leg",
    "turn",
    "bearing_degrees",
    "road_name",
    "highway",
    "on_bridge",
    "distance_m",
    "hazardous_m",
    "hazardous",
    "landmark",
    "x",
    "y",
)
_HAZARDOUS = (ROAD_STATES[SLOWED], ROAD_STATES[CLOSED])


def route_directions(
    routes: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    landmarks: gpd.GeoDataFrame | None = None,
    *,
    stretches: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Return the legs of routes as they are walked, street by street.

    Parameters
    ----------
    routes
        Routes of a plan, main or second ones: `route_id`, lines in a metric CRS; `distance_m`
        where it is known.
    roads
        Roads of the plan: `road_id`, `name`, `highway`, `bridge`, and `state` and `length_m`
        where they are known.
    landmarks
        What people know the way by: `name` and geometry, any CRS. Those without a name are left
        out.
    stretches
        Parts of the roads by state, of the plan: `road_id`, `state`.

    Returns
    -------
    pandas.DataFrame
        In the order of `routes`; one row per leg, and a last one where the route arrives:

        - `departure`, only where `routes` has it; `route_id`; `leg`, from 0;
        - `turn`: `start`, then how the leg begins: `straight` (below 25 degrees), `slight_left`,
          `left` (60 to 120), `sharp_left` and the same to the right; at last `arrive`;
        - `bearing_degrees`: compass direction in which it begins, clockwise from the north of the
          grid; NaN where there is none;
        - `road_name` ("" unnamed), `highway` (`walk` off the roads), `on_bridge`;
        - `distance_m`: the legs of a route sum to its `distance_m`, else to the length of its line;
        - `hazardous_m`: metres that are slowed or closed when the hazard is there, of everyone who
          walks without help (NaN without `stretches`); `hazardous`: whether there are any, without
          `stretches` whether any road of it has any;
        - `landmark`: name of the nearest within 40 m of where the leg begins, "" for none;
        - `x`, `y`: where it begins, in the CRS of `routes`.

    Raises
    ------
    ColumnError
        A table lacks a column.

    Notes
    -----
    A walk counts as on the road whose line it follows within 5 cm, also where the plan took it for
    one beside that road: late, along a closed one, a leg then shows hazard that the route has not.
    """
    check_columns(routes, ("route_id",), "routes")
    check_columns(roads, ("road_id", "name", "highway", "bridge"), "roads")
    lines = np.asarray(routes.geometry.array)
    pieces = route_pieces(lines)
    on_roads = _on_roads(pieces, roads, stretches, routes.crs)
    legs = route_legs(pieces, on_roads.street)
    table = _leg_table(routes, pieces, on_roads, legs)
    shown = _with_arrivals(table, lines)
    position = shown.pop("_route").to_numpy()
    shown["landmark"] = pd.array(_landmarks_at(shown, landmarks, routes.crs), dtype="str")
    for name in ("route_id", "departure"):
        if name in routes.columns:
            shown.insert(0, name, routes[name].to_numpy()[position])
    return shown[[name for name in _COLUMNS if name in shown.columns]]


@dataclass(frozen=True)
class _OnRoads:
    """What is known of the pieces of routes from the roads they lie on.

    Parameters
    ----------
    road
        Position in the table of roads; -1 off the roads.
    street
        See `route_legs`.
    length_m
        Length as the roads have it (m); on the map it is a little longer or shorter.
    hazardous_m
        Metres of it in hazard; NaN where only whole roads are known.
    hazardous
        Whether there are any.
    names, highways, bridge
        Of the roads, and of nothing at their end.
    """

    road: NDArray[np.int64]
    street: NDArray[np.int64]
    length_m: NDArray[np.float64]
    hazardous_m: NDArray[np.float64]
    hazardous: NDArray[np.bool_]
    names: NDArray[np.object_]
    highways: NDArray[np.object_]
    bridge: NDArray[np.bool_]


def _on_roads(
    pieces: RoutePieces,
    roads: gpd.GeoDataFrame,
    stretches: gpd.GeoDataFrame | None,
    crs: pyproj.CRS | None,
) -> _OnRoads:
    """Find the road, or the stretch of road, of every piece, and what is known of it."""
    names = _text(roads["name"])
    highways = _text(roads["highway"])
    street = _streets(names, highways)
    if stretches is None:
        table, road = roads, np.arange(len(roads))
        groupings: tuple[NDArray[np.int64], ...] = (street,)
    else:
        check_columns(stretches, ("road_id", "state"), "stretches")
        table = stretches
        road = pd.Index(roads["road_id"]).get_indexer(pd.Index(stretches["road_id"]))
        groupings = (road, np.append(street, WALK)[road])
    lines = np.asarray(_in_crs(table, crs).geometry.array)
    line = line_of_pieces(pieces, lines, groupings)
    stretch = np.ones(len(table) + 1)
    if "length_m" in table.columns:
        stretch[:-1] = table["length_m"].to_numpy() / np.maximum(shapely.length(lines), 1e-12)
    states = table["state"] if "state" in table.columns else pd.Series("", index=table.index)
    hazardous = np.append(states.isin(_HAZARDOUS).to_numpy(), False)[line]
    length_m = pieces.length_m * stretch[line]
    road_of_piece = np.append(road, -1)[line]
    return _OnRoads(
        road=road_of_piece,
        street=np.append(street, WALK)[road_of_piece],
        length_m=length_m,
        hazardous_m=length_m * (hazardous if stretches is not None else np.nan),
        hazardous=hazardous,
        names=np.append(names, ""),
        highways=np.append(highways, "walk"),
        bridge=np.append(roads["bridge"].to_numpy(dtype=bool), False),
    )


def _in_crs(table: gpd.GeoDataFrame, crs: pyproj.CRS | None) -> gpd.GeoDataFrame:
    """Return a table in a CRS; one made by hand may have none, and is taken as it is."""
    return table if crs is None or table.crs is None else table.to_crs(crs)


def _text(values: pd.Series[Any]) -> NDArray[np.object_]:
    """Return text without blanks around it, "" where there is none."""
    text: NDArray[np.object_] = (
        values.where(values.notna(), "").astype(str).str.strip().to_numpy(dtype=object)
    )
    return text


def _streets(names: NDArray[np.object_], highways: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return numbers of streets: by name from 0; unnamed ones by class, below `WALK`."""
    named = names != ""
    folded = np.array([str(name).casefold() for name in names], dtype=object)
    by_name, _ = pd.factorize(folded)
    by_class, _ = pd.factorize(highways)
    return np.where(named, by_name, WALK - 1 - by_class)


def _leg_table(
    routes: gpd.GeoDataFrame, pieces: RoutePieces, on_roads: _OnRoads, legs: Legs
) -> pd.DataFrame:
    """Return a row per leg; `_route` is the position of its route."""
    first, count = legs.first, legs.first.size
    leg = np.repeat(np.arange(count), np.diff(np.append(first, pieces.route.size)))
    route = pieces.route[first]
    walked_m = np.bincount(leg, on_roads.length_m, minlength=count)
    scale = np.ones(len(routes))
    if "distance_m" in routes.columns:
        whole_m = np.bincount(route, walked_m, minlength=len(routes))
        said_m = routes["distance_m"].to_numpy(dtype=np.float64)
        known = (whole_m > 0.0) & np.isfinite(said_m)
        scale[known] = said_m[known] / whole_m[known]
    main = _main_road(leg, on_roads, legs)
    return pd.DataFrame(
        {
            "_route": route,
            "turn": turn_words(legs.turn_degrees),
            "bearing_degrees": legs.bearing_degrees,
            "road_name": on_roads.names[main],
            "highway": on_roads.highways[main],
            "on_bridge": _any(leg, on_roads.bridge[on_roads.road], count),
            "distance_m": walked_m * scale[route],
            "hazardous_m": np.bincount(leg, on_roads.hazardous_m, minlength=count) * scale[route],
            "hazardous": _any(leg, on_roads.hazardous, count),
            "x": pieces.begin[first, 0],
            "y": pieces.begin[first, 1],
        }
    )


def _any(leg: NDArray[np.int64], true: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """Say which legs have any piece of which something is true."""
    return np.bincount(leg, true, minlength=count) > 0


def _main_road(leg: NDArray[np.int64], on_roads: _OnRoads, legs: Legs) -> NDArray[np.int64]:
    """Return the road along which each leg goes farthest, of the street it is named after."""
    mine = np.flatnonzero(on_roads.street == legs.street[leg])
    size = np.int64(on_roads.names.size)
    pair, number = np.unique(leg[mine] * size + on_roads.road[mine] + 1, return_inverse=True)
    along_m = np.round(np.bincount(number.reshape(-1), on_roads.length_m[mine]), 3)
    owner, road = np.divmod(pair, size)
    order = np.lexsort((road, -along_m, owner))
    main: NDArray[np.int64] = road[order][np.unique(owner[order], return_index=True)[1]] - 1
    return main


def _with_arrivals(table: pd.DataFrame, lines: NDArray[np.object_]) -> pd.DataFrame:
    """Return the legs with a last row where each route arrives, and number them."""
    route = np.unique(table["_route"].to_numpy())
    ends = shapely.get_point(lines[route], -1)
    arrivals = pd.DataFrame(
        {
            "_route": route,
            "turn": "arrive",
            "bearing_degrees": np.nan,
            "road_name": "",
            "highway": "",
            "on_bridge": False,
            "distance_m": 0.0,
            "hazardous_m": np.where(table["hazardous_m"].isna().any(), np.nan, 0.0),
            "hazardous": False,
            "x": shapely.get_x(ends),
            "y": shapely.get_y(ends),
        }
    )
    everything = pd.concat([table, arrivals], ignore_index=True)
    order = np.argsort(everything["_route"].to_numpy(), kind="stable")
    shown = everything.iloc[order].reset_index(drop=True)
    shown["leg"] = shown.groupby("_route").cumcount()
    return shown.astype(dict.fromkeys(("turn", "road_name", "highway"), "str"))


def _landmarks_at(
    table: pd.DataFrame, landmarks: gpd.GeoDataFrame | None, crs: pyproj.CRS | None
) -> NDArray[np.object_]:
    """Return the name of the nearest landmark of each place, "" where none is near."""
    found = np.full(len(table), "", dtype=object)
    if landmarks is None or len(landmarks) == 0:
        return found
    check_columns(landmarks, ("name",), "landmarks")
    names = _text(landmarks["name"])
    shapes = np.asarray(_in_crs(landmarks, crs).geometry.array)
    kept = np.flatnonzero((names != "") & ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes))
    # Of two as near the first by name, so that the order of the table decides nothing.
    kept = kept[np.argsort(names[kept].astype(str), kind="stable")]
    if kept.size == 0:
        return found
    places = shapely.points(table["x"].to_numpy(), table["y"].to_numpy())
    place, landmark = shapely.STRtree(shapes[kept]).query_nearest(places, max_distance=_LANDMARK_M)
    nearest = np.full(len(table), kept.size)
    np.minimum.at(nearest, place, landmark)
    named: NDArray[np.object_] = np.append(names[kept], "")[nearest]
    return named
