"""What holds of the run against PostgreSQL, whatever the plan and the days on which it is run."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from waya.billing.commands.lives.changes import cancel, change_plan, pause, resume
from waya.billing.commands.renewals import bill
from waya.billing.models import Invoice, InvoiceLine, Parked
from waya.billing.tests.make import in_service, isp, joined
from waya.billing.tests.test_changes import held, plan_of
from waya.billing.tests.test_charges import books, lines
from waya.catalog.commands import add_plan
from waya.catalog.models import Plan
from waya.ledger.queries.balances import trial_balance
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.org.rows.remembered import forget_all
from waya.subscriptions.models import Subscription

PERIODS = st.sampled_from([("month", 1), ("month", 3), ("week", 1), ("day", 1), ("day", 10)])
# The ends of months and a leap day among them.
BEGINNINGS = st.sampled_from(
    [date(2027, 1, 31), date(2028, 1, 30), date(2028, 2, 29), date(2027, 6, 10), date(2027, 12, 31)]
)


def _plan(entity: Entity, unit: str, count: int, calendar_day: int | None) -> Plan:
    return add_plan(
        entity_id=entity.pk, code="any", name="Any", mode=Plan.POSTPAID, unit=unit, count=count,
        down_kbps=1000, up_kbps=1000, price_minor=1000_01, valid_from=date(2020, 1, 1),
        calendar_day=calendar_day if unit == "month" else None, by=SYSTEM,
    )  # fmt: skip


class Runs(TestCase):
    """Each example in a transaction of its own."""

    @given(
        period=PERIODS, on=BEGINNINGS, calendar_day=st.sampled_from([None, 1, 31]),
        steps=st.lists(st.integers(-1, 40), min_size=1, max_size=6),
    )  # fmt: skip
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    def test_whenever_it_runs_the_same_is_billed_once(
        self, period: tuple[str, int], on: date, calendar_day: int | None, steps: list[int]
    ) -> None:
        """Missed weeks, the same day again, and a clock that goes back: what is billed is what
        one run on the last day bills, and every day of it once."""
        forget_all()
        entity = isp()
        row = in_service(entity, _plan(entity, *period, calendar_day), on)
        day = last = on
        for step in steps:
            day += timedelta(days=step)
            last = max(last, day)
            bill(entity_id=entity.pk, on=day, by=SYSTEM)
        bill(entity_id=entity.pk, on=last, by=SYSTEM)
        entity_again = Entity.objects.get(pk=entity.pk)
        once = in_service(entity_again, Plan.objects.get(code="any"), on)
        bill(entity_id=entity.pk, on=last, by=SYSTEM)
        assert lines(row) == lines(once)
        assert not Parked.objects.exists()
        found = InvoiceLine.objects.filter(subscription=row).order_by("start")
        ends = [on, *found.values_list("end", flat=True)]
        assert ends[:-1] == list(found.values_list("start", flat=True))
        whole = [one for one in found if one.why["ratio"] == "1"]
        assert all(one.total_minor == 1000_01 for one in whole)
        assert not sum(one.amount.minor for one in trial_balance(entity.pk))

    @given(
        days=st.lists(st.integers(0, 12), min_size=1, max_size=4),
        what=st.lists(st.sampled_from(["up", "down", "stop"]), min_size=4, max_size=4),
    )
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    def test_changed_and_stopped_nothing_is_lost(self, days: list[int], what: list[str]) -> None:
        """A prepaid service changed, paused and resumed on any days, several on one day even:
        what was paid is what was charged for the days that were had, and credit, to the cent
        of each piece."""
        forget_all()
        entity = isp()
        row = joined(entity)
        plans = {"up": plan_of(entity, 20_000, 3100_00), "down": plan_of(entity, 5_000, 1700_00)}
        on = date(2027, 6, 10)
        for step, kind in zip(days, what, strict=False):
            on = min(on + timedelta(days=step), date(2027, 7, 9))
            if kind == "stop":
                pause(subscription_id=row.pk, on=on, by=SYSTEM)
                resume(subscription_id=row.pk, on=on, by=SYSTEM)
            else:
                _change(row.pk, plans[kind], on)
            row.refresh_from_db()
            if row.state != "active":
                break
        sums = books(entity)
        assert sum(sums.values()) == 0
        invoiced = sum(one.total_minor for one in Invoice.objects.all())
        given = sum(note.total_minor for one in Invoice.objects.all()
                    for note in one.credit_notes.all())  # fmt: skip
        assert 2500_00 - (invoiced - given) == held(row)
        cancel(subscription_id=row.pk, on=on, by=SYSTEM)
        assert 0 <= held(row) <= 2500_00


def _change(key: int, plan: Plan, on: date) -> None:
    if Subscription.objects.get(pk=key).plan_id == plan.pk:
        return
    outcome = change_plan(
        subscription_id=key, plan_id=plan.pk, on=on, when="at_once", by=SYSTEM, preview=True
    )
    if not outcome.to_pay.minor:
        change_plan(subscription_id=key, plan_id=plan.pk, on=on, when="at_once", by=SYSTEM)


pytestmark = pytest.mark.django_db
