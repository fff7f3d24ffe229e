"""What is known of a customer tonight: everything that a ladder decides by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from waya.billing.rules.ladder.values import Kind


@dataclass(frozen=True, slots=True)
class Debt:
    """Something open: an invoice, or a prepaid period that was not renewed in time.

    `key` is its identity, for which everything is done once at most. `owed_minor` is what is
    missing; a renewal that nobody was asked to pay yet owes nothing. One that is disputed
    does not count. A renewal concerns its subscription alone, an invoice all of them.
    """

    key: str
    kind: Kind
    due: date
    owed_minor: int
    number: str = ""
    invoice_id: int | None = None
    subscription_id: int | None = None
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class Over:
    """When hours that were paid for ended, and what the next ones cost, if they are asked for."""

    at: datetime
    owed_minor: int = 0


@dataclass(frozen=True, slots=True)
class Service:
    """A running subscription: its plan, how it stands now, and whether its router is away for
    so long that nobody on it is blamed. `over` says since when its paid hours are, if they are."""

    subscription_id: int
    router_id: int
    plan: str
    mode: str
    was: str
    out: bool = False
    over: Over | None = None


@dataclass(frozen=True, slots=True)
class Promised:
    """A promise to pay that has not run out: it holds through `until`. Where policy says so it
    brings back whoever is off; otherwise it only keeps off what would come next."""

    until: date
    restores: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """A customer tonight. `done` are the rungs that were climbed, each with its debt's key;
    `in_flight` says that money of theirs may be on its way."""

    customer_id: int
    since: date
    tags: frozenset[str] = frozenset()
    services: tuple[Service, ...] = ()
    debts: tuple[Debt, ...] = ()
    promise: Promised | None = None
    done: frozenset[tuple[str, str]] = frozenset()
    in_flight: bool = False
