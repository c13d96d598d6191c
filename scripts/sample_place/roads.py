"""The roads of the sample, from the trunk road down to the garden tracks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import rasterio.features
from shapely.geometry import LineString

from sample_place.frame import EAST, NORTH, TRANSFORM, away, fractal, km, spots
from sample_place.hazards import flood_depth
from sample_place.lanes import village_lanes
from sample_place.network import Network, Road
from sample_place.places import ROADS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import shapely
    from numpy.typing import NDArray

    from sample_place.terrain import Terrain

# Embanked roads: kind, crown above the flood's surface in m, half the width of the bank in m.
BANKS = (
    ("trunk", 0.05, 26.0),
    ("secondary", 0.15, 22.0),
    ("tertiary", 0.25, 22.0),
    ("unclassified", 0.40, 20.0),
)


def build_network(terrain: Terrain, rng: np.random.Generator) -> Network:
    """Build every road of the sample; the ground rises under the wider ones.

    Parameters
    ----------
    terrain
        The ground without roads.
    rng
        Where chance comes from.

    Returns
    -------
    Network
        Roads not yet cut at the water, and the ground with its embankments.
    """
    network = Network(terrain, rng)
    for plan in ROADS:
        tags = {"highway": plan.highway, "name": plan.name, "surface": plan.surface}
        network.lead(spots(plan.waypoints), tags | ({"width": plan.width} if plan.width else {}))
    embank(network)
    garden_tracks(network)
    underpass(network)
    village_lanes(network)
    return network


def waterways(terrain: Terrain) -> list[Road]:
    """Return the two rivers as OSM ways, each the way it flows.

    Parameters
    ----------
    terrain
        The ground and the water.

    Returns
    -------
    list of Road
        River and stream.
    """
    return [
        Road(terrain.river_m[::8], {"waterway": "river", "name": "Sungai Contoh"}),
        Road(terrain.stream_m[::-1], {"waterway": "stream", "name": "Sungai Pinang"}),
    ]


def embank(network: Network) -> None:
    """Raise the wider roads near the flood's height, with sags where it still runs over them."""
    terrain = network.terrain
    sag = fractal(network.rng, (16.0, 8.0))
    dem = terrain.dem_m.copy()
    for highway, crown, half_m in BANKS:
        on = touched(
            [
                LineString(road.line).buffer(half_m)
                for road in network.roads
                if road.tags["highway"] == highway
            ],
            dem.shape,
        )
        dem[on] = np.maximum(dem, terrain.surface_m - np.maximum(crown + 0.35 * sag, -0.3))[on]
    dem = np.where(touched([terrain.water], dem.shape), terrain.dem_m, dem).round(1)
    depth = flood_depth(dem, terrain.surface_m)
    network.terrain = replace(terrain, dem_m=dem, flood_depth_m=depth)


def touched(shapes: Sequence[shapely.Geometry], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Cells of the 30 m grid whose centre lies in one of some areas."""
    burnt = rasterio.features.rasterize(shapes, shape, transform=TRANSFORM, dtype="uint8")
    return np.asarray(burnt > 0)


def garden_tracks(network: Network, count: int = 34) -> None:
    """Tracks to rubber and oil-palm gardens, and paths beyond them."""
    rng = network.rng
    names = ("Jalan Kebun Karet", "Jalan Kebun Sawit", "", "")
    for _ in range(count):
        end = (rng.uniform(0.2, 12.0), rng.choice([rng.uniform(0.4, 3.2), rng.uniform(7.9, 9.6)]))
        used = np.array(list(network.spot.values()))
        far = away(used, km([end])[0])
        if not 300.0 < far.min() < 2600.0:
            continue
        x, y = (used[far.argmin()] - (EAST, NORTH)) / 1000.0
        tags = {"highway": str(rng.choice(["track", "track", "path"]))}
        tags["surface"] = str(rng.choice(["dirt", "unpaved", "gravel"]))
        name = str(rng.choice(names))
        network.lead([(x, y), end], tags | ({"name": name} if name else {}))


def underpass(network: Network) -> None:
    """Lead a footway under the trunk road and back to it on both sides."""
    trunk = max((r.line for r in network.roads if r.tags["highway"] == "trunk"), key=len)
    at = int(np.argmin(np.abs(trunk[:, 0] - EAST - 3900.0)))
    ahead = trunk[at + 1] - trunk[at]
    across = np.array([-ahead[1], ahead[0]]) / np.hypot(*ahead)
    middle = (trunk[at] + trunk[at + 1]) / 2
    foot = {"highway": "footway", "surface": "concrete", "width": "1.5"}
    below = {"tunnel": "yes", "layer": "-1", "name": "Terowongan Pasar"}
    network.roads.append(Road(middle + np.outer([-14.0, 14.0], across), foot | below))
    for side in (-1.0, 1.0):
        shaft = middle + np.outer([14.0 * side, 45.0 * side], across)
        turn = trunk[at + 2] + across * 38.0 * side
        network.roads.append(Road(np.vstack([shaft, turn, trunk[at + 2]]), dict(foot)))
