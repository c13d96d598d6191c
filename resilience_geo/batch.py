"""Plans and maps of every village of a layer: in processes, or on a Dask cluster; resumable."""

from __future__ import annotations

import datetime as dt
import json
import logging
import shutil
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from resilience_geo.analysis.checks import problems_between
from resilience_geo.analysis.routes import departures
from resilience_geo.analysis.workings import NATIONAL
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.batch_engine import engine
from resilience_geo.batch_made import (
    FORMAT,
    OLD,
    WORKINGS,
    alone_in,
    digest_of,
    digest_of_input,
    refuse_unwritable,
    remove_others,
    set_aside,
    write_stamp,
)
from resilience_geo.batch_options import FILE_OPTIONS, as_read, batch_options
from resilience_geo.batch_result import RUN_NAMES, result_of, write_whole_run
from resilience_geo.batch_steps import Work, facts_of_tiles, stamp_of, worked
from resilience_geo.batch_tiles import BLOCK_VILLAGES, TILE_VILLAGES, Block, blocks_of, tiles_of
from resilience_geo.batch_work import (
    Job,
    TileInputs,
    save_villages,
)
from resilience_geo.errors import InputError, Message, Problem
from resilience_geo.inputs.grids import is_remote
from resilience_geo.plan_files import village_file_names
from resilience_geo.reports import ROOM_PREFIX
from resilience_geo.run_inputs import map_problems, read_inputs
from resilience_geo.run_options import INPUTS, UNSAID

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    import geopandas as gpd

    from resilience_geo.batch_engine import Run
    from resilience_geo.village_run import VillageRun

    Advance = Callable[[str, float], None]

logger = logging.getLogger(__name__)

# What decides the figures besides this package.
_VERSIONS = (
    "resilience-geo", "exactextract", "geopandas", "numpy", "ortools", "pyproj", "rasterio",
    "scipy", "shapely",
)  # fmt: skip


def plan_villages(
    config: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] = "hasil",
    *,
    workers: int | None = None,
    scheduler: Any = None,
    assumptions: EvacuationAssumptions | None = None,
    fresh: bool = False,
    advance: Advance | None = None,
    **options: Any,
) -> VillageRun:
    """Plan every village of a layer, write a folder for each, and an index and tables of all.

    A second run makes only what is missing, or everything where an input, a choice or a version
    changed. What a stopped run had finished is kept, and its results are the same in the end.

    Parameters
    ----------
    config
        TOML file with the options, as `resilience-geo init` writes it.
    out
        Folder of the results.
    workers
        Processes of this machine; None: one per core; 1: this process alone.
    scheduler
        Address of a Dask scheduler (`tcp://...`) or a `distributed.Client`; its workers must see
        the inputs and `out` under the same paths.
    assumptions
        The choices; those of the configuration file by default.
    fresh
        Make everything anew.
    advance
        Called with the name of the step and the share of the whole that is done, 0 to 1.
    **options
        What the configuration file does not say, or says otherwise, by the names of the command's
        options: `villages`, `hazard`, `population`, `roads`, `shelters` (paths; several hazards
        in a list), `hazard_unit`, `population_scale` and so on; `departure`, `language`; `seats`,
        `pdf`, `routes`; `paper`, `agency` and others that maps are told.

    Returns
    -------
    VillageRun

    Raises
    ------
    ResilienceGeoError
        Everything that is wrong with the inputs, before anything is written; a folder that cannot
        be written, or is full: what is finished stays.

    Notes
    -----
    With `seats="run"`, the default, the people of all villages share the seats of the shelters in
    one allocation: nobody is promised a seat that a neighbour has. It costs one minimum-cost flow
    over everybody, which is the only step that is not divided among workers. With
    `seats="village"` every village has all the seats to itself; a shelter near a border is then
    promised twice, and each map says so.

    A village is planned on the roads of its whole tile, which holds up to 300 neighbouring
    villages and what lies around them, so that a run of up to 300 villages gives the figures of
    one plan of all of them. Over that, a way is looked for as far as the time limit reaches.
    """
    chosen, assumed = batch_options(config, options)
    return run_villages(
        chosen,
        assumptions or EvacuationAssumptions.from_texts(assumed),
        Path(out),
        workers=workers,
        scheduler=scheduler,
        fresh=fresh,
        advance=advance,
    )


def run_villages(
    options: Mapping[str, Any],
    assumptions: EvacuationAssumptions,
    out: Path,
    *,
    workers: int | None = None,
    scheduler: Any = None,
    fresh: bool = False,
    advance: Advance | None = None,
    wrong: Sequence[Problem] = (),
) -> VillageRun:
    """Plan every village of a layer, all options given; see `plan_villages`.

    `wrong` is told with everything else that is wrong.
    """
    chosen = as_read(options)
    problems = [*wrong, *map_problems(chosen)]
    target = out.absolute()
    say = advance or _silent
    say("read", 0.0)
    with engine(workers, scheduler) as run:
        layers = _layers(chosen, problems)
        refuse_unwritable(target)
        with alone_in(target / WORKINGS):
            return _carried_out(run, target, (chosen, assumptions, fresh), layers, say)


def _carried_out(
    run: Run,
    target: Path,
    choices: tuple[dict[str, Any], EvacuationAssumptions, bool],
    layers: Mapping[str, Any],
    say: Advance,
) -> VillageRun:
    """Do what is missing of a run, and put together what it came to."""
    job, about = _job(target, *choices[:2], layers, fresh=choices[2])
    work = _divided(job, layers)
    failed = worked(run, job, work, say)
    facts = facts_of_tiles(run, job, work)
    stamps = {
        code: stamp
        for code, folder in work.folders.items()
        if (stamp := stamp_of(job, folder)) is not None
    }
    found = result_of(
        job, work.folders, stamps, layers, (failed.uncounted, failed.unwritten), facts
    )
    write_whole_run(job, found, about)
    _clean(job)
    return found


def _silent(step: str, share: float) -> None:
    """Say nothing of how far a run is."""


def _layers(options: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """Read and check what all villages share; roads and heights are read tile by tile."""
    given, wrong = read_inputs({**options, **_without("villages")})
    problems = [*problems, *wrong]
    area = given["villages"].geometry if given else None
    names = ("hazard", "population", "shelters", "vulnerable")
    read, wrong = read_inputs({**options, **_without(*names)}, given=given, area=area)
    problems += wrong + _absent(options, (*names, "villages"))
    if not problems:
        problems += problems_between(read)
    if problems:
        raise InputError(problems)
    return read


def _absent(options: Mapping[str, Any], read: Sequence[str]) -> list[Problem]:
    """Return the problems of files that are not there, of those that are read later."""
    return [
        Problem(
            file=str(path),
            found=Message("no such file"),
            expected=Message("the path of a file"),
            remedy=Message("correct the path, seen from {folder}", folder=Path.cwd()),
        )
        for name, paths in _files(options).items()
        for path in paths
        if name not in read and not is_remote(path) and not Path(path).exists()
    ]


def _without(*names: str) -> dict[str, None]:
    """Return options that take away all inputs but some."""
    return dict.fromkeys(name for name in INPUTS if name not in names)


def _job(
    out: Path,
    options: dict[str, Any],
    assumptions: EvacuationAssumptions,
    layers: Mapping[str, Any],
    *,
    fresh: bool,
) -> tuple[Job, dict[str, Any]]:
    """Return what every task must know, and what the manifest says the results rest on."""
    inputs = {
        name: [{"file": Path(path).name, "sha256": digest_of_input(path)} for path in paths]
        for name, paths in _files(options).items()
    }
    about = {
        "format": FORMAT,
        "versions": {name: metadata.version(name) for name in _VERSIONS},
        "inputs": inputs,
        "options": {
            name: value
            for name, value in sorted(options.items())
            if name not in {*inputs, UNSAID} and value is not None
        },
        "assumptions": assumptions.as_dict(),
        "villages": list(map(str, layers["villages"]["village_code"])),
        "divided": [TILE_VILLAGES, BLOCK_VILLAGES],
    }
    key = digest_of(about)
    room = out / WORKINGS
    workings = room / key[:16]
    if fresh:
        remove_others(room, {"at-work"})
    several = len(tiles_of(layers["villages"])) > 1
    store = room / f"{digest_of(inputs['roads'])[:16]}.roads" if several else None
    if str(options["roads"]).lower().endswith((".graphml", ".roads")):
        store = None  # the one is whole or nothing, the other is a store already
    kept = {"at-work", "made", workings.name} | ({store.name} if store else set())
    if remove_others(room, kept):
        logger.warning(
            "inputs or choices are not those of the last run here: all is made anew, and what it "
            "left is now in %s",
            out / OLD,
        )
    set_aside(out, key, RUN_NAMES)
    workings.mkdir(parents=True, exist_ok=True)
    (room / "made").mkdir(exist_ok=True)
    # What a run that was killed had under way.
    for left in (*workings.glob("making-*"), *out.glob(f"{ROOM_PREFIX}*")):
        shutil.rmtree(left, ignore_errors=True)
    return (
        Job(
            options=options,
            assumptions=assumptions,
            departures=departures(options["departure"]),
            language=options["language"],
            seats=options["seats"],
            pdf=options["pdf"],
            routes=options["routes"],
            out=out,
            workings=workings,
            key=key,
            created=_begun(workings / "run.json"),
            counts={"villages": len(layers["villages"]), "shelters": len(layers["shelters"])},
            several_tiles=several,
            road_store=store,
        ),
        about,
    )


def _begun(path: Path) -> str:
    """Return when a run was begun: the first time, however often it was stopped."""
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["created"])
    except (OSError, ValueError, KeyError, TypeError):
        now = dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds")
        write_stamp(path, {"created": now})
        return now


def _files(options: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the files that options name, by option."""
    found: dict[str, list[Any]] = {}
    for name in (*INPUTS, *FILE_OPTIONS):
        given = options.get(name)
        paths = list(given) if isinstance(given, (list, tuple)) else [given]
        if given and paths != [NATIONAL] and str(given) != NATIONAL:
            found[name] = paths
    return found


def _divided(job: Job, layers: Mapping[str, Any]) -> Work:
    """Divide the villages, and write those of every tile where workers find them."""
    villages = layers["villages"]
    codes = list(map(str, villages["village_code"]))
    tiles: dict[int, TileInputs] = {}
    blocks: list[Block] = []
    for number, rows in enumerate(tiles_of(villages)):
        some = villages.iloc[rows].reset_index(drop=True)
        tiles[number] = TileInputs(
            number, dict(villages.attrs), _vulnerable(layers.get("vulnerable"), some)
        )
        save_villages(job, number, some)
        size = BLOCK_VILLAGES if job.seats == "run" else 1
        blocks += blocks_of(some, number, block_villages=size)
    names = village_file_names(codes, taken=(*RUN_NAMES, OLD))
    return Work(tiles, tuple(blocks), dict(zip(codes, names, strict=True)))


def _vulnerable(table: pd.DataFrame | str | None, villages: gpd.GeoDataFrame) -> Any:
    """Return the rows of some villages; where there are none the national shares hold for them."""
    if not isinstance(table, pd.DataFrame):
        return table
    some = table[table.index.isin(villages["village_code"])]
    some.attrs = table.attrs
    return some if len(some) else NATIONAL


def _clean(job: Job) -> None:
    """Delete workings that are large and quickly made again; seats and flows stay."""
    for kind in ("offers-*.npz", "roads-*.npz"):
        for path in job.workings.glob(kind):
            path.unlink(missing_ok=True)
