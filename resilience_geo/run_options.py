"""What a run can be told: its input files, how to read each, and what its maps show.

Only data, so that the command answers at once.
"""

from __future__ import annotations

from typing import Any

_NOT_FOUND, _SEVERAL = "when it is not found.", "when the file has several."
INPUTS: dict[str, str] = {
    "villages": "Boundary layer.",
    "hazard": "Raster or polygons.",
    "population": "Population raster.",
    "roads": ".osm.pbf, .osm, .graphml or a line layer.",
    "shelters": "Points or buildings.",
    "elevation": "Heights (m), for walking speed on slopes.",
    "vulnerable": "Table of who needs help, or the word national.",
    "basemap": "OSM file with water, buildings, places and landmarks to draw.",
    "settlements": "Dusun, RW or RT with their names: polygons or points.",
}
"""Each input and what it is, in the order of reading."""
OPTIONAL: tuple[str, ...] = ("elevation", "vulnerable", "basemap", "settlements")
"""Inputs a plan can do without."""
MAP_INPUTS: tuple[str, ...] = ("basemap", "settlements")
"""Inputs that maps show and plans do not need."""
_POPULATION_UNITS = "people_per_cell people_per_ha people_per_km2"
DETAILS: dict[str, dict[str, tuple[Any, ...]]] = {
    "villages": {
        "layer": ("--villages-layer", f"Layer, {_SEVERAL}"),
        "code_column": ("--code-column", f"Column of the village code, {_NOT_FOUND}"),
        "name_column": ("--name-column", f"Column of the village name, {_NOT_FOUND}"),
    },
    "hazard": {
        "kind": ("--hazard-kind", "What it is.", "flood", "flood landslide tsunami generic"),
        "unit": ("--hazard-unit", "Of a raster that states none.", None, "m cm index class"),
        "classes": ("--hazard-classes", "Cut points as 0.3,0.6,0.9, or classes as 1=low,2=high."),
        "nodata": ("--hazard-nodata", "What no data means.", "unknown", "unknown none"),
        "class_column": ("--hazard-column", f"Class column of polygons, {_NOT_FOUND}"),
        "layer": ("--hazard-layer", f"Layer of polygons, {_SEVERAL}"),
        "band": ("--hazard-band", f"Band of the raster, {_SEVERAL}"),
    },
    "population": {
        "unit": ("--population-unit", "Of the values.", "people_per_cell", _POPULATION_UNITS),
        "scale": ("--population-scale", "Multiplies every value.", 1.0),
        "band": ("--population-band", f"Band of the raster, {_SEVERAL}"),
    },
    "roads": {
        "layer": ("--roads-layer", f"Layer of lines, {_SEVERAL}"),
        "buffer_m": ("--roads-buffer-m", "Roads this far beyond the villages (m).", 3000.0),
    },
    "shelters": {
        "layer": ("--shelters-layer", f"Layer, {_SEVERAL}"),
        "capacity_column": ("--shelter-capacity", f"Column of people it takes, {_NOT_FOUND}"),
        "area_column": ("--shelter-area", f"Column of the floor area (m2), {_NOT_FOUND}"),
    },
    "elevation": {},
    "vulnerable": {
        "layer": ("--vulnerable-layer", f"Sheet or layer, {_SEVERAL}"),
        "code_column": ("--vulnerable-code", f"Column of the village code, {_NOT_FOUND}"),
    },
    "basemap": {
        "water": ("--water", "Layer of water polygons instead of those of the basemap."),
        "waterways": ("--waterways", "Layer of river lines, likewise."),
        "buildings": ("--buildings", "Layer of buildings, likewise."),
        "places": ("--places", "Layer of place names (points), likewise."),
        "landmarks": ("--landmarks", "Layer of landmarks (points), likewise."),
    },
    "settlements": {
        "layer": ("--settlements-layer", f"Layer, {_SEVERAL}"),
        "name_column": ("--settlement-name", f"Column of the name, {_NOT_FOUND}"),
    },
}
"""The arguments of each reader, and the option that fills each: flag, help, default, choices."""
MAP_DETAILS: dict[str, tuple[Any, ...]] = {
    "palette": ("--palette", "Hazard colours.", "colour_blind", "colour_blind official"),
    "agency": ("--agency", "Who publishes the maps."),
    "contact": ("--contact", "Telephone or address of the agency."),
    "logo": ("--logo", "PNG or JPEG of its logo."),
    "link": ("--link", "Address for the QR code of printed sheets."),
    "paper": ("--paper", "Of the printed map.", "A3", "A4 A3 A2 A1 A0"),
    "orientation": ("--orientation", "Of the printed map.", "landscape", "landscape portrait auto"),
}
"""What maps show besides the plan, and how they are printed: as in `DETAILS`."""
PLAN_DETAILS: dict[str, tuple[Any, ...]] = {
    "departure": ("--departure", "Before or during the hazard.", "both", "early late both"),
    "language": ("--language", "Language of what people read.", "id", "id en"),
}
"""What is planned, and in which language it is written: as in `DETAILS`."""

BATCH_DETAILS: dict[str, tuple[Any, ...]] = {
    "seats": (
        "--seats",
        "Whose are the seats: shared by the whole run, or all of them for each village alone.",
        "run",
        "run village",
    ),
}
"""What a run over many villages is told besides: as in `DETAILS`."""
BATCH_FLAGS: dict[str, str] = {
    "pdf": "A printed map of each village.",
    "routes": "GPX and KML of each village, for phones.",
}
"""What is written for each village only if it is asked for."""

UNSAID = "unsaid"
"""Key of the options nobody gave, which have their defaults."""


def option_field(flag: str) -> str:
    """Return the name under which the value of an option is kept.

    Examples
    --------
    >>> option_field("--hazard-unit")
    'hazard_unit'
    """
    return flag[2:].replace("-", "_")
