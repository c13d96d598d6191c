"""The plan: one frozen value that holds every table, and the one verb that makes it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience_geo import plan_tables
from resilience_geo.analysis.coverage import capacity_of, shelter_points, shelter_status
from resilience_geo.analysis.evacuation_network import build_network
from resilience_geo.analysis.exposure import expose, exposure_table
from resilience_geo.analysis.network import road_arrays
from resilience_geo.analysis.routes import departures, refuse_without_shelters, serve
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.inputs.village_codes import is_sample_code
from resilience_geo.plan_notes import plan_notes, provenance
from resilience_geo.tables import check_columns, village_table

if TYPE_CHECKING:
    import geopandas as gpd

    from resilience_geo.errors import Message
    from resilience_geo.inputs.hazard import Hazard
    from resilience_geo.inputs.population import Population
    from resilience_geo.inputs.rasters import Grid
    from resilience_geo.plan_tables import Departed

logger = logging.getLogger(__name__)

STEPS: tuple[str, ...] = ("exposure", "roads", "routes early", "routes late", "tables")
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
        late = "late_evacuees" in table.columns
        unserved_late = table["late_evacuees"] - table["late_allocated"] if late else 0
        keys = pd.DataFrame(
            {
                "unserved": table["evacuees"] - table["allocated"],
                "unserved_late": unserved_late,
                "evacuees": table["evacuees"],
            },
            index=table.index,
        )
        order = np.lexsort(
            tuple(-keys[name].to_numpy() for name in ("evacuees", "unserved_late", "unserved"))
        )
        return table.iloc[order]

    def explore(self, *, language: str = "id") -> Any:
        """Return the plan as a `folium.Map`, which Jupyter shows; see `resilience_geo.explore`."""
        # A plan knows nothing of maps; this door is here because people look for it on the plan.
        import resilience_geo as rg  # noqa: PLC0415

        return rg.explore(self, language=language)


def plan_evacuation(
    villages: gpd.GeoDataFrame,
    hazard: Hazard,
    people: Population,
    roads: Any,
    shelters: gpd.GeoDataFrame,
    departure: str = "both",
    assumptions: EvacuationAssumptions | None = None,
    *,
    elevation: Grid | None = None,
) -> EvacuationPlan:
    """Make an evacuation plan: who is exposed, which roads stay open, who reaches which shelter.

    Parameters
    ----------
    villages
        From `read_villages`.
    hazard
        From `read_hazard`.
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

    Returns
    -------
    EvacuationPlan

    Raises
    ------
    ResilienceGeoError
        Layers that do not overlap, no usable shelter, no roads, an impossible choice.

    Notes
    -----
    People go to the nearest usable shelter. Capacity is reported, not yet bound: where more
    people come than a shelter holds, the plan says so in its notes.
    """
    chosen = assumptions or EvacuationAssumptions()
    wanted = departures(departure)
    frame = village_table(villages)
    check_columns(shelters, ("shelter_id", "name", "capacity_people"), "shelters")
    hazard_status, hazard_class = shelter_status(shelters, hazard)
    refuse_without_shelters(hazard_status, shelters.attrs.get("source"))
    logger.info("exposure")
    exposure = expose(villages, hazard, people, chosen)
    table = exposure_table(villages, exposure, chosen)
    logger.info("roads")
    arrays = road_arrays(roads)
    places = shelter_points(shelters, arrays.crs)
    network = build_network(arrays, hazard, places, chosen, elevation=elevation)
    origins = plan_tables.origin_table(frame.index, exposure.cells, table["evacuees"], arrays.crs)
    capacity = capacity_of(shelters, chosen)
    departed: dict[str, Departed] = {}
    for name in wanted:
        logger.info("routes %s", name)
        served = serve(
            network,
            np.asarray(origins.geometry.array),
            name,
            usable=hazard_status == "usable",
            capacity_people=capacity,
        )
        departed[name] = plan_tables.departed(
            name,
            origins,
            shelters.assign(capacity_people=capacity),
            served,
            network,
            (hazard_status, hazard_class, places),
        )
    logger.info("tables")
    both = departure == "both"
    villages_result = plan_tables.village_result(frame, departed, arrays.crs)
    return EvacuationPlan(
        exposure=table,
        villages=villages_result,
        origins=plan_tables.stack(
            {name: each.origins for name, each in departed.items()}, both=both
        ),
        routes=plan_tables.stack({name: each.routes for name, each in departed.items()}, both=both),
        shelters=plan_tables.stack(
            {name: each.shelters for name, each in departed.items()}, both=both
        ),
        roads=plan_tables.road_result(network, hazard, chosen, departed),
        stretches=plan_tables.stretch_result(network, departed),
        unserved=plan_tables.unserved(villages_result, both=both, late=departure == "late"),
        assumptions=chosen,
        provenance=provenance(villages, hazard, people, roads, shelters, arrays.crs, elevation),
        notes=plan_notes(
            (villages, hazard, people, roads, shelters), table, departed, assumptions=chosen
        ),
        outside=dict(table.attrs["outside"]),
        hazard=hazard,
        departure=departure,
        is_sample=any(is_sample_code(str(code)) for code in frame.index),
    )
