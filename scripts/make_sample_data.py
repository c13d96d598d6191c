"""Make the embedded sample: Kecamatan Sungai Contoh, a place that does not exist.

Six desa on a meandering river with rubber hills behind them, laid in the open Java Sea
so that nobody can take them for real ones. Everything follows from one seed:

    python scripts/make_sample_data.py --out data
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
from dataclasses import dataclass, field, replace
from itertools import pairwise, product
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pyogrio
import rasterio
import rasterio.features
import shapely
import shapely.ops
from numpy.typing import NDArray
from osmium.osm.mutable import Node, Way
from pyproj import Transformer
from rasterio.transform import Affine, from_origin
from scipy import ndimage
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree
from shapely.geometry import LineString, Point

Array = NDArray[np.float64]

SEED = 990101
UTM, LONLAT = "EPSG:32748", "EPSG:4326"
EAST, NORTH = 782_000.0, 9_552_000.0  # local (0, 0) km of the tables below
CELL_M, ROWS, COLS = 30.0, 372, 444
LEFT, TOP = EAST - 600.0, NORTH - 600.0 + ROWS * CELL_M
TRANSFORM = from_origin(LEFT, TOP, CELL_M, CELL_M)
FLOOD_RISE_M = 4.6  # of the modelled flood above the river's ordinary level
RIVER_HALF_M, STREAM_HALF_M = 38.0, 9.0
OXBOW = "8.2 6.65, 7.95 6.95, 8.05 7.2, 8.45 7.25, 8.7 7.05, 8.65 6.8"
TO_LONLAT = Transformer.from_crs(UTM, LONLAT, always_xy=True)

# The places: code of the desa and of the dusun, name, local km, people, reach of its lanes in m.
DESA = {
    "2001": "Pasar Sungai Contoh",
    "2002": "Lubuk Rengas",
    "2003": "Tanjung Kembang",
    "2004": "Muara Pinang",
    "2005": "Bukit Tampui",
    "2006": "Seberang Kelumpang",
}
DUSUN = [
    ("2001", "01", "Pasar Bawah", 5.35, 6.58, 1700, 480),
    ("2001", "02", "Pasar Atas", 5.70, 7.02, 1600, 520),
    ("2001", "03", "Simpang Tiga", 4.75, 7.02, 1200, 450),
    ("2001", "04", "Kampung Baru", 6.10, 7.85, 950, 420),
    ("2001", "05", "Ujung Jembatan", 6.40, 5.62, 520, 330),
    ("2002", "01", "Lubuk Dalam", 2.00, 6.72, 800, 420),
    ("2002", "02", "Simpang Lubuk", 1.50, 7.62, 1150, 480),
    ("2002", "03", "Rantau Panjang", 3.35, 6.98, 900, 420),
    ("2002", "04", "Seberang Lubuk", 2.02, 6.15, 230, 260),
    ("2002", "05", "Talang Buluh", 0.75, 8.60, 380, 300),
    ("2003", "01", "Tanjung Luar", 7.85, 6.42, 620, 380),
    ("2003", "02", "Danau Lamo", 8.55, 7.72, 980, 430),
    ("2003", "03", "Pulau Keliling", 9.02, 5.32, 190, 280),
    ("2003", "04", "Kebun Tinggi", 10.70, 8.20, 620, 380),
    ("2003", "05", "Ujung Tanjung", 11.35, 5.08, 45, 180),
    ("2004", "01", "Muara", 3.75, 4.22, 720, 380),
    ("2004", "02", "Pinang Tengah", 5.10, 4.10, 850, 400),
    ("2004", "03", "Tebing Tinggi", 2.60, 3.72, 700, 380),
    ("2004", "04", "Rantau Gedang", 0.60, 4.30, 430, 330),
    ("2005", "01", "Talang Pinang", 4.75, 2.55, 430, 320),
    ("2005", "02", "Tampui", 6.35, 2.35, 560, 330),
    ("2005", "03", "Ulu Pinang", 4.15, 1.45, 170, 260),
    ("2005", "04", "Lereng Sejuk", 7.75, 1.35, 260, 260),
    ("2006", "01", "Kelumpang", 7.75, 3.62, 1000, 480),
    ("2006", "02", "Tepian", 7.80, 5.85, 330, 280),
    ("2006", "03", "Lubuk Tapah", 10.10, 6.58, 240, 260),
    ("2006", "04", "Sungai Kijang", 10.90, 4.12, 880, 430),
]
# People with no lane of their own: huts in the back swamp, and a hamlet whose paths join nothing.
HUTS = [(11.55, 6.55, 9), (11.75, 6.75, 7), (0.45, 5.25, 26), (7.35, 4.35, 6)]

# The roads: name, highway, surface, width in m, waypoints in local km; each is led over the land
# between its waypoints and joins what is there already.
# fmt: off
ROADS = [
    ("Jalan Lintas Contoh", "trunk", "asphalt", "7",
     ("-0.6 7.45, 1.5 7.55, 3.35 6.95, 4.75 6.98, 5.9 6.72, 6.35 5.75, "
      "6.45 5, 7.2 3.8, 8.8 4.05, 9.9 4.1, 10.9 4.2, 12.65 4")),
    ("Jalan Tepian Sungai", "secondary", "asphalt", "5",
     "4.75 6.98, 4.75 6.35, 5.3 6.52, 5.75 6.3, 6.3 5.85"),
    ("Jalan Pasar Lama", "residential", "concrete", "4", "5.3 6.92, 5.3 6.52"),
    ("Jalan Pasar Baru", "residential", "concrete", "4", "5.42 6.52, 5.42 6.9"),
    ("Jalan Bukit Kesuma", "tertiary", "asphalt", "4.5",
     "5.7 6.8, 5.8 7.3, 6.1 7.85, 8.3 7.95, 10.7 8.2"),
    ("Jalan Danau Lamo", "tertiary", "asphalt", "4",
     "6.3 5.85, 7.2 6.2, 7.85 6.4, 7.85 7, 8.3 7.95"),
    ("Jalan Pulau Keliling", "unclassified", "gravel", "3", "7.85 6.4, 8.6 5.75, 9.02 5.3"),
    ("Jalan Lubuk Dalam", "tertiary", "asphalt", "4",
     "1.5 7.55, 1.75 6.75, 2.05 6.68, 2.5 6.55, 3.35 6.95"),
    ("Jalan Talang Buluh", "unclassified", "gravel", "3", "1.2 7.55, 0.75 8.6"),
    ("Jalan Muara Pinang", "secondary", "asphalt", "5",
     "7.2 3.8, 6.2 3.95, 5.1 4.1, 4.65 4.05, 3.75 4.2, 2.6 3.72"),
    ("Jalan Rantau Gedang", "tertiary", "gravel", "4", "2.6 3.72, 1.5 3.9, 0.6 4.3, -0.5 4.2"),
    ("Jalan Bukit Tampui", "tertiary", "asphalt", "4",
     "5.1 4.05, 4.95 3.3, 4.75 2.55, 5.6 2.5, 6.35 2.35"),
    ("Jalan Lereng Sejuk", "unclassified", "gravel", "3", "6.35 2.35, 7.1 1.9, 7.75 1.35"),
    ("Jalan Ulu Pinang", "track", "dirt", None, "4.75 2.55, 4.45 2, 4.15 1.5, 4.05 1.1"),
    ("Jalan Tepian Kelumpang", "unclassified", "gravel", "3", "8 3.85, 7.9 4.8, 7.8 5.85"),
    ("Jalan Lubuk Tapah", "unclassified", "dirt", "3", "10.6 4.2, 10.15 5.2, 10.1 6.55"),
    ("Jalan Tanggul", "path", "dirt", "1.5",
     "9.02 5.3, 9.25 5.75, 9.4 6.6, 10.05 7.1, 10.85 6.4, 10.9 5.4, 11.35 5.08"),
    ("Jembatan Gantung", "path", "wood", "1.2", "2.03 6.68, 2.03 6.33, 2.02 6.15"),
    ("Jalan Kebun Karet", "track", "dirt", None, "2.6 3.72, 2.3 2.6, 1.9 1.7"),
    ("Jalan Kebun Sawit", "track", "unpaved", None, "6.1 7.85, 6.6 9, 7.6 9.5"),
    ("Jalan Kebun Seberang", "track", "dirt", None, "4.75 2.55, 4.55 2.75, 4.1 2.8, 3.5 2.5"),
    ("Jalan Usaha Tani", "track", "dirt", "2.5", "5.6 4.1, 5.75 5, 5.2 5.6"),
    ("Jalan Usaha Tani", "track", "dirt", "2.5", "3.35 6.9, 3.9 6.1, 3.6 5.2"),
    ("Jalan Simpang Kijang", "unclassified", "gravel", "3", "10.9 4.12, 10.9 3.2, 9.9 2.6"),
]
# fmt: on
LOOSE_PATHS = ("0.30 5.30, 0.42 5.22, 0.55 5.24", "0.42 5.22, 0.45 5.10", "0.42 5.22, 0.40 5.36")
# Shelters: name, kind, local km, people (None = nobody has counted), floor area m2, accessible;
# all but the last stand beside a road.
SHELTERS = [
    ("SDN 01 Pasar Atas", "school", 5.75, 7.10, 280, 1240.0, True),
    ("Masjid Raya Al-Ikhlas", "place_of_worship", 5.45, 7.00, 320, 1450.0, True),
    ("SMPN 1 Sungai Contoh", "school", 6.05, 7.75, 360, 1720.0, True),
    ("Balai Desa Pasar Sungai Contoh", "village_hall", 5.20, 7.10, 150, 610.0, True),
    ("GOR Kecamatan Sungai Contoh", "sports_hall", 4.55, 7.20, 360, 1560.0, True),
    ("SDN 02 Simpang Lubuk", "school", 1.50, 7.65, 220, 940.0, False),
    ("Masjid Nurul Huda", "place_of_worship", 3.45, 7.10, None, 760.0, None),
    ("Balai Desa Lubuk Rengas", "village_hall", 1.15, 7.60, None, 480.0, True),
    ("SDN 03 Talang Buluh", "school", 0.80, 8.50, 120, 590.0, False),
    ("SDN 04 Danau Lamo", "school", 8.55, 7.85, 200, 930.0, True),
    ("Masjid Baitul Makmur", "place_of_worship", 8.30, 7.95, None, None, None),
    ("SDN 05 Kebun Tinggi", "school", 10.75, 8.25, 200, 900.0, False),
    ("Balai Desa Muara Pinang", "village_hall", 3.75, 4.12, 160, 640.0, True),
    ("SDN 06 Tebing Tinggi", "school", 2.70, 3.65, 200, 880.0, None),
    ("Balai Desa Bukit Tampui", "village_hall", 6.35, 2.40, 180, 720.0, False),
    ("Musala Talang Pinang", "place_of_worship", 4.95, 2.60, None, None, False),
    ("Balai Dusun Ulu Pinang", "community_centre", 3.95, 1.55, None, None, None),
    ("SDN 07 Kelumpang", "school", 7.80, 3.55, 200, 880.0, True),
    ("Masjid At-Taqwa", "place_of_worship", 11.05, 4.00, 200, 830.0, None),
    ("Posyandu Lereng Sejuk", "community_centre", 7.75, 1.35, 60, 210.0, False),
    ("SDN 08 Lubuk Dalam", "school", 2.10, 6.80, 210, 930.0, True),
    ("Masjid Jami Pasar Bawah", "place_of_worship", 5.30, 6.75, 300, 1240.0, True),
    ("Balai Desa Tanjung Kembang", "village_hall", 7.85, 6.60, 150, 600.0, True),
    ("SDN 09 Tepian", "school", 7.80, 5.75, 120, 560.0, False),
    ("Pondok Kelompok Tani Rimbo", "community_centre", 9.10, 3.10, 40, None, None),
]
THROUGH = ("trunk", "secondary", "tertiary", "unclassified", "residential")
GANG = (
    "Mawar Kenanga Rambutan Durian Duku Manggis Cempaka Pinang Kelapa Mushola "
    "Sawo Nangka Rotan Jelutung Anggrek Bambu Seroja Merbau Petai Sepakat"
)
log = logging.getLogger("make_sample_data")


# ---------------------------------------------------------------- terrain and hazard
def km(points: list[tuple[float, float]]) -> Array:
    """Local kilometres as UTM metres."""
    return np.asarray(points, float) * 1000.0 + (EAST, NORTH)


def spots(text: str) -> list[tuple[float, float]]:
    """Points written as "x y, x y"."""
    return [(float(x), float(y)) for x, y in (pair.split() for pair in text.split(","))]


def lonlat(points: Array, digits: int = 7) -> Array:
    """UTM metres as rounded longitude and latitude."""
    return np.round(np.column_stack(TO_LONLAT.transform(*points.T)), digits)


def cell_centres() -> tuple[Array, Array]:
    """Easting and northing of every cell of the 30 m grid."""
    col, row = np.meshgrid(np.arange(COLS) + 0.5, np.arange(ROWS) + 0.5)
    return LEFT + col * CELL_M, TOP - row * CELL_M


def smooth(line: Array, times: int) -> Array:
    """Round a line off without moving its ends or changing how many vertices it has."""
    line = line.copy()
    for _ in range(times):
        line[1:-1] = (line[:-2] + 2.0 * line[1:-1] + line[2:]) / 4.0
    return line


def densify(line: Array, step_m: float) -> Array:
    """Vertices at about equal steps along a line."""
    return shapely.get_coordinates(LineString(line).segmentize(step_m))


def main_river() -> Array:
    """Draw a meandering river from west to east: a sine-generated curve, unevenly bent."""
    step = 0.03
    along = np.arange(0.0, 36.0, step)
    bend = 1.30 + 0.28 * np.sin(along / 2.9 + 0.4)
    phase = 2 * np.pi * along / 4.4 + 0.9 * np.sin(along / 2.3)
    heading = bend * np.sin(phase) + 0.25 * np.sin(along / 1.3)
    x, y = np.cumsum(np.cos(heading) * step) - 1.4, np.cumsum(np.sin(heading) * step)
    inside = x < 13.6
    x, y = x[inside], y[inside]
    drift = np.polyval(np.polyfit(x, y, 2), x)
    return km(list(zip(x, 5.3 + 0.05 * x + (y - drift), strict=True)))


def gullies(rng: np.random.Generator) -> Array:
    """Points down the small valleys of both hill fronts."""
    points = []
    for x in np.arange(-0.4, 13.0, 0.95) + rng.uniform(-0.3, 0.3, 15):
        for y, step in ((-0.8, 0.1), (10.8, -0.1)):
            sway = np.cumsum(rng.normal(rng.normal(0.0, 0.03), 0.06, 40)) + rng.normal(
                0.0, 0.02, 40
            )
            points.append(np.column_stack([x + sway, y + step * np.arange(40)]))
    return km(np.vstack([densify(line, 0.03) for line in points]))


def tributary(river: Array) -> Array:
    """Sungai Pinang: from the southern hills down to the main river (first vertex = mouth)."""
    course = km(spots("4.7 3.9, 4.35 3.3, 4.6 2.7, 4.2 2.2, 4.35 1.6, 3.9 1.0, 4.0 0.3, 3.7 -0.7"))
    mouth = river[np.argmin(np.hypot(*(river - course[0]).T))]
    return smooth(densify(np.vstack([mouth, course]), 60.0), 40)


def fractal(rng: np.random.Generator, sigmas: tuple[float, ...]) -> Array:
    """Noise of several wavelengths (cells), mean 0 and spread 1."""
    total = np.zeros((ROWS, COLS))
    for sigma in sigmas:
        layer = ndimage.gaussian_filter(rng.standard_normal((ROWS, COLS)), sigma, mode="reflect")
        total += layer / layer.std() * sigma**0.9
    return (total - total.mean()) / total.std()


@dataclass(frozen=True)
class Terrain:
    """The ground of the sample on the 30 m grid, and the water on it."""

    dem_m: Array
    flood_depth_m: Array
    landslide: Array
    river_m: Array  # centre line, UTM
    stream_m: Array
    surface_m: Array  # of the flood
    water: shapely.Geometry  # river and stream as an area, UTM


def hill_height(
    rng: np.random.Generator, x: Array, y: Array, to_stream: Array, to_gully: Array
) -> Array:
    """Height of the hills above the plain; x and y in local km, distances in m."""
    axis = 5.3 + 0.05 * x
    edge = (
        1.65
        + 0.30 * np.sin(x * 0.8 + np.where(y > axis, 0.5, 2.2))
        + 0.28 * fractal(rng, (34.0, 16.0, 8.0))
    )
    beyond = np.abs(y - axis) - edge
    beyond = np.minimum(
        beyond, (to_stream / 1000.0 - 0.17) * 1.3 + np.maximum(0.0, beyond - 2.6) * 0.2
    )
    rise = np.clip(beyond / 1.3, 0.0, 1.0) ** 0.8
    ridges = 1.0 - np.abs(fractal(rng, (26.0, 13.0, 6.0, 3.0))) / 1.7
    tall = np.where(y > axis, 50.0, 105.0 + 62.0 * np.clip(2.7 - y, 0.0, 2.6))
    hills = np.maximum(0.0, rise * tall * (0.42 + 0.58 * ridges)) * (
        1.0 - 0.62 * np.exp(-to_gully / 190.0)
    )
    return hills + np.clip(beyond * 60.0, 0.0, 3.5)


def make_terrain(rng: np.random.Generator) -> Terrain:
    """River plain, levees, back swamps and hills; then what floods and what slides."""
    east, north = cell_centres()
    cells = np.column_stack([east.ravel(), north.ravel()])
    x, y = (east - EAST) / 1000.0, (north - NORTH) / 1000.0
    river = main_river()
    stream = tributary(river)
    to_river, to_gully, to_oxbow = (
        cKDTree(points).query(cells)[0].reshape(east.shape)
        for points in (
            densify(river, 15.0),
            gullies(rng),
            densify(smooth(km(spots(OXBOW)), 2), 15.0),
        )
    )
    to_stream, nearest = (
        a.reshape(east.shape) for a in cKDTree(densify(stream, 15.0)).query(cells)
    )

    hills = hill_height(rng, x, y, to_stream, to_gully)
    level = 34.0 - 0.45 * x
    stream_level = np.interp(nearest * 0.015, [0.0, 1.0, 2.5, 6.0], [0.0, 1.0, 6.0, 34.0])
    rough = fractal(rng, (14.0, 6.0, 2.0))
    plain = (
        2.8
        + 2.4 * np.exp(-to_river / 260.0)
        + 0.45 * rough
        - 2.2 * np.exp(-((to_oxbow / 55.0) ** 2))
    )
    valley = stream_level + 1.3 + 0.005 * to_stream + 0.3 * rough
    corridor = np.exp(-((to_stream / 330.0) ** 4)) * (nearest * 15.0 > 200.0)
    dem = level + (1.0 - corridor) * plain + corridor * valley + hills
    dem = np.where(to_stream < STREAM_HALF_M + 8.0, level + stream_level, dem)
    dem = np.round(np.where(to_river < RIVER_HALF_M, level, dem), 1)

    surface = level + np.where(
        to_stream < 300.0, np.maximum(FLOOD_RISE_M, stream_level + 2.7), FLOOD_RISE_M
    )
    water = shapely.union(
        LineString(river).buffer(RIVER_HALF_M), LineString(stream).buffer(STREAM_HALF_M)
    )
    return Terrain(
        dem, flood_depth(dem, surface), landslide_index(dem), river, stream, surface, water
    )


def embank(network: Network, rng: np.random.Generator) -> None:
    """Raise the wider roads near the flood's height, with sags where it still runs over them."""
    terrain = network.terrain
    sag = fractal(rng, (16.0, 8.0))
    dem = terrain.dem_m.copy()
    for highway, crown, width in (
        ("trunk", 0.05, 26.0),
        ("secondary", 0.15, 22.0),
        ("tertiary", 0.25, 22.0),
        ("unclassified", 0.40, 20.0),
    ):
        lines = [
            LineString(r.line).buffer(width) for r in network.roads if r.tags["highway"] == highway
        ]
        on = rasterio.features.rasterize(lines, dem.shape, transform=TRANSFORM, dtype="uint8") > 0
        dem[on] = np.maximum(dem, terrain.surface_m - np.maximum(crown + 0.35 * sag, -0.3))[on]
    on = (
        rasterio.features.rasterize([terrain.water], dem.shape, transform=TRANSFORM, dtype="uint8")
        > 0
    )
    dem = np.round(np.where(on, terrain.dem_m, dem), 1)
    depth = flood_depth(dem, terrain.surface_m)
    network.terrain = replace(terrain, dem_m=dem, flood_depth_m=depth)


def flood_depth(dem: Array, surface: Array) -> Array:
    """Depth below the flood's surface where it joins the river; hills are not modelled."""
    east, north = cell_centres()
    x, y = (east - EAST) / 1000.0, (north - NORTH) / 1000.0
    depth = np.maximum(0.0, surface - dem)
    ponds, _ = ndimage.label(depth > 0.0)
    depth[ponds != np.bincount(ponds.ravel())[1:].argmax() + 1] = 0.0
    depth = np.round(depth, 2)
    limit = 1.05 + 0.15 * np.sin(x * 1.1) + 0.06 * np.sin(x * 3.1)
    limit += 0.55 / (1.0 + np.exp(-(x - 6.6) * 4.0))
    return np.where((y < limit) | (x > 12.45), -9999.0, depth)


def landslide_index(dem: Array) -> Array:
    """Susceptibility 0..1 from slope and local relief; exactly 0 on flat land."""
    fall_y, fall_x = np.gradient(ndimage.gaussian_filter(dem, 1.0), CELL_M)
    slope = np.degrees(np.arctan(np.hypot(fall_x, fall_y)))
    relief = ndimage.maximum_filter(dem, 17) - ndimage.minimum_filter(dem, 17)
    index = np.clip((slope - 4.0) / 16.0, 0.0, 1.0) * (0.6 + 0.4 * np.clip(relief / 90.0, 0.0, 1.0))
    return np.round(np.where(slope < 4.0, 0.0, index), 3)


# ---------------------------------------------------------------- roads
@dataclass
class Road:
    """One OSM way: its vertices in UTM metres and its tags."""

    line: Array
    tags: dict[str, str]


@dataclass
class Network:
    """Roads led over a 60 m grid of the land; a vertex of the grid is used by every road there."""

    terrain: Terrain
    rng: np.random.Generator
    roads: list[Road] = field(default_factory=list)
    spot: dict[int, tuple[float, float]] = field(default_factory=dict)
    steps: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Height, water and wetness of the coarse grid."""
        self.rows, self.cols = ROWS // 2, COLS // 2
        coarse = (self.rows, 2, self.cols, 2)
        self.height = self.terrain.dem_m.reshape(coarse).mean((1, 3)).ravel()
        self.wet = np.maximum(self.terrain.flood_depth_m, 0.0).reshape(coarse).mean((1, 3)).ravel()
        col, row = np.meshgrid(np.arange(self.cols) + 0.5, np.arange(self.rows) + 0.5)
        self.xy = np.column_stack([LEFT + col.ravel() * 60.0, TOP - row.ravel() * 60.0])
        self.xy += self.rng.uniform(-16.0, 16.0, self.xy.shape)
        self.rough = np.exp(0.25 * fractal(self.rng, (12.0, 5.0, 2.0))[::2, ::2].ravel())
        points = shapely.points(self.xy)
        far = shapely.distance(points, LineString(self.terrain.river_m))
        self.barrier = np.where(far < 75.0, 14.0, 0.0)
        self.barrier += np.where(
            shapely.distance(points, LineString(self.terrain.stream_m)) < 45.0, 8.0, 0.0
        )

    def graph(
        self, slope_weight: float = 1.0, reuse: float = 0.25, rough: float = 1.0
    ) -> csr_array:
        """Cost of a step between neighbouring cells; along a road that exists it is cheap."""
        cells = np.arange(self.rows * self.cols).reshape(self.rows, self.cols)
        pairs = [(cells[:, :-1], cells[:, 1:]), (cells[:-1], cells[1:])]
        pairs += [(cells[:-1, :-1], cells[1:, 1:]), (cells[:-1, 1:], cells[1:, :-1])]
        a, b = (np.concatenate([pair[k].ravel() for pair in pairs]) for k in (0, 1))
        length = np.hypot(*(self.xy[a] - self.xy[b]).T)
        grade = np.abs(self.height[a] - self.height[b]) / length
        cost = (
            length
            * self.rough[a] ** rough
            * (1.0 + slope_weight * (grade / 0.07) ** 2 + 0.35 * np.minimum(self.wet[a], 2.0))
        )
        cost += length * np.maximum(self.barrier[a], self.barrier[b])
        if self.steps:
            known = {min(s) * cells.size + max(s) for s in self.steps}
            cost[np.isin(np.minimum(a, b) * cells.size + np.maximum(a, b), list(known))] = (
                reuse * 60.0
            )
        return coo_array((cost, (a, b)), shape=(cells.size, cells.size)).tocsr()

    def cell(self, point: Array) -> int:
        """Find the cell of a point: one a road already uses if there is one within 90 m."""
        if self.spot:
            used = np.array(list(self.spot))
            away = np.hypot(*(np.array(list(self.spot.values())) - point).T)
            if away.min() < 90.0:
                return int(used[away.argmin()])
        return int(np.argmin(np.hypot(*(self.xy - point).T)))

    def lead(self, waypoints: list[tuple[float, float]], tags: dict[str, str]) -> None:
        """Lead a road through its waypoints; only what is new becomes a way."""
        path: list[int] = []
        graph = self.graph()
        stops = [self.cell(point) for point in km(waypoints)]
        for start, end in pairwise(stops):
            before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)[1]
            leg = [end]
            while leg[-1] != start:
                leg.append(int(before[leg[-1]]))
            path += leg[::-1][bool(path) :]
        run = path[:1]
        for cell in path[1:]:
            known = (run[-1], cell) in self.steps
            if not known:
                run.append(cell)
            if known or cell in self.spot:
                self.add(run, tags)
                run = [cell]
        self.add(run, tags)

    def add(self, run: list[int], tags: dict[str, str]) -> None:
        """Round off a run of new cells between fixed ends and keep it as a way."""
        run = list(dict.fromkeys(run))
        if len(run) < 2:
            return
        line = np.array([self.spot.get(cell, tuple(self.xy[cell])) for cell in run])
        line = smooth(line, 8)
        self.spot.update({cell: (x, y) for cell, (x, y) in zip(run, line, strict=True)})
        for step in pairwise(run):
            self.steps |= {step, step[::-1]}
        self.roads.append(Road(line, dict(tags)))

    def sprout(
        self, parent: Road, at: int, side: float, length_m: float, tags: dict[str, str]
    ) -> Road | None:
        """Grow a lane off a vertex of a road; keep it if it meets no water and no other road."""
        ahead = parent.line[min(at + 1, len(parent.line) - 1)] - parent.line[max(at - 1, 0)]
        heading = np.arctan2(ahead[1], ahead[0]) + side * np.pi / 2 + self.rng.normal(0.0, 0.26)
        turns = heading + np.cumsum(self.rng.normal(0.0, 0.13, max(2, round(length_m / 28.0))))
        strides = 28.0 * np.cumsum(np.column_stack([np.cos(turns), np.sin(turns)]), axis=0)
        line = np.vstack([parent.line[at], parent.line[at] + strides])
        if not self.clear(line[1:], 21.0):
            return None
        self.roads.append(Road(line, tags))
        return self.roads[-1]

    def clear(self, line: Array, room_m: float) -> bool:
        """Whether a new line keeps its distance from every road and from the water."""
        shape = LineString(line)
        roads = np.array([LineString(road.line) for road in self.roads])
        return bool(
            shape.distance(self.terrain.water) > 25.0
            and shapely.distance(roads, shape).min() > room_m
        )


def lane_tags(rng: np.random.Generator, line_order: int, hill: bool) -> dict[str, str]:
    """Tag a lane of a village as a mapper would have."""
    name = f"Gang {rng.choice(GANG.split())}" if rng.random() < 0.6 else ""
    if line_order == 0 and not hill and rng.random() < 0.62:
        kinds, surfaces = ["residential"], ["concrete", "asphalt", "gravel", "paving_stones"]
        widths = ["2.5", "3", "3.5", "4", "3 m"]
    else:
        kinds, surfaces = (
            ["footway", "path", "path", "service"][hill:],
            ["concrete", "dirt", "ground"],
        )
        widths = ["1", "1.2", "1.5", "2"]
    tags = {"highway": str(rng.choice(kinds)), "surface": str(rng.choice(surfaces))}
    width = str(rng.choice(widths))
    if rng.random() < 0.45:
        tags["width"] = width
    if rng.random() < 0.25:
        del tags["surface"]
    return tags | ({"name": name} if name else {})


def village_lanes(network: Network, rng: np.random.Generator) -> None:
    """Lanes (gang) off the roads of every dusun, lanes off those, and links behind the houses."""
    for _, _, _, x, y, people, reach in DUSUN:
        centre = km([(x, y)])[0]
        hill = bool(network.height[network.cell(centre)] > 62.0)
        parents, chance = list(network.roads), 0.95 if people > 700 else 0.75
        for order in (0, 1):
            grown: list[tuple[Road, int, float, Road]] = []
            for parent in parents:
                near = np.hypot(*(parent.line - centre).T) < reach * (1.0 + 0.15 * order)
                for at in np.flatnonzero(near)[:: 1 + order]:
                    for side in (-1.0, 1.0):
                        if rng.random() < chance * (0.54 if order else 0.85):
                            length = rng.uniform(70.0, 190.0) * (0.7 if order else 1.0)
                            tags = lane_tags(rng, order, hill)
                            lane = network.sprout(parent, int(at), side, length, tags)
                            grown += [(parent, int(at), side, lane)] if lane else []
            link_lanes(network, rng, grown)
            parents = [lane for *_, lane in grown]


def link_lanes(
    network: Network, rng: np.random.Generator, grown: list[tuple[Road, int, float, Road]]
) -> None:
    """Join the far ends of neighbouring lanes on one side of a road, where the way is free."""
    for one, two in product(grown, grown):
        if one[0] is not two[0] or one[2] != two[2] or not 0 < two[1] - one[1] < 4:
            continue
        ends = np.array([one[3].line[-1], two[3].line[-1]])
        middle = ends.mean(0) + rng.normal(0.0, 5.0, 2)
        span = np.hypot(*(ends[1] - ends[0]))
        core = np.array([0.8 * ends[0] + 0.2 * middle, middle, 0.8 * ends[1] + 0.2 * middle])
        if 35.0 < span < 170.0 and rng.random() < 0.40 and network.clear(core, 5.0):
            network.roads.append(
                Road(np.vstack([ends[0], middle, ends[1]]), lane_tags(rng, 1, False))
            )


def garden_tracks(network: Network, rng: np.random.Generator, count: int = 34) -> None:
    """Tracks to rubber and oil-palm gardens, and paths beyond them."""
    names = ("Jalan Kebun Karet", "Jalan Kebun Sawit", "", "")
    for _ in range(count):
        end = (rng.uniform(0.2, 12.0), rng.choice([rng.uniform(0.4, 3.2), rng.uniform(7.9, 9.6)]))
        used = np.array(list(network.spot.values()))
        away = np.hypot(*(used - km([end])[0]).T)
        if not 300.0 < away.min() < 2600.0:
            continue
        start = tuple((used[away.argmin()] - (EAST, NORTH)) / 1000.0)
        kind, surface = (
            rng.choice(["track", "track", "path"]),
            rng.choice(["dirt", "unpaved", "gravel"]),
        )
        tags = {"highway": str(kind), "surface": str(surface)}
        name = str(rng.choice(names))
        network.lead([start, end], tags | ({"name": name} if name else {}))


def underpass(network: Network) -> None:
    """Lead a footway under the trunk road and back to it on both sides."""
    trunk = max((r.line for r in network.roads if r.tags["highway"] == "trunk"), key=len)
    at = int(np.argmin(np.abs(trunk[:, 0] - EAST - 3900.0)))
    ahead = trunk[at + 1] - trunk[at]
    across = np.array([-ahead[1], ahead[0]]) / np.hypot(*ahead)
    middle = (trunk[at] + trunk[at + 1]) / 2
    foot = {"highway": "footway", "surface": "concrete", "width": "1.5"}
    below = {"tunnel": "yes", "layer": "-1", "name": "Terowongan Pasar"}
    network.roads.append(Road(middle + np.outer([-14.0, 14.0], across), foot | below))
    for side in (-1.0, 1.0):
        shaft = middle + np.outer([14.0 * side, 45.0 * side], across)
        turn = trunk[at + 2] + across * 38.0 * side
        network.roads.append(Road(np.vstack([shaft, turn, trunk[at + 2]]), dict(foot)))


def over_water(road: Road, water: shapely.Geometry) -> list[Road]:
    """Cut a way into pieces: a straight bridge (or a ford) wherever it meets the water."""
    line = LineString(road.line)
    spans = [part for part in shapely.get_parts(line.intersection(water)) if part.length > 1.0]
    if not spans:
        return [road]
    crossing = {"bridge": "yes", "layer": "1"}
    if road.tags.get("name") == "Jembatan Gantung":
        crossing |= {"bridge:structure": "simple-suspension"}
    if road.tags.get("name") == "Jalan Kebun Seberang":
        crossing = {"ford": "yes"}
    pieces, done = [], 0.0

    def keep(start: float, end: float) -> None:
        part = shapely.get_coordinates(shapely.ops.substring(line, start, end))
        pieces.append(Road(part, dict(road.tags)))

    for span in sorted(spans, key=lambda part: line.project(Point(part.coords[0]))):
        ends = sorted(line.project(Point(span.coords[k])) for k in (0, -1))
        start, end = max(ends[0] - 12.0, 0.0), min(ends[1] + 12.0, line.length)
        keep(done, start)
        deck = np.array([line.interpolate(at).coords[0] for at in (start, end)])
        pieces.append(Road(deck, road.tags | crossing))
        done = end
    keep(done, line.length)
    return [piece for piece in pieces if len(piece.line) > 1]


def finish_roads(network: Network) -> list[Road]:
    """Bridges, steps on the steep lanes, a loose piece, and names that keep a reader honest."""
    roads = [piece for road in network.roads for piece in over_water(road, network.terrain.water)]
    roads += [Road(km(spots(path)), {"highway": "path", "surface": "dirt"}) for path in LOOSE_PATHS]
    on_foot = [road for road in roads if road.tags["highway"] in ("path", "footway")]
    for road in on_foot:
        at = ((road.line[[0, -1]] - (LEFT, TOP)) / (CELL_M, -CELL_M)).astype(int)
        ends = network.terrain.dem_m[at[:, 1] % ROWS, at[:, 0] % COLS]
        length = LineString(road.line).length
        if length < 200.0 and abs(ends[0] - ends[1]) / length > 0.13:
            road.tags |= {"highway": "steps", "surface": "concrete", "handrail": "no"}
    lanes = [road for road in on_foot if road.tags.get("name", "").startswith("Gang")]
    lanes[0].tags = {**lanes[0].tags, "name": 'Gang <b>Melati</b> & "Kenanga"'}
    lanes[1].tags = {**lanes[1].tags, "name": "Gang Pak Ma'ruf, RT 03/RW 01; samping kali"}
    one_way = {"Jalan Pasar Lama": "yes", "Jalan Pasar Baru": "-1"}
    for road in roads:
        if road.tags.get("name") in one_way:
            road.tags["oneway"] = one_way[road.tags["name"]]
    return roads


# ---------------------------------------------------------------- boundaries
def kecamatan_cells(rng: np.random.Generator, x: Array, y: Array) -> NDArray[np.bool_]:
    """Which cells of the 30 m grid belong to the kecamatan."""
    shape = (np.abs(x - 6.05) / 6.3) ** 6 + (np.abs(y - 4.95) / 5.0) ** 6
    shape += 0.26 * fractal(rng, (36.0, 18.0, 9.0, 4.0))
    parts, _ = ndimage.label(shape < 0.85)
    return parts == np.bincount(parts.ravel())[1:].argmax() + 1


def nearest_dusun(network: Network) -> Array:
    """Give each 30 m cell the dusun (position in DUSUN) nearest by land: rivers divide."""
    places = km([(d[3], d[4]) for d in DUSUN])
    seeds = [int(np.argmin(np.hypot(*(network.xy - place).T))) for place in places]
    network.barrier = np.where(network.barrier >= 14.0, 42.0, 0.0)
    graph = network.graph(slope_weight=0.25, reuse=1.0, rough=3.0)
    options = {"directed": False, "min_only": True, "return_predecessors": True}
    sources = dijkstra(graph, indices=seeds, **options)[2]
    coarse = np.searchsorted(np.sort(seeds), sources)
    label = np.argsort(seeds)[coarse].reshape(network.rows, network.cols)
    fine = np.kron(label, np.ones((2, 2), int))
    votes = [ndimage.gaussian_filter((fine == k).astype(float), 2.5) for k in range(len(DUSUN))]
    return np.argmax(votes, 0)


def make_boundaries(network: Network, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Draw the dusun as polygons that share their borders vertex by vertex (EPSG:4326)."""
    east, north = cell_centres()
    inside = kecamatan_cells(rng, (east - EAST) / 1000.0, (north - NORTH) / 1000.0)
    label = np.where(inside, nearest_dusun(network), -1)
    for k in range(len(DUSUN)):
        parts, count = ndimage.label(label == k)
        if count > 1:
            label[(parts > 0) & (parts != np.bincount(parts.ravel())[1:].argmax() + 1)] = -2
    near = ndimage.distance_transform_edt(label < 0, return_distances=False, return_indices=True)
    label = np.where(inside, label[tuple(near)], -1)
    found = rasterio.features.shapes(label.astype("int16"), mask=inside, transform=TRANSFORM)
    pieces: dict[int, list[shapely.Geometry]] = {}
    for shape, value in found:
        pieces.setdefault(int(value), []).append(shapely.geometry.shape(shape))
    raw = np.array([shapely.unary_union(pieces[k]).segmentize(CELL_M) for k in range(len(DUSUN))])
    tiles = shapely.coverage_simplify(raw, 42.0)
    tiles = shapely.transform(tiles, lonlat)
    table = {
        "village_code": [f"99.01.01.{d[0]}.{d[1]}" for d in DUSUN],
        "village_name": [f"Dusun {d[2]}" for d in DUSUN],
        "desa_code": [f"99.01.01.{d[0]}" for d in DUSUN],
    }
    return gpd.GeoDataFrame(table, geometry=tiles, crs=LONLAT)


def make_desa(dusun: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Join the dusun of each desa into its polygon."""
    codes = [f"99.01.01.{code}" for code in DESA]
    shapes = [
        shapely.coverage_union_all(dusun.geometry[dusun.desa_code == code].to_numpy())
        for code in codes
    ]
    table = {
        "village_code": codes,
        "village_name": list(DESA.values()),
        "kecamatan": "Kecamatan Sungai Contoh",
        "kabupaten": "Kabupaten Contoh",
    }
    return gpd.GeoDataFrame(table, geometry=shapes, crs=LONLAT)


# ---------------------------------------------------------------- people
def on_the_ground(roads: list[Road]) -> list[Road]:
    """Roads a house can stand beside."""
    return [road for road in roads if not {"bridge", "tunnel", "ford"} & road.tags.keys()]


def houses(roads: list[Road], water: shapely.Geometry, rng: np.random.Generator) -> Array:
    """Houses beside the roads: columns easting, northing, people."""
    ground = [(densify(r.line, 14.0), r.tags["highway"] in THROUGH) for r in on_the_ground(roads)]
    points = np.vstack([line for line, _ in ground])
    through = np.concatenate([np.full(len(line), wide) for line, wide in ground])
    found = []
    for _, _, _, x, y, people, reach in DUSUN:
        away = np.hypot(*(points - km([(x, y)])).T)
        weight = (
            np.exp(-((away / reach) ** 2)) * np.where(through, 1.4, 1.0) * (away < 1.25 * reach)
        )
        count = max(4, round(people / 3.9))
        near = points[rng.choice(len(points), count, p=weight / weight.sum())]
        found.append(
            np.column_stack(
                [near + rng.normal(0.0, 16.0, near.shape), np.full(count, people / count)]
            )
        )
    strip = points[through][rng.choice(int(through.sum()), 170)]
    found.append(np.column_stack([strip + rng.normal(0.0, 20.0, strip.shape), np.full(170, 3.6)]))
    found.append(np.column_stack([km([hut[:2] for hut in HUTS]), [hut[2] for hut in HUTS]]))
    table = np.vstack(found)
    return table[shapely.distance(shapely.points(table[:, :2]), water) > 8.0]


def make_population(
    built: Array, area: shapely.Geometry, rng: np.random.Generator
) -> tuple[Array, Affine]:
    """People per 3 arc-second cell, spread as a gridded product does; nodata outside."""
    step = 1.0 / 1200.0
    west, south, east, north = area.bounds
    west, north = np.floor(west / step) * step, np.ceil(north / step) * step
    cols, rows = int((east - west) / step) + 1, int((north - south) / step) + 1
    lon, lat = TO_LONLAT.transform(built[:, 0], built[:, 1])
    edges = (np.arange(rows + 1), np.arange(cols + 1))
    grid = np.histogram2d(
        (north - lat) / step, (lon - west) / step, bins=edges, weights=built[:, 2]
    )[0]
    grid = ndimage.gaussian_filter(grid, 0.45) + rng.uniform(0.002, 0.02, grid.shape)
    transform = from_origin(west, north, step, step)
    inside = rasterio.features.geometry_mask([area], grid.shape, transform, invert=True)
    return np.where(inside, np.round(grid, 3), -99999.0), transform


def place_shelters(roads: list[Road]) -> tuple[Array, list[Road]]:
    """Where each shelter stands beside its road, and the driveway to it (the last has none)."""
    vertices = np.vstack([r.line for r in on_the_ground(roads) if r.tags["highway"] != "track"])
    places, drives = km([s[2:4] for s in SHELTERS]), []
    for k, wanted in enumerate(places[:-1]):
        gate = vertices[np.hypot(*(vertices - wanted).T).argmin()]
        away = np.hypot(*(wanted - gate))
        places[k] = gate + (wanted - gate) / max(away, 1.0) * np.clip(away, 18.0, 40.0)
        drives.append(
            Road(np.vstack([gate, places[k]]), {"highway": "service", "service": "driveway"})
        )
    return lonlat(places, 6), drives


# ---------------------------------------------------------------- writing
def write_raster(
    path: Path, values: Array, transform: Affine, crs: str, nodata: float | None, about: str
) -> None:
    """Write a compressed float32 GeoTIFF of one band."""
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {
        "driver": "GTiff",
        "dtype": "float32",
        "count": 1,
        "height": values.shape[0],
        "width": values.shape[1],
    }
    profile |= {
        "crs": crs,
        "transform": transform,
        "nodata": nodata,
        "compress": "deflate",
        "zlevel": 9,
        "predictor": 3,
    }
    with rasterio.open(path, "w", **profile, tiled=True, blockxsize=256, blockysize=256) as raster:
        raster.write(values.astype("float32"), 1)
        raster.set_band_description(1, about)


def write_vector(path: Path, table: gpd.GeoDataFrame, layer: str) -> None:
    """Write a GeoPackage of one layer, with the same bytes on every run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    pyogrio.write_dataframe(table, path, layer=layer, driver="GPKG")


def write_osm(path: Path, roads: list[Road], terrain: Terrain) -> None:
    """Roads and the two rivers as OSM data; roads that share a vertex share its node."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ways = [(road.line, {k: v for k, v in road.tags.items() if v}) for road in roads]
    ways.append((terrain.river_m[::8], {"waterway": "river", "name": "Sungai Contoh"}))
    ways.append((terrain.stream_m[::-1], {"waterway": "stream", "name": "Sungai Pinang"}))
    nodes: dict[tuple[float, float], int] = {}
    refs = []
    for line, _ in ways:
        corners = [(x, y) for x, y in lonlat(np.round(line, 2)).tolist()]
        refs.append([nodes.setdefault(at, 9_900_000_001 + len(nodes)) for at in corners])
    header = osmium.io.Header()
    header.set("generator", "resilience_geo sample")
    header.set("sorting", "Type_then_ID")
    with osmium.SimpleWriter(str(path), header=header, overwrite=True) as writer:
        for spot, number in nodes.items():
            writer.add_node(Node(id=number, version=1, visible=True, location=spot))
        for number, ((_, tags), way_refs) in enumerate(zip(ways, refs, strict=True), 990_000_001):
            writer.add_way(Way(id=number, version=1, visible=True, nodes=way_refs, tags=tags))


def write_shelters(path: Path, spots: Array) -> None:
    """GeoJSON (RFC 7946) in which what nobody knows is null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns, lines = ("shelter_id", "name", "kind", "kapasitas", "luas_lantai_m2", "accessible"), []
    for k, (shelter, spot) in enumerate(zip(SHELTERS, spots.tolist(), strict=True), 1):
        values = dict(zip(columns, (f"TE-{k:02d}", *shelter[:2], *shelter[4:]), strict=True))
        feature = {
            "type": "Feature",
            "properties": values,
            "geometry": {"type": "Point", "coordinates": spot},
        }
        lines.append(json.dumps(feature, ensure_ascii=False))
    head, body = '{"type": "FeatureCollection", "features": [\n', ",\n".join(lines)
    path.write_text(f"{head}{body}\n]}}\n", encoding="utf-8")


def write_vulnerable(path: Path, desa: gpd.GeoDataFrame, rng: np.random.Generator) -> None:
    """People who need help to leave, per desa, as a village office counts them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shares = {"balita": 0.080, "lansia": 0.112, "penyandang_disabilitas": 0.017, "ibu_hamil": 0.018}
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["village_code", "village_name", "jumlah_penduduk", *shares])
        for code, name, people in desa[
            ["village_code", "village_name", "population_people"]
        ].to_numpy():
            groups = [round(people * share * rng.uniform(0.85, 1.15)) for share in shares.values()]
            writer.writerow([code, name, people, *groups])


# ---------------------------------------------------------------- all of it
def build_network(terrain: Terrain, rng: np.random.Generator) -> Network:
    """Every road of the sample, from the trunk road down to the lanes."""
    network = Network(terrain, rng)
    for name, highway, surface, width, waypoints in ROADS:
        tags = {"highway": highway, "name": name, "surface": surface} | (
            {"width": width} if width else {}
        )
        network.lead(spots(waypoints), tags)
    embank(network, rng)
    garden_tracks(network, rng)
    underpass(network)
    village_lanes(network, rng)
    return network


def register_people(
    desa: gpd.GeoDataFrame, grid: Array, transform: Affine, rng: np.random.Generator
) -> list[int]:
    """People per desa as a register has them: near the grid's sum, never equal to it."""
    shapes = [(shape, k) for k, shape in enumerate(desa.geometry, 1)]
    zone = rasterio.features.rasterize(shapes, grid.shape, transform=transform, dtype="int16")
    counted = np.maximum(grid, 0.0)
    return [int(counted[zone == k].sum() * rng.uniform(0.93, 1.09)) for _, k in shapes]


def make_sample(out: Path) -> None:
    """Write the whole sample below a folder."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2025-01-01T00:00:00.000Z"})
    rng = np.random.default_rng(SEED)
    network = build_network(make_terrain(rng), rng)
    terrain, roads = network.terrain, finish_roads(network)
    shelters, drives = place_shelters(roads)
    dusun = make_boundaries(network, rng)
    desa = make_desa(dusun)
    area = shapely.coverage_union_all(desa.geometry.to_numpy())
    people, people_transform = make_population(houses(roads, terrain.water, rng), area, rng)
    desa["population_people"] = register_people(desa, people, people_transform, rng)

    write_vector(out / "boundaries" / "desa.gpkg", desa, "desa")
    write_vector(out / "boundaries" / "dusun.gpkg", dusun, "dusun")
    write_raster(out / "elevation" / "dem.tif", terrain.dem_m, TRANSFORM, UTM, None, "elevation m")
    depth, slides = out / "hazard" / "banjir_kedalaman_m.tif", out / "hazard" / "longsor_indeks.tif"
    write_raster(depth, terrain.flood_depth_m, TRANSFORM, UTM, -9999.0, "flood depth m")
    write_raster(
        slides, terrain.landslide, TRANSFORM, UTM, -9999.0, "landslide susceptibility index 0-1"
    )
    write_raster(
        out / "population" / "penduduk.tif",
        people,
        people_transform,
        LONLAT,
        -99999.0,
        "people per cell",
    )
    write_osm(out / "roads" / "jalan.osm.pbf", roads + drives, terrain)
    write_shelters(out / "shelters" / "tempat_evakuasi.geojson", shelters)
    write_vulnerable(out / "vulnerable" / "kelompok_rentan.csv", desa, rng)
    total = np.maximum(people, 0.0).sum()
    found = (len(desa), len(dusun), total, len(roads + drives), len(shelters))
    log.info("%d desa, %d dusun, %.0f people, %d ways, %d shelters", *found)


def main() -> None:
    """Read the command line and make the sample."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=Path("data"), metavar="DIR", help="folder (default: data)"
    )
    args = parser.parse_args()
    logging.basicConfig(format="%(message)s")
    log.setLevel(logging.INFO)
    make_sample(args.out)


if __name__ == "__main__":
    main()
