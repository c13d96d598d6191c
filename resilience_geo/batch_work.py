"""What a worker does with a block of villages: find ways, count who walks where, write the files.

A worker keeps the road network of one tile, reads its own windows of the rasters, and hands over
small arrays in files. Nothing here depends on which worker does it, or when.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from resilience_geo import plan_tables
from resilience_geo.analysis.allocation import finished
from resilience_geo.analysis.groups import GROUPS, evacuating_groups
from resilience_geo.analysis.network import road_arrays
from resilience_geo.analysis.road_arrays_file import read_road_arrays, save_road_arrays
from resilience_geo.analysis.workings import (
    TIME_LIMIT_S,
    Layers,
    offers_at,
    part_of,
    parties_of,
    prepare,
)
from resilience_geo.batch_flows import Flow, flow_arrays, flow_of, tile_totals
from resilience_geo.batch_offers import (
    offer_arrays,
    offers_in,
    place_arrays,
    read_arrays,
    save_arrays,
)
from resilience_geo.batch_seats import divide_seats, seat_arrays, seats_in
from resilience_geo.errors import InputError, Message, OutputError, Problem
from resilience_geo.inputs.road_store import store_roads, stored_from
from resilience_geo.plan_notes import road_facts
from resilience_geo.run_inputs import map_options, read_inputs
from resilience_geo.run_options import INPUTS, MAP_INPUTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from resilience_geo.analysis.workings import Workings
    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.batch_tiles import Block
    from resilience_geo.maps.options import MapOptions


_KMH_PER_MPS = 3.6


@dataclass(frozen=True)
class Job:
    """What every task of a run must know: small, and the same for all of them.

    Parameters
    ----------
    options
        As for `read_inputs`, and what maps are told; paths absolute.
    assumptions, departures, language
        The choices.
    seats
        As in `VillageRun`.
    pdf, routes
        Whether each village gets a printed map, and route files for phones.
    out
        Folder of the results.
    workings
        Folder of what blocks hand over to one another.
    key
        Of everything that decides the results.
    created
        Time the run was begun, which is written into all of it.
    counts
        Villages and shelters of the run.
    several_tiles
        Whether the run has more than one tile.
    road_store
        Where the roads of all tiles are put once, indexed; None where there is one tile, or the
        file is read as it is.
    """

    options: dict[str, Any]
    assumptions: EvacuationAssumptions
    departures: tuple[str, ...]
    language: str
    seats: str
    pdf: bool
    routes: bool
    out: Path
    workings: Path
    key: str
    created: str
    counts: dict[str, int]
    several_tiles: bool
    road_store: Path | None = None


@dataclass(frozen=True)
class TileInputs:
    """What is sent to whoever works on a tile; its villages lie in a file.

    Parameters
    ----------
    number
        Of the tile.
    attrs
        What was found when its villages were read.
    vulnerable
        Rows of its villages, `national`, or None.
    """

    number: int
    attrs: dict[str, Any]
    vulnerable: pd.DataFrame | str | None = None


@dataclass(frozen=True)
class Tile:
    """What a worker keeps of a tile.

    Parameters
    ----------
    workings
        Exposure and network of its villages; nobody has a place in it.
    facts
        What the roads say of themselves.
    shelter_rows
        Position of each of its shelters in the whole layer.
    maps
        What maps show besides the plan.
    tables
        Roads and stretches, without people.
    """

    workings: Workings
    facts: dict[str, Any]
    shelter_rows: NDArray[np.int64]
    maps: MapOptions
    tables: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]


_KEPT: dict[tuple[str, int], Tile] = {}
_TOTALS: dict[tuple[str, int], dict[str, Flow]] = {}
_TABLES: dict[tuple[str, int], tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]] = {}
"""The last tile this process worked on, the people of all blocks on its roads, and the tables of
these with them: the same for every block."""


def save_villages(job: Job, number: int, villages: gpd.GeoDataFrame) -> None:
    """Write the villages of a tile where workers find them."""
    path = _villages_file(job, number)
    if path.exists():
        return
    with tempfile.TemporaryDirectory(dir=job.workings) as room:
        made = Path(room) / path.name
        villages[["village_code", "village_name", "geometry"]].to_file(
            made, driver="GPKG", layer="villages", engine="pyogrio"
        )
        made.replace(path)


def _villages_file(job: Job, number: int) -> Path:
    return job.workings / f"villages-{number:04d}.gpkg"


def _villages_of(job: Job, inputs: TileInputs) -> gpd.GeoDataFrame:
    """Return the villages of a tile."""
    villages = gpd.read_file(_villages_file(job, inputs.number), engine="pyogrio")
    villages.attrs = dict(inputs.attrs)
    return villages


def _only(options: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return options in which no inputs are named but some."""
    return {name: value for name, value in options.items() if name not in {*INPUTS} - {*names}}


def _read(
    job: Job, names: Iterable[str], given: dict[str, Any], area: gpd.GeoSeries | None = None
) -> dict[str, Any]:
    """Read some inputs of the run."""
    read, problems = read_inputs(_only(job.options, names), given=given, area=area)
    if problems:
        raise InputError(problems)
    return read


def store_all_roads(job: Job) -> None:
    """Put the roads of all tiles where any window of them is read without the rest."""
    store = job.road_store
    if store is not None and stored_from(store) != store.stem:
        store_roads(
            job.options["roads"],
            store,
            layer=job.options["roads_layer"],
            source_digest=store.stem,
        )


def _reach_m(assumptions: EvacuationAssumptions) -> float:
    """Return how far anybody gets within the time limit, with the walk to the road (m)."""
    fastest_mps = max(group.walking_speed_mps for group in evacuating_groups(assumptions))
    if assumptions.mode != "walk":
        fastest_mps = max(fastest_mps, assumptions.motorised_speed_kmh / _KMH_PER_MPS)
    return fastest_mps * assumptions.time_limit_min * 60.0 + assumptions.max_snap_m


def cut_roads(job: Job, inputs: TileInputs) -> None:
    """Cut the roads of a tile out of the layer, once for all who work on it."""
    path = _roads_file(job, inputs.number)
    if path.exists():
        return
    options = dict(job.options)
    if job.road_store is not None:
        options |= {"roads": job.road_store, "roads_layer": None}
    if job.several_tiles:
        # Ways lead over the border of the tile, as far as anybody gets in time.
        options["roads_buffer_m"] = max(options["roads_buffer_m"], _reach_m(job.assumptions))
    roads = _read(replace(job, options=options), ["roads"], {"villages": _villages_of(job, inputs)})
    roads = roads["roads"]
    save_road_arrays(road_arrays(roads), path, facts=road_facts(roads))


def _roads_file(job: Job, number: int) -> Path:
    return job.workings / f"roads-{number:04d}.npz"


def tile_of(job: Job, inputs: TileInputs) -> Tile:
    """Return a tile, kept from the last task or made anew."""
    name = (job.key, inputs.number)
    if name not in _KEPT:
        _KEPT.clear()
        _TOTALS.clear()
        _TABLES.clear()
        _KEPT[name] = _made_tile(job, inputs)
    return _KEPT[name]


def _made_tile(job: Job, inputs: TileInputs) -> Tile:
    """Read the layers of a tile and build its network."""
    villages = _villages_of(job, inputs)
    if not _roads_file(job, inputs.number).exists():
        cut_roads(job, inputs)
    roads, facts = read_road_arrays(_roads_file(job, inputs.number))
    reach = shapely.box(roads.x.min(), roads.y.min(), roads.x.max(), roads.y.max())
    around = gpd.GeoSeries([reach, *villages.geometry.to_crs(roads.crs)], crs=roads.crs)
    area = gpd.GeoSeries([shapely.box(*around.total_bounds)], crs=roads.crs)
    given: dict[str, Any] = {"villages": villages}
    read = _read(job, ["hazard", "population", "shelters", "elevation"], given, area)
    shown = _read(job, MAP_INPUTS, given)
    assumptions = job.assumptions
    near = reach.buffer(assumptions.max_snap_m + assumptions.max_gap_m)
    shelters = read["shelters"]
    rows = np.flatnonzero(
        shapely.intersects(np.asarray(shelters.geometry.to_crs(roads.crs).array), near)
    )
    some = shelters.iloc[rows].reset_index(drop=True)
    some.attrs = shelters.attrs
    layers = Layers(
        villages,
        read["hazard"],
        read["population"],
        roads,
        some,
        read.get("elevation"),
        inputs.vulnerable,
    )
    workings = prepare(layers, assumptions)
    tables = (
        plan_tables.road_result(workings.network, layers.hazard, assumptions),
        plan_tables.stretch_result(workings.network),
    )
    return Tile(workings, facts, rows, map_options(job.options, shown), tables)


def find_offers(job: Job, inputs: TileInputs, block: Block) -> None:
    """Find to which shelters the people of a block could go."""
    tile = tile_of(job, inputs)
    part = part_of(tile.workings, block.codes)
    arrays = place_arrays(part, tile.shelter_rows)
    for departure in job.departures:
        arrays |= offer_arrays(offers_at(part, departure), departure)
    save_arrays(arrays, offers_file(job, block))


def offers_file(job: Job, block: Block) -> Path:
    """Return where the offers of a block are."""
    return job.workings / f"offers-{block.name}.npz"


def give_seats(job: Job, blocks: Sequence[Block], departure: str) -> None:
    """Divide the seats over the people of all blocks at a departure."""
    heads = (f"{departure}.rows.", "origins.", "shelters.", "crs")
    arrays = [read_arrays(offers_file(job, block), *heads) for block in blocks]
    there = [each for each in arrays if each is not None]
    apart = bool(job.options.get("vulnerable"))
    nobody = np.zeros((0, len(GROUPS)), dtype=np.int64)
    parties = parties_of(nobody, job.assumptions, apart=apart)
    # Who does not share seats is divided block by block, and each block is one village then.
    sharing = [there] if job.seats == "run" else [[each] for each in there]
    seats = [
        each
        for some in sharing
        for each in divide_seats(
            some,
            departure,
            parties,
            job.assumptions,
            n_shelters=job.counts["shelters"],
            time_limit_s=TIME_LIMIT_S,
        )
    ]
    save_arrays(
        {
            f"{block.name}/{name}": values
            for block, each in zip(blocks, seats, strict=True)
            for name, values in seat_arrays(each, departure).items()
        },
        seats_file(job, departure),
    )


def seats_file(job: Job, departure: str) -> Path:
    """Return where the seats of a departure are."""
    return job.workings / f"seats-{departure}.npz"


def served_part(job: Job, tile: Tile, block: Block) -> Workings:
    """Return what concerns a block, with who has a place at every departure."""
    part = part_of(tile.workings, block.codes)
    offers = read_arrays(offers_file(job, block))
    head = f"{block.name}/"
    for departure in job.departures:
        given = read_arrays(seats_file(job, departure), head)
        if offers is None or given is None:
            raise OutputError(_workings_gone(job))
        seats = seats_in({name[len(head) :]: each for name, each in given.items()}, departure)
        part.served[departure] = finished(
            part.network,
            part.points,
            part.parties,
            part.places,
            offers_in(offers, departure, part),
            seats.found,
            seats.could_serve_people,
        )
    return part


def count_flows(job: Job, inputs: TileInputs, block: Block) -> None:
    """Count how many people of a block pass each stretch of the roads."""
    tile = tile_of(job, inputs)
    part = served_part(job, tile, block)
    arrays: dict[str, NDArray[Any]] = {}
    for departure, allocation in part.served.items():
        flow = flow_of(part.network, allocation, tile.shelter_rows, job.counts["shelters"])
        arrays |= flow_arrays(flow, departure, part.network, named=job.several_tiles)
    save_arrays(arrays, flows_file(job, block))


def flows_file(job: Job, block: Block) -> Path:
    """Return where the flows of a block are."""
    return job.workings / f"flows-{block.name}.npz"


def totals_of(job: Job, tile: Tile, block: Block, *, everybody: bool = False) -> dict[str, Flow]:
    """Return who is on the roads of a tile and at all shelters.

    Those are the people of all blocks where they share the seats or `everybody` is asked for;
    else of this block alone.
    """
    shared = everybody or job.seats == "run"
    name = (job.key, block.tile)
    if shared and name in _TOTALS:
        return _TOTALS[name]
    own: list[dict[str, NDArray[Any]]] = []
    others: list[dict[str, NDArray[Any]]] = []
    for path in sorted(job.workings.glob("flows-*.npz")) if shared else [flows_file(job, block)]:
        arrays = read_arrays(path)
        if arrays is None:
            raise OutputError(_workings_gone(job))
        (own if path.name.startswith(f"flows-{block.tile:04d}-") else others).append(arrays)
    network = tile.workings.network
    totals = {
        departure: tile_totals(network, own, others, departure, job.counts["shelters"])
        for departure in job.departures
    }
    if shared:
        _TOTALS[name] = totals
    return totals


def tables_of(job: Job, tile: Tile, block: Block) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return roads and stretches with the people who pass them, as `totals_of` counts them."""
    name = (job.key, block.tile)
    if name in _TABLES:
        return _TABLES[name]
    totals = totals_of(job, tile, block)
    people = {departure: flow.on_stretches for departure, flow in totals.items()}
    tables = plan_tables.with_people(*tile.tables, people)
    if job.seats == "run":
        _TABLES[name] = tables
    return tables


def _workings_gone(job: Job) -> Problem:
    """Return the problem of files between two steps that somebody took away."""
    return Problem(
        file=str(job.workings),
        found=Message("workings of this run that are missing or broken"),
        expected=Message("what the steps before have written"),
        remedy=Message("start again; finished villages are kept"),
    )
