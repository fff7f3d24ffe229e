"""What is owed to the tax authority, and what it gave for the customer's copy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from waya.billing.drivers.chosen import fiscal_driver
from waya.billing.drivers.fiscal import (
    FiscalDriver,
    FiscalLine,
    FiscalSale,
    Settings,
    TaxCode,
    Unfit,
)
from waya.billing.models import (
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    FiscalDevice,
    FiscalDocument,
    Invoice,
    InvoiceLine,
    InvoiceTax,
)
from waya.kernel.errors import Refused

OWED = (FiscalDocument.ISSUED, FiscalDocument.SUBMITTING)
# The tax whose codes authorities ask for.
VAT = "vat"
_LOOKED_AT = 10


@dataclass(frozen=True, slots=True)
class Fiscal:
    """What a document shows of the authority.

    `state` is issued, submitting, fiscalised or rejected. A document that was recorded while
    its answer was lost is fiscalised without a signature: `unsigned`.
    """

    state: str
    tax_number: str
    control_unit: str
    fiscal_number: str
    signature: str
    internal: str
    signed_at: datetime | None
    verify_url: str
    tax_table: tuple[TaxCode, ...]

    @property
    def unsigned(self) -> bool:
        """Recorded, but the signature never reached us: the authority's portal has it."""
        return self.state == FiscalDocument.FISCALISED and not self.signature


def fiscal_of(invoice_ids: Iterable[int]) -> dict[int, Fiscal]:
    """What the authority gave for each invoice that is owed to it; two queries.

    An invoice that is not in the answer is owed to no authority.
    """
    rows = FiscalDocument.objects.filter(invoice__in=list(invoice_ids), kind=FiscalDocument.SALE)
    return {row.invoice_id: given for row, given in _given(rows)}


def fiscal_of_credits(credit_note_ids: Iterable[int]) -> dict[int, Fiscal]:
    """The same of credit notes, by their ids."""
    rows = FiscalDocument.objects.filter(credit_note__in=list(credit_note_ids))
    return {row.credit_note_id: given for row, given in _given(rows) if row.credit_note_id}


def _given(rows: QuerySet[FiscalDocument]) -> Iterator[tuple[FiscalDocument, Fiscal]]:
    drivers: dict[int, FiscalDriver] = {}
    for row in rows.select_related("device"):
        driver = drivers.setdefault(row.device_id, driver_of(row.device))
        yield (
            row,
            Fiscal(
                state=row.state,
                tax_number=row.device.tax_number,
                control_unit=row.device.control_unit,
                fiscal_number=row.fiscal_number,
                signature=row.signature,
                internal=row.internal,
                signed_at=row.signed_at,
                verify_url=row.verify_url,
                tax_table=tuple(driver.tax_table(row.body)) if row.body else (),
            ),
        )


def driver_of(device: FiscalDevice) -> FiscalDriver:
    """The driver of a device, as it is set up; refuses `no_fiscal_driver`."""
    driver = fiscal_driver(device.driver, settings_of(device))
    if driver is None:
        raise Refused("no_fiscal_driver", driver=device.driver)
    return driver


def settings_of(device: FiscalDevice) -> Settings:
    """A device's row as its driver reads it."""
    return Settings(
        base_url=device.base_url,
        tax_number=device.tax_number,
        branch_code=device.branch_code,
        control_unit=device.control_unit,
        key=device.key,
        choices=dict(device.choices),
    )


def devices_due(at: datetime) -> list[int]:
    """The devices that owe a document and may try now."""
    owed = FiscalDocument.objects.filter(device=OuterRef("pk"), state__in=OWED)
    rows = FiscalDevice.objects.filter(trouble="", next_try_at__lte=at).filter(Exists(owed))
    return list(rows.order_by("pk").values_list("pk", flat=True))


def next_owed(device_id: int) -> FiscalDocument | None:
    """What is sent next: whatever was sent and not answered, then the oldest."""
    rows = FiscalDocument.objects.filter(device_id=device_id, state__in=OWED)
    rows = rows.select_related("device", "invoice", "credit_note")
    return rows.order_by("-state", "pk").first()


def refused_in_a_row(document: FiscalDocument) -> int:
    """How many documents up to this one, in their order, the authority refused one after another;
    what its format could not carry does not count."""
    rows = FiscalDocument.objects.filter(device=document.device_id, pk__lte=document.pk)
    many = 0
    for row in rows.order_by("-pk")[:_LOOKED_AT]:
        if row.state != FiscalDocument.REJECTED:
            break
        many += row.answers[-1]["code"] != "unfit"
    return many


def sale_of(document: FiscalDocument) -> FiscalSale:
    """A document as an authority is told of it; two queries, of a credit note three.

    Raises Unfit for a credit of a sale that the authority has not recorded.
    """
    if document.credit_note is not None:
        return _credit_of(document, document.credit_note)
    invoice = document.invoice
    lines = list(InvoiceLine.objects.filter(invoice=invoice).order_by("pk"))
    taxes = {
        row.line_id: row for row in InvoiceTax.objects.filter(line__in=lines, tax=VAT)
    }  # fmt: skip
    return FiscalSale(
        reference=document.reference,
        issued_at=invoice.issued_at,
        customer_name=str(invoice.customer_as_issued.get("name", "")),
        customer_tax_number=str(invoice.customer_as_issued.get("tax_number", "")),
        paid=invoice.paid_minor >= invoice.total_minor,
        lines=[_line(line, taxes.get(line.pk)) for line in lines],
    )


def _credit_of(document: FiscalDocument, note: CreditNote) -> FiscalSale:
    """A credit note names the number of what it credits, which went before it."""
    sale = FiscalDocument.objects.filter(invoice=note.invoice_id, kind=FiscalDocument.SALE)
    number = sale.filter(device=document.device_id).values_list("number", flat=True).first()
    if number is None:
        raise Unfit("the invoice that it credits is not recorded")
    lines = list(CreditNoteLine.objects.filter(note=note).order_by("pk"))
    taxes = {
        row.line_id: row for row in CreditNoteTax.objects.filter(line__in=lines, tax=VAT)
    }  # fmt: skip
    return FiscalSale(
        reference=document.reference,
        issued_at=note.issued_at,
        customer_name=str(note.customer_as_issued.get("name", "")),
        customer_tax_number=str(note.customer_as_issued.get("tax_number", "")),
        paid=note.applied_minor < note.total_minor,
        lines=[_line(line, taxes.get(line.pk)) for line in lines],
        credits_number=number,
    )


def waiting(entity_id: int) -> int:
    """How many documents of an entity the authority has not answered for."""
    return FiscalDocument.objects.filter(device__entity_id=entity_id, state__in=OWED).count()


def rejected(entity_id: int) -> QuerySet[FiscalDocument]:
    """What the authority refused, oldest first: each needs a person."""
    return _of(entity_id).filter(state=FiscalDocument.REJECTED)


def unsigned(entity_id: int) -> QuerySet[FiscalDocument]:
    """What was recorded while the answer was lost, oldest first: a person finds the signature."""
    return _of(entity_id).filter(state=FiscalDocument.FISCALISED, signature="")


def _of(entity_id: int) -> QuerySet[FiscalDocument]:
    rows = FiscalDocument.objects.filter(device__entity_id=entity_id)
    return rows.select_related("invoice__customer", "credit_note", "device").order_by("pk")


@dataclass(frozen=True, slots=True)
class DeviceState:
    """A branch's control unit: what stops it, and how many wait since when. `said` is the last
    that was heard while so many `attempts` in a row got no answer."""

    device: FiscalDevice
    waiting: int
    oldest: datetime | None
    said: str
    attempts: int


def device_states(entity_id: int) -> list[DeviceState]:
    """The control units of an entity; two queries."""
    owed = Q(documents__state__in=OWED)
    rows = FiscalDevice.objects.filter(entity=entity_id).select_related("branch").annotate(
        waiting=Count("documents", filter=owed), oldest=Min("documents__owed_at", filter=owed)
    )  # fmt: skip
    sent = FiscalDocument.objects.filter(
        device__entity_id=entity_id, state__in=OWED, attempts__gt=0
    )
    under_way = {row.device_id: row for row in sent.order_by("-pk")}
    found = []
    for row in rows.order_by("pk"):
        at = under_way.get(row.pk)
        said = said_of(at) if at and row.failures else ""
        found.append(DeviceState(row, row.waiting, row.oldest, said, row.failures))
    return found


def said_of(document: FiscalDocument) -> str:
    """What the authority said last of a document: its code and its words."""
    last = document.answers[-1] if document.answers else {}
    return f"{last.get('code', '')} {last.get('text', '')}".strip()


def billed(invoice_ids: Iterable[int]) -> dict[int, str]:
    """The numbers of those invoices that an authority must hear of: whatever costs something."""
    rows = Invoice.objects.filter(pk__in=list(invoice_ids), total_minor__gt=0)
    return dict(rows.order_by("pk").values_list("pk", "number"))


def _line(line: InvoiceLine | CreditNoteLine, vat: InvoiceTax | CreditNoteTax | None) -> FiscalLine:
    return FiscalLine(
        revenue=line.revenue,
        name=line.description,
        gross_minor=line.total_minor,
        vat_minor=vat.amount_minor if vat else 0,
        vat_percent=vat.rate_percent if vat else None,
        category=vat.category if vat else "",
    )
