from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, box

from resilience_geo.maps.polylines import decode, encode, packed, packed_each


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
    (text,) = packed(layer)
    assert len(decode(text)) == 2
    assert packed(layer[:0]) == []


def test_every_shape_keeps_its_own_rings():
    shape = MultiPolygon(
        [box(0, 0, 900, 900).difference(box(300, 300, 600, 600)), box(2e3, 0, 3e3, 9e2)]
    )
    layer = gpd.GeoSeries([box(5e3, 0, 6e3, 1e3), shape], crs=32748)
    one, three = packed_each(layer)
    assert (len(one), len(three)) == (1, 3)
    ring = shapely.Polygon([(lon, lat) for lat, lon in decode(one[0])])
    metric = gpd.GeoSeries([ring], crs=4326).to_crs(32748)
    assert metric.area.iloc[0] == np.float64(1e6) or abs(metric.area.iloc[0] - 1e6) < 5e3
    assert metric.iloc[0].contains(Point(5.5e3, 500))
