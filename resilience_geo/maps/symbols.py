"""Signs of shelters, settlements, landmarks and bridges as inline SVG.

The drawings are in `signs` and `landmark_signs`. No text of a user ever enters a symbol.
"""

from __future__ import annotations

from resilience_geo.maps import signs
from resilience_geo.maps.landmark_signs import LANDMARK_KINDS, landmark_sign
from resilience_geo.maps.signs import SHELTER_ROLES, SHELTER_STATES, Shape, Sign, shelter_role

__all__ = [
    "LANDMARK_KINDS",
    "SHELTER_ROLES",
    "SHELTER_STATES",
    "arrow_svg",
    "bridge_svg",
    "cause_svg",
    "div_icon_html",
    "dot_svg",
    "landmark_svg",
    "settlement_svg",
    "shelter_role",
    "shelter_state",
    "shelter_svg",
    "standalone_svg",
]


def shelter_state(status: str, capacity_people: float) -> str:
    """Return which symbol a shelter gets: its status, or that its capacity is unknown.

    Examples
    --------
    >>> shelter_state("usable", float("nan")), shelter_state("in_hazard", 40.0)
    ('unknown_capacity', 'in_hazard')
    """
    if status == "usable" and not capacity_people >= 0:
        return "unknown_capacity"
    return status


def _number(value: float) -> str:
    """Return a length with as many of two decimals as it needs."""
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def _element(shape: Shape) -> str:
    """Return a shape as an SVG element."""
    look = f'fill="{shape.fill or "none"}"'
    if shape.stroke:
        look += f' stroke="{shape.stroke}" stroke-width="{_number(shape.width)}"'
    if shape.radius:
        ((x, y),) = shape.points
        return f'<circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(shape.radius)}" {look}/>'
    path = " ".join(f"{_number(x)} {_number(y)}" for x, y in shape.points)
    join = ' stroke-linejoin="round"' if shape.stroke else ""
    return f'<path d="M{path}{"z" if shape.closed else ""}" {look}{join}/>'


def _svg(sign: Sign, size: float) -> str:
    """Return a sign as SVG that stands in a page, `size` pixels wide."""
    return (
        f'<svg viewBox="0 0 32 32" width="{size}" height="{size}" aria-hidden="true" '
        f'focusable="false">{"".join(map(_element, sign))}</svg>'
    )


def standalone_svg(sign: Sign, size: int = 64) -> str:
    """Return a sign as an SVG file of its own, as QGIS and viewers want it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" version="1.1" viewBox="0 0 32 32" '
        f'width="{size}" height="{size}">{"".join(map(_element, sign))}</svg>'
    )


def shelter_svg(state: str, size: int = 32, role: str = "shelter") -> str:
    """Return the symbol of a shelter.

    Parameters
    ----------
    state
        One of `SHELTER_STATES`.
    size
        Width in pixels.
    role
        One of `SHELTER_ROLES`, from `shelter_role`.
    """
    return _svg(signs.shelter_sign(state, role), size)


def dot_svg(state: str, size: int = 32) -> str:
    """Return the small sign a shelter has where symbols would crowd, as the page draws it.

    Parameters
    ----------
    state
        One of `SHELTER_STATES`.
    size
        Width in pixels; the sign fills half of it.
    """
    return _svg(signs.dot_sign(state), size)


def arrow_svg(size: int = 32, angle_degrees: float = 0.0) -> str:
    """Return the evacuation arrow, white on a green square.

    Parameters
    ----------
    size
        Width in pixels.
    angle_degrees
        Where it points: 0 is right (east), counter-clockwise; the square stays upright.
    """
    return _svg(signs.arrow_sign(angle_degrees), size)


def landmark_svg(kind: str, size: int = 20) -> str:
    """Return the symbol of a landmark, one of `LANDMARK_KINDS`, `size` pixels wide."""
    return _svg(landmark_sign(kind), size)


def settlement_svg(size: int = 20) -> str:
    """Return the symbol of a settlement."""
    return _svg(signs.settlement_sign(), size)


def bridge_svg(size: int = 20) -> str:
    """Return the symbol of a bridge."""
    return _svg(signs.bridge_sign(), size)


def cause_svg(cause: str, size: int = 24) -> str:
    """Return the sign of people who are not served, as the map draws it on its canvas."""
    return _svg(signs.cause_sign(cause), size)


def div_icon_html(state: str, size: int = 32, *, dot: bool = False, role: str = "shelter") -> str:
    """Return the HTML of a Leaflet DivIcon for a shelter, on demand with its small sign beside."""
    small = dot_svg(state, 20) if dot else ""
    return (
        f'<span class="rg-shelter rg-{state.replace("_", "-")}">{shelter_svg(state, size, role)}'
        f"{small}</span>"
    )
