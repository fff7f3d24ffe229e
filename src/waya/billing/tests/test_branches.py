"""Documents are numbered by branch: each series without gaps, by one statement for all of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from waya.billing.commands import renewals
from waya.billing.commands.credits import credit
from waya.billing.commands.documents import quote
from waya.billing.commands.fiscal import add_device
from waya.billing.commands.invoices import issue
from waya.billing.commands.renewals import bill
from waya.billing.commands.settle import spend
from waya.billing.models import CreditNote, FiscalDocument, Invoice, Parked, ProForma
from waya.billing.rules.credits import Reason
from waya.billing.tests.make import (
    JUNE_10,
    home_10,
    in_service,
    isp,
    joined,
    month,
    office_20,
    pays,
    wants,
)
from waya.kernel.errors import Refused
from waya.ledger.models import JournalLine
from waya.org.actors import SYSTEM
from waya.org.commands.branches import add_branch, change_branch, rename
from waya.org.commands.numbering import next_numbers
from waya.org.models import AuditRecord, Branch, Entity, Issuer, NumberSeries
from waya.parties.commands.customers import choose_branch, register
from waya.subscriptions.models import Subscription

BEGAN, NEXT = date(2027, 1, 1), date(2027, 2, 1)


def nakuru(entity: Entity) -> Branch:
    """A second place of business."""
    return add_branch(entity_id=entity.pk, code="nkr", name="Nakuru", by=SYSTEM)


def at(branch: Branch, one: Subscription) -> Subscription:
    """A subscription whose customer belongs to a branch."""
    choose_branch(customer_id=one.customer_id, branch_id=branch.pk, by=SYSTEM)
    one.customer.refresh_from_db()
    return one


def five_and_three(entity: Entity, branch: Branch) -> None:
    """Postpaid customers, five of the main branch and three of another, in turns."""
    plan = office_20(entity, calendar_day=1)
    for place in range(8):
        one = in_service(entity, plan, BEGAN)
        if place in (1, 4, 6):
            at(branch, one)


def numbers() -> list[str]:
    return sorted(Invoice.objects.values_list("number", flat=True))


def _series(prefix: str, many: int) -> list[str]:
    return [f"{prefix}{number:06d}" for number in range(1, many + 1)]


BOTH = _series("INV-", 5) + _series("INV-NKR-", 3)


# ---- it works -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_run_numbers_each_branch_by_itself() -> None:
    entity = isp()
    branch = nakuru(entity)
    five_and_three(entity, branch)
    assert bill(entity_id=entity.pk, on=NEXT, by=SYSTEM)["invoices"] == 8
    assert numbers() == BOTH
    for row in Invoice.objects.select_related("issuer__branch", "customer"):
        assert row.issuer.branch_id == row.customer.branch_id
        assert ("NKR" in row.number) == (row.issuer.branch == branch)
        lines = JournalLine.objects.filter(entry__source=f"invoice:{row.number}")
        assert set(lines.values_list("branch_id", flat=True)) == {row.issuer.branch_id}


@pytest.mark.django_db
def test_numbers_of_several_branches_cost_one_statement_as_those_of_one_do() -> None:
    entity = isp()
    main, other = entity.branches.get(), nakuru(entity)
    next_numbers(branches=[main.pk, other.pk], kind="invoice", by=SYSTEM)  # how both are named
    for branches in ([main.pk], [main.pk] * 500, [main.pk, other.pk] * 250):
        with CaptureQueriesContext(connection) as asked:
            next_numbers(branches=branches, kind="invoice", by=SYSTEM)
        assert len(asked) == 1


@pytest.mark.django_db
def test_a_chunk_of_two_branches_asks_no_more_than_one_of_one_branch() -> None:
    entity = isp()
    branch = nakuru(entity)
    wanting = [wants(entity, office_20(entity, 1), f"Amina {place}") for place in range(4)]
    counts = []
    for start in (JUNE_10, JUNE_10 + timedelta(days=40), JUNE_10 + timedelta(days=80)):
        with CaptureQueriesContext(connection) as asked:
            issue(drafts=[month(one, start) for one in wanting], by=SYSTEM)
        counts.append(len(asked))
        at(branch, wanting[0])
        next_numbers(branches=[branch.pk], kind="receipt", by=SYSTEM)  # how it is named
    assert counts[1] == counts[2]


@pytest.mark.django_db
def test_every_kind_of_document_is_its_branch_s() -> None:
    entity = isp()
    one = at(nakuru(entity), wants(entity, home_10(entity)))
    assert quote(subscription_id=one.pk, on=JUNE_10, by=SYSTEM).number == "PRO-NKR-000001"
    pays(one, 2500_00, JUNE_10)
    invoice = Invoice.objects.get()
    at(entity.branches.get(main=True), one)  # a credit note is its invoice's branch's all the same
    note = credit(invoice_id=invoice.pk, reason=Reason.MISTAKE, once="x", on=JUNE_10, by=SYSTEM)
    assert (invoice.number, note.number) == ("INV-NKR-000001", "CRN-NKR-000001")
    booked = JournalLine.objects.filter(entry__source=f"credit_note:{note.number}")
    assert {line.branch_id for line in booked} == {invoice.issuer.branch_id}


@pytest.mark.django_db
def test_whoever_moves_is_numbered_there_from_then_on() -> None:
    entity = isp()
    branch = nakuru(entity)
    one = in_service(entity, office_20(entity, calendar_day=1), BEGAN)
    bill(entity_id=entity.pk, on=NEXT, by=SYSTEM)
    at(branch, one)
    bill(entity_id=entity.pk, on=date(2027, 3, 1), by=SYSTEM)
    assert numbers() == ["INV-000001", "INV-NKR-000001"]


# ---- what a document says of who issued it ------------------------------------------------------


@pytest.mark.django_db
def test_a_company_that_is_renamed_issues_by_its_new_name_and_changes_nothing_issued() -> None:
    entity = isp()
    joined(entity)
    rename(entity_id=entity.pk, name="Upepo Net", legal_name="Upepo Networks Ltd",
           tax_number="P051234567A", phone="", address="", by=SYSTEM)  # fmt: skip
    joined(entity, name="Amina Hassan")
    named = [row.issuer.legal_name for row in Invoice.objects.order_by("pk")]
    assert named == ["Baraka Networks Ltd", "Upepo Networks Ltd"]
    asked = [row.issuer.tax_number for row in ProForma.objects.order_by("pk")]
    assert asked == ["", "P051234567A"]
    note = credit(invoice_id=Invoice.objects.earliest("pk").pk, reason=Reason.MISTAKE, once="x",
                  on=JUNE_10, by=SYSTEM)  # fmt: skip
    assert note.issuer.legal_name == "Upepo Networks Ltd"


@pytest.mark.django_db
def test_a_document_says_the_address_of_its_branch_or_the_company_s() -> None:
    entity = isp()
    nakuru = add_branch(entity_id=entity.pk, code="NKR", name="Nakuru", by=SYSTEM)

    def issuers() -> list[str]:
        both = [entity.branches.get(main=True).pk, nakuru.pk]
        given = next_numbers(branches=both, kind="invoice", by=SYSTEM)
        return [Issuer.objects.get(pk=one.issuer_id).address for one in given]

    assert issuers() == ["", ""]
    rename(entity_id=entity.pk, name=entity.name, legal_name=entity.legal_name, tax_number="",
           phone="", address=" Moi Avenue  7\r\n\nNairobi ", by=SYSTEM)  # fmt: skip
    assert issuers() == ["Moi Avenue 7\nNairobi"] * 2
    change_branch(entity_id=entity.pk, code="NKR", name="Nakuru", address="Moi Road", by=SYSTEM)
    assert issuers() == ["Moi Avenue 7\nNairobi", "Moi Road"]
    change_branch(entity_id=entity.pk, code="NKR", name="Nakuru", address="Moi Road", by=SYSTEM)
    changed = AuditRecord.objects.filter(action="branch.changed")
    assert [one.why for one in changed] == [{"address": ["", "Moi Road"]}]
    with pytest.raises(Refused, match="name_missing"):
        change_branch(entity_id=entity.pk, code="NKR", name=" ", address="", by=SYSTEM)


@pytest.mark.django_db
def test_a_name_that_comes_back_is_the_issuer_of_then() -> None:
    entity = isp()
    names = ("Baraka Networks Ltd", "Upepo Networks Ltd", "Baraka Networks Ltd")
    for name in names:
        Entity.objects.filter(pk=entity.pk).update(legal_name=name)
        next_numbers(branches=[entity.branches.get().pk], kind="invoice", by=SYSTEM)
    assert Issuer.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        "update org_issuer set legal_name = 'Somebody else'",
        "delete from org_issuer",
        "update billing_invoice set issuer_id = issuer_id",
        "update billing_creditnote set issuer_id = issuer_id",
    ],
)
def test_who_issued_stays(change: str) -> None:
    joined(isp())
    with (
        pytest.raises(DatabaseError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)


@pytest.mark.django_db
def test_an_issuer_that_the_company_is_not_is_refused_by_the_database() -> None:
    joined(isp())
    invoice = Invoice.objects.get()
    invoice.pk, invoice.public_id, invoice.number, invoice.issuer_id = None, uuid4(), "X-1", 0
    with pytest.raises(DatabaseError, match="issuer"), transaction.atomic():
        invoice.save(force_insert=True)


# ---- the tax authority --------------------------------------------------------------------------


def _device(branch: Branch, code: str) -> int:
    return add_device(
        branch_id=branch.pk, driver="etims_oscu", base_url="http://127.0.0.1:1", key="k",
        tax_number="P051234567A", serial=f"WAYA-{code}", branch_code=code, by=SYSTEM,
    ).pk  # fmt: skip


@pytest.mark.django_db
def test_an_invoice_goes_to_the_device_of_its_branch() -> None:
    entity = isp()
    main, other = entity.branches.get(), nakuru(entity)
    third = add_branch(entity_id=entity.pk, code="ELD", name="Eldoret", by=SYSTEM)
    first, second = _device(main, "00"), _device(other, "01")
    one = at(other, joined(entity))
    at(third, joined(entity, name="Amina Hassan"))
    bill(entity_id=entity.pk, on=JUNE_10, by=SYSTEM)
    plan = office_20(entity, 1)
    drafts = [month(at(branch, wants(entity, plan, branch.name)), NEXT)
              for branch in (main, other, third)]  # fmt: skip
    issue(drafts=drafts, by=SYSTEM)
    told = {row.reference: row.device_id for row in FiscalDocument.objects.all()}
    assert told == {"INV-000001": first, "INV-000002": first, "INV-000003": first,
                    "INV-NKR-000001": second, "INV-ELD-000001": first}  # fmt: skip
    # A credit follows the invoice's own device, wherever its customer is now.
    invoice = Invoice.objects.get(number="INV-000001")
    assert invoice.customer_id == one.customer_id
    credit(invoice_id=invoice.pk, reason=Reason.MISTAKE, once="x", on=JUNE_10, by=SYSTEM)
    assert FiscalDocument.objects.get(kind="credit").device_id == first


# ---- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("chunks_of_two")
def test_two_runs_at_once_leave_both_series_whole() -> None:
    entity = isp()
    five_and_three(entity, nakuru(entity))
    together = Barrier(2)

    def run(_: int) -> None:
        try:
            together.wait(timeout=30)
            bill(entity_id=entity.pk, on=NEXT, by=SYSTEM)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as both:
        list(both.map(run, range(2), timeout=120))
    assert numbers() == BOTH
    assert not Parked.objects.exists()


@pytest.fixture
def chunks_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewals, "CHUNK", 2)


@pytest.mark.django_db(transaction=True)
def test_two_who_number_for_the_same_branches_in_other_orders_both_finish() -> None:
    entity = isp()
    keys = [entity.branches.get().pk, nakuru(entity).pk]
    together, given = Barrier(2), list[str]()

    def number(branches: list[int]) -> None:
        try:
            for _ in range(20):
                together.wait(timeout=30)
                with transaction.atomic():
                    taken = next_numbers(branches=branches, kind="invoice", by=SYSTEM)
                given.extend(one.number for one in taken)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as both:
        list(both.map(number, (keys, keys[::-1]), timeout=120))
    assert sorted(given) == _series("INV-", 40) + _series("INV-NKR-", 40)


@pytest.mark.django_db
@pytest.mark.usefixtures("chunks_of_two")
def test_a_rollback_leaves_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A customer who fails after the numbers were taken takes none: the chunk is halved."""
    entity = isp()
    five_and_three(entity, nakuru(entity))
    bad = Subscription.objects.order_by("pk")[3].customer_id

    def faulty(**named: Any) -> None:
        if Invoice.objects.filter(customer_id=bad).exists():
            raise ValueError("not this one")
        spend(**named)

    monkeypatch.setattr(renewals, "spend", faulty)
    bill(entity_id=entity.pk, on=NEXT, by=SYSTEM)
    assert Parked.objects.get().customer_id == bad
    assert numbers() == _series("INV-", 4) + _series("INV-NKR-", 3)
    monkeypatch.undo()
    bill(entity_id=entity.pk, on=NEXT, by=SYSTEM)
    assert numbers() == BOTH


@pytest.mark.django_db
def test_a_code_is_letters_and_digits_and_is_used_once() -> None:
    entity = isp()
    nakuru(entity)
    for code, refusal in (
        ("NKR", "branch_known"),
        ("N-1", "branch_code_wrong"),
        ("", "branch_code_wrong"),
        ("NAKURUTOWN", "branch_code_wrong"),
    ):
        with pytest.raises(Refused, match=refusal), transaction.atomic():
            add_branch(entity_id=entity.pk, code=code, name="Nakuru", by=SYSTEM)
    with pytest.raises(Refused, match="name_missing"):
        add_branch(entity_id=entity.pk, code="ELD", name=" ", by=SYSTEM)
    with pytest.raises(IntegrityError), transaction.atomic():
        Branch.objects.create(entity=entity, code="X", name="Another main one", main=True)


@pytest.mark.django_db
def test_nobody_belongs_to_another_company_s_branch() -> None:
    entity = isp()
    foreign = Branch.objects.create(
        entity=Entity.objects.create(name="Other", legal_name="Other Ltd"), code="HQ", name="HQ"
    )
    customer = joined(entity).customer
    with pytest.raises(Refused, match="branch_unknown"):
        choose_branch(customer_id=customer.pk, branch_id=foreign.pk, by=SYSTEM)
    with pytest.raises(Refused, match="branch_unknown"):
        register(entity_id=entity.pk, name="Amina", phone="0700000119", site_name="Lanet",
                 branch_id=foreign.pk, by=SYSTEM)  # fmt: skip


@pytest.mark.django_db
def test_series_go_on_where_they_were() -> None:
    entity = isp()
    main = entity.branches.get()
    NumberSeries.objects.create(branch=main, kind="invoice", prefix="BN/", next=57)
    (numbered,) = next_numbers(branches=[main.pk], kind="invoice", by=SYSTEM)
    assert numbered.number == "BN/000057"
    assert not CreditNote.objects.exists()
