"""How a customer stands, gathered for the pages: which face, what is owed, since when and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from waya.billing.models import Invoice, ProForma
from waya.billing.queries.accounts import Account, account, open_invoices, open_pro_formas
from waya.billing.rules.dunning import lapse_due
from waya.kernel.money import Money
from waya.network.queries import AccessState, access_states
from waya.parties.models import Customer
from waya.payments.rules.prompts import whole_shillings
from waya.subscriptions.models import Subscription


class Face(StrEnum):
    """What the home page is about: pay, wait, or nothing."""

    PENDING = "pending"  # asked for, and never paid yet
    OFF = "off"
    RESTORING = "restoring"
    ONLINE = "online"
    NONE = "none"  # nothing is running


@dataclass(frozen=True, slots=True)
class Standing:
    """One customer: the subscription that decides the face, its access, the money.

    `to_pay` is what is asked of a phone: whole shillings. `due_on` is the first day on which
    something that is open falls due.
    """

    face: Face
    subscription: Subscription | None
    access: AccessState | None
    money: Account
    invoices: Sequence[Invoice]
    pro_formas: Sequence[ProForma]

    @property
    def to_pay(self) -> Money:
        """What brings everything in order, rounded up to what M-PESA can move."""
        return Money(whole_shillings(self.money.to_pay.minor), self.money.to_pay.currency)

    @property
    def due_on(self) -> date | None:
        """The first day on which something open falls due."""
        days = [row.due_on for row in self.invoices]
        days += [
            # What is asked by the hour is for now; of a period, the day before it.
            row.start if "seconds" in row.why else row.start - timedelta(days=1)
            for row in self.pro_formas
        ]
        return min(days, default=None)

    @property
    def paid_to(self) -> date | None:
        """The first day that is not paid for, or not yet billed; None by the hour."""
        row = self.subscription
        return (row.paid_through or row.billed_through) if row and not row.paid_until else None

    @property
    def paid_until(self) -> datetime | None:
        """By the hour, the moment up to which it is paid."""
        return self.subscription.paid_until if self.subscription else None


def stand(customer: Customer) -> Standing:
    """How a customer stands, in nine queries for any number of subscriptions."""
    rows = list(
        Subscription.objects.filter(customer=customer)
        .exclude(state=Subscription.ENDED)
        .select_related("plan", "router", "site")
        .order_by("pk")
    )
    accesses = access_states([row.public_id for row in rows])
    chosen = min(rows, key=lambda row: _urgency(row, accesses), default=None)
    return Standing(
        face=_face(chosen, accesses) if chosen else Face.NONE,
        subscription=chosen,
        access=accesses.get(chosen.public_id) if chosen else None,
        money=account(customer.pk, customer.entity_id),
        invoices=list(open_invoices([customer.pk])),
        pro_formas=list(open_pro_formas([customer.pk])),
    )


def _face(row: Subscription, accesses: dict[UUID, AccessState]) -> Face:
    """Owed and held are two facts: who is in order but not proven on the router is restoring."""
    if row.state == Subscription.PENDING:
        return Face.PENDING
    if row.state == Subscription.SUSPENDED:
        return Face.OFF
    access = accesses.get(row.public_id)
    return Face.ONLINE if access and access.confirmed_at else Face.RESTORING


def _urgency(row: Subscription, accesses: dict[UUID, AccessState]) -> int:
    order = (Face.OFF, Face.RESTORING, Face.PENDING, Face.ONLINE)
    return order.index(_face(row, accesses))


def next_hours(standing: Standing) -> Money | None:
    """What more hours cost, for whoever has some that run."""
    if standing.paid_until is None or standing.subscription is None:
        return None
    offered = ProForma.objects.filter(
        subscription=standing.subscription, state=ProForma.OFFERED
    ).first()
    if offered is None:
        return None
    return Money(whole_shillings(offered.total_minor), offered.currency)


def last_day(row: Subscription) -> date | None:
    """The last day that is paid for; the day of service ends when the next begins."""
    return lapse_due(row.paid_through)


def online_since(access: AccessState | None) -> datetime | None:
    """When the session that is seen began, if one is."""
    seen = access is not None and access.presence == "online" and access.session is not None
    return access.session.began_at if seen and access and access.session else None
