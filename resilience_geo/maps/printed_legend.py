"""The legend of a printed map: what is on this map, each with its sign."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import shapely

from resilience_geo.maps import content, style, text
from resilience_geo.maps.printed_hazard import DRAWN_CLASSES, draw_hatch, fill_colour
from resilience_geo.maps.printed_map import (
    BUILDING_COLOUR,
    ROAD_LOOKS,
    SECOND_DASH,
    WATER_COLOUR,
    WATER_EDGE,
    route_widths,
)
from resilience_geo.maps.printed_shapes import area_patch
from resilience_geo.maps.printed_signs import (
    draw_arrow,
    draw_cause,
    draw_landmark,
    draw_settlement,
    draw_shelter,
)
from resilience_geo.maps.symbols import SHELTER_ROLES, SHELTER_STATES, shelter_role, shelter_state
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    from resilience_geo.maps.printed_chart import Chart
    from resilience_geo.maps.printed_column import Column

Draw = Callable[[Any, float, float, float, float], None]
"""Draws a sign into a box: axes, left, top, width, height."""

_SIZE = 9.0
_SHOWN_WIDTHS = (0, 2, 4)


def write_legend(column: Column, chart: Chart) -> None:
    """Write the legend in two columns: what to do first, then hazard, roads and land.

    Parameters
    ----------
    column
        Where to write.
    chart
        What is printed.
    """
    entries = _entries(chart, column.zoom)
    column.write(text.word("legend", chart.language), 12.0, bold=True)
    column.down += 1.5 * column.zoom
    half = column.width / 2.0
    heights = [_height(column, words, half) for words, _ in entries]
    total, high, first = sum(heights), 0.0, 0
    while first < len(entries) and high < total / 2.0:
        high += heights[first]
        first += 1
    top = column.down
    if not column.room_for(max(high, total - high)):
        return
    for number, (words, draw) in enumerate(entries):
        if number == first:
            column.down = top
        left = 0.0 if number < first else half
        column.key(words, draw, _SIZE, left=left, wide=half - 4.0 * column.zoom)
    column.down = top + max(high, total - high) + 3.0 * column.zoom


def _height(column: Column, words: str, half: float) -> float:
    """Return how high an entry is, in points."""
    trial = column.measured()
    trial.down = 0.0
    trial.key(words, None, _SIZE, wide=half - 4.0 * column.zoom)
    return trial.down


def _entries(chart: Chart, zoom: float) -> list[tuple[str, Draw]]:
    """Return words and sign of everything on the map."""
    language = chart.language
    return [
        *_route_entries(chart, zoom),
        *_shelter_entries(chart),
        *_unserved_entries(chart),
        *(
            (content.hazard_label(value, chart.plan, language), _box_of(chart, value))
            for value in DRAWN_CLASSES
        ),
        *_road_entries(chart, zoom),
        *_land_entries(chart, zoom),
    ]


def _route_entries(chart: Chart, zoom: float) -> list[tuple[str, Draw]]:
    """Return the routes of three widths, the arrow and the second routes."""
    language = chart.language
    if not len(chart.routes):
        return []
    cuts = _shown_people(language)
    widths = [route_widths(zoom)[place] for place in _SHOWN_WIDTHS]
    entries: list[tuple[str, Draw]] = [
        (text.word("print_routes", language, cuts=cuts), _widths_of(widths)),
        (text.word("evacuation_arrow", language), _arrow),
    ]
    if len(chart.villages) == 1 and len(chart.second_routes):
        line = _line_of(style.ROUTE.colour, 0.9 * zoom, SECOND_DASH)
        entries.append((text.word("legend_second_route", language), line))
    return entries


def _shown_people(language: str) -> str:
    """Return how many people the three widths shown stand for, as ranges without gaps."""
    starts = [style.FLOW_CUTS[place] for place in _SHOWN_WIDTHS]
    ends = [text.number(start - 1, language) for start in starts[1:]]
    ranges = [
        f"{text.number(low, language)}-{high}" for low, high in zip(starts, ends, strict=False)
    ]
    ranges.append(text.word("print_more_than", language, people=ends[-1]))
    return " / ".join(ranges)


def _shelter_entries(chart: Chart) -> list[tuple[str, Draw]]:
    """Return the shelters by state, and by role where there are several."""
    language = chart.language
    shelters = chart.shelters
    pairs = {
        (shelter_state(str(status), float(capacity)), shelter_role(str(kind)))
        for status, capacity, kind in zip(
            shelters["status"], shelters["capacity_people"], shelters["kind"], strict=True
        )
    }
    roles = {role for state, role in pairs if state == "usable"}
    entries = []
    for state in SHELTER_STATES:
        if state == "usable" and roles - {"shelter"}:
            entries += [
                (text.word(f"role_{role}", language), _shelter_of(state, role))
                for role in SHELTER_ROLES
                if role in roles
            ]
            continue
        # A state is told by colour and cross whatever the role: one entry is enough.
        found = sorted(role for each, role in pairs if each == state)
        if found:
            role = "shelter" if "shelter" in found else found[0]
            entries.append((text.word(f"shelter_{state}", language), _shelter_of(state, role)))
    return entries


def _unserved_entries(chart: Chart) -> list[tuple[str, Draw]]:
    """Return the causes for which people have no place, with how many they are."""
    language = chart.language
    entries = []
    for cause in UNSERVED_CAUSES:
        people = content.total(chart.plan, cause, chart.departure)
        if people:
            words = text.word(cause, language)
            label = f"{text.word('unserved', language)}: {words[0].lower()}{words[1:]}"
            entries.append((f"{label} ({text.number(people, language)})", _cause_of(cause)))
    return entries


def _road_entries(chart: Chart, zoom: float) -> list[tuple[str, Draw]]:
    """Return the classes of roads that stay open, and the states of the others."""
    language = chart.language
    present = set(chart.stretches["road_class"])
    entries: list[tuple[str, Draw]] = []
    if "major" in present:
        colour, width, _ = ROAD_LOOKS["major"]
        entries.append((text.word("print_road_major", language), _line_of(colour, width * zoom)))
    if present & {"minor", "medium"}:
        colour, width, _ = ROAD_LOOKS["medium"]
        entries.append((text.word("print_road_other", language), _line_of(colour, width * zoom)))
    if "path" in present:
        colour, width, dash = ROAD_LOOKS["path"]
        line = _line_of(colour, width * 1.4 * zoom, dash)
        entries.append((text.word("legend_road_path", language), line))
    states = set(chart.stretches["state"])
    for state in style.ROAD_STATES[1:]:
        if state in states:
            look = style.ROADS[state]
            dash = tuple(part / look.width for part in look.dash)
            line = _line_of(look.colour, look.width * 0.5 * zoom, dash)
            entries.append((text.word(f"road_{state}", language), line))
    return entries


def _land_entries(chart: Chart, zoom: float) -> list[tuple[str, Draw]]:
    """Return borders, settlements and what the basemap shows."""
    language, basemap = chart.language, chart.options.basemap
    entries: list[tuple[str, Draw]] = []
    settlements = chart.options.settlements
    if settlements is not None and len(settlements):
        entries.append((text.word("settlement_sign", language), _settlement))
    if basemap is not None:
        if len(basemap.water) or len(basemap.waterways):
            water = _filled(WATER_COLOUR, WATER_EDGE)
            entries.append((text.word("legend_water", language), water))
        if len(basemap.buildings):
            buildings = _filled(BUILDING_COLOUR, "none")
            entries.append((text.word("legend_buildings", language), buildings))
        if len(basemap.landmarks):
            entries.append((text.word("legend_landmarks", language), _landmarks))
    border = tuple(part / style.VILLAGE.width * 1.4 for part in style.VILLAGE.dash)
    line = _line_of(style.VILLAGE.colour, 1.2 * zoom, border)
    entries.append((text.word("village_border", language), line))
    outside = _filled(style.OUTSIDE_COLOUR, "#777777")
    entries.append((text.word("outside_area", language), outside))
    return entries


def _box_of(chart: Chart, hazard_class: int) -> Draw:
    """Return what draws a box of a hazard class with its hatch."""
    palette = chart.options.palette

    def draw(axes: Any, x: float, y: float, width: float, height: float) -> None:
        box = shapely.box(x, y, x + width, y + height)
        patch = area_patch(
            axes, box, facecolor=fill_colour(hazard_class, palette), edgecolor="none", zorder=1.0
        )
        frame = (x, y, x + width, y + height)
        draw_hatch(axes, hazard_class, patch, frame, palette, zoom=0.7 * height / 10.0)
        area_patch(axes, box, facecolor="none", edgecolor="#444444", linewidth=0.6, zorder=2.0)

    return draw


def _filled(colour: str, edge: str) -> Draw:
    """Return what draws a plain box."""

    def draw(axes: Any, x: float, y: float, width: float, height: float) -> None:
        box = shapely.box(x, y, x + width, y + height)
        area_patch(axes, box, facecolor=colour, edgecolor=edge, linewidth=0.6)

    return draw


def _line_of(colour: str, width: float, dash: tuple[float, ...] = ()) -> Draw:
    """Return what draws a sample of a line."""

    def draw(axes: Any, x: float, y: float, wide: float, height: float) -> None:
        axes.plot(
            [x, x + wide],
            [y + height / 2.0] * 2,
            color=colour,
            linewidth=width,
            linestyle=(0, dash) if dash else "solid",
            solid_capstyle="butt",
            dash_capstyle="butt",
        )

    return draw


def _widths_of(widths: list[float]) -> Draw:
    """Return what draws routes of several widths beside one another."""

    def draw(axes: Any, x: float, y: float, wide: float, height: float) -> None:
        each = wide / len(widths)
        for number, width in enumerate(widths):
            axes.plot(
                [x + number * each, x + (number + 0.88) * each],
                [y + height / 2.0] * 2,
                color=style.ROUTE.colour,
                linewidth=width,
                solid_capstyle="butt",
            )

    return draw


def _arrow(axes: Any, x: float, y: float, width: float, height: float) -> None:
    """Draw the evacuation arrow."""
    draw_arrow(axes, (x + width / 2.0, y + height / 2.0), 0.0, height)


def _settlement(axes: Any, x: float, y: float, width: float, height: float) -> None:
    """Draw the sign of a settlement."""
    draw_settlement(axes, (x + width / 2.0, y + height / 2.0), height * 0.7)


def _landmarks(axes: Any, x: float, y: float, width: float, height: float) -> None:
    """Draw three landmarks."""
    for share, kind in ((0.15, "worship"), (0.5, "school"), (0.85, "health")):
        draw_landmark(axes, (x + width * share, y + height / 2.0), kind, height * 0.85)


def _shelter_of(state: str, role: str) -> Draw:
    """Return what draws the sign of a shelter."""

    def draw(axes: Any, x: float, y: float, width: float, height: float) -> None:
        draw_shelter(axes, (x + width / 2.0, y + height / 2.0), state, height, role)

    return draw


def _cause_of(cause: str) -> Draw:
    """Return what draws the sign of people who are not served."""

    def draw(axes: Any, x: float, y: float, width: float, height: float) -> None:
        draw_cause(axes, (x + width / 2.0, y + height / 2.0), cause, height)

    return draw
