"""The legend of the web map: what is on this map, each with its symbol as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resilience_geo.hazard_classes import CLASS_NAMES, HIGH, LOW, MEDIUM, UNKNOWN
from resilience_geo.maps import content, style, symbols, text
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    from resilience_geo.plan import EvacuationPlan


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


def legend(plan: EvacuationPlan, language: str) -> list[LegendEntry]:
    """Return the legend of a plan: every hazard class always, the rest where it occurs.

    Parameters
    ----------
    plan
        The plan of the map.
    language
        `id` or `en`.
    """
    hazards = {f"hazard_{CLASS_NAMES[value]}": value for value in (LOW, MEDIUM, HIGH, UNKNOWN)}
    keys = {key: _box(value) for key, value in hazards.items()}
    present = set(plan.stretches["state"]) | {"open"}
    keys |= {
        f"road_{state}": _line(style.ROADS[state])
        for state in style.ROAD_STATES
        if state in present
    }
    if len(plan.routes):
        keys["route"] = _route()
        keys["flow_legend"] = _flow()
    shelters = content.drawn_shelters(plan)
    states = {
        symbols.shelter_state(str(status), float(capacity))
        for status, capacity in zip(shelters["status"], shelters["capacity_people"], strict=True)
    }
    keys |= {
        f"shelter_{state}": symbols.div_icon_html(state, 28, dot=True)
        for state in symbols.SHELTER_STATES
        if state in states
    }
    keys |= {
        cause: symbols.cause_svg(cause)
        for cause in UNSERVED_CAUSES
        if any(content.total(plan, cause, name) for name in content.departures(plan))
    }
    keys["village_border"] = _line(style.VILLAGE)
    keys["outside_area"] = _svg(
        f'<rect x="2" y="3" width="40" height="22" fill="{style.OUTSIDE_COLOUR}" stroke="#888"/>'
    )
    labels = {
        key: content.hazard_label(hazards[key], plan, language)
        if key in hazards
        else _label(key, language)
        for key in keys
    }
    return [LegendEntry(key=key, label=labels[key], symbol=symbol) for key, symbol in keys.items()]


def _label(key: str, language: str) -> str:
    """Return the words of an entry; a cause says that its people are not served."""
    words = text.word(key, language)
    if key in UNSERVED_CAUSES:
        return f"{text.word('unserved', language)}: {words[0].lower()}{words[1:]}"
    return words


def _svg(body: str) -> str:
    return f'<svg viewBox="0 0 44 28" width="44" height="28" aria-hidden="true">{body}</svg>'


def _box(hazard_class: int) -> str:
    """Return a filled box; unknown is hatched."""
    box = (
        f'<rect x="2" y="3" width="40" height="22" fill="{style.colour_of(hazard_class)}" '
        'stroke="#555"/>'
    )
    if hazard_class == UNKNOWN:
        hatch = "".join(f"M{x} 25 {x + 22} 3" for x in range(-14, 38, 8))
        box += (
            '<clipPath id="rg-box"><path d="M2 3h40v22H2z"/></clipPath>'
            f'<path clip-path="url(#rg-box)" d="{hatch}" stroke="{style.UNKNOWN_HATCH_COLOUR}" '
            'stroke-width="3"/>'
        )
    return _svg(box)


def _line(line: style.Line) -> str:
    """Return a sample of a line with its dash."""
    dash = f' stroke-dasharray="{" ".join(map(str, line.dash))}"' if line.dash else ""
    return _svg(
        f'<path d="M0 14h44" stroke="{line.colour}" stroke-width="{max(line.width, 2)}"{dash}/>'
    )


def _route() -> str:
    """Return a sample of a route with its arrow."""
    colour = style.ROUTE.colour
    return _svg(
        f'<path d="M0 14h44" stroke="{colour}" stroke-width="{style.ROUTE.width}"/>'
        f'<path d="M30 14 14 5l4 9-4 9z" fill="{colour}" stroke="#fff" stroke-width="1.5"/>'
    )


def _flow() -> str:
    """Return flow lines of three widths."""
    colour = style.FLOW_COLOUR
    return _svg(
        f'<path d="M0 14h14" stroke="{colour}" stroke-width="4"/>'
        f'<path d="M14 14h14" stroke="{colour}" stroke-width="10"/>'
        f'<path d="M28 14h16" stroke="{colour}" stroke-width="18"/>'
    )
