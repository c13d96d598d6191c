"""Measure who goes to which shelter in Jakarta: the optimum beside what is often done instead.

    python benchmarks/allocation.py [--repeat 3] [NAME ...]

Needs the real Jakarta data, as `run.py` does, and OR-Tools. Seconds are processor seconds, the best
of several. Names: jakarta, limits, highs.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from run import read_jakarta
from scipy import sparse
from scipy.optimize import linprog

from resilience_geo.analysis.network import road_arrays
from resilience_geo.analysis.way_pairs import find_pairs
from resilience_geo.analysis.workings import Layers, work_out
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.flows.transport import greedy_transport, least_time_transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from resilience_geo.analysis.workings import Workings
    from resilience_geo.flows.transport import Transport


@dataclass(frozen=True)
class Instance:
    """People, seats and the pairs of them within a time limit."""

    row: np.ndarray
    column: np.ndarray
    time_s: np.ndarray
    people: np.ndarray
    seats: np.ndarray

    def arguments(self) -> tuple[np.ndarray, ...]:
        """Return what the solvers take."""
        indptr = np.append(0, np.cumsum(np.bincount(self.row, minlength=self.people.size)))
        return indptr, self.column, self.time_s, self.people, self.seats

    def pairs(self, kept: np.ndarray) -> Instance:
        """Return the instance with some of its pairs only."""
        return Instance(
            self.row[kept], self.column[kept], self.time_s[kept], self.people, self.seats
        )

    def nearest(self, count: int) -> Instance:
        """Return the instance with the nearest shelters of each row only."""
        order = np.lexsort((self.time_s, self.row))
        rank = np.empty(order.size, dtype=np.int64)
        rank[order] = np.arange(order.size) - np.searchsorted(self.row[order], self.row[order])
        return self.pairs(rank < count)

    def part(self, n_rows: int, n_columns: int) -> Instance:
        """Return rows that follow one another, with the shelters most of them reach."""
        begin = self.people.size // 2
        held = (self.row >= begin) & (self.row < begin + n_rows)
        reached = np.bincount(self.column[held], minlength=self.seats.size)
        columns = np.sort(np.argsort(-reached, kind="stable")[:n_columns])
        held &= np.isin(self.column, columns)
        return Instance(
            self.row[held] - begin,
            np.searchsorted(columns, self.column[held]),
            self.time_s[held],
            self.people[begin : begin + n_rows],
            self.seats[columns],
        )


@cache
def everything() -> Workings:
    """Work out who is where in Jakarta, and the network, once."""
    data = read_jakarta()
    roads = road_arrays(data["roads"])
    layers = Layers(data["kelurahan"], data["hazard"], data["people"], roads, data["shelters"])
    return work_out(layers, EvacuationAssumptions(), ())


@cache
def instance(limit_s: float = 3600.0) -> Instance:
    """Make the instance of all population cells and usable shelters of Jakarta."""
    workings = everything()
    usable = workings.places.usable
    seats = np.where(usable, np.nan_to_num(workings.places.capacity_people), 0.0)
    pairs = find_pairs(
        workings.network, "early", workings.points, usable & (seats > 0), limit_s=limit_s
    )
    return Instance(
        pairs.point,
        pairs.shelter,
        pairs.fastest.seconds,
        workings.origins["evacuees"].to_numpy(dtype=np.int64),
        np.floor(seats).astype(np.int64),
    )


def timed(repeat: int, run: Callable[[], Any]) -> tuple[float, Any]:
    """Return the best processor seconds of several runs, and the last result."""
    seconds, result = float("inf"), None
    for _ in range(repeat):
        begin = time.process_time()
        result = run()
        seconds = min(seconds, time.process_time() - begin)
    return seconds, result


def line(name: str, seconds: float, found: Transport, best: Transport) -> None:
    """Print one way to divide people, beside the best."""
    served, most = int(found.people.sum()), int(best.people.sum())
    mean_min = found.total_person_seconds / max(served, 1) / 60.0
    print(
        f"  {name:<22}{seconds:8.2f} s {served:10d} served {most - served:8d} fewer"
        f"{mean_min:8.2f} min each {found.total_person_seconds / 3600.0:12.0f} person-hours"
    )


def same_number(whole: Instance, found: Transport) -> Transport:
    """Return the least time for exactly those people another way of dividing serves."""
    served = np.bincount(found.row, found.people, whole.people.size).astype(np.int64)
    held = served > 0
    renumbered = np.cumsum(held) - 1
    kept = held[whole.row]
    same = Instance(
        renumbered[whole.row[kept]],
        whole.column[kept],
        whole.time_s[kept],
        served[held],
        whole.seats,
    )
    return least_time_transport(*same.arguments())


def compare(title: str, whole: Instance, repeat: int) -> None:
    """Print the optimum, nearest first, and the optimum over the nearest shelters only."""
    print(
        f"\n{title}: {whole.people.size} places, {whole.people.sum()} people, "
        f"{np.unique(whole.column).size} shelters, {whole.row.size} pairs"
    )
    seconds, best = timed(repeat, lambda: least_time_transport(*whole.arguments()))
    line("optimum", seconds, best, best)
    gap = best.total_person_seconds - best.bound_person_seconds
    print(
        f"    proved: {best.proven}, gap {gap:.3f} person-seconds, {best.rounds} rounds on at most "
        f"{best.pairs_used} pairs"
    )
    seconds, greedy = timed(repeat, lambda: greedy_transport(*whole.arguments()))
    line("nearest first", seconds, greedy, best)
    same = same_number(whole, greedy)
    longer = greedy.total_person_seconds / same.total_person_seconds - 1.0
    print(f"    {longer:+.1%} person-time over the best places for the same people")
    for count in (5, 20, 50):
        cut = whole.nearest(count)
        seconds, found = timed(1, lambda cut=cut: least_time_transport(*cut.arguments()))
        line(f"{count} nearest, optimum", seconds, found, best)
        if found.people.sum() == best.people.sum():
            more = found.total_person_seconds / best.total_person_seconds - 1.0
            print(f"    {more:+.4%} person-time")


def measure_jakarta(repeat: int) -> None:
    """All of Jakarta within an hour's walk."""
    compare("Jakarta, 60 min", instance(), repeat)


def measure_limits(repeat: int) -> None:
    """Half an hour and three hours: few and many pairs."""
    for minutes in (30, 180):
        compare(f"Jakarta, {minutes} min", instance(minutes * 60.0), repeat)


def with_highs(part: Instance) -> tuple[int, float]:
    """Solve an instance with two linear programs."""
    count, place = part.row.size, np.arange(part.row.size)
    within = sparse.vstack(
        [
            sparse.csr_array((np.ones(count), (part.row, place)), shape=(part.people.size, count)),
            sparse.csr_array(
                (np.ones(count), (part.column, place)), shape=(part.seats.size, count)
            ),
        ]
    )
    room = np.concatenate([part.people, part.seats])
    most = linprog(-np.ones(count), A_ub=within, b_ub=room, method="highs")
    served = round(-most.fun)
    least = linprog(
        part.time_s,
        A_ub=within,
        b_ub=room,
        A_eq=np.ones((1, count)),
        b_eq=[served],
        method="highs",
    )
    return served, float(least.fun)


def measure_highs(repeat: int) -> None:
    """Instances that HiGHS can solve as well."""
    for n_rows, n_columns in ((1000, 60), (4000, 100)):
        part = instance(10_800.0).part(n_rows, n_columns)
        seats = part.seats * int(0.8 * part.people.sum()) // int(part.seats.sum())
        part = Instance(part.row, part.column, part.time_s, part.people, seats)
        own, found = timed(repeat, lambda part=part: least_time_transport(*part.arguments()))
        theirs, (served, seconds) = timed(1, lambda part=part: with_highs(part))
        print(f"\n{n_rows} places, {n_columns} shelters, {part.row.size} pairs")
        print(
            f"  resilience_geo{own:32.3f} s\n  HiGHS, two linear programs{theirs:20.3f} s", end=""
        )
        print(f"   {theirs / own:6.1f} times ours")
        print(
            f"  served: {found.people.sum()} and {served}; person-seconds differ by "
            f"{abs(found.total_person_seconds / seconds - 1.0):.1e}"
        )


MEASURES: dict[str, Callable[[int], None]] = {
    "jakarta": measure_jakarta,
    "limits": measure_limits,
    "highs": measure_highs,
}


def main() -> None:
    """Run the measures that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MEASURES, []], default=[])
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    for name in options.names or MEASURES:
        MEASURES[name](options.repeat)


if __name__ == "__main__":
    main()
