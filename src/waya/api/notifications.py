"""What payment providers call: `POST /hk/<path>/<kind>`. Kept and answered, nothing more.

The path is a merchant's own and cannot be guessed; the addresses hold no word of the provider's,
because it refuses those. No session, no form token, no redirect: a provider takes what is not
200 for a failure and comes again.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from waya.org.addresses import caller
from waya.payments.commands.notifications import LONGEST, receive


@csrf_exempt
def notification(request: HttpRequest, path: str, kind: str) -> HttpResponse:
    """Keep what a provider says, and answer it in its own words.

    No more than 64 KB of it is read; what is longer is kept so far and parked.
    """
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    answer = receive(
        path=path, kind=kind, raw=request.read(LONGEST + 1), address=caller(request.META)
    )
    return HttpResponse(answer.body, status=answer.status, content_type="application/json")
