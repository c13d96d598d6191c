"""What is done to the roads last: bridges and fords, steps, one-way streets, awkward names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
import shapely.ops
from shapely.geometry import LineString, Point

from sample_place.frame import CELL_M, COLS, LEFT, ROWS, TOP, km, spots
from sample_place.network import Network, Road
from sample_place.places import LOOSE_PATHS

if TYPE_CHECKING:
    from sample_place.frame import Array

ONE_WAY = {"Jalan Pasar Lama": "yes", "Jalan Pasar Baru": "-1"}
AWKWARD_NAMES = ('Gang <b>Melati</b> & "Kenanga"', "Gang Pak Ma'ruf, RT 03/RW 01; samping kali")


def finish_roads(network: Network) -> list[Road]:
    """Cut the roads at the water and tag what a reader of OSM must cope with.

    Parameters
    ----------
    network
        Every road, and the ground with its embankments.

    Returns
    -------
    list of Road
        The ways as they are written, without driveways.
    """
    roads = [piece for road in network.roads for piece in over_water(road, network.terrain.water)]
    roads += [Road(km(spots(path)), {"highway": "path", "surface": "dirt"}) for path in LOOSE_PATHS]
    on_foot = [road for road in roads if road.tags["highway"] in ("path", "footway")]
    steps_where_steep(on_foot, network.terrain.dem_m)
    lanes = [road for road in on_foot if road.tags.get("name", "").startswith("Gang")]
    for road, name in zip(lanes, AWKWARD_NAMES, strict=False):
        road.tags = {**road.tags, "name": name}
    for road in roads:
        if road.tags.get("name") in ONE_WAY:
            road.tags["oneway"] = ONE_WAY[road.tags["name"]]
    return roads


def over_water(
    road: Road, water: shapely.Geometry, crossing: dict[str, str] | None = None
) -> list[Road]:
    """Cut a way into pieces: a straight bridge (or a ford) wherever it meets the water.

    Parameters
    ----------
    road
        The way.
    water
        An area, UTM.
    crossing
        Tags of the pieces over it; left out, those of the sample's road of that name.

    Returns
    -------
    list of Road
        In the order of the way.
    """
    line = LineString(road.line)
    spans = [part for part in shapely.get_parts(line.intersection(water)) if part.length > 1.0]
    if not spans:
        return [road]
    crossing = crossing_tags(road) if crossing is None else crossing
    pieces, done = [], 0.0

    def keep(start: float, end: float) -> None:
        part = shapely.get_coordinates(shapely.ops.substring(line, start, end))
        pieces.append(Road(part, dict(road.tags)))

    for span in sorted(spans, key=lambda part: line.project(Point(part.coords[0]))):
        ends = sorted(line.project(Point(span.coords[k])) for k in (0, -1))
        start, end = max(ends[0] - 12.0, 0.0), min(ends[1] + 12.0, line.length)
        keep(done, start)
        deck = np.array([line.interpolate(at).coords[0] for at in (start, end)])
        pieces.append(Road(deck, road.tags | crossing))
        done = end
    keep(done, line.length)
    return [piece for piece in pieces if len(piece.line) > 1]


def crossing_tags(road: Road) -> dict[str, str]:
    """Tag how a road crosses the water."""
    if road.tags.get("name") == "Jalan Kebun Seberang":
        return {"ford": "yes"}
    bridge = {"bridge": "yes", "layer": "1"}
    if road.tags.get("name") == "Jembatan Gantung":
        bridge["bridge:structure"] = "simple-suspension"
    return bridge


def steps_where_steep(roads: list[Road], dem_m: Array) -> None:
    """Turn short steep footpaths into steps."""
    for road in roads:
        at = ((road.line[[0, -1]] - (LEFT, TOP)) / (CELL_M, -CELL_M)).astype(int)
        ends = dem_m[at[:, 1] % ROWS, at[:, 0] % COLS]
        length = LineString(road.line).length
        if length < 200.0 and abs(ends[0] - ends[1]) / length > 0.13:
            road.tags |= {"highway": "steps", "surface": "concrete", "handrail": "no"}
