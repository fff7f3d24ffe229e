"""Tables of subscriptions and their changes."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q


class Subscription(models.Model):
    """A plan at a site. Dates are half-open: `paid_through` is the first day not paid for.
    One that is paid by the hour has none: it is paid up to the moment `paid_until`.

    `anchor_day` (1–31) is the day of the month on which periods begin, unclamped.
    `billed_through` is the first day not yet on an invoice; for a prepaid plan it moves
    together with `paid_through`. `cycle_on` is a day on which a cycle of it began, when that
    does not follow from the anchor. Of a prepaid plan that meters, what was used is billed up to
    `metered_through` (null: nothing yet). On `next_on` it goes on under `next_version` (as many as
    `next_quantity`, where that changes), or ends when there is none.
    """

    PENDING, ACTIVE, SUSPENDED, ENDED = "pending_payment", "active", "suspended", "ended"
    PAUSED = "paused"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # A month's run updates every row, and each index costs again: only those that are asked.
    entity = models.ForeignKey(
        "org.Entity", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    customer = models.ForeignKey(
        "parties.Customer", on_delete=models.PROTECT, related_name="subscriptions"
    )
    site = models.ForeignKey(
        "parties.Site", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    plan = models.ForeignKey(
        "catalog.Plan", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # What it is charged by; a price change of the catalog moves it on, from a date.
    version = models.ForeignKey(
        "catalog.PlanVersion", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    quantity = models.IntegerField(default=1)
    router = models.ForeignKey(
        "network.Router", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    username = models.CharField(max_length=60)
    state = models.CharField(max_length=16, default=PENDING)
    standing = models.CharField(max_length=10, default="good")
    standing_cause_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    started_on = models.DateField(null=True)
    anchor_day = models.SmallIntegerField(null=True)
    paid_through = models.DateField(null=True)
    paid_until = models.DateTimeField(null=True)
    billed_through = models.DateField(null=True)
    cycle_on = models.DateField(null=True)
    metered_through = models.DateField(null=True)
    next_version = models.ForeignKey(
        "catalog.PlanVersion", on_delete=models.PROTECT, null=True, related_name="+",
        db_index=False,
    )  # fmt: skip
    next_quantity = models.IntegerField(null=True)
    next_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)
    # What its add-ons put on top of the plan's speed.
    extra_down_kbps = models.IntegerField(default=0, db_default=0)
    extra_up_kbps = models.IntegerField(default=0, db_default=0)

    class Meta:
        # Django would add an index for LIKE to a `unique` column; in our collation this one serves.
        constraints = [models.UniqueConstraint(fields=["username"], name="username_once")]
        indexes = [
            models.Index(fields=["entity", "next_on"], name="subscription_to_turn",
                         condition=Q(next_on__isnull=False)),
            models.Index(fields=["entity", "billed_through"], name="subscription_to_bill",
                         condition=Q(state__in=["active", "suspended"])),
            models.Index(fields=["entity", "paid_through"], name="subscription_lapsing",
                         condition=Q(state__in=["active", "suspended"],
                                     paid_through__isnull=False)),
            # Only those paid by the hour that are on the wire: no other row pays for it.
            models.Index(fields=["paid_until"], name="subscription_hours",
                         condition=Q(state="active", paid_until__isnull=False)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.username} {self.state}"


class AddOn(models.Model):
    """Something had on top of a subscription's plan, on the half-open days from `start` to `end`
    (null: as long as the subscription); charged by a version of its own, on the same bill.

    It waits until it starts, and is over once it has ended; what it was charged for is billed
    whatever became of it.
    """

    WAITING, RUNNING, OVER = "waiting", "running", "over"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="add_ons")
    plan = models.ForeignKey("catalog.Plan", on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey("catalog.PlanVersion", on_delete=models.PROTECT, related_name="+")
    quantity = models.IntegerField(default=1)
    start = models.DateField()
    end = models.DateField(null=True)
    state = models.CharField(max_length=8, default=RUNNING)
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "plan"], name="add_on_once",
                                    condition=~Q(state="over")),
            models.CheckConstraint(condition=Q(end=None) | Q(end__gte=F("start")),
                                   name="add_on_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="add_on_counts"),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["start"], name="add_on_to_start", condition=Q(state="waiting")),
            models.Index(fields=["end"], name="add_on_to_end",
                         condition=Q(state="running", end__isnull=False)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.plan_id} on {self.subscription_id} {self.state}"


class Change(models.Model):
    """Something that changed a subscription, on a date: begun, plan changed, ended."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=20)
    on = models.DateField()
    from_plan = models.ForeignKey(
        "catalog.Plan", on_delete=models.PROTECT, null=True, related_name="+"
    )
    to_plan = models.ForeignKey(
        "catalog.Plan", on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.on}"


class Grant(models.Model):
    """What a subscription has besides its plan, from a day on: a promotion, or so much of a
    metric that what it uses does not cost."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="grants")
    promotion = models.ForeignKey(
        "catalog.Promotion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    metric = models.CharField(max_length=40, blank=True, default="")
    quantity = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    start = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "promotion"], name="granted_once"),
            models.CheckConstraint(
                condition=Q(promotion__isnull=False, metric="", quantity=0)
                | Q(promotion__isnull=True, quantity__gt=0) & ~Q(metric=""),
                name="grant_of_one_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id} for {self.subscription_id}"
