"""Tables of routers and of what each should hold: the network converges on these rows."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from waya.org.secrets import SealedField


class Router(models.Model):
    """A MikroTik router. What is owed to it stands here, never in a job.

    `wanted` rises with every change under this row's lock; `confirmed` is the last number
    read back. `next_try_at` and `failures` are the circuit breaker; `leased_until` keeps
    two workers from bringing it to order at once. `pool` and `local_address` are for its
    profiles. All moments here are real time.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    place = models.CharField(max_length=80, blank=True)
    host = models.CharField(max_length=120)
    port = models.IntegerField(default=8728)
    username = models.CharField(max_length=60)
    password = SealedField(blank=True)
    pool = models.CharField(max_length=60, blank=True)
    local_address = models.CharField(max_length=60, blank=True)
    portal_host = models.CharField(max_length=120, blank=True)
    portal_port = models.IntegerField(default=80)

    wanted = models.BigIntegerField(default=0)
    confirmed = models.BigIntegerField(default=0)
    failures = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    leased_by = models.UUIDField(null=True)
    trouble = models.CharField(max_length=30, blank=True)
    trouble_since = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True)
    swept_at = models.DateTimeField(null=True)
    next_poll_at = models.DateTimeField(null=True)
    next_sweep_at = models.DateTimeField(null=True)
    prepared_at = models.DateTimeField(null=True)
    version = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "name"], name="router_name_once")]
        indexes = [
            models.Index(fields=["next_try_at"], name="router_owed",
                         condition=Q(wanted__gt=F("confirmed"))),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name


class Profile(models.Model):
    """A PPP profile that our routers carry: a rate, or the walled garden."""

    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    rate_limit = models.CharField(max_length=120, blank=True)
    address_list = models.CharField(max_length=40, blank=True)
    session_timeout_seconds = models.IntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "name"], name="profile_name_once")]

    def __str__(self) -> str:
        return self.name


class DesiredAccess(models.Model):
    """What a router should hold for one username. What ended stays, disabled, until its
    sessions are gone. `number` is the router's `wanted` when this row last changed; `since`
    is from when the change counts (older sessions are stale); all moments are real time.
    `owner` is the public id of whatever wants it (a subscription, a pass). A row in conflict
    waits for a person or the next sweep and holds up no other: somebody else made the name,
    or the router refuses ours, and then `refusal` has its words.
    """

    router = models.ForeignKey(Router, on_delete=models.PROTECT, related_name="access")
    name = models.CharField(max_length=60)
    profile = models.CharField(max_length=60)
    enabled = models.BooleanField(default=True)
    ended = models.BooleanField(default=False)
    restricted = models.BooleanField(default=False)
    owner = models.UUIDField()
    customer_id = models.BigIntegerField(null=True)
    since = models.DateTimeField()
    number = models.BigIntegerField()
    confirmed_at = models.DateTimeField(null=True)
    conflict_since = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=200, blank=True)
    cause_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["router", "name"], name="access_name_once"),
        ]
        indexes = [
            models.Index(fields=["router"], name="access_unconfirmed",
                         condition=Q(confirmed_at__isnull=True)),
            models.Index(fields=["owner"], name="access_by_owner"),
            models.Index(fields=["customer_id"], name="access_by_customer"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.name} on {self.router_id}: {self.profile}"


class Session(models.Model):
    """A live or ended PPP session, as a router told it. Online is a session seen lately."""

    router = models.ForeignKey(Router, on_delete=models.PROTECT, related_name="sessions")
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    address = models.GenericIPAddressField(null=True)
    caller_id = models.CharField(max_length=40, blank=True)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["router", "name"], name="session_open",
                         condition=Q(ended_at__isnull=True)),
            models.Index(fields=["router", "key"], name="session_by_key",
                         condition=Q(ended_at__isnull=True)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.name} since {self.began_at:%F %T}"


class HandEdit(models.Model):
    """A difference that somebody made on a router by hand, and what became of it."""

    HEALED, CONFLICT = "healed", "conflict"

    router = models.ForeignKey(Router, on_delete=models.PROTECT, related_name="hand_edits")
    name = models.CharField(max_length=60)
    field = models.CharField(max_length=30)
    should = models.CharField(max_length=120)
    does = models.CharField(max_length=120)
    seen_at = models.DateTimeField()
    outcome = models.CharField(max_length=10)

    class Meta:
        indexes = [models.Index(fields=["router", "-id"], name="hand_edit_by_router")]

    def __str__(self) -> str:
        return f"{self.name}.{self.field}: {self.does}"
