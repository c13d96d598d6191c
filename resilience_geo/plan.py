"""The plan: one frozen value that holds every table, and the one verb that makes it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience_geo import plan_tables
from resilience_geo.analysis.network import road_arrays
from resilience_geo.analysis.routes import departures
from resilience_geo.analysis.workings import Layers, work_out
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.inputs.hazards import combine_hazards
from resilience_geo.plan_notes import made_up, plan_notes, provenance, road_facts
from resilience_geo.tables import check_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd

    from resilience_geo.analysis.workings import Workings
    from resilience_geo.errors import Message
    from resilience_geo.inputs.hazard import Hazard
    from resilience_geo.inputs.population import Population
    from resilience_geo.inputs.rasters import Grid
    from resilience_geo.plan_tables import Departed

logger = logging.getLogger(__name__)

STEPS: tuple[str, ...] = ("exposure", "roads", "allocation early", "allocation late", "tables")
"""The steps of `plan_evacuation`, in the order in which it logs that it begins them."""


@dataclass(frozen=True, kw_only=True)
class EvacuationPlan:
    """An evacuation plan. Tables are in one metric CRS; see the contract of columns in `tables`.

    Parameters
    ----------
    exposure
        People of each village by hazard class (people); index `village_code`.
    villages
        Evacuees, allocated and unserved people, and times of each village, with its polygon.
    origins
        Where evacuees live and whether, where to and how fast they get away.
    routes
        The way of each origin that is served, drawn from origin to shelter.
    shelters
        Shelters, whether they are usable for this hazard, and how many people come.
    roads
        Each road: state by mode, hazard along it, and people who pass.
    stretches
        Parts of roads of one state, with the people who pass.
    unserved
        People without a place by village and cause.
    assumptions
        The choices the numbers rest on.
    provenance
        Inputs, versions and time.
    notes
        Limits of the data; they are printed on every map.
    outside
        People of the population layer outside all villages, by class and in total.
    hazard
        The hazard the plan is for.
    departure
        `early`, `late` or `both`.
    is_sample
        Whether the villages are the embedded made-up ones.
    workings
        What the tables were made from, so that what-ifs need not begin anew.
    """

    exposure: pd.DataFrame
    villages: gpd.GeoDataFrame
    origins: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    shelters: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    stretches: gpd.GeoDataFrame = field(repr=False)
    unserved: pd.DataFrame
    assumptions: EvacuationAssumptions
    provenance: dict[str, Any]
    notes: tuple[Message, ...]
    outside: dict[str, float]
    hazard: Hazard = field(repr=False)
    departure: str
    is_sample: bool
    workings: Workings | None = field(default=None, repr=False, compare=False)

    def summary(self) -> pd.DataFrame:
        """Return one table of all villages, those with most people unserved first.

        Returns
        -------
        pandas.DataFrame
            Index `village_code`; name, people in hazard, evacuees, allocated, each cause, times;
            with `departure="both"` also who loses their way when leaving late. Villages outside
            every layer stay in it.
        """
        table = pd.DataFrame(self.villages.drop(columns=self.villages.geometry.name))
        people = self.exposure[["people_total", "people_unknown"]]
        table = table.join(people)
        front = ["village_name", "people_total", "people_unknown"]
        table = table[[*front, *(name for name in table.columns if name not in front)]]
        return ranked(table)

    @property
    def late_extra_time_s(self) -> float:
        """How much longer the fastest way takes on average when people leave late (s).

        Over all who have one at both departures, each person counting the same; NaN where nobody
        has, or with one departure.
        """
        if self.departure != "both":
            return float("nan")
        return plan_tables.late_extra_time_s(self.origins)

    def explore(self, *, language: str = "id") -> Any:
        """Return the plan as a `folium.Map`, which Jupyter shows; see `resilience_geo.explore`."""
        # A plan knows nothing of maps; this door is here because people look for it on the plan.
        import resilience_geo as rg  # noqa: PLC0415

        return rg.explore(self, language=language)


def ranked(summary: pd.DataFrame) -> pd.DataFrame:
    """Return villages in the order in which they need attention: most people unserved first.

    Parameters
    ----------
    summary
        As `EvacuationPlan.summary` returns it, in any order; that decides between equals.
    """
    late = "late_evacuees" in summary.columns
    unserved_late = summary["late_evacuees"] - summary["late_allocated"] if late else 0
    keys = pd.DataFrame(
        {
            "unserved": summary["evacuees"] - summary["allocated"],
            "unserved_late": unserved_late,
            "evacuees": summary["evacuees"],
        },
        index=summary.index,
    )
    order = np.lexsort(
        tuple(-keys[name].to_numpy() for name in ("evacuees", "unserved_late", "unserved"))
    )
    return summary.iloc[order]


def plan_evacuation(  # noqa: PLR0913 - one argument for each layer that people have
    villages: gpd.GeoDataFrame,
    hazard: Hazard | Sequence[Hazard],
    people: Population,
    roads: Any,
    shelters: gpd.GeoDataFrame,
    departure: str = "both",
    assumptions: EvacuationAssumptions | None = None,
    *,
    elevation: Grid | None = None,
    vulnerable: pd.DataFrame | str | None = None,
) -> EvacuationPlan:
    """Make an evacuation plan: who is exposed, which roads stay open, who reaches which shelter.

    Parameters
    ----------
    villages
        From `read_villages`.
    hazard
        From `read_hazard`; a list of several counts together, see `combine_hazards`.
    people
        From `read_population`.
    roads
        From `read_roads`: an OSMnx graph that reaches beyond the villages.
    shelters
        From `read_shelters`; those beyond the border belong to the plan.
    departure
        `early`: before the hazard is there; `late`: while it is; `both`: the two and their
        difference.
    assumptions
        The choices; `EvacuationAssumptions()` by default.
    elevation
        Heights (m), from `read_elevation`, for walking speeds on slopes.
    vulnerable
        Who needs help: from `read_vulnerable`, or `"national"` for the national shares. Each group
        is then planned apart, at its own speed and depth limit, and placed before everyone else.
        None: everyone walks alike, and those who need help are estimated from the national shares.

    Returns
    -------
    EvacuationPlan

    Raises
    ------
    ResilienceGeoError
        Layers that do not overlap, no usable shelter, no roads, an impossible choice.

    Notes
    -----
    Capacity is a hard bound: as many people as possible get a place, and then in the least total
    travel time.
    """
    chosen = assumptions or EvacuationAssumptions()
    wanted = departures(departure)
    hazard = combine_hazards(hazard)
    check_columns(shelters, ("shelter_id", "name", "capacity_people"), "shelters")
    layers = Layers(villages, hazard, people, road_arrays(roads), shelters, elevation, vulnerable)
    workings = work_out(layers, chosen, wanted)
    facts = road_facts(roads)
    departed = {name: plan_tables.departed(name, workings) for name in wanted}
    logger.info("tables")
    table, stretches = plan_tables.with_people(
        plan_tables.road_result(workings.network, hazard, chosen),
        plan_tables.stretch_result(workings.network),
        {name: each.people_on_stretches for name, each in departed.items()},
    )
    return plan_of(
        workings,
        departed,
        roads=table,
        stretches=stretches,
        provenance=provenance(layers, facts),
        notes=plan_notes(workings, facts, departed),
        is_sample=made_up(layers, facts),
    )


def plan_of(
    workings: Workings,
    departed: Mapping[str, Departed],
    *,
    roads: gpd.GeoDataFrame,
    stretches: gpd.GeoDataFrame,
    provenance: dict[str, Any],
    notes: tuple[Message, ...],
    is_sample: bool,
) -> EvacuationPlan:
    """Put a plan together from the tables of its departures, which follow one another in time."""
    both = len(departed) > 1
    only = next(iter(departed))
    villages = plan_tables.village_result(workings, departed)
    stack = plan_tables.stack
    return EvacuationPlan(
        exposure=workings.exposure,
        villages=villages,
        origins=stack({name: each.origins for name, each in departed.items()}, both=both),
        routes=stack({name: each.routes for name, each in departed.items()}, both=both),
        shelters=stack({name: each.shelters for name, each in departed.items()}, both=both),
        roads=roads,
        stretches=stretches,
        unserved=plan_tables.unserved(villages, both=both, late=only == "late"),
        assumptions=workings.assumptions,
        provenance=provenance,
        notes=notes,
        outside=dict(workings.exposure.attrs["outside"]),
        hazard=workings.layers.hazard,
        departure="both" if both else only,
        is_sample=is_sample,
        workings=workings,
    )
