"""Answer a provider that asks, before it takes the money, whether it may."""

from __future__ import annotations

import json
import logging

from waya.org.actors import Actor
from waya.org.policy import chosen
from waya.payments.drivers import Malformed
from waya.payments.drivers.daraja import ACCEPTED, Rejection, parse_validation, rejected
from waya.payments.models import Merchant
from waya.payments.policy import PaymentPolicy
from waya.payments.queries.inbox import owners

log = logging.getLogger("waya.payments")


def validate(*, merchant: Merchant, raw: bytes, by: Actor) -> bytes:
    """Say whether a payment may go ahead, in the provider's own JSON, within a few queries.

    It may, whatever was typed: money is taken, and a person finds whose it is. Only where
    policy says `validation_rejects_unknown` is an account that nobody has refused, while the
    payer can still correct it. A question that cannot be read is let through.
    """
    by.must("payments.notify")
    answer = ACCEPTED
    if chosen(PaymentPolicy, merchant.entity_id).validation_rejects_unknown:
        try:
            typed = parse_validation(raw).account_typed
            if not owners(merchant.entity_id, [typed]):
                answer = rejected(Rejection.ACCOUNT)
        except Malformed as error:
            log.warning("a question that cannot be read was let through: %s", error)
    return json.dumps(answer).encode()
