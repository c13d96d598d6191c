from __future__ import annotations

import csv
import dataclasses
import re
import sqlite3
import time
import xml.etree.ElementTree as ET
import zipfile
from itertools import pairwise
from urllib.parse import unquote

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

import resilience_geo as rg
from resilience_geo import report_run
from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.errors import InputError, Message, OutputError
from resilience_geo.maps.run_sheets import as_plan
from resilience_geo.maps.run_styles import UNSERVED_FILLS, run_styles
from resilience_geo.maps.style import UNSERVED_COLOUR, rgb
from resilience_geo.report_run import RUN_FILES, save_run_tables
from resilience_geo.tables import UNSERVED_CAUSES
from resilience_geo.village_run import VillageRun

CODES = ("16.02.05.2001", "16.02.05.2002", "16.02.05.2003", "16.02.05.2004")
NAMES = ("Lubuk Rengas", "Tanjung Kembang", "Muara Pinang", "Batu Kuda")
FAILED = CODES[1]
REASON = "jalan tidak terbaca: jalan.gpkg"
# Of the three villages that were planned, worst first: evacuees = allocated + causes.
EARLY = {
    "people_total": (900.25, 500.5, 300.0),
    "people_unknown": (12.0, 0.0, 0.0),
    "evacuees": (400, 200, 0),
    "allocated": (250, 190, 0),
    "no_road": (10, 0, 0),
    "cut_off": (20, 10, 0),
    "too_far": (30, 0, 0),
    "shelters_full": (80, 0, 0),
    "capacity_unknown": (10, 0, 0),
    "median_travel_time_s": (600.0, 90.0, np.nan),
    "no_second_route_people": (5, 0, 0),
}
LATE = {
    "evacuees": (400, 200, 0),
    "allocated": (200, 150, 0),
    "no_road": (10, 0, 0),
    "cut_off": (100, 50, 0),
    "too_far": (30, 0, 0),
    "shelters_full": (60, 0, 0),
    "capacity_unknown": (0, 0, 0),
    "median_travel_time_s": (900.0, 120.0, np.nan),
    "no_second_route_people": (6, 1, 0),
}
BOTH = {
    "lost_if_late_people": (60, 40, 0),
    "late_extra_time_s": (120.0, 30.0, np.nan),
    "road_m": (5000.0, 4000.0, 3000.0),
    "late_closed_road_m": (700.0, 0.0, 0.0),
    "late_unknown_road_m": (0.0, 0.0, 0.0),
    "children_under_5": (40, 20, 0),
    "elderly": (50, 10, 0),
    "disabled": (8, 4, 0),
    "pregnant": (7, 3, 0),
    "need_help_people": (65, 17, 0),
    "helpers": (33, 9, 0),
}
SUMS = {
    "Penduduk": 1700.75,
    "Bahaya tidak diketahui": 12,
    "Warga yang mengungsi": 600,
    "Mendapat tempat (sebelum)": 440,
    "Belum dapat tempat (sebelum)": 160,
    "Terlalu jauh dari jalan (sebelum)": 10,
    "Jalan terputus (sebelum)": 30,
    "Terlalu lama berjalan (sebelum)": 30,
    "Tempat evakuasi penuh (sebelum)": 80,
    "Daya tampung tidak diketahui (sebelum)": 10,
    "Mendapat tempat (terlambat)": 350,
    "Belum dapat tempat (terlambat)": 250,
    "Terlalu jauh dari jalan (terlambat)": 10,
    "Jalan terputus (terlambat)": 150,
    "Terlalu lama berjalan (terlambat)": 30,
    "Tempat evakuasi penuh (terlambat)": 60,
    "Daya tampung tidak diketahui (terlambat)": 0,
    "Kehilangan tempat bila terlambat": 100,
    "Perlu dibantu": 82,
    "Pendamping yang diperlukan": 42,
}
NOT_SUMMED = (
    "Waktu jalan kaki (median), menit (sebelum)",
    "Waktu jalan kaki (median), menit (terlambat)",
    "Lebih lama di jalan bila terlambat, menit",
)


def _bands(prefix=""):
    return {f"{prefix}people_within_{band}_min": (0, 0, 0) for band in (5, 10, 15, 30)}


def _summary(departure="both", codes=None, names=NAMES):
    figures = {**EARLY, **_bands()}
    if departure == "both":
        figures |= {f"late_{name}": values for name, values in (LATE | _bands()).items()}
        figures |= BOTH
    else:
        figures |= {name: BOTH[name] for name in list(BOTH)[5:]}
    table = pd.DataFrame(figures)
    table.insert(0, "village_name", [names[0], names[2], names[3]])
    table["shares_from"] = ["table", "national", "mixed"]
    table.index = pd.Index(codes or [CODES[0], CODES[2], CODES[3]], name="village_code")
    return table


def _unserved(summary, departure):
    twins = {"early": "", "late": "late_"} if departure == "both" else {departure: ""}
    rows = [
        (name, code, cause, int(summary.loc[code, prefix + cause]))
        for name, prefix in twins.items()
        for code in summary.index
        for cause in UNSERVED_CAUSES
        if summary.loc[code, prefix + cause]
    ]
    table = pd.DataFrame(rows, columns=["departure", "village_code", "cause", "evacuees"])
    return table if departure == "both" else table.drop(columns="departure")


def _shelters(departure, people=((300, 140), (300, 50)), names=("SD 1", "SMP 2")):
    tables = []
    for name, allocated in zip(("early", "late"), people, strict=True):
        rows = {
            "departure": name,
            "shelter_id": ["S1", "S2", "S3"],
            "name": [*names, None],
            "status": ["usable", "usable", "in_hazard"],
            "kind": ["school", "school", ""],
            "capacity_people": [300.0, 200.5, np.nan],
            "allocated_people": [*allocated, 0],
        }
        places = [Point(102.1, -2.3), Point(102.2, -2.3), Point(102.3, -2.3)]
        tables.append(gpd.GeoDataFrame(rows, geometry=places, crs=4326))
    if departure == "both":
        return pd.concat(tables, ignore_index=True)
    return tables[0].drop(columns="departure")


def make_run(departure="both", *, failed=True, names=NAMES, **changes):
    """Return a run of three planned villages; a fourth one failed, or is not there."""
    codes = CODES if failed else (CODES[0], *CODES[2:])
    of_code = dict(zip(CODES, names, strict=True))
    villages = gpd.GeoDataFrame(
        {"village_code": codes, "village_name": [of_code[code] for code in codes]},
        geometry=[box(102 + n / 10, -2.4, 102.1 + n / 10, -2.2) for n in range(len(codes))],
        crs=4326,
    )
    summary = _summary(departure, names=names)
    failures = pd.DataFrame(
        {"village_code": [FAILED], "village_name": [names[1]], "reason": [REASON]}
    )
    fields = {
        "summary": summary,
        "villages": villages,
        "shelters": _shelters(departure),
        "unserved": _unserved(summary, departure),
        "failures": failures if failed else failures.iloc[:0],
        "folders": {code: code for code in summary.index},
        "files": {
            CODES[0]: ("plan.xlsx", "map.html", "map.pdf"),
            CODES[2]: ("map.pdf",),
            CODES[3]: ("plan.xlsx",),
        },
        "thumbnails": {},
        "assumptions": EvacuationAssumptions(),
        "provenance": {
            "software": "resilience-geo 0.1.0",
            "created": "2026-11-22T10:00:00+07:00",
            "inputs": {
                "villages": {"source": "desa.gpkg"},
                "hazard": {"source": "banjir.tif", "unit": "m", "cuts": [0.1, 0.76, 1.5]},
                "roads": {"source": "jalan.osm.pbf", "date": "2026-10-01"},
            },
            "crs": "EPSG:32748",
        },
        "notes": (Message("a note about {count} cells that has no translation", count=3),),
        "departure": departure,
        "hazard_kind": "flood",
        "seats": "run",
        "is_sample": False,
    }
    return VillageRun(**{**fields, **changes})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "hasil"
    assert save_run_tables(make_run(), path) == [path / name for name in RUN_FILES]
    return path


def _book(folder, *, values=True):
    return openpyxl.load_workbook(folder / "kabupaten.xlsx", data_only=values)


def _head(sheet, first="Urutan"):
    """Return the row number of the head of a table, which its first word tells."""
    return next(row[0].row for row in sheet.iter_rows() if row[0].value == first)


def _table(sheet, first="Urutan"):
    """Return the rows below the head by its words."""
    head = _head(sheet, first)
    words = [cell.value for cell in sheet[head]]
    assert len(set(words)) == len(words)
    rows = sheet.iter_rows(min_row=head + 1, values_only=True)
    return [dict(zip(words, row, strict=True)) for row in rows]


def _layer(folder, name):
    return pyogrio.read_dataframe(folder / "kabupaten.gpkg", layer=name)


def test_sheets_of_a_run(folder):
    assert _book(folder).sheetnames == [
        "Ringkasan",
        "Desa",
        "Tempat evakuasi",
        "Tidak terlayani",
        "Asumsi",
        "Sumber & batas",
    ]


def test_villages_are_ranked_and_the_failed_one_is_last_without_figures(folder):
    *planned, failed, _ = _table(_book(folder)["Ringkasan"])
    assert [row["Urutan"] for row in planned] == [1, 2, 3]
    assert [row["Kode"] for row in planned] == [CODES[0], CODES[2], CODES[3]]
    assert [row["Desa/kelurahan"] for row in planned] == [NAMES[0], NAMES[2], NAMES[3]]
    assert [row["Warga yang mengungsi"] for row in planned] == [400, 200, 0]
    assert [row["Belum dapat tempat (sebelum)"] for row in planned] == [150, 10, 0]
    assert [row["Belum dapat tempat (terlambat)"] for row in planned] == [200, 50, 0]
    assert [row[NOT_SUMMED[0]] for row in planned] == [10, 1.5, None]
    assert [row[NOT_SUMMED[2]] for row in planned] == [2, 0.5, None]
    assert {row["Rencana"] for row in planned} == {"ada"}
    told = {name: value for name, value in failed.items() if value is not None}
    assert told == {
        "Kode": FAILED,
        "Desa/kelurahan": NAMES[1],
        "Rencana": "BELUM ADA",
        "Keterangan": REASON,
    }


def test_sums_are_those_worked_out_by_hand_as_value_and_as_formula(folder):
    *rows, sums = _table(_book(folder)["Ringkasan"])
    assert sums["Desa/kelurahan"] == "Jumlah 3 desa yang ada rencananya"
    shown = {name: value for name, value in sums.items() if isinstance(value, (int, float))}
    assert shown == SUMS
    assert all(sums[name] is None for name in NOT_SUMMED)
    sheet = _book(folder, values=False)["Ringkasan"]
    head = _head(sheet)
    last = head + len(rows)
    for cell in sheet[last + 1]:
        name = sheet.cell(head, cell.column).value
        if name in SUMS:
            letter = cell.column_letter
            assert cell.value == f"=SUM({letter}{head + 1}:{letter}{last})"
            added = sum(row[name] or 0 for row in rows)
            assert added == pytest.approx(SUMS[name])
        else:
            assert not str(cell.value or "").startswith("=")


def test_head_stays_in_sight_and_the_filter_leaves_the_sums(folder):
    sheet = _book(folder)["Ringkasan"]
    head = _head(sheet)
    assert sheet.freeze_panes == f"D{head + 1}"
    assert sheet.auto_filter.ref.startswith(f"A{head}:")
    assert sheet.auto_filter.ref.endswith(str(head + 4))
    assert head <= 8  # what stays in sight leaves room for villages
    for other in _book(folder):
        assert other.freeze_panes
        assert other.auto_filter.ref


def test_numbers_look_like_numbers(folder):
    sheet = _book(folder)["Ringkasan"]
    head = _head(sheet)
    row = {sheet.cell(head, cell.column).value: cell for cell in sheet[head + 1]}
    assert {row[name].number_format for name in SUMS} == {"#,##0"}
    assert {row[name].number_format for name in NOT_SUMMED} == {"0.0"}
    assert row["Kode"].number_format == "@"
    failed = {cell.fill.fgColor.rgb for cell in sheet[head + 4]}
    assert failed == {"FFD9D9D9"}


def test_what_nobody_may_overlook_comes_first(folder):
    sheet = _book(folder)["Ringkasan"]
    lines = [sheet.cell(row, 1).value for row in range(1, _head(sheet) - 1)]
    assert [line.split(":")[0] for line in lines[:2]] == ["Rencana Evakuasi Banjir", "PERHATIAN"]
    assert "1 dari 4 desa/kelurahan belum ada rencananya" in lines[1]
    assert "tidak diketahui, bukan aman" in lines[1]
    assert lines[2].startswith("600 jiwa perlu mengungsi. 82 di antaranya perlu dibantu, oleh 42 ")
    assert lines[3].startswith(
        "440 jiwa mendapat tempat, 160 jiwa belum: tempat evakuasi penuh (80)"
    )
    assert "100 jiwa tidak lagi mendapat tempat dan 700 m jalan tertutup." in lines[4]
    assert lines[4].endswith("Sementara itu 10 jiwa lain mendapat tempat.")
    assert lines[5:] == ["12 jiwa tinggal di daerah yang bahayanya tidak diketahui."]


def test_without_failures_nothing_speaks_of_them(tmp_path):
    run = make_run(failed=False)
    assert save_run_tables(run, tmp_path) == [tmp_path / name for name in RUN_FILES[:2]]
    assert not (tmp_path / "gagal.csv").exists()
    rows = _table(_book(tmp_path)["Ringkasan"])
    assert len(rows) == 4
    assert "Keterangan" not in rows[0]
    words = [str(cell.value) for sheet in _book(tmp_path) for row in sheet for cell in row]
    assert not any("PERHATIAN" in each or "BELUM ADA" in each for each in words)
    layers = {str(name) for name, _ in pyogrio.list_layers(tmp_path / "kabupaten.gpkg")}
    assert layers == {"villages", "shelters", "unserved", "layer_styles"}


def test_links_open_the_map_of_the_village(folder):
    sheet = _book(folder, values=False)["Ringkasan"]
    head = _head(sheet)
    links = [sheet.cell(row, 4).value for row in range(head + 1, head + 6)]
    assert links == [
        f'=HYPERLINK("{CODES[0]}/map.html","Buka peta")',
        f'=HYPERLINK("{CODES[2]}/map.pdf","Buka peta")',
        None,
        None,
        None,
    ]
    assert [row["Peta"] for row in _table(_book(folder)["Ringkasan"])[:3]] == [
        "Buka peta",
        "Buka peta",
        None,
    ]
    maps = _layer(folder, "villages").set_index("village_code")["map"]
    assert maps[CODES[0]] == f"{CODES[0]}/map.html"
    assert maps.isna().sum() == 2


HOSTILE_FOLDERS = (
    'a","x")+HYPERLINK("http://example.org',
    "javascript:alert(1)//",
    "//example.org/x",
    "..%2f..",
    "a b#c?d&e",
    "Désa 村",
    "\udcff",
)


@pytest.mark.parametrize("name", HOSTILE_FOLDERS)
def test_a_link_leads_nowhere_but_into_its_folder(tmp_path, name):
    run = make_run(folders={CODES[0]: name})
    save_run_tables(run, tmp_path)
    sheet = _book(tmp_path, values=False)["Ringkasan"]
    formula = sheet.cell(_head(sheet) + 1, 4).value
    link = re.fullmatch(r'=HYPERLINK\("([\w.~%-]+)/map\.html","Buka peta"\)', formula)
    assert link
    assert unquote(link[1]) == name.replace("\udcff", "?")


def test_a_path_too_long_for_a_formula_is_no_link(tmp_path):
    save_run_tables(make_run(folders={CODES[0]: "a" * 246, CODES[2]: "a" * 248}), tmp_path)
    links = [row["Peta"] for row in _table(_book(tmp_path)["Ringkasan"])]
    assert links[:2] == ["Buka peta", None]  # 246 + 9 letters are 255; 248 + 8 are 256


def test_failures_as_csv(folder):
    packed = (folder / "gagal.csv").read_bytes()
    assert packed.startswith(b"\xef\xbb\xbfvillage_code,village_name,reason\r\n")
    rows = list(csv.reader(packed.decode("utf-8-sig").splitlines()))
    assert rows[1:] == [[FAILED, NAMES[1], REASON]]


def test_the_list_of_an_earlier_run_goes_away(folder, tmp_path):
    save_run_tables(make_run(), tmp_path)
    (tmp_path / CODES[0]).mkdir()
    (tmp_path / CODES[0] / "map.html").write_text("whole")
    save_run_tables(make_run(failed=False), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [CODES[0], *RUN_FILES[:2]]
    assert (tmp_path / CODES[0] / "map.html").read_text() == "whole"
    save_run_tables(make_run(), tmp_path)
    assert (tmp_path / "gagal.csv").read_bytes() == (folder / "gagal.csv").read_bytes()


def test_a_village_nobody_spoke_of_does_not_vanish(tmp_path):
    run = make_run()
    save_run_tables(dataclasses.replace(run, failures=pd.DataFrame()), tmp_path)
    failed = _table(_book(tmp_path)["Ringkasan"])[3]
    assert (failed["Kode"], failed["Rencana"]) == (FAILED, "BELUM ADA")
    assert failed["Keterangan"] == "sebabnya tidak tercatat"
    assert FAILED in (tmp_path / "gagal.csv").read_text(encoding="utf-8-sig")
    villages = _layer(tmp_path, "villages").set_index("village_code")
    assert villages.loc[FAILED, "status"] == "failed"


def test_a_village_whose_files_failed_keeps_its_figures_and_says_so(tmp_path):
    run = make_run(failed=False)
    failures = pd.DataFrame(
        {"village_code": [CODES[2]], "village_name": [NAMES[2]], "reason": ["disk penuh"]}
    )
    save_run_tables(dataclasses.replace(run, failures=failures), tmp_path)
    rows = _table(_book(tmp_path)["Ringkasan"])
    assert len(rows) == 4  # three villages and their sum
    assert [row["Keterangan"] or "" for row in rows] == ["", "disk penuh", "", ""]
    assert rows[1]["Warga yang mengungsi"] == 200
    assert len(_layer(tmp_path, "failed")) == 1


def test_when_nothing_was_planned_nobody_is_said_to_be_safe(tmp_path):
    run = make_run(
        summary=_summary().iloc[:0],
        failures=pd.DataFrame(
            {"village_code": CODES, "village_name": NAMES, "reason": [REASON] * 4}
        ),
        shelters=gpd.GeoDataFrame(geometry=[], crs=4326),
        unserved=pd.DataFrame(),
    )
    for each in (run, dataclasses.replace(run, summary=pd.DataFrame())):
        save_run_tables(each, tmp_path)
        sheet = _book(tmp_path)["Ringkasan"]
        rows = _table(sheet)
        assert [row["Kode"] for row in rows] == list(CODES)
        assert {row["Rencana"] for row in rows} == {"BELUM ADA"}
        words = [str(cell.value) for row in sheet for cell in row]
        assert "Belum ada satu pun desa/kelurahan yang punya rencana." in words
        assert not any("perlu mengungsi" in each for each in words)
        villages = _layer(tmp_path, "villages")
        assert villages["status"].tolist() == ["failed"] * 4


def test_layers_in_degrees_with_an_index(folder):
    with sqlite3.connect(folder / "kabupaten.gpkg") as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        contents = connection.execute(
            "SELECT table_name, srs_id FROM gpkg_contents WHERE data_type = 'features'"
        ).fetchall()
        null = connection.execute(
            "SELECT evacuees, allocated, rank, people_total, late_cut_off, need_help_people, map"
            " FROM villages WHERE village_code = ?",
            (FAILED,),
        ).fetchone()
        kinds = connection.execute(
            "SELECT DISTINCT typeof(evacuees), typeof(late_cut_off), typeof(people_total)"
            " FROM villages WHERE status = 'planned'"
        ).fetchall()
        (whole,) = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    assert whole == "ok"
    assert kinds == [("integer", "integer", "real")]  # people who leave are whole
    assert {"rtree_villages_geom", "rtree_shelters_geom"} <= tables
    assert sorted(contents) == [("shelters", 4326), ("villages", 4326)]
    assert null == (None,) * 7
    names = {str(name) for name, _ in pyogrio.list_layers(folder / "kabupaten.gpkg")}
    assert names == {"villages", "shelters", "unserved", "failed", "layer_styles"}


def test_villages_hold_every_figure_of_the_summary(folder):
    run = make_run()
    villages = _layer(folder, "villages")
    assert villages["village_code"].tolist() == list(CODES)
    assert villages["status"].tolist() == ["planned", "failed", "planned", "planned"]
    assert villages["rank"].tolist()[:1] == [1]
    assert villages["reason"].isna().tolist() == [True, False, True, True]
    found = villages.set_index("village_code").loc[run.summary.index, run.summary.columns]
    pd.testing.assert_frame_equal(found, run.summary, check_dtype=False)
    assert villages.geometry.iloc[1].equals(run.villages.geometry.iloc[1])
    assert len(_layer(folder, "shelters")) == 6
    assert _layer(folder, "unserved")["evacuees"].sum() == 160 + 250
    assert _layer(folder, "failed")["reason"].tolist() == [REASON]


def test_villages_in_another_crs_and_by_index_come_out_in_degrees(folder, tmp_path):
    run = make_run()
    villages = run.villages.set_index("village_code").to_crs(32748)
    shelters = run.shelters.to_crs(32748)
    save_run_tables(dataclasses.replace(run, villages=villages, shelters=shelters), tmp_path)
    for name in ("villages", "shelters"):
        here, there = _layer(tmp_path, name), _layer(folder, name)
        assert here.crs.to_epsg() == 4326
        assert here.geometry.geom_equals_exact(there.geometry, tolerance=1e-9).all()


def _rules(packed):
    """Return label, condition and whether a rule has a symbol, of all rules of a style."""
    root = ET.fromstring(packed)
    return [
        (rule.get("label"), rule.get("filter"), rule.get("symbol"))
        for rule in root.find("renderer-v2").iter("rule")
    ]


def _styles(folder):
    with sqlite3.connect(folder / "kabupaten.gpkg") as connection:
        rows = dict(connection.execute("SELECT f_table_name, styleQML FROM layer_styles"))
    connection.close()
    return rows


def test_every_village_is_drawn_once_at_each_departure(folder):
    styles = _styles(folder)
    assert set(styles) == {"villages", "shelters"}
    rules = [rule for rule in _rules(styles["villages"]) if rule[2] is not None]
    hatch = "Bahaya tidak diketahui di sebagian desa: belum tentu aman"
    drawn = {code: [] for code in CODES}
    hatched = set()
    with sqlite3.connect(folder / "kabupaten.gpkg") as connection:
        for label, condition, _ in rules:  # these conditions of QGIS are SQL as well
            query = f"SELECT village_code FROM villages WHERE {condition}"
            for (code,) in connection.execute(query):
                if label == hatch:
                    hatched.add(code)
                else:
                    drawn[code].append(label)
    connection.close()
    assert hatched == {CODES[0]}
    assert drawn == {
        CODES[0]: ["51-200 jiwa belum terlayani"] * 2,
        CODES[1]: ["Belum ada rencana: keadaannya tidak diketahui"],
        CODES[2]: ["1-50 jiwa belum terlayani"] * 2,
        CODES[3]: ["Tidak ada yang perlu mengungsi menurut data bahaya"] * 2,
    }


EDGES = sorted({0, *(cut + step for cut in (1, 51, 201, 1001, 5001) for step in (-1, 0, 1))})


@pytest.mark.parametrize("departure", ["early", "late", "both"])
def test_any_number_of_people_has_one_look(departure):
    twins = ("", "late_") if departure == "both" else ("",)
    style = run_styles(as_plan(make_run(departure)), "en")["villages"]
    rules = [rule[:2] for rule in _rules(style) if rule[2] is not None]
    shown = {}
    with sqlite3.connect(":memory:") as connection:
        for unserved in EDGES:
            for allocated in (0, 7):
                evacuees = unserved + allocated
                columns = ", ".join(
                    f"{evacuees} AS {twin}evacuees, {allocated} AS {twin}allocated"
                    for twin in twins
                )
                row = f"(SELECT 'planned' AS status, 0.0 AS people_unknown, {columns})"
                hits = [
                    label
                    for label, condition in rules
                    if connection.execute(f"SELECT 1 FROM {row} WHERE {condition}").fetchone()
                ]
                assert len(hits) == len(twins)
                (shown[unserved, allocated],) = set(hits)
    connection.close()
    assert shown[0, 0] == "Nobody needs to evacuate according to the hazard data"
    assert shown[0, 7] == "All evacuees get a place"
    assert shown[50, 0] == shown[1, 7] == "1-50 people without a place"
    assert shown[51, 0] == shown[200, 7] == "51-200 people without a place"
    assert shown[5000, 0] == "1,001-5,000 people without a place"
    assert shown[5001, 7] == "more than 5,000 people without a place"


def test_the_greys_of_the_grades_fall_all_the_way():
    greys = [np.dot(rgb(colour), (0.299, 0.587, 0.114)) for colour in ("#FFFFFF", *UNSERVED_FILLS)]
    assert all(after < before - 15 for before, after in pairwise(greys))
    assert UNSERVED_FILLS[-1] == UNSERVED_COLOUR


def test_seats_of_the_run_leave_nobody_beyond_the_capacity(folder):
    rows = _table(_book(folder)["Tempat evakuasi"], "Waktu berangkat")
    assert [row["Warga yang datang"] for row in rows] == [300, 140, 0, 300, 50, 0]
    assert [row["Sisa tempat"] for row in rows] == [0, 60, None, 0, 150, None]
    assert [row["Daya tampung"] for row in rows[:3]] == [300, 200.5, "tidak diketahui"]
    assert "Melebihi daya tampung" not in rows[0]


@pytest.mark.parametrize("seats", ["village", "run"])
def test_people_beyond_the_capacity_are_never_hidden(tmp_path, seats):
    shelters = _shelters("both", people=((450, 190), (300, 201)))
    save_run_tables(make_run(seats=seats, shelters=shelters), tmp_path)
    sheet = _book(tmp_path)["Tempat evakuasi"]
    rows = _table(sheet, "Waktu berangkat")
    assert [row["Melebihi daya tampung"] for row in rows] == [150, 0, None, 0, 1, None]
    assert str(sheet["A2"].value).startswith("PERHATIAN: tiap desa") == (seats == "village")


def test_unserved_people_by_cause_add_up_to_the_sums(folder):
    sheet = _book(folder)["Tidak terlayani"]
    rows = _table(sheet, "Waktu berangkat")
    for words, after in (
        ("Berangkat sebelum air datang", "sebelum"),
        ("Berangkat terlambat", "terlambat"),
    ):
        people = [row["Warga yang mengungsi"] for row in rows if row["Waktu berangkat"] == words]
        assert sum(people) == SUMS[f"Belum dapat tempat ({after})"]
    assert "440 jiwa mendapat tempat, 160 jiwa belum" in sheet["A2"].value
    assert "350 jiwa mendapat tempat, 250 jiwa belum" in sheet["A3"].value


def test_sheets_of_assumptions_and_sources(folder):
    book = _book(folder)
    rows = _table(book["Asumsi"], "Asumsi")
    assert [row["Nama di perangkat lunak"] for row in rows] == list(
        EvacuationAssumptions().as_dict()
    )
    assert all(row["Sumber"] for row in rows)
    told = [(row["Butir"], row["Nilai"]) for row in _table(book["Sumber & batas"], "Butir")]
    assert ("Desa/kelurahan", "3 ada rencananya, 1 belum") in told
    assert ("Batas desa", "desa.gpkg") in told
    assert ("Keterbatasan data", "a note about 3 cells that has no translation") in told
    assert ("Dibuat", "22 November 2026") in told


def test_several_hazards_are_all_named(tmp_path):
    run = make_run(hazard_kind="generic")
    parts = [{"kind": "flood", "source": "a.tif"}, {"kind": "landslide", "source": "b.tif"}]
    inputs = {"hazard": {"source": "a.tif, b.tif", "parts": parts}}
    provenance = {**run.provenance, "inputs": inputs}
    save_run_tables(dataclasses.replace(run, provenance=provenance), tmp_path)
    title = _book(tmp_path)["Ringkasan"]["A1"].value
    assert title == "Rencana Evakuasi Banjir dan Tanah Longsor: 4 desa/kelurahan"


@pytest.mark.parametrize("departure", ["early", "late"])
def test_one_departure_has_no_twins(tmp_path, departure):
    save_run_tables(make_run(departure), tmp_path, language="en")
    *rows, sums = _table(_book(tmp_path)["Summary"], "Rank")
    assert (sums["Get a place"], sums["Without a place"], sums["Cut off"]) == (440, 160, 30)
    assert not [name for name in sums if "(" in name]
    assert "Lose their place if late" not in sums
    assert rows[3]["Plan"] == "NOT MADE"
    styles = _styles(tmp_path)["villages"]
    assert "late_" not in styles


def test_full_shelters_are_a_column_only_where_there_are_some(tmp_path):
    summary = _summary().assign(shelters_full=0, late_shelters_full=0)
    save_run_tables(make_run(summary=summary), tmp_path)
    heads = _table(_book(tmp_path)["Ringkasan"])[0]
    assert not any(name.startswith("Tempat evakuasi penuh") for name in heads)
    assert any(name.startswith("Jalan terputus") for name in heads)


def test_times_that_no_village_has_stay_empty_numbers(tmp_path):
    times = ("median_travel_time_s", "late_median_travel_time_s", "late_extra_time_s")
    none = pd.Series([None] * 3, index=_summary().index, dtype=object)  # as JSON brings it back
    run = make_run(summary=_summary().assign(**dict.fromkeys(times, none)))
    save_run_tables(run, tmp_path)
    rows = _table(_book(tmp_path)["Ringkasan"])
    assert {row[name] for row in rows for name in NOT_SUMMED} == {None}
    fields = pyogrio.read_info(tmp_path / "kabupaten.gpkg", layer="villages")
    kinds = dict(zip(fields["fields"], fields["dtypes"], strict=True))
    assert {kinds[name] for name in times} == {"float64"}


def test_classes_are_columns_where_the_summary_has_them(tmp_path):
    summary = _summary().assign(people_high=[100.5, 50.0, 0.0], people_none=[1.0, 2.0, 3.0])
    save_run_tables(make_run(summary=summary), tmp_path)
    sums = _table(_book(tmp_path)["Ringkasan"])[-1]
    assert (sums["Di bahaya tinggi"], sums["Tanpa bahaya"]) == (150.5, 6)


def test_made_up_data_is_stamped_everywhere(tmp_path):
    save_run_tables(make_run(is_sample=True), tmp_path)
    for sheet in _book(tmp_path):
        assert sheet["A1"].value.startswith("DATA CONTOH")
        # White letters run on over the next cells, which must be black.
        assert sheet["B1"].fill.fgColor.rgb == sheet["A1"].fill.fgColor.rgb == "FF000000"
    with sqlite3.connect(tmp_path / "kabupaten.gpkg") as connection:
        rows = connection.execute("SELECT description FROM gpkg_contents").fetchall()
    connection.close()
    assert len(rows) == 5
    assert all(row[0].startswith("DATA CONTOH") for row in rows)


HOSTILE = (
    "=1+1",
    "+1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\n=1+1",
    "＝1+1",  # noqa: RUF001
    '=HYPERLINK("http://example.org","SD")',
    "http://example.org/a",
    "internal:'Asumsi'!A1",
    "SD \x00\x0b\ud800 1",
    "A" * 40_000,
    "</script>'\"",
)


@pytest.mark.parametrize("number", range(0, len(HOSTILE), 4))
def test_names_and_reasons_stay_text(tmp_path, number):
    names = HOSTILE[number : number + 4]
    failures = pd.DataFrame(
        {"village_code": ["=2+2"], "village_name": [names[1]], "reason": [names[0]]}
    )
    safe = tuple(name.replace("\ud800", "") for name in names)  # readers of layers refuse it
    shelters = _shelters("both", names=safe[:2])
    save_run_tables(make_run(names=safe, failures=failures, shelters=shelters), tmp_path)
    book = _book(tmp_path, values=False)
    formulas = [
        str(cell.value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    ours = re.compile(
        r'=SUM\([A-Z]+\d+:[A-Z]+\d+\)|=HYPERLINK\("[\w.]+/map\.(html|pdf)","Buka peta"\)'
    )
    assert len(formulas) == len(SUMS) + 2
    assert all(ours.fullmatch(formula) for formula in formulas)
    assert not any(sheet._hyperlinks for sheet in book)
    with zipfile.ZipFile(tmp_path / "kabupaten.xlsx") as parts:
        for name in parts.namelist():
            ET.fromstring(parts.read(name))
    with (tmp_path / "gagal.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 3  # head, "=2+2", and the village nobody spoke of
    for cell in (cell for row in rows for cell in row):
        assert cell.strip(' \t\r\n\ufeff"')[:1] not in tuple("=+-@＝＋－＠")  # noqa: RUF001
    assert rows[1][0] == "'=2+2"
    villages = _layer(tmp_path, "villages")
    assert villages["village_name"].iloc[0] == safe[0].partition("\0")[0]


@pytest.fixture(scope="module")
def sample_plan():
    files = rg.sample_files()
    villages = rg.read_villages(files["villages"])
    return rg.plan_evacuation(
        villages,
        rg.read_hazard(files["flood"], kind="flood", unit="m"),
        rg.read_population(files["population"]),
        rg.read_roads(files["roads"], within=villages),
        rg.read_shelters(files["shelters"], capacity_column="kapasitas"),
    )


def _run_of(plan, failed=()):
    villages = plan.villages.to_crs(4326)[["village_name", "geometry"]].reset_index()
    summary = plan.summary().drop(index=list(failed))
    lost = villages[villages["village_code"].isin(failed)].drop(columns="geometry")
    return make_run(
        summary=summary,
        villages=villages,
        shelters=plan.shelters,
        unserved=plan.unserved[~plan.unserved["village_code"].isin(failed)],
        failures=pd.DataFrame(lost).assign(reason="gagal"),
        folders={code: code for code in summary.index},
        files=dict.fromkeys(summary.index, ("map.html",)),
        assumptions=plan.assumptions,
        provenance=plan.provenance,
        notes=plan.notes,
        is_sample=plan.is_sample,
    )


@pytest.mark.parametrize("failed", [(), ("99.01.01.2003",)])
def test_people_of_the_sample_add_up(sample_plan, tmp_path, failed):
    run = _run_of(sample_plan, failed)
    save_run_tables(run, tmp_path)
    *rows, sums = _table(_book(tmp_path)["Ringkasan"])
    assert len(rows) == len(run.villages)
    of_head = {
        "Penduduk": "people_total",
        "Bahaya tidak diketahui": "people_unknown",
        "Warga yang mengungsi": "evacuees",
        "Mendapat tempat (sebelum)": "allocated",
        "Mendapat tempat (terlambat)": "late_allocated",
        "Jalan terputus (terlambat)": "late_cut_off",
        "Kehilangan tempat bila terlambat": "lost_if_late_people",
        "Perlu dibantu": "need_help_people",
    }
    layer = _layer(tmp_path, "villages")
    for head, name in of_head.items():
        whole = sample_plan.villages if name in sample_plan.villages else sample_plan.exposure
        expected = whole.drop(index=list(failed))[name].sum()
        assert sums[head] == pytest.approx(expected, rel=1e-12)
        assert sum(row[head] or 0 for row in rows) == pytest.approx(expected, rel=1e-12)
        assert layer[name].sum() == pytest.approx(expected, rel=1e-12)
    for after in ("sebelum", "terlambat"):
        causes = [
            value
            for head, value in sums.items()
            if head.endswith(f"({after})")
            and head.startswith(("Terlalu", "Jalan", "Tempat", "Daya"))
        ]
        parted = sums[f"Mendapat tempat ({after})"] + sum(causes)
        assert parted == sums["Warga yang mengungsi"]
    shelters = _table(_book(tmp_path)["Tempat evakuasi"], "Waktu berangkat")
    early = [row for row in shelters if row["Waktu berangkat"] == "Berangkat sebelum air datang"]
    assert len(early) * 2 == len(shelters)
    assert sum(row["Warga yang datang"] for row in early) == sample_plan.villages["allocated"].sum()
    known = [row for row in shelters if isinstance(row["Daya tampung"], (int, float))]
    assert known
    assert all(row["Warga yang datang"] <= row["Daya tampung"] for row in known)


def test_assumptions_of_the_sample_and_its_limits_are_told(sample_plan, tmp_path):
    save_run_tables(_run_of(sample_plan), tmp_path)
    told = _table(_book(tmp_path)["Sumber & batas"], "Butir")
    limits = [row["Nilai"] for row in told if row["Butir"] == "Keterbatasan data"]
    assert len(limits) == len(set(map(str, sample_plan.notes)))


@given(
    people=st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 1e6)),
        min_size=1,
        max_size=6,
    )
)
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_sums_of_any_villages(tmp_path, people):
    base = _summary().iloc[[0] * len(people)]
    base.index = pd.Index([f"16.02.05.{2001 + n}" for n in range(len(people))], name="village_code")
    placed, left, total = (np.array(values) for values in zip(*people, strict=True))
    zero = dict.fromkeys((*UNSERVED_CAUSES, *(f"late_{cause}" for cause in UNSERVED_CAUSES)), 0)
    summary = base.assign(**zero).assign(
        evacuees=placed + left,
        allocated=placed,
        cut_off=left,
        late_evacuees=placed + left,
        late_allocated=0,
        late_too_far=placed + left,
        people_total=total,
    )
    villages = gpd.GeoDataFrame(
        {"village_code": summary.index, "village_name": "a"},
        geometry=[box(102, -2, 103, -1)] * len(people),
        crs=4326,
    )
    run = make_run(summary=summary, villages=villages, failed=False, folders={}, files={})
    run = dataclasses.replace(run, villages=villages, unserved=_unserved(summary, "both"))
    save_run_tables(run, tmp_path)
    *rows, sums = _table(_book(tmp_path)["Ringkasan"])
    assert len(rows) == len(people)
    assert sums["Mendapat tempat (sebelum)"] == sum(one[0] for one in people)
    assert sums["Belum dapat tempat (sebelum)"] == sum(one[1] for one in people)
    assert sums["Terlalu lama berjalan (terlambat)"] == sum(one[0] + one[1] for one in people)
    assert sums["Penduduk"] == pytest.approx(sum(one[2] for one in people))


def test_the_same_run_gives_the_same_files(folder, tmp_path):
    time.sleep(1.1)
    save_run_tables(make_run(), tmp_path)
    for name in RUN_FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_failure_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "kabupaten.gpkg").write_text("before")
    (tmp_path / "gagal.csv").write_text("before")
    monkeypatch.setattr(report_run, "_write_workbook", lambda *_: 1 / 0)
    for failed in (True, False):
        with pytest.raises(ZeroDivisionError):
            save_run_tables(make_run(failed=failed), tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["gagal.csv", "kabupaten.gpkg"]
        assert {path.read_text() for path in tmp_path.iterdir()} == {"before"}


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="folder"):
        save_run_tables(make_run(), tmp_path / "file" / "hasil")


def test_a_list_that_cannot_go_away_is_a_clear_error(tmp_path):
    (tmp_path / "gagal.csv").mkdir()
    with pytest.raises(OutputError, match=r"gagal\.csv"):
        save_run_tables(make_run(failed=False), tmp_path)


def test_a_language_without_words_writes_nothing(tmp_path):
    with pytest.raises(InputError):
        save_run_tables(make_run(), tmp_path / "a", language="xx")
    assert not (tmp_path / "a").exists()


def test_a_sheet_that_is_full_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(report_run, "MOST_ROWS", 10)
    save_run_tables(make_run(), tmp_path)
    sheet = _book(tmp_path)["Tidak terlayani"]
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 10
    # Of ten rows four stand above the table and one is its head; there are 6 + 5 rows of people.
    assert rows[3][0] == "Lembar ini penuh: 6 baris lagi ada di kabupaten.gpkg."
