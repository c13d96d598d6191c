"""The time-expanded network on arrays: what can be where and when, and its cheapest flow.

A node at a step is one node of the time-expanded network; an edge entered at a step is one arc of
it, and so is a step of waiting. Only node-steps are made that someone can reach from a source in
time and from which a sink is still reached before the horizon ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.flows.flow_solvers import (
    FlowArcs,
    cheapest_largest_flow,
    largest_flow,
)
from resilience_geo.flows.ways import Arcs, nearest_targets, search_graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True)
class StepNetwork:
    """A network whose edges take whole steps; only the nodes and edges that can matter.

    Parameters
    ----------
    tail, head
        Node an edge leaves and node it reaches.
    travel_time
        Steps from one to the other.
    room
        People who may enter an edge in one step.
    edge
        Number of each edge in the input.
    node
        Number of each node in the input.
    supply
        People at each node at step 0.
    places
        People a sink takes in all; -1 where a node is no sink.
    wait_room
        People who may stay at a node from one step to the next.
    first, last
        First step at which anyone can be at a node, and last step from which a sink is reached.
    horizon
        Last step.
    """

    tail: Integers
    head: Integers
    travel_time: Integers
    room: Integers
    edge: Integers
    node: Integers
    supply: Integers
    places: Integers
    wait_room: Integers
    first: Integers
    last: Integers
    horizon: int

    @property
    def sinks(self) -> Integers:
        """Nodes where people are safe."""
        return np.flatnonzero(self.places >= 0)

    @property
    def sources(self) -> Integers:
        """Nodes where people are at step 0."""
        return np.flatnonzero(self.supply > 0)

    @property
    def spare(self) -> Integers:
        """Steps by which entering each edge can be put off; below 0 where it is too late."""
        return self.last[self.head] - self.travel_time - self.first[self.tail]


@dataclass(frozen=True)
class StepArcs:
    """Arcs of a time-expanded network, in four groups one after another.

    Parameters
    ----------
    edge, edge_step
        Edge and step of the arcs that are movements.
    wait, wait_step
        Node and step of the arcs that are waiting.
    sink, sink_step
        Node and step of the arcs that are arrivals.
    offset
        Node `v` at step `t` is node `offset[v] + t`.
    node_steps
        Count of node-steps. After them come one node per sink, the place where all end, and the
        place where all begin.
    """

    edge: Integers
    edge_step: Integers
    wait: Integers
    wait_step: Integers
    sink: Integers
    sink_step: Integers
    offset: Integers
    node_steps: int


@dataclass(frozen=True)
class StepFlow:
    """People on each arc of a time-expanded network.

    Parameters
    ----------
    moving, waiting, arriving
        People on the arcs of `StepArcs`, group by group.
    leaving
        People of each source (in the order of `StepNetwork.sources`) who reach a sink.
    """

    moving: Integers
    waiting: Integers
    arriving: Integers
    leaving: Integers


def spread(values: Integers, counts: Integers) -> tuple[Integers, Integers]:
    """Repeat values, and count 0, 1, 2, ... within the repeats of each."""
    counts = np.maximum(counts, 0)
    begin = np.cumsum(counts) - counts
    return np.repeat(values, counts), np.arange(counts.sum()) - np.repeat(begin, counts)


def _fewest_steps(
    tail: Integers, head: Integers, travel_time: Integers, targets: Integers, n_nodes: int
) -> NDArray[np.float64]:
    """Fewest steps from every node to the nearest target."""
    graph = search_graph(Arcs(tail, head, travel_time.astype(np.float64), n_nodes))
    return nearest_targets(graph, targets).cost


def within_horizon(network: StepNetwork, horizon: int) -> StepNetwork:
    """Keep what can be reached from a source and still reaches a sink by a horizon.

    The edges come out in one order whatever their order was, so that the answer does not depend
    on it.
    """
    size = network.supply.size
    tail, head, time = network.tail, network.head, network.travel_time
    begin = _fewest_steps(head, tail, time, network.sources, size)
    to_sink = _fewest_steps(tail, head, time, network.sinks, size)
    inside = begin + to_sink <= horizon
    kept = np.flatnonzero(
        (begin[tail] + time + to_sink[head] <= horizon) & (tail != head) & (network.room > 0)
    )
    kept = kept[np.lexsort((network.room[kept], time[kept], head[kept], tail[kept]))]
    number = np.cumsum(inside) - 1
    return StepNetwork(
        tail=number[tail[kept]],
        head=number[head[kept]],
        travel_time=time[kept],
        room=network.room[kept],
        edge=network.edge[kept],
        node=network.node[inside],
        supply=network.supply[inside],
        places=network.places[inside],
        wait_room=network.wait_room[inside],
        first=begin[inside].astype(np.int64),
        last=(horizon - to_sink[inside]).astype(np.int64),
        horizon=horizon,
    )


def edges_only(network: StepNetwork, edges: Integers) -> StepNetwork:
    """Keep all nodes and only some edges; the steps at which nodes matter stay as they are."""
    return replace(
        network,
        tail=network.tail[edges],
        head=network.head[edges],
        travel_time=network.travel_time[edges],
        room=network.room[edges],
        edge=network.edge[edges],
    )


def step_arcs(network: StepNetwork) -> StepArcs:
    """Make the arcs of the time-expanded network."""
    used = np.zeros(network.supply.size, dtype=bool)
    used[network.tail] = used[network.head] = True
    used |= (network.supply > 0) | (network.places >= 0)
    nodes = np.flatnonzero(used)
    steps = network.last[nodes] - network.first[nodes] + 1
    offset = np.full(used.size, np.iinfo(np.int64).min // 2)
    offset[nodes] = np.cumsum(steps) - steps - network.first[nodes]
    edge, edge_step = spread(np.arange(network.tail.size), network.spare + 1)
    wait, wait_step = spread(nodes, steps - 1)
    open_room = network.wait_room[wait] > 0
    wait, wait_step = wait[open_room], wait_step[open_room]
    sinks = network.sinks
    sink, sink_step = spread(sinks, network.last[sinks] - network.first[sinks] + 1)
    return StepArcs(
        edge=edge,
        edge_step=edge_step + network.first[network.tail[edge]],
        wait=wait,
        wait_step=wait_step + network.first[wait],
        sink=sink,
        sink_step=sink_step + network.first[sink],
        offset=offset,
        node_steps=int(steps.sum()),
    )


def arc_ends(network: StepNetwork, arcs: StepArcs) -> tuple[Integers, Integers]:
    """Give the node-steps at which movements and waiting begin and end, movements first."""
    begin = np.append(
        arcs.offset[network.tail[arcs.edge]] + arcs.edge_step,
        arcs.offset[arcs.wait] + arcs.wait_step,
    )
    arrive = arcs.edge_step + network.travel_time[arcs.edge]
    end = np.append(
        arcs.offset[network.head[arcs.edge]] + arrive,
        arcs.offset[arcs.wait] + arcs.wait_step + 1,
    )
    return begin, end


def _all_arcs(
    network: StepNetwork, arcs: StepArcs
) -> tuple[tuple[Integers, Integers, Integers], int, int]:
    """Give begin, end and room of all arcs, and the places where all begin and where all end."""
    sinks, sources = network.sinks, network.sources
    most = int(network.supply.sum())
    safe = np.zeros(network.supply.size, dtype=np.int64)
    safe[sinks] = arcs.node_steps + np.arange(sinks.size)
    all_end = arcs.node_steps + sinks.size
    all_begin = all_end + 1
    begin, end = arc_ends(network, arcs)
    begins = (
        begin,
        arcs.offset[arcs.sink] + arcs.sink_step,
        safe[sinks],
        np.full(sources.size, all_begin),
    )
    ends = (end, safe[arcs.sink], np.full(sinks.size, all_end), arcs.offset[sources])
    rooms = (
        network.room[arcs.edge],
        network.wait_room[arcs.wait],
        np.full(arcs.sink.size, most),
        network.places[sinks],
        network.supply[sources],
    )
    return (
        (np.concatenate(begins), np.concatenate(ends), np.concatenate(rooms)),
        all_begin,
        all_end,
    )


def cheapest_flow(network: StepNetwork, arcs: StepArcs) -> StepFlow:
    """Bring the most people to sinks, and of all such flows one of least total arrival time.

    The cost of a person is the step at which that person is safe.
    """
    (begin, end, room), all_begin, all_end = _all_arcs(network, arcs)
    inner = arcs.edge.size + arcs.wait.size
    outer = inner + arcs.sink.size
    cost = np.zeros(begin.size, dtype=np.int64)
    cost[inner:outer] = arcs.sink_step
    people = int(network.supply.sum())
    flow = cheapest_largest_flow(FlowArcs(begin, end, room, cost), all_begin, all_end, people)
    return StepFlow(
        moving=flow[: arcs.edge.size],
        waiting=flow[arcs.edge.size : inner],
        arriving=flow[inner:outer],
        leaving=flow[outer + network.sinks.size :],
    )


def most_people(network: StepNetwork) -> int:
    """Count the most people who can be safe within the horizon (maximum flow)."""
    if network.sources.size == 0:
        return 0
    (begin, end, room), all_begin, all_end = _all_arcs(network, step_arcs(network))
    return largest_flow(begin, end, room, (all_begin, all_end))[0]


def likely_edges(network: StepNetwork, horizon: int) -> Integers:
    """Find edges that a good flow is likely to use, without steps.

    Over all steps together an edge lets through no more than its room times the steps at which it
    can be entered; the cheapest flow within these bounds uses few edges, and mostly the right
    ones.
    """
    spare = network.spare - (network.horizon - horizon)
    edges = np.flatnonzero(spare >= 0)
    sinks, sources = network.sinks, network.sources
    people, size = int(network.supply.sum()), network.supply.size
    room = np.minimum(network.room[edges], people) * (spare[edges] + 1)
    ends = np.zeros(sinks.size + sources.size, dtype=np.int64)
    arcs = FlowArcs(
        np.concatenate([network.tail[edges], sinks, np.full(sources.size, size + 1)]),
        np.concatenate([network.head[edges], np.full(sinks.size, size), sources]),
        np.concatenate([room, network.places[sinks], network.supply[sources]]),
        np.append(network.travel_time[edges], ends),
    )
    flow = cheapest_largest_flow(arcs, size + 1, size, people)
    return edges[flow[: edges.size] > 0]
