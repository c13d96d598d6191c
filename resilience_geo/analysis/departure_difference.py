"""Early against late: people who lose their way, minutes and roads that are lost by waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from resilience_geo.analysis.evacuation_network import Network


def people_and_minutes_lost(
    early: pd.DataFrame, late: pd.DataFrame, village_codes: pd.Index
) -> pd.DataFrame:
    """Compare, per village, who gets away early with who still does late.

    Parameters
    ----------
    early, late
        Origins of each departure: `origin_id`, `village_code`, `evacuees`, `status`,
        `quickest_time_s`, several rows where people of one origin go different ways; `group` where
        groups are planned apart.
    village_codes
        Villages of the result, in order.

    Returns
    -------
    pandas.DataFrame
        Index `village_code`; `lost_if_late_people`: people with a place early who have none late,
        counted origin by origin and group by group; `late_extra_time_s`: how much longer the
        fastest way to a usable shelter takes late, on average over the people who have one at both
        departures (s; NaN where nobody has). Full or not does not matter there: late fewer people
        compete for the near seats, and the time to the seat would fall while the way gets longer.
    """
    origin, known = pd.factorize(pd.concat([_who(early), _who(late)], ignore_index=True))
    codes = pd.concat([early["village_code"], late["village_code"]], ignore_index=True)
    village = np.zeros(len(known), dtype=np.int64)
    village[origin] = village_codes.get_indexer(pd.Index(codes))
    people, placed = np.zeros((2, len(known))), np.zeros((2, len(known)))
    quickest_s = np.full((2, len(known)), np.inf)
    begin = 0
    for row, table in enumerate((early, late)):
        which = origin[begin : begin + len(table)]
        begin += len(table)
        count = table["evacuees"].to_numpy(dtype=np.float64)
        served = (table["status"] == "allocated").to_numpy()
        people[row] = np.bincount(which, count, minlength=len(known))
        placed[row] = np.bincount(which[served], count[served], minlength=len(known))
        seconds = table["quickest_time_s"].to_numpy(dtype=np.float64)
        quickest_s[row, which] = np.where(np.isnan(seconds), np.inf, seconds)
    size = len(village_codes)
    both = np.isfinite(quickest_s).all(axis=0)
    # Late one may walk to an open road farther off; where that is quicker nothing is lost.
    longer_s = np.maximum(quickest_s[1, both] - quickest_s[0, both], 0.0)
    count = people[0, both]
    total = np.bincount(village[both], count, minlength=size)
    extra_s = np.bincount(village[both], longer_s * count, minlength=size)
    lost = np.bincount(village, np.maximum(placed[0] - placed[1], 0.0), minlength=size)
    return pd.DataFrame(
        {
            "lost_if_late_people": np.round(lost).astype(np.int64),
            "late_extra_time_s": np.where(total > 0, extra_s / np.maximum(total, 1.0), np.nan),
        },
        index=village_codes,
    )


def _who(origins: pd.DataFrame) -> pd.Series:
    """Return whose fate is compared: the people of an origin, or of one group of it."""
    if "group" not in origins.columns:
        return origins["origin_id"]
    # An empty table has columns of no type.
    return origins["origin_id"].astype(str).str.cat(origins["group"].astype(str), sep="|")


def roads_lost(network: Network, villages: gpd.GeoDataFrame) -> dict[str, NDArray[np.float64]]:
    """Measure the roads of each village, and those that cannot be used late (m).

    Parameters
    ----------
    network
        From `build_network`.
    villages
        Polygons in the metric CRS of the roads.

    Returns
    -------
    dict of ndarray
        `road_m`: roads the mode may use; `late_closed_road_m`: those closed when the hazard is
        there; `late_unknown_road_m`: those of which the hazard is unknown. Road on the border of
        two villages counts in each.
    """
    stretches, assumptions = network.stretches, network.assumptions
    usable = np.flatnonzero(stretches.usable)
    lines = stretches.lines[usable]
    polygons = np.asarray(villages.geometry.array)
    shapely.prepare(polygons)
    line, village = shapely.STRtree(polygons).query(lines, predicate="intersects")
    inside = shapely.covers(polygons[village], lines[line])
    share = np.ones(line.size)
    cut = np.flatnonzero(~inside)
    parts = shapely.intersection(lines[line[cut]], polygons[village[cut]])
    share[cut] = shapely.length(parts) / np.maximum(shapely.length(lines[line[cut]]), 1e-300)
    metres = share * stretches.length_m[usable[line]]
    open_late = stretches.passable_late(unknown_passes=assumptions.unknown_roads_pass_late)
    sure = stretches.passable_late(unknown_passes=True)
    shut, unknown = ~sure[usable[line]], (sure & ~open_late)[usable[line]]
    size = len(villages)
    return {
        name: np.bincount(village, values, minlength=size).astype(np.float64)
        for name, values in (
            ("road_m", metres),
            ("late_closed_road_m", metres * shut),
            ("late_unknown_road_m", metres * unknown),
        )
    }
