"""Exposed people on toys worked out on paper."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from affine import Affine
from numpy.testing import assert_allclose
from shapely.geometry import MultiPolygon, Polygon, box

import resilience_geo as rg
from resilience_geo.analysis import exposure as exposure_room
from resilience_geo.analysis.exposure import whole, whole_per_village
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.inputs.rasters import Grid
from tests.analysis.toys import CRS, NODATA, at, flood, grid, people, rect, villages

CLASS_COLUMNS = [f"people_{name}" for name in CLASS_NAMES]

# Depths (m) and people of 3 x 3 cells of 10 m; the first row is the northern one.
DEPTHS = [[0.0, 0.05, 0.1], [0.5, 0.76, 1.0], [1.5, 2.0, NODATA]]
COUNTS = [[8, 4, 2], [10, 20, 6], [30, 12, 5]]
# Class of each cell: none none low / low medium medium / high high unknown.


def by_class(table, code):
    return table.loc[code, CLASS_COLUMNS].to_list()


def layer_total(table):
    return table["people_total"].sum() + table.attrs["outside"]["total"]


def test_each_cell_counts_in_its_class():
    table = rg.village_exposure(villages(A=rect(0, 0, 30, 30)), flood(DEPTHS), people(COUNTS))
    # none 8 + 4, low 2 + 10, medium 20 + 6, high 30 + 12, unknown 5; evacuees 26 + 42.
    assert by_class(table, "A") == [12, 12, 26, 42, 5]
    assert table.loc["A", "people_total"] == 97
    assert table.loc["A", "evacuees"] == 68
    assert table.attrs["outside"] == dict.fromkeys(["total", *CLASS_NAMES], 0.0)


def test_border_through_half_cells_splits_people_by_area():
    # The border x = 15 halves the middle column; both villages end at y = 25, half of the top row.
    west, east = rect(0, 0, 15, 25), rect(15, 0, 30, 25)
    table = rg.village_exposure(villages(W=west, E=east), flood(DEPTHS), people(COUNTS))
    # West: top row 8/2 + 4/4 none; middle row 10 low, 20/2 medium; bottom row 30 + 12/2 high.
    assert_allclose(by_class(table, "W"), [5, 10, 10, 36, 0])
    # East: top row 4/4 none, 2/2 low; middle row 20/2 + 6 medium; bottom 12/2 high, 5 unknown.
    assert_allclose(by_class(table, "E"), [1, 1, 16, 6, 5])
    # Outside: the northern half of the top row: 8/2 + 4/2 none, 2/2 low.
    outside = table.attrs["outside"]
    assert_allclose([outside[name] for name in CLASS_NAMES], [6, 1, 0, 0, 0])
    assert_allclose(layer_total(table), 97)
    assert table["evacuees"].to_list() == [46, 22]


def test_classes_sum_to_the_total_of_each_village():
    parts = villages(A=rect(3, 4, 17, 29), B=Polygon([at(17, 4), at(29, 1), at(22, 28)]))
    table = rg.village_exposure(parts, flood(DEPTHS), people(COUNTS))
    assert_allclose(table[CLASS_COLUMNS].sum(axis=1), table["people_total"])
    assert_allclose(layer_total(table), 97)


def test_triangle_counts_by_its_area():
    # The lower left triangle of one cell of 100 people: half of it.
    half = villages(A=Polygon([at(0, 0), at(10, 0), at(0, 10)]))
    table = rg.village_exposure(half, flood([[0.0]]), people([[100]]))
    assert_allclose(table.loc["A", "people_none"], 50)
    assert_allclose(table.attrs["outside"]["none"], 50)


def test_multipolygon_village_is_one_village():
    parts = villages(A=MultiPolygon([rect(0, 0, 10, 10), rect(20, 20, 30, 30)]))
    table = rg.village_exposure(parts, flood(DEPTHS), people(COUNTS))
    assert by_class(table, "A") == [0, 2, 0, 30, 0]


def test_hazard_finer_than_population_splits_a_cell_by_area():
    # One population cell of 10 m over four hazard cells of 5 m: a quarter each.
    fine = flood([[0.0, 0.1], [0.8, 3.0]], cell=5)
    table = rg.village_exposure(villages(A=rect(0, 0, 10, 10)), fine, people([[100]]))
    assert_allclose(by_class(table, "A"), [25, 25, 25, 25, 0])


def test_hazard_not_aligned_with_population_splits_by_area():
    # Hazard cells of 10 m begin at x = -4, y = -2: of the cell 0..10 x 0..10, 6 m lie in the first
    # column and 4 m in the second, 8 m in the lower row and 2 m in the upper.
    shifted = flood([[0.0, 0.2], [1.0, 2.0]], west=-4, south=-2)
    table = rg.village_exposure(villages(A=rect(0, 0, 10, 10)), shifted, people([[100]]))
    # none 0.6 x 0.2, low 0.4 x 0.2, medium 0.6 x 0.8, high 0.4 x 0.8 of 100.
    assert_allclose(by_class(table, "A"), [12, 8, 48, 32, 0], atol=1e-9)


def test_beyond_the_hazard_is_unknown():
    # The hazard covers the western 4 m of the 10 m cell.
    table = rg.village_exposure(
        villages(A=rect(0, 0, 10, 10)), flood([[2.0]], west=-6), people([[100]])
    )
    assert_allclose(by_class(table, "A"), [0, 0, 0, 40, 60], atol=1e-9)


def test_hazard_far_away_leaves_all_unknown():
    table = rg.village_exposure(
        villages(A=rect(0, 0, 10, 10)), flood([[2.0]], west=90_000), people([[100]])
    )
    assert by_class(table, "A") == [0, 0, 0, 0, 100]
    assert table.loc["A", "evacuees"] == 0


@pytest.mark.parametrize(("nodata_means", "expected"), [("unknown", [0, 4]), ("none", [4, 0])])
def test_nodata_cell_is_what_the_map_says_it_is(nodata_means, expected):
    hazard = flood([[NODATA, NODATA]], nodata_means=nodata_means)
    table = rg.village_exposure(villages(A=rect(0, 0, 20, 10)), hazard, people([[1, 3]]))
    assert table.loc["A", ["people_none", "people_unknown"]].to_list() == expected


def test_nodata_of_the_population_is_nobody_and_lowers_the_known_share():
    table = rg.village_exposure(
        villages(A=rect(0, 0, 20, 10)), flood([[0, 0]]), people([[7, NODATA]])
    )
    assert table.loc["A", "people_total"] == 7
    assert_allclose(table.loc["A", "population_known_share"], 0.5)


def hazard_of_polygons(path, classes, nodata):
    """Write polygons {(west, south, east, north): word} and read them as a hazard."""
    frame = gpd.GeoDataFrame(
        {"kelas": list(classes.values())}, geometry=[rect(*key) for key in classes], crs=CRS
    )
    frame.to_file(path / "hazard.gpkg")
    return rg.read_hazard(path / "hazard.gpkg", nodata=nodata, class_column="kelas")


@pytest.mark.parametrize(
    ("nodata", "expected"), [("unknown", [0, 30, 0, 50, 20]), ("none", [20, 30, 0, 50, 0])]
)
def test_hazard_polygons_split_a_cell_by_area(tmp_path, nodata, expected):
    # Ten metres of one cell: high 0..5, low 7..10; the gap 5..7 is within the box of the map.
    hazard = hazard_of_polygons(
        tmp_path, {(0, 0, 5, 10): "tinggi", (7, 0, 10, 10): "rendah"}, nodata
    )
    table = rg.village_exposure(villages(A=rect(0, 0, 10, 10)), hazard, people([[100]]))
    assert_allclose(by_class(table, "A"), expected, atol=1e-4)


def test_overlapping_hazard_polygons_count_the_higher_class_once(tmp_path):
    # High 0..6, low 4..10: high 60 %, low the remaining 40 %.
    hazard = hazard_of_polygons(
        tmp_path, {(0, 0, 6, 10): "tinggi", (4, 0, 10, 10): "rendah"}, "unknown"
    )
    table = rg.village_exposure(villages(A=rect(0, 0, 10, 10)), hazard, people([[100]]))
    assert_allclose(by_class(table, "A"), [0, 40, 0, 60, 0], atol=1e-4)


def test_cell_half_outside_the_box_of_a_polygon_map_is_unknown_there(tmp_path):
    # High 0..2, low 5..6: the box of the map is 0..6, of which 2..5 is none; 6..10 is outside.
    hazard = hazard_of_polygons(
        tmp_path, {(0, 0, 2, 10): "tinggi", (5, 0, 6, 10): "rendah"}, "none"
    )
    table = rg.village_exposure(villages(A=rect(0, 0, 10, 10)), hazard, people([[100]]))
    assert_allclose(by_class(table, "A"), [30, 10, 0, 20, 40], atol=1e-4)


@pytest.mark.parametrize(
    ("unit", "scale", "value"),
    [("people_per_ha", 1.0, 50.0), ("people_per_ha", 0.1, 500.0), ("people_per_km2", 1.0, 5000.0)],
)
def test_density_times_area_is_people(unit, scale, value):
    # 100 m cells are one hectare: 50 people per hectare are 50 people per cell.
    layer = people([[value, value]], unit=unit, scale=scale, cell=100)
    table = rg.village_exposure(
        villages(A=rect(0, 0, 150, 100)), flood([[0, 1.0]], cell=100), layer
    )
    assert_allclose(table.loc["A", ["people_none", "people_medium"]].to_list(), [50, 25])


def test_village_outside_every_layer_stays_with_zeros():
    table = rg.village_exposure(
        villages(A=rect(0, 0, 30, 30), FAR=rect(9_000, 0, 9_010, 10)), flood(DEPTHS), people(COUNTS)
    )
    assert table.index.to_list() == ["A", "FAR"]
    assert (table.loc["FAR", ["people_total", *CLASS_COLUMNS, "evacuees"]] == 0).all()
    assert table.loc["FAR", "population_known_share"] == 0


def test_all_villages_outside_is_an_error_that_names_both_extents():
    with pytest.raises(rg.ResilienceGeoError, match="population layer"):
        rg.village_exposure(villages(A=rect(9_000, 0, 9_010, 10)), flood(DEPTHS), people(COUNTS))


def test_overlapping_villages_share_people_once():
    whole_cell = rect(0, 0, 10, 10)
    table = rg.village_exposure(villages(A=whole_cell, B=whole_cell), flood([[1]]), people([[100]]))
    assert_allclose(table["people_medium"], [50, 50])
    assert_allclose(layer_total(table), 100)


def test_overlapping_villages_share_people_once_even_within_one_cell():
    # Both villages are the western half of the cell: it holds 50 people, 25 each; 50 are outside.
    half = rect(0, 0, 5, 10)
    table = rg.village_exposure(villages(A=half, B=half), flood([[1.0]]), people([[100]]))
    assert_allclose(table["people_total"], [25, 25], atol=1e-4)
    assert_allclose(table.attrs["outside"]["total"], 50, atol=1e-4)


def test_overlap_does_not_lower_the_known_share():
    cell = rect(0, 0, 10, 10)
    table = rg.village_exposure(villages(A=cell, B=cell), flood([[1.0]]), people([[100]]))
    assert_allclose(table["population_known_share"], 1.0)


def test_people_are_conserved_after_a_user_grows_the_villages(tmp_path):
    # Two villages side by side, read from a file, then grown by 10 m: both claim the middle.
    villages(A=rect(0, 0, 20, 20), B=rect(20, 0, 40, 20)).to_file(tmp_path / "desa.gpkg")
    read = rg.read_villages(tmp_path / "desa.gpkg")
    grown = read.set_geometry(read.geometry.buffer(10, cap_style="square", join_style="mitre"))
    table = rg.village_exposure(grown, flood([[1.0] * 4] * 2), people([[100] * 4] * 2))
    # All 800 people are within the two; the middle 20 m are shared by both.
    assert_allclose(table["people_total"], [400, 400], rtol=1e-4)
    assert_allclose(layer_total(table), 800, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cut_point_belongs_to_the_class_above(dtype):
    below = np.nextafter(np.array([0.1, 0.76, 1.5], dtype=dtype), np.array(0, dtype=dtype))
    depths = np.array([[0.1, 0.76, 1.5], below], dtype=dtype)
    hazard = flood(depths, dtype=dtype)
    table = rg.village_exposure(
        villages(A=rect(0, 0, 30, 20)), hazard, people([[1, 2, 4], [8, 16, 32]])
    )
    # On the cut: low 1, medium 2, high 4. Just below it: none 8, low 16, medium 32.
    assert by_class(table, "A") == [8, 1 + 16, 2 + 32, 4, 0]


def test_integer_centimetres_are_cut_like_metres():
    hazard = flood([[9, 10, 75, 76, 149, 150]], unit="cm", dtype="int16", nodata=None)
    table = rg.village_exposure(
        villages(A=rect(0, 0, 60, 10)), hazard, people([[1, 2, 4, 8, 16, 32]])
    )
    assert by_class(table, "A") == [1, 2 + 4, 8 + 16, 32, 0]


def test_whole_metres_in_an_integer_raster_are_cut_like_metres():
    hazard = flood([[0, 1, 2]], dtype="uint8", nodata=None)
    table = rg.village_exposure(villages(A=rect(0, 0, 30, 10)), hazard, people([[1, 2, 4]]))
    # 1 m is at or above 0.76 and below 1.5; 2 m is high.
    assert by_class(table, "A") == [1, 0, 2, 4, 0]


def test_evacuating_classes_are_a_choice():
    table = rg.village_exposure(
        villages(A=rect(0, 0, 30, 30)),
        flood(DEPTHS),
        people(COUNTS),
        assumptions=rg.EvacuationAssumptions(evacuating_classes=("low", "unknown")),
    )
    assert table.loc["A", "evacuees"] == 12 + 5


def test_evacuees_are_the_rounded_total_not_the_sum_of_rounded_cells():
    # Four cells of 0.4 people: 1.6 people are 2, not 0.
    table = rg.village_exposure(
        villages(A=rect(0, 0, 40, 10)), flood([[2, 2, 2, 2]]), people([[0.4, 0.4, 0.4, 0.4]])
    )
    assert table.loc["A", "evacuees"] == 2


def test_table_keeps_the_order_and_the_codes_as_text():
    parts = villages(Z=rect(0, 0, 10, 10), A=rect(10, 0, 20, 10)).assign(village_code=[20, 3])
    table = rg.village_exposure(parts, flood(DEPTHS), people(COUNTS))
    assert table.index.to_list() == ["20", "3"]
    assert table.index.name == "village_code"
    assert table["village_name"].to_list() == ["Desa Z", "Desa A"]


def test_inputs_are_left_as_they_were():
    parts = villages(A=rect(0, 0, 15, 30))
    before = parts.copy()
    depths = grid(DEPTHS)
    values = depths.values.copy()
    rg.village_exposure(parts, rg.read_hazard(depths, unit="m"), people(COUNTS))
    assert parts.equals(before)
    assert np.array_equal(depths.values, values)


def test_small_blocks_give_the_same_answer(monkeypatch):
    rng = np.random.default_rng(7)
    depths, counts = rng.gamma(0.5, 1.0, (13, 11)), rng.gamma(1.0, 5.0, (13, 11))
    parts = villages(A=rect(3, 4, 77, 81), B=Polygon([at(77, 4), at(109, 60), at(80, 125)]))
    hazard = flood(depths, west=-3, south=2)
    once = rg.village_exposure(parts, hazard, people(counts))
    monkeypatch.setattr(exposure_room, "MAX_BLOCK_CELLS", 12)
    again = rg.village_exposure(parts, hazard, people(counts))
    assert_allclose(again[CLASS_COLUMNS], once[CLASS_COLUMNS], rtol=1e-5, atol=1e-6)
    assert again["evacuees"].equals(once["evacuees"])


def test_hazard_in_degrees_and_population_in_metres_agree_with_their_areas():
    """A hazard of two halves in degrees, parted at the meridian in the middle of one cell."""
    # UTM zone 48 has its central meridian at 105 E, where easting is 500 000 exactly: the line
    # between the halves runs through the middle of a cell from 499 990 to 500 010.
    depths = np.array([[0.0, 2.0]], dtype="float32")
    hazard = rg.read_hazard(
        Grid.from_array(depths, Affine(0.5, 0, 104.5, 0, -1.0, -6.0), "EPSG:4326"), unit="m"
    )
    north = 9_280_000.0
    counts = Grid.from_array(np.array([[100.0]]), Affine(20, 0, 499_990, 0, -20, north), CRS)
    village = gpd.GeoDataFrame(
        {"village_code": ["A"]}, geometry=[box(499_990, north - 20, 500_010, north)], crs=CRS
    )
    table = rg.village_exposure(village, hazard, rg.read_population(counts))
    assert_allclose(by_class(table, "A"), [50, 0, 0, 50, 0], atol=1e-3)


def test_hazard_in_metres_and_population_in_degrees_agree_with_their_areas():
    counts = Grid.from_array(
        np.array([[100.0]]), Affine(0.002, 0, 104.999, 0, -0.002, -6.5), "EPSG:4326"
    )
    depths = np.array([[0.0, 2.0]], dtype="float32")
    hazard = rg.read_hazard(
        Grid.from_array(depths, Affine(10_000, 0, 490_000, 0, -20_000, 9_290_000), CRS), unit="m"
    )
    village = gpd.GeoDataFrame(
        {"village_code": ["A"]}, geometry=[box(104.999, -6.502, 105.001, -6.5)], crs="EPSG:4326"
    )
    table = rg.village_exposure(village, hazard, rg.read_population(counts))
    assert_allclose(by_class(table, "A"), [50, 0, 0, 50, 0], atol=1e-2)


@pytest.mark.parametrize(("value", "rounded"), [(0.5, 1), (1.5, 2), (0.49, 0), (2.5, 3), (0.0, 0)])
def test_half_a_person_is_somebody(value, rounded):
    assert whole(np.array([value])).tolist() == [rounded]


def test_largest_remainder_gives_the_missing_people_to_the_largest_parts():
    # Village 0: 1.2 + 0.7 + 0.6 = 2.5 -> 3: floors 1 + 0 + 0, two missing, to 0.7 and 0.6.
    # Village 1: 2.3 + 0.3 = 2.6 -> 3: one missing; equal remainders, the earlier cell gets it.
    village = np.array([0, 0, 0, 1, 1])
    parts = np.array([1.2, 0.7, 0.6, 2.3, 0.3])
    counts = whole_per_village(village, parts, np.array([3, 3]))
    assert counts.tolist() == [1, 1, 1, 3, 0]


def test_crs_of_villages_may_be_another_one():
    parts = villages(A=rect(0, 0, 15, 25), B=rect(15, 0, 30, 25))
    plain = rg.village_exposure(parts, flood(DEPTHS), people(COUNTS))
    degrees = rg.village_exposure(parts.to_crs(4326), flood(DEPTHS), people(COUNTS))
    assert_allclose(degrees[CLASS_COLUMNS], plain[CLASS_COLUMNS], rtol=1e-4, atol=1e-3)
