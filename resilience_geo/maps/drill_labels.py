"""Words on the small maps of cards and posters, never on top of one another."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from resilience_geo.maps.drill_page import MM_PER_POINT
from resilience_geo.maps.printed_labels import printable, width_of

Frame = tuple[float, float, float, float]
"""West, south, east and north in metres."""


@dataclass(frozen=True, kw_only=True)
class PlacedLabels:
    """Room for words on a small map; what comes first wins.

    Parameters
    ----------
    axes
        Of the map, in metres.
    frame
        Of the map.
    per_mm
        Metres that a millimetre of paper covers.
    taken
        Boxes that are taken, as west, south, east and north.
    """

    axes: Any
    frame: Frame
    per_mm: float
    taken: list[Frame] = field(default_factory=list)

    def holds(self, x: float, y: float) -> bool:
        """Return whether a place lies in the frame."""
        west, south, east, north = self.frame
        return west < x < east and south < y < north

    def free(self, box: Frame) -> bool:
        """Return whether a box lies in the frame and meets none that is taken."""
        west, south, east, north = self.frame
        inside = west < box[0] and box[2] < east and south < box[1] and box[3] < north
        return inside and not any(
            box[0] < other[2] and box[2] > other[0] and box[1] < other[3] and box[3] > other[1]
            for other in self.taken
        )

    def take(self, box: Frame) -> None:
        """Keep a box."""
        self.taken.append(box)

    def take_sign(self, x: float, y: float, points: float, *, once: bool = False) -> bool:
        """Keep the room of a sign so many points wide; with `once` only where it is free."""
        half = points / 2.0 * MM_PER_POINT * self.per_mm
        box = (x - half, y - half, x + half, y + half)
        if once and not self.free(box):
            return False
        self.take(box)
        return True

    def write(
        self,
        place: tuple[float, float],
        words: str,
        size: float,
        *,
        align: str = "left",
        angle: float = 0.0,
        boxed: bool = False,
        zorder: float = 15.0,
    ) -> None:
        """Write words, without looking for room; `boxed` ones on white, bold where upright."""
        look = {"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 1.0}
        self.axes.text(
            *place,
            words,
            fontsize=size,
            fontweight="bold" if boxed and not angle else "normal",
            ha=align,
            va="center",
            rotation=angle,
            rotation_mode="anchor",
            parse_math=False,
            clip_on=True,
            zorder=zorder,
            bbox=look if boxed else None,
        )

    def _size(self, words: str, size: float, *, bold: bool) -> tuple[float, float]:
        """Return width and height of words in metres."""
        wide = (width_of(words, size, bold=bold) + 2.0) * MM_PER_POINT * self.per_mm
        return wide, size * 1.25 * MM_PER_POINT * self.per_mm

    def beside(self, x: float, y: float, words: str, size: float, sign: float) -> bool:
        """Write words around a sign so many points wide, on one line or two, if there is room."""
        words = printable(words)
        middle = len(words) / 2.0
        spaces = [place for place, letter in enumerate(words) if letter == " "]
        cut = min(spaces, key=lambda place: abs(place - middle), default=0)
        broken = [[words], [words[:cut], words[cut + 1 :]]] if cut else [[words]]
        return any(
            self._beside(x, y, lines, size * share, sign)
            for share in (1.0, 0.9)
            for lines in broken
        )

    def _beside(self, x: float, y: float, lines: list[str], size: float, sign: float) -> bool:
        """Write lines around a sign if there is room."""
        sizes = [self._size(line, size, bold=True) for line in lines]
        wide, high = max(one[0] for one in sizes), sum(one[1] for one in sizes)
        gap = (sign / 2.0 + 1.5) * MM_PER_POINT * self.per_mm
        diagonal = gap * 0.6
        for at_x, at_y, align in (
            (x + gap, y, "left"),
            (x - gap, y, "right"),
            (x, y + gap + high / 2.0, "center"),
            (x, y - gap - high / 2.0, "center"),
            (x + diagonal, y - gap - high / 2.0, "left"),
            (x - diagonal, y - gap - high / 2.0, "right"),
            (x + diagonal, y + gap + high / 2.0, "left"),
            (x - diagonal, y + gap + high / 2.0, "right"),
            (x - gap, y - gap - high / 2.0, "left"),
            (x - gap, y + gap + high / 2.0, "left"),
        ):
            left = at_x - {"left": 0.0, "center": wide / 2.0, "right": wide}[align]
            box = (left, at_y - high / 2.0, left + wide, at_y + high / 2.0)
            if not self.free(box):
                continue
            self.take(box)
            for number, line in enumerate(lines):
                level = at_y + high * ((len(lines) - 1) / 2.0 - number) / len(lines)
                self.write((at_x, level), line, size, align=align, boxed=True)
            return True
        return False

    def along(self, x: float, y: float, words: str, size: float, angle: float) -> bool:
        """Write the name of a road beside it, upright, where there is room."""
        words = printable(words)
        angle = (angle + 90.0) % 180.0 - 90.0
        turn = math.radians(angle)
        wide, high = self._size(words, size, bold=False)
        half_wide = (abs(math.cos(turn)) * wide + abs(math.sin(turn)) * high) / 2.0
        half_high = (abs(math.sin(turn)) * wide + abs(math.cos(turn)) * high) / 2.0
        for side in (1.0, -1.0, 2.0, -2.0):
            away = side * high * 1.05
            at_x, at_y = x - math.sin(turn) * away, y + math.cos(turn) * away
            box = (at_x - half_wide, at_y - half_high, at_x + half_wide, at_y + half_high)
            if self.free(box):
                self.take(box)
                self.write(
                    (at_x, at_y), words, size, align="center", angle=angle or 0.01, boxed=True
                )
                return True
        return False

    def room_for_mark(self, x: float, y: float, sign: float, words: str, size: float) -> bool:
        """Write the name of a landmark beside its sign if both find room."""
        half = sign / 2.0 * MM_PER_POINT * self.per_mm
        own = (x - half, y - half, x + half, y + half)
        if not self.free(own):
            return False
        self.take(own)
        if self.beside(x, y, words, size, sign):
            return True
        self.taken.remove(own)
        return False
