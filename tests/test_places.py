"""The layers laid over real villages: the same every time, whole, and marked as made up."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import pandas as pd
import pytest
import rasterio
import rasterio.features
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import resilience_geo as rg
from resilience_geo.inputs.made_up import MADE_UP
from resilience_geo.run_config import read_config

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))

import make_place_layers  # noqa: E402
from place_layers.drainage import half_width_m, streams_of  # noqa: E402
from place_layers.frame import Place, make_frame, noise  # noqa: E402
from place_layers.ground import flood_rise_m  # noqa: E402
from place_layers.hamlets import spread  # noqa: E402
from place_layers.lanes import free_lines  # noqa: E402
from place_layers.roads import cut_at_crossings, kind_of, named, people_passing  # noqa: E402

RASTERS = ("banjir_kedalaman_m.tif", "ketinggian_m.tif", "penduduk.tif")
OSM = ("jalan.osm.pbf", "peta_dasar.osm.pbf")
FILES = {*RASTERS, *OSM, "kelompok_rentan.csv", "permukiman.gpkg", "tempat_evakuasi.geojson"}
BOUNDARY = "desa_HDX-BPS-2020.geojson"
CONFIGS = sorted((SCRIPTS / "places").glob("*.toml"))
TOY = Place("toy.geojson", 40.0, 1, 200.0, 300.0, 1.0, 1500, "Dusun", landslide=True)


@pytest.fixture(scope="module")
def squares():
    """Return four villages of 0.03 degrees (3.3 km) that do not exist."""
    corners = [(105.00, -5.00), (105.03, -5.00), (105.00, -5.03), (105.03, -5.03)]
    table = {
        "village_code": [f"99010{place}000{place}" for place in (1, 2, 3, 4)],
        "village_name": list("ABCD"),
    }
    shapes = [shapely.box(x, y, x + 0.03, y + 0.03) for x, y in corners]
    return gpd.GeoDataFrame(table, geometry=shapes, crs=4326)


@pytest.fixture(scope="module")
def toy(squares, tmp_path_factory):
    """Return the layers of the four squares."""
    folder = tmp_path_factory.mktemp("toy")
    make_place_layers.make_place(TOY, squares, folder)
    return folder


@pytest.fixture(scope="module")
def alak(real_data, tmp_path_factory):
    """Return the layers of Alak, made with the command of the README from another folder."""
    return layers_of("alak", real_data, tmp_path_factory.mktemp("alak"))


def layers_of(place, real_data, folder):
    command = [sys.executable, str(SCRIPTS / "make_place_layers.py"), place]
    command += ["--boundaries", str(real_data / "boundaries"), "--out", "layers"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "layers"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def ways_of(path):
    """Return tags and lines (degrees) of the ways of an OSM file."""
    nodes, ways = {}, []
    for item in osmium.FileProcessor(str(path)):
        if item.is_node():
            nodes[item.id] = (item.location.lon, item.location.lat)
        elif item.is_way():
            line = shapely.LineString([nodes[node.ref] for node in item.nodes])
            ways.append((dict(item.tags), line))
    return ways


def planned(folder, villages, **more):
    return rg.plan_evacuation(
        villages,
        rg.read_hazard(folder / "banjir_kedalaman_m.tif"),
        rg.read_population(folder / "penduduk.tif"),
        rg.read_roads(folder / "jalan.osm.pbf", within=villages),
        rg.read_shelters(folder / "tempat_evakuasi.geojson"),
        **more,
    )


class TestToy:
    """Four squares, without any data from elsewhere."""

    def test_same_bytes_again(self, squares, toy, tmp_path):
        make_place_layers.make_place(TOY, squares, tmp_path)
        assert contents(tmp_path) == contents(toy)
        assert set(contents(toy)) == FILES | {"longsor_indeks.tif"}

    def test_another_seed_is_another_place(self, squares, toy, tmp_path):
        make_place_layers.make_place(TOY._replace(seed=2), squares, tmp_path)
        made, other = contents(toy), contents(tmp_path)
        assert [name for name in made if made[name] == other[name]] == []

    def test_every_file_says_it_is_made_up(self, toy):
        for name in (*RASTERS, "longsor_indeks.tif"):
            with rasterio.open(toy / name) as raster:
                assert raster.tags()["RESILIENCE_GEO_MADE_UP"] == "YES"
                assert raster.descriptions[0].startswith("made-up")
        for name in ("permukiman.gpkg", "tempat_evakuasi.geojson"):
            assert gpd.read_file(toy / name)["made_up"].all()
        assert set(pd.read_csv(toy / "kelompok_rentan.csv")["made_up"]) == {"yes"}
        for name in OSM:
            header = osmium.FileProcessor(str(toy / name)).header
            assert header.get("generator") == "resilience_geo made up"

    def test_every_made_up_name_says_contoh(self, toy):
        tags = [tags for name in OSM for tags, _ in ways_of(toy / name)]
        names = {one["name"] for one in tags if "name" in one}
        names |= set(gpd.read_file(toy / "permukiman.gpkg")["name"])
        names |= set(gpd.read_file(toy / "tempat_evakuasi.geojson")["name"])
        assert len(names) > 20
        assert [name for name in names if "contoh" not in name.lower()] == []

    def test_plan_says_it_and_counts_everybody(self, squares, toy):
        plan = planned(toy, squares)
        assert plan.notes.count(MADE_UP) == 1
        assert plan.exposure["evacuees"].sum() > 0

    def test_hazards_state_their_unit(self, toy):
        assert rg.read_hazard(toy / "banjir_kedalaman_m.tif").unit == "m"
        slide = rg.read_hazard(toy / "longsor_indeks.tif", kind="landslide")
        assert slide.unit == "index"
        with rasterio.open(toy / "longsor_indeks.tif") as raster:
            index = raster.read(1, masked=True).compressed()
        assert index.min() == 0.0
        assert 0.3 < index.max() <= 1.0

    def test_settlements_fill_their_villages_without_overlap(self, squares, toy):
        parts = gpd.read_file(toy / "permukiman.gpkg").to_crs(32748)
        for row in squares.to_crs(32748).itertuples():
            own = parts[parts["village_code"] == row.village_code].geometry
            assert own.area.sum() == pytest.approx(row.geometry.area, rel=1e-4)
            # A straight line in degrees is a bent one in metres, by centimetres.
            missed = own.union_all().symmetric_difference(row.geometry).area
            assert missed < 1e-4 * row.geometry.area
        assert parts["settlement_id"].is_unique

    def test_roads_hang_together_and_cross_water_on_bridges(self, toy):
        roads = rg.read_roads(toy / "jalan.osm.pbf")
        assert nx.number_weakly_connected_components(roads) == 1
        lines = gpd.GeoSeries([line for _, line in ways_of(toy / "jalan.osm.pbf")], crs=4326)
        lines = lines.to_crs(32748)
        tags = [tags for tags, _ in ways_of(toy / "jalan.osm.pbf")]
        over = np.array([bool({"bridge", "ford"} & one.keys()) for one in tags])
        drive = np.array([one["highway"] == "service" for one in tags])
        rivers = gpd.GeoSeries(
            [
                shapely.Polygon(line.coords)
                for one, line in ways_of(toy / "peta_dasar.osm.pbf")
                if one.get("natural") == "water"
            ],
            crs=4326,
        ).to_crs(32748)
        wet = shapely.union_all(rivers.buffer(-3.0).to_numpy())
        assert wet.area > 1e4
        in_water_m = lines[~over & ~drive].intersection(wet).length
        assert in_water_m.max() == 0.0
        assert lines[over].intersection(wet).length.max() > 5.0

    def test_some_shelters_are_uncounted_unmeasured_or_in_the_hazard(self, squares, toy):
        shelters = rg.read_shelters(toy / "tempat_evakuasi.geojson")
        assert len(shelters) >= 2 * len(squares)
        assert shelters["capacity_people"].isna().any()
        assert shelters["capacity_people"].notna().any()


class TestPlaces:
    """The configurations name what is made."""

    def test_there_are_four(self):
        assert [path.stem for path in CONFIGS] == sorted(make_place_layers.PLACES)
        assert {path.stem for path in CONFIGS} == {"alak", "banjarbaru", "rakumpit", "sarolangun"}

    @pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
    def test_config_reads_every_file_that_is_made(self, path):
        slides = make_place_layers.PLACES[path.stem].landslide
        made = FILES | {BOUNDARY} | ({"longsor_indeks.tif"} if slides else set())
        sections = tomllib.loads(path.read_text(encoding="utf-8"))
        tables = [*sections.pop("hazard"), *sections.values()]
        paths = [Path(table["path"]) for table in tables if "path" in table]
        assert {one.name for one in paths} == made
        assert len(paths) == len(made)
        assert {str(one.parent) for one in paths} == {f"layers/{path.stem}"}
        kinds = [table.get("kind") for table in tables if "kind" in table]
        assert kinds == ["flood", "landslide"][: 1 + slides]
        assert read_config(path)["villages"] == path.parent / "layers" / path.stem / BOUNDARY

    def test_layers_are_left_out_of_git(self):
        ignored = (SCRIPTS / "places" / ".gitignore").read_text(encoding="utf-8").split()
        assert ignored == ["layers/"]

    def test_missing_boundaries_are_told(self, tmp_path):
        command = [sys.executable, str(SCRIPTS / "make_place_layers.py"), "alak"]
        command += ["--boundaries", str(tmp_path), "--out", str(tmp_path / "out")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "id5371010_alak.geojson" in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "out").exists()


@pytest.mark.real_data
class TestAlak:
    """Twelve real kelurahan."""

    def test_same_bytes_again(self, alak, real_data, tmp_path):
        villages = rg.read_villages(real_data / "boundaries" / "id5371010_alak.geojson")
        make_place_layers.make_place(make_place_layers.PLACES["alak"], villages, tmp_path)
        made = contents(alak)
        assert made.keys() == FILES | {BOUNDARY}
        del made[BOUNDARY]
        assert contents(tmp_path) == made

    def test_boundaries_are_the_real_ones(self, alak, real_data):
        source = real_data / "boundaries" / "id5371010_alak.geojson"
        assert json.loads((alak / BOUNDARY).read_text()) == json.loads(source.read_text())
        codes = pd.read_csv(alak / "kelompok_rentan.csv")["village_code"]
        assert set(codes) == set(rg.read_villages(source)["village_code"])

    @pytest.mark.parametrize("name", RASTERS)
    def test_rasters_cover_the_villages(self, alak, name):
        villages = gpd.read_file(alak / BOUNDARY)
        with rasterio.open(alak / name) as raster:
            shapes = villages.to_crs(raster.crs).geometry
            inside = rasterio.features.geometry_mask(
                shapes, raster.shape, raster.transform, invert=True
            )
            known = raster.dataset_mask() > 0
            assert shapely.box(*raster.bounds).contains(shapely.box(*shapes.total_bounds))
        assert inside.sum() > 5000
        assert known[inside].all()

    def test_everybody_has_a_road_and_is_counted_once(self, alak):
        villages = rg.read_villages(alak / BOUNDARY)
        plan = planned(
            alak,
            villages,
            vulnerable=rg.read_vulnerable(alak / "kelompok_rentan.csv", villages),
            elevation=rg.read_elevation(alak / "ketinggian_m.tif"),
        )
        with rasterio.open(alak / "penduduk.tif") as raster:
            people = raster.read(1, masked=True).sum()
        classes = plan.exposure[[f"people_{one}" for one in CLASSES]].sum(axis=1)
        # Half a cell along the coast may lie outside of every village.
        assert plan.exposure["people_total"].sum() == pytest.approx(people, rel=0.03)
        np.testing.assert_allclose(classes, plan.exposure["people_total"])
        for departure in ("early", "late"):
            rows = plan.origins[plan.origins["departure"] == departure]
            assert rows["evacuees"].sum() == plan.exposure["evacuees"].sum() > 500
            without = plan.unserved.query("departure == @departure")
            placed = plan.shelters.query("departure == @departure")["allocated_people"].sum()
            assert placed + without["evacuees"].sum() == rows["evacuees"].sum()
            assert placed > 0.5 * rows["evacuees"].sum()
            assert "no_road" not in set(without["cause"])
        assert plan.notes.count(MADE_UP) == 1
        assert {"usable", "in_hazard"} <= set(plan.shelters["status"])


CLASSES = ("none", "low", "medium", "high", "unknown")


@pytest.mark.real_data
def test_some_desa_of_sarolangun(real_data, tmp_path):
    place = make_place_layers.PLACES["sarolangun"]
    villages = rg.read_villages(
        real_data / "boundaries" / place.boundary, where={"district": "Batang Asai"}
    )
    assert len(villages) > 5
    make_place_layers.make_place(place, villages, tmp_path)
    hazards = rg.combine_hazards(
        [
            rg.read_hazard(tmp_path / "banjir_kedalaman_m.tif"),
            rg.read_hazard(tmp_path / "longsor_indeks.tif", kind="landslide"),
        ]
    )
    exposed = rg.village_exposure(villages, hazards, rg.read_population(tmp_path / "penduduk.tif"))
    assert (exposed["people_total"] > 0).all()
    assert exposed["people_high"].sum() > 0
    assert exposed["people_unknown"].sum() == pytest.approx(0.0, abs=0.01)


class TestParts:
    """Answers worked out on paper."""

    def test_frame_holds_villages_and_margin_in_whole_blocks(self, squares):
        frame = make_frame(TOY, squares)
        west, south, east, north = frame.villages.total_bounds
        right, bottom = frame.left + frame.cols * 40.0, frame.top - frame.rows * 40.0
        assert frame.crs == "EPSG:32748"
        assert (frame.rows % 4, frame.cols % 4) == (0, 0)
        assert frame.left % 40.0 == frame.top % 40.0 == 0.0
        for margin in (west - frame.left, frame.top - north, right - east, south - bottom):
            assert 4000.0 <= margin < 4000.0 + 40.0 * 5
        # The middle of the first cell, of either grid, lies in it.
        assert frame.cells(np.array([[frame.left + 1.0, frame.top - 1.0]]))[0] == 0
        np.testing.assert_allclose(frame.centres(2)[0], [frame.left + 40.0, frame.top - 40.0])
        assert (frame.cells(frame.centres(4), 4) == np.arange(len(frame.centres(4)))).all()

    @settings(max_examples=20, deadline=None)
    @given(st.integers(0, 9999), st.integers(8, 60), st.integers(8, 60), st.floats(1.0, 80.0))
    def test_noise_has_mean_0_and_spread_1(self, seed, rows, cols, longest):
        found = noise(np.random.default_rng(seed), (rows, cols), longest)
        assert found.shape == (rows, cols)
        assert abs(found.mean()) < 1e-9
        assert found.std() == pytest.approx(1.0)

    def test_streams_run_downhill_from_confluence_to_confluence(self):
        # 0 and 1 meet in 2, which runs by 3 into 4, where the water leaves; 5 is too small.
        xy = np.array([[0, 200], [200, 200], [100, 100], [100, 0], [100, -100], [200, 0]], float)
        down = np.array([2, 2, 3, 4, -9999, 3], np.int32)
        km2 = np.array([1.0, 1.0, 3.0, 3.2, 3.4, 0.1])
        found = streams_of(xy, km2, down, [4, 3, 5, 2, 0, 1], 1.0)
        ends = [(tuple(line[0]), tuple(line[-1])) for line in found.lines]
        assert ends == [((0, 200), (100, 100)), ((200, 200), (100, 100)), ((100, 100), (100, -100))]
        assert found.km2.tolist() == [1.0, 1.0, 3.0]
        for level in found.level_m:
            assert (np.diff(level) < 0.0).all()
        # 3 km2 fall 0.6 % over 100 m, then 3.2 km2 a little less, down to 6 m.
        assert found.level_m[2][-1] == 6.0
        assert found.level_m[2][0] == pytest.approx(6.0 + 0.6 + 0.6 * (3.2 / 3.0) ** -0.45)

    def test_rivers_are_wider_and_rise_more_than_streams(self):
        assert half_width_m(np.array([1.0, 1000.0])) == pytest.approx([2.2, 24.68], abs=0.01)
        np.testing.assert_allclose(flood_rise_m(np.array([1.0, 10.0, 1000.0])), [2.0, 3.0, 5.0])

    def test_hamlets_take_the_best_places_apart_from_each_other(self):
        xy = np.column_stack([np.arange(0.0, 1000.0, 100.0), np.zeros(10)])
        score = np.array([0, 0, 5, 4.9, 0, 0, 0, 0, 4, 0], float)
        found = spread(xy, score, 2, 400.0)
        assert found[:, 0].tolist() == [200.0, 800.0]
        assert len(spread(xy, score, 99, 400.0)) == 10

    def test_roads_are_cut_at_crossings_ends_and_hamlets(self):
        #  0-1-2-3 and 2-4-5, with a hamlet in 4
        ends = np.array([[0, 1], [1, 2], [2, 3], [2, 4], [4, 5]])
        found = {frozenset(run) for run in cut_at_crossings(6, ends, np.array([4]))}
        assert found == {frozenset(run) for run in ([0, 1, 2], [2, 3], [2, 4], [4, 5])}
        assert len(cut_at_crossings(6, ends, np.array([4]))) == 4

    def test_two_roads_between_the_same_crossings_are_two(self):
        ends = np.array([[0, 1], [1, 3], [0, 2], [2, 3], [3, 4], [0, 5]])
        found = cut_at_crossings(6, ends, np.array([], int))
        assert sorted(sorted(run) for run in found) == [[0, 1, 3], [0, 2, 3], [0, 5], [3, 4]]

    def test_a_ring_through_one_hamlet_is_one_road(self):
        ends = np.array([[0, 1], [1, 2], [0, 2]])
        found = cut_at_crossings(3, ends, np.array([0]))
        assert [sorted(run) for run in found] == [[0, 0, 1, 2]]

    def test_people_pass_on_the_shortest_way_to_town(self):
        # 3 goes by 2, not by the longer 1.
        ends = np.array([[0, 1], [1, 3], [0, 2], [2, 3]])
        length = np.array([10.0, 10.0, 5.0, 5.0])
        people = np.array([100.0, 20.0, 30.0, 40.0])
        passing, before, far = people_passing(4, ends, length, people, 0)
        assert passing.tolist() == [190.0, 20.0, 70.0, 40.0]
        assert before.tolist()[1:] == [0, 0, 2]
        assert far.tolist() == [0.0, 10.0, 5.0, 10.0]

    def test_what_a_road_is_follows_from_who_passes(self):
        kinds = [kind_of(most, 20_000.0) for most in (0.0, 100.0, 500.0, 1000.0, 3000.0, 5000.0)]
        assert kinds == [
            "unclassified", "track", "unclassified", "tertiary", "secondary", "trunk",
        ]  # fmt: skip

    def test_the_busier_branch_keeps_the_name(self):
        # Town 0 - 1, where the road divides to 2 (busier) and 3.
        chains, flow = [[0, 1], [1, 2], [3, 1]], [900.0, 500.0, 400.0]
        before, far = np.array([-9999, 0, 1, 1], np.int32), np.array([0.0, 1.0, 2.0, 2.0])
        names = named(chains, ["tertiary"] * 3, flow, before, far)
        assert names == ["Jalan Poros Contoh 1", "Jalan Poros Contoh 1", "Jalan Poros Contoh 2"]

    def test_lanes_meet_neither_water_nor_ways_nor_each_other(self):
        along = np.array([0.0, 40.0, 80.0, 120.0])
        lines = np.array([np.column_stack([np.full(4, x), along]) for x in (0, 10, 100, 200, 300)])
        street = shapely.LineString([(-50, 0), (350, 0)])
        others = np.array([street, shapely.LineString([(195, 60), (205, 60)])])
        water = shapely.STRtree([shapely.box(315, 0, 330, 200)])
        # The second is too near the first; the fourth meets a way, the fifth the water.
        assert [line[0, 0] for line in free_lines(lines, others, water)] == [0.0, 100.0]
