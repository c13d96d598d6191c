"""Fixtures that every test may use."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def pytest_sessionstart():
    """Stop where the readers of PDF must be there and are not: their tests would be skipped."""
    if "poppler" in os.environ.get("RESILIENCE_GEO_REQUIRE", "").split(","):
        tools = ("pdffonts", "pdfimages", "pdftoppm", "pdftotext")
        missing = [tool for tool in tools if shutil.which(tool) is None]
        if missing:
            pytest.exit(f"not on this machine: {', '.join(missing)}", returncode=2)


def _missing(what: str, reason: str) -> None:
    """Skip a test for want of something; fail it where that thing must be there."""
    if what in os.environ.get("RESILIENCE_GEO_REQUIRE", "").split(","):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real data; the test is skipped where it is missing."""
    folder = Path(os.environ.get("RESILIENCE_GEO_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "jakarta").is_dir():
        _missing("real_data", f"no real data in {folder}: set RESILIENCE_GEO_REAL_DATA")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; the test is skipped where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        _missing("browser", "no Chromium on this machine")
    return str(found)


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """Folder of the embedded sample."""
    return ROOT / "data"
