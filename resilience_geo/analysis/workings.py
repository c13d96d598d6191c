"""What a plan is computed from: layers in, exposure, network and allocation out."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resilience_geo.analysis.allocation import allocate, offers_of
from resilience_geo.analysis.coverage import (
    capacity_of,
    shelter_points,
    shelter_status,
    status_by_hazard,
)
from resilience_geo.analysis.evacuation_network import build_network
from resilience_geo.analysis.exposure import expose, exposure_table
from resilience_geo.analysis.groups import (
    evacuating_groups,
    split_by_group,
    village_groups,
    village_shares,
)
from resilience_geo.analysis.origins import origin_table
from resilience_geo.analysis.placement import Party, origin_rank, places_of
from resilience_geo.analysis.routes import refuse_without_shelters
from resilience_geo.errors import AssumptionError, InputError, Message, Problem
from resilience_geo.tables import village_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from resilience_geo.analysis.allocation import Allocation, Offers
    from resilience_geo.analysis.evacuation_network import Network
    from resilience_geo.analysis.network import Roads
    from resilience_geo.analysis.placement import Places
    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.inputs.hazard import Hazard
    from resilience_geo.inputs.population import Population
    from resilience_geo.inputs.rasters import Grid

# The steps belong to the verb people call.
logger = logging.getLogger("resilience_geo.plan")

NATIONAL = "national"
# Longer than any kabupaten has taken; nobody waits overnight for the last second of walking.
TIME_LIMIT_S = 600.0


@dataclass(frozen=True)
class Layers:
    """What goes into a plan.

    Parameters
    ----------
    villages, hazard, people, roads, shelters
        As for `plan_evacuation`; roads as arrays.
    elevation
        Heights (m), or None.
    vulnerable
        Table of vulnerable groups, `"national"`, or None.
    """

    villages: gpd.GeoDataFrame
    hazard: Hazard
    people: Population
    roads: Roads
    shelters: gpd.GeoDataFrame
    elevation: Grid | None = None
    vulnerable: pd.DataFrame | str | None = None


@dataclass(frozen=True)
class ShelterFacts:
    """What the hazard says of the shelters, in their order.

    Parameters
    ----------
    status
        `usable`, `in_hazard` or `unknown_hazard`.
    hazard_class
        Class number.
    points
        One point each, in the metric CRS of the roads.
    capacity_people
        How many people each holds; NaN where unknown.
    by_hazard
        Where several hazards count together: the status by each, `status_flood` and so on.
    """

    status: NDArray[np.object_]
    hazard_class: NDArray[np.uint8]
    points: NDArray[np.object_]
    capacity_people: NDArray[np.float64]
    by_hazard: dict[str, NDArray[np.object_]]


@dataclass(frozen=True)
class Workings:
    """Arrays and tables behind a plan, kept with it so that what-ifs need not begin anew.

    Parameters
    ----------
    layers, assumptions
        What it rests on.
    exposure
        People of each village by class.
    origins
        Where evacuees are: `origin_id`, `village_code`, `evacuees`, `geometry`; a row per origin.
    groups
        Evacuees of each village by vulnerable group, and the helpers they need.
    network
        The evacuation network.
    parties, places
        Who travels alike, and the shelters, as the allocation sees them.
    shelter_facts
        What the hazard says of the shelters.
    served
        The allocation of each departure.
    """

    layers: Layers
    assumptions: EvacuationAssumptions
    exposure: pd.DataFrame
    origins: gpd.GeoDataFrame
    groups: pd.DataFrame
    network: Network
    parties: tuple[Party, ...]
    places: Places
    shelter_facts: ShelterFacts
    served: dict[str, Allocation]

    @property
    def points(self) -> NDArray[np.object_]:
        """Where each origin is."""
        return np.asarray(self.origins.geometry.array)

    @property
    def groups_apart(self) -> bool:
        """Whether vulnerable groups are planned apart."""
        return len(self.parties) > 1


def work_out(
    layers: Layers, assumptions: EvacuationAssumptions, departures: tuple[str, ...]
) -> Workings:
    """Compute exposure, network and allocation.

    Parameters
    ----------
    layers
        What goes in.
    assumptions
        The choices.
    departures
        `early`, `late` or both.

    Raises
    ------
    ResilienceGeoError
        Layers that do not overlap, no usable shelter, no roads.
    """
    workings = prepare(layers, assumptions)
    for departure in departures:
        logger.info("allocation %s", departure)
        workings.served[departure] = allocation_of(workings, departure)
    return workings


def prepare(layers: Layers, assumptions: EvacuationAssumptions) -> Workings:
    """Compute exposure and network; nobody has a place yet. Parameters as for `work_out`."""
    shelters, crs = layers.shelters, layers.roads.crs
    status, hazard_class = shelter_status(shelters, layers.hazard)
    refuse_without_shelters(status, shelters.attrs.get("source"))
    logger.info("exposure")
    codes = village_table(layers.villages).index
    exposure = expose(layers.villages, layers.hazard, layers.people, assumptions)
    table = exposure_table(layers.villages, exposure, assumptions)
    origins = origin_table(codes, exposure.cells, table["evacuees"], crs)
    by_group, groups = _groups(layers, origins, codes, assumptions)
    logger.info("roads")
    points = shelter_points(shelters, crs)
    facts = ShelterFacts(
        status,
        hazard_class,
        points,
        capacity_of(shelters, assumptions),
        status_by_hazard(shelters, layers.hazard),
    )
    apart = layers.vulnerable is not None
    network = build_network(
        layers.roads,
        layers.hazard,
        points,
        assumptions,
        elevation=layers.elevation,
        assisted=apart,
    )
    return Workings(
        layers=layers,
        assumptions=assumptions,
        exposure=table,
        origins=origins,
        groups=groups,
        network=network,
        parties=parties_of(by_group, assumptions, apart=apart),
        places=places_of(shelters, status == "usable", facts.capacity_people, points),
        shelter_facts=facts,
        served={},
    )


def part_of(workings: Workings, village_codes: Sequence[str]) -> Workings:
    """Return what concerns some of the villages; nobody has a place in it yet.

    The network and the shelters stay those of all villages.
    """
    villages = workings.layers.villages
    mine = np.isin(village_table(villages).index.to_numpy(dtype=str), village_codes)
    some = villages[mine]
    some.attrs = villages.attrs
    codes = workings.origins["village_code"].to_numpy(dtype=str)
    here = np.flatnonzero(np.isin(codes, village_codes))
    return replace(
        workings,
        layers=replace(workings.layers, villages=some),
        exposure=workings.exposure[mine],
        origins=workings.origins.iloc[here].reset_index(drop=True),
        groups=workings.groups[mine],
        parties=tuple(replace(party, people=party.people[here]) for party in workings.parties),
        served={},
    )


def offers_at(workings: Workings, departure: str) -> Offers:
    """Return to which shelters the people of a plan could go at a departure."""
    return offers_of(
        workings.network,
        departure,
        workings.points,
        workings.parties,
        workings.places,
        ranks(workings),
    )


def ranks(workings: Workings) -> NDArray[np.int64]:
    """Return an order of the origins that does not depend on that of the input."""
    codes = workings.origins["village_code"].to_numpy(dtype=str)
    people = workings.origins["evacuees"].to_numpy(dtype=np.int64)
    return origin_rank(workings.points, people, codes)


def allocation_of(workings: Workings, departure: str) -> Allocation:
    """Allocate the people of a plan to its shelters at a departure."""
    return allocate(
        workings.network,
        departure,
        workings.points,
        workings.parties,
        workings.places,
        rank=ranks(workings),
        time_limit_s=TIME_LIMIT_S,
    )


def _groups(
    layers: Layers,
    origins: gpd.GeoDataFrame,
    codes: pd.Index,
    assumptions: EvacuationAssumptions,
) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Split the evacuees of each origin into groups; return them, and the groups of villages."""
    given = layers.vulnerable
    known = given is None or isinstance(given, pd.DataFrame)
    if not known and not (isinstance(given, str) and given == NATIONAL):
        raise AssumptionError(
            Problem(
                found=Message("vulnerable {value}", value=repr(given)),
                expected=Message("a table from read_vulnerable, or the word national"),
                remedy=Message("choose one of them"),
            )
        )
    table = given if isinstance(given, pd.DataFrame) else None
    shares, source = village_shares(list(codes), table, assumptions)
    if table is not None and len(codes) and not (source != NATIONAL).any():
        raise InputError(
            Problem(
                file=table.attrs.get("source"),
                column="village_code",
                found=Message(
                    "codes such as {codes}, of which none is a village of the plan",
                    codes=", ".join(map(str, table.index[:3])),
                ),
                expected=Message("codes such as {codes}", codes=", ".join(codes[:3])),
                remedy=Message("use the codes of the boundary layer (Kemendagri or BPS) in both"),
            )
        )
    village = codes.get_indexer(pd.Index(origins["village_code"]))
    by_group = split_by_group(village, origins["evacuees"].to_numpy(dtype=np.int64), shares)
    return by_group, village_groups(list(codes), village, by_group, source, assumptions)


def parties_of(
    by_group: NDArray[np.int64], assumptions: EvacuationAssumptions, *, apart: bool
) -> tuple[Party, ...]:
    """Return who travels alike: everyone, or each group apart.

    Parameters
    ----------
    by_group
        People of each origin by group; shape (n_origins, n_groups).
    assumptions
        The choices.
    apart
        Whether the groups are planned apart.
    """
    if not apart:
        return (Party("everyone", by_group.sum(axis=1), assumptions.walking_speed_mps),)
    # Who rides is as fast as the vehicle, whoever it is.
    walking = assumptions.mode == "walk"
    return tuple(
        Party(
            group.name,
            by_group[:, number],
            group.walking_speed_mps if walking else assumptions.walking_speed_mps,
            assisted=group.depth_limit_m < assumptions.walk_depth_limit_m,
            accessible_only=group.needs_accessible_shelter,
            priority=group.priority,
        )
        for number, group in enumerate(evacuating_groups(assumptions))
    )
