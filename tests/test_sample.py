"""The embedded sample: made again it is the same, and it is what its README promises."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import rasterio
import shapely
from pandas.testing import assert_frame_equal

import resilience_geo as rg

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
README = (DATA / "README.md").read_text(encoding="utf-8")
RASTERS = {
    "elevation/dem.tif": ("m", "elevation m", None, 32748),
    "hazard/banjir_kedalaman_m.tif": ("m", "flood depth m", -9999.0, 32748),
    "hazard/longsor_indeks.tif": ("index", "landslide susceptibility index 0-1", -9999.0, 32748),
    "population/penduduk.tif": ("people", "people per cell", -99999.0, 4326),
}
LAYERS = ("boundaries/desa.gpkg", "boundaries/dusun.gpkg", "shelters/tempat_evakuasi.geojson")
ROADS, VULNERABLE = "roads/jalan.osm.pbf", "vulnerable/kelompok_rentan.csv"
BASEMAP = "basemap/peta_dasar.osm.pbf"
OSM_FILES = (ROADS, BASEMAP)
# Libraries may round the seventh decimal of a degree, or the last bit of a float32, otherwise.
DEGREES = 1.5e-7


def files_below(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def read_raster(path):
    """Return the values, and everything else a raster says."""
    with rasterio.open(path) as raster:
        head = {key: raster.profile[key] for key in ("dtype", "nodata", "crs", "count")}
        head |= {"units": raster.units, "descriptions": raster.descriptions, "tags": raster.tags(1)}
        return raster.read(1), np.array(raster.transform), head


def read_osm(path):
    """Return node numbers with places, and ways as number, tags and nodes."""
    nodes, ways = {}, []
    for item in osmium.FileProcessor(str(path)):
        if item.is_node():
            nodes[item.id] = (item.location.lon, item.location.lat)
        elif item.is_way():
            ways.append((item.id, dict(item.tags), [node.ref for node in item.nodes]))
    return nodes, ways


def read_names_and_relations(path):
    """Return the tags of nodes, and relations as number, tags and members."""
    names, relations = [], []
    for item in osmium.FileProcessor(str(path)):
        if item.is_node() and item.tags:
            names.append((item.id, dict(item.tags)))
        elif item.is_relation():
            members = [(one.type, one.ref, one.role) for one in item.members]
            relations.append((item.id, dict(item.tags), members))
    return names, relations


@pytest.fixture(scope="module")
def drawn():
    """Return the closed ways of the base map with a `building`, UTM, their tags, and the water."""
    nodes, ways = read_osm(DATA / BASEMAP)
    rings = [
        (tags, shapely.Polygon([nodes[one] for one in refs]))
        for _, tags, refs in ways
        if len(refs) > 3 and refs[0] == refs[-1]
    ]
    frame = gpd.GeoDataFrame(
        {"tags": [tags for tags, _ in rings]}, geometry=[ring for _, ring in rings], crs=4326
    ).to_crs(32748)
    water = frame["tags"].map(lambda tags: tags.get("natural") == "water" or not tags)
    return frame[~water].reset_index(drop=True), frame[water].union_all()


def values_at(points, path):
    with rasterio.open(path) as raster:
        places = shapely.get_coordinates(points.to_crs(raster.crs).geometry)
        return np.array([value[0] for value in raster.sample(places)])


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """Make the sample once more, with the command of the README, from another folder."""
    folder = tmp_path_factory.mktemp("contoh")
    command = [sys.executable, str(ROOT / "scripts" / "make_sample_data.py"), "--out", "lagi"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "6 desa, 27 dusun" in done.stderr
    return folder / "lagi"


@pytest.fixture(scope="module")
def desa():
    return gpd.read_file(DATA / "boundaries" / "desa.gpkg")


@pytest.fixture(scope="module")
def dusun():
    return gpd.read_file(DATA / "boundaries" / "dusun.gpkg")


@pytest.fixture(scope="module")
def shelters():
    return gpd.read_file(DATA / "shelters" / "tempat_evakuasi.geojson")


@pytest.fixture(scope="module")
def way_tags():
    return [tags for _, tags, _ in read_osm(DATA / ROADS)[1]]


class TestMadeAgain:
    """The script makes what lies in `data/`."""

    def test_files_are_the_same_and_all_compared(self, again):
        assert files_below(again) == {*RASTERS, *LAYERS, *OSM_FILES, VULNERABLE}
        assert files_below(DATA) == files_below(again) | {"README.md"}

    @pytest.mark.parametrize("name", RASTERS)
    def test_rasters(self, again, name):
        (old, old_place, old_head), (new, new_place, new_head) = map(
            read_raster, (DATA / name, again / name)
        )
        assert new_head == old_head
        assert new.shape == old.shape
        np.testing.assert_allclose(new_place, old_place, rtol=0, atol=1e-9)
        np.testing.assert_allclose(new, old, rtol=1e-6)

    @pytest.mark.parametrize("name", LAYERS)
    def test_layers(self, again, name):
        old, new = gpd.read_file(DATA / name), gpd.read_file(again / name)
        assert new.crs == old.crs
        assert_frame_equal(pd.DataFrame(new.drop(columns="geometry")), old.drop(columns="geometry"))
        shapes = [shapely.normalize(table.geometry.to_numpy()) for table in (old, new)]
        assert shapely.equals_exact(*shapes, tolerance=DEGREES).all()

    @pytest.mark.parametrize("name", OSM_FILES)
    def test_osm(self, again, name):
        (old_nodes, old_ways), (new_nodes, new_ways) = map(read_osm, (DATA / name, again / name))
        assert new_ways == old_ways
        assert list(new_nodes) == list(old_nodes)
        places = [np.array(list(nodes.values())) for nodes in (old_nodes, new_nodes)]
        np.testing.assert_allclose(*places, rtol=0, atol=DEGREES)

        old, new = map(read_names_and_relations, (DATA / name, again / name))
        assert new == old

    def test_text(self, again):
        for name in (VULNERABLE, "shelters/tempat_evakuasi.geojson"):
            lines = [
                (folder / name).read_text(encoding="utf-8").splitlines() for folder in (DATA, again)
            ]
            assert lines[0] == lines[1], name


class TestPromises:
    """What `data/README.md` says is so."""

    def test_size(self):
        assert sum((DATA / name).stat().st_size for name in files_below(DATA)) < 1_500_000

    def test_every_file_is_in_the_table_with_its_columns(self, desa, dusun, shelters):
        rows = dict(re.findall(r"^\| `([\w./]+)`(.*)$", README, flags=re.MULTILINE))
        assert set(rows) == files_below(DATA) - {"README.md"}
        vulnerable = pd.read_csv(DATA / VULNERABLE)
        for name, table in zip(
            (*LAYERS, VULNERABLE), (desa, dusun, shelters, vulnerable), strict=True
        ):
            own = set(table.columns) - {"geometry"}
            shared = {"village_code", "village_name"} if name == VULNERABLE else set()
            assert own - shared <= set(re.findall(r"`(\w+)`", rows[name])), name

    @pytest.mark.parametrize("name", RASTERS)
    def test_rasters_state_unit_nodata_and_crs(self, name):
        unit, about, nodata, epsg = RASTERS[name]
        with rasterio.open(DATA / name) as raster:
            assert raster.units == (unit,)
            assert raster.descriptions == (about,)
            assert raster.nodata == nodata
            assert raster.crs.to_epsg() == epsg

    def test_hazard_is_read_without_saying_its_unit(self):
        files = rg.sample_files()
        assert rg.read_hazard(files["flood"]).unit == "m"
        assert rg.read_hazard(files["landslide"], kind="landslide").unit == "index"

    def test_six_desa_of_a_province_that_does_not_exist(self, desa, dusun):
        assert len(desa) == 6
        assert len(dusun) == 27
        assert desa.village_code.str.fullmatch(r"99\.01\.01\.\d{4}").all()
        assert dusun.village_code.str.fullmatch(r"99\.01\.01\.\d{4}\.\d{2}").all()
        assert desa.village_code.is_unique
        assert dusun.village_code.is_unique
        vulnerable = pd.read_csv(DATA / VULNERABLE, dtype={"village_code": str})
        assert vulnerable.village_code.tolist() == desa.village_code.tolist()
        assert vulnerable.jumlah_penduduk.tolist() == desa.population_people.tolist()

    def test_it_lies_in_open_sea(self, desa):
        west, south, east, north = desa.total_bounds
        assert 107.5 < west < 107.6 < east < 107.7
        assert -4.1 < south < -4.0 < north < -3.9

    def test_dusun_nest_exactly_in_their_desa(self, desa, dusun):
        assert shapely.coverage_is_valid(dusun.geometry.to_numpy())
        assert shapely.coverage_is_valid(desa.geometry.to_numpy())
        assert (dusun.village_code.str.rpartition(".")[0] == dusun.desa_code).all()
        for code, whole in zip(desa.village_code, desa.geometry, strict=True):
            parts = dusun.geometry[dusun.desa_code == code].to_numpy()
            assert shapely.union_all(parts).symmetric_difference(whole).area < 1e-12, code

    def test_register_is_near_the_grid_and_never_equal(self, desa):
        grid, _, _ = read_raster(DATA / "population" / "penduduk.tif")
        assert (grid[grid != -99999.0] >= 0.0).all()
        exposure = rg.village_exposure(
            rg.read_villages(rg.sample_files()["villages"]),
            rg.read_hazard(rg.sample_files()["flood"]),
            rg.read_population(rg.sample_files()["population"]),
        )
        counted = exposure["people_total"].loc[desa.village_code].to_numpy()
        assert (np.abs(desa.population_people - counted) > 1.0).all()
        assert (np.abs(desa.population_people / counted - 1.0) < 0.12).all()

    def test_shelters_in_hazard_beyond_the_model_and_far_from_roads(self, shelters):
        assert len(shelters) == 25
        depth = values_at(shelters, DATA / "hazard" / "banjir_kedalaman_m.tif")
        index = values_at(shelters, DATA / "hazard" / "longsor_indeks.tif")
        assert (depth > 0.0).sum() == 4
        assert (depth == -9999.0).sum() == 1
        assert (index > 2 / 3).sum() == 1
        nodes, _ = read_osm(DATA / ROADS)
        vertices = gpd.GeoSeries(gpd.points_from_xy(*zip(*nodes.values(), strict=True)), crs=4326)
        roads = vertices.to_crs(32748).union_all()
        assert (shelters.to_crs(32748).distance(roads) > 250.0).sum() == 1

    def test_shelters_of_unknown_capacity_are_null(self, shelters):
        assert shelters.kapasitas.isna().sum() == 5
        assert (shelters.kapasitas.dropna() > 0).all()
        assert shelters.shelter_id.is_unique
        assert shelters.accessible.isna().any()
        raw = json.loads((DATA / LAYERS[2]).read_text(encoding="utf-8"))["features"]
        assert sum(feature["properties"]["kapasitas"] is None for feature in raw) == 5

    @pytest.mark.parametrize(
        ("key", "values"),
        [
            ("bridge", {"yes"}),
            ("bridge:structure", {"simple-suspension"}),
            ("tunnel", {"yes"}),
            ("ford", {"yes"}),
            ("highway", {"steps", "trunk", "residential", "footway", "path", "track", "service"}),
            ("oneway", {"yes", "-1"}),
            ("surface", {"asphalt", "concrete", "gravel", "dirt"}),
            ("width", {"3", "3 m"}),
            ("waterway", {"river", "stream"}),
        ],
    )
    def test_tags_of_roads(self, way_tags, key, values):
        assert values <= {tags[key] for tags in way_tags if key in tags}

    def test_names_that_keep_a_reader_honest(self, way_tags):
        names = " ".join(tags.get("name", "") for tags in way_tags)
        assert {"<b>", "&", '"', "'", ";"} <= set(re.findall(r"<b>|[&\"';]", names))

    @pytest.mark.parametrize(
        "name", ["Dusun Seberang Lubuk", "Dusun Ulu Pinang", "Dusun Ujung Tanjung"]
    )
    def test_dusun_named_in_the_readme_exist(self, dusun, name):
        assert name in README
        assert name in set(dusun.village_name)


class TestSurroundings:
    """What maps show around a plan."""

    def test_no_number_is_used_twice(self):
        (nodes, ways), (more_nodes, more_ways) = (read_osm(DATA / name) for name in OSM_FILES)
        assert not nodes.keys() & more_nodes.keys()
        assert not {way[0] for way in ways} & {way[0] for way in more_ways}

    def test_buildings_stand_on_dry_ground_apart_and_beside_the_roads(self, drawn):
        buildings, water = drawn
        assert len(buildings) == 1882
        assert not buildings.intersects(water).any()
        nodes, ways = read_osm(DATA / ROADS)
        lines = [
            shapely.LineString([nodes[one] for one in refs])
            for _, tags, refs in ways
            if "highway" in tags and tags.get("service") != "driveway"
        ]
        roads = gpd.GeoSeries(lines, crs=4326).to_crs(32748).to_numpy()
        tree = shapely.STRtree(roads)
        shapes = buildings.geometry.to_numpy()
        nearest, gap = tree.query_nearest(shapes, return_distance=True)
        assert gap.min() > 3.9
        assert np.median(gap) < 25.0
        assert len(nearest[0]) >= len(shapes)
        one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
        assert (one == other).all()

    def test_shelters_stand_at_buildings_of_their_name(self, drawn, shelters):
        buildings, _ = drawn
        names = buildings["tags"].map(lambda tags: tags.get("name", ""))
        for name, point in zip(shelters["name"], shelters.to_crs(32748).geometry, strict=True):
            shape = buildings.geometry[names == name]
            assert len(shape) == 1, name
            assert shape.iloc[0].distance(point) < 12.0, name

    def test_houses_stand_where_people_are(self, drawn):
        buildings, _ = drawn
        middles = gpd.GeoDataFrame(geometry=buildings.centroid).to_crs(4326)
        people = values_at(middles, DATA / "population" / "penduduk.tif")
        everywhere, _, _ = read_raster(DATA / "population" / "penduduk.tif")
        assert np.median(people) > 10 * np.median(everywhere[everywhere >= 0])

    def test_the_readme_counts_right(self, drawn):
        buildings, _ = drawn
        names, relations = read_names_and_relations(DATA / BASEMAP)
        assert f"{len(buildings):,}".replace(",", " ") + " buildings" in README
        kinds = pd.Series([tags["place"] for _, tags in names]).value_counts()
        assert f"{kinds['village']} villages and {kinds['hamlet']} hamlets" in README
        landmarks = sum("name" in tags for tags in buildings["tags"])
        assert f"{landmarks} landmarks" in README
        assert [tags["name"] for _, tags, _ in relations] == ["Danau Lamo"]


class TestInstalled:
    """What the package hands out."""

    def test_all_files_exist(self):
        files = rg.sample_files()
        assert all(path.is_file() for path in files.values())
        folder = files["readme"].parent
        assert {p.relative_to(folder).as_posix() for p in files.values()} == files_below(DATA)

    def test_they_are_copied(self, tmp_path):
        written = rg.write_sample(tmp_path / "contoh")
        assert {
            path.relative_to(tmp_path / "contoh").as_posix() for path in written
        } == files_below(DATA)
        folder = rg.sample_files()["readme"].parent
        for path in written:
            source = folder / path.relative_to(tmp_path / "contoh")
            assert path.read_bytes() == source.read_bytes(), path.name


def test_the_sample_may_be_asked_for_where_it_lies(sample_data):
    before = {path: path.stat().st_mtime_ns for path in rg.sample_files().values()}
    assert len(rg.write_sample(sample_data)) == len(rg.sample_files())
    assert {path: path.stat().st_mtime_ns for path in rg.sample_files().values()} == before


def test_files_of_ones_own_are_not_replaced(tmp_path):
    rg.write_sample(tmp_path)
    rg.write_sample(tmp_path)
    own = tmp_path / "shelters" / "tempat_evakuasi.geojson"
    own.write_text("milik saya", encoding="utf-8")
    with pytest.raises(rg.ResilienceGeoError, match=r"tempat_evakuasi\.geojson"):
        rg.write_sample(tmp_path)
    assert own.read_text(encoding="utf-8") == "milik saya"
    rg.write_sample(tmp_path, overwrite=True)
    assert own.read_bytes() == rg.sample_files()["shelters"].read_bytes()
