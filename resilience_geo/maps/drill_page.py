"""Words, boxes, rules and turn signs on a page measured in millimetres from its upper left."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resilience_geo.maps.printed_labels import printable, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

MM_PER_POINT = 25.4 / 72.0
MM_PER_INCH = 25.4
LINE = 1.25
"""Height of a line, to the size of its letters."""
_ASCENT = 0.93  # from the top of a line to where its letters stand
_TURNS: dict[str, float] = {
    "straight": 0.0,
    "slight_left": -45.0,
    "left": -90.0,
    "sharp_left": -140.0,
    "slight_right": 45.0,
    "right": 90.0,
    "sharp_right": 140.0,
}
"""How far each turn leads away from straight on, in degrees clockwise."""

_NUMBER = re.compile(r"(?<!\S)(\(?[\d.,]+) (?=[a-z])")
_SIGN = 1.5  # width of a turn sign, to the size of the letters


@dataclass(frozen=True, kw_only=True)
class Item:
    """Words of a column of text.

    Parameters
    ----------
    words
        The text.
    bold
        Whether its letters are bold.
    share
        Size of its letters, to that of the column.
    before
        Room above, in lines.
    number, turn
        What stands before it: its number and the sign of a turn; "" for nothing.
    """

    words: str
    bold: bool = False
    share: float = 1.0
    before: float = 0.25
    number: str = ""
    turn: str = ""


def page_axes(figure: Any) -> Any:
    """Return axes over a whole figure, in millimetres, x to the right and y down."""
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    width, height = (side * MM_PER_INCH for side in figure.get_size_inches())
    axes.set_xlim(0.0, width)
    axes.set_ylim(height, 0.0)
    axes.axis("off")
    axes.set_autoscale_on(False)
    return axes


def frame_axes(figure: Any, box: tuple[float, float, float, float]) -> Any:
    """Return axes in a box of a figure: left, top, width and height in millimetres."""
    left, top, width, height = box
    wide, high = (side * MM_PER_INCH for side in figure.get_size_inches())
    place = (left / wide, 1.0 - (top + height) / high, width / wide, height / high)
    return figure.add_axes(place)


def width_mm(words: str, size: float, *, bold: bool = False) -> float:
    """Return how wide words are in millimetres, summed word by word."""
    space = width_of("n n", size, bold=bold) - 2.0 * width_of("n", size, bold=bold)
    parts = [width_of(part, size, bold=bold) for part in words.split()]
    return (sum(parts) + space * max(0, len(parts) - 1)) * MM_PER_POINT


def lines_of(words: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """Return words as lines no wider than `width` millimetres; a word too long is broken.

    Parameters
    ----------
    words
        The text, on one line.
    width
        Room in millimetres.
    size
        Of the letters, in points.
    bold
        Whether they are bold.
    """
    space = width_mm("n n", size, bold=bold) - 2.0 * width_mm("n", size, bold=bold)
    lines: list[list[str]] = [[]]
    used = 0.0
    for whole in _words(words):
        for word in _pieces(whole, width, size, bold=bold):
            wide = width_mm(word, size, bold=bold)
            if lines[-1] and used + space + wide > width:
                lines.append([])
            used = wide if not lines[-1] else used + space + wide
            lines[-1].append(word)
    return [" ".join(line) for line in lines if line]


def _words(words: str) -> list[str]:
    """Return the words of a text; a number and its unit stay together."""
    return [
        part.replace("\0", " ")
        for part in _NUMBER.sub("\\1\0", printable(words)).split(" ")
        if part
    ]


def _pieces(word: str, width: float, size: float, *, bold: bool) -> list[str]:
    """Return a word, in pieces where it is wider than a line."""
    wide = width_mm(word, size, bold=bold)
    if wide <= width or len(word) < 2:  # noqa: PLR2004  one letter cannot be broken
        return [word]
    letters = max(1, int(len(word) * width / wide * 0.9))
    while letters > 1 and width_mm(word[:letters], size, bold=bold) > width:
        letters -= 1
    rest = word[letters:]
    return [word[:letters], *_pieces(rest, width, size, bold=bold)]


def cut_to(words: str, width: float, size: float, *, bold: bool = False, lines: int = 1) -> str:
    """Return words that fit so many lines, the end cut off where they are too long."""
    broken = lines_of(words, width, size, bold=bold)
    if len(broken) <= lines:
        return printable(words)
    kept = " ".join(broken[:lines])
    while kept and len(lines_of(f"{kept}...", width, size, bold=bold)) > lines:
        kept = kept[:-1]
    return f"{kept.rstrip()}..."


def size_that_fits(
    words: str, width: float, sizes: Sequence[float], *, bold: bool = False, lines: int = 1
) -> float:
    """Return the first of the sizes at which words fit so many lines; else the last."""
    return next(
        (size for size in sizes if len(lines_of(words, width, size, bold=bold)) <= lines),
        sizes[-1],
    )


def write(
    axes: Any,
    place: tuple[float, float, float],
    words: str,
    size: float,
    *,
    bold: bool = False,
    colour: str = "black",
    align: str = "left",
) -> float:
    """Write words from a place downward and return where the next line begins.

    Parameters
    ----------
    axes
        Of the page; None only measures.
    place
        Left, top and width of the text in millimetres.
    words
        What to write; broken into lines.
    size
        Of the letters, in points.
    bold, colour
        Of the letters.
    align
        `left`, `center` or `right`, within the width.
    """
    left, top, width = place
    across = {"left": left, "center": left + width / 2.0, "right": left + width}[align]
    for line in lines_of(words, width, size, bold=bold):
        if axes is not None:
            axes.text(
                across,
                top + size * _ASCENT * MM_PER_POINT,
                line,
                fontsize=size,
                fontweight="bold" if bold else "normal",
                color=colour,
                ha=align,
                va="baseline",
                parse_math=False,
                zorder=10,
            )
        top += size * LINE * MM_PER_POINT
    return top


def write_items(
    axes: Any, place: tuple[float, float, float], items: Sequence[Item], size: float
) -> float:
    """Write a column of text and return where it ends; without axes only measure.

    Parameters
    ----------
    axes
        Of the page, or None.
    place
        Left, top and width in millimetres.
    items
        What to write.
    size
        Of the letters, in points.
    """
    left, top, width = place
    for number, item in enumerate(items):
        letters = size * item.share
        high = letters * MM_PER_POINT
        if number:
            top += item.before * high * LINE
        indent = 0.0
        if item.number:
            write(axes, (left, top, high * 1.9), item.number, letters, bold=True, align="right")
            indent = high * 2.3
        if item.turn:
            side = high * _SIGN
            turn_sign(axes, (left + indent, top - (side - high * LINE) / 2.0), side, item.turn)
            indent += side + high * 0.45
        text_place = (left + indent, top, width - indent)
        top = write(axes, text_place, item.words, letters, bold=item.bold)
    return top


def box(
    axes: Any,
    place: tuple[float, float, float, float],
    *,
    fill: str = "none",
    edge: str = "none",
    line: float = 0.8,
) -> None:
    """Draw a box: left, top, width and height in millimetres."""
    if axes is None:
        return
    left, top, width, height = place
    axes.fill(
        [left, left + width, left + width, left],
        [top, top, top + height, top + height],
        facecolor=fill,
        edgecolor=edge,
        linewidth=line,
        zorder=2,
    )


def rule(
    axes: Any,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    line: float = 0.6,
    dash: tuple[float, ...] = (),
    colour: str = "black",
) -> None:
    """Draw a line between two places."""
    if axes is None:
        return
    axes.plot(
        [start[0], end[0]],
        [start[1], end[1]],
        color=colour,
        linewidth=line,
        linestyle=(0, dash) if dash else "solid",
        zorder=5,
    )


def blank(axes: Any, left: float, right: float, base: float) -> None:
    """Draw a dotted line to write on."""
    rule(axes, (left, base), (right, base), line=0.7, dash=(1.0, 2.0), colour="#333333")


def turn_sign(axes: Any, place: tuple[float, float], size: float, turn: str) -> None:
    """Draw the sign of a turn in a square `size` millimetres wide, its upper left at a place.

    A dot begins a way, an arrow goes the way one turns, a framed dot ends it.
    """
    if axes is None:
        return
    left, top = place
    middle, line = left + size / 2.0, size / 4.6 / MM_PER_POINT
    if turn not in _TURNS:
        high = top + size / 2.0
        share = 0.30 if turn == "start" else 0.18
        _disc(axes, (middle, high), size * share)
        if turn != "start":
            inset = size * 0.1
            side = size - 2.0 * inset
            box(axes, (left + inset, top + inset, side, side), edge="black", line=line * 0.6)
        return
    angle = math.radians(_TURNS[turn])
    sharp = abs(_TURNS[turn]) > 90.0  # noqa: PLR2004  an arrow that points back begins higher
    bend = (middle - math.sin(angle) * size * 0.18, top + size * (0.28 if sharp else 0.60))
    reach = size * 0.30
    tip = (bend[0] + math.sin(angle) * reach, bend[1] - math.cos(angle) * reach)
    axes.plot(
        [bend[0], bend[0], tip[0]],
        [top + size * 0.97, bend[1], tip[1]],
        color="black",
        linewidth=line,
        solid_joinstyle="miter",
        solid_capstyle="butt",
        zorder=10,
    )
    _head(axes, tip, angle, size * 0.28)


def _head(axes: Any, tip: tuple[float, float], angle: float, size: float) -> None:
    """Draw the head of an arrow that points `angle` clockwise from up."""
    along = (math.sin(angle), -math.cos(angle))
    across = (math.cos(angle), math.sin(angle))
    axes.fill(
        [tip[0] + along[0] * size, tip[0] + across[0] * size, tip[0] - across[0] * size],
        [tip[1] + along[1] * size, tip[1] + across[1] * size, tip[1] - across[1] * size],
        facecolor="black",
        edgecolor="none",
        zorder=10,
    )


def _disc(axes: Any, middle: tuple[float, float], radius: float) -> None:
    """Draw a filled disc."""
    turns = [number * math.pi / 12.0 for number in range(24)]
    axes.fill(
        [middle[0] + radius * math.cos(turn) for turn in turns],
        [middle[1] + radius * math.sin(turn) for turn in turns],
        facecolor="black",
        edgecolor="none",
        zorder=10,
    )
