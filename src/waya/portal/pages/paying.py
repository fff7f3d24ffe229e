"""Pay by a prompt, and wait for it: closing the page is always safe."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.network.queries import access_of
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.payments.commands.prompts import prompt as send_prompt
from waya.payments.models import Payment, Prompt
from waya.payments.rules.prompts import OPEN
from waya.portal.account import Standing, next_hours, stand
from waya.portal.forms import PayForm, as_typed
from waya.portal.frame import anybody, customers_only, page, unless_same
from waya.portal.limits import limit
from waya.portal.session import Guest, guest_of, visitor
from waya.portal.steps import paying
from waya.subscriptions.models import Subscription

# How long M-PESA leaves a prompt on a phone; the count goes down in steps, so that most
# refreshes find nothing new.
RINGS_SECONDS = 60
_COUNTS_BY = 5

# Result codes of M-PESA that a person can do something about.
_REFUSED = frozenset({"1032", "2001", "8006"})
_NO_MONEY = frozenset({"1"})
_NO_ANSWER = frozenset({"1037", "1019", "1025", "1001", "17", "9999"})


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def pay(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Send a prompt: with the button of the home page at once, or after choosing how much.

    Sent twice, the second leads to the first one's wait.
    """
    standing = stand(guest.customer)
    if request.method != "POST":
        return _pay_page(request, guest, standing, PayForm(initial=_usual(guest, standing)))
    typed = request.POST if "phone" in request.POST else _usual(guest, standing)
    form = PayForm(typed)
    if not form.is_valid():
        return _pay_page(request, guest, standing, form)
    amount: Money = form.cleaned_data["amount"]
    try:
        limit(request, "pay", times=20, minutes=10)
        return ask(guest.customer.pk, form.cleaned_data["phone"], amount.minor, guest.by)
    except Refused as refusal:
        form.refuse(refusal)
        return _pay_page(request, guest, standing, form)


def ask(customer_id: int, phone_typed: str, amount_minor: int, by: Actor) -> HttpResponse:
    """Send the prompt and go to its wait; while one rings, to that one's."""
    try:
        sent = send_prompt(
            customer_id=customer_id, phone=phone_typed, amount_minor=amount_minor, by=by
        )
    except Refused as refusal:
        ringing = _ringing(customer_id) if refusal.code == "prompt_waiting" else None
        if ringing is None:
            raise
        sent = ringing
    return HttpResponseRedirect(f"/my/wait/{sent.public_id}")


@require_safe
@anybody
def wait(request: HttpRequest, entity: Entity, public_id: UUID) -> HttpResponse:
    """What became of a prompt. Its address is the key to it: whoever sent it has it.

    Refreshed by script or by the page itself; both get "nothing new" when nothing is.
    """
    row = _prompt(public_id, entity)
    guest = guest_of(request)
    mine = guest is not None and guest.customer.pk == row.customer_id
    payment = Payment.objects.filter(notifications__prompt=row).order_by("pk").first()
    subscription = _subscription(row.customer_id)
    joining = mine and (subscription is None or _joins_by(row, payment, subscription))
    if payment is not None and mine:
        return _onward(request, "/my/welcome" if joining else "/my")
    context = _waiting(row, payment, subscription, joining=joining)
    context["home_url"] = "/my" if mine else "/my/off"
    answer = page(request, "wait", context, entity=entity, guest=guest if mine else None)
    said = (context["state"], context["steps"], context["seconds_left"], mine)
    return unless_same(request, answer, *said)


@require_POST
@anybody
def again(request: HttpRequest, entity: Entity, public_id: UUID) -> HttpResponse:
    """Send the same prompt once more."""
    row = _prompt(public_id, entity)
    try:
        limit(request, "again", times=10, minutes=10)
        return ask(row.customer_id, row.phone, row.amount_minor, visitor(entity))
    except Refused as refusal:
        context = _waiting(row, None, _subscription(row.customer_id), joining=False)
        form = PayForm({})
        form.errors.clear()
        form.refuse(refusal)
        context["form"] = form
        return page(request, "wait", context, entity=entity, status=422)


def _prompt(public_id: UUID, entity: Entity) -> Prompt:
    rows = Prompt.objects.filter(public_id=public_id, customer__entity=entity)
    row = rows.select_related("customer").first()
    if row is None:
        raise Http404
    return row


def _pay_page(
    request: HttpRequest, guest: Guest, standing: Standing, form: PayForm
) -> HttpResponse:
    context = {
        "form": form,
        "owes": standing.to_pay,
        "customer": {"account": guest.customer.account_number},
    }
    status = 422 if form.errors else 200
    return page(request, "pay", context, entity=guest.entity, guest=guest, status=status)


def _usual(guest: Guest, standing: Standing) -> dict[str, Any]:
    """What is owed, from the customer's own phone."""
    owed = standing.to_pay or next_hours(standing)
    amount = owed.plain() if owed else ""
    return {"phone": as_typed(guest.contact.phone), "amount": amount}


def _waiting(
    row: Prompt, payment: Payment | None, subscription: Subscription | None, *, joining: bool
) -> dict[str, Any]:
    """Everything about a prompt that the page shows."""
    access = access_of(subscription.public_id) if subscription else None
    state = _state(row, payment)
    left = _seconds_left(row) if state == "sent" else None
    steps = paying(row, payment, access, joining=joining, wanted=True)
    done = bool(payment and access and access.confirmed_at)
    return {
        "state": state,
        "refreshes": state in ("sent", "no_answer") or (state == "paid" and not done),
        "done": done,
        "amount": Money(row.amount_minor, row.currency),
        "phone": row.phone,
        "account": row.customer.account_number,
        "joining": joining,
        "seconds_left": left,
        "of": RINGS_SECONDS,
        "steps": steps,
        "again_url": f"/my/wait/{row.public_id}/again" if _may_ask_again(row, state) else None,
    }


def _state(row: Prompt, payment: Payment | None) -> str:
    """The page's word for it. A prompt nobody has answered is never called failed."""
    if payment is not None:
        return "paid"
    if row.state == Prompt.FAILED:
        if row.result_code in _REFUSED:
            return "refused"
        if row.result_code in _NO_MONEY:
            return "no_money"
        return "no_answer" if row.result_code in _NO_ANSWER else "failed"
    if row.state != Prompt.PAID and _seconds_left(row) == 0:
        return "no_answer"
    return "sent"


def _may_ask_again(row: Prompt, state: str) -> bool:
    return state in ("refused", "no_money", "no_answer", "failed")


def _seconds_left(row: Prompt) -> int:
    end = row.made_at + timedelta(seconds=RINGS_SECONDS)
    seconds = max(0, -(-(end - clock.real_now()) // timedelta(seconds=1)))
    return -(-seconds // _COUNTS_BY) * _COUNTS_BY


def _ringing(customer_id: int) -> Prompt | None:
    """The prompt that a customer's phone shows now."""
    since = clock.real_now() - timedelta(seconds=RINGS_SECONDS)
    rows = Prompt.objects.filter(customer_id=customer_id, state__in=OPEN, made_at__gte=since)
    return rows.order_by("-pk").first()


def _subscription(customer_id: int) -> Subscription | None:
    """The subscription that the money is about: one that waits for it before any other."""
    rows = Subscription.objects.filter(customer_id=customer_id).exclude(state=Subscription.ENDED)
    order = (Subscription.SUSPENDED, Subscription.PENDING, Subscription.ACTIVE)
    return min(rows, key=lambda row: (order.index(row.state), -row.pk), default=None)


def _joins_by(row: Prompt, payment: Payment | None, subscription: Subscription) -> bool:
    """Whether this prompt is for the first payment there ever was."""
    earlier = Payment.objects.filter(customer_id=row.customer_id)
    if payment is not None:
        earlier = earlier.exclude(pk=payment.pk)
    return subscription.state != Subscription.SUSPENDED and not earlier.exists()


def _onward(request: HttpRequest, target: str) -> HttpResponse:
    """To the next page, for a script and for a browser."""
    if getattr(request, "htmx", False):
        return HttpResponse(headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)
