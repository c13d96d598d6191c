"""Words on the printed map: on white plates, along roads, and never on top of one another.

A white edge around letters would turn them into outlines, which no search of a PDF finds and which
make it large; a plate below them keeps words readable and text.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from resilience_geo.maps.printed_shapes import on_paper_grid

_METRES_PER_POINT = 0.0254 / 72.0
_MEASURED_SIZE = 100.0
_AROUND = ((0, 0), (0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, 1), (1, 1), (-1, -1))
_PLATE_OPACITY = 0.8
_HALF_HEIGHT = 0.6
"""Half the height of a line of words and its plate, to the size of its letters."""
_BINS = 48

Box = tuple[float, float, float, float]
"""West, south, east, north."""


def printable(words: str) -> str:
    """Return words on one line, without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in words)


@functools.lru_cache(maxsize=8)
def _font(*, bold: bool) -> Any:
    """Return the font that is printed, at the size it is measured in."""
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415  an optional package

    return FontProperties(size=_MEASURED_SIZE, weight="bold" if bold else "normal")


@functools.lru_cache(maxsize=20_000)
def _letter_share(letter: str, *, bold: bool) -> float:
    """Return how far a letter moves the pen, as a share of its size."""
    import warnings  # noqa: PLC0415

    from matplotlib.textpath import text_to_path  # noqa: PLC0415  an optional package

    font = _font(bold=bold)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from font")
        # Between two others, as a space has no width of its own.
        wide, _, _ = text_to_path.get_text_width_height_descent(f"n{letter}n", font, ismath=False)
        none, _, _ = text_to_path.get_text_width_height_descent("nn", font, ismath=False)
    return float(wide - none) / _MEASURED_SIZE


def width_of(words: str, size: float, *, bold: bool = False) -> float:
    """Return how wide words on one line are, in points.

    Parameters
    ----------
    words
        What is written.
    size
        Of the letters, in points.
    bold
        Whether they are bold.
    """
    return sum(_letter_share(letter, bold=bold) for letter in words) * size


@dataclass(kw_only=True)
class Labels:
    """Writes words on a map where there is room; what comes first wins.

    Parameters
    ----------
    axes
        Of the map, in metres.
    scale
        Denominator of the map's scale.
    language
        Of numbers.
    """

    axes: Any
    scale: int
    language: str
    _taken: dict[tuple[int, int], list[Box]] = field(default_factory=dict)
    _plates: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Remember the frame, as asking the axes each time is slow."""
        west, east = (float(side) for side in self.axes.get_xlim())
        south, north = (float(side) for side in self.axes.get_ylim())
        self.frame: Box = (west, south, east, north)
        self._bin = max(east - west, north - south) / _BINS

    def metres(self, points: float) -> float:
        """Return how many metres of land a length on the paper covers."""
        return points * _METRES_PER_POINT * self.scale

    def _bins(self, box: Box) -> list[tuple[int, int]]:
        """Return the bins of the map that a box touches."""
        west, south, east, north = (math.floor(side / self._bin) for side in box)
        return [(x, y) for x in range(west, east + 1) for y in range(south, north + 1)]

    def free(self, box: Box) -> bool:
        """Return whether a box meets none that is taken."""
        west, south, east, north = box
        return not any(
            west < other[2] and east > other[0] and south < other[3] and north > other[1]
            for place in self._bins(box)
            for other in self._taken.get(place, ())
        )

    def keep_free(self, box: Box) -> None:
        """Keep words and signs off a box of west, south, east and north."""
        for place in self._bins(box):
            self._taken.setdefault(place, []).append(box)

    def cover(self, x: float, y: float, size: float) -> None:
        """Keep words off a sign, `size` points wide."""
        half = self.metres(size / 2.0)
        self.keep_free((x - half, y - half, x + half, y + half))

    def inside(self, box: Box) -> bool:
        """Return whether a box lies within the frame of the map."""
        west, south, east, north = self.frame
        return west < box[0] and box[2] < east and south < box[1] and box[3] < north

    def room(self, x: float, y: float, size: float, *, moved: bool = True) -> Any:
        """Return a free place for a sign at or, if it may be moved, beside a place, and keep it.

        None where there is no room.
        """
        half = self.metres(size / 2.0)
        for right, up in _AROUND if moved else _AROUND[:1]:
            at_x, at_y = x + right * half * 2.2, y + up * half * 2.2
            box = (at_x - half, at_y - half, at_x + half, at_y + half)
            if self.inside(box) and self.free(box):
                self.keep_free(box)
                return at_x, at_y
        return None

    def centred(
        self, x: float, y: float, words: str, size: float, *, apart: float = 0.0, **look: Any
    ) -> bool:
        """Write words on a place, or a little above or below it; return whether there was room.

        Parameters
        ----------
        x, y
            The place.
        words
            What to write.
        size
            Of the letters, in points.
        apart
            Points to keep free around them.
        **look
            `colour` and `bold`, as of `write`.
        """
        words = printable(words)
        wide = width_of(words, size, bold=look.get("bold", True)) + size * 0.2
        half = self.metres(wide / 2.0 + apart)
        high = self.metres(size * _HALF_HEIGHT + apart / 2.0)
        for step in (0.0, 1.0, -1.0, 2.0, -2.0):
            middle = y + step * self.metres(size * 0.9)
            box = (x - half, middle - high, x + half, middle + high)
            if self.inside(box) and self.free(box):
                self.keep_free(box)
                self.write(x, middle, words, size, ha="center", **look)
                return True
        return False

    def beside(self, x: float, y: float, words: str, size: float, sign: float, **look: Any) -> bool:
        """Write words right of a sign, left of it, below or above; return whether there was room.

        Parameters
        ----------
        x, y
            Middle of the sign.
        words
            What to write.
        size
            Of the letters, in points.
        sign
            Width of the sign, in points.
        **look
            `colour` and `bold`, as of `write`.
        """
        words = printable(words)
        gap = self.metres(sign / 2.0 + size * 0.2)
        wide = self.metres(width_of(words, size, bold=look.get("bold", True)) + size * 0.2)
        high = self.metres(size * _HALF_HEIGHT)
        places = [
            (x + gap, y, "left", x + gap, x + gap + wide),
            (x - gap, y, "right", x - gap - wide, x - gap),
        ]
        places += [
            (x, y + side * (gap + high), "center", x - wide / 2.0, x + wide / 2.0)
            for side in (-1.0, 1.0)
        ]
        for at_x, at_y, align, west, east in places:
            box = (west, at_y - high, east, at_y + high)
            if self.inside(box) and self.free(box):
                self.keep_free(box)
                self.write(at_x, at_y, words, size, ha=align, **look)
                return True
        return False

    def inwards(self, x: float, y: float, words: str, size: float, **look: Any) -> bool:
        """Write words at the edge of the map, towards its middle; return whether there was room.

        Parameters
        ----------
        x, y
            A place near the edge.
        words, size, **look
            As of `centred`.
        """
        words = printable(words)
        wide = self.metres(width_of(words, size, bold=look.get("bold", True)) + size * 0.6)
        high = self.metres(size * _HALF_HEIGHT * 1.2)
        west, south, east, north = self.frame
        for step in (0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0):
            at_x = min(max(x, west + wide / 2.0 + high), east - wide / 2.0 - high)
            at_y = min(max(y + step * 2.1 * high, south + 1.5 * high), north - 1.5 * high)
            box = (at_x - wide / 2.0, at_y - high, at_x + wide / 2.0, at_y + high)
            if self.inside(box) and self.free(box):
                self.keep_free(box)
                self.write(at_x, at_y, words, size, ha="center", **look)
                return True
        return False

    def along(self, x: float, y: float, angle: float, words: str, size: float, **look: Any) -> bool:
        """Write words along a line through a place; return whether there was room.

        Parameters
        ----------
        x, y
            Middle of the words.
        angle
            Of the line, counter-clockwise from east (degrees); words never stand on their head.
        words
            What to write.
        size
            Of the letters, in points.
        **look
            `colour` and `bold`, as of `write`.
        """
        words = printable(words)
        half = self.metres(width_of(words, size, bold=look.get("bold", True)) / 2.0)
        high = self.metres(size * _HALF_HEIGHT)
        angle = (angle + 90.0) % 180.0 - 90.0
        east, north = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        steps = np.linspace(-half, half, 2 + int(half / high))
        side = high * 1.15
        boxes = [
            (x + s * east - side, y + s * north - side, x + s * east + side, y + s * north + side)
            for s in steps.tolist()
        ]
        if not all(self.inside(box) and self.free(box) for box in boxes):
            return False
        for box in boxes:
            self.keep_free(box)
        self.write(x, y, words, size, ha="center", angle=angle, **look)
        return True

    def write(  # noqa: PLR0913  what, where and how
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        *,
        ha: str,
        colour: str = "black",
        bold: bool = True,
        angle: float = 0.0,
        zorder: float = 20.0,
    ) -> None:
        """Write words at a place on a plate, without looking for room."""
        words = printable(words)
        self.axes.text(
            x,
            y,
            words,
            fontsize=size,
            fontweight="bold" if bold else "normal",
            color=colour,
            ha=ha,
            va="center_baseline" if angle else "center",
            rotation=angle,
            rotation_mode="anchor" if angle else "default",
            parse_math=False,
            clip_on=True,
            zorder=zorder,
        )
        half = self.metres(width_of(words, size, bold=bold) / 2.0 + size * 0.1)
        high = self.metres(size * _HALF_HEIGHT) * (0.8 if angle else 1.0)
        middle = {"left": half, "right": -half, "center": 0.0}[ha]
        corners = np.array([(-half, -high), (half, -high), (half, high), (-half, high)])
        turn = math.radians(angle)
        turned = corners @ np.array(
            [(math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))]
        )
        self._plates.append(turned + np.array([x + middle, y]))

    def finish(self) -> None:
        """Draw the plates below the words, all at once."""
        from matplotlib.patches import PathPatch  # noqa: PLC0415  an optional package
        from matplotlib.path import Path as Outline  # noqa: PLC0415

        if not self._plates:
            return
        corners = np.vstack([np.vstack([plate, plate[:1]]) for plate in self._plates])
        codes = [Outline.MOVETO, *[Outline.LINETO] * 3, Outline.CLOSEPOLY] * len(self._plates)
        self.axes.add_artist(
            PathPatch(
                Outline(on_paper_grid(self.axes, corners), codes),
                facecolor="white",
                edgecolor="none",
                alpha=_PLATE_OPACITY,
                zorder=19.0,
            )
        )
