"""Coordinate reference systems: the metric one of an area, and the flip for web maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyproj

if TYPE_CHECKING:
    from numpy.typing import NDArray

GEOGRAPHIC = pyproj.CRS.from_epsg(4326)
GEOD = pyproj.Geod(ellps="WGS84")


def metric_crs(longitude: float, latitude: float) -> pyproj.CRS:
    """Return the WGS 84 / UTM zone of a place, in which everything is measured in metres.

    Parameters
    ----------
    longitude, latitude
        A place in the middle of the area, in degrees.

    Returns
    -------
    pyproj.CRS
        WGS 84 / UTM, the practice of BNPB (Perka 2/2012). An area that straddles the equator or a
        zone edge is measured in the one zone of its middle.

    Examples
    --------
    >>> metric_crs(106.8, -6.2).to_epsg()
    32748
    """
    zone = int((longitude + 180.0) // 6.0) % 60 + 1
    return pyproj.CRS.from_epsg((32700 if latitude < 0 else 32600) + zone)


def metric_crs_of(bounds: tuple[float, float, float, float], crs: pyproj.CRS) -> pyproj.CRS:
    """Return the metric CRS of a box given as (west, south, east, north) in `crs`."""
    west, south, east, north = bounds
    longitude, latitude = transformer(crs, GEOGRAPHIC).transform(
        (west + east) / 2.0, (south + north) / 2.0
    )
    return metric_crs(longitude, latitude)


def transformer(source: pyproj.CRS, target: pyproj.CRS) -> pyproj.Transformer:
    """Return a transformer that keeps (x, y) order on both sides."""
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def transform_points(
    x: NDArray[np.float64], y: NDArray[np.float64], source: pyproj.CRS, target: pyproj.CRS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Move points from one CRS to another; the same arrays when the two are the same."""
    if source == target:
        return x, y
    moved_x, moved_y = transformer(source, target).transform(x, y)
    return np.asarray(moved_x, dtype=np.float64), np.asarray(moved_y, dtype=np.float64)


def to_lat_lon(points_xy: NDArray[np.float64], crs: pyproj.CRS) -> NDArray[np.float64]:
    """Return points as (latitude, longitude), the order of Leaflet; the only flip in the package.

    Parameters
    ----------
    points_xy
        Shape (n, 2), in `crs`.

    Returns
    -------
    ndarray
        Shape (n, 2), degrees.
    """
    points = np.asarray(points_xy, dtype=np.float64).reshape(-1, 2)
    longitude, latitude = transform_points(points[:, 0], points[:, 1], crs, GEOGRAPHIC)
    return np.column_stack([latitude, longitude])
