"""Money that may be on its way: while it is, nobody is cut off."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from waya.payments.models import Merchant, Prompt
from waya.payments.policy import BrakePolicy
from waya.payments.rules.prompts import OPEN


def customers_with_prompts(
    customer_ids: Iterable[int], *, at: datetime, policy: BrakePolicy
) -> set[int]:
    """Those whose phone was asked lately, or whose prompt is paid by the provider's word."""
    lately = at - timedelta(minutes=policy.prompt_minutes)
    paid_lately = at - timedelta(hours=policy.paid_prompt_hours)
    rows = Prompt.objects.filter(
        Q(made_at__gte=lately) | Q(result_code="0", made_at__gte=paid_lately),
        customer_id__in=set(customer_ids),
        state__in=OPEN,
    )
    return set(rows.values_list("customer_id", flat=True))


def silent_merchants(entity_id: int, *, at: datetime, policy: BrakePolicy) -> list[Merchant]:
    """Merchant accounts that were heard before and have been silent for too long."""
    since = at - timedelta(hours=policy.silent_hours)
    return list(Merchant.objects.filter(entity_id=entity_id, heard_at__lt=since))
