"""A browser behind a walled line asks for some other site and is brought here by its router."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host


class ForeignHost:
    """Lead every request that was meant for another host to the pay page.

    The router's redirect rewrites the address but not the `Host` header, so these requests
    name any host there is. They are answered before anything looks at the host, and never
    kept: a phone's own probe for captive portals must see its real answer once paid.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        domain, _ = split_domain_port(request.META.get("HTTP_HOST", ""))
        ours = not domain or validate_host(domain, settings.ALLOWED_HOSTS)
        # A provider under a host that we were not told of gets an error, which is logged.
        if ours or request.path.startswith("/hk/"):
            return self.get_response(request)
        answer = HttpResponse(status=302)
        answer["Location"] = f"{settings.PUBLIC_URL}/my/off"
        answer["Cache-Control"] = "no-store"
        return answer
