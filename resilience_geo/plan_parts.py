"""One village of a plan of many: its own people and ways, in shelters that all of them share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from resilience_geo.errors import InputError, Message, Problem

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from resilience_geo.plan import EvacuationPlan


def village_plan(
    plan: EvacuationPlan, village_code: str, *, buffer_m: float = 3000.0
) -> EvacuationPlan:
    """Return the part of a plan that concerns one village.

    Its people keep the shelters and ways they have in the whole plan, so that seats which
    neighbours share are given to each person once.

    Parameters
    ----------
    plan
        Of several villages.
    village_code
        The village.
    buffer_m
        Roads and shelters this far around the village and its ways stay (m).

    Returns
    -------
    EvacuationPlan
        Exposure, villages, origins, routes and unserved people of the village alone; shelters,
        roads and stretches around it with the people of all villages on them; `outside` holds
        everybody else. It has no `workings`.

    Raises
    ------
    InputError
        The plan has no such village.
    """
    if village_code not in plan.villages.index:
        raise InputError(
            Problem(
                found=Message("no village {text}", text=repr(village_code)),
                expected=Message("a village code of the plan"),
                remedy=Message("take one of plan.villages.index"),
            )
        )
    if len(plan.villages) == 1:
        return plan
    villages = plan.villages.loc[[village_code]]
    routes = _of(plan.routes, village_code)
    near = shapely.union_all(
        [
            villages.geometry.iloc[0].buffer(buffer_m),
            shapely.box(*routes.total_bounds) if len(routes) else shapely.Point(),
        ]
    )
    exposure = plan.exposure.loc[[village_code]]
    others = plan.exposure.drop(index=village_code)
    outside = {
        name: people + float(others[f"people_{name}"].sum())
        for name, people in plan.outside.items()
    }
    shelters = plan.shelters
    around = shapely.intersects(shelters.geometry.to_numpy(), near)
    reached = shelters["shelter_id"].isin(routes["shelter_id"]).to_numpy()
    return replace(
        plan,
        exposure=exposure,
        villages=villages,
        origins=_of(plan.origins, village_code),
        routes=routes,
        shelters=shelters[around | reached],
        roads=_around(plan.roads, near),
        stretches=_around(plan.stretches, near),
        unserved=_of(plan.unserved, village_code),
        outside=outside,
        notes=(
            Message(
                "Part of one plan for {count} villages: people at shelters and on roads, and the "
                "counts of these notes, are those of all of them.",
                count=len(plan.villages),
            ),
            *plan.notes,
        ),
        workings=None,
    )


def _of(table: Any, village_code: str) -> Any:
    """Return the rows of a table that are of a village."""
    rows: pd.Series[bool] = table["village_code"] == village_code
    return table[rows.to_numpy()].reset_index(drop=True)


def _around(table: gpd.GeoDataFrame, near: Any) -> gpd.GeoDataFrame:
    """Return the rows of a table that touch an area, in their order."""
    shapely.prepare(near)
    rows = np.flatnonzero(shapely.intersects(table.geometry.to_numpy(), near))
    return table.iloc[rows]
