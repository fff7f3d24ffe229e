"""Where a walled browser lands: its line is known by its address, so the sum is there at once."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from waya.kernel.errors import Refused
from waya.network.models import Session
from waya.org.addresses import caller
from waya.org.models import Entity
from waya.parties.models import Customer
from waya.parties.queries import customers_by_reference, phones_of
from waya.portal.account import Face, Standing, stand
from waya.portal.forms import AccountForm, as_typed
from waya.portal.frame import anybody, page
from waya.portal.limits import limit
from waya.portal.pages.paying import ask
from waya.portal.session import visitor
from waya.portal.whys import why_off
from waya.subscriptions.models import Subscription


@require_http_methods(["GET", "HEAD", "POST"])
@anybody
def off(request: HttpRequest, entity: Entity) -> HttpResponse:
    """Pay without signing in: for the line one is behind, or by account number.

    What is owed is shown only to whoever is behind that very line; by account number the
    sum comes on the phone that is asked.
    """
    owner = _behind(request, entity)
    standing = stand(owner) if owner else None
    form = AccountForm(request.POST if "account_number" in request.POST else None)
    if request.method == "POST":
        try:
            limit(request, "off", times=10, minutes=10)
            if form.is_bound and form.is_valid():
                payer = _customer(entity, form.cleaned_data["account_number"])
                return _ask(entity, stand(payer), payer, form.cleaned_data["phone"])
            if standing and owner and not form.is_bound:
                return _ask(entity, standing, owner, phones_of([owner.pk]).get(owner.pk, ""))
        except Refused as refusal:
            if not form.is_bound:
                form = AccountForm({})
                form.errors.clear()
            form.refuse(refusal)
    context = {"form": form, "find_url": "/my/off", **_line(owner, standing)}
    if context["customer"]:  # then the form is folded away, and what it says with it
        context["refusal"] = " ".join(str(fault) for fault in form.non_field_errors())
    status = 422 if form.is_bound and form.errors else 200
    return page(request, "walled", context, entity=entity, status=status)


def _ask(entity: Entity, standing: Standing, owner: Customer, number: str) -> HttpResponse:
    if not standing.to_pay:
        raise Refused("nothing_owed")
    return ask(owner.pk, number, standing.to_pay.minor, visitor(entity))


def _line(owner: Customer | None, standing: Standing | None) -> dict[str, Any]:
    """What the page may say to whoever shares the line."""
    if owner is None or standing is None or standing.face is not Face.OFF:
        return {"customer": None}
    number = phones_of([owner.pk]).get(owner.pk, "")
    return {
        "customer": {"name": short_name(owner.name), "account": owner.account_number},
        "owes": standing.to_pay,
        "phone_masked": masked(number),
        "pay_url": "/my/off",
        "why": _without_links(why_off(standing, masked(number))),
    }


def _without_links(why: dict[str, Any]) -> dict[str, Any]:
    """The bills themselves are for who signs in."""
    return why | {"lines": [line | {"url": None} for line in why["lines"]]}


def _behind(request: HttpRequest, entity: Entity) -> Customer | None:
    """Whose line the request came through, if just one open session has its address."""
    address = caller(request.META)
    if address is None:
        return None
    open_here = Session.objects.filter(
        address=address, ended_at=None, router__entity=entity
    ).values_list("name", flat=True)
    names = set(open_here[:2])
    if len(names) != 1:
        return None
    rows = Subscription.objects.filter(username__in=names, entity=entity)
    row = rows.select_related("customer").first()
    return row.customer if row else None


def _customer(entity: Entity, typed: str) -> Customer:
    """By account number alone: a phone number here would tell whose it is."""
    digits = "".join(filter(str.isdigit, typed))
    found = customers_by_reference(entity.pk, [digits]) if len(digits) == 7 else {}
    if digits not in found:
        raise Refused("account_unknown")
    return Customer.objects.get(pk=found[digits])


def short_name(name: str) -> str:
    """`Brian M.`: enough to know that it is one's own line."""
    words = name.split()
    return words[0] if len(words) < 2 else f"{words[0]} {words[-1][:1]}."


def masked(number: str) -> str:
    """`0700 *** 334` from E.164."""
    if not number:
        return ""
    first, _hidden, last = as_typed(number).split()
    return f"{first} *** {last}"
