"""The pieces that pages are made of, as values: what each template in `pieces/` is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.forms import Form
from django.http import HttpRequest
from django.utils.safestring import SafeString

from waya.kernel.money import Money
from waya.reports.documents.whys import Reason


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter: the address with it changed."""

    words: str
    url: str
    on: bool = False
    count: int | None = None
    icon: str = ""
    tone: str = ""
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Find:
    """A search in the list; `keep` is the rest of the address."""

    value: str
    words: str
    name: str = "q"
    keep: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure, what it is compared to in words, and the rows behind it."""

    label: str
    figure: str | SafeString
    url: str
    note: str
    unit: str = ""
    tone: str = ""
    spark: Sequence[int] | None = None
    kind: str = ""
    tally: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line behind a fact: when or which, and what, with its evidence."""

    when: str | date | datetime | SafeString
    text: str | SafeString
    url: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """The lines behind a fact; `word` is "Why?" or "How?"."""

    lines: Sequence[Line]
    word: str = "Why?"
    open: bool = False
    send: str = ""


def why_of(found: Iterable[Reason]) -> Why:
    """Why a line of a document is as much as it is."""
    return Why([Line(one.label, one.text) for one in found])


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a timeline."""

    at: datetime
    icon: str
    tone: str
    lead: str
    text: str | SafeString
    by: str = ""
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know at once, and where to go with it."""

    title: str
    text: str | SafeString = ""
    tone: str = ""
    icon: str = ""
    url: str = ""
    verb: str = ""


@dataclass(frozen=True, slots=True)
class Then:
    """One consequence of a decision."""

    icon: str
    text: str | SafeString


@dataclass(frozen=True, slots=True)
class Sum:
    """One line of the money of a decision."""

    words: str
    amount: Money
    note: str = ""
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Confirm:
    """A decision with every consequence in sight."""

    title: str
    text: str
    action: str
    verb: str
    back: str
    form: Form | None = None
    money: Sequence[Sum] = ()
    money_words: str = "Money"
    total: Money | None = None
    total_words: str = ""
    total_note: str = ""
    after: str = ""
    then: Sequence[Then] = ()
    keep: str = "Leave it"
    harm: bool = False
    refusal: str = ""
    hidden: Mapping[str, str] = field(default_factory=dict)
    choices: Sequence[Any] = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of a record."""

    name: str
    words: str
    count: int | None = None
    hot: bool = False


def address(request: HttpRequest, **changes: str) -> str:
    """This page's address with some of its query changed; paging starts again."""
    query = {name: value for name, value in request.GET.items() if name != "from"}
    query |= changes
    kept = {name: str(value) for name, value in query.items() if value}
    return f"{request.path}?{urlencode(kept)}" if kept else request.path


def earlier(request: HttpRequest, next_key: str) -> str | None:
    """The address of the rows after these; None when these are the last."""
    return address(request, **{"from": next_key}) if next_key else None


def newest(request: HttpRequest) -> str | None:
    """The way back to the first rows, from further down."""
    return address(request) if request.GET.get("from") else None
