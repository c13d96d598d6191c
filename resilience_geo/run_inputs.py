"""Reading the inputs of a run as its options name them: all of them, and all that is wrong."""

from __future__ import annotations

import difflib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import shapely

from resilience_geo.analysis.checks import problems_between
from resilience_geo.errors import (
    InputError,
    Message,
    OverlapError,
    Problem,
    ResilienceGeoError,
)
from resilience_geo.inputs.basemap import read_basemap
from resilience_geo.inputs.elevation import read_elevation
from resilience_geo.inputs.grids import is_remote
from resilience_geo.inputs.hazard import read_hazard
from resilience_geo.inputs.hazards import combine_hazards
from resilience_geo.inputs.pictures import read_picture
from resilience_geo.inputs.population import read_population
from resilience_geo.inputs.roads import read_roads
from resilience_geo.inputs.settlements import read_settlements
from resilience_geo.inputs.shelters import read_shelters
from resilience_geo.inputs.villages import read_villages
from resilience_geo.inputs.vulnerable import read_vulnerable
from resilience_geo.maps.options import MapOptions
from resilience_geo.maps.printed_sheets import check_paper
from resilience_geo.run_options import DETAILS, UNSAID, option_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

logger = logging.getLogger(__name__)

_NATIONAL = "national"
_NEAR_VILLAGES = ("roads", "basemap", "settlements")
_RASTERS = ("hazard", "population", "elevation")
_READERS: dict[str, Callable[..., Any]] = {
    "villages": read_villages,
    "hazard": read_hazard,
    "population": read_population,
    "roads": read_roads,
    "shelters": read_shelters,
    "elevation": read_elevation,
    "vulnerable": read_vulnerable,
    "basemap": read_basemap,
    "settlements": read_settlements,
}


def fitting_inputs(options: Mapping[str, Any]) -> dict[str, Any]:
    """Read every input; refuse all that is wrong with them at once, or layers that lie apart."""
    read, problems = read_inputs(options)
    if not problems:
        areas = ("villages", "hazard", "population")
        problems += problems_between({name: read[name] for name in areas})
    if problems:
        raise InputError(problems)
    return read


def read_inputs(
    options: Mapping[str, Any],
    *,
    given: Mapping[str, Any] | None = None,
    area: gpd.GeoSeries | None = None,
) -> tuple[dict[str, Any], list[Problem]]:
    """Read every input that is named; return what could be read, and what is wrong.

    Parameters
    ----------
    options
        Paths by name of the input, and the values of `DETAILS` by `option_field`; several hazards
        as a tuple. Under `UNSAID` the fields nobody gave.
    given
        Inputs that are at hand, by name; they are not read again.
    area
        Where rasters are wanted; None: the files as they are, of those far away what lies around
        the villages.

    Returns
    -------
    tuple of dict and list of Problem
        What was read by name; every problem of every file.
    """
    read: dict[str, Any] = dict(given or {})
    problems: list[Problem] = []
    for name in DETAILS:
        if name in read or not _named(name, options):
            continue
        logger.info("read %s", name)
        parts, wrong = _options_of_each(name, options)
        problems += wrong
        found = []
        for part in parts:
            try:
                found.append(_read(name, part, read.get("villages"), area))
            except ResilienceGeoError as error:
                if "villages" in read or not isinstance(error, OverlapError):
                    file = str(part[name] or "")
                    problems += [replace(one, file=one.file or file) for one in error.problems]
        if len(found) == len(parts) > 0:
            read[name] = found[0] if len(found) == 1 else combine_hazards(found)
    return read, problems


def _named(name: str, options: Mapping[str, Any]) -> bool:
    """Return whether an input is given; a basemap may come as layers alone."""
    layers = DETAILS[name].values() if name == "basemap" else ()
    return bool(options.get(name)) or any(options.get(option_field(flag)) for flag, *_ in layers)


def _options_of_each(
    name: str, options: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return the options of each file of an input, and what is wrong with their number.

    Several hazards have their options in the order of the hazards, or one for all of them.
    """
    if name != "hazard":
        return [dict(options)], []
    paths = options[name]
    parts = [{**options, name: path} for path in paths]
    problems = _kind_left_out(len(paths), options)
    for flag, *_ in DETAILS[name].values():
        field = option_field(flag)
        given = options.get(field) or (None,)
        if len(given) not in {1, len(paths)}:
            problems.append(
                Problem(
                    file=flag,
                    found=Message(
                        "given {count} times for {hazards} hazards",
                        count=len(given),
                        hazards=len(paths),
                    ),
                    expected=Message("once for each --hazard, in their order, or once for all"),
                    remedy=Message("repeat it or leave some out"),
                )
            )
            continue
        each = given if len(given) == len(paths) else given * len(paths)
        for part, value in zip(parts, each, strict=True):
            part[field] = value
    return ([] if problems else parts), problems


def _kind_left_out(count: int, options: Mapping[str, Any]) -> list[Problem]:
    """Return the problem of several hazards of which nobody said what they are."""
    if count < 2 or "hazard_kind" not in options.get(UNSAID, ()):  # noqa: PLR2004 - several
        return []
    return [
        Problem(
            file="--hazard-kind",
            found=Message("{count} hazards of which the kind is not said", count=count),
            expected=Message("--hazard-kind once for each --hazard, in their order"),
            remedy=Message("write for example --hazard-kind flood --hazard-kind landslide"),
        )
    ]


def _read(
    name: str,
    options: Mapping[str, Any],
    villages: gpd.GeoDataFrame | None,
    area: gpd.GeoSeries | None,
) -> Any:
    """Read one input as its options say."""
    chosen = {
        argument: value
        for argument, (flag, *_) in DETAILS[name].items()
        if (value := options.get(option_field(flag))) not in (None, "")
    }
    if name == "vulnerable":
        if str(options[name]) == _NATIONAL:
            return _NATIONAL
        chosen["villages"] = villages
    if "classes" in chosen:
        chosen["classes"] = _classes(chosen["classes"], options[name].name)
    if name == "villages" and options.get("village"):
        chosen["where"] = _chooser(options["village"], options[name].name)
    if name in _NEAR_VILLAGES and villages is not None:
        chosen["within"] = villages
    elif name in _NEAR_VILLAGES and (options.get("villages") is not None or name == "basemap"):
        # The villages cannot be read: see whether the file is whole, and keep none of it. No
        # village of Indonesia is in the Gulf of Guinea.
        chosen["within"] = gpd.GeoSeries([shapely.box(0.0, 0.0, 1e-6, 1e-6)], crs=4326)
    if name in _RASTERS and area is not None:
        chosen["within"] = area
    elif name in ("hazard", "population") and villages is not None and is_remote(options[name]):
        chosen["within"] = villages  # nobody waits for a nation to come over the network
    found = _READERS[name](options[name], **chosen)
    if "where" in chosen:
        note = Message(
            "Only the villages asked for are planned; people of their neighbours may need seats in "
            "the same shelters."
        )
        found.attrs["notes"] = (*found.attrs.get("notes", ()), note)
    return found


def _classes(text: str, file: str) -> dict[str, str] | tuple[float, ...]:
    """Read cut points (low,medium,high) or what codes and words mean (1=low,2=medium)."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if parts and all("=" in part for part in parts):
        pairs = (part.rsplit("=", 1) for part in parts)
        return {code.strip(): name.strip() for code, name in pairs}
    try:
        return tuple(float(part) for part in parts)
    except ValueError:
        problem = Problem(
            file=file,
            found=Message("--hazard-classes {text}", text=text),
            expected=Message("three rising numbers, or CODE=CLASS pairs, with commas between"),
            remedy=Message("write for example 0.3,0.6,0.9 or 1=low,2=medium,3=high"),
        )
        raise InputError(problem) from None


def _chooser(chosen: Iterable[str], file: str) -> Callable[[gpd.GeoDataFrame], Any]:
    """Return what keeps the villages whose code or name was asked for."""

    def keep(villages: gpd.GeoDataFrame) -> Any:
        names = villages[["village_code", "village_name"]].astype(str)
        folded = names.apply(lambda column: column.str.casefold())
        known = dict(zip(folded.to_numpy().T.flat, names.to_numpy().T.flat, strict=True))
        wanted = {text.strip().casefold(): text for text in chosen}
        problems = []
        for key in (one for one in wanted if one not in known):
            alike = [one for one in known if key in one] if key else []
            near = alike[:5] or difflib.get_close_matches(key, known, cutoff=0.5) or list(known)[:3]
            problem = Problem(
                file=file,
                found=Message("no village {text}", text=repr(wanted[key])),
                expected=Message("a village code or name of the layer"),
                remedy=Message("did you mean {near}?", near=", ".join(known[one] for one in near)),
            )
            problems.append(problem)
        if problems:
            raise InputError(problems)
        return folded.isin(list(wanted)).any(axis=1)

    return keep


def map_options(options: Mapping[str, Any], read: Mapping[str, Any]) -> MapOptions:
    """Return what the maps of a run show besides the plan.

    Parameters
    ----------
    options
        `palette`, `agency`, `contact`, `logo`, `link`, `emergency` (NAME=NUMBER each) and
        `procedure`; those missing keep their defaults.
    read
        From `read_inputs`: `basemap` and `settlements` where they were named.

    Raises
    ------
    InputError
        A telephone number lacks its name, or there is no such palette.
    """
    numbers = [pair.partition("=") for pair in options.get("emergency") or ()]
    problems = [
        Problem(
            file="--emergency",
            found=Message("--emergency {text}", text=name),
            expected=Message("--emergency NAME=NUMBER"),
            remedy=Message("write for example --emergency BPBD=NUMBER"),
        )
        for name, sign, _ in numbers
        if not sign
    ]
    if problems:
        raise InputError(problems)
    names = ("palette", "agency", "contact", "logo", "link", "procedure")
    given = {name: options[name] for name in names if options.get(name) is not None}
    return MapOptions(
        basemap=read.get("basemap"),
        settlements=read.get("settlements"),
        emergency_numbers={name.strip(): number.strip() for name, _, number in numbers},
        **given,
    )


def map_problems(options: Mapping[str, Any]) -> list[Problem]:
    """Return everything that is wrong with what maps are told, before anything is planned.

    Parameters
    ----------
    options
        As for `map_options`, and `paper`, `orientation` and `scale`.
    """
    checks: list[Callable[[], object]] = [
        lambda: map_options(options, {}),
        lambda: check_paper(options["paper"], options["orientation"], options["scale"]),
    ]
    if options.get("logo"):
        checks.append(lambda: read_picture(options["logo"]))
    problems: list[Problem] = []
    for check in checks:
        try:
            check()
        except ResilienceGeoError as error:
            problems += error.problems
    return problems
