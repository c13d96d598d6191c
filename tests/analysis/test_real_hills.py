"""Balikpapan and Solok Selatan: a real OSMnx graph and real landslide polygons, with oracles."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx
import pytest
import shapely
from affine import Affine
from numpy.testing import assert_allclose

import resilience_geo as rg
from resilience_geo.inputs.rasters import Grid

pytestmark = pytest.mark.real_data


@pytest.mark.parametrize(
    "name", ["simpl_klandasan_ilir_drive.graphml", "simpl_balikpapan_kota_drive.graphml"]
)
def test_walks_on_a_real_graph_agree_with_networkx(real_data, name):
    path = real_data / "balikpapan" / name
    graph = osmnx.load_graphml(path)
    rng = np.random.default_rng(5)
    nodes = list(graph.nodes)
    points = gpd.GeoSeries(
        shapely.points([(graph.nodes[n]["x"], graph.nodes[n]["y"]) for n in nodes]), crs=4326
    )
    ends = [int(k) for k in rng.choice(len(nodes), 4, replace=False)]
    targets = gpd.GeoDataFrame(
        {"shelter_id": list("abcd"), "name": list("abcd"), "capacity_people": 100.0},
        geometry=points.iloc[ends].to_list(),
        crs=4326,
    )
    west, south, east, north = points.total_bounds
    dry = Grid.from_array(
        np.zeros((1, 1)),
        Affine(east - west + 0.2, 0, west - 0.1, 0, south - north - 0.2, north + 0.1),
        4326,
    )
    table = rg.evacuation_routes(
        gpd.GeoDataFrame(geometry=points),
        targets,
        rg.read_roads(path),
        rg.read_hazard(dry, unit="m"),
        departure="early",
        assumptions=rg.EvacuationAssumptions(time_limit_min=10_000, max_snap_m=0.5),
    )
    walkable = nx.MultiGraph()
    for u, v, data in graph.edges(data=True):
        motorway = {"motorway", "motorway_link"} & set(np.atleast_1d(data["highway"]))
        access = set(np.atleast_1d(data.get("access", "yes")))
        if not motorway and not access <= {"no", "private"}:
            walkable.add_edge(u, v, length=data["length"])
    expected = nx.multi_source_dijkstra_path_length(
        walkable, {nodes[k] for k in ends}, weight="length"
    )
    assert len(expected) > 100
    found = table["distance_m"].to_numpy()
    lengths = np.array([expected.get(node, np.nan) for node in nodes])
    # Places are found to half a metre; the graph's own lengths count.
    assert_allclose(found, lengths, atol=1.5, rtol=1e-6)
    # Drawn in UTM, stated on a sphere: up to some tenths of a per cent apart.
    drawn = shapely.length(np.asarray(table.geometry.array))
    far = lengths > 100
    assert_allclose(drawn[far], lengths[far], rtol=0.01)


def test_landslide_polygons_of_a_kabupaten_agree_with_areas(real_data):
    folder = real_data / "solok_selatan"
    files = {"low": "rendah", "medium": "sedang", "high": "tinggi"}
    hazard = rg.read_hazard(
        {name: folder / f"longsor_{word}.geojson" for name, word in files.items()},
        kind="landslide",
    )
    desa = rg.read_villages(folder / "id1310_solok_selatan.geojson")
    # A thousand people in every cell of about 1 km: people are as area.
    west, south, east, north = desa.to_crs(4326).total_bounds
    cell = 0.01
    shape = (int((north - south) / cell) + 2, int((east - west) / cell) + 2)
    grid = Grid.from_array(np.full(shape, 1000.0), Affine(cell, 0, west, 0, -cell, north), 4326)
    people = rg.read_population(grid)
    table = rg.village_exposure(desa, hazard, people)
    outside = table.attrs["outside"]
    assert_allclose(table["people_total"].sum() + outside["total"], people.total, rtol=1e-9)
    degrees = shapely.area(np.asarray(hazard.polygons.to_crs(4326).geometry.array))
    for number, area in zip(hazard.polygons["hazard_class"], degrees, strict=True):
        name = ("none", "low", "medium", "high", "unknown")[number]
        total = table[f"people_{name}"].sum() + outside[name]
        assert_allclose(total, area / cell**2 * 1000.0, rtol=1e-3)
    assert table[["people_low", "people_medium", "people_high"]].to_numpy().sum() > 0
