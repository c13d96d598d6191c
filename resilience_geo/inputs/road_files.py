"""Which kind of road file a path is, and whether it is safe and whole enough to open."""

from __future__ import annotations

import bz2
import gzip
import os
from pathlib import Path
from typing import IO, Any, cast
from xml.parsers import expat

from resilience_geo.errors import InputFileError, Message, Problem

OSM_ENDINGS: tuple[str, ...] = (
    ".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".osm.xml",
)  # fmt: skip
GRAPH_ENDINGS: tuple[str, ...] = (".graphml",)
LAYER_ENDINGS: tuple[str, ...] = (
    ".gpkg", ".shp", ".geojson", ".json", ".kml", ".zip", ".fgb",
)  # fmt: skip
STORE_ENDINGS: tuple[str, ...] = (".roads",)  # what store_roads writes
_CHUNK = 65_536


class _PrologOverError(Exception):
    """The first element of an XML file was met: no DOCTYPE can follow."""


class _DoctypeFoundError(Exception):
    """A DOCTYPE was met."""


def _instead_of_file(path: Path) -> Message:
    """Say what is at a path that is no file."""
    folder = os.path.isdir(path)  # noqa: PTH112 - as above
    return Message("a folder") if folder else Message("no such file")


def checked_path(path: str | os.PathLike[str]) -> tuple[Path, str]:
    """Return the path of a road file and its kind, once it is known to be safe to open.

    Parameters
    ----------
    path
        A file on this computer.

    Returns
    -------
    path
        The same as a `Path`.
    kind
        `osm`, `graph`, `layer` or `store`.

    Raises
    ------
    InputFileError
        It is missing, empty, of an unknown kind, or XML with a DOCTYPE.
    """
    path = Path(path)
    kind = _kind(path.name.lower())
    if kind is None:
        raise file_error(
            path,
            found=Message("a file of unknown kind"),
            expected=Message(
                "one of {endings}",
                endings=", ".join((*OSM_ENDINGS, *GRAPH_ENDINGS, *LAYER_ENDINGS)),
            ),
            remedy=Message("export the roads as one of these"),
        )
    # Path.is_file raises where a path cannot even be looked up; such a file is not there.
    if not os.path.isfile(path):  # noqa: PTH113
        raise file_error(
            path,
            found=_instead_of_file(path),
            expected=Message("a file with roads"),
            remedy=Message("correct the path, seen from {folder}", folder=Path.cwd()),
        )
    if not path.stat().st_size:
        raise file_error(
            path,
            found=Message("an empty file"),
            expected=Message("a file with roads"),
            remedy=Message("copy or download it again"),
        )
    _refuse_doctype(path)
    return path, kind


def file_error(path: Path, *, found: Message, expected: Message, remedy: Message) -> InputFileError:
    """Return the error for one thing that is wrong with a file as a whole."""
    return InputFileError(Problem(file=path.name, found=found, expected=expected, remedy=remedy))


def unreadable(path: Path, reason: object) -> InputFileError:
    """Return the error for a file that breaks off or is not what its name says."""
    return file_error(
        path,
        found=Message("content that cannot be read ({reason})", reason=_first_line(reason)),
        expected=Message("a whole file of the kind its name says"),
        remedy=Message("copy, download or export it again and compare the sizes"),
    )


def _first_line(reason: object) -> str:
    """Return the first line of what a library said, cut to a readable length."""
    lines = str(reason).strip().splitlines()
    return lines[0][:200] if lines else type(reason).__name__


def _kind(name: str) -> str | None:
    """Return the kind of file a lower-case name stands for, or None."""
    for kind, endings in (
        ("osm", OSM_ENDINGS),
        ("graph", GRAPH_ENDINGS),
        ("layer", LAYER_ENDINGS),
        ("store", STORE_ENDINGS),
    ):
        if name.endswith(endings):
            return kind
    return None


def _refuse_doctype(path: Path) -> None:
    """Raise where an XML file declares a document type, the door to entity expansion.

    No road format needs one, so it is refused before any library sees the file.
    """
    name = path.name.lower()
    if not name.endswith((".osm", ".osm.gz", ".osm.bz2", ".osm.xml", ".graphml", ".kml")):
        return
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _raise_doctype
    parser.StartElementHandler = _raise_prolog_over
    try:
        with _opened(path) as stream:
            while chunk := stream.read(_CHUNK):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
    except _PrologOverError:
        return
    except _DoctypeFoundError:
        raise file_error(
            path,
            found=Message("XML with a DOCTYPE, which can hide endless or foreign content"),
            expected=Message("plain XML without a DOCTYPE"),
            remedy=Message("get the file from its original source, or delete the DOCTYPE"),
        ) from None
    except (expat.ExpatError, EOFError, OSError) as error:
        raise unreadable(path, error) from error


def _opened(path: Path) -> IO[bytes]:
    """Open a file for reading bytes, unpacked where its name says it is packed."""
    if path.name.lower().endswith(".gz"):
        return cast("IO[bytes]", gzip.open(path))
    if path.name.lower().endswith(".bz2"):
        return cast("IO[bytes]", bz2.open(path))
    return path.open("rb")


def _raise_doctype(*_: Any) -> None:
    """Stop at a DOCTYPE."""
    raise _DoctypeFoundError


def _raise_prolog_over(*_: Any) -> None:
    """Stop at the first element."""
    raise _PrologOverError
