"""The printed map: one honest page with matplotlib, for hand-outs and the wall."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience_geo.errors import DependencyError, InputError, Message, Problem
from resilience_geo.maps import content, text
from resilience_geo.maps.files import write_whole
from resilience_geo.maps.printed_column import Column, Paragraph, draw_column
from resilience_geo.maps.printed_map import COLUMN_SHARE, MARGIN_MM, Sheet, draw_map

if TYPE_CHECKING:
    import os

    from resilience_geo.plan import EvacuationPlan

PAPERS_MM: dict[str, tuple[float, float]] = {
    "A4": (297.0, 210.0),
    "A3": (420.0, 297.0),
    "A2": (594.0, 420.0),
    "A1": (841.0, 594.0),
    "A0": (1189.0, 841.0),
}
"""Width and height of the sheets, landscape."""

_MM_PER_INCH = 25.4
_A3_WIDTH_MM = 420.0
_SMALLEST_LETTERS = 0.85
_NOTE_COLUMNS = 3
_NOTE_SHARES = (2.2, 2.0, 1.8, 1.6, 1.4)
"""Letters of a page of notes, to those of the column beside a map: the largest that fit."""
_MOST_PAGES = 20


def save_print_map(
    plan: EvacuationPlan,
    path: str | os.PathLike[str],
    *,
    paper: str = "A3",
    language: str = "id",
) -> Path:
    """Write a plan as a map to print: a PDF, or a PNG when `path` ends so.

    Notes that find no room beside the map follow on a page of their own in a PDF.

    Parameters
    ----------
    plan
        The plan; the map shows its first departure and the roads that will close, its tables
        both departures.
    path
        File to write; it appears whole or not at all.
    paper
        `A4`, `A3`, `A2`, `A1` or `A0`, landscape.
    language
        `id` (Indonesian) or `en`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    DependencyError
        Matplotlib is not installed.
    OutputError
        The file cannot be written.
    """
    text.check_language(language)
    if paper not in PAPERS_MM:
        raise InputError(
            Problem(
                found=Message("paper {paper}", paper=repr(paper)),
                expected=Message("one of {names}", names=", ".join(PAPERS_MM)),
                remedy=Message("choose one of them"),
            )
        )
    target = Path(path)
    kind = "png" if target.suffix.lower() == ".png" else "pdf"
    figures = print_figures(plan, paper=paper, language=language, pages=kind == "pdf")
    data = io.BytesIO()
    metadata = _metadata(plan, language, kind)
    with warnings.catch_warnings():
        # A name may hold letters the font lacks; it prints as boxes, which is no fault of the plan.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        if kind == "png":
            figures[0].savefig(data, format=kind, dpi=200, metadata=metadata)
        else:
            from matplotlib.backends.backend_pdf import PdfPages  # noqa: PLC0415  optional

            with PdfPages(data, metadata=metadata) as document:
                for figure in figures:
                    document.savefig(figure, dpi=200)
    return write_whole(target, data.getvalue())


def print_figures(
    plan: EvacuationPlan, *, paper: str = "A3", language: str = "id", pages: bool = True
) -> list[Any]:
    """Return the pages as `matplotlib.figure.Figure`: the map, then notes that found no room.

    Parameters
    ----------
    plan
        The plan.
    paper
        `A4`, `A3`, `A2`, `A1` or `A0`, landscape.
    language
        `id` (Indonesian) or `en`.
    pages
        False: everything on one page, in smaller letters where need be.
    """
    figure_class = _figure_class()
    width, height = PAPERS_MM[paper]
    sheet = Sheet(width_mm=width, height_mm=height, zoom=max(0.72, width / _A3_WIDTH_MM))
    figure = figure_class(figsize=(width / _MM_PER_INCH, height / _MM_PER_INCH))
    map_width, map_height = sheet.map_mm
    scale = draw_map(
        _axes(figure, sheet, (MARGIN_MM, map_width), map_height), plan, sheet, language
    )
    left = map_width + 2.0 * MARGIN_MM
    size = (width - left - MARGIN_MM, map_height)
    letters = max(_SMALLEST_LETTERS, sheet.zoom)
    column = _axes(figure, sheet, (left, size[0]), map_height)
    notes = draw_column(column, plan, size, (letters, scale, paper), language, pages=pages)
    if plan.is_sample:
        _stamp(figure, text.word("sample", language), sheet)
    figures = [figure]
    while notes and len(figures) < _MOST_PAGES:
        title = content.title(plan, language)
        share = next(
            (each for each in _NOTE_SHARES if not _draw_notes(None, sheet, title, notes, each)),
            _NOTE_SHARES[-1],
        )
        figure = figure_class(figsize=(width / _MM_PER_INCH, height / _MM_PER_INCH))
        notes = _draw_notes(figure, sheet, title, notes, share)
        if plan.is_sample:
            _stamp(figure, text.word("sample", language), sheet)
        figures.append(figure)
    return figures


def _axes(figure: Any, sheet: Sheet, across_mm: tuple[float, float], high_mm: float) -> Any:
    """Return axes on a page: from the left and how wide, from the bottom margin and how high."""
    if figure is None:
        return None
    left, wide = across_mm
    return figure.add_axes(
        (
            left / sheet.width_mm,
            MARGIN_MM / sheet.height_mm,
            wide / sheet.width_mm,
            high_mm / sheet.height_mm,
        )
    )


def _draw_notes(
    figure: Any, sheet: Sheet, title: str, notes: list[Paragraph], share: float
) -> list[Paragraph]:
    """Fill a page with notes, column after column; return what belongs on the next one.

    Without a figure it only measures.
    """
    wide = sheet.width_mm - 2.0 * MARGIN_MM
    high = sheet.height_mm - 2.0 * MARGIN_MM
    heading = Column(_axes(figure, sheet, (MARGIN_MM, wide), high), (wide, high), sheet.zoom)
    heading.write(title, 20, bold=True, most_lines=1)
    left = list(notes)
    each = (wide - (_NOTE_COLUMNS - 1) * MARGIN_MM) / _NOTE_COLUMNS
    size = (each, high - 14.0 * sheet.zoom)
    for number in range(_NOTE_COLUMNS):
        across = (MARGIN_MM + number * (each + MARGIN_MM), each)
        column = Column(_axes(figure, sheet, across, size[1]), size, sheet.zoom * share)
        while left:
            alone = Column(None, size, column.zoom)
            alone.down = column.down
            together = 2 if left[0].bold else 1  # a heading goes where its text goes
            if not alone.write_all(left[:together]) and column.down > 0.0:
                break
            column.write_all(left[:1])
            column.down += 3.0 * column.zoom
            left.pop(0)
    return left


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


def _figure_class() -> Any:
    """Return matplotlib's Figure, or say how to get it."""
    try:
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


def _metadata(plan: EvacuationPlan, language: str, kind: str) -> dict[str, Any]:
    """Return what the file says of itself; its time is the plan's, not the clock's."""
    software = str(plan.provenance.get("software", "resilience-geo"))
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
    figure.text(
        (1.0 - COLUMN_SHARE) / 2.0,
        0.5,
        words,
        rotation=30,
        ha="center",
        va="center",
        fontsize=110 * sheet.zoom,
        fontweight="bold",
        color="black",
        alpha=0.13,
        zorder=50,
        parse_math=False,
    )
