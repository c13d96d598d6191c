"""Ways as lines on the map, and how many people pass each stretch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from resilience_geo.analysis.remembered import remembered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network, Ways
    from resilience_geo.analysis.way_steps import Steps


def steps_of(
    network: Network, ways: Ways, chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the stretches each way passes, in order, after the one it begins on.

    Returns
    -------
    tuple of ndarray
        Position in `chosen`, stretch, and whether it is walked from start to end.
    """
    stretches = network.stretches
    entry = ways.stretch[chosen]
    entry_node = np.where(ways.toward_end[chosen], stretches.end[entry], stretches.start[entry])
    walkers, passed, directions = [], [], []
    for number, (tree, arc_stretch) in enumerate(ways.trees):
        walker = np.flatnonzero(ways.tree[chosen] == number)
        node = entry_node[walker]
        while walker.size:
            arc = tree.next_arc[node]
            going = arc >= 0
            walker, node, arc = walker[going], node[going], arc[going]
            stretch = arc_stretch[arc]
            on_road = stretch >= 0
            walkers.append(walker[on_road])
            passed.append(stretch[on_road])
            directions.append(stretches.start[stretch[on_road]] == node[on_road])
            node = tree.next_node[node]
    if not walkers:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty, np.empty(0, dtype=bool)
    who = np.concatenate(walkers)
    order = np.argsort(who, kind="stable")
    return who[order], np.concatenate(passed)[order], np.concatenate(directions)[order]


def people_on_stretches(
    network: Network, ways: Ways, people: NDArray[np.int64], steps: Steps
) -> NDArray[np.int64]:
    """Return how many people pass each stretch (people), each way counted in full.

    Parameters
    ----------
    network, ways
        From `build_network`, and ways on it.
    people
        How many go each way (people).
    steps
        The steps of all ways.
    """
    chosen = np.flatnonzero((ways.shelter >= 0) & (people > 0))
    size = network.stretches.road.size
    # Without any step to count bincount would give whole numbers, to which nothing can be added.
    load = np.bincount(steps.stretch, people[steps.owner], minlength=size).astype(np.float64)
    # Who enters at the very end of a stretch does not walk on it.
    share = ways.share[chosen]
    walked = np.where(ways.toward_end[chosen], share < 1.0, share > 0.0)
    load += np.bincount(ways.stretch[chosen][walked], people[chosen][walked], minlength=size)
    return np.round(load).astype(np.int64)


def draw_ways(
    network: Network,
    ways: Ways,
    chosen: NDArray[np.int64],
    points: NDArray[np.object_],
    shelter_points: NDArray[np.object_],
    steps: Steps | None = None,
) -> NDArray[np.object_]:
    """Return a LineString per way from the origin to its shelter, in the metric CRS.

    Parameters
    ----------
    network, ways
        From `build_network` and `find_ways`.
    chosen
        Positions of the ways to draw; each must have a shelter.
    points, shelter_points
        Places of the origin of each way, and of the shelters.
    steps
        The steps of all ways, where they are known; None: they are followed along the trees.
    """
    if chosen.size == 0:
        return np.empty(0, dtype=object)
    stretches = network.stretches
    numbers = np.arange(chosen.size)
    if steps is None:
        who, stretch, ahead = steps_of(network, ways, chosen)
    else:
        position = np.full(ways.shelter.size, -1)
        position[chosen] = numbers
        who = position[steps.owner]
        drawn = who >= 0
        who, stretch, ahead = who[drawn], steps.stretch[drawn], steps.forward[drawn]
    # The stretch of entry is walked in part; its vertices behind the entry are left out.
    owner = np.concatenate([numbers, who])
    passed = np.concatenate([ways.stretch[chosen], stretch])
    forward = np.concatenate([ways.toward_end[chosen], ahead])
    order = np.argsort(owner, kind="stable")
    owner, passed, forward = owner[order], passed[order], forward[order]
    is_entry = np.append(True, owner[1:] != owner[:-1]) if owner.size else np.empty(0, bool)
    places, offsets, shares = remembered(network, "vertices", None, lambda: _vertices(network))
    size = np.diff(offsets)[passed]
    which = np.repeat(np.arange(passed.size), size)
    rank = np.arange(which.size) - np.repeat(np.cumsum(size) - size, size)
    rank = np.where(forward[which], rank, size[which] - 1 - rank)
    vertex = offsets[passed][which] + rank
    share = shares[vertex]
    entry_share = ways.share[chosen][owner[which]]
    beyond = np.where(forward[which], share > entry_share, share < entry_share)
    kept = ~is_entry[which] | beyond
    entry = shapely.line_interpolate_point(
        stretches.lines[ways.stretch[chosen]], ways.share[chosen], normalized=True
    )
    target = shelter_points[ways.shelter[chosen]]
    begin = [points[chosen], entry]
    x = np.concatenate(
        [*(shapely.get_x(part) for part in begin), places[vertex[kept], 0], shapely.get_x(target)]
    )
    y = np.concatenate(
        [*(shapely.get_y(part) for part in begin), places[vertex[kept], 1], shapely.get_y(target)]
    )
    line = np.concatenate([numbers, numbers, owner[which][kept], numbers])
    stage = np.repeat([0, 1, 2, 3], [chosen.size, chosen.size, int(kept.sum()), chosen.size])
    order = np.lexsort((stage, line))
    x, y, line = x[order], y[order], line[order]
    again = np.append(False, (np.diff(x) == 0) & (np.diff(y) == 0) & (np.diff(line) == 0))
    # A line needs two points even where a shelter stands at the door.
    again &= np.bincount(line, ~again, minlength=chosen.size)[line] > 1
    lines: NDArray[np.object_] = shapely.linestrings(
        np.column_stack([x[~again], y[~again]]), indices=line[~again]
    )
    return lines


def _vertices(
    network: Network,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the vertices of all stretches, where those of each begin, and their shares along."""
    lines = network.stretches.lines
    places, line_of = shapely.get_coordinates(lines, return_index=True)
    offsets = np.append(0, np.cumsum(np.bincount(line_of, minlength=lines.size)))
    return places, offsets, _shares_along(places, offsets)


def _shares_along(places: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how far along its line every vertex lies, 0..1."""
    steps = np.append(0.0, np.hypot(np.diff(places[:, 0]), np.diff(places[:, 1])))
    steps[offsets[:-1]] = 0.0
    along = np.cumsum(steps)
    sizes = np.diff(offsets)
    along -= np.repeat(along[offsets[:-1]], sizes)
    total = np.repeat(along[offsets[1:] - 1], sizes)
    shares: NDArray[np.float64] = along / np.maximum(total, 1e-300)
    return shares
