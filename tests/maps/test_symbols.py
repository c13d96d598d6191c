from __future__ import annotations

import base64
import io
import itertools
import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from resilience_geo.maps import signs, style, symbols
from resilience_geo.maps.landmark_signs import LANDMARK_KINDS, landmark_sign
from resilience_geo.maps.printed_signs import draw_sign
from resilience_geo.maps.words import WORDS

SHELTERS = list(itertools.product(signs.SHELTER_STATES, signs.SHELTER_ROLES))
ALL = {
    **{f"{state} {role}": signs.shelter_sign(state, role) for state, role in SHELTERS},
    **{f"dot {state}": signs.dot_sign(state) for state in signs.SHELTER_STATES},
    **{f"landmark {kind}": landmark_sign(kind) for kind in LANDMARK_KINDS},
    **{f"cause {cause}": signs.cause_sign(cause) for cause in style.CAUSE_SIGNS},
    **{f"arrow {angle}": signs.arrow_sign(angle) for angle in (0, 45, 90, 180)},
    "settlement": signs.settlement_sign(),
    "bridge": signs.bridge_sign(),
}


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("TES", "tes"),
        ("tes 2", "tes"),
        ("Tempat Evakuasi Sementara", "tes"),
        ("tempat_evakuasi_sementara", "tes"),
        ("TEA", "tea"),
        ("TEA (Tempat Evakuasi Akhir)", "tea"),
        ("tempat evakuasi akhir", "tea"),
        ("tea house", "shelter"),
        ("Tesla", "shelter"),
        ("titik kumpul", "assembly"),
        ("Titik-Kumpul Warga", "assembly"),
        ("Tempat berkumpul", "assembly"),
        ("assembly_point", "assembly"),
        ("muster point", "assembly"),
        ("perkumpulan", "shelter"),
        ("sekolah", "shelter"),
        ("", "shelter"),
    ],
)
def test_role_of_a_kind(kind, role):
    assert symbols.shelter_role(kind) == role


@given(st.text())
def test_every_kind_has_a_role(kind):
    assert symbols.shelter_role(kind) in signs.SHELTER_ROLES


@pytest.mark.parametrize("language", ["id", "en"])
def test_roles_and_landmarks_have_words(language):
    terms = [f"role_{role}" for role in signs.SHELTER_ROLES]
    terms += [f"landmark_{kind}" for kind in LANDMARK_KINDS]
    words = [WORDS[language][term] for term in terms]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("name", ALL)
def test_signs_stay_in_their_square(name):
    for shape in ALL[name]:
        reach = shape.radius + shape.width / 2.0
        ends = 0.0 if shape.closed else reach  # a line has flat ends
        for x, y in shape.points:
            assert min(x, y) - reach + ends >= -0.01
            assert max(x, y) + reach - ends <= signs.SIDE + 0.01
        assert re.fullmatch("(#[0-9A-F]{6})?", shape.fill)
        assert re.fullmatch("(#[0-9A-F]{6})?", shape.stroke)
        assert bool(shape.stroke) == bool(shape.width)
        assert shape.fill or shape.stroke


def test_every_sign_is_whole_svg_of_its_own():
    drawn = [symbols.standalone_svg(sign) for sign in ALL.values()]
    assert len(set(drawn)) == len(drawn)
    for sign, svg in zip(ALL.values(), drawn, strict=True):
        root = ET.fromstring(svg)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.get("viewBox") == "0 0 32 32"
        assert len(root) == len(sign)
        assert "<text" not in svg  # letters are strokes: no font is needed


def test_svg_of_a_page():
    for size in (16, 40):
        for svg in (
            symbols.shelter_svg("usable", size, role="tes"),
            symbols.landmark_svg("school", size),
            symbols.settlement_svg(size),
            symbols.arrow_svg(size),
        ):
            root = ET.fromstring(svg)
            assert (root.get("width"), root.get("height")) == (str(size), str(size))
            assert root.get("aria-hidden") == "true"
    assert symbols.shelter_svg("usable", role="tea") in symbols.div_icon_html("usable", role="tea")
    assert symbols.landmark_svg("volcano") == symbols.landmark_svg("other")
    assert symbols.shelter_svg("usable") == symbols.shelter_svg("usable", 32, "shelter")


def _polygon(shape):
    return shapely.Polygon(shape.points)


def test_assembly_point_is_four_arrows_that_point_at_a_group():
    sign = signs.shelter_sign("usable", "assembly")
    field, *drawn = sign
    assert field.fill == style.SHELTER_USABLE
    white = [shape for shape in drawn if shape.fill == "#FFFFFF"]
    heads = [shape for shape in white if shape.radius]
    assert len(heads) == 3
    middle = shapely.Point(16, 16)
    arrows = [shape for shape in white if not shape.radius and len(shape.points) == 7]
    corners = set()
    for arrow in arrows:
        centre = _polygon(arrow).centroid
        tip = min(arrow.points, key=lambda point: shapely.Point(point).distance(middle))
        tail = max(arrow.points, key=lambda point: shapely.Point(point).distance(middle))
        # The tip lies on the diagonal, nearer to the middle than all else, the tail in the corner.
        assert abs(tip[0] - 16) == pytest.approx(abs(tip[1] - 16))
        assert shapely.Point(tip).distance(middle) < centre.distance(middle)
        assert centre.distance(middle) < shapely.Point(tail).distance(middle)
        corners.add((centre.x > 16, centre.y > 16))
    assert len(corners) == 4


def test_roles_are_told_apart_by_outline_and_by_letters():
    outlines = {role: signs.shelter_sign("usable", role)[0].points for role in signs.SHELTER_ROLES}
    assert outlines["shelter"] == outlines["assembly"]
    assert len(set(outlines.values())) == 3
    assert all(signs.shelter_sign("usable", role)[0].fill == style.SHELTER_USABLE
               for role in signs.SHELTER_ROLES)  # fmt: skip
    # Permen ATR/BPN 14/2021: TES is outlined in #FF5500, TEA is #894465.
    assert "#FF5500" in {shape.stroke for shape in signs.shelter_sign("usable", "tes")}
    assert "#894465" in {shape.stroke for shape in signs.shelter_sign("usable", "tea")}


@given(st.floats(-720, 720))
def test_the_arrow_points_where_it_is_told(angle):
    field, arrow = signs.arrow_sign(angle)
    assert field == signs.arrow_sign(0.0)[0]  # the square stays upright
    east = _polygon(signs.arrow_sign(0.0)[1])
    turned = _polygon(arrow)
    assert turned.area == pytest.approx(east.area)
    tip = max(arrow.points, key=lambda point: math.hypot(point[0] - 16, point[1] - 16))
    # The farthest corner of the arrow that points east is its tip, or one of the barbs' ends.
    expected = shapely.Point(16 + 12 * math.cos(math.radians(angle)),
                             16 - 12 * math.sin(math.radians(angle)))  # fmt: skip
    assert min(expected.distance(shapely.Point(point)) for point in arrow.points) < 1e-9
    assert math.hypot(tip[0] - 16, tip[1] - 16) <= 14.5


def _luminance(colour):
    """Return the relative luminance of WCAG 2."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in style.rgb(colour))
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(("state", "role"), SHELTERS)
def test_white_stands_out_from_the_field(state, role):
    field = signs.shelter_sign(state, role)[0]
    assert (1.0 + 0.05) / (_luminance(field.fill) + 0.05) >= 4.5  # WCAG 2 AA for letters


def _grey(sign, pixels, dpi=72):
    """Return a sign as a greyscale photocopy on paper, drawn by matplotlib."""
    figure = Figure(figsize=(pixels / dpi, pixels / dpi), dpi=dpi, facecolor="#E8E4D8")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    draw_sign(axes, (0.5, 0.5), sign, pixels * 72 / dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3] @ (0.2126, 0.7152, 0.0722)


def test_signs_of_16_pixels_differ_in_greyscale():
    drawn = {
        name: _grey(sign, 16)
        for name, sign in ALL.items()
        if not name.startswith(("in_hazard", "arrow"))
    }
    closest = min(
        (float(np.abs(drawn[one] - drawn[other]).mean()), one, other)
        for one, other in itertools.combinations(drawn, 2)
    )
    assert closest[0] > 6, closest  # of 255; a sign moved by a quarter of a pixel changes by less


@pytest.mark.parametrize("role", signs.SHELTER_ROLES)
def test_a_shelter_in_hazard_is_crossed_out_whatever_it_is(role):
    grey = _grey(signs.shelter_sign("in_hazard", role), 64)
    assert grey[32, 32] < 10
    for corner in (10, 53):
        assert grey[corner, corner] < 10
        assert grey[corner, 63 - corner] < 10


@pytest.mark.browser
def test_a_browser_and_matplotlib_draw_the_same(chromium):
    image = pytest.importorskip("PIL.Image")
    playwright = pytest.importorskip("playwright.sync_api")
    size = 64
    svgs = [symbols.standalone_svg(sign, size) for sign in ALL.values()]
    pictures = "".join(
        f'<img src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}">'
        for svg in svgs
    )
    width, height = 8 * size, -(-len(svgs) // 8) * size
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_content(
            "<style>body{margin:0;background:#E8E4D8;line-height:0}"
            f"img{{float:left}}</style>{pictures}"
        )
        shot = image.open(io.BytesIO(page.screenshot())).convert("RGB")
        browser.close()
    seen = np.asarray(shot) @ (0.2126, 0.7152, 0.0722)
    for number, (name, sign) in enumerate(ALL.items()):
        row, column = divmod(number, 8)
        tile = seen[row * size : (row + 1) * size, column * size : (column + 1) * size]
        assert np.abs(tile - _grey(sign, size)).mean() < 4, name
