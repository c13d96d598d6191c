"""The files of each village of a block: written apart, put in their place when all are there."""

from __future__ import annotations

import logging
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience_geo import plan_tables
from resilience_geo.analysis.workings import part_of
from resilience_geo.batch_geopackage import write_block, write_part
from resilience_geo.batch_made import (
    place_folder,
    refuse_unwritable,
    sizes_of,
    stamp_file,
    write_stamp,
)
from resilience_geo.batch_work import served_part, tables_of, tile_of, totals_of
from resilience_geo.errors import Message, OutputError, ResilienceGeoError
from resilience_geo.maps import text
from resilience_geo.maps.printed import save_print_map
from resilience_geo.maps.thumbnail import thumbnail_svg
from resilience_geo.maps.web import save_web_map
from resilience_geo.plan import plan_of
from resilience_geo.plan_notes import layer_notes, made_up, plan_notes, provenance, wading_note
from resilience_geo.plan_parts import cut_out
from resilience_geo.report_workbook import write_workbook
from resilience_geo.reports import json_value, write_summary
from resilience_geo.route_files import save_route_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from resilience_geo.analysis.workings import Workings
    from resilience_geo.batch_geopackage import BlockFile
    from resilience_geo.batch_tiles import Block
    from resilience_geo.batch_work import Job, Tile, TileInputs
    from resilience_geo.plan import EvacuationPlan
    from resilience_geo.plan_tables import Departed

logger = logging.getLogger(__name__)

NEAR_M = 1000.0
"""Roads and shelters this far around a village and its ways are in its files (m)."""


@dataclass(frozen=True)
class Outcome:
    """What became of a village.

    Parameters
    ----------
    code
        The village.
    reason
        Why there is no plan of it; None where there is one.
    outside
        Whether it lies outside the population layer, so that nothing is known of its people.
    """

    code: str
    reason: str | None = None
    outside: bool = False


def write_villages(
    job: Job, inputs: TileInputs, block: Block, folders: Mapping[str, str]
) -> list[Outcome]:
    """Write the folders of villages of a block.

    Parameters
    ----------
    job, inputs, block
        What to work on.
    folders
        Name of the folder of each village that is wanted, by code.

    Raises
    ------
    OutputError
        Nothing more can be written; what is finished stays.
    """
    tile = tile_of(job, inputs)
    part = served_part(job, tile, block)
    departed = {name: plan_tables.departed(name, part) for name in part.served}
    totals = totals_of(job, tile, block)
    departed = {
        name: replace(
            each,
            shelters=each.shelters.assign(
                allocated_people=totals[name].to_shelters[tile.shelter_rows]
            ),
            people_on_stretches=totals[name].on_stretches,
        )
        for name, each in departed.items()
    }
    roads, stretches = tables_of(job, tile, block)
    plan = plan_of(
        part,
        departed,
        roads=roads,
        stretches=stretches,
        provenance=_provenance(job, tile),
        notes=(),
        is_sample=made_up(part.layers, tile.facts),
    )
    parts = {code: cut_out(plan, code, NEAR_M) for code in block.codes}
    with tempfile.TemporaryDirectory(dir=job.workings, prefix="making-") as room:
        tables = write_block(plan, parts.values(), Path(room) / "block.gpkg")
        made = _Made(part, departed, parts, tables)
        return [_tried(job, tile, made, code, folder) for code, folder in folders.items()]


@dataclass(frozen=True)
class _Made:
    """What the folders of a block are written from."""

    part: Workings
    departed: dict[str, Departed]
    plans: dict[str, EvacuationPlan]
    tables: BlockFile


def _tried(job: Job, tile: Tile, made: _Made, code: str, folder: str) -> Outcome:
    """Write one village; one that cannot be written must not keep the others from it."""
    covered = made.plans[code].exposure["population_known_share"] > 0.0
    if not covered.all():
        # As one plan of this village alone would be refused: no people known is not nobody.
        return Outcome(code, text.word("run_outside", job.language), outside=True)
    try:
        _write_village(job, tile, made, code, folder)
    except OutputError:
        raise
    except ResilienceGeoError as error:
        return Outcome(code, problems_text(error, job.language))
    except Exception as error:
        refuse_unwritable(job.out)  # GDAL says a full disk in words of its own
        logger.info("village %s", code, exc_info=True)
        return Outcome(code, f"{type(error).__name__}: {error}")
    return Outcome(code)


def problems_text(error: ResilienceGeoError, language: str) -> str:
    """Return what is wrong and what to do, in words."""
    said = []
    for problem in error.problems:
        parts = (problem.found, problem.expected, problem.remedy)
        words = "; ".join(text.message(part, language) for part in parts)
        said.append(f"{problem.file}: {words}" if problem.file else words)
    return " | ".join(said)


def _write_village(job: Job, tile: Tile, made: _Made, code: str, folder: str) -> None:
    """Write the folder of a village, and the stamp that says that it is finished."""
    begun = time.perf_counter()
    plan = _plan_of_village(job, tile, made, code)
    language, options = job.language, tile.maps
    with tempfile.TemporaryDirectory(dir=job.workings, prefix="making-") as making:
        room = Path(making) / "folder"
        room.mkdir()
        write_part(made.tables, plan, room / "plan.gpkg", language)
        write_workbook(plan, room / "plan.xlsx", language)
        write_summary(plan, room / "summary.json", language)
        save_web_map(plan, room / "map.html", language=language, options=options)
        if job.pdf:
            sheet = {name: job.options[name] for name in ("paper", "orientation", "scale")}
            save_print_map(plan, room / "map.pdf", language=language, options=options, **sheet)
        if job.routes:
            save_route_files(plan, room, language=language, options=options)
        files = sizes_of(room)
        place_folder(room, job.out / folder)
    # The tables of all villages show people by class too.
    by_class = plan.exposure.filter(regex="^people_(?!total$|unknown$)|^population")
    row = plan.summary().join(by_class).reset_index()
    stamp = {
        "key": job.key,
        "code": code,
        "files": files,
        "row": json_value(row.iloc[0].to_dict()),
        "unserved": json_value(plan.unserved.to_dict(orient="records")),
        "thumbnail": thumbnail_svg(plan, options.palette),
        "wading": _wading(plan),
        "seconds": round(time.perf_counter() - begun, 3),
    }
    write_stamp(stamp_file(job.out, folder), stamp)


def _wading(plan: EvacuationPlan) -> int:
    """Return how many with a place late must first get out of deep water, as its notes say."""
    template = wading_note(0).template
    return sum(int(str(note.values["people"])) for note in plan.notes if note.template == template)


def _plan_of_village(job: Job, tile: Tile, made: _Made, code: str) -> EvacuationPlan:
    """Return the plan of one village, with notes that count its own people."""
    one = part_of(made.part, [code])
    for departure, allocation in made.part.served.items():
        proof = replace(allocation.proof, could_serve_people=0)  # it is that of all villages
        one.served[departure] = replace(allocation, proof=proof)
    part = made.plans[code]
    near = part.shelters["shelter_id"].unique()
    departed = {
        name: replace(
            each,
            origins=each.origins[(each.origins["village_code"] == code).to_numpy()],
            shelters=each.shelters[each.shelters["shelter_id"].isin(near).to_numpy()],
        )
        for name, each in made.departed.items()
    }
    stated = one.layers.shelters
    some = stated[stated["shelter_id"].isin(near).to_numpy()]
    some.attrs = stated.attrs
    notes = plan_notes(
        replace(one, layers=replace(one.layers, shelters=some)), tile.facts, departed
    )
    together = Message(
        "Planned together with {count} other villages: people at shelters and on roads are those "
        "of all of them.",
        count=job.counts["villages"] - 1,
    )
    alone = Message(
        "Seats are counted for this village alone; people of its neighbours may need the same ones."
    )
    shared = job.seats == "run"
    first = ((together,) if job.counts["villages"] > 1 else ()) if shared else (alone,)
    return replace(part, notes=(*first, *notes), outside=_outside(tile, code))


def _outside(tile: Tile, code: str) -> dict[str, float]:
    """Return the people of the population layer around the tile who live in no such village."""
    table = tile.workings.exposure
    others = table.drop(index=code)
    return {
        name: people + float(others[f"people_{name}"].sum())
        for name, people in table.attrs["outside"].items()
    }


def _provenance(job: Job, tile: Tile) -> dict[str, Any]:
    """Return inputs, versions and time of the run."""
    found = provenance(tile.workings.layers, tile.facts)
    found["created"] = job.created
    for name in ("villages", "shelters"):
        found["inputs"][name]["count"] = job.counts[name]
    return found


def run_facts(
    job: Job, inputs: TileInputs, block: Block
) -> tuple[gpd.GeoDataFrame, tuple[Message, ...], dict[str, Any]]:
    """Return what is known of a whole tile once: its shelters with all who come, notes, sources.

    Parameters
    ----------
    job, inputs
        As for every task.
    block
        Any block of the tile.
    """
    tile = tile_of(job, inputs)
    totals = totals_of(job, tile, block, everybody=True)
    shelters = {}
    for departure in job.departures:
        people = totals[departure].to_shelters[tile.shelter_rows]
        shelters[departure] = plan_tables.shelter_result(tile.workings, departure, people)
    stacked = plan_tables.stack(shelters, both=len(shelters) > 1).to_crs(4326)
    return stacked, tuple(layer_notes(tile.workings.layers, tile.facts)), _provenance(job, tile)
