"""What became of an invoice: paid, credited or written off, wholly or in part. One rule for every
list, page, document and answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class State(StrEnum):
    """In a person's words: `org.templatetags.states`."""

    OPEN = "open"
    OVERDUE = "overdue"
    PART_PAID = "part_paid"
    PART_CREDITED = "part_credited"
    PAID = "paid"
    PAID_AND_CREDITED = "paid_and_credited"
    CREDITED = "credited"
    WRITTEN_OFF = "written_off"
    PART_WRITTEN_OFF = "part_written_off"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Gone:
    """What took from an invoice without being money, in minor units.

    `credited` is all that credit notes gave back, also of what had been paid; `applied` is what
    of that settled the invoice. `written_off` is what was given up, and `recovered` what of that
    came after all.
    """

    credited: int = 0
    applied: int = 0
    written_off: int = 0
    recovered: int = 0


NOTHING_GONE = Gone()


def paid_with_money(settled: int, gone: Gone) -> int:
    """What of an invoice payments and the customer's credit paid, of what settled it."""
    return settled - gone.applied - gone.written_off


def state_of(*, total: int, settled: int, gone: Gone, due_on: date, today: date) -> State:
    """What an invoice of `total` is, of which `settled` is not asked for any more.

    While something is missing, that it is late says more than what was paid of it. Once nothing
    is, a loss says more than a credit, and a credit more than a payment; a loss that was made
    good as a whole is one no more.
    """
    if settled < total:
        if due_on < today:
            return State.OVERDUE
        if not settled:
            return State.OPEN
        return State.PART_PAID if paid_with_money(settled, gone) else State.PART_CREDITED
    if gone.written_off:
        if gone.recovered == gone.written_off:
            return State.RECOVERED
        return State.WRITTEN_OFF if gone.written_off == total else State.PART_WRITTEN_OFF
    if gone.credited:
        return State.CREDITED if gone.credited == total else State.PAID_AND_CREDITED
    return State.PAID
