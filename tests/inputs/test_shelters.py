"""Reading shelters."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from resilience_geo.errors import ColumnError, CrsError, InputError, InputFileError
from resilience_geo.inputs.shelters import read_shelters

POINTS = [shapely.Point(106 + 0.01 * i, -6) for i in range(4)]


def written(path, geometry=None, crs=4326, **columns):
    count = len(next(iter(columns.values())))
    frame = gpd.GeoDataFrame(columns, geometry=geometry or POINTS[:count], crs=crs)
    frame.to_file(path, engine="pyogrio")
    return path


def test_everything_in_its_place(tmp_path):
    path = written(
        tmp_path / "tes.gpkg",
        shelter_id=["T1", "T2"],
        name=["SDN 01", ""],
        kind=["school", None],
        capacity_people=[250, 0],
        floor_area_m2=[400.5, None],
        accessible=[True, False],
    )
    read = read_shelters(path)
    assert read.columns.tolist() == [
        "shelter_id", "name", "kind", "capacity_people", "floor_area_m2", "accessible", "geometry",
    ]  # fmt: skip
    assert read["shelter_id"].tolist() == ["T1", "T2"]
    assert read["name"].tolist() == ["SDN 01", "Tempat evakuasi T2"]
    assert read["kind"].tolist() == ["school", ""]
    assert read["capacity_people"].tolist() == [250.0, 0.0]  # 0 is known: it takes nobody
    np.testing.assert_array_equal(read["floor_area_m2"], [400.5, np.nan])
    assert read["accessible"].tolist() == [True, False]
    assert read.index.equals(pd.RangeIndex(2))
    assert read.crs.to_epsg() == 4326
    assert read.attrs["source"] == str(path)
    assert read.attrs["notes"] == ()


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson", ".fgb"])
def test_formats_and_indonesian_columns(tmp_path, suffix):
    path = written(
        tmp_path / f"tes{suffix}",
        nama=["Masjid", "Balai"],
        jenis=["masjid", "balai"],
        kapasitas=["120", ""],
        luas_m2=[60, 90],
        wheelchair=["yes", "limited"],
    )
    read = read_shelters(path).sort_values("name", ascending=False)
    assert sorted(read["shelter_id"]) == ["S001", "S002"]
    assert read["name"].tolist() == ["Masjid", "Balai"]
    assert read["kind"].tolist() == ["masjid", "balai"]
    np.testing.assert_array_equal(read["capacity_people"], [120.0, np.nan])
    assert read["floor_area_m2"].tolist() == [60.0, 90.0]
    assert read["accessible"].tolist() == [True, None]
    notes = " ".join(read.attrs["notes"])
    assert "capacity_people is of kapasitas" in notes
    assert "1 of 2 shelters have no known capacity" in notes
    assert "limited" in notes


def test_without_any_column_it_knows(tmp_path):
    read = read_shelters(written(tmp_path / "tes.gpkg", catatan=["x", "y"]))
    assert read["name"].tolist() == ["Tempat evakuasi S001", "Tempat evakuasi S002"]
    assert read["capacity_people"].isna().all()
    assert read["floor_area_m2"].isna().all()
    assert read["accessible"].tolist() == [None, None]


def test_columns_given(tmp_path):
    path = written(tmp_path / "tes.gpkg", a=[1, 2], b=[3, 4], c=["p", "q"], d=["k", "l"])
    read = read_shelters(path, "a", "b", name_column="c", id_column="d")
    assert read["capacity_people"].tolist() == [1.0, 2.0]
    assert read["floor_area_m2"].tolist() == [3.0, 4.0]
    assert read["name"].tolist() == ["p", "q"]
    assert read["shelter_id"].tolist() == ["k", "l"]
    for option in ("capacity_column", "area_column", "name_column", "id_column"):
        with pytest.raises(ColumnError, match=rf"tes\.gpkg.*column nope.*a, b, c, d.*{option}="):
            read_shelters(path, **{option: "nope"})


def test_capacities_that_are_no_numbers(tmp_path):
    path = written(
        tmp_path / "tes.gpkg",
        kapasitas=["1.200", "-5", "banyak", "inf"],
        luas=["12", "1,200", "3", "4"],
    )
    with pytest.raises(InputError) as caught:
        read_shelters(path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 5
    for row, value in enumerate(["1.200", "-5", "banyak", "inf"]):
        assert f"tes.gpkg, layer tes, column kapasitas, row {row}: found '{value}'" in lines[row]
    assert "thousands" in lines[0]
    assert "column luas, row 1" in lines[4]


def test_keys_twice_or_missing(tmp_path):
    path = written(tmp_path / "tes.gpkg", shelter_id=["a", "b", "a", None])
    with pytest.raises(InputError) as caught:
        read_shelters(path)
    text = str(caught.value)
    assert "tes.gpkg, layer tes, column shelter_id, row 0, 2: found the key 'a' 2 times" in text
    assert "row 3: found the key '' 1 times" in text


def test_generic_identifier_only_where_it_tells_rows_apart(tmp_path):
    assert read_shelters(written(tmp_path / "a.gpkg", id=[7, 8]))["shelter_id"].tolist() == [
        "7",
        "8",
    ]
    assert read_shelters(written(tmp_path / "b.gpkg", id=[7, 7]))["shelter_id"].tolist() == [
        "S001",
        "S002",
    ]


def test_polygons_and_single_multipoints(tmp_path):
    shapes = [shapely.box(106, -6, 106.01, -5.99), shapely.MultiPoint([POINTS[1]]), POINTS[2]]
    read = read_shelters(written(tmp_path / "tes.gpkg", shapes, name=["a", "b", "c"]))
    assert read.geom_type.tolist() == ["Polygon", "Point", "Point"]


def test_geometries_refused(tmp_path):
    shapes = [
        shapely.LineString(POINTS[:2]),
        None,
        shapely.MultiPoint(POINTS[:2]),
        POINTS[0],
    ]
    path = written(tmp_path / "tes.gpkg", shapes, name=["a", "b", "c", "d"])
    with pytest.raises(InputError) as caught:
        read_shelters(path)
    text = str(caught.value)
    assert "tes.gpkg, layer tes, column geometry, row 0: found a LineString" in text
    assert "row 1: found no geometry" in text
    assert "row 2: found a MultiPoint" in text
    assert len(caught.value.problems) == 3


def test_file_errors(tmp_path):
    with pytest.raises(InputFileError, match=r"x\.gpkg"):
        read_shelters(tmp_path / "x.gpkg")
    path = written(tmp_path / "tes.shp", name=["a"])
    path.with_suffix(".prj").unlink()
    with pytest.raises(CrsError, match=r"tes\.shp"):
        read_shelters(path)


@pytest.mark.real_data
def test_real_stand_in(real_data):
    read = read_shelters(real_data / "jakarta" / "shelters_standin.geojson")
    assert len(read) == 356
    assert read["capacity_people"].isna().sum() == 27
    assert read["shelter_id"].is_unique
    assert read["floor_area_m2"].notna().all()
    assert set(read["accessible"]) == {True, False}
