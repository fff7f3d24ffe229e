"""What eTIMS is told and what its answers mean, without a network."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.billing.drivers.etims import OSCU, VSCU, Etims, oscu, read
from waya.billing.drivers.fiscal import (
    FiscalLine,
    FiscalSale,
    Item,
    Outcome,
    Settings,
    Unfit,
)
from waya.kernel.money import rounded

UNIT = Settings("http://127.0.0.1:9", "P051234567A", control_unit="KRACU013000001", key="secret")
NOON = datetime(2027, 6, 10, 9, 0, tzinfo=UTC)
ITEMS = {("revenue:internet", letter): "KE3NTXU0000001" for letter in "ABCDE"}


def line(gross: int, vat: int, percent: str | None = "16", category: str = "S") -> FiscalLine:
    shown = None if percent is None else Decimal(percent)
    return FiscalLine("revenue:internet", "Home 10 Mbps", gross, vat, shown, category)


def sale(*lines: FiscalLine, credits: int | None = None) -> FiscalSale:
    return FiscalSale("INV-000001", NOON, "Chebet Korir", "", True, lines, credits)


def composed(told: FiscalSale) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(oscu(UNIT).compose(told, number=7, items=ITEMS))
    return body


def test_a_sale_as_kra_reads_it() -> None:
    """1,000 net is 1,334 with excise and VAT, and the VAT in it is 184 (§4.1)."""
    body = composed(sale(line(1334_00, 184_00)))
    assert (body["invcNo"], body["rcptTyCd"], body["orgInvcNo"]) == (7, "S", 0)
    assert (body["cfmDt"], body["salesDt"]) == ("20270610120000", "20270610")
    assert (body["taxblAmtB"], body["taxRtB"], body["taxAmtB"]) == (1334, 16, 184)
    assert (body["totTaxblAmt"], body["totTaxAmt"], body["totAmt"]) == (1334, 184, 1334)
    assert "secret" not in json.dumps(body)


def test_a_credit_note_names_what_it_credits() -> None:
    body = composed(sale(line(1334_00, 184_00), credits=3))
    assert (body["rcptTyCd"], body["orgInvcNo"], body["rfdRsnCd"]) == ("R", 3, "06")


@pytest.mark.parametrize(
    ("percent", "category", "letter"),
    [("16.0000", "S", "B"), ("8", "S", "E"), ("0", "Z", "C"), (None, "", "D"), ("16", "E", "A")],
)
def test_tax_codes(percent: str | None, category: str, letter: str) -> None:
    assert oscu(UNIT).letter(line(100, 0, percent, category)) == letter


def test_a_rate_without_a_code_is_unfit() -> None:
    with pytest.raises(Unfit):
        oscu(UNIT).letter(line(100, 14, "14"))


def test_what_is_given_back_inside_an_invoice_is_a_discount() -> None:
    body = composed(sale(line(3000_00, 413_79), line(-1000_00, -137_93)))
    (row,) = body["itemList"]
    assert (row["splyAmt"], row["dcAmt"], row["taxblAmt"]) == (3000, 1000, 2000)
    assert (row["taxAmt"], body["totAmt"]) == (275.86, 2000)
    with pytest.raises(Unfit):
        composed(sale(line(1000_00, 137_93), line(-3000_00, -413_79)))
    with pytest.raises(Unfit):
        composed(sale(line(0, 0)))


def test_a_discount_of_next_to_nothing_has_a_rate() -> None:
    """A discount without a rate is refused by the control unit."""
    (row,) = composed(sale(line(3000_00, 413_79), line(-1, 0)))["itemList"]
    assert (row["dcRt"], row["dcAmt"], row["totAmt"]) == (0.01, 0.01, 2999.99)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=9))
def test_the_header_is_the_sum_of_its_lines_to_the_cent(grosses: list[int]) -> None:
    lines = [line(gross, rounded(Fraction(gross * 16, 116))) for gross in grosses]
    text = oscu(UNIT).compose(sale(*lines), number=1, items=ITEMS)
    body = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    rows = body["itemList"]
    assert sum(row["taxAmt"] for row in rows) == body["taxAmtB"] == body["totTaxAmt"]
    assert sum(row["totAmt"] for row in rows) == body["totAmt"]
    assert body["totAmt"] * 100 == sum(grosses)
    (code,) = oscu(UNIT).tax_table(text)
    assert (code.taxable, code.tax) == (body["taxblAmtB"], body["taxAmtB"])


@pytest.mark.parametrize(
    ("status", "text", "outcome"),
    [
        (200, '{"resultCd":"000","resultMsg":"ok","data":{}}', Outcome.RECORDED),
        (200, '{"resultCd":"00","data":{}}', Outcome.RECORDED),
        (200, '{"resultCd":""}', Outcome.DOUBT),
        (200, '{"resultCd":"899"}', Outcome.DOUBT),
        (200, '{"resultCd":"892"}', Outcome.BLOCKED),
        (200, '{"resultCd":"894"}', Outcome.DOUBT),
        (200, '{"resultCd":"921"}', Outcome.KNOWN),
        (200, '{"resultCd":"994"}', Outcome.KNOWN),
        (200, '{"resultCd":"905"}', Outcome.BLOCKED),
        (200, '{"resultCd":"922"}', Outcome.BLOCKED),
        (200, '{"resultCd":"910"}', Outcome.REFUSED),
        (200, '{"resultCd":"990"}', Outcome.LATER),
        (200, '{"resultCd":"999"}', Outcome.DOUBT),
        (200, '{"resultCd":"777"}', Outcome.DOUBT),
        (200, "<html>", Outcome.DOUBT),
        (200, "[]", Outcome.DOUBT),
        (502, "bad gateway", Outcome.DOUBT),
        (403, "no", Outcome.BLOCKED),
    ],
)
def test_what_answers_mean(status: int, text: str, outcome: Outcome) -> None:
    assert read(status, text)[0].outcome is outcome


def test_the_virtual_control_unit_speaks_the_same_behind_the_same_seam() -> None:
    heard: list[tuple[str, dict[str, object]]] = []

    def jar(request: httpx.Request) -> httpx.Response:
        heard.append((request.url.path, json.loads(request.content)))
        receipt = {"rcptNo": 12, "rcptSign": "ABCD", "intrlData": "X", "sdcId": "KRACU9",
                   "vsdcRcptPbctDate": "20270610120005"}  # fmt: skip
        return httpx.Response(200, json={"resultCd": "000", "data": receipt})

    unit = Etims(UNIT, VSCU, httpx.MockTransport(jar))
    assert unit.register(Item("revenue:internet", "B", 1)).outcome is Outcome.RECORDED
    body = unit.compose(sale(line(1334_00, 184_00)), number=7, items=ITEMS)
    assert body == Etims(UNIT, OSCU).compose(sale(line(1334_00, 184_00)), number=7, items=ITEMS)
    receipt = unit.submit(body).receipt
    assert [path for path, _ in heard] == ["/items/saveItems", "/trnsSales/saveSales"]
    assert receipt is not None
    assert (receipt.fiscal_number, receipt.signature) == ("KRACU9/12", "ABCD")
    assert receipt.signed_at is not None


def test_the_network_is_never_raised() -> None:
    """Refused to connect: surely not processed. Cut off after sending: in doubt."""
    assert oscu(UNIT).submit("{}").outcome is Outcome.LATER

    def cut(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("silence")

    assert Etims(UNIT, OSCU, httpx.MockTransport(cut)).submit("{}").outcome is Outcome.DOUBT
