"""Names along roads and rivers, and the places of arrows along routes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from resilience_geo.maps.printed_chart import ROAD_CLASSES
from resilience_geo.maps.printed_labels import printable, width_of

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.maps.printed_chart import Chart
    from resilience_geo.maps.printed_labels import Labels

_NAME_SIZES = {"major": 7.5, "medium": 6.5, "minor": 5.8, "path": 5.5}
_MOST_NAMES = 140
_MOST_TRIED = 500
_TRIED_SHARES = (0.5, 0.35, 0.65, 0.2, 0.8)
_STRAIGHT = 0.96
"""Least length of the chord below a name, to the way along the line."""
_ABOVE = 0.8
"""How far above a road its name stands, to the size of the letters."""
_ARROW_GAP_MM = 26.0
_FIRST_ARROW_MM = 9.0
_MOST_ARROWS = 90
_WATER_NAME = "#1F5582"


def name_roads(labels: Labels, chart: Chart, zoom: float) -> None:
    """Write the names of roads along them: large roads first, long ones first, each once."""
    named = chart.roads[chart.roads["name"].notna()]
    shapes = shapely.clip_by_rect(np.asarray(named.geometry.array), *labels.frame)
    seen = ~shapely.is_empty(shapes)
    names = named["name"].astype(str).str.strip().to_numpy()[seen]
    order = {name: rank for rank, name in enumerate(ROAD_CLASSES)}
    ranks = named["road_class"].map(order).to_numpy()[seen]
    written = 0
    for row in _longest(names, ranks, shapes[seen])[:_MOST_TRIED]:
        size = _NAME_SIZES[ROAD_CLASSES[row.rank]] * zoom
        if row.length < labels.metres(width_of(printable(row.name), size)) * 1.05:
            continue
        written += _along(labels, row.line, row.name, size, above=_ABOVE)
        if written >= _MOST_NAMES:
            return


def name_water(labels: Labels, basemap: Any, crs: pyproj.CRS, zoom: float) -> None:
    """Write the names of rivers along them and of lakes on them.

    Parameters
    ----------
    labels
        Of the map.
    basemap
        With `waterways` and `water`; None has no water.
    crs
        Of the map.
    zoom
        How much larger letters are than on A3.
    """
    if basemap is None:
        return
    ways = basemap.waterways.to_crs(crs)
    ways = ways[ways["name"].fillna("") != ""]
    shapes = shapely.clip_by_rect(np.asarray(ways.geometry.array), *labels.frame)
    seen = ~shapely.is_empty(shapes)
    names = ways["name"].astype(str).to_numpy()[seen]
    for row in _longest(names, np.zeros(len(names), dtype=int), shapes[seen]):
        _along(labels, row.line, row.name, 7.0 * zoom, above=0.0, colour=_WATER_NAME)
    lakes = basemap.water.to_crs(crs)
    lakes = lakes[lakes["name"].fillna("") != ""]
    shapes = shapely.clip_by_rect(np.asarray(lakes.geometry.array), *labels.frame)
    for name, shape in zip(lakes["name"], shapes, strict=True):
        if not shape.is_empty:
            point = shape.representative_point()
            labels.centred(point.x, point.y, str(name), 7.0 * zoom, colour=_WATER_NAME, bold=False)


@dataclass(frozen=True, kw_only=True)
class _Named:
    """The longest unbroken line of a name, with the rank of its largest road."""

    name: str
    rank: int
    length: float
    line: Any


def _longest(names: NDArray[Any], ranks: NDArray[Any], shapes: NDArray[Any]) -> list[_Named]:
    """Return the longest unbroken line of each name, large roads and long lines first."""
    keep = names != ""
    names, ranks, shapes = names[keep], ranks[keep], shapes[keep]
    found = []
    codes, unique = pd.factorize(names, sort=True)
    parts, part_of = shapely.get_parts(shapes, return_index=True)
    is_line = shapely.get_type_id(parts) == 1
    parts, part_of = parts[is_line], part_of[is_line]
    by_name = np.argsort(codes[part_of], kind="stable")
    parts, part_of = parts[by_name], part_of[by_name]
    starts = np.searchsorted(codes[part_of], np.arange(len(unique) + 1))
    for number, name in enumerate(unique):
        mine = slice(starts[number], starts[number + 1])
        if mine.start == mine.stop:
            continue
        merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(parts[mine])))
        lengths = shapely.length(merged)
        best = int(lengths.argmax())
        found.append(
            _Named(
                name=str(name),
                rank=int(ranks[part_of[mine]].max()),
                length=float(lengths[best]),
                line=merged[best],
            )
        )
    return sorted(found, key=lambda one: (-one.rank, -one.length, one.name))


def _along(
    labels: Labels, line: Any, name: str, size: float, *, above: float, colour: str = "#222222"
) -> bool:
    """Write a name along the straightest free part of a line; return whether there was one."""
    half = labels.metres(width_of(printable(name), size)) / 2.0
    length = float(line.length)
    if length < 2.0 * half:
        return False
    for share in _TRIED_SHARES:
        middle = min(max(length * share, half), length - half)
        ends = shapely.get_coordinates(
            shapely.line_interpolate_point(line, [middle - half, middle, middle + half])
        )
        chord = ends[2] - ends[0]
        if math.hypot(*chord) < _STRAIGHT * 2.0 * half:
            continue
        angle = math.degrees(math.atan2(chord[1], chord[0]))
        upright = math.radians((angle + 90.0) % 180.0 - 90.0)
        lift = labels.metres(above * size)
        x, y = (ends[0] + ends[2] + 2.0 * ends[1]) / 4.0 + lift * np.array(
            [-math.sin(upright), math.cos(upright)]
        )
        if labels.along(float(x), float(y), angle, name, size, bold=False, colour=colour):
            return True
    return False


def place_arrows(
    routes: gpd.GeoDataFrame, labels: Labels, size: float, zoom: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where evacuation arrows stand, and where they point.

    Parameters
    ----------
    routes
        Main routes, most people first.
    labels
        Of the map; places are kept.
    size
        Of the signs, in points.
    zoom
        How much larger signs are than on A3.

    Returns
    -------
    places : ndarray, shape (n, 2)
    angles : ndarray, shape (n,)
        Degrees, counter-clockwise from east.
    """
    gap = _ARROW_GAP_MM * zoom / 1000.0 * labels.scale
    first = _FIRST_ARROW_MM * zoom / 1000.0 * labels.scale
    near = labels.metres(size / 2.0)
    places: list[tuple[float, float]] = []
    angles: list[float] = []
    for line in routes.geometry:
        length = float(line.length)
        if length <= 0.0:
            continue
        count = max(1, int((length - first) / gap) + 1)
        steps = (
            np.array([length / 2.0])
            if length < 2.0 * first
            else np.minimum(first + gap * np.arange(count), length - first / 2.0)
        )
        middles, before, after = (
            shapely.get_coordinates(shapely.line_interpolate_point(line, each))
            for each in (
                steps,
                np.maximum(steps - near, 0.0),
                np.minimum(steps + near, length),
            )
        )
        for (x, y), start, end in zip(middles.tolist(), before, after, strict=True):
            # Arrows of routes that share a road would crowd it.
            if any(math.dist((x, y), other) < gap * 0.6 for other in places):
                continue
            if labels.room(x, y, size, moved=False) is not None:
                places.append((x, y))
                angles.append(math.degrees(math.atan2(end[1] - start[1], end[0] - start[0])))
        if len(places) >= _MOST_ARROWS:
            break
    return np.array(places, dtype=np.float64).reshape(-1, 2), np.array(angles, dtype=np.float64)
