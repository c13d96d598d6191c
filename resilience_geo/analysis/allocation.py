"""Allocation: who goes to which shelter when shelters fill up, and why some have no place."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from resilience_geo.analysis.coverage import capacity_of, shelter_points, shelter_status
from resilience_geo.analysis.evacuation_network import Ways, build_network
from resilience_geo.analysis.network import road_arrays
from resilience_geo.analysis.placement import (
    Party,
    Places,
    Rows,
    causes_of,
    limit_of,
    origin_rank,
    placed,
    places_of,
    rows_of,
    served_with,
)
from resilience_geo.analysis.routes import (
    ALLOCATED,
    STATUSES,
    departures,
    origin_points,
    refuse_without_shelters,
)
from resilience_geo.analysis.walks import Walks
from resilience_geo.analysis.way_lines import draw_ways
from resilience_geo.analysis.way_pairs import Choice, find_pairs
from resilience_geo.analysis.way_steps import Steps, chosen_ways
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.errors import InputError, Message, Problem, raise_problems
from resilience_geo.inputs.hazards import combine_hazards
from resilience_geo.tables import check_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network
    from resilience_geo.analysis.way_pairs import WayPairs
    from resilience_geo.flows.transport import Transport
    from resilience_geo.inputs.hazard import Hazard
    from resilience_geo.inputs.rasters import Grid


@dataclass(frozen=True)
class Proof:
    """How good an allocation is.

    Parameters
    ----------
    proven
        Whether no other allocation serves more people, or as many in less time in all.
    person_seconds
        Travel time of all people allocated, together (s).
    bound_person_seconds
        What no allocation of as many people can go below (s).
    could_serve_people
        How many more people could be served if shelters of unknown capacity had room for all.
    """

    proven: bool
    person_seconds: float
    bound_person_seconds: float
    could_serve_people: int


@dataclass(frozen=True)
class Allocation:
    """Who goes where: a row per origin, party and shelter, and one per origin and party without.

    Parameters
    ----------
    origin, party
        Positions of origin and party; rows are sorted by origin, party, and the larger portion.
    people
        Whole people; never 0.
    status
        Number in `STATUSES`.
    travel_time_s
        From door to door at the party's own speed (s); infinite where nobody is allocated.
    quickest_time_s
        Of the fastest way to any usable shelter in reach, full or not, at the party's speed (s).
    ways
        The way of each row; that of a row without a place leads nowhere.
    steps
        Stretches of the ways after that on which they begin; owners are rows.
    proof
        How good it is.
    """

    origin: NDArray[np.int64]
    party: NDArray[np.int64]
    people: NDArray[np.int64]
    status: NDArray[np.int64]
    travel_time_s: NDArray[np.float64]
    quickest_time_s: NDArray[np.float64]
    ways: Ways
    steps: Steps
    proof: Proof


def allocate(
    network: Network,
    departure: str,
    points: NDArray[np.object_],
    parties: Sequence[Party],
    places: Places,
    *,
    rank: NDArray[np.int64],
    time_limit_s: float | None = None,
) -> Allocation:
    """Allocate people to shelters: the most people first, then the least total travel time.

    Parameters
    ----------
    network
        From `build_network`.
    departure
        `early` or `late`.
    points
        Where people are, in the metric CRS of the roads.
    parties
        Who is there.
    places
        The shelters.
    rank
        An order of the origins that does not depend on that of the input.
    time_limit_s
        How long to compute (s); None: until the optimum is proved.

    Notes
    -----
    Capacity is a hard bound and people are whole. A shelter of unknown capacity holds
    `unknown_capacity_people`. The optimum is that of the transport problem over all pairs within
    `time_limit_min`; see `transport`.
    """
    offers = offers_of(network, departure, points, parties, places, rank)
    found, could_serve = place_people(
        offers.rows, parties, places, network.assumptions, time_limit_s=time_limit_s
    )
    return finished(network, points, parties, places, offers, found, could_serve)


@dataclass(frozen=True)
class Offers:
    """What an allocation chooses from: everybody's ways to shelters within the time limit.

    Parameters
    ----------
    pairs
        Of people who do not, and who do, need assistance.
    rows
        Whom to place, and where they could go.
    """

    pairs: dict[bool, WayPairs]
    rows: Rows


def offers_of(
    network: Network,
    departure: str,
    points: NDArray[np.object_],
    parties: Sequence[Party],
    places: Places,
    rank: NDArray[np.int64],
) -> Offers:
    """Return what an allocation chooses from; parameters as for `allocate`."""
    pairs = {
        assisted: find_pairs(
            network,
            departure,
            points,
            places.usable,
            limit_s=limit_of(network.assumptions, parties, assisted=assisted),
            assisted=assisted,
        )
        for assisted in sorted({party.assisted for party in parties})
    }
    return Offers(pairs, rows_of(network, parties, places, pairs, rank))


def place_people(
    rows: Rows,
    parties: Sequence[Party],
    places: Places,
    assumptions: EvacuationAssumptions,
    *,
    time_limit_s: float | None = None,
) -> tuple[Transport, int]:
    """Give the seats to people; no roads are needed for it.

    Returns
    -------
    Transport
        Who goes where; columns are shelters by rank.
    int
        How many more people could be served if shelters of unknown capacity had room for all.
    """
    unknown = np.isnan(places.capacity_people)
    everybody = int(rows.people.sum())
    found = placed(rows, parties, seats_of(places, assumptions, everybody), time_limit_s)
    open_ended = unknown & places.usable
    within_reach = np.bincount(rows.row, minlength=rows.people.size) > 0
    if not (open_ended.any() and (within_reach & (found.unserved_people > 0)).any()):
        return found, 0
    plenty = np.where(open_ended, everybody, seats_of(places, assumptions, everybody))
    return found, served_with(rows, plenty) - int(found.people.sum())


def seats_of(
    places: Places, assumptions: EvacuationAssumptions, everybody: int
) -> NDArray[np.int64]:
    """Return how many people each shelter takes; of `everybody` people at most all."""
    unknown = np.isnan(places.capacity_people)
    assumed = float(assumptions.unknown_capacity_people)
    holds = np.where(places.usable, np.where(unknown, assumed, places.capacity_people), 0.0)
    # Seats beyond all people change nothing, and an endless number of them is no whole number.
    return np.floor(np.minimum(holds, everybody)).astype(np.int64)


def finished(
    network: Network,
    points: NDArray[np.object_],
    parties: Sequence[Party],
    places: Places,
    offers: Offers,
    found: Transport,
    could_serve_people: int,
) -> Allocation:
    """Return the allocation once the seats are given: ways, times, and why some have no place."""
    everybody = int(offers.rows.people.sum())
    nothing = seats_of(places, network.assumptions, everybody) == 0
    causes = causes_of(network, offers.rows, points, np.isnan(places.capacity_people) & nothing)
    result = _allocation(network, offers.pairs, parties, offers.rows, found, causes)
    return replace(result, proof=replace(result.proof, could_serve_people=could_serve_people))


def _allocation(
    network: Network,
    pairs: dict[bool, WayPairs],
    parties: Sequence[Party],
    rows: Rows,
    found: Transport,
    causes: NDArray[np.int64],
) -> Allocation:
    """Return the rows of the answer with their ways."""
    shelter_of = np.argsort(rows.column)
    left = np.flatnonzero(found.unserved_people)
    row = np.concatenate([found.row, left])
    people = np.concatenate([found.people, found.unserved_people[left]])
    shelter = np.concatenate([shelter_of[found.column], np.full(left.size, -1)])
    order = np.lexsort((shelter, -people, shelter < 0, rows.party[row], rows.origin[row]))
    row, people, shelter = row[order], people[order], shelter[order]
    allocated = shelter >= 0
    some = np.flatnonzero(allocated)
    n_shelters = rows.column.size
    place = np.searchsorted(
        rows.row * n_shelters + rows.column[rows.shelter],
        row[some] * n_shelters + rows.column[shelter[some]],
    )
    ways, steps = _ways_of(network, pairs, rows, place, shelter[some])
    speed = np.array([party.walking_speed_mps for party in parties])[rows.party[row]]
    whole = spread(ways, some, row.size)
    slower = network.assumptions.walking_speed_mps / speed
    origin, party = rows.origin[row], rows.party[row]
    quickest_s = np.full(row.size, np.inf)
    assisted = np.array([each.assisted for each in parties])[party]
    for with_help, found_pairs in pairs.items():
        mine = assisted == with_help
        quickest_s[mine] = found_pairs.quickest_s()[origin[mine]] * slower[mine]
    return Allocation(
        origin=origin,
        party=party,
        people=people,
        status=np.where(allocated, ALLOCATED, causes[row]),
        travel_time_s=whole.travel_time_s * slower,
        quickest_time_s=quickest_s,
        ways=whole,
        steps=Steps(some[steps.owner], steps.stretch, steps.forward),
        proof=Proof(
            proven=found.proven,
            person_seconds=found.total_person_seconds,
            bound_person_seconds=found.bound_person_seconds,
            could_serve_people=0,
        ),
    )


def _ways_of(
    network: Network,
    pairs: dict[bool, WayPairs],
    rows: Rows,
    place: NDArray[np.int64],
    shelter: NDArray[np.int64],
) -> tuple[Ways, Steps]:
    """Return the ways of chosen pairs, of whatever kind of travel."""
    kind, pair = rows.kind[place], rows.pair[place]
    kinds = np.unique(kind)
    entry, toward_end = np.zeros(place.size, dtype=np.int64), np.zeros(place.size, dtype=bool)
    nothing = np.empty(0, dtype=np.int64)
    entries = Walks(nothing, nothing, np.empty(0), np.empty(0))
    travels = []
    for assisted, found in pairs.items():
        offset = entries.point.size
        entries = entries.joined(found.entries)
        for direct, choice in ((False, found.preferred), (True, found.fastest)):
            mine = kind == 2 * int(assisted) + int(direct)
            entry[mine] = offset + choice.entry[pair[mine]]
            toward_end[mine] = choice.toward_end[pair[mine]]
            if 2 * int(assisted) + int(direct) in kinds:
                travels.append(found.travels[int(direct)])
    which = np.searchsorted(kinds, kind)
    return chosen_ways(
        network, travels, entries, Choice(entry, toward_end, np.zeros(place.size)), which, shelter
    )


def spread(ways: Ways, chosen: NDArray[np.int64], count: int) -> Ways:
    """Return ways of which only some lead anywhere: those at `chosen`."""
    filled: dict[str, NDArray[Any]] = {}
    for entry in fields(Ways):
        if entry.name == "trees":
            continue
        given = getattr(ways, entry.name)
        fill: Any = np.inf if entry.name.endswith(("_s", "_m")) else 0
        values = np.full(count, -1 if entry.name == "shelter" else fill, dtype=given.dtype)
        values[chosen] = given
        filled[entry.name] = values
    return Ways(**filled, trees=ways.trees)


def allocate_shelters(
    origins: gpd.GeoDataFrame,
    shelters: gpd.GeoDataFrame,
    roads: Any,
    hazard: Hazard | Sequence[Hazard],
    *,
    departure: str = "both",
    assumptions: EvacuationAssumptions | None = None,
    elevation: Grid | None = None,
    time_limit_s: float | None = None,
) -> gpd.GeoDataFrame:
    """Send people to shelters that fill up: the most people first, then the least total time.

    Parameters
    ----------
    origins
        Points where people are, any CRS, with `evacuees` (whole people).
    shelters
        From `read_shelters`. Those in class none or low hold `capacity_people`; one of unknown
        capacity holds `unknown_capacity_people`.
    roads
        OSMnx graph, from `read_roads`.
    hazard
        From `read_hazard`.
    departure
        `early`, `late` or `both`.
    assumptions
        Speeds, limits, mode.
    elevation
        Heights (m), for Tobler's walking speeds.
    time_limit_s
        How long to compute for each departure (s); None: until the optimum is proved.

    Returns
    -------
    geopandas.GeoDataFrame
        Early rows first, in the order of `origins` and with their index and columns; a row per
        shelter where the people of an origin are split, the larger part first, and one more for
        those without a place. `departure`, `evacuees` (of the row), `status` (`allocated` or the
        cause why not), `shelter_id`, `travel_time_s`, `distance_m`, `hazardous_m`, `unknown_m`,
        `walk_to_road_m`, `quickest_time_s` (of the fastest way to any usable shelter within the
        time limit, full or not; NaN where there is none); geometry from origin to shelter in the
        metric CRS of the roads, None where there is no place. `attrs["proofs"]` holds a `Proof`
        per departure.

    Raises
    ------
    ShelterError
        No shelter is usable.
    ColumnError, CrsError
        A column or the CRS is missing.
    InputError
        Origins that are no points, or whose people are no whole number.

    Notes
    -----
    Minimum-cost flow over all pairs within the time limit, with OR-Tools; see `transport`. The
    order of origins and shelters changes nothing.
    """
    hazard = combine_hazards(hazard)
    check_columns(shelters, ("shelter_id", "capacity_people"), "shelters")
    check_columns(origins, ("evacuees",), "origins")
    chosen = assumptions or EvacuationAssumptions()
    arrays = road_arrays(roads)
    hazard_status, _ = shelter_status(shelters, hazard)
    refuse_without_shelters(hazard_status, shelters.attrs.get("source"))
    shelter_places = shelter_points(shelters, arrays.crs)
    network = build_network(arrays, hazard, shelter_places, chosen, elevation=elevation)
    points = origin_points(origins, arrays.crs)
    people = _whole_people(origins)
    places = places_of(
        shelters, hazard_status == "usable", capacity_of(shelters, chosen), shelter_places
    )
    rank = origin_rank(points, people, np.zeros(people.size))
    everyone = Party("everyone", people, chosen.walking_speed_mps)
    tables, proofs = [], {}
    for name in departures(departure):
        found = allocate(
            network, name, points, [everyone], places, rank=rank, time_limit_s=time_limit_s
        )
        proofs[name] = found.proof
        lines = np.full(found.people.size, None, dtype=object)
        some = np.flatnonzero(found.status == ALLOCATED)
        lines[some] = draw_ways(
            network, found.ways, some, points[found.origin], shelter_places, found.steps
        )
        table = pd.DataFrame(origins.drop(columns=origins.geometry.name)).iloc[found.origin]
        columns = allocation_columns(found, shelters["shelter_id"].to_numpy(dtype=object))
        table = table.assign(departure=name, evacuees=found.people, **columns)
        tables.append(gpd.GeoDataFrame(table, geometry=lines, crs=arrays.crs))
    result = tables[0] if len(tables) == 1 else pd.concat(tables)
    result.attrs["proofs"] = proofs
    return result


def _whole_people(origins: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the evacuees of origins.

    Raises
    ------
    InputError
        Numbers that are missing, negative or not whole; all of them at once.
    """
    people = pd.to_numeric(origins["evacuees"], errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(~((people >= 0.0) & (people == np.floor(people)) & np.isfinite(people)))
    raise_problems(
        (
            InputError,
            Problem(
                column="evacuees",
                row=str(origins.index[row]),
                found=Message("{value}", value=str(origins["evacuees"].iloc[row])),
                expected=Message("a whole number of people, 0 or more"),
                remedy=Message("round the evacuees of each origin to whole people"),
            ),
        )
        for row in wrong
    )
    whole: NDArray[np.int64] = people.astype(np.int64)
    return whole


def allocation_columns(
    allocation: Allocation, shelter_ids: NDArray[np.object_]
) -> dict[str, NDArray[Any]]:
    """Return status, shelter and measures of every row; empty where nobody is allocated."""
    allocated = allocation.status == ALLOCATED
    ways = allocation.ways
    shelter = np.full(allocated.size, None, dtype=object)
    shelter[allocated] = shelter_ids[ways.shelter[allocated]]
    measures = {
        name: np.where(allocated, values, np.nan)
        for name, values in {
            "travel_time_s": allocation.travel_time_s,
            "distance_m": ways.distance_m,
            "hazardous_m": ways.hazardous_m,
            "unknown_m": ways.unknown_m,
            "walk_to_road_m": ways.walk_to_road_m,
        }.items()
    }
    quickest = allocation.quickest_time_s
    return {
        "status": np.array(STATUSES)[allocation.status],
        "shelter_id": shelter,
        **measures,
        "quickest_time_s": np.where(np.isfinite(quickest), quickest, np.nan),
    }
