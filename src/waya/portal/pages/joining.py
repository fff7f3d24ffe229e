"""Join: a plan, four answers, a prompt; and what to keep when it is paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from waya.billing.queries.lives.beginning import beginning
from waya.catalog.models import Plan
from waya.catalog.queries import plans_on_sale
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.network.queries import access_of
from waya.orders.commands.join import Joined, join
from waya.org.models import Entity
from waya.parties.models import Contact
from waya.payments.models import Prompt
from waya.payments.queries.payments import payments_of_customer
from waya.portal.forms import JoinForm
from waya.portal.frame import anybody, customers_only, page, unless_same
from waya.portal.limits import limit
from waya.portal.offers import offered, on_top
from waya.portal.periods import every
from waya.portal.session import Guest, begin, visitor
from waya.portal.steps import received
from waya.reports.documents.wording import said
from waya.subscriptions.models import Subscription


@require_safe
@anybody
def plans(request: HttpRequest, entity: Entity) -> HttpResponse:
    """What can be had, with its full price."""
    shown = _offered(entity)
    wished = request.GET.get("plan")
    codes = [plan["code"] for plan in shown]
    chosen = wished if wished in codes else codes[len(codes) // 2] if codes else None
    for plan in shown:
        plan["on"] = plan["code"] == chosen
    taxed = " / ".join(dict.fromkeys(plan["taxes"] for plan in shown))
    context = {"plans": shown, "taxes": taxed, "next": "/my/join", "terms": _("No limit on data.")}
    return page(request, "plans", context, entity=entity)


@require_http_methods(["GET", "HEAD", "POST"])
@anybody
def details(request: HttpRequest, entity: Entity) -> HttpResponse:
    """Who, which phone, where; the button says the sum."""
    code = request.POST.get("plan") or request.GET.get("plan")
    plan = next((plan for plan in _offered(entity) if plan["code"] == code), None)
    if plan is None:
        return HttpResponseRedirect("/my/plans")
    form = JoinForm(request.POST or None)
    wanted = _wanted(request, entity, plan)
    shown = _sums(entity, wanted)
    looks = request.method == "POST" and request.POST.get("step") == "look"
    changed = request.POST.get("seen", shown["seen"]) != shown["seen"]
    if request.method == "POST" and not looks and not changed and form.is_valid():
        try:
            limit(request, "join", times=10, minutes=60)
            return _joined(_join(entity, wanted, form))
        except Refused as refusal:
            form.refuse(refusal)
    context = {"form": form, "plan": plan, "add_ons": wanted.offered, **shown,
               "changed": changed and not looks}  # fmt: skip
    status = 422 if form.errors and not looks else 200
    return page(request, "details", context, entity=entity, status=status)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A plan, the add-ons that go on top of it, and which of them are wanted."""

    plan: Plan
    offered: list[dict[str, Any]]

    @property
    def add_ons(self) -> list[Plan]:
        """Those that are wanted."""
        keys = [one["id"] for one in self.offered if one["on"]]
        return list(Plan.objects.filter(pk__in=keys).order_by("name", "pk"))


def _wanted(request: HttpRequest, entity: Entity, chosen: dict[str, Any]) -> _Wanted:
    plan = Plan.objects.select_related("entity").get(pk=chosen["id"])
    typed = request.POST if request.method == "POST" else request.GET
    return _Wanted(plan, on_top(plan, typed.getlist("add_on"), entity))


def _sums(entity: Entity, wanted: _Wanted) -> dict[str, Any]:
    """What is paid now, line by line, and what each period comes to after that."""
    today = clock.today(entity.zone)
    begins = beginning(wanted.plan, wanted.add_ons, today)
    lines = [
        {"words": said(line.description), "amount": line.charged.taxed.gross}
        for line in begins.lines
    ]
    if begins.opens > today:
        day = date_format(begins.opens, "j F")
        free = Money(0, begins.now.currency)
        lines.append({"words": _("Free until %(day)s") % {"day": day}, "amount": free})
    return {
        "lines": lines,
        "total": begins.now,
        "each": begins.each,
        "each_words": every(wanted.plan) if begins.steady else _("The next period"),
        "seen": f"{begins.now.minor}:{begins.each.minor}",
    }


@require_safe
@customers_only
def welcome(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Paid: the account number to keep, the login, and what comes next."""
    payment = payments_of_customer(guest.customer.pk).last()
    row = Subscription.objects.filter(customer=guest.customer).order_by("pk").first()
    if payment is None or row is None:
        return HttpResponseRedirect("/my")
    access = access_of(row.public_id)
    steps = received(payment, access, joining=True, wanted=True)
    proven = access is not None and access.confirmed_at is not None
    context = {
        "name": guest.customer.name.split()[0],
        "amount": Money(payment.amount_minor, payment.currency),
        "receipt": payment.transaction,
        "account": guest.customer.account_number,
        "username": row.username,
        "steps": steps,
        "pending": not proven,
        "next_text": _("Plug in your router: it goes online by itself with this login."),
    }
    answer = page(request, "done", context, entity=guest.entity, guest=guest)
    return answer if proven else unless_same(request, answer, context)


def _offered(entity: Entity) -> list[dict[str, Any]]:
    """Prepaid plans on sale that have a price today; postpaid ones are by agreement."""
    return offered(plans_on_sale(entity.pk).filter(mode=Plan.PREPAID), entity)


def _join(entity: Entity, wanted: _Wanted, form: JoinForm) -> Joined:
    place = form.cleaned_data["place"]
    return join(
        entity_id=entity.pk,
        plan_id=wanted.plan.pk,
        add_ons=[one.pk for one in wanted.add_ons],
        name=form.cleaned_data["name"],
        phone=form.cleaned_data["phone"],
        site_name=place,
        directions=place,
        language=translation.get_language() or "en",
        by=visitor(entity),
    )


def _joined(joined: Joined) -> HttpResponse:
    """To the wait; the browser is the new customer's from here, and nobody else's."""
    prompt = joined.prompt or _latest_prompt(joined)
    target = f"/my/wait/{prompt.public_id}" if prompt else "/my"
    answer = HttpResponseRedirect(target)
    contact = Contact.objects.filter(customer=joined.customer).order_by("pk")[0]
    begin(answer, contact, proven=False)
    return answer


def _latest_prompt(joined: Joined) -> Prompt | None:
    """Sent twice, the second finds the first one's prompt."""
    return Prompt.objects.filter(customer=joined.customer).order_by("-pk").first()
