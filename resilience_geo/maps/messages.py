"""Indonesian for the messages of the package: English template to Indonesian template.

The catalogue is `messages_id.json` beside this module, first what maps and tables print of the
limits of their data, then what errors say.
"""

from __future__ import annotations

import json
from importlib import resources

_CATALOGUE = resources.files("resilience_geo.maps") / "messages_id.json"

MESSAGES_ID: dict[str, str] = json.loads(_CATALOGUE.read_text("utf-8"))
"""For `maps.text.message`."""
