"""Entry points of payments' work: what is owed stands on rows, never in these jobs."""

from __future__ import annotations

from waya.org import lab_clock
from waya.org.actors import SYSTEM
from waya.org.jobs import app
from waya.payments.commands import cut_off as cut_offs
from waya.payments.commands import hours, prompts, take, thanks


@app.task(name="payments.drain", queue="payments")
def drain(merchant_id: int) -> None:
    """Work off what a merchant account was told."""
    lab_clock.forget()
    take.drain(merchant_id=merchant_id, by=SYSTEM)


@app.task(name="payments.thank", queue="messaging")  # thanks may wait, the next payment not
def thank(entity_id: int) -> None:
    """Tell whoever paid."""
    lab_clock.forget()
    thanks.thank(entity_id=entity_id, by=SYSTEM)


@app.task(name="payments.query_prompts", queue="payments")
def query_prompts() -> None:
    """Ask about prompts that nobody speaks of."""
    lab_clock.forget()
    prompts.query_silent(by=SYSTEM)


@app.task(name="payments.cut_off_approved", queue="payments")
def cut_off_approved(approval_id: int) -> None:
    """Go on with a cut-off that a person granted."""
    lab_clock.forget()
    cut_offs.cut_off_approved(approval_id=approval_id, by=SYSTEM)


@app.task(name="payments.end_hours", queue="payments")
def end_hours(entity_id: int) -> None:
    """Renew or wall whoever's paid hours are over."""
    lab_clock.forget()
    hours.end_hours(entity_id=entity_id, by=SYSTEM)


def due() -> None:
    """Asked every second: what was not worked off, prompts gone silent, cut-offs granted, paid
    hours that are over."""
    lab_clock.forget()
    take.nudge_waiting(by=SYSTEM)
    prompts.nudge_silent(by=SYSTEM)
    cut_offs.nudge_granted(by=SYSTEM)
    hours.nudge_over(by=SYSTEM)
