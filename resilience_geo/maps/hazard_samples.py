"""The hazard class of scattered places, for pictures: only classes, of windows that hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from resilience_geo.crs import transform_points
from resilience_geo.hazard_classes import NONE, UNKNOWN
from resilience_geo.inputs.hazard_map import graver_class

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

_MOST_WINDOW_CELLS = 2_000_000


def hazard_class_at(
    hazard: Any, x: NDArray[np.float64], y: NDArray[np.float64], crs: pyproj.CRS
) -> NDArray[np.uint8]:
    """Return the class of places; of several hazards the gravest.

    Roads and shelters are judged by `analysis.hazard_places`, which also says how deep the water
    is and what lies on either side of a line between cells. A picture needs neither.

    Parameters
    ----------
    hazard
        A `Hazard`.
    x, y
        Places in `crs`.
    crs
        Their CRS.

    Returns
    -------
    ndarray
        Class numbers; unknown where no map reaches.
    """
    found = np.full(x.size, NONE, dtype=np.uint8)
    for one in hazard.maps:
        found = graver_class(found, _class_at(one, x, y, crs))
    return found


def _class_at(
    hazard: Any, x: NDArray[np.float64], y: NDArray[np.float64], crs: Any
) -> NDArray[np.uint8]:
    """Return the class of places given in `crs`, by a single map; unknown outside of it."""
    if hazard.grid is None:
        return _class_in_polygons(hazard, *transform_points(x, y, crs, hazard.polygons.crs))
    x, y = transform_points(x, y, crs, hazard.grid.crs)
    corner = hazard.grid.transform  # north-up: a and e are the cell's width and height
    row = np.floor((y - corner.f) / corner.e).astype(np.int64)
    column = np.floor((x - corner.c) / corner.a).astype(np.int64)
    found = np.full(x.size, UNKNOWN, dtype=np.uint8)
    height, width = hazard.grid.shape
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    if not inside.any():
        return found
    left, right = int(column[inside].min()), int(column[inside].max()) + 1
    band = max(1, _MOST_WINDOW_CELLS // (right - left))
    last = int(row[inside].max()) + 1
    for start in range(int(row[inside].min()), last, band):
        stop = min(start + band, last)
        here = inside & (row >= start) & (row < stop)
        classes = hazard.classes(slice(start, stop), slice(left, right))
        found[here] = classes[row[here] - start, column[here] - left]
    return found


def _class_in_polygons(
    hazard: Any, x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Return the class of places by polygons; what none covers is unknown, or none between them."""
    found = np.full(x.size, UNKNOWN, dtype=np.uint8)
    if not x.size or not len(hazard.polygons):
        return found
    if hazard.nodata_means == "none":  # between the polygons; beyond them nothing is known
        west, south, east, north = hazard.polygons.total_bounds
        found[(x >= west) & (x <= east) & (y >= south) & (y <= north)] = NONE
    area = (float(x.min()), float(y.min()), float(x.max()), float(y.max()))
    covered = np.zeros(x.size, dtype=bool)
    shapes = shapely.clip_by_rect(hazard.polygons.geometry.to_numpy(), *area)
    for shape, number in zip(shapes, hazard.polygons["hazard_class"], strict=True):
        shapely.prepare(shape)
        inside = shapely.intersects_xy(shape, x, y)
        both = inside & covered
        own = np.full(int(both.sum()), number, dtype=np.uint8)
        found[both] = graver_class(found[both], own)
        found[inside & ~covered] = number
        covered |= inside
    return found
