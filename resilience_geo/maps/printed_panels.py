"""What stands beside and below a printed map: title, figures, table, what to do, sources."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience_geo.maps import content, text
from resilience_geo.maps.options import PROCEDURE_PHASES
from resilience_geo.maps.printed_column import Column, Item, Listing, Paragraph, shortened
from resilience_geo.maps.printed_frame import draw_qr, grid_step
from resilience_geo.maps.printed_labels import printable, width_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.maps.options import MapOptions
    from resilience_geo.maps.printed_chart import Chart
    from resilience_geo.maps.printed_sheets import MapFrame, Sheet

_TITLE_SIZE, _FACTS_SIZE = 27.0, 11.0
_LEAST_TITLE = 0.62
_MOST_NAME_LINES = 4
_BLANKS = ("village", "rt", "clinic", "bpbd")
_FULL_ROWS = 700
"""Beyond this a table names only what becomes of most people of a settlement."""
_MOST_ROWS = (20, 15, 12, 10, 8, 6, 5, 4, 3, 2, 1)
"""Shelters of a settlement on a sheet without room for all; the first number that fits is taken."""
_ANY_CAUSE, _OTHERS = "any", "others"
_PEOPLE = ("evacuees", "evacuees_late")
_ANSWER_KEYS = ["village_code", "settlement", "status", "shelter_id"]


def write_head(
    column: Column, chart: Chart, place: MapFrame, paper: str, logo: NDArray[Any] | None
) -> None:
    """Write the title, code, scale and sheet; logo and agency at the right.

    Parameters
    ----------
    column
        Of the head of the sheet.
    chart
        What is printed.
    place
        The land on this sheet.
    paper
        Its name.
    logo
        Picture of the agency, or None.
    """
    language, plan = chart.language, chart.plan
    right = _write_agency(column, chart, logo)
    room = column.width - right
    title = printable(content.title(plan, language))
    size = _TITLE_SIZE * column.zoom
    share = room * 0.98 / max(width_of(title, size, bold=True), 1.0)
    size *= min(1.0, max(_LEAST_TITLE, share))
    column.draw(0.0, shortened(title, room, size, bold=True), size, bold=True)
    column.down += size * 1.3
    code = content.area_code(plan)
    facts = [f"{text.word('area_code', language)}: {code}"] if code else []
    facts.append(f"{text.word('made_on', language)} {content.made_on(plan, language)}")
    scale = text.number(place.scale, language)
    facts.append(text.word("print_scale_on", language, scale=scale, paper=paper))
    if place.count > 1:
        facts.append(text.word("print_sheet", language, number=place.number, count=place.count))
    words, size = ". ".join(facts), _FACTS_SIZE * column.zoom
    share = room * 0.98 / max(width_of(words, size, bold=True), 1.0)
    size *= min(1.0, max(_LEAST_TITLE, share))
    size = max(size, column.letters(0.0))
    column.draw(0.0, shortened(words, room, size, bold=True), size, bold=True)


def _write_agency(column: Column, chart: Chart, logo: NDArray[Any] | None) -> float:
    """Write the agency at the right, with its logo; return how much of the width it takes."""
    options, zoom = chart.options, column.zoom
    high = column.height * 0.92
    taken = 0.0
    if logo is not None:
        rows, columns = logo.shape[:2]
        taken = min(high * columns / rows, column.width * 0.2)
        if column.axes is not None:
            place = column.axes.get_position()
            axes = column.axes.get_figure().add_axes(
                (
                    place.x1 - place.width * taken / column.width,
                    place.y1 - place.height * 0.92,
                    place.width * taken / column.width,
                    place.height * 0.92,
                )
            )
            axes.imshow(logo, interpolation="none")
            axes.axis("off")
        taken += 8.0 * zoom
    lines = [(options.agency, 12.0, True), (options.contact, 9.0, False)]
    widest = 0.0
    for words, points, bold in lines:
        if not words:
            continue
        size = points * zoom
        line = shortened(words, column.width * 0.3, size, bold=bold)
        end = column.width - taken
        column.draw(end, line, size, bold=bold, right=True)
        column.down += size * 1.35
        widest = max(widest, width_of(line, size, bold=bold))
    column.down = 0.0
    return taken + (widest + 12.0 * zoom if widest else 0.0)


def write_summary(column: Column, chart: Chart, *, whole: bool = True) -> None:
    """Write the names of the villages, and the sentences a session opens with.

    Parameters
    ----------
    column
        Where to write.
    chart
        What is printed.
    whole
        False: what is needed most, on a small paper.
    """
    if chart.plan.is_sample:
        note = f"{text.word('sample', chart.language)}: {text.word('sample_note', chart.language)}"
        column.write(note, 9.0, bold=True)
    for line in content.more_names(chart.plan) if whole else ():
        column.write(line, 9.0, most_lines=_MOST_NAME_LINES)
    words = " ".join(content.summary(chart.plan, chart.language, whole=whole))
    column.write(words, 10.5, before=2.0)
    column.down += 3.0 * column.zoom


def write_key_numbers(column: Column, chart: Chart) -> None:
    """Write who must go, who arrives and who is not served, for each departure."""
    plan, language = chart.plan, chart.language
    departures = content.departures(plan)
    kind = str(plan.hazard.kind)
    names = [text.departure_name(name, kind, language) for name in departures]
    evacuees = [content.total(plan, "evacuees", name) for name in departures]
    arrive = [content.total(plan, "allocated", name) for name in departures]
    left = [all_ - some for all_, some in zip(evacuees, arrive, strict=True)]
    rows = [
        [text.word(term, language), *(text.number(figure, language) for figure in figures)]
        for term, figures in (
            ("evacuees_short", evacuees),
            ("arrive_short", arrive),
            ("unserved_short", left),
        )
    ]
    column.table([text.word("people", language).capitalize(), *names], rows, (8, 10), bold=True)
    column.down += 4.0 * column.zoom


def answers_listing(chart: Chart, table: Any, most: int | None = None) -> Listing:
    """Return the table of settlements, shelters, people and minutes, with its sum.

    Parameters
    ----------
    chart
        What is printed.
    table
        From `both_departures`.
    most
        How many shelters a settlement gets, most people first, one row for its others and one for
        all who have no place; None: every shelter and every cause, with their sum.
    """
    language, plan = chart.language, chart.plan
    rows: list[tuple[str, ...]] = []
    names = chart.shelter_names()
    late = plan.departure == "both"
    villages = chart.options.settlements is not None and len(chart.villages) > 1
    village_names = chart.villages["village_name"].astype(str).to_dict()
    several = len(table[["village_code", "settlement"]].drop_duplicates()) > 1
    last_village = last_place = None
    for row in (table if most is None else _shortened(table, most)).itertuples():
        if villages and row.village_code != last_village:
            rows.append((village_names[row.village_code],))
        key = (row.village_code, row.settlement)
        first = key != last_place
        last_village, last_place = row.village_code, key
        name = chart.settlement_name(int(row.settlement), village_names[row.village_code])
        if row.status == "allocated":
            shelter = names.get(str(row.shelter_id), str(row.shelter_id))
        elif row.status == _OTHERS:
            shelter = text.word("print_others", language, count=row.shelter_id)
        else:
            shelter = _no_place(str(row.status), language)
        cells = [
            *([name if first else ""] if several else []),
            shelter,
            *_people_and_minutes(row, "", language),
        ]
        if late:
            cells += _people_and_minutes(row, "_late", language)
        rows.append(tuple(cells))
    if most is None and rows:
        total = [*([""] if several else []), text.number(table["evacuees"].sum(), language), ""]
        if late:
            total += [text.number(table["evacuees_late"].sum(), language), ""]
        rows.append((text.word("print_all", language), *total))
    place = "village" if chart.options.settlements is None else "print_settlement"
    heads = [*([place] if several else []), "shelter", "print_people", "print_minutes"]
    words = [text.word(head, language) for head in heads]
    if late:
        words += [f"{head}*" for head in words[-2:]]
    return Listing(heads=tuple(words), rows=tuple(rows), words=1 + several)


def _no_place(cause: str, language: str) -> str:
    """Return that people have no place, and why."""
    if cause == _ANY_CAUSE:
        return text.word("print_left", language)
    words = text.word(cause, language)
    return text.word("print_no_place", language, cause=f"{words[0].lower()}{words[1:]}")


def _shortened(table: Any, most: int) -> Any:
    """Return the shelters of each settlement, those beyond so many as one row, and who has none.

    The rows of a settlement still sum to its people.
    """
    keys = ["village_code", "settlement"]
    placed = table["status"] == "allocated"
    shelters = table[placed]
    groups = shelters.groupby(keys, sort=False)["status"]
    # A row that stands for one shelter only would take the room of that shelter.
    shown = (groups.cumcount() < most) | (groups.transform("size") == most + 1)
    others = _summed(shelters[~shown], keys, _OTHERS)
    left = _summed(table[~placed], keys, _ANY_CAUSE).assign(shelter_id="")
    order = table[keys].drop_duplicates().reset_index(drop=True)
    order["order"] = np.arange(len(order))
    parts = [each for each in (shelters[shown], others, left) if len(each)]
    rows = pd.concat(parts, ignore_index=True).merge(order, on=keys)
    return rows.sort_values("order", kind="stable")


def _summed(table: Any, keys: list[str], status: str) -> Any:
    """Return the people of rows together, with how many rows they are as `shelter_id`."""
    groups = table.groupby(keys, sort=False)
    sums = groups[[name for name in _PEOPLE if name in table.columns]].sum()
    sums = sums.assign(status=status, shelter_id=groups.size().astype(str))
    times = {name: np.nan for name in table.columns if name.startswith("travel_time_s")}
    return sums.assign(**times).reset_index()


def sums_listing(chart: Chart, table: Any, by: str) -> Listing:
    """Return a row for each settlement or village: main shelter, people, and those without a place.

    Parameters
    ----------
    chart
        What is printed.
    table
        From `both_departures`, or in another order of its settlements.
    by
        `settlement` or `village_code`.
    """
    language = chart.language
    names = chart.shelter_names()
    village_names = chart.villages["village_name"].astype(str).to_dict()
    keys = ["village_code"] if by == "village_code" else ["village_code", "settlement"]
    late = "evacuees_late" in table.columns
    rows = []
    for key, part in table.groupby(keys, sort=False):
        village = village_names[key[0]]
        name = village if len(key) == 1 else chart.settlement_name(int(key[1]), village)
        placed = part["status"] == "allocated"
        coming = part[placed].groupby("shelter_id", sort=False)["evacuees"].sum()
        coming = coming.sort_values(ascending=False, kind="stable")
        shelter = "-"
        if len(coming):
            shelter = names.get(str(coming.index[0]), str(coming.index[0]))
        if len(coming) > 1:
            count = len(coming) - 1
            shelter = text.word("print_and_others", language, name=shelter, count=count)
        figures = [part["evacuees"].sum(), part["evacuees"].where(~placed, 0).sum()]
        if late:
            figures.append(part["evacuees_late"].where(~placed, 0).sum())
        rows.append((name, shelter, *(text.number(float(each), language) for each in figures)))
    settled = by == "settlement" and chart.options.settlements is not None
    terms = ["print_settlement" if settled else "village", "shelter", "print_people"]
    heads = [text.word(term, language) for term in (*terms, "unserved_short")]
    if late:
        heads.append(f"{heads[-1]}*")
    return Listing(heads=tuple(heads), rows=tuple(rows), words=2)


def _worst_first(table: Any, by: str) -> Any:
    """Return the rows of settlements or villages with most people without a place first."""
    keys = ["village_code"] if by == "village_code" else ["village_code", "settlement"]
    left = table["evacuees"].where(table["status"] != "allocated", 0)
    order = -left.groupby([table[key] for key in keys]).transform("sum")
    return table.loc[order.sort_values(kind="stable").index]


def both_departures(chart: Chart) -> Any:
    """Return the answers, those of both departures side by side in the order of the first."""
    plan = chart.plan
    columns = [*_ANSWER_KEYS, "evacuees", "travel_time_s"]
    first = content.of_departure(chart.answers, chart.departure)[columns]
    if plan.departure == "both":
        late = content.of_departure(chart.answers, "late")[columns]
        first = first.merge(late, on=_ANSWER_KEYS, how="outer", suffixes=("", "_late"), sort=False)
        first[["evacuees", "evacuees_late"]] = first[["evacuees", "evacuees_late"]].fillna(0)
    order = {code: place for place, code in enumerate(chart.villages.index)}
    keys = pd.DataFrame(
        {
            "village": first["village_code"].map(order),
            # People outside all settlements come last.
            "settlement": first["settlement"].where(first["settlement"] >= 0, len(first) + 10**9),
            "unserved": first["status"] != "allocated",
            "people": -first["evacuees"],
            "people_late": -first["evacuees_late"] if "evacuees_late" in first.columns else 0,
            "shelter": first["shelter_id"].astype(str),
            "status": first["status"].astype(str),
        }
    )
    return first.loc[keys.sort_values(list(keys.columns), kind="stable").index]


def _people_and_minutes(row: Any, suffix: str, language: str) -> tuple[str, str]:
    """Return the people of a row and the minutes half of them need, as text."""
    people = float(getattr(row, f"evacuees{suffix}"))
    seconds = float(getattr(row, f"travel_time_s{suffix}"))
    if not people:
        return "0", ""
    if math.isnan(seconds) or row.status != "allocated":
        return text.number(people, language), ""
    return text.number(people, language), text.number(max(1, math.ceil(seconds / 60.0)), language)


def write_table(column: Column, chart: Chart, *, pages: bool) -> list[Item]:
    """Write who goes where, as far as there is room; return what belongs on a further page.

    Parameters
    ----------
    column
        Where to write.
    chart
        What is printed.
    pages
        Whether a further page can follow.
    """
    language = chart.language
    heading = Paragraph(words=text.word("print_where_to", language), size=12.0, bold=True)
    table = both_departures(chart)
    whole = answers_listing(chart, table, None if len(chart.answers) <= _FULL_ROWS else 1)
    note = text.word("print_minutes_note", language)
    star = f"* {text.word('print_if_late', language)} " if chart.plan.departure == "both" else ""
    note = f"{star}{note}"
    column.write(heading.words, heading.size, bold=True)
    trial = column.measured()
    if trial.listing(whole) == len(whole.rows) and trial.write(note, 7.0):
        column.listing(whole)
        column.write(note, 7.0)
        return []
    pointer = text.word("print_table_next" if pages else "notes_cut", language)
    spare = 2.0 * 1.27 * column.letters(7.5)
    column.height -= spare
    for short in _shorter_listings(chart, table):
        if column.measured().listing(short) == len(short.rows):
            break
    shown = column.listing(short)
    if shown < len(short.rows):
        term = "print_rows_next" if pages else "print_rows_cut"
        count = text.number(len(short.rows) - shown, language)
        pointer = text.word(term, language, count=count)
    column.height += spare
    column.write(f"{pointer} {star}".strip(), 7.5, most_lines=2)
    column.cut = False
    return [heading, whole, Paragraph(words=note, size=7.0)] if pages else []


def _shorter_listings(chart: Chart, table: Any) -> Iterator[Listing]:
    """Return tables with less and less; the last one may be cut, so it has the worst first."""
    for most in _MOST_ROWS:
        yield answers_listing(chart, table, most)
    several = len(chart.villages) > 1
    if chart.options.settlements is None or not several:
        yield sums_listing(chart, table, "settlement")
    if several:
        yield sums_listing(chart, table, "village_code")
    by = "village_code" if several else "settlement"
    yield sums_listing(chart, _worst_first(table, by), by)


def procedure_sentences(
    options: MapOptions, language: str, mode: str = "walk"
) -> list[tuple[str, list[str]]]:
    """Return what to do before, during and after: heading and sentences of each phase.

    Parameters
    ----------
    options
        Which may hold sentences of their own, or want none.
    language
        `id` or `en`.
    mode
        How people travel, as in the assumptions: those who walk are told to leave vehicles.
    """
    wanted = options.procedure
    if isinstance(wanted, Mapping):
        sentences = {phase: [str(line) for line in wanted.get(phase, ())] for phase in wanted}
    elif wanted:
        during = "during_walk" if mode == "walk" else "during_ride"
        terms = {
            "before": ("before_1", "before_2", "before_3", "before_4"),
            "during": ("during_1", "during_2", during, "during_4"),
            "after": ("after_1", "after_2", "after_3"),
        }
        sentences = {
            phase: [text.word(f"print_{term}", language) for term in terms[phase]]
            for phase in terms
        }
    else:
        sentences = {}
    return [
        (text.word(f"print_{phase}", language), sentences[phase])
        for phase in PROCEDURE_PHASES
        if sentences.get(phase)
    ]


def write_procedure(column: Column, heading: str, lines: list[str]) -> None:
    """Write what to do in one phase, numbered."""
    column.write(heading, 12.0, bold=True)
    column.rule(after=2.0)
    for number, line in enumerate(lines, start=1):
        size = column.letters(9.5)
        if column.room_for(size):
            column.draw(0.0, f"{number}.", size, bold=True)
        column.write(line, 9.5, left=1.6 * size)
        column.down += 1.5 * column.zoom


def write_emergency(column: Column, chart: Chart) -> None:
    """Write emergency numbers, or lines to fill them in by hand."""
    language = chart.language
    column.write(text.word("print_emergency", language), 12.0, bold=True)
    column.rule(after=2.0)
    numbers = chart.options.emergency_numbers
    if numbers:
        for name, number in numbers.items():
            column.write(str(name), 9.0)
            column.write(str(number), 12.0, bold=True)
        return
    for term in _BLANKS:
        name = text.word(f"print_emergency_{term}", language)
        size = column.letters(9.0)
        if not column.room_for(size * 2.3):
            return
        column.down += size * 0.8
        column.draw(0.0, name, size)
        column.down += size * 1.1
        if column.axes is not None:
            start = width_of(name, size) + 4.0 * column.zoom
            column.axes.plot(
                [min(start, column.width * 0.6), column.width],
                [column.down - size * 0.1] * 2,
                color="black",
                linewidth=0.5 * column.zoom,
                linestyle=(0, (1, 2)),
            )


def write_qr(column: Column, chart: Chart) -> None:
    """Draw the QR code of the link, with the address below it."""
    side = min(column.width, column.height * 0.72)
    column.write(text.word("print_scan", chart.language), 8.5, bold=True)
    if column.room_for(side):
        if column.axes is not None:
            draw_qr(column.axes, 0.0, column.down, side, chart.options.link)
        column.down += side
    column.write(chart.options.link, 7.0, most_lines=3)


def source_items(chart: Chart, place: MapFrame, sheet: Sheet) -> list[Paragraph]:
    """Return the warning, sources, projection, limits and assumptions, most needed first.

    Parameters
    ----------
    chart
        What is printed.
    place
        The land on this sheet.
    sheet
        The layout of the paper.
    """
    plan, language = chart.plan, chart.language
    shown = [f"{name}: {value}." for name, value in content.sources(plan, language)]
    shown.append(content.attribution(plan, language) + ".")
    basemap = chart.options.basemap
    if basemap is not None and basemap.source:
        dated = text.word("data_of", language, date=basemap.date) if basemap.date else ""
        shown.append(f"{text.word('print_base', language)}: {basemap.source}. {dated}".strip())
    step = grid_step(place, sheet)
    turned = place.convergence
    projection = text.word(
        "print_projection",
        language,
        zone=place.crs.utm_zone or "",
        step=text.distance(step, language),
        degrees=text.number(abs(turned), language, 2),
        side=text.word("print_side_left" if turned > 0 else "print_side_right", language),
    )
    shown += [projection, text.word("print_full_size", language)]
    shown.append(f"{plan.provenance.get('software', '')}.")
    items = [
        Paragraph(words=text.word("disclaimer", language), size=8.5, bold=True),
        Paragraph(words=text.word("sources", language), size=8.5, bold=True, before=2),
        Paragraph(words=" ".join(shown), size=7.0),
    ]
    limits = content.limits(plan, language)
    if basemap is not None:
        limits += [text.message(note, language) for note in basemap.notes]
    if limits:
        items.append(Paragraph(words=text.word("limits", language), size=8.5, bold=True, before=2))
        items += [Paragraph(words=f"- {line}", size=7.0) for line in dict.fromkeys(limits)]
    assumptions = content.key_assumptions(plan, language)
    items.append(Paragraph(words=text.word("assumptions", language), size=8.5, bold=True, before=2))
    words = "; ".join(f"{name}: {value}" for name, value in assumptions)
    items.append(Paragraph(words=words, size=7.0))
    return items


SOURCES_SHOWN = 3
"""Of `source_items`, how many stand on every sheet whatever the room."""
