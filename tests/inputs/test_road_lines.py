"""Roads from line layers: lines meet where they share a vertex and where they cross."""

from __future__ import annotations

import itertools
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point

from resilience_geo.crs import GEOD
from resilience_geo.errors import (
    CrsError,
    InputError,
    InputFileError,
    NetworkError,
    OverlapError,
    ResilienceGeoError,
)
from resilience_geo.inputs.road_crossings import Lines, meeting_points, with_crossings
from resilience_geo.inputs.roads import read_roads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def line(*points: tuple[float, float]) -> LineString:
    """Return a line through points given in thousandths of a degree from 107 E, 6 S."""
    return LineString([(round(107 + x / 1000, 7), round(-6 + y / 1000, 7)) for x, y in points])


WEST_EAST = line((0, 0), (4, 0))
SOUTH_NORTH = line((2, -2), (2, 2))


def layer(tmp_path: Path, lines: Sequence[Any], file: str = "jalan.gpkg", **columns: Any) -> Path:
    path = tmp_path / file
    driver = "KML" if path.suffix == ".kml" else None
    gpd.GeoDataFrame(columns, geometry=list(lines), crs=4326).to_file(path, driver=driver)
    return path


def physical(graph: nx.MultiDiGraph) -> list[LineString]:
    """Return every stretch of road once."""
    return [data["geometry"] for *_, data in graph.edges(data=True) if not data["reversed"]]


def pieces(graph: nx.MultiDiGraph) -> int:

    return nx.number_weakly_connected_components(graph)


def test_lines_that_cross_meet_at_the_crossing(tmp_path: Path) -> None:
    graph = read_roads(layer(tmp_path, [WEST_EAST, SOUTH_NORTH]))
    assert sorted(graph) == [0, 1, 2, 3, 4]
    assert graph.number_of_edges() == 8
    middle = [
        node for node, data in graph.nodes(data=True) if (data["x"], data["y"]) == (107.002, -6)
    ]
    assert graph.degree(middle[0]) == 8
    assert [part.length for part in physical(graph)] == pytest.approx([0.002] * 4)
    assert graph.graph["notes"] == (
        "no column says what kind of road a line is; all count as road",
        (
            "1 places where lines cross without a common vertex count as junctions, as the file "
            "does not say that one passes over the other"
        ),
    )


@pytest.mark.parametrize(
    "columns",
    [
        {"bridge": ["yes", None]},
        {"bridge": [None, "viaduct"]},
        {"BRIDGE": ["T", "F"]},
        {"tunnel": ["yes", "no"]},
        {"layer": ["1", None]},
        {"layer": [0, -1]},
        {"layer": [1.0, 2.0]},
        {"bridge": ["yes", "yes"], "layer": [1, 1]},
        {"other_tags": ['"bridge"=>"yes","layer"=>"1"', '"surface"=>"asphalt"']},
        {"other_tags": [None, '"layer"=>"-1"']},
        {"highway": ["motorway", "residential"]},
        {"fclass": ["residential", "motorway_link"]},
        {"REMARK": ["Jalan Tol", "Jalan Lokal"]},
    ],
)
def test_lines_on_two_levels_do_not_meet_where_they_cross(
    tmp_path: Path, columns: dict[str, list[Any]]
) -> None:
    graph = read_roads(layer(tmp_path, [WEST_EAST, SOUTH_NORTH], **columns))
    assert pieces(graph) == 2
    assert len(physical(graph)) == 2


@pytest.mark.parametrize(
    "columns",
    [
        {"bridge": ["no", None]},
        {"bridge": ["F", "F"]},
        {"layer": [0, None]},
        {"layer": [1, 1]},
        {"layer": ["jalan_desa", "jalan_kota"]},
        {"highway": ["trunk", "residential"]},
        {"tunnel": ["building_passage", None], "bridge": ["0", ""]},
    ],
)
def test_lines_on_one_level_meet_where_they_cross(
    tmp_path: Path, columns: dict[str, list[Any]]
) -> None:
    graph = read_roads(layer(tmp_path, [WEST_EAST, SOUTH_NORTH], **columns))
    assert pieces(graph) == (1 if columns.get("tunnel") is None else 2)


def test_shared_vertex_inside_both_lines_is_a_junction(tmp_path: Path) -> None:
    graph = read_roads(
        layer(tmp_path, [line((0, 0), (2, 0), (4, 0)), line((2, -2), (2, 0), (2, 2))])
    )
    assert (pieces(graph), len(physical(graph))) == (1, 4)


@pytest.mark.parametrize(
    ("columns", "count"),
    [
        ({"bridge": ["yes", None]}, 2),
        ({"layer": [1, 0]}, 2),
        ({"layer": [1, 1]}, 1),
        ({"bridge": ["yes", "yes"]}, 1),
        ({"highway": ["motorway", "service"]}, 1),
    ],
)
def test_shared_vertex_inside_lines_of_two_levels(
    tmp_path: Path, columns: dict[str, list[Any]], count: int
) -> None:
    crossing = [line((0, 0), (2, 0), (4, 0)), line((2, -2), (2, 0), (2, 2))]
    assert pieces(read_roads(layer(tmp_path, crossing, **columns))) == count


def test_bridge_meets_at_its_ends_only(tmp_path: Path) -> None:
    road, bridge, onward = line((0, 0), (1, 0)), line((1, 0), (2, 0), (3, 0)), line((3, 0), (4, 0))
    river_road = line((2, -1), (2, 0), (2, 1))
    graph = read_roads(
        layer(tmp_path, [road, bridge, onward, river_road], bridge=[None, "yes", None, None])
    )
    assert pieces(graph) == 2
    assert len(physical(graph)) == 4


@pytest.mark.parametrize("shared", [True, False])
def test_bridge_that_ends_inside_a_road_meets_it(tmp_path: Path, shared: bool) -> None:
    along = line((0, -1), (0, 0), (0, 1)) if shared else line((0, -1), (0, 1))
    graph = read_roads(layer(tmp_path, [along, line((0, 0), (2, 0))], bridge=[None, "yes"]))
    assert (pieces(graph), len(physical(graph))) == (1, 3)


def test_road_that_ends_under_a_bridge_does_not_meet_it(tmp_path: Path) -> None:
    bridge, below = line((0, 0), (2, 0), (4, 0)), line((2, -2), (2, 0))
    assert pieces(read_roads(layer(tmp_path, [bridge, below], bridge=["yes", None]))) == 2
    not_split = [line((0, 0), (4, 0)), below]
    assert pieces(read_roads(layer(tmp_path, not_split, bridge=["yes", None]))) == 2


def test_slip_road_meets_the_bridge_of_its_level_and_not_the_road_below(tmp_path: Path) -> None:
    bridge, slip = line((0, 0), (2, 0), (4, 0)), line((2, 0), (3, 1))
    below = line((2, -2), (2, 0), (2, 2))
    graph = read_roads(layer(tmp_path, [bridge, slip, below], layer=[1, 1, 0]))
    assert pieces(graph) == 2
    assert len(physical(graph)) == 4


def test_end_that_touches_a_line_meets_it_and_one_that_misses_does_not(tmp_path: Path) -> None:
    touching = [line((0, 0), (3, 1)), LineString([(107.0015, -5.9995), (107.0015, -5.99)])]
    assert pieces(read_roads(layer(tmp_path, touching))) == 1
    short_by_a_metre = [WEST_EAST, line((2, 0.01), (2, 1))]
    assert pieces(read_roads(layer(tmp_path, short_by_a_metre))) == 2


def test_line_drawn_over_another_is_joined_at_every_vertex(tmp_path: Path) -> None:
    graph = read_roads(layer(tmp_path, [WEST_EAST, line((1, 0), (3, 0))]))
    assert pieces(graph) == 1
    assert sorted(round(part.length, 7) for part in physical(graph)) == [0.001, 0.001, 0.002, 0.002]


def test_loops_parallel_lines_and_lines_drawn_twice(tmp_path: Path) -> None:
    loop = line((0, 0), (1, 0), (1, 1), (0, 0))
    straight, detour = line((0, 0), (-2, 0)), line((0, 0), (-1, 1), (-2, 0))
    graph = read_roads(
        layer(
            tmp_path,
            [loop, straight, detour, straight, straight],
            highway=["path", "path", "path", "path", "track"],
        )
    )
    kinds = sorted(
        (len(data["geometry"].coords), data["highway"])
        for *_, data in graph.edges(data=True)
        if not data["reversed"]
    )
    assert kinds == [(2, "path"), (2, "track"), (3, "path"), (4, "path")]
    assert (
        "1 lines repeat another line with the same tags and were left out" in (graph.graph["notes"])
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["yes", "no", "-1", None, "reversible"], ["east", "both", "west", "both", "both"]),
        (["F", "B", "T", "B", "B"], ["east", "both", "west", "both", "both"]),
        (["T", "F", "F", "T", None], ["east", "both", "both", "east", "both"]),
        ([1, 0, -1, 0, 1], ["east", "both", "west", "both", "east"]),
        ([True, False, False, True, True], ["east", "both", "both", "east", "east"]),
        (["ya", "tidak", "", "Yes", "NO"], ["east", "both", "both", "east", "both"]),
    ],
)
def test_one_way_columns(tmp_path: Path, values: list[Any], expected: list[str]) -> None:
    lines = [line((0, row), (1, row)) for row in range(5)]
    graph = read_roads(layer(tmp_path, lines, file="j.geojson", ONEWAY=values))
    nodes = graph.nodes
    said = {}
    for u, v, data in graph.edges(data=True):
        eastward = nodes[v]["x"] > nodes[u]["x"]
        said.setdefault(data["osmid"], []).append("east" if eastward else "west")
        assert data["geometry"].coords[0] == (nodes[u]["x"], nodes[u]["y"])
    found = ["both" if len(said[row]) == 2 else said[row][0] for row in range(5)]
    assert found == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"TYPE": ["residential"], "NAME": ["Melati"], "LANES": [2]},
         {"highway": "residential", "name": "Melati", "lanes": "2"}),
        ({"REMARK": ["Jalan Kolektor"], "NAMA": ["Jl. A"], "LEBAR": [4.5]},
         {"highway": "secondary", "name": "Jl. A", "width": "4.5"}),
        ({"fclass": ["track_grade3"], "osm_id": ["7654321"], "bridge": ["T"]},
         {"highway": "track", "osmid": 7654321, "bridge": "yes"}),
        ({"full_id": ["w12345"], "highway": ["steps"], "layer": [0], "lanes": [0]},
         {"highway": "steps", "osmid": 12345}),
        ({"@id": ["way/42"], "highway": ["path"], "width": ["2,5 m"]},
         {"highway": "path", "osmid": 42, "width": "2,5 m"}),
        ({"highway": ["path"], "other_tags":
          [r'"name"=>"Gang \"Satu\" \\ Dua","ford"=>"yes","x"=>"y","surface"=>"mud"']},
         {"highway": "path", "name": r'Gang "Satu" \ Dua', "ford": "yes", "surface": "mud"}),
        ({"highway": ["path"], "tags": ['{"foot": "no", "maxspeed": 20}']},
         {"highway": "path", "foot": "no", "maxspeed": "20"}),
        ({"highway": ["path"], "name": ["<img src=x onerror=alert(1)>"]},
         {"highway": "path", "name": "<img src=x onerror=alert(1)>"}),
        ({"catatan": ["x"]}, {"highway": "road", "osmid": 0}),
    ],
)  # fmt: skip
def test_columns_and_words(
    tmp_path: Path, columns: dict[str, list[Any]], expected: dict[str, Any]
) -> None:
    graph = read_roads(layer(tmp_path, [WEST_EAST], **columns))
    data = graph.edges[0, 1, 0]
    always = {"length", "geometry", "oneway", "reversed"}
    assert {k: v for k, v in data.items() if k not in always} == {"osmid": 0} | expected


def test_rows_that_are_no_roads_are_left_out_and_said(tmp_path: Path) -> None:
    path = layer(
        tmp_path,
        [WEST_EAST, line((0, 1), (1, 1)), line((0, 2), (1, 2)), None, LineString(), Point(107, -6)],
        file="j.geojson",
        highway=["path", "construction", None, "path", "path", "path"],
        waterway=[None, None, "river", None, None, None],
    )
    graph = read_roads(path)
    assert graph.number_of_edges() == 2
    assert "2 rows have no geometry and were left out: rows 3, 4" in graph.graph["notes"]
    assert "1 rows are not lines and were left out: rows 5" in graph.graph["notes"]
    assert "2 rows are no roads in use and were left out" in graph.graph["notes"]


def test_multi_lines_and_heights(tmp_path: Path) -> None:
    high = LineString([(107, -6, 12.5), (107.001, -6, 13.0)])
    several = MultiLineString([[(107.001, -6), (107.002, -6)], [(107.0, -6), (107.0, -5.999)]])
    path = tmp_path / "j.gpkg"
    gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=[high, several], crs=4326).to_file(path)
    graph = read_roads(path)
    assert sorted(data["name"] for *_, data in graph.edges(data=True)) == list("aabbbb")
    assert pieces(graph) == 1
    assert not any(shapely.has_z(part) for part in physical(graph))


def test_keep_vertices(tmp_path: Path) -> None:
    path = layer(tmp_path, [line((0, 0), (1, 0), (1, 1), (2, 1))], oneway=["yes"])
    graph = read_roads(path, keep_vertices=True)
    assert len(graph) == 4
    assert [len(part.coords) for part in physical(graph)] == [2, 2, 2]


@pytest.mark.parametrize("name", ["j.gpkg", "j.shp", "j.geojson", "j.kml", "j.fgb", "j.zip"])
def test_formats(tmp_path: Path, name: str) -> None:
    if name == "j.zip":
        layer(tmp_path, [WEST_EAST, SOUTH_NORTH], file="j.shp", name_=["a", "b"])
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for part in tmp_path.glob("j.*"):
                if part.suffix != ".zip":
                    archive.write(part, part.name)
    else:
        layer(tmp_path, [WEST_EAST, SOUTH_NORTH], file=name, name_=["a", "b"])
    graph = read_roads(tmp_path / name)
    assert (pieces(graph), len(physical(graph))) == (1, 4)
    assert graph.graph["source"] == name


@pytest.mark.parametrize("epsg", [32748, 3857, 4755])
def test_any_crs_gives_degrees(tmp_path: Path, epsg: int) -> None:
    path = tmp_path / "j.gpkg"
    frame = gpd.GeoDataFrame(geometry=[WEST_EAST, SOUTH_NORTH, line((2, 0), (3, 1))], crs=4326)
    frame.to_crs(epsg).to_file(path)
    graph = read_roads(path)
    assert (pieces(graph), len(physical(graph))) == (1, 5)
    total = sum(GEOD.geometry_length(shape) for shape in frame.geometry)
    assert sum(d["length"] for *_, d in graph.edges(data=True)) == pytest.approx(2 * total, abs=0.1)
    west, south, east, north = shapely.total_bounds(physical(graph)).tolist()
    assert (west, south, east, north) == pytest.approx((107, -6.002, 107.004, -5.998), abs=2e-7)


def test_layer_without_crs(tmp_path: Path) -> None:
    path = layer(tmp_path, [WEST_EAST], file="j.shp")
    path.with_suffix(".prj").unlink()
    with pytest.raises(CrsError, match="no coordinate reference system"):
        read_roads(path)


def test_metres_called_degrees(tmp_path: Path) -> None:
    path = tmp_path / "j.gpkg"
    frame = gpd.GeoDataFrame(geometry=[WEST_EAST], crs=4326).to_crs(32748)
    frame.set_crs(4326, allow_override=True).to_file(path)
    with pytest.raises(CrsError, match="said to be degrees"):
        read_roads(path)


def test_which_layer(tmp_path: Path) -> None:
    path = tmp_path / "j.gpkg"
    for name, shape in (("jalan", WEST_EAST), ("rel", SOUTH_NORTH), ("desa", Point(107, -6))):
        gpd.GeoDataFrame(geometry=[shape], crs=4326).to_file(path, layer=name)
    with pytest.raises(InputError, match="layer="):
        read_roads(path)
    assert read_roads(path, layer="rel").number_of_edges() == 2
    with pytest.raises(NetworkError, match="no lines"):
        read_roads(path, layer="desa")
    with pytest.raises(InputError, match="layer="):
        read_roads(path, layer="sungai")


def test_layers_without_roads(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="no lines"):
        read_roads(layer(tmp_path, [Point(107, -6)], file="titik.gpkg"))
    with pytest.raises(NetworkError, match="1 rows, none a road in use"):
        read_roads(layer(tmp_path, [WEST_EAST], file="rencana.gpkg", highway=["proposed"]))
    point_like = LineString([(107, -6), (107.00000001, -6)])
    with pytest.raises(NetworkError, match="only roads without length"):
        read_roads(layer(tmp_path, [point_like], file="pendek.gpkg"))
    (tmp_path / "kosong.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(ResilienceGeoError, match=r"kosong\.geojson"):
        read_roads(tmp_path / "kosong.geojson")


@pytest.mark.parametrize("name", ["j.gpkg", "j.shp", "j.geojson", "j.kml", "j.fgb", "j.zip"])
def test_other_content_than_the_name_says(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"bukan jalan " * 50)
    for part in (".shx", ".dbf"):
        (tmp_path / name).with_suffix(part).write_bytes(b"x")
    with pytest.raises(InputFileError, match=name):
        read_roads(tmp_path / name)


def test_within(tmp_path: Path) -> None:
    east, far = line((4, 0), (8, 0)), line((0, 100), (1, 100))
    village = gpd.GeoDataFrame(geometry=[shapely.box(106.99, -6.01, 107.001, -5.99)], crs=4326)
    path = tmp_path / "j.gpkg"
    gpd.GeoDataFrame(geometry=[WEST_EAST, east, far], crs=4326).to_crs(32748).to_file(path)
    graph = read_roads(path, within=village, buffer_m=100)
    assert {data["osmid"] for *_, data in graph.edges(data=True)} == {0}
    assert graph.edges[0, 1, 0]["length"] == pytest.approx(442.855, abs=0.02)
    graph = read_roads(path, within=village.to_crs(3857), buffer_m=3000)
    assert {data["osmid"] for *_, data in graph.edges(data=True)} == {0, 1}
    with pytest.raises(OverlapError, match=r"roads only within 107\.0000\.\.107\.0080 E"):
        read_roads(path, within=village.translate(2, 0), buffer_m=3000)


def test_the_order_of_lines_does_not_matter_small(tmp_path: Path) -> None:
    lines = [WEST_EAST, SOUTH_NORTH, line((0, -1), (4, 1)), line((2, 0), (3, 3))]
    found = set()
    for number, order in enumerate(itertools.permutations(lines)):
        graph = read_roads(layer(tmp_path, order, file=f"{number}.geojson"))
        found.add(frozenset((u, v, d["geometry"].wkb) for u, v, d in graph.edges(data=True)))
    assert len(found) == 1


place = st.tuples(st.integers(0, 40), st.integers(0, 40))
drawn = st.lists(st.lists(place, min_size=2, max_size=5), min_size=1, max_size=8, unique_by=tuple)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=drawn, random=st.randoms(use_true_random=False), bridges=st.integers(0, 255))
def test_splitting_keeps_the_length_and_does_not_depend_on_order(
    tmp_path: Path, lines: list[list[tuple[int, int]]], random: Any, bridges: int
) -> None:
    assume(any(len(set(points)) > 1 for points in lines))
    rows = [(line(*points), "yes" if bridges >> n & 1 else "no") for n, points in enumerate(lines)]
    graphs = []
    for attempt in range(2):
        path = layer(
            tmp_path,
            [shape for shape, _ in rows],
            file=f"{attempt}.geojson",
            bridge=[bridge for _, bridge in rows],
        )
        graphs.append(read_roads(path))
        random.shuffle(rows)
    total = sum(GEOD.geometry_length(shape) for shape, _ in rows)
    kept = sum(d["length"] for *_, d in graphs[0].edges(data=True) if not d["reversed"])
    assert kept == pytest.approx(total, abs=0.05)
    edges = [{(u, v, d["geometry"].wkb) for u, v, d in graph.edges(data=True)} for graph in graphs]
    assert edges[0] == edges[1]
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=drawn)
def test_lines_hang_together_as_their_shapes_touch(
    tmp_path: Path, lines: list[list[tuple[int, int]]]
) -> None:
    shapes = [line(*points) for points in lines if len(set(points)) > 1]
    assume(shapes)
    apart = nx.Graph()
    apart.add_nodes_from(range(len(shapes)))
    apart.add_edges_from(
        (first, second)
        for first, second in itertools.combinations(range(len(shapes)), 2)
        if LineString(lines_in_steps(shapes[first])).intersects(
            LineString(lines_in_steps(shapes[second]))
        )
    )
    path = layer(tmp_path, shapes, file="j.geojson")
    graph = read_roads(path)
    path.unlink()
    assert pieces(graph) == nx.number_connected_components(apart)


def lines_in_steps(shape: LineString) -> list[tuple[int, int]]:
    """Return vertices in whole thousandths of a degree, for exact tests apart from the package."""
    return [(round((x - 107) * 1000), round((y + 6) * 1000)) for x, y in shape.coords]


@pytest.fixture(scope="module")
def jakarta(real_data: Path) -> Path:
    return real_data / "jakarta" / "jakarta_roads.shp"


@pytest.mark.real_data
def test_jakarta(jakarta: Path) -> None:
    """Topology of shared vertices computed apart from the package, with networkx alone."""
    table = pyogrio.read_dataframe(jakarta)
    raw = nx.Graph()
    for shape in table.geometry:
        nx.add_path(raw, [(round(x, 7), round(y, 7)) for x, y in shape.coords])
    parts = [len(part) for part in nx.connected_components(raw)]
    assert len(parts) == 241
    assert max(parts) / sum(parts) == pytest.approx(0.97, abs=0.005)

    graph = read_roads(jakarta)
    roads = [data for *_, data in graph.edges(data=True) if not data["reversed"]]
    in_use = table[table.TYPE != "construction"].drop_duplicates()
    total_m = sum(GEOD.geometry_length(shape) for shape in in_use.geometry)
    assert sum(data["length"] for data in roads) == pytest.approx(total_m, rel=1e-6)
    assert total_m == pytest.approx(5_692_000, rel=0.005)
    assert {data["osmid"] for data in roads} == set(in_use.index)
    # crossings can only join pieces
    assert pieces(graph) < 241
    assert any(note.startswith("5 rows are no roads in use") for note in graph.graph["notes"])
    one_way = table.ONEWAY[table.TYPE != "motorway"]
    for data in roads[::50]:
        said = one_way.get(data["osmid"])
        if said is not None:
            assert data["oneway"] is (said in {"yes", "-1"})


@pytest.mark.real_data
def test_jakarta_meets_at_shared_vertices_as_counted_apart(jakarta: Path) -> None:
    shapes = pyogrio.read_dataframe(jakarta).geometry.values
    step = (shapely.get_coordinates(shapes) * 1e7).round().astype(np.int64)
    count = shapely.get_num_coordinates(shapes)
    lines = Lines(
        x=step[:, 0],
        y=step[:, 1],
        start=np.concatenate([[0], count.cumsum()]),
        level=np.zeros(len(count), dtype=np.int64),
        apart=np.ones(len(count), dtype=bool),
    )
    met = nx.Graph()
    line_of = lines.line
    within = line_of[:-1] == line_of[1:]
    identity = meeting_points(lines)
    met.add_edges_from(
        zip(identity[:-1][within].tolist(), identity[1:][within].tolist(), strict=False)
    )
    assert nx.number_connected_components(met) == 241
    assert with_crossings(lines)[1] == 0
