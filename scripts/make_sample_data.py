"""Make the embedded sample: Kecamatan Sungai Contoh, a place that does not exist.

Six desa on a meandering river with rubber hills behind them, laid in the open Java Sea
so that nobody can take them for real ones. Everything follows from one seed:

    python scripts/make_sample_data.py --out data

The parts are in `sample_place/` beside this file.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely
from sample_place.boundaries import make_desa, make_dusun
from sample_place.crossings import finish_roads
from sample_place.frame import LONLAT, TO_LONLAT, TRANSFORM, UTM, Array
from sample_place.hazards import NOT_MODELLED
from sample_place.people import (
    OUTSIDE,
    count_vulnerable,
    houses,
    make_population,
    register_people,
)
from sample_place.roads import build_network, waterways
from sample_place.shelters import place_shelters, shelter_features
from sample_place.surroundings import buildings, lake, place_names, water_areas
from sample_place.terrain import Terrain, make_terrain
from sample_place.writing import (
    SURROUNDINGS,
    Band,
    write_geojson,
    write_osm,
    write_raster,
    write_table,
    write_vector,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from sample_place.network import Road

SEED = 990101
DEM = Band("elevation m", "m")
FLOOD = Band("flood depth m", "m", NOT_MODELLED)
LANDSLIDE = Band("landslide susceptibility index 0-1", "index", NOT_MODELLED)
PEOPLE = Band("people per cell", "people", OUTSIDE)
log = logging.getLogger("make_sample_data")


def make_sample(out: Path) -> None:
    """Write the whole sample below a folder.

    Parameters
    ----------
    out
        Made where it is missing; files of the same name are replaced.
    """
    rng = np.random.default_rng(SEED)
    network = build_network(make_terrain(rng), rng)
    roads = finish_roads(network)
    shelters, drives = place_shelters(roads)
    dusun = make_dusun(network)
    desa = make_desa(dusun)
    area = shapely.coverage_union_all(desa.geometry.to_numpy())
    built = houses(roads, network.terrain.water, rng)
    people, people_transform = make_population(built, area, rng)
    desa["population_people"] = register_people(desa, people, people_transform, rng)

    write_vector(out / "boundaries" / "desa.gpkg", desa, "desa")
    write_vector(out / "boundaries" / "dusun.gpkg", dusun, "dusun")
    write_ground(out, network.terrain)
    write_raster(out / "population" / "penduduk.tif", people, people_transform, LONLAT, PEOPLE)
    ways = roads + drives
    write_osm(out / "roads" / "jalan.osm.pbf", ways + waterways(network.terrain))
    write_geojson(out / "shelters" / "tempat_evakuasi.geojson", shelter_features(shelters))
    write_table(out / "vulnerable" / "kelompok_rentan.csv", count_vulnerable(desa, rng))
    write_surroundings(out, network.terrain, roads, (shelters, built), desa)
    found = (len(desa), len(dusun), np.maximum(people, 0.0).sum(), len(ways), len(shelters))
    log.info("%d desa, %d dusun, %.0f people, %d ways, %d shelters", *found)


def write_ground(out: Path, terrain: Terrain) -> None:
    """Write heights, flood and landslide, which share a grid."""
    hazard = out / "hazard"
    write_raster(out / "elevation" / "dem.tif", terrain.dem_m, TRANSFORM, UTM, DEM)
    write_raster(hazard / "banjir_kedalaman_m.tif", terrain.flood_depth_m, TRANSFORM, UTM, FLOOD)
    write_raster(hazard / "longsor_indeks.tif", terrain.landslide, TRANSFORM, UTM, LANDSLIDE)


def write_surroundings(
    out: Path,
    terrain: Terrain,
    roads: list[Road],
    people: tuple[Array, Array],
    desa: gpd.GeoDataFrame,
) -> None:
    """Write water, buildings, landmarks and names of places; chance of its own leaves the rest."""
    rng = np.random.default_rng(SEED + 1)
    shelters, built = people
    lake_shape = shapely.Polygon(lake().rings[0])
    water = shapely.union(terrain.water, lake_shape)
    spots = np.column_stack(TO_LONLAT.transform(*shelters.T, direction="INVERSE"))
    drawn = buildings(roads, spots, built, water, rng)
    write_osm(
        out / "basemap" / "peta_dasar.osm.pbf",
        waterways(terrain) + water_areas(terrain) + drawn,
        place_names(desa.to_crs(UTM)),
        [lake()],
        SURROUNDINGS,
    )
    log.info("%d buildings", len(drawn))


def main() -> None:
    """Read the command line and make the sample."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--out", type=Path, default=Path("data"), metavar="DIR", help="folder (default: data)"
    )
    args = parser.parse_args()
    logging.basicConfig(format="%(message)s")
    log.setLevel(logging.INFO)
    make_sample(args.out)


if __name__ == "__main__":
    main()
