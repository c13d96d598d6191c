"""A hazard at several times: maps with their minutes, and everything wrong with them at once."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

import resilience_geo as rg
from resilience_geo.errors import (
    InputError,
    InputFileError,
    Problem,
    ResilienceGeoError,
    UnitError,
)
from resilience_geo.inputs.grids import Grid

NORTH_UP = Affine(0.1, 0, 106, 0, -0.1, -6)


def grid(*depths):
    return Grid.from_array(np.array([depths], dtype=np.float32), NORTH_UP, 4326, -9999)


def problems_of(files, **options):
    with pytest.raises(ResilienceGeoError) as error:
        rg.read_hazard_series(files, **options)
    assert all(isinstance(problem, Problem) for problem in error.value.problems)
    return error.value


def test_maps_keep_their_times_and_order():
    series = rg.read_hazard_series({0: grid(0, 1), 30: grid(1, 1), 45.5: grid(2, 2)}, unit="m")
    assert series.times_min == (0.0, 30.0, 45.5)
    assert (series.kind, series.unit) == ("flood", "m")
    deepest = [hazard.depths_m(slice(None), slice(None)).max() for hazard in series.hazards]
    assert deepest == [1.0, 1.0, 2.0]


def test_pairs_and_hazards_that_were_read_before_are_taken():
    first = rg.read_hazard(grid(0, 1), unit="m")
    series = rg.read_hazard_series([(0, first), (60, grid(1, 1))], unit="m")
    assert series.hazards[0] is first
    assert series.times_min == (0.0, 60.0)


def test_options_hold_for_every_map():
    series = rg.read_hazard_series(
        {0: grid(1, -9999), 5: grid(1, 2)}, kind="tsunami", unit="m", nodata="none"
    )
    assert series.kind == "tsunami"
    assert {hazard.kind for hazard in series.hazards} == {"tsunami"}
    assert series.hazards[0].depths_m(slice(None), slice(None)).tolist() == [[1.0, 0.0]]


def test_files_are_named_in_their_order():
    sample = rg.sample_files()["flood"]
    series = rg.read_hazard_series({0: sample, 60: str(sample)}, unit="m")
    assert series.source == f"{sample}, {sample}"


def test_a_dry_first_map_raises_no_doubt_about_the_unit():
    deep, dry = grid(0, 2), grid(0, 0)
    assert rg.read_hazard(dry, unit="m").notes != ()
    assert rg.read_hazard_series({0: dry, 60: deep}, unit="m").notes == ()
    assert len(rg.read_hazard_series({0: dry, 60: dry}, unit="m").notes) == 1


@pytest.mark.parametrize("nothing", [{}, [], ()])
def test_no_map_at_all_is_refused(nothing):
    assert "no hazard map at all" in str(problems_of(nothing))


@pytest.mark.parametrize("strange", ["banjir.tif", ["a.tif", "b.tif"], [(0, "a.tif", 2)], 7])
def test_what_has_no_times_is_refused(strange):
    error = problems_of(strange, unit="m")
    assert isinstance(error, InputError)
    assert "minutes after the warning" in str(error)
    assert len(error.problems) == 1


@pytest.mark.parametrize("time", ["30", -1, np.nan, np.inf, None, True])
def test_a_time_that_is_none_is_refused(time):
    (problem,) = problems_of([(time, grid(0, 1))], unit="m").problems
    assert repr(time) in problem.found


@pytest.mark.parametrize("times", [(30, 0), (0, 0), (0, 60, 30)])
def test_times_that_do_not_rise_are_refused(times):
    (problem,) = problems_of([(time, grid(0, 1)) for time in times], unit="m").problems
    assert problem.found == f"maps at {', '.join(map(str, times))} min"


def test_maps_of_another_kind_or_unit_are_refused():
    slide = rg.read_hazard(grid(0, 1), kind="landslide", unit="index")
    code = rg.read_hazard(grid(0, 1), unit="class")
    error = problems_of({0: grid(0, 1), 10: slide, 20: code}, unit="m")
    assert type(error) is InputError
    kind, unit = error.problems
    assert "landslide" in kind.found
    assert "class" in unit.found
    assert isinstance(problems_of({0: grid(0, 1), 20: code}, unit="m"), UnitError)


def test_everything_wrong_is_said_at_once(tmp_path):
    files = [("0", tmp_path / "a.tif"), (60, tmp_path / "b.tif"), (30, grid(0, 1))]
    error = problems_of(files, unit="m")
    text = str(error)
    assert len(error.problems) == 4
    for part in ("a.tif", "b.tif", "the time '0'", "maps at 60, 30 min"):
        assert part in text


def test_what_is_wrong_with_one_map_of_several_times_is_said_once():
    error = problems_of({0: grid(0, 1), 60: grid(0, 2)}, unit="feet")
    assert len(error.problems) == 1


def test_missing_files_alone_are_file_errors(tmp_path):
    files = {0: tmp_path / "a.tif", 60: tmp_path / "b.tif"}
    error = problems_of(files, unit="m")
    assert isinstance(error, InputFileError)
    assert len(error.problems) == 2
