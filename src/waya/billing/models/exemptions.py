"""Table of the certificates by which customers are exempt from taxes."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.db import models
from django.db.models import F, Q


class Exemption(models.Model):
    """A certificate: a customer need not pay `percent` of a tax, or of every tax of a kind, on a
    class of supply or (empty) all of them, from `valid_from` up to and not including `end`.

    It is never changed but for its end: documents name it. One that ended before it began never
    held.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        "parties.Customer", on_delete=models.PROTECT, related_name="exemptions"
    )
    certificate = models.CharField(max_length=60)
    kind = models.CharField(max_length=20)
    tax = models.CharField(max_length=20, blank=True)
    tax_class = models.CharField(max_length=20, blank=True)
    percent = models.DecimalField(max_digits=7, decimal_places=4, default=Decimal(100))
    valid_from = models.DateField()
    end = models.DateField(null=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=100), name="exemption_of_a_part"
            ),
            models.CheckConstraint(
                condition=Q(end__isnull=True) | Q(end__gte=F("valid_from")),
                name="exemption_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.certificate}: {self.tax or self.kind}"
