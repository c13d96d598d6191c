"""What lies around every way of a plan: prepared once, drawn in every small map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from resilience_geo.maps import content

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

    from resilience_geo.maps.options import MapOptions
    from resilience_geo.plan import EvacuationPlan

_ROAD_POINTS: dict[str, float] = {
    "motorway": 3.0,
    "trunk": 3.0,
    "primary": 2.8,
    "secondary": 2.4,
    "tertiary": 2.1,
    "footway": 0.7,
    "path": 0.7,
    "steps": 0.7,
    "track": 0.9,
}
_OTHER_ROAD = 1.4


@dataclass(frozen=True, kw_only=True)
class Land:
    """What lies around every way of a plan, in its metric CRS, ready to be drawn in small frames.

    Parameters
    ----------
    plan, options
        The plan, and what its maps show besides.
    crs
        Metric.
    layers
        Shapes of `roads`, `villages`, `settlements`, `water`, `waterways`, `buildings`,
        `landmarks`; empty where there are none.
    trees
        A tree over each of them.
    road_points
        Width of every road in points.
    landmark_kinds, landmark_names
        Of every landmark.
    """

    plan: EvacuationPlan
    options: MapOptions
    crs: pyproj.CRS
    layers: dict[str, NDArray[np.object_]]
    trees: dict[str, shapely.STRtree]
    road_points: NDArray[np.float64]
    landmark_kinds: tuple[str, ...]
    landmark_names: tuple[str, ...]


def prepare_land(plan: EvacuationPlan, options: MapOptions) -> Land:
    """Return what all small maps of a plan share."""
    crs = plan.routes.crs
    base = options.basemap
    tables: dict[str, Any] = {
        "roads": plan.roads,
        "villages": plan.villages,
        "settlements": options.settlements,
        "water": base and base.water,
        "waterways": base and base.waterways,
        "buildings": base and base.buildings,
        "landmarks": base and base.landmarks,
    }
    layers = {
        name: np.asarray(table.geometry.to_crs(crs).array)
        if table is not None and len(table)
        else np.empty(0, dtype=object)
        for name, table in tables.items()
    }
    marks = tables["landmarks"]
    known = marks is not None and len(marks) > 0
    highways = plan.roads["highway"].astype(str).str.removesuffix("_link")
    return Land(
        plan=plan,
        options=options,
        crs=crs,
        layers=layers,
        trees={name: shapely.STRtree(shapes) for name, shapes in layers.items()},
        road_points=highways.map(_ROAD_POINTS).fillna(_OTHER_ROAD).to_numpy(dtype=np.float64),
        landmark_kinds=tuple(marks["kind"].astype(str)) if known else (),
        landmark_names=tuple(marks["name"].fillna("").astype(str)) if known else (),
    )


def shelter_places(plan: EvacuationPlan) -> dict[str, tuple[float, float]]:
    """Return where the shelters of a plan are, by identifier."""
    shelters = content.of_departure(plan.shelters, content.departures(plan)[0])
    points = shapely.get_coordinates(
        shapely.point_on_surface(np.asarray(shelters.geometry.to_crs(plan.routes.crs).array))
    )
    return {
        str(name): (float(x), float(y))
        for name, (x, y) in zip(shelters["shelter_id"], points, strict=True)
    }
