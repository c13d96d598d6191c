"""Peer: one network of every road vertex, for NetworkX and SciPy, and the time of each.

Every vertex of the Jakarta roads is a node (vertices of the same coordinates are one), every
segment an edge with its walking time; of parallel edges the quickest stays. Motorways and
directions are kept out of it: this compares shortest paths on a network of real size, no plan.

Run it with ``python benchmarks/peers/vertex_network.py``; the data folder comes from the
environment variable ``RESILIENCE_GEO_REAL_DATA`` or is ``../shared/data``.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

WALKING_SPEED_MPS = 1.1
NOT_WALKABLE = ("motorway", "motorway_link")
METRIC_CRS = "EPSG:32748"
REPEATS = 5


def data_folder() -> Path:
    """Return the folder of the real data."""
    default = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
    return Path(os.environ.get("RESILIENCE_GEO_REAL_DATA", default))


def build_vertex_network(folder: Path) -> tuple[csr_array, nx.Graph, NDArray[np.int64]]:
    """Build the network of all road vertices, twice.

    Parameters
    ----------
    folder
        Folder of the real data, the one that holds ``jakarta/``.

    Returns
    -------
    matrix : scipy.sparse.csr_array
        Walking seconds, symmetric, so that it can be searched as a directed graph.
    graph : networkx.Graph
        The same network; the edge attribute ``seconds`` holds the walking time.
    sources : numpy.ndarray
        Nodes nearest to the stand-in shelters, each once.
    """
    roads = gpd.read_file(folder / "jakarta" / "jakarta_roads.shp")
    shelters = gpd.read_file(folder / "jakarta" / "shelters_standin.geojson")
    lines = roads.geometry[~roads["TYPE"].isin(NOT_WALKABLE)]
    lonlat, line = shapely.get_coordinates(lines.to_numpy(), return_index=True)
    metric = shapely.get_coordinates(lines.to_crs(METRIC_CRS).to_numpy())
    _, first, node = np.unique(
        lonlat[:, 0] + 1j * lonlat[:, 1], return_index=True, return_inverse=True
    )

    tail = np.flatnonzero((line[1:] == line[:-1]) & (node[1:] != node[:-1]))
    seconds = np.hypot(*(metric[tail + 1] - metric[tail]).T) / WALKING_SPEED_MPS
    low = np.minimum(node[tail], node[tail + 1])
    high = np.maximum(node[tail], node[tail + 1])
    order = np.lexsort((seconds, high, low))
    changed = (np.diff(low[order], prepend=-1) != 0) | (np.diff(high[order], prepend=-1) != 0)
    quickest = order[changed]
    low, high, seconds = low[quickest], high[quickest], seconds[quickest]

    ends = (np.concatenate([low, high]), np.concatenate([high, low]))
    matrix = csr_array((np.tile(seconds, 2), ends), shape=(len(first), len(first)))
    graph = nx.Graph()
    graph.add_nodes_from(range(len(first)))
    graph.add_weighted_edges_from(
        zip(low.tolist(), high.tolist(), seconds.tolist(), strict=True), weight="seconds"
    )
    places = shapely.get_coordinates(shelters.geometry.to_crs(METRIC_CRS).to_numpy())
    _, sources = KDTree(metric[first]).query(places)
    return matrix, graph, np.unique(sources)


def best_of(task: Callable[[], Any]) -> tuple[float, Any]:
    """Return the shortest time of several runs, and the result."""
    shortest, result = float("inf"), None
    for _ in range(REPEATS):
        begin = time.perf_counter()
        result = task()
        shortest = min(shortest, time.perf_counter() - begin)
    return shortest, result


def main() -> None:
    """Print the size of the network, the time of each library and how far they differ."""
    matrix, graph, sources = build_vertex_network(data_folder())
    every = sources.tolist()
    nx_seconds, by_networkx = best_of(
        lambda: nx.multi_source_dijkstra_path_length(graph, every, weight="seconds")
    )
    scipy_seconds, by_scipy = best_of(
        lambda: dijkstra(matrix, directed=True, indices=sources, min_only=True)
    )
    ours = np.full(matrix.shape[0], np.inf)
    ours[list(by_networkx)] = list(by_networkx.values())
    reached = np.isfinite(ours)
    print(f"vertices {matrix.shape[0]}")
    print(f"edges {graph.number_of_edges()}")
    print(f"sources {len(sources)}")
    print(f"reached {reached.sum()}")
    print(f"networkx_s {nx_seconds:.4f}")
    print(f"scipy_s {scipy_seconds:.4f}")
    print(f"ratio {nx_seconds / scipy_seconds:.1f}")
    print(f"same_reach {np.array_equal(reached, np.isfinite(by_scipy))}")
    print(f"largest_difference_s {np.abs(ours[reached] - by_scipy[reached]).max():.2e}")


if __name__ == "__main__":
    main()
