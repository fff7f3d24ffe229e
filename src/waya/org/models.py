"""Tables of who we are, who may do what, what happened, and what waits for a person."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Entity(models.Model):
    """A legal company: its books, currency, tax number and time zone."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)
    legal_name = models.CharField(max_length=120)
    tax_number = models.CharField(max_length=40, blank=True)
    country = models.CharField(max_length=2, default="KE")
    currency = models.CharField(max_length=3, default="KES")
    zone = models.CharField(max_length=40, default="Africa/Nairobi")
    phone = models.CharField(max_length=20, blank=True)
    # As letters reach it, a line for each of its lines; tax invoices must say it.
    address = models.CharField(max_length=200, blank=True)
    # Where customers pay: printed on documents and said in messages.
    paybill = models.CharField(max_length=12, blank=True)

    def __str__(self) -> str:
        return self.name


class Branch(models.Model):
    """A place of business of an entity: its document numbers, its fiscal device. One of them is
    the main one, where everything belongs that nobody said otherwise of."""

    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="branches")
    code = models.CharField(max_length=12)
    name = models.CharField(max_length=80)
    # Its own; documents say the company's where it has none.
    address = models.CharField(max_length=200, blank=True)
    main = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "code"], name="branch_code_once"),
            models.UniqueConstraint(
                fields=["entity"], condition=Q(main=True), name="one_main_branch"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Issuer(models.Model):
    """Who issues documents: a branch, with its entity's names, tax number and address as they are.

    A trigger keeps a row as it was made. A company that takes another name, phone, tax number or
    address issues as another row from then on; what it issued before names the row of then.
    """

    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="issuers")
    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    legal_name = models.CharField(max_length=120)
    tax_number = models.CharField(max_length=40, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    # Empty for the main branch, which needs no name of its own on paper.
    branch_name = models.CharField(max_length=80, blank=True)
    # The branch's own, or the company's.
    address = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "branch",
                    "name",
                    "legal_name",
                    "tax_number",
                    "phone",
                    "branch_name",
                    "address",
                ],
                name="issuer_once",
            )
        ]

    def __str__(self) -> str:
        return self.legal_name


class Role(models.Model):
    """A named set of permissions; `*` is all of them."""

    code = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    permissions = ArrayField(models.CharField(max_length=60), default=list)

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """A member of staff; signs in as their `auth.User`."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="people")
    name = models.CharField(max_length=80)
    roles = models.ManyToManyField(Role, related_name="people")

    def __str__(self) -> str:
        return self.name


class Token(models.Model):
    """A bearer token for the API; only its hash is kept."""

    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Policy(models.Model):
    """An entity's business choices for one context, as far as they differ from the defaults."""

    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="policies")
    name = models.CharField(max_length=60)
    chosen = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "name"], name="policy_once")]

    def __str__(self) -> str:
        return self.name


class NumberSeries(models.Model):
    """A branch's gapless series of numbers for a kind of document; locked last and shortly."""

    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    prefix = models.CharField(max_length=20, blank=True)
    next = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["branch", "kind"], name="series_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.prefix}{self.next}"


class AuditRecord(models.Model):
    """What happened, to whom, by whom and why; written in the transaction that it tells of.

    Ids are bare: the rows they name lie above this context. `at` is business time.
    """

    entity_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=12)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=80)
    action = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=30)
    subject_id = models.BigIntegerField(null=True)
    customer_id = models.BigIntegerField(null=True)
    site_id = models.BigIntegerField(null=True)
    router_id = models.BigIntegerField(null=True)
    cause_id = models.BigIntegerField(null=True)
    why = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["customer_id", "-id"], name="audit_by_customer",
                         condition=Q(customer_id__isnull=False)),
            models.Index(fields=["router_id", "-id"], name="audit_by_router",
                         condition=Q(router_id__isnull=False)),
            models.Index(fields=["subject_kind", "subject_id"], name="audit_by_subject"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.action}"


class Approval(models.Model):
    """Something that waits for a person; when granted, its task goes on and checks again."""

    WAITING, GRANTED, DENIED, DONE = "waiting", "granted", "denied", "done"

    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    why = models.JSONField(default=dict)
    asked_by = models.CharField(max_length=80)
    asked_by_id = models.BigIntegerField(null=True)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, default=WAITING)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "kind", "subject"], name="approval_once")
        ]
        indexes = [
            models.Index(fields=["entity", "state"], name="approval_waiting",
                         condition=Q(state="waiting")),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title


class DailyRun(models.Model):
    """One kind of work of one business day, done once."""

    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    kind = models.CharField(max_length=60)
    done_at = models.DateTimeField()
    outcome = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "day", "kind"], name="daily_run_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day}"


class LabClock(models.Model):
    """How far business time runs ahead, in a lab; one row, only forward."""

    ahead = models.DurationField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_lab_clock")]

    def __str__(self) -> str:
        return f"ahead by {self.ahead}"


class IdempotentAnswer(models.Model):
    """What a request with a key was answered, so that its repetition is answered the same.

    `scope` keeps the keys of one caller from another's. Without a status, the request is
    still being worked on, or its end is not known.
    """

    scope = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    digest = models.CharField(max_length=64)
    status = models.SmallIntegerField(null=True)
    body = models.TextField(blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="answer_once")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"


class Logo(models.Model):
    """An entity's mark on its documents, as SVG; a picture of dots is wrapped in one."""

    entity = models.OneToOneField(Entity, on_delete=models.PROTECT, related_name="+")
    svg = models.TextField()
    kept_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.entity_id}: {len(self.svg)}"
