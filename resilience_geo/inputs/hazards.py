"""Several hazards in one plan: flood and landslide together, each by its own rules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from affine import Affine

from resilience_geo.errors import InputError, Message, Problem
from resilience_geo.inputs.grids import Grid
from resilience_geo.inputs.hazard_map import Hazard

# Cells are the same where they lie on one another to a thousandth of a cell.
_SAME_CELL = 1e-3


def combine_hazards(*hazards: Hazard | Sequence[Hazard]) -> Hazard:
    """Put hazards together, so that a plan takes all of them into account at once.

    A place takes its gravest class: high before medium before unknown before low before none. A
    road is judged by each hazard by its own rules (a flood by depth, a landslide by class) and
    takes its gravest state and its lowest speed. A shelter is usable if it is usable in each.

    Parameters
    ----------
    hazards
        From `read_hazard`, one after another or as a list. Their grids, polygons and coordinate
        reference systems may differ; nothing is resampled.

    Returns
    -------
    Hazard
        Its `parts` are the hazards. A single hazard is returned as it is.

    Raises
    ------
    InputError
        No hazard, or something else than hazards.

    Examples
    --------
    >>> import resilience_geo as rg
    >>> files = rg.sample_files()
    >>> flood = rg.read_hazard(files["flood"], kind="flood", unit="m")
    >>> slide = rg.read_hazard(files["landslide"], kind="landslide", unit="index")
    >>> combine_hazards(flood, slide).kinds
    ('flood', 'landslide')
    """
    given: list[Hazard] = []
    for hazard in hazards:
        given += hazard if isinstance(hazard, Sequence) else [hazard]
    odd = [type(hazard).__name__ for hazard in given if not isinstance(hazard, Hazard)]
    if odd or not given:
        raise InputError(
            Problem(
                found=Message("hazards: {names}", names=", ".join(dict.fromkeys(odd)) or "-"),
                expected=Message("one hazard or several"),
                remedy=Message("make each with read_hazard"),
            )
        )
    if len(given) == 1:
        return given[0]
    parts = tuple(part for hazard in given for part in hazard.maps)
    kinds, units, means, sources = (
        tuple(dict.fromkeys(getattr(part, name) for part in parts))
        for name in ("kind", "unit", "nodata_means", "source")
    )
    note = Message(
        "{count} hazards count together: each place takes its gravest class, each road its "
        "gravest state.",
        count=len(parts),
    )
    return Hazard(
        kind=kinds[0] if len(kinds) == 1 else "generic",
        unit=units[0] if len(units) == 1 else "class",
        grid=_common_grid([part.grid for part in parts]),
        nodata_means=means[0] if len(means) == 1 else "unknown",
        source=", ".join(source for source in sources if source),
        notes=tuple(dict.fromkeys([note, *(note for part in parts for note in part.notes)])),
        parts=parts,
    )


def _common_grid(grids: list[Grid | None]) -> Grid | None:
    """Return the grid around all grids if their cells are the same, without values; else None."""
    found = [grid for grid in grids if grid is not None]
    if len(found) < len(grids) or any(grid.crs != found[0].crs for grid in found):
        return None
    # The choice of the grid the others are measured by must not depend on their order.
    anchor = min(found, key=lambda grid: (grid.transform.c, -grid.transform.f))
    corner = anchor.transform
    places = []
    for grid in found:
        own = grid.transform
        row, column = (own.f - corner.f) / corner.e, (own.c - corner.c) / corner.a
        drift = max(
            abs(own.e / corner.e - 1.0) * grid.shape[0],
            abs(own.a / corner.a - 1.0) * grid.shape[1],
        )
        off = max(abs(row - round(row)), abs(column - round(column)))
        if drift + off >= _SAME_CELL:
            return None
        places.append((round(row), round(column)))
    first = np.array(places)
    last = (first + np.array([grid.shape for grid in found])).max(axis=0)
    top, left = (int(value) for value in first.min(axis=0))
    return Grid(
        path=None,
        band=1,
        transform=Affine(
            corner.a, 0.0, corner.c + left * corner.a, 0.0, corner.e, corner.f + top * corner.e
        ),
        shape=(int(last[0]) - top, int(last[1]) - left),
        crs=anchor.crs,
        nodata=None,
        dtype=np.dtype(np.uint8),
        source=", ".join(dict.fromkeys(grid.name for grid in found)),
    )
