"""Groups of evacuees: their shares, whole people by group, and the helpers they need."""

from __future__ import annotations

import time
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resilience_geo as rg
from resilience_geo.analysis.groups import (
    GROUPS,
    evacuating_groups,
    group_notes,
    group_totals,
    helpers_needed,
    people_needing_help,
    split_by_group,
    village_groups,
    village_shares,
)
from resilience_geo.errors import AssumptionError, ColumnError, InputError
from resilience_geo.flows.controlled_rounding import _balanced, controlled_rounding

DEFAULT = rg.EvacuationAssumptions()
NATIONAL = [0.695, 0.08, 0.12, 0.085, 0.02]
MANY = settings(max_examples=60, deadline=None)


def shares_of(*rows):
    """Make a table of shares; the general group takes what is left."""
    rows = np.array(rows, dtype=float)
    return pd.DataFrame(np.column_stack([1 - rows.sum(axis=1), rows]), columns=list(GROUPS))


def table_of(**rows):
    columns = ["children_under_5", "elderly", "disabled", "pregnant"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def sums(village, numbers, n_villages):
    total = np.zeros((n_villages, numbers.shape[1]), dtype=np.int64)
    np.add.at(total, village, numbers)
    return total


@st.composite
def origins(draw, most_people=60):
    """Draw villages with origins and totals of their groups that sum to their people."""
    n_villages = draw(st.integers(1, 4))
    n = draw(st.integers(0, 25))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    village = rng.integers(0, n_villages, n)
    people = rng.integers(0, draw(st.integers(1, most_people)) + 1, n)
    weights = rng.dirichlet(np.full(5, draw(st.sampled_from([0.1, 1.0, 10.0]))), n_villages)
    totals = [rng.multinomial(people[village == v].sum(), weights[v]) for v in range(n_villages)]
    return village, people, np.array(totals, dtype=np.int64).reshape(n_villages, 5)


# What groups can do


def test_groups_and_what_they_can_do():
    groups = {group.name: group for group in evacuating_groups(DEFAULT)}
    assert tuple(groups) == GROUPS
    assert GROUPS == ("general", "children_under_5", "elderly", "disabled", "pregnant")
    speeds = [group.walking_speed_mps for group in groups.values()]
    assert speeds == [1.1, 0.894, 0.751, 0.6, 0.894]
    assert [group.depth_limit_m for group in groups.values()] == [0.5, 0.3, 0.3, 0.3, 0.3]
    assert [name for name, group in groups.items() if group.needs_accessible_shelter] == [
        "disabled"
    ]
    helped = [name for name, group in groups.items() if group.needs_helper]
    assert helped == ["elderly", "disabled", "pregnant"]
    assert [group.priority for group in groups.values()] == [2, 1, 1, 0, 1]


def test_nobody_is_faster_or_wades_deeper_than_the_general_group():
    slow = rg.EvacuationAssumptions(
        walking_speed_mps=0.7, walk_depth_limit_m=0.2, children_under_5_need_helper=True
    )
    groups = evacuating_groups(slow)
    assert [group.walking_speed_mps for group in groups] == [0.7, 0.7, 0.7, 0.6, 0.7]
    assert {group.depth_limit_m for group in groups} == {0.2}
    assert [group.needs_helper for group in groups] == [False, True, True, True, True]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("elderly_share", -0.1),
        ("disabled_share", 1.1),
        ("pregnant_share", float("nan")),
        ("children_under_5_share", "8 %"),
        ("elderly_walking_speed_mps", 3.1),
        ("disabled_walking_speed_mps", 0),
        ("assisted_depth_limit_m", 0),
        ("people_per_helper", 0),
        ("children_under_5_need_helper", "yes"),
    ],
)
def test_impossible_assumptions_are_refused(name, value):
    with pytest.raises(AssumptionError, match=name):
        rg.EvacuationAssumptions(**{name: value})


def test_shares_may_be_nothing_and_must_fit_together():
    """0.08 + 0.085 + 0.02 = 0.185 leave 0.815."""
    assert rg.EvacuationAssumptions(elderly_share=0).elderly_share == 0
    assert rg.EvacuationAssumptions(elderly_share=0.815).elderly_share == 0.815
    with pytest.raises(AssumptionError, match=r"1\.001 together"):
        rg.EvacuationAssumptions(elderly_share=0.816)


def test_assumptions_of_groups_are_read_from_text():
    texts = {"people_per_helper": "0.5", "children_under_5_need_helper": "ya"}
    chosen = rg.EvacuationAssumptions.from_texts(texts)
    assert (chosen.people_per_helper, chosen.children_under_5_need_helper) == (0.5, True)


# Shares of villages


def test_shares_from_the_table_and_from_the_nation():
    table = table_of(a=[0.1, 0.2, 0.05, 0.03], c=[0.1, np.nan, 0.05, 0.03])
    shares, source = village_shares(["b", "c", "a"], table, DEFAULT)
    assert shares.index.tolist() == ["b", "c", "a"]
    assert shares.columns.tolist() == list(GROUPS)
    np.testing.assert_allclose(shares.loc["a"], [0.62, 0.1, 0.2, 0.05, 0.03])
    np.testing.assert_allclose(shares.loc["b"], NATIONAL)
    np.testing.assert_allclose(shares.loc["c"], [0.70, 0.1, 0.12, 0.05, 0.03])
    assert source.to_dict() == {"a": "table", "b": "national", "c": "mixed"}


def test_without_a_table_everything_is_national():
    shares, source = village_shares(["a", "b"], None, DEFAULT)
    np.testing.assert_allclose(shares, [NATIONAL] * 2)
    assert set(source) == {"national"}


def test_national_shares_shrink_where_the_table_leaves_less_room():
    """0.9 is said; 0.085 + 0.02 = 0.105 must fit in 0.1: both times 0.1 / 0.105."""
    table = table_of(a=[0.3, 0.6, np.nan, np.nan])
    shares, _ = village_shares(["a"], table, DEFAULT)
    expected = [0, 0.3, 0.6, 0.085 / 1.05, 0.02 / 1.05]
    np.testing.assert_allclose(shares.loc["a"], expected, atol=1e-12)


def test_table_as_it_is_read(tmp_path):
    path = tmp_path / "rentan.csv"
    path.write_text("kode_desa,jumlah_penduduk,lansia\n99.01.01.2001,200,50\n", encoding="utf-8")
    shares, source = village_shares(["99.01.01.2001"], rg.read_vulnerable(path), DEFAULT)
    assert shares.loc["99.01.01.2001", "elderly"] == 0.25
    assert source.tolist() == ["mixed"]


def test_table_with_the_code_as_a_column():
    table = table_of(a=[0.1, 0.2, 0.05, 0.03]).rename_axis("village_code").reset_index()
    assert village_shares(["a"], table, DEFAULT)[1].tolist() == ["table"]


def test_table_made_by_hand_is_checked_and_everything_named():
    table = table_of(a=[0.1, 1.2, 0.05, -0.1], b=[0.5, 0.6, 0, 0], c=["x", 0, 0, 0])
    with pytest.raises(InputError) as caught:
        village_shares(["a"], pd.concat([table, table.loc[["c"]]]), DEFAULT)
    places = {(problem.column, problem.row) for problem in caught.value.problems}
    wrong = {("elderly", "a"), ("pregnant", "a"), ("children_under_5", "c")}
    assert places == wrong | {(None, "a"), (None, "b"), (None, None)}
    with pytest.raises(ColumnError, match="lansia"):
        village_shares(["a"], pd.DataFrame({"lansia": [0.1]}, index=["a"]), DEFAULT)


# Whole people of a village by group


def test_totals_by_largest_remainder():
    """25 people: 17.375, 2.0, 3.0, 2.125, 0.5: floors 17 2 3 2 0, the one left to 0.5."""
    totals = group_totals(np.array([25, 0]), shares_of(NATIONAL[1:], NATIONAL[1:]))
    assert totals.tolist() == [[17, 2, 3, 2, 1], [0, 0, 0, 0, 0]]


def test_equal_remainders_go_to_the_vulnerable_first():
    """Two people, halves: 1 of each; one person: to the elderly, not to the general group."""
    shares = shares_of([0, 0.5, 0, 0])
    assert group_totals(np.array([1]), shares).tolist() == [[0, 0, 1, 0, 0]]
    assert group_totals(np.array([2]), shares).tolist() == [[1, 0, 1, 0, 0]]


@MANY
@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_totals_sum_to_the_village_and_are_its_shares_rounded(people, seed):
    rng = np.random.default_rng(seed)
    people = np.array(people)
    shares = shares_of(*rng.dirichlet(np.ones(5), people.size)[:, 1:])
    totals = group_totals(people, shares)
    np.testing.assert_array_equal(totals.sum(axis=1), people)
    assert (totals >= 0).all()
    assert (np.abs(totals - people[:, None] * shares.to_numpy()) < 1 + 1e-6).all()


# Whole people of each origin by group


def test_split_on_paper():
    """Shares of one half: houses of 3, 2 and 1 have 1.5, 1 and 0.5 elderly.

    Three elderly in all; the house of 2 has exactly 1, so the other two share 2: one has its 1.5
    rounded up and the other its 0.5 down, or the other way.
    """
    village, people = np.zeros(3, dtype=np.int64), np.array([3, 2, 1])
    split = split_by_group(village, people, shares_of([0, 0.5, 0, 0]))
    elderly = split[:, GROUPS.index("elderly")]
    assert elderly[1] == 1
    assert sorted(elderly[[0, 2]].tolist()) in ([0, 2], [1, 1])
    assert elderly.sum() == 3
    np.testing.assert_array_equal(split.sum(axis=1), people)


def test_small_houses_are_not_all_rounded_the_same_way():
    """100 houses of one person, 12 % elderly: twelve of them hold one, not none and not all."""
    village, people = np.zeros(100, dtype=np.int64), np.ones(100, dtype=np.int64)
    split = split_by_group(village, people, shares_of(NATIONAL[1:]))
    assert split.sum(axis=0).tolist() == [69, 8, 12, 9, 2]
    # They are spread over the village: every run of 25 houses has its 3, give or take 2.
    runs = split[:, 2].reshape(4, 25).sum(axis=1)
    assert (np.abs(runs - 3) <= 2).all()


def test_exact_shares_stay_as_they_are():
    """20 and 40 people at 10, 20, 5 and 15 % need no rounding."""
    shares = shares_of([0.1, 0.2, 0.05, 0.15])
    split = split_by_group(np.array([0, 0]), np.array([20, 40]), shares)
    assert split.tolist() == [[10, 2, 4, 1, 3], [20, 4, 8, 2, 6]]


def test_no_origins_and_nobody():
    none = np.array([], dtype=np.int64)
    assert split_by_group(none, none, shares_of([0.1, 0.1, 0.1, 0.1])).shape == (0, 5)
    nobody = split_by_group(np.array([0]), np.array([0]), shares_of([0.1, 0.1, 0.1, 0.1]))
    assert nobody.tolist() == [[0, 0, 0, 0, 0]]


@MANY
@given(origins())
def test_rounding_meets_every_sum_and_stays_beside_the_exact_share(drawn):
    village, people, totals = drawn
    rounded = controlled_rounding(village, people, totals)
    np.testing.assert_array_equal(rounded.sum(axis=1), people)
    np.testing.assert_array_equal(sums(village, rounded, len(totals)), totals)
    everyone = np.maximum(totals.sum(axis=1), 1)[village][:, None]
    share = people[:, None] * totals[village]
    assert (rounded >= share // everyone).all()
    assert (rounded <= -(-share // everyone)).all()


@MANY
@given(origins(), st.integers(0, 2**32 - 1))
def test_rounding_does_not_depend_on_the_order_of_the_rows(drawn, seed):
    """Rows of one village with equal people may change places; nothing else does."""
    village, people, totals = drawn
    order = np.random.default_rng(seed).permutation(village.size)

    def rows(village, people):
        rounded = controlled_rounding(village, people, totals)
        return sorted(np.column_stack([village, people, rounded]).tolist())

    assert rows(village, people) == rows(village[order], people[order])


@given(
    st.lists(st.integers(0, 7), min_size=1, max_size=4),
    st.lists(st.integers(1, 9), min_size=3, max_size=5),
)
@MANY
def test_rounding_is_one_of_all_that_there_are(people, weights):
    """Every way to round the table up or down is tried; ours is one that keeps all sums."""
    people, weights = np.array(people), np.array(weights)
    totals = people.sum() * weights // weights.sum()
    totals[0] += people.sum() - totals.sum()
    low, rest = np.divmod(people[:, None] * totals, max(people.sum(), 1))
    ways = []
    for row, part in zip(low, rest, strict=True):
        missing = (part.sum()) // max(people.sum(), 1)
        ways.append(
            [
                row + np.isin(np.arange(row.size), chosen)
                for chosen in combinations(np.flatnonzero(part), missing)
            ]
        )
    fitting = {
        np.array(rows).tobytes()
        for rows in product(*ways)
        if (np.sum(rows, axis=0) == totals).all()
    }
    assert fitting  # a controlled rounding always exists
    found = controlled_rounding(np.zeros(people.size, dtype=np.int64), people, totals[None, :])
    assert found.tobytes() in fitting


def test_rounding_mends_columns_by_way_of_a_third_group():
    """Group 0 has one too many, group 2 lacks one, and only group 1 can pass it on."""
    extra = np.array([[1, 0, 0], [0, 1, 0]])
    rest = np.array([[1, 1, 0], [0, 1, 1]])
    assert _balanced(extra, rest, np.array([-1, 0, 1])).tolist() == [[0, 1, 0], [0, 0, 1]]


# Helpers


def test_helpers_are_rounded_up_once_per_village():
    """Village 0 has 3 people who need help, village 1 four, village 2 none: 2, 2 and 0 helpers."""
    village = np.array([0, 1, 0, 0, 1])
    per_village, per_origin = helpers_needed(
        village, np.array([1, 3, 1, 1, 1]), 3, people_per_helper=2.0
    )
    assert per_village.tolist() == [2, 2, 0]
    np.testing.assert_allclose(per_origin, [2 / 3, 1.5, 2 / 3, 2 / 3, 0.5])


@pytest.mark.parametrize(("per_helper", "helpers"), [(0.5, 6), (1.0, 3), (0.1, 30), (4.0, 1)])
def test_people_per_helper_may_be_any_number(per_helper, helpers):
    found, _ = helpers_needed(np.array([0]), np.array([3]), 1, people_per_helper=per_helper)
    assert found.tolist() == [helpers]


def test_who_needs_help():
    split = np.array([[50, 8, 12, 9, 2]])
    assert people_needing_help(split, DEFAULT).tolist() == [23]
    carried = rg.EvacuationAssumptions(children_under_5_need_helper=True)
    assert people_needing_help(split, carried).tolist() == [31]


@MANY
@given(origins(), st.sampled_from([0.5, 1.0, 2.0, 3.0]))
def test_parts_of_helpers_sum_to_those_of_the_village(drawn, per_helper):
    village, people, totals = drawn
    per_village, per_origin = helpers_needed(
        village, people, len(totals), people_per_helper=per_helper
    )
    parts = np.bincount(village, per_origin, minlength=len(totals))
    np.testing.assert_allclose(parts, per_village, atol=1e-9)
    needing = totals.sum(axis=1)
    assert (per_village * per_helper >= needing).all()
    assert ((per_village - 1) * per_helper < np.maximum(needing, 1e-9)).all()


# The table and what is said beside it


def test_table_of_villages_and_its_notes():
    """100 people of a village without a table: 69.5, 8, 12, 8.5, 2; the tie goes to disabled."""
    table = table_of(b=[0, 0.5, 0, 0], c=[0.1, np.nan, 0, 0])
    codes = ["a", "b", "c"]
    shares, source = village_shares(codes, table, DEFAULT)
    village = np.array([0, 1, 0])
    split = split_by_group(village, np.array([60, 6, 40]), shares)
    groups = village_groups(codes, village, split, source, DEFAULT)
    assert groups.columns.tolist() == [*GROUPS, "need_help_people", "helpers", "shares_from"]
    assert groups.loc["a"].tolist() == [69, 8, 12, 9, 2, 23, 12, "national"]
    assert groups.loc["b"].tolist() == [3, 0, 3, 0, 0, 3, 2, "table"]
    assert groups.loc["c"].tolist() == [0, 0, 0, 0, 0, 0, 0, "mixed"]
    notes = group_notes(groups, DEFAULT)
    assert "26 people who need a helper are the most" in notes[0]
    assert "One helper for 2 people" in notes[1]
    assert len(notes) == 4
    assert "of 1 villages are national shares" in notes[2]
    assert notes[3].startswith("Some of the vulnerable groups of 1 villages")
    assert len(group_notes(groups.loc[["b"]], DEFAULT)) == 2


def test_sample_villages_and_their_groups():
    """The groups of the sample's desa, by the file's own counts."""
    files = rg.sample_files()
    table = rg.read_vulnerable(files["vulnerable"])
    counts = pd.read_csv(files["vulnerable"], dtype={"village_code": str}).set_index("village_code")
    shares, source = village_shares(list(table.index), table, DEFAULT)
    assert set(source) == {"table"}
    # Where everyone leaves, the groups are the counts themselves.
    totals = group_totals(counts["jumlah_penduduk"].to_numpy(), shares)
    kinds = ["balita", "lansia", "penyandang_disabilitas", "ibu_hamil"]
    np.testing.assert_array_equal(totals[:, 1:], counts[kinds].to_numpy())


def test_city_of_origins_is_split_in_less_than_a_second():
    rng = np.random.default_rng(5)
    village, people = rng.integers(0, 267, 45_000), rng.poisson(29, 45_000)
    shares = shares_of(*rng.dirichlet([70, 8, 12, 8, 2], 267)[:, 1:])
    start = time.process_time()
    split = split_by_group(village, people, shares)
    assert time.process_time() - start < 1.0
    np.testing.assert_array_equal(split.sum(axis=1), people)
    totals = group_totals(np.bincount(village, people, 267).astype(int), shares)
    np.testing.assert_array_equal(sums(village, split, 267), totals)
