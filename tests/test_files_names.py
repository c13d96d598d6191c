"""Names as outsiders write them, in the files for hand-held use."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

import resilience_geo as rg
from tests.maps.toy_plan import toy_plan

NAME = "SD\u202e 7 \u2066Negeri <b>$[name]</b> ]]> &amp; \U0001f600\x00\x1b[31m"


@pytest.mark.parametrize("file", ["routes.gpx", "routes.kml"])
@pytest.mark.parametrize("language", ["id", "en"])
def test_a_name_cannot_turn_the_text_after_it_nor_run_in_a_file_for_hand_held_use(
    file, language, tmp_path
):
    plan = toy_plan()
    plan = replace(plan, shelters=plan.shelters.assign(name=NAME))
    rg.save_route_files(plan, tmp_path, language=language)

    said = [part.text or "" for part in ET.parse(tmp_path / file).iter()]

    assert any("7 Negeri" in words for words in said)
    assert not any(mark in words for words in said for mark in "\u202e\u2066\x00\x1b")
    described = [
        part.text or ""
        for part in ET.parse(tmp_path / file).iter()
        if part.tag.endswith(("desc", "description"))
    ]
    assert described
    assert not any("<b>" in words or "$[" in words for words in described)
