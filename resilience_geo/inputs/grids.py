"""A raster as a grid: one band, north up, in memory or read in windows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyproj
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from resilience_geo.crs import GEOD
from resilience_geo.errors import InputError, InputFileError, Message, Problem
from resilience_geo.inputs.vectors import usable_crs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from affine import Affine
    from numpy.typing import NDArray

_CELLS_PER_WINDOW = 4_000_000
UNREADABLE = (RasterioError, OSError, ValueError)
"""What rasterio raises for a file it cannot read."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """One band of a raster, north up.

    Parameters
    ----------
    path
        File; None for a grid made from an array.
    band
        Number of the band in `source`.
    transform
        From (column, row) to (x, y) of a cell's upper left corner; north up.
    shape
        Rows and columns.
    crs
        Horizontal CRS of the transform.
    nodata
        Value that stands for no data in the file, or None.
    dtype
        Type of the values `read` gives; whole numbers stay whole numbers.
    values, mask
        The cells and where they are valid; None when they are read from the file in windows.
    source
        What rasterio opens: the path, or a variable within the file.
    south_up
        Whether the file runs from south to north; `read` turns it round.
    factor, offset
        Scale and offset the file states; `read` applies them.
    stated_unit
        Unit the file's tags name, if any. It is a hint for messages; nothing relies on it.
    notes
        What was assumed or turned when the file was opened.
    """

    path: Path | None
    band: int
    transform: Affine
    shape: tuple[int, int]
    crs: pyproj.CRS
    nodata: float | None
    dtype: np.dtype[Any]
    values: NDArray[Any] | None = None
    mask: NDArray[np.bool_] | None = None
    source: str = ""
    south_up: bool = False
    factor: float = 1.0
    offset: float = 0.0
    stated_unit: str | None = None
    notes: tuple[Message, ...] = ()

    @classmethod
    def from_array(
        cls,
        values: NDArray[Any],
        transform: Affine,
        crs: Any,
        nodata: float | None = None,
        *,
        valid: NDArray[np.bool_] | None = None,
    ) -> Grid:
        """Return a grid of values at hand, for tests, notebooks and results of other programs.

        Parameters
        ----------
        values
            Two-dimensional, first row in the north.
        transform
            North-up affine transform of the upper left corner.
        crs
            Anything pyproj understands.
        nodata
            Value of cells without data; NaN and infinite cells never hold data.
        valid
            Same shape, False where there is no data; in addition to `nodata`.

        Raises
        ------
        InputError
            The transform is rotated or not north-up, or the array is not two-dimensional.
        """
        values = np.asarray(values)
        name = "array"
        if values.ndim != 2 or not values.size:  # noqa: PLR2004  # rows and columns
            raise InputError(
                Problem(
                    found=Message("an array of shape {shape}", shape=values.shape),
                    expected=Message("rows and columns"),
                    remedy=Message("give one band"),
                )
            )
        if transform.e > 0:
            _refuse_transform(transform, name)
        check_transform(transform, name)
        mask = _finite(values)
        if nodata is not None and not np.isnan(nodata):
            mask &= values != nodata
        if valid is not None:
            mask &= valid
        return cls(
            path=None,
            band=1,
            transform=transform,
            shape=cast("tuple[int, int]", values.shape),
            crs=usable_crs(pyproj.CRS.from_user_input(crs)),
            nodata=nodata,
            dtype=values.dtype,
            values=values,
            mask=mask,
            source=name,
        )

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        return self.path.name if self.path is not None else self.source

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north in the grid's CRS."""
        rows, columns = self.shape
        west, north = self.transform.c, self.transform.f
        return (west, north + rows * self.transform.e, west + columns * self.transform.a, north)

    def read(self, rows: slice, columns: slice) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return the values of a window and where they are valid.

        Parameters
        ----------
        rows, columns
            Slices within the grid, step 1.

        Returns
        -------
        values : ndarray
            In the file's dtype, unless the file states a scale (then float64).
        valid : ndarray of bool
            False for nodata, NaN, infinite and masked cells.

        Raises
        ------
        InputFileError
            The file has become unreadable, or is truncated.
        """
        if self.values is not None and self.mask is not None:
            return self.values[rows, columns], self.mask[rows, columns]
        top, bottom, _ = rows.indices(self.shape[0])
        left, right, _ = columns.indices(self.shape[1])
        if self.south_up:
            top, bottom = self.shape[0] - bottom, self.shape[0] - top
        window = Window(left, top, max(right - left, 0), max(bottom - top, 0))
        try:
            with quietly(), rasterio.open(self.source) as dataset:
                raw = dataset.read(self.band, window=window)
                valid = dataset.read_masks(self.band, window=window) > 0
        except UNREADABLE as error:
            raise unreadable(self.name, error) from error
        if self.south_up:
            raw, valid = np.ascontiguousarray(raw[::-1]), np.ascontiguousarray(valid[::-1])
        values = self._scaled(raw)
        return values, valid & _finite(values)

    def windows(self) -> Iterator[tuple[slice, slice]]:
        """Yield windows of whole rows, a few million cells each, from north to south."""
        rows, columns = self.shape
        step = max(1, _CELLS_PER_WINDOW // columns)
        for top in range(0, rows, step):
            yield slice(top, min(top + step, rows)), slice(0, columns)

    def _scaled(self, raw: NDArray[Any]) -> NDArray[Any]:
        """Apply the scale and offset the file states."""
        if self.factor == 1.0 and self.offset == 0.0:
            return raw
        values = raw.astype(np.float64)
        # Hundredths are divided by 100: 0.01 has no exact float, and cut points are compared with.
        inverse = round(1.0 / self.factor)
        if inverse and abs(1.0 / self.factor - inverse) < 1e-9 * abs(inverse):
            return values / inverse + self.offset
        return values * self.factor + self.offset


def cell_areas_m2(grid: Grid, rows: slice) -> NDArray[np.float64]:
    """Return the area of one cell in each row.

    Parameters
    ----------
    grid
        Grid in a geographic or projected CRS.
    rows
        Rows wanted.

    Returns
    -------
    ndarray
        Square metres, one per row. In degrees: the exact area on the ellipsoid of the CRS
        (authalic latitude, Snyder 1987, equation 3-12). In a projected CRS: the area on the plane;
        only in the Mercator projections of web maps, which enlarge by the square of the secant of
        the latitude, it is the area on the ground.
    """
    top, bottom, _ = rows.indices(grid.shape[0])
    edges = grid.transform.f + grid.transform.e * np.arange(top, bottom + 1)
    unit = float(grid.crs.axis_info[0].unit_conversion_factor)
    if grid.crs.is_geographic:
        latitudes = np.clip(edges * unit, -np.pi / 2, np.pi / 2)
        return _zone_areas(grid.crs, latitudes) * (grid.transform.a * unit)
    if _is_mercator(grid.crs):
        degrees = pyproj.Transformer.from_crs(grid.crs, grid.crs.geodetic_crs, always_xy=True)
        sides = grid.transform.c + grid.transform.a * np.arange(2)
        (west, east), _ = degrees.transform(sides, np.repeat(edges[0], 2))
        _, latitudes = degrees.transform(np.repeat(sides[0], edges.size), edges)
        return _zone_areas(grid.crs, np.radians(latitudes)) * float(np.radians(east - west))
    area = abs(grid.transform.a * grid.transform.e) * unit**2
    return np.full(edges.size - 1, area, dtype=np.float64)


def _is_mercator(crs: pyproj.CRS) -> bool:
    """Return whether a CRS is a Mercator projection of the normal aspect, as web maps are."""
    operation = crs.coordinate_operation
    method = operation.method_name if operation is not None else ""
    return "Mercator" in method and "Transverse" not in method and "Oblique" not in method


def _zone_areas(crs: pyproj.CRS, latitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area in m2 between successive latitudes (radians), one radian wide."""
    semi_major, semi_minor = _axes(crs)
    sine = np.sin(latitudes)
    squared = 1.0 - (semi_minor / semi_major) ** 2
    if squared == 0.0:
        return np.asarray(np.abs(np.diff(sine)) * semi_major**2)
    eccentricity = np.sqrt(squared)
    authalic = (1.0 - squared) * (
        sine / (1.0 - squared * sine**2) + np.arctanh(eccentricity * sine) / eccentricity
    )
    return np.asarray(np.abs(np.diff(authalic)) * semi_major**2 / 2.0)


def _axes(crs: pyproj.CRS) -> tuple[float, float]:
    """Return the axes of the ellipsoid in metres; of WGS 84 where the CRS states none."""
    ellipsoid = crs.ellipsoid
    if ellipsoid is None:
        return float(GEOD.a), float(GEOD.b)
    return float(ellipsoid.semi_major_metre), float(ellipsoid.semi_minor_metre)


def check_transform(transform: Affine, name: str) -> None:
    """Refuse a grid that is not placed on the earth, rotated, sheared or mirrored."""
    if transform.b or transform.d or transform.a <= 0 or not transform.e or transform.is_identity:
        _refuse_transform(transform, name)


def _refuse_transform(transform: Affine, name: str) -> None:
    """Raise the error for a transform that cannot be used."""
    raise InputError(
        Problem(
            file=name,
            found=Message(
                "a grid with the geotransform {values}", values=tuple(transform.to_gdal())
            ),
            expected=Message("a north-up grid placed on the earth, neither rotated nor mirrored"),
            remedy=Message("georeference it, or turn it north up with gdalwarp"),
        )
    )


def _finite(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where values are numbers."""
    if np.issubdtype(values.dtype, np.floating):
        return np.asarray(np.isfinite(values))
    return np.ones(values.shape, dtype=np.bool_)


def quietly() -> warnings.catch_warnings[None]:
    """Return a context in which rasterio does not warn of what is checked and refused here."""
    return warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning)


def unreadable(name: str, error: Exception) -> InputFileError:
    """Return the error for a file GDAL cannot read."""
    cause = error.__cause__ or error
    return InputFileError(
        Problem(
            file=name,
            found=Message(
                "a file that cannot be read ({reason})", reason=" ".join(str(cause).split())
            ),
            expected=Message("a whole GeoTIFF, ASCII grid or NetCDF file"),
            remedy=Message("open it in QGIS to see whether it is whole, and export it again"),
        )
    )
