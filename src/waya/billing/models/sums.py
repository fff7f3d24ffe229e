"""Tables of sums that triggers keep beside documents, and what was recognised of them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class ReceivableDelta(models.Model):
    """What invoices due on a day came to owe (above zero) or were settled by (below) on another
    day: a trigger adds a row for each statement, days long past are folded. Ageing as of any
    day adds these up, so it costs days, never invoices."""

    entity_id = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    due_on = models.DateField()
    on = models.DateField()
    amount_minor = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["entity_id", "on"], name="receivable_by_day")]

    def __str__(self) -> str:
        return f"{self.on} {self.amount_minor} due {self.due_on}"


class Deferral(models.Model):
    """So many invoice lines alike of a branch, billed in advance: each earns `net_minor` over
    the days from `start` up to `end`. A trigger adds a row for each statement; recognition reads
    these, a few hundred a month, and never the lines. A credit of what is not earned is a row
    below zero."""

    entity_id = models.BigIntegerField()
    branch_id = models.BigIntegerField()
    revenue = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    on = models.DateField()
    start = models.DateField()
    end = models.DateField()
    net_minor = models.BigIntegerField()
    lines = models.IntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(start__lt=F("end")), name="deferral_has_days"),
        ]
        indexes = [models.Index(fields=["entity_id", "end"], name="deferral_by_end")]

    def __str__(self) -> str:
        return f"{self.lines} × {self.net_minor}, {self.start} to {self.end}"


class Recognition(models.Model):
    """Revenue recognised through a day, of what was billed in advance: what had been earned
    until then, less what was recognised before. One entry of the books for each day, with lines
    for each branch."""

    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    branch = models.ForeignKey("org.Branch", on_delete=models.PROTECT, related_name="+")
    through = models.DateField()
    revenue = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "through", "branch", "revenue", "currency"],
                name="recognised_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.revenue} through {self.through}: {self.amount_minor}"
