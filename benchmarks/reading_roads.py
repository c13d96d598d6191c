"""Measure readers of .osm.pbf on a file made from lines: the table in docs/reading_roads.md.

    python benchmarks/reading_roads.py make LINES.shp roads.osm.pbf --copies 10 --houses 3
    python benchmarks/reading_roads.py read roads.osm.pbf READER

READER is one_pass, two_passes, read_roads, read_roads_within or pyrosm, which is no dependency:
install it in an environment of its own. Each reader runs in a process of its own, as the peak of
memory is the process's.
"""

from __future__ import annotations

import argparse
import resource
import time
from itertools import count
from pathlib import Path


def make(lines: Path, target: Path, copies: int, houses: int) -> None:
    """Write the lines as ways, `copies` times side by side, with houses at every vertex."""
    import osmium  # noqa: PLC0415
    import pyogrio  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    table = pyogrio.read_dataframe(lines)
    steps = (shapely.get_coordinates(table.geometry.values) * 1e7).round().astype(int).tolist()
    sizes = shapely.get_num_coordinates(table.geometry.values).tolist()
    tags = [
        {
            key: value
            for key, value in (("highway", kind), ("name", name), ("oneway", one_way))
            if isinstance(value, str)
        }
        for kind, name, one_way in zip(table.TYPE, table.NAME, table.ONEWAY, strict=True)
    ]
    number = count(1)
    nodes: list[tuple[int, tuple[float, float]]] = []
    ways: list[tuple[list[int], dict[str, str]]] = []
    for copy in range(copies):
        by_place: dict[tuple[int, int], int] = {}
        position = 0
        for size, tag in zip(sizes, tags, strict=True):
            way = []
            for x, y in steps[position : position + size]:
                node = by_place.get((x, y))
                if node is None:
                    node = by_place[(x, y)] = next(number)
                    place = (x / 1e7 + 0.3 * copy, y / 1e7)
                    nodes.append((node, place))
                    for _ in range(houses):
                        corners = [next(number) for _ in range(4)]
                        nodes.extend((corner, place) for corner in corners)
                        ways.append(([*corners, corners[0]], {"building": "yes"}))
                way.append(node)
            ways.append((way, tag))
            position += size
    with osmium.SimpleWriter(str(target), overwrite=True) as writer:
        for identity, place in nodes:
            writer.add_node(osmium.osm.mutable.Node(id=identity, version=1, location=place))
        for identity, (refs, tag) in enumerate(ways, start=1):
            writer.add_way(osmium.osm.mutable.Way(id=identity, version=1, nodes=refs, tags=tag))
    print(f"{target}: {len(nodes)} nodes, {len(ways)} ways, {target.stat().st_size / 1e6:.1f} MB")


def one_pass(path: str) -> int:
    """Read ways with a table of the places of all nodes of the file."""
    from resilience_geo.inputs import road_osm  # noqa: PLC0415

    return len(road_osm._gather(Path(path), None).tags)  # noqa: SLF001 - the part to measure


def two_passes(path: str) -> int:
    """Read ways, then only the nodes they use."""
    import osmium  # noqa: PLC0415

    tags, refs = [], []
    ways = osmium.FileProcessor(path, osmium.osm.WAY).with_filter(
        osmium.filter.KeyFilter("highway")
    )
    for way in ways:
        tags.append(dict(way.tags))
        refs.append([node.ref for node in way.nodes])
    wanted = osmium.filter.IdFilter({ref for way in refs for ref in way})
    places = {
        node.id: (node.location.x, node.location.y)
        for node in osmium.FileProcessor(path, osmium.osm.NODE).with_filter(wanted)
    }
    return len(tags) if places else 0


def read_roads(path: str) -> int:
    """Read the whole graph with this package."""
    from resilience_geo.inputs.roads import read_roads as read  # noqa: PLC0415

    return int(read(path).number_of_edges())


def read_roads_within(path: str) -> int:
    """Read the graph around a village in the middle of the first copy."""
    import geopandas as gpd  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    from resilience_geo.inputs.roads import read_roads as read  # noqa: PLC0415

    village = gpd.GeoSeries([shapely.box(106.82, -6.21, 106.83, -6.20)], crs=4326)
    return int(read(path, within=village).number_of_edges())


def pyrosm(path: str) -> int:
    """Read all roads with pyrosm, as tables of nodes and edges."""
    from pyrosm import OSM  # noqa: PLC0415

    _, edges = OSM(path).get_network(network_type="all", nodes=True)
    return len(edges)


def main() -> None:
    """Make a file or measure one reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    making = verbs.add_parser("make")
    making.add_argument("lines", type=Path)
    making.add_argument("target", type=Path)
    making.add_argument("--copies", type=int, default=1)
    making.add_argument("--houses", type=int, default=0)
    reading = verbs.add_parser("read")
    reading.add_argument("path")
    readers = {
        reader.__name__: reader
        for reader in (one_pass, two_passes, read_roads, read_roads_within, pyrosm)
    }
    reading.add_argument("reader", choices=readers)
    chosen = parser.parse_args()
    if chosen.verb == "make":
        make(chosen.lines, chosen.target, chosen.copies, chosen.houses)
        return
    begin = time.perf_counter()
    result = readers[chosen.reader](chosen.path)
    seconds = time.perf_counter() - begin
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{chosen.reader}: {result} ways or edges, {seconds:.1f} s, {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
