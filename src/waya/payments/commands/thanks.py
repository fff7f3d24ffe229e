"""Tell whoever paid what became of their money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from django.db import transaction

from waya.billing.policy import DunningPolicy
from waya.billing.queries.accounts import Account, accounts
from waya.kernel import clock
from waya.kernel.money import Money
from waya.messaging.commands import send_many
from waya.messaging.rules.words import Say, day_words, first_name, moment_words, sum_words
from waya.network.models import Router
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.org.policy import chosen
from waya.parties.models import Customer
from waya.parties.queries import phones_of
from waya.payments.models import Payment
from waya.payments.queries.records import effects, records
from waya.payments.rules.thanks import thanks
from waya.subscriptions.models import Subscription

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class _Known:
    """What the messages of a batch may name."""

    entity: Entity
    effects: dict[int, set[str]]
    accounts: dict[int, Account]
    subscriptions: dict[int, list[Subscription]]
    phones: dict[int, str]
    tolerance_minor: int


def thank(*, entity_id: int, by: Actor) -> int:
    """Tell the payers of everything that was booked or matched since the last time.

    Each is told once what came of it: welcome, paid until, back online, or what is still
    missing. Who typed an account that nobody has is told so if the provider shows their
    phone. Gives how many payments were looked at.
    """
    by = replace(by.must("payments.thank"), entity_id=entity_id)
    done = 0
    while count := _thank_some(entity_id, by):
        done += count
    return done


@transaction.atomic
def _thank_some(entity_id: int, by: Actor) -> int:
    rows = list(
        Payment.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
        .filter(entity_id=entity_id, thanked_at=None).select_related("customer")
        .order_by("pk")[:_AT_ONCE]
    )  # fmt: skip
    if not rows:
        return 0
    known = _look_up(entity_id, rows)
    says = [_say(row, row.customer, known) if row.customer else _nobody(row) for row in rows]
    send_many(says=[one for one in says if one is not None], by=by)
    Payment.objects.filter(pk__in=[row.pk for row in rows]).update(thanked_at=clock.real_now())
    return len(rows)


def _look_up(entity_id: int, rows: Sequence[Payment]) -> _Known:
    customers = {row.customer_id for row in rows if row.customer_id is not None}
    causes = records("payment", [row.pk for row in rows], ("payment.taken", "payment.matched"))
    told = effects(causes.values(), customers)
    subscriptions: dict[int, list[Subscription]] = {}
    for one in Subscription.objects.filter(
        customer_id__in=customers, state=Subscription.ACTIVE
    ).select_related("router").order_by("pk"):  # fmt: skip
        subscriptions.setdefault(one.customer_id, []).append(one)
    return _Known(
        entity=Entity.objects.get(pk=entity_id),
        effects={key: told.get(cause, set()) for key, cause in causes.items()},
        accounts=accounts(entity_id, customers),
        subscriptions=subscriptions,
        phones=phones_of(customers),
        tolerance_minor=chosen(DunningPolicy, entity_id).tolerance_minor,
    )


def _say(row: Payment, customer: Customer, known: _Known) -> Say | None:
    phone = known.phones.get(customer.pk)
    if phone is None:
        return None
    mine = known.subscriptions.get(customer.pk, [])
    until = _until(mine, customer.language, known.entity.zone)
    away = next((one.router for one in mine if one.router.trouble), None)
    missing = known.accounts[customer.pk].to_pay
    key = thanks(
        known.effects.get(row.pk, set()),
        has_until=bool(until),
        router_away=away is not None,
        missing_minor=missing.minor if missing.minor > known.tolerance_minor else 0,
    )
    values = {
        "name": first_name(customer.name),
        "amount": sum_words(Money(row.amount_minor, row.currency)),
        "receipt": row.transaction,
        "account": customer.account_number,
        "missing": sum_words(missing),
        "username": mine[-1].username if mine else "",
        **until,
        **_away(away, known.entity.zone),
    }
    return Say(entity_id=row.entity_id, to=phone, key=key, language=customer.language,
               values=values, once=_once(row), customer_id=customer.pk)  # fmt: skip


def _until(mine: Sequence[Subscription], language: str, zone: str) -> dict[str, str]:
    """Until when what ends first is paid: a day, or by the hour a time."""
    day = min((one.paid_through for one in mine if one.paid_through), default=None)
    timed = min((one.paid_until for one in mine if one.paid_until), default=None)
    if timed is not None:
        local = timed.astimezone(ZoneInfo(zone))
        if day is None or local.date() < day:
            return {"until": moment_words(local, clock.today(zone), language)}
    return {"until": day_words(day, language)} if day else {}


def _away(router: Router | None, zone: str) -> dict[str, str]:
    if router is None:
        return {}
    since = (router.trouble_since or clock.real_now()).astimezone(ZoneInfo(zone))
    return {"place": router.place or router.name, "since": f"{since:%H:%M}"}


def _nobody(row: Payment) -> Say | None:
    """Money of nobody we know: M-PESA masks the payer as a rule, and then only a person can
    find them."""
    if not (row.payer.isdigit() and 9 <= len(row.payer) <= 15):
        return None
    values = {
        "amount": sum_words(Money(row.amount_minor, row.currency)),
        "receipt": row.transaction,
        "typed": row.account_typed or "-",
    }
    return Say(row.entity_id, f"+{row.payer}", "wrong_account", "en", values, _once(row))


def _once(row: Payment) -> str:
    return f"matched:{row.pk}" if row.matched_at else f"paid:{row.pk}"
