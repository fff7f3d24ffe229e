"""What a day's billing would do, to whom, and what is unlike last time: nothing is written.

The lines come from `queries.due`, which is where the run has them from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
from waya.billing.queries.taxes.buyers import as_asked_of, buyers, drafts_as_bought
from waya.billing.rules.drafts import Draft, DraftLine
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
    """All documents of a kind together, and what the same subscriptions paid the last time."""

    documents: int = 0
    amount_minor: int = 0
    before_minor: int = 0
    unseen: int = 0


@dataclass(slots=True)
class Rehearsal:
    """A day's billing before it happens. `kinds` are `invoices` and `pro_formas`; `plans` the
    same by plan; `outliers` are those that differ most from their last time, the furthest
    first; `faults` are those who could not be billed, or would wait for a person, and why."""

    on: date
    currency: str
    kinds: dict[str, Kind] = field(default_factory=dict)
    plans: dict[str, Kind] = field(default_factory=dict)
    outliers: list[Bill] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)


def rehearse(
    entity_id: int, on: date, progress: Callable[[int], None] = lambda done: None
) -> Rehearsal:
    """What `bill` would do as of a day that may lie ahead, by the subscriptions as they are
    now. Several periods that pass until then are several documents."""
    day = billing_of(entity_id, on)
    found = Rehearsal(on, day.entity.currency)
    looked_at = 0
    after = used(day)
    for kind, due, work in (
        ("invoices", passed(day), _invoiced),
        *([] if after is None else [("invoices", after, _metered)]),
        ("pro_formas", lapsing(day), _asked),
    ):
        search = Search.of(due)
        for customers in search.chunks(_AT_ONCE):
            rows = search.rows(customers)
            _add(found, day, kind, list(_tried(day, rows, work, found)))
            looked_at += len(rows)
            progress(looked_at)
    return found


_Made = tuple[Due, tuple[DraftLine, ...]]
_Work = Callable[[Billing, Sequence[Due]], Iterable[_Made]]


def _invoiced(day: Billing, rows: Sequence[Due]) -> Iterator[_Made]:
    """By subscription, also where several share an invoice."""
    return _parted(day, rows, to_invoice(day, rows).drafts)


def _metered(day: Billing, rows: Sequence[Due]) -> Iterator[_Made]:
    return _parted(day, rows, to_meter(day, rows)[0])


def _parted(day: Billing, rows: Sequence[Due], drafts: Sequence[Draft]) -> Iterator[_Made]:
    by_id = {row.id: row for row in rows}
    found = buyers(row.customer_id for row in rows)
    for draft in drafts_as_bought(drafts, found, day.entity.pk) if found else drafts:
        parts: dict[int, list[DraftLine]] = {}
        for line in draft.lines:
            if line.subscription_id is not None:
                parts.setdefault(line.subscription_id, []).append(line)
        for key, lines in parts.items():
            yield by_id[key], tuple(lines)


def _asked(day: Billing, rows: Sequence[Due]) -> Iterator[_Made]:
    found = buyers(row.customer_id for row in rows)
    for one in to_ask(day, rows):
        yield one.row, as_asked_of(one.lines, found.get(one.row.customer_id), day.entity.pk)


def _tried(day: Billing, rows: Sequence[Due], work: _Work, found: Rehearsal) -> Iterator[_Made]:
    """As the run does: when some fail, halve until the bad one is alone."""
    try:
        made = list(work(day, rows))
    except (Refused, ValueError) as error:
        if len(rows) == 1:
            found.faults.append((rows[0].customer_id, str(error)))
            return
        half = len(rows) // 2
        yield from _tried(day, rows[:half], work, found)
        yield from _tried(day, rows[half:], work, found)
        return
    yield from made


def _add(found: Rehearsal, day: Billing, kind: str, made: list[_Made]) -> None:
    held = unlike_bills(chosen(BoundsPolicy, day.entity.pk),
                        ((row.customer_id, lines) for row, lines in made))  # fmt: skip
    found.faults += [(key, str(refusal)) for key, refusal in held.items()]
    made = [(row, lines) for row, lines in made if row.customer_id not in held]
    before = dict(ask(_BEFORE, [[row.id for row, _ in made]])) if made else {}
    bills = [_bill(found, kind, row, lines, before) for row, lines in made]
    for (row, _), one in zip(made, bills, strict=True):
        _count(found.kinds.setdefault(kind, Kind()), one)
        _count(found.plans.setdefault(day.plans[row.plan_id].name, Kind()), one)
    unlike = [one for one in bills if one.before is None or one.difference.minor]
    found.outliers = sorted([*found.outliers, *unlike], key=lambda one: -abs(one.difference.minor))[
        :OUTLIERS
    ]


def _bill(
    found: Rehearsal, kind: str, row: Due, lines: tuple[DraftLine, ...], before: dict[int, int]
) -> Bill:
    minor = sum(line.charged.sums[2] for line in lines)
    past = before.get(row.id)
    return Bill(
        row.id, row.customer_id, kind, lines[0].description, len(lines),
        Money(minor, found.currency), None if past is None else Money(past, found.currency),
    )  # fmt: skip


def _count(kind: Kind, one: Bill) -> None:
    kind.documents += 1
    kind.amount_minor += one.amount.minor
    kind.before_minor += one.before.minor if one.before else 0
    kind.unseen += one.before is None
