"""Road stores: any window read from one is what the original file gives."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import osmium
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import resilience_geo as rg
from resilience_geo.errors import (
    InputError,
    InputFileError,
    NetworkError,
    OutputError,
    OverlapError,
)
from resilience_geo.inputs import road_blocks, road_store
from resilience_geo.inputs.road_store import store_roads, stored_from
from resilience_geo.inputs.roads import read_roads

if TYPE_CHECKING:
    from pathlib import Path

# Node n lies at PLACES[n] thousandths of a degree (about 111 m) east and north of 107 E, 6 S.
PLACES = {1: (0, 0), 2: (10, 0), 3: (20, 0), 4: (30, 0), 5: (10, 5), 6: (20, 5), 7: (300, 300)}
HOSTILE = "<script>alert(1)</script> & 'Jl.' \u202e \U0001f6e3 \\u0000 \"]},"


def xml(*ways: str, places=PLACES) -> str:
    nodes = "".join(
        f'<node id="{n}" version="1" lon="{107 + x / 1000:.7f}" lat="{-6 + y / 1000:.7f}"/>'
        for n, (x, y) in places.items()
    )
    return f'<?xml version="1.0"?><osm version="0.6">{nodes}{"".join(ways)}</osm>'


def way(number: int, nodes: list[int], *, stamp: str = "", **tags: str) -> str:
    refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
    said = "".join(f'<tag k="{key}" v={quoted(value)}/>' for key, value in tags.items())
    return f'<way id="{number}" version="1" {stamp}>{refs}{said}</way>'


def quoted(text: str) -> str:
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(mark, entity)
    return f'"{text}"'


def osm_file(folder: Path, *ways: str, places=PLACES) -> Path:
    path = folder / "jalan.osm"
    path.write_text(xml(*ways, places=places), encoding="utf-8")
    return path


def around(x: float, y: float, half: float = 1.0) -> gpd.GeoSeries:
    """Return a square window, its middle and half its side in thousandths of a degree."""
    west, south = 107 + (x - half) / 1000, -6 + (y - half) / 1000
    return gpd.GeoSeries(
        [shapely.box(west, south, west + half / 500, south + half / 500)], crs=4326
    )


def ends(graph) -> list[tuple[int, int, int]]:
    return sorted((u, v, data["osmid"]) for u, v, data in graph.edges(data=True))


def assert_same(one, other) -> None:
    assert list(one.nodes(data=True)) == list(other.nodes(data=True))
    assert list(one.edges(keys=True, data=True)) == list(other.edges(keys=True, data=True))
    assert one.graph == other.graph
    assert [note.template for note in one.graph["notes"]] == [
        note.template for note in other.graph["notes"]
    ]


def outcome(path, **options):
    """Return the graph, or what kind of error it was."""
    try:
        return read_roads(path, **options)
    except (NetworkError, OverlapError) as error:
        return type(error)


def assert_same_outcome(one, other) -> None:
    if isinstance(one, type) or isinstance(other, type):
        assert one is other
    else:
        assert_same(one, other)


@pytest.fixture
def three_ways(tmp_path):
    """Make an OSM file of a long way, two lanes from it and a road far away; and its store."""
    path = osm_file(
        tmp_path,
        way(10, [1, 2, 3, 4], highway="residential", name=HOSTILE),
        way(11, [5, 2], highway="path", oneway="-1"),
        way(12, [6, 3], highway="track", bridge="no", width="2,5 m"),
        way(13, [7, 7], highway="steps"),
        way(14, [1, 5], waterway="river"),
    )
    return path, store_roads(path, tmp_path / "jalan.roads", source_digest="a1")


def test_window_at_one_end_gives_the_whole_way_but_not_its_neighbour(three_ways):
    # 1 km of buffer reaches 9 thousandths: the lane at node 2 (10 east, 0 to 5 north) is outside.
    graph = read_roads(three_ways[1], within=around(0, 0, 0.1), buffer_m=900)
    assert ends(graph) == [(1, 4, 10), (4, 1, 10)]
    assert list(graph.edges[1, 4, 0]["geometry"].coords) == [
        (107.0, -6.0), (107.01, -6.0), (107.02, -6.0), (107.03, -6.0),
    ]  # fmt: skip
    assert graph.edges[1, 4, 0]["name"] == HOSTILE
    assert_same(graph, read_roads(three_ways[0], within=around(0, 0, 0.1), buffer_m=900))


def test_windows_of_one_store_share_node_numbers(three_ways):
    west = read_roads(three_ways[1], within=around(10, 5, 0.1), buffer_m=10)
    east = read_roads(three_ways[1], within=around(20, 5, 0.1), buffer_m=10)
    # Only the lane of each window touches it; both are joined by the long way between.
    assert ends(west) == [(2, 5, 11)]
    assert ends(east) == [(3, 6, 12), (6, 3, 12)]
    middle = read_roads(three_ways[1], within=around(15, 0, 0.1), buffer_m=10)
    assert ends(middle) == [(1, 4, 10), (4, 1, 10)]
    both = read_roads(three_ways[1], within=around(15, 0, 0.1), buffer_m=900)
    assert {2, 3} <= set(both)
    assert "bridge" not in both.edges[6, 3, 0]
    assert both.edges[6, 3, 0]["width"] == "2,5 m"


def test_whole_file_comes_back(three_ways):
    graph = read_roads(three_ways[1])
    assert_same(graph, read_roads(three_ways[0]))
    assert graph.graph["source"] == "jalan.osm"
    assert len(graph) == 6
    whole = read_roads(three_ways[1], keep_vertices=True)
    assert_same(whole, read_roads(three_ways[0], keep_vertices=True))


def test_nothing_in_the_window(three_ways):
    with pytest.raises(OverlapError, match=r"jalan\.osm: found roads only within 107\.0000\.\."):
        read_roads(three_ways[1], within=around(900, 900))
    # In the box of the long way and the lanes, but touching none of them.
    with pytest.raises(OverlapError, match=r"107\.0000\.\.107\.3000 E, -6\.0000\.\.-5\.7000 N"):
        read_roads(three_ways[1], within=around(15, 3, 0.1), buffer_m=10)


def test_digest_says_what_it_was_made_from(three_ways, tmp_path):
    path, store = three_ways
    assert stored_from(store) == "a1"
    assert stored_from(store_roads(path, tmp_path / "b.roads")) is None
    assert stored_from(path) is None
    assert stored_from(tmp_path / "missing.roads") is None
    assert stored_from(tmp_path) is None


def test_date_and_notes_of_the_file_are_kept(tmp_path):
    path = osm_file(
        tmp_path,
        way(10, [1, 2, 99, 3], highway="path", stamp='timestamp="2021-03-04T05:06:07Z"'),
        way(11, [98, 97], highway="path", stamp='timestamp="2022-03-04T05:06:07Z"'),
    )
    store = store_roads(path, tmp_path / "a.roads")
    whole, window = read_roads(store), read_roads(store, within=around(0, 0))
    assert whole.graph["osm_date"] == "2022-03-04T05:06:07+00:00"
    assert window.graph["osm_date"] == "2022-03-04T05:06:07+00:00"
    said = "{} nodes of {} roads are not in the file; these roads were cut there"
    assert whole.graph["notes"] == (said.format(3, 2),)
    assert window.graph["notes"] == (said.format(1, 1),)
    assert_same(whole, read_roads(path))
    assert_same(window, read_roads(path, within=around(0, 0)))


def test_date_of_the_header_is_kept(tmp_path, three_ways):
    header = osmium.io.Header()
    header.set("osmosis_replication_timestamp", "2025-11-20T20:21:00Z")
    header.set("generator", "layers made up")
    extract = tmp_path / "ekstrak.osm.pbf"
    with osmium.SimpleWriter(str(extract), header=header) as writer:
        for thing in osmium.FileProcessor(str(three_ways[0])):
            writer.add(thing)
    store = store_roads(extract, tmp_path / "ekstrak.roads")
    assert read_roads(store).graph["osm_date"] == "2025-11-20T20:21:00Z"
    assert_same(read_roads(store), read_roads(extract))


@pytest.mark.parametrize(
    ("ways", "found"),
    [
        ([way(10, [1, 2], highway="proposed")], "no road in use among 1 ways"),
        ([way(10, [97, 98], highway="path")], "none of whose nodes is in the file"),
        ([way(10, [1, 98, 2], highway="path")], "none of whose nodes is in the file"),
    ],
)
def test_file_without_roads_makes_no_store(tmp_path, ways, found):
    path = osm_file(tmp_path, *ways)
    with pytest.raises(NetworkError, match=found):
        store_roads(path, tmp_path / "a.roads")
    with pytest.raises(NetworkError, match=found):
        read_roads(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["jalan.osm"]


def test_box_that_touches_the_bounds_at_a_corner_counts(tmp_path):
    archive_path = tmp_path / "a.zip"
    box = np.array([[0.0, 0, 1, 1], [np.nan] * 4, [3, 3, 4, 4], [1, 1, 2, 2]])
    records = road_blocks.RoadRecords(
        box=box,
        count=np.array([2, 0, 1, 3]),
        vertices=np.arange(6).view([("v", "<i8")]),
        said=["a", "b", "c", "d"],
    )
    with zipfile.ZipFile(archive_path, "w") as archive, pytest.MonkeyPatch.context() as patch:
        patch.setattr(road_blocks, "ROADS_IN_BLOCK", 3)
        road_blocks.write_blocks(iter([records]), archive, tmp_path, records.vertices.dtype)
    with zipfile.ZipFile(archive_path) as archive:
        for bounds, said, vertices in (
            ((1, 1, 1, 1), ["a", "d"], [0, 1, 3, 4, 5]),
            ((4, 4, 9, 9), ["c"], [2]),
            ((-1, 0.5, 0, 0.5), ["a"], [0, 1]),
            ((2, 0, 3, 3), ["c", "d"], [2, 3, 4, 5]),
            ((5, 5, 6, 6), [], []),
        ):
            read = road_blocks.read_blocks(archive, np.array(bounds, dtype=float))
            assert (read.said, read.vertices["v"].tolist()) == (said, vertices)
        assert road_blocks.read_blocks(archive, None).said == ["a", "b", "c", "d"]


places = st.tuples(st.integers(0, 60), st.integers(0, 60))
windows = st.tuples(places, st.integers(1, 25))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(places, min_size=8, max_size=8),
    st.lists(
        st.tuples(st.lists(st.integers(1, 10), max_size=5), st.sampled_from(["path", "no", "x"])),
        min_size=1,
        max_size=12,
    ),
    windows,
    st.integers(1, 4),
)
def test_any_window_of_an_osm_file_is_that_of_its_store(
    tmp_path_factory, where, roads, window, in_block
):
    # Nodes 9 and 10 are not in the file.
    folder = tmp_path_factory.mktemp("osm")
    path = osm_file(
        folder,
        *(way(50 - n, nodes, highway=kind) for n, (nodes, kind) in enumerate(roads)),
        places=dict(enumerate(where, start=1)),
    )
    options = {"within": around(*window[0], window[1]), "buffer_m": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(road_blocks, "ROADS_IN_BLOCK", in_block)
        patch.setattr(road_store, "ROADS_AT_ONCE", 3)
        try:
            store = store_roads(path, folder / "a.roads")
        except NetworkError:
            assert outcome(path) is NetworkError
            return
    assert_same_outcome(outcome(path), outcome(store))
    assert_same_outcome(outcome(path, **options), outcome(store, **options))


def lines_file(folder: Path, shapes, name="jalan.gpkg", crs=4326, **columns) -> Path:
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)
    frame.to_file(folder / name)
    return folder / name


def moved(*points):
    return [(107 + x / 1000, -6 + y / 1000) for x, y in points]


@pytest.fixture
def lines(tmp_path):
    """Make a layer in which two lines cross, one is in two parts, and one lies far away."""
    path = lines_file(
        tmp_path,
        [
            shapely.LineString(moved((0, 0), (20, 0))),
            shapely.MultiLineString([moved((10, -5), (10, 5)), moved((40, 0), (40, 5))]),
            None,
            shapely.LineString(moved((300, 300), (310, 300))),
            shapely.LineString(moved((0, 0), (20, 0))),
        ],
        jenis_jalan=["Jalan Lokal", None, "tol", "arteri", "Jalan Lokal"],
        NAMA=[HOSTILE, "A", None, None, HOSTILE],
        oneway=["F", "T", "", "B", "F"],
        lebar=[3.0, np.nan, 1.0, 4.5, 3.0],
    )
    return path, store_roads(path, tmp_path / "garis.roads", source_digest="d")


def test_lines_cross_within_a_window(lines):
    graph = read_roads(lines[1], within=around(0, 0, 0.5), buffer_m=0)
    assert len(graph) == 2
    assert graph.graph["notes"][0].startswith("1 rows have no geometry")
    near = read_roads(lines[1], within=around(10, 0, 0.5), buffer_m=0)
    # Worked out: the crossing makes five ends of the two lines, the far part two more. No B is
    # near, so that T and F say yes and no: the first runs both ways (4 edges), the others one way.
    assert len(near) == 7
    assert near.number_of_edges() == 7
    assert {data["highway"] for *_, data in near.edges(data=True)} == {"tertiary", "road"}
    assert {data["osmid"] for *_, data in near.edges(data=True)} == {0, 1}
    assert {data.get("name") for *_, data in near.edges(data=True)} == {HOSTILE, "A"}
    assert {data.get("width") for *_, data in near.edges(data=True)} == {"3", None}


@pytest.mark.parametrize("half", [0.5, 8.0, 500.0])
def test_windows_of_lines_are_those_of_the_file(lines, half):
    options = {"within": around(10, 0, half), "buffer_m": 0}
    assert_same(read_roads(lines[1], **options), read_roads(lines[0], **options))
    assert_same(read_roads(lines[1]), read_roads(lines[0]))


def test_row_numbers_are_those_of_the_file(lines):
    far = read_roads(lines[1], within=around(305, 300))
    assert {data["osmid"] for *_, data in far.edges(data=True)} == {3}
    assert {data["width"] for *_, data in far.edges(data=True)} == {"4.5"}


def test_no_line_in_the_window(lines):
    messages = []
    for path in lines:
        with pytest.raises(OverlapError) as caught:
            read_roads(path, within=around(900, 900))
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


ZIGZAG = st.lists(places, min_size=2, max_size=4, unique=True)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(ZIGZAG, min_size=1, max_size=2), min_size=1, max_size=8),
    st.lists(st.sampled_from(["B", "F", "T", "yes", None]), min_size=8, max_size=8),
    st.lists(st.sampled_from(["residential", None, "no"]), min_size=8, max_size=8),
    windows,
    st.integers(1, 4),
    st.booleans(),
)
def test_any_window_of_lines_is_that_of_the_store(
    tmp_path_factory, shapes, oneway, kinds, window, in_block, metric
):
    folder = tmp_path_factory.mktemp("lines")
    crs = 32748 if metric else 4326
    drawn = [
        shapely.LineString(moved(*parts[0]))
        if len(parts) == 1
        else shapely.MultiLineString([moved(*part) for part in parts])
        for parts in shapes
    ]
    frame = gpd.GeoSeries(drawn, crs=4326).to_crs(crs)
    count = len(shapes)
    path = lines_file(
        folder, frame, "a.geojson" if not metric else "a.gpkg", crs,
        oneway=oneway[:count], highway=kinds[:count], value=range(count),
    )  # fmt: skip
    options = {"within": around(*window[0], window[1]), "buffer_m": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(road_blocks, "ROADS_IN_BLOCK", in_block)
        store = store_roads(path, folder / "a.roads")
    assert_same_outcome(outcome(path), outcome(store))
    assert_same_outcome(outcome(path, **options), outcome(store, **options))


def test_roads_of_jakarta(real_data, tmp_path):
    path = real_data / "jakarta" / "jakarta_roads.shp"
    villages = rg.read_villages(real_data / "jakarta" / "kelurahan_jakarta.shp")
    store = store_roads(path, tmp_path / "jakarta.roads")
    for place in (7, 120, 255):
        village = villages.iloc[[place]]
        options = {"within": village, "buffer_m": 500.0}
        assert_same(read_roads(store, **options), read_roads(path, **options))


def test_same_file_same_bytes(three_ways, lines, tmp_path):
    for path, store in (three_ways, lines):
        again = store_roads(path, tmp_path / "lagi.roads", source_digest=stored_from(store))
        assert again.read_bytes() == store.read_bytes()
        with zipfile.ZipFile(again) as archive:
            assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


@pytest.mark.parametrize("share", [0.001, 0.3, 0.9, 0.999])
def test_store_that_breaks_off_is_refused(three_ways, share):
    store = three_ways[1]
    whole = store.read_bytes()
    store.write_bytes(whole[: int(len(whole) * share) or 1])
    with pytest.raises(InputFileError, match="make the store again from the road file"):
        read_roads(store)
    assert stored_from(store) is None


def test_damage_anywhere_is_noticed_or_harmless(three_ways, tmp_path):
    graph = read_roads(three_ways[0])
    whole = three_ways[1].read_bytes()
    broken = tmp_path / "rusak.roads"
    noticed = 0
    for place in range(0, len(whole), 41):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        broken.write_bytes(damaged)
        try:
            assert_same(read_roads(broken), graph)
        except InputFileError:
            noticed += 1
    assert noticed > len(whole) / 41 / 2


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"version": 2}, "found a road store of format version 2; expected a road store of form"),
        ({"format": "x"}, "an archive that is no road store"),
        ({"crs": "no such"}, "cannot be read"),
        ({"notes": [["{gone}", {}]]}, "cannot be read"),
    ],
)
def test_other_versions_are_refused(three_ways, tmp_path, change, found):
    other = tmp_path / "lain.roads"
    with zipfile.ZipFile(three_ways[1]) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "about.json":
                content = json.dumps(json.loads(content) | change).encode()
            new.writestr(name, content)
    with pytest.raises(InputFileError, match=found):
        read_roads(other)


def test_other_archives_are_refused(tmp_path):
    other = tmp_path / "lain.roads"
    np.savez(tmp_path / "a.npz", a=np.zeros(2))
    (tmp_path / "a.npz").rename(other)
    with pytest.raises(InputFileError, match="an archive that is no road store"):
        read_roads(other)
    assert stored_from(other) is None


def test_what_cannot_be_stored_is_refused(three_ways, tmp_path):
    path, store = three_ways
    with pytest.raises(InputError, match=r"a name that ends in \.roads"):
        store_roads(path, tmp_path / "jalan.zip")
    with pytest.raises(InputFileError, match="a graph or a store of roads"):
        store_roads(store, tmp_path / "lagi.roads")
    (tmp_path / "b.osm.pbf").write_bytes(b"no OSM file")
    with pytest.raises(InputFileError, match="cannot be read"):
        store_roads(tmp_path / "b.osm.pbf", tmp_path / "lagi.roads")
    with pytest.raises(OutputError, match="No such file or directory"):
        store_roads(path, tmp_path / "missing" / "a.roads")


def test_old_store_stays_where_the_disk_is_full(three_ways, monkeypatch, tmp_path):
    path, store = three_ways
    before, names = store.read_bytes(), sorted(entry.name for entry in tmp_path.iterdir())

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(road_store, "add_member", full)
    with pytest.raises(OutputError, match="No space left on device"):
        store_roads(path, store, source_digest="new")
    assert store.read_bytes() == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == names
