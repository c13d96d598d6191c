"""The plan of one village as a picture the size of a stamp, to be known again among hundreds.

A drawing of plain shapes in whole pixels: no text, no names, nothing that is loaded and no
identifier, so that any number of them can stand in one page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import rasterio.features
import shapely
from affine import Affine

from resilience_geo.hazard_classes import HIGH, LOW, MEDIUM, NONE, UNKNOWN
from resilience_geo.inputs.hazard_map import graver_class
from resilience_geo.maps import content, style
from resilience_geo.maps.hazard_samples import hazard_class_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.plan import EvacuationPlan

WIDTH, HEIGHT = 160, 120
MOST_LETTERS = 4096
"""A picture grows no larger than this; what does not fit is drawn more coarsely."""
_MARGIN = 12.0
_MOST_ROUTES = 40
_MERGING = 2.0  # routes nearer than this are one line (pixels)
_SAMPLES = 2  # a side of a cell: the gravest of four places stands for it
_FEWEST_POINTS_OF_A_LINE = 2
_LEGEND_CLASSES = (
    ("none", NONE),
    ("low", LOW),
    ("medium", MEDIUM),
    ("high", HIGH),
    ("unknown", UNKNOWN),
)
_GROUND = "#D2D5D8"
_LINE_OF_HATCH = "#5A5A5A"


@dataclass(frozen=True, kw_only=True)
class _Detail:
    """How closely a picture is drawn.

    Parameters
    ----------
    cell
        Side of a cell of the hazard (pixels); it divides width and height.
    tolerance
        How far a line may move when points are dropped (pixels).
    most_shelters
        How many shelters of a kind are drawn, those with most people first.
    routes_per_shelter
        How many routes to each shelter are drawn, those with most people first.
    most_letters
        How long the borders and how long the routes may become, the longest lines first.
    """

    cell: int
    tolerance: float
    most_shelters: int
    routes_per_shelter: int
    most_letters: int


_DETAILS = (
    _Detail(cell=4, tolerance=1.0, most_shelters=40, routes_per_shelter=3, most_letters=1400),
    _Detail(cell=5, tolerance=2.0, most_shelters=25, routes_per_shelter=2, most_letters=1400),
    _Detail(cell=8, tolerance=3.0, most_shelters=15, routes_per_shelter=1, most_letters=900),
    _Detail(cell=20, tolerance=6.0, most_shelters=8, routes_per_shelter=1, most_letters=600),
)


@dataclass(frozen=True, kw_only=True)
class _Routes:
    """Main routes, a row each.

    Parameters
    ----------
    lines
        In the CRS of the villages.
    people
        Who goes that way (people).
    shelter_ids
        Where to.
    """

    lines: NDArray[np.object_]
    people: NDArray[np.int64]
    shelter_ids: NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """Where the picture lies: pixel = (place - corner) x scale, rows running south.

    Parameters
    ----------
    west, north
        The upper left corner (metres).
    scale
        Pixels to a metre.
    """

    west: float
    north: float
    scale: float

    def pixels(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return places (metres), shape (n, 2), as pixels."""
        return np.column_stack(
            [(places[:, 0] - self.west) * self.scale, (self.north - places[:, 1]) * self.scale]
        )

    def metres(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Any, Any]:
        """Return pixels as places (metres)."""
        return self.west + x / self.scale, self.north - y / self.scale


def thumbnail_svg(plan: EvacuationPlan, palette: str = "colour_blind") -> str:
    """Return the plan of one village as a small picture: 160 x 120 pixels, at most 4 kB.

    It shows the outline of the village, the hazard in coarse cells (the gravest class of four
    places in each, so that none vanishes; where it is unknown a grey hatch), for each shelter the
    route of the origin with most people at the first departure, and the shelters: a dot with room
    left, a square full, a ring that takes nobody.

    Parameters
    ----------
    plan : EvacuationPlan
        Of one village, as `village_plan` returns it; of several, all outlines are drawn.
    palette : {"colour_blind", "official"}, default "colour_blind"
        Colours of the hazard classes, see `MapOptions`.

    Returns
    -------
    str
        An SVG of its own. The same plan gives the same text.

    Examples
    --------
    >>> import resilience_geo as rg
    >>> picture = thumbnail_svg(rg.village_plan(plan, "99.01.01.2001"))  # doctest: +SKIP
    """
    villages = np.asarray(plan.villages.geometry.array)
    frame = _frame_of(villages)
    shapes = _in_pixels(villages, frame)
    routes, svg = _main_routes(plan), ""
    for detail in _DETAILS:
        classes = _classes(plan, shapes, frame, detail.cell)
        svg = _svg(
            f'<path d="M0 0h{WIDTH}v{HEIGHT}H0z" fill="#FFF"/>'
            + _hazard(classes, detail.cell, palette)
            + f'<path d="M-4-4h168v128H-4z{_outline(shapes, detail)}" fill="{_GROUND}" '
            'fill-rule="evenodd" stroke="#222" stroke-width="2" stroke-linejoin="round"/>'
            + _stroke(_roads(routes, frame, detail), style.ROUTE.colour, 2)
            + _shelters(plan, routes, frame, detail.most_shelters),
            WIDTH,
            HEIGHT,
        )
        if len(svg) <= MOST_LETTERS:
            break
    return svg


def legend_signs(palette: str = "colour_blind") -> list[tuple[str, str]]:
    """Return what the pictures show: the term of each entry in `words`, and its sign as SVG.

    Parameters
    ----------
    palette
        As in `thumbnail_svg`.
    """
    patch = np.zeros((6, 9), dtype=np.uint8)
    drawn = [
        (f"hazard_{name}", _hazard(np.full_like(patch, number), 4, palette) + _edge(36, 24))
        for name, number in _LEGEND_CLASSES
    ]
    middle = np.array([[18.0, 12.0]])
    signs = [
        *drawn,
        ("index_route", _stroke("M2 18l12-9 8 4 12-9", style.ROUTE.colour, 3)),
        ("index_shelter_room", _dots(middle, "round")),
        ("index_shelter_full", _dots(middle, "square")),
        ("index_shelter_other", _rings(middle)),
    ]
    return [(term, _svg(shapes, 36, 24)) for term, shapes in signs]


def _svg(shapes: str, width: int, height: int) -> str:
    """Return shapes as a picture."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" aria-hidden="true" focusable="false">{shapes}</svg>'
    )


def _edge(width: int, height: int) -> str:
    """Return a frame around a patch of a class."""
    return f'<path d="M0 0h{width}v{height}H0z" fill="none" stroke="#222" stroke-width="2"/>'


def _frame_of(villages: NDArray[np.object_]) -> _Frame:
    """Return the frame in which the villages lie in the middle, with a margin."""
    west, south, east, north = (float(side) for side in shapely.total_bounds(villages))
    scale = min(
        (WIDTH - 2 * _MARGIN) / max(east - west, 1.0),
        (HEIGHT - 2 * _MARGIN) / max(north - south, 1.0),
    )
    return _Frame(
        west=(west + east) / 2.0 - WIDTH / 2.0 / scale,
        north=(south + north) / 2.0 + HEIGHT / 2.0 / scale,
        scale=scale,
    )


def _in_pixels(shapes: Any, frame: _Frame) -> Any:
    """Return shapes (metres) in pixels."""
    return shapely.transform(shapes, frame.pixels)


def _outline(shapes: NDArray[np.object_], detail: _Detail) -> str:
    """Return the borders of villages (pixels) as a path."""
    shapes = shapely.simplify(shapes, detail.tolerance)
    rings = shapely.get_rings(shapely.get_parts(shapes))
    return _path(rings, detail.most_letters, closed=True)


def _path(lines: NDArray[np.object_], most_letters: int, *, closed: bool = False) -> str:
    """Return lines in pixels as the data of a path: whole steps, none of them empty.

    What would make it too long is left out, short lines first.
    """
    parts = []
    for line in lines[np.argsort(-shapely.length(lines), kind="stable")]:
        points = np.rint(shapely.get_coordinates(line)).astype(np.int64)
        steps = np.diff(points, axis=0)
        steps = steps[steps.any(axis=1)]
        if len(steps) + 1 < _FEWEST_POINTS_OF_A_LINE + closed:
            continue
        first = f"M{_pair(*points[0].tolist())}"
        moves = steps[:-1] if closed else steps  # `z` draws the last one
        part = f"{first}l{_joined(moves.ravel().tolist())}{'z' if closed else ''}"
        most_letters -= len(part)
        if most_letters < 0:
            break
        parts.append(part)
    return "".join(parts)


def _pair(x: int, y: int) -> str:
    """Return two numbers as SVG reads them."""
    return _joined([x, y])


def _joined(values: list[int]) -> str:
    """Return numbers with a blank only where no minus stands between them."""
    return " ".join(map(str, values)).replace(" -", "-")


def _stroke(data: str, colour: str, width: int, cap: str = "round") -> str:
    """Return a line; nothing where there is none."""
    if not data:
        return ""
    return (
        f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="{width}" '
        f'stroke-linecap="{cap}" stroke-linejoin="round"/>'
    )


def _classes(
    plan: EvacuationPlan, shapes: NDArray[np.object_], frame: _Frame, cell: int
) -> NDArray[np.uint8]:
    """Return the gravest class of every cell that a village (pixels) touches; none elsewhere.

    Class numbers, shape (rows, columns), the first row in the north.
    """
    rows, columns = HEIGHT // cell, WIDTH // cell
    touched = rasterio.features.rasterize(
        list(shapes), out_shape=(rows, columns), transform=Affine.scale(cell), all_touched=True
    ).astype(bool)
    row, column = np.nonzero(touched)
    within = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    x = ((column[:, None, None] + within) * cell + np.zeros((1, _SAMPLES, 1))).ravel()
    y = ((row[:, None, None] + within[:, None]) * cell + np.zeros((1, 1, _SAMPLES))).ravel()
    found = hazard_class_at(plan.hazard, *frame.metres(x, y), plan.villages.crs)
    of_cell = found.reshape(row.size, _SAMPLES**2)
    gravest = of_cell[:, 0]
    for sample in range(1, _SAMPLES**2):
        gravest = graver_class(gravest, of_cell[:, sample])
    classes = np.full((rows, columns), NONE, dtype=np.uint8)
    classes[row, column] = gravest
    return classes


def _hazard(classes: NDArray[np.uint8], cell: int, palette: str) -> str:
    """Return each class as one area of its colour, low with dots and the unknown hatched.

    So a greyscale copy tells low from none and unknown from medium. On the official palette, whose
    green and red look alike to many, high is hatched the other way.
    """
    areas: dict[int, list[str]] = {}
    for shape, value in rasterio.features.shapes(classes, mask=classes != NONE):
        areas.setdefault(int(value), []).extend(_steps(ring, cell) for ring in shape["coordinates"])
    drawn = [
        f'<path d="{"".join(areas[number])}" fill="{style.colour_of(number, palette)}" '
        'fill-rule="evenodd" shape-rendering="crispEdges"/>'
        for number in sorted(areas)
    ]
    drawn.append(_speckles(classes == LOW, cell))
    drawn.append(_stroke(_hatch(classes == UNKNOWN, cell), _LINE_OF_HATCH, 1, "butt"))
    if palette == "official":
        flipped = _hatch((classes == HIGH)[:, ::-1], cell, width=classes.shape[1] * cell)
        drawn.append(_stroke(flipped, "#000", 1, "butt"))
    return "".join(drawn)


def _steps(ring: list[tuple[float, float]], cell: int) -> str:
    """Return a ring along the edges of cells as the data of a path."""
    corners = (np.array(ring) * cell).astype(np.int64)
    moves = [
        f"h{across}" if across else f"v{down}"
        for across, down in np.diff(corners, axis=0)[:-1].tolist()
    ]
    return f"M{_pair(*corners[0].tolist())}{''.join(moves)}z"


def _speckles(cells: NDArray[np.bool_], cell: int) -> str:
    """Return rows of small dots through the cells that are set, on every second row."""
    edges = np.diff(np.pad(cells[::2], ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, begin = np.nonzero(edges == 1)
    end = np.nonzero(edges == -1)[1]
    y = row * 2 * cell + cell // 2
    runs = zip((begin * cell + 1).tolist(), y.tolist(), (end * cell).tolist(), strict=True)
    data = "".join(f"M{_pair(x, at)}H{stop}" for x, at, stop in runs)
    if not data:
        return ""
    return f'<path d="{data}" stroke="{_LINE_OF_HATCH}" stroke-width="1" stroke-dasharray="1 7"/>'


def _hatch(cells: NDArray[np.bool_], cell: int, width: int | None = None) -> str:
    """Return slanting lines through the cells that are set, on every second diagonal.

    Parameters
    ----------
    cells
        Shape (rows, columns).
    cell
        Side of a cell (pixels).
    width
        Of the picture, when its columns were flipped: the lines slant the other way.
    """
    row, column = np.nonzero(cells)
    chosen = (row + column) % 2 == 0
    row, column = row[chosen], column[chosen]
    order = np.lexsort((column, row + column))
    row, column = row[order], column[order]
    # A diagonal goes on while the next cell is one to the right and one up.
    starts = np.ones(row.size, dtype=bool)
    starts[1:] = (np.diff(row + column) != 0) | (np.diff(column) != 1)
    first = np.flatnonzero(starts)
    lengths = np.diff(np.append(first, row.size)) * cell
    lines = []
    for number, length in zip(first.tolist(), lengths.tolist(), strict=True):
        x, y = int(column[number]) * cell, (int(row[number]) + 1) * cell
        across = length if width is None else -length
        lines.append(f"M{_pair(x if width is None else width - x, y)}l{_pair(across, -length)}")
    return "".join(lines)


def _main_routes(plan: EvacuationPlan) -> _Routes:
    """Return the main routes of the first departure."""
    routes = plan.routes
    chosen = content.is_departure(routes, content.departures(plan)[0])
    if "rank" in routes.columns:
        chosen &= routes["rank"].to_numpy() == 1
    return _Routes(
        lines=np.asarray(routes.geometry.array)[chosen],
        people=routes["evacuees"].to_numpy()[chosen],
        shelter_ids=routes["shelter_id"].to_numpy(dtype=object)[chosen],
    )


def _roads(routes: _Routes, frame: _Frame, detail: _Detail) -> str:
    """Return the routes of most people as a path: where they share a road they are one line."""
    chosen = _most_people(routes, detail.routes_per_shelter)[:_MOST_ROUTES]
    lines = _in_pixels(routes.lines[chosen], frame)
    lines = shapely.clip_by_rect(lines, -2, -2, WIDTH + 2, HEIGHT + 2)
    lines = shapely.simplify(lines[~shapely.is_empty(lines)], detail.tolerance / 2)
    if not len(lines):
        return ""
    together = shapely.line_merge(shapely.union_all(lines, grid_size=_MERGING))
    parts = shapely.get_parts(shapely.simplify(together, detail.tolerance))
    return _path(parts, detail.most_letters)


def _most_people(routes: _Routes, per_shelter: int) -> NDArray[np.intp]:
    """Return which routes have most people of those to each shelter, those of most people first.

    Of equal ones the first; the best of every shelter come before any second.
    """
    people = routes.people
    of_shelter, shelters = pd.factorize(routes.shelter_ids)
    order = np.lexsort((np.arange(people.size), -people, of_shelter))
    begins = np.searchsorted(of_shelter[order], np.arange(len(shelters)))
    place = np.arange(people.size) - begins[of_shelter[order]]
    kept = place < per_shelter
    order, place = order[kept], place[kept]
    chosen: NDArray[np.intp] = order[np.lexsort((order, -people[order], place))]
    return chosen


def _shelters(plan: EvacuationPlan, routes: _Routes, frame: _Frame, most: int) -> str:
    """Return the shelters within the frame: of these people with room or full, and all others."""
    shelters = plan.shelters
    here = content.is_departure(shelters, content.departures(plan)[0])
    shapes = np.asarray(shelters.geometry.array)[here]
    places = np.rint(frame.pixels(shapely.get_coordinates(shapes)))
    people = shelters["allocated_people"].to_numpy(dtype=np.float64)[here]
    seats = shelters["capacity_people"].to_numpy(dtype=np.float64)[here]
    full = np.greater_equal(people, seats)
    ids = set(routes.shelter_ids)
    used = np.array(
        [each in ids for each in shelters["shelter_id"].to_numpy(dtype=object)[here]], dtype=bool
    )
    x, y = places.T
    within = (x >= 0) & (x <= WIDTH) & (y >= 0) & (y <= HEIGHT)
    order = np.argsort(-people, kind="stable")
    order = order[within[order]]

    def chosen(wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
        kept: NDArray[np.float64] = places[order[wanted[order]][:most]]
        return kept

    return (
        _rings(chosen(~used))
        + _dots(chosen(used & full), "square")
        + _dots(chosen(used & ~full), "round")
    )


def _points(places: NDArray[np.float64]) -> str:
    """Return places as lines of no length, which their caps make visible."""
    return "".join(f"M{_pair(x, y)}h0" for x, y in places.astype(np.int64).tolist())


def _dots(places: NDArray[np.float64], cap: str) -> str:
    """Return shelters people go to: dots (`round`) or squares with a white edge."""
    data = _points(places)
    return _stroke(data, "#FFF", 12, cap) + _stroke(data, style.SHELTER_USABLE, 9, cap)


def _rings(places: NDArray[np.float64]) -> str:
    """Return shelters nobody goes to: small rings."""
    data = _points(places)
    return _stroke(data, style.SHELTER_UNUSABLE, 7) + _stroke(data, "#FFF", 3)
