"""Reading how many people of each village are small children, old, disabled or pregnant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.errors import (
    Message,
    ResilienceGeoError,
    raise_problems,
)
from resilience_geo.inputs.features import (
    Found,
    file_name,
    given_column,
    listed,
    rows_text,
    texts,
)
from resilience_geo.inputs.table_files import read_table
from resilience_geo.inputs.village_codes import code_system
from resilience_geo.inputs.village_columns import village_codes
from resilience_geo.inputs.vulnerable_columns import (
    VULNERABLE_GROUPS,
    GroupColumn,
    group_columns,
    group_numbers,
    problem_at,
)
from resilience_geo.tables import village_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

_LARGEST = {"percent": 100.0, "share": 1.0}
_SCIENTIFIC = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")
# A column of people that comes to less than this part of the national share is pointed out.
_STRANGELY_FEW = 0.1
_CODES_NAMED = 5


def read_vulnerable(
    path: str | Path,
    villages: gpd.GeoDataFrame | None = None,
    *,
    layer: str | None = None,
    code_column: str | None = None,
) -> pd.DataFrame:
    """Read the vulnerable groups of each village as shares of its people.

    Columns are found by their names, Indonesian or English: balita, lansia, penyandang
    disabilitas or difabel, ibu hamil, jumlah penduduk. A name says what a column holds: percent
    where it has persen, pct or %, shares (0 to 1) where it has share or proporsi, else people,
    which become shares of the column of all people. Where a file has a group twice, the people
    count.

    Parameters
    ----------
    path
        Table with one row per village: CSV (comma or semicolon) or Excel (.xlsx), or a layer of
        any file GDAL reads. The first row holds the names of the columns.
    villages
        From `read_villages`; codes are held against it.
    layer
        Sheet or layer, where the file has several.
    code_column
        Column of the village code; left out, the columns `read_villages` knows are looked for.

    Returns
    -------
    pandas.DataFrame
        Index `village_code` (text), in the order of the file; columns `children_under_5`,
        `elderly` (60 years and older), `disabled`, `pregnant`: shares of the people of the
        village, 0 to 1, NaN where the file does not say; `people_total` (people) where it has
        them. `attrs["source"]` is the file, `attrs["notes"]` a tuple of messages.

    Raises
    ------
    InputFileError
        The file is missing or cannot be read.
    ColumnError
        No column of codes or of any group, or it is not clear what one holds.
    InputError
        Codes that are missing or repeat, cells that are no numbers, groups larger than all
        people, or no village in common with `villages`. All problems are listed at once.
    """
    frame = read_table(path, layer=layer)
    notes: list[Message] = list(frame.attrs["notes"])
    problems: list[Found] = []
    codes = np.array([], dtype=object)
    try:
        codes, code_from = _codes(frame, code_column, notes)
        problems += _code_problems(frame, codes, code_from)
    except ResilienceGeoError as error:
        problems += [(type(error), problem) for problem in error.problems]
        code_from = ""
    total, columns, wrong = group_columns(frame, code_from)
    problems += wrong
    people, wrong = _people(frame, total)
    problems += wrong
    table, wrong = _shares(frame, columns, people, total)
    problems += wrong
    if villages is not None and codes.size:
        known = village_table(villages).index
        problems += _unmatched(frame, codes, known, code_from)
        notes += _village_notes(frame, codes, known)
    raise_problems(problems)
    notes += _column_notes(frame, columns, table, people)
    table.index = pd.Index(codes, name="village_code", dtype="str")
    table.attrs = {"source": frame.attrs["source"], "notes": tuple(notes)}
    return table


def _codes(
    frame: gpd.GeoDataFrame, given: str | None, notes: list[Message]
) -> tuple[NDArray[np.object_], str]:
    """Return the codes of the rows and the column they are from."""
    if given is not None:
        column = given_column(frame, given, "code_column")
        return texts(frame[column]), column
    # "Kode Desa" of a spreadsheet is kode_desa; no name may stand for the code here.
    names = [str(name) for name in frame.columns]
    joined = {name: "_".join(name.split()) for name in names}
    joined = {name: other if other not in names else name for name, other in joined.items()}
    renamed = frame.rename(columns=joined)
    renamed.attrs = frame.attrs
    codes, column = village_codes(renamed, None, np.full(len(frame), "", dtype=object), notes)
    return codes, next(name for name, other in joined.items() if other == column)


def _code_problems(frame: gpd.GeoDataFrame, codes: NDArray[np.object_], column: str) -> list[Found]:
    """List rows without a code, codes that a spreadsheet has spoilt, and codes that repeat."""
    expected = Message("a code of its own in every row")
    one_row = [
        (
            row,
            Message("no code"),
            Message("fill it in, or delete the row if it is a row of totals"),
        )
        if code == ""
        else (
            row,
            Message("{value}", value=repr(code)),
            Message("the spreadsheet made a number of it: format the column as text, type it anew"),
        )
        for row, code in zip(frame.index, codes, strict=True)
        if code == "" or _SCIENTIFIC.fullmatch(code)
    ]
    found = [
        problem_at(frame, column, row, what, expected, remedy) for row, what, remedy in one_row
    ]
    counts = pd.Series(codes, index=frame.index)
    repeated = counts[counts.duplicated(keep=False) & (counts != "")]
    double = [
        problem_at(
            frame,
            column,
            rows_text(rows),
            Message("code {code} in {count} rows", code=code, count=len(rows)),
            expected,
            Message("delete the row that is wrong, or correct its code"),
        )
        for code, rows in repeated.groupby(repeated, sort=False).groups.items()
    ]
    return listed(found) + listed(double)


def _people(
    frame: gpd.GeoDataFrame, total: str | None
) -> tuple[NDArray[np.float64] | None, list[Found]]:
    """Return all people of each village; None where the file has no column of them."""
    return (None, []) if total is None else group_numbers(frame, total, "people")


def _shares(
    frame: gpd.GeoDataFrame,
    columns: Sequence[GroupColumn],
    people: NDArray[np.float64] | None,
    total: str | None,
) -> tuple[pd.DataFrame, list[Found]]:
    """Return the shares of the groups, and every cell that cannot be one."""
    table = pd.DataFrame(np.nan, index=frame.index, columns=list(VULNERABLE_GROUPS))
    counts: dict[str, NDArray[np.float64]] = {}
    problems: list[Found] = []
    for column in columns:
        values, wrong = group_numbers(frame, column.name, column.measure)
        if people is not None and column.measure == "people":
            counts[column.name] = values
            wrong += _wrong_counts(frame, column.name, values, people, total)
            values = np.divide(values, people, out=np.full(len(frame), np.nan), where=people > 0)
        else:
            wrong += _wrong_parts(frame, column, values)
            values = values / _LARGEST[column.measure]
        table[column.group] = values
        problems += wrong
    if people is not None:
        table["people_total"] = people
        problems += _total_of_groups(frame, counts, people, total)
    return table, problems + _more_than_all(frame, table, columns)


def _wrong_counts(
    frame: gpd.GeoDataFrame,
    column: str,
    values: NDArray[np.float64],
    people: NDArray[np.float64],
    total: str | None,
) -> list[Found]:
    """List counts that are not whole, larger than all people, or beside an unknown total."""
    found: list[Found] = []
    for row, value, everyone in zip(frame.index, values, people, strict=True):
        if np.isnan(value):
            continue
        if value != np.floor(value):
            expected = Message("whole people")
            remedy = Message(
                "if it is percent or a share, say it in the name: persen_{name} or share_{name}",
                name=column,
            )
        elif np.isnan(everyone):
            expected = Message("a number in {column} too", column=total)
            remedy = Message("fill in {column}, or empty this cell", column=total)
        elif value > everyone:
            expected = Message(
                "at most the {people} of {column}", people=f"{everyone:.10g}", column=total
            )
            remedy = Message("correct the number that is wrong")
        else:
            continue
        what = Message("{value} people", value=f"{value:.10g}")
        found.append(problem_at(frame, column, row, what, expected, remedy))
    return listed(found)


def _wrong_parts(
    frame: gpd.GeoDataFrame, column: GroupColumn, values: NDArray[np.float64]
) -> list[Found]:
    """List percent and shares that are too large, and percent that may be shares."""
    some = values[values > 0]
    if column.measure == "percent" and some.size and (some <= 1).all():
        return [
            problem_at(
                frame,
                column.name,
                None,
                Message("no value above {value:g}", value=some.max()),
                Message("percent, of which some are above 1"),
                Message(
                    "if they are shares (0.08 for 8 %), say share_ in the name; if they are "
                    "percent, give people or shares"
                ),
            )
        ]
    largest = _LARGEST[column.measure]
    return listed(
        [
            problem_at(
                frame,
                column.name,
                row,
                Message("{value}", value=f"{value:.10g}"),
                Message("at most {value:g}", value=largest),
                Message("correct the cell, or say in the column's name what it holds"),
            )
            for row, value in zip(frame.index, values, strict=True)
            if value > largest
        ]
    )


def _total_of_groups(
    frame: gpd.GeoDataFrame,
    counts: dict[str, NDArray[np.float64]],
    people: NDArray[np.float64],
    total: str | None,
) -> list[Found]:
    """Refuse a total that is the sum of the groups everywhere, not of all people."""
    if len(counts) < 2 or np.isnan(people).any():  # noqa: PLR2004  # a sum needs two
        return []
    together = np.nansum(list(counts.values()), axis=0)
    if not together.any() or not np.array_equal(together, people):
        return []
    return [
        problem_at(
            frame,
            total,
            None,
            Message("the sum of {names} in every row", names=", ".join(counts)),
            Message("all people of the village"),
            Message("add a column jumlah_penduduk with all people"),
        )
    ]


def _more_than_all(
    frame: gpd.GeoDataFrame, table: pd.DataFrame, columns: Sequence[GroupColumn]
) -> list[Found]:
    """List rows whose groups, each of them possible, are together more than all people."""
    shares = table[list(VULNERABLE_GROUPS)].to_numpy()
    together = np.nansum(shares, axis=1)
    each = (np.nan_to_num(shares) <= 1).all(axis=1)
    return listed(
        [
            problem_at(
                frame,
                ", ".join(column.name for column in columns),
                row,
                Message("{percent:g} % of the people in all groups together", percent=100 * value),
                Message("at most all people"),
                Message("correct the number that is wrong"),
            )
            for row, value in zip(frame.index[each], together[each], strict=True)
            if value > 1 + 1e-9
        ]
    )


def _unmatched(
    frame: gpd.GeoDataFrame, codes: NDArray[np.object_], known: pd.Index[Any], column: str
) -> list[Found]:
    """Refuse a table of which no code is that of a village, with a guess at why."""
    if known.isin(codes).any():
        return []
    table, villages = _system(codes), _system(known)
    if {table, villages} == {"kemendagri", "bps"}:
        remedy = Message(
            "one side has Kemendagri codes, the other BPS codes, which cannot be turned into one "
            "another: take the column of the other system with code_column="
        )
    elif {table, villages} == {"kemendagri", "ambiguous"}:
        remedy = Message(
            "ten digits without dots may be of Kemendagri or of BPS: write Kemendagri codes with "
            "their dots (99.01.01.2001), or take the column of the other system with code_column="
        )
    else:
        remedy = Message("take another column with code_column=, or the table of these villages")
    return [
        problem_at(
            frame,
            column,
            rows_text(frame.index),
            Message("the codes {codes}", codes=rows_text(codes, _CODES_NAMED)),
            Message("codes of the villages: {codes}", codes=rows_text(known, _CODES_NAMED)),
            remedy,
        )
    ]


def _system(codes: Iterable[str]) -> str:
    """Return the one system all codes are of, or "mixed"."""
    systems = {code_system(code) for code in codes if code}
    return systems.pop() if len(systems) == 1 else "mixed"


def _village_notes(
    frame: gpd.GeoDataFrame, codes: NDArray[np.object_], known: pd.Index[Any]
) -> list[Message]:
    """Note rows of other places, and villages the table lacks."""
    notes = []
    strange = [code for code in codes if code not in known]
    if strange:
        notes.append(
            Message(
                "{file}: {count} codes are of no village of the plan: {codes}",
                file=file_name(frame),
                count=len(strange),
                codes=rows_text(strange, _CODES_NAMED),
            )
        )
    lacking = known[~known.isin(codes)]
    if len(lacking):
        notes.append(
            Message(
                "{file}: {count} villages are not in it: {codes}",
                file=file_name(frame),
                count=len(lacking),
                codes=rows_text(lacking, _CODES_NAMED),
            )
        )
    return notes


def _column_notes(
    frame: gpd.GeoDataFrame,
    columns: Sequence[GroupColumn],
    table: pd.DataFrame,
    people: NDArray[np.float64] | None,
) -> list[Message]:
    """Note which columns were read, which groups lack, and people that look like percent."""
    file = file_name(frame)
    notes = []
    if columns:
        notes.append(
            Message(
                "{file}: the vulnerable groups are of the columns {names}",
                file=file,
                names=", ".join(column.name for column in columns),
            )
        )
    absent = [
        group for group in VULNERABLE_GROUPS if group not in {column.group for column in columns}
    ]
    if absent:
        notes.append(Message("{file}: no column of {groups}", file=file, groups=", ".join(absent)))
    for column in columns:
        if column.measure != "people" or people is None:
            continue
        shares = table[column.group].to_numpy()
        said = ~np.isnan(shares)
        everyone = people[said].sum()
        share = float((shares[said] * people[said]).sum() / everyone) if everyone else 0.0
        national = getattr(EvacuationAssumptions(), f"{column.group}_share")
        if 0 < share < _STRANGELY_FEW * national:
            notes.append(
                Message(
                    "{file}: {column} is {share:.2f} % of the people, the national share "
                    "{national:g} %; check that it holds people, not percent",
                    file=file,
                    column=column.name,
                    share=100 * share,
                    national=100 * national,
                )
            )
    return notes
