"""Where the people of each dusun, RW or RT go, in what time, and who of them needs help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience_geo.analysis.coverage import shelter_coverage
from resilience_geo.analysis.groups import GROUPS, split_by_group
from resilience_geo.analysis.settlement_places import origin_settlements, settlement_of
from resilience_geo.inputs.vulnerable_columns import VULNERABLE_GROUPS
from resilience_geo.tables import UNSERVED_CAUSES, check_columns

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["origin_settlements", "settlement_answers", "settlement_needs", "settlement_of"]

_STATUSES = ("allocated", *UNSERVED_CAUSES)
_MEASURES = ("distance_m", "hazardous_m", "unknown_m")
# People outside all settlements are listed after those inside.
_AFTER_ALL = np.iinfo(np.int64).max
_SECOND = 2


def settlement_answers(
    origins: gpd.GeoDataFrame,
    routes: gpd.GeoDataFrame,
    settlements: gpd.GeoDataFrame | None,
    villages: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Return where the people of each settlement go, how long it takes them, and who cannot.

    Parameters
    ----------
    origins, routes, villages
        Tables of a plan, of one departure or of both.
    settlements
        From `read_settlements`; None: every village is one settlement.

    Returns
    -------
    pandas.DataFrame
        One row per departure, village, settlement and shelter, and one per cause where people have
        no place. A settlement that reaches into two villages has rows in both. In the order of the
        villages and of the settlements, shelters of most people first, causes last:

        - `departure`, only where `origins` has it;
        - `settlement`: position in `settlements` (without them, of the village); -1 for people of
          the village outside all of them;
        - `village_code`, `status` (`allocated` or the cause), `shelter_id` ("" without a place);
        - `evacuees` (people); they sum to those of `origins`;
        - `travel_time_s`: what at least half of them need at most, and `longest_travel_time_s` (s);
        - `second_route_people`: those of them who have a second way out;
        - `route_id`: the main route of the origin with most people, "" where there is none, and of
          it `route_travel_time_s` (s), `distance_m`, `hazardous_m` and `unknown_m` (m).

    Raises
    ------
    ColumnError
        A table lacks a column.
    """
    wanted = ("origin_id", "village_code", "evacuees", "status", "shelter_id", "travel_time_s")
    check_columns(origins, wanted, "origins")
    wanted = ("route_id", "origin_id", "shelter_id", "rank", "travel_time_s", "distance_m")
    check_columns(routes, (*wanted, "hazardous_m", "unknown_m"), "routes")
    people = origins["evacuees"].to_numpy(dtype=np.int64)
    seconds = origins["travel_time_s"].to_numpy(dtype=np.float64)
    table, row = _grouped(origins, people, settlements, villages)
    size = len(table)
    longest_s = np.full(size, -np.inf)
    np.fmax.at(longest_s, row, seconds)
    # A row of this table is to the median what a village is in the plan.
    spread = shelter_coverage(origins.assign(village_code=row), pd.RangeIndex(size))
    route = _main_route(origins, routes)
    second = _has_second(origins, routes, route)
    lead = route[_leading_rows(origins, row, people)]
    table["travel_time_s"] = spread["median_travel_time_s"].to_numpy()
    table["longest_travel_time_s"] = np.where(np.isfinite(longest_s), longest_s, np.nan)
    table["second_route_people"] = _sums(row[second], people[second], size)
    ids = np.append(routes["route_id"].to_numpy(dtype=object), "")[lead]
    table["route_id"] = pd.array(ids, dtype="str")
    for name in ("travel_time_s", *_MEASURES):
        values = np.append(routes[name].to_numpy(dtype=np.float64), np.nan)[lead]
        table[name if name in _MEASURES else f"route_{name}"] = values
    return table


def _sums(row: NDArray[np.int64], people: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Sum whole people by row."""
    return np.round(np.bincount(row, people, minlength=size)).astype(np.int64)


def _after_all(settlement: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return numbers of settlements that sort people outside all of them last."""
    return np.where(settlement < 0, _AFTER_ALL, settlement)


def _grouped(
    origins: gpd.GeoDataFrame,
    people: NDArray[np.int64],
    settlements: gpd.GeoDataFrame | None,
    villages: gpd.GeoDataFrame,
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Return the rows of the answers with their people, and the row of each origin."""
    village = villages.index.get_indexer(pd.Index(origins["village_code"]))
    settlement = origin_settlements(origins, settlements, villages)
    both = "departure" in origins.columns
    departure, departures = pd.factorize(origins["departure"] if both else np.zeros(len(origins)))
    status = pd.Index(_STATUSES).get_indexer(pd.Index(origins["status"]))
    shelter, shelters = pd.factorize(_shelter_ids(origins), sort=True)
    keys, row = np.unique(
        np.column_stack([departure, village, _after_all(settlement), status, shelter]),
        axis=0,
        return_inverse=True,
    )
    row = row.reshape(-1)
    count = _sums(row, people, len(keys))
    order = np.lexsort((keys[:, 4], -count, *keys[:, 3::-1].T))
    new = np.empty_like(order)
    new[order] = np.arange(order.size)
    keys, count = keys[order], count[order]
    table: dict[str, Any] = {"departure": departures[keys[:, 0]]} if both else {}
    table["settlement"] = np.where(keys[:, 2] == _AFTER_ALL, -1, keys[:, 2])
    table["village_code"] = villages.index[keys[:, 1]]
    table["status"] = pd.array(np.array(_STATUSES, dtype=object)[keys[:, 3]], dtype="str")
    table["shelter_id"] = pd.array(shelters[keys[:, 4]], dtype="str")
    table["evacuees"] = count
    return pd.DataFrame(table), new[row]


def _shelter_ids(table: pd.DataFrame) -> NDArray[np.object_]:
    """Return the shelter of each row as text, "" where there is none."""
    ids = table["shelter_id"]
    return np.where(ids.notna(), ids.astype(str), "").astype(object)


def _main_route(origins: pd.DataFrame, routes: pd.DataFrame) -> NDArray[np.int64]:
    """Return the position of the main route of each row of origins; -1 where there is none."""
    marks = [
        name
        for name in ("departure", "origin_id", "group")
        if name in origins.columns and name in routes.columns
    ]
    main = np.flatnonzero(routes["rank"].to_numpy() == 1)
    keys = []
    for table in (origins, routes.iloc[main]):
        key = table[marks].assign(shelter=_shelter_ids(table)).reset_index(drop=True)
        # Two rows that share all of these are told apart by their order, the same in both tables.
        keys.append(key.assign(count=key.groupby([*marks, "shelter"], sort=False).cumcount()))
    number, _ = pd.factorize(pd.MultiIndex.from_frame(pd.concat(keys, ignore_index=True)))
    route = np.full(int(number.max(initial=-1)) + 1, -1)
    route[number[len(origins) :]] = main
    served = (origins["status"] == _STATUSES[0]).to_numpy()
    return np.where(served, route[number[: len(origins)]], -1)


def _has_second(
    origins: pd.DataFrame, routes: pd.DataFrame, route: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return whether the people of each row of origins have a second way out."""
    if "has_second_route" in origins.columns:
        return origins["has_second_route"].to_numpy(dtype=bool)
    marks = [name for name in ("departure",) if name in routes.columns]
    ids = routes.assign(main=routes["route_id"].astype(str) + "-2")
    second = pd.MultiIndex.from_frame(routes.loc[routes["rank"] == _SECOND, [*marks, "route_id"]])
    found = pd.MultiIndex.from_frame(ids[[*marks, "main"]]).isin(second)
    return np.append(found, False)[route]


def _leading_rows(
    origins: pd.DataFrame, row: NDArray[np.int64], people: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return, per row of the answers, the row of the origin with most people there.

    Of equal ones the first by its identifier; of an origin in several rows (groups apart) the one
    of most people, then of the quicker way.
    """
    origin, _ = pd.factorize(origins["origin_id"], sort=True)
    pair, at_pair = np.unique(np.column_stack([row, origin]), axis=0, return_inverse=True)
    together = _sums(at_pair.reshape(-1), people, len(pair))[at_pair.reshape(-1)]
    seconds = origins["travel_time_s"].to_numpy(dtype=np.float64)
    order = np.lexsort((seconds, -people, origin, -together, row))
    return order[np.unique(row[order], return_index=True)[1]]


def settlement_needs(
    origins: gpd.GeoDataFrame, settlements: gpd.GeoDataFrame | None, villages: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Return who needs help in each settlement.

    Where the plan has groups apart, they are counted. Else the groups of a village are shared out
    over its settlements in proportion to their evacuees, in whole people, so that they sum to the
    village. Helpers, whom the plan rounds up once per village, are shared out by largest remainder
    in proportion to the people who need one.

    Parameters
    ----------
    origins, villages
        Tables of a plan; of both departures the first is counted.
    settlements
        From `read_settlements`; None: every village is one settlement.

    Returns
    -------
    pandas.DataFrame
        One row per village and settlement with evacuees, in their order, people outside all
        settlements last: `settlement`, `village_code` (as `settlement_answers`), `evacuees`,
        `children_under_5`, `elderly`, `disabled`, `pregnant`, `need_help_people`, `helpers`
        (people) and `estimated`: False only where the groups are apart and from a table of the
        village, and not from national shares.

    Raises
    ------
    ColumnError
        A table lacks a column.
    CrsError
        The settlements have no CRS.
    """
    check_columns(origins, ("village_code", "evacuees"), "origins")
    wanted_columns = ("evacuees", *VULNERABLE_GROUPS, "need_help_people", "helpers", "shares_from")
    check_columns(villages, wanted_columns, "villages")
    if "departure" in origins.columns and len(origins):
        origins = origins[origins["departure"] == origins["departure"].iloc[0]]
    origins = origins[origins["evacuees"] > 0]
    village = villages.index.get_indexer(pd.Index(origins["village_code"]))
    settlement = origin_settlements(origins, settlements, villages)
    places, row = np.unique(
        np.column_stack([village, _after_all(settlement)]), axis=0, return_inverse=True
    )
    row, of_village = row.reshape(-1), places[:, 0]
    people = origins["evacuees"].to_numpy(dtype=np.int64)
    evacuees = _sums(row, people, len(places))
    apart = "group" in origins.columns
    if apart:
        group = pd.Index(GROUPS).get_indexer(pd.Index(origins["group"]))
        groups = np.zeros((len(places), len(GROUPS)), dtype=np.int64)
        np.add.at(groups, (row, group), people)
    else:
        groups = split_by_group(of_village, evacuees, _shares(villages))
    needs = pd.DataFrame(groups, columns=list(GROUPS))
    # Whether small children need a helper is a choice of the plan: they are what the others leave.
    sure = needs[["elderly", "disabled", "pregnant"]].sum(axis=1).to_numpy()
    children = needs["children_under_5"].to_numpy()
    wanted = villages["need_help_people"].to_numpy(dtype=np.int64)
    left = np.maximum(wanted - _sums(of_village, sure, len(villages)), 0)
    needs["need_help_people"] = sure + _apportioned(of_village, children, left)
    helpers = villages["helpers"].to_numpy(dtype=np.int64)
    needing = needs["need_help_people"].to_numpy()
    needs["helpers"] = _apportioned(of_village, needing, helpers)
    counted = apart & (villages["shares_from"].to_numpy() == "table")
    needs["estimated"] = ~counted[of_village]
    needs = needs.drop(columns="general")
    needs.insert(0, "settlement", np.where(places[:, 1] == _AFTER_ALL, -1, places[:, 1]))
    needs.insert(1, "village_code", villages.index[of_village])
    needs.insert(2, "evacuees", evacuees)
    return needs


def _shares(villages: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of the groups among the evacuees of each village."""
    evacuees = villages["evacuees"].to_numpy(dtype=np.float64)[:, None]
    people = villages[list(VULNERABLE_GROUPS)].to_numpy(dtype=np.float64)
    shares = np.divide(people, evacuees, out=np.zeros_like(people), where=evacuees > 0)
    table = pd.DataFrame(shares, index=villages.index, columns=list(VULNERABLE_GROUPS))
    return table.assign(general=1.0 - shares.sum(axis=1))[list(GROUPS)]


def _apportioned(
    block: NDArray[np.int64], weight: NDArray[np.int64], totals: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Share out the total of each block over its rows in proportion to whole weights.

    By largest remainder; of equal remainders the heavier row comes first, then the earlier. A block
    without any weight gets nothing.
    """
    together = np.bincount(block, weight, minlength=totals.size).astype(np.int64)
    part, rest = np.divmod(totals[block] * weight, np.maximum(together, 1)[block])
    missing = np.where(together > 0, totals, 0) - _sums(block, part, totals.size)
    order = np.lexsort((-weight, -rest, block))
    starts = np.append(0, np.cumsum(np.bincount(block, minlength=totals.size)))
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size) - starts[block[order]]
    return part + (rank < missing[block])
