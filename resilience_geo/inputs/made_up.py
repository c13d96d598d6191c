"""Layers that say of themselves that they are made up, to try a plan where real ones are missing.

A raster says so by the metadata item `RESILIENCE_GEO_MADE_UP=YES`, a layer or a table by a column
`made_up` that is true in a row, an OSM file by "made up" in the name of what generated it. Readers
then note `MADE_UP`, once for all layers of a plan, whose villages may be real.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resilience_geo.errors import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

MADE_UP = Message(
    "Layers of this map are made up, to try the program out: do not use it for a real evacuation."
)
"""What a reader notes of a layer that says it is made up."""
RASTER_TAG = "RESILIENCE_GEO_MADE_UP"
COLUMN = "made_up"
GENERATOR = "made up"
_YES = frozenset({"yes", "true", "1", "1.0", "ya"})


def raster_notes(tags: Mapping[str, Any]) -> tuple[Message, ...]:
    """Return `MADE_UP` where the metadata of a raster file say so, else nothing.

    Examples
    --------
    >>> len(raster_notes({"RESILIENCE_GEO_MADE_UP": "YES"})), raster_notes({"AREA": "1"})
    (1, ())
    """
    return (MADE_UP,) if _yes(tags.get(RASTER_TAG, "")) else ()


def table_notes(frame: pd.DataFrame) -> tuple[Message, ...]:
    """Return `MADE_UP` where a column `made_up` is true in at least one row, else nothing."""
    if COLUMN not in frame.columns:
        return ()
    return (MADE_UP,) if any(map(_yes, frame[COLUMN].astype(str).unique())) else ()


def osm_notes(generator: str | None) -> tuple[Message, ...]:
    """Return `MADE_UP` where what generated an OSM file is called so, else nothing.

    Examples
    --------
    >>> len(osm_notes("resilience_geo made up")), osm_notes("osmium/1.16.0"), osm_notes(None)
    (1, (), ())
    """
    return (MADE_UP,) if GENERATOR in (generator or "").lower() else ()


def is_made_up(notes: Iterable[object]) -> bool:
    """Return whether some layer is noted to be made up.

    Parameters
    ----------
    notes
        Of layers or of a plan, also after they went through a file or another process.
    """
    return any(note == MADE_UP for note in notes)


def _yes(value: object) -> bool:
    """Return whether a cell or tag says yes."""
    return str(value).strip().lower() in _YES
