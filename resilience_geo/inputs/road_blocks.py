"""Blocks of neighbouring roads in an archive, with an index of the box that each block fills.

What a road is made of is its reader's business; here it has a box, vertices and something said.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

ROADS_IN_BLOCK = 1024
_INDEX = "index.npz"


@dataclass(frozen=True, kw_only=True)
class RoadRecords:
    """Roads as a store holds them, in the order of their file, whatever they were read from.

    Parameters
    ----------
    box
        West, south, east, north of each road in the CRS of its file; NaN where it has no place.
    count
        Count of vertices of each road.
    vertices
        Vertices of all roads, one after another.
    said
        What else is known of each road, as plain values.
    """

    box: NDArray[np.float64]
    count: NDArray[np.int64]
    vertices: NDArray[np.void]
    said: list[Any]


def write_blocks(
    batches: Iterator[RoadRecords],
    archive: zipfile.ZipFile,
    folder: Path,
    vertex: np.dtype[np.void],
) -> NDArray[np.float64]:
    """Write roads in blocks of neighbours, and the index of the blocks.

    Parameters
    ----------
    batches
        Roads in the order of their file; one batch at a time is held in memory. They go by way of
        temporary files.
    archive
        Where the blocks go.
    folder
        Where the temporary files go.
    vertex
        What a vertex is made of.

    Returns
    -------
    ndarray
        The box of every road, shape (roads, 4).
    """
    boxes, counts, lengths = [], [], []
    with (folder / "vertices").open("wb") as vertex_file, (folder / "said").open("wb") as said_file:
        for batch in batches:
            texts = [json.dumps(said, separators=(",", ":")).encode() + b"," for said in batch.said]
            boxes.append(batch.box)
            counts.append(batch.count)
            lengths.append(np.array([len(text) for text in texts], dtype=np.int64))
            vertex_file.write(batch.vertices.tobytes())
            said_file.write(b"".join(texts))
    box, count, length = np.concatenate(boxes), np.concatenate(counts), np.concatenate(lengths)
    vertices = _mapped(folder / "vertices", vertex)
    said = _mapped(folder / "said", np.dtype(np.uint8))
    vertex_end, said_end = np.cumsum(count), np.cumsum(length)
    block_boxes = []
    order = _neighbours_together(box)
    for block, first in enumerate(range(0, len(order), ROADS_IN_BLOCK)):
        road = np.sort(order[first : first + ROADS_IN_BLOCK])
        block_boxes.append(_joint_box(box[road]))
        arrays = {
            "box": box[road],
            "number": road,
            "count": count[road],
            "vertices": _pieces(vertices, vertex_end[road] - count[road], vertex_end[road]),
            "said": _pieces(said, said_end[road] - length[road], said_end[road]),
        }
        _add_arrays(archive, _block_name(block), arrays)
    _add_arrays(archive, _INDEX, {"box": np.array(block_boxes)})
    return box


def _mapped(path: Path, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the content of a file without reading it all."""
    if not path.stat().st_size:
        return np.empty(0, dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r")


def _pieces(values: NDArray[Any], first: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[Any]:
    """Return several pieces of an array, one after another."""
    bounds = zip(first.tolist(), end.tolist(), strict=True)
    return np.concatenate([values[:0], *(values[begin:stop] for begin, stop in bounds)])


def _neighbours_together(box: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return an order of roads in which every block of `ROADS_IN_BLOCK` covers a small area.

    Sort-Tile-Recursive packing (Leutenegger, Lopez and Edgington 1997): upright strips of as many
    blocks as there are strips, sorted from south to north. Roads without a place come last.
    """
    middle = box[:, :2] + box[:, 2:]
    blocks = math.ceil(len(box) / ROADS_IN_BLOCK)
    in_strip = math.ceil(math.sqrt(blocks)) * ROADS_IN_BLOCK
    strip = np.empty(len(box), dtype=np.int64)
    strip[np.argsort(middle[:, 0], kind="stable")] = np.arange(len(box)) // in_strip
    return np.lexsort((middle[:, 1], strip)).astype(np.int64)


def _joint_box(box: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the box around boxes; those that are NaN do not count."""
    return np.concatenate([np.fmin.reduce(box[:, :2]), np.fmax.reduce(box[:, 2:])])


def read_blocks(archive: zipfile.ZipFile, bounds: NDArray[np.float64] | None) -> RoadRecords:
    """Return the roads whose boxes touch the bounds, in the order of their file.

    Parameters
    ----------
    archive
        What `write_blocks` wrote.
    bounds
        West, south, east, north in the CRS of the roads; None for all roads.

    Raises
    ------
    zipfile.BadZipFile, KeyError, ValueError
        The archive is damaged or holds something else.
    """
    index = _arrays(archive, _INDEX)["box"]
    blocks = np.arange(len(index)) if bounds is None else np.flatnonzero(_touch(index, bounds))
    # Where none touches, the first stands for the form of the arrays.
    blocks = blocks if len(blocks) else np.zeros(1, dtype=np.int64)
    found: list[dict[str, NDArray[Any]]] = []
    said: list[Any] = []
    for block in blocks.tolist():
        arrays = _arrays(archive, _block_name(block))
        inside = np.ones(len(arrays["box"]), dtype=bool)
        if bounds is not None:
            inside = _touch(arrays["box"], bounds)
        texts = json.loads(b"[" + arrays.pop("said").tobytes()[:-1] + b"]")
        said += [texts[place] for place in np.flatnonzero(inside).tolist()]
        arrays["vertices"] = arrays["vertices"][np.repeat(inside, arrays["count"])]
        found.append(arrays | {name: arrays[name][inside] for name in ("box", "number", "count")})
    joined = {name: np.concatenate([arrays[name] for arrays in found]) for name in found[0]}
    order = np.argsort(joined["number"])
    end = np.cumsum(joined["count"])
    return RoadRecords(
        box=joined["box"][order],
        count=joined["count"][order],
        vertices=_pieces(joined["vertices"], (end - joined["count"])[order], end[order]),
        said=[said[place] for place in order.tolist()],
    )


def _touch(box: NDArray[np.float64], bounds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which boxes touch the bounds; one that is NaN does not."""
    west, south, east, north = bounds.tolist()
    touches: NDArray[np.bool_] = (
        (box[:, 0] <= east) & (box[:, 2] >= west) & (box[:, 1] <= north) & (box[:, 3] >= south)
    )
    return touches


def _block_name(block: int) -> str:
    """Return the name of a block in the archive."""
    return f"blocks/{block}.npz"


def add_member(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Put a member into an archive, the same on every day and system."""
    member = zipfile.ZipInfo(name)
    member.create_system = 3
    archive.writestr(member, content)


def _add_arrays(archive: zipfile.ZipFile, name: str, arrays: dict[str, Any]) -> None:
    """Put arrays into an archive as one member."""
    written = io.BytesIO()
    np.savez(written, **arrays)
    add_member(archive, name, written.getvalue())


def _arrays(archive: zipfile.ZipFile, name: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of a member of an archive."""
    with np.load(io.BytesIO(archive.read(name)), allow_pickle=False) as loaded:
        return {part: loaded[part] for part in loaded.files}
