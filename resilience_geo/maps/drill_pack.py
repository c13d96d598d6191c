"""The drill pack: route cards, observer sheets and posters, in one folder."""

from __future__ import annotations

import csv
import io
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience_geo.maps import text
from resilience_geo.maps.cells import csv_text
from resilience_geo.maps.drill_answers import drill_answers
from resilience_geo.maps.drill_cards import CARD_MM, draw_card
from resilience_geo.maps.drill_land import prepare_land
from resilience_geo.maps.drill_page import MM_PER_INCH, page_axes, rule
from resilience_geo.maps.drill_poster import draw_poster, poster_pages
from resilience_geo.maps.drill_poster_table import POSTER_MM
from resilience_geo.maps.drill_sheets import (
    RECORD_COLUMNS,
    SHEET_MM,
    draw_sheet,
    record_rows,
    sheet_pages,
)
from resilience_geo.maps.drill_ways import card_ways
from resilience_geo.maps.options import MapOptions
from resilience_geo.maps.printed import document_metadata, figure_class
from resilience_geo.reports import whole_files

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from resilience_geo.maps.drill_answers import Answer
    from resilience_geo.maps.drill_land import Land
    from resilience_geo.maps.drill_ways import Ways
    from resilience_geo.plan import EvacuationPlan

FILES: tuple[str, ...] = (
    "route_cards.pdf",
    "observer_sheets.pdf",
    "poster.pdf",
    "observer_sheets.csv",
)
_LOOK: dict[str, Any] = {
    "pdf.fonttype": 42,  # letters stay letters: text can be found and copied
    "pdf.compression": 6,
    "font.family": ["DejaVu Sans"],
    "text.usetex": False,
    "path.simplify": True,
    "axes.linewidth": 0.8,
}


def save_drill_pack(
    plan: EvacuationPlan,
    folder: str | os.PathLike[str],
    *,
    language: str = "id",
    options: MapOptions | None = None,
) -> list[Path]:
    """Write what a drill needs on paper: route cards, observer sheets and posters.

    `route_cards.pdf` has a card for each settlement with evacuees, two to an upright A4 page: where
    to go, turn by turn, the second route, who needs help, a small map; where people have no place
    the card says so, why, and whom to ask. `observer_sheets.pdf` has a sheet for each shelter that
    people come to, with the numbers of the plan and blanks for what happens. `poster.pdf` has an A2
    page for each village. `observer_sheets.csv` is the table of the sheets, to be filled in with
    what the observers wrote.

    Parameters
    ----------
    plan
        The plan. Cards show its first departure, and say what it costs to leave late where both
        were planned.
    folder
        Made where it is missing; files of the same name are replaced.
    language
        `id` (Indonesian) or `en`.
    options
        What is shown besides the plan; `settlements` says who gets a card, without them every
        village gets one.

    Returns
    -------
    list of pathlib.Path
        The files, in the order of `FILES`; without anybody to evacuate only the posters.

    Raises
    ------
    DependencyError
        Matplotlib is not installed.
    OutputError
        The folder cannot be written; what was there before is still there.
    """
    text.check_language(language)
    options = options if options is not None else MapOptions()
    answers = drill_answers(plan, options, language)
    land = prepare_land(plan, options)
    ways = card_ways(land, answers)
    pages = (
        _card_pages(answers, land, ways, language),
        _sheet_pages(answers, land, ways, language),
        _poster_pages(answers, land, ways, language),
    )
    sizes = ((CARD_MM[0], CARD_MM[1] * 2.0), SHEET_MM, POSTER_MM)
    target = Path(folder)
    written = []
    with whole_files(target) as room:
        for name, drawn, size in zip(FILES[:3], pages, sizes, strict=True):
            if drawn:
                (room / name).write_bytes(_document(plan, drawn, size, language))
                written.append(name)
        if answers:
            rows = record_rows(answers, plan)
            (room / FILES[3]).write_bytes(_table(rows))
            written.append(FILES[3])
    return [target / name for name in written]


def _card_pages(
    answers: Sequence[Answer], land: Land, ways: Ways, language: str
) -> list[Callable[[Any], None]]:
    """Return what draws each page of cards: two, and between them where to cut."""

    def page_of(pair: Sequence[Answer]) -> Callable[[Any], None]:
        def draw(page: Any) -> None:
            for number, answer in enumerate(pair):
                draw_card(page, number * CARD_MM[1], answer, land, ways, language)
            middle = CARD_MM[1]
            rule(page, (0.0, middle), (CARD_MM[0], middle), line=0.7, dash=(6.0, 4.0))

        return draw

    return [page_of(answers[start : start + 2]) for start in range(0, len(answers), 2)]


def _sheet_pages(
    answers: Sequence[Answer], land: Land, ways: Ways, language: str
) -> list[Callable[[Any], None]]:
    """Return what draws each observer sheet."""
    return [
        partial(draw_sheet, sheet=sheet, land=land, language=language)
        for sheet in sheet_pages(answers, ways, land.plan)
    ]


def _poster_pages(
    answers: Sequence[Answer], land: Land, ways: Ways, language: str
) -> list[Callable[[Any], None]]:
    """Return what draws each poster."""
    return [
        partial(draw_poster, poster=poster, land=land, ways=ways, language=language)
        for poster in poster_pages(answers, land, language)
    ]


def _document(
    plan: EvacuationPlan,
    pages: Sequence[Callable[[Any], None]],
    size_mm: tuple[float, float],
    language: str,
) -> bytes:
    """Return pages as a PDF: vectors and letters, the same bytes for the same plan."""
    new_figure = figure_class()
    import matplotlib as mpl  # noqa: PLC0415  an optional package
    from matplotlib.backends.backend_pdf import PdfPages  # noqa: PLC0415

    look: Any = _LOOK
    data = io.BytesIO()
    metadata = document_metadata(plan, language, "pdf")
    with warnings.catch_warnings(), mpl.rc_context(look):
        # A name may hold letters the font lacks; it prints as boxes, which is no fault of the plan.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        with PdfPages(data, metadata=metadata) as document:
            for draw in pages:
                figure = new_figure(figsize=(size_mm[0] / MM_PER_INCH, size_mm[1] / MM_PER_INCH))
                draw(page_axes(figure))
                document.savefig(figure)
    return data.getvalue()


def _table(rows: Sequence[Sequence[object]]) -> bytes:
    """Return the table of the sheets as CSV that spreadsheets open, without any formula."""
    data = io.StringIO(newline="")
    writer = csv.writer(data)
    writer.writerow(RECORD_COLUMNS)
    writer.writerows(
        [[csv_text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    )
    # The mark at the start tells Excel that the letters are UTF-8.
    return ("\ufeff" + data.getvalue()).encode("utf-8")
