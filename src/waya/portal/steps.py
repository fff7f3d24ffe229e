"""From prompt to internet, step by step, each with its moment and its proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils import timezone
from django.utils.translation import gettext as _

from waya.network.queries import AccessState
from waya.payments.models import Payment, Prompt
from waya.portal.frame import in_business


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the list: done at a moment, going on now, or later."""

    words: str
    state: Literal["done", "now", "later"]
    at: datetime | None = None
    note: str = ""


def paying(prompt: Prompt, payment: Payment | None, access: AccessState | None, *, joining: bool,
           wanted: bool) -> list[Step]:  # fmt: skip
    """The steps of a payment by prompt; with `wanted`, the line comes (back) on after it."""
    sent = Step(_("Prompt sent"), "done", in_business(prompt.made_at))
    waiting = prompt.state in (Prompt.SENDING, Prompt.SENT, Prompt.UNKNOWN)
    pin = Step(_("Waiting for your PIN"), "now" if waiting else "later")
    if payment is None:
        after = [Step(_("Payment received"), "later")]
        if joining:
            after.append(Step(_("Account opened"), "later"))
        if prompt.state == Prompt.PAID:
            pin = Step(_("M-PESA says it is paid"), "done", in_business(prompt.ended_at))
            after[0] = Step(_("Payment received"), "now")
        return [sent, pin, *after]
    return [sent, *received(payment, access, joining=joining, wanted=wanted)]


def received(
    payment: Payment, access: AccessState | None, *, joining: bool, wanted: bool
) -> list[Step]:
    """The steps from the money's arrival on."""
    at = payment.taken_at
    steps = [Step(_("Payment received"), "done", at, payment.transaction)]
    if joining:
        steps.append(Step(_("Account opened"), "done", at))
    if wanted:
        steps.append(switching_on(access, joining=joining))
    return steps


def switching_on(access: AccessState | None, *, joining: bool) -> Step:
    """The router's part: proven when it was read back, else what we wait for."""
    if access is not None and access.confirmed_at is not None:
        words = _("Your line is ready on our side") if joining else _("Your internet is on")
        return Step(words, "done", in_business(access.confirmed_at))
    words = _("Getting your line ready") if joining else _("Switching your internet on")
    return Step(words, "now", note=trouble(access))


def trouble(access: AccessState | None) -> str:
    """Why it takes long, if it does."""
    if access is None or not access.trouble:
        return ""
    since = in_business(access.trouble_since)
    return _("The mast %(name)s is away since %(since)s; you are back when it is.") % {
        "name": access.router_name,
        "since": _clock(since) if since else "",
    }


def _clock(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M}"
