"""The land around: water, buildings, and the names of places people find their way by."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from resilience_geo.crs import GEOGRAPHIC
from resilience_geo.errors import (
    InputError,
    InputFileError,
    Message,
    Problem,
    ResilienceGeoError,
    raise_problems,
)
from resilience_geo.inputs.basemap_kinds import LAYERS, NAMED_LAYERS
from resilience_geo.inputs.basemap_layers import read_layer_file
from resilience_geo.inputs.basemap_osm import OsmLayers, read_osm_layers
from resilience_geo.inputs.features import polygonal
from resilience_geo.inputs.road_area import area_around, touching
from resilience_geo.inputs.road_files import OSM_ENDINGS, checked_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.inputs.features import Found

_COLUMNS: dict[str, tuple[str, ...]] = {
    "water": ("name",),
    "waterways": ("name", "kind"),
    "buildings": (),
    "places": ("name", "kind"),
    "landmarks": ("name", "kind"),
}
_CUT = ("water", "waterways")
# One thing drawn as a node and again as an area is closer than this, in metres.
_SAME_WITHIN_M = {"landmarks": 150.0, "places": 1500.0}
_METRES_PER_DEGREE = 111_320.0  # of latitude; near enough for telling doubles


@dataclass(frozen=True)
class Basemap:
    """The land around villages, all in EPSG:4326; a table is empty where nothing is known.

    Parameters
    ----------
    water
        Polygons of rivers, lakes, reservoirs and ponds, cut at the frame of the area; `name`.
    waterways
        Lines of rivers, canals, drains, streams and ditches, cut likewise; `name`, `kind`.
    buildings
        Polygons.
    places
        Points of towns, villages, hamlets; `name`, `kind` (a value of OpenStreetMap's `place`).
    landmarks
        Points of what people know; `name`, `kind` (`worship`, `school`, `health`, `government`,
        `market`, `police`, `fire_station`, `fuel`, `hall`, `field` or `other`).
    source
        Names of the files.
    date
        Date of the OpenStreetMap data as ISO text, empty where it is not known.
    notes
        What was repaired, left out, or not there.
    """

    water: gpd.GeoDataFrame
    waterways: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    landmarks: gpd.GeoDataFrame
    source: str
    date: str
    notes: tuple[Message, ...]


def read_basemap(
    path: str | os.PathLike[str] | None = None,
    *,
    within: gpd.GeoDataFrame | gpd.GeoSeries | None,
    buffer_m: float = 3000.0,
    water: str | Path | None = None,
    waterways: str | Path | None = None,
    buildings: str | Path | None = None,
    places: str | Path | None = None,
    landmarks: str | Path | None = None,
) -> Basemap:
    """Read the land around villages, for maps.

    Parameters
    ----------
    path
        OpenStreetMap file (`.osm.pbf`, `.osm`, `.osm.gz`, `.osm.bz2`); may be the one the roads
        are of.
    within
        Villages; only what touches them or their surroundings is kept. None for everything.
    buffer_m
        How far beyond the borders of `within` the surroundings reach, in metres.
    water, waterways, buildings, places, landmarks
        Files in place of what `path` has of a layer: any vector file, or another OpenStreetMap
        file. Names are looked for in columns such as name, nama and NAMOBJ; kinds in kind, jenis,
        fclass, amenity and the like, or in the words of the name.

    Returns
    -------
    Basemap
        Valid geometries, in the order of the files. Places and landmarks have a name; areas are
        points in them; one thing drawn twice is there once.

    Raises
    ------
    InputFileError, CrsError
        A file is missing, breaks off, is of an unknown kind, or cannot be placed.
    InputError
        No file is given, or a layer holds other geometries; everything that is wrong with all
        files is listed at once.
    """
    files = {
        "water": water,
        "waterways": waterways,
        "buildings": buildings,
        "places": places,
        "landmarks": landmarks,
    }
    given = {layer: file for layer, file in files.items() if file is not None}
    if path is None and not given:
        raise InputError(
            Problem(
                found=Message("no file"),
                expected=Message("an OpenStreetMap file, or a file of at least one layer"),
                remedy=Message(
                    "give path=, or water=, waterways=, buildings=, places=, landmarks="
                ),
            )
        )
    orders: list[tuple[Path, tuple[str, ...]]] = []
    if path is not None:
        orders.append((Path(path), tuple(layer for layer in LAYERS if layer not in given)))
    orders += [(Path(file), (layer,)) for layer, file in given.items()]
    area = None if within is None else area_around(within, buffer_m)
    found: dict[str, pd.DataFrame] = {}
    notes: list[Message] = []
    problems: list[Found] = []
    dates: list[str] = []
    for number, (file, layers) in enumerate(orders):
        try:
            read = _read(file, layers, area, only_osm=path is not None and number == 0)
        except ResilienceGeoError as error:
            problems += [(type(error), problem) for problem in error.problems]
            continue
        found |= read.tables
        notes += read.notes
        dates.append(read.date)
    raise_problems(problems)
    tables = {layer: _finished(layer, found.get(layer), area) for layer in LAYERS}
    notes += _notes_of_nothing(orders, tables)
    return Basemap(
        **tables,
        source="; ".join(dict.fromkeys(file.name for file, _ in orders)),
        date=next(filter(None, dates), ""),
        notes=tuple(notes),
    )


def is_osm_file(path: Path) -> bool:
    """Return whether a file is of OpenStreetMap, by its name."""
    return path.name.lower().endswith(OSM_ENDINGS)


def checked_osm_file(path: Path) -> Path:
    """Return the path of an OpenStreetMap file, once it is known to be safe to open.

    Raises
    ------
    InputFileError
        It is missing, empty, of another kind, or XML with a DOCTYPE.
    """
    found = None
    # Path.is_file raises where a path cannot even be looked up; such a file is not there.
    if not os.path.isfile(path):  # noqa: PTH113
        found = Message("no file at {path}", path=path)
    elif not is_osm_file(path):
        found = Message("a file of another kind")
    elif not path.stat().st_size:
        found = Message("an empty file")
    if found is not None:
        raise InputFileError(
            Problem(
                file=path.name or str(path),
                found=found,
                expected=Message("a file that ends in {endings}", endings=", ".join(OSM_ENDINGS)),
                remedy=Message(
                    "correct the path; files of other kinds are given with water=, waterways=, "
                    "buildings=, places=, landmarks="
                ),
            )
        )
    return checked_path(path)[0]


def _read(
    file: Path, layers: tuple[str, ...], area: shapely.Geometry | None, *, only_osm: bool
) -> OsmLayers:
    """Read one file, of OpenStreetMap or of one layer."""
    if only_osm or is_osm_file(file):
        box = None if area is None else shapely.bounds(area).tolist()
        return read_osm_layers(checked_osm_file(file), box, layers)
    frame = read_layer_file(file, layers[0])
    return OsmLayers(tables={layers[0]: frame}, date="", notes=frame.attrs["notes"])


def _finished(
    layer: str, table: pd.DataFrame | None, area: shapely.Geometry | None
) -> gpd.GeoDataFrame:
    """Return a layer with its columns, its part in the area, each thing once."""
    if table is None:
        table = pd.DataFrame({"name": [], "kind": [], "geometry": []}, dtype=object)
    shapes = np.asarray(table["geometry"], dtype=object)
    if area is not None and len(shapes):
        near = touching(shapes, area)
        table, shapes = table[near], shapes[near]
    frame = gpd.GeoDataFrame(
        {name: table[name].astype("str") for name in _COLUMNS[layer]},
        geometry=gpd.GeoSeries(shapes, index=table.index, crs=GEOGRAPHIC),
    ).reset_index(drop=True)
    if layer in _CUT and area is not None and len(frame):
        frame = _cut(frame, area, lines=layer == "waterways")
    if layer in NAMED_LAYERS and len(frame) > 1:
        frame = frame[~_doubles(frame, _SAME_WITHIN_M[layer])].reset_index(drop=True)
    return frame


def _cut(frame: gpd.GeoDataFrame, area: shapely.Geometry, *, lines: bool) -> gpd.GeoDataFrame:
    """Return long shapes cut at the frame of the area: a river does not end at a village."""
    west, south, east, north = shapely.bounds(area).tolist()
    shapes = np.asarray(frame.geometry.array, dtype=object)
    bounds = shapely.bounds(shapes)
    across = (bounds[:, :2] < (west, south)).any(axis=1) | (bounds[:, 2:] > (east, north)).any(
        axis=1
    )
    pieces = shapely.intersection(shapes[across], shapely.box(west, south, east, north))
    shapes[across] = pieces if lines else polygonal(pieces)
    frame = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))
    if lines:
        frame = frame.explode(ignore_index=True)
        frame = frame[frame.geom_type == "LineString"]
    return frame[~frame.geometry.is_empty].reset_index(drop=True)


def _doubles(frame: gpd.GeoDataFrame, within_m: float) -> NDArray[np.bool_]:
    """Return which points repeat an earlier one of the same name and kind nearby."""
    metres = frame.geometry.get_coordinates().to_numpy() * _METRES_PER_DEGREE
    metres[:, 0] *= np.cos(np.radians(metres[:, 1].mean() / _METRES_PER_DEGREE))
    pairs = cKDTree(metres).query_pairs(within_m, output_type="ndarray")
    same = frame["name"].str.casefold() + "\n" + frame["kind"]
    label = pd.factorize(same)[0]
    pairs = np.sort(pairs[label[pairs[:, 0]] == label[pairs[:, 1]]], axis=1)
    result = np.zeros(len(frame), dtype=bool)
    for first, second in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]:
        result[second] |= not result[first]
    return result


def _notes_of_nothing(
    orders: list[tuple[Path, tuple[str, ...]]], tables: dict[str, gpd.GeoDataFrame]
) -> list[Message]:
    """Say of each file which of its layers have nothing in the area."""
    return [
        _nothing(file.name)[layer]
        for file, layers in orders
        for layer in layers
        if tables[layer].empty
    ]


def _nothing(file: str) -> dict[str, Message]:
    """Return by layer the words for a file that has nothing of it."""
    return {
        "water": Message("{file}: no rivers or lakes drawn as areas here", file=file),
        "waterways": Message("{file}: no watercourses drawn as lines here", file=file),
        "buildings": Message("{file}: no buildings here", file=file),
        "places": Message("{file}: no names of places here", file=file),
        "landmarks": Message("{file}: no landmarks with a name here", file=file),
    }
