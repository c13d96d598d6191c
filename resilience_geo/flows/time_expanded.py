"""Exact evacuation on the time-expanded network, on arrays.

Who can be safe by when, where every edge takes whole steps and lets through only so many people
per step? The answer is a flow on the time-expanded network (Ford and Fulkerson 1958): first the
most people safe within the horizon, then the least total arrival time. Where sinks do not bind,
that flow also has the most people safe at *every* step (Jarvis and Ratliff 1982; for several
sources, Baumann and Skutella 2006).

The whole time-expanded network is never solved. A flow without steps says which edges are likely to
matter; chains of them are taken as one edge; the flow over time is found on these few, and prices
show whether any other edge would help. Edges that would are added until none does, which proves the
flow to be the best of the whole network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.flows.time_expanded_arcs import (
    StepFlow,
    StepNetwork,
    cheapest_flow,
    edges_only,
    likely_edges,
    most_people,
    step_arcs,
    within_horizon,
)
from resilience_geo.flows.time_expanded_chains import chains_of
from resilience_geo.flows.time_expanded_proof import missing_edges, prices
from resilience_geo.flows.time_expanded_walks import least_walking

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from resilience_geo.flows.time_expanded_arcs import Integers, StepArcs
    from resilience_geo.flows.time_expanded_chains import Chains

_SMALL = 4_000
"""Arcs up to which the whole time-expanded network is solved at once, which is then faster."""

_HORIZON_SHARES = (1.0, 0.67, 0.4)
"""Shares of the horizon for which likely edges are looked for."""


@dataclass(frozen=True)
class TimeExpandedFlow:
    """People by edge and step, and when they are safe.

    Parameters
    ----------
    edge, step, people
        People who enter an edge at a step; rows with nobody are left out.
    wait_node, wait_step, wait_people
        People who stay at a node from a step to the next.
    sink, sink_step, sink_people
        People who are safe at a sink from a step on.
    served
        People of each node who are safe within the horizon, shape (n_nodes,).
    supply
        People of each node, shape (n_nodes,).
    network
        What can be reached within the horizon.
    ways
        Edges of `network` on which the flow was found.
    """

    edge: Integers
    step: Integers
    people: Integers
    wait_node: Integers
    wait_step: Integers
    wait_people: Integers
    sink: Integers
    sink_step: Integers
    sink_people: Integers
    served: Integers
    supply: Integers
    network: StepNetwork
    ways: Integers

    @cached_property
    def arrivals(self) -> Integers:
        """People safe by each step, cumulative, shape (horizon + 1,)."""
        by_step = np.zeros(self.network.horizon + 1, dtype=np.int64)
        np.add.at(by_step, self.sink_step, self.sink_people)
        return np.cumsum(by_step)

    @property
    def unserved(self) -> int:
        """People who are not safe within the horizon."""
        return int(self.supply.sum() - self.served.sum())

    @property
    def clearance(self) -> int | None:
        """Step of the last arrival; None if not all are safe, 0 if there is nobody."""
        if self.unserved:
            return None
        return int(self.sink_step.max(initial=0))

    @property
    def total_arrival_time(self) -> int:
        """Arrival steps of all who are safe, summed."""
        return int((self.sink_step * self.sink_people).sum())

    @cached_property
    def is_earliest_arrival(self) -> bool:
        """Whether at every step as many are safe as at all possible.

        True where it is proved: no sink is full, or the only one within reach is, or a full one
        would have taken everybody. False says that full sinks make it uncertain; there need not
        be any flow that is the best at every step then.
        """
        network = self.network
        sinks = network.sinks
        if sinks.size <= 1:
            return True
        arrived = np.zeros(self.supply.size, dtype=np.int64)
        np.add.at(arrived, self.sink, self.sink_people)
        places = network.places[sinks]
        return not ((arrived[network.node[sinks]] >= places) & (places < self.supply.sum())).any()

    @cached_property
    def shortest_horizon(self) -> int | None:
        """Fewest steps in which everybody can be safe; None if they cannot within the horizon.

        Where sinks bind, this can be less than `clearance`: to bring the last ones earlier, others
        would have to arrive so much later that the total arrival time rises.
        """
        latest = self.clearance
        if latest is None or self.is_earliest_arrival:
            return latest
        everybody = int(self.served.sum())
        few = edges_only(self.network, self.ways)
        # On the edges in use first, which is quick; then a proof on all edges.
        latest = _fewest_steps_for(few, everybody, 0, latest)
        if most_people(within_horizon(self.network, latest - 1)) < everybody:
            return latest
        return _fewest_steps_for(self.network, everybody, 0, latest - 1)


def _fewest_steps_for(network: StepNetwork, people: int, low: int, high: int) -> int:
    """Halve between two horizons, of which the later is long enough for so many people."""
    while low < high:
        middle = (low + high) // 2
        if most_people(within_horizon(network, middle)) < people:
            low = middle + 1
        else:
            high = middle
    return high


def _bounded(values: ArrayLike, most: int) -> Integers:
    """Make bounds whole; infinite and missing ones as large as can matter."""
    bounds = np.asarray(values, dtype=np.float64)
    bounds = np.where(np.isnan(bounds), np.inf, bounds)
    return np.floor(np.clip(bounds, 0, most)).astype(np.int64)


def solve_time_expanded(
    tail: ArrayLike,
    head: ArrayLike,
    travel_time: ArrayLike,
    capacity: ArrayLike,
    supply: ArrayLike,
    sink_capacity: ArrayLike,
    horizon: int,
    node_capacity: ArrayLike | None = None,
) -> TimeExpandedFlow:
    """Bring the most people to sinks within a horizon, and at the least total arrival time.

    Parameters
    ----------
    tail, head
        Nodes of the directed edges, shape (n_edges,).
    travel_time
        Whole steps from tail to head; 0 is allowed.
    capacity
        People who may enter per step; NaN or infinite is unbounded, fractions are cut.
    supply
        People at each node at step 0, whole, shape (n_nodes,).
    sink_capacity
        People a node takes in all: NaN where it is no sink, infinite where it is unbounded.
    horizon
        Last step that counts.
    node_capacity
        People who may stay at a node from one step to the next; NaN or infinite is unbounded. A
        node's own people always have room: the bound is never lower than the supply.

    Returns
    -------
    TimeExpandedFlow
        Whole people, the same whatever the order of the edges.
    """
    people = np.asarray(supply, dtype=np.int64)
    most = int(people.sum())
    is_sink = ~np.isnan(np.asarray(sink_capacity, dtype=np.float64))
    places = np.where(is_sink, _bounded(sink_capacity, most), -1)
    wait_room = np.full(people.size, most)
    if node_capacity is not None:
        wait_room = np.maximum(_bounded(node_capacity, most), people)
    tails = np.asarray(tail, dtype=np.int64)
    whole = StepNetwork(
        tail=tails,
        head=np.asarray(head, dtype=np.int64),
        travel_time=np.asarray(travel_time, dtype=np.int64),
        room=_bounded(capacity, most),
        edge=np.arange(tails.size),
        node=np.arange(people.size),
        supply=people,
        places=np.where(places == 0, -1, places),
        wait_room=wait_room,
        first=np.zeros(people.size, dtype=np.int64),
        last=np.full(people.size, horizon),
        horizon=horizon,
    )
    network = within_horizon(whole, horizon)
    ways, arcs, flow = _best_flow(network)
    return _result(network, ways, arcs, flow, people)


def _best_flow(network: StepNetwork) -> tuple[Integers, StepArcs, StepFlow]:
    """Find the best flow on few edges, and add edges until none would help."""
    if network.sources.size == 0:
        none = np.zeros(0, dtype=np.int64)
        arcs = step_arcs(edges_only(network, none))
        nobody = StepFlow(none, np.zeros_like(arcs.wait), np.zeros_like(arcs.sink), none)
        return none, arcs, nobody
    if (network.spare + 1).sum() <= _SMALL:
        ways = np.arange(network.tail.size)
    else:
        likely = [likely_edges(network, int(share * network.horizon)) for share in _HORIZON_SHARES]
        ways = np.unique(np.concatenate(likely))
    while True:
        few = edges_only(network, ways)
        chains = chains_of(few)
        short = step_arcs(chains.network)
        flow = cheapest_flow(chains.network, short)
        arcs, laid_out = _laid_out(few, chains, short, flow)
        price = prices(few, arcs, laid_out)
        missing = ways[:0]
        if ways.size < network.tail.size:
            missing = missing_edges(network, ways, arcs, laid_out, price)
            missing = np.setdiff1d(missing, ways)
        if missing.size == 0:
            return ways, arcs, least_walking(few, arcs, laid_out, price)
        ways = np.union1d(ways, missing)


def _laid_out(
    network: StepNetwork, chains: Chains, short: StepArcs, flow: StepFlow
) -> tuple[StepArcs, StepFlow]:
    """Lay a flow on chains out on the edges of the network."""
    arcs = step_arcs(network)
    size = (network.supply.size, network.horizon + 1)
    waiting, arriving = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    waiting[short.wait, short.wait_step] = flow.waiting
    arriving[short.sink, short.sink_step] = flow.arriving
    return arcs, StepFlow(
        moving=_movements(chains, flow, arcs),
        waiting=waiting[arcs.wait, arcs.wait_step],
        arriving=arriving[arcs.sink, arcs.sink_step],
        leaving=flow.leaving,
    )


def _movements(chains: Chains, flow: StepFlow, arcs: StepArcs) -> Integers:
    """Lay movements along chains out on the edges of the chains."""
    # Movements of an edge stand together, by rising step from the first at which it is entered.
    begin = np.cumsum(chains.network.spare + 1) - (chains.network.spare + 1)
    people = np.zeros(arcs.edge.size, dtype=np.int64)
    carried = np.flatnonzero(chains.chain[arcs.edge] >= 0)
    edge = arcs.edge[carried]
    chain = chains.chain[edge]
    late = arcs.edge_step[carried] - chains.delay[edge]
    late -= chains.network.first[chains.network.tail[chain]]
    there = (late >= 0) & (late <= chains.network.spare[chain])
    people[carried[there]] = flow.moving[begin[chain[there]] + late[there]]
    return people


def _result(
    network: StepNetwork, ways: Integers, arcs: StepArcs, flow: StepFlow, supply: Integers
) -> TimeExpandedFlow:
    """Name what flows by the numbers of the input."""
    moves, waits, ends = (
        np.flatnonzero(people) for people in (flow.moving, flow.waiting, flow.arriving)
    )
    served = np.zeros(supply.size, dtype=np.int64)
    if flow.leaving.size:
        served[network.node[network.sources]] = flow.leaving
    return TimeExpandedFlow(
        edge=network.edge[ways[arcs.edge[moves]]],
        step=arcs.edge_step[moves],
        people=flow.moving[moves],
        wait_node=network.node[arcs.wait[waits]],
        wait_step=arcs.wait_step[waits],
        wait_people=flow.waiting[waits],
        sink=network.node[arcs.sink[ends]],
        sink_step=arcs.sink_step[ends],
        sink_people=flow.arriving[ends],
        served=served,
        supply=supply,
        network=network,
        ways=ways,
    )
