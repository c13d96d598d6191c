"""Every number of the analysis that is a choice, with its unit, its source and how sure it is.

Confidence: `S` text of the source seen; `S2` seen second-hand; `C` computed from a seen formula;
`R` recalled, to be checked before it is called a standard; `J` judgement, no standard found.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from resilience_geo.errors import AssumptionError, Message, Problem
from resilience_geo.hazard_classes import CLASS_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

MODES: tuple[str, ...] = ("walk", "motorcycle", "car", "truck")
BRIDGE_RULES: tuple[str, ...] = ("caution", "open", "raster")


def _number(default: Any, unit: str, source: str, confidence: str) -> Any:
    """Declare a field that carries its unit, source and confidence."""
    return field(
        default=default, metadata={"unit": unit, "source": source, "confidence": confidence}
    )


@dataclass(frozen=True, kw_only=True)
class EvacuationAssumptions:
    """The choices behind a plan. Change one with `dataclasses.replace` or `--assume name=value`.

    Each field's unit, source and confidence are in `EvacuationAssumptions.table()`, in
    `summary.json` and on the map.

    Raises
    ------
    AssumptionError
        A value is impossible.
    """

    walking_speed_mps: float = _number(
        1.1, "m/s", "USGS Pedestrian Evacuation Analyst, slow walk", "S2"
    )
    time_limit_min: float = _number(
        60.0, "min", "no standard found; over it an evacuee counts as too_far", "J"
    )
    max_snap_m: float = _number(
        500.0, "m", "no standard found; farther from any road counts as no_road", "J"
    )
    max_gap_m: float = _number(
        50.0,
        "m",
        "no standard found; roads of another connected piece count for a house or a shelter where "
        "they are at most this much farther than the nearest road",
        "J",
    )
    evacuating_classes: tuple[str, ...] = _number(
        ("medium", "high"), "", "all exposed people of the medium and high classes", "J"
    )
    walk_depth_limit_m: float = _number(
        0.5, "m", "adult on foot, within AIDR Guideline 7-3 classes H1-H2", "J"
    )
    motorcycle_depth_limit_m: float = _number(0.2, "m", "no standard found", "J")
    car_depth_limit_m: float = _number(
        0.3, "m", "ARR Project 10 stage 2 (Shand et al. 2011), small car, still water", "S2"
    )
    truck_depth_limit_m: float = _number(0.6, "m", "high-clearance vehicle; no standard found", "J")
    wet_depth_m: float = _number(0.1, "m", "InaSAFE flood classes: wet from 0.1 m", "S")
    wading_depth_m: float = _number(
        0.3, "m", "AIDR Guideline 7-3 class H1; from here the slower wading factor holds", "S2"
    )
    shallow_water_speed_factor: float = _number(
        0.7, "share of speed", "walking in water of wet_depth_m to wading_depth_m", "J"
    )
    wading_speed_factor: float = _number(
        0.5, "share of speed", "walking in water deeper than wading_depth_m", "J"
    )
    slowed_penalty: float = _number(
        1.5, "times", "weight of time on a slowed road when choosing a way early", "J"
    )
    closed_penalty: float = _number(
        3.0, "times", "weight of time on a road that will close, or is unknown, early", "J"
    )
    unknown_roads_pass_late: bool = _number(
        False,
        "yes/no",
        "whether a late way may use roads of unknown hazard; unknown is not counted as safe",
        "J",
    )
    bridge_rule: str = _number(
        "caution",
        "caution/open/raster",
        "the raster below a bridge is not water on its deck: caution = slowed where the raster "
        "would slow or close it; open = as if dry; raster = as the raster says",
        "J",
    )
    dirt_speed_factor: float = _number(
        0.9091, "share of speed", "dirt and gravel, Soule and Goldman 1972", "S2"
    )
    rough_speed_factor: float = _number(
        0.6667, "share of speed", "mud and heavy brush, Soule and Goldman 1972", "S2"
    )
    sand_speed_factor: float = _number(
        0.5556, "share of speed", "sand, Soule and Goldman 1972", "S2"
    )
    steps_speed_factor: float = _number(0.5, "share of speed", "no standard found", "J")
    downhill_speed_cap: float = _number(
        1.0, "share of speed", "Tobler's gain downhill is not counted above this", "J"
    )
    capacity_from_floor_area: bool = _number(
        False,
        "yes/no",
        "whether a shelter of unknown capacity and known floor area is taken to hold floor area x "
        "usable_floor_share / shelter_space_m2_per_person",
        "J",
    )
    shelter_space_m2_per_person: float = _number(
        3.0, "m2/person", "Perka BNPB 7/2008, overnight", "S2"
    )
    usable_floor_share: float = _number(0.65, "share of floor", "no standard found", "J")
    unknown_capacity_people: int = _number(
        0, "people", "people a shelter of unknown capacity takes; 0: it takes nobody", "J"
    )
    motorised_speed_kmh: float = _number(
        20.0, "km/h", "motorcycle, car and truck on village roads; no standard found", "J"
    )
    mode: str = _number("walk", "/".join(MODES), "how people leave", "J")

    def __post_init__(self) -> None:
        """Refuse impossible values, all at once."""
        classes: Any = self.evacuating_classes
        if isinstance(classes, (list, set, frozenset)):
            object.__setattr__(self, "evacuating_classes", tuple(classes))
        problems = [
            problem
            for problem in (self._problem_with(entry.name) for entry in fields(self))
            if problem is not None
        ]
        wrong = {problem.column for problem in problems}
        if not wrong & {"wet_depth_m", "walk_depth_limit_m"} and (
            self.wet_depth_m > self.walk_depth_limit_m
        ):
            problems.append(
                Problem(
                    column="wet_depth_m",
                    found=Message("{value} m", value=self.wet_depth_m),
                    expected=Message("not above walk_depth_limit_m"),
                    remedy=Message("lower wet_depth_m or raise walk_depth_limit_m"),
                )
            )
        if problems:
            raise AssumptionError(problems)

    def _problem_with(self, name: str) -> Problem | None:
        """Return what is wrong with one field, or None."""
        value = getattr(self, name)
        expected = (
            _expected_of_choice(name, value) if name in _CHOICES else _expected_of(name, value)
        )
        if expected is None:
            return None
        return Problem(
            column=name,
            found=Message("{value}", value=repr(value)),
            expected=expected,
            remedy=Message("give {name} a value within that range", name=name),
        )

    def depth_limit_m(self, mode: str) -> float:
        """Return the water depth in metres from which a road is closed for `mode`."""
        if mode not in MODES:
            raise AssumptionError(
                Problem(
                    found=Message("mode {mode}", mode=repr(mode)),
                    expected=Message("one of {names}", names=", ".join(MODES)),
                    remedy=Message("choose one of them"),
                )
            )
        return float(getattr(self, f"{mode}_depth_limit_m"))

    @classmethod
    def table(cls) -> dict[str, dict[str, str]]:
        """Return unit, source and confidence of every field, by name."""
        return {entry.name: dict(entry.metadata) for entry in fields(cls)}

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return value, unit, source and confidence of every field, ready for JSON."""
        return {
            entry.name: {
                "value": list(value)
                if isinstance(value := getattr(self, entry.name), tuple)
                else value,
                **entry.metadata,
                "changed": value != entry.default,
            }
            for entry in fields(self)
        }

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> EvacuationAssumptions:
        """Return the defaults with some fields replaced by values given as text.

        Parameters
        ----------
        texts
            Field name to value as a user types it: `{"walking_speed_mps": "0.9"}`; lists with
            commas.

        Raises
        ------
        AssumptionError
            A name is not an assumption, or a value cannot be read or is impossible.
        """
        known = {entry.name: entry for entry in fields(cls)}
        problems = []
        values: dict[str, Any] = {}
        for name, text in texts.items():
            if name not in known:
                problems.append(
                    Problem(
                        column=name,
                        found=Message("an assumption that does not exist"),
                        expected=Message("one of {names}", names=", ".join(known)),
                        remedy=Message("correct the name"),
                    )
                )
                continue
            value = _read(text, known[name].default)
            if value is None:
                problems.append(
                    Problem(
                        column=name,
                        found=Message("{value}", value=repr(text)),
                        expected=Message(
                            "a value like the default {value}", value=known[name].default
                        ),
                        remedy=Message("write it that way, with a point as decimal sign"),
                    )
                )
                continue
            values[name] = value
        try:
            chosen = dataclasses.replace(cls(), **values)
        except AssumptionError as error:
            problems += error.problems
        if problems:
            raise AssumptionError(problems)
        return chosen


# Nobody is planned to run: BPBD Padang tells people not to.
_RUNNING_MPS = 3.0
_YES_NO = ("unknown_roads_pass_late", "capacity_from_floor_area")
_CHOICES = ("evacuating_classes", "mode", "bridge_rule", *_YES_NO)


def _expected_of_choice(name: str, value: Any) -> Message | None:
    """Return what a field of words should hold, where it does not."""
    if name in _YES_NO:
        return None if isinstance(value, bool) else Message("yes or no")
    if name == "evacuating_classes":
        chosen, allowed = value, CLASS_NAMES
        fine = isinstance(chosen, tuple) and bool(chosen) and set(chosen) <= set(allowed)
        return None if fine else Message("some of {names}", names=", ".join(allowed))
    allowed = MODES if name == "mode" else BRIDGE_RULES
    return None if value in allowed else Message("one of {names}", names=", ".join(allowed))


def _expected_of(name: str, value: Any) -> Message | None:
    """Return what a number should be, where it is not."""
    expected: Message | None = None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        expected = Message("a number")
    elif name == "unknown_capacity_people":
        if not math.isfinite(value) or value < 0 or int(value) != value:
            expected = Message("a whole number, 0 or more")
    elif not 0 < value < math.inf:
        expected = Message("a number above 0")
    elif name == "walking_speed_mps" and value > _RUNNING_MPS:
        expected = Message("a walking speed, at most {speed} m/s", speed=_RUNNING_MPS)
    elif name.endswith(("_factor", "_share", "_cap")) and value > 1:
        expected = Message("a share above 0 and at most 1")
    elif name.endswith("_penalty") and value < 1:
        expected = Message("1 or more, so that hazard never makes a way more attractive")
    return expected


def _read(text: str, default: object) -> object:
    """Read a value of the type of `default` from text; None when that is not possible."""
    cleaned = text.strip()
    if isinstance(default, bool):
        return {
            "yes": True,
            "true": True,
            "ya": True,
            "1": True,
            "no": False,
            "false": False,
            "tidak": False,
            "0": False,
        }.get(cleaned.lower())
    if isinstance(default, tuple):
        return tuple(part.strip() for part in cleaned.split(",") if part.strip())
    if isinstance(default, str):
        return cleaned
    try:
        return int(cleaned) if isinstance(default, int) else float(cleaned)
    except ValueError:
        return None
