from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from resilience_geo.inputs.hazard_map import graver_class
from resilience_geo.maps import printed_hazard
from resilience_geo.maps.printed_hazard import draw_hazard, hazard_areas

pytest.importorskip("matplotlib")
from affine import Affine
from matplotlib.figure import Figure

CELL = 50.0


def _grid(toy, classes, cell=CELL):
    """Return a hazard of cells whose south-west corner is the toy's."""
    rows = len(classes)
    transform = Affine(cell, 0, toy.EAST, 0, -cell, toy.NORTH + rows * cell)
    return toy.ToyHazard(grid=toy.Grid(transform, classes.shape, toy.CRS), values=classes)


def _frame(toy, west, south, east, north):
    return (*toy.at(west, south), *toy.at(east, north))


classes_of_cells = st.integers(1, 12).flatmap(
    lambda rows: st.integers(1, 12).flatmap(
        lambda columns: st.lists(
            st.lists(st.integers(0, 4), min_size=columns, max_size=columns),
            min_size=rows,
            max_size=rows,
        )
    )
)


@settings(max_examples=60, deadline=None)
@given(classes_of_cells)
def test_areas_are_those_of_the_cells(toy_module, cells):
    classes = np.array(cells, dtype=np.uint8)
    rows, columns = classes.shape
    frame = _frame(toy_module, 0, 0, columns * CELL, rows * CELL)
    areas = hazard_areas(_grid(toy_module, classes), frame, toy_module.CRS, dot_m=1.0)
    for value in (1, 2, 3, 4):
        area = areas[value].area if value in areas else 0.0
        assert area == pytest.approx((classes == value).sum() * CELL**2, abs=1e-3)


@pytest.fixture(scope="module")
def toy_module(toy):
    return toy


def test_land_beyond_the_layer_is_unknown(toy):
    hazard = _grid(toy, np.zeros((4, 4), dtype=np.uint8))
    areas = hazard_areas(hazard, _frame(toy, -100, 0, 200, 200), toy.CRS, dot_m=1.0)
    # 100 m to the west of a layer of 200 m, 200 m high.
    assert list(areas) == [4]
    assert areas[4].area == pytest.approx(100 * 200)
    away = hazard_areas(hazard, _frame(toy, 5000, 5000, 5100, 5100), toy.CRS, dot_m=1.0)
    assert away[4].area == pytest.approx(100 * 100)


def test_no_hazard_vanishes_where_cells_are_merged(toy):
    classes = np.zeros((40, 40), dtype=np.uint8)
    classes[7, 11], classes[30, 2] = 3, 4
    frame = _frame(toy, 0, 0, 2000, 2000)
    areas = hazard_areas(_grid(toy, classes), frame, toy.CRS, dot_m=200.0)
    # Blocks of four by four cells: the whole block of a bad cell is bad.
    assert areas[3].area == pytest.approx(200.0**2)
    assert areas[3].contains(shapely.Point(toy.at(11.5 * CELL, 2000 - 7.5 * CELL)))
    assert areas[4].area == pytest.approx(200.0**2)


@pytest.mark.parametrize(("means", "unknown_m2"), [("none", 800e3), ("unknown", 860e3)])
def test_polygons_keep_their_areas_and_what_lies_between_is_as_said(toy, means, unknown_m2):
    # Two squares of 100 m, 600 m apart, in a frame of 1000 m by 880 m; between them lie 60 000 m2.
    table = gpd.GeoDataFrame(
        {"hazard_class": [2, 3]},
        geometry=[box(*toy.at(x, 100), *toy.at(x + 100, 200)) for x in (100, 800)],
        crs=toy.CRS,
    )
    hazard = toy.ToyHazard(polygons=table, nodata_means=means)
    areas = hazard_areas(hazard, _frame(toy, 0, 0, 1000, 880), toy.CRS, dot_m=1.0)
    assert areas[2].area == pytest.approx(10e3)
    assert areas[3].area == pytest.approx(10e3)
    assert areas[4].area == pytest.approx(unknown_m2)


@settings(max_examples=30)
@given(
    st.lists(st.integers(0, 4), min_size=16, max_size=16),
    st.lists(st.integers(0, 4), min_size=16, max_size=16),
)
def test_of_several_hazards_the_gravest_class_is_drawn(toy_module, one, other):
    layers = [np.array(cells, dtype=np.uint8).reshape(4, 4) for cells in (one, other)]
    both = toy_module.ToyHazard(parts=tuple(_grid(toy_module, cells) for cells in layers))
    frame = _frame(toy_module, 0, 0, 4 * CELL, 4 * CELL)
    areas = hazard_areas(both, frame, toy_module.CRS, dot_m=1.0)
    gravest = graver_class(*layers)
    for value in (1, 2, 3, 4):
        area = areas[value].area if value in areas else 0.0
        assert area == pytest.approx((gravest == value).sum() * CELL**2, abs=1e-3)


def test_too_many_areas_become_a_picture(toy, monkeypatch):
    monkeypatch.setattr(printed_hazard, "_MOST_EDGES", 10)
    plan = toy.toy_plan()
    axes = Figure(figsize=(4, 4)).add_axes((0, 0, 1, 1))
    frame = _frame(toy, 0, 0, 3000, 3000)
    axes.set_xlim(frame[0], frame[2])
    axes.set_ylim(frame[1], frame[3])
    draw_hazard(axes, plan, frame, toy.CRS, "colour_blind")
    assert len(axes.images) == 1
    assert axes.get_xlim() == (frame[0], frame[2])
