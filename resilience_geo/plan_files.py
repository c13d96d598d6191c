"""A whole plan as a folder: tables, web map and printed map, all of them or none."""

from __future__ import annotations

import hashlib
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resilience_geo.errors import DependencyError
from resilience_geo.maps.drill_pack import save_drill_pack
from resilience_geo.maps.printed import save_print_map
from resilience_geo.maps.web import save_web_map
from resilience_geo.plan_parts import village_plan
from resilience_geo.reports import save_tables, whole_files
from resilience_geo.route_files import save_route_files

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from resilience_geo.maps.options import MapOptions
    from resilience_geo.plan import EvacuationPlan

logger = logging.getLogger(__name__)

# Names that Windows keeps for devices, with any ending.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST_BYTES = 80


def save_plan(
    plan: EvacuationPlan,
    folder: str | os.PathLike[str],
    *,
    paper: str = "A3",
    orientation: str = "landscape",
    scale: int | None = None,
    language: str = "id",
    options: MapOptions | None = None,
) -> list[Path]:
    """Write a plan's tables and maps into a folder.

    Parameters
    ----------
    plan
        The plan.
    folder
        Made where it is missing; files of the same name are replaced.
    paper, orientation, scale
        Of the printed map, see `save_print_map`.
    language
        `id` or `en`, for what people read.
    options
        What the maps show besides the plan.

    Returns
    -------
    list of pathlib.Path
        `plan.gpkg`, `plan.xlsx`, `summary.json`, `routes.gpx`, `routes.kml`, `map.html`, and
        `map.pdf` where the extra `print` is installed.

    Raises
    ------
    OutputError
        The folder cannot be written; what was there before is still there.
    """
    target = Path(folder)
    with whole_files(target) as room:
        written = [path.name for path in save_tables(plan, room, language=language)]
        written += [
            path.name for path in save_route_files(plan, room, language=language, options=options)
        ]
        page = save_web_map(plan, room / "map.html", language=language, options=options)
        written.append(page.name)
        try:
            sheet = save_print_map(
                plan,
                room / "map.pdf",
                paper=paper,
                orientation=orientation,
                scale=scale,
                language=language,
                options=options,
            )
            written.append(sheet.name)
        except DependencyError as error:
            logger.warning("no map.pdf: %s", error)
    return [target / name for name in written]


def save_prints(
    plan: EvacuationPlan,
    folder: str | os.PathLike[str],
    *,
    paper: str = "A3",
    orientation: str = "landscape",
    scale: int | None = None,
    language: str = "id",
    options: MapOptions | None = None,
    drill: bool = True,
) -> list[Path]:
    """Write what is printed for a drill: a map of every village, route cards, sheets, poster.

    Parameters
    ----------
    plan
        The plan; people of a village keep the shelters they have in it.
    folder
        Made where it is missing; files of the same name are replaced.
    paper, orientation, scale
        Of the maps of the villages, see `save_print_map`; the map of all of them together takes
        the scale that fits.
    language
        `id` or `en`.
    options
        What the maps show besides the plan.
    drill
        Whether the drill pack is written too, see `save_drill_pack`.

    Returns
    -------
    list of pathlib.Path
        `map.pdf` of the whole plan, `map_CODE.pdf` of each village where there are several, and
        the files of the drill pack.

    Raises
    ------
    DependencyError
        The extra `print` is not installed.
    OutputError
        The folder cannot be written; what was there before is still there.
    """
    target = Path(folder)
    codes = [str(code) for code in plan.villages.index]
    names = village_file_names(codes)
    looks: dict[str, Any] = {
        "paper": paper,
        "orientation": orientation,
        "language": language,
        "options": options,
    }
    with whole_files(target) as room:
        whole = scale if len(codes) == 1 else None
        written = [save_print_map(plan, room / "map.pdf", scale=whole, **looks).name]
        for code, name in zip(codes, names, strict=True) if len(codes) > 1 else ():
            part = village_plan(plan, code)
            written.append(
                save_print_map(part, room / f"map_{name}.pdf", scale=scale, **looks).name
            )
        if drill:
            pack = save_drill_pack(plan, room, language=language, options=options)
            written += [path.name for path in pack]
    return [target / name for name in written]


def village_file_names(codes: Iterable[str], *, taken: Iterable[str] = ()) -> list[str]:
    """Return a file name per village code that every system can write, each one once.

    Parameters
    ----------
    codes
        Village codes.
    taken
        Names that are in use already.

    Examples
    --------
    >>> village_file_names(["99.01", "a/b", "A:B", "con"])
    ['99.01', 'a_b', 'A_B-2', 'con_']
    """
    names: list[str] = []
    used = {name.casefold() for name in taken}
    for code in codes:
        plain = re.sub(r"[^\w.-]+", "_", code).strip(" .") or "desa"
        if _RESERVED.fullmatch(plain):
            plain += "_"
        if len(plain.encode()) > _LONGEST_BYTES:
            digest = hashlib.sha256(code.encode()).hexdigest()[:8]
            plain = f"{plain.encode()[: _LONGEST_BYTES - 9].decode(errors='ignore')}-{digest}"
        number, name = 1, plain
        while name.casefold() in used:
            number += 1
            name = f"{plain}-{number}"
        used.add(name.casefold())
        names.append(name)
    return names
