"""Entry points of billing's work: what is owed stands on rows, never in these jobs."""

from __future__ import annotations

from waya.billing.commands import fiscal
from waya.org import lab_clock
from waya.org.actors import SYSTEM
from waya.org.jobs import app


@app.task(name="billing.fiscalise", queue="billing")
def fiscalise(device_id: int) -> None:
    """Send what a branch's device owes to the tax authority."""
    lab_clock.forget()
    fiscal.fiscalise(device_id=device_id, by=SYSTEM)


def due() -> None:
    """Asked every few seconds: the devices that owe something."""
    lab_clock.forget()
    fiscal.nudge_due(by=SYSTEM)
