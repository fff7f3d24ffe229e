"""Bill as of a day: what is due and was not billed before; a rehearsal with --dry-run."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from datetime import date

from django.db import transaction

from waya.billing.commands.renewals import bill
from waya.cli.token import the_entity
from waya.org.actors import SYSTEM


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which day, of which company."""
    parser.add_argument("--on", type=date.fromisoformat, required=True, help="such as 2027-03-01")
    parser.add_argument("--dry-run", action="store_true", help="say what it would do; keep nothing")
    parser.add_argument("--entity", help="the company's name, where there are several")


def run(options: argparse.Namespace) -> int:
    """Bill, with progress on the terminal; a rehearsal does the same and keeps nothing."""
    entity = the_entity(options.entity)
    # A rehearsal is one transaction that is given up; a run commits chunk by chunk, so that
    # it can be stopped and gone on with.
    with transaction.atomic() if options.dry_run else nullcontext():
        outcome = bill(entity_id=entity.pk, on=options.on, by=SYSTEM, progress=_progress)
        if options.dry_run:
            transaction.set_rollback(True)
    would = "would issue" if options.dry_run else "issued"
    print(f"{entity.name}, {options.on}: {would} {outcome['invoices']} invoices"
          f" and {outcome['pro_formas']} pro formas")  # fmt: skip
    return 0


def _progress(done: int) -> None:
    print(f"\r  {done} done", end="", file=sys.stderr, flush=True)
