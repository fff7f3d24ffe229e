"""Programs that hold a token of Baraka Net."""

from __future__ import annotations

from typing import Any

from django.test import Client

from waya.org.actors import SYSTEM
from waya.org.commands.people import create_token, seed_roles
from waya.org.models import Entity


class Program:
    """A caller with a bearer token; answers are parsed JSON."""

    def __init__(self, token: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, status: int = 200, /, **query: Any) -> Any:
        """Read; the answer must have this status."""
        answer = self.client.get(f"/api/v1{path}", query, headers=self.headers)
        assert answer.status_code == status, answer.content
        return answer.json()

    def post(self, path: str, body: Any, status: int = 200, key: str = "") -> Any:
        """Write; with `key` as its Idempotency-Key."""
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        answer = self.client.post(
            f"/api/v1{path}", body, content_type="application/json", headers=headers
        )
        assert answer.status_code == status, answer.content
        return answer.json()


def program(entity: Entity, role: str = "owner") -> Program:
    """A program with the role's permissions."""
    seed_roles(by=SYSTEM)
    return Program(create_token(entity=entity, role=role, name=f"{role} bot", by=SYSTEM))
