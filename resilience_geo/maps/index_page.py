"""The index page of a run: every village with its figures and files, in one file that needs no net.

The page is written whole: its figures as a table, which paper and a browser without scripts show,
and as data, from which cards are made as one scrolls, so that thousands of villages open quickly.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import jinja2
import pandas as pd
from markupsafe import Markup

from resilience_geo.maps import content, text, thumbnail
from resilience_geo.maps.files import write_whole
from resilience_geo.maps.offline import in_json_script, in_script
from resilience_geo.maps.words import WORDS
from resilience_geo.maps.words_index import SCRIPT_TERMS
from resilience_geo.maps.xml_text import legal

if TYPE_CHECKING:
    import os

    from resilience_geo.plan import EvacuationPlan
    from resilience_geo.village_run import VillageRun

VILLAGE_FILES: tuple[tuple[str, str], ...] = (
    ("map.html", "run_open_map"),
    ("map.pdf", "index_map_pdf"),
    ("plan.xlsx", "index_tables"),
    ("plan.gpkg", "index_gis"),
    ("routes.gpx", "index_gpx"),
    ("routes.kml", "index_kml"),
)
"""Files of a village that the page leads to, the first of them with the large button."""
RUN_FILES: tuple[tuple[str, str], ...] = (
    ("kabupaten.xlsx", "index_all_tables"),
    ("kabupaten.gpkg", "index_all_gis"),
)
"""Files of the whole run, beside the page."""
FAILURE_FILE = "gagal.csv"
"""The list of failures, beside the page where there are any."""
_SCRIPTS = ("page_words.js", "page_index.js")
_LONGEST_NAME, _LONGEST_REASON = 120, 600
_FAILURES_IN_SIGHT = 12
_NOBODY_PEOPLE = 1e-3  # sums of shares leave a hair where there is nobody


def save_index_page(
    run: VillageRun,
    path: str | os.PathLike[str],
    *,
    language: str = "id",
    agency: str | None = None,
    palette: str = "colour_blind",
) -> Path:
    """Write the page from which every village of a run is found; the same run gives the same bytes.

    Links lead to the folders of the villages and to the files of the run beside the page. It loads
    nothing from anywhere, and a content security policy sees to it that no name can make it.

    Parameters
    ----------
    run : VillageRun
        The run. Villages that failed stand first, with their reasons: they are in no figure.
    path : str or os.PathLike
        File to write, in the folder that holds those of the villages; it appears whole or not at
        all.
    language : {"id", "en"}, default "id"
        Indonesian or English.
    agency : str, optional
        Who publishes the plans.
    palette : {"colour_blind", "official"}, default "colour_blind"
        With which the small pictures were drawn, for their legend.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        There are no words in `language`.
    OutputError
        The file cannot be written.

    Examples
    --------
    >>> save_index_page(run, "hasil/index.html")  # doctest: +SKIP
    PosixPath('hasil/index.html')
    """
    text.check_language(language)
    page = _page(run, language, agency=agency, palette=palette)
    return write_whole(Path(path), page.encode("utf-8"))


def _page(run: VillageRun, language: str, *, agency: str | None, palette: str) -> str:
    """Return the page."""
    as_plan = _as_plan(run)
    rows = _rows(run)
    failed, remarked = _failures(run, language)
    for row in rows:
        said = [one["reason"] for one in remarked if one["key"] == row["key"]]
        said += [text.word("part_people_unknown", language)] if row["thin"] else []
        row["remark"] = "; ".join(said)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["whole"] = lambda value: text.number(value, language)
    environment.filters["people"] = lambda value: text.people(value, language)
    style = _template("index.css")
    script = in_script(_script())
    words = WORDS[language]
    return environment.from_string(_template("index.html")).render(
        language=language,
        words=words,
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704  our own file
        script=Markup(script),  # noqa: S704  our own files
        data=_json({"language": language, "words": {term: words[term] for term in SCRIPT_TERMS}}),
        villages=_json(
            [_village_data(row) for row in rows] + [_failed_data(one) for one in failed]
        ),
        pictures=_json([run.thumbnails.get(row["key"], "") for row in rows]),
        title=_title(run, len(rows) + len(failed), language),
        made_on=content.made_on(as_plan, language),
        software=_clean(run.provenance.get("software", "resilience-geo"), _LONGEST_NAME),
        agency=_clean(agency or "", _LONGEST_NAME),
        is_sample=run.is_sample,
        sentences=_sentences(rows, failed, language),
        seats=words[f"run_seats_{run.seats}"],
        shared=run.seats == "run",
        departures=[
            (text.departure_name(name, run.hazard_kind, language), words[f"{name}_short"])
            for name in content.departures(as_plan)
        ],
        both=run.departure == "both",
        totals=_totals(rows),
        rows=rows,
        failed=failed,
        remarked=remarked,
        failure_file=_address(FAILURE_FILE),
        in_sight=_FAILURES_IN_SIGHT,
        some_codes=any(one["code"] for one in [*rows, *failed]),
        some_unknown=any(row["unknown"] for row in rows),
        run_files=[(_address(name), words[term]) for name, term in RUN_FILES],
        legend=[
            (Markup(sign), words[term])  # noqa: S704  our own SVG
            for term, sign in thumbnail.legend_signs(palette)
        ],
        green_note=words["web_green"] if palette == "official" else "",
        sources=[
            (name, _clean(source, _LONGEST_REASON))
            for name, source in content.sources(as_plan, language)
        ],
        attribution=content.attribution(as_plan, language),
        limits=[_clean(limit, _LONGEST_REASON) for limit in content.limits(as_plan, language)],
        assumptions=_assumptions(run, language),
    )


def _as_plan(run: VillageRun) -> EvacuationPlan:
    """Return the run for those words of `content` that need only what a plan and a run both have.

    These are `provenance`, `notes`, `departure` and `is_sample`.
    """
    return cast("EvacuationPlan", run)


def _template(name: str) -> str:
    """Return a file of `templates/`."""
    return (resources.files("resilience_geo.maps") / "templates" / name).read_text("utf-8")


def _script() -> str:
    """Return the script of the page in a scope of its own, without its comments."""
    lines = (line.strip() for name in _SCRIPTS for line in _template(name).splitlines())
    code = "\n".join(line for line in lines if line and not line.startswith("//"))
    return f'(function () {{\n"use strict";\n{code}\n}})();'


def _policy(style: str, script: str) -> str:
    """Return a content security policy: this style, this script, pictures inside, nothing else."""

    def allowed(part: str) -> str:
        digest = hashlib.sha256(part.encode("utf-8")).digest()
        return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"

    return (
        f"default-src 'none'; img-src data:; style-src {allowed(style)}; "
        f"script-src {allowed(script)}; base-uri 'none'; form-action 'none'"
    )


def _json(value: Any) -> Markup:
    """Return data that can stand in a script element."""
    packed = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(in_json_script(packed))  # noqa: S704  no letter of it means anything to HTML


def _clean(words: object, longest: int) -> str:
    """Return a text of the data in one line, without what turns text around, not endlessly long."""
    line = " ".join(legal(str(words)).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _address(*parts: str) -> str:
    """Return a relative link; whatever a name holds, it leads to a place beside the page."""
    return "./" + "/".join(quote(part) for part in parts)


def _title(run: VillageRun, count: int, language: str) -> str:
    """Return the title: the hazard, and how many villages."""
    kind = run.hazard_kind if run.hazard_kind in WORDS[language] else "generic"
    hazard = text.word(kind, language)
    return text.word("run_title", language, hazard=hazard, count=text.number(count, language))


def _rows(run: VillageRun) -> list[dict[str, Any]]:
    """Return figures and links of each planned village, in the order of the summary."""
    summary = run.summary
    names = content.departures(_as_plan(run))
    columns: dict[str, list[Any]] = {
        "key": [str(code) for code in summary.index],
        "name": [_clean(name, _LONGEST_NAME) for name in summary["village_name"]],
        "evacuees": _whole(summary["evacuees"]),
        "unknown": [
            float(people) if people > _NOBODY_PEOPLE else 0.0
            for people in summary["people_unknown"].tolist()
        ],
    }
    known = summary.get("population_known_share", pd.Series(1.0, index=summary.index))
    columns["thin"] = [share < content.POORLY_COVERED for share in known.tolist()]
    for name in names:
        late = "late_" if run.departure == "both" and name == "late" else ""
        columns[f"placed_{name}"] = _whole(summary[f"{late}allocated"])
        columns[f"left_{name}"] = _whole(summary[f"{late}evacuees"] - summary[f"{late}allocated"])
    if run.departure == "both":
        columns["lost"] = _whole(summary["lost_if_late_people"])
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    for row in rows:
        row["code"] = _clean(content.official_code(row["key"]), _LONGEST_NAME)
        row["placed"] = [row[f"placed_{name}"] for name in names]
        row["left"] = [row[f"left_{name}"] for name in names]
        row["links"] = _links(run, row["key"])
    return rows


def _whole(people: pd.Series[Any]) -> list[int]:
    """Return a column of whole people."""
    return [int(value) for value in people.tolist()]


def _links(run: VillageRun, code: str) -> list[tuple[str, str]]:
    """Return the term and the address of each file of a village that the page leads to."""
    folder, present = run.folders.get(code), set(run.files.get(code, ()))
    if folder is None:
        return []
    return [(term, _address(folder, name)) for name, term in VILLAGE_FILES if name in present]


def _failures(run: VillageRun, language: str) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return the villages without a plan, and those with one where something else failed, and why.

    A village of which nothing is known at all has no plan either.
    """
    table = run.failures
    told = [str(code) for code in table["village_code"]]
    planned = {str(code) for code in run.summary.index}
    entries = list(zip(told, table["village_name"], table["reason"], strict=True))
    silent = text.word("run_no_reason", language)
    entries += [
        (str(code), name, silent)
        for code, name in zip(
            run.villages["village_code"], run.villages["village_name"], strict=True
        )
        if str(code) not in planned.union(told)
    ]
    failures = [
        {
            "key": code,
            "name": _clean(name, _LONGEST_NAME),
            "code": _clean(content.official_code(code), _LONGEST_NAME),
            "reason": _clean(reason, _LONGEST_REASON),
        }
        for code, name, reason in entries
    ]
    return (
        [one for one in failures if one["key"] not in planned],
        [one for one in failures if one["key"] in planned],
    )


def _village_data(row: dict[str, Any]) -> dict[str, Any]:
    """Return what the script needs of a planned village."""
    names = ("name", "code", "evacuees", "placed", "left", "links")
    data = {name: row[name] for name in names}
    if row["unknown"]:
        data["unknown"] = row["unknown"]
    if row.get("lost"):
        data["lost"] = row["lost"]
    if row["remark"]:
        data["remark"] = row["remark"]
    return data


def _failed_data(failure: dict[str, str]) -> dict[str, Any]:
    """Return what the script needs of a village without a plan."""
    return {"name": failure["name"], "code": failure["code"], "failed": failure["reason"]}


def _totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the sums of all planned villages (people)."""
    return {
        "evacuees": sum(row["evacuees"] for row in rows),
        "placed": [sum(column) for column in zip(*(row["placed"] for row in rows), strict=True)],
        "left": [sum(column) for column in zip(*(row["left"] for row in rows), strict=True)],
        "lost": sum(row.get("lost", 0) for row in rows),
        "unknown": sum(row["unknown"] for row in rows),
    }


def _sentences(
    rows: list[dict[str, Any]], failed: list[dict[str, str]], language: str
) -> list[str]:
    """Return how many villages have a plan, and what the figures leave out."""

    def say(term: str, **counts: int) -> str:
        shown = {name: text.number(count, language) for name, count in counts.items()}
        return text.word(term, language, **shown)

    total = len(rows) + len(failed)
    if not rows:
        return [text.word("run_nothing", language)]
    if not failed:
        return [say("index_all_planned", total=total)]
    sentences = [say("index_some_planned", planned=len(rows), total=total)]
    return [*sentences, say("index_not_counted", count=len(failed))]


def _assumptions(run: VillageRun, language: str) -> list[tuple[str, str, str]]:
    """Return name, value and source of the assumptions that matter most or were changed."""
    shown = {*content.KEY_ASSUMPTIONS, f"{run.assumptions.mode}_depth_limit_m"}
    return [
        (
            text.assumption_name(name, language),
            content.assumption_value(entry, language),
            str(entry.get("source", "")),
        )
        for name, entry in run.assumptions.as_dict().items()
        if name in shown or entry["changed"]
    ]
