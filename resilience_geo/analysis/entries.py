"""Where people enter the roads: the nearest place of every part of the network that leads on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from resilience_geo.analysis.evacuation_network import walking_rule
from resilience_geo.analysis.walks import Walks, nearest_walks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network, Travel


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
    """
    lines, assumptions = network.stretches.lines, network.assumptions
    rule = walking_rule(lines, travel.key, network.hazard, network.roads.crs, assumptions)
    home = nearest_walks(lines, network.stretches.usable, points, assumptions.max_snap_m)
    home = home.one_per_point()
    piece = np.full(points.size, -1)
    reach_m = np.zeros(points.size)
    piece[home.point] = network.piece[home.stretch]
    reach_m[home.point] = home.distance_m + assumptions.max_gap_m
    part = _parts(network, travel.allowed)
    tree = shapely.STRtree(points[home.point])
    nothing = np.empty(0, dtype=np.int64)
    found = Walks(nothing, nothing, np.empty(0), np.empty(0))
    for number in np.unique(part[leading_on]):
        here = leading_on & (part == number)
        area = shapely.box(*shapely.total_bounds(lines[here]))
        near = np.sort(tree.query(area, predicate="dwithin", distance=assumptions.max_snap_m))
        walkers = home.point[near]
        walks = rule(here, points[walkers]).of(walkers)
        fine = network.piece[walks.stretch] == piece[walks.point]
        fine |= walks.distance_m <= reach_m[walks.point]
        found = found.joined(walks.rows(fine))
    return found.rows(np.argsort(found.point, kind="stable"))


def _parts(network: Network, allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return which connected part of the roads that are open each stretch belongs to; -1: none."""
    stretches = network.stretches
    links = sparse.csr_array(
        (np.ones(int(allowed.sum())), (stretches.start[allowed], stretches.end[allowed])),
        shape=(stretches.n_nodes, stretches.n_nodes),
    )
    _, label = connected_components(links, directed=False)
    return np.where(allowed, label[stretches.start], -1).astype(np.int64)
