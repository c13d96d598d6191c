"""Who is stranded or delayed when a road is lost: every road that anybody passes, one by one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.analysis.evacuation_network import travel_at
from resilience_geo.analysis.replacement_ways import (
    RoadArcs,
    costs_without,
    near_tree,
    numbers_in,
    road_arcs,
    roads_ahead,
)
from resilience_geo.flows.ways import Arcs, nearest_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network, Travel, Ways
    from resilience_geo.analysis.replacement_ways import NearTree
    from resilience_geo.analysis.way_steps import Steps
    from resilience_geo.flows.ways import WayTree

# Rounding of sums; a way that is longer by less is not longer.
_SAME_TIME_S = 1e-6
# How far beyond the farthest way a search looks at first, and how it widens where that was not
# enough.
_FIRST_DETOUR, _FIRST_DETOUR_S, _WIDENING = 1.3, 300.0, 3.0


@dataclass(frozen=True)
class RoadLosses:
    """What the loss of each road that anybody passes does: arrays of equal length.

    Parameters
    ----------
    road
        Position of the road, rising.
    people
        People who pass it.
    stranded_people
        Of them, those with no way left to their shelter within the time limit.
    cut_off_people
        Of the stranded, those with no way to any usable shelter, however long.
    delayed_people
        Those whose best way left is longer.
    delay_person_s
        By how much, all together (s).
    """

    road: NDArray[np.int64]
    people: NDArray[np.int64]
    stranded_people: NDArray[np.int64]
    cut_off_people: NDArray[np.int64]
    delayed_people: NDArray[np.int64]
    delay_person_s: NDArray[np.float64]


@dataclass(frozen=True)
class _Rules:
    """The network as it can be travelled, with its arcs by road."""

    travel: Travel
    arcs: RoadArcs
    heaviest: float


@dataclass(frozen=True)
class _Entries:
    """Where people enter the roads, and toward which end of the stretch their plan sends them."""

    stretch: NDArray[np.int64]
    share: NDArray[np.float64]
    toward_end: NDArray[np.bool_]

    def rows(self, chosen: NDArray[np.int64]) -> _Entries:
        """Keep some rows."""
        return _Entries(self.stretch[chosen], self.share[chosen], self.toward_end[chosen])

    def node(self, network: Network) -> NDArray[np.int64]:
        """Return the end of the stretch to which people walk."""
        stretches = network.stretches
        return np.where(self.toward_end, stretches.end[self.stretch], stretches.start[self.stretch])

    @property
    def walked(self) -> NDArray[np.bool_]:
        """Whether any part of the stretch is walked."""
        part = np.where(self.toward_end, 1.0 - self.share, self.share)
        some: NDArray[np.bool_] = part > 0.0
        return some


@dataclass(frozen=True)
class _Cases:
    """A way and a road it passes, which is lost."""

    way: NDArray[np.int64]
    road: NDArray[np.int64]
    seconds: NDArray[np.float64]
    """Of the best way left, from door to door; infinite where there is none."""
    assisted: NDArray[np.bool_]
    """Whether it is travelled by people who need assistance."""


@dataclass(frozen=True)
class _Exits:
    """Nodes by which the people of a case may still leave, and what it takes to get there."""

    case: NDArray[np.int64]
    node: NDArray[np.int64]
    cost: NDArray[np.float64]
    seconds: NDArray[np.float64]

    def of(self, is_open: NDArray[np.bool_]) -> _Exits:
        """Keep those of some cases."""
        kept = is_open[self.case]
        return _Exits(self.case[kept], self.node[kept], self.cost[kept], self.seconds[kept])


def road_losses(
    network: Network,
    ways: Ways,
    people: NDArray[np.int64],
    *,
    departure: str,
    shelters: NDArray[np.bool_],
    time_limit_s: float,
    steps: Steps | None = None,
    pace: NDArray[np.float64] | None = None,
) -> RoadLosses:
    """Lose every road that anybody passes, one at a time, and find the ways that are left.

    People keep their shelter (on a tree to several shelters: the nearest of them) and the place
    where they enter the roads. They take the way that is best by the rule by which the plan chose
    theirs: early that of least weighed time, or the fastest where that one is longer than the time
    limit; late the fastest. A road is lost whole, with all its stretches, both ways. Who lives on
    it cannot know where ahead of them it is broken, and walks back along it to its other end.

    A road that nobody passes changes nothing when lost, and is not listed. Trees of ways must
    reach as far as ways within the time limit do.

    Parameters
    ----------
    network
        From `build_network`.
    ways, people
        Ways, and how many go each (people); those without a shelter or without people are left out.
    departure
        `early` or `late`.
    shelters
        Which shelters are usable; who is cut off has a way to none of them.
    time_limit_s
        Longest travel time (s).
    steps
        Stretches the ways pass, where they are known; else those on the trees of ways.
    pace
        How many seconds each way's people need where `ways` has one; 1 by default.

    Raises
    ------
    ValueError
        A tree of ways was not searched on a network of this departure.
    """
    slower = np.ones(ways.shelter.size) if pace is None else pace
    limit_s = (time_limit_s + _SAME_TIME_S) / slower
    walk_s = ways.walk_to_road_m / network.assumptions.walking_speed_mps
    all_rules = _all_rules(network, departure)
    chosen = np.flatnonzero((ways.shelter >= 0) & (people > 0))
    chosen = chosen[np.argsort(ways.tree[chosen], kind="stable")]
    numbers, first = np.unique(ways.tree[chosen], return_index=True)
    passed = None if steps is None else _roads_of_steps(network, steps, ways.shelter.size)
    toward_end = ways.toward_end.copy()
    parts = [_Cases(chosen[:0], chosen[:0], np.empty(0), np.empty(0, dtype=bool))]
    for number, mine in zip(numbers, np.split(chosen, first[1:]), strict=numbers.size > 0):
        tree, arc_stretch = ways.trees[int(number)]
        rules = _rules_of(all_rules, tree, arc_stretch)
        entries = _Entries(ways.stretch[mine], ways.share[mine], toward_end[mine])
        entries = _as_walked(network, tree, arc_stretch, entries)
        toward_end[mine] = entries.toward_end
        roads = None if passed is None else (passed[0][mine], passed[0][mine + 1], passed[1])
        left_s = limit_s[mine] - walk_s[mine]
        case, road, seconds = _lost_on_tree(
            network, (all_rules, rules), tree, entries, roads=roads, limit_s=left_s
        )
        assisted = np.full(case.size, rules.travel.assisted)
        parts.append(_Cases(mine[case], road, walk_s[mine][case] + seconds, assisted))
    names = [field.name for field in fields(_Cases)]
    cases = _Cases(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    stranded = (cases.seconds > limit_s[cases.way]) | np.isinf(cases.seconds)
    entries = _Entries(ways.stretch, ways.share, toward_end)
    cut_off = _cut_off(network, all_rules, entries, cases, stranded, shelters)
    extra_s = (cases.seconds - ways.travel_time_s[cases.way]) * slower[cases.way]
    delayed = ~stranded & (extra_s > _SAME_TIME_S)
    return _summed(cases.road, people[cases.way], (stranded, cut_off, delayed), extra_s)


def _all_rules(network: Network, departure: str) -> tuple[_Rules, ...]:
    """Return every network a way of a departure may have been searched on; fastest ways last."""
    some_assisted = network.stretches.assisted_state is not None
    return tuple(
        _make_rules(network, travel_at(network, departure, weighed=weighed, assisted=assisted))
        for assisted in ((False, True) if some_assisted else (False,))
        for weighed in ((True, False) if departure == "early" else (False,))
    )


def _make_rules(network: Network, travel: Travel) -> _Rules:
    """Put the arcs of a network in order for the loss of roads."""
    stretches, access = network.stretches, network.accesses[travel.key]
    # The arcs of `travel_at`: stretches forward, stretches backward, walks to shelters.
    stretch = travel.arc_stretch
    forward = stretch[: int((stretch >= 0).sum()) // 2]
    start, end = stretches.start[forward], stretches.end[forward]
    on_road = stretch >= 0
    weight = np.where(on_road, travel.times[2][stretch], 1.0)
    arcs = Arcs(
        tail=np.concatenate([start, end, access.node]),
        head=np.concatenate([end, start, stretches.n_nodes + access.shelter]),
        cost=travel.arc_values[0] * weight,
        n_nodes=stretches.n_nodes + network.n_shelters,
    )
    road = np.where(on_road, stretches.road[stretch], -1)
    heaviest = float(travel.times[2][travel.allowed].max(initial=1.0))
    return _Rules(travel, road_arcs(arcs, travel.arc_values[0], road), heaviest)


def _rules_of(
    all_rules: tuple[_Rules, ...], tree: WayTree, arc_stretch: NDArray[np.int64]
) -> _Rules:
    """Return the network a tree was searched on."""
    for rules in all_rules:
        same = np.array_equal(rules.travel.arc_stretch, arc_stretch)
        if same and np.array_equal(rules.travel.graph.matrix.data, tree.graph.matrix.data):
            return rules
    message = "the tree of ways was not searched on a network of this departure"
    raise ValueError(message)


def _roads_of_steps(
    network: Network, steps: Steps, n_ways: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the roads on which ways take steps, and where those of each way begin."""
    road = network.stretches.road[steps.stretch]
    key = np.unique(steps.owner * network.roads.n_roads + road)
    counts = np.bincount(key // network.roads.n_roads, minlength=n_ways)
    return np.append(0, np.cumsum(counts)), key % network.roads.n_roads


def _as_walked(
    network: Network, tree: WayTree, arc_stretch: NDArray[np.int64], entries: _Entries
) -> _Entries:
    """Return entries so that who enters at the end of a stretch and turns there walks all of it."""
    still = np.flatnonzero(~entries.walked)
    node = entries.node(network)[still]
    ahead = tree.before[node].astype(np.int64)
    still, node, ahead = still[ahead >= 0], node[ahead >= 0], ahead[ahead >= 0]
    turns = still[arc_stretch[tree.graph.arcs(node, ahead)] == entries.stretch[still]]
    toward_end = entries.toward_end.copy()
    toward_end[turns] ^= True
    return _Entries(entries.stretch, entries.share, toward_end)


def _lost_on_tree(
    network: Network,
    rules: tuple[tuple[_Rules, ...], _Rules],
    tree: WayTree,
    entries: _Entries,
    *,
    roads: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None,
    limit_s: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Lose each road that the ways on one tree pass: way, road, and seconds on the roads left."""
    all_rules, own = rules
    node = entries.node(network)
    farthest = float(tree.cost[node].max(initial=0.0))
    longest_s = float(limit_s.max(initial=0.0))
    bound = _FIRST_DETOUR * farthest + _FIRST_DETOUR_S
    # A way within the limit weighs at most so many times the limit.
    most = max(own.heaviest * longest_s, farthest)
    near = near_tree(tree, own.arcs, min(bound, most))
    if roads is None:
        case, road = roads_ahead(near, node)
    else:
        case, at = numbers_in(roads[0], roads[1])
        road = roads[2][at]
    lives = np.flatnonzero(entries.walked)
    case = np.concatenate([case, lives])
    road = np.concatenate([road, network.stretches.road[entries.stretch[lives]]])
    key = np.unique(case * network.roads.n_roads + road)
    case, road = key // network.roads.n_roads, key % network.roads.n_roads
    exits = _exits(network, own.travel, entries.rows(case), road)
    seconds = _seconds_left(tree, own.arcs, near, exits, road, most=most)
    slow = np.flatnonzero(seconds > limit_s[case])
    if own.heaviest > 1.0 and slow.size:
        direct = next(
            one
            for one in reversed(all_rules)
            if one.travel.assisted == own.travel.assisted and one.heaviest == 1.0
        )
        targets = np.flatnonzero(np.isfinite(tree.cost) & (tree.before < 0))
        fastest = nearest_targets(direct.travel.graph, targets)
        near = near_tree(fastest, direct.arcs, longest_s)
        exits = _exits(network, direct.travel, entries.rows(case[slow]), road[slow])
        seconds[slow] = _seconds_left(fastest, direct.arcs, near, exits, road[slow], most=longest_s)
    return case, road, seconds


def _exits(network: Network, travel: Travel, entries: _Entries, lost: NDArray[np.int64]) -> _Exits:
    """Return how the people of each case may still get from their entry to a node."""
    stretches = network.stretches
    forward_s, backward_s, weight = travel.times
    stretch, share = entries.stretch, entries.share
    case = np.arange(stretch.size)
    own = stretches.road[stretch] == lost
    with np.errstate(invalid="ignore"):
        to_start_s = np.where(share > 0.0, backward_s[stretch] * share, 0.0)
        to_end_s = np.where(share < 1.0, forward_s[stretch] * (1.0 - share), 0.0)
    # Nobody on the lost road may go on, except who stands at its end or at a cut in it.
    by_start = ~own | entries.toward_end | ~entries.walked
    by_end = ~own | ~entries.toward_end | ~entries.walked
    parts = [
        (case[by_start], stretches.start[stretch[by_start]], to_start_s[by_start]),
        (case[by_end], stretches.end[stretch[by_end]], to_end_s[by_end]),
    ]
    found = [
        _Exits(some, node, seconds * weight[stretch[some]], seconds)
        for some, node, seconds in parts
    ]
    # Back along the lost road, stretch by stretch, to its other end.
    here = case[own]
    back = np.where(entries.toward_end[here], -1, 1)
    seconds = np.where(back < 0, to_start_s[here], to_end_s[here])
    cost = seconds * weight[stretch[here]]
    at = stretch[here]
    node = np.where(back < 0, stretches.start[at], stretches.end[at])
    while True:
        following = np.clip(at + back, 0, stretches.road.size - 1)
        joins = np.where(back < 0, stretches.end[following], stretches.start[following]) == node
        step_s = np.where(back < 0, backward_s[following], forward_s[following])
        goes = (following != at) & (stretches.road[following] == lost[here]) & joins
        goes &= travel.allowed[following] & np.isfinite(seconds + step_s)
        if not goes.any():
            break
        here, back, at = here[goes], back[goes], following[goes]
        seconds = seconds[goes] + step_s[goes]
        cost = cost[goes] + (step_s[goes] * weight[at])
        node = np.where(back < 0, stretches.start[at], stretches.end[at])
        found.append(_Exits(here, node, cost, seconds))
    names = [field.name for field in fields(_Exits)]
    exits = _Exits(*(np.concatenate([getattr(part, name) for part in found]) for name in names))
    kept = np.flatnonzero(np.isfinite(exits.cost))
    return _Exits(exits.case[kept], exits.node[kept], exits.cost[kept], exits.seconds[kept])


def _seconds_left(
    tree: WayTree,
    arcs: RoadArcs,
    near: NearTree,
    exits: _Exits,
    lost: NDArray[np.int64],
    *,
    most: float,
) -> NDArray[np.float64]:
    """Return the seconds of the cheapest way left of each case, from where the roads are entered.

    The search goes as far from the shelter as `near` does; where the answer lies farther, it goes
    farther, up to cost `most`. What costs more counts as no way.
    """
    seconds = np.full(lost.size, np.inf)
    is_open = np.ones(lost.size, dtype=bool)
    n_nodes = tree.cost.size
    while True:
        exits = exits.of(is_open)
        key, question = np.unique(lost[exits.case] * n_nodes + exits.node, return_inverse=True)
        cost, after_s, is_true = costs_without(near, arcs, key // n_nodes, key % n_nodes)
        total = exits.cost + cost[question]
        order = np.lexsort((total, exits.case))
        best = order[np.append(True, np.diff(exits.case[order]) != 0)[: order.size]]
        case = exits.case[best]
        unsure = np.bincount(exits.case[~is_true[question]], minlength=lost.size) > 0
        settled = (total[best] <= near.bound) | ~unsure[case]
        right = best[settled]
        seconds[exits.case[right]] = exits.seconds[right] + after_s[question[right]]
        is_open[:] = False
        is_open[case[~settled]] = True
        if near.bound >= most or not is_open.any():
            return seconds
        near = near_tree(tree, arcs, min(near.bound * _WIDENING, most))


def _cut_off(
    network: Network,
    all_rules: tuple[_Rules, ...],
    entries: _Entries,
    cases: _Cases,
    stranded: NDArray[np.bool_],
    shelters: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Say who of the stranded has no way to any usable shelter, however long."""
    cut_off = np.zeros(stranded.size, dtype=bool)
    targets = network.stretches.n_nodes + np.flatnonzero(shelters)
    for rules in all_rules:
        mine = np.flatnonzero(stranded & (cases.assisted == rules.travel.assisted))
        if rules.heaviest > 1.0 or mine.size == 0:
            continue
        tree = nearest_targets(rules.travel.graph, targets)
        near = near_tree(tree, rules.arcs, np.inf)
        lost = cases.road[mine]
        exits = _exits(network, rules.travel, entries.rows(cases.way[mine]), lost)
        left_s = _seconds_left(tree, rules.arcs, near, exits, lost, most=np.inf)
        cut_off[mine] = np.isinf(left_s)
    return cut_off


def _summed(
    lost: NDArray[np.int64],
    people: NDArray[np.int64],
    outcomes: tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]],
    extra_s: NDArray[np.float64],
) -> RoadLosses:
    """Sum people of cases by road: stranded, cut off, delayed and by how much."""
    road, owner = np.unique(lost, return_inverse=True)

    def count(which: NDArray[np.bool_]) -> NDArray[np.int64]:
        sums = np.bincount(owner[which], people[which], minlength=road.size)
        return np.round(sums).astype(np.int64)

    stranded, cut_off, delayed = outcomes
    late_s = people[delayed] * extra_s[delayed]
    return RoadLosses(
        road=road,
        people=count(np.ones(owner.size, dtype=bool)),
        stranded_people=count(stranded),
        cut_off_people=count(cut_off),
        delayed_people=count(delayed),
        delay_person_s=np.bincount(owner[delayed], late_s, minlength=road.size).astype(np.float64),
    )
