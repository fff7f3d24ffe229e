"""Entry points of messages' work: the outbox is a table, drained in batches."""

from __future__ import annotations

from waya.messaging import commands
from waya.org import lab_clock
from waya.org.actors import SYSTEM
from waya.org.jobs import app


@app.task(name="messaging.drain", queue="messaging")
def drain() -> None:
    """Send what may be sent; what is left stands on its row, never in this job."""
    lab_clock.forget()
    commands.drain_outbox(by=SYSTEM)


def due() -> None:
    """Asked every second: a message whose time has come, or whose worker died."""
    lab_clock.forget()
    commands.nudge_if_due(by=SYSTEM)
