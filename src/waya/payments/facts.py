"""What can happen here that others care about."""

from __future__ import annotations

from dataclasses import dataclass

from waya.org.facts import Fact


@dataclass(frozen=True, slots=True)
class PaymentsTaken(Fact):
    """Money was booked or found its customer, for some payments of an entity.

    One fact for a whole batch: which payments they are stands on their rows.
    """

    entity_id: int
