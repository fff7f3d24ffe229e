"""Tables of plans, their versions and tax rates."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Plan(models.Model):
    """A service that can be subscribed to, by periods of so many months, weeks, days or hours.

    Hours are paid before, and counted from the moment of the payment.
    """

    PREPAID, POSTPAID = "prepaid", "postpaid"
    UNITS = ("month", "week", "day", "hour")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    mode = models.CharField(max_length=10, default=PREPAID)
    unit = models.CharField(max_length=5, default="month")
    count = models.SmallIntegerField(default=1)
    down_kbps = models.IntegerField()
    up_kbps = models.IntegerField()
    tax_class = models.CharField(max_length=20, default="internet")
    on_sale = models.BooleanField(default=True)
    # Which day each period begins: null is the day the customer began.
    calendar_day = models.SmallIntegerField(null=True)
    # Had on top of another plan, on its bill; of the plans with these codes (none: of any).
    add_on = models.BooleanField(default=False, db_default=False)
    add_on_to = ArrayField(models.CharField(max_length=40), default=list, db_default=[])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "code"], name="plan_code_once"),
            models.CheckConstraint(
                condition=Q(unit="month", count__gte=1, count__lte=12)
                | Q(unit__in=["week", "day"], count__gte=1, count__lte=366, calendar_day=None)
                | Q(unit="hour", count__gte=1, count__lte=744, calendar_day=None, mode="prepaid"),
                name="plan_period",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BundlePart(models.Model):
    """A plan that a bundle holds; the first one in place is its line, the rest are add-ons."""

    bundle = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="parts")
    part = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    place = models.SmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bundle", "part"], name="bundle_part_once"),
            models.UniqueConstraint(fields=["bundle", "place"], name="bundle_place_once"),
        ]

    def __str__(self) -> str:
        return f"{self.part_id} of {self.bundle_id}"


class PlanVersion(models.Model):
    """What a plan costs, and how, for those who take it from a date on.

    Published once and never changed: a trigger refuses it. Whoever has a version keeps it until
    a price change moves them. `amount_minor` is what its recurring charges come to for one unit
    each cycle; `terms` hold all of it (see `rules.versions`).
    """

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.SmallIntegerField()
    valid_from = models.DateField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    tax_inclusive = models.BooleanField(default=True)
    terms = models.JSONField()
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "valid_from"], name="version_from_once"),
            models.UniqueConstraint(fields=["plan", "number"], name="version_number_once"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="version_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}.{self.number} from {self.valid_from}"


class PriceChange(models.Model):
    """Those who have an older version of a plan move to this one: periods that begin on a date,
    or later, are charged by it. The only way in which a price changes for a customer."""

    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="changes")
    on = models.DateField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version"], name="price_change_once")]

    def __str__(self) -> str:
        return f"to {self.version_id} on {self.on}"


class Promotion(models.Model):
    """Less to pay on recurring charges, for a customer who has its code: a percentage, or an
    amount each period, for so many periods (null: all). It is given out on the half-open dates
    from `valid_from` to `end`, for the plans named by code (none: for all)."""

    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    percent = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    amount_minor = models.BigIntegerField(default=0)
    periods = models.SmallIntegerField(null=True)
    valid_from = models.DateField()
    end = models.DateField(null=True)
    plans = ArrayField(models.CharField(max_length=40), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "code"], name="promotion_code_once"),
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=100, amount_minor=0)
                | Q(percent=0, amount_minor__gt=0),
                name="promotion_takes_off",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class TaxRate(models.Model):
    """A tax on a class of supply in a jurisdiction, dated in two senses.

    It holds on the half-open dates from `valid_from`, and was known from `recorded_on`; a later
    record of the same rate replaces the earlier one, and nothing is ever changed here. Taxes
    stack in the order of `sequence`; the base is `share_percent` of the net and of the taxes
    named in `on` (null: every tax before it). `rate_percent` is exact; how it applies is `how`.
    What it comes to is rounded, `rounding` says how, to a multiple of `quantum_minor`.
    """

    jurisdiction = models.CharField(max_length=20)
    tax = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=20, default="vat")
    tax_class = models.CharField(max_length=20)
    customer_class = models.CharField(max_length=20, blank=True, default="")
    sequence = models.SmallIntegerField()
    how = models.CharField(max_length=10, default="ratio")
    rate_percent = models.DecimalField(max_digits=7, decimal_places=4)
    on = ArrayField(models.CharField(max_length=20), null=True)
    share_percent = models.DecimalField(max_digits=7, decimal_places=4, default=100)
    per_unit_minor = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    least_minor = models.BigIntegerField(null=True)
    most_minor = models.BigIntegerField(null=True)
    rounding = models.CharField(max_length=10, default="half_up")
    quantum_minor = models.IntegerField(default=1)
    category = models.CharField(max_length=3, default="S")
    reverse = models.CharField(max_length=10, blank=True, default="")
    reverse_law = models.CharField(max_length=200, blank=True, default="")
    valid_from = models.DateField()
    end = models.DateField(null=True)
    recorded_on = models.DateField()
    status = models.CharField(max_length=10, default="enacted")
    law = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "jurisdiction", "tax", "tax_class", "customer_class", "valid_from",
                    "recorded_on",
                ],
                name="tax_rate_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["enacted", "suspended", "repealed"]),
                name="tax_rate_status",
            ),
            models.CheckConstraint(
                condition=Q(how__in=["ratio", "per_unit"])
                | Q(how="gross_up", rate_percent__lt=100),
                name="tax_rate_how",
            ),
            models.CheckConstraint(
                condition=Q(
                    rounding__in=["half_up", "half_even", "up", "down"], quantum_minor__gte=1
                ),
                name="tax_rate_rounding",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.name} {self.rate_percent} % from {self.valid_from}"
