"""Roads from OpenStreetMap files: .osm.pbf and OSM XML, by pyosmium."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from resilience_geo.errors import Message, NetworkError, Problem
from resilience_geo.inputs.made_up import osm_notes
from resilience_geo.inputs.road_area import nothing_inside, touching
from resilience_geo.inputs.road_files import unreadable
from resilience_geo.inputs.road_graph import NOT_ROADS, ROAD_TAGS, Ways, direction_of, road_tags

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_TAGS_READ = (*ROAD_TAGS, "highway", "oneway", "junction", "area")
_STEPS_PER_DEGREE = 1e7  # the precision in which OSM keeps coordinates
_LAST_LONGITUDE = 1_800_000_000  # osmium gives nodes that are not in the file a place beyond it
_FEWEST_VERTICES = 2


@dataclass(frozen=True, kw_only=True)
class OsmRoads:
    """Roads in use as an OSM file states them, one after another.

    Parameters
    ----------
    node
        OSM number of each vertex, shape (vertices,).
    step_x, step_y
        Longitude and latitude of each vertex in steps of 1e-7 degrees, shape (vertices,); beyond
        the globe where the node is not in the file.
    count
        Count of vertices of each road, shape (roads,).
    tags
        `osmid`, `highway` and what else is known of `ROAD_TAGS`, for each road.
    direction
        `FORWARD`, `BACKWARD` or `BOTH_WAYS`, shape (roads,).
    newest_s
        When the newest road of the file was last changed, as far as it was read, in seconds since
        1970; 0 where the file does not say.
    """

    node: NDArray[np.int64]
    step_x: NDArray[np.int64]
    step_y: NDArray[np.int64]
    count: NDArray[np.int64]
    tags: list[dict[str, Any]]
    direction: NDArray[np.int8]
    newest_s: float = 0.0

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which vertices have a place."""
        return self.step_x <= _LAST_LONGITUDE

    @property
    def road(self) -> NDArray[np.int64]:
        """The road of each vertex."""
        return np.repeat(np.arange(len(self.count)), self.count)

    @property
    def parts(self) -> NDArray[np.int64]:
        """A number for each vertex, the same from one missing node to the next."""
        ends = (np.diff(self.road) != 0) | ~self.present[:-1]
        return np.cumsum(np.concatenate([[0], ends]))[: len(self.node)]

    @property
    def has_lines(self) -> bool:
        """Whether any road has two vertices with places after one another."""
        return bool((np.bincount(self.parts[self.present]) >= _FEWEST_VERTICES).any())

    def boxes(self) -> NDArray[np.float64]:
        """Return west, south, east and north of each road in degrees; NaN where it has no place."""
        present = self.present
        road, first = np.unique(self.road[present], return_index=True)
        box = np.full((len(self.count), 4), np.nan)
        if len(road):
            x, y = self.step_x[present], self.step_y[present]
            box[road, 0] = np.minimum.reduceat(x, first)
            box[road, 1] = np.minimum.reduceat(y, first)
            box[road, 2] = np.maximum.reduceat(x, first)
            box[road, 3] = np.maximum.reduceat(y, first)
        return box / _STEPS_PER_DEGREE


@dataclass
class _Found:
    """What one pass over a file gathers."""

    vertices: array[int] = field(default_factory=lambda: array("q"))  # node, x, y by turns
    count: list[int] = field(default_factory=list)
    tags: list[dict[str, Any]] = field(default_factory=list)
    direction: list[int] = field(default_factory=list)
    newest: float = 0.0
    ways_seen: int = 0
    far: array[int] = field(default_factory=lambda: array("q"))  # x, y by turns

    def taken(self) -> OsmRoads:
        """Return the roads gathered so far, and forget them."""
        node, step_x, step_y = np.array(self.vertices, dtype=np.int64).reshape(-1, 3).T
        roads = OsmRoads(
            node=node,
            step_x=step_x,
            step_y=step_y,
            count=np.array(self.count, dtype=np.int64),
            tags=self.tags,
            direction=np.array(self.direction, dtype=np.int8),
            newest_s=self.newest,
        )
        self.vertices, self.count, self.tags, self.direction = array("q"), [], [], []
        return roads


def read_osm(path: Path, area: shapely.Geometry | None) -> tuple[Ways, list[Message], str | None]:
    """Read the roads of an OSM file.

    Parameters
    ----------
    path
        An `.osm.pbf`, `.osm`, `.osm.gz` or `.osm.bz2` file.
    area
        Where roads are wanted, in EPSG:4326; None for everywhere.

    Returns
    -------
    ways
        Every way with a `highway` in use, also footways, steps and tracks.
    notes
        What was left out.
    osm_date
        Date and time of the data as ISO text, or None.

    Raises
    ------
    InputFileError
        It is not such a file, or breaks off.
    NetworkError
        It holds no road.
    OverlapError
        It holds no road that touches `area`.
    """
    found = _Found()
    near = None if area is None else _widened(area)
    header_date, notes = osm_header(path)
    try:
        (roads,) = _gathered(path, found, near=near)
    except (RuntimeError, ValueError) as error:
        raise unreadable(path, error) from error
    if not roads.tags and not found.far:
        raise NetworkError(_no_roads(path.name, found.ways_seen))
    elsewhere = np.array(found.far, dtype=np.float64).reshape(-1, 2) / _STEPS_PER_DEGREE
    ways, more = ways_of(roads, path.name, area, elsewhere)
    return ways, notes + more, header_date or date_of(found.newest)


def osm_in_batches(path: Path, places: Path, roads_at_once: int) -> Iterator[OsmRoads]:
    """Yield the roads of an OSM file in batches, so that it may be larger than memory.

    Parameters
    ----------
    path
        As for `read_osm`.
    places
        A file to be made, in which the places of all nodes are kept (16 bytes a node).
    roads_at_once
        Count of roads in a batch.

    Raises
    ------
    InputFileError
        It is not such a file, or breaks off.
    NetworkError
        It holds no road.
    """
    found = _Found()
    count = 0
    has_lines = False
    try:
        storage = f"sparse_file_array,{places}"
        for roads in _gathered(path, found, storage=storage, roads_at_once=roads_at_once):
            count += len(roads.tags)
            has_lines = has_lines or roads.has_lines
            yield roads
    except (RuntimeError, ValueError) as error:
        raise unreadable(path, error) from error
    if not count:
        raise NetworkError(_no_roads(path.name, found.ways_seen))
    if not has_lines:
        raise NetworkError(_no_places(path.name, count))


def _gathered(
    path: Path,
    found: _Found,
    *,
    near: tuple[float, float, float, float] | None = None,
    storage: str = "flex_mem",
    roads_at_once: int | None = None,
) -> Iterator[OsmRoads]:
    """Yield the highway ways of a file with the places of their nodes, the last lot at the end.

    Of a file larger than the area, ways that begin a degree or more beyond it are passed over:
    no road of OSM is that long, and most of the time goes into looking at vertices.
    """
    import osmium  # noqa: PLC0415 - heavy, only when an OSM file is read

    ways = (
        osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
        .with_locations(storage)
        .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
        .with_filter(osmium.filter.KeyFilter("highway"))
    )
    way: Any
    for way in ways:
        found.ways_seen += 1
        tags = {name: way.tags[name] for name in _TAGS_READ if name in way.tags}
        if tags["highway"] in NOT_ROADS or tags.get("area") == "yes":
            continue
        found.newest = max(found.newest, way.timestamp.timestamp())
        nodes = [(node.ref, node.x, node.y) for node in way.nodes]
        if near is not None and nodes and _is_far(nodes[0], near):
            found.far.extend(nodes[0][1:])
            continue
        found.vertices.extend(chain.from_iterable(nodes))
        found.count.append(len(nodes))
        found.direction.append(direction_of(tags))
        found.tags.append({"osmid": way.id, "highway": tags["highway"], **road_tags(tags)})
        if len(found.tags) == roads_at_once:
            yield found.taken()
    yield found.taken()


def ways_of(
    roads: OsmRoads, file: str, area: shapely.Geometry | None, elsewhere: NDArray[np.float64]
) -> tuple[Ways, list[Message]]:
    """Return roads as ways, cut where nodes are missing, those that touch the area.

    Parameters
    ----------
    roads
        Roads of a file, at least all near the area.
    file
        Its name, for messages.
    area
        Where roads are wanted, in EPSG:4326; None for everywhere.
    elsewhere
        Longitude and latitude of places of other roads of the file, shape (places, 2).

    Raises
    ------
    NetworkError
        None of the nodes of the roads is in the file.
    OverlapError
        No road touches `area`.
    """
    present = roads.present
    row = roads.road
    _, part, part_count = np.unique(roads.parts[present], return_inverse=True, return_counts=True)
    long_enough = part_count >= _FEWEST_VERTICES
    keep = np.flatnonzero(present)[long_enough[part]]
    start = np.concatenate([[0], np.cumsum(part_count[long_enough])])
    ways = Ways(
        node=roads.node[keep],
        x=roads.step_x[keep] / _STEPS_PER_DEGREE,
        y=roads.step_y[keep] / _STEPS_PER_DEGREE,
        start=start,
        row=row[keep][start[:-1]],
        tags=roads.tags,
        direction=roads.direction,
    )
    if area is not None and (len(ways.row) or len(elsewhere)):
        ways = _within(file, ways, elsewhere, area)
    if not len(ways.row):
        raise NetworkError(_no_places(file, len(roads.tags)))
    return ways, _cut_note(ways, row[~present], everywhere=area is None)


def _cut_note(ways: Ways, row: NDArray[np.int64], *, everywhere: bool) -> list[Message]:
    """Say how many nodes of roads are missing, given the road of each; only of roads wanted."""
    if not everywhere:
        row = row[np.isin(row, ways.row)]
    if not row.size:
        return []
    return [
        Message(
            "{nodes} nodes of {ways} roads are not in the file; these roads were cut there",
            nodes=row.size,
            ways=len(np.unique(row)),
        )
    ]


def _widened(area: shapely.Geometry) -> tuple[float, float, float, float]:
    """Return the box of an area, a degree wider on every side, in coordinate steps."""
    west, south, east, north = (float(value) for value in shapely.bounds(area))
    return (
        (west - 1.0) * _STEPS_PER_DEGREE,
        (south - 1.0) * _STEPS_PER_DEGREE,
        (east + 1.0) * _STEPS_PER_DEGREE,
        (north + 1.0) * _STEPS_PER_DEGREE,
    )


def _is_far(node: tuple[int, int, int], box: tuple[float, float, float, float]) -> bool:
    """Return whether a node is known to lie outside a box; one without a place is not."""
    _, x, y = node
    if x > _LAST_LONGITUDE:
        return False
    return not (box[0] <= x <= box[2] and box[1] <= y <= box[3])


def _within(file: str, ways: Ways, elsewhere: NDArray[np.float64], area: shapely.Geometry) -> Ways:
    """Return the ways that touch the area, whole."""
    count = np.diff(ways.start)
    way = np.repeat(np.arange(len(count)), count)
    inside = touching(shapely.linestrings(ways.x, ways.y, indices=way), area)
    if not inside.any():
        x = np.concatenate([ways.x, elsewhere[:, 0]])
        y = np.concatenate([ways.y, elsewhere[:, 1]])
        raise nothing_inside(file, (x.min(), y.min(), x.max(), y.max()), area)
    keep: NDArray[np.bool_] = inside[way]
    return Ways(
        node=ways.node[keep],
        x=ways.x[keep],
        y=ways.y[keep],
        start=np.concatenate([[0], np.cumsum(count[inside])]),
        row=ways.row[inside],
        tags=ways.tags,
        direction=ways.direction,
    )


def osm_header(path: Path) -> tuple[str | None, list[Message]]:
    """Return the date the header of an OSM file states, or None, and what else it says.

    Raises
    ------
    InputFileError
        It is not such a file.
    """
    import osmium  # noqa: PLC0415 - heavy, only when an OSM file is read

    try:
        header = osmium.FileProcessor(str(path)).header
    except (RuntimeError, ValueError) as error:
        raise unreadable(path, error) from error
    dates = (header.get(name) for name in ("osmosis_replication_timestamp", "timestamp"))
    date = next((str(text) for text in dates if text), None)
    return date, list(osm_notes(header.get("generator")))


def date_of(newest_s: float) -> str | None:
    """Return a time in seconds since 1970 as ISO text, or None where it is 0."""
    return datetime.fromtimestamp(newest_s, UTC).isoformat() if newest_s else None


def _no_roads(file: str, ways_seen: int) -> Problem:
    """Return the problem of a file without any road in use."""
    return Problem(
        file=file,
        found=Message("no road in use among {count} ways with the tag highway", count=ways_seen),
        expected=Message("ways with highway=*"),
        remedy=Message("take an OSM extract of the area that holds its roads"),
    )


def _no_places(file: str, count: int) -> Problem:
    """Return the problem of roads whose nodes were left out of the file."""
    return Problem(
        file=file,
        found=Message("{count} roads, none of whose nodes is in the file", count=count),
        expected=Message("ways together with their nodes"),
        remedy=Message("export or extract it again with the nodes of its ways"),
    )
