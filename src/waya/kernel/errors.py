"""The two ways in which something is not done: the business says no, or a rule is broken."""

from __future__ import annotations


class Refused(Exception):
    """The business says no. `code` is stable and translated by the surfaces into words.

    Nothing was written: a command that raises this has changed nothing. `details` fill
    the words and never hold a secret.
    """

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self.details.items())
        return f"{self.code} ({shown})" if shown else self.code


class NotYet(Refused):
    """The business says not now: nothing is wrong, and the same may be asked again soon."""


class CurrencyMismatch(ValueError):
    """Two amounts in different currencies were added or compared."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"{left} and {right} cannot be added")
