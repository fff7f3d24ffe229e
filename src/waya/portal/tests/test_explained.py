"""Why a line is as much as it is, to a customer: hours, data left over, add-ons, in their words."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.add_ons import take_add_on
from waya.billing.commands.lives.changes import change_plan
from waya.billing.commands.lives.usage import Count, record_usage
from waya.billing.models import Invoice, InvoiceLine, ProForma
from waya.billing.tests.make import home_10, pays, wants
from waya.billing.tests.test_add_ons import static_ip
from waya.billing.tests.test_changes import MIDDLE
from waya.billing.tests.test_charges import choose, days
from waya.billing.tests.test_hours import kiosk
from waya.billing.tests.test_leftover_data import ahead
from waya.kernel import clock
from waya.org.actors import SYSTEM
from waya.payments.models import Merchant
from waya.portal.tests.make import signed_in

pytestmark = pytest.mark.django_db


def test_hours_say_from_when_to_when_and_how_long(merchant: Merchant) -> None:
    row = wants(merchant.entity, kiosk(merchant.entity))
    asked = quote(subscription_id=row.pk, on=clock.today(merchant.entity.zone), by=SYSTEM)
    browser = signed_in()
    page = browser.see(f"/my/pro-formas/{asked.public_id}")
    assert "Kiosk, 3 hours" in page
    assert "They begin at the moment at which they are paid" in page
    assert "KES 20 for 3 hours, taxes inside" in page
    pays(row, 20_00, clock.today(merchant.entity.zone))
    bill = Invoice.objects.get()
    page = browser.see(f"/my/bills/{bill.public_id}")
    assert "All of its hours, at their price" in page
    row.refresh_from_db()
    assert row.paid_until is not None
    ended = row.paid_until.astimezone(ZoneInfo(merchant.entity.zone))
    assert re.search(rf"Hours \d+ \w+ \d+, \d\d:\d\d – .*{ended:%H:%M} Hours 3 hours", page)
    browser.cookies["django_language"] = "sw"
    page = browser.see(f"/my/bills/{bill.public_id}")
    assert "Saa zake zote, kwa bei yake" in page
    assert "saa 3" in page


def test_a_pro_forma_says_each_line_of_what_it_asks(merchant: Merchant) -> None:
    entity = merchant.entity
    row, ip = wants(entity, home_10(entity)), static_ip(entity, once_minor=500_00)
    today = clock.today(entity.zone)
    quote(subscription_id=row.pk, on=today, by=SYSTEM)
    take_add_on(subscription_id=row.pk, plan_id=ip.pk, on=today, by=SYSTEM)
    asked = ProForma.objects.get(state=ProForma.OPEN)
    page = signed_in().see(f"/my/pro-formas/{asked.public_id}")
    assert re.search(
        r"Home 10 Mbps, .* 2,500\.00 Static IP, once .* 500\.00 Static IP, .* 300\.00", page
    )
    assert "None on this line" not in page, "its taxes come with the invoice"


def test_data_left_over_is_named_in_the_readers_language(merchant: Merchant) -> None:
    entity = merchant.entity
    choose(entity, leftover="data")
    row, new = ahead(entity)
    change_plan(subscription_id=row.pk, plan_id=new.pk, on=MIDDLE, when="at_once", by=SYSTEM)
    record_usage(counts=[Count(row.pk, "gb", MIDDLE, Decimal(25), "meter")], by=SYSTEM)
    days(entity, MIDDLE, date(2027, 7, 10))
    given, used = (
        InvoiceLine.objects.get(subscription=row, charge=charge) for charge in ("converted", "data")
    )
    browser = signed_in()
    said = browser.see(f"/my/bills/{given.invoice.public_id}")
    assert "What was left of the plan before pays for data of this one" in said
    assert "30 gb, used before anything costs" in said
    said = browser.see(f"/my/bills/{used.invoice.public_id}")
    assert "15 of it was data left over from the plan before" in said
    browser.cookies["django_language"] = "sw"
    said = browser.see(f"/my/bills/{used.invoice.public_id}")
    assert "15 kati yake ni data iliyobaki ya mpango uliotangulia" in said
