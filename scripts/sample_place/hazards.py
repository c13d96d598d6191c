"""What floods and what slides: the flood's depth and the landslide index, from the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from sample_place.frame import CELL_M, largest_part, local_cells

if TYPE_CHECKING:
    from sample_place.frame import Array

FLOOD_RISE_M = 4.6  # of the modelled flood above the river's ordinary level
NOT_MODELLED = -9999.0


def flood_surface(level: Array, stream_level: Array, to_stream: Array) -> Array:
    """Height of the flood's surface; the tributary has its own, lower rise.

    Parameters
    ----------
    level
        Ordinary height of the river at each cell's easting, m.
    stream_level
        Rise of the tributary above its mouth at its point nearest to each cell, m.
    to_stream
        Distance to the tributary, m.

    Returns
    -------
    numpy.ndarray
        Height, m.
    """
    valley = np.maximum(FLOOD_RISE_M, stream_level + 2.7)
    return level + np.where(to_stream < 300.0, valley, FLOOD_RISE_M)


def flood_depth(dem: Array, surface: Array) -> Array:
    """Depth below the flood's surface where it joins the river; hills are not modelled.

    Parameters
    ----------
    dem
        Height of the ground, m.
    surface
        Height of the flood's surface, m.

    Returns
    -------
    numpy.ndarray
        Depth, m, to the centimetre; 0 = dry, -9999 = not modelled.
    """
    x, y = local_cells()
    depth = np.maximum(0.0, surface - dem)
    depth[~largest_part(depth > 0.0)] = 0.0
    limit = 1.05 + 0.15 * np.sin(x * 1.1) + 0.06 * np.sin(x * 3.1)
    limit += 0.55 / (1.0 + np.exp(-(x - 6.6) * 4.0))
    return np.where((y < limit) | (x > 12.45), NOT_MODELLED, depth.round(2))


def landslide_index(dem: Array, cell_m: float = CELL_M) -> Array:
    """Susceptibility from slope and local relief; exactly 0 on flat land.

    Parameters
    ----------
    dem
        Height of the ground, m.
    cell_m
        Side of its cells, m.

    Returns
    -------
    numpy.ndarray
        Index, 0 to 1.
    """
    fall_y, fall_x = np.gradient(ndimage.gaussian_filter(dem, 1.0), cell_m)
    slope = np.degrees(np.arctan(np.hypot(fall_x, fall_y)))
    relief = ndimage.maximum_filter(dem, 17) - ndimage.minimum_filter(dem, 17)
    index = np.clip((slope - 4.0) / 16.0, 0.0, 1.0) * (0.6 + 0.4 * np.clip(relief / 90.0, 0.0, 1.0))
    steep: Array = np.where(slope < 4.0, 0.0, index)
    return steep.round(3)
