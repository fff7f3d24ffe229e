"""Tables of the books. Triggers in the first migration keep them balanced and unchanged."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Account(models.Model):
    """An account of an entity's chart; `purpose` is how code finds it."""

    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=12)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10)
    purpose = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "code"], name="account_code_once"),
            models.UniqueConstraint(fields=["entity", "purpose"], name="account_purpose_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class JournalEntry(models.Model):
    """A booked event. The column `xact` (added by the migration) says in which transaction."""

    # What it was posted from begins with the entity in its index.
    entity = models.ForeignKey(
        "org.Entity", on_delete=models.PROTECT, related_name="+", db_constraint=False,
        db_index=False,
    )  # fmt: skip
    on = models.DateField(db_index=True)
    memo = models.CharField(max_length=200)
    source = models.CharField(max_length=80)
    posted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "source"], name="source_posts_once")
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.memo}"


class JournalLine(models.Model):
    """One side of an entry: debit above zero, credit below. `base_minor` is the same amount
    in the entity's currency. Foreign keys are the trigger's work: rows arrive by COPY.

    Its key is its place in its entry, so that one index keeps both."""

    pk = models.CompositePrimaryKey("entry_id", "sequence")
    entry = models.ForeignKey(
        JournalEntry, on_delete=models.PROTECT, db_constraint=False, db_index=False,
        related_name="lines",
    )  # fmt: skip
    sequence = models.SmallIntegerField()
    # The general ledger reads an account by day: that index is this key's too.
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, db_constraint=False, db_index=False,
        related_name="lines",
    )  # fmt: skip
    on = models.DateField()
    entity_id = models.BigIntegerField()
    branch_id = models.BigIntegerField()
    dimension_id = models.BigIntegerField(null=True)
    party_id = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    base_minor = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount_minor=0), name="line_not_zero")]
        indexes = [
            models.Index(fields=["account", "party_id"], name="line_by_party",
                         condition=Q(party_id__isnull=False)),
            models.Index(fields=["account", "on"], name="line_by_day"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.account_id} {self.amount_minor} {self.currency}"


class BalanceDelta(models.Model):
    """What a statement's lines did to an account on a day: a trigger adds one row for each
    account, branch, day and currency; days long past are folded into one row each. Reports add
    these up, so they cost accounts and days, never lines. `debit_minor` is the part above zero."""

    entity_id = models.BigIntegerField()
    branch_id = models.BigIntegerField()
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    on = models.DateField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    debit_minor = models.BigIntegerField()
    base_minor = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["entity_id", "on"], name="balance_by_day")]

    def __str__(self) -> str:
        return f"{self.on} {self.account_id} {self.amount_minor} {self.currency}"


class FiscalPeriod(models.Model):
    """A stretch of days of an entity's books, half-open. A soft-closed one takes adjusting
    entries alone, a locked one takes none; a trigger sees to both."""

    OPEN, SOFT_CLOSED, LOCKED = "open", "soft", "locked"

    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    start = models.DateField()
    end = models.DateField()
    state = models.CharField(max_length=10, default=OPEN)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "start"], name="fiscal_period_once"),
            models.CheckConstraint(condition=Q(start__lt=models.F("end")), name="period_has_days"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "soft", "locked"]), name="period_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start}–{self.end} {self.state}"
