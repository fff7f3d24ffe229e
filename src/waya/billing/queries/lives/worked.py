"""What the engine makes of subscriptions that are due: lines, gathered into documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from waya.billing.policy import BillingPolicy
from waya.billing.queries.lives.add_ons import (
    Part,
    ahead_of,
    draft_part,
    lines_of,
    with_add_ons,
)
from waya.billing.queries.lives.due import Due, billed, lives
from waya.billing.queries.pricing import PriceList, worded
from waya.billing.rules.drafts import DraftLine, drafted
from waya.billing.rules.engine.line import Line
from waya.billing.rules.lives import (
    Life,
    begins_with,
    billed_until,
    charge_key,
    cycles,
    gathered,
    told,
    within,
)
from waya.kernel.errors import Refused

Counts = dict[tuple[int, date, str], int]


@dataclass(frozen=True, slots=True)
class Worked:
    """What one subscription owes, by document, and through which day that bills it; within a
    cycle that began on `cycle_on`, where that day does not say it."""

    row: Due
    documents: list[tuple[DraftLine, ...]]
    until: date | None
    cycle_on: date | None = None


def work_out(
    rows: Sequence[Due], prices: PriceList, how: BillingPolicy, on: date, *, arrears: bool,
    on_top: Mapping[int, Sequence[Part]] | None = None,
) -> Iterator[Worked]:  # fmt: skip
    """What is due of each as of a day: in arrears what has passed, in advance the period that
    begins where the bills end. Five queries for any number of them. `on_top` are their add-ons
    where these are not written yet.

    Refuses `bill_too_many_lines` for a subscription that comes to more than policy lets pass.
    """
    if not rows:
        return
    known, counts = lives(rows, prices), billed(rows)
    parts = with_add_ons(rows, prices.plans.values()) if on_top is None else on_top
    seen = {key for key, _, _ in counts}
    for row in rows:
        life = known[row.id]
        if life.discounts or life.usage or life.granted or row.id in seen or row.id in parts:
            own = parts.get(row.id, ())
            yield _work_out(row, life, counts, prices, how, on, arrears, own)
            continue
        alike = (row.version_id, row.since, row.began, row.anchor_day, row.quantity, row.cycle_on,
                 row.next_version_id, row.next_on, life.next_quantity, on, arrears)  # fmt: skip
        if alike not in prices.alike:
            prices.alike[alike] = _work_out(row, life, counts, prices, how, on, arrears)
        yield _for(row, prices.alike[alike])


def begun_with(
    row: Due, prices: PriceList, how: BillingPolicy, *, arrears: bool
) -> tuple[DraftLine, ...]:
    """What one that is free at first is charged once as it begins."""
    terms = how.terms(prices.versions[row.version_id].price.currency, arrears=arrears)
    plan = prices.plans[row.plan_id]
    return tuple(
        draft_line(line, row, prices, row.began, worded(plan, line), 0)
        for line in begins_with(lives([row], prices)[row.id], terms)
    )


def _for(row: Due, worked: Worked) -> Worked:
    """What was worked out for one subscription, for another that is just like it."""
    if row is worked.row:
        return worked
    documents = [
        tuple(
            DraftLine(row.id, one.description, one.charged, one.revenue, one.in_advance,
                      one.charge, one.turn)
            for one in lines
        )
        for lines in worked.documents
    ]  # fmt: skip
    return Worked(row, documents, worked.until, worked.cycle_on)


def _work_out(
    row: Due, life: Life, counts: Counts, prices: PriceList, how: BillingPolicy, on: date,
    arrears: bool, parts: Sequence[Part] = (),
) -> Worked:  # fmt: skip
    pricing_on = on if arrears else row.since
    terms = how.terms(prices.versions[row.version_id].price.currency, arrears=arrears)
    found = [line for line in told(life, terms, on if arrears else row.since) if _is_due(line)]
    own = {f"{row.id}+{part.id}": part for part in parts}
    if own:
        through = _through(found, life)
        found += [
            line
            for part in parts
            for line in (
                lines_of(part, row, life, prices, terms, on)
                if arrears
                else ahead_of(part, row, life, prices, terms, through)
            )
            if _is_due(line)
        ]
    if 0 < how.most_lines < len(found):
        raise Refused("bill_too_many_lines", lines=len(found), most=how.most_lines)
    # What is to be paid before it is had waits for nothing: there would never be more of it.
    least = how.minimum_minor if arrears else 0
    groups, covered = gathered(found, least, zero=how.zero_invoices)
    documents = []
    for group in groups:
        lines = tuple(
            _drafted(line, row, prices, pricing_on, counts, own.get(line.subscription))
            for line in group
            if not arrears or (row.id, line.period.start, _key(line, own)) not in counts
        )
        if lines:
            documents.append(lines)
    until = billed_until(covered, on)
    return Worked(row, documents, until, None if until is None else within(life, until))


def _through(found: Sequence[Line], life: Life) -> date:
    """Through which day a prepaid period is asked for."""
    ends = [line.period.end for line in found if line.kind in ("recurring", "proration")]
    return max(ends, default=cycles(life).cycle(life.since).end)


def _key(line: Line, parts: Mapping[str, Part]) -> str:
    part = parts.get(line.subscription)
    return charge_key(line) if part is None else part.charged + charge_key(line)


def _drafted(
    line: Line, row: Due, prices: PriceList, on: date, counts: Counts, part: Part | None
) -> DraftLine:
    if part is not None:
        return draft_part(part, line, row, prices, on, counts)
    turn = counts.get((row.id, line.period.start, charge_key(line)), 0)
    return draft_line(line, row, prices, on, worded(prices.plans[row.plan_id], line), turn)


def draft_line(
    line: Line, row: Due, prices: PriceList, tax_point: date, name: str, turn: int
) -> DraftLine:
    """A line of the engine as a line of a document, with the taxes of a day."""
    version = prices.at(row.version_id, line.period.start)
    if row.next_version_id and row.next_on and line.period.start >= row.next_on:
        version = prices.at(row.next_version_id, line.period.start)
    plan, pricing = prices.plans[version.plan_id], prices.pricing(version, tax_point)
    supply, part = plan.tax_class, prices.part(version, line.charge)
    if part is not None:
        supply, name = part.tax_class, worded(plan, line, part.name)
        pricing = replace(pricing, rates=prices.rates(supply, tax_point))
    return drafted(
        line, pricing, subscription_id=row.id, revenue=f"revenue:{supply}", name=name, turn=turn
    )


def _is_due(line: Line) -> bool:
    """Whether a line is asked for; what is given back is a credit note's matter."""
    return line.amount.minor >= 0 or line.kind == "discount"
