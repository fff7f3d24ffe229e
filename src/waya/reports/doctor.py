"""The invariants of the whole, over live data: what the simulator asserts daily and
`waya doctor` asks in production.

Each check reads, changes nothing, and says in words what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Coalesce

from waya.billing.models import Credit, CreditNote, Invoice, ProForma, WriteOff
from waya.billing.queries.ageing import unlike_their_invoices
from waya.billing.queries.deferred import roll_forward
from waya.billing.queries.fiscal import device_states, rejected
from waya.billing.queries.standings import judge
from waya.billing.rules.dunning import Standing
from waya.kernel import clock
from waya.ledger.models import JournalEntry
from waya.ledger.queries.balances import (
    party_balances,
    trial_balance,
    unbalanced,
    unlike_their_lines,
)
from waya.messaging.models import Message
from waya.network.models import Router
from waya.org.models import Approval, DailyRun, Entity
from waya.org.policy import chosen
from waya.payments.models import Notification, Payment
from waya.payments.rules.booking import source
from waya.reports.policy import DoctorPolicy
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import RUNNING

SHOWN = 5
_LONG = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant, whether it holds, and what is wrong if not."""

    name: str
    ok: bool
    detail: str = ""


def findings(entity: Entity) -> list[Finding]:
    """Every invariant over an entity's live data, in order from the books to the wire."""
    return [Finding(name, not wrong, wrong) for name, wrong in (
        (name, check(entity)) for name, check in CHECKS.items()
    )]  # fmt: skip


def _balanced(entity: Entity) -> str:
    sums: dict[str, int] = {}
    for row in trial_balance(entity.pk):
        sums[row.amount.currency] = sums.get(row.amount.currency, 0) + row.amount.minor
    off = {currency: minor for currency, minor in sums.items() if minor}
    crooked = unbalanced(entity.pk)
    if off or crooked:
        return f"sums {off}; entries without lines or balance: {_some(crooked)}"
    return ""


def _added_up(entity: Entity) -> str:
    """What triggers keep beside rows is what the rows come to."""
    wrong = unlike_their_lines(entity.pk) + unlike_their_invoices(entity.pk)
    return _some(wrong) if wrong else ""


def _deferred(entity: Entity) -> str:
    """Nothing is in the account but what was billed in advance and is not recognised; an
    entry by hand is told."""
    far = date.max - timedelta(days=31)
    rows = roll_forward(entity.pk, since=far, through=far)
    off = [row.opening for row in rows if row.revenue == "deferred"]
    told: dict[str, int] = {one.currency: one.minor for one in off}
    for row in rows:
        if row.revenue != "deferred":
            currency = row.opening.currency
            told[currency] = told.get(currency, 0) - row.opening.minor
    wrong = [f"{minor} {currency} beyond them" for currency, minor in told.items() if minor]
    return _some(wrong) if wrong else ""


def _receivable(entity: Entity) -> str:
    booked = party_balances(entity.pk, purpose="receivable")
    rows = Invoice.objects.filter(entity=entity, paid_minor__lt=F("total_minor")).values(
        "customer_id", "currency"
    )
    owed = {
        (row["customer_id"], row["currency"]): row["left"]
        for row in rows.annotate(left=Sum(F("total_minor") - F("paid_minor")))
    }
    return _differences(booked, owed)


def _credit(entity: Entity) -> str:
    booked = party_balances(entity.pk, purpose="customer_credit")
    rows = Credit.objects.filter(customer__entity=entity).exclude(amount_minor=0)
    held = {(row.customer_id, row.currency): -row.amount_minor for row in rows}
    return _differences(booked, held)


def _recovered(entity: Entity) -> str:
    """Each loss was made good by its own recoveries, and the books have nothing else there."""
    purpose = "bad_debts_recovered"
    booked = sum(row.amount.minor for row in trial_balance(entity.pk) if row.purpose == purpose)
    losses = WriteOff.objects.filter(invoice__entity=entity).annotate(
        came=Coalesce(Sum("recoveries__amount_minor"), 0)
    )
    wrong = losses.exclude(came=F("recovered_minor")).values_list("invoice__number", flat=True)
    held = losses.aggregate(held=Sum("recovered_minor"))["held"] or 0
    if wrong:
        return f"not made good by what came: {_some(list(wrong))}"
    return "" if -booked == held else f"booked {-booked}, came {held}"


def _suspense(entity: Entity) -> str:
    booked = sum(row.amount.minor for row in trial_balance(entity.pk) if row.purpose == "suspense")
    held = _unmatched(entity).aggregate(held=Sum("amount_minor"))["held"] or 0
    return "" if -booked == held else f"booked {-booked}, held {held}"


def _unmatched(entity: Entity) -> QuerySet[Payment]:
    return Payment.objects.filter(entity=entity, customer=None)


def _old_suspense(entity: Entity) -> str:
    policy = chosen(DoctorPolicy, entity.pk)
    before = clock.now() - timedelta(days=policy.suspense_days)
    old = _unmatched(entity).filter(taken_at__lt=before).values_list("transaction", flat=True)
    return f"older than {policy.suspense_days} days: {_some(list(old))}" if old else ""


def _one_entry(entity: Entity) -> str:
    payments = {
        source(*row)
        for row in Payment.objects.filter(entity=entity).values_list(
            "provider", "account", "transaction"
        )
    }
    posted = set(
        JournalEntry.objects.filter(entity=entity, source__in=payments).values_list(
            "source", flat=True
        )
    )
    return (
        f"payments without an entry: {_some(sorted(payments - posted))}"
        if payments - posted
        else ""
    )


def _standings(entity: Entity) -> str:
    """As of the last day whose cut-off was worked through; those that wait for a person, that
    something spared then or spares now, or that fell behind since, are not wrong."""
    last = DailyRun.objects.filter(entity=entity, kind__contains="cut_off").order_by("-day").first()
    waits = Approval.objects.filter(
        entity=entity, kind="cut_off", state__in=(Approval.WAITING, Approval.GRANTED)
    )
    if last is None or waits.exists():
        return ""
    customers = Subscription.objects.filter(entity=entity, state__in=RUNNING).values_list(
        "customer_id", flat=True
    )
    judged = judge(entity.pk, customers, last.day)
    shut = (Standing.CUT_OFF, Standing.OFF)
    wrong = [one for one in judged if one.standing not in shut and one.was in shut]
    free = [one for one in judged if one.tonight in shut and one.was not in shut]
    spared = sum(last.outcome.get("spared", {}).values(), last.outcome.get("money_in_flight", 0))
    wrong += free if len(free) > spared else []
    return (
        f"as of {last.day}: "
        + _some([f"#{w.subscription_id} {w.was}, not {w.standing}" for w in wrong])
        if wrong
        else ""
    )


def _agreeing(entity: Entity) -> str:
    """The subscription and what its router should hold are one: walled is walled."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select s.username from subscriptions_subscription s"
            " left join network_desiredaccess d on d.owner = s.public_id"
            " where s.entity_id = %s and s.state in ('active', 'suspended')"
            " and (d.id is null or d.ended or d.restricted <> (s.state = 'suspended'))",
            [entity.pk],
        )
        wrong = [name for (name,) in cursor.fetchall()]
    return f"wanted otherwise than subscribed: {_some(wrong)}" if wrong else ""


def _confirmed(entity: Entity) -> str:
    policy = chosen(DoctorPolicy, entity.pk)
    before = clock.real_now() - timedelta(minutes=policy.unconfirmed_minutes)
    behind = Router.objects.filter(
        entity=entity, trouble="", access__confirmed_at=None, access__conflict_since=None,
        access__since__lt=before,
    ).distinct()  # fmt: skip
    names = list(behind.values_list("name", flat=True))
    return f"reachable, and do not hold what they should: {_some(names)}" if names else ""


def _gapless(entity: Entity) -> str:
    numbers = {
        "invoices": Invoice.objects.filter(entity=entity).values_list("number", flat=True),
        "credit notes": CreditNote.objects.filter(entity=entity).values_list("number", flat=True),
        "pro formas": ProForma.objects.filter(entity=entity).values_list("number", flat=True),
        "receipts": Payment.objects.filter(entity=entity).values_list("receipt_number", flat=True),
    }
    return "; ".join(
        f"{kind}: {gap}" for kind, rows in numbers.items() if (gap := _gap(list(rows)))
    )


def _gap(numbers: list[str]) -> str:
    """What is missing of each series: branches number by themselves."""
    taken: dict[str, set[int]] = {}
    for number in numbers:
        series, _, place = number.rpartition("-")
        taken.setdefault(series, set()).add(int(place))
    missing = [
        f"{series}-{place:06d}"
        for series, places in sorted(taken.items())
        for place in sorted(set(range(1, len(places) + 1)) - places)
    ]
    return f"{_some(missing)} missing" if missing else ""


def _worked_off(entity: Entity) -> str:
    policy = chosen(DoctorPolicy, entity.pk)
    before = clock.real_now() - timedelta(seconds=policy.waiting_seconds)
    waiting = Notification.objects.filter(
        merchant__entity=entity, state=Notification.WAITING, received_at__lt=before
    ).count()
    unsent = Message.objects.filter(entity=entity, state=Message.WAITING, attempts__gt=3).count()
    told = [f"{waiting} notifications wait"] if waiting else []
    told += [f"{unsent} messages were tried more than three times"] if unsent else []
    return "; ".join(told)


def _differences(booked: dict[tuple[int, str], int], counted: dict[tuple[int, str], int]) -> str:
    off = [
        f"customer {key[0]}: books {booked.get(key, 0)}, documents {counted.get(key, 0)} {key[1]}"
        for key in sorted({*booked, *counted})
        if booked.get(key, 0) != counted.get(key, 0)
    ]
    return _some(off) if off else ""


def _some(wrong: list[str] | list[int]) -> str:
    shown = ", ".join(str(one) for one in wrong[:SHOWN])
    return shown + (f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")


def _fiscal(entity: Entity) -> str:
    """What the tax authority refused stands until a person has mended it; so does a control unit
    that stopped, and what it has not answered for in a day is looked into."""
    found = [
        f"{one.device.branch.name} is stopped: {one.device.trouble}"
        if one.device.trouble
        else f"{one.device.branch.name} waits since {one.oldest:%Y-%m-%d}: {one.said}"
        for one in device_states(entity.pk)
        if one.device.trouble or (one.oldest and clock.real_now() - one.oldest > _LONG)
    ]
    refused = list(rejected(entity.pk).values_list("reference", flat=True)[: SHOWN + 50])
    return "; ".join([*found, *([f"refused: {_some(refused)}"] if refused else [])])


CHECKS: dict[str, Callable[[Entity], str]] = {
    "every entry balances, and so do the books": _balanced,
    "sums kept beside rows are those of the rows": _added_up,
    "the deferred account is what was billed in advance, less what was recognised": _deferred,
    "the receivable account is what the open invoices lack": _receivable,
    "the customer credit account is what customers are owed": _credit,
    "what was recovered of written-off debts is what came for them": _recovered,
    "the suspense account is the payments without a customer": _suspense,
    "nothing stands in suspense for long": _old_suspense,
    "every payment has its entry": _one_entry,
    "document numbers have no gaps": _gapless,
    "who is behind is walled, and nobody else": _standings,
    "what routers should hold is what is subscribed": _agreeing,
    "routers that can be reached hold what they should": _confirmed,
    "what came in and what is to go out is worked off": _worked_off,
    "the tax authority has all it is owed, and refused nothing": _fiscal,
}
