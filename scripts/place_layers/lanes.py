"""Lanes of the hamlets, off the roads and off each other, and bridges over the water."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from sample_place.crossings import over_water
from sample_place.frame import Array, densify
from sample_place.network import Road
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from place_layers.hamlets import Hamlets
    from place_layers.roads import MainRoads

STEP_M = 45.0  # between the vertices of a road, where lanes may leave it
ROOM_M, BANK_M = 18.0, 20.0  # a lane keeps from other ways, and from the water
ODDS, BRANCH_ODDS = 0.55, 0.35
BRIDGE, FORD = {"bridge": "yes", "layer": "1"}, {"ford": "yes"}


def bridged(roads: MainRoads, water: NDArray[np.object_]) -> list[Road]:
    """Cut the roads at the water: bridges, and fords of tracks.

    Parameters
    ----------
    roads
        Roads between hamlets.
    water
        Areas, UTM.

    Returns
    -------
    list of Road
        Ways with a vertex every `STEP_M` at least.
    """
    lines = np.array([shapely.LineString(line) for line in roads.lines], dtype=object)
    meets: dict[int, list[int]] = {}
    for row, wet in shapely.STRtree(water).query(lines, predicate="intersects").T.tolist():
        meets.setdefault(row, []).append(wet)
    ways: list[Road] = []
    for row, line in enumerate(roads.lines):
        road = Road(line, roads.tags(row))
        crossing = FORD if roads.highway[row] == "track" else BRIDGE
        if row in meets:
            ways += over_water(road, shapely.union_all(water[sorted(meets[row])]), crossing)
        else:
            ways.append(road)
    for way in ways:
        if not {"bridge", "ford"} & way.tags.keys():
            way.line = densify(way.line, STEP_M)
    return ways


def make_lanes(
    ways: list[Road], hamlets: Hamlets, water: NDArray[np.object_], rng: np.random.Generator
) -> list[Road]:
    """Grow lanes off the roads of every hamlet, and lanes off those.

    Parameters
    ----------
    ways
        Roads, bridges among them.
    hamlets
        How far the lanes reach.
    water
        Areas, UTM.
    rng
        Where chance comes from.

    Returns
    -------
    list of Road
        The lanes; each begins at a vertex of its parent.
    """
    all_water = shapely.STRtree(water)
    lanes: list[Road] = []
    parents = [way for way in ways if not {"bridge", "ford"} & way.tags.keys()]
    for order, odds in enumerate((ODDS, BRANCH_ODDS)):
        start, heading = gates(parents, hamlets, order)
        picked = rng.random(len(start)) < odds
        lines = sprouts(start[picked], heading[picked], rng, 170.0 - 50.0 * order)
        others = np.array([shapely.LineString(way.line) for way in ways + lanes], dtype=object)
        grown = [Road(line, {}) for line in free_lines(lines, others, all_water)]
        for lane in grown:
            lane.tags = lane_tags(rng, order, len(lanes))
            lanes.append(lane)
        parents = grown
    return lanes


def gates(parents: list[Road], hamlets: Hamlets, order: int) -> tuple[Array, Array]:
    """Vertices within a hamlet from which lanes may leave, and where to, on either side."""
    ahead = [np.gradient(parent.line, axis=0)[1:] for parent in parents]
    vertices = np.vstack([parent.line[1:] for parent in parents])
    direction = np.vstack(ahead)
    far, hamlet = cKDTree(hamlets.xy).query(vertices)
    near = far < hamlets.reach_m[hamlet] * (1.0 + 0.15 * order)
    angle = np.arctan2(direction[near, 1], direction[near, 0])
    start = vertices[near]
    return np.repeat(start, 2, axis=0), np.column_stack(
        [angle + np.pi / 2, angle - np.pi / 2]
    ).ravel()


def sprouts(start: Array, heading: Array, rng: np.random.Generator, most_m: float) -> Array:
    """Draw a bent line of four vertices from each gate, shape (n, 4, 2)."""
    count = len(start)
    stride = rng.uniform(0.4, 1.0, count) * most_m / 3.0
    turns = heading[:, None] + rng.normal(0.0, 0.2, (count, 1))
    turns = turns + np.cumsum(rng.normal(0.0, 0.13, (count, 3)), axis=1)
    moves = np.stack([np.cos(turns), np.sin(turns)], axis=2) * stride[:, None, None]
    return np.concatenate([start[:, None], start[:, None] + np.cumsum(moves, axis=1)], axis=1)


def free_lines(lines: Array, others: NDArray[np.object_], water: shapely.STRtree) -> list[Array]:
    """Keep lines that meet neither water, nor other ways, nor those kept before them."""
    # From a third of the first stride on: where it leaves its parent a lane must touch it.
    clear = lines.copy()
    clear[:, 0] += (lines[:, 1] - lines[:, 0]) * 0.45
    shapes = shapely.linestrings(clear)
    taken = np.zeros(len(lines), dtype=bool)
    taken[shapely.STRtree(others).query(shapes, predicate="dwithin", distance=8.0)[0]] = True
    taken[water.query(shapes, predicate="dwithin", distance=BANK_M)[0]] = True
    later, earlier = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=ROOM_M)
    order = np.lexsort((earlier, later))
    for one, other in zip(later[order].tolist(), earlier[order].tolist(), strict=True):
        if other < one and not taken[other]:
            taken[one] = True
    return list(lines[~taken])


def lane_tags(rng: np.random.Generator, order: int, number: int) -> dict[str, str]:
    """Tag a lane as a mapper would have; many have no name."""
    highway = "residential" if order == 0 and rng.random() < 0.7 else "footway"
    surface = ("concrete", "gravel", "dirt", "")[int(rng.integers(4))]
    name = f"Gang Contoh {number % 60 + 1}" if rng.random() < 0.5 else ""
    return {"highway": highway, "surface": surface, "name": name}
