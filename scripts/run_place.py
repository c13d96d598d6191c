"""Make the layers of a place of the mission, and plan all of its villages.

    python scripts/run_place.py sarolangun
    python scripts/run_place.py alak --out hasil/alak --workers 1

What follows the place goes to `resilience-geo batch`. Boundaries are real, layers are made up: see
`places/README.md`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from resilience_geo.cli import main as resilience_geo

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Run both commands; the layers are made anew, to the same bytes."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    place, *more = sys.argv[1:]
    made = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(HERE / "make_place_layers.py"), place], check=False
    )
    if made.returncode:
        sys.exit(made.returncode)
    out = [] if "--out" in more else ["--out", f"hasil/{place}"]
    config = str(HERE / "places" / f"{place}.toml")
    sys.argv[1:] = ["batch", "--config", config, *out, *more]
    resilience_geo()


if __name__ == "__main__":
    main()
