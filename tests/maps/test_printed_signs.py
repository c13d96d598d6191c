from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from resilience_geo.maps import printed_signs, style
from resilience_geo.maps.landmark_signs import LANDMARK_KINDS
from resilience_geo.maps.signs import SHELTER_ROLES, SHELTER_STATES

GREEN = style.rgb(style.SHELTER_USABLE)


def _axes(pixels=200, dpi=100):
    figure = Figure(figsize=(pixels / dpi, pixels / dpi), dpi=dpi, facecolor="#FF00FF")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    # Like a map in metres: the sign must not be measured in them.
    axes.set_xlim(700_000, 700_400)
    axes.set_ylim(9_300_000, 9_300_400)
    return axes


def _pixels(axes):
    canvas = FigureCanvasAgg(axes.figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].astype(int)


def _drawn(picture):
    """Return rows and columns of all that is not the paper."""
    rows, columns = np.nonzero((picture != (255, 0, 255)).any(axis=2))
    return rows, columns


@pytest.mark.parametrize("size_points", [18.0, 36.0])
@pytest.mark.parametrize("role", SHELTER_ROLES)
def test_a_sign_is_as_wide_as_told_and_lies_on_its_place(size_points, role):
    axes = _axes()
    printed_signs.draw_shelter(axes, (700_100, 9_300_300), "usable", size_points, role)
    rows, columns = _drawn(_pixels(axes))
    wide = size_points / 72 * 100
    assert np.ptp(columns) + 1 == pytest.approx(wide, abs=2.1)
    assert np.ptp(rows) + 1 == pytest.approx(wide, abs=2.1)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(49.5, abs=1.1)
    assert (rows.min() + rows.max()) / 2 == pytest.approx(49.5, abs=1.1)  # y is up on the map


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_an_arrow_points_where_it_is_told(angle):
    axes = _axes()
    printed_signs.draw_arrow(axes, (700_200, 9_300_200), angle, 72.0)
    picture = _pixels(axes)[62:138, 62:138]  # inside the edge of the sign
    assert tuple(picture[5, 5]) == GREEN  # the square stays upright
    white = (picture == 255).all(axis=2)
    wide = np.rot90(white, -angle // 90).sum(axis=0)  # turned so that it should point right
    ink = np.flatnonzero(wide)
    tail, head, tip = wide[ink[0] + 2], int(wide.argmax()), wide[ink[-1]]
    assert ink[0] + 20 < head < ink[-1] - 20
    assert wide[head] > 2 * tail > 4 * tip


def test_every_arrow_has_its_own_angle():
    together, apart = _axes(), _axes()
    places = np.array([[700_100, 9_300_100], [700_300, 9_300_300], [700_100, 9_300_300]])
    angles = [30.0, 120.0, 250.0]
    printed_signs.draw_arrow(together, places, angles, 30.0)
    for place, angle in zip(places, angles, strict=True):
        printed_signs.draw_arrow(apart, place, angle, 30.0)
    assert len(together.collections) == 1
    np.testing.assert_array_equal(_pixels(together), _pixels(apart))


def test_signs_that_overlap_stay_whole():
    both, second = _axes(), _axes()
    places = np.array([[700_190, 9_300_200], [700_210, 9_300_200]])
    printed_signs.draw_shelter(both, places, "usable", 30.0)
    printed_signs.draw_shelter(second, places[1], "usable", 30.0)
    assert len(both.collections) == 1
    alone = _pixels(second)
    covered = (alone != (255, 0, 255)).any(axis=2)
    shifts = [(rows, columns) for rows in (-2, 0, 2) for columns in (-2, 0, 2)]
    inner = np.all([np.roll(covered, by, (0, 1)) for by in shifts], axis=0)  # edges are blended
    np.testing.assert_array_equal(_pixels(both)[inner], alone[inner])


def test_no_place_is_no_sign():
    axes = _axes()
    printed_signs.draw_arrow(axes, np.empty((0, 2)), np.empty(0), 30.0)
    printed_signs.draw_landmark(axes, np.empty((0, 2)), "school", 30.0)
    assert not _drawn(_pixels(axes))[0].size


def test_signs_are_vectors_and_the_view_stays():
    axes = _axes()
    place = (700_200, 9_300_200)
    for state in SHELTER_STATES:
        printed_signs.draw_shelter(axes, place, state, 12.0)
        printed_signs.draw_dot(axes, place, state, 12.0)
    for kind in LANDMARK_KINDS:
        printed_signs.draw_landmark(axes, place, kind, 12.0)
    for cause in style.CAUSE_SIGNS:
        printed_signs.draw_cause(axes, place, cause, 12.0)
    printed_signs.draw_settlement(axes, place, 12.0)
    printed_signs.draw_bridge(axes, place, 12.0)
    axes.autoscale_view()
    assert axes.get_xlim() == (700_000, 700_400)
    data = io.BytesIO()
    axes.figure.savefig(data, format="pdf")
    assert b"/Subtype /Image" not in data.getvalue()


def test_signs_lie_over_one_another_in_order():
    axes = _axes()
    place = (700_200, 9_300_200)
    drawn = [
        printed_signs.draw_landmark(axes, place, "school", 12.0),
        printed_signs.draw_settlement(axes, place, 12.0),
        printed_signs.draw_arrow(axes, place, 0.0, 12.0),
        printed_signs.draw_shelter(axes, place, "usable", 12.0),
        printed_signs.draw_cause(axes, place, "cut_off", 12.0),
    ]
    heights = [each.get_zorder() for each in drawn]
    assert heights == sorted(set(heights))
