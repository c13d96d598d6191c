"""The lines water takes: the river, its tributary, its oxbow and the gullies of the hills."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sample_place.frame import away, densify, km, smooth, spots
from sample_place.places import OXBOW

if TYPE_CHECKING:
    from sample_place.frame import Array

RIVER_HALF_M, STREAM_HALF_M = 38.0, 9.0


def main_river() -> Array:
    """Draw a meandering river from west to east: a sine-generated curve, unevenly bent.

    Returns
    -------
    numpy.ndarray
        Centre line, shape (n, 2), UTM.
    """
    step = 0.03
    along = np.arange(0.0, 36.0, step)
    bend = 1.30 + 0.28 * np.sin(along / 2.9 + 0.4)
    phase = 2 * np.pi * along / 4.4 + 0.9 * np.sin(along / 2.3)
    heading = bend * np.sin(phase) + 0.25 * np.sin(along / 1.3)
    x, y = np.cumsum(np.cos(heading) * step) - 1.4, np.cumsum(np.sin(heading) * step)
    inside = x < 13.6
    x, y = x[inside], y[inside]
    drift = np.polyval(np.polyfit(x, y, 2), x)
    return km(np.column_stack([x, 5.3 + 0.05 * x + (y - drift)]))


def tributary(river: Array) -> Array:
    """Draw Sungai Pinang from the southern hills down to the main river.

    Parameters
    ----------
    river
        Centre line of the main river, UTM.

    Returns
    -------
    numpy.ndarray
        Centre line, shape (n, 2), UTM; the first vertex is the mouth.
    """
    course = km(spots("4.7 3.9, 4.35 3.3, 4.6 2.7, 4.2 2.2, 4.35 1.6, 3.9 1.0, 4.0 0.3, 3.7 -0.7"))
    mouth = river[np.argmin(away(river, course[0]))]
    return smooth(densify(np.vstack([mouth, course]), 60.0), 40)


def oxbow() -> Array:
    """Draw the old bend of the river, now a swamp.

    Returns
    -------
    numpy.ndarray
        Centre line, shape (n, 2), UTM.
    """
    return smooth(km(spots(OXBOW)), 2)


def gullies(rng: np.random.Generator) -> Array:
    """Place points down the small valleys of both hill fronts.

    Parameters
    ----------
    rng
        Where chance comes from.

    Returns
    -------
    numpy.ndarray
        Shape (n, 2), UTM, of all gullies together.
    """
    lines = []
    for x in np.arange(-0.4, 13.0, 0.95) + rng.uniform(-0.3, 0.3, 15):
        for y, step in ((-0.8, 0.1), (10.8, -0.1)):
            bends = rng.normal(rng.normal(0.0, 0.03), 0.06, 40)
            sway = np.cumsum(bends) + rng.normal(0.0, 0.02, 40)
            lines.append(np.column_stack([x + sway, y + step * np.arange(40)]))
    return km(np.vstack([densify(line, 0.03) for line in lines]))
