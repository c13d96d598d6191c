"""The routes of a plan for hand-held devices: GPX for a GPS and OsmAnd, KML for Google Earth.

Both are written with the XML of the standard library, which escapes every name; what XML cannot
hold is left out, and descriptions hold no markup, since programs show them as HTML.
"""

from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from resilience_geo.analysis.settlements import origin_settlements, settlement_answers
from resilience_geo.maps import content, signs, style, symbols, text
from resilience_geo.maps.options import MapOptions
from resilience_geo.maps.xml_text import legal, packed, without_markup
from resilience_geo.reports import whole_files

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from resilience_geo.plan import EvacuationPlan

FILES: tuple[str, ...] = ("routes.gpx", "routes.kml")

_SIMPLIFY_M = 1.5
"""Less than a hand-held GPS errs."""
_DECIMALS = 6
"""Of degrees: 0.1 m."""
_SECOND = "-2"
"""What `plan_routes` puts behind the number of a main route for its second one."""
_GPX = "http://www.topografix.com/GPX/1/1"
_KML = "http://www.opengis.net/kml/2.2"
_SYMBOLS: dict[str, str] = {
    "usable": "Flag, Green",
    "unknown_capacity": "Flag, Green",
    "in_hazard": "Danger Area",
    "unknown_hazard": "Flag, Blue",
    "unreachable": "Danger Area",
    "settlement": "Residence",
}
"""Names of waypoint symbols that Garmin devices have built in; others show a dot."""
_COLOURS: dict[str, str] = {
    "usable": style.SHELTER_USABLE,
    "unknown_capacity": style.SHELTER_USABLE,
    "in_hazard": style.SHELTER_UNUSABLE,
    "unknown_hazard": style.SHELTER_UNKNOWN,
    "unreachable": style.SHELTER_UNUSABLE,
    "settlement": style.ROUTE.colour,
}


@dataclass(frozen=True, kw_only=True)
class Waypoint:
    """A place on the device.

    Parameters
    ----------
    name, description
        What it says.
    look
        State of a shelter, or `settlement`.
    place
        Longitude and latitude in degrees.
    """

    name: str
    description: str
    look: str
    place: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Track:
    """A route on the device, from the settlement to the shelter.

    Parameters
    ----------
    name, description
        What it says.
    rank
        1 for a main route, 2 for a second one.
    line
        Longitudes and latitudes in degrees, shape (n, 2).
    """

    name: str
    description: str
    rank: int
    line: NDArray[np.float64]


def save_route_files(
    plan: EvacuationPlan,
    folder: str | os.PathLike[str],
    *,
    language: str = "id",
    options: MapOptions | None = None,
) -> list[Path]:
    """Write the routes for hand-held devices: `routes.gpx` and `routes.kml`.

    One main route for every settlement and shelter, that of the origin with most people there, and
    its second route; of the early departure where the plan has both. Lines are simplified by at
    most 1.5 m.

    Parameters
    ----------
    plan
        The plan.
    folder
        Made where it is missing; files of the same name are replaced.
    language
        `id` (Indonesian) or `en`.
    options
        Of its settlements there is a route from each; without them from each village.

    Returns
    -------
    list of pathlib.Path
        The files, in the order of `FILES`.

    Raises
    ------
    OutputError
        The folder cannot be written; what was there before is still there.
    """
    text.check_language(language)
    target = Path(folder)
    settlements = (options or MapOptions()).settlements
    answers = _answers(plan, settlements)
    tracks = route_tracks(plan, answers, language)
    waypoints = [
        *_shelter_waypoints(plan, language),
        *_settlement_waypoints(plan, answers, settlements, language),
    ]
    with whole_files(target) as room:
        (room / FILES[0]).write_bytes(packed(_gpx(plan, waypoints, tracks, language)))
        (room / FILES[1]).write_bytes(packed(_kml(plan, waypoints, tracks, language)))
    return [target / name for name in FILES]


def _answers(plan: EvacuationPlan, settlements: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Return where the people of each settlement go at the first departure, with their names."""
    first = content.departures(plan)[0]
    origins = content.of_departure(
        plan.origins if settlements is not None else _without_shapes(plan.origins), first
    )
    routes = content.of_departure(_without_shapes(plan.routes), first)
    answers = settlement_answers(origins, routes, settlements, plan.villages)
    villages = plan.villages["village_name"].astype(str)
    names = villages.loc[answers["village_code"]].to_numpy(dtype=object)
    if settlements is not None:
        own = np.append(settlements["name"].astype(str).to_numpy(dtype=object), "")
        own = own[answers["settlement"].to_numpy()]
        names = np.array(
            [
                f"{one}, {village}" if one else village
                for one, village in zip(own, names, strict=True)
            ],
            dtype=object,
        )
    return answers.assign(name=_told_apart(answers, names))


def _without_shapes(table: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return a table without its shapes, which take long to carry along."""
    return pd.DataFrame(table.drop(columns=table.geometry.name))


def _told_apart(answers: pd.DataFrame, names: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return names of settlements with the code of the village, or a number, where shared."""
    table = answers[["village_code", "settlement"]].assign(name=names)
    places = table.drop_duplicates(["village_code", "settlement"])
    if places["name"].is_unique:
        return names
    shared = places.groupby("name")["village_code"].transform("nunique") > 1
    code = " (" + places["village_code"].astype(str) + ")"
    places = places.assign(own=places["name"].where(~shared, places["name"] + code))
    number = places.groupby("own").cumcount() + 1
    alone = places.groupby("own")["own"].transform("size") == 1
    places["own"] = places["own"].where(alone, places["own"] + " " + number.astype(str))
    keys = ["village_code", "settlement"]
    return table.merge(places[[*keys, "own"]], on=keys, how="left")["own"].to_numpy(dtype=object)


def route_tracks(plan: EvacuationPlan, answers: pd.DataFrame, language: str) -> list[Track]:
    """Return the main routes of settlements and their second ones.

    Parameters
    ----------
    plan
        The plan.
    answers
        From `settlement_answers` of one departure, with the `name` of each settlement.
    language
        `id` or `en`.
    """
    routes = content.of_departure(plan.routes, content.departures(plan)[0])
    routes = routes.set_index(routes["route_id"].astype(str))
    served = answers[answers["route_id"] != ""]
    ids = served["route_id"].astype(str)
    people = dict(zip(ids, served["evacuees"], strict=True))
    named = dict(zip(ids, served["name"], strict=True))
    main = routes.loc[ids]
    second = routes.loc[[one for one in ids + _SECOND if one in routes.index]]
    shelters = _shelter_names(plan)
    tracks = []
    for rank, table in ((1, main), (2, second)):
        for row, line in zip(table.itertuples(), _lines(table), strict=True):
            key = str(row.Index)
            key = key if rank == 1 else key.removesuffix(_SECOND)
            term = "track_main" if rank == 1 else "track_second"
            shelter = shelters.get(str(row.shelter_id), str(row.shelter_id))
            name = text.word(term, language, settlement=named[key], shelter=shelter)
            description = _route_words(plan, row, people[key] if rank == 1 else 0, language)
            tracks.append(Track(name=name, description=description, rank=rank, line=line))
    # Two second routes may lead to one shelter: a number tells those apart.
    count = Counter(track.name for track in tracks)
    seen: Counter[str] = Counter()
    for place, track in enumerate(tracks):
        if count[track.name] > 1:
            seen[track.name] += 1
            tracks[place] = replace(track, name=f"{track.name} {seen[track.name]}")
    return tracks


def _route_words(plan: EvacuationPlan, row: Any, people: int, language: str) -> str:
    """Return people, length and time of a route, and what it passes."""
    minutes = text.minutes(float(row.travel_time_s), language)
    words = [
        text.distance(float(row.distance_m), language),
        f"{minutes} {text.word(plan.assumptions.mode, language)}",
    ]
    if people:
        words.insert(0, f"{text.number(people, language)} {text.word('people', language)}")
    for term, metres in (("hazardous_m", row.hazardous_m), ("unknown_m", row.unknown_m)):
        if metres >= content.SOME_ROAD_M:
            words.append(f"{text.word(term, language)}: {text.number(float(metres), language)}")
    return "; ".join(words)


def _lines(routes: gpd.GeoDataFrame) -> list[NDArray[np.float64]]:
    """Return lines in degrees, simplified in metres."""
    lines = routes.geometry.simplify(_SIMPLIFY_M).to_crs(4326).array
    points, owner = shapely.get_coordinates(lines, return_index=True)
    ends = np.searchsorted(owner, np.arange(1, len(routes)))
    return np.split(points, ends) if len(routes) else []


def _shelter_names(plan: EvacuationPlan) -> dict[str, str]:
    """Return the name of each shelter, with its key where two share it; the key without a name."""
    table = plan.shelters
    names = {
        str(key): " ".join(name.split()) if isinstance(name, str) and name.strip() else str(key)
        for key, name in zip(table["shelter_id"], table["name"], strict=True)
    }
    count = Counter(names.values())
    return {key: f"{name} ({key})" if count[name] > 1 else name for key, name in names.items()}


def _places(geometry: gpd.GeoSeries) -> list[tuple[float, float]]:
    """Return a point of each shape in degrees: itself or one inside it."""
    points = geometry.representative_point().to_crs(4326)
    return list(zip(points.x, points.y, strict=True))


def _shelter_waypoints(plan: EvacuationPlan, language: str) -> Iterator[Waypoint]:
    """Return the shelters; the name of one that must not be used says so."""
    shelters = content.of_departure(content.drawn_shelters(plan), content.departures(plan)[0])
    names = _shelter_names(plan)
    kinds = shelters["kind"] if "kind" in shelters.columns else [""] * len(shelters)
    for row, kind, place in zip(
        shelters.itertuples(), kinds, _places(shelters.geometry), strict=True
    ):
        state = symbols.shelter_state(str(row.status), float(row.capacity_people))
        name = names[str(row.shelter_id)]
        if state == "in_hazard":
            name = text.word("waypoint_do_not_use", language, shelter=name)
        role = signs.shelter_role(kind if isinstance(kind, str) else "")
        capacity = text.number(float(row.capacity_people), language)
        coming = text.number(float(row.allocated_people), language)
        words = [
            text.word(f"role_{role}", language),
            text.word(f"why_{state}", language),
            f"{text.word('capacity', language)}: {capacity}",
            f"{text.word('people_coming', language)}: {coming}",
        ]
        yield Waypoint(name=name, description="; ".join(words), look=state, place=place)


def _settlement_waypoints(
    plan: EvacuationPlan,
    answers: pd.DataFrame,
    settlements: gpd.GeoDataFrame | None,
    language: str,
) -> Iterator[Waypoint]:
    """Return the place of each settlement where most of its people leave from."""
    origins = content.of_departure(plan.origins, content.departures(plan)[0])
    table = _without_shapes(origins).reset_index(drop=True)
    table["settlement"] = origin_settlements(origins, settlements, plan.villages)
    keys = ["village_code", "settlement"]
    table = table.sort_values(["evacuees", "origin_id"], ascending=[False, True], kind="stable")
    table = table.drop_duplicates(keys)
    marks = zip(table["village_code"], table["settlement"], strict=True)
    places = dict(zip(marks, _places(origins.geometry.iloc[table.index]), strict=True))
    shelters = _shelter_names(plan)
    for (village, settlement), rows in answers.groupby(keys, sort=False):
        lines = [_answer_words(row, shelters, language) for row in rows.itertuples()]
        yield Waypoint(
            name=str(rows["name"].iloc[0]),
            description="; ".join(lines),
            look="settlement",
            place=places[village, settlement],
        )


def _answer_words(row: Any, shelters: dict[str, str], language: str) -> str:
    """Return where some people of a settlement go, or why they have no place."""
    people = f"{text.number(row.evacuees, language)} {text.word('people', language)}"
    if row.status == "allocated":
        shelter = shelters.get(str(row.shelter_id), str(row.shelter_id))
        return f"{people} → {shelter} ({text.minutes(row.travel_time_s, language)})"
    why = text.word(str(row.status), language)
    return f"{people}: {text.word('unserved_short', language)} ({why})"


def _headings(plan: EvacuationPlan, language: str) -> tuple[str, str]:
    """Return the title of a file, and what is to know before it is used."""
    title = content.title(plan, language)
    words = [text.word("disclaimer", language), f"{content.attribution(plan, language)}."]
    if plan.is_sample:
        title = f"{text.word('sample', language)}: {title}"
        words.insert(0, text.word("sample_note", language))
    kind = str(plan.hazard.kind)
    first = content.departures(plan)[0]
    words.insert(0, f"{text.departure_name(first, kind, language)}.")
    words.append(f"{text.word('made_on', language)} {content.made_on(plan, language)}.")
    return title, " ".join(words)


def _add(parent: ET.Element, tag: str, words: str) -> None:
    """Add an element that holds text only."""
    ET.SubElement(parent, tag).text = legal(words)


def _degrees(value: float) -> str:
    return f"{value:.{_DECIMALS}f}"


def _gpx(
    plan: EvacuationPlan, waypoints: Sequence[Waypoint], tracks: Sequence[Track], language: str
) -> ET.Element:
    """Return GPX 1.1, elements in the order of its schema."""
    title, notes = _headings(plan, language)
    root = ET.Element("gpx", xmlns=_GPX, version="1.1", creator="resilience-geo")
    metadata = ET.SubElement(root, "metadata")
    _add(metadata, "name", title)
    _add(metadata, "desc", without_markup(notes))
    moment = content.created(plan).astimezone(dt.UTC)
    _add(metadata, "time", moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for waypoint in waypoints:
        longitude, latitude = map(_degrees, waypoint.place)
        element = ET.SubElement(root, "wpt", lat=latitude, lon=longitude)
        _add(element, "name", " ".join(waypoint.name.split()))
        _add(element, "desc", without_markup(waypoint.description))
        _add(element, "sym", _SYMBOLS[waypoint.look])
        _add(element, "type", _folder(waypoint, language))
    for number, track in enumerate(tracks, start=1):
        element = ET.SubElement(root, "trk")
        _add(element, "name", " ".join(track.name.split()))
        _add(element, "desc", without_markup(track.description))
        _add(element, "number", str(number))
        _add(element, "type", text.word(f"track_type_{track.rank}", language))
        segment = ET.SubElement(element, "trkseg")
        for longitude, latitude in track.line.tolist():
            ET.SubElement(segment, "trkpt", lat=_degrees(latitude), lon=_degrees(longitude))
    return root


def _folder(waypoint: Waypoint, language: str) -> str:
    """Return the words for the kind of a waypoint."""
    return text.word("origins" if waypoint.look == "settlement" else "shelters", language)


def _kml(
    plan: EvacuationPlan, waypoints: Sequence[Waypoint], tracks: Sequence[Track], language: str
) -> ET.Element:
    """Return KML 2.2 with a folder for each kind of place and route."""
    title, notes = _headings(plan, language)
    root = ET.Element("kml", xmlns=_KML)
    document = ET.SubElement(root, "Document")
    _add(document, "name", title)
    _add(document, "open", "1")
    _add(document, "description", without_markup(notes))
    for look, colour in _COLOURS.items():
        _add_style(document, look, "IconStyle", colour)
    for rank, colour, width in ((1, style.ROUTE.colour, "5"), (2, style.FLOW_COLOUR, "3")):
        _add_style(document, f"route-{rank}", "LineStyle", colour, width)
    folders: dict[str, ET.Element] = {}
    names = [
        text.word("shelters", language),
        *(text.word(f"track_type_{rank}", language) for rank in (1, 2)),
        text.word("origins", language),
    ]
    for name in names:
        folders[name] = ET.SubElement(document, "Folder")
        _add(folders[name], "name", name)
    for waypoint in waypoints:
        folder = folders[_folder(waypoint, language)]
        line = np.array([waypoint.place])
        _add_placemark(folder, waypoint, waypoint.look, "Point", line)
    for track in tracks:
        folder = folders[text.word(f"track_type_{track.rank}", language)]
        _add_placemark(folder, track, f"route-{track.rank}", "LineString", track.line)
    return root


def _add_style(document: ET.Element, name: str, kind: str, colour: str, width: str = "") -> None:
    """Add a style; its balloon shows the description only, as names could be taken for HTML."""
    element = ET.SubElement(document, "Style", id=name)
    look = ET.SubElement(element, kind)
    red, green, blue = style.rgb(colour)
    _add(look, "color", f"ff{blue:02x}{green:02x}{red:02x}")
    if width:
        _add(look, "width", width)
    balloon = ET.SubElement(element, "BalloonStyle")
    _add(balloon, "text", "$[description]")


def _add_placemark(
    folder: ET.Element, what: Waypoint | Track, look: str, shape: str, line: NDArray[np.float64]
) -> None:
    """Add a place or a route to a folder."""
    element = ET.SubElement(folder, "Placemark")
    _add(element, "name", " ".join(what.name.split()))
    _add(element, "description", without_markup(f"{what.name}: {what.description}"))
    _add(element, "styleUrl", f"#{look}")
    geometry = ET.SubElement(element, shape)
    if shape == "LineString":
        _add(geometry, "tessellate", "1")
    places = " ".join(f"{_degrees(x)},{_degrees(y)}" for x, y in line.tolist())
    _add(geometry, "coordinates", places)
