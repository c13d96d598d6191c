"""One file that says how a plan is made, so that it can be made again next year: TOML, checked."""

from __future__ import annotations

import difflib
import json
import textwrap
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resilience_geo.assumptions import EvacuationAssumptions
from resilience_geo.errors import InputError, InputFileError, Message, Problem
from resilience_geo.run_options import (
    BATCH_DETAILS,
    BATCH_FLAGS,
    DETAILS,
    INPUTS,
    MAP_DETAILS,
    OPTIONAL,
    PLAN_DETAILS,
    option_field,
)

_NATIONAL = "national"
_CLOSE = 0.6
_FILES = frozenset({"path", "water", "waterways", "buildings", "places", "landmarks", "logo"})
_KINDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key of a configuration file.

    Parameters
    ----------
    field
        Name of the option it fills.
    said
        What it is.
    kind
        Type of its value: `str`, `int`, `float`, `bool`, `list` (of texts) or `dict` (of texts).
    default
        What holds without it.
    choices
        Words it may be; any where there are none.
    """

    field: str
    said: str
    kind: type
    default: Any = None
    choices: tuple[str, ...] = ()


def _key(detail: tuple[Any, ...]) -> Key:
    """Return the key of an option: flag, help, default, choices."""
    flag, said = detail[:2]
    default = detail[2] if len(detail) > 2 else None  # noqa: PLR2004 - flag and help come first
    choices = detail[3] if len(detail) > 3 else ""  # noqa: PLR2004
    kind = int if flag.endswith("-band") else str if default is None else type(default)
    return Key(
        field=option_field(flag),
        said=said,
        kind=kind,
        default=default,
        choices=tuple(choices.split()),
    )


def sections() -> dict[str, dict[str, Key]]:
    """Return every section of a configuration file and its keys, in the order they are written."""
    found: dict[str, dict[str, Key]] = {}
    for name, details in DETAILS.items():
        found[name] = {"path": Key(field=name, said=INPUTS[name], kind=str)}
        found[name] |= {argument: _key(detail) for argument, detail in details.items()}
    found["villages"]["only"] = Key(
        field="village", said="Codes or names: plan only these.", kind=list
    )
    found["plan"] = {name: _key(detail) for name, detail in PLAN_DETAILS.items()}
    found["maps"] = {name: _key(detail) for name, detail in MAP_DETAILS.items()}
    found["maps"] |= {
        "scale": Key(field="scale", said="1:SCALE; else the largest that fits.", kind=int),
        "procedure": Key(
            field="procedure", said="What to do before, during, after.", kind=bool, default=True
        ),
        "emergency": Key(field="emergency", said="Telephone numbers by name.", kind=dict),
    }
    found["batch"] = {name: _key(detail) for name, detail in BATCH_DETAILS.items()}
    found["batch"] |= {
        name: Key(field=name, said=said, kind=bool, default=False)
        for name, said in BATCH_FLAGS.items()
    }
    found["batch"]["workers"] = Key(
        field="workers", said="Processes of this machine; else one per core.", kind=int
    )
    found["assumptions"] = {
        name: Key(
            field=name,
            said=f"{entry['unit']}; {entry['source']} ({entry['confidence']})".lstrip("; "),
            kind=list if isinstance(entry["value"], (list, tuple)) else type(entry["value"]),
            default=entry["value"],
        )
        for name, entry in EvacuationAssumptions().as_dict().items()
    }
    return found


def read_config(path: str | Path) -> dict[str, Any]:
    """Read a configuration file as the options of a run.

    Parameters
    ----------
    path
        TOML, as `config_text` writes it. Paths in it count from its folder. Several hazards are
        several `[[hazard]]`.

    Returns
    -------
    dict
        Values by the names of the options, those left out missing; `assume` as NAME=VALUE texts.

    Raises
    ------
    InputFileError
        The file cannot be opened, or is not TOML.
    InputError
        Sections or keys that do not exist, values of a wrong kind: all of them at once.
    """
    file = Path(path)
    known = sections()
    options: dict[str, Any] = {}
    problems: list[Problem] = []
    for section, given in _parsed(file).items():
        if section not in known:
            problems.append(_unknown(file, "section", section, known))
            continue
        tables = given if section == "hazard" and isinstance(given, list) else [given]
        if not all(isinstance(table, dict) for table in tables):
            problems.append(_wrong(file, section, None, given, "a table"))
            continue
        parts = []
        for table in tables:
            part, wrong = _values(file, section, table, known[section])
            parts.append(part)
            problems += wrong
        if section == "assumptions":
            options["assume"] = tuple(f"{name}={value}" for name, value in parts[0].items())
        elif section == "hazard":
            options |= _of_hazards(parts)
        else:
            options |= parts[0]
    if problems:
        raise InputError(problems)
    return options


def _parsed(file: Path) -> dict[str, Any]:
    """Return what a TOML file holds."""
    expected = Message("a TOML file as resilience-geo init writes it")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        remedy = Message("write one with resilience-geo init")
        found = Message("{reason}", reason=reason)
    except tomllib.TOMLDecodeError as error:
        remedy = Message("correct that line")
        found = Message("{reason}", reason=str(error))
    raise InputFileError(Problem(file=str(file), found=found, expected=expected, remedy=remedy))


def _values(
    file: Path, section: str, table: dict[str, Any], known: dict[str, Key]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the options of a section, and what is wrong with it."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in table.items():
        key = known.get(name)
        if key is None:
            problems.append(_unknown(file, section, name, known))
        elif (expected := _expected(key, value)) is not None:
            problems.append(_wrong(file, section, name, value, expected))
        else:
            values[key.field] = _option_value(file, name, value)
    if section in DETAILS and section not in OPTIONAL and "path" not in table:
        problems.append(_wrong(file, section, "path", "", "the path of a file"))
    return values, problems


def _expected(key: Key, value: Any) -> str | None:
    """Return what a value should be, where it is not."""
    if key.choices:
        return None if value in key.choices else f"one of {', '.join(key.choices)}"
    if key.kind is list:
        fine = isinstance(value, list) and all(isinstance(part, str) for part in value)
        return None if fine else 'a list of texts, like ["a", "b"]'
    if key.kind is dict:
        fine = isinstance(value, dict) and all(isinstance(part, str) for part in value.values())
        return None if fine else 'names with texts, like {BPBD = "..."}'
    whole = isinstance(value, int) and not isinstance(value, bool)
    if key.kind is float:
        return None if whole or isinstance(value, float) else _KINDS[float]
    if key.kind is int:
        return None if whole else _KINDS[int]
    return None if isinstance(value, key.kind) else _KINDS[key.kind]


def _option_value(file: Path, name: str, value: Any) -> Any:
    """Return a value as the option takes it: paths from the folder of the file, lists as tuples."""
    if name in _FILES and value != _NATIONAL and "://" not in value:
        return file.parent / value
    if isinstance(value, list):
        return tuple(value) if name == "only" else ",".join(value)
    if isinstance(value, dict):
        return tuple(f"{who}={number}" for who, number in value.items())
    return value


def _of_hazards(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the options of hazards in their order; what one of them leaves out is its default."""
    defaults = {key.field: key.default or "" for key in sections()["hazard"].values()}
    named = dict.fromkeys(field for part in parts for field in part)
    return {
        field: tuple(part.get(field, defaults[field]) for part in parts)
        for field in named
        if field in defaults
    }


def _unknown(file: Path, section: str, name: str, known: dict[str, Any]) -> Problem:
    """Return the problem of a section or key that does not exist."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=_CLOSE) or list(known)
    return Problem(
        file=str(file),
        layer=None if section == "section" else f"[{section}]",
        column=name,
        found=Message("a name that does not exist"),
        expected=Message("one of {names}", names=", ".join(known)),
        remedy=Message("did you mean {near}?", near=", ".join(near[:3])),
    )


def _wrong(file: Path, section: str, name: str | None, value: Any, expected: str) -> Problem:
    """Return the problem of a value of a wrong kind."""
    return Problem(
        file=str(file),
        layer=f"[{section}]",
        column=name,
        found=Message("{value}", value=repr(value)),
        expected=Message("{expected}", expected=expected),
        remedy=Message("write it that way"),
    )


def config_text(paths: dict[str, str] | None = None) -> str:
    """Return a configuration file in which every key is documented.

    Parameters
    ----------
    paths
        Files by section; examples stand in for those left out.

    Returns
    -------
    str
        TOML; keys with their defaults are written as comments.
    """
    paths = paths or {}
    examples = {
        "villages": "desa.gpkg",
        "hazard": "banjir.tif",
        "population": "jiwa.tif",
        "roads": "jalan.osm.pbf",
        "shelters": "tes.geojson",
    }
    lines = [
        "# How evacuation plans are made: for resilience-geo plan, batch, print and check.",
        "# Lines that begin with # hold the default of a key; take the # away to change it.",
        "# Paths count from the folder of this file.",
    ]
    for section, keys in sections().items():
        given = paths.get(section, examples.get(section))
        optional = section in DETAILS and given is None
        mark = "# " if optional else ""
        head = f"[[{section}]]" if section == "hazard" else f"[{section}]"
        lines += ["", f"{mark}{head}"]
        for name, key in keys.items():
            words = key.said + (f" One of: {', '.join(key.choices)}." if key.choices else "")
            lines += textwrap.wrap(words, 88, initial_indent="# ", subsequent_indent="# ")
            if name == "path":
                lines.append(f"{mark}path = {_toml(given or '...')}")
            else:
                lines.append(f"# {name} = {_toml(_example(key))}")
    return "\n".join(lines) + "\n"


def _example(key: Key) -> Any:
    """Return the default of a key, or an empty value of its kind."""
    if key.default is not None:
        return key.default
    return key.choices[0] if key.choices else key.kind()


def _toml(value: Any) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(part)}" for name, part in value.items()) + "}"
    # A JSON string is a TOML string.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
