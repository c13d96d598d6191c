from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resilience_geo.maps.drill_page import (
    MM_PER_POINT,
    Item,
    cut_to,
    frame_axes,
    lines_of,
    page_axes,
    size_that_fits,
    turn_sign,
    width_mm,
    write,
    write_items,
)

pytest.importorskip("matplotlib")
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

WORDS = st.text(st.sampled_from("aiWm 1,.é<$\\"), max_size=80)


def drawn_mm(words, size):
    """Return how wide words are drawn, as the renderer measures them."""
    figure = Figure(dpi=720)
    renderer = FigureCanvasAgg(figure).get_renderer()
    text = figure.text(0.0, 0.0, words, fontsize=size, parse_math=False)
    return text.get_window_extent(renderer).width / 720 * 25.4


@settings(max_examples=40, deadline=None)
@given(words=WORDS, width=st.floats(8.0, 120.0))
def test_no_letter_is_lost_and_no_line_too_wide(words, width):
    lines = lines_of(words, width, 10.0)
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")
    assert all(width_mm(line, 10.0) <= width + 1e-6 for line in lines if len(line) > 1)


@pytest.mark.parametrize("words", ["Belok kiri ke Gang Mawar, 60 m", "WAWAWA ilil", "a b c d"])
def test_widths_are_those_the_page_is_drawn_with(words):
    # Kerning may draw letters closer than they are counted, never wider.
    assert 0.99 < width_mm(words, 12.0) / drawn_mm(words, 12.0) < 1.06


def test_a_number_stays_with_its_unit():
    wide = width_mm("Gang Kenanga, 280", 10.0) + 0.5
    assert lines_of("Gang Kenanga, 280 m", wide, 10.0) == ["Gang Kenanga,", "280 m"]


def test_words_that_do_not_fit_end_in_dots():
    cut = cut_to("satu dua tiga empat lima enam", width_mm("satu dua tiga", 10.0), 10.0)
    assert cut.endswith("...")
    assert cut.startswith("satu")
    assert len(lines_of(cut, width_mm("satu dua tiga", 10.0), 10.0)) == 1
    assert cut_to("satu", 100.0, 10.0) == "satu"


def test_the_largest_letters_that_fit_are_taken():
    room = width_mm("Dusun Pasar", 14.0) + 0.1
    assert size_that_fits("Dusun Pasar", room, (20.0, 14.0, 10.0)) == 14.0
    assert size_that_fits("Dusun Pasar" * 9, room, (20.0, 14.0, 10.0)) == 10.0


def test_measuring_and_writing_end_at_the_same_place():
    page = page_axes(Figure(figsize=(4, 4)))
    items = [
        Item(words="Petunjuk jalan", bold=True, share=1.2),
        Item(words="Belok kiri ke Gang Mawar", number="1.", turn="left"),
        Item(words="Sampai", number="2.", turn="arrive"),
    ]
    place = (5.0, 7.0, 30.0)
    assert write_items(page, place, items, 10.0) == write_items(None, place, items, 10.0)
    assert write(page, place, "satu", 10.0) == pytest.approx(7.0 + 12.5 * MM_PER_POINT)


def test_a_page_is_measured_in_millimetres_from_its_upper_left():
    figure = Figure(figsize=(210 / 25.4, 297 / 25.4))
    page = page_axes(figure)
    assert page.get_xlim() == pytest.approx((0.0, 210.0))
    assert page.get_ylim() == pytest.approx((297.0, 0.0))
    box = frame_axes(figure, (21.0, 29.7, 105.0, 148.5)).get_position()
    assert (box.x0, box.width, box.height) == pytest.approx((0.1, 0.5, 0.5))
    assert box.y1 == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("turn", "right", "up"),
    [
        ("straight", 0, 1),
        ("left", -1, 0),
        ("right", 1, 0),
        ("slight_left", -1, 1),
        ("slight_right", 1, 1),
        ("sharp_left", -1, -1),
        ("sharp_right", 1, -1),
    ],
)
def test_the_sign_of_a_turn_points_where_one_goes(turn, right, up):
    page = page_axes(Figure(figsize=(4, 4)))
    turn_sign(page, (10.0, 10.0), 5.0, turn)
    tip = page.patches[-1].get_xy()[0]
    bend = page.lines[-1].get_xydata()[1]
    across, down = tip - bend
    assert (abs(across) > 0.3) * (1 if across > 0 else -1) == right
    assert (abs(down) > 0.3) * (1 if down < 0 else -1) == up
    assert 10.0 <= tip[0] <= 15.0
    assert 10.0 <= tip[1] <= 15.0
