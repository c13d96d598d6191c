"""What a map shows besides its plan: the land around, the places people know, who publishes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from resilience_geo.errors import InputError, Message, Problem
from resilience_geo.maps.style import PALETTES

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from resilience_geo.inputs.basemap import Basemap

PROCEDURE_PHASES: tuple[str, ...] = ("before", "during", "after")


@dataclass(frozen=True, kw_only=True)
class MapOptions:
    """What maps, cards and sheets show besides the plan; everything may be left out.

    Parameters
    ----------
    basemap
        Water, buildings, places and landmarks, from `read_basemap`.
    settlements
        Dusun, RW or RT with their names, from `read_settlements`: what people search for, and who
        gets a route card. Without them every village is one settlement.
    palette
        `colour_blind` (yellow, orange, red) or `official` (the green, yellow, red of InaRISK, with
        hatches since green and red look alike to many).
    agency
        Who publishes the map, as it is printed.
    contact
        Telephone or address of the agency.
    logo
        PNG or JPEG file of its logo.
    link
        Address that the QR code of printed sheets leads to, for instance of the web map.
    emergency_numbers
        Telephone numbers by name, in the order they are printed. None are made up: without them
        sheets leave lines to fill in by hand.
    procedure
        True prints what to do before, during and after; a mapping of `before`, `during` and
        `after` to sentences prints these instead; False prints none.

    Raises
    ------
    InputError
        There is no such palette, or `procedure` has another phase.
    """

    basemap: Basemap | None = None
    settlements: gpd.GeoDataFrame | None = None
    palette: str = "colour_blind"
    agency: str = ""
    contact: str = ""
    logo: str | Path | None = None
    link: str = ""
    emergency_numbers: Mapping[str, str] = field(default_factory=dict)
    procedure: bool | Mapping[str, Sequence[str]] = True

    def __post_init__(self) -> None:
        """Refuse what no sheet could show."""
        problems = []
        if self.palette not in PALETTES:
            problems.append(
                Problem(
                    found=Message("palette {name}", name=repr(self.palette)),
                    expected=Message("one of {names}", names=", ".join(PALETTES)),
                    remedy=Message("choose one of them"),
                )
            )
        if isinstance(self.procedure, Mapping):
            problems += [
                Problem(
                    found=Message("procedure for {name}", name=repr(phase)),
                    expected=Message("one of {names}", names=", ".join(PROCEDURE_PHASES)),
                    remedy=Message("choose one of them"),
                )
                for phase in self.procedure
                if phase not in PROCEDURE_PHASES
            ]
        if problems:
            raise InputError(problems)
