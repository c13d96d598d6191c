"""The command `resilience-geo`: thin commands, one per public verb.

Heavy imports wait until a command runs, so that help answers at once.
"""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import geopandas as gpd

    from resilience_geo.errors import Problem
    from resilience_geo.plan import EvacuationPlan

EXIT_WRONG, EXIT_INTERRUPTED = 2, 130

_PATH = click.Path(path_type=Path)


def _grouped(*options: Any) -> Any:
    """Join options so that commands share them."""

    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


_VILLAGES = _grouped(
    click.option("--villages", type=_PATH, required=True, help="Boundary layer."),
    click.option("--code-column", help="Column of the village code, when it is not found."),
    click.option("--name-column", help="Column of the village name, when it is not found."),
    click.option(
        "--village",
        "chosen",
        multiple=True,
        metavar="CODE_OR_NAME",
        help="Only this village; may be repeated.",
    ),
)
_HAZARD = _grouped(
    click.option("--hazard", type=_PATH, required=True, help="Raster or polygons."),
    click.option(
        "--hazard-kind",
        default="flood",
        show_default=True,
        type=click.Choice(["flood", "landslide", "tsunami", "generic"]),
    ),
    click.option(
        "--hazard-unit",
        type=click.Choice(["m", "cm", "index", "class"]),
        help="Unit of the values; a raster without one is refused.",
    ),
    click.option(
        "--hazard-nodata",
        default="unknown",
        show_default=True,
        type=click.Choice(["unknown", "none"]),
        help="What nodata inside the hazard layer means; none: no hazard.",
    ),
    click.option("--hazard-column", help="Class column of polygons, when it is not found."),
)
_POPULATION = _grouped(
    click.option("--population", type=_PATH, required=True, help="Population raster."),
    click.option(
        "--population-unit",
        default="people_per_cell",
        show_default=True,
        type=click.Choice(["people_per_cell", "people_per_ha", "people_per_km2"]),
    ),
    click.option(
        "--population-scale",
        type=float,
        default=1.0,
        show_default=True,
        help="Multiplies every value.",
    ),
)
_ROADS = _grouped(
    click.option(
        "--roads", type=_PATH, required=True, help=".osm.pbf, .osm, .graphml or a line layer."
    ),
    click.option(
        "--roads-buffer-m",
        type=float,
        default=3000.0,
        show_default=True,
        help="How far beyond the villages roads are taken (m).",
    ),
    click.option("--elevation", type=_PATH, help="Heights (m), for walking speed on slopes."),
)
_SHELTERS = _grouped(
    click.option("--shelters", type=_PATH, required=True, help="Points or buildings."),
    click.option("--shelter-capacity", help="Column of the capacity (people), when not found."),
    click.option("--shelter-area", help="Column of the floor area (m2), when not found."),
)
_ASSUMPTIONS = _grouped(
    click.option(
        "--departure",
        default="both",
        show_default=True,
        type=click.Choice(["early", "late", "both"]),
    ),
    click.option(
        "--assume",
        "assumed",
        multiple=True,
        metavar="NAME=VALUE",
        help="Change an assumption; may be repeated.",
    ),
)
_COMMON = _grouped(
    click.option(
        "--language",
        default="id",
        show_default=True,
        type=click.Choice(["id", "en"]),
        help="Language of what people read.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors."),
    click.option("-v", "--verbose", count=True, help="Log what is done; twice for more."),
)
_OUT = click.option(
    "--out", type=_PATH, default=Path("hasil"), show_default=True, help="Folder of the results."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Evacuation plans and offline maps for Indonesian villages.

    Example: resilience-geo demo --out hasil/
    """


@cli.command()
@_OUT
@_COMMON
def demo(**options: Any) -> None:
    """Plan the embedded, made-up sample.

    Example: resilience-geo demo --out hasil/
    """
    import resilience_geo as rg

    files = rg.sample_files()
    _plan_to_files(
        {
            **options,
            "villages": files["villages"],
            "hazard": files["flood"],
            "hazard_kind": "flood",
            "hazard_unit": "m",
            "population": files["population"],
            "roads": files["roads"],
            "shelters": files["shelters"],
            "elevation": files["elevation"],
        }
    )


@cli.command()
@_VILLAGES
@_HAZARD
@_POPULATION
@_ROADS
@_SHELTERS
@_ASSUMPTIONS
@_OUT
@_COMMON
def plan(**options: Any) -> None:
    """Make the evacuation plan and its maps from five files.

    Example: resilience-geo plan --villages desa.gpkg --hazard banjir.tif --hazard-unit m
    --population jiwa.tif --roads jalan.osm.pbf --shelters tes.geojson --out hasil/
    """
    _plan_to_files(options)


@cli.command()
@_VILLAGES
@_HAZARD
@_POPULATION
@click.option("--out", type=_PATH, help="CSV file to write; the table is printed without it.")
@_COMMON
def exposure(**options: Any) -> None:
    """Count exposed people per village and hazard class.

    Example: resilience-geo exposure --villages desa.gpkg --hazard banjir.tif --hazard-unit m
    --population jiwa.tif --out paparan.csv
    """
    import resilience_geo as rg
    from resilience_geo.console import exposure_text
    from resilience_geo.reports import save_exposure

    with _progress(4, options) as step:
        villages = _read_villages(options, step)
        hazard = _read_hazard(options, step)
        people = _read_population(options, step)
        table = rg.village_exposure(villages, hazard, people)
        step("exposure")
    if options["out"] is not None:
        save_exposure(table, options["out"])
        _say(str(options["out"]), options)
    else:
        _say(exposure_text(table, options["language"]), options)


@cli.command()
@_grouped(
    *(
        click.option(f"--{name}", type=_PATH)
        for name in ("villages", "hazard", "population", "roads", "shelters", "elevation")
    )
)
@click.option("--code-column")
@click.option("--name-column")
@click.option("--hazard-kind", default="flood", show_default=True)
@click.option("--hazard-unit", type=click.Choice(["m", "cm", "index", "class"]))
@click.option("--hazard-nodata", default="unknown", type=click.Choice(["unknown", "none"]))
@click.option("--hazard-column")
@click.option("--population-unit", default="people_per_cell", show_default=True)
@click.option("--population-scale", type=float, default=1.0, show_default=True)
@click.option("--roads-buffer-m", type=float, default=3000.0, show_default=True)
@click.option("--shelter-capacity")
@click.option("--shelter-area")
@_COMMON
def check(**options: Any) -> None:
    """Say everything that is wrong with the inputs, and write nothing.

    Example: resilience-geo check --villages desa.gpkg --hazard banjir.tif --hazard-unit m
    """
    problems = list(_check_inputs(options))
    if problems:
        _show_problems(problems, options["language"])
        sys.exit(EXIT_WRONG)
    _say(_word("inputs_are_fine", options["language"]), options)


@cli.command()
@click.option("--out", type=_PATH, default=Path("contoh"), show_default=True)
@_COMMON
def sample(**options: Any) -> None:
    """Write the files of the embedded, made-up sample.

    Example: resilience-geo sample --out contoh/
    """
    import resilience_geo as rg

    for path in rg.write_sample(options["out"]):
        _say(str(path), options)


@cli.command()
def version() -> None:
    """Print the version.

    Example: resilience-geo version
    """
    import resilience_geo as rg

    click.echo(rg.__version__)


def main() -> None:
    """Run the command; turn what went wrong into one message and an exit code."""
    from resilience_geo.errors import ResilienceGeoError

    arguments = sys.argv[1:]
    language = "en" if "en" in arguments and "--language" in arguments else "id"
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo(_word("interrupted", language), err=True)
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_WRONG)
    except ResilienceGeoError as error:
        _show_problems(error.problems, language)
        sys.exit(EXIT_WRONG)


def _plan_to_files(options: dict[str, Any]) -> None:
    """Read, plan, write and print."""
    import resilience_geo as rg
    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.plan import STEPS
    from resilience_geo.plan_files import save_plan

    assumptions = EvacuationAssumptions.from_texts(_assumed(options.get("assumed", ())))
    with _progress(6 + len(STEPS) + 1, options) as step:
        villages = _read_villages(options, step)
        hazard = _read_hazard(options, step)
        people = _read_population(options, step)
        roads = _read_roads(options, villages, step)
        shelters = _read_shelters(options, step)
        elevation = options.get("elevation")
        height = None if elevation is None else rg.read_elevation(elevation)
        step("elevation")
        result = rg.plan_evacuation(
            villages,
            hazard,
            people,
            roads,
            shelters,
            options.get("departure", "both"),
            assumptions,
            elevation=height,
        )
        step("files")
        files = save_plan(result, options["out"], language=options["language"])
    _say_result(result, files, options)


def _assumed(pairs: tuple[str, ...]) -> dict[str, str]:
    """Split NAME=VALUE pairs."""
    from resilience_geo.errors import AssumptionError, Message, Problem

    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise AssumptionError(
            Problem(
                found=Message("--assume {text}", text=wrong[0]),
                expected=Message("--assume NAME=VALUE"),
                remedy=Message("write for example --assume walking_speed_mps=0.9"),
            )
        )
    return dict(pair.split("=", 1) for pair in pairs)


def _read_villages(options: dict[str, Any], step: Callable[[str], None]) -> gpd.GeoDataFrame:
    """Read the villages, and choose those asked for."""
    import resilience_geo as rg

    villages = rg.read_villages(
        options["villages"],
        code_column=options.get("code_column"),
        name_column=options.get("name_column"),
    )
    step("villages")
    chosen = options.get("chosen", ())
    return _chosen(villages, chosen, options["villages"]) if chosen else villages


def _chosen(villages: gpd.GeoDataFrame, chosen: tuple[str, ...], path: Path) -> gpd.GeoDataFrame:
    """Keep villages whose code or name was asked for; refuse a name that does not exist."""
    import difflib

    from resilience_geo.errors import InputError, Message, Problem

    codes = villages["village_code"].astype(str)
    names = villages["village_name"].astype(str).str.casefold()
    keep = codes.isin(chosen) | names.isin([text.casefold() for text in chosen])
    known = [*codes, *villages["village_name"].astype(str)]
    folded = {text.casefold() for text in known}
    problems = [
        Problem(
            file=path.name,
            found=Message("no village {text}", text=repr(text)),
            expected=Message("a village code or name of the layer"),
            remedy=Message(
                "did you mean {near}?",
                near=", ".join(difflib.get_close_matches(text, known, cutoff=0.4)) or known[0],
            ),
        )
        for text in chosen
        if text.casefold() not in folded
    ]
    if problems:
        raise InputError(problems)
    kept = villages[keep].reset_index(drop=True)
    kept.attrs = dict(villages.attrs)
    return kept


def _read_hazard(options: dict[str, Any], step: Callable[[str], None]) -> Any:
    """Read the hazard."""
    import resilience_geo as rg

    hazard = rg.read_hazard(
        options["hazard"],
        kind=options["hazard_kind"],
        unit=options.get("hazard_unit"),
        nodata=options.get("hazard_nodata", "unknown"),
        class_column=options.get("hazard_column"),
    )
    step("hazard")
    return hazard


def _read_population(options: dict[str, Any], step: Callable[[str], None]) -> Any:
    """Read the population."""
    import resilience_geo as rg

    people = rg.read_population(
        options["population"],
        unit=options.get("population_unit", "people_per_cell"),
        scale=options.get("population_scale", 1.0),
    )
    step("population")
    return people


def _read_roads(
    options: dict[str, Any], villages: gpd.GeoDataFrame | None, step: Callable[[str], None]
) -> Any:
    """Read the roads around the villages."""
    import resilience_geo as rg

    roads = rg.read_roads(
        options["roads"], within=villages, buffer_m=options.get("roads_buffer_m", 3000.0)
    )
    step("roads")
    return roads


def _read_shelters(options: dict[str, Any], step: Callable[[str], None]) -> gpd.GeoDataFrame:
    """Read the shelters."""
    import resilience_geo as rg

    shelters = rg.read_shelters(
        options["shelters"],
        capacity_column=options.get("shelter_capacity"),
        area_column=options.get("shelter_area"),
    )
    step("shelters")
    return shelters


def _check_inputs(options: dict[str, Any]) -> Iterator[Problem]:
    """Read every input that is named, and yield what is wrong with each and between them."""
    from resilience_geo.analysis.checks import problems_between
    from resilience_geo.errors import ResilienceGeoError

    read: dict[str, Any] = {}

    def nothing(_name: str) -> None:
        """Show no progress."""

    readers: dict[str, Callable[[], Any]] = {
        "villages": lambda: _read_villages(options, nothing),
        "hazard": lambda: _read_hazard(options, nothing),
        "population": lambda: _read_population(options, nothing),
        "roads": lambda: _read_roads(options, read.get("villages"), nothing),
        "shelters": lambda: _read_shelters(options, nothing),
        "elevation": lambda: _read_elevation(options["elevation"]),
    }
    for name, reader in readers.items():
        if options.get(name) is None:
            continue
        try:
            read[name] = reader()
        except ResilienceGeoError as error:
            yield from error.problems
    yield from problems_between(read)


def _read_elevation(path: Path) -> Any:
    """Read heights."""
    import resilience_geo as rg

    return rg.read_elevation(path)


@contextmanager
def _progress(total: int, options: dict[str, Any]) -> Iterator[Callable[[str], None]]:
    """Show steps on a terminal; stay silent in a pipe and with `-q`."""
    from tqdm import tqdm

    verbose = options.get("verbose", 0)
    logging.basicConfig(
        level=(logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)],
        format="%(levelname)s %(name)s: %(message)s",
    )
    planner = logging.getLogger("resilience_geo.plan")
    with tqdm(
        total=total,
        disable=True if options.get("quiet") or verbose else None,
        bar_format="{desc:<14} {bar} {n_fmt}/{total_fmt}",
        file=sys.stderr,
        leave=False,
    ) as bar:

        def step(name: str) -> None:
            bar.set_description_str(name)
            bar.update(1)

        handler = _StepHandler(step)
        planner.addHandler(handler)
        planner.setLevel(logging.INFO)
        planner.propagate = bool(verbose)
        try:
            yield step
        finally:
            planner.removeHandler(handler)


class _StepHandler(logging.Handler):
    """Hand the steps that the planner logs to a progress bar."""

    def __init__(self, step: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self.step = step

    def emit(self, record: logging.LogRecord) -> None:
        """Show one step."""
        self.step(record.getMessage())


def _say(text: str, options: dict[str, Any]) -> None:
    """Print unless `-q` was given."""
    if not options.get("quiet"):
        click.echo(text)


def _word(key: str, language: str) -> str:
    """Return a word of the interface."""
    from resilience_geo.maps.text import word

    return word(key, language)


def _show_problems(problems: tuple[Problem, ...] | list[Problem], language: str) -> None:
    """Print every problem: where, found, expected, remedy."""
    from resilience_geo.console import problem_text

    click.echo("\n".join(problem_text(problem, language) for problem in problems), err=True)


def _say_result(plan_made: EvacuationPlan, files: list[Path], options: dict[str, Any]) -> None:
    """Print the summary and where the files lie."""
    from resilience_geo.console import summary_text

    _say(summary_text(plan_made, options["language"]), options)
    _say("", options)
    for path in files:
        _say(str(path), options)


if __name__ == "__main__":
    main()
