"""Road arrays kept on disk: they come back bit by bit, or not at all."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resilience_geo as rg
from resilience_geo.analysis.network import Roads, road_arrays
from resilience_geo.analysis.road_arrays_file import read_road_arrays, save_road_arrays
from resilience_geo.errors import InputFileError, Message, OutputError
from tests.analysis.toys import flood_patches, road_graph, routes, shelters

NODES = {1: (105, 205), 2: (905, 205), 3: (105, 505), 4: (905, 505)}
GRAPH = road_graph(
    NODES,
    (1, 2, {"name": "Jalan Ké\N{SNOWMAN}", "bridge": "yes", "width": "3.5 m", "osmid": [7, 8]}),
    (3, 4, {"oneway": True, "access": "private", "via": [(300, 510)]}),
    (2, 4, {"surface": "sand", "lanes": "2", "tunnel": "no"}),
)
# By hand, in the order of the nodes they leave: roads 1-2, 2-4 and 3-4, of 2, 2 and 3 vertices;
# edges 1-2, 2-1, 2-4, 3-4 and 4-2.
ROADS = road_arrays(GRAPH)


def assert_same(first: Roads, second: Roads) -> None:
    for field in fields(Roads):
        one, other = getattr(first, field.name), getattr(second, field.name)
        if not isinstance(one, np.ndarray):
            assert one == other, field.name
            continue
        assert (one.dtype, one.shape) == (other.dtype, other.shape), field.name
        if one.dtype == object:
            assert one.tolist() == other.tolist(), field.name
            assert [*map(type, one)] == [*map(type, other)], field.name
        else:
            assert one.tobytes() == other.tobytes(), field.name


def vars_of(message: Message) -> dict[str, object]:
    """Return what fills a message."""
    return message.values  # noqa: PD011 - no table


def kept(roads, path, **options):
    return read_road_arrays(save_road_arrays(roads, path / "jalan.npz", **options))


def test_every_array_comes_back_as_it_was(tmp_path):
    back, facts = kept(ROADS, tmp_path)
    assert back.offsets.tolist() == [0, 2, 4, 7]
    assert back.name.tolist() == ["Jalan Ké\N{SNOWMAN}", "", ""]
    assert back.osmid[0] == "7;8"
    assert back.bridge.tolist() == [True, False, False]
    assert back.no_entry.tolist() == [[False, False], [False, False], [True, True]]
    assert back.edge_road.tolist() == [0, 0, 1, 2, 1]
    assert np.isnan(back.node_elevation_m).all()
    assert back.crs == pyproj.CRS.from_epsg(32748)
    assert back.crs.srs == "EPSG:32748"
    assert facts == {}
    assert_same(back, ROADS)


def test_arrays_can_be_changed_after_reading(tmp_path):
    back, _ = kept(ROADS, tmp_path)
    back.length_m[0] = 5.0
    assert back.length_m[0] == 5.0


def test_lost_road_and_heights_are_kept(tmp_path):
    heights = np.array([1.5, -2.0, np.nan, 1e300])
    back, _ = kept(replace(ROADS, lost_road=2, node_elevation_m=heights), tmp_path)
    assert back.lost_road == 2
    assert back.node_elevation_m.tobytes() == heights.tobytes()


def test_routes_are_the_same_from_the_graph_and_from_the_file(tmp_path):
    hazard = flood_patches((0, 400, 2000, 420, 2.0))
    roads, _ = kept(ROADS, tmp_path)
    places = shelters((905, 205))
    from_file = routes([(305, 305), (305, 495)], places, roads, hazard)
    from_graph = routes([(305, 305), (305, 495)], places, GRAPH, hazard)
    # By hand: 100 m down to the road, 600 m along it.
    assert from_file.loc[("early", 0), "distance_m"] == pytest.approx(700.0)
    pd.testing.assert_frame_equal(from_file, from_graph)


def test_states_are_the_same_from_the_graph_and_from_the_file(tmp_path):
    hazard = flood_patches((0, 400, 2000, 420, 2.0))
    roads, _ = kept(ROADS, tmp_path)
    from_file = rg.road_states(roads, hazard, mode="car")
    pd.testing.assert_frame_equal(from_file, rg.road_states(GRAPH, hazard, mode="car"))


@pytest.mark.parametrize(
    "ids",
    [
        [2**62, -5, 0, 1],
        [(1, 2), ("a", (3,)), "b", 4],
        [2**80, 1, 2, 3],
        ["1", 1, "", "\N{SNOWMAN}\x00"],
    ],
)
def test_node_numbers_of_any_kind_come_back(tmp_path, ids):
    roads = replace(ROADS, node_ids=np.fromiter(ids, dtype=object, count=4))
    back, _ = kept(roads, tmp_path)
    assert back.node_ids.tolist() == ids
    assert_same(back, roads)
    assert back.edge_index().tolist()[0][:2] == (ids[0], ids[1])


def test_crs_without_a_code_comes_back_by_its_wkt(tmp_path):
    crs = pyproj.CRS.from_proj4("+proj=tmerc +lat_0=0 +lon_0=106.5 +k=0.9999 +ellps=WGS84")
    back, _ = kept(replace(ROADS, crs=crs), tmp_path)
    assert back.crs == crs
    assert back.crs.to_wkt() == crs.to_wkt()


def test_notes_come_back_with_template_and_values(tmp_path):
    note = Message("{count} rows of {file}: {share} %", count=3, file="a{b}.shp", share=0.1)
    facts = {"source": "a.shp", "osm_date": None, "notes": [note], "more": (1, {"a": [True]})}
    _, back = kept(ROADS, tmp_path, facts=facts)
    assert back == facts
    assert isinstance(back["more"], tuple)
    (read,) = back["notes"]
    assert type(read) is Message
    assert read.template == "{count} rows of {file}: {share} %"
    assert vars_of(read) == {"count": 3, "file": "a{b}.shp", "share": 0.1}
    assert str(read) == "3 rows of a{b}.shp: 0.1 %"


def test_message_within_a_message_and_numpy_numbers(tmp_path):
    inner = Message("{count} pieces", count=np.int64(2))
    _, back = kept(ROADS, tmp_path, facts={"notes": (Message("{what}!", what=inner),)})
    assert str(back["notes"][0]) == "2 pieces!"
    within = vars_of(back["notes"][0])["what"]
    assert within.template == "{count} pieces"
    assert type(vars_of(within)["count"]) is int


def test_facts_that_are_no_plain_values_are_refused(tmp_path):
    with pytest.raises(TypeError, match="set"):
        save_road_arrays(ROADS, tmp_path / "a.npz", facts={"bad": {1, 2}})
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(st.characters(), max_size=4), min_size=3, max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers() | st.text() | st.none(), max_size=3),
)
def test_any_text_comes_back(tmp_path_factory, texts, facts):
    roads = replace(ROADS, name=np.array([*texts, None], dtype=object)[:3])
    back, said = kept(roads, tmp_path_factory.getbasetemp(), facts=facts)
    assert back.name.tolist() == texts
    assert said == facts


def test_same_roads_same_bytes_and_no_pickle(tmp_path):
    one = save_road_arrays(ROADS, tmp_path / "one.npz", facts={"a": 1, "b": 2}).read_bytes()
    other = save_road_arrays(road_arrays(GRAPH), tmp_path / "two.npz", facts={"a": 1, "b": 2})
    assert other.read_bytes() == one
    with np.load(io.BytesIO(one), allow_pickle=False) as loaded:
        assert not any(loaded[name].dtype.hasobject for name in loaded.files)
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def test_damage_anywhere_is_noticed_or_harmless(tmp_path):
    path = save_road_arrays(ROADS, tmp_path / "a.npz", facts={"source": "x.shp"})
    whole = path.read_bytes()
    broken = tmp_path / "broken.npz"
    noticed = 0
    for place in range(0, len(whole), 29):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        broken.write_bytes(damaged)
        try:
            back, facts = read_road_arrays(broken)
        except InputFileError:
            noticed += 1
        else:
            # Bytes that mean nothing, such as the clock of the archive.
            assert_same(back, ROADS)
            assert facts == {"source": "x.shp"}
    assert noticed > len(whole) / 29 / 2


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99, 0.9999])
def test_file_that_breaks_off_is_refused(tmp_path, share):
    path = save_road_arrays(ROADS, tmp_path / "a.npz")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputFileError, match="delete the file and read the roads again"):
        read_road_arrays(path)


def changed(path, **arrays):
    """Put other arrays into a file."""
    with np.load(path) as loaded:
        content = {name: loaded[name] for name in loaded.files} | arrays
    np.savez(path, **{name: array for name, array in content.items() if array is not None})


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("start", np.array([0, 2, 9])),
        ("start", np.array([0, -1, 2])),
        ("length_m", np.array([1.0])),
        ("offsets", np.array([0, 5, 2, 7])),
        ("offsets", np.array([0, 2, 5, 6])),
        ("node_x", np.zeros(5)),
        ("edge_road", np.array([0, 0, 2, 3, 2])),
        ("edge_key", np.zeros(4, dtype=int)),
        ("name.which", np.array([0, 1, 7], dtype=np.int32)),
        ("name.length", np.array([-3, 3], dtype=np.int32)),
        ("name.text", np.array([0xFF, 0xFE], dtype=np.uint8)),
        ("forward", None),
        ("about", np.frombuffer(b"[]", dtype=np.uint8)),
        ("about", np.frombuffer(b"{", dtype=np.uint8)),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(tmp_path, name, array):
    path = save_road_arrays(ROADS, tmp_path / "a.npz")
    changed(path, **{name: array})
    with pytest.raises(InputFileError, match=r"a\.npz"):
        read_road_arrays(path)


def about(**entries):
    said = {"format": "resilience-geo road arrays", "version": 1, **entries}
    return np.frombuffer(json.dumps(said).encode(), dtype=np.uint8)


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ({"version": 2}, "road arrays of format version 2; expected road arrays of format"),
        ({"format": "other"}, "an archive without road arrays"),
        ({"crs": ["EPSG:32748", "no such"], "lost_road": -1, "facts": {}}, "cannot be read"),
        (
            {"crs": ["EPSG:32748", ""], "lost_road": -1, "facts": {"entries": [[{"a": 1}, 2]]}},
            "cannot be read",
        ),
    ],
)
def test_other_versions_and_descriptions_are_refused(tmp_path, entries, found):
    path = save_road_arrays(ROADS, tmp_path / "a.npz")
    changed(path, about=about(**entries))
    with pytest.raises(InputFileError, match=found):
        read_road_arrays(path)


def test_foreign_files_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(InputFileError, match="no such file"):
        read_road_arrays(path)
    with pytest.raises(InputFileError, match="cannot be read"):
        read_road_arrays(tmp_path)
    np.savez(path, a=np.zeros(3))
    with pytest.raises(InputFileError, match="an archive without road arrays"):
        read_road_arrays(path)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(InputFileError, match="a single array"):
        read_road_arrays(path)
    pickled = np.array([{"a": 1}], dtype=object)
    np.savez(path, about=pickled)
    with pytest.raises(InputFileError, match="allow_pickle"):
        read_road_arrays(path)


def test_what_is_there_stays_where_writing_fails(tmp_path, monkeypatch):
    path = save_road_arrays(ROADS, tmp_path / "a.npz")
    before = path.read_bytes()

    def full(self, _content):
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OutputError, match="No space left on device"):
        save_road_arrays(replace(ROADS, lost_road=1), path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.npz"]
    with pytest.raises(OutputError, match="No such file or directory"):
        save_road_arrays(ROADS, tmp_path / "missing" / "a.npz")
