"""Join: a plan, four answers, a prompt; and what to keep when it is paid."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from waya.catalog.models import Plan
from waya.catalog.queries import plans_on_sale
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
from waya.portal.offers import offered
from waya.portal.session import Guest, begin, visitor
from waya.portal.steps import received
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
    if request.method == "POST" and form.is_valid():
        try:
            limit(request, "join", times=10, minutes=60)
            return _joined(_join(entity, plan, form))
        except Refused as refusal:
            form.refuse(refusal)
    context = {
        "form": form,
        "plan": plan,
        "lines": [
            {"words": _("%(plan)s, first month") % {"plan": plan["name"]}, "amount": plan["price"]}
        ],
        "total": plan["price"],
    }
    status = 422 if form.errors else 200
    return page(request, "details", context, entity=entity, status=status)


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


def _join(entity: Entity, plan: dict[str, Any], form: JoinForm) -> Joined:
    place = form.cleaned_data["place"]
    return join(
        entity_id=entity.pk,
        plan_id=plan["id"],
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
