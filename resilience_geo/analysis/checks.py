"""What is wrong between inputs that are each fine alone: layers apart, nowhere to go, no roads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely

from resilience_geo.analysis.coverage import shelter_status
from resilience_geo.analysis.routes import refuse_without_shelters
from resilience_geo.crs import GEOGRAPHIC, transformer
from resilience_geo.errors import Message, Problem, ShelterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def problems_between(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong between inputs; nothing where they fit.

    Parameters
    ----------
    inputs
        What has been read, by name: `villages`, `hazard`, `population`, `roads`, `shelters`; those
        missing are not looked at.
    """
    # Shelters and roads beyond the border belong to a plan; how far, its reader has said.
    areas = ("villages", "hazard", "population")
    boxes = {name: _box(name, inputs[name]) for name in areas if name in inputs}
    villages = boxes.get("villages")
    for name, box in boxes.items():
        if villages is None or name == "villages" or shapely.intersects(villages, box):
            continue
        yield Problem(
            file=_source(inputs[name]),
            found=Message("{name} within {extent}", name=name, extent=_extent(box)),
            expected=Message(
                "a layer that touches the villages within {extent}", extent=_extent(villages)
            ),
            remedy=Message("check the coordinate reference systems, or take a layer of this area"),
        )
    if "hazard" in inputs and "shelters" in inputs:
        status, _ = shelter_status(inputs["shelters"], inputs["hazard"])
        try:
            refuse_without_shelters(status, _source(inputs["shelters"]))
        except ShelterError as error:
            yield from error.problems


def _box(name: str, value: Any) -> Any:
    """Return the extent of an input in degrees."""
    if name == "villages":
        bounds, crs = value.total_bounds, value.crs
    elif name == "population":
        bounds, crs = value.grid.bounds, value.grid.crs
    else:
        bounds, crs = value.bounds, value.crs
    return shapely.box(*transformer(crs, GEOGRAPHIC).transform_bounds(*bounds))


def _extent(box: Any) -> list[float]:
    """Return west, south, east and north of a box, rounded."""
    return [round(float(value), 3) for value in shapely.bounds(box)]


def _source(value: Any) -> str | None:
    """Return the file an input came from, where it says so."""
    for holder in (getattr(value, "attrs", None), getattr(value, "graph", None)):
        if isinstance(holder, dict) and holder.get("source"):
            return str(holder["source"])
    source = getattr(value, "source", None)
    return str(source) if source else None
