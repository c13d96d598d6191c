"""Straight walks between houses, roads and shelters, and where the hazard forbids them.

Late, people may have to leave water on foot before they reach an open road. They may walk out of
it, never into something worse than where they stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from resilience_geo.analysis.hazard_places import cut_segments, hazard_at
from resilience_geo.analysis.passability import CLOSED, UNSURE, states_of
from resilience_geo.crs import transform_points
from resilience_geo.hazard_classes import UNKNOWN

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.inputs.hazard import Hazard

_SECTORS = 8


@dataclass(frozen=True)
class Walks:
    """Nearest places on stretches: a row per point and stretch.

    Parameters
    ----------
    point, stretch
        Positions of the point and of the stretch.
    share
        How far along the stretch the place lies (0..1).
    distance_m
        Straight walk from the point to the place (m).
    """

    point: NDArray[np.int64]
    stretch: NDArray[np.int64]
    share: NDArray[np.float64]
    distance_m: NDArray[np.float64]

    def rows(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> Walks:
        """Keep some rows."""
        return Walks(
            self.point[chosen], self.stretch[chosen], self.share[chosen], self.distance_m[chosen]
        )

    def of(self, points: NDArray[np.int64]) -> Walks:
        """Return the walks with their points numbered as in the set these were chosen from."""
        return Walks(points[self.point], self.stretch, self.share, self.distance_m)

    def one_per_point(self) -> Walks:
        """Keep the shortest walk of each point; of equal ones that to the first stretch."""
        return self.rows(best_per_point(self.point, self.distance_m, self.stretch))

    def joined(self, other: Walks) -> Walks:
        """Put other rows after these."""
        return Walks(
            np.concatenate([self.point, other.point]),
            np.concatenate([self.stretch, other.stretch]),
            np.concatenate([self.share, other.share]),
            np.concatenate([self.distance_m, other.distance_m]),
        )


def best_per_point(
    point: NDArray[np.int64], cost: NDArray[np.float64], tie: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the row of the least cost for each point that has rows."""
    order = np.lexsort((tie, cost, point))
    if order.size == 0:
        return order
    first: NDArray[np.int64] = order[np.append(True, np.diff(point[order]) > 0)]
    return first


def nearest_walks(
    lines: NDArray[np.object_],
    allowed: NDArray[np.bool_],
    points: NDArray[np.object_],
    max_distance_m: float,
) -> Walks:
    """Return the walks of points to their nearest allowed lines, several where they are as near."""
    candidates = np.flatnonzero(allowed)
    if candidates.size == 0 or points.size == 0:
        nothing = np.empty(0, dtype=np.int64)
        return Walks(nothing, nothing, np.empty(0), np.empty(0))
    (point, found), distance = shapely.STRtree(lines[candidates]).query_nearest(
        points, max_distance=max_distance_m, return_distance=True
    )
    stretch = candidates[found]
    share = shapely.line_locate_point(lines[stretch], points[point], normalized=True)
    return Walks(point, stretch, share, distance)


def passable_walks(
    lines: NDArray[np.object_],
    allowed: NDArray[np.bool_],
    points: NDArray[np.object_],
    hazard: Hazard,
    crs: pyproj.CRS,
    assumptions: EvacuationAssumptions,
) -> Walks:
    """Return the nearest walks that lead into nothing worse than where people stand.

    Where the nearest is barred, the nearest in each of eight directions is looked at.

    Parameters
    ----------
    lines, allowed
        Lines in the metric CRS, and which of them count.
    points
        Where the walks begin, in the same CRS.
    hazard
        The hazard that is there.
    crs
        The metric CRS.
    assumptions
        Mode, limits, and `max_snap_m`.
    """
    nearest = nearest_walks(lines, allowed, points, assumptions.max_snap_m)
    barred = _barred(nearest, lines, points, hazard, crs, assumptions)
    reached = np.zeros(points.size, dtype=bool)
    reached[nearest.point[~barred]] = True
    stuck = np.flatnonzero(~reached & np.isin(np.arange(points.size), nearest.point))
    nearest = nearest.rows(~barred)
    if stuck.size == 0:
        return nearest
    around = _walks_around(lines, allowed, points[stuck], assumptions.max_snap_m)
    around = around.of(stuck)
    barred = _barred(around, lines, points, hazard, crs, assumptions)
    return nearest.joined(around.rows(~barred).one_per_point())


def _walks_around(
    lines: NDArray[np.object_],
    allowed: NDArray[np.bool_],
    points: NDArray[np.object_],
    max_distance_m: float,
) -> Walks:
    """Return the nearest walk of each point in each of eight directions."""
    candidates = np.flatnonzero(allowed)
    point, found = shapely.STRtree(lines[candidates]).query(
        points, predicate="dwithin", distance=max_distance_m
    )
    stretch = candidates[found]
    share = shapely.line_locate_point(lines[stretch], points[point], normalized=True)
    place = shapely.line_interpolate_point(lines[stretch], share, normalized=True)
    dx = shapely.get_x(place) - shapely.get_x(points[point])
    dy = shapely.get_y(place) - shapely.get_y(points[point])
    sector = ((np.arctan2(dy, dx) / (2.0 * np.pi) + 1.0) * _SECTORS).astype(np.int64) % _SECTORS
    distance = np.hypot(dx, dy)
    best = best_per_point(point * _SECTORS + sector, distance, stretch)
    return Walks(point[best], stretch[best], share[best], distance[best])


def standing_in_closed(
    points: NDArray[np.object_], hazard: Hazard, crs: pyproj.CRS, assumptions: EvacuationAssumptions
) -> NDArray[np.bool_]:
    """Say who stands in what would close a road: their walk out of it is taken on trust."""
    closed = np.zeros(points.size, dtype=bool)
    for part in hazard.maps:
        x, y = transform_points(shapely.get_x(points), shapely.get_y(points), crs, part.crs)
        classes, depths = hazard_at(part, x, y)
        closed |= states_of(part, classes, depths, assumptions.mode, assumptions)[0] == CLOSED
    return closed


def _barred(
    walks: Walks,
    lines: NDArray[np.object_],
    points: NDArray[np.object_],
    hazard: Hazard,
    crs: pyproj.CRS,
    assumptions: EvacuationAssumptions,
) -> NDArray[np.bool_]:
    """Say which walks cross what is closed or unknown and worse than where they begin.

    Of several hazards none may become worse: water is no way out of a slide.
    """
    if hazard.parts:
        by_hazard = [_barred(walks, lines, points, part, crs, assumptions) for part in hazard.parts]
        return np.asarray(np.any(by_hazard, axis=0))
    place = shapely.line_interpolate_point(lines[walks.stretch], walks.share, normalized=True)
    begin = points[walks.point]
    to = hazard.crs
    x0, y0 = transform_points(shapely.get_x(begin), shapely.get_y(begin), crs, to)
    x1, y1 = transform_points(shapely.get_x(place), shapely.get_y(place), crs, to)
    walk, t0, t1 = cut_segments(x0, y0, x1, y1, hazard)
    middle = (t0 + t1) / 2.0
    classes, depths = hazard_at(
        hazard, x0[walk] + (x1 - x0)[walk] * middle, y0[walk] + (y1 - y0)[walk] * middle
    )
    own_class, own_depth = hazard_at(hazard, x0, y0)
    states, _ = states_of(hazard, classes, depths, assumptions.mode, assumptions)
    by_depth = hazard.unit == "m"
    worse = ~(depths <= own_depth[walk]) if by_depth else classes > own_class[walk]
    shut = (states == CLOSED) & worse
    if not assumptions.unknown_roads_pass_late:
        shut |= (states == UNSURE) & (own_class[walk] != UNKNOWN)
    barred = np.zeros(walks.point.size, dtype=bool)
    barred[walk[shut]] = True
    return barred
