"""Which driver speaks for a merchant account, and which reader reads what it is told.

Rows become credentials here, so that drivers know no rows and commands no protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from django.conf import settings

from waya.payments.drivers import DriverError, PaymentDriver, Received, Token
from waya.payments.drivers.daraja import (
    Credentials,
    Daraja,
    parse_confirmation,
    parse_stk_callback,
)
from waya.payments.models import Merchant

# The last part of a call-back address, neutral because Safaricom forbids telling words.
CONFIRMATION, VALIDATION, PROMPTED = "c", "v", "s"

READERS: Final[Mapping[str, Callable[[bytes], Received]]] = {
    "confirmation": parse_confirmation,
    "stk": parse_stk_callback,
}


class RowTokens:
    """The provider's access token on the merchant's row, shared by every process."""

    def __init__(self, merchant_id: int) -> None:
        self._row = Merchant.objects.filter(pk=merchant_id)

    def get(self) -> Token | None:
        """The token last put, if any."""
        row = self._row.only("app_token", "app_token_at", "app_token_until").get()
        if not row.app_token or row.app_token_at is None or row.app_token_until is None:
            return None
        return Token(row.app_token, row.app_token_at, row.app_token_until)

    def put(self, token: Token) -> None:
        """Keep this token in place of the last."""
        self._row.update(
            app_token=token.value, app_token_at=token.issued_at, app_token_until=token.expires_at
        )


def driver_of(merchant: Merchant) -> PaymentDriver:
    """The client for a merchant account, with its open connections kept."""
    return _client(merchant)


def reachable(merchant: Merchant) -> bool:
    """Whether the provider answers: its token is less than an hour old, or a new one comes."""
    try:
        _client(merchant).token()
    except DriverError as error:
        return error.code != "unreachable"
    return True


def _client(merchant: Merchant) -> Daraja:
    credentials = Credentials(
        consumer_key=merchant.consumer_key,
        consumer_secret=merchant.consumer_secret,
        passkey=merchant.passkey,
        shortcode=merchant.short_code,
    )
    return _daraja(merchant.pk, merchant.base_url, credentials)


@lru_cache(maxsize=64)
def _daraja(merchant_id: int, base_url: str, credentials: Credentials) -> Daraja:
    return Daraja(credentials, base_url, RowTokens(merchant_id))


def address_for(merchant: Merchant, kind: str) -> str:
    """The opaque address at which a merchant account is told things of a kind."""
    return f"{settings.PUBLIC_URL}/hk/{merchant.path}/{kind}"
