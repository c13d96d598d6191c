"""Words on the printed map: with a white edge, and never on top of one another."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

_METRES_PER_POINT = 0.0254 / 72.0
_MEASURED_SIZE = 100.0
_AROUND = ((0, 0), (0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, 1), (1, 1), (-1, -1))


def printable(words: str) -> str:
    """Return words on one line, without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in words)


@functools.lru_cache(maxsize=20_000)
def _width_share(words: str, *, bold: bool) -> float:
    """Return how wide words are as a share of the size of their letters."""
    import warnings  # noqa: PLC0415

    from matplotlib.font_manager import FontProperties  # noqa: PLC0415  an optional package
    from matplotlib.textpath import text_to_path  # noqa: PLC0415

    font = FontProperties(size=_MEASURED_SIZE, weight="bold" if bold else "normal")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        width, _, _ = text_to_path.get_text_width_height_descent(words, font, ismath=False)
    return float(width) / _MEASURED_SIZE


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
    return _width_share(words, bold=bold) * size


def white_edge(width: float) -> list[Any]:
    """Return the effect that keeps letters readable over colours."""
    from matplotlib.patheffects import withStroke  # noqa: PLC0415  an optional package

    return [withStroke(linewidth=width, foreground="white")]


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
    _taken: list[tuple[float, float, float, float]] = field(default_factory=list)

    def _metres(self, points: float) -> float:
        """Return how many metres of land a length on the paper covers."""
        return points * _METRES_PER_POINT * self.scale

    def _free(self, box: tuple[float, float, float, float]) -> bool:
        """Return whether a box meets none that is taken."""
        west, south, east, north = box
        return not any(
            west < other[2] and east > other[0] and south < other[3] and north > other[1]
            for other in self._taken
        )

    def cover(self, x: float, y: float, size: float) -> None:
        """Keep words off a sign, `size` points wide."""
        half = self._metres(size / 2.0)
        self._taken.append((x - half, y - half, x + half, y + half))

    def keep_free(self, box: tuple[float, float, float, float]) -> None:
        """Keep words and signs off a box of west, south, east and north."""
        self._taken.append(box)

    def _inside(self, box: tuple[float, float, float, float]) -> bool:
        """Return whether a box lies within the frame of the map."""
        west, east = self.axes.get_xlim()
        south, north = self.axes.get_ylim()
        return bool(west < box[0] and box[2] < east and south < box[1] and box[3] < north)

    def room(self, x: float, y: float, size: float) -> tuple[float, float] | None:
        """Return a free place for a sign at or beside a place, and keep it; None without one."""
        half = self._metres(size / 2.0)
        for right, up in _AROUND:
            at_x, at_y = x + right * half * 2.2, y + up * half * 2.2
            box = (at_x - half, at_y - half, at_x + half, at_y + half)
            if self._inside(box) and self._free(box):
                self._taken.append(box)
                return at_x, at_y
        return None

    def centred(self, x: float, y: float, words: str, size: float, *, apart: float = 0.0) -> None:
        """Write words on a place, or a little above or below it, if there is room.

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
        """
        words = printable(words)
        half = self._metres(width_of(words, size, bold=True) / 2.0 + apart)
        high = self._metres(size * 0.65 + apart / 2.0)
        for step in (0.0, 1.0, -1.0, 2.0, -2.0):
            middle = y + step * self._metres(size * 0.9)
            box = (x - half, middle - high, x + half, middle + high)
            if self._inside(box) and self._free(box):
                self._taken.append(box)
                self.write(x, middle, words, size, ha="center")
                return

    def beside(
        self, x: float, y: float, words: str, size: float, sign: float, *, colour: str
    ) -> bool:
        """Write words right of a sign, or left of it, if there is room; return whether there was.

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
        colour
            Of the letters.
        """
        gap = self._metres(sign / 2.0 + size * 0.25)
        words = printable(words)
        wide = self._metres(width_of(words, size, bold=True) + size * 0.2)
        high = self._metres(size * 0.6)
        for side, align in ((1.0, "left"), (-1.0, "right")):
            near, far = x + side * gap, x + side * (gap + wide)
            box = (min(near, far), y - high, max(near, far), y + high)
            if self._inside(box) and self._free(box):
                self._taken.append(box)
                self.write(near, y, words, size, ha=align, colour=colour)
                return True
        return False

    def write(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        *,
        ha: str,
        colour: str = "black",
        zorder: float = 20.0,
    ) -> None:
        """Write words at a place, bold, without looking for room."""
        self.axes.text(
            x,
            y,
            printable(words),
            fontsize=size,
            fontweight="bold",
            color=colour,
            ha=ha,
            va="center",
            parse_math=False,
            clip_on=True,
            path_effects=white_edge(size / 3.5),
            zorder=zorder,
        )
