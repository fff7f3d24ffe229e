"""Live through the past: every day its work, every household its habit."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from waya.billing.commands.documents import quote
from waya.billing.queries.accounts import accounts, open_invoices, open_pro_formas
from waya.catalog.models import Plan
from waya.kernel import clock
from waya.kernel.money import Money
from waya.kernel.periods import days_between
from waya.lab.town.people import Habit, Household
from waya.messaging.commands import drain_outbox
from waya.network.commands.reconcile import reconcile
from waya.network.models import Router
from waya.network.queries import routers_due
from waya.org.actors import SYSTEM
from waya.org.commands.days import move_clock, work_through_days
from waya.org.models import Entity
from waya.parties.commands.customers import register
from waya.parties.models import Customer
from waya.payments import providers
from waya.payments.commands.match import match
from waya.payments.commands.notifications import receive
from waya.payments.commands.take import drain
from waya.payments.commands.thanks import thank
from waya.payments.models import Merchant, Payment
from waya.subscriptions.commands.lives import activate, request
from waya.subscriptions.rules.life import Renewal

_RECEIPT = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
# Every so often somebody mistypes the account number.
_SLIPS = 0.02


@dataclass(slots=True)
class History:
    """The town as it lives; `say` is told how far it is."""

    entity: Entity
    merchant: Merchant
    households: Sequence[Household]
    say: Callable[[str], None]
    chance: random.Random = field(default_factory=lambda: random.Random(11))
    customers: dict[int, Household] = field(default_factory=dict)
    _slipped: dict[str, int] = field(default_factory=dict)

    def live(self, first: date, last: date) -> None:
        """Work through every day from the first through the last; then it is now."""
        days = days_between(first, last)
        plans = {plan.code: plan for plan in Plan.objects.filter(entity=self.entity)}
        routers = list(Router.objects.filter(entity=self.entity).order_by("pk"))
        for number, day in enumerate(days):
            self._turn_to(day, hour=0, minute=5)
            work_through_days(by=SYSTEM)
            self._turn_to(day, hour=9, minute=0)
            for household in self.households:
                if household.joins == number:
                    self._joins(household, plans[household.plan], routers[household.router], day)
            self._pay(day)
            self._match_old()
            for router_id in routers_due(clock.real_now()):
                reconcile(router_id=router_id, by=SYSTEM)
            thank(entity_id=self.entity.pk, by=SYSTEM)
            drain_outbox(by=SYSTEM)
            if number % 10 == 9 or day == last:
                self.say(f"{day:%d %b}: {len(self.customers)} customers")
        if clock.now() < clock.real_now():
            move_clock(to=clock.real_now(), by=SYSTEM)

    def _turn_to(self, day: date, *, hour: int, minute: int) -> None:
        zone = ZoneInfo(self.entity.zone)
        wished = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
        at = min(wished, clock.real_now().astimezone(zone))
        if at > clock.now():
            move_clock(to=at, by=SYSTEM)

    @transaction.atomic
    def _joins(self, household: Household, plan: Plan, router: Router, day: date) -> None:
        customer, site = register(
            entity_id=self.entity.pk,
            name=household.name,
            phone=household.phone,
            site_name=household.estate,
            directions=household.directions,
            by=SYSTEM,
        )
        self.customers[customer.pk] = household
        row = request(customer=customer, site=site, plan=plan, router_id=router.pk, by=SYSTEM)
        if plan.mode == Plan.POSTPAID:
            activate(renewals=[Renewal(row.pk, day, None, day, day.day)], by=SYSTEM)
        else:
            quote(subscription_id=row.pk, on=day, by=SYSTEM)

    def _pay(self, day: date) -> None:
        """Everybody who pays today does so by paybill; then the inbox is worked off."""
        dues = self._dues()
        ready = [key for key, due in dues.items() if self._ready(self.customers[key], due, day)]
        owing = accounts(self.entity.pk, ready)
        numbers = dict(Customer.objects.filter(pk__in=ready).values_list("pk", "account_number"))
        for key in ready:
            sum_due = owing[key].to_pay
            if sum_due.minor:
                self._confirm(key, numbers[key], sum_due)
        drain(merchant_id=self.merchant.pk, by=SYSTEM)

    def _match_old(self) -> None:
        """The cashier finds whose the money is within a day or two."""
        before = clock.now() - timedelta(hours=30)
        waiting = Payment.objects.filter(customer=None, taken_at__lt=before)
        owners = {self._slipped[one.transaction]: one.pk for one in waiting}
        for customer_id, payment_id in owners.items():
            match(payment_id=payment_id, customer_id=customer_id, by=SYSTEM)

    def _ready(self, household: Household, due: date, day: date) -> bool:
        if household.habit == Habit.EARLY:
            return True
        if household.habit == Habit.LEAVES:
            return day <= due and self.chance.random() < 0.3
        late = household.late_days if household.habit == Habit.LATE else 0
        return day >= due + timedelta(days=late)

    def _dues(self) -> dict[int, date]:
        """The first day on which each customer has something to pay for."""
        dues: dict[int, date] = {}
        for asked in open_pro_formas(self.customers):
            due = max(asked.start - timedelta(days=1), asked.issued_on)
            dues[asked.customer_id] = min(dues.get(asked.customer_id, due), due)
        for invoice in open_invoices(self.customers):
            dues[invoice.customer_id] = min(
                dues.get(invoice.customer_id, invoice.due_on), invoice.due_on
            )
        return dues

    def _confirm(self, customer_id: int, account: str, owed: Money) -> None:
        """M-PESA's confirmation of a payment, as it comes over the wire."""
        household = self.customers[customer_id]
        receipt = "U" + "".join(self.chance.choice(_RECEIPT) for _ in range(9))
        typed = account
        if self.chance.random() < _SLIPS:
            typed = account[:3] + account[5] + account[4] + account[3] + account[6:]
            self._slipped[receipt] = customer_id
        now = clock.now().astimezone(ZoneInfo(self.entity.zone))
        told = {
            "TransactionType": "Pay Bill",
            "TransID": receipt,
            "TransTime": f"{now:%Y%m%d%H%M%S}",
            "TransAmount": f"{-(-owed.minor // 100)}.00",
            "BusinessShortCode": self.merchant.short_code,
            "BillRefNumber": typed,
            "InvoiceNumber": "",
            "OrgAccountBalance": "",
            "ThirdPartyTransID": "",
            "MSISDN": f"2547 ***** {household.phone[-3:]}",
            "FirstName": household.name.split()[0].upper(),
            "MiddleName": "",
            "LastName": "",
        }
        receive(
            path=self.merchant.path,
            kind=providers.CONFIRMATION,
            raw=json.dumps(told).encode(),
            address="127.0.0.1",
        )
