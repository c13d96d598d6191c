"""Reading one layer of a vector file: which file, which layer, which CRS.

The rooms that read villages, shelters and hazard polygons share this one. It opens GeoPackage,
Shapefile (also zipped), GeoJSON, KML, KMZ, FlatGeobuf and whatever else GDAL knows.
"""

from __future__ import annotations

import os
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from resilience_geo.errors import (
    CrsError,
    InputError,
    InputFileError,
    Message,
    Problem,
    ResilienceGeoError,
)
from resilience_geo.inputs.made_up import table_notes

if TYPE_CHECKING:
    from collections.abc import Sequence

POLYGONS = frozenset({"Polygon", "MultiPolygon"})
POINTS = frozenset({"Point", "MultiPoint"})

_UNREADABLE = (DataSourceError, DataLayerError, FeatureError, OSError, IndexError, ValueError)
_MEMBERS = frozenset({".shp", ".gpkg", ".geojson", ".json", ".kml", ".fgb", ".gml"})


def read_layer(
    path: str | Path, *, layer: str | None = None, wanted: frozenset[str] = POLYGONS
) -> gpd.GeoDataFrame:
    """Read one layer as it is in the file; rows are not judged yet.

    Parameters
    ----------
    path
        Vector file. A zip archive may hold a Shapefile, a GeoPackage or a GeoJSON.
    layer
        Layer of the file; needed when several could be meant.
    wanted
        Geometry types looked for; decides between layers when `layer` is not given.

    Returns
    -------
    GeoDataFrame
        Rows and columns of the layer, index 0, 1, ... as the file counts; `attrs["source"]` the
        path, `attrs["layer"]` the layer, `attrs["notes"]` what GDAL and this room had to say.

    Raises
    ------
    InputFileError
        The file is missing, truncated, or of no kind that can be read.
    InputError
        The layer does not exist, several could be meant, or it has no features.
    CrsError
        The layer names no coordinate reference system, or its coordinates do not fit it.
    """
    path = Path(path)
    # Path.exists raises where a path cannot even be looked up; such a file is not there.
    if not os.path.exists(path):  # noqa: PTH110
        raise InputFileError(
            Problem(
                file=path.name or str(path),
                found=Message("no file at {path}", path=path),
                expected=Message("a vector file"),
                remedy=Message("correct the path"),
            )
        )
    _check_shapefile_parts(path)
    opened = _inside_zip(path, layer)
    if opened.startswith("/vsizip/") and opened.lower().endswith(".shp"):
        layer = None
    notes: list[Message] = []
    chosen = _choose_layer(opened, path, layer=layer, wanted=wanted, notes=notes)
    frame = _read(opened, path, chosen, notes)
    if "geometry" not in frame.columns or not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(
            Problem(
                file=path.name,
                layer=chosen,
                found=Message("a table without geometry"),
                expected=Message("{types} geometries", types=" or ".join(sorted(wanted))),
                remedy=Message("choose another layer with layer="),
            )
        )
    if frame.empty:
        raise InputError(
            Problem(
                file=path.name,
                layer=chosen,
                found=Message("no features"),
                expected=Message("at least one feature"),
                remedy=Message("export the layer again, without a filter or selection"),
            )
        )
    notes += table_notes(frame)
    frame = frame.reset_index(drop=True)
    _check_crs(frame, path, chosen)
    frame.attrs = {"source": str(path), "layer": chosen, "notes": tuple(notes)}
    return frame


def vector_layers(path: str | Path) -> list[tuple[str, str | None]]:
    """Return the layers of a file with their geometry types; empty where GDAL sees no vectors."""
    path = Path(path)
    try:
        opened = _inside_zip(path, None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [(str(name), kind) for name, kind in pyogrio.list_layers(opened)]
    except (ResilienceGeoError, *_UNREADABLE):
        return []


def _check_shapefile_parts(path: Path) -> None:
    """Refuse a Shapefile that has lost the files it cannot be read without."""
    if path.suffix.lower() != ".shp":
        return
    siblings = {sibling.name.lower() for sibling in path.parent.glob(f"{path.stem}.*")}
    missing = [
        suffix for suffix in (".shx", ".dbf") if f"{path.stem}{suffix}".lower() not in siblings
    ]
    if missing:
        raise InputFileError(
            Problem(
                file=path.name,
                found=Message("a Shapefile without its {parts} file", parts=" and ".join(missing)),
                expected=Message(".shp, .shx, .dbf and .prj side by side"),
                remedy=Message("copy all files of the Shapefile, or zip them together"),
            )
        )


def _inside_zip(path: Path, layer: str | None) -> str:
    """Return what GDAL should open: the path, or the one layer file within a zip archive."""
    if path.suffix.lower() != ".zip":
        return str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                name
                for name in archive.namelist()
                if Path(name).suffix.lower() in _MEMBERS and "__MACOSX" not in name
            ]
    except (zipfile.BadZipFile, OSError) as error:
        raise _unreadable(path, error) from error
    fitting = [name for name in members if layer is not None and Path(name).stem == layer]
    if len(members) == 1:
        fitting = members
    if len(fitting) != 1:
        raise InputError(
            Problem(
                file=path.name,
                found=Message("{count} layer files: {names}", count=len(members), names=members),
                expected=Message("one layer file in the archive, or a choice"),
                remedy=Message("name one, without its suffix, with layer="),
            )
        )
    return f"/vsizip/{path}/{fitting[0]}"


def _choose_layer(
    opened: str, path: Path, *, layer: str | None, wanted: frozenset[str], notes: list[Message]
) -> str:
    """Return the layer that is meant."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said again, and kept, when the layer is read
            layers = [(str(name), kind) for name, kind in pyogrio.list_layers(opened)]
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    names = [name for name, _ in layers]
    if layer is not None and layer in names:
        return layer
    spatial = [name for name, kind in layers if kind is not None]
    fitting = [
        name for name, kind in layers if kind is not None and _may_hold(opened, name, kind, wanted)
    ]
    if layer is None and len(spatial) == 1:
        return spatial[0]
    if layer is None and len(fitting) == 1:
        notes.append(
            Message(
                "{file}: layer {layer} was read, the only one of {count} with the geometry wanted",
                file=path.name,
                layer=fitting[0],
                count=len(layers),
            )
        )
        return fitting[0]
    raise InputError(
        Problem(
            file=path.name,
            layer=layer,
            found=Message("the layers {names}", names=", ".join(names) or "(none)"),
            expected=Message("one layer of {types}", types=" or ".join(sorted(wanted))),
            remedy=Message("name one of them with layer="),
        )
    )


def _may_hold(opened: str, layer: str, kind: str, wanted: frozenset[str]) -> bool:
    """Return whether a layer has a wanted type; KML does not say, so its first feature does."""
    if _plain(kind) not in {"Unknown", "Geometry", "GeometryCollection"}:
        return _plain(kind) in wanted
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            first = pyogrio.read_dataframe(opened, layer=layer, max_features=1, columns=[])
    except _UNREADABLE:
        return True  # the error is told when the layer is read
    return first.empty or bool(first.geom_type.isin(sorted(wanted)).all())


def _plain(kind: str) -> str:
    """Return a geometry type without Z, M and 2.5D."""
    return kind.removeprefix("2.5D ").removesuffix(" ZM").removesuffix(" Z").removesuffix(" M")


def _read(opened: str, path: Path, layer: str, notes: list[Message]) -> Any:
    """Read a layer; a DBF without a stated encoding is tried as UTF-8 before anything else."""
    guess = opened.lower().endswith(".shp") and not any(
        path.parent.glob(f"{path.stem}.[cC][pP][gG]")
    )
    attempts: Sequence[str | None] = ("UTF-8", None, "cp1252") if guess else (None, "cp1252")
    for encoding in attempts:
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                frame = pyogrio.read_dataframe(opened, layer=layer, encoding=encoding)
        except UnicodeDecodeError as error:
            if encoding == attempts[-1]:
                raise _unreadable(path, error) from error
            notes.append(
                Message(
                    "{file}: its text is not {encoding}; read with another encoding",
                    file=path.name,
                    encoding=encoding or "of the encoding the file names",
                )
            )
            continue
        except _UNREADABLE as error:
            raise _unreadable(path, error) from error
        texts = dict.fromkeys(str(warning.message) for warning in caught)
        notes.extend(Message("{file}: {text}", file=path.name, text=text) for text in texts)
        return frame
    raise AssertionError  # pragma: no cover  # the last attempt returns or raises


def _unreadable(path: Path, error: Exception) -> InputFileError:
    """Return the error for a file GDAL cannot read."""
    reason = " ".join(str(error).split(".; It might help")[0].split())
    return InputFileError(
        Problem(
            file=path.name,
            found=Message(
                "a file that cannot be read ({reason})", reason=reason or type(error).__name__
            ),
            expected=Message("a whole GeoPackage, Shapefile, GeoJSON, KML or FlatGeobuf file"),
            remedy=Message("open it in QGIS to see whether it is whole, and export it again"),
        )
    )


def _check_crs(frame: gpd.GeoDataFrame, path: Path, layer: str) -> None:
    """Refuse a layer whose coordinates cannot be placed on the earth."""
    crs = frame.crs
    if crs is None:
        part = ".prj file" if path.suffix.lower() in {".shp", ".zip"} else "CRS"
        raise CrsError(
            Problem(
                file=path.name,
                layer=layer,
                found=Message("no coordinate reference system (no {part})", part=part),
                expected=Message("a layer that names its CRS"),
                remedy=Message("set it in QGIS (Assign Projection) and save the layer again"),
            )
        )
    frame.set_crs(usable_crs(crs), allow_override=True, inplace=True)
    if not crs.is_geographic:
        return
    west, south, east, north = frame.total_bounds
    if np.isfinite(west) and not (-181 <= west <= east <= 361 and -91 <= south <= north <= 91):  # noqa: PLR2004  # degrees of the globe
        raise CrsError(
            Problem(
                file=path.name,
                layer=layer,
                found=Message(
                    "coordinates x {west:.6g} to {east:.6g}, y {south:.6g} to {north:.6g}, said to "
                    "be degrees",
                    west=west,
                    east=east,
                    south=south,
                    north=north,
                ),
                expected=Message("longitude first, latitude within -90 to 90"),
                remedy=Message(
                    "assign the CRS the coordinates are in, or swap latitude and longitude"
                ),
            )
        )


def usable_crs(crs: pyproj.CRS, *, likely: int | None = None) -> pyproj.CRS:
    """Return the horizontal part of a CRS, as its EPSG entry where it is the same.

    Parameters
    ----------
    crs
        CRS as the file writes it.
    likely
        EPSG code another library takes it for; used only where the two are the same.
    """
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    for code in (likely, crs.to_epsg(min_confidence=20)):
        if code is not None:
            known = pyproj.CRS.from_epsg(code)
            if crs.equals(known, ignore_axis_order=True):
                return known
    return crs
