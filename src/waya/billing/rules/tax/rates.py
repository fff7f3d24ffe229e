"""One tax in its place: what it is charged on, how much, by which law, and who is exempt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from waya.catalog.rules.rates import Category, How, Kind
from waya.kernel.money import Rounding, rounded
from waya.kernel.rates import shown

_ONE = Fraction(1)
_NONE = Fraction(0)


@dataclass(frozen=True, slots=True)
class Rate:
    """A tax in its place in the stack; `ratio` is exact, `law` says where it comes from.

    The base is `share` of the net and of the taxes named in `on` (None: every tax before it).
    A gross-up is a ratio of itself too: `t = b·r/(1−r)`. `per_unit_minor` counts instead of
    the ratio where a tax is so much for each unit. `least_minor` and `most_minor` bound a
    line's tax. An amount is rounded, `rounding` says how, to a multiple of `quantum_minor`.
    `relief` is the part that the customer is exempt from, and `reason` why.
    """

    tax: str
    name: str
    ratio: Fraction
    law: str
    how: How = How.RATIO
    on: tuple[str, ...] | None = None
    share: Fraction = _ONE
    per_unit_minor: Fraction = _NONE
    least_minor: int | None = None
    most_minor: int | None = None
    rounding: Rounding = "half_up"
    quantum_minor: int = 1
    relief: Fraction = _NONE
    reason: str = ""
    category: str = Category.STANDARD
    kind: str = Kind.VAT
    jurisdiction: str = ""
    sequence: int = 0
    rate_id: int | None = None
    # The law by which a registered business accounts for it itself; empty where none does.
    reverse_law: str = ""

    @property
    def multiplier(self) -> Fraction:
        """What the net and the taxes below are multiplied by; zero for a tax by the unit."""
        if self.how is How.PER_UNIT:
            return _NONE
        ratio = self.ratio / (1 - self.ratio) if self.how is How.GROSS_UP else self.ratio
        return self.share * (1 - self.relief) * ratio

    @property
    def each_minor(self) -> Fraction:
        """What every unit adds; zero for a tax by ratio."""
        return self.per_unit_minor * (1 - self.relief) if self.how is How.PER_UNIT else _NONE

    @property
    def bounded(self) -> bool:
        """Whether a line's tax has a least or a most."""
        return self.least_minor is not None or self.most_minor is not None

    @property
    def usual(self) -> bool:
        """Whether its amounts are rounded to the nearest minor unit, halves away from zero."""
        return self.rounding == "half_up" and self.quantum_minor == 1

    def rounded(self, exact: Fraction) -> int:
        """An exact amount as it is charged, in minor units."""
        return rounded(exact / self.quantum_minor, self.rounding) * self.quantum_minor

    def within_bounds(self, minor: int) -> int:
        """An amount held between the least and the most of a line, as far as not exempt."""
        least = 0 if self.least_minor is None else int(self.least_minor * (1 - self.relief))
        most = minor if self.most_minor is None else int(self.most_minor * (1 - self.relief))
        return max(least, min(most, minor))


@dataclass(frozen=True, slots=True)
class Exemption:
    """What a customer need not pay: a tax, or every tax of a kind, by a certificate.

    `percent` of it, on the days from `valid_from` up to and not including `end`.
    """

    certificate: str
    valid_from: date
    tax: str = ""
    kind: str = ""
    ratio: Fraction = _ONE
    end: date | None = None

    def covers(self, rate: Rate, day: date) -> bool:
        """Whether it holds for a tax on a day."""
        named = rate.tax == self.tax if self.tax else rate.kind == self.kind
        return named and self.valid_from <= day and (self.end is None or day < self.end)


def exempted(rate: Rate, exemptions: tuple[Exemption, ...], day: date) -> Rate:
    """The rate as this customer pays it: the widest exemption that holds on the day counts.

    A tax of which nothing is left stays as a row of zero, so that the document can say why.
    """
    found = [one for one in exemptions if one.covers(rate, day)]
    if not found:
        return rate
    widest = max(found, key=lambda one: one.ratio)
    part = "" if widest.ratio == 1 else f"{shown(widest.ratio)} "
    return replace(
        rate,
        relief=widest.ratio,
        reason=f"{part}exempt by certificate {widest.certificate}",
        category=Category.EXEMPT if widest.ratio == 1 else rate.category,
    )


def reversed_to_customer(rate: Rate, law: str) -> Rate:
    """The rate as a row of zero: the customer accounts for the tax (category AE)."""
    return replace(rate, ratio=_NONE, category=Category.REVERSE_CHARGE, law=law, reason=law)
