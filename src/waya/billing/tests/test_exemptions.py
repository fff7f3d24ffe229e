"""Certificates of exemption and tax numbers, on what is really billed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from waya.billing.commands.credits import credit
from waya.billing.commands.documents import quote
from waya.billing.commands.fiscal import add_device
from waya.billing.commands.invoices import issue
from waya.billing.commands.lives.changes import cancel
from waya.billing.commands.renewals import bill
from waya.billing.commands.taxes.exemptions import Wished, end_exemption, exempt
from waya.billing.drivers.etims import oscu
from waya.billing.drivers.fiscal import Settings
from waya.billing.models import (
    CreditNoteTax,
    Exemption,
    FiscalDocument,
    Invoice,
    InvoiceTax,
    ProForma,
)
from waya.billing.policy import BillingPolicy
from waya.billing.queries.fiscal import sale_of
from waya.billing.queries.rehearsal import rehearse
from waya.billing.rules.credits import Reason
from waya.billing.rules.tax.buyers import Buyer, Certificate, in_the_way
from waya.billing.rules.tax.rates import Exemption as Rule
from waya.billing.rules.tax.rates import Rate
from waya.billing.rules.tax.stack import Stack
from waya.billing.tests.make import (
    JUNE_10,
    home_10,
    in_service,
    isp,
    joined,
    month,
    office_20,
    pays,
    wants,
)
from waya.kernel.errors import Refused
from waya.kernel.rates import percent
from waya.org.actors import SYSTEM, Actor
from waya.org.commands.policies import choose
from waya.org.models import AuditRecord, Entity
from waya.parties.commands.customers import name_tax_number
from waya.parties.rules.tax_numbers import read
from waya.subscriptions.models import Subscription

BEGAN, NEXT = date(2027, 1, 1), date(2027, 2, 1)
# KES 2,500 with taxes inside is 1,874.06 net, 281.11 excise and 344.83 VAT; without VAT:
WITHOUT_VAT = 2155_17
CERTIFICATE = Wished("KRA/EX/7", date(2027, 1, 15), kind="vat")


def exempted(one: Subscription, wished: Wished = CERTIFICATE) -> Exemption:
    return exempt(customer_id=one.customer_id, wished=wished, by=SYSTEM)


def vat(invoice: Invoice) -> tuple[int, str, str]:
    """The VAT on an invoice of one line: amount, category and reason."""
    row = InvoiceTax.objects.get(line__invoice=invoice, tax="vat")
    return row.amount_minor, row.category, row.reason


def office(entity: Entity) -> Subscription:
    return in_service(entity, office_20(entity, calendar_day=1), BEGAN)


# ---- it works -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_run_charges_no_tax_by_certificate_and_says_which() -> None:
    entity = isp()
    free, other = office(entity), office(entity)
    exempted(free)
    bill(entity_id=entity.pk, on=NEXT, by=SYSTEM)
    mine = Invoice.objects.get(customer=free.customer_id)
    assert vat(mine) == (0, "E", "exempt by certificate KRA/EX/7")
    assert mine.total_minor == WITHOUT_VAT
    excise = InvoiceTax.objects.get(line__invoice=mine, tax="excise")
    assert (excise.amount_minor, excise.reason) == (281_11, "")
    theirs = Invoice.objects.get(customer=other.customer_id)
    assert (theirs.total_minor, vat(theirs)) == (2500_00, (344_83, "S", ""))


@pytest.mark.django_db
def test_the_price_may_stay_by_policy() -> None:
    entity = isp()
    choose(entity_id=entity.pk, choices=BillingPolicy(exempt_keeps="gross"), by=SYSTEM)
    exempted(office(entity))
    bill(entity_id=entity.pk, on=NEXT, by=SYSTEM)
    invoice = Invoice.objects.get()
    assert (invoice.total_minor, vat(invoice)[0]) == (2500_00, 0)


@pytest.mark.django_db
def test_a_part_of_a_tax_is_exempt() -> None:
    one = office(isp())
    exempted(one, Wished("HALF", BEGAN, tax="vat", percent=Decimal(50)))
    bill(entity_id=one.entity_id, on=NEXT, by=SYSTEM)
    assert vat(Invoice.objects.get()) == (172_41, "S", "50 % exempt by certificate HALF")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wished", "amount"),
    [
        (
            Wished("A", date(2027, 1, 15), NEXT, kind="vat"),
            344_83,
        ),  # its last day is the day before
        (Wished("B", NEXT, kind="vat"), 0),  # it begins on the tax point, when the month has passed
        (Wished("C", date(2027, 2, 2), kind="vat"), 344_83),
        (Wished("D", BEGAN, date(2027, 2, 2), kind="vat"), 0),
        (Wished("E", BEGAN, kind="vat", tax_class="voice"), 344_83),
        (Wished("F", BEGAN, kind="vat", tax_class="internet"), 0),
        (Wished("G", BEGAN, kind="excise"), 299_85),
    ],
)
def test_the_tax_point_decides(wished: Wished, amount: int) -> None:
    one = office(isp())
    exempted(one, wished)
    bill(entity_id=one.entity_id, on=NEXT, by=SYSTEM)
    assert vat(Invoice.objects.get())[0] == amount


@pytest.mark.django_db
def test_prepaid_is_asked_for_and_invoiced_without_the_tax() -> None:
    entity = isp()
    one = wants(entity, home_10(entity))
    exempted(one)
    asked = quote(subscription_id=one.pk, on=JUNE_10, by=SYSTEM)
    assert asked.total_minor == WITHOUT_VAT
    pays(one, WITHOUT_VAT, JUNE_10)
    invoice = Invoice.objects.get()
    assert (invoice.total_minor, invoice.paid_minor) == (WITHOUT_VAT, WITHOUT_VAT)
    assert vat(invoice) == (0, "E", "exempt by certificate KRA/EX/7")


@pytest.mark.django_db
def test_what_is_asked_for_is_asked_anew_when_a_certificate_comes() -> None:
    entity = isp()
    one = joined(entity)
    bill(entity_id=entity.pk, on=date(2027, 7, 8), by=SYSTEM)
    waiting = wants(entity, one.plan, "Amina Hassan")
    asked = ProForma.objects.get(state=ProForma.OPEN)
    assert (asked.subscription_id, asked.total_minor) == (one.pk, 2500_00)
    exempted(one)
    exempted(waiting)  # who is asked for nothing stays so
    asked.refresh_from_db()
    again = ProForma.objects.filter(subscription=one).latest("pk")
    assert asked.state == ProForma.LAPSED
    assert (again.start, again.total_minor) == (asked.start, WITHOUT_VAT)
    pays(one, WITHOUT_VAT, date(2027, 7, 9))
    one.refresh_from_db()
    assert one.paid_through == date(2027, 8, 10)


@pytest.mark.django_db
def test_a_certificate_that_ended_between_asking_and_paying_leaves_the_total() -> None:
    """The tax is due on the day of issue: it is taken out of what was asked and paid."""
    entity = isp()
    one = wants(entity, home_10(entity))
    exempted(one, Wished("SHORT", BEGAN, JUNE_10 + timedelta(days=1), kind="vat"))
    quote(subscription_id=one.pk, on=JUNE_10, by=SYSTEM)
    pays(one, WITHOUT_VAT, JUNE_10 + timedelta(days=1))
    invoice = Invoice.objects.get()
    assert (invoice.total_minor, invoice.paid_minor) == (WITHOUT_VAT, WITHOUT_VAT)
    assert vat(invoice)[:2] == (297_26, "S")


@pytest.mark.django_db
def test_a_credit_gives_back_the_taxes_as_they_were_charged() -> None:
    one = office(isp())
    row = exempted(one)
    bill(entity_id=one.entity_id, on=NEXT, by=SYSTEM)
    end_exemption(exemption_id=row.pk, on=NEXT, by=SYSTEM)
    note = credit(invoice_id=Invoice.objects.get().pk, reason=Reason.MISTAKE, once="x",
                  on=date(2027, 2, 2), by=SYSTEM)  # fmt: skip
    given_back = CreditNoteTax.objects.get(line__note=note, tax="vat")
    assert note.total_minor == WITHOUT_VAT
    assert (given_back.amount_minor, given_back.category) == (0, "E")
    assert given_back.reason == "exempt by certificate KRA/EX/7"


@pytest.mark.django_db
def test_a_change_shows_and_bills_the_customer_s_own_taxes() -> None:
    one = office(isp())
    exempted(one)
    outcome = cancel(subscription_id=one.pk, on=date(2027, 1, 17), preview=True, by=SYSTEM)
    ((line,),) = outcome.closing
    assert line.charged.taxed.amounts[-1] == 0
    cancel(subscription_id=one.pk, on=date(2027, 1, 17), by=SYSTEM)
    assert Invoice.objects.get().total_minor == line.charged.taxed.gross.minor


@pytest.mark.django_db
def test_a_rehearsal_says_what_the_run_does() -> None:
    one = office(isp())
    exempted(one)
    assert rehearse(one.entity_id, NEXT).kinds["invoices"].amount_minor == WITHOUT_VAT


# ---- the tax number -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_tax_number_stands_on_the_invoice_and_goes_to_the_authority() -> None:
    entity = isp()
    add_device(branch_id=entity.branches.get().pk, driver="etims_oscu", key="k", serial="1",
               base_url="http://127.0.0.1:1", tax_number="P051234567A", by=SYSTEM)  # fmt: skip
    one = office(entity)
    name_tax_number(customer_id=one.customer_id, tax_number=" p05-1999 888x", by=SYSTEM)
    exempted(one)
    bill(entity_id=entity.pk, on=NEXT, by=SYSTEM)
    invoice = Invoice.objects.get()
    assert invoice.customer_as_issued["tax_number"] == "P051999888X"
    name_tax_number(customer_id=one.customer_id, tax_number="", by=SYSTEM)
    sale = sale_of(FiscalDocument.objects.select_related("invoice").get())
    assert sale.customer_tax_number == "P051999888X"
    assert oscu(Settings("", "P051234567A")).letter(sale.lines[0]) == "A"  # exempt
    told = AuditRecord.objects.filter(action="customer.tax_number").values_list("why", flat=True)
    assert list(told.order_by("pk")) == [{"was": "", "now": "P051999888X"},
                                         {"was": "P051999888X", "now": ""}]  # fmt: skip


@pytest.mark.parametrize("typed", ["P05123456A", "X051234567A", "P0512345678", "P051234567Ä", "-"])
def test_a_malformed_pin_is_refused(typed: str) -> None:
    if typed == "-":
        assert read(typed, "KE") == ""
        return
    with pytest.raises(Refused, match="tax_number_malformed"):
        read(typed, "KE")


@pytest.mark.parametrize(
    ("typed", "country", "kept"),
    [
        ("a012345678z", "KE", "A012345678Z"), ("1000 123 456", "UG", "1000123456"),
        ("123-456-789", "TZ", "123456789"), ("4123456789", "ZA", "4123456789"),
        ("GB 123 4567 89", "GB", "GB123456789"), ("DE123456789", "DE", "DE123456789"),
    ],
)  # fmt: skip
def test_a_tax_number_is_kept_without_what_people_put_between(
    typed: str, country: str, kept: str
) -> None:
    assert read(typed, country) == kept


# ---- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wished", "refusal"),
    [
        (Wished(" ", BEGAN, kind="vat"), "certificate_missing"),
        (Wished("X", BEGAN, BEGAN, kind="vat"), "exemption_backward"),
        (Wished("X", BEGAN, kind="vat", percent=Decimal(0)), "exemption_percent"),
        (Wished("X", BEGAN, kind="vat", percent=Decimal("100.01")), "exemption_percent"),
        (Wished("X", BEGAN, kind="poll_tax"), "exemption_unknown"),
        (Wished("X", BEGAN, tax="vat", kind="excise"), "exemption_unknown"),
        (Wished("X", BEGAN, kind="vat", tax_class="bread"), "exemption_unknown"),
        (Wished("X", BEGAN, tax="withholding_vat"), "exemption_unknown"),
        (Wished("X", BEGAN), "exemption_unknown"),
        (Wished("X", date(2027, 12, 31), kind="vat"), "exemption_overlaps"),
        (Wished("X", BEGAN, date(2027, 6, 2), tax="vat", tax_class="voice"), "exemption_overlaps"),
    ],
)
def test_what_cannot_be_meant_is_refused(wished: Wished, refusal: str) -> None:
    one = office(isp())
    exempted(one, Wished("FIRST", date(2027, 6, 1), date(2028, 1, 1), kind="vat"))
    with pytest.raises(Refused, match=refusal), transaction.atomic():
        exempted(one, wished)
    assert Exemption.objects.count() == 1


@pytest.mark.django_db
def test_one_certificate_follows_another_and_the_same_again_is_the_first() -> None:
    one = office(isp())
    first = exempted(one, Wished("FIRST", BEGAN, NEXT, kind="vat"))
    exempted(one, Wished("SECOND", NEXT, kind="vat"))
    exempted(one, Wished("OTHER", BEGAN, kind="excise"))
    assert exempted(one, Wished("FIRST", BEGAN, NEXT, kind="vat")).pk == first.pk
    assert Exemption.objects.count() == 3


@pytest.mark.django_db
def test_an_end_is_kept_and_one_before_the_beginning_means_never() -> None:
    one = office(isp())
    row = exempted(one)
    assert end_exemption(exemption_id=row.pk, on=NEXT, by=SYSTEM).end == NEXT
    assert end_exemption(exemption_id=row.pk, on=date(2027, 3, 1), by=SYSTEM).end == NEXT
    assert end_exemption(exemption_id=row.pk, on=BEGAN, by=SYSTEM).end == row.valid_from
    bill(entity_id=one.entity_id, on=NEXT, by=SYSTEM)
    assert vat(Invoice.objects.get())[0] == 344_83
    exempted(one, Wished("NEW", date(2027, 1, 15), kind="vat"))  # nothing is in its way


@pytest.mark.django_db
def test_nobody_records_one_without_the_permission_or_for_another_company() -> None:
    one = office(isp())
    cashier = Actor("person", 1, "Naomi", frozenset({"billing.bill"}), one.entity_id)
    with pytest.raises(Refused, match="not_allowed"):
        exempt(customer_id=one.customer_id, wished=CERTIFICATE, by=cashier)
    stranger = Actor("person", 2, "Wanjiku", frozenset({"billing.exempt"}), one.entity_id + 1)
    with pytest.raises(Refused, match="other_entity"):
        exempt(customer_id=one.customer_id, wished=CERTIFICATE, by=stranger)


@pytest.mark.django_db
def test_customers_without_any_cost_no_query_and_those_with_one_cost_one() -> None:
    entity = isp()
    plan = office_20(entity, 1)
    wanting = [wants(entity, plan, f"Amina {place}") for place in range(6)]
    counts = []
    for start in (JUNE_10, JUNE_10 + timedelta(days=40), JUNE_10 + timedelta(days=80)):
        if start == JUNE_10 + timedelta(days=80):
            for one in wanting[:3]:
                exempted(one)
        with CaptureQueriesContext(connection) as asked:
            issue(drafts=[month(one, start) for one in wanting], by=SYSTEM)
        counts.append(len(asked))
    assert counts[2] <= counts[1] + 2  # the certificates, and what policy says of them


# ---- properties ---------------------------------------------------------------------------------

KENYA = Stack((
    Rate("excise", "Excise duty", percent("15"), "", kind="excise", sequence=1),
    Rate("vat", "VAT", percent("16"), "", kind="vat", sequence=2),
))  # fmt: skip
DAYS = st.dates(date(2027, 1, 1), date(2027, 12, 31))
CERTIFICATES = st.builds(
    lambda kind, start, days, ratio, of: Certificate(
        Rule("C", start, kind=kind, ratio=Fraction(ratio, 100),
             end=None if days is None else start + timedelta(days=days)), of),
    st.sampled_from(("vat", "excise")), DAYS, st.none() | st.integers(1, 200), st.integers(1, 100),
    st.sampled_from(("", "internet", "voice")),
)  # fmt: skip


@given(found=st.lists(CERTIFICATES, max_size=4), day=DAYS, net=st.integers(0, 10**9))
def test_no_certificate_makes_a_tax_dearer_and_twice_is_once(
    found: list[Certificate], day: date, net: int
) -> None:
    buyer = Buyer(certificates=tuple(found))
    stack = buyer.stack(KENYA, "internet", day)
    own, ordinary = stack.on_top(net), KENYA.on_top(net)
    assert all(mine <= theirs for mine, theirs in zip(own, ordinary, strict=True))
    assert buyer.stack(stack, "internet", day) is stack
    holding = [one for one in found if one.tax_class in ("", "internet")
               and any(one.exemption.covers(rate, day) for rate in KENYA)]  # fmt: skip
    assert (stack is KENYA) == (not holding)


@given(one=CERTIFICATES, other=CERTIFICATES, day=DAYS)
def test_two_that_hold_on_a_day_for_the_same_are_in_each_other_s_way(
    one: Certificate, other: Certificate, day: date
) -> None:
    both = [
        each for each in (one, other)
        if each.tax_class in ("", "internet") and each.exemption.covers(KENYA[1], day)
    ]  # fmt: skip
    if len(both) == 2:
        assert in_the_way(one, [other]) is other
    assert (in_the_way(one, [other]) is None) == (in_the_way(other, [one]) is None)
