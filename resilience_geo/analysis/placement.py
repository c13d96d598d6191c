"""Whom to place where they could go in time: the rows and pairs of an allocation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from resilience_geo.analysis.evacuation_network import near_a_road
from resilience_geo.analysis.routes import (
    CAPACITY_UNKNOWN,
    CUT_OFF,
    NO_ROAD,
    SHELTERS_FULL,
    TOO_FAR,
)
from resilience_geo.analysis.way_pairs import sorted_order
from resilience_geo.flows.transport import least_time_transport

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network
    from resilience_geo.analysis.way_pairs import WayPairs
    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.flows.transport import Transport


@dataclass(frozen=True)
class Party:
    """People who travel alike.

    Parameters
    ----------
    name
        Name of the group.
    people
        How many of them live at each origin (whole people); shape (n_origins,).
    walking_speed_mps
        Their walking speed (m/s); every time is that of everyone, stretched by the ratio.
    assisted
        Whether they need assistance: they wade less deep.
    accessible_only
        Whether they can use accessible shelters only.
    priority
        Who is placed first where not every shelter can take them; 0 before 1.
    """

    name: str
    people: NDArray[np.int64]
    walking_speed_mps: float
    assisted: bool = False
    accessible_only: bool = False
    priority: int = 0


@dataclass(frozen=True)
class Places:
    """Shelters as an allocation sees them.

    Parameters
    ----------
    usable
        Whether each stands in hazard class none or low.
    capacity_people
        How many people each holds; NaN where unknown.
    accessible
        Whether people who cannot climb stairs can use it.
    rank
        An order of the shelters that does not depend on that of the file.
    """

    usable: NDArray[np.bool_]
    capacity_people: NDArray[np.float64]
    accessible: NDArray[np.bool_]
    rank: NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """What is placed: people of one party at one origin, with the pairs within their limit.

    `row`, `shelter`, `seconds`, `kind` (of travel) and `pair` (position in the pairs) hold one
    value per pair, sorted by row and column; `column` is the place of each shelter among columns.
    """

    origin: NDArray[np.int64]
    party: NDArray[np.int64]
    people: NDArray[np.int64]
    has_way: NDArray[np.bool_]
    row: NDArray[np.int64]
    shelter: NDArray[np.int64]
    seconds: NDArray[np.float64]
    kind: NDArray[np.int64]
    pair: NDArray[np.int64]
    column: NDArray[np.int64]


def limit_of(
    assumptions: EvacuationAssumptions, parties: Sequence[Party], *, assisted: bool
) -> float:
    """Return the time limit in seconds at everyone's speed, for the fastest of some parties."""
    fastest = max(party.walking_speed_mps for party in parties if party.assisted == assisted)
    return assumptions.time_limit_min * 60.0 * fastest / assumptions.walking_speed_mps


def rows_of(
    network: Network,
    parties: Sequence[Party],
    places: Places,
    pairs: dict[bool, WayPairs],
    rank: NDArray[np.int64],
) -> Rows:
    """Put together whom to place, in an order of their own, and where they could go in time."""
    assumptions = network.assumptions
    limit_s = assumptions.time_limit_min * 60.0
    column = np.argsort(np.argsort(places.rank, kind="stable"), kind="stable")
    origins, owners, people, has_way = [], [], [], []
    parts: list[tuple[NDArray[np.int64], ...]] = []
    seconds = []
    before = 0
    for number, party in enumerate(parties):
        some = np.flatnonzero(party.people > 0)
        some = some[np.argsort(rank[some], kind="stable")]
        found = pairs[party.assisted]
        row = np.full(party.people.size, -1)
        row[some] = before + np.arange(some.size)
        slower = assumptions.walking_speed_mps / party.walking_speed_mps
        preferred = slower * found.preferred.seconds
        fast = slower * found.fastest.seconds
        direct = preferred > limit_s
        taken = np.where(direct, fast, preferred)
        fits = (row[found.point] >= 0) & (taken <= limit_s)
        if party.accessible_only:
            fits &= places.accessible[found.shelter]
        kept = np.flatnonzero(fits)
        kind = 2 * int(party.assisted) + direct[kept]
        parts.append((row[found.point[kept]], found.shelter[kept], kind, kept))
        seconds.append(taken[kept])
        origins.append(some)
        owners.append(np.full(some.size, number))
        people.append(party.people[some])
        reached = found.has_way
        if party.accessible_only:
            reached = found.reach(network, places.usable & places.accessible)
        has_way.append(reached[some])
        before += some.size
    row, shelter, kind, pair = (np.concatenate(values) for values in zip(*parts, strict=True))
    order = sorted_order(row, column[shelter], (before, column.size))
    return Rows(
        origin=np.concatenate(origins),
        party=np.concatenate(owners),
        people=np.concatenate(people).astype(np.int64),
        has_way=np.concatenate(has_way),
        row=row[order],
        shelter=shelter[order],
        seconds=np.concatenate(seconds)[order],
        kind=kind[order],
        pair=pair[order],
        column=column,
    )


def _csr(rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each row's pairs begin, and the column of every pair."""
    counts = np.bincount(rows.row, minlength=rows.people.size)
    return np.append(0, np.cumsum(counts)), rows.column[rows.shelter]


def placed(
    rows: Rows,
    parties: Sequence[Party],
    capacity_people: NDArray[np.int64],
    time_limit_s: float | None,
) -> Transport:
    """Solve the transport problem; columns are shelters by rank."""
    indptr, column = _csr(rows)
    capacity = np.empty_like(capacity_people)
    capacity[rows.column] = capacity_people
    priority = np.array([party.priority for party in parties], dtype=np.int64)[rows.party]
    return least_time_transport(
        indptr,
        column,
        rows.seconds,
        rows.people,
        capacity,
        priority=priority,
        time_limit_s=time_limit_s,
    )


def served_with(rows: Rows, capacity_people: NDArray[np.int64]) -> int:
    """Return how many people could be served with other capacities."""
    indptr, column = _csr(rows)
    capacity = np.empty_like(capacity_people)
    capacity[rows.column] = capacity_people
    without_time = np.zeros(column.size)
    found = least_time_transport(indptr, column, without_time, rows.people, capacity)
    return int(found.people.sum())


def causes_of(
    network: Network, rows: Rows, points: NDArray[np.object_], unknown: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return why people of each row would have no place; the first cause that holds."""
    known_near = np.zeros(rows.people.size, dtype=bool)
    unknown_near = known_near.copy()
    known_near[rows.row[~unknown[rows.shelter]]] = True
    unknown_near[rows.row[unknown[rows.shelter]]] = True
    cause = np.where(rows.has_way, TOO_FAR, CUT_OFF)
    cause[unknown_near] = CAPACITY_UNKNOWN
    cause[known_near] = SHELTERS_FULL
    nowhere = np.flatnonzero(cause == CUT_OFF)
    on_road = near_a_road(network, points[rows.origin[nowhere]])
    cause[nowhere[~on_road]] = NO_ROAD
    return cause


def origin_rank(
    points: NDArray[np.object_], people: NDArray[np.int64], names: NDArray[Any]
) -> NDArray[np.int64]:
    """Return an order of origins that is the same however villages and cells are shuffled."""
    x, y = shapely.get_x(points), shapely.get_y(points)
    return _rank(np.lexsort((people, names.astype(str), y, x)))


def places_of(
    shelters: gpd.GeoDataFrame,
    usable: NDArray[np.bool_],
    capacity_people: NDArray[np.float64],
    points: NDArray[np.object_],
) -> Places:
    """Return shelters as an allocation sees them.

    Where some shelter is said to be accessible or not, those of which nothing is said do not count
    as accessible; where nothing is said of any, all do.
    """
    accessible = np.ones(len(shelters), dtype=bool)
    if "accessible" in shelters.columns:
        said = shelters["accessible"].to_numpy(dtype=object)
        stated = np.array([value is not None and value == value for value in said], dtype=bool)  # noqa: PLR0124 - NaN differs from itself
        if stated.any():
            accessible = np.array([bool(value) for value in np.where(stated, said, False)])
    capacity = np.nan_to_num(capacity_people, nan=-1.0)
    ids = shelters["shelter_id"].to_numpy(dtype=str)
    order = np.lexsort((ids, capacity, shapely.get_y(points), shapely.get_x(points)))
    return Places(usable, capacity_people, accessible, _rank(order))


def _rank(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of each in an order."""
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    return rank
