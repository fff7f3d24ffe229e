"""Customers who pay over the counter while a month is billed: how long each of them waits.

Each who pays is one whom the run has at work at that moment, or is about to: the payment that
waits longest. A process of its own, as a payment's worker is: `python -m waya.lab.bench.paying
ENTITY`. It pays until its input ends, and then prints for each payment, in a JSON list, how many
milliseconds it took in all and how many of them it waited for its customer, whom the run has.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple

import django
from django.db import connection

_PAUSE_SECONDS = 0.1
_AMOUNT_MINOR = 100_00
# Beyond the last one billed: two chunks are at work at a time.
_AT_WORK = 800
_NEXT = """
select id from parties_customer
where id > (select coalesce(max(customer_id), 0) from billing_invoice) order by id limit %s
"""


class Paid(NamedTuple):
    """How long a payment took, and how much of it was waiting for its customer; milliseconds."""

    took: float
    waited: float


class _Lock:
    """Times the statements that lock rows: one that nobody has is locked in a millisecond."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Run a statement, as Django's `execute_wrapper` asks it to."""
        began = time.monotonic()
        try:
            return execute(sql, params, many, context)
        finally:
            if sql.rstrip().endswith("for no key update"):
                self.seconds += time.monotonic() - began


class Payers:
    """The process that pays; after it stopped, how long each payment took."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def stop(self) -> list[Paid]:
        """Let them leave; gives what each of them took."""
        said, _ = self._process.communicate(timeout=60)
        return [Paid(*one) for one in json.loads(said)]


@contextmanager
def payers(entity_id: int) -> Iterator[Payers]:
    """Customers who pay, one after another, for as long as this lasts."""
    with subprocess.Popen(
        [sys.executable, "-m", "waya.lab.bench.paying", str(entity_id)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield Payers(process)


def _pay(entity_id: int, gone: threading.Event) -> list[Paid]:
    # Imported when Django is ready.
    take_cash = import_module("waya.payments.commands.counter").take_cash
    system = import_module("waya.org.actors").SYSTEM
    clock = import_module("waya.kernel.clock")
    ask = import_module("waya.org.rows.asking").ask
    chance = random.Random(5)
    paid: list[Paid] = []
    while not gone.wait(_PAUSE_SECONDS):
        if not (at_work := ask(_NEXT, [_AT_WORK])):
            continue
        lock, began = _Lock(), time.monotonic()
        with connection.execute_wrapper(lock):
            take_cash(
                entity_id=entity_id, customer_id=chance.choice(at_work)[0],
                amount_minor=_AMOUNT_MINOR, slip=f"B{len(paid)}",
                on=clock.today("Africa/Nairobi"), by=system,
            )  # fmt: skip
        took = time.monotonic() - began
        paid.append(Paid(round(took * 1000, 1), round(lock.seconds * 1000, 1)))
    return paid


def _main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waya.settings")
    django.setup()
    gone = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        gone.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    print(json.dumps(_pay(int(sys.argv[1]), gone)))


if __name__ == "__main__":
    _main()
