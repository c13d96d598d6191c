"""Roads that join all hamlets at least cost, and what each of them is by who must pass it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from sample_place.frame import Array, away, smooth
from sample_place.network import RIVER_BARRIER, STREAM_BARRIER, neighbours
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from place_layers.frame import COARSE, Frame, noise

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from place_layers.ground import Ground
    from place_layers.hamlets import Hamlets

AROUND_M = 2500.0  # roads lie within the villages and this far around them
OUTSIDE_COST = 2.0  # of a road outside, against one within
DETOUR = 2.2  # a second way is built where the first is this much longer
LOOPS_SHARE = 0.4  # of the hamlets, how many second ways at most
# What a road is: share of all people who pass it on their way to the main town, or people.
KINDS = (("trunk", 0.25, 4000.0), ("secondary", 0.08, 2500.0), ("tertiary", 0.0, 900.0))
NAMES = {
    "trunk": "Jalan Lintas Contoh",
    "secondary": "Jalan Raya Contoh",
    "tertiary": "Jalan Poros Contoh",
    "unclassified": "Jalan Desa Contoh",
    "track": "Jalan Kebun Contoh",
}
SURFACES = {
    "trunk": ("asphalt", "7"),
    "secondary": ("asphalt", "5"),
    "tertiary": ("asphalt", "4"),
    "unclassified": ("gravel", "3"),
    "track": ("dirt", ""),
}


@dataclass(frozen=True)
class MainRoads:
    """Roads between hamlets, from one crossing to the next.

    Parameters
    ----------
    lines
        Vertices, UTM; roads that meet share a vertex.
    highway, name
        What each is and is called.
    """

    lines: list[Array]
    highway: list[str]
    name: list[str]

    def tags(self, row: int) -> dict[str, str]:
        """OSM tags of a road."""
        surface, width = SURFACES[self.highway[row]]
        return {
            "highway": self.highway[row],
            "name": self.name[row],
            "surface": surface,
            "width": width,
        }


def make_roads(
    frame: Frame, ground: Ground, depth_m: Array, hamlets: Hamlets, rng: np.random.Generator
) -> MainRoads:
    """Join all hamlets, and some of them twice.

    Parameters
    ----------
    frame, ground
        The place.
    depth_m
        Of the flood; roads avoid it where that costs little.
    hamlets
        What is joined.
    rng
        Where chance comes from.

    Returns
    -------
    MainRoads
        All in one piece.
    """
    cell_m = frame.cell_m(COARSE)
    xy = frame.centres(COARSE) + rng.uniform(
        -0.25 * cell_m, 0.25 * cell_m, (ground.dem_m.size // COARSE**2, 2)
    )
    graph = land_graph(frame, ground, depth_m, xy, rng)
    seeds, which = np.unique(frame.cells(hamlets.xy, COARSE), return_inverse=True)
    steps = joined_steps(graph, seeds)
    nodes, ends = np.unique(steps, return_inverse=True)
    ends = ends.reshape(-1, 2)
    place: NDArray[np.intp] = np.searchsorted(nodes, seeds)
    people = np.zeros(len(nodes))
    np.add.at(people, place[which], hamlets.people)
    main = int(place[which][np.argmax(hamlets.people)])
    length_m = away(xy[nodes[ends[:, 0]]], xy[nodes[ends[:, 1]]])
    passing, before, far = people_passing(len(nodes), ends, length_m, people, main)
    chains = cut_at_crossings(len(nodes), ends, np.unique(place))
    flow = [largest_flow(chain, passing, before) for chain in chains]
    highway = [kind_of(most, float(people.sum())) for most in flow]
    lines = [smooth(xy[nodes[chain]], 4) for chain in chains]
    return MainRoads(lines, highway, named(chains, highway, flow, before, far))


def land_graph(
    frame: Frame, ground: Ground, depth_m: Array, xy: Array, rng: np.random.Generator
) -> csr_array[np.float64, tuple[int, int]]:
    """Cost of a step over the land in and around the villages, as the sample's roads have it."""
    rows, cols = frame.shape(COARSE)
    blocks = (rows, COARSE, cols, COARSE)

    def coarse(values: Array) -> Array:
        means: Array = values.reshape(blocks).mean((1, 3)).ravel()
        return means

    height, wet = coarse(ground.dem_m), coarse(np.maximum(depth_m, 0.0))
    rough = np.exp(0.25 * noise(rng, (rows, cols), 2000.0 / frame.cell_m(COARSE))).ravel()
    inside = frame.burnt([(shape, 1) for shape in frame.villages.geometry], COARSE) > 0
    far = ndimage.distance_transform_edt(~inside) * frame.cell_m(COARSE)
    usable = (far <= AROUND_M).ravel()
    rough *= np.where(inside.ravel(), 1.0, OUTSIDE_COST)
    barrier = np.zeros(rows * cols)
    for row in np.argsort(ground.streams.km2, kind="stable").tolist():
        line, half_m = ground.streams.lines[row], float(ground.streams.half_m[row])
        steps = np.linspace(0.0, 1.0, 9)[:, None, None]
        between = (line[:-1] * (1.0 - steps) + line[1:] * steps).reshape(-1, 2)
        barrier[frame.cells(between, COARSE)] = RIVER_BARRIER if half_m > 12.0 else STREAM_BARRIER
    first, second = neighbours(rows, cols)
    kept = usable[first] & usable[second]
    first, second = first[kept], second[kept]
    length = away(xy[first], xy[second])
    grade = np.abs(height[first] - height[second]) / length
    cost = rough[first] * (1.0 + (grade / 0.07) ** 2 + 0.35 * np.minimum(wet[first], 2.0))
    cost = length * (cost + np.maximum(barrier[first], barrier[second]))
    return coo_array((cost, (first, second)), shape=(rows * cols, rows * cols)).tocsr()


def joined_steps(
    graph: csr_array[np.float64, tuple[int, int]], seeds: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Find the steps of the roads: a least tree over all seeds, and second ways.

    The tree over the cheapest ways between seeds whose nearest land meets is a least one over
    all ways between them (Mehlhorn 1988, Information Processing Letters 27), so that one search
    is enough.

    Returns
    -------
    numpy.ndarray
        Pairs of cells, the lower first, each pair once.
    """
    cost, before, source = dijkstra(
        graph, directed=False, indices=seeds, return_predecessors=True, min_only=True
    )
    links = graph.tocoo()
    first, second = links.coords
    meet = (source[first] != source[second]) & np.isfinite(cost[first]) & np.isfinite(cost[second])
    first, second = first[meet], second[meet]
    total = cost[first] + links.data[meet] + cost[second]
    pair = np.sort(np.searchsorted(seeds, np.column_stack([source[first], source[second]])), axis=1)
    order = np.lexsort((total, pair[:, 1], pair[:, 0]))
    _, best = np.unique(pair[order], axis=0, return_index=True)
    best = order[best]
    pair, total, first, second = pair[best], total[best], first[best], second[best]
    shape = (len(seeds), len(seeds))
    tree = minimum_spanning_tree(coo_array((total, (pair[:, 0], pair[:, 1])), shape=shape).tocsr())
    around = dijkstra(tree, directed=False)[pair[:, 0], pair[:, 1]]
    detour = around / total
    detour[detour <= 1.0 + 1e-9] = np.inf  # the tree itself
    loops = np.flatnonzero(np.isfinite(detour) & (detour > DETOUR))
    loops = loops[np.argsort(-detour[loops], kind="stable")][: int(LOOPS_SHARE * len(seeds))]
    built = np.concatenate([np.flatnonzero(np.isinf(detour)), loops])
    steps = {(int(first[one]), int(second[one])) for one in built}
    for cell in np.concatenate([first[built], second[built]]).tolist():
        at = cell
        while before[at] >= 0:
            steps.add((at, int(before[at])))
            at = int(before[at])
    return np.unique(np.sort(np.array(list(steps), dtype=np.intp), axis=1), axis=0)


def people_passing(
    count: int, ends: NDArray[np.intp], length: Array, people: Array, main: int
) -> tuple[Array, NDArray[np.int32], Array]:
    """Count who passes each node on the shortest way to the main town.

    Returns
    -------
    tuple of numpy.ndarray
        People; the next node on the way, negative at the town; distance to it.
    """
    graph = coo_array((length, (ends[:, 0], ends[:, 1])), shape=(count, count)).tocsr()
    far, before = dijkstra(graph, directed=False, indices=np.array(main), return_predecessors=True)
    passing = people.tolist()
    for node in np.argsort(-far, kind="stable").tolist():
        if before[node] >= 0:
            passing[before[node]] += passing[node]
    return np.array(passing), before, far


def cut_at_crossings(
    count: int, ends: NDArray[np.intp], fixed: NDArray[np.intp]
) -> list[list[int]]:
    """Join steps to roads that run from one crossing, end or hamlet to the next."""
    near: list[list[int]] = [[] for _ in range(count)]
    for one, other in ends.tolist():
        near[one].append(other)
        near[other].append(one)
    stops = {node for node in range(count) if len(near[node]) != 2} | set(fixed.tolist())
    chains = []
    for start in sorted(stops):
        for second in near[start]:
            run = [start, second]
            while run[-1] not in stops:
                run.append(next(node for node in near[run[-1]] if node != run[-2]))
            if (run[0], run[1]) <= (run[-1], run[-2]):
                chains.append(run)
    return chains


def largest_flow(chain: list[int], passing: Array, before: NDArray[np.int32]) -> float:
    """How many pass a road at most; 0 on a second way."""
    steps = ((one, other) for pair in pairwise(chain) for one, other in (pair, pair[::-1]))
    return max((float(passing[one]) for one, other in steps if before[one] == other), default=0.0)


def kind_of(passing: float, everybody: float) -> str:
    """Say what a road is by who must pass it."""
    for highway, share, people in KINDS:
        if passing >= max(share * everybody, people):
            return highway
    return "track" if 0.0 < passing < 220.0 else "unclassified"


def named(
    chains: list[list[int]],
    highway: list[str],
    flow: list[float],
    before: NDArray[np.int32],
    far: Array,
) -> list[str]:
    """Name roads; the busiest that goes on as the same kind away from the town keeps the name."""
    names, counted = [""] * len(chains), dict.fromkeys(NAMES, 0)
    of_node: dict[tuple[int, str], str] = {}
    order = sorted(
        range(len(chains)), key=lambda one: (min(far[node] for node in chains[one]), -flow[one])
    )
    for one in order:
        chain = chains[one] if far[chains[one][0]] <= far[chains[one][-1]] else chains[one][::-1]
        kind = highway[one]
        name = of_node.pop((chain[0], kind), None) if flow[one] else None
        if name is None:
            counted[kind] += 1
            name = f"{NAMES[kind]} {counted[kind]}"
        names[one] = name
        if flow[one] and before[chain[-1]] == chain[-2]:
            of_node[chain[-1], kind] = name
    return names
