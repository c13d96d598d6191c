"""The lanes (gang) of the dusun: off the roads, off each other, and behind the houses."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sample_place.frame import away, km
from sample_place.network import Network, Road
from sample_place.places import DUSUN, GANG

if TYPE_CHECKING:
    from numpy.typing import NDArray

HILL_M = 62.0  # ground higher than this has hill lanes


class Lane(NamedTuple):
    """A lane and where it left its parent: at which vertex, on which side."""

    parent: Road
    at: int
    side: float
    road: Road


def village_lanes(network: Network) -> None:
    """Grow the lanes of every dusun, lanes off those, and links behind the houses.

    Parameters
    ----------
    network
        Gains the lanes.
    """
    for dusun in DUSUN:
        centre = km([(dusun.x_km, dusun.y_km)])[0]
        hill = bool(network.height[network.cell(centre)] > HILL_M)
        parents, chance = list(network.roads), 0.95 if dusun.people > 700 else 0.75
        for order in (0, 1):
            odds, reach_m = chance * (0.54 if order else 0.85), dusun.reach_m * (1.0 + 0.15 * order)
            grown: list[Lane] = []
            for parent in parents:
                near = np.flatnonzero(away(parent.line, centre) < reach_m)[:: 1 + order]
                grown += grow(network, parent, near, odds, order, hill=hill)
            link_lanes(network, grown)
            parents = [lane.road for lane in grown]


def grow(
    network: Network,
    parent: Road,
    vertices: NDArray[np.intp],
    odds: float,
    order: int,
    *,
    hill: bool,
) -> list[Lane]:
    """Grow lanes off some vertices of a road, on either side where chance has it."""
    rng, grown = network.rng, []
    for at in vertices.tolist():
        for side in (-1.0, 1.0):
            if rng.random() < odds:
                length = rng.uniform(70.0, 190.0) * (0.7 if order else 1.0)
                tags = lane_tags(rng, order, hill=hill)
                road = network.sprout(parent, at, side, length, tags)
                grown += [Lane(parent, at, side, road)] if road else []
    return grown


def link_lanes(network: Network, grown: list[Lane]) -> None:
    """Join the far ends of neighbouring lanes on one side of a road, where the way is free."""
    rng = network.rng
    for one, two in product(grown, grown):
        if one.parent is not two.parent or one.side != two.side or not 0 < two.at - one.at < 4:
            continue
        ends = np.array([one.road.line[-1], two.road.line[-1]])
        middle = ends.mean(0) + rng.normal(0.0, 5.0, 2)
        span = np.hypot(*(ends[1] - ends[0]))
        core = np.array([0.8 * ends[0] + 0.2 * middle, middle, 0.8 * ends[1] + 0.2 * middle])
        if 35.0 < span < 170.0 and rng.random() < 0.40 and network.clear(core, 5.0):
            line = np.vstack([ends[0], middle, ends[1]])
            network.roads.append(Road(line, lane_tags(rng, 1, hill=False)))


def lane_tags(rng: np.random.Generator, order: int, *, hill: bool) -> dict[str, str]:
    """Tag a lane of a village as a mapper would have."""
    name = f"Gang {rng.choice(GANG.split())}" if rng.random() < 0.6 else ""
    if order == 0 and not hill and rng.random() < 0.62:
        kinds, surfaces = ["residential"], ["concrete", "asphalt", "gravel", "paving_stones"]
        widths = ["2.5", "3", "3.5", "4", "3 m"]
    else:
        kinds = ["footway", "path", "path", "service"][hill:]
        surfaces = ["concrete", "dirt", "ground"]
        widths = ["1", "1.2", "1.5", "2"]
    tags = {"highway": str(rng.choice(kinds)), "surface": str(rng.choice(surfaces))}
    width = str(rng.choice(widths))
    if rng.random() < 0.45:
        tags["width"] = width
    if rng.random() < 0.25:
        del tags["surface"]
    return tags | ({"name": name} if name else {})
