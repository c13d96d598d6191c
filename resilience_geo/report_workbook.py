"""A plan as a spreadsheet that opens in Excel and LibreOffice and holds no formula."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xlsxwriter

from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.inputs.vulnerable_columns import VULNERABLE_GROUPS
from resilience_geo.maps import content, text
from resilience_geo.maps.cells import MOST_ROWS, sheet_text
from resilience_geo.maps.symbols import shelter_state
from resilience_geo.plan import ranked
from resilience_geo.tables import SERVICE_BANDS_MIN, UNSERVED_CAUSES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from resilience_geo.plan import EvacuationPlan

_FORMATS = {
    "text": {"text_wrap": True, "valign": "top", "num_format": "@"},
    "count": {"num_format": "#,##0", "valign": "top"},
    "minutes": {"num_format": "0.0", "valign": "top"},
    "title": {"bold": True, "font_size": 14},
    "stamp": {"bold": True, "font_color": "#FFFFFF", "bg_color": "#000000", "font_size": 14},
    "head": {"bold": True, "bg_color": "#DDE6EE", "border": 1, "text_wrap": True, "valign": "top"},
    "plain": {"num_format": "@"},
}
_WIDTHS = {"text": 26, "count": 13, "minutes": 13}
_SECONDS_PER_MINUTE = 60.0


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a sheet.

    Parameters
    ----------
    head
        Its words.
    values
        A value per row; a missing one stays empty.
    kind
        `text`, `count` (whole) or `minutes`.
    width
        In letters; 0 for the usual one of its kind.
    """

    head: str
    values: Sequence[Any]
    kind: str = "text"
    width: int = 0


def write_workbook(plan: EvacuationPlan, path: Path, language: str) -> None:
    """Write the spreadsheet of a plan.

    Parameters
    ----------
    plan
        The plan.
    path
        A file that does not exist yet.
    language
        `id` or `en`.
    """
    # Whatever a user named stays text: a name like "=1+1" or "http://..." must not act.
    safe = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
        "in_memory": True,  # its parts are small, and files of their own cost more than all else
    }
    with xlsxwriter.Workbook(str(path), safe) as book:
        book.set_properties({"created": content.created(plan).replace(tzinfo=None)})
        writer = _Writer(book, plan, language)
        writer.sheet(
            "sheet_summary", _summary(plan, language), content.summary(plan, language, whole=True)
        )
        writer.sheet("sheet_exposure", _exposure(plan, language))
        writer.sheet("sheet_villages", _villages(plan, language))
        groups = content.group_figures(plan)
        if len(groups):
            writer.sheet("sheet_groups", _groups(plan, groups, language))
        writer.sheet("sheet_shelters", _shelters(plan, language))
        writer.sheet("sheet_routes", _routes(plan, language), [text.word("routes_note", language)])
        writer.sheet("sheet_unserved", _unserved(plan, language))
        letters = [text.word("confidence_letters", language)]
        writer.sheet("sheet_assumptions", _assumptions(plan, language), letters)
        writer.sheet("sheet_sources", _sources(plan, language))


class _Writer:
    """Writes sheets that all open with the same lines."""

    def __init__(self, book: Any, plan: EvacuationPlan, language: str) -> None:
        self._book = book
        self._plan = plan
        self._language = language
        self._formats = {name: book.add_format(look) for name, look in _FORMATS.items()}

    def sheet(self, term: str, columns: list[Column], lines: Sequence[str] = ()) -> None:
        """Write one sheet: stamp, title, lines, table."""
        sheet = self._book.add_worksheet(text.word(term, self._language))
        row = 0
        if self._plan.is_sample:
            stamp = (
                f"{text.word('sample', self._language)}. {text.word('sample_note', self._language)}"
            )
            sheet.write_string(row, 0, stamp, self._formats["stamp"])
            row += 1
        sheet.write_string(
            row, 0, sheet_text(content.title(self._plan, self._language)), self._formats["title"]
        )
        row += 1
        for line in lines:
            sheet.write_string(row, 0, sheet_text(line), self._formats["plain"])
            row += 1
        row += 1
        count = min(len(columns[0].values), MOST_ROWS - row - 1)
        if count < len(columns[0].values):
            left = text.number(len(columns[0].values) - count, self._language)
            said = text.word("sheet_is_full", self._language, count=left)
            sheet.write_string(row - 1, 0, said, self._formats["plain"])
        for number, column in enumerate(columns):
            sheet.write_string(row, number, column.head, self._formats["head"])
            sheet.set_column(number, number, column.width or _WIDTHS[column.kind])
            self._column(sheet, range(row + 1, row + 1 + count), number, column)
        sheet.freeze_panes(row + 1, 0)
        if count:
            sheet.autofilter(row, 0, row + count, len(columns) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(row)

    def _column(self, sheet: Any, rows: range, number: int, column: Column) -> None:
        """Write the values of a column into rows; a text among numbers stays a text."""
        look = self._formats[column.kind]
        for row, value in zip(rows, column.values, strict=False):
            if isinstance(value, str):
                sheet.write_string(row, number, sheet_text(value), self._formats["text"])
            elif pd.isna(value):
                sheet.write_blank(row, number, None, look)
            elif column.kind == "text":
                sheet.write_string(row, number, sheet_text(value), look)
            else:
                sheet.write_number(row, number, float(value), look)


def _summary(plan: EvacuationPlan, language: str) -> list[Column]:
    """Return the villages, worst first, and their sum."""
    departures = content.departures(plan)
    names = ("evacuees", "allocated", *UNSERVED_CAUSES)
    late = [f"late_{name}" for name in names] if plan.departure == "both" else []
    lost = ["lost_if_late_people"] if plan.departure == "both" else []
    of_people = ["people_total", "people_unknown"]
    table = ranked(
        pd.DataFrame(
            {
                **{name: plan.villages[name] for name in ("village_name", *names, *late, *lost)},
                **{name: plan.exposure[name] for name in of_people},
            },
            index=plan.villages.index,
        )
    )
    columns = [
        Column(head=text.word("code", language), values=[*map(str, table.index), ""], width=16),
        Column(
            head=text.word("village", language),
            values=[*map(str, table["village_name"]), text.word("all_villages", language)],
        ),
        *(_with_sum(table, name, text.word(name, language)) for name in (*of_people, "evacuees")),
    ]
    for departure in departures:
        for name in names[1:]:
            if name == "shelters_full" and not any(
                content.total(plan, name, each) for each in departures
            ):
                continue  # capacity does not bind: a column of noughts would say that all fit
            head = text.word(name, language)
            if len(departures) > 1:
                head = f"{head} ({text.word(f'{departure}_short', language).lower()})"
            twin = f"late_{name}" if late and departure == "late" else name
            columns.append(_with_sum(table, twin, head))
    return [
        *columns,
        *(_with_sum(table, name, text.word("lost_if_late", language)) for name in lost),
    ]


def _with_sum(table: pd.DataFrame, name: str, head: str) -> Column:
    """Return a column of people with its sum below."""
    people = table[name].to_numpy()
    return Column(head=head, values=[*people.tolist(), np.nansum(people)], kind="count")


def _exposure(plan: EvacuationPlan, language: str) -> list[Column]:
    """Return people by class; then all villages, then the rest of the population layer."""
    table = plan.exposure
    ends = [text.word("all_villages", language), text.word("people_outside", language)]
    columns = [
        Column(head=text.word("code", language), values=[*map(str, table.index), "", ""], width=16),
        Column(
            head=text.word("village", language), values=[*map(str, table["village_name"]), *ends]
        ),
    ]
    for name in ("total", *CLASS_NAMES):
        values = table[f"people_{name}"]
        columns.append(
            Column(
                head=text.word(f"people_{name}", language),
                values=[*values, values.sum(), plan.outside.get(name, float("nan"))],
                kind="count",
            )
        )
    evacuees = table["evacuees"]
    columns.append(
        Column(
            head=text.word("evacuees", language),
            values=[*evacuees, evacuees.sum(), float("nan")],
            kind="count",
        )
    )
    return columns


def _villages(plan: EvacuationPlan, language: str) -> list[Column]:
    """Return times and service bands of the villages, in the order they came in."""
    villages = plan.villages
    columns = [
        Column(head=text.word("code", language), values=[*map(str, villages.index)], width=16),
        Column(head=text.word("village", language), values=[*map(str, villages["village_name"])]),
    ]
    departures = content.departures(plan)
    for departure in departures:
        short = f" ({text.word(f'{departure}_short', language).lower()})"
        after = short if len(departures) > 1 else ""
        median = content.village_figure(plan, "median_travel_time_s", departure)
        columns += [
            _count(plan, "evacuees", departure, text.word("evacuees", language) + after),
            _count(plan, "allocated", departure, text.word("allocated", language) + after),
            Column(
                head=f"{text.word('median_time', language)}, {text.word('min', language)}{after}",
                values=list(median / _SECONDS_PER_MINUTE),
                kind="minutes",
            ),
        ]
        for minutes in SERVICE_BANDS_MIN:
            head = text.word("within_minutes", language, minutes=minutes) + after
            columns.append(_count(plan, f"people_within_{minutes}_min", departure, head))
        head = text.word("no_second_route_people", language) + after
        columns.append(_count(plan, "no_second_route_people", departure, head))
    columns += _help(plan, language)
    return [*columns, *_waiting(plan, language)] if plan.departure == "both" else columns


def _help(plan: EvacuationPlan, language: str) -> list[Column]:
    """Return the vulnerable groups among the evacuees, who needs help, and where that is from."""
    villages = plan.villages
    columns = [
        Column(head=text.word(name, language), values=list(villages[name]), kind="count")
        for name in (*VULNERABLE_GROUPS, "need_help_people", "helpers")
    ]
    sources = [text.word(f"shares_{source}", language) for source in villages["shares_from"]]
    return [*columns, Column(head=text.word("shares_from", language), values=sources)]


def _waiting(plan: EvacuationPlan, language: str) -> list[Column]:
    """Return what it costs each village to leave late, and the sentence that says so."""
    villages = plan.villages
    extra = f"{text.word('late_extra_time', language)}, {text.word('min', language)}"
    roads = {
        "road_m": "road_length",
        "late_closed_road_m": "late_closed_road",
        "late_unknown_road_m": "late_unknown_road",
    }
    said = [
        content.lost_sentence(plan, language, str(code)) if people else ""
        for code, people in villages["evacuees"].items()
    ]
    return [
        Column(
            head=text.word("lost_if_late", language),
            values=list(villages["lost_if_late_people"]),
            kind="count",
        ),
        Column(
            head=extra,
            values=list(villages["late_extra_time_s"] / _SECONDS_PER_MINUTE),
            kind="minutes",
        ),
        *(
            Column(
                head=f"{text.word(term, language)} (m)", values=list(villages[name]), kind="count"
            )
            for name, term in roads.items()
        ),
        Column(head=text.word("said_aloud", language), values=said, width=70),
    ]


def _groups(plan: EvacuationPlan, groups: pd.DataFrame, language: str) -> list[Column]:
    """Return who of each group gets a place, who does not and why, by departure."""
    columns = [
        Column(
            head=text.word("group", language),
            values=[text.word(str(name), language) for name in groups.index],
        ),
        Column(head=text.word("evacuees", language), values=list(groups["evacuees"]), kind="count"),
    ]
    for departure in content.departures(plan):
        short = f" ({text.word(f'{departure}_short', language).lower()})"
        after = short if plan.departure == "both" else ""
        late = "late_" if after and departure == "late" else ""
        allocated = groups[f"{late}allocated"]
        columns += [
            Column(
                head=text.word("allocated", language) + after, values=list(allocated), kind="count"
            ),
            Column(
                head=text.word("unserved_short", language) + after,
                values=list(groups["evacuees"] - allocated),
                kind="count",
            ),
        ]
        people = content.of_departure(plan.origins, departure)
        causes = people.pivot_table(
            index="group", columns="status", values="evacuees", aggfunc="sum", fill_value=0
        ).reindex(groups.index, fill_value=0)
        columns += [
            Column(
                head=text.word(cause, language) + after, values=list(causes[cause]), kind="count"
            )
            for cause in UNSERVED_CAUSES
            if cause in causes.columns
        ]
    return columns


def _count(plan: EvacuationPlan, name: str, departure: str, head: str) -> Column:
    """Return a column of whole people of the villages."""
    return Column(
        head=head, values=list(content.village_figure(plan, name, departure)), kind="count"
    )


def _departure_column(plan: EvacuationPlan, names: Any, language: str) -> list[Column]:
    """Return the column that says which departure a row is of, where a table has both."""
    if names is None:
        return []
    kind = str(plan.hazard.kind)
    words = {name: text.departure_name(name, kind, language) for name in ("early", "late")}
    return [
        Column(head=text.word("departure", language), values=[words[str(name)] for name in names])
    ]


def _shelters(plan: EvacuationPlan, language: str) -> list[Column]:
    """Return the shelters; a capacity that is not known says so."""
    table = plan.shelters
    unknown = text.word("unknown", language)
    seats, coming = table["capacity_people"].to_numpy(), table["allocated_people"].to_numpy()
    status = table["status"].to_numpy(dtype=object)
    capacity = [unknown if math.isnan(value) else value for value in seats.tolist()]
    states = [
        text.word(f"shelter_{shelter_state(str(each), people)}", language)
        for each, people in zip(status, seats.tolist(), strict=True)
    ]
    kinds = table["kind"] if "kind" in table.columns else [""] * len(table)
    left = np.maximum(np.floor(seats) - coming, 0.0)
    free = np.where(status == "usable", left, np.nan)
    return [
        *_departure_column(plan, table.get("departure"), language),
        Column(head=text.word("code", language), values=list(map(str, table["shelter_id"]))),
        Column(head=text.word("name", language), values=_texts(table["name"])),
        Column(
            head=text.word("kind", language),
            values=[text.shelter_kind(each, language) for each in _texts(kinds)],
        ),
        Column(head=text.word("status", language), values=states, width=40),
        *_accessible(table, language),
        Column(head=text.word("capacity", language), values=capacity, kind="count"),
        Column(
            head=text.word("people_coming", language),
            values=coming.tolist(),
            kind="count",
        ),
        Column(head=text.word("free_seats", language), values=free.tolist(), kind="count"),
    ]


def _accessible(table: Any, language: str) -> list[Column]:
    """Return whether a wheelchair gets in, or that nobody said; nothing without such a column."""
    if "accessible" not in table.columns:
        return []
    words = [
        text.word("unknown" if pd.isna(value) else "yes" if value else "no", language)
        for value in table["accessible"]
    ]
    return [Column(head=text.word("accessible", language), values=words, width=16)]


def _texts(values: Any) -> list[str]:
    """Return names as text; a missing one is empty."""
    return ["" if value is None or pd.isna(value) else str(value) for value in values]


def _routes(plan: EvacuationPlan, language: str) -> list[Column]:
    """Return one route per village and shelter."""
    routes = plan.routes
    chosen = [content.main_route_rows(routes, name) for name in content.departures(plan)]
    rows = np.concatenate([each for each, _ in chosen])
    people = np.concatenate([each for _, each in chosen])

    def of(name: str) -> NDArray[Any]:
        """Return a column of these routes."""
        values: NDArray[Any] = routes[name].to_numpy()[rows]
        return values

    shelters = dict(zip(plan.shelters["shelter_id"], _texts(plan.shelters["name"]), strict=True))
    villages = dict(zip(plan.villages.index, plan.villages["village_name"], strict=True))
    codes = [str(code) for code in of("village_code")]
    columns = [
        *_departure_column(
            plan, of("departure") if "departure" in routes.columns else None, language
        ),
        Column(head=text.word("code", language), values=codes, width=16),
        Column(
            head=text.word("village", language),
            values=[str(villages.get(code, "")) for code in codes],
        ),
        Column(
            head=text.word("shelter", language),
            values=[shelters.get(code, "") or str(code) for code in of("shelter_id")],
        ),
        Column(head=text.word("route_people", language), values=people.tolist(), kind="count"),
        Column(
            head=f"{text.word('distance', language)} (m)",
            values=of("distance_m").tolist(),
            kind="count",
        ),
        Column(
            head=f"{text.word('travel_time', language)} ({text.word('min', language)})",
            values=(of("travel_time_s") / _SECONDS_PER_MINUTE).tolist(),
            kind="minutes",
        ),
    ]
    columns += [
        Column(head=text.word(name, language), values=of(name).tolist(), kind="count")
        for name in ("hazardous_m", "unknown_m")
        if name in routes.columns
    ]
    return columns


def _unserved(plan: EvacuationPlan, language: str) -> list[Column]:
    """Return people without a place by village and cause."""
    table = plan.unserved
    villages = plan.villages["village_name"]
    return [
        *_departure_column(plan, table.get("departure"), language),
        Column(
            head=text.word("code", language),
            values=[str(code) for code in table["village_code"]],
            width=16,
        ),
        Column(
            head=text.word("village", language),
            values=[str(villages.get(code, "")) for code in table["village_code"]],
        ),
        Column(
            head=text.word("cause", language),
            values=[text.word(str(cause), language) for cause in table["cause"]],
            width=34,
        ),
        Column(head=text.word("evacuees", language), values=list(table["evacuees"]), kind="count"),
    ]


def _assumptions(plan: EvacuationPlan, language: str) -> list[Column]:
    """Return every assumption with value, unit, source and confidence."""
    entries = plan.assumptions.as_dict()
    rows = list(entries.values())
    return [
        Column(
            head=text.word("assumption", language),
            values=[text.assumption_name(name, language) for name in entries],
            width=44,
        ),
        Column(
            head=text.word("value", language),
            values=[content.assumption_value(row, language) for row in rows],
        ),
        Column(
            head=text.word("source", language), values=[row["source"] for row in rows], width=60
        ),
        Column(head=text.word("confidence", language), values=[row["confidence"] for row in rows]),
        Column(
            head=text.word("changed", language),
            values=[text.word("yes" if row["changed"] else "no", language) for row in rows],
        ),
        Column(head=text.word("field", language), values=list(entries), width=30),
    ]


def _attributed(plan: EvacuationPlan, language: str) -> list[tuple[str, str]]:
    """Return the sources; that of the roads names who made them."""
    roads = text.word("source_roads", language)
    rows = dict(content.sources(plan, language))
    made_by = content.attribution(plan, language)
    rows[roads] = f"{rows[roads]}; {made_by}" if roads in rows else made_by
    return list(rows.items())


def _sources(plan: EvacuationPlan, language: str) -> list[Column]:
    """Return sources, limits and the disclaimer."""
    limit = text.word("limits", language)
    rows = [
        *_attributed(plan, language),
        (text.word("made_on", language), content.made_on(plan, language)),
        (text.word("software", language), str(plan.provenance.get("software", ""))),
        (text.word("crs", language), str(plan.provenance.get("crs", ""))),
        *((limit, line) for line in content.limits(plan, language)),
        ("", text.word("disclaimer", language)),
    ]
    return [
        Column(head=text.word("item", language), values=[row[0] for row in rows]),
        Column(head=text.word("value", language), values=[row[1] for row in rows], width=110),
    ]
