"""What a run came to, put together from the stamps of its villages, and the files of the whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from resilience_geo.errors import Message
from resilience_geo.inputs.made_up import is_made_up
from resilience_geo.inputs.village_codes import is_sample_code
from resilience_geo.maps.index_page import save_index_page
from resilience_geo.plan import ranked
from resilience_geo.plan_notes import wading_note
from resilience_geo.report_run import RUN_FILES, save_run_tables
from resilience_geo.reports import json_value, whole_files
from resilience_geo.village_run import VillageRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from resilience_geo.batch_work import Job

INDEX = "index.html"
MANIFEST = "manifest.json"
RUN_NAMES: tuple[str, ...] = (INDEX, MANIFEST, *RUN_FILES)
"""Files beside the folders of the villages."""


def result_of(
    job: Job,
    folders: Mapping[str, str],
    stamps: Mapping[str, Mapping[str, Any]],
    layers: Mapping[str, Any],
    failed: tuple[Mapping[str, str], Mapping[str, str]],
    facts: Sequence[Any],
) -> VillageRun:
    """Put together what the run came to, from the stamps of its villages.

    Parameters
    ----------
    job
        What was to be done.
    folders
        Name of the folder of each village, by code.
    stamps
        Of the villages that are finished, by code.
    layers
        What the villages share.
    failed
        Why villages failed, by code: those whose people are at no shelter, and others.
    facts
        From `run_facts`, of every tile.
    """
    uncounted, unwritten = failed
    every = {**uncounted, **unwritten}
    villages = layers["villages"]
    rows = pd.DataFrame([stamp["row"] for stamp in stamps.values()]).set_index("village_code")
    lists = [table for table, *_ in facts]
    shelters = pd.concat(lists, ignore_index=True)
    keys = [name for name in ("departure", "shelter_id") if name in shelters.columns]
    shelters = shelters.drop_duplicates(keys, ignore_index=True)
    if "departure" in keys:
        shelters = shelters.sort_values("departure", kind="stable", ignore_index=True)
    unserved = [row for stamp in stamps.values() for row in stamp["unserved"]]
    names = dict(zip(villages["village_code"], villages["village_name"], strict=True))
    failures = pd.DataFrame(
        [(code, names[code], reason) for code, reason in every.items()],
        columns=["village_code", "village_name", "reason"],
    ).sort_values("village_code", ignore_index=True)
    notes = dict.fromkeys(note for _, each, _ in facts for note in each)
    if wading := sum(stamp["wading"] for stamp in stamps.values()):
        notes = {wading_note(wading): None, **notes}
    if uncounted:
        left_out = Message(
            "{count} villages could not be planned; their people are not counted at shelters.",
            count=len(uncounted),
        )
        notes = {left_out: None, **notes}
    return VillageRun(
        summary=ranked(rows),
        villages=villages[["village_code", "village_name", "geometry"]].to_crs(4326),
        shelters=shelters,
        unserved=pd.DataFrame(unserved, columns=_unserved_columns(job)),
        failures=failures,
        folders={code: folders[code] for code in stamps},
        files={code: tuple(stamp["files"]) for code, stamp in stamps.items()},
        thumbnails={code: stamp["thumbnail"] for code, stamp in stamps.items()},
        assumptions=job.assumptions,
        provenance=facts[0][2],
        notes=tuple(notes),
        departure=job.options["departure"],
        hazard_kind=layers["hazard"].kind,
        seats="chosen" if job.seats == "run" and job.options["village"] else job.seats,
        is_sample=any(map(is_sample_code, stamps)) or is_made_up(notes),
    )


def _unserved_columns(job: Job) -> list[str]:
    """Return the columns of the table of people without a place."""
    both = ["departure"] if len(job.departures) > 1 else []
    return [*both, "village_code", "cause", "evacuees"]


def write_whole_run(job: Job, found: VillageRun, about: Mapping[str, Any]) -> None:
    """Write the tables of all villages, the page that leads to them, and what they rest on."""
    with whole_files(job.out) as room:
        save_run_tables(found, room, language=job.language)
        looks = {name: job.options[name] for name in ("agency", "palette")}
        save_index_page(found, room / INDEX, language=job.language, **looks)
        made = {code: {"folder": folder} for code, folder in found.folders.items()}
        manifest = {
            **about,
            "created": job.created,
            "made": made,
            "failed": dict(
                zip(found.failures["village_code"], found.failures["reason"], strict=True)
            ),
        }
        packed = json.dumps(json_value(manifest), ensure_ascii=False, indent=2)
        (room / MANIFEST).write_text(packed + "\n", encoding="utf-8")
    if not len(found.failures):
        (job.out / "gagal.csv").unlink(missing_ok=True)
