"""The API does what its own description says, for whatever a generator thinks of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
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

SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]


def test_it_describes_every_resource() -> None:
    described = {operation.path.split("/")[3] for operation in OPERATIONS}
    assert described >= {"entity", "customers", "sites", "plans", "subscriptions", "invoices",
                         "payments", "prompts", "routers", "access"}  # fmt: skip


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
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_every_operation_keeps_its_word(operation: APIOperation[Any, Any, Any, Any]) -> None:
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
