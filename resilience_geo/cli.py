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
    Problem,
    ResilienceGeoError,
)
from resilience_geo.run_options import (
    BATCH_DETAILS,
    BATCH_FLAGS,
    DETAILS,
    INPUTS,
    MAP_DETAILS,
    MAP_INPUTS,
    OPTIONAL,
    PLAN_DETAILS,
    UNSAID,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from resilience_geo.assumptions import EvacuationAssumptions

EXIT_FAILED, EXIT_WRONG, EXIT_INTERRUPTED = 1, 2, 130

logger = logging.getLogger("resilience_geo.cli")

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_PATH = click.Path(path_type=Path)


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
        needed, several = required and name not in OPTIONAL, name == "hazard"
        said = f"{INPUTS[name]} May be repeated, with its options." if several else INPUTS[name]
        options.append(
            click.option(f"--{name}", type=_PATH, required=needed, help=said, multiple=several)
        )
        options += [_option(*detail, several=several) for detail in DETAILS[name].values()]
        if name == "villages":
            options.append(_several("--village", "CODE_OR_NAME", "Only this village"))
    return _grouped(*options)


def _several(flag: str, meta: str, said: str) -> _Decorator:
    """Return an option that may be repeated."""
    return click.option(flag, multiple=True, metavar=meta, help=f"{said}; may be repeated.")


def _configured(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    """Take the options nobody types from a configuration file."""
    if path is None:
        return
    from resilience_geo.run_config import read_config

    try:
        options = read_config(path)
    except ResilienceGeoError as error:
        click.echo(_problems_text(error.problems, context.params), err=True)
        raise click.exceptions.Exit(EXIT_WRONG) from error
    context.meta[_ASSUMED] = options.pop("assume", ())
    context.default_map = options


_ASSUMED = "resilience_geo.assumed"
_CONFIG = click.option(
    "--config",
    type=_PATH,
    callback=_configured,
    is_eager=True,
    expose_value=False,
    help="TOML file with the options, as init writes it; those typed here go first.",
)
_ASSUMPTIONS = _grouped(
    _option(*PLAN_DETAILS["departure"]), _several("--assume", "NAME=VALUE", "Change an assumption")
)
_MAPS = _grouped(
    *(_option(*detail) for detail in MAP_DETAILS.values()),
    click.option("--scale", type=int, help="1:SCALE of the printed map; else the largest to fit."),
    _several("--emergency", "NAME=NUMBER", "Telephone number to print"),
    click.option(
        "--procedure/--no-procedure",
        default=True,
        show_default=True,
        help="Print what to do before, during and after.",
    ),
)
_BATCH = _grouped(
    *(_option(*detail) for detail in BATCH_DETAILS.values()),
    *(
        click.option(f"--{name}/--no-{name}", default=False, show_default=True, help=said)
        for name, said in BATCH_FLAGS.items()
    ),
    click.option(
        "--workers",
        type=click.IntRange(min=1),
        help="Processes of this machine; else one per core.",
    ),
    click.option("--scheduler", help="Address of a Dask scheduler (tcp://...) to work on instead."),
    click.option("--fresh", is_flag=True, help="Make everything anew."),
)
_COMMON = _grouped(
    _option(*PLAN_DETAILS["language"]),
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
@_MAPS
@_COMMON
def demo(**options: Any) -> None:
    """Plan the embedded, made-up sample."""
    _plan_to_files({**options, **_sample_inputs()})


@cli.command(
    epilog=_example(
        "resilience-geo plan --villages desa.gpkg --hazard banjir.tif --hazard-unit m",
        "--population jiwa.tif --roads jalan.osm.pbf --shelters tes.geojson --out hasil/",
    )
)
@_CONFIG
@_inputs(*INPUTS)
@_ASSUMPTIONS
@_out("hasil")
@_MAPS
@_COMMON
def plan(**options: Any) -> None:
    """Make the evacuation plan and its maps from five files."""
    _plan_to_files(options)


@cli.command(
    epilog=_example("resilience-geo batch --config kabupaten.toml --out hasil/ --workers 2")
)
@_CONFIG
@_inputs(*INPUTS)
@_ASSUMPTIONS
@_out("hasil")
@_MAPS
@_BATCH
@_COMMON
def batch(**options: Any) -> None:
    """Plan every village of a layer: a folder for each, and an index and tables of all.

    Started again, it makes only what is missing; what is finished is never lost.
    """
    from resilience_geo.batch import run_villages
    from resilience_geo.console import run_text, village_progress

    _check_folder(options["out"])
    engine = {name: options.pop(name) for name in ("workers", "scheduler", "fresh")}
    given = (*click.get_current_context().meta.get(_ASSUMED, ()), *options.pop("assume", ()))
    shown = {name: options.pop(name) for name in ("quiet", "verbose")}
    out: Path = options.pop("out")
    wrong: tuple[Problem, ...] = ()
    try:
        assumptions = _assumptions(given)
    except AssumptionError as error:  # told with everything else that is wrong
        assumptions, wrong = _assumptions(()), tuple(error.problems)
    with village_progress(options["language"], **shown) as advance:
        run = run_villages(
            _with_unsaid(options), assumptions, out, advance=advance, wrong=wrong, **engine
        )
    _say(run_text(run, out, options["language"]), shown)
    if len(run.failures):
        raise click.exceptions.Exit(EXIT_FAILED)


@cli.command(
    name="print",
    epilog=_example(
        "resilience-geo print --villages desa.gpkg --hazard banjir.tif --hazard-unit m",
        "--population jiwa.tif --roads jalan.osm.pbf --shelters tes.geojson",
        "--settlements dusun.gpkg --paper A3 --out cetak/",
    ),
)
@_CONFIG
@_inputs(*INPUTS, required=False)
@click.option("--sample", is_flag=True, help="Print the embedded, made-up sample.")
@_ASSUMPTIONS
@_out("cetak")
@_MAPS
@click.option("--drill/--no-drill", default=True, show_default=True, help="The drill pack too.")
@_COMMON
def print_(**options: Any) -> None:
    """Print a map of every village, and the drill pack: route cards, observer sheets, poster."""
    if options.pop("sample"):
        options |= {name: given for name, given in _sample_inputs().items() if not options[name]}
    missing = [f"--{name}" for name in INPUTS if name not in OPTIONAL and not options[name]]
    if missing:
        raise click.UsageError("Missing " + ", ".join(missing) + "; or say --sample.")
    _plan_to_files(options, printed=True)


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
    from resilience_geo.run_inputs import fitting_inputs

    out: Path | None = options["out"]
    if out is not None:
        _check_folder(out.parent)
    with _working(4, options):
        read = fitting_inputs(_with_unsaid(options))
        logger.info("exposure")
        table = rg.village_exposure(read["villages"], read["hazard"], read["population"])
        if out is not None:
            save_exposure(table, out)
    _say(exposure_text(table, options["language"]) if out is None else str(out), options)


@cli.command(
    epilog=_example("resilience-geo check --villages desa.gpkg --hazard banjir.tif --hazard-unit m")
)
@_CONFIG
@_inputs(*INPUTS, required=False)
@_MAPS
@_COMMON
def check(**options: Any) -> None:
    """Say everything that is wrong with the inputs, and write nothing."""
    from resilience_geo.analysis.checks import problems_between
    from resilience_geo.console import fine_text
    from resilience_geo.run_inputs import map_problems, read_inputs

    if not any(options[name] for name in INPUTS):
        raise click.UsageError("Name at least one input: --" + ", --".join(INPUTS))
    with _working(len(INPUTS), options):
        read, problems = read_inputs(_with_unsaid(options))
        problems += [*problems_between(read), *map_problems(options)]
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


@cli.command(epilog=_example("resilience-geo init --out kabupaten.toml"))
@click.option(
    "--out", type=_PATH, default="resilience-geo.toml", show_default=True, help="File to write."
)
@click.option("--overwrite", is_flag=True, help="Replace a file of that name.")
@_COMMON
def init(**options: Any) -> None:
    """Write a configuration file in which every key is documented."""
    from resilience_geo.maps.files import write_whole
    from resilience_geo.run_config import config_text

    out: Path = options["out"]
    if out.exists() and not options["overwrite"]:
        problem = Problem(
            file=str(out),
            found=Message("a file of that name"),
            expected=Message("a new file"),
            remedy=Message("choose another name, or say --overwrite"),
        )
        raise OutputError(problem)
    write_whole(out, config_text().encode())
    _say(str(out), options)


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


def _sample_inputs() -> dict[str, Any]:
    """Return the inputs of the embedded sample as options."""
    import resilience_geo as rg

    files = rg.sample_files()
    names = {"hazard": "flood", "settlements": "hamlets"}
    given: dict[str, Any] = {name: files[names.get(name, name)] for name in INPUTS}
    return {**given, "hazard": (given["hazard"],), "hazard_unit": ("m",)}


def _plan_to_files(options: dict[str, Any], *, printed: bool = False) -> None:
    """Read, plan, write and print."""
    import resilience_geo as rg
    from resilience_geo.console import summary_text
    from resilience_geo.plan import STEPS
    from resilience_geo.run_inputs import fitting_inputs, map_options, map_problems

    _check_folder(options["out"])
    chosen = {
        "departure": options.get("departure", "both"),
        "assumptions": _assumptions(
            (*click.get_current_context().meta.get(_ASSUMED, ()), *options.get("assume", ()))
        ),
    }
    sheet = {name: options[name] for name in ("paper", "orientation", "scale", "language")}
    if wrong := map_problems(options):  # said before long work
        raise InputError(wrong)
    with _working(len(INPUTS) + len(STEPS) + 1, options):
        read = fitting_inputs(_with_unsaid(options))
        shown = map_options(options, {name: read.pop(name, None) for name in MAP_INPUTS})
        result = rg.plan_evacuation(people=read.pop("population"), **read, **chosen)
        logger.info("files")
        if printed:
            drill = options["drill"]
            files = rg.save_prints(result, options["out"], options=shown, drill=drill, **sheet)
        else:
            files = rg.save_plan(result, options["out"], options=shown, **sheet)
    _say(summary_text(result, options["language"]), options)
    _say("\n".join(["", *map(str, files)]), options)


def _with_unsaid(options: dict[str, Any]) -> dict[str, Any]:
    """Return options with the names of those nobody gave."""
    source = click.get_current_context().get_parameter_source
    unsaid = {name for name in options if source(name) is click.core.ParameterSource.DEFAULT}
    return {**options, UNSAID: unsaid}


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


def _problems_text(problems: Iterable[Problem], options: dict[str, Any]) -> str:
    """Return every problem as text; what a reader calls its argument is called by its option."""
    from resilience_geo.console import problem_text

    language = options.get("language", "id")
    flags = {
        Path(path).name: {argument: flag for argument, (flag, *_) in details.items()}
        for name, details in DETAILS.items()
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
