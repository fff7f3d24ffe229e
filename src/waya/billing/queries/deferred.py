"""What was billed in advance, what of it is earned, and what is still owed as service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import BigIntegerField, F, Q, Sum

from waya.billing.models import Deferral, Recognition
from waya.billing.policy import RecognitionPolicy
from waya.billing.rules.recognition import Stream, earned
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.ledger.queries.balances import movements
from waya.org.policy import chosen

_NET = Sum(F("net_minor") * F("lines"), output_field=BigIntegerField(), default=0)
_STREAM = ("branch_id", "revenue", "currency")


@dataclass(frozen=True, slots=True)
class RollForward:
    """Deferred revenue over some days, as a liability above zero.

    `opening + billed - credited - recognised + adjusted` is `closing`.
    """

    revenue: str
    opening: Money
    billed: Money
    credited: Money
    recognised: Money
    adjusted: Money
    closing: Money


def earned_through(entity_id: int, through: date) -> dict[Stream, int]:
    """What is earned by the end of a day of all that was billed in advance until then, in
    minor units by branch, revenue and currency. Two queries and the policy's: what has passed
    is summed by the database; of what is running, the lines alike are worked out once."""
    spread = chosen(RecognitionPolicy, entity_id).spread
    billed = Deferral.objects.filter(entity_id=entity_id, on__lte=through)
    passed = Q(end__lte=through + timedelta(days=1))
    sums: dict[Stream, int] = {
        (branch_id, revenue, currency): net
        for branch_id, revenue, currency, net in billed.filter(passed)
        .values(*_STREAM)
        .annotate(net=_NET)
        .values_list(*_STREAM, "net")
    }
    running = (
        billed.filter(~passed, start__lte=through)
        .values(*_STREAM, "start", "end", "net_minor")
        .annotate(many=Sum("lines"))
        .values_list(*_STREAM, "start", "end", "net_minor", "many")
    )
    for branch_id, revenue, currency, start, end, net, many in running.iterator(chunk_size=10_000):
        key = (branch_id, revenue, currency)
        sums[key] = sums.get(key, 0) + earned(net, Period(start, end), through, spread) * many
    return sums


def unrecognised(entity_id: int, through: date) -> dict[Stream, int]:
    """What is earned by the end of a day and not recognised yet, by branch, revenue and
    currency; what is recognised too much is below zero, and nothing of it is left out but
    nothing."""
    left = earned_through(entity_id, through)
    before = (
        Recognition.objects.filter(entity_id=entity_id)
        .values(*_STREAM)
        .annotate(minor=Sum("amount_minor"))
        .values_list(*_STREAM, "minor")
    )
    for branch_id, revenue, currency, minor in before:
        key = (branch_id, revenue, currency)
        left[key] = left.get(key, 0) - minor
    return {key: minor for key, minor in left.items() if minor}


def roll_forward(entity_id: int, *, since: date, through: date) -> list[RollForward]:
    """Deferred revenue from `since` through `through`: a row for each revenue and currency, and
    after those of a currency one row `deferred`, which is the books' account itself.

    Rows of a revenue are what documents say. What the account holds beyond them (an entry by
    hand, a document of a closed period) is its own `adjusted`, so that it closes exactly.
    Five queries.
    """
    before, within = Q(on__lt=since), Q(on__gte=since, on__lte=through)
    billed = (
        Deferral.objects.filter(entity_id=entity_id, on__lte=through)
        .values("revenue", "currency")
        .annotate(
            before=Sum(F("net_minor") * F("lines"), filter=before, default=0),
            billed=Sum(F("net_minor") * F("lines"), filter=within & Q(net_minor__gt=0), default=0),
            credited=Sum(
                F("net_minor") * F("lines"), filter=within & Q(net_minor__lt=0), default=0
            ),
        )
        .order_by("currency", "revenue")
    )
    earlier = _recognised(entity_id, Q(through__lt=since))
    during = _recognised(entity_id, Q(through__gte=since, through__lte=through))
    rows = [
        _row(row["revenue"], row["currency"], row["before"] - earlier.get(key, 0), row["billed"],
             -row["credited"], during.get(key, 0))
        for row in billed
        for key in [(row["revenue"], row["currency"])]
    ]  # fmt: skip
    return rows + _of_the_books(entity_id, since, through, rows)


def _row(
    revenue: str, currency: str, opening: int, billed: int, credited: int, recognised: int
) -> RollForward:
    closing = opening + billed - credited - recognised
    amounts = (opening, billed, credited, recognised, 0, closing)
    return RollForward(revenue, *(Money(minor, currency) for minor in amounts))


def _of_the_books(
    entity_id: int, since: date, through: date, rows: list[RollForward]
) -> list[RollForward]:
    found = []
    for account in movements(entity_id, since=since, through=through):
        if account.purpose != "deferred":
            continue
        currency = account.opening.currency
        own = [row for row in rows if row.opening.currency == currency]
        billed, credited, recognised = (
            Money(sum(getattr(row, name).minor for row in own), currency)
            for name in ("billed", "credited", "recognised")
        )
        opening, closing = -account.opening, -account.closing
        adjusted = closing - opening - billed + credited + recognised
        found.append(
            RollForward("deferred", opening, billed, credited, recognised, adjusted, closing)
        )
    return found


def _recognised(entity_id: int, when: Q) -> dict[tuple[str, str], int]:
    rows = (
        Recognition.objects.filter(when, entity_id=entity_id)
        .values("revenue", "currency")
        .annotate(minor=Sum("amount_minor"))
    )
    return {(row["revenue"], row["currency"]): row["minor"] for row in rows}
