"""Rasters: every format, orientation, nodata, and every way a file can be wrong."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.errors import NotGeoreferencedWarning
from scipy.io import netcdf_file

from resilience_geo.errors import CrsError, InputError, InputFileError
from resilience_geo.inputs import rasters
from resilience_geo.inputs.rasters import Grid, cell_areas_m2, read_grid

ALL = (slice(None), slice(None))
VALUES = np.arange(9, dtype=np.float32).reshape(3, 3)
NORTH_UP = Affine(0.1, 0, 106, 0, -0.1, -6)
GEOD = pyproj.Geod(ellps="WGS84")


def tif(path, values=VALUES, *, transform=NORTH_UP, crs="EPSG:4326", nodata=None, **tags):
    values = np.atleast_3d(values) if values.ndim == 3 else values[np.newaxis]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver="GTiff", count=len(values), height=values.shape[1],
            width=values.shape[2], dtype=values.dtype, crs=crs, transform=transform, nodata=nodata,
        ) as dataset:  # fmt: skip
            dataset.write(values)
            for name, value in tags.items():
                setattr(dataset, name, value)
    return path


def asc(path, text="0 1 2\n3 4 5\n6 7 -9999\n", prj="geographic"):
    header = "ncols 3\nnrows 3\nxllcorner 106\nyllcorner -6.3\ncellsize 0.1\nNODATA_value -9999\n"
    path.write_text(header + text)
    if prj == "geographic":
        path.with_suffix(".prj").write_text(
            "Projection    GEOGRAPHIC\nDatum         WGS84\nSpheroid      WGS84\n"
            "Units         DD\nZunits        NO\nParameters    \n"
        )
    elif prj:
        path.with_suffix(".prj").write_text(prj)
    return path


def netcdf(path, variables, *, south_up=False):
    with netcdf_file(path, "w", mmap=False) as file:
        for name, units, start in (
            ("lat", "degrees_north", -6.05),
            ("lon", "degrees_east", 106.05),
        ):
            file.createDimension(name, 3)
            axis = file.createVariable(name, "d", (name,))
            axis.units = units
            steps = np.arange(3) * (0.1 if name == "lon" else -0.1) + start
            axis[:] = steps[::-1] if name == "lat" and south_up else steps
        for name, values in variables.items():
            cells = file.createVariable(name, "f", ("lat", "lon"))
            cells.units = "m"
            cells._FillValue = np.float32(-1)
            cells[:] = values[::-1] if south_up else values
    return path


@pytest.mark.parametrize("kind", ["tif", "asc", "asc-epsg", "nc", "nc-south-up", "tif-south-up"])
def test_every_format(tmp_path, kind):
    path = {
        "tif": lambda: tif(tmp_path / "a.tif"),
        "asc": lambda: asc(tmp_path / "a.asc", "0 1 2\n3 4 5\n6 7 8.0\n"),
        "asc-epsg": lambda: asc(
            tmp_path / "a.asc", "0 1 2\n3 4 5\n6 7 8.0\n", pyproj.CRS(4326).to_wkt("WKT1_ESRI")
        ),
        "nc": lambda: netcdf(tmp_path / "a.nc", {"depth": VALUES}),
        "nc-south-up": lambda: netcdf(tmp_path / "a.nc", {"depth": VALUES}, south_up=True),
        "tif-south-up": lambda: tif(
            tmp_path / "a.tif", VALUES[::-1], transform=Affine(0.1, 0, 106, 0, 0.1, -6.3)
        ),
    }[kind]()
    grid = read_grid(path)
    values, valid = grid.read(*ALL)
    np.testing.assert_array_equal(values, VALUES)
    assert values.dtype == grid.dtype == np.float32
    assert valid.all()
    assert grid.shape == (3, 3)
    assert grid.crs == pyproj.CRS.from_epsg(4326)
    assert grid.bounds == pytest.approx((106, -6.3, 106.3, -6))
    assert grid.transform.e < 0
    assert any("turned round" in note for note in grid.notes) == (kind == "tif-south-up")


@pytest.mark.parametrize("south_up", [False, True])
def test_windows_are_the_same_from_memory_and_from_the_file(tmp_path, monkeypatch, south_up):
    values = np.arange(35, dtype=np.int16).reshape(5, 7)
    transform = Affine(1, 0, 3, 0, 1, 0) if south_up else NORTH_UP
    path = tif(tmp_path / "a.tif", values, transform=transform, crs="EPSG:32748", nodata=9)
    kept = read_grid(path)
    monkeypatch.setattr(rasters, "CELLS_IN_MEMORY", 0)
    lazy = read_grid(path)
    assert kept.values is not None
    assert lazy.values is None
    for window in [
        ALL,
        (slice(1, 3), slice(2, 7)),
        (slice(0, 1), slice(0, 1)),
        (slice(4, 5), ALL[1]),
    ]:
        for one, other in zip(kept.read(*window), lazy.read(*window), strict=True):
            np.testing.assert_array_equal(one, other)
    expected = values[::-1] if south_up else values
    np.testing.assert_array_equal(lazy.read(slice(1, 3), slice(2, 7))[0], expected[1:3, 2:7])
    np.testing.assert_array_equal(lazy.read(*ALL)[1], expected != 9)


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 40))
def test_windows_cover_every_row_once(rows, columns):
    grid = Grid.from_array(np.zeros((rows, columns)), NORTH_UP, 4326)
    covered = [row for window, _ in grid.windows() for row in range(rows)[window]]
    assert covered == list(range(rows))


def test_nodata_nan_infinite_and_masked_cells_are_not_valid(tmp_path):
    values = np.array([[1, -9999, np.nan], [np.inf, 5, -np.inf]], dtype=np.float32)
    grid = read_grid(tif(tmp_path / "a.tif", values, nodata=-9999))
    expected = [[True, False, False], [False, True, False]]
    np.testing.assert_array_equal(grid.read(*ALL)[1], expected)
    array = Grid.from_array(
        values, NORTH_UP, 4326, -9999, valid=np.array([[1, 1, 1], [1, 0, 1]], dtype=bool)
    )
    np.testing.assert_array_equal(array.read(*ALL)[1], [[1, 0, 0], [0, 0, 0]])


def test_nodata_nan(tmp_path):
    values = np.array([[1, np.nan]], dtype=np.float32)
    np.testing.assert_array_equal(
        read_grid(tif(tmp_path / "a.tif", values, nodata=np.nan)).read(*ALL)[1], [[True, False]]
    )


def test_alpha_band_is_a_mask_and_no_choice(tmp_path):
    bands = np.stack([np.full((2, 2), 7), np.array([[255, 0], [255, 255]])]).astype(np.uint8)
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", count=2, height=2, width=2, dtype="uint8",
        crs="EPSG:4326", transform=NORTH_UP, alpha="yes", photometric="minisblack",
    ) as dataset:  # fmt: skip
        dataset.write(bands)
    grid = read_grid(tmp_path / "a.tif")
    np.testing.assert_array_equal(grid.read(*ALL)[1], [[True, False], [True, True]])


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_dtype_is_kept(tmp_path, dtype):
    grid = read_grid(tif(tmp_path / "a.tif", VALUES.astype(dtype)))
    assert grid.read(*ALL)[0].dtype == dtype


def test_scale_and_offset_of_the_file(tmp_path):
    path = tif(
        tmp_path / "a.tif", np.array([[76, 57, 255]], dtype=np.uint8), nodata=255,
        scales=(0.01,), offsets=(0.0,),
    )  # fmt: skip
    grid = read_grid(path)
    values, valid = grid.read(*ALL)
    assert values[0, :2].tolist() == [0.76, 0.57]  # exactly, as cut points are written
    assert valid.tolist() == [[True, True, False]]
    assert grid.dtype == np.float64
    assert any("scale 0.01" in note for note in grid.notes)
    other = read_grid(tif(tmp_path / "b.tif", VALUES, scales=(3.0,), offsets=(1.0,)))
    np.testing.assert_array_equal(other.read(*ALL)[0], VALUES * 3.0 + 1)


def test_bands(tmp_path):
    path = tif(tmp_path / "a.tif", np.stack([VALUES, VALUES + 10]))
    with pytest.raises(InputError, match=r"a\.tif.*1, 2.*band="):
        read_grid(path)
    assert read_grid(path, band=2).read(*ALL)[0][0, 0] == 10
    assert read_grid(path, band="2").read(*ALL)[0][0, 0] == 10
    for band in (0, 3, "depth", "1:2"):
        with pytest.raises(InputError, match=r"a\.tif.*band="):
            read_grid(path, band=band)


def test_netcdf_variables(tmp_path):
    path = netcdf(tmp_path / "a.nc", {"depth": VALUES, "speed": VALUES + 10})
    with pytest.raises(InputError, match=r"a\.nc.*depth, speed.*band="):
        read_grid(path)
    grid = read_grid(path, band="speed")
    assert grid.read(*ALL)[0][0, 0] == 10
    assert grid.stated_unit == "m"
    assert any("WGS 84" in note for note in grid.notes)
    assert read_grid(path, band="speed:1").read(*ALL)[0][0, 0] == 10
    with pytest.raises(InputError, match="band 2"):
        read_grid(path, band="speed:2")
    with pytest.raises(InputError, match="depth, speed"):
        read_grid(path, band="nope")
    single = netcdf(tmp_path / "b.nc", {"depth": VALUES})
    assert read_grid(single, band="depth").read(*ALL)[0][0, 0] == 0


def test_crs(tmp_path):
    bare = asc(tmp_path / "a.asc", prj=None)
    with pytest.raises(CrsError, match=r"a\.asc.*\.prj"):
        read_grid(bare)
    assert read_grid(bare, crs="EPSG:4326").crs.to_epsg() == 4326
    path = tif(tmp_path / "a.tif")
    with pytest.raises(CrsError, match=r"a\.tif.*WGS 84.*UTM"):
        read_grid(path, crs="EPSG:32748")
    assert read_grid(path, crs=4326).crs.to_epsg() == 4326
    with pytest.raises(CrsError, match=r"b\.tif"):
        read_grid(tif(tmp_path / "b.tif", crs=None))


@pytest.mark.parametrize("code", [4326, 9470, 4755, 32748, 9491, 23836, 3395])
@pytest.mark.parametrize("dialect", ["WKT1_ESRI", "WKT1_GDAL"])
def test_indonesian_crs_are_known_by_their_prj(tmp_path, code, dialect):
    crs = pyproj.CRS.from_epsg(code)
    read = read_grid(asc(tmp_path / "a.asc", prj=crs.to_wkt(dialect))).crs
    assert read.equals(crs, ignore_axis_order=True)
    assert code == 9470 or read == crs  # the GDAL of rasterio has no ESRI name for SRGI2013


@pytest.mark.parametrize(
    "transform",
    [
        Affine(0.1, 0.01, 106, 0.01, -0.1, -6),
        Affine(-0.1, 0, 106, 0, -0.1, -6),
        Affine.identity(),
    ],
)
def test_grids_that_are_turned_or_nowhere(tmp_path, transform):
    path = tif(tmp_path / "a.tif", transform=transform)
    with pytest.raises(InputError, match=r"a\.tif.*gdalwarp"):
        read_grid(path)
    with pytest.raises(InputError, match="gdalwarp"):
        Grid.from_array(VALUES, transform, 4326)


def test_from_array_refuses_other_shapes_and_south_up():
    with pytest.raises(InputError, match="shape"):
        Grid.from_array(np.zeros(3), NORTH_UP, 4326)
    with pytest.raises(InputError, match="north-up"):
        Grid.from_array(VALUES, Affine(0.1, 0, 106, 0, 0.1, -6), 4326)


def test_nothing_but_nodata(tmp_path):
    path = tif(tmp_path / "a.tif", np.zeros((2, 2), np.uint8), nodata=0)
    with pytest.raises(InputError, match=r"a\.tif.*no cell with data.*nodata value of the file: 0"):
        read_grid(path)


def test_complex_numbers(tmp_path):
    with pytest.raises(InputError, match=r"a\.tif.*complex"):
        read_grid(tif(tmp_path / "a.tif", VALUES.astype(np.complex64)))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5])
def test_truncated_tif(tmp_path, share):
    path = tif(tmp_path / "a.tif", np.random.default_rng(0).random((300, 300)))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(InputFileError, match=r"a\.tif.*cannot be read"):
        read_grid(path)


def test_file_that_is_cut_after_opening(tmp_path, monkeypatch):
    monkeypatch.setattr(rasters, "CELLS_IN_MEMORY", 0)
    path = tif(tmp_path / "a.tif", np.random.default_rng(0).random((300, 300)))
    grid = read_grid(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputFileError, match=r"a\.tif"):
        grid.read(*ALL)


@pytest.mark.parametrize("text", ["0 1 2\n3 4", "", "satu dua tiga\n"])
def test_truncated_asc(tmp_path, text):
    with pytest.raises((InputFileError, InputError), match=r"a\.asc"):
        read_grid(asc(tmp_path / "a.asc", text))


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(InputFileError, match=r"x\.tif.*correct the path"):
        read_grid(tmp_path / "x.tif")
    (tmp_path / "catatan.txt").write_text("halo")
    with pytest.raises(InputFileError, match=r"catatan\.txt"):
        read_grid(tmp_path / "catatan.txt")


def test_grid_survives_pickling(tmp_path):
    grid = pickle.loads(pickle.dumps(read_grid(tif(tmp_path / "a.tif"))))
    np.testing.assert_array_equal(grid.read(*ALL)[0], VALUES)


@settings(max_examples=50, deadline=None)
@given(
    st.floats(-80, 80),
    st.sampled_from([0.0001, 0.001, 0.01, 0.1]),
    st.integers(1, 5),
)
def test_areas_in_degrees_are_those_of_the_ellipsoid(north, size, rows):
    grid = Grid.from_array(np.zeros((rows, 2)), Affine(size, 0, 106, 0, -size, north), 4326)
    areas = cell_areas_m2(grid, slice(0, rows))
    assert areas.shape == (rows,)
    # A side along a parallel is no geodesic: the polygon gets many vertices there.
    east = np.linspace(106, 106 + size, 50)
    last = north - (rows - 1) * size
    area, _ = GEOD.polygon_area_perimeter(
        [*east, *east[::-1]], [*np.full(50, last - size), *np.full(50, last)]
    )
    assert areas[-1] == pytest.approx(area, rel=2e-5)


def test_areas_on_a_plane():
    utm = Grid.from_array(np.zeros((4, 2)), Affine(50, 0, 7e5, 0, -20, 9.3e6), 32748)
    assert cell_areas_m2(utm, slice(1, 3)).tolist() == [1000.0, 1000.0]
    feet = Grid.from_array(np.zeros((1, 1)), Affine(100, 0, 7e5, 0, -100, 9.3e6), 2263)
    assert cell_areas_m2(feet, slice(0, 1))[0] == pytest.approx(1e4 * 0.3048006**2, rel=1e-6)


@pytest.mark.parametrize("crs", [3857, 3395])
def test_areas_in_mercator_are_those_on_the_ground(crs):
    to_plane = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    (west, east), (south, north) = to_plane.transform([106, 106.01], [-8.01, -8])
    transform = Affine(east - west, 0, west, 0, south - north, north)
    grid = Grid.from_array(np.zeros((1, 1)), transform, crs)
    degrees = Grid.from_array(np.zeros((1, 1)), Affine(0.01, 0, 106, 0, -0.01, -8), 4326)
    assert cell_areas_m2(grid, slice(0, 1))[0] == pytest.approx(
        cell_areas_m2(degrees, slice(0, 1))[0], rel=1e-9
    )


def test_areas_on_a_sphere():
    crs = pyproj.CRS.from_proj4("+proj=longlat +R=6371000 +no_defs")
    grid = Grid.from_array(np.zeros((1, 1)), Affine(1, 0, 0, 0, -1, 1), crs)
    expected = 6_371_000**2 * np.radians(1) * np.sin(np.radians(1))
    assert cell_areas_m2(grid, slice(0, 1))[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "dtype", "valid"),
    [
        ("Flood_Current_Depth_Jakarta_geographic.asc", "float32", 413_082),
        ("Population_Jakarta_geographic.asc", "float32", 258_495),
        ("jakarta_flood_category_123.asc", "int32", 76_169),
    ],
)
def test_real_grids(real_data, file, dtype, valid):
    grid = read_grid(real_data / "jakarta" / file)
    assert grid.shape == (649, 638)
    assert grid.dtype == dtype
    assert grid.crs == pyproj.CRS.from_epsg(4326)
    assert grid.read(*ALL)[1].sum() == valid
