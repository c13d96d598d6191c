"""Road arrays in one file, so that every worker reads them instead of making them again.

The file is a `.npz` archive of plain arrays: nothing in it is ever run (no pickle). The same roads
and facts always give the same bytes.
"""

from __future__ import annotations

import io
import json
import secrets
import zipfile
import zlib
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyproj
from pyproj.exceptions import CRSError

from resilience_geo.analysis.network import Roads
from resilience_geo.errors import InputFileError, Message, OutputError, Problem

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

FORMAT_NAME = "resilience-geo road arrays"
FORMAT_VERSION = 1
_ABOUT = "about"
_TEXTS = frozenset({"highway", "surface", "name", "osmid"})
_IDS = "node_ids"
_PLAIN = tuple(
    field.name
    for field in fields(Roads)
    if field.name not in {"crs", "lost_road", _IDS} and field.name not in _TEXTS
)
# Lengths that belong together: by which count each array is as long as it should be.
_OF_NODES = ("node_x", "node_y", "node_elevation_m")
_OF_VERTICES = ("y", "measure_m")
_OF_EDGES = ("edge_end", "edge_key", "edge_road")
_NOT_OF_ROADS = frozenset(
    {*_OF_NODES, *_OF_VERTICES, *_OF_EDGES, "x", "offsets", "edge_start", "start"}
)
_WHOLE_NUMBER = np.iinfo(np.int64)
_DAMAGED = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, OSError, RuntimeError,
    RecursionError, SyntaxError, CRSError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def save_road_arrays(
    roads: Roads, path: str | os.PathLike[str], *, facts: dict[str, Any] | None = None
) -> Path:
    """Write road arrays and what is known of their source to one file.

    Parameters
    ----------
    roads
        What `road_arrays` made.
    path
        Where the file belongs, usually ending in `.npz`; what is there stays until the new one is
        complete.
    facts
        What to keep beside the arrays, such as `source`, `osm_date` and `notes`: text, numbers,
        None, and lists, tuples and dictionaries of these. A `Message` keeps its template.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputError
        Its folder does not exist or cannot be written.
    TypeError
        The facts or node numbers hold something else.
    """
    path = Path(path)
    about = {
        "format": FORMAT_NAME,
        "version": FORMAT_VERSION,
        "crs": [roads.crs.srs, roads.crs.to_wkt()],
        "lost_road": roads.lost_road,
        "facts": _packed(facts or {}),
    }
    arrays: dict[str, Any] = {_ABOUT: _bytes_of(json.dumps(about, ensure_ascii=True))}
    arrays |= {name: getattr(roads, name) for name in _PLAIN}
    arrays |= _id_arrays(roads.node_ids)
    for name in sorted(_TEXTS):
        arrays |= _text_arrays(name, getattr(roads, name))
    objects = sorted(name for name, array in arrays.items() if array.dtype.hasobject)
    if objects:
        raise TypeError(", ".join(objects))
    written = io.BytesIO()
    # The archive's clock stands at 1980 for every member: same roads, same bytes.
    np.savez(written, **arrays)
    _put(path, written.getbuffer())
    return path


def read_road_arrays(path: str | os.PathLike[str]) -> tuple[Roads, dict[str, Any]]:
    """Read what `save_road_arrays` wrote.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    roads
        Every array as it was, bit by bit.
    facts
        As they were given; each `Message` with its template and values.

    Raises
    ------
    InputFileError
        The file is missing, damaged, of another kind, or of another version of this format.
    """
    path = Path(path)
    try:
        # From memory: numpy leaves a file open that turns out not to be an archive.
        loaded = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise _foreign(path, Message("a single array"))
        with loaded:
            about = _about(loaded, path)
            roads = _roads(loaded, about)
            facts = _unpacked(about["facts"])
    except InputFileError:
        raise
    except FileNotFoundError as error:
        raise _foreign(path, Message("no such file")) from error
    except _DAMAGED as error:
        said = getattr(error, "strerror", None) or str(error)  # strerror names no path
        reason = " ".join(said.split()) or type(error).__name__
        raise _foreign(
            path, Message("content that cannot be read ({reason})", reason=reason)
        ) from error
    return roads, facts


def _about(loaded: Any, path: Path) -> dict[str, Any]:
    """Return the description of a file, once it is known to be of this format and version."""
    if _ABOUT not in loaded.files:
        raise _foreign(path, Message("an archive without road arrays"))
    about: dict[str, Any] = json.loads(_text_of(loaded[_ABOUT]))
    if about["format"] != FORMAT_NAME:
        raise _foreign(path, Message("an archive without road arrays"))
    if about["version"] != FORMAT_VERSION:
        raise _foreign(
            path, Message("road arrays of format version {version}", version=about["version"])
        )
    return about


def _roads(loaded: Any, about: dict[str, Any]) -> Roads:
    """Return the arrays of a file as roads that fit together."""
    arrays: dict[str, Any] = {name: loaded[name] for name in _PLAIN}
    arrays |= {name: _texts(loaded, name) for name in _TEXTS}
    arrays[_IDS] = _ids(loaded)
    _check(arrays)
    return Roads(crs=_crs(*about["crs"]), lost_road=int(about["lost_road"]), **arrays)


def _crs(said: str, wkt: str) -> pyproj.CRS:
    """Return a CRS by the words it was made from where they still mean the same, or by WKT."""
    try:
        known = pyproj.CRS.from_user_input(said)
    except CRSError:
        return pyproj.CRS.from_wkt(wkt)
    return known if known.to_wkt() == wkt else pyproj.CRS.from_wkt(wkt)


def _check(arrays: dict[str, NDArray[Any]]) -> None:
    """Refuse arrays that do not belong together.

    Raises
    ------
    ValueError
        One is too long or too short, or points beyond the end of another.
    """
    roads, nodes, edges = (len(arrays[name]) for name in ("start", _IDS, "edge_start"))
    vertices, offsets = len(arrays["x"]), arrays["offsets"]
    lengths = (
        dict.fromkeys(_OF_NODES, nodes)
        | dict.fromkeys(_OF_VERTICES, vertices)
        | dict.fromkeys(_OF_EDGES, edges)
        | dict.fromkeys({*_PLAIN, *_TEXTS} - _NOT_OF_ROADS, roads)
        | {"offsets": roads + 1}
    )
    wrong = sorted(name for name, length in lengths.items() if len(arrays[name]) != length)
    for name, count in (
        ("start", nodes),
        ("end", nodes),
        ("edge_start", nodes),
        ("edge_end", nodes),
        ("edge_road", roads),
    ):
        if arrays[name].size and not 0 <= arrays[name].min() <= arrays[name].max() < count:
            wrong.append(name)
    if not wrong and (offsets[0] != 0 or offsets[-1] != vertices or (np.diff(offsets) < 1).any()):
        wrong.append("offsets")
    if wrong:
        raise ValueError(", ".join(wrong))


def _text_arrays(name: str, texts: NDArray[np.object_]) -> dict[str, NDArray[Any]]:
    """Return texts as arrays: each different text once, and which one every road has."""
    which, different = pd.factorize(np.asarray(texts, dtype=object))
    return {
        f"{name}.which": which.astype(np.int32),
        f"{name}.length": np.array([len(text) for text in different], dtype=np.int32),
        f"{name}.text": _bytes_of("".join(different)),
    }


def _texts(loaded: Any, name: str) -> NDArray[np.object_]:
    """Return the texts that `_text_arrays` took apart."""
    which, length = loaded[f"{name}.which"], loaded[f"{name}.length"]
    joined = _text_of(loaded[f"{name}.text"])
    end = np.cumsum(length, dtype=np.int64)
    if (length < 0).any() or int(end[-1] if end.size else 0) != len(joined):
        raise ValueError(name)
    if which.size and not 0 <= which.min() <= which.max() < length.size:
        raise ValueError(name)
    different = np.empty(length.size, dtype=object)
    different[:] = [
        joined[first:last]
        for first, last in zip((end - length).tolist(), end.tolist(), strict=True)
    ]
    texts: NDArray[np.object_] = different[which]
    return texts


def _id_arrays(ids: NDArray[np.object_]) -> dict[str, NDArray[Any]]:
    """Return node numbers as whole numbers, or as JSON where some are names or tuples."""
    values = ids.tolist()
    plain = all(
        type(value) is int and _WHOLE_NUMBER.min <= value <= _WHOLE_NUMBER.max for value in values
    )
    if plain:
        return {_IDS: np.array(values, dtype=np.int64)}
    return {f"{_IDS}.json": _bytes_of(json.dumps([_packed(value) for value in values]))}


def _ids(loaded: Any) -> NDArray[np.object_]:
    """Return the node numbers that `_id_arrays` took apart."""
    if _IDS in loaded.files:
        return np.asarray(loaded[_IDS].astype(object))
    values = [_unpacked(value) for value in json.loads(_text_of(loaded[f"{_IDS}.json"]))]
    # Tuples among them would be taken for rows.
    return np.fromiter(values, dtype=object, count=len(values))


def _packed(value: Any) -> Any:
    """Return a value as JSON can hold it; messages and tuples become marked dictionaries."""
    if isinstance(value, Message):
        filling: dict[str, object] = value.values  # noqa: PD011 - no table
        values = {name: _packed(filler) for name, filler in filling.items()}
        return {"message": value.template, "values": values}
    if isinstance(value, dict):
        return {"entries": [[_packed(key), _packed(entry)] for key, entry in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_packed(part) for part in value]}
    if isinstance(value, list):
        return [_packed(part) for part in value]
    if isinstance(value, np.generic):
        return _packed(value.item())
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(type(value).__name__)


def _unpacked(value: Any) -> Any:
    """Return what `_packed` packed."""
    if isinstance(value, list):
        return [_unpacked(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "message" in value:
        filling = {name: _unpacked(filler) for name, filler in value["values"].items()}
        return Message(value["message"], **filling)
    if "tuple" in value:
        return tuple(_unpacked(part) for part in value["tuple"])
    return {_unpacked(key): _unpacked(entry) for key, entry in value["entries"]}


def _bytes_of(text: str) -> NDArray[np.uint8]:
    """Return text as UTF-8; halves of surrogate pairs, which some files hold, pass as they are."""
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)


def _text_of(values: NDArray[np.uint8]) -> str:
    """Return the text that `_bytes_of` took apart."""
    return values.tobytes().decode("utf-8", "surrogatepass")


def _put(path: Path, content: memoryview) -> None:
    """Write a file beside its place first, then put it there in one step."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(
            Problem(
                file=str(path),
                found=Message("{reason}", reason=error.strerror or str(error)),
                expected=Message("a file that can be written"),
                remedy=Message("choose a folder that exists and can be written"),
            )
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _foreign(path: Path, found: Message) -> InputFileError:
    """Return the error for a file that holds no road arrays this version can read."""
    return InputFileError(
        Problem(
            file=path.name,
            found=found,
            expected=Message(
                "road arrays of format version {version}, written by this package",
                version=FORMAT_VERSION,
            ),
            remedy=Message("delete the file and read the roads again"),
        )
    )
