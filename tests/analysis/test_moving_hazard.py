"""A moving flood: the latest minute of leaving, on paper, against brute force, and on Jakarta."""

from __future__ import annotations

import heapq
import time
from dataclasses import replace

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import resilience_geo as rg
from resilience_geo.analysis.latest_ways import TimedArcs, arrival_s, latest_entry_s, latest_tree
from resilience_geo.errors import AssumptionError, ColumnError, InputError, ShelterError, UnitError
from resilience_geo.inputs.grids import Grid
from tests.analysis.toys import (
    CRS,
    EAST,
    NORTH,
    at,
    flood_patches,
    grid,
    homes,
    road_graph,
    routes,
    shelters,
)

SEEDS = st.integers(0, 2**32 - 1)
ROOMY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# One straight road from west to east, 1000 m; everybody walks 1 m/s.
STREET = road_graph({1: (0, 500), 2: (1000, 500)}, (1, 2))
SCHOOL = shelters((1000, 500))


def series(maps, kind="flood", unit="m"):
    """Make a series of {minute: patches} or {minute: hazard}."""
    hazards = {
        minute: flood_patches(*patches, kind=kind) if isinstance(patches, tuple) else patches
        for minute, patches in maps.items()
    }
    return rg.read_hazard_series(hazards, kind=kind, unit=unit)


def leave(origins, targets, graph, hazards, closing="last_open", **assumptions):
    """Return the latest departures of homes, walking 1 m/s."""
    return rg.latest_departures(
        homes(*origins),
        targets,
        graph,
        hazards if not isinstance(hazards, dict) else series(hazards),
        closing=closing,
        assumptions=rg.EvacuationAssumptions(**{"walking_speed_mps": 1.0} | assumptions),
    )


def minutes(*arguments, **options):
    return (leave(*arguments, **options)["latest_departure_min"] * 60.0).tolist()


def patch(west, east, depth, south=480, north=520):
    return (west, south, east, north, depth)


# The flood of most toys: dry at 0 and 30 min, 1 m deep on 100 m of the road at 60 min.
DEEP_AT_60 = {0: (), 30: (), 60: (patch(400, 500, 1.0),)}


class TestOnPaper:
    def test_the_stretch_must_be_left_at_the_last_map_in_which_it_is_open(self):
        # It closes right after minute 30 = 1800 s; from x = 100 to its far end at 500 are 400 s.
        table = leave([(100, 500)], SCHOOL, STREET, DEEP_AT_60)
        row = table.iloc[0]
        assert row["latest_departure_min"] * 60 == pytest.approx(1800 - 400)
        assert (row["status"], row["shelter_id"], row["beyond_series"]) == (
            "allocated",
            "S0",
            False,
        )
        # Leaving then, one is past the water before it comes: 900 m, 900 s.
        assert row["travel_time_s"] == pytest.approx(900)
        assert row["distance_m"] == pytest.approx(900)
        ends = list(row.geometry.coords)
        assert (ends[0], ends[-1]) == (at(100, 500), at(1000, 500))
        assert row.geometry.length == pytest.approx(900)

    def test_interpolated_depth_comes_to_the_limit_later(self):
        # From 0 m at 30 min to 1 m at 60 min: 0.5 m at 45 min = 2700 s. From minute 30 on the
        # map of minute 60 slows the walk in the water to half: 200 s for it, 300 s to it.
        found = minutes([(100, 500)], SCHOOL, STREET, DEEP_AT_60, closing="interpolated")
        assert found == pytest.approx([2700 - 200 - 300])

    def test_water_on_the_way_slows_from_the_map_before_on(self):
        # 0.4 m on x 200-300 at minute 30: half the speed from minute 0 on. The deep stretch is
        # left at 1800, entered at 1700; 100 m dry, then 100 m in 200 s, then 100 m dry.
        shallow = patch(200, 300, 0.4)
        maps = {0: (), 30: (shallow,), 60: (shallow, patch(400, 500, 1.0))}
        assert minutes([(100, 500)], SCHOOL, STREET, maps) == pytest.approx([1300])

    def test_who_is_in_the_water_when_it_comes_slows_down_there(self):
        # The map of 2600 s shows 0.4 m on x 400-900: half the speed after the map before, 1800 s.
        # Out of 970-980 by 2600, when it is last open, so at x = 900 by 2520: 720 s at 0.5 m/s
        # since 1800 are 360 m; the other 140 m of the 500 m take 140 s before.
        water, deep = patch(400, 900, 0.4), patch(970, 980, 1.0)
        maps = {0: (), 30: (), 2600 / 60: (water,), 60: (water, deep)}
        assert minutes([(400, 500)], SCHOOL, STREET, maps) == pytest.approx([1800 - 140])

    def test_a_way_that_never_closes_has_no_latest_minute(self):
        maps = {0: (), 60: (patch(400, 500, 0.4),)}
        row = leave([(100, 500)], SCHOOL, STREET, maps).iloc[0]
        assert row["latest_departure_min"] == np.inf
        assert row["beyond_series"]
        # At the last speeds: 800 m dry, 100 m at half the speed.
        assert row["travel_time_s"] == pytest.approx(1000)

    def test_the_way_that_stays_open_longest_is_taken(self):
        # The near shelter lies behind water of minute 30, the far one behind that of minute 60.
        near, far = patch(400, 500, 1.0), patch(100, 200, 1.0)
        maps = {0: (), 30: (near,), 60: (near, far)}
        graph = road_graph({1: (0, 500), 2: (600, 500)}, (1, 2))
        table = leave([(300, 500)], shelters((600, 500), (0, 500)), graph, maps)
        # West: out of the water at x = 100 by 1800 s, 200 m before.
        assert table["latest_departure_min"].iloc[0] * 60 == pytest.approx(1600)
        assert table["shelter_id"].to_list() == ["S1"]

    def test_a_longer_way_round_that_stays_open_is_taken(self):
        nodes = {1: (0, 500), 2: (1000, 500), 3: (0, 700), 4: (1000, 700)}
        graph = road_graph(nodes, (1, 2), (1, 3), (3, 4), (4, 2))
        maps = {0: (), 30: (patch(400, 500, 1.0),), 60: (patch(400, 500, 1.0),)}
        row = leave([(0, 500)], SCHOOL, graph, maps).iloc[0]
        assert row["beyond_series"]
        assert row["distance_m"] == pytest.approx(1400)
        assert row.geometry.length == pytest.approx(1400)

    def test_of_lasting_ways_the_fastest_is_taken(self):
        row = leave([(400, 500)], shelters((0, 500), (1000, 500)), STREET, {0: (), 60: ()}).iloc[0]
        assert (row["shelter_id"], row["travel_time_s"]) == ("S0", pytest.approx(400))

    def test_the_walk_from_a_home_that_will_be_wet_must_be_over_before(self):
        # The home at (100, 460), 40 m from the road, is deep at minute 60.
        maps = {0: (), 30: (), 60: ((80, 440, 120, 480, 1.0),)}
        assert minutes([(100, 460)], SCHOOL, STREET, maps) == pytest.approx([1800 - 40])

    def test_the_walk_to_the_road_slows_down_in_water(self):
        # 20 m of the 40 m walk lie in 0.4 m of water: 20 s and 40 s; then 900 m along the road.
        maps = {0: (), 60: ((80, 440, 120, 480, 0.4),)}
        row = leave([(100, 460)], SCHOOL, STREET, maps).iloc[0]
        assert row["travel_time_s"] == pytest.approx(20 + 40 + 900)
        assert row["distance_m"] == pytest.approx(940)

    def test_nobody_walks_on_a_motorway(self):
        nodes = {1: (0, 500), 2: (1000, 500), 3: (0, 900), 4: (1000, 900)}
        graph = road_graph(nodes, (1, 2, {"highway": "motorway"}), (1, 3), (3, 4), (4, 2))
        row = leave([(0, 600)], SCHOOL, graph, {0: (), 60: ()}).iloc[0]
        assert row["distance_m"] == pytest.approx(300 + 1000 + 400)

    def test_a_home_that_is_deep_from_the_beginning_cannot_be_left(self):
        maps = {0: ((80, 440, 120, 480, 1.0),), 60: ()}
        row = leave([(100, 460)], SCHOOL, STREET, maps).iloc[0]
        assert row["status"] == "cut_off"
        assert np.isnan(row["latest_departure_min"])
        assert row["shelter_id"] is None
        assert row.geometry is None
        assert not row["beyond_series"]

    def test_too_late_from_the_beginning(self):
        # Shut right after minute 0: nobody can cross 100 m by then.
        maps = {0: (), 30: (patch(400, 500, 1.0),)}
        table = leave([(100, 500), (600, 500)], SCHOOL, STREET, maps)
        assert table["status"].to_list() == ["cut_off", "allocated"]
        # Shut at minute 5 = 300 s: from x = 200 one must leave at 0, from farther it is too late.
        maps = {0: (), 5: (), 30: (patch(400, 500, 1.0),)}
        found = minutes([(200, 500), (199, 500), (350, 500)], SCHOOL, STREET, maps)
        assert_allclose(found, [0, np.nan, 150], atol=1e-6)

    def test_a_road_that_opens_again_stays_closed(self):
        water = patch(400, 500, 1.0)
        maps = {0: (), 30: (), 60: (water,), 90: ()}
        assert minutes([(100, 500)], SCHOOL, STREET, maps) == pytest.approx([1400])

    def test_water_that_falls_does_not_give_the_speed_back(self):
        shallow = patch(400, 500, 0.4)
        row = leave([(100, 500)], SCHOOL, STREET, {0: (shallow,), 60: ()}).iloc[0]
        assert row["travel_time_s"] == pytest.approx(1000)

    def test_unknown_counts_as_closed_unless_it_is_said_to_pass(self):
        maps = {0: (), 30: (), 60: (patch(400, 500, np.nan),)}
        assert minutes([(100, 500)], SCHOOL, STREET, maps) == pytest.approx([1400])
        assert minutes([(100, 500)], SCHOOL, STREET, maps, unknown_roads_pass_late=True) == [np.inf]
        # Where the depth is not known nothing can be interpolated.
        found = minutes([(100, 500)], SCHOOL, STREET, maps, closing="interpolated")
        assert found == pytest.approx([1400])

    def test_fords_tunnels_and_bridges_keep_their_rules(self):
        def street(**tags):
            nodes = {1: (0, 500), 2: (400, 500), 3: (600, 500), 4: (1000, 500)}
            return road_graph(nodes, (1, 2), (2, 3, tags), (3, 4))

        home = [(100, 500)]
        assert np.isnan(minutes(home, SCHOOL, street(ford="yes"), DEEP_AT_60)).all()
        # Under a bridge the water may be deep: slowed, never closed.
        assert minutes(home, SCHOOL, street(bridge="yes"), DEEP_AT_60) == [np.inf]
        rule = {"bridge_rule": "raster"}
        assert minutes(home, SCHOOL, street(bridge="yes"), DEEP_AT_60, **rule) == pytest.approx(
            [1400]
        )
        # A tunnel of 200 m closes whole when it is wet anywhere: out at x = 600 by 1800.
        wet = {0: (), 30: (), 60: (patch(400, 500, 0.2),)}
        assert minutes(home, SCHOOL, street(tunnel="yes"), wet) == pytest.approx([1300])
        assert minutes(home, SCHOOL, street(), wet) == [np.inf]

    def test_a_tunnel_closes_when_the_rising_water_first_wets_it(self):
        nodes = {1: (0, 500), 2: (400, 500), 3: (600, 500), 4: (1000, 500)}
        graph = road_graph(nodes, (1, 2), (2, 3, {"tunnel": "yes"}), (3, 4))
        # 0 to 0.4 m between 30 and 60 min: 0.1 m at 37.5 min = 2250 s. The wet 100 m take 200 s
        # from minute 30 on, the dry 100 m of the tunnel 100 s; then 300 m, of which 150 s fall
        # after 1800: no matter, they are dry.
        maps = {0: (), 30: (), 60: (patch(400, 500, 0.4),)}
        found = minutes([(100, 500)], SCHOOL, graph, maps, closing="interpolated")
        assert found == pytest.approx([2250 - 100 - 200 - 300], abs=1e-3)

    def test_maps_on_different_grids(self):
        # Cells of 10 m at 30 min, of 30 m from x = 385 on at 60 min: wet from 385 to 505.
        fine = flood_patches()
        values = np.zeros((40, 70), dtype="float32")
        values[:, 13:17] = 1.0
        coarse = rg.read_hazard(grid(values, cell=30.0, west=-5.0), unit="m")
        maps = {0: fine, 30: fine, 60: coarse}
        assert minutes([(100, 500)], SCHOOL, STREET, maps) == pytest.approx([1800 - 405])
        maps = {0: fine, 30: coarse, 60: flood_patches(patch(600, 700, 1.0))}
        # What the second map shuts closes at 0, what only the third shuts at 30 min.
        found = minutes([(550, 500), (390, 500)], SCHOOL, STREET, maps)
        assert_allclose(found, [1800 - 150, np.nan])

    def test_classes_close_by_their_rule(self):
        values = np.zeros((100, 200), dtype="float32")
        values[:, 40:50] = 3
        dry, shut = (
            rg.read_hazard(grid(codes), kind="flood", unit="class")
            for codes in (np.zeros((100, 200)), values)
        )
        assert minutes(
            [(100, 500)], SCHOOL, STREET, series({0: dry, 30: dry, 60: shut}, unit="class")
        ) == pytest.approx([1400])

    def test_hazards_that_count_together_close_each_by_its_rule(self):
        dry = flood_patches()
        slide = flood_patches(patch(400, 500, 0.9), kind="landslide")
        still = flood_patches(kind="landslide")
        maps = {
            0: rg.combine_hazards(dry, still),
            30: rg.combine_hazards(dry, still),
            60: rg.combine_hazards(dry, slide),
        }
        found = rg.read_hazard_series(maps)
        assert minutes([(100, 500)], SCHOOL, STREET, found) == pytest.approx([1400])
        with pytest.raises(UnitError, match="without depths"):
            leave([(100, 500)], SCHOOL, STREET, found, closing="interpolated")

    def test_one_way_streets_bind_vehicles_only(self):
        graph = road_graph({1: (0, 500), 2: (1000, 500)}, (2, 1, {"oneway": True}))
        assert minutes([(100, 500)], SCHOOL, graph, DEEP_AT_60) == pytest.approx([1400])
        assert np.isnan(minutes([(100, 500)], SCHOOL, graph, DEEP_AT_60, mode="car")).all()

    def test_the_other_road_hardly_farther_counts(self):
        # The near road runs into the water of minute 60; one 30 m farther stays dry.
        nodes = {1: (0, 500), 2: (1000, 500), 3: (0, 560), 4: (1000, 560)}
        graph = road_graph(nodes, (1, 2), (3, 4), (2, 4))
        maps = {0: (), 30: (), 60: (patch(400, 500, 1.0),)}
        home = [(100, 515)]
        row = leave(home, shelters((1000, 560)), graph, maps).iloc[0]
        assert row["beyond_series"]
        assert row["walk_to_road_m"] == pytest.approx(45)
        # Not where it is more than max_gap_m farther: 15 m, then 1800 s as above.
        found = minutes(home, shelters((1000, 560)), graph, maps, max_gap_m=20.0)
        assert found == pytest.approx([1400 - 15])


class TestCausesAndShelters:
    def test_far_from_every_road(self):
        table = leave([(100, 500), (100, 950)], SCHOOL, STREET, DEEP_AT_60, max_snap_m=400.0)
        assert table["status"].to_list() == ["allocated", "no_road"]

    def test_a_shelter_counts_only_if_it_is_safe_in_every_map(self):
        places = shelters((1000, 500), (0, 500))
        maps = {0: (), 30: (patch(980, 1000, 0.8),), 60: ()}
        table = leave([(900, 500)], places, STREET, maps)
        assert table["shelter_id"].to_list() == ["S1"]
        with pytest.raises(ShelterError):
            leave([(900, 500)], SCHOOL, STREET, maps)

    def test_a_shelter_that_one_map_does_not_know_is_not_used(self):
        maps = {0: (), 30: (patch(980, 1000, np.nan),), 60: ()}
        table = leave([(900, 500)], shelters((1000, 500), (0, 500)), STREET, maps)
        assert table["shelter_id"].to_list() == ["S1"]

    def test_full_and_unknown_shelters_are_the_cause(self):
        maps = {0: (patch(400, 500, 1.0),), 60: (patch(400, 500, 1.0),)}
        homes_of = [(100, 500), (600, 500)]
        for capacity, cause in ((0.0, "shelters_full"), (np.nan, "capacity_unknown")):
            places = shelters((0, 500), (1000, 500), capacity=[capacity, 10.0])
            table = leave(homes_of, places, STREET, maps)
            assert table["status"].to_list() == [cause, "allocated"]
        table = leave(homes_of, places, STREET, maps, unknown_capacity_people=5)
        assert table["status"].to_list() == ["allocated", "allocated"]

    def test_tables_without_the_columns_are_refused(self):
        with pytest.raises(ColumnError, match="capacity_people"):
            leave([(0, 500)], SCHOOL.drop(columns="capacity_people"), STREET, DEEP_AT_60)

    def test_a_rule_of_closing_that_does_not_exist_is_refused(self):
        with pytest.raises(AssumptionError, match="'midway'"):
            leave([(0, 500)], SCHOOL, STREET, DEEP_AT_60, closing="midway")

    def test_index_columns_and_times_come_through(self):
        origins = homes((100, 500), (600, 500)).set_index(pd.Index(["b", "a"], name="key"))
        origins["evacuees"] = [7, 3]
        table = rg.latest_departures(origins, SCHOOL, STREET, series(DEEP_AT_60))
        assert table.index.equals(origins.index)
        assert table["evacuees"].to_list() == [7, 3]
        assert table.attrs["series_min"] == (0.0, 30.0, 60.0)
        assert table.crs == CRS

    def test_nobody_leaves_where_nobody_is(self):
        table = leave([], SCHOOL, STREET, DEEP_AT_60)
        assert len(table) == 0
        assert (rg.departure_curve(table)["people_in_time"] == 0).all()


class TestCurve:
    TABLE = pd.DataFrame(
        {
            "latest_departure_min": [10.0, 20.0, np.inf, np.nan],
            "evacuees": [5, 7, 11, 13],
            "village_code": ["b", "a", "b", "a"],
        }
    )

    def test_people_who_can_still_get_away(self):
        curve = rg.departure_curve(self.TABLE, minutes=[0, 10, 10.5, 20, 21, 500])
        assert curve.index.to_list() == [0, 10, 10.5, 20, 21, 500]
        assert curve["people_in_time"].to_list() == [23, 23, 18, 18, 11, 11]
        assert curve["people_too_late"].to_list() == [13, 13, 18, 18, 25, 25]
        assert curve["people_in_time"].dtype == np.int64

    def test_by_village_in_the_order_they_come(self):
        curve = rg.departure_curve(self.TABLE, minutes=[0, 15], by="village_code")
        assert curve.index.to_list() == [("b", 0), ("b", 15), ("a", 0), ("a", 15)]
        assert curve["people_in_time"].to_list() == [16, 11, 7, 7]
        assert curve["people_too_late"].to_list() == [0, 5, 13, 13]

    def test_other_columns_and_rows(self):
        table = self.TABLE.rename(columns={"evacuees": "elderly"})
        assert rg.departure_curve(table, minutes=[15])["people_in_time"].to_list() == [2]
        counted = rg.departure_curve(table, minutes=[15], people="elderly")
        assert counted["people_in_time"].to_list() == [18]
        with pytest.raises(ColumnError, match="children"):
            rg.departure_curve(table, minutes=[15], people="children")

    def test_every_minute_up_to_the_last_map(self):
        table = leave([(100, 500), (600, 500)], SCHOOL, STREET, DEEP_AT_60)
        curve = rg.departure_curve(table)
        assert curve.index.to_list() == list(range(61))
        # 1400 s = 23.3 min
        assert curve["people_in_time"].to_list() == [2] * 24 + [1] * 37
        with pytest.raises(InputError, match="minutes="):
            rg.departure_curve(without_attrs(pd.DataFrame(table)))


def without_attrs(table):
    table.attrs = {}
    return table


def random_arcs(rng, n_nodes, n_arcs, n_phases, *, whole=False):
    """Make arcs that slow down phase by phase and close at any time, or never."""
    tail, head = rng.integers(0, n_nodes, (2, n_arcs))
    dry = rng.integers(1, 12, n_arcs).astype(float) if whole else rng.uniform(0.5, 12, n_arcs)
    slower = np.cumprod(rng.choice([1.0, 1.0, 1.5, 3.0], (n_phases, n_arcs)), axis=0)
    dry[rng.random(n_arcs) < 0.05] = np.inf
    closes = rng.integers(0, 60, n_arcs).astype(float) if whole else rng.uniform(0, 60, n_arcs)
    closes[rng.random(n_arcs) < 0.3] = np.inf
    closes[rng.random(n_arcs) < 0.1] = -np.inf
    return TimedArcs(
        tail=tail,
        head=head,
        seconds=dry * slower if n_phases > 1 else dry[None, :],
        closes_s=closes,
        phase_ends_s=np.sort(rng.uniform(5, 60, n_phases - 1)),
        n_nodes=n_nodes,
    )


def walked_out(entry, seconds, ends):
    """Return when an arc is left that is entered at `entry`, from the distance walked by time."""
    times = np.concatenate([[-1e4], ends, [1e4]])
    covered = np.append(0.0, np.cumsum(np.diff(times) / seconds))
    return float(np.interp(np.interp(entry, times, covered) + 1.0, covered, times))


def gets_away(arcs, start, moment, targets):
    """Say by a search forward in time who gets from a node to a target."""
    arrival = {start: moment}
    queue = [(moment, start)]
    while queue:
        now, node = heapq.heappop(queue)
        if node in targets:
            return True
        if now > arrival[node]:
            continue
        for arc in np.flatnonzero(arcs.tail == node):
            if not np.isfinite(arcs.seconds[0, arc]):
                continue
            out = walked_out(now, arcs.seconds[:, arc], arcs.phase_ends_s)
            if out <= arcs.closes_s[arc] and out < arrival.get(arcs.head[arc], np.inf):
                arrival[arcs.head[arc]] = out
                heapq.heappush(queue, (out, arcs.head[arc]))
    return False


class TestEngine:
    @given(seed=SEEDS)
    @settings(max_examples=40, deadline=None)
    def test_agrees_with_a_time_expanded_graph_at_every_second(self, seed):
        """One may be somewhere at a second if a path of (node, second) leads to a target."""
        rng = np.random.default_rng(seed)
        arcs = random_arcs(rng, 7, 16, 1, whole=True)
        targets = np.unique(rng.integers(0, 7, 2))
        horizon = 75
        graph = nx.DiGraph()
        graph.add_nodes_from((node, now) for node in range(7) for now in range(horizon + 1))
        for tail, head, seconds, closes in zip(
            arcs.tail, arcs.head, arcs.seconds[0], arcs.closes_s, strict=True
        ):
            for now in range(horizon + 1):
                out = now + seconds
                if out <= closes and out <= horizon:
                    graph.add_edge((head, int(out)), (tail, now))
        graph.add_edges_from(
            ("away", (target, now)) for target in targets for now in range(horizon + 1)
        )
        away = nx.descendants(graph, "away")
        latest = latest_tree(arcs, targets).latest_s
        for node in range(7):
            found = [now for now in range(60) if (node, now) in away]
            if np.isposinf(latest[node]):
                # As late as the horizon leaves time for the longest way.
                assert found[:1] == [0]
            else:
                assert found == list(range(int(latest[node]) + 1 if latest[node] >= 0 else 0))

    @given(seed=SEEDS, n_phases=st.integers(1, 4))
    @settings(max_examples=60, deadline=None)
    def test_agrees_with_a_search_forward_in_time(self, seed, n_phases):
        rng = np.random.default_rng(seed)
        arcs = random_arcs(rng, 8, 20, n_phases)
        targets = np.unique(rng.integers(0, 8, 2))
        tree = latest_tree(arcs, targets)
        for node in range(8):
            latest = tree.latest_s[node]
            assert latest == -np.inf or latest >= 0.0
            if latest == np.inf:
                assert gets_away(arcs, node, 1000.0, set(targets))
            if latest == -np.inf:
                assert not gets_away(arcs, node, 1e-6, set(targets))
            if np.isfinite(latest):
                assert latest < 1e-6 or gets_away(arcs, node, latest - 1e-6, set(targets))
                assert not gets_away(arcs, node, latest + 1e-6, set(targets))
                assert gets_away(arcs, node, rng.uniform(0, latest) - 1e-6, set(targets))

    @given(seed=SEEDS, n_phases=st.integers(1, 4))
    @settings(max_examples=60, deadline=None)
    def test_following_the_tree_arrives_in_time(self, seed, n_phases):
        rng = np.random.default_rng(seed)
        arcs = random_arcs(rng, 8, 20, n_phases)
        targets = np.unique(rng.integers(0, 8, 2))
        tree = latest_tree(arcs, targets)
        for start in np.flatnonzero(tree.latest_s >= 0.0):
            now = 1000.0 if np.isposinf(tree.latest_s[start]) else tree.latest_s[start]
            left, node = now, start
            while node not in targets:
                arc = tree.next_arc[node]
                assert arcs.tail[arc] == node
                now = walked_out(now, arcs.seconds[:, arc], arcs.phase_ends_s)
                assert now <= arcs.closes_s[arc] + 1e-6
                node = tree.next_node[node]
                assert now <= tree.latest_s[node] + 1e-6
            assert node == tree.target[start]
            if np.isposinf(tree.latest_s[start]):
                assert now - left == pytest.approx(tree.to_go_s[start])

    @given(seed=SEEDS, n_phases=st.integers(1, 5))
    @settings(max_examples=60, deadline=None)
    def test_walking_forward_undoes_walking_backward(self, seed, n_phases):
        rng = np.random.default_rng(seed)
        ends = np.sort(rng.uniform(0, 60, n_phases - 1))
        seconds = rng.uniform(0.1, 40, (n_phases, 30))
        out = rng.uniform(0, 80, 30)
        entry = latest_entry_s(out, seconds, ends)
        assert_allclose(arrival_s(entry, seconds, ends), out, atol=1e-9)
        expected = [walked_out(e, s, ends) for e, s in zip(entry, seconds.T, strict=True)]
        assert_allclose(expected, out, atol=1e-6)
        # First in, first out.
        later = latest_entry_s(out + rng.uniform(0, 5, 30), seconds, ends)
        assert (later >= entry).all()

    def test_moments_without_end_and_arcs_without_way(self):
        seconds = np.array([[5.0, 5.0, np.inf, np.inf, 0.0]] * 2)
        out = np.array([np.inf, -np.inf, np.inf, 9.0, 9.0])
        found = latest_entry_s(out, seconds, np.array([4.0]))
        assert found.tolist() == [np.inf, -np.inf, -np.inf, -np.inf, 9.0]

    def test_nowhere_to_go(self):
        arcs = random_arcs(np.random.default_rng(0), 5, 9, 2)
        tree = latest_tree(arcs, np.empty(0, dtype=np.int64))
        assert (tree.latest_s == -np.inf).all()
        assert (tree.next_arc == -1).all()
        assert (tree.target == -1).all()


# A town of streets 100 m apart; its shelters stand on ground that no patch of water reaches.
CORNERS = {(i, j): (100 + 100 * i, 200 + 100 * j) for i in range(5) for j in range(4)}
SAFE = shelters((100, 200), (500, 500))


def random_town(rng):
    roads = [
        (u, v)
        for u in CORNERS
        for v in ((u[0] + 1, u[1]), (u[0], u[1] + 1))
        if v in CORNERS and (u == (0, 0) or v == (4, 3) or rng.random() < 0.8)
    ]
    return road_graph(CORNERS, *roads)


def random_water(rng, count):
    """Make depths on cells of 20 m that rise from map to map, dry around the shelters.

    No street runs along a line between cells.
    """
    shape = (30, 30)
    final = rng.choice([0.0, 0.0, 0.05, 0.2, 0.4, 0.6, 1.5], shape)
    for x, y in ((100, 200), (500, 500)):
        row, column = 29 - (y + 7) // 20, (x + 7) // 20
        final[row - 1 : row + 2, column - 1 : column + 2] = 0.0
    return [final * share for share in np.linspace(0, 1, count)]


def flooding(times, depths):
    maps = {
        minute: rg.read_hazard(grid(depth, cell=20.0, west=-7.0, south=-7.0), unit="m")
        for minute, depth in zip(times, depths, strict=True)
    }
    return rg.read_hazard_series(maps, unit="m")


def random_homes(rng, count=12):
    return [(x, y) for x, y in rng.uniform([80, 180], [520, 520], (count, 2))]


def latest_min(*arguments, **options):
    table = leave(*arguments, **options)
    return table["latest_departure_min"].fillna(-np.inf).to_numpy()


def depth_at(depths, x, y):
    """Return the depth of each map at points on 20 m cells."""
    row = 29 - np.floor((y - NORTH + 7.0) / 20.0).astype(int)
    column = np.floor((x - EAST + 7.0) / 20.0).astype(int)
    return np.array([depth.astype("float32")[row, column] for depth in depths])


class TestTown:
    TIMES = (0.0, 3.0, 6.0, 10.0)

    @given(seed=SEEDS, closing=st.sampled_from(["last_open", "interpolated"]))
    @ROOMY
    def test_later_water_never_makes_the_latest_departure_earlier(self, seed, closing):
        rng = np.random.default_rng(seed)
        town, depths, people = random_town(rng), random_water(rng, 4), random_homes(rng)
        later = np.maximum.accumulate(np.array(self.TIMES) + rng.uniform(0, 4, 4))
        later += np.arange(4) * 1e-6
        early = latest_min(people, SAFE, town, flooding(self.TIMES, depths), closing=closing)
        late = latest_min(people, SAFE, town, flooding(later, depths), closing=closing)
        assert (late >= early - 1e-6).all()
        assert np.isfinite(early).any() or (early != 0).all()

    @given(seed=SEEDS, closing=st.sampled_from(["last_open", "interpolated"]))
    @ROOMY
    def test_deeper_water_never_helps(self, seed, closing):
        rng = np.random.default_rng(seed)
        town, depths, people = random_town(rng), random_water(rng, 4), random_homes(rng)
        more = [depth * rng.uniform(1, 3, depth.shape) for depth in depths]
        shallow = latest_min(people, SAFE, town, flooding(self.TIMES, depths), closing=closing)
        deep = latest_min(people, SAFE, town, flooding(self.TIMES, more), closing=closing)
        assert (deep <= shallow + 1e-6).all()

    @given(seed=SEEDS)
    @ROOMY
    def test_interpolating_never_makes_it_earlier(self, seed):
        rng = np.random.default_rng(seed)
        town, people = random_town(rng), random_homes(rng)
        flood = flooding(self.TIMES, random_water(rng, 4))
        safe = latest_min(people, SAFE, town, flood)
        assert (latest_min(people, SAFE, town, flood, closing="interpolated") >= safe - 1e-6).all()

    @given(seed=SEEDS)
    @ROOMY
    def test_one_map_is_connectivity_late(self, seed):
        """Homes stand on dry corners, so that the straight walk to the road says nothing."""
        rng = np.random.default_rng(seed)
        town, depths = random_town(rng), random_water(rng, 2)[1:]
        corners = np.array(list(CORNERS.values()), dtype=float)
        dry = depth_at(depths, corners[:, 0] + EAST, corners[:, 1] + NORTH)[0] < 0.1
        people = [tuple(corner) for corner in corners[dry]]
        flood = flooding([0.0], depths)
        options = {"max_gap_m": 0.001, "time_limit_min": 1e6, "walking_speed_mps": 1.0}
        found = leave(people, SAFE, town, flood, **options)
        late = routes(people, SAFE, town, flood.hazards[0], "late", **options)
        lasting = found["beyond_series"].to_numpy()
        assert set(found["status"]) <= {"allocated", "cut_off", "no_road"}
        assert (lasting == (found["status"] == "allocated")).all()
        late = late.loc["late"]
        # Late one may also walk straight to an open road farther off; along roads only, not.
        on_road = (late["walk_to_road_m"] < 1e-6) | late["status"].ne("allocated")
        assert (lasting == (late["status"] == "allocated"))[on_road].all()
        same = lasting & on_road.to_numpy()
        assert_allclose(found["travel_time_s"][same], late["travel_time_s"][same], atol=1e-6)

    @given(seed=SEEDS)
    @ROOMY
    def test_without_water_it_is_the_early_way(self, seed):
        rng = np.random.default_rng(seed)
        town, people = random_town(rng), random_homes(rng)
        flood = flooding(self.TIMES, [np.zeros((30, 30))] * 4)
        options = {"max_gap_m": 0.001, "time_limit_min": 1e6, "walking_speed_mps": 1.0}
        found = leave(people, SAFE, town, flood, **options)
        early = routes(people, SAFE, town, flood.hazards[0], "early", **options).loc["early"]
        assert found["status"].to_list() == early["status"].to_list()
        assert (found["beyond_series"] == (found["status"] == "allocated")).all()
        assert_allclose(found["travel_time_s"], early["travel_time_s"], atol=1e-6)
        assert_allclose(found["distance_m"], early["distance_m"], atol=1e-6)

    @given(seed=SEEDS)
    @settings(ROOMY, max_examples=15)
    def test_the_way_drawn_can_be_walked_before_it_closes(self, seed):
        """The oracle walks along the line in steps of a decimetre and looks at the maps."""
        rng = np.random.default_rng(seed)
        town, depths = random_town(rng), random_water(rng, 4)
        people = [
            (x, y) for x, y in zip(rng.uniform(100, 500, 6), [200, 300, 400] * 2, strict=True)
        ]
        # Streets without a road are left out: nobody walks straight here.
        table = leave(people, SAFE, town, flooding(self.TIMES, depths), max_snap_m=0.01)
        ends = np.array(self.TIMES) * 60.0
        worst = np.maximum.accumulate(depths)
        for row in table[table["status"] == "allocated"].itertuples():
            begin = ends[-1] if row.beyond_series else row.latest_departure_min * 60.0
            steps = int(np.ceil(row.geometry.length / 0.1))
            share = (np.arange(steps) + 0.5) / steps
            spots = shapely.line_interpolate_point(row.geometry, share, normalized=True)
            seen = depth_at(worst, shapely.get_x(spots), shapely.get_y(spots)).round(6)
            metres, now = row.geometry.length / steps, begin
            speed = np.where(seen >= 0.3, 0.5, np.where(seen >= 0.1, 0.7, 1.0))
            for depth, pace in zip(seen.T.tolist(), speed.T.tolist(), strict=True):
                # Between two maps the later one holds; two seconds are for the steps.
                phase = min(int(np.searchsorted(ends, now - 2.0)), len(ends) - 1)
                assert depth[phase] < 0.5
                now += metres / pace[min(int(np.searchsorted(ends, now)), len(ends) - 1)]
            assert now - begin == pytest.approx(row.travel_time_s, rel=1e-3, abs=2.0)
            assert row.geometry.length == pytest.approx(row.distance_m, rel=1e-6)

    @given(seed=SEEDS)
    @ROOMY
    def test_order_of_roads_and_homes_is_of_no_account(self, seed):
        rng = np.random.default_rng(seed)
        town, people = random_town(rng), random_homes(rng)
        flood = flooding(self.TIMES, random_water(rng, 4))
        nodes = {node: CORNERS[node] for node in sorted(CORNERS, key=lambda _: rng.random())}
        edges = [(u, v) for u, v, data in town.edges(data=True) if not data["reversed"]]
        other = road_graph(nodes, *(edges[k] for k in rng.permutation(len(edges))))
        order = rng.permutation(len(people))
        found = latest_min(people, SAFE, town, flood)
        again = latest_min([people[k] for k in order], SAFE, other, flood)
        assert_allclose(again, found[order], atol=1e-6)

    @given(seed=SEEDS)
    @ROOMY
    def test_the_curve_falls_and_counts_everybody(self, seed):
        rng = np.random.default_rng(seed)
        table = leave(
            random_homes(rng), SAFE, random_town(rng), flooding(self.TIMES, random_water(rng, 4))
        )
        table["evacuees"] = rng.integers(0, 50, len(table))
        curve = rg.departure_curve(table, minutes=np.linspace(0, 12, 40))
        assert (np.diff(curve["people_in_time"]) <= 0).all()
        assert (curve.sum(axis=1) == table["evacuees"].sum()).all()
        for minute in (0.0, 5.0):
            late = ~(table["latest_departure_min"] >= minute)
            counted = rg.departure_curve(table, minutes=[minute])["people_too_late"].iloc[0]
            assert counted == table.loc[late, "evacuees"].sum()


@pytest.fixture(scope="module")
def jakarta(real_data):
    """Return the departures of every fourth cell under 0.76 m of water, and seconds it took."""
    folder = real_data / "jakarta"
    villages = rg.read_villages(folder / "kelurahan_jakarta.shp")
    roads = rg.read_roads(folder / "jakarta_roads.shp", within=villages)
    depth = rg.read_hazard(folder / "Flood_Current_Depth_Jakarta_geographic.asc", unit="m")
    places = rg.read_shelters(folder / "shelters_standin.geojson")
    values, valid = depth.grid.read(slice(None), slice(None))

    def share(factor):
        scaled = np.where(valid, values * factor, -9999.0).astype("float32")
        new = Grid.from_array(scaled, depth.grid.transform, depth.grid.crs, -9999.0)
        return replace(depth, grid=new)

    flood = rg.read_hazard_series({0: share(0), 60: share(0.25), 120: share(0.5), 180: depth})
    rows, columns = np.nonzero(valid & (values >= 0.76))
    cells = depth.grid.transform
    x = cells.c + (columns[::4] + 0.5) * cells.a
    y = cells.f + (rows[::4] + 0.5) * cells.e
    people = gpd.GeoDataFrame({"evacuees": 1}, index=range(x.size), geometry=shapely.points(x, y))
    begin = time.process_time()
    table = rg.latest_departures(people.set_crs(depth.crs), places, roads, flood)
    return table, time.process_time() - begin


@pytest.mark.real_data
def test_jakarta_takes_seconds(jakarta):
    table, seconds = jakarta
    assert len(table) > 5_000
    assert seconds < 15.0


@pytest.mark.real_data
def test_in_jakarta_the_water_decides_until_when_one_can_leave(jakarta):
    table, _ = jakarta
    latest = table["latest_departure_min"]
    assert (table["status"] == "allocated").mean() > 0.4
    assert set(table["status"]) <= {"allocated", "cut_off", "no_road"}
    assert (latest.notna() == (table["status"] == "allocated")).all()
    assert latest.dropna().ge(0).all()
    # Homes are at least 0.76 m deep in the last map, and so closed after that of 120 min.
    assert latest.max() <= 120.0
    curve = rg.departure_curve(table)["people_in_time"]
    assert (np.diff(curve) <= 0).all()
    assert curve.iloc[-1] == 0


@pytest.mark.real_data
def test_ways_of_jakarta_are_as_long_and_as_slow_as_stated(jakarta):
    drawn = jakarta[0][jakarta[0]["status"] == "allocated"]
    # Lengths of the graph are on the ellipsoid, those drawn are in UTM.
    assert_allclose(drawn.geometry.length, drawn["distance_m"], rtol=2e-3, atol=1.0)
    dry_s = drawn["distance_m"] / rg.EvacuationAssumptions().walking_speed_mps
    assert (drawn["travel_time_s"] >= dry_s - 1e-6).all()
    # Dirt roads, and wading at half the speed.
    assert (drawn["travel_time_s"] <= dry_s / 0.5 / 0.5).all()
