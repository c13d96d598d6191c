"""The scripts do what they say, on the embedded sample."""

from __future__ import annotations

import csv
import importlib.util
import json
import sys
from pathlib import Path

import geopandas as gpd
import pytest
from click.testing import CliRunner

import resilience_geo as rg

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def script():
    path = ROOT / "scripts" / "evacuation_maps.py"
    spec = importlib.util.spec_from_file_location("evacuation_maps", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("evacuation_maps", None)


@pytest.fixture(scope="module")
def two_villages(tmp_path_factory):
    """Return a layer with two desa of the sample, one of them with a code no folder can have."""
    villages = gpd.read_file(rg.sample_files()["villages"]).iloc[:2]
    villages["village_code"] = [villages["village_code"].iloc[0], "99/01: dua?"]
    path = tmp_path_factory.mktemp("desa") / "dua.gpkg"
    villages.to_file(path)
    return path


def run(script, out, villages, *more):
    files = rg.sample_files()
    arguments = {
        "--villages": villages,
        "--hazard": files["flood"],
        "--hazard-unit": "m",
        "--population": files["population"],
        "--roads": files["roads"],
        "--shelters": files["shelters"],
        "--out": out,
    }
    words = [str(word) for pair in arguments.items() for word in pair]
    return CliRunner().invoke(script.main, [*words, *more])


def test_each_village_has_a_folder(script, two_villages, tmp_path):
    (tmp_path / "gagal.csv").write_text("of an earlier run")
    result = run(script, tmp_path, two_villages)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["99.01.01.2001", "99_01_dua_"]
    for folder in tmp_path.iterdir():
        names = {path.name for path in folder.iterdir()}
        assert names == {"map.html", "plan.gpkg", "plan.xlsx", "summary.json"}
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        assert len(summary["villages"]) == 1
        assert summary["evacuees"] == summary["allocated"] + sum(summary["unserved"].values())
        assert summary["allocated"] > 0


def test_vulnerable_groups_and_shared_seats(script, two_villages, tmp_path):
    villages = gpd.read_file(rg.sample_files()["villages"]).iloc[:1]
    one = tmp_path / "satu.gpkg"
    villages.to_file(one)
    for given, source in (
        (str(rg.sample_files()["vulnerable"]), "table"),
        ("national", "national"),
    ):
        out = tmp_path / source
        result = run(script, out, one, "--vulnerable", given)
        assert result.exit_code == 0, result.output
        origins = gpd.read_file(out / "99.01.01.2001" / "plan.gpkg", layer="origins")
        assert set(origins["group"]) > {"elderly", "disabled"}
        village = gpd.read_file(out / "99.01.01.2001" / "plan.gpkg", layer="villages")
        assert village["shares_from"].tolist() == [source]
    assert run(script, tmp_path, two_villages, "--vulnerable", "tidak_ada.csv").exit_code == 2
    told = " ".join(CliRunner().invoke(script.main, ["--help"]).output.split())
    assert script.SHARED_SEATS in told


def test_a_village_that_fails_is_listed_and_stops_nothing(script, two_villages, tmp_path):
    """Only the first desa has shelters within its border, and nothing beyond it is looked at."""
    shelters = gpd.read_file(rg.sample_files()["shelters"])
    first = gpd.read_file(two_villages).geometry.iloc[0]
    few, out = tmp_path / "tes.geojson", tmp_path / "hasil"
    shelters[shelters.within(first)].to_file(few)
    result = run(
        script,
        out,
        two_villages,
        *("--shelters", str(few), "--buffer-m", "0", "--language", "en"),
    )
    assert result.exit_code == 1, result.output
    assert {path.name for path in out.iterdir()} == {"99.01.01.2001", "gagal.csv"}
    with (out / "gagal.csv").open(encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert row["village_code"] == "99/01: dua?"
    assert "usable shelter" in row["reason"]
    assert "usable shelter" in result.output


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--hazard", "tidak_ada.tif"), "tidak_ada.tif"),
        (("--population-unit", "jiwa"), "jiwa"),
        (("--assume", "kecepatan=1"), "kecepatan"),
    ],
)
def test_wrong_inputs_end_it_before_anything_is_written(script, two_villages, tmp_path, more, said):
    result = run(script, tmp_path / "hasil", two_villages, *more)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "hasil").exists()


def test_folder_names_are_unique_and_can_be_written(script):
    assert script.village_file_names(["1.2", "a/b", "a:b", "A_B", "..", "1.2"]) == [
        "1.2",
        "a_b",
        "a_b-2",
        "A_B-3",
        "desa",
        "1.2-2",
    ]


@pytest.fixture(scope="module")
def prints():
    path = ROOT / "scripts" / "print_drill_maps.py"
    spec = importlib.util.spec_from_file_location("print_drill_maps", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def villages_of(codes, **columns):
    table = gpd.GeoDataFrame({"village_code": codes, **columns})
    table.attrs["code_system"] = "bps" if codes[0].startswith("id") else "kemendagri"
    return table


def test_a_kecamatan_is_known_by_its_column_or_by_the_code(prints):
    named = villages_of(["1", "2", "3"], District=["Singkut", "Pauh", "Singkut"])
    assert prints.kecamatan_of(named, None) == {"Singkut": ["1", "3"], "Pauh": ["2"]}
    dotted = villages_of(["15.03.01.2001", "15.03.02.2001", "15.03.01.1002"])
    assert prints.kecamatan_of(dotted, None) == {
        "15.03.01": ["15.03.01.2001", "15.03.01.1002"],
        "15.03.02": ["15.03.02.2001"],
    }
    bps = villages_of(["id1503031022", "id1503031023", "id1503040001"])
    assert list(prints.kecamatan_of(bps, None)) == ["1503031", "1503040"]
    with pytest.raises(rg.ResilienceGeoError, match="kecamatan-column"):
        prints.kecamatan_of(named, "distrik")


def test_only_the_kecamatan_asked_for_are_printed(prints):
    groups = {"Singkut": ["1"], "Pauh": ["2"]}
    assert prints.chosen(groups, ()) == groups
    assert prints.chosen(groups, ("pauh",)) == {"Pauh": ["2"]}
    with pytest.raises(rg.ResilienceGeoError, match="no kecamatan Mandiangin"):
        prints.chosen(groups, ("Mandiangin",))


def test_a_folder_per_kecamatan(prints, tmp_path):
    words = ["--sample", "--paper", "A4", "--no-drill", "--no-procedure", "--out", str(tmp_path)]
    ended = CliRunner().invoke(prints.main, words)
    assert ended.exit_code == 0, ended.output
    (folder,) = tmp_path.iterdir()
    codes = [f"99.01.01.200{number}" for number in range(1, 7)]
    assert {path.name for path in folder.iterdir()} == {
        "map.pdf",
        *(f"map_{code}.pdf" for code in codes),
    }
