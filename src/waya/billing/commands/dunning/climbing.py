"""Climbing: fees, follow-ups and write-offs, each at most once for each debt."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from django.db import connection, transaction

from waya.billing.commands.dunning.write_offs import ask_first, end_walled, write_off_many
from waya.billing.commands.invoices import issue
from waya.billing.commands.notices import Notice, notify
from waya.billing.models import DunningAction, FollowUp, Invoice
from waya.billing.policy import RenewalPolicy
from waya.billing.queries.pricing import PriceList
from waya.billing.queries.tonight import nights
from waya.billing.rules.dunning_documents import late_fee
from waya.billing.rules.ladder.tonight import Step, key_of, told
from waya.billing.rules.ladder.values import Action
from waya.kernel import clock
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.policy import chosen
from waya.org.queries import entity_of
from waya.org.rows.changing import change_rows
from waya.parties.commands.customers import lock_customers

# Done here; a message is the reminders' to say, and walls are the cut-off's.
CLIMBED = (Action.FEE, Action.FOLLOW_UP, Action.WRITE_OFF)

_CLAIM = """
insert into billing_dunningaction
    (entity_id, customer_id, rung, debt, action, "on", done_at, amount_minor)
select %s, c, r, d, a, %s, %s, m
from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[]) as t (c, r, d, a, m)
on conflict (customer_id, rung, debt) do nothing returning id, customer_id, rung, debt
"""
_Key = tuple[int, str, str]


@transaction.atomic
def climb(
    *, entity_id: int, customer_ids: Collection[int], on: date, in_flight: Collection[int],
    by: Actor,
) -> dict[str, int]:  # fmt: skip
    """Do what the ladder says about some customers on a day, but for messages and walls.

    Judged under their locks by today's facts; what was done for a debt before is refused by
    the database, so that two at once do it once. `in_flight` are customers whose money may be
    on its way: nothing is done to them. Gives how many of each were done.
    """
    by = by.must("billing.dun")
    lock_customers(customer_ids=customer_ids, by=by)
    found = nights(entity_id, customer_ids, on, in_flight=in_flight)
    wished = [
        step for night in found.values() for step in night.steps if step.rung.action in CLIMBED
    ]
    claimed = claim(entity_id=entity_id, steps=wished, on=on, by=by)
    steps = [step for step in wished if key_of(step) in claimed]
    lost = [step for step in steps if step.rung.action is Action.WRITE_OFF]
    calls = [step for step in steps if step.rung.action is Action.FOLLOW_UP]
    fees = [step for step in steps if step.rung.action is Action.FEE]
    asked = _give_up(lost, on, by)
    _call(entity_id, calls, claimed, on, by)
    _charge(entity_id, fees, claimed, on, by)
    done = {"fees": len(fees), "follow_ups": len(calls), "written_off": len(lost) - asked,
            "asked": asked}  # fmt: skip
    return {name: count for name, count in done.items() if count}


@transaction.atomic(savepoint=False)
def claim(*, entity_id: int, steps: Sequence[Step], on: date, by: Actor) -> dict[_Key, int]:
    """Note that these steps are being taken; gives those that nobody took before, with the id
    of each one's row. In one statement, and whoever comes second gets nothing."""
    by.must("billing.dun")
    if not steps:
        return {}
    ordered = sorted(steps, key=key_of)
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [
            entity_id, on, clock.now(),
            [step.customer_id for step in ordered],
            [step.rung.key for step in ordered],
            [step.debt.key for step in ordered],
            [step.rung.action.value for step in ordered],
            [step.minor for step in ordered],
        ])  # fmt: skip
        return {(owner, rung, debt): key for key, owner, rung, debt in cursor.fetchall()}


def _give_up(steps: Sequence[Step], on: date, by: Actor) -> int:
    """Write off what the limit allows and ask about the rest; gives how many were asked."""
    keys = [step.debt.invoice_id for step in steps if step.debt.invoice_id is not None]
    rows = Invoice.objects.filter(pk__in=keys).select_related("customer").in_bulk()
    asks = [step for step in steps if step.asks]
    small = [rows[step.debt.invoice_id] for step in steps if not step.asks and
             step.debt.invoice_id is not None]  # fmt: skip
    reason = f"Not paid for {min((step.late for step in steps), default=0)} days or longer"
    write_off_many(invoices=small, reason=reason, on=on, by=by)
    end_walled(invoices=small, on=on, by=by)
    for step in asks:
        if step.debt.invoice_id is not None:
            words = f"Not paid for {step.late} days"
            ask_first(invoice=rows[step.debt.invoice_id], reason=words, ends=True, by=by)
    return len(asks)


def _call(
    entity_id: int, steps: Sequence[Step], claimed: Mapping[_Key, int], on: date, by: Actor
) -> None:
    currency = entity_of(entity_id).currency
    FollowUp.objects.bulk_create(
        FollowUp(
            cause_id=claimed[key_of(step)], entity_id=entity_id, customer_id=step.customer_id,
            words=step.rung.words or f"{step.late} days past due",
            owed_minor=step.debt.owed_minor, currency=currency, made_on=on,
        )
        for step in steps
    )  # fmt: skip
    record_many(by, [
        Happened("follow_up.asked", ("customer", step.customer_id), customer_id=step.customer_id,
                 why=told(step, currency))
        for step in steps
    ])  # fmt: skip


def _charge(
    entity_id: int, steps: Sequence[Step], claimed: Mapping[_Key, int], on: date, by: Actor
) -> None:
    """Issue the late fees as invoices, note which action charged which, and say so."""
    entity = entity_of(entity_id)
    prices = PriceList([], entity.country)
    due_days = chosen(RenewalPolicy, entity_id).due_days
    issued = issue(
        drafts=[
            late_fee(
                step,
                entity_id=entity_id,
                currency=entity.currency,
                rates=prices.rates(step.rung.tax_class, on),
                on=on,
                due_days=due_days,
            )
            for step in steps
        ],
        by=by,
    )
    rows = [
        DunningAction(pk=claimed[key_of(step)], invoice_id=one.id)
        for step, one in zip(steps, issued, strict=True)
    ]
    change_rows(rows, ["invoice"])
    notify(
        notices=[
            Notice(one.customer_id, "late_fee", Money(one.total_minor, one.currency), one.due_on,
                   f"late_fee:{one.id}")
            for one in issued
        ],
        by=by,
    )  # fmt: skip
