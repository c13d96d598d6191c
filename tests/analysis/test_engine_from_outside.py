"""The evacuation engine through its public names only, against answers worked out elsewhere.

Times are those of networkx on roads cut where people enter, seats those of integer programmes in
HiGHS, losses and second routes those of trying everything.
"""

from __future__ import annotations

import copy
import itertools
import json
import pickle
from dataclasses import replace

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

import resilience_geo as rg
from tests.analysis.toys import (
    CRS,
    EAST,
    NORTH,
    assert_plan_keeps_the_contract,
    flood,
    flood_patches,
    homes,
    people,
    rect,
    road_graph,
    shelters,
    villages,
)

SPEED_MPS = {
    "everyone": 1.1,
    "general": 1.1,
    "children_under_5": 0.894,
    "elderly": 0.751,
    "disabled": 0.6,
    "pregnant": 0.894,
}
FIRST = {"disabled": 0, "children_under_5": 1, "elderly": 1, "pregnant": 1}
TABLE = pd.DataFrame(
    {
        "children_under_5": [0.2, 0.1, np.nan],
        "elderly": [0.3, 0.0, 0.1],
        "disabled": [0.25, 0.5, np.nan],
        "pregnant": [0.05, 0.1, 0.02],
    },
    index=pd.Index(["A", "B", "C"], name="village_code"),
)


class Town:
    """A random town of joined roads, homes in water and shelters on islands, and how to plan it."""

    def __init__(self, seed, settled=0.12, junctions=10):
        rng = np.random.default_rng(seed)
        self.rng = rng
        spots = rng.permutation(120 * 120)[: int(rng.integers(3, junctions))]
        self.nodes = {n: (5.0 * (spot % 120), 5.0 * (spot // 120)) for n, spot in enumerate(spots)}
        if junctions > 10:
            roads = self._lanes()
        else:
            roads = [(n, int(rng.integers(0, n))) for n in range(1, len(self.nodes))]
            more = [rng.choice(len(self.nodes), 2, replace=False) for _ in range(rng.integers(6))]
            roads += [(int(u), int(v)) for u, v in more]
        self.roads = list({frozenset(road): road for road in roads}.values())
        self.bridge = rng.random(len(self.roads)) < 0.2
        lived_in = rng.random((12, 12)) < settled
        self.counts = np.where(lived_in, rng.choice([0.3, 1.4, 3, 8, 25.6], (12, 12)), 0.0)
        count = int(rng.integers(1, 6))
        spots = [tuple(map(float, place)) for place in rng.integers(0, 600, (count, 2))]
        self.shelters = shelters(*spots, capacity=rng.choice([0, 3, 17, 40.5, np.nan, 1e12], count))
        if rng.random() < 0.6:
            said = np.array([True, False, None], dtype=object)
            self.shelters["accessible"] = rng.choice(said, count)
        depths = np.full((60, 60), 1.0)
        for x, y in spots:
            row, column = 59 - int(y // 10), int(x // 10)
            depths[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] = 0.0
        self.hazard = flood(depths, cell=10)
        self.villages = villages(
            A=rect(0, 0, 310, 600), B=rect(310, 0, 600, 305), C=rect(310, 305, 600, 600)
        )
        # No penalty, so that the way taken is the shortest and its time can be told apart.
        self.assumptions = rg.EvacuationAssumptions(
            max_snap_m=float(rng.choice([60, 150, 400])),
            time_limit_min=float(rng.choice([2, 5, 9, 20, 60])),
            slowed_penalty=1,
            closed_penalty=1,
            unknown_capacity_people=int(rng.choice([0, 0, 6])),
        )

    def _lanes(self):
        """Join every junction to the nearest of those before it, and some to the next as well."""
        places = np.array(list(self.nodes.values()))
        roads = []
        for n in range(1, len(places)):
            near = np.argsort(np.hypot(*(places[:n] - places[n]).T), kind="stable")
            some = near[: 1 + int(self.rng.random() < 0.3)]
            roads += [(n, int(other)) for other in some]
        return roads

    def plan(self, vulnerable=None, order=None):
        """Plan; with `order` everything that comes in is shuffled and turned round."""
        frame, places, nodes = self.villages, self.shelters, list(self.nodes)
        roads = [
            (u, v, {"bridge": "yes"} if bridge else {})
            for (u, v), bridge in zip(self.roads, self.bridge, strict=True)
        ]
        if order is not None:
            frame = frame.iloc[order.permutation(len(frame))]
            places = places.iloc[order.permutation(len(places))]
            order.shuffle(nodes)
            roads = [(v, u, tags) for u, v, tags in roads]
            order.shuffle(roads)
        return rg.plan_evacuation(
            frame,
            self.hazard,
            people(self.counts, cell=50),
            road_graph({node: self.nodes[node] for node in nodes}, *roads),
            places,
            departure="early",
            assumptions=self.assumptions,
            vulnerable=vulnerable,
        )


class Streets:
    """The roads of a town, cut where people enter and leave them; distances by networkx."""

    def __init__(self, town, plan):
        first = plan.origins.drop_duplicates("origin_id")
        self.position = {name: row for row, name in enumerate(first["origin_id"])}
        self.lines = [shapely.LineString([town.nodes[u], town.nodes[v]]) for u, v in town.roads]
        cuts = {
            road: [(0.0, ("node", u)), (line.length, ("node", v))]
            for road, ((u, v), line) in enumerate(zip(town.roads, self.lines, strict=True))
        }
        limit = town.assumptions.max_snap_m
        self.homes = [
            self._enter(p, ("home", n), cuts, limit) for n, p in enumerate(_places(first))
        ]
        self.goals = [
            self._enter(p, ("goal", n), cuts, limit) for n, p in enumerate(_places(town.shelters))
        ]
        self.graph = nx.Graph()
        for road, stops in cuts.items():
            stops.sort(key=lambda stop: stop[0])
            for (before, start), (after, end) in itertools.pairwise(stops):
                self.graph.add_edge(start, end, w=after - before, road=road)

    def _enter(self, place, name, cuts, limit):
        """Return the point of entry, the walk to it and its road; None where that is too far."""
        point = shapely.Point(place)
        away = [line.distance(point) for line in self.lines]
        road = int(np.argmin(away))
        if away[road] > limit:
            return None
        cuts[road].append((self.lines[road].project(point), name))
        return name, away[road], road

    def metres(self, graph=None):
        """Return the distance of every origin and shelter, infinite where there is no way."""
        result = np.full((len(self.homes), len(self.goals)), np.inf)
        for column, goal in enumerate(self.goals):
            if goal is None:
                continue
            far = nx.single_source_dijkstra_path_length(graph or self.graph, goal[0], weight="w")
            for row, home in enumerate(self.homes):
                if home is not None and home[0] in far:
                    result[row, column] = home[1] + far[home[0]] + goal[1]
        return result

    def way(self, home, goal):
        """Return the edges of the shortest way."""
        nodes = nx.shortest_path(self.graph, self.homes[home][0], self.goals[goal][0], weight="w")
        return list(itertools.pairwise(nodes))


def _places(table):
    return shapely.get_coordinates(table.geometry.array) - [EAST, NORTH]


def best_allocation(seconds, supply, room, first):
    """Return most people placed, most of each priority in turn, and then the least total time."""
    row, column = np.nonzero(np.isfinite(seconds))
    if row.size == 0:
        return 0, dict.fromkeys(set(first), 0), 0.0
    ones, pair = np.ones(row.size), np.arange(row.size)
    by_row = sparse.csr_matrix((ones, (row, pair)), shape=(len(supply), row.size))
    by_column = sparse.csr_matrix((ones, (column, pair)), shape=(len(room), row.size))
    rules = [LinearConstraint(by_row, ub=supply), LinearConstraint(by_column, ub=room)]

    def most(weights):
        value = round(-milp(-weights, constraints=rules, bounds=Bounds(0, np.inf)).fun)
        rules.append(LinearConstraint(weights[None], value, value))
        return value

    placed = most(ones)
    by_first = {
        rank: most((np.asarray(first)[row] == rank).astype(float)) for rank in sorted(set(first))
    }
    least = milp(seconds[row, column], constraints=rules, bounds=Bounds(0, np.inf))
    return placed, by_first, least.fun


def parties_of(plan):
    """Return who is to be placed: origin, group, people."""
    table = plan.origins.assign(group=plan.origins.get("group", "everyone"))
    sums = table.groupby(["origin_id", "group"], sort=False)["evacuees"].sum()
    return [(origin, group, count) for (origin, group), count in sums.items()]


def could_use(town):
    """Return which shelters people who cannot climb stairs may use."""
    said = town.shelters.get("accessible")
    if said is None or said.isna().all():
        return np.ones(len(town.shelters), dtype=bool)
    return np.array([value is True for value in said])


@pytest.mark.parametrize("seed", range(24))
def test_groups_are_placed_as_well_as_an_integer_programme_places_them(seed):
    town = Town(seed)
    vulnerable = (None, "national", TABLE)[seed % 3]
    plan = town.plan(vulnerable)
    assert_plan_keeps_the_contract(plan, town.villages)
    streets = Streets(town, plan)
    usable = plan.shelters["status"].isin(["usable", "unreachable"]).to_numpy()
    limit_s = town.assumptions.time_limit_min * 60
    metres = np.where(usable, streets.metres(), np.inf)
    rows = parties_of(plan)
    seconds = np.array([metres[streets.position[one]] / SPEED_MPS[group] for one, group, _ in rows])
    seconds = seconds.reshape(len(rows), len(town.shelters))
    seconds[seconds > limit_s + 1e-9] = np.inf
    disabled = np.array([group == "disabled" for _, group, _ in rows], dtype=bool)
    seconds[np.ix_(disabled, ~could_use(town))] = np.inf
    holds = town.shelters["capacity_people"].fillna(town.assumptions.unknown_capacity_people)
    room = np.minimum(np.floor(holds.to_numpy()), 1e9)
    first = [FIRST.get(group, 2) for _, group, _ in rows]
    placed, by_first, total_s = best_allocation(seconds, [n for *_, n in rows], room, first)
    served = plan.origins[plan.origins["status"] == "allocated"]
    assert served["evacuees"].sum() == placed
    assert (served["evacuees"] * served["travel_time_s"]).sum() == pytest.approx(total_s, rel=1e-6)
    if vulnerable is not None:
        ranks = served["group"].map(FIRST).fillna(2).astype(int)
        sums = served["evacuees"].groupby(ranks).sum()
        assert {rank: sums.get(rank, 0) for rank in by_first} == by_first


@pytest.mark.parametrize("seed", range(24, 34))
def test_the_order_of_everything_that_comes_in_is_of_no_account(seed):
    town = Town(seed)
    keys = ["origin_id", "group", "status", "shelter_id", "evacuees"]
    tables = [
        town.plan(TABLE, order).origins[keys].astype(object).fillna("").sort_values(keys)
        for order in (None, np.random.default_rng(seed))
    ]
    assert tables[0].to_numpy().tolist() == tables[1].to_numpy().tolist()


def what_is_lost(plan, streets, served, road):
    """Return who passes a road, and what becomes of them without it, on paper."""
    ids = plan.shelters["shelter_id"].tolist()
    edges = [(u, v) for u, v, data in streets.graph.edges(data=True) if data["road"] == road]
    left = streets.graph.copy()
    left.remove_edges_from(edges)
    seconds = streets.metres(left) / SPEED_MPS["everyone"]
    gone = {frozenset(edge) for edge in edges}
    passing = stranded = cut_off = delayed = 0
    for row in served.itertuples():
        home, goal = streets.position[row.origin_id], ids.index(row.shelter_id)
        if not any(frozenset(edge) in gone for edge in streets.way(home, goal)):
            continue
        passing += row.evacuees
        later_s = seconds[home, goal]
        if later_s > plan.assumptions.time_limit_min * 60 + 1e-9:
            stranded += row.evacuees
            usable = (plan.shelters["status"] == "usable").to_numpy()
            cut_off += row.evacuees * (not np.isfinite(seconds[home, usable]).any())
        elif later_s > row.travel_time_s + 1e-6:
            delayed += row.evacuees
    return passing, stranded, cut_off, delayed


@pytest.mark.parametrize("seed", range(200, 215))
def test_losing_a_road_strands_those_whom_trying_it_strands(seed):
    town = Town(seed, settled=0.04, junctions=40)
    town.shelters["capacity_people"] = 60.0
    limit_min = float(town.rng.choice([9, 14, 60]))
    town.assumptions = replace(town.assumptions, max_snap_m=150.0, time_limit_min=limit_min)
    plan = town.plan()
    served = plan.origins[plan.origins["status"] == "allocated"]
    streets = Streets(town, plan)
    losses = rg.critical_roads(plan)
    assert losses["rank"].tolist() == list(range(1, len(losses) + 1))
    found = losses.set_index("road_id")
    number = {frozenset((u, v)): n for u, v, n in plan.roads[["u", "v", "road_id"]].to_numpy()}
    entered = {spot[2] for spot in (*streets.homes, *streets.goals) if spot is not None}
    columns = ["people", "stranded_people", "cut_off_people", "delayed_people"]
    for road, ends in enumerate(town.roads):
        # Whoever enters on the lost road itself has rules of their own.
        if road in entered:
            continue
        expected = what_is_lost(plan, streets, served, road)
        name = number[frozenset(ends)]
        got = found.loc[name, columns].tolist() if name in found.index else [0, 0, 0, 0]
        assert got == list(expected)


def second_on_paper(streets, home, goals, first, limit_m):
    """Return metres shared and metres of the best way of all that there are."""
    shared_with = {frozenset(edge) for edge in first}
    best = None
    for goal in goals:
        start, end = streets.homes[home], streets.goals[goal]
        for nodes in nx.all_simple_paths(streets.graph, start[0], end[0]):
            edges = list(itertools.pairwise(nodes))
            lengths = [streets.graph.edges[edge]["w"] for edge in edges]
            metres = start[1] + sum(lengths) + end[1]
            alike = [frozenset(edge) in shared_with for edge in edges]
            shared = round(float(np.dot(lengths, alike)), 3)
            if metres <= limit_m and (best is None or (shared, metres) < best):
                best = shared, metres
    return best


@pytest.mark.parametrize("seed", range(100, 118))
def test_the_second_route_is_the_least_shared_of_all_that_there_are(seed):
    town = Town(seed)
    plan = town.plan()
    streets = Streets(town, plan)
    if streets.graph.number_of_edges() > 45:
        pytest.skip("too many ways to try all")
    ids = plan.shelters["shelter_id"].tolist()
    goals = np.flatnonzero(plan.shelters["status"] == "usable")
    limit_m = plan.assumptions.time_limit_min * 60 * SPEED_MPS["everyone"] + 1e-6
    routes = plan.routes.set_index("route_id")
    for route in routes[routes["rank"] == 1].itertuples():
        home = streets.position[route.origin_id]
        first = streets.way(home, ids.index(route.shelter_id))
        length = sum(streets.graph.edges[edge]["w"] for edge in first)
        best = second_on_paper(streets, home, goals, first, limit_m)
        has_one = best is not None and (best[0] < length - 0.002 or length < 1e-9)
        mine = plan.origins["origin_id"] == route.origin_id
        where = plan.origins["shelter_id"] == route.shelter_id
        assert plan.origins.loc[mine & where, "has_second_route"].tolist() == [has_one]
        assert (f"{route.Index}-2" in routes.index) == has_one
        if has_one:
            second = routes.loc[f"{route.Index}-2"]
            assert second["shared_m"] == pytest.approx(best[0], abs=0.01)
            assert second["distance_m"] == pytest.approx(best[1], abs=0.01)


STRAIGHT = {0: (0, 50), 1: (1000, 50), 2: (1950, 50), 3: (1000, 350), 4: (50, 350)}
ROUND = [(0, 1), (1, 2, {"bridge": "yes"}), (1, 3), (3, 4), (0, 4)]


def straight(depth=1.0, room=1.0, roads=ROUND, counts=None, vulnerable="national", **more):
    """Plan two villages on a round of roads and a bridge."""
    counts = (
        np.where(np.arange(40) % 5 == 0, np.full((8, 40), 2.3), 0) if counts is None else counts
    )
    given = dict(more)
    places = given.pop("places", ((100, 50), (1400, 40), (1000, 300)))
    capacity = np.array(given.pop("capacity", (5.0, 9.0, 7.0))) * room
    departure = given.pop("departure", "both")
    wet = ((300, 0, 700, 400, 0.9 * depth), (1700, 0, 2000, 400, 0.65 * depth))
    return rg.plan_evacuation(
        villages(A=rect(0, 0, 900, 400), B=rect(900, 0, 2000, 400)),
        flood_patches(*wet, height=400),
        people(counts, cell=50),
        road_graph(STRAIGHT, *roads),
        shelters(*places, capacity=capacity),
        departure=departure,
        vulnerable=vulnerable,
        assumptions=rg.EvacuationAssumptions(**given),
    )


SLOW = {
    f"{group}walking_speed_mps": speed / 2
    for group, speed in (
        ("", 1.1),
        ("children_under_5_", 0.894),
        ("elderly_", 0.751),
        ("disabled_", 0.6),
        ("pregnant_", 0.894),
    )
}


@pytest.mark.parametrize(
    ("what_if", "anew"),
    [
        ({}, {}),
        ({"walking_speed_factor": 0.5}, SLOW),
        ({"depth_factor": 1.25}, {"depth": 1.25}),
        ({"depth_factor": 0.87}, {"depth": 0.87}),
        ({"capacity_factor": 0.5}, {"room": 0.5}),
    ],
)
def test_a_what_if_is_the_plan_made_anew(what_if, anew):
    plan = straight()
    table = rg.plan_sensitivity(plan, [rg.Scenario(name="worse", **what_if)])
    other = straight(**anew).origins
    for row in table.loc["worse"].itertuples():
        mine = other[other["departure"] == row.departure]
        served = mine[mine["status"] == "allocated"]
        counts = mine.groupby("status")["evacuees"].sum()
        assert row.evacuees == mine["evacuees"].sum()
        for status in ("allocated", "no_road", "cut_off", "too_far", "shelters_full"):
            assert getattr(row, status) == counts.get(status, 0)
        mean_s = np.average(served["travel_time_s"], weights=served["evacuees"])
        assert row.mean_travel_time_min == pytest.approx(mean_s / 60)


def test_seats_on_a_lost_bridge_are_lost():
    # 9 of 21 seats are on the bridge; nobody walks the 400 m beside it.
    plan = straight()
    bridge = int(plan.roads.loc[plan.roads["bridge"], "road_id"].iloc[0])
    table = rg.plan_sensitivity(plan, [rg.Scenario(name="gone", lost_road_id=bridge)])
    assert table["allocated"].tolist() == [18, 18, 12, 12]


ODD = {
    "nobody": {"counts": np.zeros((8, 40)), "vulnerable": None},
    "unknown seats": {"capacity": [np.nan] * 3},
    "no seats": {"capacity": [0.0] * 3},
    "endless seats": {"capacity": [1e12] * 3},
    "no time": {"time_limit_min": 1e-3},
    "all time": {"time_limit_min": 1e8},
    "shelter on a house": {"places": ((25, 25), (775, 25), (525, 75))},
    "one spot": {"places": ((100, 50), (100, 50), (100, 50))},
    "by motorcycle, late": {"mode": "motorcycle", "departure": "late"},
}


def refuse(constant):
    raise AssertionError(constant)


@pytest.mark.parametrize("case", ODD)
def test_odd_plans_are_whole_and_written_whole(case, tmp_path):
    plan = straight(**ODD[case])
    assert_plan_keeps_the_contract(plan, plan.villages.reset_index())
    served = int(plan.villages["allocated"].sum())
    if case in {"unknown seats", "no seats", "no time"}:
        assert served == 0
    cause = {"unknown seats": "capacity_unknown", "no seats": "shelters_full", "no time": "too_far"}
    if case in cause:
        assert set(plan.unserved["cause"]) == {cause[case]}
    if case == "endless seats":
        assert plan.unserved.empty
    for twin in (pickle.loads(pickle.dumps(plan)), copy.deepcopy(plan)):
        pd.testing.assert_frame_equal(twin.origins, plan.origins)
        assert len(rg.plan_sensitivity(twin, [])) == (2 if plan.departure == "both" else 1)
    rg.save_tables(plan, tmp_path / "tables")
    text = (tmp_path / "tables" / "summary.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=refuse)["allocated"] == served
    for layer in ("villages", "origins", "routes", "shelters", "roads"):
        written = gpd.read_file(tmp_path / "tables" / "plan.gpkg", layer=layer)
        assert len(written) == len(getattr(plan, layer))
    page = rg.save_web_map(plan, tmp_path / "map.html").read_text(encoding="utf-8")
    assert page.rstrip().endswith("</html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map.html", "tables"]


def test_an_odd_plan_prints(tmp_path):
    pytest.importorskip("matplotlib")
    file = rg.save_print_map(straight(**ODD["no seats"]), tmp_path / "map.pdf", paper="A4")
    assert file.read_bytes().startswith(b"%PDF-")


def test_shelters_as_polygons_take_as_many_as_their_middles():
    spots = ((100, 50), (1400, 40), (1000, 300))
    squares = tuple(rect(x - 5, y - 5, x + 5, y + 5) for x, y in spots)
    plans = [straight(places=places, room=0.5) for places in (spots, squares)]
    points, shapes = (plan.villages[["allocated", "late_allocated"]].sum() for plan in plans)
    assert points.tolist() == shapes.tolist() == [9, 9]


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32748"])
def test_the_sample_in_another_crs_has_the_same_numbers(crs, sample_inputs, sample_plan):
    moved = {name: sample_inputs[name].to_crs(crs) for name in ("villages", "shelters")}
    plan = rg.plan_evacuation(**{**sample_inputs, **moved})
    for table in (plan, sample_plan):
        table.origins["person_s"] = table.origins["evacuees"] * table.origins["travel_time_s"]
    pd.testing.assert_frame_equal(
        *(
            each.origins.groupby(["departure", "group", "status"])[["evacuees", "person_s"]].sum()
            for each in (plan, sample_plan)
        ),
        rtol=1e-6,
    )


@pytest.fixture(scope="module")
def sample_inputs():
    files = rg.sample_files()
    frame = rg.read_villages(files["villages"])
    return {
        "villages": frame,
        "hazard": [
            rg.read_hazard(files["flood"], kind="flood", unit="m"),
            rg.read_hazard(files["landslide"], kind="landslide", unit="index"),
        ],
        "people": rg.read_population(files["population"]),
        "roads": rg.read_roads(files["roads"]),
        "shelters": rg.read_shelters(files["shelters"]),
        "vulnerable": rg.read_vulnerable(files["vulnerable"], frame),
    }


@pytest.fixture(scope="module")
def sample_plan(sample_inputs):
    return rg.plan_evacuation(**sample_inputs)


def test_groups_of_the_sample_are_its_table(sample_inputs, sample_plan):
    shares = sample_inputs["vulnerable"]
    for code, row in sample_plan.villages.iterrows():
        for group in ("children_under_5", "elderly", "disabled", "pregnant"):
            assert abs(row[group] - row["evacuees"] * shares.loc[code, group]) < 1
        assert row["need_help_people"] == row["elderly"] + row["disabled"] + row["pregnant"]
        assert row["helpers"] == -(-row["need_help_people"] // 2)


def test_a_ford_deep_for_some_parts_the_groups_late():
    # 0.35 m of water over the road: less than the 0.5 m of everyone, more than the 0.3 m of those
    # who need help. Early all ten get away, late only the two of the general group.
    counts = np.zeros((8, 40))
    counts[7, 1] = 10
    fifths = pd.DataFrame(
        {name: [0.2] for name in ("children_under_5", "elderly", "disabled", "pregnant")},
        index=["A"],
    )
    plan = rg.plan_evacuation(
        villages(A=rect(0, 0, 2000, 400)),
        flood_patches((0, 0, 100, 400, 0.8), (600, 0, 700, 400, 0.35), height=400),
        people(counts, cell=50),
        road_graph({0: (0, 25), 1: (1950, 25)}, (0, 1)),
        shelters((1000, 25), capacity=100),
        vulnerable=fifths,
    )
    row = plan.villages.iloc[0]
    assert (row["allocated"], row["late_allocated"], row["late_cut_off"]) == (10, 2, 8)
    assert row["lost_if_late_people"] == 8
    times = plan.origins.set_index(["departure", "group"])["travel_time_s"]
    for group in ("general", "children_under_5", "elderly", "disabled", "pregnant"):
        assert times["early", group] == pytest.approx(925 / SPEED_MPS[group])
    # 25 m walked to the dry, 900 m of road, 100 of them in water that halves the speed.
    assert times["late", "general"] == pytest.approx(825 / 1.1 + 100 / 0.55)


def test_flood_and_landslide_count_together():
    # Flood: medium to 100 m, low to 200 m, no data 300-400 m. Landslide: high 100-200 m, medium
    # 200-300 m and where the flood is unknown. The gravest counts: medium, high, medium, medium.
    wet = flood_patches(
        (0, 0, 100, 200, 1.0), (100, 0, 200, 200, 0.3), (300, 0, 400, 200, np.nan), height=200
    )
    slide = flood_patches(
        (100, 0, 200, 200, 0.9), (200, 0, 400, 200, 0.5), height=200, kind="landslide"
    )
    frame, counts = villages(A=rect(0, 0, 2000, 200)), people(np.ones((4, 40)), cell=50)
    row = rg.village_exposure(frame, rg.combine_hazards(wet, slide), counts).iloc[0]
    columns = ["people_none", "people_low", "people_medium", "people_high", "people_unknown"]
    assert row[columns].tolist() == pytest.approx([128, 0, 24, 8, 0])
    places = shelters((50, 50), (150, 50), (250, 50), (350, 50), (1800, 50))
    plan = rg.plan_evacuation(
        frame, [slide, wet], counts, road_graph({0: (0, 50), 1: (1950, 50)}, (0, 1)), places
    )
    early = plan.shelters[plan.shelters["departure"] == "early"]
    assert early["status"].tolist() == ["in_hazard"] * 4 + ["usable"]
    flooded = early["status_flood"].tolist()
    assert flooded == ["in_hazard", "usable", "usable", "unknown_hazard", "usable"]
    assert early["status_landslide"].tolist() == ["usable", *["in_hazard"] * 3, "usable"]


def test_a_flood_that_spreads_leaves_so_many_minutes():
    # Maps at 0, 30 and 60 min; the last has 1 m over 500-700 m. What is open at 30 closes then: a
    # house at 100 m must be past 700 m by minute 30, one 10 m off the road at 600 m as well.
    dry, wet = flood_patches(height=200), flood_patches((500, 0, 700, 200, 1.0), height=200)
    series = rg.read_hazard_series({0: dry, 30: dry, 60: wet})
    table = rg.latest_departures(
        homes((100, 50), (600, 60), (1200, 50)).assign(evacuees=[3, 4, 5]),
        shelters((1800, 50)),
        road_graph({0: (0, 50), 1: (1900, 50)}, (0, 1)),
        series,
    )
    expected = [30 - 600 / 1.1 / 60, 30 - 110 / 1.1 / 60, np.inf]
    assert table["latest_departure_min"].tolist() == pytest.approx(expected)
    curve = rg.departure_curve(table, minutes=[0, 20.9, 21, 28.4, 60])
    assert curve["people_in_time"].tolist() == [12, 12, 9, 5, 5]


HEADING = "kode_desa,balita,lansia,penyandang_disabilitas,ibu_hamil,jumlah_penduduk\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADING,
        HEADING + "A,150,4,2,2,100\n",
        HEADING + "A,50,40,20,2,100\n",
        HEADING + "A,-1,4,2,2,100\n",
        HEADING + "A,inf,4,2,2,100\n",
        HEADING + "A,banyak,4,2,2,100\n",
        HEADING + "A,1,4,2,2,100\nA,1,4,2,2,100\n",
        HEADING + "Z,1,4,2,2,100\n",
        HEADING + "A,1,4,2,2,100,7\n",
        HEADING.replace(",", ";") + "A;1.234;4;2;2;10.500\n",
        "kode_desa,lansia\nA,20\n",
        "kode_desa,persen_lansia\nA,0.12\n",
        "kode_desa,share_lansia\nA,5\n",
        "\x00\x01\x02",
    ],
)
def test_a_bad_table_of_groups_is_refused_in_words(text, tmp_path):
    file = tmp_path / "rentan.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(rg.ResilienceGeoError, match=r"rentan\.csv"):
        rg.read_vulnerable(file, villages(A=rect(0, 0, 10, 10)))


def test_shelters_without_room_nor_way_take_nobody():
    road = road_graph({0: (0, 50), 1: (1900, 50)}, (0, 1))
    table = rg.allocate_shelters(
        homes((100, 50), (300, 900)).assign(evacuees=[3, 4]),
        shelters((500, 50), (900, 50), capacity=[2.999, np.nan]),
        road,
        flood_patches(),
        departure="early",
    )
    rows = table[["evacuees", "status"]].to_numpy().tolist()
    assert rows == [[2, "allocated"], [1, "shelters_full"], [4, "no_road"]]
    assert table.attrs["proofs"]["early"].could_serve_people == 1
    empty = homes((0, 0)).assign(evacuees=1).iloc[:0]
    nobody = rg.allocate_shelters(empty, shelters((500, 50)), road, flood_patches())
    assert nobody.empty
    assert nobody.crs == CRS
