"""What is taken off a charge, and for how many cycles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from waya.catalog.rules.plans import NOTHING, Discount
from waya.kernel.periods import Period


@dataclass(slots=True)
class Discounts:
    """Discounts with the cycles in which each was used, by subscription."""

    known: Sequence[Discount]
    used: dict[tuple[str, int], list[date]] = field(default_factory=dict)

    def off(
        self, subscription: str, plan: str, cycle: Period, prices: Iterable[tuple[str, Fraction]]
    ) -> dict[str, list[tuple[Discount, Fraction]]]:
        """What each discount takes off each charge of a cycle, exact; a price never falls
        below nothing, and an amount is taken once a cycle, from the first charges on."""
        found: dict[str, list[tuple[Discount, Fraction]]] = {}
        if not self.known:
            return found
        left = dict(prices)
        for place, discount in enumerate(self.known):
            if not self._applies(place, subscription, plan, cycle):
                continue
            amount = discount.amount
            for charge, price in left.items():
                taken = price * discount.percent if discount.percent else min(amount, price)
                if taken <= NOTHING:
                    continue
                if not discount.percent:
                    amount -= taken
                left[charge] = price - taken
                found.setdefault(charge, []).append((discount, taken))
        return found

    def _applies(self, place: int, subscription: str, plan: str, cycle: Period) -> bool:
        discount = self.known[place]
        if discount.subscription is not None and discount.subscription != subscription:
            return False
        if discount.plans and plan not in discount.plans:
            return False
        cycles = self.used.setdefault((subscription, place), [])
        if cycle.start in cycles:
            return True
        early = discount.start is not None and cycle.end <= discount.start
        late = discount.end is not None and cycle.start >= discount.end
        if early or late or (discount.periods is not None and len(cycles) >= discount.periods):
            return False
        cycles.append(cycle.start)
        return True
