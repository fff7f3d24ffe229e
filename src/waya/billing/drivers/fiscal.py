"""What a tax authority's driver promises, and the words it translates into.

A driver translates and never decides: when to send, in which order and what follows an answer
is the outbox's matter. It is chosen by name from the entry points of the group `waya.fiscal`.
`compose` is pure: the text that it gives is stored and sent again byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Item:
    """Something we sell: its revenue purpose (`revenue:internet`) and its place in our list."""

    revenue: str
    letter: str
    sequence: int


@dataclass(frozen=True, slots=True)
class FiscalLine:
    """A line as the customer was billed; `vat_percent` is None when no VAT stands on it.

    Minor units. `category` is EN 16931's: `E` exempt, `AE` reverse charge.
    """

    revenue: str
    name: str
    gross_minor: int
    vat_minor: int
    vat_percent: Decimal | None
    category: str = "S"


@dataclass(frozen=True, slots=True)
class FiscalSale:
    """An issued document to record; a credit note names the number of what it credits."""

    reference: str
    issued_at: datetime
    customer_name: str
    customer_tax_number: str
    paid: bool
    lines: Sequence[FiscalLine]
    credits_number: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """A control unit as an installation has it set up; `choices` are the driver's own."""

    base_url: str
    tax_number: str
    branch_code: str = "00"
    control_unit: str = ""
    key: str = field(repr=False, default="")
    choices: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Activation:
    """What a control unit is once the authority has accepted it; `key` is a secret."""

    control_unit: str
    key: str = field(repr=False, default="")


class Outcome(StrEnum):
    """What an answer means for a document.

    DOUBT: it may be recorded. LATER: it was surely not processed, and may pass as it is.
    KNOWN: the authority has a document of this number already. REFUSED: this document will
    never pass as it is. BLOCKED: nothing will pass before a person has looked.
    """

    RECORDED = "recorded"
    KNOWN = "known"
    DOUBT = "doubt"
    LATER = "later"
    REFUSED = "refused"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the authority returns for a recorded document, and the customer's copy shows."""

    fiscal_number: str
    signature: str
    internal: str
    signed_at: datetime | None
    verify_url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in our words, with the authority's own code and text."""

    outcome: Outcome
    code: str
    text: str
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A row of the document's tax table by the authority's codes; taxable as the authority
    counts it."""

    code: str
    percent: Decimal
    taxable: Decimal
    tax: Decimal


class Unfit(ValueError):
    """A document that the authority's format cannot carry; nothing was sent."""


class FiscalDriver(Protocol):
    """A tax authority that records documents one by one, in order, for one control unit."""

    def activate(self, serial: str) -> Activation:
        """Have a control unit accepted; raises FiscalError when it is not."""

    def letter(self, line: FiscalLine) -> str:
        """The authority's tax code of a line; raises Unfit."""

    def item_code(self, item: Item) -> str:
        """How the authority will know an item."""

    def register(self, item: Item) -> Answer:
        """Tell the authority of an item; again does no harm."""

    def compose(
        self, sale: FiscalSale, *, number: int, items: Mapping[tuple[str, str], str]
    ) -> str:
        """The exact text to send for a document; `items` are codes by revenue and tax code.
        Raises Unfit."""

    def submit(self, body: str) -> Answer:
        """Send a composed text; never raises for what the network or the authority does."""

    def verify_url(self, signature: str) -> str:
        """Where whoever has a document's signature can see it; empty without one."""

    def tax_table(self, body: str) -> list[TaxCode]:
        """The tax table that a composed text tells."""


class FiscalError(Exception):
    """The authority said no to a control unit, or was not reached."""
