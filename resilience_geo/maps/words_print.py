"""Words of printed maps: frame, grid, panels, procedure."""

from __future__ import annotations

INDONESIAN: dict[str, str] = {}

ENGLISH: dict[str, str] = {}
