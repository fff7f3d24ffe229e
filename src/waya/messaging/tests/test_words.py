"""What we say: equal in both languages, one part of an SMS, dates as people read them."""

from __future__ import annotations

from datetime import date
from string import Formatter

import pytest

from waya.kernel.money import Money
from waya.messaging.rules import words
from waya.messaging.rules.segments import Alphabet, segments
from waya.messaging.rules.words import Say

USUAL = {
    "name": "Chebet", "amount": "KES 2,500", "receipt": "UKL7X4T2QP", "until": "10 Dec",
    "account": "104 828 3", "username": "chebet.w7k2", "missing": "KES 1,500",
    "plan": "Home 10 Mbps", "due": "Alhamisi 12 Nov", "typed": "104282", "place": "Lanet",
    "since": "13:51", "code": "402913", "off": "Your 12 services are off",
}  # fmt: skip
ENTITY = {"isp": "Baraka Net", "paybill": "600426"}


def _say(key: str, language: str, **values: str) -> Say:
    return Say(1, "+254700000418", key, language, {**USUAL, **values}, once="x")


@pytest.mark.parametrize("key", words.TEXTS)
@pytest.mark.parametrize("language", ["en", "sw"])
def test_a_message_is_one_part_for_usual_values(key: str, language: str) -> None:
    text = words.text(_say(key, language), ENTITY, {})
    counted = segments(text)
    assert (counted.alphabet, counted.parts) == (Alphabet.GSM7, 1), text
    assert "{" not in text


@pytest.mark.parametrize("key", words.TEXTS)
def test_both_languages_say_the_same(key: str) -> None:
    named = [
        {name for _, name, _, _ in Formatter().parse(words.TEXTS[key][language]) if name}
        for language in ("en", "sw")
    ]
    assert named[0] == named[1]
    assert words.needed(key) == named[0] - {"isp", "paybill"}


def test_a_language_that_we_do_not_write_is_answered_in_english() -> None:
    assert words.text(_say("code", "fr"), ENTITY, {}).startswith("402913 is your code")


def test_an_entity_may_use_its_own_words() -> None:
    own = {("paid", "en"): "Received {amount}. {isp}"}
    assert words.text(_say("paid", "en"), ENTITY, own) == "Received KES 2,500. Baraka Net"
    assert words.text(_say("paid", "sw"), ENTITY, own).startswith("Asante Chebet")


@pytest.mark.parametrize("broken", ["{nothing}", "{", "{amount.real}", "{0}"])
def test_own_words_that_cannot_be_filled_give_way_to_ours(broken: str) -> None:
    sent = words.text(_say("paid", "en"), ENTITY, {("paid", "en"): broken})
    assert sent.startswith("Thank you Chebet")


def test_a_missing_value_is_the_caller_s_fault() -> None:
    with pytest.raises(KeyError):
        words.text(Say(1, "+254700000418", "paid", "en", {}, once="x"), ENTITY, {})


def test_curly_quotes_in_a_name_do_not_double_the_price() -> None:
    text = words.text(_say("received", "en", name="Ng’ang’a"), ENTITY, {})
    assert segments(text).alphabet is Alphabet.GSM7
    assert "Ng'ang'a" in text


@pytest.mark.parametrize(
    ("hour", "start", "end", "expected"),
    [
        (20, 21, 7, False), (21, 21, 7, True), (0, 21, 7, True), (6, 21, 7, True),
        (7, 21, 7, False), (13, 13, 14, True), (14, 13, 14, False), (3, 0, 0, False),
    ],
)  # fmt: skip
def test_quiet_hours_are_half_open_and_may_pass_midnight(
    hour: int, start: int, end: int, expected: bool
) -> None:
    assert words.quiet(hour, start=start, end=end) is expected


def test_days_and_sums_as_people_read_them() -> None:
    assert words.day_words(date(2026, 12, 10), "en") == "10 Dec"
    assert words.day_words(date(2026, 12, 10), "sw") == "10 Des"
    assert words.day_words(date(2026, 11, 12), "en", weekday=True) == "Thu 12 Nov"
    assert words.day_words(date(2026, 11, 12), "sw", weekday=True) == "Alhamisi 12 Nov"
    assert words.sum_words(Money(2_500_00, "KES")) == "KES 2,500"
    assert words.first_name("Chebet Kiptoo") == "Chebet"
