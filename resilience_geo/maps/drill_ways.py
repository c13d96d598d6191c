"""The routes of cards and posters with their directions, and what their small maps show of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from resilience_geo.analysis.directions import route_directions
from resilience_geo.maps import content
from resilience_geo.maps.drill_land import shelter_places
from resilience_geo.maps.drill_map import Place, View, line_angle
from resilience_geo.maps.symbols import shelter_role, shelter_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from resilience_geo.maps.drill_answers import Answer
    from resilience_geo.maps.drill_land import Land

_MOST_ROAD_NAMES = 8


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The routes of all cards with their directions.

    Parameters
    ----------
    routes
        Rows of `plan.routes` of the first departure, by `route_id`.
    legs
        Their directions by `route_id`, as `route_directions` returns them.
    shelters
        Shelters of the first departure, by `shelter_id`.
    places
        Where they are.
    """

    routes: dict[str, Mapping[str, Any]]
    legs: dict[str, pd.DataFrame]
    shelters: dict[str, Mapping[str, Any]]
    places: dict[str, tuple[float, float]]


def card_ways(land: Land, answers: tuple[Answer, ...]) -> Ways:
    """Return the routes, second routes and directions that the cards of a plan need."""
    plan = land.plan
    first = content.departures(plan)[0]
    led = {part.route_id for answer in answers for part in answer.parts if part.route_id}
    routes = content.of_departure(plan.routes, first)
    wanted = routes["route_id"].isin(led | {f"{one}-2" for one in led})
    routes = routes[wanted.to_numpy()]
    directions = route_directions(routes, plan.roads, _landmarks(land), stretches=plan.stretches)
    shelters = content.of_departure(plan.shelters, first)
    return Ways(
        routes={str(row["route_id"]): row for row in routes.to_dict("records")},
        legs={str(name): rows for name, rows in directions.groupby("route_id", sort=False)},
        shelters={
            str(row["shelter_id"]): row
            for row in shelters.drop(columns="geometry").to_dict("records")
        },
        places=shelter_places(plan),
    )


def _landmarks(land: Land) -> gpd.GeoDataFrame:
    """Return what directions may name: landmarks of the base map, and shelters."""
    plan, base = land.plan, land.options.basemap
    shelters = content.of_departure(plan.shelters, content.departures(plan)[0])
    points = shapely.point_on_surface(np.asarray(shelters.geometry.to_crs(land.crs).array))
    parts = [
        gpd.GeoDataFrame(
            {"name": shelters["name"].astype(str).to_numpy(), "kind": "shelter"},
            geometry=points,
            crs=land.crs,
        )
    ]
    if base is not None and len(base.landmarks):
        parts.append(base.landmarks[["name", "kind", "geometry"]].to_crs(land.crs))
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=land.crs)


def card_view(answer: Answer, ways: Ways) -> View:
    """Return what the small map of a card shows."""
    parts = answer.parts
    homes = np.column_stack(
        [answer.places, np.where(answer.goes_to > 0, 1, answer.goes_to).astype(np.float64)]
    )
    lines = [ways.routes[part.route_id]["geometry"] for part in parts if part.route_id]
    second = ways.routes.get(f"{parts[0].route_id}-2") if parts else None
    places = []
    names: tuple[tuple[str, float, float, float], ...] = ()
    if lines:
        x, y = shapely.get_coordinates(lines[0])[0].tolist()
        places.append(Place(x=x, y=y))
        names = road_names(lines[0], ways.legs.get(parts[0].route_id))
    wanted = [part.shelter_id for part in parts]
    if second is not None and second["shelter_id"] not in wanted:
        wanted.append(str(second["shelter_id"]))
    places += [shelter_place(shelter_id, ways) for shelter_id in wanted]
    # The way ends beside its shelter, whose sign must be seen.
    shapes = [shapely.Point(place.x, place.y) for place in places[1:2]]
    return View(
        main=tuple(lines[:1]),
        second=(second["geometry"],) if second is not None else (),
        other=tuple(lines[1:4]),
        places=tuple(places),
        homes=homes,
        road_names=names,
        shapes=tuple(shapes),
    )


def shelter_place(shelter_id: str, ways: Ways, *, words: bool = True) -> Place:
    """Return the sign of a shelter on a small map."""
    shelter = ways.shelters[shelter_id]
    x, y = ways.places[shelter_id]
    return Place(
        x=x,
        y=y,
        words=str(shelter["name"]) if words else "",
        kind=shelter_state(str(shelter["status"]), float(shelter["capacity_people"])),
        role=shelter_role(str(shelter.get("kind", ""))),
    )


def road_names(line: Any, legs: pd.DataFrame | None) -> tuple[tuple[str, float, float, float], ...]:
    """Return the names of the longest legs of a way with their places and angles."""
    if legs is None:
        return ()
    ends = legs["distance_m"].cumsum().to_numpy()
    lengths = legs["distance_m"].to_numpy()
    found: dict[str, tuple[float, float]] = {}
    for name, end, length in zip(legs["road_name"], ends, lengths, strict=True):
        if name and length > found.get(str(name), (0.0, 0.0))[0]:
            found[str(name)] = (float(length), float(end - length / 2.0))
    longest = sorted(found.items(), key=lambda one: -one[1][0])[:_MOST_ROAD_NAMES]
    return tuple(
        (name, *line_angle(line, middle, min(length / 3.0, 40.0)))
        for name, (length, middle) in longest
    )
