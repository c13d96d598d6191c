"""Which columns of a table hold the vulnerable groups of each village, and what they count."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from resilience_geo.errors import ColumnError, InputError, Message, Problem
from resilience_geo.inputs.features import Found, file_name, numbers, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

VULNERABLE_GROUPS: tuple[str, ...] = ("children_under_5", "elderly", "disabled", "pregnant")
"""Groups that a table of vulnerable people may hold, in the order of its columns."""

# What is left of a column's name when the words of its measure are taken out.
_GROUP_NAMES: dict[str, frozenset[str]] = {
    "children_under_5": frozenset(
        {
            "children_under_5",
            "children_under_five",
            "under_5",
            "under5",
            "under_five",
            "under_fives",
            "u5",
            "balita",
            "anak_balita",
            "bayi_balita",
            "bayi_dan_balita",
            "anak_di_bawah_5_tahun",
            "balita_0_4",
            "balita_0_4_tahun",
            "balita_0_59_bulan",
        }
    ),
    "elderly": frozenset(
        {
            "elderly",
            "lansia",
            "lanjut_usia",
            "usia_lanjut",
            "over_60",
            "over60",
            "over_60s",
            "manula",
            "lansia_60",
            "lansia_60_tahun",
            "lansia_60_tahun_ke_atas",
            "lanjut_usia_60",
        }
    ),
    "disabled": frozenset(
        {
            "disabled",
            "disability",
            "disabilities",
            "with_disability",
            "with_disabilities",
            "disabilitas",
            "difabel",
            "penyandang_disabilitas",
            "penyandang_difabel",
            "kaum_difabel",
        }
    ),
    "pregnant": frozenset(
        {
            "pregnant",
            "pregnant_women",
            "women_pregnant",
            "hamil",
            "ibu_hamil",
            "bumil",
            "wanita_hamil",
            "perempuan_hamil",
        }
    ),
}
# In order of trust: a bare "total" may be the total of something else.
_TOTAL_NAMES = (
    "people_total", "jumlah_penduduk", "total_penduduk", "penduduk_total", "jml_penduduk",
    "jlh_penduduk", "penduduk", "jumlah_penduduk_jiwa", "penduduk_jiwa", "population_people",
    "total_people", "total_population", "population", "populasi", "jumlah_populasi",
    "jumlah_jiwa", "total_jiwa", "jiwa", "total", "jumlah",
)  # fmt: skip
_PERCENT_WORDS = frozenset({"persen", "persentase", "prosentase", "percent", "percentage", "pct"})
_SHARE_WORDS = frozenset({"share", "proporsi", "proportion", "fraksi", "fraction"})
_COUNT_WORDS = frozenset(
    {"jumlah", "jml", "jlh", "total", "penduduk", "warga", "jiwa", "orang", "people", "count"}
)

# A decimal fraction that can be nothing else: shares and percent never reach a thousand.
_DECIMAL = re.compile(r"\d{1,3}[.,]\d+")


@dataclass(frozen=True)
class GroupColumn:
    """A column of a group: what it counts, under which name, and how."""

    group: str
    name: str
    measure: str


def _words(name: str) -> list[str]:
    """Return the words of a column's name in lower case; the percent sign is one."""
    return re.findall(r"[a-z0-9]+", name.casefold().replace("%", " persen "))


def _measure(words: Iterable[str]) -> str:
    """Return what a name says its column holds: percent, share or people."""
    if _PERCENT_WORDS.intersection(words):
        return "percent"
    return "share" if _SHARE_WORDS.intersection(words) else "people"


def group_columns(
    frame: gpd.GeoDataFrame, code_column: str
) -> tuple[str | None, list[GroupColumn], list[Found]]:
    """Return the column of all people, one column per group that is there, and what is unclear."""
    by_words = {
        name: _words(name)
        for name in map(str, frame.columns)
        if name not in {frame.geometry.name, code_column} and (texts(frame[name]) != "").any()
    }
    total = next(
        (
            name
            for wanted in _TOTAL_NAMES
            for name in by_words
            if "_".join(by_words[name]) == wanted
        ),
        None,
    )
    measures = _PERCENT_WORDS | _SHARE_WORDS | _COUNT_WORDS
    found: dict[str, list[GroupColumn]] = {}
    for name, words in by_words.items():
        plain = "_".join(word for word in words if word not in measures)
        for group, names in _GROUP_NAMES.items():
            if plain in names and name != total:
                found.setdefault(group, []).append(GroupColumn(group, name, _measure(words)))
    problems: list[Found] = []
    if not found:
        problems.append(
            problem_at(
                frame,
                None,
                None,
                Message("the columns {names}", names=", ".join(by_words) or "(none)"),
                Message(
                    "a column of a vulnerable group: balita, lansia, penyandang_disabilitas, "
                    "ibu_hamil"
                ),
                Message("give the columns these names, in the first row of the table"),
            )
        )
    columns = []
    for group in VULNERABLE_GROUPS:
        column, wrong = _one_of(frame, found.get(group, []), total)
        columns += column
        problems += wrong
    return total, columns, problems


def _one_of(
    frame: gpd.GeoDataFrame, fitting: Sequence[GroupColumn], total: str | None
) -> tuple[list[GroupColumn], list[Found]]:
    """Return the column to read of those that fit one group, and what is unclear about them."""
    counted = [column for column in fitting if column.measure == "people"]
    relative = [column for column in fitting if column.measure != "people"]
    chosen = counted if counted and (total is not None or not relative) else relative
    if len(chosen) > 1:
        names = ", ".join(column.name for column in chosen)
        return [], [
            problem_at(
                frame,
                names,
                None,
                Message("{count} columns of one group", count=len(chosen)),
                Message("one column per group"),
                Message("delete or rename those that are not meant"),
            )
        ]
    if chosen and chosen[0].measure == "people" and total is None:
        return [], [
            problem_at(
                frame,
                chosen[0].name,
                None,
                Message(
                    "numbers of which it is not said what they are, and no column of all people"
                ),
                Message("people beside a column jumlah_penduduk, or percent, or shares"),
                Message(
                    "add jumlah_penduduk, or say it in the name: persen_{name} or share_{name}",
                    name=chosen[0].name,
                ),
            )
        ]
    return list(chosen), []


def group_numbers(
    frame: gpd.GeoDataFrame, column: str, measure: str
) -> tuple[NDArray[np.float64], list[Found]]:
    """Read a column of numbers; a decimal comma is understood where it can be nothing else."""
    if measure != "people":
        cells = [
            cell.strip().removesuffix("%").strip()
            if isinstance(cell, str) and measure == "percent"
            else cell
            for cell in frame[column]
        ]
        read = [
            float(cell.replace(",", "."))
            if isinstance(cell, str) and _DECIMAL.fullmatch(cell.strip())
            else cell
            for cell in cells
        ]
        attributes = frame.attrs
        frame = frame.assign(**{column: pd.Series(read, index=frame.index, dtype=object)})
        frame.attrs = attributes
    values, found = numbers(frame, column, option="code_column", unit=measure)
    plain = Message("correct the cell, or empty it if the number is not known")
    return values, [
        (kind, dataclasses.replace(problem, remedy=plain))
        if "option" in getattr(problem.remedy, "values", {})
        else (kind, problem)
        for kind, problem in found
    ]


def problem_at(
    frame: gpd.GeoDataFrame,
    column: str | None,
    row: Any,
    found: Message,
    expected: Message,
    remedy: Message,
) -> Found:
    """Return a problem of a row, or of a column where `row` is None."""
    return (
        ColumnError if row is None else InputError,
        Problem(
            file=file_name(frame),
            layer=frame.attrs.get("layer"),
            column=column,
            row=row if row is None or isinstance(row, str) else int(row),
            found=found,
            expected=expected,
            remedy=remedy,
        ),
    )
