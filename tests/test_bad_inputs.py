"""Inputs that are wrong end the command with one message, exit code 2 and nothing written."""

from __future__ import annotations

import errno
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

import resilience_geo as rg
from resilience_geo import cli

if TYPE_CHECKING:
    from pathlib import Path

BILLION_LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE osm [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
<osm version="0.6"><node id="1" lat="0" lon="0"/><note>&c;</note></osm>
"""
GRAPH_WITHOUT_EDGES = """<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<graph edgedefault="directed"><node id="1"/></graph></graphml>
"""


@dataclass
class Ended:
    """How a run ended."""

    code: int
    out: str
    err: str


@dataclass
class Room:
    """A folder for spoilt copies of the sample, and the command run on them."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    inputs: dict[str, Path] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        return self.folder / "hasil"

    def run(self, *words: object) -> Ended:
        self.monkeypatch.setattr(sys, "argv", ["resilience-geo", *map(str, words)])
        code: object = 0
        try:
            cli.main()
        except SystemExit as stopped:
            code = stopped.code
        said = self.capsys.readouterr()
        return Ended(int(code or 0), said.out, said.err)

    def words(self, **changed: object) -> list[object]:
        """Return the options of a plan of the sample, some of them changed or left out (None)."""
        options = {
            **{f"--{name}": path for name, path in self.inputs.items()},
            "--hazard-unit": "m",
            **{f"--{name.replace('_', '-')}": value for name, value in changed.items()},
        }
        return [
            word
            for name, value in options.items()
            if value is not None
            for one in (value if isinstance(value, tuple) else (value,))
            for word in (name, one)
        ]

    def plan(self, **changed: object) -> Ended:
        return self.run("plan", *self.words(**changed), "--language", "en", "--out", self.out)

    def check(self, **changed: object) -> Ended:
        return self.run("check", *self.words(**changed), "--language", "en")

    def refused(self, *said: str, **changed: object) -> str:
        """Expect the plan to be refused, with these words in its one message; return it."""
        ended = self.plan(**changed)
        assert ended.code == 2, ended
        for part in ("Found: ", "Expected: ", "Remedy: ", *said):
            assert part in ended.err, ended.err
        assert "Traceback" not in ended.err
        assert not ended.out
        assert not self.out.exists()
        return ended.err

    def raster(self, name: str, new: str, values=None, **profile: object) -> Path:
        """Write a copy of a raster of the sample with other values or another profile."""
        path = self.folder / new
        with rasterio.open(self.inputs[name]) as dataset:
            old, given = dataset.profile, dataset.read(1)
        band = given if values is None else values(given)
        with rasterio.open(path, "w", **{**old, **profile}) as dataset:
            dataset.write(band.astype(dataset.dtypes[0]), 1)
        return path

    def layer(self, name: str, new: str, change) -> Path:
        """Write a copy of a layer of the sample, changed."""
        path = self.folder / new
        change(gpd.read_file(self.inputs[name])).to_file(path)
        return path

    def cut(self, path: Path, new: str, share: float = 0.6) -> Path:
        """Write the first part of a file."""
        whole = path.read_bytes()
        (self.folder / new).write_bytes(whole[: int(len(whole) * share)])
        return self.folder / new

    def text(self, new: str, content: str) -> Path:
        (self.folder / new).write_text(content, encoding="utf-8")
        return self.folder / new


@pytest.fixture
def room(tmp_path, capsys, monkeypatch):
    files = rg.sample_files()
    inputs = {
        "villages": files["villages"],
        "hazard": files["flood"],
        "population": files["population"],
        "roads": files["roads"],
        "shelters": files["shelters"],
    }
    return Room(tmp_path, capsys, monkeypatch, inputs)


# --- files -----------------------------------------------------------------------------------

KINDS = {
    "villages": ("a.gpkg", "a.shp", "a.geojson", "a.kml", "a.zip"),
    "hazard": ("a.tif", "a.asc", "a.gpkg", "a.geojson"),
    "population": ("a.tif", "a.asc"),
    "roads": ("a.osm.pbf", "a.osm", "a.graphml", "a.gpkg", "a.geojson"),
    "shelters": ("a.geojson", "a.gpkg"),
    "elevation": ("a.tif",),
}
EACH_FILE = [(name, file) for name, files in KINDS.items() for file in files]


@pytest.mark.parametrize(("name", "file"), EACH_FILE)
def test_missing_file(room, name, file):
    room.refused(file, **{name: room.folder / file})


@pytest.mark.parametrize(("name", "file"), EACH_FILE)
def test_empty_file(room, name, file):
    room.refused(file, **{name: room.text(file, "")})


@pytest.mark.parametrize(("name", "file"), EACH_FILE)
def test_file_of_something_else(room, name, file):
    room.refused(file, **{name: room.text(file, "ini bukan data\n" * 50)})


@pytest.mark.parametrize("name", KINDS)
def test_folder_in_place_of_a_file(room, name):
    folder = room.folder / "sebuah_folder"
    folder.mkdir()
    room.refused("sebuah_folder", **{name: folder})


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("villages", "a.gpkg"),
        ("hazard", "a.tif"),
        ("population", "a.tif"),
        ("roads", "a.osm.pbf"),
        ("shelters", "a.geojson"),
    ],
)
@pytest.mark.parametrize("share", [0.05, 0.6, 0.97])
def test_truncated_file(room, name, file, share):
    room.refused(file, **{name: room.cut(room.inputs[name], file, share)})


@pytest.mark.parametrize("name", KINDS)
def test_path_that_the_system_refuses(room, name):
    room.refused(
        "a" * 300, "correct the path", **{name: room.folder / ("a" * 300 + KINDS[name][0])}
    )


def test_empty_path(room):
    room.refused("Problem: .", villages="")


def test_shapefile_without_its_parts(room):
    room.layer("villages", "desa.shp", lambda frame: frame[["kecamatan", "geometry"]])
    (room.folder / "desa.dbf").unlink()
    room.refused("desa.shp", ".dbf", villages=room.folder / "desa.shp")


# --- places ----------------------------------------------------------------------------------


def test_layer_without_crs(room):
    path = room.layer("villages", "desa.shp", lambda frame: frame[["kecamatan", "geometry"]])
    path.with_suffix(".prj").unlink()
    room.refused("desa.shp", ".prj", villages=path)


@pytest.mark.parametrize("name", ["hazard", "population"])
def test_raster_without_crs(room, name):
    room.refused(
        "a.tif", "coordinate reference system", **{name: room.raster(name, "a.tif", crs=None)}
    )


def elsewhere(frame):
    return frame.set_geometry(frame.translate(xoff=3.0))


@pytest.mark.parametrize("name", ["hazard", "population"])
@pytest.mark.parametrize("command", ["plan", "exposure", "check"])
def test_raster_elsewhere(room, name, command):
    with rasterio.open(room.inputs[name]) as dataset:
        step = 3.0 if dataset.crs.is_geographic else 300_000.0
        moved = Affine.translation(step, 0) @ dataset.transform
    path = room.raster(name, "a.tif", transform=moved)
    if command == "plan":
        said = room.refused("a.tif", "touches the villages", **{name: path})
        assert said.count("Problem") == 1
        return
    words = room.words(**{name: path})
    if command == "exposure":
        words = room.words(**{name: path}, roads=None, shelters=None)
    ended = room.run(command, *words, "--language", "en")
    assert ended.code == 2
    assert "a.tif" in ended.err
    assert "touches the villages" in ended.err


def test_villages_elsewhere(room):
    room.refused("touch", villages=room.layer("villages", "desa.gpkg", elsewhere))


def test_villages_in_another_crs_than_they_say(room):
    """Metres that are said to be degrees."""
    path = room.layer(
        "villages",
        "desa.gpkg",
        lambda frame: frame.to_crs(32748).set_crs(4326, allow_override=True),
    )
    room.refused("desa.gpkg", "degrees", villages=path)


def test_swapped_axes(room):
    path = room.layer(
        "villages",
        "desa.gpkg",
        lambda frame: frame.set_geometry(
            frame.geometry.map(lambda shape: shapely.transform(shape, lambda xy: xy[:, ::-1]))
        ),
    )
    room.refused("desa.gpkg", villages=path)


def test_shelters_elsewhere(room):
    path = room.layer("shelters", "tes.geojson", elsewhere)
    room.refused("tes.geojson", "usable shelter", shelters=path)


def test_roads_elsewhere(room):
    line = gpd.GeoDataFrame(
        {"highway": ["residential"]},
        geometry=[shapely.LineString([(110, -7), (110.01, -7)])],
        crs=4326,
    )
    line.to_file(room.folder / "jalan.geojson")
    room.refused("jalan.geojson", "110", roads=room.folder / "jalan.geojson")


# --- rasters ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hazard", "population"])
def test_rotated_raster(room, name):
    with rasterio.open(room.inputs[name]) as dataset:
        turned = dataset.transform @ Affine.rotation(20)
    room.refused("a.tif", "north", **{name: room.raster(name, "a.tif", transform=turned)})


@pytest.mark.parametrize("name", ["hazard", "population"])
def test_raster_of_nodata(room, name):
    with rasterio.open(room.inputs[name]) as dataset:
        nodata = dataset.nodata
    path = room.raster(name, "a.tif", lambda values: np.full_like(values, nodata))
    room.refused("a.tif", "no cell with data", **{name: path})


def test_raster_without_unit(room):
    path = room.raster("hazard", "a.tif")  # its values only, without their unit
    said = room.refused("a.tif", "m, cm, index, class", hazard=path, hazard_unit=None)
    assert "--hazard-unit" in said
    assert "unit=" not in said


def test_index_beyond_one(room):
    path = room.raster("hazard", "a.tif")
    room.refused("a.tif", "between 0 and 1", hazard=path, hazard_unit="index")


def test_unit_other_than_the_file_states(room):
    room.refused("banjir_kedalaman_m.tif", "states m", "--hazard-unit", hazard_unit="cm")


def test_depths_as_classes(room):
    room.refused("a.tif", "codes", hazard=room.raster("hazard", "a.tif"), hazard_unit="class")


def test_negative_population(room):
    path = room.raster("population", "jiwa.tif", lambda values: np.where(values > 5, -1, values))
    room.refused("jiwa.tif", "less than 0 people", "row", population=path)


@pytest.mark.parametrize("scale", ["0", "-1", "nan", "inf"])
def test_impossible_scale(room, scale):
    said = room.refused("penduduk.tif", scale.lstrip("-"), population_scale=scale)
    assert "--population-scale" in said


@pytest.mark.real_data
def test_density_taken_for_counts(room, real_data):
    jakarta = real_data / "jakarta"
    room.refused(
        "Population_Jakarta_geographic.asc",
        "people_per_ha",
        villages=jakarta / "kelurahan_jakarta.shp",
        hazard=jakarta / "Flood_Current_Depth_Jakarta_geographic.asc",
        population=jakarta / "Population_Jakarta_geographic.asc",
    )


def test_two_bands(room):
    with rasterio.open(room.inputs["hazard"]) as dataset:
        profile, band = dataset.profile, dataset.read(1)
    path = room.folder / "a.tif"
    with rasterio.open(path, "w", **{**profile, "count": 2}) as dataset:
        dataset.write(np.stack([band, band]))
    said = room.refused("a.tif", "1, 2", hazard=path)
    assert "--hazard-band" in said
    assert room.check(hazard=path, hazard_band="2").code == 0


def test_option_that_does_not_go_with_the_file(room):
    room.refused("banjir_kedalaman_m.tif", "--hazard-column", hazard_column="kelas")


def test_hazard_polygons_without_a_class(room):
    frame = gpd.read_file(room.inputs["villages"])[["geometry"]].assign(luas=2.5)
    frame.to_file(room.folder / "bahaya.geojson")
    said = room.refused(
        "bahaya.geojson", "luas", hazard=room.folder / "bahaya.geojson", hazard_unit=None
    )
    assert "--hazard-column" in said


# --- villages --------------------------------------------------------------------------------


def test_double_codes(room):
    path = room.layer(
        "villages",
        "desa.gpkg",
        lambda frame: frame.assign(village_code=frame["village_code"].iloc[0]),
    )
    room.refused("desa.gpkg", "village_code", "99.01.01.2001", villages=path)


def test_null_codes(room):
    path = room.layer(
        "villages",
        "desa.gpkg",
        lambda frame: frame.assign(village_code=[None, *frame["village_code"].iloc[1:]]),
    )
    room.refused("desa.gpkg", "village_code", "row 0", villages=path)


@pytest.mark.parametrize("shape", [None, shapely.Polygon()])
def test_villages_without_geometry(room, shape):
    def without(frame):
        return frame.set_geometry(gpd.GeoSeries([*frame.geometry.iloc[:-1], shape], crs=4326))

    room.refused(
        "desa.gpkg", "row 5", "no geometry", villages=room.layer("villages", "desa.gpkg", without)
    )


def test_points_as_villages(room):
    path = room.layer(
        "villages", "titik.geojson", lambda frame: frame.set_geometry(frame.representative_point())
    )
    room.refused("titik.geojson", "Polygon", villages=path)


def test_two_layers(room):
    frame = gpd.read_file(room.inputs["villages"])
    for name in ("satu", "dua"):
        frame.to_file(room.folder / "desa.gpkg", layer=name)
    said = room.refused("desa.gpkg", "satu, dua", villages=room.folder / "desa.gpkg")
    assert "--villages-layer" in said
    assert room.check(villages=room.folder / "desa.gpkg", villages_layer="dua").code == 0


@pytest.mark.parametrize(
    ("option", "file", "flag"),
    [
        ("code_column", "desa.gpkg", "--code-column"),
        ("name_column", "desa.gpkg", "--name-column"),
        ("shelter_capacity", "tempat_evakuasi.geojson", "--shelter-capacity"),
        ("shelter_area", "tempat_evakuasi.geojson", "--shelter-area"),
    ],
)
def test_named_column_is_missing(room, option, file, flag):
    room.refused(file, "kolom_ini", flag, **{option: "kolom_ini"})


def test_unknown_village(room):
    said = room.refused("desa.gpkg", "Lubuk Rengas?", village=("lubuk rengaz", "99.01.01.2002"))
    assert said.count("Problem") == 1


def test_village_without_anything_alike(room):
    assert "99.01.01.2001, " in room.refused("desa.gpkg", "no village '?'", village="?")


def test_every_unknown_village_is_named(room):
    assert room.refused(village=("A", "B", "99.01.01.2002")).count("Problem") == 2


def test_villages_that_were_not_asked_for_may_be_broken(room):
    def broken(frame):
        shapes = list(frame.geometry)
        shapes[5] = None
        return frame.set_geometry(gpd.GeoSeries(shapes, crs=4326))

    path = room.layer("villages", "desa.gpkg", broken)
    assert room.check(villages=path, village="lubuk rengas").code == 0


# --- shelters --------------------------------------------------------------------------------


def test_lines_as_shelters(room):
    path = room.layer(
        "shelters",
        "garis.geojson",
        lambda frame: frame.set_geometry(frame.to_crs(32748).buffer(9).boundary),
    )
    room.refused("garis.geojson", "LineString", "Point", shelters=path)


def test_no_shelter_at_all(room):
    path = room.layer("shelters", "tes.gpkg", lambda frame: frame.iloc[:0])
    room.refused("tes.gpkg", "no features", shelters=path)


def test_no_usable_shelter(room):
    path = room.raster("hazard", "banjir.tif", lambda values: np.where(values == -9999, values, 3))
    room.refused("no usable shelter among 25", hazard=path)


@pytest.mark.parametrize(("value", "said"), [("banyak", "'banyak'"), (-5, "-5"), ("1.200", "1200")])
def test_impossible_capacity(room, value, said):
    path = room.layer(
        "shelters",
        "tes.geojson",
        lambda frame: frame.assign(kapasitas=[value, *frame["kapasitas"].iloc[1:].astype(object)]),
    )
    room.refused("tes.geojson", "kapasitas", "row 0", said, shelters=path)


# --- roads -----------------------------------------------------------------------------------


def test_entities_in_osm(room):
    room.refused("jalan.osm", "DOCTYPE", roads=room.text("jalan.osm", BILLION_LAUGHS))


@pytest.mark.parametrize(
    "content",
    [
        "<graphml",
        "<graphml></graphml>",
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph><node id="1"/></graph>',
        GRAPH_WITHOUT_EDGES,
    ],
)
def test_broken_graphml(room, content):
    room.refused("jalan.graphml", roads=room.text("jalan.graphml", content))


def test_entities_in_graphml(room):
    room.refused("jalan.graphml", "DOCTYPE", roads=room.text("jalan.graphml", BILLION_LAUGHS))


def test_osm_without_roads(room):
    empty = '<?xml version="1.0"?><osm version="0.6"><node id="1" lat="-4" lon="107.6"/></osm>'
    room.refused("jalan.osm", "road", roads=room.text("jalan.osm", empty))


def test_roads_that_nobody_reaches(room):
    """They are within the surroundings, and too far from every house."""
    bounds = gpd.read_file(room.inputs["villages"]).total_bounds
    east, south = bounds[2] + 0.02, bounds[1]
    line = gpd.GeoDataFrame(
        {"highway": ["residential"]},
        geometry=[shapely.LineString([(east, south), (east, south + 0.001)])],
        crs=4326,
    )
    line.to_file(room.folder / "jalan.geojson")
    ended = room.plan(roads=room.folder / "jalan.geojson")
    assert ended.code == 0, ended.err
    assert ended.out.count("0 people get a place") == 2
    assert "Too far from a road: 4,533" in ended.out


def test_unknown_kind_of_roads(room):
    room.refused("jalan.docx", ".graphml", roads=room.text("jalan.docx", "x"))


@pytest.mark.parametrize("buffer_m", ["-1", "nan"])
def test_impossible_surroundings(room, buffer_m):
    room.refused("jalan.osm.pbf", "--roads-buffer-m", roads_buffer_m=buffer_m)


# --- output and assumptions ------------------------------------------------------------------


@pytest.mark.parametrize("deeper", ["", "dalam/lagi"])
def test_output_that_cannot_be_written(room, deeper):
    file = room.text("hasil", "sebuah berkas")
    ended = room.run("plan", *room.words(), "--out", file / deeper)
    assert ended.code == 2
    assert "hasil" in ended.err
    assert "Perbaikan: " in ended.err
    assert file.read_text() == "sebuah berkas"


def test_exposure_that_cannot_be_written(room):
    file = room.text("berkas", "sebuah berkas")
    words = room.words(roads=None, shelters=None)
    for out in (file / "x.csv", room.folder):
        ended = room.run("exposure", *words, "--out", out)
        assert ended.code == 2, ended
        assert "Perbaikan: " in ended.err
    assert {path.name for path in room.folder.iterdir()} == {"berkas"}


def test_output_of_an_impossible_name(room):
    ended = room.run("demo", "--out", room.folder / ("a" * 300))
    assert ended.code == 2
    assert "Perbaikan: " in ended.err


def test_full_disk(room, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", str(room.out / "plan.gpkg"))

    monkeypatch.setattr(rg, "save_plan", full)
    room.refused("plan.gpkg", "No space left on device")


def test_sample_that_cannot_be_written(room):
    ended = room.run("sample", "--out", room.text("berkas", ""))
    assert ended.code == 2
    assert "berkas" in ended.err


def test_wrong_assumptions_are_named_at_once(room):
    said = room.refused(
        "--assume kecepatan",
        "--assume walking_speed_mps",
        "--assume mode",
        assume=("kecepatan=1", "walking_speed_mps=0,9", "mode"),
    )
    assert said.count("Problem") == 3


def test_impossible_assumption(room):
    room.refused("--assume walking_speed_mps", "-1", assume="walking_speed_mps=-1")


def test_what_was_there_is_still_there(room):
    room.out.mkdir()
    (room.out / "summary.json").write_text("{}")
    assert room.plan(hazard_unit="index").code == 2
    assert [path.name for path in room.out.iterdir()] == ["summary.json"]
    assert (room.out / "summary.json").read_text() == "{}"


# --- everything at once, and what is no fault ------------------------------------------------


def test_all_problems_of_all_files_at_once(room):
    wrong = {
        "villages": room.layer(
            "villages",
            "desa.gpkg",
            lambda frame: frame.assign(village_code=[None] * 2 + list("abcd")),
        ),
        "hazard": room.folder / "tidak_ada.tif",
        "population": room.raster("population", "jiwa.tif", crs=None),
        "roads": room.cut(room.inputs["roads"], "jalan.osm.pbf"),
        "shelters": room.text("tes.geojson", ""),
        "elevation": room.text("dem.tif", ""),
    }
    for run in (room.plan, room.check):
        ended = run(**wrong)
        assert ended.code == 2
        for path in wrong.values():
            assert path.name in ended.err
        assert ended.err.count("Problem") >= len(wrong)


def test_roads_are_not_called_far_where_villages_cannot_be_read(room):
    ended = room.check(villages=room.folder / "tidak_ada.gpkg")
    assert ended.code == 2
    assert ended.err.count("Problem") == 1


def test_check_without_inputs(room):
    ended = room.run("check")
    assert ended.code == 2
    assert "--villages" in ended.err


def test_bow_tie_is_repaired_and_said(room):
    def tied(frame):
        west, south, east, north = frame.geometry.iloc[0].bounds
        tie = shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])
        return frame.iloc[:1].set_geometry(gpd.GeoSeries([tie], crs=4326))

    ended = room.plan(villages=room.layer("villages", "desa.gpkg", tied))
    assert ended.code == 0, ended.err
    assert "desa.gpkg: 1 invalid geometries were repaired (rows 0)" in ended.out
    assert (room.out / "map.html").is_file()


def test_network_in_pieces_is_planned_and_said(room):
    ended = room.plan()
    assert ended.code == 0, ended.err
    assert "the roads form 2 pieces" in ended.out


def test_dry_village_needs_nobody_to_leave(room):
    path = room.raster("hazard", "kering.tif", lambda values: np.where(values == -9999, values, 0))
    ended = room.plan(hazard=path)
    assert ended.code == 0, ended.err
    assert "Nobody needs to evacuate according to this hazard data." in ended.out
