"""Roads from OSM files: ways meet at shared nodes and nowhere else."""

from __future__ import annotations

import bz2
import gzip
from typing import TYPE_CHECKING

import geopandas as gpd
import osmium
import osmnx as ox
import pytest
import shapely

from resilience_geo.errors import InputFileError, NetworkError, OverlapError
from resilience_geo.inputs.roads import read_roads

if TYPE_CHECKING:
    from pathlib import Path

# Node n lies at PLACES[n] thousandths of a degree east and north of 107 E, 6 S.
PLACES = {1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (1, 1), 5: (1, -1), 6: (0, 1), 7: (2, 1)}


def xml(*ways: str, places: dict[int, tuple[float, float]] = PLACES) -> str:
    nodes = "".join(
        f'<node id="{n}" version="1" lon="{107 + x / 1000:.7f}" lat="{-6 + y / 1000:.7f}"/>'
        for n, (x, y) in places.items()
    )
    return f'<?xml version="1.0"?><osm version="0.6">{nodes}{"".join(ways)}</osm>'


def way(number: int, nodes: list[int], *, stamp: str = "", **tags: str) -> str:
    refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
    said = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
    return f'<way id="{number}" version="1" {stamp}>{refs}{said}</way>'


@pytest.fixture(params=[".osm", ".osm.pbf"])
def write(tmp_path: Path, request: pytest.FixtureRequest):
    """Write ways to an XML and to a PBF file."""

    def written(*ways: str, places: dict[int, tuple[float, float]] = PLACES) -> Path:
        path = tmp_path / "jalan.osm"
        path.write_text(xml(*ways, places=places), encoding="utf-8")
        if request.param == ".osm":
            return path
        packed = tmp_path / "jalan.osm.pbf"
        with osmium.SimpleWriter(str(packed), overwrite=True) as writer:
            for thing in osmium.FileProcessor(str(path)):
                writer.add(thing)
        return packed

    return written


def ends(graph) -> list[tuple[int, int, int]]:
    return sorted((u, v, data["osmid"]) for u, v, data in graph.edges(data=True))


def test_two_ways_that_share_a_node_meet_there(write) -> None:
    graph = read_roads(
        write(way(10, [1, 2, 3], highway="residential"), way(11, [2, 4], highway="path"))
    )
    assert ends(graph) == [
        (1, 2, 10), (2, 1, 10), (2, 3, 10), (2, 4, 11), (3, 2, 10), (4, 2, 11),
    ]  # fmt: skip
    assert graph.graph["crs"] == "epsg:4326"
    assert graph.graph["simplified"] is True
    assert graph.graph["notes"] == ()
    assert graph.nodes[2] == {"x": 107.001, "y": -6.0}


def test_ways_that_cross_without_a_shared_node_do_not_meet(write) -> None:
    places = {**PLACES, 2: (1.5, 0.5)}
    graph = read_roads(
        write(
            way(10, [1, 3], highway="residential"),
            way(11, [4, 5], highway="residential"),
            places=places,
        )
    )
    assert ends(graph) == [(1, 3, 10), (3, 1, 10), (4, 5, 11), (5, 4, 11)]
    assert graph.graph["notes"] == (
        "the roads form 2 pieces; the largest holds 50.0 % of the length",
    )


def test_every_second_direction_is_reversed_and_lines_run_along_their_edge(write) -> None:
    graph = read_roads(write(way(10, [1, 2, 4], highway="residential")))
    forth, back = graph.edges[1, 4, 0], graph.edges[4, 1, 0]
    assert (forth["reversed"], back["reversed"], forth["oneway"]) == (False, True, False)
    assert list(forth["geometry"].coords) == [(107.0, -6.0), (107.001, -6.0), (107.001, -5.999)]
    assert list(back["geometry"].coords) == list(forth["geometry"].coords)[::-1]
    # 0.001 degrees on WGS 84 at 6 S: 110.714 m east, 110.586 m north
    assert forth["length"] == pytest.approx(110.714 + 110.586, abs=0.01)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"oneway": "yes"}, [(1, 3)]),
        ({"oneway": "-1"}, [(3, 1)]),
        ({"oneway": "reverse"}, [(3, 1)]),
        ({"oneway": "no"}, [(1, 3), (3, 1)]),
        ({"oneway": "reversible"}, [(1, 3), (3, 1)]),
        ({"junction": "roundabout"}, [(1, 3)]),
        ({"junction": "roundabout", "oneway": "no"}, [(1, 3), (3, 1)]),
        ({"highway": "motorway"}, [(1, 3)]),
        ({"highway": "motorway", "oneway": "no"}, [(1, 3), (3, 1)]),
        ({"highway": "motorway_link"}, [(1, 3), (3, 1)]),
    ],
)
def test_direction(write, tags: dict[str, str], expected: list[tuple[int, int]]) -> None:
    graph = read_roads(write(way(10, [1, 2, 3], **{"highway": "residential", **tags})))
    assert sorted(graph.edges()) == expected
    assert {data["oneway"] for *_, data in graph.edges(data=True)} == {len(expected) == 1}
    assert graph.edges[*expected[0], 0]["reversed"] is False


def test_loops_and_parallel_roads_are_kept(write) -> None:
    graph = read_roads(
        write(
            way(10, [2, 4, 7, 2], highway="residential"),
            way(11, [1, 2], highway="residential"),
            way(12, [1, 6, 2], highway="footway"),
        )
    )
    assert sorted(data["osmid"] for data in graph.get_edge_data(2, 2).values()) == [10, 10]
    assert sorted(data["osmid"] for data in graph.get_edge_data(1, 2).values()) == [11, 12]


def test_way_that_meets_itself_is_split_there(write) -> None:
    graph = read_roads(write(way(10, [1, 2, 3, 7, 4, 2, 5], highway="residential", oneway="yes")))
    assert ends(graph) == [(1, 2, 10), (2, 2, 10), (2, 5, 10)]


def test_only_roads_in_use_are_read_and_all_kinds_of_them(write) -> None:
    kinds = ["motorway", "footway", "path", "steps", "track", "pedestrian", "corridor"]
    not_roads = ["construction", "proposed", "platform", "rest_area", "razed", "abandoned"]
    ways = [way(10 + n, [1, 2], highway=kind) for n, kind in enumerate(kinds + not_roads)]
    ways += [
        way(40, [1, 2, 4, 1], highway="pedestrian", area="yes"),
        way(41, [1, 2], waterway="river"),
    ]
    graph = read_roads(write(*ways))
    assert {data["highway"] for *_, data in graph.edges(data=True)} == set(kinds)


def test_tags_are_kept_as_they_are_and_no_means_absent(write) -> None:
    hostile = "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Jl. \u202eX"
    graph = read_roads(
        write(way(10, [1, 2], highway="track", name=hostile, bridge="no", width="2,5 m", foot="no"))
    )
    data = graph.edges[1, 2, 0]
    assert data["name"] == "<script>alert(1)</script> & Jl. \u202eX"
    assert "bridge" not in data
    assert (data["width"], data["foot"]) == ("2,5 m", "no")


def test_missing_nodes_cut_a_way_and_are_counted(write) -> None:
    graph = read_roads(
        write(
            way(10, [1, 2, 99, 3, 7, 98], highway="residential", oneway="yes"),
            way(11, [97, 4], highway="residential"),
        )
    )
    assert ends(graph) == [(1, 2, 10), (3, 7, 10)]
    assert graph.graph["notes"][0] == (
        "3 nodes of 2 roads are not in the file; these roads were cut there"
    )


def test_file_without_any_place_of_its_roads_is_refused(write) -> None:
    with pytest.raises(NetworkError, match="none of whose nodes is in the file"):
        read_roads(write(way(10, [97, 98], highway="path")))


def test_keep_vertices(write) -> None:
    graph = read_roads(
        write(way(10, [1, 2, 4, 7], highway="path", oneway="yes")), keep_vertices=True
    )
    assert list(graph.edges()) == [(1, 2), (2, 4), (4, 7)]


def test_date_is_that_of_the_extract_or_of_the_newest_road(write, tmp_path: Path) -> None:
    stamped = write(
        way(10, [1, 2], highway="path", stamp='timestamp="2021-03-04T05:06:07Z"'),
        way(11, [2, 3], highway="path", stamp='timestamp="2019-03-04T05:06:07Z"'),
    )
    assert read_roads(stamped).graph["osm_date"] == "2021-03-04T05:06:07+00:00"
    header = osmium.io.Header()
    header.set("osmosis_replication_timestamp", "2025-11-20T20:21:00Z")
    extract = tmp_path / "ekstrak.osm.pbf"
    with osmium.SimpleWriter(str(extract), header=header) as writer:
        for thing in osmium.FileProcessor(str(stamped)):
            writer.add(thing)
    assert read_roads(extract).graph["osm_date"] == "2025-11-20T20:21:00Z"
    assert read_roads(write(way(10, [1, 2], highway="path"))).graph["osm_date"] is None


@pytest.mark.parametrize(("ending", "module"), [(".gz", gzip), (".bz2", bz2)])
def test_packed_xml(tmp_path: Path, ending: str, module) -> None:
    path = tmp_path / f"jalan.osm{ending}"
    path.write_bytes(module.compress(xml(way(10, [1, 2], highway="path")).encode()))
    assert ends(read_roads(path)) == [(1, 2, 10), (2, 1, 10)]


def test_graph_works_with_osmnx(write, tmp_path: Path) -> None:
    graph = read_roads(
        write(way(10, [1, 2, 3], highway="residential"), way(11, [2, 4, 7], highway="path"))
    )
    nodes, edges = ox.graph_to_gdfs(graph)
    assert (len(nodes), len(edges)) == (4, 6)
    assert ox.routing.shortest_path(graph, 1, 7, weight="length") == [1, 2, 7]
    ox.save_graphml(graph, tmp_path / "simpan.graphml")
    again = read_roads(tmp_path / "simpan.graphml")
    assert ends(again) == ends(graph)
    for u, v, key, data in graph.edges(keys=True, data=True):
        assert again.edges[u, v, key] == data


def test_within_keeps_whole_roads_that_touch_the_surroundings(write) -> None:
    # the village ends 110.7 m west of node 2
    village = gpd.GeoSeries([shapely.box(106.99, -6.01, 107.0, -5.99)], crs=4326)
    path = write(way(10, [2, 3, 7], highway="path"), way(11, [3, 7], highway="steps"))
    assert {
        d["osmid"] for *_, d in read_roads(path, within=village, buffer_m=112).edges(data=True)
    } == {10}
    both = read_roads(path, within=village, buffer_m=3000)
    assert {d["osmid"] for *_, d in both.edges(data=True)} == {10, 11}
    with pytest.raises(OverlapError, match=r"107\.0010\.\.107\.0020 E"):
        read_roads(path, within=village, buffer_m=109)


def test_roads_of_another_island_are_passed_over(write) -> None:
    places = {**PLACES, 8: (20_000, 0), 9: (20_001, 0)}
    path = write(way(10, [1, 2], highway="path"), way(11, [8, 9], highway="path"), places=places)
    near = gpd.GeoSeries([shapely.Point(107.0, -6.0).buffer(0.01)], crs=4326)
    assert ends(read_roads(path, within=near)) == [(1, 2, 10), (2, 1, 10)]
    nowhere = gpd.GeoSeries([shapely.Point(140.0, -6.0).buffer(0.01)], crs=4326)
    with pytest.raises(OverlapError, match=r"107\.0000\.\.127\.0000 E"):
        read_roads(path, within=nowhere)


def test_file_without_roads(write) -> None:
    with pytest.raises(NetworkError, match="no road in use among 1 ways") as caught:
        read_roads(write(way(10, [1, 2], highway="proposed")))
    assert caught.value.problems[0].file.startswith("jalan.osm")


def test_truncated_file(write) -> None:
    path = write(*[way(n, [1, 2, 3], highway="path", name=f"Gang {n}") for n in range(10, 300)])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputFileError, match="cannot be read"):
        read_roads(path)


def test_other_content_than_the_name_says(tmp_path: Path) -> None:
    for name in ("jalan.osm.pbf", "jalan.osm", "jalan.osm.gz", "jalan.osm.bz2"):
        path = tmp_path / name
        path.write_bytes(b"bukan jalan " * 50)
        with pytest.raises(InputFileError, match="cannot be read"):
            read_roads(path)
