"""Errors say found, expected and remedy, and survive the way between processes."""

from __future__ import annotations

import builtins
import copy
import inspect
import pickle

import pytest

from resilience_geo import errors
from resilience_geo.errors import (
    ColumnError,
    InputError,
    InputFileError,
    Message,
    Problem,
    ResilienceGeoError,
    UnitError,
    raise_problems,
)

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, ResilienceGeoError) and kind is not ResilienceGeoError
]
BUILTINS = {
    value
    for value in vars(builtins).values()
    if inspect.isclass(value) and issubclass(value, Exception)
} - {Exception}


def problem(found="a {thing}", **values):
    values = values or {"thing": "raster"}
    return Problem(found=Message(found, **values), expected="another", remedy="change it")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_also_the_builtin_a_caller_would_guess(kind):
    assert any(issubclass(kind, builtin) for builtin in BUILTINS)
    assert kind.__doc__


def test_there_are_errors_to_look_at():
    assert {UnitError, ColumnError, InputFileError} <= set(KINDS)


def test_text_of_a_problem_says_place_found_expected_and_remedy():
    one = Problem(
        found="3 cells", expected="none", remedy="drop them", file="a.tif", layer="x", row=0
    )
    assert str(one) == ("a.tif, layer x, row 0: found 3 cells; expected none. Remedy: drop them.")
    assert one.place == "a.tif, layer x, row 0"


def test_problem_without_a_place_begins_with_what_was_found():
    assert str(problem()) == "found a raster; expected another. Remedy: change it."


def test_error_holds_all_problems_one_to_a_line():
    error = InputError([problem(), problem(found="a {thing}", thing="box")])
    assert len(error.problems) == 2
    assert str(error).count("\n") == 1
    assert InputError(problem()).problems == (problem(),)


def test_no_problems_raise_nothing():
    assert raise_problems([]) is None


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([UnitError], UnitError),
        ([ColumnError, ColumnError], ColumnError),
        ([UnitError, ColumnError], InputError),
    ],
)
def test_problems_are_raised_together_as_what_they_share(kinds, expected):
    with pytest.raises(ResilienceGeoError) as caught:
        raise_problems((kind, problem()) for kind in kinds)
    assert type(caught.value) is expected
    assert len(caught.value.problems) == len(kinds)


def test_message_is_text_and_keeps_its_template():
    message = Message("{count} cells of {file}", count=3, file="a.tif")
    assert message == "3 cells of a.tif"
    assert message.template == "{count} cells of {file}"
    assert message.values == {"count": 3, "file": "a.tif"}


@pytest.mark.parametrize("name", ["{b}", "100 %", "Desa <b>{0}</b>", "}{"])
def test_message_holds_any_name(name):
    message = Message("village {name}", name=name)
    assert message == f"village {name}"
    assert message.values == {"name": name}


@pytest.mark.parametrize(
    "again", [copy.deepcopy, copy.copy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_message_survives_pickling(again):
    message = Message("found {a} of {n}", a="{b}", n=3)
    same = again(message)
    assert same == "found {b} of 3"
    assert same.template == message.template
    assert same.values == message.values


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_error_survives_pickling(kind):
    error = kind([problem(), problem(found="{n} rows", n=3)])
    same = pickle.loads(pickle.dumps(error))
    assert type(same) is kind
    assert str(same) == str(error)
    assert same.problems == error.problems
    assert same.problems[1].found.template == "{n} rows"
