"""Reading the land around: OSM files and layer files give the same tables."""

from __future__ import annotations

import bz2
import warnings

import geopandas as gpd
import numpy as np
import osmium
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from osmium.osm.mutable import Node, Way

import resilience_geo as rg
from resilience_geo.errors import CrsError, InputError, InputFileError
from resilience_geo.inputs.basemap import read_basemap
from resilience_geo.inputs.basemap_kinds import (
    LANDMARK_KINDS,
    LAYERS,
    PLACE_KINDS,
    WATERWAY_KINDS,
    kind_of_words,
    layers_of_tags,
)

# Node n lies at PLACES[n] thousandths of a degree east and north of 107 E, 6 S.
PLACES = {
    1: (0, 0), 2: (10, 0), 3: (10, 10), 4: (0, 10),  # a square
    5: (3, 3), 6: (6, 3), 7: (6, 6), 8: (3, 6),  # a square inside it
    9: (20, 5), 10: (30, 5), 11: (40, 5),
}  # fmt: skip
HOSTILE = "<img src=x onerror=alert(1)>\n=HYPERLINK(1)"
VILLAGE = gpd.GeoSeries([shapely.box(107.0, -6.0, 107.01, -5.99)], crs=4326)


def tag_lines(tags):
    escaped = {
        key: value.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "&#10;")
        for key, value in tags.items()
    }
    return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in escaped.items())


def node(number, x, y, **tags):
    place = f'lon="{107 + x / 1000:.7f}" lat="{-6 + y / 1000:.7f}"'
    return f'<node id="{number}" version="1" {place}>{tag_lines(tags)}</node>'


def way(number, nodes, stamp="", **tags):
    refs = "".join(f'<nd ref="{one}"/>' for one in nodes)
    return f'<way id="{number}" version="1" {stamp}>{refs}{tag_lines(tags)}</way>'


def relation(number, *members, **tags):
    refs = "".join(f'<member type="way" ref="{ref}" role="{role}"/>' for ref, role in members)
    return f'<relation id="{number}" version="1">{refs}{tag_lines(tags)}</relation>'


@pytest.fixture
def write(tmp_path):
    """Write OSM XML with the nodes of PLACES; further nodes come first."""

    def written(*things, name="peta.osm"):
        nodes = "".join(node(number, *place) for number, place in PLACES.items())
        own = "".join(one for one in things if one.startswith("<node"))
        rest = "".join(one for one in things if not one.startswith("<node"))
        path = tmp_path / name
        text = f'<?xml version="1.0"?><osm version="0.6">{nodes}{own}{rest}</osm>'
        path.write_text(text, encoding="utf-8")
        return path

    return written


def square(west, south, east, north):
    """Return a box in thousandths of a degree."""
    return shapely.box(107 + west / 1000, -6 + south / 1000, 107 + east / 1000, -6 + north / 1000)


def same(one, other):
    """Return whether two shapes are the same but for coordinates beyond OSM's seventh decimal."""
    return shapely.area(shapely.symmetric_difference(one, other)) < 1e-11


class TestAreas:
    """Closed ways and relations, whole and broken."""

    def test_a_closed_way_is_an_area(self, write):
        read = read_basemap(
            write(way(10, [1, 2, 3, 4, 1], natural="water", name=" Waduk\n Contoh ")), within=None
        )
        assert read.water["name"].tolist() == ["Waduk Contoh"]
        assert same(read.water.geometry[0], square(0, 0, 10, 10))
        assert read.water.crs.to_epsg() == 4326
        assert read.source == "peta.osm"

    def test_a_relation_has_its_hole_and_its_outside_does_not_fill_it(self, write):
        # The outer way carries the tags too, as old data has it: taken alone it would hide the hole
        read = read_basemap(
            write(
                way(10, [1, 2, 3, 4, 1], natural="water"),
                way(11, [5, 6, 7, 8, 5]),
                relation(20, (10, "outer"), (11, "inner"), type="multipolygon", natural="water"),
            ),
            within=None,
        )
        assert len(read.water) == 1
        expected = square(0, 0, 10, 10).difference(square(3, 3, 6, 6))
        assert same(read.water.geometry[0], expected)

    def test_a_draft_with_numbers_below_zero(self, write):
        read = read_basemap(
            write(
                node(-50, 5, 5, place="hamlet", name="A"),
                way(-10, [1, 2, 3]),
                way(-11, [3, 4, 1]),
                way(-12, [5, 6, 7, 8, 5], building="yes"),
                relation(
                    -20,
                    (-10, "outer"),
                    (-11, "outer"),
                    (-12, "inner"),
                    type="multipolygon",
                    natural="water",
                ),
            ),
            within=None,
        )
        expected = square(0, 0, 10, 10).difference(square(3, 3, 6, 6))
        assert same(read.water.geometry[0], expected)
        assert same(read.buildings.geometry[0], square(3, 3, 6, 6))
        assert len(read.places) == 1
        assert not any("relations lack parts" in note for note in read.notes)

    def test_an_outside_in_two_ways_is_joined(self, write):
        read = read_basemap(
            write(
                way(10, [1, 2, 3]),
                way(11, [3, 4, 1]),
                relation(20, (10, "outer"), (11, "outer"), type="multipolygon", building="yes"),
            ),
            within=None,
        )
        assert same(read.buildings.geometry[0], square(0, 0, 10, 10))

    def test_a_relation_that_lacks_parts_is_left_out_and_its_whole_ways_stay(self, write):
        read = read_basemap(
            write(
                way(10, [1, 2, 3, 4, 1], natural="water", name="Waduk"),
                relation(20, (10, "outer"), (99, "outer"), type="multipolygon", natural="water"),
            ),
            within=None,
        )
        assert read.water["name"].tolist() == ["Waduk"]
        assert any("1 relations lack parts" in note for note in read.notes)

    def test_a_bow_tie_is_repaired(self, write):
        read = read_basemap(write(way(10, [1, 3, 2, 4, 1], building="yes")), within=None)
        # Two triangles of a quarter of the square each
        assert read.buildings.geometry.is_valid.all()
        assert shapely.area(read.buildings.geometry[0]) == pytest.approx(0.5 * 0.01**2)
        assert any("1 areas that cross themselves" in note for note in read.notes)

    @pytest.mark.parametrize(
        "nodes", [[1, 2, 3, 4], [1, 2, 77, 4, 1], [1, 2, 1, 2, 1], [1, 1, 1, 1]],
        ids=["open", "without a node", "there and back", "one point"],
    )  # fmt: skip
    def test_no_area_is_left_out_and_counted(self, write, nodes):
        read = read_basemap(
            write(way(10, nodes, building="yes"), way(11, [5, 6, 7, 8, 5], building="yes")),
            within=None,
        )
        assert len(read.buildings) == 1
        assert same(read.buildings.geometry[0], square(3, 3, 6, 6))
        assert any("1 areas do not close" in note for note in read.notes)


class TestLines:
    """Watercourses."""

    def test_kinds_and_names(self, write):
        ways = [
            way(number, [9, 10], waterway=kind, name=f"Kali {kind}")
            for number, kind in enumerate(WATERWAY_KINDS, 10)
        ]
        read = read_basemap(
            write(
                *ways,
                way(30, [9, 10], waterway="dam"),
                way(31, [9, 10], waterway="drain", tunnel="culvert"),
            ),
            within=None,
        )
        assert read.waterways["kind"].tolist() == list(WATERWAY_KINDS)
        assert read.waterways["name"].tolist() == [f"Kali {kind}" for kind in WATERWAY_KINDS]
        assert (read.waterways.geom_type == "LineString").all()

    def test_a_line_is_cut_where_a_node_is_missing(self, write):
        read = read_basemap(write(way(10, [1, 2, 77, 9, 10, 11], waterway="river")), within=None)
        assert [len(line.coords) for line in read.waterways.geometry] == [2, 3]

    def test_a_river_is_cut_at_the_frame(self, write):
        # 107.01 is the border of the village; the river runs on to 107.04
        read = read_basemap(
            write(way(10, [5, 11], waterway="river"), way(11, [1, 11, 10, 1], natural="water")),
            within=VILLAGE,
            buffer_m=0.0,
        )
        assert read.waterways.total_bounds[[0, 2]] == pytest.approx([107.003, 107.01])
        assert read.water.total_bounds[2] == pytest.approx(107.01)


class TestPoints:
    """Places and landmarks."""

    def test_nodes_ways_and_relations_become_points_in_them(self, write):
        read = read_basemap(
            write(
                node(50, 5, 5, place="hamlet", name="Talang Buluh"),
                node(51, 5, 6, amenity="place_of_worship", name=HOSTILE),
                node(52, 5, 7, amenity="place_of_worship"),
                way(10, [5, 6, 7, 8, 5], building="school", amenity="school", name="SDN 1"),
                way(11, [1, 2, 3, 4, 1]),
                relation(20, (11, "outer"), type="multipolygon", leisure="pitch", name="Lapangan"),
            ),
            within=None,
        )
        assert read.places[["name", "kind"]].to_numpy().tolist() == [["Talang Buluh", "hamlet"]]
        assert read.landmarks["kind"].tolist() == ["worship", "school", "field"]
        # Hostile text stays as it is, on one line; showing it safely is the surfaces' duty
        assert read.landmarks["name"][0] == HOSTILE.replace("\n", " ")
        school, field = read.landmarks.geometry[1:]
        assert square(3, 3, 6, 6).contains(school)
        assert square(0, 0, 10, 10).contains(field)
        assert len(read.buildings) == 1

    def test_one_thing_drawn_twice_is_there_once(self, write):
        # A thousandth of a degree is 111 m: the node is 70 m from the middle, the other 1.6 km off
        read = read_basemap(
            write(
                node(50, 5, 5, amenity="school", name="SDN 1"),
                node(51, 5, 20, amenity="school", name="SDN 1"),
                node(52, 5, 5, amenity="fuel", name="SDN 1"),
                way(10, [5, 6, 7, 8, 5], amenity="school", name="sdn 1"),
            ),
            within=None,
        )
        assert read.landmarks["kind"].tolist() == ["school", "school", "fuel"]

    @pytest.mark.parametrize(
        ("tags", "expected"),
        [
            ({"amenity": "marketplace"}, "market"),
            ({"amenity": "townhall"}, "government"),
            ({"office": "government", "building": "yes"}, "government"),
            ({"amenity": "community_centre"}, "hall"),
            ({"building": "mosque"}, "worship"),
            ({"building": "church", "amenity": "school"}, "school"),
            ({"healthcare": "midwife"}, "health"),
            ({"landuse": "cemetery"}, "other"),
            ({"amenity": "bench"}, None),
        ],
    )
    def test_kinds_of_tags(self, tags, expected):
        kinds = [kind for layer, kind in layers_of_tags(tags) if layer == "landmarks"]
        assert kinds == ([expected] if expected else [])

    @pytest.mark.parametrize(
        ("layer", "texts", "expected"),
        [
            ("landmarks", ("", "Musholla Al-Ikhlas"), "worship"),
            ("landmarks", ("Peribadatan", "Masjid Raya"), "worship"),
            ("landmarks", ("", "Puskesmas Pembantu"), "health"),
            ("landmarks", ("", "Balai Desa Muara"), "hall"),
            ("landmarks", ("", "Kantor Kelurahan Kapuk"), "government"),
            ("landmarks", ("", "POS PEMADAM"), "fire_station"),
            ("landmarks", ("", "Sdn"), "school"),
            ("landmarks", ("", "Masdalih"), "other"),
            ("waterways", ("", "Saluran Irigasi"), "canal"),
            ("waterways", ("ditch", "Kali Angke"), "ditch"),
            ("waterways", ("", ""), "river"),
            ("places", ("Dusun", ""), "hamlet"),
            ("places", ("", "RW 03"), "neighbourhood"),
        ],
    )
    def test_kinds_of_words(self, layer, texts, expected):
        assert kind_of_words(layer, *texts) == expected


class TestArea:
    """What is near and what is not."""

    def test_only_what_touches_the_surroundings(self, write):
        # 0.02 degrees east are 2.2 km, 0.04 are 4.4 km; the border is at 0.01
        path = write(
            node(50, 20, 5, place="hamlet", name="Dekat"),
            node(51, 45, 5, place="hamlet", name="Jauh"),
        )
        assert read_basemap(path, within=VILLAGE).places["name"].tolist() == ["Dekat"]
        near = read_basemap(path, within=VILLAGE, buffer_m=100.0)
        assert near.places.empty
        assert any("no names of places" in note for note in near.notes)
        assert len(read_basemap(path, within=None).places) == 2
        assert len(read_basemap(path, within=VILLAGE, buffer_m=5000.0).places) == 2

    def test_the_box_is_not_the_area(self, write):
        # Beyond the corner of a triangle, though inside the box around it
        corner = gpd.GeoSeries([shapely.Polygon([(107, -6), (107.01, -6), (107, -5.99)])], crs=4326)
        path = write(node(50, 9, 9, place="hamlet", name="Luar"), node(51, 1, 1, place="hamlet",
                     name="Dalam"))  # fmt: skip
        read = read_basemap(path, within=corner, buffer_m=10.0)
        assert read.places["name"].tolist() == ["Dalam"]

    @pytest.mark.parametrize("tags", [{"building": "yes"}, {"natural": "water"}])
    def test_what_begins_far_off_and_reaches_in_is_kept(self, write, tags):
        path = write(way(10, [10, 5, 8, 10], **tags), way(11, [9, 10, 11, 9], **tags))
        read = read_basemap(path, within=VILLAGE, buffer_m=10.0)
        assert len(read.buildings) + len(read.water) == 1

    def test_what_is_wrong_far_off_is_nobodys_business(self, write):
        path = write(way(10, [9, 10, 11], building="yes"), way(11, [5, 6, 7, 8, 5], building="yes"))
        assert any("do not close" in note for note in read_basemap(path, within=None).notes)
        read = read_basemap(path, within=VILLAGE, buffer_m=10.0)
        assert not any("do not close" in note for note in read.notes)

    def test_villages_in_metres_mean_the_same(self, write):
        path = write(way(10, [5, 6, 7, 8, 5], building="yes"), way(11, [9, 10], waterway="river"))
        one = read_basemap(path, within=VILLAGE)
        other = read_basemap(path, within=VILLAGE.to_crs(32748))
        assert one.buildings.geometry.geom_equals_exact(other.buildings.geometry, 1e-9).all()
        assert len(one.waterways) == len(other.waterways) == 1

    def test_an_empty_file_is_a_note(self, write):
        read = read_basemap(write(), within=VILLAGE)
        assert [len(getattr(read, layer)) for layer in LAYERS] == [0] * 5
        assert len(read.notes) == 5
        assert read.date == ""
        columns = {"water": "name", "waterways": "name kind", "buildings": ""}
        for layer in LAYERS:
            table = getattr(read, layer)
            expected = [*columns.get(layer, "name kind").split(), "geometry"]
            assert table.columns.tolist() == expected
            assert table.crs.to_epsg() == 4326


def test_the_date_is_of_the_newest_thing_kept(write):
    old, new = (f'timestamp="{year}-05-01T00:00:00Z"' for year in (2019, 2023))
    read = read_basemap(
        write(
            way(10, [5, 6, 7, 8, 5], old, building="yes"),
            way(11, [1, 2, 3, 4, 1], new, building="yes"),
            way(12, [1, 2], 'timestamp="2024-01-01T00:00:00Z"', highway="path"),
        ),
        within=None,
    )
    assert read.date == "2023-05-01T00:00:00+00:00"


def test_packed_and_binary_files_are_the_same(write, tmp_path):
    path = write(
        way(10, [5, 6, 7, 8, 5], building="yes"),
        way(11, [1, 2, 3, 4, 1]),
        relation(20, (11, "outer"), (10, "inner"), type="multipolygon", natural="water", name="A"),
        node(50, 5, 5, place="hamlet", name="Dusun é"),
    )
    packed = tmp_path / "peta.osm.bz2"
    packed.write_bytes(bz2.compress(path.read_bytes()))
    binary = tmp_path / "peta.osm.pbf"
    with osmium.SimpleWriter(str(binary)) as writer:
        for thing in osmium.FileProcessor(str(path)):
            writer.add(thing)
    expected = read_basemap(path, within=None)
    for other in (packed, binary):
        read = read_basemap(other, within=None)
        for layer in LAYERS:
            one, two = getattr(expected, layer), getattr(read, layer)
            assert one.drop(columns="geometry").equals(two.drop(columns="geometry"))
            assert one.geometry.geom_equals_exact(two.geometry, 0).all()


def test_layer_files_replace_those_of_osm(write, tmp_path):
    osm = write(
        way(10, [5, 6, 7, 8, 5], building="yes"),
        node(50, 5, 5, place="hamlet", name="Dusun OSM"),
        node(51, 5, 5, amenity="fuel", name="SPBU"),
    )
    bow_tie = shapely.Polygon([(107, -6), (107.01, -5.99), (107.01, -6), (107, -5.99)])
    gpd.GeoDataFrame(
        {"NAMOBJ": ["Situ", "Situ Dua", None, "Kosong"]},
        geometry=[square(1, 1, 2, 2), bow_tie, square(3, 3, 4, 4), None],
        crs=4326,
    ).to_crs(32748).to_file(tmp_path / "air.gpkg")
    gpd.GeoDataFrame(
        {"nama": ["Kali Angke", "Kali Angke"], "REMARK": ["Sungai", "Saluran irigasi"]},
        geometry=[
            shapely.LineString([(107, -6), (107.005, -6)]),
            shapely.MultiLineString(
                [[(107, -5.995), (107.003, -5.995)], [(107, -5.996), (107.01, -5.996)]]
            ),
        ],
        crs=4326,
    ).to_file(tmp_path / "sungai.shp")
    gpd.GeoDataFrame(
        {"nama": ["Masjid Nurul Huda", ""], "jenis": ["", "sekolah"]},
        geometry=[square(1, 1, 2, 2), shapely.Point(107.005, -5.995)],
        crs=4326,
    ).to_file(tmp_path / "penanda.geojson")
    read = read_basemap(
        osm,
        within=VILLAGE,
        water=tmp_path / "air.gpkg",
        waterways=tmp_path / "sungai.shp",
        landmarks=tmp_path / "penanda.geojson",
    )
    assert read.water["name"].tolist() == ["Situ", "Situ Dua", ""]
    assert read.water.geometry.is_valid.all()
    assert read.water.crs.to_epsg() == 4326
    assert read.waterways["kind"].tolist() == ["river", "canal", "canal"]
    # The school has no name, so nobody can be told to go by it
    assert read.landmarks[["name", "kind"]].to_numpy().tolist() == [
        ["Masjid Nurul Huda", "worship"]
    ]
    assert read.landmarks.geometry[0].within(square(1, 1, 2, 2))
    assert read.places["name"].tolist() == ["Dusun OSM"]
    assert len(read.buildings) == 1
    everywhere = read_basemap(within=None, waterways=tmp_path / "sungai.shp")
    assert everywhere.waterways.geom_type.tolist() == ["LineString"] * 3
    assert read.source == "peta.osm; air.gpkg; sungai.shp; penanda.geojson"
    assert any("1 features without a place" in note for note in read.notes)
    assert any("1 invalid geometries" in note for note in read.notes)


def test_another_osm_file_may_give_one_layer(write):
    one = write(way(10, [5, 6, 7, 8, 5], building="yes"), way(11, [9, 10], waterway="river"))
    two = write(way(10, [1, 2, 3, 4, 1], building="yes"), name="bangunan.osm")
    read = read_basemap(one, within=None, buildings=two)
    assert same(read.buildings.geometry[0], square(0, 0, 10, 10))
    assert len(read.waterways) == 1


def without_crs(path):
    frame = gpd.GeoDataFrame({"nama": ["a"]}, geometry=[square(0, 0, 1, 1)], crs=4326)
    frame.to_file(path)
    path.with_suffix(".prj").unlink()


class TestRefusals:
    """Everything that is wrong, all at once."""

    def test_no_file_at_all(self):
        with pytest.raises(InputError, match="give path="):
            read_basemap(within=VILLAGE)

    @pytest.mark.parametrize(
        ("name", "content", "match"),
        [
            ("tak_ada.osm.pbf", None, "no file at"),
            ("kosong.osm", b"", "an empty file"),
            ("peta.gpkg", b"x", "a file of another kind"),
            ("rusak.osm.pbf", b"not a pbf at all", "cannot be read"),
            ("rusak.osm", b"<osm><node id='1'", "cannot be read"),
            ("jahat.osm", b'<!DOCTYPE x [<!ENTITY a "b">]><osm version="0.6"/>', "DOCTYPE"),
        ],
    )
    def test_files_that_are_none(self, tmp_path, name, content, match):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputFileError, match=match):
            read_basemap(path, within=VILLAGE)

    @pytest.mark.parametrize("length", [90, 20_000, 44_000])
    def test_a_file_that_breaks_off(self, sample_data, tmp_path, length):
        path = tmp_path / "putus.osm.pbf"
        path.write_bytes((sample_data / "basemap" / "peta_dasar.osm.pbf").read_bytes()[:length])
        with pytest.raises(InputFileError, match=r"putus\.osm\.pbf"):
            read_basemap(path, within=None)

    def test_all_at_once(self, tmp_path):
        points = gpd.GeoDataFrame({"nama": ["a", "b"]}, geometry=gpd.points_from_xy([1, 2], [3, 4]))
        points.set_crs(4326).to_file(tmp_path / "titik.gpkg")
        without_crs(tmp_path / "tanpa_crs.shp")
        with pytest.raises(InputError) as caught:
            read_basemap(
                tmp_path / "tak_ada.osm",
                within=VILLAGE,
                water=tmp_path / "titik.gpkg",
                buildings=tmp_path / "tanpa_crs.shp",
                waterways=tmp_path / "hilang.gpkg",
            )
        problems = caught.value.problems
        assert [one.file for one in problems] == [
            "tak_ada.osm", "titik.gpkg", "hilang.gpkg", "tanpa_crs.shp",
        ]  # fmt: skip
        assert problems[1].row == "0, 1"
        assert problems[1].layer == "titik"
        assert problems[1].found == "Point"
        assert all(one.remedy for one in problems)

    def test_a_layer_without_a_crs(self, tmp_path):
        without_crs(tmp_path / "air.shp")
        with pytest.raises(CrsError, match="no coordinate reference system"):
            read_basemap(within=VILLAGE, water=tmp_path / "air.shp")


@settings(max_examples=25, deadline=None)
@given(
    rings=st.lists(
        st.lists(
            st.tuples(st.integers(-40, 40), st.integers(-40, 40)),
            min_size=3,
            max_size=7,
            unique=True,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_is_drawn_comes_out_valid(rings, tmp_path_factory):
    path = tmp_path_factory.mktemp("acak") / "acak.osm.pbf"
    corners = [[(107 + x / 1000, -6 + y / 1000) for x, y in ring] for ring in rings]
    number, ways = 1, []
    with osmium.SimpleWriter(str(path)) as writer:
        for ring in corners:
            for place in ring:
                writer.add_node(Node(id=number, version=1, location=place))
                number += 1
            ways.append([*range(number - len(ring), number), number - len(ring)])
        for position, refs in enumerate(ways, 1):
            tags = {"building": "yes", "natural": "water", "waterway": "river"}
            writer.add_way(Way(id=position, version=1, nodes=refs, tags=tags))
    read = read_basemap(path, within=VILLAGE, buffer_m=500.0)
    for table in (read.water, read.waterways, read.buildings):
        assert table.geometry.is_valid.all()
        assert not table.geometry.is_empty.any()
    assert set(read.water.geom_type) <= {"Polygon", "MultiPolygon"}
    assert set(read.waterways.geom_type) <= {"LineString"}
    # A ring whose own area (even-odd, by shapely's other method) meets the village is kept
    village = VILLAGE.union_all()
    certain = [
        shapely.make_valid(shapely.Polygon(ring)).intersection(village).area > 1e-9
        for ring in corners
    ]
    assert len(read.buildings) >= sum(certain)


def read_by_gdal(path, layer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GDAL has much to say of OSM files
        return pyogrio.read_dataframe(path, layer=layer)


@pytest.mark.skipif("OSM" not in pyogrio.list_drivers(), reason="this GDAL reads no OSM files")
class TestGdalReadsTheSame:
    """The OSM driver of GDAL makes the same areas, lines and points of a file."""

    def test_areas(self, sample_data):
        path = sample_data / "basemap" / "peta_dasar.osm.pbf"
        ours = read_basemap(path, within=None)
        areas = read_by_gdal(path, "multipolygons")
        water, buildings = areas[areas["natural"] == "water"], areas[areas["building"].notna()]
        assert sorted(water["name"]) == sorted(ours.water["name"])
        assert len(buildings) == len(ours.buildings)
        for theirs, mine in ((water, ours.water), (buildings, ours.buildings)):
            one, two = (
                shapely.normalize(table.geometry.explode(ignore_index=True).to_numpy())
                for table in (theirs, mine)
            )
            assert {shape.wkt for shape in one} == {shape.wkt for shape in two}

    def test_lines_and_points(self, sample_data):
        path = sample_data / "basemap" / "peta_dasar.osm.pbf"
        ours = read_basemap(path, within=None)
        lines = read_by_gdal(path, "lines")
        lines = lines[lines["waterway"].notna()]
        assert lines["name"].tolist() == ours.waterways["name"].tolist()
        assert lines["waterway"].tolist() == ours.waterways["kind"].tolist()
        assert lines.geometry.geom_equals_exact(ours.waterways.geometry, 1e-9).all()
        points = read_by_gdal(path, "points")
        points = points[points["place"].notna()]
        assert points["name"].tolist() == ours.places["name"].tolist()
        assert points["place"].tolist() == ours.places["kind"].tolist()
        assert points.geometry.geom_equals_exact(ours.places.geometry, 1e-9).all()


def test_the_sample_has_all_of_it():
    files = rg.sample_files()
    villages = rg.read_villages(files["villages"])
    read = read_basemap(files["basemap"], within=villages)
    assert read.notes == ()
    assert set(read.water["name"]) == {"Sungai Contoh", "Danau Lamo"}
    assert sorted(read.waterways["kind"].unique()) == ["river", "stream"]
    assert read.places["kind"].value_counts().to_dict() == {"hamlet": 27, "village": 6}
    assert set(read.landmarks["kind"]) == set(LANDMARK_KINDS)
    assert set(read.places["kind"]) <= set(PLACE_KINDS)
    # The lake has its islet
    lake = read.water.geometry[read.water["name"] == "Danau Lamo"].iloc[0]
    assert sum(len(part.interiors) for part in shapely.get_parts(lake)) == 1
    # Of one village there is less, and nothing beyond what was asked
    one = read_basemap(files["basemap"], within=villages.iloc[[1]], buffer_m=500.0)
    frame = villages.iloc[[1]].to_crs(32748).buffer(501.0).to_crs(4326).union_all()
    assert 0 < len(one.buildings) < len(read.buildings)
    assert one.buildings.intersects(frame).all()
    assert one.landmarks.within(frame).all()
    np.testing.assert_array_less(0, len(one.waterways))
