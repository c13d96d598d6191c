from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

from resilience_geo.maps.printed_column import (
    Column,
    Listing,
    Paragraph,
    fill,
    flow,
    shortened,
    wrapped,
)
from resilience_geo.maps.printed_labels import Labels, width_of

letters = st.text(alphabet="abcdefghij KLMNOP.,-", max_size=120)


@given(letters, st.floats(20.0, 300.0), st.floats(4.0, 20.0))
def test_lines_hold_every_letter_and_are_no_wider_than_their_room(words, width, size):
    lines = wrapped(words, width, size)
    assert "".join("".join(lines).split()) == "".join(words.split())
    widest = max(len(line) for line in lines)
    assert all(width_of(line, size) <= width or len(line) == 1 for line in lines) or widest == 1


@given(letters, st.floats(20.0, 300.0))
def test_shortened_words_fit_or_are_only_an_ellipsis(words, width):
    short = shortened(words, width, 10.0)
    assert short == " ".join(words.split()) or short.endswith("…")
    assert width_of(short, 10.0) <= width or short == "…"


def _drawn(column_count, items, high_mm=40.0):
    """Return the texts of columns that are filled one after the other, and what is left."""
    figure = Figure()
    texts, left = [], list(items)
    for _ in range(column_count):
        axes = figure.add_axes((0, 0, 1, 1), label=str(len(texts)))
        left = flow(Column(axes, (60.0, high_mm), 1.0), left)
        texts.append([each.get_text() for each in axes.texts])
    return texts, left


def test_a_table_that_is_cut_has_its_heads_again_and_loses_no_row():
    rows = tuple((f"nama {number}", "tempat", str(number)) for number in range(60))
    listing = Listing(heads=("Dusun", "Ke", "Jiwa"), rows=rows)
    texts, left = _drawn(8, [listing])
    assert left == []
    used = [each for each in texts if each]
    assert len(used) > 1
    assert all("Jiwa" in each for each in used)
    words = [word for each in used for word in each]
    for number in range(60):
        assert words.count(f"nama {number}") == 1


def test_a_paragraph_longer_than_a_column_goes_on():
    words = " ".join(f"kata{number}" for number in range(400))
    texts, left = _drawn(40, [Paragraph(words=words, size=9.0)], high_mm=30.0)
    assert left == []
    assert " ".join(line for each in texts for line in each).split() == words.split()


@settings(max_examples=30)
@given(st.lists(st.floats(1.0, 60.0), max_size=12))
def test_blocks_are_never_split_over_columns(heights):
    columns = [Column(None, (50.0, 30.0), 1.0) for _ in range(4)]
    written = []

    def block(high):
        def write(column):
            if column.room_for(high):
                column.down += high
                written.append(high)

        return write

    whole = fill(columns, [block(high) for high in heights])
    assert all(column.down <= column.height for column in columns)
    if whole:
        assert sum(column.down for column in columns) == pytest.approx(sum(heights))


def _labels():
    axes = Figure(figsize=(4, 4)).add_axes((0, 0, 1, 1))
    axes.set_xlim(0, 1000)
    axes.set_ylim(0, 1000)
    return Labels(axes=axes, scale=10_000, language="id")


places = st.tuples(st.floats(0, 1000), st.floats(0, 1000), st.floats(-180, 180), st.floats(5, 15))


@settings(max_examples=25, deadline=None)
@given(st.lists(places, max_size=25))
def test_words_on_a_map_never_meet(wanted):
    labels = _labels()
    for x, y, angle, size in wanted:
        labels.along(x, y, angle, "Jalan Kenanga", size)
        labels.beside(x, y, "SDN 01", size, 8.0)
    kept = sorted({box for boxes in labels._taken.values() for box in boxes})
    west, south, east, north = labels.frame
    assert all(
        west < box[0] and box[2] < east and south < box[1] and box[3] < north for box in kept
    )
    # Words stand where their boxes are, one word after the other: none began on a taken box.
    for words in labels.axes.texts:
        x, y = words.get_position()
        assert west <= x <= east
        assert south <= y <= north
        assert -90.0 <= (words.get_rotation() + 180.0) % 360.0 - 180.0 <= 90.0


def test_a_place_is_given_once():
    labels = _labels()
    assert labels.beside(500, 500, "satu", 10.0, 5.0)
    assert not labels.free((495, 495, 540, 505))
    assert labels.room(500, 500, 5.0) is not None
    assert labels.room(500, 500, 5.0, moved=False) is None


def test_names_along_roads_do_not_stand_on_their_head():
    labels = _labels()
    assert labels.along(500, 500, 170.0, "Jalan Melati", 8.0)
    assert labels.axes.texts[0].get_rotation() % 360.0 == pytest.approx(350.0)


def test_rows_of_one_name_stay_together():
    names = [("satu", 3), ("dua", 5), ("tiga", 2), ("empat", 4), ("lima", 3), ("enam", 5)]
    rows = tuple(
        ("" if line else name, f"{name} {line}", "1")
        for name, count in names
        for line in range(count)
    )
    texts, left = _drawn(6, [Listing(heads=("RW", "Ke", "Jiwa"), rows=rows)], high_mm=30.0)
    assert left == []
    for name, count in names:
        wanted = {name, *(f"{name} {line}" for line in range(count))}
        holders = [each for each in texts if wanted & set(each)]
        assert len(holders) == 1, name
        assert wanted <= set(holders[0])


def test_a_name_with_more_rows_than_a_column_holds_goes_on():
    rows = tuple(("" if line else "satu", f"tempat {line}", "1") for line in range(40))
    texts, left = _drawn(12, [Listing(heads=("RW", "Ke", "Jiwa"), rows=rows)], high_mm=30.0)
    assert left == []
    words = [word for each in texts for word in each]
    assert [word for word in words if word.startswith("tempat")] == [row[1] for row in rows]
