"""A refusal that names the field at fault."""

from __future__ import annotations

from ninja.errors import ValidationError


def fault(what: str, *where: str | int) -> ValidationError:
    """A refusal of a body's field, as any other that does not fit."""
    return ValidationError([{"type": "refused", "loc": ("body", "asked", *where), "msg": what}])
