"""Money offered against what is open: pure, and never more than there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from waya.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Offer:
    """Money of a customer to be settled on a day; nothing, to spend credit alone.

    `cause` is the audit record that led to it.
    """

    key: int
    customer_id: int
    money: Money
    on: date
    cause: int | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """Where an offer went: to invoices by id, to what had been written off of invoices
    (`recovered`), and the rest to customer credit.

    They add up to the offer.
    """

    allocations: tuple[tuple[int, Money], ...]
    credit: Money
    recovered: tuple[tuple[int, Money], ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """An invoice, or a pro forma, and what is missing on it (above zero, minor units). Pro
    formas of one `bill` that follow one another are covered together or not at all."""

    id: int
    missing: int
    bill: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """What one document gets: from the money that came, and from credit, in minor units."""

    id: int
    money: int
    credit: int


@dataclass(slots=True)
class Verdict:
    """How money and credit are used: on invoices, on pro formas that they cover, on what was
    written off, and what is left of each, in minor units."""

    invoices: list[Use] = field(default_factory=list)
    covered: list[Use] = field(default_factory=list)
    recovered: list[Use] = field(default_factory=list)
    money_left: int = 0
    credit_left: int = 0


def settle(
    money: int,
    credit: int,
    *,
    invoices: Sequence[Open],
    pro_formas: Sequence[Open],
    tolerance: int,
    lost: Sequence[Open] = (),
) -> Verdict:
    """Use money and credit, oldest first: invoices in part or whole, then pro formas whole.

    Credit is older than the money that just came, so it goes first. A pro forma is covered
    when at most `tolerance`, and a tenth of it, is missing: what is rounded off a month would
    be half of what three hours cost. A bill of several is covered as one. What is not stops
    those after it. What was `lost` to write-offs gets money, never credit, and only once nothing
    else waits for it. Whatever comes in is used or left over, never lost.
    """
    verdict = Verdict(money_left=money, credit_left=credit)
    for invoice in invoices:
        use = _take(verdict, invoice)
        if use.money or use.credit:
            verdict.invoices.append(use)
    for _, bill in groupby(pro_formas, key=lambda one: one.bill or one.id):
        asked = list(bill)
        missing = sum(one.missing for one in asked)
        needed = max(missing - min(tolerance, missing // 10), min(missing, 1))
        if verdict.money_left + verdict.credit_left < needed:
            break
        verdict.covered += [_take(verdict, one) for one in asked]
    if len(verdict.covered) == len(pro_formas):
        for one in lost:
            came = min(verdict.money_left, one.missing)
            if came:
                verdict.money_left -= came
                verdict.recovered.append(Use(one.id, came, 0))
    return verdict


def _take(verdict: Verdict, wished: Open) -> Use:
    credit = min(verdict.credit_left, wished.missing)
    money = min(verdict.money_left, wished.missing - credit)
    verdict.credit_left -= credit
    verdict.money_left -= money
    return Use(wished.id, money, credit)
