"""Opening a raster: which band, which CRS, and whether it can be computed with."""

from __future__ import annotations

import dataclasses
import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
from rasterio.enums import ColorInterp

from resilience_geo.crs import GEOGRAPHIC, transformer
from resilience_geo.errors import (
    CrsError,
    InputError,
    InputFileError,
    Message,
    OverlapError,
    Problem,
)
from resilience_geo.inputs.grids import (
    UNREADABLE,
    Grid,
    cell_areas_m2,
    check_transform,
    is_remote,
    name_of,
    opened,
    unreadable,
)
from resilience_geo.inputs.made_up import raster_notes
from resilience_geo.inputs.vectors import usable_crs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

__all__ = [
    "AROUND_M",
    "CELLS_IN_MEMORY",
    "Grid",
    "around",
    "cell_areas_m2",
    "is_remote",
    "name_of",
    "read_grid",
    "source_of",
]

CELLS_IN_MEMORY = 20_000_000
AROUND_M = 3000.0
"""How far around villages a raster is read, as far as `read_roads` reads roads."""
# The shortest degree on WGS 84: of latitude, at the equator.
_DEGREE_M = 110_574.0


def read_grid(
    path: str | Path,
    *,
    band: int | str | None = None,
    crs: Any | None = None,
    within: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
) -> Grid:
    """Open one band of a raster and check that it can be computed with.

    Parameters
    ----------
    path
        GeoTIFF, ASCII grid (with its .prj), NetCDF, or another raster GDAL reads; also the address
        of one (https://...), or a path in a file system of GDAL (/vsizip/..., /vsicurl/...).
    band
        Number of the band from 1, or name of the variable ("depth", or "depth:2" for its second
        step); needed when there are several.
    crs
        CRS of a file that names none.
    within
        Villages: only the cells in the box around them, 3 km wider, are read. Of a tiled file
        (COG) over a network only those tiles are fetched.

    Returns
    -------
    Grid
        North up; values in memory when there are at most 20 million cells.

    Raises
    ------
    InputFileError
        The file is missing, truncated, or no raster.
    InputError
        Several bands without a choice, a rotated grid, complex numbers, or no data at all.
    OverlapError
        The raster lies apart from `within`.
    CrsError
        The file names no CRS and none is given, or it names another one.
    """
    if is_remote(path):
        grid = _opened(_whole_address(str(path)), None, band=band, crs=crs)
    else:
        path = Path(path)
        _check_exists(path)
        grid = _opened(str(path), path, band=band, crs=crs)
    if within is not None:
        grid = around(within, grid)
    if grid.shape[0] * grid.shape[1] <= CELLS_IN_MEMORY:
        values, valid = grid.read(slice(None), slice(None))
        grid = dataclasses.replace(grid, values=values, mask=valid)
    if not any(grid.read(*window)[1].any() for window in grid.windows()):
        raise InputError(
            Problem(
                file=grid.name,
                found=Message("no cell with data"),
                expected=Message("at least one cell that is not nodata"),
                remedy=Message("check the nodata value of the file: {value}", value=grid.nodata),
            )
        )
    return grid


def source_of(path: object) -> str:
    """Return a path or URL as it may be told to others, without the key of a signed URL."""
    return _whole_address(str(path)).partition("?")[0] if is_remote(path) else str(path)


def _whole_address(text: str) -> str:
    """Return a URL with both slashes, one of which is lost where it was made a Path."""
    return re.sub(r"^(\w+):/+", r"\1://", text)


def _check_exists(path: Path) -> None:
    """Refuse a path without a file."""
    # Path.exists raises where a path cannot even be looked up; such a file is not there.
    if not os.path.exists(path):  # noqa: PTH110
        raise InputFileError(
            Problem(
                file=path.name or str(path),
                found=Message("no file at {path}", path=path),
                expected=Message("a raster file"),
                remedy=Message("correct the path"),
            )
        )


def _opened(address: str, path: Path | None, *, band: int | str | None, crs: Any | None) -> Grid:
    """Return the grid of a file, without its values."""
    name = name_of(address)
    try:
        with opened(address) as dataset:
            source, number = _choose_band(dataset, address, band)
            if source == address:
                grid = _described(dataset, name, band=number, crs=crs)
        if source != address:
            with opened(source) as dataset:
                grid = _described(dataset, name, band=number, crs=crs)
    except UNREADABLE as error:
        if isinstance(error, (InputError, InputFileError)):
            raise
        raise unreadable(name, error) from error
    return dataclasses.replace(grid, path=path, source=source)


def around(within: gpd.GeoDataFrame | gpd.GeoSeries, grid: Grid) -> Grid:
    """Return the part of a grid in the box around some villages, `AROUND_M` wider.

    Raises
    ------
    OverlapError
        They lie apart.
    """
    west, south, east, north = transformer(pyproj.CRS(within.crs), GEOGRAPHIC).transform_bounds(
        *within.total_bounds
    )
    widest = min(max(abs(south), abs(north)), 89.0)
    along, up = AROUND_M / (_DEGREE_M * math.cos(math.radians(widest))), AROUND_M / _DEGREE_M
    box = (west - along, max(south - up, -90.0), east + along, min(north + up, 90.0))
    box = transformer(GEOGRAPHIC, grid.crs).transform_bounds(*box)
    rows = _cells_between(grid.transform.f, grid.transform.e, grid.shape[0], (box[3], box[1]))
    columns = _cells_between(grid.transform.c, grid.transform.a, grid.shape[1], (box[0], box[2]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        raise OverlapError(
            Problem(
                file=grid.name,
                found=Message(
                    "a raster within {extent}", extent=[round(side, 4) for side in grid.bounds]
                ),
                expected=Message(
                    "a raster of the villages within {other}",
                    other=[round(side, 4) for side in box],
                ),
                remedy=Message(
                    "take a file of this area, or check the coordinate reference systems of both"
                ),
            )
        )
    return grid.part(rows, columns)


def _cells_between(start: float, step: float, count: int, ends: tuple[float, float]) -> slice:
    """Return the cells of an axis that lie between two places, or partly."""
    first, last = ((end - start) / step for end in ends)
    return slice(max(math.floor(first), 0), min(math.ceil(last), count))


def _choose_band(dataset: Any, address: str, band: int | str | None) -> tuple[str, int]:
    """Return what to open and the number of the band in it."""
    variables = {text.rpartition(":")[2].strip('"'): text for text in dataset.subdatasets}
    bands = [
        number
        for number, meaning in enumerate(dataset.colorinterp, start=1)
        if meaning != ColorInterp.alpha
    ]
    if band is None and len(bands) == 1:
        return address, bands[0]
    if band is None and not bands and len(variables) == 1:
        return next(iter(variables.values())), 1
    variable, _, step = str(band or "").partition(":")
    if variable.isdigit() and not step and int(variable) in bands:
        return address, int(variable)
    own = dataset.tags(1).get("NETCDF_VARNAME", "") if dataset.count else ""
    if variable and own == variable:
        variables[variable] = address
    if variable in variables and (not step or step.isdigit()):
        return variables[variable], int(step or 1)
    choices: Sequence[object] = [*variables, *bands]
    raise InputError(
        Problem(
            file=name_of(address),
            found=Message(
                "the bands or variables {names}", names=", ".join(map(str, choices)) or "(none)"
            ),
            expected=Message("one band, or a choice"),
            remedy=Message("choose one with band="),
        )
    )


def _described(dataset: Any, name: str, *, band: int, crs: Any | None) -> Grid:
    """Return the grid of an opened dataset, without its values."""
    notes: list[Message] = [*raster_notes(dataset.tags())]
    if not 1 <= band <= dataset.count:
        raise InputError(
            Problem(
                file=name,
                found=Message("{count} bands", count=dataset.count),
                expected=Message("band {band}", band=band),
                remedy=Message("choose a band that exists with band="),
            )
        )
    dtype = np.dtype(dataset.dtypes[band - 1])
    if np.issubdtype(dtype, np.complexfloating):
        raise InputError(
            Problem(
                file=name,
                found=Message("complex numbers"),
                expected=Message("whole or decimal numbers"),
                remedy=Message("export the band that holds the hazard or the people"),
            )
        )
    transform = dataset.transform
    check_transform(transform, name)
    south_up = transform.e > 0
    if south_up:
        transform = type(transform)(
            transform.a, 0.0, transform.c, 0.0, -transform.e,
            transform.f + dataset.height * transform.e,
        )  # fmt: skip
        notes.append(Message("{file}: runs from south to north; it was turned round", file=name))
    factor, offset = float(dataset.scales[band - 1]), float(dataset.offsets[band - 1])
    if (factor, offset) != (1.0, 0.0):
        dtype = np.dtype(np.float64)
        notes.append(
            Message(
                "{file}: its scale {factor} and offset {offset} were applied",
                file=name,
                factor=factor,
                offset=offset,
            )
        )
    tags = {key.lower(): str(value) for key, value in dataset.tags(band).items()}
    return Grid(
        path=None,
        band=band,
        transform=transform,
        shape=(dataset.height, dataset.width),
        crs=_crs_of(dataset, name, crs, notes),
        nodata=dataset.nodatavals[band - 1],
        dtype=dtype,
        block_shape=dataset.block_shapes[band - 1],
        south_up=south_up,
        factor=factor,
        offset=offset,
        stated_unit=dataset.units[band - 1] or tags.get("units") or tags.get("unit"),
        notes=tuple(notes),
    )


def _crs_of(dataset: Any, name: str, given: Any | None, notes: list[Message]) -> pyproj.CRS:
    """Return the CRS of a dataset, or the one given for it."""
    own = None
    if dataset.crs:
        own = pyproj.CRS.from_wkt(dataset.crs.to_wkt())
        own = usable_crs(own, likely=dataset.crs.to_epsg())
    axes = {value for key, value in dataset.tags().items() if key.endswith("#units")}
    if own is None and {"degrees_north", "degrees_east"} <= axes:
        own = GEOGRAPHIC
        notes.append(
            Message("{file}: its axes are degrees of no stated datum; taken as WGS 84", file=name)
        )
    if given is None and own is not None:
        return own
    found = Message("no coordinate reference system")
    remedy = Message("write a .prj file beside it, or set it with gdal_edit.py -a_srs EPSG:...")
    if given is not None:
        stated = usable_crs(pyproj.CRS.from_user_input(given))
        if own is None or own.equals(stated, ignore_axis_order=True):
            return stated
        found = Message("the CRS {own}, not {given}", own=own.name, given=stated.name)
        remedy = Message("leave out crs=, or correct the file with gdal_edit.py -a_srs EPSG:...")
    raise CrsError(
        Problem(
            file=name,
            found=found,
            expected=Message("a raster that names its CRS"),
            remedy=remedy,
        )
    )
