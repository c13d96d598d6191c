"""Of all best flows, one in which people walk least.

The arrival times of a best flow do not say whether someone waits at home or walks up and down a
street instead. The prices do say what every best flow has in common: movements towards a dearer
place carry nobody, movements to a cheaper place are full (complementary slackness). What is left is
free, and there the flow with the least walking is chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.flows.flow_solvers import FlowArcs, cheapest_flow_of
from resilience_geo.flows.time_expanded_arcs import StepFlow, arc_ends

if TYPE_CHECKING:
    from resilience_geo.flows.time_expanded_arcs import Integers, StepArcs, StepNetwork
    from resilience_geo.flows.time_expanded_proof import Prices

_LARGEST_COST = 2**55
"""Cost times nodes that the solver can still count; beyond it waiting counts for more."""


def _choices(
    network: StepNetwork, arcs: StepArcs, price: Prices
) -> tuple[Integers, Integers, Integers, Integers]:
    """Give begin, end, room and gain of movements, waiting and arrivals, in this order.

    The gain is the price at the begin less that at the end: below 0 nobody moves in any best flow,
    above 0 as many as there is room for.
    """
    begin, end = arc_ends(network, arcs)
    place = np.full(network.supply.size, -1)
    place[network.sinks] = np.arange(network.sinks.size)
    sink = place[arcs.sink]
    arrival = arcs.offset[arcs.sink] + arcs.sink_step
    gain = np.append(
        price.at[begin] - price.at[end],
        price.at[arrival] - (arcs.sink_step + price.at_sink[sink]),
    )
    most = np.full(arcs.sink.size, network.supply.sum())
    room = np.concatenate([network.room[arcs.edge], network.wait_room[arcs.wait], most])
    return np.append(begin, arrival), np.append(end, arcs.node_steps + sink), room, gain


def least_walking(network: StepNetwork, arcs: StepArcs, flow: StepFlow, price: Prices) -> StepFlow:
    """Find a best flow in which people walk the fewest steps, then along the fewest edges.

    Parameters
    ----------
    network, arcs
        Of the flow.
    flow
        A best flow on these edges.
    price
        Its prices.

    Returns
    -------
    StepFlow
        As many people of each source, to each sink, and the same total arrival time.
    """
    begin, end, room, gain = _choices(network, arcs, price)
    people = np.concatenate([flow.moving, flow.waiting, flow.arriving])
    free = np.flatnonzero(gain == 0)
    held = np.where(gain == 0, 0, people)
    # Steps to a sink while waiting, and any walking far above all of one person's waiting.
    to_sink = network.horizon - network.last
    slowest = 2 * int(network.travel_time.max(initial=0)) + 1
    heavy = network.horizon * int(to_sink.max(initial=0)) + 1
    heavy = min(heavy, max(1, _LARGEST_COST // (slowest * (arcs.node_steps + 1))))
    cost = np.zeros(gain.size, dtype=np.int64)
    cost[: arcs.edge.size] = (2 * network.travel_time[arcs.edge] + 1) * heavy
    cost[arcs.edge.size : gain.size - arcs.sink.size] = to_sink[arcs.wait]
    # What each node-step gives to the free part: its own people and what is held on others.
    size = arcs.node_steps + network.sinks.size
    given = np.zeros(size, dtype=np.int64)
    given[arcs.offset[network.sources]] = flow.leaving
    np.add.at(given, end, held)
    np.subtract.at(given, begin, held)
    taken = np.zeros(size, dtype=np.int64)
    np.add.at(taken, end[gain.size - arcs.sink.size :], flow.arriving)
    given -= taken
    if free.size:
        inner = FlowArcs(begin[free], end[free], room[free], cost[free])
        people[free] = cheapest_flow_of(inner, given)
    waits, ends = arcs.edge.size, arcs.edge.size + arcs.wait.size
    return StepFlow(people[:waits], people[waits:ends], people[ends:], flow.leaving)
