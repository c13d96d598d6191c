"""A plan as files for other programs: GeoPackage, spreadsheet and JSON, all whole or none."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience_geo.errors import Message, OutputError, Problem
from resilience_geo.hazard_classes import CLASS_NAMES
from resilience_geo.inputs.vulnerable_columns import VULNERABLE_GROUPS
from resilience_geo.layer_styles import write_layer_styles
from resilience_geo.maps import content, text
from resilience_geo.maps.cells import csv_text
from resilience_geo.maps.files import write_whole
from resilience_geo.maps.geopackage import write_layers
from resilience_geo.report_workbook import write_workbook
from resilience_geo.tables import SERVICE_BANDS_MIN, UNSERVED_CAUSES

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from resilience_geo.plan import EvacuationPlan

ROOM_PREFIX = ".resilience-geo-"
"""How folders begin in which files are made before they take their places."""
FILES: tuple[str, ...] = ("plan.gpkg", "plan.xlsx", "summary.json")
LAYERS: tuple[str, ...] = (
    "villages",
    "exposure",
    "origins",
    "routes",
    "shelters",
    "roads",
    "stretches",
    "unserved",
)


def save_tables(
    plan: EvacuationPlan, folder: str | os.PathLike[str], *, language: str = "id"
) -> list[Path]:
    """Write a plan's tables: `plan.gpkg`, `plan.xlsx` and `summary.json`.

    Parameters
    ----------
    plan
        The plan.
    folder
        Made where it is missing; files of the same name are replaced.
    language
        Of the spreadsheet and of the notes: `id` (Indonesian) or `en`. Columns of the GeoPackage
        and keys of the JSON are the same in both.

    Returns
    -------
    list of pathlib.Path
        The files, in the order of `FILES`.

    Raises
    ------
    OutputError
        The folder cannot be written; what was there before is still there.
    """
    text.check_language(language)
    target = Path(folder)
    with whole_files(target) as room:
        write_geopackage(plan, room / FILES[0], language)
        write_workbook(plan, room / FILES[1], language)
        write_summary(plan, room / FILES[2], language)
    return [target / name for name in FILES]


@contextmanager
def whole_files(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a folder to write files into; they move to `folder` when all of them are there.

    Parameters
    ----------
    folder
        Where the files belong; made where it is missing.

    Yields
    ------
    pathlib.Path
        An empty folder on the same disk. When the block ends well its files take their places,
        each at once; when it does not, or one of them cannot be placed, `folder` is as before.

    Raises
    ------
    OutputError
        The folder cannot be made or written.
    """
    target = Path(folder)
    made = [path for path in (target, *target.parents) if not path.exists()]
    room: Path | None = None
    try:
        target.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix=ROOM_PREFIX, dir=target))
        new, old = room / "new", room / "old"
        new.mkdir()
        old.mkdir()
        yield new
        _place(new, old, target)
        made = []
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise _cannot_write(target, error) from error
    finally:
        if room is not None:
            shutil.rmtree(room, ignore_errors=True)
        for path in made:
            if path.is_dir():
                path.rmdir()


def _place(new: Path, old: Path, target: Path) -> None:
    """Move files into place; put back what was there if one of them cannot move."""
    placed: list[Path] = []
    try:
        for file in sorted(new.iterdir()):
            place = target / file.name
            placed.append(place)
            if place.exists():
                place.replace(old / file.name)
            file.replace(place)
    except OSError:
        for place in placed:
            if (old / place.name).exists():
                (old / place.name).replace(place)
            elif not (new / place.name).exists():
                place.unlink(missing_ok=True)
        raise


def _cannot_write(folder: Path, error: OSError) -> OutputError:
    """Return the error of a folder that cannot be written."""
    return OutputError(
        Problem(
            file=str(error.filename or folder),
            found=Message("{reason}", reason=error.strerror or str(error)),
            expected=Message("a folder that can be written"),
            remedy=Message("close programs that hold its files, or choose another folder"),
        )
    )


def write_geopackage(plan: EvacuationPlan, path: Path, language: str) -> None:
    """Write every table of a plan as a layer, in degrees (EPSG:4326), with its style for QGIS.

    Parameters
    ----------
    plan
        The plan.
    path
        A file that does not exist yet.
    language
        Of the description, which says where the data is made up, and of the legend in QGIS.
    """
    write_layers(
        {name: getattr(plan, name) for name in LAYERS},
        path,
        description=layer_description(plan, language),
        moment=content.created(plan),
    )
    write_layer_styles(plan, path, language)


def layer_description(plan: EvacuationPlan, language: str) -> str:
    """Return what a layer of a plan says of itself, first that it is made up where it is."""
    title = content.title(plan, language)
    if not plan.is_sample:
        return title
    return f"{text.word('sample', language)}: {text.word('sample_note', language)} {title}"


def write_summary(plan: EvacuationPlan, path: Path, language: str) -> None:
    """Write `summary.json`."""
    packed = json.dumps(
        json_value(summary_of(plan, language)), ensure_ascii=False, allow_nan=False, indent=2
    )
    path.write_text(packed + "\n", encoding="utf-8")


def summary_of(plan: EvacuationPlan, language: str) -> dict[str, Any]:
    """Return the figures of a plan as one mapping.

    `people` counts the villages by class; `outside` is the rest of the population layer, so that
    `none + low + medium + high + unknown + outside = total`. `vulnerable` counts evacuees, in all
    and by village; `groups` is there where they were planned apart.
    """
    first, *others = content.departures(plan)
    people = {name: float(plan.exposure[f"people_{name}"].sum()) for name in CLASS_NAMES}
    people["outside"] = float(plan.outside.get("total", 0.0))
    summary = {
        "sample": bool(plan.is_sample),
        **({"sample_text": text.word("sample", language)} if plan.is_sample else {}),
        "departure": plan.departure,
        "people": {"total": math.fsum(people.values()), **people},
        **_figures(plan, first),
        "vulnerable": _vulnerable_figures(plan.villages, content.shares_from(plan)),
        **_group_figures(plan),
        "allocation": _proofs(plan),
        "villages": _village_figures(plan, first),
    }
    for village, code in zip(summary["villages"].values(), plan.villages.index, strict=True):
        source = str(plan.villages.loc[code, "shares_from"])
        village["vulnerable"] = _vulnerable_figures(plan.villages.loc[[code]], source)
    for name in others:
        summary[name] = {
            **_figures(plan, name),
            "lost_if_late_people": int(plan.villages["lost_if_late_people"].sum()),
            "villages": _village_figures(plan, name),
        }
    return {
        **summary,
        "assumptions": plan.assumptions.as_dict(),
        "provenance": plan.provenance,
        "notes": content.limits(plan, language),
    }


def _figures(plan: EvacuationPlan, departure: str) -> dict[str, Any]:
    """Return evacuees, allocated and unserved people of all villages."""
    return {
        "evacuees": content.total(plan, "evacuees", departure),
        "allocated": content.total(plan, "allocated", departure),
        "unserved": {cause: content.total(plan, cause, departure) for cause in UNSERVED_CAUSES},
    }


def _vulnerable_figures(villages: pd.DataFrame, source: str) -> dict[str, Any]:
    """Return the vulnerable groups among the evacuees of villages, together, and their helpers."""
    columns = (*VULNERABLE_GROUPS, "need_help_people", "helpers")
    return {**{name: int(villages[name].sum()) for name in columns}, "shares_from": source}


def _group_figures(plan: EvacuationPlan) -> dict[str, Any]:
    """Return who of each group gets a place; nothing where groups were not planned apart."""
    table = content.group_figures(plan)
    return {"groups": table.to_dict(orient="index")} if len(table) else {}


def _proofs(plan: EvacuationPlan) -> dict[str, Any]:
    """Return how good the division of people over shelters is, by departure.

    `person_minutes` is the walk of all who get a place together, `bound_person_minutes` what no
    division that places as many can go below; `could_serve_people` how many more would get a place
    if shelters of unknown capacity had room for all.
    """
    served = {} if plan.workings is None else plan.workings.served
    return {
        departure: {
            "proven": found.proof.proven,
            "person_minutes": found.proof.person_seconds / 60.0,
            "bound_person_minutes": found.proof.bound_person_seconds / 60.0,
            "could_serve_people": found.proof.could_serve_people,
        }
        for departure, found in served.items()
    }


def _village_figures(plan: EvacuationPlan, departure: str) -> dict[str, Any]:
    """Return the figures of each village by its code."""
    columns = [
        "evacuees",
        "allocated",
        *UNSERVED_CAUSES,
        "median_travel_time_s",
        *(f"people_within_{minutes}_min" for minutes in SERVICE_BANDS_MIN),
    ]
    table = pd.DataFrame(
        {name: content.village_figure(plan, name, departure) for name in columns}
    ).astype(object)
    table = table.join(plan.exposure[[f"people_{name}" for name in ("total", *CLASS_NAMES)]])
    result = {}
    for (code, row), name in zip(table.iterrows(), plan.villages["village_name"], strict=True):
        result[str(code)] = {
            "name": str(name),
            "people": {key: float(row[f"people_{key}"]) for key in ("total", *CLASS_NAMES)},
            "evacuees": int(row["evacuees"]),
            "allocated": int(row["allocated"]),
            "unserved": {cause: int(row[cause]) for cause in UNSERVED_CAUSES},
            **{column: row[column] for column in columns[2 + len(UNSERVED_CAUSES) :]},
        }
    return result


def json_value(value: Any) -> Any:
    """Return a value as JSON knows it: no NaN, no numpy; what it does not know becomes text.

    Examples
    --------
    >>> json_value({"a": float("nan"), 2: (np.int64(3), np.True_)})
    {'a': None, '2': [3, True]}
    """
    if isinstance(value, Mapping):
        return {str(key): json_value(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [json_value(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or value is pd.NA:
        return None
    return value if isinstance(value, (str, int, bool)) else str(value)


def save_exposure(table: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write the table of `village_exposure` as CSV, with the people outside all villages last.

    Parameters
    ----------
    table
        From `village_exposure`.
    path
        The file; it appears whole or not at all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    outside = table.attrs["outside"]
    beyond = {
        "village_name": "outside all villages",
        "people_total": outside["total"],
        **{f"people_{name}": outside[name] for name in CLASS_NAMES},
        "evacuees": 0,
    }
    rows = pd.concat([table, pd.DataFrame([beyond], index=pd.Index([""], name=table.index.name))])
    for name in rows.columns:
        if not pd.api.types.is_numeric_dtype(rows[name]):
            rows[name] = [csv_text(value) for value in rows[name]]
    rows.index = pd.Index([csv_text(code) for code in rows.index], name=table.index.name)
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(target.parent, error) from error
    return write_whole(target, rows.to_csv().encode())
