"""Peer: Jakarta tables written straight on exactextract, Shapely and SciPy.

What a good engineer would write in a day for this one data set: no checks of inputs, no choice of
units, no maps. It makes the exposure of kelurahan and RW, the state of every road on foot, and
the nearest usable shelter of every RW for an early and a late departure.

Method
------
- Exposure: exact cell shares (exactextract) and exact ellipsoidal cell areas.
- Roads: every segment is cut where it crosses the raster grid, so no cell is missed; consecutive
  pieces of one state form a stretch, and stretches are the edges of the network.
- Origins (a representative point of each RW) and shelters enter at the nearest point on a
  walkable road, however far; the straight walk to it counts, unweighted.
- Early: slowed stretches take 1.5 and closed or unknown ones 3 times as long. Late: closed
  stretches are gone, the other weights stay. `travel_time_s` holds the weighted time.

Run it with ``python benchmarks/peers/exactextract_scipy.py``; the data folder comes from the
environment variable ``RESILIENCE_GEO_REAL_DATA`` or is ``../shared/data``.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from exactextract import exact_extract
from exactextract.feature import FeatureSource, JSONFeature
from exactextract.raster import NumPyRasterSource
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CLASSES = ("none", "low", "medium", "high", "unknown")
CLASS_CUTS_M = (0.1, 0.76, 1.5)
STATES = ("open", "slowed", "closed", "unknown")
CLOSED, UNKNOWN = 2, 3
STATE_CUTS_M = (0.1, 0.5)
TIME_FACTOR = np.array([1.0, 1.5, 3.0, 3.0])
WALKING_SPEED_MPS = 1.1
PEOPLE_PER_HA = 0.1  # the population raster holds persons per 10 hectares
NOT_WALKABLE = ("motorway", "motorway_link")
METRIC_CRS = "EPSG:32748"
NO_PREDECESSOR = -9999
TOUCH_M = 1e-6  # a snap this close to a vertex is at the vertex


class Stretches(NamedTuple):
    """Pieces of road segments with one state each."""

    line: Ints
    start: Ints
    end: Ints
    start_xy: Floats
    end_xy: Floats
    length_m: Floats
    state: Ints
    node_count: int


class Snaps(NamedTuple):
    """Points with their entry into the network."""

    stretch: Ints
    fraction: Floats
    walk_m: Floats


class Edges(NamedTuple):
    """Undirected edges of the network with origins and shelters in it."""

    start: Ints
    end: Ints
    length_m: Floats
    state: Ints


class WkbFeature(JSONFeature):  # type: ignore[misc]
    """A feature of exactextract that hands over WKB, three times faster than GeoJSON."""

    def __init__(self, wkb: bytes) -> None:
        super().__init__()
        self.wkb = wkb

    def geometry(self) -> bytes:
        """Return the geometry as WKB."""
        return self.wkb


class WkbSource(FeatureSource):  # type: ignore[misc]
    """The polygons of one layer as WKB features."""

    def __init__(self, geometries: gpd.GeoSeries) -> None:
        super().__init__()
        self.wkb = shapely.to_wkb(geometries.to_numpy())

    def count(self) -> int:
        """Return the number of polygons."""
        return len(self.wkb)

    def __iter__(self) -> Iterator[WkbFeature]:
        """Iterate over the polygons."""
        return map(WkbFeature, self.wkb)

    def srs_wkt(self) -> None:
        """Return no coordinate system; grids and polygons share one."""


def data_folder() -> Path:
    """Return the folder of the real data."""
    default = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
    return Path(os.environ.get("RESILIENCE_GEO_REAL_DATA", default))


def read_grid(path: Path) -> tuple[NDArray[np.float32], rasterio.Affine]:
    """Read a raster with nodata as NaN."""
    with rasterio.open(path) as source:
        return source.read(1, masked=True).filled(np.nan), source.transform


def polygonal(geometry: shapely.Geometry) -> shapely.Geometry:
    """Repair a polygon and keep its areas only."""
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(geometry)))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def read_areas(path: Path) -> gpd.GeoDataFrame:
    """Read polygons and repair the invalid ones."""
    areas = gpd.read_file(path)
    bad = ~areas.is_valid
    areas.loc[bad, "geometry"] = areas.geometry[bad].map(polygonal)
    return areas


def read_inputs(folder: Path) -> dict[str, Any]:
    """Read the Jakarta files.

    Parameters
    ----------
    folder
        Folder of the real data, the one that holds ``jakarta/``.

    Returns
    -------
    dict
        ``depth``, ``population`` (arrays), ``transform``, and the tables ``kelurahan``, ``rw``,
        ``roads`` and ``shelters``.
    """
    jakarta = folder / "jakarta"
    depth, transform = read_grid(jakarta / "Flood_Current_Depth_Jakarta_geographic.asc")
    population, _ = read_grid(jakarta / "Population_Jakarta_geographic.asc")
    return {
        "depth": depth,
        "population": population,
        "transform": transform,
        "kelurahan": read_areas(jakarta / "kelurahan_jakarta.shp"),
        "rw": read_areas(jakarta / "rw_jakarta.shp"),
        "roads": gpd.read_file(jakarta / "jakarta_roads.shp"),
        "shelters": gpd.read_file(jakarta / "shelters_standin.geojson"),
    }


def classify(values: NDArray[np.float32], cuts: tuple[float, ...], unknown: int) -> Ints:
    """Return the class of each value; a cut belongs to the class above it."""
    classes = np.searchsorted(np.asarray(cuts, dtype=values.dtype), values, side="right")
    classes[np.isnan(values)] = unknown
    return classes


def cell_areas_ha(transform: rasterio.Affine, rows: int) -> Floats:
    """Return the area of one cell of each row on the WGS 84 ellipsoid, in hectares."""
    major, flattening = 6_378_137.0, 1 / 298.257223563
    eccentricity = np.sqrt(flattening * (2 - flattening))
    sine = np.sin(np.radians(transform.f + transform.e * np.arange(rows + 1)))
    zone = sine / (1 - (eccentricity * sine) ** 2) + np.arctanh(eccentricity * sine) / eccentricity
    minor = major * (1 - flattening)
    return np.abs(np.diff(zone)) * minor**2 / 2 * np.radians(transform.a) / 10_000


def exposure(
    areas: gpd.GeoDataFrame,
    classes: Ints,
    people: Floats,
    bounds: tuple[float, float, float, float],
) -> pd.DataFrame:
    """Return the people of each polygon by hazard class."""
    grid = NumPyRasterSource(people, *bounds)
    cells = exact_extract(grid, WkbSource(areas.geometry), ["cell_id", "coverage"], output="pandas")
    counts = cells["cell_id"].map(len).to_numpy()
    cell = np.concatenate(cells["cell_id"].to_numpy())
    share = np.concatenate(cells["coverage"].to_numpy())
    group = np.repeat(np.arange(len(areas)) * len(CLASSES), counts) + classes.ravel()[cell]
    sums = np.bincount(
        group, weights=share * people.ravel()[cell], minlength=len(areas) * len(CLASSES)
    )
    columns = [f"people_{name}" for name in CLASSES]
    table = pd.DataFrame(sums.reshape(len(areas), len(CLASSES)), index=areas.index, columns=columns)
    table.insert(0, "people_total", table.sum(axis=1))
    return table


def crossings(start: Floats, end: Floats) -> tuple[Ints, Floats]:
    """Return the segment and the fraction of every crossing of a whole grid line."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    first = np.floor(low) + 1
    counts = np.maximum(np.ceil(high) - first, 0).astype(np.int64)
    segment = np.repeat(np.arange(len(start)), counts)
    step = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return segment, (first[segment] + step - start[segment]) / (end - start)[segment]


def cut_segments(start: Floats, end: Floats) -> tuple[Ints, Floats, Floats]:
    """Cut segments (in grid coordinates) at the cell borders: segment, from and to fraction."""
    every = np.arange(len(start))
    column_segment, column_at = crossings(start[:, 0], end[:, 0])
    row_segment, row_at = crossings(start[:, 1], end[:, 1])
    segment = np.concatenate([every, every, column_segment, row_segment])
    at = np.concatenate([np.zeros(len(every)), np.ones(len(every)), column_at, row_at])
    order = np.argsort(2 * segment + at)
    segment, at = segment[order], at[order]
    keep = (segment[1:] == segment[:-1]) & (at[1:] - at[:-1] > 1e-9)
    return segment[:-1][keep], at[:-1][keep], at[1:][keep]


def trace_roads(
    roads: gpd.GeoDataFrame, depth: NDArray[np.float32], transform: rasterio.Affine
) -> tuple[pd.DataFrame, Stretches]:
    """Return the state of each road and the stretches of one state that make it up."""
    lonlat, line = shapely.get_coordinates(roads.geometry.to_numpy(), return_index=True)
    metric = shapely.get_coordinates(roads.geometry.to_crs(METRIC_CRS).to_numpy())
    _, vertex = np.unique(lonlat[:, 0] + 1j * lonlat[:, 1], return_inverse=True)
    tail = np.flatnonzero((line[1:] == line[:-1]) & (vertex[1:] != vertex[:-1]))

    # Every piece of road inside one cell, with the depth there.
    grid = (lonlat - (transform.c, transform.f)) / (transform.a, transform.e)
    segment, begin, finish = cut_segments(grid[tail], grid[tail + 1])
    middle = (begin + finish)[:, None] / 2
    cell = np.floor(grid[tail][segment] * (1 - middle) + grid[tail + 1][segment] * middle)
    column, row = cell.astype(np.int64).T
    inside = (row >= 0) & (row < depth.shape[0]) & (column >= 0) & (column < depth.shape[1])
    piece_depth = np.full(len(row), np.nan, dtype=depth.dtype)
    piece_depth[inside] = depth[row[inside], column[inside]]
    piece_state = classify(piece_depth, STATE_CUTS_M, UNKNOWN)

    # Roads: known closed first, then unknown, then the deepest known water.
    piece_line = line[tail][segment]
    deepest = np.full(len(roads), np.nan, dtype=depth.dtype)
    np.fmax.at(deepest, piece_line, piece_depth)
    state = classify(deepest, STATE_CUTS_M, UNKNOWN)
    unknown = np.bincount(piece_line[piece_state == UNKNOWN], minlength=len(roads)) > 0
    state[unknown & (state != CLOSED)] = UNKNOWN
    table = pd.DataFrame(
        {"max_depth_m": deepest, "state": np.array(STATES)[state]}, index=roads.index
    )

    # Stretches: consecutive pieces of one segment and one state.
    new_segment = np.diff(segment, prepend=-1) != 0
    first = np.flatnonzero(new_segment | (np.diff(piece_state, prepend=-1) != 0))
    last = np.append(first[1:], len(segment)) - 1
    opens, closes = new_segment[first], np.append(new_segment[first[1:]], True)
    along = tail[segment[first]]
    node_count = vertex.max() + 1
    inner = node_count + np.cumsum(~opens) - 1
    start_xy, end_xy = metric[along], metric[along + 1]
    run = end_xy - start_xy
    begin, finish = begin[first], finish[last]
    stretches = Stretches(
        line=line[along],
        start=np.where(opens, vertex[along], inner),
        end=np.where(closes, vertex[along + 1], inner + 1),
        start_xy=start_xy + run * begin[:, None],
        end_xy=start_xy + run * finish[:, None],
        length_m=np.hypot(run[:, 0], run[:, 1]) * (finish - begin),
        state=piece_state[first],
        node_count=int(node_count + (~opens).sum()),
    )
    return table, stretches


def take(stretches: Stretches, keep: NDArray[np.bool_]) -> Stretches:
    """Return some of the stretches; nodes keep their numbers."""
    return Stretches(*(values[keep] for values in stretches[:-1]), stretches.node_count)


def snap(points: gpd.GeoSeries, stretches: Stretches, tree: shapely.STRtree) -> Snaps:
    """Return the nearest point on a stretch for each point."""
    places = points.to_crs(METRIC_CRS).to_numpy()
    stretch = tree.nearest(places)
    start, run = stretches.start_xy[stretch], (stretches.end_xy - stretches.start_xy)[stretch]
    xy = shapely.get_coordinates(places)
    fraction = np.clip(((xy - start) * run).sum(axis=1) / (run**2).sum(axis=1), 0, 1)
    walk = xy - start - run * fraction[:, None]
    return Snaps(stretch, fraction, np.hypot(walk[:, 0], walk[:, 1]))


def split_at(stretches: Stretches, snaps: Snaps) -> Edges:
    """Return the edges of the network, with a new node at each snap."""
    count = len(stretches.start)
    every = np.arange(count)
    stretch = np.concatenate([every, snaps.stretch, every])
    at = np.concatenate([np.zeros(count), snaps.fraction, np.ones(count)])
    node = np.concatenate(
        [stretches.start, stretches.node_count + np.arange(len(snaps.stretch)), stretches.end]
    )
    order = np.lexsort((at, stretch))  # stable: ends stay outside snaps at the ends
    stretch, at, node = stretch[order], at[order], node[order]
    pair = np.flatnonzero(stretch[1:] == stretch[:-1])
    length = stretches.length_m[stretch[pair]] * (at[pair + 1] - at[pair])
    # A snap at a vertex belongs to every stretch that meets there, also to the open ones.
    state = np.where(length > TOUCH_M, stretches.state[stretch[pair]], 0)
    return Edges(node[pair], node[pair + 1], length, state)


def nearest_shelters(
    edges: Edges, cost_s: Floats, node_count: int, sources: Ints, targets: Ints
) -> tuple[Ints, Floats, Floats]:
    """Return the source, the time and the length of the quickest way of each target."""
    low, high = np.minimum(edges.start, edges.end), np.maximum(edges.start, edges.end)
    key = low * node_count + high
    order = np.lexsort((cost_s, key))
    order = order[np.diff(key[order], prepend=-1) != 0]  # parallel edges: the quickest
    key, low, high, length = key[order], low[order], high[order], edges.length_m[order]
    cost = np.maximum(cost_s[order], 1e-9)  # SciPy must not take an edge of no length for none
    graph = csr_array((cost, (low, high)), shape=(node_count, node_count))
    cost_to, before, source = dijkstra(
        graph, directed=False, indices=sources, return_predecessors=True, min_only=True
    )
    # Lengths: walk all ways back at once.
    distance = np.zeros(len(targets))
    here, active = targets.copy(), np.flatnonzero(before[targets] != NO_PREDECESSOR)
    while active.size:
        there = before[here[active]].astype(np.int64)
        edge = np.searchsorted(
            key, np.minimum(here[active], there) * node_count + np.maximum(here[active], there)
        )
        distance[active] += length[edge]
        here[active] = there
        active = active[before[there] != NO_PREDECESSOR]
    reached = np.isfinite(cost_to[targets])
    return np.where(reached, source[targets], -1), cost_to[targets], distance


def evacuation(
    rw: gpd.GeoDataFrame, shelters: gpd.GeoDataFrame, stretches: Stretches
) -> pd.DataFrame:
    """Return the nearest shelter of each RW, early rows first.

    Parameters
    ----------
    rw
        Where people start: a representative point of each polygon.
    shelters
        Usable shelters only.
    stretches
        Walkable stretches of road.

    Returns
    -------
    pandas.DataFrame
        A row per departure and RW; no shelter and infinite time where there is no way.
    """
    tree = shapely.STRtree(
        shapely.linestrings(np.stack([stretches.start_xy, stretches.end_xy], axis=1))
    )
    origin = snap(rw.representative_point(), stretches, tree)
    shelter = snap(shelters.geometry, stretches, tree)
    split = split_at(stretches, Snaps(*map(np.concatenate, zip(origin, shelter, strict=True))))

    origin_node = stretches.node_count + np.arange(len(rw))
    entry_node = origin_node[-1] + 1 + np.arange(len(shelters))
    shelter_node = entry_node + len(shelters)
    node_count = int(shelter_node[-1]) + 1
    edges = Edges(
        np.concatenate([split.start, entry_node]),
        np.concatenate([split.end, shelter_node]),
        np.concatenate([split.length_m, shelter.walk_m]),
        np.concatenate([split.state, np.zeros(len(shelters), dtype=np.int64)]),
    )
    names = np.append(shelters["shelter_id"].to_numpy(dtype=object), None)
    tables = []
    for departure in ("early", "late"):
        kept = edges
        if departure == "late":
            kept = Edges(*(values[edges.state != CLOSED] for values in edges))
        cost = kept.length_m / WALKING_SPEED_MPS * TIME_FACTOR[kept.state]
        source, seconds, metres = nearest_shelters(
            kept, cost, node_count, shelter_node, origin_node
        )
        position = np.where(source < 0, len(shelters), source - shelter_node[0])
        tables.append(
            pd.DataFrame(
                {
                    "departure": departure,
                    "rw": rw.index,
                    "shelter_id": names[position],
                    "travel_time_s": seconds + origin.walk_m / WALKING_SPEED_MPS,
                    "distance_m": np.where(source < 0, np.nan, metres + origin.walk_m),
                    "walk_to_road_m": origin.walk_m,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def usable_shelters(
    shelters: gpd.GeoDataFrame, classes: Ints, transform: rasterio.Affine
) -> gpd.GeoDataFrame:
    """Return the shelters of known capacity in class none or low."""
    column = np.floor((shelters.geometry.x - transform.c) / transform.a).astype(int)
    row = np.floor((shelters.geometry.y - transform.f) / transform.e).astype(int)
    inside = row.between(0, classes.shape[0] - 1) & column.between(0, classes.shape[1] - 1)
    found = classes[row.where(inside, 0), column.where(inside, 0)]
    return shelters[inside & (found < 2) & shelters["capacity_people"].notna()]


def make_tables(inputs: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Make every table.

    Parameters
    ----------
    inputs
        What `read_inputs` returns.

    Returns
    -------
    dict of pandas.DataFrame
        ``exposure_kelurahan``, ``exposure_rw``, ``roads`` and ``evacuation``.
    """
    depth, transform = inputs["depth"], inputs["transform"]
    rows, columns = depth.shape
    classes = classify(depth, CLASS_CUTS_M, CLASSES.index("unknown"))
    density = np.nan_to_num(inputs["population"].astype(np.float64)) * PEOPLE_PER_HA
    people = density * cell_areas_ha(transform, rows)[:, None]
    bounds = rasterio.transform.array_bounds(rows, columns, transform)

    roads, stretches = trace_roads(inputs["roads"], depth, transform)
    walkable = ~inputs["roads"]["TYPE"].isin(NOT_WALKABLE).to_numpy()
    shelters = usable_shelters(inputs["shelters"], classes, transform)
    return {
        "exposure_kelurahan": exposure(inputs["kelurahan"], classes, people, bounds),
        "exposure_rw": exposure(inputs["rw"], classes, people, bounds),
        "roads": roads,
        "evacuation": evacuation(inputs["rw"], shelters, take(stretches, walkable[stretches.line])),
    }


def main() -> None:
    """Print the seconds and the key totals."""
    begin = time.perf_counter()
    inputs = read_inputs(data_folder())
    read = time.perf_counter()
    tables = make_tables(inputs)
    print(f"reading_s {read - begin:.2f}")
    print(f"tables_s {time.perf_counter() - read:.2f}")
    wet = ["people_low", "people_medium", "people_high"]
    for name in ("kelurahan", "rw"):
        table = tables[f"exposure_{name}"]
        print(f"people_{name} {table['people_total'].sum():.0f}")
        print(f"people_from_0.1_m_{name} {table[wet].to_numpy().sum():.0f}")
        print(f"people_unknown_{name} {table['people_unknown'].sum():.0f}")
    states = tables["roads"]["state"].value_counts().reindex(STATES, fill_value=0)
    for state, count in states.items():
        print(f"roads_{state} {count}")
    for departure, rows in tables["evacuation"].groupby("departure"):
        reached = rows[rows["shelter_id"].notna()]
        print(f"rw_reached_{departure} {len(reached)} of {len(rows)}")
        print(f"median_time_{departure}_s {reached['travel_time_s'].median():.1f}")
        print(f"median_distance_{departure}_m {reached['distance_m'].median():.1f}")


if __name__ == "__main__":
    main()
