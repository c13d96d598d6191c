"""Which shelters are usable, and who is served within what time."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import resilience_geo as rg
from resilience_geo.analysis.coverage import capacity_of, shelter_points, shelter_status
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.tables import UNSERVED_CAUSES, VILLAGE_COLUMNS
from tests.analysis.toys import CRS, at, flood_patches, rect, shelters

NAN = float("nan")
# Water of 0.3 m (low), 1 m (medium) and 2 m (high), and a patch of no data, along one row.
HAZARD = flood_patches(
    (100, 100, 200, 200, 0.3),
    (200, 100, 300, 200, 1.0),
    (300, 100, 400, 200, 2.0),
    (400, 100, 500, 200, NAN),
)


def status_of(*places, hazard=HAZARD):
    return shelter_status(shelters(*places), hazard)[0].tolist()


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (50, "usable"),
        (150, "usable"),
        (250, "in_hazard"),
        (350, "in_hazard"),
        (450, "unknown_hazard"),
        (-50, "unknown_hazard"),
    ],
)
def test_shelter_is_usable_in_class_none_or_low(x, expected):
    assert status_of((x, 150)) == [expected]


def test_classes_of_shelters_are_told():
    _, classes = shelter_status(shelters(*((x, 150) for x in (50, 150, 250, 350, 450))), HAZARD)
    assert [CLASS_NAMES[number] for number in classes] == [
        "none",
        "low",
        "medium",
        "high",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((60, 140, 80, 160), "usable"),
        # Its middle is in class low, its east end in medium.
        ((140, 140, 210, 160), "in_hazard"),
        # Its middle is dry, a corner in high water.
        ((390, 195, 480, 300), "in_hazard"),
        # Part of it on ground of which nothing is known.
        ((490, 140, 560, 160), "unknown_hazard"),
    ],
)
def test_building_stands_in_the_worst_class_it_touches(box, expected):
    assert status_of(rect(*box)) == [expected]


def test_building_partly_beyond_the_map_is_not_called_safe():
    assert status_of(rect(-10, 500, 10, 520)) == ["unknown_hazard"]
    assert status_of(rect(-40, 500, -20, 520)) == ["unknown_hazard"]


@pytest.mark.parametrize(
    ("nodata", "expected"),
    [
        ("unknown", ["usable", "in_hazard", "unknown_hazard", "unknown_hazard"]),
        ("none", ["usable", "in_hazard", "usable", "unknown_hazard"]),
    ],
)
def test_buildings_on_a_hazard_of_polygons(tmp_path, nodata, expected):
    frame = gpd.GeoDataFrame(
        {"kelas": ["rendah", "tinggi"]},
        geometry=[rect(0, 0, 100, 100), rect(200, 0, 300, 100)],
        crs=CRS,
    )
    frame.to_file(tmp_path / "hazard.gpkg")
    hazard = rg.read_hazard(tmp_path / "hazard.gpkg", class_column="kelas", nodata=nodata)
    buildings = (
        rect(10, 10, 20, 20),  # in low
        rect(190, 10, 210, 20),  # half in high
        rect(90, 10, 110, 20),  # half in low, half in the gap
        rect(290, 210, 310, 220),  # outside the map
    )
    assert status_of(*buildings, hazard=hazard) == expected


def test_point_and_building_of_one_place_are_judged_alike():
    points = status_of(*((x, 150) for x in range(55, 560, 10)))
    buildings = status_of(*(rect(x - 1, 149, x + 1, 151) for x in range(55, 560, 10)))
    assert points == buildings


def test_shelters_in_degrees_are_judged_alike():
    frame = shelters(*((x, 150) for x in (50, 250, 350)), rect(190, 140, 210, 160))
    same = shelter_status(frame, HAZARD)[0].tolist()
    assert shelter_status(frame.to_crs(4326), HAZARD)[0].tolist() == same


def test_point_of_a_crooked_building_lies_inside_it():
    crooked = rect(0, 0, 100, 100).difference(rect(10, 10, 100, 100))
    (point,) = shelter_points(shelters(crooked), CRS)
    assert crooked.contains(point)
    (point,) = shelter_points(shelters((3, 4)), CRS)
    assert (point.x, point.y) == at(3, 4)


def coverage(rows, codes):
    """Count coverage of rows (village, evacuees, status, minutes)."""
    columns = ["village_code", "evacuees", "status", "travel_time_s"]
    table = pd.DataFrame(rows, columns=columns)
    table["travel_time_s"] *= 60.0
    return rg.shelter_coverage(table, pd.Index(codes, name="village_code"))


def test_people_are_counted_by_cause_and_band():
    table = coverage(
        [
            ("A", 10, "allocated", 5.0),
            ("A", 20, "allocated", 9.0),
            ("A", 31, "allocated", 31.0),
            ("A", 3, "too_far", np.nan),
            ("A", 4, "no_road", np.nan),
            ("B", 5, "cut_off", np.nan),
            ("B", 6, "shelters_full", np.nan),
            ("B", 7, "capacity_unknown", np.nan),
        ],
        ["C", "B", "A"],
    )
    assert table.index.to_list() == ["C", "B", "A"]
    assert table.columns.to_list() == list(VILLAGE_COLUMNS)
    counts = table[["evacuees", "allocated", *UNSERVED_CAUSES]]
    # Causes: no_road, cut_off, too_far, shelters_full, capacity_unknown.
    assert counts.loc["A"].to_list() == [68, 61, 4, 0, 3, 0, 0]
    assert counts.loc["B"].to_list() == [18, 0, 0, 5, 0, 6, 7]
    assert counts.loc["C"].to_list() == [0] * 7
    bands = table[[f"people_within_{minutes}_min" for minutes in (5, 10, 15, 30)]]
    assert bands.loc["A"].to_list() == [10, 30, 30, 30]
    # Of 61 people the 31st arrives with the third group.
    assert table.loc["A", "median_travel_time_s"] == 31 * 60
    assert np.isnan(table.loc["B", "median_travel_time_s"])


@pytest.mark.parametrize(
    ("weights", "minutes", "median"),
    [
        ([1], [4], 4),
        ([1, 1], [4, 8], 4),
        ([1, 2], [4, 8], 8),
        ([3, 1, 1], [9, 2, 4], 9),
        ([5, 5], [8, 4], 4),
    ],
)
def test_median_counts_people_not_houses(weights, minutes, median):
    rows = [("A", w, "allocated", float(m)) for w, m in zip(weights, minutes, strict=True)]
    assert coverage(rows, ["A"]).loc["A", "median_travel_time_s"] == median * 60


def test_no_origins_give_zeros():
    table = coverage([("A", 1, "allocated", 1.0)], ["A", "B"]).loc[["B"]]
    none = rg.shelter_coverage(
        pd.DataFrame(columns=["village_code", "evacuees", "status", "travel_time_s"]),
        pd.Index(["B"], name="village_code"),
    )
    pd.testing.assert_frame_equal(none, table)


def test_missing_column_is_refused_by_name():
    with pytest.raises(rg.ResilienceGeoError, match="travel_time_s"):
        rg.shelter_coverage(
            pd.DataFrame({"village_code": ["A"], "evacuees": [1], "status": ["allocated"]}),
            pd.Index(["A"]),
        )


GROUPS = st.tuples(
    st.sampled_from(["A", "B", "C"]),
    st.integers(1, 500),
    st.sampled_from(["allocated", *UNSERVED_CAUSES]),
    st.floats(0.1, 90.0),
)


@given(rows=st.lists(GROUPS, min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_evacuees_are_allocated_plus_unserved_and_medians_agree_with_numpy(rows):
    table = coverage(rows, ["C", "A", "B"])
    causes = table[list(UNSERVED_CAUSES)].sum(axis=1)
    assert (table["evacuees"] == table["allocated"] + causes).all()
    bands = table[[f"people_within_{minutes}_min" for minutes in (5, 10, 15, 30)]].to_numpy()
    assert (np.diff(bands, axis=1) >= 0).all()
    assert (bands[:, -1] <= table["allocated"]).all()
    for code in "ABC":
        minutes = [
            minute
            for village, count, status, minute in rows
            if (village, status) == (code, "allocated")
            for _ in range(count)
        ]
        if minutes:
            # The least value that half of the people do not exceed.
            lower = np.quantile(minutes, 0.5, method="inverted_cdf") * 60.0
            assert_allclose(table.loc[code, "median_travel_time_s"], lower)
        else:
            assert np.isnan(table.loc[code, "median_travel_time_s"])


@pytest.mark.parametrize(
    ("from_area", "expected"), [(False, [50.0, np.nan, np.nan]), (True, [50.0, 216.0, np.nan])]
)
def test_capacity_comes_from_the_floor_area_only_when_that_is_assumed(from_area, expected):
    # 1000 m2 x 0.65 / 3 m2 per person = 216.7: 216 people. A stated capacity goes before.
    table = pd.DataFrame(
        {"capacity_people": [50.0, np.nan, np.nan], "floor_area_m2": [900.0, 1000.0, np.nan]}
    )
    assumptions = rg.EvacuationAssumptions(capacity_from_floor_area=from_area)
    np.testing.assert_array_equal(capacity_of(table, assumptions), expected)
