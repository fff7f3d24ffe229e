"""The frame of every portal page, and who is let in: anybody, or a customer who signed in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response

from waya.kernel import clock
from waya.org.models import Entity
from waya.portal.session import Guest, guest_of

P = ParamSpec("P")
Open = Callable[Concatenate[HttpRequest, Entity, P], HttpResponse]
Own = Callable[Concatenate[HttpRequest, Guest, P], HttpResponse]
View = Callable[..., HttpResponse]

_SECOND = timedelta(seconds=1)


def anybody(view: Open[P]) -> View:
    """For whoever comes: the view gets the company, and its time zone while it runs."""

    @wraps(view)
    def shown(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        entity = Entity.objects.order_by("pk").first()
        if entity is None:
            raise Http404
        with timezone.override(ZoneInfo(entity.zone)):
            return _private(view(request, entity, *args, **kwargs))

    return shown


def customers_only(view: Own[P]) -> View:
    """For a customer: the view gets who it is. Others sign in first, and come back."""

    @wraps(view)
    def shown(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        guest = guest_of(request)
        if guest is None:
            return _private(sign_in_first(request))
        with timezone.override(ZoneInfo(guest.entity.zone)), _language(request, guest):
            return _private(view(request, guest, *args, **kwargs))

    return shown


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and back here after it."""
    back = "/my" if request.method == "POST" else request.get_full_path()
    target = "/my/sign-in" + ("" if back == "/my" else "?" + urlencode({"next": back}))
    if getattr(request, "htmx", False):
        return HttpResponse(headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    entity: Entity,
    guest: Guest | None = None,
    status: int = 200,
) -> HttpResponse:
    """A portal page in the company's frame."""
    frame = {
        "brand": {
            "name": entity.name,
            "letter": entity.name[:1],
            "home": "/my" if guest else "/my/plans",
        },
        "shell": {"signed_in": guest is not None, "lab": settings.WAYA_LAB},
        "paybill": entity.paybill,
    }
    return render(request, f"portal/{template}.html", frame | context, status=status)


def unless_same(request: HttpRequest, answer: HttpResponse, *facts: object) -> HttpResponse:
    """The page, or 304 if a browser that refreshes it has one that says the same.

    What a page says is its facts and its language: the form token in it is new each time.
    """
    said = repr((facts, translation.get_language()))
    etag = f'"{hashlib.sha256(said.encode()).hexdigest()[:24]}"'
    answer["ETag"], answer["Cache-Control"] = etag, "private, no-cache"
    return get_conditional_response(request, etag=etag, response=answer) or answer


def in_business(moment: datetime | None) -> datetime | None:
    """A technical moment as the page's clock has it: a lab's business time runs ahead.

    By whole seconds, for the two clocks are read one after the other.
    """
    ahead = clock.now() - clock.real_now() + _SECOND / 2
    return None if moment is None else moment + ahead // _SECOND * _SECOND


def _language(request: HttpRequest, guest: Guest) -> translation.override:
    """The language chosen in this browser, else the customer's own."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    return translation.override(translation.get_language() if chosen else guest.customer.language)


def _private(response: HttpResponse) -> HttpResponse:
    """Phones are shared: no page of a customer stays behind in a cache."""
    if "Cache-Control" not in response:
        response["Cache-Control"] = "private, no-store"
    return response
