"""Which tax rates hold: dated in two senses, by place, class of supply and class of customer.

A rate holds from a date on (`valid_from`, half-open `end`), and it is known from a date on
(`recorded_on`). A later record of the same rate replaces the earlier one, so that a rate which
was announced and then withdrawn never holds, and what was known on a day can still be asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeVar


class Status(StrEnum):
    """What became of a rate: only what is enacted is charged."""

    ENACTED = "enacted"
    SUSPENDED = "suspended"
    REPEALED = "repealed"


class How(StrEnum):
    """How a tax is worked out from its base: a ratio of it, a ratio of base and tax together
    (`t = b·r/(1−r)`), or so much for each unit."""

    RATIO = "ratio"
    GROSS_UP = "gross_up"
    PER_UNIT = "per_unit"


class Kind(StrEnum):
    """What sort of tax it is; withholding is kept back by whoever pays and is in no invoice."""

    VAT = "vat"
    EXCISE = "excise"
    SALES = "sales"
    UNIVERSAL_SERVICE = "usf"
    GROSS_RECEIPTS = "gross_receipts"
    LEVY = "levy"
    WITHHOLDING = "withholding"


class Category(StrEnum):
    """Why a tax is what it is, by the code list of EN 16931 (UNCL 5305)."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"


class Reverse(StrEnum):
    """When the customer accounts for the tax instead: never, when the seller is established
    abroad, or on every supply to a registered business."""

    NEVER = ""
    ABROAD = "abroad"
    BUSINESS = "business"


class Dated(Protocol):
    """A rate as a pack or a table holds it."""

    @property
    def jurisdiction(self) -> str: ...
    @property
    def tax(self) -> str: ...
    @property
    def tax_class(self) -> str: ...
    @property
    def customer_class(self) -> str: ...
    @property
    def sequence(self) -> int: ...
    @property
    def valid_from(self) -> date: ...
    @property
    def end(self) -> date | None: ...
    @property
    def recorded_on(self) -> date: ...
    @property
    def status(self) -> str: ...


D = TypeVar("D", bound=Dated)


def jurisdictions(place: str) -> list[str]:
    """The jurisdictions that a place is in, widest first: `US-ZZ-Lake` is in `US`, `US-ZZ`
    and itself. A code's parent is what stands before its last dash."""
    parts = place.split("-")
    return ["-".join(parts[:count]) for count in range(1, len(parts) + 1)]


def in_force(
    rows: Iterable[D],
    *,
    place: str,
    tax_class: str,
    day: date,
    customer_class: str = "",
    known_on: date | None = None,
) -> list[D]:
    """The rates on a class of supply at a place on a tax point, as they stack.

    Of each tax there is one at most: the narrowest jurisdiction's, before that of all
    customers the one for this class of customer, and then the one that began last. Records
    made after `known_on` are not believed yet; without it, all are.
    """  # fmt: skip
    chain = jurisdictions(place)
    latest: dict[tuple[str, str, str, date], D] = {}
    for row in rows:
        here = row.tax_class == tax_class and row.jurisdiction in chain
        if not here or row.customer_class not in ("", customer_class):
            continue
        if known_on is not None and row.recorded_on > known_on:
            continue
        key = (row.jurisdiction, row.tax, row.customer_class, row.valid_from)
        if key not in latest or latest[key].recorded_on <= row.recorded_on:
            latest[key] = row
    best: dict[str, D] = {}
    for row in latest.values():
        if row.status != Status.ENACTED or not _covers(row, day):
            continue
        if row.tax not in best or _weight(best[row.tax], chain) < _weight(row, chain):
            best[row.tax] = row
    return sorted(best.values(), key=lambda row: (row.sequence, row.tax))


def _covers(row: Dated, day: date) -> bool:
    return row.valid_from <= day and (row.end is None or day < row.end)


def _weight(row: Dated, chain: list[str]) -> tuple[int, bool, date]:
    return chain.index(row.jurisdiction), row.customer_class != "", row.valid_from
