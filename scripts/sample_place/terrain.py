"""The ground: a river plain with levees and back swamps, a valley and hills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry import LineString

from sample_place.frame import COLS, ROWS, densify, fractal, local_cells, utm_cells
from sample_place.hazards import flood_depth, flood_surface, landslide_index
from sample_place.watercourses import (
    RIVER_HALF_M,
    STREAM_HALF_M,
    gullies,
    main_river,
    oxbow,
    tributary,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sample_place.frame import Array


@dataclass(frozen=True)
class Terrain:
    """The ground of the sample on the 30 m grid, and the water on it.

    Parameters
    ----------
    dem_m
        Height of the ground; of the water where there is some.
    flood_depth_m
        Depth of the flood, -9999 where it is not modelled.
    landslide
        Susceptibility index, 0 to 1.
    river_m, stream_m
        Centre lines, UTM.
    surface_m
        Height of the flood's surface.
    water
        River and stream as an area, UTM.
    """

    dem_m: Array
    flood_depth_m: Array
    landslide: Array
    river_m: Array
    stream_m: Array
    surface_m: Array
    water: shapely.Geometry


@dataclass(frozen=True)
class Reach:
    """How far each cell lies from what shapes the ground, in m.

    Parameters
    ----------
    river, stream, oxbow, gully
        Distance to each.
    stream_step
        Steps of 15 m from the stream's mouth up to its nearest point.
    """

    river: Array
    stream: Array
    oxbow: Array
    gully: Array
    stream_step: NDArray[np.intp]


def make_terrain(rng: np.random.Generator) -> Terrain:
    """Make the ground as it is before roads are built, then what floods and what slides.

    Parameters
    ----------
    rng
        Where chance comes from.

    Returns
    -------
    Terrain
        The ground and the water.
    """
    x, _ = local_cells()
    river = main_river()
    stream = tributary(river)
    reach = measure(river, stream, rng)
    hills = hill_height(rng, reach)
    level = 34.0 - 0.45 * x
    stream_level = np.interp(reach.stream_step * 0.015, [0.0, 1.0, 2.5, 6.0], [0.0, 1.0, 6.0, 34.0])
    dem = ground_height(fractal(rng, (14.0, 6.0, 2.0)), level, stream_level, hills, reach)
    surface = flood_surface(level, stream_level, reach.stream)
    return Terrain(
        dem_m=dem,
        flood_depth_m=flood_depth(dem, surface),
        landslide=landslide_index(dem),
        river_m=river,
        stream_m=stream,
        surface_m=surface,
        water=shapely.union(
            LineString(river).buffer(RIVER_HALF_M), LineString(stream).buffer(STREAM_HALF_M)
        ),
    )


def measure(river: Array, stream: Array, rng: np.random.Generator) -> Reach:
    """Measure how far each cell lies from river, stream, oxbow and gullies."""
    cells = utm_cells()

    def nearest(points: Array) -> tuple[Array, NDArray[np.intp]]:
        distance, index = cKDTree(points).query(cells)
        return (
            np.asarray(distance, float).reshape(ROWS, COLS),
            np.asarray(index, np.intp).reshape(ROWS, COLS),
        )

    to_stream, step = nearest(densify(stream, 15.0))
    return Reach(
        river=nearest(densify(river, 15.0))[0],
        stream=to_stream,
        oxbow=nearest(densify(oxbow(), 15.0))[0],
        gully=nearest(gullies(rng))[0],
        stream_step=step,
    )


def hill_height(rng: np.random.Generator, reach: Reach) -> Array:
    """Raise the hills above the plain, cut by gullies and by the valley of the stream."""
    x, y = local_cells()
    axis = 5.3 + 0.05 * x
    edge = (
        1.65
        + 0.30 * np.sin(x * 0.8 + np.where(y > axis, 0.5, 2.2))
        + 0.28 * fractal(rng, (34.0, 16.0, 8.0))
    )
    beyond = np.abs(y - axis) - edge
    beyond = np.minimum(
        beyond, (reach.stream / 1000.0 - 0.17) * 1.3 + np.maximum(0.0, beyond - 2.6) * 0.2
    )
    rise = np.clip(beyond / 1.3, 0.0, 1.0) ** 0.8
    ridges = 1.0 - np.abs(fractal(rng, (26.0, 13.0, 6.0, 3.0))) / 1.7
    tall = np.where(y > axis, 50.0, 105.0 + 62.0 * np.clip(2.7 - y, 0.0, 2.6))
    hills: Array = np.maximum(0.0, rise * tall * (0.42 + 0.58 * ridges)) * (
        1.0 - 0.62 * np.exp(-reach.gully / 190.0)
    )
    return hills + np.clip(beyond * 60.0, 0.0, 3.5)


def ground_height(
    rough: Array, level: Array, stream_level: Array, hills: Array, reach: Reach
) -> Array:
    """Lay plain, valley and hills together; on the water it is the water's height (m)."""
    plain = (
        2.8
        + 2.4 * np.exp(-reach.river / 260.0)
        + 0.45 * rough
        - 2.2 * np.exp(-((reach.oxbow / 55.0) ** 2))
    )
    valley = stream_level + 1.3 + 0.005 * reach.stream + 0.3 * rough
    corridor = np.exp(-((reach.stream / 330.0) ** 4)) * (reach.stream_step * 15.0 > 200.0)
    dem = level + (1.0 - corridor) * plain + corridor * valley + hills
    dem = np.where(reach.stream < STREAM_HALF_M + 8.0, level + stream_level, dem)
    return np.where(reach.river < RIVER_HALF_M, level, dem).round(1)
