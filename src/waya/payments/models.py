"""Tables of merchants, notifications, prompts, payments and their allocations."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from waya.org.secrets import SealedField


class Merchant(models.Model):
    """A merchant account at a provider: an entity's paybill, with its own secret path.

    `path` is the opaque part of the call-back address; `clearing` is the purpose of the
    ledger account that its money passes through; `app_token` is the provider's access
    token, shared by every process. `heard_at` is the real moment of its last notification
    that we worked off.
    """

    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    provider = models.CharField(max_length=20, default="mpesa")
    short_code = models.CharField(max_length=12)
    path = models.CharField(max_length=64, unique=True)
    clearing = models.CharField(max_length=40, default="clearing:mpesa")
    base_url = models.URLField()
    consumer_key = models.CharField(max_length=120, blank=True)
    consumer_secret = SealedField(blank=True)
    passkey = SealedField(blank=True)
    app_token = SealedField(blank=True)
    app_token_at = models.DateTimeField(null=True)
    app_token_until = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    registered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "short_code"], name="merchant_once")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.short_code}"


class Prompt(models.Model):
    """An STK push: money asked for on a customer's phone. Written before the call is made.

    A success absorbs every other state; a failure may still become a success. `key` is the
    provider's, known once it answered. All moments are real time.
    """

    SENDING, SENT, PAID, FAILED, UNKNOWN = "sending", "sent", "paid", "failed", "unknown"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="prompts")
    customer = models.ForeignKey(
        "parties.Customer", on_delete=models.PROTECT, related_name="prompts"
    )
    phone = models.CharField(max_length=20)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=8, default=SENDING)
    key = models.CharField(max_length=80, null=True, unique=True)
    result_code = models.CharField(max_length=20, blank=True)
    result_text = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()
    queried_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-id"], name="prompt_by_customer"),
            models.Index(fields=["phone", "-id"], name="prompt_by_phone"),
            models.Index(fields=["made_at"], name="prompt_open",
                         condition=Q(state__in=["sending", "sent", "unknown"])),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.phone} {self.amount_minor} {self.state}"


class Payment(models.Model):
    """Money that arrived, booked once. Without a customer it stands in suspense.

    `value_on` is the provider's date; the journal entry may be later, if that was closed.
    `thanked_at` is the real moment at which whoever paid was told what became of it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, null=True, related_name="payments"
    )
    provider = models.CharField(max_length=20)
    account = models.CharField(max_length=20)
    transaction = models.CharField(max_length=60)
    customer = models.ForeignKey(
        "parties.Customer", on_delete=models.PROTECT, null=True, related_name="payments"
    )
    # Who gives the receipt, as it is named then: the customer's branch, or the main one.
    issuer = models.ForeignKey(
        "org.Issuer", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    payer = models.CharField(max_length=80, blank=True)
    payer_name = models.CharField(max_length=120, blank=True)
    account_typed = models.CharField(max_length=60, blank=True)
    paid_at = models.DateTimeField()
    value_on = models.DateField()
    taken_at = models.DateTimeField()
    receipt_number = models.CharField(max_length=30)
    matched_at = models.DateTimeField(null=True)
    matched_by = models.CharField(max_length=80, blank=True)
    thanked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "account", "transaction"], name="payment_once"
            ),
            models.UniqueConstraint(
                fields=["entity", "receipt_number"], name="receipt_number_once"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payment_above_zero"),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="payment_by_customer"),
            models.Index(fields=["entity", "-id"], name="payment_suspense",
                         condition=Q(customer__isnull=True)),
            models.Index(fields=["entity", "value_on"], name="payment_by_day"),
            models.Index(fields=["payer", "-id"], name="payment_by_payer", condition=~Q(payer="")),
            models.Index(fields=["entity", "id"], name="payment_not_thanked",
                         condition=Q(thanked_at__isnull=True)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.transaction} {self.amount_minor}"


class Notification(models.Model):
    """What a provider told us, raw, every one kept; worked off in batches.

    `event_key` is the provider's own id of this telling; a repeat bumps `repeats`. What it
    says of a prompt and of the money's receipt stands in `prompt_key` and `transaction`.
    """

    WAITING, DONE, PARKED = "waiting", "done", "parked"

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="notifications")
    kind = models.CharField(max_length=16)
    event_key = models.CharField(max_length=120)
    prompt_key = models.CharField(max_length=80, blank=True)
    transaction = models.CharField(max_length=60, blank=True)
    raw = models.TextField()
    address = models.GenericIPAddressField(null=True)
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, default=WAITING)
    reason = models.CharField(max_length=200, blank=True)
    repeats = models.IntegerField(default=0)
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, related_name="notifications"
    )
    prompt = models.ForeignKey(
        Prompt, on_delete=models.PROTECT, null=True, related_name="notifications"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "kind", "event_key"], name="notification_once"
            )
        ]
        indexes = [
            models.Index(fields=["merchant", "id"], name="notification_waiting",
                         condition=Q(state="waiting")),
            models.Index(fields=["merchant", "-id"], name="notification_parked",
                         condition=Q(state="parked")),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.event_key} {self.state}"


class Allocation(models.Model):
    """The part of a payment that settled an invoice; the rest is customer credit. One that
    `recovers` came for what had been written off of it, and settled nothing."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="allocations")
    invoice = models.ForeignKey(
        "billing.Invoice", on_delete=models.PROTECT, related_name="allocations"
    )
    amount_minor = models.BigIntegerField()
    recovers = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="allocation_above_zero")
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} of {self.payment_id} to {self.invoice_id}"
