"""Random small worlds: the contract holds, and times agree with a network made of short steps."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import resilience_geo as rg
from resilience_geo.analysis.coverage import shelter_status
from resilience_geo.assumptions import MODES
from tests.analysis.toys import (
    EAST,
    NORTH,
    WALK_MPS,
    assert_plan_keeps_the_contract,
    at,
    flood,
    grid,
    people,
    rect,
    road_graph,
    routes,
    shelters,
    villages,
)

ROOMY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SEEDS = st.integers(0, 2**32 - 1)
KINDS = ("residential", "path", "steps", "motorway", "track")


def random_world(rng):
    """Make a world whose roads lie on borders of cells as often as between them."""

    def place():
        return tuple(float(value) for value in rng.integers(0, 121, 2) * 5)

    nodes = {number: place() for number in range(int(rng.integers(2, 14)))}
    roads = []
    for _ in range(int(rng.integers(1, 25))):
        u, v = (int(value) for value in rng.integers(0, len(nodes), 2))
        via = [place() for _ in range(int(rng.integers(0, 3)) + 2 * (u == v))]
        tags = {"via": via, "highway": str(rng.choice(KINDS, p=[0.7, 0.1, 0.05, 0.05, 0.1]))}
        for tag in ("bridge", "tunnel", "ford", "oneway"):
            if rng.random() < 0.1:
                tags[tag] = True if tag == "oneway" else "yes"
        if u != v or len(set(via) - {nodes[u]}):
            roads.append((u, v, tags))
    return nodes, roads


def random_water(rng, rows=30, columns=30, cell=20.0):
    """Make water in blocks of cells, dry and unknown ground between."""
    blocks = rng.choice([0, 0, 0, 0.05, 0.2, 0.4, 0.9, 1.6, -9999.0], (rows // 3, columns // 3))
    return flood(np.kron(blocks, np.ones((3, 3))), cell=cell)


@given(
    seed=SEEDS, departure=st.sampled_from(["early", "late", "both"]), mode=st.sampled_from(MODES)
)
@ROOMY
def test_any_plan_keeps_the_contract(seed, departure, mode):
    rng = np.random.default_rng(seed)
    nodes, roads = random_world(rng)
    assume(roads)
    counts = rng.choice([0.0, 0.3, 2.4, 17.5], (12, 12))
    capacity = rng.choice([0.0, 5.0, 500.0, np.nan], 4)
    places = shelters(
        *(tuple(place) for place in rng.uniform(0, 600, (3, 2))),
        rect(300, 300, 330, 320),
        capacity=capacity,
    )
    frame = villages(
        A=rect(0, 0, 310, 600),
        B=rect(310, 0, 580, 305),
        C=rect(310, 305, 600, 600),
        D=rect(900, 0, 950, 50),
    )
    hazard = random_water(rng)
    assume((shelter_status(places, hazard)[0] == "usable").any())
    plan = rg.plan_evacuation(
        frame,
        hazard,
        people(counts, cell=50),
        road_graph(nodes, *roads),
        places,
        departure=departure,
        assumptions=rg.EvacuationAssumptions(
            mode=mode,
            max_snap_m=float(rng.choice([30, 100, 400])),
            time_limit_min=float(rng.choice([2, 6, 60])),
            bridge_rule=str(rng.choice(["caution", "open", "raster"])),
            unknown_roads_pass_late=bool(rng.random() < 0.3),
        ),
    )
    assert_plan_keeps_the_contract(plan, frame)
    sums = plan.stretches.groupby("road_id")["length_m"].sum()
    assert_allclose(sums.loc[plan.roads["road_id"]], plan.roads["length_m"], rtol=1e-9, atol=1e-6)
    assert_allclose(plan.routes.geometry.length, plan.routes["distance_m"], rtol=1e-6, atol=1e-3)
    if departure != "early":
        shut = {"closed"} if plan.assumptions.unknown_roads_pass_late else {"closed", "unknown"}
        closed = plan.stretches["state"].isin(shut)
        assert (plan.stretches.loc[closed, "evacuees_late"] == 0).all()
    if departure == "both":
        table = plan.villages
        assert (table["lost_if_late_people"] >= table["allocated"] - table["late_allocated"]).all()


def step_network(graph, depths, cell, *, late, penalties, step=0.25):
    """Cut roads into short steps and give each the time of the cell under its middle."""
    network = nx.Graph()
    for number, (u, v, data) in enumerate(graph.edges(data=True)):
        if data["reversed"]:
            continue
        points = shapely.get_coordinates(shapely.segmentize(data["geometry"], step))
        middle = (points[:-1] + points[1:]) / 2
        length = np.hypot(*np.diff(points, axis=0).T)
        row = (depths.shape[0] - 1) - np.floor((middle[:, 1] - NORTH) / cell).astype(int)
        depth = depths[row, np.floor((middle[:, 0] - EAST) / cell).astype(int)]
        if late:
            factor = np.where(depth >= 0.3, 0.5, np.where(depth >= 0.1, 0.7, 1.0))
            seconds = length / (WALK_MPS * factor)
            cost = np.where(depth >= 0.5, np.inf, seconds)
        else:
            seconds = length / WALK_MPS
            slowed, closed = penalties
            cost = seconds * np.where(depth >= 0.5, closed, np.where(depth >= 0.1, slowed, 1.0))
        names = [u, *((number, k) for k in range(1, len(points) - 1)), v]
        for k in np.flatnonzero(np.isfinite(cost)):
            network.add_edge(names[k], names[k + 1], cost=cost[k], seconds=seconds[k])
    return network


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("departure", ["early", "late"])
def test_times_agree_with_a_network_of_short_steps(seed, departure):
    rng = np.random.default_rng(4000 + seed)
    cell = 20.0
    depths = np.kron(rng.choice([0.0, 0.0, 0.2, 0.4, 0.9], (10, 10)), np.ones((3, 3)))
    nodes = {n: tuple(place) for n, place in enumerate(rng.uniform(20, 580, (12, 2)))}
    pairs = {tuple(sorted(rng.choice(12, 2, replace=False).tolist())) for _ in range(28)}
    graph = road_graph(nodes, *sorted(pairs))
    hazard = rg.read_hazard(grid(depths, cell=cell), unit="m")
    ends = [n for n in nodes if graph.degree(n) and stands_safely(depths, nodes[n], cell)][:2]
    assert ends
    table = routes(
        [nodes[n] for n in nodes],
        shelters(*(nodes[n] for n in ends)),
        graph,
        hazard,
        departure,
        max_snap_m=0.01,
        slowed_penalty=1.3,
        closed_penalty=2.1,
    )
    network = step_network(
        graph,
        depths.astype("float32").astype(float),
        cell,
        late=departure == "late",
        penalties=(1.3, 2.1),
    )
    targets = {n for n in ends if n in network}
    cost, paths = nx.multi_source_dijkstra(network, targets, weight="cost")
    checked = 0
    for n in nodes:
        row = table.loc[(departure, n)]
        if n in cost and graph.degree(n):
            expected = nx.path_weight(network, paths[n], "seconds")
            # A border between cells is found to a quarter of a metre.
            assert_allclose(row["travel_time_s"], expected, rtol=2e-3, atol=2.0)
            checked += 1
        else:
            assert row["status"] in {"cut_off", "no_road"}
    assert checked >= 3


def stands_safely(depths, place, cell):
    """Say whether a place is dry or in class low (below 0.76 m)."""
    row = depths.shape[0] - 1 - int(place[1] // cell)
    return depths[row, int(place[0] // cell)] < 0.76


def test_the_step_network_sees_water():
    graph = road_graph({1: (10, 10), 2: (50, 10)}, (1, 2))
    depths = np.zeros((3, 3))
    depths[2, 1] = 0.2
    network = step_network(graph, depths, 20.0, late=True, penalties=(1, 1))
    assert_allclose(
        nx.dijkstra_path_length(network, 1, 2, weight="seconds"), (20 + 20 / 0.7) / WALK_MPS
    )
    assert at(0, 0) == (EAST, NORTH)
