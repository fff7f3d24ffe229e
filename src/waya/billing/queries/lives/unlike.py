"""Bills that are unlike what their customer had before: found before they are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from waya.billing.policy import BoundsPolicy
from waya.billing.queries.taxes.buyers import as_asked_of, buyers
from waya.billing.rules.bounds import OneBill, unlike
from waya.billing.rules.drafts import DraftLine
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.org.rows.asking import ask

# What the last invoice of each came to, and for how many days. The index by subscription and
# start finds the line, so it costs a few rows for each however long they have been customers.
_BEFORE = """
select s.id, sum(l.total_minor)::bigint, max(l."end") - min(l.start)
from unnest(%s::bigint[]) s(id) cross join lateral (
    select invoice_id from billing_invoiceline
    where subscription_id = s.id and start is not null order by start desc limit 1
) last join billing_invoiceline l on l.invoice_id = last.invoice_id and l.subscription_id = s.id
group by s.id
"""


def unlike_bills(
    bounds: BoundsPolicy, documents: Iterable[tuple[int, Sequence[DraftLine]]], *,
    entity_id: int, taxed_on: date | None = None,
) -> dict[int, Refused]:  # fmt: skip
    """Which customers a document is out of bounds for, and why: `bill_too_large`, or
    `bill_unlike` when it is so much more by the day than the last of the same subscription.

    `documents` are customers with the lines of each, measured with the taxes that they pay: on a
    day, or on the first of what is asked for. Without a bound for one bill nothing is looked at;
    with one it is a few queries for any number of them.
    """
    if not (bounds.one_percent or bounds.one_most_minor):
        return {}
    known = list(documents)
    apart = buyers(customer_id for customer_id, _ in known)
    parts = [
        (customer_id, key, as_asked_of(lines, apart.get(customer_id), entity_id, taxed_on))
        for customer_id, document in known
        for key, lines in _by_subscription(document).items()
    ]
    before = _before({key for _, key, _ in parts}) if bounds.one_percent else {}
    found: dict[int, Refused] = {}
    for customer_id, key, lines in parts:
        now, currency = _bill(lines), lines[0].charged.taxed.currency
        amount = Money(now.minor, currency)
        match unlike(now, before.get(key), percent=bounds.one_percent,
                     most_minor=bounds.one_most_minor):  # fmt: skip
            case "total":
                most = Money(bounds.one_most_minor, currency)
                found[customer_id] = Refused("bill_too_large", amount=amount, most=most)
            case "change":
                past = Money(before[key].minor, currency)
                found[customer_id] = Refused("bill_unlike", amount=amount, before=past)
    return found


def _by_subscription(document: Sequence[DraftLine]) -> dict[int, tuple[DraftLine, ...]]:
    parts: dict[int, list[DraftLine]] = {}
    for line in document:
        if line.subscription_id is not None:
            parts.setdefault(line.subscription_id, []).append(line)
    return {key: tuple(lines) for key, lines in parts.items()}


def _bill(lines: Sequence[DraftLine]) -> OneBill:
    periods = [line.charged.period for line in lines]
    days = (max(one.end for one in periods) - min(one.start for one in periods)).days
    return OneBill(sum(line.charged.sums[2] for line in lines), days)


def _before(keys: set[int]) -> dict[int, OneBill]:
    return {key: OneBill(minor, days) for key, minor, days in ask(_BEFORE, [sorted(keys)])}
