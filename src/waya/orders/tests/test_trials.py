"""What begins free, with something that is charged once: an installation is paid before somebody
drives there, whatever the first month costs."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from waya.billing.commands.lives.add_ons import take_add_on
from waya.billing.commands.lives.changes import cancel
from waya.billing.commands.renewals import bill
from waya.billing.models import Invoice, InvoiceLine, ProForma
from waya.billing.queries.lives.beginning import beginning
from waya.billing.tests.make import JUNE_10, home_10, isp, office_20, pays, wants
from waya.billing.tests.test_add_ons import static_ip
from waya.billing.tests.test_charges import books, days, lines, publish
from waya.catalog.models import Plan
from waya.catalog.rules.plans import Charge, Interval, Phase
from waya.catalog.rules.versions import flat
from waya.orders.commands.begin import begin
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

TRIAL = (Phase("trial", Interval("day", 10)), Phase())
ONCE = (Charge("visit", "one_off", Fraction(500_00)), Charge("box", "deposit", Fraction(1500_00)))
OVER = date(2027, 6, 20)


def sold(plan: Plan) -> Plan:
    publish(plan, *flat(3000_00), *ONCE, phases=TRIAL)
    return plan


def asked(row: Subscription, on: date = JUNE_10) -> ProForma:
    found = begin(row=row, on=on, by=SYSTEM)
    assert found is not None
    row.refresh_from_db()
    return found


def test_what_is_charged_once_is_paid_before_a_trial_begins() -> None:
    entity = isp()
    row = wants(entity, sold(home_10(entity)))
    first = asked(row)
    assert (first.total_minor, first.start, first.end) == (2000_00, JUNE_10, OVER)
    assert row.state == Subscription.PENDING
    pays(row, 2000_00, JUNE_10)
    row.refresh_from_db()
    assert (row.state, row.paid_through, row.anchor_day) == (Subscription.ACTIVE, OVER, 20)
    assert lines(row) == [("box", "06-10", "06-10", 1500_00), ("visit", "06-10", "06-10", 500_00)]
    days(entity, JUNE_10, OVER)
    then = ProForma.objects.get(subscription=row, state=ProForma.OPEN)
    assert (then.total_minor, then.start, then.end) == (3000_00, OVER, date(2027, 7, 20))


def test_a_trial_that_is_paid_late_is_as_long() -> None:
    entity = isp()
    row = wants(entity, sold(home_10(entity)))
    asked(row)
    pays(row, 2000_00, date(2027, 6, 13))
    row.refresh_from_db()
    assert (row.paid_through, row.anchor_day) == (date(2027, 6, 23), 23)


def test_what_is_paid_after_its_periods_invoices_it_at_once() -> None:
    entity = isp()
    row = wants(entity, sold(office_20(entity)))
    assert begin(row=row, on=JUNE_10, by=SYSTEM) is None
    issued = Invoice.objects.get()
    assert (issued.issued_on, issued.total_minor) == (JUNE_10, 2000_00)
    days(entity, JUNE_10, date(2027, 7, 21))
    assert lines(row)[2:] == [("fee", "06-20", "07-20", 3000_00)]
    assert Invoice.objects.count() == 2


def test_a_deposit_comes_back_from_a_trial_that_ends_at_once() -> None:
    entity = isp()
    row = wants(entity, sold(home_10(entity)))
    asked(row)
    pays(row, 2000_00, JUNE_10)
    cancel(subscription_id=row.pk, on=date(2027, 6, 12), by=SYSTEM)
    assert books(entity).get("customer_deposits", 0) == 0
    bill(entity_id=entity.pk, on=date(2027, 6, 20), by=SYSTEM)
    assert not ProForma.objects.filter(state=ProForma.OPEN).exists()


def test_without_anything_charged_once_it_begins_at_once() -> None:
    entity = isp()
    publish(home_10(entity), *flat(3000_00), phases=TRIAL)
    row = wants(entity, home_10(entity))
    assert begin(row=row, on=JUNE_10, by=SYSTEM) is None
    row.refresh_from_db()
    assert (row.state, row.paid_through) == (Subscription.ACTIVE, OVER)


def _sums(entity: Entity, plan: Plan) -> tuple[int, int]:
    found = beginning(plan, [], JUNE_10)
    return found.now.minor, found.each.minor


def test_what_is_shown_first_is_what_is_asked() -> None:
    entity = isp()
    assert _sums(entity, sold(home_10(entity))) == (2000_00, 3000_00)
    assert _sums(entity, sold(office_20(entity))) == (0, 3000_00)


def test_a_first_phase_of_days_is_paid_for_so_many_days() -> None:
    """Not for a whole month: the price asked is that of the phase."""
    entity = isp()
    cheap = (Charge("try", amount=Fraction(300_00)),)
    phases = (Phase("trial", Interval("day", 10), charges=cheap), Phase())
    publish(home_10(entity), *flat(3000_00), phases=phases)
    row = wants(entity, home_10(entity))
    assert asked(row).total_minor == 100_00
    pays(row, 100_00, date(2027, 6, 12))
    row.refresh_from_db()
    assert (row.paid_through, row.anchor_day) == (date(2027, 6, 22), 12)


@pytest.mark.parametrize("mode", [Plan.PREPAID, Plan.POSTPAID])
def test_what_goes_on_top_asks_once_with_its_first_period(mode: str) -> None:
    """It is free as long as what it is on."""
    entity = isp()
    row = wants(entity, sold(home_10(entity) if mode == Plan.PREPAID else office_20(entity)))
    take_add_on(subscription_id=row.pk, plan_id=static_ip(entity, once_minor=700_00).pk,
                on=JUNE_10, by=SYSTEM)  # fmt: skip
    first = begin(row=row, on=JUNE_10, by=SYSTEM)
    if first is not None:
        assert first.total_minor == 2000_00
        pays(row, 2000_00, JUNE_10)
    days(entity, JUNE_10, OVER)
    if mode == Plan.PREPAID:
        assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 4000_00
        pays(row, 4000_00, OVER)
    days(entity, OVER, date(2027, 7, 20))
    found = InvoiceLine.objects.filter(subscription=row, charge__startswith="add-on:")
    assert sorted(found.values_list("total_minor", flat=True)) == [300_00, 700_00]
