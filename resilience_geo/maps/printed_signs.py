"""The signs of `signs` on paper: vectors in points, one collection for all places of a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from resilience_geo.maps.landmark_signs import landmark_sign
from resilience_geo.maps.signs import (
    SIDE,
    Sign,
    arrow_sign,
    bridge_sign,
    cause_sign,
    dot_sign,
    settlement_sign,
    shelter_sign,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

ZORDER = 12.0


def draw_shelter(
    axes: Any,
    at: ArrayLike,
    state: str,
    size_points: float,
    role: str = "shelter",
    zorder: float = ZORDER,
) -> Any:
    """Draw the sign of shelters.

    Parameters
    ----------
    axes
        Of matplotlib.
    at
        One place (x, y) or many, shape (n, 2), in data coordinates of the axes.
    state
        One of `signs.SHELTER_STATES`.
    size_points
        Width of the sign (points).
    role
        One of `signs.SHELTER_ROLES`.
    zorder
        Of the signs.

    Returns
    -------
    matplotlib.collections.PathCollection
    """
    return draw_sign(axes, at, shelter_sign(state, role), size_points, zorder)


def draw_dot(
    axes: Any, at: ArrayLike, state: str, size_points: float, zorder: float = ZORDER
) -> Any:
    """Draw the small sign of shelters of a state; it fills half of `size_points`."""
    return draw_sign(axes, at, dot_sign(state), size_points, zorder)


def draw_arrow(
    axes: Any,
    at: ArrayLike,
    angle_degrees: ArrayLike,
    size_points: float,
    zorder: float = ZORDER - 1.0,
) -> Any:
    """Draw evacuation arrows, white on upright green squares.

    Parameters
    ----------
    axes
        Of matplotlib.
    at
        One place (x, y) or many, shape (n, 2), in data coordinates.
    angle_degrees
        Where they point, one for all or one each: 0 is east, counter-clockwise.
    size_points
        Width of the square (points).
    zorder
        Of the signs.
    """
    places = _places(at)
    angles = np.broadcast_to(np.asarray(angle_degrees, dtype=np.float64), len(places))
    return _collect(axes, places, [arrow_sign(float(one)) for one in angles], size_points, zorder)


def draw_landmark(
    axes: Any, at: ArrayLike, kind: str, size_points: float, zorder: float = ZORDER - 3.0
) -> Any:
    """Draw the sign of landmarks of a kind, one of `landmark_signs.LANDMARK_KINDS`."""
    return draw_sign(axes, at, landmark_sign(kind), size_points, zorder)


def draw_settlement(
    axes: Any, at: ArrayLike, size_points: float, zorder: float = ZORDER - 2.0
) -> Any:
    """Draw the sign of settlements."""
    return draw_sign(axes, at, settlement_sign(), size_points, zorder)


def draw_bridge(axes: Any, at: ArrayLike, size_points: float, zorder: float = ZORDER - 3.0) -> Any:
    """Draw the sign of bridges."""
    return draw_sign(axes, at, bridge_sign(), size_points, zorder)


def draw_cause(
    axes: Any, at: ArrayLike, cause: str, size_points: float, zorder: float = ZORDER + 1.0
) -> Any:
    """Draw the sign of people who are not served, for one cause."""
    return draw_sign(axes, at, cause_sign(cause), size_points, zorder)


def draw_sign(
    axes: Any, at: ArrayLike, sign: Sign, size_points: float, zorder: float = ZORDER
) -> Any:
    """Draw a sign at one place (x, y) or at many, shape (n, 2), `size_points` wide."""
    places = _places(at)
    return _collect(axes, places, [sign], size_points, zorder)


def _places(at: ArrayLike) -> Any:
    """Return places as an array of shape (n, 2)."""
    return np.asarray(at, dtype=np.float64).reshape(-1, 2)


def _collect(
    axes: Any, places: Any, drawn: Sequence[Sign], size_points: float, zorder: float
) -> Any:
    """Add one collection of all signs: one sign for all places, or one for each.

    A collection repeats its paths and colours in turn, so that every place gets all shapes of its
    sign before the next place is drawn: signs that overlap stay whole.
    """
    from matplotlib.collections import PathCollection  # noqa: PLC0415  optional and heavy
    from matplotlib.transforms import IdentityTransform  # noqa: PLC0415

    shapes = [shape for sign in drawn for shape in sign]
    count = len(drawn[0]) if drawn else 1
    collection = PathCollection(
        [_path(shape) for shape in shapes],
        sizes=(size_points**2,),
        offsets=np.repeat(places, count, axis=0),
        offset_transform=axes.transData,
        facecolors=[shape.fill or "none" for shape in shapes],
        edgecolors=[shape.stroke or "none" for shape in shapes],
        linewidths=[shape.width / SIDE * size_points for shape in shapes],
        capstyle="butt",
        joinstyle="round",
        snap=False,
        zorder=zorder,
    )
    collection.set_transform(IdentityTransform())  # of the paths: they are in points, not in metres
    axes.add_collection(collection, autolim=False)
    return collection


def _path(shape: Any) -> Any:
    """Return a shape as a path one unit wide about its middle, y up."""
    from matplotlib.path import Path  # noqa: PLC0415  optional and heavy

    corners = (np.asarray(shape.points) / SIDE - 0.5) * (1.0, -1.0)
    if shape.radius:
        circle = Path.unit_circle()
        return Path(circle.vertices * (shape.radius / SIDE) + corners[0], circle.codes)
    if not shape.closed:
        return Path(corners)
    codes = [Path.MOVETO, *[Path.LINETO] * (len(corners) - 1), Path.CLOSEPOLY]
    return Path(np.vstack([corners, corners[:1]]), codes)
