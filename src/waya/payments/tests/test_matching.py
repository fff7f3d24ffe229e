"""Whose money it is: normalising, slips, and suggestions with their reasons."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.kernel import ids
from waya.payments.rules.matching import (
    Candidate,
    Known,
    Likelihood,
    distance,
    near_accounts,
    normalise,
    phone_fits,
    suggestions,
)

accounts = st.integers(100_001, 999_999).map(ids.account_number)
CHEBET = Known(
    1,
    ids.account_number(104_828),
    "Chebet Korir",
    phones=("+254700000418",),
    owed_minor=2500_00,
    usual_minor=2500_00,
)


def suggest(*customers: Known, **given_: object) -> list[Candidate]:
    usual = {"typed": "", "payer": "", "payer_name": "", "amount_minor": 2500_00}
    return suggestions(**{**usual, **given_}, customers=customers)  # type: ignore[arg-type]


def codes(candidate: Candidate) -> tuple[set[str], set[str]]:
    return (
        {reason.code for reason in candidate.evidence_for},
        {reason.code for reason in candidate.evidence_against},
    )


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("100 001 4", "1000014"),
        ("#100-001/4", "1000014"),
        ("a/c 1000014", "1000014"),
        ("ACC1000014", "1000014"),
        ("Account No. 1000014", "1000014"),
        ("Ａccount 1000014", "1000014"),
        ("brian.home", "BRIANHOME"),
        ("accra1", "ACCRA1"),
        ("account", "ACCOUNT"),
        ("  ", ""),
    ],
)
def test_what_people_type_is_made_comparable(typed: str, same: str) -> None:
    assert normalise(typed) == same


@given(typed=st.text())
def test_normalising_twice_changes_nothing(typed: str) -> None:
    once = normalise(typed)
    assert normalise(once) == once
    assert once.isascii()


@given(number=accounts, marks=st.lists(st.sampled_from(" -/#."), min_size=7, max_size=7))
def test_marks_between_digits_do_not_matter(number: str, marks: list[str]) -> None:
    assert normalise("".join(map("".join, zip(number, marks, strict=True)))) == number


@pytest.mark.parametrize(
    ("left", "right", "edits"),
    [("", "", 0), ("ab", "ba", 1), ("104282", "104228", 1), ("1042", "10422", 1), ("abc", "ca", 3)],
)
def test_edits(left: str, right: str, edits: int) -> None:
    assert distance(left, right) == edits


words = st.text("0123456789", max_size=8)


@given(left=words, right=words)
def test_distance_is_symmetric_and_zero_only_for_the_same(left: str, right: str) -> None:
    assert distance(left, right) == distance(right, left)
    assert (distance(left, right) == 0) == (left == right)


@given(number=accounts, at=st.integers(0, 6), digit=st.sampled_from("0123456789"))
def test_a_wrong_digit_is_found_again(number: str, at: int, digit: str) -> None:
    typed = number[:at] + digit + number[at + 1 :]
    if typed != number:
        assert not ids.check_digit_ok(typed)
        assert number in near_accounts(typed)


@given(number=accounts, at=st.integers(0, 5))
def test_two_swapped_digits_are_found_again(number: str, at: int) -> None:
    typed = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    if typed != number:
        assert not ids.check_digit_ok(typed)
        assert number in near_accounts(typed)


@given(number=accounts, at=st.integers(0, 6))
def test_a_missing_and_a_doubled_digit_are_found_again(number: str, at: int) -> None:
    assert number in near_accounts(number[:at] + number[at + 1 :])
    assert number in near_accounts(number[:at] + number[at] + number[at:])


@given(number=accounts)
def test_near_accounts_are_valid_and_one_edit_away(number: str) -> None:
    near = near_accounts(number)
    assert all(ids.check_digit_ok(other) and distance(number, other) == 1 for other in near)
    assert len(near) <= 40


@pytest.mark.parametrize("typed", ["", "brian", "12", "1" * 40])
def test_nothing_is_near_what_is_no_number(typed: str) -> None:
    assert near_accounts(typed) == []


def test_phones_fit_clear_masked_and_hashed() -> None:
    phone = "+254700000126"
    assert phone_fits("254700000126", phone)
    assert phone_fits("2547 ***** 126", phone)
    assert phone_fits("254******126", phone)
    assert phone_fits(sha256(b"254700000126").hexdigest(), phone)
    assert not phone_fits("2547 ***** 127", phone)
    assert not phone_fits("2541 ***** 126", phone)
    assert not phone_fits("*****", phone)
    assert not phone_fits("", phone)


def test_a_slip_with_the_right_phone_is_very_likely() -> None:
    typed = CHEBET.account_number[:4] + CHEBET.account_number[5] + CHEBET.account_number[4]
    typed += CHEBET.account_number[6:]
    [found] = suggest(CHEBET, typed=typed, payer="2547 ***** 418", payer_name="CHEBET KORIR")
    assert found.likelihood is Likelihood.VERY_LIKELY
    assert codes(found) == (
        {"digits_swapped", "phone_end_fits", "name_fits", "amount_owed"},
        set(),
    )


def test_a_first_name_alone_is_possible_and_says_what_does_not_fit() -> None:
    other = Known(2, ids.account_number(110_429), "Chebet Langat", ("+254711000902",), (), (), 0, 1)
    [found] = suggest(other, typed="?", payer="2547 ***** 418", payer_name="CHEBET")
    assert found.likelihood is Likelihood.POSSIBLE
    assert codes(found) == (
        {"first_name_fits"},
        {"phone_differs", "amount_differs", "owes_nothing"},
    )


def test_the_same_amount_alone_is_nobody() -> None:
    assert suggest(CHEBET, typed="wifi", payer_name="JOSEPH") == []


def test_a_typed_phone_is_recognised_in_every_form() -> None:
    for typed in ("0700000418", "+254 700 000 418", "700000418"):
        [found] = suggest(CHEBET, typed=typed)
        assert "phone_typed" in codes(found)[0]


def test_an_alias_and_a_payer_of_before_are_convincing() -> None:
    known = Known(3, "1", "Brian", aliases=("brian-home",), earlier_payers=("2547 ***** 777",))
    assert suggest(known, typed="Brian Home")[0].likelihood is Likelihood.VERY_LIKELY
    [found] = suggest(known, payer="2547 ***** 777", payer_name="BRIAN")
    assert found.likelihood is Likelihood.VERY_LIKELY


def test_a_number_that_is_valid_itself_is_hardly_a_slip() -> None:
    near = near_accounts(CHEBET.account_number)[0]
    assert ids.check_digit_ok(near)
    found = suggest(CHEBET, typed=near)
    assert all(candidate.likelihood is Likelihood.POSSIBLE for candidate in found)
    assert all("typed_number_valid" in codes(candidate)[1] for candidate in found)


def test_an_ended_customer_is_never_very_likely() -> None:
    ended = Known(4, CHEBET.account_number, "Chebet Korir", CHEBET.phones, ended=True)
    [found] = suggest(ended, typed=ended.account_number, payer="254700000418")
    assert found.likelihood is Likelihood.POSSIBLE
    assert "ended" in codes(found)[1]


@given(
    typed=st.text(max_size=20),
    payer=st.text(max_size=20),
    payer_name=st.text(max_size=20),
    amount=st.integers(1, 10**9),
    numbers=st.lists(accounts, max_size=5),
)
def test_suggestions_are_ordered_and_always_have_a_reason(
    typed: str, payer: str, payer_name: str, amount: int, numbers: list[str]
) -> None:
    customers = [Known(n, number, "Amina Otieno") for n, number in enumerate(numbers)]
    found = suggestions(
        typed=typed, payer=payer, payer_name=payer_name, amount_minor=amount, customers=customers
    )
    points = [candidate.points for candidate in found]
    assert points == sorted(points, reverse=True)
    assert all(candidate.evidence_for for candidate in found)
