"""A hazard map as a value: a raster, polygons or several hazards, classified on demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from resilience_geo.crs import transformer
from resilience_geo.errors import InputError, Message, Problem, UnitError
from resilience_geo.hazard_classes import (
    HIGH,
    LOW,
    MEDIUM,
    NONE,
    UNKNOWN,
    classify,
    classify_codes,
)
from resilience_geo.inputs.features import polygonal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.inputs.grids import Grid

# Where polygons overlap the first of these wins: higher over lower, and unknown over none only.
_STRENGTH = (HIGH, MEDIUM, LOW, UNKNOWN, NONE)

CLASS_GRAVITY = np.array([0, 1, 3, 4, 2], dtype=np.uint8)
"""How grave each class is where two meet: none, low, unknown, medium, high.

Known danger counts whatever else is unknown; the unknown is never a kind of none or low.
"""
CLASS_OF_GRAVITY = np.argsort(CLASS_GRAVITY).astype(np.uint8)
_GRAVER = CLASS_OF_GRAVITY[np.maximum.outer(CLASS_GRAVITY, CLASS_GRAVITY)]


def graver_class(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the graver of two classes, place by place.

    Examples
    --------
    >>> graver_class(np.uint8([0, 1, 2, 3, 4]), np.uint8([4, 4, 4, 4, 4])).tolist()
    [4, 4, 2, 3, 4]
    """
    graver: NDArray[np.uint8] = _GRAVER[one, other]
    return graver


@dataclass(frozen=True, kw_only=True, eq=False)
class Hazard:
    """A hazard map, classified on demand.

    Parameters
    ----------
    kind
        "flood", "landslide", "tsunami" or "generic".
    unit
        "m" (also of a map in centimetres), "index" or "class".
    grid, polygons
        The map: one of the two. `polygons` has one row per class, `hazard_class` (0..4) and
        `geometry`, without overlaps. Hazards together have a grid where the cells of all of them
        are the same; it has a place, but no values of its own.
    parts
        The hazards that count together, from `combine_hazards`; empty for a single map.
    cuts
        Lower bounds of low, medium and high in `unit`; None for a map of classes.
    code_classes
        Code of the raster to hazard class; None for a measured map.
    scale
        Raw value x scale = value in `unit`.
    nodata_means
        What a cell without data inside the raster is: "unknown" or "none". Outside is always
        unknown.
    cuts_source
        Where the cut points come from.
    source
        File, or files.
    notes
        What was assumed when it was read.
    """

    kind: str
    unit: str
    grid: Grid | None = None
    polygons: gpd.GeoDataFrame | None = None
    cuts: tuple[float, float, float] | None = None
    code_classes: Mapping[int, int] | None = None
    scale: float = 1.0
    nodata_means: str = "unknown"
    cuts_source: str = ""
    source: str = ""
    notes: tuple[Message, ...] = ()
    parts: tuple[Hazard, ...] = ()

    @property
    def maps(self) -> tuple[Hazard, ...]:
        """The single maps: the parts of hazards together, or this one alone."""
        return self.parts or (self,)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of all maps, each once, in the order in which they were given."""
        return tuple(dict.fromkeys(part.kind for part in self.maps))

    @property
    def crs(self) -> pyproj.CRS:
        """CRS of the map; of hazards together that of the first, unless all share a grid."""
        if self.grid is None and self.parts:
            return self.parts[0].crs
        crs: pyproj.CRS = self.grid.crs if self.grid is not None else self._table.crs
        return crs

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north of the map in its CRS; around all hazards together."""
        if self.grid is not None:
            return self.grid.bounds
        if self.parts:
            boxes = np.array(
                [
                    transformer(part.crs, self.crs).transform_bounds(*part.bounds)
                    for part in self.parts
                ]
            )
            west, south = (float(value) for value in boxes[:, :2].min(axis=0))
            east, north = (float(value) for value in boxes[:, 2:].max(axis=0))
            return west, south, east, north
        west, south, east, north = (float(value) for value in self._table.total_bounds)
        return west, south, east, north

    @property
    def _table(self) -> Any:
        """The polygons; a hazard without a grid has them."""
        if self.polygons is None:
            raise InputError(
                Problem(
                    found=Message("a hazard without raster and without polygons"),
                    expected=Message("one of the two"),
                    remedy=Message("make it with read_hazard"),
                )
            )
        return self.polygons

    @property
    def _raster(self) -> Grid:
        """The grid; only raster hazards have windows."""
        if self.grid is None:
            raise InputError(
                Problem(
                    found=Message("a hazard of polygons"),
                    expected=Message("a raster, which has rows and columns"),
                    remedy=Message("use its polygons"),
                )
            )
        return self.grid

    def classes(self, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """Return the class numbers (0..4) of a window inside the raster.

        Of hazards together it is the gravest class of each cell, see `CLASS_GRAVITY`.
        """
        if self.parts:
            gravest = np.full(_window_shape(self._raster, rows, columns), NONE, dtype=np.uint8)
            for part in self.parts:
                gravest = graver_class(gravest, self._part_classes(part, rows, columns))
            return gravest
        values, valid = self._raster.read(rows, columns)
        if self.cuts is not None:
            found = classify(values, valid, raw_cuts(self.cuts, self.scale))
        else:
            found = classify_codes(values, valid, self.code_classes or {})
        if self.nodata_means == "none":
            found[~valid] = NONE
        return found

    def depths_m(self, rows: slice, columns: slice) -> NDArray[np.floating[Any]]:
        """Return depths in metres of a window inside the raster; NaN where unknown.

        Raises
        ------
        UnitError
            The map holds no depths of its own.
        """
        if self.unit != "m" or self.parts:
            found = Message("a map of unit {unit}", unit=self.unit)
            raise UnitError(
                Problem(
                    found=Message("several hazards together") if self.parts else found,
                    expected=Message("a map of depths in metres"),
                    remedy=Message("use the classes of this map"),
                )
            )
        values, valid = self._raster.read(rows, columns)
        wide = values.dtype if np.issubdtype(values.dtype, np.floating) else np.dtype(np.float64)
        depths = values.astype(wide)
        if self.scale != 1.0:
            depths = depths / wide.type(round(1.0 / self.scale, 9))
        depths[~valid] = 0.0 if self.nodata_means == "none" else np.nan
        return depths

    def _part_classes(self, part: Hazard, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """Return the classes of one part in a window of the common grid; unknown beyond it."""
        own, other = self._raster, part._raster
        top, bottom, _ = rows.indices(own.shape[0])
        left, right, _ = columns.indices(own.shape[1])
        down, across = cell_offset(own, other)
        found = np.full(_window_shape(own, rows, columns), UNKNOWN, dtype=np.uint8)
        first_row, last_row = max(top + down, 0), min(bottom + down, other.shape[0])
        first_column, last_column = max(left + across, 0), min(right + across, other.shape[1])
        if first_row < last_row and first_column < last_column:
            found[
                first_row - top - down : last_row - top - down,
                first_column - left - across : last_column - left - across,
            ] = part.classes(slice(first_row, last_row), slice(first_column, last_column))
        return found


def _window_shape(grid: Grid, rows: slice, columns: slice) -> tuple[int, int]:
    """Return how many rows and columns a window of a grid has."""
    top, bottom, _ = rows.indices(grid.shape[0])
    left, right, _ = columns.indices(grid.shape[1])
    return max(bottom - top, 0), max(right - left, 0)


def cell_offset(grid: Grid, other: Grid) -> tuple[int, int]:
    """Return row and column, in another grid of the same cells, of the first cell of a grid."""
    own, theirs = grid.transform, other.transform
    return round((own.f - theirs.f) / theirs.e), round((own.c - theirs.c) / theirs.a)


def raw_cuts(cuts: tuple[float, float, float], scale: float) -> tuple[float, float, float]:
    """Return cut points in the unit of the raw values, without the noise of the division."""
    if scale == 1.0:
        return cuts
    low, medium, high = (round(cut / scale, 9) for cut in cuts)
    return low, medium, high


def one_area_per_class(
    geometries: NDArray[Any], classes: NDArray[np.uint8], *, crs: Any, rest_is_none: bool
) -> gpd.GeoDataFrame:
    """Dissolve features to one area per class; where they overlap, the higher class holds.

    Parameters
    ----------
    geometries
        Valid polygons.
    classes
        Class of each.
    crs
        Their CRS.
    rest_is_none
        Whether the box around all features, outside of them, is of class none.

    Returns
    -------
    GeoDataFrame
        Columns `hazard_class` (0..4, rising) and `geometry`; areas do not overlap.
    """
    areas: dict[int, Any] = {}
    for hazard_class in _STRENGTH:
        chosen = geometries[classes == hazard_class]
        if chosen.size:
            areas[hazard_class] = _dissolved(chosen)
    if rest_is_none:
        areas[NONE] = shapely.box(*shapely.total_bounds(geometries))
    covered = shapely.Polygon()
    for hazard_class in [one for one in _STRENGTH if one in areas]:
        area = areas[hazard_class]
        areas[hazard_class] = shapely.difference(area, covered)
        if hazard_class != NONE:
            covered = shapely.union(covered, area)
    kept = {
        hazard_class: polygonal(np.array([area], dtype=object))[0]
        for hazard_class, area in sorted(areas.items())
    }
    kept = {hazard_class: area for hazard_class, area in kept.items() if not area.is_empty}
    return gpd.GeoDataFrame(
        {"hazard_class": np.array(list(kept), dtype=np.uint8)},
        geometry=list(kept.values()),
        crs=crs,
    )


def _dissolved(geometries: NDArray[Any]) -> Any:
    """Return the union; GEOS 3.12 joins the pieces that touch, which is faster for many."""
    if shapely.geos_version >= (3, 12) and hasattr(shapely, "disjoint_subset_union_all"):
        return shapely.disjoint_subset_union_all(geometries)
    return shapely.union_all(geometries)
