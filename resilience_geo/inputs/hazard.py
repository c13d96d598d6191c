"""Reading a hazard map: flood depths, hazard indices or classes, as a raster or as polygons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from resilience_geo.errors import InputError, Message, Problem, UnitError
from resilience_geo.hazard_classes import HAZARD_UNITS
from resilience_geo.inputs.grids import Grid
from resilience_geo.inputs.hazard_choices import (
    Classes,
    HazardChoices,
    checked_choices,
    class_number,
)
from resilience_geo.inputs.hazard_map import Hazard, one_area_per_class, raw_cuts
from resilience_geo.inputs.hazard_polygons import (
    classes_by_values,
    classes_by_words,
    codes_read,
    read_hazard_layer,
)
from resilience_geo.inputs.rasters import around, is_remote, name_of, read_grid, source_of
from resilience_geo.inputs.vectors import vector_layers

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["Hazard", "read_hazard"]

Source = str | Path | Grid | Mapping[str, str | Path]

_RASTERS = frozenset({".tif", ".tiff", ".asc", ".nc", ".vrt", ".img", ".grd", ".flt", ".jp2"})
_VECTORS = frozenset({".shp", ".geojson", ".json", ".kml", ".kmz", ".fgb", ".gml", ".gdb", ".zip"})
_INDEX_TOLERANCE = 1e-6
_DEEP_M = 30.0
# A flood map whose deepest water would not wet a knee has been read in the wrong unit.
_SHALLOW_M = 0.3
_CODES_NAMED = 12
_CODES_AT_MOST = 256
# Units as files state them (GDAL band unit, NetCDF units), in our words.
_STATED_UNITS = {
    **dict.fromkeys(("m", "metre", "meter", "metres", "meters"), "m"),
    **dict.fromkeys(("cm", "centimetre", "centimeter", "centimetres", "centimeters"), "cm"),
    "index": "index",
    "class": "class",
    **dict.fromkeys(("people", "persons", "jiwa"), "people"),
}


def read_hazard(  # noqa: PLR0913 - one for each thing that maps leave unsaid
    path: Source,
    kind: str = "flood",
    unit: str | None = None,
    classes: Classes = None,
    *,
    nodata: str = "unknown",
    class_column: str | None = None,
    band: int | str | None = None,
    layer: str | None = None,
    within: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
) -> Hazard:
    """Read a hazard map.

    Parameters
    ----------
    path
        Raster (or a `Grid`), polygon layer, or a mapping of class name to polygon layer:
        `dict(low="rendah.geojson", high="tinggi.geojson")`. A raster may be an address
        (https://...).
    kind
        "flood", "landslide", "tsunami" or "generic".
    unit
        "m", "cm", "index" (0..1) or "class". A raster needs it unless the file itself states one
        of these as the unit of its band; polygons are of "class" when it is left out.
    classes
        Three rising cut points (low, medium, high) in `unit`, in place of those of the kind; with
        unit "index" the values may then be any score. Or a mapping of code or word to class name
        (none, low, medium, high, unknown).
    nodata
        "unknown", or "none" for a map whose cells without data are dry. For polygons: whether the
        box around them, outside of them, is unknown or none.
    class_column
        Column of the polygons that holds class, code or value; looked for when left out.
    band
        Band of the raster, or name of its variable, where there are several.
    layer
        Layer of a vector file, where there are several.
    within
        Villages: of a raster only the box around them, 3 km wider, is read and checked; beyond it
        the hazard is unknown. Polygons are read whole.

    Returns
    -------
    Hazard
        The map. Where polygons overlap, the higher class holds; unknown goes before none only.

    Raises
    ------
    InputFileError, CrsError, ColumnError
        The file cannot be read, placed, or its column not be found.
    UnitError
        A raster without a unit, or values that are not of it.
    InputError
        Codes or words that say no class, or options that do not go with the file.
    """
    name = _display_name(path)
    choices = checked_choices(name, kind=kind, unit=unit, classes=classes, nodata=nodata)
    hazard = Hazard(kind=kind, unit=unit or "class", nodata_means=nodata, source=_source(path))
    if isinstance(path, Mapping):
        _refuse_unused(name, classes=classes, class_column=class_column, band=band)
        return _from_class_files(path, hazard, layer)
    if isinstance(path, Grid) or _is_raster(path):
        _refuse_unused(name, class_column=class_column, layer=layer)
        if not isinstance(path, Grid):
            grid = read_grid(path, band=band, within=within)
        else:
            grid = path if within is None else around(within, path)
        stated = _STATED_UNITS.get((grid.stated_unit or "").strip().lower())
        if unit is None and stated in HAZARD_UNITS:
            choices = checked_choices(name, kind=kind, unit=stated, classes=classes, nodata=nodata)
        elif stated not in {None, unit}:
            raise UnitError(_other_unit(name, str(unit), str(grid.stated_unit)))
        return _from_grid(grid, hazard, choices)
    _refuse_unused(name, band=band)
    return _from_polygons(path, hazard, choices, class_column=class_column, layer=layer)


def _other_unit(name: str, unit: str, stated: str) -> Problem:
    """Say that a file states another unit than the caller."""
    return Problem(
        file=name,
        found=Message(
            "the unit {unit}, while the file itself states {stated}", unit=unit, stated=stated
        ),
        expected=Message("one unit"),
        remedy=Message("correct unit=, or leave it out to take the file's own"),
    )


def _display_name(path: Source) -> str:
    """Return what to call the input in messages."""
    if isinstance(path, Grid):
        return path.name
    if isinstance(path, Mapping):
        return ", ".join(Path(one).name for one in path.values())
    return name_of(path) if is_remote(path) else Path(path).name


def _source(path: Source) -> str:
    """Return the file or files as text."""
    if isinstance(path, Grid):
        return source_of(path.source)
    if isinstance(path, Mapping):
        return ", ".join(source_of(one) for one in path.values())
    return source_of(path)


def _is_raster(path: str | Path) -> bool:
    """Return whether to open a file as a raster; asks GDAL where the suffix does not tell."""
    suffix = Path(name_of(path)).suffix.lower()
    if suffix in _RASTERS:
        return True
    if is_remote(path):
        return suffix not in _VECTORS
    path = Path(path)
    return suffix not in _VECTORS and path.exists() and not vector_layers(path)


def _refuse_unused(name: str, **options: object) -> None:
    """Refuse options that this kind of file has no use for, rather than forget them."""
    unused = [f"{option}=" for option, value in options.items() if value is not None]
    if unused:
        raise InputError(
            Problem(
                file=name,
                found=Message("the options {options}", options=", ".join(unused)),
                expected=Message("options that go with this kind of file"),
                remedy=Message("leave them out"),
            )
        )


def _from_class_files(paths: Mapping[str, str | Path], hazard: Hazard, layer: str | None) -> Hazard:
    """Make a hazard of one polygon layer per class."""
    if hazard.unit != "class" or not paths:
        raise InputError(
            Problem(
                found=Message("{count} layers, of unit {unit}", count=len(paths), unit=hazard.unit),
                expected=Message("one polygon layer or more, each of one class"),
                remedy=Message("give a mapping of class name to file, and no other unit"),
            )
        )
    notes: list[Message] = []
    frames: list[tuple[gpd.GeoDataFrame, int]] = []
    for word, path in paths.items():
        number = class_number(word, file=Path(path).name, option="path")
        frame, said = read_hazard_layer(path, layer)
        frames.append((frame if not frames else frame.to_crs(frames[0][0].crs), number))
        notes += said
    areas = one_area_per_class(
        np.concatenate([np.asarray(frame.geometry.array) for frame, _ in frames]),
        np.concatenate([np.full(len(frame), number, dtype=np.uint8) for frame, number in frames]),
        crs=frames[0][0].crs,
        rest_is_none=hazard.nodata_means == "none",
    )
    return replace(hazard, polygons=areas, notes=tuple(notes))


def _from_polygons(
    path: str | Path,
    hazard: Hazard,
    choices: HazardChoices,
    *,
    class_column: str | None,
    layer: str | None,
) -> Hazard:
    """Make a hazard of a polygon layer whose features each have a class or a value."""
    frame, notes = read_hazard_layer(path, layer)
    unit = "index" if choices.unit is None and choices.cuts is not None else choices.unit
    if unit in {None, "class"}:
        found = classes_by_words(frame, choices.mapping, column=class_column, notes=notes)
    else:
        measured = "m" if unit == "cm" else str(unit)
        cuts, cuts_source = choices.scheme(measured)
        found = classes_by_values(
            frame,
            raw_cuts(cuts, choices.scale),
            unit=str(unit),
            column=class_column,
            checked_index=unit == "index" and choices.cuts is None,
            notes=notes,
        )
        hazard = replace(hazard, unit=measured, cuts=cuts, cuts_source=cuts_source)
    areas = one_area_per_class(
        np.asarray(frame.geometry.array),
        found,
        crs=frame.crs,
        rest_is_none=hazard.nodata_means == "none",
    )
    return replace(hazard, polygons=areas, notes=tuple(notes))


def _from_grid(grid: Grid, hazard: Hazard, choices: HazardChoices) -> Hazard:
    """Make a hazard of a raster, after looking at all its values."""
    if choices.unit is None:
        found = (
            Message("a raster and no unit for it; its tags say {unit}", unit=grid.stated_unit)
            if grid.stated_unit
            else Message("a raster and no unit for it")
        )
        raise UnitError(
            Problem(
                file=grid.name,
                found=found,
                expected=Message("one of {units}", units=", ".join(HAZARD_UNITS)),
                remedy=Message("say what its values are with unit="),
            )
        )
    hazard = replace(hazard, grid=grid, notes=grid.notes)
    if choices.unit == "class":
        return _from_codes(grid, hazard, choices.mapping)
    unit = "m" if choices.unit == "cm" else choices.unit
    cuts, cuts_source = choices.scheme(unit)
    lowest, highest = _range(grid)
    if (unit == "index" and choices.cuts is None) and (
        lowest < -_INDEX_TOLERANCE or highest > 1 + _INDEX_TOLERANCE
    ):
        raise UnitError(
            Problem(
                file=grid.name,
                found=Message("values from {low:g} to {high:g}", low=lowest, high=highest),
                expected=Message("an index between 0 and 1"),
                remedy=Message(
                    "divide by its highest possible value, declare its nodata, or give three cut "
                    "points in its own unit: classes=(low, medium, high)"
                ),
            )
        )
    deepest = highest * choices.scale
    strange = unit == "m" and not _SHALLOW_M <= deepest <= _DEEP_M
    note = Message(
        "{file}: its deepest cell is {deepest:g} m; check that its unit is {unit}",
        file=grid.name,
        deepest=deepest,
        unit=choices.unit,
    )
    return replace(
        hazard,
        unit=unit,
        cuts=cuts,
        scale=choices.scale,
        cuts_source=cuts_source,
        notes=(*grid.notes, note) if strange else grid.notes,
    )


def _range(grid: Grid) -> tuple[float, float]:
    """Return the lowest and highest valid value."""
    lowest, highest = np.inf, -np.inf
    for window in grid.windows():
        values, valid = grid.read(*window)
        known = values[valid]
        if known.size:
            lowest = min(lowest, float(known.min()))
            highest = max(highest, float(known.max()))
    return lowest, highest


def _from_codes(grid: Grid, hazard: Hazard, mapping: Mapping[str, int] | None) -> Hazard:
    """Make a hazard of a raster of class codes; every code must say a class."""
    codes: set[float] = set()
    for window in grid.windows():
        values, valid = grid.read(*window)
        codes.update(float(code) for code in np.unique(values[valid]))
        if len(codes) > _CODES_AT_MOST:
            break  # these are no codes
    notes = grid.notes
    if mapping is not None:
        table = {
            int(code): number for code, number in mapping.items() if code.lstrip("-").isdigit()
        }
    else:
        table, how = codes_read({int(code) for code in codes}, name=grid.name)
        notes = (*notes, how)
    strange = sorted(code for code in codes if code not in table)
    if strange:
        text = ", ".join(f"{code:g}" for code in strange[:_CODES_NAMED])
        more = ", ..." if len(strange) > _CODES_NAMED else ""
        raise UnitError(
            Problem(
                file=grid.name,
                found=Message("cells with {codes}", codes=text + more),
                expected=Message(
                    "codes of three classes (0 to 3), of five (0 to 5), or of the mapping given"
                ),
                remedy=Message(
                    "say what each code means with classes=, a mapping of code to class name, or "
                    "correct unit="
                ),
            )
        )
    return replace(hazard, code_classes=table, notes=notes)
