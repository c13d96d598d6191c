"""The printed map: one honest page with matplotlib, for hand-outs and the wall."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience_geo.errors import DependencyError, InputError, Message, Problem
from resilience_geo.maps import content, text
from resilience_geo.maps.files import write_whole
from resilience_geo.maps.printed_column import draw_column
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


def save_print_map(
    plan: EvacuationPlan,
    path: str | os.PathLike[str],
    *,
    paper: str = "A3",
    language: str = "id",
) -> Path:
    """Write a plan as one page to print: a PDF, or a PNG when `path` ends so.

    Parameters
    ----------
    plan
        The plan; the page shows its first departure and the roads that will close.
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
    figure = print_figure(plan, paper=paper, language=language)
    data = io.BytesIO()
    metadata = _metadata(plan, language, kind)
    with warnings.catch_warnings():
        # A name may hold letters the font lacks; it prints as boxes, which is no fault of the plan.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(data, format=kind, dpi=200, metadata=metadata)
    return write_whole(target, data.getvalue())


def print_figure(plan: EvacuationPlan, *, paper: str = "A3", language: str = "id") -> Any:
    """Return the page as a `matplotlib.figure.Figure`."""
    figure_class = _figure_class()
    width, height = PAPERS_MM[paper]
    sheet = Sheet(width_mm=width, height_mm=height, zoom=max(0.72, width / _A3_WIDTH_MM))
    figure = figure_class(figsize=(width / _MM_PER_INCH, height / _MM_PER_INCH))
    map_width, map_height = sheet.map_mm
    axes = figure.add_axes(
        (MARGIN_MM / width, MARGIN_MM / height, map_width / width, map_height / height)
    )
    scale = draw_map(axes, plan, sheet, language)
    left = map_width + 2.0 * MARGIN_MM
    column = figure.add_axes(
        (
            left / width,
            MARGIN_MM / height,
            (width - left - MARGIN_MM) / width,
            map_height / height,
        )
    )
    size = ((width - left - MARGIN_MM), map_height)
    draw_column(column, plan, size, (sheet.zoom, scale, paper), language)
    if plan.is_sample:
        _stamp(figure, text.word("sample", language), sheet)
    return figure


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
