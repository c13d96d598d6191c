"""The column beside a printed map: title, summary, legend, worst villages, sources, limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resilience_geo.hazard_classes import HIGH, LOW, MEDIUM, UNKNOWN
from resilience_geo.maps import content, style, text
from resilience_geo.maps.printed_labels import printable, width_of
from resilience_geo.maps.symbols import SHELTER_STATES, shelter_state
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from resilience_geo.plan import EvacuationPlan

_POINTS_PER_MM = 72.0 / 25.4
_SLACK = 0.96  # a renderer that fits letters to pixels may draw them a little wider
_WORST = 8
_WORST_SIZES = (8.0, 10.0)
_NAME_SHARE = 0.3  # of the width; with less room for names a column of figures goes
_SPARE_COLUMNS = ("helpers", "need_help_people", "left")  # in the order in which they go
_KEY_WIDTH = 30.0
_SHARES = (1.0, 0.95, 0.9, 0.85)  # letters shrink this far before notes go to the next page
_SMALL_SHARES = (*_SHARES, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5)
_MOST_TITLE_LINES = 4
_MOST_NAME_LINES = 5


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


SHELTER_SIGNS: dict[str, tuple[str, str, str]] = {
    "usable": ("s", style.SHELTER_USABLE, "▲"),
    "unknown_capacity": ("s", style.SHELTER_USABLE, "?"),
    "in_hazard": ("s", style.SHELTER_UNUSABLE, "×"),  # noqa: RUF001  the sign on the map
    "unknown_hazard": ("o", style.SHELTER_UNKNOWN, "?"),
    "unreachable": ("o", style.SHELTER_UNUSABLE, "-"),
}
"""Shape, colour and letter of each state on paper, like the symbols of the screen."""


def shelter_sign(axes: Any, place: tuple[float, float], state: str, size: float) -> None:
    """Draw the sign of a shelter, `size` points wide."""
    shape, colour, letter = SHELTER_SIGNS[state]
    look = {"markeredgecolor": "white", "markeredgewidth": size / 11.0, "linestyle": "none"}
    axes.plot(*place, marker=shape, color=colour, markersize=size, zorder=12, **look)
    axes.annotate(
        letter,
        place,
        ha="center",
        va="center_baseline",
        color="white",
        fontsize=size * 0.75,
        fontweight="bold",
        annotation_clip=True,
        zorder=13,
    )


def draw_column(
    axes: Any,
    plan: EvacuationPlan,
    size_mm: tuple[float, float],
    sheet: tuple[float, int, str],
    language: str,
    *,
    pages: bool = True,
) -> list[Paragraph]:
    """Draw the column; letters shrink a little so that all of it fits.

    Parameters
    ----------
    axes
        Empty axes of the column's size.
    plan
        The plan.
    size_mm
        Width and height of the column.
    sheet
        How much larger letters are than on A3, the scale of the map, the paper.
    language
        `id` or `en`.
    pages
        Whether a further page can follow; else letters shrink further.

    Returns
    -------
    list of Paragraph
        What found no room and belongs on the next page.
    """
    zoom, scale, paper = sheet
    notes = _notes(plan, language)

    def fits(share: float, last: list[Paragraph]) -> bool:
        measured = Column(None, size_mm, zoom * share)
        _fill(measured, plan, (scale, paper), language)
        return measured.write_all(last) and not measured.cut

    shares = _SHARES if pages else _SMALL_SHARES
    chosen = next((share for share in shares if fits(share, notes)), None)
    if chosen is not None:
        last, left = notes, []
    elif pages:
        pointer = Paragraph(words=text.word("notes_next_page", language), size=10, before=6)
        last, left = [pointer], notes
        chosen = next((share for share in _SMALL_SHARES if fits(share, last)), _SMALL_SHARES[-1])
    else:
        pointer = Paragraph(words=text.word("notes_cut", language), size=8, before=2)
        last = list(notes)
        chosen = _SMALL_SHARES[-1]
        while last and not fits(chosen, [*last, pointer]):
            last.pop()
        last, left = [*last, pointer], []
    column = Column(axes, size_mm, zoom * chosen)
    _fill(column, plan, (scale, paper), language)
    column.write_all(last)
    return left


def _fill(column: Column, plan: EvacuationPlan, sheet: tuple[int, str], language: str) -> None:
    """Write what every sheet holds: title, figures, legend, worst villages, warning, sources."""
    if plan.is_sample:
        stamp = f"{text.word('sample', language)}: {text.word('sample_note', language)}"
        column.write(stamp, 10, bold=True)
        column.down += 3.0 * column.zoom
    column.write(content.title(plan, language), 19, bold=True, most_lines=_MOST_TITLE_LINES)
    for line in content.more_names(plan):
        column.write(line, 10, most_lines=_MOST_NAME_LINES)
    code = content.area_code(plan)
    made = f"{text.word('made_on', language)} {content.made_on(plan, language)}"
    column.write(f"{text.word('area_code', language)}: {code}. {made}" if code else made, 10)
    column.write(" ".join(content.summary(plan, language, whole=True)), 12, before=4)
    _key_numbers(column, plan, language)
    _legend(column, plan, language)
    _worst(column, plan, language)
    column.write(text.word("disclaimer", language), 10, bold=True, before=6)
    _sources(column, plan, sheet, language)


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
    width *= _SLACK
    lines: list[str] = []
    line = ""
    for word in printable(words).split():
        longer = f"{line} {word}" if line else word
        if width_of(longer, size, bold=bold) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        rest = word
        while len(rest) > 1 and width_of(rest, size, bold=bold) > width:
            cut = next(
                (
                    end
                    for end in range(len(rest) - 1, 1, -1)
                    if width_of(rest[:end], size, bold=bold) <= width
                ),
                1,
            )
            lines.append(rest[:cut])
            rest = rest[cut:]
        line = rest
    return [*lines, line] if line or not lines else lines


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
        size *= self.zoom
        self.down += before * self.zoom if self.down else 0.0
        lines = wrapped(words, self.width - left, size, bold=bold)
        if most_lines is not None and len(lines) > most_lines:
            lines = [*lines[: most_lines - 1], f"{lines[most_lines - 1][:-2]}…"]
        for line in lines:
            if not self.room_for(size * 1.25):
                return False
            self.draw(left, line, size, bold=bold)
            self.down += size * 1.25
        return True

    def write_all(self, paragraphs: Sequence[Paragraph]) -> bool:
        """Write paragraphs; return whether all of them found room."""
        return all(
            self.write(each.words, each.size, bold=each.bold, before=each.before)
            for each in paragraphs
        )

    def draw(
        self, left: float, line: str, size: float, *, bold: bool = False, right: bool = False
    ) -> None:
        """Draw one line of text that begins, or with `right` ends, at `left`."""
        if self.axes is not None:
            self.axes.text(
                left,
                self.down,
                line,
                fontsize=size,
                ha="right" if right else "left",
                va="top",
                fontweight="bold" if bold else "normal",
                parse_math=False,
            )

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
        head_size, size = (each * self.zoom for each in sizes)
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
        head_size, size = (each * self.zoom for each in sizes)
        gap = size * 0.7
        widths = self.figure_widths(heads, rows, sizes, bold=bold)
        first = self.width - sum(widths)
        ends = [first + sum(widths[: place + 1]) for place in range(len(widths))]
        broken = [wrapped(heads[0], first, head_size)] + [
            wrapped(head, width - gap * 0.6, head_size)
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
            if not self.room_for(size * 1.3):
                return
            name = wrapped(row[0], first, size)
            self.draw(0.0, name[0] if len(name) == 1 else f"{name[0][:-1]}…", size)
            for end, cell in zip(ends, row[1:], strict=True):
                self.draw(end, cell, size, bold=bold, right=True)
            self.down += size * 1.3

    def key(self, words: str, draw: Any, size: float = 10.0) -> None:
        """Write a line of the legend; `draw(axes, x, y, width, height)` draws its symbol."""
        height = size * self.zoom * 1.15
        if not self.room_for(height):
            return
        width = _KEY_WIDTH * self.zoom
        if self.axes is not None:
            draw(self.axes, 0.0, self.down, width, height * 0.85)
        self.write(words, size, left=width + 6.0 * self.zoom)
        self.down += 1.5 * self.zoom


def _legend(column: Column, plan: EvacuationPlan, language: str) -> None:
    """Draw the legend: every hazard class always, the rest where it occurs."""
    column.write(text.word("legend", language), 13, bold=True, before=6)
    for value in (LOW, MEDIUM, HIGH, UNKNOWN):
        column.key(content.hazard_label(value, plan, language), _box_of(value))
    present = set(plan.stretches["state"])
    for state in style.ROAD_STATES:
        if state in present:
            column.key(text.word(f"road_{state}", language), _line_of(style.ROADS[state]))
    column.key(text.word("route", language), _line_of(style.ROUTE))
    column.key(
        text.word("flow_legend", language),
        _line_of(style.Line(colour=style.FLOW_COLOUR, width=10.0)),
    )
    shelters = content.drawn_shelters(plan)
    states = {
        shelter_state(str(status), float(capacity))
        for status, capacity in zip(shelters["status"], shelters["capacity_people"], strict=True)
    }
    for state in SHELTER_STATES:
        if state in states:
            column.key(text.word(f"shelter_{state}", language), _shelter_of(state))
    first = content.departures(plan)[0]
    for cause in UNSERVED_CAUSES:
        if content.total(plan, cause, first):
            words = text.word(cause, language)
            people = text.number(content.total(plan, cause, first), language)
            label = f"{text.word('unserved', language)}: {words[0].lower()}{words[1:]} ({people})"
            column.key(label, _cause_of(cause))
    column.key(text.word("village_border", language), _line_of(style.VILLAGE))


def _box_of(hazard_class: int) -> Any:
    """Return what draws a filled box; unknown is hatched."""

    def draw(axes: Any, x: float, y: float, width: float, height: float) -> None:
        from matplotlib.patches import Rectangle  # noqa: PLC0415

        unknown = hazard_class == UNKNOWN
        axes.add_patch(
            Rectangle(
                (x, y),
                width,
                height,
                facecolor=style.colour_of(hazard_class),
                edgecolor=style.UNKNOWN_HATCH_COLOUR if unknown else "#555555",
                hatch="////" if unknown else None,
                linewidth=0.6,
            )
        )

    return draw


def _line_of(line: style.Line) -> Any:
    """Return what draws a sample of a line."""

    def draw(axes: Any, x: float, y: float, width: float, height: float) -> None:
        dash = tuple(part / max(line.width, 1.0) for part in line.dash)
        axes.plot(
            [x, x + width],
            [y + height / 2.0] * 2,
            color=line.colour,
            linewidth=max(1.0, line.width * 0.6),
            linestyle=(0, dash) if dash else "solid",
        )

    return draw


def _shelter_of(state: str) -> Any:
    """Return what draws the sign of a shelter."""

    def draw(axes: Any, x: float, y: float, width: float, height: float) -> None:
        shelter_sign(axes, (x + width / 2.0, y + height / 2.0), state, height)

    return draw


def _cause_of(cause: str) -> Any:
    """Return what draws the sign of people who are not served."""

    def draw(axes: Any, x: float, y: float, width: float, height: float) -> None:
        axes.plot(
            [x + width / 2.0],
            [y + height / 2.0],
            marker=style.CAUSE_MARKERS[cause],
            markersize=height * 0.8,
            color=style.UNSERVED_COLOUR,
            linestyle="none",
        )

    return draw


def _key_numbers(column: Column, plan: EvacuationPlan, language: str) -> None:
    """Write who must go, who arrives and who is not served, for each departure."""
    departures = content.departures(plan)
    kind = str(plan.hazard.kind)
    names = [text.departure_name(name, kind, language) for name in departures]
    evacuees = [content.total(plan, "evacuees", name) for name in departures]
    arrive = [content.total(plan, "allocated", name) for name in departures]
    left = [all_ - some for all_, some in zip(evacuees, arrive, strict=True)]
    rows = [
        [text.word(term, language), *(text.number(figure, language) for figure in figures)]
        for term, figures in (
            ("evacuees_short", evacuees),
            ("arrive_short", arrive),
            ("unserved_short", left),
        )
    ]
    column.down += 3.0 * column.zoom
    column.table([text.word("people", language).capitalize(), *names], rows, (9, 13), bold=True)


def _worst(column: Column, plan: EvacuationPlan, language: str) -> None:
    """Write the villages with most people unserved: figures of each departure, who needs help."""
    table = plan.summary().head(_WORST)
    column.write(text.word("worst_villages", language), 13, bold=True, before=6)
    table = table.assign(left=table["evacuees"] - table["allocated"])
    arrive = text.word("arrive_short", language)
    heads = {"evacuees": text.word("evacuees_short", language), "allocated": arrive}
    if plan.departure == "both":
        early, late = (text.word(f"{name}_short", language).lower() for name in ("early", "late"))
        heads["allocated"] = f"{arrive} {early}"
    heads["left"] = text.word("left_short", language)
    if plan.departure == "both":
        heads["late_allocated"] = f"{arrive} {late}"
        heads["lost_if_late_people"] = text.word("lost_short", language)
    mark = content.estimate_mark(content.shares_from(plan), language)
    heads["need_help_people"] = text.word("need_help_people", language) + mark
    heads["helpers"] = text.word("helpers_short", language)
    for spare in _SPARE_COLUMNS:
        if _worst_table(column, table, heads, language, narrowest=_NAME_SHARE):
            return
        del heads[spare]
    _worst_table(column, table, heads, language)


def _worst_table(
    column: Column, table: Any, heads: dict[str, str], language: str, *, narrowest: float = 0.0
) -> bool:
    """Write villages with their figures, if names keep that share of the width."""
    rows = [
        [str(name), *(text.number(figure, language) for figure in figures)]
        for name, *figures in zip(
            table["village_name"], *(table[each] for each in heads), strict=True
        )
    ]
    words = [text.word("village", language), *heads.values()]
    names = column.width - sum(column.figure_widths(words, rows, _WORST_SIZES))
    if names < narrowest * column.width:
        return False
    column.table(words, rows, _WORST_SIZES)
    return True


def _sources(column: Column, plan: EvacuationPlan, sheet: tuple[int, str], language: str) -> None:
    """Write where the data come from, the scale and what made the sheet."""
    scale, paper = sheet
    shown = [f"{name}: {value}." for name, value in content.sources(plan, language)]
    shown.append(content.attribution(plan, language) + ".")
    shown.append(
        f"{text.word('scale', language)} 1:{text.number(scale, language)} ({paper}). "
        f"{text.word('north_up', language)}. WGS 84 / UTM. {plan.provenance.get('software', '')}"
    )
    column.write(text.word("sources", language), 10, bold=True, before=4)
    column.write(" ".join(shown), 8)


def _notes(plan: EvacuationPlan, language: str) -> list[Paragraph]:
    """Return the limits of the data and the assumptions; they may go to a further page."""
    notes = []
    limits = content.limits(plan, language)
    if limits:
        notes.append(Paragraph(words=text.word("limits", language), size=10, bold=True, before=4))
        notes += [Paragraph(words=f"• {line}", size=8) for line in limits]
    notes.append(Paragraph(words=text.word("assumptions", language), size=10, bold=True, before=4))
    assumptions = content.key_assumptions(plan, language)
    words = "; ".join(f"{name}: {value}" for name, value in assumptions)
    notes.append(Paragraph(words=words, size=8))
    return notes
