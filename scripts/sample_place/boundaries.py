"""The borders: dusun as the land nearest to each, desa as the dusun joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import rasterio.features
import shapely
from scipy import ndimage
from scipy.sparse.csgraph import dijkstra

from sample_place.frame import (
    CELL_M,
    LONLAT,
    TRANSFORM,
    away,
    fractal,
    km,
    largest_part,
    local_cells,
    lonlat,
)
from sample_place.network import RIVER_BARRIER
from sample_place.places import DESA, DISTRICT_CODE, DUSUN, KABUPATEN, KECAMATAN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sample_place.network import Network

OUTSIDE, LOOSE = -1, -2  # labels of cells without a dusun


def make_dusun(network: Network) -> gpd.GeoDataFrame:
    """Draw the dusun as polygons that share their borders vertex by vertex.

    Parameters
    ----------
    network
        Every road; borders follow what is near by land.

    Returns
    -------
    geopandas.GeoDataFrame
        Codes, names and polygons (EPSG:4326).
    """
    inside = kecamatan_cells(network.rng)
    label = whole_dusun(np.where(inside, nearest_dusun(network), OUTSIDE), inside)
    tiles = shapely.coverage_simplify(outlines(label, inside), 42.0)
    table = {
        "village_code": [f"{DISTRICT_CODE}.{dusun.desa}.{dusun.number}" for dusun in DUSUN],
        "village_name": [f"Dusun {dusun.name}" for dusun in DUSUN],
        "desa_code": [f"{DISTRICT_CODE}.{dusun.desa}" for dusun in DUSUN],
    }
    return gpd.GeoDataFrame(table, geometry=shapely.transform(tiles, lonlat), crs=LONLAT)


def make_desa(dusun: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Join the dusun of each desa into its polygon.

    Parameters
    ----------
    dusun
        As `make_dusun` makes them.

    Returns
    -------
    geopandas.GeoDataFrame
        Codes, names and polygons (EPSG:4326).
    """
    codes = [f"{DISTRICT_CODE}.{code}" for code in DESA]
    shapes = [
        shapely.coverage_union_all(dusun.geometry[dusun.desa_code == code].to_numpy())
        for code in codes
    ]
    table = {
        "village_code": codes,
        "village_name": list(DESA.values()),
        "kecamatan": KECAMATAN,
        "kabupaten": KABUPATEN,
    }
    return gpd.GeoDataFrame(table, geometry=shapes, crs=LONLAT)


def kecamatan_cells(rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which cells of the 30 m grid belong to the kecamatan."""
    x, y = local_cells()
    shape = (np.abs(x - 6.05) / 6.3) ** 6 + (np.abs(y - 4.95) / 5.0) ** 6
    shape += 0.26 * fractal(rng, (36.0, 18.0, 9.0, 4.0))
    return largest_part(shape < 0.85)


def nearest_dusun(network: Network) -> NDArray[np.intp]:
    """Give each 30 m cell the dusun (position in DUSUN) nearest by land: rivers divide."""
    places = km([(dusun.x_km, dusun.y_km) for dusun in DUSUN])
    seeds = np.array([np.argmin(away(network.xy, place)) for place in places])
    barrier = np.where(network.barrier >= RIVER_BARRIER, 42.0, 0.0)
    graph = network.graph(slope_weight=0.25, reuse=1.0, rough=3.0, barrier=barrier)
    _, _, sources = dijkstra(
        graph, directed=False, indices=seeds, return_predecessors=True, min_only=True
    )
    coarse = np.searchsorted(np.sort(seeds), sources)
    label = np.argsort(seeds)[coarse].reshape(network.rows, network.cols)
    fine = np.kron(label, np.ones((2, 2), int))
    votes = [ndimage.gaussian_filter((fine == k).astype(float), 2.5) for k in range(len(DUSUN))]
    return np.asarray(np.argmax(votes, 0))


def whole_dusun(label: NDArray[np.intp], inside: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Leave each dusun in one piece; what is cut off from it goes to a neighbour."""
    for k in range(len(DUSUN)):
        mine = label == k
        label[mine & ~largest_part(mine)] = LOOSE
    near = ndimage.distance_transform_edt(label < 0, return_distances=False, return_indices=True)
    return np.where(inside, label[tuple(near)], OUTSIDE)


def outlines(label: NDArray[np.intp], inside: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Outline each dusun along the cells, with a vertex at every corner of a cell."""
    found = rasterio.features.shapes(label.astype("int16"), mask=inside, transform=TRANSFORM)
    pieces: dict[int, list[shapely.Geometry]] = {}
    for shape, value in found:
        pieces.setdefault(int(value), []).append(shapely.geometry.shape(shape))
    return np.array([shapely.unary_union(pieces[k]).segmentize(CELL_M) for k in range(len(DUSUN))])
