"""Tables of customers, contacts and sites."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Customer(models.Model):
    """Who pays. The account number has a check digit; it is shown in threes. Their branch numbers
    and fiscalises what they are given. `tax_number` is what the tax office knows them by. `tags`
    are words of the ISP's own by which customers are told apart."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    branch = models.ForeignKey("org.Branch", on_delete=models.PROTECT, related_name="+")
    account_number = models.CharField(max_length=12, unique=True)
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=5, default="en")
    tax_number = models.CharField(max_length=30, blank=True, default="", db_default="")
    created_at = models.DateTimeField()
    note = models.TextField(blank=True)
    tags = ArrayField(models.CharField(max_length=30), default=list, db_default=[])

    class Meta:
        indexes = [models.Index(fields=["entity", "name"], name="customer_by_name")]

    def __str__(self) -> str:
        return f"{self.name} ({self.account_number})"


class Contact(models.Model):
    """A person of a customer; phones are E.164 and may belong to several contacts."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="contacts")
    name = models.CharField(max_length=200)
    phone = models.CharField(max_length=20, db_index=True)
    email = models.EmailField(blank=True)
    primary = models.BooleanField(default=True)
    verified_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} {self.phone}"


class Site(models.Model):
    """A place of service, as people there describe it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="sites")
    name = models.CharField(max_length=120)
    directions = models.CharField(max_length=300, blank=True)
    latitude = models.DecimalField(max_digits=8, decimal_places=5, null=True)
    longitude = models.DecimalField(max_digits=8, decimal_places=5, null=True)

    def __str__(self) -> str:
        return self.name


class SignInCode(models.Model):
    """A six-digit code sent to a phone: hashed, good for ten minutes and five tries."""

    phone = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries_left = models.SmallIntegerField(default=5)
    used_at = models.DateTimeField(null=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["phone", "-id"], name="code_by_phone"),
            models.Index(fields=["address", "sent_at"], name="code_by_address"),
        ]

    def __str__(self) -> str:
        return f"code for {self.phone}"
