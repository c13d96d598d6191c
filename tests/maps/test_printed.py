from __future__ import annotations

import builtins
import dataclasses
import itertools
import math
import struct

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from resilience_geo.errors import DependencyError, InputError, Message, OutputError
from resilience_geo.maps import printed
from resilience_geo.maps.printed import print_figure, print_figures, save_print_map
from resilience_geo.maps.printed_column import Paragraph, wrapped
from resilience_geo.maps.printed_labels import width_of
from resilience_geo.maps.printed_map import scale_that_fits

pytest.importorskip("matplotlib")
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


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
        "Data contoh rekaan.",
        "terlambat",
        "Mengungsi",
        "313",
        "230",
        "200",
        "a note about 3 cells",
        "1 : 15.000",
        "U",
    ):
        assert part in words, part


def _outside(figure):
    """Return the texts that leave their axes, the map's frame or the column, and the page."""
    figure.set_dpi(300)
    FigureCanvasAgg(figure).draw()
    found = []
    for axes in figure.axes:
        frame = axes.get_window_extent()
        for words in axes.texts:
            box = words.get_window_extent()
            across = frame.x0 - 2 <= box.x0 and box.x1 <= frame.x1 + 2
            if not across or box.y0 < frame.y0 - 2 or box.y1 > frame.y1 + 2:
                found.append(words.get_text())
    return found


def _overlapping(axes):
    boxes = [
        (words.get_text(), words.get_window_extent())
        for words in axes.texts
        if len(words.get_text()) > 1 and not words.get_text().isdigit()
    ]
    return [
        (one, other)
        for (one, box), (other, box_) in itertools.combinations(boxes, 2)
        if box.shrunk(0.98, 0.7).overlaps(box_.shrunk(0.98, 0.7))
    ]


def _crowded(toy, count, **changes):
    """Return the toy plan with many shelters near its own, all of long names."""
    plan = toy.toy_plan(**changes)
    usable = plan.shelters[plan.shelters["allocated_people"] > 0]
    many = pd.concat([usable] * math.ceil(count / len(usable)), ignore_index=True)
    steps = np.arange(len(many))
    many = many.set_geometry(
        gpd.points_from_xy(
            many.geometry.x + steps % 23 * 111, many.geometry.y + steps // 23 * 97, crs=many.crs
        )
    )
    many["name"] = [f"Gedung serbaguna yang panjang namanya {step}" for step in steps]
    shelters = pd.concat([plan.shelters, many], ignore_index=True)
    return dataclasses.replace(plan, shelters=shelters)


@pytest.mark.parametrize("paper", ["A4", "A3", "A1"])
def test_nothing_leaves_the_page(toy, paper):
    notes = tuple(
        Message("{file}: a long note about {count} cells, of which there are many", file="x" * n,
                count=n)
        for n in range(1, 40)
    )  # fmt: skip
    plan = dataclasses.replace(_crowded(toy, 50, names=("W" * 90, "Desa " * 30, "C")), notes=notes)
    figures = print_figures(plan, paper=paper)
    assert len(figures) > 1
    for figure in figures:
        assert _outside(figure) == []
    words = " ".join(map(_words, figures))
    assert "halaman berikutnya" in words
    assert "Asumsi yang dipakai" in words
    assert "Data contoh rekaan." in _words(figures[0])
    assert "of which there are many" in _words(figures[1])
    one = print_figure(plan, paper=paper)
    assert _outside(one) == []
    assert "Data contoh rekaan." in _words(one)


def test_no_note_is_lost_between_pages(toy):
    notes = tuple(Message("note number-{count}-end", count=n) for n in range(500))
    plan = dataclasses.replace(toy.toy_plan(), notes=notes)
    words = " ".join(map(_words, print_figures(plan, paper="A4")))
    assert all(f"number-{n}-end" in words for n in range(500))


def test_a_pdf_has_a_page_for_notes_and_a_png_none(toy, tmp_path):
    notes = tuple(Message("a note about {count} cells " * 6, count=n) for n in range(60))
    plan = dataclasses.replace(toy.toy_plan(), notes=notes)
    data = save_print_map(plan, tmp_path / "peta.pdf", paper="A4").read_bytes()
    assert data.count(b"/Type /Page ") >= 2
    words = _words(print_figures(plan, paper="A4", pages=False)[0])
    assert "Selebihnya ada di plan.xlsx" in words


def test_few_shelters_are_named_without_overlap_and_many_are_not(toy):
    some = print_figure(_crowded(toy, 40))
    assert _outside(some) == []
    assert "Gedung serbaguna" in _words(some)
    assert _overlapping(some.axes[0]) == []
    many = print_figure(_crowded(toy, 240))
    assert "Gedung serbaguna" not in _words(many)


def test_the_legend_says_how_many_people_each_cause_concerns(plan):
    words = _words(print_figure(plan))
    for people in (60, 11, 7, 5):
        assert f"({people})" in words


def test_lines_are_broken_where_they_must():
    assert wrapped("", 50.0, 10.0) == [""]
    lines = wrapped("satu dua " + "W" * 40, 60.0, 10.0)
    assert "".join(lines).replace(" ", "") == "satudua" + "W" * 40
    assert all(width_of(line, 10.0) <= 60.0 for line in lines)


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


def test_a_heading_of_the_notes_stands_above_its_text():
    sheet = printed.Sheet(width_mm=420.0, height_mm=297.0, zoom=1.0)
    body = Paragraph(words="kata " * 60, size=8)
    for count in range(1, 40):
        notes = [Paragraph(words="baris", size=8)] * count
        notes += [Paragraph(words="Asumsi", size=10, bold=True, before=4), body]
        figure = Figure(figsize=(16, 11))
        printed._draw_notes(figure, sheet, "judul", notes, 2.0)
        columns = [[each.get_text() for each in axes.texts] for axes in figure.axes[1:]]
        assert any("Asumsi" in lines[:-1] for lines in columns)
