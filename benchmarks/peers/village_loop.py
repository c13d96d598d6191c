"""Peer: a map and tables for every kelurahan, in the loop that a good user would write.

    python benchmarks/peers/village_loop.py --out DIR [--way plain] [--villages 30]

On OSMnx, NetworkX, rasterstats and Folium, without the package. All files are read once. Then for
each kelurahan

- the roads within 3 km are picked and made into a graph;
- rasterstats cuts both rasters, which gives people by hazard class, and the cells whose people
  leave: medium and high, as the package has it;
- one search from all shelters out of the hazard (`networkx.multi_source_dijkstra`) gives each of
  those cells its nearest one within the hour, for an early departure, while every road is open;
- people by class go to a CSV, routes and shelters to a GeoPackage, and a Folium map on the tiles of
  OpenStreetMap shows border, routes and shelters.

There are three ways to write it:

truncate
    The network of the city is an OSMnx graph, cut by `osmnx.truncate.truncate_graph_polygon`, which
    is what that function is for. Every cell has its route; the map shows the hazard as polygons and
    a marker with a popup for each shelter.
plain
    The same, but roads are a table of lines, picked through its spatial index, and the vertices of
    those are made into a graph by NetworkX.
lean
    What one comes to when the first night was too short: the network is made and simplified by
    OSMnx before the loop and kept as tables with a spatial index; cells that enter the roads at one
    crossing share a route; the map has no hazard, and dots for shelters.

All do less than the package: no late departure, no roads closed or slowed, no seats (a shelter
takes whoever is nearest), no second ways, no spreadsheet, and nothing is drawn without a network. A
cell belongs to a kelurahan by its centre, and enters the roads at the nearest node.

The data folder comes from the environment variable ``RESILIENCE_GEO_REAL_DATA`` or is
``../shared/data``. Seconds of each kelurahan go to ``seconds.json`` in the folder.
"""

from __future__ import annotations

import argparse
import gc
import html
import json
import os
import time
import warnings
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx as ox
import pandas as pd
import rasterio
import rasterio.features
import shapely
from rasterio.windows import Window, from_bounds
from rasterstats import zonal_stats

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# rasterstats uses an operator that the affine package is about to withdraw.
warnings.filterwarnings("ignore", category=PendingDeprecationWarning)

CLASSES = ("none", "low", "medium", "high", "unknown")
CLASS_CUTS_M = (0.1, 0.76, 1.5)
UNKNOWN, EVACUATING = 4, (2, 3)
NODATA = -9999.0
PEOPLE_PER_HA = 0.1  # the population raster holds persons per 10 hectares
NOT_WALKABLE = ("motorway", "motorway_link")
WALKING_SPEED_MPS = 1.1
TIME_LIMIT_S = 3600.0
MAX_SNAP_M = 500.0
BUFFER_M = 3000.0
BUFFER_DEGREES = 0.027
COLOURS = ("", "#FFFFB2", "#FEB24C", "#F03B20", "#BDBDBD")
METRIC_CRS = "EPSG:32748"
STEPS = ("computing", "tables", "map")


def data_folder() -> Path:
    """Return the folder of the real data."""
    default = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
    return Path(os.environ.get("RESILIENCE_GEO_REAL_DATA", default))


def read_inputs(folder: Path) -> dict[str, Any]:
    """Read the Jakarta files once, before the loop.

    Parameters
    ----------
    folder
        Folder of the real data, the one that holds ``jakarta/``.

    Returns
    -------
    dict
        ``villages`` (degrees), ``lines`` of roads one walks on and ``shelters`` out of the hazard
        (metres), ``classes`` and ``people`` (arrays of one shape), ``transform``.
    """
    jakarta = folder / "jakarta"
    with rasterio.open(jakarta / "Flood_Current_Depth_Jakarta_geographic.asc") as source:
        depth, transform = source.read(1, masked=True), source.transform
    with rasterio.open(jakarta / "Population_Jakarta_geographic.asc") as source:
        density = source.read(1, masked=True).filled(0.0).astype(float)
    classes = np.digitize(depth.filled(0.0), CLASS_CUTS_M)
    classes[np.ma.getmaskarray(depth)] = UNKNOWN
    roads = gpd.read_file(jakarta / "jakarta_roads.shp").to_crs(METRIC_CRS)
    lines = roads.loc[~roads["TYPE"].isin(NOT_WALKABLE), ["geometry"]]
    shelters = gpd.read_file(jakarta / "shelters_standin.geojson")
    places = (shelters.geometry.x.to_numpy(), shelters.geometry.y.to_numpy())
    column, row = (np.floor(one).astype(int) for one in ~transform * places)
    dry = ~np.isin(classes[row, column], (*EVACUATING, UNKNOWN))
    villages = gpd.read_file(jakarta / "kelurahan_jakarta.shp")
    villages["geometry"] = villages.make_valid()
    return {
        "villages": villages,
        "lines": lines,
        "shelters": shelters[dry].to_crs(METRIC_CRS),
        "classes": classes,
        "people": density * PEOPLE_PER_HA * cell_hectares(transform, density.shape)[:, None],
        "transform": transform,
    }


def cell_hectares(transform: rasterio.Affine, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the area of one cell of each row, in an equal-area projection."""
    north = transform.f + transform.e * np.arange(shape[0])
    cells = shapely.box(transform.c, north + transform.e, transform.c + transform.a, north)
    areas = gpd.GeoSeries(cells, crs=4326).to_crs("ESRI:54034").area.to_numpy()
    return np.asarray(areas / 10_000.0)


def line_graph(lines: gpd.GeoDataFrame) -> nx.MultiDiGraph:
    """Return the graph of all vertices of lines in metres, both directions."""
    graph = nx.MultiDiGraph(crs=METRIC_CRS)
    places, line = shapely.get_coordinates(lines.geometry.array, return_index=True)
    first, node = np.unique(places, axis=0, return_inverse=True)
    graph.add_nodes_from((number, {"x": x, "y": y}) for number, (x, y) in enumerate(first.tolist()))
    tail = np.flatnonzero((line[1:] == line[:-1]) & (node[1:] != node[:-1]))
    ends = np.column_stack([node[tail], node[tail + 1]])
    metres = np.hypot(*(places[tail + 1] - places[tail]).T)
    for pair in (ends, ends[:, ::-1]):
        graph.add_edges_from(
            (u, v, {"length": length, "seconds": length / WALKING_SPEED_MPS})
            for (u, v), length in zip(pair.tolist(), metres.tolist(), strict=True)
        )
    return graph


def simplified(lines: gpd.GeoDataFrame) -> nx.MultiDiGraph:
    """Return the graph of crossings and ends of lines, simplified by OSMnx."""
    return ox.simplify_graph(line_graph(lines), edge_attr_aggs={"length": sum, "seconds": sum})


def kept_tables(lines: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return nodes and edges of the simplified graph as tables."""
    nodes, edges = ox.graph_to_gdfs(simplified(lines))
    return nodes, edges[["length", "seconds", "geometry"]]


def cut_graph(graph: nx.MultiDiGraph, area: Any) -> nx.MultiDiGraph:
    """Return the part of a graph in an area, as OSMnx cuts it."""
    return ox.truncate.truncate_graph_polygon(graph, area)


def graph_of_near(lines: gpd.GeoDataFrame, area: Any) -> nx.MultiDiGraph:
    """Return the graph of the lines that touch an area."""
    return line_graph(lines.iloc[lines.sindex.query(area, predicate="intersects")])


def graph_of_tables(
    tables: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], area: Any
) -> nx.MultiDiGraph:
    """Return the graph of the edges that touch an area."""
    nodes, edges = tables
    edges = edges.iloc[edges.sindex.query(area, predicate="intersects")]
    ends = np.union1d(edges.index.get_level_values("u"), edges.index.get_level_values("v"))
    return ox.graph_from_gdfs(nodes.loc[ends], edges)


# What is made of the lines before the loop, and how the loop picks from it.
WAYS: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], nx.MultiDiGraph]]] = {
    "truncate": (simplified, cut_graph),
    "plain": (lambda lines: lines, graph_of_near),
    "lean": (kept_tables, graph_of_tables),
}


def cut_rasters(border: Any, inputs: dict[str, Any]) -> tuple[dict[str, float], gpd.GeoSeries]:
    """Return people by class, and the middles of cells whose people leave, with their people."""
    counts, classes = (
        zonal_stats(
            border, inputs[name], affine=inputs["transform"], nodata=NODATA, stats="count",
            raster_out=True,
        )[0]
        for name in ("people", "classes")
    )  # fmt: skip
    people = counts["mini_raster_array"].filled(0.0)
    number = classes["mini_raster_array"].filled(UNKNOWN).astype(int)
    sums = np.bincount(number.ravel(), people.ravel(), minlength=len(CLASSES))
    row, column = np.nonzero(np.isin(number, EVACUATING) & (people > 0.0))
    x, y = counts["mini_raster_affine"] * (column + 0.5, row + 0.5)
    points = gpd.GeoDataFrame(
        {"people": people[row, column]}, geometry=gpd.points_from_xy(x, y, crs=4326)
    )
    named = {f"people_{name}": float(value) for name, value in zip(CLASSES, sums, strict=True)}
    return named, points.to_crs(METRIC_CRS)


def nearest_shelters(
    graph: nx.MultiDiGraph,
    origins: gpd.GeoDataFrame,
    shelters: gpd.GeoDataFrame,
    *,
    shared: bool,
) -> gpd.GeoDataFrame:
    """Return the route of each origin to its nearest shelter.

    Parameters
    ----------
    graph
        Roads of the village and around it, in metres.
    origins
        Points with ``people``.
    shelters
        Usable shelters with ``shelter_id`` and ``name``.
    shared
        Whether origins that enter the roads at one node share a route.

    Returns
    -------
    geopandas.GeoDataFrame
        ``people``, ``shelter_id``, ``name``, ``travel_time_s`` and the line, in metres.
    """
    columns = ["people", "shelter_id", "name", "travel_time_s", "geometry"]
    if origins.empty or shelters.empty or not len(graph):
        return gpd.GeoDataFrame(columns=columns, geometry="geometry", crs=METRIC_CRS)
    x, y = origins.geometry.x.to_numpy(), origins.geometry.y.to_numpy()
    starts, walks = ox.nearest_nodes(graph, x, y, return_dist=True)
    entries = ox.nearest_nodes(
        graph, shelters.geometry.x.to_numpy(), shelters.geometry.y.to_numpy()
    )
    # Of two shelters at one node the first.
    shelter_at = dict(zip(entries[::-1], range(len(shelters) - 1, -1, -1), strict=True))
    seconds, paths = nx.multi_source_dijkstra(
        graph, set(shelter_at), cutoff=TIME_LIMIT_S, weight="seconds"
    )
    starting = pd.DataFrame(
        {"node": starts, "people": origins["people"].to_numpy(), "walk_m": walks, "x": x, "y": y}
    )
    starting = starting[(starting["walk_m"] <= MAX_SNAP_M) & starting["node"].isin(paths.keys())]
    if shared:
        starting = starting.groupby("node", as_index=False)["people"].sum().assign(walk_m=0.0)
    names = shelters[["shelter_id", "name"]].to_numpy()
    rows = []
    one: Any
    for one in starting.itertuples():
        path = paths[one.node]
        places = path_places(graph, path[::-1])
        if not shared:
            places.insert(0, (one.x, one.y))
        time_s = seconds[one.node] + one.walk_m / WALKING_SPEED_MPS
        line = shapely.LineString(places)
        rows.append((one.people, *names[shelter_at[path[0]]], time_s, line))
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=METRIC_CRS)


def path_places(graph: nx.MultiDiGraph, path: list[int]) -> list[tuple[float, float]]:
    """Return the places along a path, by the quickest of parallel edges; at least two."""
    first = graph.nodes[path[0]]
    places = [(first["x"], first["y"])]
    for u, v in pairwise(path):
        edge = min(graph[u][v].values(), key=lambda data: data["seconds"])
        if "geometry" in edge:
            places += edge["geometry"].coords
        else:
            places.append((graph.nodes[v]["x"], graph.nodes[v]["y"]))
    return places if len(places) > 1 else places * 2


def save_tables(
    folder: Path, people: dict[str, float], routes: gpd.GeoDataFrame, shelters: gpd.GeoDataFrame
) -> None:
    """Write people by class as CSV, routes and shelters as a GeoPackage."""
    pd.DataFrame([people]).to_csv(folder / "people.csv", index=False)
    routes.to_file(folder / "plan.gpkg", layer="routes")
    shelters.to_file(folder / "plan.gpkg", layer="shelters")


def hazard_polygons(inputs: dict[str, Any], bounds: NDArray[np.float64]) -> gpd.GeoDataFrame:
    """Return the classes around a village as polygons."""
    transform = inputs["transform"]
    west, south, east, north = bounds + np.array([-1, -1, 1, 1]) * BUFFER_DEGREES
    window = from_bounds(west, south, east, north, transform).round_offsets().round_lengths()
    rows, columns = window.intersection(
        Window(0, 0, inputs["classes"].shape[1], inputs["classes"].shape[0])
    ).toslices()
    classes = inputs["classes"][rows, columns].astype(np.uint8)
    own = transform * rasterio.Affine.translation(columns.start, rows.start)
    found = rasterio.features.shapes(classes, mask=classes > 0, transform=own)
    shapes, numbers = zip(
        *((shapely.geometry.shape(one), int(value)) for one, value in found), strict=True
    )
    polygons = gpd.GeoDataFrame({"hazard": numbers}, geometry=list(shapes), crs=4326)
    return polygons.dissolve("hazard", as_index=False)


def save_map(
    path: Path,
    village: gpd.GeoDataFrame,
    routes: gpd.GeoDataFrame,
    shelters: gpd.GeoDataFrame,
    hazard: gpd.GeoDataFrame | None,
) -> None:
    """Write border, routes and shelters as a Folium map on the tiles of OpenStreetMap.

    With `hazard` it is shown as polygons, and shelters are markers, each with a popup of its own.
    """
    west, south, east, north = village.total_bounds
    page = folium.Map(prefer_canvas=True)
    page.fit_bounds([[south, west], [north, east]])
    if hazard is not None:
        folium.GeoJson(
            hazard,
            name="Bahaya",
            style_function=lambda one: {
                "color": COLOURS[one["properties"]["hazard"]], "weight": 0, "fillOpacity": 0.6,
            },
        ).add_to(page)  # fmt: skip
    folium.GeoJson(village[["KEL_NAME2", "geometry"]], name="Kelurahan").add_to(page)
    if len(routes):
        shown = routes.to_crs(4326).round({"people": 0, "travel_time_s": 0})
        shown["geometry"] = shapely.set_precision(shown.geometry.array, 1e-6, mode="pointwise")
        folium.GeoJson(
            shown,
            name="Jalur",
            style_function=lambda _: {"color": "#08306B", "weight": 3},
            tooltip=folium.GeoJsonTooltip(fields=["name", "people", "travel_time_s"]),
        ).add_to(page)
    add_shelters(page, shelters.to_crs(4326), markers=hazard is not None)
    folium.LayerControl().add_to(page)
    page.save(path)


def add_shelters(page: folium.Map, shelters: gpd.GeoDataFrame, *, markers: bool) -> None:
    """Add shelters as markers with popups, or as one layer of dots."""
    if markers:
        group = folium.FeatureGroup("Tempat evakuasi").add_to(page)
        one: Any
        for one in shelters.itertuples():
            popup = folium.Popup(f"{html.escape(one.name)}<br>{html.escape(one.kind)}")
            folium.Marker([one.geometry.y, one.geometry.x], popup=popup).add_to(group)
    elif len(shelters):
        folium.GeoJson(
            shelters[["name", "kind", "geometry"]],
            name="Tempat evakuasi",
            marker=folium.CircleMarker(radius=7, color="#00703C", fill=True),
            popup=folium.GeoJsonPopup(fields=["name", "kind"]),
        ).add_to(page)


def make_village(row: int, inputs: dict[str, Any], folder: Path, way: str) -> dict[str, Any]:
    """Make map and tables of one kelurahan; return its figures and its seconds by step."""
    marks = [(time.perf_counter(), time.process_time())]
    village = inputs["villages"].iloc[[row]]
    area = village.to_crs(METRIC_CRS).geometry.iloc[0].buffer(BUFFER_M)
    graph = WAYS[way][1](inputs["roads"], area)
    people, origins = cut_rasters(village.geometry.iloc[0], inputs)
    shelters = inputs["shelters"][inputs["shelters"].intersects(area)]
    routes = nearest_shelters(graph, origins, shelters, shared=way == "lean")
    marks.append((time.perf_counter(), time.process_time()))
    folder.mkdir(parents=True)
    save_tables(folder, people, routes, shelters)
    marks.append((time.perf_counter(), time.process_time()))
    hazard = None if way == "lean" else hazard_polygons(inputs, village.total_bounds)
    save_map(folder / "map.html", village, routes, shelters, hazard)
    marks.append((time.perf_counter(), time.process_time()))
    wall_s, cpu_s = np.diff(np.array(marks), axis=0).T.tolist()
    return {
        "row": row,
        "name": village["KEL_NAME2"].iloc[0],
        **people,
        "evacuees": float(origins["people"].sum()),
        "origins": len(origins),
        "routes": len(routes),
        "served": float(routes["people"].sum()),
        "nodes": len(graph),
        "wall_s": dict(zip(STEPS, wall_s, strict=True)),
        "cpu_s": dict(zip(STEPS, cpu_s, strict=True)),
    }


def spread(total: int, count: int | None) -> list[int]:
    """Return numbers of rows spread evenly over a table; all of them without a count."""
    return sorted({round(one) for one in np.linspace(0, total - 1, count or total).tolist()})


def main() -> None:
    """Make every kelurahan, or some spread over all of them, and print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--way", choices=WAYS, default="plain")
    parser.add_argument("--villages", type=int, help="How many, spread over all; else all.")
    options = parser.parse_args()
    begin = time.process_time()
    inputs = read_inputs(data_folder())
    inputs["roads"] = WAYS[options.way][0](inputs.pop("lines"))
    reading_s = time.process_time() - begin
    # To the favour of the loop: the collector is not to walk through what was read, each time.
    gc.collect()
    gc.freeze()
    villages = [
        make_village(row, inputs, options.out / f"{row:03d}", options.way)
        for row in spread(len(inputs["villages"]), options.villages)
    ]
    (options.out / "seconds.json").write_text(
        json.dumps({"way": options.way, "reading_cpu_s": reading_s, "villages": villages}, indent=1)
    )
    print(f"{options.way}, {len(villages)} villages; reading {reading_s:.2f} s")
    for clock in ("wall_s", "cpu_s"):
        means = {name: np.mean([one[clock][name] for one in villages]) for name in STEPS}
        parts = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
        print(f"{clock} a village: {sum(means.values()):.3f} ({parts})")
    for name in ("evacuees", "served", "origins", "routes"):
        print(f"{name} {sum(one[name] for one in villages):.0f}")


if __name__ == "__main__":
    main()
