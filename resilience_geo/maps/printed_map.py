"""The map part of a printed page: hazard, roads, routes, shelters, people, scale and north."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio.warp
import shapely

from resilience_geo.crs import GEOGRAPHIC, metric_crs_of
from resilience_geo.maps import content, style, text
from resilience_geo.maps.hazard_picture import hazard_picture
from resilience_geo.maps.payload import inside_points
from resilience_geo.maps.printed_column import shelter_sign
from resilience_geo.maps.printed_labels import Labels, white_edge
from resilience_geo.maps.symbols import shelter_state
from resilience_geo.maps.unserved import unserved_places

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.plan import EvacuationPlan

MARGIN_MM = 10.0
COLUMN_SHARE = 0.29
_SCALES = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5)
_MANY_LINES = 15_000
_MOST_ARROWS = 400
_ARROW_SHARES = (0.35, 0.75)
_MANY_VILLAGES = 40
_MANY_SHELTERS = 60
_MOST_UNSERVED_SIGNS = 80
_SIGN_MM = 12.0
_OVERVIEW_SCALE = 60_000
_FINEST_FLOW = 0.7  # points; thinner flow is left out, as on a sheet of a whole city


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The measures of a page.

    Parameters
    ----------
    width_mm, height_mm
        Of the paper.
    zoom
        How much larger letters and lines are than on A3.
    """

    width_mm: float
    height_mm: float
    zoom: float

    def lines_at(self, scale: int) -> float:
        """Return how wide lines are, to those on A3; thinner where a sheet shows a whole city."""
        share: float = (_OVERVIEW_SCALE / self.zoom / scale) ** 1.3
        return self.zoom * min(1.0, max(0.25, share))

    @property
    def map_mm(self) -> tuple[float, float]:
        """Width and height of the map on the paper."""
        width = self.width_mm * (1.0 - COLUMN_SHARE) - 2.0 * MARGIN_MM
        return width, self.height_mm - 2.0 * MARGIN_MM


def scale_that_fits(width_m: float, height_m: float, map_mm: tuple[float, float]) -> int:
    """Return the largest round scale at which an area fits a map, as its denominator.

    Examples
    --------
    >>> scale_that_fits(4000.0, 3000.0, (270.0, 277.0))
    15000
    """
    needed = max(width_m / map_mm[0], height_m / map_mm[1]) * 1000.0
    power = 10.0 ** math.floor(math.log10(needed))
    return round(next(part * power for part in (*_SCALES, 10.0) if part * power >= needed - 1e-6))


def draw_map(axes: Any, plan: EvacuationPlan, sheet: Sheet, language: str) -> int:
    """Draw the map and return its scale."""
    bounds = content.plan_bounds(plan)
    crs = metric_crs_of(bounds, GEOGRAPHIC)
    west, south, east, north = rasterio.warp.transform_bounds(GEOGRAPHIC, crs, *bounds)
    scale = scale_that_fits(east - west, north - south, sheet.map_mm)
    half_width, half_height = (side * scale / 2000.0 for side in sheet.map_mm)
    middle_x, middle_y = (west + east) / 2.0, (south + north) / 2.0
    frame = (
        middle_x - half_width,
        middle_y - half_height,
        middle_x + half_width,
        middle_y + half_height,
    )
    axes.set_xlim(frame[0], frame[2])
    axes.set_ylim(frame[1], frame[3])
    axes.set_xticks([])
    axes.set_yticks([])
    box = rasterio.warp.transform_bounds(crs, GEOGRAPHIC, *frame)
    picture = hazard_picture(plan.hazard, box, crs)
    left, bottom, right, top = picture.bounds
    axes.imshow(
        picture.rgba(),
        extent=(left, right, bottom, top),
        interpolation="nearest",
        aspect="auto",
        zorder=1,
    )
    axes.set_xlim(frame[0], frame[2])
    axes.set_ylim(frame[1], frame[3])
    labels = Labels(axes=axes, scale=scale, language=language)
    thickness = sheet.lines_at(scale)
    _draw_villages(axes, plan, crs, frame, thickness)
    _draw_roads(axes, plan, crs, thickness)
    _draw_routes(axes, plan, crs, content.departures(plan)[0], thickness)
    _draw_furniture(axes, frame, sheet, labels)
    shelters = _draw_shelters(axes, plan, crs, sheet, labels)
    _draw_unserved(axes, plan, crs, sheet, labels)
    _name_villages(plan, crs, sheet, labels)
    _name_shelters(shelters, sheet, labels)
    return scale


def _lines(axes: Any, geometry: gpd.GeoSeries, *, colour: str, width: float, **look: Any) -> None:
    """Draw lines; very many become part of a picture, so that the page stays light."""
    from matplotlib.collections import LineCollection  # noqa: PLC0415

    shapes = geometry.simplify(3.0, preserve_topology=False)
    parts = shapely.get_parts(np.asarray(shapes.array))
    if not len(parts):
        return
    points = [shapely.get_coordinates(part) for part in parts]
    axes.add_collection(
        LineCollection(
            points,
            colors=colour,
            linewidths=width,
            rasterized=len(points) > _MANY_LINES,
            **look,
        ),
        autolim=False,
    )


def _draw_villages(
    axes: Any,
    plan: EvacuationPlan,
    crs: pyproj.CRS,
    frame: tuple[float, float, float, float],
    thickness: float,
) -> None:
    """Draw borders, and grey over everything outside."""
    from matplotlib.patches import PathPatch  # noqa: PLC0415
    from matplotlib.path import Path as Outline  # noqa: PLC0415

    villages = plan.villages.geometry.to_crs(crs)
    outside = shapely.box(*frame).buffer(1.0).difference(villages.union_all())
    rings = shapely.get_rings(shapely.get_parts(outside))
    outlines = [Outline(shapely.get_coordinates(ring), closed=True) for ring in rings]
    if outlines:
        axes.add_patch(
            PathPatch(
                Outline.make_compound_path(*outlines),
                facecolor=style.OUTSIDE_COLOUR,
                alpha=style.OUTSIDE_OPACITY,
                edgecolor="none",
                zorder=2,
            )
        )
    for colour, width, dash in (("white", 2.4, None), (style.VILLAGE.colour, 1.2, (8, 3, 2, 3))):
        _lines(
            axes,
            villages.boundary,
            colour=colour,
            width=max(0.4, width * thickness),
            linestyle=(0, dash) if dash else "solid",
            zorder=3,
        )


def _name_villages(plan: EvacuationPlan, crs: pyproj.CRS, sheet: Sheet, labels: Labels) -> None:
    """Write the names of villages, those with most evacuees first."""
    people = content.village_figure(plan, "evacuees", content.departures(plan)[0])
    many = len(people) > _MANY_VILLAGES
    size = (8.5 if many else 11.0) * sheet.zoom
    apart = 9.0 * sheet.zoom if many else 0.0
    points = inside_points(plan.villages.geometry.to_crs(crs))
    for position in np.argsort(-people.to_numpy(), kind="stable").tolist():
        point = points.iloc[position]
        name = str(plan.villages["village_name"].iloc[position])
        labels.centred(point.x, point.y, name, size, apart=apart)


def _draw_roads(axes: Any, plan: EvacuationPlan, crs: pyproj.CRS, thickness: float) -> None:
    """Draw the stretches by state, each with its dash."""
    stretches = plan.stretches.to_crs(crs)
    for order, state in enumerate(style.ROAD_STATES):
        chosen = stretches.geometry[stretches["state"] == state]
        look = style.ROADS[state]
        dash = tuple(part / look.width for part in look.dash)
        _lines(
            axes,
            chosen,
            colour=look.colour,
            width=max(0.15, look.width * 0.5 * thickness),
            linestyle=(0, dash) if dash else "solid",
            zorder=4 + order * 0.1,
        )


def _draw_routes(
    axes: Any, plan: EvacuationPlan, crs: pyproj.CRS, departure: str, thickness: float
) -> None:
    """Draw where people pass, and one route per village and shelter with its direction."""
    stretches = plan.stretches.to_crs(crs)
    column = f"evacuees_{departure}"
    if column in stretches.columns:
        bins = np.searchsorted(style.FLOW_CUTS, stretches[column].to_numpy(), side="right") - 1
        for number, width in enumerate(style.FLOW_WIDTHS):
            if width * 0.35 * thickness < _FINEST_FLOW:
                continue
            _lines(
                axes,
                stretches.geometry[bins == number],
                colour=style.FLOW_COLOUR,
                width=width * 0.35 * thickness,
                alpha=0.75,
                capstyle="round",
                zorder=5,
            )
    routes = content.main_routes(content.of_departure(plan.routes, departure)).to_crs(crs)
    if routes.empty:
        return
    casing = (("white", 3.4),) if len(routes) <= _MOST_ARROWS else ()
    for colour, width in (*casing, (style.ROUTE.colour, 1.9)):
        _lines(axes, routes.geometry, colour=colour, width=max(0.4, width * thickness), zorder=6)
    if len(routes) > _MOST_ARROWS:
        return
    for route in routes.geometry:
        for share in _ARROW_SHARES:
            _arrow(axes, np.asarray(shapely.get_coordinates(route)), share, thickness)


def _arrow(axes: Any, points: NDArray[np.float64], share: float, thickness: float) -> None:
    """Draw an arrow head on a line, at a share of its length."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    if steps.sum() <= 0.0:
        return
    ends = np.cumsum(steps)
    part = int(np.searchsorted(ends, ends[-1] * share))
    left = (ends[part] - ends[-1] * share) / max(steps[part], 1e-9)
    x, y = points[part + 1] - left * (points[part + 1] - points[part])
    along = points[part + 1] - points[part]
    turn = math.degrees(math.atan2(along[1], along[0]))
    axes.plot(
        x,
        y,
        marker=(3, 0, turn - 90.0),
        markersize=max(3.0, 9 * thickness),
        color=style.ROUTE.colour,
        markeredgecolor="white",
        markeredgewidth=0.8 * thickness,
        linestyle="none",
        zorder=7,
    )


def _draw_shelters(
    axes: Any, plan: EvacuationPlan, crs: pyproj.CRS, sheet: Sheet, labels: Labels
) -> list[tuple[float, float, str, int]]:
    """Draw the shelters in the frame with their signs.

    Those people come to are returned with place, name and people, most people first; none when
    there are so many that names would hide the map.
    """
    departure = content.departures(plan)[0]
    shelters = content.of_departure(content.drawn_shelters(plan), departure).to_crs(crs)
    shelters = shelters.sort_values("allocated_people", ascending=False, kind="stable")
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    points = inside_points(shelters.geometry)
    inside = points.x.between(west, east) & points.y.between(south, north)
    shelters, points = shelters[inside.to_numpy()], points[inside.to_numpy()]
    many = len(shelters) > _MANY_SHELTERS
    size = (5.5 if many else 10.0) * sheet.zoom
    named = []
    for point, row in zip(points, shelters.itertuples(), strict=True):
        state = shelter_state(str(row.status), float(row.capacity_people))
        shelter_sign(axes, (point.x, point.y), state, size)
        if many:
            continue
        labels.cover(point.x, point.y, size)
        if row.allocated_people > 0:
            named.append((point.x, point.y, str(row.name), int(row.allocated_people)))
    return named


def _name_shelters(
    shelters: list[tuple[float, float, str, int]], sheet: Sheet, labels: Labels
) -> None:
    """Write name and people beside the shelters, as far as there is room."""
    size = 10.0 * sheet.zoom
    for x, y, name, people in shelters:
        coming = text.word("coming", labels.language, people=text.number(people, labels.language))
        words = f"{name}, {coming}"
        labels.beside(x, y, words, 7.5 * sheet.zoom, size, colour="#00461F")


def _draw_unserved(
    axes: Any, plan: EvacuationPlan, crs: pyproj.CRS, sheet: Sheet, labels: Labels
) -> None:
    """Draw where people are not served, with how many; near ones together, most people first.

    A sign without room stays away; the legend holds how many people each cause concerns.
    """
    departure = content.departures(plan)[0]
    places = unserved_places(
        plan,
        departure,
        crs,
        cell_m=_SIGN_MM / 1000.0 * labels.scale * sheet.zoom,
        most=_MOST_UNSERVED_SIGNS,
    )
    size = 8.0 * sheet.zoom
    for x, y, cause, people in zip(
        places["x"], places["y"], places["cause"], places["people"], strict=True
    ):
        place = labels.room(x, y, size)
        if place is None:
            continue
        axes.plot(
            *place,
            marker=style.CAUSE_MARKERS[cause],
            markersize=size,
            color=style.UNSERVED_COLOUR,
            markeredgecolor="white",
            markeredgewidth=0.6 * sheet.zoom,
            linestyle="none",
            zorder=11,
        )
        words = text.number(people, labels.language)
        labels.beside(*place, words, 7.5 * sheet.zoom, size, colour=style.UNSERVED_COLOUR)


def _draw_furniture(
    axes: Any, frame: tuple[float, float, float, float], sheet: Sheet, labels: Labels
) -> None:
    """Draw scale bar and north arrow."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    scale, language = labels.scale, labels.language

    west, south, _, north = frame
    metres_per_mm = scale / 1000.0
    wanted = 40.0 * sheet.zoom * metres_per_mm
    power = 10.0 ** math.floor(math.log10(wanted))
    length = max(part * power for part in (1.0, 2.0, 5.0) if part * power <= wanted)
    x, y = west + 6.0 * metres_per_mm, south + 7.0 * metres_per_mm
    high = 2.2 * metres_per_mm * sheet.zoom
    axes.add_patch(
        Rectangle(
            (x - 3.0 * metres_per_mm, y - 4.0 * metres_per_mm),
            length + 22.0 * metres_per_mm * sheet.zoom,
            high + 13.0 * metres_per_mm * sheet.zoom,
            facecolor="white",
            edgecolor="#777777",
            alpha=0.92,
            zorder=30,
        )
    )
    for number in range(2):
        axes.add_patch(
            Rectangle(
                (x + number * length / 2.0, y),
                length / 2.0,
                high,
                facecolor="black" if number == 0 else "white",
                edgecolor="black",
                zorder=31,
            )
        )
    words = f"{text.distance(length, language)}   1 : {text.number(scale, language)}"
    if length >= 1000.0:  # noqa: PLR2004  from here on in kilometres
        words = f"{text.plain_number(length / 1000.0, language)} km   " + words.split("   ")[1]
    labels.keep_free(
        (
            x - 3.0 * metres_per_mm,
            y - 4.0 * metres_per_mm,
            x + length + 19.0 * metres_per_mm * sheet.zoom,
            y + high + 9.0 * metres_per_mm * sheet.zoom,
        )
    )
    labels.write(x, y + high * 2.6, words, 10 * sheet.zoom, ha="left", zorder=32)
    labels.keep_free(
        (west, north - 30.0 * metres_per_mm * sheet.zoom, west + 20.0 * metres_per_mm, north)
    )
    arrow_x, arrow_y = west + 12.0 * metres_per_mm, north - 24.0 * metres_per_mm * sheet.zoom
    axes.annotate(
        text.word("north", language),
        xy=(arrow_x, arrow_y + 18.0 * metres_per_mm * sheet.zoom),
        xytext=(arrow_x, arrow_y),
        ha="center",
        va="center",
        fontsize=16 * sheet.zoom,
        fontweight="bold",
        arrowprops={"arrowstyle": "-|>", "linewidth": 2.5 * sheet.zoom, "color": "black"},
        path_effects=white_edge(3.0),
        zorder=31,
    )
