"""Shapes on a printed map: many lines or areas as one path, so that a sheet is small and quick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

_POINTS_PER_MM = 72.0 / 25.4
_MM_PER_INCH = 25.4
_POLYGON = 3  # of shapely.GeometryType
_GRID_POINTS = 0.05
_SHORTER_MM = 0.035
"""Bends of a line smaller than this are left out: finer than a printer's dots."""


def units_per_mm(axes: Any) -> float:
    """Return how many units of the axes a millimetre of paper covers."""
    figure = axes.get_figure()
    wide_mm = float(axes.get_position().width * figure.get_size_inches()[0] * _MM_PER_INCH)
    west, east = axes.get_xlim()
    return float(abs(east - west)) / wide_mm


def on_paper_grid(axes: Any, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points of a map moved by less than 0.01 mm, so that a PDF writes them in few digits.

    Parameters
    ----------
    axes
        Of the map, equally scaled on both sides.
    points
        Shape (n, 2), in the units of the axes.
    """
    step = _GRID_POINTS / _POINTS_PER_MM * units_per_mm(axes)
    corner = np.array([axes.get_xlim()[0], axes.get_ylim()[0]])
    moved: NDArray[np.float64] = corner + np.round((points - corner) / step) * step
    return moved


def area_patch(axes: Any, area: Any, **look: Any) -> Any:
    """Draw polygons, holes left out, as one shape, and return it; None where there are none.

    Parameters
    ----------
    axes
        In the units of the area.
    area
        Polygons, in any nesting.
    **look
        As of `matplotlib.patches.PathPatch`.
    """
    from matplotlib.patches import PathPatch  # noqa: PLC0415  an optional package
    from matplotlib.path import Path as Outline  # noqa: PLC0415

    parts = shapely.get_parts(np.atleast_1d(np.asarray(area, dtype=object)))
    parts = shapely.get_parts(parts)  # parts of a collection may have parts of their own
    # One direction for shells and the other for holes: both rules of filling agree then.
    rings = shapely.get_rings(
        shapely.orient_polygons(parts[shapely.get_type_id(parts) == _POLYGON])
    )
    if not len(rings):
        return None
    points, ring_of = shapely.get_coordinates(rings, return_index=True)
    codes = np.full(len(points), Outline.LINETO, dtype=np.uint8)
    first = np.flatnonzero(np.diff(ring_of, prepend=-1))
    codes[first] = Outline.MOVETO
    codes[np.append(first[1:], len(points)) - 1] = Outline.CLOSEPOLY
    patch = PathPatch(Outline(on_paper_grid(axes, points), codes), **look)
    axes.add_artist(patch)  # not add_patch: it would measure every point for the limits
    return patch


def near(shapes: gpd.GeoSeries | gpd.GeoDataFrame, axes: Any) -> Any:
    """Return the rows whose shapes may be seen in the frame."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    bounds = shapely.bounds(np.asarray(shapes.geometry.array))
    seen = (
        (bounds[:, 0] <= east)
        & (bounds[:, 2] >= west)
        & (bounds[:, 1] <= north)
        & (bounds[:, 3] >= south)
    )
    return shapes[seen]


def draw_lines(
    axes: Any,
    lines: Any,
    *,
    colour: str,
    width: float,
    dash: tuple[float, ...] = (),
    zorder: float,
) -> None:
    """Draw lines as one path.

    Parameters
    ----------
    axes
        Of the map.
    lines
        Lines in metres; an array of shapely geometries.
    colour
        Of the lines.
    width
        In points.
    dash
        Lengths of dash and gap as shares of the width; empty for solid lines.
    zorder
        As of matplotlib.
    """
    from matplotlib.patches import PathPatch  # noqa: PLC0415  an optional package
    from matplotlib.path import Path as Outline  # noqa: PLC0415

    parts = shapely.get_parts(np.asarray(lines, dtype=object))
    parts = shapely.get_parts(parts)
    if not len(parts):
        return
    if dash or len(parts) > 1:
        # One dash after the other along a whole road, and fewer points to write.
        parts = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(parts)))
    parts = shapely.simplify(parts, _SHORTER_MM * units_per_mm(axes), preserve_topology=False)
    points, part_of = shapely.get_coordinates(parts, return_index=True)
    codes = np.full(len(points), Outline.LINETO, dtype=np.uint8)
    codes[np.flatnonzero(np.diff(part_of, prepend=-1))] = Outline.MOVETO
    axes.add_artist(
        PathPatch(
            Outline(on_paper_grid(axes, points), codes),
            facecolor="none",
            edgecolor=colour,
            linewidth=width,
            linestyle=(0.0, dash) if dash else "solid",
            capstyle="butt" if dash else "round",
            joinstyle="round",
            zorder=zorder,
        )
    )


def once(lines: Any) -> NDArray[Any]:
    """Return lines with every stretch that several of them share drawn once.

    Parameters
    ----------
    lines
        An array of shapely lines.
    """
    points, part_of = shapely.get_coordinates(
        shapely.get_parts(np.asarray(lines, dtype=object)), return_index=True
    )
    if len(points) < 2:  # noqa: PLR2004  a line has two ends
        return np.empty(0, dtype=object)
    points = np.round(points, 2)
    inner = part_of[1:] == part_of[:-1]
    pairs = np.hstack([points[:-1], points[1:]])[inner]
    turned = (pairs[:, 0] > pairs[:, 2]) | (
        (pairs[:, 0] == pairs[:, 2]) & (pairs[:, 1] > pairs[:, 3])
    )
    pairs[turned] = pairs[turned][:, [2, 3, 0, 1]]
    pairs = np.unique(pairs, axis=0)
    moved = (pairs[:, :2] != pairs[:, 2:]).any(axis=1)
    found: NDArray[Any] = np.asarray(shapely.linestrings(pairs[moved].reshape(-1, 2, 2)))
    return found
