from __future__ import annotations

import base64
import dataclasses
import importlib.util
import re
import sqlite3
import sys
import xml.etree.ElementTree as ET
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest

from resilience_geo.layer_styles import STYLED, layer_styles
from resilience_geo.maps import signs, style, symbols
from resilience_geo.reports import save_tables

EVIL = ("<script>alert(1)</script>", "a' OR 1=1 -- \\", '"]]>&\x01\x0b')


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
def file(toy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("styles")
    return save_tables(toy.toy_plan(), folder)[0]


def _rows(file, words):
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(words)]


def _tree(qml):
    """Return the XML below the document type, which names no entities."""
    first, _, rest = qml.partition("\n")
    assert first == "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
    return ET.fromstring(rest)


def _kinds(toy, kinds, **options):
    """Return a plan whose shelters are of some kinds."""
    plan = toy.toy_plan(**options)
    repeated = [kinds[number % len(kinds)] for number in range(len(plan.shelters))]
    shelters = plan.shelters.assign(kind=np.array(repeated, dtype=object))
    return dataclasses.replace(plan, shelters=shelters)


def test_the_table_is_the_one_qgis_looks_for(file):
    # QGIS, src/core/providers/ogr: it asks for a style of a table and its geometry column.
    rows = _rows(file, "SELECT * FROM layer_styles ORDER BY id")
    assert list(rows[0]) == [
        "id",
        "f_table_catalog",
        "f_table_schema",
        "f_table_name",
        "f_geometry_column",
        "styleName",
        "styleQML",
        "styleSLD",
        "useAsDefault",
        "description",
        "owner",
        "ui",
        "update_time",
    ]
    assert [row["f_table_name"] for row in rows] == list(STYLED)
    columns = _rows(file, "SELECT table_name, column_name FROM gpkg_geometry_columns")
    known = {row["table_name"]: row["column_name"] for row in columns}
    assert set(known) == set(STYLED)
    for row in rows:
        assert row["f_geometry_column"] == known[row["f_table_name"]]
        assert row["f_table_schema"] == ""
        assert row["useAsDefault"] == 1
        assert len(row["styleName"]) <= 30
        assert row["description"].startswith("DATA CONTOH")
        assert row["update_time"] == "2026-11-22T03:00:00.000Z"  # the plan's own, in UTC


def test_the_geopackage_stays_valid(file):
    found = _rows(file, "SELECT * FROM gpkg_contents WHERE table_name = 'layer_styles'")
    assert [row["data_type"] for row in found] == ["attributes"]
    assert found[0]["last_change"] == "2026-11-22T03:00:00.000Z"
    assert _rows(file, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    assert _rows(file, "PRAGMA foreign_key_check") == []
    back = pyogrio.read_dataframe(file, layer="layer_styles")
    assert back["f_table_name"].tolist() == list(STYLED)


@pytest.mark.parametrize("layer", STYLED)
def test_a_style_is_whole(toy, layer):
    qml = layer_styles(toy.toy_plan(), "id")[layer]
    root = _tree(qml)
    renderer = root.find("renderer-v2")
    assert renderer.get("type") == "RuleRenderer"
    drawn = {symbol.get("name"): symbol for symbol in renderer.find("symbols")}
    rules = list(renderer.iter("rule"))
    keys = [rule.get("key") for rule in rules]
    assert len(set(keys)) == len(keys)
    assert {rule.get("symbol") for rule in rules if rule.get("symbol")} == set(drawn)
    assert all(rule.get("label") for rule in rules)
    kind = {"villages": "fill", "origins": "marker", "shelters": "marker"}.get(layer, "line")
    assert {symbol.get("type") for symbol in drawn.values()} == {kind}
    for color in re.findall(r'_color" v="([^"]*)"', qml):
        parts = [int(part) for part in color.split(",")]
        assert len(parts) == 4
        assert all(0 <= part <= 255 for part in parts)


@pytest.mark.parametrize("layer", STYLED)
def test_conditions_ask_for_columns_there_are(toy, file, layer):
    columns = set(pyogrio.read_info(file, layer=layer)["fields"])
    root = _tree(layer_styles(toy.toy_plan(), "id")[layer])
    words = [rule.get("filter", "") for rule in root.iter("rule")]
    words += [element.get("fieldName") for element in root.iter("text-style")]
    asked = {name for each in words for name in re.findall(r'"(\w+)"', each)}
    assert asked <= columns
    assert asked


def _matching(file, layer, condition):
    """Return how many rows a condition holds for; QGIS's comparisons are SQL's."""
    return _rows(file, f"SELECT count(*) AS n FROM {layer} WHERE {condition or '1'}")[0]["n"]


def _leaves(rule, above=()):
    """Return the condition of every rule with a symbol, with those of its parents."""
    conditions = (*above, *([rule.get("filter")] if rule.get("filter") else []))
    if rule.get("symbol"):
        yield rule, " AND ".join(f"({each})" for each in conditions)
    for child in rule.findall("rule"):
        yield from _leaves(child, conditions)


@pytest.mark.parametrize(
    ("layer", "departure"), [("origins", "both"), ("shelters", "both"), ("shelters", "late")]
)
def test_every_place_has_exactly_one_sign(toy, tmp_path, layer, departure):
    kinds = ("TES", "tea", "titik kumpul", "SD", None, "TES'; DROP TABLE shelters; --")
    plan = _kinds(toy, kinds, departure=departure)
    file = save_tables(plan, tmp_path)[0]
    top = _tree(layer_styles(plan, "id")[layer]).find("renderer-v2/rules")
    conditions = [each for rule in top for _, each in _leaves(rule)]
    count = len(getattr(plan, layer))
    assert sum(_matching(file, layer, each) for each in conditions) == count
    at_least_one = " OR ".join(f"({each})" for each in conditions)
    assert _matching(file, layer, at_least_one) == count


def test_shelters_carry_the_sign_of_their_role_and_state(toy, tmp_path):
    plan = _kinds(toy, ("TES", "TEA", "titik kumpul", "SD", "", None), departure="early")
    file = save_tables(plan, tmp_path)[0]
    root = _tree(layer_styles(plan, "id")["shelters"])
    drawn = {symbol.get("name"): symbol for symbol in root.find("renderer-v2/symbols")}
    found = {}
    for rule, condition in (
        leaf for top in root.find("renderer-v2/rules") for leaf in _leaves(top)
    ):
        packed = drawn[rule.get("symbol")].find(".//prop[@k='name']").get("v")
        assert packed.startswith("base64:")
        svg = base64.b64decode(packed.removeprefix("base64:")).decode()
        for row in _rows(file, f"SELECT shelter_id FROM shelters WHERE {condition}"):
            found[row["shelter_id"]] = svg
    # Read off the toy: state by status and capacity, role by the kind given above.
    expected = {
        "s1": ("usable", "tes"),
        "s2": ("usable", "tea"),
        "s3": ("unknown_capacity", "assembly"),
        "s4": ("in_hazard", "shelter"),
        "s5": ("unknown_hazard", "shelter"),
        "s6": ("unreachable", "shelter"),
    }
    assert found == {
        key: symbols.standalone_svg(signs.shelter_sign(*what)) for key, what in expected.items()
    }


def test_only_the_early_departure_is_shown_at_first(toy):
    for layer in ("origins", "routes", "shelters"):
        top = _tree(layer_styles(toy.toy_plan(), "id")[layer]).find("renderer-v2/rules")
        assert [rule.get("checkstate", "1") for rule in top] == ["1", "0"]
        assert [rule.get("filter") for rule in top] == [
            "\"departure\" = 'early'",
            "\"departure\" = 'late'",
        ]
        one = layer_styles(toy.toy_plan(departure="early"), "id")[layer]
        assert "departure" not in one


def test_routes_by_rank_with_arrows_on_one_a_village_and_shelter(toy, tmp_path):
    plan = toy.toy_plan(departure="early")
    file = save_tables(plan, tmp_path)[0]
    root = _tree(layer_styles(plan, "id")["routes"])
    rules = [leaf for top in root.find("renderer-v2/rules") for leaf in _leaves(top)]
    ids = [
        [row["route_id"] for row in _rows(file, f"SELECT route_id FROM routes WHERE {condition}")]
        for _, condition in rules
    ]
    assert ids == [[], ["r1", "r2", "r3"], ["r1", "r3"]]
    drawn = {symbol.get("name"): symbol for symbol in root.find("renderer-v2/symbols")}
    layers = [[each.get("class") for each in drawn[rule.get("symbol")]] for rule, _ in rules]
    assert layers == [["SimpleLine"] * 2, ["SimpleLine"] * 2, ["MarkerLine"]]
    passes = [int(each.get("pass")) for rule, _ in rules for each in drawn[rule.get("symbol")]]
    assert passes == sorted(passes)  # second routes lowest, arrows on top
    custom = ".//prop[@k='use_custom_dash']"
    dashed = [
        rule.get("label") for rule, _ in rules if drawn[rule.get("symbol")].find(custom) is not None
    ]
    assert dashed == ["Jalur evakuasi kedua"]


def test_states_of_roads_look_like_those_of_the_map(toy):
    root = _tree(layer_styles(toy.toy_plan(), "id")["roads"])
    drawn = {symbol.get("name"): symbol for symbol in root.find("renderer-v2/symbols")}
    for rule in root.find("renderer-v2/rules"):
        state = re.search("'(.*)'", rule.get("filter")).group(1)
        top = drawn[rule.get("symbol")].findall("layer")[-1]
        values = {prop.get("k"): prop.get("v") for prop in top}
        red, green, blue = style.rgb(style.ROADS[state].colour)
        assert values["line_color"] == f"{red},{green},{blue},255"
        assert ("customdash" in values) == bool(style.ROADS[state].dash)


def test_flow_has_a_class_for_every_number_of_people(toy):
    root = _tree(layer_styles(toy.toy_plan(), "id")["stretches"])
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (evacuees_early INTEGER)")
        counts = [0, 1, 50, 51, 200, 201, 1000, 1001, 5000, 5001, 90_000]
        connection.executemany("INSERT INTO t VALUES (?)", [(count,) for count in counts])
        flow = root.find("renderer-v2/rules")[0]
        found = [
            [row[0] for row in connection.execute(f"SELECT * FROM t WHERE {rule.get('filter')}")]
            for rule in flow
        ]
    assert found == [[1, 50], [51, 200], [201, 1000], [1001, 5000], [5001, 90_000]]


def test_polygons_of_shelters_get_a_border_and_a_sign_in_the_middle(toy, tmp_path):
    plan = toy.toy_plan()
    areas = plan.shelters.assign(geometry=plan.shelters.geometry.buffer(40))
    plan = dataclasses.replace(plan, shelters=areas)
    root = _tree(layer_styles(plan, "id")["shelters"])
    for symbol in root.find("renderer-v2/symbols"):
        assert symbol.get("type") == "fill"
        assert [each.get("class") for each in symbol.findall("layer")] == [
            "SimpleFill",
            "CentroidFill",
        ]
        assert symbol.find("layer/symbol").get("type") == "marker"
    save_tables(plan, tmp_path)


@pytest.mark.parametrize("language", ["id", "en"])
def test_hostile_names_stay_in_the_data(toy, tmp_path, language):
    plan = _kinds(toy, (*(f"TES {name}" for name in EVIL), "titik kumpul"), names=EVIL)
    styles = layer_styles(plan, language)
    for qml in styles.values():
        _tree(qml)
        assert "<script" not in qml
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", qml)
    assert "TES a'' OR 1=1 -- \\\\'" in styles["shelters"]  # one text, and not its end
    file = save_tables(plan, tmp_path, language=language)[0]
    assert pyogrio.read_dataframe(file, layer="villages")["village_name"].tolist()[:2] == [
        *EVIL[:2]
    ]
    assert len(_rows(file, "SELECT * FROM layer_styles")) == len(STYLED)


def test_labels_are_text_and_no_markup(toy):
    for layer in ("villages", "shelters", "roads"):
        letters = _tree(layer_styles(toy.toy_plan(), "id")[layer]).find(".//text-style")
        assert letters.get("allowHtml") == "0"
        assert letters.get("isExpression") == "1"


def test_words_change_with_the_language(toy):
    plan = toy.toy_plan()
    for one, other in zip(
        layer_styles(plan, "id").values(), layer_styles(plan, "en").values(), strict=True
    ):
        labels = [[rule.get("label") for rule in _tree(qml).iter("rule")] for qml in (one, other)]
        assert len(labels[0]) == len(labels[1])
        assert not set(labels[0]) & set(labels[1])


def test_plans_without_routes_and_without_kinds(toy, tmp_path):
    plan = toy.toy_plan()
    bare = dataclasses.replace(
        plan, routes=plan.routes.iloc[:0], shelters=plan.shelters.drop(columns="kind")
    )
    for qml in layer_styles(bare, "id").values():
        assert isinstance(_tree(qml), ET.Element)
    assert pd.api.types.is_list_like(save_tables(bare, tmp_path))
