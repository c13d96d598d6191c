"""A raster as a grid: one band, north up, in memory or read in windows."""

from __future__ import annotations

import math
import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
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

CELLS_PER_WINDOW = 4_200_000
"""Cells of a window when all of a file is looked at; 16 tiles of 512 x 512."""
_URL = re.compile(r"(?:https?|ftp):/+", re.IGNORECASE)
UNREADABLE = (RasterioError, OSError, ValueError)
"""What rasterio raises for a file it cannot read."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """One band of a raster, north up.

    Parameters
    ----------
    path
        File; None for a grid made from an array, and for one that only GDAL finds (a URL).
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
    first_row, first_column
        Rows and columns of the file, in its own order, that lie before the grid; above 0 where
        only a part of the file is wanted.
    block_shape
        Rows and columns of the blocks that the file is stored in; None without a file.
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
    first_row: int = 0
    first_column: int = 0
    block_shape: tuple[int, int] | None = None

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
        return self.path.name if self.path is not None else name_of(self.source)

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
        window = Window(
            self.first_column + left,
            self.first_row + top,
            max(right - left, 0),
            max(bottom - top, 0),
        )
        try:
            with opened(self.source) as dataset:
                raw = dataset.read(self.band, window=window)
                valid = dataset.read_masks(self.band, window=window) > 0
        except UNREADABLE as error:
            raise unreadable(self.name, error) from error
        if self.south_up:
            raw, valid = np.ascontiguousarray(raw[::-1]), np.ascontiguousarray(valid[::-1])
        values = self._scaled(raw)
        return values, valid & _finite(values)

    def windows(self, max_cells: int = CELLS_PER_WINDOW) -> Iterator[tuple[slice, slice]]:
        """Yield windows that cover the grid, each cell once, from north to south.

        Whole rows; but of a file stored in tiles so wide that one row of tiles would be too many
        cells, whole tiles: no tile is read for two windows.

        Parameters
        ----------
        max_cells
            Cells of a window at most; only a single row, or a single column of tiles, may be more.
        """
        n_rows, n_columns = self.shape
        down, across = self._window_shape(max_cells)
        # South-up files are stored from their last row.
        before = -(self.first_row + n_rows) if self.south_up else self.first_row
        tops = _edges(before, n_rows, down)
        sides = _edges(self.first_column if across < n_columns else 0, n_columns, across)
        for top, bottom in pairwise(tops):
            for left, right in pairwise(sides):
                yield slice(top, bottom), slice(left, right)

    def part(self, rows: slice, columns: slice) -> Grid:
        """Return the grid of a window; what lies beyond it is outside.

        Parameters
        ----------
        rows, columns
            Slices within the grid, step 1, not empty.
        """
        top, bottom, _ = rows.indices(self.shape[0])
        left, right, _ = columns.indices(self.shape[1])
        below = self.shape[0] - bottom
        own = self.transform
        return replace(
            self,
            transform=type(own)(
                own.a, own.b, own.c + left * own.a, own.d, own.e, own.f + top * own.e
            ),
            shape=(bottom - top, right - left),
            first_row=self.first_row + (below if self.south_up else top),
            first_column=self.first_column + left,
            values=None if self.values is None else self.values[top:bottom, left:right],
            mask=None if self.mask is None else self.mask[top:bottom, left:right],
        )

    def _window_shape(self, max_cells: int) -> tuple[int, int]:
        """Return rows and columns of windows."""
        n_columns = self.shape[1]
        stored = self.values is None and self.block_shape
        block_rows, block_columns = self.block_shape if stored and self.block_shape else (1, 1)
        if block_rows * n_columns <= max_cells or block_columns >= n_columns:
            rows = max(1, max_cells // n_columns)
            return max(1, rows - rows % block_rows), n_columns
        if block_rows * block_columns >= max_cells:
            return max(1, max_cells // block_columns), block_columns
        down = block_rows * math.isqrt(max_cells // (block_rows * block_columns))
        return down, max_cells // down // block_columns * block_columns

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


def _edges(before: int, count: int, step: int) -> list[int]:
    """Return where windows along an axis of `count` cells begin and end.

    They end at multiples of `step` counted from `before` cells ahead of the axis.
    """
    return [0, *range(-before % step or step, count, step), count]


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


def is_remote(path: object) -> bool:
    """Return whether only GDAL can find a file: a URL, or a path in one of its file systems."""
    text = str(path)
    return text.startswith("/vsi") or _URL.match(text) is not None


def name_of(path: object) -> str:
    """Return the last part of a path or URL, without what follows a question mark in a URL.

    Signed URLs hold a key there, which belongs in no message and no provenance.

    Examples
    --------
    >>> name_of("https://example.org/krb/banjir.tif?sig=abc")
    'banjir.tif'
    """
    text = str(path).replace("\\", "/")
    if is_remote(text):
        text = text.partition("?")[0]
    return text.rpartition("/")[2]


@contextmanager
def opened(source: str) -> Iterator[Any]:
    """Open a raster for reading; over a network without asking for files that may lie beside it.

    A GeoTIFF holds all that is needed. GDAL would ask for six or more other files, and for a list
    of the folder, one request each.
    """
    network = _URL.match(source) is not None or "/vsicurl" in source
    alone = network and name_of(source).lower().endswith((".tif", ".tiff"))
    options = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"} if alone else {}
    with quietly(), rasterio.Env(**options), rasterio.open(source) as dataset:
        yield dataset


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
