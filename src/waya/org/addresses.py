"""From where a request came, whatever stands in between."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings


def caller(meta: Mapping[str, Any]) -> str | None:
    """The caller's IP address by a request's `META`; None if there is none to be had.

    A proxy's word counts only if the proxy is one of `settings.TRUSTED_PROXIES`, and then
    only its last one: what the caller wrote before it is the caller's invention.
    """
    address = _address(meta.get("REMOTE_ADDR", ""))
    if address in settings.TRUSTED_PROXIES:
        told = str(meta.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2]
        return _address(told) or address
    return address


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return None
