"""The command as people run it: in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import rasterio

import resilience_geo as rg
from resilience_geo import cli

COMMAND = [sys.executable, "-m", "resilience_geo.cli"]
COMMANDS = ("demo", "plan", "print", "exposure", "check", "sample", "init", "version")
RESULTS = (
    "plan.gpkg",
    "plan.xlsx",
    "summary.json",
    "routes.gpx",
    "routes.kml",
    "map.html",
    "map.pdf",
)
CLASSES = ("none", "low", "medium", "high", "unknown")
HEAVY = ("geopandas", "pandas", "numpy", "shapely", "rasterio", "folium", "matplotlib", "osmnx")


def run(*words, **options):
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        capture_output=True,
        timeout=60,
        check=False,
        **{"encoding": "utf-8", **options},
    )


def inputs(*names):
    files = rg.sample_files()
    return [
        word
        for name in names or ("villages", "hazard", "population", "roads", "shelters")
        for word in (f"--{name}", str(files["flood" if name == "hazard" else name]))
    ]


def summary_of(folder):
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "dalam" / "hasil"
    return run("demo", "--out", out), out


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Run a plan with most of its options, on depths in centimetres that state no unit."""
    folder = tmp_path_factory.mktemp("plan")
    out = folder / "hasil"
    with rasterio.open(rg.sample_files()["flood"]) as dataset:
        profile, metres, known = dataset.profile, dataset.read(1), dataset.dataset_mask() > 0
    with rasterio.open(folder / "cm.tif", "w", **profile) as dataset:
        dataset.write(np.where(known, metres * 100.0, metres).astype(np.float32), 1)
    ended = run(
        "plan",
        *inputs("villages", "population", "roads", "shelters"),
        *("--hazard", folder / "cm.tif"),
        *("--hazard-kind", "flood", "--hazard-unit", "cm", "--hazard-nodata", "none"),
        *("--population-unit", "people_per_cell", "--population-scale", "0.5"),
        *("--shelter-capacity", "kapasitas", "--shelter-area", "luas_lantai_m2"),
        *("--code-column", "village_code", "--name-column", "village_name"),
        *("--village", "LUBUK rengas", "--village", "99.01.01.2004"),
        *("--departure", "early", "--language", "en", "-v"),
        *("--assume", "walking_speed_mps=0.9", "--assume", "evacuating_classes=low,medium,high"),
        *(
            "--vulnerable",
            "national",
            "--roads-buffer-m",
            "2500",
            "--elevation",
            str(rg.sample_files()["elevation"]),
        ),
        *("--out", out),
    )
    return ended, out


def check_sums(summary):
    people = summary["people"]
    parts = sum(people[name] for name in (*CLASSES, "outside"))
    assert people["total"] == pytest.approx(parts, abs=1e-6)
    for figures in (summary, *summary["villages"].values()):
        assert figures["evacuees"] == figures["allocated"] + sum(figures["unserved"].values())


# --- demo and plan ---------------------------------------------------------------------------


def test_demo_writes_everything(demo):
    ended, out = demo
    assert ended.returncode == 0, ended.stderr
    assert {path.name for path in out.iterdir()} == set(RESULTS)
    assert {"villages", "exposure", "origins", "routes", "shelters", "roads"} <= {
        name for name, _ in pyogrio.list_layers(out / "plan.gpkg")
    }
    assert (out / "map.pdf").read_bytes().startswith(b"%PDF")
    assert (out / "map.html").read_text(encoding="utf-8").lstrip().startswith("<!DOCTYPE html>")
    assert "Ringkasan" in openpyxl.load_workbook(out / "plan.xlsx", read_only=True).sheetnames


def test_demo_counts_everybody(demo):
    summary = summary_of(demo[1])
    assert {"people", "evacuees", "allocated", "unserved", "villages"} <= set(summary)
    assert {"assumptions", "provenance", "late"} <= set(summary)
    check_sums(summary)
    check_sums({**summary, **summary["late"]})
    assert summary["people"]["total"] == pytest.approx(
        rg.read_population(rg.sample_files()["population"]).total, abs=1e-6
    )
    assert summary["evacuees"] > 0
    assert len(summary["villages"]) == 6


def test_demo_in_a_pipe_says_only_the_result(demo):
    ended, out = demo
    assert ended.stderr == ""
    assert "\r" not in ended.stdout
    need = f"{summary_of(out)['evacuees']:,}".replace(",", ".")
    assert f"{need} jiwa perlu mengungsi." in ended.stdout
    assert "Data contoh rekaan" in ended.stdout
    assert ended.stdout.splitlines()[-len(RESULTS) :] == [str(out / name) for name in RESULTS]


def test_demo_is_the_plan_of_the_sample(demo):
    names = ("villages", "roads", "shelters", "vulnerable")
    read = {name: rg.sample_files()[name] for name in names}
    villages = rg.read_villages(read["villages"])
    plan = rg.plan_evacuation(
        villages,
        rg.read_hazard(rg.sample_files()["flood"], kind="flood", unit="m"),
        rg.read_population(rg.sample_files()["population"]),
        rg.read_roads(read["roads"], within=villages),
        rg.read_shelters(read["shelters"]),
        elevation=rg.read_elevation(rg.sample_files()["elevation"]),
        vulnerable=rg.read_vulnerable(read["vulnerable"], villages),
    )
    summary = summary_of(demo[1])
    assert summary["allocated"] == int(plan.villages["allocated"].sum())
    assert summary["late"]["allocated"] == int(plan.villages["late_allocated"].sum())
    assert summary["vulnerable"]["shares_from"] == "table"
    assert summary["vulnerable"]["helpers"] == int(plan.villages["helpers"].sum())
    for figures in summary["allocation"].values():
        assert figures["proven"]
        least = pytest.approx(figures["bound_person_minutes"], rel=1e-6)
        assert figures["person_minutes"] == least
    assert set(summary["allocation"]) == {"early", "late"}


def test_demo_plans_groups_apart(demo):
    summary = summary_of(demo[1])
    groups = summary["groups"]
    assert set(groups) == {"general", "children_under_5", "elderly", "disabled", "pregnant"}
    for total, part in (
        (summary["evacuees"], "evacuees"),
        (summary["allocated"], "allocated"),
        (summary["late"]["allocated"], "late_allocated"),
    ):
        assert sum(group[part] for group in groups.values()) == total
    assert "Kelompok" in openpyxl.load_workbook(demo[1] / "plan.xlsx", read_only=True).sheetnames


def test_options_reach_the_plan(planned):
    ended, out = planned
    assert ended.returncode == 0, ended.stderr
    summary = summary_of(out)
    check_sums(summary)
    assert list(summary["villages"]) == ["99.01.01.2002", "99.01.01.2004"]
    assert summary["departure"] == "early"
    assert "late" not in summary
    assert summary["assumptions"]["walking_speed_mps"]["value"] == 0.9
    assert summary["assumptions"]["walking_speed_mps"]["changed"] is True
    assert summary["assumptions"]["evacuating_classes"]["value"] == ["low", "medium", "high"]
    assert summary["people"]["total"] == pytest.approx(
        rg.read_population(rg.sample_files()["population"]).total / 2, abs=1e-6
    )
    classes = ("low", "medium", "high")
    for figures in summary["villages"].values():
        exposed = sum(figures["people"][name] for name in classes)
        assert figures["evacuees"] == pytest.approx(exposed, abs=0.5)
        assert 0 < figures["people"]["high"] < figures["people"]["total"] / 2  # not metres
    roads = gpd.read_file(out / "plan.gpkg", layer="roads")
    assert "departure" not in gpd.read_file(out / "plan.gpkg", layer="routes").columns
    assert len(roads) > 0


def test_vulnerable_groups_may_be_national(planned):
    summary = summary_of(planned[1])
    assert summary["vulnerable"]["shares_from"] == "national"
    assert set(summary["groups"]["elderly"]) == {"evacuees", "allocated"}
    assert "(national estimate)" in planned[0].stdout


def test_hazards_together(tmp_path):
    files = rg.sample_files()
    out = tmp_path / "hasil"
    ended = run(
        "plan",
        *inputs("villages", "population", "roads", "shelters"),
        *("--hazard", files["flood"], "--hazard-kind", "flood", "--hazard-unit", "m"),
        *("--hazard", files["landslide"], "--hazard-kind", "landslide", "--hazard-unit", "index"),
        *("--village", "Bukit Tampui", "--departure", "early", "--out", out),
    )
    assert ended.returncode == 0, ended.stderr
    summary = summary_of(out)
    hazards = summary["provenance"]["inputs"]["hazard"]
    assert files["landslide"].name in hazards["source"]
    villages = rg.read_villages(files["villages"])
    alone = rg.village_exposure(
        villages,
        rg.read_hazard(files["flood"], unit="m"),
        rg.read_population(files["population"]),
    )
    # The hills of this village slide more than they flood.
    assert summary["evacuees"] > alone.loc["99.01.01.2005", "evacuees"]
    assert "Banjir dan Tanah Longsor" in (out / "map.html").read_text(encoding="utf-8")


def test_options_of_hazards_are_one_each_or_one_for_all(called):
    files = rg.sample_files()
    bare = ("--hazard", files["flood"], "--hazard", files["landslide"])
    # A landslide index must not be planned as a flood because nobody said what it is.
    code, _, err = called("check", *bare, "--language", "en")
    assert code == 2
    assert "2 hazards of which the kind is not said" in err
    two = (*bare, "--hazard-kind", "flood", "--hazard-kind", "landslide")
    code, _, err = called(
        *("check", *two, "--hazard-unit", "m", "--hazard-unit", "index", "--hazard-unit", "m"),
        *("--hazard-band", "1", "--language", "en"),
    )
    assert code == 2
    assert err.splitlines() == [
        "Problem: --hazard-unit",
        "  Found: given 3 times for 2 hazards",
        "  Expected: once for each --hazard, in their order, or once for all",
        "  Remedy: repeat it or leave some out",
    ]
    # One unit for both: depths are no index, and each file is named.
    code, _, err = called("check", *two, "--hazard-unit", "index", "--language", "en")
    assert code == 2
    assert [line for line in err.splitlines() if line.startswith("Problem")] == [
        f"Problem: {files['flood'].name}"
    ]
    assert "--hazard-unit" in err
    code, out, err = called("check", *two, "--hazard-unit", "m", "--hazard-unit", "index")
    assert (code, err) == (0, "")
    assert "2 bahaya" in out


def test_check_of_vulnerable_groups(called, tmp_path):
    files = rg.sample_files()
    words = ("check", "--villages", files["villages"], "--language", "en")
    assert called(*words, "--vulnerable", files["vulnerable"])[0] == 0
    assert called(*words, "--vulnerable", "national")[0] == 0
    table = tmp_path / "rentan.csv"
    table.write_text("desa,jumlah_penduduk,lansia\n99.01.01.2001,100,120\n", encoding="utf-8")
    code, _, err = called(*words, "--vulnerable", table)
    assert code == 2
    assert err.startswith("Problem: rentan.csv")
    assert "--vulnerable-code" in err
    code, _, err = called(*words, "--vulnerable", table, "--vulnerable-code", "desa")
    assert code == 2
    assert "row" in err
    assert "120" in err
    code, _, err = called(*words, "--vulnerable", tmp_path / "tidak_ada.csv")
    assert code == 2
    assert "tidak_ada.csv" in err


def test_english_and_verbose(planned):
    ended, out = planned
    assert "people need to evacuate." in ended.stdout
    assert "jiwa" not in ended.stdout
    assert "<title>Flood Evacuation Map" in (out / "map.html").read_text(encoding="utf-8")
    assert "INFO resilience_geo.plan: exposure" in ended.stderr
    assert "INFO resilience_geo.run_inputs: read roads" in ended.stderr
    assert not re.search(r"INFO (?!resilience_geo)", ended.stderr)


def test_late_and_quiet(tmp_path):
    words = ["plan", *inputs(), "--hazard-unit", "m", "--village", "Bukit Tampui"]
    ended = run(*words, "--departure", "late", "-q", "--out", tmp_path / "hasil")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    summary = summary_of(tmp_path / "hasil")
    assert summary["departure"] == "late"
    check_sums(summary)


# --- exposure, check, sample, version --------------------------------------------------------


def test_exposure_as_csv_and_printed(tmp_path):
    words = ["exposure", *inputs("villages", "hazard", "population"), "--hazard-unit", "m"]
    ended = run(*words, "--out", tmp_path / "baru" / "paparan.csv")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.strip() == str(tmp_path / "baru" / "paparan.csv")
    table = pd.read_csv(tmp_path / "baru" / "paparan.csv", dtype={"village_code": str})
    assert len(table) == 7
    assert table["people_total"].sum() == pytest.approx(
        table[[f"people_{name}" for name in CLASSES]].to_numpy().sum(), abs=1e-6
    )
    printed = run(*words)
    assert (printed.returncode, printed.stderr) == (0, "")
    assert len(printed.stdout.splitlines()) == 9
    assert "Pasar Sungai Contoh" in printed.stdout
    assert "Di luar semua desa" in printed.stdout


def test_check(tmp_path):
    fine = run("check", *inputs(), "--hazard-unit", "m")
    assert (fine.returncode, fine.stderr) == (0, "")
    assert fine.stdout.startswith("Semua masukan dapat dipakai.\n- ")
    missing = ("--villages", tmp_path / "desa.gpkg", "--population", tmp_path / "jiwa.tif")
    wrong = run("check", *inputs(), *missing, "--language=en")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert [line for line in wrong.stderr.splitlines() if line.startswith("Problem")] == [
        "Problem: desa.gpkg",
        "Problem: jiwa.tif",
    ]
    assert not list(tmp_path.iterdir())


def test_sample_can_be_planned_with(tmp_path):
    ended = run("sample", "--out", tmp_path / "contoh")
    assert (ended.returncode, ended.stderr) == (0, "")
    written = [Path(line) for line in ended.stdout.splitlines()]
    assert written
    for path in written:
        name = path.relative_to(tmp_path / "contoh")
        assert path.read_bytes() == (rg.sample_files()["readme"].parent / name).read_bytes()


def test_version():
    for word in ("version", "--version"):
        ended = run(word)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{rg.__version__}\n", "")


# --- help and wrong use ----------------------------------------------------------------------


@pytest.fixture
def called(monkeypatch, capsys):
    """Call the command in this process: where nothing is read, that shows as much."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["resilience-geo", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        said = capsys.readouterr()
        return stopped.value.code, said.out, said.err

    return call


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_shows_a_worked_line(called, command, flag):
    code, out, err = called(*command, flag)
    assert (code, err) == (0, "")
    example = out.partition("Example:\n")[2]
    words = example.replace("\\\n", " ").split()
    assert words[:2] == ["resilience-geo", *(command or ("demo",))]
    assert len(example.strip().replace("\\\n", "").splitlines()) == 1
    known = {flag for one in cli.cli.commands[words[1]].params for flag in one.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_help_lists_every_command(called):
    assert all(f"\n  {name} " in called("--help")[1] for name in COMMANDS)


def test_every_option_is_explained():
    for command in cli.cli.commands.values():
        assert all(option.help for option in command.params), command.name


def test_help_imports_nothing_heavy():
    program = (
        "import sys; sys.argv = ['resilience-geo', 'plan', '--help']\n"
        "from resilience_geo.cli import main\n"
        "try: main()\n"
        f"except SystemExit: print('heavy:', [name for name in {HEAVY} if name in sys.modules])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout.endswith("heavy: []\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan",), "--villages"),
        (("plan", "--kecepatan", "3"), "--kecepatan"),
        (("rencana",), "rencana"),
        (("demo", "--language", "fr"), "fr"),
        (("check", "--hazard-unit", "feet"), "feet"),
        (("check", "--population-scale", "banyak"), "banyak"),
        (("demo", "lebih"), "lebih"),
        (("check",), "--villages"),
        ((), "Usage"),
    ],
)
def test_wrong_use(called, words, said):
    code, out, err = called(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("Error: ") <= 1


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ((), "Ditemukan: "),
        (("--language", "id"), "Ditemukan: "),
        (("--language", "en"), "Found: "),
        (("--language=en",), "Found: "),
        (("--village", "en", "--language", "id"), "Ditemukan: "),
        (("--language", "en", "--language", "id"), "Ditemukan: "),
    ],
)
def test_language_of_errors(called, words, label):
    code, _, err = called("check", "--villages", "tidak_ada.gpkg", *words)
    assert code == 2
    assert label in err


# --- terminals, pipes and interrupts ---------------------------------------------------------


def test_output_that_cannot_show_a_name(tmp_path):
    """A terminal of another encoding gets question marks, not a traceback."""
    villages = gpd.read_file(rg.sample_files()["villages"])
    villages["village_name"] = "Désa ☃"
    villages.to_file(tmp_path / "desa.gpkg")
    words = inputs("hazard", "population")
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    ended = run(
        *("exposure", "--villages", tmp_path / "desa.gpkg", *words, "--hazard-unit", "m"),
        env=environment,
        encoding="cp1252",
    )
    assert ended.returncode == 0, ended.stderr
    assert "Désa ?" in ended.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_progress_shows_on_a_terminal(tmp_path):
    import pty  # noqa: PLC0415 - not on Windows
    import termios  # noqa: PLC0415

    main, side = pty.openpty()
    termios.tcsetwinsize(side, (40, 100))
    process = subprocess.Popen(
        [*COMMAND, "exposure", *inputs("villages", "hazard", "population"), "--hazard-unit", "m"],
        stdout=subprocess.PIPE,
        stderr=side,
        cwd=tmp_path,
    )
    os.close(side)
    shown = b""
    try:
        while part := os.read(main, 4096):
            shown += part
    except OSError:  # the other side has closed
        pass
    process.communicate(timeout=60)
    os.close(main)
    assert process.returncode == 0
    assert "Membaca bahaya" in shown.decode()
    assert "Menghitung paparan" in shown.decode()


def interrupted(out, step, number):
    """Run the demo, and send it a signal when it logs a step."""
    process = subprocess.Popen(
        [*COMMAND, "demo", "-v", "--language", "en", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if step in line:
            break
    if step == "files":
        limit = time.monotonic() + 10
        while not list(out.glob(".*/new/*")) and time.monotonic() < limit:
            time.sleep(0.01)
    process.send_signal(number)
    said, err = process.communicate(timeout=60)
    assert said == ""
    assert "Traceback" not in err
    return process.returncode, err


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("step", ["allocation early", "files"])
def test_interrupt_leaves_nothing_half_written(tmp_path, step):
    out = tmp_path / "hasil"
    code, err = interrupted(out, step, signal.SIGINT)
    assert code == 130
    assert err.endswith("Interrupted.\n")
    assert not out.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_what_was_there_survives_being_ended(tmp_path):
    (tmp_path / "summary.json").write_text("{}")
    code, _ = interrupted(tmp_path, "files", signal.SIGTERM)
    assert code == 143
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]
    assert (tmp_path / "summary.json").read_text() == "{}"


def test_print_writes_the_sheets_and_the_drill_pack(tmp_path):
    out = tmp_path / "cetak"
    ended = run("print", "--sample", "--village", "Lubuk Rengas", "--paper", "A4", "--out", out)
    assert ended.returncode == 0, ended.stderr
    names = ["map.pdf", "route_cards.pdf", "observer_sheets.pdf", "poster.pdf"]
    names.append("observer_sheets.csv")
    assert ended.stdout.splitlines()[-len(names) :] == [str(out / name) for name in names]
    assert {path.name for path in out.iterdir()} == set(names)
    assert all((out / name).read_bytes().startswith(b"%PDF") for name in names[:4])


def test_print_of_several_villages_makes_a_sheet_each(tmp_path):
    out = tmp_path / "cetak"
    chosen = ("--village", "99.01.01.2002", "--village", "99.01.01.2003")
    ended = run("print", "--sample", *chosen, "--no-drill", "--no-procedure", "--out", out)
    assert ended.returncode == 0, ended.stderr
    assert {path.name for path in out.iterdir()} == {
        "map.pdf",
        "map_99.01.01.2002.pdf",
        "map_99.01.01.2003.pdf",
    }


def test_print_needs_inputs_or_the_sample(tmp_path):
    ended = run("print", "--out", tmp_path / "cetak")
    assert ended.returncode == 2
    assert "--villages" in ended.stderr
    assert "--sample" in ended.stderr
    assert not (tmp_path / "cetak").exists()


def test_what_init_writes_drives_a_plan(tmp_path):
    config = tmp_path / "kabupaten.toml"
    assert run("init", "--out", config).returncode == 0
    files = rg.sample_files()
    text = config.read_text(encoding="utf-8")
    for example, name in {
        "desa.gpkg": "villages",
        "banjir.tif": "flood",
        "jiwa.tif": "population",
        "jalan.osm.pbf": "roads",
        "tes.geojson": "shelters",
    }.items():
        text = text.replace(f'"{example}"', json.dumps(str(files[name])))
    text = text.replace('# departure = "both"', 'departure = "early"')
    text = text.replace("# walking_speed_mps = 1.1", "walking_speed_mps = 0.9")
    text = text.replace("# only = []", 'only = ["Lubuk Rengas"]')
    config.write_text(text, encoding="utf-8")
    out = tmp_path / "hasil"
    ended = run("plan", "--config", config, "--assume", "time_limit_min=30", "--out", out)
    assert ended.returncode == 0, ended.stderr
    summary = summary_of(out)
    assert summary["departure"] == "early"
    assert list(summary["villages"]) == ["99.01.01.2002"]
    assert summary["assumptions"]["time_limit_min"]["value"] == 30.0
    assert summary["assumptions"]["walking_speed_mps"]["value"] == 0.9


def test_init_replaces_nothing_unasked(tmp_path):
    config = tmp_path / "kabupaten.toml"
    config.write_text("mine", encoding="utf-8")
    ended = run("init", "--out", config)
    assert ended.returncode == 2
    assert "--overwrite" in ended.stderr
    assert config.read_text(encoding="utf-8") == "mine"
    assert run("init", "--out", config, "--overwrite").returncode == 0
    assert "[villages]" in config.read_text(encoding="utf-8")


def test_a_wrong_config_is_said_whole(tmp_path):
    config = tmp_path / "kabupaten.toml"
    config.write_text('[hazrad]\npath = "x"\n[maps]\nscale = "big"\n', encoding="utf-8")
    ended = run("plan", "--config", config, "--out", tmp_path / "hasil")
    assert ended.returncode == 2
    assert "hazrad" in ended.stderr
    assert "scale" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "hasil").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sample", "--settlements", "nowhere.gpkg"), "nowhere.gpkg"),
        (("--sample", "--scale", "5"), "skala 5"),
        (("--sample", "--logo", "README.md"), "README.md"),
    ],
)
def test_what_is_wrong_with_prints_is_said_before_long_work(tmp_path, words, said):
    ended = run("print", *words, "--out", tmp_path / "cetak", cwd=Path(__file__).parents[1])
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "cetak").exists()
