"""What the command prints, as text."""

from __future__ import annotations

import importlib.util
import string
import sys
from pathlib import Path

import pandas as pd
import pytest

from resilience_geo import console
from resilience_geo.errors import Message, Problem
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.maps import text
from resilience_geo.maps.words import WORDS
from resilience_geo.plan import STEPS
from resilience_geo.run_options import INPUTS

PROBLEM = Problem(
    file="desa.gpkg",
    layer="desa",
    column="kode",
    row=3,
    found=Message("language {language}", language="'xx'"),
    expected=Message("one of {names}", names="id, en"),
    remedy=Message("choose one of them"),
)


def test_problem_in_indonesian():
    assert console.problem_text(PROBLEM, "id").splitlines() == [
        "Masalah: desa.gpkg, lapisan desa, kolom kode, baris 3",
        "  Ditemukan: bahasa 'xx'",
        "  Diharapkan: salah satu dari id, en",
        "  Perbaikan: pilih salah satu",
    ]


def test_problem_in_english():
    assert console.problem_text(PROBLEM, "en").splitlines() == [
        "Problem: desa.gpkg, layer desa, column kode, row 3",
        "  Found: language 'xx'",
        "  Expected: one of id, en",
        "  Remedy: choose one of them",
    ]


def test_first_row_is_a_place():
    problem = Problem(found="x", expected="y", remedy="z", row=0)
    assert console.problem_text(problem, "en").splitlines()[0] == "Problem: row 0"


def test_problem_without_a_place():
    problem = Problem(found="x", expected="y", remedy="z")
    assert console.problem_text(problem, "en").splitlines()[0] == "Problem"


def test_arguments_are_called_by_their_options():
    problem = Problem(found="unit=", expected="y", remedy="say unit=, not my_unit= or band=")
    said = console.problem_text(problem, "en", {"unit": "--hazard-unit"}).splitlines()
    assert said[1] == "  Found: --hazard-unit"
    assert said[3] == "  Remedy: say --hazard-unit, not my_unit= or band="


def test_names_cannot_steer_the_terminal():
    problem = Problem(file="a\x1b[2J\u202eb\rc", found="x\x00\x9b", expected="y", remedy="z")
    said = console.problem_text(problem, "en")
    assert not set(said) & set("\x1b\x00\x9b\r\u202e")
    assert len(said.splitlines()) == 4


def test_printable_keeps_what_people_read():
    said = "Desa 'Aur' \N{EN DASH} ½ © 2026\nétape"
    assert console.printable(said) == said


@pytest.mark.parametrize("language", text.LANGUAGES)
def test_every_step_has_words(language):
    steps = [*STEPS, *(f"read {name}" for name in INPUTS), "files"]
    assert all(console.step_name(step, language) != step for step in steps)
    assert console.step_name("something new", language) == "something new"


@pytest.fixture(scope="module")
def toy():
    name = "toy_plan_for_tests"
    if name not in sys.modules:
        path = Path(__file__).parent / "maps" / "toy_plan.py"
        spec = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def test_the_summary_opens_with_what_matters(toy):
    lines = console.summary_text(toy.toy_plan(), "en").splitlines()
    assert lines[1:4] == [
        "313 people need to evacuate.",
        "69 of them need help, from 36 helpers (partly a national estimate).",
        "Leaving before the water comes: 230 people get a place, 83 do not.",
    ]
    said = "Leave before the water comes. If late, 30 people no longer get a place"
    assert lines[7].startswith(said)
    assert lines[8] == ""
    for head in ("Evacuees", "Get a place", "Lose their place if late", "Need help"):
        assert head in lines[9]


def test_every_word_of_a_language_is_in_the_other():
    assert set(WORDS["id"]) == set(WORDS["en"])
    for term, said in WORDS["id"].items():
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(words) if name}
            for words in (said, WORDS["en"][term])
        ]
        assert fields[0] == fields[1], term


def exposure(*names):
    table = pd.DataFrame(
        {
            "village_name": list(names),
            "people_total": 1234.4,
            **{f"people_{name}": 246.88 for name in CLASS_NAMES},
            "evacuees": 494,
        },
        index=pd.Index([f"0{row}" for row in range(len(names))], name="village_code"),
    )
    table.attrs["outside"] = {"total": 7.0, **dict.fromkeys(CLASS_NAMES, 1.4)}
    return table


def test_exposure_has_sum_and_outside():
    lines = console.exposure_text(exposure("Aur", "Duku"), "id").splitlines()
    assert len(lines) == 5
    assert "Penduduk" in lines[0]
    assert lines[1].split()[:3] == ["00", "Aur", "1.234"]
    assert "Jumlah semua desa" in lines[3]
    assert "2.469" in lines[3]
    assert "988" in lines[3]
    assert "Di luar semua desa" in lines[4]
    assert "7" in lines[4].split()


def test_exposure_shows_every_village():
    lines = console.exposure_text(exposure(*map(str, range(300))), "en").splitlines()
    assert len(lines) == 303
    assert not any("..." in line for line in lines)


def test_names_of_several_lines_stay_in_their_row():
    said = console.exposure_text(exposure("Desa\nAur\tKuning", "Duku"), "en")
    assert "Desa Aur Kuning" in said
    assert len(said.splitlines()) == 5


def test_notes_of_every_kind_of_input():
    class Holder:
        def __init__(self, **values):
            self.__dict__ |= values

    notes = [Message("{value}", value=number) for number in range(3)]
    inputs = [
        Holder(attrs={"notes": notes[:1]}),
        Holder(graph={"notes": notes[:2]}),  # the first is said already
        Holder(notes=notes[1:]),
        Holder(),
    ]
    said = console.fine_text(inputs, "id").splitlines()
    assert said == ["Semua masukan dapat dipakai.", "- 0", "- 1", "- 2"]
