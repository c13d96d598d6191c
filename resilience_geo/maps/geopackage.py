"""Tables as layers of one GeoPackage, by GDAL; the same tables always give the same bytes.

GDAL opens the file anew for every layer, which takes longest for small files. The files of many
villages are therefore cut out of one that GDAL wrote for all of them, by SQLite, which GeoPackages
are.
"""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from resilience_geo.crs import GEOGRAPHIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

# What GDAL calls the column of row numbers.
_KEY = "fid"
_AREAS = frozenset({"Polygon", "MultiPolygon"})


def write_layers(
    tables: Mapping[str, pd.DataFrame],
    path: Path,
    *,
    description: str,
    moment: dt.datetime,
    indexed: bool = True,
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
    indexed
        Whether it gets a spatial index, which a few thousand shapes do not need.
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
                layer_options={
                    "IDENTIFIER": name,
                    "DESCRIPTION": description,
                    "SPATIAL_INDEX": "YES" if indexed else "NO",
                },
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


@dataclass(frozen=True)
class EmptyFile:
    """A GeoPackage with all its layers and no rows, without the triggers that watch every row.

    Parameters
    ----------
    packed
        Content of the file.
    triggers
        SQL that makes the triggers again.
    columns
        Names of the columns of each layer but the key.
    """

    packed: bytes
    triggers: str
    columns: dict[str, tuple[str, ...]]


def emptied(source: Path) -> EmptyFile:
    """Return a GeoPackage that `write_layers` wrote without an index, without its rows.

    Parameters
    ----------
    source
        It stays as it is.
    """
    with tempfile.TemporaryDirectory(dir=source.parent, prefix="making-") as room:
        path = Path(room) / source.name
        shutil.copyfile(source, path)
        with _opened(path) as connection:
            names = [name for (name,) in connection.execute("SELECT table_name FROM gpkg_contents")]
            triggers = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
                " AND tbl_name IN (SELECT table_name FROM gpkg_contents)"
            ).fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {_quoted(name)}")
            columns = {}
            for name in names:
                about = connection.execute(f"PRAGMA table_info({_quoted(name)})").fetchall()
                columns[name] = tuple(column[1] for column in about if column[1] != _KEY)
                connection.execute(f"DELETE FROM {_quoted(name)}")  # noqa: S608  quoted
            connection.execute("DELETE FROM sqlite_sequence")
            connection.execute("VACUUM")
        return EmptyFile(path.read_bytes(), ";\n".join(sql for _, sql in triggers), columns)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file that takes its place when it is whole: the disk is not waited for."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        yield connection


def cut_layers(
    source: Path,
    empty: EmptyFile,
    path: Path,
    *,
    rows: Mapping[str, NDArray[np.integer[Any]]],
    bounds: Mapping[str, Sequence[float]],
    description: str,
    moment: dt.datetime,
) -> None:
    """Write some rows of the layers of a GeoPackage to a new one.

    Parameters
    ----------
    source
        A GeoPackage from `write_layers`.
    empty
        The same without rows.
    path
        A file that does not exist yet.
    rows
        Positions of the rows of each layer, in the order they are wanted.
    bounds
        West, south, east and north of these rows of each layer with shapes, in degrees.
    description, moment
        As for `write_layers`.
    """
    path.write_bytes(empty.packed)
    with _opened(path) as connection:
        connection.execute("ATTACH ? AS source", (str(source),))
        connection.execute("CREATE TEMP TABLE wanted (new INTEGER PRIMARY KEY, old INTEGER)")
        connection.execute("BEGIN")
        for name, positions in rows.items():
            connection.execute("DELETE FROM wanted")
            connection.executemany(
                "INSERT INTO wanted VALUES (?, ?)", enumerate((positions + 1).tolist(), start=1)
            )
            _copy_rows(connection, name, empty.columns[name], positions.size)
        connection.executemany(
            "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ?"
            " WHERE table_name = ?",
            [(*box, name) for name, box in bounds.items()],
        )
        connection.execute(
            "UPDATE gpkg_contents SET description = ?, last_change = ?",
            (description, time_text(moment)),
        )
        connection.execute("COMMIT")
        connection.executescript(f"BEGIN;\n{empty.triggers};\nCOMMIT;")


def _copy_rows(
    connection: sqlite3.Connection, name: str, columns: tuple[str, ...], count: int
) -> None:
    """Copy the wanted rows of a layer."""
    table = _quoted(name)
    chosen = ", ".join(f"row.{_quoted(column)}" for column in columns)
    connection.execute(
        f"INSERT INTO main.{table} SELECT wanted.new, {chosen} FROM wanted"  # noqa: S608  quoted
        f" JOIN source.{table} row ON row.{_KEY} = wanted.old ORDER BY wanted.new"
    )
    connection.execute(
        "UPDATE gpkg_ogr_contents SET feature_count = ? WHERE table_name = ?", (count, name)
    )


def _quoted(name: str) -> str:
    """Return a name as SQL writes it: nothing in it can end it."""
    return '"' + name.replace('"', '""') + '"'
