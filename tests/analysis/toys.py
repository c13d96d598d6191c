"""Small worlds in local metres, east and north of one corner, whose answers fit on paper."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely
from affine import Affine
from shapely.geometry import LineString, Point, box

import resilience_geo as rg
from resilience_geo.inputs.rasters import Grid
from resilience_geo.tables import UNSERVED_CAUSES

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


def departed(table, departure, both):
    """Return the rows of one departure of a plan's table."""
    return table[table["departure"] == departure] if both else table


def assert_plan_keeps_the_contract(plan, inputs):
    """Check what holds for every plan: people add up, and every route goes where it says."""
    both = plan.departure == "both"
    codes = inputs["village_code"].astype(str).to_list()
    assert plan.exposure.index.to_list() == codes
    assert plan.villages.index.to_list() == codes
    assert set(plan.summary().index) == set(codes)
    assert len(plan.summary()) == len(codes)
    for departure in ("early", "late") if both else (plan.departure,):
        prefix = "late_" if both and departure == "late" else ""
        village = plan.villages
        causes = village[[prefix + cause for cause in UNSERVED_CAUSES]].sum(axis=1)
        assert (village[prefix + "evacuees"] == plan.exposure["evacuees"]).all()
        assert (village[prefix + "evacuees"] == village[prefix + "allocated"] + causes).all()
        origins = departed(plan.origins, departure, both)
        routes_of = departed(plan.routes, departure, both)
        places = departed(plan.shelters, departure, both).set_index("shelter_id")
        unserved = departed(plan.unserved, departure, both)
        served = origins[origins["status"] == "allocated"]
        by_village = origins.groupby("village_code")["evacuees"].sum().reindex(codes, fill_value=0)
        assert by_village.to_list() == village[prefix + "evacuees"].to_list()
        main = routes_of[routes_of["rank"] == 1]
        by_route = main.groupby("village_code")["evacuees"].sum().reindex(codes, fill_value=0)
        assert by_route.to_list() == village[prefix + "allocated"].to_list()
        assert unserved["evacuees"].sum() == causes.sum()
        assert (unserved["evacuees"] > 0).all()
        assert places["allocated_people"].sum() == served["evacuees"].sum()
        assert (places.loc[places["status"] != "usable", "allocated_people"] == 0).all()
        assert_no_shelter_is_overfull(places, plan.assumptions)
        assert set(served["shelter_id"]) <= set(places.index[places["status"] == "usable"])
        assert (served["travel_time_s"] <= plan.assumptions.time_limit_min * 60).all()
        assert origins.loc[origins["status"] != "allocated", "travel_time_s"].isna().all()
        assert set(origins["status"]) <= {"allocated", *UNSERVED_CAUSES}
        assert_routes_are_drawn_from_door_to_door(main, served, places)


def assert_no_shelter_is_overfull(places, assumptions):
    """Check that capacity is a hard bound; what is not known is what was assumed."""
    holds = places["capacity_people"].fillna(assumptions.unknown_capacity_people)
    assert (places["allocated_people"] <= holds).all()


def assert_routes_are_drawn_from_door_to_door(main, served, places):
    """Check that each route starts at its origin and ends at its shelter."""
    if main.empty:
        return
    points = shapely.get_coordinates(main.geometry.array)
    ends = np.cumsum(shapely.get_num_coordinates(main.geometry.array))
    first = points[np.append(0, ends[:-1])]
    # People of one origin may go different ways.
    homes = served.drop_duplicates("origin_id").set_index("origin_id")
    homes_of = homes.geometry.loc[main["origin_id"]]
    assert np.abs(first - shapely.get_coordinates(homes_of.array)).max() < 1e-6
    last = shapely.points(points[ends - 1])
    targets = places.geometry.loc[main["shelter_id"]].array
    assert shapely.distance(last, np.asarray(targets)).max() < 1e-6
