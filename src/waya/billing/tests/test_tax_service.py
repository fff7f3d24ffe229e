"""The seam for an outside tax service, held by its fake; a real driver passes the same."""

from __future__ import annotations

from datetime import date

import pytest

from waya.billing.drivers.tax_service import (
    Asked,
    FakeTaxDriver,
    ServiceAway,
    ServiceLine,
    TaxDriver,
)

ASKED = Asked(
    lines=(ServiceLine(100_00, "internet"), ServiceLine(30_05, "voice")),
    place="500 Main St, Lake", day=date(2026, 2, 1), currency="USD",
)  # fmt: skip


def conforms(driver: TaxDriver) -> None:
    """Every row is of a line that was asked for and says where it comes from; again is the same."""
    rows = driver.assess(ASKED)
    assert rows == driver.assess(ASKED)
    for row in rows:
        assert 0 <= row.base_minor <= ASKED.lines[row.line].net_minor
        assert row.jurisdiction
        assert row.law


def test_the_fake_conforms_and_can_be_away() -> None:
    fake = FakeTaxDriver({"internet": 0, "voice": 6})
    conforms(fake)
    assert [row.amount_minor for row in fake.assess(ASKED)] == [0, 1_80]
    fake.away = True
    with pytest.raises(ServiceAway):
        fake.assess(ASKED)
