"""Where people enter the roads: the nearest place of every part of the network that leads on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from resilience_geo.analysis.evacuation_network import LATE_ASSISTED
from resilience_geo.analysis.remembered import remembered
from resilience_geo.analysis.walks import (
    LineTree,
    Walks,
    line_tree,
    no_walks,
    passable_of,
    wading_less_deep,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network, Travel

# Who is so little beyond the reach of a part is asked all the same, and then has no walk to it.
_SLACK_M = 1.0


def entries_of(
    network: Network,
    travel: Travel,
    points: NDArray[np.object_],
    leading_on: NDArray[np.bool_],
) -> Walks:
    """Return the walks by which each point may enter the roads.

    What is shut parts the roads: from one part no road leads to another. A point enters each part
    at its nearest stretch that leads on, where the rule of walking allows it: a part whose shelters
    are full must not hide the open road a little farther on. Roads of another connected piece than
    the nearest road count only if they are at most `max_gap_m` farther, because the way over may
    lead through the river that parts them.

    Parameters
    ----------
    network, travel
        From `build_network` and `travel_at`.
    points
        Where people are, in the metric CRS of the roads.
    leading_on
        Stretches from which some shelter is reached.

    Notes
    -----
    The trees of stretches are made once for a network, and the nearest roads of the latest points
    are kept for the other departure. Whose nearest road is a single stretch of a part enters that
    part there, without being looked up again.
    """
    parts = remembered(
        travel, "parts", leading_on.tobytes(), lambda: _parts(network, travel, leading_on)
    )
    all_near = _near_roads(network, points)
    home = all_near.one_per_point()
    asker, nearest = _nearest_in_parts(
        parts, points, all_near, home.point, network.assumptions.max_snap_m
    )
    walks = _allowed_walks(network, travel, points, parts, asker, nearest)
    order = np.lexsort((walks.point, asker.point[walks.point]))
    walks = walks.rows(order).of(asker.point)
    piece = np.full(points.size, -1)
    reach_m = np.zeros(points.size)
    piece[home.point] = network.piece[home.stretch]
    reach_m[home.point] = home.distance_m + network.assumptions.max_gap_m
    fine = network.piece[walks.stretch] == piece[walks.point]
    fine |= walks.distance_m <= reach_m[walks.point]
    return walks.rows(fine)


@dataclass(frozen=True)
class _Parts:
    """Parts of the roads that are open and lead on, none joined to another.

    `of_stretch`: the part of each stretch, -1 where it leads nowhere; `trees` and `bounds` (west,
    south, east, north) of each part.
    """

    of_stretch: NDArray[np.int64]
    trees: list[LineTree]
    bounds: NDArray[np.float64]


@dataclass(frozen=True)
class _Askers:
    """Points that may enter a part: one row per part and point, by part and then by point."""

    point: NDArray[np.int64]
    part: NDArray[np.int64]


def _parts(network: Network, travel: Travel, leading_on: NDArray[np.bool_]) -> _Parts:
    """Put the stretches that lead on in trees, one for each part of the open roads."""
    stretches, allowed = network.stretches, travel.allowed
    links = sparse.csr_array(
        (np.ones(int(allowed.sum())), (stretches.start[allowed], stretches.end[allowed])),
        shape=(stretches.n_nodes, stretches.n_nodes),
    )
    _, label = connected_components(links, directed=False)
    some = np.flatnonzero(leading_on)
    numbers, part = np.unique(label[stretches.start[some]], return_inverse=True)
    of_stretch = np.full(leading_on.size, -1)
    of_stretch[some] = part
    trees = [line_tree(stretches.lines, of_stretch == number) for number in range(numbers.size)]
    bounds = [shapely.total_bounds(tree.lines) for tree in trees]
    return _Parts(of_stretch, trees, np.array(bounds).reshape(-1, 4))


def _near_roads(network: Network, points: NDArray[np.object_]) -> Walks:
    """Return the walks to the nearest roads of the mode, open or not."""
    lines, usable = network.stretches.lines, network.stretches.usable
    tree = remembered(network, "usable roads", None, lambda: line_tree(lines, usable))
    places = shapely.get_coordinates(points).tobytes()
    limit_m = network.assumptions.max_snap_m
    return remembered(
        network, "near roads", places, lambda: tree.nearest(points, limit_m), at_most=1
    )


def _nearest_in_parts(
    parts: _Parts,
    points: NDArray[np.object_],
    near: Walks,
    walkers: NDArray[np.int64],
    limit_m: float,
) -> tuple[_Askers, Walks]:
    """Return who may enter which part, and their nearest walks to it (`point`: row of these)."""
    x, y = shapely.get_x(points[walkers]), shapely.get_y(points[walkers])
    # The one nearest road of a point is also the nearest of its part.
    single = np.bincount(near.point, minlength=points.size)[near.point] == 1
    own_part = np.full(points.size, -1)
    own_part[near.point[single]] = parts.of_stretch[near.stretch[single]]
    row = np.zeros(points.size, dtype=np.int64)
    row[near.point] = np.arange(near.point.size)
    asking, found, count = [], no_walks(), 0
    for number, tree in enumerate(parts.trees):
        west, south, east, north = parts.bounds[number]
        away_x = np.maximum(np.maximum(west - x, x - east), 0.0)
        away_y = np.maximum(np.maximum(south - y, y - north), 0.0)
        here = walkers[np.hypot(away_x, away_y) <= limit_m + _SLACK_M]
        known = own_part[here] == number
        asked = np.flatnonzero(~known)
        by_home = near.rows(row[here[known]])
        walks = [
            Walks(np.flatnonzero(known), by_home.stretch, by_home.share, by_home.distance_m),
            tree.nearest(points[here[asked]], limit_m).of(asked),
        ]
        for each in walks:
            found = found.joined(each.of(count + np.arange(here.size)))
        asking.append(here)
        count += here.size
    part = np.repeat(np.arange(len(asking)), [here.size for here in asking])
    point = np.concatenate([np.empty(0, dtype=np.int64), *asking])
    return _Askers(point, part), found


def _allowed_walks(
    network: Network,
    travel: Travel,
    points: NDArray[np.object_],
    parts: _Parts,
    asker: _Askers,
    nearest: Walks,
) -> Walks:
    """Return the nearest walks the rule of walking allows, early all of them."""
    assumptions = network.assumptions
    if travel.departure == "early":
        return nearest

    def around(stuck: NDArray[np.int64]) -> Walks:
        found = no_walks()
        for number in np.unique(asker.part[stuck]):
            some = stuck[asker.part[stuck] == number]
            tree = parts.trees[number]
            walks = tree.around(points[asker.point[some]], assumptions.max_snap_m)
            found = found.joined(walks.of(some))
        return found

    return passable_of(
        nearest,
        around,
        network.stretches.lines,
        points[asker.point],
        network.hazard,
        crs=network.roads.crs,
        assumptions=wading_less_deep(assumptions) if travel.key == LATE_ASSISTED else assumptions,
    )
