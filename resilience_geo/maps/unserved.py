"""Where people are not served, near ones put together, for screen and paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_geo.maps import content
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    import pyproj

    from resilience_geo.plan import EvacuationPlan

_FIRST_CELL_M = 50.0


def unserved_places(
    plan: EvacuationPlan,
    departure: str,
    crs: pyproj.CRS,
    *,
    cell_m: float = 0.0,
    most: int | None = None,
) -> pd.DataFrame:
    """Return people who are not served by place and cause, most people first.

    Parameters
    ----------
    plan
        The plan.
    departure
        `early` or `late`.
    crs
        Metric CRS of the places.
    cell_m
        Origins of one cause in one square of this side become one place; 0 keeps them apart.
    most
        Squares grow until there are no more places than this.

    Returns
    -------
    pandas.DataFrame
        Columns `x`, `y` (middle of the people, metres), `cause`, `people`. Nobody is lost.
    """
    origins = content.of_departure(plan.origins, departure)
    left = origins[origins["status"].isin(UNSERVED_CAUSES) & (origins["evacuees"] > 0)]
    metres = left.geometry.to_crs(crs)
    people = left["evacuees"].to_numpy(dtype=np.int64)
    table = pd.DataFrame(
        {
            "x": metres.x.to_numpy() * people,
            "y": metres.y.to_numpy() * people,
            "cause": left["status"].to_numpy(dtype=object),
            "people": people,
        }
    )
    while True:
        size = cell_m
        keys = (
            [table["cause"], table.index]
            if size <= 0
            else [
                table["cause"],
                np.floor(table["x"] / table["people"] / size),
                np.floor(table["y"] / table["people"] / size),
            ]
        )
        places = table.groupby(keys, sort=False)[["x", "y", "people"]].sum()
        if most is None or len(places) <= most:
            break
        cell_m = cell_m * 2.0 or _FIRST_CELL_M
    places["cause"] = places.index.get_level_values(0)
    places["x"] /= places["people"]
    places["y"] /= places["people"]
    return places.sort_values("people", ascending=False, kind="stable").reset_index(drop=True)
