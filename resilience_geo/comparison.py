"""Plans beside one another: alternatives for a musyawarah, and what changes if things go worse."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience_geo.analysis.coverage import capacity_of
from resilience_geo.analysis.criticality import critical_roads
from resilience_geo.analysis.routes import ALLOCATED, STATUSES
from resilience_geo.analysis.workings import Layers, Workings, work_out
from resilience_geo.errors import AssumptionError, InputError, Message, Problem
from resilience_geo.inputs.hazards import combine_hazards
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from resilience_geo.analysis.network import Roads
    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.inputs.hazard_map import Hazard
    from resilience_geo.plan import EvacuationPlan

_FIGURES = ("evacuees", "allocated", *UNSERVED_CAUSES)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Something that may turn out worse than planned.

    Parameters
    ----------
    name
        What it is called in the table.
    walking_speed_factor
        All walking speeds times this.
    depth_factor
        All water depths times this; it needs a hazard given in metres.
    capacity_factor
        All capacities times this.
    lost_road_id
        `road_id` of a road of the plan that cannot be used at all; None: none. Those who live on
        it, or whose shelter stands on it, are not sent across country in its place.

    Raises
    ------
    AssumptionError
        A factor is no number above 0, or the road is no number.
    """

    name: str
    walking_speed_factor: float = 1.0
    depth_factor: float = 1.0
    capacity_factor: float = 1.0
    lost_road_id: int | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense, all at once."""
        problems = [
            Problem(
                column=name,
                found=Message("{value}", value=repr(value)),
                expected=Message("a number above 0"),
                remedy=Message("give {name} a value within that range", name=name),
            )
            for name in ("walking_speed_factor", "depth_factor", "capacity_factor")
            if not _is_number(value := getattr(self, name)) or not 0.0 < value < math.inf
        ]
        road: object = self.lost_road_id
        if road is not None and not isinstance(road, (int, np.integer)):
            problems.append(
                Problem(
                    column="lost_road_id",
                    found=Message("{value}", value=repr(road)),
                    expected=Message("a road_id of plan.roads"),
                    remedy=Message("look the road up in plan.roads or critical_roads"),
                )
            )
        if problems:
            raise AssumptionError(problems)


def _is_number(value: object) -> bool:
    """Say whether a value is a plain number."""
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def compare_plans(plans: Mapping[str, EvacuationPlan], *, by: str = "plan") -> pd.DataFrame:
    """Put plans side by side, so that a choice can be made together.

    Parameters
    ----------
    plans
        Plans by name; the first is what the others are compared with.
    by
        `plan`: a row per plan; `village`: a row per village, with the plans side by side.

    Returns
    -------
    pandas.DataFrame
        By plan: index `plan`; `evacuees`, `allocated`, each unserved cause (people),
        `mean_travel_time_min` of those allocated, `people_within_15_min`, `people_within_30_min`,
        `usable_shelters`, `seats_people` (known capacity of the usable ones), `need_help_people`;
        with both departures the figures of the early one, their twins with `late_` before, and
        `lost_if_late_people`; `allocated_change` against the first plan.
        By village: index `village_code`; columns (figure, plan) of `evacuees`, `allocated` and,
        where both departures are planned, `late_allocated`. A village a plan lacks is empty.

    Raises
    ------
    InputError
        No plan, or `by` is neither.
    """
    if not plans or by not in {"plan", "village"}:
        raise InputError(
            Problem(
                found=Message("{count} plans, by {by}", count=len(plans), by=repr(by)),
                expected=Message("at least one plan, by plan or by village"),
                remedy=Message("give a dictionary of plans by name"),
            )
        )
    if by == "village":
        figures = ("evacuees", "allocated", "late_allocated")
        columns = {
            (figure, name): plan.villages[figure]
            for figure in figures
            for name, plan in plans.items()
            if figure in plan.villages.columns
        }
        table = pd.DataFrame(columns)
        table.columns = pd.MultiIndex.from_tuples(list(columns), names=["figure", "plan"])
        return table
    table = pd.DataFrame.from_dict(
        {name: _of_plan(plan) for name, plan in plans.items()}, orient="index"
    )
    table.insert(2, "allocated_change", table["allocated"] - table["allocated"].iloc[0])
    table.index.name = "plan"
    return table


def _of_plan(plan: EvacuationPlan) -> dict[str, Any]:
    """Return the figures of one plan."""
    villages = plan.villages
    row: dict[str, Any] = {}
    prefixes = {"": "early" if plan.departure == "both" else plan.departure}
    if plan.departure == "both":
        prefixes["late_"] = "late"
    for prefix, departure in prefixes.items():
        for figure in (*_FIGURES, "people_within_15_min", "people_within_30_min"):
            row[prefix + figure] = int(villages[prefix + figure].sum())
        origins = plan.origins
        if plan.departure == "both":
            origins = origins[origins["departure"] == departure]
        served = origins[origins["status"] == "allocated"]
        row[f"{prefix}mean_travel_time_min"] = _mean_min(
            served["travel_time_s"].to_numpy(), served["evacuees"].to_numpy()
        )
    shelters = plan.shelters
    if plan.departure == "both":
        shelters = shelters[shelters["departure"] == "early"]
    usable = shelters[shelters["status"] == "usable"]
    row["usable_shelters"] = len(usable)
    row["seats_people"] = int(usable["capacity_people"].fillna(0).sum())
    row["need_help_people"] = int(villages["need_help_people"].sum())
    if plan.departure == "both":
        row["lost_if_late_people"] = int(villages["lost_if_late_people"].sum())
    return row


def _mean_min(seconds: NDArray[np.float64], people: NDArray[np.int64]) -> float:
    """Return the mean travel time of people in minutes; NaN where there are none."""
    return float(np.average(seconds, weights=people) / 60.0) if people.sum() else float("nan")


def plan_sensitivity(
    plan: EvacuationPlan, scenarios: Sequence[Scenario] | None = None
) -> pd.DataFrame:
    """Say what changes in a plan if things turn out worse: one table to act on.

    Parameters
    ----------
    plan
        From `plan_evacuation`.
    scenarios
        What may go wrong, each on its own. None: people walk at 0.81 of the speed (0.894 in place
        of 1.1 m/s: impaired or crowded, BNPB Perencanaan TES 2013); water a quarter deeper, where
        the hazard is a depth; half the capacity; and the bridge lost that strands most people,
        where there is a bridge that somebody passes.

    Returns
    -------
    pandas.DataFrame
        Index `scenario`, the plan itself first; `departure`, `evacuees`, `allocated`, each unserved
        cause and `unserved` in all (people), `mean_travel_time_min` of those allocated, and
        `evacuees_change`, `allocated_change` and `unserved_change` (people) against the plan at the
        same departure. A lost bridge is named.

    Raises
    ------
    InputError
        The plan was loaded without its workings, or depths are to change where there are none.

    Notes
    -----
    Everything is computed anew but the reading of the inputs and the making of the road arrays:
    deeper water changes who must leave, which roads close and which shelters stand dry.
    """
    workings = plan.workings
    if workings is None:
        raise InputError(
            Problem(
                found=Message("a plan without its workings"),
                expected=Message("a plan as plan_evacuation returned it"),
                remedy=Message("make the plan again from its inputs"),
            )
        )
    chosen = _usual(plan) if scenarios is None else scenarios
    departures = tuple(workings.served)
    rows = _rows("as planned", workings)
    planned = {row["departure"]: row for row in rows}
    for scenario in chosen:
        changed = work_out(*_changed(workings, scenario), departures)
        rows += _rows(scenario.name, changed)
    for row in rows:
        for name in ("evacuees", "allocated", "unserved"):
            row[f"{name}_change"] = row[name] - planned[row["departure"]][name]
    return pd.DataFrame(rows).set_index("scenario")


def _usual(plan: EvacuationPlan) -> list[Scenario]:
    """Return the scenarios every planner asks for, as far as they make sense for the plan."""
    scenarios = [
        Scenario(name="slower walking", walking_speed_factor=0.894 / 1.1),
        Scenario(name="half the capacity", capacity_factor=0.5),
    ]
    if _has_depth(plan.hazard):
        scenarios.insert(1, Scenario(name="water a quarter deeper", depth_factor=1.25))
    departure = "early" if plan.departure == "both" else plan.departure
    losses = critical_roads(plan, departure=departure)
    bridges = losses[losses["bridge"] & (losses["people"] > 0)]
    if len(bridges):
        worst = int(bridges["road_id"].iloc[0])
        called = str(bridges["name"].iloc[0]) or f"road_id {worst}"
        scenarios.append(Scenario(name=f"a lost bridge: {called}", lost_road_id=worst))
    return scenarios


def _rows(name: str, workings: Workings) -> list[dict[str, Any]]:
    """Return the figures of each departure."""
    rows = []
    for departure, found in workings.served.items():
        people = np.bincount(found.status, found.people, minlength=len(STATUSES)).astype(np.int64)
        served = found.status == ALLOCATED
        rows.append(
            {
                "scenario": name,
                "departure": departure,
                "evacuees": int(people.sum()),
                **{status: int(people[number]) for number, status in enumerate(STATUSES)},
                "unserved": int(people.sum() - people[ALLOCATED]),
                "mean_travel_time_min": _mean_min(
                    found.travel_time_s[served], found.people[served]
                ),
            }
        )
    return rows


def _changed(workings: Workings, scenario: Scenario) -> tuple[Layers, EvacuationAssumptions]:
    """Return layers and assumptions as a scenario changes them."""
    layers, assumptions = workings.layers, workings.assumptions
    if scenario.walking_speed_factor != 1.0:
        speeds = [
            entry.name for entry in fields(assumptions) if entry.name.endswith("walking_speed_mps")
        ]
        factor = scenario.walking_speed_factor
        assumptions = replace(
            assumptions, **{name: getattr(assumptions, name) * factor for name in speeds}
        )
    if scenario.capacity_factor != 1.0:
        capacity = capacity_of(layers.shelters, assumptions) * scenario.capacity_factor
        layers = replace(layers, shelters=layers.shelters.assign(capacity_people=capacity))
    if scenario.depth_factor != 1.0:
        layers = replace(layers, hazard=_deeper(layers.hazard, scenario.depth_factor))
    if scenario.lost_road_id is not None:
        layers = replace(layers, roads=_without(layers.roads, scenario.lost_road_id))
    return layers, assumptions


def _without(roads: Roads, road: int) -> Roads:
    """Return the roads of which one is lost.

    Raises
    ------
    InputError
        There is no such road.
    """
    if not 0 <= road < roads.n_roads:
        raise InputError(
            Problem(
                column="lost_road_id",
                found=Message("{value}", value=road),
                expected=Message("a road_id of plan.roads"),
                remedy=Message("look the road up in plan.roads or critical_roads"),
            )
        )
    return replace(roads, lost_road=road)


def _has_depth(hazard: Hazard) -> bool:
    """Say whether any part of a hazard is a water depth."""
    return any(part.unit == "m" for part in hazard.maps)


def _deeper(hazard: Hazard, factor: float) -> Hazard:
    """Return the hazard with all depths times a factor; what is no depth stays.

    Raises
    ------
    InputError
        Nothing in it is a depth.
    """
    if not _has_depth(hazard):
        raise InputError(
            Problem(
                found=Message("a hazard in {unit}", unit=hazard.unit),
                expected=Message("water depths in metres, to make them deeper"),
                remedy=Message("leave the scenario out"),
            )
        )
    changed = [
        replace(part, scale=part.scale * factor) if part.unit == "m" else part
        for part in hazard.maps
    ]
    return combine_hazards(changed)
