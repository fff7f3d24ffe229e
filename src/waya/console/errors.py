"""Pages for what went wrong, in the product's words: what is so, and what to do now."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token

log = logging.getLogger("waya.console")

# No vowels and nothing that reads like something else: these are told over the phone.
_LETTERS = "BCDFGHJKMNPQRSTVWXZ23456789"


@dataclass(frozen=True, slots=True)
class Fault:
    """What the page says; `number` finds the fault in the log."""

    title: str
    text: str
    number: str = ""
    tone: str = ""


GONE = Fault(
    "There is no such page.",
    "The address may have a slip in it, or what it showed has another number now.",
)
FORBIDDEN = Fault(
    "Your role may not see this.",
    "Nothing is wrong. Ask somebody whose role may, or ask the owner to change yours.",
)
UNREADABLE = Fault(
    "The browser sent something that cannot be read. Nothing was saved.",
    "Go back, load the page again and send it once more.",
)
STALE = Fault(
    "This page had been open too long. Nothing was saved.",
    "Go back: what you typed is still there. Load the page again and send it once more.",
)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return _page(request, UNREADABLE, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: the role may not."""
    return _page(request, FORBIDDEN, 403)


def gone(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return _page(request, GONE, 404)


@requires_csrf_token
def stale(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form's token does not fit, as after signing in anew in another tab."""
    log.info("csrf: %s at %s", reason, request.path)
    return _page(request, STALE, 403)


def broken(request: HttpRequest) -> HttpResponse:
    """500: our fault; the number is in the log beside the fault."""
    number = "-".join("".join(secrets.choice(_LETTERS) for _ in range(3)) for _ in range(2))
    log.error("fault %s at %s", number, request.path)
    fault = Fault(
        "Something broke on our side. Nothing was saved.",
        "Tell support this number, or try again.",
        number,
        "bad",
    )
    return _page(request, fault, 500)


def _page(request: HttpRequest, fault: Fault, status: int) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"code": str(status), "message": fault.title}, status=status)
    return render(request, "console/fault.html", {"fault": fault}, status=status)
