"""What whoever paid is told: what became of their money, in one message."""

from __future__ import annotations

from collections.abc import Collection

ACTIVATED, RENEWED, RESTORED = (
    "subscription.activated", "subscription.renewed", "subscription.restored",
)  # fmt: skip


def thanks(
    effects: Collection[str], *, has_until: bool, router_away: bool, missing_minor: int
) -> str:
    """The key of the message for a payment that led to some effects.

    `has_until` says that a paid-through date is known, `missing_minor` what is still to pay.
    """
    came_back = RESTORED in effects
    if router_away and (came_back or ACTIVATED in effects):
        return "router_away"
    if ACTIVATED in effects and has_until:
        return "welcome"
    if came_back:
        return "restored" if has_until else "back"
    if RENEWED in effects and has_until:
        return "paid"
    if missing_minor > 0:
        return "short"
    return "received"
