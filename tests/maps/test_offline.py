from __future__ import annotations

import re

import pytest

from resilience_geo.errors import OutputError
from resilience_geo.maps.offline import (
    external_loads,
    in_json_script,
    in_script,
    jquery_js,
    leaflet_css,
    leaflet_js,
    refuse_external_loads,
)


def test_leaflet_is_inlined_whole_and_loads_nothing():
    assert "1.9.3" in leaflet_js()
    assert "sourceMappingURL" not in leaflet_js()
    assert "</script" not in leaflet_js() + jquery_js()
    assert "jQuery" in jquery_js()
    urls = re.findall(r"url\(([^)]{5})", leaflet_css())
    assert urls
    assert set(urls) == {"data:"}
    page = f"<style>{leaflet_css()}</style><script>{leaflet_js()}</script>"
    assert external_loads(page) == []


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<img src="//cdn.example/x.png">',
        '<img srcset="a.png 2x">',
        '<link rel="stylesheet" href="x.css">',
        "<style>@import 'x.css';</style>",
        "<style>a{background:url(http://x/y.png)}</style>",
        '<p style="background:url(x.png)">',
        "<script>fetch('/x')</script>",
        "<script>L.tileLayer('https://{s}.tile/{z}')</script>",
        "<script>new XMLHttpRequest()</script>",
        '<iframe src="https://x"></iframe>',
        '<meta http-equiv="refresh" content="0">',
        '<object data="x.swf"></object>',
        '<form action="https://x"></form>',
    ],
)
def test_what_loads_is_refused(page):
    assert external_loads(page)
    with pytest.raises(OutputError, match="needs no network"):
        refuse_external_loads(page)


@pytest.mark.parametrize(
    "page",
    [
        "<p>https://example.org &lt;img src=x&gt;</p>",
        '<script type="application/json">{"name": "https://x fetch("}</script>',
        '<link rel="icon" href="data:,">',
        '<img src="data:image/png;base64,AA==">',
        "<style>a{background:url(data:image/png;base64,AA==)}</style>",
    ],
)
def test_what_loads_nothing_is_let_through(page):
    assert refuse_external_loads(page) == page


def test_scripts_cannot_be_ended_by_data():
    assert "</script" not in in_script("'</script><!--'").lower()
    packed = in_json_script('{"a":"</script><b>&\u2028"}')
    assert not set("<>&\u2028") & set(packed)
