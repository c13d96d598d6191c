"""Reading village boundaries: every format, columns found, and every way a file can be wrong."""

from __future__ import annotations

import json
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from resilience_geo.errors import ColumnError, CrsError, InputError, InputFileError
from resilience_geo.inputs.villages import read_villages

SQUARES = [shapely.box(106 + 0.1 * i, -6, 106.1 + 0.1 * i, -5.9) for i in range(3)]


def villages(**columns):
    table = columns or {
        "kode_desa": ["99.01.01.2001", "99.01.01.2002", "99.01.01.2003"],
        "nama_desa": ["Sukamaju", "Désa Ñandu", "Ciliwung"],
    }
    count = len(next(iter(table.values())))
    return gpd.GeoDataFrame(table, geometry=SQUARES[:count], crs=4326)


def written(frame, path, **options):
    drivers = {".kml": "LIBKML", ".fgb": "FlatGeobuf"}
    if path.suffix == ".fgb":
        options["SPATIAL_INDEX"] = "NO"  # its index would order the features anew
    frame.to_file(path, engine="pyogrio", driver=drivers.get(path.suffix), **options)
    return path


def zipped(path, archive, folder=""):
    with zipfile.ZipFile(archive, "w") as bundle:
        for part in path.parent.glob(f"{path.stem}.*"):
            if part.suffix != ".zip":
                bundle.write(part, f"{folder}{part.name}")
    return archive


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson", ".fgb", ".kml"])
def test_every_format(tmp_path, suffix):
    path = written(villages(), tmp_path / f"desa{suffix}")
    read = read_villages(path)
    assert read["village_code"].tolist() == ["99.01.01.2001", "99.01.01.2002", "99.01.01.2003"]
    assert read["village_name"].tolist() == ["Sukamaju", "Désa Ñandu", "Ciliwung"]
    assert read.columns[:2].tolist() == ["village_code", "village_name"]
    assert read.columns[-1] == "geometry"
    assert read.index.equals(pd.RangeIndex(3))
    assert read.crs.to_epsg() == 4326
    assert read.attrs["source"] == str(path)
    assert read.attrs["code_system"] == "kemendagri"
    assert isinstance(read.attrs["notes"], tuple)


@pytest.mark.parametrize("folder", ["", "batas desa/"])
def test_zipped_shapefile(tmp_path, folder):
    path = written(villages(), tmp_path / "desa.shp")
    read = read_villages(zipped(path, tmp_path / "desa kita.zip", folder))
    assert read["village_name"].tolist() == ["Sukamaju", "Désa Ñandu", "Ciliwung"]


def test_zip_with_two_layers_needs_a_choice(tmp_path):
    written(villages(), tmp_path / "desa.shp")
    written(villages(), tmp_path / "rw.shp")
    archive = tmp_path / "batas.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        for part in [*tmp_path.glob("desa.*"), *tmp_path.glob("rw.*")]:
            bundle.write(part, part.name)
    with pytest.raises(InputError, match=r"batas\.zip.*desa\.shp.*layer="):
        read_villages(archive)
    assert len(read_villages(archive, layer="rw")) == 3


def test_broken_zip(tmp_path):
    (tmp_path / "rusak.zip").write_bytes(b"PK nothing")
    with pytest.raises(InputFileError, match=r"rusak\.zip"):
        read_villages(tmp_path / "rusak.zip")


def test_text_and_path_are_the_same(tmp_path):
    path = written(villages(), tmp_path / "desa.gpkg")
    assert read_villages(str(path)).equals(read_villages(path))


def test_projected_crs_is_kept(tmp_path):
    path = written(villages().to_crs(32748), tmp_path / "desa.gpkg")
    assert read_villages(path).crs.to_epsg() == 32748


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1"])
def test_dbf_without_a_stated_encoding(tmp_path, encoding):
    path = written(villages(), tmp_path / "desa.shp", encoding=encoding)
    path.with_suffix(".cpg").unlink()
    assert read_villages(path)["village_name"].tolist()[1] == "Désa Ñandu"


def test_dbf_with_a_wrong_encoding_is_noted(tmp_path):
    path = written(villages(), tmp_path / "desa.shp", encoding="ISO-8859-1")
    path.with_suffix(".cpg").write_text("UTF-8")
    read = read_villages(path)
    assert read["village_name"].tolist()[1] == "Désa Ñandu"
    assert any("encoding" in note for note in read.attrs["notes"])


@pytest.mark.parametrize(
    ("columns", "code", "name"),
    [
        ({"KDEPUM": ["33.73.04.1001"], "NAMOBJ": ["Tegalrejo"]}, "33.73.04.1001", "Tegalrejo"),
        (
            {"KDEPUM": [""], "KDEBPS": ["3373041001"], "WADMKD": ["Tegalrejo"]},
            "3373041001",
            "Tegalrejo",
        ),
        ({"ADM4_PCODE": ["ID3373041001"], "ADM4_EN": ["Tegal"]}, "ID3373041001", "Tegal"),
        ({"IDDESA": [3373041001.0], "DESA": ["Tegal"]}, "3373041001", "Tegal"),
        ({"Kode_Kel": [3373041001], "Kelurahan": ["Tegal"]}, "3373041001", "Tegal"),
        ({"ID": [7], "KEL_NAME_1": ["KELURAHAN X"], "KEL_NAME2": ["X"]}, "7", "X"),
        ({"OBJECTID": [1], "KEL_NAME": ["TUGU"], "RW": ["3"]}, "1", "TUGU"),
        ({"KEC_NAME": ["Koja"]}, "Koja", "Koja"),
        ({"village_code": ["A1"], "kode_desa": ["B1"], "nama": ["N"]}, "A1", "N"),
    ],
)
def test_columns_are_found(tmp_path, columns, code, name):
    read = read_villages(written(villages(**columns), tmp_path / "desa.gpkg"))
    assert read.loc[0, ["village_code", "village_name"]].tolist() == [code, name]


def test_generic_identifier_and_missing_name_are_noted(tmp_path):
    read = read_villages(written(villages(objectid=[4, 5, 6]), tmp_path / "desa.gpkg"))
    assert read["village_code"].tolist() == read["village_name"].tolist() == ["4", "5", "6"]
    notes = " ".join(read.attrs["notes"])
    assert "objectid, which numbers the rows" in notes
    assert "no column of names" in notes


def test_rw_get_the_name_of_their_village(tmp_path):
    frame = villages(OBJECTID=[1, 2, 3], KEL_NAME=["TUGU"] * 3, RW=["RW 01", "2", None])
    read = read_villages(written(frame, tmp_path / "rw.gpkg"))
    assert read["village_name"].tolist() == ["TUGU RW 01", "TUGU RW 2", "TUGU"]


def test_no_code_column(tmp_path):
    path = written(villages(luas=[1.5, 2.5, 2.5], KEC_NAME=["Koja"] * 3), tmp_path / "desa.gpkg")
    with pytest.raises(ColumnError, match=r"desa\.gpkg.*luas, KEC_NAME.*code_column="):
        read_villages(path)


def test_columns_given(tmp_path):
    path = written(villages(a=["x", "y", "z"], b=["p", "q", "r"]), tmp_path / "desa.gpkg")
    read = read_villages(path, "A", "b")
    assert read["village_code"].tolist() == ["x", "y", "z"]
    assert read["village_name"].tolist() == ["p", "q", "r"]
    for options in ({"code_column": "nope"}, {"code_column": "a", "name_column": "nope"}):
        with pytest.raises(ColumnError, match=r"desa\.gpkg.*column nope.*a, b"):
            read_villages(path, **options)
    with pytest.raises(ColumnError, match=r"population_column="):
        read_villages(path, "a", population_column="nope")


def test_population(tmp_path):
    frame = villages(kode=["a", "b", "c"], nama=["A", "B", "C"], jiwa=["1200", "", "3"])
    read = read_villages(written(frame, tmp_path / "desa.gpkg"), population_column="jiwa")
    np.testing.assert_array_equal(read["population_people"], [1200.0, np.nan, 3.0])


def test_population_that_is_no_number(tmp_path):
    frame = villages(kode=["a", "b", "c"], nama=["A", "B", "C"], jiwa=["1.200", "-4", "banyak"])
    path = written(frame, tmp_path / "desa.gpkg")
    with pytest.raises(InputError) as caught:
        read_villages(path, population_column="jiwa")
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    for row, line in enumerate(lines):
        assert f"desa.gpkg, layer desa, column jiwa, row {row}" in line
    assert "thousands" in lines[0]


@pytest.mark.parametrize(
    ("where", "codes"),
    [
        ({"nama": "B"}, ["2"]),
        ({"nama": "b"}, ["2"]),
        ({"kode": 3}, ["3"]),
        ({"kode": [3, "1"]}, ["1", "3"]),
        ({"village_name": ["A", "C"], "kode": [1, 2]}, ["1"]),
        (lambda table: table["kode"] > 1, ["2", "3"]),
        (lambda table: table.geometry.bounds["minx"] > 106.05, ["2", "3"]),
    ],
)
def test_where(tmp_path, where, codes):
    path = written(villages(kode=[1, 2, 3], nama=["A", "B", "C"]), tmp_path / "desa.gpkg")
    read = read_villages(path, where=where)
    assert read["village_code"].tolist() == codes
    assert read.index.equals(pd.RangeIndex(len(codes)))


def test_where_that_fits_nothing_or_is_wrong(tmp_path):
    path = written(villages(kode=[1, 2, 3], nama=["A", "B", "C"]), tmp_path / "desa.gpkg")
    with pytest.raises(InputError, match=r"desa\.gpkg.*nama = Z.*A, B, C"):
        read_villages(path, where={"nama": "Z"})
    with pytest.raises(ColumnError, match="column kec"):
        read_villages(path, where={"kec": "Z"})
    with pytest.raises(InputError, match="shape"):
        read_villages(path, where=lambda _: [True])


def test_rows_left_out_are_not_judged(tmp_path):
    frame = villages(kode_desa=["a", "", "c"], nama=["A", "sliver", "C"])
    path = written(frame, tmp_path / "desa.gpkg")
    with pytest.raises(InputError, match=r"desa\.gpkg, column kode_desa, row 1: found no code"):
        read_villages(path)
    read = read_villages(path, where=lambda table: table["nama"] != "sliver")
    assert read["village_code"].tolist() == ["a", "c"]


def test_parts_of_one_village_are_merged(tmp_path):
    frame = villages(kode_desa=["a", "b", "a"], nama=["A", "B", "A"], luas=[1, 2, 3])
    read = read_villages(written(frame, tmp_path / "desa.gpkg"))
    assert read["village_code"].tolist() == ["a", "b"]
    assert read["luas"].tolist() == [1, 2]
    assert read.geometry[0].geom_type == "MultiPolygon"
    assert read.geometry[0].area == pytest.approx(0.02)
    assert any("merged" in note for note in read.attrs["notes"])


def test_one_code_for_two_villages(tmp_path):
    frame = villages(kode_desa=["a", "b", "a"], nama=["A", "B", "C"])
    with pytest.raises(
        InputError, match=r"desa\.gpkg, column kode_desa, row 0, 2: found code a for A, C"
    ):
        read_villages(written(frame, tmp_path / "desa.gpkg"))


def test_one_code_with_two_populations(tmp_path):
    frame = villages(kode_desa=["a", "b", "a"], nama=["A", "B", "A"], population_people=[1, 2, 3])
    with pytest.raises(InputError, match=r"row 0, 2.*population"):
        read_villages(written(frame, tmp_path / "desa.gpkg"))


def test_one_outline_for_two_villages(tmp_path):
    frame = villages(kode_desa=["a", "b", "c"], nama=["A", "B", "C"])
    frame.loc[2, "geometry"] = shapely.reverse(frame.geometry[0])
    with pytest.raises(
        InputError, match=r"desa\.gpkg, column geometry, row 0, 2: found one outline for a, c"
    ):
        read_villages(written(frame, tmp_path / "desa.gpkg"))


def test_all_problems_at_once(tmp_path):
    frame = villages(kode_desa=["a", "", "a"], nama=["A", "B", "C"], jiwa=["x", "1", "2"])
    frame.loc[1, "geometry"] = None
    with pytest.raises(InputError) as caught:
        read_villages(written(frame, tmp_path / "desa.gpkg"), population_column="jiwa")
    text = str(caught.value)
    for expected in ("found 'x'", "found no code", "found code a for A, C", "found no geometry"):
        assert expected in text
    assert len(caught.value.problems) == 4


def test_many_problems_are_counted(tmp_path):
    boxes = [shapely.box(i, 0, i + 1, 1) for i in range(60)]
    frame = gpd.GeoDataFrame(
        {"kode_desa": [""] * 50 + list("abcdefghij")}, geometry=boxes, crs=4326
    )
    with pytest.raises(InputError) as caught:
        read_villages(written(frame, tmp_path / "desa.gpkg"))
    assert len(caught.value.problems) == 21
    assert "30 more rows" in str(caught.value)


def test_bow_tie_heights_and_lines_within(tmp_path):
    bow = shapely.Polygon([(106, -6), (106.1, -5.9), (106.1, -6), (106, -5.9)])
    high = shapely.force_3d(SQUARES[1], 12.0)
    frame = gpd.GeoDataFrame({"kode_desa": ["a", "b"]}, geometry=[bow, high], crs=4326)
    read = read_villages(written(frame, tmp_path / "desa.gpkg"))
    assert read.geometry.is_valid.all()
    assert not read.geometry.has_z.any()
    assert read.geometry[0].area == pytest.approx(0.005)
    assert set(read.geom_type) <= {"Polygon", "MultiPolygon"}
    notes = " ".join(read.attrs["notes"])
    assert "1 invalid geometries were repaired (rows 0)" in notes
    assert "heights" in notes


def test_geometries_that_cannot_be_used(tmp_path):
    features = [
        {"type": "Feature", "properties": {"kode_desa": str(i)}, "geometry": geometry}
        for i, geometry in enumerate(
            [
                shapely.geometry.mapping(SQUARES[0]),
                None,
                {"type": "Point", "coordinates": [106, -6]},
                {"type": "Polygon", "coordinates": [[[1, 1], [2, 2], [1, 1], [1, 1]]]},
            ]
        )
    ]
    path = tmp_path / "desa.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with pytest.raises(InputError) as caught:
        read_villages(path)
    text = str(caught.value)
    assert "desa.geojson, layer desa, column geometry, row 1: found no geometry" in text
    assert "row 2: found a Point" in text
    assert "row 3: found a polygon without area" in text


def test_overlaps_are_noted(tmp_path):
    frame = villages(kode_desa=["a", "b", "c"], nama=["A", "B", "C"])
    frame.loc[1, "geometry"] = shapely.box(106.09, -6, 106.2, -5.9)  # 0.001 of 0.01
    note = read_villages(written(frame, tmp_path / "d.gpkg")).attrs["notes"][0]
    assert "1 pairs" in note
    assert "a and b 10%" in note
    frame.loc[1, "geometry"] = shapely.box(106.0999, -6, 106.2, -5.9)  # 0.1 % is drawing
    assert read_villages(written(frame, tmp_path / "e.gpkg")).attrs["notes"] == ()
    frame.loc[1, "geometry"] = shapely.box(106, -6, 106.3, -5.9)  # holds both others
    note = read_villages(written(frame, tmp_path / "f.gpkg")).attrs["notes"][0]
    assert "Two levels" in note
    assert "a and b 100%" in note


def test_layers(tmp_path):
    path = written(villages(), tmp_path / "semua.gpkg", layer="desa")
    points = villages().set_geometry([square.centroid for square in SQUARES])
    written(points, path, layer="titik")
    read = read_villages(path)
    assert any("layer desa" in note for note in read.attrs["notes"])
    written(villages(), path, layer="rw")
    with pytest.raises(InputError, match=r"semua\.gpkg.*desa, titik, rw.*layer="):
        read_villages(path)
    assert read_villages(path, layer="rw").attrs["layer"] == "rw"
    with pytest.raises(InputError, match=r"layer desas.*desa, titik, rw"):
        read_villages(path, layer="desas")


def test_kml_folders_are_layers(tmp_path):
    ring = "106,-6,0 107,-6,0 107,-5,0 106,-5,0 106,-6,0"
    square = f"<outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing>"
    path = tmp_path / "desa.kml"
    path.write_text(
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        "<Folder><name>Titik</name><Placemark><name>TES</name><Point><coordinates>106,-6,0"
        "</coordinates></Point></Placemark></Folder><Folder><name>Desa</name><Placemark>"
        f"<name>Sukamaju</name><Polygon>{square}</outerBoundaryIs></Polygon></Placemark>"
        "</Folder></Document></kml>"
    )
    read = read_villages(path)
    assert read["village_name"].tolist() == ["Sukamaju"]
    assert read.attrs["layer"] == "Desa"
    assert not read.geometry.has_z.any()


def test_missing_file(tmp_path):
    with pytest.raises(InputFileError, match=r"tidak_ada\.gpkg.*correct the path"):
        read_villages(tmp_path / "tidak_ada.gpkg")


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb", ".kml", ".shp"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.6])
def test_truncated_file(tmp_path, suffix, share):
    path = written(villages(), tmp_path / f"desa{suffix}")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises((InputFileError, InputError), match=rf"desa\{suffix}"):
        read_villages(path)


@pytest.mark.parametrize("part", [".shx", ".dbf"])
def test_shapefile_that_lost_a_part(tmp_path, part):
    path = written(villages(), tmp_path / "desa.shp")
    path.with_suffix(part).unlink()
    with pytest.raises(InputFileError, match=rf"desa\.shp.*\{part}"):
        read_villages(path)


def test_missing_crs(tmp_path):
    path = written(villages(), tmp_path / "desa.shp")
    path.with_suffix(".prj").unlink()
    with pytest.raises(CrsError, match=r"desa\.shp.*\.prj"):
        read_villages(path)


@pytest.mark.parametrize(
    "square",
    [shapely.box(700_000, 9_310_000, 701_000, 9_311_000), shapely.box(-6, 106, -5.9, 106.1)],
)
def test_coordinates_that_are_no_degrees(tmp_path, square):
    frame = gpd.GeoDataFrame({"kode_desa": ["a"]}, geometry=[square], crs=4326)
    path = tmp_path / "desa.gpkg"
    with pytest.raises(CrsError, match=r"desa\.gpkg.*degrees.*swap"):
        read_villages(written(frame, path))


def test_no_features(tmp_path):
    path = tmp_path / "kosong.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(InputError, match=r"kosong\.geojson.*no features"):
        read_villages(path)


def test_table_without_geometry(tmp_path):
    path = tmp_path / "desa.csv"
    path.write_text("kode_desa,nama\n1,A\n")
    with pytest.raises((InputError, InputFileError), match=r"desa\.csv"):
        read_villages(path)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "count", "code", "name"),
    [
        ("jakarta/kelurahan_jakarta.shp", 261, "165", "Grogol Selatan"),
        ("jakarta/kecamatan_jakarta.shp", 42, "CENGKARENG", "CENGKARENG"),
        ("jakarta/kabupaten_jakarta.shp", 5, "0", "JAKARTA BARAT"),
        ("jakarta/rw_jakarta.shp", 2685, "1", "KEBON BAWANG RW 01"),
        ("boundaries/id1503_sarolangun.geojson", 158, "id1503031022", "Argo Sari"),
        ("boundaries/id5371010_alak.geojson", 12, "id5371010004", "Alak"),
        ("boundaries/id6271021_rakumpit.geojson", 7, "id6271021007", "Bukit Sua"),
        ("boundaries/id6372_kota_banjar_baru.geojson", 20, "id6372020002", "Bangkal"),
        ("balikpapan/id6471_kota_balikpapan.geojson", 34, "id6471050003", "Baru Ilir"),
        ("solok_selatan/id1310_solok_selatan.geojson", 39, "id1310030001", "Abai"),
    ],
)
def test_real_boundaries(real_data, file, count, code, name):
    read = read_villages(real_data / file)
    assert len(read) == count
    assert read.loc[0, ["village_code", "village_name"]].tolist() == [code, name]
    assert read["village_code"].is_unique
    assert read.geometry.is_valid.all()
    assert set(read.geom_type) <= {"Polygon", "MultiPolygon"}
    assert read.crs.to_epsg() == 4326


@pytest.mark.real_data
def test_real_repair_keeps_the_area(real_data):
    read = read_villages(real_data / "jakarta" / "rw_jakarta.shp")
    raw = gpd.read_file(real_data / "jakarta" / "rw_jakarta.shp")
    np.testing.assert_allclose(
        shapely.area(read.geometry.array), shapely.area(raw.geometry.array), rtol=0.02
    )
