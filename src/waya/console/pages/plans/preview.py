"""What a customer would pay on a version that is being written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any

from waya.billing.queries.lives.proposed import Bill, Proposed, Terms, proposed
from waya.billing.rules.drafts import DraftLine
from waya.billing.rules.engine.events import Unbillable
from waya.catalog.models import Plan
from waya.catalog.queries import Version
from waya.console.pages.plans.sheet import Sheet
from waya.console.pages.plans.words import every
from waya.kernel.errors import Refused
from waya.kernel.money import Money, total
from waya.org.models import Entity
from waya.org.words import words

_LISTED = 14


def preview(entity: Entity, plan: Plan, filled: Sheet, now: Version | None) -> dict[str, Any]:
    """The figures beside the form, or in `fault` why there are none yet; `now` is the version
    that is sold today, which it is compared with."""
    told = filled.head.cleaned_data
    if filled.terms is None or not told.get("begins"):
        fault = next(iter(filled.faults), "")
        return {"fault": fault or "What a customer pays stands here once the prices do."}
    on, quantity = told["begins"], told.get("quantity") or Fraction(1)
    offer = Terms(plan, filled.terms, told["tax_inclusive"])
    try:
        found = proposed(entity, offer, on, quantity=quantity, used=filled.used)
    except Refused as refusal:
        return {"fault": words(refusal)}
    except Unbillable as refusal:
        return {"fault": f"{refusal.what[:1].upper()}{refusal.what[1:]}."}
    return _figures(entity, plan, found) | {
        "than": None if now is None else _than(entity, plan, now, found, on, quantity, filled.used),
        "version": now.number if now else None,
    }


def _figures(entity: Entity, plan: Plan, found: Proposed) -> dict[str, Any]:
    usual, name = found.usual, every(plan)
    monthly = (plan.unit, plan.count) == ("month", 1)
    return {
        "first": _bill(found.first, entity.currency) if found.first else None,
        "usual": None if usual is None else {
            "words": f"A normal {name}" if plan.count == 1 or not name[0].isdigit()
            else f"{name}, normally",
            "total": usual.total,
            "month": None if monthly else usual.month,
            "lines": _lines(usual.lines),
            "from": usual.period.start,
            "until": usual.period.end,
        },
        "year": found.year,
        "deposit": found.deposit,
        "count": len(found.bills),
        "free_until": found.free_until,
        "ends": found.ends,
        "bills": [_row(one) for one in found.bills[:_LISTED]],
        "more": max(0, len(found.bills) - _LISTED),
    }  # fmt: skip


def _bill(one: Bill, currency: str) -> dict[str, Any]:
    taxes: dict[str, list[Money]] = {}
    for line in one.lines:
        for row in line.charged.taxed.rows:
            taxes.setdefault(row.rate.name, []).append(row.amount)
    return {
        "on": one.on,
        "total": one.total,
        "net": total((line.charged.taxed.net for line in one.lines), currency),
        "taxes": [{"words": name, "amount": total(found, currency)}
                  for name, found in taxes.items()],
        "lines": _lines(one.lines),
    }  # fmt: skip


def _lines(lines: Iterable[DraftLine]) -> list[dict[str, Any]]:
    return [{"words": one.description, "amount": one.charged.taxed.gross} for one in lines]


def _row(one: Bill) -> dict[str, Any]:
    more = len(one.lines) - 1
    return {
        "on": one.on,
        "words": one.lines[0].description + (f" and {more} more" if more else ""),
        "total": one.total,
    }


def _than(
    entity: Entity, plan: Plan, now: Version, found: Proposed, on: date, quantity: Fraction,
    used: dict[str, Fraction],
) -> Money | None:  # fmt: skip
    """How much more a normal period costs than by the version that is sold now."""
    before = Terms(plan, now.terms, now.tax_inclusive)
    try:
        usual = proposed(entity, before, on, quantity=quantity, used=used).usual
    except (Refused, Unbillable):
        return None
    return found.usual.total - usual.total if found.usual and usual else None
