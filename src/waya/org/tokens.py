"""How a bearer token is kept: as a hash, never as itself."""

from __future__ import annotations

import hashlib


def digest(secret: str) -> str:
    """The hash under which a token is kept; tokens are long and random, so one round does."""
    return hashlib.sha256(secret.encode()).hexdigest()
