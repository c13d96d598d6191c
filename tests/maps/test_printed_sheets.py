from __future__ import annotations

import dataclasses
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from resilience_geo.errors import InputError
from resilience_geo.maps.printed_sheets import (
    PAPERS_MM,
    SCALES,
    _divided,
    _starts,
    check_paper,
    chosen_sheet,
    map_frames,
    scale_that_fits,
    sheet_of,
)


@pytest.mark.parametrize("paper", PAPERS_MM)
@pytest.mark.parametrize(
    ("orientation", "beside"), [("landscape", True), ("portrait", False), ("portrait", True)]
)
def test_nothing_on_a_sheet_overlaps_or_hangs_over(paper, orientation, beside):
    sheet = sheet_of(paper, orientation, beside=beside)
    assert (sheet.width_mm > sheet.height_mm) == (orientation == "landscape")
    boxes = [sheet.head_mm, sheet.map_mm, sheet.foot_mm, *sheet.columns_mm]
    shapes = [box(left, low, left + wide, low + high) for left, low, wide, high in boxes]
    page = box(0, 0, sheet.width_mm, sheet.height_mm).buffer(-sheet.margin_mm + 0.01)
    assert all(page.contains(shape) for shape in shapes)
    for number, shape in enumerate(shapes):
        assert all(shape.distance(other) > 0.3 for other in shapes[:number])
    # The map is what the sheet is for.
    assert shapes[1].area > 0.38 * sheet.width_mm * sheet.height_mm


@given(
    low=st.floats(-1e6, 1e6),
    length=st.floats(1.0, 1e5),
    size=st.floats(100.0, 1e4),
    share=st.floats(0.01, 0.3),
)
def test_sheets_cover_a_stretch_with_at_least_the_overlap(low, length, size, share):
    overlap = share * size
    starts = np.array(_starts(low, low + length, size, overlap))
    assert starts[0] <= low + 1e-6
    assert starts[-1] + size >= low + length - 1e-6
    assert (np.diff(starts) <= size - overlap + 1e-6).all()
    # One sheet less could not cover it with that overlap.
    assert len(starts) == max(1, math.ceil(length / (size - overlap) - 1e-9))


@settings(max_examples=40)
@given(
    places=st.lists(
        st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=5, unique=True
    ),
    side=st.floats(200.0, 3000.0),
    size=st.tuples(st.floats(1500.0, 9000.0), st.floats(1500.0, 9000.0)),
)
def test_every_village_is_on_a_sheet_and_no_sheet_is_empty(places, side, size):
    villages = gpd.GeoSeries(
        [box(x * 1000, y * 1000, x * 1000 + side, y * 1000 + side) for x, y in places],
        crs=32748,
    )
    # 10 mm of overlap at 1:10 000 are 100 m.
    boxes = [box(*frame) for frame in _divided(villages, size, 10_000.0)]
    land = shapely.union_all(villages.to_numpy())
    assert land.difference(shapely.union_all(boxes)).area < 1e-3
    assert all(one.intersects(land) for one in boxes)
    # Read from the north-west, row by row.
    corners = [(-one.bounds[3], one.bounds[0]) for one in boxes]
    assert corners == sorted(corners)


def test_a_frame_has_the_size_of_the_paper_at_its_scale(toy):
    sheet = sheet_of("A3", "landscape")
    (place,) = map_frames(toy.toy_plan(), sheet, 20_000)
    west, south, east, north = place.frame
    # UTM zone 48 south at 106.8 degrees east, 1.8 degrees from its middle: more than 0.9996.
    assert 0.9999 < place.stretch < 1.0002
    assert (east - west) / place.stretch == pytest.approx(sheet.map_mm[2] * 20.0)
    assert (north - south) / place.stretch == pytest.approx(sheet.map_mm[3] * 20.0)


def test_the_convergence_says_where_true_north_lies(toy):
    (place,) = map_frames(toy.toy_plan(), sheet_of("A3", "landscape"), None)
    middle = gpd.GeoSeries([box(*place.frame).centroid], crs=place.crs)
    at = middle.to_crs(4326).iloc[0]
    north = gpd.GeoSeries([Point(at.x, at.y + 0.01)], crs=4326).to_crs(place.crs).iloc[0]
    turned = math.degrees(math.atan2(north.x - middle.iloc[0].x, north.y - middle.iloc[0].y))
    # True north lies left of the top of the map by the convergence where that is positive.
    assert turned == pytest.approx(-place.convergence, abs=0.01)


def _long(toy, wide, high):
    """Return the toy plan with one long village, its routes left out."""
    plan = toy.toy_plan(departure="early")
    villages = plan.villages.iloc[[0]].set_geometry(
        [box(*toy.at(0, 0), *toy.at(wide, high))], crs=toy.CRS
    )
    return dataclasses.replace(plan, villages=villages, routes=plan.routes.iloc[:0])


@pytest.mark.parametrize(
    ("wide", "high", "orientation"), [(12_000, 1500, "landscape"), (1500, 12_000, "portrait")]
)
def test_auto_turns_the_paper_the_way_the_land_lies(toy, wide, high, orientation):
    plan = _long(toy, wide, high)
    sheet, frames = chosen_sheet(plan, "A3", "auto", None)
    assert (sheet.width_mm > sheet.height_mm) == (orientation == "landscape")
    other = "portrait" if orientation == "landscape" else "landscape"
    turned = chosen_sheet(plan, "A3", other, None)[1][0].scale
    assert frames[0].scale <= turned
    # Text below the map leaves upright paper as wide a map as text beside it on a lying one.
    assert (frames[0].scale < turned) == (orientation == "portrait")


def test_sheets_are_few_or_refused(toy):
    plan = toy.toy_plan()
    assert len(map_frames(plan, sheet_of("A4", "landscape"), 5000)) > 1
    with pytest.raises(InputError, match="sheets at this scale"):
        map_frames(plan, sheet_of("A4", "landscape"), 100)


def test_far_shelters_of_few_people_do_not_shrink_the_map(toy):
    plan = toy.toy_plan(departure="early")
    far = plan.routes.iloc[[0]].assign(
        shelter_id="s9", evacuees=1, geometry=[toy.line((0, 0), (90_000, 0))]
    )
    routes = gpd.GeoDataFrame(pd.concat([plan.routes, far], ignore_index=True), crs=toy.CRS)
    near = map_frames(plan, sheet_of("A3", "landscape"), None)[0].scale
    with_far = dataclasses.replace(plan, routes=routes)
    assert map_frames(with_far, sheet_of("A3", "landscape"), None)[0].scale == near
    many = dataclasses.replace(plan, routes=routes.assign(evacuees=100))
    assert map_frames(many, sheet_of("A3", "landscape"), None)[0].scale > 10 * near


@pytest.mark.parametrize("scale", [0, -1, 99, 2_000_000, 1500.5, True])
def test_scales_that_no_map_has_are_refused(scale):
    with pytest.raises(InputError, match="scale"):
        check_paper("A3", "landscape", scale)


def test_papers_and_orientations_that_do_not_exist_are_named_together():
    with pytest.raises(InputError) as caught:
        check_paper("A9", "diagonal", None)
    assert len(caught.value.problems) == 2


@given(st.floats(1.0, 1e6), st.floats(1.0, 1e6), st.floats(50, 1000), st.floats(50, 1000))
def test_the_scale_is_the_largest_round_one_that_fits(wide, high, paper_wide, paper_high):
    scale = scale_that_fits(wide, high, (paper_wide, paper_high))

    def fits(one):
        return wide <= paper_wide * one / 1000 * (1 + 1e-9) and high <= paper_high * one / 1000 * (
            1 + 1e-9
        )

    assert fits(scale)
    assert not any(fits(one) for one in SCALES if one < scale * (1 - 1e-9))
