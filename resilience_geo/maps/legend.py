"""The legend of the web map: what is on this map, each with its symbol as SVG.

What to do comes first (the way, the places to go to, who has none), then the hazard, then the land.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.hazard_classes import CLASS_NAMES, HIGH, LOW, MEDIUM, UNKNOWN
from resilience_geo.maps import content, style, symbols, text
from resilience_geo.maps.options import MapOptions
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    from resilience_geo.plan import EvacuationPlan

_LEFT, _TOP, _RIGHT, _BOTTOM = 2.0, 3.0, 42.0, 25.0
_HATCH = "#1A1A1A"
SECOND_ROUTE = style.Line(colour="#0A8FB8", width=5.0, dash=(11.0, 8.0), casing="#063B4C")
_WATER, _BUILDING, _WALL = "#A9CFE6", "#CFC6BA", "#A79B8C"
_SECOND = 2
_FLOW_SHARE = 0.62  # as wide as the page draws it where streets can be told apart


@dataclass(frozen=True, kw_only=True)
class LegendEntry:
    """One line of a legend.

    Parameters
    ----------
    key
        What it stands for: `hazard_high`, `road_closed`, `shelter_usable`, ...
    label
        Its words.
    symbol
        SVG, written by this package.
    """

    key: str
    label: str
    symbol: str


def legend(
    plan: EvacuationPlan, language: str, options: MapOptions | None = None
) -> list[LegendEntry]:
    """Return the legend of a plan: every hazard class always, the rest where it occurs.

    Parameters
    ----------
    plan
        The plan of the map.
    language
        `id` or `en`.
    options
        Palette, basemap and settlements of the map; None: those of `MapOptions()`.
    """
    options = options or MapOptions()
    entries = [
        *_ways(plan, language),
        *_shelters(plan, language),
        *_unserved(plan, language),
        *_flows(plan, language),
        *_hazard(plan, language, options.palette),
        *_roads(plan, language),
        *_land(options, language),
        ("village_border", text.word("village_border", language), _line(style.VILLAGE)),
        ("outside_area", text.word("outside_area", language), _box(style.OUTSIDE_COLOUR, "#888")),
    ]
    return [LegendEntry(key=key, label=label, symbol=symbol) for key, label, symbol in entries]


def flow_labels(language: str) -> list[str]:
    """Return what each width of a flow line means."""
    labels = []
    for low, high in zip(style.FLOW_CUTS, (*style.FLOW_CUTS[1:], None), strict=True):
        if high is None:
            people = text.number(low - 1, language)
            labels.append(text.word("flow_people_over", language, low=people))
        else:
            few, many = text.number(low, language), text.number(high - 1, language)
            labels.append(text.word("flow_people", language, low=few, high=many))
    return labels


_Entry = tuple[str, str, str]


def _ways(plan: EvacuationPlan, language: str) -> list[_Entry]:
    """Return the main route and the second one."""
    if plan.routes.empty:
        return []
    entries = [("route", text.word("route", language), _route())]
    if (plan.routes["rank"] == _SECOND).any():
        words = text.word("legend_second_route", language)
        entries.append(("second_route", words, _second_route()))
    return entries


def _shelters(plan: EvacuationPlan, language: str) -> list[_Entry]:
    """Return the states of shelters, and the roles that have a sign of their own."""
    shelters = content.drawn_shelters(plan)
    states = {
        symbols.shelter_state(str(status), float(capacity))
        for status, capacity in set(
            zip(shelters["status"], shelters["capacity_people"], strict=True)
        )
    }
    kinds = set(shelters["kind"].dropna()) if "kind" in shelters.columns else set()
    roles = {symbols.shelter_role(str(kind)) for kind in kinds}
    entries = [
        (
            f"shelter_{state}",
            text.word(f"shelter_{state}", language),
            symbols.div_icon_html(state, 28, dot=True),
        )
        for state in symbols.SHELTER_STATES
        if state in states
    ]
    return entries + [
        (
            f"role_{role}",
            text.word(f"role_{role}", language),
            symbols.shelter_svg("usable", 28, role),
        )
        for role in symbols.SHELTER_ROLES
        if role in roles and role != "shelter"
    ]


def _unserved(plan: EvacuationPlan, language: str) -> list[_Entry]:
    """Return the causes for which people have no place."""
    unserved = text.word("unserved", language)
    entries = []
    for cause in UNSERVED_CAUSES:
        if any(content.total(plan, cause, name) for name in content.departures(plan)):
            words = text.word(cause, language)
            label = f"{unserved}: {words[0].lower()}{words[1:]}"
            entries.append((cause, label, symbols.cause_svg(cause)))
    return entries


def _flows(plan: EvacuationPlan, language: str) -> list[_Entry]:
    """Return the widths of the flow that occur, with their people."""
    columns = [f"evacuees_{name}" for name in content.departures(plan)]
    present: set[int] = set()
    for name in columns:
        if name in plan.stretches.columns:
            people = plan.stretches[name].to_numpy()
            present |= set(np.unique(np.digitize(people, style.FLOW_CUTS)) - 1)
    return [
        (f"flow_{number}", label, _flow(style.FLOW_WIDTHS[number]))
        for number, label in enumerate(flow_labels(language))
        if number in present
    ]


def _hazard(plan: EvacuationPlan, language: str, palette: str) -> list[_Entry]:
    """Return the hazard classes, gravest first."""
    return [
        (
            f"hazard_{CLASS_NAMES[value]}",
            content.hazard_label(value, plan, language),
            _box(style.colour_of(value, palette), "#555", style.HATCHES[value]),
        )
        for value in (HIGH, MEDIUM, LOW, UNKNOWN)
    ]


def _roads(plan: EvacuationPlan, language: str) -> list[_Entry]:
    """Return the states of roads."""
    present = set(plan.stretches["state"].to_numpy(dtype=object)) | {"open"}
    return [
        (f"road_{state}", text.word(f"road_{state}", language), _line(style.ROADS[state]))
        for state in style.ROAD_STATES
        if state in present
    ]


def _land(options: MapOptions, language: str) -> list[_Entry]:
    """Return what the basemap shows, and the borders of settlements."""
    entries = []
    if options.basemap is not None:
        if len(options.basemap.water) or len(options.basemap.waterways):
            entries.append(("water", text.word("legend_water", language), _box(_WATER, _WATER)))
        if len(options.basemap.buildings):
            words = text.word("legend_buildings", language)
            entries.append(("buildings", words, _box(_BUILDING, _WALL)))
        kinds = options.basemap.landmarks["kind"].astype(str)
        entries += [
            (
                f"landmark_{kind}",
                text.word(f"landmark_{kind}", language),
                symbols.landmark_svg(kind, 24),
            )
            for kind in symbols.LANDMARK_KINDS
            if (kinds == kind).any()
        ]
    if options.settlements is not None and len(options.settlements):
        border = style.Line(colour="#3C3C3C", width=1.5, dash=(3, 3))
        words = text.word("legend_settlement_border", language)
        entries.append(("settlement_border", words, _line(border)))
    return entries


def _svg(body: str) -> str:
    return f'<svg viewBox="0 0 44 28" width="44" height="28" aria-hidden="true">{body}</svg>'


def _box(fill: str, edge: str, hatch: str = "") -> str:
    """Return a filled box, with a hatch on demand."""
    return _svg(
        f'<rect x="2" y="3" width="40" height="22" fill="{fill}" stroke="{edge}"/>'
        f"{_hatched(hatch) if hatch else ''}"
    )


def _hatched(hatch: str) -> str:
    """Return the pattern of a class within the box: dots, lines, cross or dashes."""
    if hatch == "dots":
        return "".join(
            f'<circle cx="{x + 4 * (row % 2)}" cy="{y}" r="1.1" fill="{_HATCH}"/>'
            for row, y in enumerate((8, 14, 20))
            for x in (7, 15, 23, 31)
        )
    if hatch == "dashes":
        path = "".join(
            f"M{x + 5 * (row % 2)} {y}h5"
            for row, y in enumerate((8, 14, 20))
            for x in (5, 15, 25, *((35,) if row % 2 == 0 else ()))
        )
        return f'<path d="{path}" stroke="{_HATCH}" stroke-width="1.6"/>'
    rising = [_clipped(start, 1.0) for start in range(-16, 42, 8)]
    falling = [_clipped(start, -1.0) for start in range(2, 64, 8)] if hatch == "cross" else []
    return f'<path d="{"".join(rising + falling)}" stroke="{_HATCH}" stroke-width="1.3"/>'


def _clipped(start: float, slope: float) -> str:
    """Return a slanting line through (start, bottom of the box), within the box."""
    ends = sorted((start, start + slope * (_BOTTOM - _TOP)))
    left, right = max(ends[0], _LEFT), min(ends[1], _RIGHT)
    if left >= right:
        return ""
    first, last = (_BOTTOM - (x - start) / slope for x in (left, right))
    return f"M{left:g} {first:g}L{right:g} {last:g}"


def _line(line: style.Line) -> str:
    """Return a sample of a line with its dash."""
    dash = f' stroke-dasharray="{" ".join(map(str, line.dash))}"' if line.dash else ""
    return _svg(
        f'<path d="M0 14h44" stroke="{line.colour}" stroke-width="{max(line.width, 2)}"{dash}/>'
    )


def _route() -> str:
    """Return a sample of a route: the blue line under the white arrow on green."""
    arrow = symbols.arrow_svg(22).replace("<svg ", '<svg x="11" y="3" ', 1)
    return _svg(
        f'<path d="M0 14h44" stroke="{style.ROUTE.colour}" '
        f'stroke-width="{style.ROUTE.width + 2}"/>{arrow}'
    )


def _second_route() -> str:
    """Return a sample of a second route: dashed, in another blue."""
    width = SECOND_ROUTE.width
    layers = (
        (SECOND_ROUTE.casing, width + 1.5, ()),
        ("#fff", width - 0.5, ()),
        (SECOND_ROUTE.colour, width, SECOND_ROUTE.dash),
    )
    return _svg(
        "".join(
            f'<path d="M0 14h44" stroke="{colour}" stroke-width="{wide:g}"'
            + (f' stroke-dasharray="{" ".join(f"{part:g}" for part in dash)}"/>' if dash else "/>")
            for colour, wide, dash in layers
        )
    )


def _flow(width: float) -> str:
    """Return a flow line of a width in pixels."""
    shown = max(1.5, round(width * _FLOW_SHARE, 1))
    return _svg(f'<path d="M0 14h44" stroke="{style.ROUTE.colour}" stroke-width="{shown}"/>')
