"""Styles of QGIS as values, and how they are written: QML, the XML that QGIS 3 reads.

Only the parts that every QGIS 3 knows are written: rules, simple lines and fills, markers of SVG
that carry their drawing with them, labels.
"""

from __future__ import annotations

import base64
import itertools
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resilience_geo.maps import style
from resilience_geo.maps.symbols import standalone_svg
from resilience_geo.maps.xml_text import legal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from resilience_geo.maps.signs import Sign

_MM_PER_PIXEL = 0.2
"""Widths of `style` are in pixels of a screen; QGIS draws in millimetres."""
_SYMBOL_OF: dict[str, str] = {
    "SimpleLine": "line",
    "MarkerLine": "line",
    "SimpleFill": "fill",
    "CentroidFill": "fill",
    "SvgMarker": "marker",
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """One layer of a QGIS symbol.

    Parameters
    ----------
    kind
        QGIS's name of it: `SimpleLine`, `SimpleFill`, `MarkerLine`, `CentroidFill`, `SvgMarker`.
    properties
        Its settings, all as text.
    marker
        What a `MarkerLine` or a `CentroidFill` repeats.
    """

    kind: str
    properties: tuple[tuple[str, str], ...]
    marker: Part | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of a rule-based renderer, a line of QGIS's legend.

    Parameters
    ----------
    label
        Its words.
    condition
        QGIS expression; empty for all.
    parts
        The symbol from the bottom up; empty for a rule that only gathers others.
    rules
        Rules below it.
    smallest_scale
        Denominator of the smallest scale it is drawn at; 0 for every scale.
    shown
        Whether it is switched on at first.
    level
        What is drawn later, over all symbols of a lower level.
    """

    label: str
    condition: str = ""
    parts: tuple[Part, ...] = ()
    rules: tuple[Rule, ...] = ()
    smallest_scale: int = 0
    shown: bool = True
    level: int = 0


@dataclass(frozen=True, kw_only=True)
class Label:
    """The text beside the features of a layer.

    Parameters
    ----------
    expression
        QGIS expression.
    size_points
        Of its letters.
    placement
        QGIS's number: 0 around points, 1 over points or polygons, 2 along lines, 3 curved.
    smallest_scale
        Denominator of the smallest scale it is written at.
    bold
        Whether letters are bold.
    """

    expression: str
    size_points: float
    placement: int
    smallest_scale: int
    bold: bool = False


def quoted(value: str) -> str:
    r"""Return a text as QGIS expressions write it: nothing in it can end it.

    Examples
    --------
    >>> quoted("Jum'at \\ 1")
    "'Jum''at \\\\ 1'"
    """
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _colour(colour: str) -> str:
    """Return a colour as QGIS writes it."""
    return ",".join(map(str, (*style.rgb(colour), 255)))


def with_casing(line: style.Line) -> tuple[style.Line, ...]:
    """Return a line over its casing, which is solid, light and a little wider."""
    if not line.casing:
        return (line,)
    return (style.Line(colour=line.casing, width=line.width + 3.0), line)


def _dashes(line: style.Line) -> tuple[tuple[str, str], ...]:
    """Return the dashes of a line."""
    if not line.dash:
        return ()
    lengths = ";".join(f"{length * _MM_PER_PIXEL:.2f}" for length in line.dash)
    return (("use_custom_dash", "1"), ("customdash", lengths), ("customdash_unit", "MM"))


def _width(line: style.Line) -> str:
    return f"{line.width * _MM_PER_PIXEL:.2f}"


def simple_lines(line: style.Line) -> tuple[Part, ...]:
    """Return a line with its casing."""
    return tuple(
        Part(
            kind="SimpleLine",
            properties=(
                ("line_color", _colour(each.colour)),
                ("line_width", _width(each)),
                ("line_width_unit", "MM"),
                ("line_style", "solid"),
                ("capstyle", "flat" if each.dash else "round"),
                ("joinstyle", "round"),
                *_dashes(each),
            ),
        )
        for each in with_casing(line)
    )


def outline(line: style.Line) -> tuple[tuple[str, str], ...]:
    """Return the border of a fill; QGIS has no dashes of its own lengths there."""
    return (
        ("outline_color", _colour(line.colour)),
        ("outline_width", _width(line)),
        ("outline_width_unit", "MM"),
        ("outline_style", "dash dot" if line.dash else "solid"),
        ("joinstyle", "round"),
    )


def svg_marker(sign: Sign, size_mm: float) -> Part:
    """Return a sign as a marker `size_mm` wide that carries its drawing with it."""
    packed = base64.b64encode(standalone_svg(sign).encode()).decode()
    return Part(
        kind="SvgMarker",
        properties=(("name", f"base64:{packed}"), ("size", f"{size_mm}"), ("size_unit", "MM")),
    )


def qml(
    layer: str, rules: Sequence[Rule], label: Label | None = None, *, smallest_scale: int = 0
) -> str:
    """Return a style as QGIS reads it.

    Parameters
    ----------
    layer
        Name of the layer, from which the keys of its rules are made.
    rules
        What is drawn, from the bottom up.
    label
        What is written; None for nothing.
    smallest_scale
        Denominator of the smallest scale at which the layer is drawn; 0 for every scale.
    """
    root = ET.Element(
        "qgis",
        {
            "version": "3.22.0",
            "styleCategories": "Symbology|Labeling|Rendering",
            "hasScaleBasedVisibilityFlag": "1" if smallest_scale else "0",
            "minScale": str(smallest_scale or 100_000_000),
            "maxScale": "0",
            "labelsEnabled": "1" if label else "0",
        },
    )
    renderer = ET.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="1")
    keys = (
        f"{{{uuid.uuid5(uuid.NAMESPACE_OID, f'resilience-geo/{layer}/{number}')}}}"
        for number in itertools.count()
    )
    top = ET.SubElement(renderer, "rules", key=next(keys))
    symbols = ET.SubElement(renderer, "symbols")
    for rule in rules:
        _add_rule(top, symbols, rule, keys)
    if label:
        root.append(_labeling(label))
    for element in root.iter():
        for name, value in element.attrib.items():
            element.set(name, legal(value))
    ET.indent(root)
    packed = ET.tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{packed}\n"


def _add_rule(parent: ET.Element, symbols: ET.Element, rule: Rule, keys: Iterator[str]) -> None:
    """Add a rule and those below it to a parent, and their symbols to the others."""
    element = ET.SubElement(parent, "rule", key=next(keys), label=rule.label)
    if rule.condition:
        element.set("filter", rule.condition)
    if rule.smallest_scale:
        element.set("scalemaxdenom", str(rule.smallest_scale))
    if not rule.shown:
        element.set("checkstate", "0")
    if rule.parts:
        name = str(len(symbols))
        element.set("symbol", name)
        _add_symbol(symbols, name, rule.parts, rule.level)
    for each in rule.rules:
        _add_rule(element, symbols, each, keys)


def _add_symbol(parent: ET.Element, name: str, parts: Sequence[Part], level: int) -> None:
    """Add a symbol with its parts."""
    kind = _SYMBOL_OF[parts[0].kind]
    symbol = ET.SubElement(parent, "symbol", type=kind, name=name, alpha="1", clip_to_extent="1")
    for number, part in enumerate(parts):
        layer = ET.SubElement(
            symbol,
            "layer",
            {"class": part.kind, "pass": str(level + number), "enabled": "1", "locked": "0"},
        )
        for key, value in part.properties:
            ET.SubElement(layer, "prop", k=key, v=value)
        if part.marker:
            _add_symbol(layer, f"@{name}@{number}", (part.marker,), 0)


def _labeling(label: Label) -> ET.Element:
    """Return the labels of a layer: dark letters with a white edge."""
    root = ET.Element("labeling", type="simple")
    settings = ET.SubElement(root, "settings", calloutType="simple")
    letters = ET.SubElement(
        settings,
        "text-style",
        {
            "fieldName": label.expression,
            "isExpression": "1",
            "fontFamily": "Sans Serif",
            "fontSize": f"{label.size_points:g}",
            "fontSizeUnit": "Point",
            "fontWeight": "75" if label.bold else "50",
            "namedStyle": "Bold" if label.bold else "Regular",
            "textColor": "17,17,17,255",
            "textOpacity": "1",
            "allowHtml": "0",
        },
    )
    ET.SubElement(
        letters,
        "text-buffer",
        {
            "bufferDraw": "1",
            "bufferSize": "0.8",
            "bufferSizeUnits": "MM",
            "bufferColor": "255,255,255,255",
            "bufferOpacity": "1",
            "bufferJoinStyle": "128",
        },
    )
    ET.SubElement(settings, "text-format", wrapChar="", multilineAlign="1")
    ET.SubElement(
        settings,
        "placement",
        placement=str(label.placement),
        dist="2.5" if label.placement == 0 else "0",
        distUnits="MM",
        priority="5",
    )
    ET.SubElement(
        settings,
        "rendering",
        scaleVisibility="1",
        scaleMin="0",
        scaleMax=str(label.smallest_scale),
        drawLabels="1",
        obstacle="1",
    )
    return root
