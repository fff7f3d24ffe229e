"""Tables of billing: documents and what settles them, sums beside them, what is fiscalised."""

from __future__ import annotations

from waya.billing.models.credit_notes import CreditNote, CreditNoteLine, CreditNoteTax
from waya.billing.models.documents import (
    Credit,
    CreditUse,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    ProForma,
)
from waya.billing.models.dunning import (
    Dispute,
    DunningAction,
    FollowUp,
    Promise,
    Recovery,
    WriteOff,
)
from waya.billing.models.exemptions import Exemption
from waya.billing.models.fiscal import FiscalDevice, FiscalDocument, FiscalItem
from waya.billing.models.runs import BillingRun, Parked
from waya.billing.models.sums import Deferral, ReceivableDelta, Recognition
from waya.billing.models.usage import Usage

__all__ = [
    "BillingRun",
    "Credit",
    "CreditNote",
    "CreditNoteLine",
    "CreditNoteTax",
    "CreditUse",
    "Deferral",
    "Dispute",
    "DunningAction",
    "Exemption",
    "FiscalDevice",
    "FiscalDocument",
    "FiscalItem",
    "FollowUp",
    "Invoice",
    "InvoiceLine",
    "InvoiceTax",
    "Parked",
    "ProForma",
    "Promise",
    "ReceivableDelta",
    "Recognition",
    "Recovery",
    "Usage",
    "WriteOff",
]
