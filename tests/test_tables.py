"""The column contract and its validator."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

from resilience_geo import tables
from resilience_geo.errors import ColumnError, CrsError, InputError
from resilience_geo.tables import check_columns, village_table


def frame(codes=(1, 2), crs="EPSG:4326", **columns):
    shapes = [box(n, 0, n + 1, 1) for n in range(len(codes))]
    return gpd.GeoDataFrame({"village_code": list(codes), **columns}, geometry=shapes, crs=crs)


def test_code_becomes_a_text_index_in_the_order_given():
    table = village_table(frame((20, 3), village_name=["Z", "A"]))
    assert table.index.to_list() == ["20", "3"]
    assert table.index.name == "village_code"
    assert table["village_name"].to_list() == ["Z", "A"]
    assert table.crs == "EPSG:4326"


def test_code_may_be_the_index_already_and_the_name_may_be_missing():
    table = village_table(frame(("B", "A")).set_index("village_code"))
    assert table["village_name"].to_list() == ["B", "A"]


def test_table_given_is_left_as_it_was():
    one = frame()
    before = one.copy()
    village_table(one)
    assert one.equals(before)


@pytest.mark.parametrize(
    ("table", "kind", "words"),
    [
        (frame().drop(columns="village_code"), ColumnError, "village_code"),
        (frame(crs=None), CrsError, "coordinate reference system"),
        (frame((7, 7)), InputError, "7"),
        (frame(("7", 7)), InputError, "7"),
    ],
)
def test_faulty_villages_are_refused(table, kind, words):
    with pytest.raises(kind, match=words):
        village_table(table)


def test_both_faults_are_told_at_once():
    with pytest.raises(InputError) as caught:
        village_table(frame(crs=None).drop(columns="village_code"))
    assert len(caught.value.problems) == 2


def test_missing_columns_are_all_named():
    with pytest.raises(ColumnError, match="b, c"):
        check_columns(pd.DataFrame({"a": [1]}), ("a", "b", "c"), "shelters")


def test_words_and_columns_of_the_contract():
    assert tables.UNSERVED_CAUSES == (
        "no_road",
        "cut_off",
        "too_far",
        "shelters_full",
        "capacity_unknown",
    )
    assert list(tables.EXPOSURE_COLUMNS) == [
        "village_name",
        "people_total",
        "people_none",
        "people_low",
        "people_medium",
        "people_high",
        "people_unknown",
        "evacuees",
    ]
    assert list(tables.ORIGIN_COLUMNS) == [
        "origin_id",
        "village_code",
        "evacuees",
        "status",
        "shelter_id",
        "travel_time_s",
        "distance_m",
        "geometry",
    ]
    assert list(tables.ROUTE_COLUMNS) == [
        "route_id",
        "village_code",
        "shelter_id",
        "evacuees",
        "travel_time_s",
        "distance_m",
        "hazardous_m",
        "rank",
        "geometry",
    ]
    assert list(tables.SHELTER_COLUMNS) == [
        "shelter_id",
        "name",
        "status",
        "capacity_people",
        "allocated_people",
        "geometry",
    ]
    assert tables.SERVICE_BANDS_MIN == (5, 10, 15, 30)
    assert [
        "evacuees",
        "allocated",
        *tables.UNSERVED_CAUSES,
        "median_travel_time_s",
        "people_within_5_min",
        "people_within_10_min",
        "people_within_15_min",
        "people_within_30_min",
    ] == list(tables.VILLAGE_COLUMNS)
