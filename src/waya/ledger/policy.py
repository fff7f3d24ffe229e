"""Business choices of the books."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class BooksPolicy:
    """When a fiscal year begins: on the first day of a month, 1 for January."""

    policy_name: ClassVar[str] = "ledger.books"

    year_begins_month: int = 1
