"""Peer: the layers of a plan plotted with GeoPandas on A3, and saved as a PDF.

What one writes in half an hour: a title, a legend, names of shelters where they fall. No true scale
and no scale bar, no grid, no hatches, no table, no sources, no panels, and names over one another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from peers.plain_folium import COLOURS, CUTS_M, ROADS

if TYPE_CHECKING:
    from pathlib import Path

A3_INCHES = (420 / 25.4, 297 / 25.4)
LAND = {"water": "#9CC9E8", "waterways": "#5B9BC7", "buildings": "#D8CFC4"}

Bounds = tuple[float, float, float, float]


def save_plain_plot(
    plan: Any, path: Path, bounds: Bounds, *, basemap: Any = None, settlements: Any = None
) -> Path:
    """Write the layers of a plan as a plain plot.

    Parameters
    ----------
    plan
        An `EvacuationPlan`; only its tables and the path of its hazard raster are used.
    path
        PDF to write.
    bounds
        West, south, east and north of what is shown, in degrees.
    basemap, settlements
        Tables in EPSG:4326, where there are any.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  loading it is part of what is measured

    crs = plan.roads.crs
    frame = shapely.box(*gpd.GeoSeries([shapely.box(*bounds)], crs=4326).to_crs(crs).total_bounds)
    figure = Figure(figsize=A3_INCHES)
    axes = figure.add_axes((0.03, 0.04, 0.94, 0.9))
    draw_hazard(axes, plan.hazard.grid, bounds, crs)
    for name, colour in LAND.items() if basemap is not None else ():
        layer = getattr(basemap, name).to_crs(crs)
        if len(layer):
            layer.plot(ax=axes, color=colour, linewidth=0.4)
    roads = plan.roads[plan.roads.intersects(frame)]
    for state, colour in ROADS.items():
        rows = roads[roads["state"] == state]
        if len(rows):
            wide = 0.5 if state == "open" else 1.5
            rows.plot(ax=axes, color=colour, linewidth=wide, label=f"jalan: {state}")
    plan.villages.boundary.plot(ax=axes, color="black", linewidth=1.5)
    if settlements is not None:
        settlements.to_crs(crs).boundary.plot(ax=axes, color="grey", linewidth=0.5)
    routes = plan.routes[(plan.routes["departure"] == "early") & (plan.routes["rank"] == 1)]
    routes.plot(ax=axes, color="#08306B", linewidth=2, label="jalur evakuasi")
    draw_shelters(axes, plan.shelters[plan.shelters["departure"] == "early"], frame)
    west, south, east, north = frame.bounds
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect("equal")
    axes.set_title("Peta evakuasi " + ", ".join(plan.villages["village_name"]))
    axes.legend(loc="lower right")
    figure.savefig(path)
    return path


def draw_hazard(axes: Any, grid: Any, bounds: Bounds, crs: Any) -> None:
    """Draw the classes of the raster as a picture."""
    with rasterio.open(grid.path) as source:
        ends = gpd.GeoSeries([shapely.box(*bounds)], crs=4326).to_crs(grid.crs).total_bounds
        window = source.window(*ends).round_offsets().round_lengths()
        depths = source.read(1, window=window, masked=True, boundless=True)
        corners = shapely.box(*source.window_bounds(window))
    classes = np.digitize(depths.filled(0), CUTS_M)
    classes[np.ma.getmaskarray(depths)] = len(COLOURS)
    parts = [[int(colour[place : place + 2], 16) for place in (1, 3, 5)] for colour in COLOURS]
    rgba = np.array([[255, 255, 255, 0], *([*part, 190] for part in parts)], dtype=np.uint8)
    # Degrees laid straight into metres: over a village the difference is less than a cell.
    west, south, east, north = gpd.GeoSeries([corners], crs=grid.crs).to_crs(crs).total_bounds
    axes.imshow(rgba[classes], extent=(west, east, south, north), interpolation="nearest")


def draw_shelters(axes: Any, shelters: gpd.GeoDataFrame, frame: Any) -> None:
    """Draw the shelters in sight with their names."""
    shelters = shelters[shelters.intersects(frame)]
    points = shelters.representative_point()
    points.plot(ax=axes, color="#00703C", markersize=60, label="tempat evakuasi", zorder=5)
    for name, point in zip(shelters["name"], points, strict=True):
        axes.annotate(name, (point.x, point.y), fontsize=8, parse_math=False)
