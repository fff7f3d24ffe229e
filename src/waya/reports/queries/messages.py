"""What was said to customers, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable

from waya.messaging.models import Message
from waya.reports.queries.paging import ROWS, Page, before, cut


def to_customer(customer_id: int, *, key: str = "") -> Page[Message]:
    """Messages to one customer, newest first."""
    rows = Message.objects.filter(customer_id=customer_id)
    if (last := before(key)) is not None:
        rows = rows.filter(pk__lt=last)
    return cut(list(rows.order_by("-pk")[: ROWS + 1]), lambda row: str(row.pk))


def last_words(customer_ids: Iterable[int]) -> dict[int, str]:
    """When each customer was last told something, and whether it went out."""
    newest = (
        Message.objects.filter(customer_id__in=list(customer_ids))
        .order_by("customer_id", "-pk")
        .distinct("customer_id")
    )
    return {
        one.customer_id: f"SMS {one.created_at:%-d %b}, {one.state}"
        for one in newest
        if one.customer_id
    }
