"""Clearance: how long until the last of those who have a seat is safe, and which roads delay it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from resilience_geo.analysis.clearance_network import RoadSteps, road_steps
from resilience_geo.analysis.evacuation_network import find_ways, travel_at
from resilience_geo.analysis.road_capacity import road_widths
from resilience_geo.errors import AssumptionError, Message, Problem
from resilience_geo.flows.quick_evacuation import MOST_ARCS, quick_evacuation
from resilience_geo.flows.quick_queues import Movements, walk_in_order
from resilience_geo.flows.quick_steps import UNBOUNDED, StepProblem
from resilience_geo.flows.time_expanded import solve_time_expanded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network, Ways
    from resilience_geo.flows.quick_evacuation import QuickEvacuation

    Integers = NDArray[np.int64]
    Floats = NDArray[np.float64]

METHODS: tuple[str, ...] = ("auto", "exact", "fast")

EXACT_ARCS = 1_000_000
"""Arcs of the time-expanded network up to which `auto` looks for the exact answer."""

_NO_LIMIT = 2**62
_MINUTE_S = 60.0


@dataclass(frozen=True)
class Clearance:
    """How long an evacuation takes on roads of limited width.

    Parameters
    ----------
    clearance_min
        From the decision until the last of those who have a seat is safe: warning, reaction and
        moving (min); NaN where nobody is safe.
    moving_min
        Of these, from leaving home to the last arrival (min).
    method
        `exact`: no evacuation is shorter; `fast`: one that can be carried out.
    lower_bound_min
        Moving time below which no evacuation of as many people can be, by the same steps (min).
    gap
        How much longer than that it is at most, as a share of the lower bound; 0 where exact.
    curve
        `minute` (from the decision) and `people_safe` (by then).
    bottlenecks
        Roads that are full at some time, worst first: `road_id`, `name`, `highway`, `width_m`
        (stated or taken), `people` (who pass its narrowest part), `minutes_full`,
        `longest_queue_people` (who wait before it while it is full), `geometry` (its narrowest
        stretch).
    queues
        `minute` and `people_waiting` on all roads together.
    safe_people, unserved_people
        Who gets a seat, and who does not because no way leads there or no seat is left.
    is_earliest_arrival
        Whether it is proved that at every minute as many are safe as at all possible.
    """

    clearance_min: float
    moving_min: float
    method: str
    lower_bound_min: float
    gap: float
    curve: pd.DataFrame
    bottlenecks: gpd.GeoDataFrame
    queues: pd.DataFrame
    safe_people: int
    unserved_people: int
    is_earliest_arrival: bool


@dataclass(frozen=True)
class _Schedule:
    """Who moves when, and how good that is."""

    movements: Movements
    arrivals: Integers
    lower_bound: int
    method: str
    is_earliest_arrival: bool


def clearance_time(
    plan: Any,
    *,
    village_codes: Sequence[str] | None = None,
    departure: str = "early",
    method: str = "auto",
    step_s: float = 60.0,
) -> Clearance:
    """Say how long it takes until everybody who has a seat is safe, with queues on narrow roads.

    Everybody leaves at once after warning and reaction. A road lets through as many people per
    second as its width allows (`people_per_second`); who finds it full waits, or goes another way,
    or to another shelter. As many people as at all possible get a seat, and the last of them is
    safe as early as possible; where the answer is exact, all others are too as far as that allows.
    The time limit of the plan does not count here: read the curve at any minute.

    Where groups are planned apart, each walks at its own speed: what that takes it longer on its
    nearest way counts before it enters the roads, so that on that way it arrives when it would, and
    on a detour made because of queues somewhat early. Their own depth limits, and shelters that are
    not accessible, do not count here.

    Parameters
    ----------
    plan
        From `plan_evacuation`.
    village_codes
        Villages that evacuate; all of the plan by default. They have all roads and seats to
        themselves.
    departure
        `early` or `late`; the plan must have it.
    method
        `exact`, `fast`, or `auto`: exact where that is quick.
    step_s
        Length of a step (s). Who enters a road in a step has passed its beginning at the end of it.

    Raises
    ------
    AssumptionError
        The plan does not have that departure, those villages or its workings, or there is no such
        method.
    """
    workings = getattr(plan, "workings", None)
    if workings is None:
        raise AssumptionError(
            Problem(
                found=Message("a plan without its workings"),
                expected=Message("a plan as plan_evacuation returns it"),
                remedy=Message("make the plan again with plan_evacuation"),
            )
        )
    _refuse(departure, tuple(workings.served), "departure")
    origins = workings.origins
    people = np.column_stack([party.people for party in workings.parties]).astype(np.int64)
    if village_codes is not None:
        codes = origins["village_code"].astype(str)
        villages = set(plan.villages.index.astype(str))
        for code in village_codes:
            _refuse(str(code), tuple(sorted(villages)), "village_codes")
        chosen = codes.isin([str(code) for code in village_codes]).to_numpy()
        people = np.where(chosen[:, None], people, 0)
    assumptions = workings.network.assumptions
    speed = np.array([party.walking_speed_mps for party in workings.parties])
    places = workings.places
    seats = np.nan_to_num(places.capacity_people, nan=float(assumptions.unknown_capacity_people))
    seats = np.floor(np.where(places.usable, seats, 0.0)).astype(np.int64)
    return network_clearance(
        workings.network,
        departure,
        np.asarray(origins.geometry.array),
        people,
        seats,
        slower=assumptions.walking_speed_mps / speed,
        method=method,
        step_s=step_s,
    )


def _refuse(value: str, known: Sequence[str], column: str) -> None:
    """Refuse a choice that does not exist."""
    if value not in known:
        raise AssumptionError(
            Problem(
                column=column,
                found=Message("{value}", value=repr(value)),
                expected=Message("one of {names}", names=", ".join(known)),
                remedy=Message("choose one of them"),
            )
        )


def network_clearance(
    network: Network,
    departure: str,
    points: NDArray[np.object_],
    people: Integers,
    seats: Integers,
    *,
    slower: Floats | None = None,
    method: str = "auto",
    step_s: float = 60.0,
) -> Clearance:
    """Say how long it takes until all of some people who can have a seat are safe.

    Parameters
    ----------
    network
        From `build_network`.
    departure
        `early` or `late`.
    points, people
        Where people are, in the metric CRS of the roads, and how many; shape (n_points,), or
        (n_points, n_groups) where groups walk at their own speed.
    seats
        People each shelter takes; 0 where it may not be used.
    slower
        By how much each group is slower than everyone; shape (n_groups,).
    method, step_s
        As in `clearance_time`.

    Raises
    ------
    AssumptionError
        There is no such method, or the step is no number of seconds from 1 up.
    """
    _refuse(method, METHODS, "method")
    if not isinstance(step_s, (int, float)) or not 1.0 <= step_s < math.inf:
        raise AssumptionError(
            Problem(
                column="step_s",
                found=Message("{value}", value=repr(step_s)),
                expected=Message("a number of seconds, 1 or more"),
                remedy=Message("give {name} a value within that range", name="step_s"),
            )
        )
    travel = travel_at(network, departure, weighed=False)
    by_group = people[:, None] if people.ndim == 1 else people
    some = np.flatnonzero(by_group.sum(axis=1) > 0)
    ways = find_ways(network, travel, points[some], seats > 0)
    row, group = np.nonzero(by_group[some])
    roads = road_steps(
        network,
        travel,
        _rows_of(ways, row),
        by_group[some][row, group],
        seats,
        step_s,
        slower=None if slower is None else slower[group],
    )
    schedule = _schedule(roads.problem, method)
    safe = int(schedule.arrivals[-1])
    lead_min = network.assumptions.warning_time_min + network.assumptions.reaction_time_min
    step_min = step_s / _MINUTE_S
    # What happens in a step is over at its end.
    moving_min = schedule.arrivals.size * step_min if safe else np.nan
    bound_min = (schedule.lower_bound + 1) * step_min if safe else np.nan
    waiting = _waiting(roads.problem, schedule)
    minute = lead_min + step_min * np.arange(schedule.arrivals.size + 1)
    return Clearance(
        clearance_min=float(lead_min + moving_min),
        moving_min=float(moving_min),
        method=schedule.method,
        lower_bound_min=float(bound_min),
        gap=float(moving_min / bound_min - 1.0) if safe else 0.0,
        curve=pd.DataFrame(
            {"minute": minute, "people_safe": np.append(0, schedule.arrivals).astype(np.int64)}
        ),
        bottlenecks=_bottlenecks(network, roads, schedule, waiting),
        queues=pd.DataFrame({"minute": minute[1:], "people_waiting": waiting.sum(axis=0)}),
        safe_people=safe,
        unserved_people=int(people.sum()) - safe,
        is_earliest_arrival=schedule.is_earliest_arrival,
    )


def _rows_of(ways: Ways, row: Integers) -> Ways:
    """Return a way for each of some rows, some of them several times."""
    names = (entry.name for entry in fields(ways) if entry.name != "trees")
    return replace(ways, **{name: getattr(ways, name)[row] for name in names})


def _schedule(problem: StepProblem, method: str) -> _Schedule:
    """Find the evacuation by the method asked for."""
    quick = quick_evacuation(problem, most_arcs=_NO_LIMIT if method == "exact" else MOST_ARCS)
    if method == "auto" and _arcs(problem, quick.clearance) <= EXACT_ARCS:
        quick = quick_evacuation(problem, most_arcs=_NO_LIMIT)
        method = "exact"
    if method == "exact":
        return _least_waiting(problem, quick)
    return _Schedule(
        movements=quick.movements,
        arrivals=quick.arrivals,
        lower_bound=quick.lower_bound,
        method="exact" if quick.lower_bound == quick.clearance else "fast",
        is_earliest_arrival=False,
    )


def _arcs(problem: StepProblem, horizon: int) -> int:
    """Return how many movements the time-expanded network has within a horizon."""
    start, finish = problem.earliest[problem.tail], problem.to_sink[problem.head]
    return int(np.maximum(horizon + 1 - start - problem.travel_time - finish, 0).sum())


def _least_waiting(problem: StepProblem, quick: QuickEvacuation) -> _Schedule:
    """Of the evacuations as short as the shortest, find the one of least total arrival time."""
    found = solve_time_expanded(
        problem.tail,
        problem.head,
        problem.travel_time,
        np.where(problem.capacity >= UNBOUNDED, np.inf, problem.capacity),
        problem.supply,
        np.where(problem.places > 0, problem.places, np.nan),
        quick.clearance,
    )
    flow = Movements(found.edge, found.step, found.people)
    return _Schedule(
        movements=walk_in_order(problem, flow, found.served, quick.clearance),
        arrivals=found.arrivals,
        lower_bound=quick.lower_bound,
        method="exact",
        is_earliest_arrival=found.is_earliest_arrival,
    )


def _waiting(problem: StepProblem, schedule: _Schedule) -> NDArray[np.int32]:
    """Return who waits at each node at the end of each step, shape (n_nodes, n_steps)."""
    moves, n_steps = schedule.movements, schedule.arrivals.size
    there = np.zeros((problem.n_nodes, n_steps), dtype=np.int32)
    served = np.zeros(problem.n_nodes, dtype=np.int64)
    tail, head = problem.tail[moves.edge], problem.head[moves.edge]
    np.add.at(there, (tail, moves.step), -moves.people)
    stays = problem.places[head] == 0
    arrive = moves.step + problem.travel_time[moves.edge]
    np.add.at(there, (head[stays], arrive[stays]), moves.people[stays])
    # Who lives at a node and gets a seat is there from the beginning.
    np.add.at(served, tail, moves.people)
    np.subtract.at(served, head[stays], moves.people[stays])
    there[:, 0] += np.where(problem.supply > 0, served, 0).astype(np.int32)
    waiting: NDArray[np.int32] = np.cumsum(there, axis=1, dtype=np.int32)
    return waiting


def _bottlenecks(
    network: Network, roads: RoadSteps, schedule: _Schedule, waiting: NDArray[np.int32]
) -> gpd.GeoDataFrame:
    """Return the roads that are full at some time, worst first."""
    problem, moves = roads.problem, schedule.movements
    n_edges = problem.tail.size
    people = np.zeros(n_edges, dtype=np.int64)
    np.add.at(people, moves.edge, moves.people)
    full = moves.people >= problem.capacity[moves.edge]
    steps_full = np.bincount(moves.edge[full], minlength=n_edges)
    queue = np.zeros(n_edges, dtype=np.int64)
    np.maximum.at(
        queue, moves.edge[full], waiting[problem.tail[moves.edge[full]], moves.step[full]]
    )
    edge = np.flatnonzero((steps_full > 0) & (roads.stretch >= 0))
    edge = edge[np.lexsort((roads.stretch[edge], -people[edge], -steps_full[edge], -queue[edge]))]
    stretch = roads.stretch[edge]
    road = network.stretches.road[stretch]
    return gpd.GeoDataFrame(
        {
            "road_id": road,
            "name": network.roads.name[road],
            "highway": network.roads.highway[road],
            "width_m": road_widths(network.roads, network.assumptions)[road],
            "people": people[edge],
            "minutes_full": steps_full[edge] * roads.step_s / _MINUTE_S,
            "longest_queue_people": queue[edge],
        },
        geometry=network.stretches.lines[stretch],
        crs=network.roads.crs,
    )
