"""Money is a whole number of minor units in one currency. No floats, no bare decimals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil, floor
from typing import Literal

from waya.kernel.errors import CurrencyMismatch

Rounding = Literal["half_up", "half_even", "up", "down"]
"""How an exact amount becomes whole minor units; see `rounded`."""

_HALF = Fraction(1, 2)
# ISO 4217: decimals of the currencies that do not have two.
DECIMALS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
         "VND", "VUV", "XAF", "XOF", "XPF"), 0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip
# Money that is in use (ISO 4217): what is not here is a slip of the pen.
_IN_USE = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN
    BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP
    ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR
    ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD
    MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR
    PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL
    THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UYW UZS VED VES VND VUV WST XAF XCD
    XCG XOF XPF YER ZAR ZMW ZWG ZWL
"""
CURRENCIES = frozenset(_IN_USE.split())


def decimals(currency: str) -> int:
    """How many decimals a currency's minor unit has (ISO 4217)."""
    return DECIMALS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """A signed amount in minor units (cents); adding different currencies raises."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + -other

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.currency} {self.plain()}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)

    def plain(self) -> str:
        """Digits grouped in threes, decimals only when there are any: `2,500` or `633.34`."""
        places = decimals(self.currency)
        whole, part = divmod(abs(self.minor), 10**places)
        sign = "−" if self.minor < 0 else ""
        return f"{sign}{whole:,}" + (f".{part:0{places}d}" if part else "")

    def times(self, ratio: Fraction) -> Money:
        """Multiply and round once, halves away from zero as tax offices expect."""
        return Money(rounded(self.minor * ratio), self.currency)

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Share out by weight; the parts always add up to the whole.

        Each part is the difference between two running totals, each rounded once (halves
        away from zero), so no remainder is left over to be handed out by a special case,
        and a part that ends the whole is what the parts before it leave. A credit mirrors
        its charge to the cent.
        """
        if not weights or min(weights) < 0 or sum(weights) == 0:
            raise ValueError("weights are whole numbers from zero, not all zero")
        running = [0, *accumulate(weights)]
        marks = [rounded(Fraction(self.minor * mark, running[-1])) for mark in running]
        return [Money(upper - lower, self.currency) for lower, upper in pairwise(marks)]


def rounded(exact: Fraction, way: Rounding = "half_up") -> int:
    """A whole number near an exact one: `half_up` is the nearest, halves away from zero,
    `half_even` the nearest, halves to the even one, `up` away from zero, `down` towards it."""
    size = abs(exact)
    match way:
        case "half_up":
            whole: int = floor(size + _HALF)
        case "half_even":
            whole = round(size)
        case "up":
            whole = ceil(size)
        case "down":
            whole = floor(size)
    return whole if exact >= 0 else -whole


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts in one currency; nothing sums to zero of it."""
    result = Money(0, currency)
    for amount in amounts:
        result += amount
    return result


def parse(text: str | int | Decimal, currency: str) -> Money:
    """Read an amount in major units: `1`, `"1.00"`, `"1,500"`; more decimals than there are raise.

    Floats are not taken: read numbers from JSON with `parse_float=str`.
    """
    try:
        exact = Decimal(str(text).strip().replace(",", ""))
    except InvalidOperation as error:
        raise ValueError(f"not an amount: {text!r}") from error
    if not exact.is_finite():
        raise ValueError(f"not an amount: {text!r}")
    minor = exact * 10 ** decimals(currency)
    if minor != minor.to_integral_value():
        raise ValueError(f"{text!r} has more decimals than {currency}")
    return Money(int(minor), currency)
