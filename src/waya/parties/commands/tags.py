"""Tags: words of the ISP's own by which customers are told apart."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.parties.models import Customer

LONGEST_TAG = 30


@transaction.atomic
def tag(*, customer_id: int, tags: Iterable[str], by: Actor) -> list[str]:
    """Give a customer these tags and no others; gives them as they are kept, in order: small
    letters, spaces as dashes, each once. Refuses `tag_too_long` beyond thirty letters."""
    by = by.must("parties.tag")
    kept = sorted({"-".join(one.lower().split()) for one in tags if one.strip()})
    for one in kept:
        if len(one) > LONGEST_TAG:
            raise Refused("tag_too_long", tag=one)
    customer = Customer.objects.select_for_update(no_key=True, of=("self",)).get(pk=customer_id)
    if customer.tags != kept:
        why = {"before": customer.tags, "tags": kept}
        customer.tags = kept
        customer.save(update_fields=["tags"])
        record_many(by, [Happened("customer.tagged", ("customer", customer.pk),
                                  customer_id=customer.pk, why=why)])  # fmt: skip
    return kept
