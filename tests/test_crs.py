"""The metric CRS of an area, and the one flip to latitude and longitude."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
from numpy.testing import assert_allclose

from resilience_geo.crs import GEOGRAPHIC, metric_crs, metric_crs_of, to_lat_lon, transform_points

UTM = pyproj.CRS.from_epsg(32748)


@pytest.mark.parametrize(
    ("longitude", "latitude", "epsg"),
    [
        (106.8, -6.2, 32748),
        (95.3, 5.5, 32646),
        (140.7, -2.5, 32754),
        (120.0, 0.0, 32651),
        (113.999, -0.01, 32749),
        (114.0, 1.0, 32650),
        (-180.0, -1.0, 32701),
        (180.0, -1.0, 32701),
    ],
)
def test_metric_crs_is_the_utm_zone_of_the_place(longitude, latitude, epsg):
    assert metric_crs(longitude, latitude).to_epsg() == epsg


def test_metric_crs_of_a_box_is_that_of_its_middle():
    assert metric_crs_of((700_000, 9_300_000, 701_000, 9_301_000), UTM).to_epsg() == 32748
    assert metric_crs_of((107.0, -7.0, 110.0, -6.0), GEOGRAPHIC).to_epsg() == 32749


def test_central_meridian_is_at_500_km():
    x, y = transform_points(np.array([105.0]), np.array([0.0]), GEOGRAPHIC, UTM)
    assert_allclose([x[0], y[0]], [500_000, 10_000_000], atol=1e-6)


def test_points_in_their_own_crs_stay():
    x = np.array([1.0, 2.0])
    assert transform_points(x, x, UTM, UTM)[0] is x


def test_there_and_back():
    x, y = np.array([700_123.4, 650_000.0]), np.array([9_300_321.0, 9_250_000.0])
    there = transform_points(x, y, UTM, GEOGRAPHIC)
    assert_allclose(transform_points(*there, GEOGRAPHIC, UTM), [x, y], atol=1e-6)


def test_lat_lon_is_latitude_first():
    points = to_lat_lon(np.array([[106.8, -6.2], [95.0, 5.5]]), GEOGRAPHIC)
    assert_allclose(points, [[-6.2, 106.8], [5.5, 95.0]])
    from_metres = to_lat_lon(np.array([500_000.0, 9_300_000.0]), UTM)
    assert from_metres.shape == (1, 2)
    assert_allclose(from_metres[0, 1], 105.0)
    assert -7 < from_metres[0, 0] < -6
