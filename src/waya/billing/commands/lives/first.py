"""Invoice what is charged once of a service that begins free."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from waya.billing.commands.invoices import Issued, issue
from waya.billing.commands.settle import spend
from waya.billing.policy import RenewalPolicy
from waya.billing.rules.drafts import Draft, DraftLine
from waya.billing.rules.renewal import due_day
from waya.org.actors import Actor
from waya.org.policy import chosen
from waya.parties.commands.customers import lock_customers
from waya.subscriptions.models import Subscription


@transaction.atomic
def invoice_first(
    *, row: Subscription, lines: Sequence[DraftLine], on: date, by: Actor
) -> list[Issued]:
    """Invoice some lines of a subscription that is paid after its periods, on the day on which it
    begins; no invoice without lines. Credit that its customer holds pays it."""
    by = by.must("billing.issue")
    if not lines:
        return []
    lock_customers(customer_ids=[row.customer_id], by=by)
    due_on = due_day(on, chosen(RenewalPolicy, row.entity_id).due_days)
    draft = Draft(row.entity_id, row.customer_id, tuple(lines), on, due_on)
    issued = issue(drafts=[draft], by=by)
    spend(entity_id=row.entity_id, customer_ids=[row.customer_id], on=on, by=by)
    return issued
