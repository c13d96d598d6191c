"""The frame of the sample: coordinate systems, the 30 m grid, lines and noise laid on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.transform import Affine
from scipy import ndimage
from shapely.geometry import LineString

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = NDArray[np.float64]

UTM, LONLAT = "EPSG:32748", "EPSG:4326"
EAST, NORTH = 782_000.0, 9_552_000.0  # local (0, 0) km of the tables
CELL_M, ROWS, COLS = 30.0, 372, 444
LEFT, TOP = EAST - 600.0, NORTH - 600.0 + ROWS * CELL_M
TRANSFORM = Affine(CELL_M, 0.0, LEFT, 0.0, -CELL_M, TOP)
TO_LONLAT = Transformer.from_crs(UTM, LONLAT, always_xy=True)


def km(points: Sequence[tuple[float, float]] | Array) -> Array:
    """Local kilometres as UTM metres.

    Parameters
    ----------
    points
        Shape (n, 2), local km.

    Returns
    -------
    numpy.ndarray
        Shape (n, 2), easting and northing.
    """
    return np.asarray(points, float) * 1000.0 + (EAST, NORTH)


def spots(text: str) -> list[tuple[float, float]]:
    """Points written as "x y, x y".

    Parameters
    ----------
    text
        Local km as in the tables.

    Returns
    -------
    list of tuple of float
        One pair per point, local km.
    """
    return [(float(x), float(y)) for x, y in (pair.split() for pair in text.split(","))]


def lonlat(points: Array, digits: int = 7, to_lonlat: Transformer = TO_LONLAT) -> Array:
    """UTM metres as rounded longitude and latitude.

    Parameters
    ----------
    points
        Shape (n, 2), UTM.
    digits
        Decimals kept; 7 are about a centimetre.
    to_lonlat
        From another UTM zone than that of the sample.

    Returns
    -------
    numpy.ndarray
        Shape (n, 2), longitude and latitude.
    """
    degrees: Array = np.column_stack(to_lonlat.transform(*points.T))
    return degrees.round(digits)


def local_cells() -> tuple[Array, Array]:
    """Centres of the cells of the 30 m grid.

    Returns
    -------
    tuple of numpy.ndarray
        x and y in local km, each of the grid's shape.
    """
    col, row = np.meshgrid(np.arange(COLS) + 0.5, np.arange(ROWS) + 0.5)
    east, north = LEFT + col * CELL_M, TOP - row * CELL_M
    return (east - EAST) / 1000.0, (north - NORTH) / 1000.0


def utm_cells() -> Array:
    """Centres of the cells of the 30 m grid as points.

    Returns
    -------
    numpy.ndarray
        Shape (cells, 2), UTM, row by row.
    """
    col, row = np.meshgrid(np.arange(COLS) + 0.5, np.arange(ROWS) + 0.5)
    return np.column_stack([(LEFT + col * CELL_M).ravel(), (TOP - row * CELL_M).ravel()])


def away(points: Array, spot: Array) -> Array:
    """Distance of points from one spot.

    Parameters
    ----------
    points
        Shape (n, 2), UTM.
    spot
        Shape (2,), UTM, or one spot for each point.

    Returns
    -------
    numpy.ndarray
        Shape (n,), m.
    """
    distance: Array = np.hypot(*(points - spot).T)
    return distance


def smooth(line: Array, times: int) -> Array:
    """Round a line off without moving its ends or changing how many vertices it has.

    Parameters
    ----------
    line
        Shape (n, 2).
    times
        How often each vertex moves towards its neighbours.

    Returns
    -------
    numpy.ndarray
        Shape (n, 2).
    """
    line = line.copy()
    for _ in range(times):
        line[1:-1] = (line[:-2] + 2.0 * line[1:-1] + line[2:]) / 4.0
    return line


def densify(line: Array, step: float) -> Array:
    """Vertices at about equal steps along a line.

    Parameters
    ----------
    line
        Shape (n, 2).
    step
        Longest step, in the line's unit.

    Returns
    -------
    numpy.ndarray
        The line's own vertices with new ones between them.
    """
    vertices: Array = shapely.get_coordinates(LineString(line).segmentize(step))
    return vertices


def fractal(rng: np.random.Generator, sigmas: tuple[float, ...]) -> Array:
    """Noise of several wavelengths on the 30 m grid.

    Parameters
    ----------
    rng
        Where chance comes from.
    sigmas
        Wavelengths in cells; the longer, the stronger.

    Returns
    -------
    numpy.ndarray
        Mean 0 and spread 1, of the grid's shape.
    """
    total = np.zeros((ROWS, COLS))
    for sigma in sigmas:
        layer = ndimage.gaussian_filter(rng.standard_normal((ROWS, COLS)), sigma, mode="reflect")
        total += layer / layer.std() * sigma**0.9
    noise: Array = (total - total.mean()) / total.std()
    return noise


def largest_part(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the largest connected part of a mask.

    Parameters
    ----------
    mask
        On the 30 m grid; at least one cell is true.

    Returns
    -------
    numpy.ndarray
        True in that part only.
    """
    parts, _ = ndimage.label(mask)
    largest: NDArray[np.bool_] = parts == np.bincount(parts.ravel())[1:].argmax() + 1
    return largest
