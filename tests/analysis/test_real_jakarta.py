"""Jakarta: the published answers, and the contract on all 261 kelurahan."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import resilience_geo as rg
from resilience_geo.hazard_classes import CLASS_NAMES
from tests.analysis.toys import assert_plan_keeps_the_contract

pytestmark = pytest.mark.real_data

CLASS_COLUMNS = [f"people_{name}" for name in CLASS_NAMES]
# HKV: people at a depth above 0.1 m, cells taken as 2 500 m2.
PUBLISHED = {"Current": 2_485_442, "Design": 1_537_920}


@pytest.fixture(scope="module")
def jakarta(real_data):
    return real_data / "jakarta"


@pytest.fixture(scope="module")
def people(jakarta):
    path = jakarta / "Population_Jakarta_geographic.asc"
    return rg.read_population(path, unit="people_per_ha", scale=0.1)


@pytest.fixture(scope="module")
def kelurahan(jakarta):
    return rg.read_villages(jakarta / "kelurahan_jakarta.shp")


def flood(jakarta, which):
    return rg.read_hazard(jakarta / f"Flood_{which}_Depth_Jakarta_geographic.asc", unit="m")


def assert_people_are_conserved(table, people):
    outside = table.attrs["outside"]
    assert_allclose(table["people_total"].sum() + outside["total"], people.total, rtol=1e-6)
    assert_allclose(table[CLASS_COLUMNS].sum(axis=1), table["people_total"], rtol=1e-9, atol=1e-6)
    assert_allclose(sum(outside[name] for name in CLASS_NAMES), outside["total"], rtol=1e-9)
    assert (table[CLASS_COLUMNS].to_numpy() >= 0).all()


@pytest.mark.parametrize("which", PUBLISHED)
def test_people_in_water_are_those_published(jakarta, kelurahan, people, which):
    table = rg.village_exposure(kelurahan, flood(jakarta, which), people)
    assert len(table) == 261
    assert_people_are_conserved(table, people)
    wet = ["low", "medium", "high"]
    inside = table[[f"people_{name}" for name in wet]].to_numpy().sum()
    total = inside + sum(table.attrs["outside"][name] for name in wet)
    assert_allclose(total, PUBLISHED[which], rtol=0.01)


def test_people_of_all_rw_are_conserved_with_the_polygon_that_had_to_be_mended(jakarta, people):
    rw = rg.read_villages(jakarta / "rw_jakarta.shp")
    table = rg.village_exposure(rw, flood(jakarta, "Current"), people)
    assert len(table) == len(rw)
    assert len(table) >= 2_600
    assert rw.geometry.is_valid.all()
    assert set(rw.geometry.geom_type) <= {"Polygon", "MultiPolygon"}
    assert_people_are_conserved(table, people)


def test_category_map_whose_nodata_is_dry_agrees_with_the_depths(jakarta, kelurahan, people):
    path = jakarta / "jakarta_flood_category_123.asc"
    dry = rg.village_exposure(kelurahan, rg.read_hazard(path, unit="class", nodata="none"), people)
    unknown = rg.village_exposure(kelurahan, rg.read_hazard(path, unit="class"), people)
    assert_people_are_conserved(dry, people)
    # What is dry in the one is unknown in the other; what is wet is wet in both.
    wet = ["people_low", "people_medium", "people_high"]
    assert_allclose(dry[wet], unknown[wet], atol=1e-6)
    assert_allclose(
        dry["people_none"], unknown["people_unknown"] - dry["people_unknown"], atol=1e-3
    )
    assert unknown["people_none"].max() < 1e-6
    assert dry[wet].to_numpy().sum() > 100_000


@pytest.fixture(scope="module")
def plan(jakarta, kelurahan, people):
    return rg.plan_evacuation(
        kelurahan,
        flood(jakarta, "Current"),
        people,
        rg.read_roads(jakarta / "jakarta_roads.shp", within=kelurahan),
        rg.read_shelters(jakarta / "shelters_standin.geojson"),
    )


def test_plan_of_all_kelurahan_keeps_the_contract(plan, kelurahan):
    assert_plan_keeps_the_contract(plan, kelurahan)
    assert plan.villages["evacuees"].sum() > 100_000
    assert plan.villages["allocated"].sum() > 0


def test_early_serves_more_than_late(plan):
    table = plan.villages
    assert (table["evacuees"] == table["late_evacuees"]).all()
    # Not in every kelurahan: where neighbours are cut off late, seats are left for others.
    assert table["allocated"].sum() > table["late_allocated"].sum()
    assert (table["lost_if_late_people"] >= table["allocated"] - table["late_allocated"]).all()


def test_division_over_shelters_is_proved_and_its_ways_take_the_time_it_counts(plan):
    for departure, found in plan.workings.served.items():
        rows = plan.origins[plan.origins["departure"] == departure]
        served = rows[rows["status"] == "allocated"]
        seconds = (served["evacuees"] * served["travel_time_s"]).sum()
        assert found.proof.proven
        assert_allclose(seconds, found.proof.person_seconds, rtol=1e-9)
        assert_allclose(found.proof.bound_person_seconds, found.proof.person_seconds, rtol=1e-6)


def test_second_routes_of_all_settlements(plan):
    main = plan.routes[plan.routes["rank"] == 1].set_index(["departure", "route_id"])
    second = plan.routes[plan.routes["rank"] == 2]
    first_of = second["route_id"].str.removesuffix("-2")
    first = main.loc[list(zip(second["departure"], first_of, strict=True))]
    assert (second["shared_m"].to_numpy() < first["distance_m"].to_numpy() + 0.01).all()
    assert (second["travel_time_s"] <= plan.assumptions.time_limit_min * 60 + 1e-6).all()
    origins = plan.origins
    assert len(second) == origins["has_second_route"].sum()
    assert (origins.loc[origins["unavoidable_m"] > 0, "hangs_on_road_id"] >= 0).all()


def test_late_routes_pass_no_closed_stretch(plan):
    late = plan.stretches["evacuees_late"]
    closed = plan.stretches["state"].isin(["closed", "unknown"])
    assert closed.any()
    assert (late[closed] == 0).all()
    assert late.max() > 0


def test_routes_are_as_long_as_stated(plan):
    # Lengths of the graph are on the ellipsoid, those drawn are in UTM: 0.04 % at most apart.
    assert_allclose(plan.routes.geometry.length, plan.routes["distance_m"], rtol=2e-3, atol=0.5)


def test_times_are_at_least_those_at_full_speed(plan):
    speed = plan.assumptions.walking_speed_mps
    assert (plan.routes["travel_time_s"] * speed >= plan.routes["distance_m"] - 0.01).all()


def test_stretches_sum_to_the_roads(plan):
    sums = plan.stretches.groupby("road_id")["length_m"].sum()
    assert_allclose(sums.to_numpy(), plan.roads["length_m"].to_numpy(), rtol=1e-6, atol=1e-6)
    shares = plan.roads[[f"share_{name}" for name in CLASS_NAMES]].sum(axis=1)
    assert_allclose(shares[plan.roads["length_m"] > 0], 1.0)


def test_shelters_with_unknown_capacity_take_nobody_and_are_told(plan):
    unknown = plan.shelters["capacity_people"].isna()
    assert unknown.any()
    assert (plan.shelters.loc[unknown, "allocated_people"] == 0).all()
    assert any("no known capacity" in note for note in plan.notes)


def test_summary_has_the_worst_first(plan):
    table = plan.summary()
    unserved = (table["evacuees"] - table["allocated"]).to_numpy()
    assert (np.diff(unserved) <= 0).all()
