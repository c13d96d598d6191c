"""The small map of a card or a poster: roads, hazard, the way with its arrows, where it ends."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from resilience_geo.maps import style, text
from resilience_geo.maps.drill_labels import Frame, PlacedLabels
from resilience_geo.maps.drill_page import MM_PER_POINT, frame_axes
from resilience_geo.maps.printed_hazard import area_patch, draw_hazard
from resilience_geo.maps.printed_labels import width_of
from resilience_geo.maps.printed_signs import draw_arrow, draw_landmark, draw_shelter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.maps.drill_land import Land

_WATER_FILL, _WATER_EDGE = "#D6E4EC", "#5B7F95"
_BUILDING_FILL = "#C9C9C9"
_MARGIN = 0.11
_LEAST_SIDE_M = 240.0
_MOST_GROWTH = 1.5
_ARROW_EVERY_MM = 15.0
_MOST_ARROWS = 9
_MOST_LANDMARKS = 12
_MANY_HOMES = 120
_LETTERS = 8.0
_SIGN_POINTS = 15.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """A sign with its words: a shelter, a settlement or where a way begins.

    Parameters
    ----------
    x, y
        Where it is.
    words
        Written beside it; "" for none.
    kind
        `start`, `settlement`, or the state of a shelter.
    role
        Of a shelter.
    """

    x: float
    y: float
    words: str = ""
    kind: str = "start"
    role: str = "shelter"


@dataclass(frozen=True, kw_only=True)
class View:
    """What one small map shows.

    Parameters
    ----------
    main, second, other
        Lines of the main ways, of second ways, and of the ways of other parts of the people.
    places
        Signs, those that matter most first.
    homes
        Where people leave from: x, y and 0 for those of the main way, 1 for others, -1 for people
        without a place.
    road_names
        Name, place and angle (degrees) of roads to name.
    shapes
        Shapes that must lie in the frame besides the ways and the first place.
    zoom
        How much larger letters, lines and signs are than on a card.
    landmarks
        Whether landmarks are shown.
    """

    main: tuple[Any, ...] = ()
    second: tuple[Any, ...] = ()
    other: tuple[Any, ...] = ()
    places: tuple[Place, ...] = ()
    homes: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 3)))
    road_names: tuple[tuple[str, float, float, float], ...] = ()
    shapes: tuple[Any, ...] = ()
    zoom: float = 1.0
    landmarks: bool = True


def draw_drill_map(
    figure: Any, box: tuple[float, float, float, float], land: Land, view: View, language: str
) -> Any:
    """Draw a small map.

    Parameters
    ----------
    figure
        Of matplotlib.
    box
        Left, top, width and height on the page (mm).
    land
        From `prepare_land`.
    view
        What it shows.
    language
        `id` or `en`.

    Returns
    -------
    matplotlib.axes.Axes
        In the metres of the plan.
    """
    axes = frame_axes(figure, box)
    frame = _frame_of(view, box[2], box[3])
    axes.set_xlim(frame[0], frame[2])
    axes.set_ylim(frame[1], frame[3])
    axes.set_autoscale_on(False)
    axes.set_xticks([])
    axes.set_yticks([])
    draw_hazard(axes, land.plan, frame, land.crs, land.options.palette, hatched=True)
    zoom = view.zoom
    _draw_ground(axes, land, frame, zoom)
    _draw_borders(axes, land, frame, zoom)
    labels = PlacedLabels(axes=axes, frame=frame, per_mm=(frame[2] - frame[0]) / box[2])
    _draw_furniture(axes, view, labels, language)
    _draw_homes(axes, view.homes, zoom)
    _draw_places(axes, view, labels)
    _draw_ways(axes, view, labels)
    for name, x, y, angle in view.road_names:
        labels.along(x, y, name, _LETTERS * zoom, angle)
    if view.landmarks:
        _draw_landmarks(axes, land, frame, labels, zoom)
    return axes


def _frame_of(view: View, wide_mm: float, high_mm: float) -> Frame:
    """Return the frame: all ways and homes with a margin, as wide to its height as the box."""
    shapes = [*view.main, *view.shapes]
    shapes += [shapely.Point(place.x, place.y) for place in view.places[:1]]
    if len(view.homes):
        shapes.append(shapely.multipoints(view.homes[:, :2]))
    with_second = shapely.total_bounds(np.array([*shapes, *view.second], dtype=object))
    alone = shapely.total_bounds(np.array(shapes, dtype=object))
    # A second way that leads far would leave no room for the first: it runs out of the frame.
    grows = max(with_second[2:] - with_second[:2]) > _MOST_GROWTH * max(alone[2:] - alone[:2])
    west, south, east, north = (alone if grows else with_second).tolist()
    wide = max((east - west) * (1.0 + 2.0 * _MARGIN), _LEAST_SIDE_M)
    high = max((north - south) * (1.0 + 2.0 * _MARGIN), _LEAST_SIDE_M)
    metres_per_mm = max(wide / wide_mm, high / high_mm)
    x, y = (west + east) / 2.0, (south + north) / 2.0
    half_wide, half_high = metres_per_mm * wide_mm / 2.0, metres_per_mm * high_mm / 2.0
    return x - half_wide, y - half_high, x + half_wide, y + half_high


def _in_frame(land: Land, layer: str, frame: Frame) -> NDArray[np.int64]:
    """Return the rows of a layer near a frame, in their order."""
    return np.sort(land.trees[layer].query(shapely.box(*frame)))


def _gapped(shapes: Any, frame: Frame) -> NDArray[np.float64]:
    """Return the lines within a frame as one row of points with gaps between the lines."""
    margin = 0.03 * (frame[2] - frame[0])
    around = (frame[0] - margin, frame[1] - margin, frame[2] + margin, frame[3] + margin)
    inside = shapely.clip_by_rect(np.atleast_1d(np.asarray(shapes, dtype=object)), *around)
    parts = shapely.get_parts(inside)
    parts = parts[shapely.get_type_id(parts) == 1]
    points, line = shapely.get_coordinates(parts, return_index=True)
    ends = np.flatnonzero(np.diff(line)) + 1
    return np.insert(points, ends, np.nan, axis=0)


def _line(axes: Any, shapes: Any, frame: Frame, **look: Any) -> None:
    """Draw lines within a frame in one stroke."""
    points = _gapped(shapes, frame)
    if len(points):
        axes.plot(points[:, 0], points[:, 1], scalex=False, scaley=False, **look)


def _draw_ground(axes: Any, land: Land, frame: Frame, zoom: float) -> None:
    """Draw water, buildings and roads."""
    around = shapely.box(*frame)
    for layer, look in (
        ("water", {"facecolor": _WATER_FILL, "edgecolor": _WATER_EDGE, "linewidth": 0.6}),
        ("buildings", {"facecolor": _BUILDING_FILL, "edgecolor": "none"}),
    ):
        rows = _in_frame(land, layer, frame)
        if len(rows):
            shapes = shapely.intersection(shapely.make_valid(land.layers[layer][rows]), around)
            area_patch(axes, shapes, zorder=1.6 if layer == "water" else 2.0, **look)
    rows = _in_frame(land, "waterways", frame)
    _line(
        axes, land.layers["waterways"][rows], frame, color=_WATER_EDGE, linewidth=zoom, zorder=1.8
    )
    rows = _in_frame(land, "roads", frame)
    widths = land.road_points[rows]
    for shade, extra, level in (("#4A4A4A", 0.8, 3.0), ("white", 0.0, 3.1)):
        for width in np.unique(widths):
            shapes = land.layers["roads"][rows[widths == width]]
            thin = width < 1.0
            if thin and shade == "white":
                continue
            _line(
                axes,
                shapes,
                frame,
                color=shade,
                linewidth=zoom * (width if thin else width + extra),
                linestyle=(0, (3.0, 1.5)) if thin else "solid",
                zorder=level + width / 100.0,
                solid_capstyle="round",
            )


def _draw_borders(axes: Any, land: Land, frame: Frame, zoom: float) -> None:
    """Draw the borders of villages and settlements."""
    for layer, width, dash in (("settlements", 0.7, (1.0, 2.0)), ("villages", 1.1, (8, 3, 2, 3))):
        rows = _in_frame(land, layer, frame)
        shapes = land.layers[layer][rows]
        shapes = shapes[shapely.get_dimensions(shapes) == 2]  # noqa: PLR2004  areas
        if len(shapes):
            edges = shapely.boundary(shapes)
            _line(
                axes,
                edges,
                frame,
                color=style.VILLAGE.colour,
                linewidth=width * zoom,
                linestyle=(0, dash),
                zorder=4.0,
            )


def _draw_ways(axes: Any, view: View, labels: PlacedLabels) -> None:
    """Draw the ways: others thin, second ways dashed, main ones thick with their arrows."""
    frame, zoom = labels.frame, view.zoom
    colour = style.ROUTE.colour
    for lines, looks in (
        (view.other, ((2.6, "white", "solid"), (1.3, colour, (0, (1.0, 1.2))))),
        (view.second, ((3.4, "white", "solid"), (1.8, colour, (0, (4.0, 2.0))))),
        (view.main, ((5.2, "white", "solid"), (3.2, colour, "solid"))),
    ):
        if not lines:
            continue
        for number, (width, shade, dash) in enumerate(looks):
            _line(
                axes,
                np.array(lines, dtype=object),
                frame,
                color=shade,
                linewidth=width * zoom,
                linestyle=dash,
                zorder=6.0 + 0.1 * number + (1.0 if lines is view.main else 0.0),
                solid_joinstyle="round",
            )
    places, angles = [], []
    for line in view.main:
        spots, turns = _arrow_places(line, labels.per_mm * zoom)
        places.append(spots)
        angles.append(turns)
    if places:
        spots, turns = np.concatenate(places), np.concatenate(angles)
        chosen = [
            row
            for row, (x, y) in enumerate(spots.tolist())
            if labels.take_sign(x, y, 9.0 * zoom, once=True)
        ]
        if chosen:
            draw_arrow(axes, spots[chosen], turns[chosen], 9.0 * zoom, zorder=8.0)


def _arrow_places(line: Any, per_mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where arrows stand along a way and where they point (degrees from east)."""
    length = float(shapely.length(line))
    count = int(min(_MOST_ARROWS, max(1, round(length / (per_mm * _ARROW_EVERY_MM)))))
    along = (np.arange(count) + 0.5) / count * length
    step = min(per_mm * 2.0, length / 4.0)
    before = shapely.get_coordinates(shapely.line_interpolate_point(line, along - step))
    after = shapely.get_coordinates(shapely.line_interpolate_point(line, along + step))
    spots = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
    away = after - before
    return spots, np.degrees(np.arctan2(away[:, 1], away[:, 0]))


def _draw_homes(axes: Any, homes: NDArray[np.float64], zoom: float) -> None:
    """Draw where people leave from: dots, rings for other parts, crosses without a place."""
    # Of very many places the signs shrink, or they would hide the map.
    zoom *= min(1.0, math.sqrt(_MANY_HOMES / max(len(homes), 1)))
    for part, marker, look in (
        (0.0, "o", {"color": "black", "markersize": 2.4 * zoom}),
        (1.0, "o", {"color": "white", "markeredgecolor": "black", "markersize": 2.8 * zoom}),
        (-1.0, "x", {"color": style.UNSERVED_COLOUR, "markersize": 3.6 * zoom}),
    ):
        chosen = homes[homes[:, 2] == part]
        if len(chosen):
            axes.plot(
                chosen[:, 0],
                chosen[:, 1],
                marker=marker,
                linestyle="none",
                zorder=5.0,
                scalex=False,
                scaley=False,
                markeredgewidth=(1.0 if part < 0.0 else 0.6) * zoom,
                **look,
            )


def _draw_places(axes: Any, view: View, labels: PlacedLabels) -> None:
    """Draw the signs of starts and shelters, then what they are called."""
    zoom = view.zoom
    shown = [place for place in view.places if labels.holds(place.x, place.y)]
    for place in shown:
        if place.kind == "start":
            axes.plot(
                place.x,
                place.y,
                marker="o",
                markersize=8.5 * zoom,
                color="black",
                markeredgecolor="white",
                markeredgewidth=1.4 * zoom,
                zorder=11.0,
            )
            labels.take_sign(place.x, place.y, 8.5 * zoom)
        elif place.kind != "settlement":
            size = _SIGN_POINTS * zoom
            draw_shelter(axes, (place.x, place.y), place.kind, size, role=place.role)
            labels.take_sign(place.x, place.y, size)
    for place in shown:
        if not place.words:
            continue
        sign = 0.0 if place.kind == "settlement" else _SIGN_POINTS * zoom
        labels.beside(place.x, place.y, place.words, (_LETTERS + 1.0) * zoom, sign)


def _draw_landmarks(axes: Any, land: Land, frame: Frame, labels: PlacedLabels, zoom: float) -> None:
    """Draw landmarks with their names as far as there is room; named ones only."""
    drawn, sign = 0, 8.0 * zoom
    for row in _in_frame(land, "landmarks", frame).tolist():
        point = land.layers["landmarks"][row]
        name = land.landmark_names[row]
        if not name or drawn >= _MOST_LANDMARKS or not labels.holds(point.x, point.y):
            continue
        if labels.room_for_mark(point.x, point.y, sign, name, _LETTERS * zoom):
            draw_landmark(axes, (point.x, point.y), land.landmark_kinds[row], sign)
            drawn += 1


def _draw_furniture(axes: Any, view: View, labels: PlacedLabels, language: str) -> None:
    """Draw the scale bar, and north, in the corner that hides least."""
    frame, zoom = labels.frame, view.zoom
    per_mm = labels.per_mm * zoom
    wanted = (frame[2] - frame[0]) * 0.28
    power = 10.0 ** math.floor(math.log10(wanted))
    length = max(part * power for part in (1.0, 2.0, 5.0) if part * power <= wanted)
    words = f"{text.number(length, language)} m"
    if length >= 1000.0:  # noqa: PLR2004  from here on in kilometres
        words = f"{text.plain_number(length / 1000.0, language)} km"
    wide = length + (9.0 + width_of(words, _LETTERS) * MM_PER_POINT) * per_mm
    left, low, right, high = _free_corner(view, frame, wide, 6.0 * per_mm, 1.5 * per_mm)
    labels.take((left, low, right, high))
    axes.fill(
        [left, right, right, left],
        [low, low, high, high],
        facecolor="white",
        edgecolor="black",
        linewidth=0.5 * zoom,
        zorder=20.0,
    )
    bar = low + 2.0 * per_mm
    start = left + 2.0 * per_mm
    axes.plot(
        [start, start, start + length, start + length],
        [bar + 1.6 * per_mm, bar, bar, bar + 1.6 * per_mm],
        color="black",
        linewidth=1.3 * zoom,
        solid_joinstyle="miter",
        zorder=21.0,
        gid="scale_bar",
    )
    labels.write(
        (start + length + 1.5 * per_mm, bar + 0.9 * per_mm), words, _LETTERS * zoom, zorder=21.0
    )
    x, y = right - 2.8 * per_mm, low + 0.8 * per_mm
    axes.fill(
        [x, x + 1.1 * per_mm, x, x - 1.1 * per_mm],
        [y + 2.6 * per_mm, y, y + 0.7 * per_mm, y],
        facecolor="black",
        edgecolor="none",
        zorder=21.0,
    )
    labels.write(
        (x, y + 3.9 * per_mm), text.word("north", language), 6.5 * zoom, align="center", zorder=21.0
    )


def _free_corner(view: View, frame: Frame, wide: float, high: float, gap: float) -> Frame:
    """Return the corner of a frame where a box hides least: signs first, then ways and homes."""
    west, south, east, north = frame
    corners = [
        (x, y, x + wide, y + high)
        for y in (south + gap, north - gap - high)
        for x in (west + gap, east - gap - wide)
    ]
    signs = shapely.points([(place.x, place.y) for place in view.places] or np.empty((0, 2)))
    lines = np.array([*view.main, *view.second], dtype=object)
    homes = shapely.points(view.homes[:, :2])

    def hidden(corner: Frame) -> tuple[int, float, int]:
        around = shapely.box(*corner).buffer(2.0 * gap)
        met = shapely.length(shapely.intersection(lines, around)).sum()
        return (
            int(shapely.intersects(signs, around).sum()),
            round(float(met), 3),
            int(shapely.intersects(homes, around).sum()),
        )

    return min(corners, key=hidden)


def line_angle(line: Any, along_m: float, reach_m: float) -> tuple[float, float, float]:
    """Return a place on a line, and the angle of the line there in degrees from east."""
    spots = shapely.line_interpolate_point(
        line, np.clip([along_m, along_m - reach_m, along_m + reach_m], 0.0, shapely.length(line))
    )
    (x, y), before, after = shapely.get_coordinates(spots).tolist()
    return x, y, math.degrees(math.atan2(after[1] - before[1], after[0] - before[0]))
