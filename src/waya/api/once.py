"""`Idempotency-Key`: a POST that comes again with its key is answered as it was, and done once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from waya.api.door import JSON, PROBLEM, problem, refused
from waya.kernel.errors import Refused
from waya.org.actors import SYSTEM
from waya.org.commands.idempotency import Answer, claim, keep_answer, release

View = Callable[..., HttpResponse]

LONGEST_KEY = 120
# How the header stands in the description of each operation that honours it.
HEADER: dict[str, Any] = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY,
                       "pattern": "^[!-~]+$"},
            "description": "Chosen by you, once for each thing you want done; kept two days.",
        }
    ]
}  # fmt: skip


def once(view: View) -> View:
    """The key, the work and its answer are one transaction: all of it is there, or none."""

    @wraps(view)
    def answer(request: HttpRequest, **path: Any) -> HttpResponse:
        with transaction.atomic():
            given = _once(view, request, path)
            if given.status_code >= 400:
                transaction.set_rollback(True)
            return given

    return _if_keyed(view, answer)


def once_beyond(view: View) -> View:
    """The same for work that leaves this machine, during which no transaction may be open.

    The key is taken first. It is given back when the work was refused, and stays taken when
    nobody knows how it ended: then the same key is answered 409 and never done again.
    """

    @wraps(view)
    def answer(request: HttpRequest, **path: Any) -> HttpResponse:
        given = _once(view, request, path)
        if 400 <= given.status_code < 500 and given.status_code != 409:
            release(scope=_scope(request), key=_key(request), by=SYSTEM)
        return given

    return _if_keyed(view, answer)


def _if_keyed(view: View, keyed: View) -> View:
    @wraps(view)
    def answer(request: HttpRequest, **path: Any) -> HttpResponse:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(request, **path)
        if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
            return problem(422, "key_unusable", "An Idempotency-Key is 1 to 120 ASCII letters.")
        return keyed(request, **path)

    return answer


def _once(view: View, request: HttpRequest, path: dict[str, Any]) -> HttpResponse:
    scope, key = _scope(request), _key(request)
    try:
        known = claim(scope=scope, key=key, digest=_digest(request), by=SYSTEM)
    except Refused as refusal:
        return refused(refusal)
    if known is not None:
        content_type = PROBLEM if known.status >= 400 else JSON
        again = HttpResponse(known.body, status=known.status, content_type=content_type)
        again["Idempotent-Replay"] = "true"
        return again
    given = view(request, **path)
    if given.status_code < 400:
        kept = Answer(given.status_code, given.content.decode())
        keep_answer(scope=scope, key=key, answer=kept, by=SYSTEM)
    return given


def _scope(request: HttpRequest) -> str:
    """Keys belong to the token that they came with."""
    told = request.headers.get("Authorization", "")
    return "api:" + hashlib.sha256(told.encode()).hexdigest()


def _key(request: HttpRequest) -> str:
    return request.headers["Idempotency-Key"]


def _digest(request: HttpRequest) -> str:
    told = f"{request.method} {request.path}\n".encode() + request.body
    return hashlib.sha256(told).hexdigest()
