"""Water, buildings, places and landmarks from OpenStreetMap files, by pyosmium."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from resilience_geo.errors import Message
from resilience_geo.inputs.basemap_kinds import NAMED_LAYERS, TAG_KEYS, layers_of_tags, plain_name
from resilience_geo.inputs.features import polygonal
from resilience_geo.inputs.road_files import unreadable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

Box = tuple[float, float, float, float]
"""West, south, east and north in degrees."""

_STEPS_PER_DEGREE = 1e7  # the precision in which OSM keeps coordinates
_LAST_LONGITUDE = 1_800_000_000  # osmium gives nodes that are not in the file a place beyond it
_FEWEST_IN_RING, _FEWEST_IN_LINE = 4, 2
_AREA_TYPES = frozenset({"multipolygon", "boundary"})
_NAME_TAGS = ("name", "name:id", "official_name", "alt_name", "short_name")
# How far beyond the box a shape may begin and still reach it, in degrees: the largest lake of
# Indonesia (Toba) is about 0.9 long, and no building a twentieth of that.
_REACH_DEGREES, _REACH_OF_BUILDINGS_DEGREES = 1.0, 0.05


@dataclass(frozen=True)
class _Found:
    """What one pass over a file gathers: shapes, whole areas, and the layers they belong to."""

    vertices: array[int] = field(default_factory=lambda: array("q"))  # x, y by turns
    count: list[int] = field(default_factory=list)
    way: list[int] = field(default_factory=list)  # its number; 0 for nodes
    rows: dict[str, list[tuple[int, str, str]]] = field(default_factory=dict)  # shape, name, kind
    areas: list[str] = field(default_factory=list)  # well-known binary in hexadecimal
    relation: list[int] = field(default_factory=list)  # of each area
    area_rows: dict[str, list[tuple[int, str, str]]] = field(default_factory=dict)
    members: dict[int, list[int]] = field(default_factory=dict)  # outer ways of relations
    whole: set[int] = field(default_factory=set)  # relations that made an area
    times: array[float] = field(default_factory=lambda: array("d", [0.0]))  # the newest


@dataclass(frozen=True)
class _Shapes:
    """The shapes as arrays: where the vertices of each begin, and what can be made of it."""

    xy: NDArray[np.float64]
    present: NDArray[np.bool_]
    start: NDArray[np.int64]
    count: NDArray[np.int64]
    near: NDArray[np.bool_]
    ring: NDArray[np.bool_]
    point: NDArray[np.bool_]


@dataclass(frozen=True)
class OsmLayers:
    """What an OSM file holds besides its roads.

    Parameters
    ----------
    tables
        By layer: `name`, `kind` and `geometry` (shapely, degrees).
    date
        Date of the data as ISO text, empty where the file does not say.
    notes
        What was repaired or left out.
    """

    tables: Mapping[str, pd.DataFrame]
    date: str
    notes: tuple[Message, ...]


def read_osm_layers(path: Path, box: Box | None, wanted: Collection[str]) -> OsmLayers:
    """Read water, buildings, places and landmarks of an OSM file.

    Nodes, ways and multipolygon relations are read in one pass, after a short one over the
    relations alone.

    Parameters
    ----------
    path
        An `.osm.pbf`, `.osm`, `.osm.gz` or `.osm.bz2` file.
    box
        Where features are wanted; None for everywhere. What cannot reach it is dropped while
        reading, so that memory holds what is wanted and the places of nodes.
    wanted
        Layers to read, of `basemap_kinds.LAYERS`.

    Returns
    -------
    OsmLayers
        Valid geometries near the box: Polygon or MultiPolygon for water and buildings, LineString
        for waterways, Point for places and landmarks (of an area a point in it). In the order of
        the file, relations last. Places and landmarks without a name are passed over.

    Raises
    ------
    InputFileError
        It is not such a file, or breaks off.
    """
    import osmium  # noqa: PLC0415 - heavy, only when an OSM file is read

    found = _Found(rows={layer: [] for layer in wanted}, area_rows={layer: [] for layer in wanted})
    try:
        header = osmium.FileProcessor(str(path)).header
        _gather(path, found, box)
    except (RuntimeError, ValueError) as error:
        raise unreadable(path, error) from error
    shapes = _shapes(found, box)
    made = {layer: _table(layer, found, shapes) for layer in wanted}
    notes = _area_notes(
        path.name,
        mended=sum(mended for _, mended, _ in made.values()),
        lost=sum(lost for _, _, lost in made.values()),
        unfinished=len(found.members.keys() - found.whole),
    )
    newest = found.times[0]
    stated = header.get("osmosis_replication_timestamp") or header.get("timestamp")
    date = stated or (datetime.fromtimestamp(newest, UTC).isoformat() if newest else "")
    tables = {layer: table for layer, (table, _, _) in made.items()}
    return OsmLayers(tables=tables, date=str(date), notes=tuple(notes))


def _gather(path: Path, found: _Found, box: Box | None) -> None:
    """Walk through the file and keep what belongs to a layer and may reach the box.

    Relations are looked at first: only of theirs are areas asked from osmium. The rings of single
    ways are made, and mended, from the ways themselves.
    """
    import osmium  # noqa: PLC0415 - heavy, only when an OSM file is read

    keys = osmium.filter.KeyFilter(*TAG_KEYS)
    thing: Any
    for thing in osmium.FileProcessor(str(path), osmium.osm.RELATION).with_filter(keys):
        tags = dict(thing.tags)
        if tags.get("type") in _AREA_TYPES and _layers(found, tags, _name(tags)):
            found.members[thing.id] = [
                one.ref for one in thing.members if one.type == "w" and one.role != "inner"
            ]
    walk = osmium.FileProcessor(str(path)).with_locations()
    if found.members:
        walk = walk.with_areas(keys)
        if min(found.members) > 0:  # drafts have numbers below 0, which no filter takes
            areas = osmium.filter.IdFilter([2 * number + 1 for number in found.members])
            areas.enable_for(osmium.osm.AREA)
            walk = walk.with_filter(areas)
    wide = _frame(box, _REACH_DEGREES)
    narrow = _frame(box, _REACH_OF_BUILDINGS_DEGREES)
    kinds = osmium.osm.NODE | osmium.osm.WAY | osmium.osm.AREA
    binary = osmium.geom.WKBFactory()
    for thing in walk.with_filter(osmium.filter.EntityFilter(kinds)).with_filter(keys):
        start = _start(thing)
        if thing.is_area() and start is not None:
            found.whole.add(thing.orig_id())
        # Reading tags takes longest: what is far away is passed over before.
        if start is None or _is_far(start, narrow if "building" in thing.tags else wide):
            continue
        tags = {tag.k: tag.v for tag in thing.tags}
        name = _name(tags)
        layers = _layers(found, tags, name)
        if thing.is_area():
            _keep_area(found, thing, layers, name, binary)
        elif layers:
            _keep_shape(found, thing, layers, name)


def _layers(found: _Found, tags: Mapping[str, str], name: str) -> list[tuple[str, str]]:
    """Return the layers asked for to which something belongs, each with its kind there."""
    return [
        (layer, kind)
        for layer, kind in layers_of_tags(tags)
        if layer in found.rows and (name or layer not in NAMED_LAYERS)
    ]


def _start(thing: Any) -> tuple[int, int] | None:
    """Return where a node, a way or the area of a relation begins; None for anything else."""
    if thing.is_node():
        return thing.location.x, thing.location.y
    if thing.is_way():
        ring = thing.nodes
    elif not thing.from_way() and thing.num_rings()[0]:
        ring = next(iter(thing.outer_rings()))
    else:
        return None
    if not len(ring):
        return None
    first = ring[0]
    return first.x, first.y


def _keep_shape(found: _Found, thing: Any, layers: list[tuple[str, str]], name: str) -> None:
    """Keep a node or a way."""
    if thing.is_node():
        number, places = 0, [(thing.location.x, thing.location.y)]
    else:
        number, places = thing.id, [(node.x, node.y) for node in thing.nodes]
    for layer, kind in layers:
        found.rows[layer].append((len(found.count), name, kind))
    found.vertices.extend(chain.from_iterable(places))
    found.count.append(len(places))
    found.way.append(number)
    found.times[0] = max(found.times[0], thing.timestamp.timestamp())


def _keep_area(
    found: _Found, area: Any, layers: list[tuple[str, str]], name: str, binary: Any
) -> None:
    """Keep the area of a relation."""
    for layer, kind in layers:
        found.area_rows[layer].append((len(found.areas), name, kind))
    found.areas.append(binary.create_multipolygon(area))
    found.relation.append(area.orig_id())
    found.times[0] = max(found.times[0], area.timestamp.timestamp())


def _name(tags: Mapping[str, str]) -> str:
    """Return what a feature is called, empty where it has no name."""
    return next((plain_name(tags[key]) for key in _NAME_TAGS if plain_name(tags.get(key))), "")


def _frame(box: Box | None, reach_degrees: float) -> Box | None:
    """Return a box, widened, in coordinate steps."""
    if box is None:
        return None
    wide = np.array(box) + reach_degrees * np.array([-1.0, -1.0, 1.0, 1.0])
    west, south, east, north = (wide * _STEPS_PER_DEGREE).tolist()
    return west, south, east, north


def _is_far(place: tuple[int, int], frame: Box | None) -> bool:
    """Return whether a place is known to lie outside a frame; one not in the file is not."""
    x, y = place
    if frame is None or x > _LAST_LONGITUDE:
        return False
    return not (frame[0] <= x <= frame[2] and frame[1] <= y <= frame[3])


def _shapes(found: _Found, box: Box | None) -> _Shapes:
    """Return the nodes and ways kept as arrays."""
    steps = np.array(found.vertices, dtype=np.int64).reshape(-1, 2)
    count = np.array(found.count, dtype=np.int64)
    start = np.cumsum(count) - count
    present = steps[:, 0] <= _LAST_LONGITUDE
    xy = np.where(present[:, None], steps / _STEPS_PER_DEGREE, np.nan)
    if not len(count):
        none = np.zeros(0, dtype=bool)
        return _Shapes(xy, present, start, count, near=none, ring=none, point=none)
    low, high = np.fmin.reduceat(xy, start), np.fmax.reduceat(xy, start)
    west, south, east, north = box or (-np.inf, -np.inf, np.inf, np.inf)
    complete = np.logical_and.reduceat(present, start)
    closed = (steps[start] == steps[start + count - 1]).all(axis=1)
    return _Shapes(
        xy=xy,
        present=present,
        start=start,
        count=count,
        near=np.all((low <= (east, north)) & (high >= (west, south)), axis=1),
        ring=complete & closed & (count >= _FEWEST_IN_RING),
        point=np.array(found.way, dtype=np.int64) == 0,
    )


def _table(layer: str, found: _Found, shapes: _Shapes) -> tuple[pd.DataFrame, int, int]:
    """Return one layer as a table, how many areas were mended, and how many are none."""
    outer = {
        way
        for position, _, _ in found.area_rows[layer]
        for way in found.members.get(found.relation[position], ())
    }
    rows = [
        row for row in found.rows[layer] if shapes.near[row[0]] and found.way[row[0]] not in outer
    ]
    positions = np.array([row[0] for row in rows], dtype=np.int64)
    repaired = lost = 0
    if layer == "waterways":
        geometries, source = _lines(shapes, positions)
        rows = [rows[one] for one in source]
    else:
        geometries, mended = _polygons(shapes, positions)
        if layer in NAMED_LAYERS:
            geometries = _inner_points(geometries)
            single = shapes.point[positions]
            geometries[single] = shapely.points(shapes.xy[shapes.start[positions[single]]])
        else:
            repaired, lost = int(mended.sum()), int(shapely.is_empty(geometries).sum())
        rows += found.area_rows[layer]
        whole = shapely.from_wkb(
            np.array([found.areas[row[0]] for row in found.area_rows[layer]], dtype=object)
        )
        whole = _inner_points(whole) if layer in NAMED_LAYERS else whole
        geometries = np.concatenate([geometries, whole])
    table = pd.DataFrame(
        {
            "name": pd.Series([row[1] for row in rows], dtype="str"),
            "kind": pd.Series([row[2] for row in rows], dtype="str"),
            "geometry": pd.Series(geometries, dtype=object),
        }
    )
    return table.loc[~shapely.is_empty(geometries)].reset_index(drop=True), repaired, lost


def _vertices(
    shapes: _Shapes, positions: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the vertices of some shapes, and to which of these each belongs."""
    count = shapes.count[positions]
    row = np.repeat(np.arange(len(positions)), count)
    step = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    return shapes.start[positions][row] + step, row


def _lines(
    shapes: _Shapes, positions: NDArray[np.int64]
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return ways as lines, cut where nodes are missing, and the position each comes from."""
    vertex, row = _vertices(shapes, positions)
    present = shapes.present[vertex]
    part = np.cumsum(np.concatenate([[0], (np.diff(row) != 0) | ~present[:-1]]))[: len(row)]
    _, part, count = np.unique(part[present], return_inverse=True, return_counts=True)
    long_enough = (count >= _FEWEST_IN_LINE)[part]
    vertex, row, part = vertex[present][long_enough], row[present][long_enough], part[long_enough]
    _, first, part = np.unique(part, return_index=True, return_inverse=True)
    lines = shapely.linestrings(shapes.xy[vertex], indices=part) if len(part) else part
    return np.asarray(lines, dtype=object), row[first]


def _polygons(
    shapes: _Shapes, positions: NDArray[np.int64]
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return closed ways as valid polygons, empty where they are none, and which were mended."""
    ring = shapes.ring[positions]
    result = np.full(len(positions), shapely.Polygon(), dtype=object)
    vertex, row = _vertices(shapes, positions[ring])
    if len(row):
        result[ring] = shapely.polygons(shapely.linearrings(shapes.xy[vertex], indices=row))
    broken = ~shapely.is_valid(result)
    result[broken] = polygonal(
        shapely.make_valid(result[broken], method="structure", keep_collapsed=False)
    )
    return result, broken & ~shapely.is_empty(result)


def _inner_points(areas: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return a point in each area; an empty one of an empty area."""
    return np.asarray(shapely.point_on_surface(areas), dtype=object)


def _area_notes(file: str, mended: int, lost: int, unfinished: int) -> list[Message]:
    """Say how many areas were mended and how many left out."""
    notes = []
    if mended:
        notes.append(
            Message(
                "{file}: {count} areas that cross themselves were repaired",
                file=file,
                count=mended,
            )
        )
    if lost:
        notes.append(
            Message(
                "{file}: {count} areas do not close, lack nodes or have no extent; they were left "
                "out",
                file=file,
                count=lost,
            )
        )
    if unfinished:
        notes.append(
            Message(
                "{file}: {count} relations lack parts in the file or do not close; their areas "
                "were left out",
                file=file,
                count=unfinished,
            )
        )
    return notes
