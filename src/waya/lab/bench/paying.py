"""Customers who pay over the counter while a month is billed: how long each of them waits.

Each who pays is one whom the run has at work at that moment, or is about to: the payment that
waits longest. A process of its own, as a payment's worker is: `python -m waya.lab.bench.paying
ENTITY`. It pays until its input ends, and then prints the milliseconds of each payment in a JSON
list.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import django

_PAUSE_SECONDS = 0.1
_AMOUNT_MINOR = 100_00
# Beyond the last one billed: two chunks are at work at a time.
_AT_WORK = 800
_NEXT = """
select id from parties_customer
where id > (select coalesce(max(customer_id), 0) from billing_invoice) order by id limit %s
"""


class Payers:
    """The process that pays; after `stopped`, how long each payment took."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def stop(self) -> list[float]:
        """Let them leave; gives milliseconds."""
        said, _ = self._process.communicate(timeout=60)
        taken: list[float] = json.loads(said)
        return taken


@contextmanager
def payers(entity_id: int) -> Iterator[Payers]:
    """Customers who pay, one after another, for as long as this lasts."""
    with subprocess.Popen(
        [sys.executable, "-m", "waya.lab.bench.paying", str(entity_id)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield Payers(process)


def _pay(entity_id: int, gone: threading.Event) -> list[float]:
    # Imported when Django is ready.
    take_cash = import_module("waya.payments.commands.counter").take_cash
    system = import_module("waya.org.actors").SYSTEM
    clock = import_module("waya.kernel.clock")
    ask = import_module("waya.org.rows.asking").ask
    chance = random.Random(5)
    taken: list[float] = []
    while not gone.wait(_PAUSE_SECONDS):
        if not (at_work := ask(_NEXT, [_AT_WORK])):
            continue
        began = time.monotonic()
        take_cash(
            entity_id=entity_id, customer_id=chance.choice(at_work)[0], amount_minor=_AMOUNT_MINOR,
            slip=f"B{len(taken)}", on=clock.today("Africa/Nairobi"), by=system,
        )  # fmt: skip
        taken.append(round((time.monotonic() - began) * 1000, 1))
    return taken


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
