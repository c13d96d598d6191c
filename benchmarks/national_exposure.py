"""Exposure of a whole nation: a made-up 100 m raster as large as Indonesia, real village shapes.

    python benchmarks/national_exposure.py [--villages 20000] [--shifted] [--folder DIR]

Hazard and population are made up from a seed, cloud-optimized GeoTIFFs of 46 500 x 17 000 cells of
3.6 arc-seconds with nodata in the sea. The villages are the desa and kelurahan of
`../shared/data` (or `RESILIENCE_GEO_REAL_DATA`), moved all over the extent in their own groups, so
that sizes, outlines and common borders are real. A process of its own then reads the three files
and computes the exposure as a user would. Its seconds and peak of memory are printed, and whether
the figures are right: people of villages and outside against the sum of what was written, a sample
of villages against exactextract called village by village, some of them against GEOS cell by cell.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from exactextract import exact_extract
from rasterio.shutil import copy as copy_raster
from rasterio.windows import Window, from_bounds
from rasterstats import zonal_stats

import resilience_geo as rg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# rasterstats uses an operator that the affine package is about to withdraw.
warnings.filterwarnings("ignore", category=PendingDeprecationWarning)

ROOT = Path(__file__).resolve().parents[1]
SEED = 20260
WEST, NORTH, CELL_DEGREES = 95.0, 6.0, 0.001
N_ROWS, N_COLUMNS = 17_000, 46_500
NODATA = -1.0
SIDE = 2048
NODE_DEGREES = 0.25
# A place for one copy of all groups of desa, in degrees; where each group lies in it.
PLACE_WIDTH, PLACE_HEIGHT = 1.6, 1.0
GROUPS = {
    "boundaries/id1503_sarolangun.geojson": (0.03, 0.05),
    "boundaries/id6271021_rakumpit.geojson": (1.22, 0.02),
    "boundaries/id6372_kota_banjar_baru.geojson": (1.22, 0.34),
    "boundaries/id5371010_alak.geojson": (1.22, 0.62),
}
CITY = "jakarta/kelurahan_jakarta.shp"
N_CITIES = 4
CUTS = (1e-6, 0.333, 0.666)
CLASS_COLUMNS = ["people_none", "people_low", "people_medium", "people_high", "people_unknown"]


def data_folder() -> Path:
    """Return the folder of the real data."""
    return Path(os.environ.get("RESILIENCE_GEO_REAL_DATA", ROOT.parent / "shared" / "data"))


def moved_villages(count: int) -> tuple[gpd.GeoDataFrame, NDArray[np.float64]]:
    """Lay groups of real villages all over the extent; return them and the corners of places."""
    groups = [
        (gpd.read_file(data_folder() / name).to_crs(4326).geometry, where)
        for name, where in GROUPS.items()
    ]
    city = gpd.read_file(data_folder() / CITY).to_crs(4326).geometry
    n_copies = math.ceil((count - N_CITIES * len(city)) / sum(len(group) for group, _ in groups))
    across, down = (
        int(N_COLUMNS * CELL_DEGREES / PLACE_WIDTH),
        int(N_ROWS * CELL_DEGREES / PLACE_HEIGHT),
    )
    rng = np.random.default_rng(SEED)
    numbers = rng.permutation(across * down)[: n_copies + N_CITIES]
    corners = np.column_stack(
        [
            WEST + numbers % across * PLACE_WIDTH,
            NORTH - N_ROWS * CELL_DEGREES + numbers // across * PLACE_HEIGHT,
        ]
    )
    parts, codes = [], []
    for copy, corner in enumerate(corners):
        # Not by whole cells: borders cut cells otherwise in every copy.
        west, south = corner + rng.uniform(0.0, 0.02, 2)
        chosen = [(city, (0.1, 0.1))] if copy < N_CITIES else groups
        for number, (group, where) in enumerate(chosen):
            own_west, own_south, _, _ = group.total_bounds
            parts.append(group.translate(west + where[0] - own_west, south + where[1] - own_south))
            codes += [f"{copy:03d}-{number}-{village:03d}" for village in range(len(group))]
    shapes = pd.concat(parts, ignore_index=True)
    names = [f"Desa {code}" for code in codes]
    frame = gpd.GeoDataFrame({"code": codes, "name": names}, geometry=shapes, crs=4326)
    return frame, corners


class Fields:
    """Smooth made-up fields: land, people and hazard, by windows."""

    def __init__(self, corners: NDArray[np.float64]) -> None:
        shape = (
            int(N_ROWS * CELL_DEGREES / NODE_DEGREES) + 2,
            int(N_COLUMNS * CELL_DEGREES / NODE_DEGREES) + 2,
        )
        rng = np.random.default_rng(SEED + 1)
        # Elsewhere one node in ten is land; where villages are, nearly all.
        self.land = rng.normal(-1.3, 1.0, shape)
        x = WEST + np.arange(shape[1]) * NODE_DEGREES
        y = NORTH - np.arange(shape[0]) * NODE_DEGREES
        for west, south in corners:
            inside = ((y >= south) & (y <= south + PLACE_HEIGHT))[:, None] & (
                (x >= west) & (x <= west + PLACE_WIDTH)
            )
            self.land[inside] += 2.9
        self.dense = rng.normal(0.3, 1.0, shape)
        self.hazard = rng.normal(0.4, 0.35, shape)

    @staticmethod
    def smooth(nodes: NDArray[np.float64], row: int, column: int) -> NDArray[np.float32]:
        """Return a field in a window, linear between nodes."""
        weights = []
        for start, size, n_nodes in (
            (row, min(SIDE, N_ROWS - row), nodes.shape[0]),
            (column, min(SIDE, N_COLUMNS - column), nodes.shape[1]),
        ):
            at = (start + np.arange(size) + 0.5) * (CELL_DEGREES / NODE_DEGREES)
            weights.append(np.clip(1.0 - np.abs(at[:, None] - np.arange(n_nodes)), 0.0, None))
        return (weights[0] @ nodes @ weights[1].T).astype(np.float32)

    def window(self, row: int, column: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return people and hazard index of a window; `NODATA` in the sea."""
        rng = np.random.default_rng([SEED, row, column])
        sea = self.smooth(self.land, row, column) <= 0.0
        noise = rng.integers(0, 8, sea.shape, dtype=np.uint8)
        dense = np.exp2(self.smooth(self.dense, row, column)) * noise
        people = np.where(noise > 2, np.round(dense * 4.0) / 4.0, np.float32(0.0))
        index = self.smooth(self.hazard, row, column) + (noise & 1) * np.float32(0.01)
        index = np.clip(np.round(index * 100.0) / np.float32(100.0), 0.0, 1.0)
        # Rivers of no data in the hazard map.
        dry = sea | (np.abs(self.smooth(self.dense, row, column)) < 0.02)
        return (
            np.where(sea, np.float32(NODATA), people).astype(np.float32),
            np.where(dry, np.float32(NODATA), index).astype(np.float32),
        )


def windows() -> Iterator[tuple[int, int]]:
    """Yield first row and column of each window of making."""
    for row in range(0, N_ROWS, SIDE):
        for column in range(0, N_COLUMNS, SIDE):
            yield row, column


def make_rasters(folder: Path, corners: NDArray[np.float64], *, shifted: bool) -> float:
    """Write hazard and population window by window; return the people written."""
    profile = {
        "driver": "GTiff", "width": N_COLUMNS, "height": N_ROWS, "count": 1, "dtype": "float32",
        "crs": "EPSG:4326", "nodata": NODATA, "tiled": True, "blockxsize": 512, "blockysize": 512,
        "compress": "ZSTD", "zstd_level": 1, "sparse_ok": True, "BIGTIFF": "YES",
        "num_threads": "ALL_CPUS",
    }  # fmt: skip
    transform = rasterio.Affine(CELL_DEGREES, 0, WEST, 0, -CELL_DEGREES, NORTH)
    # Another grid: cells of the hazard lie 0.37 and 0.61 cells beside those of the population.
    other = transform * rasterio.Affine.translation(-0.37, -0.61) if shifted else transform
    fields, total = Fields(corners), []
    with (
        rasterio.open(folder / "people_raw.tif", "w", transform=transform, **profile) as people,
        rasterio.open(folder / "hazard_raw.tif", "w", transform=other, **profile) as hazard,
    ):
        for row, column in windows():
            counts, index = fields.window(row, column)
            where = Window(column, row, counts.shape[1], counts.shape[0])
            people.write(counts, 1, window=where)
            hazard.write(index, 1, window=where)
            total.append(float(np.where(counts == NODATA, 0.0, counts).sum(dtype=np.float64)))
    for name in ("people", "hazard"):
        copy_raster(
            folder / f"{name}_raw.tif", folder / f"{name}.tif", driver="COG", compress="DEFLATE",
            level=6, blocksize=512, bigtiff="YES", num_threads="ALL_CPUS", sparse_ok=True,
            overviews="AUTO", resampling="NEAREST",
        )  # fmt: skip
        (folder / f"{name}_raw.tif").unlink()
    return math.fsum(total)


def measure(folder: Path) -> None:
    """Read and compute as a user would; write the table, seconds and peak of memory."""
    marks = [("start", time.perf_counter(), time.process_time())]

    def mark(name: str) -> None:
        marks.append((name, time.perf_counter(), time.process_time()))

    villages = rg.read_villages(folder / "villages.gpkg")
    mark("read_villages")
    hazard = rg.read_hazard(folder / "hazard.tif", unit="index")
    mark("read_hazard")
    people = rg.read_population(folder / "people.tif")
    mark("read_population")
    table = rg.village_exposure(villages, hazard, people)
    mark("village_exposure")
    outside = table.attrs.pop("outside")
    table.to_csv(folder / "exposure.csv")
    steps = {
        name: [wall - before[1], cpu - before[2]] for before, (name, wall, cpu) in pairwise(marks)
    }
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = {"steps": steps, "outside": outside, "peak_gb": peak_kb * 1024 / 1e9}
    (folder / "measured.json").write_text(json.dumps(found))


def by_exactextract(folder: Path, shapes: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return people by class (n, 5) of villages, from the files by exactextract itself.

    Only where both rasters have the same cells; classes are worked out here once more.
    """

    def split(values: Any, coverage: Any, weights: Any) -> NDArray[np.float64]:
        number = np.digitize(np.ma.getdata(weights), CUTS)
        number = np.where(np.ma.getmaskarray(weights), 4, number)
        counts = np.where(np.ma.getmaskarray(values), 0.0, np.ma.getdata(values))
        return np.bincount(number.ravel(), (counts * coverage).ravel(), minlength=5)

    found = exact_extract(
        folder / "people.tif", shapes, split, weights=folder / "hazard.tif", output="pandas"
    )
    return np.vstack(found.iloc[:, 0].to_numpy())


def by_geos(folder: Path, shape: Any) -> float:
    """Return the people of one village: GEOS intersects it with each of its cells."""
    with rasterio.open(folder / "people.tif") as dataset:
        box = from_bounds(*shape.bounds, dataset.transform)
        row, column = math.floor(box.row_off) - 1, math.floor(box.col_off) - 1
        own = Window(column, row, math.ceil(box.width) + 3, math.ceil(box.height) + 3)
        values = dataset.read(1, window=own, masked=True, boundless=True, fill_value=NODATA)
        west, north = dataset.window_transform(own) * (0, 0)
    row, column = np.nonzero(values.filled(0.0) > 0.0)
    boxes = shapely.box(
        west + column * CELL_DEGREES, north - (row + 1) * CELL_DEGREES,
        west + (column + 1) * CELL_DEGREES, north - row * CELL_DEGREES,
    )  # fmt: skip
    shapely.prepare(shape)
    shares = shapely.area(shapely.intersection(boxes, shape)) / shapely.area(boxes)
    return float((shares * values.filled(0.0)[row, column]).sum())


def check(folder: Path, villages: gpd.GeoDataFrame, total: float, *, shifted: bool) -> None:
    """Print whether the figures are right."""
    table = pd.read_csv(folder / "exposure.csv", index_col=0)
    measured = json.loads((folder / "measured.json").read_text())
    everyone = math.fsum(table["people_total"]) + measured["outside"]["total"]
    print(f"  people of villages and outside: {everyone:,.1f}; written: {total:,.1f}")
    print(f"    difference {abs(everyone / total - 1):.1e} of all")
    rng = np.random.default_rng(SEED + 2)
    sample = np.sort(rng.choice(len(villages), 200, replace=False))
    shapes = villages.iloc[sample]
    ours = table.iloc[sample]
    scale = np.maximum(ours["people_total"].to_numpy(), 1.0)
    if not shifted:
        begin = time.perf_counter()
        theirs = by_exactextract(folder, shapes)
        seconds = time.perf_counter() - begin
        difference = np.abs(ours[CLASS_COLUMNS].to_numpy() - theirs).max(axis=1) / scale
        print(
            f"  200 villages by class against exactextract: at most {difference.max():.1e}; "
            f"it took {seconds / 200:.3f} s per village"
        )
    few = range(0, 200, 10)
    exact = np.array([by_geos(folder, shapes.geometry.iloc[one]) for one in few])
    difference = np.abs(ours["people_total"].to_numpy()[::10] - exact) / scale[::10]
    print(f"  {len(few)} villages against GEOS cell by cell: at most {difference.max():.1e}")
    begin = time.perf_counter()
    plain = zonal_stats(shapes, str(folder / "people.tif"), stats=["sum"], nodata=NODATA)
    seconds = (time.perf_counter() - begin) / 200
    sums = np.array([row["sum"] or 0.0 for row in plain])
    wrong = np.abs(sums - ours["people_total"]) / scale
    print(
        f"  rasterstats, one sum and no classes: {seconds:.3f} s per village; "
        f"wrong by up to {wrong.max():.1%}"
    )


def run(folder: Path, count: int, *, shifted: bool, again: bool) -> None:
    """Make the files, measure in a process of its own, and check the figures."""
    if not again:
        begin = time.perf_counter()
        villages, corners = moved_villages(count)
        villages.to_file(folder / "villages.gpkg")
        total = make_rasters(folder, corners, shifted=shifted)
        (folder / "total.json").write_text(json.dumps(total))
        print(f"made in {time.perf_counter() - begin:.0f} s")
    villages = gpd.read_file(folder / "villages.gpkg")
    total = json.loads((folder / "total.json").read_text())
    megabytes = sum(path.stat().st_size for path in folder.glob("*.tif")) / 1e6
    grids = "another grid" if shifted else "the same grid"
    print(
        f"{len(villages)} villages, {N_ROWS} x {N_COLUMNS} cells, hazard on {grids}, "
        f"{megabytes:.0f} MB of rasters"
    )
    subprocess.run([sys.executable, __file__, "--measure", str(folder)], check=True)
    measured = json.loads((folder / "measured.json").read_text())
    for name, (wall, cpu) in measured["steps"].items():
        print(f"  {name:<20}{wall:8.1f} s  ({cpu:.1f} s CPU)")
    wall, cpu = np.sum(list(measured["steps"].values()), axis=0)
    print(
        f"  {'together':<20}{wall:8.1f} s  ({cpu:.1f} s CPU), at most {measured['peak_gb']:.2f} GB"
    )
    check(folder, villages, total, shifted=shifted)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--villages", type=int, default=20_500)
    parser.add_argument("--shifted", action="store_true", help="hazard on another grid")
    parser.add_argument("--folder", type=Path, help="keep the files, and take those that are there")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
    elif options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
        again = (options.folder / "total.json").exists()
        run(options.folder, options.villages, shifted=options.shifted, again=again)
    else:
        with tempfile.TemporaryDirectory() as folder:
            run(Path(folder), options.villages, shifted=options.shifted, again=False)


if __name__ == "__main__":
    main()
