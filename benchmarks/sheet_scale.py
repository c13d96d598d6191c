"""The scale that a printed map has: the outline of a village among the lines of its PDF."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

if TYPE_CHECKING:
    from pathlib import Path

SAME_SHAPE = 0.99
LEAST_POINTS = 20.0
ABOUT_THE_SAME = 0.02


def poppler(tool: str, path: Path, *more: str) -> str:
    """Return what a tool of poppler says of a PDF."""
    command = [shutil.which(tool) or tool, str(path), *more]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def outlines(path: Path) -> list[Any]:
    """Return the closed lines of a PDF with more than three corners, in points (1/72 inch)."""
    number = rb"(-?\d*\.?\d+)"
    step = re.compile(number + rb" " + number + rb" ([ml])\b|(\bh\b)")
    rings = []
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", path.read_bytes(), re.DOTALL):
        try:
            data = zlib.decompress(packed)
        except zlib.error:
            continue
        points: list[tuple[float, float]] = []
        for x, y, kind, _ in step.findall(data):
            if kind in {b"m", b""}:
                if len(points) > 3:
                    rings.append(shapely.Polygon(points))
                points = []
            if kind:
                points.append((float(x), float(y)))
    return rings


def to_unit(shape: Any) -> Any:
    """Return a shape stretched to the square from 0 to 1."""
    west, south, east, north = shape.bounds
    corner, size = np.array([west, south]), np.array([east - west, north - south])
    return shapely.make_valid(shapely.transform(shape, lambda points: (points - corner) / size))


def measured_scale(path: Path, village: Any, crs: Any) -> tuple[float, float]:
    """Return the denominators of the scale across and up, from the outline of a village.

    Parameters
    ----------
    path
        PDF.
    village
        Polygon, or the largest of several.
    crs
        Of the village, metric and the one of the sheet.
    """
    village = max(shapely.get_parts(village), key=lambda part: part.area)
    village = shapely.Polygon(village.exterior)
    sought, best, found = to_unit(village), 0.0, None
    rough = (village.bounds[2] - village.bounds[0]) / (village.bounds[3] - village.bounds[1])
    for ring in outlines(path):
        west, south, east, north = ring.bounds
        if min(east - west, north - south) < LEAST_POINTS:
            continue
        if abs((east - west) / (north - south) / rough - 1.0) > ABOUT_THE_SAME:
            continue
        shape = to_unit(ring)
        alike = shape.intersection(sought).area / shape.union(sought).area
        if alike > best:
            best, found = alike, ring
    if found is None or best < SAME_SHAPE:
        return float("nan"), float("nan")
    west, south, east, north = village.bounds
    move = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform
    geod, middle = pyproj.Geod(ellps="WGS84"), ((west + east) / 2, (south + north) / 2)
    across_m = geod.line_length(*move([west, east], [middle[1], middle[1]]))
    up_m = geod.line_length(*move([middle[0], middle[0]], [south, north]))
    points_m = 0.0254 / 72.0
    return (
        across_m / ((found.bounds[2] - found.bounds[0]) * points_m),
        up_m / ((found.bounds[3] - found.bounds[1]) * points_m),
    )
