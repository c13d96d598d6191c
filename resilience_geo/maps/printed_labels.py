"""Words on the printed map: with a white edge, and never on top of one another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_METRES_PER_POINT = 0.0254 / 72.0
_LETTER_SHARE = 0.6  # width of a usual bold letter as a share of its size


def printable(words: str) -> str:
    """Return words on one line, without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in words)


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

    def centred(self, x: float, y: float, words: str, size: float) -> None:
        """Write words on a place if there is room."""
        half = self._metres(len(words) * size * _LETTER_SHARE / 2.0)
        high = self._metres(size * 0.65)
        box = (x - half, y - high, x + half, y + high)
        if self._free(box):
            self._taken.append(box)
            self.write(x, y, words, size, ha="center")

    def beside(
        self, x: float, y: float, words: str, size: float, sign: float, *, colour: str
    ) -> None:
        """Write words right of a sign, or left of it, if there is room.

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
        wide = self._metres(len(words) * size * _LETTER_SHARE)
        high = self._metres(size * 0.6)
        left_edge, right_edge = self.axes.get_xlim()
        for side, align in ((1.0, "left"), (-1.0, "right")):
            near, far = x + side * gap, x + side * (gap + wide)
            box = (min(near, far), y - high, max(near, far), y + high)
            if left_edge < box[0] and box[2] < right_edge and self._free(box):
                self._taken.append(box)
                self.write(near, y, words, size, ha=align, colour=colour)
                return

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
