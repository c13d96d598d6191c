"""Settlements: the dusun, RW or RT in which people say they live."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from resilience_geo.crs import GEOGRAPHIC
from resilience_geo.errors import ColumnError, Message, OverlapError, Problem, raise_problems
from resilience_geo.inputs.basemap import checked_osm_file, is_osm_file
from resilience_geo.inputs.basemap_kinds import plain_name
from resilience_geo.inputs.basemap_osm import read_osm_layers
from resilience_geo.inputs.features import (
    clean_geometry,
    columns_like,
    file_name,
    find_column,
    given_column,
    rows_text,
    texts,
)
from resilience_geo.inputs.road_area import area_around
from resilience_geo.inputs.vectors import POINTS, POLYGONS, read_layer

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ID_COLUMNS = (
    "settlement_id", "village_code", "kode_dusun", "kode_rw", "kode_rt", "kode*", "code", "id",
    "osm_id", "gid", "fid", "objectid*",
)  # fmt: skip
_NAME_COLUMNS = (
    "settlement_name", "nama_dusun", "dusun", "nama_lingkungan", "lingkungan", "jorong", "dukuh",
    "kampung", "name", "nama", "NAMOBJ", "village_name", "nama_*",
)  # fmt: skip
# Units that are numbers, the smallest first: "RT 03 / RW 01".
_NUMBERED = (("RT", ("rt", "nama_rt", "no_rt", "nomor_rt")), ("RW", ("rw", "nama_rw", "no_rw")))
_VILLAGE_COLUMNS = (
    "desa", "kelurahan", "nama_desa", "WADMKD", "nama_kel*", "KEL_NAME*", "desa_kelurahan",
    "village", "village_name",
)  # fmt: skip
_OSM_KINDS = ("hamlet", "isolated_dwelling", "neighbourhood", "quarter")
_LEAST_SHARE = 0.01  # of a settlement in the villages; less is a border drawn a little otherwise


def read_settlements(
    path: str | Path,
    *,
    within: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    name_column: str | None = None,
    layer: str | None = None,
) -> gpd.GeoDataFrame:
    """Read dusun, RW or RT, by which people find themselves on a map and get a route card.

    Parameters
    ----------
    path
        Vector file of polygons or points, or an OpenStreetMap file, of which the hamlets,
        isolated dwellings, neighbourhoods and quarters with a name are taken.
    within
        Villages; only settlements with a part in them are kept. None for all.
    name_column
        Column of the name. Left out, RT and RW are put together ("RT 03 / RW 01"), or else
        columns such as dusun, name, nama and village_name are looked for.
    layer
        Layer of the file, where it has several.

    Returns
    -------
    GeoDataFrame
        In the order of the file, EPSG:4326: `settlement_id` (text, unique; of the first column of
        codes in which every row has its own, or else 001, 002, ...), `name` (text, never empty:
        one without a name is called "Permukiman" and its id; names that occur twice get their
        village behind them where the file knows it, and else stay alike), `geometry` (Point,
        Polygon or MultiPolygon). `attrs["source"]` is the file, `attrs["notes"]` what was chosen
        or repaired.

    Raises
    ------
    InputFileError, CrsError
        The file cannot be read or placed.
    ColumnError
        There is no column of names, or not the one named.
    InputError
        Lines or missing geometries; all rows are listed.
    OverlapError
        No settlement lies in the villages.
    """
    path = Path(path)
    area = None if within is None else area_around(within, 0.0)
    if is_osm_file(path):
        return _of_osm(path, area)
    frame = read_layer(path, layer=layer, wanted=POINTS | POLYGONS)
    notes = list[Message](frame.attrs["notes"])
    frame, repaired, problems = clean_geometry(_single_points(frame), POLYGONS | {"Point"})
    columns = _name_columns(frame, name_column)
    raise_problems(problems)
    notes += repaired
    shapes = np.asarray(frame.geometry.to_crs(GEOGRAPHIC).array, dtype=object)
    inside = _inside(shapes, area, path.name)
    keys = _keys(frame, notes)[inside]
    frame = frame[inside]
    return _table(frame, keys, _names(frame, columns, keys, notes), shapes[inside], notes)


def _of_osm(path: Path, area: shapely.Geometry | None) -> gpd.GeoDataFrame:
    """Return the small places of an OSM file."""
    box = None if area is None else shapely.bounds(area).tolist()
    read = read_osm_layers(checked_osm_file(path), box, ("places",))
    places = read.tables["places"]
    places = places.loc[places["kind"].isin(_OSM_KINDS)]
    shapes = np.asarray(places["geometry"], dtype=object)
    inside = _inside(shapes, area, path.name)
    frame = gpd.GeoDataFrame({}, geometry=gpd.GeoSeries(shapes[inside], crs=GEOGRAPHIC))
    frame.attrs = {"source": str(path)}
    names = places["name"].to_numpy(dtype=object)[inside]
    return _table(frame, _running(int(inside.sum())), names, shapes[inside], list(read.notes))


def _table(
    frame: gpd.GeoDataFrame,
    keys: NDArray[np.object_],
    names: NDArray[np.object_],
    shapes: NDArray[np.object_],
    notes: list[Message],
) -> gpd.GeoDataFrame:
    """Return the settlements as they leave this room; `frame` says where they are from."""
    settlements = gpd.GeoDataFrame(
        {"settlement_id": pd.Series(keys, dtype="str"), "name": pd.Series(names, dtype="str")},
        geometry=gpd.GeoSeries(shapes, crs=GEOGRAPHIC),
    )
    settlements.attrs = {**frame.attrs, "notes": tuple(notes)}
    return settlements


def _single_points(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Make a point of a MultiPoint that holds one."""
    shapes = np.asarray(frame.geometry.array, dtype=object)
    single = shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOINT
    single &= shapely.get_num_geometries(shapes) == 1
    shapes = np.where(single, shapely.get_geometry(shapes, 0), shapes)
    result = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))
    result.attrs = dict(frame.attrs)
    return result


def _name_columns(frame: gpd.GeoDataFrame, given: str | None) -> list[tuple[str, str]]:
    """Return the columns a name is made of, each with the unit it numbers ("" for names)."""
    if given is not None:
        return [("", given_column(frame, given, "name_column"))]
    numbered = [(unit, find_column(frame, names)) for unit, names in _NUMBERED]
    found = [(unit, column) for unit, column in numbered if column is not None]
    column = find_column(frame, _NAME_COLUMNS)
    if not found and column is not None:
        found = [("", column)]
    if found:
        return found
    attributes = [str(name) for name in frame.columns if name != frame.geometry.name]
    raise ColumnError(
        Problem(
            file=file_name(frame),
            layer=frame.attrs.get("layer"),
            found=Message("the columns {names}", names=", ".join(attributes) or "(none)"),
            expected=Message("a column with the names of dusun, RW or RT"),
            remedy=Message("name one of them with {option}=", option="name_column"),
        )
    )


def _names(
    frame: gpd.GeoDataFrame,
    columns: list[tuple[str, str]],
    keys: NDArray[np.object_],
    notes: list[Message],
) -> NDArray[np.object_]:
    """Return a name for every settlement."""
    parts = [_numbered(_plain(frame, column), unit) for unit, column in columns]
    joined = [" / ".join(filter(None, one)) for one in zip(*parts, strict=True)]
    names = np.array(joined, dtype=object)
    nameless = names == ""
    if nameless.any():
        notes.append(
            Message(
                "{file}: {count} settlements have no name and are called by their id (rows {rows})",
                file=file_name(frame),
                count=int(nameless.sum()),
                rows=rows_text(frame.index[nameless]),
            )
        )
        names[nameless] = [f"Permukiman {key}" for key in keys[nameless]]
    return _told_apart(frame, names)


def _plain(frame: gpd.GeoDataFrame, column: str) -> NDArray[np.object_]:
    """Return the texts of a column, each on one line."""
    return np.array([plain_name(value) for value in frame[column]], dtype=object)


def _numbered(names: NDArray[np.object_], unit: str) -> NDArray[np.object_]:
    """Return numbers of RT or RW as people say them: 3 and "003" as "RT 03"."""
    if not unit:
        return names
    pattern = re.compile(rf"(?:{unit}[ .]*)?0*(\d+)", flags=re.IGNORECASE)
    matches = [pattern.fullmatch(name) for name in names]
    return np.array(
        [
            name if match is None else f"{unit} {int(match[1]):02d}"
            for name, match in zip(names, matches, strict=True)
        ],
        dtype=object,
    )


def _told_apart(frame: gpd.GeoDataFrame, names: NDArray[np.object_]) -> NDArray[np.object_]:
    """Put the village behind names that occur more than once, where the file knows it."""
    column = find_column(frame, _VILLAGE_COLUMNS)
    if column is None:
        return names
    villages = _plain(frame, column)
    twice = pd.Series(names).duplicated(keep=False).to_numpy() & (villages != "")
    twice &= villages != names
    return np.where(twice, [f"{a}, {b}" for a, b in zip(names, villages, strict=True)], names)


def _keys(frame: gpd.GeoDataFrame, notes: list[Message]) -> NDArray[np.object_]:
    """Return a key of its own for every settlement."""
    for column in columns_like(frame, _ID_COLUMNS):
        keys = texts(frame[column])
        if (keys != "").all() and len(set(keys)) == len(keys):
            return keys
    notes.append(
        Message(
            "{file}: no column in which every settlement has its own code; they were numbered",
            file=file_name(frame),
        )
    )
    return _running(len(frame))


def _running(count: int) -> NDArray[np.object_]:
    """Return 001, 002, ..."""
    width = max(3, len(str(count)))
    return np.array([f"{number:0{width}d}" for number in range(1, count + 1)], dtype=object)


def _inside(
    shapes: NDArray[np.object_], area: shapely.Geometry | None, file: str
) -> NDArray[np.bool_]:
    """Return which settlements have a part in the area."""
    if area is None:
        return np.ones(len(shapes), dtype=bool)
    shapely.prepare(area)
    inside = np.asarray(shapely.intersects(area, shapes), dtype=bool)
    surface = inside & (shapely.area(shapes) > 0)
    shared = shapely.area(shapely.intersection(shapes[surface], area))
    inside[surface] = shared >= _LEAST_SHARE * shapely.area(shapes[surface])
    if not inside.any():
        raise OverlapError(
            Problem(
                file=file,
                found=Message("no settlement in the villages, of {count}", count=len(shapes)),
                expected=Message("settlements (dusun, RW, RT) of these villages"),
                remedy=Message(
                    "take a file of this area, or check the coordinate reference systems of both"
                ),
            )
        )
    return inside
