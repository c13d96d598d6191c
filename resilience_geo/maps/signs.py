"""Signs of maps as plain shapes, so that the screen, the paper and QGIS draw the same ones.

All are drawn for this project. White on green (ISO 3864) says safety: the assembly point is four
arrows that point at a group of people, after ISO 7010 E007; the evacuation arrow is white on a
green square. Signs differ in outline, drawing or letters besides colour, so that they stay apart in
greyscale, to colour-blind people and when small. Letters are strokes: no font, no text of a user.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from resilience_geo.maps import style

SIDE = 32.0
"""Width and height of the square that every sign is drawn in; x to the right, y down."""

SHELTER_STATES: tuple[str, ...] = (
    "usable",
    "unknown_capacity",
    "in_hazard",
    "unknown_hazard",
    "unreachable",
)
SHELTER_ROLES: tuple[str, ...] = ("shelter", "assembly", "tes", "tea")
"""Any shelter, titik kumpul, tempat evakuasi sementara, tempat evakuasi akhir."""

_ACCENTS: dict[str, str] = {"tes": "#FF5500", "tea": "#894465"}
"""Outline of TES and fill of TEA on planning maps, Permen ATR/BPN 14/2021, Lampiran VII."""
_WHITE = "#FFFFFF"
_BLACK = "#000000"
_MIDDLE = SIDE / 2.0

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One shape of a sign: a polygon, a line or a circle.

    Parameters
    ----------
    points
        Its corners; a circle has its centre only.
    radius
        Of a circle.
    fill
        Colour inside; empty for none.
    stroke
        Colour of the line; empty for none.
    width
        Of the line.
    closed
        Whether the last point joins the first.
    """

    points: Points
    radius: float = 0.0
    fill: str = ""
    stroke: str = ""
    width: float = 0.0
    closed: bool = True


Sign = tuple[Shape, ...]
"""Shapes in the order they are drawn."""

_LETTERS: dict[str, tuple[Points, ...]] = {
    "T": (((0.0, 0.0), (1.0, 0.0)), ((0.5, 0.0), (0.5, 1.0))),
    "E": (((1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (1.0, 1.0)), ((0.0, 0.5), (0.85, 0.5))),
    "A": (((0.0, 1.0), (0.5, 0.0), (1.0, 1.0)), ((0.2, 0.67), (0.8, 0.67))),
    "S": (
        (
            *((1.0, 0.14), (0.75, 0.0), (0.25, 0.0), (0.0, 0.14), (0.0, 0.36), (0.25, 0.5)),
            *((0.75, 0.5), (1.0, 0.64), (1.0, 0.86), (0.75, 1.0), (0.25, 1.0), (0.0, 0.86)),
        ),
    ),
    "?": (
        (
            *((0.0, 0.27), (0.08, 0.12), (0.28, 0.0), (0.68, 0.0), (0.9, 0.12), (1.0, 0.27)),
            *((0.92, 0.42), (0.6, 0.55), (0.5, 0.64), (0.5, 0.76)),
        ),
        ((0.5, 0.88), (0.5, 1.05)),
    ),
    "!": (((0.5, 0.0), (0.5, 0.7)), ((0.5, 0.82), (0.5, 1.0))),
    "×": (((0.0, 0.1), (1.0, 0.9)), ((1.0, 0.1), (0.0, 0.9))),  # noqa: RUF001  the sign itself
    "»": (((0.0, 0.1), (0.45, 0.5), (0.0, 0.9)), ((0.55, 0.1), (1.0, 0.5), (0.55, 0.9))),
    "…": (((-0.15, 0.5), (0.13, 0.5)), ((0.36, 0.5), (0.64, 0.5)), ((0.87, 0.5), (1.15, 0.5))),
}
"""Strokes of each letter in a box of 1 by 1."""


def shelter_role(kind: str) -> str:
    """Return which of `SHELTER_ROLES` the kind of a shelter says it is.

    Examples
    --------
    >>> [shelter_role(kind) for kind in ("TES", "Tempat Evakuasi Akhir", "assembly_point", "SD")]
    ['tes', 'tea', 'assembly', 'shelter']
    """
    words = " ".join(re.findall(r"\w+", kind.lower().replace("_", " ")))
    for role, pattern in _ROLE_WORDS.items():
        if pattern.search(words):
            return role
    return "shelter"


_ROLE_WORDS: dict[str, re.Pattern[str]] = {
    "tes": re.compile(r"^tes\b|\b(evakuasi|pengungsian) sementara\b|\btemporary evacuation\b"),
    "tea": re.compile(r"^tea( \d+)?$|^tea tempat\b|\b(evakuasi|pengungsian) akhir\b|"
                      r"\bfinal evacuation\b"),
    "assembly": re.compile(
        r"\b(titik|tempat|lokasi|area) (ber)?kumpul\b|\bassembly\b|\bmuster\b|\bmeeting point\b"
    ),
}  # fmt: skip


def polygon(*points: tuple[float, float], fill: str = _WHITE) -> Shape:
    """Return a filled polygon."""
    return Shape(points=points, fill=fill)


def disc(x: float, y: float, radius: float, fill: str = _WHITE) -> Shape:
    """Return a filled circle."""
    return Shape(points=((x, y),), radius=radius, fill=fill)


def line(*points: tuple[float, float], width: float, stroke: str = _WHITE) -> Shape:
    """Return a line with flat ends."""
    return Shape(points=points, stroke=stroke, width=width, closed=False)


def box(left: float, top: float, right: float, bottom: float, fill: str = _WHITE) -> Shape:
    """Return a filled rectangle."""
    return polygon((left, top), (right, top), (right, bottom), (left, bottom), fill=fill)


def outline(left: float, right: float, cut: float) -> Shape:
    """Return a square from `left` to `right` with its corners cut off by `cut`."""
    low, high = left + cut, right - cut
    return polygon(
        *((low, left), (high, left), (right, low), (right, high)),
        *((high, right), (low, right), (left, high), (left, low)),
    )


def _letters(words: str, top: float, size: tuple[float, float], width: float) -> list[Shape]:
    """Return letters side by side about the middle, each `size` wide and high."""
    wide, high = size
    step = wide + width * 1.5
    left = _MIDDLE - ((len(words) - 1) * step + wide) / 2.0
    return [
        line(*((left + at * step + x * wide, top + y * high) for x, y in stroke), width=width)
        for at, letter in enumerate(words)
        for stroke in _LETTERS[letter]
    ]


def _moved(
    shapes: list[Shape], *, scale: float = 1.0, x: float = 0.0, y: float = 0.0
) -> list[Shape]:
    """Return shapes made smaller about the middle and then moved."""
    return [
        replace(
            shape,
            points=tuple(
                (_MIDDLE + scale * (left - _MIDDLE) + x, _MIDDLE + scale * (top - _MIDDLE) + y)
                for left, top in shape.points
            ),
            radius=shape.radius * scale,
            width=shape.width * scale,
        )
        for shape in shapes
    ]


def _person(x: float, top: float, height: float, fill: str = _WHITE) -> list[Shape]:
    """Return a standing person: a head over a body with shoulders."""
    head, half = height * 0.17, height * 0.22
    neck, foot = top + height * 0.4, top + height
    return [
        disc(x, top + head, head, fill),
        polygon(
            *((x - half * 0.6, neck), (x + half * 0.6, neck), (x + half, neck + half * 0.5)),
            *((x + half, top + height * 0.72), (x + half * 0.62, top + height * 0.72)),
            *((x + half * 0.62, foot), (x - half * 0.62, foot)),
            *((x - half * 0.62, top + height * 0.72), (x - half, top + height * 0.72)),
            (x - half, neck + half * 0.5),
            fill=fill,
        ),
    ]


def _turned(points: Points, degrees: float) -> Points:
    """Return points turned about the middle, counter-clockwise as it is seen."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return tuple(
        (
            _MIDDLE + (x - _MIDDLE) * cosine + (y - _MIDDLE) * sine,
            _MIDDLE - (x - _MIDDLE) * sine + (y - _MIDDLE) * cosine,
        )
        for x, y in points
    )


def _inward_arrows() -> list[Shape]:
    """Return four arrows from the corners that point at the middle."""
    # Drawn on the left, pointing right; turned to the four diagonals.
    shape: Points = (
        *((-2.6, 14.4), (1.2, 14.4), (1.2, 12.1), (6.4, 16.0)),
        *((1.2, 19.9), (1.2, 17.6), (-2.6, 17.6)),
    )
    return [polygon(*_turned(shape, 45.0 + 90.0 * quarter)) for quarter in range(4)]


def _group(fill: str) -> list[Shape]:
    """Return three people who stand together, the one in the middle in front."""
    front = _person(16.0, 8.6, 15.6)
    gap = [replace(part, fill=fill, stroke=fill, width=2.0) for part in front]
    return [*_person(10.6, 10.2, 12.0), *_person(21.4, 10.2, 12.0), *gap, *front]


def _bust(top: float) -> list[Shape]:
    """Return a head over shoulders, for where a person would be too thin."""
    shoulders: Points = (
        *((11.4, top + 9.4), (11.8, top + 7.0), (13.6, top + 5.8)),
        *((18.4, top + 5.8), (20.2, top + 7.0), (20.6, top + 9.4)),
    )
    return [disc(16.0, top + 2.6, 2.6), polygon(*shoulders)]


def _house(fill: str) -> list[Shape]:
    """Return a roof over two people."""
    roof = polygon(
        *((16.0, 4.6), (28.0, 14.6), (24.4, 14.6), (24.4, 26.4)),
        *((7.6, 26.4), (7.6, 14.6), (4.0, 14.6)),
    )
    return [roof, *_person(12.1, 14.0, 12.4, fill), *_person(19.9, 14.0, 12.4, fill)]


_OUTLINES: dict[str, Points] = {
    "shelter": outline(1.5, 30.5, 2.5).points,
    "assembly": outline(1.5, 30.5, 2.5).points,
    "tes": ((16.0, 1.0), (31.0, 11.5), (31.0, 31.0), (1.0, 31.0), (1.0, 11.5)),
    "tea": ((1.0, 1.0), (31.0, 1.0), (31.0, 22.0), (16.0, 31.0), (1.0, 22.0)),
}
"""A square; TES under a roof; TEA a shield."""


def _field(state: str, role: str) -> list[Shape]:
    """Return the field of a sign: its outline by role, its colour by state."""
    colour = {"usable": style.SHELTER_USABLE, "unknown_capacity": style.SHELTER_USABLE}.get(
        state, style.SHELTER_UNUSABLE
    )
    if state in {"unknown_hazard", "unreachable"}:
        colour = style.SHELTER_UNKNOWN if state == "unknown_hazard" else colour
        centre = ((_MIDDLE, _MIDDLE),)
        return [Shape(points=centre, radius=14.5, fill=colour, stroke=_WHITE, width=2.5)]
    edge = Shape(points=_OUTLINES[role], fill=colour, stroke=_WHITE, width=2.0)
    if role not in _ACCENTS or colour != style.SHELTER_USABLE:
        return [edge]
    inner = tuple(
        (_MIDDLE + 0.88 * (x - _MIDDLE), _MIDDLE + 0.88 * (y - _MIDDLE)) for x, y in _OUTLINES[role]
    )
    return [edge, Shape(points=inner, fill=colour, stroke=_ACCENTS[role], width=2.2)]


def shelter_sign(state: str, role: str = "shelter") -> Sign:
    """Return the sign of a shelter.

    Parameters
    ----------
    state
        One of `SHELTER_STATES`: usable is white on green; a question mark stands for what is not
        known; a shelter in hazard is dark and crossed out; one out of reach is a dark disc with a
        bar.
    role
        One of `SHELTER_ROLES`: a house, the assembly point, or a field with the letters TES or TEA.
    """
    field = _field(state, role)
    round_field = state in {"unknown_hazard", "unreachable"}
    if role in _ACCENTS:
        emblem = _lettered_emblem(state, role, field[0].fill)
    elif role == "assembly":
        middle = _doubt(state, 0.62) or _group(field[0].fill)
        emblem = _moved([*_inward_arrows(), *middle], scale=0.8 if round_field else 1.0)
    else:
        emblem = _doubt(state) or _house(field[0].fill)
    return (*field, *emblem, *_cross(state))


def _doubt(state: str, scale: float = 1.0) -> list[Shape]:
    """Return the question mark or the bar of a state; nothing where a shelter is drawn itself."""
    if state in {"usable", "in_hazard"}:
        return []
    if state == "unreachable":
        return _moved([line((6.0, 16.0), (26.0, 16.0), width=6.0)], scale=scale)
    return _moved(_letters("?", 6.6, (10.8, 18.0), 4.2), scale=scale)


def _lettered_emblem(state: str, role: str, fill: str) -> list[Shape]:
    """Return the letters of a role and what stands over or under them."""
    words = role.upper()
    if state in {"unknown_hazard", "unreachable"}:
        letters = _letters(words, 15.6, (3.7, 7.6), 2.2)
        mark = _letters("?", 4.8, (5.0, 7.6), 2.4)
        if state == "unreachable":
            mark = [line((9.5, 9.5), (22.5, 9.5), width=4.0)]
        if role == "tea":  # letters on top, as on its shield: one letter is too small a difference
            return [*_moved(letters, y=-7.6), *_moved(mark, y=12.0)]
        return [*letters, *mark]
    mark = _letters("?", 5.0, (4.8, 6.4), 2.3)
    if role == "tes":
        letters = _letters(words, 16.2, (4.6, 9.6), 2.6)
        return [*letters, *(mark if state == "unknown_capacity" else _bust(5.0))]
    letters = _letters(words, 5.6, (4.6, 9.2), 2.6)
    tent = [
        polygon((16.0, 16.8), (24.4, 24.4), (7.6, 24.4)),
        polygon((16.0, 20.0), (18.6, 24.4), (13.4, 24.4), fill=fill),
    ]
    return [*letters, *(_moved(mark, y=13.4) if state == "unknown_capacity" else tent)]


def _cross(state: str) -> list[Shape]:
    """Return the cross over a shelter that must not be used."""
    if state != "in_hazard":
        return []
    strokes: tuple[Points, Points] = (((4.0, 4.0), (28.0, 28.0)), ((28.0, 4.0), (4.0, 28.0)))
    return [
        line(*stroke, width=width, stroke=colour)
        for width, colour in ((7.0, _WHITE), (3.5, _BLACK))
        for stroke in strokes
    ]


def dot_sign(state: str) -> Sign:
    """Return the small sign of a shelter where signs would crowd; it fills half the square."""
    green, grey = style.SHELTER_USABLE, style.SHELTER_UNUSABLE
    middle = ((_MIDDLE, _MIDDLE),)
    if state == "usable":
        return (replace(box(9.0, 9.0, 23.0, 23.0, green), stroke=_WHITE, width=3.0),)
    if state == "unknown_capacity":
        ring = replace(box(10.0, 10.0, 22.0, 22.0), stroke=green, width=4.5)
        return (box(6.5, 6.5, 25.5, 25.5), ring)
    if state == "in_hazard":
        return tuple(_moved(_cross(state), scale=0.75))
    if state == "unknown_hazard":
        corners: Points = ((16.0, 5.0), (27.0, 16.0), (16.0, 27.0), (5.0, 16.0))
        return (Shape(points=corners, fill=style.SHELTER_UNKNOWN, stroke=_WHITE, width=3.0),)
    ring = Shape(points=middle, radius=7.0, fill=_WHITE, stroke=grey, width=4.5)
    return (Shape(points=middle, radius=10.5, fill=_WHITE), ring)


def arrow_sign(angle_degrees: float = 0.0) -> Sign:
    """Return the evacuation arrow: white on a green square that stays upright.

    Parameters
    ----------
    angle_degrees
        Where it points: 0 is right (east), counter-clockwise from there, so 90 is up (north).
    """
    shape: Points = (
        *((4.6, 12.6), (15.6, 12.6), (15.6, 5.4), (28.0, 16.0)),
        *((15.6, 26.6), (15.6, 19.4), (4.6, 19.4)),
    )
    return (*_field("usable", "assembly"), polygon(*_turned(shape, angle_degrees)))


def cause_sign(cause: str) -> Sign:
    """Return the sign of people who are not served, one of `style.CAUSE_SIGNS`."""
    disc = Shape(
        points=((_MIDDLE, _MIDDLE),),
        radius=14.0,
        fill=style.UNSERVED_COLOUR,
        stroke=_WHITE,
        width=2.5,
    )
    return (disc, *_letters(style.CAUSE_SIGNS[cause], 8.0, (11.2, 16.0), 4.0))


def bridge_sign() -> Sign:
    """Return the sign of a bridge: a road between two banks."""
    west: Points = ((3.0, 8.0), (7.0, 13.5), (7.0, 18.5), (3.0, 24.0))
    east: Points = tuple((SIDE - x, y) for x, y in west)
    deck = replace(box(8.0, 13.0, 24.0, 19.0), stroke=_BLACK, width=2.0)
    banks = [line(*bank, width=3.0, stroke=_BLACK) for bank in (west, east)]
    return (*banks, deck)


def settlement_sign() -> Sign:
    """Return the sign of a settlement: a dark ring, which no shelter and no landmark has."""
    middle = ((_MIDDLE, _MIDDLE),)
    ring = Shape(points=middle, radius=8.0, fill=_WHITE, stroke=style.ROUTE.colour, width=5.0)
    return (Shape(points=middle, radius=12.5, fill=_WHITE), ring)
