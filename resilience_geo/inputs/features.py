"""The rows of a vector layer: its columns, its values, and geometries fit for computing."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from resilience_geo.errors import (
    ColumnError,
    InputError,
    Message,
    Problem,
    ResilienceGeoError,
)
from resilience_geo.inputs.village_codes import clean_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

Found = tuple[type[ResilienceGeoError], Problem]
"""An error class and the problem that deserves it, as `raise_problems` takes them."""

_ROWS_LISTED = 20
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([.,]\d{3})+")


def file_name(frame: gpd.GeoDataFrame) -> str:
    """Return the name of the file a layer was read from, for messages."""
    return Path(str(frame.attrs.get("source", ""))).name


def listed(found: Sequence[Found], most: int = _ROWS_LISTED) -> list[Found]:
    """Return the first problems of one sort, and one more that counts the rest."""
    if len(found) <= most:
        return list(found)
    kind, last = found[most]
    rest = Message("{count} more rows with the same problem", count=len(found) - most)
    return [*found[:most], (kind, dataclasses.replace(last, found=rest, row=None))]


def rows_text(rows: Iterable[object], most: int = 10) -> str:
    """Return row numbers as text, the first few and a count of the rest."""
    texts = [str(row) for row in rows]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def find_column(frame: gpd.GeoDataFrame, names: Iterable[str]) -> str | None:
    """Return the first column, by the order of `names`, that is there and not empty throughout.

    Upper and lower case are the same; a name may end in `*`.
    """
    columns = columns_like(frame, names)
    return columns[0] if columns else None


def columns_like(frame: gpd.GeoDataFrame, names: Iterable[str]) -> list[str]:
    """Return the columns that fit, by the order of `names`, without those that are all empty."""
    attributes = [column for column in frame.columns if column != frame.geometry.name]
    fitting: list[str] = []
    for name in names:
        pattern = re.compile(re.escape(name).replace(r"\*", ".*"), re.IGNORECASE)
        fitting += [
            column
            for column in attributes
            if column not in fitting
            and pattern.fullmatch(str(column))
            and (texts(frame[column]) != "").any()
        ]
    return fitting


def given_column(frame: gpd.GeoDataFrame, name: str, option: str) -> str:
    """Return the column a caller named; its case may differ where that is clear.

    Raises
    ------
    ColumnError
        There is no such column.
    """
    attributes = [str(column) for column in frame.columns if column != frame.geometry.name]
    if name in attributes:
        return name
    alike = [column for column in attributes if column.lower() == name.lower()]
    if len(alike) == 1:
        return alike[0]
    raise ColumnError(
        Problem(
            file=file_name(frame),
            layer=frame.attrs.get("layer"),
            column=name,
            found=Message("the columns {names}", names=", ".join(attributes) or "(none)"),
            expected=Message("a column {name}", name=name),
            remedy=Message("name one of them with {option}=", option=option),
        )
    )


def texts(values: pd.Series[Any]) -> NDArray[np.object_]:
    """Return values as text without blanks around it; empty where there is none."""
    return np.array([clean_code(value) for value in values], dtype=object)


def numbers(
    frame: gpd.GeoDataFrame, column: str, *, option: str, unit: str
) -> tuple[NDArray[np.float64], list[Found]]:
    """Read a column of numbers that may not be negative; empty cells become NaN.

    Parameters
    ----------
    frame
        Layer whose index counts the rows of its file.
    column
        Column to read.
    option
        Option of the reading function that chooses the column, for the remedy.
    unit
        What is counted, for the message: "people", "m2".

    Returns
    -------
    values : ndarray
        One per row, NaN where the cell is empty or wrong.
    problems : list
        One per row that holds something else. Text with a separator for thousands ("1.200") is
        refused, because it cannot be told from a decimal fraction.
    """
    values = np.full(len(frame), np.nan)
    found: list[Found] = []
    for position, (row, raw) in enumerate(zip(frame.index, frame[column], strict=True)):
        text = "" if raw is None or raw is pd.NA else str(raw).strip()
        if text == "" or (isinstance(raw, float) and math.isnan(raw)):
            continue
        number = _number(raw, text)
        if number is not None and 0 <= number < math.inf:
            values[position] = number
            continue
        remedy = (
            Message("write it without a separator for thousands: 1200, not 1.200")
            if isinstance(raw, str) and _THOUSANDS.fullmatch(text)
            else Message(
                "correct the cell, empty it if the number is not known, or choose another column "
                "with {option}=",
                option=option,
            )
        )
        problem = Problem(
            file=file_name(frame),
            layer=frame.attrs.get("layer"),
            column=column,
            row=_plain_row(row),
            found=Message("{value}", value=repr(text)),
            expected=Message("a number of {unit}, 0 or more, or an empty cell", unit=unit),
            remedy=remedy,
        )
        found.append((InputError, problem))
    return values, listed(found)


def _number(raw: object, text: str) -> float | None:
    """Return a cell as a number; None where it is none, or could be read in two ways."""
    if isinstance(raw, (bool, np.bool_)):
        return None
    if isinstance(raw, str) and _THOUSANDS.fullmatch(text):
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _plain_row(row: Any) -> int | str:
    """Return a row label as a plain number or text."""
    return int(row) if isinstance(row, (int, np.integer)) else str(row)


def clean_geometry(
    frame: gpd.GeoDataFrame, wanted: frozenset[str]
) -> tuple[gpd.GeoDataFrame, list[Message], list[Found]]:
    """Make geometries two-dimensional and valid, and list the rows that cannot be used.

    Parameters
    ----------
    frame
        Layer whose index counts the rows of its file.
    wanted
        Geometry types that are accepted.

    Returns
    -------
    frame : GeoDataFrame
        The same rows; polygons valid, with polygonal parts only, without Z.
    notes : list of Message
        What was repaired, and in which rows.
    problems : list
        Rows without geometry, of another type, or without area.
    """
    name = file_name(frame)
    geometries = np.asarray(frame.geometry.array, dtype=object)
    notes: list[Message] = []
    if shapely.has_z(geometries).any():
        geometries = shapely.force_2d(geometries)
        notes.append(Message("{file}: heights (Z) of the geometries were dropped", file=name))
    missing = shapely.is_missing(geometries) | shapely.is_empty(geometries)
    kinds = np.array(["" if one is None else one.geom_type for one in geometries], dtype=object)
    strange = ~missing & ~np.isin(kinds, sorted(wanted))
    broken = ~missing & ~strange & ~shapely.is_valid(geometries)
    geometries = geometries.copy()
    geometries[broken] = polygonal(
        shapely.make_valid(geometries[broken], method="structure", keep_collapsed=False)
    )
    surfaces = ~missing & ~strange & np.isin(kinds, ["Polygon", "MultiPolygon"])
    flat = surfaces & (shapely.area(geometries) <= 0)
    if (broken & ~flat).any():
        notes.append(
            Message(
                "{file}: {count} invalid geometries were repaired (rows {rows})",
                file=name,
                count=int((broken & ~flat).sum()),
                rows=rows_text(frame.index[broken & ~flat]),
            )
        )
    expected = Message("{types}", types=" or ".join(sorted(wanted)))
    problems = [
        *_geometry_problems(frame, missing, lambda _: Message("no geometry"), expected),
        *_geometry_problems(
            frame, strange, lambda row: Message("a {kind}", kind=kinds[row]), expected
        ),
        *_geometry_problems(frame, flat, lambda _: Message("a polygon without area"), expected),
    ]
    return _with_geometry(frame, geometries), notes, problems


def _with_geometry(frame: gpd.GeoDataFrame, geometries: NDArray[Any]) -> gpd.GeoDataFrame:
    """Return the frame with other geometries in its own CRS."""
    changed = frame.copy()
    changed[frame.geometry.name] = type(frame.geometry)(
        geometries, index=frame.index, crs=frame.crs
    )
    return changed


def _geometry_problems(
    frame: gpd.GeoDataFrame,
    rows: NDArray[np.bool_],
    found: Callable[[int], Message],
    expected: Message,
) -> list[Found]:
    """Return one problem per marked row; `found` says what is there, by position."""
    return listed(
        [
            (
                InputError,
                Problem(
                    file=file_name(frame),
                    layer=frame.attrs.get("layer"),
                    column=frame.geometry.name,
                    row=_plain_row(frame.index[position]),
                    found=found(int(position)),
                    expected=expected,
                    remedy=Message("draw the feature again, or delete it from the layer"),
                ),
            )
            for position in np.flatnonzero(rows)
        ]
    )


def polygonal(geometries: NDArray[Any]) -> NDArray[Any]:
    """Return the polygonal part of each geometry; an empty polygon where there is none."""
    result = np.asarray(geometries, dtype=object).copy()
    for position, geometry in enumerate(result):
        if geometry is None or geometry.geom_type in {"Polygon", "MultiPolygon"}:
            continue
        parts = [
            part
            for part in shapely.get_parts(np.array([geometry], dtype=object))
            if part.geom_type in {"Polygon", "MultiPolygon"}
        ]
        result[position] = shapely.union_all(parts) if parts else shapely.Polygon()
    return result
