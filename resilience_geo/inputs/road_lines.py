"""Roads from plain line layers, which have no node numbers: GeoPackage, shapefile, GeoJSON, ..."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyproj
import shapely

from resilience_geo.crs import GEOGRAPHIC, transform_points
from resilience_geo.errors import CrsError, Message, NetworkError, Problem
from resilience_geo.inputs.road_area import area_in, nothing_inside, touching
from resilience_geo.inputs.road_columns import (
    columns_of,
    directions_of,
    edge_attributes,
    level_of,
    tags_of_rows,
)
from resilience_geo.inputs.road_crossings import Lines, meeting_points, with_crossings
from resilience_geo.inputs.road_graph import NOT_ROADS, Ways
from resilience_geo.inputs.vectors import read_layer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

PRECISION_M = 0.01
PRECISION_DEGREES = 1e-7
_LINES = frozenset({"LineString", "MultiLineString"})
_LINE, _MULTI_LINE = 1, 5
_ROWS_NAMED = 5
# Toll roads cross other roads on two levels; they are entered where a line says so by a vertex.
_NEVER_LEVEL_CROSSING = frozenset({"motorway", "motorway_link"})


class Source(NamedTuple):
    """Where the roads come from, for messages."""

    file: str
    layer: str


def read_lines(
    path: Path, area: shapely.Geometry | None, layer: str | None
) -> tuple[Ways, list[Message]]:
    """Read the roads of a line layer, met where they share a vertex and where they cross.

    Parameters
    ----------
    path
        A vector file with lines.
    area
        Where roads are wanted, in EPSG:4326; None for everywhere.
    layer
        Name of the layer, needed where the file has several with lines.

    Returns
    -------
    ways
        The roads, their vertices numbered from 0.
    notes
        What was left out or assumed.

    Raises
    ------
    InputFileError
        It is not such a file, or breaks off.
    InputError
        It is not clear which layer is meant, or the layer is empty.
    CrsError
        The layer states no CRS, or one that its coordinates do not fit.
    NetworkError
        It holds no road.
    OverlapError
        No road touches `area`.
    """
    table, source, notes = line_table(path, layer)
    ways, more = ways_of_table(table, source, area)
    return ways, notes + more


def line_table(path: Path, layer: str | None) -> tuple[gpd.GeoDataFrame, Source, list[Message]]:
    """Read the rows of a line layer that have a usable line.

    Parameters
    ----------
    path, layer
        As for `read_lines`.

    Returns
    -------
    table
        The rows, their index counting as the file does.
    source
        File and layer.
    notes
        What was left out.

    Raises
    ------
    InputFileError, InputError, CrsError, NetworkError
        As `read_lines`.
    """
    table = read_layer(path, layer=layer, wanted=_LINES)
    source = Source(path.name, table.attrs["layer"])
    notes: list[Message] = list(table.attrs["notes"])
    return _lines_only(source, table, notes), source, notes


def ways_of_table(
    table: gpd.GeoDataFrame,
    source: Source,
    area: shapely.Geometry | None,
    extent: Sequence[float] | None = None,
) -> tuple[Ways, list[Message]]:
    """Return rows of a line layer as ways, those that touch the area.

    Parameters
    ----------
    table
        The rows, at least all near the area.
    source
        File and layer, for messages.
    area
        Where roads are wanted, in EPSG:4326; None for everywhere.
    extent
        West, south, east, north of the whole layer in degrees; by default of the rows.

    Raises
    ------
    CrsError, NetworkError, OverlapError
        As `read_lines`.
    """
    notes: list[Message] = []
    if area is not None:
        table = _near(source, table, area, extent)
    table, tags = _roads_only(source, table, notes)
    lines, row = _once(np.asarray(table.geometry.values), tags, notes)
    numbers = table.index.tolist()
    attributes = [
        edge_attributes(entry, number) for number, entry in zip(numbers, tags, strict=True)
    ]
    ways = _ways(pyproj.CRS(table.crs), lines, row, attributes, notes)
    if not (np.isfinite(ways.x).all() and np.isfinite(ways.y).all()):
        raise _misplaced(source, table.crs.name, shapely.total_bounds(lines))
    return replace(ways, direction=np.array(directions_of(tags), dtype=np.int8)), notes


def extent_in_degrees(table: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    """Return west, south, east and north of the rows of a layer."""
    place = shapely.get_coordinates(np.asarray(table.geometry.values))
    x, y = transform_points(place[:, 0], place[:, 1], pyproj.CRS(table.crs), GEOGRAPHIC)
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _lines_only(source: Source, table: gpd.GeoDataFrame, notes: list[Message]) -> gpd.GeoDataFrame:
    """Leave out the rows without a usable line, and say which."""
    shapes = np.asarray(table.geometry.values)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    kind = shapely.get_type_id(shapes)
    other = ~empty & (kind != _LINE) & (kind != _MULTI_LINE)
    broken = ~empty & ~other & ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    for which, template in (
        (empty, "{count} rows have no geometry and were left out: rows {rows}"),
        (other, "{count} rows are not lines and were left out: rows {rows}"),
        (broken, "{count} rows have impossible coordinates and were left out: rows {rows}"),
    ):
        if which.any():
            rows = np.flatnonzero(which).tolist()
            more = ", ..." if len(rows) > _ROWS_NAMED else ""
            named = ", ".join(str(row) for row in rows[:_ROWS_NAMED]) + more
            notes.append(Message(template, count=len(rows), rows=named))
    keep = ~(empty | other | broken)
    if not keep.any():
        raise _no_road(source, Message("no lines"))
    return table[keep]


def _near(
    source: Source,
    table: gpd.GeoDataFrame,
    area: shapely.Geometry,
    extent: Sequence[float] | None,
) -> gpd.GeoDataFrame:
    """Return the rows that touch the area, whole."""
    inside = touching(np.asarray(table.geometry.values), area_in(area, pyproj.CRS(table.crs)))
    if inside.any():
        return table[inside]
    raise nothing_inside(source.file, extent or extent_in_degrees(table), area, layer=source.layer)


def _roads_only(
    source: Source, table: gpd.GeoDataFrame, notes: list[Message]
) -> tuple[gpd.GeoDataFrame, list[dict[str, str]]]:
    """Leave out the rows that are no road in use; return the others with their tags."""
    columns = columns_of(table.columns.drop(table.geometry.name))
    tags = tags_of_rows(table, columns)
    # In a column of OSM's own name an empty cell means that the line is no road at all.
    all_roads = columns.get("highway", "").lower() != "highway"
    keep = np.array(
        [
            row.get("highway") not in NOT_ROADS
            and row.get("area") != "yes"
            and (all_roads or "highway" in row)
            for row in tags
        ],
        dtype=bool,
    )
    if not keep.any():
        raise _no_road(source, Message("{count} rows, none a road in use", count=len(keep)))
    left_out = int(np.count_nonzero(~keep))
    if left_out:
        notes.append(Message("{count} rows are no roads in use and were left out", count=left_out))
    kept = [row for row, stays in zip(tags, keep.tolist(), strict=True) if stays]
    if not any("highway" in row for row in kept):
        notes.append(Message("no column says what kind of road a line is; all count as road"))
    return table[keep], kept


def _once(
    shapes: NDArray[np.object_], tags: list[dict[str, str]], notes: list[Message]
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return the single lines and the row of each, without those that repeat another.

    Lines with the same vertices and tags are one road drawn twice; as two roads they would carry
    twice the people.
    """
    lines, row = shapely.get_parts(shapely.force_2d(shapes), return_index=True)
    whole = shapely.get_num_coordinates(lines) > 1
    lines, row = lines[whole], row[whole]
    said = [
        tuple(sorted((tag, value) for tag, value in entry.items() if tag != "osmid"))
        for entry in tags
    ]
    seen = set()
    first = np.zeros(len(lines), dtype=bool)
    for position, (points, entry) in enumerate(
        zip(shapely.to_wkb(lines).tolist(), row.tolist(), strict=True)
    ):
        key = (points, said[entry])
        if key not in seen:
            seen.add(key)
            first[position] = True
    if not first.all():
        notes.append(
            Message(
                "{count} lines repeat another line with the same tags and were left out",
                count=int(np.count_nonzero(~first)),
            )
        )
    return lines[first], row[first]


def _ways(
    crs: pyproj.CRS,
    shapes: NDArray[np.object_],
    row: NDArray[np.int64],
    attributes: list[dict[str, Any]],
    notes: list[Message],
) -> Ways:
    """Let the lines meet, and return them as ways in degrees."""
    place, line = shapely.get_coordinates(shapes, return_index=True)
    count = np.bincount(line, minlength=len(shapes))
    steps = _steps_per_unit(crs)
    step = np.rint(place * steps).astype(np.int64)
    level = np.array([level_of(entry) for entry in attributes], dtype=np.int64)
    apart = np.array([_stays_apart(entry) for entry in attributes], dtype=bool)
    start = np.concatenate([[0], np.cumsum(count)])
    lines, crossings = with_crossings(
        Lines(x=step[:, 0], y=step[:, 1], start=start, level=level[row], apart=apart[row])
    )
    if crossings:
        notes.append(
            Message(
                "{count} places where lines cross without a common vertex count as junctions, "
                "as the file does not say that one passes over the other",
                count=crossings,
            )
        )
    x, y = transform_points(lines.x / steps, lines.y / steps, crs, GEOGRAPHIC)
    return Ways(
        node=meeting_points(lines),
        x=x,
        y=y,
        start=lines.start,
        row=row,
        tags=attributes,
        direction=np.zeros(len(attributes), dtype=np.int8),
    )


def _stays_apart(attributes: dict[str, Any]) -> bool:
    """Return whether a road meets others at vertices only, not where lines merely cross."""
    return (
        "bridge" in attributes
        or "tunnel" in attributes
        or attributes["highway"] in _NEVER_LEVEL_CROSSING
    )


def _steps_per_unit(crs: pyproj.CRS) -> float:
    """Return how many precision steps go into a unit of the CRS."""
    if crs.is_geographic:
        return round(1.0 / PRECISION_DEGREES)
    metres = float(crs.axis_info[0].unit_conversion_factor) or 1.0
    return metres / PRECISION_M


def _misplaced(source: Source, crs_name: str, bounds: NDArray[np.float64]) -> CrsError:
    """Return the error for coordinates that their CRS cannot have."""
    return CrsError(
        Problem(
            file=source.file,
            layer=source.layer,
            found=Message(
                "coordinates {bounds} in {crs}",
                bounds=", ".join(f"{value:.6g}" for value in bounds.tolist()),
                crs=crs_name,
            ),
            expected=Message("coordinates within the reach of the CRS"),
            remedy=Message("state the CRS the coordinates are really in"),
        )
    )


def _no_road(source: Source, what: Message) -> NetworkError:
    """Return the error for a layer without a single road."""
    return NetworkError(
        Problem(
            file=source.file,
            layer=source.layer,
            found=what,
            expected=Message("lines of roads in use"),
            remedy=Message("choose the layer that holds the roads"),
        )
    )
