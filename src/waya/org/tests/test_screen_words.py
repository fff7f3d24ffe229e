"""Money, moments, numbers and states look as the design says they do."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django import forms
from django.template import engines
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from waya.kernel import clock
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.org.templatetags import waya
from waya.org.templatetags.states import STATES

ROOT = Path(__file__).resolve().parents[4]
NAIROBI = "Africa/Nairobi"


def plain(markup: str) -> str:
    return re.sub(r"<[^>]+>", "", markup)


@pytest.mark.parametrize(
    ("minor", "form", "shown"),
    [
        (2500_00, "", "KES2,500"),
        (633_34, "", "KES633.34"),
        (-1583_33, "", "−KES1,583.33"),
        (8_940_000_00, "short", "KES8.94\u00a0M"),
        (-412_300_50, "short", "−KES412,300.50"),
        (0, "big", "KES0"),
    ],
)
def test_money_has_a_code_and_cents_only_when_there_are_any(
    minor: int, form: str, shown: str
) -> None:
    assert plain(waya.money(Money(minor, "KES"), form)) == shown


def test_a_short_sum_keeps_the_exact_one_on_hover() -> None:
    assert 'title="KES 8,940,000"' in waya.money(Money(8_940_000_00, "KES"), "short")


def test_columns_of_money() -> None:
    assert waya.figure(Money(2500_00, "KES")) == "2,500"
    assert waya.figure(Money(2500_00, "KES"), "cents") == "2,500.00"
    assert waya.figure(Money(2500, "UGX"), "cents") == "2,500"
    assert waya.debit(Money(100_00, "KES")) == "100.00"
    assert waya.debit(Money(-100_00, "KES")) == ""
    assert waya.credit(Money(-100_00, "KES")) == "100.00"
    assert waya.credit(Money(100_00, "KES")) == ""
    assert waya.money(None) == "—"


def test_what_is_shown_in_threes_copies_raw() -> None:
    assert waya.account("1000014") == '<span class="tab" data-raw="1000014">100 001 4</span>'
    number = waya.phone_("+254700000418")
    assert plain(number) == "0700 000 418"
    assert 'data-raw="+254700000418"' in number


def test_a_name_of_markup_stays_text() -> None:
    assert "<b>" not in waya.phone_("<b>0700</b>")
    assert "<b>" not in waya.status("online", "<b>now</b>")


def test_moments_name_the_day_only_when_it_is_another() -> None:
    with timezone.override(NAIROBI):
        now = clock.now()
        long_ago = datetime(2001, 3, 4, 5, 6, 7, tzinfo=UTC)
        assert re.fullmatch(r"\d\d:\d\d", plain(waya.when(now)))
        assert re.fullmatch(r"\d\d:\d\d:\d\d", plain(waya.when(now, "proof")))
        assert plain(waya.when(long_ago)) == "4 Mar 2001, 08:06"
        assert plain(waya.when(long_ago, "proof")) == "4 Mar 08:06:07"
        assert 'datetime="2001-03-04T08:06:07+03:00"' in waya.when(long_ago)
        assert 'title="4 Mar 2001, 08:06:07 EAT"' in waya.when(long_ago)
        assert plain(waya.when(now - timedelta(minutes=12), "live")) == "12\u00a0min ago"
        assert "ago" not in plain(waya.when(now - timedelta(minutes=61), "live"))


def test_dates_and_periods() -> None:
    with timezone.override(NAIROBI):
        year = clock.today(NAIROBI).year
        assert plain(waya.day(date(year, 11, 21))) == "21 Nov"
        assert plain(waya.day(date(2001, 11, 21))) == "21 Nov 2001"
        assert plain(waya.day(date(2026, 11, 21), "long")) == "Saturday 21 November 2026"
        assert plain(waya.day(date(2026, 11, 23), "weekday")).startswith("Mon 23 Nov")
        span = Period(date(year, 11, 10), date(year, 12, 10))
        assert plain(waya.period(span)) == "10 Nov – 10 Dec"


def test_units_stay_with_their_numbers() -> None:
    assert waya.speed(10_000) == "10\u00a0Mbps"
    assert waya.speed(2_500) == "2.5\u00a0Mbps"
    assert waya.speed(512) == "512\u00a0kbps"
    assert waya.volume(312 * 10**9) == "312\u00a0GB"
    assert waya.volume(12 * 10**11) == "1.2\u00a0TB"
    assert waya.unit(-61, "dBm") == "−61\u00a0dBm"
    assert waya.number(-12345) == "−12,345"


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (410, "0.41\u00a0s"),
        (22_000, "22\u00a0s"),
        (41 * 60_000, "41\u00a0min"),
        (130 * 60_000, "2\u00a0h 10\u00a0min"),
        (61 * 86_400_000, "61 days"),
    ],
)
def test_how_long_something_lasted(milliseconds: int, shown: str) -> None:
    assert waya.lasting(timedelta(milliseconds=milliseconds)) == shown


@given(values=st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_bars_never_leave_their_picture(values: list[int]) -> None:
    drawn = waya.sparkline(values)
    heights = re.findall(r'y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', drawn)
    assert len(heights) == len(values)
    for top, height in heights:
        assert 0 <= float(top) <= 26
        assert round(float(top) + float(height), 2) == 26
    assert "style=" not in drawn


@given(values=st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=60))
def test_lines_never_leave_their_picture(values: list[int]) -> None:
    for point in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", waya.sparkline(values, "line")):
        assert 0 <= float(point[0]) <= 100
        assert 0 <= float(point[1]) <= 26


def test_every_state_has_an_icon_that_is_in_the_sprite() -> None:
    names = set((ROOT / "assets" / "icons.txt").read_text().split())
    assert {state.icon for state in STATES.values()} <= names
    assert "Holds" in waya.status("holds")
    with pytest.raises(KeyError):
        waya.status("splendid")


class Slip(forms.Form):
    account_number = forms.CharField(help_text="On every SMS.")
    remark = forms.CharField(required=False)


def test_a_refused_field_tells_its_fault_beside_it() -> None:
    page = engines["django"].from_string(
        "{% load waya %}{% field form.account_number %}{% field form.remark %}"
    )
    shown = page.render({"form": Slip({})})
    assert 'aria-invalid="true"' in shown
    assert 'aria-describedby="id_account_number-help id_account_number-error"' in shown
    assert "This field is required." in shown
    assert shown.count(">optional<") == 1
