"""When places close while a hazard moves, and how fast one walks there until then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.analysis.hazard_places import (
    cut_segments,
    gravest_of,
    hazard_at,
    united_cuts,
)
from resilience_geo.analysis.passability import CLOSED, UNSURE, Pieces, piece_states, states_of
from resilience_geo.crs import transform_points
from resilience_geo.errors import AssumptionError, Message, Problem, UnitError

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.analysis.network import Roads
    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.inputs.hazard import Hazard
    from resilience_geo.inputs.hazard_series import HazardSeries

    _Ends = tuple[
        NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
    ]

CLOSING_RULES: tuple[str, ...] = ("last_open", "interpolated")
SECONDS_PER_MIN = 60.0
_WATERS = frozenset({"flood", "tsunami"})


@dataclass(frozen=True)
class Closings:
    """When places close for good, and the speed there before.

    Parameters
    ----------
    closes_s
        Moment by which a place must have been left (s after the warning); infinite where it is
        open in every map, minus infinite where it is shut in the first. A place that opens again
        later stays closed.
    speed_factor
        Share of the dry speed in each phase, shape (n_phases, n), never rising: phase 0 until the
        first map, phase k from map k - 1 to map k, and the last one for ever.
    """

    closes_s: NDArray[np.float64]
    speed_factor: NDArray[np.float64]


@dataclass(frozen=True)
class _Parts:
    """Straight segments cut by every map of a series, and what each map says of each part."""

    segment: NDArray[np.int64]
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    by_map: tuple[tuple[tuple[NDArray[np.uint8], NDArray[np.float64]], ...], ...]
    """By time, and by each of the hazards that count together then: class and depth (m)."""


def phase_ends_s(series: HazardSeries) -> NDArray[np.float64]:
    """Return when each phase but the last ends (s): the times of all maps but the last.

    Between two maps the speed is that of the later one, as if the water came at once.
    """
    return np.array(series.times_min[:-1]) * SECONDS_PER_MIN


def check_closing_rule(closing: str, series: HazardSeries) -> None:
    """Refuse a rule of closing that does not exist, or that the maps cannot serve.

    Raises
    ------
    AssumptionError
        The word is not one of `CLOSING_RULES`.
    UnitError
        `interpolated` with maps that hold no depths.
    """
    if closing not in CLOSING_RULES:
        raise AssumptionError(
            Problem(
                found=Message("closing {closing}", closing=repr(closing)),
                expected=Message("one of {names}", names=", ".join(CLOSING_RULES)),
                remedy=Message("choose one of them"),
            )
        )
    if closing == "interpolated" and any(
        hazard.unit != "m" or hazard.grid is None or hazard.parts for hazard in series.hazards
    ):
        raise UnitError(
            Problem(
                file=series.source or None,
                found=Message("maps without depths, to be interpolated"),
                expected=Message("rasters of water depth"),
                remedy=Message("take closing='last_open', or give rasters of depth"),
            )
        )


def road_closings(
    roads: Roads, series: HazardSeries, closing: str, assumptions: EvacuationAssumptions
) -> tuple[Pieces, Closings]:
    """Cut roads by every map of a series, and say when each piece closes.

    Bridges, tunnels and fords keep the rules of `piece_states`; a tunnel closes as soon as it is
    wet anywhere.

    Parameters
    ----------
    roads
        From `road_arrays`.
    series
        From `read_hazard_series`.
    closing
        `last_open`: a place closes right after the last map before it is shut, which is the
        safe side. `interpolated`: between the two maps when the depth, taken to rise evenly,
        comes to the limit.
    assumptions
        Mode, depth limits, rule for bridges.

    Returns
    -------
    tuple
        The pieces, with class and depth of the last map, and their closings.
    """
    first = roads.segment_first
    x, y = roads.x, roads.y
    parts = _cut_by_all(series, roads.crs, (x[first], y[first], x[first + 1], y[first + 1]))
    vertex = first[parts.segment]
    begins = roads.measure_m[vertex]
    length = roads.measure_m[vertex + 1] - begins
    pieces = Pieces(
        road=roads.segment_road[parts.segment],
        start_m=begins + length * parts.begin,
        end_m=begins + length * parts.end,
        x=x[vertex] + (x[vertex + 1] - x[vertex]) * parts.begin,
        y=y[vertex] + (y[vertex + 1] - y[vertex]) * parts.begin,
        bend=parts.begin == 0.0,
        hazard_class=np.empty(0, dtype=np.uint8),
        depth_m=np.empty(0),
    )
    shut, factors = [], []
    for hazard, found in zip(series.hazards, parts.by_map, strict=True):
        hazard_class, depth = gravest_of(found)
        by_hazard = found if hazard.parts else ()
        pieces = replace(pieces, hazard_class=hazard_class, depth_m=depth, by_hazard=by_hazard)
        states, factor = piece_states(roads, pieces, hazard, assumptions.mode, assumptions)
        shut.append(_is_shut(states, assumptions))
        factors.append(factor)
    closings = _closings(series, np.array(shut), np.array(factors))
    if closing == "interpolated":
        tunnel = roads.tunnel[pieces.road] & (series.kind in _WATERS)
        limit = assumptions.depth_limit_m(assumptions.mode)
        limit_m = np.where(tunnel, assumptions.wet_depth_m, limit)
        _interpolate(closings.closes_s, series, np.array(shut), parts, limit_m)
        soonest = np.full(roads.n_roads, np.inf)
        np.minimum.at(soonest, pieces.road[tunnel], closings.closes_s[tunnel])
        closings.closes_s[tunnel] = soonest[pieces.road[tunnel]]
    return pieces, closings


def walk_closings(
    series: HazardSeries,
    crs: pyproj.CRS,
    ends: _Ends,
    closing: str,
    assumptions: EvacuationAssumptions,
) -> Closings:
    """Say when straight walks close: as soon as any part of them does.

    Parameters
    ----------
    series, closing, assumptions
        As for `road_closings`.
    crs
        CRS of the walks.
    ends
        x and y of where each walk begins, and of where it ends.

    Returns
    -------
    Closings
        One per walk; its speed factor is that over the whole walk.
    """
    parts = _cut_by_all(series, crs, ends)
    shut, factors = [], []
    for hazard, found in zip(series.hazards, parts.by_map, strict=True):
        judged = [
            states_of(part, *values, assumptions.mode, assumptions)
            for part, values in zip(hazard.maps, found, strict=True)
        ]
        shut.append(np.any([_is_shut(states, assumptions) for states, _ in judged], axis=0))
        factors.append(np.min([factor for _, factor in judged], axis=0))
    each = _closings(series, np.array(shut), np.array(factors))
    if closing == "interpolated":
        limit_m = np.full(parts.segment.size, assumptions.depth_limit_m(assumptions.mode))
        _interpolate(each.closes_s, series, np.array(shut), parts, limit_m)
    n_walks = ends[0].size
    closes = np.full(n_walks, np.inf)
    np.minimum.at(closes, parts.segment, each.closes_s)
    share = parts.end - parts.begin
    slowness = [
        np.bincount(parts.segment, share / factor, minlength=n_walks)
        for factor in each.speed_factor
    ]
    return Closings(closes, 1.0 / np.array(slowness).reshape(len(slowness), n_walks))


def _is_shut(states: NDArray[np.int64], assumptions: EvacuationAssumptions) -> NDArray[np.bool_]:
    """Say which places of a state nobody may pass."""
    shut: NDArray[np.bool_] = states == CLOSED
    return shut if assumptions.unknown_roads_pass_late else shut | (states == UNSURE)


def _closings(
    series: HazardSeries, shut: NDArray[np.bool_], factors: NDArray[np.float64]
) -> Closings:
    """Return the closings of places that are shut, or slow, in some maps; on the safe side.

    Parameters
    ----------
    series
        The maps.
    shut, factors
        Whether each place is shut in each map, and its speed factor; shape (n_maps, n).
    """
    times = np.array(series.times_min) * SECONDS_PER_MIN
    first = np.argmax(shut, axis=0)
    last_open = np.where(first > 0, times[first - 1], -np.inf)
    closes = np.where(shut.any(axis=0), last_open, np.inf)
    return Closings(closes, np.minimum.accumulate(factors, axis=0))


def _interpolate(
    closes_s: NDArray[np.float64],
    series: HazardSeries,
    shut: NDArray[np.bool_],
    parts: _Parts,
    limit_m: NDArray[np.float64],
) -> None:
    """Put closings, in place, to when the depth comes to a limit between two maps."""
    times = np.array(series.times_min) * SECONDS_PER_MIN
    depths = np.array([depth for ((_, depth),) in parts.by_map])
    number = np.argmax(shut, axis=0)
    # What is shut because it is not known closes after the last map in which it was.
    place = np.flatnonzero(shut.any(axis=0) & (number > 0))
    place = place[np.isfinite(depths[number[place], place])]
    number = number[place]
    low, high, limit = depths[number - 1, place], depths[number, place], limit_m[place]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.clip((limit - low) / (high - low), 0.0, 1.0)
    # A tunnel is shut by water elsewhere in it: its dry pieces say nothing of when. Where the
    # depth before is not known, the place closes as early as it may.
    share = np.where(high < limit, 1.0, np.where(high > low, share, 0.0))
    closes_s[place] += share * (times[number] - times[number - 1])


def _cut_by_all(series: HazardSeries, crs: pyproj.CRS, lines: _Ends) -> _Parts:
    """Cut straight segments by every map, and look up class and depth of each part in each."""
    begin_x, begin_y, end_x, end_y = lines
    maps = [part for hazard in series.hazards for part in hazard.maps]
    ends: list[_Ends] = []
    cuts = []
    for number, part in enumerate(maps):
        if number and _same_cells(maps[number - 1], part):
            ends.append(ends[-1])
            continue
        x0, y0 = transform_points(begin_x, begin_y, crs, part.crs)
        x1, y1 = transform_points(end_x, end_y, crs, part.crs)
        ends.append((x0, y0, x1, y1))
        cuts.append(cut_segments(x0, y0, x1, y1, part))
    segment, begin, end = cuts[0] if len(cuts) == 1 else united_cuts(begin_x.size, cuts)
    middle = (begin + end) / 2.0
    found = iter(
        [
            hazard_at(
                part,
                x[segment] + (x_end - x)[segment] * middle,
                y[segment] + (y_end - y)[segment] * middle,
            )
            for part, (x, y, x_end, y_end) in zip(maps, ends, strict=True)
        ]
    )
    by_map = tuple(tuple(next(found) for _ in hazard.maps) for hazard in series.hazards)
    return _Parts(segment, begin, end, by_map)


def _same_cells(one: Hazard, other: Hazard) -> bool:
    """Say whether two maps cut a line at the same places."""
    if one.grid is None or other.grid is None:
        return False
    same = one.grid.transform == other.grid.transform and one.grid.shape == other.grid.shape
    return bool(same and one.grid.crs == other.grid.crs)
