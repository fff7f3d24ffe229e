"""Credentials at rest: sealed with a key that lies outside the database; tokens as hashes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


def _fernet() -> MultiFernet:
    if not settings.WAYA_KEYS:
        raise ImproperlyConfigured("No key: WAYA_KEY is empty and WAYA_HOME has no key file.")
    return MultiFernet([Fernet(key) for key in settings.WAYA_KEYS])


def digest(secret: str) -> str:
    """The hash under which a token is kept; tokens are long and random, so one round does."""
    return hashlib.sha256(secret.encode()).hexdigest()


def seal(text: str) -> str:
    """Encrypt with the newest key."""
    return _fernet().encrypt(text.encode()).decode()


def unseal(token: str) -> str:
    """Decrypt with any of our keys."""
    return _fernet().decrypt(token.encode()).decode()


def reseal(token: str) -> str:
    """Encrypt again with the newest key, so that older keys can be thrown away."""
    return _fernet().rotate(token.encode()).decode()


if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField


class SealedField(_TextField):
    """Text that is sealed in the database and plain in memory; never in a `repr` or a log."""

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return unseal(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        return seal(value) if value else value
