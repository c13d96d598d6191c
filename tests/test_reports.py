from __future__ import annotations

import csv
import dataclasses
import importlib.util
import json
import math
import re
import sqlite3
import sys
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest

from resilience_geo.analysis.allocation import Proof
from resilience_geo.errors import InputError, OutputError
from resilience_geo.reports import FILES, LAYERS, save_exposure, save_tables, whole_files
from resilience_geo.tables import UNSERVED_CAUSES


@pytest.fixture(scope="session")
def toy():
    name = "toy_plan_for_tests"
    if name not in sys.modules:
        path = Path(__file__).parent / "maps" / "toy_plan.py"
        spec = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="module")
def folder(toy, tmp_path_factory):
    path = tmp_path_factory.mktemp("reports") / "hasil"
    assert save_tables(toy.toy_plan(), path) == [path / name for name in FILES]
    return path


@pytest.fixture(scope="module")
def summary(folder):
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def test_people_add_up(summary):
    people = summary["people"]
    parts = ("none", "low", "medium", "high", "unknown", "outside")
    assert math.fsum(people[name] for name in parts) == pytest.approx(people["total"], abs=1e-6)
    for figures in (summary, summary["late"], *summary["villages"].values()):
        unserved = figures["unserved"]
        assert tuple(unserved) == UNSERVED_CAUSES
        assert figures["evacuees"] == figures["allocated"] + sum(unserved.values())
        assert isinstance(figures["evacuees"], int)
    for name in ("evacuees", "allocated"):
        for level in (summary, summary["late"]):
            assert level[name] == sum(village[name] for village in level["villages"].values())
    assert summary["late"]["lost_if_late_people"] == 30


def test_json_holds_what_was_promised(summary, toy):
    assert summary["sample"] is True
    assert summary["sample_text"] == "DATA CONTOH"
    assert list(summary["villages"]) == list(toy.CODES)
    assert summary["villages"][toy.CODES[0]]["name"] == toy.NAMES[0]
    assert summary["villages"][toy.CODES[2]]["median_travel_time_s"] is None
    assert summary["assumptions"]["walking_speed_mps"]["value"] == 1.1
    assert summary["provenance"]["inputs"]["roads"]["date"] == "2026-10-01"
    assert summary["notes"] == ["a note about 3 cells that has no translation"]


def test_json_says_who_needs_help(summary):
    assert summary["vulnerable"] == {
        "children_under_5": 24,
        "elderly": 37,
        "disabled": 26,
        "pregnant": 6,
        "need_help_people": 69,
        "helpers": 36,
        "shares_from": "mixed",
    }
    of_each = [village["vulnerable"] for village in summary["villages"].values()]
    assert [each["shares_from"] for each in of_each] == ["table", "national", "mixed"]
    assert [each["helpers"] for each in of_each] == [17, 11, 8]
    assert of_each[0]["elderly"] == 18
    assert "groups" not in summary
    assert summary["allocation"] == {}  # made by hand: there is nothing to prove


def test_json_says_how_good_the_division_is(toy, tmp_path):
    proof = Proof(
        proven=True,
        person_seconds=1200.0,
        bound_person_seconds=math.nan,
        could_serve_people=4,
    )
    workings = SimpleNamespace(served={"early": SimpleNamespace(proof=proof)})
    save_tables(toy.ToyPlan(**{**toy.toy_plan().__dict__, "workings": workings}), tmp_path)
    packed = (tmp_path / "summary.json").read_text(encoding="utf-8")
    assert "NaN" not in packed
    assert json.loads(packed)["allocation"] == {
        "early": {
            "proven": True,
            "person_minutes": 20.0,
            "bound_person_minutes": None,
            "could_serve_people": 4,
        }
    }


def test_groups_apart(toy, tmp_path):
    save_tables(toy.with_groups(toy.toy_plan()), tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert summary["groups"] == {
        "general": {"evacuees": 299, "allocated": 224, "late_allocated": 196},
        "elderly": {"evacuees": 14, "allocated": 6, "late_allocated": 4},
    }
    rows = list(_sheets(tmp_path / "plan.xlsx")["Kelompok"].iter_rows(values_only=True))
    why = ("Terlalu jauh dari jalan", "Jalan terputus", "Terlalu lama berjalan")
    full = ("Tempat evakuasi penuh", "Daya tampung tidak diketahui")
    early = [f"{words} (sebelum)" for words in (why[0], why[2], *full)]
    late = [f"{words} (terlambat)" for words in (*why, *full)]
    # Of the seven places four have no place early, five late; two old people live at each.
    assert rows[3:] == [
        (
            "Kelompok",
            "Warga yang mengungsi",
            "Mendapat tempat (sebelum)",
            "Belum dapat tempat (sebelum)",
            *early,
            "Mendapat tempat (terlambat)",
            "Belum dapat tempat (terlambat)",
            *late,
        ),
        ("Warga lain", 299, 224, 75, 5, 3, 58, 9, 196, 103, 5, 28, 3, 58, 9),
        ("Lansia", 14, 6, 8, 2, 2, 2, 2, 4, 10, 2, 2, 2, 2, 2),
    ]
    origins = pyogrio.read_dataframe(tmp_path / "plan.gpkg", layer="origins")
    assert set(origins["group"]) == {"general", "elderly"}


def test_json_is_strict(folder):
    def refuse(value):
        raise AssertionError(value)

    json.loads((folder / "summary.json").read_text(encoding="utf-8"), parse_constant=refuse)


def test_one_departure_has_no_late(toy, tmp_path):
    save_tables(toy.toy_plan(departure="late", is_sample=False), tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert "late" not in summary
    assert "sample_text" not in summary
    assert summary["departure"] == "late"
    assert summary["allocated"] == 200


def test_geopackage_layers(folder, toy):
    plan = toy.toy_plan()
    layers = [str(name) for name, _ in pyogrio.list_layers(folder / "plan.gpkg")]
    assert set(layers) == {*LAYERS, "layer_styles"}
    for name in LAYERS:
        table = pyogrio.read_dataframe(folder / "plan.gpkg", layer=name)
        assert len(table) == len(getattr(plan, name))
        if isinstance(table, gpd.GeoDataFrame):
            assert table.crs.to_epsg() == 4326
    villages = pyogrio.read_dataframe(folder / "plan.gpkg", layer="villages")
    assert villages["village_code"].tolist() == list(toy.CODES)
    assert villages["lost_if_late_people"].tolist() == [30, 0, 0]
    shelters = pyogrio.read_dataframe(folder / "plan.gpkg", layer="shelters")
    assert shelters["capacity_people"].isna().sum() == 2
    west, south, _, _ = villages.total_bounds
    assert -8 < south < -5
    assert 106 < west < 108


def test_geopackage_says_that_data_is_made_up(folder):
    connection = sqlite3.connect(folder / "plan.gpkg")
    rows = connection.execute("select description from gpkg_contents").fetchall()
    connection.close()
    assert len(rows) == len(LAYERS) + 1  # and the styles
    assert all(row[0].startswith("DATA CONTOH") for row in rows)


def _sheets(path):
    return openpyxl.load_workbook(path)


def _cells(sheet):
    return [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]


def test_workbook_sheets_and_stamp(folder):
    book = _sheets(folder / "plan.xlsx")
    assert book.sheetnames == [
        "Ringkasan",
        "Paparan",
        "Desa",
        "Tempat evakuasi",
        "Jalur",
        "Tidak terlayani",
        "Asumsi",
        "Sumber & batas",
    ]
    for sheet in book:
        assert sheet["A1"].value.startswith("DATA CONTOH")
        assert sheet["A2"].value.startswith("Peta Evakuasi Banjir")


def test_workbook_figures(folder, toy):
    book = _sheets(folder / "plan.xlsx")
    values = [cell.value for cell in _cells(book["Ringkasan"])]
    assert "Jumlah semua desa" in values
    assert 313 in values
    codes = [cell for cell in _cells(book["Paparan"]) if cell.value in toy.CODES]
    assert len(codes) == 3
    assert all(cell.data_type == "s" for cell in codes)
    shelters = [cell.value for cell in _cells(book["Tempat evakuasi"])]
    assert shelters.count("tidak diketahui") == 2
    routes = [cell.value for cell in _cells(book["Jalur"])]
    assert routes.count("SD Negeri 1") == 2  # a row per village, shelter and departure
    assert routes.count("SMP Negeri 2") == 2
    causes = [cell.value for cell in _cells(book["Tidak terlayani"])]
    assert causes.count("Jalan terputus") == 1
    limits = [cell.value for cell in _cells(book["Sumber & batas"])]
    assert "a note about 3 cells that has no translation" in limits


def _column(sheet, head):
    """Return the values below a head."""
    rows = list(sheet.iter_rows(values_only=True))
    number, row = next((row.index(head), at) for at, row in enumerate(rows) if head in row)
    return [row[number] for row in rows[row + 1 :]]


def test_the_sheet_of_villages_says_who_needs_help_and_what_waiting_costs(folder, toy, tmp_path):
    sheet = _sheets(folder / "plan.xlsx")["Desa"]
    assert _column(sheet, "Balita") == [12, 7, 5]
    assert _column(sheet, "Penyandang disabilitas") == [12, 8, 6]
    assert _column(sheet, "Hanya punya satu jalan (sebelum)") == [30, 80, 0]
    assert _column(sheet, "Hanya punya satu jalan (terlambat)") == [120, 80, 0]
    assert _column(sheet, "Perlu dibantu") == [33, 21, 15]
    assert _column(sheet, "Pendamping yang diperlukan") == [17, 11, 8]
    assert _column(sheet, "Sumber angka kelompok rentan") == [
        "pendataan desa",
        "perkiraan nasional",
        "sebagian perkiraan nasional",
    ]
    assert _column(sheet, "Kehilangan tempat bila terlambat") == [30, 0, 0]
    assert _column(sheet, "Lebih lama di jalan bila terlambat, menit") == [0, 0, None]
    assert _column(sheet, "Jalan tertutup bila terlambat (m)") == [640, 0, 0]
    spoken = _column(sheet, "Untuk diucapkan")
    assert "30 jiwa tidak lagi mendapat tempat dan 640 m" in spoken[0]
    assert not spoken[2]  # nobody there has a place to lose
    save_tables(toy.toy_plan(departure="early"), tmp_path)
    heads = [cell.value for cell in _cells(_sheets(tmp_path / "plan.xlsx")["Desa"])]
    assert "Perlu dibantu" in heads
    assert "Untuk diucapkan" not in heads


def test_the_sheet_of_shelters_says_who_can_enter(folder, toy, tmp_path):
    head = "Bisa diakses kursi roda"
    without = [cell.value for cell in _cells(_sheets(folder / "plan.xlsx")["Tempat evakuasi"])]
    assert head not in without
    plan = toy.toy_plan(departure="early")
    said = np.array([True, False, None, None, True, False], dtype=object)
    shelters = plan.shelters.assign(accessible=said)
    save_tables(dataclasses.replace(plan, shelters=shelters), tmp_path)
    words = _column(_sheets(tmp_path / "plan.xlsx")["Tempat evakuasi"], head)
    assert words == ["ya", "tidak", "tidak diketahui", "tidak diketahui", "ya", "tidak"]


def test_the_sheet_of_shelters_says_how_many_places_are_left(folder):
    free = _column(_sheets(folder / "plan.xlsx")["Tempat evakuasi"], "Sisa tempat")
    assert free == [50, 0, None, None, None, None, 80, 0, None, None, None, None]


def test_workbook_words(folder, toy, tmp_path):
    book = _sheets(folder / "plan.xlsx")
    kinds = [cell.value for cell in _cells(book["Tempat evakuasi"])]
    assert "sekolah" in kinds
    assert "balai desa" in kinds
    assert "clinic" in kinds
    assert not {"school", "townhall"} & set(kinds)
    assert "Warga desa ini ke tempat ini" in [cell.value for cell in _cells(book["Jalur"])]
    said = " ".join(str(cell.value) for cell in _cells(book["Asumsi"]))
    assert all(f"{letter} = " in said for letter in ("S", "S2", "C", "R", "J"))
    assert "Tingkat keyakinan" in said
    sources = [cell.value for cell in _cells(book["Sumber & batas"])]
    assert sources.count("Jalan") == 1
    assert "jalan.osm.pbf; data 1 Oktober 2026; Data contoh rekaan" in sources
    save_tables(toy.toy_plan(is_sample=False), tmp_path)
    real = [cell.value for cell in _cells(_sheets(tmp_path / "plan.xlsx")["Sumber & batas"])]
    assert sum("© kontributor OpenStreetMap" in str(value) for value in real) == 1


def test_workbook_people_are_whole(folder):
    book = _sheets(folder / "plan.xlsx")
    shown = [cell for cell in _cells(book["Paparan"]) if cell.data_type == "n"]
    assert shown
    assert {cell.number_format for cell in shown} == {"#,##0"}


def test_full_shelters_are_a_column_only_where_there_are_some(folder, toy, tmp_path):
    assert "Tempat evakuasi penuh (sebelum)" in [
        cell.value for cell in _cells(_sheets(folder / "plan.xlsx")["Ringkasan"])
    ]
    plan = toy.toy_plan()
    plan.villages[["shelters_full", "late_shelters_full"]] = 0
    save_tables(plan, tmp_path)
    heads = [str(cell.value) for cell in _cells(_sheets(tmp_path / "plan.xlsx")["Ringkasan"])]
    assert not any(head.startswith("Tempat evakuasi penuh") for head in heads)


BATTERY = (
    "=1+1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "'=1+1",
    '"=1+1',
    "＝1+1",  # noqa: RUF001
    "＋1",  # noqa: RUF001
    "－1",  # noqa: RUF001
    "＠SUM(A1)",  # noqa: RUF001
    '=cmd|" /C calc"!A0',
    '=HYPERLINK("http://example.org","SD")',
    "http://example.org/a",
    "mailto:a@example.org",
    "internal:'Asumsi'!A1",
    "external:C:\\a.xlsx",
    "{=1+1}",
    "SD \x00\x0b1",
    "_x003D_1+1",
    "A" * 40_000,
    "\ufeff=1+1",
)


def _shown(name):
    """Return what a cell holds of a name: all that XML can write, cut at what Excel can read."""
    name = name.replace("\x00", "").replace("\x0b", "")
    return name if len(name) <= 32_767 else name[:32_766] + "…"


@pytest.mark.parametrize("number", range(0, len(BATTERY), 3))
def test_names_cannot_be_formulas(toy, tmp_path, number):
    names = (*BATTERY, *BATTERY)[number : number + 3]
    save_tables(toy.toy_plan(names=names, shelter_names=names[:2]), tmp_path, language="en")
    book = _sheets(tmp_path / "plan.xlsx")
    cells = [cell for sheet in book for cell in _cells(sheet)]
    assert "f" not in {cell.data_type for cell in cells}
    assert not [cell for cell in cells if cell.hyperlink]
    assert not any(sheet._hyperlinks for sheet in book)
    # What reads Excel's files takes line ends apart its own way, so only the rest is compared.
    found = {str(cell.value).replace("\r\n", "\r") for cell in cells}
    assert {_shown(name).strip() for name in names} <= {name.strip() for name in found}
    assert "SAMPLE DATA" in book["Summary"]["A1"].value
    with zipfile.ZipFile(tmp_path / "plan.xlsx") as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
        assert len(sheets) == len(book.sheetnames)
        assert not any(b"<f>" in parts.read(name) for name in sheets)
        assert not [name for name in parts.namelist() if "externalLink" in name]


def test_a_sheet_that_is_full_says_so(toy, tmp_path, monkeypatch):
    monkeypatch.setattr("resilience_geo.report_workbook.MOST_ROWS", 6)
    save_tables(toy.toy_plan(), tmp_path)
    rows = list(_sheets(tmp_path / "plan.xlsx")["Desa"].iter_rows(values_only=True))
    assert len(rows) == 6
    assert rows[2][0] == "Lembar ini penuh: 1 baris lagi ada di plan.gpkg."
    assert rows[4][1] == toy.NAMES[0]


@pytest.mark.parametrize("name", BATTERY)
def test_a_csv_file_holds_no_formula(toy, tmp_path, name):
    table = toy.toy_plan(names=(name, "SD 1", "b")).exposure
    table = table.rename(index={toy.CODES[2]: name})
    table.attrs["outside"] = toy.toy_plan().outside
    path = save_exposure(table, tmp_path / "a" / "paparan.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 5
    assert [row[1] for row in rows[2:]] == ["SD 1", "b", "outside all villages"]
    for cell in (rows[1][1], rows[3][0]):
        assert (
            cell.lstrip("'").strip() == re.sub(r"[\t\r\n]", " ", _shown(name)).lstrip("'").strip()
        )
        stripped = cell.strip(' \t\r\n\ufeff"')
        assert stripped[:1] not in tuple("=+-@＝＋－＠")  # noqa: RUF001
        assert cell[:1] not in tuple("\t\r\n")


def test_the_same_plan_gives_the_same_files(toy, folder, tmp_path):
    time.sleep(1.1)
    save_tables(toy.toy_plan(), tmp_path)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_language_without_words_writes_nothing(toy, tmp_path):
    with pytest.raises(InputError):
        save_tables(toy.toy_plan(), tmp_path / "a", language="xx")
    assert not (tmp_path / "a").exists()


def test_a_failure_leaves_what_was_there(toy, tmp_path, monkeypatch):
    (tmp_path / "plan.gpkg").write_text("before")
    monkeypatch.setattr("resilience_geo.reports.write_summary", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_tables(toy.toy_plan(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["plan.gpkg"]
    assert (tmp_path / "plan.gpkg").read_text() == "before"


def _write(folder, **texts):
    with whole_files(folder) as room:
        for name, words in texts.items():
            (room / name).write_text(words.strip())


def test_a_file_that_cannot_be_placed_brings_all_back(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old a")
    (tmp_path / "b").write_text("old b")
    real = Path.replace

    def held(self, target):
        if Path(target) == tmp_path / "b" and self.parent.name == "new":
            raise PermissionError(13, "held by another program", str(target))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", held)
    with pytest.raises(OutputError, match="held by another program"):
        _write(tmp_path, a="new a", b="new b")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "a": "old a",
        "b": "old b",
    }


def test_a_new_folder_goes_away_again(tmp_path):
    with pytest.raises(AttributeError):
        _write(tmp_path / "x" / "y", a="a", b=None)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="folder"), whole_files(tmp_path / "file" / "x"):
        pass


def test_odd_values_reach_the_geopackage(toy, tmp_path):
    plan = toy.toy_plan()
    roads = plan.roads.assign(osmid=[[1, 2], 3, "4", None, np.nan])
    villages = plan.villages.assign(note=pd.array([1, None, 3], dtype="Int64"))
    odd = toy.ToyPlan(**{**plan.__dict__, "roads": roads, "villages": villages})
    save_tables(odd, tmp_path)
    back = pyogrio.read_dataframe(tmp_path / "plan.gpkg", layer="roads")
    assert back["osmid"].tolist()[:3] == ["[1, 2]", "3", "4"]
    assert back["osmid"].isna().sum() == 2
