"""A hazard map as a value: a raster or polygons, classified on demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

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
        `geometry`, without overlaps.
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

    @property
    def crs(self) -> pyproj.CRS:
        """CRS of the map."""
        crs: pyproj.CRS = self.grid.crs if self.grid is not None else self._table.crs
        return crs

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north of the map in its CRS."""
        if self.grid is not None:
            return self.grid.bounds
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
        """Return the class numbers (0..4) of a window inside the raster."""
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
            The map holds no depths.
        """
        if self.unit != "m":
            raise UnitError(
                Problem(
                    found=Message("a map of unit {unit}", unit=self.unit),
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
