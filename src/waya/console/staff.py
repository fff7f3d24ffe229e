"""Who is asking: members of staff only, with what their role may do."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from waya.console import drafts
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.org.queries import actor_of, entity_of


class StaffRequest(HttpRequest):
    """A request by a member of staff: who, and for which company."""

    by: Actor
    entity: Entity
    htmx: HtmxDetails


P = ParamSpec("P")
StaffView = Callable[Concatenate[StaffRequest, Actor, P], HttpResponseBase]


def staff(
    permission: str = "console.use",
) -> Callable[[StaffView[P]], Callable[..., HttpResponseBase]]:
    """Let in members of staff who may, and give the view its `by`.

    Whoever is not signed in goes to sign in and comes back, with what they typed; whoever
    may not gets the page that says so. Dates and times are the company's while the view runs.
    """

    def decorated(view: StaffView[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def asked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _sign_in(request)
            by = actor_of(request.user)
            if by is None or by.entity_id is None or not by.can(permission):
                raise PermissionDenied
            known = cast(StaffRequest, request)
            known.by = by
            known.entity = copy(entity_of(by.entity_id))
            with timezone.override(ZoneInfo(known.entity.zone)):
                return view(known, by, *args, **kwargs)

        return asked

    return decorated


def _sign_in(request: HttpRequest) -> HttpResponse:
    """Send to sign in; what was typed waits in the session, which outlives signing in."""
    htmx: Any = getattr(request, "htmx", None)
    if request.method == "POST":
        drafts.keep(request)
    address = htmx.current_url_abs_path if htmx else None
    back = address or request.get_full_path()
    target = f"{settings.LOGIN_URL}?{urlencode({'next': back})}"
    if htmx:
        return HttpResponse(headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)
