"""The outbox: what is to be said to whom, and what became of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from waya.org.secrets import SealedField


class Gateway(models.Model):
    """How an entity sends SMS: a driver, its address and its credentials."""

    entity = models.OneToOneField("org.Entity", on_delete=models.PROTECT, related_name="+")
    driver = models.CharField(max_length=30, default="africastalking")
    base_url = models.URLField()
    username = models.CharField(max_length=60)
    api_key = SealedField(blank=True)
    sender = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return f"{self.driver} {self.username}"


class Template(models.Model):
    """An entity's own words for a message, in one language; ours are in `rules/words.py`."""

    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=40)
    language = models.CharField(max_length=5)
    body = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "key", "language"], name="template_once")
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.language}"


class Message(models.Model):
    """One message of the outbox. `once` makes saying it twice impossible.

    All moments are real time. `leased_until` keeps two workers from sending it at once.
    """

    WAITING, SENT, FAILED = "waiting", "sent", "failed"

    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    customer_id = models.BigIntegerField(null=True)
    to = models.CharField(max_length=20)
    key = models.CharField(max_length=40)
    body = models.TextField()
    once = models.CharField(max_length=120)
    urgent = models.BooleanField(default=True)
    state = models.CharField(max_length=10, default=WAITING)
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    provider_id = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    parts = models.SmallIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "once"], name="message_once")]
        indexes = [
            models.Index(fields=["entity", "-urgent", "next_try_at"], name="message_waiting",
                         condition=Q(state="waiting")),
            models.Index(fields=["customer_id", "-id"], name="message_by_customer"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.key} to {self.to}"
