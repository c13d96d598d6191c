from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, box

from resilience_geo.maps.polylines import (
    decode,
    decode_numbers,
    encode,
    encode_columns,
    encode_numbers,
    encode_points,
    pack_lines,
    packed,
    packed_areas,
    packed_by_kind,
    simplified_areas,
    unpack_lines,
)


def _degrees(low, high):
    return st.floats(low, high, allow_nan=False).map(lambda value: round(value, 5))


places = st.lists(st.tuples(_degrees(90, 145), _degrees(-12, 8)), min_size=2, max_size=20)


@given(st.lists(places, min_size=1, max_size=5))
def test_what_is_packed_comes_back(lines):
    shapes = np.array([LineString(line) for line in lines])
    for line, text in zip(lines, encode(shapes), strict=True):
        np.testing.assert_allclose(decode(text), [(y, x) for x, y in line], atol=1.01e-5)


def test_the_published_example():
    assert decode("_p~iF~ps|U_ulLnnqC_mqNvxq`@") == [
        (38.5, -120.2),
        (40.7, -120.95),
        (43.252, -126.453),
    ]


def test_lines_that_meet_become_one_and_points_are_dropped():
    layer = gpd.GeoSeries(
        [LineString([(0, 0), (50, 0.5), (100, 0)]), LineString([(100, 0), (200, 0)])],
        crs=32748,
    )
    ((first, last),) = unpack_lines(packed(layer))
    there = gpd.GeoSeries([Point(first[::-1]), Point(last[::-1])], crs=4326).to_crs(32748)
    assert there.iloc[0].distance(there.iloc[1]) == pytest.approx(200, abs=1.5)
    assert packed(layer[:0]) == ["", ""]


@given(st.lists(st.integers(-(2**33), 2**33)))
def test_numbers_come_back(values):
    assert decode_numbers(encode_numbers(values)) == values


@given(st.lists(places, max_size=6), st.booleans())
def test_packs_come_back_whole(lines, ordered):
    shapes = np.array([LineString(line) for line in lines], dtype=object)
    found = unpack_lines(pack_lines(shapes, ordered=ordered))
    expected = [[(y, x) for x, y in line] for line in lines]
    if not ordered:  # lines may come in another order, each as it was
        found, expected = sorted(found), sorted(expected)
    assert [len(line) for line in found] == [len(line) for line in expected]
    for line, whole in zip(found, expected, strict=True):
        np.testing.assert_allclose(line, whole, atol=1.01e-5)


def test_a_pack_is_smaller_than_its_lines_apart():
    rng = np.random.default_rng(2)
    corners = rng.uniform((106.7, -6.2), (106.8, -6.1), (500, 2))
    lines = shapely.linestrings(np.stack([corners, corners + 1e-3], axis=1))
    assert sum(map(len, pack_lines(lines))) < 0.75 * sum(len(text) for text in encode(lines))


def test_points_alone():
    assert encode_points(np.empty((0, 2))) == ""
    assert decode(encode_points(np.array([[106.8, -6.2]]))) == [(-6.2, 106.8)]


def test_every_shape_keeps_its_own_rings():
    shape = MultiPolygon(
        [box(0, 0, 900, 900).difference(box(300, 300, 600, 600)), box(2e3, 0, 3e3, 9e2)]
    )
    layer = gpd.GeoSeries([box(5e3, 0, 6e3, 1e3), shape], crs=32748)
    one, three = packed_areas(layer)
    assert (len(one), len(three)) == (1, 3)
    ring = shapely.Polygon([(lon, lat) for lat, lon in decode(one[0])])
    metric = gpd.GeoSeries([ring], crs=4326).to_crs(32748)
    assert metric.area.iloc[0] == np.float64(1e6) or abs(metric.area.iloc[0] - 1e6) < 5e3
    assert metric.iloc[0].contains(Point(5.5e3, 500))


def _neighbours():
    """Return two areas side by side whose common border swings to and fro."""
    rng = np.random.default_rng(4)
    border = [(1000 + east, 10.0 * step) for step, east in enumerate(rng.uniform(-4, 4, 101))]
    west = shapely.Polygon([(0, 0), *border, (0, 1000)])
    east = shapely.Polygon([(2000, 0), (2000, 1000), *border[::-1]])
    return west, east


@pytest.mark.parametrize("overlapping", [False, True])
def test_neighbours_keep_one_border_with_fewer_points(overlapping):
    shapes = [*_neighbours(), *([box(1800, 400, 2600, 700)] if overlapping else [])]
    whole = gpd.GeoSeries(shapes, crs=32748)
    assert shapely.coverage_is_valid(np.array(shapes)) is not overlapping
    light = simplified_areas(whole, 3.0)
    west, east = light.iloc[:2]
    assert shapely.get_num_coordinates(west) < 60
    assert west.intersection(east).area == pytest.approx(0, abs=1e-6)
    assert west.union(east).area == pytest.approx(2e6, rel=2e-3)
    assert len(shapely.get_parts(west.union(east))) == 1
    assert west.union(east).geom_type == "MultiPolygon" or not west.union(east).interiors
    for one, other in zip(whole, light, strict=True):
        assert one.hausdorff_distance(other) < 10
    # The points of the border are the same on both sides, also when packed.
    rings = [set(decode(texts[0])) for texts in packed_areas(whole)[:2]]
    common = set(map(tuple, shapely.get_coordinates(west))) & set(
        map(tuple, shapely.get_coordinates(east))
    )
    assert len(rings[0] & rings[1]) == len(common) > 2


def test_a_narrow_strip_between_two_areas_neither_vanishes_nor_crosses_them():
    rng = np.random.default_rng(6)
    middle = 1000 + rng.uniform(-5, 5, 101)
    left, right = (
        [(east + half, 10.0 * step) for step, east in enumerate(middle)] for half in (-0.7, 0.7)
    )
    shapes = [
        shapely.Polygon([(0, 0), *left, (0, 1000)]),
        shapely.Polygon([*right, *left[::-1]]),
        shapely.Polygon([(2000, 0), (2000, 1000), *right[::-1]]),
    ]
    light = simplified_areas(gpd.GeoSeries(shapes, crs=32748), 3.0)
    assert light.is_valid.all()
    assert light.iloc[1].area > 500
    assert shapely.coverage_is_valid(np.asarray(light.array))


def test_islands_and_holes_stay_apart_where_areas_overlap():
    shape = MultiPolygon(
        [box(0, 0, 900, 900).difference(box(300, 300, 600, 600)), box(2e3, 0, 3e3, 9e2)]
    )
    layer = gpd.GeoSeries([shape, box(800, 0, 1200, 900)], crs=32748)
    light = simplified_areas(layer, 3.0)
    for one, other in zip(layer, light, strict=True):
        assert one.symmetric_difference(other).area == pytest.approx(0, abs=1e-6)
        assert shapely.get_num_geometries(one) == shapely.get_num_geometries(other)


def test_small_areas_do_not_vanish():
    layer = gpd.GeoSeries([box(0, 0, 1, 1), box(0.5, 0, 900, 900)], crs=32748)
    light = simplified_areas(layer, 5.0)
    assert light.iloc[0].area == pytest.approx(1)


def test_points_have_no_rings():
    assert packed_areas(gpd.GeoSeries([Point(7e5, 9.3e6)], crs=32748)) == [[]]
    assert packed_areas(gpd.GeoSeries([], crs=32748)) == []


def test_lines_that_are_missing_or_empty_are_left_out():
    shapes = [LineString([(106.8, -6.2), (106.9, -6.2)]), None, LineString()]
    alone = packed(gpd.GeoSeries(shapes[:1], crs=4326))
    assert packed(gpd.GeoSeries(shapes, crs=4326)) == alone
    assert any(alone)


def test_kinds_are_packed_apart():
    one, other = LineString([(0, 0), (100, 0)]), LineString([(100, 0), (200, 0)])
    crs = gpd.GeoSeries([], crs=32748).crs
    shapes = np.array([one, other], dtype=object)
    first, none, second = packed_by_kind(shapes, np.array([2, 0]), 3, crs)
    assert none == ["", ""]
    for pack, line in ((first, other), (second, one)):
        (points,) = unpack_lines(pack)
        ends = gpd.GeoSeries([Point(point[::-1]) for point in points], crs=4326).to_crs(crs)
        assert [ends.iloc[0].distance(Point(line.coords[0])) < 1, len(points)] == [True, 2]
        assert ends.iloc[1].distance(Point(line.coords[1])) < 1


@given(st.lists(st.lists(st.integers(-(2**33), 2**33), max_size=5), max_size=4))
def test_columns_come_back(columns):
    packed_columns = encode_columns(
        {str(number): np.array(values, dtype=np.int64) for number, values in enumerate(columns)}
    )
    assert list(map(decode_numbers, packed_columns.values())) == columns


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), min_size=2, unique=True),
)
def test_lines_follow_one_another_as_their_bits_by_turns(begins):
    lines = np.array(
        [LineString([(x / 1e5, y / 1e5), (x / 1e5 + 1, y / 1e5)]) for x, y in begins], dtype=object
    )

    def by_turns(begin):
        bits = zip(f"{begin[1]:012b}", f"{begin[0]:012b}", strict=True)
        return int("".join(map("".join, bits)), 2)

    found = [line[0][::-1] for line in unpack_lines(pack_lines(lines))]
    west, south = (min(begin[axis] for begin in begins) for axis in (0, 1))
    order = sorted(((x - west, y - south) for x, y in begins), key=by_turns)
    wanted = [((x + west) / 1e5, (y + south) / 1e5) for x, y in order]
    np.testing.assert_allclose(found, wanted, atol=1e-9)
