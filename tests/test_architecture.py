"""The house: which way imports run, how large rooms are, and what is nowhere in them."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import resilience_geo as rg

PACKAGE = Path(rg.__file__).parent
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "data" not in path.parts)
MAX_LINES = 600

# Each line may import from itself and from the lines above it.
LINES = (
    ("errors", "assumptions", "hazard_classes", "crs", "tables"),
    ("flows",),
    ("inputs",),
    ("analysis",),
    (
        "plan",
        "plan_tables",
        "plan_routes",
        "plan_notes",
        "plan_parts",
        "comparison",
        "drills",
        "village_run",
    ),
    ("maps", "reports", "report_workbook", "report_run", "layer_styles", "route_files"),
    (
        "run_options",
        "run_config",
        "run_inputs",
        "plan_files",
        "batch",
        "batch_tiles",
        "batch_work",
        "batch_seats",
        "batch_made",
        "batch_engine",
        "batch_files",
        "batch_flows",
        "batch_geopackage",
        "batch_offers",
        "batch_options",
        "batch_result",
        "batch_steps",
    ),
    ("console", "cli"),
)
COMPUTING = {"flows", "analysis", *LINES[4]}
# The one door the other way: `plan.explore()` calls the public `rg.explore`.
DOORS = {("plan", "resilience_geo")}
OWNERS = {
    "folium": {"maps.web"},
    "branca": {"maps.web"},
    "matplotlib": {
        "maps.drill_pack",
        "maps.printed",
        "maps.printed_frame",
        "maps.printed_hazard",
        "maps.printed_labels",
        "maps.printed_shapes",
        "maps.printed_signs",
    },
    "matplotlib_scalebar": {"maps.printed", "maps.printed_frame"},
    "segno": {"maps.printed_frame"},
    "gpxpy": set(),
    "simplekml": set(),
    "osmnx": {"inputs.roads", "inputs.road_graphml"},
    "osmium": {"inputs.road_osm", "inputs.basemap_osm"},
    "xlsxwriter": {"report_run", "report_workbook"},
    "click": {"cli"},
    "exactextract": {"analysis.cell_shares"},
    "requests": {"inputs.roads"},
    "ortools": {"flows.flow_solvers", "flows.transport_flow"},
    "spopt": set(),
    "dask": set(),
    "distributed": {"batch_engine"},
    "rasterstats": set(),
}
# One village that fails must not keep the others from their maps: it is logged and listed.
CATCH_ALL = {("batch_files", "_tried")}
READERS = {"rasterio", "pyogrio", "fiona", "osmium", "osmnx", "requests", "urllib", "socket"}
HEAVY = ("geopandas", "pandas", "numpy", "shapely", "rasterio", "folium", "matplotlib", "osmnx")


def room_of(path):
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def function_around(path, inner):
    """Return the name of the function that a node is in."""
    return next(
        node.name
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef) and node.lineno <= inner.lineno <= node.end_lineno
    )


def imports_of(path):
    """Return the modules a file imports, anywhere in it, with those only for types."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno} imports relatively"
            found.add(node.module)
            if node.module in {
                "resilience_geo",
                "resilience_geo.inputs",
                "resilience_geo.analysis",
                "resilience_geo.flows",
            }:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
                found.discard("resilience_geo")
    return found


def line_of(room):
    """Return the line of the house a room stands on."""
    for number, names in enumerate(LINES):
        if room.split(".")[0] in names:
            return number
    return None


def caught_by(node, path):
    """Return the classes an `except` names, also by way of a constant of its module."""
    if isinstance(node, ast.Tuple):
        return {kind for part in node.elts for kind in caught_by(part, path)}
    if isinstance(node, ast.Starred):
        return caught_by(node.value, path)
    module = importlib.import_module(f"resilience_geo.{room_of(path)}".removesuffix(".__init__"))
    name = ast.unparse(node)
    value = getattr(module, name, None) or getattr(builtins, name, name)
    return set(value) if isinstance(value, tuple) else {value}


IMPORTS = {room_of(path): imports_of(path) for path in FILES}
ROOMS = [room for room in IMPORTS if not room.endswith("__init__")]


def test_the_house_is_found():
    assert len(ROOMS) > 20
    assert {"plan", "analysis.exposure", "inputs.villages", "maps.web"} <= set(ROOMS)
    assert any(name.startswith("resilience_geo.") for name in IMPORTS["plan"])


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_its_line(room):
    assert line_of(room) is not None


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_imports_from_a_line_below_its_own(room):
    for name in IMPORTS[room]:
        if name == "resilience_geo":
            assert (room, name) in DOORS or line_of(room) == len(LINES) - 1
        elif name.startswith("resilience_geo."):
            other = name.removeprefix("resilience_geo.")
            assert line_of(other) is not None, name
            assert line_of(other) <= line_of(room), f"{room} imports {other}"


@pytest.mark.parametrize("package", OWNERS)
def test_heavy_packages_stay_in_their_rooms(package):
    users = {
        room for room, names in IMPORTS.items() if any(n.split(".")[0] == package for n in names)
    }
    assert users <= OWNERS[package]


@pytest.mark.parametrize("room", [room for room in ROOMS if room.split(".")[0] in COMPUTING])
def test_computing_rooms_open_no_file_and_no_network(room):
    assert not {name.split(".")[0] for name in IMPORTS[room]} & READERS
    calls = [
        node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        for node in ast.walk(tree_of(PACKAGE / f"{room.replace('.', '/')}.py"))
        if isinstance(node, ast.Call)
    ]
    assert not {"open", "read_file", "to_file", "read_csv", "urlopen", "read_text"} & set(calls)


@pytest.mark.parametrize("path", FILES, ids=room_of)
def test_no_room_is_too_large(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", FILES, ids=room_of)
def test_no_room_is_a_lumber_room(path):
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "core", "misc"}


@pytest.mark.parametrize("path", FILES, ids=room_of)
def test_rooms_neither_print_nor_assert_nor_swallow(path):
    for node in ast.walk(tree_of(path)):
        where = f"{path.name}:{getattr(node, 'lineno', 0)}"
        assert not isinstance(node, ast.Assert), where
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"print", "eval", "exec"}, where
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, where
            if (room_of(path), function_around(path, node)) not in CATCH_ALL:
                assert not caught_by(node.type, path) & {Exception, BaseException}, where


@pytest.mark.parametrize("path", FILES, ids=room_of)
def test_every_room_says_what_it_is_for(path):
    assert ast.get_docstring(tree_of(path))


def test_importing_the_package_opens_no_heavy_module():
    code = (
        "import sys, resilience_geo; "
        f"print([name for name in {HEAVY!r} if name in sys.modules], "
        "[name for name in sys.modules if name.startswith('resilience_geo.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"


@pytest.mark.parametrize("name", rg.__all__)
def test_public_names_resolve_and_explain_themselves(name):
    value = getattr(rg, name)
    if name == "__version__":
        assert value.count(".") >= 1
    else:
        assert value.__module__.startswith("resilience_geo.")
        assert len(inspect.getdoc(value) or "") > 20


def test_public_names_are_listed_once_and_in_order():
    assert rg.__all__ == sorted(set(rg.__all__))
    assert dir(rg) == rg.__all__


def test_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        rg.no_such_name  # noqa: B018


CONTRACT = (
    "EvacuationAssumptions",
    "EvacuationPlan",
    "download_roads",
    "evacuation_routes",
    "explore",
    "plan_evacuation",
    "read_hazard",
    "read_population",
    "read_roads",
    "read_shelters",
    "read_villages",
    "road_states",
    "save_print_map",
    "save_tables",
    "save_web_map",
    "shelter_coverage",
    "village_exposure",
)


@pytest.mark.parametrize("name", CONTRACT)
def test_names_of_the_contract_are_public(name):
    assert name in rg.__all__


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("plan_evacuation", "villages hazard people roads shelters departure assumptions"),
        ("village_exposure", "villages hazard people"),
        ("road_states", "roads hazard mode"),
        ("read_villages", "path code_column name_column population_column where"),
        ("read_hazard", "path kind unit classes"),
        ("read_population", "path unit scale"),
        ("read_roads", "path within buffer_m"),
        ("download_roads", "villages buffer_m"),
        ("read_shelters", "path capacity_column area_column"),
    ],
)
def test_public_functions_take_what_the_contract_says(name, first):
    parameters = list(inspect.signature(getattr(rg, name)).parameters)
    assert parameters[: len(first.split())] == first.split()
