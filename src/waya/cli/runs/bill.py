"""Bill as of a day: what is due and was not billed before; a rehearsal with --dry-run."""

from __future__ import annotations

import argparse
import sys
from datetime import date

from waya.billing.commands.renewals import bill
from waya.billing.queries.rehearsal import Bill, Kind, Rehearsal, rehearse
from waya.cli.processes.pace import keep_pace
from waya.cli.token import the_entity
from waya.kernel.errors import NotYet
from waya.kernel.money import Money
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.org.words import words
from waya.parties.models import Customer

_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which day, of which company."""
    parser.add_argument("--on", type=date.fromisoformat, required=True, help="such as 2027-03-01")
    parser.add_argument("--dry-run", action="store_true", help="say what it would do; keep nothing")
    parser.add_argument("--entity", help="the company's name, where there are several")


def run(options: argparse.Namespace) -> int:
    """Bill, with progress on the terminal; a rehearsal writes nothing and shows what is unlike
    the last time, the furthest first. 1 while a run waits for a person."""
    entity = the_entity(options.entity)
    if options.dry_run:
        _say(entity, rehearse(entity.pk, options.on, _progress))
        return 0
    keep_pace()
    try:
        outcome = bill(entity_id=entity.pk, on=options.on, by=SYSTEM, progress=_progress)
    except NotYet as later:
        print(f"{entity.name}, {options.on}: {words(later)}")
        return 1
    print(f"{entity.name}, {options.on}: issued {outcome['invoices']} invoices"
          f" and {outcome['pro_formas']} pro formas")  # fmt: skip
    return 0


def _say(entity: Entity, found: Rehearsal) -> None:
    nothing = Kind()
    invoices = found.kinds.get("invoices", nothing)
    asked = found.kinds.get("pro_formas", nothing)
    print(f"{entity.name}, {found.on}: would issue {invoices.documents} invoices"
          f" and {asked.documents} pro formas")  # fmt: skip
    for name, kind in sorted(found.plans.items()):
        now, then = (
            Money(kind.amount_minor, found.currency),
            Money(kind.before_minor, found.currency),
        )
        print(
            f"  {name}: {kind.documents}, {now}; the last time {then}, {kind.unseen} for the first"
        )
    for one in found.outliers[:_SHOWN]:
        print(f"  {_named(one)}: {one.amount}, {_unlike(one)}")
    for customer_id, reason in found.faults:
        print(f"  customer {customer_id} cannot be billed: {reason}")


def _named(one: Bill) -> str:
    customer = Customer.objects.get(pk=one.customer_id)
    return f"{customer.name} {customer.account_number}"


def _unlike(one: Bill) -> str:
    return f"the last time {one.before}" if one.before else "for the first time"


def _progress(done: int) -> None:
    print(f"\r  {done} done", end="", file=sys.stderr, flush=True)
