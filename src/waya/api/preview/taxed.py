"""The taxes of what is previewed: by the day that counts, for whom, and of which class."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from waya.api.preview.asked import PreviewAsked, TaxAsked
from waya.api.preview.customer import exemptions
from waya.api.preview.faults import fault
from waya.api.preview.made import exact, whole
from waya.billing.queries.taxes.assessed import Priced, assess
from waya.billing.rules.engine.documents import Document
from waya.billing.rules.engine.events import Event, day_of
from waya.billing.rules.engine.late_fees import Bill as Owing
from waya.billing.rules.engine.late_fees import LateFee, Paid, fee_line, late_fees
from waya.billing.rules.engine.line import Line
from waya.billing.rules.engine.terms import BillingTerms
from waya.billing.rules.tax import Rate, Stack, Taxed
from waya.billing.rules.tax.documents import Line as TaxLine
from waya.billing.rules.tax.documents import RoundedBy, taxes_inside, taxes_on_top
from waya.billing.rules.tax.supply import Supply, carried
from waya.catalog.models import TaxRate
from waya.catalog.queries import rates_recorded
from waya.catalog.rules.rates import How
from waya.kernel.errors import Refused
from waya.kernel.money import Money, total
from waya.kernel.periods import Period
from waya.org.words import words

UNTAXED = Stack(())


class Taxes:
    """What a question says of taxes, read once: `stack` gives those of a class on a day."""

    def __init__(self, asked: PreviewAsked, events: Iterable[Event], seller: str) -> None:
        self.asked, self.seller = asked, seller
        plans = [event.plan for event in events if event.plan is not None]
        self.classes = {
            (plan.code, charge.code): charge.tax_class or asked.tax_class
            for plan in plans
            for phase in plan.phases
            for charge in (*plan.charges, *(phase.charges or ()))
        }
        if asked.policy.late_fee is not None:
            self.classes["", "late_fee"] = asked.policy.late_fee.tax_class
        _refuse_both(asked)
        self.known: dict[tuple[str, int], Stack] = {}
        self.exempt = exemptions(asked.customer, asked.place or "")
        named = sorted({asked.tax_class, *self.classes.values()} - {""})
        self.recorded: list[TaxRate] = (
            [] if asked.place is None else list(rates_recorded(asked.place, named))
        )
        self.given = _given(asked)
        self.turns = self._turns()

    def stack(self, line: Line, day: date) -> Stack:
        """The taxes that a line carries when its tax point is a day."""
        tax_class = self.classes.get((line.plan, line.charge), self.asked.tax_class)
        if line.kind == "deposit" or not tax_class:
            return UNTAXED
        place = (tax_class, bisect_right(self.turns, day))
        found = self.known.get(place)
        if found is None:
            found = self.known[place] = self._stack(tax_class, day)
        return found

    def _stack(self, tax_class: str, day: date) -> Stack:
        if self.asked.place is None:
            rates = [
                rate for one, rate in self.given
                if (one.start is None or one.start <= day) and (one.end is None or day < one.end)
                and (not one.tax_classes or tax_class in one.tax_classes)
            ]  # fmt: skip
            return Stack(rates)
        supply = Supply(
            place=self.asked.place, day=day, seller=self.seller,
            customer_class=self.asked.customer.customer_class,
            tax_number=self.asked.customer.tax_number or "", exemptions=self.exempt,
        )  # fmt: skip
        mine = [row for row in self.recorded if row.tax_class == tax_class]
        found = carried(mine, tax_class, supply)
        if not found.stack:  # asked as a document is, for the words of its refusal
            nothing = Priced(Money(0, self.asked.currency), tax_class)
            inclusive = self.asked.tax_inclusive
            assess([nothing], supply, inclusive=inclusive, rounding=RoundedBy.LINE)
        return found.stack

    def _turns(self) -> list[date]:
        """The days on which rates change; between two of them all days are alike."""
        days = {one for row in self.recorded for one in (row.valid_from, row.end)}
        days |= {one for tax, _ in self.given for one in (tax.start, tax.end)}
        days |= {one for paper in self.exempt for one in (paper.valid_from, paper.end)}
        return sorted(one for one in days if one is not None)


@dataclass(frozen=True, slots=True)
class Bill:
    """A document with the taxes of its lines."""

    document: Document
    taxed: list[Taxed]


def bills(issued: Sequence[Document], taxes: Taxes) -> list[Bill]:
    """The documents with their taxes, by the tax point that was asked for."""
    asked = taxes.asked
    point, work = asked.policy.tax_point, taxes_inside if asked.tax_inclusive else taxes_on_top
    found = []
    try:
        turns = taxes.turns if point == "split" else []
        for one in issued:
            if turns:
                parted = tuple(part for line in one.lines for part in _parted(line, turns))
                one = replace(one, lines=parted)
            lines = [
                TaxLine(line.amount, taxes.stack(line, _tax_day(line, point)), _units(line))
                for line in one.lines
            ]
            found.append(Bill(one, work(lines, asked.policy.tax_rounding)))
    except Refused as refusal:
        at = {"no_tax_class": "tax_class", "bounds_by_line": "policy"}.get(refusal.code, "place")
        raise fault(words(refusal), at) from refusal
    return found


def with_late_fees(billed: Sequence[Bill], taxes: Taxes, terms: BillingTerms) -> list[Bill]:
    """The same with what is asked for because some of it was not paid in time."""
    asked = taxes.asked
    how = asked.policy.late_fee
    if how is None:
        if asked.payments:
            raise fault("Payments matter for late fees: policy has none.", "payments")
        return list(billed)
    where = ("policy", "late_fee", "amount")
    fee = LateFee(
        how.after_days, whole(how.amount, asked.currency, *where),
        Fraction(how.percent or 0) / 100,
    )  # fmt: skip
    if not fee.amount_minor and not fee.ratio:
        raise fault("A late fee has an amount, a percentage, or both.", *where)
    paid = [
        Paid(one.on, None if one.amount is None
             else whole(one.amount, asked.currency, "payments", at, "amount"))
        for at, one in enumerate(asked.payments)
    ]  # fmt: skip
    owing = [
        Owing(day_of(one.document.on), day_of(one.document.due_on),
              sum(taxed.gross.minor for taxed in one.taxed))
        for one in billed
    ]  # fmt: skip
    found = late_fees(owing, paid, fee, terms, asked.until)
    if not found:
        return list(billed)
    by_day: dict[date, list[Line]] = {day_of(one.document.on): [*one.document.lines]
                                      for one in billed}  # fmt: skip
    for one in found:
        by_day.setdefault(one.on, []).append(fee_line(one, terms))
    every = [
        Document(day, day + timedelta(days=terms.due_days), tuple(lines),
                 total((line.amount for line in lines), asked.currency))
        for day, lines in sorted(by_day.items())
    ]  # fmt: skip
    return bills(every, taxes)


def _units(line: Line) -> int:
    """What taxes that are so much a unit count: whole units, at least one."""
    return max(1, int(line.quantity))


def _tax_day(line: Line, point: str) -> date:
    """The day whose rates a line carries; a credit carries those of its charge."""
    match point:
        case "invoice":
            return day_of(line.charged.on if line.charged else line.invoice_on)
        case "period_start" if line.charged:
            return day_of(line.charged.start)
        case "period_end" if line.period.end > line.period.start:
            return day_of(line.period.end - line.period.end.resolution)
        case _:
            return day_of(line.period.start)


def _parted(line: Line, turns: Sequence[date]) -> list[Line]:
    """A line cut at the days on which rates change, its amount shared out by days."""
    start, end = day_of(line.period.start), day_of(line.period.end)
    marks = [start, *(day for day in turns if start < day < end), end]
    if len(marks) == 2:
        return [line]
    days = [(later - earlier).days for earlier, later in pairwise(marks)]
    amounts = line.amount.split(days)
    return [
        replace(
            line, amount=amount, period=Period(since, until),
            exact=line.exact * Fraction(many, sum(days)),
            share=replace(
                line.share, units=line.share.units * Fraction(many, sum(days)),
                ratio=line.share.ratio * Fraction(many, sum(days)),
            ),
            why=line.why | {"cut": "taxes change within the period"},
        )
        for amount, many, (since, until) in zip(amounts, days, pairwise(marks), strict=True)
    ]  # fmt: skip


def _refuse_both(asked: PreviewAsked) -> None:
    if asked.place is not None and asked.taxes:
        raise fault("Give taxes or a place, not both.", "taxes")
    if asked.place is None:
        for name in ("customer", "seller"):
            if name in asked.model_fields_set:
                raise fault("It matters for the taxes of a place: give one.", name)


def _given(asked: PreviewAsked) -> list[tuple[TaxAsked, Rate]]:
    """The taxes that were asked with, as rates; each is named by its place in the list."""
    found: list[tuple[TaxAsked, Rate]] = []
    for at, one in enumerate(asked.taxes):
        if (one.percent is None) == (one.amount is None):
            raise fault("Give percent or amount.", "taxes", at, "percent")
        if one.start is not None and one.end is not None and one.end <= one.start:
            raise fault("It ends before it begins.", "taxes", at, "end")
        found.append((one, _rate(one, at, asked)))
    return found


def _rate(one: TaxAsked, at: int, asked: PreviewAsked) -> Rate:
    by_unit = one.amount is not None
    return Rate(
        f"{at}", one.name, Fraction(one.percent or 0) / 100, one.law,
        how=How.PER_UNIT if by_unit else How.RATIO,
        on=_base(one, at, asked), share=Fraction(one.share) / 100,
        per_unit_minor=exact(one.amount, asked.currency) if one.amount else Fraction(0),
        rounding=one.rounding, quantum_minor=_quantum(one, at, asked), sequence=at, rate_id=at,
    )  # fmt: skip


def _quantum(one: TaxAsked, at: int, asked: PreviewAsked) -> int:
    if one.quantum is None:
        return 1
    minor = whole(one.quantum, asked.currency, "taxes", at, "quantum")
    if minor < 1:
        raise fault("It is more than nothing.", "taxes", at, "quantum")
    return minor


def _base(one: TaxAsked, at: int, asked: PreviewAsked) -> tuple[str, ...] | None:
    if one.on == "stack":
        return None
    if one.on == "net":
        return ()
    before = [tax.name for tax in asked.taxes[:at]]
    for place, name in enumerate(one.on):
        if name not in before:
            raise fault(f"No tax before this one is called {name}.", "taxes", at, "on", place)
    return tuple(f"{place}" for place, name in enumerate(before) if name in one.on)
