"""Make a folder with map and tables for every desa of a boundary layer, and list what failed.

    python scripts/evacuation_maps.py --villages desa.gpkg --hazard banjir.tif --hazard-unit m \
        --population jiwa.tif --roads jalan.osm.pbf --shelters tes.geojson --out hasil

Inputs are read once. Each desa is planned alone, with the roads and shelters around it, because a
border cuts no road. Seats that neighbours share are then counted more than once: to divide them,
plan the kecamatan in one run with `resilience-geo plan`. A desa that cannot be planned is listed
in `gagal.csv` and stops nothing.

Exit codes: 0 done; 1 done, with desa that failed; 2 an input is wrong.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import shapely
from tqdm import tqdm

import resilience_geo as rg
from resilience_geo.console import problem_text
from resilience_geo.maps.cells import csv_text
from resilience_geo.plan_files import village_file_names

PATH = click.Path(path_type=Path)
FAILED = "gagal.csv"
KINDS = ("flood", "landslide", "tsunami", "generic")


SHARED_SEATS = (
    "Each desa is planned alone, so seats that neighbours share are counted more than once. To "
    "divide them, plan the kecamatan in one run with resilience-geo plan."
)


@click.command(help=f"{__doc__.partition(chr(10))[0]}\n\n{SHARED_SEATS}")
@click.option("--villages", type=PATH, required=True, help="Boundary layer.")
@click.option("--hazard", type=PATH, required=True, help="Raster or polygons.")
@click.option("--hazard-kind", default="flood", show_default=True, type=click.Choice(KINDS))
@click.option("--hazard-unit", help="m, cm, index or class; a raster without one is refused.")
@click.option("--hazard-nodata", default="unknown", show_default=True, help="unknown or none.")
@click.option("--population", type=PATH, required=True, help="Population raster.")
@click.option("--population-unit", default="people_per_cell", show_default=True)
@click.option("--population-scale", type=float, default=1.0, show_default=True)
@click.option("--roads", type=PATH, required=True, help=".osm.pbf, .graphml or a line layer.")
@click.option("--shelters", type=PATH, required=True, help="Points or buildings.")
@click.option("--shelter-capacity", help="Column of people it takes, when it is not found.")
@click.option("--code-column", help="Column of the village code, when it is not found.")
@click.option("--vulnerable", help="Table of who needs help, or the word national.")
@click.option("--elevation", type=PATH, help="Heights (m), for walking speed on slopes.")
@click.option(
    "--buffer-m", type=float, default=3000.0, show_default=True, help="Surroundings of a desa (m)."
)
@click.option("--assume", multiple=True, metavar="NAME=VALUE", help="Change an assumption.")
@click.option("--out", type=PATH, default=Path("hasil"), show_default=True)
@click.option("--language", type=click.Choice(["id", "en"]), default="id", show_default=True)
def main(**options: Any) -> None:
    """Read once, plan each desa, list the failures."""
    language = options["language"]
    try:
        inputs = read_inputs(options)
    except rg.ResilienceGeoError as error:
        click.echo(told(error, language), err=True)
        sys.exit(2)
    failures = make_all(inputs, options)
    list_failures(failures, options["out"])
    for code, name, reason in failures:
        click.echo(f"{code} {name}\n{reason}", err=True)
    done = len(inputs["villages"]) - len(failures)
    click.echo(f"{done} desa: {options['out']}, {len(failures)} gagal")
    sys.exit(1 if failures else 0)


def read_inputs(options: dict[str, Any]) -> dict[str, Any]:
    """Read every input once, in full."""
    villages = rg.read_villages(options["villages"], code_column=options["code_column"])
    return {
        "assumptions": rg.EvacuationAssumptions.from_texts(
            dict(pair.partition("=")[::2] for pair in options["assume"])
        ),
        "villages": villages,
        "hazard": rg.read_hazard(
            options["hazard"],
            kind=options["hazard_kind"],
            unit=options["hazard_unit"],
            nodata=options["hazard_nodata"],
        ),
        "people": rg.read_population(
            options["population"],
            unit=options["population_unit"],
            scale=options["population_scale"],
        ),
        "roads": rg.read_roads(options["roads"], within=villages, buffer_m=options["buffer_m"]),
        "shelters": rg.read_shelters(
            options["shelters"], capacity_column=options["shelter_capacity"]
        ),
        "vulnerable": vulnerable_groups(options["vulnerable"], villages),
        "elevation": None
        if options["elevation"] is None
        else rg.read_elevation(options["elevation"]),
    }


def vulnerable_groups(given: str | None, villages: Any) -> Any:
    """Return the table of vulnerable groups, the word `national`, or None."""
    return given if given in {None, "national"} else rg.read_vulnerable(Path(given), villages)


def make_all(inputs: dict[str, Any], options: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Make the folder of every desa; return code, name and reason of those that failed."""
    villages, roads, shelters = inputs["villages"], inputs["roads"], inputs["shelters"]
    around = surroundings(villages, options["buffer_m"])
    edges = list(roads.edges(keys=True))
    lines = np.array([roads.edges[edge]["geometry"] for edge in edges], dtype=object)
    tree = shapely.STRtree(lines)
    places = np.asarray(shelters.geometry.to_crs(4326).array)
    failures = []
    folders = village_file_names(map(str, villages["village_code"]))
    for row in tqdm(range(len(villages)), unit="desa", disable=None):
        one = villages.iloc[[row]].reset_index(drop=True)
        one.attrs = villages.attrs
        near = tree.query(around[row], predicate="intersects")
        theirs = shelters[shapely.intersects(places, around[row])].reset_index(drop=True)
        theirs.attrs = shelters.attrs
        try:
            plan = rg.plan_evacuation(
                one,
                inputs["hazard"],
                inputs["people"],
                roads.edge_subgraph([edges[position] for position in near]).copy(),
                theirs,
                assumptions=inputs["assumptions"],
                elevation=inputs["elevation"],
                vulnerable=inputs["vulnerable"],
            )
            folder = options["out"] / folders[row]
            rg.save_tables(plan, folder, language=options["language"])
            rg.save_web_map(plan, folder / "map.html", language=options["language"])
        except rg.ResilienceGeoError as error:
            code, name = one.loc[0, ["village_code", "village_name"]]
            failures.append((str(code), str(name), told(error, options["language"])))
    return failures


def surroundings(villages: Any, buffer_m: float) -> Any:
    """Return each desa with its surroundings, in degrees as the roads are."""
    metric = villages.geometry.to_crs(villages.estimate_utm_crs())
    return np.asarray(metric.buffer(buffer_m).to_crs(4326).array)


def list_failures(failures: list[tuple[str, str, str]], folder: Path) -> None:
    """Write the list of desa that failed; without any, an older list goes away."""
    path = folder / FAILED
    if not failures:
        path.unlink(missing_ok=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(["village_code", "village_name", "reason"])
        for code, name, reason in failures:
            table.writerow([csv_text(one) for one in (code, name, " ".join(reason.split()))])


def told(error: rg.ResilienceGeoError, language: str) -> str:
    """Return everything an error says, in the reader's language."""
    return "\n".join(problem_text(problem, language) for problem in error.problems)


if __name__ == "__main__":
    main()
