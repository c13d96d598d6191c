"""A moving hazard: until when one can leave home and still reach a shelter, and by which way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from resilience_geo.analysis.closing_times import SECONDS_PER_MIN, check_closing_rule
from resilience_geo.analysis.coverage import capacity_of, shelter_points, shelter_status
from resilience_geo.analysis.latest_ways import (
    LatestTree,
    arrival_s,
    latest_entry_s,
    latest_tree,
)
from resilience_geo.analysis.moving_network import (
    Entries,
    MovingNetwork,
    entries_of,
    moving_network,
)
from resilience_geo.analysis.network import road_arrays
from resilience_geo.analysis.routes import refuse_without_shelters
from resilience_geo.analysis.way_lines import draw_ways
from resilience_geo.analysis.way_steps import Steps
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.errors import InputError, Message, Problem, raise_problems
from resilience_geo.tables import check_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network, Ways
    from resilience_geo.inputs.hazard_series import HazardSeries
    from resilience_geo.inputs.rasters import Grid

# A moment this much too late is a rounding (min).
_ROUNDING_MIN = 1e-6


def latest_departures(
    origins: gpd.GeoDataFrame,
    shelters: gpd.GeoDataFrame,
    roads: Any,
    series: HazardSeries,
    *,
    closing: str = "last_open",
    assumptions: EvacuationAssumptions | None = None,
    elevation: Grid | None = None,
) -> gpd.GeoDataFrame:
    """Say until when one can leave each origin and still reach a shelter while the hazard moves.

    A stretch of road is open until the hazard first closes it for the mode, and must have been
    left by then; one that opens again later stays closed. Walking slows down where a map shows
    water, from the map before on; so does the straight walk to the road, to one at most
    `max_gap_m` farther than the nearest, which must be over before any part of it, the home
    included, closes. Capacity and time limit are not bound here.

    Parameters
    ----------
    origins
        Points where people are, any CRS.
    shelters
        From `read_shelters`. Those count that stand in class none or low in every map and take
        people.
    roads
        OSMnx graph, from `read_roads`.
    series
        From `read_hazard_series`.
    closing
        `last_open`: a place closes right after the last map in which it is open, the safe side.
        `interpolated`: when the depth, taken to rise evenly between maps, comes to the limit.
    assumptions
        Speeds, limits, mode.
    elevation
        Heights (m), for Tobler's walking speeds.

    Returns
    -------
    geopandas.GeoDataFrame
        In the order and with the index of `origins`; their columns, and `latest_departure_min`
        (minutes after the warning; NaN where it is too late from the beginning; infinite where a
        way stays open as far as the maps go), `beyond_series` (whether it is infinite), `status`
        (`allocated` or the cause why not), `shelter_id`, `travel_time_s` (when leaving at that
        minute, or after the last map), `distance_m`, `walk_to_road_m`; the geometry is the way,
        from origin to shelter in the metric CRS of the roads, None where there is none.
        `attrs["series_min"]` holds the times of the maps.

    Raises
    ------
    ShelterError
        No shelter is usable in every map.
    UnitError
        `interpolated` with maps that hold no depths.

    Notes
    -----
    Leaving at any earlier minute one gets away by the same way, with time to spare: nobody is
    overtaken by leaving earlier.
    """
    check_columns(shelters, ("shelter_id", "capacity_people"), "shelters")
    check_closing_rule(closing, series)
    chosen = assumptions or EvacuationAssumptions()
    arrays = road_arrays(roads)
    status = status_in_series(shelters, series)
    refuse_without_shelters(status, shelters.attrs.get("source"))
    targets = shelter_points(shelters, arrays.crs)
    network = moving_network(arrays, series, targets, closing, chosen, elevation=elevation)
    points = np.asarray(origins.geometry.to_crs(arrays.crs).array)
    entries = entries_of(network, points)
    capacity = capacity_of(shelters, chosen)
    unknown = np.isnan(capacity)
    takes = np.where(unknown, chosen.unknown_capacity_people > 0, capacity > 0)
    usable = status == "usable"
    tree, latest, best = _latest(network, entries, usable & takes, points.size)
    found = np.flatnonzero(latest >= 0.0)
    cause = np.full(points.size, "no_road", dtype=object)
    cause[entries.point] = "cut_off"
    for others, name in (
        (usable & ~takes & ~unknown, "shelters_full"),
        (usable & ~takes & unknown, "capacity_unknown"),
    ):
        if others.any() and found.size < points.size:
            cause[_latest(network, entries, others, points.size)[1] >= 0.0] = name
    cause[found] = "allocated"
    walked = _walk_on(network, tree, entries.rows(best[found]), latest[found])
    lines = np.full(points.size, None, dtype=object)
    lines[found] = _draw(network, walked, points, targets)
    table = _table(walked, latest, shelters["shelter_id"].to_numpy())
    result = gpd.GeoDataFrame(
        {
            **{
                column: origins[column].to_numpy()
                for column in origins.columns.drop(origins.geometry.name)
            },
            "latest_departure_min": table.pop("latest_departure_min"),
            "beyond_series": np.isposinf(latest),
            "status": cause,
            **table,
        },
        index=origins.index,
        geometry=lines,
        crs=arrays.crs,
    )
    result.attrs["series_min"] = series.times_min
    return result


def departure_curve(
    departures: pd.DataFrame,
    *,
    minutes: Iterable[float] | None = None,
    people: str | None = None,
    by: str | None = None,
) -> pd.DataFrame:
    """Count who can still get away when leaving at each minute after the warning.

    Parameters
    ----------
    departures
        From `latest_departures`.
    minutes
        Minutes of leaving; when left out every minute up to the last map. The maps say nothing
        of what comes after the last of them.
    people
        Column that counts people; when left out `evacuees` where there is one, else every row is
        one.
    by
        Column whose values are counted apart, such as `village_code`.

    Returns
    -------
    pandas.DataFrame
        Index `minute`, or `by` and `minute`; `people_in_time` and `people_too_late`, which
        together are all people.

    Raises
    ------
    ColumnError
        A column is missing.
    InputError
        Numbers of people that are missing or negative.

    Examples
    --------
    Ten people can leave until minute 30, five as long as the maps go, two not at all.

    >>> table = pd.DataFrame(
    ...     {"latest_departure_min": [30.0, np.inf, np.nan], "evacuees": [10, 5, 2]}
    ... )
    >>> departure_curve(table, minutes=[0, 30, 31])["people_in_time"].tolist()
    [15, 15, 5]
    """
    people = people or ("evacuees" if "evacuees" in departures.columns else None)
    needed = ("latest_departure_min", *(name for name in (people, by) if name is not None))
    check_columns(departures, needed, "departures")
    latest = departures["latest_departure_min"].to_numpy(dtype=np.float64)
    count = _counted(departures, people)
    moments = _minutes(departures, minutes)
    group, names = np.zeros(latest.size, dtype=np.int64), pd.Index([0])
    if by is not None:
        # Houses outside every village have no name, and are counted under none.
        group, names = pd.factorize(departures[by], use_na_sentinel=False)
    everyone = np.bincount(group, count, minlength=len(names))
    in_time = np.array(
        [
            np.bincount(group, count * (latest >= moment - _ROUNDING_MIN), minlength=len(names))
            for moment in moments
        ]
    ).reshape(moments.size, len(names))
    if np.issubdtype(count.dtype, np.integer):
        everyone, in_time = everyone.astype(np.int64), in_time.astype(np.int64)
    index = pd.Index(moments, name="minute")
    if by is not None:
        index = pd.MultiIndex.from_product([names, moments], names=[by, "minute"])
    return pd.DataFrame(
        {
            "people_in_time": in_time.T.ravel(),
            "people_too_late": (everyone[:, None] - in_time.T).ravel(),
        },
        index=index,
    )


def _counted(departures: pd.DataFrame, people: str | None) -> NDArray[Any]:
    """Return the people of each row; one where nothing counts them."""
    if people is None:
        return np.ones(len(departures), dtype=np.int64)
    count = departures[people].to_numpy()
    wrong = np.flatnonzero(~(count.astype(np.float64) >= 0.0))
    raise_problems(
        (
            InputError,
            Problem(
                column=people,
                row=str(departures.index[int(row)]),
                found=Message("{value}", value=repr(count[row])),
                expected=Message("a whole number of people, 0 or more"),
                remedy=Message("round the evacuees of each origin to whole people"),
            ),
        )
        for row in wrong
    )
    return count


def _minutes(departures: pd.DataFrame, minutes: Iterable[float] | None) -> NDArray[np.float64]:
    """Return the minutes of leaving to be counted."""
    if minutes is not None:
        moments = np.array(list(minutes), dtype=np.float64)
    elif "series_min" in departures.attrs:
        moments = np.arange(np.floor(departures.attrs["series_min"][-1]) + 1.0)
    else:
        raise InputError(
            Problem(
                found=Message("departures that no longer say to when their maps go"),
                expected=Message("the table of latest_departures, or minutes"),
                remedy=Message("say which minutes of leaving to count with minutes="),
            )
        )
    return moments


def status_in_series(shelters: gpd.GeoDataFrame, series: HazardSeries) -> NDArray[np.object_]:
    """Return the status of each shelter over all maps of a series.

    Returns
    -------
    ndarray
        `usable` where it is in every map, else `in_hazard` where it is in any, else
        `unknown_hazard`.
    """
    each = np.array([shelter_status(shelters, hazard)[0] for hazard in series.hazards])
    status = np.where((each == "usable").all(axis=0), "usable", "unknown_hazard").astype(object)
    status[(each == "in_hazard").any(axis=0)] = "in_hazard"
    return status


def _latest(
    network: MovingNetwork, entries: Entries, shelters: NDArray[np.bool_], n_points: int
) -> tuple[LatestTree, NDArray[np.float64], NDArray[np.int64]]:
    """Return the tree of ways to some shelters, and of each point the latest moment and entry.

    The moment (s) is below 0 where there is no way from minute 0 on.
    """
    arcs = network.arcs
    tree = latest_tree(arcs, network.stretches.n_nodes + np.flatnonzero(shelters))
    moment = np.minimum(tree.latest_s[entries.node], entries.part_closes_s)
    moment = latest_entry_s(moment, entries.part_s, arcs.phase_ends_s)
    moment = np.minimum(moment, entries.walk_closes_s)
    moment = latest_entry_s(moment, entries.walk_s, arcs.phase_ends_s)
    # Of ways that stay open the fastest is taken, of others that with the shortest walk.
    lasting = np.isposinf(moment)
    to_go = entries.walk_s[-1] + entries.part_s[-1] + tree.to_go_s[entries.node]
    tie = np.where(lasting, to_go, entries.walk_m)
    order = np.lexsort((entries.stretch, tie, -moment, entries.point))
    first = order[np.append(True, np.diff(entries.point[order]) > 0)[: order.size]]
    latest = np.full(n_points, -np.inf)
    best = np.full(n_points, -1)
    latest[entries.point[first]] = moment[first]
    best[entries.point[first]] = first
    return tree, latest, best


@dataclass(frozen=True)
class _Walked:
    """Ways followed from door to door, one per row, and their stretches in order."""

    point: NDArray[np.int64]
    shelter: NDArray[np.int64]
    travel_time_s: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    walk_to_road_m: NDArray[np.float64]
    stretch: NDArray[np.int64]
    share: NDArray[np.float64]
    toward_end: NDArray[np.bool_]
    steps: Steps


def _walk_on(
    network: MovingNetwork, tree: LatestTree, entries: Entries, leaving_s: NDArray[np.float64]
) -> _Walked:
    """Follow each way from its latest moment on, or from the last map on where it stays open."""
    arcs, stretches, ends = network.arcs, network.stretches, network.arcs.phase_ends_s
    last_s = network.series.times_min[-1] * SECONDS_PER_MIN
    leaving = np.where(np.isposinf(leaving_s), last_s, leaving_s)
    moment = arrival_s(leaving, entries.walk_s, ends)
    moment = arrival_s(moment, entries.part_s, ends)
    n_stretches = stretches.road.size
    distance = entries.walk_m + entries.part_m
    node, walker = entries.node.copy(), np.arange(entries.node.size)
    owners, passed = [walker[:0]], [walker[:0]]
    while walker.size:
        arc = tree.next_arc[node[walker]]
        walker, arc = walker[arc >= 0], arc[arc >= 0]
        moment[walker] = arrival_s(moment[walker], arcs.seconds[:, arc], ends)
        distance[walker] += network.arc_m[arc]
        node[walker] = arcs.head[arc]
        on_road = arc < 2 * n_stretches
        owners.append(walker[on_road])
        passed.append(arc[on_road])
    owner, arc = np.concatenate(owners), np.concatenate(passed)
    order = np.argsort(owner, kind="stable")
    return _Walked(
        point=entries.point,
        shelter=node - stretches.n_nodes,
        travel_time_s=moment - leaving,
        distance_m=distance,
        walk_to_road_m=entries.walk_m,
        stretch=entries.stretch,
        share=entries.share,
        toward_end=entries.toward_end,
        steps=Steps(owner[order], arc[order] % n_stretches, arc[order] < n_stretches),
    )


def _draw(
    network: MovingNetwork,
    walked: _Walked,
    points: NDArray[np.object_],
    targets: NDArray[np.object_],
) -> NDArray[np.object_]:
    """Return a line per way from the origin to its shelter."""
    return draw_ways(
        # Only the stretches of the one, and beginning and shelter of the other, are drawn.
        cast("Network", network),
        cast("Ways", walked),
        np.arange(walked.point.size),
        points[walked.point],
        targets,
        walked.steps,
    )


def _table(
    walked: _Walked, latest_s: NDArray[np.float64], shelter_ids: NDArray[np.object_]
) -> dict[str, NDArray[Any]]:
    """Return moment, shelter and measures of every origin; empty where there is no way."""
    shelter = np.full(latest_s.size, None, dtype=object)
    shelter[walked.point] = shelter_ids[walked.shelter]
    table: dict[str, NDArray[Any]] = {
        "latest_departure_min": np.where(latest_s >= 0.0, latest_s / SECONDS_PER_MIN, np.nan),
        "shelter_id": shelter,
    }
    for name in ("travel_time_s", "distance_m", "walk_to_road_m"):
        table[name] = np.full(latest_s.size, np.nan)
        table[name][walked.point] = getattr(walked, name)
    return table
