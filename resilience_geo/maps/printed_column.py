"""The column beside a printed map: title, summary, legend, worst villages, sources, limits."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from resilience_geo.hazard_classes import CLASS_NAMES, HIGH, LOW, MEDIUM, UNKNOWN
from resilience_geo.maps import content, style, text
from resilience_geo.maps.symbols import SHELTER_STATES, shelter_state
from resilience_geo.tables import UNSERVED_CAUSES

if TYPE_CHECKING:
    from resilience_geo.plan import EvacuationPlan

_POINTS_PER_MM = 72.0 / 25.4
_LETTER_SHARE = 0.53  # width of a usual letter as a share of its size
_WORST = 8
_KEY_WIDTH = 30.0
_SHARES = (1.0, 0.95, 0.9, 0.85)  # letters shrink this far so that everything fits


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
) -> None:
    """Draw the column.

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
    """
    zoom, scale, paper = sheet
    for share in _SHARES:
        measured = _Column(None, size_mm, zoom * share)
        _fill(measured, plan, (scale, paper), language)
        if not measured.cut:
            break
    _fill(_Column(axes, size_mm, zoom * share), plan, (scale, paper), language)


def _fill(column: _Column, plan: EvacuationPlan, sheet: tuple[int, str], language: str) -> None:
    """Write everything, the indispensable first."""
    if plan.is_sample:
        stamp = f"{text.word('sample', language)}: {text.word('sample_note', language)}"
        column.write(stamp, 10, bold=True)
    column.write(content.title(plan, language), 19, bold=True)
    for line in content.more_names(plan):
        column.write(line, 10)
    code = content.area_code(plan)
    made = f"{text.word('made_on', language)} {content.made_on(plan, language)}"
    column.write(f"{text.word('area_code', language)}: {code}. {made}" if code else made, 10)
    first = content.departures(plan)[0]
    column.write(" ".join(content.summary(plan, language)), 12, before=4)
    for departure in content.departures(plan):
        name = text.departure_name(departure, str(plan.hazard.kind), language)
        arrive = text.number(content.total(plan, "allocated", departure), language)
        column.write(
            f"{name}: {text.word('reach', language, people=arrive)}.",
            11,
            bold=departure == first,
        )
    _legend(column, plan, language)
    _worst(column, plan, language)
    _small_print(column, plan, sheet, language)


class _Column:
    """Text and keys from top to bottom, in points; nothing is drawn below the end."""

    def __init__(self, axes: Any, size_mm: tuple[float, float], zoom: float) -> None:
        self.axes = axes  # None: only measure
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
    ) -> bool:
        """Write a paragraph, broken into lines; return whether all of it found room."""
        size *= self.zoom
        self.down += before * self.zoom
        share = _LETTER_SHARE * (1.12 if bold else 1.0)
        letters = max(8, int((self.width - left) / (size * share)))
        clean = "".join(letter if letter.isprintable() else " " for letter in words)
        lines = textwrap.wrap(clean, letters) or [""]
        for number, line in enumerate(lines):
            if not self.room_for(size * 1.25):
                return False
            last = number + 1 < len(lines) and self.down + size * 2.5 > self.height
            self._draw(left, f"{line} …" if last else line, size, bold=bold)
            self.down += size * 1.25
        return True

    def _draw(self, left: float, line: str, size: float, *, bold: bool) -> None:
        """Draw one line of text."""
        if self.axes is not None:
            self.axes.text(
                left,
                self.down,
                line,
                fontsize=size,
                va="top",
                fontweight="bold" if bold else "normal",
                parse_math=False,
            )

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


def _legend(column: _Column, plan: EvacuationPlan, language: str) -> None:
    """Draw the legend: every hazard class always, the rest where it occurs."""
    column.write(text.word("legend", language), 13, bold=True, before=6)
    for value in (LOW, MEDIUM, HIGH, UNKNOWN):
        column.key(text.word(f"hazard_{CLASS_NAMES[value]}", language), _box_of(value))
    present = set(plan.stretches["state"])
    for state in style.ROAD_STATES:
        if state in present:
            column.key(text.word(f"road_{state}", language), _line_of(style.ROADS[state]))
    column.key(text.word("route", language), _line_of(style.ROUTE))
    column.key(
        text.word("flow_legend", language),
        _line_of(style.Line(colour=style.FLOW_COLOUR, width=10.0)),
    )
    states = {
        shelter_state(str(status), float(capacity))
        for status, capacity in zip(
            plan.shelters["status"], plan.shelters["capacity_people"], strict=True
        )
    }
    for state in SHELTER_STATES:
        if state in states:
            column.key(text.word(f"shelter_{state}", language), _shelter_of(state))
    first = content.departures(plan)[0]
    for cause in UNSERVED_CAUSES:
        if content.total(plan, cause, first):
            words = text.word(cause, language)
            label = f"{text.word('unserved', language)}: {words[0].lower()}{words[1:]}"
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


def _worst(column: _Column, plan: EvacuationPlan, language: str) -> None:
    """Write the villages with most people unserved."""
    table = plan.summary().head(_WORST)
    column.write(text.word("worst_villages", language), 13, bold=True, before=6)
    heads = [text.word(name, language) for name in ("village", "evacuees", "allocated")]
    if plan.departure == "both":
        heads.append(text.word("lost_if_late", language))
    column.write(" / ".join(heads), 8.5)
    columns = ["evacuees", "allocated"]
    if plan.departure == "both":
        columns.append("lost_if_late_people")
    for name, *figures in zip(
        table["village_name"], *(table[each] for each in columns), strict=True
    ):
        shown = " / ".join(text.number(figure, language) for figure in figures)
        column.write(f"{name}: {shown}", 10)


def _small_print(
    column: _Column, plan: EvacuationPlan, sheet: tuple[int, str], language: str
) -> None:
    """Write disclaimer, sources, assumptions and limits, as far as there is room."""
    scale, paper = sheet
    column.write(text.word("disclaimer", language), 10, bold=True, before=6)
    limits = content.limits(plan, language)
    if limits:
        column.write(text.word("limits", language), 10, bold=True, before=4)
        column.write(" ".join(f"• {line}" for line in limits), 8)
    shown = [f"{name}: {value}." for name, value in content.sources(plan, language)]
    shown.append(text.word("osm", language) + ".")
    shown.append(
        f"{text.word('scale', language)} 1:{text.number(scale, language)} ({paper}). "
        f"{text.word('north_up', language)}. WGS 84 / UTM. {plan.provenance.get('software', '')}"
    )
    column.write(text.word("sources", language), 10, bold=True, before=4)
    column.write(" ".join(shown), 8)
    column.write(text.word("assumptions", language), 10, bold=True, before=4)
    column.write(
        "; ".join(f"{name}: {value}" for name, value in content.key_assumptions(plan, language)), 8
    )
