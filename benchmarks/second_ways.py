"""Measure second ways out of all settlements of Jakarta, and compare some with networkx.

    python benchmarks/second_ways.py [--repeat 3] [--sample 20]

Needs the real Jakarta data, as `run.py` does, and OR-Tools for the first ways. Seconds are
processor seconds, the best of several.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
from run import read_jakarta

from resilience_geo.analysis.evacuation_network import DEPARTURES, travel_at
from resilience_geo.analysis.least_shared import arcs_to_shelters
from resilience_geo.analysis.network import road_arrays
from resilience_geo.analysis.routes import ALLOCATED
from resilience_geo.analysis.second_ways import SecondWays, second_ways
from resilience_geo.analysis.unavoidable import unavoidable_roads
from resilience_geo.analysis.workings import Layers, Workings, work_out
from resilience_geo.assumptions import EvacuationAssumptions

if TYPE_CHECKING:
    from collections.abc import Callable


def timed(repeat: int, run: Callable[[], Any]) -> tuple[float, Any]:
    """Return the best processor seconds of several runs, and the last result."""
    seconds, result = float("inf"), None
    for _ in range(repeat):
        begin = time.process_time()
        result = run()
        seconds = min(seconds, time.process_time() - begin)
    return seconds, result


def everything() -> Workings:
    """Work out who of Jakarta goes to which shelter, early and late."""
    data = read_jakarta()
    roads = road_arrays(data["roads"])
    layers = Layers(data["kelurahan"], data["hazard"], data["people"], roads, data["shelters"])
    return work_out(layers, EvacuationAssumptions(), DEPARTURES)


def shares(second: SecondWays, people: np.ndarray) -> None:
    """Print how many first ways, and people, have which kind of second way."""
    apart = second.has_second & (second.shared_m == 0)
    kinds = {
        "nothing shared": apart,
        "something shared": second.has_second & ~apart,
        "no second way": ~second.has_second,
        "no second way, hangs on a road": ~second.has_second & (second.hangs_on_road >= 0),
        "500 m or more unavoidable": second.unavoidable_m >= 500,
    }
    for name, chosen in kinds.items():
        share = people[chosen].sum() / people.sum()
        print(f"  {name:<32}{chosen.mean():8.1%} of ways{share:8.1%} of people")


def with_networkx(
    arcs: Any, steps: Any, rows: np.ndarray, nodes: np.ndarray
) -> Callable[[], list[float]]:
    """Return a run that finds the least shared way from some nodes with networkx."""
    graph = nx.MultiDiGraph()
    fields = (arcs.tail, arcs.head, arcs.via, arcs.cost_us)
    graph.add_edges_from(
        (tail, head, {"via": via, "cost": cost})
        for tail, head, via, cost in zip(*(values.tolist() for values in fields), strict=True)
    )

    def run() -> list[float]:
        costs = []
        for row, node in zip(rows.tolist(), nodes.tolist(), strict=True):
            first = set(steps.stretch[steps.owner == row].tolist())

            def weigh(_tail: int, _head: int, edges: Any, first: set[int] = first) -> float:
                return min(e["cost"] + 1e15 * (e["via"] in first) for e in edges.values())

            costs.append(nx.dijkstra_path_length(graph, node, arcs.goal, weigh))
        return costs

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--sample", type=int, default=20)
    options = parser.parse_args()
    workings = everything()
    network, usable = workings.network, workings.places.usable
    limit_s = workings.assumptions.time_limit_min * 60.0
    for departure in DEPARTURES:
        served = workings.served[departure]
        travel = travel_at(network, departure)
        chosen = np.flatnonzero(served.status == ALLOCATED)
        seconds, second = timed(
            options.repeat,
            lambda travel=travel, served=served, chosen=chosen: second_ways(
                network, travel, served.ways, chosen, usable, limit_s=limit_s, steps=served.steps
            ),
        )
        print(f"\nSecond ways {departure} of {chosen.size} portions of people and their shelters")
        print(f"  {'resilience_geo':<32}{seconds:8.2f} s")
        arcs = arcs_to_shelters(network, travel, usable)
        bare_s, _ = timed(options.repeat, lambda arcs=arcs: unavoidable_roads(network, arcs))
        print(f"  {'of which unavoidable roads':<32}{bare_s:8.2f} s")
        shares(second, served.people[chosen])
        ratio = second.ways.travel_time_s / served.ways.travel_time_s[chosen]
        middle, most = np.percentile(ratio[second.has_second], [50, 95])
        print(f"  times as long as the first: median {middle:.2f}, 95 of 100 below {most:.2f}")
        rows = chosen[np.linspace(0, chosen.size - 1, options.sample).astype(int)]
        ways, stretches = served.ways, network.stretches
        ends = np.where(ways.toward_end, stretches.end[ways.stretch], stretches.start[ways.stretch])
        peer_s, _ = timed(1, with_networkx(arcs, served.steps, rows, ends[rows]))
        each = peer_s / options.sample
        # Neighbours that go alike need one search, for networkx as for us.
        alike = np.column_stack([ways.tree, ways.stretch, ways.toward_end])[chosen]
        all_s = each * np.unique(alike, axis=0).shape[0]
        print(
            f"  {'networkx, one search per group':<32}{all_s:8.2f} s, {all_s / seconds:.0f} times"
        )


if __name__ == "__main__":
    main()
