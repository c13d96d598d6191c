"""How the GeoPackage of a run over many villages looks in QGIS."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from resilience_geo.layer_styles import (
    _GEOMETRY_COLUMN,
    _SCHEMA,
    _VILLAGE_LABEL,
    TABLE,
    _by_departure,
    _shelter_label,
    _shelters,
)
from resilience_geo.maps import content, style, text
from resilience_geo.maps.geopackage import time_text
from resilience_geo.maps.qml import Part, Rule, outline, qml

if TYPE_CHECKING:
    from pathlib import Path

    from resilience_geo.plan import EvacuationPlan

UNSERVED_FILLS: tuple[str, ...] = ("#FCC5C0", "#FA9FB5", "#F768A1", "#C51B8A", "#7A0177")
"""From few to many people without a place: steps of ColorBrewer's RdPu, whose lightness falls all
the way, so that a greyscale copy keeps the order. Its palest step is left out: it is not seen
beside white. The last is `style.UNSERVED_COLOUR`."""

_SOME_PEOPLE = 1e-3  # sums of shares leave a hair where there is nobody, see `content`
_FAILED_FILL = "#BDBDBD"
_BORDER = style.Line(colour="#333333", width=1.5)


def write_run_styles(whole: EvacuationPlan, path: Path, description: str, language: str) -> None:
    """Add the styles of `villages` and `shelters` to the GeoPackage of a run.

    Parameters
    ----------
    whole
        The run as one plan: its shelters, departure, hazard and time are read.
    path
        The GeoPackage, which has no styles yet.
    description
        Of the layers.
    language
        Of the legend in QGIS: `id` or `en`.
    """
    moment = time_text(content.created(whole))
    rows = [
        (name, _GEOMETRY_COLUMN, name, packed, description, moment)
        for name, packed in run_styles(whole, language).items()
    ]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_SCHEMA)
        connection.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,"
            " f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner,"
            " update_time) VALUES ('', '', ?, ?, ?, ?, '', 1, ?, '', ?)",
            rows,
        )
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description,"
            " last_change, srs_id) VALUES (?, 'attributes', ?, ?, ?, 0)",
            (TABLE, TABLE, description, moment),
        )
        connection.execute(
            "INSERT INTO gpkg_ogr_contents (table_name, feature_count) VALUES (?, ?)",
            (TABLE, len(rows)),
        )


def run_styles(whole: EvacuationPlan, language: str) -> dict[str, str]:
    """Return the styles of the layers of a run as QML, by layer."""
    return {
        "villages": qml("run_villages", _villages(whole, language), _VILLAGE_LABEL),
        "shelters": qml(
            "run_shelters",
            _by_departure(whole, _shelters(whole, language), language),
            _shelter_label(whole, language),
        ),
    }


def _villages(whole: EvacuationPlan, language: str) -> tuple[Rule, ...]:
    """Return villages by their people without a place; unknown is hatched, never left blank."""
    names = content.departures(whole)
    kind = str(whole.hazard.kind)
    graded = tuple(
        Rule(
            label=text.departure_name(name, kind, language),
            rules=_graded("late_" if name == "late" and len(names) > 1 else "", language),
            shown=number == 0,
        )
        for number, name in enumerate(names)
    )
    unknown = Rule(
        label=text.word("qgis_run_unknown", language),
        condition=f'"status" = \'planned\' AND "people_unknown" > {_SOME_PEOPLE}',
        parts=(_fill(style.UNKNOWN_HATCH_COLOUR, "diagonal_x"),),
        level=2,
    )
    failed = Rule(
        label=text.word("qgis_run_not_planned", language),
        condition="\"status\" = 'failed'",
        parts=(_fill(_FAILED_FILL, "solid"), _fill("#000000", "b_diagonal")),
        level=1,
    )
    return (*graded, unknown, failed)


def _graded(prefix: str, language: str) -> tuple[Rule, ...]:
    """Return a rule for each number of people without a place at one departure."""
    unserved = f'("{prefix}evacuees" - "{prefix}allocated")'
    planned = "\"status\" = 'planned'"
    rules = [
        Rule(
            label=text.word("qgis_run_nobody", language),
            condition=f'{planned} AND "{prefix}evacuees" = 0',
            parts=(_fill("#FFFFFF", "solid"),),
        ),
        Rule(
            label=text.word("qgis_run_all_served", language),
            condition=f'{planned} AND "{prefix}evacuees" > 0 AND {unserved} = 0',
            parts=(_fill("#FFFFFF", "solid"), _fill(style.SHELTER_USABLE, "dense7")),
        ),
    ]
    ends = (*style.FLOW_CUTS[1:], None)
    for low, high, colour in zip(style.FLOW_CUTS, ends, UNSERVED_FILLS, strict=True):
        condition = f"{planned} AND {unserved} >= {low}"
        shown = text.number(low if high else low - 1, language)
        label = text.word("qgis_run_people_over", language, low=shown)
        if high:
            condition += f" AND {unserved} < {high}"
            most = text.number(high - 1, language)
            label = text.word("qgis_run_people", language, low=shown, high=most)
        rules.append(Rule(label=label, condition=condition, parts=(_fill(colour, "solid"),)))
    return tuple(rules)


def _fill(colour: str, pattern: str) -> Part:
    """Return a fill with a pattern of QGIS and the border of a village."""
    red, green, blue = style.rgb(colour)
    shown = (("color", f"{red},{green},{blue},255"), ("style", pattern))
    return Part(kind="SimpleFill", properties=(*shown, *outline(_BORDER)))
