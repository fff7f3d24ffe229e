"""Tables of control units, and of what is owed to the tax authority."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from waya.org.secrets import SealedField


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
    SALE, CREDIT = "sale", "credit"

    device = models.ForeignKey(FiscalDevice, on_delete=models.PROTECT, related_name="documents")
    invoice = models.ForeignKey("billing.Invoice", on_delete=models.PROTECT, related_name="fiscal")
    kind = models.CharField(max_length=12, default=SALE)
    # A credit's own document; `invoice` is then what it credits.
    credit_note = models.ForeignKey(
        "billing.CreditNote", on_delete=models.PROTECT, null=True, related_name="fiscal"
    )
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
