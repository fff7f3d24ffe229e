"""The clock jumps by a month: every day is done, in order, once, each with its own date.

The same happens after an outage of ours. Two workers wake up at once and share the work.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

from django.db import connections
from tests.stories.world import ZONE, World, fresh

from waya.billing.models import Invoice, ProForma
from waya.kernel.periods import days_between
from waya.messaging.models import Message
from waya.org import lab_clock
from waya.org.actors import SYSTEM
from waya.org.commands.days import move_clock, work_through_days
from waya.org.models import DailyRun
from waya.reactions import DAILY

FIRST, LAST = date(2027, 1, 11), date(2027, 2, 14)


def woken_worker(_: int) -> int:
    """What a worker does each second, with a connection of its own."""
    try:
        lab_clock.forget()
        return work_through_days(by=SYSTEM)
    finally:
        connections.close_all()


def test_a_month_at_once_is_every_day_of_it(baraka: World) -> None:
    amina = baraka.joins("Amina Hassan", "0700000416")
    clinic = baraka.joins("Lanet Clinic", "0711000001", plan="office-20")
    done = list(DailyRun.objects.order_by("pk").values_list("day", "kind"))
    assert done == [(FIRST, kind) for kind in DAILY]

    move_clock(to=datetime(2027, 2, 14, 9, tzinfo=ZONE), by=SYSTEM)
    with ThreadPoolExecutor(4) as workers:
        pieces = sum(workers.map(woken_worker, range(4)))
    days = days_between(FIRST, LAST)
    assert pieces == (len(days) - 1) * len(DAILY)
    done = list(DailyRun.objects.order_by("pk").values_list("day", "kind"))
    assert done == [(day, kind) for day in days for kind in DAILY]

    for _ in range(2):  # settling again does nothing again
        baraka.settle()
        assert work_through_days(by=SYSTEM) == 0
        asked = ProForma.objects.get(state=ProForma.OPEN)
        assert (asked.issued_on, asked.start) == (date(2027, 2, 6), date(2027, 2, 11))
        billed = Invoice.objects.get(customer=clinic.customer)
        assert (billed.issued_on, billed.due_on) == (date(2027, 2, 11), date(2027, 2, 18))
        assert Message.objects.filter(customer_id=amina.customer_id).count() == 5
        assert fresh(amina).state == "suspended"
    baraka.is_walled(amina)
    baraka.is_online(clinic, "waya-20M-20M")
    assert len(baraka.texts("0700000416")) == 5  # welcome, renewal, two reminders, blocked
    baraka.is_well()
