"""The scripts do what they say, on the embedded sample."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import geopandas as gpd
import pytest
from click.testing import CliRunner

import resilience_geo as rg
from resilience_geo.plan_files import village_file_names

ROOT = Path(__file__).resolve().parents[1]


def test_folder_names_are_unique_and_can_be_written():
    assert village_file_names(["1.2", "a/b", "a:b", "A_B", "..", "1.2"]) == [
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
