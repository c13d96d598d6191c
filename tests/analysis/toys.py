"""Small worlds in local metres, east and north of one corner, whose answers fit on paper."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
from affine import Affine
from shapely.geometry import LineString, Point, box

import resilience_geo as rg
from resilience_geo.inputs.rasters import Grid

CRS = "EPSG:32748"
EAST, NORTH = 700_000.0, 9_300_000.0
NODATA = -9999.0
WALK_MPS = 1.1


def at(x, y):
    return EAST + x, NORTH + y


def line(*points):
    return LineString([at(*point) for point in points])


def rect(west, south, east, north):
    return box(*at(west, south), *at(east, north))


def grid(values, cell=10.0, west=0.0, south=0.0, dtype="float32", nodata=NODATA):
    """Make a grid whose lower left corner is (west, south); the first row lies in the north."""
    array = np.asarray(values, dtype=dtype)
    left, top = at(west, south + cell * array.shape[0])
    return Grid.from_array(array, Affine(cell, 0, left, 0, -cell, top), CRS, nodata)


def flood(values, **options):
    """Make a flood of depths in metres."""
    nodata_means = options.pop("nodata_means", "unknown")
    unit = options.pop("unit", "m")
    return rg.read_hazard(grid(values, **options), kind="flood", unit=unit, nodata=nodata_means)


def flood_patches(*patches, width=2000.0, height=1000.0, cell=10.0, base=0.0, kind="flood"):
    """Make a dry plain with patches (west, south, east, north, value); NaN is no data."""
    rows, columns = round(height / cell), round(width / cell)
    values = np.full((rows, columns), base, dtype="float32")
    for west, south, east, north, value in patches:
        across = slice(round(west / cell), round(east / cell))
        up = slice(rows - round(north / cell), rows - round(south / cell))
        values[up, across] = NODATA if np.isnan(value) else value
    unit = "m" if kind in {"flood", "tsunami"} else "index"
    return rg.read_hazard(grid(values, cell=cell), kind=kind, unit=unit)


def people(values, unit="people_per_cell", scale=1.0, **options):
    return rg.read_population(grid(values, **options), unit=unit, scale=scale)


def villages(**polygons):
    """Make villages of code=polygon."""
    return gpd.GeoDataFrame(
        {"village_code": list(polygons), "village_name": [f"Desa {code}" for code in polygons]},
        geometry=list(polygons.values()),
        crs=CRS,
    )


def homes(*points):
    return gpd.GeoDataFrame(
        {"home": range(len(points))}, geometry=[Point(at(*point)) for point in points], crs=CRS
    )


def shelters(*places, capacity=1000.0):
    """Make shelters S0, S1, ... at points (x, y) or as polygons; one capacity or one for each."""
    shapes = [Point(at(*place)) if isinstance(place, tuple) else place for place in places]
    return gpd.GeoDataFrame(
        {
            "shelter_id": [f"S{number}" for number in range(len(shapes))],
            "name": [f"Balai {number}" for number in range(len(shapes))],
            "capacity_people": np.broadcast_to(np.asarray(capacity, dtype=float), len(shapes)),
        },
        geometry=shapes,
        crs=CRS,
    )


def road_graph(nodes, *roads):
    """Make an OSMnx-like graph.

    `nodes` is {node: (x, y)}; a road is (u, v) or (u, v, tags). A tag `via` bends the road, a tag
    `oneway=True` leaves out the edge back, as OSMnx does.
    """
    graph = nx.MultiDiGraph(crs=CRS)
    for node, (x, y) in nodes.items():
        east, north = at(x, y)
        graph.add_node(node, x=east, y=north)
    for u, v, *rest in roads:
        tags = dict(rest[0]) if rest else {}
        shape = line(nodes[u], *tags.pop("via", ()), nodes[v])
        oneway = tags.setdefault("oneway", False)
        tags.setdefault("highway", "residential")
        tags.setdefault("osmid", 1000 + graph.number_of_edges())
        tags.setdefault("length", shape.length)
        graph.add_edge(u, v, geometry=shape, reversed=False, **tags)
        if not oneway:
            graph.add_edge(v, u, geometry=shape.reverse(), reversed=True, **tags)
    return graph


def routes(origins, targets, graph, hazard, departure="both", elevation=None, **assumptions):
    """Return the routes as a table by (departure, home)."""
    table = rg.evacuation_routes(
        origins if isinstance(origins, gpd.GeoDataFrame) else homes(*origins),
        targets,
        graph,
        hazard,
        departure=departure,
        assumptions=rg.EvacuationAssumptions(**assumptions),
        elevation=elevation,
    )
    return table.set_index(["departure", "home"])


def states(graph, hazard, mode="walk", **assumptions):
    """Return the road states by (u, v, key)."""
    return rg.road_states(
        graph, hazard, mode=mode, assumptions=rg.EvacuationAssumptions(**assumptions)
    )
