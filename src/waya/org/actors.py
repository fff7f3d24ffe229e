"""Whoever acts, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass, replace

from waya.kernel.errors import Refused

EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a customer, an API token or Waya itself; `entity_id` is where they act.

    `may` holds permissions such as `payments.take`; `*` is all of them.
    """

    kind: str
    id: int | None
    name: str
    may: frozenset[str] = frozenset()
    entity_id: int | None = None
    vouched: bool = False

    def can(self, permission: str) -> bool:
        """Whether they may, without refusing."""
        return self.vouched or permission in self.may or EVERYTHING in self.may

    def must(self, permission: str) -> Actor:
        """Refuse `not_allowed` unless they may; gives the same actor vouched for.

        Inner commands then do not ask again: a cashier who may take money need not also
        be allowed to post journal entries.
        """
        if not self.can(permission):
            raise Refused("not_allowed", permission=permission)
        return replace(self, vouched=True)


SYSTEM = Actor(kind="system", id=None, name="Waya", may=frozenset({EVERYTHING}))


def customer_actor(customer_id: int, name: str, entity_id: int) -> Actor:
    """A customer at the portal: may do for themselves what the portal offers."""
    may = frozenset(
        {"orders.join", "payments.prompt", "portal.use", "access.reveal", "billing.change_plan"}
    )
    return Actor(kind="customer", id=customer_id, name=name, may=may, entity_id=entity_id)
