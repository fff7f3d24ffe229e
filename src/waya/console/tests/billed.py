"""A town with a night to bill: customers whose month ends today, and one whom nobody can bill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from waya.billing.commands.renewals import bill
from waya.billing.models import BillingRun
from waya.billing.policy import BillingPolicy
from waya.billing.tests.make import office_20, wants
from waya.catalog.commands import add_plan
from waya.catalog.models import Plan
from waya.console.tests.make import Town, days_ago
from waya.kernel.periods import add_months
from waya.org.actors import SYSTEM
from waya.org.commands.policies import choose
from waya.org.models import Entity
from waya.org.rows.remembered import forget_all
from waya.subscriptions.commands.lives import activate
from waya.subscriptions.models import Subscription
from waya.subscriptions.rules.life import Renewal

_NAMES = ("Wambui Njoroge", "Otieno Ouma", "Halima Said", "Kiptoo Rono", "Njeri Kamau",
          "Mwende Musyoka")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Billed:
    """Who is due today, and Zawadi, who has more lines than policy lets pass."""

    due: list[Subscription]
    zawadi: Subscription


def due_today(there: Town) -> Billed:
    """Six whose month ends today; Zawadi pays by the day and was not billed for a week."""
    entity, today = there.entity, there.today
    plan = office_20(entity, calendar_day=min(today.day, 28))
    began = add_months(today, -1, anchor_day=today.day)
    due = [_joined(entity, plan, name, began, plan.calendar_day or 1) for name in _NAMES]
    daily = add_plan(
        entity_id=entity.pk, code="daily", name="Market stall", mode="postpaid", unit="day",
        count=1, down_kbps=5_000, up_kbps=5_000, price_minor=150_00,
        valid_from=date(2020, 1, 1), by=SYSTEM,
    )  # fmt: skip
    lets_pass(entity, 3)
    return Billed(
        due, _joined(entity, daily, "Zawadi Baraka", today - timedelta(days=7), today.day)
    )


def _joined(entity: Entity, plan: Plan, name: str, on: date, anchor_day: int) -> Subscription:
    one = wants(entity, plan, name)
    activate(renewals=[Renewal(one.pk, on, None, on, anchor_day)], by=SYSTEM)
    return one


def lets_pass(entity: Entity, lines: int) -> None:
    """How many lines of a subscription on one day are a bill that nobody need see."""
    choose(entity_id=entity.pk, choices=BillingPolicy(most_lines=lines), by=SYSTEM)
    forget_all()


def tonight(there: Town) -> BillingRun:
    """Today's run, whole."""
    bill(entity_id=there.entity.pk, on=there.today, by=SYSTEM)
    return BillingRun.objects.get(entity=there.entity, on=there.today)


def nights_before(there: Town, nights: int) -> None:
    """The nights before today's, so that there is something to compare."""
    for days in range(nights, 0, -1):
        with days_ago(days) as on:
            bill(entity_id=there.entity.pk, on=on, by=SYSTEM)
