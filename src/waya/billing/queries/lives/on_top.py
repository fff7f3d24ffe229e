"""What taking an add-on, or dropping it, comes to: the preview, and the change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from waya.billing.queries.lives.add_ons import Part, ahead_of, draft_part, lines_of
from waya.billing.queries.lives.outcomes import Change, Outcome
from waya.billing.rules.credits import Reason
from waya.billing.rules.drafts import DraftLine
from waya.billing.rules.engine.line import Line
from waya.billing.rules.lives import cycles
from waya.catalog.models import Plan
from waya.subscriptions.models import Subscription


class OnTop(Change):
    """A subscription that something is to go on top of, or off."""

    def __init__(self, row: Subscription, on: date, add_on: Plan) -> None:
        if row.state == Subscription.PENDING:  # looked at as if it began today
            row.billed_through, row.anchor_day = on, row.plan.calendar_day or on.day
        super().__init__(row, on, [add_on])
        self.terms = self.how.terms(self.currency, arrears=not self.prepaid)

    def nothing(self) -> Outcome:
        """Nothing comes of it: it is so already."""
        return Outcome(self.on, True, self.currency)

    def starts(self, when: str) -> date:
        """The day on which an add-on starts that is taken at once, or from the next term: never
        before what is paid for anew, if that has passed."""
        if self.prepaid and self.due.since <= self.on:
            return self.due.since
        return self.on if when == "at_once" else self.term_end()

    def taken(self, part: Part) -> Outcome:
        """What an add-on costs: up to where the subscription is paid, asked for now; or else of
        the period that it begins in, asked for or invoiced with it."""
        now = part.start <= self.on
        if self.prepaid and part.start < self.due.since:
            turns = cycles(self.life).cycle(part.start).start
            own = replace(self.life, since=part.start, cycle_on=turns)
            found = ahead_of(part, self.due, own, self.prices, self.terms, self.due.since)
            charges = self._drafted(part, found, part.start)
            return self._outcome([], charges=charges, closing=False)
        end = cycles(self.life).cycle(max(part.start, self.due.since)).end
        if self.prepaid:
            found = ahead_of(part, self.due, self.life, self.prices, self.terms, end)
        else:
            found = lines_of(part, self.due, self.life, self.prices, self.terms, end)
        charges = self._drafted(part, (one for one in found if one.period.start < end), end)
        outcome = self._outcome([], charges=charges, closing=False)
        return replace(outcome, on=max(part.start, self.on), now=now, asks=False)

    def dropped(self, part: Part, when: str) -> Outcome:
        """What is given back of an add-on that ends, and what of it is on the next bill."""
        end = max(part.start, self.on if when == "at_once" else self.term_end())
        part = replace(part, end=end)
        charges: tuple[DraftLine, ...] = ()
        if not self.prepaid:
            turn = cycles(self.life).cycle(end)
            until = end if turn.start == end else turn.end
            found = lines_of(part, self.due, self.life, self.prices, self.terms, until)
            charges = self._drafted(part, found, until)
        if when == "term_end" and end > self.on:
            outcome = self._outcome([], charges=charges, closing=False)
            return replace(outcome, on=end, now=False, asks=False)
        back = self.unused(Reason.CANCELLED, part.charged) if self.how.cancel_credit else []
        back += self.deposits(part.charged)
        outcome = self._outcome(back, charges=charges, closing=False)
        return replace(outcome, asks=False)

    def over(self, part: Part) -> Outcome:
        """What is given back of an add-on that has ended as planned: its deposit."""
        return self._outcome(self.deposits(part.charged), closing=False)

    def _drafted(self, part: Part, found: Iterable[Line], on: date) -> tuple[DraftLine, ...]:
        return tuple(
            draft_part(part, line, self.due, self.prices, on, {})
            for line in found
            if line.amount.minor >= 0 or line.kind == "discount"
        )
