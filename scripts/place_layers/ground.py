"""The ground around the streams, what of it floods and what may slide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import rasterio.features
import shapely
from sample_place.frame import Array, away
from sample_place.hazards import NOT_MODELLED, landslide_index
from scipy import ndimage

from place_layers.drainage import Streams, half_width_m, make_streams, uplands
from place_layers.frame import DRAINED, Frame, noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODELLED_M = 3500.0  # hazards are modelled this far around the villages
FLOOD_REACH_M = 2500.0  # of a flood from its stream
# Banks of roads: kind, crown above the flood's surface in m.
CROWNS = (("trunk", 0.10), ("secondary", 0.20), ("tertiary", 0.30))


@dataclass(frozen=True)
class Ground:
    """The ground of a place on its finest grid, and the water on it.

    Parameters
    ----------
    dem_m
        Height of the ground; of the water where there is some.
    surface_m
        Height of the flood's surface, were it to reach the cell.
    stream_m
        Distance to the nearest stream.
    on_stream
        Cells that a stream runs through.
    streams
        The streams.
    water
        Those wide enough, as areas, UTM.
    """

    dem_m: Array
    surface_m: Array
    stream_m: Array
    on_stream: NDArray[np.bool_]
    streams: Streams
    water: NDArray[np.object_]


def make_ground(frame: Frame, rng: np.random.Generator) -> Ground:
    """Raise plains and hills beside the streams, which thereby run downhill.

    Parameters
    ----------
    frame
        The place.
    rng
        Where chance comes from.

    Returns
    -------
    Ground
        Before any road is built.
    """
    upland = uplands(frame, rng, DRAINED)
    streams = make_streams(frame, upland, rng)
    upland = ndimage.zoom(upland, DRAINED, order=1, grid_mode=True, mode="nearest")
    km2, level, stream_m, on_stream = nearest_stream(frame, streams)
    cell_m = frame.cell_m()
    blur = 240.0 / cell_m
    level = ndimage.gaussian_filter(level, blur)
    rise = ndimage.gaussian_filter(flood_rise_m(km2), blur)
    swell = noise(rng, frame.shape(), 1500.0 / cell_m)
    ridges = 1.0 - np.abs(noise(rng, frame.shape(), 5000.0 / cell_m)) / 1.6
    beyond = np.maximum(stream_m - half_width_m(km2) - 60.0 - 120.0 * (1.0 - upland), 0.0)
    hills = frame.place.relief_m * upland * (0.35 + 0.65 * ridges)
    hills = np.maximum(hills, 0.0) * (1.0 - np.exp(-((beyond / 1100.0) ** 1.3)))
    plain = 1.9 + 1.1 * np.exp(-stream_m / 260.0) + 0.6 * swell
    plain += (7.0 + 2.5 * swell) * (1.0 - np.exp(-((stream_m / 1300.0) ** 2)))
    dem = level + np.maximum(plain, 0.4) + hills
    dem = np.where(stream_m <= half_width_m(km2), level, dem)
    return Ground(dem.round(1), level + rise, stream_m, on_stream, streams, streams.water())


def flood_rise_m(km2: Array) -> Array:
    """Rise of the flood above ordinary water: 2 m where 1 km2 gathers, 5 m where 1 000 km2 do."""
    return np.asarray(np.clip(2.0 + 1.0 * np.log10(np.maximum(km2, 0.1)), 1.0, 5.5))


def nearest_stream(frame: Frame, streams: Streams) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    """Size, height of the water and distance of the stream nearest to each cell; where they run."""
    shape = frame.shape()
    km2, level = np.zeros(shape[0] * shape[1]), np.zeros(shape[0] * shape[1])
    for place in np.argsort(streams.km2, kind="stable").tolist():
        line, heights = streams.lines[place], streams.level_m[place]
        along = np.concatenate([[0.0], np.cumsum(away(line[1:], line[:-1]))])
        at = np.arange(0.0, along[-1], frame.cell_m() / 2.0)
        cells = frame.cells(np.column_stack([np.interp(at, along, side) for side in line.T]))
        km2[cells], level[cells] = streams.km2[place], np.interp(at, along, heights)
    on_stream = (km2 > 0.0).reshape(shape)
    far, near = ndimage.distance_transform_edt(~on_stream, return_indices=True)
    picked = tuple(near)
    return (
        km2.reshape(shape)[picked],
        level.reshape(shape)[picked],
        np.asarray(far, float) * frame.cell_m(),
        on_stream,
    )


def embanked(
    frame: Frame, ground: Ground, roads: dict[str, list[Array]], rng: np.random.Generator
) -> Array:
    """Raise the main roads near the flood's height, with sags where it still runs over them.

    Parameters
    ----------
    frame, ground
        The place.
    roads
        Lines by `highway`, UTM.
    rng
        Where chance comes from.

    Returns
    -------
    numpy.ndarray
        Height of the ground, m.
    """
    dem = ground.dem_m.copy()
    sag = noise(rng, frame.shape(), 1200.0 / frame.cell_m())
    for highway, crown in CROWNS:
        lines = [shapely.LineString(line).buffer(0.8 * frame.cell_m()) for line in roads[highway]]
        if not lines:
            continue
        on = frame.burnt([(line, 1) for line in lines]) > 0
        on &= ground.dem_m < ground.surface_m
        dem[on] = np.maximum(dem, ground.surface_m - np.maximum(crown + 0.4 * sag, -0.3))[on]
    return dem.round(1)


def flood_depth_m(frame: Frame, ground: Ground, dem_m: Array) -> Array:
    """Depth below the flood's surface where it joins a stream.

    Parameters
    ----------
    frame, ground
        The place.
    dem_m
        Height of the ground, with the banks of roads.

    Returns
    -------
    numpy.ndarray
        Depth, m, to the centimetre; 0 = dry, -9999 = not modelled, far from the villages.
    """
    depth = np.maximum(ground.surface_m - dem_m, 0.0)
    depth[ground.stream_m > FLOOD_REACH_M] = 0.0
    parts, _ = ndimage.label(depth > 0.0)
    joined = np.unique(parts[ground.on_stream])
    depth[~np.isin(parts, joined[joined > 0])] = 0.0
    return np.where(modelled(frame), depth.round(2), NOT_MODELLED)


def landslide(frame: Frame, dem_m: Array) -> Array:
    """Susceptibility index, 0 to 1, from slope and relief; -9999 = not modelled."""
    return np.where(modelled(frame), landslide_index(dem_m, frame.cell_m()), NOT_MODELLED)


def modelled(frame: Frame) -> NDArray[np.bool_]:
    """Cells in which hazards are modelled."""
    around = shapely.simplify(frame.area, 50.0).buffer(MODELLED_M)
    found = rasterio.features.geometry_mask([around], frame.shape(), frame.transform(), invert=True)
    return np.asarray(found, dtype=bool)
