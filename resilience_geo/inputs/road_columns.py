"""Which column of a line layer says what about a road, and in which words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from resilience_geo.inputs.road_graph import FLAGS, direction_of, road_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

# In order of preference; compared without regard to case. English as OSM exports write them,
# Indonesian as BIG, PUPR and BPBD layers do.
COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "osmid": ("osm_id", "full_id", "osm_way_id", "osmid", "@id"),
    "highway": (
        "highway", "fclass", "road_type", "roadtype", "jenis_jalan", "jns_jalan", "kelas_jalan",
        "kls_jalan", "fungsi_jalan", "fungsi", "type", "remark", "jenis", "kelas", "class",
    ),
    "oneway": ("oneway", "one_way", "searah", "satu_arah"),
    "junction": ("junction",),
    "area": ("area",),
    "name": ("name", "nama", "nama_jalan", "nm_jalan", "nama_jln", "nama_ruas", "namobj"),
    "bridge": ("bridge", "jembatan"),
    "tunnel": ("tunnel", "terowongan"),
    "layer": ("layer",),
    "ford": ("ford",),
    "surface": ("surface", "permukaan", "perkerasan", "jenis_perkerasan"),
    "width": ("width", "lebar", "lebar_jalan", "lebar_jln", "lbr_jalan"),
    "lanes": ("lanes", "lajur", "jml_lajur"),
    "access": ("access",),
    "foot": ("foot",),
    "smoothness": ("smoothness",),
    "maxspeed": ("maxspeed",),
}  # fmt: skip
OTHER_TAGS: tuple[str, ...] = ("other_tags", "all_tags", "tags")
UNKNOWN_ROAD = "road"  # OSM's own word for a road of unknown kind
_INDONESIAN_KINDS = {
    "tol": "motorway",
    "arteri": "primary",
    "kolektor": "secondary",
    "lokal": "tertiary",
    "lingkungan": "residential",
    "lain": "unclassified",
    "setapak": "path",
    "pematang": "path",
}
_HSTORE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*=>\s*"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_ZERO_MEANS_UNKNOWN = frozenset({"width", "lanes", "maxspeed", "layer"})
_TRUE = frozenset({"t", "true", "1", "y", "ya"})
_FALSE = frozenset({"f", "false", "0", "n", "tidak"})


def columns_of(fields: Iterable[str]) -> dict[str, str]:
    """Return which field of a layer holds which tag.

    Examples
    --------
    >>> columns_of(["TYPE", "NAMA", "ELEVASI"])
    {'highway': 'TYPE', 'name': 'NAMA'}
    """
    by_name: dict[str, str] = {}
    for field in fields:
        by_name.setdefault(str(field).lower(), field)
    found = {}
    for tag, names in COLUMN_NAMES.items():
        for name in names:
            if name in by_name:
                found[tag] = by_name[name]
                break
    for name in OTHER_TAGS:
        if name in by_name:
            found["other_tags"] = by_name[name]
            break
    return found


def tags_of_rows(table: pd.DataFrame, columns: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the OSM tags of every row of a layer, as text, without what is empty.

    Parameters
    ----------
    table
        The rows.
    columns
        What `columns_of` found.
    """
    texts = {
        tag: [_text(value) for value in table[column].tolist()] for tag, column in columns.items()
    }
    texts["oneway"] = _oneway_words(texts.get("oneway", [""] * len(table)))
    rows: list[dict[str, str]] = [{} for _ in range(len(table))]
    for row, packed in zip(rows, texts.pop("other_tags", []), strict=False):
        row.update(_unpacked(packed))
    for tag, values in texts.items():
        for row, value in zip(rows, values, strict=True):
            if value and not (tag in _ZERO_MEANS_UNKNOWN and _is_zero(value)):
                row[tag] = value
    for row in rows:
        _use_osm_words(row)
    return rows


def level_of(tags: Mapping[str, str]) -> int:
    """Return the height of a road over its surroundings, 0 for the ground.

    The tag `layer`, or else 1 for a bridge and -1 for a tunnel.
    """
    try:
        layer = int(float(tags.get("layer", "0")))
    except (ValueError, OverflowError):
        layer = 0
    if layer:
        return max(-100, min(layer, 100))
    if "bridge" in tags:
        return 1
    return -1 if tags.get("tunnel", "building_passage") != "building_passage" else 0


def edge_attributes(tags: Mapping[str, str], number: int) -> dict[str, Any]:
    """Return what an edge says of its road; `number` is its row where it has no OSM number."""
    digits = re.sub(r"\D", "", tags.get("osmid", "").split(".")[0])
    osmid = int(digits[:18]) if digits else number
    return {"osmid": osmid, "highway": tags.get("highway", UNKNOWN_ROAD), **road_tags(tags)}


def directions_of(rows: Sequence[Mapping[str, str]]) -> list[int]:
    """Return the direction in which each row may be driven."""
    return [direction_of(row) for row in rows]


def _text(value: Any) -> str:
    """Return a cell as text: whole numbers without a point, missing values empty."""
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT differ from themselves
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _oneway_words(values: list[str]) -> list[str]:
    """Return one-way columns in OSM's words.

    Geofabrik writes B, F (forward) and T (against the line); where no B occurs, T and F mean true
    and false.
    """
    lowered = [value.strip().lower() for value in values]
    if "b" in lowered:
        words = {"b": "no", "f": "yes", "t": "-1"}
    else:
        words = dict.fromkeys(_TRUE, "yes") | dict.fromkeys(_FALSE, "no")
    return [words.get(value, value) for value in lowered]


def _use_osm_words(row: dict[str, str]) -> None:
    """Replace Geofabrik's and Indonesian words of one row by OSM's."""
    for tag in FLAGS & row.keys():
        lowered = row[tag].strip().lower()
        row[tag] = "yes" if lowered in _TRUE else "no" if lowered in _FALSE else row[tag]
    kind = row.get("highway", "").strip().lower()
    if not kind:
        return
    if kind in {"unknown", "tidak diketahui"}:
        row["highway"] = UNKNOWN_ROAD
    elif kind.startswith("track_grade"):
        row["highway"] = "track"
    else:
        words = kind.removeprefix("jalan ").split()
        row["highway"] = _INDONESIAN_KINDS.get(words[0] if words else "", kind)


def _unpacked(packed: str) -> dict[str, str]:
    """Return the tags of a column that packs several: hstore as GDAL writes it, or JSON."""
    if packed.startswith("{"):
        try:
            read = json.loads(packed)
        except (ValueError, RecursionError):
            return {}
        pairs = ((key, _text(value)) for key, value in read.items())
    else:
        pairs = (
            (_ESCAPED.sub(r"\1", key), _ESCAPED.sub(r"\1", value))
            for key, value in _HSTORE.findall(packed)
        )
    return {key: value for key, value in pairs if key in COLUMN_NAMES and value}


def _is_zero(value: str) -> bool:
    """Return whether a text is the number 0."""
    try:
        return float(value) == 0.0
    except ValueError:
        return False
