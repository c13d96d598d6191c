"""What stands beside the web map: title, summary, legend, and all that keeps the map honest."""

from __future__ import annotations

import math
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from resilience_geo.inputs.grids import cell_areas_m2
from resilience_geo.maps import content, text
from resilience_geo.maps.legend import legend
from resilience_geo.maps.options import MapOptions
from resilience_geo.maps.words import WORDS

if TYPE_CHECKING:
    from resilience_geo.inputs.grids import Grid
    from resilience_geo.plan import EvacuationPlan


def panel(plan: EvacuationPlan, language: str, options: MapOptions | None = None) -> str:
    """Return title, search, summary, legend, sources, limits and assumptions as HTML.

    All text is escaped.

    Parameters
    ----------
    plan
        The plan.
    language
        `id` or `en`.
    options
        Agency, contact, logo, palette and basemap; None: those of `MapOptions()`.
    """
    options = options or MapOptions()
    entries = [
        {"label": entry.label, "symbol": Markup(entry.symbol)}  # noqa: S704  our own SVG
        for entry in legend(plan, language, options)
    ]
    code = content.area_code(plan)
    kind = str(plan.hazard.kind)
    sentences = content.summary(plan, language)
    lost = content.lost_sentence(plan, language) if plan.departure == "both" else ""
    return _template().render(
        language=language,
        words=WORDS[language],
        sample=text.word("sample", language) if plan.is_sample else "",
        sample_note=text.word("sample_note", language),
        title=content.title(plan, language),
        where=[
            *content.more_names(plan),
            *([f"{text.word('area_code', language)} {code}"] if code else []),
            content.made_on(plan, language),
        ],
        summary=sentences,
        strong=sentences.index(lost) + 1 if lost in sentences else 1,
        departures=[
            (name, text.departure_name(name, kind, language), _arriving(plan, name, language))
            for name in content.departures(plan)
        ],
        departure_label=text.word("departure", language),
        legend=entries,
        green_note=text.word("web_green", language) if options.palette == "official" else "",
        sources=_sources(plan, language, options),
        attribution=content.attribution(plan, language),
        limits=content.limits(plan, language),
        detail=detail_sentences(plan, language),
        assumptions=content.key_assumptions(plan, language),
        made_on=content.made_on(plan, language),
        software=str(plan.provenance.get("software", "resilience-geo")),
        agency=options.agency,
        contact=options.contact,
        logo=_logo(options),
    )


@cache
def _template() -> jinja2.Template:
    """Return the template of the panel, which takes longer to read than to fill."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = resources.files("resilience_geo.maps") / "templates" / "panel.html"
    return environment.from_string(template.read_text("utf-8"))


def _arriving(plan: EvacuationPlan, departure: str, language: str) -> str:
    """Return how many people reach a shelter when they leave so."""
    people = content.total(plan, "allocated", departure)
    return text.word("reach", language, people=text.number(people, language))


def _sources(plan: EvacuationPlan, language: str, options: MapOptions) -> list[tuple[str, str]]:
    """Return what each layer was made from, with the basemap where there is one."""
    rows = list(content.sources(plan, language))
    if options.basemap is not None:
        date = text.word("data_of", language, date=text.date(options.basemap.date, language))
        parts = [options.basemap.source, date if options.basemap.date else ""]
        rows.append((text.word("web_base", language), "; ".join(filter(None, parts))))
    return rows


def detail_sentences(plan: EvacuationPlan, language: str) -> list[str]:
    """Return how closely the map may be read.

    The border of a hazard on a grid is no more exact than a cell of it (m).
    """
    cells = [_cell_m(part.grid) for part in plan.hazard.maps if part.grid is not None]
    sentences = []
    if cells:
        metres = text.number(max(cells), language)
        sentences.append(text.word("web_detail_cells", language, metres=metres))
    if len(cells) < len(plan.hazard.maps):
        sentences.append(text.word("web_detail_lines", language))
    return [*sentences, text.word("web_detail_shapes", language)]


def _cell_m(grid: Grid) -> float:
    """Return the side of a square as large as a cell in the middle of a grid (m)."""
    row = grid.shape[0] // 2
    return math.sqrt(float(cell_areas_m2(grid, slice(row, row + 1))[0]))


def _logo(options: MapOptions) -> str:
    """Return the logo of the agency as text for the page; empty without one."""
    if options.logo is None:
        return ""
    from resilience_geo.inputs.pictures import picture_data_uri  # noqa: PLC0415  few maps have one

    return picture_data_uri(options.logo)
