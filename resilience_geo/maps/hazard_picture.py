"""The hazard of a plan as one small picture of classes, for screen and paper.

The picture covers the whole plan, so that land outside the hazard layer shows as unknown. Where
cells must be merged, the worst known class of a block wins, then unknown, then none: no hazard
vanishes because a map is small. Of several hazards the gravest class of a place is shown.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import rasterio.features
import rasterio.warp
import shapely
from affine import Affine
from rasterio.enums import Resampling

from resilience_geo.crs import GEOGRAPHIC
from resilience_geo.hazard_classes import HIGH, LOW, MEDIUM, NONE, UNKNOWN
from resilience_geo.inputs.hazard_map import graver_class
from resilience_geo.maps import style

if TYPE_CHECKING:
    from numpy.typing import NDArray

GREY_STEP = 50
"""What a class number is multiplied by in the grey picture of classes."""
WEB_MERCATOR = pyproj.CRS.from_epsg(3857)
LARGEST_SIDE = 2000
_LARGEST_SOURCE_SIDE = 1400  # so that every merged cell covers more than one pixel of the picture
_FINEST_PIXEL_M = 2.0
_FILTER_UP = 2  # of the PNG standard: squares of cells become lines of zeros
_PIXELS_FOR_HATCH, _PIXELS_FOR_EDGES = 8.0, 4.0  # to a side of a cell
_HATCH_PERIOD, _HATCH_WIDTH = 18, 5  # pixels

_CLASS_OF_RANK = np.array([NONE, UNKNOWN, LOW, MEDIUM, HIGH], dtype=np.uint8)
_RANK_OF_CLASS = np.argsort(_CLASS_OF_RANK).astype(np.uint8)


@dataclass(frozen=True, kw_only=True)
class HazardPicture:
    """Hazard classes on a north-up grid.

    Parameters
    ----------
    classes
        Class numbers, the first row in the north.
    bounds
        West, south, east, north in `crs`.
    crs
        Of the bounds.
    """

    classes: NDArray[np.uint8]
    bounds: tuple[float, float, float, float]
    crs: pyproj.CRS

    @property
    def present(self) -> tuple[int, ...]:
        """Classes that occur, in their order."""
        return tuple(int(value) for value in np.unique(self.classes))

    def geographic_bounds(self) -> tuple[float, float, float, float]:
        """Return west, south, east and north in degrees."""
        return _box_in(self.bounds, self.crs, GEOGRAPHIC)

    def pixels(self) -> NDArray[np.uint8]:
        """Return palette numbers: classes, with `UNKNOWN + 1` where a hatch line runs."""
        height, width = self.classes.shape
        diagonal = np.arange(height)[:, None] + np.arange(width)
        hatched = (diagonal % _HATCH_PERIOD < _HATCH_WIDTH) & (self.classes == UNKNOWN)
        return np.where(hatched, np.uint8(UNKNOWN + 1), self.classes)

    def rgba(self) -> NDArray[np.uint8]:
        """Return the picture as red, green, blue and opacity, shape (rows, columns, 4)."""
        return np.array(_palette(), dtype=np.uint8)[self.pixels()]

    def classes_uri(self) -> str:
        """Return the classes as a grey PNG inside a data URI: a pixel is 50 x its class."""
        return "data:image/png;base64," + base64.b64encode(
            grey_png(self.classes * np.uint8(GREY_STEP))
        ).decode("ascii")

    def data_uri(self) -> str:
        """Return the picture as a PNG inside a data URI."""
        return "data:image/png;base64," + base64.b64encode(
            palette_png(self.pixels(), _palette())
        ).decode("ascii")


def _palette() -> list[tuple[int, int, int, int]]:
    """Return red, green, blue and opacity of every palette number."""
    opacity = round(255 * style.HAZARD_OPACITY)
    known = [(*style.rgb(style.HAZARD_COLOURS[value]), opacity) for value in (LOW, MEDIUM, HIGH)]
    return [
        (255, 255, 255, 0),
        *known,
        (*style.rgb(style.UNKNOWN_COLOUR), opacity),
        (*style.rgb(style.UNKNOWN_HATCH_COLOUR), opacity),
    ]


def palette_png(pixels: NDArray[np.uint8], palette: list[tuple[int, int, int, int]]) -> bytes:
    """Return a PNG of palette numbers; the same pixels give the same bytes."""
    colours = b"".join(bytes(colour[:3]) for colour in palette)
    opacities = bytes(colour[3] for colour in palette)
    return _png(pixels, 3, ((b"PLTE", colours), (b"tRNS", opacities)))


def grey_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return a PNG of grey values; the same pixels give the same bytes."""
    return _png(pixels, 0, ())


def _png(
    pixels: NDArray[np.uint8], colour_type: int, chunks: tuple[tuple[bytes, bytes], ...]
) -> bytes:
    """Return a PNG of one byte per pixel, each line as its difference from the one above."""
    height, width = pixels.shape
    lines = np.full((height, width + 1), _FILTER_UP, dtype=np.uint8)
    lines[:, 1:] = np.diff(pixels, axis=0, prepend=np.uint8(0))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)),
        *chunks,
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def hazard_picture(
    hazard: Any,
    bounds: tuple[float, float, float, float],
    crs: pyproj.CRS,
    *,
    hatched: bool = True,
) -> HazardPicture:
    """Draw the hazard of an area.

    Parameters
    ----------
    hazard
        A `Hazard`: a grid with `classes(rows, columns)`, polygons, or several hazards.
    bounds
        West, south, east, north in degrees: the area of the plan.
    crs
        CRS of the picture: web Mercator for the screen, a metric one for paper.
    hatched
        Whether pixels must be fine enough for a hatch inside a cell; else a quarter of a cell is,
        which leaves its edges where they are.
    """
    area = _box_in(bounds, GEOGRAPHIC, crs)
    maps = (hazard,) if hazard.grid is not None else hazard.maps
    sources = [None if one.grid is None else _merged_ranks(one, bounds) for one in maps]
    parts = _PIXELS_FOR_HATCH if hatched else _PIXELS_FOR_EDGES
    cell = min(
        _FINEST_PIXEL_M if source is None else _pixel_size(source, one.grid.crs, crs, parts)
        for one, source in zip(maps, sources, strict=True)
    )
    transform, shape = _pixel_grid(area, cell)
    classes = np.full(shape, NONE, dtype=np.uint8)
    for one, source in zip(maps, sources, strict=True):
        ranks = (
            _burnt(one, area, crs, transform, shape)
            if source is None
            else _moved(source, one.grid.crs, crs, transform, shape)
        )
        classes = graver_class(classes, _CLASS_OF_RANK[ranks])
    return HazardPicture(classes=classes, bounds=area, crs=crs)


def _box_in(
    box: tuple[float, float, float, float], source: pyproj.CRS, target: pyproj.CRS
) -> tuple[float, float, float, float]:
    """Return the box around a box (west, south, east, north) in another CRS."""
    if source == target:
        return box
    west, south, east, north = rasterio.warp.transform_bounds(source, target, *box)
    return west, south, east, north


def _pixel_grid(
    area: tuple[float, float, float, float], cell: float
) -> tuple[Affine, tuple[int, int]]:
    """Return transform and shape of a picture of `area` with pixels of about `cell`."""
    west, south, east, north = area
    size = max(cell, max(east - west, north - south) / LARGEST_SIDE)
    columns = max(1, math.ceil((east - west) / size - 1e-9))
    rows = max(1, math.ceil((north - south) / size - 1e-9))
    return Affine((east - west) / columns, 0, west, 0, (south - north) / rows, north), (
        rows,
        columns,
    )


def _burnt(
    hazard: Any,
    area: tuple[float, float, float, float],
    crs: pyproj.CRS,
    transform: Affine,
    shape: tuple[int, int],
) -> NDArray[np.uint8]:
    """Burn polygons, the worst class last; a pixel an edge touches counts as inside."""
    polygons = hazard.polygons.to_crs(crs)
    ranks = np.full(shape, _RANK_OF_CLASS[UNKNOWN], dtype=np.uint8)
    if hazard.nodata_means == "none":  # between the polygons; beyond them nothing is known
        mapped = shapely.box(*polygons.total_bounds)
        rasterio.features.rasterize(
            [(mapped, int(_RANK_OF_CLASS[NONE]))], out=ranks, transform=transform
        )
    west, south, east, north = area
    polygons = polygons.cx[west:east, south:north]
    for rank, hazard_class in enumerate(_CLASS_OF_RANK):
        shapes = polygons.geometry[polygons["hazard_class"] == hazard_class]
        shapes = shapes[~shapes.is_empty]
        if len(shapes):
            rasterio.features.rasterize(
                ((shape_, rank) for shape_ in shapes),
                out=ranks,
                transform=transform,
                all_touched=hazard_class != NONE,
            )
    return ranks


def _pixel_size(
    source: tuple[NDArray[np.uint8], Affine],
    source_crs: pyproj.CRS,
    crs: pyproj.CRS,
    parts: float,
) -> float:
    """Return the size of pixels of which so many make up the side of a cell."""
    ranks, transform = source
    if not ranks.size:
        return _FINEST_PIXEL_M
    height, width = ranks.shape
    left, top = transform.c, transform.f
    right, bottom = left + width * transform.a, top + height * transform.e
    moved_left, _, moved_right, _ = _box_in((left, bottom, right, top), source_crs, crs)
    return float(max((moved_right - moved_left) / width / parts, _FINEST_PIXEL_M))


def _moved(
    source: tuple[NDArray[np.uint8], Affine],
    source_crs: pyproj.CRS,
    crs: pyproj.CRS,
    transform: Affine,
    shape: tuple[int, int],
) -> NDArray[np.uint8]:
    """Move ranks of cells to the pixels of the picture; unknown beyond them."""
    ranks, source_transform = source
    unknown = int(_RANK_OF_CLASS[UNKNOWN])
    drawn = np.full(shape, unknown, dtype=np.uint8)
    if ranks.size:
        rasterio.warp.reproject(
            ranks,
            drawn,
            src_transform=source_transform,
            src_crs=source_crs,
            src_nodata=255,
            dst_transform=transform,
            dst_crs=crs,
            dst_nodata=unknown,
            resampling=Resampling.nearest,
        )
    return drawn


def _merged_ranks(
    hazard: Any, bounds: tuple[float, float, float, float]
) -> tuple[NDArray[np.uint8], Affine]:
    """Return ranks of the grid's cells in an area, the worst of each block, and their transform."""
    grid = hazard.grid
    west, south, east, north = _box_in(bounds, GEOGRAPHIC, grid.crs)
    corner = grid.transform  # north-up: a and e are the cell's width and height
    top = max(0, math.floor((north - corner.f) / corner.e) - 1)
    bottom = min(grid.shape[0], math.ceil((south - corner.f) / corner.e) + 1)
    left = max(0, math.floor((west - corner.c) / corner.a) - 1)
    right = min(grid.shape[1], math.ceil((east - corner.c) / corner.a) + 1)
    if top >= bottom or left >= right:
        return np.empty((0, 0), dtype=np.uint8), grid.transform
    block = max(1, math.ceil(max(bottom - top, right - left) / _LARGEST_SOURCE_SIDE))
    strip = block * max(1, 2_000_000 // max(1, block * (right - left)))
    merged = []
    for start in range(top, bottom, strip):
        classes = hazard.classes(slice(start, min(start + strip, bottom)), slice(left, right))
        merged.append(_worst_of_blocks(_RANK_OF_CLASS[classes], block))
    transform = Affine(
        corner.a * block,
        0.0,
        corner.c + left * corner.a,
        0.0,
        corner.e * block,
        corner.f + top * corner.e,
    )
    return np.vstack(merged), transform


def _worst_of_blocks(ranks: NDArray[np.uint8], block: int) -> NDArray[np.uint8]:
    """Return the highest rank of every block of `block` x `block` cells."""
    rows, columns = (math.ceil(length / block) for length in ranks.shape)
    padded = np.zeros((rows * block, columns * block), dtype=np.uint8)
    padded[: ranks.shape[0], : ranks.shape[1]] = ranks
    worst: NDArray[np.uint8] = padded.reshape(rows, block, columns, block).max(axis=(1, 3))
    return worst
