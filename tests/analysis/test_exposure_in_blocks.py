"""Exposure over rasters of many blocks, read in windows, in parts and over a network."""

from __future__ import annotations

import http.server
import re
import threading
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import resilience_geo as rg
from resilience_geo.analysis import exposure as exposure_room
from resilience_geo.analysis.exposure import expose
from resilience_geo.errors import InputError, InputFileError, OverlapError
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.inputs import rasters
from resilience_geo.inputs.grids import Grid
from resilience_geo.inputs.rasters import read_grid
from tests.analysis.toys import CRS, NODATA, at

COLUMNS = [f"people_{name}" for name in CLASS_NAMES]
CELL, ROWS, ACROSS, TILE = 10.0, 75, 130, 16
LEFT, TOP = at(0, ROWS * CELL)
# Indices: 0 none, below 0.333 low, below 0.666 medium, else high.
INDEX = np.array([0.0, 0.1, 0.4, 0.9, NODATA], dtype="float32")


def tiled(path, values, *, shift=(0.0, 0.0), driver="GTiff", **options):
    """Write a tiled GeoTIFF; `shift` moves its cells east and south, in cells."""
    transform = Affine(CELL, 0, LEFT + shift[0] * CELL, 0, -CELL, TOP - shift[1] * CELL)
    blocks = {"tiled": True, "blockxsize": TILE, "blockysize": TILE, "compress": "DEFLATE"}
    with rasterio.open(
        path, "w", driver=driver, height=values.shape[0], width=values.shape[1], count=1,
        dtype="float32", crs=CRS, transform=transform, nodata=NODATA, **(blocks | options),
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Make an island of villages in a sea without data, and rasters of 5 x 9 tiles."""
    folder = tmp_path_factory.mktemp("island")
    rng = np.random.default_rng(11)
    row, column = np.mgrid[:ROWS, :ACROSS] + 0.5
    sea = ((row - 37) / 34) ** 2 + ((column - 65) / 60) ** 2 > 1.0
    counts = np.where(sea, NODATA, rng.gamma(0.4, 6.0, sea.shape)).astype("float32")
    counts[rng.random(sea.shape) < 0.3] = 0.0
    counts[sea] = NODATA
    codes = rng.integers(0, 5, sea.shape)
    seeds = shapely.MultiPoint(rng.uniform(at(20, 20), at(1280, 730), (14, 2)))
    parts = shapely.get_parts(shapely.voronoi_polygons(seeds))
    box = shapely.Point(at(650, 380)).buffer(500)
    shapes = [*shapely.intersection(parts, box), shapely.box(*at(1250, 700), *at(1400, 900))]
    shapes.append(shapely.box(*at(9000, 0), *at(9100, 100)))
    frame = gpd.GeoDataFrame(
        {"village_code": [f"D{number:02d}" for number in range(len(shapes))]},
        geometry=shapes, crs=CRS,
    ).assign(village_name=lambda table: table["village_code"])  # fmt: skip
    return {
        "villages": frame,
        "counts": counts,
        "codes": codes,
        "people": tiled(folder / "people.tif", counts),
        "hazard": tiled(folder / "hazard.tif", INDEX[codes]),
        "beside": tiled(folder / "beside.tif", INDEX[codes], shift=(0.4, -0.7)),
    }


@pytest.fixture
def in_blocks(monkeypatch):
    """Read all rasters in windows of 2 x 2 tiles."""
    monkeypatch.setattr(rasters, "CELLS_IN_MEMORY", 0)
    monkeypatch.setattr(exposure_room, "MAX_BLOCK_CELLS", 4 * TILE * TILE)


def layers(world, hazard="hazard", **options):
    return (
        rg.read_hazard(world[hazard], unit="index", **options),
        rg.read_population(world["people"], **options),
    )


def exposure(world, hazard="hazard", **options):
    return rg.village_exposure(world["villages"], *layers(world, hazard, **options))


def along(start, count, length):
    """Return which share of cell i of an axis lies in cell j of an axis that begins at `start`."""
    own, other = np.arange(count)[:, None], start + np.arange(length)[None, :]
    return np.clip(np.minimum(own + 1, other + 1) - np.maximum(own, other), 0, None)


def by_hand(world, shift=(0.0, 0.0)):
    """Return people (villages, 5) and outside (5,): GEOS areas and products of axes, no blocks."""
    counts = np.where(world["counts"] == NODATA, 0.0, world["counts"]).astype(float)
    down, side = along(shift[1], ROWS, ROWS), along(shift[0], ACROSS, ACROSS)
    split = np.stack([down @ (world["codes"] == number) @ side.T for number in range(5)])
    split[4] += 1.0 - split.sum(axis=0)
    row, column = np.divmod(np.arange(counts.size), ACROSS)
    west, north = LEFT + column * CELL, TOP - row * CELL
    boxes = shapely.box(west, north - CELL, west + CELL, north)
    shapes = np.asarray(world["villages"].geometry.array)
    village, cell = shapely.STRtree(boxes).query(shapes)
    share = shapely.area(shapely.intersection(boxes[cell], shapes[village])) / CELL**2
    inside = np.zeros((shapes.size, counts.size))
    inside[village, cell] = share
    by_class = (counts * split).reshape(5, -1)
    return inside @ by_class.T, by_class @ (1.0 - inside.sum(axis=0))


@pytest.mark.parametrize(("hazard", "shift"), [("hazard", (0.0, 0.0)), ("beside", (0.4, -0.7))])
@pytest.mark.usefixtures("in_blocks")
def test_many_blocks_give_what_geos_gives_cell_by_cell(world, hazard, shift):
    people, outside = by_hand(world, shift)
    table = exposure(world, hazard)
    assert_allclose(table[COLUMNS].to_numpy(), people, rtol=2e-6, atol=1e-5)
    found = [table.attrs["outside"][name] for name in CLASS_NAMES]
    assert_allclose(found, outside, rtol=1e-5)
    # One village lies half beyond the raster, one far away.
    assert table["people_total"].iloc[-1] == 0.0


@pytest.mark.parametrize("hazard", ["hazard", "beside"])
@pytest.mark.usefixtures("in_blocks")
def test_nobody_is_lost_or_counted_twice_to_the_last_digit(world, hazard):
    table = exposure(world, hazard)
    layer = np.where(world["counts"] == NODATA, 0.0, world["counts"]).sum(dtype=np.float64)
    everyone = table["people_total"].sum() + table.attrs["outside"]["total"]
    assert_allclose(everyone, layer, rtol=1e-13)


@pytest.mark.parametrize("hazard", ["hazard", "beside"])
def test_blocks_give_the_answer_of_the_whole(world, hazard, monkeypatch):
    once = exposure(world, hazard)
    monkeypatch.setattr(rasters, "CELLS_IN_MEMORY", 0)
    # From several tiles to less than one.
    for cells in (6 * TILE * TILE, TILE * TILE, 40):
        monkeypatch.setattr(exposure_room, "MAX_BLOCK_CELLS", cells)
        again = exposure(world, hazard)
        assert_allclose(again[COLUMNS], once[COLUMNS], rtol=1e-6, atol=1e-9)
        assert_allclose(again["population_known_share"], once["population_known_share"], rtol=1e-6)
        assert again["evacuees"].equals(once["evacuees"])


def test_cells_of_those_who_leave_come_in_the_same_order_in_blocks(world, monkeypatch):
    villages, chosen = world["villages"], rg.EvacuationAssumptions()
    once = expose(villages, *layers(world), chosen).cells
    monkeypatch.setattr(rasters, "CELLS_IN_MEMORY", 0)
    monkeypatch.setattr(exposure_room, "MAX_BLOCK_CELLS", 4 * TILE * TILE)
    again = expose(villages, *layers(world), chosen).cells
    assert once.village.size > 1000
    assert_array_equal(again.village, once.village)
    assert_array_equal(again.x, once.x)
    assert_array_equal(again.y, once.y)
    assert_allclose(again.people, once.people, rtol=1e-6)
    # Villages rise; in each, from north to south and from west to east.
    order = np.lexsort((once.x, -once.y, once.village))
    assert_array_equal(order, np.arange(order.size))


def test_a_table_alone_keeps_no_cells(world):
    chosen = rg.EvacuationAssumptions()
    short = expose(world["villages"], *layers(world), chosen, keep_cells=False)
    assert short.cells.village.size == 0
    assert_array_equal(short.people, expose(world["villages"], *layers(world), chosen).people)


@settings(max_examples=15, deadline=None)
@given(groups=st.lists(st.integers(0, 2), min_size=16, max_size=16), hazard=st.booleans())
def test_villages_in_groups_give_the_answer_of_all_at_once(world, groups, hazard):
    chosen = layers(world, "hazard" if hazard else "beside")
    villages = world["villages"]
    assert len(villages) == 16
    together = rg.village_exposure(villages, *chosen)
    layer = chosen[1].total
    for number in set(groups):
        some = villages[np.array(groups) == number]
        if some["village_code"].tolist() == ["D15"]:
            continue  # far from the layer: refused
        apart = rg.village_exposure(some, *chosen)
        kept = together.loc[apart.index]
        assert_allclose(apart[COLUMNS], kept[COLUMNS], rtol=1e-6, atol=1e-6)
        assert apart["evacuees"].equals(kept["evacuees"])
        everyone = apart["people_total"].sum() + apart.attrs["outside"]["total"]
        assert_allclose(everyone, layer, rtol=1e-12)


@pytest.mark.usefixtures("in_blocks")
def test_villages_that_overlap_by_slivers_in_many_blocks_count_nobody_twice(world):
    # Every village is grown by a metre: neighbours overlap along all their borders.
    grown = world["villages"].set_geometry(world["villages"].geometry.buffer(1.0))
    table = rg.village_exposure(grown, *layers(world))
    shapes = np.asarray(grown.geometry.array)
    union = gpd.GeoDataFrame(
        {"village_code": ["all"], "village_name": ["all"]},
        geometry=[shapely.union_all(shapes)], crs=CRS,
    )  # fmt: skip
    as_one = rg.village_exposure(union, *layers(world))
    assert_allclose(table["people_total"].sum(), as_one["people_total"].sum(), rtol=1e-6)
    layer = np.where(world["counts"] == NODATA, 0.0, world["counts"]).sum(dtype=np.float64)
    everyone = table["people_total"].sum() + table.attrs["outside"]["total"]
    assert_allclose(everyone, layer, rtol=1e-13)


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    first=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    block=st.tuples(st.sampled_from([1, 3, 16]), st.sampled_from([1, 5, 16, 200])),
    cells=st.integers(1, 3000),
    south_up=st.booleans(),
)
def test_windows_cover_each_cell_once_and_split_no_tile(shape, first, block, cells, south_up):
    grid = Grid(
        path=None, band=1, transform=Affine(1, 0, 0, 0, -1, 0), shape=shape, crs=CRS, nodata=None,
        dtype=np.dtype("float32"), first_row=first[0], first_column=first[1], block_shape=block,
        south_up=south_up,
    )  # fmt: skip
    seen = np.zeros(shape, dtype=int)
    readers = {}
    for number, (rows, columns) in enumerate(grid.windows(cells)):
        seen[rows, columns] += 1
        assert rows.stop > rows.start
        assert columns.stop > columns.start
        row, column = np.mgrid[rows, columns]
        file_row = first[0] + (shape[0] - 1 - row if south_up else row)
        file_column = first[1] + column
        tiles = zip((file_row // block[0]).flat, (file_column // block[1]).flat, strict=True)
        for tile in set(tiles):
            readers.setdefault(tile, set()).add(number)
        if block == (1, 1) and cells >= max(shape):
            assert row.size <= cells
    assert (seen == 1).all()
    if block[0] * min(block[1], shape[1]) <= cells:
        assert all(len(numbers) == 1 for numbers in readers.values())


@pytest.mark.parametrize("south_up", [False, True])
@pytest.mark.parametrize("in_memory", [False, True])
def test_part_of_a_grid_is_the_window_of_the_whole(tmp_path, monkeypatch, south_up, in_memory):
    values = np.arange(600, dtype="float32").reshape(20, 30)
    path = tmp_path / "a.tif"
    transform = Affine(10, 0, 500_000, 0, 10 if south_up else -10, 9_000_000)
    with rasterio.open(
        path, "w", driver="GTiff", height=20, width=30, count=1, dtype="float32", crs=CRS,
        transform=transform, nodata=407,
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    if not in_memory:
        monkeypatch.setattr(rasters, "CELLS_IN_MEMORY", 0)
    whole = read_grid(path)
    part = whole.part(slice(3, 17), slice(4, 25)).part(slice(1, 9), slice(2, None))
    expected, valid = whole.read(slice(4, 12), slice(6, 25))
    found = part.read(slice(None), slice(None))
    assert part.shape == (8, 19)
    assert_array_equal(found[0], expected)
    assert_array_equal(found[1], valid)
    assert_array_equal(part.read(slice(2, 5), slice(0, 3))[0], expected[2:5, :3])
    west, south, east, north = part.bounds
    assert (west, east) == (whole.bounds[0] + 60, whole.bounds[0] + 250)
    assert (south, north) == (whole.bounds[3] - 120, whole.bounds[3] - 40)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """Write layers of 40 x 40 km in cells of 20 m, and a village in the middle of 2 x 2 km."""
    folder = tmp_path_factory.mktemp("wide")
    rng = np.random.default_rng(5)
    counts = rng.gamma(0.5, 2.0, (2000, 2000)).astype("float32")
    index = INDEX[rng.integers(0, 4, (2000, 2000))]
    for name, values in (("people", counts), ("hazard", index)):
        transform = Affine(20, 0, 500_000, 0, -20, 9_040_000)
        with rasterio.open(
            folder / f"{name}.tif", "w", driver="COG", height=2000, width=2000, count=1,
            dtype="float32", crs=CRS, transform=transform, nodata=NODATA, blocksize=128,
            compress="DEFLATE", overviews="NONE",
        ) as dataset:  # fmt: skip
            dataset.write(values, 1)
    shape = shapely.box(520_013, 9_019_007, 522_013, 9_021_007)
    village = gpd.GeoDataFrame(
        {"village_code": ["A"], "village_name": ["A"]}, geometry=[shape], crs=CRS
    )
    return {"folder": folder, "village": village}


def read_both(source, **options):
    """Read both layers of a folder or an address."""
    return (
        rg.read_hazard(f"{source}/hazard.tif", unit="index", **options),
        rg.read_population(f"{source}/people.tif", **options),
    )


def test_layers_within_villages_are_the_box_three_kilometres_around(wide):
    village = wide["village"]
    hazard, people = read_both(wide["folder"], within=village)
    west, south, east, north = people.grid.bounds
    # The village and 3000 m, at least, and at most a cell and 2 % more: degrees are not equal.
    for side in (520_013 - west, 9_019_007 - south, east - 522_013, north - 9_021_007):
        assert 3000 <= side <= 3090
    whole = rg.village_exposure(village, *read_both(wide["folder"]))
    part = rg.village_exposure(village, hazard, people)
    pd.testing.assert_frame_equal(part, whole, rtol=1e-7)
    # The layer is the box: what lies outside the village is what lies outside it in the box.
    assert_allclose(
        part.attrs["outside"]["total"] + part["people_total"].sum(), people.total, rtol=1e-12
    )
    degrees = rg.read_population(wide["folder"] / "people.tif", within=village.to_crs(4326))
    assert abs(degrees.grid.shape[0] - people.grid.shape[0]) <= 2


def test_a_grid_at_hand_is_cut_too(wide):
    village = wide["village"]
    grid = read_grid(wide["folder"] / "people.tif")
    from_file = rg.read_population(wide["folder"] / "people.tif", within=village)
    from_grid = rg.read_population(grid, within=village)
    assert from_grid.total == from_file.total
    assert from_grid.grid.shape == from_file.grid.shape


def test_only_what_is_read_is_checked(wide, tmp_path):
    path = tmp_path / "people.tif"
    with rasterio.open(wide["folder"] / "people.tif") as dataset:
        profile, values = dataset.profile, dataset.read(1)
    values[3, 4] = -7.0
    profile.update(driver="GTiff", interleave="band", tiled=False)
    for key in ("blockxsize", "blockysize"):
        profile.pop(key)
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(values, 1)
    with pytest.raises(InputError, match="less than 0") as caught:
        rg.read_population(path)
    assert caught.value.problems[0].row == "3, column 4 (-7.0)"
    assert rg.read_population(path, within=wide["village"]).total > 0


def test_villages_apart_from_the_raster_are_refused(wide):
    far = wide["village"].set_geometry(wide["village"].geometry.translate(60_000))
    with pytest.raises(OverlapError, match=r"people\.tif.*a raster within"):
        rg.read_population(wide["folder"] / "people.tif", within=far)


class Served(http.server.BaseHTTPRequestHandler):
    """Files of one folder, in ranges of bytes, with a count of what was asked for."""

    protocol_version = "HTTP/1.1"
    folder = Path()
    asked: tuple[list[str], list[int]] = ([], [])

    def log_message(self, *_words):
        pass

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, *, with_body):
        path = self.folder / self.path.partition("?")[0].lstrip("/")
        self.asked[0].append(self.path)
        if not path.is_file():
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        size = path.stat().st_size
        wanted = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        first, last = (int(wanted[1]), int(wanted[2] or size - 1)) if wanted else (0, size - 1)
        body = path.read_bytes()[first : last + 1]
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{first + len(body) - 1}/{size}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.asked[1].append(len(body))
            self.wfile.write(body)


@pytest.fixture
def server(wide, monkeypatch):
    """Serve the wide layers on this machine; yield the address and what was asked for."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    handler = type("Here", (Served,), {"folder": wide["folder"], "asked": ([], [])})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", handler.asked
        running.shutdown()
        thread.join()


def test_over_a_network_only_the_tiles_around_the_villages_are_fetched(wide, server):
    address, (paths, n_bytes) = server
    village = wide["village"]
    table = rg.village_exposure(village, *read_both(address, within=village))
    here = rg.village_exposure(village, *read_both(wide["folder"], within=village))
    pd.testing.assert_frame_equal(table, here)
    whole = sum(path.stat().st_size for path in wide["folder"].glob("*.tif"))
    assert whole > 5_000_000
    # 8 km of 40 km each way are 4 %; whole tiles and headers take some more.
    assert sum(n_bytes) < 0.09 * whole
    # No file beside them is asked for, and few requests are made.
    assert {path.lstrip("/") for path in paths} == {"hazard.tif", "people.tif"}
    assert len(paths) <= 16


def test_a_url_made_a_path_and_a_gdal_path_are_found(wide, server):
    address, _ = server
    village = wide["village"]
    expected = rg.read_population(wide["folder"] / "people.tif", within=village).total
    mended = rg.read_population(Path(f"{address}/people.tif"), within=village)
    assert mended.total == expected
    assert mended.source == f"{address}/people.tif"
    opened = rg.read_population(f"/vsicurl/{address}/people.tif", within=village)
    assert opened.total == expected


def test_the_key_of_a_signed_url_is_told_to_nobody(wide, server):
    address, (paths, _) = server
    hazard = rg.read_hazard(
        f"{address}/hazard.tif?sig=geheim", unit="index", within=wide["village"]
    )
    assert any("sig=geheim" in path for path in paths)
    assert hazard.source == f"{address}/hazard.tif"
    assert hazard.grid.name == "hazard.tif"
    with pytest.raises(InputFileError) as caught:
        rg.read_population(f"{address}/tidak-ada.tif?sig=geheim")
    assert "tidak-ada.tif" in str(caught.value)
    assert "geheim" not in str(caught.value)
