"""Chains of edges taken as one edge before a flow over time is sought, and undone after.

At a node without people, without a sink and with no choice, people need not stop: whoever waits in
the middle of a chain can as well wait before it until its narrowest edge has room, and after it.
Where waiting is unbounded at the ends of the chain, a chain is therefore one edge: the sum of the
steps, and the room of the narrowest part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.flows.time_expanded_arcs import spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.flows.time_expanded_arcs import Integers, StepNetwork


@dataclass(frozen=True)
class Chains:
    """A network in which chains are edges.

    Parameters
    ----------
    network
        The shorter network; nodes keep their numbers.
    chain
        Chain of each edge of the longer network; -1 for edges that lead nowhere.
    delay
        Steps from entering the chain to entering the edge.
    """

    network: StepNetwork
    chain: Integers
    delay: Integers


def _passing_nodes(network: StepNetwork) -> NDArray[np.bool_]:
    """Find nodes where people can only go on: at most two neighbours, one edge each way."""
    size = network.supply.size
    near = np.concatenate([network.tail, network.head])
    other = np.concatenate([network.head, network.tail])
    pairs = np.unique(near * size + other)
    neighbours = np.bincount(pairs // size, minlength=size)
    passing: NDArray[np.bool_] = (
        (neighbours <= 2)  # noqa: PLR2004 - one before and one behind
        & (network.supply == 0)
        & (network.places < 0)
    )
    # Parallel edges share no room, so they do not make a chain.
    _, place, count = np.unique(
        network.tail * size + network.head, return_index=True, return_counts=True
    )
    doubled = place[count > 1]
    passing[network.tail[doubled]] = passing[network.head[doubled]] = False
    return passing


def _next_edges(network: StepNetwork) -> tuple[Integers, Integers]:
    """Give the edge by which people go on from each edge, and the edges at which chains begin.

    The edge itself where a chain ends, -1 where there is no going on.
    """
    passing = _passing_nodes(network)
    edges = np.arange(network.tail.size)
    # The network is in the order of its tails: those of a node stand together.
    begin = np.searchsorted(network.tail, np.arange(network.supply.size + 1))
    entering = edges[passing[network.head]]
    node = network.head[entering]
    edge, place = spread(entering, begin[node + 1] - begin[node])
    onward = begin[network.head[edge]] + place
    turn = network.head[onward] == network.tail[edge]
    following = np.where(passing[network.head], -1, edges)
    following[edge[~turn]] = onward[~turn]
    return following, np.flatnonzero(~passing[network.tail])


def _shorten(network: StepNetwork) -> Chains:
    """Take chains as edges once; dead ends fall away."""
    following, starts = _next_edges(network)
    chain = np.full(following.size, -1)
    delay = np.zeros(following.size, dtype=np.int64)
    room, end = network.room[starts].copy(), starts.copy()
    time = network.travel_time[starts].copy()
    chain[starts] = np.arange(starts.size)
    walking = np.flatnonzero((following[end] != end) & (following[end] >= 0))
    while walking.size:
        onward = following[end[walking]]
        chain[onward], delay[onward] = walking, time[walking]
        time[walking] += network.travel_time[onward]
        room[walking] = np.minimum(room[walking], network.room[onward])
        end[walking] = onward
        after = following[onward]
        walking = walking[(after != onward) & (after >= 0)]
    tail, head = network.tail[starts], network.head[end]
    leads = (following[end] == end) & (tail != head)
    leads &= network.last[head] - time - network.first[tail] >= 0
    kept = np.flatnonzero(leads)
    kept = kept[np.lexsort((room[kept], time[kept], head[kept], tail[kept]))]
    number = np.full(starts.size + 1, -1)
    number[kept] = np.arange(kept.size)
    short = replace(
        network,
        tail=tail[kept],
        head=head[kept],
        travel_time=time[kept],
        room=room[kept],
        edge=np.arange(kept.size),
    )
    return Chains(short, number[chain], delay)


def chains_of(network: StepNetwork) -> Chains:
    """Take chains as edges until none is left.

    Where any node bounds waiting, nothing is changed: the reasoning above needs room at the ends.

    Parameters
    ----------
    network
        Edges in the order of their tails.
    """
    edges = np.arange(network.tail.size)
    whole = Chains(network, edges, np.zeros(edges.size, dtype=np.int64))
    if (network.wait_room < network.supply.sum()).any():
        return whole
    while True:
        once = _shorten(whole.network)
        if once.network.tail.size == whole.network.tail.size:
            return whole
        inner = np.maximum(whole.chain, 0)
        chain = np.where(whole.chain >= 0, once.chain[inner], -1)
        whole = Chains(once.network, chain, whole.delay + once.delay[inner])
