"""Two workers, two tellings, a worker killed in the middle: nothing lost, nothing twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import OperationalError, connection

from waya.kernel import clock
from waya.ledger.queries.balances import trial_balance
from waya.org.actors import SYSTEM
from waya.payments.commands import take
from waya.payments.commands.counter import take_cash
from waya.payments.models import Merchant, Notification, Payment
from waya.payments.tests import make
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)


def _together(*works: Callable[[], object]) -> list[BaseException]:
    """Do these at the same moment, each on its own connection; gives what they raised."""
    together, raised = Barrier(len(works)), list[BaseException]()

    def run(work: Callable[[], object]) -> None:
        together.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            raised.append(error)
        finally:
            connection.close()

    workers = [Thread(target=run, args=[work]) for work in works]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return raised


def _clearing(merchant: Merchant) -> int:
    return sum(
        one.amount.minor
        for one in trial_balance(merchant.entity_id)
        if one.purpose == "clearing:mpesa"
    )


def test_the_same_telling_twice_at_once_is_one_notification() -> None:
    merchant = make.merchant()
    chebet = make.asked(merchant.entity)
    raw = make.confirmation(chebet.customer.account_number)
    assert _together(*[lambda: make.tell(merchant, "c", raw)] * 4) == []
    assert Notification.objects.get().repeats == 3
    make.work_off(merchant)
    assert _clearing(merchant) == 2500_00


def test_two_drains_at_once_take_each_payment_once() -> None:
    merchant = make.merchant()
    people = [make.asked(merchant.entity, f"Amina {n}", f"07000006{n:02}") for n in range(12)]
    for number, row in enumerate(people):
        raw = make.confirmation(row.customer.account_number, f"R{number}")
        make.tell(merchant, "c", raw)
    assert _together(*[lambda: make.work_off(merchant)] * 3) == []
    assert Payment.objects.count() == 12
    assert _clearing(merchant) == 12 * 2500_00
    assert not Subscription.objects.exclude(state=Subscription.ACTIVE).exists()


def test_two_batches_of_the_same_notifications_book_once() -> None:
    merchant = make.merchant()
    chebet = make.asked(merchant.entity)
    make.prompt(chebet, merchant, "ws_CO_1")
    make.tell(merchant, "s", make.callback("ws_CO_1"))
    make.tell(merchant, "c", make.confirmation(chebet.customer.account_number))
    keys = list(Notification.objects.order_by("pk").values_list("pk", flat=True))

    def batch(*chosen: int) -> Callable[[], int]:
        return lambda: take.take_many(merchant_id=merchant.pk, notification_ids=chosen, by=SYSTEM)

    assert _together(batch(keys[0]), batch(keys[1]), batch(*keys), batch(*reversed(keys))) == []
    assert Payment.objects.get().notifications.count() == 2
    assert _clearing(merchant) == 2500_00


def test_the_same_slip_twice_at_once_is_one_payment() -> None:
    merchant = make.merchant()
    chebet = make.asked(merchant.entity)

    def cash() -> Payment:
        return take_cash(
            entity_id=merchant.entity_id, customer_id=chebet.customer_id, amount_minor=100_00,
            slip="HQ-17", on=clock.today("Africa/Nairobi"), by=SYSTEM,
        )  # fmt: skip

    assert _together(cash, cash, cash) == []
    assert Payment.objects.count() == 1


def test_a_lost_connection_parks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    merchant = make.merchant()
    make.tell(merchant, "c", make.confirmation("999999"))

    def lost(**_: object) -> int:
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(take, "write_outcomes", lost)
        with pytest.raises(OperationalError):
            make.work_off(merchant)
    assert Notification.objects.get().state == "waiting"
    assert make.work_off(merchant) == 1


_KILLED_IN_THE_MIDDLE = """
import sys
import django
django.setup()
from waya.org.actors import SYSTEM
from waya.payments.commands import take

def stop(**_):
    print("in the middle", flush=True)
    sys.stdin.read()

take.write_outcomes = stop
take.drain(merchant_id=int(sys.argv[1]), by=SYSTEM)
"""


def test_a_worker_killed_in_the_middle_leaves_nothing_and_the_next_takes_it_all(
    database_url: str,
) -> None:
    merchant = make.merchant()
    chebet = make.asked(merchant.entity)
    make.tell(merchant, "c", make.confirmation(chebet.customer.account_number))
    worker = subprocess.Popen(
        [sys.executable, "-c", _KILLED_IN_THE_MIDDLE, str(merchant.pk)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ, "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "waya.settings",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )  # fmt: skip
    with worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "in the middle\n"
        assert make.work_off(merchant) == 0, "its lease holds while it lives"
        worker.kill()
    assert not Payment.objects.exists()
    deadline = clock.real_now() + timedelta(seconds=20)
    while make.work_off(merchant) == 0:
        assert clock.real_now() < deadline, "the dead worker's lease was never given back"
    assert Payment.objects.count() == 1
    assert _clearing(merchant) == 2500_00
    chebet.refresh_from_db()
    assert chebet.state == Subscription.ACTIVE
