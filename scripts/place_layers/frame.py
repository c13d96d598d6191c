"""The frame of a place: what is asked for, its grids in metres, and noise laid on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import rasterio.features
import shapely
from pyproj import Transformer
from rasterio.transform import Affine
from sample_place.frame import LONLAT, Array
from scipy import fft

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

MARGIN_M = 4000.0  # of the grids around the villages; a plan reads roads 3 km around them
COARSE, DRAINED = 2, 4  # cells of the grids for roads and for water, in cells of the rasters


class Place(NamedTuple):
    """What is made for a place.

    Parameters
    ----------
    boundary
        File of its villages.
    cell_m
        Side of the cells of heights and hazards.
    seed
        Where chance begins.
    rises_towards
        Where the hills lie, degrees clockwise from north.
    relief_m
        Height of the highest of them.
    stream_km2
        Land that gathers the water of a stream.
    village_people
        People of a village in the middle.
    settlement
        What parts of a village are called.
    landslide
        Whether a landslide map is made besides that of the flood.
    """

    boundary: str
    cell_m: float
    seed: int
    rises_towards: float
    relief_m: float
    stream_km2: float
    village_people: int
    settlement: str
    landslide: bool


@dataclass(frozen=True)
class Frame:
    """The grids of a place, north up, the finest with `rows` times `cols` cells.

    Parameters
    ----------
    place
        What is asked for.
    villages
        Real boundaries, UTM; columns `village_code` (BPS) and `village_name`.
    crs
        WGS 84 / UTM zone of their middle.
    left, top
        Corner of the grids, UTM.
    rows, cols
        A multiple of `DRAINED`.
    """

    place: Place
    villages: gpd.GeoDataFrame
    crs: str
    left: float
    top: float
    rows: int
    cols: int

    @cached_property
    def to_lonlat(self) -> Transformer:
        """From UTM to degrees."""
        return Transformer.from_crs(self.crs, LONLAT, always_xy=True)

    @cached_property
    def area(self) -> shapely.Geometry:
        """All villages as one area, UTM."""
        return shapely.union_all(self.villages.geometry.to_numpy())

    def cell_m(self, step: int = 1) -> float:
        """Side of the cells of the grid that is `step` times coarser, m."""
        return self.place.cell_m * step

    def shape(self, step: int = 1) -> tuple[int, int]:
        """Rows and columns of that grid."""
        return self.rows // step, self.cols // step

    def transform(self, step: int = 1) -> Affine:
        """Where that grid lies."""
        cell_m = self.cell_m(step)
        return Affine(cell_m, 0.0, self.left, 0.0, -cell_m, self.top)

    def centres(self, step: int = 1) -> Array:
        """Middles of its cells, shape (cells, 2), UTM, row by row."""
        rows, cols = self.shape(step)
        col, row = np.meshgrid(np.arange(cols) + 0.5, np.arange(rows) + 0.5)
        cell_m = self.cell_m(step)
        return np.column_stack([self.left + col.ravel() * cell_m, self.top - row.ravel() * cell_m])

    def cells(self, points: Array, step: int = 1) -> NDArray[np.intp]:
        """Numbers of the cells that points lie in; the nearest for points outside."""
        rows, cols = self.shape(step)
        col = np.floor((points[:, 0] - self.left) / self.cell_m(step)).astype(np.intp)
        row = np.floor((self.top - points[:, 1]) / self.cell_m(step)).astype(np.intp)
        return np.clip(row, 0, rows - 1) * cols + np.clip(col, 0, cols - 1)

    def burnt(self, shapes: list[tuple[shapely.Geometry, int]], step: int = 1) -> NDArray[np.int32]:
        """Numbers of areas on a grid, by the middles of its cells; 0 where there is none."""
        found = rasterio.features.rasterize(
            shapes, self.shape(step), transform=self.transform(step), dtype="int32"
        )
        return np.asarray(found, np.int32)


def make_frame(place: Place, villages: gpd.GeoDataFrame) -> Frame:
    """Lay the grids of a place around its villages.

    Parameters
    ----------
    place
        What is asked for.
    villages
        As `read_villages` reads them, any CRS.

    Returns
    -------
    Frame
        Corners on whole cells, `MARGIN_M` or a little more around the villages.
    """
    crs = f"EPSG:{villages.estimate_utm_crs().to_epsg()}"
    metric = villages.to_crs(crs)
    west, south, east, north = metric.total_bounds
    cell_m = place.cell_m
    left, top = (
        np.floor((west - MARGIN_M) / cell_m) * cell_m,
        np.ceil((north + MARGIN_M) / cell_m) * cell_m,
    )
    rows, cols = (
        DRAINED * int(np.ceil(length / (cell_m * DRAINED)))
        for length in (top - south + MARGIN_M, east + MARGIN_M - left)
    )
    return Frame(place, metric, crs, float(left), float(top), rows, cols)


def noise(
    rng: np.random.Generator, shape: tuple[int, int], longest: float, power: float = 1.9
) -> Array:
    """Noise of all wavelengths up to one, the longer the stronger.

    Parameters
    ----------
    rng
        Where chance comes from.
    shape
        Rows and columns.
    longest
        Wavelength up to which strength grows, cells.
    power
        How fast it does; 2 and more is smooth.

    Returns
    -------
    numpy.ndarray
        Mean 0 and spread 1.
    """
    spectrum = fft.rfft2(rng.standard_normal(shape))
    frequency = np.hypot(fft.fftfreq(shape[0])[:, None], fft.rfftfreq(shape[1])[None, :])
    spectrum *= (1.0 + (longest * frequency) ** 2) ** (-power / 2.0)
    spectrum[0, 0] = 0.0
    found: Array = fft.irfft2(spectrum, s=shape)
    found /= found.std()
    return found
