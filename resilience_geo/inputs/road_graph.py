"""From ways and their vertices to the graph of roads, the one form all readers share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from resilience_geo.crs import GEOD
from resilience_geo.errors import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import networkx as nx
    from numpy.typing import NDArray

FLAGS: frozenset[str] = frozenset({"bridge", "tunnel", "ford"})
BOTH_WAYS, FORWARD, BACKWARD = 0, 1, -1
ROAD_TAGS: tuple[str, ...] = (
    "name",
    "bridge",
    "tunnel",
    "layer",
    "ford",
    "surface",
    "width",
    "lanes",
    "access",
    "foot",
    "smoothness",
    "maxspeed",
)
NOT_ROADS: frozenset[str] = frozenset(
    {
        "abandoned",
        "bus_stop",
        "construction",
        "demolished",
        "dismantled",
        "disused",
        "emergency_bay",
        "historic",
        "no",
        "planned",
        "platform",
        "proposed",
        "raceway",
        "razed",
        "removed",
        "rest_area",
        "services",
        "street_lamp",
    }
)
_NEGATIVE = frozenset({"", "no", "false", "0", "none", "tidak"})
_FORWARD = frozenset({"yes", "true", "1", "forward", "ya"})
_BACKWARD = frozenset({"-1", "reverse", "backward"})
_ONE_WAY_JUNCTIONS = frozenset({"roundabout", "circular"})
_FEWEST_VERTICES = 2


@dataclass(frozen=True, kw_only=True)
class Ways:
    """Roads as their vertices, one way after another.

    Parameters
    ----------
    node
        Identity of each vertex, shape (vertices,). Ways meet where they share one.
    x, y
        Longitude and latitude of each vertex in degrees, shape (vertices,).
    start
        Where each way begins, shape (ways + 1,); the last entry is the number of vertices.
    row
        Which of `tags` holds for each way, shape (ways,). The parts of a way that was cut share it.
    tags
        `osmid`, `highway` and what else is known of `ROAD_TAGS`, ready for an edge.
    direction
        `FORWARD`, `BACKWARD` or `BOTH_WAYS` for each entry of `tags`.
    """

    node: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    start: NDArray[np.int64]
    row: NDArray[np.int64]
    tags: Sequence[Mapping[str, Any]]
    direction: NDArray[np.int8]


def direction_of(tags: Mapping[str, str]) -> int:
    """Return the direction in which a way may be driven, as its tags say or imply.

    Parameters
    ----------
    tags
        OSM tags: `oneway`, and `junction` and `highway`, which imply it (OSM wiki, Key:oneway).

    Returns
    -------
    int
        `FORWARD`, `BACKWARD` or `BOTH_WAYS`.

    Examples
    --------
    >>> direction_of({"highway": "residential", "oneway": "-1"})
    -1
    >>> direction_of({"highway": "motorway"})
    1
    >>> direction_of({"highway": "motorway", "oneway": "no"})
    0
    """
    stated = tags.get("oneway", "").strip().lower()
    if stated in _FORWARD:
        return FORWARD
    if stated in _BACKWARD:
        return BACKWARD
    implied = tags.get("junction") in _ONE_WAY_JUNCTIONS or tags.get("highway") == "motorway"
    return FORWARD if implied and not stated else BOTH_WAYS


def road_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return those of `ROAD_TAGS` that say something, in the file's own spelling.

    A bridge, tunnel or ford that is "no" is left out, so that its mere presence means one.
    """
    return {
        name: tags[name]
        for name in ROAD_TAGS
        if name in tags and tags[name].strip() and not says_no(name, tags[name])
    }


def says_no(tag: str, value: object) -> bool:
    """Return whether a tag says that there is no bridge, tunnel or ford."""
    return tag in FLAGS and isinstance(value, str) and value.strip().lower() in _NEGATIVE


def graph_of(ways: Ways, *, keep_vertices: bool = False, renumber: bool = False) -> nx.MultiDiGraph:
    """Build the graph of roads, split where they meet.

    Parameters
    ----------
    ways
        The roads.
    keep_vertices
        Make every vertex a node, not only ends and meeting points.
    renumber
        Number the nodes 0..n-1 in the order of their identities.

    Returns
    -------
    networkx.MultiDiGraph
        As OSMnx makes it, in EPSG:4326. `length` is on the ellipsoid, in metres.
    """
    import networkx as nx  # noqa: PLC0415 - heavy, only when roads are read

    ways = _without_repeats(_as_driven(ways))
    begin, end, way = _pieces(ways, keep_vertices=keep_vertices)
    graph = nx.MultiDiGraph(crs="epsg:4326", simplified=True)
    if not len(begin):
        return graph
    first, last = ways.node[begin], ways.node[end]
    identities, position = np.unique(np.concatenate([first, last]), return_index=True)
    at = np.concatenate([begin, end])[position]
    if renumber:
        first, last = np.searchsorted(identities, first), np.searchsorted(identities, last)
        identities = np.arange(len(identities), dtype=np.int64)
    graph.add_nodes_from(
        (node, {"x": x, "y": y})
        for node, x, y in zip(
            identities.tolist(), ways.x[at].tolist(), ways.y[at].tolist(), strict=True
        )
    )
    graph.add_edges_from(_edges(ways, begin, end, way, (first, last)))
    return graph


def length_note(graph: nx.MultiDiGraph) -> Message | None:
    """Return a note that the roads are in pieces, or None when they hang together."""
    from scipy.sparse import coo_array  # noqa: PLC0415 - heavy, only when roads are read
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    number = {node: index for index, node in enumerate(graph)}
    lines = [
        (number[u], number[v], data["length"])
        for u, v, data in graph.edges(data=True)
        if not data["reversed"]
    ]
    if not lines:
        return None
    first, last, length_m = (np.array(values) for values in zip(*lines, strict=True))
    links = coo_array((np.ones(len(first)), (first, last)), shape=(len(number),) * 2)
    count, piece = connected_components(links, directed=False)
    if count <= 1:
        return None
    by_piece = np.bincount(piece[first], weights=length_m.astype(np.float64), minlength=count)
    return Message(
        "the roads form {count} pieces; the largest holds {share} % of the length",
        count=int(count),
        share=round(100.0 * float(by_piece.max()) / max(float(by_piece.sum()), 1e-9), 1),
    )


def segment_lengths(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the length in metres on the ellipsoid from each vertex to the next, n - 1 values."""
    _, _, length_m = GEOD.inv(x[:-1], y[:-1], x[1:], y[1:])
    return np.asarray(length_m, dtype=np.float64)


def _as_driven(ways: Ways) -> Ways:
    """Turn round the ways that may only be driven against the order of their vertices."""
    count = np.diff(ways.start)
    backward = np.repeat(ways.direction[ways.row] == BACKWARD, count)
    if not backward.any():
        return ways
    order = np.arange(len(ways.node), dtype=np.int64)
    mirrored = np.repeat(ways.start[:-1] + ways.start[1:] - 1, count) - order
    order = np.where(backward, mirrored, order)
    return Ways(
        node=ways.node[order],
        x=ways.x[order],
        y=ways.y[order],
        start=ways.start,
        row=ways.row,
        tags=ways.tags,
        direction=ways.direction,
    )


def _without_repeats(ways: Ways) -> Ways:
    """Drop vertices that only repeat the one before, and ways that are left without length."""
    count = np.diff(ways.start)
    way = np.repeat(np.arange(len(count)), count)
    keep = np.ones(len(ways.node), dtype=bool)
    keep[1:] = (ways.node[1:] != ways.node[:-1]) | (way[1:] != way[:-1])
    left = np.bincount(way[keep], minlength=len(count))
    long_enough = left >= _FEWEST_VERTICES
    keep &= long_enough[way]
    return Ways(
        node=ways.node[keep],
        x=ways.x[keep],
        y=ways.y[keep],
        start=np.concatenate([[0], np.cumsum(left[long_enough])]),
        row=ways.row[long_enough],
        tags=ways.tags,
        direction=ways.direction,
    )


def _pieces(
    ways: Ways, *, keep_vertices: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return first vertex, last vertex and way of each stretch between two nodes."""
    way = np.repeat(np.arange(len(ways.row)), np.diff(ways.start))
    if keep_vertices:
        is_node = np.ones(len(ways.node), dtype=bool)
    else:
        _, inverse, count = np.unique(ways.node, return_inverse=True, return_counts=True)
        is_node = count[inverse] > 1
        is_node[ways.start[:-1]] = True
        is_node[ways.start[1:] - 1] = True
    at = np.flatnonzero(is_node)
    same_way = way[at[:-1]] == way[at[1:]]
    begin, end = at[:-1][same_way], at[1:][same_way]
    return begin, end, way[begin]


def _edges(
    ways: Ways,
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    way: NDArray[np.int64],
    ends: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield the edges of all stretches, each two-way one also in the other direction."""
    along = np.concatenate([[0.0], np.cumsum(segment_lengths(ways.x, ways.y))])
    length_m = along[end] - along[begin]
    count = end - begin + 1
    offset = np.cumsum(count) - count
    vertex = np.repeat(begin - offset, count) + np.arange(int(count.sum()))
    forth = shapely.linestrings(
        ways.x[vertex], ways.y[vertex], indices=np.repeat(np.arange(len(count)), count)
    )
    back = shapely.reverse(forth)
    row = ways.row[way]
    one_way = ways.direction[row] != BOTH_WAYS
    for u, v, tags_row, length, single, line, turned in zip(
        ends[0].tolist(),
        ends[1].tolist(),
        row.tolist(),
        length_m.tolist(),
        one_way.tolist(),
        forth,
        back,
        strict=True,
    ):
        attributes = {**ways.tags[tags_row], "oneway": single, "reversed": False}
        yield u, v, {**attributes, "length": length, "geometry": line}
        if not single:
            yield v, u, {**attributes, "reversed": True, "length": length, "geometry": turned}
