"""Reading a picture: the logo that a printed sheet bears."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resilience_geo.errors import DependencyError, InputError, Message, Problem

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

_LARGEST_FILE = 20_000_000  # bytes
_LARGEST_PICTURE = 50_000_000  # pixels: a small file can unfold into more than memory holds
_LARGEST_SIDE = 800
"""Pixels; as sharp as print needs it for a logo of some centimetres."""


def read_picture(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Read a PNG or JPEG picture.

    Parameters
    ----------
    path
        Its file.

    Returns
    -------
    ndarray of uint8, shape (rows, columns, 4)
        Red, green, blue and opacity, at most 800 pixels wide and high, upright.

    Raises
    ------
    InputError
        There is no such file, or it is no PNG or JPEG picture that can be read.
    DependencyError
        Pillow is not installed.
    """
    return np.asarray(_opened(path), dtype=np.uint8).copy()


def picture_data_uri(path: str | os.PathLike[str]) -> str:
    """Return a PNG or JPEG picture as a PNG inside a data URI.

    Parameters
    ----------
    path
        Its file.

    Raises
    ------
    InputError, DependencyError
        As of `read_picture`.
    """
    data = io.BytesIO()
    _opened(path).save(data, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode("ascii")


def _opened(path: str | os.PathLike[str]) -> Any:
    """Return a picture as Pillow has it: upright, with opacity, not too large."""
    try:
        from PIL import Image, ImageOps  # noqa: PLC0415  comes with matplotlib, which is optional
    except ImportError as error:
        raise DependencyError(
            Problem(
                found=Message("an installation without {package}", package="pillow"),
                expected=Message("{package}, which reads pictures", package="pillow"),
                remedy=Message("pip install 'resilience-geo[print]'"),
            )
        ) from error
    file = Path(path)
    if not file.is_file():
        raise _problem(file, Message("no such file"))
    if file.stat().st_size > _LARGEST_FILE:
        raise _problem(file, Message("{size} bytes", size=file.stat().st_size))
    try:
        with Image.open(file, formats=("PNG", "JPEG")) as picture:
            wide, high = picture.size
            if wide * high <= _LARGEST_PICTURE:
                upright = ImageOps.exif_transpose(picture).convert("RGBA")
                upright.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE))
                return upright
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _problem(file, Message("a file that is no picture")) from error
    raise _problem(file, Message("{wide} x {high} pixels", wide=wide, high=high))


def _problem(file: Path, found: Message) -> InputError:
    """Return what is wrong with a file."""
    return InputError(
        Problem(
            file=str(file),
            found=found,
            expected=Message(
                "a PNG or JPEG picture of at most {most} million pixels",
                most=_LARGEST_PICTURE // 1_000_000,
            ),
            remedy=Message("save the logo as a PNG file of some hundred pixels"),
        )
    )
