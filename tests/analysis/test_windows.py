"""Rasters too large for memory are read in windows, with the same answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import rasterio

import resilience_geo as rg
from resilience_geo.analysis import hazard_places
from resilience_geo.inputs import rasters
from tests.analysis.toys import (
    CRS,
    NODATA,
    grid,
    homes,
    line,
    rect,
    road_graph,
    shelters,
    states,
    villages,
)

ROADS = road_graph(
    {1: (15, 15), 2: (485, 390), 3: (15, 390)}, (1, 2), (2, 3), (1, 3, {"via": [(250, 200)]})
)


@pytest.fixture
def files(tmp_path):
    """Write a flood and a population of 40 x 50 cells of 10 m."""
    rng = np.random.default_rng(3)
    depths = rng.choice([0.0, 0.1, 0.5, 0.76, 1.5, NODATA], (40, 50)).astype("float32")
    counts = rng.gamma(1.0, 3.0, (40, 50)).astype("float32")
    paths = {}
    for name, values in (("flood", depths), ("people", counts)):
        like = grid(values)
        paths[name] = tmp_path / f"{name}.tif"
        with rasterio.open(
            paths[name], "w", driver="GTiff", height=40, width=50, count=1, dtype="float32",
            crs=CRS, transform=like.transform, nodata=NODATA,
        ) as dataset:  # fmt: skip
            dataset.write(values, 1)
    return paths


def answers(files):
    hazard = rg.read_hazard(files["flood"], unit="m")
    people = rg.read_population(files["people"])
    frame = villages(A=rect(3, 4, 251, 333), B=rect(251, 4, 480, 399))
    exposure = rg.village_exposure(frame, hazard, people)
    road = states(ROADS, hazard)
    routes = rg.evacuation_routes(
        homes((20, 20), (250, 250), (400, 120)), shelters(line((2, 2), (6, 6)).buffer(1)), ROADS,
        rg.read_hazard(files["people"], kind="generic", unit="m", classes=(50, 60, 70)),
    )  # fmt: skip
    return hazard.grid.mask is None, exposure, road, routes


def test_windows_give_the_answers_of_the_whole(files, monkeypatch):
    in_windows, *whole = answers(files)
    assert not in_windows
    monkeypatch.setattr(rasters, "CELLS_IN_MEMORY", 0)
    monkeypatch.setattr(hazard_places, "_MAX_WINDOW_CELLS", 70)
    in_windows, *parts = answers(files)
    assert in_windows
    for one, other in zip(whole, parts, strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other))
