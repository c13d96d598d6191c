"""What is wrong between inputs that are each fine alone."""

from __future__ import annotations

import geopandas as gpd
import pytest

from resilience_geo.analysis.checks import problems_between
from tests.analysis.toys import CRS, flood_patches, rect, shelters

DRY = flood_patches((0, 0, 1000, 1000, 0.0))


def villages(*edges):
    return gpd.GeoDataFrame(
        {"village_code": ["A"], "village_name": ["A"]}, geometry=[rect(*edges)], crs=CRS
    )


def test_layers_that_fit_have_no_problem():
    inputs = {"villages": villages(0, 0, 500, 500), "hazard": DRY, "shelters": shelters((50, 50))}
    assert list(problems_between(inputs)) == []


def test_shelters_beyond_the_border_are_no_problem_as_a_plan_uses_them():
    inputs = {"villages": villages(0, 0, 100, 100), "hazard": DRY, "shelters": shelters((900, 900))}
    assert list(problems_between(inputs)) == []


def test_hazard_that_misses_the_villages_is_named_with_both_extents():
    (problem,) = problems_between({"villages": villages(9000, 0, 9500, 500), "hazard": DRY})
    assert "hazard within" in problem.found
    assert "touches the villages" in problem.expected


@pytest.mark.parametrize("depth", [0.8, float("nan")])
def test_shelters_none_of_which_can_be_used_are_a_problem(depth):
    hazard = flood_patches((0, 0, 1000, 1000, depth))
    (problem,) = problems_between({"hazard": hazard, "shelters": shelters((50, 50))})
    assert "no usable shelter among 1" in problem.found
