"""Lay made-up layers over the real villages of a place, so that plans can be tried on them.

    python scripts/make_place_layers.py sarolangun
    resilience-geo batch --config scripts/places/sarolangun.toml --out hasil/sarolangun

`run_place.py` does both.

Boundaries and names of villages are real (BPS 2020, by HDX, CC BY-IGO). Everything else follows
from one seed, and every file says of itself that it is made up. The parts are in `place_layers/`
beside this file; `places/README.md` says what is made.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely
from place_layers.drainage import RIVER_STREAMS, Streams
from place_layers.frame import Frame, Place, make_frame
from place_layers.ground import Ground, embanked, flood_depth_m, landslide, make_ground
from place_layers.hamlets import Hamlets, hamlet_areas, make_hamlets
from place_layers.lanes import bridged, make_lanes
from place_layers.living import (
    HOUSES_DRAWN,
    Shelters,
    buildings,
    make_houses,
    make_shelters,
    place_names,
    shelter_rows,
)
from place_layers.roads import MainRoads, make_roads
from sample_place.frame import LONLAT, Array
from sample_place.hazards import NOT_MODELLED
from sample_place.network import Road
from sample_place.people import OUTSIDE, count_vulnerable, make_population, register_people
from sample_place.writing import (
    ROADS,
    SURROUNDINGS,
    Band,
    Numbers,
    write_geojson,
    write_osm,
    write_raster,
    write_table,
    write_vector,
)

from resilience_geo import ResilienceGeoError, read_villages
from resilience_geo.inputs.made_up import COLUMN, RASTER_TAG

if TYPE_CHECKING:
    import geopandas as gpd
    from sample_place.surroundings import Spot

PLACES = {
    "alak": Place("id5371010_alak.geojson", 20.0, 5371, 150.0, 160.0, 0.8, 4000, "RW", False),
    "banjarbaru": Place(
        "id6372_kota_banjar_baru.geojson", 30.0, 6372, 110.0, 180.0, 2.0, 8000, "RW", False
    ),
    "rakumpit": Place("id6271021_rakumpit.geojson", 40.0, 6271, 20.0, 60.0, 4.0, 700, "RT", False),
    "sarolangun": Place(
        "id1503_sarolangun.geojson", 60.0, 1503, 235.0, 400.0, 5.0, 1700, "Dusun", True
    ),
}
HERE = Path(__file__).resolve().parent
BOUNDARY = "desa_HDX-BPS-2020.geojson"
GENERATOR = "resilience_geo made up"
EVERYWHERE = 0.0001, 0.001  # people in each cell of a population grid, also in the forest
MADE_UP = {RASTER_TAG: "YES"}
DEM = Band("made-up elevation m", "m")
FLOOD = Band("made-up flood depth m", "m", NOT_MODELLED)
LANDSLIDE = Band("made-up landslide susceptibility index 0-1", "index", NOT_MODELLED)
PEOPLE = Band("made-up people per cell", "people", OUTSIDE)
log = logging.getLogger("make_place_layers")


def make_place(place: Place, villages: gpd.GeoDataFrame, out: Path) -> None:
    """Write all layers of a place.

    Parameters
    ----------
    place
        What is made.
    villages
        Its boundaries, or some of them, as `read_villages` reads them.
    out
        Folder; made where it is missing. Files of the same name are replaced.
    """
    rng = np.random.default_rng(place.seed)
    frame = make_frame(place, villages)
    ground = make_ground(frame, rng)
    before_m = flood_depth_m(frame, ground, ground.dem_m)
    hamlets = make_hamlets(frame, ground, before_m, rng)
    roads = make_roads(frame, ground, before_m, hamlets, rng)
    dem_m = embanked(frame, ground, by_kind(roads), rng)
    hazard = write_ground(out, frame, ground, dem_m)
    ways = bridged(roads, ground.water)
    ways += make_lanes(ways, hamlets, ground.water, rng)
    shelters = make_shelters(frame, ways, hamlets, hazard, rng)
    houses = make_houses(ways, hamlets, rng)
    write_people(out, frame, houses, rng)
    write_ways(out / "jalan.osm.pbf", frame, ways + shelters.drives, ROADS)
    write_geojson(out / "tempat_evakuasi.geojson", shelter_rows(frame, shelters))
    write_vector(out / "permukiman.gpkg", hamlet_areas(frame, hamlets), "permukiman")
    write_basemap(out, frame, ground, (ways, shelters, houses, hamlets), rng)
    found = (len(villages), len(hamlets.xy), houses[:, 2].sum(), len(ways), len(shelters.xy))
    log.info("%d villages, %d hamlets, %.0f people, %d ways, %d shelters", *found)


def by_kind(roads: MainRoads) -> dict[str, list[Array]]:
    """Sort the lines of roads by what they are."""
    found: dict[str, list[Array]] = {kind: [] for kind in ("trunk", "secondary", "tertiary")}
    for line, highway in zip(roads.lines, roads.highway, strict=True):
        found.setdefault(highway, []).append(line)
    return found


def write_ground(out: Path, frame: Frame, ground: Ground, dem_m: Array) -> Array:
    """Write heights and hazards; return how bad it is, depth (m) and index taken together."""
    grid = (frame.transform(), frame.crs)
    depth_m = flood_depth_m(frame, ground, dem_m)
    write_raster(out / "ketinggian_m.tif", dem_m, *grid, DEM, MADE_UP)
    write_raster(out / "banjir_kedalaman_m.tif", depth_m, *grid, FLOOD, MADE_UP)
    if not frame.place.landslide:
        return depth_m
    index = landslide(frame, ground.dem_m)
    write_raster(out / "longsor_indeks.tif", index, *grid, LANDSLIDE, MADE_UP)
    return np.maximum(depth_m, index)


def write_people(out: Path, frame: Frame, houses: Array, rng: np.random.Generator) -> None:
    """Write the population and the table of vulnerable groups."""
    villages = frame.villages.to_crs(LONLAT)
    area = villages.geometry.union_all()
    people, transform = make_population(houses, area, rng, frame.to_lonlat, EVERYWHERE)
    write_raster(out / "penduduk.tif", people, transform, LONLAT, PEOPLE, MADE_UP)
    villages["population_people"] = register_people(villages, people, transform, rng)
    head, *rows = count_vulnerable(villages, rng)
    write_table(out / "kelompok_rentan.csv", [[*head, COLUMN], *([*row, "yes"] for row in rows)])


def write_ways(
    path: Path, frame: Frame, ways: list[Road], first: Numbers, spots: list[Spot] | None = None
) -> None:
    """Write ways and named points as an OSM file that says it is made up."""
    write_osm(path, ways, spots, first=first, generator=GENERATOR, to_lonlat=frame.to_lonlat)


def write_basemap(
    out: Path,
    frame: Frame,
    ground: Ground,
    built: tuple[list[Road], Shelters, Array, Hamlets],
    rng: np.random.Generator,
) -> None:
    """Write streams, rivers as areas, buildings and names of places."""
    ways, shelters, houses, hamlets = built
    count = int(HOUSES_DRAWN * len(hamlets.xy))
    drawn = buildings(ways, shelters, (houses, count), ground.water, rng)
    drawn += waterways(ground.streams, frame.place)
    spots = place_names(frame, hamlets)
    write_ways(out / "peta_dasar.osm.pbf", frame, drawn, SURROUNDINGS, spots)


def waterways(streams: Streams, place: Place) -> list[Road]:
    """Draw every stream as a line, and rivers as areas too."""
    found = []
    for row, line in enumerate(streams.lines):
        river = streams.km2[row] >= RIVER_STREAMS * place.stream_km2
        tags = {"waterway": "river" if river else "stream", "made_up": "yes"}
        if river:
            tags["name"] = "Sungai Contoh"
            bank = shapely.LineString(line).buffer(streams.half_m[row], quad_segs=3)
            area = {"natural": "water", "water": "river", "made_up": "yes"}
            found.append(Road(shapely.get_coordinates(shapely.simplify(bank, 2.0)), area))
        found.append(Road(line, tags))
    return found


def default_boundaries() -> Path:
    """Folder of the boundaries: below RESILIENCE_GEO_REAL_DATA, or beside the project."""
    data = os.environ.get("RESILIENCE_GEO_REAL_DATA", HERE.parents[1] / "shared" / "data")
    return Path(data) / "boundaries"


def main() -> None:
    """Read the command line and make the layers."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("place", choices=sorted(PLACES))
    parser.add_argument("--boundaries", type=Path, metavar="DIR", help="folder of the boundaries")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder (places/layers/PLACE)")
    args = parser.parse_args()
    logging.basicConfig(format="%(message)s")
    log.setLevel(logging.INFO)
    place = PLACES[args.place]
    source = (args.boundaries or default_boundaries()) / place.boundary
    out = args.out or HERE / "places" / "layers" / args.place
    try:
        villages = read_villages(source)
    except ResilienceGeoError as error:
        parser.exit(2, f"{error}\n")
    out.mkdir(parents=True, exist_ok=True)
    make_place(place, villages, out)
    shutil.copyfile(source, out / BOUNDARY)


if __name__ == "__main__":
    main()
