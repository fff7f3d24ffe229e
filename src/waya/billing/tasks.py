"""Entry points of billing's work: what is owed stands on rows, never in these jobs."""

from __future__ import annotations

from waya.billing.commands import fiscal
from waya.billing.commands.dunning import write_offs
from waya.org import lab_clock
from waya.org.actors import SYSTEM
from waya.org.jobs import app


@app.task(name="billing.fiscalise", queue="billing")
def fiscalise(device_id: int) -> None:
    """Send what a branch's device owes to the tax authority."""
    lab_clock.forget()
    fiscal.fiscalise(device_id=device_id, by=SYSTEM)


@app.task(name="billing.write_off_approved", queue="billing")
def write_off_approved(approval_id: int) -> None:
    """Go on with a write-off that a person granted."""
    lab_clock.forget()
    write_offs.write_off_approved(approval_id=approval_id, by=SYSTEM)


def due() -> None:
    """Asked every few seconds: the devices that owe something."""
    lab_clock.forget()
    fiscal.nudge_due(by=SYSTEM)
