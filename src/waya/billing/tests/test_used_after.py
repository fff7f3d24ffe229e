"""What is used of what is paid before: invoiced once its days are over, whatever became of them."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.changes import cancel, change_plan, pause, resume
from waya.billing.commands.renewals import bill
from waya.billing.models import Invoice, InvoiceLine, Parked, ProForma
from waya.billing.queries.rehearsal import rehearse
from waya.billing.tests.make import JUNE_10, home_10, isp, pays, wants
from waya.billing.tests.test_changes import held, plan_of
from waya.billing.tests.test_charges import books, days, lines, of, publish, use
from waya.catalog.models import Plan
from waya.catalog.rules.plans import Charge
from waya.catalog.rules.versions import flat
from waya.kernel.errors import Refused
from waya.org.actors import SYSTEM
from waya.org.models import Entity, Policy
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

JULY_10 = date(2027, 7, 10)
GB = Charge("gb", "per_unit", Fraction(100_00), included=Fraction(5), metric="gb")


def lives(entity: Entity, *charges: Charge, minimum: int = 0) -> Subscription:
    """Somebody with 5 GB inside KES 2,500 a month and KES 100 for each further, from 10 June."""
    plan = home_10(entity)
    publish(plan, *(charges or (*flat(2500_00), GB)), minimum=Fraction(minimum))
    row = wants(entity, plan)
    asked = quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    pays(row, asked.total_minor, JUNE_10)
    row.refresh_from_db()
    return row


def test_it_is_invoiced_when_its_days_are_over_beside_the_renewal_and_once() -> None:
    entity = isp()
    row = lives(entity)
    use(row, date(2027, 6, 20), "7")
    use(row, date(2027, 7, 9), "1.5")
    days(entity, JUNE_10, date(2027, 7, 9))
    assert lines(row) == [("fee", "06-10", "07-10", 2500_00)]
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 2500_00
    found = rehearse(entity.pk, JULY_10)
    assert found.kinds["invoices"].amount_minor == 350_00
    days(entity, JULY_10, date(2027, 7, 12))
    assert lines(row)[1:] == [("gb", "06-10", "07-10", 350_00)]
    invoice = Invoice.objects.get(paid_minor=0)
    assert (invoice.issued_on, invoice.due_on) == (JULY_10, date(2027, 7, 17))
    told = InvoiceLine.objects.get(charge="gb").why
    assert (told["used"], told["included"], told["rule"]) == ("17/2", 5, "used, per_unit")
    pays(row, 2850_00, date(2027, 7, 12))
    row.refresh_from_db()
    assert (row.paid_through, row.metered_through) == (date(2027, 8, 12), JULY_10)
    assert books(entity)["receivable"] == 2850_00 + 2500_00  # its own entries are the payments'
    with pytest.raises(Refused, match="usage_billed"):
        use(row, date(2027, 7, 9), "5", "too late")
    days(entity, date(2027, 8, 12), date(2027, 8, 14))
    assert Invoice.objects.count() == 3  # nothing used: no invoice of nothing
    assert not Parked.objects.exists()


def test_days_that_nobody_paid_for_count_with_the_next_that_somebody_does() -> None:
    entity = isp()
    row = lives(entity)
    days(entity, JUNE_10, date(2027, 7, 14))
    use(row, date(2027, 7, 12), "6")
    pays(row, 2500_00, date(2027, 7, 15))  # late: the month begins on the 15th
    use(row, date(2027, 7, 20), "2")
    for night in (date(2027, 8, 20), date(2027, 8, 21)):  # some nights were missed
        bill(entity_id=entity.pk, on=night, by=SYSTEM)
    assert ("gb", "07-15", "08-15", 300_00) in lines(row)
    assert [one[0] for one in lines(row)].count("gb") == 1


def test_a_change_shows_it_asks_for_it_and_bills_the_old_prices() -> None:
    entity = isp()
    row, fast = lives(entity), plan_of(entity, 20_000, 3500_00)
    use(row, date(2027, 6, 20), "8")
    wish: Any = {
        "subscription_id": row.pk,
        "plan_id": fast.pk,
        "on": date(2027, 6, 25),
        "by": SYSTEM,
    }
    shown = change_plan(**wish, preview=True)
    assert [one.charged.sums[2] for lines_ in shown.closing for one in lines_] == [300_00]
    assert shown.to_pay.minor == 300_00 + 1750_00 - 1250_00
    pays(row, shown.to_pay.minor, date(2027, 6, 25))
    done = change_plan(**wish)
    row.refresh_from_db()
    assert (done.to_pay.minor, row.plan_id, row.paid_through) == (0, fast.pk, JULY_10)
    assert ("gb", "06-10", "06-25", 300_00) in lines(row)
    assert held(row) == 0
    days(entity, JULY_10, date(2027, 7, 11))
    assert [one[0] for one in lines(row)].count("gb") == 1
    assert not sum(books(entity).values())


def test_the_end_takes_it_out_of_what_is_given_back() -> None:
    entity = isp()
    row = lives(entity)
    use(row, date(2027, 6, 20), "8")
    cancel(subscription_id=row.pk, on=date(2027, 6, 25), by=SYSTEM)
    assert ("gb", "06-10", "06-25", 300_00) in lines(row)
    assert held(row) == 1250_00 - 300_00


def test_a_pause_bills_up_to_it_and_what_comes_after_is_another_stretch() -> None:
    entity = isp()
    Policy.objects.create(entity=entity, name="billing.terms", chosen={"pause": "no_credit"})
    row = lives(entity)
    use(row, date(2027, 6, 12), "6")
    pause(subscription_id=row.pk, on=date(2027, 6, 15), by=SYSTEM)
    resume(subscription_id=row.pk, on=date(2027, 6, 20), by=SYSTEM)
    use(row, date(2027, 6, 21), "9")
    days(entity, JULY_10, date(2027, 7, 11))
    metered = [one for one in lines(row) if one[0] == "gb"]
    assert metered == [("gb", "06-10", "06-15", 100_00), ("gb", "06-15", "07-10", 400_00)]


def test_a_minimum_and_what_is_charged_after_the_month() -> None:
    entity = isp()
    care = Charge("care", amount=Fraction(200_00), timing="arrears")
    row = lives(entity, *flat(1000_00), care, minimum=1500_00)
    days(entity, JUNE_10, JULY_10)
    assert lines(row) == [
        ("care", "06-10", "07-10", 200_00), ("fee", "06-10", "07-10", 1000_00),
        ("minimum", "06-10", "07-10", 300_00),
    ]  # fmt: skip


def test_what_cannot_wait_is_refused_in_words() -> None:
    entity = isp()
    with pytest.raises(Refused, match="meters_nothing"):
        publish(of(entity, "hour", 3, Plan.PREPAID, 50_00), *flat(50_00), GB)
    with pytest.raises(Refused, match="nothing_in_advance"):
        publish(home_10(entity), GB)
    with pytest.raises(Refused, match="nothing_in_advance"):
        publish(home_10(entity), Charge("visit", "one_off", Fraction(100_00)))
