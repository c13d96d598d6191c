"""The map part of a printed sheet: land, hazard, roads, routes, shelters, people, names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from resilience_geo.maps import content, style, text
from resilience_geo.maps.payload import inside_points
from resilience_geo.maps.printed_chart import ROAD_CLASSES, Chart
from resilience_geo.maps.printed_frame import draw_furniture, draw_grid
from resilience_geo.maps.printed_hazard import draw_hazard
from resilience_geo.maps.printed_labels import Labels
from resilience_geo.maps.printed_names import name_roads, name_water, place_arrows
from resilience_geo.maps.printed_shapes import area_patch, draw_lines, near, once
from resilience_geo.maps.printed_signs import (
    draw_arrow,
    draw_cause,
    draw_dot,
    draw_landmark,
    draw_settlement,
    draw_shelter,
)
from resilience_geo.maps.symbols import shelter_role, shelter_state
from resilience_geo.maps.unserved import unserved_places

if TYPE_CHECKING:
    from resilience_geo.maps.printed_sheets import MapFrame, Sheet

WATER_COLOUR, WATER_EDGE = "#B3D9F2", "#3F7FB5"
BUILDING_COLOUR = "#C9C2B8"
ROAD_LOOKS: dict[str, tuple[str, float, tuple[float, ...]]] = {
    "path": ("#6E6E6E", 0.5, (2.0, 1.6)),
    "minor": ("#7D7D7D", 0.55, ()),
    "medium": ("#5F5F5F", 1.1, ()),
    "major": ("#444444", 2.4, ()),
}
"""Colour, width in points and dash of roads that stay open; major roads have a white middle."""
_MAJOR_MIDDLE = 1.3
_STATE_WIDTHS = {"path": 0.45, "minor": 0.5, "medium": 0.9, "major": 1.2}
ROUTE_POINTS: tuple[float, ...] = (0.7, 1.6, 2.6, 3.9, 5.4)
"""Width of a route by the people who pass, for the classes of `style.FLOW_CUTS`, on A3."""
_CASING_POINTS = 1.3
SECOND_DASH = (4.0, 2.5)
_MANY_VILLAGES = 40
_MANY_SHELTERS, _CROWDED_SHELTERS = 60, 120
"""On a sheet with more shelters only busy ones have their whole sign, then none has."""
_MANY_FLOWS, _OVERVIEW_BIN = 12_000, 2
"""On a sheet with that many pieces of way, those of fewest people would hide the others."""
_MOST_UNSERVED_SIGNS = 60
_MOST_LANDMARKS = 120
_MOST_EXITS = 12
_SIGN_MM = 12.0
_NAME_PLACES = 9
_BUILDING_SCALE = 20_000
_PLACE_SIZES = {"city": 11.0, "town": 10.0, "suburb": 8.5, "village": 8.5}
_WIDTHS_WATER = {"river": 1.6, "canal": 1.2, "stream": 0.7, "drain": 0.5, "ditch": 0.4}


def draw_map(axes: Any, chart: Chart, place: MapFrame, sheet: Sheet) -> None:
    """Draw the map of one sheet.

    Parameters
    ----------
    axes
        Empty axes of the map's size.
    chart
        What is printed.
    place
        The land on this sheet.
    sheet
        The layout of the paper.
    """
    west, south, east, north = place.frame
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_xticks([])
    axes.set_yticks([])
    labels = Labels(axes=axes, scale=place.scale, language=chart.language)
    thickness = sheet.lines_at(place.scale)
    draw_hazard(axes, chart.plan, place.frame, chart.crs, chart.options.palette, zoom=sheet.zoom)
    _draw_land(axes, chart, labels, thickness)
    _draw_villages(axes, chart, place, thickness)
    _draw_roads(axes, chart, thickness)
    _draw_routes(axes, chart, thickness)
    draw_grid(axes, place, sheet, chart.language)
    draw_furniture(axes, place, sheet, labels)
    named = _draw_shelters(axes, chart, sheet, labels)
    # What people look for first has its place first: where they live, where they go, which way.
    _name_villages(chart, sheet, labels)
    _name_shelters(named, chart, sheet, labels)
    _draw_settlements(axes, chart, sheet, labels)
    _draw_arrows(axes, chart, sheet, labels)
    _name_exits(chart, place, sheet, labels)
    _draw_unserved(axes, chart, sheet, labels)
    _draw_landmarks(axes, chart, sheet, labels)
    name_roads(labels, chart, sheet.zoom)
    name_water(labels, chart.options.basemap, chart.crs, sheet.zoom)
    labels.finish()


def _draw_land(axes: Any, chart: Chart, labels: Labels, thickness: float) -> None:
    """Draw buildings and water of the basemap."""
    basemap = chart.options.basemap
    if basemap is None:
        return
    if labels.scale <= _BUILDING_SCALE and len(basemap.buildings):
        seen = near(basemap.buildings.geometry.to_crs(chart.crs), axes)
        area_patch(axes, seen.to_numpy(), facecolor=BUILDING_COLOUR, edgecolor="none", zorder=1.3)
    if len(basemap.water):
        seen = near(basemap.water.geometry.to_crs(chart.crs), axes)
        area_patch(
            axes,
            seen.to_numpy(),
            facecolor=WATER_COLOUR,
            edgecolor=WATER_EDGE,
            linewidth=0.5 * thickness,
            zorder=1.5,
        )
    if len(basemap.waterways):
        lines = near(basemap.waterways.to_crs(chart.crs), axes)
        for kind, width in _WIDTHS_WATER.items():
            draw_lines(
                axes,
                lines.geometry[lines["kind"] == kind].to_numpy(),
                colour=WATER_EDGE,
                width=max(0.3, width * thickness),
                zorder=1.6,
            )


def _draw_villages(axes: Any, chart: Chart, place: MapFrame, thickness: float) -> None:
    """Draw borders, and grey over everything outside."""
    shapes = np.asarray(shapely.make_valid(np.asarray(chart.villages.geometry.array)))
    outside = shapely.box(*place.frame).difference(shapely.union_all(shapes))
    if not outside.is_empty:
        area_patch(
            axes,
            outside,
            facecolor=style.OUTSIDE_COLOUR,
            alpha=style.OUTSIDE_OPACITY,
            edgecolor="none",
            zorder=2,
        )
    borders = once(shapely.boundary(shapes))
    for colour, width, dash in (
        ("white", 3.0, ()),
        (style.VILLAGE.colour, 1.4, (7, 2.5, 1.5, 2.5)),
    ):
        draw_lines(
            axes, borders, colour=colour, width=max(0.5, width * thickness), dash=dash, zorder=3
        )
    settlements = chart.options.settlements
    if settlements is not None and len(settlements):
        shapes = np.asarray(near(settlements.geometry.to_crs(chart.crs), axes).array)
        areas = shapes[shapely.get_dimensions(shapes) == 2]  # noqa: PLR2004  polygons
        draw_lines(
            axes,
            once(shapely.boundary(areas)),
            colour="#555555",
            width=max(0.35, 0.6 * thickness),
            dash=(4.0, 3.0),
            zorder=2.8,
        )


def _draw_roads(axes: Any, chart: Chart, thickness: float) -> None:
    """Draw all roads by class, then those the hazard slows or closes, each with its dash."""
    stretches = near(chart.stretches, axes)
    lines = np.asarray(stretches.geometry.array)
    classes = stretches["road_class"].to_numpy()
    state = stretches["state"].to_numpy()
    for order, name in enumerate(ROAD_CLASSES):
        colour, width, dash = ROAD_LOOKS[name]
        chosen = lines[classes == name]
        draw_lines(
            axes,
            chosen,
            colour=colour,
            width=max(0.15, width * thickness),
            dash=dash,
            zorder=4.0 + order * 0.1,
        )
        if name == "major" and width * thickness > 1.0:
            draw_lines(axes, chosen, colour="white", width=_MAJOR_MIDDLE * thickness, zorder=4.35)
    for order, name in enumerate(style.ROAD_STATES[1:]):
        look_of = style.ROADS[name]
        dash = tuple(part / look_of.width for part in look_of.dash)
        for kind, share in _STATE_WIDTHS.items():
            draw_lines(
                axes,
                lines[(state == name) & (classes == kind)],
                colour=look_of.colour,
                width=max(0.3, look_of.width * 0.5 * share * thickness),
                dash=dash,
                zorder=4.5 + order * 0.1,
            )


def route_widths(thickness: float) -> list[float]:
    """Return the widths of routes by people, in points; finest ones stay visible."""
    return [max(0.35, width * thickness) for width in ROUTE_POINTS]


def _draw_routes(axes: Any, chart: Chart, thickness: float) -> None:
    """Draw where people walk, the wider the more, with second ways dashed."""
    if len(chart.villages) == 1 and len(chart.second_routes):
        draw_lines(
            axes,
            once(near(chart.second_routes, axes).geometry.array),
            colour=style.ROUTE.colour,
            width=max(0.4, 0.9 * thickness),
            dash=SECOND_DASH,
            zorder=5.2,
        )
    flows = near(chart.flows, axes)
    lines = np.asarray(flows.geometry.array)
    bins = np.searchsorted(style.FLOW_CUTS, flows["evacuees"].to_numpy(), side="right")
    widths = route_widths(thickness)
    least = 1 if len(flows) <= _MANY_FLOWS else _OVERVIEW_BIN
    for casing in (_CASING_POINTS * thickness, 0.0):
        for number, width in enumerate(widths, start=1):
            if number < least or (casing and number == 1):
                continue  # white beside ways of a few people would cover the land
            draw_lines(
                axes,
                lines[bins == number],
                colour="white" if casing else style.ROUTE.colour,
                width=width + casing,
                zorder=6.0 - bool(casing) * 0.5,
            )


def _draw_arrows(axes: Any, chart: Chart, sheet: Sheet, labels: Labels) -> None:
    """Draw evacuation arrows along the main routes."""
    size = 8.5 * sheet.zoom
    places, angles = place_arrows(chart.routes, labels, size, sheet.zoom)
    if len(places):
        draw_arrow(axes, places, angles, size)


def _name_exits(chart: Chart, place: MapFrame, sheet: Sheet, labels: Labels) -> None:
    """Write at the edge of the map where routes go that leave it, most people first."""
    frame = shapely.box(*place.frame)
    names = chart.shelter_names()
    size = 7.0 * sheet.zoom
    inset = labels.metres(size)
    inner = shapely.box(*place.frame).buffer(-inset, join_style="mitre")
    written: set[str] = set()
    for row in chart.routes.itertuples():
        key = str(row.shelter_id)
        end = shapely.get_point(row.geometry, -1)
        if key in written or frame.contains(end) or not row.geometry.intersects(inner):
            continue
        written.add(key)
        at = shapely.intersection(row.geometry, inner.exterior)
        points = shapely.get_coordinates(at)
        if not len(points):
            continue
        # A way may cross the edge several times: the last time is where it leaves.
        along = shapely.line_locate_point(row.geometry, shapely.points(points))
        x, y = points[int(np.argmax(along))].tolist()
        words = text.word("print_exit", labels.language, name=names.get(key, key))
        labels.inwards(x, y, words, size, colour=style.ROUTE.colour)
        if len(written) >= _MOST_EXITS:
            return


def _draw_shelters(
    axes: Any, chart: Chart, sheet: Sheet, labels: Labels
) -> list[tuple[float, float, str, float]]:
    """Draw the shelters in the frame; return place, name and size of those people come to."""
    shelters = near(chart.shelters, axes)
    points = inside_points(shelters.geometry)
    many = len(shelters) > _MANY_SHELTERS
    crowded = int((shelters["allocated_people"] > 0).sum()) > _CROWDED_SHELTERS
    drawn: dict[tuple[str, str, bool], list[tuple[float, float]]] = {}
    named = []
    for point, row in zip(points, shelters.itertuples(), strict=True):
        half = labels.metres(5.5 * sheet.zoom)
        if not labels.inside((point.x - half, point.y - half, point.x + half, point.y + half)):
            continue
        state = shelter_state(str(row.status), float(row.capacity_people))
        busy = row.allocated_people > 0
        large = not crowded and (busy or not many)
        key = (state, shelter_role(str(row.kind)), large)
        drawn.setdefault(key, []).append((point.x, point.y))
        size = (11.0 if large else 4.0) * sheet.zoom
        labels.cover(point.x, point.y, size)
        if busy and large:
            named.append((point.x, point.y, _shelter_words(row, chart.language), size))
    for (state, role, large), places in sorted(drawn.items()):
        if large:
            draw_shelter(axes, places, state, 11.0 * sheet.zoom, role)
        else:
            draw_dot(axes, places, state, 8.0 * sheet.zoom, zorder=10.0)
    return named


def _shelter_words(row: Any, language: str) -> str:
    """Return the name of a shelter with its capacity."""
    if not row.capacity_people >= 0:
        return str(row.name)
    people = text.number(row.capacity_people, language)
    return text.word("print_shelter", language, name=row.name, people=people)


def _name_shelters(
    named: list[tuple[float, float, str, float]], chart: Chart, sheet: Sheet, labels: Labels
) -> None:
    """Write names and capacities beside the shelters, most people first, where there is room."""
    size = 7.5 * sheet.zoom
    many = len(chart.villages) > _MANY_VILLAGES
    for x, y, words, sign in named[: _MANY_SHELTERS if many else None]:
        labels.beside(x, y, words, size, sign, colour="#00461F")


def _draw_unserved(axes: Any, chart: Chart, sheet: Sheet, labels: Labels) -> None:
    """Draw where people are not served, with how many; near ones together, most people first.

    A sign without room stays away; the legend holds how many people each cause concerns.
    """
    places = unserved_places(
        chart.plan,
        chart.departure,
        chart.crs,
        cell_m=_SIGN_MM / 1000.0 * labels.scale * sheet.zoom,
        most=_MOST_UNSERVED_SIGNS,
    )
    size = 9.5 * sheet.zoom
    drawn: dict[str, list[tuple[float, float]]] = {}
    for x, y, cause, people in zip(
        places["x"], places["y"], places["cause"], places["people"], strict=True
    ):
        place = labels.room(x, y, size)
        if place is None:
            continue
        drawn.setdefault(cause, []).append(place)
        words = text.number(people, labels.language)
        labels.beside(
            place[0], place[1], words, 7.5 * sheet.zoom, size, colour=style.UNSERVED_COLOUR
        )
    for cause, found in drawn.items():
        draw_cause(axes, found, cause, size)


def _name_villages(chart: Chart, sheet: Sheet, labels: Labels) -> None:
    """Write the names of villages, those with most evacuees first."""
    people = content.village_figure(chart.plan, "evacuees", chart.departure)
    many = len(people) > _MANY_VILLAGES
    size = (8.5 if many else 12.0) * sheet.zoom
    apart = 9.0 * sheet.zoom if many else 0.0
    for position in np.argsort(-people.to_numpy(), kind="stable").tolist():
        name = str(chart.villages["village_name"].iloc[position])
        shape = shapely.clip_by_rect(chart.villages.geometry.iloc[position], *labels.frame)
        for x, y in _places_inside(shape, many=many):
            if labels.centred(x, y, name, size, apart=apart):
                break


def _places_inside(shape: Any, *, many: bool) -> list[tuple[float, float]]:
    """Return places for the name of an area, from its middle outwards; one where there are many."""
    if shape.is_empty:
        return []
    shape = shapely.make_valid(shape)
    middle = inside_points(gpd.GeoSeries([shape])).iloc[0]
    places = [(float(middle.x), float(middle.y))]
    if many:
        return places
    west, south, east, north = shape.bounds
    shares = (np.arange(_NAME_PLACES) + 0.5) / _NAME_PLACES
    x, y = np.meshgrid(west + shares * (east - west), south + shares * (north - south))
    grid = np.column_stack([x.ravel(), y.ravel()])
    grid = grid[shapely.contains_xy(shape, grid)]
    away = np.hypot(*(grid - places[0]).T)
    return places + [(float(x), float(y)) for x, y in grid[np.argsort(away, kind="stable")]]


def _draw_settlements(axes: Any, chart: Chart, sheet: Sheet, labels: Labels) -> None:
    """Draw and name the settlements people leave from, those with most people first."""
    settlements = chart.options.settlements
    if settlements is None:
        return
    shown = content.of_departure(chart.answers, chart.departure)
    people = shown[shown["settlement"] >= 0].groupby("settlement")["evacuees"].sum()
    people = people.sort_values(ascending=False, kind="stable")
    points = inside_points(settlements.geometry.to_crs(chart.crs))
    starts = dict(zip(chart.routes["route_id"], chart.routes.geometry, strict=True))
    # Where most of them live is a better place for their name than the middle of their land.
    first = shown[shown["route_id"].isin(starts)].drop_duplicates("settlement")
    homes = dict(zip(first["settlement"], first["route_id"], strict=True))
    places = []
    for position in people.index:
        home = starts.get(homes.get(position, ""))
        point = points.iloc[position] if home is None else shapely.get_point(home, 0)
        x, y = float(point.x), float(point.y)
        found = labels.room(x, y, 5.0 * sheet.zoom)
        if found is None:
            continue
        places.append(found)
        name = str(settlements["name"].iloc[position])
        labels.beside(found[0], found[1], name, 7.5 * sheet.zoom, 5.0 * sheet.zoom)
    if places:
        draw_settlement(axes, places, 6.5 * sheet.zoom)


def _draw_landmarks(axes: Any, chart: Chart, sheet: Sheet, labels: Labels) -> None:
    """Draw and name places of the basemap and the landmarks people know their way by."""
    basemap = chart.options.basemap
    if basemap is None:
        return
    places = near(basemap.places.to_crs(chart.crs), axes)
    known = {str(name).casefold() for name in chart.villages["village_name"]}
    if chart.options.settlements is not None:
        known |= {
            str(name).casefold().split(" ", 1)[-1] for name in chart.options.settlements["name"]
        }
    for point, name, kind in zip(places.geometry, places["name"], places["kind"], strict=True):
        if name and str(name).casefold() not in known:
            size = _PLACE_SIZES.get(str(kind), 7.5) * sheet.zoom
            labels.centred(point.x, point.y, str(name), size, colour="#333333", bold=False)
    landmarks = near(basemap.landmarks.to_crs(chart.crs), axes)
    if labels.scale > 2 * _BUILDING_SCALE * sheet.zoom or not len(landmarks):
        return
    shapes = np.asarray(landmarks.geometry.array)
    routes = shapely.union_all(once(near(chart.routes, axes).geometry.array))
    nearest = np.argsort(shapely.distance(shapes, routes), kind="stable")
    drawn: dict[str, list[tuple[float, float]]] = {}
    size = 6.5 * sheet.zoom
    for position in nearest[:_MOST_LANDMARKS].tolist():
        x, y = float(shapes[position].x), float(shapes[position].y)
        found = labels.room(x, y, size, moved=False)
        if found is None:
            continue
        drawn.setdefault(str(landmarks["kind"].iloc[position]), []).append(found)
        name = str(landmarks["name"].iloc[position] or "")
        if name:
            labels.beside(found[0], found[1], name, 6.0 * sheet.zoom, size, bold=False)
    for kind, found_places in sorted(drawn.items()):
        draw_landmark(axes, found_places, kind, size)
