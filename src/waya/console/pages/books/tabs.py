"""What the tabs of the books share: which days are asked for, and how a report is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from waya.console.pages.books.sheets import Sheet
from waya.console.pieces import Chip, address
from waya.console.staff import StaffRequest
from waya.kernel import clock
from waya.kernel.money import Money, decimals
from waya.ledger.policy import BooksPolicy
from waya.ledger.rules.statements import month_of, year_of
from waya.org.policy import chosen

TABS = (
    ("journal", "Journal"), ("accounts", "Accounts"), ("ledger", "Ledger"),
    ("profit", "Profit and loss"), ("balance", "Balance sheet"), ("ageing", "Ageing"),
    ("deferred", "Deferred revenue"), ("periods", "Periods"),
)  # fmt: skip

# A ledger has no first day; this one is before any.
EVER = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Shown:
    """A report: what its part of the page is given, and itself as a file."""

    context: Mapping[str, Any]
    sheet: Sheet | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The days asked for, and those that they are compared to."""

    since: date
    through: date
    before: tuple[date, date]
    chips: list[Chip] = field(default_factory=list)

    @property
    def words(self) -> str:
        """`1 Jun – 30 Jun 2027`."""
        return f"{self.since:%-d %b %Y} – {self.through:%-d %b %Y}"


def span(request: StaffRequest, *, default: str = "month") -> Span:
    """The days in the address: `since` and `through`, or else a usual stretch of days."""
    today = clock.today(request.entity.zone)
    year = year_of(today, chosen(BooksPolicy, request.entity.pk).year_begins_month)
    last_month = month_of(today.replace(day=1) - timedelta(days=1))
    last_year = year_of(year - timedelta(days=1), year.month)
    usual = {
        "month": ("This month", month_of(today)[0], today),
        "last month": ("Last month", *last_month),
        "year": ("This year", year, today),
        "last year": ("Last year", last_year, year - timedelta(days=1)),
    }
    _, since, through = usual[default]
    since = day_in(request, "since") or since
    through = max(day_in(request, "through") or through, since)
    chips = [
        Chip(words, address(request, since=first.isoformat(), through=last.isoformat()),
             on=(first, last) == (since, through), stays=True)
        for words, first, last in usual.values()
    ]  # fmt: skip
    return Span(since, through, _before(since, through), chips)


def _before(since: date, through: date) -> tuple[date, date]:
    """The days that some days are compared to: the month before whole months begun on their
    first day, else as many days."""
    if since.day == 1 and through <= month_of(since)[1]:
        first, last = month_of(since - timedelta(days=1))
        whole = through == month_of(since)[1]
        return first, last if whole else min(last, first + (through - since))
    days = through - since + timedelta(days=1)
    return since - days, since - timedelta(days=1)


def day_in(request: StaffRequest, name: str) -> date | None:
    """A date of the address; None where there is none that can be read."""
    try:
        return date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return None


def whole(amount: Money) -> int:
    """An amount in major units for a chart, without its cents."""
    size: int = abs(amount.minor) // 10 ** decimals(amount.currency)
    return -size if amount.minor < 0 else size


def months_through(last: date, many: int = 12) -> list[date]:
    """The first days of so many months up to a day's own, oldest first."""
    found = [last.replace(day=1)]
    while len(found) < many:
        found.insert(0, (found[0] - timedelta(days=1)).replace(day=1))
    return found


def account_address(
    code: str, since: date, through: date, currency: str = "", branch_id: int | None = None
) -> str:
    """The account's ledger over some days; of one currency or branch if said."""
    said = f"/books?tab=ledger&account={code}&since={since}&through={through}"
    said += f"&currency={currency}" if currency else ""
    return said + (f"&branch={branch_id}" if branch_id else "")
