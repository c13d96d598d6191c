"""Reading the vulnerable groups of villages: counts, percent, shares, and what is refused."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
import xlsxwriter

import resilience_geo as rg
from resilience_geo.errors import ColumnError, InputError, InputFileError
from resilience_geo.inputs.vulnerable import read_vulnerable

GROUPS = ["children_under_5", "elderly", "disabled", "pregnant"]
HEAD = "village_code,jumlah_penduduk,balita,lansia,penyandang_disabilitas,ibu_hamil"
# 200 people: 16 are 8 %, 24 are 12 %, 17 are 8.5 %, 4 are 2 %.
ROW = "99.01.01.2001,200,16,24,17,4"
SHARES = [0.08, 0.12, 0.085, 0.02]


def written(tmp_path, *lines, name="rentan.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def sheet(path, *tables):
    with xlsxwriter.Workbook(path) as book:
        for name, rows in tables:
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    return path


def boundaries(*codes):
    boxes = [shapely.box(i, 0, i + 1, 1) for i in range(len(codes))]
    return gpd.GeoDataFrame({"village_code": codes}, geometry=boxes, crs=4326)


def problems(error, *arguments, **options):
    with pytest.raises(error) as caught:
        read_vulnerable(*arguments, **options)
    return caught.value.problems


def one(error, *arguments, **options):
    found = problems(error, *arguments, **options)
    assert len(found) == 1, found
    return found[0]


def notes(table):
    return "\n".join(table.attrs["notes"])


def test_counts_become_shares_of_the_people(tmp_path):
    path = written(tmp_path, HEAD, ROW)
    table = rg.read_vulnerable(path)
    assert table.columns.tolist() == [*GROUPS, "people_total"]
    assert table.index.name == "village_code"
    assert table.index.tolist() == ["99.01.01.2001"]
    np.testing.assert_allclose(table.loc["99.01.01.2001", GROUPS], SHARES)
    assert table["people_total"].tolist() == [200.0]
    assert (table.dtypes == "float64").all()
    assert table.attrs["source"] == str(path)
    said = "the vulnerable groups are of the columns balita, lansia, penyandang_disabilitas"
    assert table.attrs["notes"] == (f"rentan.csv: {said}, ibu_hamil",)


def test_embedded_sample():
    files = rg.sample_files()
    table = read_vulnerable(files["vulnerable"], rg.read_villages(files["villages"]))
    # First row of the file: 6357 people, 577, 651, 124, 127.
    first = table.loc["99.01.01.2001"]
    np.testing.assert_allclose(first[GROUPS], np.array([577, 651, 124, 127]) / 6357)
    assert len(table) == 6
    assert "not in it" not in notes(table)
    assert "of no village" not in notes(table)


@pytest.mark.parametrize(
    ("names", "cells"),
    [
        ("Jumlah Penduduk,Balita,Lansia (60+),Difabel,Bumil", "200,16,24,17,4"),
        ("people_total,under5,elderly,disabled,pregnant", "200,16,24,17,4"),
        ("penduduk,jumlah balita,jml_lansia,Penyandang Disabilitas (jiwa),hamil", "200,16,24,17,4"),
        ("persen_balita,lansia_persen,pct_disabilitas,Ibu Hamil (%)", "8,12,8.5,2"),
        ("persen_balita,lansia_persen,pct_disabilitas,Ibu Hamil (%)", "8%,12 %,8.500,2.0"),
        ("share_balita,elderly_share,proporsi_difabel,pregnant_share", "0.08,0.120,0.085,.02"),
    ],
)
def test_columns_by_their_names(tmp_path, names, cells):
    path = written(tmp_path, "Kode Desa," + names, "99.01.01.2001," + cells)
    table = read_vulnerable(path)
    np.testing.assert_allclose(table.loc["99.01.01.2001", GROUPS].astype(float), SHARES)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path, encoding):
    path = written(
        tmp_path, HEAD + ",nama", ROW + ",Désa", encoding=encoding
    )  # é tells the encodings apart
    table = read_vulnerable(path)
    np.testing.assert_allclose(table.iloc[0][GROUPS], SHARES)
    assert ("not UTF-8" in notes(table)) == (encoding == "cp1252")


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_separators_and_what_excel_adds(tmp_path, separator):
    lines = ["sep=" + separator, HEAD + ",,", ROW + ",,", ",,,,,,,"]
    path = written(tmp_path, *(line.replace(",", separator) for line in lines))
    table = read_vulnerable(path)
    assert len(table) == 1
    np.testing.assert_allclose(table.iloc[0][GROUPS], SHARES)


def test_decimal_commas_of_percent(tmp_path):
    path = written(tmp_path, "kode_desa;persen_lansia;persen_balita", "99.01.01.2001;12,5;7,125")
    table = read_vulnerable(path)
    np.testing.assert_allclose(table.iloc[0][["elderly", "children_under_5"]], [0.125, 0.07125])
    assert "people_total" not in table
    assert table[["disabled", "pregnant"]].isna().all(axis=None)
    assert "no column of disabled, pregnant" in notes(table)


def test_quotes_hold_separators_and_line_breaks(tmp_path):
    path = written(tmp_path, HEAD + ",nama", ROW + ',"Desa ""A"",\nbaru"')
    assert len(read_vulnerable(path)) == 1


CODES = ["99.01.01.2001", "3171010001", "0012345678", "99.01.01.2010"]


def test_codes_stay_text_in_csv(tmp_path):
    path = written(tmp_path, HEAD, *(code + ROW[13:] for code in CODES))
    assert read_vulnerable(path).index.tolist() == CODES


def test_excel_and_codes_that_became_numbers(tmp_path):
    rows = [HEAD.split(",")]
    rows += [[code, 200, 16, 24, 17, 4] for code in ("99.01.01.2001", 3171010001, "0012345678")]
    path = sheet(tmp_path / "rentan.xlsx", ("data", rows))
    table = read_vulnerable(path)
    assert table.index.tolist() == ["99.01.01.2001", "3171010001", "0012345678"]
    np.testing.assert_allclose(table[GROUPS], [SHARES] * 3)


def test_excel_where_every_cell_is_text_has_a_heading_too(tmp_path):
    path = sheet(tmp_path / "rentan.xlsx", ("data", [HEAD.split(","), ROW.split(",")]))
    np.testing.assert_allclose(read_vulnerable(path).iloc[0][GROUPS], SHARES)


def test_other_reading_of_spreadsheets_is_as_before(tmp_path):
    path = sheet(tmp_path / "a.xlsx", ("data", [["kode", "n"], ["a", 1]]))
    before = pyogrio.read_dataframe(path, read_geometry=False)["n"].dtype
    read_vulnerable(sheet(tmp_path / "b.xlsx", ("d", [HEAD.split(","), ROW.split(",")])))
    assert pyogrio.read_dataframe(path, read_geometry=False)["n"].dtype == before
    assert np.issubdtype(before, np.number)


def test_excel_with_several_sheets_wants_a_choice(tmp_path):
    rows = [HEAD.split(","), ROW.split(",")]
    path = sheet(tmp_path / "rentan.xlsx", ("2024", rows), ("2025", rows))
    problem = one(InputError, path)
    assert problem.found == "the layers 2024, 2025"
    for layer in ("2024", "2025"):
        assert read_vulnerable(path, layer=layer).index.tolist() == ["99.01.01.2001"]
    assert one(InputError, path, layer="2026").layer == "2026"


def test_layer_of_a_geopackage(tmp_path):
    frame = boundaries("99.01.01.2001").assign(jumlah_penduduk=200, lansia=24)
    frame.to_file(tmp_path / "desa.gpkg", engine="pyogrio")
    assert read_vulnerable(tmp_path / "desa.gpkg")["elderly"].tolist() == [0.12]


def test_rows_are_counted_as_the_file_counts_them(tmp_path):
    """Row 0 is the first below the heading; an empty line counts, and is no row."""
    path = written(tmp_path, HEAD, ROW, "", "99.01.01.2002,200,x,24,17,4")
    problem = one(InputError, path)
    assert (problem.file, problem.column, problem.row) == ("rentan.csv", "balita", 2)
    assert problem.found == "'x'"
    assert "code_column" not in problem.remedy


@pytest.mark.parametrize(
    ("cell", "column", "found"),
    [
        ("-3", "balita", "'-3'"),
        ("tiga", "balita", "'tiga'"),
        ("1.200", "jumlah_penduduk", "'1.200'"),
        ("12,5", "lansia", "'12,5'"),
        ("inf", "lansia", "'inf'"),
        ("201", "lansia", "201 people"),
        ("0.12", "lansia", "0.12 people"),
    ],
)
def test_cells_that_are_no_people(tmp_path, cell, column, found):
    cells = dict(zip(HEAD.split(","), ROW.split(","), strict=True)) | {column: cell}
    rows = ";".join(cells.values())
    head = HEAD.replace(",", ";")
    problem = problems(InputError, written(tmp_path, head, rows))[0]
    assert (problem.file, problem.column, problem.row) == ("rentan.csv", column, 0)
    assert problem.found == found


def test_everything_that_is_wrong_is_listed_at_once(tmp_path):
    path = written(
        tmp_path,
        HEAD,
        ROW,
        ",200,16,24,17,4",
        ROW,
        "99.01.01.2003,100,60,50,1,1",
        "99.01.01.2004,100,-1,101,x,1",
        "99.01.01.2005,,1,1,1,1",
    )
    found = [(problem.column, problem.row) for problem in problems(InputError, path)]
    assert sorted(found, key=str) == sorted(
        [
            ("village_code", 1),
            ("village_code", "0, 2"),
            ("balita, lansia, penyandang_disabilitas, ibu_hamil", 3),
            ("balita", 4),
            ("lansia", 4),
            ("penyandang_disabilitas", 4),
            *((name, 5) for name in HEAD.split(",")[2:]),
        ],
        key=str,
    )


def test_groups_together_may_be_everyone_but_not_more(tmp_path):
    path = written(tmp_path, HEAD, "99.01.01.2001,100,60,38,1,1", "99.01.01.2002,50,4,6,4,1")
    assert read_vulnerable(path)[GROUPS].sum(axis=1).iloc[0] == pytest.approx(1)
    path = written(tmp_path, HEAD, "99.01.01.2001,100,60,39,1,1")
    assert "101 %" in one(InputError, path).found


def test_total_of_the_groups_is_not_all_people(tmp_path):
    head = "kode_desa,balita,lansia,total"
    path = written(tmp_path, head, "99.01.01.2001,16,24,40", "99.01.01.2002,10,10,20")
    problem = one(ColumnError, path)
    assert problem.column == "total"
    # One village in which they differ is enough to see that it is another number.
    path = written(tmp_path, head, "99.01.01.2001,16,24,200", "99.01.01.2002,10,10,20")
    assert read_vulnerable(path)["elderly"].tolist() == [0.12, 0.5]


def test_named_total_is_taken_before_a_bare_one(tmp_path):
    head = "kode_desa,total,lansia,jumlah_penduduk"
    path = written(tmp_path, head, "99.01.01.2001,40,24,200")
    assert read_vulnerable(path)["people_total"].tolist() == [200.0]


@pytest.mark.parametrize("value", ["24", "0.12", "12"])
def test_numbers_that_may_be_anything_are_refused(tmp_path, value):
    problem = one(ColumnError, written(tmp_path, "kode_desa,lansia", f"99.01.01.2001,{value}"))
    assert problem.column == "lansia"
    assert "persen_lansia" in problem.remedy


def test_percent_that_may_be_shares_are_refused(tmp_path):
    """A cell that Excel shows as 12 % holds 0.12."""
    head = "kode_desa,persen_lansia"
    path = written(tmp_path, head, "99.01.01.2001,0.12", "99.01.01.2002,0.09")
    assert one(ColumnError, path).column == "persen_lansia"
    path = written(tmp_path, head, "99.01.01.2001,0.9", "99.01.01.2002,1.2")
    np.testing.assert_allclose(read_vulnerable(path)["elderly"], [0.009, 0.012])


@pytest.mark.parametrize(("name", "value"), [("persen_lansia", "101"), ("share_lansia", "1.2")])
def test_more_than_everyone(tmp_path, name, value):
    path = written(tmp_path, f"kode_desa,{name}", "99.01.01.2001,0.5", f"99.01.01.2002,{value}")
    problem = one(InputError, path)
    assert (problem.column, problem.row, problem.found) == (name, 1, value)


def test_percent_sign_in_a_column_of_people_is_refused(tmp_path):
    path = written(tmp_path, "kode_desa,jumlah_penduduk,lansia", "99.01.01.2001,200,12%")
    assert one(InputError, path).found == "'12%'"


def test_people_are_taken_before_percent(tmp_path):
    head = "kode_desa,jumlah_penduduk,lansia,persen_lansia"
    path = written(tmp_path, head, "99.01.01.2001,200,24,99")
    assert read_vulnerable(path)["elderly"].tolist() == [0.12]
    path = written(tmp_path, "kode_desa,lansia,persen_lansia", "99.01.01.2001,24,99")
    assert read_vulnerable(path)["elderly"].tolist() == [0.99]


def test_two_columns_of_one_group(tmp_path):
    head = "kode_desa,jumlah_penduduk,lansia,jumlah_lansia"
    problem = one(ColumnError, written(tmp_path, head, "99.01.01.2001,200,24,25"))
    assert problem.column == "lansia, jumlah_lansia"


def test_other_groups_are_not_taken_for_these(tmp_path):
    head = "kode_desa,jumlah_penduduk,lansia,lansia_65,lansia_miskin,bayi,anak,ibu_menyusui"
    table = read_vulnerable(written(tmp_path, head, "99.01.01.2001,200,24,9,9,9,9,9"))
    assert table["elderly"].tolist() == [0.12]
    assert table["children_under_5"].isna().all()


def test_empty_cells_are_not_known_and_nobody_is_no_share(tmp_path):
    path = written(tmp_path, HEAD, "99.01.01.2001,200,,24,0,4", "99.01.01.2002,0,0,0,0,0")
    table = read_vulnerable(path)
    np.testing.assert_allclose(table.iloc[0][GROUPS], [np.nan, 0.12, 0.0, 0.02])
    assert table.iloc[1][GROUPS].isna().all()


def test_people_that_look_like_percent_are_pointed_out(tmp_path):
    """12 of 2000 people are 0.6 %, less than a tenth of 12 %."""
    path = written(tmp_path, "kode_desa,jumlah_penduduk,lansia", "99.01.01.2001,2000,12")
    assert "lansia is 0.60 % of the people, the national share 12 %" in notes(read_vulnerable(path))
    path = written(tmp_path, "kode_desa,jumlah_penduduk,lansia", "99.01.01.2001,2000,30")
    assert "national" not in notes(read_vulnerable(path))


@pytest.mark.parametrize(
    ("head", "named"),
    [("kode_desa,jumlah_penduduk,warga_miskin", "balita"), ("nama,jumlah_penduduk,lansia", "code")],
)
def test_columns_that_are_not_there(tmp_path, head, named):
    problem = one(ColumnError, written(tmp_path, head, "99.01.01.2001,200,24"))
    assert named in problem.expected
    assert "jumlah_penduduk" in problem.found


def test_no_codes_and_no_groups_are_told_together(tmp_path):
    assert len(problems(ColumnError, written(tmp_path, "nama,miskin", "A,1"))) == 2


def test_code_column_is_chosen(tmp_path):
    path = written(tmp_path, "id_bps," + HEAD, "9901012001," + ROW)
    assert read_vulnerable(path, code_column="ID_BPS").index.tolist() == ["9901012001"]
    assert one(ColumnError, path, code_column="kode").column == "kode"


@pytest.mark.parametrize("code", ["3,17101E+09", "3.17E9"])
def test_code_that_a_spreadsheet_spoilt(tmp_path, code):
    path = written(tmp_path, HEAD.replace(",", ";"), f"{code};200;16;24;17;4")
    problem = one(InputError, path)
    assert problem.found == repr(code)
    assert "text" in problem.remedy


def test_strange_and_lacking_codes_are_noted(tmp_path):
    path = written(tmp_path, HEAD, ROW, ROW.replace("2001", "2009"))
    table = read_vulnerable(path, boundaries("99.01.01.2001", "99.01.01.2002"))
    assert "1 codes are of no village of the plan: 99.01.01.2009" in notes(table)
    assert "1 villages are not in it: 99.01.01.2002" in notes(table)
    assert len(table) == 2


@pytest.mark.parametrize(
    ("code", "village", "hint"),
    [
        ("3171010001", "31.71.01.1001", "BPS"),
        ("31.71.01.1001", "3171010001", "BPS"),
        ("3171011001", "31.71.01.1001", "dots"),
        ("31.71.01.1001", "31.71.01.1002", "these villages"),
    ],
)
def test_no_village_in_common(tmp_path, code, village, hint):
    problem = one(InputError, written(tmp_path, HEAD, code + ROW[13:]), boundaries(village))
    assert problem.column == "village_code"
    assert code in problem.found
    assert village in problem.expected
    assert hint in problem.remedy


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([HEAD, ROW + ",9"], "7 cells"),
        ([HEAD, ROW.rpartition(",")[0]], "5 cells"),
        ([HEAD], "no rows"),
        ([HEAD, ",,,,,"], "no rows"),
        ([""], "no rows"),
        ([HEAD + ",lansia", ROW + ",9"], "2 columns of this name"),
    ],
)
def test_tables_of_a_wrong_shape(tmp_path, lines, found):
    with pytest.raises((InputError, ColumnError)) as caught:
        read_vulnerable(written(tmp_path, *lines))
    assert caught.value.problems[0].found == found


@pytest.mark.parametrize("name", ["rentan.csv", "rentan.xlsx", "rentan.xls", "rentan.gpkg"])
def test_files_that_are_no_tables(tmp_path, name):
    assert one(InputFileError, tmp_path / name).found.startswith("no file")
    (tmp_path / name).write_bytes(b"PK\x03\x04\0\0")
    problem = one(InputFileError, tmp_path / name)
    assert "cannot be read" in problem.found
    assert "CSV" in problem.remedy


def test_open_quote_is_told_as_a_file_that_cannot_be_read(tmp_path):
    one(InputFileError, written(tmp_path, HEAD, '"' + ROW))


def test_folder_is_no_table(tmp_path):
    one(InputFileError, tmp_path)


def test_read_twice_is_the_same(tmp_path):
    path = written(tmp_path, HEAD, ROW)
    pd.testing.assert_frame_equal(read_vulnerable(path), read_vulnerable(path))
