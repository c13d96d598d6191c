"""Where people are not served, near ones put together, for screen and paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from resilience_geo.crs import transform_points
from resilience_geo.maps import content
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

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
    apart = {"x": x, "y": y, "cause": causes[left], "people": people}
    while True:
        places = _in_squares(apart, cell_m) if cell_m > 0 else apart
        if most is None or places["people"].size <= most:
            break
        cell_m = cell_m * 2.0 or _FIRST_CELL_M
    order = np.argsort(-places["people"], kind="stable")
    return pd.DataFrame({name: values[order] for name, values in places.items()})


def _in_squares(apart: dict[str, NDArray[Any]], side_m: float) -> dict[str, NDArray[Any]]:
    """Return the middles of the people of one cause in one square, in the order of the first."""
    people = apart["people"]
    table = pd.DataFrame({**apart, "x": apart["x"] * people, "y": apart["y"] * people})
    squares = [np.floor(apart[name] / side_m) for name in ("x", "y")]
    sums = table.groupby([table["cause"], *squares], sort=False)[["x", "y", "people"]].sum()
    together = sums["people"].to_numpy()
    return {
        "x": sums["x"].to_numpy() / together,
        "y": sums["y"].to_numpy() / together,
        "cause": sums.index.get_level_values(0).to_numpy(dtype=object),
        "people": together,
    }
