"""Sheets of paper: their layout, the scale of the map, and how an area is divided into sheets."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from resilience_geo.crs import GEOGRAPHIC, metric_crs_of, transformer
from resilience_geo.errors import InputError, Message, Problem
from resilience_geo.maps import content

if TYPE_CHECKING:
    from resilience_geo.plan import EvacuationPlan

PAPERS_MM: dict[str, tuple[float, float]] = {
    "A4": (297.0, 210.0),
    "A3": (420.0, 297.0),
    "A2": (594.0, 420.0),
    "A1": (841.0, 594.0),
    "A0": (1189.0, 841.0),
}
"""Long and short side of the sheets (ISO 216)."""

ORIENTATIONS: tuple[str, ...] = ("landscape", "portrait", "auto")
SCALES: tuple[int, ...] = (
    *(1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 7500, 10_000, 12_500, 15_000, 20_000),
    *(25_000, 30_000, 40_000, 50_000, 60_000, 75_000, 100_000, 125_000, 150_000, 200_000),
    *(250_000, 300_000, 400_000, 500_000, 750_000, 1_000_000),
)
"""Round scales, as their denominators. A desa is drawn at 1:2 500 to 1:10 000, a kecamatan at
1:10 000 to 1:25 000, a kabupaten at 1:50 000 and smaller."""
_SMALLEST_SCALE = 1_000_000
_LARGEST_SCALE = 100
_MOST_SHEETS = 120
_MOST_TRIED = 10_000
_OVERLAP_MM = 10.0
_OVERVIEW_SCALE = 60_000
_LEAST_SHARE = 1e-6  # of a sheet: a corner that only touches a village is no reason for a sheet
_UPRIGHT = (("portrait", False), ("portrait", True))
_SHOWN_SHARE = 0.97
"""Of the people with a place, how many have their shelter on the map at least."""
_MARGIN_SHARE, _MARGIN_M = 0.025, 60.0
_POINTS_PER_MM = 72.0 / 25.4

Box = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The measures of a page, in mm; places are left, bottom, width and height.

    Parameters
    ----------
    width_mm, height_mm
        Of the paper.
    zoom
        How much larger letters and lines are than on A3.
    margin_mm
        Free on every side.
    head_mm, map_mm, foot_mm
        Places of the title, of the map within its frame, and of the panels below.
    columns_mm
        Places of the columns of text beside or below the map, in the order in which they are read.
    """

    width_mm: float
    height_mm: float
    zoom: float
    margin_mm: float
    head_mm: Box
    map_mm: Box
    foot_mm: Box
    columns_mm: tuple[Box, ...]

    def lines_at(self, scale: int) -> float:
        """Return how wide lines are, to those on A3; thinner where a sheet shows a whole city."""
        share: float = (_OVERVIEW_SCALE / self.zoom / scale) ** 1.3
        return self.zoom * min(1.0, max(0.25, share))


@dataclass(frozen=True, kw_only=True)
class MapFrame:
    """The land on one sheet.

    Parameters
    ----------
    frame
        West, south, east, north in `crs`.
    crs
        WGS 84 / UTM.
    scale
        Denominator.
    stretch
        Metres of `crs` per metre on the ground, in the middle of the area.
    convergence
        Degrees from true north to grid north, clockwise.
    number, count
        Of the sheet, from 1, and of all sheets.
    """

    frame: Box
    crs: pyproj.CRS
    scale: int
    stretch: float
    convergence: float
    number: int = 1
    count: int = 1


def check_paper(paper: str, orientation: str, scale: int | None) -> None:
    """Refuse what no printer has.

    Raises
    ------
    InputError
        There is no such paper or orientation, or no map has such a scale.
    """
    problems = []
    for found, name, names in (
        (Message("paper {paper}", paper=repr(paper)), paper, tuple(PAPERS_MM)),
        (Message("orientation {name}", name=repr(orientation)), orientation, ORIENTATIONS),
    ):
        if name not in names:
            problems.append(
                Problem(
                    found=found,
                    expected=Message("one of {names}", names=", ".join(names)),
                    remedy=Message("choose one of them"),
                )
            )
    if scale is not None and (
        isinstance(scale, bool)
        or scale != int(scale)
        or not _LARGEST_SCALE <= scale <= _SMALLEST_SCALE
    ):
        problems.append(
            Problem(
                found=Message("scale {scale}", scale=repr(scale)),
                expected=Message(
                    "the denominator of a scale, a whole number from {low} to {high}",
                    low=_LARGEST_SCALE,
                    high=_SMALLEST_SCALE,
                ),
                remedy=Message("write 10000 for a map at 1:10 000, or leave it out"),
            )
        )
    if problems:
        raise InputError(problems)


def sheet_of(paper: str, orientation: str, *, beside: bool | None = None) -> Sheet:
    """Return the layout of a paper: the title above, the map, panels with what to do at the end.

    Text stands in a column at the right of the map, or in columns below it: three, on A4 two.

    Parameters
    ----------
    paper
        `A4` to `A0`.
    orientation
        `landscape` or `portrait`.
    beside
        Whether text stands at the right; None: on landscape paper.
    """
    long, short = PAPERS_MM[paper]
    zoom = long / PAPERS_MM["A3"][0]
    margin = 10.0 if zoom >= 1.0 else 7.0
    gap = 4.0 * zoom
    ring = 4.5 * zoom  # for the labels of the grid
    wide, high = (long, short) if orientation == "landscape" else (short, long)
    head_high = 17.0 * zoom
    foot_high = (50.0 if orientation == "landscape" else 54.0) * zoom
    inner = wide - 2.0 * margin
    head = (margin, high - margin - head_high, inner, head_high)
    foot = (margin, margin, inner, foot_high)
    top = head[1] - gap / 2.0
    bottom = margin + foot_high + gap
    columns: tuple[Box, ...]
    if beside if beside is not None else orientation == "landscape":
        column = (0.29 if orientation == "landscape" and zoom >= 1.0 else 0.34) * wide
        map_place = (
            margin + ring,
            bottom + ring,
            inner - column - gap - ring,
            top - bottom - ring,
        )
        columns = ((wide - margin - column, bottom, column, top - bottom),)
    else:
        # On small paper letters are larger to the width: fewer columns, higher ones.
        count, text_high = (3, 118.0 * zoom) if zoom >= 1.0 else (2, 128.0 * zoom)
        each = (inner - (count - 1) * gap) / count
        columns = tuple(
            (margin + number * (each + gap), bottom, each, text_high) for number in range(count)
        )
        low = bottom + text_high + gap
        map_place = (margin + ring, low + ring, inner - ring, top - low - ring)
    return Sheet(
        width_mm=wide,
        height_mm=high,
        zoom=zoom,
        margin_mm=margin,
        head_mm=head,
        map_mm=_whole_points(map_place),
        foot_mm=foot,
        columns_mm=columns,
    )


def _whole_points(place: Box) -> Box:
    """Return a place moved to whole points, in which a PDF writes coordinates briefly."""
    left, bottom, wide, high = (math.floor(side * _POINTS_PER_MM) for side in place)
    return tuple(side / _POINTS_PER_MM for side in (left + 1, bottom + 1, wide - 1, high - 1))  # type: ignore[return-value]


def scale_that_fits(width_m: float, height_m: float, map_mm: tuple[float, float]) -> int:
    """Return the largest round scale at which an area fits a map, as its denominator.

    Examples
    --------
    >>> scale_that_fits(4000.0, 3000.0, (270.0, 277.0))
    15000
    """
    needed = max(width_m / map_mm[0], height_m / map_mm[1]) * 1000.0
    return next((scale for scale in SCALES if scale >= needed - 1e-6), math.ceil(needed))


def map_frames(plan: EvacuationPlan, sheet: Sheet, scale: int | None) -> list[MapFrame]:
    """Return the land on each sheet, from the north-west, row by row.

    Without a scale one sheet holds the villages with their routes and shelters. With a scale at
    which these do not fit, sheets overlap a little, cover every village and leave out land without
    one.

    Parameters
    ----------
    plan
        The plan.
    sheet
        The layout of the paper.
    scale
        Denominator, or None for the largest round one that fits.

    Raises
    ------
    InputError
        The scale asks for more sheets than anybody prints.
    """
    crs = _metric_crs(plan)
    whole = _shown_bounds(plan, crs)
    longitude, latitude = transformer(crs, GEOGRAPHIC).transform(
        (whole[0] + whole[2]) / 2.0, (whole[1] + whole[3]) / 2.0
    )
    factors = pyproj.Proj(crs).get_factors(longitude, latitude)
    stretch = float(factors.meridional_scale)
    wide_mm, high_mm = sheet.map_mm[2:]
    width_m, height_m = whole[2] - whole[0], whole[3] - whole[1]
    if scale is None:
        scale = scale_that_fits(width_m / stretch, height_m / stretch, (wide_mm, high_mm))
    first = MapFrame(
        frame=whole,
        crs=crs,
        scale=int(scale),
        stretch=stretch,
        convergence=float(factors.meridian_convergence),
    )
    wide, high = (side * scale / 1000.0 * stretch for side in (wide_mm, high_mm))
    if width_m <= wide + 1e-6 and height_m <= high + 1e-6:
        middle = ((whole[0] + whole[2]) / 2.0, (whole[1] + whole[3]) / 2.0)
        return [replace(first, frame=_around(middle, wide, high))]
    boxes = _divided(plan.villages.geometry.to_crs(crs), (wide, high), scale * stretch)
    return [
        replace(first, frame=box, number=number, count=len(boxes))
        for number, box in enumerate(boxes, start=1)
    ]


def _metric_crs(plan: EvacuationPlan) -> pyproj.CRS:
    """Return the UTM zone of a plan: the one its tables are in, so that nothing need be moved."""
    crs = pyproj.CRS(plan.villages.crs)
    if crs.is_projected and crs.utm_zone is not None:
        return crs
    west, south, east, north = (float(side) for side in plan.villages.total_bounds)
    return metric_crs_of((west, south, east, north), crs)


def _shown_bounds(plan: EvacuationPlan, crs: pyproj.CRS) -> Box:
    """Return the land a sheet shows in metres: villages, and routes to the shelters that matter.

    Shelters that few people go to far away would make the map small for everyone; their routes are
    named where they leave the map.
    """
    boxes = [plan.villages.geometry.to_crs(crs).total_bounds]
    routes = content.of_departure(plan.routes, content.departures(plan)[0])
    if len(routes):
        first = routes[routes["rank"] == 1] if "rank" in routes.columns else routes
        people = first.groupby("shelter_id")["evacuees"].sum().sort_values(ascending=False)
        before = people.cumsum() - people
        kept = people.index[(before < _SHOWN_SHARE * people.sum()).to_numpy()]
        shown = first[first["shelter_id"].isin(kept)]
        if len(shown):
            boxes.append(shown.geometry.to_crs(crs).total_bounds)
    low, high = (np.array([box[part] for box in boxes]) for part in (slice(0, 2), slice(2, 4)))
    west, south = (float(side) for side in low.min(axis=0))
    east, north = (float(side) for side in high.max(axis=0))
    margin = _MARGIN_SHARE * max(east - west, north - south) + _MARGIN_M
    return west - margin, south - margin, east + margin, north + margin


def _around(middle: tuple[float, float], wide: float, high: float) -> Box:
    """Return a box of a size around a place."""
    x, y = middle
    return x - wide / 2.0, y - high / 2.0, x + wide / 2.0, y + high / 2.0


def _divided(villages: Any, size_m: tuple[float, float], scale: float) -> list[Box]:
    """Return boxes of a size that cover villages, those without any left out."""
    west, south, east, north = (float(side) for side in villages.total_bounds)
    overlap = _OVERLAP_MM / 1000.0 * scale
    across = _starts(west, east, size_m[0], overlap)
    down = _starts(south, north, size_m[1], overlap)[::-1]
    shapes = np.asarray(shapely.make_valid(np.asarray(villages.array)))
    least = size_m[0] * size_m[1] * _LEAST_SHARE
    boxes = [(x, y, x + size_m[0], y + size_m[1]) for y in down for x in across]
    if len(boxes) > _MOST_TRIED:
        raise InputError(_too_many(len(boxes)))
    kept = [
        box
        for box in boxes
        if float(shapely.area(shapely.clip_by_rect(shapes, *box)).sum()) > least
    ]
    if len(kept) > _MOST_SHEETS:
        raise InputError(_too_many(len(kept)))
    return kept


def _too_many(count: int) -> Problem:
    """Return what is wrong with a scale that asks for that many sheets."""
    return Problem(
        found=Message("{count} sheets at this scale", count=count),
        expected=Message("at most {most} sheets", most=_MOST_SHEETS),
        remedy=Message("choose a larger paper, a smaller scale or fewer villages"),
    )


def _starts(low: float, high: float, size: float, overlap: float) -> list[float]:
    """Return where sheets of a size begin so that they cover a stretch, evenly, overlapping."""
    length = high - low
    if length <= size - overlap:
        return [(low + high - size) / 2.0]
    count = math.ceil(length / (size - overlap) - 1e-9)
    # Half an overlap stays free beyond the first and the last border.
    first, last = low - overlap / 2.0, high + overlap / 2.0 - size
    return [first + (last - first) * number / (count - 1) for number in range(count)]


def chosen_sheet(
    plan: EvacuationPlan, paper: str, orientation: str, scale: int | None
) -> tuple[Sheet, list[MapFrame]]:
    """Return the layout and the land of each sheet.

    Parameters
    ----------
    plan
        The plan.
    paper
        `A4` to `A0`.
    orientation
        `landscape`, `portrait`, or `auto`: the one with fewer sheets or the larger scale. Upright
        sheets have their text beside the map where that makes the map larger.
    scale
        Denominator, or None for the largest round one that fits one sheet.
    """
    layouts = {"landscape": (("landscape", True),), "portrait": _UPRIGHT}
    choices = []
    for name, beside in layouts.get(orientation, (*layouts["landscape"], *_UPRIGHT)):
        sheet = sheet_of(paper, name, beside=beside)
        choices.append((sheet, map_frames(plan, sheet, scale)))
    return min(choices, key=lambda one: (len(one[1]), one[1][0].scale))
