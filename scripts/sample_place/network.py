"""A road network that grows: roads led over the land at least cost, and lanes off them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra
from shapely.geometry import LineString

from sample_place.frame import COLS, LEFT, ROWS, TOP, away, fractal, km, smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sample_place.frame import Array
    from sample_place.terrain import Terrain

COARSE_M = 60.0
RIVER_BARRIER, STREAM_BARRIER = 14.0, 8.0  # cost of a step over water, in lengths of it


@dataclass
class Road:
    """One OSM way.

    Parameters
    ----------
    line
        Vertices, shape (n, 2), UTM.
    tags
        OSM tags; an empty value stands for none.
    """

    line: Array
    tags: dict[str, str]


@dataclass
class Network:
    """Roads led over a 60 m grid of the land; a vertex of the grid is used by every road there.

    Parameters
    ----------
    terrain
        The ground; embanking the roads raises it.
    rng
        Where chance comes from.
    roads
        The ways so far.
    spot
        Where the roads cross each cell they use, UTM.
    steps
        Pairs of neighbouring cells joined by a road, both ways round.
    """

    terrain: Terrain
    rng: np.random.Generator
    roads: list[Road] = field(default_factory=list)
    spot: dict[int, tuple[float, float]] = field(default_factory=dict)
    steps: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Height, wetness, roughness and water of the coarse grid."""
        self.rows, self.cols = ROWS // 2, COLS // 2
        coarse = (self.rows, 2, self.cols, 2)
        self.height: Array = self.terrain.dem_m.reshape(coarse).mean((1, 3)).ravel()
        depth = np.maximum(self.terrain.flood_depth_m, 0.0)
        self.wet: Array = depth.reshape(coarse).mean((1, 3)).ravel()
        col, row = np.meshgrid(np.arange(self.cols) + 0.5, np.arange(self.rows) + 0.5)
        self.xy: Array = np.column_stack(
            [LEFT + col.ravel() * COARSE_M, TOP - row.ravel() * COARSE_M]
        )
        self.xy += self.rng.uniform(-16.0, 16.0, self.xy.shape)
        self.rough: Array = np.exp(0.25 * fractal(self.rng, (12.0, 5.0, 2.0))[::2, ::2].ravel())
        points = shapely.points(self.xy)
        to_river = shapely.distance(points, LineString(self.terrain.river_m))
        to_stream = shapely.distance(points, LineString(self.terrain.stream_m))
        self.barrier: Array = np.where(to_river < 75.0, RIVER_BARRIER, 0.0)
        self.barrier += np.where(to_stream < 45.0, STREAM_BARRIER, 0.0)

    def graph(
        self,
        slope_weight: float = 1.0,
        reuse: float = 0.25,
        rough: float = 1.0,
        barrier: Array | None = None,
    ) -> csr_array[np.float64, tuple[int, int]]:
        """Cost of a step between neighbouring cells.

        Parameters
        ----------
        slope_weight
            How much steepness costs.
        reuse
            Cost of a step along a road that exists, per metre.
        rough
            Power to which roughness is raised.
        barrier
            Cost of the water, per cell, in place of the network's own.

        Returns
        -------
        scipy.sparse.csr_array
            Costs, each pair of cells once.
        """
        a, b = neighbours(self.rows, self.cols)
        barrier = self.barrier if barrier is None else barrier
        length = away(self.xy[a], self.xy[b])
        grade = np.abs(self.height[a] - self.height[b]) / length
        cost = (
            length
            * self.rough[a] ** rough
            * (1.0 + slope_weight * (grade / 0.07) ** 2 + 0.35 * np.minimum(self.wet[a], 2.0))
        )
        cost += length * np.maximum(barrier[a], barrier[b])
        cells = self.rows * self.cols
        if self.steps:
            known = {min(step) * cells + max(step) for step in self.steps}
            step_code = np.minimum(a, b) * cells + np.maximum(a, b)
            cost[np.isin(step_code, list(known))] = reuse * COARSE_M
        return coo_array((cost, (a, b)), shape=(cells, cells)).tocsr()

    def cell(self, point: Array) -> int:
        """Find the cell of a point: one a road already uses if there is one within 90 m."""
        if self.spot:
            used = np.array(list(self.spot))
            far = away(np.array(list(self.spot.values())), point)
            if far.min() < 90.0:
                return int(used[far.argmin()])
        return int(np.argmin(away(self.xy, point)))

    def lead(self, waypoints: list[tuple[float, float]], tags: dict[str, str]) -> None:
        """Lead a road through its waypoints; only what is new becomes a way.

        Parameters
        ----------
        waypoints
            Local km.
        tags
            OSM tags of each new way.
        """
        path = self.way_through([self.cell(point) for point in km(waypoints)])
        run = path[:1]
        for cell in path[1:]:
            known = (run[-1], cell) in self.steps
            if not known:
                run.append(cell)
            if known or cell in self.spot:
                self.add(run, tags)
                run = [cell]
        self.add(run, tags)

    def way_through(self, stops: list[int]) -> list[int]:
        """Find the cells of the cheapest way through cells in this order."""
        path: list[int] = []
        graph = self.graph()
        for start, end in pairwise(stops):
            _, before = dijkstra(
                graph, directed=False, indices=np.array(start), return_predecessors=True
            )
            leg = [end]
            while leg[-1] != start:
                leg.append(int(before[leg[-1]]))
            path += leg[::-1][bool(path) :]
        return path

    def add(self, run: list[int], tags: dict[str, str]) -> None:
        """Round off a run of new cells between fixed ends and keep it as a way."""
        run = list(dict.fromkeys(run))
        if len(run) < 2:
            return
        line = smooth(np.array([self.spot.get(cell, tuple(self.xy[cell])) for cell in run]), 8)
        self.spot.update({cell: (x, y) for cell, (x, y) in zip(run, line, strict=True)})
        for step in pairwise(run):
            self.steps |= {step, step[::-1]}
        self.roads.append(Road(line, dict(tags)))

    def sprout(
        self, parent: Road, at: int, side: float, length_m: float, tags: dict[str, str]
    ) -> Road | None:
        """Grow a lane off a vertex of a road; keep it if it meets no water and no other road."""
        ahead = parent.line[min(at + 1, len(parent.line) - 1)] - parent.line[max(at - 1, 0)]
        heading = np.arctan2(ahead[1], ahead[0]) + side * np.pi / 2 + self.rng.normal(0.0, 0.26)
        turns = heading + np.cumsum(self.rng.normal(0.0, 0.13, max(2, round(length_m / 28.0))))
        strides = 28.0 * np.cumsum(np.column_stack([np.cos(turns), np.sin(turns)]), axis=0)
        line = np.vstack([parent.line[at], parent.line[at] + strides])
        if not self.clear(line[1:], 21.0):
            return None
        self.roads.append(Road(line, tags))
        return self.roads[-1]

    def clear(self, line: Array, room_m: float) -> bool:
        """Whether a new line keeps its distance from every road and from the water."""
        shape = LineString(line)
        roads = np.array([LineString(road.line) for road in self.roads])
        return bool(
            shape.distance(self.terrain.water) > 25.0
            and shapely.distance(roads, shape).min() > room_m
        )


def neighbours(rows: int, cols: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of neighbouring cells of a grid, also across corners, each pair once."""
    cells = np.arange(rows * cols).reshape(rows, cols)
    pairs = [(cells[:, :-1], cells[:, 1:]), (cells[:-1], cells[1:])]
    pairs += [(cells[:-1, :-1], cells[1:, 1:]), (cells[:-1, 1:], cells[1:, :-1])]
    first, second = (np.concatenate([pair[k].ravel() for pair in pairs]) for k in (0, 1))
    return first, second
