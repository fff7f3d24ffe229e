"""What is too much for a night: a bill or a run that a person should see first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Night:
    """A night's billing in two figures: how many documents, and what they come to in minor
    units, taxes included."""

    documents: int
    total_minor: int


def beyond(
    tonight: Night, before: Night | None, *, few: int, percent: int, most_minor: int
) -> str | None:
    """Why a night's billing waits for a person, or None.

    `most_minor` bounds its total (0: no bound). Against the night a month before it may come
    to at most `percent` more (0: whatever), unless it is of no more than `few` documents. What
    is less than last month is nobody's harm: it is billed when its reason is mended.
    """
    if most_minor and tonight.total_minor > most_minor:
        return "total"
    if before is None or not percent or tonight.documents <= few or not before.total_minor:
        return None
    grown = (tonight.total_minor - before.total_minor) * 100
    return "change" if grown > before.total_minor * percent else None


# How a refusal of one bill writes itself down: a person may bill it all the same.
UNLIKE = ("bill_unlike", "bill_too_large", "bill_too_many_lines")


@dataclass(frozen=True, slots=True)
class OneBill:
    """What a subscription is billed, in minor units with taxes, and for how many days."""

    minor: int
    days: int


def unlike(now: OneBill, before: OneBill | None, *, percent: int, most_minor: int) -> str | None:
    """Why one bill waits for a person, or None: it comes to more than `most_minor` (`total`),
    or to more than `percent` above the one before (`change`). Zero is no bound.

    It is above it both as a sum and by the day: so neither a whole month after one that was
    prorated looks large, nor February's days after January's. What is less than before, or the
    first of all, is not held out.
    """
    if most_minor and now.minor > most_minor:
        return "total"
    if not percent or before is None or before.minor <= 0 or before.days <= 0 or now.days <= 0:
        return None
    allowed, above = before.minor * (100 + percent), now.minor * 100
    by_the_day = above * before.days > allowed * now.days
    return "change" if above > allowed and by_the_day else None
