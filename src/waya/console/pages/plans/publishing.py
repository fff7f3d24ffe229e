"""A plan, or a new version of one: written with what a customer pays in sight, then published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from waya.catalog.commands import open_plan, publish_version
from waya.catalog.models import Plan
from waya.catalog.queries import Version, versions
from waya.console import drafts
from waya.console.pages.plans.preview import preview
from waya.console.pages.plans.sheet import NEW, Sheet, sheet, typed_from
from waya.console.pages.plans.words import every, paid
from waya.console.sheets.rows import hush, step, typed_of
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.org.words import words

_LOOK, _PUBLISH = "look", "publish"
_WITHOUT = "Publish the next by API, POST /api/v1/plans/{plan}/versions, to keep what it says."
_UNITS = {"month": "months", "week": "weeks", "day": "days", "hour": "hours"}


class PlanForm(forms.Form):
    """What of a plan never changes: its name, how it is paid, its period and its speed."""

    name = forms.CharField(label="Name", max_length=80, help_text="As customers read it.")
    code = forms.SlugField(label="Code", max_length=40, help_text="Short, such as home-10.")
    mode = forms.ChoiceField(
        label="Paid", choices=[(Plan.PREPAID, "Before each period"),
                               (Plan.POSTPAID, "After an invoice, with grace")],
    )  # fmt: skip
    count = forms.IntegerField(label="A period is", min_value=1, max_value=744)
    unit = forms.ChoiceField(
        label="Of", choices=[(one, _UNITS.get(one, one)) for one in Plan.UNITS]
    )
    calendar_day = forms.IntegerField(
        label="Begins on day of the month", min_value=1, max_value=31, required=False,
        help_text="Empty: the day they began.",
    )  # fmt: skip
    down_mbps = forms.IntegerField(label="Mbps down", min_value=1, max_value=10_000)
    up_mbps = forms.IntegerField(label="Mbps up", min_value=1, max_value=10_000)

    def clean_code(self) -> str:
        """A code is an address, and some are taken."""
        code: str = self.cleaned_data["code"]
        if code in ("new", "promotions"):
            raise forms.ValidationError("This address is taken. Choose another code.")
        return code


@dataclass(slots=True)
class Page:
    """What the page is about, and what was typed on it."""

    entity: Entity
    plan: Plan
    typed: QueryDict
    wished: str
    filled: Sheet
    own: PlanForm | None = None
    now: Version | None = None
    note: str = ""
    fault: str = ""

    @property
    def anew(self) -> bool:
        """Whether what the form cannot hold is to be left out."""
        return self.typed.get("anew") == "yes"

    @property
    def wants_it(self) -> bool:
        """Whether it is to be published now."""
        return self.wished == _PUBLISH


@staff("catalog.change")
def add(request: StaffRequest, by: Actor) -> HttpResponse:
    """Put a plan on sale with its first version."""
    entity = request.entity
    today = clock.today(entity.zone)
    new = NEW | {"valid_from": today, "begins": today, "mode": Plan.PREPAID, "count": 1,
                 "unit": "month"}  # fmt: skip
    typed, wished = _typed(request, typed_of(new))
    own = PlanForm(typed)
    whole = own.is_valid()
    told = own.cleaned_data
    plan = Plan(
        entity=entity, code=told.get("code", ""), name=told.get("name") or "The new plan",
        mode=told.get("mode", Plan.PREPAID), unit=told.get("unit", "month"),
        count=told.get("count") or 1, calendar_day=told.get("calendar_day"),
    )  # fmt: skip
    page = Page(entity, plan, typed, wished,
                sheet(typed, plan, entity.currency, quiet=wished != _PUBLISH), own)  # fmt: skip
    if page.wants_it and whole and page.filled.terms is not None:
        try:
            made = open_plan(
                entity_id=entity.pk, mode=plan.mode, terms=page.filled.terms,
                down_kbps=told["down_mbps"] * 1000, up_kbps=told["up_mbps"] * 1000,
                calendar_day=plan.calendar_day, valid_from=_head(page)["valid_from"],
                tax_inclusive=_head(page)["tax_inclusive"], by=by,
            )  # fmt: skip
            messages.info(request, f"{made.name} is on sale.")
            return redirect(f"/plans/{made.code}")
        except Refused as refusal:
            page.fault = words(refusal)
    elif not page.wants_it:
        hush(own)
    return _shown(request, page)


@staff("catalog.change")
def publish(request: StaffRequest, by: Actor, code: str) -> HttpResponse:
    """Publish another version of a plan; whoever has it keeps theirs."""
    entity = request.entity
    plan = Plan.objects.filter(entity=entity, code=code).first()
    if plan is None:
        raise Http404
    today = clock.today(entity.zone)
    known = sorted(versions([plan]).values(), key=lambda one: one.number)
    last = known[-1] if known else None
    now = next((one for one in reversed(known) if one.valid_from <= today), last)
    start, note = _start(last, plan, entity)
    start["valid_from"] = start["begins"] = today.isoformat()
    typed, wished = _typed(request, start)
    page = Page(
        entity, plan, typed, wished,
        sheet(typed, plan, entity.currency, quiet=wished != _PUBLISH), now=now, note=note,
    )  # fmt: skip
    if page.wants_it and note and not page.anew:
        page.fault = f"{note} {_WITHOUT.format(plan=plan.public_id)}"
    elif page.wants_it and page.filled.terms is not None:
        try:
            made = publish_version(
                plan_id=plan.pk, terms=page.filled.terms, valid_from=_head(page)["valid_from"],
                tax_inclusive=_head(page)["tax_inclusive"], by=by,
            )  # fmt: skip
            messages.info(request, f"Version {made.number} of {plan.name} is published.")
            return redirect(f"/plans/{plan.code}")
        except Refused as refusal:
            page.fault = words(refusal)
    return _shown(request, page)


def _start(last: Version | None, plan: Plan, entity: Entity) -> tuple[QueryDict, str]:
    """The last version, to be changed; a new one, if no form can hold the last."""
    if last is None:
        return typed_of(NEW), ""
    typed = typed_from(last.terms, entity.currency)
    typed["tax_inclusive"] = "yes" if last.tax_inclusive else "no"
    typed["quantity"] = "1"
    typed["begins"] = typed["valid_from"] = last.valid_from.isoformat()
    if sheet(typed, plan, entity.currency, quiet=True).terms == last.terms:
        return typed, ""
    why = f"Version {last.number} says more than this form can hold, which stands empty here."
    return typed_of(NEW), why


def _typed(request: StaffRequest, start: QueryDict) -> tuple[QueryDict, str]:
    """What stands in the form, and what is wished: a step is taken before it is read."""
    if request.method != "POST":
        kept = drafts.take(request)
        return (typed_of(kept) if kept else start), _LOOK
    wished = request.POST.get("step", _PUBLISH)
    return step(request.POST, wished), wished


def _head(page: Page) -> dict[str, Any]:
    return page.filled.head.cleaned_data


def _shown(request: StaffRequest, page: Page) -> HttpResponse:
    plan, own = page.plan, page.own
    context = {
        "page": page,
        "own": own,
        "filled": page.filled,
        "action": "/plans/new" if own else f"/plans/{plan.code}/publish",
        "back": "/plans" if own else f"/plans/{plan.code}",
        "title": "New plan" if own else f"New version of {plan.name}",
        "words": "" if own else f"{paid(plan).capitalize()}, by the {every(plan)}",
        "preview": preview(page.entity, plan, page.filled, page.now),
        "oob": bool(request.htmx) and page.wished == _LOOK,
        "fresh": page.wished.removesuffix(":add") if page.wished.endswith(":add") else "",
        "currency": page.entity.currency,
        "without": _WITHOUT.format(plan=plan.public_id),
    }
    status = 422 if page.wants_it else 200
    return render(request, "console/plans/version.html", context, status=status)
