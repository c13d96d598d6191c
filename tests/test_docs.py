"""The documents say what is so: tables, links, names and examples are held against the code."""

from __future__ import annotations

import doctest
import re
import shlex
import sys
from pathlib import Path

import pytest

import resilience_geo as rg
from resilience_geo import cli
from resilience_geo.hazard_classes import SCHEMES

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.id.md")
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for folder in (ROOT, ROOT / "docs", ROOT / "data")
    for path in folder.glob("*.md")
)
_ASSUMPTION_HEAD = "| name | default | unit | source | confidence |"
# `rg.some_name`, with or without a call; names inside a longer path are not looked at.
_PUBLIC = re.compile(r"`rg\.([A-Za-z_]+)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|<img[^>]*src=\"([^\"]+)\"")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    """Return the fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(name), re.DOTALL | re.MULTILINE)


def without_code(text: str) -> str:
    """Return a document without its fenced blocks, in which brackets are no links."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def shown(value: object) -> str:
    """Return a default as the table of assumptions writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def assumption_table() -> list[str]:
    """Return the rows that docs/assumptions.md must hold."""
    return [
        f"| `{name}` | {shown(entry['value'])} | {entry['unit']} | {entry['source']} "
        f"| {entry['confidence']} |"
        for name, entry in rg.EvacuationAssumptions().as_dict().items()
    ]


def heading_anchors(name: str) -> set[str]:
    """Return the anchors that GitHub makes of a document's headings."""
    heads = re.findall(r"^#+ (.*)$", without_code(text_of(name)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_documents_are_found():
    assert {"README.md", "README.id.md", "CHANGELOG.md", "docs/methods.md"} <= set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    broken = []
    for pair in _LINK.findall(without_code(text_of(name))):
        target = pair[0] or pair[1]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (ROOT / name).parent / path if path else ROOT / name
        if not place.exists() or (
            anchor and anchor not in heading_anchors(str(place.relative_to(ROOT)))
        ):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("name", DOCUMENTS)
def test_public_names_exist(name):
    missing = sorted({one for one in _PUBLIC.findall(text_of(name)) if not hasattr(rg, one)})
    assert not missing


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_place_on_somebodys_disk(name):
    assert not re.findall(r"(?<![\w.])/(?:home|root|work|Users|tmp|opt)/\S*", text_of(name))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_named_in_documents_exist(name):
    """Paths of the checkout in backticks, such as `docs/methods.md`, are there."""
    folders = "docs|scripts|tests|notebooks|benchmarks|resilience_geo"
    named = re.findall(rf"`((?:{folders})/[\w./]+)`", text_of(name))
    assert not [path for path in named if not (ROOT / path).exists()]


def test_assumption_table_is_that_of_the_code():
    after = text_of("docs/assumptions.md").partition(_ASSUMPTION_HEAD)[2].splitlines()
    rows = [line for line in after[2:] if line.startswith("|")]
    assert rows == assumption_table()


def test_assumption_table_could_be_wrong():
    """The comparison sees a changed default."""
    changed = [row.replace("| 1.1 |", "| 1.2 |") for row in assumption_table()]
    assert changed != assumption_table()


def test_cut_points_of_the_methods_are_those_of_the_code():
    rows = {
        cells[0]: [float(re.sub(r"[^\d.]", "", cell) or 0) for cell in cells[2:5]]
        for line in text_of("docs/methods.md").splitlines()
        if (cells := [cell.strip() for cell in line.strip("|").split("|")])[0]
        in {"flood", "tsunami", "all kinds"}
        and len(cells) == 6
    }
    assert rows["flood"] == list(SCHEMES["flood", "m"].cuts)
    assert rows["tsunami"] == list(SCHEMES["tsunami", "m"].cuts)
    assert rows["all kinds"][1:] == list(SCHEMES["landslide", "index"].cuts[1:])


def test_limits_named_in_the_methods_are_the_defaults():
    """Sentences that state a default say the number of the code."""
    text = " ".join(text_of("docs/methods.md").split())
    default = rg.EvacuationAssumptions()
    for sentence in (
        f"on foot {default.walk_depth_limit_m:.2f} m",
        f"motorcycle {default.motorcycle_depth_limit_m:.2f} m",
        f"car {default.car_depth_limit_m:.2f} m",
        f"truck {default.truck_depth_limit_m:.2f} m",
        f"`max_snap_m` ({default.max_snap_m:g} m",
        f"`time_limit_min` ({default.time_limit_min:g} min",
        f" {default.slowed_penalty:g} where it will be slowed",
        f" {default.closed_penalty:g} where it will close",
        f"`max_gap_m` ({default.max_gap_m:g} m",
        f"| {default.shallow_water_speed_factor:g}; {default.wading_speed_factor:g} |",
        f"| walking speed | {default.walking_speed_mps:g} m/s |",
        f"| steps | {default.steps_speed_factor:g} |",
        f"Vehicles run at {default.motorised_speed_kmh:g} km/h",
    ):
        assert sentence in text


def test_examples_of_the_methods_give_what_is_printed():
    source = "\n".join(blocks("docs/methods.md", "python"))
    examples = doctest.DocTestParser().get_doctest(source, {}, "methods", "docs/methods.md", 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    printed: list[str] = []
    runner.run(examples, out=printed.append)
    assert not runner.summarize(verbose=False).failed, "".join(printed)


def test_python_of_the_readme_runs(tmp_path, monkeypatch):
    """The Indonesian twin holds the same blocks; see `test_twins_hold_the_same_blocks`."""
    monkeypatch.chdir(tmp_path)
    room: dict[str, object] = {}
    for block in blocks("README.md", "python"):
        exec(compile(block, "README.md", "exec"), room)
    written = {path.name for path in (tmp_path / "hasil").iterdir()}
    assert {"plan.gpkg", "plan.xlsx", "summary.json", "map.html"} <= written


def commands(name: str) -> list[list[str]]:
    """Return the `resilience-geo` commands of a document's bash blocks, as words."""
    lines = "\n".join(blocks(name, "bash")).replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line))[:1] == ["resilience-geo"]]


def test_commands_of_the_readme_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (configuration,) = blocks("README.md", "toml")
    (tmp_path / "kecamatan.toml").write_text(configuration, encoding="utf-8")
    written = commands("README.md")
    assert {words[1] for words in written} >= {"demo", "sample", "plan", "check", "print", "init"}
    for words in written:
        monkeypatch.setattr(sys, "argv", words)
        code = 0
        try:
            cli.main()
        except SystemExit as stopped:
            code = stopped.code
        assert not code, (words, capsys.readouterr().err)
    assert (tmp_path / "hasil" / "map.html").is_file()
    assert (tmp_path / "cetak" / "route_cards.pdf").is_file()


def test_twins_hold_the_same_blocks():
    """The Indonesian README runs the same code and commands as the English one."""
    for language in ("python", "bash", "powershell", "toml"):
        english, indonesian = (
            [re.sub(r" *#.*", "", block) for block in blocks(name, language)] for name in READMES
        )
        assert english == indonesian


def test_version_is_one():
    changes = re.search(r"^## \[(\d+\.\d+\.\d+)\]", text_of("CHANGELOG.md"), re.MULTILINE)
    cited = re.search(r"^version: (\S+)$", text_of("CITATION.cff"), re.MULTILINE)
    assert changes is not None
    assert cited is not None
    assert changes[1] == cited[1] == rg.__version__


@pytest.fixture(scope="module")
def sample_plan():
    files = rg.sample_files()
    villages = rg.read_villages(files["villages"])
    return rg.plan_evacuation(
        villages,
        rg.read_hazard(files["flood"], kind="flood", unit="m"),
        rg.read_population(files["population"]),
        rg.read_roads(files["roads"], within=villages),
        rg.read_shelters(files["shelters"]),
    )


@pytest.mark.parametrize(
    "table", ["exposure", "origins", "routes", "shelters", "stretches", "unserved", "roads"]
)
def test_columns_in_the_architecture_are_those_of_a_plan(table, sample_plan):
    text = text_of("docs/architecture.md").partition("### Plan")[2]
    said = re.search(rf"^- `{table}`: (.*?)(?=^-|^$)", text, re.MULTILINE | re.DOTALL)
    assert said is not None
    assert re.findall(r"`(\w+)`", said[1]) == list(getattr(sample_plan, table).columns)


def test_every_room_is_in_the_architecture():
    text = text_of("docs/architecture.md")
    table = text.partition("## Rooms")[2].partition("## Which way")[0]
    named = set(
        re.findall(r"`(\w+)/?`", "\n".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)))
    )
    modules = {
        path.parent.name if path.name == "__init__.py" else path.stem
        for path in (ROOT / "resilience_geo").rglob("*.py")
    } - {"resilience_geo"} | {"__init__"}
    assert named == modules
