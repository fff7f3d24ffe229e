"""What is owed to the tax authority: control units, what was refused, and what lost its answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import Http404
from ninja import Field, Query, Router, Schema, Status
from ninja.decorators import decorate_view

from waya.api.door import REFUSALS, WRITES, Caller, entity_id
from waya.api.lists import Line
from waya.api.once import HEADER, once
from waya.billing.commands import fiscal
from waya.billing.models import FiscalDevice, FiscalDocument
from waya.billing.queries.fiscal import device_states, rejected, said_of, unsigned

router = Router(tags=["tax authority"])

_MOST = 500


class UnitShown(Schema):
    """A branch's control unit. `trouble` stops it until a person resumes it; `said` is the last
    that was heard of the document under way."""

    branch: str
    driver: str
    control_unit: str
    trouble: str
    trouble_since: datetime | None
    waiting: int
    oldest: datetime | None
    said: str
    attempts: int
    next_number: int


class FiscalShown(Schema):
    """A document that waits for a person, with what the authority said last. `number` is the
    authority's, of one that it recorded."""

    reference: str
    kind: Literal["sale", "credit"]
    account: str
    number: int | None
    since: datetime
    said: str


class Resumed(Schema):
    """With which number to go on; without one, with its own."""

    next_number: Annotated[int, Field(ge=1, le=10**12)] | None = None


class Signed(Schema):
    """What the authority's own pages say of a document."""

    fiscal_number: Annotated[Line, Field(min_length=1, max_length=60)]
    signature: Annotated[Line, Field(min_length=1, max_length=80)]
    internal: Annotated[Line, Field(max_length=80)] = ""


class Asked(Schema):
    """Which documents: those refused, or those whose answer was lost."""

    state: Literal["rejected", "unsigned"] = "rejected"


@router.get("/fiscal/units", response={200: list[UnitShown], **REFUSALS})
def list_units(request: Caller) -> list[dict[str, Any]]:
    """The control units of the company's branches."""
    return _units(entity_id(request.auth.must("billing.fiscal")))


@router.post(
    "/fiscal/units/{str:branch}/resume", response={200: list[UnitShown], **WRITES},
    openapi_extra=HEADER,
)  # fmt: skip
@decorate_view(once)
def resume_unit(request: Caller, branch: str, wished: Resumed) -> list[dict[str, Any]]:
    """Let a branch's control unit go on after a person has looked."""
    by = request.auth.must("billing.fiscal")
    device = FiscalDevice.objects.filter(entity=entity_id(by), branch__code=branch).first()
    if device is None:
        raise Http404
    fiscal.resume(device_id=device.pk, next_number=wished.next_number, by=by)
    return _units(entity_id(by))


@router.get("/fiscal/documents", response={200: list[FiscalShown], **REFUSALS})
def list_fiscal_documents(request: Caller, asked: Query[Asked]) -> list[dict[str, Any]]:
    """What waits for a person, oldest first; 500 at most."""
    by = request.auth.must("billing.fiscal")
    found = rejected if asked.state == "rejected" else unsigned
    return [_shown(row) for row in found(entity_id(by))[:_MOST]]


@router.post(
    "/fiscal/documents/{str:reference}/again", response={202: FiscalShown, **WRITES},
    openapi_extra=HEADER,
)  # fmt: skip
@decorate_view(once)
def send_again(request: Caller, reference: str) -> Status[dict[str, Any]]:
    """Send a refused document again, made anew."""
    by = request.auth.must("billing.fiscal")
    row = _one(rejected(entity_id(by)), reference)
    fiscal.try_again(document_id=row.pk, by=by)
    return Status(202, _shown(row))


@router.post(
    "/fiscal/documents/{str:reference}/signature", response={200: FiscalShown, **WRITES},
    openapi_extra=HEADER,
)  # fmt: skip
@decorate_view(once)
def keep_signature(request: Caller, reference: str, signed: Signed) -> dict[str, Any]:
    """Keep the signature of a document that was recorded while its answer was lost."""
    by = request.auth.must("billing.fiscal")
    row = _one(unsigned(entity_id(by)), reference)
    fiscal.sign(document_id=row.pk, by=by, **signed.dict())
    return _shown(row)


def _one(rows: QuerySet[FiscalDocument], reference: str) -> FiscalDocument:
    row = rows.filter(reference=reference).first()
    if row is None:
        raise Http404
    return row


def _units(entity: int) -> list[dict[str, Any]]:
    return [
        {
            "branch": one.device.branch.code, "driver": one.device.driver,
            "control_unit": one.device.control_unit, "trouble": one.device.trouble,
            "trouble_since": one.device.trouble_since, "waiting": one.waiting,
            "oldest": one.oldest, "said": one.said, "attempts": one.attempts,
            "next_number": one.device.next_number,
        }
        for one in device_states(entity)
    ]  # fmt: skip


def _shown(row: FiscalDocument) -> dict[str, Any]:
    return {
        "reference": row.reference, "kind": row.kind, "number": row.number,
        "account": row.invoice.customer.account_number, "since": row.settled_at or row.owed_at,
        "said": said_of(row),
    }  # fmt: skip
