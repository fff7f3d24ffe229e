"""Ask for prepaid periods before they begin: pro formas, which are no tax documents."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from waya.billing.models import ProForma
from waya.billing.policy import BillingPolicy
from waya.billing.queries.lives.due import due_of
from waya.billing.queries.lives.first import first_bill
from waya.billing.queries.lives.worked import work_out
from waya.billing.queries.pricing import PriceList
from waya.billing.queries.taxes.buyers import as_asked_of, buyers
from waya.billing.rules.drafts import DraftLine, Paper, again, papers
from waya.billing.rules.drafts import asked as keep
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.commands.numbering import next_numbers
from waya.org.policy import chosen
from waya.org.rows.among import among
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import RUNNING


@transaction.atomic
def quote(*, subscription_id: int, on: date, by: Actor) -> ProForma:
    """Ask for the first period of a subscription that begins today, and until it is paid.

    Asking again on the same day gives the same pro forma; a later day lapses the earlier
    one, whose days have passed. Refuses `subscription_running` once it was paid, and
    `begins_free` and `nothing_to_ask` where nothing is to be paid to begin.
    """
    by = by.must("billing.quote")
    row = Subscription.objects.select_related("plan", "entity", "customer").get(pk=subscription_id)
    if row.state != Subscription.PENDING:
        raise Refused("subscription_running", username=row.username)
    known = ProForma.objects.filter(subscription=row, start=on, state=ProForma.OPEN).first()
    if known:
        return known
    ProForma.objects.filter(subscription=row, state=ProForma.OPEN).update(state=ProForma.LAPSED)
    first = first_bill(row, on)
    if not first.lines and first.since > on:
        raise Refused("begins_free", on=first.since.isoformat())
    if not first.lines:
        raise Refused("nothing_to_ask", plan=row.plan.name)
    free_until = first.since if first.since > on else None
    return ask(asked=[(row, first.lines)], on=on, by=by, free_until=free_until)[0]


@transaction.atomic
def offer_hours(
    *, subscription_ids: Sequence[int], by: Actor, state: str = ProForma.OFFERED
) -> list[ProForma]:
    """Offer the next hours of running subscriptions that are paid by the hour: whoever pays
    them, whenever, has them. What is to end gets no offer, and what has one keeps it."""
    by = by.must("billing.quote")
    waiting = ProForma.objects.filter(subscription=OuterRef("pk"), state__in=ProForma.PAYABLE)
    rows = list(
        Subscription.objects.filter(
            ~Exists(waiting), pk__in=subscription_ids, state__in=RUNNING, next_on=None,
            plan__unit="hour",
        ).select_related("plan", "entity", "customer").order_by("pk")
    )  # fmt: skip
    if not rows:
        return []
    entity = rows[0].entity
    today = clock.today(entity.zone)
    due = {row.pk: due_of(row, today, today.day) for row in rows}
    prices = PriceList({row.plan for row in rows}, entity.country)
    how = chosen(BillingPolicy, entity.pk)
    worked = work_out(list(due.values()), prices, how, today, arrears=False)
    lines = {one.row.id: again(line for lines in one.documents for line in lines) for one in worked}
    asked = [(row, lines[row.pk]) for row in rows if lines.get(row.pk)]
    return ask(asked=asked, on=today, by=by, state=state)


@dataclass(frozen=True, slots=True)
class _Wished:
    """A line to ask for: whose, and what stands on it."""

    row: Subscription
    told: Mapping[str, Any]

    @property
    def paper(self) -> Paper | None:
        """What is asked of a customer from the same day; hours stand alone."""
        return None if "seconds" in self.told["why"] else (self.row.customer_id, self.told["start"])


@transaction.atomic
def ask(
    *, asked: Sequence[tuple[Subscription, tuple[DraftLine, ...]]], on: date, by: Actor,
    state: str = ProForma.OPEN, beside: Collection[int] | None = None,
    free_until: date | None = None,
) -> list[ProForma]:  # fmt: skip
    """Issue pro formas of one entity: no tax document, nothing is posted. One that is only
    offered asks nobody, and nothing is said of it. The subscriptions come with their customers,
    whose branches number them. Gives a row for each, in order.

    With one bill for each customer (`one_bill`), what is asked of one from the same day is one
    document with a number and a line for each; what was asked of them from that day before is
    withdrawn and stands on it too, for the same sum. `beside` are the customers of whom
    something else may be open, where the caller knows; of nobody else is it asked. Hours are a
    document by themselves: they are had from the moment at which they are paid. What is charged
    once before a trial buys the days until it is over (`free_until`).
    """
    by = by.must("billing.quote")
    if not asked:
        return []
    apart = buyers(row.customer_id for row, _ in asked)
    if apart:
        asked = [
            (row, as_asked_of(lines, apart.get(row.customer_id), row.entity_id))
            for row, lines in asked
        ]
    wished = [_Wished(row, _told(lines, free_until)) for row, lines in asked]
    found = _papers(wished, state, beside)
    branches = [lines[0].row.customer.branch_id for lines in found]
    numbers = next_numbers(branches=branches, kind="pro_forma", by=by)
    rows = ProForma.objects.bulk_create(
        [
            ProForma(
                entity_id=one.row.entity_id,
                customer_id=one.row.customer_id,
                subscription=one.row,
                number=numbered.number,
                line=place,
                issuer_id=numbered.issuer_id,
                issued_on=on,
                state=state,
                **one.told,
            )
            for lines, numbered in zip(found, numbers, strict=True)
            for place, one in enumerate(lines, start=1)
        ]
    )
    if state == ProForma.OPEN:
        record_many(by, [_happened(list(lines)) for _, lines in groupby(rows, _number)])
    made = {row.subscription_id: row for row in rows}
    return [made[row.pk] for row, _ in asked]


def _papers(
    wished: Sequence[_Wished], state: str, beside: Collection[int] | None
) -> list[list[_Wished]]:
    """What is asked for by document, in order: a line each, unless policy gathers them."""
    one_bill = chosen(BillingPolicy, wished[0].row.entity_id).one_bill
    if state != ProForma.OPEN or not one_bill:
        return [[one] for one in wished]
    return papers([*wished, *_withdrawn(wished, beside)], lambda one: one.paper)


def _withdrawn(wished: Sequence[_Wished], beside: Collection[int] | None) -> list[_Wished]:
    """Withdraw what was asked of customers before, for other subscriptions from the same days
    on, so that it is asked for together with these."""
    days = {one.paper for one in wished if one.paper}
    owners = {owner for owner, _ in days if beside is None or owner in beside}
    if not owners:
        return []
    fresh = {one.row.pk for one in wished}
    rows = [
        row
        for row in ProForma.objects.filter(customer_id__in=among(owners), state=ProForma.OPEN)
        .select_related("subscription__customer").order_by("pk")
        if (row.customer_id, row.start) in days and row.subscription_id not in fresh
        and "seconds" not in row.why
    ]  # fmt: skip
    ProForma.objects.filter(pk__in=[row.pk for row in rows]).update(state=ProForma.LAPSED)
    return [_Wished(row.subscription, {name: getattr(row, name) for name in _TOLD}) for row in rows]


_TOLD = ("start", "end", "currency", "total_minor", "why")
_number = attrgetter("number")


def _happened(lines: Sequence[ProForma]) -> Happened:
    """A document was issued, of so many lines."""
    first = lines[0]
    why = {
        "number": first.number, "minor": sum(one.total_minor for one in lines),
        "currency": first.currency, "from": first.start.isoformat(),
        "until": max(one.end for one in lines).isoformat(),
    }  # fmt: skip
    if len(lines) > 1:
        why["lines"] = len(lines)
    return Happened("pro_forma.issued", ("pro_forma", first.pk), first.customer_id, why=why)


def _told(lines: tuple[DraftLine, ...], free_until: date | None) -> dict[str, Any]:
    why = keep(lines)
    return {
        "start": date.fromisoformat(why["from"]),
        "end": free_until or date.fromisoformat(why["until"]),
        "currency": why["currency"],
        "total_minor": sum(line.charged.sums[2] for line in lines),
        "why": why,
    }
