"""Figures that others published come out of the API to the cent, and every answer adds up."""

from __future__ import annotations

from typing import Any

import pytest

from waya.api.tests.make import Program, program
from waya.api.tests.published import CASES, TAX_CASES, Case, TaxCase
from waya.billing.tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot() -> Program:
    return program(make.isp())


def test_published_bills(bot: Program) -> None:
    wrong = [told for case in CASES if (told := _told(bot, case))]
    assert wrong == []


def test_published_taxes(bot: Program) -> None:
    wrong = [told for case in TAX_CASES if (told := _tax_told(bot, case))]
    assert wrong == []


def _told(bot: Program, case: Case) -> str:
    answer = bot.post("/billing/preview", case.question)
    nets = [line["net"]["minor"] for line in answer["lines"]]
    taxes = [{"name": "VAT", "percent": "16"}, {"name": "Levy", "percent": "1.5"}]
    adds_up(bot.post("/billing/preview", case.question | {"taxes": taxes}))
    return "" if nets == case.nets else f"{case.source}: {nets}, not {case.nets}"


def adds_up(answer: Any) -> None:
    """Rows make lines, lines make invoices, invoices make the whole; each explains itself."""
    for line in answer["lines"]:
        taxes = sum(tax["amount"]["minor"] for tax in line["taxes"])
        assert line["tax"]["minor"] == taxes
        assert line["total"]["minor"] == line["net"]["minor"] + taxes
        assert line["because"]
        assert line["why"]["rule"]
    for part in ("net", "tax", "total"):
        whole = answer[part]["minor"]
        assert whole == sum(line[part]["minor"] for line in answer["lines"])
        assert whole == sum(one[part]["minor"] for one in answer["invoices"])


def _tax_told(bot: Program, case: TaxCase) -> str:
    totals = bot.post("/billing/tax/preview", case.question)["totals"]
    found = tuple(totals[part]["minor"] for part in ("net", "tax", "gross"))
    return "" if found == case.totals else f"{case.source}: {found}, not {case.totals}"
