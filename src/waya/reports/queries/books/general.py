"""The general ledger with the names of parties, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from waya.kernel.money import Money
from waya.ledger.models import Account
from waya.ledger.queries.general import After, Booked, all_booked, booked
from waya.parties.models import Customer
from waya.reports.queries.paging import ROWS, Page, cut

_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the account, whose it is, and what the account held after it."""

    line: Booked
    party: str


@dataclass(frozen=True, slots=True)
class Opened:
    """An account over some days, in one currency; of one branch, or of all."""

    account: Account
    currency: str
    since: date
    through: date
    branch_id: int | None = None


def account_of(entity_id: int, code: str) -> Account | None:
    """An account of the chart by its code; None for one that the company does not have."""
    return Account.objects.filter(entity_id=entity_id, code=code).first()


def page_of(opened: Opened, key: str = "") -> Page[Line]:
    """Lines oldest first, with what the account held after each. At most five queries."""
    found = booked(
        opened.account, opened.currency, since=opened.since, through=opened.through,
        branch_id=opened.branch_id, after=_after(key), limit=ROWS + 1,
    )  # fmt: skip
    return cut(_named(found), lambda row: _key(row.line))


def lines_of(opened: Opened) -> Iterator[Line]:
    """Every line, a part at a time."""
    found = all_booked(
        opened.account, opened.currency, since=opened.since, through=opened.through,
        branch_id=opened.branch_id,
    )  # fmt: skip
    while part := list(islice(found, _AT_ONCE)):
        yield from _named(part)


def opening(opened: Opened, first: Line | None, closing: Money) -> Money:
    """What the account held before a line; what it holds at the end where there is none."""
    return closing if first is None else first.line.running - first.line.amount


def _after(key: str) -> After | None:
    """Where a page goes on from; None, the beginning, for a strange key."""
    try:
        day, entry_id, sequence = key.split("~")
        return After(date.fromisoformat(day), int(entry_id), int(sequence))
    except ValueError:
        return None


def _key(line: Booked) -> str:
    return f"{line.on.isoformat()}~{line.entry_id}~{line.sequence}"


def _named(lines: Iterable[Booked]) -> list[Line]:
    known = list(lines)
    parties = Customer.objects.in_bulk({one.party_id for one in known if one.party_id})
    return [
        Line(one, parties[one.party_id].name if one.party_id in parties else "") for one in known
    ]
