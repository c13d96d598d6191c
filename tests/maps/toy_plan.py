"""A small plan made by hand, with every state, cause and class, for tests of maps and reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from affine import Affine
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.errors import Message
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.plan_tables import late_extra_time_s

CRS = pyproj.CRS.from_epsg(32748)
EAST, NORTH = 700_000.0, 9_300_000.0
NAMES = ("Lubuk Rengas", "Tanjung Kembang", "Muara Pinang")
CODES = ("16.02.05.2001", "16.02.05.2002", "16.02.05.2003")
CAUSES = ("no_road", "cut_off", "too_far", "shelters_full", "capacity_unknown")


def at(x, y):
    return EAST + x, NORTH + y


def line(*points):
    return LineString([at(*point) for point in points])


@dataclass(frozen=True)
class Grid:
    transform: Any
    shape: tuple[int, int]
    crs: Any

    @property
    def bounds(self):
        rows, columns = self.shape
        t = self.transform
        return t.c, t.f + rows * t.e, t.c + columns * t.a, t.f


@dataclass(frozen=True)
class ToyHazard:
    kind: str = "flood"
    grid: Grid | None = None
    values: Any = None
    polygons: Any = None
    nodata_means: str = "unknown"
    parts: tuple[Any, ...] = ()

    @property
    def maps(self):
        return self.parts or (self,)

    @property
    def kinds(self):
        return tuple(dict.fromkeys(part.kind for part in self.maps))

    def classes(self, rows, columns):
        return self.values[rows, columns]


def raster_hazard(rows=60, columns=80, cell=50.0):
    """Return a hazard that is high in the middle and unknown in a corner."""
    y, x = np.indices((rows, columns))
    away = np.hypot(y - rows / 2, (x - columns / 2) * 0.6) / rows
    classes = np.digitize(-away, [-0.5, -0.3, -0.15]).astype(np.uint8)
    classes[:12, :15] = 4
    transform = Affine(cell, 0, EAST - 500, 0, -cell, NORTH - 500 + rows * cell)
    return ToyHazard(grid=Grid(transform, (rows, columns), CRS), values=classes)


def polygon_hazard():
    shapes = [box(*at(500, 500), *at(2500, 1800)), box(*at(900, 700), *at(1700, 1300))]
    table = gpd.GeoDataFrame({"hazard_class": [1, 3]}, geometry=shapes, crs=CRS)
    return ToyHazard(kind="landslide", polygons=table, nodata_means="none")


@dataclass(frozen=True)
class ToyPlan:
    villages: Any
    exposure: Any
    origins: Any
    routes: Any
    shelters: Any
    roads: Any
    stretches: Any
    unserved: Any
    hazard: Any
    departure: str
    outside: dict = field(default_factory=dict)
    assumptions: Any = field(default_factory=EvacuationAssumptions)
    provenance: dict = field(default_factory=dict)
    notes: tuple = ()
    is_sample: bool = True
    workings: Any = None

    @property
    def late_extra_time_s(self):
        return late_extra_time_s(self.origins)

    def summary(self):
        table = self.villages.drop(columns="geometry")
        worst = (table["evacuees"] - table["allocated"]).sort_values(ascending=False)
        return table.loc[worst.index]


def _both(make, departure):
    if departure != "both":
        return make(departure)
    parts = [make(name).assign(departure=name) for name in ("early", "late")]
    return pd.concat(parts, ignore_index=True)


def _origins(departure):
    rows = [
        ("o1", 0, 120, "allocated", "s1", (400, 400)),
        ("o2", 0, 30, "cut_off" if departure == "late" else "allocated", "s1", (900, 900)),
        ("o3", 1, 80, "allocated", "s2", (1700, 500)),
        ("o4", 1, 7, "no_road", "", (1500, 1700)),
        ("o5", 1, 5, "too_far", "", (1900, 1700)),
        ("o6", 2, 60, "shelters_full", "", (2600, 900)),
        ("o7", 2, 11, "capacity_unknown", "", (2700, 1500)),
    ]
    served = [row[3] == "allocated" for row in rows]
    return gpd.GeoDataFrame(
        {
            "origin_id": [row[0] for row in rows],
            "village_code": [CODES[row[1]] for row in rows],
            "evacuees": [row[2] for row in rows],
            "status": [row[3] for row in rows],
            "shelter_id": [row[4] if ok else None for row, ok in zip(rows, served, strict=True)],
            "travel_time_s": [640.0 if ok else np.nan for ok in served],
            "quickest_time_s": [640.0 if ok else np.nan for ok in served],
            "distance_m": [704.0 if ok else np.nan for ok in served],
        },
        geometry=[Point(at(*row[5])) for row in rows],
        crs=CRS,
    )


def _routes(departure):
    rows = [
        ("r1", "o1", 0, "s1", 120, line((400, 400), (400, 1000), (900, 1500))),
        ("r2", "o2", 0, "s1", 30, line((900, 900), (900, 1500))),
        ("r3", "o3", 1, "s2", 80, line((1700, 500), (2200, 500), (2200, 1600))),
    ]
    if departure == "late":
        del rows[1]
    return gpd.GeoDataFrame(
        {
            "route_id": [row[0] for row in rows],
            "village_code": [CODES[row[2]] for row in rows],
            "shelter_id": [row[3] for row in rows],
            "evacuees": [row[4] for row in rows],
            "travel_time_s": [640.0] * len(rows),
            "distance_m": [row[5].length for row in rows],
            "hazardous_m": [120.0] * len(rows),
            "unknown_m": [0.0] * len(rows),
            "rank": [1] * len(rows),
            "origin_id": [row[1] for row in rows],
        },
        geometry=[row[5] for row in rows],
        crs=CRS,
    )


def _shelters(departure, names):
    late = departure == "late"
    rows = [
        ("s1", names[0], "usable", 200.0, 120 if late else 150, 0, (900, 1500)),
        ("s2", names[1], "usable", 80.0, 80, 1, (2200, 1600)),
        ("s3", "Balai Desa", "usable", np.nan, 0, 0, (2800, 1700)),
        ("s4", "Masjid Raya", "in_hazard", 300.0, 0, 3, (1500, 1000)),
        ("s5", "Gereja", "unknown_hazard", 50.0, 0, 4, (-300, 2300)),
        ("s6", "Puskesmas", "unreachable", 50.0, 0, 0, (200, 1900)),
    ]
    return gpd.GeoDataFrame(
        {
            "shelter_id": [row[0] for row in rows],
            "name": [row[1] for row in rows],
            "kind": ["school", "school", "townhall", "mosque", "church", "clinic"],
            "status": [row[2] for row in rows],
            "capacity_people": [row[3] for row in rows],
            "allocated_people": [row[4] for row in rows],
            "hazard_class": [CLASS_NAMES[row[5]] for row in rows],
        },
        geometry=[Point(at(*row[6])) for row in rows],
        crs=CRS,
    )


def _villages(departure, names):
    shapes = [
        box(*at(0, 0), *at(1200, 2000)),
        box(*at(1200, 0), *at(2400, 2000)),
        MultiPolygon(
            [
                Polygon([at(2400, 0), at(3200, 100), at(3000, 2000), at(2400, 2000)]),
                box(*at(3300, 300), *at(3400, 400)),
            ]
        ),
    ]
    table = gpd.GeoDataFrame(
        {"village_name": list(names)},
        index=pd.Index(CODES, name="village_code"),
        geometry=shapes,
        crs=CRS,
    )
    figures = {
        "evacuees": [150, 92, 71],
        "allocated": [150, 80, 0],
        "no_road": [0, 7, 0],
        "cut_off": [0, 0, 0],
        "too_far": [0, 5, 0],
        "shelters_full": [0, 0, 60],
        "capacity_unknown": [0, 0, 11],
        "median_travel_time_s": [640.0, 640.0, np.nan],
        "people_within_5_min": [0, 0, 0],
        "people_within_10_min": [0, 0, 0],
        "people_within_15_min": [150, 80, 0],
        "people_within_30_min": [150, 80, 0],
        "no_second_route_people": [30, 80, 0],
    }
    late = {
        **figures,
        "allocated": [120, 80, 0],
        "cut_off": [30, 0, 0],
        "people_within_15_min": [120, 80, 0],
        "people_within_30_min": [120, 80, 0],
        "no_second_route_people": [120, 80, 0],
    }
    for name, values in (late if departure == "late" else figures).items():
        table[name] = values
    if departure == "both":
        for name, values in late.items():
            table[f"late_{name}"] = values
        table["lost_if_late_people"] = [30, 0, 0]
        table["late_extra_time_s"] = [0.0, 0.0, np.nan]
        table["road_m"] = [3000.0, 2500.0, 800.0]
        table["late_closed_road_m"] = [640.0, 0.0, 0.0]
        table["late_unknown_road_m"] = [400.0, 0.0, 0.0]
    vulnerable = {
        "children_under_5": [12, 7, 5],
        "elderly": [18, 11, 8],
        "disabled": [12, 8, 6],
        "pregnant": [3, 2, 1],
        "need_help_people": [33, 21, 15],
        "helpers": [17, 11, 8],
        "shares_from": ["table", "national", "mixed"],
    }
    return table.assign(**vulnerable)


def _stretches():
    rows = [
        ("w1", "open", 0, 0, 1, line((0, 400), (400, 400), (400, 1000))),
        ("w1", "slowed", 120, 120, 1, line((400, 400), (400, 1000), (900, 1500))),
        ("w2", "closed", 30, 0, 3, line((900, 900), (900, 1500))),
        ("w3", "open", 80, 80, 0, line((1700, 500), (2200, 500), (2200, 1600))),
        ("w4", "unknown", 0, 0, 4, line((0, 1900), (400, 1900))),
        ("w5", "open", 0, 0, 0, line((2400, 900), (3000, 900))),
    ]
    return gpd.GeoDataFrame(
        {
            "road_id": [row[0] for row in rows],
            "state": [row[1] for row in rows],
            "evacuees_early": [row[2] for row in rows],
            "evacuees_late": [row[3] for row in rows],
            "hazard_class": [CLASS_NAMES[row[4]] for row in rows],
            "length_m": [row[5].length for row in rows],
        },
        geometry=[row[5] for row in rows],
        crs=CRS,
    )


def _roads(stretches, road_name):
    roads = stretches.drop_duplicates("road_id").rename(columns={"hazard_class": "worst_class"})
    count = len(roads)
    return roads.assign(
        name=[road_name, None, "Jalan Raya", None, None],
        highway="residential",
        state_motorcycle=roads["state"],
        state_car=roads["state"],
        state_truck=roads["state"],
        max_depth_m=[0.4, 1.2, 0.0, np.nan, 0.0],
        share_none=1.0,
        share_unknown=0.0,
        bridge=[False, False, True, False, False],
        tunnel=[False] * count,
    )


def toy_plan(
    *,
    names=NAMES,
    shelter_names=("SD Negeri 1", "SMP Negeri 2"),
    road_name="Jalan Sungai",
    departure="both",
    hazard=None,
    is_sample=True,
    notes=(),
):
    """Return the plan; names may be hostile."""
    villages = _villages(departure, names)
    origins = _both(_origins, departure)
    shelters = _both(lambda name: _shelters(name, shelter_names), departure)
    stretches = _stretches()
    exposure = pd.DataFrame(
        {
            "village_name": list(names),
            "people_total": [1000.0, 800.5, 400.0],
            "people_none": [600.0, 608.0, 229.0],
            "people_low": [250.0, 100.5, 100.0],
            "people_medium": [100.0, 62.0, 41.0],
            "people_high": [50.0, 30.0, 30.0],
            "population_known_share": [1.0, 1.0, 1.0],
            "people_unknown": [0.0, 0.0, 0.0],
            "evacuees": [150, 92, 71],
        },
        index=villages.index,
    )
    exposure.loc[CODES[0], ["people_none", "people_unknown"]] = [580.0, 20.0]
    left = origins[origins["status"] != "allocated"]
    keys = ["departure"] if departure == "both" else []
    unserved = (
        left.groupby([*keys, "village_code", "status"], sort=False)["evacuees"]
        .sum()
        .reset_index()
        .rename(columns={"status": "cause"})
    )
    return ToyPlan(
        villages=villages,
        exposure=exposure,
        origins=gpd.GeoDataFrame(origins, crs=CRS),
        routes=gpd.GeoDataFrame(_both(_routes, departure), crs=CRS),
        shelters=gpd.GeoDataFrame(shelters, crs=CRS),
        roads=_roads(stretches, road_name),
        stretches=stretches,
        unserved=unserved,
        hazard=hazard if hazard is not None else raster_hazard(),
        departure=departure,
        outside={
            "none": 90.0,
            "low": 5.0,
            "medium": 3.0,
            "high": 1.5,
            "unknown": 0.5,
            "total": 100.0,
        },
        provenance={
            "software": "resilience-geo 0.1.0",
            "created": "2026-11-22T10:00:00+07:00",
            "inputs": {
                "villages": {"source": "desa.gpkg", "date": "2026-01-05"},
                "hazard": {"source": "/data/banjir.tif", "unit": "m", "cuts": [0.1, 0.76, 1.5]},
                "population": {"source": "jiwa.tif", "date": None},
                "roads": {"source": "jalan.osm.pbf", "date": "2026-10-01"},
                "shelters": {"source": "tes.geojson"},
            },
            "crs": "EPSG:32748",
        },
        notes=(
            Message("a note about {count} cells that has no translation", count=3),
            *notes,
        ),
        is_sample=is_sample,
    )


def with_groups(plan):
    """Return the plan with two old people at each origin planned apart from the others."""
    old = plan.origins.assign(group="elderly", evacuees=2)
    rest = plan.origins.assign(group="general", evacuees=plan.origins["evacuees"] - 2)
    origins = gpd.GeoDataFrame(pd.concat([old, rest], ignore_index=True), crs=CRS)
    return ToyPlan(**{**plan.__dict__, "origins": origins})
