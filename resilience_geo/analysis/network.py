"""The road network as arrays: made once from an OSMnx graph, then cut where the hazard changes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyproj
import shapely

from resilience_geo.crs import metric_crs_of, transform_points
from resilience_geo.errors import Message, NetworkError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NO_ROADS = frozenset(
    {"construction", "proposed", "raceway", "bus_guideway", "busway", "corridor", "elevator"}
)
_MOTORWAYS = frozenset({"motorway", "motorway_link"})
_FOOTWAYS = frozenset({"footway", "path", "steps", "pedestrian", "cycleway", "bridleway"})
_NO_ROAD_FOR: dict[str, frozenset[str]] = {
    "walk": _NO_ROADS | _MOTORWAYS,
    # Motorcycles use village paths; steps and pavements they do not.
    "motorcycle": _NO_ROADS | _MOTORWAYS | {"steps", "pedestrian", "footway", "bridleway"},
    "car": _NO_ROADS | _FOOTWAYS,
    "truck": _NO_ROADS | _FOOTWAYS | {"track", "living_street"},
}
_DIRT = frozenset(
    {
        "dirt",
        "earth",
        "ground",
        "gravel",
        "fine_gravel",
        "unpaved",
        "grass",
        "compacted",
        "pebblestone",
        "rock",
        "clay",
    }
)
_ROUGH = frozenset({"mud", "rocky", "stepping_stones"})
_SAND = frozenset({"sand"})
# Weighs y apart from x, so that the two ways round a square block do not look alike.
_GOLDEN = 1.618033988749895
_TEXT_FIELDS = (
    "highway",
    "name",
    "bridge",
    "tunnel",
    "ford",
    "surface",
    "access",
    "foot",
    "osmid",
    "width",
    "lanes",
)
# "3", "3.5 m", "3,5", "2;3"; anything else (feet, "narrow") is not read.
_METRES = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*(?:m|meters?|metres?)?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Roads:
    """Physical roads, each once, as arrays.

    Parameters
    ----------
    crs
        Metric CRS of all coordinates.
    node_ids, node_x, node_y
        The graph's nodes.
    start, end
        Positions of the nodes each road joins.
    x, y, measure_m
        Vertices of all roads one after another, and how far along its road each lies (m).
    offsets
        Where each road's vertices begin; shape (n_roads + 1,).
    length_m
        Length of each road as the graph states it (m).
    forward, backward
        Whether traffic may go from start to end, and back; walkers may always do both.
    highway, surface, name, osmid
        Text as in OSM, empty where missing.
    bridge, tunnel, ford
        As tagged.
    no_entry
        Closed to the public on foot and by vehicle (`access`), shape (n_roads, 2).
    edge_start, edge_end, edge_key
        Positions of the nodes, and the key, of every edge of the graph, in its order.
    edge_road
        The road each edge is.
    node_elevation_m
        Height of the nodes (m); NaN where the graph does not say.
    width_m, lanes
        Width (m) and count of lanes as tagged; the least where several are named, NaN where there
        is none that can be read.
    lost_road
        A road that cannot be used although it is there; -1: none. Those who live on it, and those
        whose shelter stands on it, are not sent across country in its place.
    """

    crs: pyproj.CRS
    node_ids: NDArray[np.object_]
    node_x: NDArray[np.float64]
    node_y: NDArray[np.float64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    measure_m: NDArray[np.float64]
    offsets: NDArray[np.int64]
    length_m: NDArray[np.float64]
    forward: NDArray[np.bool_]
    backward: NDArray[np.bool_]
    highway: NDArray[np.object_]
    surface: NDArray[np.object_]
    name: NDArray[np.object_]
    osmid: NDArray[np.object_]
    bridge: NDArray[np.bool_]
    tunnel: NDArray[np.bool_]
    ford: NDArray[np.bool_]
    no_entry: NDArray[np.bool_]
    edge_start: NDArray[np.int64]
    edge_end: NDArray[np.int64]
    edge_key: NDArray[np.int64]
    edge_road: NDArray[np.int64]
    node_elevation_m: NDArray[np.float64]
    width_m: NDArray[np.float64]
    lanes: NDArray[np.float64]
    lost_road: int = -1

    @property
    def n_roads(self) -> int:
        """Count of roads."""
        return int(self.start.size)

    @property
    def segment_first(self) -> NDArray[np.int64]:
        """Position of the first vertex of every straight segment."""
        inner = np.ones(self.x.size, dtype=bool)
        inner[self.offsets[1:] - 1] = False
        return np.flatnonzero(inner)

    @property
    def segment_road(self) -> NDArray[np.int64]:
        """Road of every straight segment."""
        return np.repeat(np.arange(self.n_roads), np.diff(self.offsets) - 1)

    def edge_index(self) -> pd.MultiIndex:
        """Return `(u, v, key)` of every edge of the graph, in its order."""
        return pd.MultiIndex.from_arrays(
            [self.node_ids[self.edge_start], self.node_ids[self.edge_end], self.edge_key],
            names=["u", "v", "key"],
        )

    def geometries(self) -> NDArray[np.object_]:
        """Return a LineString per road, in the metric CRS."""
        lines: NDArray[np.object_] = shapely.linestrings(
            np.column_stack([self.x, self.y]),
            indices=np.repeat(np.arange(self.n_roads), np.diff(self.offsets)),
        )
        return lines

    def usable(self, mode: str) -> NDArray[np.bool_]:
        """Say which roads a mode may use at all, dry or not."""
        refused = _NO_ROAD_FOR[mode]
        values, inverse = np.unique(self.highway.astype(str), return_inverse=True)
        allowed = np.array([not (set(value.split(";")) & refused) for value in values], dtype=bool)
        return allowed[inverse] & ~self.no_entry[:, 0 if mode == "walk" else 1]


def road_arrays(graph: Any) -> Roads:
    """Turn an OSMnx graph into arrays in the metric CRS of its middle.

    The two edges of a two-way road become one road. Parallel roads stay apart.

    Functions that take roads take these arrays as well: whoever asks several things of the same
    roads makes them once.

    Parameters
    ----------
    graph
        `networkx.MultiDiGraph` with node `x`, `y` and a `crs`; `length` (m) and `geometry` of
        edges are made where they are missing. Arrays are handed back as they are.

    Raises
    ------
    NetworkError
        The graph has no CRS or no edges.
    """
    if isinstance(graph, Roads):
        return graph
    start, end, keys, data = _edges(graph)
    crs = _graph_crs(graph, len(data))
    node_ids, lon, lat, elevation = _node_arrays(graph)
    metric = metric_crs_of((lon.min(), lat.min(), lon.max(), lat.max()), crs)
    node_x, node_y = transform_points(lon, lat, crs, metric)
    geometries = np.empty(len(data), dtype=object)
    geometries[:] = [edge.get("geometry") for edge in data]
    vertex_x, vertex_y, offsets = _vertices(geometries, start, end, lon, lat)
    stated = np.array([edge.get("length", np.nan) for edge in data], dtype=np.float64)
    # Both directions have the same vertices; they are told apart before anything is transformed.
    first, edge_road, backward = _one_per_road(
        start, end, stated, vertex_x + _GOLDEN * vertex_y, offsets
    )
    chosen = np.zeros(len(data), dtype=bool)
    chosen[first] = True
    keep = np.repeat(chosen, np.diff(offsets))
    offsets = np.concatenate([[0], np.cumsum(np.diff(offsets)[first])])
    x, y = transform_points(vertex_x[keep], vertex_y[keep], crs, metric)
    measure, drawn = _measures(x, y, offsets)
    length = np.where(np.isfinite(stated[first]), stated[first], drawn)
    tags = [data[edge] for edge in first.tolist()]
    texts = {name: _texts([tag.get(name) for tag in tags]) for name in _TEXT_FIELDS}
    access, foot = texts["access"], texts["foot"]
    return Roads(
        crs=metric,
        # Ids may be tuples, which numpy would take for rows.
        node_ids=np.fromiter(node_ids, dtype=object, count=len(node_ids)),
        node_x=node_x,
        node_y=node_y,
        start=start[first],
        end=end[first],
        x=x,
        y=y,
        measure_m=measure * np.repeat(length / np.maximum(drawn, 1e-9), np.diff(offsets)),
        offsets=offsets,
        length_m=length,
        forward=np.ones(first.size, dtype=bool),
        backward=backward,
        highway=texts["highway"],
        surface=texts["surface"],
        name=texts["name"],
        osmid=texts["osmid"],
        bridge=_tagged(texts["bridge"]),
        tunnel=_tagged(texts["tunnel"]),
        ford=_tagged(texts["ford"]),
        no_entry=np.column_stack([_no_entry_on_foot(access, foot), _no_entry(access)]),
        edge_start=start,
        edge_end=end,
        edge_key=keys,
        edge_road=edge_road,
        node_elevation_m=elevation,
        width_m=_least_number(texts["width"]),
        lanes=_least_number(texts["lanes"]),
    )


def _edges(
    graph: Any,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], list[dict[str, Any]]]:
    """Return ends (positions of nodes), key and attributes of every edge, in the graph's order."""
    position = {node: place for place, node in enumerate(graph.nodes)}
    tails: list[int] = []
    heads: list[int] = []
    keys: list[int] = []
    data: list[dict[str, Any]] = []
    for u, neighbours in graph.adjacency():
        before = len(data)
        for v, parallel in neighbours.items():
            heads += [position[v]] * len(parallel)
            keys += parallel
            data += parallel.values()
        tails += [position[u]] * (len(data) - before)
    ends = (np.array(tails, dtype=np.int64), np.array(heads, dtype=np.int64))
    return *ends, np.array(keys, dtype=np.int64), data


def _graph_crs(graph: Any, n_edges: int) -> pyproj.CRS:
    """Return the CRS of a graph that has edges."""
    if graph.graph.get("crs") is None or n_edges == 0:
        raise NetworkError(
            Problem(
                file=graph.graph.get("source"),
                found=Message(
                    "a road graph with {count} edges and CRS {crs}",
                    count=n_edges,
                    crs=graph.graph.get("crs"),
                ),
                expected=Message("at least one road, and a coordinate reference system"),
                remedy=Message("read the roads with read_roads, over the area of the villages"),
            )
        )
    return pyproj.CRS.from_user_input(graph.graph["crs"])


def _node_arrays(
    graph: Any,
) -> tuple[list[Any], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return ids, x, y and elevation of the nodes."""
    node_ids = list(graph.nodes)
    data = [graph.nodes[node] for node in node_ids]
    x = np.array([float(node["x"]) for node in data])
    y = np.array([float(node["y"]) for node in data])
    elevation = np.array([float(node.get("elevation", np.nan)) for node in data])
    return node_ids, x, y, elevation


def _vertices(
    geometries: NDArray[np.object_],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    node_x: NDArray[np.float64],
    node_y: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return vertices of every edge from start to end; a straight line where none is given."""
    lines = geometries.copy()
    straight = np.flatnonzero(shapely.is_missing(lines))
    if straight.size:
        ends = np.stack(
            [
                np.column_stack([node_x[start[straight]], node_y[start[straight]]]),
                np.column_stack([node_x[end[straight]], node_y[end[straight]]]),
            ],
            axis=1,
        )
        lines[straight] = shapely.linestrings(ends)
    coordinates, owner = shapely.get_coordinates(lines, return_index=True)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=lines.size))])
    first, last = coordinates[offsets[:-1]], coordinates[offsets[1:] - 1]
    begin = np.column_stack([node_x[start], node_y[start]])
    turned = ((first - begin) ** 2).sum(axis=1) > ((last - begin) ** 2).sum(axis=1)
    place = np.arange(coordinates.shape[0])
    mirrored = (offsets[:-1] + offsets[1:] - 1)[owner] - place
    coordinates = coordinates[np.where(turned[owner], mirrored, place)]
    return coordinates[:, 0], coordinates[:, 1], offsets


def _measures(
    x: NDArray[np.float64], y: NDArray[np.float64], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far along its line each vertex lies, and the length of each line (m)."""
    steps = np.concatenate([[0.0], np.hypot(np.diff(x), np.diff(y))])
    steps[offsets[:-1]] = 0.0
    along = np.cumsum(steps)
    measure = along - np.repeat(along[offsets[:-1]], np.diff(offsets))
    return measure, measure[offsets[1:] - 1]


def _one_per_road(
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    length: NDArray[np.float64],
    vertex_sum: NDArray[np.float64],
    offsets: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Find the edges that are the two directions of one road.

    Same ends, same length (mm) and same vertices (their sum, whatever the direction).

    Returns
    -------
    tuple of ndarray
        First edge of each road, road of each edge, and whether the road has a backward edge.
    """
    fingerprint = np.add.reduceat(vertex_sum, offsets[:-1])
    keys = pd.DataFrame(
        {
            "low": np.minimum(start, end),
            "high": np.maximum(start, end),
            "length": np.nan_to_num(np.round(length, 3), nan=-1.0),
            "shape": fingerprint.astype(np.float32),
        }
    )
    groups = keys.groupby(list(keys.columns), sort=False).ngroup()
    road = np.asarray(groups, dtype=np.int64)
    first = np.unique(road, return_index=True)[1].astype(np.int64)
    backward = np.zeros(first.size, dtype=bool)
    # A loop begins and ends at one node: it has two directions where it has two edges.
    again = np.ones(road.size, dtype=bool)
    again[first] = False
    against = (start != start[first[road]]) | ((start == end) & again)
    backward[road[against]] = True
    return first, road, backward


def _texts(values: list[Any]) -> NDArray[np.object_]:
    """Return OSM values as text, empty where missing."""
    texts = np.empty(len(values), dtype=object)
    # Most values are text or missing; only the rest is looked at closely.
    texts[:] = [
        value if type(value) is str else "" if value is None else _as_text(value)
        for value in values
    ]
    return texts


def _as_text(value: Any) -> str:
    """Return an OSM value as text; several values are joined by semicolons as in OSM."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, (list, tuple, set)):
        return ";".join(str(part) for part in value)
    return str(value)


def _least_number(values: NDArray[np.object_]) -> NDArray[np.float64]:
    """Read tags like `3`, `3.5 m` or `2;3`; the least of several, NaN where there is none."""
    numbers = np.full(values.size, np.nan)
    for place in np.flatnonzero(values != ""):
        found = [_METRES.fullmatch(part) for part in values[place].split(";")]
        read = [float(match[1].replace(",", ".")) for match in found if match is not None]
        numbers[place] = min((number for number in read if number > 0.0), default=np.nan)
    return numbers


def _tagged(values: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Say where a yes/no tag of OSM means yes; `bridge=viaduct` and the like do."""
    return np.array([value.lower() not in {"", "no", "false", "0", "none"} for value in values])


def _no_entry(access: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Say which roads are closed to the public."""
    return np.array(
        [bool(value) and set(value.split(";")) <= {"no", "private"} for value in access]
    )


def _no_entry_on_foot(access: NDArray[np.object_], foot: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Say which roads are closed to walkers: `foot` counts before `access`."""
    said = np.array([bool({"yes", "designated", "permissive"} & set(v.split(";"))) for v in foot])
    refused: NDArray[np.bool_] = _no_entry(foot) | (_no_entry(access) & ~said)
    return refused


def surface_factor(
    roads: Roads, dirt: float, rough: float, sand: float, steps: float
) -> NDArray[np.float64]:
    """Return the walking speed factor of each road by its surface; steps by their own.

    A path or track without a surface tag is taken as dirt.
    """
    factor = np.ones(roads.n_roads)
    unsaid = roads.surface == ""
    dirt_by_kind = np.isin(roads.highway, ["path", "track", "bridleway"]) & unsaid
    factor[np.isin(roads.surface, list(_DIRT)) | dirt_by_kind] = dirt
    factor[np.isin(roads.surface, list(_ROUGH))] = rough
    factor[np.isin(roads.surface, list(_SAND))] = sand
    factor[roads.highway == "steps"] = np.minimum(factor[roads.highway == "steps"], steps)
    return factor
