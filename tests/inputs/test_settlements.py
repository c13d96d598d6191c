"""Reading settlements: dusun, RW and RT, as polygons, points or places of OpenStreetMap."""

from __future__ import annotations

import geopandas as gpd
import osmium
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from osmium.osm.mutable import Node

import resilience_geo as rg
from resilience_geo.errors import ColumnError, InputError, InputFileError, OverlapError
from resilience_geo.inputs.settlements import read_settlements

BOXES = [shapely.box(107 + i / 100, -6, 107 + (i + 1) / 100, -5.99) for i in range(6)]
VILLAGE = gpd.GeoSeries([BOXES[1].union(BOXES[2])], crs=4326)


def written(path, geometry=None, crs=4326, **columns):
    count = len(next(iter(columns.values())))
    frame = gpd.GeoDataFrame(columns, geometry=geometry or BOXES[:count], crs=crs)
    frame.to_file(path)
    return path


def test_everything_in_its_place(tmp_path):
    path = written(
        tmp_path / "dusun.gpkg",
        kode_dusun=["A", "B"],
        nama=["Talang  Buluh\n", "<b>Ulu</b>"],
        desa=["Satu", "Dua"],
    )
    read = read_settlements(path)
    assert read.columns.tolist() == ["settlement_id", "name", "geometry"]
    assert read["settlement_id"].tolist() == ["A", "B"]
    assert read["name"].tolist() == ["Talang Buluh", "<b>Ulu</b>"]
    assert read.crs.to_epsg() == 4326
    assert read.index.equals(pd.RangeIndex(2))
    assert read.attrs["source"] == str(path)
    assert read.attrs["notes"] == ()
    assert read.geometry[1].equals(BOXES[1])


@pytest.mark.parametrize("crs", [32748, 3857])
def test_other_crs_come_out_in_degrees(tmp_path, crs):
    frame = gpd.GeoDataFrame({"dusun": ["A"]}, geometry=BOXES[:1], crs=4326).to_crs(crs)
    frame.to_file(tmp_path / "dusun.gpkg")
    read = read_settlements(tmp_path / "dusun.gpkg")
    assert read.crs.to_epsg() == 4326
    assert shapely.equals_exact(read.geometry[0].normalize(), BOXES[0].normalize(), 1e-9)


class TestNames:
    """Which column is the name, and what is done about bad ones."""

    @pytest.mark.parametrize(
        ("columns", "expected"),
        [
            ({"RW": ["RW 1", "02"]}, ["RW 01", "RW 02"]),
            ({"RW": [1.0, 2.0]}, ["RW 01", "RW 02"]),
            ({"RT": ["003", "RT.4"], "RW": ["1", "12"]}, ["RT 03 / RW 01", "RT 04 / RW 12"]),
            ({"RW": ["Rawa", "2"], "nama": ["x", "y"]}, ["Rawa", "RW 02"]),
            ({"NAMOBJ": ["A", "B"], "dusun": ["Muara", "Ulu"]}, ["Muara", "Ulu"]),
            ({"village_name": ["Dusun A", "Dusun B"]}, ["Dusun A", "Dusun B"]),
        ],
    )
    def test_columns(self, tmp_path, columns, expected):
        read = read_settlements(written(tmp_path / "a.gpkg", **columns))
        assert read["name"].tolist() == expected

    def test_a_column_given(self, tmp_path):
        path = written(tmp_path / "a.gpkg", nama=["A", "B"], sebutan=["Kampung Rawa", "Kp. Melayu"])
        read = read_settlements(path, name_column="Sebutan")
        assert read["name"].tolist() == ["Kampung Rawa", "Kp. Melayu"]
        with pytest.raises(ColumnError, match="name_column"):
            read_settlements(path, name_column="tidak_ada")

    def test_no_column(self, tmp_path):
        with pytest.raises(ColumnError, match=r"dusun, RW or RT.*name_column="):
            read_settlements(written(tmp_path / "a.gpkg", luas=[1, 2]))

    def test_one_without_a_name_is_called_by_its_id(self, tmp_path):
        path = written(tmp_path / "a.gpkg", kode=["K1", "K2", "K3"], nama=["A", None, " "])
        read = read_settlements(path)
        assert read["name"].tolist() == ["A", "Permukiman K2", "Permukiman K3"]
        assert read.attrs["notes"] == (
            "a.gpkg: 2 settlements have no name and are called by their id (rows 1, 2)",
        )

    def test_names_that_occur_twice_get_their_village(self, tmp_path):
        path = written(
            tmp_path / "a.gpkg",
            RW=["RW 01", "RW 01", "RW 02", "RW 01"],
            KEL_NAME=["KAPUK", "RAWA BUAYA", "KAPUK", None],
        )
        assert read_settlements(path)["name"].tolist() == [
            "RW 01, KAPUK", "RW 01, RAWA BUAYA", "RW 02", "RW 01",
        ]  # fmt: skip
        # Within one village nothing has to be told apart
        one = read_settlements(path, within=gpd.GeoSeries(BOXES[1:2], crs=4326))
        assert one["name"].tolist() == ["RW 01"]

    def test_without_a_village_they_stay_alike_and_apart(self, tmp_path):
        read = read_settlements(written(tmp_path / "a.gpkg", nama=["A", "A"]))
        assert read["name"].tolist() == ["A", "A"]
        assert read["settlement_id"].is_unique


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"kode_rw": ["7", "7"], "id": [4, 9]}, ["4", "9"]),
        ({"kode_rw": ["7", None], "OBJECTID_1": [4.0, 9.0]}, ["4", "9"]),
        ({"kode_rw": ["7", "7"]}, ["001", "002"]),
        ({"settlement_id": ["x", "y"], "village_code": ["1", "2"]}, ["x", "y"]),
    ],
)
def test_keys(tmp_path, columns, expected):
    read = read_settlements(written(tmp_path / "a.gpkg", nama=["A", "B"], **columns))
    assert read["settlement_id"].tolist() == expected
    assert len(read.attrs["notes"]) == (expected[0] == "001")


class TestWithin:
    """Which settlements belong to the villages."""

    def test_a_shared_border_is_not_enough(self, tmp_path):
        path = written(tmp_path / "a.gpkg", nama=list("ABCDEF"))
        assert read_settlements(path, within=VILLAGE)["name"].tolist() == ["B", "C"]

    def test_nor_is_a_border_drawn_a_little_otherwise(self, tmp_path):
        # 0.5 % of A is in the village, and 2 % of D
        boxes = [
            shapely.box(107.0, -6, 107.01005, -5.99),
            shapely.box(107.01005, -6, 107.0298, -5.99),
            shapely.box(107.0298, -6, 107.0398, -5.99),
        ]
        path = written(tmp_path / "a.gpkg", boxes, nama=["A", "B", "D"])
        assert read_settlements(path, within=VILLAGE)["name"].tolist() == ["B", "D"]

    def test_points(self, tmp_path):
        points = [shapely.Point(107 + i / 100 + 0.005, -5.995) for i in range(4)]
        points[2] = shapely.MultiPoint([points[2]])
        path = written(tmp_path / "a.gpkg", points, nama=list("ABCD"))
        read = read_settlements(path, within=VILLAGE.to_crs(32748))
        assert read["name"].tolist() == ["B", "C"]
        assert set(read.geom_type) == {"Point"}

    def test_none_of_them(self, tmp_path):
        path = written(tmp_path / "a.gpkg", [BOXES[5]], nama=["F"])
        with pytest.raises(OverlapError, match="no settlement in the villages, of 1"):
            read_settlements(path, within=VILLAGE)

    @settings(max_examples=20, deadline=None)
    @given(chosen=st.sets(st.integers(0, 26), min_size=1))
    def test_the_sample_nests(self, chosen):
        files = rg.sample_files()
        dusun = gpd.read_file(files["hamlets"])
        read = read_settlements(files["hamlets"], within=dusun.iloc[sorted(chosen)])
        assert read["settlement_id"].tolist() == dusun["village_code"].iloc[sorted(chosen)].tolist()


class TestGeometry:
    """Polygons and points that can be computed with."""

    def test_a_bow_tie_is_repaired(self, tmp_path):
        bow_tie = shapely.Polygon([(107, -6), (107.01, -5.99), (107.01, -6), (107, -5.99)])
        read = read_settlements(written(tmp_path / "a.gpkg", [bow_tie], nama=["A"]))
        assert read.geometry.is_valid.all()
        assert any("1 invalid geometries were repaired" in note for note in read.attrs["notes"])

    def test_lines_and_missing_ones_are_refused_together(self, tmp_path):
        shapes = [shapely.LineString([(107, -6), (107.01, -6)]), None, BOXES[0]]
        frame = gpd.GeoDataFrame({"nama": list("ABC")}, geometry=shapes, crs=4326)
        frame.to_file(tmp_path / "a.geojson")
        with pytest.raises(InputError) as caught:
            read_settlements(tmp_path / "a.geojson")
        assert {one.row for one in caught.value.problems} == {0, 1}

    def test_no_file(self, tmp_path):
        for name in ("a.gpkg", "a.osm.pbf"):
            with pytest.raises(InputFileError, match="no file at"):
                read_settlements(tmp_path / name)


class TestOsm:
    """Small places of an OSM file."""

    @pytest.fixture
    def path(self, tmp_path):
        kinds = ["hamlet", "village", "neighbourhood", "town", "isolated_dwelling", "quarter"]
        path = tmp_path / "peta.osm.pbf"
        with osmium.SimpleWriter(str(path)) as writer:
            for number, kind in enumerate(kinds, 1):
                place = (107 + number / 100 - 0.005, -5.995)
                tags = {"place": kind, "name": f"Kampung {number}"}
                writer.add_node(Node(id=number, version=1, location=place, tags=tags))
        return path

    def test_small_places_only(self, path):
        read = read_settlements(path)
        assert read.columns.tolist() == ["settlement_id", "name", "geometry"]
        assert read["name"].tolist() == [f"Kampung {number}" for number in (1, 3, 5, 6)]
        assert read["settlement_id"].tolist() == ["001", "002", "003", "004"]

    def test_in_the_villages(self, path):
        assert read_settlements(path, within=VILLAGE)["name"].tolist() == ["Kampung 3"]
        with pytest.raises(OverlapError, match=r"peta\.osm\.pbf"):
            read_settlements(path, within=gpd.GeoSeries([shapely.box(100, 0, 101, 1)], crs=4326))


def test_the_hamlets_of_the_sample_say_the_same_as_points_and_polygons():
    files = rg.sample_files()
    polygons = read_settlements(files["hamlets"])
    points = read_settlements(files["basemap"])
    assert len(polygons) == len(points) == 27
    for name, point in zip(points["name"], points.geometry, strict=True):
        holder = polygons["name"][polygons.contains(point)]
        assert holder.tolist() == [f"Dusun {name}"]
