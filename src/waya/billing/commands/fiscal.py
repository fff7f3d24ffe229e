"""The fiscal outbox: every issued document reaches the tax authority once, and in order.

One writer a branch, one document in flight. Its number and its exact body are kept before it
is sent, and so is the doubt whether the authority has it; so a time-out, a crash and a week's
outage all end in the same body being sent again. Billing never waits for any of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from waya.billing.drivers.chosen import fiscal_driver
from waya.billing.drivers.fiscal import (
    Answer,
    FiscalDriver,
    FiscalError,
    FiscalSale,
    Item,
    Outcome,
    Settings,
    Unfit,
)
from waya.billing.models import FiscalDevice, FiscalDocument, FiscalItem
from waya.billing.queries import fiscal as queries
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org import jobs
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.models import Branch
from waya.org.rows.asking import ask

# So many documents a task, so that no job holds a worker for long.
AT_ONCE = 100
_KEPT_ANSWERS = 20
# So many refusals one after another say that something else is wrong than the documents.
_IN_A_ROW = 3
_LONGEST_WAIT = timedelta(minutes=15)
_DEVICES = "select branch_id, id from billing_fiscaldevice where entity_id = %s order by id"
_LEASE = "select pg_try_advisory_lock(hashtext('waya.fiscal'), %s)"
_RELEASE = "select pg_advisory_unlock(hashtext('waya.fiscal'), %s)"


def add_device(
    *,
    branch_id: int,
    driver: str,
    base_url: str,
    tax_number: str,
    serial: str,
    by: Actor,
    branch_code: str = "00",
    key: str = "",
    control_unit: str = "",
    choices: Mapping[str, str] | None = None,
) -> FiscalDevice:
    """Set up a branch's control unit: from now on its documents are owed to the authority.

    The authority is asked to accept the device, which it does once; with its `key`, or its
    `control_unit` where the unit keeps the key itself, a device that was accepted before goes on.
    Refuses `no_fiscal_driver`,
    `fiscal_device_known` and `fiscal_device_refused`.
    """  # fmt: skip
    by = by.must("billing.fiscal")
    branch = Branch.objects.get(pk=branch_id)
    if FiscalDevice.objects.filter(branch=branch).exists():
        raise Refused("fiscal_device_known")
    settings = Settings(base_url, tax_number, branch_code, control_unit, key, choices or {})
    speaking = fiscal_driver(driver, settings)
    if speaking is None:
        raise Refused("no_fiscal_driver", driver=driver)
    if not (key or control_unit):
        try:
            accepted = speaking.activate(serial)
        except FiscalError as error:
            raise Refused("fiscal_device_refused", said=str(error)) from error
        key, control_unit = accepted.key, accepted.control_unit
    with transaction.atomic():
        device = FiscalDevice.objects.create(
            entity_id=branch.entity_id, branch=branch, driver=driver, base_url=base_url,
            tax_number=tax_number, branch_code=branch_code, serial=serial, key=key,
            control_unit=control_unit, choices=dict(choices or {}),
            next_try_at=clock.real_now(),
        )  # fmt: skip
        why = {"driver": driver, "control_unit": control_unit, "branch": branch.code}
        _told(by, "fiscal.device_added", device, why)
    return device


@transaction.atomic(savepoint=False)
def owe(*, entity_id: int, invoices: Mapping[int, int], by: Actor) -> int:
    """Put invoices, each with its branch, into the outbox of the branch's device, in the
    transaction that issues them; gives how many.

    A branch without a device of its own uses the one that the entity had first, so that nothing
    stays untold. Nothing, if the entity has none or an invoice costs nothing. Again does no harm.
    """
    by.must("billing.fiscalise")
    found = ask(_DEVICES, [entity_id])
    if not found:
        return 0
    devices, first, now = dict(found), found[0][1], clock.real_now()
    owed = FiscalDocument.objects.bulk_create(
        [
            FiscalDocument(device_id=devices.get(invoices[key], first), invoice_id=key,
                           reference=number, owed_at=now)
            for key, number in queries.billed(invoices).items()
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    for device_id in sorted({one.device_id for one in owed}):
        jobs.nudge("billing.fiscalise", key=f"device:{device_id}", device_id=device_id)
    return len(owed)


def fiscalise(*, device_id: int, by: Actor) -> int:
    """Send what a device owes, in order, until an answer is missing; gives how many settled.

    One writer at a time, under a lease that ends with its connection. No transaction is open
    while the authority is spoken to.
    """
    by = by.must("billing.fiscalise")
    done = 0
    if not _lease(device_id):
        return done
    try:
        while done < AT_ONCE and _send_next(device_id, by):
            done += 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute(_RELEASE, [device_id])
    return done


def nudge_due(*, by: Actor) -> None:
    """Ask for every device that owes something and may try again."""
    by.must("billing.fiscalise")
    for device_id in queries.devices_due(clock.real_now()):
        jobs.nudge("billing.fiscalise", key=f"device:{device_id}", device_id=device_id)


@transaction.atomic
def try_again(*, document_id: int, by: Actor) -> None:
    """Send a rejected document again, made anew, after a person has mended what was wrong.

    Refuses `not_rejected`.
    """
    by = by.must("billing.fiscal")
    row = _locked(document_id)
    if row.state != FiscalDocument.REJECTED:
        raise Refused("not_rejected")
    FiscalDocument.objects.filter(pk=row.pk).update(
        state=FiscalDocument.ISSUED, body="", settled_at=None
    )
    _told(by, "fiscal.tried_again", row, {"reference": row.reference})
    jobs.nudge("billing.fiscalise", key=f"device:{row.device_id}", device_id=row.device_id)


@transaction.atomic
def sign(
    *, document_id: int, fiscal_number: str, signature: str, by: Actor, internal: str = ""
) -> None:
    """Keep what the authority's own pages say of a document that was recorded while its answer
    was lost, so that the customer's copy can show it. Refuses `not_unsigned`."""
    by = by.must("billing.fiscal")
    row = _locked(document_id)
    if row.state != FiscalDocument.FISCALISED or row.signature:
        raise Refused("not_unsigned")
    driver = queries.driver_of(row.device)
    FiscalDocument.objects.filter(pk=row.pk).update(
        fiscal_number=fiscal_number, signature=signature, internal=internal,
        verify_url=driver.verify_url(signature),
    )  # fmt: skip
    why = {"reference": row.reference, "fiscal_number": fiscal_number}
    _told(by, "fiscal.signed", row, why)


def _locked(document_id: int) -> FiscalDocument:
    rows = FiscalDocument.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("device", "invoice").get(pk=document_id)


@transaction.atomic
def resume(*, device_id: int, by: Actor, next_number: int | None = None) -> None:
    """Go on with a device after a person has looked; `next_number` mends its numbering.

    Refuses `not_possible_now` for a number while a document is under way with another, and
    `fiscal_number_used` for one that a document has.
    """
    by = by.must("billing.fiscal")
    device = FiscalDevice.objects.select_for_update(no_key=True, of=("self",)).get(pk=device_id)
    sent = device.documents.filter(state=FiscalDocument.SUBMITTING).exists()
    if next_number is not None and sent:
        raise Refused("not_possible_now")
    if next_number is not None and device.documents.filter(number__gte=next_number).exists():
        raise Refused("fiscal_number_used", number=next_number)
    why = {"trouble": device.trouble, "next_number": next_number or device.next_number}
    FiscalDevice.objects.filter(pk=device_id).update(
        trouble="", trouble_since=None, failures=0, next_try_at=clock.real_now(),
        next_number=next_number or device.next_number,
    )  # fmt: skip
    _told(by, "fiscal.resumed", device, why)
    jobs.nudge("billing.fiscalise", key=f"device:{device_id}", device_id=device_id)


def _lease(device_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_LEASE, [device_id])
        (mine,) = cursor.fetchone()
    return bool(mine)


def _send_next(device_id: int, by: Actor) -> bool:
    """Settle one document; False when there is none, or nothing more may be sent now."""
    row = queries.next_owed(device_id)
    if row is None or row.device.trouble or row.device.next_try_at > clock.real_now():
        return False
    driver = queries.driver_of(row.device)
    if row.state == FiscalDocument.ISSUED:
        try:
            stopped = _prepare(row, driver)
        except Unfit as error:
            return _refuse(row, Answer(Outcome.REFUSED, "unfit", str(error)), by)
        if stopped:
            return _keep(row, stopped, row.in_doubt, by)
    doubted = row.in_doubt
    FiscalDocument.objects.filter(pk=row.pk).update(in_doubt=True, attempts=F("attempts") + 1)
    return _keep(row, driver.submit(row.body), doubted, by)


def _prepare(row: FiscalDocument, driver: FiscalDriver) -> Answer | None:
    """Give a document its number and its body, for good; an Answer if its items are not taken."""
    sale = queries.sale_of(row)
    codes, stopped = _items(row.device, sale, driver)
    if stopped:
        return stopped
    with transaction.atomic():
        device = FiscalDevice.objects.select_for_update(no_key=True, of=("self",)).get(
            pk=row.device_id
        )
        row.number = device.next_number
        row.body = driver.compose(sale, number=row.number, items=codes)
        row.state = FiscalDocument.SUBMITTING
        row.save(update_fields=["number", "body", "state"])
        FiscalDevice.objects.filter(pk=device.pk).update(next_number=F("next_number") + 1)
    return None


def _items(
    device: FiscalDevice, sale: FiscalSale, driver: FiscalDriver
) -> tuple[dict[tuple[str, str], str], Answer | None]:
    """The authority's codes of what is sold; what it does not know yet is told first."""
    codes = {
        (item.revenue, item.letter): item.code for item in device.items.order_by("pk")
    }  # fmt: skip
    for line in sale.lines:
        key = (line.revenue, driver.letter(line))
        if key in codes:
            continue
        item = Item(*key, sequence=len(codes) + 1)
        answer = driver.register(item)
        if answer.outcome is Outcome.REFUSED:
            return codes, replace(answer, outcome=Outcome.BLOCKED)
        if answer.outcome not in (Outcome.RECORDED, Outcome.KNOWN):
            return codes, answer
        codes[key] = driver.item_code(item)
        FiscalItem.objects.create(
            device=device, revenue=line.revenue, letter=key[1], code=codes[key],
            registered_at=clock.real_now(),
        )  # fmt: skip
    return codes, None


def _keep(row: FiscalDocument, answer: Answer, doubted: bool, by: Actor) -> bool:
    """Write what an answer means. A number that the authority has already proves that it has
    this document, if we may have sent it; otherwise somebody else uses our numbers."""
    match answer.outcome:
        case Outcome.RECORDED:
            return _settle(row, answer, by)
        case Outcome.KNOWN if doubted:
            return _settle(row, answer, by)
        case Outcome.KNOWN:
            return _block(row, replace(answer, text=f"number {row.number} is taken"), False, by)
        case Outcome.REFUSED:
            return _refuse(row, answer, by)
        case Outcome.BLOCKED:
            return _block(row, answer, doubted, by)
        case Outcome.DOUBT:
            return _wait(row, answer, row.state == FiscalDocument.SUBMITTING)
        case _:
            return _wait(row, answer, doubted)


@transaction.atomic
def _settle(row: FiscalDocument, answer: Answer, by: Actor) -> bool:
    receipt = answer.receipt
    given = {} if receipt is None else {
        "fiscal_number": receipt.fiscal_number, "signature": receipt.signature,
        "internal": receipt.internal, "signed_at": receipt.signed_at,
        "verify_url": receipt.verify_url,
    }  # fmt: skip
    _write(row, answer, state=FiscalDocument.FISCALISED, in_doubt=False,
           settled_at=clock.real_now(), **given)  # fmt: skip
    now = clock.real_now()
    FiscalDevice.objects.filter(pk=row.device_id).update(failures=0, next_try_at=now)
    _told(by, "fiscal.recorded", row, {"reference": row.reference, "number": row.number,
                                       "signed": receipt is not None})  # fmt: skip
    return True


@transaction.atomic
def _refuse(row: FiscalDocument, answer: Answer, by: Actor) -> bool:
    """This document waits for a person; its number goes to the next, so that none is missing.
    When it is one of several in a row, the device stops before it has spoilt the rest."""
    _give_back(row)
    _write(row, answer, state=FiscalDocument.REJECTED, number=None, in_doubt=False,
           settled_at=clock.real_now())  # fmt: skip
    _told(by, "fiscal.rejected", row, {"reference": row.reference, "code": answer.code,
                                       "said": answer.text})  # fmt: skip
    if answer.code == "unfit" or queries.refused_in_a_row(row) < _IN_A_ROW:
        return True
    trouble = f"{_IN_A_ROW} documents one after another: {answer.code} {answer.text}"
    _stop(row, trouble, answer, by)
    return False


@transaction.atomic
def _block(row: FiscalDocument, answer: Answer, doubted: bool, by: Actor) -> bool:
    """Nothing passes before a person has looked. What was surely not recorded gets its number
    again later, so that a person may mend the numbering."""
    if doubted:
        _write(row, answer, in_doubt=True)
    else:
        _give_back(row)
        _write(row, answer, state=FiscalDocument.ISSUED, number=None, body="", in_doubt=False)
    _stop(row, f"{answer.code} {answer.text}", answer, by)
    return False


def _stop(row: FiscalDocument, trouble: str, answer: Answer, by: Actor) -> None:
    FiscalDevice.objects.filter(pk=row.device_id).update(
        trouble=trouble[:300], trouble_since=clock.real_now()
    )
    _told(by, "fiscal.trouble", row, {"code": answer.code, "said": answer.text})


@transaction.atomic
def _wait(row: FiscalDocument, answer: Answer, doubt: bool) -> bool:
    """Try again later: from 15 seconds to a quarter of an hour."""
    _write(row, answer, in_doubt=doubt)
    failures = row.device.failures
    wait = min(timedelta(seconds=15 << min(failures, 8)), _LONGEST_WAIT)
    FiscalDevice.objects.filter(pk=row.device_id).update(
        failures=failures + 1, next_try_at=clock.real_now() + wait
    )
    return False


def _give_back(row: FiscalDocument) -> None:
    if row.number is not None:
        FiscalDevice.objects.filter(pk=row.device_id, next_number=row.number + 1).update(
            next_number=row.number
        )


def _write(row: FiscalDocument, answer: Answer, **changed: object) -> None:
    told = {"at": clock.real_now().isoformat(), "code": answer.code, "text": answer.text}
    answers = [*row.answers, told][-_KEPT_ANSWERS:]
    FiscalDocument.objects.filter(pk=row.pk).update(answers=answers, **changed)


def _told(by: Actor, action: str, row: FiscalDocument | FiscalDevice, why: dict[str, Any]) -> None:
    if isinstance(row, FiscalDevice):
        happened = Happened(action, ("fiscal_device", row.pk), why=why)
        entity_id = row.entity_id
    else:
        customer_id = row.invoice.customer_id
        happened = Happened(action, ("invoice", row.invoice_id), customer_id=customer_id, why=why)
        entity_id = row.device.entity_id
    record_many(replace(by, entity_id=entity_id), [happened])
