"""Whole numbers in a two-way table whose rows and columns keep their sums."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GOLDEN = (5.0**0.5 - 1.0) / 2.0


def controlled_rounding(
    block: NDArray[np.int64], row_people: NDArray[np.int64], totals: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Share out the people of rows over groups so that rows and group totals are met exactly.

    Each number is its proportional share (people of the row x total of the group / people of the
    block) rounded down or up; where it is whole, it stays. Such a rounding always exists (Cox
    1987, Journal of the American Statistical Association 82, 520-524). Here rows are rounded by
    systematic sampling, and what a group then lacks is mended by exchanges within rows. All is
    counted in whole numbers, so that every machine gives the same answer.

    Parameters
    ----------
    block
        Shape (n_rows,): the table each row belongs to (its village), in any order.
    row_people
        Shape (n_rows,): whole people, 0 or more.
    totals
        Shape (n_blocks, n_groups): whole people of each group, 0 or more; a block's groups sum to
        its rows.

    Returns
    -------
    ndarray of int64
        Shape (n_rows, n_groups), 0 or more. It does not depend on the order of the rows, except
        that rows of one block with equal people share their numbers out in their order.

    Examples
    --------
    Three houses of 3, 2 and 1 people, of whom 4 walk alone and 2 do not: 2 : 1, then 4/3 : 2/3
    and 2/3 : 1/3, rounded down or up to sum to 4 and 2.

    >>> table = controlled_rounding(np.zeros(3, int), np.array([3, 2, 1]), np.array([[4, 2]]))
    >>> table[0].tolist(), table.sum(axis=0).tolist(), table.sum(axis=1).tolist()
    ([2, 1], [4, 2], [3, 2, 1])
    """
    people = totals.sum(axis=1)
    order = np.lexsort((np.arange(block.size), -row_people, block))
    of_block = block[order]
    everyone = np.maximum(people, 1)[of_block]
    whole, rest = np.divmod(row_people[order][:, None] * totals[of_block], everyone[:, None])
    sizes = np.bincount(block, minlength=len(totals))
    starts = np.cumsum(sizes) - sizes
    extra = _systematic(rest, everyone, np.arange(block.size) - starts[of_block])
    rounded = whole + extra
    missing = totals - _column_sums(rounded, sizes, starts)
    for one in np.flatnonzero(missing.any(axis=1)):
        rows = slice(int(starts[one]), int(starts[one] + sizes[one]))
        rounded[rows] += _balanced(extra[rows], rest[rows], missing[one]) - extra[rows]
    result = np.empty_like(rounded)
    result[order] = rounded
    return result


def _column_sums(
    rounded: NDArray[np.int64], sizes: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the people of each group in each block; rows lie block by block."""
    until = np.vstack([np.zeros((1, rounded.shape[1]), np.int64), np.cumsum(rounded, axis=0)])
    sums: NDArray[np.int64] = until[starts + sizes] - until[starts]
    return sums


def _systematic(
    rest: NDArray[np.int64], everyone: NDArray[np.int64], rank: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Round each row's fractions to 0 or 1 so that the row keeps its sum.

    Parameters
    ----------
    rest, everyone
        Fractions as numerators, shape (n, n_groups), and their denominator, shape (n,); a row of
        fractions sums to a whole number.
    rank
        Number of the row in its block. Rows start their count at points that the golden ratio
        spreads evenly, so that over many rows each group gets nearly its due.
    """
    start = np.floor(np.modf(rank * _GOLDEN)[0] * everyone).astype(np.int64)
    counted = (np.cumsum(rest, axis=1) + start[:, None]) // everyone[:, None]
    rounded: NDArray[np.int64] = np.diff(counted, axis=1, prepend=0)
    return rounded


def _balanced(
    extra: NDArray[np.int64], rest: NDArray[np.int64], missing: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Exchange rounded-up people within rows of one block until each group has its total.

    A row may give from group g to group h where g was rounded up, h was not, and h has a fraction.
    Such exchanges lead from every group that has too many to one that has too few, if need be by
    way of others, because the fractions themselves are a solution.
    """
    extra, missing = extra.copy(), missing.copy()
    while missing.any():
        given = extra == 1
        free = ~given & (rest > 0)
        possible = given.T.astype(np.int64) @ free.astype(np.int64) > 0
        path = _way_through_groups(possible, missing)
        for source, target in pairwise(path):
            rows = np.flatnonzero(
                (extra[:, source] == 1) & (extra[:, target] == 0) & (rest[:, target] > 0)
            )
            row = rows[np.argmax(rest[rows, target] - rest[rows, source])]
            extra[row, [source, target]] = 0, 1
        missing[path[0]] += 1
        missing[path[-1]] -= 1
    return extra


def _way_through_groups(possible: NDArray[np.bool_], missing: NDArray[np.int64]) -> list[int]:
    """Return the shortest chain of exchanges from a group with too many to one with too few."""
    paths = [[int(group)] for group in np.flatnonzero(missing < 0)]
    seen = {path[0] for path in paths}
    for path in paths:
        if missing[path[-1]] > 0:
            return path
        for other in np.flatnonzero(possible[path[-1]]):
            if int(other) not in seen:
                seen.add(int(other))
                paths.append([*path, int(other)])
    message = "a controlled rounding of a two-way table always exists"
    raise AssertionError(message)  # pragma: no cover
