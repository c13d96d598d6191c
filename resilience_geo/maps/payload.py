"""The data of the web map: a plan as plain values that go into the page as JSON.

Everything a user named stays a value here and becomes text of the page, never markup. Long lists of
numbers and lines are packed as text (see `polylines`), which the page unpacks once:

- `chains`, and the layers of roads, waterways and buildings: two texts from `pack_lines`;
- rings of villages, settlements and water: encoded polylines;
- `flows` (people) and `ways` (1 along the line of a chain, -1 against it, 0 both or nobody) by
  departure: one number per chain;
- `walks`: what remains to be walked, as a tree. Node k is the chain `chain[k]` (number + 1,
  negative against its line), then node k - `next[k]`; 0 ends the route;
- `taps`: places people tap; `answers` by departure, in the order of the places and of the people
  there: columns of numbers. `place` holds differences; columns `second...` hold only those that
  have a `second`. `walk` is a node, -1 for none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from resilience_geo.hazard_classes import CLASS_NAMES, HIGH, LOW, MEDIUM, UNKNOWN
from resilience_geo.maps import content, style, text, words_web
from resilience_geo.maps.hazard_picture import GREY_STEP, WEB_MERCATOR, hazard_picture
from resilience_geo.maps.legend import SECOND_ROUTE
from resilience_geo.maps.options import MapOptions
from resilience_geo.maps.payload_base import Bounds, base, detours
from resilience_geo.maps.payload_places import bridges, shelters, unserved
from resilience_geo.maps.payload_routes import routes_data
from resilience_geo.maps.payload_villages import (
    inside_places,
    inside_points,
    settlements,
    village_tables,
    villages,
)
from resilience_geo.maps.words import WORDS
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    from resilience_geo.plan import EvacuationPlan

_FAINT = 0.45  # of the opacity of a class
_SHELTER_MARGIN = 0.25  # of the longer side of the map

__all__ = ["inside_points", "map_data", "village_tables"]


def map_data(
    plan: EvacuationPlan,
    language: str,
    options: MapOptions | None = None,
    *,
    bounds: Bounds | None = None,
) -> dict[str, Any]:
    """Return everything the page draws.

    Parameters
    ----------
    plan
        What to draw.
    language
        `id` or `en`.
    options
        Basemap, settlements and palette; None: those of `MapOptions()`.
    bounds
        Those of the plan, where they are known: finding them takes a look at every route.
    """
    options = options or MapOptions()
    departures = content.departures(plan)
    drawn = content.drawn_shelters(plan)
    shown = {name: content.of_departure(drawn, name) for name in departures}
    west, south, east, north = bounds = bounds or content.plan_bounds(plan)
    return {
        "language": language,
        "departures": list(departures),
        "sample": text.word("sample", language) if plan.is_sample else "",
        "north": text.word("north", language),
        "contact": options.contact,
        "osm": content.attribution(plan, language),
        "layers": text.word("layers", language),
        "people": text.word("people", language),
        "zoomIn": text.word("zoom_in", language),
        "bounds": [[round(south, 5), round(west, 5)], [round(north, 5), round(east, 5)]],
        "hazard": hazard(plan, _with_shelters(plan, bounds), language, options.palette),
        "villages": villages(plan, language),
        "columns": [text.word(f"{name}_short", language) for name in departures]
        if len(departures) > 1
        else [],
        "base": base(plan, bounds, options.basemap),
        "roads": detours(plan, bounds),
        **routes_data(plan, options.settlements, shown, language),
        "causes": {cause: text.word(cause, language) for cause in UNSERVED_CAUSES},
        "shelters": {name: shelters(shown[name], language) for name in departures},
        "settlements": settlements(plan, options.settlements, shown),
        "unserved": {name: unserved(plan, name) for name in departures},
        "bridges": {name: bridges(plan, name, language) for name in departures},
        "words": {
            term: WORDS[language][term]
            for term in (*words_web.INDONESIAN, *words_web.GENERAL_TERMS)
        },
        "style": _styles(),
    }


def _with_shelters(plan: EvacuationPlan, bounds: Bounds) -> Bounds:
    """Return bounds grown to the shelters just beyond them, which must not look dry for want of it.

    Farther ones would make the picture coarse.
    """
    if plan.shelters.empty:
        return bounds
    latitude, longitude = np.array(inside_places(plan.shelters.geometry)).T
    west, south, east, north = bounds
    margin = _SHELTER_MARGIN * max(east - west, north - south)
    near = (longitude > west - margin) & (longitude < east + margin)
    near &= (latitude > south - margin) & (latitude < north + margin)
    x, y = np.append(longitude[near], [west, east]), np.append(latitude[near], [south, north])
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def hazard(plan: EvacuationPlan, bounds: Bounds, language: str, palette: str) -> dict[str, Any]:
    """Return the classes of the hazard as a picture, and how each class looks."""
    picture = hazard_picture(plan.hazard, bounds, WEB_MERCATOR, hatched=False)
    west, south, east, north = picture.geographic_bounds()
    return {
        "classes": picture.classes_uri(),
        "bounds": [[south, west], [north, east]],
        "looks": [
            {
                "value": value * GREY_STEP,
                "key": CLASS_NAMES[value],
                "color": style.colour_of(value, palette),
                "hatch": style.HATCHES[value],
                # The green of the official palette must not read as the green of what is safe.
                "ground": _FAINT if palette == "official" and value == LOW else 1,
                "label": content.hazard_label(value, plan, language),
            }
            for value in (LOW, MEDIUM, HIGH, UNKNOWN)
        ],
    }


def _styles() -> dict[str, Any]:
    """Return colours, widths and dashes for the drawing script."""
    return {
        "roads": {
            state: {"color": line.colour, "weight": line.width, "dash": list(line.dash)}
            for state, line in style.ROADS.items()
        },
        "route": {
            "color": style.ROUTE.colour,
            "weight": style.ROUTE.width,
            "casing": style.ROUTE.casing,
        },
        "second": {
            "color": SECOND_ROUTE.colour,
            "weight": SECOND_ROUTE.width,
            "dash": list(SECOND_ROUTE.dash),
            "casing": SECOND_ROUTE.casing,
        },
        "flow": {
            "color": style.FLOW_COLOUR,
            "cuts": list(style.FLOW_CUTS),
            "widths": list(style.FLOW_WIDTHS),
        },
        "village": {"color": style.VILLAGE.colour, "weight": style.VILLAGE.width},
        "outside": {"color": style.OUTSIDE_COLOUR, "opacity": style.OUTSIDE_OPACITY},
        "unserved": style.UNSERVED_COLOUR,
        "signs": style.CAUSE_SIGNS,
        "usable": style.SHELTER_USABLE,
        "unusable": style.SHELTER_UNUSABLE,
        "unknownShelter": style.SHELTER_UNKNOWN,
    }
