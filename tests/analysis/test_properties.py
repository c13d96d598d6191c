"""What must hold for every input: people conserved, order of no account, hazard never a help."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from shapely.affinity import rotate, translate
from shapely.geometry import Polygon, box

import resilience_geo as rg
from resilience_geo.analysis.cell_shares import Window, grid_class_shares, polygon_cell_shares
from resilience_geo.analysis.exposure import whole, whole_per_village
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.inputs.hazard_map import Hazard, one_area_per_class
from resilience_geo.inputs.rasters import Grid
from tests.analysis.toys import (
    CRS,
    at,
    flood_patches,
    homes,
    rect,
    road_graph,
    routes,
    shelters,
    villages,
)

CLASS_COLUMNS = [f"people_{name}" for name in CLASS_NAMES]
ROOMY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CRSS = (CRS, "EPSG:4326", "EPSG:3857", "EPSG:32749")
SEEDS = st.integers(0, 2**32 - 1)


def grid_in(crs, values, area, dtype="float32"):
    """Put values over an area (a polygon in metres) as a grid of another CRS."""
    west, south, east, north = gpd.GeoSeries([area], crs=CRS).to_crs(crs).total_bounds
    values = np.asarray(values, dtype=dtype)
    across, down = (east - west) / values.shape[1], (south - north) / values.shape[0]
    return Grid.from_array(values, Affine(across, 0, west, 0, down, north), crs)


def random_layers(rng, hazard_crs=CRS, people_crs=CRS):
    """Make a hazard and a population that overlap in part, in grids of any size."""
    shape = tuple(rng.integers(1, 12, 2))
    depths = rng.choice([0.0, 0.05, 0.1, 0.5, 0.76, 1.2, 1.5, 4.0, np.nan], shape)
    counts = rng.gamma(0.5, 20.0, tuple(rng.integers(1, 12, 2)))
    counts[rng.random(counts.shape) < 0.2] = 0.0
    west, south = rng.uniform(-100, 100, 2)
    hazard = grid_in(hazard_crs, depths, rect(west, south, west + 400, south + 300))
    layer = grid_in(people_crs, counts, rect(0, 0, 350, 350), "float64")
    return rg.read_hazard(hazard, unit="m"), rg.read_population(layer)


def random_polygons(rng, count):
    """Make polygons that may overlap: turned boxes and triangles over and beyond the layers."""
    shapes = []
    for _ in range(count):
        x, y = rng.uniform(-50, 400, 2)
        wide, high = rng.uniform(1, 250, 2)
        shape = (
            box(0, 0, wide, high) if rng.random() < 0.5 else Polygon([(0, 0), (wide, 0), (0, high)])
        )
        shapes.append(translate(rotate(shape, rng.uniform(0, 360)), *at(x, y)))
    return villages(**{f"V{number}": shape for number, shape in enumerate(shapes)})


def total_of(table):
    return table["people_total"].sum() + table.attrs["outside"]["total"]


@given(seed=SEEDS, hazard_crs=st.sampled_from(CRSS), people_crs=st.sampled_from(CRSS))
@ROOMY
def test_people_are_conserved_in_any_grids_polygons_and_crss(seed, hazard_crs, people_crs):
    rng = np.random.default_rng(seed)
    hazard, layer = random_layers(rng, hazard_crs, people_crs)
    frame = random_polygons(rng, rng.integers(1, 5))
    frame = pd.concat([frame, villages(ALL=rect(100, 100, 200, 200))])
    table = rg.village_exposure(frame, hazard, layer)
    assert_allclose(total_of(table), layer.total, rtol=1e-9, atol=1e-6)
    assert_allclose(table[CLASS_COLUMNS].sum(axis=1), table["people_total"], atol=1e-9)
    outside = table.attrs["outside"]
    assert_allclose(sum(outside[name] for name in CLASS_NAMES), outside["total"], atol=1e-9)
    assert (table[CLASS_COLUMNS].to_numpy() >= 0).all()
    assert (
        table["evacuees"] == whole(table[["people_medium", "people_high"]].sum(axis=1).to_numpy())
    ).all()


@given(seed=SEEDS, crs=st.sampled_from(CRSS), nodata=st.sampled_from(["unknown", "none"]))
@ROOMY
def test_hazard_of_polygons_conserves_people_and_agrees_with_shapely(seed, crs, nodata):
    rng = np.random.default_rng(seed)
    shapes = np.asarray(random_polygons(rng, 4).geometry.array)
    classes = rng.integers(0, 5, 4).astype(np.uint8)
    areas = one_area_per_class(shapes, classes, crs=CRS, rest_is_none=nodata == "none")
    hazard = Hazard(kind="flood", unit="class", polygons=areas.to_crs(crs), nodata_means=nodata)
    _, layer = random_layers(rng)
    frame = villages(V=rect(-50, -50, 210, 400))
    table = rg.village_exposure(frame, hazard, layer)
    assert_allclose(total_of(table), layer.total, rtol=1e-9, atol=1e-6)
    assert_allclose(table[CLASS_COLUMNS].sum(axis=1), table["people_total"], atol=1e-9)
    counts = layer.grid.read(slice(None), slice(None))[0]
    t = layer.grid.transform
    expected = np.zeros(5)
    for (row, column), count in np.ndenumerate(counts):
        west, north = t.c + column * t.a, t.f + row * t.e
        cell = box(west, north + t.e, west + t.a, north)
        share = cell.intersection(frame.geometry.iloc[0]).area / cell.area
        parts = shapely.area(shapely.intersection(np.asarray(areas.geometry.array), cell))
        split = np.bincount(areas["hazard_class"], parts / cell.area, minlength=5)
        split[4] += 1.0 - split.sum()
        expected += count * share * split
    # Edges of polygons are straight in their own CRS: over 400 m that is under a millimetre.
    assert_allclose(table[CLASS_COLUMNS].iloc[0], expected, rtol=1e-4, atol=1e-2)


@given(seed=SEEDS)
@ROOMY
def test_exposure_agrees_with_shapely_cell_by_cell(seed):
    """The oracle intersects village, population cell and hazard cell with one another."""
    rng = np.random.default_rng(seed)
    hazard, layer = random_layers(rng)
    frame = villages(V=random_polygons(rng, 1).geometry.iloc[0], ALL=rect(-9e3, -9e3, -8e3, 9e3))
    frame.loc[1, "geometry"] = rect(0, 0, 1, 1).difference(frame.geometry.iloc[0])
    frame = frame[~frame.geometry.is_empty]
    table = rg.village_exposure(frame, hazard, layer)

    def cells(grid):
        t, (rows, columns) = grid.transform, grid.shape
        return np.array(
            [
                box(t.c + c * t.a, t.f + (r + 1) * t.e, t.c + (c + 1) * t.a, t.f + r * t.e)
                for r in range(rows)
                for c in range(columns)
            ]
        )

    depths = hazard.grid.read(slice(None), slice(None))[0].ravel()
    number = np.where(
        np.isnan(depths), 4, np.searchsorted(np.float32([0.1, 0.76, 1.5]), depths, side="right")
    )
    counts = layer.grid.read(slice(None), slice(None))[0].ravel()
    mine = frame.geometry.iloc[0]
    expected = np.zeros(5)
    for cell, count in zip(cells(layer.grid), counts, strict=True):
        share = cell.intersection(mine).area / cell.area
        # A cell's people are spread evenly: the village's part has the classes of the whole cell.
        parts = shapely.area(shapely.intersection(cells(hazard.grid), cell)) / cell.area
        split = np.bincount(number, parts, minlength=5)
        split[4] += 1.0 - split.sum()
        expected += count * share * split
    assert_allclose(table[CLASS_COLUMNS].iloc[0], expected, rtol=1e-5, atol=1e-4)


@given(seed=SEEDS)
@ROOMY
def test_polygon_shares_agree_with_shapely(seed):
    rng = np.random.default_rng(seed)
    rows, columns = (int(value) for value in rng.integers(1, 9, 2))
    transform = Affine(17.0, 0, at(0, 0)[0], 0, -23.0, at(0, 200)[1])
    shapes = np.asarray(random_polygons(rng, 3).geometry.array)
    found = polygon_cell_shares(shapes, Window(transform, rows, columns))
    expected = np.zeros((3, rows * columns))
    for row in range(rows):
        for column in range(columns):
            west, north = transform.c + 17.0 * column, transform.f - 23.0 * row
            cell = box(west, north - 23.0, west + 17.0, north)
            expected[:, row * columns + column] = shapely.area(
                shapely.intersection(shapes, cell)
            ) / (17.0 * 23.0)
    actual = np.zeros_like(expected)
    actual[found.polygon, found.cell] = found.share
    assert_allclose(actual, expected, atol=1e-6)


@given(seed=SEEDS)
@ROOMY
def test_class_shares_of_grids_sum_to_one(seed):
    rng = np.random.default_rng(seed)
    rows, columns, other_rows, other_columns = (int(value) for value in rng.integers(1, 9, 4))
    window = Window(Affine(rng.uniform(1, 9), 0, 0, 0, -rng.uniform(1, 9), 0), rows, columns)
    classes = rng.integers(0, 5, (other_rows, other_columns)).astype(np.uint8)
    x, y = rng.uniform(-20, 20, 2)
    other = Affine(rng.uniform(0.5, 20), 0, x, 0, -rng.uniform(0.5, 20), y)
    shares = grid_class_shares(window, classes, other)
    assert_allclose(shares.sum(axis=0), 1.0)
    assert (shares >= 0).all()


@given(seed=SEEDS, rise=st.floats(0.0, 3.0))
@ROOMY
def test_deeper_water_never_moves_people_to_a_lower_class(seed, rise):
    rng = np.random.default_rng(seed)
    hazard, layer = random_layers(rng)
    deeper = rg.read_hazard(
        Grid.from_array(
            hazard.grid.read(slice(None), slice(None))[0] + np.float32(rise),
            hazard.grid.transform,
            CRS,
        ),
        unit="m",
    )
    frame = villages(ALL=rect(0, 0, 300, 320))
    before = rg.village_exposure(frame, hazard, layer)
    after = rg.village_exposure(frame, deeper, layer)
    for first in range(1, 4):
        names = CLASS_COLUMNS[first:4]
        assert (after[names].sum(axis=1) >= before[names].sum(axis=1) - 1e-6).all()
    assert_allclose(after["people_unknown"], before["people_unknown"], atol=1e-9)


@given(seed=SEEDS)
@ROOMY
def test_splitting_a_village_keeps_its_people(seed):
    rng = np.random.default_rng(seed)
    hazard, layer = random_layers(rng)
    shape = rect(20, 20, 330, 300)
    east = rng.uniform(40, 310)
    line = translate(
        rotate(box(-1e4, -1e4, 0, 1e4), rng.uniform(-60, 60), origin=(0, 0)), *at(east, 150)
    )
    parts = villages(W=shape.intersection(line), E=shape.difference(line))
    together = rg.village_exposure(villages(V=shape), hazard, layer)
    apart = rg.village_exposure(parts, hazard, layer)
    assert_allclose(apart[CLASS_COLUMNS].sum(), together[CLASS_COLUMNS].sum(), rtol=1e-5, atol=1e-4)


@given(seed=SEEDS)
@ROOMY
def test_order_of_villages_is_of_no_account(seed):
    rng = np.random.default_rng(seed)
    hazard, layer = random_layers(rng)
    frame = pd.concat([random_polygons(rng, 4), villages(ALL=rect(100, 100, 200, 200))])
    shuffled = frame.sample(frac=1, random_state=int(seed % 1000))
    one = rg.village_exposure(frame, hazard, layer)
    other = rg.village_exposure(shuffled, hazard, layer)
    assert other.index.to_list() == shuffled["village_code"].to_list()
    pd.testing.assert_frame_equal(one, other.loc[one.index], rtol=1e-9, atol=1e-9)


@given(seed=SEEDS)
@ROOMY
def test_whole_people_sum_to_the_rounded_total_of_each_village(seed):
    rng = np.random.default_rng(seed)
    village = np.sort(rng.integers(0, 5, 60))
    parts = rng.gamma(0.3, 3.0, 60) + 1e-9
    totals = whole(np.bincount(village, parts, minlength=5))
    counts = whole_per_village(village, parts, totals)
    assert (np.bincount(village, counts, minlength=5) == totals).all()
    # Nobody is invented: a part gets its floor or one more.
    assert ((counts == np.floor(parts)) | (counts == np.floor(parts) + 1)).all()


def town(rng, size=5, step=180.0):
    """Make a town of crooked streets whose homes and shelter have lanes of their own.

    Streets lie within 100..1000; each home is the far end of a lane in the dry margin south of
    them, so that whatever happens in town, people enter at the same place.
    """
    nodes = {
        (i, j): (120 + step * i + rng.uniform(-50, 50), 260 + step * j * 0.8 + rng.uniform(-50, 50))
        for i in range(size)
        for j in range(size)
    }
    streets = [
        ((i, j), (i + di, j + dj))
        for i in range(size)
        for j in range(size)
        for di, dj in ((1, 0), (0, 1), (1, 1))
        if i + di < size and j + dj < size and rng.random() < 0.8
    ]
    lanes = []
    for i in range(size):
        nodes[f"home {i}"] = (120 + step * i, 20.0)
        lanes.append(((i, 0), f"home {i}", {"via": [(120 + step * i, 100.0)]}))
    nodes["shelter"] = (1080.0, 60.0)
    lanes.append(((size - 1, size - 1), "shelter", {"via": [(1080.0, 700.0)]}))
    return nodes, streets, lanes


def town_routes(world, hazard, streets=None, departure="late", **assumptions):
    """Find the routes of the homes of a town."""
    nodes, all_streets, lanes = world
    chosen = all_streets if streets is None else streets
    origins = homes(*(place for node, place in nodes.items() if str(node).startswith("home")))
    return routes(
        origins,
        shelters(nodes["shelter"]),
        road_graph(nodes, *chosen, *lanes),
        hazard,
        departure,
        max_snap_m=10,
        **{"time_limit_min": 600, **assumptions},
    )


def random_water(rng, rise=0.0):
    """Put random depths (m) on the town, not on its southern and eastern margins."""
    depths = rng.choice([0.0, 0.0, 0.05, 0.15, 0.35, 0.45, 0.9], (10, 12)) + rise
    return flood_patches(
        *(
            (80 * i, 250 + 80 * j, 80 * i + 80, 330 + 80 * j, depths[j, i])
            for j in range(10)
            for i in range(12)
        ),
        width=1200,
        height=1300,
    )


def seconds(table):
    """Return times; no way is an endless one."""
    return table["travel_time_s"].fillna(np.inf).to_numpy()


@given(seed=SEEDS, rise=st.floats(0.01, 0.6))
@ROOMY
def test_deeper_water_never_shortens_a_late_route(seed, rise):
    world = town(np.random.default_rng(seed))
    before = town_routes(world, random_water(np.random.default_rng(seed)))
    after = town_routes(world, random_water(np.random.default_rng(seed), rise))
    assert (seconds(after) >= seconds(before) - 1e-6).all()


@given(seed=SEEDS, departure=st.sampled_from(["early", "late"]))
@ROOMY
def test_closing_a_road_never_shortens_a_route(seed, departure):
    rng = np.random.default_rng(seed)
    world = town(rng)
    hazard = random_water(rng)
    kept = [street for street in world[1] if rng.random() < 0.85]
    plain = {"closed_penalty": 1.0, "slowed_penalty": 1.0}
    before = town_routes(world, hazard, None, departure, **plain)
    after = town_routes(world, hazard, kept, departure, **plain)
    assert (seconds(after) >= seconds(before) - 1e-6).all()


@given(seed=SEEDS)
@ROOMY
def test_late_is_never_faster_than_early_without_penalties(seed):
    rng = np.random.default_rng(seed)
    world, hazard = town(rng), random_water(rng)
    plain = {"closed_penalty": 1.0, "slowed_penalty": 1.0}
    table = town_routes(world, hazard, None, "both", **plain)
    assert (seconds(table.loc["late"]) >= seconds(table.loc["early"]) - 1e-6).all()


@given(seed=SEEDS)
@ROOMY
def test_early_serves_whoever_late_serves(seed):
    rng = np.random.default_rng(seed)
    world, hazard = town(rng), random_water(rng)
    table = town_routes(world, hazard, None, "both", time_limit_min=rng.uniform(10, 40))
    late = table.loc["late", "status"] == "allocated"
    assert (table.loc["early", "status"][late] == "allocated").all()


@given(seed=SEEDS)
@ROOMY
def test_order_of_roads_shelters_and_origins_is_of_no_account(seed):
    rng = np.random.default_rng(seed)
    nodes, streets, lanes = town(rng)
    hazard = random_water(rng)
    origins = homes(*(tuple(place) for place in rng.uniform(0, 1000, (15, 2))))
    targets = shelters(nodes["shelter"], *(tuple(place) for place in rng.uniform(0, 240, (2, 2))))
    all_roads = [*streets, *lanes]
    one = routes(origins, targets, road_graph(nodes, *all_roads), hazard)
    turned = [
        (road[1], road[0], *({"via": tags["via"][::-1]} for tags in road[2:]))
        if rng.random() < 0.5
        else road
        for road in (all_roads[k] for k in rng.permutation(len(all_roads)))
    ]
    shuffled_nodes = {
        key: nodes[key] for key in rng.permutation(np.array([*nodes, None], dtype=object)[:-1])
    }
    other = routes(
        origins.sample(frac=1, random_state=int(seed % 997)),
        targets.sample(frac=1, random_state=int(seed % 991)),
        road_graph(shuffled_nodes, *turned),
        hazard,
    ).loc[one.index]
    assert other["status"].to_list() == one["status"].to_list()
    assert other["shelter_id"].fillna("").to_list() == one["shelter_id"].fillna("").to_list()
    names = ["travel_time_s", "distance_m", "hazardous_m", "walk_to_road_m"]
    assert_allclose(other[names], one[names], rtol=1e-6, atol=1e-3)


def graph_to(graph, crs):
    """Move a graph to another CRS; lengths stay as they are."""
    moved = graph.copy()
    moved.graph["crs"] = crs
    nodes = list(moved.nodes)
    points = gpd.GeoSeries(
        shapely.points([(moved.nodes[n]["x"], moved.nodes[n]["y"]) for n in nodes]), crs=CRS
    ).to_crs(crs)
    for node, point in zip(nodes, points, strict=True):
        moved.nodes[node]["x"], moved.nodes[node]["y"] = point.x, point.y
    edges = list(moved.edges(keys=True))
    lines = gpd.GeoSeries([moved.edges[e]["geometry"] for e in edges], crs=CRS).to_crs(crs)
    for edge, line in zip(edges, lines, strict=True):
        moved.edges[edge]["geometry"] = line
    return moved


@pytest.mark.parametrize("seed", range(3))
def test_crs_of_roads_origins_and_shelters_changes_nothing_but_the_last_digits(seed):
    rng = np.random.default_rng(seed)
    nodes, streets, lanes = town(rng)
    graph = road_graph(nodes, *streets, *lanes)
    hazard = random_water(rng)
    origins = homes(*(tuple(place) for place in rng.uniform(0, 1000, (15, 2))))
    targets = shelters(nodes["shelter"])
    one = routes(origins, targets, graph, hazard)
    other = routes(origins.to_crs(4326), targets.to_crs(3857), graph_to(graph, "EPSG:4326"), hazard)
    assert other["status"].to_list() == one["status"].to_list()
    names = ["travel_time_s", "distance_m", "hazardous_m", "walk_to_road_m"]
    assert_allclose(other[names], one[names], rtol=1e-4, atol=0.05)
