"""What a day's billing would do, to whom, and what is unlike last time: nothing is written.

The lines come from `queries.due`, which is where the run has them from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from waya.billing.policy import BoundsPolicy
from waya.billing.queries.due import (
    Billing,
    Search,
    billing_of,
    lapsing,
    passed,
    to_ask,
    to_invoice,
    to_meter,
    used,
)
from waya.billing.queries.lives.due import Due
from waya.billing.queries.lives.unlike import unlike_bills
from waya.billing.queries.taxes.buyers import as_asked_of, buyers
from waya.billing.rules.drafts import Draft, DraftLine, Paper, asked_for, papers
from waya.billing.rules.tax.buyers import Buyer
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.org.policy import chosen
from waya.org.rows.asking import ask

_AT_ONCE = 2000
OUTLIERS = 50

# What each was billed for the last period that it was billed for, credits aside.
_BEFORE = """
select l.subscription_id, sum(l.total_minor)::bigint
from (select subscription_id, max(start) as start from billing_invoiceline
      where subscription_id = any(%s) group by subscription_id) last
join billing_invoiceline l using (subscription_id, start)
group by l.subscription_id
"""


@dataclass(frozen=True, slots=True)
class Bill:
    """What one subscription would be billed or asked, with taxes, and what it was the last
    time; `before` is None for one that never was. `for_` is its first line, in words."""

    subscription_id: int
    customer_id: int
    kind: str
    for_: str
    lines: int
    amount: Money
    before: Money | None

    @property
    def difference(self) -> Money:
        """More (above zero) or less than the last time."""
        return self.amount - (self.before or Money(0, self.amount.currency))


@dataclass(slots=True)
class Kind:
    """The documents of a kind, or those with a line of a plan, together: how many papers, what
    they come to for each customer, and what the same subscriptions paid the last time. `unseen`
    are the subscriptions that never were billed."""

    documents: int = 0
    before_minor: int = 0
    unseen: int = 0
    customers: dict[int, int] = field(default_factory=dict)

    @property
    def amount_minor(self) -> int:
        """What they come to, taxes included, in minor units."""
        return sum(self.customers.values())

    def add(self, bills: Iterable[Bill]) -> None:
        """One more paper, with a bill for each subscription on it."""
        self.documents += 1
        for one in bills:
            owner = one.customer_id
            self.customers[owner] = self.customers.get(owner, 0) + one.amount.minor
            self.before_minor += one.before.minor if one.before else 0
            self.unseen += one.before is None


@dataclass(slots=True)
class Rehearsal:
    """A day's billing before it happens. `kinds` are `invoices` and `pro_formas`; `plans` the
    same by plan, where a paper for services of two plans counts for each; `outliers` are those
    that differ most from their last time, the furthest first; `faults` are those who could not
    be billed, or would wait for a person, and why."""

    on: date
    currency: str
    kinds: dict[str, Kind] = field(default_factory=dict)
    plans: dict[str, Kind] = field(default_factory=dict)
    outliers: list[Bill] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)


# A line of a paper: what one subscription is billed on it.
_Part = tuple[Due, tuple[DraftLine, ...]]
_Paper = list[_Part]
_Work = Callable[[Billing, Sequence[Due]], list[_Paper]]


def rehearse(
    entity_id: int, on: date, progress: Callable[[int], None] = lambda done: None
) -> Rehearsal:
    """What `bill` would do as of a day that may lie ahead, by the subscriptions as they are
    now: the same papers for the same sums. Several periods that pass until then are several
    documents."""
    day = billing_of(entity_id, on)
    found = Rehearsal(on, day.entity.currency)
    looked_at = 0
    after = used(day)
    for kind, due, work in (
        ("invoices", passed(day), _invoices),
        *([] if after is None else [("invoices", after, _metered)]),
        ("pro_formas", lapsing(day), _pro_formas),
    ):
        search = Search.of(due)
        for customers in search.chunks(lambda: _AT_ONCE):
            rows = search.rows(customers)
            _add(found, day, kind, _tried(day, rows, work, found))
            looked_at += len(rows)
            progress(looked_at)
    return found


def _invoices(day: Billing, rows: Sequence[Due]) -> list[_Paper]:
    return _parted(rows, to_invoice(day, rows).drafts)


def _metered(day: Billing, rows: Sequence[Due]) -> list[_Paper]:
    return _parted(rows, to_meter(day, rows)[0])


def _parted(rows: Sequence[Due], drafts: Sequence[Draft]) -> list[_Paper]:
    """Each with its lines by subscription, also where several share an invoice."""
    by_id = {row.id: row for row in rows}
    papers: list[_Paper] = []
    for draft in drafts:
        parts: dict[int, list[DraftLine]] = {}
        for line in draft.lines:
            if line.subscription_id is not None:
                parts.setdefault(line.subscription_id, []).append(line)
        papers.append([(by_id[key], tuple(lines)) for key, lines in parts.items()])
    return papers


def _pro_formas(day: Billing, rows: Sequence[Due]) -> list[_Paper]:
    """Each with a line for every service that is asked for from the same day."""
    asked = [(one.row, one.lines) for one in to_ask(day, rows)]
    return papers(asked, _place) if day.how.one_bill else [[one] for one in asked]


def _place(one: _Part) -> Paper | None:
    row, lines = one
    by_the_hour = "seconds" in lines[0].charged.why
    return None if by_the_hour else (row.customer_id, asked_for(lines).start)


def _tried(day: Billing, rows: Sequence[Due], work: _Work, found: Rehearsal) -> list[_Paper]:
    """As the run does: when some fail, halve until the bad customer is alone."""
    try:
        return work(day, rows)
    except (Refused, ValueError) as error:
        owners = list(dict.fromkeys(row.customer_id for row in rows))
        if len(owners) == 1:
            found.faults.append((owners[0], str(error)))
            return []
        first = set(owners[: len(owners) // 2])
        halves = (
            [row for row in rows if row.customer_id in first],
            [row for row in rows if row.customer_id not in first],
        )
        return [paper for half in halves for paper in _tried(day, half, work, found)]


def _add(found: Rehearsal, day: Billing, kind: str, made: list[_Paper]) -> None:
    parts = ((row.customer_id, lines) for paper in made for row, lines in paper)
    bounds, taxed_on = chosen(BoundsPolicy, day.entity.pk), _taxed_on(day, kind)
    held = unlike_bills(bounds, parts, entity_id=day.entity.pk, taxed_on=taxed_on)
    found.faults += [(key, str(refusal)) for key, refusal in held.items()]
    made = [paper for paper in made if paper[0][0].customer_id not in held]
    rows = [row for paper in made for row, _ in paper]
    before = dict(ask(_BEFORE, [[row.id for row in rows]])) if rows else {}
    apart = buyers(row.customer_id for row in rows)
    bills: list[Bill] = []
    for paper in made:
        own = [(row, _bill(day, kind, row, lines, before, apart)) for row, lines in paper]
        found.kinds.setdefault(kind, Kind()).add(one for _, one in own)
        plans: dict[str, list[Bill]] = {}
        for row, one in own:
            plans.setdefault(day.plans[row.plan_id].name, []).append(one)
        for name, of_plan in plans.items():
            found.plans.setdefault(name, Kind()).add(of_plan)
        bills += [one for _, one in own]
    unlike = [one for one in bills if one.before is None or one.difference.minor]
    found.outliers = sorted([*found.outliers, *unlike], key=lambda one: -abs(one.difference.minor))[
        :OUTLIERS
    ]


def _bill(
    day: Billing, kind: str, row: Due, lines: tuple[DraftLine, ...], before: dict[int, int],
    apart: dict[int, Buyer],
) -> Bill:  # fmt: skip
    buyer = apart.get(row.customer_id)
    lines = as_asked_of(lines, buyer, day.entity.pk, _taxed_on(day, kind))
    minor, past = sum(line.charged.sums[2] for line in lines), before.get(row.id)
    currency = day.entity.currency
    return Bill(
        row.id, row.customer_id, kind, lines[0].description, len(lines),
        Money(minor, currency), None if past is None else Money(past, currency),
    )  # fmt: skip


def _taxed_on(day: Billing, kind: str) -> date | None:
    """An invoice's taxes are those of the day it is issued, a pro forma's of what it asks for."""
    return day.on if kind == "invoices" else None
