"""Hazard classes and their cut points per kind of hazard, as data with citations.

Classes are handled as small whole numbers: `NONE` 0, `LOW` 1, `MEDIUM` 2, `HIGH` 3, `UNKNOWN` 4.
The first four are ordered; unknown is apart and is never a kind of none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

NONE, LOW, MEDIUM, HIGH, UNKNOWN = range(5)
CLASS_NAMES: tuple[str, ...] = ("none", "low", "medium", "high", "unknown")
HAZARD_KINDS: tuple[str, ...] = ("flood", "landslide", "tsunami", "generic")
HAZARD_UNITS: tuple[str, ...] = ("m", "cm", "index", "class")


@dataclass(frozen=True, kw_only=True)
class ClassScheme:
    """Three cut points that turn a measured hazard into classes.

    Parameters
    ----------
    unit
        Unit of the cut points.
    cuts
        Lower bounds of low, medium and high; a value equal to a cut is of the class above it.
    source
        Where the cut points come from.
    confidence
        `S` source seen, `S2` seen second-hand, `R` recalled, `J` judgement.
    """

    unit: str
    cuts: tuple[float, float, float]
    source: str
    confidence: str


# An index of exactly 0 means "no hazard" in InaRISK; anything above it is at least low.
_INDEX_SCHEME = ClassScheme(
    unit="index",
    cuts=(1e-6, 0.333, 0.666),
    source="Perka BNPB 2/2012; Modul Teknis KRB (index cuts 0.333 and 0.666; 0 is no hazard)",
    confidence="S2",
)

SCHEMES: dict[tuple[str, str], ClassScheme] = {
    ("flood", "m"): ClassScheme(
        unit="m",
        cuts=(0.1, 0.76, 1.5),
        source="Perka BNPB 2/2012 (0.76 and 1.5 m); wet from 0.1 m: InaSAFE flood classes",
        confidence="R",
    ),
    ("tsunami", "m"): ClassScheme(
        unit="m",
        cuts=(0.1, 0.7, 3.0),
        source="InaSAFE tsunami classes for population",
        confidence="S",
    ),
    **{(kind, "index"): _INDEX_SCHEME for kind in HAZARD_KINDS},
}

THREE_CLASS_CODES: dict[int, int] = {0: NONE, 1: LOW, 2: MEDIUM, 3: HIGH}
"""Codes of a map with three classes (Perka BNPB 2/2012)."""

FIVE_CLASS_CODES: dict[int, int] = {0: NONE, 1: LOW, 2: LOW, 3: MEDIUM, 4: HIGH, 5: HIGH}
"""Codes of a map with five classes, collapsed as BNPB practice does (very low and low to low)."""

KLSGTN_CODES: dict[int, int] = {
    1: NONE,
    2: LOW,
    3: LOW,
    4: MEDIUM,
    5: HIGH,
    6: HIGH,
    996: UNKNOWN,
    999: UNKNOWN,
}
"""ESDM landslide susceptibility field KLSGTN (data dictionary of geoportal.esdm.go.id)."""

# Tried in this order on lower-case text; the first that fits decides. A debris-flow path is high.
_CLASS_WORDS: tuple[tuple[str, int], ...] = (
    (r"tidak (ada )?data|no ?data|unknown|tidak diketahui|tidak dipetakan", UNKNOWN),
    (r"bahan rombakan|debris|bandang", HIGH),
    (r"sangat tinggi|very high|awas", HIGH),
    (r"sangat rendah|very low", LOW),
    (r"\b(tinggi|high|berat|t)\b", HIGH),
    (r"\b(sedang|menengah|medium|moderate|s)\b", MEDIUM),
    (r"\b(rendah|low|ringan|r)\b", LOW),
    (r"\b(none|aman|tidak ada|tidak rawan|tidak bahaya|kering|dry|nihil|no)\b", NONE),
)


def class_of_text(text: str) -> int | None:
    """Return the hazard class a word stands for in Indonesian or English; None if it says nothing.

    Examples
    --------
    >>> class_of_text("Zona Kerentanan Gerakan Tanah Menengah")
    2
    >>> class_of_text("Very High"), class_of_text("Sangat Rendah"), class_of_text("danau")
    (3, 1, None)
    """
    lowered = " ".join(text.lower().replace("_", " ").split())
    for pattern, hazard_class in _CLASS_WORDS:
        if re.search(pattern, lowered):
            return hazard_class
    return None


def cuts_as(dtype: np.dtype[Any], cuts: Sequence[float]) -> NDArray[Any]:
    """Return cut points in the dtype of the values they are compared with.

    A float cut is rounded to the float type of the raster, so that a cell that was written as 0.1
    is not below the cut 0.1. An integer raster is compared with the next whole number, because
    `value >= 0.76` and `value >= 1` say the same of whole numbers.
    """
    if np.issubdtype(dtype, np.integer):
        return np.ceil(np.asarray(cuts, dtype=np.float64)).astype(np.int64)
    return np.asarray(cuts, dtype=dtype)


def classify(
    values: NDArray[Any], valid: NDArray[np.bool_], cuts: Sequence[float]
) -> NDArray[np.uint8]:
    """Classify measured values by three cut points.

    Parameters
    ----------
    values
        Measured hazard, any shape.
    valid
        Same shape; where False the class is unknown.
    cuts
        Lower bounds of low, medium and high in the unit of `values`.

    Returns
    -------
    ndarray of uint8
        Class numbers, same shape.
    """
    low, medium, high = cuts_as(values.dtype, cuts)
    classes: NDArray[np.uint8] = (values >= low).astype(np.uint8)
    classes += values >= medium
    classes += values >= high
    classes[~valid] = UNKNOWN
    return classes


def classify_codes(
    values: NDArray[Any], valid: NDArray[np.bool_], code_classes: Mapping[int, int]
) -> NDArray[np.uint8]:
    """Turn class codes of a raster into hazard classes; codes not in the mapping are unknown."""
    classes = np.full(values.shape, UNKNOWN, dtype=np.uint8)
    for code, hazard_class in code_classes.items():
        classes[values == code] = hazard_class
    classes[~valid] = UNKNOWN
    return classes
