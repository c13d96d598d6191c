"""The choices of the analysis: each with unit, source and confidence, none impossible."""

from __future__ import annotations

import dataclasses
import json

import pytest

from resilience_geo.assumptions import MODES, EvacuationAssumptions
from resilience_geo.errors import AssumptionError

DEFAULT = EvacuationAssumptions()
FIELDS = [entry.name for entry in dataclasses.fields(EvacuationAssumptions)]


@pytest.mark.parametrize("name", FIELDS)
def test_every_assumption_has_unit_source_and_confidence(name):
    entry = EvacuationAssumptions.table()[name]
    assert set(entry) == {"unit", "source", "confidence"}
    assert len(entry["source"]) > 5
    assert entry["confidence"] in {"S", "S2", "C", "R", "J"}
    # Only a list of names has no unit.
    assert bool(entry["unit"]) != (name == "evacuating_classes")


def test_units_in_names_are_the_units_stated():
    units = {"_mps": "m/s", "_min": "min", "_m": "m", "_kmh": "km/h", "_people": "people"}
    for name, entry in EvacuationAssumptions.table().items():
        for ending, unit in units.items():
            if name.endswith(ending) and not name.endswith("_per_person"):
                assert entry["unit"] == unit


@pytest.mark.parametrize(
    ("mode", "limit"), [("walk", 0.5), ("motorcycle", 0.2), ("car", 0.3), ("truck", 0.6)]
)
def test_depth_limit_by_mode(mode, limit):
    assert DEFAULT.depth_limit_m(mode) == limit
    assert mode in MODES


def test_depth_limit_of_an_unknown_mode_is_refused():
    with pytest.raises(AssumptionError, match="boat"):
        DEFAULT.depth_limit_m("boat")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("walking_speed_mps", 0),
        ("walking_speed_mps", -1.0),
        ("walking_speed_mps", float("nan")),
        ("walking_speed_mps", float("inf")),
        ("walking_speed_mps", "1.1"),
        ("walking_speed_mps", True),
        ("walking_speed_mps", None),
        ("time_limit_min", 0),
        ("max_snap_m", 0),
        ("wet_depth_m", "abc"),
        ("wet_depth_m", 0.6),
        ("slowed_penalty", 0.9),
        ("closed_penalty", 0),
        ("shallow_water_speed_factor", 1.1),
        ("usable_floor_share", 2),
        ("downhill_speed_cap", 1.5),
        ("unknown_capacity_people", -1),
        ("unknown_capacity_people", 1.5),
        ("unknown_capacity_people", float("inf")),
        ("unknown_capacity_people", float("nan")),
        ("evacuating_classes", ()),
        ("evacuating_classes", ("severe",)),
        ("evacuating_classes", 5),
        ("evacuating_classes", None),
        ("mode", "boat"),
        ("bridge_rule", "hope"),
        ("unknown_roads_pass_late", "yes"),
        ("unknown_roads_pass_late", 1),
    ],
)
def test_impossible_value_is_an_assumption_error(name, value):
    with pytest.raises(AssumptionError, match=name) as caught:
        EvacuationAssumptions(**{name: value})
    assert isinstance(caught.value, ValueError)


def test_all_impossible_values_are_named_at_once():
    with pytest.raises(AssumptionError) as caught:
        EvacuationAssumptions(walking_speed_mps=0, mode="boat", time_limit_min=-1)
    assert {entry.column for entry in caught.value.problems} == {
        "walking_speed_mps",
        "mode",
        "time_limit_min",
    }


def test_assumptions_are_frozen_and_hashable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        DEFAULT.mode = "car"
    assert hash(DEFAULT) == hash(EvacuationAssumptions())


def test_list_of_classes_becomes_a_tuple():
    chosen = EvacuationAssumptions(evacuating_classes=["low", "high"])
    assert chosen.evacuating_classes == ("low", "high")


def test_as_dict_is_json_and_says_what_was_changed():
    chosen = dataclasses.replace(DEFAULT, walking_speed_mps=0.9, evacuating_classes=("high",))
    table = json.loads(json.dumps(chosen.as_dict()))
    assert list(table) == FIELDS
    assert table["walking_speed_mps"]["value"] == 0.9
    changed = {name for name, entry in table.items() if entry["changed"]}
    assert changed == {"walking_speed_mps", "evacuating_classes"}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("walking_speed_mps", "0.9", 0.9),
        ("time_limit_min", " 60 ", 60.0),
        ("unknown_capacity_people", "50", 50),
        ("unknown_roads_pass_late", "ya", True),
        ("unknown_roads_pass_late", "tidak", False),
        ("evacuating_classes", "low, high", ("low", "high")),
        ("mode", "car", "car"),
        ("bridge_rule", " raster ", "raster"),
    ],
)
def test_values_are_read_from_text(name, text, value):
    assert getattr(EvacuationAssumptions.from_texts({name: text}), name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("walking_speed_mps", "0,9"),
        ("walking_speed_mps", "fast"),
        ("unknown_capacity_people", "5.5"),
        ("unknown_roads_pass_late", "perhaps"),
        ("wlaking_speed_mps", "1"),
        ("walking_speed_mps", "-1"),
        ("walking_speed_mps", "nan"),
        ("mode", "boat"),
    ],
)
def test_text_that_says_no_value_is_refused_by_name(name, text):
    with pytest.raises(AssumptionError, match=name):
        EvacuationAssumptions.from_texts({name: text})


def test_what_cannot_be_read_and_what_is_impossible_are_named_together():
    texts = {"mode": "kuda", "unknown_capacity_people": "1.5", "kecepatan": "1"}
    with pytest.raises(AssumptionError) as caught:
        EvacuationAssumptions.from_texts(texts)
    assert {problem.column for problem in caught.value.problems} == set(texts)
