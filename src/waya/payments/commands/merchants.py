"""Merchant accounts: an entity's paybills at a provider."""

from __future__ import annotations

import secrets

from django.db import transaction

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.commands.people import name_paybill
from waya.org.models import Entity
from waya.payments import providers
from waya.payments.drivers import DriverError
from waya.payments.models import Merchant


@transaction.atomic
def add_merchant(
    *,
    entity_id: int,
    short_code: str,
    base_url: str,
    consumer_key: str,
    consumer_secret: str,
    passkey: str,
    by: Actor,
) -> Merchant:
    """Open an M-PESA paybill for an entity, or bring its credentials up to date.

    Its secret path is made once and stays: the provider knows it. The entity's first paybill
    is the one that customers are told. Refuses `other_entity` for a paybill of another.
    """
    by = by.must("payments.merchant")
    merchant = Merchant.objects.filter(provider="mpesa", short_code=short_code).first()
    if merchant is not None and merchant.entity_id != entity_id:
        raise Refused("other_entity")
    fresh = merchant is None
    if merchant is None:
        merchant = Merchant(entity_id=entity_id, short_code=short_code, path=_path())
    merchant.base_url = base_url
    merchant.consumer_key = consumer_key
    merchant.consumer_secret = consumer_secret
    merchant.passkey = passkey
    merchant.app_token, merchant.app_token_at, merchant.app_token_until = "", None, None
    merchant.save()
    if fresh:
        _announce(merchant, by)
    return merchant


def _path() -> str:
    """Forty hexadecimal digits: no word that Safaricom forbids can be among them."""
    return secrets.token_hex(20)


def _announce(merchant: Merchant, by: Actor) -> None:
    if not Entity.objects.exclude(paybill="").filter(pk=merchant.entity_id).exists():
        name_paybill(entity_id=merchant.entity_id, paybill=merchant.short_code, by=by)
    record_many(by, [Happened("merchant.added", ("merchant", merchant.pk),
                              why={"short_code": merchant.short_code})])  # fmt: skip


def register_urls(*, merchant_id: int, by: Actor) -> None:
    """Tell the provider where to confirm payments and where to ask before one.

    In production this works once; addresses then change on the provider's own page. Refuses
    `provider_refused` with its words.
    """
    by = by.must("payments.merchant")
    merchant = Merchant.objects.get(pk=merchant_id)
    try:
        providers.driver_of(merchant).register_urls(
            confirmation_url=providers.address_for(merchant, providers.CONFIRMATION),
            validation_url=providers.address_for(merchant, providers.VALIDATION),
        )
    except DriverError as error:
        raise Refused("provider_refused", said=str(error)) from error
    with transaction.atomic():
        Merchant.objects.filter(pk=merchant_id).update(registered_at=clock.real_now())
        record_many(by, [Happened("merchant.registered", ("merchant", merchant_id))])
