"""What a run has made, and from what: keys, stamps, and folders that are whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience_geo.errors import Message, OutputError, Problem
from resilience_geo.inputs.grids import is_remote
from resilience_geo.maps.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FORMAT = 1
"""Number of the way in which results are laid out; another one makes everything anew."""
WORKINGS = ".batch"
"""Folder of what a run keeps for itself."""
OLD = "lama"
"""Folder of villages that earlier runs made and this one did not."""
_PROBE_BYTES = 65_536
_LEAST_FREE_BYTES = 1_000_000
# Files that belong to a shapefile: their content decides as well.
_BESIDE = (".shx", ".dbf", ".prj", ".cpg")


def digest_of_input(path: str | os.PathLike[str]) -> str:
    """Return a digest of the content of an input file, with the files that belong to it.

    Of an address only the address counts: what lies there is not read for it.
    """
    if is_remote(path):
        return "address:" + hashlib.sha256(str(path).encode()).hexdigest()
    found = hashlib.sha256()
    for part in _files_of(Path(path)):
        found.update(part.name.encode())
        with part.open("rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def _files_of(path: Path) -> list[Path]:
    """Return the files an input consists of."""
    if path.is_dir():
        return sorted(part for part in path.rglob("*") if part.is_file())
    if path.suffix.lower() != ".shp":
        return [path]
    beside = [path.with_suffix(suffix) for suffix in _BESIDE]
    return [path, *(part for part in beside if part.is_file())]


def digest_of(value: Any) -> str:
    """Return a digest of a value that JSON can hold."""
    packed = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(packed.encode()).hexdigest()


def place_folder(made: Path, target: Path) -> None:
    """Put a folder in its place; what was there goes.

    Parameters
    ----------
    made
        A whole folder on the same disk.
    target
        Where it belongs.

    Raises
    ------
    OSError
        The disk refuses.
    """
    if not target.exists():
        try:
            made.replace(target)
        except OSError:
            if not target.is_dir():
                raise
        else:
            return
    old = Path(tempfile.mkdtemp(prefix="old-", dir=made.parent))
    target.replace(old / "folder")
    made.replace(target)
    shutil.rmtree(old, ignore_errors=True)


def write_stamp(path: Path, stamp: Mapping[str, Any]) -> None:
    """Write what is known of a finished village, whole or not at all."""
    packed = json.dumps(stamp, ensure_ascii=False, sort_keys=True, allow_nan=False)
    write_whole(path, packed.encode())


def read_stamp(path: Path, key: str, folder: Path) -> dict[str, Any] | None:
    """Return the stamp of a village that was finished with this key, and whose files are there.

    Parameters
    ----------
    path
        The stamp.
    key
        Of the run.
    folder
        The folder of the village.
    """
    try:
        stamp = json.loads(path.read_text(encoding="utf-8"))
        if stamp["key"] != key:
            return None
        for name, size in stamp["files"].items():
            if (folder / name).stat().st_size != size:
                return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return dict(stamp)


def stamp_file(out: Path, folder: str) -> Path:
    """Return where it is written that a village is finished."""
    return out / WORKINGS / "made" / f"{folder}.json"


def set_aside(out: Path, key: str, names: Iterable[str]) -> None:
    """Move what runs with another key made out of the way of this one.

    An old map beside new ones, or an old index over them, would be taken for one of them.

    Parameters
    ----------
    out
        Folder of the results.
    key
        Of this run.
    names
        Files beside the folders of the villages.
    """
    old = [path for path in (out / WORKINGS / "made").glob("*.json") if _key_of(path) != key]
    for stamp in old:
        stamp.unlink()
    folders = [out / stamp.name.removesuffix(".json") for stamp in old]
    for path in [*folders, *((out / name) for name in names if old)]:
        place = out / OLD / path.name
        if path.is_dir():
            place.parent.mkdir(exist_ok=True)
            shutil.rmtree(place, ignore_errors=True)
            path.replace(place)
        elif path.is_file():
            place.parent.mkdir(exist_ok=True)
            path.replace(place)


def _key_of(stamp: Path) -> str | None:
    """Return the key a stamp was made with."""
    try:
        return str(json.loads(stamp.read_text(encoding="utf-8"))["key"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def sizes_of(folder: Path) -> dict[str, int]:
    """Return the sizes (bytes) of the files of a folder, by name."""
    return {file.name: file.stat().st_size for file in sorted(folder.iterdir())}


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep a second run out of the workings of this one, as long as this process lives.

    Raises
    ------
    OutputError
        Another run is at work there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "at-work").open("w", encoding="utf-8") as file:
        # Windows has none; two runs in one folder are not kept apart there.
        if find_spec("fcntl") is not None:
            import fcntl  # noqa: PLC0415

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise OutputError(
                    Problem(
                        file=str(folder.parent),
                        found=Message("another run that is at work in this folder"),
                        expected=Message("one run at a time"),
                        remedy=Message("wait until it is done, or choose another folder"),
                    )
                ) from error
        yield


def refuse_unwritable(folder: Path) -> None:
    """Raise where nothing more can be written: a full disk or no right to it.

    Raises
    ------
    OutputError
        With what the system says.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(os.urandom(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
        free = shutil.disk_usage(folder).free
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(_unwritable(folder, Message("{reason}", reason=reason))) from error
    if free < _LEAST_FREE_BYTES:
        raise OutputError(_unwritable(folder, Message("{bytes} bytes of free space", bytes=free)))


def _unwritable(folder: Path, found: Message) -> Problem:
    """Return the problem of a folder in which nothing more can be written."""
    return Problem(
        file=str(folder),
        found=found,
        expected=Message("a folder that can be written, with room for every village"),
        remedy=Message(
            "make room or choose another folder, and start again: what is finished is kept"
        ),
    )


def remove_others(folder: Path, kept: Iterable[str]) -> int:
    """Delete what earlier runs with other keys left in a folder of their workings; count it."""
    names = set(kept)
    others = [path for path in folder.iterdir() if path.name not in names]
    for path in others:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
    return len(others)
