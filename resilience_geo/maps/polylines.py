"""Lines and rings made light: simplified, in degrees, and packed as text.

The packing is the encoded polyline format of Google Maps, as Leaflet tools know it: differences
of whole 1e-5 degrees (1.1 m), five bits to a letter. It takes a third of the same GeoJSON, and
a name cannot hide in it.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from resilience_geo.crs import GEOGRAPHIC, metric_crs_of, to_lat_lon
from resilience_geo.maps.shared_routes import routes_of_chains, share_routes
from resilience_geo.maps.strokes import strokes_by_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import pyproj
    from numpy.typing import NDArray

TOLERANCE_M = 2.0
_STEPS_PER_DEGREE = 100_000
_MOST_LETTERS = 7  # 35 bits hold any difference of degrees
_SPREADING = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)
_AREA_FACTOR = 2.0
_FEWEST_POINTS_OF_A_RING = 4


def packed(geometry: gpd.GeoSeries, *, tolerance_m: float = TOLERANCE_M) -> list[str]:
    """Return the lines or rings of a layer, joined where they go on through crossings, as a pack.

    Parameters
    ----------
    geometry
        Lines or polygons in any CRS; parts and rings become lines of their own.
    tolerance_m
        How far a line may move when points are dropped.

    Returns
    -------
    list of str
        As `pack_lines` returns it.
    """
    shapes = np.asarray(geometry.array)
    # GeoSeries.notna warns where there are empty shapes.
    geometry = geometry[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if geometry.empty:
        return ["", ""]
    metres = _in_metres(geometry)
    shapes = np.asarray(metres.array)
    kind = np.zeros(len(shapes), dtype=np.int64)
    return packed_by_kind(shapes, kind, 1, metres.crs, tolerance_m=tolerance_m)[0]


def packed_by_kind(
    shapes: NDArray[np.object_],
    kind: NDArray[np.int64],
    count: int,
    crs: pyproj.CRS,
    *,
    tolerance_m: float = TOLERANCE_M,
) -> list[list[str]]:
    """Return a pack, as `packed` does, of each kind of shapes.

    Parameters
    ----------
    shapes
        Lines or polygons, none of them empty.
    kind
        Of each shape: a whole number below `count`.
    count
        How many kinds there are.
    crs
        The metric CRS of the shapes.
    tolerance_m
        How far a line may move when points are dropped.
    """
    lines, owner = _lines_of(shapes)
    joined, kind_of_stroke = strokes_by_kind(lines, kind[owner])
    light = shapely.simplify(joined, tolerance_m)
    degrees, sizes = to_lat_lon(shapely.get_coordinates(light), crs), _sizes(light)
    kind_of_point = np.repeat(kind_of_stroke, sizes)
    return [
        _pack(degrees[kind_of_point == number], sizes[kind_of_stroke == number], ordered=False)
        for number in range(count)
    ]


def packed_areas(geometry: gpd.GeoSeries, *, tolerance_m: float = TOLERANCE_M) -> list[list[str]]:
    """Return the encoded rings of each area apart, in order; neighbours keep one border.

    Parameters
    ----------
    geometry
        Polygons in any CRS; of points and lines nothing is returned.
    tolerance_m
        How far a border may move when points are dropped.
    """
    if geometry.empty:
        return []
    light = simplified_areas(_in_metres(geometry), tolerance_m)
    lines, owners = _lines_of(np.asarray(light.array))
    texts = encode(lines, light.crs)
    result: list[list[str]] = [[] for _ in range(len(geometry))]
    for owner, text in zip(owners.tolist(), texts, strict=True):
        result[owner].append(text)
    return result


def simplified_areas(geometry: gpd.GeoSeries, tolerance_m: float) -> gpd.GeoSeries:
    """Return areas with fewer points; a border of two neighbours stays one line.

    Where the areas fit together (neighbours share every point of their border, and none overlap)
    the borders are thinned by the algorithm of Visvalingam and Whyatt, which no gap and no crossing
    can come of (`shapely.coverage_simplify`). Areas that overlap somewhere are cut into the runs of
    border that the same rings follow, and each run is thinned once for all of them.

    Parameters
    ----------
    geometry
        Areas in a metric CRS.
    tolerance_m
        How far a border may move (m).
    """
    shapes = np.asarray(geometry.array)
    areas = np.flatnonzero(shapely.get_dimensions(shapes) == 2)  # noqa: PLR2004  polygons
    if not areas.size:
        return geometry
    if shapely.coverage_is_valid(shapes[areas]):
        # The tolerance of this algorithm is the side of a square as large as a dropped triangle.
        shapes[areas] = shapely.coverage_simplify(shapes[areas], tolerance_m * _AREA_FACTOR)
    else:
        shapes[areas] = _thinned_by_runs(shapes[areas], tolerance_m)
    return type(geometry)(shapes, index=geometry.index, crs=geometry.crs)


def _in_metres(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return a layer in the metric CRS of its middle."""
    west, south, east, north = (float(value) for value in geometry.total_bounds)
    return geometry.to_crs(metric_crs_of((west, south, east, north), geometry.crs))


def _thinned_by_runs(shapes: NDArray[np.object_], tolerance_m: float) -> NDArray[np.object_]:
    """Return areas whose borders are thinned run by run, each run once for all rings along it."""
    parts, area_of_part = shapely.get_parts(shapes, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    shared = share_routes(rings)
    light = routes_of_chains(shared, shapely.simplify(shared.chains, tolerance_m))
    # A ring that would shrink to a line stays as it was.
    kept = shapely.get_num_coordinates(light) >= _FEWEST_POINTS_OF_A_RING
    light = np.where(kept, light, rings)
    places, ring_of = shapely.get_coordinates(light, return_index=True)
    polygons = shapely.polygons(shapely.linearrings(places, indices=ring_of), indices=part_of_ring)
    areas: NDArray[np.object_] = shapely.multipolygons(polygons, indices=area_of_part)
    return areas


def _lines_of(
    shapes: NDArray[np.object_],
) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """Return the parts or rings of shapes as lines, and the position of the shape each is of."""
    if (shapely.get_type_id(shapes) == shapely.GeometryType.LINESTRING).all():
        return shapes, np.arange(len(shapes))
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


def encode(lines: NDArray[np.object_], crs: pyproj.CRS = GEOGRAPHIC) -> list[str]:
    """Return lines as encoded polylines, in degrees.

    Parameters
    ----------
    lines
        LineStrings.
    crs
        Their CRS.

    Examples
    --------
    >>> encode(np.array([shapely.LineString([(-120.2, 38.5), (-120.95, 40.7)])]))
    ['_p~iF~ps|U_ulLnnqC']
    """
    if not len(lines):
        return []
    points, of_line = shapely.get_coordinates(lines, return_index=True)
    steps = _steps(to_lat_lon(points, crs))
    deltas = np.diff(steps, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    starts = np.flatnonzero(np.diff(of_line, prepend=-1))
    deltas[starts] = steps[starts]
    letters, lengths = _letters(deltas.ravel())
    of_point = lengths.reshape(-1, 2).sum(axis=1)
    ends = np.cumsum(np.bincount(of_line, weights=of_point, minlength=len(lines))).astype(int)
    begins = np.concatenate([[0], ends[:-1]])
    return [letters[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]


def pack_lines(
    lines: NDArray[np.object_], crs: pyproj.CRS = GEOGRAPHIC, *, ordered: bool = False
) -> list[str]:
    """Return lines as two texts: all points one after the other, in degrees, and points per line.

    A line begins where the one before it ends, or near it, which saves the five letters and more
    that its first point takes alone.

    Parameters
    ----------
    lines
        LineStrings.
    crs
        Their CRS.
    ordered
        Whether the lines must keep their order; else near ones come together.
    """
    degrees = to_lat_lon(shapely.get_coordinates(lines), crs)
    return _pack(degrees, _sizes(lines), ordered=ordered)


def _sizes(lines: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return how many points each line has."""
    return np.asarray(shapely.get_num_coordinates(lines), dtype=np.int64)


def _pack(degrees: NDArray[np.float64], sizes: NDArray[np.int64], *, ordered: bool) -> list[str]:
    """Return lines as `pack_lines` does: their points (latitude, longitude), how many of each."""
    if not sizes.size:
        return ["", ""]
    if not ordered:
        first = np.cumsum(sizes) - sizes
        order = _near_ones_together(degrees[first])
        first, sizes = first[order], sizes[order]
        shift = np.repeat(first - np.cumsum(sizes) + sizes, sizes)
        degrees = degrees[shift + np.arange(len(degrees))]
    steps = _steps(degrees)
    deltas = np.diff(steps, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    return [_letters(deltas.ravel())[0], encode_numbers(sizes)]


def encode_points(points: NDArray[np.float64]) -> str:
    """Return points in degrees as one encoded polyline, also where there is only one or none.

    Parameters
    ----------
    points
        Longitude and latitude, shape (n, 2).
    """
    steps = _steps(points[:, ::-1])
    return _letters(np.diff(steps, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel())[0]


def encode_numbers(values: NDArray[np.int64] | list[int]) -> str:
    """Return whole numbers as text, with the letters of an encoded polyline.

    Examples
    --------
    >>> encode_numbers([0, -1, 1, 40])
    '?@AoA'
    """
    return _letters(np.asarray(values, dtype=np.int64).ravel())[0]


def encode_columns(columns: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """Return columns of whole numbers as texts, as `encode_numbers` does with each."""
    if not columns:
        return {}
    values = [column.astype(np.int64) for column in columns.values()]
    letters, lengths = _letters(np.concatenate(values))
    ends = np.append(0, np.cumsum(lengths))[np.cumsum([0, *(each.size for each in values)])]
    texts = (letters[begin:end] for begin, end in itertools.pairwise(ends.tolist()))
    return dict(zip(columns, texts, strict=True))


def _steps(degrees: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return (latitude, longitude) in degrees as whole steps."""
    return np.rint(degrees * _STEPS_PER_DEGREE).astype(np.int64)


def _near_ones_together(begins: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return an order of lines, given by their first points, in which near ones come together.

    Parameters
    ----------
    begins
        Latitude and longitude, shape (n, 2).
    """
    cells = _steps(begins - begins.min(axis=0))
    return np.argsort(_spread(cells[:, 1]) | (_spread(cells[:, 0]) << 1), kind="stable")


def _spread(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return whole numbers below 2**31 with a zero before each of their bits.

    Two numbers by turns, bit by bit, are a place on Morton's curve (1966): neighbours share their
    leading bits.
    """
    for shift, mask in _SPREADING:
        values = (values | (values << shift)) & mask
    return values


def _letters(values: NDArray[np.int64]) -> tuple[str, NDArray[np.intp]]:
    """Return the letters of whole numbers, and how many each takes."""
    zigzag = np.where(values < 0, ~(values << 1), values << 1)
    shifts = 5 * np.arange(_MOST_LETTERS)
    rest = zigzag[:, None] >> shifts
    used = (rest > 0) | (shifts == 0)
    more = np.zeros_like(used)
    more[:, :-1] = used[:, 1:]
    letters = ((rest & 0x1F) + 0x20 * more + 63).astype(np.uint8)[used]
    return letters.tobytes().decode("ascii"), used.sum(axis=1)


def decode_numbers(text: str) -> list[int]:
    """Return the whole numbers of a text from `encode_numbers`."""
    values = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 63
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits < 0x20:  # noqa: PLR2004  the flag of the format: no more letters follow
            values.append(~(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return values


def unpack_lines(pack: list[str]) -> list[list[tuple[float, float]]]:
    """Return the lines of `pack_lines` as (latitude, longitude) points."""
    points, lines, begin = decode(pack[0]), [], 0
    for size in decode_numbers(pack[1]):
        lines.append(points[begin : begin + size])
        begin += size
    return lines


def decode(text: str) -> list[tuple[float, float]]:
    """Return the (latitude, longitude) points of an encoded polyline."""
    steps = np.array(decode_numbers(text)).reshape(-1, 2)
    points = np.cumsum(steps, axis=0) / _STEPS_PER_DEGREE
    return [(float(latitude), float(longitude)) for latitude, longitude in points]
