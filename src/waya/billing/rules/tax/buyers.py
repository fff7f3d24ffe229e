"""Who buys, as far as it changes taxes: by certificate, or by law for a registered business."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from waya.billing.rules.tax.rates import Exemption, Rate, exempted, reversed_to_customer
from waya.billing.rules.tax.stack import Stack


@dataclass(frozen=True, slots=True)
class Certificate:
    """An exemption, of one class of supply or (empty) of all of them."""

    exemption: Exemption
    tax_class: str = ""


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer who is taxed apart from others."""

    tax_number: str = ""
    certificates: tuple[Certificate, ...] = ()

    def stack(self, ordinary: Stack, tax_class: str, day: date) -> Stack:
        """The taxes on a class of supply on a tax point, as this customer pays them; the same
        stack where nothing is different for them."""
        held = tuple(one.exemption for one in self.certificates if one.tax_class in ("", tax_class))
        rates = [self._own(rate, held, day) for rate in ordinary]
        return ordinary if rates == list(ordinary) else Stack(rates)

    def _own(self, rate: Rate, held: tuple[Exemption, ...], day: date) -> Rate:
        if self.tax_number and rate.reverse_law:
            return reversed_to_customer(rate, rate.reverse_law)
        return exempted(rate, held, day)


def in_the_way(fresh: Certificate, known: Iterable[Certificate]) -> Certificate | None:
    """The certificate that is for the same taxes, supplies and days as another, if there is one:
    of two, nobody could say by which a tax is not charged. A tax's certificate gives its kind."""
    return next((one for one in known if _meet(fresh, one)), None)


def _meet(one: Certificate, other: Certificate) -> bool:
    mine, theirs = one.exemption, other.exemption
    return (
        mine.kind == theirs.kind
        and (not mine.tax or not theirs.tax or mine.tax == theirs.tax)
        and (not one.tax_class or not other.tax_class or one.tax_class == other.tax_class)
        and (theirs.end is None or mine.valid_from < theirs.end)
        and (mine.end is None or theirs.valid_from < mine.end)
    )
