"""Exact evacuation of two kelurahan of Jakarta against the same model given to other solvers.

    python benchmarks/evacuation_flow.py [--repeat 5] [--horizon 90] [--highs] [NAME ...]

Needs the real Jakarta data (`RESILIENCE_GEO_REAL_DATA`, or ../shared/data beside the checkout).
Names: "Cakung Barat", "Kapuk". Figures are CPU seconds, from arrays to the flow, the best of
several runs in turn. The peers get the node-steps that can matter and no others, as anyone would
write it: OR-tools' minimum-cost flow, and with `--highs` the two linear programs for HiGHS.

The instances are made for measuring: nodes of the graph within 3 km of the kelurahan, steps of
60 s, 1.1 m/s, travel time rounded up edge by edge, 1.3 people per second and metre of a width by
class of road less 0.3 m, people of evacuating cells at the nearest node, stand-in shelters with
their places.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely
from ortools.graph.python import max_flow, min_cost_flow  # noqa: F401 - loaded before the clock runs
from run import read_jakarta
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, vstack
from scipy.sparse.csgraph import dijkstra

import resilience_geo as rg
from resilience_geo.flows.time_expanded import TimeExpandedFlow, solve_time_expanded

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

WIDTH_M = {"motorway": 10.0, "trunk": 10.0, "primary": 10.0, "secondary": 7.0, "tertiary": 6.0}
LINK_M, PATH_M, OTHER_M = 5.0, 1.5, 3.0
STEP_S, SPEED_MPS, PEOPLE_PER_S_PER_M, EDGE_LOSS_M = 60.0, 1.1, 1.3, 0.3
SMALL, LARGE = "Cakung Barat", "Kapuk"


@dataclass(frozen=True)
class Instance:
    """What `solve_time_expanded` takes; see there."""

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    travel_time: NDArray[np.int64]
    capacity: NDArray[np.int64]
    supply: NDArray[np.int64]
    sink_capacity: NDArray[np.float64]


def width_m(highway: str) -> float:
    """Give a width by class of road; a choice for measuring."""
    if highway.endswith("_link"):
        return LINK_M
    if highway in {"footway", "path", "steps"}:
        return PATH_M
    return WIDTH_M.get(highway, OTHER_M)


def instances(names: list[str]) -> dict[str, Instance]:
    """Make the instances of kelurahan."""
    data = read_jakarta()
    graph = data["roads"]
    villages = data["kelurahan"][data["kelurahan"]["village_name"].isin(names)]
    plan = rg.plan_evacuation(
        villages, data["hazard"], data["people"], graph, data["shelters"], departure="early"
    )
    origins, shelters, crs = plan.origins, plan.shelters, plan.origins.crs
    places = shelters["capacity_people"].fillna(0).to_numpy()
    shelter_points = shelters.geometry.representative_point().array
    nodes = list(graph.nodes)
    number = {node: place for place, node in enumerate(nodes)}
    xy = np.array([[graph.nodes[node]["x"], graph.nodes[node]["y"]] for node in nodes])
    points = gpd.GeoSeries(gpd.points_from_xy(*xy.T), crs=graph.graph["crs"]).to_crs(crs).array
    edges = [
        (number[begin], number[end], float(tags["length"]), width_m(str(tags["highway"])))
        for begin, end, tags in graph.edges(data=True)
    ]
    tail, head, length_m, width = np.array(edges).T
    made = {}
    for name in names:
        village = villages[villages["village_name"] == name]
        area = village.to_crs(crs).geometry.iloc[0]
        near = shapely.dwithin(area, points, 3_000)
        place = np.cumsum(near) - 1
        kept = near[tail.astype(int)] & near[head.astype(int)]
        tree = shapely.STRtree(points[near])
        own = origins[origins["village_code"] == village["village_code"].iloc[0]]
        usable = (shelters["status"] == "usable").to_numpy() & (places > 0)
        usable &= shapely.dwithin(area, shelter_points, 3_000)
        at = [tree.nearest(own.geometry.array), tree.nearest(shelter_points[usable])]
        supply, seats = (
            np.bincount(where, weights=weights, minlength=near.sum())
            for where, weights in zip(at, (own["evacuees"], places[usable]), strict=True)
        )
        per_step = (width[kept] - EDGE_LOSS_M) * PEOPLE_PER_S_PER_M * STEP_S
        made[name] = Instance(
            place[tail[kept].astype(int)],
            place[head[kept].astype(int)],
            np.maximum(1, np.ceil(length_m[kept] / SPEED_MPS / STEP_S)).astype(int),
            np.floor(per_step).astype(int),
            supply.astype(int),
            np.where(seats > 0, np.floor(seats), np.nan),
        )
    return made


def steps_to(instance: Instance, targets: NDArray[np.int64], *, back: bool) -> NDArray[np.float64]:
    """Fewest steps from each node to a target, or with `back` from a source to each node."""
    rows, columns = instance.head, instance.tail
    if back:
        rows, columns = columns, rows
    order = np.lexsort((instance.travel_time, columns, rows))
    rows, columns, times = rows[order], columns[order], instance.travel_time[order]
    first = np.append(True, (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1]))
    size = instance.supply.size
    entries = (times[first].astype(float), (rows[first], columns[first]))
    return dijkstra(csr_array(entries, shape=(size, size)), indices=targets, min_only=True)


def spread(values: NDArray[Any], counts: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Repeat values, and count within the repeats."""
    counts = counts.astype(int)
    inner = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(values, counts), inner


def plain_model(instance: Instance, horizon: int) -> tuple[NDArray[np.int64], ...]:
    """Write the time-expanded network: begin, end, room and cost of arcs; begin and end come last.

    Only node-steps that a source reaches and from which a sink is reached in time.
    """
    size, people = instance.supply.size, int(instance.supply.sum())
    sources = np.flatnonzero(instance.supply > 0)
    sinks = np.flatnonzero(instance.sink_capacity > 0)
    first = steps_to(instance, sources, back=True)
    left = horizon - steps_to(instance, sinks, back=False)
    spare = left[instance.head] - instance.travel_time - first[instance.tail]
    edge, late = spread(np.flatnonzero(spare >= 0), spare[spare >= 0] + 1)
    enter = first[instance.tail[edge]].astype(int) + late
    stays = np.flatnonzero(first < left)
    wait, late = spread(stays, (left - first)[stays])
    wait_step = first[wait].astype(int) + late
    sinks = sinks[first[sinks] <= horizon]
    sink, late = spread(sinks, horizon - first[sinks] + 1)
    safe_step = first[sink].astype(int) + late
    safe = size * (horizon + 1)
    arrive = enter + instance.travel_time[edge]
    begin = [
        enter * size + instance.tail[edge],
        wait_step * size + wait,
        safe_step * size + sink,
        safe + sinks,
        np.full(sources.size, safe + size + 1),
    ]
    end = [
        arrive * size + instance.head[edge],
        (wait_step + 1) * size + wait,
        safe + sink,
        np.full(sinks.size, safe + size),
        sources,
    ]
    room = [
        instance.capacity[edge],
        np.full(wait.size, people),
        np.full(sink.size, people),
        instance.sink_capacity[sinks].astype(int),
        instance.supply[sources],
    ]
    cost = [np.zeros(part.size, dtype=int) for part in begin]
    cost[2] = safe_step
    ends = np.concatenate([*begin, *end])
    number = np.unique(ends, return_inverse=True)[1]
    half = ends.size // 2
    return number[:half], number[half:], np.concatenate(room), np.concatenate(cost)


def by_ortools(instance: Instance, horizon: int) -> tuple[int, int]:
    """Solve the plain model with OR-tools; people safe and total arrival time."""
    begin, end, room, cost = plain_model(instance, horizon)
    solver = min_cost_flow.SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(begin, end, room, cost)
    people, last = int(instance.supply.sum()), int(begin.max())
    solver.set_node_supply(last, people)
    solver.set_node_supply(last - 1, -people)
    solver.solve_max_flow_with_min_cost()
    return int(solver.maximum_flow()), int(solver.optimal_cost())


def by_highs(instance: Instance, horizon: int) -> tuple[int, int]:
    """Solve the plain model with HiGHS: most people first, then least total arrival time."""
    begin, end, room, cost = plain_model(instance, horizon)
    arcs, last = np.arange(begin.size), int(begin.max())
    signs = np.repeat([-1.0, 1.0], begin.size)
    rows, columns = np.append(begin, end), np.append(arcs, arcs)
    balance = coo_array((signs, (rows, columns)), shape=(last + 1, begin.size)).tocsr()[: last - 1]
    leaving = (begin == last).astype(float)
    bounds = np.column_stack([np.zeros(begin.size), room])
    zero = np.zeros(last - 1)
    most = linprog(-leaving, A_eq=balance, b_eq=zero, bounds=bounds)
    safe = round(-most.fun)
    rules = vstack([balance, coo_array(leaving[None, :])])
    least = linprog(cost, A_eq=rules, b_eq=np.append(zero, safe), bounds=bounds)
    return safe, round(least.fun)


def ours(instance: Instance, horizon: int) -> TimeExpandedFlow:
    """Solve with the package."""
    return solve_time_expanded(
        instance.tail,
        instance.head,
        instance.travel_time,
        instance.capacity,
        instance.supply,
        instance.sink_capacity,
        horizon,
    )


def cpu_seconds(run: Callable[[], Any]) -> tuple[float, Any]:
    """Run once, and give the CPU seconds and the result."""
    begin = time.process_time()
    result = run()
    return time.process_time() - begin, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=[SMALL, LARGE])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--horizon", type=int, default=90)
    parser.add_argument("--highs", action="store_true", help=f"HiGHS too (only on {SMALL})")
    given = parser.parse_args()
    for name, instance in instances(given.names).items():
        print(
            f"\n{name}: {instance.supply.size} nodes, {instance.tail.size} edges,"
            f" {instance.supply.sum()} people at {(instance.supply > 0).sum()} nodes,"
            f" {(instance.sink_capacity > 0).sum()} sinks, horizon {given.horizon}"
        )
        best, results = {}, {}
        runs = {"resilience_geo": ours, "ortools_plain": by_ortools}
        for _ in range(given.repeat):
            for peer, run in runs.items():
                seconds, results[peer] = cpu_seconds(lambda: run(instance, given.horizon))  # noqa: B023
                best[peer] = min(best.get(peer, np.inf), seconds)
        if given.highs and name == SMALL:
            best["highs_lp"], results["highs_lp"] = cpu_seconds(
                lambda: by_highs(instance, given.horizon)  # noqa: B023
            )
        flow = results.pop("resilience_geo")
        answer = (int(flow.arrivals[-1]), flow.total_arrival_time)
        print(f"  {answer[0]} safe, total arrival time {answer[1]}, clearance {flow.clearance}")
        for peer, seconds in best.items():
            same = peer == "resilience_geo" or results[peer] == answer
            ratio = seconds / best["resilience_geo"]
            print(f"  {peer:<16}{seconds:8.3f} s{ratio:8.1f} times ours   same answer: {same}")


if __name__ == "__main__":
    main()
