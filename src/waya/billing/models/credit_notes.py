"""Tables of credit notes, their lines and taxes; triggers keep them as issued."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q


class CreditNote(models.Model):
    """Money of an invoice given back: a document of its own, at the invoice's prices and taxes.

    `applied_minor` of it settled what was open of its invoice; the rest became the customer's
    credit. `once` is what asked for it, so that asking again gives the same. Never changed.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(
        "parties.Customer", on_delete=models.PROTECT, related_name="credit_notes"
    )
    invoice = models.ForeignKey(
        "billing.Invoice", on_delete=models.PROTECT, related_name="credit_notes"
    )
    issuer = models.ForeignKey(
        "org.Issuer", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    number = models.CharField(max_length=30)
    issued_on = models.DateField()
    issued_at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    applied_minor = models.BigIntegerField()
    reason = models.CharField(max_length=20)
    note = models.CharField(max_length=200, blank=True)
    once = models.CharField(max_length=80)
    customer_as_issued = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "number"], name="credit_note_number_once"),
            models.UniqueConstraint(fields=["invoice", "once"], name="credit_note_once"),
            models.CheckConstraint(
                condition=Q(total_minor=F("net_minor") + F("tax_minor"), total_minor__gt=0),
                name="credit_note_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(applied_minor__gte=0, applied_minor__lte=F("total_minor")),
                name="credit_note_applied_within",
            ),
        ]
        indexes = [models.Index(fields=["entity", "-id"], name="credit_note_newest")]

    def __str__(self) -> str:
        return self.number


class CreditNoteLine(models.Model):
    """What is given back of an invoice's line; `start` and `end` are the days, if it is days.

    `unearned_minor` of the net was deferred and would have been earned from `unearned_from` up
    to `unearned_until`: a trigger takes it off what is recognised.
    """

    note = models.ForeignKey(CreditNote, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(
        "billing.InvoiceLine", on_delete=models.PROTECT, related_name="credits"
    )
    description = models.CharField(max_length=200)
    start = models.DateField(null=True)
    end = models.DateField(null=True)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    revenue = models.CharField(max_length=40)
    unearned_minor = models.BigIntegerField(default=0)
    unearned_from = models.DateField(null=True)
    unearned_until = models.DateField(null=True)
    why = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(start__isnull=True, end__isnull=True) | Q(start__lt=F("end")),
                name="credited_days_are_days",
            ),
            models.CheckConstraint(
                condition=Q(unearned_minor=0) | Q(unearned_from__lt=F("unearned_until")),
                name="unearned_over_days",
            ),
        ]

    def __str__(self) -> str:
        return self.description


class CreditNoteTax(models.Model):
    """A tax given back: the invoice's own, as it was then, of this base and amount."""

    pk = models.CompositePrimaryKey("line_id", "sequence")
    line = models.ForeignKey(
        CreditNoteLine, on_delete=models.PROTECT, related_name="taxes", db_index=False
    )
    sequence = models.SmallIntegerField()
    tax = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    rate_percent = models.DecimalField(max_digits=7, decimal_places=4)
    base_minor = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    law = models.CharField(max_length=200)
    category = models.CharField(max_length=3)
    reason = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.name} {self.amount_minor}"
