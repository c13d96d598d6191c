"""Where people are not served, near ones put together, for screen and paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from resilience_geo.crs import transform_points
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
    origins = plan.origins
    causes, people = origins["status"].to_numpy(dtype=object), origins["evacuees"].to_numpy()
    left = np.flatnonzero(
        content.is_departure(origins, departure) & np.isin(causes, UNSERVED_CAUSES) & (people > 0)
    )
    middles = shapely.get_coordinates(np.asarray(origins.geometry.array)[left])
    x, y = transform_points(middles[:, 0], middles[:, 1], origins.crs, crs)
    people = people[left].astype(np.int64)
    table = pd.DataFrame(
        {"x": x * people, "y": y * people, "cause": causes[left], "people": people}
    )
    places = table if cell_m <= 0 else _in_squares(table, cell_m)
    while most is not None and len(places) > most:
        cell_m = cell_m * 2.0 or _FIRST_CELL_M
        places = _in_squares(table, cell_m)
    places["x"] /= places["people"]
    places["y"] /= places["people"]
    return places.iloc[np.argsort(-places["people"].to_numpy(), kind="stable")].reset_index(
        drop=True
    )


def _in_squares(table: pd.DataFrame, side_m: float) -> pd.DataFrame:
    """Return places (people times metres) of one cause in one square together, in their order."""
    columns = (np.floor(table[name] / table["people"] / side_m) for name in ("x", "y"))
    places = table.groupby([table["cause"], *columns], sort=False)[["x", "y", "people"]].sum()
    places["cause"] = places.index.get_level_values(0)
    return places
