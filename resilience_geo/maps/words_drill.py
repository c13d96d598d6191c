"""Words of the drill pack: route cards, turn by turn, observer sheets, poster."""

from __future__ import annotations

INDONESIAN: dict[str, str] = {}

ENGLISH: dict[str, str] = {}
