"""The printed map: sheets with matplotlib, for hand-outs and the wall."""

from __future__ import annotations

import io
import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience_geo.errors import DependencyError, Message, Problem
from resilience_geo.inputs.pictures import read_picture
from resilience_geo.maps import content, text
from resilience_geo.maps.files import write_whole
from resilience_geo.maps.printed_chart import Chart, charted
from resilience_geo.maps.printed_column import Block, Column, Item, Paragraph, fill, flow
from resilience_geo.maps.printed_frame import draw_inset
from resilience_geo.maps.printed_labels import width_of
from resilience_geo.maps.printed_legend import write_legend
from resilience_geo.maps.printed_map import draw_map
from resilience_geo.maps.printed_panels import (
    SOURCES_SHOWN,
    procedure_sentences,
    source_items,
    write_emergency,
    write_head,
    write_key_numbers,
    write_procedure,
    write_qr,
    write_summary,
    write_table,
)
from resilience_geo.maps.printed_sheets import Box, MapFrame, Sheet, check_paper, chosen_sheet

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from resilience_geo.maps.options import MapOptions
    from resilience_geo.plan import EvacuationPlan

_MM_PER_INCH = 25.4
_POINTS_PER_MM = 72.0 / 25.4
_SHARES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55)
"""Letters shrink this far so that panels fit; a table gives way first."""
_TABLE_SHARE = 0.22
"""Room kept for the table, to the height of a column, while letters may still shrink."""
_LEAST_TABLE_SHARE = 0.1
_ROOMY_SHARE = 0.4
"""With less the table goes to the column with most room."""
_INSET_POINTS = 88.0
_WIDE_COLUMN = 290.0
_NUMBERS_SHARE, _INSET_SHARE = 0.58, 0.39
_FOOT_SHARES = (1.4, 1.3, 1.2, 1.1)
_FOOT_WEIGHTS = {"phase": 1.0, "emergency": 0.85, "qr": 0.62, "sources": 1.75}
_FOOT_GAP = 5.0
_NOTE_COLUMNS = 3
_NOTE_SHARES = (1.15, 1.0, 0.9)
"""Letters of a page of notes, to those of the sheet: the largest that fit one page."""
_MOST_PAGES = 60
_PNG_DOTS = 200
_STAMP_DEGREES, _STAMP_SHARE = 30.0, 0.85
_SOFTWARE = "resilience-geo"


def save_print_map(
    plan: EvacuationPlan,
    path: str | os.PathLike[str],
    *,
    paper: str = "A3",
    orientation: str = "landscape",
    scale: int | None = None,
    language: str = "id",
    options: MapOptions | None = None,
) -> Path:
    """Write a plan as a map to print: a PDF, or a PNG of the first sheet when `path` ends so.

    The map has a true scale: a millimetre on paper is `scale` millimetres on the ground, the scale
    factor of UTM in the middle of the villages counted in. What finds no room beside the map, as a
    long table or many notes, follows on pages of its own in a PDF.

    Parameters
    ----------
    plan
        The plan; the map shows its first departure and the roads that will close, its tables
        both departures.
    path
        File to write; it appears whole or not at all.
    paper
        `A4`, `A3`, `A2`, `A1` or `A0`.
    orientation
        `landscape`, `portrait` or `auto`, which takes the one with the larger scale.
    scale
        Denominator of the scale, 10000 for 1:10 000. None: the largest round one at which villages,
        routes and their shelters fit one sheet. Villages that do not fit the sheet at a given scale
        are divided into several, numbered, each with an index of all.
    language
        `id` (Indonesian) or `en`.
    options
        Basemap, settlements, palette, agency, procedure and numbers: see `MapOptions`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        There is no such paper, orientation, scale or language, or the logo cannot be read.
    DependencyError
        Matplotlib is not installed.
    OutputError
        The file cannot be written.
    """
    target = Path(path)
    kind = "png" if target.suffix.lower() == ".png" else "pdf"
    figures = print_figures(
        plan,
        paper=paper,
        orientation=orientation,
        scale=scale,
        language=language,
        options=options,
        pages=kind == "pdf",
    )
    data = io.BytesIO()
    metadata = document_metadata(plan, language, kind)
    import matplotlib as mpl  # noqa: PLC0415  an optional package

    with warnings.catch_warnings(), mpl.rc_context({"pdf.fonttype": 42}):
        # A name may hold letters the font lacks; it prints as boxes, which is no fault of the plan.
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from font")
        if kind == "png":
            figures[0].savefig(data, format=kind, dpi=_PNG_DOTS, metadata=metadata)
        else:
            from matplotlib.backends.backend_pdf import PdfPages  # noqa: PLC0415  optional

            with PdfPages(data, metadata=metadata) as document:
                for figure in figures:
                    document.savefig(figure, dpi=_PNG_DOTS)
    return write_whole(target, data.getvalue())


def print_figures(
    plan: EvacuationPlan,
    *,
    paper: str = "A3",
    orientation: str = "landscape",
    scale: int | None = None,
    language: str = "id",
    options: MapOptions | None = None,
    pages: bool = True,
) -> list[Any]:
    """Return the pages as `matplotlib.figure.Figure`: the sheets, then what found no room.

    Parameters
    ----------
    plan, paper, orientation, scale, language, options
        As of `save_print_map`.
    pages
        False: no pages besides the sheets; what finds no room is left out, and the sheet says so.
    """
    text.check_language(language)
    check_paper(paper, orientation, scale)
    new_figure = figure_class()
    sheet, frames = chosen_sheet(plan, paper, orientation, scale)
    chart = charted(plan, frames[0].crs, language, options)
    logo = None if chart.options.logo is None else read_picture(chart.options.logo)
    figures, left = [], []
    for place in frames:
        figure = _page(new_figure, sheet)
        left = _draw_sheet(figure, chart, sheet, (place, frames), (paper, logo), pages=pages)
        figures.append(figure)
    title = content.title(plan, language)
    while pages and left and len(figures) < len(frames) + _MOST_PAGES:
        share = next(
            (each for each in _NOTE_SHARES if not _draw_notes(None, sheet, title, left, each)),
            _NOTE_SHARES[-1],
        )
        figure = _page(new_figure, sheet)
        left = _draw_notes(figure, sheet, title, left, share)
        figures.append(figure)
    if plan.is_sample:
        for figure in figures:
            _stamp(figure, text.word("sample", language), sheet)
    return figures


def print_figure(plan: EvacuationPlan, *, paper: str = "A3", language: str = "id") -> Any:
    """Return the map on one page as a `matplotlib.figure.Figure`.

    Parameters
    ----------
    plan
        The plan.
    paper
        `A4`, `A3`, `A2`, `A1` or `A0`, landscape.
    language
        `id` (Indonesian) or `en`.
    """
    return print_figures(plan, paper=paper, language=language, pages=False)[0]


def _page(new_figure: Any, sheet: Sheet) -> Any:
    """Return an empty page."""
    return new_figure(figsize=(sheet.width_mm / _MM_PER_INCH, sheet.height_mm / _MM_PER_INCH))


def _axes(figure: Any, sheet: Sheet, place: Box) -> Any:
    """Return axes on a page at left, bottom, width and height in mm."""
    if figure is None:
        return None
    left, bottom, wide, high = place
    return figure.add_axes(
        (
            left / sheet.width_mm,
            bottom / sheet.height_mm,
            wide / sheet.width_mm,
            high / sheet.height_mm,
        )
    )


def _column(figure: Any, sheet: Sheet, place: Box, zoom: float) -> Column:
    """Return a column of text on a page; without a figure it only measures."""
    return Column(_axes(figure, sheet, place), place[2:], zoom)


def _draw_sheet(
    figure: Any,
    chart: Chart,
    sheet: Sheet,
    places: tuple[MapFrame, list[MapFrame]],
    looks: tuple[str, NDArray[Any] | None],
    *,
    pages: bool,
) -> list[Item]:
    """Draw one sheet; return what found no room."""
    place, frames = places
    write_head(_column(figure, sheet, sheet.head_mm, sheet.zoom), chart, place, *looks)
    draw_map(_axes(figure, sheet, sheet.map_mm), chart, place, sheet)
    left = _draw_side(figure, chart, sheet, (place, frames), pages=pages)
    return [*left, *_draw_foot(figure, chart, sheet, place, pages=pages)]


def _draw_side(
    figure: Any,
    chart: Chart,
    sheet: Sheet,
    places: tuple[MapFrame, list[MapFrame]],
    *,
    pages: bool,
) -> list[Item]:
    """Draw the columns beside or below the map; return the table if it found too little room."""
    place, frames = places

    def numbers(column: Column) -> None:
        """Write the figures, with the inset at their right."""
        whole, top = column.width, column.down
        beside = whole >= _WIDE_COLUMN * column.zoom
        column.width = whole * (_NUMBERS_SHARE if beside else 1.0)
        write_key_numbers(column, chart)
        column.width = whole
        if not beside:  # below them
            top = column.down
        high = max(column.down - top, _INSET_POINTS * column.zoom)
        column.down = top
        axes = column.area(high, whole * (1.0 - _INSET_SHARE) if beside else 0.0)
        if axes is not None:
            draw_inset(axes, chart, frames, place)
        column.down = top + high + 5.0 * column.zoom

    everything: list[Block] = [
        lambda column: write_summary(column, chart),
        numbers,
        lambda column: write_legend(column, chart),
    ]
    # Letters do not shrink below what people read: a small paper says less.
    needed: list[Block] = [
        lambda column: write_summary(column, chart, whole=False),
        lambda column: write_key_numbers(column, chart),
        everything[-1],
    ]

    def columns_of(page: Any, share: float) -> list[Column]:
        return [_column(page, sheet, each, sheet.zoom * share) for each in sheet.columns_mm]

    def fits(share: float, table: float, blocks: list[Block]) -> bool:
        columns = columns_of(None, share)
        if not fill(columns, blocks):
            return False
        last = next(each for each in reversed(columns) if each.down > 0.0)
        return last.height - last.down >= table * last.height or last is not columns[-1]

    tried = [
        *((each, _TABLE_SHARE, everything) for each in _SHARES[:5]),
        *((each, _TABLE_SHARE, needed) for each in _SHARES if sheet.zoom < 1.0),
        *((each, _LEAST_TABLE_SHARE, everything) for each in _SHARES),
        *((each, _LEAST_TABLE_SHARE, needed) for each in _SHARES),
    ]
    share, _, blocks = next((each for each in tried if fits(*each)), (_SHARES[-1], 0.0, needed))
    columns = columns_of(figure, share)
    fill(columns, blocks)
    used = [number for number, each in enumerate(columns) if each.down > 0.0]
    last = columns[used[-1]]
    if last.height - last.down < _ROOMY_SHARE * last.height:
        last = max(columns, key=lambda each: each.height - each.down)
    return write_table(last, chart, pages=pages)


def _draw_foot(
    figure: Any, chart: Chart, sheet: Sheet, place: MapFrame, *, pages: bool
) -> list[Item]:
    """Draw the panels below: what to do, numbers, QR code, sources; return notes without room."""
    mode = chart.plan.assumptions.mode
    phases: list[tuple[str, Callable[[Column], None]]] = [
        ("phase", lambda column, one=one: write_procedure(column, *one))  # type: ignore[misc]
        for one in procedure_sentences(chart.options, chart.language, mode)
    ]
    cells: list[tuple[str, Callable[[Column], None]]] = []
    cells.append(("emergency", lambda column: write_emergency(column, chart)))
    if chart.options.link:
        cells.append(("qr", lambda column: write_qr(column, chart)))

    def fit(placed: list[tuple[Box, Callable[[Column], None]]], share: float) -> bool:
        return all(_fits(sheet, each, share, write) for each, write in placed)

    # Where letters would be too small, what to do when leaving stays longest.
    kept = [phases, phases[:-1], phases[1:2] or phases[:1]]
    placements = [_side_by_side(sheet, [*some, *cells]) for some in kept]
    tried = [(some, share) for some in placements for share in (*_FOOT_SHARES, *_SHARES)]
    placed, share = next((each for each in tried if fit(*each)), tried[-1])
    for each, write in placed:
        write(_column(figure, sheet, each, sheet.zoom * share))
    left, bottom, wide, high = sheet.foot_mm
    last = placed[-1][0]
    at = last[0] + last[2] + _FOOT_GAP * sheet.zoom
    cell = (at, bottom, left + wide - at, high)
    return _draw_sources(figure, chart, sheet, (cell, place), pages=pages)


def _side_by_side(
    sheet: Sheet, cells: list[tuple[str, Callable[[Column], None]]]
) -> list[tuple[Box, Callable[[Column], None]]]:
    """Return the places of panels below, with room for the sources at the right."""
    left, bottom, wide, high = sheet.foot_mm
    gap = _FOOT_GAP * sheet.zoom
    total = sum(_FOOT_WEIGHTS[name] for name, _ in cells) + _FOOT_WEIGHTS["sources"]
    unit = (wide - gap * len(cells)) / total
    at, placed = left, []
    for name, write in cells:
        wide_cell = unit * _FOOT_WEIGHTS[name]
        placed.append(((at, bottom, wide_cell, high), write))
        at += wide_cell + gap
    return placed


def _fits(sheet: Sheet, cell: Box, share: float, write: Callable[[Column], None]) -> bool:
    """Return whether a panel fits its cell."""
    column = _column(None, sheet, cell, sheet.zoom * share)
    write(column)
    return not column.cut


def _draw_sources(
    figure: Any, chart: Chart, sheet: Sheet, where: tuple[Box, MapFrame], *, pages: bool
) -> list[Item]:
    """Draw sources and as many notes as find room; return the others."""
    cell, place = where
    items: Sequence[Paragraph] = source_items(chart, place, sheet)

    def fits(share: float, shown: Sequence[Item]) -> bool:
        return not flow(_column(None, sheet, cell, sheet.zoom * share), shown)

    shares = (*_FOOT_SHARES[2:], *_SHARES)
    share = next((each for each in shares[:6] if fits(each, items)), None)
    if share is not None:
        flow(_column(figure, sheet, cell, sheet.zoom * share), items)
        return []
    words = text.word("notes_next_page" if pages else "notes_cut", chart.language)
    pointer = Paragraph(words=words, size=8.0, before=2.0)
    shown = [*items[:SOURCES_SHOWN], pointer]
    share = next((each for each in shares if fits(each, shown)), None)
    if share is None:  # small paper: who made the roads, at least
        made_by = Paragraph(words=f"{content.attribution(chart.plan, chart.language)}.", size=7.0)
        flow(_column(figure, sheet, cell, sheet.zoom), [items[0], made_by, pointer])
        return list(items[1:])
    kept = SOURCES_SHOWN
    if not pages:  # a sheet without further pages shows what it can, but no heading alone
        wanted = [(count, each) for count in range(len(items), kept, -1) for each in shares]
        wanted = [one for one in wanted if not items[one[0] - 1].bold]
        kept, share = next(
            (one for one in wanted if fits(one[1], [*items[: one[0]], pointer])), (kept, share)
        )
    flow(_column(figure, sheet, cell, sheet.zoom * share), [*items[:kept], pointer])
    return list(items[kept:])


def _draw_notes(
    figure: Any, sheet: Sheet, title: str, items: list[Item], share: float
) -> list[Item]:
    """Fill a page with tables and notes, column after column; return what belongs on the next one.

    Without a figure it only measures.
    """
    margin = sheet.margin_mm
    wide, high = sheet.width_mm - 2.0 * margin, sheet.height_mm - 2.0 * margin
    heading = _column(figure, sheet, (margin, margin, wide, high), sheet.zoom)
    heading.write(title, 20, bold=True, most_lines=1)
    portrait = sheet.height_mm > sheet.width_mm
    count = _NOTE_COLUMNS - portrait
    each = (wide - (count - 1) * margin) / count
    left = list(items)
    for number in range(count):
        place = (margin + number * (each + margin), margin, each, high - 14.0 * sheet.zoom)
        left = flow(_column(figure, sheet, place, sheet.zoom * share), left)
        if not left:
            break
    return left


def figure_class() -> Any:
    """Return matplotlib's Figure, or say how to get it."""
    try:
        import matplotlib_scalebar  # noqa: F401, PLC0415  an optional package
        from matplotlib.figure import Figure  # noqa: PLC0415  an optional package
    except ImportError as error:
        raise DependencyError(
            Problem(
                found=Message("an installation without {package}", package="matplotlib"),
                expected=Message("{package}, which draws printed maps", package="matplotlib"),
                remedy=Message("pip install 'resilience-geo[print]'"),
            )
        ) from error
    return Figure


def document_metadata(plan: EvacuationPlan, language: str, kind: str) -> dict[str, Any]:
    """Return what the file says of itself; its time is the plan's, not the clock's."""
    software = str(plan.provenance.get("software", _SOFTWARE))
    title = content.title(plan, language)
    if kind == "png":
        return {"Title": title, "Software": software}
    return {
        "Title": title,
        "Creator": software,
        "Producer": software,
        "CreationDate": content.created(plan),
    }


def _stamp(figure: Any, words: str, sheet: Sheet) -> None:
    """Print the stamp of made-up data across the map."""
    left, bottom, wide, high = sheet.map_mm
    turn = math.radians(_STAMP_DEGREES)
    across = _STAMP_SHARE * min(wide / math.cos(turn), high / math.sin(turn))
    figure.text(
        (left + wide / 2.0) / sheet.width_mm,
        (bottom + high / 2.0) / sheet.height_mm,
        words,
        rotation=_STAMP_DEGREES,
        ha="center",
        va="center",
        fontsize=across * _POINTS_PER_MM / width_of(words, 1.0, bold=True),
        fontweight="bold",
        color="black",
        alpha=0.13,
        zorder=50,
        parse_math=False,
    )
