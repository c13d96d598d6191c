"""Chosen ways to chosen shelters, stretch by stretch, with what they measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np
from scipy.sparse.csgraph import dijkstra

from resilience_geo.analysis.evacuation_network import Ways
from resilience_geo.analysis.passability import UNSURE
from resilience_geo.analysis.stretches import is_hazardous
from resilience_geo.flows.ways import WayTree, nearest_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network, Travel
    from resilience_geo.analysis.walks import Walks
    from resilience_geo.analysis.way_pairs import Choice

# Trees of so many shelters are held at once.
_AT_ONCE = 64


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
    owners, tails, heads = [], [], []
    tree = which * network.n_shelters + shelter
    for number, travel in enumerate(travels):
        mine = np.unique(tree[which == number])
        for begin in range(0, mine.size, _AT_ONCE):
            some = mine[begin : begin + _AT_ONCE]
            targets = network.stretches.n_nodes + some % network.n_shelters
            _, before = dijkstra(travel.graph.matrix, indices=targets, return_predecessors=True)
            walker = np.flatnonzero(np.isin(tree, some))
            row = np.searchsorted(some, tree[walker])
            here = node[walker]
            while walker.size:
                ahead = before[row, here].astype(np.int64)
                going = ahead >= 0
                walker, row, here, ahead = walker[going], row[going], here[going], ahead[going]
                owners.append(walker)
                tails.append(here)
                heads.append(ahead)
                here = ahead
    owner, tail, head = (
        np.concatenate(parts or [np.empty(0, dtype=np.int64)]) for parts in (owners, tails, heads)
    )
    # Within one way the loop went forward, so that a stable sort keeps the order of walking.
    order = np.argsort(owner, kind="stable")
    owner, tail, head = owner[order], tail[order], head[order]
    final = head >= network.stretches.n_nodes
    last = np.zeros(node.size, dtype=np.int64)
    last[owner[final]] = tail[final]
    owner, tail, head = owner[~final], tail[~final], head[~final]
    stretch = np.zeros(owner.size, dtype=np.int64)
    for number, travel in enumerate(travels):
        mine = which[owner] == number
        stretch[mine] = travel.arc_stretch[travel.graph.arcs(tail[mine], head[mine])]
    return Steps(owner, stretch, network.stretches.start[stretch] == tail), last


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
