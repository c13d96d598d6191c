"""Critical roads and bridges: those whose loss strands or delays most people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np

from resilience_geo.analysis.road_losses import road_losses
from resilience_geo.errors import AssumptionError, Message, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.network import Roads


def critical_roads(
    plan: Any, *, departure: str = "early", count: int | None = None
) -> gpd.GeoDataFrame:
    """Rank the roads and bridges of a plan by what their loss does to the people it sends away.

    Every road that anybody passes is tried, and every bridge, one at a time; a road that nobody
    passes changes nothing when it is lost. The numbers are exact for the plan's ways, not sampled.

    A road is lost whole, both ways, from crossing to crossing. People keep the shelter in which
    the plan gave them a place, and the place where they enter the roads. They take the best way
    left by the rule by which the plan chose theirs: early the way of least time with time in
    hazard weighed up, or the fastest where that one is longer than the time limit; late the
    fastest over what is open. Who lives on the lost road cannot know where ahead of them it is
    broken, and goes back along it to its other end. Others may leave their own road by either end.

    Parameters
    ----------
    plan
        From `plan_evacuation`.
    departure
        `early` or `late`; the plan must have it.
    count
        How many rows to return; all by default.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per road in the plan's metric CRS, worst first: most stranded people, then most
        delay, then most people who pass. `rank` (from 1), `road_id` (as in `plan.roads`), `name`,
        `highway`, `bridge` (as tagged), `is_cut_edge` (the roads of the mode fall apart without
        it, hazard or not), `people` (who pass it), `stranded_people` (no way left to their shelter
        within the time limit), `cut_off_people` (of the stranded, those with no way to any usable
        shelter, however long), `delayed_people` (a way is left, but a longer one),
        `delay_person_min` (by how much, all together), `mean_delay_min` (per person delayed; NaN
        where nobody is), `length_m`, `geometry`.

    Raises
    ------
    AssumptionError
        The plan does not have that departure or was not kept with its workings, or `count` is
        below 1.

    Notes
    -----
    What counts is as in Jenelius, Petersen and Mattsson (2006, Importance and exposure in road
    network vulnerability analysis, Transportation Research Part A 40, 537-560): the demand that
    stays unsatisfied when a link is closed, and the rise in travel time of the rest. Here demand is
    people with a place in a shelter. Nobody is given another shelter, and roads do not get slower
    as more people use them.
    """
    served, network, usable = _workings_of(plan, departure, count)
    ways = served.ways
    measured = np.isfinite(served.travel_time_s) & (ways.travel_time_s > 0.0)
    pace = np.ones(ways.shelter.size)
    pace[measured] = served.travel_time_s[measured] / ways.travel_time_s[measured]
    losses = road_losses(
        network,
        ways,
        served.people,
        departure=departure,
        shelters=usable,
        time_limit_s=network.assumptions.time_limit_min * 60.0,
        steps=served.steps,
        pace=pace,
    )
    roads = network.roads
    open_to_mode = roads.usable(network.assumptions.mode)
    road = np.union1d(losses.road, np.flatnonzero(roads.bridge & open_to_mode)).astype(np.int64)
    at = np.searchsorted(road, losses.road)

    def spread(values: NDArray[Any]) -> NDArray[Any]:
        filled = np.zeros(road.size, dtype=values.dtype)
        filled[at] = values
        return filled

    people, stranded = spread(losses.people), spread(losses.stranded_people)
    delayed = spread(losses.delayed_people)
    # Millionths of a minute are rounding, and must not decide the order.
    delay_min = np.round(spread(losses.delay_person_s) / 60.0, 6)
    mean_min = np.full(road.size, np.nan)
    mean_min[delayed > 0] = delay_min[delayed > 0] / delayed[delayed > 0]
    order = np.lexsort((road, -people, -delay_min, -stranded))[:count]
    columns = {
        "road_id": road,
        "name": roads.name[road],
        "highway": roads.highway[road],
        "bridge": roads.bridge[road],
        "is_cut_edge": cut_edges(roads, open_to_mode)[road],
        "people": people,
        "stranded_people": stranded,
        "cut_off_people": spread(losses.cut_off_people),
        "delayed_people": delayed,
        "delay_person_min": delay_min,
        "mean_delay_min": mean_min,
        "length_m": roads.length_m[road],
    }
    table = {"rank": np.arange(1, order.size + 1)}
    table |= {name: values[order] for name, values in columns.items()}
    return gpd.GeoDataFrame(table, geometry=roads.geometries()[road[order]], crs=roads.crs)


def cut_edges(roads: Roads, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which roads a network falls apart without (its bridges, in the sense of graphs).

    Parameters
    ----------
    roads
        From `road_arrays`; two roads between the same crossings stand in for each other.
    usable
        Which roads belong to the network.
    """
    result = np.zeros(roads.n_roads, dtype=bool)
    some = np.flatnonzero(usable & (roads.start != roads.end))
    low = np.minimum(roads.start[some], roads.end[some])
    high = np.maximum(roads.start[some], roads.end[some])
    pairs, owner, counts = np.unique(
        np.column_stack([low, high]), axis=0, return_inverse=True, return_counts=True
    )
    cut = {tuple(sorted(pair)) for pair in nx.bridges(nx.Graph(pairs.tolist()))}
    is_cut = np.array([tuple(pair) in cut for pair in pairs.tolist()], dtype=bool)
    result[some] = (is_cut & (counts == 1))[owner.ravel()]
    return result


def _workings_of(plan: Any, departure: str, count: int | None) -> tuple[Any, Any, Any]:
    """Return the allocation of a departure, the network, and which shelters are usable."""
    workings = plan.workings
    if workings is None:
        raise AssumptionError(
            Problem(
                found=Message("a plan without its workings"),
                expected=Message("a plan as plan_evacuation returns it"),
                remedy=Message("make the plan again with plan_evacuation"),
            )
        )
    if departure not in workings.served:
        raise AssumptionError(
            Problem(
                found=Message("departure {departure}", departure=repr(departure)),
                expected=Message("one of {names}", names=", ".join(workings.served)),
                remedy=Message("choose one of them"),
            )
        )
    if count is not None and count < 1:
        raise AssumptionError(
            Problem(
                found=Message("count={count}", count=count),
                expected=Message("a whole number, 1 or more"),
                remedy=Message("ask for one road or more, or leave count out for all"),
            )
        )
    return workings.served[departure], workings.network, workings.places.usable
