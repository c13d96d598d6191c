"""Text that XML can hold, and XML as bytes that are the same every time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

_ANGLES = str.maketrans("<>", "\u2039\u203a")
# With them the marks that turn the direction of all that follows.
_ILLEGAL = re.compile(
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]"
)


def legal(words: str) -> str:
    r"""Return a text without what XML 1.0 has no way to write, or what turns the text around it.

    Examples
    --------
    >>> legal("SD \x00Negeri\x0b 1")
    'SD Negeri 1'
    """
    return _ILLEGAL.sub("", words)


def without_markup(words: str) -> str:
    r"""Return a text that no reader takes for markup, in one line.

    Programs for maps show the descriptions of GPX and KML as HTML once XML is undone: angle
    brackets become quotation marks of one angle, and a dollar sign before a bracket, with which KML
    names a field, stands apart.

    Examples
    --------
    >>> without_markup("SD\n1 $[name]"), "<" in without_markup("<b>")
    ('SD 1 $ [name]', False)
    """
    return " ".join(legal(words).split()).translate(_ANGLES).replace("$[", "$ [")


def packed(root: ET.Element) -> bytes:
    """Return XML with its declaration, one element a line."""
    ET.indent(root)
    whole: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return whole + b"\n"
