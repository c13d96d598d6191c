"""Roads of a province, cut once into a store from which the roads of any window are read at once.

A store is a zip archive. Its blocks hold some hundred roads each that lie close together, as plain
numpy arrays; an index says which box each block fills. A window reads the blocks its box touches,
every one checked by its checksum, and then goes the way of the original: the same code cuts, joins
and numbers the roads, so that the graph is the same.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from pyproj.exceptions import CRSError

from resilience_geo.errors import (
    InputError,
    InputFileError,
    Message,
    OutputError,
    Problem,
    ResilienceGeoError,
)
from resilience_geo.inputs.road_area import area_in
from resilience_geo.inputs.road_blocks import RoadRecords, add_member, read_blocks, write_blocks
from resilience_geo.inputs.road_columns import columns_of
from resilience_geo.inputs.road_files import STORE_ENDINGS, checked_path, file_error
from resilience_geo.inputs.road_lines import (
    Source,
    extent_in_degrees,
    line_table,
    ways_of_table,
)
from resilience_geo.inputs.road_osm import (
    OsmRoads,
    date_of,
    osm_header,
    osm_in_batches,
    ways_of,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from resilience_geo.inputs.road_graph import Ways

FORMAT_NAME = "resilience-geo road store"
FORMAT_VERSION = 1
ROADS_AT_ONCE = 50_000
_ABOUT = "about.json"
_OSM_VERTEX = np.dtype([("node", "<i8"), ("x", "<i4"), ("y", "<i4")])
_LINE_VERTEX = np.dtype([("x", "<f8"), ("y", "<f8"), ("part", "<i4")])
_FEWEST_VERTICES = 2
_DAMAGED = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, OSError, RuntimeError,
    RecursionError, SyntaxError, CRSError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Roads read from a store.

    Parameters
    ----------
    ways
        As the readers of OSM files and of line layers return them.
    notes
        What was left out or assumed.
    osm_date
        Date and time of the data as ISO text, or None.
    source
        Name of the original file.
    renumber
        Whether the vertices have no numbers of their own.
    """

    ways: Ways
    notes: list[Message]
    osm_date: str | None
    source: str
    renumber: bool


def store_roads(
    path: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    layer: str | None = None,
    source_digest: str | None = None,
) -> Path:
    """Cut a large road file once, so that the roads of any window can be read without all others.

    `read_roads(target, within=...)` then returns what `read_roads(path, within=...)` would:
    the same nodes, edges, attributes, notes, source and date (but for OSM roads that begin more
    than a degree away, which only a store still knows).

    Parameters
    ----------
    path
        An OSM file or a layer of lines, as for `read_roads`. An OSM file may be larger than
        memory: what is held is a batch of roads, and 200 bytes for every road; the places of its
        nodes (16 bytes each) and its roads go through temporary files beside the target. A layer
        of lines is read whole.
    target
        The store, ending in `.roads`. What is there stays until the new one is complete.
    layer
        Name of the layer, needed where a file has several with lines.
    source_digest
        What tells this version of the file from others, for `stored_from`.

    Returns
    -------
    Path
        The store. The same file gives the same bytes.

    Raises
    ------
    InputFileError
        The file cannot be read, or is a graph, which has to be read whole.
    InputError
        The target does not end in `.roads`; or as `read_roads`.
    CrsError, NetworkError
        As `read_roads`.
    OutputError
        The store cannot be written.
    """
    path, kind = checked_path(path)
    target = Path(target)
    if not target.name.lower().endswith(STORE_ENDINGS):
        raise InputError(
            Problem(
                found=Message("a road store named {name}", name=target.name),
                expected=Message("a name that ends in {ending}", ending=STORE_ENDINGS[0]),
                remedy=Message("name it so"),
            )
        )
    if kind not in {"osm", "layer"}:
        raise file_error(
            path,
            found=Message("a graph or a store of roads"),
            expected=Message("an OSM file or a layer of lines"),
            remedy=Message("use the file itself with read_roads"),
        )
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as name:
            folder = Path(name)
            with zipfile.ZipFile(folder / "store", "w") as archive:
                about = {
                    "format": FORMAT_NAME,
                    "version": FORMAT_VERSION,
                    "kind": kind,
                    "source": path.name,
                    "digest": source_digest,
                }
                fill = _store_osm if kind == "osm" else _store_lines
                about |= fill(path, layer, archive, folder)
                add_member(archive, _ABOUT, json.dumps(about).encode())
            (folder / "store").replace(target)
    except ResilienceGeoError:
        raise
    except OSError as error:
        raise OutputError(
            Problem(
                file=str(target),
                found=Message("{reason}", reason=error.strerror or str(error)),
                expected=Message("a file that can be written"),
                remedy=Message("choose a folder that exists and can be written"),
            )
        ) from error
    return target


def stored_from(store_path: str | os.PathLike[str]) -> str | None:
    """Return the `source_digest` a store was made with, to see whether it is still good.

    Returns
    -------
    str or None
        None where there is no whole store of this version at that path, or it was made without.
    """
    path = Path(store_path)
    try:
        with zipfile.ZipFile(path) as archive:
            digest = _about(archive, path)["digest"]
    except _DAMAGED:
        return None
    return digest if isinstance(digest, str) else None


def read_stored(path: Path, area: shapely.Geometry | None) -> Stored:
    """Read roads from a store.

    Parameters
    ----------
    path
        What `store_roads` wrote.
    area
        Where roads are wanted, in EPSG:4326; None for everywhere.

    Raises
    ------
    InputFileError
        It is damaged, or of another version.
    NetworkError, OverlapError
        As `read_roads`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            about = _about(archive, path)
            notes = [Message(template, **values) for template, values in about["notes"]]
            crs = pyproj.CRS.from_wkt(about["crs"]) if about["crs"] else None
            wanted = area if area is None or crs is None else area_in(area, crs)
            records = read_blocks(archive, None if wanted is None else shapely.bounds(wanted))
            made = _osm_roads(records) if crs is None else _table(records, about["fields"], crs)
    except ResilienceGeoError:
        raise
    except _DAMAGED as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise _useless(
            path,
            Message(
                "content that cannot be read ({reason})", reason=reason or type(error).__name__
            ),
        ) from error
    if isinstance(made, OsmRoads):
        corners = np.array(about["extent"]).reshape(2, 2)
        ways, more = ways_of(made, about["source"], area, corners)
    else:
        source = Source(about["source"], about["layer"])
        ways, more = ways_of_table(made, source, area, about["extent"])
    return Stored(
        ways=ways,
        notes=notes + more,
        osm_date=about["osm_date"],
        source=about["source"],
        renumber=crs is not None,
    )


def _store_osm(
    path: Path, _layer: str | None, archive: zipfile.ZipFile, folder: Path
) -> dict[str, Any]:
    """Write the blocks of an OSM file; return what is to be said about it."""
    osm_date, notes = osm_header(path)
    newest_s = 0.0

    def batches() -> Iterator[RoadRecords]:
        nonlocal newest_s
        for roads in osm_in_batches(path, folder / "places", ROADS_AT_ONCE):
            vertices = np.empty(len(roads.node), dtype=_OSM_VERTEX)
            vertices["node"], vertices["x"], vertices["y"] = roads.node, roads.step_x, roads.step_y
            newest_s = roads.newest_s
            yield RoadRecords(
                box=roads.boxes(),
                count=roads.count,
                vertices=vertices,
                said=list(zip(roads.direction.tolist(), roads.tags, strict=True)),
            )

    box = write_blocks(batches(), archive, folder, _OSM_VERTEX)
    extent = [*np.nanmin(box[:, :2], axis=0).tolist(), *np.nanmax(box[:, 2:], axis=0).tolist()]
    return {
        "extent": extent,
        "crs": None,
        "osm_date": osm_date or date_of(newest_s),
        "notes": _kept(notes),
    }


def _store_lines(
    path: Path, layer: str | None, archive: zipfile.ZipFile, folder: Path
) -> dict[str, Any]:
    """Write the blocks of a layer of lines; return what is to be said about it."""
    table, source, notes = line_table(path, layer)
    fields = list(dict.fromkeys(columns_of(table.columns.drop(table.geometry.name)).values()))
    cells = [[_cell(value) for value in table[field].tolist()] for field in fields]
    numbers = table.index.tolist()
    count, vertices = _taken_apart(np.asarray(table.geometry.values))
    records = RoadRecords(
        box=shapely.bounds(np.asarray(table.geometry.values)),
        count=count,
        vertices=vertices,
        said=[list(said) for said in zip(numbers, *cells, strict=True)],
    )
    write_blocks(iter([records]), archive, folder, _LINE_VERTEX)
    return {
        "extent": extent_in_degrees(table),
        "crs": pyproj.CRS(table.crs).to_wkt(),
        "osm_date": None,
        "notes": _kept(notes),
        "layer": source.layer,
        "fields": fields,
    }


def _kept(notes: list[Message]) -> list[Any]:
    """Return notes as template and values, as JSON holds them."""
    return [[note.template, note.values] for note in notes]


def _cell(value: Any) -> Any:
    """Return a cell as JSON holds it, so that it says the same when it is read back."""
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT differ from themselves
        return None
    return value if isinstance(value, (str, int, float)) else str(value)


def _taken_apart(shapes: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.void]]:
    """Return the count of vertices of each shape, and their vertices with the part of each."""
    lines, owner = shapely.get_parts(shapely.force_2d(shapes), return_index=True)
    whole = shapely.get_num_coordinates(lines) >= _FEWEST_VERTICES
    place, line = shapely.get_coordinates(lines[whole], return_index=True)
    vertices = np.empty(len(place), dtype=_LINE_VERTEX)
    vertices["x"], vertices["y"], vertices["part"] = place[:, 0], place[:, 1], line
    count = np.bincount(owner[whole][line], minlength=len(shapes)).astype(np.int64)
    return count, vertices


def _put_together(count: NDArray[np.int64], vertices: NDArray[np.void]) -> NDArray[np.object_]:
    """Return the shapes that `_taken_apart` took apart, all of them as MultiLineStrings."""
    shapes = np.full(len(count), shapely.MultiLineString(), dtype=object)
    if len(vertices):
        _, first, line = np.unique(vertices["part"], return_index=True, return_inverse=True)
        # Roads come in the order of their file, and so do their parts.
        owner = np.repeat(np.arange(len(count)), count)[first]
        lines = shapely.linestrings(vertices["x"], vertices["y"], indices=line)
        shapely.multilinestrings(lines, indices=owner, out=shapes)
    return shapes


def _osm_roads(records: RoadRecords) -> OsmRoads:
    """Return roads of a store as an OSM file states them."""
    return OsmRoads(
        node=records.vertices["node"].astype(np.int64),
        step_x=records.vertices["x"].astype(np.int64),
        step_y=records.vertices["y"].astype(np.int64),
        count=records.count,
        tags=[tags for _, tags in records.said],
        direction=np.array([direction for direction, _ in records.said], dtype=np.int8),
    )


def _table(records: RoadRecords, fields: list[str], crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Return roads of a store as rows of a layer of lines."""
    columns = {}
    for place, field in enumerate(fields, start=1):
        columns[field] = np.fromiter(
            (said[place] for said in records.said), dtype=object, count=len(records.said)
        )
    numbers = [said[0] for said in records.said]
    shapes = _put_together(records.count, records.vertices)
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs, index=numbers)


def _about(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    """Return what a store says of itself, once it is known to be one of this version."""
    if _ABOUT not in archive.namelist():
        raise _useless(path, Message("an archive that is no road store"))
    about: dict[str, Any] = json.loads(archive.read(_ABOUT))
    if about["format"] != FORMAT_NAME:
        raise _useless(path, Message("an archive that is no road store"))
    if about["version"] != FORMAT_VERSION:
        raise _useless(
            path, Message("a road store of format version {version}", version=about["version"])
        )
    return about


def _useless(path: Path, found: Message) -> InputFileError:
    """Return the error for a file that is no store this version can read."""
    return file_error(
        path,
        found=found,
        expected=Message("a road store of format version {version}", version=FORMAT_VERSION),
        remedy=Message("make the store again from the road file"),
    )
