"""Clearance times of kelurahan, exact against fast, and of all Jakarta at once.

    python benchmarks/clearance.py [count of kelurahan, default all] [city]

CPU seconds of `quick_evacuation` with edges looked at in full (exact), with its usual size (fast),
and with a tenth of it, which shows what a city as a whole is planned with. Kelurahan without
evacuees are left out. With `city` all of Jakarta is planned at once as well.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from run import read_jakarta

from resilience_geo.analysis.clearance import network_clearance
from resilience_geo.analysis.clearance_network import road_steps
from resilience_geo.analysis.evacuation_network import find_ways, travel_at
from resilience_geo.flows.quick_evacuation import MOST_ARCS, quick_evacuation
from resilience_geo.plan import plan_evacuation

NO_LIMIT = 2**62
WITHIN = 0.05


def main() -> None:
    count = next((int(text) for text in sys.argv[1:] if text.isdigit()), None)
    data = read_jakarta()
    plan = plan_evacuation(
        data["kelurahan"], data["hazard"], data["people"], data["roads"], data["shelters"],
        departure="early",
    )  # fmt: skip
    workings = plan.workings
    if workings is None:
        return
    network, places, points = workings.network, workings.places, workings.points
    seats = np.nan_to_num(np.where(places.usable, places.capacity_people, 0.0)).astype(np.int64)
    people = np.sum([party.people for party in workings.parties], axis=0).astype(np.int64)
    if "city" in sys.argv:
        begin = time.process_time()
        found = network_clearance(network, "early", points, people, seats, method="fast")
        print(f"city: {time.process_time() - begin:.1f} s CPU, {found.moving_min:.0f} min moving,")
        print(f"  at least {found.lower_bound_min:.0f} min, {found.safe_people} safe")
    travel = travel_at(network, "early", weighed=False)
    ways = find_ways(network, travel, points, seats > 0)
    codes = workings.origins["village_code"].to_numpy()
    chosen = np.random.default_rng(7).permutation(np.unique(codes))[:count]
    rows = []
    for code in chosen:
        some = np.where(codes == code, people, 0)
        problem = road_steps(network, travel, ways, some, seats, 60.0).problem
        row = [code]
        for most_arcs in (NO_LIMIT, MOST_ARCS, MOST_ARCS // 10):
            begin = time.process_time()
            found = quick_evacuation(problem, most_arcs=most_arcs)
            row += [found.clearance + 1, time.process_time() - begin]
        if found.arrivals[-1] == 0:
            continue
        rows.append([*row, found.lower_bound + 1])
    report(rows)


def report(rows: list[list[Any]]) -> None:
    """Print how far fast plans and bounds are from the exact clearance."""
    names = [row[0] for row in rows]
    table = np.array([row[1:] for row in rows], dtype=float)
    exact = table[:, 0]
    for name, column in (("fast", 2), ("a tenth", 4), ("bound of it", 6)):
        gap = table[:, column] / exact - 1.0
        shown = np.percentile(gap, [0, 5, 50, 95, 100])
        print(f"{name}: gap to exact, least, 5 %, middle, 95 %, most:", np.round(shown, 3))
        worst = names[int(np.argmax(np.abs(gap)))]
        within = (np.abs(gap) <= WITHIN).sum()
        print(f"  within 5 %: {within} of {exact.size}; worst: kelurahan {worst}")
    print("CPU s exact, fast, a tenth:", np.round(table[:, [1, 3, 5]].sum(axis=0), 1))
    print("exact, slowest kelurahan:", round(table[:, 1].max(), 1), "s CPU")


if __name__ == "__main__":
    main()
