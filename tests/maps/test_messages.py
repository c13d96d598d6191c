from __future__ import annotations

import ast
import string
from pathlib import Path

import resilience_geo
from resilience_geo.maps.messages import MESSAGES_ID

ROOT = Path(resilience_geo.__file__).parent


def _templates():
    """Return every template the package writes, by file."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "Message"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                found.setdefault(node.args[0].value, path.relative_to(ROOT).as_posix())
    return found


def _placeholders(words):
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def test_translations_hold_the_same_placeholders():
    for english, indonesian in MESSAGES_ID.items():
        assert _placeholders(english) == _placeholders(indonesian), english


def test_translations_are_of_templates_that_exist():
    assert set(MESSAGES_ID) <= set(_templates())


def test_every_message_has_indonesian():
    missing = {
        template: file for template, file in _templates().items() if template not in MESSAGES_ID
    }
    assert not missing
