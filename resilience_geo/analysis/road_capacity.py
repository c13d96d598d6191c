"""How many people a road lets through: from its width, stated or taken, to people per second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resilience_geo.analysis.network import Roads
    from resilience_geo.assumptions import EvacuationAssumptions

_MAIN = frozenset({"motorway", "trunk", "primary"})
_COLLECTOR = frozenset(
    {
        "secondary",
        "tertiary",
        "motorway_link",
        "trunk_link",
        "primary_link",
        "secondary_link",
        "tertiary_link",
    }
)
_PATH = frozenset({"path", "footway", "steps", "track", "cycleway", "bridleway", "corridor"})
LEAST_WALKED_WIDTH_M = 0.5
"""Width that is walked on however narrow a road is: one person, no standard found."""


def road_widths(roads: Roads, assumptions: EvacuationAssumptions) -> NDArray[np.float64]:
    """Return the width of each road (m).

    As tagged; else its lanes times the width of a lane; else what is taken for its class. A road of
    several classes is as narrow as the narrowest.

    Parameters
    ----------
    roads
        From `road_arrays`.
    assumptions
        Widths of lanes and of classes.
    """
    kinds, kind = np.unique(roads.highway.astype(str), return_inverse=True)
    taken = np.array(
        [min(_width_of(part, assumptions) for part in text.split(";")) for text in kinds],
        dtype=np.float64,
    )[kind]
    by_lanes = roads.lanes * assumptions.lane_width_m
    width = np.where(np.isfinite(by_lanes), by_lanes, taken)
    return np.where(np.isfinite(roads.width_m), roads.width_m, width)


def _width_of(kind: str, assumptions: EvacuationAssumptions) -> float:
    """Return the width taken for a road class (m)."""
    if kind in _MAIN:
        return assumptions.main_road_width_m
    if kind in _COLLECTOR:
        return assumptions.collector_road_width_m
    return assumptions.path_width_m if kind in _PATH else assumptions.local_road_width_m


def people_per_second(
    width_m: NDArray[np.float64], assumptions: EvacuationAssumptions
) -> NDArray[np.float64]:
    """Return how many people can pass a road of some width in one direction (people/s).

    `maximum_flow_people_per_m_per_s` times the width that is walked on: the whole width less
    `edge_loss_m`. All of it serves one direction, because an evacuation that uses a road both ways
    at once can do as well without: those who meet could change places.

    Parameters
    ----------
    width_m
        Width of the roads (m).
    assumptions
        Flow per metre, and width lost at the edges.

    Examples
    --------
    A lane of 3.5 m lets 1.3 x (3.5 - 0.3) = 4.16 people through per second, 249 in a minute.

    >>> import numpy as np
    >>> from resilience_geo.assumptions import EvacuationAssumptions
    >>> people_per_second(np.array([3.5]), EvacuationAssumptions()).round(2).tolist()
    [4.16]
    """
    walked = np.maximum(width_m - assumptions.edge_loss_m, LEAST_WALKED_WIDTH_M)
    flow: NDArray[np.float64] = assumptions.maximum_flow_people_per_m_per_s * walked
    return flow
