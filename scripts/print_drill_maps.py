"""Print what a drill needs for every kecamatan of a boundary layer: maps and the drill pack.

    python scripts/print_drill_maps.py --villages desa.gpkg --kecamatan "Sungai Contoh" \
        --hazard banjir.tif --hazard-unit m --population jiwa.tif --roads jalan.osm.pbf \
        --shelters tes.geojson --settlements dusun.gpkg --basemap jalan.osm.pbf --out cetak

Each kecamatan is planned in one run, so that seats its desa share are given to each person once,
and printed into a folder of its own. Without --kecamatan every one of the layer is printed. All
other options are those of `resilience-geo print`.

Exit codes: 0 done; 1 done, with kecamatan that failed; 2 nothing could be read.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

import resilience_geo as rg
from resilience_geo.cli import cli
from resilience_geo.console import problem_text
from resilience_geo.plan_files import village_file_names

COLUMNS = ("kecamatan", "wadmkc", "district", "nama_kec", "kec_name", "namakec", "name_3")
CODE_ENDS = {"kemendagri": 8, "bps": 7}
"""Letters of a village code that are its kecamatan's: PP.KK.CC, and PPKKCCC."""


@click.command(
    help=f"{__doc__.partition(chr(10))[0]}\n\nAll other options: resilience-geo print --help",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@click.option("--villages", type=click.Path(path_type=Path), help="Boundary layer.")
@click.option("--sample", is_flag=True, help="The embedded, made-up kecamatan.")
@click.option("--kecamatan", multiple=True, help="Only this one, by name or code; repeatable.")
@click.option("--kecamatan-column", help="Column of its name, when it is not found.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("cetak"), show_default=True)
@click.option("--language", type=click.Choice(["id", "en"]), default="id", show_default=True)
@click.pass_context
def main(context: click.Context, /, **options: Any) -> None:
    """Group the villages, and print each group."""
    files = rg.sample_files() if options["sample"] else {}
    layer = options["villages"] or files.get("villages")
    if layer is None:
        message = "Missing --villages; or say --sample."
        raise click.UsageError(message)
    try:
        villages = rg.read_villages(layer)
        groups = chosen(kecamatan_of(villages, options["kecamatan_column"]), options["kecamatan"])
    except rg.ResilienceGeoError as error:
        said = [problem_text(one, options["language"]) for one in error.problems]
        click.echo("\n".join(said), err=True)
        sys.exit(2)
    common = ["--sample"] if options["sample"] else ["--villages", str(layer)]
    failed = []
    for (name, codes), folder in zip(groups.items(), village_file_names(groups), strict=True):
        words = [word for code in codes for word in ("--village", code)]
        out = ["--out", str(options["out"] / folder), "--language", options["language"]]
        ended = cli(["print", *common, *words, *out, *context.args], standalone_mode=False)
        if ended:
            failed.append(name)
    for name in failed:
        click.echo(f"gagal: {name}", err=True)
    sys.exit(1 if failed else 0)


def kecamatan_of(villages: Any, column: str | None) -> dict[str, list[str]]:
    """Return the codes of the villages of each kecamatan, by its name or else its code."""
    names = {str(name).casefold(): name for name in villages.columns}
    if column is not None and column.casefold() not in names:
        raise rg.ResilienceGeoError(
            rg.errors.Problem(
                file=str(villages.attrs.get("source", "")),
                column=column,
                found="no such column",
                expected=f"one of {', '.join(map(str, villages.columns))}",
                remedy="say --kecamatan-column",
            )
        )
    found = column or next((one for one in COLUMNS if one in names), None)
    codes = villages["village_code"].astype(str)
    if found is not None:
        keys = villages[names[found.casefold()]].astype(str)
    else:
        digits = codes.str.replace(r"^\D+", "", regex=True)
        keys = digits.str[: CODE_ENDS.get(str(villages.attrs.get("code_system")), 8)]
    groups: dict[str, list[str]] = {}
    for key, code in zip(keys, codes, strict=True):
        groups.setdefault(key, []).append(code)
    return groups


def chosen(groups: dict[str, list[str]], wanted: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the groups asked for; all of them where none was."""
    folded = {name.casefold(): name for name in groups}
    missing = [name for name in wanted if name.casefold() not in folded]
    if missing:
        raise rg.ResilienceGeoError(
            rg.errors.Problem(
                found=f"no kecamatan {', '.join(missing)}",
                expected=f"one of {', '.join(list(groups)[:20])}",
                remedy="check the spelling, or say --kecamatan-column",
            )
        )
    return {folded[name.casefold()]: groups[folded[name.casefold()]] for name in wanted} or groups


if __name__ == "__main__":
    main()
