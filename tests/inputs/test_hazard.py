"""Hazard maps: units, cut points, codes, words, overlaps and what no data means."""

from __future__ import annotations

import pickle

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from resilience_geo.errors import ColumnError, CrsError, InputError, InputFileError, UnitError
from resilience_geo.hazard_classes import HIGH, LOW, MEDIUM, NONE, UNKNOWN
from resilience_geo.inputs.hazard import Hazard, read_hazard
from resilience_geo.inputs.rasters import Grid

ALL = (slice(None), slice(None))
NORTH_UP = Affine(0.1, 0, 106, 0, -0.1, -6)


def grid(values, dtype=np.float32, nodata=-9999):
    return Grid.from_array(np.asarray(values, dtype=dtype), NORTH_UP, 4326, nodata)


def classes(values, dtype=np.float32, **options):
    hazard = read_hazard(grid(values, dtype), **options)
    return hazard.classes(*ALL).tolist()


def layer(path, boxes, crs=4326, **columns):
    shapes = [None if box is None else shapely.box(*box) for box in boxes]
    gpd.GeoDataFrame(columns, geometry=shapes, crs=crs).to_file(path, engine="pyogrio")
    return path


def areas(hazard):
    table = hazard.polygons
    assert table.geometry.is_valid.all()
    assert set(table.geom_type) <= {"Polygon", "MultiPolygon"}
    assert table["hazard_class"].is_unique
    shapes = np.asarray(table.geometry.array)
    found = shapely.area(shapes)
    assert found.sum() == pytest.approx(shapely.union_all(shapes).area)  # nothing overlaps
    return dict(zip(table["hazard_class"].tolist(), found.round(9).tolist(), strict=True))


UTM_BOXES = [(0, 0, 10, 10), (10, 0, 20, 10), (20, 0, 30, 10), (30, 0, 40, 10)]


class TestRasters:
    def test_depths_in_metres(self):
        values = [[0, 0.1, 0.76], [1.5, -9999, 0.09]]
        assert classes(values, unit="m") == [[NONE, LOW, MEDIUM], [HIGH, UNKNOWN, NONE]]
        hazard = read_hazard(grid(values), unit="m")
        np.testing.assert_array_equal(
            hazard.depths_m(*ALL), np.array([[0, 0.1, 0.76], [1.5, np.nan, 0.09]], np.float32)
        )
        assert hazard.unit == "m"
        assert hazard.cuts == (0.1, 0.76, 1.5)
        assert "Perka BNPB 2/2012" in hazard.cuts_source
        assert hazard.bounds == pytest.approx((106, -6.2, 106.3, -6))
        assert hazard.crs.to_epsg() == 4326

    def test_no_data_may_mean_none_inside_the_raster(self):
        values = [[-9999, 1.0]]
        assert classes(values, unit="m", nodata="none") == [[NONE, MEDIUM]]
        depths = read_hazard(grid(values), unit="m", nodata="none").depths_m(*ALL)
        assert depths.tolist() == [[0.0, 1.0]]

    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
    def test_centimetres(self, dtype):
        values = [[9, 10, 75, 76], [149, 150, 200, 0]]
        expected = [[NONE, LOW, LOW, MEDIUM], [MEDIUM, HIGH, HIGH, NONE]]
        assert classes(values, dtype, unit="cm") == expected
        hazard = read_hazard(grid(values, dtype), unit="cm")
        assert hazard.unit == "m"
        assert hazard.cuts == (0.1, 0.76, 1.5)
        depths = hazard.depths_m(*ALL)
        assert depths.dtype == (np.float32 if dtype == np.float32 else np.float64)
        np.testing.assert_allclose(depths[0], [0.09, 0.1, 0.75, 0.76], rtol=1e-6)

    def test_cuts_given_in_centimetres(self):
        hazard = read_hazard(
            grid([[109, 110, 199, 200]], np.int16), unit="cm", classes=(70, 110, 200)
        )
        assert hazard.classes(*ALL).tolist() == [[LOW, MEDIUM, MEDIUM, HIGH]]
        assert hazard.cuts == (0.7, 1.1, 2.0)
        assert hazard.cuts_source == "given by the user"

    def test_tsunami_has_its_own_cuts(self):
        assert classes([[0.69, 0.7, 3.0]], unit="m", kind="tsunami") == [[LOW, MEDIUM, HIGH]]

    @pytest.mark.parametrize("kind", ["landslide", "generic"])
    def test_metres_of_what_has_no_scheme(self, kind):
        with pytest.raises(UnitError, match=rf"{kind} map in m.*classes=\(low, medium, high\)"):
            read_hazard(grid([[1.0]]), kind, "m")
        assert classes([[1.0]], kind=kind, unit="m", classes=(1, 2, 3)) == [[LOW]]

    def test_index(self):
        values = [[0, 0.1, 0.333, 0.666, 1.0]]
        expected = [[NONE, LOW, MEDIUM, HIGH, HIGH]]
        for kind in ("flood", "landslide", "tsunami", "generic"):
            assert classes(values, kind=kind, unit="index") == expected

    @pytest.mark.parametrize("value", [100.0, -1.0, 1.01])
    def test_values_that_are_no_index(self, value):
        with pytest.raises(UnitError, match=r"array.*found values from.*between 0 and 1.*classes="):
            read_hazard(grid([[0.5, value]]), unit="index")

    def test_scores_with_cuts_of_their_own(self):
        assert classes([[0, 30, 50, 83]], unit="index", classes=(1, 50, 70)) == [
            [NONE, LOW, MEDIUM, HIGH]
        ]

    def test_three_and_five_classes(self):
        three = read_hazard(grid([[0, 1, 2, 3]], np.uint8), unit="class")
        assert three.classes(*ALL).tolist() == [[NONE, LOW, MEDIUM, HIGH]]
        assert "read too high" in three.notes[-1]
        five = read_hazard(grid([[1, 2, 3, 4, 5]]), unit="class")  # whole floats are codes as well
        assert five.classes(*ALL).tolist() == [[LOW, LOW, MEDIUM, HIGH, HIGH]]
        assert "five classes" in five.notes[-1]
        assert five.code_classes[4] == HIGH

    @pytest.mark.parametrize("values", [[[1, 2, 7]], [[0.5, 1.0]], [[-1, 1]]])
    def test_codes_of_no_scheme(self, values):
        with pytest.raises(UnitError, match=r"array: found cells with .*classes=.*unit="):
            read_hazard(grid(values), unit="class")

    def test_codes_given(self):
        mapping = {1: "none", "2": "Rendah", 3.0: "medium", 7: HIGH, 9: "unknown"}
        assert classes([[1, 2, 3], [7, 9, -9999]], unit="class", classes=mapping) == [
            [NONE, LOW, MEDIUM],
            [HIGH, UNKNOWN, UNKNOWN],
        ]
        with pytest.raises(UnitError, match="found cells with 4, 5;"):
            read_hazard(grid([[1, 4, 5]]), unit="class", classes=mapping)

    def test_many_codes_are_cut_short(self):
        with pytest.raises(UnitError, match=r"cells with 0, 1, .*\.\.\."):
            read_hazard(grid(np.arange(600).reshape(20, 30)), unit="class")

    def test_unit_is_never_guessed(self, tmp_path):
        with pytest.raises(UnitError, match=r"array: .*no unit.*m, cm, index, class.*unit="):
            read_hazard(grid([[1.0]]))
        path = tmp_path / "banjir.tif"
        with rasterio.open(
            path, "w", driver="GTiff", count=1, height=1, width=1, dtype="float32",
            crs="EPSG:4326", transform=NORTH_UP,
        ) as dataset:  # fmt: skip
            dataset.write(np.ones((1, 1, 1), np.float32))
            dataset.units = ["feet"]
        with pytest.raises(UnitError, match=r"banjir\.tif.*its tags say feet"):
            read_hazard(path)
        assert read_hazard(path, unit="m").source == str(path)

    @pytest.mark.parametrize(("stated", "scale"), [("m", 1.0), ("Metre", 1.0), ("cm", 0.01)])
    def test_unit_that_the_file_states_is_taken(self, tmp_path, stated, scale):
        path = tmp_path / "banjir.tif"
        with rasterio.open(
            path, "w", driver="GTiff", width=1, height=1, count=1, dtype="float32",
            crs="EPSG:4326", transform=NORTH_UP,
        ) as dataset:  # fmt: skip
            dataset.write(np.full((1, 1, 1), 80.0, np.float32))
            dataset.units = [stated]
        hazard = read_hazard(path)
        assert hazard.unit == "m"
        assert hazard.depths_m(*ALL)[0, 0] == pytest.approx(80.0 * scale)
        # A caller who says something else has the wrong file or the wrong unit.
        with pytest.raises(UnitError, match=f"banjir.tif.*while the file itself states {stated}"):
            read_hazard(path, unit="index")

    def test_very_deep_water_is_noted(self):
        assert "check that its unit is m" in read_hazard(grid([[150.0]]), unit="m").notes[-1]
        assert read_hazard(grid([[150.0]]), unit="cm").notes == ()

    def test_depths_only_of_depths(self):
        with pytest.raises(UnitError, match="index"):
            read_hazard(grid([[0.5]]), unit="index").depths_m(*ALL)

    def test_window(self):
        hazard = read_hazard(grid(np.arange(12).reshape(3, 4) / 10), unit="m")
        assert hazard.classes(slice(1, 3), slice(3, 4)).tolist() == [[LOW], [MEDIUM]]
        assert hazard.depths_m(slice(1, 3), slice(3, 4)).shape == (2, 1)

    def test_pickling(self):
        hazard = pickle.loads(pickle.dumps(read_hazard(grid([[1.0]]), unit="m")))
        assert hazard.classes(*ALL).tolist() == [[MEDIUM]]

    @given(
        hnp.arrays(
            st.sampled_from([np.float32, np.float64]),
            (4, 5),
            elements=st.floats(0, 5, width=32),
        ),
        st.lists(st.integers(1, 400), min_size=3, max_size=3, unique=True).map(sorted),
    )
    def test_a_cut_belongs_to_the_class_above_it(self, values, hundredths):
        cuts = [cut / 100 for cut in hundredths]
        values = values.copy()
        values[0, :3] = cuts
        found = read_hazard(grid(values, values.dtype), unit="m", classes=cuts).classes(*ALL)
        assert found[0, :3].tolist() == [LOW, MEDIUM, HIGH]
        order = np.argsort(values, axis=None)
        assert (np.diff(found.ravel()[order].astype(int)) >= 0).all()

    @given(st.lists(st.integers(1, 30_000), min_size=3, max_size=3, unique=True).map(sorted))
    def test_whole_centimetres_are_cut_where_metres_are(self, cuts):
        metres = [cut / 100 for cut in cuts]
        values = np.array([[cut - 1, cut] for cut in cuts], np.int32)
        hazard = Hazard(
            kind="flood", unit="m", grid=grid(values, np.int32), cuts=tuple(metres), scale=0.01
        )
        found = hazard.classes(*ALL)
        assert found[:, 1].tolist() == [LOW, MEDIUM, HIGH]
        assert found[:, 0].tolist() == [NONE, LOW, MEDIUM]


class TestPolygons:
    @pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson", ".fgb"])
    def test_words(self, tmp_path, suffix):
        boxes = [(106 + i, -6, 107 + i, -5) for i in range(4)]
        words = ["Rendah", "SEDANG", "Sangat Tinggi", "tidak ada data"]
        path = layer(tmp_path / f"krb{suffix}", boxes, kelas=words, id=[1, 2, 3, 4])
        hazard = read_hazard(path, "landslide")
        assert areas(hazard) == {LOW: 1.0, MEDIUM: 1.0, HIGH: 1.0, UNKNOWN: 1.0}
        assert hazard.unit == "class"
        assert hazard.grid is None
        assert hazard.source == str(path)
        assert hazard.crs.to_epsg() == 4326
        assert hazard.bounds == pytest.approx((106, -6, 110, -5))
        assert any("classes are of kelas" in note for note in hazard.notes)

    @pytest.mark.parametrize(
        ("columns", "expected"),
        [
            ({"KLSGTN": [1, 2, 4, 996]}, {NONE: 100, LOW: 100, MEDIUM: 100, UNKNOWN: 100}),
            ({"gridcode": [1, 2, 3, 3]}, {LOW: 100, MEDIUM: 100, HIGH: 200}),
            ({"kelas": ["1", "2", "3", "5"]}, {LOW: 200, MEDIUM: 100, HIGH: 100}),
            (
                {"NAMOBJ": ["Zona Kerentanan Gerakan Tanah Tinggi", "Aliran Bahan Rombakan",
                            "Zona Kerentanan Gerakan Tanah Menengah", "ZKGT Rendah"]},
                {LOW: 100, MEDIUM: 100, HIGH: 200},
            ),
            ({"sembarang": ["low", "low", "high", None]}, {LOW: 200, HIGH: 100, UNKNOWN: 100}),
            ({"nama": ["p", "q", "r", "s"], "bahaya": ["aman", "sedang", "tinggi", "tinggi"]},
             {NONE: 100, MEDIUM: 100, HIGH: 200}),
        ],
    )  # fmt: skip
    def test_columns(self, tmp_path, columns, expected):
        path = layer(tmp_path / "krb.gpkg", UTM_BOXES, 32748, **columns)
        assert areas(read_hazard(path, "landslide")) == expected

    def test_empty_class_is_unknown_and_noted(self, tmp_path):
        path = layer(tmp_path / "krb.gpkg", UTM_BOXES[:2], 32748, kelas=["tinggi", None])
        hazard = read_hazard(path)
        assert areas(hazard) == {HIGH: 100, UNKNOWN: 100}
        assert any("1 features without a value in kelas" in note for note in hazard.notes)

    def test_words_that_say_no_class(self, tmp_path):
        words = ["tinggi", "danau", "sedang", "danau"]
        path = layer(tmp_path / "krb.gpkg", UTM_BOXES, 32748, kelas=words)
        with pytest.raises(
            InputError,
            match=r"krb\.gpkg, layer krb, column kelas, row 1, 3: found 'danau'.*classes=",
        ):
            read_hazard(path)
        hazard = read_hazard(path, classes={"Danau": "none"})
        assert areas(hazard) == {NONE: 200, MEDIUM: 100, HIGH: 100}

    def test_codes_of_no_scheme(self, tmp_path):
        path = layer(tmp_path / "krb.gpkg", UTM_BOXES, 32748, kelas=[1, 2, 3, 9])
        with pytest.raises(ColumnError, match=r"krb\.gpkg.*columns kelas.*class_column="):
            read_hazard(path)
        with pytest.raises(
            InputError, match=r"krb\.gpkg, layer krb, column kelas, row 3: found '9'"
        ):
            read_hazard(path, classes={1: "low", 2: "medium", 3: "high"})

    def test_column_given(self, tmp_path):
        path = layer(
            tmp_path / "krb.gpkg", UTM_BOXES, 32748, kelas=["tinggi"] * 4, lain=["low"] * 4
        )
        assert areas(read_hazard(path, class_column="lain")) == {LOW: 400}
        with pytest.raises(ColumnError, match=r"krb\.gpkg.*column nope.*kelas, lain"):
            read_hazard(path, class_column="nope")

    def test_no_column_of_classes(self, tmp_path):
        path = layer(tmp_path / "krb.gpkg", UTM_BOXES, 32748, risk=[30, 50, 70, 83], n=list("abcd"))
        with pytest.raises(ColumnError, match=r"krb\.gpkg.*risk, n.*class_column="):
            read_hazard(path)

    def test_depths_and_indices(self, tmp_path):
        path = layer(
            tmp_path / "banjir.gpkg", UTM_BOXES, 32748, depth=[0.05, 0.1, 0.76, None],
            skor=[0.0, 0.333, 0.666, 1.0],
        )  # fmt: skip
        depth = read_hazard(path, unit="m")
        assert areas(depth) == {NONE: 100, LOW: 100, MEDIUM: 100, UNKNOWN: 100}
        assert depth.unit == "m"
        assert depth.cuts == (0.1, 0.76, 1.5)
        index = read_hazard(path, unit="index")
        assert areas(index) == {NONE: 100, MEDIUM: 100, HIGH: 200}
        cm = layer(tmp_path / "cm.gpkg", UTM_BOXES, 32748, kedalaman_cm=[9, 10, 76, 150])
        assert areas(read_hazard(cm, unit="cm")) == {NONE: 100, LOW: 100, MEDIUM: 100, HIGH: 100}

    def test_depths_that_are_no_numbers(self, tmp_path):
        path = layer(tmp_path / "banjir.gpkg", UTM_BOXES, 32748, depth=["0.5", "-1", "dalam", ""])
        with pytest.raises(InputError) as caught:
            read_hazard(path, unit="m")
        first, second = str(caught.value).splitlines()
        assert "banjir.gpkg, layer banjir, column depth, row 1: found '-1'" in first
        assert "row 2: found 'dalam'" in second

    def test_scores(self, tmp_path):
        path = layer(tmp_path / "longsor.gpkg", UTM_BOXES, 32748, risk=[30, 50, 69, 70])
        with pytest.raises(UnitError, match=r"longsor\.gpkg, column risk, row 0.*classes="):
            read_hazard(path, "landslide", "index")
        hazard = read_hazard(path, "landslide", classes=(1, 50, 70), class_column="risk")
        assert areas(hazard) == {LOW: 100, MEDIUM: 200, HIGH: 100}

    def test_higher_class_holds_where_polygons_overlap(self, tmp_path):
        boxes = [(0, 0, 10, 10), (5, 0, 15, 10), (0, 0, 10, 5), (8, 0, 20, 10), (0, 0, 30, 10)]
        words = ["rendah", "tinggi", "sedang", "tidak ada data", "aman"]
        path = layer(tmp_path / "krb.gpkg", boxes, 32748, kelas=words)
        # high 100; medium 5x5 left of it; low the rest of its square; unknown loses to low and up
        assert areas(read_hazard(path)) == {NONE: 100, LOW: 25, MEDIUM: 25, HIGH: 100, UNKNOWN: 50}

    def test_lower_class_may_vanish(self, tmp_path):
        path = layer(tmp_path / "krb.gpkg", UTM_BOXES[:1] * 2, 32748, kelas=["rendah", "tinggi"])
        assert areas(read_hazard(path)) == {HIGH: 100}

    def test_rest_is_unknown_or_none(self, tmp_path):
        path = layer(tmp_path / "krb.gpkg", [UTM_BOXES[0], UTM_BOXES[3]], 32748, kelas=["T", "S"])
        assert areas(read_hazard(path)) == {MEDIUM: 100, HIGH: 100}
        assert areas(read_hazard(path, nodata="none")) == {NONE: 200, MEDIUM: 100, HIGH: 100}

    def test_one_layer_per_class(self, tmp_path):
        low = layer(tmp_path / "rendah.gpkg", [(0, 0, 10, 10)], 32748, risk=[30])
        high = layer(tmp_path / "tinggi.gpkg", [(5, 0, 15, 10)], 32748, risk=[80])
        hazard = read_hazard({"rendah": low, "high": str(high)}, "landslide")
        assert areas(hazard) == {LOW: 50, HIGH: 100}
        assert hazard.source == f"{low}, {high}"
        with pytest.raises(InputError, match="hazard class 'merah'"):
            read_hazard({"merah": low})
        with pytest.raises(InputError, match="0 layers"):
            read_hazard({})
        with pytest.raises(InputError, match="class_column="):
            read_hazard({"low": low}, class_column="risk")

    def test_layers_in_two_crs(self, tmp_path):
        low = layer(
            tmp_path / "rendah.gpkg", [(700_000, 9_300_000, 700_100, 9_300_100)], 32748, a=[1]
        )
        high = tmp_path / "tinggi.gpkg"
        gpd.read_file(low).to_crs(4326).to_file(high, engine="pyogrio")
        hazard = read_hazard({"low": low, "high": high})
        assert hazard.crs.to_epsg() == 32748
        table = hazard.polygons.set_index("hazard_class").geometry.area
        assert table[HIGH] == pytest.approx(10_000, rel=1e-6)
        assert table.get(LOW, 0.0) == pytest.approx(0, abs=0.01)

    def test_broken_features(self, tmp_path):
        path = layer(tmp_path / "krb.gpkg", [UTM_BOXES[0], None], 32748, kelas=["tinggi", "rendah"])
        with pytest.raises(
            InputError, match=r"krb\.gpkg, layer krb, column geometry, row 1: found no geometry"
        ):
            read_hazard(path)

    def test_windows_only_of_rasters(self, tmp_path):
        hazard = read_hazard(layer(tmp_path / "k.gpkg", UTM_BOXES[:1], 32748, kelas=["tinggi"]))
        with pytest.raises(InputError, match="polygons"):
            hazard.classes(*ALL)
        with pytest.raises(InputError, match="without raster"):
            _ = Hazard(kind="flood", unit="m").bounds

    def test_missing_crs(self, tmp_path):
        path = layer(tmp_path / "krb.shp", UTM_BOXES[:1], 32748, kelas=["tinggi"])
        path.with_suffix(".prj").unlink()
        with pytest.raises(CrsError, match=r"krb\.shp"):
            read_hazard(path)


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "kind"),
        [
            ({"unit": "meter"}, UnitError),
            ({"kind": "banjir", "unit": "m"}, InputError),
            ({"nodata": "kering", "unit": "m"}, InputError),
            ({"unit": "m", "classes": (1, 2)}, InputError),
            ({"unit": "m", "classes": (3, 2, 1)}, InputError),
            ({"unit": "m", "classes": (1, 1, 2)}, InputError),
            ({"unit": "m", "classes": "abc"}, InputError),
            ({"unit": "m", "classes": (1, "x", 2)}, InputError),
            ({"unit": "m", "classes": {1: "low"}}, InputError),
            ({"unit": "class", "classes": (1, 2, 3)}, InputError),
            ({"unit": "class", "classes": {1: "merah"}}, InputError),
            ({"unit": "class", "classes": {1: 7}}, InputError),
            ({"unit": "m", "class_column": "kelas"}, InputError),
            ({"unit": "m", "layer": "krb"}, InputError),
        ],
    )
    def test_wrong_options(self, options, kind):
        with pytest.raises(kind, match=r"array: found .*expected .*Remedy: "):
            read_hazard(grid([[1.0]]), **options)

    def test_all_wrong_words_at_once(self):
        with pytest.raises(InputError) as caught:
            read_hazard(grid([[1.0]]), "banjir", "meter", nodata="kering")
        assert len(caught.value.problems) == 3

    def test_band_of_polygons(self, tmp_path):
        path = layer(tmp_path / "krb.gpkg", UTM_BOXES[:1], 32748, kelas=["tinggi"])
        with pytest.raises(InputError, match=r"krb\.gpkg.*band="):
            read_hazard(path, band=1)

    @pytest.mark.parametrize("name", ["x.tif", "x.gpkg", "x.geojson", "x.zip", "x"])
    def test_missing_file(self, tmp_path, name):
        with pytest.raises(InputFileError, match="no file at"):
            read_hazard(tmp_path / name, unit="m")

    def test_foreign_file(self, tmp_path):
        (tmp_path / "catatan.doc").write_text("halo")
        with pytest.raises(InputFileError, match=r"catatan\.doc"):
            read_hazard(tmp_path / "catatan.doc", unit="m")


@pytest.mark.real_data
class TestRealData:
    def test_jakarta_depths(self, real_data):
        folder = real_data / "jakarta"
        hazard = read_hazard(folder / "Flood_Current_Depth_Jakarta_geographic.asc", unit="m")
        counts = np.bincount(hazard.classes(*ALL).ravel(), minlength=5)
        assert counts.tolist() == [336_913, 34_687, 23_920, 17_562, 980]
        assert np.isnan(hazard.depths_m(*ALL)).sum() == 980

    def test_jakarta_categories(self, real_data):
        path = real_data / "jakarta" / "jakarta_flood_category_123.asc"
        for nodata, apart in (("none", NONE), ("unknown", UNKNOWN)):
            found = read_hazard(path, unit="class", nodata=nodata).classes(*ALL)
            assert (found == apart).sum() == 649 * 638 - 76_169

    def test_solok_selatan(self, real_data):
        folder = real_data / "solok_selatan"
        names = {"low": "rendah", "medium": "sedang", "high": "tinggi"}
        paths = {name: folder / f"longsor_{word}.geojson" for name, word in names.items()}
        hazard = read_hazard(paths, "landslide")
        assert hazard.polygons["hazard_class"].tolist() == [LOW, MEDIUM, HIGH]
        one = read_hazard(paths["high"], "landslide", classes=(1, 50, 70), class_column="risk")
        assert one.polygons["hazard_class"].tolist() == [HIGH]

    def test_jakarta_flooded_rw(self, real_data):
        path = real_data / "jakarta" / "Jakarta_RW_2007flood.shp"
        words = {"YES": "high", "NO": "none"}
        hazard = read_hazard(path, classes=words, class_column="FLOODPRONE")
        assert hazard.polygons.geometry.is_valid.all()


def test_water_that_wets_no_knee_is_noted_as_a_unit_to_be_checked():
    # A map in metres read as centimetres: 15.7 becomes 0.157 m, and nobody would have to leave.
    assert "check that its unit is cm" in read_hazard(grid([[15.7]]), unit="cm").notes[-1]
    assert read_hazard(grid([[0.3]]), unit="m").notes == ()


def test_people_are_no_depth(tmp_path):
    path = tmp_path / "jiwa.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=1, height=1, count=1, dtype="float32",
        crs="EPSG:4326", transform=NORTH_UP,
    ) as dataset:  # fmt: skip
        dataset.write(np.ones((1, 1, 1), np.float32))
        dataset.units = ["people"]
    with pytest.raises(UnitError, match="states people"):
        read_hazard(path, unit="m")
