"""Rehearse a night's dunning: what would be done to whom and who is spared; nothing is written."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from waya.cli.token import the_entity
from waya.payments.queries.tonight import next_night
from waya.reports.rehearsal import Group, Rehearsal, Row, rehearsal

SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which day, of which company, and how to say it."""
    parser.add_argument("--on", type=date.fromisoformat, help="such as 2027-03-01; else tonight")
    parser.add_argument("--entity", help="the company's name, where there are several")
    parser.add_argument("--json", action="store_true", help="everything, as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Print the rehearsal: totals first, then what is out of the ordinary, then the largest."""
    entity = the_entity(options.entity)
    found = rehearsal(entity.pk, options.on or next_night(entity.pk))
    if options.json:
        print(json.dumps(as_json(found), indent=1))
        return 0
    print(f"{entity.name}, {found.on}{', a public holiday' if found.holiday else ''}: "
          f"{found.judged} customers judged")  # fmt: skip
    for held in found.held:
        print(f"  the brake holds {held.router}: {held.customers} of {held.serves} customers")
    _table("would be done", found.actions)
    _table("spared", found.spared)
    return 0


def _table(title: str, groups: Sequence[Group]) -> None:
    print(f"\n{title}:" if groups else f"\n{title}: nothing")
    for group in groups:
        waits = f", {group.waiting} wait for a person" if group.waiting else ""
        moves = f", moving {group.moves}" if group.moves else ""
        print(f"  {group.key:<11}{group.customers:>7} customers, {group.owed} owed{moves}{waits}")
    for group in groups:
        for row in group.outliers[:SHOWN]:
            print(f"  ! {group.key}: {_line(row)}")
    for group in groups:
        print(f"\n  {group.key}")
        for row in group.rows[:SHOWN]:
            print(f"    {_line(row)}")
        if len(group.rows) > SHOWN:
            print(f"    and {len(group.rows) - SHOWN} more; --json has them all")


def _line(row: Row) -> str:
    moves = f" -> {row.moves}" if row.moves else ""
    until = f", promised until {row.until}" if row.until else ""
    return (f"{row.account}  {row.name[:24]:<24} {row.owed!s:>14}{moves}  {row.debt}, "
            f"{row.late} days past due, {row.rung}{until}")  # fmt: skip


def as_json(found: Rehearsal) -> dict[str, Any]:
    """The rehearsal as plain values: amounts in minor units, dates ISO."""
    return {
        "on": found.on.isoformat(), "currency": found.currency, "holiday": found.holiday,
        "judged": found.judged,
        "held": [{"router": one.router, "customers": one.customers, "serves": one.serves}
                 for one in found.held],
        "actions": [_group(one) for one in found.actions],
        "spared": [_group(one) for one in found.spared],
    }  # fmt: skip


def _group(group: Group) -> dict[str, Any]:
    return {
        "what": group.key, "customers": group.customers, "owed_minor": group.owed.minor,
        "moves_minor": group.moves.minor, "waiting": group.waiting,
        "outliers": [_row(row) for row in group.outliers],
        "rows": [_row(row) for row in group.rows],
    }  # fmt: skip


def _row(row: Row) -> dict[str, Any]:
    return {
        "account": row.account, "name": row.name, "action": row.action.value, "rung": row.rung,
        "debt": row.debt, "due": row.due.isoformat(), "days_late": row.late,
        "owed_minor": row.owed.minor, "moves_minor": row.moves.minor, "router": row.router,
        "waits": row.waits, "until": row.until.isoformat() if row.until else None,
    }  # fmt: skip
