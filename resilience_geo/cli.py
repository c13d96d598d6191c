"""The command `resilience-geo`: thin commands, one per public verb.

Heavy imports wait until a command runs, so that help answers at once.
"""

from __future__ import annotations

import dataclasses
import io
import itertools
import logging
import os
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from resilience_geo.errors import (
    AssumptionError,
    InputError,
    Message,
    OutputError,
    OverlapError,
    Problem,
    ResilienceGeoError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import geopandas as gpd

    from resilience_geo.assumptions import EvacuationAssumptions

EXIT_WRONG, EXIT_INTERRUPTED = 2, 130

logger = logging.getLogger("resilience_geo.cli")

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_PATH = click.Path(path_type=Path)
_STEP_LOGGERS = ("resilience_geo.cli", "resilience_geo.plan")

_FILES: dict[str, str] = {
    "villages": "Boundary layer.",
    "hazard": "Raster or polygons.",
    "population": "Population raster.",
    "roads": ".osm.pbf, .osm, .graphml or a line layer.",
    "shelters": "Points or buildings.",
    "elevation": "Heights (m), for walking speed on slopes.",
}
# The argument of each reader that an option fills. A remedy that names the one is shown with the
# other.
_ARGUMENTS: dict[str, dict[str, str]] = {
    "villages": {
        "code_column": "code_column",
        "name_column": "name_column",
        "layer": "villages_layer",
    },
    "hazard": {
        "kind": "hazard_kind",
        "unit": "hazard_unit",
        "nodata": "hazard_nodata",
        "class_column": "hazard_column",
        "layer": "hazard_layer",
        "band": "hazard_band",
    },
    "population": {
        "unit": "population_unit",
        "scale": "population_scale",
        "band": "population_band",
    },
    "roads": {"buffer_m": "roads_buffer_m", "layer": "roads_layer"},
    "shelters": {
        "capacity_column": "shelter_capacity",
        "area_column": "shelter_area",
        "layer": "shelters_layer",
    },
    "elevation": {},
}
_DETAILS: dict[str, tuple[_Decorator, ...]] = {
    "villages": (
        click.option("--villages-layer", help="Layer of the file, when it has several."),
        click.option("--code-column", help="Column of the village code, when it is not found."),
        click.option("--name-column", help="Column of the village name, when it is not found."),
        click.option(
            "--village",
            "chosen",
            multiple=True,
            metavar="CODE_OR_NAME",
            help="Only this village; may be repeated.",
        ),
    ),
    "hazard": (
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
        click.option("--hazard-layer", help="Layer of polygons, when the file has several."),
        click.option("--hazard-band", help="Band of the raster, when it has several."),
    ),
    "population": (
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
        click.option("--population-band", help="Band of the raster, when it has several."),
    ),
    "roads": (
        click.option("--roads-layer", help="Layer of lines, when the file has several."),
        click.option(
            "--roads-buffer-m",
            type=float,
            default=3000.0,
            show_default=True,
            help="How far beyond the villages roads are taken (m).",
        ),
    ),
    "shelters": (
        click.option("--shelters-layer", help="Layer of the file, when it has several."),
        click.option("--shelter-capacity", help="Column of the capacity (people), when not found."),
        click.option("--shelter-area", help="Column of the floor area (m2), when not found."),
    ),
    "elevation": (),
}


def _grouped(*options: _Decorator) -> _Decorator:
    """Join options so that commands share them."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def _inputs(*names: str, required: bool = True) -> _Decorator:
    """Return the options of input files, each followed by what says how to read it."""
    options: list[_Decorator] = []
    for name in names:
        needed = required and name != "elevation"
        options += [
            click.option(f"--{name}", type=_PATH, required=needed, help=_FILES[name]),
            *_DETAILS[name],
        ]
    return _grouped(*options)


_ASSUMPTIONS = _grouped(
    click.option(
        "--departure",
        default="both",
        show_default=True,
        type=click.Choice(["early", "late", "both"]),
        help="Before the hazard is there, while it is, or the two compared.",
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


class _Command(click.Command):
    """A command that ends with one message and an exit code, whatever goes wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command in the language that was asked for."""
        language = ctx.params.get("language", "id")
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _tell(_word("interrupted", language), err=True)
            ctx.exit(EXIT_INTERRUPTED)
        except ResilienceGeoError as error:
            _tell(_problems_text(error.problems, ctx.params), err=True)
            ctx.exit(EXIT_WRONG)


class _Group(click.Group):
    """Commands of the kind above."""

    command_class = _Command


def _example(*lines: str) -> str:
    """Return a worked line that can be copied, for the end of a help text."""
    return "\b\nExample:\n  " + " \\\n    ".join(lines)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_example("resilience-geo demo --out hasil/"),
)
@click.version_option(package_name="resilience-geo", message="%(version)s")
def cli() -> None:
    """Evacuation plans and offline maps for Indonesian villages."""


@cli.command(epilog=_example("resilience-geo demo --out hasil/"))
@_OUT
@_COMMON
def demo(**options: Any) -> None:
    """Plan the embedded, made-up sample."""
    import resilience_geo as rg

    files = rg.sample_files()
    read = {name: files["flood" if name == "hazard" else name] for name in _FILES}
    _plan_to_files({**options, **read, "hazard_unit": "m"})


@cli.command(
    epilog=_example(
        "resilience-geo plan --villages desa.gpkg --hazard banjir.tif --hazard-unit m",
        "--population jiwa.tif --roads jalan.osm.pbf --shelters tes.geojson --out hasil/",
    )
)
@_inputs("villages", "hazard", "population", "roads", "shelters", "elevation")
@_ASSUMPTIONS
@_OUT
@_COMMON
def plan(**options: Any) -> None:
    """Make the evacuation plan and its maps from five files."""
    _plan_to_files(options)


@cli.command(
    epilog=_example(
        "resilience-geo exposure --villages desa.gpkg --hazard banjir.tif --hazard-unit m",
        "--population jiwa.tif --out paparan.csv",
    )
)
@_inputs("villages", "hazard", "population")
@click.option("--out", type=_PATH, help="CSV file to write; the table is printed without it.")
@_COMMON
def exposure(**options: Any) -> None:
    """Count exposed people per village and hazard class."""
    import resilience_geo as rg
    from resilience_geo.console import exposure_text
    from resilience_geo.reports import save_exposure

    out: Path | None = options["out"]
    if out is not None:
        _check_folder(out.parent)
    with _progress(4, options):
        read = _fitting_inputs(options)
        logger.info("exposure")
        table = rg.village_exposure(read["villages"], read["hazard"], read["population"])
        if out is not None:
            save_exposure(table, out)
    _say(exposure_text(table, options["language"]) if out is None else str(out), options)


@cli.command(
    epilog=_example(
        "resilience-geo check --villages desa.gpkg --hazard banjir.tif --hazard-unit m",
    )
)
@_inputs("villages", "hazard", "population", "roads", "shelters", "elevation", required=False)
@_COMMON
def check(**options: Any) -> None:
    """Say everything that is wrong with the inputs, and write nothing."""
    from resilience_geo.analysis.checks import problems_between
    from resilience_geo.console import notes_text

    named = [name for name in _ARGUMENTS if options[name] is not None]
    if not named:
        message = "Name at least one input: --" + ", --".join(_ARGUMENTS)
        raise click.UsageError(message)
    with _progress(len(named), options):
        read, problems = _read_inputs(options)
        problems += problems_between(read)
    if problems:
        raise InputError(problems)
    _say(_word("inputs_are_fine", options["language"]), options)
    notes = notes_text(read.values(), options["language"])
    if notes:
        _say(notes, options)


@cli.command(epilog=_example("resilience-geo sample --out contoh/"))
@click.option(
    "--out", type=_PATH, default=Path("contoh"), show_default=True, help="Folder of the files."
)
@_COMMON
def sample(**options: Any) -> None:
    """Write the files of the embedded, made-up sample."""
    import resilience_geo as rg

    for path in rg.write_sample(options["out"]):
        _say(str(path), options)


@cli.command(epilog=_example("resilience-geo version"))
def version() -> None:
    """Print the version."""
    import resilience_geo as rg

    click.echo(rg.__version__)


def main() -> None:
    """Run the command."""
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot write must not end a plan that is already made.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    cli()


def _plan_to_files(options: dict[str, Any]) -> None:
    """Read, plan, write and print."""
    import resilience_geo as rg
    from resilience_geo.console import summary_text
    from resilience_geo.plan import STEPS

    _check_folder(options["out"])
    assumptions = _assumptions(options.get("assumed", ()))
    departure = options.get("departure", "both")
    steps = sum(options.get(name) is not None for name in _ARGUMENTS) + len(STEPS) + 1
    with _progress(steps - (departure != "both"), options):
        read = _fitting_inputs(options)
        result = rg.plan_evacuation(
            read["villages"],
            read["hazard"],
            read["population"],
            read["roads"],
            read["shelters"],
            departure,
            assumptions,
            elevation=read.get("elevation"),
        )
        logger.info("files")
        files = rg.save_plan(result, options["out"], language=options["language"])
    _say(summary_text(result, options["language"]), options)
    _say("\n".join(["", *map(str, files)]), options)


def _assumptions(pairs: Iterable[str]) -> EvacuationAssumptions:
    """Read NAME=VALUE pairs; what is wrong with them is named as it was typed."""
    from resilience_geo.assumptions import EvacuationAssumptions

    split = [pair.partition("=") for pair in pairs]
    problems = [
        Problem(
            file=f"--assume {name}",
            found=Message("--assume {text}", text=name),
            expected=Message("--assume NAME=VALUE"),
            remedy=Message("write for example --assume walking_speed_mps=0.9"),
        )
        for name, sign, _ in split
        if not sign
    ]
    try:
        chosen = EvacuationAssumptions.from_texts(
            {name.strip(): value for name, sign, value in split if sign}
        )
    except AssumptionError as error:
        problems += [
            dataclasses.replace(problem, file=f"--assume {problem.column}", column=None)
            for problem in error.problems
        ]
    if problems:
        raise AssumptionError(problems)
    return chosen


def _check_folder(folder: Path) -> None:
    """Refuse a folder that could not be written, before long work and not after it."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return
    raise OutputError(
        Problem(
            file=str(folder),
            found=Message("a folder that cannot be written: {reason}", reason=nearest),
            expected=Message("a folder in which files can be made"),
            remedy=Message("choose another folder"),
        )
    )


def _fitting_inputs(options: dict[str, Any]) -> dict[str, Any]:
    """Read every input; refuse all that is wrong with them at once, or layers that lie apart."""
    from resilience_geo.analysis.checks import problems_between

    read, problems = _read_inputs(options)
    if not problems:
        areas = ("villages", "hazard", "population")
        problems += problems_between({name: read[name] for name in areas})
    if problems:
        raise InputError(problems)
    return read


def _read_inputs(options: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Read every input that is named; return what could be read, and what is wrong."""
    read: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in _ARGUMENTS:
        if options.get(name) is None:
            continue
        logger.info(name)
        try:
            read[name] = _read(name, options, read.get("villages"))
        except ResilienceGeoError as error:
            problems += error.problems
    return read, problems


def _read(name: str, options: dict[str, Any], villages: gpd.GeoDataFrame | None) -> Any:
    """Read one input as its options say."""
    import resilience_geo as rg

    reader: Callable[..., Any] = getattr(rg, f"read_{name}")
    arguments = {
        argument: options[option]
        for argument, option in _ARGUMENTS[name].items()
        if options.get(option) is not None
    }
    if name == "villages" and options.get("chosen"):
        arguments["where"] = _chooser(options["chosen"], options[name])
    if name != "roads" or options.get("villages") is None:
        return reader(options[name], **arguments)
    if villages is not None:
        return reader(options[name], within=villages, **arguments)
    try:  # the villages cannot be read: look whether the file is whole, and keep none of it
        return reader(options[name], within=_nowhere(), **{**arguments, "buffer_m": 0.0})
    except OverlapError:
        return None


def _nowhere() -> Any:
    """Return a place in the Gulf of Guinea, where no village of Indonesia is."""
    import geopandas as gpd
    import shapely

    return gpd.GeoSeries([shapely.box(0.0, 0.0, 1e-6, 1e-6)], crs=4326)


def _chooser(chosen: tuple[str, ...], path: Path) -> Callable[[gpd.GeoDataFrame], Any]:
    """Return what keeps the villages whose code or name was asked for."""

    def keep(villages: gpd.GeoDataFrame) -> Any:
        import difflib

        known = dict.fromkeys([*villages["village_code"], *villages["village_name"]])
        folded = {str(one).casefold(): str(one) for one in known}
        wanted = [text.strip().casefold() for text in chosen]
        problems = [
            Problem(
                file=path.name,
                found=Message("no village {text}", text=repr(text)),
                expected=Message("a village code or name of the layer"),
                remedy=Message(
                    "did you mean {near}?",
                    near=", ".join(
                        folded[one] for one in difflib.get_close_matches(key, folded, cutoff=0.5)
                    )
                    or ", ".join(itertools.islice(folded.values(), 3)),
                ),
            )
            for text, key in zip(chosen, wanted, strict=True)
            if key not in folded
        ]
        if problems:
            raise InputError(problems)
        columns = ("village_code", "village_name")
        code, name = (villages[column].astype(str).str.casefold() for column in columns)
        return code.isin(wanted) | name.isin(wanted)

    return keep


@contextmanager
def _progress(total: int, options: dict[str, Any]) -> Iterator[None]:
    """Show steps on a terminal; stay silent in a pipe and with `-q`; log with `-v`."""
    from tqdm import tqdm

    from resilience_geo.console import step_name

    verbose = min(options.get("verbose", 0), 2)
    logging.basicConfig(
        level=(logging.WARNING, logging.WARNING, logging.INFO)[verbose],
        format="%(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("resilience_geo").setLevel(
        (logging.WARNING, logging.INFO, logging.DEBUG)[verbose]
    )
    with tqdm(
        total=total,
        disable=True if options.get("quiet") or verbose else None,
        bar_format="{desc:<28} {bar} {n_fmt}/{total_fmt}",
        file=sys.stderr,
        leave=False,
    ) as bar:
        handler = _Steps(lambda name: bar.set_description_str(step_name(name, options["language"])))
        handler.done = bar.update
        loggers = [logging.getLogger(name) for name in _STEP_LOGGERS]
        for each in loggers:
            each.addHandler(handler)
            each.setLevel(logging.INFO)
            each.propagate = bool(verbose)
        try:
            yield
        finally:
            for each in loggers:
                each.removeHandler(handler)
                each.setLevel(logging.NOTSET)
                each.propagate = True
