"""Credit notes at a KRA that others wrote: after what they credit, and naming its number."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from etims.testing import FakeKra

from waya.billing.commands import fiscal
from waya.billing.commands.credits import credit, credit_lines
from waya.billing.models import CreditNote, FiscalDevice, FiscalDocument, Invoice
from waya.billing.queries.fiscal import fiscal_of, fiscal_of_credits
from waya.billing.rules.credits import LineCredit, Reason
from waya.billing.tests import kra as baraka
from waya.billing.tests import make
from waya.org.actors import SYSTEM

pytestmark = pytest.mark.django_db

JUNE_20 = date(2027, 6, 20)


@pytest.fixture
def device(kra: FakeKra) -> FiscalDevice:
    return baraka.device(make.isp(), kra.url)


def all_of(invoice: Invoice) -> CreditNote:
    return credit(invoice_id=invoice.pk, reason=Reason.MISTAKE, once="all", on=JUNE_20, by=SYSTEM)


def test_a_credit_is_recorded_after_its_sale_and_names_it(
    device: FiscalDevice, kra: FakeKra
) -> None:
    """KES 500 of 2,500: its VAT is a fifth of 344.83."""
    other, invoice = baraka.invoices(device.entity, 2)
    wish = LineCredit(invoice.lines.get().pk, Reason.OUTAGE, gross_minor=500_00)
    (note,) = credit_lines(credits=[wish], on=JUNE_20, once="outage", by=SYSTEM)
    assert fiscal.fiscalise(device_id=device.pk, by=SYSTEM) == 3
    recorded = kra.sales(baraka.PIN, "00")
    told = recorded[3]["request"]
    assert (told["rcptTyCd"], told["orgInvcNo"], told["trdInvcNo"]) == ("R", 2, note.number)
    assert (told["totAmt"], told["taxAmtB"]) == (500, 68.97)
    shown = fiscal_of_credits([note.pk])[note.pk]
    assert (shown.state, shown.signature) == ("fiscalised", recorded[3]["receipt"]["rcptSign"])
    (code,) = shown.tax_table
    assert (code.taxable, code.tax) == (Decimal(500), Decimal("68.97"))
    assert set(fiscal_of([other.pk, invoice.pk])) == {other.pk, invoice.pk}
    assert fiscal_of([invoice.pk])[invoice.pk].signature != shown.signature


def test_what_no_authority_heard_of_is_credited_without_it(kra: FakeKra) -> None:
    """An invoice from before there was a device."""
    entity = make.isp()
    (invoice,) = baraka.invoices(entity, 1)
    baraka.device(entity, kra.url)
    note = all_of(invoice)
    assert fiscal_of_credits([note.pk]) == {}
    assert not FiscalDocument.objects.exists()


def test_a_credit_of_a_sale_that_was_refused_waits_for_a_person(
    device: FiscalDevice, kra: FakeKra
) -> None:
    (invoice,) = baraka.invoices(device.entity, 1)
    note = all_of(invoice)
    FiscalDocument.objects.filter(kind=FiscalDocument.SALE).update(state="rejected")
    assert fiscal.fiscalise(device_id=device.pk, by=SYSTEM) == 1
    waits = FiscalDocument.objects.get(credit_note=note)
    assert waits.state == "rejected"
    assert "is not recorded" in waits.answers[-1]["text"]
    sale = FiscalDocument.objects.get(kind=FiscalDocument.SALE)
    for row in (sale, waits):
        fiscal.try_again(document_id=row.pk, by=SYSTEM)
    assert fiscal.fiscalise(device_id=device.pk, by=SYSTEM) == 2
    assert kra.sales(baraka.PIN, "00")[2]["request"]["orgInvcNo"] == 1
