"""Files cut out of one GeoPackage are what GDAL would have written for those rows."""

import datetime as dt
import sqlite3

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from resilience_geo.maps.geopackage import cut_layers, emptied, write_layers

MOMENT = dt.datetime(2026, 11, 22, 8, 30, tzinfo=dt.UTC)
NAMES = ("Jalan 'Melati'", 'a"b', "DROP TABLE roads; --", None)


def tables():
    lines = shapely.linestrings([[(number, 0.0), (number + 0.5, 1.0)] for number in range(4)])
    roads = gpd.GeoDataFrame(
        {"name": NAMES, "length_m": [1.5, np.nan, 3.0, 4.0], "bridge": [True, False, True, False]},
        geometry=lines,
        crs=4326,
    )
    areas = [shapely.box(0, 0, 1, 1), shapely.MultiPolygon([shapely.box(2, 2, 3, 3)])]
    villages = gpd.GeoDataFrame({"village_code": ["1", "2"]}, geometry=areas, crs=4326)
    people = pd.DataFrame({"village_code": ["1", "1", "2"], "people": [5, 6, 7]})
    return {"villages": villages, 'odd "roads"': roads, "people": people}


@pytest.fixture
def whole(tmp_path):
    path = tmp_path / "whole.gpkg"
    write_layers(tables(), path, description="", moment=MOMENT, indexed=False)
    return path


def cut(whole, path, rows):
    bounds = {
        name: table.iloc[rows[name]].total_bounds.tolist()
        for name, table in tables().items()
        if isinstance(table, gpd.GeoDataFrame) and rows[name].size
    }
    cut_layers(
        whole, emptied(whole), path, rows=rows, bounds=bounds, description="a part", moment=MOMENT
    )
    return path


ROWS = {
    "villages": np.array([1]),
    'odd "roads"': np.array([3, 1]),
    "people": np.array([], dtype=np.int64),
}


@pytest.mark.parametrize("name", tables())
def test_layers_read_as_gdal_would_have_written_them(whole, tmp_path, name):
    part = cut(whole, tmp_path / "part.gpkg", ROWS)
    direct = tmp_path / "direct.gpkg"
    expected = {layer: table.iloc[ROWS[layer]] for layer, table in tables().items()}
    write_layers(expected, direct, description="a part", moment=MOMENT, indexed=False)
    first, second = (pyogrio.read_dataframe(path, layer=name) for path in (part, direct))
    assert list(first.columns) == list(second.columns)
    assert len(first) == len(second) == ROWS[name].size
    for column in first.columns:
        assert list(map(str, first[column])) == list(map(str, second[column]))
    about = pyogrio.read_info(part, layer=name)
    assert about["features"] == ROWS[name].size
    if ROWS[name].size and name != "people":
        np.testing.assert_allclose(
            about["total_bounds"], pyogrio.read_info(direct, layer=name)["total_bounds"]
        )


def test_gdal_can_go_on_writing(whole, tmp_path):
    part = cut(whole, tmp_path / "part.gpkg", ROWS)
    more = tables()['odd "roads"'].iloc[:2]
    pyogrio.write_dataframe(more, part, layer='odd "roads"', append=True)
    assert len(pyogrio.read_dataframe(part, layer='odd "roads"')) == 4
    assert pyogrio.read_info(part, layer='odd "roads"')["features"] == 4


def test_file_is_sound_and_says_what_it_is(whole, tmp_path):
    part = cut(whole, tmp_path / "part.gpkg", ROWS)
    with sqlite3.connect(part) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        said = connection.execute("SELECT DISTINCT description, last_change FROM gpkg_contents")
        assert said.fetchall() == [("a part", "2026-11-22T08:30:00.000Z")]


def test_same_rows_give_the_same_bytes(whole, tmp_path):
    first = cut(whole, tmp_path / "first.gpkg", ROWS).read_bytes()
    assert cut(whole, tmp_path / "second.gpkg", ROWS).read_bytes() == first


def test_the_whole_is_left_as_it_was(whole, tmp_path):
    before = whole.read_bytes()
    cut(whole, tmp_path / "part.gpkg", ROWS)
    assert whole.read_bytes() == before
