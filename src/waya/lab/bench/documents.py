"""`waya bench documents`: what an invoice costs as PDF, its rows read and its page drawn."""

from __future__ import annotations

import argparse
import json
import time
from importlib import import_module
from typing import Any

from waya.lab.bench.home import own_ground


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many."""
    parser.add_argument("--documents", type=int, default=200)


def run(options: argparse.Namespace) -> int:
    """Measure; the last line is one JSON object."""
    with own_ground():
        report = _measure(options.documents)
    print(json.dumps(report), flush=True)
    return 0


def _measure(documents: int) -> dict[str, Any]:
    # Imported when Django is ready, as the command line does with its own commands.
    subscribers = import_module("waya.lab.bench.subscribers")
    models = import_module("waya.billing.models")
    papers = import_module("waya.reports.documents.papers")
    typesetting = import_module("waya.reports.documents.typesetting")
    subscribers.bill(subscribers.gather(documents), lambda *_told: None)
    rows = list(models.Invoice.objects.select_related("customer", "entity")[:documents])
    began = time.perf_counter()
    papers.invoice(rows[0])
    first = time.perf_counter() - began
    cpu, began = time.process_time(), time.perf_counter()
    size = sum(len(papers.invoice(row)) for row in rows)
    used, wall = time.process_time() - cpu, time.perf_counter() - began
    ready = [papers.invoice_paper(row) | {"number": f"{at}"} for at, row in enumerate(rows)]
    drawing = time.process_time()
    for paper in ready:
        typesetting.pdf(paper, rows[0].issued_at)
    drawn = time.process_time() - drawing
    return {
        "documents": len(rows),
        "first_milliseconds": round(first * 1000, 1),
        "milliseconds_each": round(wall / len(rows) * 1000, 2),
        "cpu_milliseconds_each": round(used / len(rows) * 1000, 2),
        "drawing_cpu_milliseconds_each": round(drawn / len(rows) * 1000, 2),
        "bytes_each": round(size / len(rows)),
        "cpu_seconds": round(used, 2),
        "wall_seconds": round(wall, 2),
    }
