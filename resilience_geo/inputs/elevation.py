"""Reading ground heights (DEMNAS, SRTM and others)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.errors import Message, Problem, UnitError
from resilience_geo.inputs.rasters import Grid, read_grid

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

# Indonesia lies between the sea and 4884 m (Puncak Jaya); some metres below for polders and noise.
LOWEST_M, HIGHEST_M = -500.0, 9000.0


def read_elevation(
    path: str | Path,
    *,
    band: int | None = None,
    within: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
) -> Grid:
    """Read ground heights in metres.

    Parameters
    ----------
    path
        Raster of heights above the sea, in metres.
    band
        Number of the band, where there are several.
    within
        Only the window around these is read and checked; see `read_grid`.

    Returns
    -------
    Grid
        Heights in metres.

    Raises
    ------
    InputFileError, CrsError, InputError
        As `read_grid`.
    UnitError
        Heights that do not exist on earth: nodata that the file does not declare, or other units.
    """
    grid = read_grid(path, band=band, within=within)
    lowest, highest = np.inf, -np.inf
    for window in grid.windows():
        values, valid = grid.read(*window)
        if valid.any():
            lowest = min(lowest, float(values[valid].min()))
            highest = max(highest, float(values[valid].max()))
    if lowest < LOWEST_M or highest > HIGHEST_M:
        raise UnitError(
            Problem(
                file=grid.name,
                found=Message("heights from {low:g} to {high:g}", low=lowest, high=highest),
                expected=Message(
                    "metres between {low:g} and {high:g}", low=LOWEST_M, high=HIGHEST_M
                ),
                remedy=Message(
                    "declare the nodata value (gdal_edit.py -a_nodata), or convert to metres"
                ),
            )
        )
    return grid
