"""What the spreadsheet of a run over many villages says: its sheets as values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.maps import content, text
from resilience_geo.report_workbook import (
    Column,
    _assumptions,
    _shelters,
    _sources,
    _unserved,
    _villages,
)
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.errors import Message
    from resilience_geo.plan import EvacuationPlan
    from resilience_geo.village_run import VillageRun

MAPS: tuple[str, ...] = ("map.html", "map.pdf")
"""What the link of a village opens: the first of them that it has."""

_LONGEST_LINK = 255
"""Letters that a text in a formula of Excel may have."""
_SECONDS_PER_MINUTE = 60.0
_A4, _A3 = 9, 8
"""Paper sizes as Excel numbers them."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A sheet: a warning and lines, then a table with its sums below.

    Parameters
    ----------
    term
        Of its name, see `text.word`.
    columns
        Of the table; beside the kinds of `Column` there is `link`, a path that is opened.
    warning
        What nobody may overlook; empty for nothing.
    lines
        Sentences above the table.
    sums
        Sum of a column over the villages with a plan, by the number of the column.
    sum_words
        What the row of sums is called.
    failed
        How many of the last rows are of villages without a plan.
    across
        Columns that stay in sight.
    paper
        Excel's number of the paper size.
    """

    term: str
    columns: list[Column]
    warning: str = ""
    lines: tuple[str, ...] = ()
    sums: dict[int, float] = field(default_factory=dict)
    sum_words: str = ""
    failed: int = 0
    across: int = 0
    paper: int = _A4


@dataclass(frozen=True, kw_only=True)
class _Hazard:
    """What a run says of its hazard: the kind of all together, and each of them."""

    kind: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Whole:
    """A run as one plan of the villages that have one."""

    villages: pd.DataFrame
    exposure: pd.DataFrame
    shelters: gpd.GeoDataFrame
    unserved: pd.DataFrame
    assumptions: EvacuationAssumptions
    provenance: dict[str, Any]
    notes: tuple[Message, ...]
    departure: str
    hazard: _Hazard
    is_sample: bool
    late_extra_time_s: float = float("nan")  # a mean over people, whom a run does not hold


def as_plan(run: VillageRun) -> EvacuationPlan:
    """Return a run as one plan, for functions that tell what a plan holds.

    It has neither people nor roads: only what the tables of a run are made of.
    """
    inputs = run.provenance.get("inputs", {})
    parts = (inputs.get("hazard") or {}).get("parts") or ()
    kinds = tuple(dict.fromkeys(str(part["kind"]) for part in parts)) or (run.hazard_kind,)
    summary = _with_numbers(run.summary)
    whole = _Whole(
        villages=summary,
        exposure=summary,
        shelters=run.shelters,
        unserved=run.unserved,
        assumptions=run.assumptions,
        provenance=run.provenance,
        notes=run.notes,
        departure=run.departure,
        hazard=_Hazard(kind=run.hazard_kind, kinds=kinds),
        is_sample=run.is_sample,
    )
    return cast("EvacuationPlan", whole)


def _with_numbers(summary: pd.DataFrame) -> pd.DataFrame:
    """Return a summary in which a time that no village has is a number that is missing.

    Rows that were kept as JSON hold None there, of which pandas makes a column of objects.
    """
    empty = [
        name
        for name in summary.columns
        if summary[name].dtype == object and bool(summary[name].isna().all())
    ]
    return summary.astype(dict.fromkeys(empty, float))


def run_title(run: VillageRun, language: str) -> str:
    """Return the title of a run: the hazard, and how many villages."""
    kinds = [text.word(kind, language) for kind in as_plan(run).hazard.kinds]
    return text.word(
        "run_title",
        language,
        hazard=text.listing(kinds, language),
        count=text.number(len(run.villages), language),
    )


def map_links(run: VillageRun) -> dict[str, str]:
    """Return the path of each village's map from the folder of the run, as a URL writes it.

    Empty for a village without a map. Nothing in the name of a folder leads out of that folder's
    place or names another computer: every sign but letters, digits and `_.-~` is encoded.
    """
    links = {}
    for code, folder in run.folders.items():
        files = run.files.get(code, ())
        file = next((name for name in MAPS if name in files), "")
        link = f"{quote(folder, safe='', errors='replace')}/{file}"
        links[code] = link if file and len(link) <= _LONGEST_LINK else ""
    return links


def run_sheets(run: VillageRun, failures: pd.DataFrame, language: str) -> list[Sheet]:
    """Return the sheets of a run, the ranking of villages first.

    Parameters
    ----------
    run
        The run.
    failures
        `village_code`, `village_name` and `reason` of every village where something failed.
    language
        `id` or `en`.
    """
    whole = as_plan(run)
    sheets = [_ranking(run, failures, language)]
    if len(run.summary):
        columns = _villages(whole, language)
        sheets.append(Sheet(term="sheet_villages", columns=columns, across=2, paper=_A3))
    if "shelter_id" in run.shelters.columns:
        sheets.append(_shelter_sheet(run, language))
    if "cause" in run.unserved.columns:
        lines = tuple(_placed(whole, language)) if len(run.summary) else ()
        columns = _unserved(whole, language)
        sheets.append(Sheet(term="sheet_unserved", columns=columns, lines=lines))
    letters = (text.word("confidence_letters", language),)
    columns = _assumptions(whole, language)
    sheets.append(Sheet(term="sheet_assumptions", columns=columns, lines=letters))
    columns = _provenance(run, language)
    return [*sheets, Sheet(term="sheet_sources", columns=columns)]


def _ranking(run: VillageRun, failures: pd.DataFrame, language: str) -> Sheet:
    """Return the first sheet: a row per village, ranked, then those without a plan."""
    summary = as_plan(run).villages
    without = failures[~failures["village_code"].isin(summary.index)]
    planned, failed = len(summary), len(without)
    links = map_links(run)
    remarks = failures.drop_duplicates("village_code").set_index("village_code")["reason"]
    names = list(summary["village_name"]) if planned else []
    yes, no = (text.word(f"run_{name}", language) for name in ("planned", "not_planned"))
    states = [yes] * planned + [no] * failed
    front = [
        ("run_rank", [*range(1, planned + 1), *[None] * failed], "count", 8),
        ("code", [*map(str, summary.index), *without["village_code"]], "text", 16),
        ("village", [*map(str, names), *without["village_name"]], "text", 0),
        (
            "run_map",
            [*(links.get(str(code)) for code in summary.index), *[None] * failed],
            "link",
            12,
        ),
        ("run_status", states, "text", 12),
    ]
    if len(failures):
        said = [remarks.get(str(code), "") for code in summary.index]
        front.append(("run_reason", [*said, *without["reason"]], "text", 40))
    columns = [
        Column(head=text.word(term, language), values=values, kind=kind, width=width)
        for term, values, kind, width in front
    ]
    sums: dict[int, float] = {}
    for column, total in _figures(run, language) if planned else ():
        if total is not None:
            sums[len(columns)] = total
        columns.append(replace(column, values=list(column.values) + [None] * failed))
    return Sheet(
        term="sheet_summary",
        columns=columns,
        warning=_warning(run, failed, language),
        lines=_opening(run, language),
        sums=sums,
        sum_words=text.word("run_sum", language, count=text.number(planned, language)),
        failed=failed,
        across=3,
        paper=_A3,
    )


def _figures(run: VillageRun, language: str) -> list[tuple[Column, float | None]]:
    """Return the figures of the villages that have a plan, each with its sum where it has one."""
    whole = as_plan(run)
    summary = whole.villages
    found: list[tuple[Column, float | None]] = [
        _counted(summary, "people_total", text.word("people_total", language))
    ]
    found += [
        _counted(summary, f"people_{name}", text.word(f"people_{name}", language))
        for name in CLASS_NAMES
        if f"people_{name}" in summary.columns
    ]
    found.append(_counted(summary, "evacuees", text.word("evacuees", language)))
    for departure in content.departures(whole):
        found += _placing(run, departure, language)
    if run.departure == "both":
        lost = text.word("lost_if_late", language)
        found.append(_counted(summary, "lost_if_late_people", lost))
        head = f"{text.word('late_extra_time', language)}, {text.word('min', language)}"
        found.append((_minutes(summary, "late_extra_time_s", head), None))
    found += [
        _counted(summary, name, text.word(name, language))
        for name in ("need_help_people", "helpers")
    ]
    sources = [text.word(f"shares_{source}", language) for source in summary["shares_from"]]
    return [*found, (Column(head=text.word("shares_from", language), values=sources), None)]


def _placing(run: VillageRun, departure: str, language: str) -> list[tuple[Column, float | None]]:
    """Return who has a place and who has none, by cause, and how long people walk."""
    summary = as_plan(run).villages
    both = run.departure == "both"
    prefix = "late_" if both and departure == "late" else ""
    after = f" ({text.word(f'{departure}_short', language).lower()})" if both else ""
    twins = ("", "late_") if both else ("",)
    full = any(summary[f"{twin}shelters_full"].sum() for twin in twins)
    unserved = summary[f"{prefix}evacuees"] - summary[f"{prefix}allocated"]
    table = summary.assign(unserved_people=unserved)
    names = {f"{prefix}allocated": "allocated", "unserved_people": "unserved_short"}
    for cause in UNSERVED_CAUSES:
        if full or cause != "shelters_full":  # where capacity does not bind, noughts would mislead
            names[f"{prefix}{cause}"] = cause
    found: list[tuple[Column, float | None]] = [
        _counted(table, name, text.word(term, language) + after) for name, term in names.items()
    ]
    head = f"{text.word('median_time', language)}, {text.word('min', language)}{after}"
    return [*found, (_minutes(table, f"{prefix}median_travel_time_s", head), None)]


def _counted(table: pd.DataFrame, name: str, head: str) -> tuple[Column, float]:
    """Return a column of people and its sum."""
    return Column(head=head, values=list(table[name]), kind="count"), float(table[name].sum())


def _minutes(table: pd.DataFrame, name: str, head: str) -> Column:
    """Return a column of seconds in minutes."""
    return Column(head=head, values=list(table[name] / _SECONDS_PER_MINUTE), kind="minutes")


def _warning(run: VillageRun, failed: int, language: str) -> str:
    """Return that some villages have no plan; empty where all have one."""
    if not failed:
        return ""
    figures = {
        "failed": text.number(failed, language),
        "count": text.number(failed + len(run.summary), language),
    }
    return text.word("run_failed", language, **figures)


def _opening(run: VillageRun, language: str) -> tuple[str, ...]:
    """Return what the first sheet opens with, in few lines: they stay in sight above the table."""
    if not len(run.summary):
        return (text.word("run_nothing", language),)
    whole = as_plan(run)
    first = content.departures(whole)[0]
    lines = [[text.word("summary_nobody", language)]]
    if content.total(whole, "evacuees", first):
        lines = [
            [content.need_sentence(whole, language), *content.help_sentences(whole, language)],
            [content.placed_sentence(whole, first, language)],
        ]
        if run.departure == "both":
            gained = content.gained_sentences(whole, language)
            lines.append([content.lost_sentence(whole, language), *gained])
    unknown = float(run.summary["people_unknown"].sum())
    if round(unknown):
        said = text.word("summary_unknown", language, unknown=text.number(unknown, language))
        lines.append([said])
    joined = (" ".join(filter(None, line)) for line in lines)
    return tuple(filter(None, joined))


def _placed(whole: EvacuationPlan, language: str) -> list[str]:
    """Return who has a place and who has none, by cause, at each departure."""
    names = content.departures(whole)
    kind = str(whole.hazard.kind)
    return [
        f"{text.departure_name(name, kind, language)}: "
        f"{content.placed_sentence(whole, name, language)}"
        for name in names
    ]


def _shelter_sheet(run: VillageRun, language: str) -> Sheet:
    """Return the shelters with the people of all villages; too many only where villages are alone.

    With seats of the run nobody comes beyond the capacity, and a column of noughts says nothing.
    """
    table = run.shelters
    columns = _shelters(as_plan(run), language)
    over = (table["allocated_people"] - table["capacity_people"].floordiv(1)).clip(lower=0)
    said = text.word(f"run_seats_{run.seats}", language)
    alone = run.seats == "village"
    if alone or bool((over > 0).any()):
        head = text.word("run_over_capacity", language)
        columns.append(Column(head=head, values=list(over), kind="count"))
    return Sheet(
        term="sheet_shelters",
        columns=columns,
        warning=said if run.seats != "run" else "",
        lines=() if run.seats != "run" else (said,),
    )


def _provenance(run: VillageRun, language: str) -> list[Column]:
    """Return how many villages, how ranks and seats count, sources, limits and disclaimer."""
    planned = len(run.summary)
    figures = {
        "planned": text.number(planned, language),
        "failed": text.number(len(run.villages) - planned, language),
    }
    items = [text.word(term, language) for term in ("run_count", "run_rank", "run_seats")]
    values = [
        text.word("run_count_value", language, **figures),
        text.word("run_rank_note", language),
        text.word(f"run_seats_{run.seats}", language),
    ]
    first, second = _sources(as_plan(run), language)
    return [
        replace(first, values=items + list(first.values)),
        replace(second, values=values + list(second.values)),
    ]
