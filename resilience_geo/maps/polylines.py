"""Lines and rings made light: simplified, in degrees, and packed as text.

The packing is the encoded polyline format of Google Maps, as Leaflet tools know it: differences
of whole 1e-5 degrees (1.1 m), five bits to a letter. It takes a third of the same GeoJSON, and
a name cannot hide in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from resilience_geo.crs import GEOGRAPHIC, metric_crs_of, to_lat_lon

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

TOLERANCE_M = 3.0
_STEPS_PER_DEGREE = 100_000
_MOST_LETTERS = 7  # 35 bits hold any difference of degrees


def packed(geometry: gpd.GeoSeries, *, tolerance_m: float = TOLERANCE_M) -> list[str]:
    """Return every line or ring of a layer as an encoded polyline.

    Parameters
    ----------
    geometry
        Lines or polygons in any CRS; parts and rings become lines of their own.
    tolerance_m
        How far a line may move when points are dropped.
    """
    parts = _light_parts(geometry, tolerance_m)
    return encode(parts) if len(parts) else []


def packed_each(geometry: gpd.GeoSeries, *, tolerance_m: float = TOLERANCE_M) -> list[list[str]]:
    """Return the encoded lines or rings of each geometry apart, in order."""
    if geometry.empty:
        return []
    light = _in_metres(geometry).simplify(tolerance_m, preserve_topology=True)
    light = light.to_crs(4326)
    lines, owners = _lines_of(np.asarray(light.array))
    texts = encode(lines)
    result: list[list[str]] = [[] for _ in range(len(geometry))]
    for owner, text in zip(owners.tolist(), texts, strict=True):
        result[owner].append(text)
    return result


def _in_metres(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return a layer in the metric CRS of its middle."""
    west, south, east, north = (float(value) for value in geometry.total_bounds)
    return geometry.to_crs(metric_crs_of((west, south, east, north), geometry.crs))


def _light_parts(geometry: gpd.GeoSeries, tolerance_m: float) -> NDArray[np.object_]:
    """Return the lines of a layer in degrees, joined where they meet end to end, simplified."""
    geometry = geometry[~geometry.is_empty & geometry.notna()]
    if geometry.empty:
        return np.empty(0, dtype=object)
    metres = _in_metres(geometry)
    lines, _ = _lines_of(np.asarray(metres.array))
    merged = shapely.line_merge(shapely.multilinestrings(lines))
    light = shapely.simplify(shapely.get_parts(merged), tolerance_m)
    moved = type(geometry)(light, crs=metres.crs).to_crs(4326)
    return np.asarray(moved.array)


def _lines_of(
    shapes: NDArray[np.object_],
) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """Return the parts or rings of shapes as lines, and the position of the shape each is of."""
    parts, owners = shapely.get_parts(shapes, return_index=True)
    rings, part_of_ring = shapely.get_rings(
        np.where(shapely.get_type_id(parts) == shapely.GeometryType.POLYGON, parts, None),
        return_index=True,
    )
    is_line = np.isin(
        shapely.get_type_id(parts),
        (shapely.GeometryType.LINESTRING, shapely.GeometryType.LINEARRING),
    )
    lines = np.concatenate([parts[is_line], rings])
    of_shape = np.concatenate([owners[is_line], owners[part_of_ring]])
    order = np.argsort(of_shape, kind="stable")
    coordinates, of_line = shapely.get_coordinates(lines[order], return_index=True)
    as_lines = shapely.linestrings(coordinates, indices=of_line) if len(of_line) else lines
    return np.asarray(as_lines), of_shape[order]


def encode(lines: NDArray[np.object_]) -> list[str]:
    """Return lines in degrees as encoded polylines.

    Examples
    --------
    >>> encode(np.array([shapely.LineString([(-120.2, 38.5), (-120.95, 40.7)])]))
    ['_p~iF~ps|U_ulLnnqC']
    """
    if not len(lines):
        return []
    points, of_line = shapely.get_coordinates(lines, return_index=True)
    steps = np.rint(to_lat_lon(points, GEOGRAPHIC) * _STEPS_PER_DEGREE).astype(np.int64)
    deltas = np.diff(steps, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    starts = np.flatnonzero(np.diff(of_line, prepend=-1))
    deltas[starts] = steps[starts]
    values = deltas.ravel()
    zigzag = np.where(values < 0, ~(values << 1), values << 1)
    shifts = 5 * np.arange(_MOST_LETTERS)
    groups = (zigzag[:, None] >> shifts) & 0x1F
    rest = zigzag[:, None] >> shifts
    used = (rest > 0) | (shifts == 0)
    more = np.zeros_like(used)
    more[:, :-1] = used[:, 1:]
    letters = (groups + 0x20 * more + 63).astype(np.uint8)[used].tobytes().decode("ascii")
    lengths = used.sum(axis=1).reshape(-1, 2).sum(axis=1)
    ends = np.cumsum(np.bincount(of_line, weights=lengths, minlength=len(lines))).astype(int)
    begins = np.concatenate([[0], ends[:-1]])
    return [letters[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]


def decode(text: str) -> list[tuple[float, float]]:
    """Return the (latitude, longitude) points of an encoded polyline."""
    values = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 63
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits < 0x20:  # noqa: PLR2004  the flag of the format: no more letters follow
            values.append(~(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    points = np.cumsum(np.array(values).reshape(-1, 2), axis=0) / _STEPS_PER_DEGREE
    return [(float(latitude), float(longitude)) for latitude, longitude in points]
