"""Text that flows on a printed page: columns, paragraphs, tables and keys of a legend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from resilience_geo.maps.printed_labels import printable, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_POINTS_PER_MM = 72.0 / 25.4
_SLACK = 0.985  # a renderer that fits letters to pixels may draw them a little wider
_KEY_WIDTH = 26.0
_LINE = 1.22
_GAP = 0.8
"""Free space between columns of a table, to the size of its letters."""
_LEAST_POINTS = 7.0
"""No letters are smaller on any paper: people read a sheet at arm's length."""
_MOST_CELL_LINES = 3
_HEAD_SHARE = 0.88
_NARROWEST_TEXT = 6.0
"""Least width of a column of words, to the size of its letters."""


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Words to print.

    Parameters
    ----------
    words
        The text.
    size
        Of its letters, in points on A3.
    bold
        Whether they are bold.
    before
        Points to leave free above.
    """

    words: str
    size: float
    bold: bool = False
    before: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A table to print: columns of words at the left, columns of figures at the right.

    Parameters
    ----------
    heads
        Of the columns.
    rows
        Cells of each row; a row with one cell is a heading across.
    words
        How many columns, from the left, hold words.
    size
        Of the letters, in points on A3.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 2
    size: float = 8.0


Item = Paragraph | Listing
Block = Callable[["Column"], None]
"""Writes something into a column; `column.cut` says whether it found room."""


def wrapped(words: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """Return words as lines no wider than `width` points; a word that is too long is broken.

    Parameters
    ----------
    words
        The text.
    width
        Room, in points.
    size
        Of the letters, in points.
    bold
        Whether they are bold.
    """
    room = width * _SLACK
    space = width_of(" ", size, bold=bold)
    lines: list[str] = []
    line, taken = "", 0.0
    for word in printable(words).split():
        wide = width_of(word, size, bold=bold)
        if line and taken + space + wide <= room:
            line, taken = f"{line} {word}", taken + space + wide
            continue
        if line:
            lines.append(line)
        pieces = _pieces(word, room, size, bold=bold) if wide > room else [word]
        lines += pieces[:-1]
        line, taken = pieces[-1], width_of(pieces[-1], size, bold=bold)
    return [*lines, line] if line or not lines else lines


def _pieces(word: str, room: float, size: float, *, bold: bool) -> list[str]:
    """Return a word cut into pieces that fit; each holds at least one letter."""
    pieces, piece, taken = [], "", 0.0
    for letter in word:
        wide = width_of(letter, size, bold=bold)
        if piece and taken + wide > room:
            pieces.append(piece)
            piece, taken = "", 0.0
        piece, taken = piece + letter, taken + wide
    return [*pieces, piece]


def shortened(words: str, width: float, size: float, *, bold: bool = False) -> str:
    """Return words on one line no wider than `width` points, with an ellipsis where cut.

    Parameters
    ----------
    words, width, size, bold
        As of `wrapped`.
    """
    words = " ".join(printable(words).split())
    room = width * _SLACK
    if width_of(words, size, bold=bold) <= room:
        return words
    while words and width_of(words + "…", size, bold=bold) > room:
        words = words[:-1]
    return words + "…"


class Column:
    """Text and keys from top to bottom, in points; nothing is drawn below the end.

    Parameters
    ----------
    axes
        Empty axes of the column's size; None only measures.
    size_mm
        Width and height.
    zoom
        How much larger letters are than on A3.
    """

    def __init__(self, axes: Any, size_mm: tuple[float, float], zoom: float) -> None:
        self.axes = axes
        self.zoom = zoom
        self.cut = False
        self.width, self.height = (side * _POINTS_PER_MM for side in size_mm)
        self.down = 0.0
        if axes is None:
            return
        axes.set_xlim(0.0, self.width)
        axes.set_ylim(self.height, 0.0)
        axes.axis("off")

    def letters(self, size: float) -> float:
        """Return the size of letters in points from that on A3; never too small to read."""
        return max(size * self.zoom, _LEAST_POINTS)

    def measured(self) -> Column:
        """Return a column that is as full as this one and draws nothing."""
        alone = Column(None, (self.width / _POINTS_PER_MM, self.height / _POINTS_PER_MM), self.zoom)
        alone.down = self.down
        return alone

    def room_for(self, points: float) -> bool:
        """Return whether that much room is left."""
        fits = self.down + points <= self.height
        self.cut = self.cut or not fits
        return fits

    def write(
        self,
        words: str,
        size: float,
        *,
        bold: bool = False,
        left: float = 0.0,
        before: float = 0.0,
        most_lines: int | None = None,
    ) -> bool:
        """Write a paragraph, broken into lines; return whether all of it found room."""
        size = self.letters(size)
        self.down += before * self.zoom if self.down else 0.0
        lines = wrapped(words, self.width - left, size, bold=bold)
        if most_lines is not None and len(lines) > most_lines:
            rest = " ".join(lines[most_lines - 1 :])
            last = shortened(rest, self.width - left, size, bold=bold)
            lines = [*lines[: most_lines - 1], last]
        for line in lines:
            if not self.room_for(size * _LINE):
                return False
            self.draw(left, line, size, bold=bold)
            self.down += size * _LINE
        return True

    def write_all(self, paragraphs: Sequence[Paragraph]) -> bool:
        """Write paragraphs; return whether all of them found room."""
        return all(
            self.write(each.words, each.size, bold=each.bold, before=each.before)
            for each in paragraphs
        )

    def draw(
        self,
        left: float,
        line: str,
        size: float,
        *,
        bold: bool = False,
        right: bool = False,
        colour: str = "black",
    ) -> None:
        """Draw one line of text that begins, or with `right` ends, at `left`."""
        if self.axes is not None and line:
            self.axes.text(
                left,
                self.down,
                line,
                fontsize=size,
                ha="right" if right else "left",
                va="top",
                fontweight="bold" if bold else "normal",
                color=colour,
                parse_math=False,
            )

    def rule(self, *, before: float = 0.0, after: float = 0.0, width: float = 0.6) -> None:
        """Draw a line across."""
        self.down += before * self.zoom
        if self.axes is not None and self.room_for(width):
            self.axes.plot(
                [0.0, self.width],
                [self.down, self.down],
                color="black",
                linewidth=width * self.zoom,
                solid_capstyle="butt",
            )
        self.down += after * self.zoom

    def figure_widths(
        self,
        heads: Sequence[str],
        rows: Sequence[Sequence[str]],
        sizes: tuple[float, float],
        *,
        bold: bool = False,
    ) -> list[float]:
        """Return how wide the columns of a table are, in points, but the first, which has the rest.

        Parameters
        ----------
        heads, rows, sizes, bold
            As of `table`.
        """
        head_size, size = (self.letters(each) for each in sizes)
        widths = []
        for place in range(1, len(heads)):
            figures = [width_of(row[place], size, bold=bold) for row in rows]
            longest = [width_of(part, head_size) for part in heads[place].split()]
            widths.append(max(figures + longest) + size * 0.7)
        return widths

    def table(
        self,
        heads: Sequence[str],
        rows: Sequence[Sequence[str]],
        sizes: tuple[float, float],
        *,
        bold: bool = False,
    ) -> None:
        """Write a table: the first cell of a row at the left, figures at the right.

        Parameters
        ----------
        heads
            Of the columns, the first included; broken into lines where they are wide.
        rows
            Cells of each row.
        sizes
            Of the letters of heads and of rows, on A3.
        bold
            Whether the figures are bold.
        """
        head_size, size = (self.letters(each) for each in sizes)
        widths = self.figure_widths(heads, rows, sizes, bold=bold)
        first = self.width - sum(widths)
        ends = [first + sum(widths[: place + 1]) for place in range(len(widths))]
        broken = [wrapped(heads[0], first, head_size)] + [
            wrapped(head, width - size * 0.4, head_size)
            for head, width in zip(heads[1:], widths, strict=True)
        ]
        for number in range(max(len(lines) for lines in broken)):
            if not self.room_for(head_size * 1.2):
                return
            for place, lines in enumerate(broken):
                if number < len(lines):
                    end = ends[place - 1] if place else 0.0
                    self.draw(end, lines[number], head_size, right=place > 0)
            self.down += head_size * 1.2
        for row in rows:
            names = wrapped(row[0], first, size)
            if not self.room_for(size * 1.25 * len(names)):
                return
            for end, cell in zip(ends, row[1:], strict=True):
                self.draw(end, cell, size, bold=bold, right=True)
            for name in names:
                self.draw(0.0, name, size)
                self.down += size * 1.25

    def listing(self, listing: Listing, start: int = 0) -> int:
        """Write a table from a row on, as far as there is room; return the row that comes next.

        A row stays together with those below it whose first cell is empty, unless they are higher
        than a column.

        Parameters
        ----------
        listing
            The table; its heads are written above whatever is written of it.
        start
            First row to write.
        """
        size = self.letters(listing.size)
        widths = self._cell_widths(listing, size)
        lefts = [sum(widths[:place]) for place in range(len(widths))]
        head_size = max(size * _HEAD_SHARE, _LEAST_POINTS)
        heads = self._cells(listing.heads, widths, head_size)
        first = self._row_height(heads, head_size)
        blocks = self._block_heights(listing, widths, size)
        whole = self.height - first - 2.0 * size
        if start < len(listing.rows):
            cells = self._cells(listing.rows[start], widths, size)
            least = self._row_height(cells, size)
            least = max(least, blocks[start]) if blocks[start] <= whole else least
            if not self.room_for(first + least + size):
                return start
        self._draw_row(heads, (lefts, widths), listing.words, head_size)
        self.rule(before=0.8, after=3.5, width=0.5)
        for number in range(start, len(listing.rows)):
            row = listing.rows[number]
            if len(row) == 1:
                following = blocks[number + 1] if number + 1 < len(blocks) else 0.0
                following = following if following <= whole - size * 1.6 else 0.0
                # A heading stays with its first rows.
                if not self.room_for(size * 1.6 + max(following, size * 1.9)):
                    return number
                self.down += size * 0.3
                self.draw(0.0, shortened(row[0], self.width, size, bold=True), size, bold=True)
                self.down += size * 1.3
                continue
            cells = self._cells(row, widths, size)
            least = self._row_height(cells, size)
            if not self.room_for(max(least, blocks[number]) if blocks[number] <= whole else least):
                return number
            self._draw_row(cells, (lefts, widths), listing.words, size)
        return len(listing.rows)

    def _block_heights(self, listing: Listing, widths: Sequence[float], size: float) -> list[float]:
        """Return how high each row is with those below it that have no name of their own."""
        heights: list[float] = []
        goes_on = False
        for row in reversed(listing.rows):
            high = self._row_height(self._cells(row, widths, size), size)
            heights.append(high + (heights[-1] if goes_on and len(row) > 1 else 0.0))
            goes_on = listing.words > 1 and len(row) > 1 and not row[0]
        return heights[::-1]

    def _cell_widths(self, listing: Listing, size: float) -> list[float]:
        """Return the widths of a table's columns; words share what figures leave."""
        whole = [row for row in listing.rows if len(row) > 1]
        wanted, least = [], []
        for place, head in enumerate(listing.heads):
            head_size = max(size * _HEAD_SHARE, _LEAST_POINTS)
            parts = [width_of(part, head_size) for part in head.split()]
            cells = [width_of(row[place], size) for row in whole]
            least.append(max([*parts, size * _NARROWEST_TEXT]) / _SLACK + size * _GAP)
            wanted.append(max([*parts, *cells]) / _SLACK + size * _GAP)
        figures, texts = wanted[listing.words :], wanted[: listing.words]
        room = self.width - sum(figures)
        if sum(texts) <= room:
            texts[-1] += room - sum(texts)
            return [*texts, *figures]
        # Each has what its head needs; what is left goes to those that want more.
        least = [min(one, other) for one, other in zip(least, texts, strict=False)]
        more = [one - other for one, other in zip(texts, least, strict=True)]
        share = max(0.0, room - sum(least)) / max(sum(more), 1e-9)
        texts = [one + share * other for one, other in zip(least, more, strict=True)]
        return [*texts, *figures]

    def _cells(
        self, cells: Sequence[str], widths: Sequence[float], size: float, *, bold: bool = False
    ) -> list[list[str]]:
        """Return the lines of each cell, at most a few."""
        if len(cells) == 1:
            return [[shortened(cells[0], self.width, size, bold=True)]]
        found = []
        for cell, width in zip(cells, widths, strict=True):
            room = width - size * _GAP * 0.9
            lines = wrapped(cell, room, size, bold=bold)
            if len(lines) > _MOST_CELL_LINES:
                rest = " ".join(lines[_MOST_CELL_LINES - 1 :])
                lines = [*lines[: _MOST_CELL_LINES - 1], shortened(rest, room, size)]
            found.append(lines)
        return found

    @staticmethod
    def _row_height(cells: Sequence[Sequence[str]], size: float) -> float:
        """Return the height of a row, in points."""
        return max(len(lines) for lines in cells) * size * _LINE

    def _draw_row(
        self,
        cells: Sequence[Sequence[str]],
        places: tuple[Sequence[float], Sequence[float]],
        words: int,
        size: float,
        *,
        bold: bool = False,
    ) -> None:
        """Draw the cells of a row: words at the left of their column, figures at the right."""
        top = self.down
        for number in range(max(len(lines) for lines in cells)):
            for place, lines in enumerate(cells):
                if number < len(lines):
                    left, wide = places[0][place], places[1][place]
                    right = place >= words
                    self.draw(
                        left + wide if right else left, lines[number], size, bold=bold, right=right
                    )
            self.down += size * _LINE
        self.down = top + self._row_height(cells, size)

    def key(
        self,
        words: str,
        draw: Any,
        size: float = 9.5,
        *,
        left: float = 0.0,
        wide: float | None = None,
    ) -> None:
        """Write an entry of the legend; `draw(axes, x, y, width, height)` draws its symbol.

        Parameters
        ----------
        words
            What the symbol stands for.
        draw
            Draws it.
        size
            Of the letters, in points on A3.
        left, wide
            Where the entry begins and how wide it is, in points; None: as wide as the column.
        """
        size = self.letters(size)
        symbol, gap = _KEY_WIDTH * self.zoom, 5.0 * self.zoom
        room = (self.width - left if wide is None else wide) - symbol - gap
        lines = wrapped(words, room, size)
        if not self.room_for(size * _LINE * len(lines)):
            return
        if self.axes is not None:
            draw(self.axes, left, self.down, symbol, size * 1.1)
        for line in lines:
            self.draw(left + symbol + gap, line, size)
            self.down += size * _LINE
        self.down += 1.5 * self.zoom

    def area(self, high: float, left: float = 0.0, wide: float | None = None) -> Any:
        """Return axes for a place of the column, None where only measuring.

        Parameters
        ----------
        high
            Height, in points, from where the column is written down to; the caller moves on.
        left, wide
            Where it begins and how wide it is, in points; None: to the end of the column.
        """
        if not self.room_for(high) or self.axes is None:
            return None
        wide = self.width - left if wide is None else wide
        place = self.axes.get_position()
        return self.axes.get_figure().add_axes(
            (
                place.x0 + place.width * left / self.width,
                place.y1 - place.height * (self.down + high) / self.height,
                place.width * wide / self.width,
                place.height * high / self.height,
            )
        )


def fill(columns: Sequence[Column], blocks: Sequence[Block]) -> bool:
    """Write blocks into columns, each whole, one column after the other.

    Parameters
    ----------
    columns
        Where to write.
    blocks
        What to write; a block that finds no room goes to the top of the next column.

    Returns
    -------
    bool
        Whether all of them found room.
    """
    place = 0
    for block in blocks:
        while place < len(columns):
            trial = columns[place].measured()
            block(trial)
            if not trial.cut:
                block(columns[place])
                break
            place += 1
        if place == len(columns):
            return False
    return True


def flow(column: Column, items: Sequence[Item]) -> list[Item]:
    """Write paragraphs and tables into a column; return what belongs into the next one.

    Parameters
    ----------
    column
        Where to write.
    items
        What to write; tables are cut between rows, a heading goes where its text goes.
    """
    left = list(items)
    while left:
        item = left[0]
        if isinstance(item, Listing):
            done = column.listing(item)
            if done < len(item.rows):
                return [replace(item, rows=item.rows[done:]), *left[1:]]
            column.down += 4.0 * column.zoom
            left.pop(0)
            continue
        alone = column.measured()
        fits = alone.write(item.words, item.size, bold=item.bold, before=item.before)
        if fits and item.bold and len(left) > 1:
            following = left[1]
            fits = (
                alone.write(following.words, following.size)
                if isinstance(following, Paragraph)
                else alone.room_for(5.0 * column.letters(following.size))
            )
        if not fits and column.down > 0.0:
            return left
        if not fits:  # longer than a column: the rest goes on in the next one
            lines = wrapped(item.words, column.width, column.letters(item.size), bold=item.bold)
            most = max(1, int(column.height / (column.letters(item.size) * _LINE)))
            column.write(" ".join(lines[:most]), item.size, bold=item.bold)
            rest_of = replace(item, words=" ".join(lines[most:]), before=0.0)
            return [rest_of, *left[1:]] if lines[most:] else left[1:]
        column.write(item.words, item.size, bold=item.bold, before=item.before)
        column.down += 2.0 * column.zoom
        left.pop(0)
    return []
