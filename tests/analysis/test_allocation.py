"""Allocation under capacity: paper examples, every cause, and linear programmes as judges."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import linprog

import resilience_geo as rg
from resilience_geo.analysis.allocation import allocate
from resilience_geo.analysis.evacuation_network import build_network
from resilience_geo.analysis.network import road_arrays
from resilience_geo.analysis.placement import Party, Places, origin_rank
from resilience_geo.analysis.routes import STATUSES
from resilience_geo.errors import CrsError, InputError
from tests.analysis.toys import WALK_MPS, at, flood_patches, homes, road_graph, shelters

DRY = flood_patches()
# One straight road of 1800 m at y = 105.
LINE = road_graph({1: (5, 105), 2: (1805, 105)}, (1, 2))
MINUTE_M = 66.0


def allocated(origins, people, targets, graph=LINE, hazard=DRY, departure="early", **assumptions):
    table = homes(*origins).assign(evacuees=people)
    result = rg.allocate_shelters(
        table,
        targets,
        graph,
        hazard,
        departure=departure,
        assumptions=rg.EvacuationAssumptions(**assumptions),
    )
    assert result["evacuees"].sum() == sum(people) * (2 if departure == "both" else 1)
    assert (result["evacuees"] > 0).all()
    return result


def rows(result):
    """Return (home, people, shelter or cause) of every row."""
    place = result["shelter_id"].where(result["status"] == "allocated", result["status"])
    return list(zip(result["home"], result["evacuees"], place, strict=True))


def test_nearest_first_would_send_someone_far_and_is_not_done():
    # a at 405 is 100 m from S0 (at 305) and 300 m from S1 (at 705); b at 205 is 100 m from S0 and
    # 500 m from S1. One seat each: nearest first (a to S0) costs 100 + 500, the optimum 100 + 300.
    result = allocated(
        [(405, 105), (205, 105)], [1, 1], shelters((305, 105), (705, 105), capacity=1)
    )
    assert rows(result) == [(0, 1, "S1"), (1, 1, "S0")]
    assert_allclose(result["travel_time_s"] * WALK_MPS, [300, 100])
    proof = result.attrs["proofs"]["early"]
    assert proof.proven
    assert_allclose(proof.person_seconds * WALK_MPS, 400)
    assert_allclose(proof.bound_person_seconds * WALK_MPS, 400)


def test_most_people_come_before_least_time():
    # b reaches S0 only; a reaches both, S0 first. Serving both means sending a the longer way.
    result = allocated(
        [(405, 105), (205, 105)],
        [5, 5],
        shelters((305, 105), (705, 105), capacity=5),
        time_limit_min=310 / MINUTE_M,
    )
    assert rows(result) == [(0, 5, "S1"), (1, 5, "S0")]


def test_people_of_one_house_are_split_over_shelters_and_the_rest_is_told():
    result = allocated([(405, 105)], [10], shelters((305, 105), (705, 105), capacity=[3, 5]))
    assert rows(result) == [(0, 5, "S1"), (0, 3, "S0"), (0, 2, "shelters_full")]
    assert result["travel_time_s"].isna().tolist() == [False, False, True]
    assert [line is None for line in result.geometry] == [False, False, True]
    assert result.index.tolist() == [0, 0, 0]


def test_a_capacity_that_is_no_whole_number_holds_whole_people():
    result = allocated([(405, 105)], [4], shelters((305, 105), capacity=2.9))
    assert rows(result) == [(0, 2, "S0"), (0, 2, "shelters_full")]


def test_endless_room_takes_everybody():
    result = allocated([(405, 105)], [7], shelters((305, 105), capacity=np.inf))
    assert rows(result) == [(0, 7, "S0")]


@pytest.mark.parametrize("wrong", [[3.7, 1], [-3, 1], [np.nan, 1], ["x", 1]])
def test_people_that_are_no_whole_number_are_refused(wrong):
    table = homes((405, 105), (205, 105)).assign(evacuees=wrong)
    with pytest.raises(InputError, match="whole number of people"):
        rg.allocate_shelters(table, shelters((305, 105)), LINE, DRY)


def test_origins_that_are_no_points_are_refused():
    table = homes((405, 105), (205, 105)).assign(evacuees=1)
    for shape in (table.geometry.iloc[0].buffer(5), shapely.Point(), None):
        wrong = table.copy()
        wrong.geometry = [shape, table.geometry.iloc[1]]
        wrong = wrong.set_crs(table.crs)
        for verb in (rg.allocate_shelters, rg.evacuation_routes):
            with pytest.raises(InputError, match="a point"):
                verb(wrong, shelters((305, 105)), LINE, DRY)
    bare = table.set_crs(None, allow_override=True)
    with pytest.raises(CrsError):
        rg.allocate_shelters(bare, shelters((305, 105)), LINE, DRY)


CAUSES = {
    # 600 m from the road; at the road, but on another road that leads nowhere; too far to walk in
    # 5 minutes (330 m); at a shelter of no seats; at a shelter of unknown capacity.
    "no_road": (605, 705),
    "cut_off": (1905, 905),
    "too_far": (905, 105),
    "shelters_full": (205, 105),
    "capacity_unknown": (1705, 105),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_alone(cause):
    graph = road_graph(
        {1: (5, 105), 2: (1805, 105), 3: (1905, 900), 4: (1905, 990)}, (1, 2), (3, 4)
    )
    targets = shelters((105, 105), (1805, 105), (505, 105), capacity=[0, np.nan, 1])
    # Somebody else takes the one seat that there is.
    result = allocated(
        [CAUSES[cause], (505, 105)], [7, 1], targets, graph=graph, time_limit_min=5.0
    )
    assert rows(result) == [(0, 7, cause), (1, 1, "S2")]


def test_a_full_shelter_and_an_unknown_one_in_reach_is_full():
    targets = shelters((305, 105), (505, 105), capacity=[0, np.nan])
    result = allocated([(405, 105)], [7], targets)
    assert rows(result) == [(0, 7, "shelters_full")]
    assert result.attrs["proofs"]["early"].could_serve_people == 7


def test_what_unknown_capacity_could_change_counts_those_who_would_move_up():
    # S0 is known and full with b; with room in S1 for a, who now has S0, b would get a place.
    targets = shelters((305, 105), (705, 105), capacity=[5, np.nan])
    result = allocated([(405, 105), (205, 105)], [5, 5], targets, time_limit_min=310 / MINUTE_M)
    assert result.loc[result["status"] == "allocated", "evacuees"].sum() == 5
    assert result.attrs["proofs"]["early"].could_serve_people == 5


def test_an_assumed_capacity_counts():
    result = allocated(
        [(405, 105)], [7], shelters((305, 105), capacity=np.nan), unknown_capacity_people=4
    )
    assert rows(result) == [(0, 4, "S0"), (0, 3, "shelters_full")]


def test_late_the_open_road_a_little_farther_leads_to_a_shelter_with_room():
    # Two roads, parted by water that closes the link between them; the nearer leads to a full one.
    graph = road_graph(
        {1: (5, 105), 2: (905, 105), 3: (905, 405), 4: (5, 405)}, (1, 2), (2, 3), (3, 4)
    )
    hazard = flood_patches((890, 200, 920, 300, 2.0))
    targets = shelters((905, 105), (905, 405), capacity=[2, 50])
    result = allocated([(405, 205)], [9], targets, graph=graph, hazard=hazard, departure="late")
    assert rows(result) == [(0, 7, "S1"), (0, 2, "S0")]
    # 200 m up to the other road and 500 m along it; 100 m down and 500 m along.
    assert_allclose(result["distance_m"], [700, 600])


def test_late_differs_from_early_in_one_call():
    hazard = flood_patches((600, 100, 650, 110, 2.0))
    targets = shelters((1005, 105), (5, 105), capacity=10)
    result = allocated([(505, 105)], [4], targets, hazard=hazard, departure="both")
    assert result["departure"].tolist() == ["early", "late"]
    # Early 500 m on either side, of which 50 will close to the east; late only the west is left.
    assert result["shelter_id"].tolist() == ["S1", "S1"]
    assert set(result.attrs["proofs"]) == {"early", "late"}


def test_early_the_direct_way_counts_where_the_drier_one_is_too_slow():
    # A ring: 400 m straight through water to the shelter, 1000 m round it.
    graph = road_graph(
        {1: (105, 105), 2: (505, 105), 3: (105, 405), 4: (505, 405)},
        (1, 2),
        (1, 3),
        (3, 4),
        (4, 2),
    )
    # Weighed 80 + 3 x 320 = 1040 m straight on.
    hazard = flood_patches((140, 100, 460, 110, 2.0))
    targets = shelters((505, 105), capacity=10)
    free = allocated([(105, 105)], [4], targets, graph=graph, hazard=hazard)
    assert_allclose(free["distance_m"], [1000])
    hurried = allocated(
        [(105, 105)], [4], targets, graph=graph, hazard=hazard, time_limit_min=450 / MINUTE_M
    )
    assert_allclose(hurried["distance_m"], [400])
    assert_allclose(hurried["hazardous_m"], [320])


def engine(parties, capacity, accessible, points=((405, 105), (205, 105)), places=None, **choices):
    """Allocate parties on the straight road; return (party, origin, people, shelter or cause)."""
    assumptions = rg.EvacuationAssumptions(**choices)
    arrays = road_arrays(LINE)
    where = shapely.points([at(*place) for place in places or ((305, 105), (705, 105))])
    network = build_network(arrays, DRY, where, assumptions, assisted=True)
    spots = shapely.points([at(*point) for point in points])
    found = allocate(
        network,
        "early",
        spots,
        [
            Party(
                name,
                np.array(people),
                speed,
                assisted=priority == 0,
                priority=priority,
                accessible_only=only,
            )
            for name, people, speed, priority, only in parties
        ],
        Places(
            np.ones(where.size, dtype=bool),
            np.asarray(capacity, dtype=float),
            np.asarray(accessible),
            np.arange(where.size),
        ),
        rank=origin_rank(spots, np.zeros(spots.size), np.zeros(spots.size)),
    )
    place = np.where(found.ways.shelter >= 0, [f"S{s}" for s in found.ways.shelter], "")
    words = np.where(found.status == 0, place, np.array(STATUSES)[found.status])
    return found, sorted(zip(found.party, found.origin, found.people, words, strict=True))


def test_those_who_need_help_are_placed_first_and_nobody_loses_a_seat_by_it():
    parties = [("general", [6, 0], WALK_MPS, 1, False), ("elderly", [4, 0], 0.55, 0, False)]
    found, result = engine(parties, [5, 2], [True, True])
    served = {
        party: sum(n for p, _, n, where in result if p == party and where[0] == "S")
        for party in (0, 1)
    }
    assert served == {0: 3, 1: 4}
    assert sum(n for *_, n, _ in result) == 10
    # Everybody at their own speed: 100 m at 0.55 m/s takes twice as long.
    seconds = {
        (int(party), int(shelter)): time
        for party, shelter, time in zip(
            found.party, found.ways.shelter, found.travel_time_s, strict=True
        )
    }
    assert_allclose(seconds[1, 0], 100 / 0.55)


def test_people_who_cannot_climb_stairs_go_to_accessible_shelters_only():
    parties = [("general", [3, 0], WALK_MPS, 1, False), ("disabled", [2, 0], 0.55, 0, True)]
    _, result = engine(parties, [10, 10], [False, True])
    assert result == [(0, 0, 3, "S0"), (1, 0, 2, "S1")]
    _, nowhere = engine(parties, [10, 10], [False, False])
    assert nowhere == [(0, 0, 3, "S0"), (1, 0, 2, "cut_off")]


def test_a_slow_party_has_the_same_time_limit_and_so_reaches_less():
    parties = [("general", [3, 0], WALK_MPS, 1, False), ("elderly", [2, 0], 0.55, 0, False)]
    # 100 m and 300 m away; 250 m can be walked in time by everyone, 125 m by the slow.
    _, result = engine(parties, [0, 10], [True, True], time_limit_min=310 / MINUTE_M)
    assert result == [(0, 0, 3, "S1"), (1, 0, 2, "shelters_full")]


def random_world(seed):
    """Make a small town at random: roads, shelters with seats, and houses on the crossings."""
    random = np.random.default_rng(seed)
    places = {n: (100 + 300 * (n % 3), 100 + 250 * (n // 3)) for n in range(9)}
    links = [(n, n + 1) for n in range(9) if n % 3 < 2] + [(n, n + 3) for n in range(6)]
    kept = [link for link in links if random.random() < 0.85] or links[:1]
    graph = road_graph(places, *kept)
    nodes = [node for node, degree in graph.degree if degree]
    spots = random.choice(nodes, size=min(3, len(nodes)), replace=False)
    targets = shelters(
        *(places[n] for n in spots), capacity=random.integers(0, 7, len(spots)).astype(float)
    )
    houses = random.choice(nodes, size=min(4, len(nodes)), replace=False)
    people = random.integers(1, 7, len(houses)).tolist()
    return graph, places, spots, targets, houses, people, float(random.choice([4.0, 8.0, 60.0]))


def judged(graph, spots, capacity, houses, people, limit_s):
    """Return most people and least person-seconds by two linear programmes on networkx times."""
    seconds = np.full((len(houses), len(spots)), np.inf)
    for column, spot in enumerate(spots):
        metres = nx.single_source_dijkstra_path_length(graph.to_undirected(), spot, weight="length")
        for row, house in enumerate(houses):
            seconds[row, column] = metres.get(house, np.inf) / WALK_MPS
    row, column = np.nonzero(seconds <= limit_s + 1e-9)
    if row.size == 0:
        return 0, 0.0
    limits = np.zeros((len(houses) + len(spots), row.size))
    limits[row, np.arange(row.size)] = 1
    limits[len(houses) + column, np.arange(row.size)] = 1
    bounds = np.concatenate([people, capacity])
    most = -linprog(-np.ones(row.size), A_ub=limits, b_ub=bounds).fun
    least = linprog(
        seconds[row, column], A_ub=limits, b_ub=bounds, A_eq=np.ones((1, row.size)), b_eq=[most]
    )
    return round(most), least.fun


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6))
def test_any_town_is_served_as_well_as_linear_programmes_say(seed):
    graph, places, spots, targets, houses, people, limit_min = random_world(seed)
    result = allocated(
        [places[n] for n in houses], people, targets, graph=graph, time_limit_min=limit_min
    )
    served = result[result["status"] == "allocated"]
    most, least = judged(
        graph, spots, targets["capacity_people"].to_numpy(), houses, people, limit_min * 60
    )
    assert served["evacuees"].sum() == most
    assert_allclose((served["evacuees"] * served["travel_time_s"]).sum(), least, rtol=1e-6)
    came = served.groupby("shelter_id")["evacuees"].sum()
    assert (came <= targets.set_index("shelter_id")["capacity_people"].loc[came.index]).all()
    assert (served["travel_time_s"] <= limit_min * 60 + 1e-6).all()
    assert_allclose(served.geometry.length, served["distance_m"], rtol=1e-6, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_any_flooded_town_is_served_late_as_well_as_linear_programmes_say(seed):
    graph, places, spots, targets, houses, people, limit_min = random_world(seed)
    random = np.random.default_rng(seed + 1)
    # Some roads are under water in their middle: late they are two dead ends.
    wet = [link for link in {tuple(sorted(e[:2])) for e in graph.edges} if random.random() < 0.3]
    patches = []
    for u, v in wet:
        x, y = (places[u][0] + places[v][0]) / 2, (places[u][1] + places[v][1]) / 2
        patches.append((x // 10 * 10 - 40, y // 10 * 10 - 40, x // 10 * 10 + 50, y // 10 * 10 + 50))
    hazard = flood_patches(*((*patch, 2.0) for patch in patches))
    result = allocated(
        [places[n] for n in houses],
        people,
        targets,
        graph=graph,
        hazard=hazard,
        departure="late",
        time_limit_min=limit_min,
        max_snap_m=30.0,  # nobody walks across country from one dead end to another
    )
    dry = graph.copy()
    dry.remove_edges_from([edge for edge in graph.edges if tuple(sorted(edge[:2])) in wet])
    served = result[result["status"] == "allocated"]
    capacity = targets["capacity_people"].to_numpy()
    most, least = judged(dry, spots, capacity, houses, people, limit_min * 60)
    assert served["evacuees"].sum() == most
    assert_allclose((served["evacuees"] * served["travel_time_s"]).sum(), least, rtol=1e-6)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10**6))
def test_shuffled_houses_and_shelters_give_the_same_answer(seed):
    graph, places, _, targets, houses, people, limit_min = random_world(seed)
    table = homes(*(places[n] for n in houses)).assign(evacuees=people)
    random = np.random.default_rng(seed)
    chosen = rg.EvacuationAssumptions(time_limit_min=limit_min)

    def answer(origins, safe):
        result = rg.allocate_shelters(
            origins, safe, graph, DRY, departure="early", assumptions=chosen
        )
        return sorted(rows(result), key=str)

    shuffled = table.iloc[random.permutation(len(table))]
    other = targets.iloc[random.permutation(len(targets))]
    assert answer(table, targets) == answer(shuffled, other)


def test_more_room_never_serves_fewer():
    served = []
    for capacity in (0, 3, 6, 9):
        result = allocated(
            [(405, 105), (205, 105)], [5, 5], shelters((305, 105), (705, 105), capacity=capacity)
        )
        served.append(result.loc[result["status"] == "allocated", "evacuees"].sum())
    assert served == [0, 6, 10, 10]
