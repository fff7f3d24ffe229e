"""Tables of billing: documents and what settles them, sums beside them, what is fiscalised."""

from __future__ import annotations

from waya.billing.models.credit_notes import CreditNote, CreditNoteLine, CreditNoteTax
from waya.billing.models.documents import (
    Credit,
    CreditUse,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Parked,
    ProForma,
)
from waya.billing.models.fiscal import FiscalDevice, FiscalDocument, FiscalItem
from waya.billing.models.sums import Deferral, ReceivableDelta, Recognition

__all__ = [
    "Credit",
    "CreditNote",
    "CreditNoteLine",
    "CreditNoteTax",
    "CreditUse",
    "Deferral",
    "FiscalDevice",
    "FiscalDocument",
    "FiscalItem",
    "Invoice",
    "InvoiceLine",
    "InvoiceTax",
    "Parked",
    "ProForma",
    "ReceivableDelta",
    "Recognition",
]
