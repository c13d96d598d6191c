from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest


def _toy_module():
    """Load the toy plan once; test folders are no packages."""
    name = "toy_plan_for_tests"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("toy_plan.py"))
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def toy():
    return _toy_module()


@pytest.fixture(scope="session")
def plan(toy):
    return toy.toy_plan()
