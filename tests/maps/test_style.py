from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

from resilience_geo.hazard_classes import HIGH, LOW, MEDIUM, NONE, UNKNOWN
from resilience_geo.maps import style, symbols
from resilience_geo.maps.legend import legend
from resilience_geo.tables import UNSERVED_CAUSES


def _lightness(colour):
    """Return CIE L* of a colour."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in style.rgb(colour))
    ]
    y = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def test_hazard_colours_are_the_agreed_ones_and_survive_a_greyscale_copy():
    assert style.HAZARD_COLOURS == {LOW: "#FFFFB2", MEDIUM: "#FEB24C", HIGH: "#F03B20"}
    light = [_lightness(style.HAZARD_COLOURS[value]) for value in (LOW, MEDIUM, HIGH)]
    assert light[0] - light[1] > 15
    assert light[1] - light[2] > 15


def test_unknown_is_grey_and_none_has_no_colour():
    red, green, blue = style.rgb(style.colour_of(UNKNOWN))
    assert red == green == blue
    assert 80 < red < 220
    assert style.colour_of(NONE) == ""


def test_road_states_differ_in_colour_and_in_dash():
    looks = [style.ROADS[state] for state in style.ROAD_STATES]
    for one, other in itertools.combinations(looks, 2):
        assert one.colour != other.colour
        assert one.dash != other.dash


def test_routes_are_blue_with_a_casing():
    red, green, blue = style.rgb(style.ROUTE.colour)
    assert blue > red
    assert blue > green
    assert style.ROUTE.casing == "#FFFFFF"


def test_symbols_are_whole_svg_and_all_differ():
    drawn = [symbols.shelter_svg(state) for state in symbols.SHELTER_STATES]
    drawn += [symbols.bridge_svg()]
    drawn += [symbols.cause_svg(cause) for cause in UNSERVED_CAUSES]
    drawn += [symbols.dot_svg(state) for state in symbols.SHELTER_STATES]
    assert len(set(drawn)) == len(drawn)
    for svg in drawn:
        ET.fromstring(svg)
    assert symbols.shelter_svg("usable") in symbols.div_icon_html("usable")


def test_unknown_capacity_is_its_own_symbol():
    assert symbols.shelter_state("usable", float("nan")) == "unknown_capacity"
    assert symbols.shelter_state("usable", 0.0) == "usable"
    assert symbols.shelter_state("unreachable", float("nan")) == "unreachable"


def test_legend_names_what_is_on_the_map(plan):
    keys = [entry.key for entry in legend(plan, "id")]
    first = keys.index("hazard_high")
    assert keys[first : first + 4] == [
        "hazard_high",
        "hazard_medium",
        "hazard_low",
        "hazard_unknown",
    ]
    # What to do comes before what is dangerous.
    assert keys[0] == "route"
    assert all(keys.index(key) < first for key in ("shelter_usable", "flow_1", *UNSERVED_CAUSES))
    assert {"road_open", "road_slowed", "road_closed", "road_unknown"} <= set(keys)
    assert {f"shelter_{state}" for state in symbols.SHELTER_STATES} <= set(keys)
    assert set(UNSERVED_CAUSES) <= set(keys)
    for entry in legend(plan, "id"):
        ET.fromstring(entry.symbol)


def test_small_signs_differ_in_shape_and_not_only_in_colour():
    shapes = [
        re.sub(r"#[0-9A-Fa-f]+", "", symbols.dot_svg(state)) for state in symbols.SHELTER_STATES
    ]
    assert len(set(shapes)) == len(shapes)
    assert symbols.dot_svg("usable", 20) in symbols.div_icon_html("usable", 28, dot=True)
