"""Evacuation planning for Indonesian villages: exposure, routes, shelter coverage, offline maps.

The public names are imported when they are first used; importing the package opens no file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resilience_geo.analysis.allocation import allocate_shelters
    from resilience_geo.analysis.clearance import clearance_time
    from resilience_geo.analysis.coverage import shelter_coverage
    from resilience_geo.analysis.criticality import critical_roads
    from resilience_geo.analysis.directions import route_directions
    from resilience_geo.analysis.exposure import village_exposure
    from resilience_geo.analysis.moving_hazard import departure_curve, latest_departures
    from resilience_geo.analysis.network import road_arrays
    from resilience_geo.analysis.passability import road_states
    from resilience_geo.analysis.routes import evacuation_routes
    from resilience_geo.analysis.settlements import settlement_answers
    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.batch import plan_villages
    from resilience_geo.comparison import Scenario, compare_plans, plan_sensitivity
    from resilience_geo.errors import ResilienceGeoError
    from resilience_geo.flows.evacuation_flow import evacuation_flow
    from resilience_geo.inputs.basemap import read_basemap
    from resilience_geo.inputs.elevation import read_elevation
    from resilience_geo.inputs.hazard import read_hazard
    from resilience_geo.inputs.hazard_series import read_hazard_series
    from resilience_geo.inputs.hazards import combine_hazards
    from resilience_geo.inputs.population import read_population
    from resilience_geo.inputs.road_store import store_roads, stored_from
    from resilience_geo.inputs.roads import download_roads, read_roads
    from resilience_geo.inputs.sample import sample_files, write_sample
    from resilience_geo.inputs.settlements import read_settlements
    from resilience_geo.inputs.shelters import read_shelters
    from resilience_geo.inputs.villages import read_villages
    from resilience_geo.inputs.vulnerable import read_vulnerable
    from resilience_geo.maps.drill_pack import save_drill_pack
    from resilience_geo.maps.options import MapOptions
    from resilience_geo.maps.printed import save_print_map
    from resilience_geo.maps.web import explore, save_web_map
    from resilience_geo.plan import EvacuationPlan, plan_evacuation
    from resilience_geo.plan_files import save_plan, save_prints
    from resilience_geo.plan_parts import village_plan
    from resilience_geo.reports import save_tables
    from resilience_geo.route_files import save_route_files

_ROOMS: dict[str, str] = {
    "EvacuationAssumptions": "assumptions",
    "EvacuationPlan": "plan",
    "MapOptions": "maps.options",
    "ResilienceGeoError": "errors",
    "Scenario": "comparison",
    "allocate_shelters": "analysis.allocation",
    "clearance_time": "analysis.clearance",
    "combine_hazards": "inputs.hazards",
    "compare_plans": "comparison",
    "critical_roads": "analysis.criticality",
    "departure_curve": "analysis.moving_hazard",
    "download_roads": "inputs.roads",
    "evacuation_flow": "flows.evacuation_flow",
    "evacuation_routes": "analysis.routes",
    "explore": "maps.web",
    "latest_departures": "analysis.moving_hazard",
    "plan_evacuation": "plan",
    "plan_sensitivity": "comparison",
    "plan_villages": "batch",
    "read_basemap": "inputs.basemap",
    "read_elevation": "inputs.elevation",
    "read_hazard": "inputs.hazard",
    "read_hazard_series": "inputs.hazard_series",
    "read_population": "inputs.population",
    "read_roads": "inputs.roads",
    "read_settlements": "inputs.settlements",
    "read_shelters": "inputs.shelters",
    "read_villages": "inputs.villages",
    "read_vulnerable": "inputs.vulnerable",
    "road_arrays": "analysis.network",
    "road_states": "analysis.passability",
    "route_directions": "analysis.directions",
    "sample_files": "inputs.sample",
    "save_drill_pack": "maps.drill_pack",
    "save_plan": "plan_files",
    "save_print_map": "maps.printed",
    "save_prints": "plan_files",
    "save_route_files": "route_files",
    "save_tables": "reports",
    "save_web_map": "maps.web",
    "settlement_answers": "analysis.settlements",
    "shelter_coverage": "analysis.coverage",
    "village_exposure": "analysis.exposure",
    "village_plan": "plan_parts",
    "store_roads": "inputs.road_store",
    "stored_from": "inputs.road_store",
    "write_sample": "inputs.sample",
}

__all__ = [
    "EvacuationAssumptions",
    "EvacuationPlan",
    "MapOptions",
    "ResilienceGeoError",
    "Scenario",
    "__version__",
    "allocate_shelters",
    "clearance_time",
    "combine_hazards",
    "compare_plans",
    "critical_roads",
    "departure_curve",
    "download_roads",
    "evacuation_flow",
    "evacuation_routes",
    "explore",
    "latest_departures",
    "plan_evacuation",
    "plan_sensitivity",
    "plan_villages",
    "read_basemap",
    "read_elevation",
    "read_hazard",
    "read_hazard_series",
    "read_population",
    "read_roads",
    "read_settlements",
    "read_shelters",
    "read_villages",
    "read_vulnerable",
    "road_arrays",
    "road_states",
    "route_directions",
    "sample_files",
    "save_drill_pack",
    "save_plan",
    "save_print_map",
    "save_prints",
    "save_route_files",
    "save_tables",
    "save_web_map",
    "settlement_answers",
    "shelter_coverage",
    "store_roads",
    "stored_from",
    "village_exposure",
    "village_plan",
    "write_sample",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name == "__version__":
        from importlib import metadata

        return metadata.version("resilience-geo")
    room = _ROOMS.get(name)
    if room is None:
        message = f"module 'resilience_geo' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"resilience_geo.{room}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
