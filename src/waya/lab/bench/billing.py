"""`waya bench billing`: a month's invoices for so many customers, beside the floor of COPY.

A tenth of them began in mid-month and are prorated; two stacked taxes; everything is
numbered and posted. The floor is COPY of the same rows, ready-made in binary, into tables
with the same columns and indexes and nothing else, in the same database.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from waya.cli.processes.pace import keep_pace
from waya.lab.bench import cost
from waya.lab.bench.home import own_ground
from waya.lab.bench.load import quantiles
from waya.lab.bench.paying import Paid, payers

_TABLES = (
    "billing_invoice",
    "billing_invoiceline",
    "billing_invoicetax",
    "ledger_journalentry",
    "ledger_journalline",
    "org_auditrecord",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many."""
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--paying", action="store_true", help="measure who pays meanwhile, too")


def run(options: argparse.Namespace) -> int:
    """Measure; the last line is one JSON object. 1 if the run was not whole, or ran twice."""
    with own_ground():
        report = _measure(options.customers, paying=options.paying)
    print(json.dumps(report), flush=True)
    return 0 if report["invoices"] == options.customers and not report["rerun_rows"] else 1


def _measure(customers: int, *, paying: bool) -> dict[str, Any]:
    # Imported when Django is ready, as the command line does with its own commands.
    subscribers = import_module("waya.lab.bench.subscribers")
    began = time.monotonic()
    entity = subscribers.gather(customers)
    print(f"{customers} customers in {time.monotonic() - began:.0f} s", flush=True)
    keep_pace()  # as `waya bill` and the worker do
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, began = cost.cpu_seconds(), time.monotonic()
    paid: list[Paid] = []
    if paying:
        with payers(entity.pk) as customers_who_pay:
            billed = subscribers.bill(entity, _progress())
            paid = customers_who_pay.stop()
    else:
        billed = subscribers.bill(entity, _progress())
    wall, used = time.monotonic() - began, cost.cpu_seconds() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = subscribers.count(_TABLES)
    subscribers.bill(entity, _silent)
    rerun = sum(subscribers.count(_TABLES).values()) - sum(rows.values())
    floor, floor_cpu = subscribers.floor(_TABLES, cost.cpu_seconds)
    return {
        "invoices": billed,
        "invoices_per_second": round(billed / wall),
        "cpu_per_thousand": round(used / billed * 1000, 4),
        "floor_seconds": round(floor, 2),
        "floor_cpu_seconds": round(floor_cpu, 2),
        "ratio_to_floor": round(wall / floor, 2),
        "cpu_ratio_to_floor": round(used / floor_cpu, 2) if floor_cpu else None,
        "peak_mb": round(max(peak, before) / 1024),
        "rerun_rows": rerun,
        "rows": rows,
        **subscribers.readings(entity),
        "cpu_seconds": round(used, 2),
        "wall_seconds": round(wall, 2),
        **(_waits(paid) if paying else {}),
    }


def _waits(paid: Sequence[Paid]) -> dict[str, Any]:
    """How long payments took in all, and how long they waited for their customer."""
    return {
        "payments": len(paid),
        "payment_ms": quantiles([one.took for one in paid], 50, 99, 100),
        "payment_waited_ms": quantiles([one.waited for one in paid], 50, 99, 100),
    }


def _progress() -> Callable[[int], None]:
    """Says how far a run is, at every ten thousand."""
    said = 0

    def say(done: int) -> None:
        nonlocal said
        if done // 10_000 > said:
            said = done // 10_000
            print(f"  {done} billed", file=sys.stderr, flush=True)

    return say


def _silent(done: int) -> None:
    """Nobody watches the second run."""
