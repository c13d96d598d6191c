"""Measure the latest departures of all of Jakarta while a flood spreads.

    python benchmarks/moving_hazard.py [--repeat 3]

Needs the real Jakarta data (`RESILIENCE_GEO_REAL_DATA`, or ../shared/data beside the checkout).
The series is made up: the depth raster times 0, 0.25, 0.5 and 1 at 0, 60, 120 and 180 min. CPU
seconds, the best of several repeats, from arrays of roads to ways drawn.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from run import read_jakarta

import resilience_geo as rg
from resilience_geo.analysis.exposure import expose, exposure_table
from resilience_geo.analysis.origins import origin_table
from resilience_geo.inputs.grids import Grid
from resilience_geo.tables import village_table

SHARES = {0: 0.0, 60: 0.25, 120: 0.5, 180: 1.0}


def main() -> None:
    """Print seconds, and who can leave until when."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    data = read_jakarta()
    roads = rg.road_arrays(data["roads"])
    origins = homes(data, roads.crs)
    series = rising(data["hazard"])
    print(f"{len(origins)} origins, {int(origins['evacuees'].sum())} people")
    for closing in ("last_open", "interpolated"):
        seconds = float("inf")
        for _ in range(repeat):
            begin = time.process_time()
            table = rg.latest_departures(origins, data["shelters"], roads, series, closing=closing)
            seconds = min(seconds, time.process_time() - begin)
        print(f"\n{closing}: {seconds:.2f} s")
        print(table.groupby("status")["evacuees"].sum().to_string())
        print(rg.departure_curve(table, minutes=range(0, 181, 20)).to_string())


def homes(data: dict[str, Any], crs: Any) -> Any:
    """Return population cells with evacuees as origins."""
    assumptions = rg.EvacuationAssumptions()
    exposed = expose(data["kelurahan"], data["hazard"], data["people"], assumptions)
    table = exposure_table(data["kelurahan"], exposed, assumptions)
    index = village_table(data["kelurahan"]).index
    return origin_table(index, exposed.cells, table["evacuees"], crs)


def rising(hazard: Any) -> Any:
    """Return a series of the flood at shares of its depth."""
    grid = hazard.grid
    values, valid = grid.read(slice(None), slice(None))
    maps = {}
    for minute, share in SHARES.items():
        scaled = np.where(valid, values * share, -9999.0).astype("float32")
        maps[minute] = Grid.from_array(scaled, grid.transform, grid.crs, -9999.0)
    return rg.read_hazard_series(maps, unit="m")


if __name__ == "__main__":
    main()
