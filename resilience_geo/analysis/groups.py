"""Who needs help: evacuees split into groups that walk at their own speed, and their helpers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience_geo.errors import ColumnError, InputError, Message, Problem, raise_problems
from resilience_geo.flows.controlled_rounding import controlled_rounding
from resilience_geo.inputs.vulnerable_columns import VULNERABLE_GROUPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from resilience_geo.assumptions import EvacuationAssumptions
    from resilience_geo.inputs.features import Found

GROUPS: tuple[str, ...] = ("general", *VULNERABLE_GROUPS)
"""Groups of evacuees, in the order of every array by group; "general" is everyone else."""

_PRIORITIES: dict[str, int] = {"disabled": 0, "general": 2}
_NOISE = 1e-9


@dataclass(frozen=True)
class Group:
    """What one group of evacuees can do and needs.

    Parameters
    ----------
    name
        One of `GROUPS`.
    walking_speed_mps
        Walking speed on flat, dry, paved ground; never above that of the general group.
    depth_limit_m
        Water depth from which a road is closed to the group on foot.
    needs_accessible_shelter
        Whether a shelter must be accessible (a ramp, no steps).
    needs_helper
        Whether a helper (pendamping) leads each of them.
    priority
        Who gets a seat first where there are too few: 0 before 1 before 2.
    """

    name: str
    walking_speed_mps: float
    depth_limit_m: float
    needs_accessible_shelter: bool
    needs_helper: bool
    priority: int


def evacuating_groups(assumptions: EvacuationAssumptions) -> tuple[Group, ...]:
    """Return what each group can do and needs, in the order of `GROUPS`.

    Only disabled people are taken to need an accessible shelter; elderly, disabled and pregnant
    people need a helper, children under five only where `children_under_5_need_helper` says so.
    Disabled people come first, as Perka BNPB 14/2014 puts first those of them who are also small
    children, pregnant or old; then the other three groups, then everyone else. Speed and depth of
    a group are never above those of the general group.

    Examples
    --------
    >>> from resilience_geo import EvacuationAssumptions
    >>> for group in evacuating_groups(EvacuationAssumptions()):
    ...     print(group.name, group.walking_speed_mps, group.depth_limit_m, group.priority)
    general 1.1 0.5 2
    children_under_5 0.894 0.3 1
    elderly 0.751 0.3 1
    disabled 0.6 0.3 0
    pregnant 0.894 0.3 1
    """
    fastest, deepest = assumptions.walking_speed_mps, assumptions.walk_depth_limit_m
    return tuple(
        Group(
            name=name,
            walking_speed_mps=fastest
            if name == "general"
            else min(fastest, getattr(assumptions, f"{name}_walking_speed_mps")),
            depth_limit_m=deepest
            if name == "general"
            else min(deepest, assumptions.assisted_depth_limit_m),
            needs_accessible_shelter=name == "disabled",
            needs_helper=name in {"elderly", "disabled", "pregnant"}
            or (name == "children_under_5" and assumptions.children_under_5_need_helper),
            priority=_PRIORITIES.get(name, 1),
        )
        for name in GROUPS
    )


def village_shares(
    codes: Sequence[str], table: pd.DataFrame | None, assumptions: EvacuationAssumptions
) -> tuple[pd.DataFrame, pd.Series[str]]:
    """Return the shares of the groups in each village, and where they are from.

    A village that the table lacks, and a group of which it says nothing, takes the national share.
    Where the shares of the table leave less room than the national ones need, these shrink in
    proportion, so that the general group is never below nothing.

    Parameters
    ----------
    codes
        Village codes, text, in the order of the plan.
    table
        From `read_vulnerable`, or None.
    assumptions
        The national shares.

    Returns
    -------
    shares : DataFrame
        Index `village_code` in the order of `codes`, columns `GROUPS`; 0 to 1, each row sums to 1.
    source : Series
        "table", "national", or "mixed" where only some groups are from the table.

    Raises
    ------
    ColumnError
        The table has no column of any group.
    InputError
        Codes that repeat, or shares that are none.
    """
    index = pd.Index([str(code) for code in codes], name="village_code", dtype="str")
    national = np.array([getattr(assumptions, f"{name}_share") for name in VULNERABLE_GROUPS])
    said = np.full((len(index), len(VULNERABLE_GROUPS)), np.nan)
    if table is not None:
        said = _checked(table).reindex(index).to_numpy()
    known = ~np.isnan(said)
    room = 1.0 - np.where(known, said, 0.0).sum(axis=1)
    wanted = np.where(known, 0.0, national).sum(axis=1)
    fit = np.divide(room, wanted, out=np.ones(len(index)), where=wanted > room)
    shares = np.where(known, said, np.clip(fit, 0.0, 1.0)[:, None] * national)
    general = np.clip(1.0 - shares.sum(axis=1), 0.0, 1.0)
    source = np.select([known.all(axis=1), ~known.any(axis=1)], ["table", "national"], "mixed")
    return (
        pd.DataFrame(np.column_stack([general, shares]), index=index, columns=list(GROUPS)),
        pd.Series(source, index=index, dtype="str"),
    )


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of a table by code; a table made by hand may be wrong."""
    problems: list[Found] = []
    frame = table.set_index("village_code") if "village_code" in table.columns else table
    frame = frame.rename(index=str)
    if not set(VULNERABLE_GROUPS) & set(frame.columns):
        found = Message("columns {names}", names=", ".join(map(str, frame.columns)))
        expected = Message("some of {names}", names=", ".join(VULNERABLE_GROUPS))
        problems.append((ColumnError, _of_the_table(found, expected)))
    shares = frame.reindex(columns=list(VULNERABLE_GROUPS))
    repeated = frame.index[frame.index.duplicated()].unique()
    if len(repeated):
        found = Message("codes that repeat: {codes}", codes=", ".join(map(str, repeated[:5])))
        problems.append((InputError, _of_the_table(found, Message("one row per village"))))
    for name in VULNERABLE_GROUPS:
        values = pd.to_numeric(shares[name], errors="coerce")
        wrong = (shares[name].notna() & values.isna()) | (values < 0) | (values > 1)
        for code in shares.index[wrong]:
            found = Message("{value}", value=repr(shares.loc[code, name]))
            expected = Message("a share from 0 to 1")
            problems.append((InputError, _of_the_table(found, expected, name, code)))
        shares = shares.assign(**{name: values})
    for code in shares.index[shares.sum(axis=1) > 1 + _NOISE]:
        found = Message("{value} together", value=round(float(shares.loc[code].sum()), 6))
        expected = Message("shares of the people that sum to at most 1")
        problems.append((InputError, _of_the_table(found, expected, None, code)))
    raise_problems(problems)
    return shares


def _of_the_table(
    found: Message, expected: Message, column: str | None = None, row: Any = None
) -> Problem:
    """Return a problem of the table of vulnerable groups."""
    return Problem(
        found=found,
        expected=expected,
        remedy=Message("read the table with the read_ function of the package"),
        column=column,
        row=None if row is None else str(row),
    )


def group_totals(people: NDArray[np.int64], shares: pd.DataFrame) -> NDArray[np.int64]:
    """Split the whole people of each village into groups by largest remainder.

    Parameters
    ----------
    people
        Shape (n_villages,): evacuees of each village.
    shares
        From `village_shares`, a row per village.

    Returns
    -------
    ndarray of int64
        Shape (n_villages, n_groups); rows sum to `people`. Of equal remainders the vulnerable
        groups, in their order, come before the general one.

    Examples
    --------
    Of ten people 8 % are 0.8, 12 % 1.2, 8.5 % 0.85, 2 % 0.2, the others 6.95: floors 0, 1, 0, 0
    and 6, and the three people left go to 0.95, 0.85 and 0.8.

    >>> from resilience_geo import EvacuationAssumptions
    >>> shares, _ = village_shares(["99.01.01.2001"], None, EvacuationAssumptions())
    >>> group_totals(np.array([10]), shares).tolist()
    [[7, 1, 1, 1, 0]]
    """
    ideal = people[:, None] * shares[list(GROUPS)].to_numpy()
    floors = np.floor(ideal + _NOISE).astype(np.int64)
    # Rounding keeps float noise from deciding between equal remainders.
    remainder = np.round(np.maximum(ideal - floors, 0.0), 9)
    missing = people - floors.sum(axis=1)
    general_last = np.roll(np.arange(len(GROUPS)), -1)
    order = general_last[np.argsort(-remainder[:, general_last], axis=1, kind="stable")]
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(len(GROUPS))[None, :], axis=1)
    totals: NDArray[np.int64] = floors + (rank < missing[:, None])
    return totals


def split_by_group(
    village: NDArray[np.int64], evacuees: NDArray[np.int64], shares: pd.DataFrame
) -> NDArray[np.int64]:
    """Split the evacuees of each origin into groups of whole people.

    The groups of an origin sum to its evacuees, the origins of a village to its `group_totals`,
    and each number is its proportional share rounded down or up (see `controlled_rounding`).

    Parameters
    ----------
    village
        Shape (n_origins,): position of the village of each origin, in any order.
    evacuees
        Shape (n_origins,): whole people, 0 or more.
    shares
        From `village_shares`, a row per village.

    Returns
    -------
    ndarray of int64
        Shape (n_origins, n_groups), 0 or more. The rows do not depend on the order of the origins,
        except that origins of one village with equal evacuees share their rows out in their order.
    """
    people = np.bincount(village, weights=evacuees, minlength=len(shares)).astype(np.int64)
    return controlled_rounding(village, evacuees, group_totals(people, shares))


def people_needing_help(
    by_group: NDArray[np.int64], assumptions: EvacuationAssumptions
) -> NDArray[np.int64]:
    """Return how many people of each row need a helper; `by_group` has the columns `GROUPS`."""
    helped = [group.needs_helper for group in evacuating_groups(assumptions)]
    people: NDArray[np.int64] = by_group[:, helped].sum(axis=1)
    return people


def helpers_needed(
    village: NDArray[np.int64],
    needing_help: NDArray[np.int64],
    n_villages: int,
    *,
    people_per_helper: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the helpers each village needs, and the part of them each origin needs.

    Helpers are rounded up once per village: neighbours share a helper, and rounding up at every
    origin would ask for one per house. An origin's part is in proportion to its people and not
    whole; parts sum to the helpers of the village, also over any hamlet.

    Parameters
    ----------
    village
        Shape (n_origins,): position of the village of each origin.
    needing_help
        Shape (n_origins,): people who need a helper.
    n_villages
        Number of villages.
    people_per_helper
        People one helper leads; no standard was found.

    Returns
    -------
    per_village : ndarray of int64
        Whole helpers, shape (n_villages,).
    per_origin : ndarray of float64
        Helpers, shape (n_origins,).

    Examples
    --------
    Three houses with one person each need two helpers at two people per helper, not three:

    >>> per_village, per_origin = helpers_needed(
    ...     np.array([0, 0, 0]), np.array([1, 1, 1]), 1, people_per_helper=2.0
    ... )
    >>> per_village.tolist(), per_origin.round(2).tolist()
    ([2], [0.67, 0.67, 0.67])
    """
    people = np.bincount(village, weights=needing_help, minlength=n_villages)
    per_village = np.ceil(people / people_per_helper - _NOISE).astype(np.int64)
    each = np.divide(per_village, people, out=np.zeros(n_villages), where=people > 0)
    return per_village, each[village] * needing_help


def village_groups(
    codes: Sequence[str],
    village: NDArray[np.int64],
    by_group: NDArray[np.int64],
    source: pd.Series[str],
    assumptions: EvacuationAssumptions,
) -> pd.DataFrame:
    """Return the evacuees of each village by group, who of them needs help, and the helpers.

    Parameters
    ----------
    codes
        Village codes, in the order of the plan.
    village, by_group
        Position of the village of each origin, and its evacuees from `split_by_group`.
    source
        From `village_shares`.
    assumptions
        Who needs a helper, and people per helper.

    Returns
    -------
    DataFrame
        Index `village_code`; columns `GROUPS` (people), `need_help_people`, `helpers` (people) and
        `shares_from` ("table", "national", "mixed").
    """
    index = pd.Index([str(code) for code in codes], name="village_code", dtype="str")
    people = np.zeros((len(index), len(GROUPS)), dtype=np.int64)
    np.add.at(people, village, by_group)
    table = pd.DataFrame(people, index=index, columns=list(GROUPS))
    needing = people_needing_help(people, assumptions)
    table["need_help_people"] = needing
    table["helpers"] = helpers_needed(
        np.arange(len(index)), needing, len(index), people_per_helper=assumptions.people_per_helper
    )[0]
    table["shares_from"] = source.to_numpy()
    return table


def group_notes(table: pd.DataFrame, assumptions: EvacuationAssumptions) -> list[Message]:
    """Return what must be said beside the numbers of `village_groups`."""
    notes = [
        Message(
            "The vulnerable groups are taken as separate. A person may be of two of them, old and "
            "with a disability: {people} people who need a helper are the most there can be.",
            people=int(table["need_help_people"].sum()),
        ),
        Message(
            "One helper for {people:g} people is an assumption; no standard was found.",
            people=assumptions.people_per_helper,
        ),
    ]
    national = int((table["shares_from"] == "national").sum())
    if national:
        notes.append(
            Message(
                "The vulnerable groups of {count} villages are national shares, not a count of "
                "their people.",
                count=national,
            )
        )
    mixed = int((table["shares_from"] == "mixed").sum())
    if mixed:
        notes.append(
            Message(
                "Some of the vulnerable groups of {count} villages are national shares, not a "
                "count of their people.",
                count=mixed,
            )
        )
    return notes
