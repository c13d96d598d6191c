"""The network of a moving hazard: stretches with closing times, and where people enter them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from resilience_geo.analysis.closing_times import phase_ends_s, road_closings, walk_closings
from resilience_geo.analysis.latest_ways import TimedArcs
from resilience_geo.analysis.passability import CLOSED, OPEN, SLOWED
from resilience_geo.analysis.stretches import (
    Stretches,
    make_stretches,
    slope_factors,
    split_stretches,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.closing_times import Closings
    from resilience_geo.analysis.network import Roads
    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.inputs.hazard_series import HazardSeries
    from resilience_geo.inputs.rasters import Grid

# Nearer than this to an end of a stretch is at the end (m).
_AT_END_M = 1e-3


@dataclass(frozen=True)
class Places:
    """Places on roads that points walk to straight: a row per point and road.

    Parameters
    ----------
    point, road
        Positions of the point and of the road.
    measure_m
        How far along the road the place lies (m).
    walk_m
        Straight walk between the point and the place (m).
    x, y
        The place, in the metric CRS of the roads.
    """

    point: NDArray[np.int64]
    road: NDArray[np.int64]
    measure_m: NDArray[np.float64]
    walk_m: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]


@dataclass(frozen=True)
class MovingNetwork:
    """Roads cut into stretches that close together and slow down together.

    Parameters
    ----------
    roads, series, closing, assumptions
        What it was made of, and by which choices.
    stretches
        Parts of roads, cut where shelters are reached as well. Their state: closed where they
        close within the series, else slowed where they are slow at its end, else open.
    arcs
        Stretches forward, then backward, then walks from roads to shelters, whose nodes come after
        those of the roads.
    arc_m
        Length of each arc (m).
    """

    roads: Roads
    series: HazardSeries
    closing: str
    assumptions: EvacuationAssumptions
    stretches: Stretches
    arcs: TimedArcs
    arc_m: NDArray[np.float64]


@dataclass(frozen=True)
class Entries:
    """Ways of entering the roads, one per row: a straight walk, then part of a stretch.

    Parameters
    ----------
    point
        Who enters.
    walk_m, walk_s, walk_closes_s
        The walk (m), its time by phase (s), shape (n_phases, n), and when it closes (s).
    stretch, share, toward_end, node
        Stretch, how far along it the walk ends (0..1), the end that is made for, and its node.
    part_m, part_s, part_closes_s
        As for the walk, of the part of the stretch from there to the node.
    """

    point: NDArray[np.int64]
    walk_m: NDArray[np.float64]
    walk_s: NDArray[np.float64]
    walk_closes_s: NDArray[np.float64]
    stretch: NDArray[np.int64]
    share: NDArray[np.float64]
    toward_end: NDArray[np.bool_]
    node: NDArray[np.int64]
    part_m: NDArray[np.float64]
    part_s: NDArray[np.float64]
    part_closes_s: NDArray[np.float64]

    def rows(self, chosen: NDArray[np.int64]) -> Entries:
        """Keep some rows."""
        return Entries(**{name: values[..., chosen] for name, values in vars(self).items()})


def moving_network(
    roads: Roads,
    series: HazardSeries,
    shelter_points: NDArray[np.object_],
    closing: str,
    assumptions: EvacuationAssumptions,
    *,
    elevation: Grid | None = None,
) -> MovingNetwork:
    """Cut roads by all maps and where shelters are reached, and make arcs of them.

    Parameters
    ----------
    roads
        From `road_arrays`.
    series, closing, assumptions
        As for `road_closings`.
    shelter_points
        Points in the metric CRS of `roads`.
    elevation
        Heights (m) for Tobler's speeds.
    """
    pieces, closings = road_closings(roads, series, closing, assumptions)
    kind, first = _kinds(closings)
    slopes = slope_factors(roads, elevation, assumptions.downhill_speed_cap)
    # Pieces of one kind are joined; the number of the kind stands in for their state.
    whole = make_stretches(
        roads, pieces, kind, np.ones(pieces.road.size), assumptions, slopes=slopes
    )
    places = places_near(roads, shelter_points, assumptions)
    stretches, node = split_stretches(whole, *_on_stretches(whole, places))
    closes = closings.closes_s[first][stretches.state]
    factor = closings.speed_factor[:, first][:, stretches.state]
    walk_closes, walk_s = _walks(roads, series, closing, assumptions, places, shelter_points)
    passable = np.where(stretches.usable, closes, -np.inf)
    arcs = TimedArcs(
        tail=np.concatenate([stretches.start, stretches.end, node]),
        head=np.concatenate([stretches.end, stretches.start, stretches.n_nodes + places.point]),
        seconds=np.hstack(
            [stretches.dry_forward_s / factor, stretches.dry_backward_s / factor, walk_s]
        ),
        closes_s=np.concatenate([passable, passable, walk_closes]),
        phase_ends_s=phase_ends_s(series),
        n_nodes=stretches.n_nodes + shelter_points.size,
    )
    lasting = np.where(factor[-1] < 1.0, SLOWED, OPEN)
    return MovingNetwork(
        roads=roads,
        series=series,
        closing=closing,
        assumptions=assumptions,
        stretches=replace(stretches, state=np.where(np.isposinf(closes), lasting, CLOSED)),
        arcs=arcs,
        arc_m=np.concatenate([np.tile(stretches.length_m, 2), places.walk_m]),
    )


def _kinds(closings: Closings) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give one number to places that close and slow down together.

    Returns
    -------
    tuple of ndarray
        Number of each place, and one place of each number.
    """
    kind = np.zeros(closings.closes_s.size, dtype=np.int64)
    first = kind[:1]
    for values in (closings.closes_s, *closings.speed_factor):
        _, number = np.unique(values, return_inverse=True)
        _, first, kind = np.unique(
            kind * (number.size + 1) + number, return_index=True, return_inverse=True
        )
    return kind, first


def entries_of(network: MovingNetwork, points: NDArray[np.object_]) -> Entries:
    """Return by which walks, and by which end of the stretch they lead to, points may leave.

    Parameters
    ----------
    network
        From `moving_network`.
    points
        Where people are, in the metric CRS of the roads.

    Returns
    -------
    Entries
        No row for a point farther than `max_snap_m` from every road.
    """
    stretches, arcs = network.stretches, network.arcs
    places = places_near(network.roads, points, network.assumptions)
    stretch, share = _on_stretches(stretches, places)
    walk_closes, walk_s = _walks(
        network.roads, network.series, network.closing, network.assumptions, places, points
    )
    count, n_stretches = places.point.size, stretches.road.size
    ahead = np.repeat([False, True], count)
    stretch, share = np.tile(stretch, 2), np.tile(share, 2)
    part = np.where(ahead, 1.0 - share, share)
    arc = np.where(ahead, stretch, n_stretches + stretch)
    with np.errstate(invalid="ignore"):
        part_s = np.where(part > 0.0, arcs.seconds[:, arc] * part, 0.0)
    return Entries(
        point=np.tile(places.point, 2),
        walk_m=np.tile(places.walk_m, 2),
        walk_s=np.tile(walk_s, 2),
        walk_closes_s=np.tile(walk_closes, 2),
        stretch=stretch,
        share=share,
        toward_end=ahead,
        node=np.where(ahead, stretches.end[stretch], stretches.start[stretch]),
        part_m=part * stretches.length_m[stretch],
        part_s=part_s,
        # Who enters at the very end of a stretch does not walk on it.
        part_closes_s=np.where(part > 0.0, arcs.closes_s[arc], np.inf),
    )


def places_near(
    roads: Roads, points: NDArray[np.object_], assumptions: EvacuationAssumptions
) -> Places:
    """Return the nearest place on the nearest road of each point, and on others hardly farther.

    Which roads count does not depend on the hazard, so that a worse hazard never opens a way.

    Parameters
    ----------
    roads
        From `road_arrays`.
    points
        Points in the metric CRS of the roads.
    assumptions
        Mode; `max_snap_m`, beyond which no road counts; and `max_gap_m`, by which others than the
        nearest may be farther.
    """
    road = np.flatnonzero(roads.usable(assumptions.mode))
    lines = roads.geometries()[road]
    tree = shapely.STRtree(lines)
    (point, _), distance = tree.query_nearest(
        points, max_distance=assumptions.max_snap_m, return_distance=True
    )
    near, first = np.unique(point, return_index=True)
    reach = np.minimum(distance[first] + assumptions.max_gap_m, assumptions.max_snap_m)
    place, line = tree.query(points[near], predicate="dwithin", distance=reach)
    order = np.lexsort((line, place))
    point, line = near[place[order]], line[order]
    share = shapely.line_locate_point(lines[line], points[point], normalized=True)
    there = shapely.line_interpolate_point(lines[line], share, normalized=True)
    return Places(
        point=point,
        road=road[line],
        measure_m=share * roads.length_m[road[line]],
        walk_m=shapely.distance(points[point], there),
        x=shapely.get_x(there),
        y=shapely.get_y(there),
    )


def _on_stretches(
    stretches: Stretches, places: Places
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the stretch each place lies on, and how far along it (0..1); ends are exact."""
    span = float(stretches.end_m.max()) + 1.0
    keys = stretches.road * span + stretches.start_m
    stretch = np.searchsorted(keys, places.road * span + places.measure_m, side="right") - 1
    stretch = np.clip(stretch, 0, stretches.road.size - 1)
    # Rounding must not lead to the stretch of the road before.
    stretch += stretches.road[stretch] < places.road
    along = places.measure_m - stretches.start_m[stretch]
    length = stretches.length_m[stretch]
    share = np.clip(along / np.maximum(length, _AT_END_M), 0.0, 1.0)
    share = np.where(along <= _AT_END_M, 0.0, np.where(length - along <= _AT_END_M, 1.0, share))
    return stretch, share


def _walks(
    roads: Roads,
    series: HazardSeries,
    closing: str,
    assumptions: EvacuationAssumptions,
    places: Places,
    points: NDArray[np.object_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return when the straight walks between points and roads close, and seconds by phase."""
    begin = points[places.point]
    ends = (shapely.get_x(begin), shapely.get_y(begin), places.x, places.y)
    found = walk_closings(series, roads.crs, ends, closing, assumptions)
    return found.closes_s, places.walk_m / assumptions.walking_speed_mps / found.speed_factor
