"""What was used, to be charged by the unit."""

from __future__ import annotations

from django.db import models


class Usage(models.Model):
    """So much of a metric used by a subscription on a day. `source` says where it came from,
    such as a meter's reading; the same source counts once."""

    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="+"
    )
    metric = models.CharField(max_length=40)
    on = models.DateField()
    quantity = models.DecimalField(max_digits=20, decimal_places=6)
    source = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "metric", "source"], name="usage_counts_once"
            ),
            models.CheckConstraint(condition=models.Q(quantity__gte=0), name="usage_not_negative"),
        ]
        indexes = [models.Index(fields=["subscription", "on"], name="usage_by_day")]

    def __str__(self) -> str:
        return f"{self.quantity} {self.metric} on {self.on}"
