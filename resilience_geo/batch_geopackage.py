"""The GeoPackage of each village of a block, cut out of one that holds all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np

from resilience_geo.crs import GEOGRAPHIC, transformer
from resilience_geo.layer_styles import write_layer_styles
from resilience_geo.maps import content
from resilience_geo.maps.geopackage import EmptyFile, cut_layers, emptied, write_layers
from resilience_geo.reports import LAYERS, layer_description

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from resilience_geo.plan import EvacuationPlan

_WIDE = ("roads", "stretches")
"""Tables of the whole tile, of which a block needs what lies around its villages."""


@dataclass(frozen=True)
class BlockFile:
    """The tables of a block as one GeoPackage.

    Parameters
    ----------
    path
        The file.
    empty
        The same without rows.
    tables
        What its layers hold, by name.
    """

    path: Path
    empty: EmptyFile
    tables: dict[str, pd.DataFrame]


def write_block(plan: EvacuationPlan, parts: Iterable[EvacuationPlan], path: Path) -> BlockFile:
    """Write the tables of a block once for all its villages.

    Parameters
    ----------
    plan
        Of the block, with the roads of its whole tile.
    parts
        From `cut_out`, of all its villages.
    path
        A file that does not exist yet.
    """
    tables = {name: getattr(plan, name) for name in LAYERS}
    near: dict[str, list[NDArray[np.int64]]] = {name: [] for name in _WIDE}
    for part in parts:
        for name in _WIDE:
            near[name].append(getattr(part, name).index.to_numpy())
    for name, labels in near.items():
        tables[name] = tables[name].loc[np.unique(np.concatenate(labels))]
    write_layers(tables, path, description="", moment=content.created(plan), indexed=False)
    return BlockFile(path, emptied(path), tables)


def write_part(block: BlockFile, part: EvacuationPlan, path: Path, language: str) -> None:
    """Write the GeoPackage of a village; parameters as for `write_geopackage`."""
    code = part.villages.index[0]
    cut_layers(
        block.path,
        block.empty,
        path,
        rows={
            name: _rows(table, getattr(part, name), code) for name, table in block.tables.items()
        },
        bounds=_bounds(part),
        description=layer_description(part, language),
        moment=content.created(part),
    )
    write_layer_styles(part, path, language)


def _bounds(part: EvacuationPlan) -> dict[str, tuple[float, ...]]:
    """Return the bounds of the layers with shapes, in degrees."""
    tables = {name: getattr(part, name) for name in LAYERS}
    found: dict[str, tuple[float, ...]] = {}
    for name, table in tables.items():
        if isinstance(table, gpd.GeoDataFrame) and len(table):
            to_degrees = transformer(table.crs, GEOGRAPHIC)
            found[name] = to_degrees.transform_bounds(*table.total_bounds)
    return found


def _rows(table: pd.DataFrame, part: pd.DataFrame, code: str) -> NDArray[np.int64]:
    """Return the positions of the rows of a table that are of a village."""
    if "village_code" in table.columns:
        return np.flatnonzero((table["village_code"] == code).to_numpy())
    return np.asarray(table.index.get_indexer(part.index), dtype=np.int64)
