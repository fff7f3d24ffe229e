"""Customers who are taxed apart: a few, so whoever bills asks who they are, and nothing more."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from fractions import Fraction

from waya.billing.models import Exemption
from waya.billing.policy import BillingPolicy
from waya.billing.rules.buying import as_bought, lines_as_bought
from waya.billing.rules.drafts import Draft, DraftLine
from waya.billing.rules.tax.buyers import Buyer, Certificate
from waya.billing.rules.tax.rates import Exemption as Rule
from waya.org.policy import chosen
from waya.org.rows.asking import ask

# A tax number alone changes nothing but where the law reverses, which the rates say.
_APART = """
select id, tax_number from parties_customer c where id = any(%s)
    and (tax_number <> '' or exists (select from billing_exemption x where x.customer_id = c.id))
"""


def buyers(customer_ids: Iterable[int]) -> dict[int, Buyer]:
    """Those of some customers who are taxed apart. One query, and one more if there are any."""
    numbers = dict(ask(_APART, [list(set(customer_ids))]))
    return of_numbers(numbers) if numbers else {}


def of_numbers(numbers: dict[int, str]) -> dict[int, Buyer]:
    """The same of customers whose tax numbers are known; one query."""
    held: dict[int, list[Certificate]] = {}
    for row in Exemption.objects.filter(customer_id__in=numbers).order_by("pk"):
        held.setdefault(row.customer_id, []).append(certificate(row))
    return {key: Buyer(number, tuple(held.get(key, ()))) for key, number in numbers.items()}


def certificate(row: Exemption) -> Certificate:
    """A certificate as the engine reads it."""
    rule = Rule(row.certificate, row.valid_from, tax=row.tax, kind=row.kind,
                ratio=Fraction(row.percent) / 100, end=row.end)  # fmt: skip
    return Certificate(rule, row.tax_class)


def drafts_as_bought(
    drafts: Collection[Draft], found: dict[int, Buyer], entity_id: int
) -> list[Draft]:
    """Drafts of one entity, with the taxes of those of their customers who are taxed apart."""
    keeps = chosen(BillingPolicy, entity_id).exempt_keeps
    return [
        as_bought(draft, found[draft.customer_id], keeps) if draft.customer_id in found else draft
        for draft in drafts
    ]


def as_asked_of(
    lines: tuple[DraftLine, ...], buyer: Buyer | None, entity_id: int, day: date | None = None
) -> tuple[DraftLine, ...]:
    """Lines that are asked for before they are billed, with a customer's own taxes: on a day, or
    on the first of what they are for."""
    if buyer is None or not lines:
        return lines
    day = day or lines[0].charged.period.start
    return lines_as_bought(lines, buyer, day, chosen(BillingPolicy, entity_id).exempt_keeps)
