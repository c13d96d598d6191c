"""Roads from GraphML as OSMnx saves it, versions 1 and 2."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pyproj
import shapely

from resilience_geo.crs import GEOGRAPHIC, transform_points, transformer
from resilience_geo.errors import CrsError, Message, NetworkError, Problem
from resilience_geo.inputs.road_area import nothing_inside, touching
from resilience_geo.inputs.road_files import unreadable
from resilience_geo.inputs.road_graph import FLAGS, says_no, segment_lengths

if TYPE_CHECKING:
    from pathlib import Path

    import networkx as nx


def read_graphml(
    path: Path, area: shapely.Geometry | None, *, keep_vertices: bool = False
) -> tuple[nx.MultiDiGraph, str | None]:
    """Read a graph that OSMnx saved.

    Parameters
    ----------
    path
        A `.graphml` file without DOCTYPE.
    area
        Where roads are wanted, in EPSG:4326; None for everywhere.
    keep_vertices
        Make every vertex a node.

    Returns
    -------
    graph
        In EPSG:4326. Lengths are the file's; every edge has a geometry along its direction.
    osm_date
        Date and time when OSMnx made the graph as ISO text, or None.

    Raises
    ------
    InputFileError
        It is not such a file.
    CrsError
        It states no CRS, or one that is not known.
    NetworkError
        It has no edge, or nodes without x and y.
    OverlapError
        No edge touches `area`.
    """
    graph = _loaded(path)
    if not graph.number_of_edges():
        raise _problem(path, Message("a graph without edges"), Message("roads as edges"))
    lacking = [node for node, data in graph.nodes(data=True) if not {"x", "y"} <= data.keys()]
    if lacking:
        raise _problem(
            path,
            Message("{count} nodes without x and y", count=len(lacking)),
            Message("x and y at every node, as OSMnx saves them"),
        )
    _to_degrees(graph, _crs(path, graph))
    complete_edges(graph)
    if area is not None:
        _drop_outside(path, graph, area)
    if keep_vertices:
        graph = _split_at_vertices(graph)
    return graph, _date(graph)


def complete_edges(graph: nx.MultiDiGraph) -> None:
    """Give every edge of an OSMnx graph in degrees what it lacks of the public form.

    Straight edges get their line, lines are turned to run from u to v, and a missing length,
    direction or identity is filled in. A bridge, tunnel or ford that is "no" is left out.
    """
    nodes = graph.nodes
    bare = []
    for u, v, data in graph.edges(data=True):
        start = (nodes[u]["x"], nodes[u]["y"])
        end = (nodes[v]["x"], nodes[v]["y"])
        line = data.get("geometry")
        if not isinstance(line, shapely.LineString) or line.is_empty:
            data["geometry"] = shapely.LineString([start, end])
        elif _apart(line.coords[0], start) > _apart(line.coords[-1], start):
            data["geometry"] = line.reverse()
        for tag in FLAGS:
            if says_no(tag, data.get(tag)):
                del data[tag]
        data.setdefault("osmid", 0)
        data.setdefault("highway", "road")
        # OSMnx lists both values where it merged ways drawn against one another.
        if not isinstance(data.get("oneway"), bool):
            data["oneway"] = not graph.has_edge(v, u)
        if not isinstance(data.get("reversed"), bool):
            data["reversed"] = not data["oneway"] and u > v
        if "length" not in data:
            bare.append(data)
    for data in bare:
        place = shapely.get_coordinates(data["geometry"])
        data["length"] = float(segment_lengths(place[:, 0], place[:, 1]).sum())


def _loaded(path: Path) -> nx.MultiDiGraph:
    """Load the file with OSMnx and make sure the graph is directed."""
    import networkx as nx  # noqa: PLC0415 - heavy, only when a graph is read
    import osmnx  # noqa: PLC0415

    try:
        graph = osmnx.load_graphml(path)
    except (
        ET.ParseError,
        nx.NetworkXError,
        shapely.errors.ShapelyError,
        ArithmeticError,
        AttributeError,
        LookupError,
        OSError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise unreadable(path, error) from error
    return graph if graph.is_directed() else _both_ways(graph)


def _both_ways(graph: nx.MultiGraph) -> nx.MultiDiGraph:
    """Return an undirected graph as one whose roads all go both ways."""
    directed: nx.MultiDiGraph = graph.to_directed()
    for u, v, key in graph.edges(keys=True):
        for edge, turned in (((u, v, key), False), ((v, u, key), u != v)):
            directed.edges[edge].update(oneway=False, reversed=turned)
    return directed


def _crs(path: Path, graph: nx.MultiDiGraph) -> pyproj.CRS:
    """Return the CRS a graph states."""
    stated = graph.graph.get("crs")
    if stated:
        try:
            return pyproj.CRS.from_user_input(stated)
        except pyproj.exceptions.CRSError:
            pass
    raise CrsError(
        Problem(
            file=path.name,
            found=Message("the CRS {crs}", crs=repr(stated)),
            expected=Message("a graph that states its coordinate reference system"),
            remedy=Message("save it again with osmnx.save_graphml"),
        )
    )


def _date(graph: nx.MultiDiGraph) -> str | None:
    """Return the date a graph carries as ISO text, or None."""
    for name in ("osm_date", "created_date"):
        try:
            return datetime.fromisoformat(graph.graph.get(name, "")).isoformat()
        except (TypeError, ValueError):
            continue
    return None


def _to_degrees(graph: nx.MultiDiGraph, crs: pyproj.CRS) -> None:
    """Move nodes and lines to EPSG:4326."""
    graph.graph["crs"] = "epsg:4326"
    if crs == GEOGRAPHIC:
        return
    x, y = (
        np.array([data[axis] for _, data in graph.nodes(data=True)], dtype=np.float64)
        for axis in ("x", "y")
    )
    longitude, latitude = transform_points(x, y, crs, GEOGRAPHIC)
    for (_, data), east, north in zip(
        graph.nodes(data=True), longitude.tolist(), latitude.tolist(), strict=True
    ):
        data["x"], data["y"] = east, north
    move = transformer(crs, GEOGRAPHIC).transform
    for _, _, data in graph.edges(data=True):
        if "geometry" in data:
            data["geometry"] = shapely.transform(data["geometry"], move, interleaved=False)


def _drop_outside(path: Path, graph: nx.MultiDiGraph, area: shapely.Geometry) -> None:
    """Remove the edges that do not touch the area, and the nodes that are then alone."""
    edges = list(graph.edges(keys=True, data="geometry"))
    lines = np.array([line for *_, line in edges], dtype=object)
    inside = touching(lines, area)
    if not inside.any():
        raise nothing_inside(path.name, shapely.total_bounds(lines), area)
    graph.remove_edges_from(
        edge[:3] for edge, keep in zip(edges, inside.tolist(), strict=True) if not keep
    )
    graph.remove_nodes_from([node for node, degree in graph.degree() if degree == 0])


def _split_at_vertices(graph: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """Make every vertex a node; both directions of a road share its new nodes.

    New nodes are numbered after the highest number of the file. Each piece takes its share of the
    length the file gives its edge.
    """
    split = graph.__class__(**graph.graph)
    split.add_nodes_from(graph.nodes(data=True))
    following = max(graph) + 1
    inner: dict[tuple[Any, ...], int] = {}
    for u, v, data in graph.edges(data=True):
        place = shapely.get_coordinates(data["geometry"])
        between = (frozenset((u, v)), str(data["osmid"]))
        nodes = [u]
        for x, y in place[1:-1].tolist():
            node = inner.setdefault((*between, x, y), following)
            if node == following:
                following += 1
                split.add_node(node, x=x, y=y)
            nodes.append(node)
        nodes.append(v)
        along = segment_lengths(place[:, 0], place[:, 1])
        share = data["length"] * along / max(float(along.sum()), 1e-9)
        lines = shapely.linestrings(np.stack([place[:-1], place[1:]], axis=1))
        split.add_edges_from(
            (start, end, {**data, "length": length, "geometry": line})
            for start, end, length, line in zip(
                nodes[:-1], nodes[1:], share.tolist(), lines, strict=True
            )
        )
    return split


def _apart(place: Any, other: tuple[float, float]) -> float:
    """Return the squared distance of two places in degrees."""
    return float((place[0] - other[0]) ** 2 + (place[1] - other[1]) ** 2)


def _problem(path: Path, found: Message, expected: Message) -> NetworkError:
    """Return the error for a graph that is no road network."""
    return NetworkError(
        Problem(
            file=path.name,
            found=found,
            expected=expected,
            remedy=Message("save the road graph again with osmnx.save_graphml"),
        )
    )
