"""The web map: a folium map in one file that needs no network, read from the back row."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import jinja2
from branca.element import Element, Figure, MacroElement
from folium.template import Template
from markupsafe import escape

from resilience_geo.maps import content, symbols, text
from resilience_geo.maps.files import write_whole
from resilience_geo.maps.landmark_signs import LANDMARK_KINDS, landmark_sign
from resilience_geo.maps.offline import (
    in_json_script,
    in_script,
    jquery_js,
    leaflet_css,
    leaflet_js,
    refuse_external_loads,
)
from resilience_geo.maps.options import MapOptions
from resilience_geo.maps.payload import map_data
from resilience_geo.maps.signs import SHELTER_ROLES
from resilience_geo.maps.web_panel import panel

if TYPE_CHECKING:
    import os

    from resilience_geo.plan import EvacuationPlan

TILES = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
"""The online map, the only thing a page with `offline=False` asks of the network."""
_GROUPS: tuple[tuple[str, str], ...] = (
    ("base", "web_base"),
    ("hazard", "hazard"),
    ("villages", "villages"),
    ("settlements", "web_settlements"),
    ("roads", "roads"),
    ("routes", "routes"),
    ("unserved", "unserved"),
    ("shelters", "shelters"),
)
_SCRIPTS: tuple[str, ...] = (
    "page_words.js",
    "page_lines.js",
    "page_painting.js",
    "page_hazard.js",
    "page_base.js",
    "page_routes.js",
    "page_shelters.js",
    "page_signs.js",
    "page_labels.js",
    "page_tap.js",
    "page_card.js",
    "page_search.js",
    "page_controls.js",
    "page_print.js",
    "map.js",
)
_NORTH = (
    '<svg viewBox="0 0 20 24" width="20" height="24" aria-hidden="true">'
    '<path d="M10 1 18 23 10 18 2 23z" fill="#111"/></svg>'
)


@dataclass(frozen=True, kw_only=True)
class _Filling:
    """What a page holds of its plan.

    Parameters
    ----------
    title
        Escaped.
    panel, data
        Elements of the page.
    middle
        Latitude and longitude.
    """

    title: str
    panel: str
    data: str
    middle: tuple[float, float]


_MARKS = _Filling(
    title="[the title]", panel="[the panel]", data="[the data]", middle=(12.345678, 87.654321)
)
"""Stands in a page where things of a plan go, in this order."""


class _Verbatim(Element):
    """Text that goes into the page as it is, never through a template."""

    _template = jinja2.Template("{{ this.text }}")

    def __init__(self, verbatim: str) -> None:
        super().__init__()
        self.text = verbatim


class _Header(MacroElement):
    """Text for the head of the page that comes after what folium puts there itself."""

    _template = Template("{% macro header(this, kwargs) %}{{ this.text }}{% endmacro %}")

    def __init__(self, verbatim: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Header"
        self.text = verbatim


class _PlanDrawing(MacroElement):
    """The call that draws the plan's data into the layers of the map."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "(function (read) { drawEvacuationPlan({{ this.map_name }}, { {{ this.layer_names }} }, "
        '{{ this.control_name }}, read("rg-data"), read("rg-icons")); })'
        "(function (id) { return JSON.parse(document.getElementById(id).textContent); });"
        "{% endmacro %}"
    )

    def __init__(self, map_name: str, layers: dict[str, str], control_name: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "PlanDrawing"
        self.map_name = map_name
        self.layer_names = ", ".join(f"{key}: {name}" for key, name in layers.items())
        self.control_name = control_name


def explore(
    plan: EvacuationPlan,
    *,
    language: str = "id",
    offline: bool = True,
    options: MapOptions | None = None,
) -> folium.Map:
    """Return a plan as a folium map, which Jupyter shows.

    A tap shows the way of the people who live there. Where symbols of shelters would crowd, each
    shelter is a dot of the colour and shape of its state; zooming in brings the symbols out.

    Parameters
    ----------
    plan : EvacuationPlan
        The plan.
    language : {"id", "en"}, default "id"
        Indonesian or English.
    offline : bool, default True
        False adds a layer of online tiles of OpenStreetMap. Everything else is in the page either
        way.
    options : MapOptions, optional
        Basemap, settlements, palette, agency, contact and logo.

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
    shown = options or MapOptions()
    filling = _filling(plan, text.check_language(language), shown)
    return _build(
        filling,
        language,
        tiles=not offline,
        jquery=True,
        settlements=_has_settlements(shown),
    )


def save_web_map(
    plan: EvacuationPlan,
    path: str | os.PathLike[str],
    *,
    offline: bool = True,
    language: str = "id",
    options: MapOptions | None = None,
) -> Path:
    """Write a plan as one HTML file; the same plan gives the same bytes.

    Parameters
    ----------
    plan : EvacuationPlan
        The plan.
    path : str or os.PathLike
        File to write; it appears whole or not at all.
    offline : bool, default True
        True: the page loads nothing from anywhere. False: one layer of online tiles of
        OpenStreetMap besides, which goes by itself where there is no network.
    language : {"id", "en"}, default "id"
        Indonesian or English.
    options : MapOptions, optional
        Basemap, settlements, palette, agency, contact and logo.

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
    shown = options or MapOptions()
    frame = _frame(
        text.check_language(language), tiles=not offline, settlements=_has_settlements(shown)
    )
    filling = _filling(plan, language, shown)
    # The frame has been looked at; what goes into it are text and whole elements.
    refuse_external_loads(filling.panel + filling.data)
    values = (filling.title, filling.panel, filling.data, json.dumps(filling.middle), "")
    html = "".join(piece for pair in zip(frame, values, strict=True) for piece in pair)
    return write_whole(Path(path), html.encode("utf-8"))


def page_file(name: str) -> str:
    """Return a file of `templates/`."""
    return (resources.files("resilience_geo.maps") / "templates" / name).read_text("utf-8")


def _has_settlements(options: MapOptions) -> bool:
    """Return whether the map has a layer of settlements."""
    return options.settlements is not None and not options.settlements.empty


def _filling(plan: EvacuationPlan, language: str, options: MapOptions) -> _Filling:
    """Return what a page holds of a plan."""
    west, south, east, north = bounds = content.plan_bounds(plan)
    return _Filling(
        title=str(escape(content.title(plan, language))),
        panel=panel(plan, language, options),
        data=_json_element("rg-data", map_data(plan, language, options, bounds=bounds)),
        middle=(round((south + north) / 2, 6), round((west + east) / 2, 6)),
    )


@cache
def _frame(language: str, *, tiles: bool, settlements: bool) -> tuple[str, ...]:
    """Return the pieces of a page between title, panel, data and middle: the same for all plans."""
    page = _build(_MARKS, language, tiles=tiles, jquery=False, settlements=settlements)
    # folium writes no language; screen readers and translators ask for it.
    html = page.get_root().render().replace("<html>", f'<html lang="{language}">', 1)
    refuse_external_loads(html, but=(TILES,) if tiles else ())
    marks = (_MARKS.title, _MARKS.panel, _MARKS.data, json.dumps(_MARKS.middle))
    return tuple(re.split("|".join(map(re.escape, marks)), html))


def _build(
    filling: _Filling, language: str, *, tiles: bool, jquery: bool, settlements: bool
) -> folium.Map:
    """Put the map together."""
    page = folium.Map(
        location=filling.middle,
        zoom_start=13,
        tiles=None,
        prefer_canvas=True,
        zoom_snap=0.25,
        zoom_delta=0.5,
        max_zoom=19,
        fade_animation=False,
    )
    page._id = "resilience_geo"  # noqa: SLF001  folium offers no other way to a fixed name
    figure: Any = page.get_root()
    figure.title = filling.title
    _add_libraries(page, figure, jquery=jquery)
    if tiles:
        layer = folium.TileLayer(
            TILES,
            name=text.word("web_tiles", language),
            attr=text.word("osm", language),
            overlay=True,
            max_zoom=19,
        )
        _named(layer, "tiles").add_to(page)
    layers = {}
    for key, term in _GROUPS:
        if key == "settlements" and not settlements:
            continue
        group = _named(folium.FeatureGroup(name=text.word(term, language)), key)
        group.add_to(page)
        layers[key] = group.get_name()
    control = _named(folium.LayerControl(collapsed=True), "layers").add_to(page)
    drawing = _PlanDrawing(page.get_name(), layers, control.get_name())
    _named(drawing, "plan").add_to(page)
    for number, part in enumerate((filling.panel, filling.data, _icons())):
        figure.html.add_child(_named(_Verbatim(part), f"body_{number}"))
    return page


def _named(element: Any, name: str) -> Any:
    """Give an element a fixed name, so that the same plan gives the same page."""
    element._id = name  # noqa: SLF001
    return element


def _add_libraries(page: folium.Map, figure: Figure, *, jquery: bool) -> None:
    """Put Leaflet and our style and script into the head of the page."""
    page.default_js = []
    page.default_css = []
    head = [f"<style>{leaflet_css()}</style>", f"<script>{leaflet_js()}</script>"]
    if jquery:
        head.append(f"<script>{jquery_js()}</script>")
    head.append('<link rel="icon" href="data:,">')
    for number, verbatim in enumerate(head):
        figure.header.add_child(_named(_Verbatim(verbatim), f"head_{number}"))
    style = f"<style>{page_file('map.css')}{page_file('print.css')}</style>"
    page.add_child(_named(_Header(style), "style"))
    page.add_child(_named(_Header(f"<script>{_script()}</script>"), "script"))


def _script() -> str:
    """Return the script of the page: its parts, one after the other, in a scope of their own."""
    lines = (line.strip() for name in _SCRIPTS for line in page_file(name).splitlines())
    code = "\n".join(line for line in lines if line and not line.startswith("//"))
    return in_script(f'(function () {{\n"use strict";\n{code}\n}})();')


def _icons() -> str:
    """Return the drawings of the page as SVG, by name, as an element of the page."""
    icons = {"north": _NORTH}
    for state in symbols.SHELTER_STATES:
        roles = SHELTER_ROLES if state == "usable" else ("shelter",)
        icons |= {f"{state}/{role}": symbols.shelter_svg(state, role=role) for role in roles}
    for kind in LANDMARK_KINDS:
        icons[f"landmark/{kind}"] = symbols.standalone_svg(landmark_sign(kind))
    return _json_element("rg-icons", icons)


def _json_element(name: str, value: dict[str, Any]) -> str:
    """Return values as an element that the scripts of the page read."""
    packed = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f'<script type="application/json" id="{name}">{in_json_script(packed)}</script>'
