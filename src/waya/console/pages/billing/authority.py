"""The tax authority: does each branch's control unit work, and what waits for a person?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from waya.billing.commands import fiscal
from waya.billing.models import FiscalDevice, FiscalDocument
from waya.billing.queries.fiscal import (
    DeviceState,
    Fiscal,
    device_states,
    rejected,
    said_of,
    unsigned,
)
from waya.console.pages.billing.words import tabs
from waya.console.staff import StaffRequest, staff
from waya.console.words import many
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.words import words

_BACK = "/billing/authority"
_SHOWN = 100


class SignatureForm(forms.Form):
    """What the authority's pages say of a document."""

    fiscal_number = forms.CharField(max_length=60)
    signature = forms.CharField(max_length=80)
    internal = forms.CharField(max_length=80, required=False)


class ResumeForm(forms.Form):
    """With which number a control unit goes on; its own without one."""

    next_number = forms.IntegerField(min_value=1, max_value=10**12, required=False)


@staff("billing.fiscal")
def authority(request: StaffRequest, by: Actor) -> HttpResponse:
    """The control units, what the authority refused, and what it recorded without our hearing."""
    refused, lost = rejected(request.entity.pk), unsigned(request.entity.pk)
    context = {
        "tabs": tabs("authority", by),
        "units": [_unit(one) for one in device_states(request.entity.pk)],
        "refused": [_row(one) for one in refused[:_SHOWN]],
        "refused_words": many(refused.count(), "document"),
        "unsigned": [_row(one) for one in lost[:_SHOWN]],
    }
    return render(request, "console/billing/authority.html", context)


def recorded(given: Fiscal | None) -> dict[str, Any]:
    """What a document's page says of the authority; nothing of what is owed to none."""
    if given is None:
        return {}
    refused = given.state == FiscalDocument.REJECTED
    return {
        "state": "unsigned" if given.unsigned else "not_recorded" if refused else given.state,
        "waits": given.unsigned or refused,
        "unit": given.control_unit,
        "number": given.fiscal_number,
        "verify_url": given.verify_url,
    }


@require_POST
@staff("billing.fiscal")
def resume(request: StaffRequest, by: Actor, device_id: int) -> HttpResponse:
    """Let a control unit go on that had stopped."""
    device = FiscalDevice.objects.filter(entity=request.entity, pk=device_id).first()
    form = ResumeForm(request.POST)
    if device is None:
        raise Http404
    if not form.is_valid():
        messages.error(request, "A number is a whole number from 1.")
        return redirect(_BACK)
    try:
        fiscal.resume(device_id=device.pk, next_number=form.cleaned_data["next_number"], by=by)
    except Refused as refusal:
        messages.error(request, words(refusal))
    return redirect(_BACK)


@require_POST
@staff("billing.fiscal")
def again(request: StaffRequest, by: Actor) -> HttpResponse:
    """Send one refused document again, or all of them."""
    rows = rejected(request.entity.pk)
    wanted = request.POST.get("reference", "")
    _again(request, rows.filter(reference=wanted) if wanted else rows, by)
    return redirect(_BACK)


@require_POST
@staff("billing.fiscal")
def sign(request: StaffRequest, by: Actor, reference: str) -> HttpResponse:
    """Keep the signature of a document whose answer was lost."""
    row = unsigned(request.entity.pk).filter(reference=reference).first()
    if row is None:
        raise Http404
    form = SignatureForm(request.POST)
    if form.is_valid():
        fiscal.sign(document_id=row.pk, **form.cleaned_data, by=by)
        messages.info(request, f"{reference} shows its signature from now on.")
    else:
        messages.error(request, "Its number there and its signature are both needed.")
    return redirect(_BACK)


def _again(request: HttpRequest, rows: Iterable[FiscalDocument], by: Actor) -> None:
    try:
        for row in rows:
            fiscal.try_again(document_id=row.pk, by=by)
    except Refused as refusal:
        messages.error(request, words(refusal))


def _unit(one: DeviceState) -> dict[str, Any]:
    device = one.device
    return {
        "id": device.pk, "branch": device.branch.name, "unit": device.control_unit or device.serial,
        "driver": device.driver, "trouble": device.trouble, "since": device.trouble_since,
        "waiting": one.waiting, "oldest": one.oldest, "said": one.said,
        "attempts": one.attempts, "next": device.next_number,
    }  # fmt: skip


def _row(row: FiscalDocument) -> dict[str, Any]:
    note = row.credit_note
    customer = row.invoice.customer
    return {
        "reference": row.reference,
        "url": f"/credit-notes/{note.number}" if note else f"/invoices/{row.invoice.number}",
        "name": customer.name, "account": customer.account_number,
        "since": row.settled_at or row.owed_at, "number": row.number,
        "said": said_of(row),
    }  # fmt: skip
