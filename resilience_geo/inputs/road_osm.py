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
from resilience_geo.inputs.road_area import nothing_inside, touching
from resilience_geo.inputs.road_files import unreadable
from resilience_geo.inputs.road_graph import NOT_ROADS, ROAD_TAGS, Ways, direction_of, road_tags

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_TAGS_READ = (*ROAD_TAGS, "highway", "oneway", "junction", "area")
_STEPS_PER_DEGREE = 1e7  # the precision in which OSM keeps coordinates
_LAST_LONGITUDE = 1_800_000_000  # osmium gives nodes that are not in the file a place beyond it
_FEWEST_VERTICES = 2


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
    import osmium  # noqa: PLC0415 - heavy, only when an OSM file is read

    try:
        header = osmium.FileProcessor(str(path)).header
        header_date = _header_date(header)
        found = _gather(path, area)
    except (RuntimeError, ValueError) as error:
        raise unreadable(path, error) from error
    if not found.tags and not found.far:
        raise NetworkError(_no_roads(path, found.ways_seen))
    ways, notes = _ways(found)
    if area is not None and (len(ways.row) or found.far):
        ways = _within(path, ways, found.far, area)
    if not len(ways.row):
        raise NetworkError(_no_places(path, len(found.tags)))
    newest = datetime.fromtimestamp(found.newest, UTC).isoformat() if found.newest else None
    return ways, notes, header_date or newest


def _gather(path: Path, area: shapely.Geometry | None) -> _Found:
    """Collect the highway ways of a file with the places of their nodes.

    Of a file larger than the area, ways that begin a degree or more beyond it are passed over:
    no road of OSM is that long, and most of the time goes into looking at vertices.
    """
    import osmium  # noqa: PLC0415 - heavy, only when an OSM file is read

    found = _Found()
    near = None if area is None else _widened(area)
    ways = (
        osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
        .with_locations()
        .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
        .with_filter(osmium.filter.KeyFilter("highway"))
    )
    way: Any
    for way in ways:
        found.ways_seen += 1
        tags = {name: way.tags[name] for name in _TAGS_READ if name in way.tags}
        if tags["highway"] in NOT_ROADS or tags.get("area") == "yes":
            continue
        nodes = [(node.ref, node.x, node.y) for node in way.nodes]
        if near is not None and nodes and _is_far(nodes[0], near):
            found.far.extend(nodes[0][1:])
            continue
        found.vertices.extend(chain.from_iterable(nodes))
        found.count.append(len(nodes))
        found.direction.append(direction_of(tags))
        found.tags.append({"osmid": way.id, "highway": tags["highway"], **road_tags(tags)})
        found.newest = max(found.newest, way.timestamp.timestamp())
    return found


def _ways(found: _Found) -> tuple[Ways, list[Message]]:
    """Return what was gathered as ways, cut where nodes are missing."""
    node, step_x, step_y = np.array(found.vertices, dtype=np.int64).reshape(-1, 3).T
    count = np.array(found.count, dtype=np.int64)
    row = np.repeat(np.arange(len(count)), count)
    present = step_x <= _LAST_LONGITUDE
    notes = []
    missing = int(np.count_nonzero(~present))
    if missing:
        notes.append(
            Message(
                "{nodes} nodes of {ways} roads are not in the file; these roads were cut there",
                nodes=missing,
                ways=len(np.unique(row[~present])),
            )
        )
    part = np.cumsum(np.concatenate([[0], (np.diff(row) != 0) | ~present[:-1]]))
    _, part, part_count = np.unique(part[present], return_inverse=True, return_counts=True)
    long_enough = part_count >= _FEWEST_VERTICES
    keep = np.flatnonzero(present)[long_enough[part]]
    start = np.concatenate([[0], np.cumsum(part_count[long_enough])])
    ways = Ways(
        node=node[keep],
        x=step_x[keep] / _STEPS_PER_DEGREE,
        y=step_y[keep] / _STEPS_PER_DEGREE,
        start=start,
        row=row[keep][start[:-1]],
        tags=found.tags,
        direction=np.array(found.direction, dtype=np.int8),
    )
    return ways, notes


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


def _within(path: Path, ways: Ways, far: array[int], area: shapely.Geometry) -> Ways:
    """Return the ways that touch the area, whole."""
    count = np.diff(ways.start)
    way = np.repeat(np.arange(len(count)), count)
    inside = touching(shapely.linestrings(ways.x, ways.y, indices=way), area)
    if not inside.any():
        elsewhere = np.array(far, dtype=np.float64).reshape(-1, 2) / _STEPS_PER_DEGREE
        x = np.concatenate([ways.x, elsewhere[:, 0]])
        y = np.concatenate([ways.y, elsewhere[:, 1]])
        raise nothing_inside(path.name, (x.min(), y.min(), x.max(), y.max()), area)
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


def _header_date(header: Any) -> str | None:
    """Return the date the header of an OSM file states, or None."""
    for name in ("osmosis_replication_timestamp", "timestamp"):
        text = header.get(name)
        if text:
            return str(text)
    return None


def _no_roads(path: Path, ways_seen: int) -> Problem:
    """Return the problem of a file without any road in use."""
    return Problem(
        file=path.name,
        found=Message("no road in use among {count} ways with the tag highway", count=ways_seen),
        expected=Message("ways with highway=*"),
        remedy=Message("take an OSM extract of the area that holds its roads"),
    )


def _no_places(path: Path, count: int) -> Problem:
    """Return the problem of roads whose nodes were left out of the file."""
    return Problem(
        file=path.name,
        found=Message("{count} roads, none of whose nodes is in the file", count=count),
        expected=Message("ways together with their nodes"),
        remedy=Message("export or extract it again with the nodes of its ways"),
    )
