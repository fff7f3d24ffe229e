"""Tables of pro formas, invoices, their lines and taxes, and what pays them."""

from __future__ import annotations

import uuid

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q

from waya.kernel.periods import Period


class ProForma(models.Model):
    """A renewal (or a first period) asked for in advance: no tax document, no posting.

    The period is half-open and as it will be if paid in time. `invoice` is what it became. One
    that is offered may be paid and is asked of nobody: the next hours of a plan by the hour.

    A row is a line: what is asked of a customer for several subscriptions from the same day
    shares one number, and `line` counts them from 1 (decision 0021).
    """

    OPEN, PAID, LAPSED, OFFERED = "open", "paid", "lapsed", "offered"
    PAYABLE = (OPEN, OFFERED)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(
        "parties.Customer", on_delete=models.PROTECT, related_name="pro_formas"
    )
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="pro_formas"
    )
    issuer = models.ForeignKey(
        "org.Issuer", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    number = models.CharField(max_length=30)
    line = models.SmallIntegerField(default=1, db_default=1)
    issued_on = models.DateField()
    start = models.DateField()
    end = models.DateField()
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    # The price and days that made the total, so that paying it later costs the same.
    why = models.JSONField(default=dict)
    state = models.CharField(max_length=8, default=OPEN)
    invoice = models.ForeignKey(
        "billing.Invoice", on_delete=models.PROTECT, null=True, related_name="pro_formas"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "number", "line"], name="pro_forma_number_once"
            ),
            models.UniqueConstraint(
                fields=["subscription", "start"], name="pro_forma_period_once",
                condition=Q(state__in=["open", "offered"]),
            ),
            models.CheckConstraint(condition=Q(start__lt=F("end")), name="pro_forma_has_days"),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["customer"], name="pro_forma_open",
                         condition=Q(state__in=["open", "offered"])),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number

    @property
    def period(self) -> Period:
        """The half-open period that it asks for."""
        return Period(self.start, self.end)


class Invoice(models.Model):
    """A tax document. After issue only `paid_minor` moves, and never past the total: a
    trigger refuses the rest, and sees to what foreign keys would. `settled_on` is the business
    day on which it was moved last, `moved_on` the day that the books date that on: what was owed
    on a day that has passed rests on them, and is what the receivable account held then."""

    public_id = models.UUIDField(
        default=uuid.uuid4, db_default=RandomUUID(), unique=True, editable=False
    )
    # Its number begins with the entity in its index.
    entity = models.ForeignKey(
        "org.Entity", on_delete=models.PROTECT, related_name="+", db_constraint=False,
        db_index=False,
    )  # fmt: skip
    customer = models.ForeignKey(
        "parties.Customer", on_delete=models.PROTECT, related_name="invoices", db_constraint=False
    )
    # The seller as it was named on issue, and its branch.
    issuer = models.ForeignKey(
        "org.Issuer", on_delete=models.PROTECT, related_name="+", db_constraint=False,
        db_index=False,
    )  # fmt: skip
    number = models.CharField(max_length=30)
    issued_on = models.DateField()
    issued_at = models.DateTimeField()
    due_on = models.DateField()
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    paid_minor = models.BigIntegerField(default=0)
    settled_on = models.DateField(null=True)
    moved_on = models.DateField(null=True)
    # The customer's name, account number and tax number as they were on issue.
    customer_as_issued = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "number"], name="invoice_number_once"),
            models.CheckConstraint(
                condition=Q(paid_minor__gte=0, paid_minor__lte=F("total_minor")),
                name="invoice_never_overpaid",
            ),
            models.CheckConstraint(
                condition=Q(total_minor=F("net_minor") + F("tax_minor")), name="invoice_adds_up"
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "due_on"], name="invoice_open",
                         condition=Q(paid_minor__lt=F("total_minor"))),
            models.Index(fields=["entity", "due_on", "id"], name="invoice_open_by_due",
                         condition=Q(paid_minor__lt=F("total_minor"))),
            models.Index(fields=["entity", "settled_on", "issued_on"], name="invoice_by_settling",
                         condition=Q(settled_on__isnull=False)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number


class InvoiceLine(models.Model):
    """A line with the period that it charges (half-open, stored) and its own explanation."""

    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, related_name="lines", db_constraint=False
    )
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, null=True, related_name="+",
        db_constraint=False,
    )  # fmt: skip
    description = models.CharField(max_length=200)
    start = models.DateField(null=True)
    end = models.DateField(null=True)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    # The account that earns it; deferred until its days have passed, if billed in advance.
    revenue = models.CharField(max_length=40, default="revenue:internet")
    deferred = models.BooleanField(default=False)
    # Which charge of the plan it asks for, and how often the same was given back before.
    charge = models.CharField(max_length=100, default="fee", db_default="fee", db_collation="C")
    turn = models.SmallIntegerField(default=0, db_default=0)
    why = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "start", "charge", "turn"], name="period_billed_once",
                condition=Q(subscription__isnull=False, start__isnull=False),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.description


class InvoiceTax(models.Model):
    """A tax on a line as it was on issue: its base, rate and law.

    `rate_id` is the catalog's record that it came from; `reason` says why it is zero or less
    than whole: a certificate, or a reverse charge.
    """

    pk = models.CompositePrimaryKey("line_id", "sequence")
    line = models.ForeignKey(
        InvoiceLine, on_delete=models.PROTECT, related_name="taxes", db_constraint=False,
        db_index=False,
    )  # fmt: skip
    sequence = models.SmallIntegerField()
    tax = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    rate_percent = models.DecimalField(max_digits=7, decimal_places=4)
    base_minor = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    law = models.CharField(max_length=200)
    rate_id = models.BigIntegerField(null=True)
    category = models.CharField(max_length=3, default="S", db_default="S")
    reason = models.CharField(max_length=200, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return f"{self.name} {self.amount_minor}"


class CreditUse(models.Model):
    """Customer credit spent on an invoice; an allocation that came from no new payment."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_uses")
    amount_minor = models.BigIntegerField()
    used_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.amount_minor} on {self.invoice_id}"


class Credit(models.Model):
    """Money of a customer that no invoice has used yet: the sub-ledger of customer credit."""

    customer = models.OneToOneField(
        "parties.Customer", on_delete=models.PROTECT, related_name="credit"
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="credit_not_negative")
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.amount_minor}"
