"""One village of a plan of many: its people are its own, its shelters everybody's."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from shapely import box

import resilience_geo as rg
from resilience_geo.errors import InputError
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.plan_files import village_file_names
from resilience_geo.tables import UNSERVED_CAUSES


@pytest.fixture(scope="module")
def whole():
    files = rg.sample_files()
    villages = rg.read_villages(files["villages"])
    return rg.plan_evacuation(
        villages,
        rg.read_hazard(files["flood"], unit="m"),
        rg.read_population(files["population"]),
        rg.read_roads(files["roads"], within=villages),
        rg.read_shelters(files["shelters"]),
    )


@pytest.fixture(scope="module")
def parts(whole):
    return {code: rg.village_plan(whole, code) for code in whole.villages.index}


def test_the_parts_add_up_to_the_whole(whole, parts):
    for name in ("origins", "routes", "unserved"):
        table = getattr(whole, name)
        assert sum(len(getattr(part, name)) for part in parts.values()) == len(table)
        assert sum(getattr(part, name)["evacuees"].sum() for part in parts.values()) == (
            table["evacuees"].sum()
        )
    for code, part in parts.items():
        assert list(part.villages.index) == [code]
        assert list(part.exposure.index) == [code]
        assert set(part.origins["village_code"]) <= {code}


def test_people_elsewhere_are_outside(whole, parts):
    everybody = whole.exposure["people_total"].sum() + whole.outside["total"]
    for part in parts.values():
        total = part.exposure["people_total"].sum() + part.outside["total"]
        assert total == pytest.approx(everybody, abs=1e-6)
        by_class = sum(
            part.exposure[f"people_{name}"].sum() + part.outside[name] for name in CLASS_NAMES
        )
        assert by_class == pytest.approx(everybody, abs=1e-6)


def test_evacuees_of_a_part_are_placed_or_have_a_cause(parts):
    for part in parts.values():
        row = part.villages.iloc[0]
        assert row["evacuees"] == row["allocated"] + sum(row[cause] for cause in UNSERVED_CAUSES)
        early = part.origins[part.origins["departure"] == "early"]
        assert early["evacuees"].sum() == row["evacuees"]


def test_shelters_keep_the_people_of_all_villages(whole, parts):
    people = whole.shelters.set_index(["departure", "shelter_id"])["allocated_people"]
    shared = False
    for part in parts.values():
        mine = part.routes[part.routes["rank"] == 1].groupby(["departure", "shelter_id"])
        mine = mine["evacuees"].sum()
        theirs = part.shelters.set_index(["departure", "shelter_id"])["allocated_people"]
        assert set(mine.index) <= set(theirs.index)
        np.testing.assert_array_equal(theirs, people.loc[theirs.index])
        assert (theirs.loc[mine.index] >= mine).all()
        shared = shared or bool((theirs.loc[mine.index] > mine).any())
    assert shared, "no shelter of the sample is shared; the test shows nothing"


def test_roads_of_its_ways_stay(whole, parts):
    for part in parts.values():
        assert 0 < len(part.roads) <= len(whole.roads)
        roads = part.roads.geometry.union_all().buffer(0.5)
        ends = part.routes.geometry.map(lambda line: line.interpolate(0.5, normalized=True))
        assert ends.distance(roads).max() < 500.0  # the walk to the road, nothing farther


def test_a_part_says_that_it_is_one(parts):
    for part in parts.values():
        assert part.notes[0].values["count"] == len(parts)  # noqa: PD011  a message's
        assert part.workings is None


def test_one_village_alone_is_the_plan_itself(parts):
    part = next(iter(parts.values()))
    assert rg.village_plan(part, part.villages.index[0]) is part


def test_an_unknown_village_is_refused(whole):
    with pytest.raises(InputError, match="no village"):
        rg.village_plan(whole, "00")


def test_file_names_are_safe_and_differ():
    names = village_file_names(["99.01", "a/b", "A:B", "..", "a_b", "desa"])
    assert names == ["99.01", "a_b", "A_B-2", "desa", "a_b-3", "desa-2"]


def test_a_part_holds_the_rows_that_a_look_at_every_row_finds(whole, parts):
    for code, part in parts.items():
        routes = whole.routes[(whole.routes["village_code"] == code).to_numpy()]
        near = whole.villages.geometry[code].buffer(3000.0).union(box(*routes.total_bounds))
        for name in ("roads", "stretches"):
            table = getattr(whole, name)
            expected = table[[shape.intersects(near) for shape in table.geometry]]
            pd.testing.assert_frame_equal(getattr(part, name), expected)
        around = np.array([shape.intersects(near) for shape in whole.shelters.geometry])
        reached = whole.shelters["shelter_id"].isin(routes["shelter_id"]).to_numpy()
        pd.testing.assert_frame_equal(part.shelters, whole.shelters[around | reached])
        for name in ("origins", "routes", "unserved"):
            table = getattr(whole, name)
            expected = table[(table["village_code"] == code).to_numpy()].reset_index(drop=True)
            pd.testing.assert_frame_equal(getattr(part, name), expected)


def test_a_smaller_part_holds_fewer_roads(whole, parts):
    code = whole.villages.index[0]
    small = rg.village_plan(whole, code, buffer_m=100.0)
    assert 0 < len(small.roads) < len(parts[code].roads)
    assert len(small.routes) == len(parts[code].routes)


def test_a_village_without_evacuees_has_a_part(whole):
    code = whole.villages.index[0]
    tables = {
        name: getattr(whole, name)[(getattr(whole, name)["village_code"] != code).to_numpy()]
        for name in ("origins", "routes", "unserved")
    }
    part = rg.village_plan(dataclasses.replace(whole, **tables), code)
    assert len(part.origins) == len(part.routes) == len(part.unserved) == 0
    assert list(part.origins.columns) == list(whole.origins.columns)
    assert len(part.roads) > 0
