"""A browser at the portal, a provider that takes every prompt, and the router's word."""

from __future__ import annotations

import html
import re

from django.db.models import F
from django.http import HttpResponse
from django.test import Client

from waya.kernel import clock
from waya.messaging.models import Message
from waya.network.models import DesiredAccess, Router, Session
from waya.payments.drivers import Prompt as Wish
from waya.payments.drivers import PromptSent, PromptState
from waya.subscriptions.models import Subscription


class Provider:
    """Takes every prompt and says nothing about them."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []

    def push(self, wish: Wish) -> PromptSent:
        """Sent."""
        self.wishes.append(wish)
        return PromptSent(f"ws_CO_{len(self.wishes)}", f"m-{len(self.wishes)}")

    def query(self, prompt_key: str) -> PromptState:
        """Never asked here."""
        raise AssertionError(prompt_key)


class Browser(Client):
    """Follows nothing by itself; pages are read as words."""

    def see(self, path: str, status: int = 200, **headers: str) -> str:
        """The words of a page that has this status."""
        return self.words(self.get(path, headers=headers), status)

    def send(self, path: str, status: int = 302, /, **typed: str) -> HttpResponse:
        """Send a form; the answer has this status."""
        answer: object = self.post(path, typed)
        assert isinstance(answer, HttpResponse)
        assert answer.status_code == status, words(answer)
        return answer

    @staticmethod
    def words(answer: object, status: int = 200) -> str:
        """What a person reads of an answer."""
        assert isinstance(answer, HttpResponse)
        assert answer.status_code == status, answer.content.decode()
        return words(answer)


def words(answer: HttpResponse) -> str:
    """The text of a page, in one line."""
    body = re.sub(r"<(script|style|noscript)\b.*?</\1>", " ", answer.content.decode(), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def signed_in(phone: str = "0700000418") -> Browser:
    """A browser whose owner read the code on that phone."""
    browser = Browser()
    browser.send("/my/sign-in", phone=phone)
    browser.send("/my/code", code=code_sent())
    return browser


def code_sent() -> str:
    """The six digits of the latest SMS."""
    found = re.search(r"\d{6}", Message.objects.filter(key="code").latest("pk").body)
    assert found
    return found[0]


def proven_on_router(row: Subscription) -> None:
    """The router was read back and agrees, as the reconciler writes it down."""
    now = clock.real_now()
    DesiredAccess.objects.filter(owner=row.public_id).update(confirmed_at=now)
    Router.objects.filter(pk=row.router_id).update(
        confirmed=F("wanted"), seen_at=now, polled_at=now
    )


def dialled_in(row: Subscription, address: str = "10.64.0.7") -> None:
    """The customer's router has a session, as a poll saw it."""
    now = clock.real_now()
    Session.objects.create(
        router_id=row.router_id, key="*1", name=row.username, address=address,
        caller_id="AA:BB:CC:00:00:01", began_at=now, seen_at=now,
    )  # fmt: skip
