"""The area whose roads are wanted: villages and what lies around them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from resilience_geo.crs import GEOGRAPHIC, metric_crs_of, transformer
from resilience_geo.errors import CrsError, InputError, Message, OverlapError, Problem

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray


def area_around(villages: gpd.GeoDataFrame | gpd.GeoSeries, buffer_m: float) -> shapely.Geometry:
    """Return the area within `buffer_m` metres of the villages, in EPSG:4326.

    Parameters
    ----------
    villages
        Polygons in any stated CRS. Rows without a geometry are passed over.
    buffer_m
        How far beyond their borders roads are wanted, in metres.

    Raises
    ------
    CrsError
        The villages state no CRS.
    InputError
        There is no village with a geometry, or `buffer_m` is not a number of 0 or more.
    """
    problems: list[Problem] = []
    if not (isinstance(buffer_m, (int, float)) and 0 <= buffer_m < math.inf):
        problems.append(
            Problem(
                found=Message("{value}", value=repr(buffer_m)),
                expected=Message("a distance in metres, 0 or more"),
                remedy=Message("give buffer_m= such a number"),
            )
        )
    shapes = np.asarray(villages.geometry.values)
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(shapes):
        problems.append(
            Problem(
                found=Message("no village with a geometry"),
                expected=Message("at least one village polygon to read roads for"),
                remedy=Message("check which villages were selected"),
            )
        )
    if problems:
        raise InputError(problems)
    if villages.crs is None:
        raise CrsError(
            Problem(
                found=Message("villages without a coordinate reference system"),
                expected=Message("villages that state their CRS"),
                remedy=Message("set it with villages.set_crs(...) as their source says"),
            )
        )
    return _buffered(shapes, pyproj.CRS(villages.crs), float(buffer_m))


def _buffered(shapes: NDArray[np.object_], crs: pyproj.CRS, buffer_m: float) -> shapely.Geometry:
    """Return the union of shapes, widened in metres, in EPSG:4326."""
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    metric = metric_crs_of((west, south, east, north), crs)
    inward, outward = transformer(crs, metric), transformer(metric, GEOGRAPHIC)
    shapes = shapely.make_valid(shapely.force_2d(shapes))
    in_metres = shapely.transform(shapes, inward.transform, interleaved=False)
    union = shapely.union_all(shapely.make_valid(in_metres))
    widened = shapely.buffer(union, buffer_m) if buffer_m else union
    return shapely.make_valid(shapely.transform(widened, outward.transform, interleaved=False))


def area_in(area: shapely.Geometry, crs: pyproj.CRS) -> shapely.Geometry:
    """Return an area given in EPSG:4326 in another CRS."""
    if crs == GEOGRAPHIC:
        return area
    outward = transformer(GEOGRAPHIC, crs)
    return shapely.make_valid(shapely.transform(area, outward.transform, interleaved=False))


def touching(shapes: NDArray[np.object_], area: shapely.Geometry) -> NDArray[np.bool_]:
    """Return which shapes touch the area; both in one CRS."""
    west, south, east, north = shapely.bounds(area)
    box = shapely.bounds(shapes)
    near = (box[:, 0] <= east) & (box[:, 2] >= west) & (box[:, 1] <= north) & (box[:, 3] >= south)
    shapely.prepare(area)
    near[near] = shapely.intersects(area, shapes[near])
    return np.asarray(near, dtype=bool)


def nothing_inside(
    file: str, extent: Any, area: shapely.Geometry, layer: str | None = None
) -> OverlapError:
    """Return the error for roads none of which touches the area.

    Parameters
    ----------
    file
        Name of the road file.
    extent
        West, south, east, north of its roads in degrees.
    area
        The area asked for, in EPSG:4326.
    layer
        Name of its layer, where it has several.
    """
    return OverlapError(
        Problem(
            file=file,
            layer=layer,
            found=Message("roads only within {extent}", extent=_extent_text(extent)),
            expected=Message(
                "roads that touch the villages and their surroundings, {extent}",
                extent=_extent_text(shapely.bounds(area)),
            ),
            remedy=Message(
                "take a road file of this area, or check the coordinate reference systems of both"
            ),
        )
    )


def _extent_text(extent: Any) -> str:
    """Return an extent as longitude and latitude ranges that a reader can find on a map."""
    west, south, east, north = (float(value) for value in extent)
    return f"{west:.4f}..{east:.4f} E, {south:.4f}..{north:.4f} N"
