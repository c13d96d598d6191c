"""Hazard polygons: which class each feature has, and one area per class without overlaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from resilience_geo.errors import (
    ColumnError,
    InputError,
    Message,
    Problem,
    UnitError,
    raise_problems,
)
from resilience_geo.hazard_classes import (
    CLASS_NAMES,
    FIVE_CLASS_CODES,
    HIGH,
    KLSGTN_CODES,
    LOW,
    MEDIUM,
    THREE_CLASS_CODES,
    UNKNOWN,
    class_of_text,
    classify,
)
from resilience_geo.inputs.features import (
    Found,
    clean_geometry,
    columns_like,
    file_name,
    given_column,
    listed,
    numbers,
    rows_text,
    texts,
)
from resilience_geo.inputs.vectors import POLYGONS, read_layer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

_CLASS_COLUMNS = (
    "hazard_class",
    "kelas_bahaya",
    "kelas_*",
    "kelas",
    "class",
    "klsgtn",
    "bahaya",
    "tingkat*",
    "kerentanan*",
    "kerawanan*",
    "REMARK",
    "NAMOBJ",
    "zona*",
    "keterangan",
    "hazard",
    "level",
    "gridcode",
)
_VALUE_COLUMNS: dict[str, tuple[str, ...]] = {
    "m": ("depth_m", "depth", "kedalaman*", "tinggi_genangan*", "genangan*"),
    "cm": ("depth_cm", "depth", "kedalaman*", "tinggi_genangan*", "genangan*"),
    "index": ("index", "indeks", "indeks_*", "hazard_index", "skor", "score", "risk"),
}


def read_hazard_layer(
    path: str | Path, layer: str | None
) -> tuple[gpd.GeoDataFrame, list[Message]]:
    """Read a polygon layer and make its geometries valid.

    Returns
    -------
    frame : GeoDataFrame
        The features, valid.
    notes : list of Message
        What was chosen and repaired.
    """
    frame = read_layer(path, layer=layer, wanted=POLYGONS)
    attributes = frame.attrs
    frame, repaired, problems = clean_geometry(frame, POLYGONS)
    raise_problems(problems)
    return frame, [*attributes["notes"], *repaired]


def classes_by_values(
    frame: gpd.GeoDataFrame,
    cuts: tuple[float, float, float],
    *,
    unit: str,
    column: str | None,
    checked_index: bool,
    notes: list[Message],
) -> NDArray[np.uint8]:
    """Classify features by a number each has.

    Parameters
    ----------
    frame
        The features.
    cuts
        Lower bounds of low, medium and high in the unit of the column.
    unit
        "m", "cm" or "index"; decides which columns are looked for.
    column
        Column, if the caller named one.
    checked_index
        Whether the numbers must lie between 0 and 1.
    notes
        Takes what was chosen.

    Raises
    ------
    ColumnError
        No column, or more than one, could hold the numbers.
    InputError, UnitError
        Cells that are no numbers, or no index.
    """
    column = (
        given_column(frame, column, "class_column")
        if column is not None
        else _value_column(frame, unit, notes)
    )
    values, problems = numbers(frame, column, option="class_column", unit=unit)
    raise_problems(problems)
    valid = np.isfinite(values)
    if checked_index and (values[valid] > 1).any():
        raise UnitError(
            Problem(
                file=file_name(frame),
                column=column,
                row=int(frame.index[np.flatnonzero(valid & (values > 1))[0]]),
                found=Message("values up to {most:g}", most=values[valid].max()),
                expected=Message("an index between 0 and 1"),
                remedy=Message(
                    "give three cut points in the unit of the column: classes=(low, medium, high)"
                ),
            )
        )
    _note_empty(frame, column, ~valid, notes)
    return classify(values, valid, cuts)


def _value_column(frame: gpd.GeoDataFrame, unit: str, notes: list[Message]) -> str:
    """Return the column that holds the numbers."""
    numeric = [
        str(column)
        for column in frame.columns
        if column != frame.geometry.name and np.issubdtype(_dtype(frame, column), np.number)
    ]
    likely = columns_like(frame, _VALUE_COLUMNS[unit]) or (numeric if len(numeric) == 1 else [])
    if likely:
        notes.append(
            Message("{file}: values are of {column}", file=file_name(frame), column=likely[0])
        )
        return likely[0]
    raise _no_column(frame, Message("a column of numbers in {unit}", unit=unit))


def _dtype(frame: gpd.GeoDataFrame, column: Any) -> Any:
    """Return the dtype of a column as numpy knows it, object for the others."""
    dtype = frame[column].dtype
    return dtype if isinstance(dtype, np.dtype) else np.dtype(object)


def classes_by_words(
    frame: gpd.GeoDataFrame,
    mapping: Mapping[str, int] | None,
    *,
    column: str | None,
    notes: list[Message],
) -> NDArray[np.uint8]:
    """Classify features by words ("Tinggi", "Very high") or codes (1..3, 1..5, KLSGTN).

    Parameters
    ----------
    frame
        The features.
    mapping
        Text of a cell to class, lower case; goes before the words known.
    column
        Column, if the caller named one.
    notes
        Takes what was chosen and how it was read.

    Raises
    ------
    ColumnError
        No column holds classes.
    InputError
        Words or codes that say no class, each with its rows.
    """
    if column is not None:
        column = given_column(frame, column, "class_column")
    else:
        column = _class_column(frame, mapping)
        notes.append(
            Message("{file}: classes are of {column}", file=file_name(frame), column=column)
        )
    cells = texts(frame[column])
    known, how = _understood(column, set(cells) - {""}, mapping, name=file_name(frame))
    notes += how
    strange = [word for word in dict.fromkeys(cells) if word and word not in known]
    raise_problems(
        listed([_strange_word(frame, column, word, frame.index[cells == word]) for word in strange])
    )
    _note_empty(frame, column, cells == "", notes)
    return np.array([known.get(cell, UNKNOWN) for cell in cells], dtype=np.uint8)


def _class_column(frame: gpd.GeoDataFrame, mapping: Mapping[str, int] | None) -> str:
    """Return the column of classes: a likely one of which most is understood, or one all is."""
    name = file_name(frame)
    likely = columns_like(frame, _CLASS_COLUMNS)
    best, best_share = None, 0.5
    for column in likely:
        words = set(texts(frame[column])) - {""}
        share = len(_understood(column, words, mapping, name=name)[0]) / len(words)
        if share > best_share:
            best, best_share = column, share
    for column in (name for name in frame.columns if name != frame.geometry.name):
        words = set(texts(frame[column])) - {""}
        if best is not None or column in likely or not words or _all_digits(words):
            continue  # a number column of any other name may count anything
        known, _ = _understood(column, words, mapping, name=name)
        if words <= set(known) and set(known.values()) & {LOW, MEDIUM, HIGH}:
            best = str(column)
    if best is None:
        raise _no_column(frame, Message("a column of hazard classes: words, or codes 1..3 or 1..5"))
    return best


def _understood(
    column: str, words: set[str], mapping: Mapping[str, int] | None, *, name: str
) -> tuple[dict[str, int], list[Message]]:
    """Return the class of each word that says one, and how bare codes were read."""
    if mapping is None and _all_digits(words):
        codes = {int(word) for word in words}
        table, how = codes_read(codes, name=name, klsgtn=column.lower().startswith("klsgtn"))
        return {word: table[int(word)] for word in words if int(word) in table}, [how]
    given = mapping or {}
    known = {word: given[word.lower()] for word in words if word.lower() in given}
    for word in words - set(known):
        hazard_class = None if word.isdigit() else class_of_text(word)
        if hazard_class is not None:
            known[word] = hazard_class
    return known, []


def _all_digits(words: set[str]) -> bool:
    """Return whether there are words and all are whole numbers."""
    return bool(words) and all(word.isdigit() for word in words)


def codes_read(
    codes: set[int], *, name: str, klsgtn: bool = False
) -> tuple[dict[int, int], Message]:
    """Return the table by which bare codes are read, and a note that says so.

    Parameters
    ----------
    codes
        All codes that occur.
    name
        File, for the note.
    klsgtn
        Whether they are of the ESDM field KLSGTN.

    Returns
    -------
    table : dict
        Code to class; empty when no table holds all codes.
    note : Message
        How the codes were read.
    """
    if klsgtn:
        return KLSGTN_CODES, Message("{file}: codes were read as KLSGTN of ESDM", file=name)
    if codes <= set(THREE_CLASS_CODES):
        return THREE_CLASS_CODES, Message(
            "{file}: codes were read as three classes (1 low, 2 medium, 3 high); a part of a "
            "five-class map that holds only 1 to 3 would be read too high",
            file=name,
        )
    if codes <= set(FIVE_CLASS_CODES):
        return FIVE_CLASS_CODES, Message(
            "{file}: codes were read as five classes (1 and 2 low, 3 medium, 4 and 5 high)",
            file=name,
        )
    return {}, Message("{file}: codes were not understood", file=name)


def _strange_word(frame: gpd.GeoDataFrame, column: str, word: str, rows: Any) -> Found:
    """Return the problem of a word that says no class."""
    return InputError, Problem(
        file=file_name(frame),
        layer=frame.attrs.get("layer"),
        column=column,
        row=rows_text(rows),
        found=Message("{word}, which says no hazard class", word=repr(word)),
        expected=Message("a word or code for one of {names}", names=", ".join(CLASS_NAMES)),
        remedy=Message("say what it means with classes=, a mapping of text to class name"),
    )


def _no_column(frame: gpd.GeoDataFrame, expected: Message) -> ColumnError:
    """Return the error for a layer without a column that fits."""
    columns = [str(column) for column in frame.columns if column != frame.geometry.name]
    return ColumnError(
        Problem(
            file=file_name(frame),
            layer=frame.attrs.get("layer"),
            found=Message("the columns {names}", names=", ".join(columns) or "(none)"),
            expected=expected,
            remedy=Message(
                "name it with class_column=, with classes= where its words or numbers need it"
            ),
        )
    )


def _note_empty(
    frame: gpd.GeoDataFrame, column: str, empty: NDArray[np.bool_], notes: list[Message]
) -> None:
    """Note features without a class; they are unknown."""
    if empty.any():
        notes.append(
            Message(
                "{file}: {count} features without a value in {column} are of unknown hazard "
                "(rows {rows})",
                file=file_name(frame),
                count=int(empty.sum()),
                column=column,
                rows=rows_text(frame.index[empty]),
            )
        )
