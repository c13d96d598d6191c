"""A whole plan as a folder: tables, web map and printed map, all of them or none."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from resilience_geo.errors import DependencyError
from resilience_geo.maps.printed import save_print_map
from resilience_geo.maps.web import save_web_map
from resilience_geo.reports import save_tables, whole_files

if TYPE_CHECKING:
    import os

    from resilience_geo.plan import EvacuationPlan

logger = logging.getLogger(__name__)


def save_plan(
    plan: EvacuationPlan, folder: str | os.PathLike[str], *, language: str = "id"
) -> list[Path]:
    """Write a plan's tables and maps into a folder.

    Parameters
    ----------
    plan
        The plan.
    folder
        Made where it is missing; files of the same name are replaced.
    language
        `id` or `en`, for what people read.

    Returns
    -------
    list of pathlib.Path
        `plan.gpkg`, `plan.xlsx`, `summary.json`, `map.html`, and `map.pdf` where the extra `print`
        is installed.

    Raises
    ------
    OutputError
        The folder cannot be written; what was there before is still there.
    """
    target = Path(folder)
    with whole_files(target) as room:
        written = [path.name for path in save_tables(plan, room, language=language)]
        written.append(save_web_map(plan, room / "map.html", language=language).name)
        try:
            written.append(save_print_map(plan, room / "map.pdf", language=language).name)
        except DependencyError as error:
            logger.warning("no map.pdf: %s", error)
    return [target / name for name in written]
