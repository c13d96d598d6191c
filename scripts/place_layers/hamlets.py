"""Where people live: made-up hamlets of every village, and the land nearest to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely
from sample_place.frame import LONLAT, Array, away, lonlat
from scipy import ndimage

from place_layers.frame import COARSE, Frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from place_layers.ground import Ground

HAMLET_PEOPLE = 650.0  # or a third of a village, where villages are small
MOST_HAMLETS = 6


@dataclass(frozen=True)
class Hamlets:
    """The hamlets of all villages, village by village.

    Parameters
    ----------
    xy
        Middles, shape (n, 2), UTM.
    village
        Row of the village of each.
    number
        From 1 within the village; the first is its main one.
    people
        Who lives in each.
    reach_m
        How far its lanes reach.
    """

    xy: Array
    village: NDArray[np.intp]
    number: NDArray[np.intp]
    people: Array
    reach_m: Array


def make_hamlets(frame: Frame, ground: Ground, depth_m: Array, rng: np.random.Generator) -> Hamlets:
    """Place hamlets near streams, on gentle ground, apart from each other.

    Parameters
    ----------
    frame, ground
        The place.
    depth_m
        Of the flood; people live in it, though fewer where it is deep.
    rng
        Where chance comes from.

    Returns
    -------
    Hamlets
        One or more for every village.
    """
    shapes = frame.villages.geometry.to_numpy()
    area_km2 = shapely.area(shapes) / 1e6
    people = frame.place.village_people * np.exp(rng.normal(0.0, 0.45, len(shapes)))
    people *= (area_km2 / np.median(area_km2)) ** 0.15
    hamlet_people = min(HAMLET_PEOPLE, frame.place.village_people / 3.0)
    score = attraction(frame, ground, depth_m, rng)
    zone = frame.burnt([(shape, row) for row, shape in enumerate(shapes, 1)], COARSE).ravel()
    xy, middles = frame.centres(COARSE), np.array(shapely.point_on_surface(shapes))
    found: list[tuple[Array, int, int, float]] = []
    for row in range(len(shapes)):
        cells = np.flatnonzero(zone == row + 1)
        if not cells.size:
            cells = frame.cells(shapely.get_coordinates(middles[row]), COARSE)
        count = int(np.clip(round(people[row] / hamlet_people), 1, MOST_HAMLETS))
        spots = spread(xy[cells], score[cells], count, np.sqrt(area_km2[row] * 1e6 / count))
        shares = rng.dirichlet(np.linspace(6.0, 3.0, len(spots)))
        found += [
            (spot, row, number, float(people[row] * share))
            for number, (spot, share) in enumerate(zip(spots, shares, strict=True), 1)
        ]
    living = np.array([one[3] for one in found]).round()
    crowd = np.sqrt(area_km2[[one[1] for one in found]] * 1e6 / MOST_HAMLETS)
    return Hamlets(
        xy=np.array([one[0] for one in found]),
        village=np.array([one[1] for one in found], dtype=np.intp),
        number=np.array([one[2] for one in found], dtype=np.intp),
        people=living,
        reach_m=np.minimum(150.0 + 11.0 * np.sqrt(living), 120.0 + crowd),
    )


def attraction(frame: Frame, ground: Ground, depth_m: Array, rng: np.random.Generator) -> Array:
    """How well one can live on each cell of the grid for roads."""
    slope = np.hypot(*np.gradient(ndimage.gaussian_filter(ground.dem_m, 1.0), frame.cell_m()))
    near = np.exp(-(((ground.stream_m - 150.0) / 600.0) ** 2))
    score = 1.2 * near - 6.0 * slope - 0.15 * np.clip(depth_m, 0.0, 3.0)
    score += 0.25 * rng.random(score.shape)
    score[ground.stream_m < 60.0] -= 3.0
    rows, cols = frame.shape(COARSE)
    coarse: Array = score.reshape(rows, COARSE, cols, COARSE).mean((1, 3)).ravel()
    return coarse


def spread(xy: Array, score: Array, count: int, gap_m: float) -> Array:
    """Take the best places one after another, each keeping its distance from those before."""
    score, taken = score.copy(), []
    for _ in range(min(count, len(xy))):
        best = int(np.argmax(score))
        taken.append(xy[best])
        score -= 2.5 * np.exp(-((away(xy, xy[best]) / (0.7 * gap_m)) ** 2))
        score[best] = -np.inf
    return np.array(taken)


def hamlet_areas(frame: Frame, hamlets: Hamlets) -> gpd.GeoDataFrame:
    """Divide every village among its hamlets by what is nearest.

    Parameters
    ----------
    frame
        The place.
    hamlets
        Their middles.

    Returns
    -------
    geopandas.GeoDataFrame
        `settlement_id`, `name`, `village_code`, polygons (EPSG:4326).
    """
    shapes = frame.villages.geometry.to_numpy()
    parts: list[shapely.Geometry] = []
    for row, shape in enumerate(shapes):
        points = shapely.points(hamlets.xy[hamlets.village == row])
        if len(points) == 1:
            parts.append(shape)
            continue
        cells = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=shape, ordered=True)
        parts += shapely.intersection(shapely.get_parts(cells), shape).tolist()
    parts = [shapely.union_all(polygons(part)) for part in parts]
    codes = frame.villages["village_code"].to_numpy()[hamlets.village]
    table = {
        "settlement_id": [
            f"{code}-{number:02d}" for code, number in zip(codes, hamlets.number, strict=True)
        ],
        "name": [f"{frame.place.settlement} Contoh {number}" for number in hamlets.number],
        "village_code": codes,
        "made_up": True,
    }
    degrees = shapely.transform(np.array(parts), lambda xy: lonlat(xy, to_lonlat=frame.to_lonlat))
    return gpd.GeoDataFrame(table, geometry=shapely.make_valid(degrees), crs=LONLAT)


def polygons(shape: shapely.Geometry) -> NDArray[np.object_]:
    """Keep the polygons of what a cut left."""
    parts = shapely.get_parts(shape)
    found: NDArray[np.object_] = parts[shapely.get_type_id(parts) == 3]
    return found
