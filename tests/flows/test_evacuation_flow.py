"""Evacuation in whole time steps: answers on paper, published ones, and other solvers as judges."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack

import resilience_geo as rg
from resilience_geo.errors import ColumnError, InputError
from resilience_geo.flows import time_expanded
from resilience_geo.flows.time_expanded import solve_time_expanded


def table(*rows):
    return pd.DataFrame(rows, columns=["from_node", "to_node", "travel_time", "capacity"])


def flow_of(rows, supplies, sinks, horizon=30, **more):
    return rg.evacuation_flow(table(*rows), supplies, sinks, horizon=horizon, **more)


def steps_of(flow):
    """People safe at each step alone, without the steps of nobody."""
    new = np.diff(flow.arrivals, prepend=0)
    return {int(step): int(new[step]) for step in np.flatnonzero(new)}


# ---- answers on paper ------------------------------------------------------------------------


def test_path_lets_through_its_narrowest_edge_per_step():
    """10 people, room 3 on the narrowest edge, 2 + 1 steps: 3, 3, 3, 1 at steps 3, 4, 5, 6."""
    flow = flow_of([("a", "b", 2, 5), ("b", "s", 1, 3)], {"a": 10}, {"s": None})
    assert steps_of(flow) == {3: 3, 4: 3, 5: 3, 6: 1}
    assert (flow.clearance, flow.unserved, flow.shortest_horizon) == (6, 0, 6)
    assert flow.total_arrival_time == 3 * (3 + 4 + 5) + 6
    assert flow.is_earliest_arrival
    # Five enter at step 0, two of whom do not get on at step 2; the rest at step 1: two more wait.
    assert flow.edges["people"].tolist() == [10, 10]
    assert flow.edges["people_per_step_max"].tolist()[1] == 3
    assert flow.edges["steps_full"].tolist()[1] == 3
    assert flow.movements.groupby("edge")["people"].sum().tolist() == [10, 10]


def test_people_before_a_full_edge_are_its_queue():
    """Room 3, ten at its foot: 7 wait from step 0, 4 from step 1, 1 from step 2."""
    flow = flow_of([("a", "s", 1, 3)], {"a": 10}, {"s": None})
    row = flow.edges.iloc[0]
    assert (row["steps_full"], row["waiting_people_max"], row["waiting_people_steps"]) == (3, 7, 12)
    assert flow.waiting.to_dict("list") == {
        "node": ["a", "a", "a"],
        "step": [0, 1, 2],
        "people": [7, 4, 1],
    }


def test_two_ways_are_used_as_far_as_the_slow_one_pays():
    """Ways of 2 and 5 steps, room 1 each, 6 people: 2, 3, 4, 5 by the first, 5, 6 at 5 and 6."""
    flow = flow_of([("a", "s", 2, 1), ("a", "s", 5, 1)], {"a": 6}, {"s": None})
    assert steps_of(flow) == {2: 1, 3: 1, 4: 1, 5: 2, 6: 1}
    assert flow.clearance == 6


def test_two_villages_share_a_bridge():
    """Both are one step from the bridge, which takes 4 in a step: 12 people in 3 steps."""
    rows = [("a", "b", 1, None), ("c", "b", 1, None), ("b", "s", 1, 4)]
    flow = flow_of(rows, {"a": 5, "c": 7}, {"s": None})
    assert steps_of(flow) == {2: 4, 3: 4, 4: 4}
    assert flow.sources["unserved"].tolist() == [0, 0]
    assert flow.edges["waiting_people_max"].tolist()[2] == 8


def test_full_sink_sends_the_rest_on():
    """3 places at step 1, others at step 4: 3 at 1, and 2 at 4; one of them may not be spared."""
    flow = flow_of([("a", "s", 1, None), ("a", "t", 4, None)], {"a": 5}, {"s": 3, "t": None})
    assert steps_of(flow) == {1: 3, 4: 2}
    assert flow.sinks["people"].to_dict() == {"s": 3, "t": 2}
    assert flow.sinks["last_arrival"].to_dict() == {"s": 1, "t": 4}
    assert not flow.is_earliest_arrival


def test_most_people_come_before_least_time():
    """b reaches only s; a reaches s at 1 and t at 9. Room for one at s: a has to go to t."""
    rows = [("a", "s", 1, None), ("a", "t", 9, None), ("b", "s", 3, None)]
    flow = flow_of(rows, {"a": 1, "b": 1}, {"s": 1, "t": None})
    assert steps_of(flow) == {3: 1, 9: 1}
    # With a horizon of 8 steps t is out of reach: one place for two, and it goes to the earlier.
    late = flow_of(rows, {"a": 1, "b": 1}, {"s": 1, "t": None}, horizon=8)
    assert steps_of(late) == {1: 1}
    assert late.sources["unserved"].to_dict() == {"a": 0, "b": 1}


def test_least_total_time_can_clear_later_than_possible():
    """Two people, sinks s and t with one place each.

    a reaches s at 1 and t at 4, b reaches s at 4 and t at 6. a to s and b to t: 1 + 6 = 7, clear
    at 6. a to t and b to s: 4 + 4 = 8, clear at 4. The least total is 7, the shortest horizon 4.
    """
    rows = [("a", "s", 1, 1), ("a", "t", 4, 1), ("b", "s", 4, 1), ("b", "t", 6, 1)]
    flow = flow_of(rows, {"a": 1, "b": 1}, {"s": 1, "t": 1})
    assert (flow.total_arrival_time, flow.clearance, flow.shortest_horizon) == (7, 6, 4)
    assert not flow.is_earliest_arrival


def test_node_where_nobody_may_wait_makes_people_wait_before_it():
    """b takes 2 in a step and lets 1 out: with no waiting room in b, only 1 may come per step."""
    rows = [("a", "b", 1, 2), ("b", "s", 1, 1)]
    free = flow_of(rows, {"a": 4}, {"s": None})
    assert steps_of(free) == {2: 1, 3: 1, 4: 1, 5: 1}
    none = flow_of(rows, {"a": 4}, {"s": None}, node_capacity={"b": 0})
    assert steps_of(none) == steps_of(free)
    assert set(none.waiting["node"]) == {"a"}
    assert none.edges["people_per_step_max"].tolist() == [1, 1]


def test_waiting_room_decides_who_is_safe():
    """The edge out of b opens late for nobody: c's people need b at the same step as a's.

    a's one person passes b at step 1 only (a may not wait longer than its own people do); c sends
    one who is at b at step 1 too. Room out of b is 1, so one has to wait in b, which is refused.
    """
    rows = [("a", "b", 1, 1), ("c", "b", 1, 1), ("b", "s", 1, 1)]
    flow = flow_of(rows, {"a": 1, "c": 1}, {"s": None}, node_capacity={"a": 0, "b": 0, "c": 0})
    # People stand at their own source already, so one of them leaves a step later.
    assert steps_of(flow) == {2: 1, 3: 1}
    assert flow.waiting["node"].isin(["a", "c"]).all()


def test_own_people_have_room_where_the_bound_is_lower():
    """Five stand at a where two may wait; one leaves per step, and all are safe."""
    flow = flow_of([("a", "s", 1, 1)], {"a": 5}, {"s": None}, node_capacity={"a": 2})
    assert steps_of(flow) == {1: 1, 2: 1, 3: 1, 4: 1, 5: 1}


def test_bound_on_waiting_costs_those_who_pass():
    """Six must pass b, which lets one out per step and lets one wait.

    From a they come at most two per step, by an edge that is there only for that; c's two could
    wait in c. With 20 steps all are safe either way, as a may be waited at.
    """
    rows = [("a", "b", 1, 2), ("c", "b", 1, 2), ("b", "s", 1, 1)]
    flow = flow_of(rows, {"a": 4, "c": 2}, {"s": None}, node_capacity={"b": 1})
    assert steps_of(flow) == dict.fromkeys(range(2, 8), 1)
    waits = flow.waiting.groupby("node")["people"].max()
    assert waits.get("b", 0) <= 1


def test_unreachable_source_and_short_horizon_leave_people_unserved():
    rows = [("a", "s", 3, 2), ("s", "x", 1, 5)]
    flow = flow_of(rows, {"a": 7, "x": 4, "island": 3}, {"s": None}, horizon=5)
    # From a: steps 3, 4, 5 with two people each; x can leave by no edge; the island has none.
    assert flow.arrivals.tolist() == [0, 0, 0, 2, 4, 6]
    assert flow.unserved == 8
    assert flow.sources["unserved"].to_dict() == {"a": 1, "island": 3, "x": 4}
    assert flow.clearance is None
    assert flow.shortest_horizon is None


def test_people_at_a_sink_are_safe_at_once():
    flow = flow_of([("s", "t", 2, 1)], {"s": 5}, {"s": 4, "t": 9})
    assert steps_of(flow) == {0: 4, 2: 1}
    assert rg.evacuation_flow(table(), {"s": 5}, {"s": None}, horizon=0).arrivals.tolist() == [5]


@pytest.mark.parametrize("supplies", [{}, {"a": 0}])
def test_nobody_is_cleared_at_once(supplies):
    flow = flow_of([("a", "s", 1, 1)], supplies, {"s": None}, horizon=3)
    assert flow.arrivals.tolist() == [0, 0, 0, 0]
    assert (flow.clearance, flow.unserved, flow.shortest_horizon) == (0, 0, 0)
    assert flow.total_arrival_time == 0
    assert len(flow.movements) == 0


def test_edges_that_lead_nowhere_are_no_way():
    """The only edge within the horizon ends where nobody can be safe."""
    flow = flow_of([("s", "a", 1, 1)], {"s": 1}, {"s": None}, horizon=5)
    assert steps_of(flow) == {0: 1}
    flow = flow_of([("s", "a", 1, 1), ("a", "s", 1, 1)], {"s": 3}, {"s": 2}, horizon=5)
    assert (steps_of(flow), flow.unserved) == ({0: 2}, 1)


def test_no_sink_serves_nobody():
    flow = flow_of([("a", "s", 1, 1)], {"a": 2}, {}, horizon=3)
    assert (flow.unserved, flow.clearance) == (2, None)
    assert flow_of([("a", "s", 1, 1)], {"a": 2}, {"s": 0}, horizon=3).unserved == 2


def test_edges_of_no_time_are_passed_within_a_step():
    """Two doors of no time and room 2, then one step: 2 at step 1, 2 at step 2."""
    rows = [("a", "b", 0, 2), ("b", "a", 0, 2), ("b", "c", 0, 3), ("c", "s", 1, None)]
    flow = flow_of(rows, {"a": 4}, {"s": None})
    assert steps_of(flow) == {1: 2, 2: 2}
    assert flow_of([("a", "s", 0, 2)], {"a": 5}, {"s": None}).arrivals[:3].tolist() == [2, 4, 5]


def test_parallel_edges_add_up_and_unbounded_ones_take_all():
    two = flow_of([("a", "s", 1, 2), ("a", "s", 1, 2)], {"a": 8}, {"s": None})
    assert steps_of(two) == {1: 4, 2: 4}
    for endless in (None, math.inf, math.nan):
        flow = flow_of([("a", "s", 1, endless)], {"a": 8}, {"s": None})
        assert steps_of(flow) == {1: 8}
        assert flow.edges["steps_full"].tolist() == [0]


def test_names_of_nodes_may_be_of_any_kind_and_the_index_stays():
    edges = table((1, (2, "b"), 1, 1), ((2, "b"), "s", 1, 1))
    edges.index = ["first", "second"]
    flow = rg.evacuation_flow(edges, {1: 2}, {"s": None}, horizon=9)
    assert flow.clearance == 3
    assert flow.edges.index.tolist() == ["first", "second"]
    assert "people" not in edges.columns


# ---- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edges", "supplies", "sinks", "more", "error", "words"),
    [
        (pd.DataFrame({"from_node": []}), {}, {}, {}, ColumnError, "travel_time"),
        (table(("a", "s", 1.5, 1)), {"a": 1}, {"s": None}, {}, InputError, "travel_time"),
        (table(("a", "s", -1, 1)), {"a": 1}, {"s": None}, {}, InputError, "-1"),
        (table(("a", "s", None, 1)), {"a": 1}, {"s": None}, {}, InputError, "travel_time"),
        (table(("a", "s", 1, 2.5)), {"a": 1}, {"s": None}, {}, InputError, "2.5"),
        (table(("a", "s", 1, 1)), {"a": -3}, {"s": None}, {}, InputError, "supplies"),
        (table(("a", "s", 1, 1)), {"a": None}, {"s": None}, {}, InputError, "supplies"),
        (table(("a", "s", 1, 1)), {"a": 1}, {"s": -1}, {}, InputError, "sinks"),
        (table(("a", None, 1, 1)), {"a": 1}, {"s": None}, {}, InputError, "to_node"),
        (table(("a", "s", 1, 1)), {"a": 1}, {"s": 1}, {"horizon": -1}, InputError, "horizon"),
        (
            table(("a", "s", 1, 1)),
            {"a": 1},
            {"s": 1},
            {"node_capacity": {"z": 1}},
            InputError,
            "node_capacity",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(edges, supplies, sinks, more, error, words):
    with pytest.raises(error, match=words):
        rg.evacuation_flow(edges, supplies, sinks, **more)


# ---- published answers -----------------------------------------------------------------------

SKUTELLA = [
    ("s", "v1", 3, 1),
    ("s", "v3", 2, 1),
    ("v1", "v2", 3, 1),
    ("v2", "t", 2, 1),
    ("v3", "v2", 2, 1),
    ("v3", "v4", 3, 1),
    ("v4", "t", 3, 1),
]


def test_example_of_skutella_sends_six_units_within_ten_steps():
    """Skutella, An Introduction to Network Flows over Time (2009), the example of 6 nodes, 7 arcs.

    Network, six units and last step 10 as in the tests of the zet evacuation tool, which name that
    example (SEAAPAlgorithmTest and TestInstance of org.zetool.netflow.dynamic.earliestarrival).
    """
    flow = flow_of(SKUTELLA, {"s": 6}, {"t": None})
    assert flow.clearance == 10
    assert flow.shortest_horizon == 10


@pytest.mark.parametrize("horizon", range(5, 25))
def test_one_source_and_sink_agree_with_the_formula_of_ford_and_fulkerson(horizon):
    """Ford and Fulkerson (1958): most people by T = max over flows of (T+1) value - sum of times.

    In the network of Skutella the best static flows are: one unit by s-v3-v2-t (6 steps), or two
    units by s-v1-v2-t and s-v3-v4-t (8 + 8 steps); so max(0, T+1 - 6, 2 (T+1) - 16). This holds at
    every step of one flow (Gale 1959), which is what the flow of least total arrival time is
    (Jarvis and Ratliff 1982).
    """
    flow = flow_of(SKUTELLA, {"s": 1_000}, {"t": None}, horizon=horizon)
    assert flow.is_earliest_arrival
    expected = [max(0, step + 1 - 6, 2 * (step + 1) - 16) for step in range(horizon + 1)]
    assert flow.arrivals.tolist() == expected


LU_EDGES = [  # from, to, people per step, steps
    (1, 3, 7, 1),
    (3, 4, 3, 3),
    (3, 5, 3, 3),
    (4, 6, 5, 4),
    (5, 7, 3, 4),
    (2, 3, 7, 1),
    (6, 10, 5, 5),
    (7, 11, 3, 5),
    (9, 10, 14, 4),
    (9, 11, 6, 4),
    (8, 9, 6, 4),
    (8, 10, 6, 3),
    (8, 11, 3, 3),
    (10, 13, 8, 1),
    (10, 12, 6, 4),
    (11, 14, 3, 2),
    (12, 14, 3, 3),
]
LU_WAITING = dict(zip(range(1, 13), (50, 50, 30, 8, 6, 10, 8, 65, 25, 30, 8, 18), strict=True))
LU_ARRIVALS = {4: 6, 5: 6 + 3, 14: 3, 15: 3 + 1 + 2, 16: 3 + 3}


def test_example_of_the_capacity_constrained_route_planner():
    """The building of 14 nodes of Lu, George and Shekhar's planner (CCRP), with its schedule.

    Network (input/1) and schedule (README) as in the repository watchdogs132/CCRP, an
    implementation of the standard CCRP: 10, 5 and 15 people at N1, N2 and N8; groups of 6, 6, 3,
    3, 3, 1, 2, 3, 3 end at 4, 5, 5, 14, 15, 15, 15, 16, 16. The heuristic is the optimum here: N8
    sends 6 per step to N13 (3 + 1 steps) and 3 to N14 (3 + 2); the ways from N3 take 3 per step
    each, from step 1 on, and end 13 and 14 steps later: 3 by 14, 9 by 15, 15 by 16.
    """
    rows = [(tail, head, steps, people) for tail, head, people, steps in LU_EDGES]
    supplies, sinks = {1: 10, 2: 5, 8: 15}, {13: None, 14: None}
    flow = flow_of(rows, supplies, sinks, horizon=40, node_capacity=LU_WAITING)
    assert steps_of(flow) == LU_ARRIVALS
    assert (flow.clearance, flow.shortest_horizon) == (16, 16)
    assert flow.is_earliest_arrival


@pytest.mark.parametrize(
    ("people", "room", "steps"), [(20, 4, 6), (21, 4, 6), (1, 7, 3), (100, 9, 1)]
)
def test_one_edge_clears_by_the_closed_form(people, room, steps):
    """Travel time and a queue: the last of N leaves at ceil(N / room) - 1."""
    flow = flow_of([("a", "s", steps, room)], {"a": people}, {"s": None}, horizon=60)
    assert flow.clearance == steps + math.ceil(people / room) - 1


def test_no_flow_is_earliest_where_two_full_sinks_compete():
    """No earliest-arrival flow need exist with two full sinks (Baumann and Skutella 2006 say so).

    As in the test of least total time: by step 1 one person can be safe, by step 4 two; but who
    is safe at step 1 leaves the other no way before step 6.
    """
    rows = [("a", "s", 1, 1), ("a", "t", 4, 1), ("b", "s", 4, 1), ("b", "t", 6, 1)]
    by_step = [
        flow_of(rows, {"a": 1, "b": 1}, {"s": 1, "t": 1}, horizon=step).arrivals[-1]
        for step in range(7)
    ]
    assert by_step == [0, 1, 1, 1, 2, 2, 2]
    flow = flow_of(rows, {"a": 1, "b": 1}, {"s": 1, "t": 1})
    assert flow.arrivals[:7].tolist() == [0, 1, 1, 1, 1, 1, 2]
    assert not flow.is_earliest_arrival


# ---- other solvers as judges -----------------------------------------------------------------


def naive_network(case, horizon):
    """Every node at every step, by the plainest loops; arcs as (from, to, room, cost)."""
    arcs = []
    people = sum(case["supply"])
    for node, count in enumerate(case["supply"]):
        arcs.append(("begin", (node, 0), count, 0))
        wait = max(case["wait"][node], count)
        arcs += [((node, step), (node, step + 1), min(wait, people), 0) for step in range(horizon)]
        if case["places"][node] is not None:
            arcs += [((node, step), ("safe", node), people, step) for step in range(horizon + 1)]
            arcs.append((("safe", node), "end", min(case["places"][node], people), 0))
    for tail, head, time, room in case["edges"]:
        arcs += [
            ((tail, step), (head, step + time), min(room, people), 0)
            for step in range(horizon - time + 1)
        ]
    return arcs


def two_stage_lp(arcs, people):
    """Most people, then least total time, by HiGHS."""
    names = sorted({end for arc in arcs for end in arc[:2]}, key=repr)
    place = {name: number for number, name in enumerate(names)}
    columns = np.arange(len(arcs))
    rows = np.array([[place[arc[0]], place[arc[1]]] for arc in arcs])
    signs = np.repeat([[-1.0, 1.0]], len(arcs), axis=0)
    balance = coo_array(
        (signs.ravel(), (rows.ravel(), np.repeat(columns, 2))), shape=(len(names), len(arcs))
    ).tocsr()
    inner = [place[name] for name in names if name not in {"begin", "end"}]
    bounds = [(0, arc[2]) for arc in arcs]
    leaves = np.array([arc[0] == "begin" for arc in arcs], dtype=float)
    most = linprog(-leaves, A_eq=balance[inner], b_eq=np.zeros(len(inner)), bounds=bounds)
    safe = round(-most.fun)
    keep = coo_array(leaves[None, :])
    least = linprog(
        [arc[3] for arc in arcs],
        A_eq=vstack([balance[inner], keep]),
        b_eq=np.append(np.zeros(len(inner)), safe),
        bounds=bounds,
    )
    assert least.status == 0
    assert safe <= people
    return safe, round(least.fun)


def most_by_networkx(case, horizon):
    graph = nx.DiGraph()
    graph.add_nodes_from(["begin", "end"])
    for tail, head, room, _ in naive_network(case, horizon):
        if graph.has_edge(tail, head):
            graph[tail][head]["capacity"] += room
        else:
            graph.add_edge(tail, head, capacity=room)
    return nx.maximum_flow_value(graph, "begin", "end")


def solve(case, horizon):
    edges = np.array(case["edges"], dtype=float).reshape(-1, 4)
    return solve_time_expanded(
        edges[:, 0],
        edges[:, 1],
        edges[:, 2],
        edges[:, 3],
        case["supply"],
        [math.nan if places is None else places for places in case["places"]],
        horizon,
        case["wait"],
    )


@st.composite
def cases(draw, *, shortest_time=0, bounded=True):
    nodes = draw(st.integers(2, 7))
    node = st.integers(0, nodes - 1)
    edge = st.tuples(node, node, st.integers(shortest_time, 4), st.integers(0, 4))
    places = st.one_of(st.none(), st.none(), st.integers(0, 9), st.just(10**6))
    wait = st.one_of(st.just(10**6), st.integers(0, 3)) if bounded else st.just(10**6)
    return {
        "edges": draw(st.lists(edge, min_size=1, max_size=16)),
        "supply": draw(st.lists(st.integers(0, 8), min_size=nodes, max_size=nodes)),
        "places": draw(st.lists(places, min_size=nodes, max_size=nodes)),
        "wait": draw(st.lists(wait, min_size=nodes, max_size=nodes)),
    }


@pytest.fixture(params=["at once", "by adding edges"])
def size_limit(request, monkeypatch):
    """Solve small networks as large ones are solved, too."""
    if request.param == "by adding edges":
        monkeypatch.setattr(time_expanded, "_SMALL", 0)
    return request.param


def assert_flow_is_possible(case, flow):
    """Nobody appears, nobody is lost, and no edge, sink or waiting place is over its bound."""
    edges = np.array(case["edges"]).reshape(-1, 4)
    horizon = flow.arrivals.size - 1
    here = np.zeros((len(case["supply"]), horizon + 2), dtype=np.int64)
    here[:, 0] = case["supply"]
    assert (flow.served <= case["supply"]).all()
    here[:, 0] -= np.array(case["supply"]) - flow.served  # the unserved take no part
    tail, head, time, room = edges[flow.edge].T
    assert (flow.people > 0).all()
    assert (flow.people <= room).all()
    assert (flow.step + time <= horizon).all()
    assert len(set(zip(flow.edge.tolist(), flow.step.tolist(), strict=True))) == flow.edge.size
    np.add.at(here, (head, flow.step + time), flow.people)
    np.subtract.at(here, (tail, flow.step), flow.people)
    np.add.at(here, (flow.wait_node, flow.wait_step + 1), flow.wait_people)
    np.subtract.at(here, (flow.wait_node, flow.wait_step), flow.wait_people)
    np.subtract.at(here, (flow.sink, flow.sink_step), flow.sink_people)
    assert (here == 0).all()
    bound = np.maximum(case["wait"], case["supply"])
    assert (flow.wait_people <= bound[flow.wait_node]).all()
    for node in set(flow.sink.tolist()):
        assert case["places"][node] is not None
        assert flow.sink_people[flow.sink == node].sum() <= case["places"][node]


@settings(max_examples=120, deadline=None)
@given(case=cases(), horizon=st.integers(0, 9), few=st.booleans())
def test_any_network_agrees_with_a_linear_program(case, horizon, few):
    with pytest.MonkeyPatch.context() as patch:
        if few:
            patch.setattr(time_expanded, "_SMALL", 0)
        flow = solve(case, horizon)
    assert_flow_is_possible(case, flow)
    safe, total = two_stage_lp(naive_network(case, horizon), sum(case["supply"]))
    assert int(flow.arrivals[-1]) == safe
    assert flow.total_arrival_time == total
    assert flow.unserved == sum(case["supply"]) - safe


@settings(max_examples=60, deadline=None)
@given(case=cases(), horizon=st.integers(1, 8), few=st.booleans())
def test_earliest_arrival_and_shortest_horizon_agree_with_maximum_flows(case, horizon, few):
    with pytest.MonkeyPatch.context() as patch:
        if few:
            patch.setattr(time_expanded, "_SMALL", 0)
        flow = solve(case, horizon)
    most = [most_by_networkx(case, step) for step in range(horizon + 1)]
    assert flow.arrivals[-1] == most[-1]
    assert (flow.arrivals <= most).all()
    if flow.is_earliest_arrival:
        assert flow.arrivals.tolist() == most
    people = sum(case["supply"])
    shortest = most.index(people) if people in most else None
    assert flow.shortest_horizon == shortest
    assert (flow.clearance is None) == (shortest is None)


@settings(max_examples=40, deadline=None)
@given(case=cases(), horizon=st.integers(1, 8), data=st.data())
def test_more_room_never_makes_fewer_safe(case, horizon, data):
    before = solve(case, horizon)
    row = data.draw(st.integers(0, len(case["edges"]) - 1))
    tail, head, time, room = case["edges"][row]
    wider = [*case["edges"][:row], (tail, head, time, room + 2), *case["edges"][row + 1 :]]
    after = solve({**case, "edges": wider}, horizon)
    assert after.arrivals[-1] >= before.arrivals[-1]
    if after.arrivals[-1] == before.arrivals[-1]:
        assert after.total_arrival_time <= before.total_arrival_time
    assert solve(case, horizon + 1).arrivals[-1] >= before.arrivals[-1]


@settings(max_examples=40, deadline=None)
@given(case=cases(), horizon=st.integers(1, 8), data=st.data())
def test_order_of_rows_and_names_of_nodes_do_not_matter(case, horizon, data):
    edges = table(*case["edges"])
    supplies = dict(enumerate(case["supply"]))
    sinks = {node: places for node, places in enumerate(case["places"]) if places is not None}
    wait = dict(enumerate(case["wait"]))
    flow = rg.evacuation_flow(edges, supplies, sinks, horizon=horizon, node_capacity=wait)
    order = data.draw(st.permutations(range(len(edges))))
    other = rg.evacuation_flow(
        edges.iloc[list(order)],
        dict(reversed(supplies.items())),
        dict(reversed(sinks.items())),
        horizon=horizon,
        node_capacity=wait,
    )
    assert flow.arrivals.tolist() == other.arrivals.tolist()
    assert flow.sources["safe"].to_dict() == other.sources["safe"].to_dict()
    assert flow.edges["people"].sum() == flow.movements["people"].sum()
    assert flow.sinks["people"].sum() == flow.arrivals[-1] == flow.sources["safe"].sum()
    assert (flow.edges["people_per_step_max"] <= flow.edges["capacity"]).all()


def ladder(seed):
    """Streets with dead ends, chains and one-way pieces, enough for adding edges to matter."""
    draw = np.random.default_rng(seed)
    side = 7
    edges = []
    for row in range(side):
        for column in range(side):
            node = row * side + column
            for other in ([node + 1] if column + 1 < side else []) + (
                [node + side] if row + 1 < side else []
            ):
                if draw.random() < 0.8:
                    time, room = int(draw.integers(0, 4)), int(draw.integers(1, 6))
                    edges.append((node, other, time, room))
                    if draw.random() < 0.8:
                        edges.append((other, node, time, room))
    nodes = side * side
    supply, places = [0] * nodes, [None] * nodes
    for node in draw.choice(nodes, 6, replace=False):
        supply[node] = int(draw.integers(5, 40))
    for node in draw.choice(nodes, 4, replace=False):
        places[node] = int(draw.choice([5, 20, 60, 10**6]))
    return {"edges": edges, "supply": supply, "places": places, "wait": [10**6] * nodes}


@pytest.mark.parametrize("seed", range(12))
def test_streets_agree_with_a_linear_program(seed, size_limit):
    case = ladder(seed)
    if size_limit == "by adding edges" and seed % 3 == 0:
        case["wait"] = [int(node % 5) * 3 for node in range(49)]
    flow = solve(case, 20)
    assert_flow_is_possible(case, flow)
    safe, total = two_stage_lp(naive_network(case, 20), sum(case["supply"]))
    assert (int(flow.arrivals[-1]), flow.total_arrival_time) == (safe, total)
    assert safe > 0


# ---- real roads ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def village_case(real_data):
    """Roads of Cakung Barat and 2 km around it, with people and places drawn once."""
    folder = real_data / "jakarta"
    villages = rg.read_villages(folder / "kelurahan_jakarta.shp")
    village = villages[villages["village_name"] == "Cakung Barat"]
    roads = rg.read_roads(folder / "jakarta_roads.shp", within=village, buffer_m=2_000)
    number = {node: place for place, node in enumerate(roads.nodes)}
    draw = np.random.default_rng(20260101)
    edges = [
        (number[begin], number[end], max(1, math.ceil(tags["length"] / 66)), 210)
        for begin, end, tags in roads.edges(data=True)
    ]
    supply, places = [0] * len(number), [None] * len(number)
    for node in draw.choice(len(number), 30, replace=False):
        supply[node] = int(draw.integers(100, 900))
    for node in draw.choice(len(number), 6, replace=False):
        places[node] = int(draw.integers(500, 4_000))
    return {"edges": edges, "supply": supply, "places": places, "wait": [10**6] * len(number)}


@pytest.mark.real_data
def test_real_roads_agree_with_a_linear_program(village_case):
    horizon = 26
    flow = solve(village_case, horizon)
    assert_flow_is_possible(village_case, flow)
    assert flow.ways.size < flow.network.tail.size  # edges were left out, and the proof held
    arcs = naive_network(village_case, horizon)
    assert (int(flow.arrivals[-1]), flow.total_arrival_time) == two_stage_lp(
        arcs, sum(village_case["supply"])
    )
    assert flow.arrivals[-1] > 1_000
