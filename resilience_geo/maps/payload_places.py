"""Shelters, bridges and people without a place on the web map."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from resilience_geo.crs import to_lat_lon
from resilience_geo.maps import text
from resilience_geo.maps.payload_routes import STATUSES
from resilience_geo.maps.payload_villages import inside_places, lat_lon
from resilience_geo.maps.polylines import encode_numbers, encode_points
from resilience_geo.maps.symbols import shelter_role, shelter_state
from resilience_geo.maps.unserved import unserved_places

if TYPE_CHECKING:
    import geopandas as gpd

    from resilience_geo.plan import EvacuationPlan

_MOST_UNSERVED_SIGNS = 1200
_MOST_BRIDGES = 150
_LABEL_LETTERS = 24


def bridges(plan: EvacuationPlan, departure: str, language: str) -> list[list[Any]]:
    """Return the bridges most people pass: place, name, how many."""
    roads = plan.roads
    column = f"evacuees_{departure}"
    if column not in roads.columns or "bridge" not in roads.columns:
        return []
    people = roads[column].to_numpy()
    used = np.flatnonzero(roads["bridge"].fillna(value=False).to_numpy(dtype=bool) & (people > 0))
    used = used[np.argsort(-people[used], kind="stable")][:_MOST_BRIDGES]
    if not used.size:
        return []
    lines = np.asarray(roads.geometry.array)[used]
    middles = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    places = lat_lon(shapely.get_coordinates(middles), roads.crs)
    names = roads["name"].to_numpy(dtype=object)[used]
    return [
        [place, plain(name), f"{text.number(count, language)} {text.word('people', language)}"]
        for place, name, count in zip(places, names, people[used], strict=True)
    ]


def plain(name: object) -> str:
    """Return a name as text; a missing one is empty."""
    return "" if name is None or name != name else str(name)  # noqa: PLR0124  NaN


def unserved(plan: EvacuationPlan, departure: str) -> dict[str, str]:
    """Return where people are not served, most first: places, statuses and people, packed.

    `status` is a position in `payload_routes.STATUSES`. The page gathers near ones further.
    """
    if plan.origins.empty:
        return dict.fromkeys(("at", "status", "people"), "")
    crs = plan.origins.crs
    table = unserved_places(plan, departure, crs, most=_MOST_UNSERVED_SIGNS)
    places = to_lat_lon(np.column_stack([table["x"], table["y"]]), crs)
    status = {cause: number for number, cause in enumerate(STATUSES)}
    return {
        "at": encode_points(places[:, ::-1]),
        "status": encode_numbers([status[cause] for cause in table["cause"]]),
        "people": encode_numbers(table["people"].to_numpy()),
    }


def shelters(shown: gpd.GeoDataFrame, language: str) -> list[dict[str, Any]]:
    """Return the shelters: place, role, state, people, room left, label, rows of the popup.

    Parameters
    ----------
    shown
        The shelters of a departure that are drawn.
    language
        `id` or `en`.
    """
    if shown.empty:
        return []
    names = ("shelter_id", "name", "kind", "status", "capacity_people", "allocated_people")
    columns = {name: shown[name].to_numpy() for name in names if name in shown.columns}
    rows = zip(*columns.values(), strict=True)
    return [
        _shelter(place, dict(zip(columns, row, strict=True)), language)
        for place, row in zip(inside_places(shown.geometry), rows, strict=True)
    ]


def _shelter(place: list[float], row: dict[str, Any], language: str) -> dict[str, Any]:
    """Return one shelter."""
    capacity = float(row["capacity_people"])
    state = shelter_state(str(row["status"]), capacity)
    coming = int(row["allocated_people"])
    left = _seats_left(str(row["status"]), coming, capacity)
    name = plain(row["name"]) or str(row["shelter_id"])
    kind = plain(row.get("kind", ""))
    people = f"{text.number(coming, language)} {text.word('people', language)}"
    status = f"{text.word(f'shelter_{state}', language)}: {text.word(f'why_{state}', language)}"
    rows = [
        [text.word("kind", language), text.shelter_kind(kind, language)],
        [text.word("capacity", language), text.number(capacity, language)],
        [text.word("people_coming", language), people + _left_words(left, language)],
        [text.word("status", language), status],
    ]
    return {
        "at": place,
        "name": name,
        "state": state,
        "role": shelter_role(kind),
        "people": coming,
        "capacity": None if math.isnan(capacity) else math.floor(capacity),
        "left": left,
        "label": f"{_short(name)} ({people})" if coming else "",
        "rows": [cells for cells in rows if cells[1]],
    }


def _short(name: str) -> str:
    """Return a name that leaves room for the number beside it; the popup holds all of it."""
    return name if len(name) <= _LABEL_LETTERS else f"{name[: _LABEL_LETTERS - 1].rstrip()}…"


def _seats_left(status: str, coming: int, capacity: float) -> int | None:
    """Return how many places of a usable shelter are left; None where that is not known."""
    if status != "usable" or math.isnan(capacity):
        return None
    return max(0, math.floor(capacity) - coming)


def _left_words(left: int | None, language: str) -> str:
    """Return in brackets how many places are left, or that a shelter is full."""
    if left is None:
        return ""
    said = text.word("seats_free", language, seats=text.number(left, language))
    return f" ({said if left > 0 else text.word('full', language)})"
