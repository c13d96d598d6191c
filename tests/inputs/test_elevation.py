"""Reading ground heights."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from affine import Affine

from resilience_geo.errors import InputFileError, UnitError
from resilience_geo.inputs.elevation import read_elevation


def tif(path, values, nodata=None):
    values = np.asarray(values, dtype=np.float32)
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=values.shape[0], width=values.shape[1],
        dtype="float32", crs="EPSG:4326", transform=Affine(0.1, 0, 106, 0, -0.1, -6), nodata=nodata,
    ) as dataset:  # fmt: skip
        dataset.write(values[np.newaxis])
    return path


def test_heights(tmp_path):
    grid = read_elevation(tif(tmp_path / "dem.tif", [[-3, 12.5], [-9999, 4884]], nodata=-9999))
    values, valid = grid.read(slice(None), slice(None))
    assert values[valid].tolist() == [-3.0, 12.5, 4884.0]


@pytest.mark.parametrize("value", [-9999, -32768, 20_000])
def test_heights_that_do_not_exist(tmp_path, value):
    with pytest.raises(UnitError, match=r"dem\.tif.*a_nodata"):
        read_elevation(tif(tmp_path / "dem.tif", [[1, value]]))


def test_missing(tmp_path):
    with pytest.raises(InputFileError, match=r"dem\.tif"):
        read_elevation(tmp_path / "dem.tif")
