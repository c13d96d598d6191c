"""Reading a population layer."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from affine import Affine

from resilience_geo.errors import InputError, InputFileError, UnitError
from resilience_geo.inputs.population import read_population
from resilience_geo.inputs.rasters import Grid

ALL = (slice(None), slice(None))
UTM = Affine(100, 0, 700_000, 0, -100, 9_300_000)  # cells of one hectare


def grid(values, nodata=-1.0):
    return Grid.from_array(np.asarray(values), UTM, 32748, nodata)


@pytest.mark.parametrize(
    ("unit", "scale", "expected"),
    [
        ("people_per_cell", 1.0, [[10.0, 0.0], [5.0, 0.5]]),
        ("people_per_cell", 2.0, [[20.0, 0.0], [10.0, 1.0]]),
        ("people_per_ha", 1.0, [[10.0, 0.0], [5.0, 0.5]]),
        ("people_per_ha", 0.1, [[1.0, 0.0], [0.5, 0.05]]),
        ("people_per_km2", 1.0, [[0.1, 0.0], [0.05, 0.005]]),
    ],
)
def test_units(unit, scale, expected):
    people = read_population(grid([[10.0, -1.0], [5.0, 0.5]]), unit, scale)
    np.testing.assert_allclose(people.people(*ALL), expected)
    assert people.people(*ALL).dtype == np.float64
    assert people.total == pytest.approx(np.sum(expected))
    np.testing.assert_allclose(people.people(slice(1, 2), slice(0, 1)), [[expected[1][0]]])


def test_density_in_degrees_uses_the_area_of_each_row():
    north_up = Affine(1, 0, 100, 0, -1, 0)
    layer = Grid.from_array(np.ones((9, 1)), north_up, 4326)
    people = read_population(layer, "people_per_km2").people(*ALL)[:, 0]
    assert people[0] == pytest.approx(12_308, rel=1e-3)  # km2 of a degree at the equator
    assert (np.diff(people) < 0).all()


def test_file_and_whole_numbers(tmp_path):
    path = tmp_path / "jiwa.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=1, width=3, dtype="int16", crs="EPSG:32748",
        transform=UTM, nodata=-99,
    ) as dataset:  # fmt: skip
        dataset.write(np.array([[[4, -99, 6]]], dtype=np.int16))
    people = read_population(path)
    assert people.people(*ALL).tolist() == [[4.0, 0.0, 6.0]]
    assert people.source == str(path)
    with pytest.raises(InputError, match=r"jiwa\.tif.*band="):
        read_population(path, band=2)
    with pytest.raises(InputFileError, match=r"tidak\.tif"):
        read_population(tmp_path / "tidak.tif")


def test_negative_people():
    with pytest.raises(
        InputError, match=r"array, row 1, column 1 \(-9999.0\): found 1 cells.*_nodata"
    ):
        read_population(grid([[1.0, 2.0], [3.0, -9999.0]]))


@pytest.mark.parametrize("unit", ["people", "m", "", "people_per_m2"])
def test_unknown_unit(unit):
    with pytest.raises(UnitError, match="people_per_cell, people_per_ha, people_per_km2"):
        read_population(grid([[1.0]]), unit)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("inf"), float("nan")])
def test_impossible_scale(scale):
    with pytest.raises(UnitError, match=r"scale=.*people_per_cell"):
        read_population(grid([[1.0]]), scale=scale)


def test_unit_guard():
    crowd = np.full((20, 20), 5_000.0)  # 5 000 people on a hectare: 500 000 per km2
    with pytest.raises(UnitError, match=r"array.*2,000,000 people.*100%.*500,000.*unit=.*scale="):
        read_population(grid(crowd))
    assert read_population(grid(crowd), scale=0.1).total == pytest.approx(200_000)
    few = np.full((10, 10), 5_000.0)  # half a million: a stadium is possible
    assert read_population(grid(few)).total == pytest.approx(500_000)
    mixed = np.full((40, 40), 1_000.0)  # one crowded cell among many
    mixed[0, 0] = 5_000.0
    assert read_population(grid(mixed)).total == pytest.approx(1_604_000)


@pytest.mark.real_data
def test_real_population(real_data):
    path = real_data / "jakarta" / "Population_Jakarta_geographic.asc"
    people = read_population(path, "people_per_ha", 0.1)
    assert people.total == pytest.approx(8.9e6, rel=0.005)
    with pytest.raises(UnitError, match=r"Population_Jakarta_geographic\.asc.*355,987,630 people"):
        read_population(path)
    with pytest.raises(UnitError):
        read_population(path, "people_per_ha")


@pytest.mark.parametrize(
    ("stated", "unit"), [("m", "people_per_cell"), ("people", "people_per_km2")]
)
def test_unit_that_the_file_contradicts(tmp_path, stated, unit):
    path = tmp_path / "lapisan.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=1, height=1, count=1, dtype="float32",
        crs="EPSG:4326", transform=rasterio.Affine(0.001, 0, 107, 0, -0.001, -4),
    ) as dataset:  # fmt: skip
        dataset.write(np.ones((1, 1, 1), np.float32))
        dataset.units = [stated]
    with pytest.raises(UnitError, match=rf"lapisan\.tif.*{unit}.*states {stated}"):
        read_population(path, unit=unit)
