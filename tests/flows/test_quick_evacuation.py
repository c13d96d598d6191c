"""The fast evacuation planner: toys by hand, what can be carried out, and independent optima."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resilience_geo.flows.quick_clocks import node_clocks
from resilience_geo.flows.quick_evacuation import quick_evacuation
from resilience_geo.flows.quick_queues import without_loops
from resilience_geo.flows.quick_relaxation import relaxed_flow
from resilience_geo.flows.quick_steps import UNBOUNDED, StepProblem, most_served


def problem(edges, supply, places, n_nodes=None):
    """Make a problem of (tail, head, steps, capacity) and {node: people}."""
    tail, head, steps, capacity = np.array(edges, dtype=np.int64).reshape(-1, 4).T
    count = n_nodes or 1 + max([*tail, *head, *supply, *places])
    people, room = np.zeros((2, count), dtype=np.int64)
    for node, number in supply.items():
        people[node] = number
    for node, number in places.items():
        room[node] = number
    return StepProblem(tail, head, steps, capacity, people, room)


def assert_can_be_carried_out(toy, plan):
    """Walk through the steps: capacities, nobody leaves before coming, sinks not overfull."""
    moves = plan.movements
    assert (moves.people > 0).all()
    entering = {}
    for edge, step, people in zip(moves.edge, moves.step, moves.people, strict=True):
        entering[edge, step] = entering.get((edge, step), 0) + people
    assert all(people <= toy.capacity[edge] for (edge, _), people in entering.items())
    last = plan.clearance + 1
    change = np.zeros((toy.n_nodes, last + 1), dtype=np.int64)
    change[:, 0] = toy.supply
    np.subtract.at(change, (toy.tail[moves.edge], moves.step), moves.people)
    arrive = moves.step + toy.travel_time[moves.edge]
    np.add.at(change, (toy.head[moves.edge], arrive), moves.people)
    there = np.cumsum(change, axis=1)
    assert (there >= 0).all()
    safe = np.minimum(there[:, -1], toy.places)
    assert safe.sum() == plan.arrivals[-1] == plan.served.sum()
    assert (plan.served <= toy.supply).all()
    assert (np.diff(plan.arrivals) >= 0).all()


def fewest_steps(toy, people):
    """Find the shortest horizon by networkx on the whole time-expanded network."""
    horizon = 0
    while True:
        graph = nx.DiGraph()
        graph.add_nodes_from(["all", "safe"])
        for node in range(toy.n_nodes):
            graph.add_edge("all", (node, 0), capacity=int(toy.supply[node]))
            graph.add_edge((node, horizon), ("sink", node), capacity=int(toy.supply.sum()))
            graph.add_edge(("sink", node), "safe", capacity=int(toy.places[node]))
            for step in range(horizon):
                graph.add_edge((node, step), (node, step + 1), capacity=int(toy.supply.sum()))
        rows = zip(toy.tail, toy.head, toy.travel_time, toy.capacity, strict=True)
        for number, (tail, head, steps, capacity) in enumerate(rows):
            for step in range(horizon - steps + 1):
                # A node of its own keeps parallel edges apart.
                graph.add_edge((tail, step), (number, step, "e"), capacity=int(capacity))
                graph.add_edge((number, step, "e"), (head, step + steps), capacity=int(capacity))
        if nx.maximum_flow_value(graph, "all", "safe") >= people:
            return horizon
        horizon += 1


def test_one_road_takes_its_length_and_a_step_for_every_load():
    # 10 people, 3 per step over 4 steps: they enter at steps 0, 1, 2, 3 and the last is safe at 7.
    plan = quick_evacuation(problem([(0, 1, 4, 3)], {0: 10}, {1: 99}))
    assert plan.clearance == plan.lower_bound == 7
    assert plan.arrivals.tolist() == [0, 0, 0, 0, 3, 6, 9, 10]


def test_two_roads_share_the_people():
    # Until step T the short road brings 2 x (T - 1) and the long one 2 x (T - 3): 20 at T = 7.
    toy = problem([(0, 1, 2, 2), (0, 1, 4, 2)], {0: 20}, {1: 99})
    assert quick_evacuation(toy).clearance == 7


def test_a_bridge_that_all_must_cross():
    # Two villages of 6, a step from the bridge; 4 cross per step in 1 step: 1 + 3 loads, safe at 4.
    toy = problem([(0, 2, 1, 9), (1, 2, 1, 9), (2, 3, 1, 4)], {0: 6, 1: 6}, {3: 99})
    plan = quick_evacuation(toy)
    assert plan.clearance == 4
    assert plan.arrivals.tolist() == [0, 0, 4, 8, 12]


def test_a_full_shelter_sends_the_rest_on():
    toy = problem([(0, 1, 1, 9), (0, 2, 5, 9)], {0: 9}, {1: 5, 2: 3})
    plan = quick_evacuation(toy)
    assert (plan.clearance, plan.arrivals[-1]) == (5, 8)


def test_people_may_pass_a_shelter_and_live_in_one():
    toy = problem([(0, 1, 1, 9)], {0: 4}, {0: 1, 1: 2})
    plan = quick_evacuation(toy)
    assert plan.served.tolist() == [3, 0]
    assert (plan.clearance, plan.arrivals.tolist()) == (1, [1, 3])


def test_nobody_and_nowhere_to_go():
    for toy in (
        problem([(0, 1, 1, 9)], {0: 0}, {1: 5}),
        problem([(1, 0, 1, 9)], {0: 5}, {1: 5}),
        problem([(0, 1, 1, 9)], {0: 5}, {1: 0}),
    ):
        plan = quick_evacuation(toy)
        assert (plan.clearance, plan.served.sum(), plan.arrivals.tolist()) == (0, 0, [0])


def test_circles_are_taken_out_and_the_rest_stays():
    # 0 -> 1 -> 2 carries 5; 1 -> 3 -> 4 -> 1 goes round with 2, and 3 <-> 4 with 7 more.
    tail = np.array([0, 1, 1, 3, 4, 4])
    head = np.array([1, 2, 3, 4, 1, 3])
    people = np.array([5, 5, 2, 9, 2, 7])
    assert without_loops(tail, head, people).tolist() == [5, 5, 0, 0, 0, 0]


@st.composite
def towns(draw):
    n_nodes = draw(st.integers(2, 7))
    node = st.integers(0, n_nodes - 1)
    edge = st.tuples(node, node, st.integers(0, 4), st.integers(1, 5))
    edges = draw(st.lists(edge.filter(lambda row: row[0] != row[1]), min_size=1, max_size=14))
    supply = draw(st.dictionaries(node, st.integers(1, 25), min_size=1, max_size=3))
    places = draw(st.dictionaries(node, st.integers(1, 40), min_size=1, max_size=3))
    return problem(edges, supply, places, n_nodes)


@settings(max_examples=30, deadline=None)
@given(towns())
def test_with_room_enough_the_answer_is_the_shortest(toy):
    plan = quick_evacuation(toy)
    people = most_served(toy)
    # Who lives in a shelter that others pass is moved to a node of its own by the planner.
    assert plan.arrivals[-1] == people
    assert plan.clearance == plan.lower_bound == fewest_steps(toy, people)
    assert_can_be_carried_out(toy, plan)


@settings(max_examples=30, deadline=None)
@given(towns(), st.sampled_from([4, 20, 60]))
def test_in_long_steps_it_can_be_carried_out_and_is_no_shorter_than_the_bound(toy, most_arcs):
    plan = quick_evacuation(toy, most_arcs=most_arcs)
    people = most_served(toy)
    best = fewest_steps(toy, people)
    assert plan.arrivals[-1] == people
    assert plan.lower_bound <= best <= plan.clearance
    assert_can_be_carried_out(toy, plan)


@settings(max_examples=40, deadline=None)
@given(towns(), st.sampled_from([2, 3, 7]), st.lists(st.integers(-9, 9), min_size=7, max_size=7))
def test_long_steps_flatter_whatever_the_clocks(toy, length, clocks):
    # Who lives in a shelter or passes one needs the planner's own sinks; here nobody does.
    sinks = toy.places[toy.tail] > 0
    supply = np.where(toy.places > 0, 0, toy.supply)
    toy = StepProblem(
        toy.tail[~sinks], toy.head[~sinks], toy.travel_time[~sinks], toy.capacity[~sinks],
        supply, toy.places,
    )  # fmt: skip
    people = most_served(toy)
    best = fewest_steps(toy, people)
    for clock in (np.array(clocks[: toy.n_nodes]), node_clocks(toy)):
        assert relaxed_flow(toy, best, length, clock).people >= people
    if best:
        # In steps of their own length nothing is flattered: a step less is too few.
        assert relaxed_flow(toy, best - 1, 1, node_clocks(toy)).people < people


def test_clocks_know_that_near_seats_are_taken():
    # Two people each in 0 and 1; the near shelter 2 holds three, so one of 1 goes on to 3, 8 steps.
    # A free seat is 8 from 1 and, taking one near from those of 1, 6 from 2 and 7 from 0.
    toy = problem([(0, 2, 1, 9), (1, 2, 2, 9), (1, 3, 8, 9)], {0: 2, 1: 2}, {2: 3, 3: 2})
    assert node_clocks(toy).tolist() == [7, 8, 6, 0]


def test_clocks_where_all_seats_are_taken():
    # Where nothing is free no way is worth more than another, but edges in use still are exact.
    toy = problem([(0, 2, 1, 9), (1, 2, 2, 9), (1, 3, 8, 9)], {0: 2, 1: 2}, {2: 2, 3: 2})
    clock = node_clocks(toy)
    off_way = toy.travel_time + clock[toy.head] - clock[toy.tail]
    assert off_way.tolist() == [0, 0, 0]


def test_most_people_are_safe_long_before_the_last():
    # Nine live a step from the shelter and one person ten: nobody who lives near waits for it.
    toy = problem([(0, 2, 1, 3), (1, 2, 10, 3)], {0: 9, 1: 1}, {2: 99})
    assert quick_evacuation(toy).arrivals.tolist() == [0, 3, 6, 9, 9, 9, 9, 9, 9, 9, 10]


def grid_town(seed, width=14, capacity=4):
    """Make a town of crossings on a grid, with people everywhere and shelters in three corners."""
    random = np.random.default_rng(seed)
    graph = nx.grid_2d_graph(width, width)
    node = {place: number for number, place in enumerate(graph)}
    edges = [
        (node[u], node[v], int(steps), capacity)
        for a, b in graph.edges
        for steps in [random.integers(1, 4)]
        for u, v in ((a, b), (b, a))
    ]
    supply = {number: int(random.integers(0, 9)) for number in node.values()}
    last = width - 1
    places = {node[0, 0]: 300, node[last, 0]: 300, node[last, last]: 900}
    return problem(edges, supply, places)


@pytest.mark.parametrize("seed", range(4))
def test_in_longer_steps_it_stays_near_the_shortest(seed):
    toy = grid_town(seed)
    best = quick_evacuation(toy)
    near = quick_evacuation(toy, most_arcs=best.clearance * toy.tail.size // 3)
    assert best.clearance == best.lower_bound
    assert_can_be_carried_out(toy, near)
    assert near.lower_bound <= best.clearance <= near.clearance <= 1.2 * best.clearance


def test_wider_roads_and_fewer_people_are_never_later():
    base = quick_evacuation(grid_town(1)).clearance
    toy = grid_town(1)
    wider = quick_evacuation(grid_town(1, capacity=8)).clearance
    fewer = StepProblem(
        toy.tail, toy.head, toy.travel_time, toy.capacity, toy.supply // 2, toy.places
    )
    assert wider < base
    assert quick_evacuation(fewer).clearance < base


def test_unbounded_edges_let_everybody_through_at_once():
    plan = quick_evacuation(problem([(0, 1, 3, UNBOUNDED)], {0: 10**6}, {1: 10**7}))
    assert (plan.clearance, plan.arrivals.tolist()) == (3, [0, 0, 0, 10**6])
