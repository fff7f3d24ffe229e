"""Tables of pro formas, invoices, their lines and taxes."""

from __future__ import annotations

import uuid

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q

from waya.kernel.periods import Period
from waya.org.secrets import SealedField


class ProForma(models.Model):
    """A renewal (or a first period) asked for in advance: no tax document, no posting.

    The period is half-open and as it will be if paid in time. `invoice` is what it became.
    """

    OPEN, PAID, LAPSED = "open", "paid", "lapsed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(
        "parties.Customer", on_delete=models.PROTECT, related_name="pro_formas"
    )
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="pro_formas"
    )
    number = models.CharField(max_length=30)
    issued_on = models.DateField()
    start = models.DateField()
    end = models.DateField()
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    # The price and days that made the total, so that paying it later costs the same.
    why = models.JSONField(default=dict)
    state = models.CharField(max_length=8, default=OPEN)
    invoice = models.OneToOneField(
        "billing.Invoice", on_delete=models.PROTECT, null=True, related_name="pro_forma"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "number"], name="pro_forma_number_once"),
            models.UniqueConstraint(fields=["subscription", "start"], name="pro_forma_period_once"),
            models.CheckConstraint(condition=Q(start__lt=F("end")), name="pro_forma_has_days"),
        ]
        indexes = [
            models.Index(fields=["customer"], name="pro_forma_open", condition=Q(state="open")),
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
    day on which it moved last, whatever day the money counts from: what was owed on a day that
    has passed rests on it, as it was known then."""

    public_id = models.UUIDField(
        default=uuid.uuid4, db_default=RandomUUID(), unique=True, editable=False
    )
    entity = models.ForeignKey(
        "org.Entity", on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    customer = models.ForeignKey(
        "parties.Customer", on_delete=models.PROTECT, related_name="invoices", db_constraint=False
    )
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
    why = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "start"], name="period_billed_once",
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

    line = models.ForeignKey(
        InvoiceLine, on_delete=models.PROTECT, related_name="taxes", db_constraint=False
    )
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


class Parked(models.Model):
    """A customer who could not be billed on a day, and why; a person looks, the next run
    tries again."""

    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("parties.Customer", on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "on"], name="parked_once")]
        indexes = [
            models.Index(fields=["entity"], name="parked_waiting",
                         condition=Q(resolved_at__isnull=True)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.reason}"


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
    """So many invoice lines alike, billed in advance: each earns `net_minor` over the days from
    `start` up to `end`. A trigger adds a row for each statement; recognition reads these, a few
    hundred a month, and never the lines. A credit of what is not earned is a row below zero."""

    entity_id = models.BigIntegerField()
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
    until then, less what was recognised before. One entry of the books for each day."""

    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    through = models.DateField()
    revenue = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "through", "revenue", "currency"], name="recognised_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.revenue} through {self.through}: {self.amount_minor}"


class FiscalDevice(models.Model):
    """A branch's control unit at the tax authority: one writer, one series of numbers.

    `next_number` is the authority's number for the next document of this branch; it counts
    only what the authority has recorded, or may have. `trouble` is what a person must look at
    before anything more is sent. Moments are real time.
    """

    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    branch = models.OneToOneField("org.Branch", on_delete=models.PROTECT, related_name="+")
    driver = models.CharField(max_length=20)
    base_url = models.CharField(max_length=200)
    tax_number = models.CharField(max_length=20)
    branch_code = models.CharField(max_length=4, default="00")
    serial = models.CharField(max_length=100)
    key = SealedField(blank=True, default="")
    control_unit = models.CharField(max_length=40, blank=True, default="")
    choices = models.JSONField(default=dict)
    next_number = models.BigIntegerField(default=1)
    failures = models.IntegerField(default=0)
    next_try_at = models.DateTimeField()
    trouble = models.CharField(max_length=300, blank=True, default="")
    trouble_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.driver} {self.tax_number}/{self.branch_code}"


class FiscalItem(models.Model):
    """What the authority calls something that we sell; it must know it before it is sold."""

    device = models.ForeignKey(FiscalDevice, on_delete=models.PROTECT, related_name="items")
    revenue = models.CharField(max_length=40)
    letter = models.CharField(max_length=2)
    code = models.CharField(max_length=20)
    registered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["device", "revenue", "letter"], name="fiscal_item_once"
            ),
            models.UniqueConstraint(fields=["device", "code"], name="fiscal_item_code_once"),
        ]

    def __str__(self) -> str:
        return self.code


class FiscalDocument(models.Model):
    """A document that is owed to the tax authority, and what became of it.

    It gets its number and its `body` when it is sent for the first time; until the authority
    has answered, exactly that body is sent again. `in_doubt` says that the authority may have
    it although it has not said so. Moments are real time.
    """

    ISSUED, SUBMITTING, FISCALISED, REJECTED = "issued", "submitting", "fiscalised", "rejected"

    device = models.ForeignKey(FiscalDevice, on_delete=models.PROTECT, related_name="documents")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="fiscal")
    kind = models.CharField(max_length=12, default="sale")
    reference = models.CharField(max_length=30)
    state = models.CharField(max_length=10, default=ISSUED)
    number = models.BigIntegerField(null=True)
    body = models.TextField(blank=True, default="")
    in_doubt = models.BooleanField(default=False)
    attempts = models.IntegerField(default=0)
    answers = models.JSONField(default=list)
    owed_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    # What the authority gave, and the customer's document shows.
    fiscal_number = models.CharField(max_length=60, blank=True, default="")
    signature = models.CharField(max_length=80, blank=True, default="")
    internal = models.CharField(max_length=80, blank=True, default="")
    signed_at = models.DateTimeField(null=True)
    verify_url = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["device", "number"], name="fiscal_number_once"),
            models.UniqueConstraint(
                fields=["device", "kind", "reference"], name="fiscal_document_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["issued", "rejected"], number__isnull=True)
                | Q(state__in=["submitting", "fiscalised"], number__isnull=False),
                name="fiscal_number_when_sent",
            ),
        ]
        indexes = [
            models.Index(fields=["device", "id"], name="fiscal_owed",
                         condition=Q(state__in=["issued", "submitting"])),
            models.Index(fields=["invoice"], name="fiscal_by_invoice"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.reference}: {self.state}"
