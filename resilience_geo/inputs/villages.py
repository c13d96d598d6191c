"""Reading village boundaries: desa, kelurahan, nagari, RW, RT or dusun."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from resilience_geo.errors import (
    InputError,
    Message,
    Problem,
    raise_problems,
)
from resilience_geo.inputs.features import (
    Found,
    clean_geometry,
    file_name,
    find_column,
    given_column,
    listed,
    numbers,
    rows_text,
    texts,
)
from resilience_geo.inputs.vectors import POLYGONS, read_layer
from resilience_geo.inputs.village_codes import code_system
from resilience_geo.inputs.village_columns import village_codes, village_names

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

Where = Mapping[str, Any] | Callable[[Any], Any]

_OVERLAP_SHARE = 0.01
_NESTED_SHARE = 0.5
_PAIRS_NAMED = 5


def read_villages(
    path: str | Path,
    code_column: str | None = None,
    name_column: str | None = None,
    population_column: str | None = None,
    where: Where | None = None,
    *,
    layer: str | None = None,
) -> gpd.GeoDataFrame:
    """Read village boundaries.

    Parameters
    ----------
    path
        Vector file of polygons: GeoPackage, Shapefile (also zipped), GeoJSON, KML, FlatGeobuf.
    code_column, name_column
        Columns of the code and the name. Left out, the columns of BIG, Kemendagri, BPS, OCHA and
        common spellings are looked for; what was taken is in the notes when it is not plain.
    population_column
        Column of the number of people of each village; left out, `population_people` if there is
        one.
    where
        Which rows to keep: a mapping of column to a value or a list of values (compared as text,
        upper and lower case the same; `village_code` and `village_name` work in every file), or a
        function that takes the table and returns True or False per row.
    layer
        Layer of the file, where it has several of polygons.

    Returns
    -------
    GeoDataFrame
        Rows in the order of the file, index 0, 1, ...; columns `village_code` (text, unique),
        `village_name` (text), `population_people` (people, only where the file has it), the other
        columns of the file, `geometry` (valid Polygon or MultiPolygon, in the file's CRS).
        `attrs["source"]` is the file, `attrs["notes"]` a tuple of messages on what was taken,
        merged or repaired, and on villages that overlap; `attrs["overlaps"]` holds the codes of
        all that do, and the sum of all areas they were found for; `attrs["code_system"]` is
        "kemendagri", "bps", "ambiguous", "other" or "mixed" (see `village_codes.code_system`).

    Raises
    ------
    InputFileError
        The file is missing or cannot be read.
    CrsError
        The layer has no usable CRS.
    ColumnError
        A column named does not exist, or none is fit to be the code.
    InputError
        Codes are empty or stand for several villages, geometries are missing, double, or not
        polygons; no row is left. All problems are listed at once, with their rows.
    """
    frame = read_layer(path, layer=layer, wanted=POLYGONS)
    notes: list[Message] = list(frame.attrs["notes"])
    attributes = dict(frame.attrs)
    names, name_columns = village_names(frame, name_column)
    codes, code_from = village_codes(frame, code_column, names, notes)
    frame = frame.assign(village_code=codes, village_name=np.where(names == "", codes, names))
    if not name_columns:
        notes.append(
            Message("{file}: no column of names; codes stand for them", file=file_name(frame))
        )
    problems: list[Found] = []
    people = (
        find_column(frame, ["population_people"])
        if population_column is None
        else given_column(frame, population_column, "population_column")
    )
    if where is not None:
        frame = _keep(frame, where)
    if people is not None:
        values, wrong = numbers(frame, people, option="population_column", unit="people")
        frame = frame.assign(population_people=values)
        problems += wrong
    frame, repaired, wrong = clean_geometry(frame, POLYGONS)
    notes += repaired
    problems += wrong
    problems += _code_problems(frame, code_from)
    raise_problems(problems)
    frame = _merged(frame, code_from, notes)
    raise_problems(_double_geometries(frame))
    overlap_notes, overlapping = _overlaps(frame)
    notes += overlap_notes
    first = ["village_code", "village_name", *(["population_people"] if people else [])]
    others = [name for name in frame.columns if name not in {*first, "geometry"}]
    frame = frame[[*first, *others, "geometry"]].reset_index(drop=True)
    systems = set(map(code_system, frame["village_code"]))
    frame.attrs = {
        **attributes,
        "notes": tuple(notes),
        "overlaps": (overlapping, float(shapely.area(np.asarray(frame.geometry.array)).sum())),
        "code_system": systems.pop() if len(systems) == 1 else "mixed",
    }
    return frame


def _keep(frame: gpd.GeoDataFrame, where: Where) -> gpd.GeoDataFrame:
    """Return the rows that are asked for."""
    if callable(where):
        kept = np.asarray(where(frame), dtype=bool)
        asked = "the function"
        if kept.shape != (len(frame),):
            raise InputError(
                Problem(
                    file=file_name(frame),
                    found=Message("where returned an array of shape {shape}", shape=kept.shape),
                    expected=Message(
                        "one True or False for each of {count} rows", count=len(frame)
                    ),
                    remedy=Message("return a column of the table compared with something"),
                )
            )
    else:
        kept = np.ones(len(frame), dtype=bool)
        for name, wanted in where.items():
            column = given_column(frame, name, "where")
            several = isinstance(wanted, Iterable) and not isinstance(wanted, str)
            values = texts(pd.Series(list(wanted) if several else [wanted], dtype=object))
            folded = {str(value).casefold() for value in values}
            kept &= np.array([text.casefold() in folded for text in texts(frame[column])])
        asked = ", ".join(f"{name} = {wanted}" for name, wanted in where.items())
    if not kept.any():
        columns = [] if callable(where) else [given_column(frame, name, "where") for name in where]
        examples = "; ".join(
            f"{column}: {', '.join(sorted(set(texts(frame[column])))[:_PAIRS_NAMED])}, ..."
            for column in columns
        )
        raise InputError(
            Problem(
                file=file_name(frame),
                found=Message("no row for {asked}", asked=asked),
                expected=Message(
                    "at least one village; the file has {values}", values=examples or len(frame)
                ),
                remedy=Message("correct where="),
            )
        )
    return frame[kept]


def _code_problems(frame: gpd.GeoDataFrame, column: str) -> list[Found]:
    """List rows without a code, and codes that stand for villages of different names."""
    codes = frame["village_code"]
    empty: list[Found] = [
        (
            InputError,
            Problem(
                file=file_name(frame),
                column=column,
                row=int(row),
                found=Message("no code"),
                expected=Message("a code in every row"),
                remedy=Message("fill it in, or leave the row out with where="),
            ),
        )
        for row in frame.index[codes == ""]
    ]
    double: list[Found] = []
    repeated = frame[codes.duplicated(keep=False) & (codes != "")]
    for code, rows in repeated.groupby("village_code", sort=False):
        if len(set(rows["village_name"])) == 1 and _one_value(rows, "population_people"):
            continue
        double.append(
            (
                InputError,
                Problem(
                    file=file_name(frame),
                    column=column,
                    row=rows_text(rows.index),
                    found=Message(
                        "code {code} for {names}",
                        code=code,
                        names=", ".join(dict.fromkeys(rows["village_name"])),
                    ),
                    expected=Message("one village per code, with one name and one population"),
                    remedy=Message(
                        "choose another code_column=, or dissolve the layer by {column} first",
                        column=column,
                    ),
                ),
            )
        )
    return listed(empty) + listed(double)


def _one_value(rows: gpd.GeoDataFrame, column: str) -> bool:
    """Return whether a column, if there is one, says the same in all rows."""
    return column not in rows.columns or len(rows[column].drop_duplicates()) == 1


def _merged(frame: gpd.GeoDataFrame, column: str, notes: list[Message]) -> gpd.GeoDataFrame:
    """Make one feature of the parts of a village; the other columns are those of its first part."""
    repeated = frame["village_code"].duplicated(keep=False)
    if not repeated.any():
        return frame
    unions = {
        code: shapely.union_all(np.asarray(parts.geometry.array))
        for code, parts in frame[repeated].groupby("village_code", sort=False)
    }
    notes.append(
        Message(
            "{file}: {parts} features that share {column} and name were merged into {count} "
            "villages: {codes}",
            file=file_name(frame),
            parts=int(repeated.sum()),
            column=column,
            count=len(unions),
            codes=rows_text(unions),
        )
    )
    whole = frame[~frame["village_code"].duplicated()].copy()
    whole["geometry"] = [
        unions.get(code, geometry)
        for code, geometry in zip(whole["village_code"], whole.geometry, strict=True)
    ]
    return whole


def _double_geometries(frame: gpd.GeoDataFrame) -> list[Found]:
    """List villages that have the very same outline under different codes."""
    shapes = pd.Series(shapely.to_wkb(shapely.normalize(np.asarray(frame.geometry.array))))
    shapes.index = frame.index
    return listed(
        [
            (
                InputError,
                Problem(
                    file=file_name(frame),
                    column="geometry",
                    row=rows_text(rows),
                    found=Message(
                        "one outline for {codes}",
                        codes=rows_text(frame.loc[rows, "village_code"]),
                    ),
                    expected=Message("an outline of its own for every village"),
                    remedy=Message("delete the copies, or keep one level with where="),
                ),
            )
            for rows in shapes[shapes.duplicated(keep=False)].groupby(shapes).groups.values()
        ]
    )


def _overlaps(frame: gpd.GeoDataFrame) -> tuple[list[Message], tuple[str, ...]]:
    """Note villages that cover one another by more than 1 % of the smaller; name all that overlap.

    Shares of areas are the same in every unit, so they are taken in the layer's own CRS.
    """
    geometries = np.asarray(frame.geometry.array)
    codes = frame["village_code"].to_numpy()
    areas = shapely.area(geometries)
    left, right = shapely.STRtree(geometries).query(geometries)
    left, right = left[left < right], right[left < right]
    shares = shapely.area(shapely.intersection(geometries[left], geometries[right]))
    shares /= np.minimum(areas[left], areas[right])
    at_all = np.flatnonzero(shares > 0.0)
    overlapping = tuple(codes[np.unique(np.concatenate([left[at_all], right[at_all]]))])
    over = np.flatnonzero(shares > _OVERLAP_SHARE)
    if not over.size:
        return [], overlapping
    worst = over[np.argsort(-shares[over], kind="stable")]
    pairs = "; ".join(
        f"{codes[left[pair]]} and {codes[right[pair]]} {shares[pair]:.0%}"
        for pair in worst[:_PAIRS_NAMED]
    )
    nested = int((shares > _NESTED_SHARE).sum())
    note = (
        Message(
            "{file}: {count} pairs of villages overlap, {nested} of them by more than half of the "
            "smaller: people there are divided among them. Two levels (kecamatan and desa) may be "
            "mixed; keep one with where=. {pairs}",
            file=file_name(frame),
            count=over.size,
            nested=nested,
            pairs=pairs,
        )
        if nested
        else Message(
            "{file}: {count} pairs of villages overlap; people there are divided among them. "
            "{pairs}",
            file=file_name(frame),
            count=over.size,
            pairs=pairs,
        )
    )
    return [note], overlapping
