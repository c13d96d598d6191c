"""Peer: Jakarta tables written the usual way, on rasterstats, OSMnx and NetworkX.

The same tables as ``exactextract_scipy.py``, for the same data and under the same rules, as most
analysts would write them. The meaning is the same; small differences come from the method:

- Exposure counts a cell with the polygon that holds its centre (rasterstats' default); small
  polygons win or lose whole cells, and cells on the outer border may fall out.
- Roads are sampled every 20 m or closer, so a cell that a road only clips can be missed: fewer
  closed roads.
- The edges of the network are the segments between vertices. A segment closes whole where any
  sample on it is closed, and the time factor of a segment is the mean over its samples.
- Origins and shelters enter at the nearest vertex (``osmnx.distance.nearest_nodes``), not at the
  nearest point on a road, which is a longer walk.

Run it with ``python benchmarks/peers/rasterstats_networkx.py``; the data folder comes from the
environment variable ``RESILIENCE_GEO_REAL_DATA`` or is ``../shared/data``.
"""

from __future__ import annotations

import math
import os
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx as ox
import pandas as pd
import rasterio
import shapely
from pyproj import Geod
from rasterstats import zonal_stats

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASSES = ("none", "low", "medium", "high", "unknown")
CLASS_CUTS_M = (0.1, 0.76, 1.5)
STATES = ("open", "slowed", "closed", "unknown")
CLOSED, UNKNOWN = 2, 3
STATE_CUTS_M = (0.1, 0.5)
TIME_FACTOR = np.array([1.0, 1.5, 3.0, 3.0])
WALKING_SPEED_MPS = 1.1
PEOPLE_PER_HA = 0.1  # the population raster holds persons per 10 hectares
NOT_WALKABLE = ("motorway", "motorway_link")
METRIC_CRS = "EPSG:32748"
SAMPLE_M = 20.0


def data_folder() -> Path:
    """Return the folder of the real data."""
    default = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
    return Path(os.environ.get("RESILIENCE_GEO_REAL_DATA", default))


def read_grid(path: Path) -> tuple[NDArray[np.float32], rasterio.Affine]:
    """Read a raster with nodata as NaN."""
    with rasterio.open(path) as source:
        return source.read(1, masked=True).filled(np.nan), source.transform


def polygonal(geometry: shapely.Geometry) -> shapely.Geometry:
    """Repair a polygon and keep its areas only."""
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(geometry)))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def read_areas(path: Path) -> gpd.GeoDataFrame:
    """Read polygons and repair the invalid ones."""
    areas = gpd.read_file(path)
    bad = ~areas.is_valid
    areas.loc[bad, "geometry"] = areas.geometry[bad].map(polygonal)
    return areas


def read_inputs(folder: Path) -> dict[str, Any]:
    """Read the Jakarta files.

    Parameters
    ----------
    folder
        Folder of the real data, the one that holds ``jakarta/``.

    Returns
    -------
    dict
        ``depth``, ``population`` (arrays), ``transform``, and the tables ``kelurahan``, ``rw``,
        ``roads`` and ``shelters``.
    """
    jakarta = folder / "jakarta"
    depth, transform = read_grid(jakarta / "Flood_Current_Depth_Jakarta_geographic.asc")
    population, _ = read_grid(jakarta / "Population_Jakarta_geographic.asc")
    return {
        "depth": depth,
        "population": population,
        "transform": transform,
        "kelurahan": read_areas(jakarta / "kelurahan_jakarta.shp"),
        "rw": read_areas(jakarta / "rw_jakarta.shp"),
        "roads": gpd.read_file(jakarta / "jakarta_roads.shp"),
        "shelters": gpd.read_file(jakarta / "shelters_standin.geojson"),
    }


def classify(
    values: NDArray[np.float32], cuts: tuple[float, ...], unknown: int
) -> NDArray[np.int64]:
    """Return the class of each value; a cut belongs to the class above it."""
    classes = np.digitize(values, np.asarray(cuts, dtype=values.dtype))
    classes[np.isnan(values)] = unknown
    return classes


def sample(
    depth: NDArray[np.float32],
    transform: rasterio.Affine,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Return the depth at points, NaN outside the raster."""
    column = np.floor((lon - transform.c) / transform.a).astype(int)
    row = np.floor((lat - transform.f) / transform.e).astype(int)
    rows, columns = depth.shape
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    found = np.full(len(lon), np.nan, dtype=depth.dtype)
    found[inside] = depth[row[inside], column[inside]]
    return found


def people_per_cell(
    population: NDArray[np.float32], transform: rasterio.Affine
) -> NDArray[np.float64]:
    """Return the people of each cell, from density and the area of the cell at its latitude."""
    geod = Geod(ellps="WGS84")
    people = np.nan_to_num(population.astype(np.float64)) * PEOPLE_PER_HA
    west, east = transform.c, transform.c + transform.a
    for row in range(len(people)):
        north, south = transform.f + transform.e * row, transform.f + transform.e * (row + 1)
        area, _ = geod.polygon_area_perimeter(
            [west, west, east, east], [north, south, south, north]
        )
        people[row] *= abs(area) / 10_000
    return people


def exposure(
    areas: gpd.GeoDataFrame,
    classes: NDArray[np.int64],
    people: NDArray[np.float64],
    transform: rasterio.Affine,
) -> pd.DataFrame:
    """Return the people of each polygon by hazard class, cells counted by their centre."""
    table = pd.DataFrame(index=areas.index)
    for code, name in enumerate(CLASSES):
        in_class = np.where(classes == code, people, 0.0)
        stats = zonal_stats(areas, in_class, affine=transform, stats="sum", nodata=-1)
        table[f"people_{name}"] = [float(row["sum"] or 0) for row in stats]
    table.insert(0, "people_total", table.sum(axis=1))
    return table


def trace_roads(
    roads: gpd.GeoDataFrame, depth: NDArray[np.float32], transform: rasterio.Affine
) -> tuple[pd.DataFrame, nx.Graph]:
    """Return the state of each road on foot and the network of the walkable ones."""
    metric = roads.geometry.to_crs(METRIC_CRS)
    graph = nx.Graph(crs=METRIC_CRS)
    rows = []
    for kind, lonlat_line, line in zip(roads["TYPE"], roads.geometry, metric, strict=True):
        lonlat = list(lonlat_line.coords)
        xy = list(line.coords)

        # Sample points of the whole road, and the segment that each belongs to.
        lengths = [math.dist(*ends) for ends in pairwise(xy)]
        counts = [max(2, math.ceil(length / SAMPLE_M) + 1) for length in lengths]
        points = np.concatenate(
            [
                np.linspace(*ends, num=count)
                for ends, count in zip(pairwise(lonlat), counts, strict=True)
            ]
        )
        depths = sample(depth, transform, points[:, 0], points[:, 1])
        states = classify(depths, STATE_CUTS_M, UNKNOWN)

        known = depths[~np.isnan(depths)]
        deepest = known.max() if known.size else np.nan
        # Closed counts first, then unknown, then slowed.
        state = CLOSED if (states == CLOSED).any() else states.max()
        rows.append({"max_depth_m": deepest, "state": STATES[state]})
        if kind in NOT_WALKABLE:
            continue

        begin = 0
        for start, end, from_xy, to_xy, length, count in zip(
            lonlat[:-1], lonlat[1:], xy[:-1], xy[1:], lengths, counts, strict=True
        ):
            of_segment = states[begin : begin + count]
            begin += count
            seconds = length / WALKING_SPEED_MPS * TIME_FACTOR[of_segment].mean()
            if start == end or (
                graph.has_edge(start, end) and graph.edges[start, end]["seconds"] <= seconds
            ):
                continue
            graph.add_node(start, x=from_xy[0], y=from_xy[1])
            graph.add_node(end, x=to_xy[0], y=to_xy[1])
            graph.add_edge(
                start,
                end,
                length=length,
                seconds=float(seconds),
                closed=bool((of_segment == CLOSED).any()),
            )
    return pd.DataFrame(rows, index=roads.index), graph


def evacuation(rw: gpd.GeoDataFrame, shelters: gpd.GeoDataFrame, graph: nx.Graph) -> pd.DataFrame:
    """Return the nearest shelter of each RW, early rows first.

    Parameters
    ----------
    rw
        Where people start: a representative point of each polygon.
    shelters
        Usable shelters only.
    graph
        Walkable network, vertex by vertex.

    Returns
    -------
    pandas.DataFrame
        A row per departure and RW; no shelter and infinite time where there is no way.
    """
    graph = nx.convert_node_labels_to_integers(graph)
    origins = rw.representative_point().to_crs(METRIC_CRS)
    places = shelters.geometry.to_crs(METRIC_CRS)
    nodes, walks = ox.distance.nearest_nodes(
        graph, origins.x.to_numpy(), origins.y.to_numpy(), return_dist=True
    )
    entries, steps = ox.distance.nearest_nodes(
        graph, places.x.to_numpy(), places.y.to_numpy(), return_dist=True
    )
    for shelter_id, entry, walk in zip(shelters["shelter_id"], entries, steps, strict=True):
        graph.add_edge(
            shelter_id, entry, length=walk, seconds=walk / WALKING_SPEED_MPS, closed=False
        )

    rows = []
    for departure in ("early", "late"):
        if departure == "late":
            closed = [ends for *ends, is_closed in graph.edges(data="closed") if is_closed]
            graph.remove_edges_from(closed)
        seconds, paths = nx.multi_source_dijkstra(
            graph, set(shelters["shelter_id"]), weight="seconds"
        )
        for position, node, walk in zip(rw.index, nodes, walks, strict=True):
            row = {"departure": departure, "rw": position, "walk_to_road_m": walk}
            if node in paths:
                row["shelter_id"] = paths[node][0]
                row["travel_time_s"] = seconds[node] + walk / WALKING_SPEED_MPS
                row["distance_m"] = walk + nx.path_weight(graph, paths[node], "length")
            else:
                row |= {"shelter_id": None, "travel_time_s": np.inf, "distance_m": np.nan}
            rows.append(row)
    columns = [
        "departure",
        "rw",
        "shelter_id",
        "travel_time_s",
        "distance_m",
        "walk_to_road_m",
    ]
    return pd.DataFrame(rows, columns=columns)


def make_tables(inputs: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Make every table.

    Parameters
    ----------
    inputs
        What `read_inputs` returns.

    Returns
    -------
    dict of pandas.DataFrame
        ``exposure_kelurahan``, ``exposure_rw``, ``roads`` and ``evacuation``.
    """
    depth, transform = inputs["depth"], inputs["transform"]
    classes = classify(depth, CLASS_CUTS_M, CLASSES.index("unknown"))
    people = people_per_cell(inputs["population"], transform)

    shelters = inputs["shelters"]
    at_shelter = sample(
        depth, transform, shelters.geometry.x.to_numpy(), shelters.geometry.y.to_numpy()
    )
    dry = classify(at_shelter, CLASS_CUTS_M, CLASSES.index("unknown")) < CLASSES.index("medium")
    shelters = shelters[dry & shelters["capacity_people"].notna()]

    roads, graph = trace_roads(inputs["roads"], depth, transform)
    return {
        "exposure_kelurahan": exposure(inputs["kelurahan"], classes, people, transform),
        "exposure_rw": exposure(inputs["rw"], classes, people, transform),
        "roads": roads,
        "evacuation": evacuation(inputs["rw"], shelters, graph),
    }


def main() -> None:
    """Print the seconds and the key totals."""
    begin = time.perf_counter()
    inputs = read_inputs(data_folder())
    read = time.perf_counter()
    tables = make_tables(inputs)
    print(f"reading_s {read - begin:.2f}")
    print(f"tables_s {time.perf_counter() - read:.2f}")
    wet = ["people_low", "people_medium", "people_high"]
    for name in ("kelurahan", "rw"):
        table = tables[f"exposure_{name}"]
        print(f"people_{name} {table['people_total'].sum():.0f}")
        print(f"people_from_0.1_m_{name} {table[wet].to_numpy().sum():.0f}")
        print(f"people_unknown_{name} {table['people_unknown'].sum():.0f}")
    states = tables["roads"]["state"].value_counts().reindex(STATES, fill_value=0)
    for state, count in states.items():
        print(f"roads_{state} {count}")
    for departure, rows in tables["evacuation"].groupby("departure"):
        reached = rows[rows["shelter_id"].notna()]
        print(f"rw_reached_{departure} {len(reached)} of {len(rows)}")
        print(f"median_time_{departure}_s {reached['travel_time_s'].median():.1f}")
        print(f"median_distance_{departure}_m {reached['distance_m'].median():.1f}")


if __name__ == "__main__":
    main()
