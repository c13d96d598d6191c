"""Peer: the layers of a plan on a plain Folium map, as a good user of Folium writes it.

One `GeoJson` per layer with the columns that are shown and no others, coordinates rounded to six
decimals (0.1 m), canvas drawing, names on hover, popups at shelters, the hazard as one picture laid
over the map in web Mercator, a switch for the layers. Everything else is Folium's own default: the
tiles of OpenStreetMap, and Leaflet, jQuery, Bootstrap and icons from their addresses.

`full` draws the first route of every settlement, as most do; `lean` draws in its place the roads
with people on them, and lines simplified to 2 m, as one does after the first page was too large.

Both do less than the page of the package, and less is quicker: no second routes, no answer to a tap
at home, no search, no legend, no sources, no hatches, no arrows. People without a place are dots
with their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import rasterio
import shapely
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from rasterio.windows import Window

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

CUTS_M = (0.1, 0.76, 1.5)
COLOURS = ("#FFFFB2", "#FEB24C", "#F03B20", "#BDBDBD")
OPACITY = 0.6
DEPARTURES = {"early": "Berangkat awal", "late": "Terlambat"}
ROADS = {"open": "#7D7D7D", "slowed": "#6B3E00", "closed": "#000000", "unknown": "#6A51A3"}
ROUTE = {"color": "#08306B", "weight": 3, "opacity": 0.7}
DECIMALS = 6
LEAN_M = 2.0

Bounds = tuple[float, float, float, float]


def save_plain_map(
    plan: Any,
    path: Path,
    bounds: Bounds,
    *,
    lean: bool = False,
    basemap: Any = None,
    settlements: Any = None,
) -> Path:
    """Write the layers of a plan as a plain Folium map.

    Parameters
    ----------
    plan
        An `EvacuationPlan`; only its tables and the path of its hazard raster are used.
    path
        File to write.
    bounds
        West, south, east and north of what is shown, in degrees.
    lean
        Whether people on roads take the place of routes.
    basemap, settlements
        Tables in EPSG:4326, where there are any.
    """
    page = folium.Map(prefer_canvas=True)
    page.fit_bounds([[bounds[1], bounds[0]], [bounds[3], bounds[2]]])
    _add_hazard(page, plan.hazard.grid.path, bounds)
    if basemap is not None:
        _add_land(page, basemap)
    _add_roads(page, plan.roads, bounds, lean=lean)
    border = {"color": "#333333", "weight": 2, "fill": False}
    villages = plan.villages[["village_name", "evacuees", "allocated", "geometry"]]
    _add(page, villages, "Desa/kelurahan", border, tooltip=["village_name", "evacuees"])
    if settlements is not None:
        thin = {"color": "#555555", "weight": 1, "fill": False}
        _add(page, settlements[["name", "geometry"]], "Dusun", thin, tooltip=["name"])
    for departure, name in DEPARTURES.items():
        if lean:
            _add_flows(page, plan.stretches, departure, name)
        else:
            _add_routes(page, plan, departure, name)
        _add_unserved(page, plan, departure, name)
    _add_shelters(page, plan)
    folium.LayerControl().add_to(page)
    page.save(path)
    return path


def _add(
    page: folium.Map,
    table: gpd.GeoDataFrame,
    name: str,
    look: dict[str, Any],
    *,
    tooltip: list[str] | None = None,
    **more: Any,
) -> None:
    """Add a table as one layer."""
    if table.empty:
        return
    shown = table.to_crs(4326)
    shown["geometry"] = shapely.set_precision(
        shown.geometry.array, 10.0**-DECIMALS, mode="pointwise"
    )
    hover = folium.GeoJsonTooltip(fields=tooltip) if tooltip else None
    style = more.pop("style_function", lambda _: look)
    folium.GeoJson(shown, name=name, style_function=style, tooltip=hover, **more).add_to(page)


def _add_hazard(page: folium.Map, path: Path, bounds: Bounds) -> None:
    """Lay the classes of the raster over the map as one picture."""
    with (
        rasterio.open(path) as source,
        WarpedVRT(source, crs="EPSG:3857", src_crs=source.crs or "EPSG:4326") as moved,
    ):
        window = moved.window(*transform_bounds("EPSG:4326", moved.crs, *bounds))
        window = window.round_offsets().round_lengths()
        window = window.intersection(Window(0, 0, moved.width, moved.height))
        depths = moved.read(1, window=window, masked=True)
        corners = moved.window_bounds(window)
        west, south, east, north = transform_bounds(moved.crs, "EPSG:4326", *corners)
    folium.raster_layers.ImageOverlay(
        _picture(depths), [[south, west], [north, east]], name="Bahaya"
    ).add_to(page)


def _picture(depths: Any) -> NDArray[np.uint8]:
    """Return classes of depths as red, green, blue and opacity."""
    rgba = [(255, 255, 255, 0)]
    rgba += [
        (*(int(colour[place : place + 2], 16) for place in (1, 3, 5)), round(255 * OPACITY))
        for colour in COLOURS
    ]
    classes = np.digitize(depths.filled(0), CUTS_M)
    classes[np.ma.getmaskarray(depths)] = len(COLOURS)
    picture: NDArray[np.uint8] = np.array(rgba, dtype=np.uint8)[classes]
    return picture


def _add_land(page: folium.Map, basemap: Any) -> None:
    """Add water, buildings, places and landmarks."""
    water = {"color": "#5B9BC7", "weight": 1, "fillColor": "#9CC9E8", "fillOpacity": 0.8}
    _add(page, basemap.water[["geometry"]], "Air", water)
    _add(page, basemap.waterways[["geometry"]], "Sungai", {"color": "#5B9BC7", "weight": 2})
    walls = {"color": "#8A8178", "weight": 1, "fillColor": "#D8CFC4", "fillOpacity": 0.9}
    _add(page, basemap.buildings[["geometry"]], "Bangunan", walls)
    for table, name in ((basemap.places, "Tempat"), (basemap.landmarks, "Patokan")):
        _add(
            page,
            table[["name", "kind", "geometry"]],
            name,
            {"color": "#333333", "weight": 1},
            tooltip=["name"],
            marker=folium.CircleMarker(radius=3),
        )


def _add_roads(page: folium.Map, roads: gpd.GeoDataFrame, bounds: Bounds, *, lean: bool) -> None:
    """Add the roads in sight, coloured by their state."""
    shown = roads[["name", "state", "geometry"]].copy()
    if lean:
        shown["geometry"] = shown.simplify(LEAN_M)
    shown = shown.to_crs(4326)
    shown = shown[shown.intersects(shapely.box(*bounds))]

    def look(feature: dict[str, Any]) -> dict[str, Any]:
        state = feature["properties"]["state"]
        return {"color": ROADS[state], "weight": 1 if state == "open" else 2}

    _add(page, shown, "Jalan", {}, tooltip=["name", "state"], style_function=look)


def _add_routes(page: folium.Map, plan: Any, departure: str, name: str) -> None:
    """Add the first route of every settlement."""
    routes = plan.routes[(plan.routes["departure"] == departure) & (plan.routes["rank"] == 1)]
    columns = ["evacuees", "travel_time_s", "distance_m"]
    routes = routes[[*columns, "geometry"]].round(dict.fromkeys(columns, 0))
    shown = departure == "early"
    _add(page, routes, f"Jalur: {name}", ROUTE, tooltip=columns, show=shown)


def _add_flows(page: folium.Map, stretches: gpd.GeoDataFrame, departure: str, name: str) -> None:
    """Add the roads with people on them."""
    people = f"evacuees_{departure}"
    used = stretches.loc[stretches[people] > 0, [people, "geometry"]].copy()
    used["geometry"] = used.simplify(LEAN_M)
    shown = departure == "early"
    _add(page, used, f"Jalur: {name}", ROUTE, tooltip=[people], show=shown)


def _add_unserved(page: folium.Map, plan: Any, departure: str, name: str) -> None:
    """Add the people without a place."""
    rows = (plan.origins["departure"] == departure) & (plan.origins["status"] != "allocated")
    _add(
        page,
        plan.origins.loc[rows, ["evacuees", "status", "geometry"]],
        f"Belum terlayani: {name}",
        {"color": "#7A0177", "weight": 1},
        tooltip=["evacuees", "status"],
        marker=folium.CircleMarker(radius=4),
        show=departure == "early",
    )


def _add_shelters(page: folium.Map, plan: Any) -> None:
    """Add shelters with a popup, green where they can be used."""
    shelters = plan.shelters[plan.shelters["departure"] == "early"]
    columns = ["name", "status", "capacity_people", "allocated_people"]
    shelters = shelters[[*columns, "geometry"]].copy()
    shelters["geometry"] = shelters.representative_point()

    def look(feature: dict[str, Any]) -> dict[str, Any]:
        usable = feature["properties"]["status"] == "usable"
        return {"color": "#00703C" if usable else "#4D4D4D", "weight": 2, "fillOpacity": 0.9}

    _add(
        page,
        shelters,
        "Tempat evakuasi",
        {},
        style_function=look,
        marker=folium.CircleMarker(radius=7, fill=True),
        popup=folium.GeoJsonPopup(fields=columns),
    )
