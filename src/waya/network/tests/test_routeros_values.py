"""RouterOS's spellings of time and rates, read by the driver."""

from __future__ import annotations

from datetime import timedelta

import pytest

from waya.network.drivers.routeros import duration, truth
from waya.network.rules.rates import same_rate


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1w2d3h4m5s", 788645),
        ("4h20m11s", 15611),
        ("1d02:03:04", 93784),
        ("00:10:00", 600),
        ("0s", 0),
        ("none", 0),
        ("", 0),
        ("12ms", 0),
    ],
)
def test_every_spelling_of_a_duration(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("text", "yes"), [("true", True), ("yes", True), ("false", False)])
def test_yes_and_no_of_every_version(text: str, yes: bool) -> None:
    assert truth(text) is yes


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("5M/10M", "5000000/10000000", True),
        ("5M", "5M/5M", True),
        ("5M/10M 0/0 0/0 0/0 8 1M/2M", "5000k/10M 0/0 0/0 0/0 8 1000k/2M", True),
        ("", "", True),
        ("5M/10M", "10M/5M", False),
        ("5M/10M", "", False),
        ("5M/10M", "5M/10M 10M/20M", False),
    ],
)
def test_one_rate_has_many_spellings(one: str, other: str, same: bool) -> None:
    assert same_rate(one, other) is same
