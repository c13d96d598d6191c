"""How many people pass each stretch and come to each shelter, added up over the blocks of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience_geo.analysis.routes import ALLOCATED
from resilience_geo.analysis.way_lines import people_on_stretches
from resilience_geo.crs import GEOGRAPHIC, transform_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from resilience_geo.analysis.allocation import Allocation
    from resilience_geo.analysis.evacuation_network import Network

    _Arrays = dict[str, NDArray[Any]]

_PLACE = ("west", "south", "east", "north", "length")
_PLACES_OF_DEGREE = 6  # a tenth of a metre: roads of two tiles are the same to it


@dataclass(frozen=True)
class Flow:
    """People under way at a departure.

    Parameters
    ----------
    on_stretches
        People who pass each stretch of the tile's network; shape (n_stretches,).
    to_shelters
        People who come to each shelter of the whole layer; shape (n_shelters,).
    """

    on_stretches: NDArray[np.int64]
    to_shelters: NDArray[np.int64]


def flow_of(
    network: Network,
    allocation: Allocation,
    shelter_rows: NDArray[np.int64],
    n_shelters: int,
) -> Flow:
    """Return the people of an allocation who are under way.

    Parameters
    ----------
    network
        Of the tile.
    allocation
        On that network.
    shelter_rows
        Position in the whole layer of each shelter of the tile.
    n_shelters
        Shelters of the whole layer.
    """
    people = np.where(allocation.status == ALLOCATED, allocation.people, 0)
    some = np.flatnonzero(people)
    arrived = np.bincount(
        shelter_rows[allocation.ways.shelter[some]], people[some], minlength=n_shelters
    )
    return Flow(
        people_on_stretches(network, allocation.ways, people, allocation.steps),
        np.round(arrived).astype(np.int64),
    )


def flow_arrays(flow: Flow, departure: str, network: Network, *, named: bool) -> _Arrays:
    """Return a flow as arrays; `named` stretches are found in the networks of other tiles too."""
    stretch = np.flatnonzero(flow.on_stretches)
    shelter = np.flatnonzero(flow.to_shelters)
    arrays: _Arrays = {
        f"{departure}.stretch": stretch,
        f"{departure}.people": flow.on_stretches[stretch],
        f"{departure}.shelter": shelter,
        f"{departure}.arrived": flow.to_shelters[shelter],
    }
    if named:
        stretches = network.stretches
        road = stretches.road[stretch]
        places = road_places(network, road)
        arrays |= {f"{departure}.{name}": places[name].to_numpy() for name in _PLACE}
        arrays[f"{departure}.from_m"] = stretches.start_m[stretch]
        arrays[f"{departure}.to_m"] = stretches.end_m[stretch]
    return arrays


def road_places(network: Network, road: NDArray[np.int64]) -> pd.DataFrame:
    """Return by which place a road is known in every tile: where it begins and ends, its length."""
    roads = network.roads
    first, last = roads.offsets[:-1][road], roads.offsets[1:][road] - 1
    west, south = transform_points(roads.x[first], roads.y[first], roads.crs, GEOGRAPHIC)
    east, north = transform_points(roads.x[last], roads.y[last], roads.crs, GEOGRAPHIC)
    table = pd.DataFrame({"west": west, "south": south, "east": east, "north": north})
    table = table.round(_PLACES_OF_DEGREE) + 0.0  # no negative nought
    return table.assign(length=np.round(roads.length_m[road], 1))


def tile_totals(
    network: Network,
    own: Sequence[_Arrays],
    others: Sequence[_Arrays],
    departure: str,
    n_shelters: int,
) -> Flow:
    """Return the people of all blocks under way on the network of a tile, and to all shelters.

    Parameters
    ----------
    network
        Of the tile.
    own, others
        Arrays of the blocks of this tile, and of those of other tiles.
    departure
        `early` or `late`.
    n_shelters
        Shelters of the whole layer.
    """
    on_stretches = np.zeros(network.stretches.road.size, dtype=np.int64)
    to_shelters = np.zeros(n_shelters, dtype=np.int64)
    for arrays in own:
        on_stretches[arrays[f"{departure}.stretch"]] += arrays[f"{departure}.people"]
    for arrays in (*own, *others):
        to_shelters[arrays[f"{departure}.shelter"]] += arrays[f"{departure}.arrived"]
    if others:
        on_stretches += _of_others(network, others, departure)
    return Flow(on_stretches, to_shelters)


def _of_others(network: Network, others: Sequence[_Arrays], departure: str) -> NDArray[np.int64]:
    """Return the people of other tiles on each stretch: who passes the middle of it."""
    stretches = network.stretches
    columns = (*_PLACE, "from_m", "to_m", "people")
    passing = pd.DataFrame(
        {
            name: np.concatenate([arrays[f"{departure}.{name}"] for arrays in others])
            for name in columns
        }
    )
    mine = road_places(network, stretches.road)
    mine["stretch"] = np.arange(stretches.road.size)
    mine["middle"] = (stretches.start_m + stretches.end_m) / 2.0
    found = mine.merge(passing, on=list(_PLACE))
    found = found[(found["from_m"] <= found["middle"]) & (found["middle"] <= found["to_m"])]
    people = np.bincount(
        found["stretch"].to_numpy(), found["people"].to_numpy(), minlength=stretches.road.size
    )
    return np.round(people).astype(np.int64)
