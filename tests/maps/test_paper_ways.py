"""Directions on paper: what people must be told at corners that look like part of a crossing."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

from resilience_geo.analysis.directions import route_directions
from resilience_geo.maps.printed_sheets import PAPERS_MM, chosen_sheet

CRS = "EPSG:32748"
EAST, NORTH = 690_000.0, 9_320_000.0


def lines(*ways):
    return [shapely.LineString([(EAST + x, NORTH + y) for x, y in way]) for way in ways]


def told(roads, *way):
    names = [name for name, _ in roads]
    table = gpd.GeoDataFrame(
        {
            "road_id": range(len(roads)),
            "name": names,
            "highway": ["footway" if name else "service" for name in names],
            "bridge": False,
        },
        geometry=lines(*(way for _, way in roads)),
        crs=CRS,
    )
    route = gpd.GeoDataFrame({"route_id": ["r"]}, geometry=lines(way), crs=CRS)
    legs = route_directions(route, table)
    return list(zip(legs["turn"], legs["road_name"], legs["distance_m"].round(), strict=True))


def test_a_turn_into_a_nameless_path_is_told_also_where_the_way_doubles_back_at_its_end():
    # 84 m south, left for 81 m, back for 18 m to the gate, and a kink of 10 cm at the door: turns
    # enough for a roundabout of that length, but all of them in two places.
    gang = ("Gang Anggrek", [(0, 0), (0, -28), (0, -56), (0, -84)])
    path = ("", [(0, -84), (81, -84)])
    gate = ("", [(81, -84), (63, -84.5), (62.9, -84.4)])
    way = [(0, 0), (0, -28), (0, -56), (0, -84), (81, -84), (63, -84.5), (62.9, -84.4)]

    legs = told([gang, path, gate], *way)

    assert legs[0] == ("start", "Gang Anggrek", 84.0)
    assert legs[1] == ("left", "", 81.0)
    assert legs[2][0] in {"sharp_left", "sharp_right"}
    assert legs[-1][0] == "arrive"


def test_a_way_back_of_eighteen_metres_to_the_door_is_a_leg_of_its_own():
    main = ("Jalan Lintas", [(0, 0), (70, 0), (140, 0)])
    gate = ("", [(140, 0), (140, 18), (140.1, 18.05)])

    legs = told([main, gate], (0, 0), (70, 0), (140, 0), (140, 18), (140.1, 18.05))

    assert [turn for turn, _, _ in legs] == ["start", "left", "arrive"]
    assert legs[1][2] == pytest.approx(18.0, abs=0.5)


@pytest.mark.parametrize("steps", [4, 6, 9, 16])
def test_the_arc_of_a_small_roundabout_is_still_part_of_the_crossing(steps):
    # In from the west, a half circle of 12 m below the middle, out to the east.
    angles = np.linspace(np.pi, 2.0 * np.pi, steps + 1)
    arc = [(100.0 + 12.0 * np.cos(each), 12.0 * np.sin(each)) for each in angles]
    roads = [
        ("Jalan Satu", [(0, 0), (88, 0)]),
        ("", arc),
        ("Jalan Dua", [(112, 0), (200, 0)]),
    ]

    legs = told(roads, (0, 0), (88, 0), *arc[1:-1], (112, 0), (200, 0))

    assert [(turn, name) for turn, name, _ in legs] == [
        ("start", "Jalan Satu"),
        ("straight", "Jalan Dua"),
        ("arrive", ""),
    ]


def test_millimetres_on_every_paper_are_metres_on_the_ground(plan):
    # By geodesics on the ellipsoid, along the middle of each sheet.
    geodesic = pyproj.Geod(ellps="WGS84")
    seen = set()
    for paper in PAPERS_MM:
        for orientation, scale in (("landscape", None), ("portrait", None), ("landscape", 4000)):
            sheet, frames = chosen_sheet(plan, paper, orientation, scale)
            for place in frames:
                west, south, east, north = place.frame
                degrees = pyproj.Transformer.from_crs(place.crs, 4326, always_xy=True).transform
                x, y = (west + east) / 2.0, (south + north) / 2.0
                wide = geodesic.inv(*degrees(west, y), *degrees(east, y))[2]
                high = geodesic.inv(*degrees(x, south), *degrees(x, north))[2]
                assert wide * 1000.0 / sheet.map_mm[2] == pytest.approx(place.scale, rel=1e-3)
                assert high * 1000.0 / sheet.map_mm[3] == pytest.approx(place.scale, rel=1e-3)
                seen.add(place.scale)
    assert len(seen) > 3


def test_sheets_of_a_divided_map_hold_every_home(plan):
    homes = plan.origins.geometry
    for scale in (2000, 2500):
        _, frames = chosen_sheet(plan, "A4", "landscape", scale)
        assert len(frames) > 1
        land = shapely.union_all([shapely.box(*place.frame) for place in frames])
        assert shapely.covers(land, homes.to_crs(frames[0].crs).to_numpy()).all()
