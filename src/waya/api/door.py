"""Who may come in, and what is said to those who may not: tokens, problems, one NinjaAPI."""

from __future__ import annotations

import json
import logging
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from ninja.security import HttpBearer

from waya.api.preview.fields import unknown
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.org.queries import actor_of_token
from waya.org.words import words

log = logging.getLogger("waya.api")

PROBLEM = "application/problem+json"
JSON = "application/json"


class Caller(HttpRequest):
    """A request that a token came with; `auth` is who it acts as."""

    auth: Actor


class Problem(Schema):
    """Why something was not done (RFC 9457); `code` is stable, `detail` is for a person."""

    title: str
    status: int
    code: str
    detail: str
    faults: list[dict[str, str]] = []


class Bearer(HttpBearer):
    """`Authorization: Bearer waya_…`; made by `waya token create`."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The actor that the token is; None is answered with 401."""
        return actor_of_token(token)


class Door(NinjaAPI):
    """The API, whose description tells the truth about problems' content type."""

    def get_openapi_schema(self, **options: Any) -> Any:
        """OpenAPI 3.1; whatever is 400 or above is a problem."""
        schema = super().get_openapi_schema(**options)
        for operations in schema["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    if int(status) >= 400 and JSON in answer.get("content", {}):
                        answer["content"][PROBLEM] = answer["content"].pop(JSON)
        return schema


api = Door(
    title="Waya",
    version="1",
    description="The API of one internet provider. Lists go on from `next`; POSTs take an "
    "`Idempotency-Key`, under which the same request is done once and answered the same.",
    docs_url=None,
    openapi_url="/openapi.json",
    auth=Bearer(),
    urls_namespace="api",
)

# What any operation may answer besides its own; spread into `response=`.
REFUSALS: dict[Any, Any] = {401: Problem, 403: Problem, 404: Problem, 422: Problem}
WRITES: dict[Any, Any] = {400: Problem, 409: Problem, **REFUSALS}


TITLES = {
    400: "Not readable",
    401: "No token, or one that is not known",
    403: "Not allowed",
    404: "Not here",
    405: "Not done to this",
    409: "In conflict",
    422: "Refused",
    500: "Our fault",
}


def problem(
    status: int, code: str, detail: str, *, faults: list[dict[str, str]] | None = None
) -> HttpResponse:
    """A refusal as a response."""
    told = {
        "title": TITLES.get(status, "Refused"),
        "status": status,
        "code": code,
        "detail": detail,
        "faults": faults or [],
    }
    return HttpResponse(json.dumps(told), status=status, content_type=PROBLEM)


def answered(told: dict[str, Any]) -> HttpResponse:
    """An answer as it is, for what is asked often: a test holds it to its description instead
    of this process checking each."""
    return HttpResponse(json.dumps(told, default=_written), content_type=JSON)


def _written(value: date) -> str:
    return value.isoformat()


def refused(refusal: Refused) -> HttpResponse:
    """The business said no: 403 when the role may not, 409 about a key, else 422."""
    status = {"not_allowed": 403, "key_of_another": 422, "key_in_work": 409}
    return problem(status.get(refusal.code, 422), refusal.code, words(refusal))


def entity_id(by: Actor) -> int:
    """The entity that a token acts in; every token has one."""
    if by.entity_id is None:
        raise Refused("not_allowed", permission="api.use")
    return by.entity_id


def country(by: Actor) -> str:
    """Where that entity is established."""
    rows = Entity.objects.filter(pk=entity_id(by)).values_list("country", flat=True)
    return rows.get()


def here(by: Actor) -> Entity:
    """The same, as its row."""
    return Entity.objects.get(pk=entity_id(by))


@api.exception_handler(Refused)
def _on_refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return refused(error)


@api.exception_handler(ValidationError)
def _on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    faults = [_fault(fault) for fault in error.errors]
    return problem(422, "invalid", "Some of what was sent does not fit.", faults=faults)


def _fault(error: dict[str, Any]) -> dict[str, str]:
    """Where a field is, and what it lacks; tags of a choice (`·plan`) are no part of its place."""
    where = [str(part) for part in error["loc"] if not str(part).startswith("·")]
    lost = error["type"] == "extra_forbidden"
    return {"where": ".".join(where), "what": unknown(where[-1]) if lost else str(error["msg"])}


@api.exception_handler(HttpError)
def _on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    code = {400: "unreadable", 401: "no_token"}.get(error.status_code, "refused")
    return problem(error.status_code, code, str(error))


@api.exception_handler(Http404)
def _on_missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, "missing", "There is nothing of yours at this address.")


@api.exception_handler(Exception)
def _on_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(500, "our_fault", "This went wrong on our side. Nothing was answered for.")
