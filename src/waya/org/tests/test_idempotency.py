"""Asking twice with one key does once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.actors import SYSTEM
from waya.org.commands.idempotency import Answer, claim, keep_answer, release
from waya.org.models import IdempotentAnswer

pytestmark = pytest.mark.django_db


def test_the_second_time_gives_the_first_answer() -> None:
    assert claim(scope="a", key="k", digest="d", by=SYSTEM) is None
    keep_answer(scope="a", key="k", answer=Answer(201, "{}"), by=SYSTEM)
    assert claim(scope="a", key="k", digest="d", by=SYSTEM) == Answer(201, "{}")
    assert claim(scope="another caller", key="k", digest="d", by=SYSTEM) is None


def test_other_content_under_the_same_key_is_refused() -> None:
    claim(scope="a", key="k", digest="d", by=SYSTEM)
    with pytest.raises(Refused, match="key_of_another"):
        claim(scope="a", key="k", digest="e", by=SYSTEM)


def test_unanswered_is_never_done_again_until_it_is_given_back() -> None:
    claim(scope="a", key="k", digest="d", by=SYSTEM)
    with pytest.raises(Refused, match="key_in_work"):
        claim(scope="a", key="k", digest="d", by=SYSTEM)
    release(scope="a", key="k", by=SYSTEM)
    assert claim(scope="a", key="k", digest="d", by=SYSTEM) is None


def test_old_keys_are_forgotten() -> None:
    claim(scope="a", key="old", digest="d", by=SYSTEM)
    IdempotentAnswer.objects.update(made_at=clock.real_now() - timedelta(days=3))
    claim(scope="a", key="new", digest="d", by=SYSTEM)
    assert list(IdempotentAnswer.objects.values_list("key", flat=True)) == ["new"]
