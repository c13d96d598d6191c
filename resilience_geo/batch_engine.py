"""Where the blocks of a run are worked on: here, in processes of this machine, or by Dask.

All three take the same functions and give the same answers, in whatever order they come.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from resilience_geo.errors import DependencyError, InputError, Message, OutputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Run = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterator[tuple[int, Any]]]

logger = logging.getLogger(__name__)

_TRIES = 3
_LOOK_S = 1.0
_ANSWER_S = 20


class WorkerLostError(RuntimeError):
    """The process that worked on a task died each time it was tried: often for want of memory."""


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def engine(workers: int | None = None, scheduler: Any = None) -> Iterator[Run]:
    """Give the function that runs tasks.

    Parameters
    ----------
    workers
        Processes of this machine; None: as many as there are cores; 1: this process alone.
    scheduler
        Address of a Dask scheduler (`tcp://...`) or a `distributed.Client`.

    Yields
    ------
    callable
        `run(function, tasks)` yields the position of each task and its result, or the exception
        it ended with, as they come. Tasks of a lost worker are tried again.

    Raises
    ------
    DependencyError
        The extra `distributed` is not installed.
    InputError
        No scheduler answers there.
    """
    if scheduler is not None:
        with _dask(scheduler) as run:
            yield run
    elif (workers or usable_cores()) == 1:
        yield _run_here
    else:
        with _processes(workers or usable_cores()) as run:
            yield run


def _run_here(
    function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[int, Any]]:
    """Run tasks one after another in this process."""
    with ThreadPoolExecutor(1) as executor:
        yield from _as_they_come(executor, function, dict(enumerate(tasks)))


@contextmanager
def _processes(workers: int) -> Iterator[Run]:
    """Run tasks in processes of this machine; one that dies is replaced."""
    pools: dict[int, ProcessPoolExecutor] = {}

    def pool(count: int) -> ProcessPoolExecutor:
        if count not in pools:
            close()
            # A fresh interpreter: a fork of one that has threads may hang.
            context = multiprocessing.get_context("spawn")
            pools[count] = ProcessPoolExecutor(count, mp_context=context, initializer=_begin_worker)
        return pools[count]

    def close() -> None:
        for old in pools.values():
            _end(old)
        pools.clear()

    def run(
        function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        left = dict(enumerate(tasks))
        for tries in range(_TRIES):
            # Whoever kills its process twice is found by working on one task at a time.
            alone = tries == _TRIES - 1
            for position, answer in _attempt(pool, close, function, left, 1 if alone else workers):
                del left[position]
                yield position, answer
            if not left:
                return
            logger.warning("a worker died; %s tasks are tried again", len(left))
            close()

    try:
        # They import what they need while the layers are read.
        with _without_script():
            for _ in range(workers):
                pool(workers).submit(_wake)
        yield run
    finally:
        close()


def _attempt(
    pool: Callable[[int], ProcessPoolExecutor],
    close: Callable[[], None],
    function: Callable[..., Any],
    tasks: dict[int, tuple[Any, ...]],
    workers: int,
) -> Iterator[tuple[int, Any]]:
    """Try every task once; those of a pool that broke give no answer, unless they were alone."""
    if workers > 1:
        yield from _as_they_come(pool(workers), function, dict(tasks))
        return
    for position, task in list(tasks.items()):
        answers = list(_as_they_come(pool(1), function, {position: task}))
        if not answers:
            close()
        yield from answers or [(position, WorkerLostError("the worker died"))]


def _as_they_come(
    executor: Executor, function: Callable[..., Any], tasks: dict[int, tuple[Any, ...]]
) -> Iterator[tuple[int, Any]]:
    """Submit tasks; yield what they give, but for those whose pool broke."""
    try:
        with _without_script():
            futures = {executor.submit(function, *task): place for place, task in tasks.items()}
    except BrokenProcessPool:
        return
    pending: set[Future[Any]] = set(futures)
    try:
        while pending:
            done, pending = wait(pending, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            for future in done:
                if future.cancelled():
                    raise OutputError(_lost())
                error = future.exception()
                if not isinstance(error, BrokenProcessPool):
                    yield futures[future], future.result() if error is None else error
    finally:
        for future in pending:
            future.cancel()


def _wake() -> None:
    """Import the rooms that tasks are in."""
    import_module("resilience_geo.batch_files")


@contextmanager
def _without_script() -> Iterator[None]:
    """Keep new processes from running the script of the caller again.

    They would to find functions that it defines; tasks are all of this package.
    """
    script = vars(sys.modules["__main__"])
    hidden: dict[str, Any] = {
        name: script.pop(name) for name in ("__file__", "__spec__") if name in script
    }
    script["__spec__"] = None
    try:
        yield
    finally:
        script.update(hidden)


def _begin_worker() -> None:
    """Leave the keyboard to the parent, and end when the parent is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _lost() -> Problem:
    """Return the problem of a cluster that went away."""
    return Problem(
        found=Message("a Dask scheduler that was lost"),
        expected=Message("one that is there until the run is done"),
        remedy=Message("start again; finished villages are kept"),
    )


def _end(pool: ProcessPoolExecutor) -> None:
    """End a pool at once: what is under way is lost and will be made again."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


@contextmanager
def _dask(scheduler: Any) -> Iterator[Run]:
    """Run tasks on a Dask cluster, which tries those of lost workers again by itself."""
    try:
        from distributed import Client, KilledWorker  # noqa: PLC0415 - heavy, only with the extra
    except ImportError as error:
        raise DependencyError(
            Problem(
                found=Message("an installation without {package}", package="distributed"),
                expected=Message("{package}, which speaks with Dask", package="distributed"),
                remedy=Message("pip install 'resilience-geo[distributed]'"),
            )
        ) from error
    given = isinstance(scheduler, Client)
    try:
        client = scheduler if given else Client(str(scheduler), timeout=_ANSWER_S)  # type: ignore[no-untyped-call]
        client.wait_for_workers(1, timeout=_ANSWER_S)
    except (OSError, ValueError) as error:
        raise InputError(
            Problem(
                file=str(scheduler),
                found=Message("no Dask scheduler ({reason})", reason=type(error).__name__),
                expected=Message(
                    "the address of a scheduler with workers, such as tcp://host:8786"
                ),
                remedy=Message("start one, or leave --scheduler out to work on this machine"),
            )
        ) from error

    def run(
        function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        with client.get_executor(pure=False, retries=_TRIES) as executor:
            for position, answer in _as_they_come(executor, function, dict(enumerate(tasks))):
                lost = isinstance(answer, KilledWorker)
                yield position, WorkerLostError(str(answer)) if lost else answer

    try:
        yield run
    finally:
        if not given:
            client.close()
