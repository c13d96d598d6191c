"""Signs of places people know their way by: dark drawings on white, so that no one is a shelter."""

from __future__ import annotations

from dataclasses import replace

from resilience_geo.maps.signs import Shape, Sign, box, disc, line, outline, polygon

LANDMARK_KINDS: tuple[str, ...] = (
    "worship",
    "school",
    "health",
    "government",
    "market",
    "police",
    "fire_station",
    "fuel",
    "hall",
    "field",
    "other",
)
_INK = "#222222"
_PAPER = "#FFFFFF"
_EDGE = 2.0


def landmark_sign(kind: str) -> Sign:
    """Return the sign of a landmark; one of a kind without a sign is a dot.

    Parameters
    ----------
    kind
        One of `LANDMARK_KINDS`.
    """
    field = replace(outline(2.0, 30.0, 3.0), fill=_PAPER, stroke=_INK, width=_EDGE)
    return (field, *_DRAWINGS.get(kind, _DRAWINGS["other"]))


def _ink(*points: tuple[float, float]) -> Shape:
    return polygon(*points, fill=_INK)


def _ink_line(*points: tuple[float, float], width: float = 2.4) -> Shape:
    return line(*points, width=width, stroke=_INK)


def _ink_box(left: float, top: float, right: float, bottom: float) -> Shape:
    return box(left, top, right, bottom, fill=_INK)


_DRAWINGS: dict[str, tuple[Shape, ...]] = {
    # A dome between two towers: what most houses of worship here show from afar.
    "worship": (
        _ink(
            *((9.6, 26.0), (9.6, 18.0), (11.0, 14.4), (14.0, 11.4), (16.0, 8.8)),
            *((18.0, 11.4), (21.0, 14.4), (22.4, 18.0), (22.4, 26.0)),
        ),
        _ink_line((16.0, 5.0), (16.0, 10.0), width=1.8),
        _ink_box(5.4, 12.0, 8.0, 26.0),
        _ink_box(24.0, 12.0, 26.6, 26.0),
        polygon((13.8, 26.0), (13.8, 21.0), (16.0, 18.4), (18.2, 21.0), (18.2, 26.0), fill=_PAPER),
    ),
    # An open book under a mortarboard would be too fine: the board and its tassel.
    "school": (
        _ink((16.0, 6.6), (28.0, 12.4), (16.0, 18.2), (4.0, 12.4)),
        _ink((9.4, 16.8), (16.0, 20.0), (22.6, 16.8), (22.6, 21.8), (16.0, 25.0), (9.4, 21.8)),
        _ink_line((26.2, 13.0), (26.2, 23.4), width=1.9),
    ),
    "health": (_ink_box(12.6, 6.4, 19.4, 25.6), _ink_box(6.4, 12.6, 25.6, 19.4)),
    # A flag on a pole before an office.
    "government": (
        _ink_line((9.4, 5.4), (9.4, 26.4), width=2.4),
        _ink((10.4, 6.0), (25.6, 6.0), (25.6, 15.0), (10.4, 15.0)),
        box(12.4, 10.6, 23.6, 13.2, fill=_PAPER),
        _ink_line((5.4, 26.0), (14.0, 26.0), width=2.4),
    ),
    # An awning over a stall.
    "market": (
        _ink((7.6, 6.4), (24.4, 6.4), (27.4, 13.6), (4.6, 13.6)),
        *(disc(x, 13.6, 2.85, fill=_INK) for x in (7.4, 13.1, 18.9, 24.6)),
        _ink_line((8.0, 15.0), (8.0, 26.0), width=2.2),
        _ink_line((24.0, 15.0), (24.0, 26.0), width=2.2),
        _ink_box(7.0, 21.0, 25.0, 26.0),
    ),
    # A shield with a star.
    "police": (
        _ink(
            *((16.0, 4.8), (26.4, 8.2), (26.4, 15.6), (24.0, 21.4), (16.0, 27.6)),
            *((8.0, 21.4), (5.6, 15.6), (5.6, 8.2)),
        ),
        polygon(
            *((16.0, 9.4), (17.7, 13.5), (22.1, 13.8), (18.7, 16.7), (19.8, 21.0)),
            *((16.0, 18.6), (12.2, 21.0), (13.3, 16.7), (9.9, 13.8), (14.3, 13.5)),
            fill=_PAPER,
        ),
    ),
    # A flame.
    "fire_station": (
        _ink(
            *((17.4, 4.6), (19.2, 9.6), (22.0, 12.6), (23.4, 10.6), (25.2, 16.6), (24.2, 22.0)),
            *((20.6, 26.0), (16.0, 27.2), (11.4, 26.0), (7.8, 22.0), (7.2, 17.0), (10.0, 12.0)),
            *((11.4, 14.6), (13.6, 11.4)),
        ),
        polygon(
            *((16.2, 16.0), (19.4, 20.4), (18.8, 23.6), (16.0, 25.0), (13.2, 23.6), (12.8, 20.4)),
            fill=_PAPER,
        ),
    ),
    # A pump with its hose.
    "fuel": (
        _ink_box(6.8, 6.0, 18.4, 26.4),
        box(9.4, 8.8, 15.8, 14.0, fill=_PAPER),
        _ink_line(
            (18.0, 17.0), (21.4, 17.0), (21.4, 23.4), (25.2, 23.4), (25.2, 12.0), (21.6, 8.2)
        ),
    ),
    # A pendopo: a wide roof on posts.
    "hall": (
        _ink((12.4, 6.0), (19.6, 6.0), (22.0, 11.4), (28.0, 16.2), (4.0, 16.2), (10.0, 11.4)),
        *(_ink_box(x - 1.3, 16.0, x + 1.3, 25.0) for x in (7.6, 13.2, 18.8, 24.4)),
        _ink_box(5.0, 24.2, 27.0, 26.6),
    ),
    # A playing field seen from above.
    "field": (
        replace(_ink_box(5.2, 8.4, 26.8, 23.6), fill=_PAPER, stroke=_INK, width=2.2),
        _ink_line((16.0, 8.4), (16.0, 23.6), width=1.9),
        replace(disc(16.0, 16.0, 3.6, fill=_PAPER), stroke=_INK, width=1.9),
    ),
    "other": (disc(16.0, 16.0, 5.6, fill=_INK),),
}
