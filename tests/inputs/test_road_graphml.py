"""Roads from GraphML files of OSMnx."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import networkx as nx
import osmnx as ox
import pytest
import shapely
from shapely import LineString

from resilience_geo.errors import CrsError, InputFileError, NetworkError, OverlapError
from resilience_geo.inputs.roads import read_roads

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def graph() -> nx.MultiDiGraph:
    """A graph as OSMnx saves it: straight edges without a geometry, merged ways as lists."""
    graph = nx.MultiDiGraph(crs="epsg:4326", simplified=True, created_date="2025-11-21 18:25:57")
    graph.add_node(1, x=107.0, y=-6.0)
    graph.add_node(2, x=107.001, y=-6.0)
    graph.add_node(3, x=107.002, y=-6.0)
    common = {"oneway": False, "highway": "residential", "length": 111.0}
    graph.add_edge(1, 2, osmid=10, reversed=False, bridge="no", **common)
    graph.add_edge(2, 1, osmid=10, reversed=True, bridge="yes", **common)
    bent = LineString([(107.001, -6.0), (107.0015, -5.999), (107.002, -6.0)])
    merged = {"oneway": True, "highway": ["path", "steps"], "osmid": [11, 12], "length": 250.0}
    graph.add_edge(2, 3, geometry=bent, reversed=False, **merged)
    return graph


def saved(graph: nx.MultiDiGraph, tmp_path: Path) -> Path:
    path = tmp_path / "jalan.graphml"
    ox.save_graphml(graph, path)
    return path


def test_what_the_file_says_is_kept(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    read = read_roads(saved(graph, tmp_path))
    assert read.graph["osm_date"] == "2025-11-21T18:25:57"
    assert read.graph["source"] == "jalan.graphml"
    assert read.graph["simplified"] is True
    edge = read.edges[2, 3, 0]
    assert (edge["highway"], edge["osmid"], edge["length"]) == (["path", "steps"], [11, 12], 250.0)
    assert edge["oneway"] is True
    assert "bridge" not in read.edges[1, 2, 0]
    assert read.edges[2, 1, 0]["bridge"] == "yes"


def test_every_edge_gets_a_line_along_its_direction(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    graph.edges[2, 3, 0]["geometry"] = graph.edges[2, 3, 0]["geometry"].reverse()
    read = read_roads(saved(graph, tmp_path))
    assert list(read.edges[2, 1, 0]["geometry"].coords) == [(107.001, -6.0), (107.0, -6.0)]
    assert read.edges[2, 3, 0]["geometry"].coords[0] == (107.001, -6.0)


def test_projected_graph_becomes_degrees(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    read = read_roads(saved(ox.project_graph(graph, to_crs="epsg:32748"), tmp_path))
    assert read.graph["crs"] == "epsg:4326"
    assert (read.nodes[3]["x"], read.nodes[3]["y"]) == pytest.approx((107.002, -6.0))
    assert read.edges[2, 3, 0]["geometry"].coords[1] == pytest.approx((107.0015, -5.999))
    assert read.edges[2, 3, 0]["length"] == 250.0


def test_undirected_graph_goes_both_ways(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    read = read_roads(saved(ox.convert.to_undirected(graph), tmp_path))
    assert sorted(read.edges()) == [(1, 2), (2, 1), (2, 3), (3, 2)]
    assert read.edges[3, 2, 0]["geometry"].coords[0] == (107.002, -6.0)
    assert sum(data["reversed"] for *_, data in read.edges(data=True)) == 2
    assert not any(data["oneway"] for *_, data in read.edges(data=True))


def test_merged_directions_become_one(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    for u, v in ((1, 2), (2, 1)):
        graph.edges[u, v, 0]["reversed"] = [True, False]
    graph.edges[2, 3, 0]["oneway"] = [True, False]
    read = read_roads(saved(graph, tmp_path))
    assert read.edges[1, 2, 0]["reversed"] is False
    assert read.edges[2, 1, 0]["reversed"] is True
    assert read.edges[2, 3, 0]["oneway"] is True


def test_missing_values_are_filled_in(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    for *_, data in graph.edges(data=True):
        for name in ("length", "oneway", "reversed"):
            del data[name]
    read = read_roads(saved(graph, tmp_path))
    assert read.edges[1, 2, 0]["length"] == pytest.approx(110.714, abs=0.01)
    assert [read.edges[edge]["oneway"] for edge in ((1, 2, 0), (2, 1, 0), (2, 3, 0))] == [
        False, False, True,
    ]  # fmt: skip


def test_keep_vertices(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    graph.add_edge(3, 2, **{**graph.edges[2, 3, 0], "reversed": True,
                            "geometry": graph.edges[2, 3, 0]["geometry"].reverse()})  # fmt: skip
    read = read_roads(saved(graph, tmp_path), keep_vertices=True)
    assert sorted(read.edges()) == [(1, 2), (2, 1), (2, 4), (3, 4), (4, 2), (4, 3)]
    assert sum(d["length"] for *_, d in read.edges(data=True)) == pytest.approx(222 + 500)
    assert (read.nodes[4]["x"], read.nodes[4]["y"]) == (107.0015, -5.999)


def test_within(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    path = saved(graph, tmp_path)
    village = gpd.GeoSeries([shapely.box(106.99, -6.01, 106.9995, -5.99)], crs=4326)
    assert sorted(read_roads(path, within=village, buffer_m=100)) == [1, 2]
    assert sorted(read_roads(path, within=village, buffer_m=300)) == [1, 2, 3]
    with pytest.raises(OverlapError, match=r"107\.0000\.\.107\.0020 E"):
        read_roads(path, within=village, buffer_m=10)


def test_graph_in_pieces_says_so(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    graph.add_node(8, x=107.5, y=-6.0)
    graph.add_node(9, x=107.501, y=-6.0)
    graph.add_edge(8, 9, osmid=13, highway="path", oneway=True, reversed=False, length=39.0)
    assert read_roads(saved(graph, tmp_path)).graph["notes"] == (
        "the roads form 2 pieces; the largest holds 90.2 % of the length",
    )


def test_graphs_that_are_no_road_network(graph: nx.MultiDiGraph, tmp_path: Path) -> None:
    del graph.graph["crs"]
    with pytest.raises(CrsError, match="found the CRS None"):
        read_roads(saved(graph, tmp_path))
    graph.graph["crs"] = "tidak ada"
    with pytest.raises(CrsError, match="tidak ada"):
        read_roads(saved(graph, tmp_path))
    graph.graph["crs"] = "epsg:4326"
    del graph.nodes[2]["x"]
    with pytest.raises(NetworkError, match="1 nodes without x and y"):
        read_roads(saved(graph, tmp_path))
    graph.remove_edges_from(list(graph.edges(keys=True)))
    with pytest.raises(NetworkError, match="a graph without edges"):
        read_roads(saved(graph, tmp_path))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</graphml>", ""),
        ("250.0", "jauh"),
        ("LINESTRING", "GARIS"),
        ('<node id="1">', '<node id="satu">'),
        ("107.002</data>", "timur</data>"),
    ],
)
def test_broken_files(graph: nx.MultiDiGraph, tmp_path: Path, old: str, new: str) -> None:
    path = saved(graph, tmp_path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputFileError, match=r"jalan\.graphml: found content"):
        read_roads(path)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "nodes", "edges"),
    [("klandasan_ilir", 169, 358), ("balikpapan_kota", 1207, 2683)],
)
def test_balikpapan(real_data: Path, name: str, nodes: int, edges: int) -> None:
    path = real_data / "balikpapan" / f"simpl_{name}_drive.graphml"
    assert path.read_text(encoding="utf-8").count("<node ") == nodes
    graph = read_roads(path)
    assert (len(graph), graph.number_of_edges()) == (nodes, edges)
    assert graph.graph["osm_date"].startswith("2025-11-21")
    for u, v, data in graph.edges(data=True):
        line = data["geometry"]
        assert line.coords[0] == pytest.approx((graph.nodes[u]["x"], graph.nodes[u]["y"]))
        assert line.coords[-1] == pytest.approx((graph.nodes[v]["x"], graph.nodes[v]["y"]))
        on_the_ellipsoid = ox.distance.great_circle(
            *[value for pair in line.coords[:1] for value in pair[::-1]],
            *[value for pair in line.coords[-1:] for value in pair[::-1]],
        )
        assert data["length"] >= on_the_ellipsoid * 0.99
