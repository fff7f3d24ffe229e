"""A caller's address is never what the caller says it is."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from waya.org.addresses import caller


@pytest.fixture(autouse=True)
def _one_proxy(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.1"]


def test_a_stranger_is_not_believed() -> None:
    meta = {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "10.1.1.1"}
    assert caller(meta) == "203.0.113.9"


def test_our_proxy_is_believed_about_the_last_step_only() -> None:
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.2.3.4, 203.0.113.9"}
    assert caller(meta) == "203.0.113.9"


def test_nonsense_is_no_address() -> None:
    assert caller({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "<script>"}) == "10.0.0.1"
    assert caller({"REMOTE_ADDR": ""}) is None
