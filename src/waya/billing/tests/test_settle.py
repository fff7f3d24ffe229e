"""Money settles what is open, buys the period that was asked, and never buys it twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError
from pytest_django.fixtures import DjangoAssertNumQueries

from waya.billing.commands.documents import quote
from waya.billing.commands.invoices import issue
from waya.billing.commands.renewals import bill
from waya.billing.commands.settle import settle_many
from waya.billing.commands.standings import apply_standings
from waya.billing.models import Credit, Invoice, InvoiceLine, ProForma
from waya.billing.queries.accounts import account
from waya.billing.rules.offers import Offer
from waya.billing.tests.make import JUNE_10, home_10, isp, joined, month, pays, wants
from waya.catalog.commands import publish_price
from waya.catalog.models import TaxRate
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.ledger.queries.balances import trial_balance
from waya.network.models import DesiredAccess
from waya.org.actors import SYSTEM, Actor
from waya.org.rows.remembered import forget_all
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


def test_paying_the_quote_begins_the_subscription() -> None:
    row = joined(isp())
    assert (row.state, row.paid_through, row.anchor_day) == ("active", date(2027, 7, 10), 10)
    invoice = Invoice.objects.get()
    assert (invoice.net_minor, invoice.tax_minor, invoice.paid_minor) == (
        1874_06, 625_94, 2500_00)  # fmt: skip
    access = DesiredAccess.objects.get(name=row.username)
    assert (access.profile, access.enabled, access.restricted) == ("waya-10M-10M", True, False)


def test_the_invoice_is_booked_as_billed_in_advance() -> None:
    row = joined(isp())
    held = {one.purpose: one.amount.minor for one in trial_balance(row.entity_id)}
    assert held == {
        "receivable": 2500_00, "deferred": -1874_06, "tax:excise": -281_11, "tax:vat": -344_83,
    }  # fmt: skip


def test_the_line_explains_itself() -> None:
    joined(isp())
    why = InvoiceLine.objects.get().why
    assert why["rule"] == "whole cycle"
    assert (why["from"], why["until"]) == ("2027-06-10", "2027-07-10")
    assert why["price_minor"] == 2500_00


def test_too_little_is_kept_as_credit_until_the_rest_comes() -> None:
    entity = isp()
    row = wants(entity, home_10(entity))
    quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    assert pays(row, 1000_00, JUNE_10).credit == Money(1000_00, "KES")
    row.refresh_from_db()
    assert row.state == Subscription.PENDING
    assert account(row.customer_id, entity.pk).to_pay == Money(1500_00, "KES")
    settlement = pays(row, 1500_00, JUNE_10)
    row.refresh_from_db()
    assert row.state == Subscription.ACTIVE
    assert settlement.allocations == ((Invoice.objects.get().pk, Money(1500_00, "KES")),)
    assert Credit.objects.get().amount_minor == 0


def test_too_much_is_credit_and_pays_the_next_renewal() -> None:
    entity = isp()
    row = joined(entity)
    assert pays(row, 3000_00, JUNE_10).credit == Money(3000_00, "KES")
    bill(entity_id=entity.pk, on=date(2027, 7, 5), by=SYSTEM)
    row.refresh_from_db()
    assert row.paid_through == date(2027, 8, 10)
    assert Credit.objects.get().amount_minor == 500_00
    held = {one.purpose: one.amount.minor for one in trial_balance(entity.pk)}
    assert held["customer_credit"] == 2500_00  # Dr what was spent; the payments' Cr are not here


def test_paid_in_time_the_period_follows_on() -> None:
    entity = isp()
    row = joined(entity, on=date(2027, 1, 31))
    bill(entity_id=entity.pk, on=date(2027, 2, 25), by=SYSTEM)
    pays(row, 2500_00, date(2027, 2, 26))
    row.refresh_from_db()
    assert (row.paid_through, row.anchor_day) == (date(2027, 3, 31), 31)


def test_paid_late_the_period_begins_when_it_is_paid_and_the_service_is_back() -> None:
    entity = isp()
    row = joined(entity)
    bill(entity_id=entity.pk, on=date(2027, 7, 5), by=SYSTEM)
    apply_standings(entity_id=entity.pk, customer_ids=[row.customer_id], on=date(2027, 7, 10),
                    by=SYSTEM)  # fmt: skip
    row.refresh_from_db()
    assert row.state == Subscription.SUSPENDED
    assert DesiredAccess.objects.get(name=row.username).profile == "waya-walled"
    pays(row, 2500_00, date(2027, 7, 14))
    row.refresh_from_db()
    assert (row.state, row.standing) == (Subscription.ACTIVE, "good")
    assert (row.paid_through, row.anchor_day) == (date(2027, 8, 14), 14)
    assert DesiredAccess.objects.get(name=row.username).profile == "waya-10M-10M"
    line = InvoiceLine.objects.order_by("-pk")[0]
    assert (line.start, line.end) == (date(2027, 7, 14), date(2027, 8, 14))
    assert "moved" in line.why


def test_a_price_published_meanwhile_is_not_sprung_on_who_pays() -> None:
    entity = isp()
    row = wants(entity, home_10(entity))
    quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    publish_price(plan_id=row.plan_id, amount_minor=2900_00, valid_from=JUNE_10, by=SYSTEM)
    pays(row, 2500_00, JUNE_10)
    assert Invoice.objects.get().total_minor == 2500_00


def test_a_tax_that_changed_meanwhile_is_taken_out_of_what_was_asked() -> None:
    entity = isp()
    row = wants(entity, home_10(entity))
    quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    TaxRate.objects.filter(tax="excise", end=None).update(rate_percent=20)
    forget_all()
    pays(row, 2500_00, JUNE_10)
    invoice = Invoice.objects.get()
    assert (invoice.total_minor, invoice.net_minor) == (2500_00, 1795_97)


def test_a_period_cannot_be_invoiced_twice() -> None:
    row = joined(isp())
    draft = month(row, JUNE_10)
    with pytest.raises(IntegrityError, match="period_billed_once"):
        issue(drafts=[draft], by=SYSTEM)


def test_an_invoice_is_never_overpaid_even_by_hand() -> None:
    joined(isp())
    with pytest.raises(IntegrityError, match="invoice_never_overpaid"):
        Invoice.objects.update(paid_minor=2500_01)


def test_quoting_again_gives_the_same_and_a_later_day_replaces_it() -> None:
    entity = isp()
    row = wants(entity, home_10(entity))
    first = quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    assert quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM) == first
    quote(subscription_id=row.pk, on=JUNE_10 + timedelta(days=2), by=SYSTEM)
    first.refresh_from_db()
    assert first.state == ProForma.LAPSED


def test_a_running_subscription_is_not_quoted() -> None:
    row = joined(isp())
    with pytest.raises(Refused, match="subscription_running"):
        quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)


def test_who_may_not_settle_is_refused() -> None:
    nobody = Actor("person", 1, "Nobody")
    with pytest.raises(Refused, match="not_allowed"):
        settle_many(entity_id=1, offers=[], by=nobody)


def test_many_offers_take_as_many_queries_as_one(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    entity = isp()
    rows = [wants(entity, home_10(entity), f"Amina {n}") for n in range(12)]
    for row in rows:
        quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    offers = [Offer(n, row.customer_id, Money(2500_00, "KES"), JUNE_10)
              for n, row in enumerate(rows)]  # fmt: skip
    with django_assert_max_num_queries(60):
        settle_many(entity_id=entity.pk, offers=offers[:1], by=SYSTEM)
    with django_assert_max_num_queries(60):
        settle_many(entity_id=entity.pk, offers=offers[1:], by=SYSTEM)
    assert Subscription.objects.filter(state="active").count() == 12
