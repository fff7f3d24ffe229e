"""Business time in a lab runs ahead of real time by a row; elsewhere it is real time.

The offset is read at the start of each request and job and kept for its length, so that
one piece of work sees one date. It only ever moves forward.
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import timedelta

from django.conf import settings
from django.core.signals import request_started
from django.db import connection

from waya.kernel import clock

_NONE = timedelta(0)
_offset: ContextVar[timedelta | None] = ContextVar("offset", default=None)


def install() -> None:
    """Follow the row, if this is a lab."""
    if settings.WAYA_LAB:
        clock.install(_current)
        request_started.connect(forget, dispatch_uid="lab_clock")


def forget(**_: object) -> None:
    """Read the row again at the next question: called at the start of a request or job."""
    _offset.set(None)


def _current() -> timedelta:
    offset = _offset.get()
    if offset is None:
        with connection.cursor() as cursor:
            cursor.execute("select ahead from org_labclock where id = 1")
            row = cursor.fetchone()
        offset = row[0] if row else _NONE
        _offset.set(offset)
    return offset
