"""Words of signs, landmarks, places and files for other programs."""

from __future__ import annotations

INDONESIAN: dict[str, str] = {}

ENGLISH: dict[str, str] = {}
