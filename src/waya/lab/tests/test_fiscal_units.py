"""Both of Kenya's control units under the same faults: the one that KRA hosts, as others wrote it
(the `etims` package's), and the one that stands beside us, as our lab speaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from etims.testing import FakeKra

from waya.billing.commands import fiscal
from waya.billing.commands.credits import credit
from waya.billing.drivers.etims import OSCU, VSCU, Dialect, Etims
from waya.billing.drivers.fiscal import Answer
from waya.billing.models import FiscalDevice, FiscalDocument, Invoice
from waya.billing.queries import fiscal as queries
from waya.billing.rules.credits import Reason
from waya.billing.tests import kra as baraka
from waya.billing.tests import make
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.lab.vscu.station import Station, plugged_in
from waya.lab.vscu.unit import ALONE, ControlUnit
from waya.org.actors import SYSTEM
from waya.org.models import Branch, Entity

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, slots=True)
class Unit:
    """A control unit that listens, and how it is spoken to."""

    driver: str
    dialect: Dialect
    there: Any

    def fail_next(self, **fault: Any) -> None:
        self.there.fail_next(self.dialect.sale, **fault)

    def sales(self, branch: str = "00") -> dict[int, dict[str, Any]]:
        found: dict[int, dict[str, Any]] = self.there.sales(baraka.PIN, branch)
        return found

    def sent(self) -> list[dict[str, Any]]:
        return [body for path, body in self.there.requests if path == self.dialect.sale]


@pytest.fixture(params=["oscu", "vscu", "vscu as it was met"])
def unit(request: pytest.FixtureRequest) -> Iterator[Unit]:
    if request.param == "oscu":
        with FakeKra() as kra:
            yield Unit("etims_oscu", OSCU, kra)
        return
    code = "994" if request.param == "vscu" else "899"
    with plugged_in(ControlUnit(repeated=code)) as station:
        yield Unit("etims_vscu", VSCU, station)


@pytest.fixture
def device(unit: Unit) -> FiscalDevice:
    return baraka.device(make.isp(), unit.there.url, unit.driver)


def send(device: FiscalDevice) -> int:
    return fiscal.fiscalise(device_id=device.pk, by=SYSTEM)


def states(device: FiscalDevice) -> list[str]:
    return list(device.documents.order_by("pk").values_list("state", flat=True))


def the_wait_is_over(device: FiscalDevice) -> None:
    FiscalDevice.objects.filter(pk=device.pk).update(next_try_at=clock.real_now())


def test_sales_are_signed_in_order_and_the_paper_has_what_came_back(
    device: FiscalDevice, unit: Unit
) -> None:
    invoices = baraka.invoices(device.entity, 3)
    assert send(device) == 3
    recorded = unit.sales()
    shown = queries.fiscal_of([one.pk for one in invoices])
    for number, invoice in enumerate(invoices, start=1):
        assert recorded[number]["request"]["trdInvcNo"] == invoice.number
        one = shown[invoice.pk]
        assert one.signature == recorded[number]["receipt"]["rcptSign"]
        assert one.fiscal_number == f"{device.control_unit}/{number}"
        assert one.signed_at is not None
        assert one.verify_url.endswith(one.signature)


def test_an_answer_that_was_lost_is_proved_by_the_identical_body(
    device: FiscalDevice, unit: Unit
) -> None:
    first, second = baraka.invoices(device.entity, 2)
    unit.fail_next(lose_answer=True)
    assert send(device) == 0
    the_wait_is_over(device)
    assert send(device) == 2
    assert unit.sent()[0] == unit.sent()[1]
    assert sorted(unit.sales()) == [1, 2]
    shown = queries.fiscal_of([first.pk, second.pk])
    assert (shown[first.pk].unsigned, shown[second.pk].unsigned) == (True, False)


@pytest.mark.parametrize(
    "fault", [{"drop": True}, {"http_status": 503}, {"result_code": "894"}, {"delay": 2.5}]
)
def test_what_is_no_answer_is_sent_again(
    device: FiscalDevice, unit: Unit, fault: dict[str, Any]
) -> None:
    baraka.invoices(device.entity, 1)
    unit.fail_next(**fault)
    assert send(device) == 0
    the_wait_is_over(device)
    assert send(device) == 1
    assert list(unit.sales()) == [1]


def test_away_for_a_week(device: FiscalDevice, unit: Unit) -> None:
    """Billing goes on; afterwards all goes in order, without a gap."""
    url = device.base_url
    FiscalDevice.objects.filter(pk=device.pk).update(base_url="http://127.0.0.1:9")
    for _ in range(7):
        baraka.invoices(device.entity, 1)
        the_wait_is_over(device)
        assert send(device) == 0
    assert queries.waiting(device.entity_id) == 7
    FiscalDevice.objects.filter(pk=device.pk).update(base_url=url)
    the_wait_is_over(device)
    assert send(device) == 7
    numbers = [body["trdInvcNo"] for body in unit.sent()]
    assert numbers == list(Invoice.objects.order_by("pk").values_list("number", flat=True))
    assert sorted(unit.sales()) == list(range(1, 8))


def test_a_crash_between_the_answer_and_our_note_of_it(
    device: FiscalDevice, unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    baraka.invoices(device.entity, 2)
    real: Callable[[Etims, str], Answer] = Etims.submit

    def dies(self: Etims, body: str) -> Answer:
        real(self, body)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Etims, "submit", dies)
        with pytest.raises(KeyboardInterrupt):
            send(device)
    assert send(device) == 2
    assert sorted(unit.sales()) == [1, 2]


def test_a_number_that_somebody_else_took_stops_the_branch(
    device: FiscalDevice, unit: Unit
) -> None:
    """Whoever shares the unit: we never sent ours, so theirs proves nothing about it."""
    baraka.invoices(device.entity, 1)
    assert send(device) == 1
    body = device.documents.get().body.replace('"invcNo":1,', '"invcNo":2,')
    assert queries.driver_of(device).submit(body).receipt is not None
    baraka.invoices(device.entity, 1)
    assert send(device) == 0
    device.refresh_from_db()
    assert "number 2 is taken" in device.trouble
    with pytest.raises(Refused, match="fiscal_number_used"):
        fiscal.resume(device_id=device.pk, next_number=1, by=SYSTEM)
    fiscal.resume(device_id=device.pk, next_number=3, by=SYSTEM)
    assert send(device) == 1
    assert sorted(unit.sales()) == [1, 2, 3]


def test_a_refused_document_lets_the_next_one_pass(device: FiscalDevice, unit: Unit) -> None:
    first, second = baraka.invoices(device.entity, 2)
    unit.fail_next(result_code="910", message="custNm")
    assert send(device) == 2
    assert states(device) == ["rejected", "fiscalised"]
    (row,) = queries.rejected(device.entity_id)
    fiscal.try_again(document_id=row.pk, by=SYSTEM)
    assert send(device) == 1
    assert [unit.sales()[n]["request"]["trdInvcNo"] for n in (1, 2)] == [
        second.number, first.number,
    ]  # fmt: skip


def test_when_everything_is_refused_the_device_stops(device: FiscalDevice, unit: Unit) -> None:
    """A thousand invoices are not spoilt by one setting that is wrong."""
    baraka.invoices(device.entity, 6)
    for _ in range(6):
        unit.fail_next(result_code="910", message="itemClsCd")
    assert send(device) == 2
    device.refresh_from_db()
    assert "3 documents one after another: 910 itemClsCd" in device.trouble
    assert states(device) == ["rejected"] * 3 + ["issued"] * 3
    assert send(device) == 0


def test_a_credit_names_the_number_of_its_sale(device: FiscalDevice, unit: Unit) -> None:
    _other, invoice = baraka.invoices(device.entity, 2)
    note = credit(invoice_id=invoice.pk, reason=Reason.MISTAKE, once="all",
                  on=invoice.issued_on, by=SYSTEM)  # fmt: skip
    assert send(device) == 3
    told = unit.sales()[3]["request"]
    assert (told["rcptTyCd"], told["orgInvcNo"], told["trdInvcNo"]) == ("R", 2, note.number)
    assert queries.fiscal_of_credits([note.pk])[note.pk].signature


def test_a_person_notes_the_signature_that_was_lost(device: FiscalDevice, unit: Unit) -> None:
    (invoice,) = baraka.invoices(device.entity, 1)
    unit.fail_next(lose_answer=True)
    send(device)
    the_wait_is_over(device)
    send(device)
    receipt = unit.sales()[1]["receipt"]
    row = FiscalDocument.objects.get()
    told: dict[str, Any] = {
        "document_id": row.pk,
        "fiscal_number": f"{device.control_unit}/1",
        "by": SYSTEM,
    }
    fiscal.sign(signature=receipt["rcptSign"], internal=receipt["intrlData"], **told)
    one = queries.fiscal_of([invoice.pk])[invoice.pk]
    assert not one.unsigned
    assert one.verify_url.endswith(receipt["rcptSign"])
    with pytest.raises(Refused, match="not_unsigned"):
        fiscal.sign(signature="ANOTHER", **told)


# ---- the unit beside us -------------------------------------------------------------------------


@pytest.fixture
def station() -> Iterator[Station]:
    with plugged_in() as found:
        yield found


def test_the_program_signs_a_day_without_the_authority_and_no_longer(station: Station) -> None:
    device = baraka.device(make.isp(), station.url, "etims_vscu")
    station.unit.away = True
    baraka.invoices(device.entity, 1)
    assert send(device) == 1
    station.unit.reached_at -= ALONE + timedelta(minutes=1)
    baraka.invoices(device.entity, 1)
    assert send(device) == 0
    assert states(device) == ["fiscalised", "submitting"]
    station.unit.away = False
    the_wait_is_over(device)
    assert send(device) == 1
    assert sorted(station.sales(baraka.PIN, "00")) == [1, 2]


def test_a_unit_that_was_installed_before_goes_on_by_its_name(station: Station) -> None:
    """The program keeps its key, so its name is all that is typed."""
    entity = make.isp()
    first = baraka.device(entity, station.url, "etims_vscu")
    other = Branch.objects.create(entity=entity, code="N", name="Nakuru")
    told: dict[str, Any] = {"branch_id": other.pk, "driver": "etims_vscu", "base_url": station.url,
            "tax_number": baraka.PIN, "serial": "WAYA-1", "by": SYSTEM}  # fmt: skip
    with pytest.raises(Refused, match="902"):
        fiscal.add_device(**told)
    again = fiscal.add_device(**told, control_unit=first.control_unit)
    assert again.control_unit == first.control_unit


@pytest.mark.django_db(transaction=True)
def test_two_branches_send_side_by_side(station: Station) -> None:
    """One that is silent keeps nobody else waiting."""
    entity: Entity = make.isp()
    slow = baraka.device(entity, station.url, "etims_vscu")
    baraka.invoices(entity, 1)
    other = Branch.objects.create(entity=entity, code="N", name="Nakuru")
    quick = fiscal.add_device(
        branch_id=other.pk, driver="etims_vscu", base_url=station.url, tax_number=baraka.PIN,
        serial="WAYA-2", branch_code="01", by=SYSTEM,
    )  # fmt: skip
    FiscalDocument.objects.create(
        device=quick, invoice=baraka.invoices(entity, 1, 1000_00)[0], reference="INV-N-1",
        owed_at=clock.real_now(),
    )  # fmt: skip
    station.fail_next(VSCU.sale, delay=1.5)

    def sent(device_id: int) -> int:
        try:
            return fiscal.fiscalise(device_id=device_id, by=SYSTEM)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        held = pool.submit(sent, slow.pk)
        deadline = clock.real_now() + timedelta(seconds=20)
        while station._faults.get(VSCU.sale):
            assert clock.real_now() < deadline
        assert pool.submit(sent, quick.pk).result(20) == 1
        assert sorted(station.sales(baraka.PIN, "01")) == [1]
        assert held.result(20) == 2
    assert sorted(station.sales(baraka.PIN, "00")) == [1, 2]
