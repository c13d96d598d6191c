"""Water, buildings, places and landmarks from layer files: RBI, cadastre, building footprints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from resilience_geo.crs import GEOGRAPHIC
from resilience_geo.errors import InputError, Message, Problem
from resilience_geo.inputs.basemap_kinds import NAMED_LAYERS, kind_of_words, plain_name
from resilience_geo.inputs.features import columns_like, file_name, polygonal, rows_text
from resilience_geo.inputs.vectors import POINTS, POLYGONS, read_layer

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LINES = frozenset({"LineString", "MultiLineString"})
GEOMETRY_OF_LAYER: dict[str, frozenset[str]] = {
    "water": POLYGONS,
    "waterways": LINES,
    "buildings": POLYGONS,
    "places": POINTS | POLYGONS,
    "landmarks": POINTS | POLYGONS,
}
_NAME_COLUMNS = ("name", "nama", "NAMOBJ", "nama_*", "name:id", "namobj*", "toponim", "label")
_KIND_COLUMNS = (
    "kind", "jenis*", "fclass", "waterway", "place", "amenity", "type", "tipe*", "fungsi*",
    "kelas", "remark", "REMARK", "kategori",
)  # fmt: skip


def read_layer_file(path: str | Path, layer: str) -> gpd.GeoDataFrame:
    """Read one layer of the land around from a vector file.

    Parameters
    ----------
    path
        Any vector file `vectors.read_layer` opens.
    layer
        Which it is, of `basemap_kinds.LAYERS`; decides which geometries are accepted.

    Returns
    -------
    GeoDataFrame
        `name` and `kind` (text, may be empty; words of the file's own kind column are
        understood, or else words of the name) and `geometry`, EPSG:4326: Polygon or MultiPolygon
        for water and buildings, LineString for waterways, Point for places and landmarks.
        `attrs["notes"]` what was repaired or left out.

    Raises
    ------
    InputFileError, CrsError
        The file cannot be read or placed.
    InputError
        It has no features, or geometries of another kind; all rows are listed.
    """
    wanted = GEOMETRY_OF_LAYER[layer]
    frame = read_layer(path, wanted=wanted)
    notes = list[Message](frame.attrs["notes"])
    geometries = shapely.force_2d(np.asarray(frame.geometry.array, dtype=object))
    _refuse_others(frame, geometries, wanted)
    geometries = _mended(frame, geometries, notes)
    kept = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    if not kept.all():
        notes.append(
            Message(
                "{file}: {count} features without a place were left out (rows {rows})",
                file=file_name(frame),
                count=int((~kept).sum()),
                rows=rows_text(frame.index[~kept]),
            )
        )
    names = _texts(frame, _NAME_COLUMNS)
    kinds = _texts(frame, _KIND_COLUMNS)
    if layer in {"waterways", *NAMED_LAYERS}:
        kinds = pd.Series(
            [kind_of_words(layer, kind, name) for kind, name in zip(kinds, names, strict=True)],
            index=frame.index,
        )
    table = gpd.GeoDataFrame(
        {"name": names.astype("str"), "kind": kinds.astype("str")},
        geometry=gpd.GeoSeries(geometries, index=frame.index, crs=frame.crs),
    )[kept].to_crs(GEOGRAPHIC)
    if layer in NAMED_LAYERS:
        table = table[table["name"] != ""]
        table = table.set_geometry(table.geometry.representative_point())
    if layer == "waterways":
        table = table.explode(ignore_index=True)
    table = table.reset_index(drop=True)
    table.attrs = {"notes": tuple(notes)}
    return table


def _texts(frame: gpd.GeoDataFrame, names: tuple[str, ...]) -> pd.Series[str]:
    """Return the first text a row has in columns of these names; empty where none has any."""
    result = pd.Series("", index=frame.index, dtype=object)
    for column in columns_like(frame, names):
        texts = pd.Series([plain_name(value) for value in frame[column]], index=frame.index)
        result = result.where(result != "", texts)
    return result


def _refuse_others(
    frame: gpd.GeoDataFrame, geometries: NDArray[np.object_], wanted: frozenset[str]
) -> None:
    """Raise for geometries of another kind than the layer is of."""
    kinds = pd.Series(geometries, index=frame.index).map(
        lambda one: "" if one is None else one.geom_type
    )
    strange = kinds[~kinds.isin(["", *wanted])]
    if strange.empty:
        return
    raise InputError(
        Problem(
            file=file_name(frame),
            layer=frame.attrs.get("layer"),
            column=frame.geometry.name,
            row=rows_text(strange.index),
            found=Message("{types}", types=" and ".join(sorted(strange.unique()))),
            expected=Message("{types}", types=" or ".join(sorted(wanted))),
            remedy=Message("choose a file of the right kind, or delete these rows"),
        )
    )


def _mended(
    frame: gpd.GeoDataFrame, geometries: NDArray[np.object_], notes: list[Message]
) -> NDArray[np.object_]:
    """Return geometries whose areas are valid; empty where an area has no extent."""
    geometries = geometries.copy()
    surface = np.isin(shapely.get_type_id(geometries), [3, 6])  # Polygon, MultiPolygon
    broken = surface & ~shapely.is_valid(geometries)
    geometries[broken] = polygonal(
        shapely.make_valid(geometries[broken], method="structure", keep_collapsed=False)
    )
    repaired = broken & ~shapely.is_empty(geometries)
    if repaired.any():
        notes.append(
            Message(
                "{file}: {count} invalid geometries were repaired (rows {rows})",
                file=file_name(frame),
                count=int(repaired.sum()),
                rows=rows_text(frame.index[repaired]),
            )
        )
    return geometries
