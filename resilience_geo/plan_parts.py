"""One village of a plan of many: its own people and ways, in shelters that all of them share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from resilience_geo.analysis.remembered import remembered
from resilience_geo.errors import InputError, Message, Problem

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from resilience_geo.plan import EvacuationPlan


def village_plan(
    plan: EvacuationPlan, village_code: str, *, buffer_m: float = 3000.0
) -> EvacuationPlan:
    """Return the part of a plan that concerns one village.

    Its people keep the shelters and ways they have in the whole plan, so that seats which
    neighbours share are given to each person once. The tables of the plan are looked through once,
    for the first village asked for; they must not be changed in place afterwards.

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
    note = Message(
        "Part of one plan for {count} villages: people at shelters and on roads, and the "
        "counts of these notes, are those of all of them.",
        count=len(plan.villages),
    )
    return replace(cut_out(plan, village_code, buffer_m), notes=(note, *plan.notes))


def cut_out(plan: EvacuationPlan, village_code: str, buffer_m: float) -> EvacuationPlan:
    """Return the part of a plan that concerns one village, without a note of it.

    Parameters are those of `village_plan`; a plan of one village is cut as well.
    """
    villages = plan.villages.loc[[village_code]]
    routes = _of(plan.routes, village_code)
    near = shapely.union_all(
        [
            villages.geometry.iloc[0].buffer(buffer_m),
            shapely.box(*routes.total_bounds) if len(routes) else shapely.Point(),
        ]
    )
    shelters = plan.shelters
    chosen = np.array(shelters["shelter_id"].isin(routes["shelter_id"]))
    shapely.prepare(near)
    chosen[_around(shelters, near)] = True
    return replace(
        plan,
        exposure=plan.exposure.loc[[village_code]],
        villages=villages,
        origins=_of(plan.origins, village_code),
        routes=routes,
        shelters=shelters[chosen],
        roads=plan.roads.iloc[_around(plan.roads, near)],
        stretches=plan.stretches.iloc[_around(plan.stretches, near)],
        unserved=_of(plan.unserved, village_code),
        outside=_outside(plan, village_code),
        workings=None,
    )


def _rows_by_village(codes: pd.Series[Any]) -> dict[str, NDArray[np.intp]]:
    """Return the positions of the rows of each village, in their order."""
    number, names = pd.factorize(codes)
    order = np.argsort(number, kind="stable")
    cuts = np.searchsorted(number[order], np.arange(len(names) + 1))
    return {str(name): order[cuts[at] : cuts[at + 1]] for at, name in enumerate(names)}


def _of(table: Any, village_code: str) -> Any:
    """Return the rows of a table that are of a village."""
    by_village = remembered(
        table, "rows by village", None, lambda: _rows_by_village(table["village_code"])
    )
    rows = by_village.get(village_code, np.empty(0, dtype=np.intp))
    return table.iloc[rows].reset_index(drop=True)


def _a_point_of_each(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the first point of each shape; not a number of one that is empty."""
    points = np.full((len(shapes), 2), np.nan)
    places, owner = shapely.get_coordinates(shapes, return_index=True)
    owners, first = np.unique(owner, return_index=True)
    points[owners] = places[first]
    return points


def _around(table: gpd.GeoDataFrame, near: Any) -> NDArray[np.intp]:
    """Return the positions of the rows of a table that touch an area, in their order."""
    shapes = np.asarray(table.geometry.array)
    tree = remembered(table, "tree", None, lambda: shapely.STRtree(shapes))
    inside = remembered(table, "a point of each", None, lambda: _a_point_of_each(shapes))
    rows = np.sort(tree.query(near))
    # Most have their first point inside, which is told faster than whether two shapes touch.
    touch = shapely.contains_xy(near, *inside[rows].T)
    doubtful = np.flatnonzero(~touch)
    touch[doubtful] = shapely.intersects(shapes[rows[doubtful]], near)
    found: NDArray[np.intp] = rows[touch]
    return found


def _outside(plan: EvacuationPlan, village_code: str) -> dict[str, float]:
    """Return the people outside the village, by class and in total."""
    others = plan.exposure.index != village_code
    return {
        name: people + float(plan.exposure[f"people_{name}"].to_numpy()[others].sum())
        for name, people in plan.outside.items()
    }
