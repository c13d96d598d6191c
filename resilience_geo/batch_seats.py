"""One division of seats over all villages of a run: a school is not promised to two neighbours.

Blocks find the ways of their people apart from one another; here their rows are put under one
another in the order a single plan would have them, so that the answer is that of a single plan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj

from resilience_geo.analysis.allocation import place_people
from resilience_geo.analysis.placement import Places, Rows
from resilience_geo.analysis.way_pairs import sorted_order
from resilience_geo.batch_offers import rows_in
from resilience_geo.crs import transform_points
from resilience_geo.flows.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from resilience_geo.analysis.placement import Party
    from resilience_geo.assumptions import EvacuationAssumptions

    _Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Seats:
    """Who of a block goes where.

    Parameters
    ----------
    found
        Rows and columns are those of the block; time and proof are those of the whole run.
    could_serve_people
        How many more people of the run could be served if shelters of unknown capacity had room
        for all.
    """

    found: Transport
    could_serve_people: int


def divide_seats(
    blocks: Sequence[_Arrays],
    departure: str,
    parties: Sequence[Party],
    assumptions: EvacuationAssumptions,
    *,
    n_shelters: int,
    time_limit_s: float | None = None,
) -> list[Seats]:
    """Divide the seats over the people of all blocks: the most people first, then the least time.

    Parameters
    ----------
    blocks
        Arrays of each block, from `offer_arrays` and `place_arrays`.
    departure
        `early` or `late`.
    parties
        Who travels alike, in the order of the blocks' rows; their people do not matter.
    assumptions
        The choices.
    n_shelters
        Shelters of the whole layer.
    time_limit_s
        How long to compute (s); None: until the optimum is proved.

    Returns
    -------
    list of Seats
        One per block.
    """
    parts = [rows_in(arrays, departure) for arrays in blocks]
    places = _all_places(blocks, n_shelters)
    rows, row_of = _joined(blocks, parts, places)
    found, could_serve = place_people(rows, parties, places, assumptions, time_limit_s=time_limit_s)
    shelter_at = np.argsort(rows.column)
    answers = []
    for arrays, part, row in zip(blocks, parts, row_of, strict=True):
        local = np.full(rows.people.size, -1)
        local[row] = np.arange(row.size)
        mine = local[found.row] >= 0
        column_of = np.full(n_shelters, -1)
        column_of[arrays["shelters.row"]] = part.column
        own_row, column = local[found.row[mine]], column_of[shelter_at[found.column[mine]]]
        order = np.lexsort((column, own_row))
        answers.append(
            Seats(
                replace(
                    found,
                    row=own_row[order],
                    column=column[order],
                    people=found.people[mine][order],
                    unserved_people=found.unserved_people[row],
                    price_s=np.zeros(part.column.size),
                ),
                could_serve,
            )
        )
    return answers


def seat_arrays(seats: Seats, departure: str) -> _Arrays:
    """Return the seats of a block as arrays."""
    found = seats.found
    proof = (
        float(found.proven),
        found.total_person_seconds,
        found.bound_person_seconds,
        float(seats.could_serve_people),
    )
    return {
        f"{departure}.row": found.row,
        f"{departure}.column": found.column,
        f"{departure}.people": found.people,
        f"{departure}.unserved": found.unserved_people,
        f"{departure}.proof": np.array(proof),
    }


def seats_in(arrays: _Arrays, departure: str) -> Seats:
    """Return the seats of a block from its arrays."""
    proven, total_s, bound_s, could_serve = arrays[f"{departure}.proof"].tolist()
    found = Transport(
        row=arrays[f"{departure}.row"],
        column=arrays[f"{departure}.column"],
        people=arrays[f"{departure}.people"],
        unserved_people=arrays[f"{departure}.unserved"],
        price_s=np.empty(0),
        total_person_seconds=total_s,
        bound_person_seconds=bound_s,
        proven=bool(proven),
        rounds=0,
        pairs_used=0,
    )
    return Seats(found, int(could_serve))


def _all_places(blocks: Sequence[_Arrays], n_shelters: int) -> Places:
    """Return the shelters of all blocks; those near none of them are not usable.

    They are ranked as `places_of` ranks those of a single plan.
    """
    usable, accessible = np.zeros(n_shelters, dtype=bool), np.zeros(n_shelters, dtype=bool)
    capacity = np.full(n_shelters, np.nan)
    place = np.full((2, n_shelters), np.inf)
    names = np.full(n_shelters, "", dtype=object)
    crs = str(blocks[0]["crs"])
    for arrays in blocks:
        row = arrays["shelters.row"]
        usable[row] = arrays["shelters.usable"]
        accessible[row] = arrays["shelters.accessible"]
        capacity[row] = arrays["shelters.capacity"]
        place[:, row] = _points(arrays, "shelters", crs)
        names[row] = arrays["shelters.id"]
    capacities = np.nan_to_num(capacity, nan=-1.0)
    order = np.lexsort((names.astype(str), capacities, place[1], place[0]))
    return Places(usable, capacity, accessible, np.argsort(order))


def _points(arrays: _Arrays, name: str, crs: str) -> NDArray[np.float64]:
    """Return where origins or shelters of a block are, in the CRS of the first block."""
    x, y = arrays[f"{name}.x"], arrays[f"{name}.y"]
    own = str(arrays["crs"])
    if own != crs:
        x, y = transform_points(x, y, pyproj.CRS(own), pyproj.CRS(crs))
    return np.array([x, y])


def _joined(
    blocks: Sequence[_Arrays], parts: Sequence[Rows], places: Places
) -> tuple[Rows, list[NDArray[np.int64]]]:
    """Put the rows of blocks in the order of a single plan; return also where each row went."""
    crs = str(blocks[0]["crs"])
    place = np.concatenate([_points(arrays, "origins", crs) for arrays in blocks], axis=1)
    people = np.concatenate([arrays["origins.people"] for arrays in blocks])
    code = np.concatenate([arrays["origins.code"] for arrays in blocks])
    # As `origin_rank` ranks the origins of a single plan.
    rank = np.argsort(np.lexsort((people, code, place[1], place[0])))
    before = np.cumsum([0, *(arrays["origins.people"].size for arrays in blocks)])
    origin = np.concatenate(
        [part.origin + first for part, first in zip(parts, before[:-1], strict=True)]
    )
    party = np.concatenate([part.party for part in parts])
    order = np.lexsort((rank[origin], party))
    new_row = np.argsort(order)
    row_of = np.split(new_row, np.cumsum([part.origin.size for part in parts])[:-1])
    row = np.concatenate([at[part.row] for at, part in zip(row_of, parts, strict=True)])
    shelter = np.concatenate(
        [arrays["shelters.row"][part.shelter] for arrays, part in zip(blocks, parts, strict=True)]
    )
    column = np.argsort(np.argsort(places.rank, kind="stable"), kind="stable")
    pairs = sorted_order(row, column[shelter], (origin.size, column.size))

    def joined(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts])

    rows = Rows(
        origin=origin[order],
        party=party[order],
        people=joined("people")[order],
        has_way=joined("has_way")[order],
        row=row[pairs],
        shelter=shelter[pairs],
        seconds=joined("seconds")[pairs],
        kind=joined("kind")[pairs],
        pair=pairs,
        column=column,
    )
    return rows, row_of
