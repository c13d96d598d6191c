"""Tables as layers of one GeoPackage, by GDAL; the same tables always give the same bytes."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from resilience_geo.crs import GEOGRAPHIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_AREAS = frozenset({"Polygon", "MultiPolygon"})


def write_layers(
    tables: Mapping[str, pd.DataFrame], path: Path, *, description: str, moment: dt.datetime
) -> None:
    """Write tables as the layers of a new GeoPackage, in degrees (EPSG:4326).

    Parameters
    ----------
    tables
        By name of their layers, in order. A key with a name becomes a column; odd values become
        text; polygons become multipolygons.
    path
        A file that does not exist yet and takes its place later: the disk is not waited for.
    description
        Of every layer.
    moment
        What the file says of when it was changed, with its time zone.
    """
    with _settings(moment):
        for name, table in tables.items():
            plain = _plain_table(table)
            shapes = set(plain.geom_type) if isinstance(plain, gpd.GeoDataFrame) else set()
            pyogrio.write_dataframe(
                plain,
                path,
                layer=name,
                driver="GPKG",
                append=path.exists(),
                promote_to_multi=True if shapes and shapes <= _AREAS else None,
                layer_options={"IDENTIFIER": name, "DESCRIPTION": description},
            )


def time_text(moment: dt.datetime) -> str:
    """Return a time as GeoPackages write it."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _plain_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its key as a column, in degrees, every odd value as text."""
    if table.index.name is not None:
        table = table.reset_index()
    texts = {
        str(name): pd.Series(_texts(values), index=table.index, dtype="object")
        for name, values in table.items()
        if values.dtype == object
    }
    if isinstance(table, gpd.GeoDataFrame):
        table = table.to_crs(GEOGRAPHIC)
    return table.assign(**texts)


def _texts(values: pd.Series[Any]) -> list[str | None]:
    """Return values as text; None for what is missing."""
    texts: list[str | None] = list(map(str, values))
    for row in np.flatnonzero(values.isna()):
        texts[row] = None
    return texts


@contextmanager
def _settings(moment: dt.datetime) -> Iterator[None]:
    """Let GDAL write a time instead of the clock's, and not wait for the disk at every layer."""
    options = {"OGR_CURRENT_DATE": time_text(moment), "OGR_SQLITE_SYNCHRONOUS": "OFF"}
    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)
