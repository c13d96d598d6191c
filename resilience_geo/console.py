"""What the command prints: progress, problems, the exposure and the summary, as text."""

from __future__ import annotations

import itertools
import logging
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm import tqdm

from resilience_geo.errors import Message, Problem
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.maps import content, text
from resilience_geo.maps.run_sheets import as_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from resilience_geo.plan import EvacuationPlan
    from resilience_geo.village_run import VillageRun

MAX_ROWS = 20

logger = logging.getLogger(__name__)

_STEP_LOGGERS = ("resilience_geo.cli", "resilience_geo.run_inputs", "resilience_geo.plan")


# Control characters but the end of a line, and marks that turn the direction of writing.
_STEERING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

_STEPS: dict[str, dict[str, str]] = {
    "id": {
        "read villages": "Membaca batas desa",
        "read hazard": "Membaca bahaya",
        "read population": "Membaca penduduk",
        "read roads": "Membaca jalan",
        "read shelters": "Membaca tempat evakuasi",
        "read elevation": "Membaca ketinggian",
        "read vulnerable": "Membaca kelompok rentan",
        "read basemap": "Membaca peta dasar",
        "read settlements": "Membaca dusun/RW/RT",
        "exposure": "Menghitung paparan",
        "roads": "Memeriksa jalan",
        "allocation early": "Membagi warga ke tempat evakuasi, berangkat awal",
        "allocation late": "Membagi warga ke tempat evakuasi, terlambat",
        "tables": "Menyusun tabel",
        "files": "Menulis berkas",
        "batch read": "Membaca data",
        "batch roads": "Memotong jalan",
        "batch ways": "Mencari jalur tiap desa",
        "batch seats": "Membagi warga ke tempat evakuasi",
        "batch flows": "Menghitung warga di jalan",
        "batch files": "Membuat peta dan tabel tiap desa",
    },
    "en": {
        "read villages": "Reading villages",
        "read hazard": "Reading hazard",
        "read population": "Reading population",
        "read roads": "Reading roads",
        "read shelters": "Reading shelters",
        "read elevation": "Reading heights",
        "read vulnerable": "Reading vulnerable groups",
        "read basemap": "Reading the basemap",
        "read settlements": "Reading settlements",
        "exposure": "Counting people",
        "roads": "Checking roads",
        "allocation early": "Dividing people over shelters, early",
        "allocation late": "Dividing people over shelters, late",
        "tables": "Making tables",
        "files": "Writing files",
        "batch read": "Reading",
        "batch roads": "Cutting roads",
        "batch ways": "Finding the ways of each village",
        "batch seats": "Dividing people over shelters",
        "batch flows": "Counting people on roads",
        "batch files": "Making maps and tables",
    },
}


def printable(said: str) -> str:
    r"""Return text without what could steer a terminal: names in files may hold anything.

    Examples
    --------
    >>> printable("Desa \x1b[31mMerah")
    'Desa  [31mMerah'
    """
    return _STEERING.sub(" ", said)


def step_name(step: str, language: str) -> str:
    """Return what is being done at a step, in words."""
    return _STEPS[language].get(step, step)


@contextmanager
def progress(total: int, language: str, *, quiet: bool = False, verbose: int = 0) -> Iterator[None]:
    """Show on standard error what the command and the planner log that they begin.

    Parameters
    ----------
    total
        How many steps there will be.
    language
        `id` or `en`.
    quiet
        Show nothing.
    verbose
        0: a bar, on a terminal only; 1 and 2: English logs in its place, of this package or of
        all.
    """
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(
        level=logging.INFO if verbose > 1 else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("resilience_geo").setLevel(level)
    loggers = [logging.getLogger(name) for name in _STEP_LOGGERS]
    done = itertools.count()
    with tqdm(
        total=total,
        disable=True if quiet or verbose else None,
        bar_format="{desc:<28} {bar} {n_fmt}/{total_fmt}",
        file=sys.stderr,
        leave=False,
    ) as bar:

        def show(step: str) -> None:
            bar.n = next(done)
            bar.set_description_str(step_name(step, language))

        handler = _Steps(show)
        before = [each.level for each in loggers]
        for each in loggers:
            each.addHandler(handler)
            if not each.isEnabledFor(logging.INFO):
                each.setLevel(logging.INFO)
                each.propagate = False
        try:
            yield
        finally:
            for each, level in zip(loggers, before, strict=True):
                each.removeHandler(handler)
                each.setLevel(level)
                each.propagate = True


@contextmanager
def village_progress(
    language: str, *, quiet: bool = False, verbose: int = 0
) -> Iterator[Callable[[str, float], None]]:
    """Give what shows on standard error how far a run over many villages is, and the time left.

    Parameters
    ----------
    language
        `id` or `en`.
    quiet
        Show nothing.
    verbose
        0: a bar, on a terminal only; 1 and 2: English logs in its place.
    """
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    with tqdm(
        total=1.0,
        disable=True if quiet or verbose else None,
        bar_format="{desc:<36} {bar} {percentage:3.0f}% {elapsed}<{remaining}",
        file=sys.stderr,
        leave=False,
    ) as bar:

        def show(step: str, share: float) -> None:
            logger.info("%s: %.0f %%", step, 100.0 * share)
            bar.set_description_str(step_name(f"batch {step}", language), refresh=False)
            bar.update(min(share, 1.0) - bar.n)

        yield show


class _Steps(logging.Handler):
    """Hand the steps that reading and planning log to a progress bar."""

    def __init__(self, show: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self.show = show

    def emit(self, record: logging.LogRecord) -> None:
        """Show one step."""
        self.show(record.getMessage())


def system_problem(error: OSError) -> Problem:
    """Return the problem of a path that the operating system will not open, or of a full disk."""
    return Problem(
        file=str(error.filename or ""),
        found=Message("{reason}", reason=error.strerror or str(error)),
        expected=Message("a path that can be opened, on a disk with room"),
        remedy=Message("correct the path, or choose another folder"),
    )


def problem_text(problem: Problem, language: str, flags: Mapping[str, str] | None = None) -> str:
    """Return a problem as lines: where, what was found, what was expected, the remedy.

    Parameters
    ----------
    problem
        What is wrong.
    language
        `id` or `en`.
    flags
        What arguments of the reader are called for this audience: with `{"unit":
        "--hazard-unit"}`, `unit=` in the text becomes `--hazard-unit`.
    """
    place = [
        part
        for part in (
            problem.file,
            *(
                f"{text.word(key, language)} {value}"
                for key, value in (
                    ("problem_layer", problem.layer),
                    ("problem_column", problem.column),
                    ("problem_row", _row_said(problem, language)),
                )
                if value is not None
            ),
        )
        if part
    ]
    lines = [f"{text.word('problem', language)}: {', '.join(place)}".rstrip(": ")]
    for key in ("found", "expected", "remedy"):
        said = text.message(getattr(problem, key), language)
        if flags:
            said = re.sub(r"\b([a-z_]+)=", lambda word: flags.get(word[1], word[0]), said)
        lines.append(f"  {text.word(f'problem_{key}', language)}: {said}")
    return printable("\n".join(lines))


def _row_said(problem: Problem, language: str) -> str | None:
    """Return the rows of a problem in words."""
    return None if problem.row is None else text.cut_list(str(problem.row), language)


def fine_text(inputs: Iterable[Any], language: str) -> str:
    """Return that inputs can be used, and what was noted when they were read, a line each."""
    notes: list[object] = []
    for value in inputs:
        for holder in (getattr(value, "attrs", None), getattr(value, "graph", None)):
            if isinstance(holder, dict):
                notes += holder.get("notes", ())
        notes += getattr(value, "notes", ())
    said = dict.fromkeys(f"- {text.message(note, language)}" for note in notes)
    return "\n".join([text.word("inputs_are_fine", language), *said])


def exposure_text(table: pd.DataFrame, language: str) -> str:
    """Return the exposure of every village as text, with the sum and what lies outside."""
    columns = ["people_total", *(f"people_{name}" for name in CLASS_NAMES), "evacuees"]
    shown = table[columns].map(lambda value: text.people(float(value), language))
    shown.insert(0, "name", _one_line(table["village_name"]))
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
    if villages["evacuees"].sum():
        lines += _need_lines(plan, language)
    else:
        lines.append(text.word("summary_nobody", language))
    lines += ["", _village_lines(plan.summary(), language), ""]
    lines += [f"- {text.message(note, language)}" for note in plan.notes]
    return "\n".join(lines)


def _need_lines(plan: EvacuationPlan, language: str) -> list[str]:
    """Return who must leave, who has a place by departure and why not, and what waiting costs."""
    lines = [content.need_sentence(plan, language), *content.help_sentences(plan, language)]
    for departure in content.departures(plan):
        served = content.total(plan, "allocated", departure)
        left = content.causes(plan, departure)
        sentence = text.word(
            "summary_one",
            language,
            allocated=text.people(served, language),
            unserved=text.people(sum(left.values()), language),
        )
        name = text.departure_name(departure, plan.hazard.kind, language)
        lines.append(f"{name}: {sentence}")
        words = [
            f"{text.word(cause, language)}: {text.people(people, language)}"
            for cause, people in left.items()
        ]
        lines += [f"  {'; '.join(words)}"] if words else []
    if plan.departure == "both":
        lines += [content.lost_sentence(plan, language), *content.gained_sentences(plan, language)]
    return [line for line in lines if line]


def run_text(run: VillageRun, out: Path, language: str) -> str:
    """Return the sums of a run, its worst villages and those that failed as text."""
    lines = [text.word("sample_note", language)] if run.is_sample else []
    if len(run.failures):
        count = len(run.villages)
        planned, total = (text.number(value, language) for value in (len(run.summary), count))
        lines.append(text.word("index_some_planned", language, planned=planned, total=total))
        lines.append(text.word("index_failed_note", language))
        shown = run.failures.head(MAX_ROWS)
        for row in shown.itertuples():
            reason = printable(" ".join(str(row.reason).split()))
            lines.append(f"- {printable(str(row.village_code))} {row.village_name}: {reason}")
        if len(run.failures) > MAX_ROWS:
            lines.append(str(out / "gagal.csv"))
        lines.append("")
    unknown = float(run.summary["people_unknown"].sum())
    if run.summary["evacuees"].sum():
        lines += _need_lines(as_plan(run), language)
    else:
        lines.append(text.word("summary_nobody", language))
    if round(unknown):
        said = text.number(unknown, language)
        lines.append(text.word("summary_unknown", language, unknown=said))
    if run.seats != "run":
        lines.append(text.word(f"run_seats_{run.seats}", language))
    lines += ["", _village_lines(run.summary, language, "run_more_villages"), ""]
    lines += [f"- {text.message(note, language)}" for note in run.notes]
    lines += ["", str(out / "index.html"), str(out / "kabupaten.xlsx"), str(out / "kabupaten.gpkg")]
    return "\n".join(lines)


def _village_lines(summary: pd.DataFrame, language: str, more: str = "more_villages") -> str:
    """Return the worst villages as a table of text; `more` says where the others are."""
    columns = [
        name
        for name in (
            "people_total",
            "evacuees",
            "allocated",
            "lost_if_late_people",
            "need_help_people",
        )
        if name in summary.columns
    ]
    shown = summary.head(MAX_ROWS)[columns].map(lambda value: text.people(float(value), language))
    shown.insert(0, "name", _one_line(summary["village_name"].head(MAX_ROWS)))
    short = {
        "evacuees": "evacuees_short",
        "allocated": "arrive_short",
        "lost_if_late_people": "lost_if_late",
    }
    heads = [short.get(name, name) for name in columns]
    shown.columns = pd.Index(
        [text.word("village", language), *(text.word(head, language) for head in heads)]
    )
    table = str(shown.to_string(index_names=False))
    if len(summary) > MAX_ROWS:
        count = text.number(len(summary) - MAX_ROWS, language)
        table += "\n" + text.word(more, language, count=count)
    return table


def _one_line(names: pd.Series[Any]) -> pd.Series[Any]:
    """Return names without line breaks, which would tear a table."""
    return names.astype(str).str.split().str.join(" ")
