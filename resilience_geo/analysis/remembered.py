"""What is worked out once for a network and used again for as long as the network lives.

A run over many villages asks the same network many times, block after block: its trees for looking
up the nearest road, its sparse graphs and its trees of ways depend on the roads and not on the
people. They are kept beside the network, not in it, so that it stays a frozen value that is copied
and sent without them; when the network goes, they go.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_Kept = TypeVar("_Kept")
# By the number of the owner: the owner, watched and not held, and what is kept of each kind.
_KEPT: dict[int, tuple[weakref.ref[Any], dict[str, dict[Any, Any]]]] = {}


def remembered(
    owner: object,
    kind: str,
    key: Hashable,
    make: Callable[[], _Kept],
    *,
    at_most: int = 4,
    fits: Callable[[_Kept], bool] | None = None,
) -> _Kept:
    """Return what was made before for an owner, or make it and keep it as long as the owner lives.

    Parameters
    ----------
    owner
        A frozen value; two that are equal but not the same do not share.
    kind
        What is kept.
    key
        All it depends on besides the owner.
    make
        Makes it; what it returns must not hold the owner, which would never go then.
    at_most
        How many of a kind are kept at once; the oldest goes first.
    fits
        Says whether what was made is small enough to be kept; None: always.
    """
    number = id(owner)
    found = _KEPT.get(number)
    if found is None or found[0]() is not owner:
        watch = weakref.ref(owner, lambda gone: _forget(number, gone))
        found = _KEPT[number] = (watch, {})
    of_kind = found[1].setdefault(kind, {})
    if key not in of_kind:
        made = make()
        if fits is not None and not fits(made):
            return made
        while len(of_kind) >= at_most:
            of_kind.pop(next(iter(of_kind)), None)
        of_kind[key] = made
        return made
    kept: _Kept = of_kind[key]
    return kept


def _forget(number: int, gone: weakref.ref[Any]) -> None:
    """Drop what was kept for an owner that is gone, unless its number has a new owner already."""
    found = _KEPT.get(number)
    if found is not None and found[0] is gone:
        del _KEPT[number]
