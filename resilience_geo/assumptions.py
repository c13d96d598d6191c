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
    children_under_5_share: float = _number(
        0.08, "share of people", "BPS, about 8 % of the people of Indonesia", "R"
    )
    elderly_share: float = _number(
        0.12, "share of people", "BPS, Susenas 2024; lansia, 60 years and older", "R"
    )
    disabled_share: float = _number(0.085, "share of people", "BPS, SUPAS 2015", "R")
    pregnant_share: float = _number(
        0.02, "share of people", "BPS, about 1.8 to 2 % of the people of Indonesia", "R"
    )
    children_under_5_walking_speed_mps: float = _number(
        0.894,
        "m/s",
        "people who are impaired or in a crowd, BNPB Perencanaan TES 2013; taken for those who "
        "carry or lead a small child",
        "S2",
    )
    elderly_walking_speed_mps: float = _number(
        0.751, "m/s", "a group with elderly, Yagi and Hasemi 2010, used in Indonesian theses", "R"
    )
    disabled_walking_speed_mps: float = _number(
        0.6, "m/s", "wheelchair with a helper; no standard found", "J"
    )
    pregnant_walking_speed_mps: float = _number(
        0.894,
        "m/s",
        "people who are impaired or in a crowd, BNPB Perencanaan TES 2013; taken for pregnant "
        "women",
        "S2",
    )
    assisted_depth_limit_m: float = _number(
        0.3,
        "m",
        "children under five, elderly, disabled and pregnant, within AIDR Guideline 7-3 class H1",
        "J",
    )
    people_per_helper: float = _number(
        2.0,
        "people per helper",
        "no standard found; people who need help that one helper (pendamping) leads",
        "J",
    )
    children_under_5_need_helper: bool = _number(
        False,
        "yes/no",
        "no: children under five are led or carried by their own parents; yes: they are counted "
        "among those who need a helper",
        "J",
    )
    maximum_flow_people_per_m_per_s: float = _number(
        1.3,
        "people/m/s",
        "most people who pass a metre of width, SFPE handbook, computed from its formula; the same "
        "figure for corridors in IMO MSC.1/Circ.1533",
        "C",
    )
    edge_loss_m: float = _number(
        0.3, "m", "width not walked on, both edges of a road together; no standard found", "R"
    )
    lane_width_m: float = _number(
        3.0, "m", "width of a lane, where a road states lanes but no width", "J"
    )
    main_road_width_m: float = _number(
        7.0,
        "m",
        "motorway, trunk and primary without a stated width: two lanes, because dual carriageways "
        "are drawn as two lines; PP 34/2006 asks for 11 m of road body in all",
        "J",
    )
    collector_road_width_m: float = _number(
        6.0,
        "m",
        "secondary, tertiary and links without a stated width; PP 34/2006 asks for 9 m of road "
        "body for collectors and 7.5 m for local roads",
        "J",
    )
    local_road_width_m: float = _number(
        3.5,
        "m",
        "all other roads without a stated width; PP 34/2006, least road body where vehicles of "
        "three wheels and more do not go",
        "S2",
    )
    path_width_m: float = _number(
        1.5, "m", "footways, paths, tracks and steps without a stated width", "J"
    )
    warning_time_min: float = _number(
        5.0, "min", "from the decision to the warning heard, InaTEWS 3 to 5 min", "R"
    )
    reaction_time_min: float = _number(
        10.0, "min", "from the warning heard to leaving, USGS-based tool default", "S2"
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
        problems += self._shares_of_more_than_all(wrong)
        if problems:
            raise AssumptionError(problems)

    def _shares_of_more_than_all(self, wrong: set[str | None]) -> list[Problem]:
        """Return the problem of group shares that sum to more than everyone."""
        together = sum(getattr(self, name) for name in _GROUP_SHARES if name not in wrong)
        if together <= 1 + 1e-9:  # shares of a table may sum to 1 but for rounding
            return []
        return [
            Problem(
                column=", ".join(_GROUP_SHARES),
                found=Message("{value} together", value=round(together, 6)),
                expected=Message("shares of the people that sum to at most 1"),
                remedy=Message("lower one of them"),
            )
        ]

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
_GROUP_SHARES = ("children_under_5_share", "elderly_share", "disabled_share", "pregnant_share")
_YES_NO = ("unknown_roads_pass_late", "capacity_from_floor_area", "children_under_5_need_helper")
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
    elif name in _GROUP_SHARES:
        # A group that is nowhere is possible, unlike a floor of which nothing can be used.
        expected = None if 0 <= value <= 1 else Message("a share from 0 to 1")
    elif not 0 < value < math.inf:
        expected = Message("a number above 0")
    elif name.endswith("walking_speed_mps") and value > _RUNNING_MPS:
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
