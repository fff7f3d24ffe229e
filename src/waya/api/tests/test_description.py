"""The API does what its own description says, for whatever a generator thinks of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from pytest_django import DjangoDbBlocker
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)

import waya.api.urls  # noqa: F401  # so that every resource is there
from waya.api.door import api
from waya.api.tests.make import program
from waya.billing.tests import make

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    ignored_auth,
]
EXAMPLES = 6
Operation = APIOperation[Any, Any, Any, Any]


def labels() -> list[str]:
    """Every operation, as its description will call it. Written down whole it takes seconds,
    and each worker asks for this list."""
    return sorted(
        f"{method} /api/v1{re.sub('{[a-z]+:', '{', path)}"
        for _, router in api._routers
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    )


@pytest.fixture(scope="module")
def described(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> dict[str, Operation]:
    """The operations that the description names. A request looks after the connection."""
    with django_db_blocker.unblock():
        schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
    return {operation.label: operation for operation in found}


def test_it_describes_every_resource(described: dict[str, Operation]) -> None:
    assert sorted(described) == labels()
    assert {operation.path.split("/")[3] for operation in described.values()} >= {
        "entity", "customers", "sites", "plans", "subscriptions", "invoices",
        "payments", "prompts", "routers", "access",
    }  # fmt: skip


@pytest.fixture
def one_connection(db: None) -> Iterator[None]:
    """Requests stay in the test's transaction, as they do with Django's own client."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("label", labels())
def test_every_operation_keeps_its_word(label: str, described: dict[str, Operation]) -> None:
    operation = described[label]
    entity = make.isp()
    make.joined(entity)
    headers = program(entity).headers

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def keeps(case: Case[Any]) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    keeps()
