"""Tables of billing: documents and what settles them, sums beside them, what is fiscalised."""

from __future__ import annotations

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
