"""What the command prints: problems, the exposure and the summary, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.maps import text
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    from resilience_geo.errors import Problem
    from resilience_geo.plan import EvacuationPlan

MAX_ROWS = 20


def problem_text(problem: Problem, language: str) -> str:
    """Return a problem as lines: where, what was found, what was expected, the remedy."""
    place = [
        part
        for part in (
            problem.file,
            *(
                f"{text.word(key, language)} {value}"
                for key, value in (
                    ("problem_layer", problem.layer),
                    ("problem_column", problem.column),
                    ("problem_row", problem.row),
                )
                if value is not None
            ),
        )
        if part
    ]
    lines = [f"{text.word('problem', language)}: {', '.join(place)}".rstrip(": ")]
    for key in ("found", "expected", "remedy"):
        said = text.message(getattr(problem, key), language)
        lines.append(f"  {text.word(f'problem_{key}', language)}: {said}")
    return "\n".join(lines)


def exposure_text(table: pd.DataFrame, language: str) -> str:
    """Return the exposure of every village as text, with the sum and what lies outside."""
    columns = ["people_total", *(f"people_{name}" for name in CLASS_NAMES), "evacuees"]
    shown = table[columns].map(lambda value: text.people(float(value), language))
    shown.insert(0, "name", table["village_name"].astype(str))
    total = [text.people(float(table[column].sum()), language) for column in columns]
    outside = table.attrs["outside"]
    beyond = [outside["total"], *(outside[name] for name in CLASS_NAMES)]
    shown.loc[""] = [text.word("all_villages", language), *total]
    shown.loc[" "] = [
        text.word("people_outside", language),
        *(text.people(value, language) for value in beyond),
        "",
    ]
    shown.columns = pd.Index(
        [text.word("village", language), *(text.word(column, language) for column in columns)]
    )
    return str(shown.to_string(index_names=False))


def summary_text(plan: EvacuationPlan, language: str) -> str:
    """Return the sums of a plan and its worst villages as text."""
    villages = plan.villages
    lines = [text.word("sample_note", language)] if plan.is_sample else []
    need = text.people(float(villages["evacuees"].sum()), language)
    lines.append(text.word("summary_need", language, evacuees=need))
    for prefix, departure in _departures(plan):
        served = int(villages[f"{prefix}allocated"].sum())
        left = int(villages[f"{prefix}evacuees"].sum()) - served
        sentence = text.word(
            "summary_one",
            language,
            allocated=text.people(served, language),
            unserved=text.people(left, language),
        )
        name = text.departure_name(departure, plan.hazard.kind, language)
        lines.append(f"{name}: {sentence}")
        lines += [
            f"  {text.word(cause, language)}: {text.people(count, language)}"
            for cause in UNSERVED_CAUSES
            if (count := int(villages[f"{prefix}{cause}"].sum()))
        ]
    if "lost_if_late_people" in villages.columns:
        lost = text.people(float(villages["lost_if_late_people"].sum()), language)
        lines.append(text.word("summary_lost", language, lost=lost))
    lines += ["", _village_lines(plan, language), ""]
    lines += [f"- {text.message(note, language)}" for note in plan.notes]
    return "\n".join(lines)


def _departures(plan: EvacuationPlan) -> list[tuple[str, str]]:
    """Return the column prefix and the name of each departure of a plan."""
    if plan.departure == "both":
        return [("", "early"), ("late_", "late")]
    return [("", plan.departure)]


def _village_lines(plan: EvacuationPlan, language: str) -> str:
    """Return the worst villages as a table of text."""
    summary = plan.summary()
    columns = [
        name
        for name in ("people_total", "evacuees", "allocated", "lost_if_late_people")
        if name in summary.columns
    ]
    shown = summary.head(MAX_ROWS)[columns].map(lambda value: text.people(float(value), language))
    shown.insert(0, "name", summary["village_name"].head(MAX_ROWS).astype(str))
    heads = ["lost_if_late" if name == "lost_if_late_people" else name for name in columns]
    shown.columns = pd.Index(
        [text.word("village", language), *(text.word(head, language) for head in heads)]
    )
    table = str(shown.to_string(index_names=False))
    if len(summary) > MAX_ROWS:
        more = text.number(len(summary) - MAX_ROWS, language)
        table += "\n" + text.word("more_villages", language, count=more)
    return table
