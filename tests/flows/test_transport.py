"""Who goes to which shelter: paper, properties, and HiGHS beside the transport solver."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import linprog
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

import resilience_geo as rg
from resilience_geo.analysis.network import road_arrays
from resilience_geo.errors import InputError
from resilience_geo.flows import transport_flow
from resilience_geo.flows.transport import greedy_transport, least_time_transport


def pairs_of(table):
    """Make compressed rows of a table of seconds in which None is no pair."""
    times = [[(j, value) for j, value in enumerate(row) if value is not None] for row in table]
    indptr = np.append(0, np.cumsum([len(row) for row in times]))
    flat = [pair for row in times for pair in row]
    return indptr, [j for j, _ in flat], [float(value) for _, value in flat]


def flows(found):
    columns = (found.row, found.column, found.people)
    return [tuple(int(value) for value in flow) for flow in zip(*columns, strict=True)]


def highs(matrix, supply, capacity, priority):
    """Solve level by level, then for time, with linear programs; return counts and seconds.

    `matrix` is dense, infinite where there is no pair. The programs know nothing of matroids: the
    counts of the levels before are constraints.
    """
    row, column = np.nonzero(np.isfinite(matrix))
    cost = matrix[row, column]
    if not row.size:
        return [0] * len(set(priority)), 0.0
    place = np.arange(row.size)
    within = sparse.vstack(
        [
            sparse.csr_array((np.ones(row.size), (row, place)), shape=(len(supply), row.size)),
            sparse.csr_array((np.ones(row.size), (column, place)), shape=(len(capacity), row.size)),
        ]
    )
    room = np.concatenate([supply, capacity])
    counts, fixed = [], []
    for level in sorted(set(priority)):
        mine = (np.asarray(priority)[row] == level).astype(float)
        best = linprog(
            -mine, A_ub=within, b_ub=room, A_eq=np.array(fixed) if fixed else None,
            b_eq=counts or None, method="highs",
        )  # fmt: skip
        counts.append(round(-best.fun))
        fixed.append(mine)
    best = linprog(cost, A_ub=within, b_ub=room, A_eq=np.array(fixed), b_eq=counts, method="highs")
    most = linprog(-np.ones(row.size), A_ub=within, b_ub=room, method="highs")
    assert round(-most.fun) == sum(counts)
    return counts, best.fun


def served_by_level(found, supply, priority):
    served = np.asarray(supply) - found.unserved_people
    levels = sorted(set(priority))
    return [int(served[np.asarray(priority) == level].sum()) for level in levels]


def assert_keeps_people_and_seats(found, matrix, supply, capacity):
    assert (found.people > 0).all()
    assert found.people.dtype == np.int64
    assert np.isfinite(matrix[found.row, found.column]).all()
    placed = np.bincount(found.row, found.people, len(supply))
    assert_array_equal(placed + found.unserved_people, supply)
    assert (found.unserved_people >= 0).all()
    assert (np.bincount(found.column, found.people, len(capacity)) <= capacity).all()
    key = found.row * len(capacity) + found.column
    assert (np.diff(key) > 0).all()
    total = (found.people * matrix[found.row, found.column]).sum()
    assert_allclose(found.total_person_seconds, total, rtol=1e-12)


# --- paper


def test_the_near_place_makes_way_where_nearest_first_goes_wrong():
    # Greedy: place 0 takes shelter 0 (1 s), place 1 is left with 100 s: 5 * 101 = 505.
    # The best: place 0 to shelter 1, and 5 * 2 + 5 * 3 = 25 person-seconds.
    table = [[1, 2], [3, 100]]
    best = least_time_transport(*pairs_of(table), [5, 5], [5, 5])
    greedy = greedy_transport(*pairs_of(table), [5, 5], [5, 5])
    assert flows(best) == [(0, 1, 5), (1, 0, 5)]
    assert best.total_person_seconds == best.bound_person_seconds == 25.0
    assert best.proven
    assert best.rounds == 1
    assert flows(greedy) == [(0, 0, 5), (1, 1, 5)]
    assert greedy.total_person_seconds == 505.0
    assert not greedy.proven


def test_nearest_first_leaves_people_out_whom_the_optimum_serves():
    # Place 1 reaches shelter 0 only, and place 0 has taken it.
    table = [[10, 20], [30, None]]
    best = least_time_transport(*pairs_of(table), [5, 5], [5, 5])
    greedy = greedy_transport(*pairs_of(table), [5, 5], [5, 5])
    assert greedy.unserved_people.tolist() == [0, 5]
    assert best.unserved_people.tolist() == [0, 0]
    assert best.total_person_seconds == 5 * 20 + 5 * 30


def test_most_people_come_before_least_time():
    # Serving place 0 alone would take 1 s each, but then nobody of place 1 is served.
    table = [[1, 1000], [50, None]]
    best = least_time_transport(*pairs_of(table), [4, 4], [4, 4])
    assert best.unserved_people.sum() == 0
    assert best.total_person_seconds == 4 * 1000 + 4 * 50


def test_one_place_is_split_where_a_shelter_fills_up():
    best = least_time_transport(*pairs_of([[10, 20, 30]]), [10], [3, 4, 1])
    assert flows(best) == [(0, 0, 3), (0, 1, 4), (0, 2, 1)]
    assert best.unserved_people.tolist() == [2]


def test_price_is_what_one_more_seat_saves():
    # Two people; a second seat at 10 s in place of 70 s saves 60 s. Shelter 1 has seats left.
    best = least_time_transport(*pairs_of([[10, 70]]), [2], [1, 5])
    assert best.price_s.tolist() == [60.0, 0.0]
    # A chain: one more seat in shelter 1 draws place 1 there (7 s, not 9 s in shelter 2) ...
    # ... one more in shelter 0 draws place 0 from shelter 1 (-4 s), and place 1 follows (-2 s).
    table = [[1, 5, None], [None, 7, 9]]
    best = least_time_transport(*pairs_of(table), [2, 1], [1, 1, 9])
    assert best.total_person_seconds == 1 + 5 + 9
    assert best.price_s.tolist() == [6.0, 2.0, 0.0]


def test_urgent_rows_are_served_first_and_cost_nobody_a_seat():
    # Three seats within everybody's reach: the far one is urgent and gets both it needs.
    table = [[1], [9], [2]]
    plain = least_time_transport(*pairs_of(table), [2, 2, 2], [3])
    urgent = least_time_transport(*pairs_of(table), [2, 2, 2], [3], priority=[5, 0, 5])
    assert plain.unserved_people.tolist() == [0, 2, 1]
    assert urgent.unserved_people.tolist() == [1, 0, 2]
    assert urgent.total_person_seconds == 2 * 9 + 1
    greedy = greedy_transport(*pairs_of(table), [2, 2, 2], [3], priority=[5, 0, 5])
    assert flows(greedy) == [(0, 0, 1), (1, 0, 2)]


def test_urgent_rows_move_aside_rather_than_push_others_out():
    # The urgent row likes shelter 0, but the other can go nowhere else.
    table = [[1, 60], [2, None]]
    found = least_time_transport(*pairs_of(table), [1, 1], [1, 1], priority=[0, 1])
    assert flows(found) == [(0, 1, 1), (1, 0, 1)]


@pytest.mark.parametrize(
    ("table", "supply", "capacity", "left"),
    [
        ([[5, 5]], [3], [0, 0], [3]),
        ([[None, None], [None, None]], [3, 4], [5, 5], [3, 4]),
        ([[5, 5], [6, 6]], [0, 0], [5, 5], [0, 0]),
        ([[None], [1]], [2, 0], [5], [2, 0]),
        ([], [], [5], []),
        ([[], []], [1, 2], [], [1, 2]),
    ],
)
def test_nobody_is_served_where_nobody_can_be(table, supply, capacity, left):
    for solver in (least_time_transport, greedy_transport):
        found = solver(*pairs_of(table), supply, capacity)
        assert found.row.size == found.column.size == found.people.size == 0
        assert found.unserved_people.tolist() == left
        assert found.total_person_seconds == found.bound_person_seconds == 0.0
        assert found.price_s.shape == (len(capacity),)
    assert least_time_transport(*pairs_of(table), supply, capacity).proven


def test_unsorted_and_repeated_pairs_count_once_at_their_shorter_time():
    indptr, column, cost = [0, 4, 6], [1, 0, 1, 0], [7.0, 9.0, 3.0, math.inf]
    found = least_time_transport(indptr, [*column, 1, 0], [*cost, 4.0, 8.0], [2, 2], [2, 2])
    assert flows(found) == [(0, 1, 2), (1, 0, 2)]
    assert found.total_person_seconds == 2 * 3 + 2 * 8


def test_seats_beyond_all_people_and_the_largest_numbers_do_not_overflow():
    table = [[1e9, 1e-3], [2.5e8, 0.0]]
    huge = np.iinfo(np.int64).max
    found = least_time_transport(*pairs_of(table), [3, 10**9], [huge, 4])
    assert found.proven
    assert_allclose(found.total_person_seconds, 3 * 1e-3 + (10**9 - 1) * 2.5e8, rtol=1e-12)


def test_steps_too_fine_for_the_flow_are_made_coarser(monkeypatch):
    monkeypatch.setattr(transport_flow, "whole_steps", lambda *_: 2.0**-60)
    monkeypatch.setattr("resilience_geo.flows.transport.whole_steps", lambda *_: 2.0**-60)
    found = least_time_transport(*pairs_of([[1, 2], [3, 7]]), [5, 5], [5, 5])
    assert found.proven
    assert found.total_person_seconds == 25.0


@pytest.mark.parametrize(
    ("supply", "capacity", "time_s", "words"),
    [
        ([-1], [1], 1.0, "negative number of people"),
        ([1], [-1], 1.0, "negative number of people"),
        ([1], [1], -1.0, "negative or not a number"),
        ([1], [1], math.nan, "negative or not a number"),
    ],
)
def test_numbers_that_cannot_be_are_refused(supply, capacity, time_s, words):
    for solver in (least_time_transport, greedy_transport):
        with pytest.raises(InputError, match=words):
            solver([0, 1], [0], [time_s], supply, capacity)


# --- properties, with linear programs as the judge


@st.composite
def instances(draw, rows=8, columns=5):
    n_rows, n_columns = draw(st.integers(1, rows)), draw(st.integers(1, columns))
    times = st.one_of(st.none(), st.integers(0, 40), st.floats(0, 3600, width=32))
    table = draw(
        st.lists(
            st.lists(times, min_size=n_columns, max_size=n_columns),
            min_size=n_rows,
            max_size=n_rows,
        )
    )
    matrix = np.array([[np.inf if v is None else v for v in row] for row in table], dtype=float)
    supply = draw(st.lists(st.integers(0, 12), min_size=n_rows, max_size=n_rows))
    capacity = draw(st.lists(st.integers(0, 25), min_size=n_columns, max_size=n_columns))
    priority = draw(st.lists(st.integers(0, 2), min_size=n_rows, max_size=n_rows))
    return matrix, supply, capacity, priority


def solved(matrix, supply, capacity, **options):
    held = np.isfinite(matrix)
    indptr = np.append(0, np.cumsum(held.sum(axis=1)))
    return least_time_transport(
        indptr, np.nonzero(held)[1], matrix[held], supply, capacity, **options
    )


@settings(deadline=None)
@given(instances())
def test_numbers_by_priority_and_time_are_those_of_linear_programs(instance):
    matrix, supply, capacity, priority = instance
    counts, seconds = highs(matrix, supply, capacity, priority)
    found = solved(matrix, supply, capacity, priority=priority)
    assert found.proven
    assert_keeps_people_and_seats(found, matrix, supply, capacity)
    assert served_by_level(found, supply, priority) == counts
    assert_allclose(found.total_person_seconds, seconds, rtol=1e-6, atol=1e-4)
    assert_allclose(found.bound_person_seconds, found.total_person_seconds, rtol=1e-6, atol=1e-4)
    assert found.bound_person_seconds <= found.total_person_seconds


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3), st.sampled_from([0.3, 0.9, 1.2, 3.0]))
def test_growing_pairs_end_at_the_same_optimum(seed, levels, seats):
    """Places and shelters in a plane, solved on few pairs that must grow."""
    rng = np.random.default_rng(seed)
    n_rows, n_columns = rng.integers(9, 70), rng.integers(2, 9)
    there, shelters = rng.random((n_rows, 2)), rng.random((n_columns, 2))
    matrix = np.hypot(*(there[:, None] - shelters[None]).T).T * 1000.0
    matrix[matrix > rng.uniform(200.0, 1500.0)] = np.inf
    supply = rng.integers(0, 9, n_rows)
    capacity = rng.multinomial(int(seats * supply.sum()), np.full(n_columns, 1 / n_columns))
    priority = rng.integers(0, levels, n_rows).tolist()
    counts, seconds = highs(matrix, supply, capacity, priority)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport_flow, "_PAIRS_AT_ONCE", 0)
        patch.setattr(transport_flow, "_FIRST_PAIRS_PER_ROW", 0.5)
        patch.setattr(transport_flow, "_NEW_PAIRS_PER_ROW", 1)
        found = solved(matrix, supply, capacity, priority=priority)
    assert found.proven
    assert_keeps_people_and_seats(found, matrix, supply, capacity)
    assert served_by_level(found, supply, priority) == counts
    assert_allclose(found.total_person_seconds, seconds, rtol=1e-6, atol=1e-4)
    assert_allclose(found.bound_person_seconds, found.total_person_seconds, rtol=1e-6, atol=1e-4)


@settings(deadline=None)
@given(instances(), st.randoms(use_true_random=False))
def test_order_of_rows_and_columns_changes_no_worth(instance, random):
    matrix, supply, capacity, priority = instance
    rows, columns = list(range(len(supply))), list(range(len(capacity)))
    random.shuffle(rows)
    random.shuffle(columns)
    found = solved(matrix, supply, capacity, priority=priority)
    turned = solved(
        matrix[np.ix_(rows, columns)],
        np.take(supply, rows),
        np.take(capacity, columns),
        priority=np.take(priority, rows),
    )
    assert_allclose(turned.total_person_seconds, found.total_person_seconds, rtol=1e-9, atol=1e-4)
    assert served_by_level(turned, np.take(supply, rows), np.take(priority, rows)) == (
        served_by_level(found, supply, priority)
    )
    again = solved(matrix, supply, capacity, priority=priority)
    assert flows(again) == flows(found)


@settings(deadline=None)
@given(instances(), st.integers(0, 4), st.integers(1, 9))
def test_more_seats_never_serve_fewer(instance, which, more):
    matrix, supply, capacity, _ = instance
    wider = list(capacity)
    wider[which % len(capacity)] += more
    before, after = solved(matrix, supply, capacity), solved(matrix, supply, wider)
    assert after.unserved_people.sum() <= before.unserved_people.sum()
    if after.unserved_people.sum() == before.unserved_people.sum():
        assert after.total_person_seconds <= before.total_person_seconds + 1e-4


@settings(deadline=None)
@given(instances(), st.integers(0, 4))
def test_price_is_the_difference_a_seat_makes_where_it_serves_nobody_more(instance, which):
    matrix, supply, capacity, _ = instance
    which %= len(capacity)
    assume(capacity[which] > 0)
    wider = list(capacity)
    wider[which] += 1
    before, after = solved(matrix, supply, capacity), solved(matrix, supply, wider)
    assume(after.unserved_people.sum() == before.unserved_people.sum())
    saved = before.total_person_seconds - after.total_person_seconds
    assert_allclose(before.price_s[which], saved, rtol=1e-6, atol=1e-4)


@settings(deadline=None)
@given(instances())
def test_nearest_first_never_beats_the_optimum(instance):
    matrix, supply, capacity, priority = instance
    held = np.isfinite(matrix)
    indptr = np.append(0, np.cumsum(held.sum(axis=1)))
    greedy = greedy_transport(
        indptr, np.nonzero(held)[1], matrix[held], supply, capacity, priority=priority
    )
    best = solved(matrix, supply, capacity, priority=priority)
    assert_keeps_people_and_seats(greedy, matrix, supply, capacity)
    assert greedy.unserved_people.sum() >= best.unserved_people.sum()
    if served_by_level(greedy, supply, priority) == served_by_level(best, supply, priority):
        assert greedy.total_person_seconds >= best.total_person_seconds - 1e-4
    # No seat in reach is left free while somebody stays.
    load = np.bincount(greedy.column, greedy.people, len(capacity))
    free = held & (load < capacity)[None] & (greedy.unserved_people > 0)[:, None]
    assert not free.any()


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_answer_of_a_stopped_search_is_feasible_and_its_bound_holds(seed):
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(1.0, 900.0, (40, 6))
    matrix[rng.random((40, 6)) < 0.3] = np.inf
    supply, capacity = rng.integers(0, 9, 40), rng.integers(0, 40, 6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport_flow, "_PAIRS_AT_ONCE", 0)
        stopped = solved(matrix, supply, capacity, time_limit_s=0.0)
    best = solved(matrix, supply, capacity)
    assert not stopped.proven
    assert stopped.rounds == 0
    assert_keeps_people_and_seats(stopped, matrix, supply, capacity)
    assert stopped.unserved_people.sum() >= best.unserved_people.sum()
    if stopped.unserved_people.sum() == best.unserved_people.sum():
        assert stopped.bound_person_seconds <= best.total_person_seconds + 1e-6
        assert best.total_person_seconds <= stopped.total_person_seconds + 1e-4


def test_a_wrong_flow_would_show_in_the_bound(monkeypatch):
    """The bound does not rest on the search: spoil the search, and the gap opens."""
    monkeypatch.setattr(
        transport_flow,
        "_minimum_cost_flow",
        lambda row, into, cost, _supply, _room: np.where(into == row, 5, 0) + 0 * cost,
    )
    found = least_time_transport(*pairs_of([[1, 2], [3, 100]]), [5, 5], [5, 5])
    assert found.total_person_seconds == 505.0
    assert found.bound_person_seconds <= 25.0


# --- Jakarta


@pytest.mark.real_data
def test_people_of_a_kelurahan_are_placed_as_highs_places_them(real_data, monkeypatch):
    """All people of a kelurahan and its surroundings, along real roads, within half an hour."""
    folder = real_data / "jakarta"
    village = rg.read_villages(folder / "kelurahan_jakarta.shp").iloc[[100]]
    roads = road_arrays(rg.read_roads(folder / "jakarta_roads.shp", within=village))
    nodes = KDTree(np.column_stack([roads.node_x, roads.node_y]))
    shelters = rg.read_shelters(folder / "shelters_standin.geojson").to_crs(roads.crs)
    away_m, at_node = nodes.query(shelters.get_coordinates())
    near = np.flatnonzero((away_m < 500.0) & shelters["capacity_people"].notna())
    capacity = shelters["capacity_people"].to_numpy()[near].astype(int) // 4
    people = rg.read_population(
        folder / "Population_Jakarta_geographic.asc", unit="people_per_ha", scale=0.1
    )
    rows, columns = (slice(0, size) for size in people.grid.shape)
    count = np.rint(people.people(rows, columns)).astype(int)
    row, column = np.nonzero(count)
    x, y = people.grid.transform @ np.array([column + 0.5, row + 0.5, np.ones(row.size)])[:2]
    cells = gpd.GeoSeries(gpd.points_from_xy(x, y), crs=4326).to_crs(roads.crs)
    walk_m, from_node = nodes.query(cells.get_coordinates())
    here = np.flatnonzero(walk_m < 60.0)[::4]
    links = sparse.csr_array(
        (roads.length_m / 1.1, (roads.start, roads.end)), shape=(nodes.n, nodes.n)
    )
    seconds = dijkstra(links, directed=False, indices=at_node[near], limit=1800.0)
    matrix = seconds[:, from_node[here]].T + walk_m[here, None] / 1.1
    matrix[matrix > 1800.0] = np.inf
    supply = count[row, column][here]
    assert here.size > 1000
    assert near.size > 10
    priority = [0] * here.size
    counts, best = highs(matrix, supply, capacity, priority)
    monkeypatch.setattr(transport_flow, "_PAIRS_AT_ONCE", 2000)
    found = solved(matrix, supply, capacity)
    assert_keeps_people_and_seats(found, matrix, supply, capacity)
    assert found.proven
    assert found.pairs_used < np.isfinite(matrix).sum() / 2
    assert [found.people.sum()] == counts
    assert 0 < found.unserved_people.sum() < supply.sum()
    assert_allclose(found.total_person_seconds, best, rtol=1e-6)
    assert_allclose(found.bound_person_seconds, best, rtol=1e-6)
