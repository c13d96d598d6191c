"""One palette and one legend for screen and paper.

Hazard colours are InaSAFE's (safe/definitions/styles.py): under deuteranopia and protanopia every
pair stays apart (CIE76 dE of 21 and more) and their lightness 98/78/54 survives a greyscale copy;
InaRISK's green and red do not (dE 6). Unknown is a grey hatch, never white, clear or green.
Routes are dark blue with a white casing, as blue is the one hue the hazard ramp leaves free for
everyone. Every road state has its own dash beside its own colour.
"""

from __future__ import annotations

from dataclasses import dataclass

from resilience_geo.hazard_classes import HIGH, LOW, MEDIUM, UNKNOWN

HAZARD_COLOURS: dict[int, str] = {LOW: "#FFFFB2", MEDIUM: "#FEB24C", HIGH: "#F03B20"}
OFFICIAL_COLOURS: dict[int, str] = {LOW: "#38A800", MEDIUM: "#FFC800", HIGH: "#E60000"}
"""InaRISK's green, yellow and red, as two of its clients draw them."""
PALETTES: dict[str, dict[int, str]] = {
    "colour_blind": HAZARD_COLOURS,
    "official": OFFICIAL_COLOURS,
}
HATCHES: dict[int, str] = {LOW: "dots", MEDIUM: "lines", HIGH: "cross", UNKNOWN: "dashes"}
"""Pattern of each class, so that a greyscale copy and a colour-blind reader tell them apart."""
UNKNOWN_COLOUR = "#BDBDBD"
UNKNOWN_HATCH_COLOUR = "#6E6E6E"
HAZARD_OPACITY = 0.75

ROAD_STATES: tuple[str, ...] = ("open", "slowed", "closed", "unknown")
CAUSE_SIGNS: dict[str, str] = {
    "no_road": "…",
    "cut_off": "×",  # noqa: RUF001  the sign on the map
    "too_far": "»",
    "shelters_full": "!",
    "capacity_unknown": "?",
}
CAUSE_MARKERS: dict[str, str] = {
    "no_road": "o",
    "cut_off": "X",
    "too_far": ">",
    "shelters_full": "D",
    "capacity_unknown": "P",
}
"""Marker of each cause on paper."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """How a line looks.

    Parameters
    ----------
    colour
        Of the line.
    width
        In pixels on screen; on paper a pixel is 0.5 pt.
    dash
        Lengths of dash and gap in pixels; empty for a solid line.
    casing
        Colour of the wider line below it; empty for none.
    """

    colour: str
    width: float
    dash: tuple[float, ...] = ()
    casing: str = ""


ROADS: dict[str, Line] = {
    "open": Line(colour="#7D7D7D", width=1.2),
    "slowed": Line(colour="#6B3E00", width=3.0, dash=(12, 5), casing="#FFFFFF"),
    "closed": Line(colour="#000000", width=4.5, dash=(3, 6), casing="#FFFFFF"),
    "unknown": Line(colour="#6A51A3", width=3.0, dash=(10, 4, 2, 4), casing="#FFFFFF"),
}
ROUTE = Line(colour="#08306B", width=4.0, casing="#FFFFFF")
FLOW_COLOUR = "#4292C6"
FLOW_CUTS: tuple[int, ...] = (1, 51, 201, 1001, 5001)
"""Smallest number of people of each width of a flow line."""
FLOW_WIDTHS: tuple[float, ...] = (3.0, 6.0, 10.0, 15.0, 21.0)
VILLAGE = Line(colour="#333333", width=2.0, dash=(8, 4, 2, 4), casing="#FFFFFF")
OUTSIDE_COLOUR = "#D9D9D9"
OUTSIDE_OPACITY = 0.55
UNSERVED_COLOUR = "#7A0177"

SHELTER_USABLE = "#00703C"
"""Green of assembly signs (ISO 7010 E007, ISO 3864), dark enough for white letters."""
SHELTER_UNUSABLE = "#4D4D4D"
SHELTER_UNKNOWN = "#2B5B84"
"""Unknown is neither the green of a good shelter nor the black of a bad one."""


def colour_of(hazard_class: int, palette: str = "colour_blind") -> str:
    """Return the colour of a hazard class in a palette; none has none."""
    return UNKNOWN_COLOUR if hazard_class == UNKNOWN else PALETTES[palette].get(hazard_class, "")


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of a colour like `#F03B20`.

    Examples
    --------
    >>> rgb("#F03B20")
    (240, 59, 32)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
