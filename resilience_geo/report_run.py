"""A run over many villages as files: one GeoPackage, one spreadsheet, a list of what failed."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_range

from resilience_geo.maps import content, text
from resilience_geo.maps.cells import MOST_ROWS, csv_text, sheet_text
from resilience_geo.maps.geopackage import write_layers
from resilience_geo.maps.run_sheets import as_plan, map_links, run_sheets, run_title
from resilience_geo.maps.run_styles import write_run_styles
from resilience_geo.report_workbook import _FORMATS, _WIDTHS
from resilience_geo.reports import _cannot_write, whole_files
from resilience_geo.tables import village_table

if TYPE_CHECKING:
    import os

    from resilience_geo.maps.run_sheets import Sheet
    from resilience_geo.report_workbook import Column
    from resilience_geo.village_run import VillageRun

RUN_FILES: tuple[str, ...] = ("kabupaten.gpkg", "kabupaten.xlsx", "gagal.csv")
"""The files of a run; the last one is there only when a village failed."""

_FAILURE_COLUMNS = ["village_code", "village_name", "reason"]
_SUM_COLUMN = 2  # below the names
_PLAIN: dict[str, Any] = {**_FORMATS}
_KINDS = {name: _PLAIN[name] for name in _WIDTHS}
_SUM_LOOK = {"bold": True, "top": 2, "bg_color": "#DDE6EE"}
_FAILED_LOOK = {"italic": True, "bg_color": "#D9D9D9"}
_LOOKS: dict[str, dict[str, Any]] = {
    **_PLAIN,
    **{f"sum_{name}": {**look, **_SUM_LOOK} for name, look in _KINDS.items()},
    **{f"failed_{name}": {**look, **_FAILED_LOOK} for name, look in _KINDS.items()},
    "failed_link": _FAILED_LOOK,
    "link": {"font_color": "#0B4F9E", "underline": 1, "valign": "top"},
    "warning": {"bold": True, "font_size": 12, "font_color": "#9C0006"},
}
_NO_ACTING_TEXT = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}
"""Whatever data names stays text: "=1+1" or "http://..." must not act."""


def save_run_tables(
    run: VillageRun, folder: str | os.PathLike[str], *, language: str = "id"
) -> list[Path]:
    """Write the tables of a run: `kabupaten.gpkg`, `kabupaten.xlsx` and, if need be, `gagal.csv`.

    Parameters
    ----------
    run
        The run. Its figures are added up; nothing is computed anew.
    folder
        Made where it is missing, as a rule the one that holds the folders of the villages: links
        in the spreadsheet count from it. Files of the same name are replaced; a `gagal.csv` of an
        earlier run goes away when no village failed.
    language
        Of the spreadsheet and of the legend in QGIS: `id` (Indonesian) or `en`.

    Returns
    -------
    list of pathlib.Path
        The files, in the order of `RUN_FILES`.

    Raises
    ------
    OutputError
        The folder cannot be written; what was there before is still there.
    """
    text.check_language(language)
    target = Path(folder)
    failures = _failures(run, language)
    with whole_files(target) as room:
        _write_geopackage(run, failures, room / RUN_FILES[0], language)
        _write_workbook(run, failures, room / RUN_FILES[1], language)
        if len(failures):
            (room / RUN_FILES[2]).write_bytes(_failure_list(failures))
    if len(failures):
        return [target / name for name in RUN_FILES]
    try:
        (target / RUN_FILES[2]).unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_write(target, error) from error
    return [target / name for name in RUN_FILES[:2]]


def _failures(run: VillageRun, language: str) -> pd.DataFrame:
    """Return where something failed and why, and every village that has neither plan nor reason.

    A village that nobody spoke of has no plan either; it must not vanish.
    """
    known = run.failures.reindex(columns=_FAILURE_COLUMNS).astype(object)
    names = village_table(run.villages)["village_name"]
    spoken_of = [*map(str, run.summary.index), *map(str, known["village_code"])]
    silent = names[~names.index.isin(spoken_of)].reset_index()
    silent["reason"] = text.word("run_no_reason", language)
    table = pd.concat([known, silent.astype(object)], ignore_index=True) if len(silent) else known
    # Reasons may quote the names of files, which hold what no file of ours may.
    return pd.DataFrame(
        {name: [sheet_text(value) for value in table[name]] for name in _FAILURE_COLUMNS},
        dtype=object,
    )


def _failure_list(failures: pd.DataFrame) -> bytes:
    """Return failures as CSV that spreadsheets take for UTF-8 and in which nothing is a formula."""
    page = io.StringIO(newline="")
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerow(failures.columns)
    for row in failures.itertuples(index=False):
        writer.writerow([csv_text(value) for value in row])
    return page.getvalue().encode("utf-8-sig")


def _write_geopackage(run: VillageRun, failures: pd.DataFrame, path: Path, language: str) -> None:
    """Write villages, shelters, unserved people and failures as layers in degrees (EPSG:4326)."""
    stamp = f"{text.word('sample', language)}: {text.word('sample_note', language)} "
    description = (stamp if run.is_sample else "") + run_title(run, language)
    layers: dict[str, pd.DataFrame] = {
        "villages": _village_layer(run, failures),
        "shelters": run.shelters,
        "unserved": run.unserved,
        **({"failed": failures} if len(failures) else {}),
    }
    whole = as_plan(run)
    layers = {name: table for name, table in layers.items() if len(table.columns)}
    write_layers(layers, path, description=description, moment=content.created(whole))
    write_run_styles(whole, path, description, language)


def _village_layer(run: VillageRun, failures: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return every village with its figures; those of one without a plan are missing, not 0."""
    villages = village_table(run.villages)
    codes = villages.index
    figures = as_plan(run).villages.rename(index=str).drop(columns="village_name", errors="ignore")
    whole = [name for name in figures.columns if pd.api.types.is_integer_dtype(figures[name])]
    rank = pd.Series(np.arange(1, len(figures) + 1), index=figures.index, dtype="Int64")
    reasons = failures.drop_duplicates("village_code").set_index("village_code")["reason"]
    links = pd.Series(map_links(run), dtype=object).replace("", None)
    table = pd.DataFrame(
        {
            "village_name": villages["village_name"],
            "status": np.where(codes.isin(figures.index), "planned", "failed"),
            "reason": reasons.reindex(codes),
            "rank": rank.reindex(codes),
            "map": links.reindex(codes),
        },
        index=codes,
    )
    table = table.join(figures.astype(dict.fromkeys(whole, "Int64")))
    return gpd.GeoDataFrame(table, geometry=villages.geometry, crs=villages.crs)


def _write_workbook(run: VillageRun, failures: pd.DataFrame, path: Path, language: str) -> None:
    """Write the spreadsheet; its only formulas are sums and links, both made here."""
    openings = [("title", run_title(run, language))]
    if run.is_sample:
        stamp = f"{text.word('sample', language)}. {text.word('sample_note', language)}"
        openings.insert(0, ("stamp", stamp))
    with xlsxwriter.Workbook(str(path), _NO_ACTING_TEXT) as book:
        created = content.created(as_plan(run)).replace(tzinfo=None)
        book.set_properties({"created": created})
        looks = {name: book.add_format(look) for name, look in _LOOKS.items()}
        for sheet in run_sheets(run, failures, language):
            page = book.add_worksheet(text.word(sheet.term, language))
            row = _write_lines(page, sheet, openings, looks)
            _write_table(page, row, sheet, looks, language)


def _write_lines(
    page: Any, sheet: Sheet, openings: list[tuple[str, str]], looks: dict[str, Any]
) -> int:
    """Write what stands above the table; return the row of its head."""
    warning = [("warning", sheet.warning)] if sheet.warning else []
    lines = [*openings, *warning, *(("plain", line) for line in sheet.lines)]
    for row, (look, line) in enumerate(lines):
        if look == "stamp":  # white letters run on over the next cells: these are black as well
            for number in range(1, len(sheet.columns)):
                page.write_blank(row, number, None, looks[look])
        page.write_string(row, 0, sheet_text(line), looks[look])
    return len(lines) + 1


def _write_table(page: Any, head: int, sheet: Sheet, looks: dict[str, Any], language: str) -> None:
    """Write head, rows and sums of a table, and how the sheet is shown and printed."""
    rows = len(sheet.columns[0].values)
    count = min(rows, MOST_ROWS - head - 1 - bool(sheet.sums))
    if count < rows:
        left = text.number(rows - count, language)
        said = text.word("run_sheet_is_full", language, count=left)
        page.write_string(head - 1, 0, said, looks["warning"])
    below = range(head + 1, head + 1 + count)
    columns = [
        replace(column, values=_link_formulas(column, language))
        if column.kind == "link"
        else column
        for column in sheet.columns
    ]
    for number, column in enumerate(columns):
        page.write_string(head, number, column.head, looks["head"])
        page.set_column(number, number, column.width or _WIDTHS[column.kind])
        _write_column(page, below, number, column, looks, planned=rows - sheet.failed)
    if sheet.sums:
        _write_sums(page, below, sheet, looks)
    page.freeze_panes(head + 1, sheet.across)
    if count:
        page.autofilter(head, 0, head + count, len(sheet.columns) - 1)
    page.set_landscape()
    page.set_paper(sheet.paper)
    page.fit_to_pages(1, 0)
    page.repeat_rows(head)


def _write_column(
    page: Any, rows: range, number: int, column: Column, looks: dict[str, Any], *, planned: int
) -> None:
    """Write the values of a column into rows, those after the planned ones in their own look."""
    kind = column.kind
    missing = pd.isna(pd.Series(list(column.values), dtype=object)).tolist()
    for place, (row, value) in enumerate(zip(rows, column.values, strict=False)):
        group = "" if place < planned else "failed_"
        if missing[place]:
            page.write_blank(row, number, None, looks[group + kind])
        elif isinstance(value, str) or kind == "text":
            page.write_string(row, number, sheet_text(value), looks[f"{group}text"])
        elif kind == "link":
            formula, words = value
            page.write_formula(row, number, formula, looks["link"], words)
        else:
            page.write_number(row, number, float(value), looks[group + kind])


def _link_formulas(column: Column, language: str) -> list[tuple[str, str] | None]:
    """Return the formula of each link with the words it shows.

    A formula, since xlsxwriter writes the slashes of a cell's link to a file as backslashes, which
    only Windows understands. The path holds no quotation mark, and the words are ours.
    """
    words = text.word("run_open_map", language)
    links = list(column.values)
    return [(f'=HYPERLINK("{link}","{words}")', words) if link else None for link in links]


def _write_sums(page: Any, rows: range, sheet: Sheet, looks: dict[str, Any]) -> None:
    """Write the sums below a table: as formulas, with the values that programs show unasked."""
    for number, column in enumerate(sheet.columns):
        kind = "text" if column.kind == "link" else column.kind
        look = looks[f"sum_{kind}"]
        if number in sheet.sums:
            cells = xl_range(rows[0], number, rows[-1], number)
            page.write_formula(rows.stop, number, f"=SUM({cells})", look, sheet.sums[number])
        elif number == _SUM_COLUMN:
            page.write_string(rows.stop, number, sheet.sum_words, look)
        else:
            page.write_blank(rows.stop, number, None, look)
