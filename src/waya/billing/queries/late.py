"""What is owed after a period of what is paid before it: what was used, a minimum, what is charged
in arrears. Nothing is written.

The stretches that were had are read from the bills: the days that were charged in advance, less
those that were given back. So a period that was paid late, paused or changed is counted for the
days on which it was had, and no day twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from waya.billing.models import CreditNoteLine, InvoiceLine
from waya.billing.policy import BillingPolicy
from waya.billing.queries.lives.due import Due, billed, lives
from waya.billing.queries.lives.worked import Counts, draft_line
from waya.billing.queries.pricing import PriceList, worded
from waya.billing.rules.drafts import DraftLine
from waya.billing.rules.engine.book import gaps
from waya.billing.rules.engine.events import Usage
from waya.billing.rules.engine.line import Line
from waya.billing.rules.lives import Life, cycle_of, opening, told
from waya.catalog.models import Plan
from waya.catalog.queries import Version
from waya.catalog.rules.plans import Discount
from waya.catalog.rules.versions import is_metered
from waya.kernel.periods import Period
from waya.org.rows.among import among
from waya.subscriptions.models import Grant, Subscription

_ONCE = ("one_off", "deposit", "credit")


@dataclass(frozen=True, slots=True)
class Late:
    """What a subscription owes of the days up to `through`, by stretch; none where nothing was
    used. `since` is up to where it was billed before."""

    row: Due
    since: date | None
    through: date
    documents: tuple[tuple[DraftLine, ...], ...]


@dataclass(frozen=True, slots=True)
class _Had:
    """Days of a cycle that were charged in advance, and the promotions that made them cheaper."""

    days: Period
    cycle: Period
    codes: frozenset[str]


def metered(prices: PriceList) -> list[int]:
    """The plans that are paid before each period and owe something after it."""
    late = {one.plan_id for one in prices.versions.values() if is_metered(one.terms)}
    return [key for key in late if prices.plans[key].mode == Plan.PREPAID]


def over(rows: QuerySet[Subscription], plans: Sequence[int], on: date) -> QuerySet[Subscription]:
    """Those of some subscriptions that have a stretch which is over by a day and not counted."""
    days = InvoiceLine.objects.filter(subscription=OuterRef("pk"), deferred=True, end__lte=on)
    ended = Subquery(days.order_by("-end").values("end")[:1])
    fresh = Q(metered_through=None) | Q(metered_through__lt=F("ended"))
    return rows.filter(plan__in=plans).alias(ended=ended).filter(fresh, ended__isnull=False)


def late(
    rows: Sequence[Due], prices: PriceList, how: BillingPolicy, on: date, *, closes: bool = False
) -> list[Late]:
    """What each owes of the stretches that are over by a day; where that day `closes` it, also of
    the one that is cut off by it. Seven queries for any number of them."""
    if not rows:
        return []
    keys = [row.id for row in rows]
    before = dict(
        Subscription.objects.filter(pk__in=among(keys)).values_list("pk", "metered_through")
    )
    since = [replace(row, since=before[row.id] or _opens(row, prices)) for row in rows]
    known, counts, had = lives(since, prices), billed(since), _had(keys)
    clerk = _Clerk(prices, how, on, counts, _promoted(keys, had))
    found = []
    for row in since:
        stretches = [one for one in had.get(row.id, ()) if one.days.end > row.since]
        if closes:
            stretches = [_cut(one, on) for one in stretches if one.days.start < on]
        stretches = [one for one in stretches if one.days.end <= on]
        through = on if closes else max((one.days.end for one in stretches), default=None)
        if through is not None:
            documents = clerk.documents(row, known[row.id], stretches)
            found.append(Late(row, before[row.id], through, tuple(documents)))
    return found


def _opens(row: Due, prices: PriceList) -> date:
    """The first day that is charged of all: what is used in a trial is free."""
    return opening(prices.at(row.version_id, row.began).terms.phases, row.began)


def _cut(one: _Had, on: date) -> _Had:
    return replace(one, days=Period(one.days.start, min(one.days.end, on)))


def _had(keys: Sequence[int]) -> dict[int, list[_Had]]:
    """The stretches of each that were charged in advance and kept, in order of time."""
    rows = list(
        InvoiceLine.objects.filter(subscription_id__in=among(keys), deferred=True)
        .exclude(charge__startswith="add-on:")
        .order_by("start", "pk")
    )
    notes = CreditNoteLine.objects.filter(line__in=among([row.pk for row in rows]))
    back: dict[int, list[Period]] = {}
    for line_id, start, end in notes.values_list("line_id", "start", "end"):
        if start is not None and end is not None:
            back.setdefault(line_id, []).append(Period(start, end))
    codes: dict[tuple[int, Period], set[str]] = {}
    days: dict[tuple[int, Period], set[Period]] = {}
    for row in rows:
        if row.subscription_id is None or row.start is None or row.end is None:
            continue
        place = (row.subscription_id, cycle_of(row.why, Period(row.start, row.end)))
        if row.charge.startswith("discount:"):
            codes.setdefault(place, set()).add(row.charge.split(":")[1])
        else:
            kept = gaps(Period(row.start, row.end), back.get(row.pk, ()))
            days.setdefault(place, set()).update(kept)
    found: dict[int, list[_Had]] = {}
    for (key, cycle), parts in days.items():
        found.setdefault(key, []).extend(
            _Had(one, cycle, frozenset(codes.get((key, cycle), ()))) for one in _joined(parts)
        )
    return {key: sorted(each, key=lambda one: one.days.start) for key, each in found.items()}


def _joined(parts: Iterable[Period]) -> Iterator[Period]:
    """Overlapping days as one stretch; those that only meet stay apart, since something changed
    where they do."""
    reached: Period | None = None
    for one in sorted(parts, key=lambda part: (part.start, part.end)):
        if reached is not None and one.start < reached.end:
            reached = Period(reached.start, max(reached.end, one.end))
            continue
        if reached is not None:
            yield reached
        reached = one
    if reached is not None:
        yield reached


@dataclass(frozen=True, slots=True)
class _Clerk:
    """Writes the late lines of a day; `promoted` are the promotions of each, by code."""

    prices: PriceList
    how: BillingPolicy
    on: date
    counts: Counts
    promoted: Mapping[tuple[int, str], Discount]

    def documents(
        self, row: Due, life: Life, stretches: Sequence[_Had]
    ) -> Iterator[tuple[DraftLine, ...]]:
        """What each stretch owes; use on days between two, which nobody paid for, counts with
        the next."""
        currency = self.prices.versions[row.version_id].price.currency
        terms = self.how.terms(currency, arrears=False)
        left, counted = dict(life.granted), row.since
        for one in stretches:
            start, first = max(one.days.start, row.since), counted
            counted = one.days.end
            version = _version(row, self.prices, start)
            if not is_metered(version.terms):
                continue
            own = replace(
                life, plan=version.terms, since=start, cycle_on=one.cycle.start, next_plan=None,
                next_on=one.days.end, next_quantity=None, at_term=False,
                usage=tuple(_counted(life.usage, first, one.days.end, start)),
                granted=tuple(left.items()),
                discounts=tuple(self.promoted[row.id, code] for code in sorted(one.codes)),
            )  # fmt: skip
            lines = [line for line in told(own, terms, one.days.end) if _is_late(line)]
            for line in lines:
                if line.why.get("metric") in left:
                    left[line.why["metric"]] -= Fraction(line.why.get("granted", 0))
            drafts = tuple(self._drafts(row, version, lines))
            if drafts:
                yield drafts

    def _drafts(self, row: Due, version: Version, lines: Iterable[Line]) -> Iterator[DraftLine]:
        """Nothing is written of what was not used, unless it was granted: then that is used up."""
        plan = self.prices.plans[version.plan_id]
        for line in lines:
            known = (row.id, line.period.start, line.charge) in self.counts
            if not known and (line.amount or "granted" in line.why):
                yield draft_line(line, row, self.prices, self.on, worded(plan, line), 0)


def _counted(usage: Iterable[Usage], first: date, end: date, start: date) -> Iterator[Usage]:
    return (replace(one, on=max(one.on, start)) for one in usage if first <= one.on < end)


def _promoted(
    keys: Iterable[int], had: Mapping[int, Sequence[_Had]]
) -> dict[tuple[int, str], Discount]:
    """The promotions that made days cheaper, by subscription and code. No query without any."""
    codes = {code for stretches in had.values() for one in stretches for code in one.codes}
    if not codes:
        return {}
    rows = Grant.objects.filter(subscription_id__in=among(keys), promotion__code__in=codes)
    found = {}
    for row in rows.select_related("promotion"):
        if row.promotion is not None:
            one = row.promotion
            found[row.subscription_id, one.code] = Discount(
                one.code, Fraction(one.percent) / 100, Fraction(one.amount_minor),
                plans=tuple(one.plans),
            )  # fmt: skip
    return found


def _version(row: Due, prices: PriceList, start: date) -> Version:
    """What a stretch that begins on a day is charged by."""
    if row.next_version_id is not None and row.next_on is not None and row.next_on <= start:
        return prices.at(row.next_version_id, start)
    return prices.at(row.version_id, start)


def _is_late(line: Line) -> bool:
    return line.kind not in _ONCE and line.invoice_on >= line.period.end > line.period.start
