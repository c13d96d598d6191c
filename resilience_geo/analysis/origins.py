"""Origins: the places with at least one whole evacuee."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from resilience_geo.analysis.exposure import whole_per_village
from resilience_geo.crs import transform_points

if TYPE_CHECKING:
    import pandas as pd
    import pyproj

    from resilience_geo.analysis.exposure import PopulatedCells


def origin_table(
    codes: pd.Index, cells: PopulatedCells, evacuees: pd.Series, crs: pyproj.CRS
) -> gpd.GeoDataFrame:
    """Return cells with at least one whole evacuee: `origin_id`, `village_code`, `evacuees`."""
    counts = whole_per_village(cells.village, cells.people, evacuees.to_numpy(dtype=np.int64))
    some = counts > 0
    village = cells.village[some]
    sizes = np.bincount(village, minlength=len(codes))
    rank = np.arange(village.size) - np.repeat(np.cumsum(sizes) - sizes, sizes) + 1
    code = codes.to_numpy(dtype=object)[village]
    x, y = transform_points(cells.x[some], cells.y[some], cells.crs, crs)
    return gpd.GeoDataFrame(
        {
            "origin_id": [f"{one}-{number:05d}" for one, number in zip(code, rank, strict=True)],
            "village_code": code,
            "evacuees": counts[some],
        },
        geometry=shapely.points(x, y),
        crs=crs,
    )
