"""Layers that say they are made up are noted as such, and no others are."""

from __future__ import annotations

import copy
import json
import pickle

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import rasterio
import shapely
from osmium.osm.mutable import Node, Way
from rasterio.transform import Affine

import resilience_geo as rg
from resilience_geo.errors import Message
from resilience_geo.inputs.made_up import (
    MADE_UP,
    is_made_up,
    osm_notes,
    raster_notes,
    table_notes,
)


def raster(path, **tags):
    profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "height": 4, "width": 4}
    profile |= {
        "crs": "EPSG:32748",
        "transform": Affine(30.0, 0.0, 700_000.0, 0.0, -30.0, 9_300_000.0),
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(np.ones((1, 4, 4), "float32"))
        file.update_tags(**tags)
    return path


def shelters(path, **columns):
    table = {"name": ["a", "b"], "kapasitas": [10, 20], **columns}
    points = gpd.points_from_xy([106.0, 106.1], [-6.0, -6.1])
    gpd.GeoDataFrame(table, geometry=points, crs=4326).to_file(path)
    return path


def osm(path, generator):
    header = osmium.io.Header()
    header.set("generator", generator)
    with osmium.SimpleWriter(str(path), header=header, overwrite=True) as writer:
        for number, x in enumerate((106.0, 106.01), 1):
            writer.add_node(Node(id=number, version=1, location=(x, -6.0)))
        writer.add_way(Way(id=1, version=1, nodes=[1, 2], tags={"highway": "track"}))
    return path


def test_rasters_say_it_by_a_tag(tmp_path):
    path = raster(tmp_path / "a.tif", RESILIENCE_GEO_MADE_UP="YES")
    assert rg.read_hazard(path, unit="m").notes == (MADE_UP,)
    assert rg.read_population(path).notes == (MADE_UP,)
    for number, tags in enumerate(({}, {"RESILIENCE_GEO_MADE_UP": "NO"}, {"MADE_UP": "YES"})):
        path = raster(tmp_path / f"{number}.tif", **tags)
        assert rg.read_hazard(path, unit="m").notes == ()
        assert rg.read_population(path).notes == ()


def test_several_hazards_say_it_once(tmp_path):
    made_up = raster(tmp_path / "a.tif", RESILIENCE_GEO_MADE_UP="YES")
    both = [
        rg.read_hazard(path, kind=kind, unit=unit)
        for path, kind, unit in (
            (made_up, "flood", "m"),
            (made_up, "landslide", "index"),
            (raster(tmp_path / "b.tif"), "generic", "index"),
        )
    ]
    assert list(rg.combine_hazards(both).notes).count(MADE_UP) == 1


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson"])
def test_layers_say_it_in_a_column(tmp_path, name):
    for cells, expected in (([True, True], 1), ([False, True], 1), ([False, False], 0)):
        found = rg.read_shelters(shelters(tmp_path / name, made_up=cells))
        assert list(found.attrs["notes"]).count(MADE_UP) == expected
        assert is_made_up(found.attrs["notes"]) is bool(expected)
    assert MADE_UP not in rg.read_shelters(shelters(tmp_path / name)).attrs["notes"]


def test_villages_and_settlements_say_it(tmp_path):
    squares = [shapely.box(106 + k, -6, 106.5 + k, -5) for k in (0, 1)]
    table = {"village_code": ["1", "2"], "name": ["a", "b"], "made_up": ["ya", "ya"]}
    gpd.GeoDataFrame(table, geometry=squares, crs=4326).to_file(tmp_path / "a.gpkg")
    assert MADE_UP in rg.read_villages(tmp_path / "a.gpkg").attrs["notes"]


def test_tables_say_it_in_a_column(tmp_path):
    path = tmp_path / "rentan.csv"
    rows = "village_code,jumlah_penduduk,balita{}\n3171010001,100,10{}\n"
    path.write_text(rows.format(",made_up", ",yes"), encoding="utf-8")
    assert MADE_UP in rg.read_vulnerable(path).attrs["notes"]
    path.write_text(rows.format("", ""), encoding="utf-8")
    assert MADE_UP not in rg.read_vulnerable(path).attrs["notes"]


def test_osm_files_say_it_by_their_generator(tmp_path):
    roads = rg.read_roads(osm(tmp_path / "a.osm.pbf", "resilience_geo made up"))
    assert is_made_up(roads.graph["notes"])
    roads = rg.read_roads(osm(tmp_path / "b.osm.pbf", "osmium/1.16.0"))
    assert not is_made_up(roads.graph["notes"])


def test_a_note_is_known_again_after_a_journey():
    for note in (pickle.loads(pickle.dumps(MADE_UP)), copy.deepcopy(MADE_UP)):
        assert is_made_up([Message("other"), note])
    assert is_made_up(json.loads(json.dumps([MADE_UP])))
    assert not is_made_up([Message("made up"), "", None, 3])
    assert not is_made_up([])


@pytest.mark.parametrize("cell", [True, 1, 1.0, "YES", " yes ", "Ya", "true", np.True_])
def test_yes(cell):
    assert table_notes(pd.DataFrame({"made_up": [None, cell]}, dtype=object)) == (MADE_UP,)
    assert raster_notes({"RESILIENCE_GEO_MADE_UP": cell}) == (MADE_UP,)


@pytest.mark.parametrize("cell", [False, 0, None, np.nan, "", "no", "tidak", [1], "yesterday"])
def test_no(cell):
    assert table_notes(pd.DataFrame({"made_up": [None, cell]}, dtype=object)) == ()
    assert raster_notes({"RESILIENCE_GEO_MADE_UP": cell}) == ()


def test_generators():
    assert osm_notes("Resilience_Geo MADE UP 2") == (MADE_UP,)
    assert osm_notes("JOSM") == osm_notes("") == osm_notes(None) == ()
