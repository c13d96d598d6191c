from __future__ import annotations

import builtins
import dataclasses
import io
import itertools
import math
import os
import re
import shutil
import struct
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
from PIL import Image
from shapely.geometry import box

from resilience_geo.errors import DependencyError, InputError, Message, OutputError
from resilience_geo.maps import printed, printed_panels
from resilience_geo.maps.options import MapOptions
from resilience_geo.maps.printed import print_figure, print_figures, save_print_map
from resilience_geo.maps.printed_column import Paragraph, wrapped
from resilience_geo.maps.printed_hazard import area_patch, draw_hatch, fill_colour
from resilience_geo.maps.printed_labels import width_of
from resilience_geo.maps.printed_sheets import scale_that_fits, sheet_of

pytest.importorskip("matplotlib")
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation


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
    """Return the texts that leave their axes, the map's frame or the column, and the page.

    Labels of the grid stand outside the frame; they must stay on the page.
    """
    figure.set_dpi(300)
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    found = []
    for axes in figure.axes:
        frame = axes.get_window_extent()
        for words in axes.texts:
            box = words.get_window_extent()
            around = figure.bbox if isinstance(words, Annotation) else frame
            across = around.x0 - 2 <= box.x0 and box.x1 <= around.x1 + 2
            if not across or box.y0 < around.y0 - 2 or box.y1 > around.y1 + 2:
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


@pytest.mark.parametrize("paper", ["A4", "A1"])
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
    notes = tuple(Message("a note about {count} cells " * 6, count=n) for n in range(40))
    plan = dataclasses.replace(toy.toy_plan(), notes=notes)
    data = save_print_map(plan, tmp_path / "peta.pdf", paper="A4").read_bytes()
    assert data.count(b"/Type /Page ") >= 2
    words = _words(print_figures(plan, paper="A4", pages=False)[0])
    assert "Selebihnya ada di plan.xlsx" in words


def test_names_of_shelters_do_not_overlap(toy):
    some = print_figure(_crowded(toy, 40))
    assert _outside(some) == []
    assert "Gedung serbaguna" in _words(some)
    assert _overlapping(some.axes[1]) == []
    many = print_figure(_crowded(toy, 240))
    assert _overlapping(many.axes[1]) == []


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


def test_png(plan, tmp_path):
    data = save_print_map(plan, tmp_path / "peta.png", paper="A4", language="en").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">II", data[16:24]) == (2338, 1653)


def test_one_departure_and_polygons(toy, tmp_path):
    plan = toy.toy_plan(departure="late", hazard=toy.polygon_hazard())
    words = _text(save_print_map(plan, tmp_path / "peta.pdf"))
    assert "bila terlambat." not in words
    assert "120" in words


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
    sheet = sheet_of("A3", "landscape")
    body = Paragraph(words="kata " * 60, size=8)
    for count in range(1, 80, 3):
        notes = [Paragraph(words="baris", size=8)] * count
        notes += [Paragraph(words="Asumsi", size=10, bold=True, before=4), body]
        figure = Figure(figsize=(16, 11))
        printed._draw_notes(figure, sheet, "judul", notes, 2.0)
        columns = [[each.get_text() for each in axes.texts] for axes in figure.axes[1:]]
        assert any("Asumsi" in lines[:-1] for lines in columns)


def _tool(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} of poppler is not installed")
    return found


def _text(path):
    """Return the words of a PDF with single spaces; rotated ones stand on lines of their own."""
    done = subprocess.run(
        [_tool("pdftotext"), "-raw", str(path), "-"], capture_output=True, text=True, check=True
    )
    return " ".join(done.stdout.split())


def _pixels(path, dpi, *, grey=False):
    """Return the first page as an array of red, green and blue, or of grey."""
    options = ["-gray"] if grey else []
    done = subprocess.run(
        [_tool("pdftoppm"), "-r", str(dpi), "-f", "1", "-l", "1", *options, str(path)],
        capture_output=True,
        check=True,
    )
    return np.asarray(Image.open(io.BytesIO(done.stdout)))


def _of_colour(pixels, colour):
    wanted = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)])
    return (np.abs(pixels.astype(int) - wanted) <= 2).all(axis=2)


def _square(toy, half=500.0):
    """Return a flood that is high in one square around a place, and nothing elsewhere."""
    middle = toy.at(1000, 1000)
    square = box(middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half)
    table = gpd.GeoDataFrame({"hazard_class": [3]}, geometry=[square], crs=toy.CRS)
    return toy.ToyHazard(polygons=table, nodata_means="none"), square


def _mapped(path, paper, orientation, dpi):
    """Return the pixels of the map of a sheet, and how many there are to a millimetre."""
    sheet = sheet_of(paper, orientation)
    per_mm = dpi / 25.4
    left, bottom, wide, high = (side * per_mm for side in sheet.map_mm)
    page = _pixels(path, dpi)
    top = page.shape[0] - bottom - high
    return page[round(top) : round(top + high), round(left) : round(left + wide)], per_mm


@pytest.mark.parametrize(
    ("paper", "orientation", "scale"),
    [("A3", "landscape", None), ("A4", "portrait", 20_000)],
)
def test_the_scale_is_true_on_paper(toy, tmp_path, paper, orientation, scale):
    hazard, square = _square(toy)
    plan = toy.toy_plan(hazard=hazard, is_sample=False)
    path = save_print_map(
        plan, tmp_path / "peta.pdf", paper=paper, orientation=orientation, scale=scale
    )
    dpi = 300
    land, per_mm = _mapped(path, paper, orientation, dpi)
    red = _of_colour(land, fill_colour(3, "colour_blind"))
    columns, rows = np.flatnonzero(red.any(axis=0)), np.flatnonzero(red.any(axis=1))
    said = int(re.search(r"Skala 1 : ([\d.]+) pada", _text(path)).group(1).replace(".", ""))
    west, south, east, north = square.bounds
    # The ellipsoid knows nothing of our projection, its scale factor or our sheets.
    move = pyproj.Transformer.from_crs(toy.CRS, 4326, always_xy=True).transform
    middle_y, middle_x = (south + north) / 2, (west + east) / 2
    wide_m = pyproj.Geod(ellps="WGS84").line_length(*move([west, east], [middle_y, middle_y]))
    high_m = pyproj.Geod(ellps="WGS84").line_length(*move([middle_x, middle_x], [south, north]))
    for pixels, metres in ((columns, wide_m), (rows, high_m)):
        measured = (pixels[-1] - pixels[0] + 1) / per_mm / 1000.0 * said
        # Half a per cent, and the pixel at either end that is only partly covered.
        assert measured == pytest.approx(metres, rel=0.005, abs=said / 1000.0 / per_mm)


def test_the_scale_bar_is_as_long_as_it_says(toy, tmp_path):
    hazard, _ = _square(toy)
    plan = toy.toy_plan(hazard=hazard, is_sample=False)
    path = save_print_map(plan, tmp_path / "peta.pdf", scale=12_500)
    land, per_mm = _mapped(path, "A3", "landscape", 300)
    corner = (
        land[-round(22 * per_mm) : -round(1.5 * per_mm), round(1.5 * per_mm) :].max(axis=2) < 60
    )
    # The bar is the longest unbroken run of black pixels there.
    edges = np.diff(np.pad(corner.astype(int), ((0, 0), (1, 1))), axis=1)
    length = (np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1])[: corner.size]
    bar_mm = length[length < 60 * per_mm].max() / per_mm
    label = re.search(r"Skala 1 : 12\.500 ([\d.,]+) (k?m)\b", _text(path))
    metres = float(label.group(1).replace(".", "").replace(",", "."))
    metres *= 1000.0 if label.group(2) == "km" else 1.0
    assert bar_mm * 12.5 == pytest.approx(metres, rel=0.005, abs=12.5 / per_mm)


def test_a_pdf_holds_text_and_lines_and_its_fonts(plan, tmp_path):
    path = save_print_map(plan, tmp_path / "peta.pdf")
    words = _text(path)
    for part in ("Lubuk Rengas", "SD Negeri 1 · muat 200", "Jalan Raya", "Keterangan", "9.301.000"):
        assert part in words, part
    done = subprocess.run(
        [_tool("pdfimages"), "-list", str(path)], capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == 2, "a head of two lines, and no picture"
    done = subprocess.run(
        [_tool("pdffonts"), str(path)], capture_output=True, text=True, check=True
    )
    fonts = done.stdout.splitlines()[2:]
    assert fonts
    assert all(re.search(r"TrueType .* yes +yes +yes ", font) for font in fonts), fonts


def test_markup_in_names_is_printed_as_it_stands(toy, tmp_path):
    names = ("<script>alert(1)</script>", "$x_{$", "=1+1\nbaris")
    shelters = ("<b>SD</b>", "%PDF ) Tj \u6751 \x07")
    plan = toy.toy_plan(names=names, shelter_names=shelters, road_name="$\\alpha$")
    words = _text(save_print_map(plan, tmp_path / "peta.pdf"))
    for part in ("<script>alert(1)</script>", "$x_{$", "=1+1 baris", "<b>SD</b>", "%PDF ) Tj"):
        assert part in words, part


def test_the_table_holds_everybody(toy):
    plan = toy.toy_plan()
    words = [one.get_text() for one in print_figure(plan, paper="A1").axes[2].texts]
    start = words.index("Ke mana kita mengungsi?")
    rows = words[start:]
    total = rows.index("Jumlah")
    # 150 + 92 + 71 people must leave, in each of the two departures.
    assert rows[total + 1 : total + 3] == ["313", "313"]


def test_options_are_printed(toy, tmp_path):
    logo = tmp_path / "logo.png"
    Image.fromarray(np.full((40, 60, 3), 90, dtype=np.uint8)).save(logo)
    options = MapOptions(
        agency="BPBD Contoh",
        contact="Jalan Contoh 1",
        logo=logo,
        link="https://example.org/peta",
        emergency_numbers={"Posko": "000-111"},
        procedure={"during": ["Berkumpul di lapangan."]},
    )
    path = save_print_map(toy.toy_plan(), tmp_path / "peta.pdf", options=options)
    words = _text(path)
    for part in (
        *("BPBD Contoh", "Jalan Contoh 1", "https://example.org/peta", "Posko", "000-111"),
        *("Berkumpul di lapangan.", "Saat harus mengungsi"),
    ):
        assert part in words, part
    assert "Sebelum bencana" not in words
    assert "Ketua RT/RW" not in words
    without = _words(print_figure(toy.toy_plan()))
    assert "Ketua RT/RW" in without
    assert "Sebelum bencana" in without
    none = MapOptions(procedure=False)
    words = _words(print_figures(toy.toy_plan(), options=none)[0])
    assert "Saat harus mengungsi" not in words


def test_english_sheets_speak_english(toy, tmp_path):
    words = _text(save_print_map(toy.toy_plan(), tmp_path / "map.pdf", language="en"))
    assert "Where do we go?" in words
    for part in ("Keterangan", "jiwa ", "Skala", "mengungsi", "Jalur", "Sesudah", "Lembar"):
        assert part not in words, part


def test_several_sheets_are_numbered_and_each_shows_all(toy, tmp_path):
    path = save_print_map(toy.toy_plan(), tmp_path / "peta.pdf", paper="A4", scale=12_500)
    words = _text(path)
    count = int(re.search(r"Lembar 1 dari (\d+)", words).group(1))
    assert count >= 2
    assert all(f"Lembar {number} dari {count}" in words for number in range(1, count + 1))
    assert words.count("Pembagian lembar") == count
    assert words.count("Keterangan ") == count


def test_the_same_plan_gives_the_same_bytes_in_another_process(plan, toy, tmp_path):
    here = save_print_map(plan, tmp_path / "one.pdf").read_bytes()
    assert here.startswith(b"%PDF")
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('toy', {str(toy.__file__)!r})\n"
        "toy = importlib.util.module_from_spec(spec)\n"
        "sys.modules['toy'] = toy\n"
        "spec.loader.exec_module(toy)\n"
        "from resilience_geo.maps.printed import save_print_map\n"
        f"save_print_map(toy.toy_plan(), {str(tmp_path / 'two.pdf')!r})\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert here == (tmp_path / "two.pdf").read_bytes()


@pytest.mark.parametrize("palette", ["colour_blind", "official"])
def test_classes_differ_on_a_photocopy(palette):
    shown = {}
    for value in (1, 2, 3, 4):
        figure = Figure(figsize=(1.0, 1.0), dpi=150)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.axis("off")
        axes.set_xlim(0, 25.4)
        axes.set_ylim(0, 25.4)
        shape = box(0, 0, 25.4, 25.4)
        look = {"facecolor": fill_colour(value, palette), "edgecolor": "none"}
        patch = area_patch(axes, shape, **look)
        draw_hatch(axes, value, patch, shape.bounds, palette)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        grey = np.asarray(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("L"), float)
        shown[value] = grey
    for one, other in itertools.combinations(shown, 2):
        ink = [shown[each] - np.median(shown[each]) for each in (one, other)]
        tone = abs(np.median(shown[one]) - np.median(shown[other]))
        pattern = (np.abs(ink[0] - ink[1]) > 25).mean()
        # Another tone of the ground, or at least another pattern on it.
        assert tone > 18 or pattern > 0.08, (one, other, tone, pattern)
        assert pattern > 0.04, (one, other, pattern)


def test_rows_of_a_shortened_table_sum_to_the_people_of_a_settlement():
    columns = ["village_code", "settlement", "status", "shelter_id", "evacuees", "travel_time_s"]
    people = [("a", 0, "allocated", f"s{n}", 50 - n, 60.0) for n in range(5)]
    people += [("a", 0, "shelters_full", "", 7, np.nan), ("a", 0, "no_route", "", 4, np.nan)]
    people += [("a", 1, "allocated", f"s{n}", 9, 60.0) for n in range(3)]
    table = pd.DataFrame(people, columns=columns)
    short = printed_panels._shortened(table, 2)
    rows = list(zip(short["settlement"], short["status"], short["evacuees"], strict=True))
    # 48 + 47 + 46 people of three further shelters; a third one alone is shown as it is.
    assert rows == [
        (0, "allocated", 50),
        (0, "allocated", 49),
        (0, "others", 141),
        (0, "any", 11),
        *[(1, "allocated", 9)] * 3,
    ]


@pytest.mark.parametrize("orientation", ["landscape", "portrait"])
def test_nothing_beside_the_map_is_too_small_to_read(toy, orientation):
    figures = print_figures(toy.toy_plan(), paper="A4", orientation=orientation)
    shown = " ".join(one.get_text() for axes in figures[0].axes for one in axes.texts)
    for words in ("Keterangan", "Ke mana kita mengungsi?", "Saat harus mengungsi", "Alat bantu"):
        assert words in shown
    for number, figure in enumerate(figures):
        for place, axes in enumerate(figure.axes):
            inset = any("Letak wilayah" in one.get_text() for one in axes.texts)
            if (number == 0 and place == 1) or inset:  # the maps
                continue
            assert all(one.get_fontsize() >= 7.0 for one in axes.texts)


def test_widths_are_written_as_ranges(plan):
    words = " ".join(_words(print_figure(plan)).split())
    assert "1-200 / 201-5.000 / lebih dari 5.000" in words


def test_a_shelter_table_without_kinds_prints(toy):
    plan = toy.toy_plan()
    bare = dataclasses.replace(plan, shelters=plan.shelters.drop(columns="kind", errors="ignore"))
    assert "Keterangan" in _words(print_figure(bare))
