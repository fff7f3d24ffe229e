"""What a document charges to a customer who is taxed apart: the same lines, other taxes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Literal

from waya.billing.rules.drafts import REVENUE, Draft, DraftLine
from waya.billing.rules.tax.buyers import Buyer
from waya.billing.rules.tax.stack import inside, on_top

Keeps = Literal["net", "gross", "total"]


def as_bought(draft: Draft, buyer: Buyer, keeps: Keeps) -> Draft:
    """A draft with its taxes as its customer pays them on the day of issue, the tax point.

    What is settled by it already keeps its total: the taxes are taken out of that.
    """
    kept: Keeps = "total" if draft.paid_minor else keeps
    lines = lines_as_bought(draft.lines, buyer, draft.issued_on, kept)
    return draft if lines == draft.lines else replace(draft, lines=lines)


def lines_as_bought(
    lines: Iterable[DraftLine], buyer: Buyer, day: date, keeps: Keeps
) -> tuple[DraftLine, ...]:
    """Lines with their taxes as a customer pays them on a tax point.

    A price before taxes stays. Of a price with taxes inside, what was inside of the tax that is
    not charged falls away (`net` is kept) or stays with the seller (`gross` is kept). A sum that
    was named to the customer, such as a late fee, stays whatever is inside; and everything does
    where the `total` is kept.
    """
    return tuple(_as_bought(line, buyer, day, keeps) for line in lines)


def _as_bought(line: DraftLine, buyer: Buyer, day: date, keeps: Keeps) -> DraftLine:
    charged = line.charged
    stack = buyer.stack(charged.taxed.stack, line.revenue.removeprefix(REVENUE), day)
    if stack is charged.taxed.stack:
        return line
    inclusive = charged.why.get("tax_inclusive")
    named = inclusive is None or keeps == "total" or (inclusive and keeps == "gross")
    taxed = (
        inside(charged.taxed.gross, stack) if named else on_top(charged.taxed.net, stack)
    )  # fmt: skip
    return replace(line, charged=replace(charged, taxed=taxed))
