"""Measure the search for critical roads on all Jakarta, and beside it the plain way of doing it.

    python benchmarks/criticality.py [--repeat 3] [--roads 20]

Needs the real Jakarta data (`RESILIENCE_GEO_REAL_DATA`, or ../shared/data beside the checkout). The
plain way takes a road out of the network and searches again from every shelter whose people pass
it; only its searches are timed, on a sample of roads, and scaled up to all. Times are of the
processor, the best of several repeats.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from run import read_jakarta
from scipy.sparse.csgraph import dijkstra

import resilience_geo as rg
from resilience_geo.analysis.evacuation_network import travel_at

if TYPE_CHECKING:
    from collections.abc import Callable


def best_of(repeat: int, run: Callable[[], Any]) -> tuple[float, Any]:
    """Return the least processor seconds of several runs, and the last result."""
    least, result = float("inf"), None
    for _ in range(repeat):
        begin = time.process_time()
        result = run()
        least = min(least, time.process_time() - begin)
    return least, result


def plain_searches(plan: Any, departure: str, roads: np.ndarray) -> int:
    """Take each road out and search from every shelter whose people pass it; count searches."""
    network, served = plan.workings.network, plan.workings.served[departure]
    stretches, ways = network.stretches, served.ways
    graph = travel_at(network, departure).graph
    road_of_arc = np.full(graph.matrix.nnz, -1)
    stretch = travel_at(network, departure).arc_stretch[graph.arc]
    road_of_arc[stretch >= 0] = stretches.road[stretch[stretch >= 0]]
    who = np.concatenate([served.steps.owner, np.flatnonzero(ways.shelter >= 0)])
    passed = np.concatenate([served.steps.stretch, ways.stretch[ways.shelter >= 0]])
    searches = 0
    for road in roads:
        goals = np.unique(ways.shelter[who[stretches.road[passed] == road]])
        matrix = graph.matrix.copy()
        matrix.data[road_of_arc == road] = np.inf
        for goal in goals:
            dijkstra(matrix, indices=stretches.n_nodes + goal, return_predecessors=True)
        searches += goals.size
    return searches


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--roads", type=int, default=20, help="roads lost the plain way")
    options = parser.parse_args()
    data = read_jakarta()
    inputs = (data["kelurahan"], data["hazard"], data["people"], data["roads"], data["shelters"])
    plan = rg.plan_evacuation(*inputs)
    for departure in ("early", "late"):
        seconds, table = best_of(
            options.repeat, lambda which=departure: rg.critical_roads(plan, departure=which)
        )
        lost = table[table["people"] > 0]
        sums = lost[["stranded_people", "cut_off_people", "delayed_people"]].sum()
        print(f"\n{departure}: {len(lost)} roads that somebody passes, each lost once")
        print(f"  resilience_geo{seconds:42.2f} s")
        some = lost["road_id"].to_numpy()[:: max(1, len(lost) // options.roads)]
        plain_s, searches = best_of(
            1, lambda which=departure, roads=some: plain_searches(plan, which, roads)
        )
        whole = plain_s * len(lost) / some.size
        print(
            f"  taking roads out one by one, from {some.size} roads ({searches} searches)"
            f"{whole:10.0f} s   {whole / seconds:6.0f} times ours"
        )
        print(f"  {sums.to_dict()}, {int(lost['is_cut_edge'].sum())} cut edges")
        print(table.drop(columns="geometry").head(5).to_string(index=False))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
