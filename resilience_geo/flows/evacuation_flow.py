"""The best evacuation of any network in whole time steps: who can be safe by when, and what delays.

A model without geography, for tests, teaching and other networks: a table of edges, people at some
nodes, places at others. The geographic layer solves the same problem on roads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience_geo.errors import ColumnError, InputError, Message, Problem, raise_problems
from resilience_geo.flows.time_expanded import TimeExpandedFlow, solve_time_expanded

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

    from resilience_geo.errors import ResilienceGeoError

EDGE_COLUMNS = ("from_node", "to_node", "travel_time", "capacity")
"""Columns a table of edges must have."""

_MOST = 2**31
"""People and steps must be fewer, so that no sum of arrival times overflows."""


@dataclass(frozen=True)
class EvacuationFlow:
    """An evacuation that brings the most people to safety, and those as early as can be.

    Parameters
    ----------
    arrivals
        People safe by each step, cumulative: entry `t` counts who is safe at step `t` or before.
    clearance
        Step of the last arrival; None if not all are safe within the horizon.
    unserved
        People who are not safe within the horizon.
    total_arrival_time
        Arrival steps of all who are safe, summed.
    shortest_horizon
        Fewest steps in which everybody can be safe at all; None if they cannot within the
        horizon. Less than `clearance` only where full sinks make it dear to bring the last ones
        earlier.
    is_earliest_arrival
        Whether it is proved that at every step as many are safe as at all possible. It is where
        no sink is full (or only one can be reached, or one takes everybody). Where it is False,
        the flow still has the most people safe and the least total arrival time.
    edges
        The table that came in, with `people` (all who enter the edge), `people_per_step_max` (the
        most who enter in one step), `steps_full` (steps in which no one more could enter), and for
        those steps `waiting_people_max` and `waiting_people_steps` (people who wait at the
        `from_node` from then to the next step: the most, and their sum). Bottlenecks have the
        highest `waiting_people_steps`.
    sources
        By node: `people`, `safe`, `unserved`.
    sinks
        By node: `capacity` (NaN where unbounded), `people`, `last_arrival` (missing where nobody
        comes).
    movements
        One row for each edge and step with people: `edge` (row of the table, counted from 0),
        `from_node`, `to_node`, `step` (when they enter), `people`.
    waiting
        One row for each node and step with people who stay to the next step: `node`, `step`,
        `people`.
    """

    arrivals: NDArray[np.int64]
    clearance: int | None
    unserved: int
    total_arrival_time: int
    shortest_horizon: int | None
    is_earliest_arrival: bool
    edges: pd.DataFrame
    sources: pd.DataFrame
    sinks: pd.DataFrame
    movements: pd.DataFrame
    waiting: pd.DataFrame


def evacuation_flow(
    edges: pd.DataFrame,
    supplies: Mapping[Any, int],
    sinks: Mapping[Any, int | None],
    horizon: int = 90,
    node_capacity: Mapping[Any, int] | None = None,
) -> EvacuationFlow:
    """Find the best evacuation of a network in whole time steps.

    First the most people safe within the horizon, then the least total arrival time. This is the
    flow on the time-expanded network (Ford and Fulkerson 1958; Chalmet, Francis and Saunders
    1982), and it is exact. People leave their source at step 0 or later, may wait at nodes, and
    are safe at the step at which they reach a sink.

    Parameters
    ----------
    edges
        Columns `from_node`, `to_node`, `travel_time` (whole steps, 0 is allowed) and `capacity`
        (people who may enter in each step, whole; missing or infinite is unbounded). Directed; a
        two-way road is two rows. Parallel edges are allowed.
    supplies
        People at nodes at step 0. People at a sink are safe at step 0.
    sinks
        People a node takes in all; None is unbounded.
    horizon
        Last step that counts.
    node_capacity
        People who may stay at a node from one step to the next; nodes that are not named are
        unbounded. The people of a source stand there already and may stay: a bound below the
        supply of its node counts as that supply.

    Returns
    -------
    EvacuationFlow
        Whole people. The order of the rows does not change the arrivals.

    Raises
    ------
    ColumnError
        A column is missing.
    InputError
        A number is not whole, negative or missing, or a node of `node_capacity` is in no edge,
        supply or sink.

    Examples
    --------
    Ten people, and a bridge that lets three enter per step and takes two steps:

    >>> import pandas as pd
    >>> bridge = pd.DataFrame(
    ...     {"from_node": ["home"], "to_node": ["school"], "travel_time": [2], "capacity": [3]}
    ... )
    >>> flow = evacuation_flow(bridge, {"home": 10}, {"school": None}, horizon=6)
    >>> flow.arrivals.tolist()
    [0, 0, 3, 6, 9, 10, 10]
    >>> flow.clearance
    5
    """
    missing = [name for name in EDGE_COLUMNS if name not in edges.columns]
    if missing:
        raise ColumnError(_no_columns(missing, edges))
    problems: list[tuple[type[ResilienceGeoError], Problem]] = []
    travel_time = _whole(edges["travel_time"], "travel_time", problems)
    capacity = _whole(edges["capacity"], "capacity", problems, unbounded=True)
    people = _whole(pd.Series(dict(supplies), dtype=object), "supplies", problems)
    places = _whole(pd.Series(dict(sinks), dtype=object), "sinks", problems, unbounded=True)
    room = pd.Series(dict(node_capacity or {}), dtype=object)
    wait_room = _whole(room, "node_capacity", problems, unbounded=True)
    steps = _whole(pd.Series([horizon]), "horizon", problems)
    names = _nodes(edges, [*supplies, *sinks])
    problems += _unknown_nodes(edges, names, list(room.index))
    raise_problems(problems)

    place = {name: number for number, name in enumerate(names)}
    size = len(names)
    supply = np.zeros(size, dtype=np.int64)
    supply[[place[name] for name in supplies]] = people
    sink_capacity, waiting = np.full(size, np.nan), np.full(size, np.inf)
    sink_capacity[[place[name] for name in sinks]] = places
    waiting[[place[name] for name in room.index]] = wait_room
    tail, head = (
        np.array([place[name] for name in edges[column]], dtype=np.int64)
        for column in ("from_node", "to_node")
    )
    flow = solve_time_expanded(
        tail, head, travel_time, capacity, supply, sink_capacity, int(steps[0]), waiting
    )
    return _tables(flow, edges, names, tail, capacity, sink_capacity)


def _no_columns(missing: list[str], edges: pd.DataFrame) -> Problem:
    """Say which columns are missing."""
    return Problem(
        found=Message("columns {columns}", columns=", ".join(map(str, edges.columns))),
        expected=Message("{columns}", columns=", ".join(EDGE_COLUMNS)),
        remedy=Message("add or rename {columns}", columns=", ".join(missing)),
    )


def _whole(
    values: pd.Series,
    column: str,
    problems: list[tuple[type[ResilienceGeoError], Problem]],
    *,
    unbounded: bool = False,
) -> NDArray[np.float64]:
    """Read numbers that must be whole and not negative; note a problem where one is not."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    none = pd.isna(values).to_numpy()
    good = (numbers >= 0) & (numbers < _MOST) & (numbers == np.floor(numbers))
    if unbounded:
        good |= none | (numbers == np.inf)
        numbers = np.where(none, np.inf, numbers)
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        expected = (
            Message(
                "whole numbers from 0 to {most}, or nothing where there is no limit", most=_MOST - 1
            )
            if unbounded
            else Message("whole numbers from 0 to {most}", most=_MOST - 1)
        )
        problem = Problem(
            found=Message("{value}", value=values.iloc[row]),
            expected=expected,
            remedy=Message("count in whole people and whole time steps"),
            column=column,
            row=str(values.index[row]),
        )
        problems.append((InputError, problem))
    return numbers


def _nodes(edges: pd.DataFrame, others: list[Hashable]) -> list[Any]:
    """List the nodes in an order that does not depend on the order of the rows."""
    names = {*edges["from_node"], *edges["to_node"], *others}
    return sorted(names, key=lambda name: (type(name).__name__, _rank(name), str(name)))


def _rank(name: object) -> float:
    """Order numbers by value; other names come by their text."""
    return float(name) if isinstance(name, int | float | np.number) else 0.0


def _unknown_nodes(
    edges: pd.DataFrame, names: list[Any], bounded: list[Hashable]
) -> list[tuple[type[ResilienceGeoError], Problem]]:
    """Note missing names of nodes, and bounds of nodes that do not exist."""
    problems: list[tuple[type[ResilienceGeoError], Problem]] = []
    for column in ("from_node", "to_node"):
        nameless = edges[column].isna()
        if nameless.any():
            problem = Problem(
                found=Message("no node"),
                expected=Message("the name of a node in every row"),
                remedy=Message("name the node or delete the row"),
                column=column,
                row=str(edges.index[nameless.to_numpy()][0]),
            )
            problems.append((InputError, problem))
    existing = set(names)
    unknown = [name for name in bounded if name not in existing]
    if unknown:
        problem = Problem(
            found=Message("{nodes}", nodes=", ".join(map(str, unknown))),
            expected=Message("nodes that are in edges, supplies or sinks"),
            remedy=Message("correct the names in node_capacity"),
            column="node_capacity",
        )
        problems.append((InputError, problem))
    return problems


def _tables(
    flow: TimeExpandedFlow,
    edges: pd.DataFrame,
    names: list[Any],
    tail: NDArray[np.int64],
    capacity: NDArray[np.float64],
    sink_capacity: NDArray[np.float64],
) -> EvacuationFlow:
    """Put the flow into tables under the names of the nodes."""
    label = np.empty(len(names), dtype=object)
    label[:] = names
    order = np.lexsort((flow.step, flow.edge))
    movements = pd.DataFrame({"edge": flow.edge[order], "step": flow.step[order]})
    movements.insert(1, "from_node", edges["from_node"].to_numpy()[movements["edge"]])
    movements.insert(2, "to_node", edges["to_node"].to_numpy()[movements["edge"]])
    movements["people"] = flow.people[order]
    waiting = pd.DataFrame(
        {"node": label[flow.wait_node], "step": flow.wait_step, "people": flow.wait_people}
    )
    from_here = np.flatnonzero(flow.supply > 0)
    sources = pd.DataFrame(
        {"people": flow.supply[from_here], "safe": flow.served[from_here]},
        index=pd.Index(label[from_here], name="node"),
    )
    sources["unserved"] = sources["people"] - sources["safe"]
    return EvacuationFlow(
        arrivals=flow.arrivals,
        clearance=flow.clearance,
        unserved=flow.unserved,
        total_arrival_time=flow.total_arrival_time,
        shortest_horizon=flow.shortest_horizon,
        is_earliest_arrival=flow.is_earliest_arrival,
        edges=_edge_table(flow, edges, tail, capacity),
        sources=sources,
        sinks=_sink_table(flow, label, sink_capacity),
        movements=movements,
        waiting=waiting,
    )


def _edge_table(
    flow: TimeExpandedFlow,
    edges: pd.DataFrame,
    tail: NDArray[np.int64],
    capacity: NDArray[np.float64],
) -> pd.DataFrame:
    """Add to each edge who enters it, when it is full, and who waits before it then."""
    people, most, full, queue, queue_sum = (np.zeros(len(edges), dtype=np.int64) for _ in range(5))
    np.add.at(people, flow.edge, flow.people)
    np.maximum.at(most, flow.edge, flow.people)
    is_full = flow.people >= capacity[flow.edge]
    edge, step = flow.edge[is_full], flow.step[is_full]
    np.add.at(full, edge, 1)
    stay = np.zeros((flow.supply.size, flow.arrivals.size), dtype=np.int64)
    stay[flow.wait_node, flow.wait_step] = flow.wait_people
    np.maximum.at(queue, edge, stay[tail[edge], step])
    np.add.at(queue_sum, edge, stay[tail[edge], step])
    return edges.assign(
        people=people,
        people_per_step_max=most,
        steps_full=full,
        waiting_people_max=queue,
        waiting_people_steps=queue_sum,
    )


def _sink_table(
    flow: TimeExpandedFlow, label: NDArray[np.object_], sink_capacity: NDArray[np.float64]
) -> pd.DataFrame:
    """Say how many come to each sink, and when the last."""
    size = flow.supply.size
    people, last = np.zeros(size, dtype=np.int64), np.full(size, -1)
    np.add.at(people, flow.sink, flow.sink_people)
    np.maximum.at(last, flow.sink, flow.sink_step)
    sinks = np.flatnonzero(~np.isnan(sink_capacity))
    bound = sink_capacity[sinks]
    return pd.DataFrame(
        {
            "capacity": np.where(np.isinf(bound), np.nan, bound),
            "people": people[sinks],
            "last_arrival": pd.array(last[sinks], dtype="Int64"),
        },
        index=pd.Index(label[sinks], name="node"),
    ).assign(last_arrival=lambda table: table["last_arrival"].mask(table["last_arrival"] < 0))
