"""What stands around a printed map: grid, scale bar, north arrow, where it lies, QR code."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from resilience_geo.crs import GEOGRAPHIC, transformer
from resilience_geo.errors import DependencyError, Message, Problem
from resilience_geo.maps import style, text
from resilience_geo.maps.printed_shapes import area_patch, draw_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.maps.printed_chart import Chart
    from resilience_geo.maps.printed_labels import Labels
    from resilience_geo.maps.printed_sheets import MapFrame, Sheet

_GRID_MM = 60.0
_GRID_COLOUR = "#9C9C9C"
_BAR_MM = 45.0
_PAD_MM = 3.0
_NORTH_MM = 17.0
_INSET_ROADS = ("major", "medium")
_QUIET = 4  # modules free around a QR code (ISO/IEC 18004)
_STRIP = 1.7
"""Height of a line of words in the inset, to its letters."""
_INSET_AROUND = 0.35
_POINTS_PER_MM = 72.0 / 25.4


def round_length(metres: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is no longer.

    Examples
    --------
    >>> round_length(430.0), round_length(1999.0)
    (200.0, 1000.0)
    """
    power = 10.0 ** math.floor(math.log10(metres))
    return max(part * power for part in (1.0, 2.0, 5.0) if part * power <= metres * (1 + 1e-9))


def grid_step(place: MapFrame, sheet: Sheet) -> float:
    """Return how far apart the lines of the grid are (m)."""
    return max(100.0, round_length(_GRID_MM * sheet.zoom / 1000.0 * place.scale))


def draw_grid(axes: Any, place: MapFrame, sheet: Sheet, language: str) -> None:
    """Draw the lines of the UTM grid, labelled in metres at the frame.

    Parameters
    ----------
    axes
        Of the map.
    place
        The land on this sheet.
    sheet
        The layout of the paper.
    language
        Of the numbers.
    """
    west, south, east, north = place.frame
    step = grid_step(place, sheet)
    size = max(5.5, 6.0 * sheet.zoom)
    gap = size * 0.45
    free = 8.0 * sheet.zoom / 1000.0 * place.scale  # half a label: none hangs over a corner
    for number in range(math.ceil(west / step), math.floor(east / step) + 1):
        x = number * step
        axes.axvline(x, color=_GRID_COLOUR, linewidth=0.3 * sheet.zoom, zorder=2.5)
        if min(x - west, east - x) > free:
            _mark(axes, (x, south), (0.0, -gap), text.number(x, language), size)
    for number in range(math.ceil(south / step), math.floor(north / step) + 1):
        y = number * step
        axes.axhline(y, color=_GRID_COLOUR, linewidth=0.3 * sheet.zoom, zorder=2.5)
        if min(y - south, north - y) > free:
            _mark(axes, (west, y), (-gap, 0.0), text.number(y, language), size)
    for spine in axes.spines.values():
        spine.set_linewidth(1.0 * sheet.zoom)
        spine.set_zorder(40.0)


def _mark(
    axes: Any, place: tuple[float, float], offset: tuple[float, float], words: str, size: float
) -> None:
    """Write a label of the grid outside the frame."""
    below = offset[1] < 0.0
    axes.annotate(
        words,
        place,
        xytext=offset,
        textcoords="offset points",
        ha="center" if below else "right",
        va="top" if below else "center",
        rotation=0 if below else 90,
        fontsize=size,
        color="#333333",
        annotation_clip=False,
        parse_math=False,
    )


def draw_furniture(axes: Any, place: MapFrame, sheet: Sheet, labels: Labels) -> None:
    """Draw scale bar and north arrow, and keep words off them.

    Parameters
    ----------
    axes
        Of the map.
    place
        The land on this sheet.
    sheet
        The layout of the paper.
    labels
        Of the map.
    """
    per_mm = place.scale / 1000.0 * place.stretch * sheet.zoom
    west, _, _, north = place.frame
    _draw_bar(axes, place, sheet, labels)
    high = (_NORTH_MM + 6.0) * per_mm
    labels.keep_free((west, north - high, west + 13.0 * per_mm, north))
    _draw_north(axes, (west + 7.0 * per_mm, north - 5.0 * per_mm), per_mm, sheet, labels.language)


def _draw_bar(axes: Any, place: MapFrame, sheet: Sheet, labels: Labels) -> None:
    """Draw a scale bar of a round length, true on the ground, with the scale above it."""
    from matplotlib_scalebar.scalebar import ScaleBar  # noqa: PLC0415  an optional package

    zoom, language = sheet.zoom, labels.language
    length = round_length(_BAR_MM * zoom / 1000.0 * place.scale)
    per_mm = place.scale / 1000.0 * place.stretch
    scale = text.word("print_scale", language, scale=text.number(place.scale, language))

    def written(value: float, unit: str) -> str:
        return f"{text.plain_number(float(value), language)} {unit}"

    axes.add_artist(
        ScaleBar(
            1.0 / place.stretch,
            "m",
            fixed_value=length if length < 1000.0 else length / 1000.0,  # noqa: PLR2004
            fixed_units="m" if length < 1000.0 else "km",  # noqa: PLR2004
            rotation="horizontal-only",
            width_fraction=0.006,
            location="lower left",
            label=scale,
            label_loc="top",
            scale_loc="bottom",
            scale_formatter=written,
            color="black",
            box_color="white",
            box_alpha=0.9,
            pad=0.5,
            border_pad=0.5,
            sep=3.0 * zoom,
            font_properties={"size": 9.0 * zoom, "weight": "bold"},
        )
    )
    west, south, _, _ = place.frame
    wide = length * place.stretch + 16.0 * zoom * per_mm
    labels.keep_free((west, south, west + wide, south + 22.0 * zoom * per_mm))


def _draw_north(
    axes: Any, top: tuple[float, float], per_mm: float, sheet: Sheet, language: str
) -> None:
    """Draw a north arrow: half black, half white, so that a copy keeps its edges."""
    x, y = top
    foot, notch = y - _NORTH_MM * per_mm, y - (_NORTH_MM - 4.0) * per_mm
    half = 4.0 * per_mm
    for side, colour in ((-1.0, "black"), (1.0, "white")):
        corners = [(x, y), (x + side * half, foot), (x, notch)]
        area_patch(
            axes,
            shapely.Polygon(corners),
            facecolor=colour,
            edgecolor="black",
            linewidth=0.8 * sheet.zoom,
            joinstyle="miter",
            zorder=31,
        )
    axes.text(
        x,
        foot + 1.0 * per_mm,
        text.word("north", language),
        ha="center",
        va="top",
        fontsize=12.0 * sheet.zoom,
        fontweight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0 * sheet.zoom},
        parse_math=False,
        zorder=32,
    )


def draw_inset(axes: Any, chart: Chart, frames: list[MapFrame], place: MapFrame) -> None:
    """Draw where the villages and the sheets lie in the land around, with corners in degrees.

    Parameters
    ----------
    axes
        Empty axes of the inset's size.
    chart
        What is printed.
    frames
        Of all sheets; they are numbered when there are several.
    place
        The sheet this inset stands on; its frame is filled.
    """
    from matplotlib.patches import Rectangle  # noqa: PLC0415  an optional package

    figure = axes.get_figure()
    position = axes.get_position()
    inches = figure.get_size_inches()
    wide_pt, high_pt = position.width * inches[0] * 72.0, position.height * inches[1] * 72.0
    size = max(4.5, high_pt / 15.0)
    # The numbers of sheets stay clear of the words above and below them.
    strip_pt = size * _STRIP if len(frames) > 1 else 0.0
    free_pt = high_pt - 2.0 * strip_pt
    west, south, east, north = _inset_box(chart, frames, wide_pt / free_pt)
    strip_m = strip_pt * (north - south) / free_pt
    south, north = south - strip_m, north + strip_m
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_linewidth(0.8)
    _inset_land(axes, chart, (west, south, east, north))
    per_point = (east - west) / wide_pt
    for frame in frames:
        left, bottom, right, top = frame.frame
        here = frame.number == place.number
        axes.add_patch(
            Rectangle(
                (left, bottom),
                right - left,
                top - bottom,
                facecolor="#FFFFFF" if len(frames) == 1 else ("#F2C200" if here else "none"),
                alpha=0.35 if here and len(frames) > 1 else None,
                fill=here and len(frames) > 1,
                edgecolor="black",
                linewidth=1.6 if here else 0.7,
                zorder=10 + here,
            )
        )
        if len(frames) > 1:
            axes.text(
                (left + right) / 2.0,
                (bottom + top) / 2.0,
                str(frame.number),
                ha="center",
                va="center",
                fontsize=min(size * 1.3, 0.6 * (top - bottom) / per_point),
                fontweight="bold" if here else "normal",
                parse_math=False,
                zorder=12,
            )
    _caption(axes, chart, size, several=len(frames) > 1)


def _inset_box(
    chart: Chart, frames: list[MapFrame], shape: float
) -> tuple[float, float, float, float]:
    """Return the land of the inset: all sheets, or one map with the land around it."""
    boxes = np.array([frame.frame for frame in frames])
    villages = chart.villages.total_bounds
    low = np.minimum(boxes[:, :2].min(axis=0), villages[:2])
    high = np.maximum(boxes[:, 2:].max(axis=0), villages[2:])
    # Sheets fill the inset; a single map is shown within the land around it.
    spare = (high - low) * (_INSET_AROUND if len(frames) == 1 else 0.03)
    low, high = low - spare, high + spare
    middle, half = (low + high) / 2.0, (high - low) / 2.0
    half_high = max(half[1], half[0] / shape)
    half_wide = half_high * shape
    x, y = (float(side) for side in middle)
    return x - half_wide, y - half_high, x + half_wide, y + half_high


def _inset_land(axes: Any, chart: Chart, box: tuple[float, float, float, float]) -> None:
    """Draw water, large roads and villages of the inset."""
    basemap = chart.options.basemap
    fine = (box[2] - box[0]) / 400.0
    if basemap is not None and len(basemap.water):
        water = shapely.simplify(np.asarray(basemap.water.geometry.to_crs(chart.crs).array), fine)
        area_patch(axes, water, facecolor="#9CC9E8", edgecolor="none", zorder=1)
    area_patch(
        axes,
        shapely.simplify(
            shapely.union_all(shapely.make_valid(chart.villages.geometry.array)), fine
        ),
        facecolor="#C8C8C8",
        edgecolor=style.VILLAGE.colour,
        linewidth=0.8,
        zorder=2,
    )
    roads = chart.roads[chart.roads["road_class"].isin(_INSET_ROADS)]
    draw_lines(axes, roads.geometry.array, colour="#555555", width=0.5, zorder=3.0)


def _caption(axes: Any, chart: Chart, size: float, *, several: bool) -> None:
    """Write what the inset shows, and latitude and longitude of the middle of the villages."""
    west, south, east, north = chart.villages.total_bounds
    longitude, latitude = transformer(chart.crs, GEOGRAPHIC).transform(
        (west + east) / 2.0, (south + north) / 2.0
    )
    words = text.word(
        "print_degrees",
        chart.language,
        latitude=text.number(abs(latitude), chart.language, 3),
        longitude=text.number(abs(longitude), chart.language, 3),
        ns=text.word("print_north" if latitude >= 0 else "print_south", chart.language),
        ew=text.word("print_east" if longitude >= 0 else "print_west", chart.language),
    )
    caption = text.word("print_sheets" if several else "print_inset", chart.language)
    for up, said in ((0.0, words), (1.0, caption)):
        axes.annotate(
            said,
            (0.5, up),
            xycoords="axes fraction",
            xytext=(0.0, 1.5 - 3.0 * up),
            textcoords="offset points",
            ha="center",
            va="top" if up else "bottom",
            fontsize=size,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.6},
            parse_math=False,
            zorder=13,
        )


def qr_modules(address: str) -> NDArray[np.bool_]:
    """Return the modules of a QR code, dark ones true, without its quiet zone.

    Parameters
    ----------
    address
        What it says.

    Raises
    ------
    DependencyError
        Segno is not installed.
    """
    try:
        import segno  # noqa: PLC0415  an optional package
    except ImportError as error:
        raise DependencyError(
            Problem(
                found=Message("an installation without {package}", package="segno"),
                expected=Message("{package}, which draws QR codes", package="segno"),
                remedy=Message("pip install 'resilience-geo[print]'"),
            )
        ) from error
    rows = segno.make(address, error="m", micro=False).matrix
    return np.array([[bool(module) for module in row] for row in rows])


def draw_qr(axes: Any, left: float, top: float, side: float, address: str) -> None:
    """Draw a QR code with its quiet zone, in the units of axes that count downwards.

    Parameters
    ----------
    axes
        Of a column.
    left, top, side
        Place and size, the quiet zone included.
    address
        What it says.
    """
    from matplotlib.patches import PathPatch  # noqa: PLC0415  an optional package
    from matplotlib.path import Path as Outline  # noqa: PLC0415

    modules = qr_modules(address)
    each = side / (len(modules) + 2 * _QUIET)
    # Neighbours in a row are one box, so that no hairline runs between them.
    edges = np.diff(np.pad(modules.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    boxes = np.stack(
        [
            np.column_stack([starts, rows]),
            np.column_stack([ends, rows]),
            np.column_stack([ends, rows + 1]),
            np.column_stack([starts, rows + 1]),
            np.column_stack([starts, rows]),
        ],
        axis=1,
    )
    corners = (boxes.reshape(-1, 2) + _QUIET) * each + np.array([left, top])
    codes = [Outline.MOVETO, *[Outline.LINETO] * 3, Outline.CLOSEPOLY] * len(boxes)
    axes.add_artist(PathPatch(Outline(corners, codes), facecolor="black", edgecolor="none"))
