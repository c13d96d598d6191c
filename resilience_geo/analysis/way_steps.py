"""Chosen ways to chosen shelters, stretch by stretch, with what they measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np

from resilience_geo.analysis.evacuation_network import Ways
from resilience_geo.analysis.passability import UNSURE
from resilience_geo.analysis.replacement_ways import numbers_in
from resilience_geo.analysis.shelter_trees import NearTrees, near_trees
from resilience_geo.analysis.stretches import is_hazardous
from resilience_geo.flows.ways import WayTree, nearest_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network, Travel
    from resilience_geo.analysis.walks import Walks
    from resilience_geo.analysis.way_pairs import Choice

# How far trees reach, in time limits, and of how many shelters they are held at once.
_SEARCHES = ((1.0, 128), (2.0, 32), (np.inf, 8))


class ShelterTrees(Sequence[tuple[WayTree, "NDArray[np.int64]"]]):
    """One tree of ways per shelter and network, searched when it is asked for and not kept.

    Tree number = number of the network x count of shelters + position of the shelter.

    Parameters
    ----------
    network
        From `build_network`.
    travels
        The networks as they can be travelled.
    """

    def __init__(self, network: Network, travels: Sequence[Travel]) -> None:
        self._n_shelters = network.n_shelters
        self._first = network.stretches.n_nodes
        self._travels = tuple(travels)

    def __len__(self) -> int:
        """Count the trees."""
        return self._n_shelters * len(self._travels)

    @overload
    def __getitem__(self, number: int) -> tuple[WayTree, NDArray[np.int64]]: ...
    @overload
    def __getitem__(self, number: slice) -> list[tuple[WayTree, NDArray[np.int64]]]: ...
    def __getitem__(
        self, number: int | slice
    ) -> tuple[WayTree, NDArray[np.int64]] | list[tuple[WayTree, NDArray[np.int64]]]:
        """Search the tree of that number; the second member is the stretch of each arc."""
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        which, shelter = divmod(number, self._n_shelters)
        travel = self._travels[which]
        return nearest_targets(travel.graph, np.array([self._first + shelter])), travel.arc_stretch


@dataclass(frozen=True)
class Steps:
    """The stretches ways pass, in order, after the one on which they begin.

    Parameters
    ----------
    owner
        Position of the way, rising.
    stretch
        Stretch that is walked whole.
    forward
        Whether it is walked from start to end.
    """

    owner: NDArray[np.int64]
    stretch: NDArray[np.int64]
    forward: NDArray[np.bool_]


def chosen_ways(
    network: Network,
    travels: Sequence[Travel],
    entries: Walks,
    choice: Choice,
    which: NDArray[np.int64],
    shelter: NDArray[np.int64],
) -> tuple[Ways, Steps]:
    """Return the ways of chosen pairs with all their measures, and their steps.

    Parameters
    ----------
    network
        From `build_network`.
    travels
        Networks as they can be travelled.
    entries
        Where points may enter the roads.
    choice
        The entry and the end of its stretch by which each way begins; shape (n_ways,).
    which
        Which of `travels` each way goes by.
    shelter
        The shelter each way goes to.
    """
    stretches = network.stretches
    stretch, share = entries.stretch[choice.entry], entries.share[choice.entry]
    node = np.where(choice.toward_end, stretches.end[stretch], stretches.start[stretch])
    steps, last = _steps(network, travels, node, which, shelter)
    tree = which * network.n_shelters + shelter
    part = np.where(choice.toward_end, 1.0 - share, share)
    sums = _measures(network, travels, which, (stretch, choice.toward_end, part), steps)
    walk_m = entries.distance_m[choice.entry]
    speed = network.assumptions.walking_speed_mps
    to_shelter_m = np.zeros(which.size)
    for number, travel in enumerate(travels):
        mine = which == number
        arcs = travel.graph.arcs(last[mine], stretches.n_nodes + shelter[mine])
        to_shelter_m[mine] = travel.arc_values[1][arcs]
    seconds, metres, hazardous, unknown = sums
    ways = Ways(
        travel_time_s=(walk_m + to_shelter_m) / speed + seconds,
        distance_m=walk_m + to_shelter_m + metres,
        hazardous_m=hazardous,
        unknown_m=unknown,
        shelter=shelter,
        walk_to_road_m=walk_m,
        stretch=stretch,
        share=share,
        toward_end=choice.toward_end,
        trees=ShelterTrees(network, travels),
        tree=tree,
    )
    return ways, steps


def _steps(
    network: Network,
    travels: Sequence[Travel],
    node: NDArray[np.int64],
    which: NDArray[np.int64],
    shelter: NDArray[np.int64],
) -> tuple[Steps, NDArray[np.int64]]:
    """Follow each way from its node to its shelter; return its steps and its last road node."""
    stretches = network.stretches
    limit_s = network.assumptions.time_limit_min * 60.0
    last = np.zeros(node.size, dtype=np.int64)
    found: list[tuple[NDArray[np.int64], _Passed]] = []
    for number, travel in enumerate(travels):
        asking = np.flatnonzero(which == number)
        # What is weighed up may cost more than the limit: the few such ways are looked for again.
        for times, at_once in _SEARCHES:
            targets, tree = np.unique(stretches.n_nodes + shelter[asking], return_inverse=True)
            order = np.argsort(tree, kind="stable")
            asking, tree = asking[order], tree[order]
            left = []
            for first in range(0, targets.size, at_once):
                begin, end = np.searchsorted(tree, [first, first + at_once])
                some, own = asking[begin:end], tree[begin:end] - first
                near = near_trees(travel.graph, targets[first : first + at_once], limit_s * times)
                cell = near.cells(own, node[some])
                left.append(some[cell < 0])
                some, cell = some[cell >= 0], cell[cell >= 0]
                passed = _passed(network, travel, near, cell)
                last[some] = passed.last_node
                found.append((some, passed))
            asking = np.concatenate([asking[:0], *left])
    return _in_order(found, node.size), last


@dataclass(frozen=True)
class _Passed:
    """What some ways pass, one way after the other: how many steps each has, and the steps."""

    count: NDArray[np.int64]
    stretch: NDArray[np.int64]
    forward: NDArray[np.bool_]
    last_node: NDArray[np.int64]


def _passed(network: Network, travel: Travel, near: NearTrees, cell: NDArray[np.int64]) -> _Passed:
    """Follow ways from cells of trees to their targets; the step to a target itself is no road."""
    starts, way = np.unique(cell, return_inverse=True)
    here, active = starts, np.arange(starts.size)
    stages = []
    while True:
        ahead = near.ahead[here]
        going = near.ahead[ahead] != ahead
        active, ahead = active[going], ahead[going]
        stages.append((active, here[going]))
        if active.size == 0:
            break
        here = ahead
    count = np.bincount(np.concatenate([rows for rows, _ in stages]), minlength=starts.size)
    begin = np.cumsum(count) - count
    cells = np.zeros(int(count.sum()), dtype=np.int64)
    for stage, (rows, passed) in enumerate(stages):
        cells[begin[rows] + stage] = passed
    used = np.flatnonzero(np.bincount(cells, minlength=near.node.size))
    tail, head = near.node[used], near.node[near.ahead[used]]
    stretch = np.zeros(near.node.size, dtype=np.int64)
    forward = np.zeros(near.node.size, dtype=bool)
    stretch[used] = travel.arc_stretch[travel.graph.arcs(tail, head)]
    forward[used] = network.stretches.start[stretch[used]] == tail
    final = starts.copy()
    some = np.flatnonzero(count)
    final[some] = near.ahead[cells[begin[some] + count[some] - 1]]
    _, place = numbers_in(begin[way], begin[way] + count[way])
    return _Passed(count[way], stretch[cells[place]], forward[cells[place]], near.node[final[way]])


def _in_order(found: list[tuple[NDArray[np.int64], _Passed]], n_ways: int) -> Steps:
    """Put the steps of all ways one way after the other."""
    count = np.zeros(n_ways, dtype=np.int64)
    for ways, passed in found:
        count[ways] = passed.count
    begin = np.cumsum(count) - count
    stretch = np.zeros(int(count.sum()), dtype=np.int64)
    forward = np.zeros(stretch.size, dtype=bool)
    for ways, passed in found:
        _, place = numbers_in(begin[ways], begin[ways] + passed.count)
        stretch[place], forward[place] = passed.stretch, passed.forward
    return Steps(np.repeat(np.arange(n_ways), count), stretch, forward)


def _measures(
    network: Network,
    travels: Sequence[Travel],
    which: NDArray[np.int64],
    beginning: tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]],
    steps: Steps,
) -> list[NDArray[np.float64]]:
    """Sum seconds, metres, metres in hazard and metres unknown on the roads of each way."""
    stretches = network.stretches
    owner = np.concatenate([np.arange(which.size), steps.owner])
    stretch = np.concatenate([beginning[0], steps.stretch])
    forward = np.concatenate([beginning[1], steps.forward])
    part = np.concatenate([beginning[2], np.ones(steps.owner.size)])
    seconds = np.zeros(owner.size)
    hazardous, unknown = np.zeros(owner.size), np.zeros(owner.size)
    metres = part * stretches.length_m[stretch]
    for number, travel in enumerate(travels):
        mine = (which[owner] == number) & (part > 0.0)
        forward_s, backward_s, _ = travel.times
        whole = np.where(forward[mine], forward_s[stretch[mine]], backward_s[stretch[mine]])
        seconds[mine] = part[mine] * whole
        state = stretches.state_for(assisted=travel.assisted)[stretch[mine]]
        hazardous[mine] = metres[mine] * is_hazardous(state)
        unknown[mine] = metres[mine] * (state == UNSURE)
    return [
        # Of nothing at all bincount makes whole numbers.
        np.bincount(owner, values, minlength=which.size).astype(np.float64)
        for values in (seconds, metres, hazardous, unknown)
    ]
