from __future__ import annotations

import base64
import builtins
import io

import numpy as np
import pytest

from resilience_geo.errors import DependencyError, InputError
from resilience_geo.inputs import pictures
from resilience_geo.inputs.pictures import picture_data_uri, read_picture

Image = pytest.importorskip("PIL.Image")

GREEN = (0, 112, 60)


def _saved(path, mode="RGB", size=(60, 30), **look):
    palette = {"palette": Image.Palette.ADAPTIVE} if mode == "P" else {}
    picture = Image.new("RGB", size, GREEN).convert(mode, **palette)
    picture.save(path, **look)
    return path


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.png", "RGB"), ("a.png", "RGBA"), ("a.png", "P"), ("a.jpg", "RGB"), ("a.dat.jpeg", "RGB")],
)
def test_pictures_keep_size_and_colour(tmp_path, name, mode):
    shown = read_picture(_saved(tmp_path / name, mode))
    assert shown.shape == (30, 60, 4)
    assert shown.dtype == np.uint8
    assert np.abs(shown[15, 30].astype(int) - (*GREEN, 255)).max() <= 3


def test_large_pictures_become_smaller_and_keep_their_shape(tmp_path):
    assert read_picture(_saved(tmp_path / "a.png", size=(3000, 1500))).shape == (400, 800, 4)


def test_a_photograph_stands_upright(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by a quarter
    assert read_picture(_saved(tmp_path / "a.jpg", exif=turned)).shape == (60, 30, 4)


def test_a_data_uri_holds_the_same_picture(tmp_path):
    path = _saved(tmp_path / "a.png")
    head, data = picture_data_uri(path).split(",")
    assert head == "data:image/png;base64"
    inside = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert (inside == read_picture(path)).all()


@pytest.mark.parametrize(
    "content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0junk", b"GIF89a"]
)
def test_what_is_no_picture_is_said(tmp_path, content):
    path = tmp_path / "logo.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"logo\.png.*no picture.*PNG or JPEG"):
        read_picture(path)


def test_a_broken_picture_is_said(tmp_path):
    path = _saved(tmp_path / "a.png", size=(300, 300))
    path.write_bytes(path.read_bytes()[:-40])
    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "b.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "b.png").read_bytes()[:2000])
    with pytest.raises(InputError, match="no picture"):
        read_picture(tmp_path / "b.png")


def test_other_kinds_are_refused(tmp_path):
    for kind in ("gif", "bmp", "tiff"):
        with pytest.raises(InputError, match="no picture"):
            read_picture(_saved(tmp_path / f"a.{kind}"))


def test_no_file_a_folder_and_too_much(tmp_path, monkeypatch):
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(InputError, match="no such file"):
            read_picture(path)
    path = _saved(tmp_path / "a.png", size=(200, 100))
    monkeypatch.setattr(pictures, "_LARGEST_PICTURE", 19_999)
    with pytest.raises(InputError, match="200 x 100 pixels"):
        read_picture(path)
    monkeypatch.setattr(pictures, "_LARGEST_FILE", 10)
    with pytest.raises(InputError, match="bytes"):
        read_picture(path)


def test_a_picture_that_unfolds_beyond_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(InputError):
        read_picture(_saved(tmp_path / "a.png", size=(200, 100)))


def test_without_pillow_the_remedy_is_named(tmp_path, monkeypatch):
    path = _saved(tmp_path / "a.png")
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "PIL":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DependencyError, match="pip install"):
        read_picture(path)
