"""The embedded sample: a made-up kecamatan on which everything can be tried at once."""

from __future__ import annotations

import shutil
from pathlib import Path

from resilience_geo.errors import InputFileError, Message, OutputError, Problem

_FILES: dict[str, str] = {
    "villages": "boundaries/desa.gpkg",
    "hamlets": "boundaries/dusun.gpkg",
    "flood": "hazard/banjir_kedalaman_m.tif",
    "landslide": "hazard/longsor_indeks.tif",
    "population": "population/penduduk.tif",
    "roads": "roads/jalan.osm.pbf",
    "basemap": "basemap/peta_dasar.osm.pbf",
    "shelters": "shelters/tempat_evakuasi.geojson",
    "elevation": "elevation/dem.tif",
    "vulnerable": "vulnerable/kelompok_rentan.csv",
    "readme": "README.md",
}


def sample_files() -> dict[str, Path]:
    """Return where the files of the embedded sample lie.

    Returns
    -------
    dict of str to pathlib.Path
        Keys `villages` (desa), `hamlets` (dusun), `flood` (depth, m), `landslide` (index),
        `population` (people per cell), `roads`, `basemap` (water, buildings, places, landmarks),
        `shelters`, `elevation` (m), `vulnerable`, `readme`.

    Raises
    ------
    InputFileError
        The installed package lacks them.
    """
    package = Path(__file__).resolve().parents[1]
    # Inside a wheel the data lies in the package; in a checkout beside it.
    for folder in (package / "data", package.parent / "data"):
        files = {name: folder / path for name, path in _FILES.items()}
        if all(path.is_file() for path in files.values()):
            return files
    raise InputFileError(
        Problem(
            file=str(package / "data"),
            found=Message("an installation without the sample data"),
            expected=Message("the files of the embedded sample"),
            remedy=Message("install the package again, or run scripts/make_sample_data.py"),
        )
    )


def write_sample(folder: str | Path, *, overwrite: bool = False) -> list[Path]:
    """Copy the embedded sample into a folder, so that its files can be looked at and changed.

    Parameters
    ----------
    folder
        Made where it is missing.
    overwrite
        Whether to replace files that are not those of the sample.

    Returns
    -------
    list of pathlib.Path
        The files written.

    Raises
    ------
    OutputError
        The folder cannot be written, or other files are in the places of the sample's; nothing
        was copied then.
    """
    target = Path(folder)
    written = []
    try:
        _refuse_to_replace(target, overwrite=overwrite)
        for name, source in sample_files().items():
            path = target / _FILES[name]
            path.parent.mkdir(parents=True, exist_ok=True)
            # In a checkout the sample may be asked for where it lies.
            if not (path.exists() and path.samefile(source)):
                shutil.copyfile(source, path)
            written.append(path)
    except OSError as error:
        raise OutputError(
            Problem(
                file=str(target),
                found=Message(
                    "a folder that cannot be written: {reason}", reason=error.strerror or error
                ),
                expected=Message("a folder in which files can be made"),
                remedy=Message("choose another folder"),
            )
        ) from error
    return written


def _refuse_to_replace(target: Path, *, overwrite: bool) -> None:
    """Stop where a user's own files would be lost."""
    sources = sample_files()
    others = [
        path
        for name, path in _FILES.items()
        if (target / path).is_file() and (target / path).read_bytes() != sources[name].read_bytes()
    ]
    if others and not overwrite:
        raise OutputError(
            Problem(
                file=str(target),
                found=Message(
                    "other files in the places of the sample: {names}", names=", ".join(others)
                ),
                expected=Message("an empty folder, or the sample's own files"),
                remedy=Message("choose another folder, or overwrite them with overwrite=True"),
            )
        )
