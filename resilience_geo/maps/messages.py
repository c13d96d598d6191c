"""Indonesian for the messages of the package: English template to Indonesian template."""

from __future__ import annotations

MESSAGES_ID: dict[str, str] = {
    "one of {names}": "salah satu dari {names}",
    "choose one of them": "pilih salah satu",
    "language {language}": "bahasa {language}",
}
