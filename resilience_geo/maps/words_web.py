"""Words of the web map: buttons, search, what a tap on a settlement says."""

from __future__ import annotations

INDONESIAN: dict[str, str] = {}

ENGLISH: dict[str, str] = {}
