"""States of roads while the hazard is there, on toys and against dense sampling."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from numpy.testing import assert_allclose

import resilience_geo as rg
from resilience_geo.analysis.network import road_arrays, surface_factor
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.inputs.rasters import Grid
from tests.analysis.toys import (
    CRS,
    at,
    flood_patches,
    grid,
    homes,
    line,
    rect,
    road_graph,
    routes,
    shelters,
    states,
)

SHARES = [f"share_{name}" for name in CLASS_NAMES]
NAN = float("nan")


def one_road(tags=None, length=400):
    """Make one road from (100, 105) to the east, in the middle of a row of cells."""
    return road_graph({1: (100, 105), 2: (100 + length, 105)}, (1, 2, tags or {}))


def state_of(tags, hazard, mode="walk", **assumptions):
    return states(one_road(tags), hazard, mode, **assumptions)["state"].iloc[0]


def test_water_in_the_middle_closes_a_road_with_dry_ends():
    table = states(one_road(), flood_patches((250, 100, 350, 110, 1.0)))
    # 100 m of 400 m in water of 1 m, which is medium.
    assert table["state"].to_list() == ["closed", "closed"]
    assert_allclose(table[SHARES].iloc[0], [0.75, 0, 0.25, 0, 0], atol=1e-9)
    assert_allclose(table["max_depth_m"], 1.0)
    assert (table["worst_class"] == "medium").all()
    assert_allclose(table["length_m"], 400)


def test_water_in_one_cell_corner_that_a_diagonal_road_cuts_is_found():
    # The road x + y = 205 passes 3.5 m from the corner (100, 100) of the flooded cell beside it.
    graph = road_graph({1: (5, 200), 2: (200, 5)}, (1, 2))
    table = states(graph, flood_patches((100, 100, 110, 110, 2.0)))
    assert table["state"].to_list() == ["closed", "closed"]
    # Within the cell: from (100, 105) to (105, 100), 5 of the 195 steps.
    assert_allclose(table["share_high"], 5 / 195, atol=1e-9)


@pytest.mark.parametrize("depth", [0.0, 0.09, 0.1, 0.19, 0.2, 0.29, 0.3, 0.49, 0.5, 0.59, 0.6, 3.0])
@pytest.mark.parametrize(
    ("mode", "limit"), [("walk", 0.5), ("motorcycle", 0.2), ("car", 0.3), ("truck", 0.6)]
)
def test_depth_closes_from_the_limit_of_the_mode_on(mode, limit, depth):
    expected = "closed" if depth >= limit else "slowed" if depth >= 0.1 else "open"
    assert state_of({}, flood_patches((200, 100, 220, 110, depth)), mode) == expected


def test_depth_limit_is_a_choice():
    hazard = flood_patches((200, 100, 220, 110, 0.4))
    assert state_of({}, hazard) == "slowed"
    assert state_of({}, hazard, walk_depth_limit_m=0.4) == "closed"


@pytest.mark.parametrize(
    ("index", "expected"),
    [(0.0, "open"), (0.3, "open"), (0.333, "slowed"), (0.6, "slowed"), (0.666, "closed")],
)
@pytest.mark.parametrize("kind", ["landslide", "generic"])
def test_index_of_landslide_slows_from_medium_and_closes_from_high(kind, index, expected):
    assert state_of({}, flood_patches((200, 100, 220, 110, index), kind=kind)) == expected


@pytest.mark.parametrize("kind", ["flood", "tsunami"])
@pytest.mark.parametrize(
    ("code", "expected"), [(0, "open"), (1, "slowed"), (2, "closed"), (3, "closed")]
)
def test_classes_of_water_slow_from_low_and_close_from_medium(kind, code, expected):
    codes = np.zeros((30, 60), dtype="uint8")
    codes[19, 20:22] = code
    hazard = rg.read_hazard(grid(codes, dtype="uint8", nodata=None), kind=kind, unit="class")
    assert state_of({}, hazard) == expected


@pytest.mark.parametrize(
    ("rule", "depth", "expected"),
    [
        ("caution", 0.0, "open"),
        ("caution", 0.2, "slowed"),
        ("caution", 3.0, "slowed"),
        ("open", 3.0, "open"),
        ("raster", 0.2, "slowed"),
        ("raster", 3.0, "closed"),
    ],
)
@pytest.mark.parametrize("tag", ["yes", "viaduct"])
def test_bridge_follows_its_rule(rule, depth, expected, tag):
    hazard = flood_patches((200, 100, 220, 110, depth))
    assert state_of({"bridge": tag}, hazard, bridge_rule=rule) == expected


@pytest.mark.parametrize("rule", ["caution", "open", "raster"])
def test_bridge_of_unknown_hazard_stays_unknown(rule):
    hazard = flood_patches((200, 100, 220, 110, NAN))
    assert state_of({"bridge": "yes"}, hazard, bridge_rule=rule) == "unknown"


def test_road_tagged_as_no_bridge_is_none():
    assert state_of({"bridge": "no"}, flood_patches((200, 100, 220, 110, 3.0))) == "closed"


@pytest.mark.parametrize(("depth", "expected"), [(0.0, "open"), (0.1, "closed"), (0.3, "closed")])
def test_tunnel_closes_as_soon_as_it_is_wet_anywhere(depth, expected):
    assert state_of({"tunnel": "yes"}, flood_patches((200, 100, 220, 110, depth))) == expected


def test_ford_is_closed_in_a_flood_and_open_in_a_landslide():
    assert state_of({"ford": "yes"}, flood_patches()) == "closed"
    assert state_of({"ford": "yes"}, flood_patches(kind="landslide")) == "open"


@pytest.mark.parametrize(
    ("patches", "expected"),
    [
        (((200, 100, 220, 110, NAN),), "unknown"),
        (((200, 100, 220, 110, NAN), (300, 100, 310, 110, 0.2)), "unknown"),
        (((200, 100, 220, 110, NAN), (300, 100, 310, 110, 0.9)), "closed"),
    ],
)
def test_state_of_a_road_is_the_gravest_along_it(patches, expected):
    table = states(one_road(), flood_patches(*patches))
    assert table["state"].iloc[0] == expected
    assert_allclose(table["share_unknown"], 20 / 400, atol=1e-9)


def test_road_beyond_the_raster_is_unknown_there():
    # The raster ends at x = 2000; 100 of the 400 m lie beyond.
    graph = road_graph({1: (1700, 105), 2: (2100, 105)}, (1, 2))
    table = states(graph, flood_patches())
    assert table["state"].iloc[0] == "unknown"
    assert_allclose(table[SHARES].iloc[0], [0.75, 0, 0, 0, 0.25], atol=1e-9)
    assert table["worst_class"].iloc[0] == "none"


@pytest.mark.parametrize("row", [(100, 110), (110, 120)])
def test_road_on_the_border_of_cells_takes_the_worse_side(row):
    south, north = row
    graph = road_graph({1: (100, 110), 2: (500, 110)}, (1, 2))
    table = states(graph, flood_patches((200, south, 300, north, 1.0)))
    assert table["state"].iloc[0] == "closed"
    assert_allclose(table["share_medium"], 0.25, atol=1e-9)
    assert_allclose(table["max_depth_m"], 1.0)


@pytest.mark.parametrize("column", [(190, 200), (200, 210)])
def test_upright_road_on_the_border_of_cells_takes_the_worse_side(column):
    west, east = column
    graph = road_graph({1: (200, 100), 2: (200, 500)}, (1, 2))
    table = states(graph, flood_patches((west, 200, east, 300, 0.2)))
    assert table["state"].iloc[0] == "slowed"
    assert_allclose(table["share_low"], 0.25, atol=1e-9)


def test_road_on_the_outer_edge_of_the_raster_takes_the_inner_side():
    graph = road_graph({1: (0, 0), 2: (100, 0)}, (1, 2))
    assert states(graph, flood_patches())["state"].to_list() == ["open", "open"]


@pytest.mark.parametrize("row", [(100, 110), (110, 120)])
def test_road_on_the_border_of_a_nodata_cell_is_unknown(row):
    # One side is dry, the other is not known: unknown is never none.
    south, north = row
    graph = road_graph({1: (100, 110), 2: (500, 110)}, (1, 2))
    table = states(graph, flood_patches((200, south, 300, north, NAN)))
    assert table["state"].iloc[0] == "unknown"


def test_road_that_ends_at_the_water_is_open():
    # The water begins where the road ends: no metre of it is wet.
    graph = road_graph({1: (100, 105), 2: (200, 105)}, (1, 2))
    assert states(graph, flood_patches((200, 100, 300, 110, 1.0)))["state"].iloc[0] == "open"


def test_table_has_every_edge_in_the_order_of_the_graph():
    graph = road_graph(
        {1: (100, 105), 2: (500, 105), 3: (500, 405)}, (1, 2), (2, 3, {"oneway": True}), (1, 3)
    )
    table = states(graph, flood_patches((200, 100, 300, 110, 1.0)))
    assert table.index.to_list() == list(graph.edges(keys=True))
    assert table.index.names == ["u", "v", "key"]
    assert table["state"].to_list() == [
        "closed" if {u, v} == {1, 2} else "open" for u, v, _ in graph.edges(keys=True)
    ]


def test_parallel_roads_keep_their_own_states():
    around = {"via": [(100, 305), (500, 305)]}
    graph = road_graph({1: (100, 105), 2: (500, 105)}, (1, 2), (1, 2, around))
    table = states(graph, flood_patches((200, 100, 300, 110, 1.0)))
    assert_allclose(table.loc[table["state"] == "closed", "length_m"], 400)
    assert_allclose(table.loc[table["state"] == "open", "length_m"], 800)


def test_hazard_polygons_close_the_part_of_a_road_inside(tmp_path):
    frame = gpd.GeoDataFrame({"kelas": ["sedang"]}, geometry=[rect(200, 0, 300, 300)], crs=CRS)
    frame.to_file(tmp_path / "flood.gpkg")
    known = rg.read_hazard(tmp_path / "flood.gpkg", class_column="kelas", nodata="unknown")
    table = states(one_road(), known)
    assert table["state"].iloc[0] == "closed"
    assert_allclose(table[SHARES].iloc[0], [0, 0, 0.25, 0, 0.75], atol=1e-9)


def test_two_way_twin_edges_are_one_road_and_parallel_roads_are_two():
    around = {"via": [(100, 305), (500, 305)]}
    graph = road_graph(
        {1: (100, 105), 2: (500, 105)}, (1, 2), (1, 2, around), (1, 2, {"oneway": True})
    )
    # Two of the three are the same line in the same place: a two-way street and a one-way twin of
    # it; they are one road.
    assert graph.number_of_edges() == 5
    assert road_arrays(graph).n_roads == 2


@pytest.mark.parametrize("offset", [3, 10, 50])
def test_two_roads_of_one_length_between_the_same_nodes_stay_apart(offset):
    # Bows to the north and to the south of the straight line, as round a traffic island.
    graph = road_graph(
        {1: (105, 105), 2: (305, 105)},
        (1, 2, {"via": [(205, 105 + offset)]}),
        (1, 2, {"via": [(205, 105 - offset)]}),
    )
    arrays = road_arrays(graph)
    assert arrays.n_roads == 2
    assert np.bincount(arrays.edge_road).tolist() == [2, 2]


@pytest.mark.parametrize(
    ("highway", "modes"),
    [
        ("residential", {"walk", "motorcycle", "car", "truck"}),
        ("motorway", {"car", "truck"}),
        ("motorway_link", {"car", "truck"}),
        ("trunk", {"walk", "motorcycle", "car", "truck"}),
        ("footway", {"walk"}),
        ("steps", {"walk"}),
        ("path", {"walk", "motorcycle"}),
        ("track", {"walk", "motorcycle", "car"}),
        ("construction", set()),
        (["residential", "motorway"], {"car", "truck"}),
    ],
)
def test_kind_of_road_says_who_may_use_it(highway, modes):
    arrays = road_arrays(one_road({"highway": highway}))
    assert {mode for mode in ("walk", "motorcycle", "car", "truck") if arrays.usable(mode)[0]} == (
        modes
    )


@pytest.mark.parametrize(
    ("tags", "walk", "car"),
    [
        ({"access": "no"}, False, False),
        ({"access": "private"}, False, False),
        ({"access": "private", "foot": "yes"}, True, False),
        ({"access": "no", "foot": "designated"}, True, False),
        ({"foot": "no"}, False, True),
        ({"access": "yes", "foot": "private"}, False, True),
        ({"access": "permissive"}, True, True),
        ({}, True, True),
    ],
)
def test_access_closes_roads_and_foot_counts_before_it(tags, walk, car):
    arrays = road_arrays(one_road(tags))
    assert (arrays.usable("walk")[0], arrays.usable("car")[0]) == (walk, car)


def test_access_list_that_only_refuses_is_closed():
    arrays = road_arrays(one_road({"access": ["no", "private"]}))
    assert not arrays.usable("walk")[0]
    assert not arrays.usable("car")[0]


@pytest.mark.parametrize(
    ("tags", "factor"),
    [
        ({}, 1.0),
        ({"surface": "asphalt"}, 1.0),
        ({"surface": "gravel"}, 0.9091),
        ({"surface": "mud"}, 0.6667),
        ({"surface": "sand"}, 0.5556),
        ({"highway": "path"}, 0.9091),
        ({"highway": "path", "surface": "asphalt"}, 1.0),
        ({"highway": "steps"}, 0.5),
    ],
)
def test_surface_slows_walkers(tags, factor):
    arrays = road_arrays(one_road(tags))
    assert_allclose(surface_factor(arrays, 0.9091, 0.6667, 0.5556, 0.5), factor)
    table = routes(
        [(100, 105)], shelters((500, 105)), one_road(tags), flood_patches(), departure="early"
    )
    assert_allclose(table["travel_time_s"], 400 / (1.1 * factor))


def test_edges_without_geometry_and_length_are_straight_and_measured():
    graph = one_road()
    for _, _, data in graph.edges(data=True):
        del data["geometry"], data["length"]
    table = states(graph, flood_patches((200, 100, 300, 110, 1.0)))
    assert_allclose(table["length_m"], 400)
    assert_allclose(table["share_medium"], 0.25)


def test_line_drawn_against_its_edge_is_turned():
    graph = road_graph({1: (100, 105), 2: (500, 105)}, (1, 2, {"oneway": True}))
    graph.edges[1, 2, 0]["geometry"] = line((500, 105), (100, 105))
    drawn = road_arrays(graph).geometries()[0]
    assert drawn.coords[0] == at(100, 105)


def test_unknown_mode_is_refused():
    with pytest.raises(rg.ResilienceGeoError, match="walk, motorcycle, car, truck"):
        states(one_road(), flood_patches(), mode="boat")


def test_graph_without_roads_is_refused():
    with pytest.raises(rg.ResilienceGeoError, match="at least one road"):
        states(road_graph({1: (100, 105)}), flood_patches())


def random_roads(rng, count):
    """Make separate bent roads across a square of 300 m."""
    nodes, roads = {}, []
    for number in range(count):
        points = rng.uniform(-20, 320, (5, 2))
        nodes |= {2 * number: tuple(points[0]), 2 * number + 1: tuple(points[-1])}
        via = [tuple(point) for point in points[1:-1]]
        roads.append((2 * number, 2 * number + 1, {"via": via, "oneway": True}))
    return road_graph(nodes, *roads)


@pytest.mark.parametrize("crs", [CRS, "EPSG:4326", "EPSG:23838"])
def test_shares_along_random_roads_agree_with_dense_sampling(crs):
    """The oracle walks each road in steps of about 2 cm and looks up cells by hand."""
    rng = np.random.default_rng(11)
    depths = rng.choice([0.0, 0.05, 0.3, 1.0, 2.0, np.nan], (12, 9)).astype("float32")
    west, south, east, north = (
        gpd.GeoSeries([rect(10, 5, 290, 280)], crs=CRS).to_crs(crs).total_bounds
    )
    transform = Affine((east - west) / 9, 0, west, 0, (south - north) / 12, north)
    hazard = rg.read_hazard(Grid.from_array(depths, transform, crs), unit="m")
    graph = random_roads(rng, 40)
    table = states(graph, hazard)
    cuts = np.array([0.1, 0.76, 1.5], dtype="float32")
    for (u, v, _), row in table.iterrows():
        drawn = shapely.segmentize(graph.edges[u, v, 0]["geometry"], 1.0)
        ends = shapely.get_coordinates(gpd.GeoSeries([drawn], crs=CRS).to_crs(crs).array)
        steps = shapely.length(
            shapely.linestrings(
                np.stack(
                    [shapely.get_coordinates(drawn)[:-1], shapely.get_coordinates(drawn)[1:]], 1
                )
            )
        )
        share = (np.arange(50) + 0.5)[:, None, None] / 50
        samples = ends[:-1] * (1 - share) + ends[1:] * share
        column = np.floor((samples[..., 0] - transform.c) / transform.a).astype(int)
        down = np.floor((samples[..., 1] - transform.f) / transform.e).astype(int)
        inside = (column >= 0) & (column < 9) & (down >= 0) & (down < 12)
        depth = np.where(inside, depths[np.clip(down, 0, 11), np.clip(column, 0, 8)], np.nan)
        number = np.where(np.isnan(depth), 4, np.searchsorted(cuts, depth, side="right"))
        weights = np.broadcast_to(steps / 50, number.shape)
        expected = np.bincount(number.ravel(), weights.ravel(), minlength=5) / steps.sum()
        # A cut is found to about 4 cm; a road of some hundred metres has a few dozen of them.
        assert_allclose(row[SHARES].to_numpy(dtype=float), expected, atol=2e-3)
        deepest = depth.max(initial=-1.0, where=~np.isnan(depth))
        assert row["max_depth_m"] == deepest or (deepest < 0 and np.isnan(row["max_depth_m"]))


def test_walker_on_a_tunnel_dry_at_its_ends_finds_it_closed_everywhere():
    # Wet in the middle third only; the house stands beside its dry west end, the shelter too.
    hazard = flood_patches((220, 100, 260, 110, 0.1))
    targets = shelters((100, 105))
    table = routes(homes((500, 105)), targets, one_road({"tunnel": "yes"}), hazard, "late")
    assert table["status"].to_list() == ["cut_off"]
