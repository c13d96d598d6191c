"""Straight walks between houses, roads and shelters, and where the hazard forbids them.

Late, people may have to leave water on foot before they reach an open road. They may walk out of
it, never into something worse than where they stand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from resilience_geo.analysis.hazard_places import cut_segments, hazard_at
from resilience_geo.analysis.passability import CLOSED, UNSURE, states_of
from resilience_geo.crs import transform_points
from resilience_geo.hazard_classes import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

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


@dataclass(frozen=True)
class LineTree:
    """Some of the stretches, in a tree in which those near a place are looked up.

    Parameters
    ----------
    stretch
        Positions of the stretches, rising.
    lines
        Their lines.
    tree
        The tree of these lines. Of stretches equally near it is the tree that says which comes
        first, so that only a tree of the same lines gives the same order.
    """

    stretch: NDArray[np.int64]
    lines: NDArray[np.object_]
    tree: shapely.STRtree

    def nearest(self, points: NDArray[np.object_], max_distance_m: float) -> Walks:
        """Return the walks of points to their nearest lines, several where they are as near."""
        if self.stretch.size == 0 or points.size == 0:
            return no_walks()
        (point, found), distance = self.tree.query_nearest(
            points, max_distance=max_distance_m, return_distance=True
        )
        share = shapely.line_locate_point(self.lines[found], points[point], normalized=True)
        return Walks(point, self.stretch[found], share, distance)

    def around(self, points: NDArray[np.object_], max_distance_m: float) -> Walks:
        """Return the nearest walk of each point in each of eight directions."""
        point, found = self.tree.query(points, predicate="dwithin", distance=max_distance_m)
        lines = self.lines[found]
        share = shapely.line_locate_point(lines, points[point], normalized=True)
        place = shapely.line_interpolate_point(lines, share, normalized=True)
        x, y = shapely.get_x(points), shapely.get_y(points)
        dx, dy = shapely.get_x(place) - x[point], shapely.get_y(place) - y[point]
        sector = ((np.arctan2(dy, dx) / (2.0 * np.pi) + 1.0) * _SECTORS).astype(np.int64)
        distance = np.hypot(dx, dy)
        # The stretches rise, so that their place among these breaks ties as they would.
        best = best_per_point(point * _SECTORS + sector % _SECTORS, distance, found)
        return Walks(point[best], self.stretch[found[best]], share[best], distance[best])


def line_tree(lines: NDArray[np.object_], allowed: NDArray[np.bool_]) -> LineTree:
    """Put the lines that are allowed in a tree."""
    stretch = np.flatnonzero(allowed)
    chosen = lines[stretch]
    return LineTree(stretch, chosen, shapely.STRtree(chosen))


def no_walks() -> Walks:
    """Return no rows."""
    nothing = np.empty(0, dtype=np.int64)
    return Walks(nothing, nothing, np.empty(0), np.empty(0))


def nearest_walks(
    lines: NDArray[np.object_],
    allowed: NDArray[np.bool_],
    points: NDArray[np.object_],
    max_distance_m: float,
) -> Walks:
    """Return the walks of points to their nearest allowed lines, several where they are as near."""
    if points.size == 0:
        return no_walks()
    return line_tree(lines, allowed).nearest(points, max_distance_m)


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
    tree, limit_m = line_tree(lines, allowed), assumptions.max_snap_m
    nearest = tree.nearest(points, limit_m)

    def around(stuck: NDArray[np.int64]) -> Walks:
        return tree.around(points[stuck], limit_m).of(stuck)

    return passable_of(nearest, around, lines, points, hazard, crs=crs, assumptions=assumptions)


def passable_of(
    nearest: Walks,
    around: Callable[[NDArray[np.int64]], Walks],
    lines: NDArray[np.object_],
    points: NDArray[np.object_],
    hazard: Hazard,
    *,
    crs: pyproj.CRS,
    assumptions: EvacuationAssumptions,
) -> Walks:
    """Return those of the nearest walks that may be walked, and others where none of them may.

    Parameters
    ----------
    nearest
        The nearest walks of each point.
    around
        Returns, for points (positions, rising) all of whose nearest walks are barred, the nearest
        in each direction.
    lines, points, hazard, crs, assumptions
        As for `passable_walks`.
    """
    barred = _barred(nearest, lines, points, hazard, crs, assumptions)
    stuck = np.zeros(points.size, dtype=bool)
    stuck[nearest.point[barred]] = True
    stuck[nearest.point[~barred]] = False
    nearest = nearest.rows(~barred)
    if not stuck.any():
        return nearest
    other = around(np.flatnonzero(stuck))
    barred = _barred(other, lines, points, hazard, crs, assumptions)
    return nearest.joined(other.rows(~barred).one_per_point())


def wading_less_deep(assumptions: EvacuationAssumptions) -> EvacuationAssumptions:
    """Return the assumptions that hold for people who need assistance."""
    limit_m = min(assumptions.assisted_depth_limit_m, assumptions.walk_depth_limit_m)
    return replace(assumptions, walk_depth_limit_m=limit_m)


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
