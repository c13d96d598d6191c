"""Pages that need no network: Leaflet inlined, and nothing in the page that would load a thing."""

from __future__ import annotations

import base64
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from resilience_geo.errors import Message, OutputError, Problem

if TYPE_CHECKING:
    from collections.abc import Collection

_IMAGES_IN_CSS = re.compile(r"url\((['\"]?)(images/[\w.@-]+)\1\)")
_COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)
_SOURCE_MAP = re.compile(r"//# sourceMappingURL=\S*")
_EXTERNAL_CSS = re.compile(r"@import|url\(\s*['\"]?(?!data:|#)", re.IGNORECASE)
_EXTERNAL_SCRIPT = re.compile(
    r"https?://|wss?://|\bfetch\s*\(|\bimport\s*\(|XMLHttpRequest|sendBeacon|EventSource"
    r"|importScripts|serviceWorker"
)
_NAMESPACE = "http://www.w3.org/2000/svg"
_LOADING_ATTRIBUTES = frozenset(
    {"src", "srcset", "href", "data", "poster", "action", "formaction", "background", "xlink:href"}
)
_INERT_SCRIPTS = frozenset({"application/json"})


def _package_file(package: str, name: str) -> bytes:
    """Return a file of an XStatic package."""
    if package == "leaflet":
        from xstatic.pkg import leaflet as module  # noqa: PLC0415  only offline pages need it
    else:
        from xstatic.pkg import jquery as module  # noqa: PLC0415
    return (Path(module.BASE_DIR) / name).read_bytes()


@cache
def leaflet_js() -> str:
    """Return Leaflet as text to inline, without its source map and without its link."""
    code = _package_file("leaflet", "leaflet.js").decode("utf-8")
    code = code.replace('<a href="https://leafletjs.com"', "<a")
    return in_script(_SOURCE_MAP.sub("", code))


@cache
def jquery_js() -> str:
    """Return jQuery as text to inline; folium's popups need it."""
    return in_script(_SOURCE_MAP.sub("", _package_file("jquery", "jquery.min.js").decode("utf-8")))


@cache
def leaflet_css() -> str:
    """Return Leaflet's style with its pictures inside, without what old Internet Explorer loads."""

    def inlined(match: re.Match[str]) -> str:
        picture = base64.b64encode(_package_file("leaflet", match[2])).decode("ascii")
        return f"url(data:image/png;base64,{picture})"

    css = _COMMENTS.sub("", _package_file("leaflet", "leaflet.css").decode("utf-8"))
    css = css.replace("behavior: url(#default#VML);", "")
    return _IMAGES_IN_CSS.sub(inlined, css)


def in_script(text: str) -> str:
    r"""Return text that cannot end the script element it stands in.

    Examples
    --------
    >>> in_script('"</script>"')
    '"<\\/script>"'
    """
    return re.sub(r"<(/script|!--)", lambda found: "<\\" + found[1], text, flags=re.IGNORECASE)


def in_json_script(json_text: str) -> str:
    """Return JSON that can stand in a script element: no letter of it means anything to HTML."""
    return (
        json_text.replace("&", "\\u0026")
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )


class _LoadFinder(HTMLParser):
    """Collects what a browser would load from outside the page."""

    def __init__(self, but: Collection[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._but = tuple(but)
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at the attributes of an element."""
        values = {name: value or "" for name, value in attrs}
        for name, value in values.items():
            here = value.strip().lower()
            if name in _LOADING_ATTRIBUTES and here and not here.startswith(("data:", "#")):
                self.found.append(f"<{tag} {name}={value[:80]}>")
            if name == "style" and _EXTERNAL_CSS.search(value):
                self.found.append(f"<{tag} style={value[:80]}>")
        if tag == "meta" and values.get("http-equiv", "").lower() == "refresh":
            self.found.append("<meta refresh>")
        self._inside = tag
        if tag == "script" and values.get("type", "") in _INERT_SCRIPTS:
            self._inside = ""

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002  named by the parser
        """Leave an element."""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Look into scripts and styles."""
        if self._inside == "style" and (match := _EXTERNAL_CSS.search(data)):
            self.found.append(f"style: {data[match.start() : match.start() + 80]}")
        if self._inside == "script":
            for known in (leaflet_js(), jquery_js(), _NAMESPACE, *self._but):
                data = data.replace(known, "")
            if match := _EXTERNAL_SCRIPT.search(data):
                self.found.append(f"script: {data[match.start() : match.start() + 80]}")


def external_loads(html: str, *, but: Collection[str] = ()) -> list[str]:
    """Return everything in a page that a browser would load from elsewhere.

    Parameters
    ----------
    html
        The page.
    but
        Addresses in scripts that are meant to be there.

    Examples
    --------
    >>> external_loads('<p>https://example.org</p><img src="//example.org/a.png">')
    ['<img src=//example.org/a.png>']
    """
    finder = _LoadFinder(but)
    finder.feed(html)
    finder.close()
    return finder.found


def refuse_external_loads(html: str, *, but: Collection[str] = ()) -> str:
    """Return a page when nothing in it is loaded from elsewhere.

    Parameters
    ----------
    html
        The page.
    but
        Addresses in scripts that are meant to be there.

    Raises
    ------
    OutputError
        Something is.
    """
    found = external_loads(html, but=but)
    if found:
        raise OutputError(
            Problem(
                found=Message("a page that loads {loads}", loads="; ".join(found[:5])),
                expected=Message("a page that needs no network"),
                remedy=Message("report this as a fault of the map"),
            )
        )
    return html
