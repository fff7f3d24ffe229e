"""Tables of the daily run: how far it is, and who could not be billed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class BillingRun(models.Model):
    """An entity's billing of one day, as people watch it. It says nothing that decides what is
    billed: a run that finds work does it, whatever stands here.

    `due` is how many subscriptions may be due, `done` how many were looked at. `total_minor` is
    what was invoiced and asked for, taxes included. Moments are real time; `beat_at` is the last
    sign of life.
    """

    WAITING, RUNNING, STOPPED, DONE = "waiting", "running", "stopped", "done"

    entity = models.ForeignKey("org.Entity", on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    state = models.CharField(max_length=8, default=RUNNING)
    due = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    invoices = models.IntegerField(default=0)
    pro_formas = models.IntegerField(default=0)
    total_minor = models.BigIntegerField(default=0)
    # What whole periods would come to, looked at before it began: the measure of its bounds.
    expected_minor = models.BigIntegerField(default=0)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    # Who asked for it to stop; the chunk at work is finished.
    stopped_by = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "on"], name="billing_run_once")]

    def __str__(self) -> str:
        return f"{self.on} {self.state}"


class Parked(models.Model):
    """A customer who could not be billed on a day, and why; a person looks, the next run
    tries again. Moments are real time."""

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
