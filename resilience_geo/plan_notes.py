"""Where a plan's numbers come from, and the limits that must be printed with it."""

from __future__ import annotations

import datetime as dt
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience_geo.analysis.groups import group_notes
from resilience_geo.analysis.walks import standing_in_closed
from resilience_geo.errors import Message
from resilience_geo.inputs.made_up import MADE_UP, is_made_up
from resilience_geo.inputs.rasters import source_of
from resilience_geo.inputs.village_codes import is_sample_code
from resilience_geo.tables import village_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from resilience_geo.analysis.allocation import Allocation
    from resilience_geo.analysis.workings import Layers, Workings
    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.plan_tables import Departed

_POORLY_COVERED = 0.5


def road_facts(roads: Any) -> dict[str, Any]:
    """Return what a road graph says of itself: `source`, `osm_date` and `notes`."""
    facts = roads.graph
    return {
        "source": facts.get("source"),
        "osm_date": facts.get("osm_date"),
        # A graph read back from GraphML holds its notes as one text, which says nothing new here.
        "notes": [note for note in facts.get("notes") or () if isinstance(note, Message)],
    }


def layer_notes(layers: Layers, facts: Mapping[str, Any]) -> list[Message]:
    """Return the limits of the layers a plan is made from; `facts` are those of the roads."""
    sources = [
        layers.villages.attrs.get("notes", ()),
        layers.hazard.notes,
        layers.people.notes,
        facts["notes"],
        layers.shelters.attrs.get("notes", ()),
    ]
    if isinstance(layers.vulnerable, pd.DataFrame):
        sources.append(layers.vulnerable.attrs.get("notes", ()))
    notes = [note for source in sources for note in source if isinstance(note, Message)]
    return sorted(notes, key=lambda note: note != MADE_UP)


def made_up(layers: Layers, facts: Mapping[str, Any]) -> bool:
    """Return whether the villages of a plan, or layers it is made from, are made up."""
    codes = village_table(layers.villages).index
    return any(map(is_sample_code, codes)) or is_made_up(layer_notes(layers, facts))


def plan_notes(
    workings: Workings, facts: Mapping[str, Any], departed: Mapping[str, Departed]
) -> tuple[Message, ...]:
    """Return the limits of the data and of the method that a reader of the map must know.

    Parameters
    ----------
    workings
        What the plan was computed from.
    facts
        From `road_facts`.
    departed
        The tables of its departures.
    """
    layers, assumptions = workings.layers, workings.assumptions
    hazard, shelters = layers.hazard, layers.shelters
    notes = layer_notes(layers, facts)
    notes += _exposure_notes(workings.exposure)
    notes += group_notes(workings.groups, assumptions)
    if not workings.groups_apart:
        notes.append(Message("Everyone is planned at one walking speed, also those who need help."))
    notes += _shelter_notes(departed, workings.served, shelters["capacity_people"], assumptions)
    notes.append(
        Message(
            "Walks between houses, roads and shelters are straight lines; a river, wall or cliff "
            "between them is not seen."
        )
    )
    if "late" in departed:
        notes.append(
            Message(
                "Late, people walk straight to an open road within {reach} m, and never into "
                "something worse than where they stand.",
                reach=round(assumptions.max_snap_m),
            )
        )
    notes += _wading_notes(workings, departed)
    without_depth = [part for part in hazard.maps if part.unit != "m"]
    if without_depth and len(hazard.maps) == 1:
        notes.append(
            Message("The hazard is a class or index, not a water depth; roads are closed by class.")
        )
    for part in without_depth if hazard.parts else ():
        notes.append(
            Message(
                "{file} is a class or index, not a water depth; by it roads are closed by class.",
                file=_file_name(part.source) or part.kind,
            )
        )
    return tuple(dict.fromkeys(notes))


def _wading_notes(workings: Workings, departed: Mapping[str, Departed]) -> list[Message]:
    """Return how many with a place late must first get out of water too deep for a road."""
    if "late" not in departed:
        return []
    origins, network = departed["late"].origins, workings.network
    origins = origins[origins["status"] == "allocated"]
    stuck = standing_in_closed(
        np.asarray(origins.geometry.array), network.hazard, network.roads.crs, workings.assumptions
    )
    people = int(origins["evacuees"].to_numpy()[stuck].sum())
    if not people:
        return []
    return [wading_note(people)]


def wading_note(people: int) -> Message:
    """Return that so many with a place late must first get out of deep water."""
    return Message(
        "Late, {people} of the people with a place stand where a road would be closed; they "
        "are taken to get out of it on foot, and that must be checked on the spot.",
        people=people,
    )


def _exposure_notes(exposure: pd.DataFrame) -> list[Message]:
    """Return notes on people in unknown hazard and villages the population layer misses."""
    notes = []
    unknown = float(exposure["people_unknown"].sum())
    if unknown >= 0.5:  # noqa: PLR2004 - half a person rounds to somebody
        notes.append(
            Message(
                "{people} people live where the hazard is unknown; they are not counted as safe.",
                people=round(unknown),
            )
        )
    poor = int((exposure["population_known_share"] < _POORLY_COVERED).sum())
    if poor:
        notes.append(
            Message(
                "{count} villages lie for more than half outside the population layer; their "
                "people are not all counted.",
                count=poor,
            )
        )
    return notes


def _shelter_notes(
    departed: Mapping[str, Departed],
    served: Mapping[str, Allocation],
    stated_capacity: pd.Series,
    assumptions: EvacuationAssumptions,
) -> list[Message]:
    """Return notes on capacity: what is unknown, and how many find no room."""
    notes = []
    first = next(iter(departed.values()))
    shelters = first.shelters
    usable = shelters["status"] == "usable"
    estimated = stated_capacity.isna().to_numpy() & shelters["capacity_people"].notna().to_numpy()
    if estimated.any():
        notes.append(
            Message(
                "The capacity of {count} shelters is estimated from their floor area.",
                count=int(estimated.sum()),
            )
        )
    unknown = usable & shelters["capacity_people"].isna()
    if unknown.any():
        people = served[next(iter(departed))].proof.could_serve_people
        notes.append(
            Message(
                "{count} usable shelters have no known capacity; each is taken to hold {assumed} "
                "people. With room for all of them {people} more people would have a place.",
                count=int(unknown.sum()),
                assumed=assumptions.unknown_capacity_people,
                people=people,
            )
            if people
            else Message(
                "{count} usable shelters have no known capacity; each is taken to hold {assumed} "
                "people.",
                count=int(unknown.sum()),
                assumed=assumptions.unknown_capacity_people,
            )
        )
    full = first.origins.loc[first.origins["status"] == "shelters_full", "evacuees"].sum()
    if full:
        notes.append(
            Message(
                "{people} people find every shelter within the time limit full; no other division "
                "of people over shelters would serve more.",
                people=int(full),
            )
        )
    if not all(each.proof.proven for each in served.values()):
        notes.append(
            Message(
                "The division of people over shelters was stopped before it was proved to be the "
                "best; a better one may exist."
            )
        )
    return notes


def provenance(layers: Layers, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs, versions and the time the plan was made."""
    invented = made_up(layers, facts)
    villages, hazard, people, shelters, elevation = (
        layers.villages,
        layers.hazard,
        layers.people,
        layers.shelters,
        layers.elevation,
    )
    return {
        "software": f"resilience-geo {metadata.version('resilience-geo')}",
        "created": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        "crs": layers.roads.crs.to_string(),
        "inputs": {
            "villages": {
                "source": _file_name(villages.attrs.get("source")),
                "count": len(villages),
            },
            "hazard": {
                "source": _file_name(hazard.source),
                "kind": hazard.kind,
                "unit": hazard.unit,
                "cuts": None if hazard.cuts is None else list(hazard.cuts),
                "nodata_means": hazard.nodata_means,
                **(
                    {
                        "parts": [
                            {
                                "source": _file_name(part.source),
                                "kind": part.kind,
                                "unit": part.unit,
                                "cuts": None if part.cuts is None else list(part.cuts),
                                "nodata_means": part.nodata_means,
                            }
                            for part in hazard.parts
                        ]
                    }
                    if hazard.parts
                    else {}
                ),
            },
            "population": {
                "source": _file_name(people.source),
                "unit": people.unit,
                "scale": people.scale,
            },
            "roads": {
                "source": _file_name(facts["source"]),
                "osm_date": facts["osm_date"],
                "attribution": None if invented else "© OpenStreetMap contributors, ODbL",
            },
            "elevation": {
                "source": None if elevation is None else _file_name(source_of(elevation.source))
            },
            "shelters": {
                "source": _file_name(shelters.attrs.get("source")),
                "count": len(shelters),
            },
        },
    }


def _file_name(source: Any) -> str | None:
    """Return the names of files without their folders, which say more of a machine than of data."""
    if not source:
        return None
    return ", ".join(Path(part).name for part in str(source).split(", "))
