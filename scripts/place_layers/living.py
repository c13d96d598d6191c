"""Houses, shelters and what else stands in the hamlets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from sample_place.frame import Array, lonlat
from sample_place.landmarks import SHELTER_TAGS
from sample_place.network import Road
from sample_place.people import on_the_ground
from sample_place.places import THROUGH
from sample_place.surroundings import HOUSE_M, Spot, apart, area_of, beside_roads
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from place_layers.frame import Frame
    from place_layers.hamlets import Hamlets

PEOPLE_IN_HOUSE = 3.9
HOUSES_DRAWN = 9.0  # of a hamlet, in the middle
LONE_SHARE = 0.04  # of the people, who live along the roads outside of hamlets
SHELTER_REACH_M = 900.0
# Of shelters: built where it is dry, by people's homes, or on the lowest land near them; metres
# gone to stand one metre less deep.
SITES, GONE_M = (0.65, 0.25, 0.1), (2000.0, 0.0, -800.0)
UNCOUNTED, UNMEASURED = 0.15, 0.12  # of shelters: capacity unknown, floor area unknown
NAMES = {
    "village_hall": "Balai {of} (contoh)",
    "school": "SD Contoh {number} {of}",
    "place_of_worship": "Rumah Ibadah Contoh {number} {of}",
    "community_centre": "Balai Warga Contoh {number} {of}",
    "sports_hall": "GOR Contoh {of}",
}
# Nobody is taken to be of a religion.
TAGS = {**SHELTER_TAGS, "place_of_worship": {"amenity": "place_of_worship", "building": "yes"}}
KINDS = tuple(NAMES)[:4]  # of the hamlets of a village, one after another


class Shelter(NamedTuple):
    """A shelter: whose it is, and what is known of it."""

    name: str
    kind: str
    capacity: int | None
    floor_m2: float | None
    accessible: bool | None


@dataclass(frozen=True)
class Shelters:
    """The shelters of a place.

    Parameters
    ----------
    xy
        Where they stand, shape (n, 2), UTM.
    about
        What is known of each.
    drives
        The driveway to each.
    """

    xy: Array
    about: list[Shelter]
    drives: list[Road]


def make_houses(ways: list[Road], hamlets: Hamlets, rng: np.random.Generator) -> Array:
    """Place houses beside the roads of the hamlets, and a few along the roads between.

    Parameters
    ----------
    ways
        Roads and lanes.
    hamlets
        Who lives there.
    rng
        Where chance comes from.

    Returns
    -------
    numpy.ndarray
        Columns easting, northing and people, hamlet by hamlet.
    """
    points = np.vstack([midway(way.line) for way in on_the_ground(ways)])
    tree = cKDTree(points)
    found = []
    for xy, people, reach_m in zip(hamlets.xy, hamlets.people, hamlets.reach_m, strict=True):
        near = np.sort(np.array(tree.query_ball_point(xy, 1.2 * reach_m), dtype=np.intp))
        if not near.size:
            near = np.array([tree.query(xy)[1]], dtype=np.intp)
        far = np.hypot(*(points[near] - xy).T)
        weight = np.exp(-((far / reach_m) ** 2))
        count = max(4, round(people * (1.0 - LONE_SHARE) / PEOPLE_IN_HOUSE))
        spots = points[rng.choice(near, count, p=weight / weight.sum())]
        spots = spots + rng.normal(0.0, 14.0, spots.shape)
        living = np.full(count, people * (1.0 - LONE_SHARE) / count)
        found.append(np.column_stack([spots, living]))
    lone = round(hamlets.people.sum() * LONE_SHARE / PEOPLE_IN_HOUSE)
    through = np.vstack(
        [midway(w.line) for w in on_the_ground(ways) if w.tags["highway"] in THROUGH[:4]]
    )
    spots = through[rng.choice(len(through), lone)] + rng.normal(0.0, 20.0, (lone, 2))
    found.append(np.column_stack([spots, np.full(lone, PEOPLE_IN_HOUSE)]))
    return np.vstack(found)


def midway(line: Array) -> Array:
    """Points along a road, three between each two vertices."""
    steps = np.array([0.0, 0.25, 0.5, 0.75])[:, None, None]
    between: Array = (line[:-1] * (1.0 - steps) + line[1:] * steps).reshape(-1, 2)
    return between


def make_shelters(
    frame: Frame, ways: list[Road], hamlets: Hamlets, hazard: Array, rng: np.random.Generator
) -> Shelters:
    """Give every hamlet a shelter beside a road near it, most of them out of the hazard.

    Parameters
    ----------
    frame
        The place.
    ways
        Roads and lanes.
    hamlets
        Who needs one.
    hazard
        How bad it is on the finest grid; 0 is none.
    rng
        Where chance comes from.

    Returns
    -------
    Shelters
        One per hamlet, and a hall for sports in each kecamatan.
    """
    ground = [way for way in on_the_ground(ways) if way.tags["highway"] != "track"]
    vertices = np.vstack([way.line for way in ground])
    danger = np.maximum(hazard.ravel(), 0.0)[frame.cells(vertices)]
    tree = cKDTree(vertices)
    names = frame.villages["village_name"].to_numpy()
    spots, about, drives = [], [], []
    for row, kind in [*enumerate(kinds_of(hamlets)), *town_halls(frame, hamlets)]:
        gate = gate_of(hamlets.xy[row], vertices, danger, tree, float(rng.choice(GONE_M, p=SITES)))
        turn, away_m = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(18.0, 35.0)
        spots.append(gate + away_m * np.array([np.cos(turn), np.sin(turn)]))
        drives.append(
            Road(np.vstack([gate, spots[-1]]), {"highway": "service", "service": "driveway"})
        )
        name = NAMES[kind].format(
            of=names[hamlets.village[row]], number=(int(hamlets.number[row]) + 3) // 4
        )
        share = 1.2 if kind == "sports_hall" else rng.uniform(0.25, 0.8)
        about.append(known_of(name, kind, hamlets.people[row] * share, rng))
    return Shelters(np.array(spots), about, drives)


def kinds_of(hamlets: Hamlets) -> list[str]:
    """Kind of the shelter of each hamlet: the hall of the village in its main one."""
    return [KINDS[(number - 1) % len(KINDS)] for number in hamlets.number.tolist()]


def town_halls(frame: Frame, hamlets: Hamlets) -> list[tuple[int, str]]:
    """Largest hamlet of each kecamatan, which has a hall for sports."""
    # The last three digits of a code of BPS are those of the village within its kecamatan.
    districts = frame.villages["village_code"].str[:-3].to_numpy()[hamlets.village]
    largest = [
        int(np.argmax(np.where(districts == one, hamlets.people, -1.0)))
        for one in dict.fromkeys(districts)
    ]
    return [(row, "sports_hall") for row in largest]


def gate_of(xy: Array, vertices: Array, danger: Array, tree: cKDTree, gone_m: float) -> Array:
    """Vertex of a road to build a shelter at."""
    near = np.sort(np.array(tree.query_ball_point(xy, SHELTER_REACH_M), dtype=np.intp))
    if not near.size:
        near = np.array([tree.query(xy)[1]], dtype=np.intp)
    cost = np.hypot(*(vertices[near] - xy).T) + gone_m * danger[near]
    gate: Array = vertices[near[np.argmin(cost)]]
    return gate


def known_of(name: str, kind: str, people: float, rng: np.random.Generator) -> Shelter:
    """Make up what is known of a shelter for about so many people."""
    capacity = max(20, 10 * round(people / 10.0))
    floor_m2 = float(round(capacity * rng.uniform(3.5, 5.0) / 10.0) * 10)
    chance = rng.random(3)
    return Shelter(
        name,
        kind,
        None if chance[0] < UNCOUNTED else capacity,
        None if chance[1] < UNMEASURED else floor_m2,
        None if chance[2] < 0.3 else bool(chance[2] < 0.75),
    )


def shelter_rows(frame: Frame, shelters: Shelters) -> list[dict[str, Any]]:
    """Shelters as GeoJSON features, each saying that it is made up."""
    places = lonlat(shelters.xy, 6, frame.to_lonlat).tolist()
    return [
        {
            "type": "Feature",
            "properties": {
                "shelter_id": f"CONTOH-{number:04d}",
                "name": one.name,
                "kind": one.kind,
                "kapasitas": one.capacity,
                "luas_lantai_m2": one.floor_m2,
                "accessible": one.accessible,
                "made_up": True,
            },
            "geometry": {"type": "Point", "coordinates": place},
        }
        for number, (one, place) in enumerate(zip(shelters.about, places, strict=True), 1)
    ]


def buildings(
    ways: list[Road],
    shelters: Shelters,
    houses: tuple[Array, int],
    water: NDArray[np.object_],
    rng: np.random.Generator,
) -> list[Road]:
    """Draw shelters, and the houses in the middle of hamlets, as areas clear of each other.

    Parameters
    ----------
    ways
        Roads and lanes.
    shelters
        Drawn first; where a road or a neighbour leaves no room they are not drawn.
    houses
        As `make_houses` makes them, and how many of them to try.
    water
        Areas, UTM.
    rng
        Where chance comes from.

    Returns
    -------
    list of Road
        Closed ways.
    """
    ground = on_the_ground(ways)
    tried = np.sort(rng.permutation(len(houses[0]))[: houses[1]])
    spots = np.vstack([shelters.xy, houses[0][tried, :2]])
    sizes = np.column_stack([rng.uniform(low, high, len(spots)) for low, high in HOUSE_M])
    sizes[: len(shelters.xy)] = (22.0, 11.0)
    shapes = beside_roads(spots, sizes, ground)
    lines = np.array([shapely.LineString(way.line) for way in ways], dtype=object)
    free = np.ones(len(shapes), dtype=bool)
    for others, room_m in ((lines, 4.0), (water, 2.0)):
        free[shapely.STRtree(others).query(shapes, predicate="dwithin", distance=room_m)[0]] = False
    kinds = [{**TAGS[one.kind], "name": one.name} for one in shelters.about]
    kinds += [{"building": "house"}] * len(tried)
    kept = np.flatnonzero(free)
    kept = kept[apart(shapes[kept], shapely.Point())]
    return [area_of(shapes[row], {**kinds[row], "made_up": "yes"}) for row in kept.tolist()]


def place_names(frame: Frame, hamlets: Hamlets) -> list[Spot]:
    """Name the villages, really called so, and their made-up hamlets."""
    middles = shapely.get_coordinates(shapely.point_on_surface(frame.villages.geometry.to_numpy()))
    names = frame.villages["village_name"]
    villages = [
        Spot({"place": "village", "name": name}, x, y)
        for name, (x, y) in zip(names, middles.tolist(), strict=True)
    ]
    called = [f"{frame.place.settlement} Contoh {number}" for number in hamlets.number]
    return villages + [
        Spot({"place": "hamlet", "name": name, "made_up": "yes"}, x, y)
        for name, (x, y) in zip(called, hamlets.xy.tolist(), strict=True)
    ]
