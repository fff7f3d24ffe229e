"""The fiscal outbox against a KRA that others wrote: in order, once, whatever goes wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from etims.testing import FakeKra
from procrastinate.contrib.django.models import ProcrastinateJob

from waya.billing import tasks
from waya.billing.commands import fiscal
from waya.billing.drivers.etims import Etims
from waya.billing.drivers.fiscal import Answer
from waya.billing.models import FiscalDevice, FiscalDocument, FiscalItem, Invoice
from waya.billing.queries import fiscal as queries
from waya.billing.tests import kra as baraka
from waya.billing.tests import make
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.actors import SYSTEM
from waya.org.models import AuditRecord, Branch, Entity

pytestmark = pytest.mark.django_db


@pytest.fixture
def entity() -> Entity:
    return make.isp()


@pytest.fixture
def device(entity: Entity, kra: FakeKra) -> FiscalDevice:
    return baraka.device(entity, kra.url)


def send(device: FiscalDevice) -> int:
    return fiscal.fiscalise(device_id=device.pk, by=SYSTEM)


def documents(device: FiscalDevice) -> list[FiscalDocument]:
    return list(device.documents.order_by("pk"))


def the_wait_is_over(device: FiscalDevice) -> None:
    FiscalDevice.objects.filter(pk=device.pk).update(next_try_at=clock.real_now())


def sent(kra: FakeKra) -> list[dict[str, object]]:
    return [body for path, body in kra.requests if path == baraka.SALES and body is not None]


# ---- it works -----------------------------------------------------------------------------------


def test_without_a_device_nothing_is_owed(entity: Entity) -> None:
    (invoice,) = baraka.invoices(entity, 1)
    assert queries.fiscal_of([invoice.pk]) == {}
    assert queries.devices_due(clock.real_now()) == []


def test_invoices_are_recorded_in_order_and_signed(device: FiscalDevice, kra: FakeKra) -> None:
    invoices = baraka.invoices(device.entity, 3)
    assert [one.state for one in documents(device)] == ["issued"] * 3
    assert queries.devices_due(clock.real_now()) == [device.pk]
    assert send(device) == 3
    recorded = kra.sales(baraka.PIN, "00")
    assert [recorded[n]["request"]["trdInvcNo"] for n in (1, 2, 3)] == [
        invoice.number for invoice in invoices
    ]
    shown = queries.fiscal_of([invoice.pk for invoice in invoices])
    for number, invoice in enumerate(invoices, start=1):
        receipt, one = recorded[number]["receipt"], shown[invoice.pk]
        assert (one.state, one.signature) == ("fiscalised", receipt["rcptSign"])
        assert one.fiscal_number == f"{one.control_unit}/{number}"
        assert one.verify_url.endswith(f"?Data={baraka.PIN}00{receipt['rcptSign']}")
        assert one.signed_at is not None
        assert not one.unsigned
    assert send(device) == 0


def test_what_kra_reads_is_what_the_customer_was_billed(device: FiscalDevice, kra: FakeKra) -> None:
    """KES 2,500 with taxes inside: VAT 344.83 of 2,500; excise is inside what code B taxes."""
    (invoice,) = baraka.invoices(device.entity, 1)
    send(device)
    body = kra.sales(baraka.PIN, "00")[1]["request"]
    assert (body["taxblAmtB"], body["taxAmtB"], body["totAmt"]) == (2500, 344.83, 2500)
    assert body["itemList"][0]["itemCd"] == "KE3NTXU0000001"
    (code,) = queries.fiscal_of([invoice.pk])[invoice.pk].tax_table
    assert (code.code, code.percent) == ("B", Decimal(16))
    assert (code.taxable, code.tax) == (Decimal(2500), Decimal("344.83"))


def test_the_secret_is_in_no_stored_body(device: FiscalDevice) -> None:
    baraka.invoices(device.entity, 1)
    send(device)
    assert device.key
    (row,) = documents(device)
    assert device.key not in row.body + json.dumps(row.answers)


def test_a_device_is_accepted_once(entity: Entity, device: FiscalDevice, kra: FakeKra) -> None:
    assert device.control_unit.startswith("KRACU")
    with pytest.raises(Refused, match="fiscal_device_known"):
        baraka.device(entity, kra.url)
    other = Branch.objects.create(entity=entity, code="N", name="Nakuru")
    with pytest.raises(Refused, match="no_fiscal_driver"):
        fiscal.add_device(branch_id=other.pk, driver="efris", base_url="", tax_number="1",
                          serial="1", by=SYSTEM)  # fmt: skip


def test_a_device_that_kra_does_not_know_is_refused(entity: Entity) -> None:
    with FakeKra(approved_serials={"another"}) as kra, pytest.raises(Refused, match="905"):
        baraka.device(entity, kra.url)
    assert not FiscalDevice.objects.exists()


# ---- what goes wrong ----------------------------------------------------------------------------


def test_a_lost_answer_is_proved_by_the_same_body(device: FiscalDevice, kra: FakeKra) -> None:
    first, second = baraka.invoices(device.entity, 2)
    kra.fail_next(baraka.SALES, lose_answer=True)
    assert send(device) == 0
    row = documents(device)[0]
    assert (row.state, row.in_doubt, row.number) == ("submitting", True, 1)
    assert send(device) == 0, "it waits before it tries again"
    the_wait_is_over(device)
    assert send(device) == 2
    assert sent(kra)[0] == sent(kra)[1]
    shown = queries.fiscal_of([first.pk, second.pk])
    assert shown[first.pk].unsigned
    assert shown[second.pk].signature
    assert sorted(kra.sales(baraka.PIN, "00")) == [1, 2]


def test_a_crash_between_send_and_answer(
    device: FiscalDevice, kra: FakeKra, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KRA has it, and we died before we could write that: nothing is recorded twice."""
    (invoice,) = baraka.invoices(device.entity, 1)
    real = Etims.submit

    def dies(self: Etims, body: str) -> Answer:
        real(self, body)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Etims, "submit", dies)
        with pytest.raises(KeyboardInterrupt):
            send(device)
    assert documents(device)[0].in_doubt
    assert send(device) == 1
    assert queries.fiscal_of([invoice.pk])[invoice.pk].unsigned
    assert len(kra.sales(baraka.PIN, "00")) == 1


def test_a_crash_before_the_body_left(
    device: FiscalDevice, kra: FakeKra, monkeypatch: pytest.MonkeyPatch
) -> None:
    baraka.invoices(device.entity, 1)

    def dies(self: Etims, body: str) -> Answer:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Etims, "submit", dies)
        with pytest.raises(KeyboardInterrupt):
            send(device)
    kept = documents(device)[0].body
    assert send(device) == 1
    row = documents(device)[0]
    assert (row.state, row.number, row.body) == ("fiscalised", 1, kept)
    assert row.signature


def test_the_authority_away_for_a_week(device: FiscalDevice, kra: FakeKra) -> None:
    """Billing goes on, tries grow rarer, and when KRA is back everything goes in order."""
    url = device.base_url
    baraka.invoices(device.entity, 1)
    assert send(device) == 1
    FiscalDevice.objects.filter(pk=device.pk).update(base_url="http://127.0.0.1:9")
    waits = []
    for _ in range(8):
        baraka.invoices(device.entity, 1)
        the_wait_is_over(device)
        assert send(device) == 0
        device.refresh_from_db()
        waits.append(round((device.next_try_at - clock.real_now()) / timedelta(seconds=10)))
    assert waits[-1] == 90, "a quarter of an hour"
    assert waits == sorted(waits)
    assert [row.state for row in documents(device)[1:]] == ["submitting"] + ["issued"] * 7
    assert queries.waiting(device.entity_id) == 8
    FiscalDevice.objects.filter(pk=device.pk).update(base_url=url)
    the_wait_is_over(device)
    assert send(device) == 8
    numbers = [body["trdInvcNo"] for body in sent(kra)]
    assert numbers == list(Invoice.objects.order_by("pk").values_list("number", flat=True))
    device.refresh_from_db()
    assert device.failures == 0


@pytest.mark.parametrize(
    "fault",
    [{"drop": True}, {"http_status": 503}, {"result_code": "999"}, {"delay": 2.5}],
    ids=["dropped", "its server fails", "its program fails", "silence"],
)
def test_whatever_is_no_answer_is_sent_again(
    device: FiscalDevice, kra: FakeKra, fault: dict[str, int]
) -> None:
    baraka.invoices(device.entity, 1)
    kra.fail_next(baraka.SALES, **fault)  # type: ignore[arg-type]  # one of its faults
    assert send(device) == 0
    assert documents(device)[0].in_doubt
    the_wait_is_over(device)
    assert send(device) == 1
    assert list(kra.sales(baraka.PIN, "00")) == [1]


def test_too_many_at_once_is_no_doubt(device: FiscalDevice, kra: FakeKra) -> None:
    baraka.invoices(device.entity, 1)
    kra.fail_next(baraka.SALES, result_code="990")
    assert send(device) == 0
    assert not documents(device)[0].in_doubt
    the_wait_is_over(device)
    assert send(device) == 1


def test_a_refused_document_waits_for_a_person_and_leaves_no_gap(
    device: FiscalDevice, kra: FakeKra
) -> None:
    first, second = baraka.invoices(device.entity, 2)
    kra.fail_next(baraka.SALES, result_code="910", message="custNm")
    assert send(device) == 2
    shown = queries.fiscal_of([first.pk, second.pk])
    assert [shown[one.pk].state for one in (first, second)] == ["rejected", "fiscalised"]
    assert kra.sales(baraka.PIN, "00")[1]["request"]["trdInvcNo"] == second.number
    (row,) = queries.rejected(device.entity_id)
    assert (row.invoice, row.answers[-1]["text"]) == (first, "custNm")
    fiscal.try_again(document_id=row.pk, by=SYSTEM)
    assert send(device) == 1
    assert kra.sales(baraka.PIN, "00")[2]["request"]["trdInvcNo"] == first.number
    with pytest.raises(Refused, match="not_rejected"):
        fiscal.try_again(document_id=row.pk, by=SYSTEM)
    actions = AuditRecord.objects.filter(action__startswith="fiscal.", subject_kind="invoice")
    assert list(actions.filter(subject_id=first.pk).values_list("action", flat=True)) == [
        "fiscal.rejected", "fiscal.tried_again", "fiscal.recorded",
    ]  # fmt: skip


def test_a_device_in_trouble_sends_nothing_until_a_person_resumes_it(
    device: FiscalDevice, kra: FakeKra
) -> None:
    baraka.invoices(device.entity, 2)
    kra.fail_next(baraka.SALES, result_code="901")
    assert send(device) == 0
    device.refresh_from_db()
    assert device.trouble.startswith("901")
    assert queries.devices_due(clock.real_now()) == []
    assert send(device) == 0
    fiscal.resume(device_id=device.pk, by=SYSTEM)
    assert send(device) == 2


def test_somebody_else_uses_our_numbers(device: FiscalDevice, kra: FakeKra) -> None:
    """A number taken before we ever sent it proves nothing about our document."""
    baraka.invoices(device.entity, 2)
    kra.fail_next(baraka.SALES, result_code="921")
    assert send(device) == 0
    row = documents(device)[0]
    device.refresh_from_db()
    assert (row.state, row.number, device.next_number) == ("issued", None, 1)
    assert "number 1 is taken" in device.trouble
    fiscal.resume(device_id=device.pk, next_number=1, by=SYSTEM)
    assert send(device) == 2


def test_a_document_under_way_keeps_its_number(device: FiscalDevice, kra: FakeKra) -> None:
    baraka.invoices(device.entity, 1)
    kra.fail_next(baraka.SALES, lose_answer=True)
    send(device)
    with pytest.raises(Refused, match="not_possible_now"):
        fiscal.resume(device_id=device.pk, next_number=7, by=SYSTEM)


def test_an_item_is_told_before_it_is_sold_and_once(device: FiscalDevice, kra: FakeKra) -> None:
    baraka.invoices(device.entity, 2)
    kra.fail_next("/saveItem", http_status=503)
    assert send(device) == 0
    assert not sent(kra)
    the_wait_is_over(device)
    assert send(device) == 2
    assert [path for path, _ in kra.requests].count("/saveItem") == 1
    assert FiscalItem.objects.get().code in kra.items(baraka.PIN, "00")


def test_owing_again_does_no_harm_and_what_costs_nothing_is_not_owed(
    device: FiscalDevice, kra: FakeKra
) -> None:
    (paid,) = baraka.invoices(device.entity, 1)
    (free,) = baraka.invoices(device.entity, 1, price_minor=0)
    assert (
        fiscal.owe(entity_id=device.entity_id, invoices={free.pk: device.branch_id}, by=SYSTEM) == 0
    )
    fiscal.owe(entity_id=device.entity_id, invoices={paid.pk: device.branch_id}, by=SYSTEM)
    assert [row.invoice for row in documents(device)] == [paid]


def test_one_writer_a_branch(device: FiscalDevice, kra: FakeKra) -> None:
    """Another process is at it: this one leaves, and nothing is sent twice."""
    baraka.invoices(device.entity, 1)
    elsewhere = connection.copy()
    try:
        with elsewhere.cursor() as cursor:
            cursor.execute(fiscal._LEASE, [device.pk])
        assert send(device) == 0
        assert not sent(kra)
    finally:
        elsewhere.close()
    deadline = clock.real_now() + timedelta(seconds=10)
    while not send(device):
        assert clock.real_now() < deadline, "the lease ends with its connection"
    assert len(sent(kra)) == 1


def test_the_round_asks_for_what_is_due_and_the_task_sends_it(
    device: FiscalDevice, kra: FakeKra
) -> None:
    baraka.invoices(device.entity, 1)
    ProcrastinateJob.objects.all().delete()
    tasks.due()
    tasks.due()
    (job,) = ProcrastinateJob.objects.filter(task_name="billing.fiscalise")
    assert (job.queue_name, job.args) == ("billing", {"device_id": device.pk})
    tasks.fiscalise(**job.args)
    assert list(kra.sales(baraka.PIN, "00")) == [1]
    ProcrastinateJob.objects.all().delete()
    tasks.due()
    assert not ProcrastinateJob.objects.exists()
