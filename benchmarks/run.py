"""Measure the package against named peers in the same run, and print ratios.

    python benchmarks/run.py [--repeat 5] [NAME ...]

Needs the real Jakarta data (`RESILIENCE_GEO_REAL_DATA`, or ../shared/data beside the checkout).
Each figure is the best of several repeats, package and peer in turn, so that a busy machine
troubles both. Names: exposure, nearest, tables, plan, demo.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import exactextract
import geopandas as gpd
import networkx as nx
import numpy as np
from peers import exactextract_scipy, rasterstats_networkx
from rasterstats import zonal_stats
from scipy.sparse.csgraph import dijkstra

import resilience_geo as rg
from resilience_geo.flows.ways import Arcs, nearest_targets, search_graph

if TYPE_CHECKING:
    from collections.abc import Callable

# rasterstats uses an operator that the affine package is about to withdraw.
warnings.filterwarnings("ignore", category=PendingDeprecationWarning)

ROOT = Path(__file__).resolve().parents[1]


def data_folder() -> Path:
    """Return the folder of the real data."""
    return Path(os.environ.get("RESILIENCE_GEO_REAL_DATA", ROOT.parent / "shared" / "data"))


def in_turn(repeat: int, **runs: Callable[[], Any]) -> tuple[dict[str, float], dict[str, Any]]:
    """Run each callable `repeat` times in turn; return best seconds and last results."""
    # What was read for all of them is not to be walked through by the collector during any.
    gc.collect()
    gc.freeze()
    seconds = dict.fromkeys(runs, float("inf"))
    results: dict[str, Any] = {}
    for _ in range(repeat):
        for name, run in runs.items():
            begin = time.perf_counter()
            results[name] = run()
            seconds[name] = min(seconds[name], time.perf_counter() - begin)
    return seconds, results


def report(title: str, seconds: dict[str, float]) -> None:
    """Print seconds, and the ratio of each peer to the package."""
    print(f"\n{title}")
    own = seconds["resilience_geo"]
    for name, value in seconds.items():
        ratio = "" if name == "resilience_geo" else f"   {value / own:6.2f} times ours"
        print(f"  {name:<44}{value:8.3f} s{ratio}")


def read_jakarta() -> dict[str, Any]:
    """Read the Jakarta inputs."""
    folder = data_folder() / "jakarta"
    villages = rg.read_villages(folder / "kelurahan_jakarta.shp")
    return {
        "folder": folder,
        "kelurahan": villages,
        "rw": rg.read_villages(folder / "rw_jakarta.shp"),
        "hazard": rg.read_hazard(folder / "Flood_Current_Depth_Jakarta_geographic.asc", unit="m"),
        "people": rg.read_population(
            folder / "Population_Jakarta_geographic.asc", unit="people_per_ha", scale=0.1
        ),
        "roads": rg.read_roads(folder / "jakarta_roads.shp", within=villages),
        "shelters": rg.read_shelters(folder / "shelters_standin.geojson"),
    }


def measure_exposure(repeat: int) -> None:
    """Exposure of all RW by five classes against one bare sum, and against rasterstats."""
    data = read_jakarta()
    rw, population = data["rw"], str(data["folder"] / "Population_Jakarta_geographic.asc")
    depth = str(data["folder"] / "Flood_Current_Depth_Jakarta_geographic.asc")
    hazard, people = data["hazard"], data["people"]
    rows, columns = (slice(0, size) for size in people.grid.shape)
    counts, classes = people.people(rows, columns), hazard.classes(rows, columns)

    def with_rasterstats() -> list[Any]:
        return [
            zonal_stats(
                rw,
                np.where(classes == number, counts, 0.0),
                affine=people.grid.transform,
                nodata=-1,
                stats=["sum"],
            )
            for number in range(5)
        ]

    seconds, results = in_turn(
        repeat,
        resilience_geo=lambda: rg.village_exposure(rw, hazard, people),
        exactextract_sum=lambda: exactextract.exact_extract(
            population, rw, ["sum"], output="pandas"
        ),
    )
    slow, other = in_turn(1, rasterstats=with_rasterstats)
    report(f"Exposure of {len(rw)} RW by five classes ({Path(depth).name})", seconds | slow)
    ours = results["resilience_geo"]["people_total"].to_numpy()
    theirs = np.array([[row["sum"] or 0.0 for row in table] for table in other["rasterstats"]])
    wrong = np.abs(theirs.sum(axis=0) - ours) / np.maximum(ours, 1e-9)
    print(f"  rasterstats is wrong by up to {wrong[ours > 1].max():.0%} on one RW")


def measure_nearest(repeat: int) -> None:
    """Nearest shelter of every vertex of the whole network."""
    folder = data_folder() / "jakarta"
    graph = rg.read_roads(folder / "jakarta_roads.shp", keep_vertices=True)
    nodes = list(graph.nodes)
    place = {node: number for number, node in enumerate(nodes)}
    tail = np.array([place[u] for u, _ in graph.edges()])
    head = np.array([place[v] for _, v in graph.edges()])
    length = np.array([length for *_, length in graph.edges(data="length")])
    # Shelters stand at vertices here; the same 356 places for all.
    shelters = gpd.read_file(folder / "shelters_standin.geojson").geometry
    where = np.column_stack(
        [[graph.nodes[n]["x"] for n in nodes], [graph.nodes[n]["y"] for n in nodes]]
    )
    points = gpd.GeoSeries(gpd.points_from_xy(*where.T), crs=4326)
    targets = np.unique(points.sindex.nearest(shelters, return_all=False)[1])
    searched = search_graph(Arcs(tail, head, length, len(nodes)))
    against = graph.reverse(copy=True)
    sources = {nodes[target] for target in targets}
    seconds, results = in_turn(
        repeat,
        resilience_geo=lambda: nearest_targets(searched, targets).cost,
        scipy=lambda: dijkstra(searched.matrix, indices=targets, min_only=True),
        networkx=lambda: nx.multi_source_dijkstra_path_length(against, sources, weight="length"),
    )
    report(f"Nearest of {len(targets)} shelters from each of {len(nodes)} vertices", seconds)
    theirs = np.full(len(nodes), np.inf)
    for node, metres in results["networkx"].items():
        theirs[place[node]] = metres
    same = np.array_equal(results["resilience_geo"], theirs)
    print(f"  distances identical to networkx: {same}")


def measure_tables(repeat: int) -> None:
    """Exposure of kelurahan and RW, road states, and both departures' routes from RW points."""
    data = read_jakarta()
    origins = gpd.GeoDataFrame(
        {"origin_id": data["rw"]["village_code"]}, geometry=data["rw"].representative_point()
    )
    roads = rg.road_arrays(data["roads"])

    def ours() -> None:
        rg.village_exposure(data["kelurahan"], data["hazard"], data["people"])
        rg.village_exposure(data["rw"], data["hazard"], data["people"])
        rg.road_states(roads, data["hazard"])
        rg.evacuation_routes(origins, data["shelters"], roads, data["hazard"])

    fast = exactextract_scipy.read_inputs(data_folder())
    slow = rasterstats_networkx.read_inputs(data_folder())
    seconds, _ = in_turn(
        repeat,
        resilience_geo=ours,
        exactextract_and_scipy=lambda: exactextract_scipy.make_tables(fast),
        roads_to_arrays_once=lambda: rg.road_arrays(data["roads"]),
    )
    usual, _ = in_turn(1, rasterstats_osmnx_networkx=lambda: rasterstats_networkx.make_tables(slow))
    report("Tables alone", seconds | usual)


def measure_plan(_repeat: int) -> None:
    """Measure the whole command on Jakarta: seconds and memory of a process of its own."""
    folder = data_folder() / "jakarta"
    with tempfile.TemporaryDirectory() as out:
        command = [
            *(sys.executable, "-m", "resilience_geo.cli", "plan"),
            *("--villages", str(folder / "kelurahan_jakarta.shp")),
            *("--hazard", str(folder / "Flood_Current_Depth_Jakarta_geographic.asc")),
            *("--hazard-unit", "m"),
            *("--population", str(folder / "Population_Jakarta_geographic.asc")),
            *("--population-unit", "people_per_ha", "--population-scale", "0.1"),
            *("--roads", str(folder / "jakarta_roads.shp")),
            *("--shelters", str(folder / "shelters_standin.geojson")),
            *("--out", out, "--quiet"),
        ]
        _measure_process("Plan of 261 kelurahan, both departures, all files", command)


def measure_demo(_repeat: int) -> None:
    """Measure the embedded sample through the command."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "resilience_geo.cli", "demo", "--out", out, "--quiet"]
        _measure_process("Demo", command)


def _measure_process(title: str, command: list[str]) -> None:
    """Run a command and print its seconds and its peak of memory."""
    begin = time.perf_counter()
    subprocess.run(command, check=True)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(f"\n{title}\n  {seconds:.1f} s, at most {peak:.2f} GB")


MEASURES: dict[str, Callable[[int], None]] = {
    # Memory of child processes is a running maximum: the small one comes first.
    "demo": measure_demo,
    "plan": measure_plan,
    "exposure": measure_exposure,
    "nearest": measure_nearest,
    "tables": measure_tables,
}


def main() -> None:
    """Run the measures that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MEASURES, []], default=[])
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    for name in options.names or MEASURES:
        MEASURES[name](options.repeat)


if __name__ == "__main__":
    main()
