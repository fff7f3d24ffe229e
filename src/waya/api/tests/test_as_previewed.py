"""What is previewed is what is billed: lives of every kind, told to the preview and really lived.

Each life is drawn from a fixed seed: a plan with one kind of charge, phase and period, a discount
perhaps, usage, and then a change, a pause or the end on days that nobody chose for being easy.
"""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from waya.api.tests.make import Program, program
from waya.billing.commands.lives.changes import cancel, change_plan, pause, resume, turn_over
from waya.billing.commands.lives.usage import Count, record_usage
from waya.billing.commands.renewals import bill
from waya.billing.models import CreditNoteLine, InvoiceLine, Parked, ProForma
from waya.billing.queries.accounts import account
from waya.billing.tests.make import isp, pays, wants
from waya.billing.tests.test_charges import books
from waya.catalog.models import Plan
from waya.orders.commands.begin import begin
from waya.org.actors import SYSTEM
from waya.org.models import Entity, Policy
from waya.subscriptions.commands.lives import grant
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

TIERS = [{"up_to": 2, "price": "100.01"}, {"up_to": 5, "price": "80", "flat": "10"},
         {"price": "33.33"}]  # fmt: skip
CHARGES: dict[str, list[dict[str, Any]]] = {
    "flat": [{"code": "fee", "kind": "flat", "price": "1000.01"}],
    "per unit": [{"code": "seat", "kind": "per_unit", "price": "77.77", "included": "1"}],
    "graduated": [{"code": "seat", "kind": "graduated", "tiers": TIERS}],
    "volume": [{"code": "seat", "kind": "volume", "tiers": TIERS}],
    "package": [{"code": "seat", "kind": "package", "price": "250", "package_size": "3"}],
    "once": [{"code": "fee", "kind": "flat", "price": "999.99"},
             {"code": "visit", "kind": "one_off", "price": "500"},
             {"code": "box", "kind": "deposit", "price": "1500"}],
    "usage": [{"code": "fee", "kind": "flat", "price": "700"},
              {"code": "gb", "kind": "per_unit", "price": "12.34", "included": "5",
               "metric": "gb"}],
    "usage in tiers": [{"code": "fee", "kind": "flat", "price": "700"},
                       {"code": "gb", "kind": "graduated", "tiers": TIERS, "metric": "gb"},
                       {"code": "calls", "kind": "volume", "tiers": TIERS, "metric": "calls"},
                       {"code": "sms", "kind": "package", "price": "20", "package_size": "7",
                        "metric": "sms"}],
    "both ways": [{"code": "fee", "kind": "flat", "price": "700", "timing": "advance"},
                  {"code": "care", "kind": "flat", "price": "99.50", "timing": "arrears"}],
}  # fmt: skip
PHASES: dict[str, list[dict[str, Any]]] = {
    "evergreen": [],
    "trial": [{"kind": "trial", "unit": "day", "count": 10}],
    "a trial that costs": [
        {
            "kind": "trial",
            "unit": "day",
            "count": 10,
            "charges": [{"code": "try", "kind": "flat", "price": "50"}],
        }
    ],
    "cheaper": [{"kind": "discount", "unit": "month", "count": 1, "percent_off": "33"}],
    "a term": [{"kind": "fixed_term", "unit": "month", "count": 2}, {"kind": "evergreen"}],
}
PERIODS = (("month", 1), ("month", 3), ("week", 2), ("day", 10), ("day", 1))
DISCOUNTS: tuple[dict[str, Any], ...] = (
    {},
    {"percent": "10", "periods": 2},
    {"amount_minor": 150_50},
)
METRICS = ("gb", "calls", "sms")
BEGINS = (date(2027, 1, 31), date(2028, 2, 29), date(2027, 6, 10))
FROM = date(2020, 1, 1)
NOW = date(2027, 1, 1)


class Life:
    """One service, lived day by day, and the same told to the preview."""

    def __init__(self, seed: str, mode: str, charges: str, phases: str) -> None:
        self.chance = random.Random(seed)
        self.mode, self.prepaid = mode, mode == Plan.PREPAID
        self.entity: Entity = isp()
        Policy.objects.create(
            entity=self.entity,
            name="billing.renewal",
            chosen={"ask_days_before": 0, "late": "keep"},
        )
        self.bot: Program = program(self.entity)
        self.on = self.first = self.chance.choice(BEGINS)
        interval, count = self.chance.choice(PERIODS)
        self.length = {"month": 30, "week": 7, "day": 1}[interval] * count
        self.minimum = self.chance.choice(("0", "0", "1100"))
        self.quantity = self.chance.choice((1, 1, 3, 7))
        self.discount = self.chance.choice(DISCOUNTS)
        self.charges: list[dict[str, Any]] = CHARGES[charges]
        own = {"charges": self.charges, "phases": PHASES[phases], "minimum": self.minimum}
        self.plans = [
            {"code": "plain", "interval": interval, "count": count, **own},
            {"code": "dearer", "interval": interval, "count": count, "price": "2345.67"},
            {"code": "cheaper", "interval": interval, "count": count, "price": "123.45"},
        ]
        self.rows = {one["code"]: self._sold(one) for one in self.plans}
        self.events: list[dict[str, Any]] = []
        self.usage: list[dict[str, Any]] = []
        self.row = self._begun()

    def _sold(self, told: dict[str, Any]) -> Plan:
        """The plan as programs make it."""
        self.bot.post("/plans", told | {
            "name": told["code"].title(), "mode": self.mode, "down_kbps": 5000, "up_kbps": 5000,
            "valid_from": FROM.isoformat(), "tax_inclusive": False,
        }, 201)  # fmt: skip
        return Plan.objects.get(code=told["code"])

    def _begun(self) -> Subscription:
        row = wants(self.entity, self.rows["plain"])
        Subscription.objects.filter(pk=row.pk).update(quantity=self.quantity)
        row.refresh_from_db()
        if self.discount:
            self.bot.post(
                "/promotions",
                {
                    "code": "LESS",
                    "name": "Less",
                    "plans": ["plain"],
                    "valid_from": FROM.isoformat(),
                    **self.discount,
                },
                201,
            )
            grant(subscription_id=row.pk, code="LESS", on=self.on, by=SYSTEM)
        asked = begin(row=row, on=self.on, by=SYSTEM)
        bill(entity_id=self.entity.pk, on=self.on, by=SYSTEM)
        if asked is not None:
            pays(row, asked.total_minor, self.on)
        self._tell("start", plan="plain", quantity=self.quantity)
        row.refresh_from_db()
        return row

    def _tell(self, kind: str, **more: Any) -> None:
        self.events.append({"on": self.on.isoformat(), "kind": kind, **more})

    def live(self) -> None:
        """Some cycles, with something happening now and then."""
        days = min(self.length * 2 + 12, 60)
        last = self.first + timedelta(days=days)
        happens = {self.first + timedelta(days=self.chance.randrange(1, days)) for _ in range(3)}
        while self.on < last:
            self.on += timedelta(days=1)
            if self.on == last and self.chance.random() < 0.5:
                self.ends()
            if self.on in happens:
                self.chance.choice((self.changes, self.stops, self.goes_on))()
            self._night()
            if self.chance.random() < 0.2 and self.row.state == Subscription.ACTIVE:
                self.uses()
            if self.row.state == Subscription.ENDED:
                break

    def _night(self) -> None:
        bill(entity_id=self.entity.pk, on=self.on, by=SYSTEM)
        turn_over(entity_id=self.entity.pk, on=self.on, by=SYSTEM)
        self._pay()
        self.row.refresh_from_db()

    def _pay(self) -> None:
        """All that is owed and asked for, if something is asked for."""
        if ProForma.objects.filter(state=ProForma.OPEN).exists():
            stands = account(self.row.customer_id, self.entity.pk)
            pays(self.row, stands.to_pay.minor, self.on)

    def changes(self) -> None:
        """To another plan, at once: only what runs can."""
        to = self.rows[self.chance.choice(("dearer", "cheaper"))]
        if self.row.state != Subscription.ACTIVE or self.row.plan_id == to.pk:
            return
        wished: Any = {"subscription_id": self.row.pk, "plan_id": to.pk, "on": self.on,
                       "by": SYSTEM, "when": "at_once"}  # fmt: skip
        shown = change_plan(**wished, preview=True)
        if shown.to_pay.minor:
            pays(self.row, shown.to_pay.minor, self.on)
        done = change_plan(**wished)
        assert (done.credit, done.charge) == (shown.credit, shown.charge)
        self._tell("change", plan=to.code, when="at_once")
        self.row.refresh_from_db()
        assert self.row.state == Subscription.ACTIVE
        assert not ProForma.objects.filter(state=ProForma.OPEN).exists()

    def stops(self) -> None:
        """A pause, and what comes after it."""
        if self.row.state == Subscription.ACTIVE:
            pause(subscription_id=self.row.pk, on=self.on, by=SYSTEM)
            self._tell("pause")
        self.row.refresh_from_db()

    def goes_on(self) -> None:
        """The pause is over."""
        if self.row.state == Subscription.PAUSED:
            resume(subscription_id=self.row.pk, on=self.on, by=SYSTEM)
            self._tell("resume")
            self._pay()
        self.row.refresh_from_db()

    def uses(self) -> None:
        """So much of everything that may be metered."""
        if self.row.started_on is None:
            return
        for metric in METRICS:
            many = Decimal(self.chance.randrange(0, 700)) / 100
            counted = Count(self.row.pk, metric, self.on, many, f"{metric}:{self.on}")
            record_usage(counts=[counted], by=SYSTEM)
            self.usage.append({"on": self.on.isoformat(), "metric": metric,
                               "quantity": str(many)})  # fmt: skip

    def ends(self) -> None:
        """At once, with what is unused and the deposit given back."""
        if self.row.state not in (Subscription.ENDED, Subscription.PENDING):
            cancel(subscription_id=self.row.pk, on=self.on, by=SYSTEM)
            self._tell("cancel")

    def told(self) -> dict[tuple[Any, ...], int]:
        """What the preview says of such a life: nets by document day, charge and days."""
        off = {"name": "LESS", "plans": ["plain"], **self.discount}
        if "amount_minor" in off:
            off["amount"] = str(Decimal(off.pop("amount_minor")) / 100)
        priced = {one.get("metric") for one in self.charges}
        answer = self.bot.post("/billing/preview", {
            "currency": "KES", "plans": self.plans, "events": self.events,
            "usage": [one for one in self.usage if one["metric"] in priced],
            "until": self.on.isoformat(), "discounts": [off] if self.discount else [],
            "policy": {"timing": "advance" if self.prepaid else "arrears",
                       "anchor": {"by": "subscription"}},
        })  # fmt: skip
        found: dict[tuple[Any, ...], int] = defaultdict(int)
        for one in answer["lines"]:
            charge = (
                f"discount:LESS:{one['charge']}" if one["kind"] == "discount" else one["charge"]
            )
            back = one["kind"] == "credit" or (one["net"]["minor"] < 0 and one["kind"] == "deposit")
            days = () if back else (one["start"], one["end"])
            found[one["invoice_on"], charge, *days] += one["net"]["minor"]
        return _worth_something(found)

    def billed(self) -> dict[tuple[Any, ...], int]:
        """What really stands on documents, the same way."""
        found: dict[tuple[Any, ...], int] = defaultdict(int)
        for line in InvoiceLine.objects.filter(subscription=self.row).select_related("invoice"):
            assert line.start is not None
            assert line.end is not None
            days = (line.start.isoformat(), line.end.isoformat())
            found[line.invoice.issued_on.isoformat(), line.charge, *days] += line.net_minor
        notes = CreditNoteLine.objects.filter(line__subscription=self.row)
        for note in notes.select_related("note", "line"):
            on = note.note.issued_on.isoformat()
            found[on, note.line.charge.removeprefix("discount:LESS:")] -= note.net_minor
        return _worth_something(found)


def _worth_something(found: dict[tuple[Any, ...], int]) -> dict[tuple[Any, ...], int]:
    """Without what comes to nothing: days that a promotion covers wholly are not given back in a
    pause, since nothing was paid for them, and not charged and covered once more after it."""
    sums: dict[tuple[Any, ...], int] = defaultdict(int)
    for (on, _, *days), net in found.items():
        sums[on, *days] += net
    return {(on, charge, *days): net for (on, charge, *days), net in found.items()
            if net and sums[on, *days]}  # fmt: skip


def _lives() -> list[tuple[str, str, str]]:
    """Each kind of charge in each mode, with the kinds of phases in turn; after a trial, each of
    those for which it matters when it began."""
    phases, modes = list(PHASES), (Plan.POSTPAID, Plan.PREPAID)
    pairs = [(charges, mode) for charges in CHARGES for mode in modes]
    found = [
        (mode, charges, phases[(place + place // 4) % len(phases)])
        for place, (charges, mode) in enumerate(pairs)
    ]
    tried = [(mode, charges, "trial") for charges in ("once", "usage") for mode in modes]
    return found + [one for one in tried if one not in found]


@pytest.mark.parametrize(("mode", "charges", "phases"), _lives())
def test_what_is_previewed_is_billed(mode: str, charges: str, phases: str) -> None:
    life = Life(f"{mode}:{charges}:{phases}", mode, charges, phases)
    life.live()
    assert life.billed() == life.told(), life.events
    assert not Parked.objects.exists()
    assert not sum(books(life.entity).values())
