"""The people: houses beside the roads, the grid over them, the register and who needs help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio.features
import shapely
from rasterio.transform import Affine
from scipy import ndimage

from sample_place.frame import TO_LONLAT, away, densify, km
from sample_place.places import DUSUN, HUTS, THROUGH

if TYPE_CHECKING:
    import geopandas as gpd
    from pyproj import Transformer

    from sample_place.frame import Array
    from sample_place.network import Road

OUTSIDE = -99999.0
VULNERABLE = {"balita": 0.080, "lansia": 0.112, "penyandang_disabilitas": 0.017, "ibu_hamil": 0.018}


def on_the_ground(roads: list[Road]) -> list[Road]:
    """Roads a house can stand beside.

    Parameters
    ----------
    roads
        Any ways.

    Returns
    -------
    list of Road
        Those that are no bridge, tunnel or ford.
    """
    return [road for road in roads if not {"bridge", "tunnel", "ford"} & road.tags.keys()]


def houses(roads: list[Road], water: shapely.Geometry, rng: np.random.Generator) -> Array:
    """Place houses beside the roads, most of them around the dusun.

    Parameters
    ----------
    roads
        Every way of the place.
    water
        Where no house can stand, UTM.
    rng
        Where chance comes from.

    Returns
    -------
    numpy.ndarray
        Columns easting, northing and people.
    """
    ground = [(densify(r.line, 14.0), r.tags["highway"] in THROUGH) for r in on_the_ground(roads)]
    points = np.vstack([line for line, _ in ground])
    through = np.concatenate([np.full(len(line), wide) for line, wide in ground])
    pull = np.where(through, 1.4, 1.0)
    found = []
    for dusun in DUSUN:
        far = away(points, km([(dusun.x_km, dusun.y_km)])[0])
        weight = np.exp(-((far / dusun.reach_m) ** 2)) * pull * (far < 1.25 * dusun.reach_m)
        count = max(4, round(dusun.people / 3.9))
        near = points[rng.choice(len(points), count, p=weight / weight.sum())]
        near = near + rng.normal(0.0, 16.0, near.shape)
        found.append(np.column_stack([near, np.full(count, dusun.people / count)]))
    strip = points[through][rng.choice(int(through.sum()), 170)]
    found.append(np.column_stack([strip + rng.normal(0.0, 20.0, strip.shape), np.full(170, 3.6)]))
    found.append(np.column_stack([km([hut[:2] for hut in HUTS]), [hut[2] for hut in HUTS]]))
    table = np.vstack(found)
    dry: Array = table[shapely.distance(shapely.points(table[:, :2]), water) > 8.0]
    return dry


def make_population(
    built: Array,
    area: shapely.Geometry,
    rng: np.random.Generator,
    to_lonlat: Transformer = TO_LONLAT,
    everywhere: tuple[float, float] = (0.002, 0.02),
) -> tuple[Array, Affine]:
    """Count people per 3 arc-second cell, spread as a gridded product does.

    Parameters
    ----------
    built
        Houses: easting, northing and people.
    area
        The kecamatan (EPSG:4326).
    rng
        Where chance comes from.
    to_lonlat
        From the coordinates of the houses.
    everywhere
        People in every cell, at least and at most, also where no house is.

    Returns
    -------
    tuple of numpy.ndarray and affine.Affine
        People per cell, -99999 outside the kecamatan; where the grid lies.
    """
    step = 1.0 / 1200.0
    west, south, east, north = area.bounds
    west, north = np.floor(west / step) * step, np.ceil(north / step) * step
    cols, rows = int((east - west) / step) + 1, int((north - south) / step) + 1
    lon, lat = to_lonlat.transform(built[:, 0], built[:, 1])
    edges = (np.arange(rows + 1), np.arange(cols + 1))
    grid = np.histogram2d(
        (north - lat) / step, (lon - west) / step, bins=edges, weights=built[:, 2]
    )[0]
    grid = ndimage.gaussian_filter(grid, 0.45) + rng.uniform(*everywhere, grid.shape)
    transform = Affine(step, 0.0, west, 0.0, -step, north)
    inside = rasterio.features.geometry_mask([area], grid.shape, transform, invert=True)
    return np.where(inside, grid.round(3), OUTSIDE), transform


def register_people(
    desa: gpd.GeoDataFrame, grid: Array, transform: Affine, rng: np.random.Generator
) -> list[int]:
    """Count people per desa as a register has them: near the grid's sum, never equal to it.

    Parameters
    ----------
    desa
        Polygons (EPSG:4326).
    grid, transform
        People per cell, and where the grid lies.
    rng
        Where chance comes from.

    Returns
    -------
    list of int
        People per desa.
    """
    shapes = [(shape, k) for k, shape in enumerate(desa.geometry, 1)]
    zone = rasterio.features.rasterize(shapes, grid.shape, transform=transform, dtype="int16")
    counted = np.maximum(grid, 0.0)
    return [int(counted[zone == k].sum() * rng.uniform(0.93, 1.09)) for _, k in shapes]


def count_vulnerable(desa: gpd.GeoDataFrame, rng: np.random.Generator) -> list[list[object]]:
    """Count people who need help to leave, per desa, as a village office counts them.

    Parameters
    ----------
    desa
        Codes, names and `population_people`.
    rng
        Where chance comes from.

    Returns
    -------
    list of list
        Rows of the table, its head first.
    """
    rows: list[list[object]] = [["village_code", "village_name", "jumlah_penduduk", *VULNERABLE]]
    for code, name, people in zip(
        desa["village_code"], desa["village_name"], desa["population_people"], strict=True
    ):
        shares = VULNERABLE.values()
        groups = [round(people * share * rng.uniform(0.85, 1.15)) for share in shares]
        rows.append([code, name, people, *groups])
    return rows
