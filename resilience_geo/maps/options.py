"""What a map shows besides its plan: the land around, the places people know, who publishes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from resilience_geo.errors import InputError, Message, Problem
from resilience_geo.maps.style import PALETTES

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from resilience_geo.inputs.basemap import Basemap

_LONGEST_LINK = 500
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
        There is no such palette or phase of `procedure`, a path stands where what was read from it
        belongs, or the link is too long for a QR code on paper; all of it at once.
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
        problems = [
            *_wrong_types(self),
            *_wrong_choices("palette", (self.palette,), tuple(PALETTES)),
        ]
        if isinstance(self.procedure, Mapping):
            problems += _wrong_choices("procedure for", tuple(self.procedure), PROCEDURE_PHASES)
        if isinstance(self.link, str) and len(self.link.encode()) > _LONGEST_LINK:
            problems.append(
                Problem(
                    found=Message("a link of {count} letters", count=len(self.link)),
                    expected=Message("at most {count}, to be read from paper", count=_LONGEST_LINK),
                    remedy=Message("give a shorter address of the same page"),
                )
            )
        if problems:
            raise InputError(problems)


def _wrong_types(options: MapOptions) -> list[Problem]:
    """Return the problems of values that only look like what is meant, a path for what is in it."""
    from resilience_geo.inputs.basemap import Basemap  # noqa: PLC0415 - only for its type

    expected = {
        "basemap": (Basemap, "what read_basemap returns"),
        "settlements": (pd.DataFrame, "what read_settlements returns"),
        "emergency_numbers": (Mapping, 'numbers by name, like {"BPBD": "..."}'),
    }
    return [
        Problem(
            found=Message("{name}={value}", name=name, value=repr(value)[:80]),
            expected=Message("{expected}", expected=said),
            remedy=Message("write it that way"),
        )
        for name, (kind, said) in expected.items()
        if (value := getattr(options, name)) is not None and not isinstance(value, kind)
    ]


def _wrong_choices(what: str, given: tuple[str, ...], allowed: tuple[str, ...]) -> list[Problem]:
    """Return the problems of words that are none of those there are."""
    return [
        Problem(
            found=Message("{name}={value}", name=what, value=repr(value)),
            expected=Message("one of {names}", names=", ".join(allowed)),
            remedy=Message("choose one of them"),
        )
        for value in given
        if value not in allowed
    ]
