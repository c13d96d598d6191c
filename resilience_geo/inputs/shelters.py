"""Reading shelters and assembly places: titik kumpul, TES, TEA, schools, halls, mosques."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from resilience_geo.errors import InputError, Message, Problem, raise_problems
from resilience_geo.inputs.features import (
    Found,
    clean_geometry,
    columns_like,
    file_name,
    find_column,
    given_column,
    listed,
    numbers,
    rows_text,
    texts,
)
from resilience_geo.inputs.vectors import POINTS, POLYGONS, read_layer

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

_CAPACITY_COLUMNS = ("capacity_people", "kapasitas*", "capacity*", "daya_tampung*")
_AREA_COLUMNS = (
    "floor_area_m2",
    "luas_lantai_m2",
    "luas_lantai",
    "luas_m2",
    "luas_bangunan",
    "luas",
)
_ID_COLUMNS = ("shelter_id", "id_shelter", "kode_shelter", "id_tes", "kode_tes")
_IDENTIFIERS = ("kode", "code", "id", "osm_id", "fid", "objectid*")
_NAME_COLUMNS = ("name", "nama", "nama_*", "namobj", "shelter_name")
_KIND_COLUMNS = ("kind", "jenis*", "tipe*", "type", "fungsi", "amenity", "building")
_ACCESS_COLUMNS = ("accessible", "aksesibel", "ramah_difabel", "akses_difabel", "wheelchair")
_YES = frozenset({"true", "yes", "ya", "y", "1", "ada", "designated"})
_NO = frozenset({"false", "no", "tidak", "t", "n", "0"})


def read_shelters(
    path: str | Path,
    capacity_column: str | None = None,
    area_column: str | None = None,
    *,
    layer: str | None = None,
    name_column: str | None = None,
    id_column: str | None = None,
) -> gpd.GeoDataFrame:
    """Read shelters.

    Parameters
    ----------
    path
        Vector file of points or polygons.
    capacity_column
        Column of the people a shelter takes; left out, columns named capacity, kapasitas or daya
        tampung are looked for. An empty cell is an unknown capacity; 0 takes nobody.
    area_column
        Column of the floor area in square metres; left out, luas_lantai_m2, luas and the like.
    layer
        Layer of the file, where it has several.
    name_column, id_column
        Columns of name and key.

    Returns
    -------
    GeoDataFrame
        In the order of the file: `shelter_id` (text, unique; S001, S002, ... where the file has
        none), `name`, `kind` (text, may be empty), `capacity_people` and `floor_area_m2` (NaN
        where unknown), `accessible` (True, False or None), `geometry` (Point, Polygon or
        MultiPolygon, in the file's CRS). `attrs["source"]` is the file, `attrs["notes"]` what was
        chosen or repaired.

    Raises
    ------
    InputFileError, CrsError, ColumnError
        The file cannot be read or placed, or a column named does not exist.
    InputError
        Lines, missing geometries, negative numbers or text in place of numbers, double keys; all
        listed at once with their rows.
    """
    frame = read_layer(path, layer=layer, wanted=POINTS | POLYGONS)
    attributes, notes = dict(frame.attrs), list[Message](frame.attrs["notes"])
    frame = _single_points(frame)
    frame, repaired, problems = clean_geometry(frame, POLYGONS | {"Point"})
    notes += repaired
    keys, wrong = _keys(frame, id_column, notes)
    problems += wrong
    table: dict[str, Any] = {"shelter_id": keys, "name": _named(frame, name_column, keys)}
    kind = find_column(frame, _KIND_COLUMNS)
    table["kind"] = texts(frame[kind]) if kind else np.full(len(frame), "", dtype=object)
    for target, given, option, candidates, unit in (
        ("capacity_people", capacity_column, "capacity_column", _CAPACITY_COLUMNS, "people"),
        ("floor_area_m2", area_column, "area_column", _AREA_COLUMNS, "m2"),
    ):
        column = given_column(frame, given, option) if given else find_column(frame, candidates)
        values = np.full(len(frame), np.nan)
        if column is not None:
            values, wrong = numbers(frame, column, option=option, unit=unit)
            problems += wrong
        if column is not None and column != target:
            notes.append(
                Message(
                    "{file}: {target} is of {column}",
                    file=file_name(frame),
                    target=target,
                    column=column,
                )
            )
        table[target] = values
    raise_problems(problems)
    unknown = int(np.isnan(table["capacity_people"]).sum())
    if unknown:
        notes.append(
            Message(
                "{file}: {unknown} of {count} shelters have no known capacity",
                file=file_name(frame),
                unknown=unknown,
                count=len(frame),
            )
        )
    table["accessible"] = _accessible(frame, notes)
    shelters = type(frame)(
        {
            name: pd.Series(values, index=frame.index, dtype=_DTYPES.get(name, object))
            for name, values in table.items()
        },
        geometry=frame.geometry,
        crs=frame.crs,
    ).reset_index(drop=True)
    shelters.attrs = {**attributes, "notes": tuple(notes)}
    return shelters


_DTYPES: dict[str, str] = {
    "shelter_id": "str",
    "name": "str",
    "kind": "str",
    "capacity_people": "float64",
    "floor_area_m2": "float64",
}


def _single_points(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Make a point of a MultiPoint that holds one."""
    geometries = np.asarray(frame.geometry.array, dtype=object)
    kinds = shapely.get_type_id(geometries) == shapely.GeometryType.MULTIPOINT
    single = kinds & (shapely.get_num_geometries(geometries) == 1)
    if not single.any():
        return frame
    attributes = frame.attrs
    geometries = geometries.copy()
    geometries[single] = shapely.get_geometry(geometries[single], 0)
    frame = frame.set_geometry(type(frame.geometry)(geometries, index=frame.index, crs=frame.crs))
    frame.attrs = attributes
    return frame


def _keys(
    frame: gpd.GeoDataFrame, given: str | None, notes: list[Message]
) -> tuple[NDArray[np.object_], list[Found]]:
    """Return the keys of the shelters, and what is wrong with them."""
    column = given_column(frame, given, "id_column") if given else find_column(frame, _ID_COLUMNS)
    if column is None:
        for name in columns_like(frame, _IDENTIFIERS):
            keys = texts(frame[name])
            if (keys != "").all() and len(set(keys)) == len(keys):
                return keys, []
        width = max(3, len(str(len(frame))))
        notes.append(
            Message("{file}: no column of keys; shelters were numbered", file=file_name(frame))
        )
        numbered = [f"S{number:0{width}d}" for number in range(1, len(frame) + 1)]
        return np.array(numbered, dtype=object), []
    keys = texts(frame[column])
    found: list[Found] = []
    for key in dict.fromkeys(keys):
        rows = frame.index[keys == key]
        if key and len(rows) == 1:
            continue
        found.append(
            (
                InputError,
                Problem(
                    file=file_name(frame),
                    layer=frame.attrs.get("layer"),
                    column=column,
                    row=rows_text(rows),
                    found=Message("the key {key} {count} times", key=repr(key), count=len(rows)),
                    expected=Message("a key of its own for every shelter"),
                    remedy=Message("correct the keys, or choose another column with id_column="),
                ),
            )
        )
    return keys, listed(found)


def _named(
    frame: gpd.GeoDataFrame, given: str | None, keys: NDArray[np.object_]
) -> NDArray[np.object_]:
    """Return the names of the shelters; one without a name is called by its key."""
    column = (
        given_column(frame, given, "name_column") if given else find_column(frame, _NAME_COLUMNS)
    )
    names = texts(frame[column]) if column else np.full(len(frame), "", dtype=object)
    fallback = np.array([f"Tempat evakuasi {key}" for key in keys], dtype=object)
    return np.where(names == "", fallback, names)


def _accessible(frame: gpd.GeoDataFrame, notes: list[Message]) -> NDArray[np.object_]:
    """Return whether wheelchairs get in: True, False, or None where that is not said."""
    column = find_column(frame, _ACCESS_COLUMNS)
    result = np.full(len(frame), None, dtype=object)
    if column is None:
        return result
    words = np.array([text.lower() for text in texts(frame[column])], dtype=object)
    result[np.isin(words, sorted(_YES))] = True
    result[np.isin(words, sorted(_NO))] = False
    unclear = sorted(set(words) - _YES - _NO - {""})
    if unclear:
        notes.append(
            Message(
                "{file}: {words} in {column} was read as not known",
                file=file_name(frame),
                words=", ".join(unclear),
                column=column,
            )
        )
    return result
