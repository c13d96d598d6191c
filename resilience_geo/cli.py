"""The command `resilience-geo`: thin commands, one per public verb.

Heavy imports wait until a command runs, so that help answers at once.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
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
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    import geopandas as gpd

    from resilience_geo.assumptions import EvacuationAssumptions

EXIT_WRONG, EXIT_INTERRUPTED = 2, 130

logger = logging.getLogger("resilience_geo.cli")

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_PATH = click.Path(path_type=Path)
_NOT_FOUND, _SEVERAL = "when it is not found.", "when the file has several."
_SAID: dict[str, str] = {
    "villages": "Boundary layer.",
    "hazard": "Raster or polygons.",
    "population": "Population raster.",
    "roads": ".osm.pbf, .osm, .graphml or a line layer.",
    "shelters": "Points or buildings.",
    "elevation": "Heights (m), for walking speed on slopes.",
    "vulnerable": "Table of who needs help, or the word national.",
}
_OPTIONAL = ("elevation", "vulnerable")
_NATIONAL = "national"
_POPULATION_UNITS = "people_per_cell people_per_ha people_per_km2"
# The arguments of each reader, and the option that fills each: flag, help, default and choices.
_DETAILS: dict[str, dict[str, tuple[Any, ...]]] = {
    "villages": {
        "layer": ("--villages-layer", f"Layer, {_SEVERAL}"),
        "code_column": ("--code-column", f"Column of the village code, {_NOT_FOUND}"),
        "name_column": ("--name-column", f"Column of the village name, {_NOT_FOUND}"),
    },
    "hazard": {
        "kind": ("--hazard-kind", "What it is.", "flood", "flood landslide tsunami generic"),
        "unit": ("--hazard-unit", "Of a raster that states none.", None, "m cm index class"),
        "classes": ("--hazard-classes", "Cut points as 0.3,0.6,0.9, or classes as 1=low,2=high."),
        "nodata": ("--hazard-nodata", "What no data means.", "unknown", "unknown none"),
        "class_column": ("--hazard-column", f"Class column of polygons, {_NOT_FOUND}"),
        "layer": ("--hazard-layer", f"Layer of polygons, {_SEVERAL}"),
        "band": ("--hazard-band", f"Band of the raster, {_SEVERAL}"),
    },
    "population": {
        "unit": ("--population-unit", "Of the values.", "people_per_cell", _POPULATION_UNITS),
        "scale": ("--population-scale", "Multiplies every value.", 1.0),
        "band": ("--population-band", f"Band of the raster, {_SEVERAL}"),
    },
    "roads": {
        "layer": ("--roads-layer", f"Layer of lines, {_SEVERAL}"),
        "buffer_m": ("--roads-buffer-m", "Roads this far beyond the villages (m).", 3000.0),
    },
    "shelters": {
        "layer": ("--shelters-layer", f"Layer, {_SEVERAL}"),
        "capacity_column": ("--shelter-capacity", f"Column of people it takes, {_NOT_FOUND}"),
        "area_column": ("--shelter-area", f"Column of the floor area (m2), {_NOT_FOUND}"),
    },
    "elevation": {},
    "vulnerable": {
        "layer": ("--vulnerable-layer", f"Sheet or layer, {_SEVERAL}"),
        "code_column": ("--vulnerable-code", f"Column of the village code, {_NOT_FOUND}"),
    },
}


def _option(
    flag: str, said: str, default: object = None, choices: str = "", *, several: bool = False
) -> _Decorator:
    """Return an option; its default, where it has one, says its type and is shown."""
    kind = click.Choice(choices.split()) if choices else None
    shown = default is not None
    if several:
        default = [default] if shown else None
    return click.option(
        flag, help=said, default=default, show_default=shown, type=kind, multiple=several
    )


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
        needed, several = required and name not in _OPTIONAL, name == "hazard"
        said = f"{_SAID[name]} May be repeated, with its options." if several else _SAID[name]
        options.append(
            click.option(f"--{name}", type=_PATH, required=needed, help=said, multiple=several)
        )
        options += [_option(*detail, several=several) for detail in _DETAILS[name].values()]
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


def _out(default: str) -> _Decorator:
    """Return the option of the folder to write."""
    return click.option("--out", type=_PATH, default=default, show_default=True, help="Folder.")


class _Command(click.Command):
    """A command that ends with one message and an exit code, whatever goes wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command in the language that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            from resilience_geo.maps.text import word

            said, code = word("interrupted", ctx.params.get("language", "id")), EXIT_INTERRUPTED
        except ResilienceGeoError as error:
            said, code = _problems_text(error.problems, ctx.params), EXIT_WRONG
        except OSError as error:
            if error.errno == errno.EPIPE:  # who read the output has gone; click knows what to do
                raise
            from resilience_geo.console import system_problem

            said, code = _problems_text([system_problem(error)], ctx.params), EXIT_WRONG
        click.echo(said, err=True)
        raise click.exceptions.Exit(code)


def _example(*lines: str) -> str:
    """Return a worked line that can be copied, for the end of a help text."""
    return "\b\nExample:\n  " + " \\\n    ".join(lines)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_example("resilience-geo demo --out hasil/"),
)
@click.version_option(package_name="resilience-geo", message="%(version)s")
def cli() -> None:
    """Evacuation plans and offline maps for Indonesian villages."""


cli.command_class = _Command


@cli.command(epilog=_example("resilience-geo demo --out hasil/"))
@_out("hasil")
@_COMMON
def demo(**options: Any) -> None:
    """Plan the embedded, made-up sample."""
    import resilience_geo as rg

    files = rg.sample_files()
    read = {name: files["flood" if name == "hazard" else name] for name in _DETAILS}
    _plan_to_files({**options, **read, "hazard": (read["hazard"],), "hazard_unit": ("m",)})


@cli.command(
    epilog=_example(
        "resilience-geo plan --villages desa.gpkg --hazard banjir.tif --hazard-unit m",
        "--population jiwa.tif --roads jalan.osm.pbf --shelters tes.geojson --out hasil/",
    )
)
@_inputs(*_SAID)
@_ASSUMPTIONS
@_out("hasil")
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
    epilog=_example("resilience-geo check --villages desa.gpkg --hazard banjir.tif --hazard-unit m")
)
@_inputs(*_SAID, required=False)
@_COMMON
def check(**options: Any) -> None:
    """Say everything that is wrong with the inputs, and write nothing."""
    from resilience_geo.analysis.checks import problems_between
    from resilience_geo.console import fine_text

    if not any(options[name] for name in _SAID):
        raise click.UsageError("Name at least one input: --" + ", --".join(_SAID))
    with _working(len(_SAID), options):
        read, problems = _read_inputs(options)
        problems += problems_between(read)
    if problems:
        raise InputError(problems)
    _say(fine_text(read.values(), options["language"]), options)


@cli.command(epilog=_example("resilience-geo sample --out contoh/"))
@_out("contoh")
@click.option("--overwrite", is_flag=True, help="Replace other files of the same names.")
@_COMMON
def sample(**options: Any) -> None:
    """Write the files of the embedded, made-up sample."""
    import resilience_geo as rg

    written = rg.write_sample(options["out"], overwrite=options["overwrite"])
    _say("\n".join(map(str, written)), options)


@cli.command(epilog=_example("resilience-geo version"))
def version() -> None:
    """Print the version."""
    import resilience_geo as rg

    click.echo(rg.__version__)


def main() -> None:
    """Run the command."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # clean up first
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
    chosen = {
        "departure": options.get("departure", "both"),
        "assumptions": _assumptions(options.get("assume", ())),
    }
    with _working(len(_SAID) + len(STEPS) + 1, options):
        read = _fitting_inputs(options)
        result = rg.plan_evacuation(people=read.pop("population"), **read, **chosen)
        logger.info("files")
        files = rg.save_plan(result, options["out"], language=options["language"])
    _say(summary_text(result, options["language"]), options)
    _say("\n".join(["", *map(str, files)]), options)


def _working(total: int, options: dict[str, Any]) -> AbstractContextManager[None]:
    """Show what is being done."""
    from resilience_geo.console import progress

    return progress(total, options["language"], quiet=options["quiet"], verbose=options["verbose"])


def _assumptions(pairs: Iterable[str]) -> EvacuationAssumptions:
    """Read NAME=VALUE pairs; what is wrong with them is named as it was typed."""
    from resilience_geo.assumptions import EvacuationAssumptions

    split = {pair.partition("=")[0].strip(): pair.partition("=")[1:] for pair in pairs}
    problems = [
        Problem(
            found=Message("--assume {text}", text=name),
            expected=Message("--assume NAME=VALUE"),
            remedy=Message("write for example --assume walking_speed_mps=0.9"),
        )
        for name, (sign, _) in split.items()
        if not sign
    ]
    values = {name: value for name, (sign, value) in split.items() if sign}
    try:
        chosen = EvacuationAssumptions.from_texts(values)
    except AssumptionError as error:
        problems += [
            replace(one, file=f"--assume {one.column}", column=None) for one in error.problems
        ]
    if problems:
        raise AssumptionError(problems)
    return chosen


def _check_folder(folder: Path) -> None:
    """Refuse a folder that could not be written, before long work and not after it."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        problem = Problem(
            file=str(folder),
            found=Message("a folder that cannot be written: {reason}", reason=nearest),
            expected=Message("a folder in which files can be made"),
            remedy=Message("choose another folder"),
        )
        raise OutputError(problem)


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
    for name in _DETAILS:
        if not options.get(name):
            continue
        logger.info("read %s", name)
        parts, wrong = _options_of_each(name, options)
        problems += wrong
        found = []
        for part in parts:
            try:
                found.append(_read(name, part, read.get("villages")))
            except ResilienceGeoError as error:
                if "villages" in read or not isinstance(error, OverlapError):
                    file = str(part[name])
                    problems += [replace(one, file=one.file or file) for one in error.problems]
        if len(found) == len(parts) > 0:
            read[name] = found[0] if len(found) == 1 else _combined(found)
    return read, problems


def _combined(hazards: list[Any]) -> Any:
    """Return several hazards as one."""
    import resilience_geo as rg

    return rg.combine_hazards(hazards)


def _options_of_each(
    name: str, options: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return the options of each file of an input, and what is wrong with their number.

    Several hazards have their options in the order of the hazards, or one for all of them.
    """
    if name != "hazard":
        return [options], []
    paths = options[name]
    parts = [{**options, name: path} for path in paths]
    problems = _kind_left_out(len(paths))
    for flag, *_ in _DETAILS[name].values():
        field = _field(flag)
        given = options.get(field) or (None,)
        if len(given) not in {1, len(paths)}:
            problems.append(
                Problem(
                    file=flag,
                    found=Message(
                        "given {count} times for {hazards} hazards",
                        count=len(given),
                        hazards=len(paths),
                    ),
                    expected=Message("once for each --hazard, in their order, or once for all"),
                    remedy=Message("repeat it or leave some out"),
                )
            )
            continue
        each = given if len(given) == len(paths) else given * len(paths)
        for part, value in zip(parts, each, strict=True):
            part[field] = value
    return ([] if problems else parts), problems


def _kind_left_out(count: int) -> list[Problem]:
    """Return the problem of several hazards of which nobody said what they are."""
    context = click.get_current_context(silent=True)
    source = None if context is None else context.get_parameter_source("hazard_kind")
    if count < 2 or source is not click.core.ParameterSource.DEFAULT:  # noqa: PLR2004 - several
        return []
    return [
        Problem(
            file="--hazard-kind",
            found=Message("{count} hazards of which the kind is not said", count=count),
            expected=Message("--hazard-kind once for each --hazard, in their order"),
            remedy=Message("write for example --hazard-kind flood --hazard-kind landslide"),
        )
    ]


def _field(flag: str) -> str:
    """Return what click calls the value of an option."""
    return flag[2:].replace("-", "_")


def _read(name: str, options: dict[str, Any], villages: gpd.GeoDataFrame | None) -> Any:
    """Read one input as its options say."""
    import geopandas as gpd
    import shapely

    import resilience_geo as rg

    chosen = {
        argument: value
        for argument, (flag, *_) in _DETAILS[name].items()
        if (value := options.get(_field(flag))) is not None
    }
    if name == "vulnerable":
        if str(options[name]) == _NATIONAL:
            return _NATIONAL
        chosen["villages"] = villages
    if "classes" in chosen:
        chosen["classes"] = _classes(chosen["classes"], options[name].name)
    if name == "villages" and options.get("village"):
        chosen["where"] = _chooser(options["village"], options[name].name)
    if name == "roads" and villages is not None:
        chosen["within"] = villages
    elif name == "roads" and options.get("villages") is not None:
        # The villages cannot be read: see whether the file is whole, and keep none of it. No
        # village of Indonesia is in the Gulf of Guinea.
        chosen["within"] = gpd.GeoSeries([shapely.box(0.0, 0.0, 1e-6, 1e-6)], crs=4326)
    found = getattr(rg, f"read_{name}")(options[name], **chosen)
    if "where" in chosen:
        note = Message(
            "Only the villages asked for are planned; people of their neighbours may need seats in "
            "the same shelters."
        )
        found.attrs["notes"] = (*found.attrs.get("notes", ()), note)
    return found


def _classes(text: str, file: str) -> dict[str, str] | tuple[float, ...]:
    """Read cut points (low,medium,high) or what codes and words mean (1=low,2=medium)."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if parts and all("=" in part for part in parts):
        pairs = (part.rsplit("=", 1) for part in parts)
        return {code.strip(): name.strip() for code, name in pairs}
    try:
        return tuple(float(part) for part in parts)
    except ValueError:
        problem = Problem(
            file=file,
            found=Message("--hazard-classes {text}", text=text),
            expected=Message("three rising numbers, or CODE=CLASS pairs, with commas between"),
            remedy=Message("write for example 0.3,0.6,0.9 or 1=low,2=medium,3=high"),
        )
        raise InputError(problem) from None


def _chooser(chosen: Iterable[str], file: str) -> Callable[[gpd.GeoDataFrame], Any]:
    """Return what keeps the villages whose code or name was asked for."""
    import difflib

    def keep(villages: gpd.GeoDataFrame) -> Any:
        names = villages[["village_code", "village_name"]].astype(str)
        folded = names.apply(lambda column: column.str.casefold())
        known = dict(zip(folded.to_numpy().T.flat, names.to_numpy().T.flat, strict=True))
        wanted = {text.strip().casefold(): text for text in chosen}
        problems = []
        for key in (one for one in wanted if one not in known):
            alike = [one for one in known if key in one] if key else []
            near = alike[:5] or difflib.get_close_matches(key, known, cutoff=0.5) or list(known)[:3]
            problem = Problem(
                file=file,
                found=Message("no village {text}", text=repr(wanted[key])),
                expected=Message("a village code or name of the layer"),
                remedy=Message("did you mean {near}?", near=", ".join(known[one] for one in near)),
            )
            problems.append(problem)
        if problems:
            raise InputError(problems)
        return folded.isin(list(wanted)).any(axis=1)

    return keep


def _problems_text(problems: Iterable[Problem], options: dict[str, Any]) -> str:
    """Return every problem as text; what a reader calls its argument is called by its option."""
    from resilience_geo.console import problem_text

    language = options.get("language", "id")
    flags = {
        Path(path).name: {argument: flag for argument, (flag, *_) in details.items()}
        for name, details in _DETAILS.items()
        if (given := options.get(name))
        for path in (given if isinstance(given, tuple) else (given,))
    }
    named = ((one, flags.get(Path(one.file or "").name)) for one in problems)
    return "\n".join(problem_text(one, language, its) for one, its in named)


def _say(text: str, options: dict[str, Any]) -> None:
    """Print unless `-q` was given, without what could steer a terminal."""
    from resilience_geo.console import printable

    if not options.get("quiet"):
        click.echo(printable(text))


if __name__ == "__main__":
    main()
