"""What a run over many villages came to: one frozen value behind its tables and its index page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.errors import Message


@dataclass(frozen=True, kw_only=True)
class VillageRun:
    """A run over many villages.

    Parameters
    ----------
    summary
        As `EvacuationPlan.summary`, a row per village that was planned, those with most people
        unserved first; index `village_code`.
    villages
        `village_code`, `village_name` and polygon of every village of the run, failed or not, in
        degrees (EPSG:4326), in the order of the boundary layer.
    shelters
        As `EvacuationPlan.shelters`, with the people of all villages; with both departures early
        rows first.
    unserved
        As `EvacuationPlan.unserved`.
    failures
        `village_code`, `village_name`, `reason` (text in the language of the run).
    folders
        Name of each planned village's folder, by code.
    files
        Names of the files in it, by code.
    thumbnails
        A small SVG picture of each planned village, by code.
    assumptions, provenance, notes
        As in `EvacuationPlan`; notes that hold for every village.
    departure, hazard_kind
        What was planned.
    seats
        `run`: all villages of the layer share the seats of shelters; `chosen`: those of the layer
        that were chosen share them, and others are not reckoned with; `village`: each has all of
        them.
    is_sample
        Whether the villages are made up.
    """

    summary: pd.DataFrame
    villages: gpd.GeoDataFrame
    shelters: gpd.GeoDataFrame
    unserved: pd.DataFrame
    failures: pd.DataFrame
    folders: dict[str, str] = field(repr=False)
    files: dict[str, tuple[str, ...]] = field(repr=False)
    thumbnails: dict[str, str] = field(repr=False)
    assumptions: EvacuationAssumptions
    provenance: dict[str, Any] = field(repr=False)
    notes: tuple[Message, ...] = field(repr=False)
    departure: str
    hazard_kind: str
    seats: str
    is_sample: bool
