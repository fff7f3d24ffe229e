"""Help: what we can already say, and whom to call."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from waya.org.models import Entity
from waya.portal.frame import anybody, page
from waya.portal.session import guest_of


@require_safe
@anybody
def help_page(request: HttpRequest, entity: Entity) -> HttpResponse:
    """Answers first, then a number."""
    answers = [
        _answer(
            _("I paid and I am not online"),
            _("Look at Home: it says what we wait for. Usually it is a few seconds."),
            _("If the payment is not under Bills, look at the account number in M-PESA's SMS."),
        ),
        _answer(
            _("How do I pay by paybill?"),
            _("M-PESA, Lipa na M-PESA, Pay Bill. Business number: %(paybill)s.")
            % {"paybill": entity.paybill},
            _("Account number: yours, 7 digits. It is on Home and in every SMS."),
        ),
        _answer(
            _("I paid too much or too little"),
            _("More than is owed stays with us as your credit and pays the next bill."),
            _("Less than is owed is kept too; the rest is still to pay."),
        ),
    ]
    context = {"answers": answers, "support_phone": entity.phone}
    return page(request, "help", context, entity=entity, guest=guest_of(request))


def _answer(question: str, *lines: str) -> dict[str, object]:
    rows = [{"when": number, "text": line} for number, line in enumerate(lines, start=1)]
    return {"word": question, "open": False, "lines": rows}
