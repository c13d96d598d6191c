from __future__ import annotations

import base64

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.warp
from shapely.geometry import box

from resilience_geo.crs import GEOGRAPHIC
from resilience_geo.hazard_classes import HIGH, LOW, MEDIUM, NONE, UNKNOWN
from resilience_geo.maps.hazard_picture import (
    LARGEST_SIDE,
    WEB_MERCATOR,
    hazard_picture,
)


def _box(toy, west, south, east, north):
    return rasterio.warp.transform_bounds(
        toy.CRS, GEOGRAPHIC, *toy.at(west, south), *toy.at(east, north)
    )


def _grid_hazard(toy, values, cell):
    rows = values.shape[0]
    transform = toy.Affine(cell, 0, toy.EAST, 0, -cell, toy.NORTH + rows * cell)
    return toy.ToyHazard(grid=toy.Grid(transform, values.shape, toy.CRS), values=values)


def test_single_cells_do_not_vanish_when_a_large_raster_becomes_small(toy):
    values = np.zeros((5000, 6000), dtype=np.uint8)
    rng = np.random.default_rng(3)
    spots = rng.integers(0, (5000, 6000), size=(40, 2))
    for number, (row, column) in enumerate(spots):
        values[row, column] = (LOW, MEDIUM, HIGH, UNKNOWN)[number % 4]
    hazard = _grid_hazard(toy, values, 10.0)
    picture = hazard_picture(hazard, _box(toy, 100, 100, 59_900, 49_900), WEB_MERCATOR)
    assert max(picture.classes.shape) <= LARGEST_SIDE
    west, _, east, north = picture.bounds
    pixel = (east - west) / picture.classes.shape[1]
    for row, column in spots:
        if not (15 < row < 4985 and 15 < column < 5985):
            continue
        x, y = rasterio.warp.transform(
            toy.CRS, WEB_MERCATOR, [toy.EAST + 10 * column + 5], [toy.NORTH + 50_000 - 10 * row - 5]
        )
        i, j = int((north - y[0]) / pixel), int((x[0] - west) / pixel)
        near = picture.classes[max(i - 3, 0) : i + 4, max(j - 3, 0) : j + 4]
        assert values[row, column] in near


def test_the_worst_known_class_wins_then_unknown(toy):
    values = np.zeros((3000, 3000), dtype=np.uint8)
    values[::2, ::2] = UNKNOWN
    picture = hazard_picture(
        _grid_hazard(toy, values, 10.0), _box(toy, 500, 500, 29_500, 29_500), WEB_MERCATOR
    )
    assert picture.present == (UNKNOWN,)
    values[1::10, 1::10] = LOW
    picture = hazard_picture(
        _grid_hazard(toy, values, 10.0), _box(toy, 500, 500, 29_500, 29_500), WEB_MERCATOR
    )
    assert LOW in picture.present


def test_land_outside_the_raster_is_unknown(toy):
    values = np.zeros((20, 20), dtype=np.uint8)
    hazard = _grid_hazard(toy, values, 50.0)
    picture = hazard_picture(hazard, _box(toy, -1000, 0, 1000, 1000), WEB_MERCATOR)
    columns = picture.classes.shape[1]
    assert (picture.classes[:, : columns // 2 - 2] == UNKNOWN).all()
    assert (picture.classes[4:-4, columns // 2 + 4 : -4] == NONE).all()
    far = hazard_picture(hazard, _box(toy, 50_000, 0, 51_000, 1000), WEB_MERCATOR)
    assert far.present == (UNKNOWN,)


@pytest.mark.parametrize(("nodata_means", "empty"), [("none", NONE), ("unknown", UNKNOWN)])
def test_polygons(toy, nodata_means, empty):
    hazard = toy.ToyHazard(
        kind="landslide", polygons=toy.polygon_hazard().polygons, nodata_means=nodata_means
    )
    picture = hazard_picture(hazard, _box(toy, 0, 0, 3000, 2000), WEB_MERCATOR)
    rows, columns = picture.classes.shape
    assert picture.classes[rows // 2, int(columns * 0.43)] == HIGH
    assert picture.classes[rows // 2, int(columns * 0.75)] == LOW
    assert picture.classes[5, 5] == UNKNOWN
    assert empty in picture.present


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_the_png_reads_back(toy, tmp_path):
    hazard = toy.raster_hazard()
    picture = hazard_picture(hazard, _box(toy, 0, 0, 3000, 2000), WEB_MERCATOR)
    head, _, packed = picture.data_uri().partition(",")
    assert head == "data:image/png;base64"
    path = tmp_path / "hazard.png"
    path.write_bytes(base64.b64decode(packed))
    with rasterio.open(path) as image:
        assert image.count == 1
        np.testing.assert_array_equal(image.read(1), picture.pixels())
        assert image.colormap(1)[NONE][3] == 0
        assert image.colormap(1)[HIGH][:3] == (240, 59, 32)
        assert min(image.colormap(1)[value][3] for value in (LOW, HIGH, UNKNOWN)) > 150


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_the_grey_picture_holds_fifty_times_the_class(toy, tmp_path):
    picture = hazard_picture(
        toy.raster_hazard(), _box(toy, -400, 0, 3000, 2400), WEB_MERCATOR, hatched=False
    )
    assert picture.present == (NONE, LOW, MEDIUM, HIGH, UNKNOWN)
    path = tmp_path / "classes.png"
    path.write_bytes(base64.b64decode(picture.classes_uri().partition(",")[2]))
    with rasterio.open(path) as image:
        assert (image.count, image.dtypes[0], image.colorinterp[0].name) == (1, "uint8", "gray")
        np.testing.assert_array_equal(image.read(1), 50 * picture.classes.astype(int))


def test_cells_of_the_grey_picture_lie_where_they_are(toy):
    # One high cell of 100 m among nothing: its edges are no further off than half a pixel of 25 m.
    values = np.zeros((30, 30), dtype=np.uint8)
    values[12, 17] = HIGH
    hazard = _grid_hazard(toy, values, 100.0)
    picture = hazard_picture(hazard, _box(toy, 0, 0, 3000, 3000), WEB_MERCATOR, hatched=False)
    rows, columns = np.nonzero(picture.classes == HIGH)
    west, _, east, north = picture.bounds
    pixel = (east - west) / picture.classes.shape[1]
    assert pixel < 26
    edges = (
        [west + pixel * columns.min(), west + pixel * (columns.max() + 1)],
        [north - pixel * (rows.max() + 1), north - pixel * rows.min()],
    )
    x, y = rasterio.warp.transform(WEB_MERCATOR, toy.CRS, *edges)
    np.testing.assert_allclose(x, [toy.EAST + 1700, toy.EAST + 1800], atol=16)
    np.testing.assert_allclose(y, [toy.NORTH + 1700, toy.NORTH + 1800], atol=16)


def test_unknown_is_hatched(toy):
    picture = hazard_picture(toy.raster_hazard(), _box(toy, -400, 1500, 400, 2400), WEB_MERCATOR)
    inside = picture.pixels()[picture.classes == UNKNOWN]
    assert set(np.unique(inside)) == {UNKNOWN, UNKNOWN + 1}


def test_several_hazards_show_the_gravest_of_each_place(toy):
    # A raster of 500 m cells and polygons: each alone leaves one half of the area unknown.
    values = np.array([[LOW, NONE, UNKNOWN, UNKNOWN]], dtype=np.uint8)
    transform = toy.Affine(500, 0, toy.at(0, 0)[0], 0, -500, toy.at(0, 500)[1])
    raster = toy.ToyHazard(grid=toy.Grid(transform, values.shape, toy.CRS), values=values)
    shapes = [box(*toy.at(0, 0), *toy.at(1000, 500)), box(*toy.at(1000, 0), *toy.at(1500, 500))]
    table = gpd.GeoDataFrame({"hazard_class": [NONE, HIGH]}, geometry=shapes, crs=toy.CRS)
    slide = toy.ToyHazard(kind="landslide", polygons=table)
    for parts in ((raster, slide), (slide, raster)):
        both = toy.ToyHazard(kind="generic", parts=parts)
        picture = hazard_picture(both, _box(toy, 0, 0, 2000, 500), toy.CRS)
        row = picture.classes[picture.classes.shape[0] // 2]
        found = [row[int(row.size * share)] for share in (0.12, 0.37, 0.62, 0.88)]
        assert found == [LOW, NONE, HIGH, UNKNOWN]
