"""The land around: water as areas, houses, what people find their way by, names of places."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from sample_place.frame import Array, km
from sample_place.landmarks import LANDMARKS, SHELTER_TAGS
from sample_place.network import Road
from sample_place.people import on_the_ground
from sample_place.places import DESA, DUSUN, SHELTERS
from sample_place.watercourses import oxbow

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from sample_place.places import Shelter
    from sample_place.terrain import Terrain

MOST_HOUSES = 1800
OXBOW_HALF_M = 24.0
VERGE_M = 5.0  # from the middle of a road to the nearest wall
GAP_M = 2.0  # between walls
HOUSE_M = ((7.0, 12.0), (5.5, 8.5))  # length along the road, depth
# Where a landmark may stand if there is no room at its place: rings around it, m.
RINGS = np.array(
    [
        (reach * np.cos(turn), reach * np.sin(turn))
        for reach in range(0, 420, 20)
        for turn in np.arange(12) * np.pi / 6
    ]
)


class Spot(NamedTuple):
    """A named point: its tags, easting and northing."""

    tags: dict[str, str]
    x: float
    y: float


class Multipolygon(NamedTuple):
    """An area with holes: its tags, its outside and then its insides, UTM."""

    tags: dict[str, str]
    rings: list[Array]


def water_areas(terrain: Terrain) -> list[Road]:
    """Draw the rivers as one area.

    Parameters
    ----------
    terrain
        The ground and the water.

    Returns
    -------
    list of Road
        One closed way.
    """
    tags = {"natural": "water", "water": "river", "name": "Sungai Contoh"}
    river = shapely.simplify(terrain.water, 3.0)
    return [Road(shapely.get_coordinates(river.exterior), tags)]


def lake() -> Multipolygon:
    """Draw the oxbow as a lake with an islet.

    Returns
    -------
    Multipolygon
        Outside and inside.
    """
    bend = shapely.LineString(oxbow())
    shore = shapely.simplify(bend.buffer(OXBOW_HALF_M), 2.0)
    islet = bend.interpolate(0.55, normalized=True).buffer(9.0, quad_segs=3)
    rings = [shapely.get_coordinates(one.exterior) for one in (shore, islet)]
    return Multipolygon({"natural": "water", "water": "oxbow", "name": "Danau Lamo"}, rings)


def place_names(desa: gpd.GeoDataFrame) -> list[Spot]:
    """Name the desa and the dusun as mappers do.

    Parameters
    ----------
    desa
        Names and polygons (UTM).

    Returns
    -------
    list of Spot
        Villages first, then hamlets.
    """
    middles = desa.geometry.representative_point()
    villages = [
        Spot({"place": "village", "name": name}, point.x, point.y)
        for name, point in zip(DESA.values(), middles, strict=True)
    ]
    places = km([(dusun.x_km, dusun.y_km) for dusun in DUSUN])
    hamlets = [
        Spot({"place": "hamlet", "name": dusun.name}, x, y)
        for dusun, (x, y) in zip(DUSUN, places.tolist(), strict=True)
    ]
    return villages + hamlets


def buildings(
    roads: list[Road],
    shelters: Array,
    houses: Array,
    water: shapely.Geometry,
    rng: np.random.Generator,
) -> list[Road]:
    """Draw shelters, landmarks and houses as areas that touch neither road, water nor each other.

    Parameters
    ----------
    roads
        Every way of the place.
    shelters
        Easting and northing of each.
    houses
        Columns easting, northing and people.
    water
        Where nothing can stand, UTM.
    rng
        Where chance comes from.

    Returns
    -------
    list of Road
        Closed ways: shelters and landmarks, then the houses that find room, `MOST_HOUSES` at most.
    """
    ground = on_the_ground(roads)
    ways = shapely.union_all([shapely.LineString(one.line) for one in roads])
    taken = shapely.union(ways.buffer(VERGE_M - 1.0), water)
    shapely.prepare(taken)
    drawn: list[Road] = []
    built: list[shapely.Polygon] = []
    for wanted, spot in zip(SHELTERS, shelters, strict=True):
        # A shelter stands where its point is; where lanes leave little room it is smaller.
        sizes = np.outer([1.0, 0.8, 0.6, 0.45, 0.3], shelter_size(wanted))
        shape = first_free(beside_roads(np.tile(spot, (5, 1)), sizes, ground), taken, built)
        drawn.append(area_of(shape, {**SHELTER_TAGS[wanted.kind], "name": wanted.name}))
        built.append(shape)
    for known in LANDMARKS:
        spots = km([(known.x_km, known.y_km)]) + RINGS
        sizes = np.tile(np.array(known.size_m, float), (len(spots), 1))
        shape = first_free(beside_roads(spots, sizes, ground, 12.0), taken, built)
        drawn.append(area_of(shape, {**known.tags, "name": known.name}))
        built.append(shape)
    spots = houses[rng.permutation(len(houses)), :2]
    sizes = np.column_stack([rng.uniform(low, high, len(spots)) for low, high in HOUSE_M])
    shapes = beside_roads(spots, sizes, ground)
    taken = shapely.union(taken, shapely.union_all(built).buffer(GAP_M))
    shapes = shapes[apart(shapes, taken)][:MOST_HOUSES]
    kinds = np.where(rng.random(len(shapes)) < 0.3, "house", "yes").tolist()
    return drawn + [
        area_of(shape, {"building": kind}) for shape, kind in zip(shapes, kinds, strict=True)
    ]


def area_of(shape: shapely.Polygon, tags: dict[str, str]) -> Road:
    """Return an area as a closed way."""
    return Road(shapely.get_coordinates(shape), tags)


def first_free(
    shapes: NDArray[np.object_], taken: shapely.Geometry, built: list[shapely.Polygon]
) -> shapely.Polygon:
    """Return the first shape clear of what is taken and built; there must be one."""
    free = ~shapely.intersects(taken, shapes)
    for one in built:
        free &= shapely.distance(one, shapes) > GAP_M
    return shapes[np.flatnonzero(free)[0]]


def shelter_size(shelter: Shelter) -> tuple[float, float]:
    """Return length and depth of a shelter in m: half its floor, since most have two storeys."""
    depth = 11.0
    return float(np.clip((shelter.floor_m2 or 240.0) / 2.0 / depth, 12.0, 45.0)), depth


def beside_roads(
    spots: Array, sizes: Array, roads: list[Road], most_m: float = np.inf
) -> NDArray[np.object_]:
    """Return a rectangle for each spot, along the nearest road and clear of it.

    Parameters
    ----------
    spots
        Easting and northing.
    sizes
        Length along the road and depth, m.
    roads
        Ways houses can stand beside.
    most_m
        How far its wall may stand from the verge.
    """
    lines = np.array([shapely.LineString(road.line) for road in roads])
    points = shapely.points(spots)
    nearest = lines[shapely.STRtree(lines).nearest(points)]
    foot = shapely.get_coordinates(
        shapely.line_interpolate_point(nearest, shapely.line_locate_point(nearest, points))
    )
    away_from = spots - foot
    far = np.maximum(np.hypot(*away_from.T), 0.01)
    out = away_from / far[:, None]
    along = np.column_stack([-out[:, 1], out[:, 0]])
    length, depth = sizes.T / 2.0
    nearest_m = VERGE_M + depth
    middle = foot + out * np.clip(far, nearest_m, nearest_m + most_m)[:, None]
    corners = [
        middle + along * (length * a)[:, None] + out * (depth * b)[:, None]
        for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    ]
    return np.asarray(shapely.polygons(np.stack(corners, axis=1)))


def apart(shapes: NDArray[np.object_], taken: shapely.Geometry) -> NDArray[np.bool_]:
    """Return which shapes stand free of what is taken and of those before them."""
    shapely.prepare(taken)
    kept = ~shapely.intersects(taken, shapes)
    tree = shapely.STRtree(shapes)
    later, earlier = tree.query(shapes, predicate="dwithin", distance=GAP_M)
    order = np.lexsort((earlier, later))
    for one, other in zip(later[order].tolist(), earlier[order].tolist(), strict=True):
        if other < one and kept[other]:
            kept[one] = False
    return np.asarray(kept, dtype=bool)
