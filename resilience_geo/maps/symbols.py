"""Symbols of shelters, settlements and bridges as inline SVG, drawn for this project.

Each has its own shape and letter besides its colour, so that it stays readable in greyscale, to
colour-blind people and from the back row. No text of a user ever enters a symbol.
"""

from __future__ import annotations

from resilience_geo.maps import style

SHELTER_STATES: tuple[str, ...] = (
    "usable",
    "unknown_capacity",
    "in_hazard",
    "unknown_hazard",
    "unreachable",
)


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


def _svg(body: str, size: int) -> str:
    """Return a square SVG whose drawing is 32 units wide."""
    return (
        f'<svg viewBox="0 0 32 32" width="{size}" height="{size}" aria-hidden="true" '
        f'focusable="false">{body}</svg>'
    )


def _square(fill: str) -> str:
    return (
        f'<rect x="1.5" y="1.5" width="29" height="29" rx="4" fill="{fill}" '
        'stroke="#fff" stroke-width="2.5"/>'
    )


def _letter(letter: str) -> str:
    return (
        '<text x="16" y="24.5" text-anchor="middle" font-family="sans-serif" font-weight="700" '
        f'font-size="24" fill="#fff">{letter}</text>'
    )


# A roof over people: the house says shelter, the heads say assembly.
_HOUSE = (
    '<path d="M16 5 4.5 14.5h3.3V26h16.4V14.5h3.3z" fill="#fff"/>'
    '<g fill="{fill}"><circle cx="12" cy="17" r="2.4"/><circle cx="20" cy="17" r="2.4"/>'
    '<path d="M8.5 26c0-8 7-8 7 0zM16.5 26c0-8 7-8 7 0z"/></g>'
)
_CROSS = (
    '<path d="M4 4 28 28M28 4 4 28" stroke="#fff" stroke-width="7"/>'
    '<path d="M4 4 28 28M28 4 4 28" stroke="#000" stroke-width="3.5"/>'
)


def shelter_svg(state: str, size: int = 32) -> str:
    """Return the symbol of a shelter.

    Parameters
    ----------
    state
        One of `SHELTER_STATES`.
    size
        Width in pixels.
    """
    if state == "usable":
        return _svg(_square(style.SHELTER_USABLE) + _HOUSE.format(fill=style.SHELTER_USABLE), size)
    if state == "unknown_capacity":
        return _svg(_square(style.SHELTER_USABLE) + _letter("?"), size)
    if state == "in_hazard":
        house = _HOUSE.format(fill=style.SHELTER_UNUSABLE)
        return _svg(_square(style.SHELTER_UNUSABLE) + house + _CROSS, size)
    if state == "unknown_hazard":
        circle = (
            f'<circle cx="16" cy="16" r="14.5" fill="{style.SHELTER_UNKNOWN}" '
            'stroke="#fff" stroke-width="2.5"/>'
        )
        return _svg(circle + _letter("?"), size)
    bar = '<path d="M6 16h20" stroke="#fff" stroke-width="6"/>'
    circle = (
        f'<circle cx="16" cy="16" r="14.5" fill="{style.SHELTER_UNUSABLE}" '
        'stroke="#fff" stroke-width="2.5"/>'
    )
    return _svg(circle + bar, size)


_DOTS: dict[str, str] = {
    "usable": '<path d="M9 9h14v14H9z" fill="{green}" stroke="#fff" stroke-width="3"/>',
    "unknown_capacity": '<path d="M8 8h16v16H8z" fill="#fff"/>'
    '<path d="M10 10h12v12H10z" fill="#fff" stroke="{green}" stroke-width="4.5"/>',
    "in_hazard": '<path d="M8 8 24 24M24 8 8 24" stroke="#fff" stroke-width="9"/>'
    '<path d="M8 8 24 24M24 8 8 24" stroke="#000" stroke-width="4.5"/>',
    "unknown_hazard": '<path d="M16 5 27 16 16 27 5 16z" fill="{blue}" stroke="#fff" '
    'stroke-width="3"/>',
    "unreachable": '<circle cx="16" cy="16" r="9.5" fill="#fff"/>'
    '<circle cx="16" cy="16" r="7" fill="#fff" stroke="{grey}" stroke-width="4.5"/>',
}


def dot_svg(state: str, size: int = 32) -> str:
    """Return the small sign a shelter has where symbols would crowd, as the page draws it.

    Parameters
    ----------
    state
        One of `SHELTER_STATES`.
    size
        Width in pixels; the sign fills half of it.
    """
    colours = {
        "green": style.SHELTER_USABLE,
        "blue": style.SHELTER_UNKNOWN,
        "grey": style.SHELTER_UNUSABLE,
    }
    return _svg(_DOTS[state].format(**colours), size)


def bridge_svg(size: int = 20) -> str:
    """Return the symbol of a bridge."""
    return _svg(
        '<path d="M3 8q5 6 5 8t-5 8M29 8q-5 6-5 8t5 8" fill="none" stroke="#000" '
        'stroke-width="3"/><path d="M8 13h16v6H8z" fill="#fff" stroke="#000" stroke-width="2"/>',
        size,
    )


def cause_svg(cause: str, size: int = 24) -> str:
    """Return the sign of people who are not served, as the map draws it on its canvas."""
    circle = (
        f'<circle cx="16" cy="16" r="14" fill="{style.UNSERVED_COLOUR}" stroke="#fff" '
        'stroke-width="2.5"/>'
    )
    return _svg(circle + _letter(style.CAUSE_SIGNS[cause]), size)


def div_icon_html(state: str, size: int = 32, *, dot: bool = False) -> str:
    """Return the HTML of a Leaflet DivIcon for a shelter, on demand with its small sign beside."""
    small = dot_svg(state, 20) if dot else ""
    return (
        f'<span class="rg-shelter rg-{state.replace("_", "-")}">{shelter_svg(state, size)}'
        f"{small}</span>"
    )
