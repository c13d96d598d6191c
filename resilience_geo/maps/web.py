"""The web map: a folium map that opens without a network and is read from the back row."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import jinja2
from branca.element import Element, Figure, MacroElement
from folium.template import Template
from markupsafe import Markup, escape

from resilience_geo.maps import content, symbols, text
from resilience_geo.maps.files import write_whole
from resilience_geo.maps.legend import legend
from resilience_geo.maps.offline import (
    in_json_script,
    in_script,
    jquery_js,
    leaflet_css,
    leaflet_js,
    refuse_external_loads,
)
from resilience_geo.maps.payload import map_data
from resilience_geo.maps.words import WORDS

if TYPE_CHECKING:
    import os

    from resilience_geo.plan import EvacuationPlan

_GROUPS: tuple[tuple[str, str], ...] = (
    ("hazard", "hazard"),
    ("villages", "villages"),
    ("roads", "roads"),
    ("flow", "flow"),
    ("routes", "routes"),
    ("unserved", "unserved"),
    ("shelters", "shelters"),
)
_LINKED = ("leaflet", "leaflet_css", "jquery")
_NORTH = (
    '<svg viewBox="0 0 20 24" width="20" height="24" aria-hidden="true">'
    '<path d="M10 1 18 23 10 18 2 23z" fill="#111"/></svg>'
)


class _Verbatim(Element):
    """Text that goes into the page as it is, never through a template."""

    _template = jinja2.Template("{{ this.text }}")

    def __init__(self, verbatim: str) -> None:
        super().__init__()
        self.text = verbatim


class _PlanDrawing(MacroElement):
    """The call that draws the plan's data into the layers of the map."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "drawEvacuationPlan({{ this.map_name }}, { {{ this.layer_names }} }, "
        "{{ this.control_name }}, "
        'JSON.parse(document.getElementById("rg-data").textContent), '
        'JSON.parse(document.getElementById("rg-icons").textContent));'
        "{% endmacro %}"
    )

    def __init__(self, map_name: str, layers: dict[str, str], control_name: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "PlanDrawing"
        self.map_name = map_name
        self.layer_names = ", ".join(f"{key}: {name}" for key, name in layers.items())
        self.control_name = control_name


def explore(plan: EvacuationPlan, *, language: str = "id", offline: bool = True) -> folium.Map:
    """Return a plan as a folium map, which Jupyter shows.

    Where symbols of shelters would crowd, each shelter is a dot of the colour and shape of its
    state, and routes and flow step back behind the hazard; zooming in brings them out.

    Parameters
    ----------
    plan : EvacuationPlan
        The plan.
    language : {"id", "en"}, default "id"
        Indonesian or English.
    offline : bool, default True
        Inline everything, so that the map works without a network. False adds the OpenStreetMap
        background and loads Leaflet from the places folium names.

    Returns
    -------
    folium.Map
        Layers, tables and markers of folium can be added to it.

    Raises
    ------
    InputError
        There are no words in `language`.

    See Also
    --------
    save_web_map : Write the map as one file.
    save_print_map : The map on paper.

    Examples
    --------
    >>> import resilience_geo as rg
    >>> page = rg.explore(plan)  # doctest: +SKIP
    >>> page.save("peta.html")  # doctest: +SKIP
    """
    return _build(plan, text.check_language(language), inline=offline, jquery=True)


def save_web_map(
    plan: EvacuationPlan,
    path: str | os.PathLike[str],
    *,
    offline: bool = True,
    language: str = "id",
) -> Path:
    """Write a plan as one HTML file; the same plan gives the same bytes.

    Parameters
    ----------
    plan : EvacuationPlan
        The plan.
    path : str or os.PathLike
        File to write; it appears whole or not at all.
    offline : bool, default True
        True: the page loads nothing from anywhere. False: OpenStreetMap background, Leaflet
        from the network.
    language : {"id", "en"}, default "id"
        Indonesian or English.

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

    See Also
    --------
    explore : The same map as a folium map, for Jupyter.

    Examples
    --------
    >>> import resilience_geo as rg
    >>> rg.save_web_map(plan, "peta.html")  # doctest: +SKIP
    PosixPath('peta.html')
    """
    page = _build(plan, text.check_language(language), inline=offline, jquery=False)
    # folium writes no language; screen readers and translators ask for it.
    html = page.get_root().render().replace("<html>", f'<html lang="{language}">', 1)
    if offline:
        html = refuse_external_loads(html)
    return write_whole(Path(path), html.encode("utf-8"))


def _template_text(name: str) -> str:
    """Return a file of `templates/`."""
    return (resources.files("resilience_geo.maps") / "templates" / name).read_text("utf-8")


def _build(plan: EvacuationPlan, language: str, *, inline: bool, jquery: bool) -> folium.Map:
    """Put the map together."""
    west, south, east, north = content.plan_bounds(plan)
    page = folium.Map(
        location=[round((south + north) / 2, 6), round((west + east) / 2, 6)],
        zoom_start=13,
        tiles=None,
        prefer_canvas=True,
        zoom_snap=0.25,
        zoom_delta=0.5,
        max_zoom=19,
    )
    page._id = "resilience_geo"  # noqa: SLF001  folium offers no other way to a fixed name
    figure: Any = page.get_root()
    figure.title = escape(content.title(plan, language))
    _add_libraries(page, figure, inline=inline, jquery=jquery)
    if not inline:
        _named(folium.TileLayer("OpenStreetMap", control=False), "background").add_to(page)
    layers = {}
    for key, term in _GROUPS:
        group = _named(folium.FeatureGroup(name=text.word(term, language)), key)
        group.add_to(page)
        layers[key] = group.get_name()
    control = _named(folium.LayerControl(collapsed=True), "layers").add_to(page)
    drawing = _PlanDrawing(page.get_name(), layers, control.get_name())
    _named(drawing, "plan").add_to(page)
    _add_body(plan, figure, language)
    return page


def _named(element: Any, name: str) -> Any:
    """Give an element a fixed name, so that the same plan gives the same page."""
    element._id = name  # noqa: SLF001
    return element


def _add_libraries(page: folium.Map, figure: Figure, *, inline: bool, jquery: bool) -> None:
    """Put Leaflet and our style and script into the head of the page."""
    links = {
        name: [pair for pair in getattr(folium.Map, name) if pair[0] in _LINKED]
        for name in ("default_js", "default_css")
    }
    page.default_js = [] if inline else links["default_js"]
    page.default_css = [] if inline else links["default_css"]
    head = []
    if inline:
        head.append(f"<style>{leaflet_css()}</style>")
        head.append(f"<script>{leaflet_js()}</script>")
        if jquery:
            head.append(f"<script>{jquery_js()}</script>")
    head.append('<link rel="icon" href="data:,">')
    for number, verbatim in enumerate(head):
        figure.header.add_child(_named(_Verbatim(verbatim), f"head_{number}"))
    script = in_script(_template_text("map.js"))
    page.add_child(_named(_Header(f"<style>{_template_text('map.css')}</style>"), "style"))
    page.add_child(_named(_Header(f"<script>{script}</script>"), "script"))


class _Header(MacroElement):
    """Text for the head of the page that comes after what folium puts there itself."""

    _template = Template("{% macro header(this, kwargs) %}{{ this.text }}{% endmacro %}")

    def __init__(self, verbatim: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Header"
        self.text = verbatim


def _add_body(plan: EvacuationPlan, figure: Figure, language: str) -> None:
    """Put the panel and the data into the body of the page."""
    icons = {state: symbols.shelter_svg(state) for state in symbols.SHELTER_STATES}
    icons |= {"bridge": symbols.bridge_svg(), "north": _NORTH}
    parts = [panel(plan, language)]
    for name, value in (("rg-data", map_data(plan, language)), ("rg-icons", icons)):
        packed = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        parts.append(
            f'<script type="application/json" id="{name}">{in_json_script(packed)}</script>'
        )
    for number, part in enumerate(parts):
        figure.html.add_child(_named(_Verbatim(part), f"body_{number}"))


def panel(plan: EvacuationPlan, language: str) -> str:
    """Return title, summary, legend, sources, limits and assumptions as HTML; all text escaped."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    entries = [
        {"label": entry.label, "symbol": Markup(entry.symbol)}  # noqa: S704  our own SVG
        for entry in legend(plan, language)
    ]
    code = content.area_code(plan)
    kind = str(plan.hazard.kind)
    sentences = content.summary(plan, language)
    lost = content.lost_sentence(plan, language) if plan.departure == "both" else ""
    return environment.from_string(_template_text("panel.html")).render(
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
        strong=sentences.index(lost) + 1 if lost in sentences else 0,
        departures=[
            (name, text.departure_name(name, kind, language), _arriving(plan, name, language))
            for name in content.departures(plan)
        ],
        departure_label=text.word("departure", language),
        legend=entries,
        sources=content.sources(plan, language),
        attribution=content.attribution(plan, language),
        limits=content.limits(plan, language),
        assumptions=content.key_assumptions(plan, language),
        made_on=content.made_on(plan, language),
        software=str(plan.provenance.get("software", "resilience-geo")),
    )


def _arriving(plan: EvacuationPlan, departure: str, language: str) -> str:
    """Return how many people reach a shelter when they leave so."""
    people = content.total(plan, "allocated", departure)
    return text.word("reach", language, people=text.number(people, language))
