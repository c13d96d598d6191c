"""How the layers of a plan's GeoPackage look in QGIS: a style for each, opened by default.

QGIS looks for styles in the table `layer_styles` of a GeoPackage and reads them as QML, its own
XML. Signs and colours are those of the maps.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import lru_cache
from typing import TYPE_CHECKING

import pandas as pd

from resilience_geo.maps import content, signs, style, text
from resilience_geo.maps.geopackage import time_text
from resilience_geo.maps.qml import (
    Label,
    Part,
    Rule,
    outline,
    qml,
    quoted,
    simple_lines,
    svg_marker,
    with_casing,
)
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from resilience_geo.plan import EvacuationPlan

TABLE = "layer_styles"
STYLED: tuple[str, ...] = ("villages", "origins", "routes", "shelters", "roads", "stretches")
"""The layers with a geometry; each has a style."""

_GEOMETRY_COLUMN = "geom"
_FAR, _NEAR, _CLOSE = 100_000, 25_000, 6_000
"""Denominators of the smallest scales at which things are drawn."""
_MOST_ARROWED_ROUTES = 600
_ARROW_INTERVAL_MM = 22.0
_SIGN_MM = 6.0
_SECOND_ROUTE = style.Line(colour=style.FLOW_COLOUR, width=3.0, dash=(8, 5), casing="#FFFFFF")

_SCHEMA = (
    "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,"
    " f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),"
    " f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,"
    " useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),"
    " update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"
)
"""The table as QGIS makes it itself."""


def write_layer_styles(plan: EvacuationPlan, path: Path, language: str) -> None:
    """Add the styles of a plan's layers to its GeoPackage.

    Parameters
    ----------
    plan
        The plan.
    path
        Its GeoPackage, which has no styles yet.
    language
        Of the legend in QGIS: `id` or `en`.
    """
    title = content.title(plan, language)
    stamp = f"{text.word('sample', language)}: " if plan.is_sample else ""
    moment = time_text(content.created(plan))
    rows = [
        (
            "",
            "",
            name,
            _GEOMETRY_COLUMN,
            name,
            packed,
            "",
            True,
            f"{stamp}{title}",
            "",
            None,
            moment,
        )
        for name, packed in layer_styles(plan, language).items()
    ]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_SCHEMA)
        connection.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,"
            " f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner,"
            " ui, update_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description,"
            " last_change, srs_id) VALUES (?, 'attributes', ?, ?, ?, 0)",
            (TABLE, TABLE, f"{stamp}{title}", moment),
        )
        connection.execute(
            "INSERT INTO gpkg_ogr_contents (table_name, feature_count) VALUES (?, ?)",
            (TABLE, len(rows)),
        )


def layer_styles(plan: EvacuationPlan, language: str) -> dict[str, str]:
    """Return the style of each of `STYLED` as QML."""
    return {
        "villages": _qml("villages", _villages(language), _VILLAGE_LABEL),
        "origins": _qml("origins", _by_departure(plan, _origins(language), language)),
        "routes": qml("routes", _by_departure(plan, _routes(plan, language), language)),
        "shelters": _qml(
            "shelters",
            _by_departure(plan, _shelters(plan, language), language),
            _shelter_label(plan, language),
        ),
        "roads": _qml("roads", _roads(language), _ROAD_LABEL, smallest_scale=2 * _NEAR),
        "stretches": _qml("stretches", _stretches(plan, language), smallest_scale=_FAR),
    }


_qml = lru_cache(maxsize=64)(qml)
"""Styles that do not name routes are the same for most villages of a run."""

_VILLAGE_LABEL = Label(
    expression='"village_name" || \'\\n\' || "village_code"',
    size_points=10.0,
    placement=1,
    smallest_scale=2 * _FAR,
    bold=True,
)
_ROAD_LABEL = Label(expression='"name"', size_points=7.5, placement=3, smallest_scale=_CLOSE)


def _shelter_label(plan: EvacuationPlan, language: str) -> Label:
    """Return name and people coming, once where a shelter has a row for each departure."""
    people = quoted(f" {text.word('people', language)})")
    name = (
        'coalesce("name", \'\') || if("allocated_people" > 0, '
        f"' (' || to_string(\"allocated_people\") || {people}, '')"
    )
    if plan.departure == "both":
        name = f"if(\"departure\" = 'early', {name}, NULL)"
    return Label(expression=name, size_points=9.0, placement=0, smallest_scale=_NEAR, bold=True)


def _by_departure(plan: EvacuationPlan, rules: Sequence[Rule], language: str) -> tuple[Rule, ...]:
    """Return rules once for each departure; those of the late one are off at first."""
    if plan.departure != "both":
        return tuple(rules)
    kind = str(plan.hazard.kind)
    return tuple(
        Rule(
            label=text.departure_name(name, kind, language),
            condition=f"\"departure\" = '{name}'",
            rules=tuple(rules),
            shown=name == "early",
        )
        for name in content.departures(plan)
    )


def _villages(language: str) -> tuple[Rule, ...]:
    """Return village borders over a map: a line without a fill."""
    parts = tuple(
        Part(kind="SimpleFill", properties=(("style", "no"), *outline(line)))
        for line in with_casing(style.VILLAGE)
    )
    return (Rule(label=text.word("village_border", language), parts=parts),)


def _origins(language: str) -> tuple[Rule, ...]:
    """Return where people leave from, and why some have no place."""
    served = Rule(
        label=text.word("settlement", language),
        condition="\"status\" = 'allocated'",
        parts=(svg_marker(signs.settlement_sign(), 2.2),),
        smallest_scale=_NEAR,
    )
    unserved = text.word("unserved", language)
    return (
        served,
        *(
            Rule(
                label=f"{unserved}: {text.word(cause, language).lower()}",
                condition=f"\"status\" = '{cause}'",
                parts=(svg_marker(signs.cause_sign(cause), 4.0),),
                level=1,
            )
            for cause in UNSERVED_CAUSES
        ),
    )


def _routes(plan: EvacuationPlan, language: str) -> tuple[Rule, ...]:
    """Return second routes below main ones, and arrows on one main route a village and shelter.

    Thousands of routes share their last road: an arrow on each would be a black band.
    """
    arrow = Part(
        kind="MarkerLine",
        properties=(
            ("interval", str(_ARROW_INTERVAL_MM)),
            ("interval_unit", "MM"),
            ("offset_along_line", str(_ARROW_INTERVAL_MM / 2.0)),
            ("offset_along_line_unit", "MM"),
            ("placement", "interval"),
            ("rotate", "1"),
        ),
        marker=svg_marker(signs.arrow_sign(), 4.0),
    )
    # Without their lines, which take long to carry along.
    main = content.main_routes(pd.DataFrame(plan.routes.drop(columns=plan.routes.geometry.name)))
    main = main.sort_values(["evacuees", "route_id"], ascending=[False, True], kind="stable")
    arrowed = sorted(set(main["route_id"].iloc[:_MOST_ARROWED_ROUTES].astype(str)))
    return (
        Rule(
            label=text.word("qgis_second_route", language),
            condition='"rank" > 1',
            parts=simple_lines(_SECOND_ROUTE),
            smallest_scale=_NEAR,
        ),
        Rule(
            label=text.word("qgis_main_route", language),
            condition='"rank" = 1',
            parts=simple_lines(style.ROUTE),
            level=2,
        ),
        Rule(
            label=text.word("evacuation_arrow", language),
            condition=f'"rank" = 1 AND {_is_one_of("route_id", arrowed)}',
            parts=(arrow,),
            smallest_scale=2 * _NEAR,
            level=4,
        ),
    )


def _shelters(plan: EvacuationPlan, language: str) -> tuple[Rule, ...]:
    """Return the signs of shelters by what they are for and by their state."""
    kinds = plan.shelters["kind"] if "kind" in plan.shelters.columns else []
    of_role: dict[str, list[str]] = {role: [] for role in signs.SHELTER_ROLES}
    for kind in dict.fromkeys("" if kind is None else str(kind) for kind in kinds):
        of_role[signs.shelter_role(kind)].append(kind)
    areas = set(plan.shelters.geom_type) <= {"Polygon", "MultiPolygon"}
    named = [kind for role, kinds in of_role.items() if role != "shelter" for kind in kinds]
    rules = []
    for role in signs.SHELTER_ROLES:
        if role != "shelter" and not of_role[role]:
            continue
        condition = _is_one_of("kind", of_role[role])
        if role == "shelter":
            condition = f'"kind" IS NULL OR NOT ({_is_one_of("kind", named)})' if named else ""
        rules.append(
            Rule(
                label=text.word(f"role_{role}", language),
                condition=condition,
                rules=tuple(_shelter_states(role, language, areas=areas)),
            )
        )
    return tuple(rules)


def _shelter_states(role: str, language: str, *, areas: bool) -> Iterable[Rule]:
    """Return a rule for each state of shelters of a role."""
    for state in signs.SHELTER_STATES:
        condition = f"\"status\" = '{state}'"
        if state in {"usable", "unknown_capacity"}:
            known = "NOT NULL" if state == "usable" else "NULL"
            condition = f'"status" = \'usable\' AND "capacity_people" IS {known}'
        marker = svg_marker(signs.shelter_sign(state, role), _SIGN_MM)
        parts: tuple[Part, ...] = (marker,)
        if areas:
            line = style.Line(colour=style.SHELTER_USABLE, width=2.0)
            border = Part(kind="SimpleFill", properties=(("style", "no"), *outline(line)))
            centre = Part(kind="CentroidFill", properties=(), marker=marker)
            parts = (border, centre)
        yield Rule(label=text.word(f"shelter_{state}", language), condition=condition, parts=parts)


def _roads(language: str) -> tuple[Rule, ...]:
    """Return whole roads by their worst state."""
    return tuple(
        Rule(
            label=text.word(f"road_{state}", language),
            condition=f"\"state\" = '{state}'",
            parts=simple_lines(style.ROADS[state]),
            level=2,
        )
        for state in style.ROAD_STATES
    )


def _stretches(plan: EvacuationPlan, language: str) -> tuple[Rule, ...]:
    """Return how many people pass, and over it the state of each stretch."""
    people = f'"evacuees_{content.departures(plan)[0]}"'
    steps = []
    for low, high, width in zip(
        style.FLOW_CUTS, (*style.FLOW_CUTS[1:], None), style.FLOW_WIDTHS, strict=True
    ):
        condition = f"{people} >= {low}" + (f" AND {people} < {high}" if high else "")
        label = (
            text.word(
                "flow_people",
                language,
                low=text.number(low, language),
                high=text.number(high - 1, language),
            )
            if high
            else text.word("flow_people_over", language, low=text.number(low - 1, language))
        )
        line = style.Line(colour=style.FLOW_COLOUR, width=width)
        steps.append(Rule(label=label, condition=condition, parts=simple_lines(line)))
    states = Rule(label=text.word("roads", language), rules=_roads(language), smallest_scale=_NEAR)
    return (Rule(label=text.word("flow", language), rules=tuple(steps)), states)


def _is_one_of(column: str, values: Iterable[str]) -> str:
    """Return the expression that asks whether a column holds one of some texts."""
    return f'"{column}" IN ({", ".join(map(quoted, values)) or "NULL"})'
