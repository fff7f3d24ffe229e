"""Entry points of org's work: the business day."""

from __future__ import annotations

from waya.org import lab_clock
from waya.org.actors import SYSTEM
from waya.org.commands import days


def due() -> None:
    """Asked regularly by the office worker: do the daily work that is due."""
    lab_clock.forget()
    days.work_through_days(by=SYSTEM)
