"""Where water runs: a tree of cheapest ways to the low side of the place, and its streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from sample_place.frame import Array, away, smooth
from sample_place.network import neighbours
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from place_layers.frame import DRAINED, Frame, noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOW_SHARE = 0.25  # of the edge of the place, where its water leaves
RIVER_STREAMS = 12.0  # a river gathers the water of as many streams as small as can be
BRIDGED_M = 2.0  # half width from which a stream is water that a road must cross


@dataclass(frozen=True)
class Streams:
    """Streams from one confluence down to the next.

    Parameters
    ----------
    lines
        Centre lines, running downstream, UTM.
    level_m
        Ordinary height of the water at each vertex.
    km2
        Land that each gathers the water of.
    """

    lines: list[Array]
    level_m: list[Array]
    km2: Array

    @property
    def half_m(self) -> Array:
        """Half the width of each."""
        return half_width_m(self.km2)

    def water(self) -> NDArray[np.object_]:
        """Each stream wide enough to be water, as an area."""
        wide = self.half_m >= BRIDGED_M
        lines = np.array([shapely.LineString(line) for line in self.lines], dtype=object)
        return np.asarray(shapely.buffer(lines[wide], self.half_m[wide]))


def half_width_m(km2: Array) -> Array:
    """Half the width of a stream by the land it drains: 2 m at 1 km2, 25 m at 1 000 km2."""
    return np.clip(2.2 * km2**0.35, 1.0, 60.0)


def uplands(frame: Frame, rng: np.random.Generator, step: int) -> Array:
    """How much of the relief of the place its ground takes part in, 0 to 1."""
    x, y = ((frame.centres(step) - (frame.left, frame.top)) / frame.cell_m(step)).T
    turn = np.radians(frame.place.rises_towards)
    along = np.sin(turn) * x + np.cos(turn) * y
    along = (along - along.min()) / np.ptp(along)
    shape = frame.shape(step)
    rough = noise(rng, shape, max(shape) / 5.0, 2.4)
    raised = np.clip((along.reshape(shape) + 0.12 * rough - 0.35) / 0.5, 0.0, 1.0)
    return np.asarray(raised * raised * (3.0 - 2.0 * raised))


def make_streams(frame: Frame, upland: Array, rng: np.random.Generator) -> Streams:
    """Let the water of every cell run to the low side of the place.

    Parameters
    ----------
    frame
        The place.
    upland
        From `uplands`, on the grid for water.
    rng
        Where chance comes from.

    Returns
    -------
    Streams
        Those that gather at least `stream_km2`.
    """
    rows, cols = frame.shape(DRAINED)
    cell_m = frame.cell_m(DRAINED)
    xy = frame.centres(DRAINED) + rng.uniform(-0.3 * cell_m, 0.3 * cell_m, (rows * cols, 2))
    first, second = neighbours(rows, cols)
    rough = np.exp(1.1 * noise(rng, (rows, cols), 4000.0 / cell_m, 1.7)).ravel()
    rough *= 1.0 + 2.0 * upland.ravel()
    cost = away(xy[first], xy[second]) * (rough[first] + rough[second])
    graph = coo_array((cost, (first, second)), shape=(rows * cols, rows * cols)).tocsr()
    _, before, _ = dijkstra(
        graph,
        directed=False,
        indices=outlets(frame),
        return_predecessors=True,
        min_only=True,
    )
    cost_m = dijkstra(graph, directed=False, indices=outlets(frame), min_only=True)
    down, order = before.tolist(), np.argsort(cost_m, kind="stable").tolist()
    gathered = np.full(rows * cols, (cell_m / 1000.0) ** 2).tolist()
    for cell in reversed(order):
        if down[cell] >= 0:
            gathered[down[cell]] += gathered[cell]
    return streams_of(xy, np.array(gathered), before, order, frame.place.stream_km2)


def outlets(frame: Frame) -> NDArray[np.intp]:
    """Cells of the grid for water on the low side of its edge."""
    rows, cols = frame.shape(DRAINED)
    grid = np.arange(rows * cols).reshape(rows, cols)
    edge = np.unique(np.concatenate([grid[0], grid[-1], grid[:, 0], grid[:, -1]]))
    turn = np.radians(frame.place.rises_towards)
    along = frame.centres(DRAINED)[edge] @ np.array([np.sin(turn), np.cos(turn)])
    return np.asarray(edge[along <= np.quantile(along, LOW_SHARE)])


def streams_of(
    xy: Array, km2: Array, down: NDArray[np.int32], order: list[int], least_km2: float
) -> Streams:
    """Cut the tree of water into streams, with the heights of the water on them."""
    wet = km2 >= least_km2
    fall = np.minimum(0.006 * (km2 / 3.0) ** -0.45, 0.02)
    length = np.where(down >= 0, away(xy, xy[np.maximum(down, 0)]), 0.0)
    drop, level = (fall * length).tolist(), np.full(len(xy), 6.0)
    for cell in order:
        if wet[cell] and down[cell] >= 0:
            level[cell] = level[down[cell]] + drop[cell]
    upstream = np.bincount(down[wet & (down >= 0)], minlength=len(xy))
    lines, levels, sizes = [], [], []
    for head in np.flatnonzero(wet & (upstream != 1) & (down >= 0)).tolist():
        run = [head, int(down[head])]
        while down[run[-1]] >= 0 and upstream[run[-1]] == 1:
            run.append(int(down[run[-1]]))
        lines.append(smooth(xy[run], 3))
        levels.append(level[run])
        sizes.append(km2[head])
    return Streams(lines, levels, np.array(sizes))
