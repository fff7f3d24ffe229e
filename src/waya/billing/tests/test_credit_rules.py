"""A credit mirrors its charge: to the cent, with its taxes, and never more than is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.billing.rules.credits import (
    LineCredit,
    Owned,
    Reason,
    ahead_of,
    give,
    unearned,
    without,
)
from waya.billing.rules.recognition import BY_DAY, BY_MONTH
from waya.kernel.errors import Refused
from waya.kernel.periods import Period

JUNE = Period(date(2027, 6, 10), date(2027, 7, 10))
# KES 2,500 with taxes inside: net, excise of 15 %, VAT of 16 %.
HOME = (1874_06, 281_11, 344_83)


def line(
    parts: tuple[int, ...] = HOME, on: date | None = None, *, tax_inclusive: bool = True
) -> Owned:
    """A month as it was billed, and not credited yet; in advance if there is a day."""
    left = unearned(parts[0], JUNE, on, BY_DAY, ()) if on else 0
    ahead = ahead_of(JUNE, on) if on else None
    return Owned(1, "KES", parts, parts, JUNE, tax_inclusive, (), left, ahead)


def wish(**part: object) -> LineCredit:
    """A credit of the line."""
    return LineCredit(1, Reason.GOODWILL, **part)  # type: ignore[arg-type]  # one of three fields


def test_all_of_a_line_is_the_line() -> None:
    assert give(line(), wish()).parts == HOME


def test_half_of_it_is_half_of_each() -> None:
    """2,500 = 1,874.06 + 281.11 + 344.83; of 1,250 excise is 140.555 and the net 937.03."""
    taken = give(line(), wish(gross_minor=1250_00))
    assert taken.parts == (937_03, 140_56, 172_41)
    rest = give(without(line(), taken), wish())
    assert rest.parts == (937_03, 140_55, 172_42)


def test_days_cost_what_they_cost_when_they_were_billed() -> None:
    """20 of 30 days of 2,500 with taxes inside."""
    taken = give(line(on=date(2027, 6, 20)), wish(days=Period(date(2027, 6, 20), JUNE.end)))
    assert taken.gross_minor == 1666_67
    assert taken.net_minor == 1249_38
    assert taken.unearned_minor == 1249_37, "what is there: ten days have earned 624.69"
    assert taken.ahead == Period(date(2027, 6, 20), JUNE.end)


def test_days_of_a_price_before_taxes_are_shared_before_taxes() -> None:
    """Half of 2,999.00 net: 1,499.50, excise 224.93, VAT 275.91."""
    dear = line((2999_00, 449_85, 551_82), tax_inclusive=False)
    taken = give(dear, wish(days=Period(date(2027, 6, 25), JUNE.end)))
    assert taken.parts == (1499_50, 224_93, 275_91)


def test_days_that_have_passed_are_taken_from_what_was_earned() -> None:
    outage = Period(date(2027, 6, 18), date(2027, 6, 21))
    taken = give(line(on=date(2027, 6, 20)), wish(days=outage))
    assert taken.gross_minor == 250_00
    assert 0 < taken.unearned_minor < taken.net_minor
    assert taken.ahead == Period(date(2027, 6, 20), date(2027, 6, 21))


def test_an_amount_is_taken_from_earned_and_unearned_alike() -> None:
    """A third of the days has passed."""
    taken = give(line((3000_00,), on=date(2027, 6, 20)), wish(gross_minor=300_00))
    assert (taken.net_minor, taken.unearned_minor) == (300_00, 200_00)
    assert taken.ahead == Period(date(2027, 6, 20), JUNE.end)


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"gross_minor": 2500_01}, "credit_above_left"),
        ({"net_minor": 1874_07}, "credit_above_left"),
        ({"gross_minor": 0}, "credit_not_above_zero"),
        ({"gross_minor": -1}, "credit_not_above_zero"),
        ({"days": Period(date(2027, 6, 9), date(2027, 6, 20))}, "credit_days_outside"),
        ({"days": Period(date(2027, 7, 9), date(2027, 7, 11))}, "credit_days_outside"),
        ({"days": Period(date(2027, 6, 20), date(2027, 6, 20))}, "credit_days_outside"),
    ],
)
def test_more_than_there_is_is_refused(part: dict[str, object], code: str) -> None:
    with pytest.raises(Refused, match=code):
        give(line(), wish(**part))


def test_what_was_given_back_is_not_given_again() -> None:
    days = Period(date(2027, 7, 1), JUNE.end)
    after = without(line(), give(line(), wish(days=days)))
    with pytest.raises(Refused, match="credit_days_again"):
        give(after, wish(days=Period(date(2027, 7, 9), JUNE.end)))
    nothing = without(after, give(after, wish()))
    with pytest.raises(Refused, match="credit_nothing_left"):
        give(nothing, wish())


def test_one_thing_is_asked_for() -> None:
    with pytest.raises(ValueError, match="one of them"):
        wish(gross_minor=1, net_minor=1)


def test_a_discount_on_an_invoice_is_mirrored_too() -> None:
    back = (-100_00, -15_00, -18_40)
    taken = give(line(back), wish(gross_minor=66_70))
    assert taken.gross_minor == -66_70
    assert give(without(line(back), taken), wish()).gross_minor == -66_70


amounts = st.integers(1, 10**9)
billed = st.tuples(amounts, st.integers(0, 10**8), st.integers(0, 10**8))
days = st.tuples(st.integers(0, 29), st.integers(1, 30)).filter(lambda pair: pair[0] < pair[1])
wishes = st.lists(
    st.one_of(
        st.builds(lambda minor: wish(gross_minor=minor), amounts),
        st.builds(lambda minor: wish(net_minor=minor), amounts),
        st.builds(
            lambda pair: wish(
                days=Period(*(JUNE.start + timedelta(days=offset) for offset in pair))
            ),
            days,
        ),
    ),
    max_size=6,
)


@given(parts=billed, asked=wishes, inclusive=st.booleans(), sign=st.sampled_from([1, -1]))
def test_pieces_never_exceed_the_line_and_together_are_the_line(
    parts: tuple[int, ...], asked: list[LineCredit], inclusive: bool, sign: int
) -> None:
    whole = tuple(sign * part for part in parts)
    left = line(whole, tax_inclusive=inclusive)
    taken = [0] * len(whole)
    for one in [*asked, wish()]:
        try:
            given_back = give(left, one)
        except Refused:
            continue
        assert all(
            0 <= sign * part <= sign * most
            for part, most in zip(given_back.parts, left.left, strict=True)
        )
        left = without(left, given_back)
        taken = [one + part for one, part in zip(taken, given_back.parts, strict=True)]
    assert tuple(taken) == whole


@given(
    net=amounts,
    asked=wishes,
    steps=st.lists(st.integers(0, 12), min_size=7, max_size=7),
    spread=st.sampled_from([BY_DAY, BY_MONTH]),
)
def test_what_was_deferred_is_earned_or_given_back_and_no_more(
    net: int, asked: list[LineCredit], steps: list[int], spread: str
) -> None:
    """Credits on any days: what is taken from deferred revenue is there, and it ends at nothing."""
    left, on = line((net,)), JUNE.start - timedelta(days=5)
    taken: list[tuple[int, Period]] = []
    for one, step in zip([*asked, wish()], steps, strict=False):
        on += timedelta(days=step)
        there = unearned(net, JUNE, on, spread, taken)
        left = replace(left, unearned_minor=there, ahead=ahead_of(JUNE, on))
        try:
            given_back = give(left, one)
        except Refused:
            continue
        assert 0 <= given_back.unearned_minor <= min(max(there, 0), given_back.net_minor)
        left = without(left, given_back)
        if given_back.ahead:
            taken.append((given_back.unearned_minor, given_back.ahead))
    assert unearned(net, JUNE, JUNE.end, spread, taken) == 0
