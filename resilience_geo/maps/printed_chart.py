"""What every printed sheet of a plan shows, gathered once: layers in metres, and who goes where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from resilience_geo.analysis.settlements import settlement_answers
from resilience_geo.maps import content, text
from resilience_geo.maps.options import MapOptions
from resilience_geo.maps.shared_routes import people_on_chains, share_routes

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.plan import EvacuationPlan

_MANY_ROUTES = 20_000
_MAJOR = ("motorway", "trunk", "primary", "secondary")
_MEDIUM = ("tertiary",)
_PATHS = ("path", "footway", "steps", "track", "pedestrian", "cycleway", "bridleway", "corridor")
ROAD_CLASSES: tuple[str, ...] = ("path", "minor", "medium", "major")
"""Smallest first, as they are drawn."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Chart:
    """A plan made ready for paper.

    Parameters
    ----------
    plan, options, language
        What is printed, with what, and in which language.
    crs
        Metric CRS of the layers.
    departure
        The departure the map shows; tables show both.
    villages
        `village_name` and borders, by code.
    stretches
        `state`, `road_class` and lines.
    flows
        `evacuees` and lines: every piece of way that somebody walks, once.
    roads
        `name`, `road_class` and lines.
    routes
        The main route of each settlement and shelter.
    second_routes
        Second ways of the same origins.
    shelters
        `name`, `kind`, `status`, `capacity_people`, `allocated_people` and points, most people
        first.
    answers
        As `settlement_answers` gives them, of all departures.
    """

    plan: EvacuationPlan
    options: MapOptions
    language: str
    crs: pyproj.CRS
    departure: str
    villages: gpd.GeoDataFrame
    stretches: gpd.GeoDataFrame
    flows: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    second_routes: gpd.GeoDataFrame
    shelters: gpd.GeoDataFrame
    answers: pd.DataFrame

    def settlement_name(self, position: int, village_name: str) -> str:
        """Return what people call a settlement, or those of a village outside all of them.

        Parameters
        ----------
        position
            As in `answers`.
        village_name
            Of its village.
        """
        if self.options.settlements is None:
            return village_name
        if position < 0:
            return text.word("outside_settlements", self.language, village=village_name)
        return str(self.options.settlements["name"].iloc[position])

    def shelter_names(self) -> dict[str, str]:
        """Return the names of shelters by their keys."""
        return dict(
            zip(
                self.plan.shelters["shelter_id"].astype(str),
                self.plan.shelters["name"].astype(str),
                strict=True,
            )
        )


def road_class(highways: pd.Series[Any]) -> pd.Series[Any]:
    """Return the class of roads, one of `ROAD_CLASSES`, from their OSM `highway`."""
    names = highways.astype(str).str.removesuffix("_link")
    classes = np.select(
        [names.isin(_MAJOR), names.isin(_MEDIUM), names.isin(_PATHS)],
        ["major", "medium", "path"],
        default="minor",
    )
    return pd.Series(classes, index=highways.index)


def charted(
    plan: EvacuationPlan, crs: pyproj.CRS, language: str, options: MapOptions | None
) -> Chart:
    """Gather what the sheets of a plan show.

    Parameters
    ----------
    plan
        The plan.
    crs
        Metric CRS of the sheets.
    language
        `id` or `en`.
    options
        What is shown besides; None for nothing.
    """
    options = options or MapOptions()
    departure = content.departures(plan)[0]
    answers = settlement_answers(plan.origins, plan.routes, options.settlements, plan.villages)
    roads = plan.roads.to_crs(crs)
    classes = road_class(roads["highway"])
    stretches = plan.stretches.to_crs(crs)
    by_road = pd.Series(classes.to_numpy(), index=roads["road_id"].to_numpy())
    by_road = by_road[~by_road.index.duplicated()]
    routes = content.of_departure(plan.routes, departure)
    shown = content.of_departure(answers, departure)
    main = routes[routes["route_id"].isin(set(shown["route_id"]) - {""})]
    others = routes[(routes["rank"] > 1) & routes["origin_id"].isin(set(main["origin_id"]))]
    shelters = content.of_departure(content.drawn_shelters(plan), departure).to_crs(crs)
    if "kind" not in shelters.columns:  # a table of somebody's own may lack it
        shelters = shelters.assign(kind="")
    return Chart(
        plan=plan,
        options=options,
        language=language,
        crs=crs,
        departure=departure,
        villages=plan.villages[["village_name", "geometry"]].to_crs(crs),
        stretches=gpd.GeoDataFrame(
            {
                "state": stretches["state"].to_numpy(),
                "road_class": stretches["road_id"].map(by_road).fillna("minor").to_numpy(),
            },
            geometry=stretches.geometry.to_numpy(),
            crs=crs,
        ),
        roads=gpd.GeoDataFrame(
            {"name": roads["name"].to_numpy(), "road_class": classes.to_numpy()},
            geometry=roads.geometry.to_numpy(),
            crs=crs,
        ),
        flows=_flows(plan, stretches, routes, departure),
        routes=main.to_crs(crs).sort_values(
            ["evacuees", "route_id"], ascending=[False, True], kind="stable"
        ),
        second_routes=others.to_crs(crs),
        shelters=shelters.sort_values("allocated_people", ascending=False, kind="stable"),
        answers=answers,
    )


def _flows(
    plan: EvacuationPlan, stretches: gpd.GeoDataFrame, routes: gpd.GeoDataFrame, departure: str
) -> gpd.GeoDataFrame:
    """Return where people of the plan walk, and how many.

    Of very many routes, as in a whole city, the people of the stretches of road are taken.
    """
    first = routes[routes["rank"] == 1]
    column = f"evacuees_{departure}"
    if len(first) > _MANY_ROUTES and column in plan.stretches.columns:
        busy = stretches[stretches[column] > 0]
        return gpd.GeoDataFrame(
            {"evacuees": busy[column].to_numpy()}, geometry=busy.geometry.array, crs=stretches.crs
        )
    lines = _on_roads(plan, first.to_crs(stretches.crs), departure)
    shared = share_routes(lines)
    along, against = people_on_chains(shared, first["evacuees"].to_numpy(dtype=np.int64))
    return gpd.GeoDataFrame(
        {"evacuees": along + against}, geometry=list(shared.chains), crs=stretches.crs
    )


def _on_roads(plan: EvacuationPlan, routes: gpd.GeoDataFrame, departure: str) -> NDArray[Any]:
    """Return the lines of routes without the straight walk from the homes to the road.

    Homes stand for whole neighbourhoods; as wide as a route, these walks would look like roads.
    """
    lines = np.asarray(routes.geometry.array, dtype=object)
    if "walk_to_road_m" not in plan.origins.columns:
        return lines
    origins = content.of_departure(plan.origins, departure)
    walks = origins.groupby("origin_id")["walk_to_road_m"].max()
    walk_m = routes["origin_id"].map(walks).fillna(0.0).to_numpy()
    points, route_of = shapely.get_coordinates(lines, return_index=True)
    starts = np.searchsorted(route_of, np.arange(len(lines)))
    count = np.bincount(route_of, minlength=len(lines))
    first_m = np.hypot(*(points[np.minimum(starts + 1, len(points) - 1)] - points[starts]).T)
    is_walk = (walk_m > 1.0) & (count > 2) & (np.abs(first_m - walk_m) < 1.0 + 0.01 * walk_m)  # noqa: PLR2004
    kept = np.ones(len(points), dtype=bool)
    kept[starts[is_walk]] = False
    cut: NDArray[Any] = np.asarray(shapely.linestrings(points[kept], indices=route_of[kept]))
    return cut
