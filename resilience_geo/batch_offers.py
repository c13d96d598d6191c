"""What the blocks of a run hand over to one another: plain arrays in files, nothing that is run."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from resilience_geo.analysis.allocation import Offers
from resilience_geo.analysis.placement import Rows
from resilience_geo.analysis.shelter_trees import travel_of
from resilience_geo.analysis.walks import Walks
from resilience_geo.analysis.way_pairs import Choice, WayPairs
from resilience_geo.maps.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from resilience_geo.analysis.workings import Workings

    _Arrays = dict[str, NDArray[Any]]

_ROWS = (
    "origin", "party", "people", "has_way", "row", "shelter", "seconds", "kind", "pair", "column",
)  # fmt: skip
_WALKS = ("point", "stretch", "share", "distance_m")
_CHOICE = ("entry", "toward_end", "seconds")


def save_arrays(arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write arrays to one file, whole or not at all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    room = io.BytesIO()
    np.savez(room, allow_pickle=False, **arrays)
    write_whole(path, room.getvalue())


def read_arrays(path: Path, *prefixes: str) -> _Arrays | None:
    """Return arrays of a file, all or those whose names begin so; None where it is not whole."""
    try:
        with np.load(path, allow_pickle=False) as file:
            names = [name for name in file.files if not prefixes or name.startswith(prefixes)]
            return {name: file[name] for name in names}
    except (OSError, ValueError, zipfile.BadZipFile):
        return None


def offer_arrays(offers: Offers, departure: str) -> _Arrays:
    """Return the offers of a block as arrays."""
    arrays = {f"{departure}.rows.{name}": getattr(offers.rows, name) for name in _ROWS}
    for assisted, pairs in offers.pairs.items():
        head = f"{departure}.{int(assisted)}"
        arrays[f"{head}.point"] = pairs.point
        arrays[f"{head}.shelter"] = pairs.shelter
        arrays[f"{head}.has_way"] = pairs.has_way
        for kind in ("fastest", "preferred"):
            choice = getattr(pairs, kind)
            arrays |= {f"{head}.{kind}.{name}": getattr(choice, name) for name in _CHOICE}
        arrays |= {f"{head}.entries.{name}": getattr(pairs.entries, name) for name in _WALKS}
    return arrays


def rows_in(arrays: _Arrays, departure: str) -> Rows:
    """Return the rows of a block from its arrays."""
    return Rows(**{name: arrays[f"{departure}.rows.{name}"] for name in _ROWS})


def offers_in(arrays: _Arrays, departure: str, workings: Workings) -> Offers:
    """Return the offers of a block from its arrays, on the network they were made on."""
    network = workings.network
    pairs = {}
    for assisted in (False, True):
        head = f"{departure}.{int(assisted)}"
        if f"{head}.point" not in arrays:
            continue
        fast = travel_of(network, departure, weighed=False, assisted=assisted)
        drier = fast
        if departure == "early":
            drier = travel_of(network, departure, assisted=assisted)
        fastest, preferred = (
            Choice(*(arrays[f"{head}.{kind}.{name}"] for name in _CHOICE))
            for kind in ("fastest", "preferred")
        )
        pairs[assisted] = WayPairs(
            point=arrays[f"{head}.point"],
            shelter=arrays[f"{head}.shelter"],
            fastest=fastest,
            preferred=preferred,
            entries=Walks(*(arrays[f"{head}.entries.{name}"] for name in _WALKS)),
            has_way=arrays[f"{head}.has_way"],
            travels=(drier, fast),
        )
    return Offers(pairs, rows_in(arrays, departure))


def place_arrays(workings: Workings, shelter_rows: NDArray[np.int64]) -> _Arrays:
    """Return who is in a block and the shelters of its tile, as the division of seats needs them.

    Parameters
    ----------
    workings
        Of the block.
    shelter_rows
        Position of each of its shelters in the whole layer.
    """
    places, shelters = workings.places, workings.shelter_facts.points
    points = workings.points
    return {
        "origins.x": shapely.get_x(points),
        "origins.y": shapely.get_y(points),
        "origins.people": workings.origins["evacuees"].to_numpy(dtype=np.int64),
        "origins.code": workings.origins["village_code"].to_numpy(dtype=str),
        "shelters.row": shelter_rows,
        "shelters.id": workings.layers.shelters["shelter_id"].to_numpy(dtype=str),
        "shelters.x": shapely.get_x(shelters),
        "shelters.y": shapely.get_y(shelters),
        "shelters.usable": places.usable,
        "shelters.capacity": places.capacity_people,
        "shelters.accessible": places.accessible,
        "crs": np.array(workings.network.roads.crs.to_wkt()),
    }
