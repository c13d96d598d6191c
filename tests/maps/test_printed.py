from __future__ import annotations

import builtins
import struct

import pytest

from resilience_geo.errors import DependencyError, InputError, OutputError
from resilience_geo.maps.printed import print_figure, save_print_map
from resilience_geo.maps.printed_map import scale_that_fits

pytest.importorskip("matplotlib")


def _words(figure):
    return " ".join(
        text.get_text() for axes in figure.axes for text in [*axes.texts, *figure.texts]
    )


def test_the_page_holds_what_a_map_must(plan):
    words = _words(print_figure(plan))
    for part in (
        "Peta Evakuasi Banjir",
        "16.02.05",
        "22 November 2026",
        "DATA CONTOH",
        "Keterangan",
        "Bahaya tidak diketahui",
        "bukan",
        "OpenStreetMap",
        "Muara Pinang: 71 / 0 / 0",
        "a note about 3 cells",
        "1 : 15.000",
        "U",
    ):
        assert part in words, part


def test_a_real_plan_has_no_stamp(toy):
    assert "DATA CONTOH" not in _words(print_figure(toy.toy_plan(is_sample=False)))


@pytest.mark.parametrize(
    ("paper", "width", "height"), [("A4", 842, 595), ("A3", 1191, 842), ("A1", 2384, 1684)]
)
def test_papers(plan, paper, width, height):
    figure = print_figure(plan, paper=paper)
    assert tuple(round(side * 72) for side in figure.get_size_inches()) == (width, height)


def test_the_same_plan_gives_the_same_bytes(plan, tmp_path):
    one = save_print_map(plan, tmp_path / "one.pdf").read_bytes()
    assert one.startswith(b"%PDF")
    assert one == save_print_map(plan, tmp_path / "two.pdf").read_bytes()


def test_png(plan, tmp_path):
    data = save_print_map(plan, tmp_path / "peta.png", paper="A4", language="en").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">II", data[16:24]) == (2338, 1653)


def test_names_are_not_mathematics(toy, tmp_path):
    names = ("$x_{$", "a $\\frac{1}{$ b", "\u6751 \U0001f3e0 \x07")
    plan = toy.toy_plan(names=names, shelter_names=names)
    assert save_print_map(plan, tmp_path / "peta.pdf").stat().st_size > 1000


def test_one_departure_and_polygons(toy, tmp_path):
    plan = toy.toy_plan(departure="late", hazard=toy.polygon_hazard())
    assert save_print_map(plan, tmp_path / "peta.pdf").exists()


def test_without_matplotlib_the_remedy_is_named(plan, tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DependencyError, match=r"pip install 'resilience-geo\[print\]'"):
        save_print_map(plan, tmp_path / "peta.pdf")


def test_what_cannot_be(plan, tmp_path):
    with pytest.raises(InputError, match="A7"):
        save_print_map(plan, tmp_path / "peta.pdf", paper="A7")
    with pytest.raises(OutputError):
        save_print_map(plan, tmp_path / "no" / "peta.pdf")


@pytest.mark.parametrize(("width", "scale"), [(2700.0, 10_000), (2701.0, 12_500), (270.0, 1000)])
def test_scales_are_round(width, scale):
    assert scale_that_fits(width, 10.0, (270.0, 277.0)) == scale
