"""Proof that a flow found on some edges is the best on all edges, or the edges that it lacks.

A flow is the best of its kind if and only if no one could change ways so that the total arrival
time falls. The proof is a price for every node at every step (the arrival step that one more
person there would bring about, all changes of others included), such that no movement with room
left leads from a dear to a cheaper place, and no movement in use from a cheap to a dearer one (the
optimality conditions of minimum-cost flow; Ahuja, Magnanti and Orlin, *Network Flows*, 1993,
section 9.3). Prices are found on the edges in use; one sweep against time over all edges then
finds where an unused edge would lead to a cheaper place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from resilience_geo.flows.time_expanded_arcs import arc_ends, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.flows.time_expanded_arcs import (
        Integers,
        StepArcs,
        StepFlow,
        StepNetwork,
    )

_NOWHERE = 10**11  # dearer than any price: from here no sink is reached
_WAITS = 1  # choices in the sweep: 0 is a known price, 1 is waiting, 2 and above are edges
_FIRST_EDGE = 2


@dataclass(frozen=True)
class Prices:
    """Price of one more person.

    Parameters
    ----------
    at_sink
        What is added to the arrival step, for each of `StepNetwork.sinks`: 0 where there are
        places left.
    at
        Price at every node-step of `StepArcs`; a large number where no sink is reached.
    """

    at_sink: Integers
    at: Integers


def _ways_to_change(
    network: StepNetwork, arcs: StepArcs, flow: StepFlow
) -> tuple[Integers, Integers]:
    """Give the pairs of node-steps between which one person could change ways.

    Along an arc with room left, and back along an arc in use. The place where all begin comes
    last: whoever is not served may take the place of one who is.
    """
    begin, end = arc_ends(network, arcs)
    people = np.append(flow.moving, flow.waiting)
    room = np.append(network.room[arcs.edge], network.wait_room[arcs.wait])
    free, used = people < room, people > 0
    sources = network.sources
    start = arcs.offset[sources]
    all_begin = np.full(sources.size, arcs.node_steps)
    left, served = flow.leaving < network.supply[sources], flow.leaving > 0
    return (
        np.concatenate([begin[free], end[used], all_begin[left], start[served]]),
        np.concatenate([end[free], begin[used], start[left], all_begin[served]]),
    )


def prices(network: StepNetwork, arcs: StepArcs, flow: StepFlow) -> Prices:
    """Find prices that prove a best flow on its own edges.

    Parameters
    ----------
    network, arcs
        Of the flow.
    flow
        A best flow on these edges.
    """
    sinks = network.sinks
    place = np.full(network.supply.size, -1)
    place[sinks] = np.arange(sinks.size)
    sink = place[arcs.sink]
    arrived = np.bincount(sink, weights=flow.arriving, minlength=sinks.size)
    full = arrived >= network.places[sinks]
    # A full sink from which no other is reached has a price of its own, above all others.
    unit = (network.horizon + 1) * (sinks.size + 2)
    at_sink = np.where(full, 2 * unit, 0)
    here, there = _ways_to_change(network, arcs, flow)
    root = arcs.node_steps + 1
    arrival = arcs.offset[arcs.sink] + arcs.sink_step
    values = np.append(np.arange(1.0, arrival.size + 1), np.zeros(here.size))
    begin = np.append(np.full(arrival.size, root), there)
    matrix = sparse.coo_array(
        (values, (begin, np.append(arrival, here))), shape=(root + 1, root + 1)
    ).tocsr()
    row = slice(matrix.indptr[root], matrix.indptr[root + 1])
    order = matrix.data[row].astype(np.int64) - 1
    used = flow.arriving > 0
    while True:
        matrix.data[row] = (arcs.sink_step + at_sink[sink])[order]
        price = dijkstra(matrix, indices=[root], min_only=True)
        # Whoever arrives at a full sink could be sent elsewhere and leave the place to another.
        lower = at_sink.astype(np.float64)
        np.minimum.at(lower, sink[used], (price[arrival] - arcs.sink_step)[used])
        if (lower >= at_sink).all():
            break
        at_sink = lower.astype(np.int64)
    at = np.minimum(price[: arcs.node_steps], _NOWHERE).astype(np.int64)
    return Prices(at_sink, at)


@dataclass(frozen=True)
class _Sweep:
    """What the sweep against time needs at every step.

    Parameters
    ----------
    network
        All edges.
    code
        Codes of choices times prices: `price * code + choice`.
    begins, tails
        Where the edges of each tail begin, and the tails.
    full, full_begin
        Edges that are full, by step; where each step begins.
    """

    network: StepNetwork
    code: int
    begins: Integers
    tails: Integers
    full: Integers
    full_begin: Integers

    def by_edges(self, table: NDArray[np.int64], step: int) -> NDArray[np.int64]:
        """Give the cheapest choice among the edges of each tail."""
        network = self.network
        then = np.minimum(step + network.travel_time, network.horizon + 1)
        choice = table[then, network.head]
        choice -= choice % self.code
        choice += np.arange(_FIRST_EDGE, _FIRST_EDGE + choice.size)
        choice[self.full[self.full_begin[step] : self.full_begin[step + 1]]] = _NOWHERE * self.code
        return np.minimum.reduceat(choice, self.begins)


def _sweep_of(network: StepNetwork, arcs: StepArcs, flow: StepFlow, edges: Integers) -> _Sweep:
    """Put in order what the sweep needs; `edges` are the numbers of the flow's edges."""
    begins = np.flatnonzero(np.append(True, network.tail[1:] != network.tail[:-1]))
    is_full = flow.moving >= network.room[edges[arcs.edge]]
    full, step = edges[arcs.edge[is_full]], arcs.edge_step[is_full]
    order = np.argsort(step, kind="stable")
    return _Sweep(
        network=network,
        code=network.tail.size + _FIRST_EDGE,
        begins=begins,
        tails=network.tail[begins],
        full=full[order],
        full_begin=np.searchsorted(step[order], np.arange(network.horizon + 2)),
    )


def _known(
    network: StepNetwork, arcs: StepArcs, price: Prices
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Give the known prices by step and node, and where they are known."""
    shape = (network.horizon + 2, network.supply.size)
    table, known = np.full(shape, _NOWHERE), np.zeros(shape, dtype=bool)
    inside = np.flatnonzero(arcs.offset >= -network.horizon)
    node, step = spread(inside, network.last[inside] - network.first[inside] + 1)
    step = step + network.first[node]
    table[step, node] = price.at[arcs.offset[node] + step]
    known[step, node] = True
    return table, known


def _full_waits(network: StepNetwork, arcs: StepArcs, flow: StepFlow) -> NDArray[np.bool_]:
    """Mark, by step and node, where no one more may wait."""
    full = np.zeros((network.horizon + 2, network.supply.size), dtype=bool)
    full[:, network.wait_room == 0] = True
    no_room = flow.waiting >= network.wait_room[arcs.wait]
    full[arcs.wait_step[no_room], arcs.wait[no_room]] = True
    return full


def missing_edges(
    network: StepNetwork, edges: Integers, arcs: StepArcs, flow: StepFlow, price: Prices
) -> Integers:
    """Find edges by which people would be safe earlier; none if the flow is the best of all.

    Parameters
    ----------
    network
        The network with all edges.
    edges
        The edges on which the flow was found, as numbers into the network.
    arcs, flow, price
        The best flow on these edges, and its prices.
    """
    known_price, known = _known(network, arcs, price)
    sweep = _sweep_of(network, arcs, flow, edges)
    table = known_price * sweep.code
    full_waits = _full_waits(network, arcs, flow)
    at_once = bool((network.travel_time == 0).any())
    for step in range(network.horizon, -1, -1):
        row = table[step]
        later = table[step + 1] - table[step + 1] % sweep.code + _WAITS
        np.minimum(row, np.where(full_waits[step], _NOWHERE * sweep.code, later), out=row)
        while True:
            best = sweep.by_edges(table, step)
            # Only a lower price counts: two choices of one price could point at each other.
            better = best // sweep.code < row[sweep.tails] // sweep.code
            row[sweep.tails[better]] = best[better]
            if not at_once or not better.any():
                break
    cheaper = known & (table // sweep.code < known_price)
    return _along(network, table % sweep.code, known, cheaper)


def _along(
    network: StepNetwork,
    choice: NDArray[np.int64],
    known: NDArray[np.bool_],
    cheaper: NDArray[np.bool_],
) -> Integers:
    """Collect the edges chosen from the node-steps where it is cheaper, up to known prices."""
    size = network.supply.size
    found = np.zeros(network.tail.size, dtype=bool)
    here = np.flatnonzero(cheaper)
    while here.size:
        step, node = here // size, here % size
        chosen = choice[step, node]
        moves = chosen >= _FIRST_EDGE
        edge = chosen[moves] - _FIRST_EDGE
        found[edge] = True
        there = np.concatenate(
            [
                (step[moves] + network.travel_time[edge]) * size + network.head[edge],
                here[chosen == _WAITS] + size,
            ]
        )
        there = np.unique(there)
        # A known price that became cheaper itself was among the first.
        here = there[~known.ravel()[there]]
    return np.flatnonzero(found)
