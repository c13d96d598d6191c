"""Stretches: roads cut where their state changes, with the time it takes to walk each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.ops import substring

from resilience_geo.analysis.network import Roads, surface_factor
from resilience_geo.analysis.passability import CLOSED, OPEN, UNSURE, Pieces
from resilience_geo.crs import transform_points
from resilience_geo.hazard_classes import UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.inputs.rasters import Grid

_SAME_PLACE_M = 1e-3
_SLOPE_STEP_M = 100.0


@dataclass(frozen=True)
class Stretches:
    """Parts of roads of one state each; together they are the roads.

    Parameters
    ----------
    road
        Position of the road, ascending.
    start_m, end_m
        Where the stretch begins and ends along the road (m).
    start, end
        Nodes it joins: the graph's nodes first, then the places where roads were cut.
    n_nodes
        Count of all nodes.
    state
        `OPEN`, `SLOWED`, `CLOSED` or `UNSURE` for the mode.
    hazard_class
        Worst known class on it; unknown where nothing is known.
    usable
        Whether the mode may use the road at all.
    dry_forward_s, dry_backward_s
        Travel time before the hazard is there (s).
    wet_forward_s, wet_backward_s
        Travel time while the hazard is there (s).
    lines
        A LineString per stretch, in the metric CRS of the roads.
    assisted_state
        State for people who need assistance and may wade less deep; None: as for everyone.
    """

    road: NDArray[np.int64]
    start_m: NDArray[np.float64]
    end_m: NDArray[np.float64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    n_nodes: int
    state: NDArray[np.int64]
    hazard_class: NDArray[np.int64]
    usable: NDArray[np.bool_]
    dry_forward_s: NDArray[np.float64]
    dry_backward_s: NDArray[np.float64]
    wet_forward_s: NDArray[np.float64]
    wet_backward_s: NDArray[np.float64]
    lines: NDArray[np.object_]
    assisted_state: NDArray[np.int64] | None = None

    @property
    def length_m(self) -> NDArray[np.float64]:
        """Length of each stretch (m)."""
        return self.end_m - self.start_m

    def state_for(self, *, assisted: bool) -> NDArray[np.int64]:
        """Return the state of each stretch for everyone, or for people who need assistance."""
        if assisted and self.assisted_state is not None:
            return self.assisted_state
        return self.state

    def passable_late(self, *, unknown_passes: bool, assisted: bool = False) -> NDArray[np.bool_]:
        """Say which stretches can be used while the hazard is there."""
        state = self.state_for(assisted=assisted)
        shut = state == CLOSED
        if not unknown_passes:
            shut |= state == UNSURE
        passable: NDArray[np.bool_] = self.usable & ~shut
        return passable


def make_stretches(
    roads: Roads,
    pieces: Pieces,
    states: NDArray[np.int64],
    factor: NDArray[np.float64],
    assumptions: EvacuationAssumptions,
    *,
    slopes: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    assisted_states: NDArray[np.int64] | None = None,
) -> Stretches:
    """Join the pieces of each road that have one state and one speed.

    Parameters
    ----------
    roads, pieces, states, factor
        Roads, their pieces, and the state and speed factor of each piece.
    assumptions
        Speeds.
    slopes
        Speed factor by slope of each road, forward and backward; None where there is no height.
    assisted_states
        State of each piece for people who need assistance; None: as for everyone.

    Returns
    -------
    Stretches
        Each road's stretches in order; their lengths sum to the road's.
    """
    new_road = np.append(True, pieces.road[1:] != pieces.road[:-1])
    changed = np.append(True, (states[1:] != states[:-1]) | (factor[1:] != factor[:-1]))
    if assisted_states is not None:
        changed |= np.append(True, assisted_states[1:] != assisted_states[:-1])
    begins = new_road | changed
    first = np.flatnonzero(begins)
    run = np.cumsum(begins) - 1
    road = pieces.road[first]
    last_of_road = np.append(road[1:] != road[:-1], True)
    inner = ~new_road[first]
    n_graph_nodes = roads.node_x.size
    start = np.where(inner, n_graph_nodes + np.cumsum(inner) - 1, roads.start[road])
    end = np.where(last_of_road, roads.end[road], np.append(start[1:], 0))
    start_m = pieces.start_m[first]
    end_m = pieces.end_m[np.append(first[1:], pieces.road.size) - 1]
    dry, wet = _times(roads, road, end_m - start_m, factor[first], assumptions, slopes)
    known = np.where(pieces.hazard_class == UNKNOWN, -1, pieces.hazard_class.astype(np.int64))
    worst = np.maximum.reduceat(known, first)
    return Stretches(
        road=road,
        start_m=start_m,
        end_m=end_m,
        start=start,
        end=end,
        n_nodes=int(n_graph_nodes + inner.sum()),
        state=states[first],
        hazard_class=np.where(worst < 0, UNKNOWN, worst),
        usable=roads.usable(assumptions.mode)[road],
        dry_forward_s=dry[0],
        dry_backward_s=dry[1],
        wet_forward_s=wet[0],
        wet_backward_s=wet[1],
        lines=_run_lines(roads, pieces, first, run, last_of_road),
        assisted_state=None if assisted_states is None else assisted_states[first],
    )


def split_stretches(
    stretches: Stretches, stretch: NDArray[np.int64], share: NDArray[np.float64]
) -> tuple[Stretches, NDArray[np.int64]]:
    """Cut stretches at places on them, so that something can be joined there.

    Parameters
    ----------
    stretches
        The stretches.
    stretch, share
        Where to cut: positions of stretches, and how far along each (0..1). A place at an end
        cuts nothing.

    Returns
    -------
    tuple
        The stretches, and the node at each place.
    """
    length = stretches.length_m[stretch]
    node = np.where(share * length <= _SAME_PLACE_M, stretches.start[stretch], -1)
    node = np.where((1.0 - share) * length <= _SAME_PLACE_M, stretches.end[stretch], node)
    inner = np.flatnonzero(node < 0)
    step = np.round(share[inner] * length[inner] / _SAME_PLACE_M).astype(np.int64)
    _, first, place = np.unique(
        np.column_stack([stretch[inner], step]), axis=0, return_index=True, return_inverse=True
    )
    node[inner] = stretches.n_nodes + place.ravel()
    cut, at = stretch[inner][first], share[inner][first]
    parts = 1 + np.bincount(cut, minlength=stretches.road.size)
    owner = np.repeat(np.arange(stretches.road.size), parts)
    begins = np.append(True, owner[1:] != owner[:-1])
    ends = np.append(begins[1:], True)
    begin, end = np.zeros(owner.size), np.ones(owner.size)
    begin[~begins], end[~ends] = at, at
    start, stop = stretches.start[owner], stretches.end[owner]
    new = stretches.n_nodes + np.arange(cut.size)
    start[~begins], stop[~ends] = new, new
    lines = stretches.lines[owner]
    for part in np.flatnonzero(~(begins & ends)):
        lines[part] = substring(lines[part], begin[part], end[part], normalized=True)
    whole = stretches.length_m[owner]
    times = {
        name: getattr(stretches, name)[owner] * (end - begin)
        for name in ("dry_forward_s", "dry_backward_s", "wet_forward_s", "wet_backward_s")
    }
    result = Stretches(
        road=stretches.road[owner],
        start_m=stretches.start_m[owner] + whole * begin,
        end_m=np.where(ends, stretches.end_m[owner], stretches.start_m[owner] + whole * end),
        start=start,
        end=stop,
        n_nodes=stretches.n_nodes + cut.size,
        state=stretches.state[owner],
        hazard_class=stretches.hazard_class[owner],
        usable=stretches.usable[owner],
        **times,
        lines=lines,
        assisted_state=None
        if stretches.assisted_state is None
        else stretches.assisted_state[owner],
    )
    return result, node


def _times(
    roads: Roads,
    road: NDArray[np.int64],
    length_m: NDArray[np.float64],
    water_factor: NDArray[np.float64],
    assumptions: EvacuationAssumptions,
    slopes: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Return dry and wet times (s), each forward and backward."""
    if assumptions.mode == "walk":
        surface = surface_factor(
            roads,
            assumptions.dirt_speed_factor,
            assumptions.rough_speed_factor,
            assumptions.sand_speed_factor,
            assumptions.steps_speed_factor,
        )
        speed = assumptions.walking_speed_mps * surface[road]
        both = slopes or (np.ones(roads.n_roads), np.ones(roads.n_roads))
    else:
        speed = np.full(road.size, assumptions.motorised_speed_kmh / 3.6)
        # One-way streets bind vehicles; walkers go where they like.
        both = (
            np.where(roads.forward, 1.0, 0.0),
            np.where(roads.backward, 1.0, 0.0),
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        dry = [
            np.where(slope[road] > 0.0, length_m / (speed * slope[road]), np.inf) for slope in both
        ]
    return dry, [time / water_factor for time in dry]


def _run_lines(
    roads: Roads,
    pieces: Pieces,
    first: NDArray[np.int64],
    run: NDArray[np.int64],
    last_of_road: NDArray[np.bool_],
) -> NDArray[np.object_]:
    """Return the line of each run: its two ends and the bends between."""
    shown = pieces.bend.copy()
    shown[first] = True
    n_runs = first.size
    final = roads.offsets[1:][pieces.road[first]] - 1
    next_first = np.append(first[1:], 0)
    end_x = np.where(last_of_road, roads.x[final], pieces.x[next_first])
    end_y = np.where(last_of_road, roads.y[final], pieces.y[next_first])
    owner = np.concatenate([run[shown], np.arange(n_runs)])
    rank = np.concatenate([np.zeros(int(shown.sum())), np.ones(n_runs)])
    order = np.lexsort((rank, owner))
    x = np.concatenate([pieces.x[shown], end_x])[order]
    y = np.concatenate([pieces.y[shown], end_y])[order]
    lines: NDArray[np.object_] = shapely.linestrings(np.column_stack([x, y]), indices=owner[order])
    return lines


def slope_factors(
    roads: Roads, elevation: Grid | None, downhill_cap: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the walking speed factor of each road by slope, forward and backward.

    Tobler's hiking function relative to flat ground: exp(-3.5 |s + 0.05|) / exp(-3.5 x 0.05),
    s = rise / run in the direction of travel, with the gain downhill capped. Heights are read
    about every 100 m along the road (or taken from the graph's nodes) and times are averaged.
    A road whose height is not known counts as flat.

    Parameters
    ----------
    roads
        The roads.
    elevation
        Heights (m); None: the nodes' `elevation`, where the graph has it.
    downhill_cap
        Largest factor.
    """
    if elevation is None and not np.isfinite(roads.node_elevation_m).any():
        return None
    steps = np.maximum(1, np.round(roads.length_m / _SLOPE_STEP_M)).astype(np.int64)
    if elevation is None:
        steps[:] = 1
        height = np.column_stack(
            [roads.node_elevation_m[roads.start], roads.node_elevation_m[roads.end]]
        ).ravel()
    else:
        height = _heights_along(roads, steps, elevation)
    owner = np.repeat(np.arange(roads.n_roads), steps + 1)
    within = owner[1:] == owner[:-1]
    rise = np.diff(height)[within]
    road = owner[1:][within]
    run_m = (roads.length_m / steps)[road]
    slope = np.where(np.isfinite(rise), rise / np.maximum(run_m, 1e-9), 0.0)
    return (
        _mean_factor(road, slope, steps, downhill_cap),
        _mean_factor(road, -slope, steps, downhill_cap),
    )


def _mean_factor(
    road: NDArray[np.int64],
    slope: NDArray[np.float64],
    steps: NDArray[np.int64],
    downhill_cap: float,
) -> NDArray[np.float64]:
    """Return the factor that gives the road's whole time: the harmonic mean over its steps."""
    factor = np.minimum(np.exp(-3.5 * (np.abs(slope + 0.05) - 0.05)), downhill_cap)
    # A height error over a short step must not stop people for hours.
    slowness = np.bincount(road, 1.0 / np.maximum(factor, 0.05), minlength=steps.size)
    return steps / slowness


def _heights_along(roads: Roads, steps: NDArray[np.int64], elevation: Grid) -> NDArray[np.float64]:
    """Return heights at equal steps along every road, interpolated between cell centres."""
    lines = roads.geometries()
    owner = np.repeat(np.arange(roads.n_roads), steps + 1)
    ends = np.cumsum(steps + 1)
    rank = np.arange(owner.size) - np.repeat(ends - steps - 1, steps + 1)
    points = shapely.line_interpolate_point(lines[owner], rank / steps[owner], normalized=True)
    x, y = transform_points(shapely.get_x(points), shapely.get_y(points), roads.crs, elevation.crs)
    transform = elevation.transform
    n_rows, n_columns = elevation.shape
    across = (x - transform.c) / transform.a - 0.5
    down = (y - transform.f) / transform.e - 0.5
    rows = slice(
        int(np.clip(np.floor(down.min()), 0, n_rows)),
        int(np.clip(np.floor(down.max()) + 2, 0, n_rows)),
    )
    columns = slice(
        int(np.clip(np.floor(across.min()), 0, n_columns)),
        int(np.clip(np.floor(across.max()) + 2, 0, n_columns)),
    )
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return np.full(owner.size, np.nan)
    values, valid = elevation.read(rows, columns)
    heights = np.where(valid, values, np.nan).astype(np.float64)
    return _bilinear(heights, down - rows.start, across - columns.start)


def _bilinear(
    heights: NDArray[np.float64], down: NDArray[np.float64], across: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolate between cell centres; NaN outside and beside missing cells."""
    n_rows, n_columns = heights.shape
    half = 0.5
    inside = (down >= -half) & (down <= n_rows - half)
    inside &= (across >= -half) & (across <= n_columns - half)
    down, across = np.clip(down, 0, n_rows - 1), np.clip(across, 0, n_columns - 1)
    row = np.minimum(np.floor(down).astype(np.int64), max(n_rows - 2, 0))
    column = np.minimum(np.floor(across).astype(np.int64), max(n_columns - 2, 0))
    low_row, low_column = np.minimum(row + 1, n_rows - 1), np.minimum(column + 1, n_columns - 1)
    v, u = down - row, across - column
    value = (
        heights[row, column] * (1 - v) * (1 - u)
        + heights[row, low_column] * (1 - v) * u
        + heights[low_row, column] * v * (1 - u)
        + heights[low_row, low_column] * v * u
    )
    return np.where(inside, value, np.nan)


def penalties(state: NDArray[np.int64], slowed: float, closed: float) -> NDArray[np.float64]:
    """Return how much time on each state weighs when a way is chosen early."""
    weights = np.array([1.0, slowed, closed, closed])
    result: NDArray[np.float64] = weights[state]
    return result


def is_hazardous(state: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which states are hazardous: slowed and closed; unknown is counted apart."""
    hazardous: NDArray[np.bool_] = (state != OPEN) & (state != UNSURE)
    return hazardous
