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
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    import geopandas as gpd

    from resilience_geo.assumptions import EvacuationAssumptions

EXIT_WRONG, EXIT_INTERRUPTED = 2, 130

logger = logging.getLogger("resilience_geo.cli")

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_PATH = click.Path(path_type=Path)


_SEVERAL = "when the file has several."
_NOT_FOUND = "when it is not found."
# Each input: what it is; then by argument of its reader the option that fills it: flag, help,
# default and choices.
_INPUTS: dict[str, tuple[str, dict[str, tuple[Any, ...]]]] = {
    "villages": (
        "Boundary layer.",
        {
            "layer": ("--villages-layer", f"Layer, {_SEVERAL}"),
            "code_column": ("--code-column", f"Column of the village code, {_NOT_FOUND}"),
            "name_column": ("--name-column", f"Column of the village name, {_NOT_FOUND}"),
        },
    ),
    "hazard": (
        "Raster or polygons.",
        {
            "kind": ("--hazard-kind", "Kind.", "flood", "flood landslide tsunami generic"),
            "unit": ("--hazard-unit", "Unit; a raster needs one.", None, "m cm index class"),
            "nodata": ("--hazard-nodata", "What nodata means.", "unknown", "unknown none"),
            "class_column": ("--hazard-column", f"Class column of polygons, {_NOT_FOUND}"),
            "layer": ("--hazard-layer", f"Layer of polygons, {_SEVERAL}"),
            "band": ("--hazard-band", f"Band of the raster, {_SEVERAL}"),
        },
    ),
    "population": (
        "Population raster.",
        {
            "unit": (
                "--population-unit",
                "Unit.",
                "people_per_cell",
                "people_per_cell people_per_ha people_per_km2",
            ),
            "scale": ("--population-scale", "Multiplies every value.", 1.0),
            "band": ("--population-band", f"Band of the raster, {_SEVERAL}"),
        },
    ),
    "roads": (
        ".osm.pbf, .osm, .graphml or a line layer.",
        {
            "layer": ("--roads-layer", f"Layer of lines, {_SEVERAL}"),
            "buffer_m": ("--roads-buffer-m", "Roads this far beyond the villages (m).", 3000.0),
        },
    ),
    "shelters": (
        "Points or buildings.",
        {
            "layer": ("--shelters-layer", f"Layer, {_SEVERAL}"),
            "capacity_column": ("--shelter-capacity", f"Column of people it takes, {_NOT_FOUND}"),
            "area_column": ("--shelter-area", f"Column of floor area (m2), {_NOT_FOUND}"),
        },
    ),
    "elevation": ("Heights (m), for walking speed on slopes.", {}),
}


def _option(flag: str, said: str, default: object = None, choices: str = "") -> _Decorator:
    """Return an option; its default, where it has one, says its type and is shown."""
    kind = click.Choice(choices.split()) if choices else None
    shown = default is not None
    return click.option(flag, help=said, default=default, show_default=shown, type=kind)


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
        said, details = _INPUTS[name]
        needed = required and name != "elevation"
        options.append(click.option(f"--{name}", type=_PATH, required=needed, help=said))
        options += [_option(*detail) for detail in details.values()]
        if name == "villages":
            options.append(_several("--village", "CODE_OR_NAME", "Only this village"))
    return _grouped(*options)


def _several(flag: str, meta: str, said: str) -> _Decorator:
    """Return an option that may be repeated."""
    return click.option(flag, multiple=True, metavar=meta, help=f"{said}; may be repeated.")


_ASSUMPTIONS = _grouped(
    _option("--departure", "Before or during the hazard.", "both", "early late both"),
    _several("--assume", "NAME=VALUE", "Change an assumption"),
)
_COMMON = _grouped(
    _option("--language", "Language of what people read.", "id", "id en"),
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
    read = {name: files["flood" if name == "hazard" else name] for name in _INPUTS}
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
    with _working(4, options):
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

    named = [name for name in _INPUTS if options[name] is not None]
    if not named:
        message = "Name at least one input: --" + ", --".join(_INPUTS)
        raise click.UsageError(message)
    with _working(len(named), options):
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
    assumptions = _assumptions(options.get("assume", ()))
    departure = options.get("departure", "both")
    steps = sum(options.get(name) is not None for name in _INPUTS) + len(STEPS) + 1
    with _working(steps - (departure != "both"), options):
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


def _working(total: int, options: dict[str, Any]) -> AbstractContextManager[None]:
    """Log with `-v`; else show steps, on a terminal and without `-q`."""
    from resilience_geo.console import progress

    verbose = min(options["verbose"], 2)
    logging.basicConfig(
        level=(logging.WARNING, logging.WARNING, logging.INFO)[verbose],
        format="%(levelname)s %(name)s: %(message)s",
    )
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[verbose]
    logging.getLogger("resilience_geo").setLevel(level)
    shown = None if not (verbose or options["quiet"]) else False
    return progress(total, options["language"], shown=shown)


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
    for name in _INPUTS:
        if options.get(name) is None:
            continue
        logger.info("read %s", name)
        try:
            read[name] = _read(name, options, read.get("villages"))
        except OverlapError as error:
            if "villages" in read:
                problems += error.problems
        except ResilienceGeoError as error:
            problems += error.problems
    return read, problems


def _read(name: str, options: dict[str, Any], villages: gpd.GeoDataFrame | None) -> Any:
    """Read one input as its options say."""
    import geopandas as gpd
    import shapely

    import resilience_geo as rg

    chosen = {
        argument: options[option]
        for argument, option in _names(name).items()
        if options.get(option) is not None
    }
    if name == "villages" and options.get("village"):
        chosen["where"] = _chooser(options["village"], options[name])
    if name == "roads" and villages is not None:
        chosen["within"] = villages
    elif name == "roads" and options.get("villages") is not None:
        # The villages cannot be read: see whether the file is whole, and keep none of it. No
        # village of Indonesia is in the Gulf of Guinea.
        chosen["within"] = gpd.GeoSeries([shapely.box(0.0, 0.0, 1e-6, 1e-6)], crs=4326)
    reader: Callable[..., Any] = getattr(rg, f"read_{name}")
    return reader(options[name], **chosen)


def _names(name: str) -> dict[str, str]:
    """Return, by argument of an input's reader, the name of the option that fills it."""
    details = _INPUTS[name][1].items()
    return {argument: flag[2:].replace("-", "_") for argument, (flag, *_) in details}


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


def _problems_text(problems: Iterable[Problem], options: dict[str, Any]) -> str:
    """Return every problem as text; what a reader calls its argument is called by its option."""
    from resilience_geo.console import problem_text

    flags = {
        Path(options[name]).name: {argument: flag for argument, (flag, *_) in details.items()}
        for name, (_, details) in _INPUTS.items()
        if options.get(name) is not None
    }
    language = options.get("language", "id")
    return "\n".join(
        problem_text(problem, language, flags.get(Path(problem.file or "").name, {}))
        for problem in problems
    )


def _word(key: str, language: str) -> str:
    """Return a word of the interface."""
    from resilience_geo.maps.text import word

    return word(key, language)


def _say(text: str, options: dict[str, Any]) -> None:
    """Print unless `-q` was given."""
    if not options.get("quiet"):
        _tell(text)


def _tell(text: str, *, err: bool = False) -> None:
    """Print, without what could steer a terminal."""
    from resilience_geo.console import printable

    click.echo(printable(text), err=err)


if __name__ == "__main__":
    main()
