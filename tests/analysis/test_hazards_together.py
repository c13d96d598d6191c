"""Flood and landslide in one plan: each by its own rules, and the gravest of them holds."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from shapely.geometry import box

import resilience_geo as rg
from resilience_geo.analysis import exposure as exposure_room
from resilience_geo.analysis import joint_shares
from resilience_geo.analysis.coverage import shelter_status, status_by_hazard
from resilience_geo.analysis.hazard_places import cut_segments, hazard_at, united_cuts
from resilience_geo.analysis.network import road_arrays
from resilience_geo.analysis.passability import hazard_pieces, piece_states
from resilience_geo.errors import InputError, UnitError
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.inputs.hazard_map import Hazard, graver_class, one_area_per_class
from resilience_geo.inputs.rasters import Grid
from tests.analysis.toys import (
    CRS,
    NODATA,
    at,
    flood,
    flood_patches,
    grid,
    people,
    rect,
    road_graph,
    routes,
    shelters,
    states,
    villages,
)

NAN = float("nan")
ALL = (slice(None), slice(None))
CLASS_COLUMNS = [f"people_{name}" for name in CLASS_NAMES]
SHARES = [f"share_{name}" for name in CLASS_NAMES]
ROOMY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CRSS = (CRS, "EPSG:4326", "EPSG:3857", "EPSG:32749")
SEEDS = st.integers(0, 2**32 - 1)
# The rule, said once more in words: the later of these counts.
FROM_MILD_TO_GRAVE = ("none", "low", "unknown", "medium", "high")


def codes(values, kind="landslide", **options):
    """Make a map of classes by code: 0 none, 1 low, 2 medium, 3 high, 4 unknown."""
    raster = grid(values, dtype="uint8", nodata=4, **options)
    return Hazard(
        kind=kind, unit="class", grid=raster, code_classes={0: 0, 1: 1, 2: 2, 3: 3}, source=kind
    )


def patches(*areas, kind="landslide"):
    """Make a hazard of polygons (west, south, east, north, class number)."""
    table = one_area_per_class(
        np.array([rect(*area[:4]) for area in areas], dtype=object),
        np.array([area[4] for area in areas], dtype=np.uint8),
        crs=CRS,
        rest_is_none=False,
    )
    return Hazard(kind=kind, unit="class", polygons=table)


def by_class(table, code="A"):
    return table.loc[code, CLASS_COLUMNS].to_list()


def graver(one, other):
    """Return the graver of two class numbers, by the words."""
    return max(one, other, key=lambda number: FROM_MILD_TO_GRAVE.index(CLASS_NAMES[number]))


# --- the class of a place ---------------------------------------------------------------------


def test_known_danger_beats_the_unknown_and_the_unknown_beats_what_is_safe():
    for one, other in itertools.product(range(5), repeat=2):
        found = graver_class(np.uint8([one]), np.uint8([other]))[0]
        assert found == graver(one, other)
    named = {
        ("unknown", "none"): "unknown",
        ("unknown", "low"): "unknown",
        ("unknown", "medium"): "medium",
        ("unknown", "high"): "high",
        ("low", "high"): "high",
    }
    for (one, other), expected in named.items():
        assert CLASS_NAMES[graver(CLASS_NAMES.index(one), CLASS_NAMES.index(other))] == expected


FLOOD = [[0.0, 0.2, 1.0], [2.0, 0.0, NODATA], [NODATA, NODATA, 0.2]]
SLIDE = [[0, 0, 1], [0, 3, 2], [1, 4, 4]]
# none low medium / high high medium / unknown unknown unknown
TOGETHER = [[0, 1, 2], [3, 3, 2], [4, 4, 4]]


def test_two_grids_of_one_shape_cell_by_cell():
    together = rg.combine_hazards(flood(FLOOD), codes(SLIDE))
    assert together.classes(*ALL).tolist() == TOGETHER
    assert together.classes(slice(1, 3), slice(2, 3)).tolist() == [[2], [4]]
    counts = people([[1, 2, 4], [8, 16, 32], [64, 128, 256]])
    table = rg.village_exposure(villages(A=rect(0, 0, 30, 30)), together, counts)
    # none 1, low 2, medium 4 + 32, high 8 + 16, unknown 64 + 128 + 256.
    assert by_class(table) == [1, 2, 36, 24, 448]
    assert table.loc["A", "evacuees"] == 60


def test_a_list_of_hazards_stands_where_one_does():
    pair = [flood(FLOOD), codes(SLIDE)]
    counts = people(np.arange(9).reshape(3, 3))
    frame = villages(A=rect(3, 4, 27, 30))
    together = rg.village_exposure(frame, rg.combine_hazards(*pair), counts)
    assert rg.village_exposure(frame, pair, counts).equals(together)
    graph = road_graph({1: (2, 25), 2: (28, 5)}, (1, 2))
    listed = rg.road_states(graph, pair)
    assert listed.equals(rg.road_states(graph, rg.combine_hazards(pair)))


def test_grids_of_the_same_cells_but_of_other_extents_are_one_grid():
    # The slide covers only the upper right 2 x 2 cells, and one column more in the east.
    slide = codes([[0, 1, 3], [3, 2, 0]], west=10, south=10)
    together = rg.combine_hazards(flood(FLOOD), slide)
    assert together.grid.shape == (3, 4)
    assert together.grid.bounds == (*at(0, 0), *at(40, 30))
    # Beyond either map is unknown: first column 0.0 becomes unknown, 2.0 m stays high.
    assert together.classes(*ALL).tolist() == [[4, 1, 2, 3], [3, 3, 2, 4], [4, 4, 4, 4]]


def test_what_the_hazards_are_called_and_where_they_come_from():
    water, slide = flood(FLOOD), codes(SLIDE)
    both = rg.combine_hazards(water, slide)
    assert both.kinds == ("flood", "landslide")
    assert (both.kind, both.unit, both.nodata_means) == ("generic", "class", "unknown")
    assert both.maps == both.parts == (water, slide)
    assert water.maps == (water,)
    assert "landslide" in both.source
    assert "gravest" in both.notes[0]
    assert set(water.notes + slide.notes) <= set(both.notes)
    assert rg.combine_hazards(water) is water
    assert rg.combine_hazards([water]) is water
    nested = rg.combine_hazards(both, patches((0, 0, 9, 9, 1), kind="tsunami"))
    assert nested.kinds == ("flood", "landslide", "tsunami")
    assert nested.grid is None
    assert rg.combine_hazards(water, flood(FLOOD)).kind == "flood"
    with pytest.raises(UnitError, match="several hazards"):
        both.depths_m(*ALL)


@pytest.mark.parametrize("wrong", [(), ("banjir.tif",), (None,), (flood([[1.0]]), 3)])
def test_anything_but_hazards_is_refused(wrong):
    with pytest.raises(InputError, match="one hazard or several"):
        rg.combine_hazards(*wrong)


def test_extent_lies_around_all_hazards_in_any_crs():
    west = flood([[1.0]])
    east = codes([[1]], west=100, south=50)
    moved = Hazard(
        kind="landslide",
        unit="class",
        polygons=patches((100, 50, 110, 60, 1)).polygons.to_crs(4326),
    )
    for other in (east, moved):
        bounds = rg.combine_hazards(west, other).bounds
        assert_allclose(bounds, (*at(0, 0), *at(110, 60)), atol=0.01)
    assert rg.combine_hazards(west, moved).crs == west.crs


# --- exposure ---------------------------------------------------------------------------------


def test_cells_of_10_and_of_15_metres_that_do_not_match():
    # One population cell of 30 m with 900 people, one for each square metre.
    # Flood of 10 m cells: the western column high, the rest dry.
    # Slide of 15 m cells from (-5, -5): the upper row (y 10 to 25) low, above it nothing known.
    water = flood([[2.0, 0.0, 0.0]] * 3)
    slide = codes([[1, 1], [0, 0]], cell=15, west=-5, south=-5)
    both = rg.combine_hazards(water, slide)
    assert both.grid is None
    table = rg.village_exposure(villages(A=rect(0, 0, 30, 30)), both, people([[900]], cell=30))
    # high: 10 x 30. East of it: x 10..25 are mapped by the slide, x 25..30 are not.
    # y 0..10: none 15 x 10; y 10..25: low 15 x 15; unknown: 15 x 5 above and 5 x 30 in the east.
    assert_allclose(by_class(table), [150, 225, 0, 300, 225], atol=1e-6)


@pytest.mark.parametrize(
    ("slide", "high"), [((0, 0, 10, 20), 50), ((10, 0, 20, 20), 100), ((0, 0, 20, 10), 75)]
)
def test_shares_of_each_hazard_alone_do_not_tell_the_share_of_both(slide, high):
    # The western half is flooded; the same half slides, or the other, or the southern one.
    water = flood([[2.0, 0.0]] * 2)
    both = rg.combine_hazards(water, patches((0, 0, 20, 20, 0), (*slide, 3)))
    table = rg.village_exposure(villages(A=rect(0, 0, 20, 20)), both, people([[100]], cell=20))
    assert_allclose(by_class(table), [100 - high, 0, 0, high, 0], atol=1e-4)


def test_polygons_over_a_raster_leave_the_uncovered_part_unknown():
    # Slide low in the west 12 m, high in a strip x 12..15, nothing known east of it.
    slide = patches((0, 0, 12, 20, 1), (12, 0, 15, 20, 3))
    water = flood([[0.0, 1.0], [0.0, 0.0]])  # medium in the north east
    table = rg.village_exposure(
        villages(A=rect(0, 0, 20, 20)), [slide, water], people([[400]], cell=20)
    )
    # One person per square metre. high: 3 x 20; north east without the strip is medium:
    # x 10..12 and 15..20 times 10 m = 70; low: x 0..10 all, x 10..12 south: 200 + 20;
    # unknown: x 15..20 south: 50.
    assert_allclose(by_class(table), [0, 220, 70, 60, 50], atol=1e-4)


def cells_of(raster):
    t, (rows, columns) = raster.transform, raster.shape
    return np.array(
        [
            box(t.c + c * t.a, t.f + (r + 1) * t.e, t.c + (c + 1) * t.a, t.f + r * t.e)
            for r in range(rows)
            for c in range(columns)
        ]
    )


def shapes_and_classes(hazard, crs):
    """Return all parts of a hazard as polygons of another CRS, with their classes."""
    if hazard.polygons is not None:
        table = hazard.polygons.to_crs(crs)
        return np.asarray(table.geometry.array), table["hazard_class"].to_numpy()
    shapes = gpd.GeoSeries(cells_of(hazard.grid), crs=hazard.grid.crs).to_crs(crs)
    return np.asarray(shapes.array), hazard.classes(*ALL).ravel()


def expected_shares(shape, hazards, crs):
    """Overlay by subtraction: from grave to mild, each class has what the graver ones leave."""
    measured = shapely.area if shapely.get_dimensions(shape) == 2 else shapely.length
    layers = [shapes_and_classes(hazard, crs) for hazard in hazards]

    def union_of(*numbers):
        parts = [part for shapes, classes in layers for part in shapes[np.isin(classes, numbers)]]
        return shapely.union_all(parts) if parts else shapely.Polygon()

    high, medium, low = (union_of(number) for number in (3, 2, 1))
    known = shapely.intersection_all(
        [shapely.union_all(shapes[classes < 4]) for shapes, classes in layers]
    )
    safe = known.difference(high).difference(medium)
    areas = safe.difference(low), safe.intersection(low), medium.difference(high), high
    found = [measured(shape.intersection(area.buffer(0))) / measured(shape) for area in areas]
    return np.array([*found, 1.0 - sum(found)])


def random_hazard(rng, form, crs=CRS):
    """Make a raster of any grid, or polygons, over part of 300 m x 300 m, of all classes."""
    if form == "polygons":
        corners = rng.uniform(-50, 320, (5, 2))
        sizes = rng.uniform(5, 250, (5, 2))
        found = patches(
            *((x, y, x + wide, y + high, number) for (x, y), (wide, high), number in zip(
                corners, sizes, rng.integers(0, 5, 5), strict=True)),
            (0, 0, 20, 20, 0),
        )  # fmt: skip
        return Hazard(kind="landslide", unit="class", polygons=found.polygons.to_crs(crs))
    west, south = rng.uniform(-80, 80, 2)
    wide, high = rng.uniform(150, 400, 2)
    rows, columns = (int(value) for value in rng.integers(1, 9, 2))
    area = gpd.GeoSeries([rect(west, south, west + wide, south + high)], crs=CRS).to_crs(crs)
    left, bottom, right, top = area.total_bounds
    transform = Affine((right - left) / columns, 0, left, 0, (bottom - top) / rows, top)
    values = rng.integers(0, 5, (rows, columns)).astype("uint8")
    raster = Grid.from_array(values, transform, crs, 4)
    return Hazard(kind=form, unit="class", grid=raster, code_classes={0: 0, 1: 1, 2: 2, 3: 3})


FORMS = st.lists(
    st.tuples(st.sampled_from(["flood", "landslide", "polygons"]), st.sampled_from(CRSS)),
    min_size=2,
    max_size=3,
)
WORLD = villages(A=rect(-1000, -1000, 2000, 2000))


def layer_of(rng):
    counts = rng.gamma(1.0, 20.0, tuple(rng.integers(1, 5, 2)))
    return people(counts, cell=float(rng.uniform(30, 120)), dtype="float64")


@given(seed=SEEDS, forms=FORMS)
@ROOMY
def test_exposure_agrees_with_an_overlay_by_subtraction_and_conserves_people(seed, forms):
    rng = np.random.default_rng(seed)
    hazards = [random_hazard(rng, *form) for form in forms]
    layer = layer_of(rng)
    table = rg.village_exposure(WORLD, hazards, layer)
    assert_allclose(table.loc["A", "people_total"], layer.total, rtol=1e-9)
    assert_allclose(sum(by_class(table)), layer.total, rtol=1e-9)
    counts = layer.grid.read(*ALL)[0].ravel()
    expected = sum(
        count * expected_shares(cell, hazards, CRS)
        for cell, count in zip(cells_of(layer.grid), counts, strict=True)
    )
    # Cells of another CRS have straight sides there: over 400 m that is under a millimetre.
    assert_allclose(by_class(table), expected, rtol=2e-4, atol=2e-4 * layer.total)


@given(seed=SEEDS, count=st.integers(2, 3))
@ROOMY
def test_grids_of_one_crs_agree_with_an_overlay_by_subtraction(seed, count):
    rng = np.random.default_rng(seed)
    hazards = [random_hazard(rng, "flood") for _ in range(count)]
    cell = people([[100.0]], cell=float(rng.uniform(30, 300)), west=20, south=10, dtype="float64")
    expected = expected_shares(cells_of(cell.grid)[0], hazards, CRS) * 100
    assert_allclose(by_class(rg.village_exposure(WORLD, hazards, cell)), expected, atol=1e-3)


@given(seed=SEEDS, forms=FORMS)
@ROOMY
def test_order_of_hazards_changes_nothing(seed, forms):
    rng = np.random.default_rng(seed)
    hazards = [random_hazard(rng, *form) for form in forms]
    layer = layer_of(rng)
    one = rg.village_exposure(WORLD, hazards, layer)
    other = rg.village_exposure(WORLD, hazards[::-1], layer)
    assert_allclose(by_class(one), by_class(other), rtol=1e-6, atol=1e-6 * layer.total)
    graph = random_road(rng)
    one, other = (states(graph, rg.combine_hazards(given)) for given in (hazards, hazards[::-1]))
    assert one["state"].to_list() == other["state"].to_list()
    assert_allclose(one[SHARES], other[SHARES], atol=1e-6)
    places = random_shelters(rng)
    one, other = (
        shelter_status(places, rg.combine_hazards(given)) for given in (hazards, hazards[::-1])
    )
    assert_array_equal(one[1], other[1])


@given(seed=SEEDS, forms=FORMS)
@ROOMY
def test_another_hazard_never_makes_anything_safer(seed, forms):
    rng = np.random.default_rng(seed)
    hazards = [random_hazard(rng, *form) for form in forms]
    layer, graph, places = layer_of(rng), random_road(rng), random_shelters(rng)
    both = rg.combine_hazards(hazards)
    table = rg.village_exposure(WORLD, both, layer)
    road = states(graph, both)["state"].iloc[0]
    status = shelter_status(places, both)[0]
    order = ["open", "slowed", "unknown", "closed"]
    for one in hazards:
        alone = rg.village_exposure(WORLD, one, layer)
        for names in (["people_high"], ["people_medium", "people_high"]):
            assert table[names].sum(axis=1).iloc[0] >= alone[names].sum(axis=1).iloc[0] - 1e-3
        safe = ["people_none", "people_low"]
        assert table[safe].sum(axis=1).iloc[0] <= alone[safe].sum(axis=1).iloc[0] + 1e-3
        assert order.index(road) >= order.index(states(graph, one)["state"].iloc[0])
        by_one = shelter_status(places, one)[0]
        assert (status[by_one == "in_hazard"] == "in_hazard").all()
        assert (by_one[status == "usable"] == "usable").all()


@given(seed=SEEDS, form=st.sampled_from(["flood", "landslide", "polygons"]))
@ROOMY
def test_a_hazard_that_is_nowhere_changes_nothing(seed, form):
    rng = np.random.default_rng(seed)
    one = random_hazard(rng, form)
    nowhere = codes(np.zeros((40, 40)), cell=33, west=-400, south=-400)
    layer, graph, places = layer_of(rng), random_road(rng), random_shelters(rng)
    for both in (rg.combine_hazards(one, nowhere), rg.combine_hazards(nowhere, one)):
        assert_allclose(
            by_class(rg.village_exposure(WORLD, both, layer)),
            by_class(rg.village_exposure(WORLD, one, layer)),
            rtol=1e-5,
            atol=1e-5 * layer.total,
        )
        alone, together = states(graph, one), states(graph, both)
        assert together["state"].to_list() == alone["state"].to_list()
        assert_allclose(together[SHARES], alone[SHARES], atol=1e-6)
        assert_array_equal(shelter_status(places, both)[1], shelter_status(places, one)[1])


def test_blocks_and_chunks_give_the_answer_of_the_whole(monkeypatch):
    rng = np.random.default_rng(5)
    hazards = [random_hazard(rng, "flood", "EPSG:4326"), random_hazard(rng, "polygons")]
    layer = people(rng.gamma(1.0, 20.0, (12, 12)), cell=25)
    whole = rg.village_exposure(WORLD, hazards, layer)
    monkeypatch.setattr(joint_shares, "_MAX_PAIRS", 3)
    monkeypatch.setattr(joint_shares, "_MAX_CORNERS", 6)
    monkeypatch.setattr(exposure_room, "MAX_BLOCK_CELLS", 30)
    assert_allclose(by_class(rg.village_exposure(WORLD, hazards, layer)), by_class(whole))


def test_polygons_of_many_corners_are_halved_without_loss():
    round_one = shapely.Point(*at(150, 150)).buffer(120, quad_segs=2000)
    table = gpd.GeoDataFrame({"hazard_class": np.uint8([3])}, geometry=[round_one], crs=CRS)
    lake = Hazard(kind="flood", unit="class", polygons=table)
    half = codes([[0, 2]], cell=150, south=75)
    layer = people([[900]], cell=300)
    found = by_class(rg.village_exposure(WORLD, [lake, half], layer))
    # The circle is high; of the rest of the eastern cell medium; the rest is not mapped as safe.
    circle = round_one.area / 300**2 * 900
    medium = (150 * 150 - round_one.intersection(rect(150, 75, 300, 225)).area) / 300**2 * 900
    assert_allclose(found, [0, 0, medium, circle, 900 - medium - circle], atol=1e-3)


# --- roads ------------------------------------------------------------------------------------


def random_road(rng):
    points = [tuple(place) for place in rng.uniform(0, 300, (4, 2))]
    return road_graph({1: points[0], 2: points[-1]}, (1, 2, {"via": points[1:-1]}))


def random_shelters(rng):
    points = [tuple(place) for place in rng.uniform(0, 300, (6, 2))]
    corners = rng.uniform(0, 280, (6, 2))
    return shelters(*points, *(rect(x, y, x + 20, y + 12) for x, y in corners))


@given(seed=SEEDS, forms=FORMS)
@ROOMY
def test_shares_of_a_road_agree_with_an_overlay_by_subtraction(seed, forms):
    rng = np.random.default_rng(seed)
    hazards = [random_hazard(rng, *form) for form in forms]
    graph = random_road(rng)
    table = states(graph, rg.combine_hazards(hazards))
    line = graph.edges[1, 2, 0]["geometry"]
    assert_allclose(table[SHARES].iloc[0], expected_shares(line, hazards, CRS), atol=1e-4)


def road_over(tags=None):
    return road_graph({1: (100, 105), 2: (500, 105)}, (1, 2, tags or {}))


def state_of(hazards, tags=None, mode="walk", **assumptions):
    return states(road_over(tags), rg.combine_hazards(hazards), mode, **assumptions).iloc[0]


HIGH_SLIDE = patches((0, 0, 600, 600, 0), (300, 100, 310, 110, 3))


def test_road_that_only_the_slide_closes_and_road_that_only_the_water_closes():
    shallow = flood_patches((200, 100, 250, 110, 0.2))
    row = state_of([shallow, HIGH_SLIDE])
    assert row["state"] == "closed"
    assert row["worst_class"] == "high"
    assert_allclose(row["max_depth_m"], 0.2)
    # 50 m in 0.2 m of water: low; 10 m in the slide: high.
    assert_allclose(row[SHARES].to_numpy(dtype=float), [340 / 400, 50 / 400, 0, 10 / 400, 0])
    deep = flood_patches((200, 100, 250, 110, 0.6))
    quiet = patches((0, 0, 600, 600, 2))
    assert state_of([deep, quiet])["state"] == "closed"
    # 0.6 m is low by class and closed on foot; a medium slide only slows.
    assert state_of([shallow, quiet])["state"] == "slowed"
    assert state_of([shallow, patches((0, 0, 600, 600, 0))])["state"] == "slowed"


@pytest.mark.parametrize(
    ("depth", "slide", "expected"),
    [
        (NAN, 0, "unknown"),
        (NAN, 1, "unknown"),
        (NAN, 2, "unknown"),
        (NAN, 3, "closed"),
        (0.0, 4, "unknown"),
        (0.2, 4, "unknown"),
        (0.9, 4, "closed"),
        (0.0, 0, "open"),
    ],
)
def test_closed_beats_unknown_and_unknown_beats_slowed(depth, slide, expected):
    water = flood_patches((200, 100, 250, 110, depth))
    ground = patches((0, 0, 600, 600, 0), (200, 100, 250, 110, slide))
    if slide == 4:
        around = rect(0, 0, 600, 600).difference(rect(200, 100, 250, 110))
        table = gpd.GeoDataFrame({"hazard_class": np.uint8([0])}, geometry=[around], crs=CRS)
        ground = Hazard(kind="landslide", unit="class", polygons=table)
    assert state_of([water, ground])["state"] == expected
    assert state_of([ground, water])["state"] == expected


def test_bridge_is_safe_from_water_and_not_from_the_slide():
    deep = flood_patches((300, 100, 310, 110, 3.0))
    assert state_of([deep], {"bridge": "yes"})["state"] == "slowed"
    assert state_of([deep, HIGH_SLIDE], {"bridge": "yes"})["state"] == "closed"
    assert state_of([deep, HIGH_SLIDE], {"bridge": "yes"}, bridge_rule="open")["state"] == "closed"
    quiet = patches((0, 0, 600, 600, 0))
    assert state_of([deep, quiet], {"bridge": "yes"}, bridge_rule="open")["state"] == "open"


def test_ford_and_tunnel_close_by_water_only():
    quiet, dry = patches((0, 0, 600, 600, 2)), flood_patches()
    assert state_of([dry, quiet], {"ford": "yes"})["state"] == "closed"
    assert state_of([dry, quiet], {"tunnel": "yes"})["state"] == "slowed"
    wet = flood_patches((200, 100, 220, 110, 0.1))
    assert state_of([wet, quiet], {"tunnel": "yes"})["state"] == "closed"


def test_each_mode_has_its_own_limit_of_depth_beside_the_slide():
    water = flood_patches((200, 100, 250, 110, 0.25))
    quiet = patches((0, 0, 600, 600, 2))
    found = {
        mode: state_of([water, quiet], mode=mode)["state"]
        for mode in ("walk", "motorcycle", "car", "truck")
    }
    expected = {"walk": "slowed", "motorcycle": "closed", "car": "slowed", "truck": "slowed"}
    assert found == expected


def test_speed_is_the_lowest_of_any_hazard():
    # Wading slows, a medium slide does not: x 200..250 at wading speed.
    arrays = road_arrays(road_over())
    both = rg.combine_hazards(
        patches((0, 0, 600, 600, 2)), flood_patches((200, 100, 250, 110, 0.4))
    )
    pieces = hazard_pieces(arrays, both)
    state, factor = piece_states(arrays, pieces, both, "walk", rg.EvacuationAssumptions())
    wading = (pieces.start_m >= 100 - 1e-6) & (pieces.end_m <= 150 + 1e-6)
    assert_allclose(factor[wading], rg.EvacuationAssumptions().wading_speed_factor)
    assert_allclose(factor[~wading], 1.0)
    assert (state == 1).all()


def test_road_over_cells_of_10_and_15_metres_is_cut_by_both():
    # y = 5, from x = 0 to 30. Flood cells of 10 m: dry, low, dry; slide cells of 15 m: none, high.
    water, slide = flood([[0.0, 0.2, 0.0]]), codes([[0, 3]], cell=15)
    graph = road_graph({1: (0, 5), 2: (30, 5)}, (1, 2))
    pieces = hazard_pieces(road_arrays(graph), rg.combine_hazards(water, slide))
    assert_allclose(pieces.start_m, [0, 10, 15, 20], atol=1e-6)
    assert_allclose(pieces.end_m, [10, 15, 20, 30], atol=1e-6)
    assert pieces.hazard_class.tolist() == [0, 1, 3, 3]
    assert_allclose(pieces.depth_m, [0, 0.2, 0.2, 0], atol=1e-6)


def test_grids_that_share_lines_cut_a_road_once():
    # Lines every 10 m and every 20 m, the latter from another origin: no pieces of no length.
    water = flood(np.zeros((3, 60)), west=-100)
    slide = codes(np.zeros((3, 40)), cell=20, west=-100.0000000001, south=-20)
    graph = road_graph({1: (3, 5), 2: (397, 5)}, (1, 2))
    pieces = hazard_pieces(road_arrays(graph), rg.combine_hazards(water, slide))
    assert pieces.road.size == 40
    assert (pieces.end_m - pieces.start_m).min() > 2.9


def test_united_cuts_keep_order_and_leave_no_gap():
    ends = np.zeros(2), np.zeros(2), np.array([30.0, 7.0]), np.array([3.0, 40.0])
    ends = [values + shift for values, shift in zip(ends, (*at(0, 0), *at(0, 0)), strict=True)]
    cuts = [cut_segments(*ends, h) for h in (flood([[0.0]] * 5), codes([[0]] * 3, cell=15))]
    segment, begin, end = united_cuts(2, cuts)
    for number in (0, 1):
        own = segment == number
        assert begin[own][0] == 0.0
        assert end[own][-1] == 1.0
        assert_array_equal(begin[own][1:], end[own][:-1])
        expected = {0.0, *(b for cut in cuts for b in cut[1][cut[0] == number])}
        assert_allclose(begin[own], sorted(expected), atol=1e-12)


def test_place_takes_the_gravest_class_and_the_depth_that_is_known():
    both = rg.combine_hazards(flood([[0.2]]), patches((0, 0, 10, 10, 2), (10, 0, 20, 10, 1)))
    x, y = np.array([at(5, 5)[0], at(15, 5)[0]]), np.repeat(at(5, 5)[1], 2)
    classes, depths = hazard_at(both, x, y)
    assert classes.tolist() == [2, 4]
    assert_allclose(depths, [0.2, np.nan])


# --- walks ------------------------------------------------------------------------------------

# A road south (y 205) and one north (y 505), joined in the east; the shelter is in the north east.
BOTH_BANKS = road_graph(
    {1: (105, 205), 2: (905, 205), 3: (105, 505), 4: (905, 505)}, (1, 2), (3, 4), (2, 4)
)


@pytest.mark.parametrize(("depth", "walk"), [(1.0, 200), (0.2, 100)])
def test_who_leaves_a_slide_does_not_walk_into_deep_water(depth, walk):
    # The house at (305, 305) stands in a high slide; water lies between it and the southern road,
    # but not on the road that joins the two in the east.
    slide = flood_patches((200, 250, 400, 350, 0.9), kind="landslide")
    water = flood_patches((0, 240, 890, 250, depth))
    for order in ((slide, water), (water, slide)):
        table = routes(
            [(305, 305)], shelters((905, 505)), BOTH_BANKS, rg.combine_hazards(order), "late"
        )
        assert table["status"].to_list() == ["allocated"]
        assert_allclose(table["walk_to_road_m"], walk)


def test_late_way_avoids_what_either_hazard_closes():
    # The direct road is cut by a slide, the detour by water: each alone leaves a way, both none.
    graph = road_graph(
        {1: (105, 205), 2: (905, 205)}, (1, 2), (1, 2, {"via": [(105, 505), (905, 505)]})
    )
    slide = flood_patches((500, 200, 510, 210, 0.9), kind="landslide")
    water = flood_patches((500, 500, 510, 510, 2.0))
    target = shelters((905, 205))

    def late(hazard):
        return routes([(105, 205)], target, graph, hazard, "late").iloc[0]

    assert_allclose(late(water)["distance_m"], 800)
    assert_allclose(late(slide)["distance_m"], 300 + 800 + 300)
    assert late(rg.combine_hazards(slide, water))["status"] == "cut_off"


# --- shelters ---------------------------------------------------------------------------------


def test_school_that_is_right_for_the_flood_and_wrong_for_the_slide():
    water = flood_patches((200, 100, 300, 200, 2.0), (400, 100, 500, 200, NAN))
    slide = flood_patches((300, 100, 400, 200, 0.9), (200, 100, 220, 200, 0.4), kind="landslide")
    # In the water; on the slide; dry and still; of unknown flood; a school that reaches into it.
    places = shelters((250, 150), (350, 150), (50, 150), (450, 150), rect(295, 110, 305, 120))
    both = rg.combine_hazards(water, slide)
    status, classes = shelter_status(places, both)
    expected = ["in_hazard", "in_hazard", "usable", "unknown_hazard", "in_hazard"]
    assert status.tolist() == expected
    assert [CLASS_NAMES[number] for number in classes] == [
        "high",
        "high",
        "none",
        "unknown",
        "high",
    ]
    each = status_by_hazard(places, both)
    assert list(each) == ["status_flood", "status_landslide"]
    assert each["status_flood"].tolist() == [
        "in_hazard", "usable", "usable", "unknown_hazard", "in_hazard",
    ]  # fmt: skip
    assert each["status_landslide"].tolist() == [
        "usable", "in_hazard", "usable", "usable", "in_hazard",
    ]  # fmt: skip


def test_status_columns_of_two_floods_and_of_a_single_hazard():
    place = shelters((5, 5))
    both = rg.combine_hazards(flood([[2.0]]), codes([[0]]), flood([[0.0]]))
    each = status_by_hazard(place, both)
    assert {name: status[0] for name, status in each.items()} == {
        "status_flood": "in_hazard",
        "status_landslide": "usable",
        "status_flood_2": "usable",
    }
    assert status_by_hazard(place, flood([[2.0]])) == {}


# --- real files -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample():
    files = rg.sample_files()
    return {
        "flood": rg.read_hazard(files["flood"], kind="flood", unit="m"),
        "landslide": rg.read_hazard(files["landslide"], kind="landslide", unit="index"),
        "villages": rg.read_villages(files["villages"]),
        "people": rg.read_population(files["population"]),
    }


def test_classes_of_the_sample_are_those_of_its_files(sample):
    depth, known = sample["flood"].grid.read(*ALL)
    index, mapped = sample["landslide"].grid.read(*ALL)
    one = np.where(known, np.digitize(depth, np.float32([0.1, 0.76, 1.5])), 4)
    other = np.where(mapped, np.digitize(index, np.float32([1e-6, 0.333, 0.666])), 4)
    order = np.array([FROM_MILD_TO_GRAVE.index(name) for name in CLASS_NAMES])
    expected = np.where(order[one] >= order[other], one, other)
    both = rg.combine_hazards(sample["flood"], sample["landslide"])
    assert_array_equal(both.classes(*ALL), expected)
    assert {0, 1, 2, 3, 4} == set(np.unique(expected))


def test_people_of_the_sample_are_conserved_and_the_hazards_add_up(sample):
    hazards = [sample["flood"], sample["landslide"]]
    one, other, both = (
        rg.village_exposure(sample["villages"], hazard, sample["people"])
        for hazard in (*hazards, hazards)
    )
    outside = both.attrs["outside"]["total"]
    assert_allclose(both["people_total"].sum() + outside, sample["people"].total, rtol=1e-9)
    danger = ["people_medium", "people_high"]
    alone = [table[danger].sum(axis=1) for table in (one, other)]
    together = both[danger].sum(axis=1)
    assert (together >= np.maximum(*alone) - 1e-6).all()
    assert (together <= sum(alone) + 1e-6).all()
    assert (together > np.maximum(*alone) + 1).any()


@pytest.mark.real_data
def test_jakarta_under_a_raster_and_polygons_together(real_data):
    folder = real_data / "jakarta"
    water = rg.read_hazard(folder / "Flood_Current_Depth_Jakarta_geographic.asc", unit="m")
    districts = gpd.read_file(folder / "kecamatan_jakarta.shp")
    # A made-up second hazard: every third kecamatan is high, the others are none.
    made_up = one_area_per_class(
        np.asarray(districts.geometry.make_valid().array),
        np.where(np.arange(len(districts)) % 3 == 0, 3, 0).astype(np.uint8),
        crs=districts.crs,
        rest_is_none=False,
    )
    other = Hazard(kind="generic", unit="class", polygons=made_up)
    layer = rg.read_population(
        folder / "Population_Jakarta_geographic.asc", unit="people_per_ha", scale=0.1
    )
    frame = rg.read_villages(folder / "kelurahan_jakarta.shp")
    both = rg.village_exposure(frame, [water, other], layer)
    outside = both.attrs["outside"]["total"]
    assert_allclose(both["people_total"].sum() + outside, layer.total, rtol=1e-6)
    assert_allclose(both[CLASS_COLUMNS].sum(axis=1), both["people_total"], rtol=1e-9, atol=1e-6)
    for hazard in (water, other):
        alone = rg.village_exposure(frame, hazard, layer)
        assert (both["people_high"] >= alone["people_high"] - 1e-3).all()
