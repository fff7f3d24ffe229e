"""Pro formas as a customer holds them: one number, and a line for each subscription on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, QuerySet

from waya.billing.models import Invoice, ProForma
from waya.kernel.money import Money
from waya.kernel.periods import Period


@dataclass(frozen=True, slots=True)
class Asked:
    """A document with its lines, in order. Those that were withdrawn count no more, unless all
    of them were."""

    rows: Sequence[ProForma]

    @property
    def first(self) -> ProForma:
        """The line by which the document is known: its number, day and address."""
        return self.rows[0]

    @property
    def issued_on(self) -> date:
        """The day on which it was asked."""
        return self.first.issued_on

    @property
    def lines(self) -> Sequence[ProForma]:
        """The lines that count."""
        kept = [row for row in self.rows if row.state != ProForma.LAPSED]
        return kept or self.rows

    @property
    def state(self) -> str:
        """Open while any line of it is; then what its lines are."""
        states = [row.state for row in self.lines]
        return ProForma.OPEN if ProForma.OPEN in states else states[0]

    @property
    def total(self) -> Money:
        """What was asked for, with taxes."""
        return self._sum(self.lines)

    @property
    def to_pay(self) -> Money:
        """What is to be paid of it still."""
        return self._sum([row for row in self.rows if row.state in ProForma.PAYABLE])

    @property
    def period(self) -> Period:
        """From the day on which all lines begin to the day on which the last ends."""
        return Period(self.first.start, max(row.end for row in self.lines))

    @property
    def invoices(self) -> list[Invoice]:
        """What it became: one, or several where its lines were paid apart."""
        found = {row.invoice.pk: row.invoice for row in self.lines if row.invoice}
        return list(found.values())

    @property
    def names(self) -> str:
        """The plans that it is for."""
        return ", ".join(dict.fromkeys(row.subscription.plan.name for row in self.lines))

    def _sum(self, rows: Sequence[ProForma]) -> Money:
        return Money(sum(row.total_minor for row in rows), self.first.currency)


def documents(rows: QuerySet[ProForma], *states: str) -> QuerySet[ProForma]:
    """One row for each document, its first line; with states, of those with a line in any.
    `shared` says of each whether there are more."""
    more = ProForma.objects.filter(entity=OuterRef("entity"), number=OuterRef("number"), line=2)
    firsts = rows.filter(line=1).select_related(*_RELATED).annotate(shared=Exists(more))
    if not states:
        return firsts
    lines = ProForma.objects.filter(
        entity=OuterRef("entity"), number=OuterRef("number"), state__in=states
    )
    return firsts.filter(Exists(lines))


def with_lines(found: Iterable[ProForma]) -> list[Asked]:
    """The documents of some lines, each once, in the order given. One query for any number of
    them, and none where `documents` has said that each is a line by itself. Lines come with
    their plans and invoices."""
    lines: dict[tuple[int, str], list[ProForma]] = {}
    wanted: list[tuple[int, str]] = []
    for row in found:
        place = row.entity_id, row.number
        if place not in lines:
            alone = not getattr(row, "shared", True)
            lines[place] = [row] if alone else []
            wanted += [] if alone else [place]
    rows = ProForma.objects.filter(
        entity_id__in={entity_id for entity_id, _ in wanted},
        number__in=[number for _, number in wanted],
    )
    for row in rows.select_related(*_RELATED).order_by("line"):
        if (row.entity_id, row.number) in wanted:
            lines[row.entity_id, row.number].append(row)
    return [Asked(together) for together in lines.values()]


_RELATED = ("customer", "entity", "issuer", "invoice", "subscription__plan")
