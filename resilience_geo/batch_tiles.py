"""How the villages of a run are divided: tiles that share a road network, blocks that are one task.

Neighbours come together, so that a window of the rasters and a road network serve many of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

TILE_VILLAGES = 300
"""Villages of a tile at most: more than most kabupaten have, so that one network holds them all."""
BLOCK_VILLAGES = 16
"""Villages of a block at most: what is worked on, and lost when a worker dies, at one time."""


@dataclass(frozen=True)
class Block:
    """Villages that are worked on together.

    Parameters
    ----------
    tile
        Number of the tile they are in.
    number
        Number of the block in the tile.
    codes
        Their village codes.
    """

    tile: int
    number: int
    codes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"{self.tile:04d}-{self.number:04d}"


def tiles_of(
    villages: gpd.GeoDataFrame, *, tile_villages: int = TILE_VILLAGES
) -> list[NDArray[np.int64]]:
    """Divide villages into tiles of neighbours, as even as can be.

    Parameters
    ----------
    villages
        From `read_villages`.
    tile_villages
        Villages of a tile at most.

    Returns
    -------
    list of ndarray
        Positions of the villages of each tile, in their order.
    """
    count = max(1, -(-len(villages) // tile_villages))
    if count == 1:
        return [np.arange(len(villages))]
    # Along a Hilbert curve, what follows one another lies together.
    along = villages.geometry.hilbert_distance().to_numpy()
    codes = villages["village_code"].to_numpy(dtype=str)
    order = np.lexsort((codes, along))
    return [np.sort(part) for part in np.array_split(order, count)]


def blocks_of(
    villages: gpd.GeoDataFrame, tile: int, *, block_villages: int = BLOCK_VILLAGES
) -> list[Block]:
    """Divide the villages of a tile into blocks of neighbours, as even as can be.

    Parameters
    ----------
    villages
        Those of the tile.
    tile
        Its number.
    block_villages
        Villages of a block at most.
    """
    codes = villages["village_code"].to_numpy(dtype=str)
    order = np.lexsort((codes, villages.geometry.hilbert_distance().to_numpy()))
    count = max(1, -(-order.size // block_villages))
    return [
        Block(tile, number, tuple(map(str, codes[part])))
        for number, part in enumerate(np.array_split(order, count))
    ]
