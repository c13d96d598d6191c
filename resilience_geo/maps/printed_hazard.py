"""The hazard on paper: classes as areas with a hatch each, so that a photocopy keeps them apart.

Areas follow the cells or polygons of the hazard as they are; cells smaller than a dot of the print
are merged, the worst known class of a block winning. Colours are mixed with white beforehand, as
transparency makes some printers turn a page into a picture. A hatch is lines clipped by the areas
of its class: few and short, whatever the shape of the areas.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio.features
import rasterio.warp
import shapely
import shapely.geometry
from affine import Affine

from resilience_geo.crs import GEOGRAPHIC, transformer
from resilience_geo.hazard_classes import HIGH, LOW, MEDIUM, NONE, UNKNOWN
from resilience_geo.maps import style
from resilience_geo.maps.hazard_picture import hazard_picture
from resilience_geo.maps.printed_shapes import area_patch, on_paper_grid, units_per_mm

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

__all__ = [
    "DRAWN_CLASSES",
    "Frame",
    "area_patch",
    "draw_hatch",
    "draw_hazard",
    "fill_colour",
    "hatch_colour",
    "hazard_areas",
]

Frame = tuple[float, float, float, float]
"""West, south, east, north."""

DRAWN_CLASSES: tuple[int, ...] = (LOW, MEDIUM, HIGH, UNKNOWN)
_GRAVITY = (NONE, LOW, UNKNOWN, MEDIUM, HIGH)  # of several hazards, as `graver_class`
_BLOCK_ORDER = np.array([NONE, UNKNOWN, LOW, MEDIUM, HIGH], dtype=np.uint8)
_RANK_OF_CLASS = np.argsort(_BLOCK_ORDER).astype(np.uint8)
_DOT_MM = 0.35
_MOST_EDGES = 60_000
"""Sides of cells between two classes; beyond it a picture is quicker and smaller than areas."""
_POINTS_PER_MM = 72.0 / 25.4
_HATCH_WIDTH, _DOT_WIDTH = 0.5, 1.3  # points
_HATCH_GAPS_MM: dict[str, float] = {"dots": 2.2, "lines": 2.4, "cross": 2.6, "dashes": 2.0}
_HATCH_SHADE = 0.42
"""A hatch is this much of its class's colour, the rest black."""


def fill_colour(hazard_class: int, palette: str) -> str:
    """Return the colour of a class on white paper, as the screen shows it over a light map.

    Examples
    --------
    >>> fill_colour(LOW, "colour_blind")
    '#ffffc5'
    """
    share = style.HAZARD_OPACITY
    parts = (
        round(255 - share * (255 - part))
        for part in style.rgb(style.colour_of(hazard_class, palette))
    )
    return "#" + "".join(f"{part:02x}" for part in parts)


def hatch_colour(hazard_class: int, palette: str) -> str:
    """Return the colour of a class's hatch: its own, much darker."""
    parts = (
        round(_HATCH_SHADE * part) for part in style.rgb(style.colour_of(hazard_class, palette))
    )
    return "#" + "".join(f"{part:02x}" for part in parts)


def hazard_areas(
    hazard: Any, frame: Frame, crs: pyproj.CRS, *, dot_m: float
) -> dict[int, Any] | None:
    """Return the areas of each class within a frame.

    Parameters
    ----------
    hazard
        A `Hazard`: a grid with `classes(rows, columns)`, polygons, or several hazards.
    frame
        West, south, east, north in `crs`.
    crs
        A metric CRS.
    dot_m
        Smaller cells are merged (m).

    Returns
    -------
    dict or None
        Class number to a shapely geometry in `crs`; a class that does not occur is left out, and so
        is none. Land beyond the hazard layer is unknown. None where the areas would be too many.
    """
    maps = (hazard,) if hazard.grid is not None else hazard.maps
    found = []
    for one in maps:
        if one.grid is None:
            found.append(_areas_of_polygons(one, frame, crs))
            continue
        areas = _areas_of_cells(one, frame, crs, dot_m)
        if areas is None:
            return None
        found.append(areas)
    areas = found[0] if len(found) == 1 else _gravest(found, frame)
    areas = {
        value: shapely.clip_by_rect(areas[value], *frame)
        for value in DRAWN_CLASSES
        if value in areas
    }
    return {value: area for value, area in areas.items() if area.area > 0.0}


def draw_hazard(
    axes: Any,
    plan: Any,
    frame: Frame,
    crs: pyproj.CRS,
    palette: str,
    *,
    hatched: bool = True,
    zoom: float = 1.0,
) -> None:
    """Draw the hazard of a plan, below everything else.

    Parameters
    ----------
    axes
        Of the map; their limits are the frame and their units the metres of `crs`.
    plan
        The plan.
    frame
        West, south, east, north in `crs`.
    crs
        A metric CRS.
    palette
        `colour_blind` or `official`.
    hatched
        Whether classes have their hatch besides their colour.
    zoom
        How much wider the hatch is than on A3.
    """
    areas = hazard_areas(plan.hazard, frame, crs, dot_m=_DOT_MM * zoom * units_per_mm(axes))
    if areas is None:
        _draw_picture(axes, plan.hazard, frame, crs, palette)
        return
    for value, area in areas.items():
        patch = area_patch(
            axes, area, facecolor=fill_colour(value, palette), edgecolor="none", zorder=1.0
        )
        if hatched and patch is not None:
            draw_hatch(axes, value, patch, frame, palette, zoom=zoom)


def draw_hatch(
    axes: Any, hazard_class: int, patch: Any, frame: Frame, palette: str, *, zoom: float = 1.0
) -> None:
    """Draw the hatch of a class inside a patch.

    Parameters
    ----------
    axes
        Of the patch.
    hazard_class
        One of `DRAWN_CLASSES`.
    patch
        What holds the hatch, from `area_patch`.
    frame
        West, south, east, north of what is hatched, in the units of the axes.
    palette
        `colour_blind` or `official`.
    zoom
        How much wider the hatch is than on A3; less than 1 for small boxes.
    """
    from matplotlib.patches import PathPatch  # noqa: PLC0415  an optional package
    from matplotlib.path import Path as Outline  # noqa: PLC0415

    kind = style.HATCHES[hazard_class]
    gap_mm = _HATCH_GAPS_MM[kind] * zoom
    width = (_DOT_WIDTH if kind == "dots" else _HATCH_WIDTH) * zoom
    for lines, dash_mm in _hatch_lines(kind, frame, gap_mm * units_per_mm(axes), gap_mm):
        # Dashes are counted in widths of the line.
        dash = tuple(part * _POINTS_PER_MM / width for part in dash_mm)
        codes = np.tile([int(Outline.MOVETO), int(Outline.LINETO)], len(lines))
        hatch = PathPatch(
            Outline(on_paper_grid(axes, lines.reshape(-1, 2)), codes),
            edgecolor=hatch_colour(hazard_class, palette),
            facecolor="none",
            linewidth=width,
            linestyle=(0.0, dash) if dash else "solid",
            capstyle="round" if kind == "dots" else "butt",
            zorder=patch.get_zorder() + 0.05,
        )
        axes.add_artist(hatch)
        hatch.set_clip_path(patch)


def _hatch_lines(
    kind: str, frame: Frame, gap: float, gap_mm: float
) -> list[tuple[NDArray[np.float64], tuple[float, ...]]]:
    """Return the lines of a hatch over a frame, shape (n, 2, 2), with their dashes in mm."""
    west, south, east, north = frame
    wide, high = east - west, north - south
    if kind in ("dots", "dashes"):
        levels = south + gap * (0.5 + np.arange(max(1, math.ceil(high / gap))))
        dash = (0.01, gap_mm) if kind == "dots" else (gap_mm * 1.3, gap_mm * 0.9)
        period = gap * (dash[0] + dash[1]) / gap_mm
        # Every other line begins half a period later, so that dots stand in a quincunx.
        starts = west - (np.arange(len(levels)) % 2) * period / 2.0
        starts = starts + period * 0.25
        lines = np.stack(
            [
                np.column_stack([starts, levels]),
                np.column_stack([np.full(len(levels), east), levels]),
            ],
            axis=1,
        )
        return [(lines, dash)]
    step = gap * math.sqrt(2.0)
    offsets = np.arange(0.0, wide + high, step)
    rising = np.stack(
        [
            np.column_stack([west + offsets - high, np.full(len(offsets), south)]),
            np.column_stack([west + offsets, np.full(len(offsets), north)]),
        ],
        axis=1,
    )
    if kind == "lines":
        return [(rising, ())]
    falling = rising.copy()
    falling[:, :, 1] = (south + north) - falling[:, :, 1]
    return [(rising, ()), (falling, ())]


def _areas_of_cells(
    hazard: Any, frame: Frame, crs: pyproj.CRS, dot_m: float
) -> dict[int, Any] | None:
    """Return the areas of the classes of a grid; None where they are too many."""
    grid = hazard.grid
    window = _window(grid, frame, crs)
    beyond = shapely.box(*frame)
    if window is None:
        return {UNKNOWN: beyond}
    rows, columns = window
    corner = grid.transform
    cell_m = _cell_m(grid, crs, frame)
    block = max(1, int(dot_m / cell_m))
    ranks = _merged(hazard, rows, columns, block)
    edges = int((ranks[1:] != ranks[:-1]).sum() + (ranks[:, 1:] != ranks[:, :-1]).sum())
    if edges > _MOST_EDGES:
        return None
    transform = Affine(
        corner.a * block,
        0.0,
        corner.c + columns.start * corner.a,
        0.0,
        corner.e * block,
        corner.f + rows.start * corner.e,
    )
    found: dict[int, list[Any]] = {}
    for shape, rank in rasterio.features.shapes(ranks, transform=transform):
        found.setdefault(int(_BLOCK_ORDER[int(rank)]), []).append(shapely.geometry.shape(shape))
    move = transformer(grid.crs, crs).transform if grid.crs != crs else None
    areas: dict[int, Any] = {}
    for value, shapes in found.items():
        if value == NONE:
            continue
        area = shapely.multipolygons(
            [part for shape in shapes for part in shapely.get_parts(shape)]
        )
        areas[value] = area if move is None else shapely.transform(area, move, interleaved=False)
    unmapped = _beyond_grid(grid, frame, crs)
    if not unmapped.is_empty:
        known = areas.get(UNKNOWN)
        areas[UNKNOWN] = (
            unmapped if known is None else shapely.union_all([unmapped, shapely.make_valid(known)])
        )
    return areas


def _window(grid: Any, frame: Frame, crs: pyproj.CRS) -> tuple[slice, slice] | None:
    """Return rows and columns of the grid that a frame meets; None where it meets none."""
    west, south, east, north = rasterio.warp.transform_bounds(crs, grid.crs, *frame)
    corner = grid.transform  # north-up: a and e are the cell's width and height
    top = max(0, math.floor((north - corner.f) / corner.e) - 1)
    bottom = min(grid.shape[0], math.ceil((south - corner.f) / corner.e) + 1)
    left = max(0, math.floor((west - corner.c) / corner.a) - 1)
    right = min(grid.shape[1], math.ceil((east - corner.c) / corner.a) + 1)
    if top >= bottom or left >= right:
        return None
    return slice(top, bottom), slice(left, right)


def _cell_m(grid: Any, crs: pyproj.CRS, frame: Frame) -> float:
    """Return the smaller side of a cell in the middle of a frame (m)."""
    west, south, east, north = rasterio.warp.transform_bounds(crs, grid.crs, *frame)
    x, y = (west + east) / 2.0, (south + north) / 2.0
    corners = np.array([(x, y), (x + grid.transform.a, y), (x, y + grid.transform.e)])
    moved = np.column_stack(
        transformer(grid.crs, crs).transform(corners[:, 0], corners[:, 1])
        if grid.crs != crs
        else (corners[:, 0], corners[:, 1])
    )
    return float(min(math.dist(moved[0], moved[1]), math.dist(moved[0], moved[2])))


def _merged(hazard: Any, rows: slice, columns: slice, block: int) -> NDArray[np.uint8]:
    """Return ranks of the cells of a window, the highest of every block."""
    high = math.ceil((rows.stop - rows.start) / block)
    wide = math.ceil((columns.stop - columns.start) / block)
    worst = np.zeros((high, wide), dtype=np.uint8)
    strip = block * max(1, 2_000_000 // max(1, block * (columns.stop - columns.start)))
    for start in range(rows.start, rows.stop, strip):
        end = min(start + strip, rows.stop)
        ranks = _RANK_OF_CLASS[hazard.classes(slice(start, end), columns)]
        padded = np.zeros((math.ceil(len(ranks) / block) * block, wide * block), dtype=np.uint8)
        padded[: ranks.shape[0], : ranks.shape[1]] = ranks
        first = (start - rows.start) // block
        blocks = padded.reshape(-1, block, wide, block).max(axis=(1, 3))
        worst[first : first + len(blocks)] = blocks
    return worst


def _beyond_grid(grid: Any, frame: Frame, crs: pyproj.CRS) -> Any:
    """Return the part of a frame that a grid does not cover."""
    west, south, east, north = grid.bounds
    edge = shapely.segmentize(shapely.box(west, south, east, north), (east - west) / 16.0)
    if grid.crs != crs:
        edge = shapely.transform(edge, transformer(grid.crs, crs).transform, interleaved=False)
    return shapely.box(*frame).difference(edge)


def _areas_of_polygons(hazard: Any, frame: Frame, crs: pyproj.CRS) -> dict[int, Any]:
    """Return the areas of the classes of polygons; what lies between them as the layer says."""
    west, south, east, north = rasterio.warp.transform_bounds(
        crs, hazard.polygons.crs or GEOGRAPHIC, *frame
    )
    table = hazard.polygons.cx[west:east, south:north].to_crs(crs)
    areas: dict[int, Any] = {}
    for value in (NONE, *DRAWN_CLASSES):
        shapes = table.geometry[table["hazard_class"] == value].to_numpy()
        if len(shapes):
            shapes = shapely.clip_by_rect(shapely.make_valid(shapes), *frame)
            areas[value] = shapely.union_all(shapes)
    covered = list(areas.values())
    if hazard.nodata_means == "none":  # between the polygons; beyond them nothing is known
        covered.append(shapely.box(*hazard.polygons.to_crs(crs).total_bounds))
    unmapped = shapely.box(*frame).difference(shapely.union_all(covered))
    areas[UNKNOWN] = shapely.union_all([areas.get(UNKNOWN, shapely.Polygon()), unmapped])
    areas.pop(NONE, None)
    return areas


def _gravest(found: list[dict[int, Any]], frame: Frame) -> dict[int, Any]:
    """Return the areas of several hazards: of each place its gravest class."""
    clipped = [
        {value: shapely.clip_by_rect(area, *frame) for value, area in areas.items()}
        for areas in found
    ]
    together: dict[int, Any] = {}
    above: Any = shapely.Polygon()
    for value in reversed(_GRAVITY[1:]):
        shapes = [shapely.make_valid(areas[value]) for areas in clipped if value in areas]
        if shapes:
            area = shapely.union_all(shapes)
            together[value] = area.difference(above)
            above = above.union(area)
    return together


def _draw_picture(axes: Any, hazard: Any, frame: Frame, crs: pyproj.CRS, palette: str) -> None:
    """Draw the hazard as a picture of classes, for maps whose areas would be too many."""
    box = rasterio.warp.transform_bounds(crs, GEOGRAPHIC, *frame)
    picture = hazard_picture(hazard, box, crs)
    colours = np.full((UNKNOWN + 1, 4), 255, dtype=np.uint8)
    colours[NONE, 3] = 0
    for value in DRAWN_CLASSES:
        colours[value, :3] = style.rgb(fill_colour(value, palette))
    left, bottom, right, top = picture.bounds
    limits = axes.get_xlim(), axes.get_ylim()
    axes.imshow(
        colours[picture.classes],
        extent=(left, right, bottom, top),
        interpolation="nearest",
        aspect="auto",
        zorder=1,
    )
    axes.set_xlim(limits[0])
    axes.set_ylim(limits[1])
