from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString

pytest.importorskip("matplotlib")
pytest.importorskip("segno")
import segno
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from resilience_geo.maps.printed_frame import draw_qr, round_length
from resilience_geo.maps.printed_shapes import draw_lines, on_paper_grid, once


@given(st.floats(1e-3, 1e7))
def test_round_lengths_are_round_and_the_longest(metres):
    found = round_length(metres)
    power = 10.0 ** np.floor(np.log10(found * (1 + 1e-9)))
    assert min(abs(found / power - part) for part in (1, 2, 5)) < 1e-6
    assert found <= metres * (1 + 1e-6)
    assert metres < found * 2.5 * (1 + 1e-6)


def test_a_qr_code_is_drawn_module_for_module():
    address = "https://example.org/peta/muara-pinang"
    pixel = 4
    code = segno.make(address, error="m", micro=False)
    side = len(code.matrix) + 8  # four modules free on every side
    figure = Figure(figsize=(side * pixel / 100.0,) * 2, dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, side)
    axes.set_ylim(side, 0)
    axes.axis("off")
    draw_qr(axes, 0.0, 0.0, float(side), address)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    shown = np.asarray(canvas.buffer_rgba())[pixel // 2 :: pixel, pixel // 2 :: pixel, 0] < 128
    expected = np.zeros((side, side), dtype=bool)
    expected[4:-4, 4:-4] = np.array([[bool(one) for one in row] for row in code.matrix])
    assert (shown == expected).all()


def test_shared_stretches_are_drawn_once():
    lines = [LineString([(0, 0), (10, 0), (20, 0)]), LineString([(20, 0), (10, 0), (10, 10)])]
    assert sum(line.length for line in once(np.array(lines, dtype=object))) == 30.0


def test_points_move_less_than_a_printer_shows():
    axes = Figure(figsize=(10, 10)).add_axes((0, 0, 1, 1))
    axes.set_xlim(700_000, 710_000)
    axes.set_ylim(9_300_000, 9_310_000)
    points = np.random.default_rng(1).uniform(0, 10_000, (500, 2))
    points += np.array([700_000, 9_300_000])
    moved = on_paper_grid(axes, points)
    # 254 mm for 10 km: a hundredth of a millimetre is 0.4 m.
    assert np.abs(moved - points).max() < 0.4


def test_very_many_lines_are_one_path():
    axes = Figure(figsize=(10, 10)).add_axes((0, 0, 1, 1))
    axes.set_xlim(0, 1000)
    axes.set_ylim(0, 1000)
    lines = [LineString([(k, 0), (k, 500)]) for k in range(300)]
    draw_lines(axes, np.array(lines, dtype=object), colour="black", width=1.0, zorder=3)
    (path,) = [each.get_path() for each in axes.patches]
    assert (path.codes == path.MOVETO).sum() == 300
