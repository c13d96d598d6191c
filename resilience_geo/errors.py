"""Errors that say what was found, what was expected, and what to do about it.

Every error of the package is a `ResilienceGeoError` and also the builtin a caller would guess
(`ValueError`, `LookupError`, `OSError`, ...). An error holds one or more `Problem` values, so that
a reader can report everything that is wrong with a file at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable


class Message(str):
    """Text that remembers its template, so that a command can show it in another language.

    Parameters
    ----------
    template
        English text with `{name}` placeholders.
    values
        What fills the placeholders.
    """

    __slots__ = ("template", "values")

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, **values: object) -> Self:
        """Fill the template and keep it."""
        text = super().__new__(cls, template.format(**values))
        text.template = template
        text.values = values
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling and copying as template and values, never filled twice."""
        return _message, (self.template, self.values)


def _message(template: str, values: dict[str, object]) -> Message:
    """Make a message again from what it was made of."""
    return Message(template, **values)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong with an input, and the way to mend it.

    Parameters
    ----------
    found
        What is there.
    expected
        What should be there.
    remedy
        What the user can do.
    file, layer, column, row
        Where it is, as far as it is known. `row` is the row of the table as its file counts it,
        from 0, or the key of the row.
    """

    found: str
    expected: str
    remedy: str
    file: str | None = None
    layer: str | None = None
    column: str | None = None
    row: str | int | None = None

    @property
    def place(self) -> str:
        """Where the problem lies, as text; empty when it is not tied to a file."""
        parts = [self.file] if self.file else []
        parts += [
            f"{name} {value}"
            for name, value in (("layer", self.layer), ("column", self.column), ("row", self.row))
            if value is not None
        ]
        return ", ".join(parts)

    def __str__(self) -> str:
        """Return the problem as one paragraph of three sentences."""
        place = f"{self.place}: " if self.place else ""
        return f"{place}found {self.found}; expected {self.expected}. Remedy: {self.remedy}."


class ResilienceGeoError(Exception):
    """Root of every error the package raises on purpose.

    Parameters
    ----------
    problems
        Everything that is wrong, in the order it was met.
    """

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (
            (problems,) if isinstance(problems, Problem) else tuple(problems)
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling with all problems, as worker processes need it."""
        return type(self), (self.problems,)


class InputError(ResilienceGeoError, ValueError):
    """An input cannot be used as it is."""


class InputFileError(ResilienceGeoError, OSError):
    """A file is missing, truncated, or not of a kind that can be read."""


class ColumnError(ResilienceGeoError, LookupError):
    """A table lacks a column, or it is not clear which column is meant."""


class CrsError(InputError):
    """A coordinate reference system is missing or cannot be used."""


class UnitError(InputError):
    """A unit is missing, unknown, or does not fit the values."""


class OverlapError(InputError):
    """Layers that should lie over one another do not."""


class NetworkError(InputError):
    """The roads do not make a network that people could use."""


class ShelterError(ResilienceGeoError, LookupError):
    """No shelter is left that people could be sent to."""


class AssumptionError(ResilienceGeoError, ValueError):
    """An assumption has an impossible value, or a name that does not exist."""


class OutputError(ResilienceGeoError, OSError):
    """A result cannot be written."""


class DependencyError(ResilienceGeoError, ImportError):
    """An optional package is needed and not installed."""


def raise_problems(problems: Iterable[tuple[type[ResilienceGeoError], Problem]]) -> None:
    """Raise one error for all problems found; do nothing when there is none.

    Parameters
    ----------
    problems
        Pairs of the error class a problem would deserve alone, and the problem.

    Raises
    ------
    ResilienceGeoError
        Of the one class all problems share, else `InputError`.
    """
    found = list(problems)
    if not found:
        return
    kinds = {kind for kind, _ in found}
    kind = kinds.pop() if len(kinds) == 1 else InputError
    raise kind(problem for _, problem in found)
