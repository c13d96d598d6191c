"""Which columns of a boundary layer hold the codes and names of its villages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.errors import ColumnError, Message, Problem
from resilience_geo.inputs.features import (
    columns_like,
    file_name,
    find_column,
    given_column,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    from numpy.typing import NDArray

# Codes of a village, in order of trust: Kemendagri before BPS, dotted before bare numbers.
_CODE_COLUMNS = (
    "village_code",
    "kode_desa",
    "kode_kemendagri",
    "KDEPUM",
    "kode_bps",
    "KDEBPS",
    "ADM4_PCODE",
    "kode_kel*",
    "kel_kode",
    "IDDESA",
    "desa_code",
    "kode_wilayah",
)
# Columns that only number the rows; taken, with a note, where every row has its own value.
_IDENTIFIERS = ("kode", "code", "id", "objectid*", "fid", "gid", "osm_id")
_NAME_COLUMNS = (
    "village_name",
    "nama_desa",
    "nm_desa",
    "WADMKD",
    "NAMOBJ",
    "DESA",
    "KELURAHAN",
    "nama_kel*",
    "KEL_NAME*",
    "ADM4_EN",
    "ADM4_ID",
    "village",
    "desa_kelurahan",
    "name",
    "nama",
)
# A part of a village: its name is put behind that of the village.
_PART_COLUMNS = ("RW", "nama_rw", "RT", "nama_rt", "dusun", "nama_dusun", "lingkungan")
# Names of larger units; taken only where every row has its own.
_LARGER_NAMES = ("WADMKC", "KEC_NAME*", "kecamatan", "WADMKK", "KAB_NAME*", "kabupaten")


def village_names(
    frame: gpd.GeoDataFrame, given: str | None
) -> tuple[NDArray[np.object_], tuple[str, ...]]:
    """Return the names of the villages and the columns they are made of."""
    if given is not None:
        column = given_column(frame, given, "name_column")
        return texts(frame[column]), (column,)
    named = _shortest(frame, _NAME_COLUMNS)
    if named is None:
        larger = [
            name for name in columns_like(frame, _LARGER_NAMES) if not _repeated(texts(frame[name]))
        ]
        if not larger:
            return np.full(len(frame), "", dtype=object), ()
        return texts(frame[larger[0]]), (larger[0],)
    names = texts(frame[named])
    parts = [name for name in columns_like(frame, _PART_COLUMNS) if name != named]
    if not parts or not _repeated(names):
        return names, (named,)
    part = texts(frame[parts[0]])
    label = parts[0].upper().removeprefix("NAMA_")
    labelled = [
        text if not text.isdigit() else f"{label.title() if len(label) > 2 else label} {text}"  # noqa: PLR2004  # RW and RT keep their capitals
        for text in part
    ]
    joined = [f"{name} {text}".strip() for name, text in zip(names, labelled, strict=True)]
    return np.array(joined, dtype=object), (named, parts[0])


def _shortest(frame: gpd.GeoDataFrame, names: Iterable[str]) -> str | None:
    """Return the first column that fits; of several of one spelling the one with least text."""
    for name in names:
        fitting = columns_like(frame, [name])
        if fitting:
            return min(fitting, key=lambda column: sum(map(len, texts(frame[column]))))
    return None


def _repeated(values: NDArray[np.object_]) -> bool:
    """Return whether a value is empty or stands in more than one row."""
    return bool((values == "").any()) or len(set(values)) < len(values)


def village_codes(
    frame: gpd.GeoDataFrame,
    given: str | None,
    names: NDArray[np.object_],
    notes: list[Message],
) -> tuple[NDArray[np.object_], str]:
    """Return the codes and the column they come from."""
    if given is not None:
        column = given_column(frame, given, "code_column")
        return texts(frame[column]), column
    trusted = find_column(frame, _CODE_COLUMNS)
    if trusted is not None:
        return texts(frame[trusted]), trusted
    for column in columns_like(frame, _IDENTIFIERS):
        codes = texts(frame[column])
        if not _repeated(codes):
            notes.append(
                Message(
                    "{file}: no column of village codes; {column}, which numbers the rows, was "
                    "taken as the code",
                    file=file_name(frame),
                    column=column,
                )
            )
            return codes, column
    if not _repeated(names):
        notes.append(
            Message(
                "{file}: no column of village codes; the name, which differs in every row, was "
                "taken as the code",
                file=file_name(frame),
            )
        )
        return names, "village_name"
    columns = [str(column) for column in frame.columns if column != frame.geometry.name]
    raise ColumnError(
        Problem(
            file=file_name(frame),
            layer=frame.attrs.get("layer"),
            found=Message("the columns {names}", names=", ".join(columns) or "(none)"),
            expected=Message("a column with a code of its own for every village"),
            remedy=Message("name it with code_column="),
        )
    )
