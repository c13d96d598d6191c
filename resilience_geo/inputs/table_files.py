"""Reading a table without geometry: CSV, Excel, or the rows of any layer GDAL knows.

Cells of CSV and Excel stay text, because a code of ten digits is no number and "1.200" can be read
in two ways; who reads a column decides what it holds.
"""

from __future__ import annotations

import csv
import io
import os
import re
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from resilience_geo.errors import (
    ColumnError,
    InputError,
    InputFileError,
    Message,
    Problem,
    raise_problems,
)
from resilience_geo.inputs.features import Found, listed, texts
from resilience_geo.inputs.made_up import table_notes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TEXT_FILES = frozenset({".csv", ".tsv", ".txt"})
# GDAL would otherwise guess whether there is a heading, and make numbers of codes. Options of the
# single file do not reach its last sheet (seen with GDAL 3.12), so they are set for GDAL.
_AS_TEXT = {
    "OGR_XLSX_HEADERS": "FORCE",
    "OGR_XLSX_FIELD_TYPES": "STRING",
    "OGR_ODS_HEADERS": "FORCE",
    "OGR_ODS_FIELD_TYPES": "STRING",
}
_DELIMITERS = (",", ";", "\t", "|")
_UNREADABLE = (DataSourceError, DataLayerError, FeatureError, OSError, ValueError)


def read_table(path: str | Path, *, layer: str | None = None) -> gpd.GeoDataFrame:
    """Read a table as it is in the file; cells are not judged yet.

    Parameters
    ----------
    path
        CSV (comma, semicolon, tab or bar; UTF-8 with or without a mark, UTF-16, or Windows
        cp1252), .xlsx, .ods, or any file of layers GDAL reads. The first row holds the names of
        the columns.
    layer
        Sheet or layer, where the file has several.

    Returns
    -------
    GeoDataFrame
        Rows that are not empty throughout, columns of the file and a `geometry` of nothing, so
        that what judges the rows of a layer judges these. Index: row below the heading, from 0.
        `attrs["source"]` the path, `attrs["layer"]` the sheet or layer, `attrs["notes"]` a tuple
        of messages.

    Raises
    ------
    InputFileError
        The file is missing or cannot be read.
    InputError
        Rows longer or shorter than the heading, no row at all, or several sheets.
    ColumnError
        Columns of the same name.
    """
    path = Path(path)
    # Path.exists raises where a path cannot even be looked up; such a file is not there.
    if not os.path.exists(path):  # noqa: PTH110
        raise InputFileError(
            Problem(
                file=path.name or str(path),
                found=Message("no file at {path}", path=path),
                expected=Message("a table: CSV or Excel (.xlsx)"),
                remedy=Message("correct the path"),
            )
        )
    notes: list[Message] = []
    chosen = None
    if path.suffix.lower() in _TEXT_FILES:
        frame = _csv_rows(path, _decoded(path, notes))
    else:
        chosen = _layer_of(path, layer)
        frame = _layer_rows(path, chosen, notes)
    filled = np.zeros(len(frame), dtype=bool)
    for column in frame.columns:
        filled |= texts(frame[column]) != ""
    frame = frame[filled]
    if frame.empty:
        raise InputError(
            Problem(
                file=path.name,
                layer=chosen,
                found=Message("no rows"),
                expected=Message("a heading, and at least one row below it"),
                remedy=Message("export the table again"),
            )
        )
    nothing = gpd.array.from_shapely(np.full(len(frame), None, dtype=object))
    table = gpd.GeoDataFrame(frame, geometry=nothing)
    notes += table_notes(frame)
    table.attrs = {"source": str(path), "layer": chosen, "notes": tuple(notes)}
    return table


def _decoded(path: Path, notes: list[Message]) -> str:
    """Return the text of a file in whichever of the usual encodings it is."""
    try:
        raw = path.read_bytes()
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            return raw.decode("utf-16")
        if b"\0" in raw:
            raise _unreadable(path, ValueError("not text"))
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("cp1252")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    notes.append(
        Message(
            "{file}: its text is not {encoding}; read with another encoding",
            file=path.name,
            encoding="UTF-8",
        )
    )
    return text


def _csv_rows(path: Path, text: str) -> pd.DataFrame:
    """Return the rows of a CSV as text."""
    first, _, rest = text.partition("\n")
    if re.fullmatch(r"sep=.\r?", first, re.IGNORECASE):
        text = rest  # a line that Excel writes for itself
    try:
        heading = next(filter(str.strip, text.splitlines()), "")
        delimiter = max(
            _DELIMITERS, key=lambda one: len(next(csv.reader([heading], delimiter=one)))
        )
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = list(lines) if heading else []
    except csv.Error as error:
        raise _unreadable(path, error) from error
    while rows and not any(map(str.strip, rows[0])):
        rows = rows[1:]
    names = [name.strip() for name in rows[0]] if rows else []
    _check_heading(path, names)
    width = len(names)
    problems: list[Found] = [
        (
            InputError,
            Problem(
                file=path.name,
                row=number,
                found=Message("{count} cells", count=len(row)),
                expected=Message("{count} cells, as in the heading", count=width),
                remedy=Message("correct the row; text that holds the separator needs quotes"),
            ),
        )
        for number, row in enumerate(rows[1:])
        if any(map(str.strip, row)) and len(row) != width
    ]
    raise_problems(listed(problems))
    cells = [row if len(row) == width else [""] * width for row in rows[1:]]
    frame = pd.DataFrame(cells, columns=names, dtype=object)
    # Spreadsheets end their lines with separators for columns that were emptied.
    return frame[[name for name in names if name]]


def _check_heading(path: Path, names: Sequence[str]) -> None:
    """Refuse columns of the same name."""
    twice = sorted({name for name in names if name and names.count(name) > 1})
    raise_problems(
        (
            ColumnError,
            Problem(
                file=path.name,
                column=name,
                found=Message("{count} columns of this name", count=names.count(name)),
                expected=Message("columns with names of their own"),
                remedy=Message("rename or delete one of them"),
            ),
        )
        for name in twice
    )


def _layer_of(path: Path, layer: str | None) -> str:
    """Return the sheet or layer that is meant."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said again, and kept, when the layer is read
            names = [str(name) for name, _ in pyogrio.list_layers(path)]
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    if layer is None and len(names) == 1:
        return names[0]
    if layer is not None and layer in names:
        return layer
    raise InputError(
        Problem(
            file=path.name,
            layer=layer,
            found=Message("the layers {names}", names=", ".join(names) or "(none)"),
            expected=Message("one sheet or layer, or a choice"),
            remedy=Message("name one of them with layer="),
        )
    )


def _layer_rows(path: Path, layer: str, notes: list[Message]) -> pd.DataFrame:
    """Return the rows of a sheet, as text, or of a layer, without its geometry."""
    try:
        with _cells_as_text(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            frame = pyogrio.read_dataframe(path, layer=layer, read_geometry=False)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    said = dict.fromkeys(str(warning.message) for warning in caught)
    notes.extend(Message("{file}: {text}", file=path.name, text=text) for text in said)
    return pd.DataFrame(frame).rename(columns=lambda name: str(name).strip())


@contextmanager
def _cells_as_text() -> Iterator[None]:
    """Let GDAL read spreadsheets as text below a heading, and as before when this is left."""
    before = {name: pyogrio.get_gdal_config_option(name) for name in _AS_TEXT}
    pyogrio.set_gdal_config_options(_AS_TEXT)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _unreadable(path: Path, error: Exception) -> InputFileError:
    """Return the error for a file that is no table."""
    reason = " ".join(str(error).split(".; It might help")[0].split())
    return InputFileError(
        Problem(
            file=path.name,
            found=Message(
                "a file that cannot be read ({reason})", reason=reason or type(error).__name__
            ),
            expected=Message("a table: CSV or Excel (.xlsx)"),
            remedy=Message("open it in a spreadsheet and save it as CSV (UTF-8)"),
        )
    )
