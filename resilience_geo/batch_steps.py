"""The steps of a run over many villages, each of which does only what is missing."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resilience_geo.batch_engine import WorkerLostError
from resilience_geo.batch_files import (
    Outcome,
    problems_text,
    run_facts,
    write_villages,
)
from resilience_geo.batch_made import read_stamp, refuse_unwritable, stamp_file
from resilience_geo.batch_offers import read_arrays
from resilience_geo.batch_work import (
    Job,
    TileInputs,
    count_flows,
    cut_roads,
    find_offers,
    flows_file,
    give_seats,
    offers_file,
    seats_file,
    store_all_roads,
)
from resilience_geo.errors import InputError, Message, OutputError, Problem, ResilienceGeoError
from resilience_geo.maps import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from resilience_geo.batch_engine import Run
    from resilience_geo.batch_tiles import Block

    Advance = Callable[[str, float], None]

logger = logging.getLogger(__name__)

# What part of the whole each step is, for the bar; measured on the 261 kelurahan of Jakarta.
_SHARES = {"roads": 0.05, "ways": 0.07, "seats": 0.03, "flows": 0.02, "files": 0.83}


@dataclass(frozen=True)
class Work:
    """How a run is divided.

    Parameters
    ----------
    tiles
        What is sent to whoever works on a tile, by its number.
    blocks
        All blocks.
    folders
        Name of the folder of each village, by code.
    """

    tiles: dict[int, TileInputs]
    blocks: tuple[Block, ...]
    folders: dict[str, str]

    def inputs(self, block: Block) -> TileInputs:
        """Return the tile of a block."""
        return self.tiles[block.tile]


@dataclass(frozen=True)
class Failed:
    """Why villages failed, by code.

    Parameters
    ----------
    uncounted
        Before the seats were divided: their people are not at any shelter.
    unwritten
        Afterwards: their people have their seats, but there are no files.
    """

    uncounted: dict[str, str]
    unwritten: dict[str, str]


def worked(run: Run, job: Job, work: Work, say: Advance) -> Failed:
    """Do all that is missing; return what failed."""
    done = _Done(say)
    left = [block for block in work.blocks if _missing(job, work, block)]
    failed = _offered(run, job, work, left, done)
    _refuse_nothing(work, failed)
    fine = [block for block in work.blocks if block.codes[0] not in failed]
    left = [block for block in left if block.codes[0] not in failed]
    if left:
        _seated(run, job, work, fine, done)
    # Blocks with most people first, so that no worker has a long one left in the end.
    left = sorted(left, key=lambda block: -offers_file(job, block).stat().st_size)
    outside, unwritten = _written(run, job, work, left, done)
    _refuse_nothing(work, failed | outside | unwritten)
    return Failed(failed | outside, unwritten)


def _refuse_nothing(work: Work, failed: Mapping[str, str]) -> None:
    """Raise where not one village is left."""
    if len(failed) == len(work.folders):
        reason = min(failed.values())
        raise InputError(
            Problem(
                found=Message("no village that can be planned: {reason}", reason=reason),
                expected=Message("at least one village with roads and a usable shelter around it"),
                remedy=Message("check the layers with resilience-geo check"),
            )
        )


def _offered(run: Run, job: Job, work: Work, left: Sequence[Block], done: _Done) -> dict[str, str]:
    """Find the ways of all blocks from which something is missing; return what failed."""
    wanted = [
        block
        for block in (work.blocks if left else ())
        if not offers_file(job, block).exists()
        and (block in left or not _seats_there(job, block) or not flows_file(job, block).exists())
    ]
    failed: dict[str, str] = {}
    numbers = sorted({block.tile for block in wanted})
    for _, answer in run(store_all_roads, [(job,)] if numbers else []):
        _raise(answer)
    tasks: list[tuple[Any, ...]] = [(job, work.tiles[number]) for number in numbers]
    for position, answer in done.each("roads", run(cut_roads, tasks), len(tasks)):
        if reason := _reason(answer, job):
            for block in work.blocks:
                if block.tile == numbers[position]:
                    failed |= dict.fromkeys(block.codes, reason)
    wanted = [block for block in wanted if block.codes[0] not in failed]
    tasks = [(job, work.inputs(block), block) for block in wanted]
    for position, answer in done.each("ways", run(find_offers, tasks), len(tasks)):
        if reason := _reason(answer, job):
            failed |= dict.fromkeys(wanted[position].codes, reason)
    return failed


def _seats_there(job: Job, block: Block) -> bool:
    """Return whether the seats of a block are known at every departure."""
    return all(read_arrays(seats_file(job, name), f"{block.name}/") for name in job.departures)


def _seated(run: Run, job: Job, work: Work, blocks: Sequence[Block], done: _Done) -> None:
    """Divide the seats over all blocks, and count who is on the roads, where that is missing."""
    if not all(_seats_there(job, block) for block in blocks):
        for path in job.workings.glob("flows-*.npz"):
            path.unlink()
        tasks: list[tuple[Any, ...]] = [(job, blocks, name) for name in job.departures]
        for _, answer in done.each("seats", run(give_seats, tasks), len(tasks)):
            _raise(answer)
    missing = [block for block in blocks if not flows_file(job, block).exists()]
    tasks = [(job, work.inputs(block), block) for block in missing]
    for _, answer in done.each("flows", run(count_flows, tasks), len(tasks)):
        _raise(answer)


def _missing(job: Job, work: Work, block: Block) -> bool:
    """Return whether a village of a block is not finished."""
    return any(not stamp_of(job, work.folders[code]) for code in block.codes)


def stamp_of(job: Job, folder: str) -> dict[str, Any] | None:
    """Return the stamp of a village that is finished."""
    return read_stamp(stamp_file(job.out, folder), job.key, job.out / folder)


def _written(
    run: Run, job: Job, work: Work, left: Sequence[Block], done: _Done
) -> tuple[dict[str, str], dict[str, str]]:
    """Write the villages of blocks that are missing.

    Returns
    -------
    outside, unwritten
        Why some have no plan, by code: nothing is known of their people; or they were not written.
    """
    wanted = [
        {code: work.folders[code] for code in block.codes if not stamp_of(job, work.folders[code])}
        for block in left
    ]
    tasks = [
        (job, work.inputs(block), block, folders)
        for block, folders in zip(left, wanted, strict=True)
    ]
    found: list[Outcome] = []
    again: list[tuple[Any, ...]] = []
    for position, answer in done.each("files", run(write_villages, tasks), len(tasks)):
        if isinstance(answer, WorkerLostError) and len(wanted[position]) > 1:
            one_by_one = [{code: name} for code, name in wanted[position].items()]
            again += [(*tasks[position][:3], each) for each in one_by_one]
        else:
            found += _outcomes(answer, job, wanted[position])
    # Of a block whose worker died every time, one village alone may be to blame.
    for position, answer in run(write_villages, again) if again else ():
        found += _outcomes(answer, job, again[position][3])
    outside = {each.code: each.reason for each in found if each.reason and each.outside}
    unwritten = {each.code: each.reason for each in found if each.reason and not each.outside}
    return outside, unwritten


def _outcomes(answer: Any, job: Job, folders: Mapping[str, str]) -> list[Outcome]:
    """Return what became of the villages of a block."""
    if isinstance(answer, WorkerLostError):
        reason = text.word("run_worker_died", job.language)
        return [Outcome(code, reason) for code in folders]
    if isinstance(answer, Exception):
        return [Outcome(code, _reason(answer, job)) for code in folders]
    return list(answer)


def _reason(answer: Any, job: Job) -> str | None:
    """Return why a task failed, in words, or None.

    Raises
    ------
    OutputError
        Nothing more can be written, or a worker died however often it was tried: without the
        people of a block the seats cannot be divided.
    """
    if not isinstance(answer, Exception):
        return None
    if isinstance(answer, OutputError):
        raise answer
    if isinstance(answer, WorkerLostError):
        raise OutputError(
            Problem(
                found=Message("workers that died, however often it was tried"),
                expected=Message("memory for every worker; one tile needs about 1 GB"),
                remedy=Message("start again with fewer --workers; what is finished is kept"),
            )
        ) from answer
    refuse_unwritable(job.out)
    if isinstance(answer, ResilienceGeoError):
        return problems_text(answer, job.language)
    logger.error("a task failed", exc_info=answer)
    return f"{type(answer).__name__}: {answer}"


def _raise(answer: Any) -> None:
    """Raise what a task ended with, where nothing can go on without it."""
    if isinstance(answer, Exception):
        raise answer


@dataclass(frozen=True)
class _Done:
    """Says how much of the whole is done."""

    say: Advance

    def each(self, step: str, answers: Iterable[Any], count: int) -> Iterator[Any]:
        """Pass answers on, and say after each how far the run is."""
        names = list(_SHARES)
        before = sum(_SHARES[name] for name in names[: names.index(step)])
        self.say(step, before)
        for number, answer in enumerate(answers, start=1):
            self.say(step, before + _SHARES[step] * number / count)
            yield answer


def facts_of_tiles(run: Run, job: Job, work: Work) -> list[Any]:
    """Return what is known of every tile once: shelters, notes, sources."""
    first: dict[int, Block] = {}
    for block in work.blocks:
        if flows_file(job, block).exists():
            first.setdefault(block.tile, block)
    tasks = [(job, work.tiles[number], block) for number, block in sorted(first.items())]
    found: list[Any] = [None] * len(tasks)
    for position, answer in run(run_facts, tasks):
        _raise(answer)
        found[position] = answer
    return found
