"""Tables of dunning: what was done, what was promised, disputed, left to a person, written off."""

from __future__ import annotations

import uuid

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q


class DunningAction(models.Model):
    """A rung of the ladder that was climbed for a debt: at most once, and the database says so.

    `debt` is the debt's identity: `invoice:17`, or `renewal:5:2027-02-11` (a subscription and
    the day through which it was paid). `invoice` is the late fee that it charged.
    """

    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("parties.Customer", on_delete=models.PROTECT, related_name="+")
    rung = models.CharField(max_length=40)
    debt = models.CharField(max_length=60)
    action = models.CharField(max_length=10)
    on = models.DateField()
    done_at = models.DateTimeField()
    amount_minor = models.BigIntegerField(default=0)
    invoice = models.OneToOneField(
        "billing.Invoice", on_delete=models.PROTECT, null=True, related_name="late_fee_of"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "rung", "debt"], name="rung_once")
        ]
        indexes = [models.Index(fields=["entity", "on"], name="dunning_by_day")]

    def __str__(self) -> str:
        return f"{self.rung} for {self.debt}"


class Promise(models.Model):
    """A customer's word to pay a sum by the end of a day. What they then owed stands in `debts`,
    minor units by debt: so many of them as have gone since were paid. One that was taken back
    counts for nothing."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        "parties.Customer", on_delete=models.PROTECT, related_name="promises"
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    until = models.DateField()
    debts = models.JSONField(default=dict)
    made_on = models.DateField()
    made_at = models.DateTimeField()
    taken_by = models.CharField(max_length=80)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=80, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "until"],
                name="promise_day_once",
                condition=Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="promise_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.amount_minor} until {self.until}"


class Dispute(models.Model):
    """An invoice that its customer does not accept: it does not count until this is closed."""

    OPEN, UPHELD, REJECTED = "open", "upheld", "rejected"

    public_id = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    invoice = models.ForeignKey(
        "billing.Invoice", on_delete=models.PROTECT, related_name="disputes"
    )
    reason = models.CharField(max_length=300)
    opened_on = models.DateField()
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=80)
    state = models.CharField(max_length=8, default=OPEN)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], name="dispute_open_once", condition=Q(state="open")
            )
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id}: {self.state}"


class FollowUp(models.Model):
    """A customer whom a person should call, because a rung of the ladder says so."""

    public_id = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    cause = models.OneToOneField(DunningAction, on_delete=models.PROTECT, related_name="follow_up")
    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("parties.Customer", on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=200, blank=True)
    owed_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    made_on = models.DateField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["entity", "id"], name="follow_up_waiting",
                         condition=Q(resolved_at__isnull=True)),
            models.Index(fields=["customer"], name="follow_up_by_customer",
                         condition=Q(resolved_at__isnull=True)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.words}"


class WriteOff(models.Model):
    """What was missing on an invoice and is given up: a loss in the books, and nobody's debt.
    `recovered_minor` of it came after all, and is never more than it."""

    invoice = models.OneToOneField(
        "billing.Invoice", on_delete=models.PROTECT, related_name="write_off"
    )
    customer = models.ForeignKey(
        "parties.Customer", on_delete=models.PROTECT, related_name="write_offs", db_index=False
    )
    amount_minor = models.BigIntegerField()
    recovered_minor = models.BigIntegerField(default=0, db_default=0)
    currency = models.CharField(max_length=3)
    on = models.DateField()
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=80)
    reason = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="write_off_of_something"),
            models.CheckConstraint(
                condition=Q(recovered_minor__gte=0, recovered_minor__lte=F("amount_minor")),
                name="recovered_within_loss",
            ),
        ]
        indexes = [
            models.Index(fields=["customer"], name="write_off_lost",
                         condition=Q(recovered_minor__lt=F("amount_minor"))),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.invoice_id}: {self.amount_minor}"


class Recovery(models.Model):
    """Money of what was written off that came after all, by a payment or out of the customer's
    credit: income of the day, and nothing of the receivable."""

    write_off = models.ForeignKey(WriteOff, on_delete=models.PROTECT, related_name="recoveries")
    amount_minor = models.BigIntegerField()
    on = models.DateField()
    recovered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="recovery_of_something")
        ]

    def __str__(self) -> str:
        return f"{self.write_off_id}: {self.amount_minor}"
