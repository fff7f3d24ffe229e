"""Home: must I pay? What is so, since when, and how we know."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from waya.catalog.queries import price_on
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.network.commands.access import reveal_password
from waya.org.templatetags import waya as shown
from waya.payments.queries.payments import payments_of_customer
from waya.portal.account import Face, Standing, online_since, stand
from waya.portal.forms import as_typed
from waya.portal.frame import customers_only, in_business, page, unless_same
from waya.portal.offers import whole_price
from waya.portal.pages.bills import rows_of
from waya.portal.periods import every
from waya.portal.session import Guest, siblings
from waya.portal.steps import received, trouble
from waya.portal.whys import why_off
from waya.subscriptions.models import Subscription

_SHOWN_BILLS = 2


@require_safe
@customers_only
def home(request: HttpRequest, guest: Guest) -> HttpResponse:
    """The page with its faces: off, restoring, online; and before the first payment."""
    standing = stand(guest.customer)
    context = {
        "face": standing.face.value,
        "customer": {"name": guest.customer.name, "account": guest.customer.account_number},
        "others": _others(guest),
        "phone": guest.contact.phone,
        "owes": standing.to_pay,
        "due_on": standing.due_on,
        "pay_url": "/my/pay",
        "other_url": "/my/pay",
        "bills": rows_of(guest.customer, limit=_SHOWN_BILLS)[0][:_SHOWN_BILLS],
        **_about(standing, guest),
    }
    answer = page(request, "home", context, entity=guest.entity, guest=guest)
    if standing.face is Face.RESTORING:  # the face that refreshes itself
        return unless_same(request, answer, context)
    return answer


@require_POST
@customers_only
def password(request: HttpRequest, guest: Guest, username: str) -> HttpResponse:
    """Show what the router at home logs in with; every showing is recorded."""
    rows = Subscription.objects.filter(customer=guest.customer, username=username)
    row = rows.exclude(state=Subscription.ENDED).first()
    secret, refusal = "", ""
    try:
        if row is None:
            raise Refused("unknown_access", name=username)
        secret = reveal_password(name=row.username, by=guest.by)
    except Refused:
        refusal = _("There is no login yet. It is made when the first payment has come.")
    shown_ = {"username": username, "password": secret, "refusal": refusal}
    status = 422 if refusal else 200
    return page(request, "login", shown_, entity=guest.entity, guest=guest, status=status)


def _about(standing: Standing, guest: Guest) -> dict[str, Any]:
    """What this face shows beside what all of them do."""
    row = standing.subscription
    if row is None:
        return {}
    about: dict[str, Any] = {
        "plan": {"name": row.plan.name, "username": row.username},
        "has_login": row.state != Subscription.PENDING,
    }
    if standing.face is Face.OFF:
        about["why"] = why_off(standing, as_typed(guest.contact.phone))
    elif standing.face is Face.RESTORING:
        about |= _restoring(standing, guest)
    elif standing.face is Face.ONLINE:
        about |= {
            "paid_to": standing.paid_to,
            "paid_until": standing.paid_until,
            "presence": standing.access.presence if standing.access else "unknown",
            "facts": _facts(standing, row, guest),
        }
    return about


def _restoring(standing: Standing, guest: Guest) -> dict[str, Any]:
    """The money is in; the newest payment is what it came by."""
    payment = payments_of_customer(guest.customer.pk).first()
    if payment is None:
        return {"paid": None, "steps": [], "note": trouble(standing.access)}
    steps = received(payment, standing.access, joining=False, wanted=True)
    paid = Money(payment.amount_minor, payment.currency)
    return {"paid": paid, "steps": steps, "note": ""}


def _facts(standing: Standing, row: Subscription, guest: Guest) -> list[dict[str, Any]]:
    """How it is now and how we know, what it costs, what we hold."""
    facts: list[dict[str, Any]] = []
    access = standing.access
    since = in_business(online_since(access))
    if since and access and access.session:
        seen = in_business(access.session.seen_at)
        facts.append({"words": _("Online since"), "value": shown.when(since)})
        facts.append({"words": _("Seen"), "value": shown.when(seen, "live")})
    elif access and access.presence == "offline":
        facts.append({"words": _("Now"), "value": _("No connection from your router")})
    elif access and access.trouble:
        facts.append({"words": _("Now"), "value": trouble(access)})
    if access and access.confirmed_at:
        proven = shown.when(in_business(access.confirmed_at), "proof")
        words = format_html("{}, {}", access.router_name, proven)
        facts.append({"words": _("Checked on the mast"), "value": words})
    speed = f"{shown.speed(row.plan.down_kbps)} / {shown.speed(row.plan.up_kbps)}"
    facts.append({"words": _("Speed"), "value": speed})
    facts.append({"words": _("Account"), "value": shown.account(guest.customer.account_number)})
    try:
        today = clock.today(guest.entity.zone)
        price = whole_price(price_on(row.plan_id, today), row.plan, guest.entity, today)
        facts.append({"words": every(row.plan), "value": shown.money(price)})
    except Refused:  # a plan that is withdrawn may have no price today
        pass
    facts.append({"words": _("Credit"), "value": shown.money(standing.money.credit)})
    return facts


def _others(guest: Guest) -> list[dict[str, Any]]:
    """The customers of this phone, when there are several."""
    mine = siblings(guest)
    if len(mine) < 2:
        return []
    return [
        {"name": one.customer.name, "url": f"/my/choose/{one.pk}",
         "on": one.customer_id == guest.customer.pk}
        for one in mine
    ]  # fmt: skip
