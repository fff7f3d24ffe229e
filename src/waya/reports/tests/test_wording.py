"""The words of lines in Swahili: ours are read in it, what a company named itself is left."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from waya.reports.documents.wording import said, tax_name


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        ("Static IP, once", "Static IP, mara moja"),
        ("Home 10 Mbps, 10 Dec 2026 – 10 Jan 2027", "Home 10 Mbps, 10 Dis 2026 – 10 Jan 2027"),
        ("Home 10 Mbps, 3 Oct – 3 Nov 2026", "Home 10 Mbps, 3 Okt – 3 Nov 2026"),
        ("Kiosk, 3 hours, 22 Oct 2026 14:35 – 17:35", "Kiosk, saa 3, 22 Okt 2026 14:35 – 17:35"),
        ("Kiosk, 2 hours 40 minutes", "Kiosk, saa 2 dakika 40"),
        ("Late fee, INV-000007", "Ada ya kuchelewa, INV-000007"),
        ("Deposit, router", "Amana, router"),
        ("Discount karibu, 3 Oct – 3 Nov 2026", "Punguzo karibu, 3 Okt – 3 Nov 2026"),
        ("Once Upon 5 Mbps", "Once Upon 5 Mbps"),
    ],
)
def test_in_swahili(kept: str, read: str) -> None:
    assert said(kept) == kept
    with translation.override("sw"):
        assert said(kept) == read


@given(st.text(max_size=60))
def test_what_is_not_ours_is_left_as_it_is_in_english(words: str) -> None:
    assert said(words) == words


def test_a_tax_of_a_law_that_nobody_translated_keeps_its_name() -> None:
    with translation.override("sw"):
        assert tax_name("Excise duty") == "Ushuru wa bidhaa"
        assert tax_name("Gross receipts, passed on") == "Gross receipts, passed on"
