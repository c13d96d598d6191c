"""Roads: from a file on this computer, or downloaded from OpenStreetMap.

Whatever the source, roads leave this room as the graph OSMnx makes, in EPSG:4326.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from resilience_geo.errors import Message, NetworkError, Problem
from resilience_geo.inputs.road_area import area_around
from resilience_geo.inputs.road_files import checked_path
from resilience_geo.inputs.road_graph import ROAD_TAGS, graph_of, length_note

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    import geopandas as gpd
    import networkx as nx
    import shapely


def read_roads(
    path: str | os.PathLike[str],
    *,
    within: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    buffer_m: float = 3000.0,
    keep_vertices: bool = False,
    layer: str | None = None,
) -> nx.MultiDiGraph:
    """Read roads as an OSMnx graph.

    Parameters
    ----------
    path
        OpenStreetMap (`.osm.pbf`, `.osm`, `.osm.gz`, `.osm.bz2`), a graph saved by OSMnx
        (`.graphml`), a layer of lines (`.gpkg`, `.shp`, `.geojson`, `.kml`, `.fgb`, a zipped
        shapefile `.zip`), or a store that `store_roads` made of one of them (`.roads`).
    within
        Villages; only roads that touch them or their surroundings are kept, each one whole.
    buffer_m
        How far beyond the borders of `within` the surroundings reach, in metres.
    keep_vertices
        Make every vertex of every road a node, not only ends and meeting points.
    layer
        Name of the layer, needed where a file has several with lines.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes (OSM numbers, or 0..n-1 for line layers) with `x` and `y` in degrees; edges with
        `osmid`, `highway`, `length` (metres on the ellipsoid; a GraphML file keeps its own),
        `geometry` (LineString along the edge), `oneway`, `reversed`, and what the file has of
        `name`, `bridge`, `tunnel`, `layer`, `ford`, `surface`, `width`, `lanes`, `access`,
        `foot`, `smoothness`, `maxspeed`. A two-way road is two edges, the second `reversed`.
        `graph["crs"]` is `epsg:4326`, `graph["source"]` the file name (of a store, that of the file
        it was made of), `graph["osm_date"]` the
        date of the data as ISO text or None (of OSM files the date of the extract, or else of the
        newest road; of graphs the day OSMnx made them), `graph["notes"]` a tuple of messages:
        what was left out or assumed, and into how many pieces the roads fall.

    Raises
    ------
    InputFileError
        The file is missing, empty, truncated, of unknown kind, or XML with a DOCTYPE.
    CrsError
        A line layer or graph states no CRS.
    NetworkError
        It holds no road.
    OverlapError
        No road touches `within` and its surroundings.

    Notes
    -----
    OSM ways meet only where they share a node. Lines of a layer meet where they share a vertex,
    after rounding to 1e-7 degrees (1 cm in metric layers), and where they cross or touch, unless
    tags say otherwise: a bridge or tunnel (`bridge`, `tunnel`) or a toll road (`motorway`,
    `motorway_link`) never meets a line it merely crosses, nor do lines of different `layer`. A
    vertex inside a bridge, tunnel or raised road that lies on another line is no junction either;
    the ends of a bridge are. Ends that only come close to a line are not joined to it.
    """
    area = None if within is None else area_around(within, buffer_m)
    path, kind = checked_path(path)
    source = path.name
    osm_date: str | None = None
    if kind == "graph":
        from resilience_geo.inputs.road_graphml import read_graphml  # noqa: PLC0415

        graph, osm_date = read_graphml(path, area, keep_vertices=keep_vertices)
        notes: list[Message] = []
    elif kind == "osm":
        from resilience_geo.inputs.road_osm import read_osm  # noqa: PLC0415

        ways, notes, osm_date = read_osm(path, area)
        graph = graph_of(ways, keep_vertices=keep_vertices)
    elif kind == "store":
        from resilience_geo.inputs.road_store import read_stored  # noqa: PLC0415

        stored = read_stored(path, area)
        source, notes, osm_date = stored.source, stored.notes, stored.osm_date
        graph = graph_of(stored.ways, keep_vertices=keep_vertices, renumber=stored.renumber)
    else:
        from resilience_geo.inputs.road_lines import read_lines  # noqa: PLC0415

        ways, notes = read_lines(path, area, layer)
        graph = graph_of(ways, keep_vertices=keep_vertices, renumber=True)
    if not graph.number_of_edges():
        raise NetworkError(
            Problem(
                file=path.name,
                found=Message("only roads without length"),
                expected=Message("roads of two vertices or more"),
                remedy=Message("export the roads again"),
            )
        )
    return _described(graph, source, osm_date, notes)


def download_roads(
    villages: gpd.GeoDataFrame | gpd.GeoSeries, *, buffer_m: float = 3000.0
) -> nx.MultiDiGraph:
    """Download the roads in and around villages from OpenStreetMap, by OSMnx and Overpass.

    OSMnx keeps what it downloaded in its cache folder and asks the server only once.

    Parameters
    ----------
    villages
        Polygons in any stated CRS.
    buffer_m
        How far beyond their borders roads are wanted, in metres.

    Returns
    -------
    networkx.MultiDiGraph
        As `read_roads` returns it.

    Raises
    ------
    NetworkError
        The server cannot be reached or does not answer, or knows no road there.
    """
    import osmnx  # noqa: PLC0415 - heavy, only when roads are downloaded
    import requests  # noqa: PLC0415
    from osmnx._errors import (  # noqa: PLC0415
        InsufficientResponseError,
        ResponseStatusCodeError,
    )

    from resilience_geo.inputs.road_graphml import complete_edges  # noqa: PLC0415

    area = area_around(villages, buffer_m)
    try:
        with _download_settings():
            graph = osmnx.graph_from_polygon(
                _without_points(area),
                network_type="all",
                simplify=False,
                retain_all=True,
                truncate_by_edge=True,
            )
            graph = osmnx.simplify_graph(graph, edge_attrs_differ=["osmid"], remove_rings=False)
    except InsufficientResponseError as error:
        raise NetworkError(_download_problem(Message("no road in this area"))) from error
    except (requests.exceptions.RequestException, ResponseStatusCodeError) as error:
        raise NetworkError(
            _download_problem(
                Message("no answer from the server ({reason})", reason=type(error).__name__)
            )
        ) from error
    for _, _, data in graph.edges(data=True):
        data.pop("length", None)  # OSMnx measures on a sphere
    complete_edges(graph)
    return _described(graph, "OpenStreetMap, Overpass", None, [])


def _described(
    graph: nx.MultiDiGraph, source: str, osm_date: str | None, notes: list[Message]
) -> nx.MultiDiGraph:
    """Write source, date and notes on the graph."""
    in_pieces = length_note(graph)
    graph.graph["source"] = source
    graph.graph["osm_date"] = osm_date
    graph.graph["notes"] = (*notes, in_pieces) if in_pieces else tuple(notes)
    return graph


@contextlib.contextmanager
def _download_settings() -> Iterator[None]:
    """Ask OSMnx for the tags of `ROAD_TAGS` and its cache, and put its settings back after."""
    from osmnx import settings  # noqa: PLC0415 - heavy, only when roads are downloaded

    before = (settings.useful_tags_way, settings.use_cache)
    settings.useful_tags_way = sorted({*settings.useful_tags_way, *ROAD_TAGS})
    settings.use_cache = True
    try:
        yield
    finally:
        settings.useful_tags_way, settings.use_cache = before


def _without_points(area: shapely.Geometry) -> shapely.Geometry:
    """Return the polygons of an area, which is all that OSMnx accepts."""
    import shapely  # noqa: PLC0415 - heavy, only when roads are downloaded

    parts = [
        part
        for part in shapely.get_parts(shapely.get_parts(area))
        if isinstance(part, shapely.Polygon)
    ]
    return shapely.union_all(parts)


def _download_problem(found: Message) -> Problem:
    """Return the problem of roads that could not be downloaded."""
    return Problem(
        found=found,
        expected=Message("roads from the Overpass server of OpenStreetMap"),
        remedy=Message(
            "check the connection and try again later, or read an OSM file with read_roads"
        ),
    )
