"""The column contract of the tables that go in and out, and the one place that checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resilience_geo.errors import (
    ColumnError,
    CrsError,
    InputError,
    Message,
    Problem,
    raise_problems,
)

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from resilience_geo.errors import ResilienceGeoError

UNSERVED_CAUSES: tuple[str, ...] = (
    "no_road",
    "cut_off",
    "too_far",
    "shelters_full",
    "capacity_unknown",
)
"""Why an evacuee has no place, in the order in which the causes are looked for."""

SERVICE_BANDS_MIN: tuple[int, ...] = (5, 10, 15, 30)
"""Minutes of the service bands (BNPB: an evacuation place is reachable within 15 to 30 min)."""

EXPOSURE_COLUMNS: tuple[str, ...] = (
    "village_name",
    "people_total",
    "people_none",
    "people_low",
    "people_medium",
    "people_high",
    "people_unknown",
    "evacuees",
)
ORIGIN_COLUMNS: tuple[str, ...] = (
    "origin_id",
    "village_code",
    "evacuees",
    "status",
    "shelter_id",
    "travel_time_s",
    "distance_m",
    "geometry",
)
ROUTE_COLUMNS: tuple[str, ...] = (
    "route_id",
    "village_code",
    "shelter_id",
    "evacuees",
    "travel_time_s",
    "distance_m",
    "hazardous_m",
    "rank",
    "geometry",
)
SHELTER_COLUMNS: tuple[str, ...] = (
    "shelter_id",
    "name",
    "status",
    "capacity_people",
    "allocated_people",
    "geometry",
)
VILLAGE_COLUMNS: tuple[str, ...] = (
    "evacuees",
    "allocated",
    *UNSERVED_CAUSES,
    "median_travel_time_s",
    *(f"people_within_{minutes}_min" for minutes in SERVICE_BANDS_MIN),
)


def village_table(villages: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return villages indexed by `village_code` (text), in their order, with a `village_name`.

    A table made by hand may hold the code as a column or as the index.

    Raises
    ------
    ResilienceGeoError
        No code, codes that repeat, or no CRS.
    """
    problems: list[tuple[type[ResilienceGeoError], Problem]] = []
    frame = villages
    if "village_code" in frame.columns:
        frame = frame.set_index("village_code", drop=True)
    elif frame.index.name != "village_code":
        problems.append(
            (
                ColumnError,
                Problem(
                    found=Message("columns {names}", names=", ".join(map(str, frame.columns))),
                    expected=Message("a column village_code"),
                    remedy=Message("read the villages with read_villages"),
                ),
            )
        )
    if villages.crs is None:
        problems.append(
            (
                CrsError,
                Problem(
                    found=Message("villages without a coordinate reference system"),
                    expected=Message("a table with a CRS"),
                    remedy=Message("set it with villages.set_crs(...)"),
                ),
            )
        )
    frame = frame.rename(index=str)
    repeated = frame.index[frame.index.duplicated()].unique()
    if not problems and len(repeated):
        problems.append(
            (
                InputError,
                Problem(
                    column="village_code",
                    found=Message(
                        "codes that repeat: {codes}", codes=", ".join(map(str, repeated[:5]))
                    ),
                    expected=Message("one row per village"),
                    remedy=Message("join the parts of a village into one multipolygon"),
                ),
            )
        )
    raise_problems(problems)
    frame.index.name = "village_code"
    if "village_name" not in frame.columns:
        frame = frame.assign(village_name=frame.index.to_numpy())
    return frame


def check_columns(table: pd.DataFrame, columns: tuple[str, ...], what: str) -> None:
    """Refuse a table that lacks a column.

    Raises
    ------
    ColumnError
        Names every missing column at once.
    """
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ColumnError(
            Problem(
                found=Message("{what} without {names}", what=what, names=", ".join(missing)),
                expected=Message("columns {names}", names=", ".join(columns)),
                remedy=Message("read the table with the read_ function of the package"),
            )
        )
