"""Tables of plans, prices and tax rates."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q


class Plan(models.Model):
    """A service that can be subscribed to, by the month."""

    PREPAID, POSTPAID = "prepaid", "postpaid"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    mode = models.CharField(max_length=10, default=PREPAID)
    months = models.SmallIntegerField(default=1)
    down_kbps = models.IntegerField()
    up_kbps = models.IntegerField()
    tax_class = models.CharField(max_length=20, default="internet")
    on_sale = models.BooleanField(default=True)
    # Which day each period begins: null is the day the customer began.
    calendar_day = models.SmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "code"], name="plan_code_once"),
            models.CheckConstraint(condition=Q(months__gte=1, months__lte=12), name="plan_months"),
        ]

    def __str__(self) -> str:
        return self.name


class Price(models.Model):
    """What a plan costs for one whole period, from a date on."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="prices")
    valid_from = models.DateField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    tax_inclusive = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "valid_from"], name="price_from_once"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount_minor} from {self.valid_from}"


class TaxRate(models.Model):
    """A tax on a class of supply in a country for a half-open stretch of dates.

    Taxes stack in the order of `sequence`; each is charged on the net and the taxes before
    it. `rate_percent` is exact.
    """

    country = models.CharField(max_length=2)
    tax = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    tax_class = models.CharField(max_length=20)
    sequence = models.SmallIntegerField()
    rate_percent = models.DecimalField(max_digits=7, decimal_places=4)
    valid_from = models.DateField()
    end = models.DateField(null=True)
    law = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["country", "tax", "tax_class", "valid_from"], name="tax_rate_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.rate_percent} % from {self.valid_from}"
